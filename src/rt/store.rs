//! The store (spec §4.2.3): it owns every object, each at an address of its own, until it is
//! dropped.
#![allow(unsafe_code)]

use super::error::Error;
use super::gc::Heap;
use super::instance::{Global, Instance, Tag};
use super::layout::{
    CellRange, CodeEntry, FuncData, FuncShape, GlobalData, InstanceData, MemoryData, StoreData,
    TableData,
};
use super::limiter::{Ask, Wish};
use super::limits::Limits;
use super::memory::Memory;
use super::memory::block::{MemoryBlock, MemoryCreator};
use super::memory::shared::Shared;
use super::owned::Owned;
use super::owner::Slots;
use super::paused::{OuterStack, Place};
use super::room;
use super::signals::Signals;
use super::stack::ValueStack;
use super::table::Table;
use crate::ir::cells::CELL_SIZES;
use crate::wasm::registry::TypeRegistry;
use crate::wasm::trap::Trap;
use crate::wasm::types::{GlobalType, MemoryType, TableType, TypeId};
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::cell::Cell;
use core::ptr;

/// How a store calls host functions; see [`StoreData::host_call`].
pub type HostCall =
    unsafe fn(*mut StoreData, *const FuncData, *const InstanceData, *mut u64) -> bool;

/// How stores are set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What guests may use, to begin with.
    pub limits: Limits,
    /// Whether code charges fuel.
    pub fuel: bool,
    /// Whether code looks for interrupts.
    pub interrupts: bool,
    /// Whether memories of 32-bit addresses are surrounded by what they cannot reach.
    pub guard_pages: bool,
    /// Collect the heap at every allocation.
    pub gc_stress: bool,
    /// Whether growing may fail because of limits only.
    pub deterministic: bool,
}

/// The untyped part of a store. Handlers reach it from its first field.
#[repr(C)]
pub struct Store {
    /// What handlers read.
    pub head: StoreData,
    /// The store's number: handles carry it.
    pub id: u64,
    /// The engine's types.
    pub registry: TypeRegistry,
    /// The typed store that this one belongs to.
    pub owner: *mut (),
    /// Why a host function failed, until the API takes it.
    pub pending: Option<Error>,
    /// Values that `externref`s stand for, by index.
    pub externs: Vec<Box<dyn Any + Send + Sync>>,
    /// Structures, arrays and exceptions.
    pub heap: Heap,
    /// Who gives memories their bytes, if not this implementation.
    pub creator: Option<Arc<dyn MemoryCreator>>,
    /// How the embedder is asked whether there may be more.
    pub ask: Option<Ask>,
    /// The places of instances.
    pub slots: Slots,
    options: Options,
    /// Bytes of all memories, and elements of all tables.
    pub(super) used: Usage,
    pub(super) stack: Option<ValueStack>,
    /// The stacks of those that wait for an execution with a stack of its own, outermost first.
    pub(super) outer_stacks: Vec<OuterStack>,
    /// The executions that are paused, or were.
    pub(super) paused: Vec<Weak<Place>>,
    /// How often a memory has moved.
    pub moves: u64,
    /// The instance that host functions run in.
    host: Owned<Instance>,
    funcs: Vec<Owned<FuncData>>,
    pub(super) tables: Vec<Owned<Table>>,
    pub(super) memories: Vec<Owned<Memory>>,
    pub(super) globals: Vec<Owned<Global>>,
    pub(super) tags: Vec<Owned<Tag>>,
    pub(super) instances: Vec<Owned<Instance>>,
}

/// What all memories and tables have.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    pub(super) memory_bytes: u64,
    pub(super) table_elements: u64,
}

/// How much there was at some time; see [`Store::roll_back`].
#[derive(Clone, Copy)]
pub struct Mark {
    used: Usage,
    tables: usize,
    memories: usize,
    globals: usize,
    tags: usize,
}

