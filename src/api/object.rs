//! Memories, tables, globals and tags.
#![allow(unsafe_code)]

use super::caller::{out_of_bounds, shared};
use super::store::{Lent, LentMut};
use super::{
    AsContext, AsContextMut, Engine, Error, ExternType, Func, GlobalType, MemoryType, TableType,
    TypeLimits, Val, ValType,
};
use crate::exec::call::grow_memory;
use crate::rt::instance::{Global as GlobalObject, Object, Tag as TagObject};
use crate::rt::memory::Memory as MemoryObject;
use crate::rt::memory::block::MemoryBlock;
use crate::rt::owner::Owner;
use crate::rt::store::Store as Core;
use crate::rt::table::Table as TableObject;
use crate::wasm::trap::Trap;
use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;

macro_rules! handles { ($($(#[$doc:meta])* $name:ident $object:ty;)*) => { $(
    $(#[$doc])*
    ///
    /// A plain value; using it with another store is a Usage error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct $name {
        owner: Owner,
        address: usize,
    }
    impl $name {
        /// A handle of an object of this store.
        pub(super) fn from_address(core: &Core, address: *const $object) -> $name {
            // SAFETY: R1: promised by those who know the address.
            let owner = core.owner(unsafe { (*address).owner });
            $name { owner, address: address as usize }
        }
        pub(super) fn object<'a>(&self, cx: &'a impl AsContext) -> Result<&'a $object, Error> {
            cx.core().check(self.owner)?;
            // SAFETY: R1: it is there, and the store is lent.
            Ok(unsafe { &*(self.address as *const $object) })
        }
        #[allow(dead_code)]
        fn object_mut<'a>(&self, cx: &'a mut impl AsContextMut) -> Result<&'a mut $object, Error> {
            cx.core().check(self.owner)?;
            // SAFETY: R1, R6: it is there, and the store is lent for writing.
            Ok(unsafe { &mut *(self.address as *mut $object) })
        }
    }
)* } }
handles! {
    /// A memory of a store (spec §4.2.8).
    Memory MemoryObject;
    /// A table of a store (spec §4.2.7).
    Table TableObject;
    /// A global of a store (spec §4.2.9).
    Global GlobalObject;
    /// A tag of a store (spec §4.2.10).
    Tag TagObject;
}

/// Whether bounds are valid (spec §3.2.4).
fn valid(limits: &TypeLimits, most: u64) -> bool {
    let max = limits.max.unwrap_or(most);
    limits.min <= max && max <= most
}
/// Whether there can be such a memory (spec §3.2.15).
pub(super) fn check_memory_type(engine: &Engine, ty: &MemoryType) -> Result<(), Error> {
    let most = if ty.limits.is_64 { u64::MAX } else { u64::from(u32::MAX) };
    let most = if ty.page_size_log2 == 0 { most } else { (most >> ty.page_size_log2) + 1 };
    let shared_without_max = ty.shared && ty.limits.max.is_none();
    if !matches!(ty.page_size_log2, 0 | 16) || shared_without_max || !valid(&ty.limits, most) {
        return Err(Error::usage("not a valid memory type"));
    }
    if ty.shared && engine.is_deterministic() {
        return Err(Error::usage("a deterministic engine has no shared memories"));
    }
    Ok(())
}

