//! Writing pending operands to their slots, before what changes what they read or must come after.

use super::lower::{Field, Operand};
use super::*;
use crate::ir::backend::Class;

impl<B: Backend> Translator<'_, B> {
    /// Writes every operand below the top `keep` to its slot; constants stay.
    pub(super) fn settle(&mut self, keep: usize) -> Result<(), Error> {
        let top = self.stack.len().saturating_sub(keep);
        for i in self.settled..top {
            let entry = &self.stack[i];
            if !matches!(entry.value, Value::Leaf(Leaf::Const(_))) && !entry.is_written() {
                self.settle_at(i)?;
            }
        }
        self.settled = self.settled.max(top);
        Ok(())
    }
    /// Writes every operand to its slot; of constants only those of the top `n`. What has to be
    /// computed comes first, so that the moves are one after the other.
    pub(super) fn settle_arguments(&mut self, n: usize) -> Result<(), Error> {
        if tuning::SMALL {
            self.settle(n)?;
            return self.settle_top(n);
        }
        let below = self.stack.len() - n;
        for i in self.settled..self.stack.len() {
            let entry = &self.stack[i];
            let moves =
                matches!(entry.value, Value::Leaf(Leaf::Const(_) | Leaf::Local(_) | Leaf::Reg(_)));
            if !moves && !entry.is_written() {
                let mut entry = *entry;
                let (start, value) = (self.out.pos(), entry.value);
                self.write_out(&mut entry)?;
                self.note_argument(start, entry.slot, value);
                self.stack[i] = entry;
            }
        }
        for i in self.settled.min(below)..self.stack.len() {
            let entry = &self.stack[i];
            let stays = i < below && matches!(entry.value, Value::Leaf(Leaf::Const(_)));
            if !stays && !entry.is_written() {
                self.settle_at(i)?;
            }
        }
        self.settled = self.stack.len();
        Ok(())
    }
    fn settle_at(&mut self, i: usize) -> Result<(), Error> {
        let mut entry = self.stack[i];
        self.write_settled(&mut entry)?;
        self.stack[i] = entry;
        Ok(())
    }
    /// Writes an operand to its slot, while no other is on its way to an instruction: moves may
    /// join.
    fn write_settled(&mut self, entry: &mut Entry) -> Result<(), Error> {
        let alone = tuning::SMALL
            || !matches!(entry.value, Value::Leaf(leaf) if self.move_leaf(leaf, entry)?);
        if alone {
            return self.write_out(entry);
        }
        entry.value = Value::Leaf(Leaf::Slot(entry.slot));
        self.reach(entry.slot)
    }
    /// Moves a leaf to the slot of its operand, if that is an instruction of its own and one that
    /// others can join.
    fn move_leaf(&mut self, leaf: Leaf, entry: &Entry) -> Result<bool, Error> {
        let held = matches!(leaf, Leaf::Reg(_)) && entry.saved;
        if held || leaf == Leaf::Slot(entry.slot) {
            return Ok(false);
        }
        let Some(x) = self.bits_operand(leaf, entry.ty) else { return Ok(false) };
        self.free(entry);
        self.move_to_slot(entry.slot, x, true)?;
        Ok(true)
    }
    /// Where a number is that is moved as 64 bits, whatever its type; floats in registers and
    /// constants that are no immediates are not.
    pub(super) fn bits_operand(&mut self, leaf: Leaf, ty: Ty) -> Option<Operand> {
        if class(ty) == Class::Int {
            return self.moved_operand(leaf, ty);
        }
        match leaf {
            _ if ty == Ty::V128 => None,
            Leaf::Const(_) => self.moved_operand(leaf, Ty::I64),
            Leaf::Slot(slot) => Some((Place::SLOT, Field::Slot(slot))),
            Leaf::Local(local) if self.banks[1].register_of(local).is_none() => {
                Some((Place::SLOT, Field::Slot(self.locals[local as usize].slot)))
            }
            Leaf::Local(_) | Leaf::Reg(_) => None,
        }
    }
    /// Writes the top `n` operands to their slots, constants too.
    pub(super) fn settle_top(&mut self, n: usize) -> Result<(), Error> {
        let top = self.stack.len();
        for i in top - n..top {
            if !self.stack[i].is_written() {
                self.settle_at(i)?;
            }
        }
        // What lies below may still be pending.
        if self.settled >= top - n {
            self.settled = top;
        }
        Ok(())
    }
    /// Computes pending operands that must not be done later than now.
    #[inline]
    pub(super) fn settle_ordered(&mut self) -> Result<(), Error> {
        for i in self.settled..self.stack.len() {
            if self.stack[i].value.is_ordered() {
                self.make_leaf(i)?;
            }
        }
        Ok(())
    }
    /// Computes pending reads of globals.
    pub(super) fn settle_globals(&mut self) -> Result<(), Error> {
        for i in self.settled..self.stack.len() {
            if self.stack[i].value.reads_global() {
                self.make_leaf(i)?;
            }
        }
        Ok(())
    }
    /// Computes pending operands that read a local that is about to change.
    pub(super) fn settle_local(&mut self, local: u32) -> Result<(), Error> {
        for i in self.settled..self.stack.len() {
            if self.stack[i].value.reads_local(local) {
                let entry = self.stack[i];
                self.stack[i] = self.computed(i, entry)?;
            }
        }
        Ok(())
    }
}
