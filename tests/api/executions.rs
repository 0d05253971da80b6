//! Calls that stop and go on: fuel, interrupts, suspension by host functions.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wasmvm::{Exception, Execution, Progress, Suspend, Tag, TypedFunc};

fn stoppable() -> Result<Engine, Error> {
    Engine::new(Config::new().fuel(true).interrupts(true))
}

/// Small kernels with everything that code can be in the middle of: locals in registers, floats,
/// vectors, calls of all kinds, exceptions, growing memory, objects. Each takes a count.
const KERNELS: &str = r#"(module
    (memory (export "memory") 1 200)
    (table funcref (elem $leaf $leaf2))
    (type $leaf (func (param i64) (result i64)))
    (type $pair (struct (field (mut i64)) (field (ref null $pair))))
    (type $words (array (mut i64)))
    (tag $e (param i64 f64))
    (func $leaf (type $leaf) (i64.add (local.get 0) (i64.const 3)))
    (func $leaf2 (type $leaf) (i64.rotl (local.get 0) (i64.const 7)))
    (func $fib (export "fib") (param i64) (result i64)
        (if (result i64) (i64.lt_u (local.get 0) (i64.const 2)) (then (local.get 0))
            (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1)))
                (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
    (func (export "floats") (param $n i64) (result i64) (local $x f64) (local $y f32)
        (local.set $x (f64.const 0.5)) (local.set $y (f32.const 1.25))
        (loop $next
            (local.set $x (f64.add (f64.mul (local.get $x) (f64.const 1.000001))
                (f64.promote_f32 (local.get $y))))
            (local.set $y (f32.sqrt (f32.add (local.get $y) (f32.demote_f64 (local.get $x)))))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (i64.xor (i64.reinterpret_f64 (local.get $x))
            (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))))
    (func (export "vectors") (param $n i64) (result i64) (local $v v128)
        (local.set $v (v128.const i32x4 1 2 3 4))
        (loop $next
            (local.set $v (i32x4.add (i32x4.mul (local.get $v) (local.get $v))
                (i32x4.splat (i32.wrap_i64 (local.get $n)))))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (i64.xor (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v))))
    (func (export "tables") (param $n i64) (result i64) (local $s i64)
        (loop $next
            (local.set $s (call_indirect (type $leaf)
                (i64.add (local.get $s) (local.get $n))
                (i32.and (i32.wrap_i64 (local.get $n)) (i32.const 1))))
            (block $b (block $a (br_table $a $b (i32.wrap_i64 (i64.and (local.get $s)
                (i64.const 1))))) (local.set $s (i64.rotr (local.get $s) (i64.const 5))))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (local.get $s))
    (func $tail (export "tails") (param $n i64) (result i64)
        (if (i64.eqz (local.get $n)) (then (return (i64.const 11))))
        (return_call $tail (i64.sub (local.get $n) (i64.const 1))))
    (func $throw (param i64)
        (if (i32.wrap_i64 (i64.and (local.get 0) (i64.const 1))) (then
            (throw $e (local.get 0) (f64.convert_i64_u (local.get 0)))))
        (throw $e (i64.const 5) (f64.const 0.5)))
    (func (export "throws") (param $n i64) (result i64) (local $s i64)
        (loop $next
            (block $h (result i64 f64)
                (try_table (catch $e $h) (call $throw (local.get $n)))
                (unreachable))
            (i64.trunc_sat_f64_s) (i64.add) (local.get $s) (i64.add) (local.set $s)
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (local.get $s))
    (func (export "grows") (param $n i64) (result i64) (local $s i64)
        (loop $next
            (drop (memory.grow (i32.const 1)))
            (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8))
                (local.get $n))
            (local.set $s (i64.add (local.get $s) (i64.load
                (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (local.get $s))
    (func (export "objects") (param $n i64) (result i64) (local $p (ref null $pair)) (local $s i64)
        (loop $next
            (local.set $p (struct.new $pair (local.get $n) (local.get $p)))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (loop $next
            (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31))
                (struct.get $pair 0 (local.get $p))))
            (br_if $next (i32.eqz (ref.is_null
                (local.tee $p (struct.get $pair 1 (local.get $p)))))))
        (local.get $s))
    ;; What it moves costs more than what stands around it, and the loop goes on after it.
    (func (export "bulk") (param $n i64) (result i64) (local $s i64) (local $at i32)
        (loop $next
            (memory.fill (local.get $at) (i32.wrap_i64 (local.get $n)) (i32.const 256))
            (memory.copy (i32.const 1024) (local.get $at) (i32.const 700))
            (local.set $at (i32.and (i32.add (local.get $at) (i32.const 64)) (i32.const 4095)))
            (local.set $s (i64.add (i64.rotl (local.get $s) (i64.const 3))
                (i64.load (local.get $at))))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (local.get $s))
    (func (export "arrays") (param $n i64) (result i64) (local $s i64)
        (local $a (ref null $words)) (local $b (ref null $words))
        (loop $next
            (local.set $a (array.new $words (local.get $n) (i32.const 40)))
            (local.set $b (array.new_default $words (i32.const 60)))
            (array.copy $words $words (local.get $b) (i32.const 7) (local.get $a) (i32.const 3)
                (i32.const 30))
            (array.fill $words (local.get $b) (i32.const 20) (i64.const -3) (i32.const 33))
            (local.set $s (i64.add (local.get $s) (i64.xor
                (array.get $words (local.get $b) (i32.const 12))
                (array.get $words (local.get $b) (i32.const 44)))))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (local.get $s))
    (func $many (param $n i64) (result i64 i64 f32)
        (i64.add (local.get $n) (i64.const 1)) (local.get $n) (f32.const 0.5))
    (func (export "many") (param $n i64) (result i64) (local $s i64)
        (loop $next
            (call $many (local.get $n)) (i64.trunc_sat_f32_u) (i64.add) (i64.sub)
            (local.get $s) (i64.add) (local.set $s)
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1)))
                (i64.const 0))))
        (local.get $s)))"#;
