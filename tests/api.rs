//! The public interface, as an embedder uses it.

use wasmvm::{
    AsContextMut, Caller, Config, Engine, Error, ErrorKind, Extern, ExternRef, ExternType, Func,
    FuncType, Global, GlobalType, HeapType, Instance, Limits, Linker, Memory, MemoryType, Module,
    RefType, Store, Table, TableType, Trap, TypeLimits, Val, ValType,
};

type Outcome = Result<(), Error>;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is a module")
}
fn module(engine: &Engine, text: &str) -> Result<Module, Error> {
    Module::new(engine, wasm(text))
}
/// A store with an instance of a module without imports.
fn instance(text: &str) -> Result<(Store<()>, Instance), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    Ok((store, instance))
}
fn kind<R>(result: Result<R, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}
fn limits(min: u64, max: Option<u64>) -> TypeLimits {
    TypeLimits { min, max, is_64: false }
}
fn memory_type(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType { limits: limits(min, max), shared: false, page_size_log2: 16 }
}

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

// ---- calls -------------------------------------------------------------------------------------

#[test]
fn typed_calls() -> Outcome {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "add") (param i32 i32) (result i32)
                local.get 0 local.get 1 i32.add)
            (func (export "swap") (param i32 f64) (result f64 i32) local.get 1 local.get 0)
            (func (export "f32") (param f32) (result f32) local.get 0)
            (func (export "nop"))
            (func (export "sum") (param i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64) (result i64)
                local.get 0 i64.extend_i32_u local.get 11 i64.add))"#,
    )?;
    let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
    assert_eq!(add.call(&mut store, (2, 3))?, 5);
    assert_eq!(add.call(&mut store, (i32::MIN, -1))?, i32::MAX);
    let unsigned = instance.typed_func::<(u32, u32), u32>(&store, "add")?;
    assert_eq!(unsigned.call(&mut store, (u32::MAX, 2))?, 1);
    let swap = instance.typed_func::<(i32, f64), (f64, i32)>(&store, "swap")?;
    assert_eq!(swap.call(&mut store, (-4, 2.5))?, (2.5, -4));
    let f32 = instance.typed_func::<f32, f32>(&store, "f32")?;
    let signalling = f32::from_bits(0x7FA0_0001);
    assert_eq!(f32.call(&mut store, signalling)?.to_bits(), 0x7FA0_0001);
    instance.typed_func::<(), ()>(&store, "nop")?.call(&mut store, ())?;
    type Twelve = (i32, i64, i32, i64, i32, i64, i32, i64, i32, i64, i32, i64);
    let sum = instance.typed_func::<Twelve, i64>(&store, "sum")?;
    assert_eq!(sum.call(&mut store, (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41))?, 42);

    assert_eq!(kind(instance.typed_func::<i32, i32>(&store, "add")), Some(ErrorKind::Usage));
    assert_eq!(kind(instance.typed_func::<(), ()>(&store, "none")), Some(ErrorKind::Usage));
    let error = instance.typed_func::<(i32, i64), i32>(&store, "add").unwrap_err().to_string();
    assert!(error.contains("[i32 i32] -> [i32]") && error.contains("[i32 i64]"), "{error}");
    Ok(())
}

#[test]
fn untyped_calls() -> Outcome {
    let (mut store, instance) = instance(
        r#"(module (func (export "f") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            local.get 3 local.get 2 local.get 1 local.get 0))"#,
    )?;
    let f = instance.func(&store, "f").expect("exported");
    assert_eq!(f.ty(&store)?.params.len(), 4);
    let args = [Val::from(-1), Val::from(1i64), Val::F32(7), Val::from(0.5)];
    let mut results = [Val::I32(0); 4];
    f.call(&mut store, &args, &mut results)?;
    let mut expected = args;
    expected.reverse();
    assert_eq!(results, expected);

    let few = f.call(&mut store, &args[..3], &mut results);
    assert_eq!(kind(few), Some(ErrorKind::Usage));
    assert_eq!(kind(f.call(&mut store, &args, &mut results[..1])), Some(ErrorKind::Usage));
    let mut wrong = args;
    wrong[1] = Val::I32(1);
    let error = f.call(&mut store, &wrong, &mut results).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("i64"), "{error}");
    Ok(())
}

