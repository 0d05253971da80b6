//! What the embedder holds: numbers of entries that keep objects alive.
//!
//! Entries are of two kinds. *Scoped* ones are made whenever a reference crosses to the host; they
//! go, last first, at the end of the host call or scope that they were made in. *Kept* ones stay
//! until they are released. Every entry has a serial number of its own, so that the handle of an
//! entry that is gone is noticed.

use alloc::vec::Vec;
use core::num::NonZeroU32;

/// Names an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RootId {
    /// Never the number of another entry, not even later.
    serial: u64,
    /// The place of the entry, plus one; [`KEPT`] is set if it is a kept one.
    place: NonZeroU32,
}
const KEPT: u32 = 1 << 31;
/// In place of an entry: the serial number is the reference itself, which leads to no object.
const IMMEDIATE: NonZeroU32 = NonZeroU32::MAX;

impl RootId {
    /// A reference that needs no entry: i31s and values of the host.
    pub fn immediate(bits: u64) -> RootId {
        RootId { serial: bits, place: IMMEDIATE }
    }
    /// The reference, if it needs no entry.
    pub fn as_immediate(self) -> Option<u64> {
        (self.place == IMMEDIATE).then_some(self.serial)
    }
    fn index(self) -> usize {
        (self.place.get() & !KEPT) as usize - 1
    }
    fn is_kept(self) -> bool {
        self.place.get() & KEPT != 0
    }
}

#[derive(Clone, Copy, Debug)]
struct Root {
    bits: u64,
    serial: u64,
}

/// The entries of a store.
#[derive(Debug, Default)]
pub struct Roots {
    scoped: Vec<Root>,
    kept: Vec<Root>,
    /// Places of `kept` that are free.
    free: Vec<u32>,
    serial: u64,
}
impl Roots {
    fn root(&mut self, bits: u64) -> Root {
        self.serial += 1;
        Root { bits, serial: self.serial }
    }
    /// An entry of the current scope.
    pub fn add(&mut self, bits: u64) -> RootId {
        let root = self.root(bits);
        self.scoped.push(root);
        id(root, self.scoped.len() as u32)
    }
    /// An entry that stays until it is released.
    pub fn keep(&mut self, bits: u64) -> RootId {
        let root = self.root(bits);
        let index = match self.free.pop() {
            Some(index) => {
                self.kept[index as usize] = root;
                index
            }
            None => {
                self.kept.push(root);
                self.kept.len() as u32 - 1
            }
        };
        id(root, (index + 1) | KEPT)
    }
    /// The reference of an entry; `None` if it is gone.
    pub fn get(&self, id: RootId) -> Option<u64> {
        if let Some(bits) = id.as_immediate() {
            return Some(bits);
        }
        let list = if id.is_kept() { &self.kept } else { &self.scoped };
        let root = list.get(id.index()).filter(|root| root.serial == id.serial)?;
        Some(root.bits)
    }
    /// Ends a kept entry; false if it is none, or gone.
    pub fn release(&mut self, id: RootId) -> bool {
        let is_there = id.as_immediate().is_none() && id.is_kept() && self.get(id).is_some();
        if is_there {
            self.kept[id.index()] = Root { bits: 0, serial: 0 };
            self.free.push(id.index() as u32);
        }
        is_there
    }
    /// Where a scope begins.
    pub fn scope(&self) -> usize {
        self.scoped.len()
    }
    /// Ends a scope.
    pub fn end_scope(&mut self, scope: usize) {
        self.scoped.truncate(scope);
    }
    /// All references.
    pub fn all(&self) -> impl Iterator<Item = u64> + '_ {
        self.scoped.iter().chain(&self.kept).map(|root| root.bits)
    }
}

fn id(root: Root, place: u32) -> RootId {
    // There are fewer entries than that would take memory for.
    RootId { serial: root.serial, place: NonZeroU32::new(place).unwrap_or(NonZeroU32::MIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_entries_are_noticed() {
        let mut roots = Roots::default();
        let scope = roots.scope();
        let a = roots.add(8);
        let kept = roots.keep(16);
        assert_eq!((roots.get(a), roots.get(kept)), (Some(8), Some(16)));
        roots.end_scope(scope);
        let b = roots.add(24);
        assert_eq!((roots.get(a), roots.get(b), roots.get(kept)), (None, Some(24), Some(16)));
        assert!(!roots.release(b) && roots.release(kept) && !roots.release(kept));
        let again = roots.keep(32);
        assert_eq!((roots.get(kept), roots.get(again)), (None, Some(32)));
        assert_eq!(roots.all().collect::<Vec<_>>(), [24, 32]);
        let i31 = RootId::immediate(7);
        assert_eq!((roots.get(i31), roots.release(i31)), (Some(7), false));
    }
}
