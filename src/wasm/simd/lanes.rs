//! Vectors as arrays of lanes, and the helpers of the rows in [`super::rows`] (spec §4.3.4).
//!
//! All loops have constant bounds and no branches: compilers make vector code of them, if there
//! are no iterators in the way. In a small build they stay loops, and some of them functions.

use super::V128;
use crate::wasm::instr::{Binary, Unary};

/// Does it for every number below `n`.
macro_rules! each {
    ($n:expr, |$i:ident| $do:expr) => {{
        let mut $i = 0;
        while $i < $n {
            $do;
            $i += 1;
        }
    }};
}

/// Arrays of lanes: conversions from and to vectors.
macro_rules! lanes { ($($signed:ident $unsigned:ident $t:ty, $u:ty, $n:literal;)*) => { $(
    pub(super) type $signed = [$t; $n];
    lanes!(@ $t, $n);
    lanes!(@unsigned $unsigned, $t, $u, $n);
)* };
(@unsigned F32, $t:ty, $u:ty, $n:literal) => {};
(@unsigned F64, $t:ty, $u:ty, $n:literal) => {};
(@unsigned $unsigned:ident, $t:ty, $u:ty, $n:literal) => {
    pub(super) type $unsigned = [$u; $n];
    lanes!(@ $u, $n);
};
(@ $t:ty, $n:literal) => {
    impl From<V128> for [$t; $n] {
        #[inline(always)]
        fn from(v: V128) -> Self {
            let bytes = v.to_le_bytes();
            let (lanes, _) = bytes.as_chunks();
            let mut r = [<$t>::default(); $n];
            each!($n, |i| r[i] = <$t>::from_le_bytes(lanes[i]));
            r
        }
    }
    impl From<[$t; $n]> for V128 {
        #[inline(always)]
        fn from(lanes: [$t; $n]) -> Self {
            let mut bytes = [0; 16];
            let (chunks, _) = bytes.as_chunks_mut();
            each!($n, |i| chunks[i] = lanes[i].to_le_bytes());
            V128::from_le_bytes(bytes)
        }
    }
} }
lanes! {
    I8x16 U8x16 i8, u8, 16;
    I16x8 U16x8 i16, u16, 8;
    I32x4 U32x4 i32, u32, 4;
    I64x2 U64x2 i64, u64, 2;
    F32x4 F32 f32, f32, 4;
    F64x2 F64 f64, f64, 2;
}

/// A lane that comparisons answer with a mask.
pub(super) trait Lane: Copy {
    /// The integer of the same width.
    type Mask: Copy + Default;
    /// All bits set, or none.
    fn mask(holds: bool) -> Self::Mask;
}
/// A saturating conversion to a lane of half the width.
pub(super) trait Narrow<R>: Copy {
    fn narrow(self) -> R;
}
macro_rules! lane { ($($t:ty, $mask:ty;)*) => { $(
    impl Lane for $t {
        type Mask = $mask;
        #[inline(always)]
        fn mask(holds: bool) -> $mask { -(holds as $mask) }
    }
)* } }
lane! { i8, i8; u8, i8; i16, i16; u16, i16; i32, i32; u32, i32; i64, i64; f32, i32; f64, i64; }
macro_rules! narrow { ($($t:ty, $r:ty;)*) => { $(
    impl Narrow<$r> for $t {
        #[inline(always)]
        fn narrow(self) -> $r { self.clamp(<$r>::MIN.into(), <$r>::MAX.into()) as $r }
    }
)* } }
narrow! { i16, i8; i16, u8; i32, i16; i32, u16; }

/// The operation on every lane.
#[inline(always)]
pub(super) fn map<T: Copy, R: Copy + Default, const N: usize>(
    a: [T; N],
    f: impl Fn(T) -> R,
) -> [R; N] {
    let mut r = [R::default(); N];
    each!(N, |i| r[i] = f(a[i]));
    r
}

/// The operation on every two lanes of the same number.
#[inline(always)]
pub(super) fn zip<A: Copy, B: Copy, R: Copy + Default, const N: usize>(
    a: [A; N],
    b: [B; N],
    f: impl Fn(A, B) -> R,
) -> [R; N] {
    let mut r = [R::default(); N];
    each!(N, |i| r[i] = f(a[i], b[i]));
    r
}

/// The operation on every two neighbours.
#[inline(always)]
pub(super) fn pairs<T: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: [T; N],
    f: impl Fn(T, T) -> R,
) -> [R; M] {
    const { assert!(2 * M == N) }
    let mut r = [R::default(); M];
    each!(M, |i| r[i] = f(a[2 * i], a[2 * i + 1]));
    r
}

/// The scalar instruction on every lane.
#[inline(always)]
pub(super) fn unary<O: Unary<A: Default, R: Default>, const N: usize>(a: [O::A; N]) -> [O::R; N] {
    const { assert!(!O::OP.can_trap()) }
    map(a, |x| O::eval(x).unwrap_or_default())
}

