//! Linear memories (spec §4.2.8).
//!
//! Where the platform can, address space is reserved for what the memory may become, so that
//! growing moves nothing ([`mmap`]); elsewhere the bytes are copied to a larger place ([`heap`]).
//! Either way a [`MemoryHead`] with the length lies directly below the base.
#![allow(unsafe_code)]

pub mod block;
mod heap;
#[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
mod mmap;
pub mod racy;
pub mod shared;

use self::block::{MemoryBlock, MemoryCreator};
use self::shared::Shared;
use super::error::Error;
use super::layout::{MemoryData, MemoryHead};
use super::owner::HOST;
use crate::wasm::types::MemoryType;
use alloc::sync::Arc;
use core::ops::Range;
use core::ptr;

/// The length of the memory at `base`, which other threads may be growing.
///
/// # Safety
/// `base` is that of a memory (R2).
#[inline(always)]
pub unsafe fn len_at(base: *mut u8) -> u64 {
    // SAFETY: R2, R8: the length lies below the base.
    unsafe {
        let len = base.cast::<u64>().sub(1);
        #[cfg(target_has_atomic = "64")]
        return core::sync::atomic::AtomicU64::from_ptr(len)
            .load(core::sync::atomic::Ordering::Relaxed);
        #[cfg(not(target_has_atomic = "64"))]
        return *len;
    }
}

/// Where the bytes are.
enum Backing {
    #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
    Mapped(mmap::Region),
    Heap(heap::Region),
    /// The embedder's.
    Block(block::Region),
    /// Of a memory that other stores may have, too.
    Shared(Arc<Shared>),
}
impl Backing {
    /// Room for `min_bytes`, zeroed, that can become `max_bytes` in place if possible.
    fn new(min_bytes: u64, max_bytes: u64, guard: bool) -> Option<Backing> {
        #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
        if let Some(region) = mmap::Region::new(min_bytes, max_bytes, guard) {
            return Some(Backing::Mapped(region));
        }
        let _ = max_bytes;
        // Without reserved address space there is nothing to guard.
        if guard { None } else { heap::Region::new(min_bytes).map(Backing::Heap) }
    }
    /// Room for a memory of this type, and its least length. A shared memory never moves: where
    /// no address space can be reserved, it has all its bytes at once, if there are as many.
    fn for_type(ty: &MemoryType, guard: bool) -> Result<(Backing, u64), Error> {
        let most = max_pages(ty);
        let too_large = || Error::limit("memory in pages", ty.limits.min, most);
        if ty.limits.min > most {
            return Err(too_large());
        }
        let min = bytes_of(ty, ty.limits.min).ok_or_else(too_large)?;
        let max = bytes_of(ty, most).unwrap_or(u64::MAX);
        let guard = guard && !ty.limits.is_64 && ty.page_size_log2 == 16;
        let backing = Backing::new(min, max, guard).ok_or_else(too_large)?;
        match backing {
            Backing::Heap(_) if ty.shared && max > min => {
                let whole = heap::Region::new(max).map(Backing::Heap);
                Ok((whole.unwrap_or(backing), min))
            }
            backing => Ok((backing, min)),
        }
    }
    fn base(&self) -> *mut u8 {
        match self {
            #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
            Backing::Mapped(region) => region.base(),
            Backing::Heap(region) => region.base(),
            Backing::Block(region) => region.base(),
            Backing::Shared(shared) => shared.base(),
        }
    }
    /// Makes `len` bytes from the base usable; false if that is impossible without moving.
    fn commit(&mut self, len: u64) -> bool {
        match self {
            #[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
            Backing::Mapped(region) => region.commit(len),
            Backing::Heap(region) => len <= region.capacity(),
            Backing::Block(region) => region.commit(len),
            Backing::Shared(_) => false,
        }
    }
    /// A larger place of the same kind, with room for `min` bytes.
    fn successor(&self, min: u64, max: u64) -> Option<Backing> {
        match self {
            Backing::Block(region) => region.successor(min, Some(max)).map(Backing::Block),
            // Room for as much again, so that a memory that grows page by page moves seldom.
            _ => Backing::new(min, min.saturating_mul(2).min(max), false),
        }
    }
}

/// A memory.
#[repr(C)]
pub struct Memory {
    /// What handlers read.
    pub data: MemoryData,
    /// Its type; the minimum is that of the declaration.
    pub ty: MemoryType,
    /// The place of the instance that it belongs to.
    pub owner: u32,
    backing: Backing,
}

