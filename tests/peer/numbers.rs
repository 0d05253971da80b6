//! Numbers and vectors as the bits they consist of.
#![allow(dead_code)] // nobody needs all of it

use wasmvm::{Val, ValType};

/// The value of a type that has these bits.
pub fn val(ty: impl Into<ValType>, bits: impl Into<u128>) -> Val {
    let bits = bits.into();
    match ty.into() {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits as u64),
        ValType::V128 => Val::V128(bits),
        ty => panic!("{ty} is no type of numbers"),
    }
}
pub fn bits(val: &Val) -> u64 {
    match *val {
        Val::I32(value) => u64::from(value as u32),
        Val::I64(value) => value as u64,
        Val::F32(bits) => u64::from(bits),
        Val::F64(bits) => bits,
        ref other => panic!("{other:?} is no number"),
    }
}
