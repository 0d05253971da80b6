//! The deterministic profile (spec, appendix "Profiles"): every NaN that an operation makes is the
//! positive canonical one.
//!
//! `min` with a NaN gives that NaN (`num::fmin`), and with infinity leaves everything else as it
//! is. So an operation that may make NaNs is followed by a `min` with infinity; there are no
//! handlers of its own for this, and no cost where it is off.

use super::*;

impl<B: Backend> Translator<'_, B> {
    /// Makes the operand on top, the result of an operation, canonical if it is a NaN.
    fn canonical(&mut self, ty: Ty) -> Result<(), Error> {
        let entry = self.pop_leaf()?;
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("NaN")) };
        let (op, infinity) = match ty {
            Ty::F32 => (BinOp::F32Min, u64::from(f32::INFINITY.to_bits())),
            _ => (BinOp::F64Min, f64::INFINITY.to_bits()),
        };
        self.push(Value::Bin(op, leaf, Leaf::Const(infinity)), ty)
    }
    /// Pushes what a unary operation gives.
    pub(super) fn push_unary(&mut self, op: UnOp, a: Leaf) -> Result<(), Error> {
        let ty = Ty::num(op.signature().1);
        self.push(Value::Un(op, a), ty)?;
        if self.cx.deterministic && unary_makes_nan(op) { self.canonical(ty) } else { Ok(()) }
    }
    /// Pushes what a binary operation gives.
    pub(super) fn push_binary(&mut self, op: BinOp, a: Leaf, b: Leaf) -> Result<(), Error> {
        let ty = Ty::num(op.signature().1);
        self.push(Value::Bin(op, a, b), ty)?;
        if self.cx.deterministic && binary_makes_nan(op) { self.canonical(ty) } else { Ok(()) }
    }
    /// Makes the NaNs canonical of the vector on top, the result of an operation.
    pub(super) fn canonical_lanes(&mut self, op: SimdOp) -> Result<(), Error> {
        if !self.cx.deterministic || !vector_makes_nan(op) {
            return Ok(());
        }
        let (min, infinity) = if op.lanes() == 4 {
            let bits = u128::from(f32::INFINITY.to_bits());
            (SimdOp::F32x4Min, bits | bits << 32 | bits << 64 | bits << 96)
        } else {
            let bits = u128::from(f64::INFINITY.to_bits());
            (SimdOp::F64x2Min, bits | bits << 64)
        };
        let index = self.keep_wide(infinity.to_le_bytes())?;
        self.vector(SimdOp::V128Const, index)?;
        self.vector(min, 0)
    }
    /// The value of an operation on a constant, unless it traps, or may be a NaN that is still to
    /// be made canonical.
    pub(super) fn fold_unary(&self, op: UnOp, a: u64) -> Option<u64> {
        if tuning::SMALL || (self.cx.deterministic && unary_makes_nan(op)) {
            None
        } else {
            op.eval(a).ok()
        }
    }
    /// The same for two operands.
    pub(super) fn fold_binary(&self, op: BinOp, a: u64, b: u64) -> Option<u64> {
        if tuning::SMALL || (self.cx.deterministic && binary_makes_nan(op)) {
            None
        } else {
            op.eval(a, b).ok()
        }
    }
}

/// Whether the result can be another NaN than the canonical one. Minima and maxima give that one
/// in any case; operations on bits keep what they get.
fn unary_makes_nan(op: UnOp) -> bool {
    use UnOp::*;
    matches!(
        op,
        F32Ceil
            | F32Floor
            | F32Trunc
            | F32Nearest
            | F32Sqrt
            | F64Ceil
            | F64Floor
            | F64Trunc
            | F64Nearest
            | F64Sqrt
            | F32DemoteF64
            | F64PromoteF32
    )
}
fn binary_makes_nan(op: BinOp) -> bool {
    use BinOp::*;
    matches!(op, F32Add | F32Sub | F32Mul | F32Div | F64Add | F64Sub | F64Mul | F64Div)
}
fn vector_makes_nan(op: SimdOp) -> bool {
    use SimdOp::*;
    matches!(
        op,
        F32x4Ceil
            | F32x4Floor
            | F32x4Trunc
            | F32x4Nearest
            | F32x4Sqrt
            | F32x4Add
            | F32x4Sub
            | F32x4Mul
            | F32x4Div
            | F32x4DemoteF64x2Zero
            | F32x4RelaxedMadd
            | F32x4RelaxedNmadd
            | F64x2Ceil
            | F64x2Floor
            | F64x2Trunc
            | F64x2Nearest
            | F64x2Sqrt
            | F64x2Add
            | F64x2Sub
            | F64x2Mul
            | F64x2Div
            | F64x2PromoteLowF32x4
            | F64x2RelaxedMadd
            | F64x2RelaxedNmadd
    )
}
