//! The helpers of the numeric rows that can trap or need care (spec §4.3), named as in the
//! specification. Everything else is written out in the row itself.

use super::trap::Trap;

/// An integer of a numeric row.
pub trait Int: Copy + PartialEq {
    /// 0.
    const ZERO: Self;
    /// Division; `None` if it is undefined (by zero, or overflow).
    fn checked_quotient(self, other: Self) -> Option<Self>;
    /// The remainder; `MIN rem −1` is 0. `other` is not zero.
    fn wrapping_remainder(self, other: Self) -> Self;
}
macro_rules! int { ($($t:ty),*) => { $( impl Int for $t {
    const ZERO: Self = 0;
    #[inline(always)]
    fn checked_quotient(self, other: Self) -> Option<Self> { self.checked_div(other) }
    #[inline(always)]
    fn wrapping_remainder(self, other: Self) -> Self { self.wrapping_rem(other) }
} )* } }
int!(i32, i64, u32, u64);

/// `idiv_s` and `idiv_u`: §4.3.2.
#[inline(always)]
pub fn div<T: Int>(a: T, b: T) -> Result<T, Trap> {
    if b == T::ZERO {
        return Err(Trap::IntegerDivideByZero);
    }
    a.checked_quotient(b).ok_or(Trap::IntegerOverflow)
}

/// `irem_s` and `irem_u`: §4.3.2.
#[inline(always)]
pub fn rem<T: Int>(a: T, b: T) -> Result<T, Trap> {
    if b == T::ZERO {
        return Err(Trap::IntegerDivideByZero);
    }
    Ok(a.wrapping_remainder(b))
}

/// A floating-point number of a numeric row.
pub trait Float: Copy + PartialOrd {
    /// The positive canonical NaN.
    const CANONICAL_NAN: Self;
    /// Whether the sign bit is set.
    fn is_negative(self) -> bool;
}
impl Float for f32 {
    const CANONICAL_NAN: f32 = f32::from_bits(0x7FC0_0000);
    #[inline(always)]
    fn is_negative(self) -> bool {
        self.is_sign_negative()
    }
}
impl Float for f64 {
    const CANONICAL_NAN: f64 = f64::from_bits(0x7FF8_0000_0000_0000);
    #[inline(always)]
    fn is_negative(self) -> bool {
        self.is_sign_negative()
    }
}

/// `fmin`: §4.3.3. With a NaN the canonical one, whatever was given; −0 is below +0.
#[inline(always)]
pub fn fmin<T: Float>(a: T, b: T) -> T {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        if a.is_negative() { a } else { b }
    } else {
        T::CANONICAL_NAN
    }
}

/// `fmax`: §4.3.3. With a NaN the canonical one, whatever was given; +0 is above −0.
#[inline(always)]
pub fn fmax<T: Float>(a: T, b: T) -> T {
    if a > b {
        a
    } else if b > a {
        b
    } else if a == b {
        if a.is_negative() { b } else { a }
    } else {
        T::CANONICAL_NAN
    }
}

/// `trunc`: §4.3.4, for the open interval `lo < a < hi` of values that fit.
#[inline(always)]
pub fn trunc(a: f64, lo: f64, hi: f64) -> Result<f64, Trap> {
    if a > lo && a < hi {
        Ok(a)
    } else if a.is_nan() {
        Err(Trap::InvalidConversionToInteger)
    } else {
        Err(Trap::IntegerOverflow)
    }
}

/// Roundings and roots: from the standard library where there is one, else from `libm`. Functions
/// of the platform may keep a signalling NaN, instructions do not: `quiet` ones are made so.
macro_rules! functions {
    ($($name:ident $f32:ident $f64:ident $lib32:ident $lib64:ident $quiet:literal;)*) => { $(
        #[doc = concat!("`f", stringify!($name), "` of an f32: §4.3.3.")]
        #[inline(always)]
        pub fn $f32(a: f32) -> f32 {
            if $quiet && a.is_nan() {
                return a + a;
            }
            #[cfg(feature = "std")]
            return a.$name();
            #[cfg(not(feature = "std"))]
            return libm::$lib32(a);
        }
        #[doc = concat!("`f", stringify!($name), "` of an f64: §4.3.3.")]
        #[inline(always)]
        pub fn $f64(a: f64) -> f64 {
            if $quiet && a.is_nan() {
                return a + a;
            }
            #[cfg(feature = "std")]
            return a.$name();
            #[cfg(not(feature = "std"))]
            return libm::$lib64(a);
        }
    )* };
}
functions! {
    ceil ceil_f32 ceil_f64 ceilf ceil true;
    floor floor_f32 floor_f64 floorf floor true;
    trunc trunc_f32 trunc_f64 truncf trunc true;
    round_ties_even nearest_f32 nearest_f64 rintf rint true;
    sqrt sqrt_f32 sqrt_f64 sqrtf sqrt false;
}
