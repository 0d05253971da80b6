//! A decoded module (spec §2.5): types, indices and byte ranges, never copies of code or data.

use super::compact::Ty;
use super::decode;
use super::error::Error;
use super::features::Features;
use super::instr::BinOp;
use super::names::Names;
use super::registry::{TypeDef, TypeRegistry};
use super::room;
use super::types::{
    CompositeType, FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, TypeId,
};
use super::validate;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// What an import asks for, or an export names the type of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExternType {
    Func(TypeId),
    /// Only imports ask for it: a function of this type, and of no subtype.
    ExactFunc(TypeId),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    Tag(TypeId),
}

/// An import (spec §2.5.11).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Import {
    /// Shared by the imports of a compact group.
    pub module: Arc<Box<str>>,
    pub name: Box<str>,
    pub ty: ExternType,
}

/// The kind of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ExternKind {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

/// An export (spec §2.5.10).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Export {
    pub name: Box<str>,
    pub kind: ExternKind,
    pub index: u32,
}

/// An instruction of a constant expression (spec §3.3.13), in postfix order.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum ConstOp {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    /// i32/i64 add, sub, mul.
    Binary(BinOp),
    GlobalGet(u32),
    RefNull(HeapType),
    RefFunc(u32),
    RefI31,
    StructNew(TypeId),
    StructNewDefault(TypeId),
    StructNewDesc(TypeId),
    StructNewDefaultDesc(TypeId),
    ArrayNew(TypeId),
    ArrayNewDefault(TypeId),
    ArrayNewFixed(TypeId, u32),
    AnyConvertExtern,
    ExternConvertAny,
}

/// A constant expression.
pub type ConstExpr = Box<[ConstOp]>;

/// A table with its initialiser (`None`: null).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Table {
    pub ty: TableType,
    pub init: Option<ConstExpr>,
}

/// A global with its initialiser.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Global {
    pub ty: GlobalType,
    pub init: ConstExpr,
}

/// How a segment is used (spec §2.5.7, §2.5.8).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum SegmentMode {
    Passive,
    /// Element segments only.
    Declarative,
    /// Copied at instantiation into the table or memory `index`.
    Active {
        index: u32,
        offset: ConstExpr,
    },
}

/// The elements of a segment.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Elements {
    Funcs(Box<[u32]>),
    Exprs(Box<[ConstExpr]>),
}
impl Elements {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Elements::Funcs(funcs) => funcs.len(),
            Elements::Exprs(exprs) => exprs.len(),
        }
    }
}

/// An element segment.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Elem {
    pub ty: RefType,
    pub elements: Elements,
    pub mode: SegmentMode,
}

/// A data segment: where its bytes are in the module.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Data {
    pub bytes: Range<usize>,
    pub mode: SegmentMode,
}

/// A custom section.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Custom {
    pub name: Box<str>,
    pub bytes: Range<usize>,
}

/// A module: everything but the bytes, which the caller keeps.
#[derive(Debug)]
pub struct Module {
    pub(crate) registry: TypeRegistry,
    pub(crate) features: Features,
    /// The types by type index.
    pub types: Vec<TypeId>,
    /// The function types by type index, in the validator's form.
    pub(crate) signatures: Signatures,
    /// The imports, in order.
    pub imports: Vec<Import>,
    /// How many functions, tables, memories, globals and tags are imported.
    pub(crate) imported: [u32; 5],
    /// Which of the imported functions are imported exactly.
    pub(crate) exact_imports: Vec<bool>,
    /// The type index of every function, imports first.
    pub funcs: Vec<u32>,
    /// The type of every table, imports first.
    pub table_types: Vec<TableType>,
    /// The tables that are defined here.
    pub tables: Vec<Table>,
    /// The type of every memory, imports first.
    pub memories: Vec<MemoryType>,
    /// The type of every global, imports first.
    pub global_types: Vec<GlobalType>,
    /// The globals that are defined here.
    pub globals: Vec<Global>,
    /// The type index of every tag, imports first.
    pub tags: Vec<u32>,
    /// The exports, in order.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<u32>,
    /// The element segments.
    pub elems: Vec<Elem>,
    /// The data segments.
    pub datas: Vec<Data>,
    /// What the data count section says.
    pub data_count: Option<u32>,
    /// The body of each defined function, its locals included: a range of the module's bytes.
    pub code: Vec<Range<usize>>,
    /// The custom sections.
    pub customs: Vec<Custom>,
    /// Which functions `ref.func` may name in bodies (spec §3.4.1, C.refs): bits.
    pub(crate) declared: Vec<u64>,
}

