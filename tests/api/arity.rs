//! 0 to 1,000 parameters and results of all types, across the boundary in both directions.

use super::*;
use wasmvm::Progress;

/// The types in turn.
const TYPES: [(&str, ValType); 6] = [
    ("i32", ValType::I32),
    ("i64", ValType::I64),
    ("f32", ValType::F32),
    ("f64", ValType::F64),
    ("v128", ValType::V128),
    ("externref", ValType::Ref(RefType::EXTERN)),
];
fn types(count: usize) -> Vec<ValType> {
    (0..count).map(|i| TYPES[i % TYPES.len()].1).collect()
}
fn names(count: usize) -> String {
    (0..count).map(|i| TYPES[i % TYPES.len()].0).collect::<Vec<_>>().join(" ")
}
fn values(store: &mut Store<()>, count: usize) -> Vec<Val> {
    let value = |i: usize| match i % TYPES.len() {
        0 => Val::I32(-(i as i32)),
        1 => Val::I64(i64::MIN + i as i64),
        2 => Val::from(i as f32 + 0.5),
        // A NaN with a payload.
        3 => Val::F64(0x7FF4_0000_0000_0000 + i as u64),
        4 => Val::V128(u128::MAX - i as u128),
        _ => Val::from(ExternRef::new(&mut *store, i)),
    };
    (0..count).map(value).collect()
}

