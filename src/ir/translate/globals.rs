//! Globals, and sums of one and a constant: how frames on the stack in memory come and go.

use super::lower::{Field, Fields, Operand, immediate, place_text};
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

/// `local := a + constant`, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summed {
    /// The instruction's bytes.
    code: (usize, usize),
    local: u32,
    target: Target,
    op: BinOp,
    a: Operand,
    imm: u32,
}

/// `global := a + constant`, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restored {
    /// The instruction's bytes.
    code: (usize, usize),
    op: BinOp,
    global: u32,
    a: Operand,
    imm: u32,
}

impl<B: Backend> Translator<'_, B> {
    /// What a register holds that a global was read into, or that was written to it. With fuel there
    /// are too many places where the host may come in between.
    pub(super) fn held_global(&self, global: u32, ty: Ty) -> Held {
        let number = matches!(ty, Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64);
        if tuning::SMALL || self.cx.fuel || !number {
            return Held::NONE;
        }
        Held::global(global).unwrap_or(Held::NONE)
    }
    /// Globals may have changed.
    pub(super) fn forget_globals(&mut self) {
        if tuning::SMALL {
            return;
        }
        for held in self.banks.iter_mut().flat_map(|bank| &mut bank.cached) {
            if held.is_global() {
                *held = Held::NONE;
            }
        }
    }
    /// A global was set to what is in a register; others may be the same one by another index.
    fn note_global_in(&mut self, reg: Option<u8>, global: u32, ty: Ty) {
        if tuning::SMALL {
            return;
        }
        self.forget_globals();
        let held = self.held_global(global, ty);
        if let Some(reg) = reg
            && self.banks[ty.bank()].cached[usize::from(reg)].is_none()
        {
            self.banks[ty.bank()].cached[usize::from(reg)] = held;
        }
    }
    /// Pushes a global: a register, if one holds it that no operand has.
    pub(super) fn get_global(&mut self, global: u32, ty: Ty) -> Result<(), Error> {
        let (held, bank) = (self.held_global(global, ty), ty.bank());
        if !tuning::SMALL
            && !held.is_none()
            && let Some(reg) = self.banks[bank].holding(held)
            && !self.banks[bank].busy[usize::from(reg)]
        {
            self.tick += 1;
            self.banks[bank].used[usize::from(reg)] = self.tick;
            self.banks[bank].busy[usize::from(reg)] = true;
            return self.push(Value::Leaf(Leaf::Reg(reg)), ty);
        }
        self.push(Value::Global(global), ty)
    }
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
    /// `op` on the top two operands, a global and another one, if it is a comparison that there is a
    /// branch on, and the branch comes next.
    pub(super) fn global_compare(&mut self, op: BinOp) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        let [.., below, top] = &self.stack[..] else { return Ok(false) };
        let (op, global, b) = match (below.value, top.value) {
            (Value::Global(global), Value::Leaf(b)) => (Some(op), global, b),
            (Value::Leaf(b), Value::Global(global)) => (condition::swapped(op), global, b),
            _ => return Ok(false),
        };
        let is_there = |op: &BinOp| B::br_global(*op, To::Target, Place::SLOT).is_some();
        let Some(op) = op.filter(is_there) else { return Ok(false) };
        if !self.branches_next() {
            return Ok(false);
        }
        self.pop()?;
        self.pop()?;
        self.push(Value::GlobalFirst(op, global, b), Ty::I32)?;
        Ok(true)
    }
    /// Writes that as two instructions; false: not with this target.
    pub(super) fn compute_global_compare(
        &mut self,
        target: Target,
        (op, global, b): (BinOp, u32, Leaf),
    ) -> Result<bool, Error> {
        if tuning::SMALL || B::binary(op, target.dest, Place::SLOT, Place::SLOT).is_none() {
            return Ok(false);
        }
        // In a register it could take the place of what it is compared with.
        let slot = self.scratch;
        let into_slot = self.compute(Target::slot(slot), Value::Global(global), Ty::I32)?;
        Ok(into_slot && self.compute(target, Value::Bin(op, Leaf::Slot(slot), b), Ty::I32)?)
    }
    /// The part before the target of a branch on a global or a comparison of one, if that is what the
    /// condition is.
    pub(super) fn branch_on_global(
        &mut self,
        entry: &Entry,
        sense: bool,
        to: To,
    ) -> Result<Option<Fields>, Error> {
        if tuning::SMALL {
            return Ok(None);
        }
        let (op, global, b) = match entry.value {
            Value::Global(global) => (BinOp::I32Ne, global, Leaf::Const(0)),
            Value::GlobalFirst(op, global, b) => (op, global, b),
            _ => return Ok(None),
        };
        let Some(op) = condition::with_sense(op, sense) else { return Ok(None) };
        let Some(x) = self.operand(b, Ty::I32) else { return Ok(None) };
        let Some(handler) = B::br_global(op, to, x.0) else { return Ok(None) };
        self.free(entry);
        self.out.list(|| {
            let (word, b) = (condition::loop_word(to), place_text(x.0, x.1));
            format!("{word}branch if global {global} {} {b}", op.text())
        });
        self.out.begin(handler);
        Ok(Some([Field::Imm(global), x.1, Field::None, Field::None]))
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
    /// Notes that a local was set to a sum of something and a constant, from `start` on, if it was.
    pub(super) fn note_sum(&mut self, start: usize, local: u32, target: Target, value: Value) {
        self.summed = None;
        if !tuning::SMALL
            && let Value::Bin(op @ (BinOp::I32Add | BinOp::I64Add), _, Leaf::Const(bits)) = value
            && let Some(imm) = immediate(bits, Ty::num(op.signature().0))
            && self.last_left.0 != Place::IMM
        {
            let (code, a) = ((start, self.out.pos()), self.last_left);
            self.summed = Some(Summed { code, local, target, op, a, imm });
        }
    }
    /// Whether everything that is pending below the top may be computed after a global was set.
    fn nothing_waits(&self) -> bool {
        let pending = &self.stack[self.settled.min(self.stack.len() - 1)..self.stack.len() - 1];
        let waits = |entry: &Entry| entry.value.is_ordered() || entry.value.reads_global();
        !pending.iter().any(waits)
    }
    /// If the instruction just written sets a local to a sum, and a global is to be set to that
    /// local: has it set both.
    fn sum_to_global(&mut self, global: u32, entry: &Entry) -> bool {
        if tuning::SMALL {
            return false;
        }
        let Some(summed) = self.summed.take() else { return false };
        let fresh = summed.code.1 == self.out.pos() && self.out.label < summed.code.1;
        let same = entry.value == Value::Leaf(Leaf::Local(summed.local));
        if !fresh || !same || !self.nothing_waits() {
            return false;
        }
        let Summed { target, op, a, imm, .. } = summed;
        let Some(handler) = B::global_tee(op, target.dest, a.0) else { return false };
        self.out.take_back(summed.code.0);
        self.out.list(|| {
            let a = place_text(a.0, a.1);
            format!("global {global} := {} := {} {a} {imm:#x}", target.text(), op.text())
        });
        self.out.begin(handler);
        self.out.u32(global);
        self.out.u32(imm);
        self.target(target);
        self.field(a.1);
        self.out.end();
        self.forget_globals();
        true
    }
    /// Begins a return of `x`, or of nothing, that sets a global first, if that was just written;
    /// false: it was not.
    pub(super) fn return_restoring(&mut self, x: Option<Operand>) -> bool {
        if tuning::SMALL {
            return false;
        }
        let Some(restored) = self.restored.take() else { return false };
        let Restored { code, op, global, a, imm } = restored;
        if code.1 != self.out.pos() || self.out.label >= code.1 {
            return false;
        }
        let Some(handler) = B::global_return(op, a.0, x.map(|x| x.0)) else { return false };
        self.out.take_back(code.0);
        self.out.list(|| {
            let x = x.map_or(String::new(), |x| format!(" {}", place_text(x.0, x.1)));
            format!("global {global} := {} + {imm:#x}, return{x}", place_text(a.0, a.1))
        });
        self.out.begin(handler);
        self.out.u32(global);
        self.out.u32(imm);
        self.field(a.1);
        if let Some((_, field)) = x {
            self.field(field);
        }
        self.out.end();
        true
    }
    /// If the instruction just written sets a local to a sum with the global that is to be set to
    /// that local: has it set both.
    fn add_to_global(&mut self, global: u32, entry: &Entry) -> bool {
        if tuning::SMALL {
            return false;
        }
        let Some(from) = self.from_global.take() else { return false };
        let fresh = from.code.1 == self.out.pos() && self.out.label < from.code.1;
        let same = from.global == global
            && self.nothing_waits()
            && entry.value == Value::Leaf(Leaf::Local(from.local));
        let Some(handler) = B::global_add(from.op, true, from.target.dest) else { return false };
        if !fresh || !same {
            return false;
        }
        self.out.take_back(from.code.0);
        let FromGlobal { target, imm, .. } = from;
        self.write_global_add(handler, target, global, imm);
        self.forget_globals();
        true
    }
    fn write_global_add(&mut self, handler: usize, target: Target, global: u32, imm: u32) {
        self.out.list(|| format!("global {global} += {imm:#x}, {} := it", target.text()));
        self.global_add_fields(handler, target, global, imm);
    }
    /// If the global is to be set to a sum of itself and a constant: does so, and keeps the sum in a
    /// register.
    fn grow_global(&mut self, global: u32, top: &Entry) -> Result<bool, Error> {
        if tuning::SMALL || B::REGS == 0 {
            return Ok(false);
        }
        let (op, imm) = match top.value {
            Value::GlobalSum(op, of, imm) if of == global => (op, imm),
            Value::Bin(op @ (BinOp::I32Add | BinOp::I64Add), Leaf::Reg(reg), Leaf::Const(bits)) => {
                let held = self.held_global(global, top.ty);
                let same = !held.is_none() && self.banks[0].cached[usize::from(reg)] == held;
                match immediate(bits, top.ty) {
                    Some(imm) if same => (op, imm),
                    _ => return Ok(false),
                }
            }
            _ => return Ok(false),
        };
        let entry = self.pop()?;
        self.free(&entry);
        self.settle_ordered()?;
        self.settle_globals()?;
        let Some(reg) = self.take(entry.ty)? else { return Err(self.out.no_handler("global.set")) };
        self.banks[0].busy[usize::from(reg)] = false;
        self.banks[0].cached[usize::from(reg)] = Held::NONE;
        let target = Target::reg(reg);
        let Some(handler) = B::global_add(op, true, target.dest) else {
            return Err(self.out.no_handler("global.set"));
        };
        self.write_global_add(handler, target, global, imm);
        self.note_global_in(Some(reg), global, entry.ty);
        Ok(true)
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
        if self.add_to_global(global, &top) || self.sum_to_global(global, &top) {
            self.pop()?;
            return Ok(());
        }
        if self.grow_global(global, &top)? {
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
        let start = self.out.pos();
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
        let reg = a.0.is_register().then_some(a.0.0).filter(|_| b.is_none());
        self.note_global_in(reg, global, Ty::of(ty));
        if let (Value::Bin(op, ..), Some((_, Field::Imm(imm)))) = (entry.value, b) {
            let code = (start, self.out.pos());
            self.restored = Some(Restored { code, op, global, a, imm });
        }
        Ok(())
    }
    /// A popped operand as a leaf.
    fn as_leaf(&mut self, entry: Entry) -> Result<Entry, Error> {
        self.stack.push(entry);
        self.pop_leaf()
    }
}
