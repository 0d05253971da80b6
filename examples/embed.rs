//! The example of README.md: a module, a host function, a call.
use wasmvm::{Engine, Error, Linker, Module, Store};

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, "plugin.wasm")?;
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("env", "log", |value: i32| println!("the guest says {value}"))?;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module)?;
    let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
    println!("2 + 3 = {}", add.call(&mut store, (2, 3))?);
    Ok(())
}