const NAMES: &[(&str, i64)] = &[
    ("fib", 14),
    ("floats", 300),
    ("vectors", 300),
    ("tables", 300),
    ("tails", 500),
    ("throws", 200),
    ("grows", 100),
    ("objects", 300),
    ("bulk", 100),
    ("arrays", 60),
    ("many", 200),
];

/// What a call gives, and the fuel it takes.
fn whole(engine: &Engine, name: &str, n: i64) -> Result<(i64, u64), Error> {
    const PLENTY: u64 = 1 << 40;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module(engine, KERNELS)?, &[])?;
    store.set_fuel(PLENTY)?;
    let result = instance.typed_func::<i64, i64>(&store, name)?.call(&mut store, n)?;
    Ok((result, PLENTY - store.fuel().unwrap_or(0)))
}

/// The same with fuel as `refill` gives it: the fuel that is there and what is needed give more.
fn in_pieces(
    engine: &Engine,
    name: &str,
    n: i64,
    mut refill: impl FnMut(u64, u64) -> u64,
) -> Result<(i64, u64, u64), Error> {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module(engine, KERNELS)?, &[])?;
    let mut job = instance.typed_func::<i64, i64>(&store, name)?.start(&mut store, n)?;
    let (mut given, mut pauses) = (0, 0);
    loop {
        match job.run(&mut store)? {
            Progress::Done(result) => {
                return Ok((result, given - store.fuel().unwrap_or(0), pauses));
            }
            Progress::OutOfFuel { needed } => {
                let left = store.fuel().unwrap_or(0);
                let more = refill(left, needed);
                given += more;
                store.set_fuel(left + more)?;
                pauses += 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn in_pieces_is_as_good_as_at_once() -> Outcome {
    let stressed = Config::new().fuel(true).gc_stress(true).deterministic(true);
    for engine in [stoppable()?, Engine::new(stressed)?] {
        for &(name, n) in NAMES {
            let (result, fuel) = whole(&engine, name, n)?;
            let (again, used, pauses) = in_pieces(&engine, name, n, |_, _| 1)?;
            assert_eq!((again, used), (result, fuel), "{name}, one by one");
            assert_eq!(pauses, fuel, "{name}: a pause for every instruction");
            let (again, used, pauses) = in_pieces(&engine, name, n, |left, needed| needed - left)?;
            assert_eq!(again, result, "{name}, as much as is needed");
            assert!(pauses > n as u64 && used >= fuel, "{name}: {pauses} pauses, {used} fuel");
            let mut step = 0;
            let (again, used, _) = in_pieces(&engine, name, n, |_, _| {
                step = (step * 5 + 3) % 97;
                step + 1
            })?;
            assert_eq!((again, used), (result, fuel), "{name}, in pieces of all sizes");
        }
    }
    Ok(())
}

/// An instruction that moves more than can be paid has not begun, and is not paid in part.
#[test]
fn what_moves_much_waits_for_its_fuel() -> Outcome {
    let engine = stoppable()?;
    let text = r#"(module (import "host" "nested" (func $nested)) (memory (export "memory") 2)
        (func (export "fill") (memory.fill (i32.const 0) (i32.const 7) (i32.const 131072)))
        (func (export "nests") (call $nested) (loop)))"#;
    let mut linker = Linker::<Option<TypedFunc<(), ()>>>::new(&engine);
    linker.func_wrap("host", "nested", |mut caller: Caller<'_, _>| -> Result<(), Error> {
        let fill: &Option<TypedFunc<(), ()>> = caller.data();
        let fill = fill.ok_or_else(|| Error::host("no function"))?;
        // The rest is not enough: a trap here, and nothing is taken for it.
        let error = fill.call(&mut caller, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::OutOfFuel));
        caller.set_fuel(0)
    })?;
    let mut store = Store::new(&engine, None);
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let fill = instance.typed_func::<(), ()>(&store, "fill")?;
    *store.data_mut() = Some(fill);
    let memory = instance.memory(&store, "memory").expect("exported");
    let mut job = fill.start(&mut store, ())?;
    store.set_fuel(100)?;
    // Five instructions were paid before.
    for (left, next) in [(95, 2_000), (2_000, 2_047), (2_047, 131_072 / 64)] {
        let Progress::OutOfFuel { needed } = job.run(&mut store)? else { panic!("not paid") };
        assert_eq!((needed, store.fuel()), (131_072 / 64, Some(left)));
        assert_eq!((memory.data(&store)?[0], memory.data(&store)?[131_071]), (0, 0));
        store.set_fuel(next)?;
    }
    assert!(matches!(job.run(&mut store)?, Progress::Done(())));
    assert_eq!((memory.data(&store)?[131_071], store.fuel()), (7, Some(0)));
    // What a call from within could not pay is not what its caller needs.
    let mut job = instance.typed_func::<(), ()>(&store, "nests")?.start(&mut store, ())?;
    store.set_fuel(100)?;
    let Progress::OutOfFuel { needed: 1..=10 } = job.run(&mut store)? else { panic!("no fuel") };
    Ok(())
}

