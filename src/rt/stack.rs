//! The value stack: where guests' frames are.
#![allow(unsafe_code)]

use alloc::alloc::{alloc_zeroed, dealloc};
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
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }.cast::<u64>())?;
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
        unsafe { dealloc(self.start.as_ptr().cast(), self.layout) }
    }
}
