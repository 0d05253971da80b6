//! An allocator of which a large allocation fails, once.
#![allow(dead_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The system's allocator, but for the one that fails.
pub struct Failing {
    /// From how many bytes on an allocation is large.
    large: usize,
    /// Large allocations until one fails, that one included.
    left: AtomicUsize,
    failed: AtomicBool,
}
/// Nothing fails.
const NONE: usize = usize::MAX;

impl Failing {
    /// Nothing fails at first.
    pub const fn new(large: usize) -> Failing {
        Failing { large, left: AtomicUsize::new(NONE), failed: AtomicBool::new(false) }
    }
    /// Does something, of which the `n`-th large allocation fails; whether there were so many.
    pub fn fails_once<R>(&self, n: usize, f: impl FnOnce() -> R) -> (R, bool) {
        self.failed.store(false, Relaxed);
        self.left.store(n, Relaxed);
        let result = f();
        self.left.store(NONE, Relaxed);
        (result, self.failed.load(Relaxed))
    }
    /// Does something of a test's own, of which nothing fails.
    pub fn spare<R>(&self, f: impl FnOnce() -> R) -> R {
        let left = self.left.swap(NONE, Relaxed);
        let result = f();
        self.left.store(left, Relaxed);
        result
    }
    fn fails(&self, size: usize) -> bool {
        let counts = size >= self.large && self.left.load(Relaxed) != NONE;
        let fails = counts && self.left.fetch_sub(1, Relaxed) == 1;
        if fails {
            self.left.store(NONE, Relaxed);
            self.failed.store(true, Relaxed);
        }
        fails
    }
}

// SAFETY: everything is passed on to the system's allocator, or null is given.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.fails(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.fails(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: promised by the caller.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && self.fails(size) {
            return ptr::null_mut();
        }
        // SAFETY: promised by the caller.
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}
