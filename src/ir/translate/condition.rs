//! Conditional branches: comparisons become part of the branch.

use super::Translator;
use super::gc::Gc;
use super::lower::{Field, Fields, immediate, place_text};
use super::stack::{Entry, Leaf, Tree, Ty, Value};
use crate::ir::backend::{Backend, Place, To};
use crate::tuning;
use crate::wasm::error::Error;
use crate::wasm::instr::BinOp;
use alloc::format;

impl<B: Backend> Translator<'_, B> {
    /// Writes the part of a conditional branch before its target. The condition was popped; the
    /// branch is taken if it is (`sense`) or is not true.
    pub(super) fn condition(
        &mut self,
        mut entry: Entry,
        mut sense: bool,
        to: To,
    ) -> Result<Fields, Error> {
        use crate::wasm::instr::UnOp;
        if let Some(fields) = self.branch_on_load(&entry, sense, to)? {
            return Ok(fields);
        }
        if let Some(fields) = self.branch_on_mask(&entry, sense, to)? {
            return Ok(fields);
        }
        if let Some(fields) = self.branch_on_tree(&entry, sense, to)? {
            return Ok(fields);
        }
        if let Some(fields) = self.branch_on_global(&entry, sense, to)? {
            return Ok(fields);
        }
        entry = self.load_first(entry)?;
        if entry.ty == Ty::I32 {
            entry.read_low_half();
        }
        // eqz turns the sense round.
        if let Value::Un(op @ (UnOp::I32Eqz | UnOp::I64Eqz), a) = entry.value {
            let ty = Ty::num(op.signature().0);
            self.free(&entry);
            return self.condition_test(a, ty, !sense, to);
        }
        if let Value::Gc(Gc::Is { check, of }) = entry.value {
            self.free(&entry);
            return self.condition_is(check, of, sense, to);
        }
        if let Value::Not(op, a, b) = entry.value {
            entry.value = Value::Bin(op, a, b);
            sense = !sense;
        }
        if let Value::Bin(mut op, mut a, mut b) = entry.value {
            if matches!(a, Leaf::Const(_))
                && let Some(turned) = swapped(op)
            {
                op = turned;
                core::mem::swap(&mut a, &mut b);
            }
            if !sense && let Some(negated) = negated(op) {
                op = negated;
                sense = true;
            }
            let found = |op: BinOp, sense: bool| {
                B::br(op, sense, to, Place::SLOT, Place::SLOT).is_some()
                    || B::br(op, sense, to, Place::SLOT, Place::IMM).is_some()
            };
            if !found(op, sense)
                && let Some(turned) = swapped(op)
                && found(turned, sense)
            {
                op = turned;
                core::mem::swap(&mut a, &mut b);
            }
            if found(op, sense) {
                return self.condition_compare(&entry, op, a, b, sense, to);
            }
        }
        let mut ty = Ty::I32;
        if !matches!(entry.value, Value::Leaf(_)) {
            if let Value::Bin(op, ..) = entry.value {
                ty = Ty::num(op.signature().1);
                entry.ty = ty;
            }
            self.stack.push(entry);
            let i = self.stack.len() - 1;
            self.make_leaf(i)?;
            entry = self.pop()?;
        }
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("branch")) };
        self.free(&entry);
        self.condition_test(leaf, ty, sense, to)
    }
    /// The part before the target of a branch on a leaf.
    pub(super) fn condition_test(
        &mut self,
        a: Leaf,
        ty: Ty,
        sense: bool,
        to: To,
    ) -> Result<Fields, Error> {
        if matches!(ty, Ty::I32 | Ty::I64) {
            let op = match (ty, sense) {
                (Ty::I32, true) => BinOp::I32Ne,
                (Ty::I32, false) => BinOp::I32Eq,
                (_, true) => BinOp::I64Ne,
                (_, false) => BinOp::I64Eq,
            };
            if let Some(fields) = self.add_and_branch(op, a, Leaf::Const(0), to) {
                return Ok(fields);
            }
        }
        if ty == Ty::I32
            && let Some(fields) = self.load_and_branch(a, sense, to)
        {
            return Ok(fields);
        }
        let (place, field) = self.operand_not_const(a, ty, 0)?;
        let Some(handler) = B::br_test(ty == Ty::I64, sense, to, place) else {
            return Err(self.out.no_handler("branch"));
        };
        self.out.list(|| {
            let word = if sense { "if" } else { "unless" };
            format!("{}branch {word} {}", loop_word(to), place_text(place, field))
        });
        self.out.begin(handler);
        Ok([field, Field::None, Field::None, Field::None])
    }
    /// The part before the target of a branch on a comparison of an operation on an operand and a
    /// constant with another constant, if there is such a branch.
    fn branch_on_tree(
        &mut self,
        entry: &Entry,
        sense: bool,
        to: To,
    ) -> Result<Option<Fields>, Error> {
        if tuning::SMALL {
            return Ok(None);
        }
        let Value::Tree(Tree { outer, inner, operands: [a, Leaf::Const(b), Leaf::Const(c)] }) =
            entry.value
        else {
            return Ok(None);
        };
        let Some(outer) = with_sense(outer, sense) else { return Ok(None) };
        if B::br_tree([outer, inner], to, Place::SLOT).is_none() {
            return Ok(None);
        }
        let (place, field) = self.operand_not_const(a, Ty::I32, 0)?;
        let Some(handler) = B::br_tree([outer, inner], to, place) else {
            return Err(self.out.no_handler(outer.text()));
        };
        self.free(entry);
        self.out.list(|| {
            let (word, a) = (loop_word(to), place_text(place, field));
            format!("{word}branch if ({} {a} {b:#x}) {} {c:#x}", inner.text(), outer.text())
        });
        self.out.begin(handler);
        Ok(Some([field, Field::Imm(b as u32), Field::Imm(c as u32), Field::None]))
    }
    fn condition_compare(
        &mut self,
        entry: &Entry,
        op: BinOp,
        a: Leaf,
        b: Leaf,
        sense: bool,
        to: To,
    ) -> Result<Fields, Error> {
        let ty = Ty::num(op.signature().0);
        let turned = (swapped(op), b, a);
        for (op, a, b) in [(Some(op), a, b), turned] {
            if let Some(op) = op
                && sense
                && let Some(fields) = self.add_and_branch(op, a, b, to)
            {
                self.free(entry);
                return Ok(fields);
            }
        }
        // The orders that a swap gives exist with immediates only.
        let (mut op, mut a, mut b) = (op, a, b);
        if B::br(op, sense, to, Place::SLOT, Place::SLOT).is_none() {
            let immediate = matches!(b, Leaf::Const(bits) if immediate(bits, ty).is_some());
            if !immediate && let Some(turned) = swapped(op) {
                op = turned;
                core::mem::swap(&mut a, &mut b);
            }
        }
        let find = |a, b| B::br(op, sense, to, a, b);
        let (handler, a, b) = self.binary_form(op, ty, a, b, find)?;
        self.free(entry);
        self.out.list(|| {
            let word = if sense { "if" } else { "unless" };
            let (a, b) = (place_text(a.0, a.1), place_text(b.0, b.1));
            format!("{}branch {word} {} {a} {b}", loop_word(to), op.text())
        });
        self.out.begin(handler);
        Ok([a.1, b.1, Field::None, Field::None])
    }
    /// The fields after a branch's target.
    pub(super) fn end_condition(&mut self, fields: Fields) {
        for field in fields {
            self.field(field);
        }
        self.out.end();
    }
}

