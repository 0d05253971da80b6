//! The meaning of the vector instructions: one row each (spec §4.3.4 and §4.4.3).
//!
//! A row is `Name (operands) -> result = meaning;`. The types of operands and results are lanes in
//! the order of memory ([`super::lanes`]); conversions from and to [`super::V128`] follow from
//! them, as do a type for every instruction and the evaluation by opcode. `n` is a lane of the
//! instruction, or the distance of a shift; `raw` are the bytes read, the first one lowest.
//! Opcodes, texts and shapes are in [`crate::wasm::ops`]; a missing row does not compile.

/// Hands the rows to the macro `$derive`.
macro_rules! meanings { ($derive:ident) => { $derive! {
    unary {
        V128Not                     (a: V128) -> V128   = V128::from_bits(!a.to_bits());
        F32x4DemoteF64x2Zero (a: F64x2) -> F32x4
            = zero_high(unary::<scalar::F32DemoteF64, _>(a));
        F64x2PromoteLowF32x4        (a: F32x4) -> F64x2 = unary::<scalar::F64PromoteF32, _>(low(a));
        I8x16Abs                    (a: I8x16) -> I8x16 = map(a, i8::wrapping_abs);
        I8x16Neg                    (a: I8x16) -> I8x16 = map(a, i8::wrapping_neg);
        I8x16Popcnt                 (a: U8x16) -> U8x16 = map(a, |x| x.count_ones() as u8);
        F32x4Ceil                   (a: F32x4) -> F32x4 = unary::<scalar::F32Ceil, _>(a);
        F32x4Floor                  (a: F32x4) -> F32x4 = unary::<scalar::F32Floor, _>(a);
        F32x4Trunc                  (a: F32x4) -> F32x4 = unary::<scalar::F32Trunc, _>(a);
        F32x4Nearest                (a: F32x4) -> F32x4 = unary::<scalar::F32Nearest, _>(a);
        F64x2Ceil                   (a: F64x2) -> F64x2 = unary::<scalar::F64Ceil, _>(a);
        F64x2Floor                  (a: F64x2) -> F64x2 = unary::<scalar::F64Floor, _>(a);
        F64x2Trunc                  (a: F64x2) -> F64x2 = unary::<scalar::F64Trunc, _>(a);
        I16x8ExtaddPairwiseI8x16S   (a: I8x16) -> I16x8 = pairs(widen(a), i16::wrapping_add);
        I16x8ExtaddPairwiseI8x16U   (a: U8x16) -> U16x8 = pairs(widen(a), u16::wrapping_add);
        I32x4ExtaddPairwiseI16x8S   (a: I16x8) -> I32x4 = pairs(widen(a), i32::wrapping_add);
        I32x4ExtaddPairwiseI16x8U   (a: U16x8) -> U32x4 = pairs(widen(a), u32::wrapping_add);
        I16x8Abs                    (a: I16x8) -> I16x8 = map(a, i16::wrapping_abs);
        I16x8Neg                    (a: I16x8) -> I16x8 = map(a, i16::wrapping_neg);
        I16x8ExtendLowI8x16S        (a: I8x16) -> I16x8 = widen(low(a));
        I16x8ExtendHighI8x16S       (a: I8x16) -> I16x8 = widen(high(a));
        I16x8ExtendLowI8x16U        (a: U8x16) -> U16x8 = widen(low(a));
        I16x8ExtendHighI8x16U       (a: U8x16) -> U16x8 = widen(high(a));
        F64x2Nearest                (a: F64x2) -> F64x2 = unary::<scalar::F64Nearest, _>(a);
        I32x4Abs                    (a: I32x4) -> I32x4 = map(a, i32::wrapping_abs);
        I32x4Neg                    (a: I32x4) -> I32x4 = map(a, i32::wrapping_neg);
        I32x4ExtendLowI16x8S        (a: I16x8) -> I32x4 = widen(low(a));
        I32x4ExtendHighI16x8S       (a: I16x8) -> I32x4 = widen(high(a));
        I32x4ExtendLowI16x8U        (a: U16x8) -> U32x4 = widen(low(a));
        I32x4ExtendHighI16x8U       (a: U16x8) -> U32x4 = widen(high(a));
        I64x2Abs                    (a: I64x2) -> I64x2 = map(a, i64::wrapping_abs);
        I64x2Neg                    (a: I64x2) -> I64x2 = map(a, i64::wrapping_neg);
        I64x2ExtendLowI32x4S        (a: I32x4) -> I64x2 = widen(low(a));
        I64x2ExtendHighI32x4S       (a: I32x4) -> I64x2 = widen(high(a));
        I64x2ExtendLowI32x4U        (a: U32x4) -> U64x2 = widen(low(a));
        I64x2ExtendHighI32x4U       (a: U32x4) -> U64x2 = widen(high(a));
        F32x4Abs                    (a: F32x4) -> F32x4 = unary::<scalar::F32Abs, _>(a);
        F32x4Neg                    (a: F32x4) -> F32x4 = unary::<scalar::F32Neg, _>(a);
        F32x4Sqrt                   (a: F32x4) -> F32x4 = unary::<scalar::F32Sqrt, _>(a);
        F64x2Abs                    (a: F64x2) -> F64x2 = unary::<scalar::F64Abs, _>(a);
        F64x2Neg                    (a: F64x2) -> F64x2 = unary::<scalar::F64Neg, _>(a);
        F64x2Sqrt                   (a: F64x2) -> F64x2 = unary::<scalar::F64Sqrt, _>(a);
        I32x4TruncSatF32x4S         (a: F32x4) -> I32x4 = unary::<scalar::I32TruncSatF32S, _>(a);
        I32x4TruncSatF32x4U         (a: F32x4) -> U32x4 = unary::<scalar::I32TruncSatF32U, _>(a);
        F32x4ConvertI32x4S          (a: I32x4) -> F32x4 = unary::<scalar::F32ConvertI32S, _>(a);
        F32x4ConvertI32x4U          (a: U32x4) -> F32x4 = unary::<scalar::F32ConvertI32U, _>(a);
        I32x4TruncSatF64x2SZero (a: F64x2) -> I32x4
            = zero_high(unary::<scalar::I32TruncSatF64S, _>(a));
        I32x4TruncSatF64x2UZero (a: F64x2) -> U32x4
            = zero_high(unary::<scalar::I32TruncSatF64U, _>(a));
        F64x2ConvertLowI32x4S (a: I32x4) -> F64x2
            = unary::<scalar::F64ConvertI32S, _>(low(a));
        F64x2ConvertLowI32x4U (a: U32x4) -> F64x2
            = unary::<scalar::F64ConvertI32U, _>(low(a));
        I32x4RelaxedTruncF32x4S     (a: F32x4) -> I32x4 = unary::<scalar::I32TruncSatF32S, _>(a);
        I32x4RelaxedTruncF32x4U     (a: F32x4) -> U32x4 = unary::<scalar::I32TruncSatF32U, _>(a);
        I32x4RelaxedTruncF64x2SZero (a: F64x2) -> I32x4
            = zero_high(unary::<scalar::I32TruncSatF64S, _>(a));
        I32x4RelaxedTruncF64x2UZero (a: F64x2) -> U32x4
            = zero_high(unary::<scalar::I32TruncSatF64U, _>(a));
    }
    binary {
        I8x16Swizzle               (a: U8x16, b: U8x16) -> U8x16 = swizzle(a, b);
        I8x16Eq                    (a: I8x16, b: I8x16) -> I8x16 = compare(a, b, |x, y| x == y);
        I8x16Ne                    (a: I8x16, b: I8x16) -> I8x16 = compare(a, b, |x, y| x != y);
        I8x16LtS                   (a: I8x16, b: I8x16) -> I8x16 = compare(a, b, |x, y| x < y);
        I8x16LtU                   (a: U8x16, b: U8x16) -> I8x16 = compare(a, b, |x, y| x < y);
        I8x16GtS                   (a: I8x16, b: I8x16) -> I8x16 = compare(a, b, |x, y| x > y);
        I8x16GtU                   (a: U8x16, b: U8x16) -> I8x16 = compare(a, b, |x, y| x > y);
        I8x16LeS                   (a: I8x16, b: I8x16) -> I8x16 = compare(a, b, |x, y| x <= y);
        I8x16LeU                   (a: U8x16, b: U8x16) -> I8x16 = compare(a, b, |x, y| x <= y);
        I8x16GeS                   (a: I8x16, b: I8x16) -> I8x16 = compare(a, b, |x, y| x >= y);
        I8x16GeU                   (a: U8x16, b: U8x16) -> I8x16 = compare(a, b, |x, y| x >= y);
        I16x8Eq                    (a: I16x8, b: I16x8) -> I16x8 = compare(a, b, |x, y| x == y);
        I16x8Ne                    (a: I16x8, b: I16x8) -> I16x8 = compare(a, b, |x, y| x != y);
        I16x8LtS                   (a: I16x8, b: I16x8) -> I16x8 = compare(a, b, |x, y| x < y);
        I16x8LtU                   (a: U16x8, b: U16x8) -> I16x8 = compare(a, b, |x, y| x < y);
        I16x8GtS                   (a: I16x8, b: I16x8) -> I16x8 = compare(a, b, |x, y| x > y);
        I16x8GtU                   (a: U16x8, b: U16x8) -> I16x8 = compare(a, b, |x, y| x > y);
        I16x8LeS                   (a: I16x8, b: I16x8) -> I16x8 = compare(a, b, |x, y| x <= y);
        I16x8LeU                   (a: U16x8, b: U16x8) -> I16x8 = compare(a, b, |x, y| x <= y);
        I16x8GeS                   (a: I16x8, b: I16x8) -> I16x8 = compare(a, b, |x, y| x >= y);
        I16x8GeU                   (a: U16x8, b: U16x8) -> I16x8 = compare(a, b, |x, y| x >= y);
        I32x4Eq                    (a: I32x4, b: I32x4) -> I32x4 = compare(a, b, |x, y| x == y);
        I32x4Ne                    (a: I32x4, b: I32x4) -> I32x4 = compare(a, b, |x, y| x != y);
        I32x4LtS                   (a: I32x4, b: I32x4) -> I32x4 = compare(a, b, |x, y| x < y);
        I32x4LtU                   (a: U32x4, b: U32x4) -> I32x4 = compare(a, b, |x, y| x < y);
        I32x4GtS                   (a: I32x4, b: I32x4) -> I32x4 = compare(a, b, |x, y| x > y);
        I32x4GtU                   (a: U32x4, b: U32x4) -> I32x4 = compare(a, b, |x, y| x > y);
        I32x4LeS                   (a: I32x4, b: I32x4) -> I32x4 = compare(a, b, |x, y| x <= y);
        I32x4LeU                   (a: U32x4, b: U32x4) -> I32x4 = compare(a, b, |x, y| x <= y);
        I32x4GeS                   (a: I32x4, b: I32x4) -> I32x4 = compare(a, b, |x, y| x >= y);
        I32x4GeU                   (a: U32x4, b: U32x4) -> I32x4 = compare(a, b, |x, y| x >= y);
        F32x4Eq                    (a: F32x4, b: F32x4) -> I32x4 = compare(a, b, |x, y| x == y);
        F32x4Ne                    (a: F32x4, b: F32x4) -> I32x4 = compare(a, b, |x, y| x != y);
        F32x4Lt                    (a: F32x4, b: F32x4) -> I32x4 = compare(a, b, |x, y| x < y);
        F32x4Gt                    (a: F32x4, b: F32x4) -> I32x4 = compare(a, b, |x, y| x > y);
        F32x4Le                    (a: F32x4, b: F32x4) -> I32x4 = compare(a, b, |x, y| x <= y);
        F32x4Ge                    (a: F32x4, b: F32x4) -> I32x4 = compare(a, b, |x, y| x >= y);
        F64x2Eq                    (a: F64x2, b: F64x2) -> I64x2 = compare(a, b, |x, y| x == y);
        F64x2Ne                    (a: F64x2, b: F64x2) -> I64x2 = compare(a, b, |x, y| x != y);
        F64x2Lt                    (a: F64x2, b: F64x2) -> I64x2 = compare(a, b, |x, y| x < y);
        F64x2Gt                    (a: F64x2, b: F64x2) -> I64x2 = compare(a, b, |x, y| x > y);
        F64x2Le                    (a: F64x2, b: F64x2) -> I64x2 = compare(a, b, |x, y| x <= y);
        F64x2Ge                    (a: F64x2, b: F64x2) -> I64x2 = compare(a, b, |x, y| x >= y);
        V128And (a: V128, b: V128) -> V128
            = V128::from_bits(a.to_bits() & b.to_bits());
        V128Andnot (a: V128, b: V128) -> V128
            = V128::from_bits(a.to_bits() & !b.to_bits());
        V128Or (a: V128, b: V128) -> V128
            = V128::from_bits(a.to_bits() | b.to_bits());
        V128Xor (a: V128, b: V128) -> V128
            = V128::from_bits(a.to_bits() ^ b.to_bits());
        I8x16NarrowI16x8S          (a: I16x8, b: I16x8) -> I8x16 = join(narrow(a), narrow(b));
        I8x16NarrowI16x8U          (a: I16x8, b: I16x8) -> U8x16 = join(narrow(a), narrow(b));
        I8x16Add                   (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::wrapping_add);
        I8x16AddSatS               (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_add);
        I8x16AddSatU               (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_add);
        I8x16Sub                   (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::wrapping_sub);
        I8x16SubSatS               (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_sub);
        I8x16SubSatU               (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_sub);
        I8x16MinS                  (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, Ord::min);
        I8x16MinU                  (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, Ord::min);
        I8x16MaxS                  (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, Ord::max);
        I8x16MaxU                  (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, Ord::max);
        I8x16AvgrU (a: U8x16, b: U8x16) -> U8x16
            = zip(a, b, |x, y| ((u32::from(x) + u32::from(y) + 1) >> 1) as u8);
        I16x8Q15mulrSatS           (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, q15mulr_sat);
        I16x8NarrowI32x4S          (a: I32x4, b: I32x4) -> I16x8 = join(narrow(a), narrow(b));
        I16x8NarrowI32x4U          (a: I32x4, b: I32x4) -> U16x8 = join(narrow(a), narrow(b));
        I16x8Add                   (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_add);
        I16x8AddSatS               (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_add);
        I16x8AddSatU               (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_add);
        I16x8Sub                   (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_sub);
        I16x8SubSatS               (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_sub);
        I16x8SubSatU               (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_sub);
        I16x8Mul                   (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_mul);
        I16x8MinS                  (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, Ord::min);
        I16x8MinU                  (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, Ord::min);
        I16x8MaxS                  (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, Ord::max);
        I16x8MaxU                  (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, Ord::max);
        I16x8AvgrU (a: U16x8, b: U16x8) -> U16x8
            = zip(a, b, |x, y| ((u32::from(x) + u32::from(y) + 1) >> 1) as u16);
        I16x8ExtmulLowI8x16S (a: I8x16, b: I8x16) -> I16x8
            = zip(widen(low(a)), widen(low(b)), i16::wrapping_mul);
        I16x8ExtmulHighI8x16S (a: I8x16, b: I8x16) -> I16x8
            = zip(widen(high(a)), widen(high(b)), i16::wrapping_mul);
        I16x8ExtmulLowI8x16U (a: U8x16, b: U8x16) -> U16x8
            = zip(widen(low(a)), widen(low(b)), u16::wrapping_mul);
        I16x8ExtmulHighI8x16U (a: U8x16, b: U8x16) -> U16x8
            = zip(widen(high(a)), widen(high(b)), u16::wrapping_mul);
        I32x4Add                   (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_add);
        I32x4Sub                   (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_sub);
        I32x4Mul                   (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_mul);
        I32x4MinS                  (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, Ord::min);
        I32x4MinU                  (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, Ord::min);
        I32x4MaxS                  (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, Ord::max);
        I32x4MaxU                  (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, Ord::max);
        I32x4DotI16x8S (a: I16x8, b: I16x8) -> I32x4
            = pairs(zip(widen(a), widen(b), i32::wrapping_mul), i32::wrapping_add);
        I32x4ExtmulLowI16x8S (a: I16x8, b: I16x8) -> I32x4
            = zip(widen(low(a)), widen(low(b)), i32::wrapping_mul);
        I32x4ExtmulHighI16x8S (a: I16x8, b: I16x8) -> I32x4
            = zip(widen(high(a)), widen(high(b)), i32::wrapping_mul);
        I32x4ExtmulLowI16x8U (a: U16x8, b: U16x8) -> U32x4
            = zip(widen(low(a)), widen(low(b)), u32::wrapping_mul);
        I32x4ExtmulHighI16x8U (a: U16x8, b: U16x8) -> U32x4
            = zip(widen(high(a)), widen(high(b)), u32::wrapping_mul);
        I64x2Add                   (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_add);
        I64x2Sub                   (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_sub);
        I64x2Mul                   (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_mul);
        I64x2Eq                    (a: I64x2, b: I64x2) -> I64x2 = compare(a, b, |x, y| x == y);
        I64x2Ne                    (a: I64x2, b: I64x2) -> I64x2 = compare(a, b, |x, y| x != y);
        I64x2LtS                   (a: I64x2, b: I64x2) -> I64x2 = compare(a, b, |x, y| x < y);
        I64x2GtS                   (a: I64x2, b: I64x2) -> I64x2 = compare(a, b, |x, y| x > y);
        I64x2LeS                   (a: I64x2, b: I64x2) -> I64x2 = compare(a, b, |x, y| x <= y);
        I64x2GeS                   (a: I64x2, b: I64x2) -> I64x2 = compare(a, b, |x, y| x >= y);
        I64x2ExtmulLowI32x4S (a: I32x4, b: I32x4) -> I64x2
            = zip(widen(low(a)), widen(low(b)), i64::wrapping_mul);
        I64x2ExtmulHighI32x4S (a: I32x4, b: I32x4) -> I64x2
            = zip(widen(high(a)), widen(high(b)), i64::wrapping_mul);
        I64x2ExtmulLowI32x4U (a: U32x4, b: U32x4) -> U64x2
            = zip(widen(low(a)), widen(low(b)), u64::wrapping_mul);
        I64x2ExtmulHighI32x4U (a: U32x4, b: U32x4) -> U64x2
            = zip(widen(high(a)), widen(high(b)), u64::wrapping_mul);
        F32x4Add (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Add, _>(a, b);
        F32x4Sub (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Sub, _>(a, b);
        F32x4Mul (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Mul, _>(a, b);
        F32x4Div (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Div, _>(a, b);
        F32x4Min (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Min, _>(a, b);
        F32x4Max (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Max, _>(a, b);
        F32x4Pmin (a: F32x4, b: F32x4) -> F32x4
            = zip(a, b, |x, y| if y < x { y } else { x });
        F32x4Pmax (a: F32x4, b: F32x4) -> F32x4
            = zip(a, b, |x, y| if x < y { y } else { x });
        F64x2Add (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Add, _>(a, b);
        F64x2Sub (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Sub, _>(a, b);
        F64x2Mul (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Mul, _>(a, b);
        F64x2Div (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Div, _>(a, b);
        F64x2Min (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Min, _>(a, b);
        F64x2Max (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Max, _>(a, b);
        F64x2Pmin (a: F64x2, b: F64x2) -> F64x2
            = zip(a, b, |x, y| if y < x { y } else { x });
        F64x2Pmax (a: F64x2, b: F64x2) -> F64x2
            = zip(a, b, |x, y| if x < y { y } else { x });
        I8x16RelaxedSwizzle        (a: U8x16, b: U8x16) -> U8x16 = swizzle(a, b);
        F32x4RelaxedMin (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Min, _>(a, b);
        F32x4RelaxedMax (a: F32x4, b: F32x4) -> F32x4
            = binary::<scalar::F32Max, _>(a, b);
        F64x2RelaxedMin (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Min, _>(a, b);
        F64x2RelaxedMax (a: F64x2, b: F64x2) -> F64x2
            = binary::<scalar::F64Max, _>(a, b);
        I16x8RelaxedQ15mulrS       (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, q15mulr_sat);
        I16x8RelaxedDotI8x16I7x16S (a: I8x16, b: I8x16) -> I16x8 = relaxed_dot(a, b);
    }
    ternary {
        V128Bitselect                 (a: V128, b: V128, c: V128) -> V128     = bitselect(a, b, c);
        F32x4RelaxedMadd (a: F32x4, b: F32x4, c: F32x4) -> F32x4
            = zip(zip(a, b, |x, y| x * y), c, |x, y| x + y);
        F32x4RelaxedNmadd (a: F32x4, b: F32x4, c: F32x4) -> F32x4
            = zip(zip(a, b, |x, y| -x * y), c, |x, y| x + y);
        F64x2RelaxedMadd (a: F64x2, b: F64x2, c: F64x2) -> F64x2
            = zip(zip(a, b, |x, y| x * y), c, |x, y| x + y);
        F64x2RelaxedNmadd (a: F64x2, b: F64x2, c: F64x2) -> F64x2
            = zip(zip(a, b, |x, y| -x * y), c, |x, y| x + y);
        I8x16RelaxedLaneselect        (a: V128, b: V128, c: V128) -> V128     = bitselect(a, b, c);
        I16x8RelaxedLaneselect        (a: V128, b: V128, c: V128) -> V128     = bitselect(a, b, c);
        I32x4RelaxedLaneselect        (a: V128, b: V128, c: V128) -> V128     = bitselect(a, b, c);
        I64x2RelaxedLaneselect        (a: V128, b: V128, c: V128) -> V128     = bitselect(a, b, c);
        I32x4RelaxedDotI8x16I7x16AddS (a: I8x16, b: I8x16, c: I32x4) -> I32x4
            = zip(pairs(widen(relaxed_dot(a, b)), i32::wrapping_add), c, i32::wrapping_add);
    }
    shift {
        I8x16Shl  (a: I8x16, n) -> I8x16 = map(a, |x| x.wrapping_shl(n));
        I8x16ShrS (a: I8x16, n) -> I8x16 = map(a, |x| x.wrapping_shr(n));
        I8x16ShrU (a: U8x16, n) -> U8x16 = map(a, |x| x.wrapping_shr(n));
        I16x8Shl  (a: I16x8, n) -> I16x8 = map(a, |x| x.wrapping_shl(n));
        I16x8ShrS (a: I16x8, n) -> I16x8 = map(a, |x| x.wrapping_shr(n));
        I16x8ShrU (a: U16x8, n) -> U16x8 = map(a, |x| x.wrapping_shr(n));
        I32x4Shl  (a: I32x4, n) -> I32x4 = map(a, |x| x.wrapping_shl(n));
        I32x4ShrS (a: I32x4, n) -> I32x4 = map(a, |x| x.wrapping_shr(n));
        I32x4ShrU (a: U32x4, n) -> U32x4 = map(a, |x| x.wrapping_shr(n));
        I64x2Shl  (a: I64x2, n) -> I64x2 = map(a, |x| x.wrapping_shl(n));
        I64x2ShrS (a: I64x2, n) -> I64x2 = map(a, |x| x.wrapping_shr(n));
        I64x2ShrU (a: U64x2, n) -> U64x2 = map(a, |x| x.wrapping_shr(n));
    }
    test {
        V128AnyTrue  (a: V128)  = (a.to_bits() != 0) as i32;
        I8x16AllTrue (a: I8x16) = all_true(a);
        I8x16Bitmask (a: I8x16) = bitmask(a);
        I16x8AllTrue (a: I16x8) = all_true(a);
        I16x8Bitmask (a: I16x8) = bitmask(a);
        I32x4AllTrue (a: I32x4) = all_true(a);
        I32x4Bitmask (a: I32x4) = bitmask(a);
        I64x2AllTrue (a: I64x2) = all_true(a);
        I64x2Bitmask (a: I64x2) = bitmask(a);
    }
    splat {
        I8x16Splat (x: i32) -> I8x16 = [x as i8; 16];
        I16x8Splat (x: i32) -> I16x8 = [x as i16; 8];
        I32x4Splat (x: i32) -> I32x4 = [x; 4];
        I64x2Splat (x: i64) -> I64x2 = [x; 2];
        F32x4Splat (x: f32) -> F32x4 = [x; 4];
        F64x2Splat (x: f64) -> F64x2 = [x; 2];
    }
    extract {
        I8x16ExtractLaneS (a: I8x16, n) -> i32 = lane_of(a, n) as i32;
        I8x16ExtractLaneU (a: U8x16, n) -> u32 = u32::from(lane_of(a, n));
        I16x8ExtractLaneS (a: I16x8, n) -> i32 = lane_of(a, n) as i32;
        I16x8ExtractLaneU (a: U16x8, n) -> u32 = u32::from(lane_of(a, n));
        I32x4ExtractLane  (a: I32x4, n) -> i32 = lane_of(a, n);
        I64x2ExtractLane  (a: I64x2, n) -> i64 = lane_of(a, n);
        F32x4ExtractLane  (a: F32x4, n) -> f32 = lane_of(a, n);
        F64x2ExtractLane  (a: F64x2, n) -> f64 = lane_of(a, n);
    }
    replace {
        I8x16ReplaceLane (a: I8x16, n, x: i32) -> I8x16 = with_lane(a, n, x as i8);
        I16x8ReplaceLane (a: I16x8, n, x: i32) -> I16x8 = with_lane(a, n, x as i16);
        I32x4ReplaceLane (a: I32x4, n, x: i32) -> I32x4 = with_lane(a, n, x);
        I64x2ReplaceLane (a: I64x2, n, x: i64) -> I64x2 = with_lane(a, n, x);
        F32x4ReplaceLane (a: F32x4, n, x: f32) -> F32x4 = with_lane(a, n, x);
        F64x2ReplaceLane (a: F64x2, n, x: f64) -> F64x2 = with_lane(a, n, x);
    }
    load {
        V128Load8x8S    (raw) -> I16x8 = widen(low(I8x16::from(V128::from_bits(raw.into()))));
        V128Load8x8U    (raw) -> U16x8 = widen(low(U8x16::from(V128::from_bits(raw.into()))));
        V128Load16x4S   (raw) -> I32x4 = widen(low(I16x8::from(V128::from_bits(raw.into()))));
        V128Load16x4U   (raw) -> U32x4 = widen(low(U16x8::from(V128::from_bits(raw.into()))));
        V128Load32x2S   (raw) -> I64x2 = widen(low(I32x4::from(V128::from_bits(raw.into()))));
        V128Load32x2U   (raw) -> U64x2 = widen(low(U32x4::from(V128::from_bits(raw.into()))));
        V128Load8Splat  (raw) -> U8x16 = [raw as u8; 16];
        V128Load16Splat (raw) -> U16x8 = [raw as u16; 8];
        V128Load32Splat (raw) -> U32x4 = [raw as u32; 4];
        V128Load64Splat (raw) -> U64x2 = [raw; 2];
        V128Load32Zero  (raw) -> V128  = V128::from_bits(u128::from(raw as u32));
        V128Load64Zero  (raw) -> V128  = V128::from_bits(raw.into());
    }
    load_lane {
        V128Load8Lane  (raw, a: U8x16, n) -> U8x16 = with_lane(a, n, raw as u8);
        V128Load16Lane (raw, a: U16x8, n) -> U16x8 = with_lane(a, n, raw as u16);
        V128Load32Lane (raw, a: U32x4, n) -> U32x4 = with_lane(a, n, raw as u32);
        V128Load64Lane (raw, a: U64x2, n) -> U64x2 = with_lane(a, n, raw);
    }
    store_lane {
        V128Store8Lane  (a: U8x16, n) = u64::from(lane_of(a, n));
        V128Store16Lane (a: U16x8, n) = u64::from(lane_of(a, n));
        V128Store32Lane (a: U32x4, n) = u64::from(lane_of(a, n));
        V128Store64Lane (a: U64x2, n) = lane_of(a, n);
    }
}}}
pub(super) use meanings;
