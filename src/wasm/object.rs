//! How structures and arrays lie in memory (spec §4.2.14): it follows from their types alone, so
//! that it is computed once for each type and is the same in every store.
//!
//! An object begins with a word that leads to its type. In an array the number of its elements
//! follows (4 bytes), then the elements; in a structure the fields. Fields are aligned to their
//! size, but to 8 bytes at most. A structure whose type has a descriptor type has its descriptor
//! before the fields: subtypes have one if and only if their supertypes do. The place of a field depends on the fields before it only: a
//! subtype has its supertype's fields where the supertype has them.

use super::room;
use super::types::{FieldType, HeapType, StorageType, ValType};
use alloc::boxed::Box;
use alloc::collections::TryReserveError;

/// Bytes before the fields.
pub const HEADER_BYTES: u32 = 8;
/// Where the number of elements is.
pub const ARRAY_LEN: u32 = 8;

/// Where the descriptor of a structure is that has one.
pub const DESCRIPTOR: u32 = HEADER_BYTES;

/// The place of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Bytes from the beginning of the object.
    pub offset: u32,
    /// The logarithm of its size in bytes: 0 to 4.
    pub size_log2: u8,
}
impl Field {
    /// Slots of a value of the field.
    pub fn slots(self) -> usize {
        if self.size_log2 == 4 { 2 } else { 1 }
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ObjectKind {
    /// A function type has no objects on the heap.
    Func = 0,
    /// See [`I31_KIND`] for the other bits of the set.
    Struct = 2,
    /// An array.
    Array = 4,
}
/// In a set of kinds: an i31.
pub const I31_KIND: u8 = 1;
/// In a set of kinds: a value of the host.
pub const HOST_KIND: u8 = 8;

/// How the objects of a type lie in memory.
#[derive(Debug)]
pub struct ObjectLayout {
    /// What they are.
    pub kind: ObjectKind,
    /// Arrays: the logarithm of an element's size.
    pub element_log2: u8,
    /// Arrays: the elements are references into the heap.
    pub traced_elements: bool,
    /// Structures: every field has 8 bytes, one after the other from the beginning.
    pub only_words: bool,
    /// Bytes of a structure, or before the first element of an array.
    pub size: u32,
    /// The fields of a structure.
    pub fields: Box<[Field]>,
    /// The offsets of what refers into the heap: fields, and the descriptor.
    pub traced: Box<[u32]>,
}

impl ObjectLayout {
    /// Functions.
    pub(crate) fn func() -> ObjectLayout {
        ObjectLayout {
            kind: ObjectKind::Func,
            element_log2: 0,
            traced_elements: false,
            only_words: false,
            size: 0,
            fields: Box::default(),
            traced: Box::default(),
        }
    }
    /// An array; `on_heap` says whether references to a type may lead into the heap.
    pub(crate) fn array(element: FieldType, on_heap: &impl Fn(HeapType) -> bool) -> ObjectLayout {
        let element_log2 = size_log2(element.storage);
        ObjectLayout {
            kind: ObjectKind::Array,
            element_log2,
            traced_elements: is_traced(element.storage, on_heap),
            size: elements_offset(element_log2),
            ..ObjectLayout::func()
        }
    }
    /// A structure, with or without a descriptor.
    pub(crate) fn structure(
        fields: &[FieldType],
        has_descriptor: bool,
        on_heap: &impl Fn(HeapType) -> bool,
    ) -> Result<ObjectLayout, TryReserveError> {
        let mut places = room::few(fields.len())?;
        let references = fields.iter().filter(|field| is_traced(field.storage, on_heap)).count();
        let mut traced = room::few(usize::from(has_descriptor) + references)?;
        let mut end = HEADER_BYTES;
        if has_descriptor {
            traced.push(DESCRIPTOR);
            end += 8;
        }
        // At most one hole of each size below 8: the smallest that fits is taken, and what is left
        // of it becomes holes of sizes that there were none of.
        let mut holes: [Option<u32>; 3] = [None; 3];
        for field in fields {
            let size_log2 = size_log2(field.storage);
            let hole = (usize::from(size_log2)..3).find(|&size| holes[size].is_some());
            let (offset, from) = match hole {
                Some(size) => (holes[size].take().unwrap_or(end), size),
                None => {
                    let offset = end;
                    end += (1u32 << size_log2).max(8);
                    (offset, 3)
                }
            };
            for (size, hole) in holes.iter_mut().enumerate().take(from) {
                if size >= usize::from(size_log2) {
                    *hole = Some(offset + (1 << size));
                }
            }
            places.push(Field { offset, size_log2 });
            if is_traced(field.storage, on_heap) {
                traced.push(offset);
            }
        }
        Ok(ObjectLayout {
            kind: ObjectKind::Struct,
            only_words: !has_descriptor && places.iter().all(|place| place.size_log2 == 3),
            size: end,
            fields: places.into(),
            traced: traced.into(),
            ..ObjectLayout::func()
        })
    }
    /// Where an element of an array is.
    pub fn element_offset(&self, index: u32) -> u64 {
        u64::from(self.size) + (u64::from(index) << self.element_log2)
    }
    /// Bytes of an array of `len` elements.
    pub fn array_size(&self, len: u32) -> u64 {
        self.element_offset(len)
    }
}

/// Where the elements of an array begin.
pub const fn elements_offset(element_log2: u8) -> u32 {
    if element_log2 <= 2 { 12 } else { 16 }
}

fn size_log2(storage: StorageType) -> u8 {
    match storage {
        StorageType::I8 => 0,
        StorageType::I16 => 1,
        StorageType::Val(ValType::I32 | ValType::F32) => 2,
        StorageType::Val(ValType::I64 | ValType::F64 | ValType::Ref(_)) => 3,
        StorageType::Val(ValType::V128) => 4,
    }
}
fn is_traced(storage: StorageType, on_heap: &impl Fn(HeapType) -> bool) -> bool {
    matches!(storage, StorageType::Val(ValType::Ref(ty)) if on_heap(ty.heap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::types::RefType;
    use alloc::vec::Vec;

    fn layout(storages: &[StorageType]) -> ObjectLayout {
        let fields: Vec<FieldType> =
            storages.iter().map(|&storage| FieldType { storage, mutable: true }).collect();
        ObjectLayout::structure(&fields, false, &|heap| heap != HeapType::Func).unwrap()
    }
    #[test]
    fn fields_fill_holes_and_never_overlap() {
        use StorageType::{I8, I16, Val};
        let (i32, i64, v128) = (Val(ValType::I32), Val(ValType::I64), Val(ValType::V128));
        let a = layout(&[I8, i64, i32, I16, I8, I8, v128, I16]);
        let offsets: Vec<u32> = a.fields.iter().map(|field| field.offset).collect();
        assert_eq!(offsets, [8, 16, 12, 10, 9, 24, 32, 26]);
        assert_eq!(a.size, 48);
        // All lists of six: no overlap, and every prefix lies as it does alone.
        let kinds = [I8, I16, i32, i64, v128];
        for n in 0..5usize.pow(6) {
            let list: Vec<StorageType> = (0..6).map(|i| kinds[n / 5usize.pow(i) % 5]).collect();
            let whole = layout(&list);
            let mut used = Vec::new();
            for field in &whole.fields {
                let size = 1 << field.size_log2;
                assert_eq!(field.offset % size.min(8), 0);
                assert!(field.offset >= HEADER_BYTES && field.offset + size <= whole.size);
                assert!(used.iter().all(|&(at, len): &(u32, u32)| {
                    at + len <= field.offset || field.offset + size <= at
                }));
                used.push((field.offset, size));
            }
            let prefix = layout(&list[..3]);
            assert_eq!(prefix.fields[..], whole.fields[..3]);
        }
    }
    #[test]
    fn references_are_found() {
        let any = StorageType::Val(ValType::Ref(RefType { nullable: true, heap: HeapType::Any }));
        let func = StorageType::Val(ValType::Ref(RefType::FUNC));
        let a = layout(&[any, func, any]);
        assert_eq!((&*a.traced, a.only_words, a.size), (&[8, 24][..], true, 32));
        let field = FieldType { storage: any, mutable: true };
        let described = ObjectLayout::structure(&[field], true, &|_| true).unwrap();
        assert_eq!((&*described.traced, described.only_words), (&[DESCRIPTOR, 16][..], false));
        assert_eq!((described.fields[0].offset, described.size), (16, 24));
        let array = |storage| {
            let element = FieldType { storage, mutable: false };
            ObjectLayout::array(element, &|heap| heap != HeapType::Func)
        };
        assert!(array(any).traced_elements && !array(func).traced_elements);
        assert_eq!((array(any).size, array(StorageType::I8).array_size(5)), (16, 17));
    }
}
