//! Expressions of two operations: which ones are kept together, and how they are written.

use super::condition::{commutes, swapped};
use super::lower::{Field, Operand, StoreKind, Target, place_text, places_of};
use super::stack::{Load, LoadKind, Tree};
use super::*;
use crate::ir::backend::Handler;
use crate::ir::divide::Reciprocal;
use crate::wasm::ops::StoreOp;
use crate::wasm::types::NumType;

/// The place that a leaf may have at worst.
pub(super) fn likely(leaf: Leaf, ty: Ty) -> Option<Place> {
    match leaf {
        Leaf::Const(bits) => super::lower::immediate(bits, ty).map(|_| Place::IMM),
        _ => Some(Place::SLOT),
    }
}

/// Bytes of a number.
fn width_of(ty: NumType) -> u32 {
    if matches!(ty, NumType::I32 | NumType::F32) { 4 } else { 8 }
}

impl<B: Backend> Translator<'_, B> {
    /// `op` on the top two operands, if it goes together with what one of them is.
    pub(super) fn try_tree(&mut self, op: BinOp) -> Result<bool, Error> {
        let Some(below) = self.stack.len().checked_sub(2) else { return Ok(false) };
        if self.cx.deterministic && Ty::num(op.signature().0).bank() == 1 {
            // NaNs are made canonical after every operation.
            return Ok(false);
        }
        // What goes together with what is loaded last, or with a pending operation on the left, is
        // computed first.
        let any = Leaf::Slot(0);
        let first = match (self.stack[below].value, self.stack[below + 1].value) {
            _ if tuning::SMALL => None,
            (Value::Leaf(_), _) | (_, Value::Leaf(_)) => None,
            (Value::Bin(inner, x, y), _) if self.tree(op, inner, [x, y, any]).is_some() => {
                Some(below + 1)
            }
            (Value::Load(load), Value::Bin(..)) if self.load_compare(op, load, any).is_some() => {
                Some(below + 1)
            }
            (_, Value::Load(load)) if self.load_bin(op, any, load).is_some() => Some(below),
            (_, Value::Bin(inner, x, y))
                if swapped(op).is_some_and(|op| self.tree(op, inner, [x, y, any]).is_some()) =>
            {
                Some(below)
            }
            _ => None,
        };
        if let Some(first) = first {
            self.make_leaf(first)?;
        }
        let (a, b) = (self.stack[below].value, self.stack[below + 1].value);
        let value = match (a, b) {
            (Value::Leaf(a), Value::Load(load)) => self.load_bin(op, a, load).or_else(|| {
                let turned = swapped(op)?;
                self.load_compare(turned, load, a)
            }),
            (Value::Load(load), Value::Leaf(b)) => {
                // What comes after the load must not be able to change what it reads.
                let sum = if commutes(op) { self.load_bin(op, b, load) } else { None };
                sum.or_else(|| self.load_compare(op, load, b))
                    .or_else(|| self.load_imm(op, load, b))
            }
            (Value::Bin(inner, x, y), Value::Leaf(c)) => {
                self.tree(op, inner, [x, y, c]).or_else(|| self.tree_compare(op, inner, [x, y, c]))
            }
            (Value::Leaf(c), Value::Bin(inner, x, y)) => {
                swapped(op).and_then(|op| self.tree(op, inner, [x, y, c]))
            }
            _ => None,
        };
        let Some(value) = value else { return Ok(false) };
        self.pop()?;
        self.pop()?;
        self.push(value, Ty::num(op.signature().1))?;
        Ok(true)
    }
    fn tree(&self, outer: BinOp, inner: BinOp, x: [Leaf; 3]) -> Option<Value> {
        let (mut outer, mut x) = (outer, x);
        if let Some((op, negated)) = subtraction(outer, x[2]) {
            outer = op;
            x[2] = Leaf::Const(negated);
        }
        let ty = Ty::num(outer.signature().0);
        let places = [likely(x[0], ty)?, likely(x[1], ty)?, likely(x[2], ty)?];
        B::tree([outer, inner], Dest::SLOT, places)?;
        Some(Value::Tree(Tree { outer, inner, operands: x }))
    }
    /// `(a inner constant) op constant` as a value, if what comes next is a branch on it.
    fn tree_compare(&self, op: BinOp, inner: BinOp, x: [Leaf; 3]) -> Option<Value> {
        let [a, Leaf::Const(_), Leaf::Const(_)] = x else { return None };
        let is_variable = !matches!(a, Leaf::Const(_));
        if tuning::SMALL || !is_variable || !self.branches_next() {
            return None;
        }
        B::br_tree([op, inner], To::Target, Place::SLOT)?;
        Some(Value::Tree(Tree { outer: op, inner, operands: x }))
    }
    /// The low half of a pending value of 64 bits, if that is the same on the low halves.
    pub(super) fn narrowed(&self, value: Value) -> Option<Value> {
        match value {
            Value::Bin(op, a, b) => Some(Value::Bin(narrow(op, b)?, low(a), low(b))),
            Value::Tree(Tree { outer, inner, operands: [a, b, c] }) => {
                self.tree(narrow(outer, c)?, narrow(inner, b)?, [a, b, c].map(low))
            }
            Value::Load(load) => Some(Value::Load(Load { op: narrow_load(load.op)?, ..load })),
            _ => None,
        }
    }
    fn load_bin(&self, op: BinOp, a: Leaf, load: Load) -> Option<Value> {
        let LoadKind::Scalar(kind) = load.op else { return None };
        let place = likely(a, Ty::num(op.signature().0))?;
        if !self.is_near(load.memory, load.offset) || place != Place::SLOT {
            return None;
        }
        let form = form(load.address, Place::SLOT);
        B::binary_load((op, kind), load.is_64, Dest::SLOT, place, form)?;
        Some(Value::LoadBin(op, a, load))
    }

    /// Writes a tree; false: not with this target.
    pub(super) fn compute_tree(&mut self, target: Target, tree: Tree) -> Result<bool, Error> {
        let Tree { outer, inner, mut operands } = tree;
        let ty = Ty::num(outer.signature().0);
        let ops = [outer, inner];
        if super::condition::negated(outer).is_some() {
            // No branch has taken it.
            let [a, b, c] = operands;
            let slot = self.scratch;
            let inner = Value::Bin(inner, a, b);
            return Ok(self.compute(Target::slot(slot), inner, ty)?
                && self.compute(target, Value::Bin(outer, Leaf::Slot(slot), c), Ty::I32)?);
        }
        let likely = operands.map(|leaf| likely(leaf, ty).unwrap_or(Place::SLOT));
        if B::tree(ops, target.dest, likely).is_none() {
            return Ok(false);
        }
        let mut x: [Operand; 3] = [(Place::SLOT, Field::None); 3];
        for (operand, leaf) in x.iter_mut().zip(operands) {
            *operand = match self.operand(leaf, ty) {
                Some(operand) => operand,
                None => return Err(self.out.no_handler("tree")),
            };
        }
        let find = |x: &[Operand; 3]| B::tree(ops, target.dest, places_of(x));
        let in_order = x[0].0.0 <= x[1].0.0 || x[1].0 == Place::IMM;
        if !in_order && commutes(inner) {
            x.swap(0, 1);
            operands.swap(0, 1);
        }
        // A register is at most in the first two places at once.
        for (i, leaf) in operands.into_iter().enumerate().rev() {
            if find(&x).is_some() {
                break;
            }
            if x[i].0 != Place::IMM {
                x[i] = self.operand_in_slot(leaf, ty, i)?;
            }
        }
        let Some(handler) = find(&x) else { return Err(self.out.no_handler("tree")) };
        self.out.list(|| {
            let [a, b, c] = x.map(|(place, field)| place_text(place, field));
            format!("{} := ({} {a} {b}) {} {c}", target.text(), inner.text(), outer.text())
        });
        self.out.begin(handler);
        self.target(target);
        for (_, field) in x {
            self.field(field);
        }
        self.out.end();
        Ok(true)
    }
    /// A store of what an operation gives, if there is such an instruction; the value is on top of
    /// the stack, the address below.
    pub(super) fn store_bin(&mut self, op: StoreKind, arg: &MemArg) -> Result<bool, Error> {
        let (StoreKind::Scalar(store), Some(top)) = (op, self.stack.last()) else {
            return Ok(false);
        };
        let Value::Bin(bin, a, b) = top.value else { return Ok(false) };
        let (operand, result) = bin.signature();
        let whole = store.ty() == result && operand == result && store.width() == width_of(result);
        let has = |form| B::binary_store(bin, form, Place::SLOT, Place::SLOT).is_some();
        let near = !arg.is_64 && self.is_near(arg.memory, arg.offset);
        if !whole || !near || !has(AddressForm::One(Place::SLOT)) {
            return Ok(false);
        }
        let entry = self.pop()?;
        let (address_entry, address) = self.pop_address(arg, op.width(), has)?;
        self.settle_ordered()?;
        let (form, fields) = self.address(address, false)?;
        let find = |a, b| B::binary_store(bin, form, a, b);
        let (handler, a, b) = self.binary_form(bin, Ty::num(operand), a, b, find)?;
        self.free(&address_entry);
        self.free(&entry);
        self.out.traps();
        self.out.list(|| {
            let (a, b) = (place_text(a.0, a.1), place_text(b.0, b.1));
            format!("{} {form:?} +{} := {} {a} {b}", store.text(), arg.offset, bin.text())
        });
        self.out.begin(handler);
        self.out.access(arg.offset, op.width());
        for field in fields.into_iter().chain([a.1, b.1]) {
            self.field(field);
        }
        self.out.end();
        Ok(true)
    }
    /// Makes `load op leaf` one value, if a store comes next that writes it where that was loaded.
    /// What is not a leaf yet, and neither traps nor reads memory, is computed first.
    #[inline]
    pub(super) fn update_next(&mut self, op: BinOp) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        let [.., Entry { value: Value::Leaf(to), .. }, x, y] = &self.stack[..] else {
            return Ok(false);
        };
        let (to, top) = (*to, self.stack.len() - 1);
        let (load, other, at) = match (x.value, y.value) {
            (Value::Load(load), other) => (load, other, top),
            (other, Value::Load(load)) if commutes(op) && !matches!(other, Value::Leaf(_)) => {
                (load, other, top - 1)
            }
            _ => return Ok(false),
        };
        let ty = op.signature().0;
        let (written, place) = match other {
            Value::Leaf(b) => {
                let (op, b) = summed(op, b);
                (op, likely(b, Ty::num(ty)))
            }
            other => (op, Some(Place::SLOT).filter(|_| !other.is_ordered())),
        };
        let Some(place) = place.filter(|_| op.signature().1 == ty) else { return Ok(false) };
        let Some((store, offset)) = self.store_next() else { return Ok(false) };
        if offset != load.offset || self.updates(written, store, to, load, place).is_none() {
            return Ok(false);
        }
        self.make_leaf(at)?;
        let Value::Leaf(b) = self.stack[at].value else { return Ok(false) };
        let (op, b) = summed(op, b);
        self.pop()?;
        self.pop()?;
        self.push(Value::LoadFirst(op, load, b), Ty::num(ty))?;
        Ok(true)
    }
    /// Whether an operation, of a whole type, on a load gives what a store writes to the same place.
    fn updates(
        &self,
        op: BinOp,
        store: StoreOp,
        to: Leaf,
        load: Load,
        b: Place,
    ) -> Option<Handler> {
        let LoadKind::Scalar(kind) = load.op else { return None };
        let same = load.address == Addr::One(to) && matches!(to, Leaf::Local(_) | Leaf::Const(_));
        let near = !load.is_64 && self.is_near(load.memory, load.offset);
        let ty = kind.ty() == store.ty() && kind.width() == store.width();
        if !same || !near || !ty || (self.cx.deterministic && Ty::num(store.ty()).bank() == 1) {
            return None;
        }
        B::update(op, store, AddressForm::One(Place::SLOT), b)
    }
    /// A store of an operation on what is there, if there is such an instruction; the value is on
    /// top of the stack, the address below.
    pub(super) fn store_update(&mut self, op: StoreKind, arg: &MemArg) -> Result<bool, Error> {
        let (StoreKind::Scalar(store), [.., to, top], false) = (op, &self.stack[..], tuning::SMALL)
        else {
            return Ok(false);
        };
        let ((Value::LoadFirst(bin, load, b), _) | (Value::LoadBin(bin, b, load), true)) =
            (top.value, matches!(top.value, Value::LoadBin(op, ..) if commutes(op)))
        else {
            return Ok(false);
        };
        let Value::Leaf(to) = to.value else { return Ok(false) };
        let ty = Ty::num(bin.signature().0);
        let there = (load.memory, load.offset, load.is_64) == (arg.memory, arg.offset, arg.is_64);
        let place = likely(b, ty).filter(|_| there);
        if place.and_then(|place| self.updates(bin, store, to, load, place)).is_none() {
            return Ok(false);
        }
        let entry = self.pop()?;
        self.pop()?;
        self.settle_ordered()?;
        let (form, fields) = self.address(load.address, false)?;
        let (place, field) = self.operand_or_scratch(b, ty, 0)?;
        let Some(handler) = B::update(bin, store, form, place) else {
            return Err(self.out.no_handler(store.text()));
        };
        self.free(&entry);
        self.out.traps();
        self.out.list(|| {
            let b = place_text(place, field);
            format!("{} {form:?} +{} := it {} {b}", store.text(), arg.offset, bin.text())
        });
        self.out.begin(handler);
        self.out.access(arg.offset, op.width());
        for field in fields.into_iter().chain([field]) {
            self.field(field);
        }
        self.out.end();
        Ok(true)
    }
    /// A store of what a load gives, if there is such an instruction; the value is on top of the
    /// stack, the address below.
    pub(super) fn store_load(&mut self, op: StoreKind, arg: &MemArg) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        let (StoreKind::Scalar(store), Some(top)) = (op, self.stack.last()) else {
            return Ok(false);
        };
        let Value::Load(load) = top.value else { return Ok(false) };
        let width = op.width();
        let from = form(load.address, Place::SLOT);
        let near = |is_64: bool, memory, offset| !is_64 && self.is_near(memory, offset);
        if !near(load.is_64, load.memory, load.offset)
            || !near(arg.is_64, arg.memory, arg.offset)
            || load.op.width() != width
            || B::copy(width, from, AddressForm::One(Place::SLOT)).is_none()
        {
            return Ok(false);
        }
        let entry = self.pop()?;
        let (address_entry, address) =
            self.pop_address(arg, width, |to| B::copy(width, from, to).is_some())?;
        self.settle_ordered()?;
        let (from, sources) = self.address(load.address, false)?;
        let (to, targets) = self.address(address, false)?;
        let Some(handler) = B::copy(width, from, to) else {
            return Err(self.out.no_handler(store.text()));
        };
        self.free(&address_entry);
        self.free(&entry);
        self.out.traps();
        self.out.list(|| {
            let (load, store) = (load.offset, store.text());
            format!("{store} {to:?} +{} := load {from:?} +{load}", arg.offset)
        });
        self.out.begin(handler);
        for (offset, fields) in [(load.offset, sources), (arg.offset, targets)] {
            self.out.access(offset, width);
            for field in fields {
                self.field(field);
            }
        }
        self.out.end();
        Ok(true)
    }
    /// Writes an operation on a load; false: not with this target.
    pub(super) fn compute_load_bin(
        &mut self,
        target: Target,
        op: BinOp,
        a: Leaf,
        load: Load,
    ) -> Result<bool, Error> {
        let LoadKind::Scalar(kind) = load.op else { return Ok(false) };
        let find = |a, form| B::binary_load((op, kind), load.is_64, target.dest, a, form);
        if find(Place::SLOT, form(load.address, Place::SLOT)).is_none() {
            return Ok(false);
        }
        let (place, field) = self.operand_not_const(a, Ty::num(op.signature().0), 0)?;
        let (mut form, mut fields) = self.address(load.address, load.is_64)?;
        if find(place, form).is_none() {
            (form, fields) = self.address_in_slot(load)?;
        }
        let Some(handler) = find(place, form) else { return Err(self.out.no_handler("load")) };
        self.out.traps();
        self.out.list(|| {
            let (a, load_text) = (place_text(place, field), kind.text());
            format!("{} := {} {a} {load_text} {form:?} +{}", target.text(), op.text(), load.offset)
        });
        self.out.begin(handler);
        self.target(target);
        self.field(field);
        self.out.access(load.offset, load.op.width());
        for field in fields {
            self.field(field);
        }
        self.out.end();
        Ok(true)
    }
    /// Writes a division by a constant; false: not with this target.
    pub(super) fn compute_divide(
        &mut self,
        target: Target,
        op: BinOp,
        a: Leaf,
        bits: u64,
    ) -> Result<bool, Error> {
        if B::divide(op, target.dest, Place::SLOT).is_none() {
            return Ok(false);
        }
        let Some(reciprocal) = Reciprocal::of(op, bits) else { return Ok(false) };
        let (place, field) = self.operand_not_const(a, Ty::num(op.signature().0), 0)?;
        let Some(handler) = B::divide(op, target.dest, place) else {
            return Err(self.out.no_handler(op.text()));
        };
        self.out.list(|| {
            let a = place_text(place, field);
            format!("{} := {} {a} {:#x}", target.text(), op.text(), reciprocal.divisor)
        });
        self.out.begin(handler);
        self.target(target);
        self.field(field);
        self.out.u64(reciprocal.divisor);
        self.out.u64(reciprocal.magic);
        self.out.u64(reciprocal.shift);
        self.out.end();
        Ok(true)
    }
}

