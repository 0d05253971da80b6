//! Many short-lived instances of one module: imports resolved once, everything freed again.
use wasmvm::{Engine, Error, Linker, Module, Store};

const GUEST: &str = r#"(module
    (import "host" "now" (func $now (result i64)))
    (memory (export "memory") 1)
    (func (export "handle") (param i64) (result i64)
        (i64.store (i32.const 0) (local.get 0))
        (i64.add (i64.load (i32.const 0)) (call $now))))"#;

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "now", || 1_000_i64)?;
    // Names are looked up here, and what is missing is told.
    let ready = linker.pre(&module)?;

    let mut store = Store::new(&engine, ());
    for request in 0..2_000 {
        let instance = ready.instantiate(&mut store)?;
        let handle = instance.typed_func::<i64, i64>(&store, "handle")?;
        assert_eq!(handle.call(&mut store, request)?, request + 1_000);
        // Its handles end here; it is freed with the next ones, or by `gc`.
        instance.release(&mut store)?;
        assert!(handle.call(&mut store, request).is_err());
    }
    println!("still there: {:?}", store.stats());
    assert!(store.stats().instances < 100);
    store.gc();
    assert_eq!((store.stats().instances, store.stats().memory_bytes), (0, 0));
    Ok(())
}
