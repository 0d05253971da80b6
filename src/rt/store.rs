//! The store (spec §4.2.3): it owns every object, each at an address of its own, until it is
//! dropped.
#![allow(unsafe_code)]

use super::error::Error;
use super::layout::{
    CodeEntry, FuncData, GlobalData, InstanceData, MemoryData, ResultClass, SegmentData, StoreData,
    TableData,
};
use super::memory::Memory;
use crate::ir::code::ModuleCode;
use crate::wasm::module::ExternType;
use crate::wasm::types::{FuncType, GlobalType, MemoryType, TableType, TypeId};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::Cell;
use core::ptr;

/// What a store's guests may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of all memories together.
    pub memory_bytes: u64,
    /// Elements of each table.
    pub table_elements: u64,
    /// Instances.
    pub instances: u64,
    /// How deep calls from host to guest may be nested in each other.
    pub host_call_depth: u32,
}
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory_bytes: u64::MAX,
            table_elements: 10_000_000,
            instances: 1_000_000,
            host_call_depth: 400,
        }
    }
}

/// Slots above the stack limit: for the header and results of a call that is refused or host-made.
const STACK_HEADROOM: usize = 2_200;

/// A table and its elements.
#[repr(C)]
pub struct Table {
    /// What handlers read.
    pub data: TableData,
    /// Its type.
    pub ty: TableType,
    elements: Vec<u64>,
}
impl Table {
    /// A table of the type's minimal size.
    ///
    /// # Errors
    /// Limit: it is larger than `limit`, or than there is memory.
    pub fn new(ty: TableType, init: u64, limit: u64) -> Result<Table, Error> {
        let data = TableData { elements: Cell::new(ptr::null_mut()), len: Cell::new(0) };
        let mut table = Table { data, ty, elements: Vec::new() };
        match table.grow(ty.limits.min, init, limit) {
            Some(_) => Ok(table),
            None => Err(Error::limit("table elements", ty.limits.min, limit)),
        }
    }
    /// The element at `index`.
    pub fn get(&self, index: u64) -> Option<u64> {
        let in_range = index < self.data.len.get();
        // SAFETY: R1: handlers write elements too, through this pointer.
        in_range.then(|| unsafe { *self.data.elements.get().add(index as usize) })
    }
    /// Sets the element at `index`; false if there is none.
    pub fn set(&mut self, index: u64, value: u64) -> bool {
        let in_range = index < self.data.len.get();
        if in_range {
            // SAFETY: R1.
            unsafe { *self.data.elements.get().add(index as usize) = value };
        }
        in_range
    }
    /// Grows by `count` elements; the old size, or `None`.
    pub fn grow(&mut self, count: u64, init: u64, limit: u64) -> Option<u64> {
        let old = self.elements.len() as u64;
        let new = old.checked_add(count)?;
        let most = if self.ty.limits.is_64 { u64::MAX } else { u64::from(u32::MAX) };
        if new > self.ty.limits.max.unwrap_or(most).min(most) || (new > limit && count > 0) {
            return None;
        }
        self.elements.try_reserve(usize::try_from(count).ok()?).ok()?;
        self.elements.resize(usize::try_from(new).ok()?, init);
        self.data.elements.set(self.elements.as_mut_ptr());
        self.data.len.set(new);
        Some(old)
    }
}

/// A global and its type.
#[repr(C)]
pub struct Global {
    /// What handlers read.
    pub data: GlobalData,
    /// Its type.
    pub ty: GlobalType,
}

/// A tag (spec §4.2.10).
pub struct Tag {
    /// The canonical type.
    pub ty: TypeId,
}

