//! Values on the command line: read by the signature of a function, printed as its results.

use crate::{
    AnyRef, AsContext, AsContextMut, ExternRef, HeapType, Instance, RefType, Val, ValType,
};

/// Reads an argument; functions are exports of the instance.
pub(super) fn parse(
    store: &mut impl AsContextMut,
    instance: Instance,
    ty: ValType,
    text: &str,
) -> Result<Val, String> {
    let value = match ty {
        ValType::I32 => integer(text, 32).map(|bits| Val::I32(bits as u32 as i32)),
        ValType::I64 => integer(text, 64).map(|bits| Val::I64(bits as u64 as i64)),
        ValType::F32 => float::<f32>(text).map(|number| Val::F32(number.to_bits())),
        ValType::F64 => float::<f64>(text).map(|number| Val::F64(number.to_bits())),
        ValType::V128 => vector(text).map(Val::V128),
        ValType::Ref(reference_ty) => return reference(store, instance, reference_ty, text),
    };
    value.ok_or_else(|| format!("`{text}` is no {ty}"))
}

/// Prints a result so that it can be read again, if it can.
pub(super) fn print(store: &impl AsContext, instance: Option<Instance>, value: &Val) -> String {
    match value {
        Val::I32(number) => number.to_string(),
        Val::I64(number) => number.to_string(),
        Val::F32(bits) => float_text(f32::from_bits(*bits)),
        Val::F64(bits) => float_text(f64::from_bits(*bits)),
        Val::V128(bits) => format!("{bits:#034x}"),
        Val::FuncRef(Some(func)) => {
            let exports = instance.and_then(|instance| instance.exports(store).ok());
            let same = |object: crate::Extern| object.into_func() == Some(*func);
            match exports.into_iter().flatten().find(|(_, object)| same(*object)) {
                Some((name, _)) => format!("func:{name}"),
                None => "ref.func".into(),
            }
        }
        Val::ExternRef(Some(value)) => external(store, *value),
        Val::AnyRef(Some(value)) => match value.i31() {
            Some(number) => format!("i31:{number}"),
            None if value.is_host() => external(store, value.to_extern()),
            None => "ref.any".into(),
        },
        Val::ExnRef(Some(_)) => "ref.exn".into(),
        _ => "ref.null".into(),
    }
}

