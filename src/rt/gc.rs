//! The heap of structures, arrays and exceptions: objects that stay where they are, found by
//! marking, freed by sweeping.
//!
//! Small objects lie in cells of some sizes ([`blocks`]); larger ones are allocated one by one
//! ([`large`]). Handlers take cells from the running range of a size ([`CellRange`]) themselves.
//! Collection happens when an object is allocated, never at another time, and takes everything for
//! alive that the roots lead to: frames, whose slots may hold anything; globals, tables, element
//! segments and embedder handles, whose types are known; and what instantiation has made so far.
#![allow(unsafe_code)]

mod addresses;
mod blocks;
pub mod handle;
mod instances;
mod large;
mod mark;
pub mod object;
pub mod roots;

use self::blocks::Blocks;
use self::large::Large;
use self::mark::Marks;
use self::object::{header, set_array_len, set_header, set_word, word};
use self::roots::Roots;
use super::instance::{Instance, Tag};
use super::layout::CellRange;
use super::store::Store;
use crate::ir::cells::{CELL_SIZES, cell_bytes, cell_of};
use crate::tuning;
use crate::wasm::object::HEADER_BYTES;
use crate::wasm::registry::TypeDef;
use crate::wasm::subtype::top;
use crate::wasm::sync::Lock;
use crate::wasm::types::{HeapType, ValType};
use alloc::vec::Vec;
use core::ptr;

/// In the first word of an object: the rest is the address of the exception's tag, not of a type.
pub const EXCEPTION_BIT: u64 = 1;

/// What a store's heap has done, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcStats {
    /// How often the heap was collected.
    pub collections: u64,
    /// Bytes that the heap takes.
    pub heap_bytes: u64,
    /// Bytes of the objects that were alive at the last collection.
    pub live_bytes: u64,
    /// Bytes of the room for objects that was handed out in all.
    pub allocated_bytes: u64,
    /// The time that all collections took (0 without the standard library). *Units*: ns.
    pub pause_nanos: u64,
    /// The time that the longest collection took (0 without the standard library). *Units*: ns.
    pub longest_pause_nanos: u64,
}

/// The blocks of one size of cell, and where the search for free cells has got to.
#[derive(Default)]
struct CellBlocks {
    blocks: Vec<*mut u8>,
    block: usize,
    cell: u32,
}

