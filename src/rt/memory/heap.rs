//! Memories from the allocator: no reservation, growing moves them.
#![allow(unsafe_code)]

use crate::rt::layout::MemoryHead;
use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;

/// A head and the bytes above it.
pub(super) struct Region {
    start: *mut u8,
    layout: Layout,
}
impl Region {
    /// Zeroed room for `len` bytes.
    pub(super) fn new(len: u64) -> Option<Region> {
        let size = usize::try_from(len).ok()?.checked_add(size_of::<MemoryHead>())?;
        let layout = Layout::from_size_align(size, align_of::<MemoryHead>()).ok()?;
        // SAFETY: R2: the size is not zero: there is a head.
        let start = unsafe { alloc_zeroed(layout) };
        (!start.is_null()).then_some(Region { start, layout })
    }
    /// The first byte above the head.
    pub(super) fn base(&self) -> *mut u8 {
        // SAFETY: R2: the allocation is at least as large as the head.
        unsafe { self.start.add(size_of::<MemoryHead>()) }
    }
    /// How many bytes there are above the head.
    pub(super) fn capacity(&self) -> u64 {
        (self.layout.size() - size_of::<MemoryHead>()) as u64
    }
}
impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: R2: allocated by `new` with this layout.
        unsafe { dealloc(self.start, self.layout) }
    }
}
