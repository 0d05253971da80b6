//! Memories in reserved address space: growing makes more of it accessible and moves nothing.
//!
//! [inaccessible rest of the head's pages | head | bytes, accessible | inaccessible rest]
#![allow(unsafe_code)]

use crate::rt::layout::MemoryHead;
use core::ptr::{self, NonNull};

/// Address space reserved for a memory of 64-bit addresses; it moves if it grows beyond.
const RESERVED_64_BYTES: u64 = 64 << 30;
/// What a memory of 32-bit addresses can ever have.
const ADDRESSABLE_32_BYTES: u64 = 1 << 32;
/// What an address of 32 bits, an offset of 32 bits and an access of up to 64 KiB can reach.
const GUARDED_BYTES: u64 = 2 * ADDRESSABLE_32_BYTES + (64 << 10);
/// Without guard pages, accessible bytes are made in multiples of this: fewer system calls.
const COMMIT_STEP_BYTES: u64 = 1 << 20;
/// No reservation may be larger.
const MAX_RESERVED_BYTES: u64 = 1 << 46;

/// Where a system counts what may be written once it can be, it is asked not to.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const FLAGS: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
const FLAGS: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANON;

/// Reserved address space, from one page before the base.
pub(super) struct Region {
    start: NonNull<u8>,
    reserved_bytes: usize,
    /// Between the start and the base: a whole number of pages.
    head_bytes: usize,
    /// Accessible bytes from the start.
    accessible_bytes: usize,
    guard: bool,
}
impl Region {
    /// Zeroed room for `min` bytes that becomes up to `max` in place, if there is as much address
    /// space; else less.
    pub(super) fn new(min: u64, max: u64, guard: bool) -> Option<Region> {
        let wanted = if guard {
            GUARDED_BYTES
        } else if max <= ADDRESSABLE_32_BYTES {
            max
        } else {
            max.min(min.max(RESERVED_64_BYTES))
        };
        let mut wanted = wanted.max(min);
        loop {
            if wanted <= MAX_RESERVED_BYTES
                && let Some(mut region) = Region::reserve(wanted as usize, guard)
            {
                return region.commit(min).then_some(region);
            }
            // Less than the guard needs is no guard.
            if guard || wanted <= min {
                return None;
            }
            wanted = (wanted / 4).max(min);
        }
    }
    fn reserve(bytes: usize, guard: bool) -> Option<Region> {
        let page = page_bytes();
        let head_bytes = size_of::<MemoryHead>().next_multiple_of(page);
        let reserved_bytes = bytes.checked_next_multiple_of(page)?.checked_add(head_bytes)?;
        // SAFETY: R2: a new mapping at an address of the system's choice.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), reserved_bytes, libc::PROT_NONE, FLAGS, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = NonNull::new(start.cast::<u8>())?;
        Some(Region { start, reserved_bytes, head_bytes, accessible_bytes: 0, guard })
    }
    /// Makes bytes of the region accessible.
    fn allow(&self, at: usize, len: usize) -> bool {
        debug_assert!(at + len <= self.reserved_bytes, "R2");
        // SAFETY: R2: whole pages of our own mapping.
        let done = unsafe {
            let start = self.start.as_ptr().add(at);
            libc::mprotect(start.cast(), len, libc::PROT_READ | libc::PROT_WRITE)
        };
        done == 0
    }
    /// The first byte above the head.
    pub(super) fn base(&self) -> *mut u8 {
        // SAFETY: R2: within the mapping.
        unsafe { self.start.as_ptr().add(self.head_bytes) }
    }
    /// Makes the head and at least `len` bytes from the base accessible; false if they are not reserved, or the
    /// system has not that much.
    pub(super) fn commit(&mut self, len: u64) -> bool {
        let room = self.reserved_bytes - self.head_bytes;
        let Ok(len) = usize::try_from(len) else { return false };
        if len > room {
            return false;
        }
        if self.head_bytes + len <= self.accessible_bytes {
            return true;
        }
        let step = if self.guard { page_bytes() } else { COMMIT_STEP_BYTES as usize };
        let target = self.head_bytes + len.next_multiple_of(step).min(room);
        if !self.allow(self.accessible_bytes, target - self.accessible_bytes) {
            return false;
        }
        self.accessible_bytes = target;
        true
    }
}
impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: R2: our own mapping, as it was made.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.reserved_bytes) };
    }
}

/// The system's page size.
fn page_bytes() -> usize {
    // SAFETY: R2: no condition.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(64 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserves_less_when_there_is_less() {
        // More than any address space has: not all of it can be had, but something.
        let mut region = Region::new(1, 1 << 60, false).expect("some memory");
        assert!(region.commit(1 << 20));
        assert!(!region.commit(1 << 50));
    }
    #[test]
    fn a_guarded_memory_reserves_all_that_can_be_reached() {
        let region = Region::new(0, 0, true).expect("address space");
        assert!(region.reserved_bytes as u64 >= GUARDED_BYTES);
        assert_eq!(region.accessible_bytes, region.head_bytes);
    }
    #[test]
    fn nothing_can_be_a_memory_too() {
        assert!(Region::new(0, 0, false).is_some());
    }
}
