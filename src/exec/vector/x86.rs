//! x86-64: where compilers make poor code of the portable meaning, both levels written out.
//!
//! `Base` is SSE2, which every x86-64 has; `Fast` is AVX2 (see [`super::level_is_fast`]). What is
//! not here compiles to one to five instructions by itself, some shifts and products to ten.

use super::Level;
use crate::wasm::ops::SimdOp;
use crate::wasm::simd::{V128, VecBinary, VecUnary, def};
use core::arch::x86_64::*;

/// The instructions that have code here, and those that fall back on the portable one.
macro_rules! native {
    (I8x16Swizzle $($rest:tt)*) => { native!(@fast swizzle $($rest)*) };
    (I8x16RelaxedSwizzle $($rest:tt)*) => { native!(@fast swizzle $($rest)*) };
    (I8x16Shuffle $($rest:tt)*) => { native!(@fast shuffle $($rest)*) };
    (I8x16NarrowI16x8S $($rest:tt)*) => { native!(@ narrow_i16x8_s $($rest)*) };
    (I8x16NarrowI16x8U $($rest:tt)*) => { native!(@ narrow_i16x8_u $($rest)*) };
    (I16x8NarrowI32x4S $($rest:tt)*) => { native!(@ narrow_i32x4_s $($rest)*) };
    (I16x8NarrowI32x4U $($rest:tt)*) => { native!(@ narrow_i32x4_u $($rest)*) };
    (I8x16Bitmask $($rest:tt)*) => { native!(@ bitmask_i8x16 $($rest)*) };
    (I16x8Bitmask $($rest:tt)*) => { native!(@ bitmask_i16x8 $($rest)*) };
    (I32x4Bitmask $($rest:tt)*) => { native!(@ bitmask_i32x4 $($rest)*) };
    (I64x2Bitmask $($rest:tt)*) => { native!(@ bitmask_i64x2 $($rest)*) };
    (V128AnyTrue $($rest:tt)*) => { native!(@ any_true $($rest)*) };
    (I8x16AllTrue $($rest:tt)*) => { native!(@ all_true_i8x16 $($rest)*) };
    (I16x8AllTrue $($rest:tt)*) => { native!(@ all_true_i16x8 $($rest)*) };
    (I32x4AllTrue $($rest:tt)*) => { native!(@ all_true_i32x4 $($rest)*) };
    (I64x2AllTrue $($rest:tt)*) => { native!(@ all_true_i64x2 $($rest)*) };
    (I8x16ShrS $($rest:tt)*) => { native!(@ shr_s_i8x16 $($rest)*) };
    (I16x8Q15mulrSatS $($rest:tt)*) => { native!(@ q15mulr_sat $($rest)*) };
    (I16x8RelaxedQ15mulrS $($rest:tt)*) => { native!(@ q15mulr_sat $($rest)*) };
    (I16x8ExtmulLowI8x16S $($rest:tt)*) => { native!(@ extmul_low_i8x16_s $($rest)*) };
    (I16x8ExtmulHighI8x16S $($rest:tt)*) => { native!(@ extmul_high_i8x16_s $($rest)*) };
    (I16x8ExtmulLowI8x16U $($rest:tt)*) => { native!(@ extmul_low_i8x16_u $($rest)*) };
    (I16x8ExtmulHighI8x16U $($rest:tt)*) => { native!(@ extmul_high_i8x16_u $($rest)*) };
    (I64x2ExtmulLowI32x4S $($rest:tt)*) => { native!(@fast extmul_low_i32x4_s $($rest)*) };
    (I64x2ExtmulHighI32x4S $($rest:tt)*) => { native!(@fast extmul_high_i32x4_s $($rest)*) };
    (I64x2ExtmulLowI32x4U $($rest:tt)*) => { native!(@ extmul_low_i32x4_u $($rest)*) };
    (I64x2ExtmulHighI32x4U $($rest:tt)*) => { native!(@ extmul_high_i32x4_u $($rest)*) };
    (I16x8ExtaddPairwiseI8x16S $($rest:tt)*) => { native!(@ extadd_i8x16_s $($rest)*) };
    (I16x8ExtaddPairwiseI8x16U $($rest:tt)*) => { native!(@ extadd_i8x16_u $($rest)*) };
    (I32x4ExtaddPairwiseI16x8S $($rest:tt)*) => { native!(@ extadd_i16x8_s $($rest)*) };
    (I32x4RelaxedDotI8x16I7x16AddS $($rest:tt)*) => { native!(@ relaxed_dot_add $($rest)*) };
    (V128Load8x8S $($rest:tt)*) => { native!(@ load8x8_s $($rest)*) };
    (V128Load8x8U $($rest:tt)*) => { native!(@ load8x8_u $($rest)*) };
    (V128Load16x4S $($rest:tt)*) => { native!(@ load16x4_s $($rest)*) };
    (V128Load16x4U $($rest:tt)*) => { native!(@ load16x4_u $($rest)*) };
    (V128Load32x2S $($rest:tt)*) => { native!(@ load32x2_s $($rest)*) };
    (V128Load32x2U $($rest:tt)*) => { native!(@ load32x2_u $($rest)*) };
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
    (I8x16ReplaceLane $($rest:tt)*) => { native!(@ replace_i8x16 $($rest)*) };
    (I16x8ReplaceLane $($rest:tt)*) => { native!(@ replace_i16x8 $($rest)*) };
    (I32x4ReplaceLane $($rest:tt)*) => { native!(@ replace_i32x4 $($rest)*) };
    (I64x2ReplaceLane $($rest:tt)*) => { native!(@ replace_i64x2 $($rest)*) };
    (F32x4ReplaceLane $($rest:tt)*) => { native!(@ replace_f32x4 $($rest)*) };
    (F64x2ReplaceLane $($rest:tt)*) => { native!(@ replace_f64x2 $($rest)*) };
    (I8x16Splat $($rest:tt)*) => { native!(@ splat_i8x16 $($rest)*) };
    (V128Load8Splat $($rest:tt)*) => { native!(@ load8_splat $($rest)*) };
    (V128Load8Lane $($rest:tt)*) => { native!(@ load8_lane $($rest)*) };
    (V128Load16Lane $($rest:tt)*) => { native!(@ load16_lane $($rest)*) };
    (V128Load32Lane $($rest:tt)*) => { native!(@ load32_lane $($rest)*) };
    (V128Load64Lane $($rest:tt)*) => { native!(@ load64_lane $($rest)*) };
    // At both levels; `E8` is the caller's.
    (@ $f:ident $l:ident ($($a:ident),*) else $portable:expr) => {
        // SAFETY: E8.
        unsafe { x86::$f::<$l>($($a),*) }
    };
    // At the fast level only.
    (@fast $f:ident $l:ident ($($a:ident),*) else $portable:expr) => {
        // SAFETY: E8.
        if $l::FAST { unsafe { x86::$f($($a),*) } } else { $portable }
    };
    ($op:ident $l:ident ($($a:ident),*) else $portable:expr) => { $portable };
}
pub(super) use native;

