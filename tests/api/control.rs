//! What an embedder controls beyond calls: interrupts, overloads, memories by index, modules with
//! invalid functions, figures.

use super::*;
use std::time::{Duration, Instant};

fn interruptible() -> Result<Engine, Error> {
    Engine::new(Config::new().interrupts(true))
}

const LOOPS: &str = "(module
    (func $spin (export \"spin\") (loop (br 0)))
    (func $fib (export \"fib\") (param i64) (result i64)
        (if (result i64) (i64.lt_u (local.get 0) (i64.const 2)) (then (local.get 0))
            (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1)))
                (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
    (func $ping (export \"ping\") (return_call $pong)) (func $pong (return_call $ping))
    (func (export \"seven\") (result i32) (i32.const 7)))";

#[test]
fn other_threads_stop_what_runs() -> Outcome {
    let engine = interruptible()?;
    let module = module(&engine, LOOPS)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let handle = store.interrupt_handle()?;
    for name in ["spin", "fib", "ping"] {
        let func = instance.func(&store, name).expect("it is exported");
        let args: &[Val] = if name == "fib" { &[Val::I64(90)] } else { &[] };
        let mut results = vec![Val::I64(0); args.len()];
        let other = handle.clone();
        let start = Instant::now();
        let waits = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            other.interrupt();
            Instant::now()
        });
        let error = func.call(&mut store, args, &mut results).unwrap_err();
        let asked = waits.join().expect("it does not panic");
        assert_eq!(error.trap(), Some(Trap::Interrupted), "{name}");
        assert!(!error.backtrace().is_empty(), "{name}");
        assert!(start.elapsed() >= Duration::from_millis(30) && asked >= start);
        // The store is as good as before, and the interrupt is over.
        let seven = instance.typed_func::<(), i32>(&store, "seven")?;
        assert_eq!(seven.call(&mut store, ())?, 7);
    }
    Ok(())
}

/// Loops without an end: what is in one of them, if anything looks for interrupts, is not on every
/// way, or on none.
const SPINS: &[&str] = &[
    "(loop $l (br $l))",
    "(loop $l (call $f) (br $l))",
    "(call $f) (loop $l (br $l))",
    "(loop $l (call $f) (loop $m (br $m)))",
    "(loop $l (if (global.get 0) (then (call $f))) (br $l))",
    "(loop $l (if (global.get 0) (then (call $f)) (else (nop))) (br $l))",
    "(loop $l (if (global.get 0) (then (nop)) (else (call $f))) (br $l))",
    "(loop $l (block $b (br_if $b (i32.eqz (global.get 0))) (call $f)) (br $l))",
    "(loop $l (block $b (block $c (br_table $b $c (global.get 0))) (call $f)) (br $l))",
    "(loop $l (br_if $l (i32.eqz (global.get 0))) (call $f) (br $l))",
    "(loop $l (drop (br_on_null $l (ref.null func))) (call $f) (br $l))",
    "(loop $l (loop $m (br_if $l (i32.eqz (global.get 0))) (call $f) (br $m)))",
    "(loop $l (if (global.get 0) (then (loop $m (br_if $m (global.get 0))))) (br $l))",
    "(loop $l (local.set 0 (i32.const 9))
        (loop $m (br_if $m (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br $l))",
    "(loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $l (i32.ge_u (local.get 0) (i32.const 0))))",
    "(loop $l (block $b (try_table (catch_all $b) (throw $t))) (br $l))",
    "(loop $l (block $b (try_table (catch_all $b) (throw $t) (call $f))) (br $l))",
    "(loop $l (try_table (catch_all $l) (throw $t)) (call $f) (br $l))",
    "(loop $l (block $b (block $a (br_table $a $b (local.get 0)))
        (local.set 0 (i32.const 1)) (br $l)) (local.set 0 (i32.const 0)) (br $l))",
    "(loop $l (block $b (block $a (br_table $a $b (i32.and (local.get 0) (i32.const 1))))
        (local.set 0 (i32.const 1)) (br $l)) (local.set 0 (i32.const 0)) (br $l))",
];

#[test]
fn no_loop_escapes_an_interrupt() -> Outcome {
    let funcs: String = SPINS
        .iter()
        .enumerate()
        .map(|(i, body)| format!("(func (export \"{i}\") (local i32) {body})"))
        .collect();
    let text = format!("(module (global i32 (i32.const 0)) (tag $t) (func $f) {funcs})");
    for fuel in [false, true] {
        let engine = Engine::new(Config::new().interrupts(true).fuel(fuel))?;
        let module = module(&engine, &text)?;
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(u64::MAX >> 1)?;
        }
        let instance = Instance::new(&mut store, &module, &[])?;
        let handle = store.interrupt_handle()?;
        for (i, body) in SPINS.iter().enumerate() {
            let func = instance.typed_func::<(), ()>(&store, &i.to_string())?;
            let other = handle.clone();
            let waits = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(5));
                other.interrupt();
            });
            let error = func.call(&mut store, ()).unwrap_err();
            waits.join().expect("it does not panic");
            assert_eq!(error.trap(), Some(Trap::Interrupted), "{body}");
        }
    }
    Ok(())
}

