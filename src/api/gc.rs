//! Structures and arrays, made, read and written by the host.
#![allow(unsafe_code)]

use super::refs::{AnyRef, keeping, references};
use super::store::{Lent, LentMut};
use super::{AsContext, AsContextMut, Engine, Error, FieldType, TypeId, Val, ValType};
use crate::rt::gc::handle::Handle;
use crate::rt::gc::object::{array_len, get, put, type_of};
use crate::rt::store::Store as Core;
use crate::wasm::registry::{TypeDef, TypeRegistry};
use crate::wasm::trap::Trap;
use crate::wasm::types::{CompositeType, StorageType};
use alloc::sync::Arc;
use alloc::vec::Vec;

references! {
    /// A reference to a structure (spec §4.2.14).
    StructRef;
    /// A reference to an array (spec §4.2.14).
    ArrayRef;
}

/// The type of an object.
pub(super) fn def<'a>(bits: u64) -> &'a TypeDef {
    // SAFETY: R9: the reference comes from an entry, which keeps the object alive; types live as
    // long as the engine.
    unsafe { type_of(bits as *const u8) }
}

impl Engine {
    /// The type of structures with these fields: final, without supertype, in a group of its own.
    ///
    /// # Errors
    /// Limit: there are too many fields, or types; Usage: a field is of a type that there is not.
    pub fn struct_type(&self, fields: &[FieldType]) -> Result<TypeId, Error> {
        fields.iter().try_for_each(|field| self.check_field(field))?;
        self.registry().add(CompositeType::Struct(fields.into())).map_err(too_many)
    }
    /// The type of arrays of such elements, as for [`Engine::struct_type`].
    ///
    /// # Errors
    /// As for [`Engine::struct_type`].
    pub fn array_type(&self, element: FieldType) -> Result<TypeId, Error> {
        self.check_field(&element)?;
        self.registry().add(CompositeType::Array(element)).map_err(too_many)
    }
    /// The fields of a type of structures.
    ///
    /// # Errors
    /// Usage: it is none.
    pub fn struct_fields(&self, ty: TypeId) -> Result<Vec<FieldType>, Error> {
        let def = find(self.registry(), ty)?;
        def.fields().map(Into::into).ok_or_else(no_structure)
    }
    /// The elements of a type of arrays.
    ///
    /// # Errors
    /// Usage: it is none.
    pub fn array_element(&self, ty: TypeId) -> Result<FieldType, Error> {
        find(self.registry(), ty)?.element().ok_or_else(no_array)
    }
    fn check_field(&self, field: &FieldType) -> Result<(), Error> {
        match field.storage {
            StorageType::Val(ValType::Ref(ty)) if !self.registry().knows(ty.heap) => {
                Err(Error::usage(alloc::format!("there is no type {}", ty.heap)))
            }
            _ => Ok(()),
        }
    }
}
fn too_many(count: u64) -> Error {
    Error::limit("fields of a structure, or types", count, crate::wasm::limits::FIELDS as u64)
}

/// The type of a field or element as a value.
fn unpacked(storage: StorageType) -> ValType {
    match storage {
        StorageType::I8 | StorageType::I16 => ValType::I32,
        StorageType::Val(ty) => ty,
    }
}
fn find(registry: &TypeRegistry, ty: TypeId) -> Result<Arc<TypeDef>, Error> {
    let def = registry.lookup(ty).cloned();
    def.ok_or_else(|| Error::usage(alloc::format!("there is no type {}", ty.0)))
}
fn too_large(core: &Core, bytes: u64) -> Error {
    Error::limit("bytes of objects", bytes, core.limits().gc_heap_bytes)
}
fn has_default(storage: StorageType) -> bool {
    !matches!(storage, StorageType::Val(ValType::Ref(ty)) if !ty.nullable)
}
/// Values as the slots of fields of these types.
fn slots<'a>(
    values: &[Val],
    fields: impl Iterator<Item = &'a FieldType>,
    core: &Core,
) -> Result<Vec<[u64; 2]>, Error> {
    let to_bits = |(value, field): (&Val, &FieldType)| value.to_bits(unpacked(field.storage), core);
    values.iter().zip(fields).map(to_bits).collect()
}

