//! Exceptions on their way through the host.

use super::*;
use std::sync::Mutex;
use wasmvm::{Exception, Tag};

/// Throws what it is given, catches what a host function throws.
const GUEST: &str = r#"(module
    (import "h" "tag" (tag $tag (param i32 f64)))
    (import "h" "call" (func $host (param i32) (result i32)))
    (tag $own (export "own") (param i64 f32 funcref externref))
    (func $throw (export "throw") (param i32) (result i32)
        (throw $tag (local.get 0) (f64.const 2.5)))
    (func (export "throw own") (param externref)
        (throw $own (i64.const -1) (f32.const 1.5) (ref.func $throw) (local.get 0)))
    (func (export "call") (param i32) (result i32) (call $host (local.get 0)))
    (func (export "hand over") (param i32) (result i32) (return_call $host (local.get 0)))
    (func (export "catch") (param i32) (result i32)
        (local $below i32)
        (local.set $below (i32.const 1000))
        (block $h (result i32 f64)
            (try_table (catch $tag $h) (return (call $host (local.get 0))))
            (unreachable))
        (drop)
        (i32.add (local.get $below)))
    (func (export "catch all") (param i32) (result i32 exnref)
        (local $exn exnref)
        (block $h (result exnref)
            (try_table (catch_all_ref $h) (return (call $host (local.get 0)) (ref.null exn)))
            (unreachable))
        (local.set $exn)
        (i32.const 7)
        (local.get $exn))
    (func (export "rethrow") (param exnref) (throw_ref (local.get 0))))"#;

/// A store whose host function does as `f` says.
fn guest(
    f: impl Fn(Caller<'_, ()>, Tag, i32) -> Result<i32, Error> + Send + Sync + 'static,
) -> Result<(Store<()>, Instance, Tag), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let tag = Tag::new(&mut store, &[ValType::I32, ValType::F64]);
    let host = move |caller: Caller<'_, ()>, n: i32| f(caller, tag, n);
    let host = Func::wrap(&mut store, host);
    let module = module(&engine, GUEST)?;
    let instance = Instance::new(&mut store, &module, &[tag.into(), host.into()])?;
    Ok((store, instance, tag))
}
fn call(store: &mut Store<()>, instance: &Instance, name: &str, n: i32) -> Result<i32, Error> {
    instance.typed_func::<i32, i32>(&*store, name)?.call(store, n)
}

#[test]
fn an_uncaught_exception_is_an_error_with_its_values() -> Outcome {
    let (mut store, instance, tag) = guest(|_, _, n| Ok(n))?;
    let error = call(&mut store, &instance, "throw", 42).unwrap_err();
    assert_eq!((error.kind(), error.trap()), (ErrorKind::Exception, None));
    assert_eq!(error.message(), "uncaught exception");
    assert_eq!(error.backtrace().len(), 1);
    assert_eq!(error.backtrace()[0].name.as_deref(), Some("throw"));
    let exception = error.exception().expect("an exception");
    assert_eq!(exception.tag(&store)?, tag);
    assert_eq!(exception.values(&store)?, [Val::I32(42), Val::F64(2.5_f64.to_bits())]);

    let given = ExternRef::new(&mut store, "given");
    let throw = instance.func(&store, "throw own").expect("an export");
    let error = throw.call(&mut store, &[given.into()], &mut []).unwrap_err();
    let exception = error.exception().expect("an exception");
    assert_eq!(Some(exception.tag(&store)?), instance.tag(&store, "own"));
    let throw = instance.func(&store, "throw").expect("an export");
    let wanted =
        [Val::I64(-1), Val::F32(1.5_f32.to_bits()), Val::FuncRef(Some(throw)), given.into()];
    assert_eq!(exception.values(&store)?, wanted);
    // The store is as good as before.
    assert_eq!(call(&mut store, &instance, "call", 8)?, 8);
    Ok(())
}

