//! Vectors and the meaning of the vector instructions (spec §4.3.4), portable.
//!
//! Every instruction is a type in [`def`], with the trait of its shape; all come from the rows of
//! `rows`. Relaxed instructions make the choice of the deterministic profile (spec, appendix
//! A.5): no fused multiplication, saturating conversions, selection by bits.

mod lanes;
mod rows;
#[cfg(test)]
pub(crate) mod tests;

use super::instr::def as scalar;
use super::ops::SimdOp;
use super::types::Value;
use lanes::*;

/// A value of type `v128` (spec §4.2.1): the bytes that a store would write.
///
/// Lane 0 is in the first bytes, and lanes are little-endian, on every host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C, align(16))]
pub struct V128([u8; 16]);

impl V128 {
    /// From the bits, lane 0 lowest.
    #[inline(always)]
    pub const fn from_bits(bits: u128) -> V128 {
        V128(bits.to_le_bytes())
    }
    /// To the bits, lane 0 lowest.
    #[inline(always)]
    pub const fn to_bits(self) -> u128 {
        u128::from_le_bytes(self.0)
    }
    /// From the bytes in memory.
    #[inline(always)]
    pub const fn from_le_bytes(bytes: [u8; 16]) -> V128 {
        V128(bytes)
    }
    /// To the bytes in memory.
    #[inline(always)]
    pub const fn to_le_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The traits of the shapes: what an instruction of this shape is, as a type.
macro_rules! shapes { ($(
    $(#[$doc:meta])* $shape:ident { $(type $t:ident;)? }
    ($($a:ident: $ty:ty),*) -> $r:ty;
)*) => { $(
    $(#[$doc])*
    pub trait $shape: 'static {
        /// The instruction.
        const OP: SimdOp;
        $( /// The number.
        type $t: Value; )?
        /// The meaning of the row.
        fn eval($($a: $ty),*) -> $r;
    }
)* } }
shapes! {
    /// One operand.
    VecUnary {} (a: V128) -> V128;
    /// Two operands.
    VecBinary {} (a: V128, b: V128) -> V128;
    /// Three operands.
    VecTernary {} (a: V128, b: V128, c: V128) -> V128;
    /// A shift of every lane by `n` modulo their width.
    VecShift {} (a: V128, n: u32) -> V128;
    /// A test.
    VecTest {} (a: V128) -> i32;
    /// A number for every lane.
    VecSplat { type A; } (x: Self::A) -> V128;
    /// A lane.
    VecExtract { type R; } (a: V128, n: u8) -> Self::R;
    /// The replacement of a lane.
    VecReplace { type A; } (a: V128, n: u8, x: Self::A) -> V128;
    /// A selection of 16 bytes among 32.
    VecShuffle {} (a: V128, b: V128, lanes: [u8; 16]) -> V128;
    /// What a load makes of `OP.width()` bytes, the first one lowest; the rest of `raw` is 0.
    VecLoad {} (raw: u64) -> V128;
    /// What a load makes of `OP.width()` bytes and the old vector.
    VecLoadLane {} (raw: u64, a: V128, n: u8) -> V128;
    /// The `OP.width()` bytes that a store writes, the first one lowest; the rest is 0.
    VecStoreLane {} (a: V128, n: u8) -> u64;
}

/// The implementation of a shape for an instruction.
macro_rules! define { ($shape:ident $op:ident { $(type $t:ident = $tt:ty;)? }
    ($($a:ident: $ty:ty),*) -> $r:ty = $body:expr) => {
    #[derive(Clone, Copy, Debug)]
    pub struct $op;
    impl $shape for $op {
        const OP: SimdOp = SimdOp::$op;
        $( type $t = $tt; )?
        #[inline(always)]
        fn eval($($a: $ty),*) -> $r { $body }
    }
} }

macro_rules! derive { (
    unary { $( $un:ident ($ua:ident: $uta:ty) -> $ur:ty = $ue:expr; )* }
    binary { $( $bi:ident ($ba:ident: $bta:ty, $bb:ident: $btb:ty) -> $br:ty = $be:expr; )* }
    ternary { $( $te:ident ($ta:ident: $tta:ty, $tb:ident: $ttb:ty, $tc:ident: $ttc:ty) -> $tr:ty
        = $tex:expr; )* }
    shift { $( $sh:ident ($sa:ident: $sta:ty, $sn:ident) -> $sr:ty = $se:expr; )* }
    test { $( $ts:ident ($tsa:ident: $tsta:ty) = $tse:expr; )* }
    splat { $( $sp:ident ($spx:ident: $sptx:ty) -> $spr:ty = $spe:expr; )* }
    extract { $( $ex:ident ($exa:ident: $exta:ty, $exn:ident) -> $exr:ty = $exe:expr; )* }
    replace { $( $re:ident ($rea:ident: $reta:ty, $ren:ident, $rex:ident: $retx:ty) -> $rer:ty
        = $ree:expr; )* }
    load { $( $lo:ident ($lor:ident) -> $lot:ty = $loe:expr; )* }
    load_lane { $( $ll:ident ($llr:ident, $lla:ident: $llta:ty, $lln:ident) -> $llt:ty
        = $lle:expr; )* }
    store_lane { $( $sl:ident ($sla:ident: $slta:ty, $sln:ident) = $sle:expr; )* }
) => {
    /// The instructions as types. `v128.load`, `v128.store` and `v128.const` have none: they only
    /// move 16 bytes.
    #[allow(missing_docs)]
    pub mod def {
        use super::*;
        define!(VecShuffle I8x16Shuffle {} (a: V128, b: V128, lanes: [u8; 16]) -> V128
            = shuffle(a.into(), b.into(), lanes).into());
        $( define!(VecUnary $un {} ($ua: V128) -> V128
            = { let $ua: $uta = $ua.into(); let r: $ur = $ue; r.into() }); )*
        $( define!(VecBinary $bi {} ($ba: V128, $bb: V128) -> V128
            = { let ($ba, $bb): ($bta, $btb) = ($ba.into(), $bb.into());
                let r: $br = $be; r.into() }); )*
        $( define!(VecTernary $te {} ($ta: V128, $tb: V128, $tc: V128) -> V128
            = { let ($ta, $tb, $tc): ($tta, $ttb, $ttc) = ($ta.into(), $tb.into(), $tc.into());
                let r: $tr = $tex; r.into() }); )*
        $( define!(VecShift $sh {} ($sa: V128, $sn: u32) -> V128
            = { let $sa: $sta = $sa.into(); let r: $sr = $se; r.into() }); )*
        $( define!(VecTest $ts {} ($tsa: V128) -> i32
            = { let $tsa: $tsta = $tsa.into(); $tse }); )*
        $( define!(VecSplat $sp { type A = $sptx; } ($spx: $sptx) -> V128
            = { let r: $spr = $spe; r.into() }); )*
        $( define!(VecExtract $ex { type R = $exr; } ($exa: V128, $exn: u8) -> $exr
            = { let $exa: $exta = $exa.into(); $exe }); )*
        $( define!(VecReplace $re { type A = $retx; } ($rea: V128, $ren: u8, $rex: $retx) -> V128
            = { let $rea: $reta = $rea.into(); let r: $rer = $ree; r.into() }); )*
        $( define!(VecLoad $lo {} ($lor: u64) -> V128 = { let r: $lot = $loe; r.into() }); )*
        $( define!(VecLoadLane $ll {} ($llr: u64, $lla: V128, $lln: u8) -> V128
            = { let $lla: $llta = $lla.into(); let r: $llt = $lle; r.into() }); )*
        $( define!(VecStoreLane $sl {} ($sla: V128, $sln: u8) -> u64
            = { let $sla: $slta = $sla.into(); $sle }); )*
    }

    /// The meaning, by the instruction: of up to three operands, numbers zero-extended, and of
    /// the immediate (a lane in its first byte, the lanes of a shuffle, the bytes of a constant).
    ///
    /// The first operand of a load is what was read instead of the address; the result of a store
    /// is what is written.
    pub fn eval(op: SimdOp, operands: [V128; 3], immediate: [u8; 16]) -> V128 {
        let [a, b, c] = operands;
        let [x, y, _] = operands.map(|operand| operand.to_bits() as u64);
        let n = immediate[0];
        match op {
            SimdOp::V128Load => a,
            SimdOp::V128Store => b,
            SimdOp::V128Const => V128::from_le_bytes(immediate),
            SimdOp::I8x16Shuffle => def::I8x16Shuffle::eval(a, b, immediate),
            $( SimdOp::$un => def::$un::eval(a), )*
            $( SimdOp::$bi => def::$bi::eval(a, b), )*
            $( SimdOp::$te => def::$te::eval(a, b, c), )*
            $( SimdOp::$sh => def::$sh::eval(a, y as u32), )*
            $( SimdOp::$ts => number(def::$ts::eval(a)), )*
            $( SimdOp::$sp => def::$sp::eval(Value::from_bits(x)), )*
            $( SimdOp::$ex => number(def::$ex::eval(a, n)), )*
            $( SimdOp::$re => def::$re::eval(a, n, Value::from_bits(y)), )*
            $( SimdOp::$lo => def::$lo::eval(x), )*
            $( SimdOp::$ll => def::$ll::eval(x, b, n), )*
            $( SimdOp::$sl => number(def::$sl::eval(b, n)), )*
        }
    }
} }
rows::meanings!(derive);

/// A number in a vector, zero-extended.
fn number(x: impl Value) -> V128 {
    V128::from_bits(x.to_bits().into())
}
