//! What the numeric instructions mean (spec §4.3), written down a second time: nothing here uses
//! the engine's own rows.

use super::ast::is_float;
use wasmvm::Trap;
use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::types::NumType;

/// What is known of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Bits,
    /// It is a canonical NaN, of either sign.
    Canonical,
    /// It is a quiet NaN.
    Quiet,
}
/// A number: bits, zero-extended; one of those that they stand for, if they are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Num {
    pub bits: u64,
    pub known: Known,
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Trap(Trap),
    /// The result depends on bits of a NaN, or it takes too long.
    Unknown,
    /// The function returns.
    Return(Num),
}
pub type Answer = Result<Num, Stop>;

const SIGN32: u64 = 1 << 31;
const SIGN64: u64 = 1 << 63;
const NAN32: u64 = 0x7FC0_0000;
const NAN64: u64 = 0x7FF8_0000_0000_0000;

fn sign(ty: NumType) -> u64 {
    if ty == NumType::F32 { SIGN32 } else { SIGN64 }
}
fn canonical(ty: NumType) -> u64 {
    if ty == NumType::F32 { NAN32 } else { NAN64 }
}
fn is_nan(ty: NumType, bits: u64) -> bool {
    match ty {
        NumType::F32 => bits & !SIGN32 > 0x7F80_0000,
        NumType::F64 => bits & !SIGN64 > 0x7FF0_0000_0000_0000,
        _ => false,
    }
}

impl Num {
    pub fn new(bits: u64) -> Num {
        Num { bits, known: Known::Bits }
    }
    /// Whether the engine's bits may be this number.
    pub fn allows(self, ty: NumType, bits: u64) -> bool {
        match self.known {
            Known::Bits => self.bits == bits,
            Known::Canonical => bits & !sign(ty) == canonical(ty),
            Known::Quiet => bits & canonical(ty) == canonical(ty),
        }
    }
    /// The bits, if they are known.
    pub fn exactly(self) -> Result<u64, Stop> {
        if self.known == Known::Bits { Ok(self.bits) } else { Err(Stop::Unknown) }
    }
}

/// The numbers that operations give.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// Every NaN that an operation makes is the positive canonical one.
    pub deterministic: bool,
}

fn truth(holds: bool) -> Answer {
    Ok(Num::new(u64::from(holds)))
}
fn i32_(value: u32) -> Answer {
    Ok(Num::new(u64::from(value)))
}
fn i64_(value: u64) -> Answer {
    Ok(Num::new(value))
}
/// The integer part as an integer within limits.
fn integer(x: f64, low: i128, high: i128) -> Answer {
    if x.is_nan() {
        return Err(Stop::Trap(Trap::InvalidConversionToInteger));
    }
    let whole = x.trunc() as i128;
    if whole < low || whole > high {
        return Err(Stop::Trap(Trap::IntegerOverflow));
    }
    Ok(Num::new(if high > i128::from(u32::MAX) { whole as u64 } else { u64::from(whole as u32) }))
}
fn saturated(x: f64, low: i128, high: i128) -> Answer {
    if x.is_nan() {
        return Ok(Num::new(0));
    }
    integer((x.trunc() as i128).clamp(low, high) as f64, low, high).or_else(|_| {
        // The greatest ones are no f64.
        let bits = if x > 0.0 { high } else { low };
        Ok(Num::new(if high > i128::from(u32::MAX) { bits as u64 } else { u64::from(bits as u32) }))
    })
}
const S32: (i128, i128) = (i32::MIN as i128, i32::MAX as i128);
const U32: (i128, i128) = (0, u32::MAX as i128);
const S64: (i128, i128) = (i64::MIN as i128, i64::MAX as i128);
const U64: (i128, i128) = (0, u64::MAX as i128);

