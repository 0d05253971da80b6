//! Locals: what is written to their slots, and which registers hold them too.

use super::lower::Target;
use super::*;

impl<B: Backend> Translator<'_, B> {
    /// Where the call that was just written returns its single result to.
    pub(super) fn set_return_slot(&mut self, slot: i32) {
        let field = self.out.pos() - 2;
        self.out.set_slot(field, slot);
    }
    /// If the operand, which was popped, is the single result of the call that was just written:
    /// has it returned into another slot.
    fn return_into(&mut self, slot: i32, entry: &Entry) -> bool {
        let fresh = self.returned == self.out.pos() && self.out.label < self.returned;
        let single = entry.ty != Ty::V128 && self.next_slot() == entry.slot;
        let is_result = match entry.value {
            Value::Leaf(Leaf::Reg(0)) => entry.saved,
            Value::Leaf(Leaf::Slot(slot)) => B::REGS == 0 && slot == entry.slot,
            _ => false,
        };
        let can = fresh && single && is_result && self.out.slot_at(self.returned - 2) == entry.slot;
        if can {
            self.set_return_slot(slot);
        }
        can
    }
    /// Forgets which register holds a local.
    pub(super) fn uncache(&mut self, local: u32) {
        for bank in &mut self.banks {
            for cached in &mut bank.cached {
                if *cached == Held::local(local) {
                    *cached = Held::NONE;
                }
            }
        }
    }
    /// Notes what a local was set to, from `start` on: it may become part of what comes next.
    pub(super) fn note_set(&mut self, start: usize, local: u32, target: Target, value: Value) {
        self.note_loaded(start, local, target, value);
        self.note_global(start, local, target, value);
        self.note_sum(start, local, target, value);
        if self.note_added(start, local, target, value) {
            // What begins there is another instruction now.
            self.summed = None;
        }
    }
    /// `local := entry`, where the entry was popped.
    pub(super) fn set_local(&mut self, local: u32, entry: Entry) -> Result<(), Error> {
        if self.grows_after(local, entry.value) {
            self.free(&entry);
            return Ok(());
        }
        let start = self.out.pos();
        self.write_local(local, entry)?;
        self.note_copied(start, local, entry.value);
        Ok(())
    }
    fn write_local(&mut self, local: u32, entry: Entry) -> Result<(), Error> {
        let slot = self.locals[local as usize].slot;
        let ty = self.locals[local as usize].ty;
        if matches!(entry.value, Value::Leaf(Leaf::Local(other)) if other == local) {
            self.free(&entry);
            return Ok(());
        }
        let bank = ty.bank();
        let pinned = self.banks[bank].pinned.iter().position(|&other| other == Held::local(local));
        if let Some(reg) = pinned {
            return self.set_pinned(local, entry, reg as u8);
        }
        if self.return_into(slot, &entry) {
            self.free(&entry);
            self.uncache(local);
            if let Value::Leaf(Leaf::Reg(reg)) = entry.value {
                self.banks[bank].cached[usize::from(reg)] = Held::local(local);
            }
            return Ok(());
        }
        if self.select_into(Target::slot(slot), &entry) {
            self.free(&entry);
            self.uncache(local);
            return Ok(());
        }
        if B::REGS == 0 || ty == Ty::V128 {
            let start = self.out.pos();
            self.put_into(&entry, slot)?;
            self.note_set(start, local, Target::slot(slot), entry.value);
            return Ok(());
        }
        // A value that is in a register already: store it, and remember that it is there.
        let in_register = match entry.value {
            Value::Leaf(Leaf::Reg(reg)) => Some(reg),
            Value::Leaf(Leaf::Local(other)) => self.banks[bank].register_of(other),
            _ => None,
        };
        if let Some(reg) = in_register {
            self.mov(Target::slot(slot), Leaf::Reg(reg), ty)?;
            self.free(&entry);
            self.uncache(local);
            if self.banks[bank].pinned[usize::from(reg)].is_none() {
                self.banks[bank].cached[usize::from(reg)] = Held::local(local);
            }
            return Ok(());
        }
        // Better one instruction less than a register.
        if let Value::Leaf(leaf) = entry.value
            && self.joins_moves()
            && let Some(x) = self.bits_operand(leaf, ty)
        {
            self.free(&entry);
            self.move_to_slot(slot, x, true)?;
            self.uncache(local);
            return Ok(());
        }
        self.free(&entry);
        let own = self.banks[bank]
            .register_of(local)
            .filter(|&reg| !self.banks[bank].busy[usize::from(reg)]);
        let reg = match own {
            Some(reg) => Some(reg),
            None => self.take(ty)?,
        };
        if let Some(reg) = reg {
            self.banks[bank].busy[usize::from(reg)] = false;
        }
        self.finish_local(local, &entry, reg)
    }
    fn finish_local(&mut self, local: u32, entry: &Entry, reg: Option<u8>) -> Result<(), Error> {
        let slot = self.locals[local as usize].slot;
        let bank = entry.ty.bank();
        let start = self.out.pos();
        if let Some(reg) = reg
            && self.compute(Target::both(reg, slot), entry.value, entry.ty)?
        {
            self.uncache(local);
            self.banks[bank].cached[usize::from(reg)] = Held::local(local);
            self.note_set(start, local, Target::both(reg, slot), entry.value);
            return Ok(());
        }
        // Two instructions in one, and then another that keeps the register.
        if let Some(reg) = reg
            && matches!(
                entry.value,
                Value::Choice(..)
                    | Value::Tree(_)
                    | Value::Load(_)
                    | Value::LoadBin(..)
                    | Value::LoadFirst(..)
            )
            && self.compute(Target::reg(reg), entry.value, entry.ty)?
        {
            self.mov(Target::slot(slot), Leaf::Reg(reg), entry.ty)?;
            self.uncache(local);
            self.banks[bank].cached[usize::from(reg)] = Held::local(local);
            return Ok(());
        }
        self.compute_into_slot(entry, slot)?;
        self.note_set(start, local, Target::slot(slot), entry.value);
        self.uncache(local);
        Ok(())
    }
    /// `local := entry`, where the local lives in `reg` throughout the loop.
    fn set_pinned(&mut self, local: u32, entry: Entry, reg: u8) -> Result<(), Error> {
        let slot = self.locals[local as usize].slot;
        self.free(&entry);
        if self.select_into(Target::both(reg, slot), &entry) {
            return Ok(());
        }
        let start = self.out.pos();
        if self.compute(Target::both(reg, slot), entry.value, entry.ty)? {
            self.note_set(start, local, Target::both(reg, slot), entry.value);
        } else {
            if !self.compute(Target::reg(reg), entry.value, entry.ty)? {
                self.compute_into_slot(&entry, slot)?;
                return self.mov(Target::reg(reg), Leaf::Slot(slot), entry.ty);
            }
            self.mov(Target::slot(slot), Leaf::Reg(reg), entry.ty)?;
        }
        Ok(())
    }
}
