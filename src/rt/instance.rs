//! Instances, and the objects that they import and export (spec §4.2.5, §4.2.12).
#![allow(unsafe_code)]

use super::layout::{
    FuncData, GlobalData, InstanceData, MemoryData, MemoryHead, SegmentData, StoreData, TableData,
};
use super::memory::Memory;
use super::owner::HOST;
use super::signals::{Signals, Stoppable};
use super::table::Table;
use crate::wasm::module::ExternType;
use crate::wasm::types::{GlobalType, TypeId};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::Cell;
use core::ptr;

/// A global and its type.
#[repr(C)]
pub struct Global {
    /// What handlers read.
    pub data: GlobalData,
    /// Its type.
    pub ty: GlobalType,
    /// The place of the instance that it belongs to.
    pub owner: u32,
}

/// A tag (spec §4.2.10).
pub struct Tag {
    /// The canonical type.
    pub ty: TypeId,
    /// Slots of the values of its exceptions.
    pub slots: u32,
    /// The place of the instance that it belongs to.
    pub owner: u32,
}

/// An object that can be imported and exported, by its address.
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
                Object::Func(func) => ExternType::Func((*func).shape.ty),
                Object::Table(table) => {
                    let table = &*table.cast::<Table>();
                    let mut ty = table.ty;
                    ty.limits.min = table.len();
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

impl Object {
    /// The place of the instance that it belongs to.
    ///
    /// # Safety
    /// It is an object of a live store (R1).
    pub unsafe fn owner(self) -> u32 {
        // SAFETY: R1: the handlers' part is the first field of each object.
        unsafe {
            match self {
                Object::Func(func) => (*(*func).instance.cast::<Instance>()).slot,
                Object::Table(table) => (*table.cast::<Table>()).owner,
                Object::Memory(memory) => (*memory.cast::<Memory>()).owner,
                Object::Global(global) => (*global.cast::<Global>()).owner,
                Object::Tag(tag) => (*tag).owner,
            }
        }
    }
}

/// A module instance and what belongs to it alone.
#[repr(C)]
pub struct Instance {
    /// What handlers read; it points into the fields below.
    pub data: InstanceData,
    /// Its place in the store.
    pub slot: u32,
    /// Functions by index, imports first.
    pub funcs: Vec<*const FuncData>,
    /// The functions that the module defines.
    pub defined: Vec<FuncData>,
    /// Tables.
    pub tables: Vec<*const TableData>,
    /// Memories.
    pub memories: Vec<*const MemoryData>,
    /// Globals.
    pub globals: Vec<*const GlobalData>,
    /// Tags.
    pub tags: Vec<*const Tag>,
    /// Element segments.
    pub elems: Vec<SegmentData>,
    /// Their elements.
    pub elem_storage: Vec<Box<[u64]>>,
    /// Data segments: their bytes are the module's.
    pub datas: Vec<SegmentData>,
    /// The memory that host functions see: the one exported as `memory`.
    pub exported_memory: Option<*const MemoryData>,
    /// Keeps the module.
    pub module: Option<Arc<dyn Any + Send + Sync>>,
    /// Lets its code be stopped.
    pub stoppable: Option<Stoppable>,
}
impl Instance {
    /// An instance without anything; its arrays are filled in, then [`Instance::link`]ed.
    pub fn empty(store: *mut StoreData, signals: *const Signals) -> Instance {
        Instance {
            data: InstanceData {
                store,
                signals,
                memory0: Cell::new(empty_memory()),
                funcs: ptr::null(),
                globals: ptr::null(),
                tables: ptr::null(),
                memories: ptr::null(),
                elems: ptr::null(),
                datas: ptr::null(),
                module: ptr::null(),
            },
            slot: HOST,
            funcs: Vec::new(),
            defined: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            elems: Vec::new(),
            elem_storage: Vec::new(),
            datas: Vec::new(),
            exported_memory: None,
            module: None,
            stoppable: None,
        }
    }
    /// Points the handlers' part at the arrays, which must not change afterwards.
    ///
    /// # Safety
    /// The memories are objects of the store (R1).
    pub unsafe fn link(&mut self) {
        self.data.funcs = self.funcs.as_ptr();
        self.data.globals = self.globals.as_ptr();
        self.data.tables = self.tables.as_ptr();
        self.data.memories = self.memories.as_ptr();
        self.data.elems = self.elems.as_ptr();
        self.data.datas = self.datas.as_ptr();
        if let Some(&memory) = self.memories.first() {
            // SAFETY: R1: promised by the caller.
            self.data.memory0.set(unsafe { (*memory).base.get() });
        }
    }
}

/// The base of a memory without bytes, for instances without one.
fn empty_memory() -> *mut u8 {
    #[repr(transparent)]
    struct Head(MemoryHead);
    // SAFETY: R2: nobody writes the length of a memory that no instance has.
    unsafe impl Sync for Head {}
    static HEAD: Head = Head(MemoryHead { reserved: [0; 7], len: Cell::new(0) });
    // SAFETY: R2: one past the head, where a memory of no bytes begins.
    unsafe { (&raw const HEAD).cast_mut().add(1).cast() }
}
