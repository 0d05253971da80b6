//! Types in the binary format (spec §5.3) and the type section (§5.5.4).

use super::{Decoder, Result, check_count, make_room, need};
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::limits;
use crate::wasm::reader::Reader;
use crate::wasm::registry::{RegisterError, SubType, TypeDef, rec};
use crate::wasm::room;
use crate::wasm::subtype::composite_type_matches;
use crate::wasm::types::{
    CompositeType, FieldType, FuncType, GlobalType, HeapType, Limits, MemoryType, RefType,
    StorageType, TableType, TypeId, ValType,
};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

/// What type indices mean at a place.
#[derive(Clone, Copy)]
pub(crate) struct TypeSpace<'a> {
    types: &'a [TypeId],
    /// How many types of the recursion group being read follow.
    group_count: u32,
    features: Features,
    /// What is said of a heap type that is none.
    malformed: &'static str,
    /// Only the grammar counts, not the rules of validation.
    grammar_only: bool,
}

impl<'a> TypeSpace<'a> {
    pub fn new(types: &'a [TypeId], features: Features) -> TypeSpace<'a> {
        TypeSpace {
            types,
            group_count: 0,
            features,
            malformed: "malformed heap type",
            grammar_only: false,
        }
    }
    /// For a type that nothing has: what is read is of no use, but tells where it ends.
    pub(super) fn grammar_only(self) -> TypeSpace<'a> {
        TypeSpace { grammar_only: true, ..self }
    }
    pub(super) fn need(self, feature: Features, offset: usize) -> Result<()> {
        need(self.features, feature, offset)
    }
    /// The number of a type index.
    pub fn resolve(self, offset: usize, type_idx: u32) -> Result<TypeId> {
        if let Some(&id) = self.types.get(type_idx as usize) {
            return Ok(id);
        }
        let position = type_idx - self.types.len() as u32;
        if position < self.group_count || self.grammar_only {
            return Ok(rec(position));
        }
        Err(Error::invalid(offset, format!("unknown type {type_idx}")))
    }

    /// The type at this index of the group being read: its place in the group.
    pub(super) fn in_group(self, type_idx: u32) -> Option<TypeId> {
        let position = type_idx.checked_sub(self.types.len() as u32)?;
        (position < self.group_count).then_some(rec(position))
    }