#[test]
fn an_interrupt_meets_what_runs_next_once() -> Outcome {
    let engine = interruptible()?;
    let module = module(&engine, LOOPS)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let handle = store.interrupt_handle()?;
    let seven = instance.typed_func::<(), i32>(&store, "seven")?;
    let fib = instance.typed_func::<i64, i64>(&store, "fib")?;
    handle.interrupt();
    handle.interrupt();
    // Even if it would end soon.
    assert_eq!(seven.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupted));
    assert_eq!(seven.call(&mut store, ())?, 7);
    handle.interrupt();
    assert_eq!(fib.call(&mut store, 10).unwrap_err().trap(), Some(Trap::Interrupted));
    assert_eq!(fib.call(&mut store, 10)?, 55);
    handle.interrupt();
    handle.clear();
    assert_eq!(fib.call(&mut store, 10)?, 55);
    drop(store);
    // Nobody is there any more.
    handle.interrupt();
    let engine = Engine::default();
    let store = Store::new(&engine, ());
    assert_eq!(kind(store.interrupt_handle()), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn imports_choose_by_their_type() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let ty = |ty: ValType| FuncType { params: [ty].into(), results: [ValType::I32].into() };
    let bits = |bits: u64| {
        move |_: Caller<'_, ()>, slots: &mut [u64]| {
            slots[0] = bits;
            Ok(())
        }
    };
    let nothing = linker.overload_raw("host", "width", ty(ValType::I32), bits(0)).map(drop);
    assert_eq!(kind(nothing), Some(ErrorKind::Usage));
    linker.func_raw("host", "width", ty(ValType::I32), bits(32))?;
    linker.overload_raw("host", "width", ty(ValType::I64), bits(64))?;
    let again = linker.overload_raw("host", "width", ty(ValType::I64), bits(0)).map(drop);
    assert_eq!(kind(again), Some(ErrorKind::Usage));
    let references = linker.overload_raw("host", "width", ty(ValType::Ref(RefType::FUNC)), bits(0));
    assert_eq!(kind(references.map(drop)), Some(ErrorKind::Usage));
    let text = "(module
        (import \"host\" \"width\" (func $narrow (param i32) (result i32)))
        (import \"host\" \"width\" (func $wide (param i64) (result i32)))
        (func (export \"f\") (result i32 i32)
            (call $narrow (i32.const 0)) (call $wide (i64.const 0))))";
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let f = instance.typed_func::<(), (i32, i32)>(&store, "f")?;
    assert_eq!(f.call(&mut store, ())?, (32, 64));
    assert_eq!(store.stats().host_calls, 2);
    let text = "(module (import \"host\" \"width\" (func (param f32) (result i32))))";
    let error = linker.instantiate(&mut store, &module(&engine, text)?).unwrap_err();
    let problem = &error.link_problems()[0];
    assert_eq!(problem.found, Some(ExternType::Func(ty(ValType::I32))));
    assert_eq!(problem.overloads, [ty(ValType::I64)]);
    assert!(error.to_string().contains("there is func [i32] -> [i32] or func [i64] -> [i32]"));
    Ok(())
}

#[test]
fn hosts_reach_all_memories_by_index() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("host", "sum", |mut caller: Caller<'_, u32>| -> Result<u32, Error> {
        let (mut memories, data) = caller.split_memories();
        *data += 1;
        let sum = memories.get(0).read::<u8>(5)? + memories.get(1).read::<u8>(5)?;
        memories.get(1).write(6, sum)?;
        assert!(memories.get(2).is_empty() && memories.get(u32::MAX).memory().is_err());
        assert_eq!(kind(memories.get(0).read::<u8>(65_536)), Some(ErrorKind::Trap));
        Ok(sum.into())
    })?;
    let text = "(module (import \"host\" \"sum\" (func $sum (result i32)))
        (memory 1) (memory 1) (data (i32.const 5) \"\\03\") (data (memory 1) (i32.const 5) \"\\04\")
        (func (export \"f\") (result i32)
            (i32.add (call $sum) (i32.load8_u 1 (i32.const 6)))))";
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let f = instance.typed_func::<(), u32>(&store, "f")?;
    assert_eq!((f.call(&mut store, ())?, *store.data()), (14, 1));
    assert_eq!(store.stats().memory_bytes, 2 << 16);
    Ok(())
}