/// A store to an address of one operand, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    /// The instruction's bytes.
    pub code: (usize, usize),
    pub op: StoreOp,
    pub to: Operand,
    pub offset: u64,
    pub x: Operand,
}

impl<B: Backend> Translator<'_, B> {
    /// Writes a store as one with that which was just written, if there is such an instruction.
    pub(super) fn store_second(&mut self, second: Stored) -> bool {
        let Some(first) = self.stored.take() else { return false };
        let fresh = first.code.1 == self.out.pos() && self.out.label < first.code.1;
        if !fresh || first.op != second.op || first.to.0 != second.to.0 {
            return false;
        }
        let op = first.op;
        let Some(handler) = B::store_two(op, first.to.0, first.x.0, second.x.0) else {
            return false;
        };
        self.out.take_back(first.code.0);
        self.out.list(|| {
            let text = |store: Stored| {
                let (to, x) =
                    (place_text(store.to.0, store.to.1), place_text(store.x.0, store.x.1));
                format!("{} {to} +{} := {x}", op.text(), store.offset)
            };
            format!("{}, {}", text(first), text(second))
        });
        self.out.begin(handler);
        for store in [first, second] {
            self.out.access(store.offset, op.width());
            self.field(store.to.1);
        }
        self.field(first.x.1);
        self.field(second.x.1);
        self.out.end();
        true
    }
}

