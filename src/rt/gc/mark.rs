//! What is reached, and what of it is still to be scanned.
#![allow(unsafe_code)]

use super::object::{array_len, header, word};
use super::{EXCEPTION_BIT, blocks, large, tag_of};
use crate::ir::cells::MAX_CELL_BYTES;
use crate::tuning;
use crate::wasm::object::{HEADER_BYTES, ObjectKind, ObjectLayout};
use crate::wasm::registry::TypeDef;
use alloc::vec::Vec;

/// The objects that are reached and not scanned yet: a list, so that long chains take no native
/// stack.
#[derive(Default)]
pub struct Marks {
    list: Vec<*mut u8>,
    /// Something that is reached did not fit into the list.
    overflowed: bool,
    /// What may be the address of an object.
    range: (usize, usize),
}
impl Marks {
    /// Begins, with the addresses where objects may be.
    pub fn begin(&mut self, a: (usize, usize), b: (usize, usize)) {
        self.range = (a.0.min(b.0), a.1.max(b.1));
        self.overflowed = false;
    }
    #[inline(always)]
    pub fn may_contain(&self, address: usize) -> bool {
        address >= self.range.0 && address < self.range.1
    }
    /// The next object to be scanned.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<*mut u8> {
        self.list.pop()
    }
    /// Gives the list's memory back, if it has grown large.
    pub fn shrink(&mut self) {
        self.list.shrink_to(1 << 16);
    }
    /// Whether something did not fit.
    pub fn take_overflow(&mut self) -> bool {
        core::mem::take(&mut self.overflowed)
    }
    /// Marks what a reference refers to.
    ///
    /// # Safety
    /// It is a reference of another hierarchy than the functions' (R9).
    #[inline(always)]
    pub unsafe fn mark_reference(&mut self, bits: u64) {
        // Neither null, nor an i31, nor a value of the host.
        if bits != 0 && bits & 3 == 0 {
            // SAFETY: R9: such a reference is the address of an object.
            unsafe { self.mark(bits as *mut u8) };
        }
    }
    /// Marks an object.
    ///
    /// # Safety
    /// It is an object of this heap (R9).
    #[inline(always)]
    pub unsafe fn mark(&mut self, object: *mut u8) {
        // SAFETY: R9: promised by the caller.
        unsafe {
            let (bytes, has_references) = describe(object);
            let is_new = if bytes <= u64::from(MAX_CELL_BYTES) {
                blocks::reach(object)
            } else {
                large::reach(object)
            };
            if is_new && has_references {
                self.push(object);
            }
        }
    }
    #[inline(always)]
    fn push(&mut self, object: *mut u8) {
        if self.list.len() < self.list.capacity() || self.grow() {
            self.list.push(object);
        } else {
            self.overflowed = true;
        }
    }
    #[cold]
    fn grow(&mut self) -> bool {
        let more = self.list.len().max(1024);
        self.list.len() + more <= tuning::GC_MARK_LIST && self.list.try_reserve_exact(more).is_ok()
    }
    /// Marks what a structure or array refers to.
    ///
    /// # Safety
    /// It is an object of this heap, and of this layout (R9).
    #[inline(always)]
    pub unsafe fn scan(&mut self, object: *mut u8, layout: &ObjectLayout) {
        // SAFETY: R9: promised by the caller.
        unsafe {
            for &offset in &layout.traced {
                self.mark_reference(word(object.add(offset as usize)));
            }
            if layout.traced_elements {
                let first = object.add(layout.size as usize);
                for i in 0..array_len(object) as usize {
                    self.mark_reference(word(first.add(i * 8)));
                }
            }
        }
    }
}

/// The size of an object.
///
/// # Safety
/// It is an object of this heap (R9).
pub unsafe fn size_of_object(object: *mut u8) -> u64 {
    // SAFETY: R9: promised by the caller.
    unsafe { describe(object).0 }
}
/// The size of an object, and whether it may refer to others.
#[inline(always)]
unsafe fn describe(object: *mut u8) -> (u64, bool) {
    // SAFETY: R9: promised by the caller.
    unsafe {
        let header = header(object);
        if header & EXCEPTION_BIT != 0 {
            let slots = u64::from((*tag_of(header)).slots);
            return (u64::from(HEADER_BYTES) + slots * 8, slots > 0);
        }
        let layout = &(*(header as *const TypeDef)).layout;
        if layout.kind == ObjectKind::Array {
            (layout.array_size(array_len(object)), layout.traced_elements)
        } else {
            (u64::from(layout.size), !layout.traced.is_empty())
        }
    }
}