/// An object that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Object {
    Func(*const FuncData),
    Table(*const TableData),
    Memory(*const MemoryData),
    Global(*const GlobalData),
    Tag(*const Tag),
}
impl Object {
    /// Its type; the least size of a memory or table is its current size.
    ///
    /// # Safety
    /// It is an object of a live store (R1).
    pub unsafe fn ty(self) -> ExternType {
        // SAFETY: R1: the handlers' part is the first field of each object.
        unsafe {
            match self {
                Object::Func(func) => ExternType::Func((*func).ty),
                Object::Table(table) => {
                    let mut ty = (*table.cast::<Table>()).ty;
                    ty.limits.min = (*table).len.get();
                    ExternType::Table(ty)
                }
                Object::Memory(memory) => {
                    let memory = &*memory.cast::<Memory>();
                    let mut ty = memory.ty;
                    ty.limits.min = memory.size();
                    ExternType::Memory(ty)
                }
                Object::Global(global) => ExternType::Global((*global.cast::<Global>()).ty),
                Object::Tag(tag) => ExternType::Tag((*tag).ty),
            }
        }
    }
}

/// A module instance and what belongs to it alone.
#[repr(C)]
pub struct Instance {
    /// What handlers read; it points into the fields below.
    pub data: InstanceData,
    /// Functions by index, imports first.
    pub funcs: Box<[*const FuncData]>,
    /// The functions that the module defines.
    pub defined: Box<[FuncData]>,
    /// Tables.
    pub tables: Box<[*const TableData]>,
    /// Memories.
    pub memories: Box<[*const MemoryData]>,
    /// Globals.
    pub globals: Box<[*const GlobalData]>,
    /// Tags.
    pub tags: Box<[*const Tag]>,
    /// Element segments.
    pub elems: Box<[SegmentData]>,
    /// Their elements.
    pub elem_storage: Vec<Box<[u64]>>,
    /// Data segments: their bytes are the module's.
    pub datas: Box<[SegmentData]>,
    /// Keeps the module.
    pub module: Option<Arc<dyn Any + Send + Sync>>,
}
impl Instance {
    /// An instance without anything, whose arrays are filled in before `link`.
    pub fn empty(store: *mut StoreData) -> Instance {
        Instance {
            data: InstanceData {
                store,
                memory0: Cell::new(ptr::null_mut()),
                funcs: ptr::null(),
                globals: ptr::null(),
                tables: ptr::null(),
                memories: ptr::null(),
                elems: ptr::null(),
                datas: ptr::null(),
                module: ptr::null(),
            },
            funcs: Box::default(),
            defined: Box::default(),
            tables: Box::default(),
            memories: Box::default(),
            globals: Box::default(),
            tags: Box::default(),
            elems: Box::default(),
            elem_storage: Vec::new(),
            datas: Box::default(),
            module: None,
        }
    }
    /// Points the handlers' part at the arrays. `empty` is the base of a memory without bytes.
    pub fn link(&mut self, empty: *mut u8) {
        self.data.funcs = self.funcs.as_ptr();
        self.data.globals = self.globals.as_ptr();
        self.data.tables = self.tables.as_ptr();
        self.data.memories = self.memories.as_ptr();
        self.data.elems = self.elems.as_ptr();
        self.data.datas = self.datas.as_ptr();
        // SAFETY: R1: the memory is an object of the store.
        let base = self.memories.first().map_or(empty, |&memory| unsafe { (*memory).base.get() });
        self.data.memory0.set(base);
    }
}

/// The untyped part of a store. Handlers reach it from its first field.
#[expect(clippy::vec_box, reason = "objects stay where they are: handlers know their addresses")]
#[repr(C)]
pub struct Store {
    /// What handlers read.
    pub head: StoreData,
    /// The store's number: handles carry it.
    pub id: u64,
    /// What guests may use.
    pub limits: Limits,
    /// Bytes of all memories together.
    pub memory_bytes: u64,
    /// The typed store that this one belongs to.
    pub owner: *mut (),
    /// Why a host function failed, until the API takes it.
    pub pending: Option<Error>,
    /// The instance that host functions run in.
    pub host: Box<Instance>,
    /// Values that `externref`s stand for, by index.
    pub externs: Vec<Box<dyn Any + Send + Sync>>,
    empty: Box<Memory>,
    _stack: Box<[u64]>,
    funcs: Vec<Box<FuncData>>,
    tables: Vec<Box<Table>>,
    memories: Vec<Box<Memory>>,
    globals: Vec<Box<Global>>,
    tags: Vec<Box<Tag>>,
    instances: Vec<Box<Instance>>,
}

