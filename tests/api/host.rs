//! Functions of the host.

use super::*;

#[test]
fn closures_with_and_without_a_caller() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<Vec<i64>>::new(&engine);
    linker.func_wrap("h", "add", |a: i32, b: i32| a.wrapping_add(b))?;
    linker.func_wrap("h", "push", |mut caller: Caller<'_, Vec<i64>>, value: i64| {
        caller.data_mut().push(value);
    })?;
    linker.func_wrap("h", "two", |x: f32, y: f64| -> Result<(f64, f32), Error> { Ok((y, x)) })?;
    linker.func_wrap("h", "fail", |code: i32| -> Result<(), Error> {
        Err(if code == 0 { Error::host("no such thing") } else { Error::exit(code) })
    })?;
    let mut store = Store::new(&engine, Vec::new());
    let module = module(
        &engine,
        r#"(module
            (import "h" "add" (func $add (param i32 i32) (result i32)))
            (import "h" "push" (func $push (param i64)))
            (import "h" "two" (func $two (param f32 f64) (result f64 f32)))
            (import "h" "fail" (func $fail (param i32)))
            (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 call $add)
            (func (export "push") (param i64) local.get 0 call $push local.get 0 call $push)
            (func (export "two") (param f32 f64) (result f64 f32) local.get 0 local.get 1 call $two)
            (func $deep (export "fail") (param i32) local.get 0 call $fail))"#,
    )?;
    let instance = linker.instantiate(&mut store, &module)?;
    let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
    assert_eq!(add.call(&mut store, (-3, 1))?, -2);
    instance.typed_func::<i64, ()>(&store, "push")?.call(&mut store, 8)?;
    assert_eq!(store.data(), &[8, 8]);
    let two = instance.typed_func::<(f32, f64), (f64, f32)>(&store, "two")?;
    assert_eq!(two.call(&mut store, (1.5, -2.5))?, (-2.5, 1.5));

    let fail = instance.typed_func::<i32, ()>(&store, "fail")?;
    let error = fail.call(&mut store, 0).unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Host, None));
    assert!(error.to_string().contains("no such thing"), "{error}");
    assert_eq!(error.backtrace().len(), 1);
    let error = fail.call(&mut store, -7).unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Exit, Some(-7)));
    assert_eq!(error.trap(), None);
    // The store is as good as before.
    assert_eq!(add.call(&mut store, (20, 22))?, 42);
    assert_eq!(store.into_data(), [8, 8]);
    Ok(())
}

#[test]
fn a_panic_in_a_host_function_is_an_error() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let boom = Func::wrap(&mut store, |x: i32| -> i32 {
        if x == 0 { panic!("boom {x}") } else { x }
    });
    let text = r#"(module (import "" "" (func $f (param i32) (result i32)))
        (func (export "f") (param i32) (result i32) local.get 0 call $f))"#;
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[boom.into()])?;
    let f = instance.typed_func::<i32, i32>(&store, "f")?;
    let error = f.call(&mut store, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Host);
    assert!(error.to_string().contains("boom 0"), "{error}");
    assert_eq!(f.call(&mut store, 5)?, 5);
    Ok(())
}

#[test]
fn raw_host_functions() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<u64>::new(&engine);
    let ty = FuncType {
        params: [ValType::I32, ValType::F64].into(),
        results: [ValType::I32, ValType::I64, ValType::I32].into(),
    };
    linker.func_raw("h", "f", ty, |mut caller, slots| {
        *caller.data_mut() += slots[0];
        slots[1] += 1;
        slots[0] = u64::MAX;
        slots[2] = 0xFFFF_FFFF_0000_0001;
        Ok(())
    })?;
    let references = FuncType { params: [ValType::Ref(RefType::FUNC)].into(), results: [].into() };
    assert_eq!(kind(linker.func_raw("h", "g", references, |_, _| Ok(()))), Some(ErrorKind::Usage));
    let mut store = Store::new(&engine, 0);
    let text = r#"(module (import "h" "f" (func $f (param i32 f64) (result i32 i64 i32)))
        (func (export "f") (result i64 i64 i64) (local i64)
            i32.const -2 f64.const 0 call $f
            i64.extend_i32_u
            local.set 0 local.set 0
            i64.extend_i32_u i64.const 1 i64.const 2))"#;
    // The locals are only there to take values off the stack.
    let text = text.replace("local.set 0 local.set 0", "drop drop");
    let instance = linker.instantiate(&mut store, &module(&engine, &text)?)?;
    let f = instance.typed_func::<(), (i64, i64, i64)>(&store, "f")?;
    assert_eq!(f.call(&mut store, ())?, (0xFFFF_FFFF, 1, 2));
    assert_eq!(*store.data(), 0xFFFF_FFFE);
    Ok(())
}