/// A store's heap.
pub struct Heap {
    blocks: Blocks,
    cells: [CellBlocks; CELL_SIZES],
    large: Large,
    marks: Marks,
    /// What embedders hold.
    pub roots: Lock<Roots>,
    /// References that are in flight: what constant expressions have made, until an instance
    /// holds it.
    pub pins: Vec<u64>,
    /// The exception on its way out of a call into the store; 0 if there is none.
    pub thrown: u64,
    /// Bytes handed out since the last collection, and at how many there is the next one.
    allocated: u64,
    threshold: u64,
    /// The most bytes that the heap may take.
    pub limit: u64,
    /// Collect at every allocation while little is alive, else more often than is reasonable; and
    /// overwrite what is freed.
    pub stress: bool,
    stats: GcStats,
}
impl Heap {
    /// An empty heap.
    pub fn new(limit: u64, stress: bool) -> Heap {
        Heap {
            blocks: Blocks::default(),
            cells: Default::default(),
            large: Large::default(),
            marks: Marks::default(),
            roots: Lock::default(),
            pins: Vec::new(),
            thrown: 0,
            allocated: 0,
            threshold: tuning::GC_FIRST_BYTES,
            limit,
            stress,
            stats: GcStats::default(),
        }
    }
    /// What it has done, and what it holds.
    pub fn stats(&self) -> GcStats {
        GcStats { heap_bytes: self.used_bytes(), ..self.stats }
    }
    fn used_bytes(&self) -> u64 {
        self.blocks.used_bytes() + self.large.bytes()
    }
    fn is_due(&self) -> bool {
        if self.stress {
            return self.allocated.saturating_mul(tuning::GC_STRESS) >= self.stats.live_bytes;
        }
        self.allocated >= self.threshold
    }
    fn count(&mut self, bytes: u64) {
        self.allocated += bytes;
        self.stats.allocated_bytes += bytes;
    }
    /// Free cells that lie side by side; `None` if the limit, or the system, allows no more.
    fn take_cells(&mut self, cell: u8) -> Option<CellRange> {
        let most = if self.stress { 1 } else { u32::MAX };
        loop {
            let list = &mut self.cells[usize::from(cell)];
            while let Some(&block) = list.blocks.get(list.block) {
                // SAFETY: R9: the lists have the blocks that are in use.
                let free = unsafe { self.blocks.take_cells(block, list.cell, most) };
                if let Some((from, to, next)) = free {
                    list.cell = next;
                    self.count((to as usize - from as usize) as u64);
                    return Some(CellRange::new(from, to));
                }
                (list.block, list.cell) = (list.block + 1, 0);
            }
            list.blocks.try_reserve(1).ok()?;
            if self.used_bytes().saturating_add(self.blocks.next_bytes()) > self.limit {
                return None;
            }
            let block = match self.blocks.take(cell) {
                Some(block) => block,
                None => {
                    self.blocks.grow()?;
                    self.blocks.take(cell)?
                }
            };
            self.cells[usize::from(cell)].blocks.push(block);
        }
    }
    /// Room for one large object; `None` if the limit, or the system, allows no more.
    fn take_large(&mut self, bytes: u64, zeroed: bool) -> Option<*mut u8> {
        if self.used_bytes().checked_add(large::bytes_of(bytes)?)? > self.limit {
            return None;
        }
        let object = self.large.alloc(bytes, zeroed)?;
        self.count(bytes);
        Some(object)
    }
    /// Marks what a word refers to, if it is the address of an object.
    ///
    /// # Safety
    /// A collection is under way (R9).
    unsafe fn mark_word(&mut self, word: u64) {
        let address = word as usize;
        if address & 7 != 0 || !self.marks.may_contain(address) {
            return;
        }
        if let Some(object) = self.blocks.find(address).or_else(|| self.large.find(address)) {
            // SAFETY: R9: an object of this heap.
            unsafe { self.marks.mark(object) };
        }
    }
    /// The same for all words from `slot` up to `top`.
    ///
    /// # Safety
    /// As for [`Heap::mark_word`]; they are slots of a stack (R4).
    unsafe fn mark_words(&mut self, mut slot: *const u64, top: *const u64) {
        while slot < top {
            // SAFETY: R4: promised by the caller.
            unsafe {
                self.mark_word(*slot);
                slot = slot.add(1);
            }
        }
    }
    /// Follows references until nothing new is reached.
    ///
    /// # Safety
    /// A collection is under way (R9).
    unsafe fn trace(&mut self) {
        // SAFETY: R9: promised by the caller.
        unsafe {
            loop {
                while let Some(object) = self.marks.pop() {
                    self.scan(object);
                }
                if !self.marks.take_overflow() {
                    return;
                }
                // The list of what is still to be scanned was full: scan everything reached again.
                let (mut small, mut large) = (0, 0);
                while let Some(object) = (self.blocks.next_reached(&mut small))
                    .or_else(|| self.large.next_reached(&mut large))
                {
                    self.scan(object);
                    while let Some(object) = self.marks.pop() {
                        self.scan(object);
                    }
                }
            }
        }
    }
    /// Marks what an object refers to.
    unsafe fn scan(&mut self, object: *mut u8) {
        // SAFETY: R9: an object of this heap.
        unsafe {
            let header = header(object);
            if header & EXCEPTION_BIT == 0 {
                let layout = &(*(header as *const TypeDef)).layout;
                return self.marks.scan(object, layout);
            }
            for value in 0..(*tag_of(header)).slots as usize {
                self.mark_word(word(object.add(HEADER_BYTES as usize + value * 8)));
            }
        }
    }
}

/// The tag of an exception, from its first word.
pub fn tag_of(header: u64) -> *const Tag {
    (header & !EXCEPTION_BIT) as *const Tag
}

