//! Memories in bytes that the embedder gives.
#![allow(unsafe_code)]

use crate::rt::layout::MemoryHead;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Gives memories their bytes, for embedders who own what is allocated. See
/// [`Config::memory_creator`](crate::Config::memory_creator).
pub trait MemoryCreator: Send + Sync {
    /// A block for a memory of `min_bytes` that may become as large as `max_bytes`, or `None` if
    /// there is none. A block has room for its length less [`MemoryBlock::OVERHEAD_BYTES`]. When
    /// the memory grows beyond its block it asks for another one, and gives back the old one.
    fn create(&self, min_bytes: u64, max_bytes: Option<u64>) -> Option<MemoryBlock>;
}

/// Bytes for a memory. They need not be zero.
pub struct MemoryBlock(Bytes);
enum Bytes {
    Static(&'static mut [u8]),
    Owned(Vec<u8>),
}
impl MemoryBlock {
    /// What a block needs beyond the bytes of the memory.
    pub const OVERHEAD_BYTES: usize = 2 * size_of::<MemoryHead>();
    /// Bytes that are there for ever.
    pub fn from_static(bytes: &'static mut [u8]) -> MemoryBlock {
        MemoryBlock(Bytes::Static(bytes))
    }
    /// Bytes that are given back to the allocator when the memory is dropped or needs more.
    pub fn from_vec(bytes: Vec<u8>) -> MemoryBlock {
        MemoryBlock(Bytes::Owned(bytes))
    }
    fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Bytes::Static(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
        }
    }
}
impl fmt::Debug for MemoryBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryBlock")
    }
}

/// A block with a head in it.
pub(super) struct Region {
    base: *mut u8,
    /// Bytes from the base.
    capacity: usize,
    /// Those of them that are zeroed, or the memory's.
    zeroed: usize,
    /// Who gives a larger one.
    creator: Option<Arc<dyn MemoryCreator>>,
    /// Owns the bytes; reached through `base` only.
    block: MemoryBlock,
}
impl Region {
    /// `None` if there is not even room for the head.
    pub(super) fn new(
        mut block: MemoryBlock,
        creator: Option<Arc<dyn MemoryCreator>>,
    ) -> Option<Region> {
        let bytes = block.bytes_mut();
        let start = bytes.as_mut_ptr();
        let head = start.align_offset(align_of::<MemoryHead>());
        let below = head.checked_add(size_of::<MemoryHead>())?;
        let capacity = bytes.len().checked_sub(below)?;
        // SAFETY: R2: within the block, which is as long.
        let base = unsafe {
            start.add(head).write_bytes(0, size_of::<MemoryHead>());
            start.add(below)
        };
        Some(Region { base, capacity, zeroed: 0, creator, block })
    }
    /// The first byte above the head.
    pub(super) fn base(&self) -> *mut u8 {
        self.base
    }
    /// Makes `len` bytes from the base zeros, or what they are already; false if there is no room.
    pub(super) fn commit(&mut self, len: u64) -> bool {
        let Some(len) = usize::try_from(len).ok().filter(|&len| len <= self.capacity) else {
            return false;
        };
        if len > self.zeroed {
            // SAFETY: R2: within the block, above what the memory has.
            unsafe { self.base.add(self.zeroed).write_bytes(0, len - self.zeroed) };
            self.zeroed = len;
        }
        true
    }
    /// A larger one, if somebody gives it.
    pub(super) fn successor(&self, min: u64, max: Option<u64>) -> Option<Region> {
        let creator = self.creator.as_ref()?;
        Region::created(creator, min, max)
    }
    /// One of a creator.
    pub(super) fn created(
        creator: &Arc<dyn MemoryCreator>,
        min: u64,
        max: Option<u64>,
    ) -> Option<Region> {
        let mut region = Region::new(creator.create(min, max)?, Some(creator.clone()))?;
        region.commit(min).then_some(region)
    }
}
impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("block", &self.block).finish_non_exhaustive()
    }
}