impl Store {
    /// A store without objects. Its value stack is there when it is first needed.
    pub fn new(
        id: u64,
        registry: TypeRegistry,
        options: Options,
        host_call: HostCall,
    ) -> Owned<Store> {
        let head = StoreData {
            stack_limit: Cell::new(ptr::null_mut()),
            fuel: Cell::new(if options.fuel { 0 } else { i64::MAX }),
            held: Cell::new(0),
            stack_top: Cell::new(ptr::null_mut()),
            stop_ip: Cell::new(ptr::null()),
            stop_fp: Cell::new(ptr::null_mut()),
            depth: Cell::new(0),
            host_call,
            memory_grow,
            table_grow,
            signals: Arc::new(Signals::new(options.interrupts)),
            unsupported: Cell::new(None),
            registers: Cell::default(),
            resumable: Cell::new(false),
            suspended: Cell::new((ptr::null(), ptr::null_mut())),
            unpaid: Cell::new(0),
            cells: [const { CellRange::empty() }; CELL_SIZES + 1],
            #[cfg(feature = "counting")]
            counts: super::counts::Counts::default(),
        };
        let host = Owned::new(Instance::empty(ptr::null_mut(), Arc::as_ptr(&head.signals)));
        let store = Owned::new(Store {
            head,
            id,
            registry,
            owner: ptr::null_mut(),
            pending: None,
            externs: Vec::new(),
            heap: Heap::new(options.limits.gc_heap_bytes, options.gc_stress),
            creator: None,
            ask: None,
            slots: Slots::default(),
            options,
            used: Usage::default(),
            stack: None,
            outer_stacks: Vec::new(),
            paused: Vec::new(),
            moves: 0,
            host,
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            instances: Vec::new(),
        });
        // SAFETY: R1: the head is the first field of the store, whose address is final now.
        unsafe { (*(*store.as_ptr()).host.as_ptr()).data.store = store.as_ptr().cast() };
        store
    }
    /// The address that it was made with, which stays good when what borrows the store ends.
    pub fn address(&self) -> *mut StoreData {
        self.host.data.store
    }
    /// What guests may use.
    pub fn limits(&self) -> Limits {
        self.options.limits
    }
    /// Sets what guests may use from now on. The stack's size changes when nothing runs.
    pub fn set_limits(&mut self, limits: Limits) {
        let same_stack = self.options.limits.stack_bytes == limits.stack_bytes;
        self.options.limits = limits;
        self.heap.limit = limits.gc_heap_bytes;
        if !same_stack && self.head.depth.get() == 0 {
            self.stack = None;
            self.head.stack_top.set(ptr::null_mut());
            self.head.set_stack_limit(ptr::null_mut());
        }
    }
    /// Whether code looks for interrupts.
    pub fn has_interrupts(&self) -> bool {
        self.options.interrupts
    }
    /// Raising them stops what runs, once.
    pub fn signals(&self) -> &Arc<Signals> {
        &self.head.signals
    }
    /// Bytes of all memories.
    pub fn memory_bytes(&self) -> u64 {
        self.used.memory_bytes
    }
    /// The modules of the instances.
    #[cfg(feature = "counting")]
    pub fn modules(&self) -> impl Iterator<Item = &(dyn Any + Send + Sync)> {
        self.instances.iter().filter_map(|instance| instance.module.as_deref())
    }
    /// Instances that are there.
    pub fn instance_count(&self) -> u64 {
        self.instances.len() as u64
    }
    /// Whether code charges fuel.
    pub fn has_fuel(&self) -> bool {
        self.options.fuel
    }
    /// Takes the error that a host function fails with; an exception of this store is thrown.
    #[cold]
    pub fn fail_with(&mut self, error: Error) {
        let thrown = error.exception().and_then(|exception| exception.bits(self).ok());
        self.heap.thrown = thrown.unwrap_or(0);
        self.pending = Some(error);
    }
    /// Makes the value stack, if there is none yet.
    ///
    /// # Errors
    /// Limit: there is not that much memory.
    #[cold]
    pub fn make_stack(&mut self) -> Result<(), Error> {
        if self.stack.is_none() {
            let bytes = self.options.limits.stack_bytes;
            let none = || Error::limit("bytes of value stack", bytes, 0);
            let stack = self.stack.insert(ValueStack::new(bytes).ok_or_else(none)?);
            self.head.stack_top.set(stack.start());
            self.head.set_stack_limit(stack.limit());
        }
        Ok(())
    }
    /// Adds a host function; `entry` is that of all of them.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn add_host_func(
        &mut self,
        entry: &'static CodeEntry,
        shape: FuncShape,
        index: u32,
    ) -> Result<*const FuncData, Error> {
        let host = self.host.as_ptr().cast_const().cast();
        push(&mut self.funcs, FuncData::new(entry, entry.start(), host, shape, index))
    }
    /// Adds a memory.
    ///
    /// # Errors
    /// Limit: it is larger than the store's limit, or than there is memory.
    pub fn add_memory(&mut self, ty: MemoryType) -> Result<*const MemoryData, Error> {
        let bytes = ty.limits.min.saturating_mul(1 << ty.page_size_log2);
        let page = 1_u64 << ty.page_size_log2;
        let total = self.check_memory(bytes, ty.limits.max.map(|max| max.saturating_mul(page)))?;
        let memory = Memory::new(ty, self.options.guard_pages, self.creator.as_ref())?;
        self.own_memory(memory, total)
    }
    /// Adds a memory in a block of the embedder's.
    ///
    /// # Errors
    /// Limit: the block is too small, or the store's limit.
    pub fn add_memory_in(
        &mut self,
        ty: MemoryType,
        block: MemoryBlock,
    ) -> Result<*const MemoryData, Error> {
        let memory = Memory::in_block(ty, block)?;
        let total = self.check_memory(memory.len(), None)?;
        self.own_memory(memory, total)
    }
    /// There are so many bytes of memories then.
    fn own_memory(&mut self, mut memory: Memory, total: u64) -> Result<*const MemoryData, Error> {
        memory.owner = self.slots.adding;
        let memory = push(&mut self.memories, memory)?;
        self.used.memory_bytes = total;
        Ok(memory.cast())
    }
    /// Whether there may be another memory of so many bytes; the bytes of all memories then.
    fn check_memory(&self, bytes: u64, max_bytes: Option<u64>) -> Result<u64, Error> {
        let Limits { memory_bytes: limit, memories, .. } = self.options.limits;
        let total = self.used.memory_bytes.saturating_add(bytes);
        if total > limit {
            return Err(Error::limit("bytes of memory", total, limit));
        }
        check_count("memories", self.memories.len(), memories)?;
        if !self.is_granted(Wish::Memory { from_bytes: 0, to_bytes: bytes, max_bytes }) {
            return Err(Error::limit("bytes of memory for the limiter", bytes, 0));
        }
        Ok(total)
    }
    /// Adds a memory that other stores may have, too. It is charged with its size of now, and with
    /// what this store's guests make it grow.
    ///
    /// # Errors
    /// Limit: it is larger than the store's limit.
    pub fn add_shared_memory(&mut self, shared: Arc<Shared>) -> Result<*const MemoryData, Error> {
        let total = self.check_memory(shared.len(), None)?;
        self.own_memory(Memory::of_shared(shared), total)
    }
    /// Adds a table.
    ///
    /// # Errors
    /// Limit: it is larger than the store's limit, or than there is memory.
    pub fn add_table(&mut self, ty: TableType, init: u64) -> Result<*const TableData, Error> {
        let limit = self.options.limits.table_elements;
        let total = self.used.table_elements.saturating_add(ty.limits.min);
        if total > limit {
            return Err(Error::limit("elements of tables", total, limit));
        }
        check_count("tables", self.tables.len(), self.options.limits.tables)?;
        if !self.is_granted(Wish::Table { from: 0, to: ty.limits.min, max: ty.limits.max }) {
            return Err(Error::limit("elements of tables for the limiter", ty.limits.min, 0));
        }
        let mut table = Table::new(ty, init)?;
        table.owner = self.slots.adding;
        let table = push(&mut self.tables, table)?;
        self.used.table_elements = total;
        Ok(table.cast())
    }
    /// Adds a global.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn add_global(
        &mut self,
        ty: GlobalType,
        value: [u64; 2],
    ) -> Result<*const GlobalData, Error> {
        let data = GlobalData { value: Cell::new(value) };
        let global = push(&mut self.globals, Global { data, ty, owner: self.slots.adding })?;
        Ok(global.cast())
    }
    /// Adds a tag.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn add_tag(&mut self, ty: TypeId) -> Result<*const Tag, Error> {
        let slots = FuncShape::of(ty, self.registry.get(ty).func()).param_slots;
        push(&mut self.tags, Tag { ty, slots, owner: self.slots.adding })
    }
    /// Whether there may be another instance.
    ///
    /// # Errors
    /// Limit: there are as many as there may be.
    pub fn check_instances(&self) -> Result<(), Error> {
        let limit = self.options.limits.instances;
        let there = self.instances.len();
        check_count("instances", there, limit)?;
        if self.is_granted(Wish::Instance { there: there as u64 }) {
            return Ok(());
        }
        Err(Error::limit("instances for the limiter", there as u64 + 1, there as u64))
    }
    /// Adds an instance, whose arrays are filled in and linked.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn add_instance(&mut self, instance: Owned<Instance>) -> Result<*const Instance, Error> {
        let address = instance.as_ptr();
        room::push(&mut self.instances, instance)?;
        Ok(address)
    }
    /// What there is now.
    pub fn mark(&self) -> Mark {
        Mark {
            used: self.used,
            tables: self.tables.len(),
            memories: self.memories.len(),
            globals: self.globals.len(),
            tags: self.tags.len(),
        }
    }
    /// Frees what was added since: objects of an instance that did not come about, which nobody
    /// has seen.
    pub fn roll_back(&mut self, mark: Mark) {
        self.used = mark.used;
        self.tables.truncate(mark.tables);
        self.memories.truncate(mark.memories);
        self.globals.truncate(mark.globals);
        self.tags.truncate(mark.tags);
    }
    /// Grows a memory; the old size in pages. Instances know a new base at once; frames
    /// are up to the caller.
    ///
    /// # Safety
    /// It is a memory of this store (R1).
    pub unsafe fn grow_memory(
        &mut self,
        memory: *const MemoryData,
        pages: u64,
    ) -> Result<u64, Denied> {
        // SAFETY: R1: promised by the caller; the handlers' part is its first field.
        let object = unsafe { &mut *memory.cast_mut().cast::<Memory>() };
        let base = object.base();
        if !self.may_grow_memory(object, pages) {
            return Err(Denied::ByLimit);
        }
        let old = object.grow(pages).ok_or(Denied::BySystem)?;
        self.used.memory_bytes += pages << object.ty.page_size_log2;
        let moved = object.base();
        if moved != base {
            self.moves += 1;
            for instance in &self.instances {
                if instance.data.memory0.get() == base {
                    instance.data.memory0.set(moved);
                }
            }
        }
        Ok(old)
    }
    /// Grows a table; the old size.
    ///
    /// # Safety
    /// It is a table of this store (R1).
    pub unsafe fn grow_table(
        &mut self,
        table: *const TableData,
        count: u64,
        init: u64,
    ) -> Result<u64, Denied> {
        // SAFETY: R1: promised by the caller; the handlers' part is its first field.
        let object = unsafe { &mut *table.cast_mut().cast::<Table>() };
        if !self.may_grow_table(object, count) {
            return Err(Denied::ByLimit);
        }
        let old = object.grow(count, init).ok_or(Denied::BySystem)?;
        self.used.table_elements += count;
        Ok(old)
    }
    /// Whether the type and the limits allow a memory to grow.
    fn may_grow_memory(&self, object: &Memory, pages: u64) -> bool {
        let total = pages
            .checked_mul(1 << object.ty.page_size_log2)
            .and_then(|added| self.used.memory_bytes.checked_add(added));
        let within = total.is_some_and(|total| total <= self.options.limits.memory_bytes);
        let bytes = |pages: u64| pages.saturating_mul(1 << object.ty.page_size_log2);
        let wish = || Wish::Memory {
            from_bytes: object.len(),
            to_bytes: object.len() + bytes(pages),
            max_bytes: object.ty.limits.max.map(bytes),
        };
        object.allows(pages) && (pages == 0 || within && self.is_granted(wish()))
    }
    /// Whether the type and the limits allow a table to grow.
    fn may_grow_table(&self, object: &Table, count: u64) -> bool {
        let total = self.used.table_elements.checked_add(count);
        let within = total.is_some_and(|total| total <= self.options.limits.table_elements);
        let allowed = object.len().checked_add(count).is_some_and(|len| object.allows(len));
        let wish = || Wish::Table {
            from: object.len(),
            to: object.len() + count,
            max: object.ty.limits.max,
        };
        count == 0 || within && allowed && self.is_granted(wish())
    }
}

