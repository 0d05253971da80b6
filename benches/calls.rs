//! What a call across the border costs, either way; and an instantiation.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use wasmvm::{Caller, Engine, Error, Func, Instance, Linker, Module, Store, Val};

/// Calls in each iteration of the benchmarks that begin in the guest.
const CALLS: u32 = 1000;

const TEXT: &str = r#"(module
    (import "host" "plain" (func $plain (param i32) (result i32)))
    (import "host" "caller" (func $caller (param i32) (result i32)))
    (import "host" "raw" (func $raw (param i32) (result i32)))
    (import "host" "untyped" (func $untyped (param i32) (result i32)))
    (memory (export "memory") 1)
    (table 100 funcref)
    (data (i32.const 8) "some bytes")
    (func $guest (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "guest") (param i32) (result i32) (local i32)
        (loop $l
            (local.set 1 (call $guest (local.get 1)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
    HOST)"#;

fn text() -> String {
    let repeat = |name: &str| {
        format!(
            r#"(func (export "{name}") (param i32) (result i32) (local i32)
                (loop $l
                    (local.set 1 (call ${name} (local.get 1)))
                    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1))"#
        )
    };
    let host: String = ["plain", "caller", "raw", "untyped"].map(repeat).concat();
    TEXT.replace("HOST", &host)
}

fn linker(engine: &Engine) -> Result<Linker<i32>, Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "plain", |x: i32| x + 1)?;
    linker.func_wrap("host", "caller", |mut caller: Caller<'_, i32>, x: i32| {
        let (guest, count) = caller.split();
        *count += 1;
        guest.read::<u32>(8).map(|_| x + 1)
    })?;
    let mut store = Store::new(engine, 0);
    let ty = Func::wrap(&mut store, |x: i32| x).ty(&store)?;
    linker.func_raw("host", "raw", ty.clone(), |_, slots| {
        slots[0] += 1;
        Ok(())
    })?;
    linker.func_new("host", "untyped", ty, |_, args, results| {
        results[0] = Val::I32(args[0].i32().unwrap_or_default() + 1);
        Ok(())
    })?;
    Ok(linker)
}

fn calls(c: &mut Criterion) -> Result<(), Error> {
    let engine = Engine::default();
    let linker = linker(&engine)?;
    let binary = wat::parse_str(text()).expect("a module");
    let module = Module::new(&engine, binary)?;
    let mut store = Store::new(&engine, 0);
    let instance: Instance = linker.instantiate(&mut store, &module)?;

    let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
    c.bench_function("host to guest, typed", |b| {
        b.iter(|| add.call(&mut store, (black_box(1), 2)));
    });
    let func = add.func();
    c.bench_function("host to guest, untyped", |b| {
        let mut results = [Val::I32(0)];
        b.iter(|| func.call(&mut store, &[Val::I32(black_box(1)), Val::I32(2)], &mut results));
    });
    c.bench_function("host to guest, raw", |b| {
        b.iter(|| func.call_raw(&mut store, &mut [black_box(1), 2]));
    });
    for name in ["guest", "plain", "caller", "raw", "untyped"] {
        let func = instance.typed_func::<u32, u32>(&store, name)?;
        assert_eq!(func.call(&mut store, CALLS)?, CALLS);
        c.bench_function(&format!("guest to {name}, {CALLS} calls"), |b| {
            b.iter(|| func.call(&mut store, black_box(CALLS)));
        });
    }
    c.bench_function("instantiate in a new store", |b| {
        b.iter(|| {
            let mut store = Store::new(&engine, 0);
            linker.instantiate(&mut store, &module)
        });
    });
    Ok(())
}

fn all(c: &mut Criterion) {
    calls(c).expect("everything can be called");
}
criterion_group!(benches, all);
criterion_main!(benches);