impl Module {
    /// Decodes a module and validates everything but the function bodies.
    ///
    /// # Errors
    /// If the module is malformed, invalid, too large, or uses what is switched off.
    pub fn decode(
        bytes: &[u8],
        features: &Features,
        registry: &TypeRegistry,
    ) -> Result<Module, Error> {
        Module::decode_checking(bytes, features, registry, validate::module)
    }
    /// The same by somebody who has a way of their own to validate function bodies.
    pub(crate) fn decode_checking(
        bytes: &[u8],
        features: &Features,
        registry: &TypeRegistry,
        check: fn(&Module, &[u8]) -> Result<(), Error>,
    ) -> Result<Module, Error> {
        decode::module(bytes, *features, registry, check)
    }
    pub(crate) fn empty(features: Features, registry: &TypeRegistry) -> Module {
        Module {
            registry: registry.clone(),
            features,
            types: Vec::new(),
            signatures: Signatures::default(),
            imports: Vec::new(),
            imported: [0; 5],
            exact_imports: Vec::new(),
            funcs: Vec::new(),
            table_types: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            global_types: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            exports: Vec::new(),
            start: None,
            elems: Vec::new(),
            datas: Vec::new(),
            data_count: None,
            code: Vec::new(),
            customs: Vec::new(),
            declared: Vec::new(),
        }
    }
    /// The registry that the types are in.
    pub fn registry(&self) -> &TypeRegistry {
        &self.registry
    }
    /// What was switched on at decoding.
    pub fn features(&self) -> Features {
        self.features
    }
    /// The type with this index.
    #[inline]
    pub fn type_def(&self, type_idx: u32) -> Option<&Arc<TypeDef>> {
        self.types.get(type_idx as usize).and_then(|&id| self.registry.lookup(id))
    }
    /// The function type with this type index.
    ///
    /// # Panics
    /// If there is none: the index must come from this module.
    #[inline]
    pub fn func_type(&self, type_idx: u32) -> &FuncType {
        self.type_def(type_idx).and_then(|def| def.func()).expect("a function type of this module")
    }
    /// The type of a function.
    ///
    /// # Panics
    /// If there is no such function.
    #[inline]
    pub fn func_type_of(&self, func_idx: u32) -> &FuncType {
        self.func_type(self.funcs[func_idx as usize])
    }
    /// The canonical number of the type of a function.
    ///
    /// # Panics
    /// If there is no such function.
    #[inline]
    pub fn func_type_id(&self, func_idx: u32) -> TypeId {
        self.types[self.funcs[func_idx as usize] as usize]
    }
    /// The type of `ref.func`: exact unless the function is imported without saying so.
    ///
    /// # Panics
    /// If there is no such function.
    pub(crate) fn ref_func_type(&self, func_idx: u32) -> Ty {
        let id = self.func_type_id(func_idx);
        match self.exact_imports.get(func_idx as usize) {
            Some(false) => Ty::heap(false, HeapType::Defined(id)),
            _ => self.made_type(id),
        }
    }
    /// The type of a reference to what was made with this type.
    #[inline]
    pub(crate) fn made_type(&self, id: TypeId) -> Ty {
        let heap = HeapType::Defined(id);
        Ty::heap(false, if self.features.custom_descriptors() { heap.exact() } else { heap })
    }
    /// The canonical number of the type of a tag.
    ///
    /// # Panics
    /// If there is no such tag.
    pub fn tag_type_id(&self, tag_idx: u32) -> TypeId {
        self.types[self.tags[tag_idx as usize] as usize]
    }
    /// How many functions are imported.
    #[inline]
    pub fn num_imported_funcs(&self) -> u32 {
        self.imported[ExternKind::Func as usize]
    }
    /// How many tables are imported.
    pub fn num_imported_tables(&self) -> u32 {
        self.imported[ExternKind::Table as usize]
    }
    /// How many memories are imported.
    pub fn num_imported_memories(&self) -> u32 {
        self.imported[ExternKind::Memory as usize]
    }
    /// How many globals are imported.
    pub fn num_imported_globals(&self) -> u32 {
        self.imported[ExternKind::Global as usize]
    }
    /// How many tags are imported.
    pub fn num_imported_tags(&self) -> u32 {
        self.imported[ExternKind::Tag as usize]
    }
    /// The type of what an export names.
    ///
    /// # Panics
    /// If the export does not come from this module.
    pub fn export_type(&self, export: &Export) -> ExternType {
        let index = export.index as usize;
        match export.kind {
            ExternKind::Func => ExternType::Func(self.func_type_id(export.index)),
            ExternKind::Table => ExternType::Table(self.table_types[index]),
            ExternKind::Memory => ExternType::Memory(self.memories[index]),
            ExternKind::Global => ExternType::Global(self.global_types[index]),
            ExternKind::Tag => ExternType::Tag(self.tag_type_id(export.index)),
        }
    }
    /// The custom section with this name (the first one), if there is one.
    pub fn custom(&self, name: &str) -> Option<&Custom> {
        self.customs.iter().find(|custom| &*custom.name == name)
    }
    /// The names in the custom section `name`; parsed anew at each call.
    pub fn names(&self, bytes: &[u8]) -> Names {
        let section = self.custom("name").and_then(|custom| bytes.get(custom.bytes.clone()));
        Names::parse(section.unwrap_or_default())
    }
    /// Whether a body may name this function in `ref.func`.
    #[inline]
    pub(crate) fn is_declared(&self, func_idx: u32) -> bool {
        let word = self.declared.get(func_idx as usize / 64).copied().unwrap_or(0);
        word >> (func_idx % 64) & 1 != 0
    }
    /// Says so at `offset`.
    pub(crate) fn declare(&mut self, func_idx: u32, offset: usize) -> Result<(), Error> {
        let word = func_idx as usize / 64;
        room::lengthen(&mut self.declared, word + 1, 0, offset)?;
        self.declared[word] |= 1 << (func_idx % 64);
        Ok(())
    }
}

