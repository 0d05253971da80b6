//! Runs a few guests in a debug build, and says so.

use wasmvm::{Caller, Engine, Linker, Module, Store, Trap};

const GUEST: &str = r#"
    (module
      (import "host" "add" (func $add (param i32 i32) (result i32)))
      (memory 1)
      (func $fib (export "fib") (param i32) (result i32)
        (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
        (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                 (call $fib (i32.sub (local.get 0) (i32.const 2)))))
      (func (export "loop") (param $n i32) (result i64) (local $s i64) (local $f f64)
        (loop $next
          (i32.store (i32.const 16) (local.get $n))
          (local.set $s (i64.add (local.get $s) (i64.load32_u (i32.const 16))))
          (local.set $f (f64.add (local.get $f) (f64.const 0.5)))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i64.add (local.get $s) (i64.trunc_f64_s (local.get $f))))
      (func (export "host") (param i32) (result i32) (call $add (local.get 0) (i32.const 1)))
      (func (export "trap") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
      (func (export "out") (param i32) (result i32) (i32.load (local.get 0)))
      (func $forever (export "forever") (param i32) (result i32)
        (i32.add (i32.const 1) (call $forever (local.get 0)))))
"#;

fn main() {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).unwrap()).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("host", "add", |mut caller: Caller<'_, u32>, a: i32, b: i32| -> i32 {
            *caller.data_mut() += 1;
            a + b
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let func =
        |store: &Store<u32>, name: &str| instance.typed_func::<i32, i32>(store, name).unwrap();

    assert_eq!(func(&store, "fib").call(&mut store, 15).unwrap(), 610);
    let long = instance.typed_func::<i32, i64>(&store, "loop").unwrap();
    assert_eq!(long.call(&mut store, 200_000).unwrap(), 20_000_200_000);
    assert_eq!(func(&store, "host").call(&mut store, 41).unwrap(), 42);
    assert_eq!(*store.data(), 1);
    let traps = [
        ("trap", 0, Trap::IntegerDivideByZero),
        ("out", -1, Trap::MemoryOutOfBounds),
        ("forever", 0, Trap::StackExhausted),
    ];
    for (name, arg, trap) in traps {
        let error = func(&store, name).call(&mut store, arg).unwrap_err();
        assert_eq!(error.trap(), Some(trap), "{error}");
    }
    assert_eq!(func(&store, "fib").call(&mut store, 15).unwrap(), 610);
    println!("a debug build runs");
}
