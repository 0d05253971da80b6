//! References, stores and what lends them; configuration.

use super::*;

#[test]
fn the_error_is_one_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn engines_and_modules_are_shared_between_threads() -> Outcome {
    fn shared<S: Send + Sync>(_: &S) {}
    fn sent<S: Send>(_: &S) {}
    let engine = Engine::default();
    let module = module(&engine, r#"(module (func (export "f") (result i32) i32.const 7))"#)?;
    shared(&engine);
    shared(&module);
    shared(&Error::host("a reason"));
    sent(&Store::new(&engine, ()));
    let results: Vec<i32> = std::thread::scope(|scope| {
        let run = || {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            instance.typed_func::<(), i32>(&store, "f")?.call(&mut store, ())
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).collect::<Result<_, Error>>()
    })?;
    assert_eq!(results, [7; 4]);
    Ok(())
}

#[test]
fn references_to_host_values() -> Outcome {
    let text = r#"(module
        (global $g (export "g") (mut externref) (ref.null extern))
        (func (export "id") (param externref) (result externref)
            local.get 0 global.set $g local.get 0)
        (func (export "null") (result externref) ref.null extern))"#;
    let (mut store, instance) = instance(text)?;
    let value = ExternRef::new(&mut store, String::from("kept"));
    let id = instance.typed_func::<Option<ExternRef>, Option<ExternRef>>(&store, "id")?;
    let back = id.call(&mut store, Some(value))?.expect("not null");
    assert_eq!(back, value);
    assert_eq!(back.get::<String>(&store)?.map(String::as_str), Some("kept"));
    assert_eq!(back.get::<u32>(&store)?, None);
    let global = instance.global(&store, "g").expect("exported");
    assert_eq!(global.get(&store)?, Val::from(value));
    let null = instance.typed_func::<(), Option<ExternRef>>(&store, "null")?;
    assert_eq!(null.call(&mut store, ())?, None);
    assert_eq!(id.call(&mut store, None)?, None);
    Ok(())
}

/// A reference to a function of another type would let a guest call anything as anything.
#[test]
fn typed_references_are_checked() -> Outcome {
    let text = r#"(module
        (type $t (func (param i32) (result i32)))
        (func (export "call") (param (ref null $t)) (result i32)
            (call_ref $t (i32.const 4) (local.get 0)))
        (func $double (export "double") (type $t) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "other") (param i64 i64) (result i64) local.get 0)
        (table (export "t") 1 (ref null $t))
        (global (export "g") (mut (ref null $t)) (ref.null $t))
        (func (export "nofunc") (param nullfuncref)))"#;
    let (mut store, instance) = instance(text)?;
    let func = |name: &str| instance.func(&store, name).expect("exported");
    let (call, double, other, nofunc) =
        (func("call"), func("double"), func("other"), func("nofunc"));
    let mut result = [Val::I32(0)];
    call.call(&mut store, &[Val::from(double)], &mut result)?;
    assert_eq!(result, [Val::I32(8)]);
    let refused = call.call(&mut store, &[Val::from(other)], &mut result);
    assert_eq!(kind(refused), Some(ErrorKind::Usage));
    let null = call.call(&mut store, &[Val::FuncRef(None)], &mut result).unwrap_err();
    assert_eq!(null.trap(), Some(Trap::NullFunctionReference));
    let table = instance.table(&store, "t").expect("exported");
    assert_eq!(kind(table.set(&mut store, 0, Val::from(other))), Some(ErrorKind::Usage));
    table.set(&mut store, 0, Val::from(double))?;
    let global = instance.global(&store, "g").expect("exported");
    assert_eq!(kind(global.set(&mut store, Val::from(other))), Some(ErrorKind::Usage));
    global.set(&mut store, Val::from(double))?;
    nofunc.call(&mut store, &[Val::FuncRef(None)], &mut [])?;
    assert_eq!(kind(nofunc.call(&mut store, &[double.into()], &mut [])), Some(ErrorKind::Usage));
    // The exact type is part of a signature.
    assert!(call.typed::<Option<Func>, i32>(&store).is_err());
    let ValType::Ref(ty) = call.ty(&store)?.params[0] else { panic!("not a reference") };
    assert!(ty.nullable && matches!(ty.heap, HeapType::Defined(_)));
    Ok(())
}

