//! A guest in text, a function of the host, a call in either direction.
use wasmvm::{Caller, Engine, Error, Linker, Module, Store};

const GUEST: &str = r#"(module
    (import "host" "print" (func $print (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "hello from the guest")
    (func (export "greet") (param i32) (result i32)
        (call $print (i32.const 8) (i32.const 20))
        (i32.mul (local.get 0) (i32.const 2))))"#;

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let mut linker = Linker::<Vec<String>>::new(&engine);
    linker.func_wrap(
        "host",
        "print",
        |mut caller: Caller<'_, Vec<String>>, at: u32, len: u32| -> Result<(), Error> {
            // The guest's memory and the host's data, borrowed at once.
            let (guest, lines) = caller.split();
            let text = guest.slice(at.into(), len.into())?;
            lines.push(String::from_utf8_lossy(text).into_owned());
            Ok(())
        },
    )?;
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module)?;
    let greet = instance.typed_func::<i32, i32>(&store, "greet")?;
    let doubled = greet.call(&mut store, 21)?;
    println!("{doubled}, and it said {:?}", store.data());
    assert_eq!((doubled, store.data()[0].as_str()), (42, "hello from the guest"));
    Ok(())
}
