//! Values on the command line: read by the signature of a function, printed as its results.

use crate::{Val, ValType};

/// Reads an argument.
pub(super) fn parse(ty: ValType, text: &str) -> Result<Val, String> {
    let value = match ty {
        ValType::I32 => integer(text, 32).map(|bits| Val::I32(bits as u32 as i32)),
        ValType::I64 => integer(text, 64).map(|bits| Val::I64(bits as u64 as i64)),
        ValType::F32 => float::<f32>(text).map(|number| Val::F32(number.to_bits())),
        ValType::F64 => float::<f64>(text).map(|number| Val::F64(number.to_bits())),
        ValType::V128 => vector(text).map(Val::V128),
        ValType::Ref(_) => return null(ty, text),
    };
    value.ok_or_else(|| format!("`{text}` is no {ty}"))
}

/// Prints a result.
pub(super) fn print(value: &Val) -> String {
    match value {
        Val::I32(number) => number.to_string(),
        Val::I64(number) => number.to_string(),
        Val::F32(bits) => float_text(f32::from_bits(*bits)),
        Val::F64(bits) => float_text(f64::from_bits(*bits)),
        Val::V128(bits) => format!("{bits:#034x}"),
        other => reference(other).into(),
    }
}

/// The bits of an integer: decimal or hexadecimal, with a sign or without.
fn integer(text: &str, bits: u32) -> Option<i128> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let number = if negative { -number } else { number };
    (-(1 << (bits - 1))..1 << bits).contains(&number).then_some(number)
}

fn float<F: core::str::FromStr>(text: &str) -> Option<F> {
    text.replace('_', "").parse().ok()
}

fn vector(text: &str) -> Option<u128> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"))?.replace('_', "");
    if digits.starts_with('+') {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok()
}

fn float_text<F: core::fmt::Display + Into<f64> + Copy>(number: F) -> String {
    if number.into().is_nan() { "nan".into() } else { number.to_string() }
}

fn null(ty: ValType, text: &str) -> Result<Val, String> {
    match ty {
        ValType::Ref(ty) if !ty.nullable => Err(format!("no {ty} can be given here")),
        _ if matches!(text, "ref.null" | "null") => Ok(Val::default_for(ty)),
        _ => Err(format!("`{text}` is no {ty}: only ref.null can be given")),
    }
}

fn reference(value: &Val) -> &'static str {
    match value {
        Val::FuncRef(Some(_)) => "ref.func",
        Val::ExternRef(Some(_)) => "ref.extern",
        Val::AnyRef(Some(_)) => "ref.any",
        Val::ExnRef(Some(_)) => "ref.exn",
        _ => "ref.null",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_signed_or_unsigned() {
        let i32 = |text| parse(ValType::I32, text).ok();
        assert_eq!(i32("-2147483648"), Some(Val::I32(i32::MIN)));
        assert_eq!(i32("4294967295"), Some(Val::I32(-1)));
        assert_eq!(i32("+0x7F"), Some(Val::I32(127)));
        assert_eq!(i32("1_000"), Some(Val::I32(1000)));
        let max = u64::MAX.to_string();
        assert_eq!(parse(ValType::I64, &max).ok(), Some(Val::I64(-1)));
        for wrong in ["", "-", "+", "0x", "--1", "+-1", "0x-1", "1.0", "4294967296", "-2147483649"]
        {
            assert_eq!(i32(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_printed_can_be_read() {
        for (ty, text) in [
            (ValType::I32, "-5"),
            (ValType::I64, "-9223372036854775808"),
            (ValType::F32, "0.1"),
            (ValType::F64, "-0"),
            (ValType::F64, "inf"),
            (ValType::F64, "nan"),
            (ValType::V128, "0x0123456789abcdef0123456789abcdef"),
            (ValType::Ref(crate::RefType::FUNC), "ref.null"),
        ] {
            assert_eq!(print(&parse(ty, text).unwrap()), text);
        }
        assert!(parse(ValType::V128, "0x+1").is_err());
        assert!(parse(ValType::Ref(crate::RefType::EXTERN), "0").is_err());
    }
}
