//! The numeric instructions: one row each, with its meaning.
//!
//! A row is `opcode "text" Name (operands) -> result = meaning;` (spec §4.3). The Rust types give
//! the WebAssembly types and the signedness; `?` may trap. Opcodes behind the prefix 0xFC are
//! written 0xFCnn. From the rows follow: the operator enums, decoding, texts, signatures, constant
//! folding, constant expressions, and every handler of the executor.

use super::num;
use super::trap::Trap;
use super::types::{NumType, Value};

/// Hands the rows to the macro `$derive`.
#[macro_export]
#[doc(hidden)]
macro_rules! numeric_rows { ($derive:path) => { $derive! {
    unary {
        0x45   "i32.eqz"               I32Eqz               (a: i32) -> i32 = (a == 0) as i32;
        0x50   "i64.eqz"               I64Eqz               (a: i64) -> i32 = (a == 0) as i32;
        0x67   "i32.clz"               I32Clz               (a: i32) -> i32 = a.leading_zeros() as i32;
        0x68   "i32.ctz"               I32Ctz               (a: i32) -> i32 = a.trailing_zeros() as i32;
        0x69   "i32.popcnt"            I32Popcnt            (a: i32) -> i32 = a.count_ones() as i32;
        0x79   "i64.clz"               I64Clz               (a: i64) -> i64 = a.leading_zeros() as i64;
        0x7A   "i64.ctz"               I64Ctz               (a: i64) -> i64 = a.trailing_zeros() as i64;
        0x7B   "i64.popcnt"            I64Popcnt            (a: i64) -> i64 = a.count_ones() as i64;
        0x8B   "f32.abs"               F32Abs               (a: f32) -> f32 = a.abs();
        0x8C   "f32.neg"               F32Neg               (a: f32) -> f32 = -a;
        0x8D   "f32.ceil"              F32Ceil              (a: f32) -> f32 = num::ceil_f32(a);
        0x8E   "f32.floor"             F32Floor             (a: f32) -> f32 = num::floor_f32(a);
        0x8F   "f32.trunc"             F32Trunc             (a: f32) -> f32 = num::trunc_f32(a);
        0x90   "f32.nearest"           F32Nearest           (a: f32) -> f32 = num::nearest_f32(a);
        0x91   "f32.sqrt"              F32Sqrt              (a: f32) -> f32 = num::sqrt_f32(a);
        0x99   "f64.abs"               F64Abs               (a: f64) -> f64 = a.abs();
        0x9A   "f64.neg"               F64Neg               (a: f64) -> f64 = -a;
        0x9B   "f64.ceil"              F64Ceil              (a: f64) -> f64 = num::ceil_f64(a);
        0x9C   "f64.floor"             F64Floor             (a: f64) -> f64 = num::floor_f64(a);
        0x9D   "f64.trunc"             F64Trunc             (a: f64) -> f64 = num::trunc_f64(a);
        0x9E   "f64.nearest"           F64Nearest           (a: f64) -> f64 = num::nearest_f64(a);
        0x9F   "f64.sqrt"              F64Sqrt              (a: f64) -> f64 = num::sqrt_f64(a);
        0xA7   "i32.wrap_i64"          I32WrapI64           (a: i64) -> i32 = a as i32;
        0xA8   "i32.trunc_f32_s"       I32TruncF32S         (a: f32) -> i32 = num::trunc(a as f64, -2147483649.0, 2147483648.0)? as i32;
        0xA9   "i32.trunc_f32_u"       I32TruncF32U         (a: f32) -> u32 = num::trunc(a as f64, -1.0, 4294967296.0)? as u32;
        0xAA   "i32.trunc_f64_s"       I32TruncF64S         (a: f64) -> i32 = num::trunc(a, -2147483649.0, 2147483648.0)? as i32;
        0xAB   "i32.trunc_f64_u"       I32TruncF64U         (a: f64) -> u32 = num::trunc(a, -1.0, 4294967296.0)? as u32;
        0xAC   "i64.extend_i32_s"      I64ExtendI32S        (a: i32) -> i64 = a as i64;
        0xAD   "i64.extend_i32_u"      I64ExtendI32U        (a: u32) -> i64 = a as i64;
        0xAE   "i64.trunc_f32_s"       I64TruncF32S         (a: f32) -> i64 = num::trunc(a as f64, -9223373136366403584.0, 9223372036854775808.0)? as i64;
        0xAF   "i64.trunc_f32_u"       I64TruncF32U         (a: f32) -> u64 = num::trunc(a as f64, -1.0, 18446744073709551616.0)? as u64;
        0xB0   "i64.trunc_f64_s"       I64TruncF64S         (a: f64) -> i64 = num::trunc(a, -9223372036854777856.0, 9223372036854775808.0)? as i64;
        0xB1   "i64.trunc_f64_u"       I64TruncF64U         (a: f64) -> u64 = num::trunc(a, -1.0, 18446744073709551616.0)? as u64;
        0xB2   "f32.convert_i32_s"     F32ConvertI32S       (a: i32) -> f32 = a as f32;
        0xB3   "f32.convert_i32_u"     F32ConvertI32U       (a: u32) -> f32 = a as f32;
        0xB4   "f32.convert_i64_s"     F32ConvertI64S       (a: i64) -> f32 = a as f32;
        0xB5   "f32.convert_i64_u"     F32ConvertI64U       (a: u64) -> f32 = a as f32;
        0xB6   "f32.demote_f64"        F32DemoteF64         (a: f64) -> f32 = a as f32;
        0xB7   "f64.convert_i32_s"     F64ConvertI32S       (a: i32) -> f64 = a as f64;
        0xB8   "f64.convert_i32_u"     F64ConvertI32U       (a: u32) -> f64 = a as f64;
        0xB9   "f64.convert_i64_s"     F64ConvertI64S       (a: i64) -> f64 = a as f64;
        0xBA   "f64.convert_i64_u"     F64ConvertI64U       (a: u64) -> f64 = a as f64;
        0xBB   "f64.promote_f32"       F64PromoteF32        (a: f32) -> f64 = a as f64;
        0xBC   "i32.reinterpret_f32"   I32ReinterpretF32    (a: f32) -> u32 = a.to_bits();
        0xBD   "i64.reinterpret_f64"   I64ReinterpretF64    (a: f64) -> u64 = a.to_bits();
        0xBE   "f32.reinterpret_i32"   F32ReinterpretI32    (a: u32) -> f32 = f32::from_bits(a);
        0xBF   "f64.reinterpret_i64"   F64ReinterpretI64    (a: u64) -> f64 = f64::from_bits(a);
        0xC0   "i32.extend8_s"         I32Extend8S          (a: i32) -> i32 = a as i8 as i32;
        0xC1   "i32.extend16_s"        I32Extend16S         (a: i32) -> i32 = a as i16 as i32;
        0xC2   "i64.extend8_s"         I64Extend8S          (a: i64) -> i64 = a as i8 as i64;
        0xC3   "i64.extend16_s"        I64Extend16S         (a: i64) -> i64 = a as i16 as i64;
        0xC4   "i64.extend32_s"        I64Extend32S         (a: i64) -> i64 = a as i32 as i64;
        0xFC00 "i32.trunc_sat_f32_s"   I32TruncSatF32S      (a: f32) -> i32 = a as i32;
        0xFC01 "i32.trunc_sat_f32_u"   I32TruncSatF32U      (a: f32) -> u32 = a as u32;
        0xFC02 "i32.trunc_sat_f64_s"   I32TruncSatF64S      (a: f64) -> i32 = a as i32;
        0xFC03 "i32.trunc_sat_f64_u"   I32TruncSatF64U      (a: f64) -> u32 = a as u32;
        0xFC04 "i64.trunc_sat_f32_s"   I64TruncSatF32S      (a: f32) -> i64 = a as i64;
        0xFC05 "i64.trunc_sat_f32_u"   I64TruncSatF32U      (a: f32) -> u64 = a as u64;
        0xFC06 "i64.trunc_sat_f64_s"   I64TruncSatF64S      (a: f64) -> i64 = a as i64;
        0xFC07 "i64.trunc_sat_f64_u"   I64TruncSatF64U      (a: f64) -> u64 = a as u64;
    }
    binary {
        0x46   "i32.eq"                I32Eq                (a: i32, b: i32) -> i32 = (a == b) as i32;
        0x47   "i32.ne"                I32Ne                (a: i32, b: i32) -> i32 = (a != b) as i32;
        0x48   "i32.lt_s"              I32LtS               (a: i32, b: i32) -> i32 = (a < b) as i32;
        0x49   "i32.lt_u"              I32LtU               (a: u32, b: u32) -> i32 = (a < b) as i32;
        0x4A   "i32.gt_s"              I32GtS               (a: i32, b: i32) -> i32 = (a > b) as i32;
        0x4B   "i32.gt_u"              I32GtU               (a: u32, b: u32) -> i32 = (a > b) as i32;
        0x4C   "i32.le_s"              I32LeS               (a: i32, b: i32) -> i32 = (a <= b) as i32;
        0x4D   "i32.le_u"              I32LeU               (a: u32, b: u32) -> i32 = (a <= b) as i32;
        0x4E   "i32.ge_s"              I32GeS               (a: i32, b: i32) -> i32 = (a >= b) as i32;
        0x4F   "i32.ge_u"              I32GeU               (a: u32, b: u32) -> i32 = (a >= b) as i32;
        0x51   "i64.eq"                I64Eq                (a: i64, b: i64) -> i32 = (a == b) as i32;
        0x52   "i64.ne"                I64Ne                (a: i64, b: i64) -> i32 = (a != b) as i32;
        0x53   "i64.lt_s"              I64LtS               (a: i64, b: i64) -> i32 = (a < b) as i32;
        0x54   "i64.lt_u"              I64LtU               (a: u64, b: u64) -> i32 = (a < b) as i32;
        0x55   "i64.gt_s"              I64GtS               (a: i64, b: i64) -> i32 = (a > b) as i32;
        0x56   "i64.gt_u"              I64GtU               (a: u64, b: u64) -> i32 = (a > b) as i32;
        0x57   "i64.le_s"              I64LeS               (a: i64, b: i64) -> i32 = (a <= b) as i32;
        0x58   "i64.le_u"              I64LeU               (a: u64, b: u64) -> i32 = (a <= b) as i32;
        0x59   "i64.ge_s"              I64GeS               (a: i64, b: i64) -> i32 = (a >= b) as i32;
        0x5A   "i64.ge_u"              I64GeU               (a: u64, b: u64) -> i32 = (a >= b) as i32;
        0x5B   "f32.eq"                F32Eq                (a: f32, b: f32) -> i32 = (a == b) as i32;
        0x5C   "f32.ne"                F32Ne                (a: f32, b: f32) -> i32 = (a != b) as i32;
        0x5D   "f32.lt"                F32Lt                (a: f32, b: f32) -> i32 = (a < b) as i32;
        0x5E   "f32.gt"                F32Gt                (a: f32, b: f32) -> i32 = (a > b) as i32;
        0x5F   "f32.le"                F32Le                (a: f32, b: f32) -> i32 = (a <= b) as i32;
        0x60   "f32.ge"                F32Ge                (a: f32, b: f32) -> i32 = (a >= b) as i32;
        0x61   "f64.eq"                F64Eq                (a: f64, b: f64) -> i32 = (a == b) as i32;
        0x62   "f64.ne"                F64Ne                (a: f64, b: f64) -> i32 = (a != b) as i32;
        0x63   "f64.lt"                F64Lt                (a: f64, b: f64) -> i32 = (a < b) as i32;
        0x64   "f64.gt"                F64Gt                (a: f64, b: f64) -> i32 = (a > b) as i32;
        0x65   "f64.le"                F64Le                (a: f64, b: f64) -> i32 = (a <= b) as i32;
        0x66   "f64.ge"                F64Ge                (a: f64, b: f64) -> i32 = (a >= b) as i32;
        0x6A   "i32.add"               I32Add               (a: i32, b: i32) -> i32 = a.wrapping_add(b);
        0x6B   "i32.sub"               I32Sub               (a: i32, b: i32) -> i32 = a.wrapping_sub(b);
        0x6C   "i32.mul"               I32Mul               (a: i32, b: i32) -> i32 = a.wrapping_mul(b);
        0x6D   "i32.div_s"             I32DivS              (a: i32, b: i32) -> i32 = num::div(a, b)?;
        0x6E   "i32.div_u"             I32DivU              (a: u32, b: u32) -> u32 = num::div(a, b)?;
        0x6F   "i32.rem_s"             I32RemS              (a: i32, b: i32) -> i32 = num::rem(a, b)?;
        0x70   "i32.rem_u"             I32RemU              (a: u32, b: u32) -> u32 = num::rem(a, b)?;
        0x71   "i32.and"               I32And               (a: i32, b: i32) -> i32 = a & b;
        0x72   "i32.or"                I32Or                (a: i32, b: i32) -> i32 = a | b;
        0x73   "i32.xor"               I32Xor               (a: i32, b: i32) -> i32 = a ^ b;
        0x74   "i32.shl"               I32Shl               (a: i32, b: i32) -> i32 = a.wrapping_shl(b as u32);
        0x75   "i32.shr_s"             I32ShrS              (a: i32, b: i32) -> i32 = a.wrapping_shr(b as u32);
        0x76   "i32.shr_u"             I32ShrU              (a: u32, b: u32) -> u32 = a.wrapping_shr(b as u32);
        0x77   "i32.rotl"              I32Rotl              (a: u32, b: u32) -> u32 = a.rotate_left(b as u32 % u32::BITS);
        0x78   "i32.rotr"              I32Rotr              (a: u32, b: u32) -> u32 = a.rotate_right(b as u32 % u32::BITS);
        0x7C   "i64.add"               I64Add               (a: i64, b: i64) -> i64 = a.wrapping_add(b);
        0x7D   "i64.sub"               I64Sub               (a: i64, b: i64) -> i64 = a.wrapping_sub(b);
        0x7E   "i64.mul"               I64Mul               (a: i64, b: i64) -> i64 = a.wrapping_mul(b);
        0x7F   "i64.div_s"             I64DivS              (a: i64, b: i64) -> i64 = num::div(a, b)?;
        0x80   "i64.div_u"             I64DivU              (a: u64, b: u64) -> u64 = num::div(a, b)?;
        0x81   "i64.rem_s"             I64RemS              (a: i64, b: i64) -> i64 = num::rem(a, b)?;
        0x82   "i64.rem_u"             I64RemU              (a: u64, b: u64) -> u64 = num::rem(a, b)?;
        0x83   "i64.and"               I64And               (a: i64, b: i64) -> i64 = a & b;
        0x84   "i64.or"                I64Or                (a: i64, b: i64) -> i64 = a | b;
        0x85   "i64.xor"               I64Xor               (a: i64, b: i64) -> i64 = a ^ b;
        0x86   "i64.shl"               I64Shl               (a: i64, b: i64) -> i64 = a.wrapping_shl(b as u32);
        0x87   "i64.shr_s"             I64ShrS              (a: i64, b: i64) -> i64 = a.wrapping_shr(b as u32);
        0x88   "i64.shr_u"             I64ShrU              (a: u64, b: u64) -> u64 = a.wrapping_shr(b as u32);
        0x89   "i64.rotl"              I64Rotl              (a: u64, b: u64) -> u64 = a.rotate_left(b as u32 % u64::BITS);
        0x8A   "i64.rotr"              I64Rotr              (a: u64, b: u64) -> u64 = a.rotate_right(b as u32 % u64::BITS);
        0x92   "f32.add"               F32Add               (a: f32, b: f32) -> f32 = a + b;
        0x93   "f32.sub"               F32Sub               (a: f32, b: f32) -> f32 = a - b;
        0x94   "f32.mul"               F32Mul               (a: f32, b: f32) -> f32 = a * b;
        0x95   "f32.div"               F32Div               (a: f32, b: f32) -> f32 = a / b;
        0x96   "f32.min"               F32Min               (a: f32, b: f32) -> f32 = num::fmin(a, b);
        0x97   "f32.max"               F32Max               (a: f32, b: f32) -> f32 = num::fmax(a, b);
        0x98   "f32.copysign"          F32Copysign          (a: f32, b: f32) -> f32 = a.copysign(b);
        0xA0   "f64.add"               F64Add               (a: f64, b: f64) -> f64 = a + b;
        0xA1   "f64.sub"               F64Sub               (a: f64, b: f64) -> f64 = a - b;
        0xA2   "f64.mul"               F64Mul               (a: f64, b: f64) -> f64 = a * b;
        0xA3   "f64.div"               F64Div               (a: f64, b: f64) -> f64 = a / b;
        0xA4   "f64.min"               F64Min               (a: f64, b: f64) -> f64 = num::fmin(a, b);
        0xA5   "f64.max"               F64Max               (a: f64, b: f64) -> f64 = num::fmax(a, b);
        0xA6   "f64.copysign"          F64Copysign          (a: f64, b: f64) -> f64 = a.copysign(b);
    }
}}}