impl Meaning {
    /// The result of an arithmetic operation on floats, which had these operands.
    fn float(self, ty: NumType, bits: u64, operands: &[(NumType, Num)]) -> Answer {
        if !is_nan(ty, bits) {
            return Ok(Num::new(bits));
        }
        let bits = canonical(ty);
        if self.deterministic {
            return Ok(Num::new(bits));
        }
        let plain = |&(ty, x): &(NumType, Num)| match x.known {
            Known::Bits => !is_nan(ty, x.bits) || x.bits & !sign(ty) == canonical(ty),
            known => known == Known::Canonical,
        };
        let known = if operands.iter().all(plain) { Known::Canonical } else { Known::Quiet };
        Ok(Num { bits, known })
    }

    pub fn unary(self, op: UnOp, a: Num) -> Answer {
        let (operand, result) = op.signature();
        match (is_float(operand), is_float(result)) {
            (false, false) => integers(op, a.bits),
            (true, true) => self.floats(op, a),
            (true, false) => to_integer(op, a),
            (false, true) => to_float(op, a.bits),
        }
    }

    fn floats(self, op: UnOp, a: Num) -> Answer {
        use UnOp::*;
        let (ty, result) = op.signature();
        // Bits of a sign only: what is known stays known.
        match op {
            F32Abs | F64Abs => return Ok(Num { bits: a.bits & !sign(ty), ..a }),
            F32Neg | F64Neg => return Ok(Num { bits: a.bits ^ sign(ty), ..a }),
            _ => {}
        }
        let (f, d) = (f32::from_bits(a.bits as u32), f64::from_bits(a.bits));
        let narrow = |x: f32| u64::from(x.to_bits());
        let bits = match op {
            F32Ceil => narrow(f.ceil()),
            F32Floor => narrow(f.floor()),
            F32Trunc => narrow(f.trunc()),
            F32Nearest => narrow(f.round_ties_even()),
            F32Sqrt => narrow(f.sqrt()),
            F64Ceil => d.ceil().to_bits(),
            F64Floor => d.floor().to_bits(),
            F64Trunc => d.trunc().to_bits(),
            F64Nearest => d.round_ties_even().to_bits(),
            F64Sqrt => d.sqrt().to_bits(),
            F32DemoteF64 => narrow(d as f32),
            F64PromoteF32 => f64::from(f).to_bits(),
            _ => panic!("{op:?}"),
        };
        self.float(result, bits, &[(ty, a)])
    }

    pub fn binary(self, op: BinOp, a: Num, b: Num) -> Answer {
        match op.signature().0 {
            NumType::I32 => small(op, a.bits as u32, b.bits as u32),
            NumType::I64 => large(op, a.bits, b.bits),
            NumType::F32 => self.narrow(op, a, b),
            NumType::F64 => self.wide(op, a, b),
        }
    }

    fn narrow(self, op: BinOp, a: Num, b: Num) -> Answer {
        use BinOp::*;
        let (x, y) = (f32::from_bits(a.bits as u32), f32::from_bits(b.bits as u32));
        let value = match op {
            F32Eq => return truth(x == y),
            F32Ne => return truth(x != y),
            F32Lt => return truth(x < y),
            F32Gt => return truth(x > y),
            F32Le => return truth(x <= y),
            F32Ge => return truth(x >= y),
            F32Copysign => return copysign(SIGN32, a, b),
            F32Add => x + y,
            F32Sub => x - y,
            F32Mul => x * y,
            F32Div => x / y,
            F32Min => smaller(f64::from(x), f64::from(y)) as f32,
            F32Max => -smaller(-f64::from(x), -f64::from(y)) as f32,
            _ => panic!("{op:?}"),
        };
        let operands = [(NumType::F32, a), (NumType::F32, b)];
        self.float(NumType::F32, u64::from(value.to_bits()), &operands)
    }
    fn wide(self, op: BinOp, a: Num, b: Num) -> Answer {
        use BinOp::*;
        let (x, y) = (f64::from_bits(a.bits), f64::from_bits(b.bits));
        let value = match op {
            F64Eq => return truth(x == y),
            F64Ne => return truth(x != y),
            F64Lt => return truth(x < y),
            F64Gt => return truth(x > y),
            F64Le => return truth(x <= y),
            F64Ge => return truth(x >= y),
            F64Copysign => return copysign(SIGN64, a, b),
            F64Add => x + y,
            F64Sub => x - y,
            F64Mul => x * y,
            F64Div => x / y,
            F64Min => smaller(x, y),
            F64Max => -smaller(-x, -y),
            _ => panic!("{op:?}"),
        };
        self.float(NumType::F64, value.to_bits(), &[(NumType::F64, a), (NumType::F64, b)])
    }
}

