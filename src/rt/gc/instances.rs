//! Freeing instances that were released: those that nothing leads to, found by marking. What
//! belongs to an instance is alive as long as the instance; and so is an instance as long as one
//! of its objects is referred to.
#![allow(unsafe_code)]

use super::mark::size_of_object;
use super::object::{header, word};
use super::{EXCEPTION_BIT, mark_segments, tag_of};
use crate::rt::error::Error;
use crate::rt::instance::{Global, Instance, Object};
use crate::rt::owner::HOST;
use crate::rt::room;
use crate::rt::store::Store;
use crate::rt::table::Table;
use crate::tuning;
use crate::wasm::order::sort_by;
use crate::wasm::subtype::top;
use crate::wasm::types::{HeapType, ValType};
use alloc::vec::Vec;
use core::ptr;

/// Which instances are reached.
#[derive(Default)]
struct Reach {
    /// What a word can point to in instances that were released: addresses from, to, the place.
    ranges: Vec<(usize, usize, u32)>,
    /// By place.
    reached: Vec<bool>,
    /// By place.
    instances: Vec<*const Instance>,
    /// Reached, and still to be looked into: each is there once.
    list: Vec<u32>,
}
impl Reach {
    /// All the room that it will need; `None` if there is none.
    fn new(store: &Store) -> Option<Reach> {
        let mut reach = Reach::default();
        reach.make_room(store.slots.len()).ok()?;
        for instance in store.instances.iter().filter(|i| store.slots.is_released(i.slot)) {
            let address = instance.as_ptr() as usize;
            reach.ranges.push((address, address + 1, instance.slot));
            let funcs = instance.defined.as_ptr_range();
            reach.ranges.push((funcs.start as usize, funcs.end as usize, instance.slot));
        }
        sort_by(&mut reach.ranges, |a, b| a.cmp(b));
        for instance in &store.instances {
            reach.instances[instance.slot as usize] = instance.as_ptr();
        }
        Some(reach)
    }
    fn make_room(&mut self, places: usize) -> Result<(), Error> {
        if !tuning::SMALL {
            room::exact(&mut self.ranges, 2 * places)?;
            room::exact(&mut self.list, places)?;
            room::exact(&mut self.reached, places)?;
            room::exact(&mut self.instances, places)?;
        }
        self.reached.resize(places, false);
        self.instances.resize(places, ptr::null());
        Ok(())
    }
    fn slot(&mut self, slot: u32) {
        if !core::mem::replace(&mut self.reached[slot as usize], true) {
            self.list.push(slot);
        }
    }
    /// If it points to a function of an instance, or to the instance.
    fn word(&mut self, word: u64) {
        let address = word as usize;
        let next = self.ranges.partition_point(|&(from, ..)| from <= address);
        if let Some(&(_, to, slot)) = next.checked_sub(1).and_then(|i| self.ranges.get(i))
            && address < to
        {
            self.slot(slot);
        }
    }
    /// # Safety
    /// They are slots of a stack (R4).
    unsafe fn words(&mut self, mut slot: *const u64, top: *const u64) {
        while slot < top {
            // SAFETY: R4: promised by the caller.
            unsafe {
                self.word(*slot);
                slot = slot.add(1);
            }
        }
    }
}