impl Memory {
    /// A memory of the type's minimal size.
    ///
    /// # Errors
    /// Limit: the store's limits or the system do not allow it; Usage: the type is not valid.
    pub fn new(mut cx: impl AsContextMut, ty: MemoryType) -> Result<Memory, Error> {
        check_memory_type(&cx.inner().engine, &ty)?;
        let core = cx.core_mut();
        let memory = core.add_memory(ty)?;
        Ok(Memory::from_address(core, memory.cast()))
    }
    /// A memory in bytes of the embedder's, of which [`MemoryBlock::OVERHEAD_BYTES`] are not the
    /// guest's. It grows as long as there is room, and never elsewhere.
    ///
    /// # Errors
    /// Limit: the bytes are too few for the type's minimum, or the store's limits do not allow
    /// it; Usage: the type is not valid, or shared.
    pub fn from_static(
        mut cx: impl AsContextMut,
        ty: MemoryType,
        bytes: &'static mut [u8],
    ) -> Result<Memory, Error> {
        check_memory_type(&cx.inner().engine, &ty)?;
        if ty.shared {
            return Err(Error::usage("a shared memory has bytes of its own"));
        }
        let core = cx.core_mut();
        let memory = core.add_memory_in(ty, MemoryBlock::from_static(bytes))?;
        Ok(Memory::from_address(core, memory.cast()))
    }
    pub(super) fn memory_object<'a>(
        &self,
        cx: &'a impl AsContext,
    ) -> Result<&'a MemoryObject, Error> {
        self.object(cx)
    }
    /// The type; its minimum is the current size.
    ///
    /// # Errors
    /// Usage: the memory belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<MemoryType, Error> {
        let object = self.object(cx)?;
        let mut ty = object.ty;
        ty.limits.min = object.size();
        Ok(ty)
    }
    /// The size. *Units*: pages.
    ///
    /// # Errors
    /// Usage: the memory belongs to another store.
    pub fn size(&self, cx: &impl AsContext) -> Result<u64, Error> {
        Ok(self.object(cx)?.size())
    }
    /// Grows by `pages`; gives the old size in pages.
    ///
    /// # Errors
    /// Limit: the type, the store's limits or the system do not allow it.
    pub fn grow(&self, mut cx: impl AsContextMut, pages: u64) -> Result<u64, Error> {
        let size = self.object(&cx)?.size();
        // SAFETY: R1, R6: a memory of the store, which is lent.
        let grown = unsafe { grow_memory(cx.head(), self.address as *const _, pages) };
        grown.ok_or_else(|| Error::limit("pages of memory", size.saturating_add(pages), size))
    }
    /// The bytes.
    ///
    /// # Errors
    /// Usage: the memory belongs to another store, or is shared.
    pub fn data<'a>(&self, cx: &'a impl AsContext) -> Result<&'a [u8], Error> {
        let object = self.object(cx)?;
        if object.ty.shared { Err(shared()) } else { Ok(object.bytes()) }
    }
    /// The bytes, to be written.
    ///
    /// # Errors
    /// As for [`Memory::data`].
    pub fn data_mut<'a>(&self, cx: &'a mut impl AsContextMut) -> Result<&'a mut [u8], Error> {
        let object = self.object_mut(cx)?;
        if object.ty.shared { Err(shared()) } else { Ok(object.bytes_mut()) }
    }
    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// Trap: they are not all inside the memory; Usage: it belongs to another store.
    pub fn read(&self, cx: &impl AsContext, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        if self.object(cx)?.read(at, bytes) { Ok(()) } else { Err(out_of_bounds()) }
    }
    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// As for [`Memory::read`].
    pub fn write(&self, mut cx: impl AsContextMut, at: u64, bytes: &[u8]) -> Result<(), Error> {
        if self.object_mut(&mut cx)?.write(at, bytes) { Ok(()) } else { Err(out_of_bounds()) }
    }
}

impl Table {
    /// A table of the type's minimal size, filled with `init`.
    ///
    /// # Errors
    /// Usage: the type is not valid, or `init` is not of the element type; Limit: the table is too large.
    pub fn new(mut cx: impl AsContextMut, ty: TableType, init: Val) -> Result<Table, Error> {
        let core = cx.core_mut();
        let most = if ty.limits.is_64 { u64::MAX } else { u64::from(u32::MAX) };
        if !valid(&ty.limits, most) {
            return Err(Error::usage("not a valid table type"));
        }
        let init = init.to_bits(ValType::Ref(ty.element), core)?[0];
        let table = core.add_table(ty, init)?;
        Ok(Table::from_address(core, table.cast()))
    }
    /// The type; its minimum is the current size.
    ///
    /// # Errors
    /// Usage: the table belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<TableType, Error> {
        let object = self.object(cx)?;
        let mut ty = object.ty;
        ty.limits.min = object.len();
        Ok(ty)
    }
    /// The size. *Units*: elements.
    ///
    /// # Errors
    /// Usage: the table belongs to another store.
    pub fn size(&self, cx: &impl AsContext) -> Result<u64, Error> {
        Ok(self.object(cx)?.len())
    }
    /// The element at `index`.
    ///
    /// # Errors
    /// Trap: there is none.
    pub fn get(&self, cx: &impl AsContext, index: u64) -> Result<Val, Error> {
        let object = self.object(cx)?;
        let element = object.get(index).ok_or(Trap::TableOutOfBounds)?;
        Ok(Val::from_slots(ValType::Ref(object.ty.element), &[element, 0], cx.core()))
    }
    /// Sets the element at `index`.
    ///
    /// # Errors
    /// Trap: there is none; Usage: the value is not of the element type.
    pub fn set(&self, cx: impl AsContextMut, index: u64, value: Val) -> Result<(), Error> {
        self.fill(cx, index, value, 1)
    }
    /// Sets `count` elements from `index` on.
    ///
    /// # Errors
    /// Trap: they are not all there; Usage: the value is not of the element type.
    pub fn fill(
        &self,
        mut cx: impl AsContextMut,
        index: u64,
        value: Val,
        count: u64,
    ) -> Result<(), Error> {
        let element = ValType::Ref(self.object(&cx)?.ty.element);
        let bits = value.to_bits(element, cx.core())?[0];
        let filled = self.object_mut(&mut cx)?.fill(index, bits, count);
        if filled { Ok(()) } else { Err(Trap::TableOutOfBounds.into()) }
    }
    /// Grows by `count` elements of value `init`; gives the old size.
    ///
    /// # Errors
    /// Limit: the type or the store's limits do not allow it; Usage: as for [`Table::set`].
    pub fn grow(&self, mut cx: impl AsContextMut, count: u64, init: Val) -> Result<u64, Error> {
        let (element, size) = (ValType::Ref(self.object(&cx)?.ty.element), self.size(&cx)?);
        let bits = init.to_bits(element, cx.core())?[0];
        // SAFETY: R1: a table of the store.
        let grown = unsafe { cx.core_mut().grow_table(self.address as *const _, count, bits).ok() };
        grown.ok_or_else(|| Error::limit("elements of tables", size.saturating_add(count), size))
    }
}

