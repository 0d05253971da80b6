//! The public types: engine, module, store, linker, instances and what they export.

mod engine;
mod func;
mod instance;
mod linker;
mod module;
mod object;
mod store;
mod val;

pub use self::engine::{Config, Engine};
pub use self::func::{Caller, Func, Guest, IntoFunc, Plain, TypedFunc, WasmList, WasmNumber};
pub use self::instance::Instance;
pub use self::linker::Linker;
pub use self::module::{ExportType, ImportType, Module};
pub use self::object::{Extern, Global, Memory, Table, Tag};
pub use self::store::{AsContext, AsContextMut, Store};
pub use self::val::{ExternRef, OpaqueRef, Val};
pub use crate::rt::error::{Error, ErrorKind, Frame, LinkProblem};
pub use crate::rt::store::Limits;
pub use crate::wasm::features::Features;
pub use crate::wasm::module::ExternType;
pub use crate::wasm::trap::Trap;
pub use crate::wasm::types::{
    FuncType, GlobalType, HeapType, Limits as TypeLimits, MemoryType, RefType, TableType, TypeId,
    ValType,
};
