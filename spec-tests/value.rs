//! Values that cross between a script and an engine, and what a script expects of them.

use std::fmt;
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Const, V128Pattern};
use wast::core::{WastArgCore, WastRetCore};
use wast::{WastArg, WastRet};

/// A value as a script can see it: numbers by their bits, references by what can be told of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    /// Null, of the given hierarchy.
    Null(Hierarchy),
    Func,
    /// An external reference; the number if the script made it: `(ref.extern 7)`.
    Extern(Option<u32>),
    /// The same as an internal reference: `(ref.host 7)`.
    Host(u32),
    I31,
    Struct,
    Array,
    Exn,
}

/// The four hierarchies of heap types; each has a null of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    Any,
    Func,
    Extern,
    Exn,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::I32(bits) => write!(f, "i32 {} ({bits:#x})", bits as i32),
            Value::I64(bits) => write!(f, "i64 {} ({bits:#x})", bits as i64),
            Value::F32(bits) => write!(f, "f32 {:?} ({bits:#x})", f32::from_bits(bits)),
            Value::F64(bits) => write!(f, "f64 {:?} ({bits:#x})", f64::from_bits(bits)),
            Value::V128(bits) => write!(f, "v128 {bits:#034x}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// The values of a list, for a message.
pub fn list(values: &[Value]) -> String {
    let all: Vec<String> = values.iter().map(Value::to_string).collect();
    format!("[{}]", all.join(", "))
}

fn hierarchy(heap: &HeapType<'_>) -> Hierarchy {
    use AbstractHeapType as A;
    match heap {
        HeapType::Abstract { ty: A::Func | A::NoFunc, .. } => Hierarchy::Func,
        HeapType::Abstract { ty: A::Extern | A::NoExtern, .. } => Hierarchy::Extern,
        HeapType::Abstract { ty: A::Exn | A::NoExn, .. } => Hierarchy::Exn,
        _ => Hierarchy::Any,
    }
}

fn v128(value: &V128Const) -> u128 {
    u128::from_le_bytes(value.to_le_bytes())
}

/// The argument of an invocation.
pub fn argument(arg: &WastArg<'_>) -> Result<Value, String> {
    let WastArg::Core(arg) = arg else {
        return Err(format!("argument {arg:?} is of the component model"));
    };
    Ok(match arg {
        WastArgCore::I32(v) => Value::I32(*v as u32),
        WastArgCore::I64(v) => Value::I64(*v as u64),
        WastArgCore::F32(v) => Value::F32(v.bits),
        WastArgCore::F64(v) => Value::F64(v.bits),
        WastArgCore::V128(v) => Value::V128(v128(v)),
        WastArgCore::RefNull(heap) => Value::Null(hierarchy(heap)),
        WastArgCore::RefExtern(n) => Value::Extern(Some(*n)),
        WastArgCore::RefHost(n) => Value::Host(*n),
    })
}

/// `None` if the values are what the script expects, else a message.
pub fn mismatch(got: &[Value], expected: &[WastRet<'_>]) -> Option<String> {
    let same = got.len() == expected.len()
        && got.iter().zip(expected).all(|(got, expected)| match expected {
            WastRet::Core(expected) => matches(*got, expected),
            _ => false,
        });
    if same { None } else { Some(format!("got {}, expected {expected:?}", list(got))) }
}

/// Whether a value is one that the pattern stands for.
fn matches(got: Value, expected: &WastRetCore<'_>) -> bool {
    match (expected, got) {
        (WastRetCore::I32(v), Value::I32(bits)) => *v as u32 == bits,
        (WastRetCore::I64(v), Value::I64(bits)) => *v as u64 == bits,
        (WastRetCore::F32(pattern), Value::F32(bits)) => match pattern {
            NanPattern::CanonicalNan => f32_canonical(bits),
            NanPattern::ArithmeticNan => f32_arithmetic(bits),
            NanPattern::Value(v) => v.bits == bits,
        },
        (WastRetCore::F64(pattern), Value::F64(bits)) => match pattern {
            NanPattern::CanonicalNan => f64_canonical(bits),
            NanPattern::ArithmeticNan => f64_arithmetic(bits),
            NanPattern::Value(v) => v.bits == bits,
        },
        (WastRetCore::V128(pattern), Value::V128(bits)) => v128_matches(bits, pattern),
        (WastRetCore::RefNull(None), Value::Null(_)) => true,
        (WastRetCore::RefNull(Some(heap)), Value::Null(of)) => hierarchy(heap) == of,
        (WastRetCore::RefExtern(None), Value::Extern(_)) => true,
        (WastRetCore::RefExtern(Some(n)), Value::Extern(m)) => Some(*n) == m,
        (WastRetCore::RefHost(n), Value::Host(m)) => *n == m,
        (WastRetCore::RefFunc(_), Value::Func) => true,
        (WastRetCore::RefAny, Value::Host(_) | Value::I31 | Value::Struct | Value::Array) => true,
        (WastRetCore::RefEq, Value::I31 | Value::Struct | Value::Array) => true,
        (WastRetCore::RefArray, Value::Array) | (WastRetCore::RefStruct, Value::Struct) => true,
        (WastRetCore::RefI31, Value::I31) => true,
        (WastRetCore::Either(cases), got) => cases.iter().any(|case| matches(got, case)),
        _ => false,
    }
}

fn f32_canonical(bits: u32) -> bool {
    bits & 0x7FFF_FFFF == 0x7FC0_0000
}
fn f32_arithmetic(bits: u32) -> bool {
    bits & 0x7FC0_0000 == 0x7FC0_0000
}
fn f64_canonical(bits: u64) -> bool {
    bits & 0x7FFF_FFFF_FFFF_FFFF == 0x7FF8_0000_0000_0000
}
fn f64_arithmetic(bits: u64) -> bool {
    bits & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000
}

fn v128_matches(bits: u128, pattern: &V128Pattern) -> bool {
    let lane32 = |i: usize| (bits >> (32 * i)) as u32;
    let lane64 = |i: usize| (bits >> (64 * i)) as u64;
    match pattern {
        V128Pattern::I8x16(v) => v128(&V128Const::I8x16(*v)) == bits,
        V128Pattern::I16x8(v) => v128(&V128Const::I16x8(*v)) == bits,
        V128Pattern::I32x4(v) => v128(&V128Const::I32x4(*v)) == bits,
        V128Pattern::I64x2(v) => v128(&V128Const::I64x2(*v)) == bits,
        V128Pattern::F32x4(lanes) => lanes.iter().enumerate().all(|(i, lane)| match lane {
            NanPattern::CanonicalNan => f32_canonical(lane32(i)),
            NanPattern::ArithmeticNan => f32_arithmetic(lane32(i)),
            NanPattern::Value(v) => v.bits == lane32(i),
        }),
        V128Pattern::F64x2(lanes) => lanes.iter().enumerate().all(|(i, lane)| match lane {
            NanPattern::CanonicalNan => f64_canonical(lane64(i)),
            NanPattern::ArithmeticNan => f64_arithmetic(lane64(i)),
            NanPattern::Value(v) => v.bits == lane64(i),
        }),
    }
}
