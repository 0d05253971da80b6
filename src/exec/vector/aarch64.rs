//! AArch64: where there is one instruction for what is many of the portable meaning. NEON belongs
//! to the baseline: there is one level.

use crate::wasm::num::Float;
use crate::wasm::simd::V128;
use core::arch::aarch64::*;
use core::mem::transmute;

/// The instructions that have code here, and those that fall back on the portable one.
macro_rules! native {
    (I8x16Swizzle $($rest:tt)*) => { native!(@ swizzle $($rest)*) };
    (I8x16RelaxedSwizzle $($rest:tt)*) => { native!(@ swizzle $($rest)*) };
    (I8x16Shuffle $($rest:tt)*) => { native!(@ shuffle $($rest)*) };
    (I8x16NarrowI16x8S $($rest:tt)*) => { native!(@ narrow_i16x8_s $($rest)*) };
    (I8x16NarrowI16x8U $($rest:tt)*) => { native!(@ narrow_i16x8_u $($rest)*) };
    (I16x8NarrowI32x4S $($rest:tt)*) => { native!(@ narrow_i32x4_s $($rest)*) };
    (I16x8NarrowI32x4U $($rest:tt)*) => { native!(@ narrow_i32x4_u $($rest)*) };
    (I8x16Bitmask $($rest:tt)*) => { native!(@ bitmask_i8x16 $($rest)*) };
    (I16x8Bitmask $($rest:tt)*) => { native!(@ bitmask_i16x8 $($rest)*) };
    (I32x4Bitmask $($rest:tt)*) => { native!(@ bitmask_i32x4 $($rest)*) };
    (I8x16AllTrue $($rest:tt)*) => { native!(@ all_true_i8x16 $($rest)*) };
    (I16x8AllTrue $($rest:tt)*) => { native!(@ all_true_i16x8 $($rest)*) };
    (I32x4AllTrue $($rest:tt)*) => { native!(@ all_true_i32x4 $($rest)*) };
    (I16x8Q15mulrSatS $($rest:tt)*) => { native!(@ q15mulr_sat $($rest)*) };
    (I16x8RelaxedQ15mulrS $($rest:tt)*) => { native!(@ q15mulr_sat $($rest)*) };
    (F32x4Min $($rest:tt)*) => { native!(@ min_f32x4 $($rest)*) };
    (F32x4Max $($rest:tt)*) => { native!(@ max_f32x4 $($rest)*) };
    (F64x2Min $($rest:tt)*) => { native!(@ min_f64x2 $($rest)*) };
    (F64x2Max $($rest:tt)*) => { native!(@ max_f64x2 $($rest)*) };
    (F32x4RelaxedMin $($rest:tt)*) => { native!(@ min_f32x4 $($rest)*) };
    (F32x4RelaxedMax $($rest:tt)*) => { native!(@ max_f32x4 $($rest)*) };
    (F64x2RelaxedMin $($rest:tt)*) => { native!(@ min_f64x2 $($rest)*) };
    (F64x2RelaxedMax $($rest:tt)*) => { native!(@ max_f64x2 $($rest)*) };
    (F32x4Ceil $($rest:tt)*) => { native!(@ ceil_f32x4 $($rest)*) };
    (F32x4Floor $($rest:tt)*) => { native!(@ floor_f32x4 $($rest)*) };
    (F32x4Trunc $($rest:tt)*) => { native!(@ trunc_f32x4 $($rest)*) };
    (F32x4Nearest $($rest:tt)*) => { native!(@ nearest_f32x4 $($rest)*) };
    (F64x2Ceil $($rest:tt)*) => { native!(@ ceil_f64x2 $($rest)*) };
    (F64x2Floor $($rest:tt)*) => { native!(@ floor_f64x2 $($rest)*) };
    (F64x2Trunc $($rest:tt)*) => { native!(@ trunc_f64x2 $($rest)*) };
    (F64x2Nearest $($rest:tt)*) => { native!(@ nearest_f64x2 $($rest)*) };
    (I32x4TruncSatF32x4S $($rest:tt)*) => { native!(@ trunc_sat_f32x4_s $($rest)*) };
    (I32x4TruncSatF32x4U $($rest:tt)*) => { native!(@ trunc_sat_f32x4_u $($rest)*) };
    (I32x4TruncSatF64x2SZero $($rest:tt)*) => { native!(@ trunc_sat_f64x2_s $($rest)*) };
    (I32x4TruncSatF64x2UZero $($rest:tt)*) => { native!(@ trunc_sat_f64x2_u $($rest)*) };
    (I32x4RelaxedTruncF32x4S $($rest:tt)*) => { native!(@ trunc_sat_f32x4_s $($rest)*) };
    (I32x4RelaxedTruncF32x4U $($rest:tt)*) => { native!(@ trunc_sat_f32x4_u $($rest)*) };
    (I32x4RelaxedTruncF64x2SZero $($rest:tt)*) => { native!(@ trunc_sat_f64x2_s $($rest)*) };
    (I32x4RelaxedTruncF64x2UZero $($rest:tt)*) => { native!(@ trunc_sat_f64x2_u $($rest)*) };
    (@ $f:ident $l:ident ($($a:ident),*) else $portable:expr) => { aarch64::$f($($a),*) };
    ($op:ident $l:ident ($($a:ident),*) else $portable:expr) => { $portable };
}
pub(super) use native;