/// Fuel is counted in instructions of the module: the same on every machine and back end.
#[test]
fn fuel_is_exact() -> Outcome {
    let engine = stoppable()?;
    // "tails" by hand: 500 times 3 + 5 instructions, ends included, and at last 3 + 3.
    // "bulk": 29 a turn, and 4 and 10 for what is moved; "arrays": 35, and 5, 7, 3 and 4.
    let (bulk, arrays) = (100 * (29 + 14) + 4, 60 * (35 + 19) + 4);
    let golden =
        [13_405, 6_013, 4_510, 9_334, 500 * 8 + 6, 5_704, 2_604, 7_206, bulk, arrays, 4_204];
    let mut fuel = Vec::new();
    for &(name, n) in NAMES {
        fuel.push(whole(&engine, name, n)?.1);
    }
    assert_eq!(fuel, golden);
    let text = r#"(module (func (export "f") (param i32) (result i32)
        (i32.add (i32.mul (local.get 0) (local.get 0)) (i32.const 1))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let f = instance.typed_func::<i32, i32>(&store, "f")?;
    // Five instructions, and the end of the function.
    for (fuel, left) in [(5, None), (6, Some(0)), (7, Some(1))] {
        store.set_fuel(fuel)?;
        let result = f.call(&mut store, 4);
        match left {
            Some(left) => assert_eq!((result?, store.fuel()), (17, Some(left))),
            None => {
                assert_eq!(result.unwrap_err().trap(), Some(Trap::OutOfFuel));
                assert_eq!(store.fuel(), Some(5), "nothing was taken");
            }
        }
    }
    Ok(())
}