impl Memory {
    /// A memory of the type's minimal size, zeroed. `guard` asks for address space such that no
    /// address of 32 bits plus an offset of 32 bits can reach anything else. A creator has its own
    /// ways; only shared memories are not asked of it.
    ///
    /// # Errors
    /// Limit: the system, or the creator, has not that much.
    pub fn new(
        ty: MemoryType,
        guard: bool,
        creator: Option<&Arc<dyn MemoryCreator>>,
    ) -> Result<Memory, Error> {
        if ty.shared {
            return Ok(Memory::of_shared(Shared::new(ty, guard)?));
        }
        let Some(creator) = creator else {
            let (backing, min) = Backing::for_type(&ty, guard)?;
            return Ok(Memory::of_backing(ty, backing, min));
        };
        let min = bytes_of(&ty, ty.limits.min);
        let max = ty.limits.max.and_then(|max| bytes_of(&ty, max));
        let region = min.and_then(|min| Some((block::Region::created(creator, min, max)?, min)));
        let none = || Error::limit("memory in pages", ty.limits.min, 0);
        let (region, min) = region.ok_or_else(none)?;
        Ok(Memory::of_backing(ty, Backing::Block(region), min))
    }
    /// A memory in a block, beyond which it does not grow.
    ///
    /// # Errors
    /// Limit: the block is too small.
    pub fn in_block(ty: MemoryType, block: MemoryBlock) -> Result<Memory, Error> {
        let min = bytes_of(&ty, ty.limits.min).unwrap_or(u64::MAX);
        let region = block::Region::new(block, None);
        let region = region.and_then(|mut region| region.commit(min).then_some(region));
        let small = || Error::limit("bytes of memory in a block", min, 0);
        Ok(Memory::of_backing(ty, Backing::Block(region.ok_or_else(small)?), min))
    }
    fn of_backing(ty: MemoryType, backing: Backing, min: u64) -> Memory {
        let data = MemoryData::new(backing.base(), &ty);
        let memory = Memory { data, ty, owner: HOST, backing };
        memory.set_len(min);
        memory
    }
    /// A store's view of a shared memory.
    pub fn of_shared(shared: Arc<Shared>) -> Memory {
        let ty = shared.ty();
        let data = MemoryData::new(shared.base(), &ty);
        Memory { data, ty, owner: HOST, backing: Backing::Shared(shared) }
    }
    /// What is shared, if it is.
    pub fn shared(&self) -> Option<&Arc<Shared>> {
        if let Backing::Shared(shared) = &self.backing { Some(shared) } else { None }
    }
    fn head(&self) -> &MemoryHead {
        // SAFETY: R2: the head is directly below the base, and aligned as the base is.
        unsafe { &*self.base().cast::<MemoryHead>().sub(1) }
    }
    fn set_len(&self, len: u64) {
        debug_assert!(self.base().cast::<MemoryHead>().is_aligned(), "R2");
        self.head().len.set(len);
    }
    /// The first byte.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.data.base.get()
    }
    /// The length in bytes.
    #[inline]
    pub fn len(&self) -> u64 {
        match &self.backing {
            Backing::Shared(shared) => shared.len(),
            _ => self.head().len.get(),
        }
    }
    /// The size in pages.
    #[inline]
    pub fn size(&self) -> u64 {
        self.len() >> self.data.page_size_log2
    }
    /// Whether the type allows it to grow by `pages`.
    pub fn allows(&self, pages: u64) -> bool {
        let size = self.size().checked_add(pages);
        size.is_some_and(|size| size <= max_pages(&self.ty) && bytes_of(&self.ty, size).is_some())
    }
    /// Grows by `pages`; the old size in pages, or `None`. The base may be another one afterwards.
    ///
    /// *Spec*: §4.5.3 memory growth.
    pub fn grow(&mut self, pages: u64) -> Option<u64> {
        if let Backing::Shared(shared) = &self.backing {
            return shared.grow(pages);
        }
        let (old, old_len) = (self.size(), self.len());
        let size = old.checked_add(pages).filter(|&size| size <= max_pages(&self.ty))?;
        let len = bytes_of(&self.ty, size)?;
        if !self.backing.commit(len) {
            let most = bytes_of(&self.ty, max_pages(&self.ty)).unwrap_or(u64::MAX);
            let backing = self.backing.successor(len, most)?;
            // SAFETY: R2: both places have at least `old_len` bytes, and the new one is not in
            // use.
            unsafe { ptr::copy_nonoverlapping(self.base(), backing.base(), old_len as usize) };
            self.backing = backing;
            self.data.base.set(self.backing.base());
        }
        self.set_len(len);
        Some(old)
    }
    /// Copies bytes out; `false` if they are not all there.
    pub fn read(&self, at: u64, bytes: &mut [u8]) -> bool {
        if let Backing::Shared(shared) = &self.backing {
            return shared.read(at, bytes);
        }
        let from = range(at, bytes.len() as u64).and_then(|range| self.bytes().get(range));
        from.map(|from| bytes.copy_from_slice(from)).is_some()
    }
    /// Copies bytes in; `false` if they are not all there.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> bool {
        if let Backing::Shared(shared) = &self.backing {
            return shared.write(at, bytes);
        }
        let to = range(at, bytes.len() as u64).and_then(|range| self.bytes_mut().get_mut(range));
        to.map(|to| to.copy_from_slice(bytes)).is_some()
    }
    /// The bytes, if the memory is not shared.
    pub fn bytes(&self) -> &[u8] {
        debug_assert!(!self.ty.shared, "R8");
        // SAFETY: R2: `len` bytes from the base are initialised; R6: no guest runs meanwhile.
        unsafe { core::slice::from_raw_parts(self.base(), self.len() as usize) }
    }
    /// The bytes, if the memory is not shared.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        debug_assert!(!self.ty.shared, "R8");
        // SAFETY: R2, R6: as above.
        unsafe { core::slice::from_raw_parts_mut(self.base(), self.len() as usize) }
    }
}