/// See [`super::gains`]: those that save two instructions or more.
pub(super) const fn gains(op: SimdOp) -> bool {
    use SimdOp::*;
    matches!(
        op,
        I8x16Shuffle
            | I8x16Swizzle
            | I8x16Splat
            | I8x16ReplaceLane
            | I16x8ReplaceLane
            | I32x4ReplaceLane
            | I64x2ReplaceLane
            | F32x4ReplaceLane
            | F64x2ReplaceLane
            | I32x4LeU
            | I32x4GeU
            | V128AnyTrue
            | I8x16Abs
            | I8x16Popcnt
            | F32x4Ceil
            | F32x4Floor
            | F32x4Trunc
            | F32x4Nearest
            | I8x16Shl
            | I8x16ShrU
            | F64x2Ceil
            | F64x2Floor
            | I8x16MinS
            | I8x16MaxS
            | F64x2Trunc
            | I16x8Abs
            | I16x8Q15mulrSatS
            | I16x8NarrowI32x4U
            | F64x2Nearest
            | I16x8ExtmulLowI8x16S
            | I32x4Abs
            | I32x4Mul
            | I32x4MinS
            | I32x4MinU
            | I32x4MaxS
            | I32x4MaxU
            | I64x2AllTrue
            | I64x2ExtendLowI32x4S
            | I64x2ExtendHighI32x4S
            | I64x2Eq
            | I64x2Ne
            | I64x2LtS
            | I64x2GtS
            | I64x2LeS
            | I64x2GeS
            | I64x2ExtmulLowI32x4S
            | I64x2ExtmulHighI32x4S
            | I8x16RelaxedSwizzle
            | I16x8RelaxedQ15mulrS
            | I16x8ExtaddPairwiseI8x16S
            | I16x8ExtaddPairwiseI8x16U
    )
}