#[test]
fn interrupts_can_be_survived() -> Outcome {
    let engine = stoppable()?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, KERNELS)?, &[])?;
    store.set_fuel(u64::MAX)?;
    let (result, _) = whole(&engine, "fib", 24)?;
    let mut job = instance.typed_func::<i64, i64>(&store, "fib")?.start(&mut store, 24)?;
    let handle = store.interrupt_handle()?;
    // At every call and turn of a loop, at first; then from another thread.
    for _ in 0..1_000 {
        handle.interrupt();
        assert!(matches!(job.run(&mut store)?, Progress::Interrupted));
        assert!(!job.is_done());
    }
    let done = AtomicUsize::new(0);
    let got = std::thread::scope(|scope| {
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) == 0 {
                handle.interrupt();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let got = loop {
            match job.run(&mut store) {
                Ok(Progress::Done(got)) => break Ok(got),
                Ok(Progress::Interrupted) => {}
                Ok(other) => break Err(Error::host(format!("{other:?}"))),
                Err(error) => break Err(error),
            }
        };
        done.store(1, Ordering::Relaxed);
        got
    })?;
    assert_eq!(got, result);
    assert!(job.is_done());
    assert_eq!(kind(job.run(&mut store)), Some(ErrorKind::Usage));
    Ok(())
}

/// While an execution stands still, the host changes a global that the guest has read before.
#[test]
fn globals_change_during_a_pause() -> Outcome {
    let text = "(module (global $g (export \"g\") (mut i32) (i32.const 1)) (memory 1)
        (func (export \"f\") (result i32) (local i32)
            (i32.store (global.get $g) (global.get $g))
            (loop $l
                (local.set 0 (i32.const 0))
                (block $b (block $a (br_table $a $b (local.get 0)))
                    (i32.store (global.get $g) (global.get $g))
                    (br_if $l (i32.eq (global.get $g) (i32.const 1)))))
            (global.get $g)))";
    for fuel in [false, true] {
        let engine = Engine::new(Config::new().interrupts(true).fuel(fuel))?;
        let module = module(&engine, text)?;
        for steps in 1..12 {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            let global = instance.global(&store, "g").expect("it is exported");
            let mut job = instance.typed_func::<(), i32>(&store, "f")?.start(&mut store, ())?;
            let handle = store.interrupt_handle()?;
            for _ in 0..steps {
                if !fuel {
                    handle.interrupt();
                }
                let progress = job.run(&mut store)?;
                if let Progress::OutOfFuel { needed } = progress {
                    store.set_fuel(needed)?;
                } else {
                    assert!(matches!(progress, Progress::Interrupted), "{progress:?}");
                }
            }
            global.set(&mut store, Val::I32(8))?;
            if fuel {
                store.set_fuel(1000)?;
            }
            assert!(matches!(job.run(&mut store)?, Progress::Done(8)), "{fuel} {steps}");
        }
    }
    Ok(())
}