/// A range of addresses, if addresses of this machine reach it.
pub fn range(at: u64, len: u64) -> Option<Range<usize>> {
    let end = usize::try_from(at.checked_add(len)?).ok()?;
    Some(end - len as usize..end)
}
/// The most pages that a memory of this type can have.
fn max_pages(ty: &MemoryType) -> u64 {
    let most = match (ty.limits.is_64, ty.page_size_log2) {
        (false, 0) => u64::from(u32::MAX),
        (false, log2) => 1 << (32 - u32::from(log2)),
        (true, 0) => u64::MAX,
        (true, log2) => 1 << (64 - u32::from(log2)),
    };
    ty.limits.max.unwrap_or(most).min(most)
}
/// Pages in bytes; `None` if more than 64 bits hold.
fn bytes_of(ty: &MemoryType, pages: u64) -> Option<u64> {
    pages.checked_mul(1 << ty.page_size_log2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::types::Limits;

    fn ty(min: u64, max: Option<u64>, is_64: bool) -> MemoryType {
        MemoryType { limits: Limits { min, max, is_64 }, shared: false, page_size_log2: 16 }
    }
    const MAPPED: bool = cfg!(all(feature = "std", unix, target_pointer_width = "64"));

    #[test]
    fn grows_in_place_and_is_zeroed() -> Result<(), Error> {
        for guard in [false, true] {
            let mut memory = Memory::new(ty(1, Some(100), false), guard, None)?;
            memory.bytes_mut()[65_535] = 7;
            let base = memory.base();
            assert_eq!(memory.grow(2), Some(1));
            assert_eq!(memory.grow(98), None);
            assert_eq!(memory.grow(0), Some(3));
            assert_eq!(memory.grow(97), Some(3));
            assert_eq!(memory.bytes()[65_535], 7);
            assert!(memory.bytes()[65_536..].iter().all(|&byte| byte == 0));
            memory.bytes_mut().fill(1);
            assert!(!MAPPED || memory.base() == base);
        }
        Ok(())
    }
    #[test]
    fn moves_when_it_must() -> Result<(), Error> {
        let ty = ty(1, None, false);
        let backing = Backing::Heap(heap::Region::new(65_536).ok_or("no memory").unwrap());
        let data = MemoryData::new(backing.base(), &ty);
        let mut memory = Memory { data, ty, owner: HOST, backing };
        memory.set_len(65_536);
        memory.bytes_mut()[1] = 9;
        assert_eq!(memory.grow(3), Some(1));
        assert_eq!((memory.len(), memory.bytes()[1]), (4 << 16, 9));
        assert!(memory.bytes()[65_536..].iter().all(|&byte| byte == 0));
        Ok(())
    }
    #[test]
    fn huge_maximum_is_not_reserved() -> Result<(), Error> {
        let mut memory = Memory::new(ty(0, Some(1 << 48), true), false, None)?;
        assert_eq!(memory.size(), 0);
        assert_eq!(memory.grow(1 << 48), None);
        assert_eq!(memory.grow(1), Some(0));
        Ok(())
    }
    #[test]
    #[cfg_attr(miri, ignore = "Miri itself ends where there is not that much memory")]
    fn huge_minimum_fails_cleanly() {
        assert!(Memory::new(ty(1 << 48, None, true), false, None).is_err());
        assert!(Memory::new(ty(1 << 31, None, true), false, None).is_err());
        assert!(Memory::new(ty(65_537, None, false), false, None).is_err());
    }
    #[test]
    fn pages_of_one_byte() -> Result<(), Error> {
        let limits = Limits { min: 3, max: Some(5000), is_64: false };
        let ty = MemoryType { limits, shared: false, page_size_log2: 0 };
        let mut memory = Memory::new(ty, true, None)?;
        assert_eq!((memory.len(), memory.size()), (3, 3));
        assert_eq!(memory.grow(4997), Some(3));
        assert_eq!(memory.grow(1), None);
        memory.bytes_mut().fill(255);
        Ok(())
    }
}