impl AnyRef {
    /// The same reference as one to a structure, if it is one.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or has ended.
    pub fn as_struct(self, cx: &impl AsContext) -> Result<Option<StructRef>, Error> {
        let is_struct = self.is_a(cx, super::HeapType::Struct)?;
        Ok(is_struct.then_some(StructRef(self.0)))
    }
    /// The same reference as one to an array, if it is one.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or has ended.
    pub fn as_array(self, cx: &impl AsContext) -> Result<Option<ArrayRef>, Error> {
        let is_array = self.is_a(cx, super::HeapType::Array)?;
        Ok(is_array.then_some(ArrayRef(self.0)))
    }
}
impl From<StructRef> for AnyRef {
    fn from(object: StructRef) -> AnyRef {
        AnyRef(object.0)
    }
}
impl From<ArrayRef> for AnyRef {
    fn from(array: ArrayRef) -> AnyRef {
        AnyRef(array.0)
    }
}

/// A reference to an object that was just made.
fn made(object: *mut u8, core: &Core) -> Result<Handle, Error> {
    Handle::from_bits(object as u64, core).ok_or_else(|| Error::usage("null"))
}

impl StructRef {
    /// A structure with these values in its fields; packed fields take the low bits of an i32.
    ///
    /// # Errors
    /// Usage: it is not the type of a structure, or of one with a descriptor, which only guests
    /// make, or the values are not those of its fields; Limit: the heap is full.
    pub fn new(mut cx: impl AsContextMut, ty: TypeId, values: &[Val]) -> Result<StructRef, Error> {
        let core = cx.core_mut();
        let ty = struct_type(core, ty)?;
        let fields = ty.fields().unwrap_or_default();
        if fields.len() != values.len() {
            let (given, needed) = (values.len(), fields.len());
            return Err(Error::usage(alloc::format!("{given} values for {needed} fields")));
        }
        let slots = slots(values, fields.iter(), core)?;
        let object = StructRef::alloc(core, &ty)?;
        for (place, slots) in ty.layout.fields.iter().zip(&slots) {
            // SAFETY: R9: a field of the new object.
            unsafe { put(object.add(place.offset as usize), place.size_log2, slots.as_ptr()) };
        }
        made(object, core).map(StructRef)
    }
    /// A structure of zeros and nulls.
    ///
    /// # Errors
    /// As for [`StructRef::new`]; Usage: a field has no default.
    pub fn new_default(mut cx: impl AsContextMut, ty: TypeId) -> Result<StructRef, Error> {
        let core = cx.core_mut();
        let ty = struct_type(core, ty)?;
        if !ty.fields().unwrap_or_default().iter().all(|field| has_default(field.storage)) {
            return Err(Error::usage("a field has no default value"));
        }
        let object = StructRef::alloc(core, &ty)?;
        made(object, core).map(StructRef)
    }
    fn alloc(core: &mut Core, ty: &TypeDef) -> Result<*mut u8, Error> {
        // SAFETY: R10: the host holds entries, and guests wait in frames below the top.
        let object = unsafe { core.alloc_struct(ty) };
        object.ok_or_else(|| too_large(core, u64::from(ty.layout.size)))
    }
    /// The type.
    ///
    /// # Errors
    /// Usage: the structure belongs to another store, or the reference has ended.
    pub fn ty(self, cx: &impl AsContext) -> Result<TypeId, Error> {
        Ok(def(self.bits(cx.core())?).id)
    }
    /// The types of the fields.
    ///
    /// # Errors
    /// As for [`StructRef::ty`].
    pub fn fields(self, cx: &impl AsContext) -> Result<Vec<FieldType>, Error> {
        Ok(def(self.bits(cx.core())?).fields().unwrap_or_default().into())
    }
    /// Place and type of a field, and its size.
    fn field(self, core: &Core, index: usize) -> Result<(*mut u8, FieldType, u8), Error> {
        let object = self.bits(core)?;
        let def = def(object);
        let field = def.fields().and_then(|fields| fields.get(index));
        match (field, def.layout.fields.get(index)) {
            (Some(&ty), Some(place)) => {
                let at = (object as *mut u8).wrapping_add(place.offset as usize);
                Ok((at, ty, place.size_log2))
            }
            _ => Err(Error::usage(alloc::format!("there is no field {index}"))),
        }
    }
    /// The value of a field; a packed one without its sign.
    ///
    /// # Errors
    /// Usage: there is no such field; otherwise as for [`StructRef::ty`].
    pub fn get(self, cx: &impl AsContext, index: usize) -> Result<Val, Error> {
        let core = cx.core();
        let (place, field, size_log2) = self.field(core, index)?;
        // SAFETY: R9: a field of an object that an entry keeps.
        let slots = unsafe { get(place, size_log2) };
        Ok(Val::from_slots(unpacked(field.storage), &slots, core))
    }
    /// Sets a field.
    ///
    /// # Errors
    /// Usage: there is no such field, it is not mutable, or the value is not of its type; otherwise
    /// as for [`StructRef::ty`].
    pub fn set(self, mut cx: impl AsContextMut, index: usize, value: Val) -> Result<(), Error> {
        let core = cx.core_mut();
        let (place, field, size_log2) = self.field(core, index)?;
        if !field.mutable {
            return Err(Error::usage("the field is not mutable"));
        }
        let slots = value.to_bits(unpacked(field.storage), core)?;
        // SAFETY: R9: a field of an object that an entry keeps.
        unsafe { put(place, size_log2, slots.as_ptr()) };
        Ok(())
    }
}

