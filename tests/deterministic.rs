//! The deterministic profile: canonical NaNs, growth by limits only, frames of one size, no
//! threads.

#[path = "peer/numbers.rs"]
mod numbers;

use numbers::{bits, val};
use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::ops::{SimdOp, SimdShape};
use wasmvm::wasm::types::NumType;
use wasmvm::{
    Config, Engine, Error, ErrorKind, Instance, Limits, Memory, MemoryType, Module, Store, Trap,
    TypeLimits, Val,
};

fn engine(deterministic: bool) -> Engine {
    Engine::new(Config::new().deterministic(deterministic)).expect("a valid setting")
}
fn instance(engine: &Engine, text: &str) -> Result<(Store<()>, Instance), Error> {
    let module = Module::new(engine, wat::parse_str(text).expect("the text is a module"))?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    Ok((store, instance))
}

const CANONICAL_32: u32 = 0x7FC0_0000;
const CANONICAL_64: u64 = 0x7FF8_0000_0000_0000;

/// NaNs of all kinds (quiet and signalling, both signs, payloads), and what makes NaNs.
const F32: &[u32] = &[
    0x7FC0_0000,
    0xFFC0_0000,
    0x7F80_0001,
    0xFF80_0001,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    0x7FC0_1234,
    0x7FA0_0000,
    0,
    0x8000_0000,
    0x7F80_0000,
    0xFF80_0000,
    0x3F80_0000,
    0xBF80_0000,
    0x4020_0000,
    1,
    0x8000_0001,
    0x7F7F_FFFF,
];
fn f64s() -> Vec<u64> {
    let wide = |&bits: &u32| {
        let (high, low) =
            (u64::from(bits & 0x8000_0000) << 32, u64::from(bits & 0x007F_FFFF) << 29);
        let exponent = (bits >> 23) & 0xFF;
        let exponent = match exponent {
            0 => 0,
            0xFF => 0x7FF,
            exponent => u64::from(exponent) + 1023 - 127,
        };
        high | exponent << 52 | low
    };
    F32.iter().map(wide).chain([0x7FF0_0000_0000_0001, 0xFFF0_0000_0000_0001]).collect()
}
/// Values of a type as bits.
fn values(ty: NumType) -> Vec<u64> {
    match ty {
        NumType::F32 => F32.iter().map(|&bits| u64::from(bits)).collect(),
        NumType::F64 => f64s(),
        NumType::I32 => vec![0, 1, 0x7FC1_0000, 0xFFC0_0000, u64::from(u32::MAX)],
        NumType::I64 => vec![0, 1, 0xFFF8_0000_0000_0000, u64::MAX],
    }
}
fn is_float(ty: NumType) -> bool {
    matches!(ty, NumType::F32 | NumType::F64)
}
fn is_nan(ty: NumType, bits: u64) -> bool {
    match ty {
        NumType::F32 => f32::from_bits(bits as u32).is_nan(),
        _ => f64::from_bits(bits).is_nan(),
    }
}
fn canonical(ty: NumType) -> u64 {
    if ty == NumType::F32 { u64::from(CANONICAL_32) } else { CANONICAL_64 }
}

/// An instruction with a float as its result.
struct Row {
    text: &'static str,
    operands: Vec<NumType>,
    result: NumType,
    /// It works on bits: what it gets it keeps, NaN or not.
    on_bits: bool,
}
fn rows() -> Vec<Row> {
    let on_bits = |text: &str| {
        ["abs", "neg", "copysign", "reinterpret"].iter().any(|part| text.contains(part))
    };
    let unary = UnOp::ALL.iter().map(|op| {
        let (operand, result) = op.signature();
        Row { text: op.text(), operands: vec![operand], result, on_bits: on_bits(op.text()) }
    });
    let binary = BinOp::ALL.iter().map(|op| {
        let (operand, result) = op.signature();
        Row { text: op.text(), operands: vec![operand; 2], result, on_bits: on_bits(op.text()) }
    });
    unary.chain(binary).filter(|row| is_float(row.result)).collect()
}

/// Every combination of operands.
fn operands(row: &Row) -> Vec<Vec<u64>> {
    let first = values(row.operands[0]);
    match row.operands.get(1) {
        None => first.into_iter().map(|a| vec![a]).collect(),
        Some(&ty) => {
            let second = values(ty);
            first.iter().flat_map(|&a| second.iter().map(move |&b| vec![a, b])).collect()
        }
    }
}

