//! Calls from the host.

use super::*;

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