    /// §5.3.3: an s33 whose negative values name abstract heap types, in one byte.
    pub fn heap_type(self, reader: &mut Reader<'_>) -> Result<HeapType> {
        let offset = reader.offset();
        if let Some(byte) = reader.peek()
            && byte & 0xC0 == 0x40
        {
            if byte == EXACT {
                self.need(Features::CUSTOM_DESCRIPTORS, offset)?;
                reader.byte()?;
                return self.type_idx(reader).map(HeapType::Exact);
            }
            let Some((heap, feature)) = abstract_heap_type(byte) else {
                return Err(Error::malformed(offset, self.malformed));
            };
            self.need(feature, offset)?;
            reader.byte()?;
            return Ok(heap);
        }
        self.type_idx(reader).map(HeapType::Defined)
    }
    /// A type index as an s33.
    fn type_idx(self, reader: &mut Reader<'_>) -> Result<TypeId> {
        let offset = reader.offset();
        if reader.peek().is_some_and(|byte| byte & 0xC0 == 0x40) {
            return Err(Error::malformed(offset, self.malformed));
        }
        let type_idx = u32::try_from(reader.s33()?)
            .map_err(|_| Error::malformed(offset, "integer representation too long"))?;
        self.need(Features::FUNCTION_REFERENCES, offset)?;
        self.resolve(offset, type_idx)
    }
    /// §5.3.4.
    pub fn ref_type(self, reader: &mut Reader<'_>) -> Result<RefType> {
        let offset = reader.offset();
        let byte = reader.byte()?;
        match self.short_ref_type(offset, byte, reader)? {
            Some(ty) => Ok(ty),
            None => Err(Error::malformed(offset, "malformed reference type")),
        }
    }
    /// The reference type that begins with `byte`, if one does.
    fn short_ref_type(
        self,
        offset: usize,
        byte: u8,
        reader: &mut Reader<'_>,
    ) -> Result<Option<RefType>> {
        if let 0x63 | 0x64 = byte {
            self.need(Features::FUNCTION_REFERENCES, offset)?;
            return Ok(Some(RefType { nullable: byte == 0x63, heap: self.heap_type(reader)? }));
        }
        let Some((heap, feature)) = abstract_heap_type(byte) else { return Ok(None) };
        self.need(feature, offset)?;
        Ok(Some(RefType { nullable: true, heap }))
    }
    /// §5.3.5.
    pub fn val_type(self, reader: &mut Reader<'_>) -> Result<ValType> {
        let offset = reader.offset();
        Ok(match reader.byte()? {
            0x7F => ValType::I32,
            0x7E => ValType::I64,
            0x7D => ValType::F32,
            0x7C => ValType::F64,
            0x7B => {
                self.need(Features::SIMD, offset)?;
                ValType::V128
            }
            byte => {
                let Some(ty) = self.short_ref_type(offset, byte, reader)? else {
                    return Err(Error::malformed(offset, "malformed value type"));
                };
                if ty == RefType::FUNC {
                    self.need(Features::REFERENCE_TYPES, offset)?;
                }
                ValType::Ref(ty)
            }
        })
    }
    fn result_type(self, reader: &mut Reader<'_>, limit: usize) -> Result<Box<[ValType]>> {
        let offset = reader.offset();
        let count = reader.u32()?;
        if count as usize > limit {
            return Err(Error::limit(offset, "too many parameters or results"));
        }
        let mut types = room::list(reader.reserve(count)).map_err(room::missing(offset))?;
        for _ in 0..count {
            types.push(self.val_type(reader)?);
        }
        Ok(types.into_boxed_slice())
    }
    fn field_type(self, reader: &mut Reader<'_>) -> Result<FieldType> {
        let offset = reader.offset();
        let storage = match reader.peek() {
            Some(0x78) => {
                reader.byte()?;
                StorageType::I8
            }
            Some(0x77) => {
                reader.byte()?;
                StorageType::I16
            }
            Some(byte) if !is_val_type(byte) => {
                return Err(Error::malformed(offset, "malformed storage type"));
            }
            _ => {
                let space = TypeSpace { malformed: "malformed storage type", ..self };
                StorageType::Val(space.val_type(reader)?)
            }
        };
        Ok(FieldType { storage, mutable: mutability(reader)? })
    }
    fn composite_type(self, reader: &mut Reader<'_>) -> Result<CompositeType> {
        let offset = reader.offset();
        let form = reader.byte()?;
        if let 0x5E | 0x5F = form {
            self.need(Features::GC, offset)?;
        }
        match form {
            0x60 => {
                let params = self.result_type(reader, limits::PARAMS)?;
                let results = self.result_type(reader, limits::RESULTS)?;
                if results.len() > 1 {
                    self.need(Features::MULTI_VALUE, offset)?;
                }
                Ok(CompositeType::Func(FuncType { params, results }))
            }
            0x5F => {
                let count = reader.u32()?;
                if count as usize > limits::FIELDS {
                    return Err(Error::limit(offset, "too many fields"));
                }
                let room = reader.reserve(count);
                let mut fields = room::list(room).map_err(room::missing(offset))?;
                for _ in 0..count {
                    fields.push(self.field_type(reader)?);
                }
                Ok(CompositeType::Struct(fields.into_boxed_slice()))
            }
            0x5E => self.field_type(reader).map(CompositeType::Array),
            0x80.. => Err(Error::malformed(offset, "integer representation too long")),
            _ => Err(Error::malformed(offset, "malformed definition type")),
        }
    }
    /// The subtype with index `own`.
    fn sub_type(self, reader: &mut Reader<'_>, own: u32) -> Result<SubType> {
        let offset = reader.offset();
        let form = reader.peek();
        if !matches!(form, Some(0x4F | 0x50)) {
            let (describes, descriptor) = self.clauses(reader, own)?;
            let def = SubType::new(self.composite_type(reader)?);
            return Ok(SubType { describes, descriptor, ..def });
        }
        self.need(Features::GC, offset)?;
        reader.byte()?;
        let mut supertype = None;
        for i in 0..reader.u32()? {
            let offset = reader.offset();
            let type_idx = reader.u32()?;
            if i > 0 {
                return Err(Error::invalid(offset, "multiple supertypes"));
            }
            if type_idx >= own {
                return Err(Error::invalid(offset, format!("unknown type {type_idx}")));
            }
            supertype = Some(self.resolve(offset, type_idx)?);
        }
        let (describes, descriptor) = self.clauses(reader, own)?;
        let composite = self.composite_type(reader)?;
        Ok(SubType { composite, supertype, is_final: form == Some(0x4F), describes, descriptor })
    }

