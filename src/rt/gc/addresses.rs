//! A set of addresses that is asked often: an open hash table.

use alloc::vec::Vec;

/// A set of addresses other than 0.
#[derive(Debug, Default)]
pub struct AddressSet {
    /// A power of two; at most half are used.
    slots: Vec<usize>,
    len: usize,
}
impl AddressSet {
    /// Makes room for one more; `None` if there is no memory.
    pub fn reserve(&mut self) -> Option<()> {
        if (self.len + 1) * 2 <= self.slots.len() {
            return Some(());
        }
        let size = (self.slots.len() * 2).max(16);
        let mut slots = Vec::new();
        slots.try_reserve_exact(size).ok()?;
        slots.resize(size, 0);
        let old = core::mem::replace(&mut self.slots, slots);
        for address in old.into_iter().filter(|&address| address != 0) {
            self.put(address);
        }
        Some(())
    }
    /// Adds an address, for which [`AddressSet::reserve`] has made room.
    pub fn insert(&mut self, address: usize) {
        self.put(address);
        self.len += 1;
    }
    fn put(&mut self, address: usize) {
        let mask = self.slots.len() - 1;
        let mut at = hash(address) & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = address;
    }
    /// The address itself, if it is in the set.
    #[inline]
    pub fn find(&self, address: usize) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash(address) & mask;
        loop {
            match self.slots[at] {
                0 => return None,
                found if found == address => return Some(found),
                _ => at = (at + 1) & mask,
            }
        }
    }
    /// Removes all.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.len = 0;
    }
}

fn hash(address: usize) -> usize {
    let mixed = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_there() {
        let mut set = AddressSet::default();
        assert_eq!(set.find(8), None);
        for i in 1..5_000 {
            set.reserve().unwrap();
            set.insert(i << 18);
        }
        for i in 1..5_000 {
            assert_eq!(set.find(i << 18), Some(i << 18));
            assert_eq!(set.find((i << 18) + 8), None);
        }
        set.clear();
        assert_eq!(set.find(1 << 18), None);
    }
}
