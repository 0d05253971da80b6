//! Every instruction leaves the native stack where it is: its handler ends in a sibling call. One
//! that does not would take a piece of the stack whenever it runs, until there is none left.

use std::sync::{Arc, Mutex};
use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::ops::{AtomicKind, AtomicOp, LoadOp, SimdOp, SimdShape, StoreOp};
use wasmvm::wasm::types::NumType;
use wasmvm::{Caller, Engine, Error, Linker, Module, Store};

/// An operand that no instruction traps on.
fn operand(ty: NumType) -> &'static str {
    match ty {
        NumType::I32 => "(local.get $i32)",
        NumType::I64 => "(local.get $i64)",
        NumType::F32 => "(local.get $f32)",
        NumType::F64 => "(local.get $f64)",
    }
}
const VECTOR: &str = "(local.get $v128)";

/// A memory: its immediate, and an address in it.
const MEMORIES: [(&str, &str); 6] = [
    ("0", "(local.get $i32)"),
    ("1", "(local.get $i32)"),
    ("2", "(local.get $i64)"),
    ("3", "(local.get $i32)"),
    ("4", "(local.get $i64)"),
    ("0", "(i32.add (local.get $i32) (i32.const 8))"),
];

/// All instructions in folded form, with whether they have a result.
fn instructions() -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for &op in UnOp::ALL {
        all.push((format!("({} {})", op.text(), operand(op.signature().0)), true));
    }
    for &op in BinOp::ALL {
        let a = operand(op.signature().0);
        all.push((format!("({} {a} {a})", op.text()), true));
    }
    for (memory, at) in MEMORIES {
        // Aligned and not: shared memories make a difference.
        for offset in [64, 65] {
            for &op in LoadOp::ALL {
                all.push((format!("({} {memory} offset={offset} {at})", op.text()), true));
            }
            for &op in StoreOp::ALL {
                let value = operand(op.ty());
                all.push((format!("({} {memory} offset={offset} {at} {value})", op.text()), false));
            }
            all.extend(SimdOp::ALL.iter().filter_map(|&op| vector_access(op, memory, offset, at)));
        }
        all.extend(AtomicOp::ALL.iter().filter_map(|&op| atomic(op, memory, at)));
    }
    all.extend(SimdOp::ALL.iter().filter_map(|&op| vector(op)));
    all.push(("(atomic.fence)".to_string(), false));
    all
}
fn atomic(op: AtomicOp, memory: &str, at: &str) -> Option<(String, bool)> {
    let value = operand(op.ty());
    let values = match op.kind() {
        AtomicKind::Load => String::new(),
        AtomicKind::Notify => operand(NumType::I32).to_string(),
        // Another value is there; not on unshared memories, where it traps.
        AtomicKind::Wait if memory == "3" || memory == "4" => {
            let other = op.ty();
            format!("({other}.sub {value} ({other}.const 1)) (i64.const 0)")
        }
        AtomicKind::Wait => return None,
        AtomicKind::Cmpxchg => format!("{value} {value}"),
        _ => value.to_string(),
    };
    let text = format!("({} {memory} offset=128 {at} {values})", op.text());
    Some((text, op.kind() != AtomicKind::Store))
}
fn vector_access(op: SimdOp, memory: &str, offset: u32, at: &str) -> Option<(String, bool)> {
    let text = op.text();
    Some(match op.shape() {
        SimdShape::Load => (format!("({text} {memory} offset={offset} {at})"), true),
        SimdShape::Store => (format!("({text} {memory} offset={offset} {at} {VECTOR})"), false),
        SimdShape::LoadLane => (format!("({text} {memory} offset={offset} 1 {at} {VECTOR})"), true),
        SimdShape::StoreLane => {
            (format!("({text} {memory} offset={offset} 1 {at} {VECTOR})"), false)
        }
        _ => return None,
    })
}
fn vector(op: SimdOp) -> Option<(String, bool)> {
    let text = op.text();
    let folded = match op.shape() {
        SimdShape::Unary | SimdShape::Test => format!("({text} {VECTOR})"),
        SimdShape::Binary => format!("({text} {VECTOR} {VECTOR})"),
        SimdShape::Ternary => format!("({text} {VECTOR} {VECTOR} {VECTOR})"),
        SimdShape::Shift => format!("({text} {VECTOR} {})", operand(NumType::I32)),
        SimdShape::Splat(ty) => format!("({text} {})", operand(ty)),
        SimdShape::Extract(_) => format!("({text} 1 {VECTOR})"),
        SimdShape::Replace(ty) => format!("({text} 1 {VECTOR} {})", operand(ty)),
        SimdShape::Const => format!("({text} i64x2 1 2)"),
        SimdShape::Shuffle => {
            format!("({text} 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 31 {VECTOR} {VECTOR})")
        }
        _ => return None,
    };
    Some((folded, true))
}

/// Where the native stack is: the address of a variable of the function that asks.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

#[test]
fn every_instruction_is_a_sibling_call() -> Result<(), Error> {
    let instructions = instructions();
    let mut text = String::from(
        r#"(module (import "" "mark" (func $mark))
          (memory 1) (memory 1) (memory i64 1) (memory 1 1 shared) (memory i64 1 1 shared)"#,
    );
    for (i, (instruction, result)) in instructions.iter().enumerate() {
        let run = if *result { format!("(drop {instruction})") } else { instruction.clone() };
        text += &format!(
            r#"(func (export "{i}") (local $i32 i32) (local $i64 i64) (local $f32 f32)
              (local $f64 f64) (local $v128 v128)
              (local.set $i32 (i32.const 8)) (local.set $i64 (i64.const 8))
              (local.set $f32 (f32.const 8)) (local.set $f64 (f64.const 8))
              (call $mark) {run} (call $mark) {run} {run} (call $mark))
            "#
        );
    }
    text += ")";
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(&text).expect("the text is a module"))?;
    let marks = Arc::new(Mutex::new(Vec::new()));
    let seen = marks.clone();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("", "mark", move |_: Caller<'_, ()>| -> Result<(), Error> {
        seen.lock().expect("no panic").push(stack_address());
        Ok(())
    })?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let mut moved = Vec::new();
    for (i, (instruction, _)) in instructions.iter().enumerate() {
        marks.lock().expect("no panic").clear();
        let func = instance.typed_func::<(), ()>(&store, &i.to_string())?;
        func.call(&mut store, ())?;
        let marks = marks.lock().expect("no panic");
        assert_eq!(marks.len(), 3);
        if marks.iter().any(|mark| *mark != marks[0]) {
            moved.push(instruction);
        }
    }
    assert!(moved.is_empty(), "{} of {}: {moved:#?}", moved.len(), instructions.len());
    Ok(())
}
