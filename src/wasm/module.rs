//! A decoded module (spec §2.5): types, indices and byte ranges, never copies of code or data.

use super::error::Error;
use super::instr::BinOp;
use super::types::{FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, TypeId};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// What an import asks for, or an export names the type of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExternType {
    Func(TypeId),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    Tag(TypeId),
}

/// An import (spec §2.5.11).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Import {
    pub module: Box<str>,
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
    Active { index: u32, offset: ConstExpr },
}

/// The elements of a segment.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Elements {
    Funcs(Box<[u32]>),
    Exprs(Box<[ConstExpr]>),
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