/// The smaller one, −0 below +0, a NaN if one of them is.
fn smaller(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x == y {
        f64::from_bits(x.to_bits() | y.to_bits())
    } else {
        x.min(y)
    }
}
fn copysign(sign: u64, a: Num, b: Num) -> Answer {
    let from = b.exactly()?;
    Ok(Num { bits: a.bits & !sign | from & sign, ..a })
}

fn integers(op: UnOp, x: u64) -> Answer {
    use UnOp::*;
    let i = x as u32;
    match op {
        I32Eqz => truth(i == 0),
        I64Eqz => truth(x == 0),
        I32Clz => i32_((0..32).take_while(|n| i << n & 1 << 31 == 0).count() as u32),
        I32Ctz => i32_((0..32).take_while(|n| i >> n & 1 == 0).count() as u32),
        I32Popcnt => i32_((0..32).map(|n| i >> n & 1).sum()),
        I64Clz => i64_((0..64).take_while(|n| x << n & 1 << 63 == 0).count() as u64),
        I64Ctz => i64_((0..64).take_while(|n| x >> n & 1 == 0).count() as u64),
        I64Popcnt => i64_((0..64).map(|n| x >> n & 1).sum()),
        I32WrapI64 => i32_(i),
        I64ExtendI32S | I64Extend32S => i64_(extended(x, 32)),
        I64ExtendI32U => i64_(u64::from(i)),
        I32Extend8S => i32_(extended(x, 8) as u32),
        I32Extend16S => i32_(extended(x, 16) as u32),
        I64Extend8S => i64_(extended(x, 8)),
        I64Extend16S => i64_(extended(x, 16)),
        _ => panic!("{op:?}"),
    }
}
/// The low bits of a number, sign-extended.
pub fn extended(x: u64, bits: u32) -> u64 {
    let low = x & ((1 << bits) - 1);
    if low >> (bits - 1) == 1 { low | u64::MAX << bits } else { low }
}

fn to_integer(op: UnOp, a: Num) -> Answer {
    use UnOp::*;
    let x = match op.signature().0 {
        NumType::F32 => f64::from(f32::from_bits(a.bits as u32)),
        _ => f64::from_bits(a.bits),
    };
    match op {
        I32ReinterpretF32 | I64ReinterpretF64 => Ok(Num::new(a.exactly()?)),
        I32TruncF32S | I32TruncF64S => integer(x, S32.0, S32.1),
        I32TruncF32U | I32TruncF64U => integer(x, U32.0, U32.1),
        I64TruncF32S | I64TruncF64S => integer(x, S64.0, S64.1),
        I64TruncF32U | I64TruncF64U => integer(x, U64.0, U64.1),
        I32TruncSatF32S | I32TruncSatF64S => saturated(x, S32.0, S32.1),
        I32TruncSatF32U | I32TruncSatF64U => saturated(x, U32.0, U32.1),
        I64TruncSatF32S | I64TruncSatF64S => saturated(x, S64.0, S64.1),
        I64TruncSatF32U | I64TruncSatF64U => saturated(x, U64.0, U64.1),
        _ => panic!("{op:?}"),
    }
}
fn to_float(op: UnOp, x: u64) -> Answer {
    use UnOp::*;
    let (small, large) = (x as u32 as i32, x as i64);
    let narrow = |x: f32| Ok(Num::new(u64::from(x.to_bits())));
    let wide = |x: f64| Ok(Num::new(x.to_bits()));
    match op {
        F32ConvertI32S => narrow(small as f32),
        F32ConvertI32U => narrow(x as u32 as f32),
        F32ConvertI64S => narrow(large as f32),
        F32ConvertI64U => narrow(x as f32),
        F64ConvertI32S => wide(f64::from(small)),
        F64ConvertI32U => wide(f64::from(x as u32)),
        F64ConvertI64S => wide(large as f64),
        F64ConvertI64U => wide(x as f64),
        F32ReinterpretI32 | F64ReinterpretI64 => Ok(Num::new(x)),
        _ => panic!("{op:?}"),
    }
}