/// Functions on vectors: the types as the processor sees them, and the code. The code may mention
/// operands and lanes only: its instructions belong to the baseline.
macro_rules! functions { ($(
    $name:ident ($($a:ident: $t:ty),*) -> $r:ty = $code:expr;
)*) => { $(
    #[inline(always)]
    pub(super) fn $name($($a: V128),*) -> V128 {
        // SAFETY: E7, E9.
        unsafe {
            $( let $a = transmute::<V128, $t>($a); )*
            transmute::<$r, V128>($code)
        }
    }
)* } }
functions! {
    // Numbers out of range give 0.
    swizzle(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t = vqtbl1q_u8(a, b);
    narrow_i16x8_s(a: int16x8_t, b: int16x8_t) -> int8x16_t = vqmovn_high_s16(vqmovn_s16(a), b);
    narrow_i16x8_u(a: int16x8_t, b: int16x8_t) -> uint8x16_t = vqmovun_high_s16(vqmovun_s16(a), b);
    narrow_i32x4_s(a: int32x4_t, b: int32x4_t) -> int16x8_t = vqmovn_high_s32(vqmovn_s32(a), b);
    narrow_i32x4_u(a: int32x4_t, b: int32x4_t) -> uint16x8_t = vqmovun_high_s32(vqmovun_s32(a), b);
    q15mulr_sat(a: int16x8_t, b: int16x8_t) -> int16x8_t = vqrdmulhq_s16(a, b);
    // NaNs win, and −0 is below +0, as in the specification.
    min_f32x4(a: float32x4_t, b: float32x4_t) -> float32x4_t = canonical_f32(vminq_f32(a, b));
    max_f32x4(a: float32x4_t, b: float32x4_t) -> float32x4_t = canonical_f32(vmaxq_f32(a, b));
    min_f64x2(a: float64x2_t, b: float64x2_t) -> float64x2_t = canonical_f64(vminq_f64(a, b));
    max_f64x2(a: float64x2_t, b: float64x2_t) -> float64x2_t = canonical_f64(vmaxq_f64(a, b));
    ceil_f32x4(a: float32x4_t) -> float32x4_t = vrndpq_f32(a);
    floor_f32x4(a: float32x4_t) -> float32x4_t = vrndmq_f32(a);
    trunc_f32x4(a: float32x4_t) -> float32x4_t = vrndq_f32(a);
    nearest_f32x4(a: float32x4_t) -> float32x4_t = vrndnq_f32(a);
    ceil_f64x2(a: float64x2_t) -> float64x2_t = vrndpq_f64(a);
    floor_f64x2(a: float64x2_t) -> float64x2_t = vrndmq_f64(a);
    trunc_f64x2(a: float64x2_t) -> float64x2_t = vrndq_f64(a);
    nearest_f64x2(a: float64x2_t) -> float64x2_t = vrndnq_f64(a);
    // Conversions saturate, and make 0 of a NaN.
    trunc_sat_f32x4_s(a: float32x4_t) -> int32x4_t = vcvtq_s32_f32(a);
    trunc_sat_f32x4_u(a: float32x4_t) -> uint32x4_t = vcvtq_u32_f32(a);
    trunc_sat_f64x2_s(a: float64x2_t) -> int32x4_t
        = vcombine_s32(vqmovn_s64(vcvtq_s64_f64(a)), vdup_n_s32(0));
    trunc_sat_f64x2_u(a: float64x2_t) -> uint32x4_t
        = vcombine_u32(vqmovn_u64(vcvtq_u64_f64(a)), vdup_n_u32(0));
}

/// Every NaN the canonical one, as `num::fmin` has it; the processor keeps a payload.
#[inline(always)]
fn canonical_f32(a: float32x4_t) -> float32x4_t {
    // SAFETY: E7.
    unsafe { vbslq_f32(vceqq_f32(a, a), a, vdupq_n_f32(f32::CANONICAL_NAN)) }
}
/// The same of two lanes.
#[inline(always)]
fn canonical_f64(a: float64x2_t) -> float64x2_t {
    // SAFETY: E7.
    unsafe { vbslq_f64(vceqq_f64(a, a), a, vdupq_n_f64(f64::CANONICAL_NAN)) }
}

/// A table of 32 bytes, looked up by number.
#[inline(always)]
pub(super) fn shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    // SAFETY: E7, E9.
    unsafe {
        let table =
            uint8x16x2_t(transmute::<V128, uint8x16_t>(a), transmute::<V128, uint8x16_t>(b));
        let lanes = transmute::<V128, uint8x16_t>(V128::from_le_bytes(lanes));
        transmute::<uint8x16_t, V128>(vqtbl2q_u8(table, lanes))
    }
}

