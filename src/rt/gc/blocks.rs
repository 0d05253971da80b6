//! Chunks of memory, cut into blocks, cut into cells of one size.
//!
//! A chunk is aligned to its size, and its first block has two bits for every 8 bytes of it: one
//! for the first bytes of a cell that is taken, one for the first bytes of an object that was
//! reached. So an address alone gives both, and freeing is copying the one over the other.
#![allow(unsafe_code)]

use super::addresses::AddressSet;
use crate::ir::cells::cell_bytes;
use crate::tuning::{GC_BLOCK_BYTES as BLOCK, GC_CHUNK_BYTES as CHUNK};
use alloc::alloc::{alloc, dealloc};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr;

const BLOCKS: usize = CHUNK / BLOCK;
/// Words of bits for a block, and for a chunk.
const BLOCK_WORDS: usize = BLOCK / 8 / 64;
const WORDS: usize = BLOCK_WORDS * BLOCKS;

/// What is known of a block.
#[repr(C)]
#[derive(Clone, Copy)]
struct Block {
    /// Bytes of its cells; 0: it is free, or the chunk's first one.
    cell_bytes: u32,
    /// How many cells it has.
    cells: u32,
}
/// The beginning of a chunk.
#[repr(C)]
struct Chunk {
    blocks: [Block; BLOCKS],
    taken: [u64; WORDS],
    reached: [u64; WORDS],
}
const _: () = assert!(size_of::<Chunk>() <= BLOCK && CHUNK.is_power_of_two());

/// The layout of every chunk.
const LAYOUT: Layout = match Layout::from_size_align(CHUNK, CHUNK) {
    Ok(layout) => layout,
    Err(_) => panic!("the sizes are constants"),
};

/// The chunk that an address is in.
#[inline(always)]
fn chunk_of(address: *mut u8) -> *mut Chunk {
    address.map_addr(|address| address & !(CHUNK - 1)).cast()
}
/// Word and bit of an address.
#[inline(always)]
fn bit_of(address: *mut u8) -> (usize, u64) {
    let granule = (address as usize & (CHUNK - 1)) / 8;
    (granule / 64, 1 << (granule % 64))
}
/// The block's number in its chunk.
#[inline(always)]
fn index_of(address: *mut u8) -> usize {
    (address as usize & (CHUNK - 1)) / BLOCK
}

/// Notes that the object in a cell is reached; false if it was before.
///
/// # Safety
/// The address is that of a cell that is taken (R9).
#[inline(always)]
pub unsafe fn reach(object: *mut u8) -> bool {
    let (word, bit) = bit_of(object);
    // SAFETY: R9: promised by the caller.
    unsafe {
        let word = &raw mut (*chunk_of(object)).reached[word];
        let before = *word;
        *word = before | bit;
        before & bit == 0
    }
}

/// What a walk over the blocks has found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swept {
    /// Bytes of the cells that stay taken.
    pub live_bytes: u64,
}