#[test]
fn raw_calls_extend_narrow_numbers() -> Outcome {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "f") (param i32) (result i64) local.get 0 i64.extend_i32_u)
            (func (export "minus") (result i32) i32.const -1)
            (func (export "r") (param funcref)))"#,
    )?;
    let f = instance.func(&store, "f").expect("exported");
    let mut slots = [u64::MAX];
    f.call_raw(&mut store, &mut slots)?;
    assert_eq!(slots, [0xFFFF_FFFF]);
    let minus = instance.func(&store, "minus").expect("exported");
    minus.call_raw(&mut store, &mut slots)?;
    assert_eq!(slots, [0xFFFF_FFFF]);
    assert_eq!(kind(f.call_raw(&mut store, &mut [])), Some(ErrorKind::Usage));
    let r = instance.func(&store, "r").expect("exported");
    assert_eq!(kind(r.call_raw(&mut store, &mut [1])), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn vectors_take_two_slots() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let swap = Func::wrap(&mut store, |a: i32, v: u128, b: f64| (v, b, a));
    let typed = swap.typed::<(i32, u128, f64), (u128, f64, i32)>(&store)?;
    assert_eq!(typed.call(&mut store, (9, 1 << 100 | 3, 0.5))?, (1 << 100 | 3, 0.5, 9));
    let mut results = [Val::I32(0); 3];
    let args = [Val::I32(-1), Val::V128(1 << 64), Val::F64(1)];
    swap.call(&mut store, &args, &mut results)?;
    assert_eq!(results, [Val::V128(1 << 64), Val::F64(1), Val::I32(-1)]);
    let mut slots = [1, 2, 3, 4];
    swap.call_raw(&mut store, &mut slots)?;
    assert_eq!(slots, [2, 3, 4, 1]);
    let ty = swap.ty(&store)?;
    let untyped = Func::new(&mut store, ty, |_, args, results| {
        results.copy_from_slice(&[args[1], args[2], args[0]]);
        Ok(())
    });
    untyped.call(&mut store, &args, &mut results)?;
    assert_eq!(results, [args[1], args[2], args[0]]);
    Ok(())
}

/// 0 to 1,000 parameters and results, to the guest, from it to the host, and back.
#[test]
fn many_parameters_and_results() -> Outcome {
    for count in [0, 1, 2, 7, 15, 16, 17, 64, 127, 128, 129, 1000] {
        let ty = FuncType {
            params: vec![ValType::I64; count].into(),
            results: vec![ValType::I64; count].into(),
        };
        let (params, gets): (String, String) =
            ("i64 ".repeat(count), (0..count).map(|i| format!("local.get {i} ")).collect());
        let text = format!(
            r#"(module
                (import "host" "reverse" (func $r (param {params}) (result {params})))
                (func (export "f") (param {params}) (result {params}) {gets} call $r)
                (func (export "none") (result {params}) {zeros} call $r)
                (func (export "drop") (param {params}) (result i64) i64.const 5))"#,
            zeros = "i64.const 3 ".repeat(count),
        );
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        linker.func_new("host", "reverse", ty, |_, args, results| {
            results.copy_from_slice(args);
            results.reverse();
            Ok(())
        })?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module(&engine, &text)?)?;
        let f = instance.func(&store, "f").expect("exported");
        let args: Vec<Val> = (0..count as i64).map(Val::I64).collect();
        let mut results = vec![Val::I64(0); count];
        for _ in 0..3 {
            f.call(&mut store, &args, &mut results)?;
            assert!(args.iter().eq(results.iter().rev()));
        }
        let none = instance.func(&store, "none").expect("exported");
        none.call(&mut store, &[], &mut results)?;
        assert!(results.iter().all(|result| *result == Val::I64(3)));
        let mut one = [Val::I64(0)];
        instance.func(&store, "drop").expect("exported").call(&mut store, &args, &mut one)?;
        assert_eq!(one, [Val::I64(5)]);
    }
    Ok(())
}