/// Tests, on the processor's view of the vector.
macro_rules! tests { ($( $name:ident ($a:ident: $t:ty) = $code:expr; )*) => { $(
    #[inline(always)]
    pub(super) fn $name(a: V128) -> i32 {
        // SAFETY: E7, E9.
        unsafe {
            let $a = transmute::<V128, $t>(a);
            $code
        }
    }
)* } }
tests! {
    all_true_i8x16(a: uint8x16_t) = (vminvq_u8(a) != 0) as i32;
    all_true_i16x8(a: uint16x8_t) = (vminvq_u16(a) != 0) as i32;
    all_true_i32x4(a: uint32x4_t) = (vminvq_u32(a) != 0) as i32;
    // Every lane keeps the bit of its place if it is negative; the sum is the mask.
    bitmask_i8x16(a: int8x16_t) = {
        let places = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let places = transmute::<[u8; 16], uint8x16_t>(places);
        let bits = vandq_u8(vreinterpretq_u8_s8(vshrq_n_s8::<7>(a)), places);
        let (low, high) = (vaddv_u8(vget_low_u8(bits)), vaddv_u8(vget_high_u8(bits)));
        i32::from(low) | i32::from(high) << 8
    };
    bitmask_i16x8(a: int16x8_t) = {
        let places = transmute::<[u16; 8], uint16x8_t>([1, 2, 4, 8, 16, 32, 64, 128]);
        let bits = vandq_u16(vreinterpretq_u16_s16(vshrq_n_s16::<15>(a)), places);
        i32::from(vaddvq_u16(bits))
    };
    bitmask_i32x4(a: int32x4_t) = {
        let places = transmute::<[u32; 4], uint32x4_t>([1, 2, 4, 8]);
        let bits = vandq_u32(vreinterpretq_u32_s32(vshrq_n_s32::<31>(a)), places);
        vaddvq_u32(bits) as i32
    };
}