impl ArrayRef {
    /// An array of `len` elements of this value.
    ///
    /// # Errors
    /// Usage: it is not the type of an array, or the value is not one of its elements; Limit: the
    /// heap is full.
    pub fn new(
        mut cx: impl AsContextMut,
        ty: TypeId,
        len: u32,
        value: Val,
    ) -> Result<ArrayRef, Error> {
        let core = cx.core_mut();
        let (ty, element) = array_type(core, ty)?;
        let slots = value.to_bits(unpacked(element.storage), core)?;
        let array = ArrayRef::alloc(core, &ty, len)?;
        for index in 0..len {
            fill(array, &ty, index, &slots);
        }
        made(array, core).map(ArrayRef)
    }
    /// An array of these values.
    ///
    /// # Errors
    /// As for [`ArrayRef::new`].
    pub fn from_values(
        mut cx: impl AsContextMut,
        ty: TypeId,
        values: &[Val],
    ) -> Result<ArrayRef, Error> {
        let core = cx.core_mut();
        let (ty, element) = array_type(core, ty)?;
        let slots = slots(values, core::iter::repeat(&element), core)?;
        let array = ArrayRef::alloc(core, &ty, length(values.len())?)?;
        for (index, slots) in (0..).zip(&slots) {
            fill(array, &ty, index, slots);
        }
        made(array, core).map(ArrayRef)
    }
    /// An array of these bytes; the type is that of an array of `i8`.
    ///
    /// # Errors
    /// Usage: it is another type; Limit: the heap is full.
    pub fn from_bytes(
        mut cx: impl AsContextMut,
        ty: TypeId,
        bytes: &[u8],
    ) -> Result<ArrayRef, Error> {
        let core = cx.core_mut();
        let (ty, element) = array_type(core, ty)?;
        if element.storage != StorageType::I8 {
            return Err(Error::usage("not an array of i8"));
        }
        let array = ArrayRef::alloc(core, &ty, length(bytes.len())?)?;
        // SAFETY: R9: as many elements of one byte as there are bytes.
        unsafe {
            let to = array.add(ty.layout.element_offset(0) as usize);
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
        made(array, core).map(ArrayRef)
    }
    fn alloc(core: &mut Core, ty: &TypeDef, len: u32) -> Result<*mut u8, Error> {
        // SAFETY: R10: the host holds entries, and guests wait in frames below the top.
        let array = unsafe { core.alloc_array(ty, len, true) };
        array.ok_or_else(|| too_large(core, ty.layout.array_size(len)))
    }
    /// The type.
    ///
    /// # Errors
    /// Usage: the array belongs to another store, or the reference has ended.
    pub fn ty(self, cx: &impl AsContext) -> Result<TypeId, Error> {
        Ok(def(self.bits(cx.core())?).id)
    }
    /// The number of elements.
    ///
    /// # Errors
    /// As for [`ArrayRef::ty`].
    pub fn len(self, cx: &impl AsContext) -> Result<u32, Error> {
        let bits = self.bits(cx.core())?;
        // SAFETY: R9: an array that an entry keeps.
        Ok(unsafe { array_len(bits as *const u8) })
    }
    /// Whether there are no elements.
    ///
    /// # Errors
    /// As for [`ArrayRef::ty`].
    pub fn is_empty(self, cx: &impl AsContext) -> Result<bool, Error> {
        Ok(self.len(cx)? == 0)
    }
    /// The bytes of an array of `i8`.
    ///
    /// # Errors
    /// Usage: it is another array; otherwise as for [`ArrayRef::ty`].
    pub fn bytes(self, cx: &impl AsContext) -> Result<&[u8], Error> {
        let (bits, len) = (self.bits(cx.core())?, self.len(cx)?);
        let def = def(bits);
        if def.element().is_none_or(|element| element.storage != StorageType::I8) {
            return Err(Error::usage("not an array of i8"));
        }
        let first = (bits as *const u8).wrapping_add(def.layout.element_offset(0) as usize);
        // SAFETY: R9: as many elements of one byte; no guest runs as long as the store is lent.
        Ok(unsafe { core::slice::from_raw_parts(first, len as usize) })
    }
    fn element(self, core: &Core, index: u32) -> Result<(*mut u8, FieldType, u8), Error> {
        let array = self.bits(core)?;
        let def = def(array);
        let element = def.element().ok_or_else(|| Error::usage("not an array"))?;
        // SAFETY: R9: an array that an entry keeps.
        if index >= unsafe { array_len(array as *const u8) } {
            return Err(Trap::ArrayOutOfBounds.into());
        }
        let place = (array as *mut u8).wrapping_add(def.layout.element_offset(index) as usize);
        Ok((place, element, def.layout.element_log2))
    }
    /// An element; a packed one without its sign.
    ///
    /// # Errors
    /// Trap: there is none; otherwise as for [`ArrayRef::ty`].
    pub fn get(self, cx: &impl AsContext, index: u32) -> Result<Val, Error> {
        let core = cx.core();
        let (place, element, size_log2) = self.element(core, index)?;
        // SAFETY: R9: an element of an array that an entry keeps.
        let slots = unsafe { get(place, size_log2) };
        Ok(Val::from_slots(unpacked(element.storage), &slots, core))
    }
    /// Sets an element.
    ///
    /// # Errors
    /// Trap: there is none; Usage: elements are not mutable, or the value is not of their type;
    /// otherwise as for [`ArrayRef::ty`].
    pub fn set(self, mut cx: impl AsContextMut, index: u32, value: Val) -> Result<(), Error> {
        let core = cx.core_mut();
        let (place, element, size_log2) = self.element(core, index)?;
        if !element.mutable {
            return Err(Error::usage("the elements are not mutable"));
        }
        let slots = value.to_bits(unpacked(element.storage), core)?;
        // SAFETY: R9: an element of an array that an entry keeps.
        unsafe { put(place, size_log2, slots.as_ptr()) };
        Ok(())
    }
}

fn struct_type(core: &Core, ty: TypeId) -> Result<Arc<TypeDef>, Error> {
    let ty = find(&core.registry, ty)?;
    if ty.fields().is_none() {
        return Err(no_structure());
    }
    if ty.descriptor.is_some() {
        return Err(Error::usage("a structure of this type needs a descriptor"));
    }
    Ok(ty)
}
fn array_type(core: &Core, ty: TypeId) -> Result<(Arc<TypeDef>, FieldType), Error> {
    let ty = find(&core.registry, ty)?;
    let element = ty.element().ok_or_else(no_array)?;
    Ok((ty, element))
}
fn no_structure() -> Error {
    Error::usage("not the type of a structure")
}
fn no_array() -> Error {
    Error::usage("not the type of an array")
}
fn length(len: usize) -> Result<u32, Error> {
    u32::try_from(len).map_err(|_| Error::limit("elements", len as u64, u64::from(u32::MAX)))
}
/// Sets an element of a new array.
fn fill(array: *mut u8, ty: &TypeDef, index: u32, slots: &[u64; 2]) {
    let place = array.wrapping_add(ty.layout.element_offset(index) as usize);
    // SAFETY: R9: the index is below the length.
    unsafe { put(place, ty.layout.element_log2, slots.as_ptr()) };
}
