//! Traps and errors.

use super::*;

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