pub(super) fn loop_word(to: To) -> &'static str {
    if to.is_loop() { "loop " } else { "" }
}

/// Whether `a op b` is `b op a`.
pub fn commutes(op: BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        I32Add
            | I32Mul
            | I32And
            | I32Or
            | I32Xor
            | I32Eq
            | I32Ne
            | I64Add
            | I64Mul
            | I64And
            | I64Or
            | I64Xor
            | I64Eq
            | I64Ne
    ) || float_commutes(op)
}
/// Float operations commute in value; which NaN they give is left open (§4.3.3).
fn float_commutes(op: BinOp) -> bool {
    use BinOp::*;
    matches!(op, F32Add | F32Mul | F32Eq | F32Ne | F64Add | F64Mul | F64Eq | F64Ne)
}
/// The comparison `b op' a` that is `a op b`.
pub fn swapped(op: BinOp) -> Option<BinOp> {
    use BinOp::*;
    Some(match op {
        I32LtS => I32GtS,
        I32LtU => I32GtU,
        I32GtS => I32LtS,
        I32GtU => I32LtU,
        I32LeS => I32GeS,
        I32LeU => I32GeU,
        I32GeS => I32LeS,
        I32GeU => I32LeU,
        I64LtS => I64GtS,
        I64LtU => I64GtU,
        I64GtS => I64LtS,
        I64GtU => I64LtU,
        I64LeS => I64GeS,
        I64LeU => I64GeU,
        I64GeS => I64LeS,
        I64GeU => I64LeU,
        F32Lt => F32Gt,
        F32Gt => F32Lt,
        F32Le => F32Ge,
        F32Ge => F32Le,
        F64Lt => F64Gt,
        F64Gt => F64Lt,
        F64Le => F64Ge,
        F64Ge => F64Le,
        op if commutes(op) => op,
        _ => return None,
    })
}
/// Whether it is a comparison of floats.
pub fn compares_floats(op: BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        F32Eq
            | F32Ne
            | F32Lt
            | F32Gt
            | F32Le
            | F32Ge
            | F64Eq
            | F64Ne
            | F64Lt
            | F64Gt
            | F64Le
            | F64Ge
    )
}
/// The comparison that holds exactly if `op` does (`sense`) or does not.
pub(super) fn with_sense(op: BinOp, sense: bool) -> Option<BinOp> {
    if sense { Some(op) } else { negated(op) }
}
/// The comparison that holds exactly if `op` does not; floats have none.
pub fn negated(op: BinOp) -> Option<BinOp> {
    use BinOp::*;
    Some(match op {
        I32Eq => I32Ne,
        I32Ne => I32Eq,
        I32LtS => I32GeS,
        I32LtU => I32GeU,
        I32GtS => I32LeS,
        I32GtU => I32LeU,
        I32LeS => I32GtS,
        I32LeU => I32GtU,
        I32GeS => I32LtS,
        I32GeU => I32LtU,
        I64Eq => I64Ne,
        I64Ne => I64Eq,
        I64LtS => I64GeS,
        I64LtU => I64GeU,
        I64GtS => I64LeS,
        I64GtU => I64LeU,
        I64LeS => I64GtS,
        I64LeU => I64GtU,
        I64GeS => I64LtS,
        I64GeU => I64LtU,
        _ => return None,
    })
}