/// The forms in which operands come: parameters, results of loads, constants.
fn module_text(rows: &[Row]) -> String {
    let mut text = String::from("(module (memory 1)\n");
    for (i, row) in rows.iter().enumerate() {
        let params: Vec<String> = row.operands.iter().map(NumType::to_string).collect();
        let (params, result, op) = (params.join(" "), row.result, row.text);
        let locals: String = (0..row.operands.len()).map(|i| format!("(local.get {i}) ")).collect();
        text += &format!(
            "(func (export \"{i}\") (param {params}) (result {result}) ({op} {locals}))\n"
        );
        let (mut stores, mut loads) = (String::new(), String::new());
        for (at, &ty) in row.operands.iter().enumerate() {
            stores += &format!("({ty}.store offset={} (i32.const 0) (local.get {at}))", 8 * at);
            loads += &format!("({ty}.load offset={} (i32.const 0)) ", 8 * at);
        }
        // Through memory, a local, a select and the other width of slots.
        text += &format!(
            "(func (export \"m{i}\") (param {params}) (result {result}) (local $r {result}) {stores}
               (local.set $r ({op} {loads}))
               (if (i32.const 1) (then (local.set $r (select ({op} {loads}) (local.get $r)
                 (i32.load8_u (i32.const 65535))))))
               ({result}.store offset=64 (i32.const 0) (local.get $r))
               ({result}.load offset=64 (i32.const 0)))\n"
        );
    }
    text + ")"
}

fn check(row: &Row, args: &[u64], got: u64, plain: u64) {
    let what = format!("{} {args:x?} gives {got:#x}", row.text);
    assert_eq!(is_nan(row.result, got), is_nan(row.result, plain), "{what}, not {plain:#x}");
    if row.on_bits || !is_nan(row.result, got) {
        assert_eq!(got, plain, "{what}");
    } else {
        assert_eq!(got, canonical(row.result), "{what}");
    }
}

#[test]
fn nans_are_canonical() -> Result<(), Error> {
    let rows = rows();
    assert_eq!(rows.len(), 40);
    let text = module_text(&rows);
    let (mut store, det) = instance(&engine(true), &text)?;
    let (mut plain_store, plain) = instance(&engine(false), &text)?;
    let mut others = 0;
    for (i, row) in rows.iter().enumerate() {
        for args in operands(row) {
            let vals: Vec<Val> =
                row.operands.iter().zip(&args).map(|(&ty, &bits)| val(ty, bits)).collect();
            let mut result = [val(row.result, 0u64)];
            let func = plain.func(&plain_store, &i.to_string()).expect("exported");
            func.call(&mut plain_store, &vals, &mut result)?;
            let expected = bits(&result[0]);
            let nan = is_nan(row.result, expected) && expected != canonical(row.result);
            others += u32::from(nan && !row.on_bits);
            for form in ["", "m"] {
                let func = det.func(&store, &format!("{form}{i}")).expect("exported");
                func.call(&mut store, &vals, &mut result)?;
                check(row, &args, bits(&result[0]), expected);
            }
        }
    }
    // On this machine the profile makes a difference, so that the test can fail.
    assert!(others > 100, "{others}");
    Ok(())
}

/// The translator computes with constants: the same results.
#[test]
fn nans_of_constants_are_canonical() -> Result<(), Error> {
    for row in rows() {
        let cases = operands(&row);
        let mut text = String::from("(module\n");
        for (i, args) in cases.iter().enumerate() {
            let constant = |(&ty, &bits): (&NumType, &u64)| match ty {
                NumType::F32 => format!("(f32.reinterpret_i32 (i32.const {}))", bits as i32),
                NumType::F64 => format!("(f64.reinterpret_i64 (i64.const {}))", bits as i64),
                ty => format!("({ty}.const {bits})"),
            };
            let args: String = row.operands.iter().zip(args).map(constant).collect();
            let (op, result) = (row.text, row.result);
            text += &format!("(func (export \"{i}\") (result {result}) ({op} {args}))\n");
        }
        text += ")";
        let (mut store, det) = instance(&engine(true), &text)?;
        let (mut plain_store, plain) = instance(&engine(false), &text)?;
        for (i, args) in cases.iter().enumerate() {
            let call = |store: &mut Store<()>, instance: &Instance| -> Result<u64, Error> {
                let mut result = [val(row.result, 0u64)];
                let func = instance.func(&*store, &i.to_string()).expect("exported");
                func.call(store, &[], &mut result)?;
                Ok(bits(&result[0]))
            };
            check(&row, args, call(&mut store, &det)?, call(&mut plain_store, &plain)?);
        }
    }
    Ok(())
}