#[test]
fn a_host_function_throws() -> Outcome {
    let (mut store, instance, tag) = guest(|mut caller, tag, n| {
        if n == 0 {
            return Err(Error::host("no exception"));
        }
        let values = [Val::I32(n), Val::F64(0)];
        Err(Exception::new(&mut caller, tag, &values)?.into())
    })?;
    assert_eq!(call(&mut store, &instance, "catch", 5)?, 1005);
    assert_eq!(kind(call(&mut store, &instance, "catch", 0)), Some(ErrorKind::Host));
    for export in ["call", "hand over"] {
        let error = call(&mut store, &instance, export, 6).unwrap_err();
        let exception = error.exception().expect("an exception");
        assert_eq!(exception.tag(&store)?, tag);
        assert_eq!(exception.values(&store)?[0], Val::I32(6));
    }
    // Without a guest in between.
    let host = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        Err(Exception::new(&mut caller, tag, &[Val::I32(1), Val::F64(0)])?.into())
    });
    assert_eq!(kind(host.call(&mut store, &[], &mut [])), Some(ErrorKind::Exception));
    Ok(())
}

#[test]
fn through_guest_host_guest() -> Outcome {
    // The host function calls the guest again, one less deep, and passes on what it gets.
    let (mut store, instance, tag) = guest(|mut caller, tag, n| {
        let instance = caller.instance().expect("a guest has called");
        let export = if n % 10 == 0 { "throw" } else { "call" };
        let func = instance.typed_func::<i32, i32>(&caller, export)?;
        let result = func.call(&mut caller, n - 1);
        if let Err(error) = &result {
            let exception = error.exception().expect("an exception");
            assert_eq!(exception.tag(&caller)?, tag);
            assert!(!error.backtrace().is_empty());
        }
        result
    })?;
    assert_eq!(call(&mut store, &instance, "catch", 10)?, 1009);
    assert_eq!(call(&mut store, &instance, "catch", 17)?, 1009);
    let error = call(&mut store, &instance, "call", 17).unwrap_err();
    assert_eq!(error.exception().expect("an exception").tag(&store)?, tag);
    // The backtrace is that of the throw: the innermost frame comes first.
    assert_eq!(error.backtrace()[0].name.as_deref(), Some("throw"));
    Ok(())
}

#[test]
fn a_trap_and_an_exit_are_not_caught() -> Outcome {
    let (mut store, instance, _) =
        guest(|_, _, n| Err(if n == 0 { Trap::IntegerOverflow.into() } else { Error::exit(n) }))?;
    for export in ["catch", "call"] {
        let error = call(&mut store, &instance, export, 0).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::IntegerOverflow));
        let error = call(&mut store, &instance, export, 3).unwrap_err();
        assert_eq!(error.exit_code(), Some(3));
    }
    let all = instance.func(&store, "catch all").expect("an export");
    let mut results = [Val::I32(0), Val::ExnRef(None)];
    let error = all.call(&mut store, &[Val::I32(3)], &mut results).unwrap_err();
    assert_eq!(error.exit_code(), Some(3));
    Ok(())
}

#[test]
fn references_survive_the_host() -> Outcome {
    let kept = std::sync::Arc::new(Mutex::new(None));
    let thrown = kept.clone();
    let (mut store, instance, tag) = guest(move |mut caller, tag, n| {
        let exception = Exception::new(&mut caller, tag, &[Val::I32(n), Val::F64(7)])?;
        *thrown.lock().expect("no panic") = Some(exception.keep(&mut caller)?);
        Err(exception.into())
    })?;
    let all = instance.func(&store, "catch all").expect("an export");
    let mut results = [Val::I32(0), Val::ExnRef(None)];
    all.call(&mut store, &[Val::I32(9)], &mut results)?;
    let kept: Exception = kept.lock().expect("no panic").expect("the function was called");
    assert_eq!(results[0], Val::I32(7));
    let Val::ExnRef(Some(caught)) = results[1] else { panic!("no exception: {results:?}") };
    assert!(caught.ref_eq(kept, &store)?);
    // The guest throws it again: still the same.
    let rethrow = instance.func(&store, "rethrow").expect("an export");
    let error = rethrow.call(&mut store, &[results[1]], &mut []).unwrap_err();
    let again = error.exception().expect("an exception");
    assert!(again.ref_eq(kept, &store)?);
    assert_eq!(kept.values(&store)?, [Val::I32(9), Val::F64(7)]);
    assert_eq!(kept.tag(&store)?, tag);
    let error = rethrow.call(&mut store, &[Val::ExnRef(None)], &mut []).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::NullException));
    Ok(())
}