/// A guest that does nothing but call the host passes no loop of its own between two calls.
#[test]
fn interrupts_are_seen_at_the_return_of_a_host_call() -> Outcome {
    let engine = Engine::new(Config::new().interrupts(true))?;
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("host", "slow", |mut caller: Caller<'_, u32>, x: f64| {
        *caller.data_mut() += 1;
        x * 2.0
    })?;
    let text = r#"(module (import "host" "slow" (func $slow (param f64) (result f64)))
        (func (export "f") (param f64) (result f64)
            (f64.add (call $slow (local.get 0)) (call $slow (f64.const 3))))
        (func (export "tail") (param f64) (result f64) (return_call $slow (local.get 0))))"#;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let handle = store.interrupt_handle()?;
    let stops = handle.clone();
    let stop = Func::wrap(&mut store, move |x: f64| {
        stops.interrupt();
        x + 0.5
    });
    let text = r#"(module (import "" "" (func $stop (param f64) (result f64)))
        (func (export "f") (param f64) (result f64)
            (f64.add (call $stop (local.get 0)) (call $stop (f64.const 3))))
        (func (export "tail") (param f64) (result f64) (return_call $stop (local.get 0))))"#;
    let stopping = Instance::new(&mut store, &module(&engine, text)?, &[stop.into()])?;
    let f = stopping.typed_func::<f64, f64>(&store, "f")?;
    // Not resumed: a trap.
    assert_eq!(f.call(&mut store, 1.0).unwrap_err().trap(), Some(Trap::Interrupted));
    let mut job = f.start(&mut store, 1.0)?;
    assert!(matches!(job.run(&mut store)?, Progress::Interrupted));
    assert!(matches!(job.run(&mut store)?, Progress::Interrupted));
    let Progress::Done(sum) = job.run(&mut store)? else { panic!("not done") };
    assert_eq!(sum, 5.0);
    let mut job = stopping.typed_func::<f64, f64>(&store, "tail")?.start(&mut store, 1.0)?;
    assert!(matches!(job.run(&mut store)?, Progress::Interrupted));
    assert!(matches!(job.run(&mut store)?, Progress::Done(1.5)));
    // Nobody interrupts: everything as ever.
    let f = instance.typed_func::<f64, f64>(&store, "f")?;
    assert_eq!((f.call(&mut store, 1.0)?, *store.data()), (8.0, 2));
    Ok(())
}

