//! The type of an import or export with signatures in it, as embedders see it.

use crate::wasm::module;
use crate::wasm::registry::TypeRegistry;
use crate::wasm::types::{FuncType, GlobalType, Limits, MemoryType, TableType, TypeId};
use core::fmt;

/// The type of an import or export (spec §2.3.16).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExternType {
    Func(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    /// A tag: its parameters are what an exception carries.
    Tag(FuncType),
}
impl ExternType {
    /// From the form of the module, whose types are numbers.
    pub(crate) fn resolve(registry: &TypeRegistry, ty: &module::ExternType) -> ExternType {
        let signature = |id: TypeId| match registry.get(id).func() {
            Some(ty) => ty.clone(),
            None => FuncType { params: [].into(), results: [].into() },
        };
        match *ty {
            module::ExternType::Func(id) | module::ExternType::ExactFunc(id) => {
                ExternType::Func(signature(id))
            }
            module::ExternType::Tag(id) => ExternType::Tag(signature(id)),
            module::ExternType::Table(ty) => ExternType::Table(ty),
            module::ExternType::Memory(ty) => ExternType::Memory(ty),
            module::ExternType::Global(ty) => ExternType::Global(ty),
        }
    }
    /// The signature, if it is a function.
    pub fn func(&self) -> Option<&FuncType> {
        if let ExternType::Func(ty) = self { Some(ty) } else { None }
    }
    /// The signature itself, if it is a function.
    pub fn into_func(self) -> Option<FuncType> {
        if let ExternType::Func(ty) = self { Some(ty) } else { None }
    }
    /// The memory type, if it is a memory.
    pub fn memory(&self) -> Option<&MemoryType> {
        if let ExternType::Memory(ty) = self { Some(ty) } else { None }
    }
    /// The table type, if it is a table.
    pub fn table(&self) -> Option<&TableType> {
        if let ExternType::Table(ty) = self { Some(ty) } else { None }
    }
    /// The global type, if it is a global.
    pub fn global(&self) -> Option<&GlobalType> {
        if let ExternType::Global(ty) = self { Some(ty) } else { None }
    }
}

/// As in the text format: `i64 1 2`.
struct Bounds<'a>(&'a Limits);
impl fmt::Display for Bounds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_64 {
            f.write_str("i64 ")?;
        }
        write!(f, "{}", self.0.min)?;
        match self.0.max {
            Some(max) => write!(f, " {max}"),
            None => Ok(()),
        }
    }
}
impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => write!(f, "func {ty}"),
            ExternType::Tag(ty) => write!(f, "tag {ty}"),
            ExternType::Table(ty) => write!(f, "table {} {}", Bounds(&ty.limits), ty.element),
            ExternType::Memory(ty) => {
                write!(f, "memory {}", Bounds(&ty.limits))?;
                if ty.page_size_log2 != 16 {
                    write!(f, " (pagesize {})", 1u64 << ty.page_size_log2)?;
                }
                f.write_str(if ty.shared { " shared" } else { "" })
            }
            ExternType::Global(ty) if ty.mutable => write!(f, "global (mut {})", ty.value),
            ExternType::Global(ty) => write!(f, "global {}", ty.value),
        }
    }
}