/// A vector as the processor's integers, and as its floats.
macro_rules! views { ($($to:ident $from:ident $t:ty;)*) => { $(
    #[inline(always)]
    fn $to(v: V128) -> $t {
        // SAFETY: E9.
        unsafe { core::mem::transmute(v) }
    }
    #[inline(always)]
    fn $from(v: $t) -> V128 {
        // SAFETY: E9.
        unsafe { core::mem::transmute(v) }
    }
)* } }
views! { int of_int __m128i; ps of_ps __m128; pd of_pd __m128d; }

/// Functions of both levels: `view: name(operands) = fast, base;`, the operands seen and the result
/// made as the line says.
macro_rules! both { ($( $(#[$doc:meta])* $name:ident ($($a:ident: $view:ident),*) -> $of:ident
    = $fast:expr, $base:expr; )*) => { $(
    $(#[$doc])*
    #[inline(always)]
    pub(super) unsafe fn $name<L: Level>($($a: V128),*) -> V128 {
        $( let $a = $view($a); )*
        // SAFETY: E8.
        $of(unsafe { if L::FAST { $fast } else { $base } })
    }
)* } }
/// Functions whose code is the same at both levels.
macro_rules! same { ($( $(#[$doc:meta])* $name:ident ($($a:ident: $view:ident),*) -> $of:ident
    = $code:expr; )*) => { $(
    $(#[$doc])*
    #[inline(always)]
    pub(super) unsafe fn $name<L: Level>($($a: V128),*) -> V128 {
        $( let $a = $view($a); )*
        // SAFETY: E7 (SSE2).
        $of(unsafe { $code })
    }
)* } }

// ---- selection ---------------------------------------------------------------------------------

/// PSHUFB gives 0 for numbers with the highest bit: all from 16 on get it.
#[inline(always)]
pub(super) unsafe fn swizzle(a: V128, b: V128) -> V128 {
    // SAFETY: E8.
    unsafe { of_int(_mm_shuffle_epi8(int(a), _mm_adds_epu8(int(b), _mm_set1_epi8(0x70)))) }
}

/// A swizzle of each operand; numbers below 16 get the highest bit for the second one.
#[inline(always)]
pub(super) unsafe fn shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    let n = int(V128::from_le_bytes(lanes));
    // SAFETY: E8.
    unsafe {
        let first = _mm_shuffle_epi8(int(a), _mm_adds_epu8(n, _mm_set1_epi8(0x70)));
        let second = _mm_shuffle_epi8(int(b), _mm_sub_epi8(n, _mm_set1_epi8(16)));
        of_int(_mm_or_si128(first, second))
    }
}

/// Lanes of `x` where the mask is set, else of `a`.
#[inline(always)]
fn select(mask: __m128i, x: __m128i, a: __m128i) -> __m128i {
    // SAFETY: E7 (SSE2).
    unsafe { _mm_or_si128(_mm_and_si128(mask, x), _mm_andnot_si128(mask, a)) }
}

/// Lanes by number, replaced without a way through memory, where a narrow store would delay the
/// wide load behind it.
macro_rules! replace { ($(
    $name:ident $t:ty, $cmp:ident, $n:expr, $lanes:expr, $x:ident => $every:expr;
)*) => { $(
    #[inline(always)]
    pub(super) unsafe fn $name<L: Level>(a: V128, n: u8, $x: $t) -> V128 {
        // SAFETY: E8.
        of_int(unsafe {
            let mask = $cmp($n(n), $lanes);
            let (a, x) = (int(a), $every);
            if L::FAST { _mm_blendv_epi8(a, x, mask) } else { select(mask, x, a) }
        })
    }
)* } }
replace! {
    replace_i8x16 i32, _mm_cmpeq_epi8, |n| _mm_set1_epi8(n as i8),
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        x => _mm_set1_epi8(x as i8);
    replace_i16x8 i32, _mm_cmpeq_epi16, |n| _mm_set1_epi16(i16::from(n)),
        _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7), x => _mm_set1_epi16(x as i16);
    replace_i32x4 i32, _mm_cmpeq_epi32, |n| _mm_set1_epi32(i32::from(n)),
        _mm_setr_epi32(0, 1, 2, 3), x => _mm_set1_epi32(x);
    replace_i64x2 i64, _mm_cmpeq_epi32, |n| _mm_set1_epi32(i32::from(n)),
        _mm_setr_epi32(0, 0, 1, 1), x => _mm_set1_epi64x(x);
    replace_f32x4 f32, _mm_cmpeq_epi32, |n| _mm_set1_epi32(i32::from(n)),
        _mm_setr_epi32(0, 1, 2, 3), x => _mm_castps_si128(_mm_set1_ps(x));
    replace_f64x2 f64, _mm_cmpeq_epi32, |n| _mm_set1_epi32(i32::from(n)),
        _mm_setr_epi32(0, 0, 1, 1), x => _mm_castpd_si128(_mm_set1_pd(x));
}
/// A byte for every lane.
#[inline(always)]
pub(super) unsafe fn splat_i8x16<L: Level>(x: i32) -> V128 {
    // SAFETY: E7 (SSE2).
    of_int(unsafe { _mm_set1_epi8(x as i8) })
}
/// A byte that was read, for every lane.
#[inline(always)]
pub(super) unsafe fn load8_splat<L: Level>(raw: u64) -> V128 {
    // SAFETY: E8.
    unsafe { splat_i8x16::<L>(raw as i32) }
}

/// Loads of a lane: a replacement by what was read.
macro_rules! load_lanes { ($($name:ident $t:ty, $replace:ident;)*) => { $(
    #[inline(always)]
    pub(super) unsafe fn $name<L: Level>(raw: u64, a: V128, n: u8) -> V128 {
        // SAFETY: E8.
        unsafe { $replace::<L>(a, n, raw as $t) }
    }
)* } }
load_lanes! {
    load8_lane i32, replace_i8x16;
    load16_lane i32, replace_i16x8;
    load32_lane i32, replace_i32x4;
    load64_lane i64, replace_i64x2;
}

// ---- tests -------------------------------------------------------------------------------------

/// Tests whose code is the same at both levels.
macro_rules! tests { ($( $name:ident ($a:ident: $view:ident) = $code:expr; )*) => { $(
    #[inline(always)]
    pub(super) unsafe fn $name<L: Level>(a: V128) -> i32 {
        let $a = $view(a);
        // SAFETY: E7 (SSE2).
        unsafe { $code }
    }
)* } }
tests! {
    bitmask_i8x16(a: int) = _mm_movemask_epi8(a);
    bitmask_i16x8(a: int) = _mm_movemask_epi8(_mm_packs_epi16(a, _mm_setzero_si128()));
    bitmask_i32x4(a: ps) = _mm_movemask_ps(a);
    bitmask_i64x2(a: pd) = _mm_movemask_pd(a);
    all_true_i8x16(a: int) = none_set(_mm_cmpeq_epi8(a, _mm_setzero_si128()));
    all_true_i16x8(a: int) = none_set(_mm_cmpeq_epi16(a, _mm_setzero_si128()));
    all_true_i32x4(a: int) = none_set(_mm_cmpeq_epi32(a, _mm_setzero_si128()));
    all_true_i64x2(a: int) = {
        let zero = _mm_cmpeq_epi32(a, _mm_setzero_si128());
        none_set(_mm_and_si128(zero, _mm_shuffle_epi32::<0b10_11_00_01>(zero)))
    };
    any_true(a: int) =
        (_mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) != 0xFFFF) as i32;
}

/// Whether a mask is empty.
#[inline(always)]
fn none_set(mask: __m128i) -> i32 {
    // SAFETY: E7 (SSE2).
    unsafe { (_mm_movemask_epi8(mask) == 0) as i32 }
}

// ---- integers ----------------------------------------------------------------------------------

same! {
    narrow_i16x8_s(a: int, b: int) -> of_int = _mm_packs_epi16(a, b);
    narrow_i16x8_u(a: int, b: int) -> of_int = _mm_packus_epi16(a, b);
    narrow_i32x4_s(a: int, b: int) -> of_int = _mm_packs_epi32(a, b);
    extmul_low_i32x4_u(a: int, b: int) -> of_int = _mm_mul_epu32(low32(a), low32(b));
    extmul_high_i32x4_u(a: int, b: int) -> of_int = _mm_mul_epu32(high32(a), high32(b));
    /// The sums of neighbours are those of their products with 1.
    extadd_i16x8_s(a: int) -> of_int = _mm_madd_epi16(a, _mm_set1_epi16(1));
    relaxed_dot_add(a: int, b: int, c: int) -> of_int = {
        let dot = int(def::I16x8RelaxedDotI8x16I7x16S::eval(of_int(a), of_int(b)));
        _mm_add_epi32(_mm_madd_epi16(dot, _mm_set1_epi16(1)), c)
    };
}
both! {
    /// Unsigned numbers without their highest bit are saturated as signed ones.
    narrow_i32x4_u(a: int, b: int) -> of_int = _mm_packus_epi32(a, b), {
        let centred = |x| {
            let positive = _mm_andnot_si128(_mm_srai_epi32::<31>(x), x);
            _mm_sub_epi32(positive, _mm_set1_epi32(0x8000))
        };
        let packed = _mm_packs_epi32(centred(a), centred(b));
        _mm_xor_si128(packed, _mm_set1_epi16(i16::MIN))
    };
    /// −1 · −1 is the only product out of range: it wraps to −1, which is complemented.
    q15mulr_sat(a: int, b: int) -> of_int = saturated(_mm_mulhrs_epi16(a, b)), {
        let (high, low) = (_mm_mulhi_epi16(a, b), _mm_mullo_epi16(a, b));
        let rounded = _mm_avg_epu16(_mm_srli_epi16::<14>(low), _mm_setzero_si128());
        saturated(_mm_add_epi16(_mm_add_epi16(high, high), rounded))
    };
    extadd_i8x16_s(a: int) -> of_int = _mm_maddubs_epi16(_mm_set1_epi8(1), a),
        int(def::I16x8ExtaddPairwiseI8x16S::eval(of_int(a)));
    extadd_i8x16_u(a: int) -> of_int = _mm_maddubs_epi16(a, _mm_set1_epi8(1)),
        int(def::I16x8ExtaddPairwiseI8x16U::eval(of_int(a)));
    extmul_low_i8x16_s(a: int, b: int) -> of_int
        = _mm_mullo_epi16(_mm_cvtepi8_epi16(a), _mm_cvtepi8_epi16(b)),
        _mm_mullo_epi16(low8_s(a), low8_s(b));
    extmul_high_i8x16_s(a: int, b: int) -> of_int
        = _mm_mullo_epi16(high8_s(a), high8_s(b)), _mm_mullo_epi16(high8_s(a), high8_s(b));
    extmul_low_i8x16_u(a: int, b: int) -> of_int
        = _mm_mullo_epi16(_mm_cvtepu8_epi16(a), _mm_cvtepu8_epi16(b)),
        _mm_mullo_epi16(low8_u(a), low8_u(b));
    extmul_high_i8x16_u(a: int, b: int) -> of_int
        = _mm_mullo_epi16(high8_u(a), high8_u(b)), _mm_mullo_epi16(high8_u(a), high8_u(b));
}

/// As `same!`, for the first level only.
macro_rules! fast { ($(
    $name:ident ($($a:ident: $view:ident),*) -> $of:ident = $code:expr;
)*) => { $(
    #[inline(always)]
    pub(super) unsafe fn $name($($a: V128),*) -> V128 {
        $( let $a = $view($a); )*
        // SAFETY: E8.
        $of(unsafe { $code })
    }
)* } }
fast! {
    extmul_low_i32x4_s(a: int, b: int) -> of_int = _mm_mul_epi32(low32(a), low32(b));
    extmul_high_i32x4_s(a: int, b: int) -> of_int = _mm_mul_epi32(high32(a), high32(b));
}

#[inline(always)]
fn saturated(product: __m128i) -> __m128i {
    // SAFETY: E7 (SSE2).
    unsafe { _mm_xor_si128(product, _mm_cmpeq_epi16(product, _mm_set1_epi16(i16::MIN))) }
}

/// Bytes widened, in the lower or the upper half, and numbers of 32 bits set apart.
macro_rules! widened { ($($name:ident = $a:ident => $code:expr;)*) => { $(
    #[inline(always)]
    fn $name($a: __m128i) -> __m128i {
        // SAFETY: E7 (SSE2).
        unsafe { $code }
    }
)* } }
widened! {
    low8_s = a => _mm_srai_epi16::<8>(_mm_unpacklo_epi8(a, a));
    high8_s = a => _mm_srai_epi16::<8>(_mm_unpackhi_epi8(a, a));
    low8_u = a => _mm_unpacklo_epi8(a, _mm_setzero_si128());
    high8_u = a => _mm_unpackhi_epi8(a, _mm_setzero_si128());
    low16_s = a => _mm_srai_epi32::<16>(_mm_unpacklo_epi16(a, a));
    low16_u = a => _mm_unpacklo_epi16(a, _mm_setzero_si128());
    low32_s = a => _mm_unpacklo_epi32(a, _mm_srai_epi32::<31>(a));
    low32_u = a => _mm_unpacklo_epi32(a, _mm_setzero_si128());
    low32 = a => _mm_shuffle_epi32::<0b01_01_00_00>(a);
    high32 = a => _mm_shuffle_epi32::<0b11_11_10_10>(a);
}

/// Bytes in the upper halves of 16 bits are shifted by 8 more, which makes them narrow again.
#[inline(always)]
pub(super) unsafe fn shr_s_i8x16<L: Level>(a: V128, n: u32) -> V128 {
    let a = int(a);
    // SAFETY: E7 (SSE2).
    of_int(unsafe {
        let n = _mm_cvtsi32_si128((n % 8 + 8) as i32);
        let low = _mm_sra_epi16(_mm_unpacklo_epi8(a, a), n);
        let high = _mm_sra_epi16(_mm_unpackhi_epi8(a, a), n);
        _mm_packs_epi16(low, high)
    })
}

/// Widening loads.
macro_rules! loads { ($($name:ident $fast:ident $base:ident;)*) => { $(
    #[inline(always)]
    pub(super) unsafe fn $name<L: Level>(raw: u64) -> V128 {
        // SAFETY: E8.
        of_int(unsafe {
            let a = _mm_cvtsi64_si128(raw as i64);
            if L::FAST { $fast(a) } else { $base(a) }
        })
    }
)* } }
loads! {
    load8x8_s _mm_cvtepi8_epi16 low8_s;
    load8x8_u _mm_cvtepu8_epi16 low8_u;
    load16x4_s _mm_cvtepi16_epi32 low16_s;
    load16x4_u _mm_cvtepu16_epi32 low16_u;
    load32x2_s _mm_cvtepi32_epi64 low32_s;
    load32x2_u _mm_cvtepu32_epi64 low32_u;
}

// ---- floats ------------------------------------------------------------------------------------

/// The processor's minimum and maximum give their second operand if the first is a NaN, or if both
/// are zeros. Both orders together see everything; NaNs then become canonical, as `num::fmin` has it.
macro_rules! extremes { ($($min:ident $max:ident $view:ident $of:ident: $min2:ident $max2:ident
    $or:ident $xor:ident $sub:ident $andnot:ident $nan:ident $canonical:expr;)*) => { $(
    #[inline(always)]
    pub(super) unsafe fn $min<L: Level>(a: V128, b: V128) -> V128 {
        let (a, b) = ($view(a), $view(b));
        // SAFETY: E7 (SSE2).
        $of(unsafe {
            let least = $or($min2(a, b), $min2(b, a));
            let nan = $nan(a, b);
            $or($andnot(nan, least), $canonical(nan))
        })
    }
    #[inline(always)]
    pub(super) unsafe fn $max<L: Level>(a: V128, b: V128) -> V128 {
        let (a, b) = ($view(a), $view(b));
        // SAFETY: E7 (SSE2).
        $of(unsafe {
            let one = $max2(a, b);
            let differ = $xor(one, $max2(b, a));
            // Zeros of two signs: −0 − (−0) is +0.
            let most = $sub($or(one, differ), differ);
            let nan = $nan(a, b);
            $or($andnot(nan, most), $canonical(nan))
        })
    }
)* } }
extremes! {
    min_f32x4 max_f32x4 ps of_ps: _mm_min_ps _mm_max_ps _mm_or_ps _mm_xor_ps _mm_sub_ps
        _mm_andnot_ps _mm_cmpunord_ps
        |nan| _mm_castsi128_ps(_mm_srli_epi32::<1>(_mm_slli_epi32::<23>(_mm_castps_si128(nan))));
    min_f64x2 max_f64x2 pd of_pd: _mm_min_pd _mm_max_pd _mm_or_pd _mm_xor_pd _mm_sub_pd
        _mm_andnot_pd _mm_cmpunord_pd
        |nan| _mm_castsi128_pd(_mm_srli_epi64::<1>(_mm_slli_epi64::<52>(_mm_castpd_si128(nan))));
}

/// Roundings. At the baseline: adding 2^(bits of the significand) rounds to the nearest integer,
/// and comparing with the operand tells whether it was in the wrong direction. Greater numbers are
/// integers already; + 0 quiets NaNs among them.
macro_rules! roundings { ($($view:ident $of:ident, $round:ident $set:ident $magic:expr,
    $or:ident $and:ident $andnot:ident $add:ident $sub:ident $gt:ident $lt:ident:
    $nearest:ident $trunc:ident $floor:ident $ceil:ident;)*) => { $(
    both! {
        $nearest(a: $view) -> $of
            = $round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a), {
            let round = |x| $sub($add(x, $set($magic)), $set($magic));
            rounded!(a, round, $set $magic, $or $and $andnot $add $lt)
        };
        $trunc(a: $view) -> $of = $round::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a), {
            let round = |x| {
                let near = $sub($add(x, $set($magic)), $set($magic));
                $sub(near, $and($gt(near, x), $set(1.0)))
            };
            rounded!(a, round, $set $magic, $or $and $andnot $add $lt)
        };
        $floor(a: $view) -> $of = $round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a), {
            let sign = $and(a, $set(-0.0));
            let round = |x| {
                let near = $or($sub($add(x, $set($magic)), $set($magic)), sign);
                $sub(near, $and($gt(near, a), $set(1.0)))
            };
            rounded!(a, round, $set $magic, $or $and $andnot $add $lt)
        };
        $ceil(a: $view) -> $of = $round::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a), {
            let sign = $and(a, $set(-0.0));
            let round = |x| {
                let near = $or($sub($add(x, $set($magic)), $set($magic)), sign);
                $add(near, $and($lt(near, a), $set(1.0)))
            };
            rounded!(a, round, $set $magic, $or $and $andnot $add $lt)
        };
    }
)* } }
/// A rounding of the absolute value, with the operand's sign; great numbers stay.
macro_rules! rounded {
    ($a:ident, $round:ident, $set:ident $magic:expr,
    $or:ident $and:ident $andnot:ident $add:ident $lt:ident) => {{
        let absolute = $andnot($set(-0.0), $a);
        let small = $lt(absolute, $set($magic));
        let result = $or($round(absolute), $and($a, $set(-0.0)));
        $or($and(small, result), $andnot(small, $add($a, $set(0.0))))
    }};
}
roundings! {
    ps of_ps, _mm_round_ps _mm_set1_ps 8388608.0, _mm_or_ps _mm_and_ps _mm_andnot_ps _mm_add_ps
        _mm_sub_ps _mm_cmpgt_ps _mm_cmplt_ps: nearest_f32x4 trunc_f32x4 floor_f32x4 ceil_f32x4;
    pd of_pd, _mm_round_pd _mm_set1_pd 4503599627370496.0, _mm_or_pd _mm_and_pd _mm_andnot_pd
        _mm_add_pd _mm_sub_pd _mm_cmpgt_pd _mm_cmplt_pd:
        nearest_f64x2 trunc_f64x2 floor_f64x2 ceil_f64x2;
}

