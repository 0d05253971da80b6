//! Comparisons with what is loaded: a branch on one is a single instruction. And other operations on it
//! and a constant.

use super::condition::{loop_word, with_sense};
use super::lower::{Field, Fields, immediate, place_text};
use super::stack::{Load, LoadKind};
use super::*;

/// A load of a number whose address is one operand, into a register and the slot of a local, just
/// written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loaded {
    /// The instruction's bytes.
    code: (usize, usize),
    local: u32,
    target: Target,
    load: Load,
    /// The place of the address.
    address: Place,
    field: Field,
}

impl<B: Backend> Translator<'_, B> {
    /// `load op b` as a value, if there are branches on it.
    pub(super) fn load_compare(&self, op: BinOp, load: Load, b: Leaf) -> Option<Value> {
        if tuning::SMALL {
            return None;
        }
        let LoadKind::Scalar(kind) = load.op else { return None };
        if load.is_64 || !self.is_near(load.memory, load.offset) {
            return None;
        }
        let place = trees::likely(b, Ty::num(kind.ty()))?;
        B::br_load(op, kind, To::Target, trees::form(load.address, Place::SLOT), place)?;
        Some(Value::LoadFirst(op, load, b))
    }
    /// `load op constant` as a value, if there is such an instruction.
    pub(super) fn load_imm(&self, op: BinOp, load: Load, b: Leaf) -> Option<Value> {
        if tuning::SMALL {
            return None;
        }
        let (op, b) = trees::summed(op, b);
        let (LoadKind::Scalar(kind), Leaf::Const(bits)) = (load.op, b) else { return None };
        if load.is_64 || !self.is_near(load.memory, load.offset) {
            return None;
        }
        immediate(bits, Ty::num(kind.ty()))?;
        B::load_imm((op, kind), Dest::SLOT, trees::form(load.address, Place::SLOT))?;
        Some(Value::LoadFirst(op, load, b))
    }
    /// Makes the pending comparison with a load that was popped one with a leaf.
    pub(super) fn load_first(&mut self, entry: Entry) -> Result<Entry, Error> {
        let Value::LoadFirst(op, load, b) = entry.value else { return Ok(entry) };
        if tuning::SMALL {
            return Ok(entry);
        }
        let ty = Ty::num(op.signature().0);
        self.stack.push(Entry { value: Value::Load(load), ty, ..entry });
        let loaded = self.pop_leaf()?;
        let Value::Leaf(leaf) = loaded.value else { return Err(self.out.no_handler("load")) };
        Ok(Entry { value: Value::Bin(op, leaf, b), ..entry })
    }
    /// Writes an operation on a load and something else, in two instructions if there is no such one;
    /// false: not with this target.
    pub(super) fn compute_load_first(
        &mut self,
        target: Target,
        (op, load, b): (BinOp, Load, Leaf),
    ) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        if self.compute_load_imm(target, op, load, b)? {
            return Ok(true);
        }
        if B::binary(op, target.dest, Place::SLOT, Place::SLOT).is_none() {
            return Ok(false);
        }
        // In a register it could take the place of what it is compared with.
        let slot = self.scratch;
        let ty = Ty::num(op.signature().0);
        let into_slot = self.compute(Target::slot(slot), Value::Load(load), ty)?;
        let result = Ty::num(op.signature().1);
        Ok(into_slot && self.compute(target, Value::Bin(op, Leaf::Slot(slot), b), result)?)
    }
    fn compute_load_imm(
        &mut self,
        target: Target,
        op: BinOp,
        load: Load,
        b: Leaf,
    ) -> Result<bool, Error> {
        if self.load_imm(op, load, b).is_none() {
            return Ok(false);
        }
        let (LoadKind::Scalar(kind), Leaf::Const(bits)) = (load.op, b) else { return Ok(false) };
        let find = |form| B::load_imm((op, kind), target.dest, form);
        let imm = immediate(bits, Ty::num(kind.ty()));
        let (Some(imm), true) = (imm, find(trees::form(load.address, Place::SLOT)).is_some())
        else {
            return Ok(false);
        };
        let (form, fields) = self.address(load.address, false)?;
        let Some(handler) = find(form) else { return Err(self.out.no_handler("load")) };
        self.out.traps();
        self.out.list(|| {
            let (kind, offset) = (kind.text(), load.offset);
            format!("{} := {} {kind} {form:?} +{offset} {imm:#x}", target.text(), op.text())
        });
        self.out.begin(handler);
        self.target(target);
        self.out.access(load.offset, load.op.width());
        self.field(fields[0]);
        self.out.u32(imm);
        self.out.end();
        Ok(true)
    }
    /// Makes `and`, if that is what comes, of a load and a constant one value, if what comes next is
    /// a branch on it. Gives whether it did.
    #[inline]
    pub(super) fn load_mask(&mut self, op: BinOp) -> Result<bool, Error> {
        if op != BinOp::I32And || tuning::SMALL {
            return Ok(false);
        }
        let [.., Entry { value: Value::Load(load), .. }, top] = &self.stack[..] else {
            return Ok(false);
        };
        let (load, Value::Leaf(Leaf::Const(mask))) = (*load, top.value) else { return Ok(false) };
        let LoadKind::Scalar(kind) = load.op else { return Ok(false) };
        let form = trees::form(load.address, Place::SLOT);
        let is_near = !load.is_64 && self.is_near(load.memory, load.offset);
        if !is_near || !self.branches_next() || B::br_mask(kind, true, To::Target, form).is_none() {
            return Ok(false);
        }
        self.pop()?;
        self.pop()?;
        self.push(Value::LoadMask(load, mask as u32, true), Ty::I32)?;
        Ok(true)
    }
    /// Writes that as several instructions; false: not with this target.
    pub(super) fn compute_load_mask(
        &mut self,
        target: Target,
        load: Load,
        mask: u32,
        sense: bool,
    ) -> Result<bool, Error> {
        if tuning::SMALL || target.dest.has_slot() == target.dest.register().is_some() {
            return Ok(false);
        }
        let slot = self.scratch;
        let mask = Leaf::Const(mask.into());
        let and = if sense { Value::Bin } else { Value::Not };
        let into_slot = self.compute(Target::slot(slot), Value::Load(load), Ty::I32)?;
        let and = and(BinOp::I32And, Leaf::Slot(slot), mask);
        Ok(into_slot && self.compute(target, and, Ty::I32)?)
    }
    /// The part before the target of a branch on a masked load, if there is such a branch.
    pub(super) fn branch_on_mask(
        &mut self,
        entry: &Entry,
        sense: bool,
        to: To,
    ) -> Result<Option<Fields>, Error> {
        if tuning::SMALL {
            return Ok(None);
        }
        let Value::LoadMask(load, mask, masked) = entry.value else { return Ok(None) };
        let LoadKind::Scalar(kind) = load.op else { return Ok(None) };
        let (form, fields) = self.address(load.address, false)?;
        let Some(handler) = B::br_mask(kind, sense == masked, to, form) else {
            return Err(self.out.no_handler("branch"));
        };
        self.free(entry);
        self.out.traps();
        self.out.list(|| {
            let word = if sense == masked { "if" } else { "unless" };
            let (loop_, text) = (loop_word(to), kind.text());
            format!("{loop_}branch {word} {text} {form:?} +{} i32.and {mask:#x}", load.offset)
        });
        self.out.begin(handler);
        Ok(Some([self.access_field(load), fields[0], Field::Imm(mask), Field::None]))
    }
    /// The part before the target of a branch on `load op b`, if there is such a branch.
    pub(super) fn branch_on_load(
        &mut self,
        entry: &Entry,
        sense: bool,
        to: To,
    ) -> Result<Option<Fields>, Error> {
        if tuning::SMALL {
            return Ok(None);
        }
        let (op, load, b) = match entry.value {
            Value::LoadFirst(op, load, b) => (op, load, b),
            Value::Load(load) => {
                let op = if entry.ty == Ty::I64 { BinOp::I64Ne } else { BinOp::I32Ne };
                (op, load, Leaf::Const(0))
            }
            _ => return Ok(None),
        };
        let (Some(op), LoadKind::Scalar(kind)) = (with_sense(op, sense), load.op) else {
            return Ok(None);
        };
        if self.load_compare(op, load, b).is_none() {
            return Ok(None);
        }
        let Some(x) = self.operand(b, Ty::num(kind.ty())) else { return Ok(None) };
        let (form, fields) = self.address(load.address, false)?;
        let Some(handler) = B::br_load(op, kind, to, form, x.0) else {
            return Err(self.out.no_handler(op.text()));
        };
        self.free(entry);
        self.out.traps();
        self.out.list(|| {
            let b = place_text(x.0, x.1);
            format!("branch if {} {form:?} +{} {} {b}", kind.text(), load.offset, op.text())
        });
        self.out.begin(handler);
        Ok(Some([self.access_field(load), fields[0], fields[1], x.1]))
    }
    /// The field of a near access.
    fn access_field(&self, load: Load) -> Field {
        Field::Imm(load.offset as u32 + load.op.width())
    }

    /// Notes that a local was loaded, from `start` on, if it was.
    pub(super) fn note_loaded(&mut self, start: usize, local: u32, target: Target, value: Value) {
        self.loaded = None;
        if !tuning::SMALL
            && let Value::Load(load) = value
            && matches!(load.address, Addr::One(_))
            && target.dest.register().is_some()
            && !load.is_64
            && self.is_near(load.memory, load.offset)
        {
            let (address, field) = self.last_address;
            let code = (start, self.out.pos());
            self.loaded = Some(Loaded { code, local, target, load, address, field });
        }
    }
    /// If the instruction just written loads the local: takes it back, and begins one that loads
    /// it and branches if it is (`sense`) or is not other than 0.
    pub(super) fn load_and_branch(&mut self, local: Leaf, sense: bool, to: To) -> Option<Fields> {
        if tuning::SMALL {
            return None;
        }
        let loaded = self.loaded.take()?;
        let fresh = loaded.code.1 == self.out.pos() && self.out.label < loaded.code.1;
        let LoadKind::Scalar(kind) = loaded.load.op else { return None };
        if !fresh || local != Leaf::Local(loaded.local) {
            return None;
        }
        let handler =
            B::br_loaded(kind, sense, to, loaded.target.dest.register()?, loaded.address)?;
        self.out.take_back(loaded.code.0);
        self.out.list(|| {
            let Loaded { target, load, address, .. } = loaded;
            let word = if sense { "if" } else { "unless" };
            format!(
                "{} := {} {address:?} +{}, branch {word}",
                target.text(),
                kind.text(),
                load.offset
            )
        });
        self.out.begin(handler);
        let access = self.access_field(loaded.load);
        Some([Field::Slot(loaded.target.slot), access, loaded.field, Field::None])
    }
}