#[test]
fn wrong_values_and_other_stores_are_refused() -> Outcome {
    let (mut store, instance, tag) = guest(|_, _, n| Ok(n))?;
    let (mut other, there, _) = guest(|_, _, n| Ok(n))?;
    let usage = Some(ErrorKind::Usage);
    assert_eq!(kind(Exception::new(&mut store, tag, &[Val::I32(1)])), usage);
    assert_eq!(kind(Exception::new(&mut store, tag, &[Val::I32(1), Val::I32(1)])), usage);
    assert_eq!(kind(Exception::new(&mut other, tag, &[Val::I32(1), Val::F64(1)])), usage);
    let exception = Exception::new(&mut store, tag, &[Val::I32(1), Val::F64(1)])?;
    assert_eq!(kind(exception.tag(&other)), usage);
    assert_eq!(kind(exception.values(&other)), usage);
    assert_eq!(kind(tag.ty(&other)), usage);
    let rethrow = there.func(&other, "rethrow").expect("an export");
    assert_eq!(kind(rethrow.call(&mut other, &[exception.into()], &mut [])), usage);
    assert!(instance.tag(&store, "throw").is_none());
    Ok(())
}

#[test]
fn an_exception_of_another_store_is_not_caught() -> Outcome {
    let (mut other, _, tag) = guest(|_, _, n| Ok(n))?;
    let foreign = Exception::new(&mut other, tag, &[Val::I32(1), Val::F64(1)])?;
    let (mut store, instance, _) = guest(move |_, _, _| Err(foreign.into()))?;
    let error = call(&mut store, &instance, "catch", 1).unwrap_err();
    assert_eq!(error.exception(), Some(foreign));
    assert_eq!(kind(foreign.values(&store)), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn the_start_function_throws() -> Outcome {
    let engine = Engine::default();
    let text = "(module (tag $e (export \"e\") (param i32))
        (func $start (throw $e (i32.const 3))) (start $start))";
    let mut store = Store::new(&engine, ());
    let error = Instance::new(&mut store, &module(&engine, text)?, &[]).unwrap_err();
    let exception = error.exception().expect("an exception");
    assert_eq!(exception.values(&store)?, [Val::I32(3)]);
    Ok(())
}

/// Locals that instructions do not reach directly, and handlers by the thousand.
#[test]
fn large_functions() -> Outcome {
    let locals = " i64".repeat(17_000);
    let handlers: String = (0..2_000)
        .map(|n| {
            format!(
                "(block $h (result i64) (try_table (catch $e $h)
                    (call $throw (i64.const {n}))) (unreachable))
                 (local.set 16999 (i64.add (local.get 16999)))"
            )
        })
        .collect();
    let text = format!(
        "(module (tag $e (param i64))
            (func $throw (param i64) (throw $e (local.get 0)))
            (func (export \"far\") (param i64) (result i64) (local{locals})
                (local.set 16998 (i64.const 5))
                (block $h (result i64)
                    (try_table (catch $e $h) (call $throw (local.get 0)))
                    (unreachable))
                (local.set 16999)
                {handlers}
                (i64.add (local.get 16998) (local.get 16999))))"
    );
    let (mut store, instance) = instance(&text)?;
    let far = instance.typed_func::<i64, i64>(&store, "far")?;
    assert_eq!(far.call(&mut store, 37)?, 42 + 1_999_000);
    Ok(())
}