#[test]
fn the_guest_and_the_host_at_once() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<Vec<u8>>::new(&engine);
    type C<'a> = Caller<'a, Vec<u8>>;
    linker.func_wrap("h", "log", |mut caller: C<'_>, ptr: u32, len: u32| -> Result<(), Error> {
        let (guest, log) = caller.split();
        log.extend_from_slice(guest.slice(ptr.into(), len.into())?);
        Ok(())
    })?;
    linker.func_wrap("h", "swap", |mut caller: C<'_>, at: u32| -> Result<u32, Error> {
        let (mut guest, _) = caller.split();
        let old = guest.read::<u32>(at.into())?;
        guest.write(at.into(), old.swap_bytes())?;
        guest.memory()?[0] = 1;
        Ok(old)
    })?;
    let text = r#"(module
        (import "h" "log" (func $log (param i32 i32)))
        (import "h" "swap" (func $swap (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 65528) "hello...")
        (func (export "log") (param i32 i32) local.get 0 local.get 1 call $log)
        (func (export "swap") (param i32) (result i32) local.get 0 call $swap)
        (func (export "load") (param i32) (result i32) local.get 0 i32.load))"#;
    let mut store = Store::new(&engine, Vec::new());
    let module = module(&engine, text)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let log = instance.typed_func::<(u32, u32), ()>(&store, "log")?;
    log.call(&mut store, (65528, 5))?;
    log.call(&mut store, (65536, 0))?;
    assert_eq!(store.data(), b"hello");
    for (ptr, len) in [(65528, 9), (65537, 0), (u32::MAX, u32::MAX), (0, 65537)] {
        let error = log.call(&mut store, (ptr, len)).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    }
    let swap = instance.typed_func::<u32, u32>(&store, "swap")?;
    assert_eq!(swap.call(&mut store, 65528)?, u32::from_le_bytes(*b"hell"));
    let load = instance.typed_func::<u32, u32>(&store, "load")?;
    assert_eq!(load.call(&mut store, 65528)?.to_le_bytes(), *b"lleh");
    assert_eq!(load.call(&mut store, 0)?, 1);
    assert_eq!(swap.call(&mut store, 65533).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    Ok(())
}

#[test]
fn a_guest_without_a_memory() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "f", |mut caller: Caller<'_, ()>| -> Result<u64, Error> {
        assert!(caller.get_export("memory").is_none() && caller.get_export("f").is_some());
        let (mut guest, ()) = caller.split();
        assert_eq!(kind(guest.memory()), Some(ErrorKind::Host));
        assert_eq!(kind(guest.read::<u8>(0)), Some(ErrorKind::Host));
        Ok(guest.len())
    })?;
    let text = r#"(module (import "h" "f" (func $f (result i64))) (memory 1)
        (func (export "f") (result i64) call $f))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    assert_eq!(instance.typed_func::<(), u64>(&store, "f")?.call(&mut store, ())?, 0);
    Ok(())
}

/// Host → guest → host → guest …: ends as a trap, and the store goes on.
#[test]
fn recursion_through_the_host_is_bounded() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("h", "again", |mut caller: Caller<'_, u32>| -> Result<(), Error> {
        *caller.data_mut() += 1;
        let Some(Extern::Func(f)) = caller.get_export("f") else { return Ok(()) };
        f.typed::<(), ()>(&caller)?.call(&mut caller, ())
    })?;
    let text = r#"(module (import "h" "again" (func $again)) (func (export "f") call $again)
        (func (export "one") (result i32) i32.const 1))"#;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    let f = instance.typed_func::<(), ()>(&store, "f")?;
    for _ in 0..3 {
        *store.data_mut() = 0;
        let error = f.call(&mut store, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::StackExhausted));
        assert_eq!(*store.data(), Limits::default().host_call_depth);
        assert!(!error.backtrace().is_empty());
    }
    assert_eq!(instance.typed_func::<(), i32>(&store, "one")?.call(&mut store, ())?, 1);
    Ok(())
}

#[test]
fn the_host_calls_back_and_grows_what_the_guest_uses() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "grow", |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return Ok(()) };
        assert_eq!(memory.grow(&mut caller, 10)?, 1);
        memory.write(&mut caller, 65536, &[42])
    })?;
    let text = r#"(module (import "h" "grow" (func $grow)) (memory (export "memory") 1)
        (func (export "f") (result i32)
            (i32.store8 (i32.const 7) (i32.const 1))
            call $grow
            (i32.add (i32.load8_u (i32.const 65536)) (i32.load8_u (i32.const 7)))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
    assert_eq!(instance.typed_func::<(), i32>(&store, "f")?.call(&mut store, ())?, 43);
    Ok(())
}