// ---- host functions ----------------------------------------------------------------------------

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

// ---- traps and errors --------------------------------------------------------------------------

#[test]
fn traps_have_backtraces() -> Outcome {
    let text = r#"(module $m
        (func $inner (param i32) (result i32) i32.const 1 local.get 0 i32.div_s)
        (func $outer (export "f") (param i32) (result i32) local.get 0 call $inner))"#;
    let (mut store, instance) = instance(text)?;
    let error = instance.typed_func::<i32, i32>(&store, "f")?.call(&mut store, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trap);
    assert_eq!(error.trap(), Some(Trap::IntegerDivideByZero));
    assert_eq!(error.message(), "integer divide by zero");
    let names: Vec<_> = error.backtrace().iter().map(|frame| frame.name.as_deref()).collect();
    assert_eq!(names, [Some("inner"), Some("outer")]);
    assert!(error.backtrace().iter().all(|frame| frame.module.as_deref() == Some("m")));
    let text = error.to_string();
    assert!(
        text.starts_with("trap: integer divide by zero\n    0: inner (m) at byte 0x"),
        "{text}"
    );
    Ok(())
}

#[test]
fn the_stack_ends_as_a_trap() -> Outcome {
    let text = r#"(module (func $f (export "f") (param i64) (result i64)
        (i64.add (i64.const 1) (call $f (local.get 0))))
        (func (export "one") (result i32) i32.const 1))"#;
    let (mut store, instance) = instance(text)?;
    for stack_bytes in [0, 1 << 12, 1 << 20, 64 << 20] {
        store.set_limits(Limits { stack_bytes, ..Limits::default() });
        let f = instance.typed_func::<i64, i64>(&store, "f")?;
        assert_eq!(f.call(&mut store, 1).unwrap_err().trap(), Some(Trap::StackExhausted));
    }
    assert_eq!(instance.typed_func::<(), i32>(&store, "one")?.call(&mut store, ())?, 1);
    store.set_limits(Limits { stack_bytes: u64::MAX, ..Limits::default() });
    let one = instance.typed_func::<(), i32>(&store, "one")?;
    assert_eq!(kind(one.call(&mut store, ())), Some(ErrorKind::Limit));
    store.set_limits(Limits::default());
    assert_eq!(one.call(&mut store, ())?, 1);
    Ok(())
}

#[test]
fn errors_of_loading_have_offsets() {
    let engine = Engine::default();
    let error = Module::new(&engine, b"\0asm\x01\0\0\0\x01".as_slice()).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Malformed, Some(9)));
    let invalid = wasm("(module (func (result i32)))");
    let error = Module::new(&engine, invalid.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("type mismatch"), "{error}");
    assert_eq!(kind(Module::validate(&engine, &invalid)), Some(ErrorKind::Invalid));
    assert!(Module::validate(&engine, b"\0asm\x01\0\0\0").is_ok());
}

// ---- linking -----------------------------------------------------------------------------------

#[test]
fn all_problems_of_linking_are_told() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "f", |_: i32| {})?;
    let text = r#"(module
        (import "h" "f" (func (param i64)))
        (import "h" "g" (func (result f32)))
        (import "h" "m" (memory 1 2)))"#;
    let module = module(&engine, text)?;
    let missing: Vec<String> = linker.missing(&module).iter().map(ToString::to_string).collect();
    assert_eq!(missing, [r#""h"."g": func [] -> [f32]"#, r#""h"."m": memory 1 2"#]);
    let mut store = Store::new(&engine, ());
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Link);
    let problems: Vec<_> = error.link_problems().iter().map(|problem| problem.problem).collect();
    assert_eq!(problems, ["incompatible import type", "unknown import", "unknown import"]);
    assert_eq!(error.message(), "incompatible import type");
    let text = error.to_string();
    assert!(text.contains("func [i64] -> []") && text.contains("func [i32] -> []"), "{text}");

    linker.missing_as_traps(&module)?;
    let rest = linker.missing(&module);
    assert_eq!(rest.len(), 1);
    assert!(matches!(rest[0].ty, ExternType::Memory(_)));
    Ok(())
}

