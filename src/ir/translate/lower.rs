//! From pending operands to instructions: choosing places and handlers.

use super::condition::commutes;
use super::stack::{Addr, Entry, Held, Leaf, Load, LoadKind, Ty, Value};
use super::{Translator, trees};
use crate::ir::backend::gc::Check;
use crate::ir::backend::{AddressForm, Backend, Class, Dest, Fixed, Handler, Place};
use crate::ir::divide::Reciprocal;
use crate::tuning;
use crate::wasm::error::Error;
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::ops::{SimdOp, StoreOp};
use alloc::format;
use alloc::string::String;

/// The bytes of an operand.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    None,
    Slot(i32),
    Imm(u32),
    Long(u64),
    Check(Check),
}

/// The fields of a branch after its target.
pub type Fields = [Field; 4];

/// Where the result of an instruction goes, with its slot if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub dest: Dest,
    pub slot: i32,
}
impl Target {
    pub fn slot(slot: i32) -> Target {
        Target { dest: Dest::SLOT, slot }
    }
    pub fn reg(reg: u8) -> Target {
        Target { dest: Dest(reg), slot: 0 }
    }
    pub fn both(reg: u8, slot: i32) -> Target {
        Target { dest: Dest::both(reg), slot }
    }
    pub(super) fn text(self) -> String {
        match (self.dest.has_slot(), self.dest.register()) {
            (false, Some(reg)) => format!("r{reg}"),
            (true, Some(reg)) => format!("[{}]+r{reg}", self.slot),
            (_, None) => format!("[{}]", self.slot),
        }
    }
}

/// How numbers of this type are moved.
pub fn class(ty: Ty) -> Class {
    match ty {
        Ty::F32 => Class::F32,
        Ty::F64 => Class::F64,
        Ty::V128 => Class::V128,
        Ty::I32 | Ty::I64 | Ty::Ref => Class::Int,
    }
}

/// The 4-byte immediate that stands for these bits, if one does.
pub(super) fn immediate(bits: u64, ty: Ty) -> Option<u32> {
    match ty {
        Ty::I32 | Ty::F32 => Some(bits as u32),
        Ty::I64 | Ty::Ref => (bits as i64 == bits as i32 as i64).then_some(bits as u32),
        Ty::F64 => {
            let narrow = f64::from_bits(bits) as f32;
            (f64::from(narrow).to_bits() == bits).then(|| narrow.to_bits())
        }
        Ty::V128 => None,
    }
}

pub(super) fn place_text(place: Place, field: Field) -> String {
    match (place, field) {
        (Place(reg), _) if place.is_register() => format!("r{reg}"),
        (_, Field::Slot(slot)) => format!("[{slot}]"),
        (_, Field::Imm(bits)) => format!("{:#x}", bits),
        (_, Field::Long(bits)) => format!("{bits:#x}"),
        (_, Field::None | Field::Check(_)) => String::new(),
    }
}

pub(super) type Operand = (Place, Field);
/// Where operands are.
#[inline]
pub(super) fn places_of<const N: usize>(operands: &[Operand; N]) -> [Place; N] {
    // Not `map`, which is a call for each of them.
    let mut places = [Place::SLOT; N];
    for (i, place) in places.iter_mut().enumerate() {
        *place = operands[i].0;
    }
    places
}

/// A `select`, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selected {
    /// The instruction's bytes.
    code: (usize, usize),
    class: Class,
    x: [Operand; 3],
    /// The operand that it gives.
    slot: i32,
    leaf: Leaf,
}

/// What a store writes.
#[derive(Clone, Copy, Debug)]
pub enum StoreKind {
    Scalar(StoreOp),
    Vector(SimdOp),
}
impl StoreKind {
    pub fn text(self) -> &'static str {
        match self {
            StoreKind::Scalar(op) => op.text(),
            StoreKind::Vector(op) => op.text(),
        }
    }
    /// Bytes written.
    pub fn width(self) -> u32 {
        match self {
            StoreKind::Scalar(op) => op.width(),
            StoreKind::Vector(op) => op.width(),
        }
    }
    /// Its handler.
    pub fn find<B: Backend>(self, is_64: bool, form: AddressForm, x: Place) -> Option<Handler> {
        match self {
            StoreKind::Scalar(op) => B::store(op, is_64, form, x),
            StoreKind::Vector(op) => B::simd_store(op, is_64, form, x),
        }
    }
}