const ASKS: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i64 f32)))
    (import "host" "wait" (func $wait))
    (import "host" "e" (tag $e (param i64)))
    (memory (export "memory") 1)
    (func $deep (param $n i32) (result i64)
        (if (result i64) (local.get $n)
            (then (i64.add (i64.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
            (else (call $ask (i32.const 7)) (i64.trunc_sat_f32_u) (i64.add))))
    (func (export "f") (param i32) (result i64)
        (i32.store (i32.const 0) (i32.const 1))
        (call $wait)
        (i32.store (i32.const 0) (i32.const 2))
        (i64.add (call $deep (local.get 0)) (call $deep (i32.const 0))))
    (func (export "catches") (result i64)
        (block $h (result i64)
            (try_table (catch $e $h) (call $ask (i32.const 1)) (drop) (drop))
            (i64.const -1)))
    (func (export "tail") (result i64 f32) (return_call $ask (i32.const 1)))
    (func (export "middle") (call $wait)))"#;

/// An instance whose host functions suspend: `ask` with its argument.
fn asking() -> Result<(Store<()>, Instance, Tag), Error> {
    let engine = stoppable()?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(1 << 30)?;
    let tag = Tag::new(&mut store, &[ValType::I64]);
    let mut linker = Linker::<()>::new(&engine);
    let ask = |token: i32| -> Result<(i64, f32), Error> { Err(Suspend::new(token).into()) };
    linker.func_wrap("host", "ask", ask)?;
    linker
        .func_wrap("host", "wait", || -> Result<(), Error> { Err(Suspend::new("wait").into()) })?;
    linker.define(&store, "host", "e", tag)?;
    let instance = linker.instantiate(&mut store, &module(&engine, ASKS)?)?;
    Ok((store, instance, tag))
}
/// What the host function has said.
fn token<R: std::fmt::Debug, A: 'static>(progress: Progress<R>) -> A {
    match progress {
        Progress::Suspended(suspend) => suspend.downcast().expect("a token of this type"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn host_functions_suspend() -> Outcome {
    let (mut store, instance, _) = asking()?;
    let f = instance.typed_func::<i32, i64>(&store, "f")?;
    let mut job = f.start(&mut store, 1_000)?;
    assert_eq!(token::<_, &str>(job.run(&mut store)?), "wait");
    // The store is free: the memory can be looked at, and other calls come and go.
    let memory = instance.memory(&store, "memory").expect("exported");
    assert_eq!(memory.data(&store)?[0], 1);
    let mut other = f.start(&mut store, 3)?;
    assert_eq!(token::<_, &str>(other.run(&mut store)?), "wait");
    assert_eq!(token::<_, i32>(other.run(&mut store)?), 7);
    assert_eq!(token::<_, i32>(job.run(&mut store)?), 7);
    assert_eq!(memory.data(&store)?[0], 2);
    // Its results are checked.
    assert_eq!(job.wanted(&store)?.as_deref(), Some(&[ValType::I64, ValType::F32][..]));
    let usage = Some(ErrorKind::Usage);
    assert_eq!(kind(job.run(&mut store)), usage);
    assert_eq!(kind(job.run_with(&mut store, &[Val::I64(1)])), usage);
    assert_eq!(kind(job.run_with(&mut store, &[Val::I64(1), Val::I64(1)])), usage);
    let answer = |n: i64| [Val::I64(n), Val::from(0.5_f32 + n as f32)];
    assert_eq!(token::<_, i32>(job.run_with(&mut store, &answer(100))?), 7);
    assert_eq!(token::<_, i32>(other.run_with(&mut store, &answer(10))?), 7);
    let Progress::Done(sum) = job.run_with(&mut store, &answer(1_000))? else { panic!() };
    assert_eq!(sum, 1_000 + 2 * 100 + 2 * 1_000);
    let Progress::Done(sum) = other.run_with(&mut store, &answer(1))? else { panic!() };
    assert_eq!(sum, 3 + 2 * 10 + 2);
    let tail = instance.typed_func::<(), (i64, f32)>(&store, "tail")?;
    let mut job = tail.start(&mut store, ())?;
    assert_eq!(token::<_, i32>(job.run(&mut store)?), 1);
    assert!(matches!(job.run_with(&mut store, &answer(4))?, Progress::Done((4, 4.5))));
    assert_eq!(kind(job.run_with(&mut store, &answer(4))), usage);
    assert_eq!(job.wanted(&store)?, None);
    Ok(())
}

#[test]
fn suspended_host_functions_fail_later() -> Outcome {
    let (mut store, instance, tag) = asking()?;
    let f = instance.typed_func::<i32, i64>(&store, "f")?;
    let mut job = f.start(&mut store, 20)?;
    assert_eq!(kind(job.run_failed(&mut store, Error::host("early"))), Some(ErrorKind::Usage));
    job.run(&mut store)?;
    job.run(&mut store)?;
    let error = job.run_failed(&mut store, Error::host("no answer")).unwrap_err();
    assert_eq!((error.kind(), error.message().as_str()), (ErrorKind::Host, "no answer"));
    assert_eq!(error.backtrace().len(), 22, "{error}");
    assert!(job.is_done());
    // An exception is caught by the guest.
    let catches = instance.typed_func::<(), i64>(&store, "catches")?;
    let mut job = catches.start(&mut store, ())?;
    assert_eq!(token::<_, i32>(job.run(&mut store)?), 1);
    let exception = Exception::new(&mut store, tag, &[Val::I64(77)])?;
    assert!(matches!(job.run_failed(&mut store, exception.into())?, Progress::Done(77)));
    let mut job = f.start(&mut store, 0)?;
    job.run(&mut store)?;
    let error = job.run_failed(&mut store, exception.into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exception);
    let mut job = f.start(&mut store, 0)?;
    job.run(&mut store)?;
    let error = job.run_failed(&mut store, Error::exit(3)).unwrap_err();
    assert_eq!(error.exit_code(), Some(3));
    Ok(())
}

/// A call that nobody can go on with does not lose its frames in silence.
#[test]
fn only_executions_can_be_suspended() -> Outcome {
    let (mut store, instance, _) = asking()?;
    let middle = instance.typed_func::<(), ()>(&store, "middle")?;
    let error = middle.call(&mut store, ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.message().contains("not started as an execution"), "{error}");
    // Neither can the call of a host function inside of an execution.
    let nested = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        middle.call(&mut caller, ())
    });
    let text = r#"(module (import "" "" (func $f)) (func (export "f") (call $f)))"#;
    let module = module(store.engine(), text)?;
    let outer = Instance::new(&mut store, &module, &[nested.into()])?;
    let mut job = outer.typed_func::<(), ()>(&store, "f")?.start(&mut store, ())?;
    let error = job.run(&mut store).unwrap_err();
    assert!(error.message().contains("not started as an execution"), "{error}");
    // But an execution of its own can.
    let nested = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        let mut job = middle.start(&mut caller, ())?;
        assert_eq!(token::<_, &str>(job.run(&mut caller)?), "wait");
        assert!(matches!(job.run(&mut caller)?, Progress::Done(())));
        Ok(())
    });
    let outer = Instance::new(&mut store, &module, &[nested.into()])?;
    outer.typed_func::<(), ()>(&store, "f")?.call(&mut store, ())?;
    let mut job = outer.typed_func::<(), ()>(&store, "f")?.start(&mut store, ())?;
    assert!(matches!(job.run(&mut store)?, Progress::Done(())));
    // A host function alone is a call like any other.
    let ask = Func::wrap(&mut store, || -> Result<i32, Error> { Err(Suspend::new(()).into()) });
    assert_eq!(kind(ask.call(&mut store, &[], &mut [Val::I32(0)])), Some(ErrorKind::Usage));
    let mut job = ask.start(&mut store, &[])?;
    token::<_, ()>(job.run(&mut store)?);
    let Progress::Done(results) = job.run_with(&mut store, &[Val::I32(5)])? else { panic!() };
    assert_eq!(results, [Val::I32(5)]);
    Ok(())
}

