//! The parts of the engine, one by one: `cargo bench --bench main -- [FILTER]`.
//!
//! Beside other engines, and with larger programs: `benches/peers`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::Path;
use wasmvm::{Caller, Config, Engine, Instance, Linker, Module, Store};

/// A module of some size that ships with the repository, or the one of `WASMVM_BENCH_MODULE`.
fn sample() -> Vec<u8> {
    let path = match std::env::var_os("WASMVM_BENCH_MODULE") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello.wasm"),
    };
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// From bytes to a module: validated only, ready for lazy translation, translated.
fn load(c: &mut Criterion) {
    let bytes = sample();
    let lazy = Engine::default();
    let eager = Engine::new(Config::new().eager(true)).expect("a valid setting");
    let mut group = c.benchmark_group("load");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("validate", |b| {
        b.iter(|| Module::validate(&lazy, black_box(&bytes)).expect("a valid module"));
    });
    for (name, engine) in [("lazy", &lazy), ("eager", &eager)] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || bytes.clone(),
                |bytes| Module::new(engine, bytes).expect("a valid module"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

const CALLS: &str = r#"
    (module
      (import "host" "nothing" (func $nothing))
      (import "host" "add" (func $add (param i32 i32) (result i32)))
      (memory 1)
      (func (export "nothing"))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func $leaf (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "call_host") (param $n i32) (result i32) (local $s i32)
        (loop $next
          (local.set $s (call $add (local.get $s) (local.get $n)))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s))
      (func (export "call_guest") (param $n i32) (result i32) (local $s i32)
        (loop $next
          (local.set $s (call $leaf (local.get $s) (local.get $n)))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))
"#;

fn linker(engine: &Engine) -> Linker<u64> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "nothing", || {}).expect("a new name");
    let add = |mut caller: Caller<'_, u64>, a: i32, b: i32| -> i32 {
        *caller.data_mut() += 1;
        a.wrapping_add(b)
    };
    linker.func_wrap("host", "add", add).expect("a new name");
    linker
}

fn instance(engine: &Engine, text: &str) -> (Store<u64>, Instance) {
    let module = Module::new(engine, wat::parse_str(text).expect("the text")).expect("a module");
    let mut store = Store::new(engine, 0);
    let instance = linker(engine).instantiate(&mut store, &module).expect("an instance");
    (store, instance)
}

fn instantiate(c: &mut Criterion) {
    let engine = Engine::default();
    let bytes = wat::parse_str(CALLS).expect("the text");
    let module = Module::new(&engine, bytes).expect("a module");
    let linker = linker(&engine);
    c.bench_function("instantiate", |b| {
        b.iter_batched_ref(
            || Store::new(&engine, 0),
            |store| linker.instantiate(store, &module).expect("an instance"),
            BatchSize::SmallInput,
        );
    });
    c.bench_function("store, instance", |b| {
        b.iter(|| {
            let mut store = Store::new(&engine, 0);
            linker.instantiate(&mut store, &module).expect("an instance")
        });
    });
    c.bench_function("store, instance, call", |b| {
        b.iter(|| {
            let mut store = Store::new(&engine, 0);
            let instance = linker.instantiate(&mut store, &module).expect("an instance");
            let nothing = instance.typed_func::<(), ()>(&store, "nothing").expect("an export");
            nothing.call(&mut store, ()).expect("a result")
        });
    });
    c.bench_function("store", |b| b.iter(|| Store::new(&engine, 0_u64)));
}

/// Calls across the border; `guest to host` and `guest to guest` are loops of 1,000 calls.
fn call(c: &mut Criterion) {
    let engine = Engine::default();
    let (mut store, instance) = instance(&engine, CALLS);
    let mut group = c.benchmark_group("call");
    let nothing = instance.typed_func::<(), ()>(&store, "nothing").expect("an export");
    group.bench_function("host to guest, nothing", |b| {
        b.iter(|| nothing.call(&mut store, ()).expect("no trap"));
    });
    let add = instance.typed_func::<(i32, i32), i32>(&store, "add").expect("an export");
    group.bench_function("host to guest, add", |b| {
        b.iter(|| add.call(&mut store, black_box((2, 3))).expect("no trap"));
    });
    group.throughput(Throughput::Elements(1_000));
    for (name, export) in [("guest to host", "call_host"), ("guest to guest", "call_guest")] {
        let func = instance.typed_func::<i32, i32>(&store, export).expect("an export");
        group.bench_function(name, |b| {
            b.iter(|| func.call(&mut store, black_box(1_000)).expect("no trap"));
        });
    }
    group.finish();
}

/// The kernels of `benches/kernels`, with small arguments.
fn execute(c: &mut Criterion) {
    let kernels = [
        ("fib", include_str!("kernels/fib.wat"), 20),
        ("sieve", include_str!("kernels/sieve.wat"), 1),
        ("matmul", include_str!("kernels/matmul.wat"), 1),
        ("copy", include_str!("kernels/copy.wat"), 50),
        ("mandel", include_str!("kernels/mandel.wat"), 50),
        ("machine", include_str!("kernels/machine.wat"), 10_000),
        ("sum64", include_str!("kernels/sum64.wat"), 20),
    ];
    let engine = Engine::default();
    let mut group = c.benchmark_group("execute");
    for (name, text, arg) in kernels {
        let (mut store, instance) = instance(&engine, text);
        let run = instance.typed_func::<i32, i64>(&store, "run").expect("an export");
        group.bench_function(name, |b| {
            b.iter(|| run.call(&mut store, black_box(arg)).expect("no trap"));
        });
    }
    group.finish();
}

criterion_group!(benches, load, instantiate, call, execute);
criterion_main!(benches);