/// The form of an address whose operands are at the same place.
pub(super) fn form(address: Addr, place: Place) -> AddressForm {
    match address {
        Addr::One(Leaf::Const(_)) if !tuning::SMALL => AddressForm::One(Place::IMM),
        Addr::One(_) => AddressForm::One(place),
        Addr::Imm(..) => AddressForm::Imm(place),
        Addr::Sum(..) => AddressForm::Sum(place, place),
        Addr::Scaled(..) => AddressForm::Scaled(place, place),
        Addr::Shl(_) => AddressForm::Shl(place),
        Addr::MaskShl(..) => AddressForm::MaskShl(place),
        Addr::Deref(_, _, width) => AddressForm::Deref(place, width),
        Addr::Global(_) => AddressForm::One(Place::GLOBAL),
        Addr::GlobalImm(..) => AddressForm::Imm(Place::GLOBAL),
    }
}

/// A subtraction of a constant is an addition.
pub(super) fn subtraction(op: BinOp, b: Leaf) -> Option<(BinOp, u64)> {
    match (op, b) {
        (BinOp::I32Sub, Leaf::Const(c)) => {
            Some((BinOp::I32Add, u64::from((c as u32).wrapping_neg())))
        }
        (BinOp::I64Sub, Leaf::Const(c)) => Some((BinOp::I64Add, c.wrapping_neg())),
        _ => None,
    }
}