/// The guest hands what it gets to the host, and back what that gives, which is the same; directly
/// from its frame, and by a tail call.
fn there_and_back(count: usize) -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let ty = FuncType { params: types(count).into(), results: types(count).into() };
    linker.func_new("host", "same", ty, |_, args, results| {
        results.copy_from_slice(args);
        Ok(())
    })?;
    let list = names(count);
    let gets: String = (0..count).map(|i| format!("(local.get {i})")).collect();
    let text = format!(
        "(module (type $t (func (param {list}) (result {list})))
            (import \"host\" \"same\" (func $same (type $t)))
            (func (export \"call\") (type $t) {gets} (call $same))
            (func (export \"tail\") (type $t) {gets} (return_call $same))
            (func $own (type $t) {gets})
            (func (export \"own\") (type $t) {gets} (call $own))
            (func (export \"in\") (param {list}))
            (export \"host\" (func $same)))"
    );
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, &text)?)?;
    let args = values(&mut store, count);
    for name in ["call", "tail", "own", "host"] {
        let func = instance.func(&store, name).expect("exported");
        let mut results = vec![Val::I32(7); count];
        func.call(&mut store, &args, &mut results)?;
        assert!(results == args, "{name} of {count}");
        let mut call = func.start(&mut store, &args)?;
        let Progress::Done(results) = call.run(&mut store)? else { panic!("not done") };
        assert!(results == args, "{name} of {count} in an execution");
        if count > 0 {
            let few = func.call(&mut store, &args[1..], &mut results.clone());
            assert_eq!(kind(few), Some(ErrorKind::Usage));
        }
        assert_eq!(
            kind(func.call(&mut store, &args, &mut vec![Val::I32(0); count + 1])),
            Some(ErrorKind::Usage)
        );
    }
    instance.func(&store, "in").expect("exported").call(&mut store, &args, &mut [])?;
    Ok(())
}

#[test]
fn up_to_a_thousand_values() -> Outcome {
    let some = [127, 128, 129, 255, 256, 257, 500, 511, 512, 513, 999, 1_000];
    (0..40).chain(some).try_for_each(there_and_back)
}

/// More results than parameters, on a stack with hardly any room for them.
#[test]
fn many_results_on_a_small_stack() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let ty = FuncType { params: [].into(), results: types(1_000).into() };
    linker.func_new("host", "many", ty, |_, _, results| {
        results[999] = Val::F64(5);
        assert_eq!(results[4], Val::V128(0));
        Ok(())
    })?;
    let list = names(1_000);
    let text = format!(
        "(module (import \"host\" \"many\" (func $many (result {list})))
            (func $f (export \"f\") (param i32) (result {list})
                (if (i32.eqz (local.get 0)) (then (return (call $many))))
                (call $f (i32.sub (local.get 0) (i32.const 1)))))"
    );
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { stack_bytes: 64 << 10, ..Limits::default() });
    let instance = linker.instantiate(&mut store, &module(&engine, &text)?)?;
    let f = instance.func(&store, "f").expect("exported");
    let mut results = vec![Val::I32(0); 1_000];
    let mut deepest = None;
    for depth in (0..4_000).step_by(50) {
        match f.call(&mut store, &[Val::I32(depth)], &mut results) {
            Ok(()) => {
                assert_eq!(results[999], Val::F64(5));
                deepest = Some(depth);
            }
            Err(error) => assert_eq!(error.trap(), Some(Trap::StackExhausted)),
        }
    }
    assert!(deepest.is_some_and(|depth| (50..3_900).contains(&depth)), "{deepest:?}");
    Ok(())
}

/// Names that were looked up once serve any store; what is missing is told at once.
#[test]
fn imports_looked_up_once() -> Outcome {
    let engine = Engine::default();
    let text = "(module (import \"a\" \"f\" (func $f (result i32))) (import \"a\" \"g\" (func))
        (import \"b\" \"m\" (memory 1)) (func (export \"r\") (result i32) (call $f)))";
    let module = module(&engine, text)?;
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("a", "f", |caller: Caller<'_, i32>| *caller.data())?;
    let error = linker.pre(&module).map(drop).unwrap_err();
    let names: Vec<_> = error.link_problems().iter().map(|p| p.name.as_str()).collect();
    assert_eq!((error.kind(), names), (ErrorKind::Link, vec!["g", "m"]));
    linker.func_wrap("a", "g", || {})?;
    let mut store = Store::new(&engine, 5);
    let memory = Memory::new(&mut store, memory_type(1, None))?;
    linker.define(&store, "b", "m", memory)?;
    let ready = linker.pre(&module)?;
    // What the linker gets later changes nothing.
    linker.allow_shadowing(true).func_wrap("a", "f", || 9)?;
    for _ in 0..3 {
        let instance = ready.instantiate(&mut store)?;
        assert_eq!(instance.typed_func::<(), i32>(&store, "r")?.call(&mut store, ())?, 5);
    }
    let Progress::Done(_) = ready.start(&mut store)?.run(&mut store)? else { panic!("not done") };
    // The memory is the other store's.
    let mut other = Store::new(&engine, 6);
    assert_eq!(kind(ready.instantiate(&mut other)), Some(ErrorKind::Usage));
    // A wrong type is told when it is instantiated.
    linker.func_wrap("a", "g", || 1_i64)?;
    let wrong = linker.pre(&module)?.instantiate(&mut store);
    assert_eq!(kind(wrong), Some(ErrorKind::Link));
    Ok(())
}

#[test]
fn a_program_in_one_line() -> Outcome {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "args_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\03\00\00\00out")
        (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
            (drop (call $sizes (i32.const 20) (i32.const 24)))
            (call $exit (i32.add (i32.load (i32.const 20)) (i32.const -10)))))"#;
    let folder = std::env::temp_dir().join(format!("wasmvm-command-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("guest.wasm");
    std::fs::write(&path, wasm(text))?;
    let output = wasmvm::Command::new(&path).arg("a").args(["b", "c"]).env("K", "V").output()?;
    assert_eq!((output.status.code(), output.status.success()), (4 - 10, false));
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out"[..], &[][..]));
    std::fs::write(&path, wasm("(module (func (export \"_start\")))"))?;
    let status = wasmvm::Command::new(&path).preopen(&folder, "/")?.run()?;
    assert!(status.success());
    std::fs::write(&path, wasm("(module (memory 9) (func (export \"_start\") unreachable))"))?;
    let few = Limits { memory_bytes: 1 << 16, ..Limits::default() };
    assert_eq!(kind(wasmvm::Command::new(&path).limits(few).run()), Some(ErrorKind::Limit));
    assert_eq!(kind(wasmvm::Command::new(&path).run()), Some(ErrorKind::Trap));
    std::fs::remove_dir_all(&folder)?;
    assert_eq!(kind(wasmvm::Command::new(&path).run()), Some(ErrorKind::Host));
    Ok(())
}