impl Store {
    /// Room for an object of so many bytes, whose contents are undefined unless `zeroed`; `None`
    /// if the limit, or the system, allows no more. The caller writes the object before it
    /// allocates another one.
    ///
    /// # Safety
    /// Whatever is alive can be reached from the roots; `stack_top` is above the frames (R10).
    pub unsafe fn alloc_object(&mut self, bytes: u64, zeroed: bool) -> Option<*mut u8> {
        // SAFETY: R10: promised by the caller.
        unsafe {
            let object = match cell_of(bytes) {
                None => return self.alloc_large(bytes, zeroed),
                Some(cell) => match self.head.cells[usize::from(cell)].take(cell_bytes(cell)) {
                    Some(object) => object,
                    None => self.alloc_cell(cell)?,
                },
            };
            if zeroed {
                ptr::write_bytes(object, 0, bytes as usize);
            }
            Some(object)
        }
    }
    /// A cell, when the running range has none left.
    ///
    /// # Safety
    /// As for [`Store::alloc_object`].
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_cell(&mut self, cell: u8) -> Option<*mut u8> {
        // SAFETY: R10: promised by the caller.
        unsafe {
            if self.heap.is_due() {
                self.collect();
            }
            let range = match self.heap.take_cells(cell) {
                Some(range) => range,
                None => {
                    self.collect();
                    self.heap.take_cells(cell)?
                }
            };
            let running = &self.head.cells[usize::from(cell)];
            running.set(range);
            running.take(cell_bytes(cell))
        }
    }
    unsafe fn alloc_large(&mut self, bytes: u64, zeroed: bool) -> Option<*mut u8> {
        // SAFETY: R10: promised by the caller.
        unsafe {
            if self.heap.is_due() {
                self.collect();
            }
            if let Some(object) = self.heap.take_large(bytes, zeroed) {
                return Some(object);
            }
            // What can never fit is no reason to collect.
            if large::bytes_of(bytes)? > self.heap.limit {
                return None;
            }
            self.collect();
            self.heap.take_large(bytes, zeroed)
        }
    }
    /// A structure of a type, filled with zeros.
    ///
    /// # Safety
    /// As for [`Store::alloc_object`]; the type is a structure's.
    pub unsafe fn alloc_struct(&mut self, ty: &TypeDef) -> Option<*mut u8> {
        // SAFETY: R10: promised by the caller.
        unsafe {
            let object = self.alloc_object(u64::from(ty.layout.size), true)?;
            set_header(object, ptr::from_ref(ty) as u64);
            Some(object)
        }
    }
    /// An array of a type, with its length; the elements are undefined unless `zeroed`.
    ///
    /// # Safety
    /// As for [`Store::alloc_object`]; the type is an array's.
    pub unsafe fn alloc_array(&mut self, ty: &TypeDef, len: u32, zeroed: bool) -> Option<*mut u8> {
        // SAFETY: R10: promised by the caller.
        unsafe {
            let object = self.alloc_object(ty.layout.array_size(len), zeroed)?;
            set_header(object, ptr::from_ref(ty) as u64);
            set_array_len(object, len);
            Some(object)
        }
    }
    /// An exception of a tag of this store, with the slots of its values; its reference.
    ///
    /// # Safety
    /// As for [`Store::alloc_object`]; `values` are as many slots as the tag's type says, and what
    /// they refer to is reachable.
    pub unsafe fn alloc_exception(&mut self, tag: *const Tag, values: *const u64) -> Option<u64> {
        // SAFETY: R1, R10: promised by the caller.
        unsafe {
            let slots = (*tag).slots as usize;
            let bytes = u64::from(HEADER_BYTES) + slots as u64 * 8;
            let object = self.alloc_object(bytes, false)?;
            set_header(object, tag as u64 | EXCEPTION_BIT);
            for i in 0..slots {
                set_word(object.add(HEADER_BYTES as usize + i * 8), *values.add(i));
            }
            Some(object as u64)
        }
    }