    /// §5.3.11: flags and bounds. Bounds are u64 for 32-bit addresses too; that they fit is a
    /// matter of validation.
    fn limits(self, reader: &mut Reader<'_>, flags: u8) -> Result<Limits> {
        let offset = reader.offset();
        let is_64 = flags & 4 != 0;
        if is_64 {
            self.need(Features::MEMORY64, offset)?;
        }
        let bound = |reader: &mut Reader<'_>| {
            if self.features.memory64() { reader.u64() } else { reader.u32().map(u64::from) }
        };
        let min = bound(reader)?;
        let max = if flags & 1 != 0 { Some(bound(reader)?) } else { None };
        Ok(Limits { min, max, is_64 })
    }
    /// §5.3.14.
    pub fn memory_type(self, reader: &mut Reader<'_>) -> Result<MemoryType> {
        let offset = reader.offset();
        let flags = reader.byte()?;
        let mut known = 1;
        known |= if self.features.threads() { 2 } else { 0 };
        known |= if self.features.memory64() { 4 } else { 0 };
        known |= if self.features.custom_page_sizes() { 8 } else { 0 };
        if flags & !known != 0 {
            return Err(Error::malformed(offset, "malformed limits flags"));
        }
        let limits = self.limits(reader, flags)?;
        let page_size_log2 = if flags & 8 == 0 {
            16
        } else {
            let offset = reader.offset();
            match reader.u32()? {
                log2 @ (0 | 16) => log2 as u8,
                log2 @ 1..64 if self.grammar_only => log2 as u8,
                1..64 => return Err(Error::invalid(offset, "invalid custom page size")),
                _ => return Err(Error::malformed(offset, "invalid custom page size")),
            }
        };
        let shared = flags & 2 != 0;
        let ty = MemoryType { limits, shared, page_size_log2 };
        if !self.grammar_only {
            check_memory_type(offset, &ty)?;
        }
        Ok(ty)
    }
    /// §5.3.15.
    pub fn table_type(self, reader: &mut Reader<'_>) -> Result<TableType> {
        let element = self.ref_type(reader)?;
        let offset = reader.offset();
        let flags = reader.byte()?;
        let known = if self.features.memory64() { 5 } else { 1 };
        if flags & !known != 0 {
            return Err(Error::malformed(offset, "malformed limits flags"));
        }
        let limits = self.limits(reader, flags)?;
        if !self.grammar_only {
            check_table_limits(offset, &limits)?;
        }
        Ok(TableType { limits, element })
    }
    /// §5.3.13.
    pub fn global_type(self, reader: &mut Reader<'_>) -> Result<GlobalType> {
        let value = self.val_type(reader)?;
        Ok(GlobalType { value, mutable: mutability(reader)? })
    }
}

/// §3.2.17: the size in pages must fit the addresses.
fn check_memory_type(offset: usize, ty: &MemoryType) -> Result<()> {
    let Limits { min, max, is_64 } = ty.limits;
    let (most, message) = match (is_64, ty.page_size_log2) {
        (false, 16) => (1 << 16, "memory size must be at most 65536 pages (4GiB)"),
        (true, 16) => (1 << 48, "memory size must be at most 2^48 pages"),
        (false, _) => (u64::from(u32::MAX), "memory size must be at most 2^32 - 1 bytes"),
        (true, _) => (u64::MAX, "memory size must be at most 2^64 - 1 bytes"),
    };
    if min > most || max.is_some_and(|max| max > most) {
        return Err(Error::invalid(offset, message));
    }
    if ty.shared && max.is_none() {
        return Err(Error::invalid(offset, "shared memory must have maximum"));
    }
    check_bounds(offset, &ty.limits)
}
fn check_table_limits(offset: usize, limits: &Limits) -> Result<()> {
    check_bounds(offset, limits)?;
    let most = if limits.is_64 { u64::MAX } else { u64::from(u32::MAX) };
    if limits.min > most || limits.max.is_some_and(|max| max > most) {
        return Err(Error::invalid(offset, "table size must be at most 2^32 - 1"));
    }
    Ok(())
}
fn check_bounds(offset: usize, limits: &Limits) -> Result<()> {
    if limits.max.is_some_and(|max| max < limits.min) {
        return Err(Error::invalid(offset, "size minimum must not be greater than maximum"));
    }
    Ok(())
}