/// Nobody may fill the host's memory with exceptions.
#[test]
fn too_many_exceptions_trap() -> Outcome {
    let params = " i64".repeat(1_000);
    let values = "(i64.const 1)".repeat(1_000);
    let text = format!(
        "(module (tag $e (param{params})) (table $all 0 exnref)
            (func (export \"fill\")
                (loop $next
                    (block $h (result exnref)
                        (try_table (catch_all_ref $h) {values} (throw $e))
                        (unreachable))
                    (drop (table.grow $all (i32.const 1)))
                    (br $next))))"
    );
    let (mut store, instance) = instance(&text)?;
    store.set_limits(Limits { gc_heap_bytes: 16 << 20, ..store.limits() });
    let fill = instance.typed_func::<(), ()>(&store, "fill")?;
    let error = fill.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::AllocationTooLarge));
    Ok(())
}

/// Going on after a catch is charged like any other branch: to a block, to a loop, to the function.
#[test]
fn fuel_runs_out_between_throws() -> Outcome {
    let engine = Engine::new(Config::new().fuel(true))?;
    let text = r#"(module (tag $e)
        (func (export "block")
            (loop $next
                (block $h (try_table (catch $e $h) (throw $e)))
                (br $next)))
        (func (export "loop")
            (loop $next (try_table (catch $e $next) (throw $e))))
        (func $quick (try_table (catch $e 0) (throw $e)))
        (func (export "function") (loop $next (call $quick) (br $next))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    for export in ["block", "loop", "function"] {
        store.set_fuel(10_000)?;
        let func = instance.typed_func::<(), ()>(&store, export)?;
        assert_eq!(func.call(&mut store, ()).unwrap_err().trap(), Some(Trap::OutOfFuel));
    }
    Ok(())
}

/// A search for a handler is work like any other, also among the clauses of the function that has it.
#[test]
fn searches_for_handlers_are_charged() -> Outcome {
    let engine = Engine::new(Config::new().fuel(true))?;
    let used = |clauses: usize| {
        let others = "(catch $other $h)".repeat(clauses);
        let text = format!(
            "(module (tag $e) (tag $other)
                (func (export \"f\")
                    (block $h (try_table {others} (catch $e $h) (throw $e)))))"
        );
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, &text)?, &[])?;
        store.set_fuel(1 << 20)?;
        instance.typed_func::<(), ()>(&store, "f")?.call(&mut store, ())?;
        Ok::<_, Error>((1 << 20) - store.fuel().unwrap_or(0))
    };
    assert_eq!(used(5_000)?, used(0)? + 5_000);
    Ok(())
}

#[test]
fn vectors_among_the_values() -> Outcome {
    let text = r#"(module
        (tag $e (export "e") (param v128 i32 v128))
        (func (export "throw") (param v128 v128)
            (throw $e (local.get 0) (i32.const 5) (local.get 1)))
        (func (export "rethrow") (param exnref) (throw_ref (local.get 0))))"#;
    let (mut store, instance) = instance(text)?;
    let values = [Val::V128(u128::MAX - 7), Val::I32(5), Val::V128(1 << 64)];
    let throw = instance.func(&store, "throw").expect("an export");
    let error = throw.call(&mut store, &[values[0], values[2]], &mut []).unwrap_err();
    let exception = error.exception().expect("an exception");
    assert_eq!(exception.values(&store)?, values);
    let tag = instance.tag(&store, "e").expect("an export");
    let made = Exception::new(&mut store, tag, &values)?;
    let rethrow = instance.func(&store, "rethrow").expect("an export");
    let error = rethrow.call(&mut store, &[made.into()], &mut []).unwrap_err();
    let again = error.exception().expect("an exception");
    assert!(again.ref_eq(made, &store)? && !again.ref_eq(exception, &store)?);
    assert_eq!(made.values(&store)?, values);
    Ok(())
}
