//! Which operands have which registers.

use super::stack::Tree;
use super::*;

impl<B: Backend> Translator<'_, B> {
    /// Gives the registers of an operand back.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub(super) fn free(&mut self, entry: &Entry) {
        match entry.value {
            _ if tuning::SMALL => self.free_pending(entry),
            Value::Leaf(Leaf::Reg(reg)) => {
                self.banks[entry.ty.bank()].busy[usize::from(reg)] = false;
            }
            Value::Leaf(_) => {}
            _ => self.free_pending(entry),
        }
    }
    #[cfg_attr(not(feature = "small"), inline(never))]
    fn free_pending(&mut self, entry: &Entry) {
        let banks = &mut self.banks;
        let mut release = |leaf: Leaf, ty: Ty| {
            if let Leaf::Reg(reg) = leaf {
                banks[ty.bank()].busy[usize::from(reg)] = false;
            }
        };
        let ty = match entry.value {
            Value::Vector(vector) => {
                return vector.operands().for_each(|(leaf, ty)| release(leaf, ty));
            }
            Value::Leaf(_) | Value::Global(_) | Value::GlobalSum(..) => entry.ty,
            Value::Un(op, _) => Ty::num(op.signature().0),
            Value::Bin(op, ..)
            | Value::Not(op, ..)
            | Value::Choice(_, op, ..)
            | Value::Tree(Tree { outer: op, .. }) => Ty::num(op.signature().0),
            Value::LoadBin(op, a, load) | Value::LoadFirst(op, load, a) => {
                release(a, Ty::num(op.signature().0));
                return load.address.leaves(|leaf| release(*leaf, Ty::I64));
            }
            Value::GlobalFirst(..) => Ty::I32,
            Value::Load(_) | Value::LoadMask(..) | Value::Gc(_) => Ty::I64,
        };
        entry.value.leaves(|leaf| release(*leaf, ty));
    }
    /// Takes a register; the oldest cached local makes room, or the oldest operand. The caller
    /// forgets the cached local once the instruction is written: operands are read before the
    /// result is, so that the local's register serves as operand and result.
    #[inline]
    pub(super) fn take(&mut self, ty: Ty) -> Result<Option<u8>, Error> {
        let bank = ty.bank();
        let regs = self.registers_here(ty);
        let pick = |b: &super::stack::Bank| {
            (0..regs)
                .filter(|&r| !b.busy[r] && b.pinned[r].is_none())
                .min_by_key(|&r| if b.cached[r].is_none() { 0 } else { b.used[r] })
        };
        let reg = loop {
            if let Some(reg) = pick(&self.banks[bank]) {
                break reg;
            }
            if regs == 0 || !self.spill(bank)? {
                return Ok(None);
            }
        };
        self.tick += 1;
        self.banks[bank].used[reg] = self.tick;
        self.banks[bank].busy[reg] = true;
        Ok(Some(reg as u8))
    }
    /// How many registers values of this type use where this is.
    fn registers_here(&self, ty: Ty) -> usize {
        let all = if ty == Ty::V128 { B::VECTOR_REGS } else { B::REGS };
        if self.in_loop == 0 { all.min(tuning::REGISTERS_OUTSIDE) } else { all }
    }
    /// Writes the oldest operand that holds a register of this bank to its slot; false: there is
    /// none.
    fn spill(&mut self, bank: usize) -> Result<bool, Error> {
        for i in self.settled..self.stack.len() {
            let mut entry = self.stack[i];
            let before = [self.banks[0].busy, self.banks[1].busy];
            self.free(&entry);
            if before[bank] == self.banks[bank].busy {
                // Of the other bank it may hold some, and keeps them.
                (self.banks[0].busy, self.banks[1].busy) = (before[0], before[1]);
                continue;
            }
            self.write_out(&mut entry)?;
            self.stack[i] = entry;
            return Ok(true);
        }
        Ok(false)
    }
    /// Takes a register if one is free: when places are chosen already, spilling comes too late.
    pub(super) fn take_free(&mut self, ty: Ty) -> Result<Option<u8>, Error> {
        let bank = &self.banks[ty.bank()];
        let regs = self.registers_here(ty);
        let free = (0..regs).any(|r| !bank.busy[r] && bank.pinned[r].is_none());
        if free { self.take(ty) } else { Ok(None) }
    }
}