impl Global {
    /// A global.
    ///
    /// # Errors
    /// Usage: the value is not of the type.
    pub fn new(mut cx: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Global, Error> {
        let core = cx.core_mut();
        let bits = value.to_bits(ty.value, core)?;
        let global = core.add_global(ty, bits)?;
        Ok(Global::from_address(core, global.cast()))
    }
    /// The type.
    ///
    /// # Errors
    /// Usage: the global belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<GlobalType, Error> {
        Ok(self.object(cx)?.ty)
    }
    /// The value.
    ///
    /// # Errors
    /// Usage: the global belongs to another store.
    pub fn get(&self, cx: &impl AsContext) -> Result<Val, Error> {
        let object = self.object(cx)?;
        Ok(Val::from_slots(object.ty.value, &object.data.value.get(), cx.core()))
    }
    /// Sets the value.
    ///
    /// # Errors
    /// Usage: the global is not mutable, or the value is not of its type.
    pub fn set(&self, mut cx: impl AsContextMut, value: Val) -> Result<(), Error> {
        let ty = self.object(&cx)?.ty;
        if !ty.mutable {
            return Err(Error::usage("the global is not mutable"));
        }
        let bits = value.to_bits(ty.value, cx.core())?;
        self.object_mut(&mut cx)?.data.value.set(bits);
        Ok(())
    }
}

impl Tag {
    /// A tag whose exceptions carry values of these types.
    pub fn new(mut cx: impl AsContextMut, params: &[ValType]) -> Tag {
        let core = cx.core_mut();
        let id = core.registry.func_type(params, &[]);
        // This one has no other way to say so.
        let no_memory = |_| handle_alloc_error(Layout::new::<TagObject>());
        let tag = core.add_tag(id).unwrap_or_else(no_memory);
        Tag::from_address(core, tag)
    }
    /// The object, if it is there, in this store.
    pub(super) fn address(self, core: &Core) -> Result<*const TagObject, Error> {
        core.check(self.owner)?;
        Ok(self.address as *const TagObject)
    }
}

/// What an instance exports, and an import can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Extern {
    Func(Func),
    Table(Table),
    Memory(Memory),
    Global(Global),
    Tag(Tag),
}
impl Extern {
    /// A handle of an object of this store.
    pub(super) fn from_object(core: &Core, object: Object) -> Extern {
        match object {
            Object::Func(func) => Extern::Func(Func::from_object(core, func)),
            Object::Table(table) => Extern::Table(Table::from_address(core, table.cast())),
            Object::Memory(memory) => Extern::Memory(Memory::from_address(core, memory.cast())),
            Object::Global(global) => Extern::Global(Global::from_address(core, global.cast())),
            Object::Tag(tag) => Extern::Tag(Tag::from_address(core, tag)),
        }
    }
    /// The object, if it is there, in this store.
    pub(super) fn object(&self, core: &Core) -> Result<Object, Error> {
        let (owner, object) = match *self {
            Extern::Func(func) => return Ok(Object::Func(func.object(core)?)),
            Extern::Table(table) => (table.owner, Object::Table(table.address as *const _)),
            Extern::Memory(memory) => (memory.owner, Object::Memory(memory.address as *const _)),
            Extern::Global(global) => (global.owner, Object::Global(global.address as *const _)),
            Extern::Tag(tag) => (tag.owner, Object::Tag(tag.address as *const _)),
        };
        core.check(owner)?;
        Ok(object)
    }
    /// The type; the minimum of a memory or table is its current size.
    ///
    /// # Errors
    /// Usage: it belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<ExternType, Error> {
        let core = cx.core();
        let object = self.object(core)?;
        // SAFETY: R1: an object of this store.
        Ok(ExternType::resolve(&core.registry, &unsafe { object.ty() }))
    }
    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        if let Extern::Func(func) = self { Some(func) } else { None }
    }
    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        if let Extern::Table(table) = self { Some(table) } else { None }
    }
    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        if let Extern::Memory(memory) = self { Some(memory) } else { None }
    }
    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        if let Extern::Global(global) = self { Some(global) } else { None }
    }
    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        if let Extern::Tag(tag) = self { Some(tag) } else { None }
    }
}
macro_rules! from { ($($name:ident),*) => { $(
    impl From<$name> for Extern {
        fn from(object: $name) -> Extern { Extern::$name(object) }
    }
)* } }
from!(Func, Table, Memory, Global, Tag);
