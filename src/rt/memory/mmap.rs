//! Memories in reserved address space: growing makes more of it accessible and moves nothing.
//!
//! [inaccessible rest of the head's pages | head | bytes, accessible | inaccessible rest]
#![allow(unsafe_code)]

use crate::rt::layout::MemoryHead;
use crate::rt::spare::{self, Spares};
use crate::tuning;
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
pub(super) struct Region(Mapping);

/// What a region has; whoever has it last unmaps it.
#[derive(Clone, Copy)]
struct Mapping {
    start: NonNull<u8>,
    reserved_bytes: usize,
    /// Between the start and the base: a whole number of pages.
    head_bytes: usize,
    /// Accessible bytes from the start.
    accessible_bytes: usize,
    /// Bytes from the base that somebody was promised; nothing else but the head was written.
    promised_bytes: usize,
    guard: bool,
}
// SAFETY: R2: memory, which belongs to no thread.
unsafe impl Send for Mapping {}

/// Mappings that are all zeros, but for what is accessible like new ones.
static SPARES: Spares<Mapping> = Spares::new();
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
                && let Some(mut region) = Region::reserve(wanted as usize, min, guard)
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
    fn reserve(bytes: usize, min: u64, guard: bool) -> Option<Region> {
        let page = page_bytes();
        let head_bytes = size_of::<MemoryHead>().next_multiple_of(page);
        let reserved_bytes = bytes.checked_next_multiple_of(page)?.checked_add(head_bytes)?;
        // Behind what a guarded memory has nothing is accessible.
        let most = if guard { min.next_multiple_of(page as u64) } else { u64::MAX };
        let fits = |spare: &Mapping| {
            let accessible = spare.accessible_bytes.saturating_sub(spare.head_bytes) as u64;
            spare.reserved_bytes == reserved_bytes && accessible <= most
        };
        if let Some(mut mapping) = SPARES.take(fits) {
            mapping.guard = guard;
            return Some(Region(mapping));
        }
        // SAFETY: R2: a new mapping at an address of the system's choice.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), reserved_bytes, libc::PROT_NONE, FLAGS, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = NonNull::new(start.cast::<u8>())?;
        Some(Region(Mapping {
            start,
            reserved_bytes,
            head_bytes,
            accessible_bytes: 0,
            promised_bytes: 0,
            guard,
        }))
    }
    /// Makes bytes of the region accessible.
    fn allow(&self, at: usize, len: usize) -> bool {
        debug_assert!(at + len <= self.0.reserved_bytes, "R2");
        // SAFETY: R2: whole pages of our own mapping.
        let done = unsafe {
            let start = self.0.start.as_ptr().add(at);
            libc::mprotect(start.cast(), len, libc::PROT_READ | libc::PROT_WRITE)
        };
        done == 0
    }
    /// Advises the system to use huge pages for what is accessible from `at` on.
    fn use_huge_pages(&self, at: usize) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: R2: whole pages of our own mapping; their contents stay. It may decline.
        unsafe {
            let start = self.0.start.as_ptr().add(at);
            libc::madvise(start.cast(), self.0.accessible_bytes - at, libc::MADV_HUGEPAGE);
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = at;
    }
    /// The first byte above the head.
    pub(super) fn base(&self) -> *mut u8 {
        // SAFETY: R2: within the mapping.
        unsafe { self.0.start.as_ptr().add(self.0.head_bytes) }
    }
    /// Makes the head and at least `len` bytes from the base accessible; false if they are not
    /// reserved, or the system has not that much.
    pub(super) fn commit(&mut self, len: u64) -> bool {
        let room = self.0.reserved_bytes - self.0.head_bytes;
        let Ok(len) = usize::try_from(len) else { return false };
        if len > room {
            return false;
        }
        self.0.promised_bytes = self.0.promised_bytes.max(len);
        if self.0.head_bytes + len <= self.0.accessible_bytes {
            return true;
        }
        let step = if self.0.guard { page_bytes() } else { COMMIT_STEP_BYTES as usize };
        let target = self.0.head_bytes + len.next_multiple_of(step).min(room);
        let before = self.0.accessible_bytes;
        if !self.allow(before, target - before) {
            return false;
        }
        self.0.accessible_bytes = target;
        let small = self.0.head_bytes + tuning::HUGE_PAGES_ABOVE_BYTES;
        if target > small {
            self.use_huge_pages(if before > small { before } else { 0 });
        }
        true
    }
}
impl Drop for Region {
    fn drop(&mut self) {
        let mapping = self.0;
        let kept = Mapping { promised_bytes: 0, ..mapping };
        let left = if mapping.wipe() { SPARES.keep(kept) } else { Some(mapping) };
        if let Some(Mapping { start, reserved_bytes, .. }) = left {
            // SAFETY: R2: our own mapping, as it was made.
            unsafe { libc::munmap(start.as_ptr().cast(), reserved_bytes) };
        }
    }
}
impl Mapping {
    /// Makes it all zeros; false if there is nothing to keep, or no way to do so.
    fn wipe(&self) -> bool {
        if self.accessible_bytes < self.head_bytes {
            return false;
        }
        // SAFETY: R2: the head and what was promised are accessible; the base is where a page
        // begins, and nobody uses them any more.
        unsafe {
            let base = self.start.as_ptr().add(self.head_bytes);
            base.cast::<MemoryHead>().sub(1).write_bytes(0, 1);
            spare::wipe(base, self.promised_bytes, tuning::SPARE_MEMORY_BYTES)
        }
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
        assert!(region.0.reserved_bytes as u64 >= GUARDED_BYTES);
        assert_eq!(region.0.accessible_bytes, region.0.head_bytes);
    }
    /// What is written by one is not there for the next, whatever its size, and a guarded one
    /// finds nothing accessible that it was not promised.
    #[test]
    fn spare_ones_are_zeros() {
        let max = 0x1234_0000;
        for len in [1, 4096, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 3 << 20] {
            for guard in [false, true] {
                for _ in 0..3 * tuning::SPARES {
                    let mut region = Region::new(1, max, guard).expect("address space");
                    assert!(region.commit(len));
                    // SAFETY: R2: it was promised.
                    let bytes =
                        unsafe { core::slice::from_raw_parts_mut(region.base(), len as usize) };
                    assert!(bytes.iter().all(|&byte| byte == 0), "{len}");
                    bytes.fill(0xAA);
                    // SAFETY: R2: the head is directly below the base.
                    let head = unsafe { &*region.base().cast::<MemoryHead>().sub(1) };
                    assert_eq!(head.len.get(), 0);
                    head.len.set(len);
                }
            }
        }
        let small = Region::new(1, max, true).expect("address space");
        assert!(small.0.accessible_bytes <= small.0.head_bytes + page_bytes());
    }
    #[test]
    fn nothing_can_be_a_memory_too() {
        assert!(Region::new(0, 0, false).is_some());
    }
}
