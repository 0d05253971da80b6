//! Globals, and sums of one and a constant: how frames on the stack in memory come and go.

use super::lower::{Operand, immediate, place_text};
use super::*;
use alloc::string::String;

/// `[local]+r := global + constant`, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct FromGlobal {
    /// The instruction's bytes.
    code: (usize, usize),
    local: u32,
    target: Target,
    op: BinOp,
    global: u32,
    imm: u32,
}

impl<B: Backend> Translator<'_, B> {
    /// `op` on the top two operands, a global and a constant, if they go together.
    pub(super) fn global_sum(&mut self, op: BinOp) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        let Some(below) = self.stack.len().checked_sub(2) else { return Ok(false) };
        let Value::Global(global) = self.stack[below].value else { return Ok(false) };
        let Value::Leaf(b) = self.stack[below + 1].value else { return Ok(false) };
        let (op, b) = trees::subtraction(op, b).map_or((op, b), |(op, c)| (op, Leaf::Const(c)));
        let ty = Ty::num(op.signature().0);
        let Leaf::Const(bits) = b else { return Ok(false) };
        let Some(imm) = immediate(bits, ty) else { return Ok(false) };
        if B::global_add(op, false, Dest::SLOT).is_none() {
            return Ok(false);
        }
        self.pop()?;
        self.pop()?;
        self.push(Value::GlobalSum(op, global, imm), ty)?;
        Ok(true)
    }
    /// Writes such a sum; false: not with this target.
    pub(super) fn compute_global_sum(
        &mut self,
        target: Target,
        (op, global, imm): (BinOp, u32, u32),
    ) -> bool {
        if tuning::SMALL {
            return false;
        }
        let Some(handler) = B::global_add(op, false, target.dest) else { return false };
        self.out.list(|| format!("{} := global {global} + {imm:#x}", target.text()));
        self.global_add_fields(handler, target, global, imm);
        true
    }
    fn global_add_fields(&mut self, handler: usize, target: Target, global: u32, imm: u32) {
        self.out.begin(handler);
        self.target(target);
        self.out.u32(global);
        self.out.u32(imm);
        self.out.end();
    }
    /// Notes that a local was set to such a sum, from `start` on, if it was.
    pub(super) fn note_global(&mut self, start: usize, local: u32, target: Target, value: Value) {
        self.from_global = None;
        if !tuning::SMALL
            && let Value::GlobalSum(op, global, imm) = value
        {
            let code = (start, self.out.pos());
            self.from_global = Some(FromGlobal { code, local, target, op, global, imm });
        }
    }
    /// If the instruction just written sets a local to a sum with the global that is to be set to
    /// that local: has it set both.
    fn add_to_global(&mut self, global: u32, entry: &Entry) -> bool {
        if tuning::SMALL {
            return false;
        }
        let Some(from) = self.from_global.take() else { return false };
        let fresh = from.code.1 == self.out.pos() && self.out.label < from.code.1;
        // Nothing that is pending may be computed after this only.
        let pending = &self.stack[self.settled.min(self.stack.len() - 1)..self.stack.len() - 1];
        let waits = |entry: &Entry| {
            entry.value.is_ordered()
                || matches!(entry.value, Value::Global(_) | Value::GlobalSum(..))
        };
        let same = from.global == global
            && !pending.iter().any(waits)
            && entry.value == Value::Leaf(Leaf::Local(from.local));
        let Some(handler) = B::global_add(from.op, true, from.target.dest) else { return false };
        if !fresh || !same {
            return false;
        }
        self.out.take_back(from.code.0);
        let FromGlobal { target, imm, .. } = from;
        self.out.list(|| format!("global {global} += {imm:#x}, {} := it", target.text()));
        self.global_add_fields(handler, target, global, imm);
        true
    }
    /// The operands of a sum with a constant, if a global can be set to it at once.
    fn sum_for_global(&mut self, entry: &Entry) -> Option<(usize, Operand, Operand)> {
        if tuning::SMALL {
            return None;
        }
        let Value::Bin(op, a, b @ Leaf::Const(_)) = entry.value else { return None };
        let ty = Ty::num(op.signature().0);
        if matches!(a, Leaf::Const(_)) {
            return None;
        }
        let (a, b) = (self.operand(a, ty)?, self.operand(b, ty)?);
        Some((B::global_set_sum(op, a.0)?, a, b))
    }
    pub(super) fn set_global(&mut self, global: u32, ty: ValType) -> Result<(), Error> {
        let class = class(Ty::of(ty));
        let Some(top) = self.stack.last().copied() else {
            return Err(self.out.no_handler("global.set"));
        };
        if self.add_to_global(global, &top) {
            self.pop()?;
            return Ok(());
        }
        let sum = !tuning::SMALL
            && matches!(top.value, Value::Bin(op, ..) if B::global_set_sum(op, Place::SLOT).is_some());
        let entry = if sum { self.pop()? } else { self.pop_leaf()? };
        self.settle_ordered()?;
        self.settle_globals()?;
        let (handler, a, b) = match self.sum_for_global(&entry) {
            Some((handler, a, b)) => {
                self.free(&entry);
                (Some(handler), a, Some(b))
            }
            None => {
                let leaf = self.as_leaf(entry)?;
                let a = self.with_operand(&leaf, true)?;
                (B::global_set(class, a.0), a, None)
            }
        };
        let Some(handler) = handler else { return Err(self.out.no_handler("global.set")) };
        self.out.list(|| {
            let sum = b.map_or(String::new(), |b| format!(" + {}", place_text(b.0, b.1)));
            format!("global {global} := {}{sum}", place_text(a.0, a.1))
        });
        self.out.begin(handler);
        self.out.u32(global);
        self.field(a.1);
        if let Some((_, field)) = b {
            self.field(field);
        }
        self.out.end();
        Ok(())
    }
    /// A popped operand as a leaf.
    fn as_leaf(&mut self, entry: Entry) -> Result<Entry, Error> {
        self.stack.push(entry);
        self.pop_leaf()
    }
}
