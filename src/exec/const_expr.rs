//! Constant expressions (spec §4.6.1): the same rows as everywhere.
#![allow(unsafe_code)]

use crate::rt::error::Error;
use crate::rt::instance::Instance;
use crate::wasm::error::Error as ModuleError;
use crate::wasm::module::ConstOp;
use alloc::vec::Vec;

/// The value of a constant expression: bits in one slot, a v128 in both.
///
/// # Errors
/// Unsupported: it allocates.
pub fn evaluate(ops: &[ConstOp], instance: &Instance) -> Result<[u64; 2], Error> {
    // Nearly all are one constant: no stack for them.
    if let [op] = ops
        && let Some(value) = leaf(*op, instance)
    {
        return Ok(value);
    }
    let mut stack: Vec<[u64; 2]> = Vec::new();
    for &op in ops {
        let value = match op {
            ConstOp::Binary(op) => {
                let b = stack.pop().unwrap_or_default()[0];
                let a = stack.pop().unwrap_or_default()[0];
                [op.eval(a, b)?, 0]
            }
            ConstOp::RefI31 => {
                let value = stack.pop().unwrap_or_default()[0];
                [(value & 0x7FFF_FFFF) << 1 | 1, 0]
            }
            ConstOp::AnyConvertExtern | ConstOp::ExternConvertAny => continue,
            op => match leaf(op, instance) {
                Some(value) => value,
                None => {
                    let message = "unsupported instruction: allocation in a constant expression";
                    return Err(ModuleError::unsupported(0, message).into());
                }
            },
        };
        stack.push(value);
    }
    Ok(stack.pop().unwrap_or_default())
}

/// The value of an instruction without operands; `None` if it is none of these.
fn leaf(op: ConstOp, instance: &Instance) -> Option<[u64; 2]> {
    Some(match op {
        ConstOp::I32(value) => [u64::from(value as u32), 0],
        ConstOp::I64(value) => [value as u64, 0],
        ConstOp::F32(bits) => [u64::from(bits), 0],
        ConstOp::F64(bits) => [bits, 0],
        ConstOp::V128(bits) => [bits as u64, (bits >> 64) as u64],
        // SAFETY: R1: a global of the store.
        ConstOp::GlobalGet(index) => unsafe { (*instance.globals[index as usize]).value.get() },
        ConstOp::RefNull(_) => [0, 0],
        ConstOp::RefFunc(index) => [instance.funcs[index as usize] as u64, 0],
        _ => return None,
    })
}
