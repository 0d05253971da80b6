//! The public interface, as an embedder uses it.

mod arity;
mod calls;
mod control;
mod errors;
mod exceptions;
mod executions;
#[cfg(feature = "async")]
mod futures;
mod gc;
mod host;
mod lifetimes;
mod limits_of_guests;
mod linking;
mod objects;
mod stores;

use wasmvm::{
    AsContextMut, Caller, Config, Engine, Error, ErrorKind, Extern, ExternRef, ExternType, Func,
    FuncType, Global, GlobalType, HeapType, Instance, Limits, Linker, Memory, MemoryType, Module,
    RefType, Store, Table, TableType, Trap, TypeLimits, Val, ValType,
};

type Outcome = Result<(), Error>;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is a module")
}
fn module(engine: &Engine, text: &str) -> Result<Module, Error> {
    Module::new(engine, wasm(text))
}
/// A store with an instance of a module without imports.
fn instance(text: &str) -> Result<(Store<()>, Instance), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    Ok((store, instance))
}
fn kind<R>(result: Result<R, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}
fn limits(min: u64, max: Option<u64>) -> TypeLimits {
    TypeLimits { min, max, is_64: false }
}
fn memory_type(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType { limits: limits(min, max), shared: false, page_size_log2: 16 }
}
