//! Instances that are released: handles that end, objects that stay while something needs them.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmvm::{Progress, Tag};

const EVERYTHING: &str = r#"(module
    (memory (export "m") 1)
    (table (export "t") 10 funcref)
    (global (export "g") (mut i32) (i32.const 5))
    (tag (export "e") (param i32))
    (func (export "f") (result i32)
        (global.set 0 (i32.add (global.get 0) (i32.const 1))) (global.get 0)))"#;

#[test]
fn handles_of_released_instances_are_usage_errors() -> Outcome {
    let (mut store, instance) = instance(EVERYTHING)?;
    let f = instance.func(&store, "f").expect("exported");
    let typed = f.typed::<(), i32>(&store)?;
    let (m, t) = (instance.memory(&store, "m").unwrap(), instance.table(&store, "t").unwrap());
    let (g, e) = (instance.global(&store, "g").unwrap(), instance.tag(&store, "e").unwrap());
    assert_eq!(typed.call(&mut store, ())?, 6);
    instance.release(&mut store)?;
    let check = |store: &mut Store<()>| {
        let usage = Some(ErrorKind::Usage);
        assert_eq!(kind(instance.release(&mut *store)), usage);
        assert_eq!(kind(instance.exports(store)), usage);
        assert!(instance.get(store, "f").is_none());
        assert_eq!(kind(f.call(&mut *store, &[], &mut [Val::I32(0)])), usage);
        assert_eq!(kind(f.call_raw(&mut *store, &mut [0])), usage);
        assert_eq!(kind(f.start(&mut *store, &[])), usage);
        assert_eq!(kind(f.ty(store)), usage);
        assert_eq!(kind(typed.call(&mut *store, ())), usage);
        assert_eq!(kind(typed.start(&mut *store, ())), usage);
        assert_eq!((kind(m.data(store)), kind(m.grow(&mut *store, 1))), (usage, usage));
        assert_eq!((kind(t.get(store, 0)), kind(t.size(store))), (usage, usage));
        assert_eq!((kind(g.get(store)), kind(g.set(&mut *store, Val::I32(1)))), (usage, usage));
        assert_eq!(kind(e.ty(store)), usage);
        assert_eq!(kind(wasmvm::Exception::new(&mut *store, e, &[Val::I32(1)])), usage);
        assert_eq!(kind(Extern::from(m).ty(store)), usage);
        let engine = store.engine().clone();
        let mut linker = Linker::<()>::new(&engine);
        assert_eq!(kind(linker.define(store, "a", "f", f)), usage);
        let text = r#"(module (import "" "" (func (result i32))))"#;
        let user = module(&engine, text).expect("a module");
        assert_eq!(kind(Instance::new(&mut *store, &user, &[f.into()])), usage);
        let message = f.ty(store).unwrap_err().message();
        assert!(message.contains("released"), "{message}");
    };
    check(&mut store);
    assert_eq!((store.stats().instances, store.stats().memory_bytes), (1, 1 << 16));
    store.gc();
    assert_eq!((store.stats().instances, store.stats().memory_bytes), (0, 0));
    check(&mut store);
    // The same place, another instance.
    let engine = store.engine().clone();
    let next = Instance::new(&mut store, &module(&engine, EVERYTHING)?, &[])?;
    assert_eq!(next.typed_func::<(), i32>(&store, "f")?.call(&mut store, ())?, 6);
    check(&mut store);
    assert_ne!(next, instance);
    Ok(())
}