/// Lanes of vectors: every instruction that computes with them.
#[test]
fn nans_of_lanes_are_canonical() -> Result<(), Error> {
    let (mut ops, mut text) = (Vec::new(), String::from("(module\n"));
    for &op in SimdOp::ALL {
        let name = op.text();
        let operands = match op.shape() {
            SimdShape::Unary => 1,
            SimdShape::Binary => 2,
            SimdShape::Ternary => 3,
            _ => continue,
        };
        let compares = [".eq", ".ne", ".lt", ".gt", ".le", ".ge"].iter().any(|s| name.ends_with(s));
        if !(name.starts_with("f32x4.") || name.starts_with("f64x2.")) || compares {
            continue;
        }
        let params = vec!["v128"; operands].join(" ");
        let gets: String = (0..operands).map(|i| format!("(local.get {i})")).collect();
        let bits = ["abs", "neg", "pmin", "pmax", "laneselect"].iter().any(|s| name.ends_with(s));
        text +=
            &format!("(func (export \"{name}\") (param {params}) (result v128) ({name} {gets}))\n");
        ops.push((name, operands, bits));
    }
    text += ")";
    assert!(ops.len() >= 40, "{} instructions", ops.len());
    let (mut store, det) = instance(&engine(true), &text)?;
    let (mut plain_store, plain) = instance(&engine(false), &text)?;
    let mut others = 0;
    for (name, operands, on_bits) in ops {
        let ty = if name.starts_with("f32x4") { NumType::F32 } else { NumType::F64 };
        let (values, width) = (values(ty), if ty == NumType::F32 { 32 } else { 64 });
        for round in 0..values.len() * values.len() {
            // All pairs meet in some lane; a third operand goes its own way.
            let at = [round, round / values.len() + round, 3 * round + 1];
            let vector = |k: usize| -> u128 {
                (0..128 / width).fold(0, |bits, lane| {
                    let value = values[(at[k] + 5 * lane) % values.len()];
                    bits | u128::from(value) << (lane * width)
                })
            };
            let args: Vec<Val> = (0..operands).map(|k| Val::V128(vector(k))).collect();
            let call = |store: &mut Store<()>, instance: &Instance| -> Result<u128, Error> {
                let mut result = [Val::V128(0)];
                let func = instance.func(&*store, name).expect("exported");
                func.call(store, &args, &mut result)?;
                let Val::V128(bits) = result[0] else { panic!("{result:?}") };
                Ok(bits)
            };
            let (got, expected) = (call(&mut store, &det)?, call(&mut plain_store, &plain)?);
            for lane in 0..128 / width {
                let of = |bits: u128| (bits >> (lane * width)) as u64 & (u64::MAX >> (64 - width));
                let (got, expected) = (of(got), of(expected));
                let what = format!("{name} {args:x?} lane {lane}: {got:#x}, not {expected:#x}");
                assert_eq!(is_nan(ty, got), is_nan(ty, expected), "{what}");
                if on_bits || !is_nan(ty, got) {
                    assert_eq!(got, expected, "{what}");
                } else {
                    assert_eq!(got, canonical(ty), "{what}");
                    others += u32::from(expected != canonical(ty));
                }
            }
        }
    }
    assert!(others > 100, "{others}");
    Ok(())
}

/// Long expressions, whose values stay in registers, and a loop with pinned locals.
#[test]
fn nans_within_expressions() -> Result<(), Error> {
    let text = r#"(module
        (func (export "f64") (param $x f64) (param $n i32) (result i64)
          (local $s f64) (local $hash i64)
          (loop $next
            (local.set $s (f64.div (f64.sub (local.get $x) (local.get $x))
              (f64.mul (local.get $s) (f64.const 0))))
            (local.set $hash (i64.add (i64.rotl (local.get $hash) (i64.const 5))
              (i64.reinterpret_f64 (f64.add (f64.sqrt (f64.neg (local.get $s)))
                (f64.promote_f32 (f32.demote_f64 (f64.neg (local.get $s))))))))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $hash)))"#;
    let (mut store, instance) = instance(&engine(true), text)?;
    let func = instance.typed_func::<(f64, i32), i64>(&store, "f64")?;
    let mut hash = 0u64;
    for _ in 0..10 {
        hash = hash.rotate_left(5).wrapping_add(CANONICAL_64);
    }
    for x in [f64::INFINITY, f64::NAN, -f64::NAN, 1.0] {
        assert_eq!(func.call(&mut store, (x, 10))? as u64, hash, "{x}");
    }
    Ok(())
}

