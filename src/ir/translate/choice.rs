//! Comparisons whose result only serves to choose: the smaller or larger of two numbers, and how two
//! numbers lie to one another.

use super::condition::{negated, swapped};
use super::lower::{Operand, Target, place_text};
use super::*;
use crate::ir::backend::Choice;

/// A comparison in its first order: which of two numbers is less, or greater.
fn strict(op: BinOp) -> Option<BinOp> {
    use BinOp::*;
    Some(match op {
        // Of numbers that are the same it does not matter which is taken.
        I32LtS | I32LeS => I32LtS,
        I32LtU | I32LeU => I32LtU,
        I32GtS | I32GeS => I32GtS,
        I32GtU | I32GeU => I32GtU,
        I64LtS | I64LeS => I64LtS,
        I64LtU | I64LeU => I64LtU,
        I64GtS | I64GeS => I64GtS,
        I64GtU | I64GeU => I64GtU,
        // Of floats it does: zeros have signs.
        F32Lt | F32Gt | F64Lt | F64Gt => op,
        _ => return None,
    })
}
/// Whether two operands are the same number, whatever they are.
fn same(a: Leaf, b: Leaf) -> bool {
    a == b && matches!(a, Leaf::Local(_) | Leaf::Const(_))
}
/// `p < q`, if the comparison says that, and the operation that does.
fn less(value: Value) -> Option<(BinOp, Leaf, Leaf)> {
    use BinOp::*;
    match value {
        Value::Bin(op @ (I32LtS | I32LtU | I64LtS | I64LtU), a, b) => Some((op, a, b)),
        Value::Bin(op @ (I32GtS | I32GtU | I64GtS | I64GtU), a, b) => Some((swapped(op)?, b, a)),
        _ => None,
    }
}

impl<B: Backend> Translator<'_, B> {
    fn choice(&self, choice: Choice, op: BinOp, a: Leaf, b: Leaf) -> Option<Value> {
        // A constant that is no immediate is put into a slot.
        let place = trees::likely(b, Ty::num(op.signature().0)).unwrap_or(Place::SLOT);
        B::choice(choice, op, Dest::SLOT, Place::SLOT, place)?;
        Some(Value::Choice(choice, op, a, b))
    }
    /// A `select` between the two operands that its condition compares, as one value. The three
    /// operands are the top of the stack; `turned`: the condition's negation.
    pub(super) fn try_pick(&mut self, ty: Ty, turned: bool) -> Result<bool, Error> {
        let [.., x, y, condition] = &self.stack[..] else { return Ok(false) };
        let (Value::Leaf(mut x), Value::Leaf(mut y), false) = (x.value, y.value, tuning::SMALL)
        else {
            return Ok(false);
        };
        let (mut op, a, b, turned) = match condition.value {
            Value::Bin(op, a, b) => (op, a, b, turned),
            Value::Not(op, a, b) => (op, a, b, !turned),
            _ => return Ok(false),
        };
        if turned {
            core::mem::swap(&mut x, &mut y);
        }
        if Ty::num(op.signature().0) != ty {
            return Ok(false);
        }
        if same(x, b) && same(y, a) {
            let Some(turned) = swapped(op) else { return Ok(false) };
            op = turned;
        } else if !(same(x, a) && same(y, b)) {
            return Ok(false);
        }
        // Of integers the constant is the second one.
        if matches!(x, Leaf::Const(_))
            && let Some(other) = negated(op).and_then(swapped)
        {
            op = other;
            core::mem::swap(&mut x, &mut y);
        }
        let Some(value) = strict(op).and_then(|op| self.choice(Choice::Pick, op, x, y)) else {
            return Ok(false);
        };
        for _ in 0..3 {
            self.pop()?;
        }
        self.push(value, ty)?;
        Ok(true)
    }
    /// `(a > b) - (a < b)`, of the top two operands, as one value.
    pub(super) fn try_order(&mut self, op: BinOp) -> Result<bool, Error> {
        if op != BinOp::I32Sub || tuning::SMALL {
            return Ok(false);
        }
        let [.., first, second] = &self.stack[..] else { return Ok(false) };
        let (Some((op, b, a)), Some((other, c, d))) = (less(first.value), less(second.value))
        else {
            return Ok(false);
        };
        if op != other || !same(a, c) || !same(b, d) {
            return Ok(false);
        }
        let Some(value) = self.choice(Choice::Order, op, a, b) else { return Ok(false) };
        self.pop()?;
        self.pop()?;
        self.push(value, Ty::I32)?;
        Ok(true)
    }
    /// Writes a choice; false: not with this target.
    pub(super) fn compute_choice(
        &mut self,
        target: Target,
        (choice, op, mut a, mut b): (Choice, BinOp, Leaf, Leaf),
    ) -> Result<bool, Error> {
        let find = |a, b| B::choice(choice, op, target.dest, a, b);
        if find(Place::SLOT, Place::SLOT).is_none() {
            return Ok(false);
        }
        let ty = Ty::num(op.signature().0);
        // The smaller one of two is that in either order.
        let place = |x: Option<Operand>| x.map_or(Place::SLOT, |(place, _)| place);
        let places = [a, b].map(|leaf| place(self.operand(leaf, ty)));
        if choice == Choice::Pick
            && negated(op).is_some()
            && find(places[0], places[1]).is_none()
            && find(places[1], places[0]).is_some()
        {
            core::mem::swap(&mut a, &mut b);
        }
        let (handler, a, b) = self.binary_form(op, ty, a, b, find)?;
        self.out.list(|| {
            let (a, b) = (place_text(a.0, a.1), place_text(b.0, b.1));
            match choice {
                Choice::Pick => format!("{} := {a} {} {b} ? {a} : {b}", target.text(), op.text()),
                Choice::Order => format!("{} := order {} {a} {b}", target.text(), op.text()),
            }
        });
        self.out.begin(handler);
        self.target(target);
        self.field(a.1);
        self.field(b.1);
        self.out.end();
        Ok(true)
    }
}