/// Every way in which something else can need an instance.
#[test]
fn what_is_referred_to_stays() -> Outcome {
    let imports = [
        r#"(import "" "f" (func $f (result i32))) (func (export "r") (result i32) (call $f))"#,
        r#"(import "" "m" (memory 1)) (func (export "r") (result i32) (i32.load (i32.const 0)))"#,
        r#"(import "" "g" (global (mut i32))) (func (export "r") (result i32) (global.get 0))"#,
        r#"(import "" "t" (table 10 funcref)) (func (export "r") (result i32) (table.size 0))"#,
    ];
    for text in imports {
        let (mut store, instance) = instance(EVERYTHING)?;
        let engine = store.engine().clone();
        let mut linker = Linker::<()>::new(&engine);
        linker.instance(&store, "", instance)?;
        let user =
            linker.instantiate(&mut store, &module(&engine, &format!("(module {text})"))?)?;
        let run = user.typed_func::<(), i32>(&store, "r")?;
        let before = run.call(&mut store, ())?;
        instance.release(&mut store)?;
        store.gc();
        assert_eq!(store.stats().instances, 2, "{text}");
        let after = run.call(&mut store, ())?;
        assert!(after == before || text.contains("\"f\"") && after == before + 1, "{text}");
        user.release(&mut store)?;
        store.gc();
        assert_eq!(store.stats().instances, 0, "{text}");
        // What the linker knows has ended, too.
        let again = linker.instantiate(&mut store, &module(&engine, &format!("(module {text})"))?);
        assert_eq!(kind(again), Some(ErrorKind::Usage), "{text}");
    }
    Ok(())
}

#[test]
fn functions_in_tables_globals_and_objects_stay() -> Outcome {
    let holder = r#"(module (type $f (func (result i32)))
        (type $box (struct (field i32) (field (mut funcref))))
        (table (export "t") 4 funcref) (global $g (export "g") (mut funcref) (ref.null func))
        (global $b (mut (ref null $box)) (ref.null $box))
        (func (export "box") (param funcref)
            (global.set $b (struct.new $box (i32.const 1) (local.get 0))))
        (func (export "unbox") (result i32)
            (call_ref $f (ref.cast (ref $f) (struct.get $box 1 (global.get $b)))))
        (func (export "global") (result i32) (call_ref $f (ref.cast (ref $f) (global.get $g))))
        (func (export "table") (result i32) (call_indirect (type $f) (i32.const 2)))
        (func (export "clear") (table.set (i32.const 2) (ref.null func))
            (global.set $g (ref.null func)) (global.set $b (ref.null $box))))"#;
    let (mut store, holder) = instance(holder)?;
    let engine = store.engine().clone();
    let module = module(&engine, EVERYTHING)?;
    for way in ["table", "global", "unbox"] {
        let instance = Instance::new(&mut store, &module, &[])?;
        let f = instance.func(&store, "f").expect("exported");
        match way {
            "table" => {
                let table = holder.table(&store, "t").expect("exported");
                table.set(&mut store, 2, f.into())?;
            }
            "global" => {
                let global = holder.global(&store, "g").expect("exported");
                global.set(&mut store, f.into())?;
            }
            _ => {
                let f_box = holder.typed_func::<Option<Func>, ()>(&store, "box")?;
                f_box.call(&mut store, Some(f))?;
            }
        }
        instance.release(&mut store)?;
        store.gc();
        store.gc();
        assert_eq!(store.stats().instances, 2, "{way}");
        let run = holder.typed_func::<(), i32>(&store, way)?;
        assert_eq!((run.call(&mut store, ())?, run.call(&mut store, ())?), (6, 7), "{way}");
        holder.typed_func::<(), ()>(&store, "clear")?.call(&mut store, ())?;
        store.gc();
        assert_eq!(store.stats().instances, 1, "{way}");
    }
    Ok(())
}

/// Instances that refer to each other, through a table and an object, are no reason for each other.
#[test]
fn cycles_are_freed() -> Outcome {
    let text = r#"(module (type $box (struct (field funcref)))
        (import "" "t" (table 2 funcref))
        (global (mut (ref null $box)) (ref.null $box))
        (elem declare func $f)
        (func $f (export "f") (global.set 0 (struct.new $box (ref.func $f)))
            (table.set (i32.const 0) (ref.func $f))))"#;
    let (mut store, first) = instance(EVERYTHING)?;
    let engine = store.engine().clone();
    let mut linker = Linker::<()>::new(&engine);
    linker.instance(&store, "", first)?;
    let second = linker.instantiate(&mut store, &module(&engine, text)?)?;
    second.typed_func::<(), ()>(&store, "f")?.call(&mut store, ())?;
    store.gc();
    first.release(&mut store)?;
    store.gc();
    assert_eq!(store.stats().instances, 2);
    second.release(&mut store)?;
    store.gc();
    assert_eq!((store.stats().instances, store.gc_stats().live_bytes), (0, 0));
    Ok(())
}