    /// Frees every object that nothing refers to.
    ///
    /// # Safety
    /// As for [`Store::alloc_object`].
    #[cold]
    #[inline(never)]
    pub unsafe fn collect(&mut self) {
        #[cfg(feature = "std")]
        let start = std::time::Instant::now();
        // SAFETY: R9, R10: promised by the caller.
        unsafe {
            self.give_back_cells();
            let range = self.heap.blocks.range();
            self.heap.marks.begin(range, self.heap.large.range());
            self.mark_frames();
            self.mark_objects();
            self.heap.trace();
            self.heap.finish();
        }
        #[cfg(feature = "std")]
        {
            let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let stats = &mut self.heap.stats;
            stats.pause_nanos = stats.pause_nanos.saturating_add(nanos);
            stats.longest_pause_nanos = stats.longest_pause_nanos.max(nanos);
        }
    }
    /// Cells that handlers have not used are free.
    unsafe fn give_back_cells(&mut self) {
        for running in &self.head.cells {
            let (from, to) = running.clear();
            // SAFETY: R9: the rest of a range that was taken.
            unsafe { self.heap.blocks.give_back(from, to) };
        }
    }
    /// The value stacks, word by word, and the registers of what is paused.
    unsafe fn mark_frames(&mut self) {
        let Store { heap, head, stack, outer_stacks, paused, .. } = self;
        let outer = outer_stacks.iter().map(|outer| (&outer.stack, outer.top));
        // SAFETY: R4, R10: below the tops of the frames.
        unsafe {
            for (stack, top) in outer.chain([(&*stack, head.stack_top.get())]) {
                if let Some(stack) = stack {
                    heap.mark_words(stack.start(), top);
                }
            }
            paused.retain(|place| {
                let Some(place) = place.upgrade() else { return false };
                if let Some(paused) = &*place.lock() {
                    heap.mark_words(paused.stack.start(), paused.top);
                    paused.registers.r.iter().for_each(|&word| heap.mark_word(word));
                }
                true
            });
        }
    }
    /// Globals, tables, element segments, and what is held.
    unsafe fn mark_objects(&mut self) {
        let Store { heap, registry, globals, tables, instances, .. } = self;
        let is_traced = |heap| top(registry, heap) != HeapType::Func;
        // SAFETY: R9: values of these types, of this store.
        unsafe {
            for global in globals.iter() {
                if let ValType::Ref(ty) = global.ty.value
                    && is_traced(ty.heap)
                {
                    heap.marks.mark_reference(global.data.value.get()[0]);
                }
            }
            for table in tables.iter().filter(|table| is_traced(table.ty.element.heap)) {
                table.elements().iter().for_each(|&bits| heap.marks.mark_reference(bits));
            }
            for instance in instances.iter() {
                mark_segments(heap, instance);
            }
        }
        // SAFETY: R9: as above.
        unsafe { self.mark_held() }
    }
    /// What embedders hold, and what is in flight.
    unsafe fn mark_held(&mut self) {
        let Heap { roots, marks, pins, thrown, .. } = &mut self.heap;
        // SAFETY: R9: references of this store.
        unsafe {
            marks.mark_reference(*thrown);
            pins.iter().for_each(|&bits| marks.mark_reference(bits));
            roots.lock().all().for_each(|bits| marks.mark_reference(bits));
        }
    }
}
/// Element segments that are not dropped; those of functions hold no objects, but look alike.
unsafe fn mark_segments(heap: &mut Heap, instance: &Instance) {
    for (segment, elements) in instance.elems.iter().zip(&instance.elem_storage) {
        if segment.len.get() > 0 {
            // SAFETY: R9: promised by the caller.
            elements.iter().for_each(|&bits| unsafe { heap.mark_word(bits) });
        }
    }
}

impl Heap {
    /// Frees what was not reached.
    unsafe fn finish(&mut self) {
        // SAFETY: R9: everything alive was reached.
        let live_bytes = unsafe {
            let small = self.blocks.sweep(self.stress).live_bytes;
            small + self.large.sweep()
        };
        for list in &mut self.cells {
            // SAFETY: R9: blocks of this heap.
            list.blocks.retain(|&block| unsafe { self.blocks.is_used(block) });
            (list.block, list.cell) = (0, 0);
        }
        self.marks.shrink();
        self.allocated = 0;
        self.threshold = live_bytes.max(tuning::GC_FIRST_BYTES);
        let left = self.limit.saturating_sub(self.used_bytes());
        self.blocks.release(self.threshold.min(left));
        self.stats.live_bytes = live_bytes;
        self.stats.collections += 1;
    }
}