same! {
    /// What is too great is converted to `i32::MIN`, and complemented.
    trunc_sat_f32x4_s(a: ps) -> of_int = {
        let number = _mm_and_ps(a, _mm_cmpord_ps(a, a));
        let great = _mm_cmpge_ps(a, _mm_set1_ps(2147483648.0));
        _mm_xor_si128(_mm_cvttps_epi32(number), _mm_castps_si128(great))
    };
    /// The sum of two conversions: up to 2^31, and what is above. A maximum with 0 as its second
    /// operand makes 0 of a NaN.
    trunc_sat_f32x4_u(a: ps) -> of_int = {
        let zero = _mm_setzero_ps();
        let positive = _mm_max_ps(a, zero);
        let above = _mm_sub_ps(positive, _mm_set1_ps(2147483648.0));
        let great = _mm_castps_si128(_mm_cmpge_ps(above, _mm_set1_ps(2147483648.0)));
        let above = _mm_xor_si128(_mm_cvttps_epi32(_mm_max_ps(above, zero)), great);
        _mm_add_epi32(_mm_cvttps_epi32(positive), above)
    };
    /// The bound is 0 for a NaN, and a minimum gives its second operand then.
    trunc_sat_f64x2_s(a: pd) -> of_int = {
        let bound = _mm_and_pd(_mm_cmpord_pd(a, a), _mm_set1_pd(2147483647.0));
        _mm_cvttpd_epi32(_mm_min_pd(a, bound))
    };
    trunc_sat_f64x2_u(a: pd) -> of_int = {
        let zero = _mm_setzero_pd();
        let number = _mm_min_pd(_mm_max_pd(a, zero), _mm_set1_pd(4294967295.0));
        let above = _mm_max_pd(_mm_sub_pd(number, _mm_set1_pd(2147483648.0)), zero);
        _mm_add_epi32(_mm_cvttpd_epi32(number), _mm_cvttpd_epi32(above))
    };
}