#[test]
fn executions_and_calls_keep_instances() -> Outcome {
    let engine = Engine::new(Config::new().fuel(true))?;
    let mut store = Store::new(&engine, ());
    let text = r#"(module (func (export "f") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 9)))"#;
    let module = module(&engine, text)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let mut job = instance.typed_func::<i32, i32>(&store, "f")?.start(&mut store, 100)?;
    assert!(matches!(job.run(&mut store)?, Progress::OutOfFuel { .. }));
    instance.release(&mut store)?;
    store.gc();
    assert_eq!(store.stats().instances, 1);
    store.set_fuel(1_000)?;
    assert!(matches!(job.run(&mut store)?, Progress::Done(9)));
    store.gc();
    assert_eq!(store.stats().instances, 0);
    // A host function that releases its caller, and collects.
    let release = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        let instance = caller.instance().expect("a guest calls");
        instance.release(&mut caller)?;
        assert!(caller.instance().is_some_and(|now| now != instance));
        caller.as_context_mut().gc();
        Ok(())
    });
    let text = r#"(module (import "" "" (func $r)) (memory 1)
        (func (export "f") (result i32) (call $r) (i32.store (i32.const 0) (i32.const 3))
            (i32.load (i32.const 0))))"#;
    let instance = Instance::new(&mut store, &self::module(&engine, text)?, &[release.into()])?;
    let f = instance.typed_func::<(), i32>(&store, "f")?;
    store.set_fuel(1_000)?;
    assert_eq!(f.call(&mut store, ())?, 3);
    store.gc();
    assert_eq!(store.stats().instances, 0);
    Ok(())
}

/// An instance that does not come about leaves nothing behind.
#[test]
fn failed_instances_are_freed() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    for text in [
        "(module (memory 1) (data (i32.const 65536) \"x\"))",
        "(module (memory 1) (table 1 funcref) (elem (i32.const 1) $f) (func $f))",
        "(module (memory 1) (func $f unreachable) (start $f))",
    ] {
        for _ in 0..10 {
            assert_eq!(
                kind(Instance::new(&mut store, &module(&engine, text)?, &[])),
                Some(ErrorKind::Trap)
            );
        }
    }
    store.gc();
    assert_eq!((store.stats().instances, store.stats().memory_bytes), (0, 0));
    Ok(())
}

/// Bytes that the process has in memory.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a file of the system");
    let pages: u64 = statm.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a number");
    pages * 4096
}

/// In a process of its own, so that no other test's memory is counted: run by the test below.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by `ten_thousand_instances_come_and_go` in a process of its own"]
fn ten_thousand_instances_in_this_process() -> Outcome {
    let engine = Engine::default();
    let module = module(&engine, EVERYTHING)?;
    let mut store = Store::new(&engine, ());
    let round = |store: &mut Store<()>, count: usize| -> Outcome {
        let mut instances = Vec::new();
        for _ in 0..count {
            let instance = Instance::new(&mut *store, &module, &[])?;
            let memory = instance.memory(store, "m").expect("exported");
            memory.data_mut(store)?.fill(1);
            assert_eq!(instance.typed_func::<(), i32>(store, "f")?.call(&mut *store, ())?, 6);
            instances.push(instance);
            // At most 500 at a time: 32 MB of memories.
            if instances.len() == 500 {
                for instance in instances.drain(..) {
                    instance.release(&mut *store)?;
                }
            }
        }
        for instance in instances {
            instance.release(&mut *store)?;
        }
        store.gc();
        assert_eq!((store.stats().instances, store.stats().memory_bytes), (0, 0));
        Ok(())
    };
    round(&mut store, 1_000)?;
    let before = resident_bytes();
    round(&mut store, 10_000)?;
    let after = resident_bytes();
    println!("resident before {before}, after {after}");
    assert!(after <= before + before / 20, "{before} bytes before, {after} after");
    Ok(())
}
#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_instances_come_and_go() {
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program)
        .args(["--ignored", "--exact", "lifetimes::ten_thousand_instances_in_this_process"])
        .output()
        .expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// With a limit on instances, what was released makes room.