/// How a store calls host functions; see [`StoreData::host_call`].
pub type HostCall =
    unsafe fn(*mut StoreData, *const FuncData, *const InstanceData, *mut u64) -> bool;

impl Store {
    /// A store with a value stack of `stack_slots`.
    ///
    /// # Errors
    /// Limit: there is not that much memory.
    pub fn new(id: u64, stack_slots: usize, host_call: HostCall) -> Result<Box<Store>, Error> {
        // Zeroed memory that is asked for as such is there once it is touched.
        let mut stack = alloc::vec![0u64; stack_slots + STACK_HEADROOM].into_boxed_slice();

        let start = stack.as_mut_ptr();
        let empty = Memory::new(MemoryType {
            limits: crate::wasm::types::Limits { min: 0, max: Some(0), is_64: false },
            shared: false,
            page_size_log2: 16,
        })?;
        let head = StoreData {
            // SAFETY: R4: within the stack.
            stack_limit: Cell::new(unsafe { start.add(stack_slots) }),
            fuel: Cell::new(i64::MAX),
            stack_top: Cell::new(start),
            stop_ip: Cell::new(ptr::null()),
            stop_fp: Cell::new(ptr::null_mut()),
            depth: Cell::new(0),
            host_call,
            memory_grow,
            table_grow,
            unsupported: Cell::new(None),
        };
        let mut store = Box::new(Store {
            head,
            id,
            limits: Limits::default(),
            memory_bytes: 0,
            owner: ptr::null_mut(),
            pending: None,
            host: Box::new(Instance::empty(ptr::null_mut())),
            externs: Vec::new(),
            empty: Box::new(empty),
            _stack: stack,
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            instances: Vec::new(),
        });
        let head = ptr::from_mut(&mut *store).cast::<StoreData>();
        store.host.data.store = head;
        let base = store.empty.base();
        store.host.link(base);
        Ok(store)
    }
    /// The address that handlers know the store by.
    pub fn head(&mut self) -> *mut StoreData {
        ptr::from_mut(self).cast()
    }
    /// The base of a memory without bytes.
    pub fn empty_memory(&self) -> *mut u8 {
        self.empty.base()
    }
    /// Adds a host function; `entry` is the host stub.
    pub fn add_host_func(
        &mut self,
        entry: *const CodeEntry,
        type_id: TypeId,
        ty: &FuncType,
        index: u32,
    ) -> *const FuncData {
        let slots =
            |types: &[crate::wasm::types::ValType]| types.iter().map(|ty| ty.slots() as u32).sum();
        let func = Box::new(FuncData {
            entry,
            instance: ptr::from_ref(&*self.host).cast(),
            ty: type_id,
            param_slots: slots(&ty.params),
            result_slots: slots(&ty.results),
            index,
            is_host: true,
            result_class: ResultClass::of(&ty.results),
        });
        let address = ptr::from_ref(&*func);
        self.funcs.push(func);
        address
    }
    /// The functions of an instance, for its module's code.
    pub fn defined_funcs<'a>(
        code: &'a ModuleCode,
        types: impl Iterator<Item = (TypeId, &'a FuncType)> + 'a,
        instance: *const InstanceData,
        first: u32,
    ) -> impl Iterator<Item = FuncData> + 'a {
        let slots =
            |types: &[crate::wasm::types::ValType]| types.iter().map(|ty| ty.slots() as u32).sum();
        code.entries().iter().zip(types).enumerate().map(move |(i, (entry, (id, ty)))| FuncData {
            entry,
            instance,
            ty: id,
            param_slots: slots(&ty.params),
            result_slots: slots(&ty.results),
            index: first + i as u32,
            is_host: false,
            result_class: ResultClass::of(&ty.results),
        })
    }
    /// Adds a memory.
    ///
    /// # Errors
    /// Limit: it is larger than the store's limit, or than there is memory.
    pub fn add_memory(&mut self, ty: MemoryType) -> Result<*const MemoryData, Error> {
        let limit = || Error::limit("memory bytes", u64::MAX, u64::MAX);
        let bytes = ty.limits.min.checked_mul(1 << ty.page_size_log2).ok_or_else(limit)?;
        let total = self.memory_bytes.checked_add(bytes).ok_or_else(limit)?;
        if total > self.limits.memory_bytes {
            return Err(Error::limit("memory bytes", total, self.limits.memory_bytes));
        }
        let memory = Box::new(Memory::new(ty)?);
        self.memory_bytes = total;
        let address = ptr::from_ref(&*memory).cast();
        self.memories.push(memory);
        Ok(address)
    }
    /// Adds a table.
    ///
    /// # Errors
    /// Limit: it is larger than the store's limit, or than there is memory.
    pub fn add_table(&mut self, ty: TableType, init: u64) -> Result<*const TableData, Error> {
        let table = Box::new(Table::new(ty, init, self.limits.table_elements)?);
        let address = ptr::from_ref(&*table).cast();
        self.tables.push(table);
        Ok(address)
    }
    /// Adds a global.
    pub fn add_global(&mut self, ty: GlobalType, value: [u64; 2]) -> *const GlobalData {
        let global = Box::new(Global { data: GlobalData { value: Cell::new(value) }, ty });
        let address = ptr::from_ref(&*global).cast();
        self.globals.push(global);
        address
    }
    /// Adds a tag.
    pub fn add_tag(&mut self, ty: TypeId) -> *const Tag {
        let tag = Box::new(Tag { ty });
        let address = ptr::from_ref(&*tag);
        self.tags.push(tag);
        address
    }
    /// Adds an instance, whose arrays are filled in and linked.
    pub fn add_instance(&mut self, instance: Box<Instance>) -> *const Instance {
        let address = ptr::from_ref(&*instance);
        self.instances.push(instance);
        address
    }
    /// How many instances there are.
    pub fn instance_count(&self) -> u64 {
        self.instances.len() as u64
    }
    /// Grows a memory; the old size in pages, or `None`.
    pub fn grow_memory(&mut self, memory: *const MemoryData, pages: u64) -> Option<u64> {
        // SAFETY: R1: a memory of this store; the handlers' part is its first field.
        let object = unsafe { &mut *memory.cast_mut().cast::<Memory>() };
        let (before, base) = (object.len(), object.base());
        let total = self.memory_bytes - before + object.grown_len(pages)?;
        if total > self.limits.memory_bytes {
            return None;
        }
        let old = object.grow(pages)?;
        self.memory_bytes = total;
        let moved = object.base();
        if moved != base {
            for instance in &self.instances {
                if instance.data.memory0.get() == base {
                    instance.data.memory0.set(moved);
                }
            }
        }
        Some(old)
    }
    /// Grows a table; the old size, or `None`.
    pub fn grow_table(&mut self, table: *const TableData, count: u64, init: u64) -> Option<u64> {
        // SAFETY: R1: a table of this store; the handlers' part is its first field.
        let object = unsafe { &mut *table.cast_mut().cast::<Table>() };
        object.grow(count, init, self.limits.table_elements)
    }
}

/// See [`StoreData::memory_grow`].
unsafe fn memory_grow(store: *mut StoreData, memory: *const MemoryData, pages: u64) -> u64 {
    // SAFETY: R1: the head is the first field of the store.
    unsafe { (*store.cast::<Store>()).grow_memory(memory, pages).unwrap_or(u64::MAX) }
}
/// See [`StoreData::table_grow`].
unsafe fn table_grow(store: *mut StoreData, table: *const TableData, count: u64, init: u64) -> u64 {
    // SAFETY: R1: the head is the first field of the store.
    unsafe { (*store.cast::<Store>()).grow_table(table, count, init).unwrap_or(u64::MAX) }
}