#[test]
fn start_functions_stop_and_go_on() -> Outcome {
    let engine = stoppable()?;
    let text = r#"(module (import "host" "wait" (func $wait))
        (global $g (export "g") (mut i32) (i32.const 0))
        (func $start (call $wait)
            (loop (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (br_if 0 (i32.lt_u (global.get $g) (i32.const 100)))))
        (start $start))"#;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "wait", || -> Result<(), Error> { Err(Suspend::new(1_u8).into()) })?;
    let mut store = Store::new(&engine, ());
    let mut start = linker.start(&mut store, &module(&engine, text)?)?;
    let mut pauses = 0;
    let instance = loop {
        match start.run(&mut store)? {
            Progress::Done(instance) => break instance,
            Progress::OutOfFuel { needed } => store.set_fuel(needed)?,
            Progress::Suspended(_) => pauses += 1_000,
            Progress::Interrupted => {}
        }
        pauses += 1;
    };
    assert!(pauses > 1_100, "{pauses}");
    let global = instance.global(&store, "g").expect("exported");
    assert_eq!(global.get(&store)?, Val::I32(100));
    // Not resumable, and without a start function.
    assert_eq!(
        kind(linker.instantiate(&mut store, &module(&engine, text)?)),
        Some(ErrorKind::Trap)
    );
    let mut start = Instance::start(&mut store, &module(&engine, "(module)")?, &[])?;
    assert!(matches!(start.run(&mut store)?, Progress::Done(_)));
    assert_eq!(kind(start.run(&mut store)), Some(ErrorKind::Usage));
    Ok(())
}

