//! Tables (spec §4.2.7).
#![allow(unsafe_code)]

use super::error::Error;
use super::layout::TableData;
use super::owner::HOST;
use crate::wasm::types::TableType;
use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr;

/// A table and its elements.
#[repr(C)]
pub struct Table {
    /// What handlers read and write through.
    pub data: TableData,
    /// Its type; the minimum is that of the declaration.
    pub ty: TableType,
    /// The place of the instance that it belongs to.
    pub owner: u32,
    /// Of the place of the elements; of no size as long as there is none.
    layout: Layout,
}
impl Table {
    /// A table of the type's minimal size, whose elements are `init`.
    ///
    /// # Errors
    /// Limit: it is larger than this implementation allows, or than there is memory.
    pub fn new(ty: TableType, init: u64) -> Result<Table, Error> {
        let data = TableData { elements: Cell::new(ptr::null_mut()), len: Cell::new(0) };
        let mut table = Table { data, ty, owner: HOST, layout: Layout::new::<()>() };
        match table.grow(ty.limits.min, init) {
            Some(_) => Ok(table),
            None => Err(Error::limit("table elements", ty.limits.min, MAX_ELEMENTS)),
        }
    }
    /// The size in elements.
    pub fn len(&self) -> u64 {
        self.data.len.get()
    }
    /// The elements.
    pub fn elements(&self) -> &[u64] {
        let len = self.len() as usize;
        if len == 0 {
            return &[];
        }
        // SAFETY: R7: as many as there are.
        unsafe { core::slice::from_raw_parts(self.data.elements.get(), len) }
    }
    /// The element at `index`.
    pub fn get(&self, index: u64) -> Option<u64> {
        // SAFETY: R7: the index is below the length.
        (index < self.len()).then(|| unsafe { *self.data.elements.get().add(index as usize) })
    }
    /// Sets the elements at `index` and the `count - 1` after it; false if not all are there.
    pub fn fill(&self, index: u64, value: u64, count: u64) -> bool {
        let in_range = index.checked_add(count).is_some_and(|end| end <= self.len());
        if in_range {
            for i in index..index + count {
                // SAFETY: R7: the range is below the length.
                unsafe { *self.data.elements.get().add(i as usize) = value };
            }
        }
        in_range
    }
    /// Whether the type and this implementation allow so many elements.
    pub fn allows(&self, len: u64) -> bool {
        let most = if self.ty.limits.is_64 { u64::MAX } else { u64::from(u32::MAX) };
        len <= self.ty.limits.max.unwrap_or(most).min(most).min(MAX_ELEMENTS)
    }
    /// Grows by `count` elements of value `init`; the old size, or `None`.
    ///
    /// *Spec*: §4.5.3 table growth.
    pub fn grow(&mut self, count: u64, init: u64) -> Option<u64> {
        let old = self.len();
        let new = old.checked_add(count)?;
        if count == 0 {
            return Some(old);
        }
        if !self.allows(new) {
            return None;
        }
        let len = usize::try_from(new).ok()?;
        if len > self.capacity() {
            self.reserve(len)?;
        }
        // New room is zeroed: null needs no writing, so a large table takes no memory at once.
        // Room left over from before has never been written either.
        self.data.len.set(new);
        if init != 0 {
            self.fill(old, init, count);
        }
        Some(old)
    }
    /// Moves the elements to a place for at least `len`.
    fn reserve(&mut self, len: usize) -> Option<()> {
        // Twice as much as before, so that growing one by one takes linear time.
        let capacity = len.max((self.capacity() * 2).min(MAX_ELEMENTS as usize));
        let layout = Layout::array::<u64>(capacity).ok()?;
        let old = self.len() as usize;
        // SAFETY: R7: the size is not zero; both places have room for the old elements; the old
        // place is not used any more.
        unsafe {
            let place = alloc_zeroed(layout).cast::<u64>();
            if place.is_null() {
                return None;
            }
            if old > 0 {
                ptr::copy_nonoverlapping(self.data.elements.get(), place, old);
            }
            self.release();
            self.data.elements.set(place);
        }
        self.layout = layout;
        Some(())
    }
    /// Elements that there is room for.
    fn capacity(&self) -> usize {
        self.layout.size() / size_of::<u64>()
    }
    fn release(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: R7: allocated by `reserve` with this layout.
            unsafe { dealloc(self.data.elements.get().cast(), self.layout) }
        }
    }
}
impl Drop for Table {
    fn drop(&mut self) {
        self.release();
    }
}

/// Elements of one table (JS API, "Limits").
pub const MAX_ELEMENTS: u64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::types::{Limits, RefType};

    fn ty(min: u64, max: Option<u64>) -> TableType {
        TableType { limits: Limits { min, max, is_64: false }, element: RefType::FUNC }
    }
    #[test]
    fn grows_and_keeps() -> Result<(), Error> {
        let mut table = Table::new(ty(2, Some(100)), 8)?;
        assert_eq!((table.get(0), table.get(1), table.get(2)), (Some(8), Some(8), None));
        for i in 2..100 {
            assert_eq!(table.grow(1, i * 16), Some(i));
        }
        assert_eq!(table.grow(1, 0), None);
        assert_eq!(table.grow(0, 0), Some(100));
        assert!((2..100).all(|i| table.get(i) == Some(i * 16)));
        assert!(!table.fill(99, 1, 2) && table.fill(100, 1, 0) && !table.fill(101, 1, 0));
        assert!(!table.fill(u64::MAX, 1, 2));
        Ok(())
    }
    #[test]
    fn limits() -> Result<(), Error> {
        assert!(Table::new(ty(MAX_ELEMENTS + 1, None), 0).is_err());
        let mut table = Table::new(ty(0, None), 0)?;
        assert_eq!(table.grow(0xFFFF_FFFF, 0), None);
        assert_eq!(table.grow(u64::MAX, 0), None);
        assert_eq!(table.grow(MAX_ELEMENTS, 0), Some(0));
        assert_eq!(table.get(MAX_ELEMENTS - 1), Some(0));
        assert_eq!(table.grow(1, 0), None);
        Ok(())
    }
}
