//! Linear memories (spec §4.2.8).
//!
//! Where the platform can, address space is reserved for all that the memory may become, so that
//! growing moves nothing and costs nothing; pages are there once they are touched. Elsewhere a
//! vector is copied. Below the base lies a [`MemoryHead`] with the length.
#![allow(unsafe_code)]

use super::error::Error;
use super::layout::{MemoryData, MemoryHead};
use crate::wasm::types::MemoryType;
use alloc::vec::Vec;
use core::cell::Cell;

/// Bytes between the start of an allocation and the base: a page, where pages are mapped.
const HEAD_BYTES: usize = size_of::<MemoryHead>();

/// Address space reserved for a memory of 64-bit addresses without a smaller maximum.
#[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
const RESERVED_64: u64 = 16 << 30;

enum Backing {
    #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
    Mapped(memmap2::MmapMut),
    Words(Vec<[u64; 8]>),
}

/// A memory.
#[repr(C)]
pub struct Memory {
    /// What handlers read.
    pub data: MemoryData,
    /// Its type; the minimum is that of the declaration.
    pub ty: MemoryType,
    backing: Backing,
    /// Bytes that it can grow to without a new allocation.
    capacity: u64,
}

impl Memory {
    /// A memory of the type's minimal size, zeroed.
    ///
    /// # Errors
    /// Limit: the system has not that much.
    pub fn new(ty: MemoryType) -> Result<Memory, Error> {
        let shift = u32::from(ty.page_size_log2);
        let too_large = || Error::limit("memory in pages", ty.limits.min, u64::MAX >> shift);
        let min = ty.limits.min.checked_mul(1 << shift).ok_or_else(too_large)?;
        let address_space = if ty.limits.is_64 { u64::MAX } else { 1 << 32 };
        let max = match ty.limits.max {
            Some(max) => max.saturating_mul(1 << shift).min(address_space),
            None => address_space,
        };
        let (backing, capacity) = allocate(min, max).ok_or_else(too_large)?;
        let data = MemoryData {
            base: Cell::new(core::ptr::null_mut()),
            page_size_log2: ty.page_size_log2,
        };
        let mut memory = Memory { data, ty, backing, capacity };
        memory.place(min);
        Ok(memory)
    }
    /// Sets base and length after an allocation.
    fn place(&mut self, len: u64) {
        let base = match &mut self.backing {
            #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
            // SAFETY: R2: the mapping begins with HEAD_BYTES for the head.
            Backing::Mapped(map) => unsafe { map.as_mut_ptr().add(HEAD_BYTES) },
            // SAFETY: R2: as above.
            Backing::Words(words) => unsafe { words.as_mut_ptr().cast::<u8>().add(HEAD_BYTES) },
        };
        self.data.base.set(base);
        // SAFETY: R2: the 8 bytes below the base belong to the head.
        unsafe { base.cast::<u64>().sub(1).write(len) };
    }
    /// The first byte.
    pub fn base(&self) -> *mut u8 {
        self.data.base.get()
    }
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        // SAFETY: R2.
        unsafe { *self.base().cast::<u64>().sub(1) }
    }
    /// The size in pages.
    pub fn size(&self) -> u64 {
        self.len() >> self.data.page_size_log2
    }
    /// How many bytes a growth by `pages` makes, if the type allows it.
    pub fn grown_len(&self, pages: u64) -> Option<u64> {
        let size = self.size().checked_add(pages)?;
        let shift = u32::from(self.data.page_size_log2);
        let most = match (self.ty.limits.is_64, shift) {
            (false, 0) => u64::from(u32::MAX),
            (false, _) => 1 << 16,
            (true, 0) => u64::MAX,
            (true, _) => 1 << 48,
        };
        if size > self.ty.limits.max.unwrap_or(most).min(most) {
            return None;
        }
        size.checked_mul(1 << shift)
    }
    /// Grows by `pages`; the old size in pages, or `None`.
    pub fn grow(&mut self, pages: u64) -> Option<u64> {
        let old = self.size();
        let len = self.grown_len(pages)?;
        if len <= self.capacity {
            // SAFETY: R2: within the allocation.
            unsafe { self.base().cast::<u64>().sub(1).write(len) };
            return Some(old);
        }
        let Backing::Words(words) = &mut self.backing else { return None };
        let count = usize::try_from((len + HEAD_BYTES as u64).div_ceil(64)).ok()?;
        words.try_reserve_exact(count - words.len()).ok()?;
        words.resize(count, [0; 8]);
        self.capacity = (count as u64) * 64 - HEAD_BYTES as u64;
        self.place(len);
        Some(old)
    }
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: R2: `len` bytes from the base are initialised; nothing runs while it is borrowed.
        unsafe { core::slice::from_raw_parts(self.base(), self.len() as usize) }
    }
    /// The bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: R2: as above.
        unsafe { core::slice::from_raw_parts_mut(self.base(), self.len() as usize) }
    }
}

