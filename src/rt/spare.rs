//! Address space that nobody uses for now: asking the system for it, and giving it back, takes
//! longer than all the rest of an instance.
//!
//! A spare one is all zeros, as new ones are; few are kept, and of each few bytes.
#![allow(unsafe_code)]

use crate::sync::Lock;
use crate::tuning;
use alloc::vec::Vec;
use core::ptr;

/// Spare ones of a kind.
pub struct Spares<T>(Lock<Vec<T>>);
impl<T> Spares<T> {
    /// None.
    pub const fn new() -> Spares<T> {
        Spares(Lock::new(Vec::new()))
    }
    /// One that fits.
    pub fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut all = self.0.lock();
        let at = all.iter().rposition(fits)?;
        Some(all.swap_remove(at))
    }
    /// Keeps one; gives back one that is too much: the oldest, so that what nobody wants any more
    /// does not stay for ever.
    pub fn keep(&self, spare: T) -> Option<T> {
        let mut all = self.0.lock();
        let oldest = (all.len() >= tuning::SPARES).then(|| all.remove(0));
        all.push(spare);
        oldest
    }
}

/// Makes bytes zero and gives all but the first `kept` back to the system; false if there is no
/// way to do so.
///
/// # Safety
/// They are accessible, private anonymous pages of our own (R2, R4), that nobody uses any more; the
/// first `kept` end at a page's end.
pub unsafe fn wipe(start: *mut u8, len: usize, kept: usize) -> bool {
    // SAFETY: R2, R4: promised by the caller.
    unsafe {
        ptr::write_bytes(start, 0, len.min(kept));
        if len <= kept {
            return true;
        }
        // Elsewhere that does not promise zeros.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return libc::madvise(start.add(kept).cast(), len - kept, libc::MADV_DONTNEED) == 0;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        return false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_and_the_oldest_goes() {
        let spares = Spares::new();
        for n in 0..tuning::SPARES {
            assert_eq!(spares.keep(n), None);
        }
        assert_eq!(spares.keep(100), Some(0));
        assert_eq!((spares.take(|&n| n == 0), spares.take(|&n| n == 100)), (None, Some(100)));
        // There is room again.
        assert_eq!(spares.keep(101), None);
    }
}
