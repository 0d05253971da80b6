//! Vectors: every instruction is an operation on leaves that is done when its value must exist.

use super::lower::{Field, Operand, StoreKind, Target, place_text, places_of};
use super::stack::{Load, LoadKind, Vector};
use super::*;
use crate::ir::backend::Handler;

impl<B: Backend> Translator<'_, B> {
    /// Keeps an immediate of 16 bytes; its number.
    pub(super) fn keep_wide(&mut self, bytes: [u8; 16]) -> Result<u32, Error> {
        room::push(&mut self.wide, bytes, self.out.offset as usize)?;
        Ok(self.wide.len() as u32 - 1)
    }
    /// Pushes a vector instruction, whose operands are the top of the stack.
    pub(super) fn vector(&mut self, op: SimdOp, lane: u32) -> Result<(), Error> {
        let (types, result) = op.signature();
        self.leaves(types.len())?;
        let mut operands = [Leaf::Const(0); 3];
        for operand in operands[..types.len()].iter_mut().rev() {
            let Value::Leaf(leaf) = self.pop()?.value else {
                return Err(self.out.no_handler(op.text()));
            };
            *operand = leaf;
        }
        let ty = result.map_or(Ty::V128, Ty::of);
        self.push(Value::Vector(Vector { op, lane, operands }), ty)
    }

    /// Writes a vector instruction whose operands are ready. False: there is no handler with this
    /// target, and nothing was written.
    pub(super) fn compute_vector(&mut self, target: Target, vector: Vector) -> Result<bool, Error> {
        let op = vector.op;
        let n = vector.operands().count();
        if B::simd(op, target.dest, &[Place::SLOT; 3][..n]).is_none() {
            return Ok(false);
        }
        let mut operands: [Operand; 3] = [(Place::SLOT, Field::None); 3];
        for (i, (leaf, ty)) in vector.operands().enumerate() {
            operands[i] = match self.operand(leaf, ty) {
                Some(operand) => operand,
                None => self.in_scratch(leaf, ty, 2)?,
            };
        }
        let find = |operands: &[Operand; 3]| B::simd(op, target.dest, &places_of(operands)[..n]);
        // What the handlers do not take goes into a slot: vectors to 0 and 2, a number to 2.
        let mut scratch = 0;
        for (i, (leaf, ty)) in vector.operands().enumerate() {
            if find(&operands).is_some() {
                break;
            }
            let at = if ty == Ty::V128 { scratch } else { 2 };
            if operands[i].0 != Place::SLOT {
                operands[i] = self.operand_in_slot(leaf, ty, at)?;
                scratch += 2;
            }
        }
        let Some(handler) = find(&operands) else { return Err(self.out.no_handler(op.text())) };
        self.out.list(|| {
            let mut text = format!("{} := {}", target.text(), op.text());
            for (place, field) in &operands[..n] {
                text = format!("{text} {}", place_text(*place, *field));
            }
            text
        });
        self.begin_vector(handler, op);
        self.target(target);
        for (_, field) in &operands[..n] {
            self.field(*field);
        }
        if vector.is_wide() {
            self.out.wide(self.wide[vector.lane as usize]);
        } else if op.shape().has_lane() {
            self.out.u16(vector.lane as u16);
        }
        self.out.end();
        Ok(true)
    }

    /// Begins a vector instruction. In a small set the handler serves many.
    pub(super) fn begin_vector(&mut self, handler: Handler, op: SimdOp) {
        self.out.begin(handler);
        if tuning::SMALL {
            self.out.u16(op as u16);
        }
    }
    /// Whether an access has the short form, which vectors of a small set have not.
    pub(super) fn is_short(&self, memory: u32, offset: u64, is_vector: bool) -> bool {
        !(tuning::SMALL && is_vector) && self.is_near(memory, offset)
    }
    /// A vector load that is no lane's.
    pub(super) fn vector_load(&mut self, op: SimdOp, arg: MemArg) -> Result<(), Error> {
        let has = |form| B::simd_load(op, arg.is_64, Dest::SLOT, form).is_some();
        let (_, address) = self.pop_address(&arg, op.width(), has)?;
        let MemArg { memory, offset, is_64 } = arg;
        let op = LoadKind::Vector(op);
        self.push(Value::Load(Load { op, is_64, memory, offset, address }), Ty::V128)
    }
    /// A load into a lane, or a store of one: vector and address in slots.
    pub(super) fn vector_lane(&mut self, op: SimdOp, arg: MemArg, lane: u8) -> Result<(), Error> {
        let vector = self.pop_leaf()?;
        let address = self.pop_leaf()?;
        self.settle_ordered()?;
        let (_, vector_field) = self.slot_operand(&vector, 0)?;
        let (place, address_field) = self.slot_operand(&address, 2)?;
        let loads = op.shape() == crate::wasm::ops::SimdShape::LoadLane;
        let form = self.far_form(arg.memory, place);
        let handler = if loads {
            B::simd_load(op, arg.is_64, Dest::SLOT, form)
        } else {
            B::simd_store(op, arg.is_64, form, Place::SLOT)
        };
        let Some(handler) = handler else { return Err(self.out.no_handler(op.text())) };
        self.out.traps();
        self.out.list(|| format!("{} memory {} +{}", op.text(), arg.memory, arg.offset));
        self.begin_vector(handler, op);
        if loads {
            self.target(Target::slot(address.slot));
        }
        self.far_fields(&arg, address_field);
        self.field(vector_field);
        self.out.u16(u16::from(lane));
        self.out.end();
        if loads {
            self.reach(address.slot)?;
            let value = Value::Leaf(Leaf::Slot(address.slot));
            self.stack.push(Entry::new(value, Ty::V128, address.slot));
        }
        Ok(())
    }

    /// A store: the value on top of the stack, the address below.
    pub(super) fn store_kind(&mut self, op: StoreKind, arg: MemArg) -> Result<(), Error> {
        if self.store_update(op, &arg)? || self.store_bin(op, &arg)? || self.store_load(op, &arg)? {
            return Ok(());
        }
        let mut value = self.pop_leaf()?;
        if let (StoreKind::Scalar(_), Value::Leaf(Leaf::Const(bits)), 0..=4) =
            (op, value.value, op.width())
            && class(value.ty) == Class::Int
            && !tuning::SMALL
        {
            // What is above is not written: a negative number is an immediate.
            value.value = Value::Leaf(Leaf::Const(bits as i32 as i64 as u64));
        }
        let has = |form| op.find::<B>(arg.is_64, form, Place::SLOT).is_some();
        let (address_entry, address) = self.pop_address(&arg, op.width(), has)?;
        self.settle_ordered()?;
        if !self.is_short(arg.memory, arg.offset, matches!(op, StoreKind::Vector(_))) {
            return self.far_store(op, arg, address_entry, value);
        }
        let (form, fields) = self.address(address, arg.is_64)?;
        let (place, field) = self.with_operand(&value, true)?;
        self.free(&address_entry);
        let Some(handler) = op.find::<B>(arg.is_64, form, place) else {
            return Err(self.out.no_handler(op.text()));
        };
        let stored = match (op, form) {
            (StoreKind::Scalar(op), AddressForm::One(to)) if !arg.is_64 && !tuning::SMALL => {
                let (to, x) = ((to, fields[0]), (place, field));
                Some(trees::Stored { code: (0, 0), op, to, offset: arg.offset, x })
            }
            _ => None,
        };
        if let Some(stored) = stored
            && self.store_second(stored)
        {
            return Ok(());
        }
        self.out.traps();
        self.out.list(|| {
            let x = place_text(place, field);
            format!("{} {form:?} +{} := {x}", op.text(), arg.offset)
        });
        let start = self.out.pos();
        self.out.begin(handler);
        self.out.access(arg.offset, op.width());
        for field in fields {
            self.field(field);
        }
        self.field(field);
        self.out.end();
        self.stored =
            stored.map(|stored| trees::Stored { code: (start, self.out.pos()), ..stored });
        Ok(())
    }
    /// The fields of an address in any memory.
    pub(super) fn far_fields(&mut self, arg: &MemArg, address: Field) {
        self.out.u32(0);
        self.out.u64(arg.offset);
        self.out.u32(arg.memory);
        self.field(address);
    }
    /// A store to another memory, or with an offset of more than 32 bits.
    fn far_store(
        &mut self,
        op: StoreKind,
        arg: MemArg,
        address: Entry,
        value: Entry,
    ) -> Result<(), Error> {
        let (place, address_field) = self.slot_operand(&address, 2)?;
        let (value_place, value_field) = self.slot_operand(&value, 0)?;
        let form = self.far_form(arg.memory, place);
        let Some(handler) = op.find::<B>(arg.is_64, form, value_place) else {
            return Err(self.out.no_handler(op.text()));
        };
        self.out.traps();
        self.out.list(|| format!("{} memory {} +{}", op.text(), arg.memory, arg.offset));
        match op {
            StoreKind::Vector(op) => self.begin_vector(handler, op),
            StoreKind::Scalar(_) => self.out.begin(handler),
        }
        self.far_fields(&arg, address_field);
        self.field(value_field);
        self.out.end();
        Ok(())
    }
}