const BY_ZERO: Answer = Err(Stop::Trap(Trap::IntegerDivideByZero));
const OVERFLOW: Answer = Err(Stop::Trap(Trap::IntegerOverflow));

fn small(op: BinOp, a: u32, b: u32) -> Answer {
    use BinOp::*;
    let (sa, sb) = (i64::from(a as i32), i64::from(b as i32));
    let (ua, ub) = (u64::from(a), u64::from(b));
    let by = b % 32;
    match op {
        I32Eq => truth(ua == ub),
        I32Ne => truth(ua != ub),
        I32LtS => truth(sa < sb),
        I32LtU => truth(ua < ub),
        I32GtS => truth(sa > sb),
        I32GtU => truth(ua > ub),
        I32LeS => truth(sa <= sb),
        I32LeU => truth(ua <= ub),
        I32GeS => truth(sa >= sb),
        I32GeU => truth(ua >= ub),
        I32Add => i32_((ua + ub) as u32),
        I32Sub => i32_((sa - sb) as u32),
        I32Mul => i32_((ua * ub) as u32),
        I32DivS | I32DivU | I32RemS | I32RemU if b == 0 => BY_ZERO,
        I32DivS if sa / sb > i64::from(i32::MAX) => OVERFLOW,
        I32DivS => i32_((sa / sb) as u32),
        I32DivU => i32_((ua / ub) as u32),
        I32RemS => i32_((sa % sb) as u32),
        I32RemU => i32_((ua % ub) as u32),
        I32And => i32_(a & b),
        I32Or => i32_(a | b),
        I32Xor => i32_(a ^ b),
        I32Shl => i32_((ua << by) as u32),
        I32ShrS => i32_((sa >> by) as u32),
        I32ShrU => i32_((ua >> by) as u32),
        I32Rotl => i32_(((ua << by) | (ua << by >> 32)) as u32),
        I32Rotr => i32_(((ua << 32 >> by) | (ua << 32 >> by >> 32)) as u32),
        _ => panic!("{op:?}"),
    }
    .map(|num| Num::new(u64::from(num.bits as u32)))
}
fn large(op: BinOp, a: u64, b: u64) -> Answer {
    use BinOp::*;
    let (sa, sb) = (i128::from(a as i64), i128::from(b as i64));
    let (ua, ub) = (u128::from(a), u128::from(b));
    let by = b % 64;
    match op {
        I64Eq => truth(ua == ub),
        I64Ne => truth(ua != ub),
        I64LtS => truth(sa < sb),
        I64LtU => truth(ua < ub),
        I64GtS => truth(sa > sb),
        I64GtU => truth(ua > ub),
        I64LeS => truth(sa <= sb),
        I64LeU => truth(ua <= ub),
        I64GeS => truth(sa >= sb),
        I64GeU => truth(ua >= ub),
        I64Add => i64_((ua + ub) as u64),
        I64Sub => i64_((sa - sb) as u64),
        I64Mul => i64_((ua * ub) as u64),
        I64DivS | I64DivU | I64RemS | I64RemU if b == 0 => BY_ZERO,
        I64DivS if sa / sb > i128::from(i64::MAX) => OVERFLOW,
        I64DivS => i64_((sa / sb) as u64),
        I64DivU => i64_((ua / ub) as u64),
        I64RemS => i64_((sa % sb) as u64),
        I64RemU => i64_((ua % ub) as u64),
        I64And => i64_(a & b),
        I64Or => i64_(a | b),
        I64Xor => i64_(a ^ b),
        I64Shl => i64_((ua << by) as u64),
        I64ShrS => i64_((sa >> by) as u64),
        I64ShrU => i64_((ua >> by) as u64),
        I64Rotl => i64_(((ua << by) | (ua << by >> 64)) as u64),
        I64Rotr => i64_(((ua << 64 >> by) | (ua << 64 >> by >> 64)) as u64),
        _ => panic!("{op:?}"),
    }
}