#[test]
fn a_host_function_cannot_forge_references() -> Outcome {
    let engine = Engine::default();
    let (mut one, mut two) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let foreign = Func::wrap(&mut two, || {});
    let forge = Func::wrap(&mut one, move || Some(foreign));
    let text = r#"(module (import "" "" (func $f (result funcref)))
        (func (export "f") (result funcref) call $f))"#;
    let instance = Instance::new(&mut one, &module(&engine, text)?, &[forge.into()])?;
    let f = instance.typed_func::<(), Option<Func>>(&one, "f")?;
    assert_eq!(kind(f.call(&mut one, ())), Some(ErrorKind::Usage));
    let ty = FuncType { params: [].into(), results: [ValType::I32].into() };
    let wrong = Func::new(&mut one, ty, |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    assert_eq!(kind(wrong.call(&mut one, &[], &mut [Val::I32(0)])), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn handles_of_another_store_are_usage_errors() -> Outcome {
    let text = r#"(module (func (export "f")) (memory (export "m") 1) (table (export "t") 1 funcref)
        (global (export "g") (mut i32) (i32.const 0)))"#;
    let (mut store, instance) = instance(text)?;
    let (f, m) = (instance.func(&store, "f").unwrap(), instance.memory(&store, "m").unwrap());
    let (t, g) = (instance.table(&store, "t").unwrap(), instance.global(&store, "g").unwrap());
    let typed = f.typed::<(), ()>(&store)?;
    let value = ExternRef::new(&mut store, 1u8);
    let engine = store.engine().clone();
    drop(store);
    let mut other = Store::new(&engine, ());
    let usage = Some(ErrorKind::Usage);
    assert_eq!(kind(f.call(&mut other, &[], &mut [])), usage);
    assert_eq!(kind(f.call_raw(&mut other, &mut [])), usage);
    assert_eq!(kind(f.ty(&other)), usage);
    assert_eq!(kind(typed.call(&mut other, ())), usage);
    assert_eq!(kind(m.grow(&mut other, 1)), usage);
    assert_eq!(kind(m.data(&other)), usage);
    assert_eq!(kind(t.set(&mut other, 0, Val::FuncRef(None))), usage);
    assert_eq!(kind(g.set(&mut other, Val::I32(1))), usage);
    assert_eq!(kind(value.get::<u8>(&other)), usage);
    assert_eq!(kind(Extern::from(f).ty(&other)), usage);
    assert!(instance.get(&other, "f").is_none());
    assert_eq!(kind(instance.exports(&other)), usage);
    assert_eq!(kind(instance.typed_func::<(), ()>(&other, "f")), usage);
    let ty = TableType { limits: limits(1, None), element: RefType::FUNC };
    assert_eq!(kind(Table::new(&mut other, ty, f.into())), usage);
    let mut linker = Linker::<()>::new(&engine);
    assert_eq!(kind(linker.define(&other, "a", "f", f)), usage);
    // A module of another engine.
    let foreign = module(&Engine::default(), "(module)")?;
    assert_eq!(kind(Instance::new(&mut other, &foreign, &[])), usage);
    assert_eq!(kind(linker.instantiate(&mut other, &foreign)), usage);
    Ok(())
}

#[test]
fn what_lends_a_store() -> Outcome {
    /// Code of an embedder that works with whatever lends the store.
    fn bump(mut cx: impl AsContextMut<Data = u32>) -> Result<Memory, Error> {
        let mut cx = cx.as_context_mut();
        *cx.data_mut() += 1;
        let memory = Memory::new(&mut cx, memory_type(1, None))?;
        assert_eq!(memory.size(&cx)?, 1);
        Ok(memory)
    }
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    bump(&mut store)?;
    let f = Func::wrap(&mut store, |mut caller: Caller<'_, u32>| -> Result<u32, Error> {
        bump(&mut caller)?;
        assert!(caller.instance().is_none());
        Ok(*caller.data())
    });
    assert_eq!(f.typed::<(), u32>(&store)?.call(&mut store, ())?, 2);
    bump(store.as_context_mut())?;
    assert_eq!(*store.data(), 3);
    Ok(())
}

/// The host's data need not live for ever.
#[test]
fn data_that_borrows() -> Outcome {
    let engine = Engine::default();
    let mut count = 0;
    {
        let mut linker = Linker::<&mut i32>::new(&engine);
        linker
            .func_wrap("h", "hit", |mut caller: Caller<'_, &mut i32>| **caller.data_mut() += 1)?;
        let text = r#"(module (import "h" "hit" (func $f)) (start $f))"#;
        let mut store = Store::new(&engine, &mut count);
        linker.instantiate(&mut store, &module(&engine, text)?)?;
    }
    assert_eq!(count, 1);
    Ok(())
}

#[test]
fn fuel() -> Outcome {
    let engine = Engine::new(Config::new().fuel(true))?;
    let mut store = Store::new(&engine, ());
    let text = r#"(module (func (export "loop") (loop br 0))
        (func (export "one") (result i32) i32.const 1))"#;
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    assert_eq!(store.fuel(), Some(0));
    store.set_fuel(1000)?;
    let error = instance.typed_func::<(), ()>(&store, "loop")?.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::OutOfFuel));
    // What is left is not enough for another turn.
    assert!(store.fuel() < Some(3));
    store.set_fuel(1000)?;
    assert_eq!(instance.typed_func::<(), i32>(&store, "one")?.call(&mut store, ())?, 1);

    let mut without = Store::new(&Engine::default(), ());
    assert_eq!(without.fuel(), None);
    assert_eq!(kind(without.set_fuel(1)), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn eager_and_guarded() -> Outcome {
    let engine = Engine::new(Config::new().eager(true).guard_pages(true))?;
    let mut store = Store::new(&engine, ());
    let text = r#"(module (memory 1)
        (func (export "f") (param i32) (result i32) local.get 0 i32.load8_u offset=65535))"#;
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let f = instance.typed_func::<u32, i32>(&store, "f")?;
    assert_eq!(f.call(&mut store, 0)?, 0);
    for at in [1, u32::MAX] {
        assert_eq!(f.call(&mut store, at).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    }
    assert_eq!(kind(Engine::new(Config::new().max_stack_bytes(1))), Some(ErrorKind::Usage));
    Ok(())
}