#[test]
fn no_threads() -> Result<(), Error> {
    let engine = engine(true);
    for text in ["(module (memory 1 1 shared))", "(module (func atomic.fence))"] {
        let error = Module::new(&engine, wat::parse_str(text).expect("a module"));
        assert!(error.is_err(), "{text}");
    }
    let limits = TypeLimits { min: 1, max: Some(1), is_64: false };
    let ty = MemoryType { limits, shared: true, page_size_log2: 16 };
    let mut store = Store::new(&engine, ());
    let error = Memory::new(&mut store, ty).expect_err("it would be shared");
    assert_eq!(error.kind(), ErrorKind::Usage);
    let error = wasmvm::SharedMemory::new(&engine, ty).expect_err("it is shared");
    assert_eq!(error.kind(), ErrorKind::Usage);
    // One that another engine made does not come in either.
    let shared = wasmvm::SharedMemory::new(&Engine::default(), ty)?;
    let error = Memory::from_shared(&mut store, &shared).expect_err("it is shared");
    assert_eq!(error.kind(), ErrorKind::Usage);
    Ok(())
}

const GROW: &str = r#"(module (memory i64 1) (table i64 1 funcref)
    (func (export "memory") (param i64) (result i64) (memory.grow (local.get 0)))
    (func (export "table") (param i64) (result i64)
      (table.grow (ref.null func) (local.get 0))))"#;

#[test]
fn growing_fails_by_limits_only() -> Result<(), Error> {
    let (mut store, instance) = instance(&engine(true), GROW)?;
    assert_eq!(store.limits(), Limits::DETERMINISTIC);
    let memory = instance.typed_func::<i64, i64>(&store, "memory")?;
    let table = instance.typed_func::<i64, i64>(&store, "table")?;
    // 4 GiB, of which one page is there.
    assert_eq!(memory.call(&mut store, 1 << 16)?, -1);
    assert_eq!(memory.call(&mut store, -1)?, -1);
    assert_eq!(memory.call(&mut store, 7)?, 1);
    assert_eq!(table.call(&mut store, 10_000_000)?, -1);
    assert_eq!(table.call(&mut store, 9)?, 1);
    // As much as the limits allow, and the host has not.
    store.set_limits(Limits { memory_bytes: u64::MAX, ..store.limits() });
    let error = memory.call(&mut store, 1 << 40).expect_err("nobody has as much");
    assert_eq!(error.trap(), Some(Trap::AllocationTooLarge));
    assert_eq!(memory.call(&mut store, 0)?, 8);
    // Beyond the type.
    assert_eq!(memory.call(&mut store, 1 << 48)?, -1);
    Ok(())
}
#[test]
fn growing_elsewhere_fails_softly() -> Result<(), Error> {
    let (mut store, instance) = instance(&engine(false), GROW)?;
    let memory = instance.typed_func::<i64, i64>(&store, "memory")?;
    assert_eq!(memory.call(&mut store, 1 << 40)?, -1);
    Ok(())
}

/// How deep a recursion goes is the same with every back end: the number is that of all of them.
#[test]
fn the_stack_is_as_deep_everywhere() -> Result<(), Error> {
    let text = r#"(module
        (global $depth (mut i32) (i32.const 0))
        (func $f (param $a i32) (param $x f64) (result f64) (local $b i64)
          (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
          (local.set $b (i64.extend_i32_u (i32.mul (i32.add (local.get $a) (i32.const 3))
            (i32.sub (local.get $a) (i32.xor (local.get $a) (i32.const 77))))))
          (f64.add (f64.mul (local.get $x) (f64.convert_i64_s (local.get $b)))
            (call $f (i32.wrap_i64 (local.get $b)) (f64.sqrt (local.get $x)))))
        (func (export "run") (drop (call $f (i32.const 1) (f64.const 2))))
        (func (export "depth") (result i32) (global.get $depth)))"#;
    let (mut store, instance) = instance(&engine(true), text)?;
    let run = instance.typed_func::<(), ()>(&store, "run")?;
    let error = run.call(&mut store, ()).expect_err("it does not end");
    assert_eq!(error.trap(), Some(Trap::StackExhausted));
    let depth = instance.typed_func::<(), i32>(&store, "depth")?;
    assert_eq!(depth.call(&mut store, ())?, 87_379);
    Ok(())
}