/// Room for `min` bytes that may become `max`.
fn allocate(min: u64, max: u64) -> Option<(Backing, u64)> {
    #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
    {
        let mut wanted = max.clamp(min, min.max(RESERVED_64));
        loop {
            let len = usize::try_from(wanted).ok()?.checked_add(HEAD_BYTES)?;
            if len > (1 << 46) {
                return None;
            }
            let map = memmap2::MmapOptions::new().len(len).no_reserve_swap().map_anon();
            if let Ok(map) = map {
                return Some((Backing::Mapped(map), wanted));
            }
            if wanted == min {
                return allocate_words(min);
            }
            wanted = (wanted / 4).max(min);
        }
    }
    #[cfg(not(all(feature = "std", unix, target_pointer_width = "64")))]
    {
        let _ = max;
        allocate_words(min)
    }
}
/// Room for `min` bytes that moves when it grows.
fn allocate_words(min: u64) -> Option<(Backing, u64)> {
    let count = usize::try_from((min.checked_add(HEAD_BYTES as u64)?).div_ceil(64)).ok()?;
    let mut words = Vec::new();
    words.try_reserve_exact(count).ok()?;
    words.resize(count, [0; 8]);
    Some((Backing::Words(words), (count as u64) * 64 - HEAD_BYTES as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::types::Limits;

    fn ty(min: u64, max: Option<u64>, is_64: bool) -> MemoryType {
        MemoryType { limits: Limits { min, max, is_64 }, shared: false, page_size_log2: 16 }
    }
    #[test]
    fn grows_in_place_and_is_zeroed() -> Result<(), Error> {
        let mut memory = Memory::new(ty(1, Some(3), false))?;
        memory.bytes_mut()[65_535] = 7;
        let base = memory.base();
        assert_eq!(memory.grow(2), Some(1));
        assert_eq!(memory.grow(1), None);
        assert_eq!(memory.grow(0), Some(3));
        assert_eq!(memory.bytes()[65_535], 7);
        assert!(memory.bytes()[65_536..].iter().all(|&byte| byte == 0));
        if cfg!(all(feature = "std", unix, target_pointer_width = "64")) {
            assert_eq!(memory.base(), base);
        }
        Ok(())
    }
    #[test]
    fn huge_maximum_is_not_reserved() -> Result<(), Error> {
        let mut memory = Memory::new(ty(0, Some(1 << 48), true))?;
        assert_eq!(memory.size(), 0);
        assert_eq!(memory.grow(1 << 48), None);
        assert_eq!(memory.grow(1), Some(0));
        Ok(())
    }
    #[test]
    fn huge_minimum_fails_cleanly() {
        assert!(Memory::new(ty(1 << 48, None, true)).is_err());
        assert!(Memory::new(ty(1 << 31, None, true)).is_err());
    }
}
