//! Values, converted by the signature of what is called.

use super::{Code, Error};
use crate::{FuncType, Val, ValType};

/// An argument or a result.
///
/// [`Value::Int`] and [`Value::Float`] become what the signature asks for, if they can without
/// becoming another number; the others must be of exactly its type. Results are never `Int` or
/// `Float`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    /// Any integer: as an i32 or i64 with its sign or without, or as a float, rounded.
    Int(i64),
    /// Any number: as a float, rounded, or as an integer if it is one.
    Float(f64),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    V128(u128),
    /// The null of whatever type.
    Null,
    /// A reference of the instance that it is given to: one of its results.
    Ref(Val),
}

macro_rules! from { ($($t:ty = $kind:ident;)*) => { $(
    impl From<$t> for Value {
        fn from(value: $t) -> Value { Value::$kind(value.into()) }
    }
)* } }
from! { i8 = Int; i16 = Int; i32 = Int; i64 = Int; u8 = Int; u16 = Int; u32 = Int; f32 = Float; f64 = Float; }
/// The same bits as an i64.
impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value::I64(value as i64)
    }
}

impl Value {
    /// The value as a number, if it is one: what does not fit a float is rounded.
    pub fn as_f64(self) -> Option<f64> {
        match self {
            Value::Int(value) | Value::I64(value) => Some(value as f64),
            Value::I32(value) => Some(value.into()),
            Value::F32(value) => Some(value.into()),
            Value::Float(value) | Value::F64(value) => Some(value),
            Value::V128(_) | Value::Null | Value::Ref(_) => None,
        }
    }
    /// The value as an integer with its sign, if it is one.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Value::Int(value) | Value::I64(value) => Some(value),
            Value::I32(value) => Some(value.into()),
            _ => None,
        }
    }
    pub(super) fn from_val(val: Val) -> Value {
        match val {
            Val::I32(value) => Value::I32(value),
            Val::I64(value) => Value::I64(value),
            Val::F32(bits) => Value::F32(f32::from_bits(bits)),
            Val::F64(bits) => Value::F64(f64::from_bits(bits)),
            Val::V128(bits) => Value::V128(bits),
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
                Value::Null
            }
            reference => Value::Ref(reference),
        }
    }
    /// The value as one of this type; the engine checks references.
    fn to_val(self, ty: ValType) -> Option<Val> {
        Some(match (self, ty) {
            (Value::Int(value), ValType::I32) => Val::I32(narrow(value)?),
            (Value::Int(value), ValType::I64) => Val::I64(value),
            (Value::Int(value), ValType::F32) => Val::from(value as f32),
            (Value::Int(value), ValType::F64) => Val::from(value as f64),
            (Value::Float(value), ValType::I32) => {
                Val::I32(narrow(whole(value)?.try_into().ok()?)?)
            }
            (Value::Float(value), ValType::I64) => Val::I64(wide(whole(value)?)?),
            (Value::Float(value), ValType::F32) => Val::from(value as f32),
            (Value::Float(value), ValType::F64) => Val::from(value),
            (Value::I32(value), ValType::I32) => Val::I32(value),
            (Value::I64(value), ValType::I64) => Val::I64(value),
            (Value::F32(value), ValType::F32) => Val::from(value),
            (Value::F64(value), ValType::F64) => Val::from(value),
            (Value::V128(bits), ValType::V128) => Val::V128(bits),
            (Value::Null, ValType::Ref(ty)) if ty.nullable => Val::default_for(ValType::Ref(ty)),
            (Value::Ref(reference), ValType::Ref(_)) => reference,
            _ => return None,
        })
    }
}

/// An i32, or the bits of a u32.
fn narrow(value: i64) -> Option<i32> {
    let signed = i32::try_from(value).ok();
    signed.or_else(|| u32::try_from(value).ok().map(|bits| bits as i32))
}
/// An i64, or the bits of a u64.
fn wide(value: i128) -> Option<i64> {
    let signed = i64::try_from(value).ok();
    signed.or_else(|| u64::try_from(value).ok().map(|bits| bits as i64))
}
/// The integer that a float is, if it is one that could fit.
fn whole(value: f64) -> Option<i128> {
    let fits = value.trunc() == value && value.abs() < 2f64.powi(64);
    fits.then_some(value as i128)
}

/// The arguments of a call, converted.
pub(super) fn arguments(name: &str, ty: &FuncType, values: &[Value]) -> Result<Vec<Val>, Error> {
    if values.len() != ty.params.len() {
        let (given, needed) = (values.len(), ty.params.len());
        let message = format!("`{name}` is {ty}: {needed} arguments, not {given}");
        return Err(Error::new(Code::TypeError, message));
    }
    let convert = |(index, (value, &ty)): (usize, (&Value, &ValType))| {
        value.to_val(ty).ok_or_else(|| {
            let message = format!("argument {} of `{name}`: {value:?} is no {ty}", index + 1);
            Error::new(Code::TypeError, message)
        })
    };
    values.iter().zip(&ty.params).enumerate().map(convert).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefType;

    #[test]
    fn numbers_become_what_is_asked_for() {
        for (value, ty, val) in [
            (Value::from(-1), ValType::I32, Val::I32(-1)),
            (Value::from(u32::MAX), ValType::I32, Val::I32(-1)),
            (Value::from(u64::MAX), ValType::I64, Val::I64(-1)),
            (Value::from(7), ValType::I64, Val::I64(7)),
            (Value::from(7), ValType::F32, Val::from(7f32)),
            (Value::from(7), ValType::F64, Val::from(7f64)),
            (Value::from(7.0), ValType::I32, Val::I32(7)),
            (Value::from(-2147483648.0), ValType::I32, Val::I32(i32::MIN)),
            (Value::from(4294967295.0), ValType::I32, Val::I32(-1)),
            (Value::from(-0.0), ValType::I64, Val::I64(0)),
            (Value::from(2f64.powi(63)), ValType::I64, Val::I64(i64::MIN)),
            (Value::from(0.1), ValType::F32, Val::from(0.1f32)),
            (Value::from(0.1), ValType::F64, Val::from(0.1f64)),
            (Value::I32(3), ValType::I32, Val::I32(3)),
            (Value::V128(3), ValType::V128, Val::V128(3)),
            (Value::Null, ValType::Ref(RefType::FUNC), Val::FuncRef(None)),
        ] {
            assert_eq!(value.to_val(ty), Some(val), "{value:?} {ty}");
        }
    }

    #[test]
    fn what_would_be_another_number_is_refused() {
        let never_null = ValType::Ref(RefType { nullable: false, ..RefType::FUNC });
        for (value, ty) in [
            (Value::from(1i64 << 32), ValType::I32),
            (Value::from(-(1i64 << 31) - 1), ValType::I32),
            (Value::from(0.5), ValType::I32),
            (Value::from(0.5), ValType::I64),
            (Value::from(f64::NAN), ValType::I32),
            (Value::from(f64::INFINITY), ValType::I64),
            (Value::from(2f64.powi(64)), ValType::I64),
            (Value::from(-2f64.powi(64)), ValType::I64),
            (Value::from(4294967296.0), ValType::I32),
            (Value::I32(1), ValType::I64),
            (Value::I64(1), ValType::I32),
            (Value::F32(1.0), ValType::F64),
            (Value::F64(1.0), ValType::F32),
            (Value::from(1), ValType::V128),
            (Value::Null, ValType::I32),
            (Value::Null, never_null),
            (Value::from(0), ValType::Ref(RefType::EXTERN)),
        ] {
            assert_eq!(value.to_val(ty), None, "{value:?} {ty}");
        }
    }
}