fn mutability(reader: &mut Reader<'_>) -> Result<bool> {
    let offset = reader.offset();
    match reader.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::malformed(offset, "malformed mutability")),
    }
}

/// Before a type index: the type itself, and none of its subtypes.
const EXACT: u8 = 0x62;

fn is_val_type(byte: u8) -> bool {
    matches!(byte, 0x7B..=0x7F | 0x63 | 0x64) || abstract_heap_type(byte).is_some()
}

/// The abstract heap type of a byte, and the proposal it comes from.
fn abstract_heap_type(byte: u8) -> Option<(HeapType, Features)> {
    Some(match byte {
        // As a table's element it is as old as WebAssembly.
        0x70 => (HeapType::Func, Features::NONE),
        0x6F => (HeapType::Extern, Features::REFERENCE_TYPES),
        0x6E => (HeapType::Any, Features::GC),
        0x6D => (HeapType::Eq, Features::GC),
        0x6C => (HeapType::I31, Features::GC),
        0x6B => (HeapType::Struct, Features::GC),
        0x6A => (HeapType::Array, Features::GC),
        0x71 => (HeapType::None, Features::GC),
        0x72 => (HeapType::NoExtern, Features::GC),
        0x73 => (HeapType::NoFunc, Features::GC),
        0x69 => (HeapType::Exn, Features::EXCEPTIONS),
        0x74 => (HeapType::NoExn, Features::EXCEPTIONS),
        _ => return None,
    })
}

impl Decoder {
    /// Section 1.
    pub(super) fn types(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        if count as usize > limits::REC_GROUPS {
            return Err(Error::limit(section.offset(), "too many recursion groups"));
        }
        for _ in 0..count {
            let offset = section.offset();
            let mut group_count = 1;
            if section.peek() == Some(0x4E) {
                self.need(Features::GC, offset)?;
                section.byte()?;
                group_count = section.u32()?;
            }
            self.rec_group(offset, section, group_count)?;
        }
        Ok(())
    }
    fn rec_group(&mut self, offset: usize, section: &mut Reader<'_>, count: u32) -> Result<()> {
        let base = self.module.types.len() as u32;
        check_count(offset, base as usize + count as usize, limits::TYPES + 1, "types")?;
        let space = TypeSpace { group_count: count, ..self.type_space() };
        let mut group = Vec::new();
        make_room(&mut group, section, count, limits::TYPES_OF_REC_GROUP)?;
        for i in 0..count {
            group.push(space.sub_type(section, base + i)?);
        }
        if group.is_empty() {
            return Ok(());
        }
        let first = self.module.registry.register(group).map_err(|error| match error {
            RegisterError::TooDeep(_) => Error::limit(offset, "sub type hierarchy too deep"),
            RegisterError::Full => Error::limit(offset, "too many types in this engine"),
            RegisterError::OutOfMemory => Error::limit(offset, "out of memory"),
        })?;
        self.module.types.try_reserve(count as usize).map_err(room::missing(offset))?;
        self.module.types.extend((0..count).map(|i| TypeId(first.0 + i)));
        let registry = &self.module.registry;
        for i in 0..count {
            let def = registry.get(TypeId(first.0 + i));
            self.check_descriptors(offset, def)?;
            if let Some(supertype) = def.supertype {
                self.check_supertype(offset, base + i, def, supertype)?;
            }
            self.module.signatures.push(&def.composite, offset)?;
        }
        Ok(())
    }
    /// §3.2.12: the supertype is open, and the composite types match.
    fn check_supertype(
        &self,
        offset: usize,
        type_idx: u32,
        def: &TypeDef,
        supertype: TypeId,
    ) -> Result<()> {
        let registry = &self.module.registry;
        let above = registry.get(supertype);
        if above.is_final
            || !composite_type_matches(registry, &def.composite, &above.composite)
            || def.descriptor.is_some() != above.descriptor.is_some()
            || def.describes.is_some() != above.describes.is_some()
        {
            let super_idx = self.type_idx(supertype);
            return Err(Error::invalid(
                offset,
                format!("sub type {type_idx} does not match super type {super_idx}"),
            ));
        }
        self.check_super_descriptors(offset, def, above)
    }
}