/// The handler of a load.
pub(super) fn find_load<B: Backend>(
    op: LoadKind,
    is_64: bool,
    d: Dest,
    form: AddressForm,
) -> Option<Handler> {
    match op {
        LoadKind::Scalar(op) => B::load(op, is_64, d, form),
        LoadKind::Vector(op) => B::simd_load(op, is_64, d, form),
    }
}

impl<B: Backend> Translator<'_, B> {
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub(super) fn field(&mut self, field: Field) {
        match field {
            Field::None => {}
            Field::Slot(slot) => self.out.slot(slot),
            Field::Imm(bits) => self.out.u32(bits),
            Field::Long(bits) => self.out.u64(bits),
            Field::Check(check) => {
                self.out.u64(check.word);
                self.out.u32(check.info);
            }
        }
    }
    #[inline]
    pub(super) fn target(&mut self, target: Target) {
        if target.dest.has_slot() {
            self.out.slot(target.slot);
        }
    }

    /// Where an operand is now. Constants that are no immediate give `None`.
    #[inline]
    pub(super) fn operand(&mut self, leaf: Leaf, ty: Ty) -> Option<Operand> {
        Some(match leaf {
            Leaf::Const(bits) => (Place::IMM, Field::Imm(immediate(bits, ty)?)),
            Leaf::Reg(reg) => (Place(reg), Field::None),
            Leaf::Slot(slot) => (Place::SLOT, Field::Slot(slot)),
            Leaf::Local(local) => match self.banks[ty.bank()].register_of(local) {
                Some(reg) => {
                    self.tick += 1;
                    self.banks[ty.bank()].used[usize::from(reg)] = self.tick;
                    (Place(reg), Field::None)
                }
                None => (Place::SLOT, Field::Slot(self.locals[local as usize].slot)),
            },
        })
    }
    /// Where an operand is that is moved as it is. Moves know 64 bits only and sign-extend
    /// immediates, but an i32 is zero-extended wherever it lies.
    #[inline]
    pub(super) fn moved_operand(&mut self, leaf: Leaf, ty: Ty) -> Option<Operand> {
        self.operand(leaf, if ty == Ty::I32 { Ty::I64 } else { ty })
    }
    /// The operand in a register or slot: constants are put into a register first.
    #[inline]
    pub(super) fn operand_not_const(
        &mut self,
        leaf: Leaf,
        ty: Ty,
        scratch: usize,
    ) -> Result<Operand, Error> {
        match leaf {
            Leaf::Const(_) => self.in_scratch(leaf, ty, scratch),
            _ => self.operand(leaf, ty).ok_or_else(|| self.out.no_handler("operand")),
        }
    }
    /// The operand in a slot: a local's own, or a scratch slot.
    pub(super) fn operand_in_slot(
        &mut self,
        leaf: Leaf,
        ty: Ty,
        scratch: usize,
    ) -> Result<Operand, Error> {
        match leaf {
            Leaf::Slot(slot) => Ok((Place::SLOT, Field::Slot(slot))),
            Leaf::Local(local) => Ok((Place::SLOT, Field::Slot(self.locals[local as usize].slot))),
            Leaf::Const(_) | Leaf::Reg(_) => self.in_scratch(leaf, ty, scratch),
        }
    }
    /// The operand as it is; a constant that is no immediate in a scratch slot.
    #[inline]
    pub(super) fn operand_or_scratch(
        &mut self,
        leaf: Leaf,
        ty: Ty,
        scratch: usize,
    ) -> Result<Operand, Error> {
        match self.operand(leaf, ty) {
            Some(operand) => Ok(operand),
            None => self.in_scratch(leaf, ty, scratch),
        }
    }
    pub(super) fn in_scratch(
        &mut self,
        leaf: Leaf,
        ty: Ty,
        scratch: usize,
    ) -> Result<Operand, Error> {
        let slot = self.scratch + scratch as i32;
        self.mov(Target::slot(slot), leaf, ty)?;
        Ok((Place::SLOT, Field::Slot(slot)))
    }

    // ---- single instructions -------------------------------------------------------------------

    /// `target := leaf`.
    #[inline]
    pub(super) fn mov(&mut self, target: Target, leaf: Leaf, ty: Ty) -> Result<(), Error> {
        if target.dest == Dest::SLOT
            && let Some(x) = self.bits_operand(leaf, ty)
        {
            return self.move_to_slot(target.slot, x, false);
        }
        let (place, field) = match self.moved_operand(leaf, ty) {
            Some(operand) => operand,
            None => match leaf {
                Leaf::Const(bits) => (Place::LONG, Field::Long(bits)),
                _ => return Err(self.out.no_handler("move")),
            },
        };
        let start = self.out.pos();
        let Some(handler) = B::mov(class(ty), target.dest, place) else {
            return Err(self.out.no_handler("move"));
        };
        self.out.list(|| format!("{} := {}", target.text(), place_text(place, field)));
        self.out.begin(handler);
        self.target(target);
        self.field(field);
        self.out.end();
        if target.dest.has_slot() && class(ty) == Class::Int && place != Place::LONG {
            self.note_move(start, target.slot, (place, field), target.dest.register());
        }
        Ok(())
    }

    /// Finds the form of a binary operation: a handler and its operands in order.
    pub(super) fn binary_form(
        &mut self,
        op: BinOp,
        ty: Ty,
        a: Leaf,
        b: Leaf,
        find: impl Fn(Place, Place) -> Option<Handler>,
    ) -> Result<(Handler, Operand, Operand), Error> {
        let mut pb = match (self.operand(b, ty), b) {
            (Some(operand), _) => operand,
            (None, Leaf::Const(bits)) if find(Place::SLOT, Place::LONG).is_some() => {
                (Place::LONG, Field::Long(bits))
            }
            (None, _) => self.in_scratch(b, ty, 1)?,
        };
        let mut pa = match self.operand(a, ty) {
            Some(operand) if operand.0 != Place::IMM || find(Place::IMM, pb.0).is_some() => operand,
            _ => self.operand_not_const(a, ty, 0)?,
        };
        if let Some(handler) = find(pa.0, pb.0) {
            return Ok((handler, pa, pb));
        }
        if commutes(op)
            && let Some(handler) = find(pb.0, pa.0)
        {
            return Ok((handler, pb, pa));
        }
        if pb.0.is_register() {
            pb = self.operand_in_slot(b, ty, 1)?;
            if let Some(handler) = find(pa.0, pb.0) {
                return Ok((handler, pa, pb));
            }
        }
        if pb.0 == Place::IMM {
            pb = self.in_scratch(b, ty, 1)?;
            if let Some(handler) = find(pa.0, pb.0) {
                return Ok((handler, pa, pb));
            }
        }
        pa = self.operand_in_slot(a, ty, 0)?;
        match find(pa.0, pb.0) {
            Some(handler) => Ok((handler, pa, pb)),
            None => Err(self.out.no_handler(op.text())),
        }
    }

    /// Writes the instruction of a value whose operands are ready. False: there is no handler with
    /// this target, and nothing was written.
    pub(super) fn compute(&mut self, target: Target, value: Value, ty: Ty) -> Result<bool, Error> {
        match value {
            Value::Leaf(leaf) => self.mov(target, leaf, ty)?,
            Value::Global(global) => {
                let Some(handler) = B::mov(class(ty), target.dest, Place::GLOBAL) else {
                    return Ok(false);
                };
                self.out.list(|| format!("{} := global {global}", target.text()));
                self.out.begin(handler);
                self.target(target);
                self.out.u32(global);
                self.out.end();
            }
            Value::GlobalSum(op, global, imm) => {
                return Ok(self.compute_global_sum(target, (op, global, imm)));
            }
            Value::GlobalFirst(op, global, b) => {
                return self.compute_global_compare(target, (op, global, b));
            }
            Value::Un(op, a) => {
                if B::unary(op, target.dest, Place::SLOT).is_none() {
                    return Ok(false);
                }
                let operand_ty = Ty::num(op.signature().0);
                let (place, field) = self.operand_not_const(a, operand_ty, 0)?;
                let Some(handler) = B::unary(op, target.dest, place) else {
                    return Err(self.out.no_handler(op.text()));
                };
                if op.can_trap() {
                    self.out.traps();
                }
                self.out.list(|| {
                    format!("{} := {} {}", target.text(), op.text(), place_text(place, field))
                });
                self.out.begin(handler);
                self.target(target);
                self.field(field);
                self.out.end();
            }
            Value::Bin(op, a, Leaf::Const(bits))
                if !tuning::SMALL && Reciprocal::of(op, bits).is_some() =>
            {
                return self.compute_divide(target, op, a, bits);
            }
            Value::Bin(op, a, b) => {
                if B::binary(op, target.dest, Place::SLOT, Place::SLOT).is_none() {
                    return Ok(false);
                }
                let operand_ty = Ty::num(op.signature().0);
                let find = |a, b| B::binary(op, target.dest, a, b);
                let (handler, a, b) = self.binary_form(op, operand_ty, a, b, find)?;
                (self.last_left, self.last_right) = (a, b);
                if op.can_trap() {
                    self.out.traps();
                }
                self.out.list(|| {
                    let (a, b) = (place_text(a.0, a.1), place_text(b.0, b.1));
                    format!("{} := {} {a} {b}", target.text(), op.text())
                });
                self.out.begin(handler);
                self.target(target);
                self.field(a.1);
                self.field(b.1);
                self.out.end();
            }
            Value::Not(op, a, b) => return self.compute_not(target, op, a, b),
            Value::Choice(choice, op, a, b) => {
                return self.compute_choice(target, (choice, op, a, b));
            }
            Value::Gc(value) => return self.compute_gc(target, value),
            Value::Vector(vector) => return self.compute_vector(target, vector),
            Value::Tree(tree) => return self.compute_tree(target, tree),
            Value::LoadBin(op, a, load) => return self.compute_load_bin(target, op, a, load),
            Value::LoadFirst(op, load, b) => {
                return self.compute_load_first(target, (op, load, b));
            }
            Value::LoadMask(load, mask, sense) => {
                return self.compute_load_mask(target, load, mask, sense);
            }
            Value::Load(load) => {
                let is_vector = matches!(load.op, LoadKind::Vector(_));
                if !self.is_short(load.memory, load.offset, is_vector) {
                    return self.far_load(target, load);
                }
                let Load { op, is_64, offset, address, .. } = load;
                let find = |form| find_load::<B>(op, is_64, target.dest, form);
                if find(trees::form(address, Place::SLOT)).is_none() {
                    return Ok(false);
                }
                let (form, fields) = self.address(address, is_64)?;
                let Some(handler) = find(form) else {
                    return Err(self.out.no_handler(op.text()));
                };
                if let AddressForm::One(place) = form {
                    self.last_address = (place, fields[0]);
                }
                self.out.traps();
                self.out.list(|| format!("{} := {} {form:?} +{offset}", target.text(), op.text()));
                self.out.begin(handler);
                self.target(target);
                self.out.access(offset, op.width());
                for field in fields {
                    self.field(field);
                }
                self.out.end();
            }
        }
        Ok(true)
    }
    /// A comparison, and then its negation.
    fn compute_not(&mut self, target: Target, op: BinOp, a: Leaf, b: Leaf) -> Result<bool, Error> {
        let result = match (target.dest.has_slot(), target.dest.register()) {
            (false, Some(reg)) => Leaf::Reg(reg),
            (true, None) => Leaf::Slot(target.slot),
            _ => return Ok(false),
        };
        let eqz = if op == BinOp::I64And { UnOp::I64Eqz } else { UnOp::I32Eqz };
        Ok(self.compute(target, Value::Bin(op, a, b), Ty::I32)?
            && self.compute(target, Value::Un(eqz, result), Ty::I32)?)
    }
    /// A load from another memory, or with an offset of more than 32 bits.
    fn far_load(&mut self, target: Target, load: Load) -> Result<bool, Error> {
        let Load { op, is_64, memory, offset, address: Addr::One(a) } = load else {
            return Err(self.out.no_handler("load"));
        };
        if target.dest != Dest::SLOT {
            return Ok(false);
        }
        let address_ty = if is_64 { Ty::I64 } else { Ty::I32 };
        let (place, field) = self.operand_in_slot(a, address_ty, 0)?;
        let form = self.far_form(memory, place);
        let Some(handler) = find_load::<B>(op, is_64, target.dest, form) else {
            return Err(self.out.no_handler(op.text()));
        };
        self.out.traps();
        self.out.list(|| format!("{} := {} memory {memory} +{offset}", target.text(), op.text()));
        match op {
            LoadKind::Vector(op) => self.begin_vector(handler, op),
            LoadKind::Scalar(_) => self.out.begin(handler),
        }
        self.target(target);
        self.out.u32(0);
        self.out.u64(offset);
        self.out.u32(memory);
        self.field(field);
        self.out.end();
        Ok(true)
    }
    /// The form and fields of an address in memory 0.
    pub(super) fn address(
        &mut self,
        address: Addr,
        is_64: bool,
    ) -> Result<(AddressForm, [Field; 2]), Error> {
        let ty = if is_64 { Ty::I64 } else { Ty::I32 };
        Ok(match address {
            Addr::One(a) => {
                let (place, field) = match self.operand(a, ty) {
                    Some(operand) if !tuning::SMALL => operand,
                    _ => self.operand_not_const(a, ty, 2)?,
                };
                (AddressForm::One(place), [field, Field::None])
            }
            // A small set has no other.
            _ if tuning::SMALL => return Err(self.out.no_handler("address")),
            Addr::Imm(a, imm) => {
                let (place, field) = self.operand_not_const(a, ty, 2)?;
                (AddressForm::Imm(place), [Field::Imm(imm), field])
            }
            Addr::Sum(a, b) => {
                let [mut a, mut b] = self.address_parts(a, b, ty)?;
                if a.0.0 > b.0.0 {
                    core::mem::swap(&mut a, &mut b);
                }
                (AddressForm::Sum(a.0, b.0), [a.1, b.1])
            }
            Addr::Scaled(a, b) => {
                let [a, b] = self.address_parts(a, b, ty)?;
                (AddressForm::Scaled(a.0, b.0), [a.1, b.1])
            }
            Addr::Shl(a) => {
                let (place, field) = self.operand_not_const(a, ty, 2)?;
                (AddressForm::Shl(place), [field, Field::None])
            }
            Addr::MaskShl(a, mask) => {
                let (place, field) = self.operand_not_const(a, ty, 2)?;
                (AddressForm::MaskShl(place), [Field::Imm(mask), field])
            }
            Addr::Deref(a, end, width) => {
                let (place, field) = self.operand_not_const(a, ty, 2)?;
                (AddressForm::Deref(place, width), [Field::Imm(end), field])
            }
            Addr::Global(global) => {
                (AddressForm::One(Place::GLOBAL), [Field::Imm(global), Field::None])
            }
            Addr::GlobalImm(global, imm) => {
                (AddressForm::Imm(Place::GLOBAL), [Field::Imm(imm), Field::Imm(global)])
            }
        })
    }
    /// The two operands of an address. One that is both is read from a register and from its slot.
    fn address_parts(&mut self, a: Leaf, b: Leaf, ty: Ty) -> Result<[Operand; 2], Error> {
        let first = self.operand_not_const(a, ty, 2)?;
        let mut second = self.operand_not_const(b, ty, 3)?;
        if first.0 == second.0 && first.0.is_register() {
            second = self.operand_in_slot(b, ty, 3)?;
        }
        Ok([first, second])
    }
    /// The form and fields of an address of one operand, which is put into a slot.
    pub(super) fn address_in_slot(
        &mut self,
        load: Load,
    ) -> Result<(AddressForm, [Field; 2]), Error> {
        let ty = if load.is_64 { Ty::I64 } else { Ty::I32 };
        match load.address {
            Addr::One(a) => {
                let (place, field) = self.operand_in_slot(a, ty, 2)?;
                Ok((AddressForm::One(place), [field, Field::None]))
            }
            Addr::Imm(a, imm) => {
                let (place, field) = self.operand_in_slot(a, ty, 2)?;
                Ok((AddressForm::Imm(place), [Field::Imm(imm), field]))
            }
            _ => Err(self.out.no_handler("address")),
        }
    }

    // ---- operands into places ------------------------------------------------------------------

    /// Computes an operand, whose registers are free already, into a slot.
    pub(super) fn compute_into_slot(&mut self, entry: &Entry, slot: i32) -> Result<(), Error> {
        if entry.value == Value::Leaf(Leaf::Slot(slot)) {
            return Ok(());
        }
        if !self.compute(Target::slot(slot), entry.value, entry.ty)? {
            return Err(self.out.no_handler("slot"));
        }
        Ok(())
    }
    /// Computes an operand into its own slot.
    pub(super) fn write_out(&mut self, entry: &mut Entry) -> Result<(), Error> {
        self.free(entry);
        if !(entry.saved && matches!(entry.value, Value::Leaf(Leaf::Reg(_)))) {
            self.compute_into_slot(entry, entry.slot)?;
        }
        entry.value = Value::Leaf(Leaf::Slot(entry.slot));
        self.reach(entry.slot)
    }
    /// Computes an operand that was popped into any slot.
    pub(super) fn put_into(&mut self, entry: &Entry, slot: i32) -> Result<(), Error> {
        self.free(entry);
        self.compute_into_slot(entry, slot)?;
        self.reach(slot)
    }
    /// Makes the operand at index `i` a leaf: computes it into a register, or its slot.
    pub(super) fn make_leaf(&mut self, i: usize) -> Result<(), Error> {
        if !matches!(self.stack[i].value, Value::Leaf(_)) {
            self.stack[i] = self.computed(i, self.stack[i])?;
        }
        Ok(())
    }
    /// Computes the operand at index `i`, even if it is a leaf, into a register or its slot.
    #[inline]
    pub(super) fn computed(&mut self, i: usize, mut entry: Entry) -> Result<Entry, Error> {
        self.free(&entry);
        entry.saved = false;
        // Its registers are free now; nothing that makes room may touch it any more.
        self.stack[i].value = Value::Leaf(Leaf::Const(0));
        let bank = entry.ty.bank();
        match self.take(entry.ty)? {
            Some(reg) if self.compute(Target::reg(reg), entry.value, entry.ty)? => {
                self.banks[bank].cached[usize::from(reg)] = match entry.value {
                    Value::Global(global) => self.held_global(global, entry.ty),
                    _ => Held::NONE,
                };
                entry.value = Value::Leaf(Leaf::Reg(reg));
            }
            other => {
                if let Some(reg) = other {
                    self.banks[bank].busy[usize::from(reg)] = false;
                }
                self.compute_into_slot(&entry, entry.slot)?;
                self.reach(entry.slot)?;
                entry.value = Value::Leaf(Leaf::Slot(entry.slot));
            }
        }
        Ok(entry)
    }
    /// Notes that a slot is used.
    pub(super) fn reach(&mut self, slot: i32) -> Result<(), Error> {
        self.max_slot = self.max_slot.max(slot + 2);
        if slot > tuning::LAST_NEAR_SLOT {
            return Err(Error::limit(
                self.out.offset as usize,
                "function uses too many operand slots",
            ));
        }
        Ok(())
    }

    // ---- other instructions with operands ------------------------------------------------------

    /// An instruction `handler` with one operand after fixed fields.
    pub(super) fn with_operand(
        &mut self,
        entry: &Entry,
        constant: bool,
    ) -> Result<(Place, Field), Error> {
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("operand")) };
        let operand = if constant && !tuning::SMALL {
            match self.moved_operand(leaf, entry.ty) {
                Some(operand) => operand,
                None => self.in_scratch(leaf, entry.ty, 0)?,
            }
        } else {
            self.operand_not_const(leaf, entry.ty, 0)?
        };
        self.free(entry);
        Ok(operand)
    }
    /// The operand of a popped entry, in a slot.
    pub(super) fn slot_operand(&mut self, entry: &Entry, scratch: usize) -> Result<Operand, Error> {
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("operand")) };
        let operand = self.operand_in_slot(leaf, entry.ty, scratch)?;
        self.free(entry);
        Ok(operand)
    }

    /// `select`: the three operands are the top of the stack, all leaves.
    /// `turned`: the condition's negation.
    pub(super) fn emit_select(&mut self, ty: Ty, turned: bool) -> Result<(), Error> {
        let c = self.pop()?;
        let mut b = self.pop()?;
        let mut a = self.pop()?;
        if turned {
            core::mem::swap(&mut a.value, &mut b.value);
        }
        let (Value::Leaf(la), Value::Leaf(lb), Value::Leaf(lc)) = (a.value, b.value, c.value)
        else {
            return Err(self.out.no_handler("select"));
        };
        let constants = class(ty) == Class::Int && !tuning::SMALL;
        let mut place = |leaf, ty, n: usize, constant: bool| {
            if constant && let Some(operand) = self.moved_operand(leaf, ty) {
                return Ok(operand);
            }
            self.operand_not_const(leaf, ty, n)
        };
        let pa = place(la, ty, 0, constants)?;
        let mut pb = place(lb, ty, 1, constants)?;
        let pc = place(lc, c.ty, 2, false)?;
        if !tuning::SMALL && pa.0 == pb.0 && pa.0.is_register() {
            pb = self.operand_in_slot(lb, ty, 1)?;
        }
        for entry in [&a, &b, &c] {
            self.free(entry);
        }
        let mut target = Target::slot(a.slot);
        if B::select(class(ty), Dest(0), pa.0, pb.0, pc.0).is_some()
            && let Some(reg) = self.take_free(ty)?
        {
            self.banks[ty.bank()].cached[usize::from(reg)] = Held::NONE;
            target = Target::reg(reg);
        }
        let Some(handler) = B::select(class(ty), target.dest, pa.0, pb.0, pc.0) else {
            return Err(self.out.no_handler("select"));
        };
        let start = self.out.pos();
        self.write_select(handler, target, [pa, pb, pc]);
        self.reach(a.slot)?;
        let leaf = match target.dest {
            Dest::SLOT => Leaf::Slot(a.slot),
            Dest(reg) => Leaf::Reg(reg),
        };
        let (code, x, slot) = ((start, self.out.pos()), [pa, pb, pc], a.slot);
        if !tuning::SMALL {
            self.selected = Some(Selected { code, class: class(ty), x, slot, leaf });
        }
        self.stack.push(Entry::new(Value::Leaf(leaf), ty, a.slot));
        Ok(())
    }
    fn write_select(&mut self, handler: Handler, target: Target, x: [Operand; 3]) {
        self.out.list(|| {
            let [a, b, c] = x.map(|p| place_text(p.0, p.1));
            format!("{} := {c} ? {a} : {b}", target.text())
        });
        self.out.begin(handler);
        self.target(target);
        for operand in x {
            self.field(operand.1);
        }
        self.out.end();
    }
    /// If the operand, which was popped, is what a `select` that was just written gives: has it
    /// written somewhere else.
    pub(super) fn select_into(&mut self, target: Target, entry: &Entry) -> bool {
        let (Some(selected), false) = (self.selected.take(), tuning::SMALL) else { return false };
        let Selected { code, class, x, .. } = selected;
        let fresh = code.1 == self.out.pos() && self.out.label < code.1;
        let same = entry.value == Value::Leaf(selected.leaf) && entry.slot == selected.slot;
        if !fresh || !same || class == Class::V128 {
            return false;
        }
        let [a, b, c] = places_of(&x);
        let Some(handler) = B::select(class, target.dest, a, b, c) else { return false };
        self.out.take_back(code.0);
        self.write_select(handler, target, x);
        true
    }

    /// An instruction without operands.
    pub(super) fn fixed(&mut self, op: Fixed) {
        self.out.list(|| format!("{op:?}"));
        self.out.begin(B::fixed(op));
        self.out.end();
    }
}