/// Whether there may be one more.
fn check_count(what: &'static str, there: usize, limit: u64) -> Result<(), Error> {
    if (there as u64) < limit { Ok(()) } else { Err(Error::limit(what, there as u64 + 1, limit)) }
}
/// Adds an object; its address.
fn push<O>(objects: &mut Vec<Owned<O>>, object: O) -> Result<*const O, Error> {
    let object = Owned::try_new(object)?;
    let address = object.as_ptr();
    room::push(objects, object)?;
    Ok(address)
}

/// Why something does not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Its type, the store's limits or the embedder do not allow it.
    ByLimit,
    /// The system has not as much.
    BySystem,
}
impl Denied {
    /// What a guest gets: -1, unless that would tell it about the machine it runs on.
    fn for_guest(self, deterministic: bool) -> Result<u64, Trap> {
        match self {
            Denied::BySystem if deterministic => Err(Trap::AllocationTooLarge),
            _ => Ok(u64::MAX),
        }
    }
}

/// See [`StoreData::memory_grow`].
unsafe fn memory_grow(
    store: *mut StoreData,
    memory: *const MemoryData,
    pages: u64,
) -> Result<u64, Trap> {
    // SAFETY: R1: the head is the first field of the store, and handlers lend it (R6).
    unsafe {
        let store = &mut *store.cast::<Store>();
        let grown = store.grow_memory(memory, pages);
        grown.or_else(|denied| denied.for_guest(store.options.deterministic))
    }
}
/// See [`StoreData::table_grow`].
unsafe fn table_grow(
    store: *mut StoreData,
    table: *const TableData,
    count: u64,
    init: u64,
) -> Result<u64, Trap> {
    // SAFETY: R1, R6: as above.
    unsafe {
        let store = &mut *store.cast::<Store>();
        let grown = store.grow_table(table, count, init);
        grown.or_else(|denied| denied.for_guest(store.options.deterministic))
    }
}