#[test]
fn missing_functions_can_trap_when_called() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let text = r#"(module (import "x" "f" (func $f (param i32) (result f64)))
        (import "x" "f" (func $g (param i32) (result f64)))
        (func (export "call") (result f64) i32.const 1 call $f) (func (export "not")))"#;
    let module = module(&engine, text)?;
    let mut store = Store::new(&engine, ());
    // The same name twice is one definition.
    linker.allow_shadowing(true).missing_as_traps(&module)?;
    let instance = linker.instantiate(&mut store, &module)?;
    instance.typed_func::<(), ()>(&store, "not")?.call(&mut store, ())?;
    let error = instance.typed_func::<(), f64>(&store, "call")?.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MissingImport));
    Ok(())
}

#[test]
fn current_sizes_decide() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, memory_type(1, Some(4)))?;
    let needs = |min: u64, max: &str| {
        module(&engine, &format!(r#"(module (import "" "m" (memory {min} {max})))"#))
    };
    let two = needs(2, "4")?;
    let link = |store: &mut Store<()>, module: &Module| {
        kind(Instance::new(store, module, &[Extern::Memory(memory)]))
    };
    assert_eq!(link(&mut store, &two), Some(ErrorKind::Link));
    memory.grow(&mut store, 1)?;
    assert_eq!(link(&mut store, &two), None);
    assert_eq!(link(&mut store, &needs(1, "3")?), Some(ErrorKind::Link));
    assert_eq!(link(&mut store, &needs(1, "5")?), None);
    assert_eq!(link(&mut store, &needs(0, "")?), None);
    let none = Instance::new(&mut store, &two, &[]);
    assert_eq!(kind(none), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn names_are_defined_once_unless_shadowing() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "f", || 1)?;
    assert_eq!(kind(linker.func_wrap("h", "f", || 2)), Some(ErrorKind::Usage));
    linker.allow_shadowing(true).func_wrap("h", "f", || 3)?;
    let text = r#"(module (import "h" "f" (func $f (result i32))) (export "f" (func $f)))"#;
    let module = module(&engine, text)?;
    // One linker serves many stores; in one store its function is one function.
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        let one = linker.instantiate(&mut store, &module)?;
        let two = linker.instantiate(&mut store, &module)?;
        assert_ne!(one, two);
        let f = one.func(&store, "f").expect("exported");
        assert_eq!(Some(f), two.func(&store, "f"));
        assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 3);
    }
    Ok(())
}

#[test]
fn instances_share_what_they_import() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let owner = r#"(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 5))
        (table (export "t") 2 funcref)
        (func (export "set") (param i32) local.get 0 global.set 0)
        (func (export "load") (result i32) (i32.load (i32.const 0))))"#;
    let owner = linker.instantiate(&mut store, &module(&engine, owner)?)?;
    linker.instance(&store, "owner", owner)?;
    let user = r#"(module
        (import "owner" "m" (memory 1)) (import "owner" "g" (global $g (mut i32)))
        (import "owner" "t" (table 2 funcref)) (import "owner" "load" (func $load (result i32)))
        (func $seven (result i32) i32.const 7)
        (elem (i32.const 1) $seven)
        (elem declare func $load)
        (func (export "get") (result i32) global.get $g)
        (func (export "store") (param i32) (result i32)
            (i32.store (i32.const 0) (local.get 0)) call $load)
        (func (export "ref") (result funcref) ref.func $load))"#;
    let user = linker.instantiate(&mut store, &module(&engine, user)?)?;
    owner.typed_func::<i32, ()>(&store, "set")?.call(&mut store, 6)?;
    assert_eq!(user.typed_func::<(), i32>(&store, "get")?.call(&mut store, ())?, 6);
    assert_eq!(user.typed_func::<i32, i32>(&store, "store")?.call(&mut store, 77)?, 77);
    // The reference to an import is the function itself.
    let load = user.typed_func::<(), Option<Func>>(&store, "ref")?.call(&mut store, ())?;
    assert_eq!(load, owner.func(&store, "load"));
    // A function that only a table knows.
    let table = owner.table(&store, "t").expect("exported");
    assert_eq!(table.get(&store, 0)?, Val::FuncRef(None));
    let Val::FuncRef(Some(seven)) = table.get(&store, 1)? else { panic!("not a function") };
    assert_eq!(seven.typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
    Ok(())
}

