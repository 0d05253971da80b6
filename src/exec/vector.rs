//! stub
use crate::wasm::ops::SimdOp;
pub use crate::wasm::simd::def;
use crate::wasm::simd::{self, V128};
pub trait Level {
    const FAST: bool;
}
pub struct Base;
pub struct Fast;
impl Level for Base {
    const FAST: bool = false;
}
impl Level for Fast {
    const FAST: bool = true;
}
pub fn level_is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}
pub const fn gains(_: SimdOp) -> bool {
    true
}
macro_rules! t { ($($n:ident { $(type $t:ident)? } ($($a:ident: $ty:ty),*) -> $r:ty;)*) => { $(
 pub trait $n { const OP: SimdOp; $(type $t;)? fn eval<L:Level>($($a:$ty),*)->$r; }
 impl<O: simd::$n> $n for O { const OP: SimdOp = <O as simd::$n>::OP; $(type $t = <O as simd::$n>::$t;)?
   #[inline(always)] fn eval<L:Level>($($a:$ty),*)->$r { <O as simd::$n>::eval($($a),*) } }
)* } }
t! { VecUnary {} (a: V128) -> V128; VecBinary {} (a: V128, b: V128) -> V128; VecTernary {} (a: V128, b: V128, c: V128) -> V128;
VecShift {} (a: V128, n: u32) -> V128; VecTest {} (a: V128) -> i32;
VecSplat { type A } (x: Self::A) -> V128; VecExtract { type R } (a: V128, n: u8) -> Self::R; VecReplace { type A } (a: V128, n: u8, x: Self::A) -> V128;
VecShuffle {} (a: V128, b: V128, lanes: [u8;16]) -> V128; }