#[test]
fn modules_with_invalid_functions_can_be_loaded() -> Outcome {
    let text = "(module (func (export \"bad\") (result i32) (i64.const 0))
        (func (export \"good\") (result i32) (i32.const 7))
        (func (export \"calls\") (result i32) (call 0))
        (func (i32.add)))";
    assert_eq!(kind(module(&Engine::default(), text)), Some(ErrorKind::Invalid));
    for eager in [false, true] {
        let engine = Engine::new(Config::new().invalid_functions(true).eager(eager))?;
        let module = module(&engine, text)?;
        let errors: Vec<Error> = module.invalid_functions().collect();
        let told: Vec<_> = errors.iter().map(|error| (error.kind(), error.func())).collect();
        assert_eq!(told, [(ErrorKind::Invalid, Some(0)), (ErrorKind::Invalid, Some(3))]);
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let mut call = |name: &str| -> Result<i32, Error> {
            instance.typed_func::<(), i32>(&store, name)?.call(&mut store, ())
        };
        assert_eq!(call("good")?, 7);
        assert_eq!(call("bad").unwrap_err().trap(), Some(Trap::InvalidFunction));
        let error = call("calls").unwrap_err();
        assert_eq!(error.trap(), Some(Trap::InvalidFunction));
        let innermost = error.backtrace().iter().find(|frame| frame.func == 2);
        assert!(innermost.is_some_and(|frame| frame.module_id == module.id()), "{error}");
    }
    // What is malformed stays an error: a body that ends too early.
    let mut bytes = wasm("(module (func))");
    let end = bytes.iter().rposition(|&byte| byte == 0x0B).expect("an end");
    bytes[end] = 0x01;
    let engine = Engine::new(Config::new().invalid_functions(true))?;
    assert_eq!(kind(Module::new(&engine, bytes)), Some(ErrorKind::Malformed));
    Ok(())
}

#[test]
fn bodies_can_be_looked_at_on_their_first_call() -> Outcome {
    let text = "(module (func (export \"bad\") (result i32) (i64.const 0))
        (func (export \"good\") (result i32) (i32.const 7))
        (func (export \"calls\") (result i32) (call 0)))";
    let mut bytes = wasm(text);
    let end = bytes.iter().rposition(|&byte| byte == 0x0B).expect("an end");
    for (invalid_functions, malformed) in [(false, false), (true, false), (false, true)] {
        if malformed {
            // The body of "calls" ends too early.
            bytes[end] = 0x01;
        }
        let config = Config::new().invalid_functions(invalid_functions);
        let engine = Engine::new(config.lazy(true))?;
        let module = Module::new(&engine, bytes.clone())?;
        assert_eq!(module.invalid_functions().count(), 0, "nobody has looked");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let mut call = |name: &str| -> Result<i32, Error> {
            instance.typed_func::<(), i32>(&store, name)?.call(&mut store, ())
        };
        assert_eq!(call("good")?, 7);
        for _ in 0..2 {
            let error = call("calls").unwrap_err();
            if invalid_functions {
                assert_eq!(error.trap(), Some(Trap::InvalidFunction), "{error}");
            } else if malformed {
                assert_eq!((error.kind(), error.func()), (ErrorKind::Malformed, Some(2)));
            } else {
                assert_eq!((error.kind(), error.func()), (ErrorKind::Invalid, Some(0)));
            }
            assert_eq!(call("good")?, 7);
        }
    }
    Ok(())
}

#[test]
fn threads_load_as_one_does() -> Outcome {
    const FUNCS: u32 = 6_000;
    let func = |i: u32, bad: &[u32]| {
        let sum = "(i32.add (i32.const 100000)) (i32.xor (local.get 0)) ".repeat(20);
        let wrong = if bad.contains(&i) { "(drop)" } else { "" };
        format!("(func (export \"{i}\") (param i32) (result i32) (i32.const {i}) {sum} {wrong})")
    };
    let text = |bad: &[u32]| {
        let funcs: String = (0..FUNCS).map(|i| func(i, bad)).collect();
        format!("(module {funcs})")
    };
    let [good, bad] = [text(&[]), text(&[2_111, 2_112, 5_000])].map(|text| wasm(&text));
    assert!(good.len() > 1 << 20);
    let mut seen = Vec::new();
    for threads in [1, 2, 5] {
        for config in [Config::new(), Config::new().eager(true)] {
            let config = config.threads(threads);
            let engine = Engine::new(config.clone())?;
            let error = Module::new(&engine, bad.clone()).unwrap_err();
            assert_eq!((error.kind(), error.func()), (ErrorKind::Invalid, Some(2_111)));
            let some = Module::new(&Engine::new(config.invalid_functions(true))?, bad.clone())?;
            let told: Vec<_> = some.invalid_functions().map(|error| error.func()).collect();
            assert_eq!(told, [Some(2_111), Some(2_112), Some(5_000)]);
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &Module::new(&engine, good.clone())?, &[])?;
            let mut results = Vec::new();
            for i in (0..FUNCS).step_by(7) {
                let func = instance.typed_func::<i32, i32>(&store, &i.to_string())?;
                results.push(func.call(&mut store, 12_345)?);
            }
            seen.push(results);
        }
    }
    assert!(seen.iter().all(|results| *results == seen[0]));
    Ok(())
}

#[test]
fn modules_tell_what_was_spent_on_them() -> Outcome {
    let engine = Engine::default();
    let module = module(&engine, LOOPS)?;
    assert!(!module.stats().validate.is_zero() && !module.stats().decode.is_zero());
    assert_eq!(module.stats().translated_functions, 0);
    assert_eq!((module.export_index("seven"), module.export_index("eight")), (Some(4), None));
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    instance.typed_func::<(), i32>(&store, "seven")?.call(&mut store, ())?;
    assert_eq!(module.stats().translated_functions, 1);
    assert!(!module.stats().translate.is_zero());
    Ok(())
}
