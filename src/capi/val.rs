//! Values: 16 bytes, of a type that is known from elsewhere.

use super::error::Failure;
use super::store::{Cx, Data};
use crate::{Val, ValType};

/// `wasmvm_func` and its kind: a number in the tables of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Handle {
    /// The number of the store; 0 is nothing.
    pub store: u64,
    pub index: u64,
}
impl Handle {
    pub const NULL: Handle = Handle { store: 0, index: 0 };
}

/// `wasmvm_val`.
#[derive(Clone, Copy)]
#[repr(C)]
pub union CVal {
    i32: i32,
    i64: i64,
    f32: u32,
    f64: u64,
    v128: [u8; 16],
    handle: Handle,
}
impl CVal {
    pub const ZERO: CVal = CVal { v128: [0; 16] };

    /// The value of this type.
    pub fn read(self, ty: ValType, data: &Data) -> Result<Val, Failure> {
        // SAFETY: C4: the host has written the member that the type says.
        let handle = unsafe {
            match ty {
                ValType::I32 => return Ok(Val::I32(self.i32)),
                ValType::I64 => return Ok(Val::I64(self.i64)),
                ValType::F32 => return Ok(Val::F32(self.f32)),
                ValType::F64 => return Ok(Val::F64(self.f64)),
                ValType::V128 => return Ok(Val::V128(u128::from_le_bytes(self.v128))),
                ValType::Ref(_) => self.handle,
            }
        };
        match handle.store {
            0 => Ok(Val::default_for(ty)),
            _ => data.reference(handle),
        }
    }
    /// The number, if it is a reference and not null.
    pub fn handle(self, ty: ValType) -> Option<Handle> {
        // SAFETY: C4: written as what the type says, or zeroed.
        let handle = matches!(ty, ValType::Ref(_)).then(|| unsafe { self.handle });
        handle.filter(|handle| handle.store != 0)
    }
    /// A value for C; a reference is kept until C releases it.
    pub fn write(val: Val, cx: &mut Cx<'_>) -> Result<CVal, Failure> {
        let mut number = CVal::ZERO;
        let handle = match val {
            Val::I32(value) => {
                number.i32 = value;
                return Ok(number);
            }
            Val::I64(value) => {
                number.i64 = value;
                return Ok(number);
            }
            Val::F32(bits) => {
                number.f32 = bits;
                return Ok(number);
            }
            Val::F64(bits) => {
                number.f64 = bits;
                return Ok(number);
            }
            Val::V128(bits) => return Ok(CVal { v128: bits.to_le_bytes() }),
            Val::FuncRef(Some(func)) => cx.data_mut().add_func(func),
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
                Handle::NULL
            }
            Val::ExternRef(Some(value)) => {
                let kept = value.keep(&mut *cx)?;
                cx.data_mut().add_ref(kept.into())
            }
            Val::AnyRef(Some(value)) => {
                let kept = value.keep(&mut *cx)?;
                cx.data_mut().add_ref(kept.into())
            }
            Val::ExnRef(Some(exception)) => {
                let kept = exception.keep(&mut *cx)?;
                cx.data_mut().add_ref(kept.into())
            }
        };
        Ok(CVal { handle })
    }
}

/// As many values as types.
pub fn read_all(vals: &[CVal], types: &[ValType], data: &Data) -> Result<Vec<Val>, Failure> {
    if vals.len() != types.len() {
        let (given, wanted) = (vals.len(), types.len());
        return Err(Failure::usage(format!("{given} values, where {wanted} are needed")));
    }
    vals.iter().zip(types).map(|(val, &ty)| val.read(ty, data)).collect()
}
/// Values for C.
pub fn write_all(vals: &[Val], cx: &mut Cx<'_>) -> Result<Vec<CVal>, Failure> {
    vals.iter().map(|&val| CVal::write(val, cx)).collect()
}