/// The scalar instruction on every two lanes.
#[inline(always)]
pub(super) fn binary<O: Binary<A: Default, R: Default>, const N: usize>(
    a: [O::A; N],
    b: [O::A; N],
) -> [O::R; N] {
    const { assert!(!O::OP.can_trap()) }
    zip(a, b, |x, y| O::eval(x, y).unwrap_or_default())
}

/// The relation of every two lanes, as masks.
#[inline(always)]
pub(super) fn compare<T: Lane, const N: usize>(
    a: [T; N],
    b: [T; N],
    holds: impl Fn(T, T) -> bool,
) -> [T::Mask; N] {
    zip(a, b, |x, y| T::mask(holds(x, y)))
}

/// The lanes from `start`: half of them.
#[cfg_attr(not(feature = "small"), inline(always))]
fn half<T: Copy + Default, const N: usize, const M: usize>(a: [T; N], start: usize) -> [T; M] {
    const { assert!(2 * M == N) }
    let mut r = [T::default(); M];
    each!(M, |i| r[i] = a[start + i]);
    r
}

/// The first half of the lanes.
#[inline(always)]
pub(super) fn low<T: Copy + Default, const N: usize, const M: usize>(a: [T; N]) -> [T; M] {
    half(a, 0)
}

/// The second half of the lanes.
#[inline(always)]
pub(super) fn high<T: Copy + Default, const N: usize, const M: usize>(a: [T; N]) -> [T; M] {
    half(a, M)
}

/// One half of the lanes after the other.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn join<T: Copy + Default, const N: usize, const M: usize>(
    a: [T; M],
    b: [T; M],
) -> [T; N] {
    const { assert!(2 * M == N) }
    let mut r = [T::default(); N];
    each!(M, |i| r[i] = a[i]);
    each!(M, |i| r[M + i] = b[i]);
    r
}

/// The lanes, and as many zeros.
#[inline(always)]
pub(super) fn zero_high<T: Copy + Default, const N: usize, const M: usize>(a: [T; M]) -> [T; N] {
    join(a, [T::default(); M])
}

/// Lanes of twice the width.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn widen<T: Copy, R: Copy + Default + From<T>, const N: usize>(a: [T; N]) -> [R; N] {
    map(a, R::from)
}

/// Lanes of half the width, saturated.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn narrow<T: Narrow<R>, R: Copy + Default, const N: usize>(a: [T; N]) -> [R; N] {
    map(a, T::narrow)
}

/// The sign bits, that of the first lane lowest.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn bitmask<T: Copy + Default + PartialOrd, const N: usize>(a: [T; N]) -> i32 {
    let mut mask = 0;
    each!(N, |i| mask |= ((a[i] < T::default()) as i32) << i);
    mask
}

/// The lane with this number, which is in range in valid code.
#[inline(always)]
pub(super) fn lane_of<T: Copy, const N: usize>(a: [T; N], n: u8) -> T {
    a[usize::from(n) % N]
}

/// With another lane in this place, which is in range in valid code.
#[inline(always)]
pub(super) fn with_lane<T, const N: usize>(mut a: [T; N], n: u8, x: T) -> [T; N] {
    a[usize::from(n) % N] = x;
    a
}

/// `i8x16.swizzle`: lanes of `a` by the numbers in `b`; 0 where there is none.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn swizzle(a: U8x16, b: U8x16) -> U8x16 {
    let all: [u8; 32] = zero_high(a);
    map(b, |n| lane_of(all, n.min(16)))
}

/// `i8x16.shuffle`: lanes of `a` and `b`, counted through.
#[inline(always)]
pub(super) fn shuffle(a: U8x16, b: U8x16, lanes: [u8; 16]) -> U8x16 {
    let all: [u8; 32] = join(a, b);
    map(lanes, |n| lane_of(all, n))
}

/// Bits of `a` where those of `c` are set, else bits of `b`.
#[inline(always)]
pub(super) fn bitselect(a: V128, b: V128, c: V128) -> V128 {
    let (a, b, c) = (a.to_bits(), b.to_bits(), c.to_bits());
    V128::from_bits(a & c | b & !c)
}

/// The rounded product of numbers with 15 bits behind the point; it can be too great by one.
#[inline(always)]
pub(super) fn q15mulr_sat(x: i16, y: i16) -> i16 {
    ((i32::from(x) * i32::from(y) + (1 << 14)) >> 15).min(i16::MAX.into()) as i16
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`. The choice is: both operands are signed, sums wrap.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn relaxed_dot(a: I8x16, b: I8x16) -> I16x8 {
    pairs(zip(widen(a), widen(b), i16::wrapping_mul), i16::wrapping_add)
}

/// Whether no lane is 0.
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn all_true<T: Copy + Default + PartialEq, const N: usize>(a: [T; N]) -> i32 {
    let mut all = true;
    each!(N, |i| all &= a[i] != T::default());
    all as i32
}