#[test]
fn what_a_failed_instantiation_wrote_stays() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let owner = r#"(module (memory (export "m") 1) (table (export "t") 2 funcref))"#;
    let owner = linker.instantiate(&mut store, &module(&engine, owner)?)?;
    linker.instance(&store, "o", owner)?;
    let failing = r#"(module (import "o" "m" (memory 1)) (import "o" "t" (table 2 funcref))
        (memory $own 1)
        (func $f (result i32) (i32.store8 $own (i32.const 0) (i32.const 9))
            (i32.load8_u $own (i32.const 0)))
        (elem (i32.const 0) $f)
        (data (i32.const 3) "x")
        (data (i32.const 65536) "y"))"#;
    let error = linker.instantiate(&mut store, &module(&engine, failing)?).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    let memory = owner.memory(&store, "m").expect("exported");
    assert_eq!(memory.data(&store)?[3], b'x');
    // The instance that failed lives on in its function.
    let table = owner.table(&store, "t").expect("exported");
    let Val::FuncRef(Some(f)) = table.get(&store, 0)? else { panic!("not a function") };
    assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 9);
    Ok(())
}

#[test]
fn start_functions_run_and_trap() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("h", "hit", |mut caller: Caller<'_, i32>| *caller.data_mut() += 1)?;
    let mut store = Store::new(&engine, 0);
    let good = r#"(module (import "h" "hit" (func $f)) (start $f))"#;
    linker.instantiate(&mut store, &module(&engine, good)?)?;
    assert_eq!(*store.data(), 1);
    let bad = r#"(module (func $f unreachable) (start $f))"#;
    let error = linker.instantiate(&mut store, &module(&engine, bad)?).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    assert_eq!(error.backtrace().len(), 1);
    Ok(())
}

// ---- objects -----------------------------------------------------------------------------------

#[test]
fn memories() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, memory_type(1, Some(3)))?;
    assert_eq!((memory.size(&store)?, memory.data(&store)?.len()), (1, 65536));
    memory.write(&mut store, 65534, b"ab")?;
    let mut two = [0; 2];
    memory.read(&store, 65534, &mut two)?;
    assert_eq!(&two, b"ab");
    let out = memory.write(&mut store, 65535, b"ab").unwrap_err();
    assert_eq!(out.trap(), Some(Trap::MemoryOutOfBounds));
    assert!(memory.read(&store, u64::MAX, &mut two).is_err());
    assert_eq!(memory.grow(&mut store, 2)?, 1);
    assert_eq!(kind(memory.grow(&mut store, 1)), Some(ErrorKind::Limit));
    assert_eq!(memory.ty(&store)?.limits, limits(3, Some(3)));
    memory.data_mut(&mut store)?.fill(1);

    assert_eq!(kind(Memory::new(&mut store, memory_type(2, Some(1)))), Some(ErrorKind::Usage));
    assert_eq!(kind(Memory::new(&mut store, memory_type(65537, None))), Some(ErrorKind::Usage));
    assert!(Memory::new(&mut store, memory_type(0, Some(65536))).is_ok());
    let shared = MemoryType { shared: true, ..memory_type(1, Some(2)) };
    let shared = Memory::new(&mut store, shared)?;
    assert_eq!(kind(shared.data(&store)), Some(ErrorKind::Usage));
    assert_eq!(kind(shared.data_mut(&mut store)), Some(ErrorKind::Usage));
    shared.write(&mut store, 0, b"copied")?;
    Ok(())
}