/// All chunks of a heap.
#[derive(Default)]
pub struct Blocks {
    chunks: Vec<*mut Chunk>,
    known: AddressSet,
    free: Vec<*mut u8>,
    used: usize,
}
impl Blocks {
    /// Bytes of the blocks that are in use, and of the heads of the chunks.
    pub fn used_bytes(&self) -> u64 {
        ((self.used + self.chunks.len()) * BLOCK) as u64
    }
    /// Bytes that [`Blocks::take`] would add to these.
    pub fn next_bytes(&self) -> u64 {
        (if self.free.is_empty() { 2 * BLOCK } else { BLOCK }) as u64
    }
    /// A free block, cut into cells; `None` if there is none.
    pub fn take(&mut self, cell: u8) -> Option<*mut u8> {
        let block = self.free.pop()?;
        let cell_bytes = cell_bytes(cell);
        // SAFETY: R9: a block of a chunk of ours, whose bits are all clear.
        unsafe {
            let head = &raw mut (*chunk_of(block)).blocks[index_of(block)];
            *head = Block { cell_bytes, cells: BLOCK as u32 / cell_bytes };
        }
        self.used += 1;
        Some(block)
    }
    /// Asks the system for a chunk; `None` if there is no memory.
    pub fn grow(&mut self) -> Option<()> {
        self.chunks.try_reserve(1).ok()?;
        self.free.try_reserve(self.chunks.capacity() * (BLOCKS - 1)).ok()?;
        self.known.reserve()?;
        // SAFETY: R9: the size is not zero; only the head is looked at before it is written.
        let chunk = unsafe {
            let chunk = alloc(LAYOUT).cast::<Chunk>();
            if chunk.is_null() {
                return None;
            }
            ptr::write_bytes(chunk, 0, 1);
            chunk
        };
        self.chunks.push(chunk);
        self.known.insert(chunk as usize);
        for index in (1..BLOCKS).rev() {
            self.free.push(chunk.cast::<u8>().wrapping_add(index * BLOCK));
        }
        Some(())
    }
    /// Takes the next free cells of a block that lie side by side, at most `most`, from the cell
    /// number `from` on; the range of their addresses, and the number of the cell after them.
    ///
    /// # Safety
    /// The block is in use (R9).
    pub unsafe fn take_cells(
        &mut self,
        block: *mut u8,
        from: u32,
        most: u32,
    ) -> Option<(*mut u8, *mut u8, u32)> {
        // SAFETY: R9: promised by the caller.
        let Block { cell_bytes, cells } = unsafe { (*chunk_of(block)).blocks[index_of(block)] };
        // SAFETY: R9: the bits of the chunk's cells.
        let taken = unsafe { &mut (*chunk_of(block)).taken };
        let address = |cell: u32| block.wrapping_add((cell * cell_bytes) as usize);
        let mut first = from;
        while first < cells {
            let (word, bit) = bit_of(address(first));
            if taken[word] & bit == 0 {
                break;
            }
            first += 1;
        }
        let mut end = first;
        let last = cells.min(first.saturating_add(most));
        while end < last {
            let (word, bit) = bit_of(address(end));
            if taken[word] & bit != 0 {
                break;
            }
            taken[word] |= bit;
            end += 1;
        }
        (end > first).then(|| (address(first), address(end), end))
    }
    /// Gives cells back that were taken and not used.
    ///
    /// # Safety
    /// They lie side by side in one block, and were taken (R9).
    pub unsafe fn give_back(&mut self, mut from: *mut u8, to: *mut u8) {
        while from < to {
            let (word, bit) = bit_of(from);
            // SAFETY: R9: promised by the caller.
            unsafe {
                let chunk = chunk_of(from);
                (*chunk).taken[word] &= !bit;
                from = from.wrapping_add((*chunk).blocks[index_of(from)].cell_bytes as usize);
            }
        }
    }
    /// The object at an address, if there is one there.
    pub fn find(&self, address: usize) -> Option<*mut u8> {
        let chunk =
            ptr::with_exposed_provenance_mut::<u8>(self.known.find(address & !(CHUNK - 1))?);
        let object = chunk.wrapping_add(address & (CHUNK - 1));
        let (word, bit) = bit_of(object);
        // SAFETY: R9: a chunk of ours. A bit is set at the beginning of a cell only.
        let is_taken = unsafe { (*chunk.cast::<Chunk>()).taken[word] & bit != 0 };
        is_taken.then_some(object)
    }
    /// The lowest address of a chunk and the highest, as a range.
    pub fn range(&self) -> (usize, usize) {
        let addresses = self.chunks.iter().map(|&chunk| chunk as usize);
        let end = addresses.clone().max().map_or(0, |chunk| chunk + CHUNK);
        (addresses.min().unwrap_or(usize::MAX), end)
    }
    /// The first object from `at` on that is reached, where `at` counts through all chunks in steps
    /// of 8 bytes; moves `at` behind it.
    pub fn next_reached(&self, at: &mut usize) -> Option<*mut u8> {
        const GRANULES: usize = CHUNK / 8;
        loop {
            let &chunk = self.chunks.get(*at / GRANULES)?;
            let granule = *at % GRANULES;
            // SAFETY: R9: a chunk of ours.
            let word = unsafe { (*chunk).reached[granule / 64] } >> (granule % 64);
            if word != 0 {
                *at += word.trailing_zeros() as usize + 1;
                return Some(chunk.cast::<u8>().wrapping_add((*at - 1) % GRANULES * 8));
            }
            *at = (*at / 64 + 1) * 64;
        }
    }
    /// Frees what was not reached, and clears the marks. Blocks without objects become free.
    /// `poison` overwrites what is freed.
    ///
    /// # Safety
    /// All objects that will be looked at again are reached (R9).
    pub unsafe fn sweep(&mut self, poison: bool) -> Swept {
        let mut swept = Swept::default();
        for &chunk in &self.chunks {
            for index in 1..BLOCKS {
                // SAFETY: R9: a chunk of ours, that nobody else looks at.
                unsafe {
                    let head = &mut (*chunk).blocks[index];
                    if head.cell_bytes == 0 {
                        continue;
                    }
                    let words = index * BLOCK_WORDS..(index + 1) * BLOCK_WORDS;
                    let taken = &mut (&mut (*chunk).taken)[words.clone()];
                    let reached = &mut (&mut (*chunk).reached)[words];
                    let block = chunk.cast::<u8>().wrapping_add(index * BLOCK);
                    if poison {
                        overwrite(block, head.cell_bytes, taken, reached);
                    }
                    let live: u32 = reached.iter().map(|word| word.count_ones()).sum();
                    taken.copy_from_slice(reached);
                    reached.fill(0);
                    swept.live_bytes += u64::from(live) * u64::from(head.cell_bytes);
                    if live == 0 {
                        head.cell_bytes = 0;
                        self.free.push(block);
                        self.used -= 1;
                    }
                }
            }
        }
        swept
    }
    /// Whether a block is in use.
    ///
    /// # Safety
    /// It is a block of this heap (R9).
    pub unsafe fn is_used(&self, block: *mut u8) -> bool {
        // SAFETY: R9: promised by the caller.
        unsafe { (*chunk_of(block)).blocks[index_of(block)].cell_bytes != 0 }
    }
    /// Gives chunks without objects back to the system, as long as more than `keep` bytes are free.
    pub fn release(&mut self, keep: u64) {
        let mut spare = ((self.free.len() * BLOCK) as u64).saturating_sub(keep) / CHUNK as u64;
        let (free, known) = (&mut self.free, &mut self.known);
        let mut released = false;
        self.chunks.retain(|&chunk| {
            // SAFETY: R9: a chunk of ours.
            let is_free = unsafe { (*chunk).blocks.iter().all(|block| block.cell_bytes == 0) };
            if !is_free || spare == 0 {
                return true;
            }
            spare -= 1;
            released = true;
            free.retain(|&block| chunk_of(block) != chunk);
            // SAFETY: R9: allocated by `grow`; nothing in it is in use.
            unsafe { dealloc(chunk.cast(), LAYOUT) };
            false
        });
        if released {
            known.clear();
            for &chunk in &self.chunks {
                known.insert(chunk as usize);
            }
        }
    }
}
impl Drop for Blocks {
    fn drop(&mut self) {
        for &chunk in &self.chunks {
            // SAFETY: R9: allocated by `grow`; the store that looked into it is being dropped.
            unsafe { dealloc(chunk.cast(), LAYOUT) };
        }
    }
}

/// Overwrites the cells that are taken and not reached, so that a reference to one is noticed.
unsafe fn overwrite(block: *mut u8, cell_bytes: u32, taken: &[u64], reached: &[u64]) {
    for (word, (taken, reached)) in taken.iter().zip(reached).enumerate() {
        let mut dead = taken & !reached;
        while dead != 0 {
            let granule = word * 64 + dead.trailing_zeros() as usize;
            dead &= dead - 1;
            let cell = block.wrapping_add(granule * 8);
            // SAFETY: R9: a cell of the block, which nobody looks at any more.
            unsafe { ptr::write_bytes(cell, 0xDB, cell_bytes as usize) };
        }
    }
}