/// What only the frames and registers of a paused execution refer to stays alive; what nobody
/// refers to any more is freed.
#[test]
fn paused_executions_keep_their_objects() -> Outcome {
    let text = r#"(module (type $cell (struct (field i64)))
        (import "host" "wait" (func $wait (param anyref) (result anyref)))
        (func (export "f") (param i64) (result i64) (local $r (ref null $cell))
            (local.set $r (struct.new $cell (local.get 0)))
            (i64.add
                (struct.get $cell 0 (ref.cast (ref $cell)
                    (call $wait (struct.new $cell (i64.const 1000)))))
                (struct.get $cell 0 (local.get $r))))
        (func (export "garbage") (param $n i32)
            (loop (drop (struct.new $cell (i64.const -1)))
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let engine = Engine::new(Config::new().gc_stress(true))?;
    let mut linker = Linker::<()>::new(&engine);
    let wait = |_: Option<wasmvm::AnyRef>| -> Result<Option<wasmvm::AnyRef>, Error> {
        Err(Suspend::new(()).into())
    };
    linker.func_wrap("host", "wait", wait)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let f = instance.typed_func::<i64, i64>(&store, "f")?;
    let garbage = instance.typed_func::<i32, ()>(&store, "garbage")?;
    let mut jobs: Vec<(i64, Execution<i64>)> = Vec::new();
    for n in 0..40 {
        let mut job = f.start(&mut store, n)?;
        token::<_, ()>(job.run(&mut store)?);
        garbage.call(&mut store, 50)?;
        jobs.push((n, job));
    }
    store.gc();
    let live = store.gc_stats().live_bytes;
    // Half of them are dropped, and so is what they held.
    jobs.retain(|(n, _)| n % 2 == 0);
    store.gc();
    assert!(store.gc_stats().live_bytes <= live / 2, "{live} {:?}", store.gc_stats());
    for (n, job) in &mut jobs {
        garbage.call(&mut store, 50)?;
        let thousand = wasmvm::AnyRef::from_i31(0);
        let wrong = job.run_with(&mut store, &[Val::AnyRef(Some(thousand))]);
        assert_eq!(wrong.unwrap_err().trap(), Some(Trap::CastFailure), "{n}");
    }
    jobs.clear();
    store.gc();
    assert_eq!(store.gc_stats().live_bytes, 0);
    Ok(())
}

/// Executions cross threads with their store, and outlive it.
#[test]
fn executions_are_values() -> Outcome {
    fn sent<S: Send + Sync>(_: &S) {}
    let engine = stoppable()?;
    let module = module(&engine, KERNELS)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let mut job = instance.typed_func::<i64, i64>(&store, "fib")?.start(&mut store, 10)?;
    sent(&job);
    assert!(matches!(job.run(&mut store)?, Progress::OutOfFuel { .. }));
    store.set_fuel(100)?;
    let (mut store, mut job) = std::thread::spawn(move || {
        assert!(matches!(job.run(&mut store), Ok(Progress::OutOfFuel { .. })));
        (store, job)
    })
    .join()
    .expect("no panic");
    store.set_fuel(1 << 20)?;
    let mut other = Store::new(&engine, ());
    assert_eq!(kind(job.run(&mut other)), Some(ErrorKind::Usage));
    assert!(matches!(job.run(&mut store)?, Progress::Done(55)));
    // A trap ends it, with its frames told.
    let text = r#"(module (func $t (unreachable)) (func (export "f") (call $t)))"#;
    let traps = Instance::new(&mut store, &super::module(&engine, text)?, &[])?;
    let mut job = traps.typed_func::<(), ()>(&store, "f")?.start(&mut store, ())?;
    let error = job.run(&mut store).unwrap_err();
    assert_eq!((error.trap(), error.backtrace().len()), (Some(Trap::Unreachable), 2));
    assert!(job.is_done());
    // A stack that is too small is noticed at the start, or by the call that needs more.
    store.set_limits(Limits { stack_bytes: 4096, ..Limits::default() });
    let mut deep = instance.typed_func::<i64, i64>(&store, "fib")?.start(&mut store, 1_000)?;
    assert_eq!(deep.run(&mut store).unwrap_err().trap(), Some(Trap::StackExhausted));
    let mut job = instance.typed_func::<i64, i64>(&store, "fib")?.start(&mut store, 10)?;
    store.set_fuel(50)?;
    assert!(matches!(job.run(&mut store)?, Progress::OutOfFuel { .. }));
    drop(store);
    assert_eq!(kind(job.run(&mut other)), Some(ErrorKind::Usage));
    drop(job);
    Ok(())
}