#[test]
fn memory_limits() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { memory_bytes: 4 << 16, ..Limits::default() });
    let text = r#"(module (memory (export "memory") 2)
        (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#;
    let module = module(&engine, text)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.typed_func::<i32, i32>(&store, "grow")?;
    assert_eq!(grow.call(&mut store, 3)?, -1);
    assert_eq!(grow.call(&mut store, 1)?, 2);
    assert_eq!(grow.call(&mut store, -1)?, -1);
    // All memories count together; one that was not made does not.
    for _ in 0..3 {
        assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    }
    assert_eq!(grow.call(&mut store, 1)?, 3);
    assert_eq!(grow.call(&mut store, 1)?, -1);
    assert_eq!(grow.call(&mut store, 0)?, 4);
    store.set_limits(Limits { memory_bytes: 1 << 16, ..store.limits() });
    assert_eq!(grow.call(&mut store, 0)?, 4);
    store.set_limits(Limits { instances: 1, ..Limits::default() });
    assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    Ok(())
}

#[test]
fn large_memories_of_64_bits() -> Outcome {
    let text = r#"(module (memory (export "m") i64 0 0x1_0000_0000_0000)
        (func (export "grow") (param i64) (result i64) local.get 0 memory.grow)
        (func (export "store") (param i64) (result i32)
            (i32.store (local.get 0) (i32.const 6)) (i32.load (local.get 0))))"#;
    let (mut store, instance) = instance(text)?;
    let grow = instance.typed_func::<i64, i64>(&store, "grow")?;
    assert_eq!(grow.call(&mut store, i64::MAX)?, -1);
    assert_eq!(grow.call(&mut store, 1 << 47)?, -1);
    assert_eq!(grow.call(&mut store, 1)?, 0);
    let put = instance.typed_func::<i64, i32>(&store, "store")?;
    assert_eq!(put.call(&mut store, 65532)?, 6);
    assert_eq!(put.call(&mut store, 65533).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    Ok(())
}

#[test]
fn tables() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = TableType { limits: limits(2, Some(5)), element: RefType::FUNC };
    let f = Func::wrap(&mut store, || 9);
    let table = Table::new(&mut store, ty, Val::FuncRef(Some(f)))?;
    assert_eq!(table.get(&store, 1)?, Val::from(f));
    assert_eq!(table.get(&store, 2).unwrap_err().trap(), Some(Trap::TableOutOfBounds));
    table.set(&mut store, 0, Val::FuncRef(None))?;
    assert_eq!(table.grow(&mut store, 2, Val::from(f))?, 2);
    assert_eq!(kind(table.grow(&mut store, 2, Val::from(f))), Some(ErrorKind::Limit));
    table.fill(&mut store, 1, Val::FuncRef(None), 2)?;
    assert!(table.fill(&mut store, 3, Val::FuncRef(None), 2).is_err());
    let all: Result<Vec<Val>, Error> = (0..4).map(|i| table.get(&store, i)).collect();
    assert_eq!(all?, [Val::FuncRef(None), Val::FuncRef(None), Val::FuncRef(None), Val::from(f)]);
    assert_eq!(table.ty(&store)?.limits.min, 4);
    for wrong in [Val::I32(0), Val::ExternRef(None)] {
        assert_eq!(kind(table.set(&mut store, 0, wrong)), Some(ErrorKind::Usage));
    }
    store.set_limits(Limits { table_elements: 4, ..Limits::default() });
    assert_eq!(kind(table.grow(&mut store, 1, Val::FuncRef(None))), Some(ErrorKind::Limit));
    assert_eq!(kind(Table::new(&mut store, ty, Val::FuncRef(None))), Some(ErrorKind::Limit));
    Ok(())
}

