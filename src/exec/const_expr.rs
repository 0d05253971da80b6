//! Constant expressions (spec §4.6.1): the same rows as everywhere.
#![allow(unsafe_code)]

use crate::rt::error::Error;
use crate::rt::gc::object::{put, set_word};
use crate::rt::instance::Instance;
use crate::rt::room;
use crate::rt::store::Store;
use crate::wasm::error::Error as ModuleError;
use crate::wasm::module::ConstOp;
use crate::wasm::object::DESCRIPTOR;
use crate::wasm::trap::Trap;
use alloc::vec::Vec;

/// The value of a constant expression: bits in one slot, a v128 in both. What it allocates is
/// pinned: the caller unpins it once something holds the value.
///
/// # Errors
/// Trap: an object is too large for the heap.
///
/// # Safety
/// The instance belongs to the store (R1), and everything alive is reachable (R10).
pub unsafe fn evaluate(
    store: &mut Store,
    ops: &[ConstOp],
    instance: &Instance,
) -> Result<[u64; 2], Error> {
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
                [u64::from((value as u32) << 1 | 1), 0]
            }
            // External and internal references are the same bits.
            ConstOp::AnyConvertExtern | ConstOp::ExternConvertAny => continue,
            op => match leaf(op, instance) {
                Some(value) => value,
                // SAFETY: R10: promised by the caller.
                None => [unsafe { allocate(store, op, &mut stack)? }, 0],
            },
        };
        room::push(&mut stack, value)?;
    }
    Ok(stack.pop().unwrap_or_default())
}

/// An instruction that makes an object of operands on the stack; its reference.
///
/// # Safety
/// As for [`evaluate`].
unsafe fn allocate(
    store: &mut Store,
    op: ConstOp,
    stack: &mut Vec<[u64; 2]>,
) -> Result<u64, Error> {
    let (id, is_default) = match op {
        ConstOp::StructNew(id) | ConstOp::ArrayNew(id) | ConstOp::ArrayNewFixed(id, _) => {
            (id, false)
        }
        ConstOp::StructNewDesc(id) => (id, false),
        ConstOp::StructNewDefault(id)
        | ConstOp::StructNewDefaultDesc(id)
        | ConstOp::ArrayNewDefault(id) => (id, true),
        _ => return Err(ModuleError::unsupported(0, "instruction of a constant expression").into()),
    };
    let ty = store.registry.get(id).clone();
    let mut pop = || stack.pop().unwrap_or_default();
    // SAFETY: R9, R10: the operands are of the types that validation has found.
    let object = unsafe {
        match op {
            ConstOp::StructNew(_)
            | ConstOp::StructNewDefault(_)
            | ConstOp::StructNewDesc(_)
            | ConstOp::StructNewDefaultDesc(_) => {
                let descriptor = if ty.descriptor.is_some() { pop()[0] } else { 0 };
                if ty.descriptor.is_some() && descriptor == 0 {
                    return Err(Trap::NullDescriptor.into());
                }
                let object = store.alloc_struct(&ty);
                if let (Some(object), true) = (object, descriptor != 0) {
                    set_word(object.add(DESCRIPTOR as usize), descriptor);
                }
                if let (Some(object), false) = (object, is_default) {
                    for field in ty.layout.fields.iter().rev() {
                        put(object.add(field.offset as usize), field.size_log2, pop().as_ptr());
                    }
                }
                object
            }
            _ => {
                let len = match op {
                    ConstOp::ArrayNewFixed(_, len) => len,
                    _ => pop()[0] as u32,
                };
                let object = store.alloc_array(&ty, len, true);
                if let (Some(object), false) = (object, is_default) {
                    let mut value = [0; 2];
                    for index in (0..len).rev() {
                        if index + 1 == len || matches!(op, ConstOp::ArrayNewFixed(..)) {
                            value = pop();
                        }
                        let place = object.add(ty.layout.element_offset(index) as usize);
                        put(place, ty.layout.element_log2, value.as_ptr());
                    }
                }
                // `array.new` of no elements has a value nevertheless.
                if matches!(op, ConstOp::ArrayNew(_)) && len == 0 {
                    pop();
                }
                object
            }
        }
    };
    let object = object.ok_or(Trap::AllocationTooLarge)? as u64;
    room::push(&mut store.heap.pins, object)?;
    Ok(object)
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