#[test]
fn released_instances_make_room() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { instances: 3, ..Limits::default() });
    let module = module(&engine, EVERYTHING)?;
    let kept = Instance::new(&mut store, &module, &[])?;
    for _ in 0..100 {
        let instance = Instance::new(&mut store, &module, &[])?;
        instance.release(&mut store)?;
    }
    Instance::new(&mut store, &module, &[])?;
    Instance::new(&mut store, &module, &[])?;
    assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    assert_eq!(kept.typed_func::<(), i32>(&store, "f")?.call(&mut store, ())?, 6);
    Ok(())
}

// ---- threads and depth ------------------------------------------------------------------------

#[test]
fn a_module_in_eight_threads() -> Outcome {
    let engine = Engine::default();
    let text = r#"(module (func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
            (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#;
    // Several times, so that first calls, which translate, coincide.
    for _ in 0..20 {
        let module = module(&engine, text)?;
        let run = |n: i32| -> Result<i32, Error> {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            instance.typed_func::<i32, i32>(&store, "fib")?.call(&mut store, n)
        };
        let results: Vec<i32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || run(n + 10))).collect();
            let joined = threads.into_iter().map(|thread| thread.join().expect("no panic"));
            joined.collect::<Result<_, Error>>()
        })?;
        assert_eq!(results, [55, 89, 144, 233, 377, 610, 987, 1597]);
    }
    Ok(())
}

#[test]
fn two_stores_in_two_threads() -> Outcome {
    let engine = Engine::default();
    let module = module(&engine, EVERYTHING)?;
    let calls = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| -> Outcome {
                let mut store = Store::new(&engine, calls.clone());
                let tag = Tag::new(&mut store, &[]);
                let instance = Instance::new(&mut store, &module, &[])?;
                let f = instance.typed_func::<(), i32>(&store, "f")?;
                for n in 0..10_000 {
                    assert_eq!(f.call(&mut store, ())?, n + 6);
                    store.data().fetch_add(1, Ordering::Relaxed);
                }
                tag.ty(&store).map(drop)
            });
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 20_000);
    Ok(())
}

/// Host → guest → host → guest …: the native stack is used by each turn, and the limit ends it in
/// a trap long before the stack ends.
#[test]
fn ten_thousand_calls_through_the_host() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap(
        "host",
        "again",
        |mut caller: Caller<'_, u32>, n: i32| -> Result<i32, Error> {
            *caller.data_mut() += 1;
            let f = caller.get_export("f").and_then(Extern::into_func).expect("exported");
            f.typed::<i32, i32>(&caller)?.call(&mut caller, n)
        },
    )?;
    let text = r#"(module (import "host" "again" (func $again (param i32) (result i32)))
        (func (export "f") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (call $again (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))))"#;
    let module = module(&engine, text)?;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module)?;
    let f = instance.typed_func::<i32, i32>(&store, "f")?;
    assert_eq!(f.call(&mut store, 100)?, 7);
    *store.data_mut() = 0;
    let error = f.call(&mut store, 10_000).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::StackExhausted));
    assert_eq!(*store.data(), Limits::default().host_call_depth);
    let mut job = f.start(&mut store, 10_000)?;
    assert_eq!(job.run(&mut store).unwrap_err().trap(), Some(Trap::StackExhausted));
    // The store is as good as before; a larger limit on a larger stack goes all the way.
    assert_eq!(f.call(&mut store, 100)?, 7);
    let deep = std::thread::Builder::new().stack_size(256 << 20);
    let result = deep.spawn(move || {
        store.set_limits(Limits { host_call_depth: 20_000, ..Limits::default() });
        f.call(&mut store, 10_000)
    });
    assert_eq!(result.expect("a thread").join().expect("no panic")?, 7);
    Ok(())
}
