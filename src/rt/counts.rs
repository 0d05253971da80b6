//! What was executed, in a counting build: every pair of neighbours, and how often.

use alloc::vec::Vec;
use core::cell::RefCell;
use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

/// How often instructions were executed, by their addresses.
#[derive(Default)]
pub struct Counts(RefCell<Seen>);

#[derive(Default)]
struct Seen {
    /// The instruction before, or 0.
    last: usize,
    pairs: HashMap<(usize, usize), u64, BuildHasherDefault<Mix>>,
}

impl Counts {
    /// An instruction is executed.
    // Not inlined: its caller goes on by a sibling call, for which nothing may be left to drop.
    #[inline(never)]
    pub fn count(&self, ip: usize) {
        let seen = &mut *self.0.borrow_mut();
        *seen.pairs.entry((seen.last, ip)).or_default() += 1;
        seen.last = ip;
    }
    /// Instructions, those executed next, and how often that was; what was executed first comes
    /// after 0. Needs the store for itself: not for several threads.
    pub fn pairs(&mut self) -> Vec<((usize, usize), u64)> {
        self.0.get_mut().pairs.iter().map(|(&pair, &count)| (pair, count)).collect()
    }
}

/// Addresses are spread well enough by multiplications.
#[derive(Default)]
struct Mix(u64);
impl Hasher for Mix {
    fn finish(&self) -> u64 {
        // The table takes bits from both ends.
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(byte.into());
        }
    }
    fn write_usize(&mut self, value: usize) {
        self.0 = (self.0.rotate_left(5) ^ value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
