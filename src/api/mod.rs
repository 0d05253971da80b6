//! The public types: engine, module, store, linker, instances and what they export.

mod caller;
mod engine;
mod exception;
mod execution;
mod func;
#[cfg(feature = "async")]
mod future;
mod gc;
mod host;
mod instance;
mod linker;
mod module;
mod object;
mod refs;
mod shared;
mod store;
mod typed;
mod val;

pub use self::caller::{Caller, Guest, Memories, Plain};
pub use self::engine::{Config, Engine};
pub use self::exception::Exception;
pub use self::execution::{Execution, Progress};
pub use self::func::{Func, TypedFunc};
#[cfg(feature = "async")]
pub use self::future::RunAsync;
pub use self::gc::{ArrayRef, StructRef};
pub use self::host::{HostResult, IntoFunc};
pub use self::instance::Instance;
pub use self::linker::{InstancePre, Linker};
pub use self::module::{ExportType, ImportType, Module, ModuleStats};
pub use self::object::{Extern, Global, Memory, Table, Tag};
pub use self::refs::{AnyRef, ExternRef};
pub use self::shared::SharedMemory;
#[cfg(feature = "std")]
pub use self::shared::Woken;
pub use self::store::{
    AsContext, AsContextMut, InterruptHandle, Store, StoreContextMut, StoreStats,
};
pub use self::typed::{WasmList, WasmType};
pub use self::val::Val;
#[cfg(feature = "counting")]
pub use crate::exec::counting::Dispatches;
pub use crate::rt::error::{Error, ErrorKind, Frame, LinkProblem, Suspend};
pub use crate::rt::extern_type::ExternType;
pub use crate::rt::gc::GcStats;
pub use crate::rt::limiter::ResourceLimiter;
pub use crate::rt::limits::Limits;
pub use crate::rt::memory::block::{MemoryBlock, MemoryCreator};
pub use crate::wasm::features::Features;
pub use crate::wasm::hints::BranchHint;
pub use crate::wasm::trap::Trap;
pub use crate::wasm::types::{
    FieldType, FuncType, GlobalType, HeapType, Limits as TypeLimits, MemoryType, RefType,
    StorageType, TableType, TypeId, ValType,
};

/// The examples of the document are tests.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;
