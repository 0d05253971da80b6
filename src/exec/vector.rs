//! The vector instructions for handlers: the meaning of `wasm::simd`, at two levels of the target.
//!
//! A handler for vectors exists twice: for the target's baseline, and inside a function compiled
//! for more. Portable code becomes better instructions there by itself; where it does not, the
//! target's `native!` gives them by name of the instruction. Both must give the same bits.
#![allow(unsafe_code)]
#![cfg_attr(not(test), expect(dead_code))] // until there are handlers

use super::machine::F;
use crate::simd_rows;
use crate::wasm::simd::{
    V128, VecBinary, VecExtract, VecLoad, VecLoadLane, VecReplace, VecShift, VecShuffle, VecSplat,
    VecStoreLane, VecTernary, VecTest, VecUnary, def,
};

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use aarch64::native;
#[cfg(target_arch = "x86_64")]
use x86::native;
/// Code for any other target: the portable meaning.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))))]
macro_rules! native {
    ($op:ident $l:ident ($($a:ident),*) else $portable:expr) => {
        $portable
    };
}

#[cfg(test)]
mod tests;

/// A vector from a register.
#[inline(always)]
pub fn from_register(f: F) -> V128 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: E9.
    return unsafe { core::mem::transmute::<F, V128>(f) };
    #[cfg(not(target_arch = "x86_64"))]
    return V128::from_bits(u128::from(f[0]) | u128::from(f[1]) << 64);
}
/// A vector into a register.
#[inline(always)]
pub fn to_register(v: V128) -> F {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: E9.
    return unsafe { core::mem::transmute::<V128, F>(v) };
    #[cfg(not(target_arch = "x86_64"))]
    return [v.to_bits() as u64, (v.to_bits() >> 64) as u64];
}

/// Whether the processor is up to [`Fast`]: on x86-64 it has the features that
/// `#[target_feature(enable = "ssse3,sse4.1,sse4.2,popcnt,avx,avx2,bmi1,bmi2,lzcnt")]` needs.
/// Without the standard library nobody asks it, and what the crate is compiled for counts.
pub fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    macro_rules! all { ($($feature:tt)*) => {{
        #[cfg(feature = "std")]
        { true $( && std::arch::is_x86_feature_detected!($feature) )* }
        #[cfg(not(feature = "std"))]
        { true $( && cfg!(target_feature = $feature) )* }
    }} }
    #[cfg(target_arch = "x86_64")]
    return all!("ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "bmi1" "bmi2" "lzcnt");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// What the processor can do.
pub trait Level: 'static {
    /// Whether it is more than the target's baseline.
    const FAST: bool;
}
/// The target's baseline.
pub struct Base;
impl Level for Base {
    const FAST: bool = false;
}
/// What [`is_fast`] has found.
pub struct Fast;
impl Level for Fast {
    const FAST: bool = true;
}

/// The traits of the shapes.
macro_rules! shapes { ($( $shape:ident: $meaning:ident ($($a:ident: $ty:ty),*) -> $r:ty; )*) => { $(
    #[doc = concat!("[`", stringify!($meaning), "`] at a level.")]
    pub trait $shape: $meaning {
        /// Evaluates it.
        ///
        /// # Safety
        /// The processor has what the level says (E8).
        unsafe fn run<L: Level>($($a: $ty),*) -> $r;
    }
)*
/// The instruction of a row at a level.
macro_rules! implement {
    (Load V128Load) => {};
    (Store V128Store) => {};
    (Const V128Const) => {};
    $( ($shape $op:ident) => {
        impl $shape for def::$op {
            #[inline(always)]
            unsafe fn run<L: Level>($($a: $ty),*) -> $r {
                native!($op L ($($a),*) else <Self as $meaning>::eval($($a),*))
            }
        }
    }; )*
}
} }
shapes! {
    Unary: VecUnary (a: V128) -> V128;
    Binary: VecBinary (a: V128, b: V128) -> V128;
    Ternary: VecTernary (a: V128, b: V128, c: V128) -> V128;
    Shift: VecShift (a: V128, n: u32) -> V128;
    Test: VecTest (a: V128) -> i32;
    Splat: VecSplat (x: Self::A) -> V128;
    Extract: VecExtract (a: V128, n: u8) -> Self::R;
    Replace: VecReplace (a: V128, n: u8, x: Self::A) -> V128;
    Shuffle: VecShuffle (a: V128, b: V128, lanes: [u8; 16]) -> V128;
    Load: VecLoad (raw: u64) -> V128;
    LoadLane: VecLoadLane (raw: u64, a: V128, n: u8) -> V128;
    StoreLane: VecStoreLane (a: V128, n: u8) -> u64;
}

macro_rules! derive {
    ($($code:literal $text:literal $op:ident $shape:ident $(($ty:ident))? $width:literal
       $lanes:literal;)*) => { $( implement!($shape $op); )* };
}
simd_rows!(derive);