impl Store {
    /// Frees every object of the heap that nothing refers to, and every instance that was released
    /// and that nothing refers to. While something runs it does the first only: native frames may
    /// know instances that nothing else does.
    ///
    /// # Safety
    /// As for [`Store::alloc_object`].
    pub unsafe fn collect_instances(&mut self) {
        // SAFETY: R9, R10: promised by the caller.
        unsafe {
            let can = self.slots.released() > 0 && self.head.depth.get() == 0;
            let Some(mut reach) = can.then(|| Reach::new(self)).flatten() else {
                return self.collect();
            };
            self.give_back_cells();
            let range = self.heap.blocks.range();
            self.heap.marks.begin(range, self.heap.large.range());
            self.mark_frames();
            self.mark_held();
            self.reach_from_paused(&mut reach);
            self.reach_from_host(&mut reach);
            for instance in &self.instances {
                if !self.slots.is_released(instance.slot) {
                    reach.slot(instance.slot);
                }
            }
            self.follow(&mut reach);
            self.heap.finish();
            self.free_instances(&reach);
        }
    }
    unsafe fn reach_from_paused(&mut self, reach: &mut Reach) {
        for place in self.paused.iter().filter_map(alloc::sync::Weak::upgrade) {
            let held = place.lock();
            let Some(paused) = &*held else { continue };
            // SAFETY: R1, R12: a function of this store, and a stack.
            unsafe {
                reach.slot(Object::Func(paused.func).owner());
                reach.words(paused.stack.start(), paused.top);
            }
            paused.registers.r.iter().for_each(|&bits| reach.word(bits));
        }
    }
    /// What the host has made has no instance.
    unsafe fn reach_from_host(&mut self, reach: &mut Reach) {
        // SAFETY: R9: objects of this store.
        unsafe {
            for i in 0..self.tables.len() {
                if self.tables[i].owner == HOST {
                    self.reach_from_table(self.tables[i].as_ptr(), reach);
                }
            }
            for i in 0..self.globals.len() {
                if self.globals[i].owner == HOST {
                    self.reach_from_global(self.globals[i].as_ptr(), reach);
                }
            }
        }
    }
    unsafe fn reach_from_table(&mut self, table: *const Table, reach: &mut Reach) {
        // SAFETY: R1, R7, R9: a table of this store.
        unsafe {
            if top(&self.registry, (*table).ty.element.heap) == HeapType::Func {
                (*table).elements().iter().for_each(|&bits| reach.word(bits));
            } else {
                let marks = &mut self.heap.marks;
                (*table).elements().iter().for_each(|&bits| marks.mark_reference(bits));
            }
        }
    }
    unsafe fn reach_from_global(&mut self, global: *const Global, reach: &mut Reach) {
        // SAFETY: R1, R9: a global of this store.
        unsafe {
            let ValType::Ref(ty) = (*global).ty.value else { return };
            let bits = (*global).data.value.get()[0];
            if top(&self.registry, ty.heap) == HeapType::Func {
                reach.word(bits);
            } else {
                self.heap.marks.mark_reference(bits);
            }
        }
    }
    /// Follows references through instances and objects, until nothing new is reached.
    unsafe fn follow(&mut self, reach: &mut Reach) {
        loop {
            while let Some(slot) = reach.list.pop() {
                // SAFETY: R1: an instance of this store, or the host's.
                if let Some(instance) = unsafe { reach.instances[slot as usize].as_ref() } {
                    // SAFETY: R1, R9: as above.
                    unsafe { self.reach_from_instance(instance, reach) };
                }
            }
            // SAFETY: R9: a collection is under way.
            unsafe {
                self.heap.trace();
                self.reach_from_objects(reach);
            }
            if reach.list.is_empty() {
                return;
            }
        }
    }
    unsafe fn reach_from_instance(&mut self, instance: &Instance, reach: &mut Reach) {
        // SAFETY: R1, R9: objects of this store.
        unsafe {
            instance.funcs.iter().for_each(|&func| reach.slot(Object::Func(func).owner()));
            instance.memories.iter().for_each(|&m| reach.slot(Object::Memory(m).owner()));
            instance.tags.iter().for_each(|&tag| reach.slot(Object::Tag(tag).owner()));
            for &table in &instance.tables {
                let owner = Object::Table(table).owner();
                reach.slot(owner);
                if owner == instance.slot {
                    self.reach_from_table(table.cast(), reach);
                }
            }
            for &global in &instance.globals {
                let owner = Object::Global(global).owner();
                reach.slot(owner);
                if owner == instance.slot {
                    self.reach_from_global(global.cast(), reach);
                }
            }
            mark_segments(&mut self.heap, instance);
            for (segment, elements) in instance.elems.iter().zip(&instance.elem_storage) {
                if segment.len.get() > 0 {
                    elements.iter().for_each(|&bits| reach.word(bits));
                }
            }
        }
    }
    /// Every word of every object that is reached: fields that refer to functions are not traced.
    unsafe fn reach_from_objects(&mut self, reach: &mut Reach) {
        let (mut small, mut large) = (0, 0);
        let heap = &self.heap;
        while let Some(object) =
            heap.blocks.next_reached(&mut small).or_else(|| heap.large.next_reached(&mut large))
        {
            // SAFETY: R9: an object of this heap, of whole words or at least room for them.
            unsafe {
                let header = header(object);
                if header & EXCEPTION_BIT != 0 {
                    reach.slot((*tag_of(header)).owner);
                }
                for i in 1..size_of_object(object) / 8 {
                    reach.word(word(object.add(i as usize * 8)));
                }
            }
        }
    }
    /// Frees the instances that were released and not reached, with what belongs to them.
    unsafe fn free_instances(&mut self, reach: &Reach) {
        let Store { slots, instances, tables, memories, globals, tags, used, .. } = self;
        let is_alive =
            |slot: u32| slot == HOST || !slots.is_released(slot) || reach.reached[slot as usize];
        memories.retain(|memory| {
            let alive = is_alive(memory.owner);
            if !alive {
                used.memory_bytes = used.memory_bytes.saturating_sub(memory.len());
            }
            alive
        });
        tables.retain(|table| {
            let alive = is_alive(table.owner);
            if !alive {
                used.table_elements = used.table_elements.saturating_sub(table.len());
            }
            alive
        });
        globals.retain(|global| is_alive(global.owner));
        tags.retain(|tag| is_alive(tag.owner));
        instances.retain(|instance| is_alive(instance.slot));
        for slot in 0..reach.instances.len() as u32 {
            let reached = reach.reached[slot as usize];
            if !reached && self.slots.is_released(slot) {
                self.slots.free(slot);
            }
        }
        self.instances.shrink_to(self.instances.len() * 2);
        self.memories.shrink_to(self.memories.len() * 2);
        self.tables.shrink_to(self.tables.len() * 2);
        self.globals.shrink_to(self.globals.len() * 2);
    }
}
