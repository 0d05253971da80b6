//! Host functions with a state of their own: plain fields, no locks, borrowed for as long as needed.
use std::collections::HashMap;
use wasmvm::{Caller, Engine, Error, Linker, Module, Store};

/// A key-value store that guests use. It lives in the store's data; it may borrow.
struct Shelf<'a> {
    values: HashMap<u32, Vec<u8>>,
    log: &'a mut Vec<String>,
}

const GUEST: &str = r#"(module
    (import "shelf" "put" (func $put (param i32 i32 i32)))
    (import "shelf" "get" (func $get (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "apples and pears")
    (func (export "run") (result i32)
        (call $put (i32.const 1) (i32.const 0) (i32.const 6))
        (call $put (i32.const 2) (i32.const 11) (i32.const 5))
        (call $get (i32.const 2) (i32.const 100) (i32.const 16))))"#;

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let mut log = Vec::new();
    {
        let mut linker = Linker::<Shelf<'_>>::new(&engine);
        linker.func_wrap("shelf", "put", put)?.func_wrap("shelf", "get", get)?;
        let mut store = Store::new(&engine, Shelf { values: HashMap::new(), log: &mut log });
        let instance = linker.instantiate(&mut store, &module)?;
        let len = instance.typed_func::<(), u32>(&store, "run")?.call(&mut store, ())?;
        let memory = instance.memory(&store, "memory").ok_or_else(|| Error::host("no memory"))?;
        let mut got = vec![0; len as usize];
        memory.read(&store, 100, &mut got)?;
        assert_eq!(got, b"pears");
    }
    println!("{log:?}");
    assert_eq!(log, ["put 1: 6 bytes", "put 2: 5 bytes", "get 2"]);
    Ok(())
}

fn put(mut caller: Caller<'_, Shelf<'_>>, key: u32, at: u32, len: u32) -> Result<(), Error> {
    let (guest, shelf) = caller.split();
    shelf.values.insert(key, guest.slice(at.into(), len.into())?.to_vec());
    shelf.log.push(format!("put {key}: {len} bytes"));
    Ok(())
}
/// Copies as much as there is room for; gives the length.
fn get(mut caller: Caller<'_, Shelf<'_>>, key: u32, at: u32, room: u32) -> Result<u32, Error> {
    let (mut guest, shelf) = caller.split();
    shelf.log.push(format!("get {key}"));
    let Some(value) = shelf.values.get(&key) else { return Ok(0) };
    let len = value.len().min(room as usize);
    guest.slice_mut(at.into(), len as u64)?.copy_from_slice(&value[..len]);
    Ok(value.len() as u32)
}
