//! The vector instructions for handlers: the meaning of `wasm::simd`, at two levels of the target.
//!
//! A handler for vectors exists twice: for the target's baseline, and inside a function compiled
//! for more. Portable code becomes better instructions there by itself; where it does not, the
//! target's `native!` gives them by name of the instruction. Both must give the same bits.
#![allow(unsafe_code)]

use crate::simd_rows;
use crate::wasm::ops::SimdOp;
pub use crate::wasm::simd::def;
use crate::wasm::simd::{self, V128};
use crate::wasm::types::Value;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod aarch64;
#[cfg(test)]
mod tests;
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
/// What [`level_is_fast`] has found.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub struct Fast;
impl Level for Fast {
    const FAST: bool = true;
}

/// Whether the processor is up to [`Fast`]: on x86-64 it has the features that
/// `#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]` stands for, which are more than
/// those named. Without the standard library nobody asks it, and what the crate is compiled for
/// counts.
pub fn level_is_fast() -> bool {
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

/// Whether the instruction takes fewer machine instructions at [`Fast`] than at [`Base`], moves
/// between registers not counted. The others need no handlers of their own there.
pub const fn gains(op: SimdOp) -> bool {
    #[cfg(target_arch = "x86_64")]
    return x86::gains(op);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = op;
        false
    }
}

/// The traits of the shapes.
macro_rules! shapes { ($(
    $row:ident $shape:ident { $(type $t:ident)? } ($($a:ident: $ty:ty),*) -> $r:ty;
)*) => { $(
    #[doc = concat!("[`simd::", stringify!($shape), "`] at a level.")]
    pub trait $shape: 'static {
        /// The instruction.
        const OP: SimdOp;
        $( /// The number.
        type $t: Value; )?
        /// Evaluates it.
        ///
        /// # Safety
        /// The processor has what the level says (E8).
        unsafe fn eval<L: Level>($($a: $ty),*) -> $r;
    }
)*
/// The instruction of a row at a level.
macro_rules! implement {
    (Load V128Load) => {};
    (Store V128Store) => {};
    (Const V128Const) => {};
    $( ($row $op:ident) => {
        impl $shape for def::$op {
            const OP: SimdOp = SimdOp::$op;
            $( type $t = <Self as simd::$shape>::$t; )?
            #[inline(always)]
            unsafe fn eval<L: Level>($($a: $ty),*) -> $r {
                native!($op L ($($a),*) else <Self as simd::$shape>::eval($($a),*))
            }
        }
    }; )*
}
} }
shapes! {
    Unary VecUnary {} (a: V128) -> V128;
    Binary VecBinary {} (a: V128, b: V128) -> V128;
    Ternary VecTernary {} (a: V128, b: V128, c: V128) -> V128;
    Shift VecShift {} (a: V128, n: u32) -> V128;
    Test VecTest {} (a: V128) -> i32;
    Splat VecSplat { type A } (x: Self::A) -> V128;
    Extract VecExtract { type R } (a: V128, n: u8) -> Self::R;
    Replace VecReplace { type A } (a: V128, n: u8, x: Self::A) -> V128;
    Shuffle VecShuffle {} (a: V128, b: V128, lanes: [u8; 16]) -> V128;
    Load VecLoad {} (raw: u64) -> V128;
    LoadLane VecLoadLane {} (raw: u64, a: V128, n: u8) -> V128;
    StoreLane VecStoreLane {} (a: V128, n: u8) -> u64;
}

macro_rules! derive {
    ($($code:literal $text:literal $op:ident $shape:ident $(($ty:ident))? $width:literal
       $lanes:literal;)*) => { $( implement!($shape $op); )* };
}
simd_rows!(derive);
