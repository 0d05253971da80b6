//! The value stack: where guests' frames are.
#![allow(unsafe_code)]

use core::alloc::Layout;
use core::ptr::NonNull;

/// Slots above the limit: for the header and the results of a call that is refused, or that is
/// the host's.
const HEADROOM_SLOTS: usize = 2_200;

/// Slots for frames. Zeroed memory that is asked for as such is there once it is touched.
#[derive(Debug)]
pub struct ValueStack {
    start: NonNull<u64>,
    layout: Layout,
}
impl ValueStack {
    /// A stack of `bytes`; `None` if there is not that much memory.
    pub fn new(bytes: u64) -> Option<ValueStack> {
        let slots = usize::try_from(bytes / 8).ok()?.checked_add(HEADROOM_SLOTS)?;
        let layout = Layout::array::<u64>(slots).ok()?;
        // SAFETY: R4: the size is not zero: there is headroom.
        let start = NonNull::new(unsafe { imp::alloc_zeroed(layout) }.cast::<u64>())?;
        Some(ValueStack { start, layout })
    }
    /// The first slot.
    pub fn start(&self) -> *mut u64 {
        self.start.as_ptr()
    }
    /// The bytes that frames may use.
    pub fn bytes(&self) -> u64 {
        (self.layout.size() / 8 - HEADROOM_SLOTS) as u64 * 8
    }
    /// One past the last slot that a frame may use.
    pub fn limit(&self) -> *mut u64 {
        // SAFETY: R4: within the allocation.
        unsafe { self.start().add(self.layout.size() / 8 - HEADROOM_SLOTS) }
    }
}
impl Drop for ValueStack {
    fn drop(&mut self) {
        // SAFETY: R4: allocated by `new` with this layout.
        unsafe { imp::dealloc(self.start.as_ptr().cast(), self.layout) }
    }
}

/// Memory of the allocator.
#[cfg(not(all(feature = "std", target_os = "linux", target_pointer_width = "64")))]
use alloc::alloc as imp;
/// Memory of the system, of which few bytes are touched as a rule; spare ones are kept.
#[cfg(all(feature = "std", target_os = "linux", target_pointer_width = "64"))]
mod imp {
    use crate::rt::spare::{Spares, wipe};
    use crate::tuning::SPARE_STACK_BYTES;
    use core::alloc::Layout;
    use core::ptr;

    /// A mapping, and how many bytes it has.
    struct Spare(*mut u8, usize);
    // SAFETY: R4: memory, which belongs to no thread.
    unsafe impl Send for Spare {}
    /// Mappings that are all zeros.
    static SPARES: Spares<Spare> = Spares::new();

    const FLAGS: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;

    pub(super) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
        let len = layout.size();
        if let Some(spare) = SPARES.take(|spare| spare.1 == len) {
            return spare.0;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: R4: a new mapping at an address of the system's choice.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, access, FLAGS, -1, 0) };
        if start == libc::MAP_FAILED { ptr::null_mut() } else { start.cast() }
    }
    pub(super) unsafe fn dealloc(start: *mut u8, layout: Layout) {
        let spare = Spare(start, layout.size());
        // SAFETY: R4: our own mapping, as it was made; nobody uses it any more.
        unsafe {
            let is_zero = wipe(start, layout.size(), SPARE_STACK_BYTES);
            let left = if is_zero { SPARES.keep(spare) } else { Some(spare) };
            if let Some(Spare(start, len)) = left {
                libc::munmap(start.cast(), len);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written by one is not there for the next.
    #[test]
    fn stacks_are_zeros() {
        for bytes in [4096, 1 << 20, 8 << 20] {
            for _ in 0..3 {
                let stack = ValueStack::new(bytes).expect("some memory");
                let slots = stack.layout.size() / 8;
                // SAFETY: R4: all of its slots.
                let slots = unsafe { core::slice::from_raw_parts_mut(stack.start(), slots) };
                assert!(slots.iter().all(|&slot| slot == 0));
                slots.fill(u64::MAX);
            }
        }
    }
}
