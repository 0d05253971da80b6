//! Every instruction at every level that the processor has, against the portable meaning.
#![allow(unused_unsafe)] // a few instructions are moves, which need none

use super::*;
use crate::wasm::simd::tests::{Samples, allowed, reference};

fn number(x: impl Value) -> V128 {
    V128::from_bits(x.to_bits().into())
}

/// The call of an instruction by its shape, with the operands of `simd::eval`.
macro_rules! call {
    (Unary $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecUnary>::eval::<$l>($v[0])
    };
    (Binary $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecBinary>::eval::<$l>($v[0], $v[1])
    };
    (Ternary $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecTernary>::eval::<$l>($v[0], $v[1], $v[2])
    };
    (Shift $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecShift>::eval::<$l>($v[0], $v[1].to_bits() as u32)
    };
    (Test $op:ident $l:ident $v:ident $imm:ident) => {
        number(<def::$op as VecTest>::eval::<$l>($v[0]))
    };
    (Splat $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecSplat>::eval::<$l>(Value::from_bits($v[0].to_bits() as u64))
    };
    (Extract $op:ident $l:ident $v:ident $imm:ident) => {
        number(<def::$op as VecExtract>::eval::<$l>($v[0], $imm[0]))
    };
    (Replace $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecReplace>::eval::<$l>(
            $v[0],
            $imm[0],
            Value::from_bits($v[1].to_bits() as u64),
        )
    };
    (Shuffle $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecShuffle>::eval::<$l>($v[0], $v[1], $imm)
    };
    (Load V128Load $l:ident $v:ident $imm:ident) => {
        $v[0]
    };
    (Load $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecLoad>::eval::<$l>($v[0].to_bits() as u64)
    };
    (LoadLane $op:ident $l:ident $v:ident $imm:ident) => {
        <def::$op as VecLoadLane>::eval::<$l>($v[0].to_bits() as u64, $v[1], $imm[0])
    };
    (StoreLane $op:ident $l:ident $v:ident $imm:ident) => {
        number(<def::$op as VecStoreLane>::eval::<$l>($v[1], $imm[0]))
    };
    (Store V128Store $l:ident $v:ident $imm:ident) => {
        $v[1]
    };
    (Const V128Const $l:ident $v:ident $imm:ident) => {
        V128::from_le_bytes($imm)
    };
}
/// Tests of both levels, with one function for every instruction, as handlers have.
macro_rules! derive {
    ($($code:literal $text:literal $op:ident $shape:ident $(($ty:ident))? $width:literal
       $lanes:literal;)*) => {
        #[test]
        fn base_is_portable() {
            // SAFETY: E8 (the baseline).
            $( check(SimdOp::$op, |v, imm| unsafe {
                let _ = (v, imm);
                call!($shape $op Base v imm)
            }); )*
        }
        #[test]
        fn fast_is_portable() {
            if !level_is_fast() {
                // The processor cannot: there is no second level to test.
                return;
            }
            $( check(SimdOp::$op, {
                #[cfg_attr(target_arch = "x86_64", target_feature(
                    enable = "avx2,bmi1,bmi2,lzcnt,popcnt"
                ))]
                unsafe fn fast(v: [V128; 3], imm: [u8; 16]) -> V128 {
                    let _ = (v, imm);
                    // SAFETY: E8.
                    unsafe { call!($shape $op Fast v imm) }
                }
                // SAFETY: E8 (asked above).
                |v, imm| unsafe { fast(v, imm) }
            }); )*
        }
    };
}
simd_rows!(derive);

fn check(op: SimdOp, f: fn([V128; 3], [u8; 16]) -> V128) {
    let mut samples = Samples::new(1 << 32 | u64::from(op.code()));
    for _ in 0..10_000 {
        let (operands, immediate) = samples.operands(op);
        let got = f(operands, immediate).to_bits();
        let portable = simd::eval(op, operands, immediate).to_bits();
        let (_, computed) = reference(op, operands, immediate);
        assert!(
            allowed(got, (portable, computed), operands),
            "{}: {operands:x?} {immediate:?} gives {got:032x}, not {portable:032x}",
            op.text(),
        );
    }
}