#[test]
fn globals() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = GlobalType { value: ValType::V128, mutable: true };
    let global = Global::new(&mut store, ty, Val::V128(1 << 127))?;
    assert_eq!(global.get(&store)?, Val::V128(1 << 127));
    global.set(&mut store, Val::V128(5))?;
    assert_eq!(global.get(&store)?, Val::V128(5));
    assert_eq!(kind(global.set(&mut store, Val::I64(5))), Some(ErrorKind::Usage));
    let ty = GlobalType { value: ValType::I32, mutable: false };
    let constant = Global::new(&mut store, ty, Val::I32(-1))?;
    assert_eq!(kind(constant.set(&mut store, Val::I32(5))), Some(ErrorKind::Usage));
    assert_eq!(constant.ty(&store)?, ty);
    assert_eq!(constant.get(&store)?, Val::I32(-1));
    Ok(())
}

#[test]
fn exports_are_found_by_name() -> Outcome {
    let text = r#"(module
        (func (export "b")) (func (export "") (export "a")) (memory (export "m") 1)
        (global (export "g") i32 (i32.const 1)) (table (export "t") 1 funcref)
        (tag (export "e") (param i32)))"#;
    let (store, instance) = instance(text)?;
    let names: Vec<String> = instance.exports(&store)?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "", "a", "m", "g", "t", "e"]);
    assert!(instance.func(&store, "").is_some() && instance.func(&store, "c").is_none());
    assert_eq!(instance.func(&store, "").unwrap(), instance.func(&store, "a").unwrap());
    assert!(instance.func(&store, "m").is_none() && instance.memory(&store, "m").is_some());
    assert!(matches!(instance.get(&store, "e"), Some(Extern::Tag(_))));
    let ty = instance.get(&store, "t").unwrap().ty(&store)?;
    assert_eq!(ty.to_string(), "table 1 funcref");
    Ok(())
}

#[test]
fn modules_tell_what_they_are() -> Outcome {
    let engine = Engine::default();
    let text = r#"(module $name
        (import "a" "f" (func (param i32))) (import "a" "m" (memory i64 1 2))
        (@custom "note" "one") (@custom "note" "two")
        (export "f" (func 0)))"#;
    let module = module(&engine, text)?;
    assert_eq!(module.name().as_deref(), Some("name"));
    let imports: Vec<String> = module.imports().map(|import| import.to_string()).collect();
    assert_eq!(imports, [r#""a"."f": func [i32] -> []"#, r#""a"."m": memory i64 1 2"#]);
    let exports: Vec<String> = module.exports().map(|export| export.to_string()).collect();
    assert_eq!(exports, [r#""f": func [i32] -> []"#]);
    let notes: Vec<&[u8]> = module.custom_sections("note").collect();
    assert_eq!(notes, [b"one", b"two"]);
    Ok(())
}

#[test]
fn modules_from_files() -> Outcome {
    let engine = Engine::default();
    let path = std::env::temp_dir().join(format!("wasmvm-api-{}.wasm", std::process::id()));
    let bytes = wasm(
        r#"(module (func (export "f") (result i32) i32.const 3) (memory 1)
        (data (i32.const 0) "mapped"))"#,
    );
    std::fs::write(&path, bytes).map_err(Error::host_from)?;
    let module = Module::from_file(&engine, &path)?;
    std::fs::remove_file(&path).map_err(Error::host_from)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    assert_eq!(instance.typed_func::<(), i32>(&store, "f")?.call(&mut store, ())?, 3);
    assert_eq!(kind(Module::from_file(&engine, &path)), Some(ErrorKind::Host));
    Ok(())
}

// ---- references and stores ---------------------------------------------------------------------

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

// ---- configuration -----------------------------------------------------------------------------

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
    assert_eq!(store.fuel(), Some(0));
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