/// Parameters and results of function types in the validator's form, side by side.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    pool: Vec<Ty>,
    entries: Vec<Signature>,
}
#[derive(Clone, Copy, Debug)]
struct Signature {
    start: u32,
    params: u16,
    /// `NOT_FUNC` for other types.
    results: u16,
}
const NOT_FUNC: u16 = u16::MAX;

impl Signatures {
    /// Adds the type with the next index, which is at `offset`.
    pub fn push(&mut self, ty: &CompositeType, offset: usize) -> Result<(), Error> {
        let start = self.pool.len() as u32;
        let (mut params, mut results) = (0, NOT_FUNC);
        if let CompositeType::Func(ty) = ty {
            params = ty.params.len() as u16;
            results = ty.results.len() as u16;
            let count = ty.params.len() + ty.results.len();
            self.pool.try_reserve(count).map_err(room::missing(offset))?;
            self.pool.extend(ty.params.iter().chain(&ty.results).map(|&ty| Ty::from(ty)));
        }
        room::push(&mut self.entries, Signature { start, params, results }, offset)
    }
    /// Parameters and results, if it is a function type.
    #[inline]
    pub fn get(&self, type_idx: u32) -> Option<(&[Ty], &[Ty])> {
        let entry = self.entries.get(type_idx as usize)?;
        if entry.results == NOT_FUNC {
            return None;
        }
        let params = entry.start as usize;
        let results = params + usize::from(entry.params);
        let end = results + usize::from(entry.results);
        Some((self.pool.get(params..results)?, self.pool.get(results..end)?))
    }
}
impl core::fmt::Debug for Ty {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if *self == Ty::BOT { f.write_str("bot") } else { write!(f, "{}", self.val_type()) }
    }
}