/// An operator with one operand, as a type.
pub trait Unary: 'static {
    /// The operator.
    const OP: UnOp;
    /// The operand.
    type A: Value;
    /// The result.
    type R: Value;
    /// The meaning of the row.
    fn eval(a: Self::A) -> Result<Self::R, Trap>;
}

/// An operator with two operands of one type, as a type.
pub trait Binary: 'static {
    /// The operator.
    const OP: BinOp;
    /// Both operands.
    type A: Value;
    /// The result.
    type R: Value;
    /// The meaning of the row.
    fn eval(a: Self::A, b: Self::A) -> Result<Self::R, Trap>;
}

macro_rules! derive {
    ( unary  { $( $ucode:literal $utext:literal $uname:ident ($ua:ident: $uty:ty) -> $ur:ty = $ubody:expr; )* }
      binary { $( $bcode:literal $btext:literal $bname:ident ($ba:ident: $bty:ty, $bb:ident: $_bty:ty) -> $br:ty = $bbody:expr; )* } ) => {
        /// The operators with one operand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum UnOp { $( $uname, )* }
        /// The operators with two operands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum BinOp { $( $bname, )* }

        impl UnOp {
            /// Every operator, in the order of the rows.
            pub const ALL: &'static [UnOp] = &[$( UnOp::$uname, )*];
            /// The operator with this opcode (0xFCnn behind the prefix).
            #[inline]
            pub const fn decode(code: u32) -> Option<UnOp> {
                match code { $( $ucode => Some(UnOp::$uname), )* _ => None }
            }
            /// The opcode.
            pub const fn code(self) -> u32 { match self { $( UnOp::$uname => $ucode, )* } }
            /// The name in the text format.
            pub const fn text(self) -> &'static str { match self { $( UnOp::$uname => $utext, )* } }
            /// Operand and result.
            #[inline]
            pub const fn signature(self) -> (NumType, NumType) {
                const TABLE: &[(NumType, NumType)] = &[$( (<$uty as Value>::TYPE, <$ur as Value>::TYPE), )*];
                TABLE[self as usize]
            }
            /// The meaning, on bits: numbers narrower than 64 bits are zero-extended.
            pub fn eval(self, a: u64) -> Result<u64, Trap> {
                match self { $( UnOp::$uname => <def::$uname as Unary>::eval(Value::from_bits(a)).map(Value::to_bits), )* }
            }
            /// Whether the operator can trap.
            pub const fn can_trap(self) -> bool { matches!(self.code(), 0xA8..=0xAB | 0xAE..=0xB1) }
        }
        impl BinOp {
            /// Every operator, in the order of the rows.
            pub const ALL: &'static [BinOp] = &[$( BinOp::$bname, )*];
            /// The operator with this opcode.
            #[inline]
            pub const fn decode(code: u32) -> Option<BinOp> {
                match code { $( $bcode => Some(BinOp::$bname), )* _ => None }
            }
            /// The opcode.
            pub const fn code(self) -> u32 { match self { $( BinOp::$bname => $bcode, )* } }
            /// The name in the text format.
            pub const fn text(self) -> &'static str { match self { $( BinOp::$bname => $btext, )* } }
            /// Operands (both of one type) and result.
            #[inline]
            pub const fn signature(self) -> (NumType, NumType) {
                const TABLE: &[(NumType, NumType)] = &[$( (<$bty as Value>::TYPE, <$br as Value>::TYPE), )*];
                TABLE[self as usize]
            }
            /// The meaning, on bits: numbers narrower than 64 bits are zero-extended.
            pub fn eval(self, a: u64, b: u64) -> Result<u64, Trap> {
                match self { $( BinOp::$bname => <def::$bname as Binary>::eval(Value::from_bits(a), Value::from_bits(b)).map(Value::to_bits), )* }
            }
            /// Whether the operator can trap.
            pub const fn can_trap(self) -> bool { matches!(self.code(), 0x6D..=0x70 | 0x7F..=0x82) }
        }

        /// The operators as types.
        #[allow(missing_docs)]
        pub mod def {
            use super::{BinOp, Binary, Trap, UnOp, Unary, num};
            $( #[derive(Clone, Copy, Debug)] pub struct $uname;
               impl Unary for $uname {
                   const OP: UnOp = UnOp::$uname;
                   type A = $uty;
                   type R = $ur;
                   #[inline(always)]
                   fn eval($ua: $uty) -> Result<$ur, Trap> { Ok($ubody) }
               } )*
            $( #[derive(Clone, Copy, Debug)] pub struct $bname;
               impl Binary for $bname {
                   const OP: BinOp = BinOp::$bname;
                   type A = $bty;
                   type R = $br;
                   #[inline(always)]
                   fn eval($ba: $bty, $bb: $bty) -> Result<$br, Trap> { Ok($bbody) }
               } )*
            /// Every row refers to this module; this keeps the import alive in all of them.
            #[allow(dead_code)]
            fn helpers() -> fn(u32, u32) -> Result<u32, Trap> { num::div::<u32> }
        }
    };
}
numeric_rows!(derive);