fn external(store: &impl AsContext, value: ExternRef) -> String {
    match value.get::<u64>(store) {
        Ok(Some(number)) => format!("extern:{number}"),
        _ => "ref.extern".into(),
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

/// Sixteen bytes, as one number or by lanes, the first one lowest: `i32x4:1,2,3,4`.
fn vector(text: &str) -> Option<u128> {
    if let Some((shape, lanes)) = text.split_once(':') {
        let (lane, count): (&str, usize) = match shape {
            "i8x16" => ("i8", 16),
            "i16x8" => ("i16", 8),
            "i32x4" => ("i32", 4),
            "i64x2" => ("i64", 2),
            "f32x4" => ("f32", 4),
            "f64x2" => ("f64", 2),
            _ => return None,
        };
        let bits = 128 / count as u32;
        let mask = u128::MAX >> (128 - bits);
        let lanes = lanes.split(',').map(|text| match lane {
            "f32" => float::<f32>(text).map(|number| u128::from(number.to_bits())),
            "f64" => float::<f64>(text).map(|number| u128::from(number.to_bits())),
            _ => integer(text, bits).map(|number| number as u128 & mask),
        });
        let lanes = lanes.collect::<Option<Vec<u128>>>()?;
        let joined = lanes.iter().rev().fold(0, |all, lane| all << (bits % 128) | lane);
        return (lanes.len() == count).then_some(joined);
    }
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"))?.replace('_', "");
    if digits.starts_with('+') {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok()
}

fn float_text<F: core::fmt::Display + Into<f64> + Copy>(number: F) -> String {
    if number.into().is_nan() { "nan".into() } else { number.to_string() }
}

/// `null`, `func:EXPORT`, `extern:N`, `i31:N`.
fn reference(
    store: &mut impl AsContextMut,
    instance: Instance,
    ty: RefType,
    text: &str,
) -> Result<Val, String> {
    let wrong = || format!("`{text}` is no {ty}");
    if matches!(text, "ref.null" | "null") {
        let null = Val::default_for(ValType::Ref(ty));
        return if ty.nullable { Ok(null) } else { Err(wrong()) };
    }
    let (kind, rest) = text
        .split_once(':')
        .ok_or_else(|| format!("{}: it should be null, func:EXPORT, extern:N or i31:N", wrong()))?;
    let number = || rest.replace('_', "").parse::<u64>().map_err(|_| wrong());
    match kind {
        "func" => {
            let func = instance.func(store, rest);
            func.map(|func| Val::FuncRef(Some(func)))
                .ok_or_else(|| format!("`{text}`: no function `{rest}` is exported"))
        }
        "extern" => {
            let value = ExternRef::new(store, number()?);
            let external = matches!(ty.heap, HeapType::Extern);
            Ok(match external {
                true => Val::ExternRef(Some(value)),
                false => Val::AnyRef(Some(value.to_any())),
            })
        }
        "i31" => {
            let bits = integer(rest, 31).ok_or_else(wrong)? as u32 as i32;
            Ok(Val::AnyRef(Some(AnyRef::from_i31(bits))))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{Engine, Module, Store};

    /// A store with an instance that exports a function `f`.
    fn guest() -> (Store<()>, Instance) {
        let engine = Engine::default();
        let bytes = wat::parse_str("(module (func (export \"f\")))").unwrap();
        let module = Module::new(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        (store, instance)
    }

    fn parse(ty: ValType, text: &str) -> Result<Val, String> {
        let (mut store, instance) = guest();
        super::parse(&mut store, instance, ty, text)
    }

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
            (ValType::Ref(RefType::FUNC), "ref.null"),
            (ValType::Ref(RefType::FUNC), "func:f"),
            (ValType::Ref(RefType::EXTERN), "extern:7"),
            (any(HeapType::Any), "extern:7"),
            (any(HeapType::I31), "i31:-5"),
            (any(HeapType::Eq), "ref.null"),
        ] {
            let (mut store, instance) = guest();
            let value = super::parse(&mut store, instance, ty, text).unwrap();
            assert_eq!(print(&store, Some(instance), &value), text);
        }
        assert!(parse(ValType::V128, "0x+1").is_err());
        for (ty, wrong) in [
            (RefType::EXTERN, "0"),
            (RefType::EXTERN, "extern:-1"),
            (RefType::FUNC, "func:g"),
            (RefType { nullable: false, ..RefType::FUNC }, "null"),
        ] {
            assert!(parse(ValType::Ref(ty), wrong).is_err(), "{wrong}");
        }
        assert!(parse(any(HeapType::I31), "i31:2147483648").is_err());
    }

    fn any(heap: HeapType) -> ValType {
        ValType::Ref(RefType { nullable: true, heap })
    }

    #[test]
    fn vectors_by_lanes() {
        let v128 = |text| parse(ValType::V128, text).ok();
        let some = |bits| Some(Val::V128(bits));
        assert_eq!(v128("i32x4:1,2,3,-1"), some(0xffffffff_00000003_00000002_00000001));
        assert_eq!(v128("i64x2:1,-1"), some(0xffffffff_ffffffff_00000000_00000001));
        assert_eq!(v128("f64x2:0,1"), some(0x3ff00000_00000000 << 64));
        let bytes: Vec<String> = (0..16).map(|i: u32| i.to_string()).collect();
        let lanes = format!("i8x16:{}", bytes.join(","));
        assert_eq!(v128(&lanes), some(0x0f0e0d0c_0b0a0908_07060504_03020100));
        for wrong in ["i32x4:1,2,3", "i32x4:1,2,3,4,5", "i8x16:256", "x:1", "i32x4:"] {
            assert_eq!(v128(wrong), None, "{wrong}");
        }
    }
}
