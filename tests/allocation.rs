//! The system has no memory left: whenever a guest's wish needs much of it, the n-th such
//! allocation fails, for every n. Each time there is an error (or a growth that fails), and the store
//! can be used again.
#![allow(unsafe_code)]

#[path = "peer/failing.rs"]
mod failing;

use failing::Failing;
use wasmvm::{Engine, Error, ErrorKind, Instance, Module, Store, Trap};

/// What is larger was sized by a guest, or is one of the few large things of a store. Smaller ones
/// are refused in `allocation_everywhere.rs`.
const LARGE: usize = 48 << 10;

#[global_allocator]
static ALLOCATOR: Failing = Failing::new(LARGE);

const GUEST: &str = "(module
    (memory (export \"memory\") 2)
    (table $t 20000 funcref)
    (type $bytes (array (mut i8)))
    (type $list (struct (field i64) (field (ref null $list))))
    (tag $e (param i64))
    (global $kept (mut (ref null $list)) (ref.null $list))
    (func (export \"ok\") (result i32) (i32.const 7))
    (func (export \"grow\") (result i32) (memory.grow (i32.const 8)))
    (func (export \"table\") (result i32)
        (table.grow $t (ref.null func) (i32.const 30000)))
    (func (export \"array\") (result i32)
        (array.len (array.new_default $bytes (i32.const 1000000))))
    (func (export \"list\") (result i32) (local $n i32)
        (loop $next
            (global.set $kept (struct.new $list (i64.const 1) (global.get $kept)))
            (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                (i32.const 40000))))
        (global.set $kept (ref.null $list))
        (i32.const 1))
    (func (export \"throw\") (result i32) (local $n i32)
        (loop $next
            (drop (block $h (result exnref)
                (try_table (catch_all_ref $h) (throw $e (i64.const 5)))
                (unreachable)))
            (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                (i32.const 20000))))
        (i32.const 1))
    (func $deep (export \"deep\") (result i32) (call $deep)))";

const CALLS: [&str; 6] = ["grow", "table", "array", "list", "throw", "deep"];

/// Fit for a user: a limit, or a trap that says so.
fn is_clean(error: &Error) -> bool {
    error.kind() == ErrorKind::Limit
        || matches!(error.trap(), Some(Trap::AllocationTooLarge | Trap::StackExhausted))
}

/// Everything, with the n-th large allocation failing; whether there were so many.
fn run(module: &Module, engine: &Engine, n: usize) -> bool {
    ALLOCATOR.fails_once(n, || everything(module, engine, n)).1
}
fn everything(module: &Module, engine: &Engine, n: usize) {
    let mut store = Store::new(engine, ());
    let instance = match Instance::new(&mut store, module, &[]) {
        Ok(instance) => instance,
        Err(error) => {
            assert!(is_clean(&error), "{n}: {error}");
            // Only one fails: the same again must come about.
            Instance::new(&mut store, module, &[]).expect("memory is there again")
        }
    };
    for name in CALLS {
        let f = instance.typed_func::<(), i32>(&store, name).expect("an export");
        match f.call(&mut store, ()) {
            Ok(-1) => assert!(["grow", "table"].contains(&name), "{n}: {name}"),
            Ok(_) => {}
            Err(error) => assert!(is_clean(&error), "{n}: {name}: {error}"),
        }
        let ok = instance.typed_func::<(), i32>(&store, "ok").expect("an export");
        assert_eq!(ok.call(&mut store, ()).expect("the store goes on"), 7, "{n}: after {name}");
    }
}

/// One test: the allocator is everybody's.
#[test]
fn each_large_allocation_can_fail() {
    let engine = Engine::default();
    let bytes = wat::parse_str(GUEST).expect("the text is a module");
    let module = Module::new(&engine, bytes).expect("a valid module");
    let count = (1..1000).take_while(|&n| run(&module, &engine, n)).count();
    println!("{count} large allocations, each of which has failed once");
    assert!(count >= 8, "{count}");
}
