//! Limits, at their border: what just fits does, one more does not, and the store goes on.

use std::time::{Duration, Instant};
use wasmvm::{
    Config, Engine, Error, ErrorKind, Func, FuncType, Instance, Limits, Linker, Module, Store,
    Trap, Val, ValType,
};

type Outcome = Result<(), Error>;

fn module(engine: &Engine, text: &str) -> Result<Module, Error> {
    Module::new(engine, wat::parse_str(text).expect("the text is a module"))
}
fn limited(change: impl FnOnce(&mut Limits)) -> Store<()> {
    let mut store = Store::new(&Engine::default(), ());
    let mut limits = store.limits();
    change(&mut limits);
    store.set_limits(limits);
    store
}
fn instance(store: &mut Store<()>, text: &str) -> Result<Instance, Error> {
    let module = module(store.engine(), text)?;
    Instance::new(store, &module, &[])
}
fn call(store: &mut Store<()>, instance: &Instance, name: &str, n: i32) -> Result<i32, Error> {
    instance.typed_func::<i32, i32>(store, name)?.call(store, n)
}

#[test]
fn memory() -> Outcome {
    const PAGE: u64 = 65_536;
    let text = "(module (memory $a 2) (memory $b 1)
        (func (export \"a\") (param i32) (result i32) (memory.grow $a (local.get 0)))
        (func (export \"b\") (param i32) (result i32) (memory.grow $b (local.get 0))))";
    for (bytes, pages) in [(5 * PAGE, 5), (5 * PAGE - 1, 4), (5 * PAGE + PAGE - 1, 5)] {
        let mut store = limited(|limits| limits.memory_bytes = bytes);
        let guest = instance(&mut store, text)?;
        assert_eq!(call(&mut store, &guest, "a", pages - 2)?, -1, "both together count");
        assert_eq!(call(&mut store, &guest, "a", 1)?, 2);
        assert_eq!(call(&mut store, &guest, "b", pages - 4)?, 1);
        assert_eq!(call(&mut store, &guest, "b", 1)?, -1);
        assert_eq!(call(&mut store, &guest, "a", -1)?, -1);
        assert_eq!(call(&mut store, &guest, "a", 0)?, 3);
    }
    let mut store = limited(|limits| limits.memory_bytes = 3 * PAGE - 1);
    assert_eq!(instance(&mut store, text).unwrap_err().kind(), ErrorKind::Limit);
    // What could not be made does not count.
    store.set_limits(Limits { memory_bytes: 3 * PAGE, ..store.limits() });
    instance(&mut store, text)?;
    Ok(())
}

#[test]
fn tables() -> Outcome {
    let text = "(module (table $a 2 funcref) (table $b 1 externref)
        (func (export \"a\") (param i32) (result i32)
            (table.grow $a (ref.null func) (local.get 0)))
        (func (export \"b\") (param i32) (result i32)
            (table.grow $b (ref.null extern) (local.get 0))))";
    let mut store = limited(|limits| limits.table_elements = 10);
    let guest = instance(&mut store, text)?;
    assert_eq!(call(&mut store, &guest, "a", 8)?, -1);
    assert_eq!(call(&mut store, &guest, "a", 5)?, 2);
    assert_eq!(call(&mut store, &guest, "b", 2)?, 1);
    assert_eq!(call(&mut store, &guest, "b", 1)?, -1);
    assert_eq!(call(&mut store, &guest, "a", -1)?, -1);
    let mut store = limited(|limits| limits.table_elements = 2);
    assert_eq!(instance(&mut store, text).unwrap_err().kind(), ErrorKind::Limit);
    Ok(())
}

#[test]
fn instances() -> Outcome {
    let mut store = limited(|limits| limits.instances = 3);
    for _ in 0..3 {
        instance(&mut store, "(module)")?;
    }
    assert_eq!(instance(&mut store, "(module)").unwrap_err().kind(), ErrorKind::Limit);
    Ok(())
}

/// Every allocation counts, and what is not needed any more does not.
#[test]
fn heap() -> Outcome {
    let text = "(module (type $bytes (array (mut i8)))
        (global $kept (mut (ref null $bytes)) (ref.null $bytes))
        (func (export \"keep\") (param i32) (result i32)
            (global.set $kept (array.new_default $bytes (local.get 0)))
            (array.len (global.get $kept)))
        (func (export \"churn\") (param i32) (result i32)
            (loop $next
                (drop (array.new_default $bytes (i32.const 1000)))
                (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 0)))";
    let mut store = limited(|limits| limits.gc_heap_bytes = 1 << 20);
    let guest = instance(&mut store, text)?;
    assert_eq!(call(&mut store, &guest, "keep", 1 << 19)?, 1 << 19);
    let error = call(&mut store, &guest, "keep", 1 << 20).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::AllocationTooLarge));
    let error = call(&mut store, &guest, "keep", -1).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::AllocationTooLarge));
    assert_eq!(call(&mut store, &guest, "churn", 10_000)?, 0);
    assert_eq!(call(&mut store, &guest, "keep", 0)?, 0);
    Ok(())
}

/// The stack is exhausted after so many calls, whatever they are, and the store goes on.
#[test]
fn stack() -> Outcome {
    let text = "(module (type $f (func (param i32) (result i32)))
        (table funcref (elem $direct $indirect $wide))
        (func $direct (export \"direct\") (type $f)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1)
                    (call $direct (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func $indirect (export \"indirect\") (type $f)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call_indirect (type $f)
                    (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))))
                (else (i32.const 0))))
        (func $wide (export \"wide\") (type $f) (local v128 v128 v128 v128)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1)
                    (call $wide (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func (export \"tail\") (type $f)
            (if (result i32) (local.get 0)
                (then (return_call $spread (i32.sub (local.get 0) (i32.const 1))
                    (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))
                (else (i32.const 0))))
        (func $spread (param i32 i64 i64 i64 i64) (result i32) (local v128 v128 v128 v128)
            (if (result i32) (local.get 0)
                (then (return_call $spread (i32.sub (local.get 0) (i32.const 1))
                    (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))
                (else (i32.const 0)))))";
    for bytes in [4096, 65_536, 1 << 20] {
        let mut store = limited(|limits| limits.stack_bytes = bytes);
        let guest = instance(&mut store, text)?;
        for name in ["direct", "indirect", "wide"] {
            // The deepest call that fits.
            let (mut fits, mut fails) = (0, 1 << 24);
            while fails - fits > 1 {
                let middle = (fits + fails) / 2;
                match call(&mut store, &guest, name, middle) {
                    Ok(depth) => {
                        assert_eq!(depth, middle);
                        fits = middle;
                    }
                    Err(error) => {
                        assert_eq!(error.trap(), Some(Trap::StackExhausted));
                        fails = middle;
                    }
                }
            }
            // A frame has a header of four slots and a few of its own.
            assert!(fits as u64 >= bytes / 8 / 32, "{name}: {fits} calls in {bytes} bytes");
            assert!(fits as u64 <= bytes / 8 / 5, "{name}: {fits} calls in {bytes} bytes");
            assert_eq!(call(&mut store, &guest, name, fits)?, fits, "the border stays");
        }
        assert_eq!(call(&mut store, &guest, "tail", 1_000_000)?, 0, "tail calls need no more");
    }
    Ok(())
}

/// Guests and hosts that call one another.
#[test]
fn host_calls() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let ty = FuncType { params: [ValType::I32].into(), results: [ValType::I32].into() };
    linker.func_new("host", "call", ty, |mut caller, args, results| {
        let guest = caller.get_export("f").and_then(wasmvm::Extern::into_func);
        guest.expect("an export").call(&mut caller, args, results)
    })?;
    let text = "(module (import \"host\" \"call\" (func $call (param i32) (result i32)))
        (func (export \"f\") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (call $call (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 7)))))";
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { host_call_depth: 20, ..store.limits() });
    let guest = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let deepest = (0..100).take_while(|&n| call(&mut store, &guest, "f", n).is_ok()).count();
    assert_eq!(deepest, 20, "the first call counts");
    assert_eq!(call(&mut store, &guest, "f", 20).unwrap_err().trap(), Some(Trap::StackExhausted));
    assert_eq!(call(&mut store, &guest, "f", 19)?, 7);
    Ok(())
}

/// What runs with this much fuel: so much and not less is used, and one less is not enough.
fn exact_fuel(text: &str, name: &str) -> Result<u64, Error> {
    let engine = Engine::new(Config::new().fuel(true))?;
    let module = module(&engine, text)?;
    let run = |fuel: u64| -> Result<u64, Error> {
        let mut store = Store::new(&engine, ());
        store.set_fuel(1 << 40)?;
        let instance = Instance::new(&mut store, &module, &[])?;
        let func = instance.typed_func::<(), ()>(&store, name)?;
        store.set_fuel(fuel)?;
        func.call(&mut store, ())?;
        Ok(fuel - store.fuel().expect("an engine with fuel"))
    };
    let used = run(1 << 40)?;
    assert_eq!(run(used)?, used);
    assert_eq!(run(used - 1).unwrap_err().trap(), Some(Trap::OutOfFuel));
    Ok(used)
}

/// Fuel is exact, and what an instruction moves is paid for: else ten million units would be
/// hours.
#[test]
fn fuel() -> Outcome {
    let text = "(module (memory 2) (table $t 1000 funcref)
        (type $a (array (mut i64))) (type $s (struct (field i64)))
        (data $d \"0123456789\") (elem $e func)
        (func (export \"nothing\"))
        (func (export \"small\")
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 63)))
        (func (export \"fill\")
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 131072)))
        (func (export \"copy\")
            (memory.copy (i32.const 0) (i32.const 65536) (i32.const 65536)))
        (func (export \"out\")
            (memory.copy (i32.const 0) (i32.const 65537) (i32.const 65536)))
        (func (export \"table\")
            (table.fill $t (i32.const 0) (ref.null func) (i32.const 1000)))
        (func (export \"array\") (drop (array.new_default $a (i32.const 10000))))
        (func (export \"locals\") (call $locals))
        (func $locals (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)))";
    let nothing = exact_fuel(text, "nothing")?;
    // Three operands and the instruction itself.
    let four = nothing + 4;
    assert_eq!(exact_fuel(text, "small")?, four);
    assert_eq!(exact_fuel(text, "fill")?, four + 131_072 / 64);
    assert_eq!(exact_fuel(text, "copy")?, four + 65_536 / 64);
    assert_eq!(exact_fuel(text, "table")?, four + 8_000 / 64);
    assert_eq!(exact_fuel(text, "array")?, nothing + 3 + 80_000 / 64);
    assert_eq!(exact_fuel(text, "locals")?, nothing + 1 + nothing + 16 * 8 / 64);
    // The bounds come first: nothing is moved, nothing is paid.
    let engine = Engine::new(Config::new().fuel(true))?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let out = instance.func(&store, "out").expect("a function");
    store.set_fuel(four)?;
    let error = out.call(&mut store, &[], &mut []).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    Ok(())
}

#[test]
fn timeout() -> Outcome {
    let engine = Engine::new(Config::new().interrupts(true))?;
    let text = "(module (func (export \"f\") (loop (br 0))))";
    let mut store = Store::new(&engine, ());
    let guest = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let f: Func = guest.func(&store, "f").expect("a function");
    let mut late = Duration::MAX;
    // The best of a few: other programs run here, too.
    for _ in 0..5 {
        let handle = store.interrupt_handle()?;
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let at = Instant::now();
            handle.interrupt();
            at
        });
        let error = f.call(&mut store, &[], &mut []).unwrap_err();
        let ended = Instant::now();
        assert_eq!(error.trap(), Some(Trap::Interrupted));
        late = late.min(ended.saturating_duration_since(stopper.join().expect("no panic")));
    }
    assert!(late < Duration::from_millis(10), "{late:?}");
    Ok(())
}

/// 0 to 1,000 parameters and results across the boundary, in both directions.
#[test]
fn signatures() -> Outcome {
    for n in [0, 1, 2, 7, 16, 127, 128, 129, 255, 256, 257, 511, 512, 999, 1000] {
        let types = |ty: ValType| -> Box<[ValType]> {
            (0..n).map(|i| if i % 3 == 2 { ValType::V128 } else { ty }).collect()
        };
        let ty = FuncType { params: types(ValType::I32), results: types(ValType::I32) };
        let list: Vec<&str> = (0..n).map(|i| if i % 3 == 2 { "v128" } else { "i32" }).collect();
        let list = list.join(" ");
        let gets: Vec<String> = (0..n).map(|i| format!("local.get {i}")).collect();
        let gets = gets.join(" ");
        let text = format!(
            "(module (type $t (func (param {list}) (result {list})))
                (import \"host\" \"f\" (func $f (type $t)))
                (func (export \"g\") (type $t) {gets} call $f)
                (func (export \"h\") (type $t) {gets} return_call $f)
                (func (export \"i\") (type $t) {gets}))"
        );
        let engine = Engine::default();
        let mut linker = Linker::<()>::new(&engine);
        linker.func_new("host", "f", ty, |_, args, results| {
            results.copy_from_slice(args);
            Ok(())
        })?;
        let mut store = Store::new(&engine, ());
        let guest = linker.instantiate(&mut store, &module(&engine, &text)?)?;
        let args: Vec<Val> = (0..n)
            .map(|i| match i % 3 {
                2 => Val::V128(u128::MAX - i as u128),
                _ => Val::I32(i),
            })
            .collect();
        for name in ["g", "h", "i"] {
            let mut results = vec![Val::I64(0); args.len()];
            let func = guest.func(&store, name).expect("a function");
            func.call(&mut store, &args, &mut results)?;
            assert_eq!(results, args, "{name} with {n}");
        }
    }
    Ok(())
}