/// An operation and its second operand, as an addition if it subtracts a constant.
pub(super) fn summed(op: BinOp, b: Leaf) -> (BinOp, Leaf) {
    subtraction(op, b).map_or((op, b), |(op, bits)| (op, Leaf::Const(bits)))
}

/// The low half of an operand, for one who reads 32 bits.
fn low(leaf: Leaf) -> Leaf {
    match leaf {
        Leaf::Const(bits) => Leaf::Const(u64::from(bits as u32)),
        leaf => leaf,
    }
}

/// The load that gives the low half of what this one extends to 64 bits.
pub(super) fn narrow_load(op: LoadKind) -> Option<LoadKind> {
    let LoadKind::Scalar(op) = op else { return None };
    Some(LoadKind::Scalar(match op {
        LoadOp::I64Load8U => LoadOp::I32Load8U,
        LoadOp::I64Load8S => LoadOp::I32Load8S,
        LoadOp::I64Load16U => LoadOp::I32Load16U,
        LoadOp::I64Load16S => LoadOp::I32Load16S,
        LoadOp::I64Load32U | LoadOp::I64Load32S => LoadOp::I32Load,
        _ => return None,
    }))
}

/// The operation on 32 bits that gives the low half of this one, with `b` on the right.
fn narrow(op: BinOp, b: Leaf) -> Option<BinOp> {
    Some(match op {
        BinOp::I64Shl if matches!(b, Leaf::Const(n) if n % 64 < 32) => BinOp::I32Shl,
        BinOp::I64Add => BinOp::I32Add,
        BinOp::I64Sub => BinOp::I32Sub,
        BinOp::I64Mul => BinOp::I32Mul,
        BinOp::I64And => BinOp::I32And,
        BinOp::I64Or => BinOp::I32Or,
        BinOp::I64Xor => BinOp::I32Xor,
        _ => return None,
    })
}
