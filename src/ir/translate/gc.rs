//! Structures, arrays, casts and i31s.
//!
//! What only reads is a pending operand like a load. What allocates finds every operand and every
//! local in its slot: registers may hold copies of them, which stay valid, for nothing moves.

use super::blocks::Test;
use super::lower::{Field as Bytes, Fields, Target, place_text};
use super::stack::{Entry, Held, Leaf, Ty, Value};
use super::{Dest, Error, To, Translator};
use crate::ir::backend::gc::{Check, CheckKind, Filling};
use crate::ir::backend::{Backend, Place, SlowOp};
use crate::ir::cells::{CELL_SIZES, cell_bytes, cell_of};
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::object::{I31_KIND, ObjectKind};
use crate::wasm::ops::{LoadOp, OtherOp, StoreOp};
use crate::wasm::registry::{NEAR, TypeDef};
use crate::wasm::types::{FieldType, HeapType, RefType, StorageType, TypeId, ValType};
use alloc::format;

/// An operand that is read from an object, or says something of a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gc {
    Field { op: LoadOp, offset: u32, of: Leaf },
    Element { op: LoadOp, of: Leaf, index: Leaf },
    ArrayLen(Leaf),
    I31 { signed: bool, of: Leaf },
    Is { check: Check, of: Leaf },
}
impl Gc {
    /// Calls `f` with every leaf.
    pub fn leaves(&self, mut f: impl FnMut(&Leaf)) {
        match self {
            Gc::Field { of, .. } | Gc::ArrayLen(of) | Gc::I31 { of, .. } | Gc::Is { of, .. } => {
                f(of);
            }
            Gc::Element { of, index, .. } => {
                f(of);
                f(index);
            }
        }
    }
    /// Whether it can trap, or reads what can change.
    pub fn is_ordered(&self) -> bool {
        !matches!(self, Gc::Is { .. })
    }
}

/// The load of a value of this storage.
fn load_op(storage: StorageType, signed: bool) -> Option<LoadOp> {
    Some(match (storage, signed) {
        (StorageType::I8, true) => LoadOp::I32Load8S,
        (StorageType::I8, false) => LoadOp::I32Load8U,
        (StorageType::I16, true) => LoadOp::I32Load16S,
        (StorageType::I16, false) => LoadOp::I32Load16U,
        (StorageType::Val(ValType::I32), _) => LoadOp::I32Load,
        (StorageType::Val(ValType::I64 | ValType::Ref(_)), _) => LoadOp::I64Load,
        (StorageType::Val(ValType::F32), _) => LoadOp::F32Load,
        (StorageType::Val(ValType::F64), _) => LoadOp::F64Load,
        (StorageType::Val(ValType::V128), _) => return None,
    })
}
fn store_op(storage: StorageType) -> Option<StoreOp> {
    Some(match storage {
        StorageType::I8 => StoreOp::I32Store8,
        StorageType::I16 => StoreOp::I32Store16,
        StorageType::Val(ValType::I32) => StoreOp::I32Store,
        StorageType::Val(ValType::I64 | ValType::Ref(_)) => StoreOp::I64Store,
        StorageType::Val(ValType::F32) => StoreOp::F32Store,
        StorageType::Val(ValType::F64) => StoreOp::F64Store,
        StorageType::Val(ValType::V128) => return None,
    })
}
fn ty_of(storage: StorageType) -> Ty {
    match storage {
        StorageType::I8 | StorageType::I16 => Ty::I32,
        StorageType::Val(ty) => Ty::of(ty),
    }
}

impl<'m, B: Backend> Translator<'m, B> {
    pub(super) fn def(&self, id: u32) -> Result<&'m TypeDef, Error> {
        let def = self.cx.registry.lookup(TypeId(id));
        def.map(|def| &**def).ok_or_else(|| self.out.no_handler("type"))
    }
    fn struct_field(&self, ty: u32, field: u32) -> Result<(FieldType, u32), Error> {
        let def = self.def(ty)?;
        let place = def.layout.fields.get(field as usize);
        match (def.fields().and_then(|fields| fields.get(field as usize)), place) {
            (Some(&ty), Some(place)) => Ok((ty, place.offset)),
            _ => Err(self.out.no_handler("field")),
        }
    }
    fn element(&self, ty: u32) -> Result<FieldType, Error> {
        self.def(ty)?.element().ok_or_else(|| self.out.no_handler("element"))
    }
    fn leaf_of(&self, entry: &Entry) -> Result<Leaf, Error> {
        match entry.value {
            Value::Leaf(leaf) => Ok(leaf),
            _ => Err(self.out.no_handler("operand")),
        }
    }
    pub(super) fn pop_one(&mut self) -> Result<Leaf, Error> {
        let entry = self.pop_leaf()?;
        self.leaf_of(&entry)
    }

    /// Instructions of `Sink::gc`.
    pub(super) fn gc_instruction(&mut self, op: OtherOp, a: u32, b: u32) -> Result<(), Error> {
        use OtherOp as O;
        match op {
            O::StructNew | O::StructNewDefault => self.struct_new(a, op == O::StructNewDefault),
            O::StructGet | O::StructGetS | O::StructGetU => {
                self.struct_get(a, b, op == O::StructGetS)
            }
            O::StructSet => self.struct_set(a, b),
            O::ArrayGet | O::ArrayGetS | O::ArrayGetU => self.array_get(a, op == O::ArrayGetS),
            O::ArraySet => self.array_set(a),
            O::ArrayLen => {
                let of = self.pop_one()?;
                self.push(Value::Gc(Gc::ArrayLen(of)), Ty::I32)
            }
            O::I31GetS | O::I31GetU => {
                let of = self.pop_one()?;
                self.push(Value::Gc(Gc::I31 { signed: op == O::I31GetS, of }), Ty::I32)
            }
            O::RefI31 => self.ref_i31(),
            // External and internal references are the same bits.
            O::AnyConvertExtern | O::ExternConvertAny => Ok(()),
            O::ArrayNew => self.slow(SlowOp::ArrayNew, 2, &[Ty::Ref], a, 0),
            O::ArrayNewDefault => self.slow(SlowOp::ArrayNewDefault, 1, &[Ty::Ref], a, 0),
            O::ArrayNewFixed => self.slow(SlowOp::ArrayNewFixed, b as usize, &[Ty::Ref], a, b),
            O::ArrayNewData => self.slow(SlowOp::ArrayNewData, 2, &[Ty::Ref], a, b),
            O::ArrayNewElem => self.slow(SlowOp::ArrayNewElem, 2, &[Ty::Ref], a, b),
            O::ArrayFill => self.slow(SlowOp::ArrayFill, 4, &[], a, 0),
            O::ArrayCopy => self.slow(SlowOp::ArrayCopy, 5, &[], a, b),
            O::ArrayInitData => self.slow(SlowOp::ArrayInitData, 4, &[], a, b),
            O::ArrayInitElem => self.slow(SlowOp::ArrayInitElem, 4, &[], a, b),
            op => self.descriptor_instruction(op, a),
        }
    }

    // ---- structures ----------------------------------------------------------------------------

    fn struct_new(&mut self, ty: u32, default: bool) -> Result<(), Error> {
        let def = self.def(ty)?;
        let fields = &def.layout.fields;
        let (n, filling) = match default {
            true => (0, Filling::Default),
            false if def.layout.only_words => (fields.len(), Filling::Words(fields.len() as u32)),
            false => (fields.len(), Filling::Fields),
        };
        let in_use = self.live_slots();
        let slot = self.take_slots(n)?;
        let target = match self.take(Ty::Ref)? {
            Some(reg) => Target::reg(reg),
            None => Target::slot(slot),
        };
        let Some(handler) = B::new_struct(filling, target.dest) else {
            return Err(self.out.no_handler("struct.new"));
        };
        let size = u64::from(def.layout.size);
        self.fuel.add((size / crate::tuning::BYTES_PER_FUEL) as u32);
        let cell = cell_of(size);
        self.out.traps();
        self.out.list(|| format!("{} := new {filling:?} $type {ty} [{slot}]", target.text()));
        self.out.begin(handler);
        self.target(target);
        self.out.u64(core::ptr::from_ref(def) as u64);
        self.out.u32(cell.map_or(u32::MAX, cell_bytes));
        self.out.u16(u16::from(cell.unwrap_or(CELL_SIZES as u8)));
        self.out.slot(slot);
        self.out.u32(in_use as u32);
        self.out.end();
        self.reach(slot + 2)?;
        let leaf = match target.dest {
            Dest::SLOT => Leaf::Slot(slot),
            Dest(reg) => {
                self.banks[0].cached[usize::from(reg)] = Held::NONE;
                Leaf::Reg(reg)
            }
        };
        self.stack.push(Entry::new(Value::Leaf(leaf), Ty::Ref, slot));
        Ok(())
    }
    fn struct_get(&mut self, ty: u32, field: u32, signed: bool) -> Result<(), Error> {
        let (field, offset) = self.struct_field(ty, field)?;
        match load_op(field.storage, signed) {
            Some(op) => {
                let of = self.pop_one()?;
                self.push(Value::Gc(Gc::Field { op, offset, of }), ty_of(field.storage))
            }
            None => self.wide(1, false, Some(offset)),
        }
    }
    fn struct_set(&mut self, ty: u32, field: u32) -> Result<(), Error> {
        let (field, offset) = self.struct_field(ty, field)?;
        let Some(op) = store_op(field.storage) else { return self.wide(2, true, Some(offset)) };
        let value = self.pop_leaf()?;
        let object = self.pop_leaf()?;
        self.settle_ordered()?;
        let (a, a_field) = self.operand_not_const(self.leaf_of(&object)?, Ty::Ref, 1)?;
        let (x, x_field) = self.with_operand(&value, true)?;
        self.free(&object);
        let Some(handler) = B::field_store(op, a, x) else {
            return Err(self.out.no_handler("struct.set"));
        };
        self.out.traps();
        self.out.list(|| {
            let (a, x) = (place_text(a, a_field), place_text(x, x_field));
            format!("{a}.{offset} := {x} as {}", op.text())
        });
        self.out.begin(handler);
        self.out.u32(offset);
        self.field(a_field);
        self.field(x_field);
        self.out.end();
        Ok(())
    }

    // ---- arrays --------------------------------------------------------------------------------

    fn array_get(&mut self, ty: u32, signed: bool) -> Result<(), Error> {
        let element = self.element(ty)?;
        match load_op(element.storage, signed) {
            Some(op) => {
                let (of, index) = self.binary_operands()?;
                self.push(Value::Gc(Gc::Element { op, of, index }), ty_of(element.storage))
            }
            None => self.wide(2, false, None),
        }
    }
    fn array_set(&mut self, ty: u32) -> Result<(), Error> {
        let Some(op) = store_op(self.element(ty)?.storage) else {
            return self.wide(3, true, None);
        };
        self.leaves(3)?;
        let value = self.pop()?;
        let index = self.pop()?;
        let array = self.pop()?;
        self.settle_ordered()?;
        let (a, a_field) = self.operand_not_const(self.leaf_of(&array)?, Ty::Ref, 2)?;
        let (i, i_field) = self.operand_or_scratch(self.leaf_of(&index)?, Ty::I32, 1)?;
        let (x, x_field) = self.with_operand(&value, true)?;
        self.free(&array);
        self.free(&index);
        let Some(handler) = B::element_store(op, a, i, x) else {
            return Err(self.out.no_handler("array.set"));
        };
        self.out.traps();
        self.out.list(|| {
            let (a, i) = (place_text(a, a_field), place_text(i, i_field));
            format!("{a}[{i}] := {} as {}", place_text(x, x_field), op.text())
        });
        self.out.begin(handler);
        self.field(a_field);
        self.field(i_field);
        self.field(x_field);
        self.out.end();
        Ok(())
    }
    /// Reads or writes a v128: `n` operands, all in their slots; a field has an offset, an element
    /// an index.
    fn wide(&mut self, n: usize, store: bool, offset: Option<u32>) -> Result<(), Error> {
        let top = self.stack.last().map_or(0, |top| top.slot);
        let slot = self.take_slots(n)?;
        let value = if store { top } else { slot };
        self.out.traps();
        self.out.list(|| format!("v128 [{value}], of [{slot}] {offset:?}, store {store}"));
        self.out.begin(B::wide(store, offset.is_none()));
        self.out.slot(value);
        if let Some(offset) = offset {
            self.out.u32(offset);
        }
        self.out.slot(slot);
        if offset.is_none() {
            self.out.slot(slot + 1);
        }
        self.out.end();
        self.results_in_slots(slot, if store { &[] } else { &[Ty::V128] })
    }

    // ---- i31s and casts ------------------------------------------------------------------------

    fn ref_i31(&mut self) -> Result<(), Error> {
        let number = self.pop_one()?;
        if let Leaf::Const(bits) = number {
            return self.push_const(u64::from((bits as u32) << 1 | 1), Ty::Ref);
        }
        self.push(Value::Bin(BinOp::I32Shl, number, Leaf::Const(1)), Ty::I32)?;
        let shifted = self.pop_one()?;
        self.push(Value::Bin(BinOp::I32Or, shifted, Leaf::Const(1)), Ty::Ref)
    }
    /// How to see whether a reference is of a type.
    fn check(&self, ty: RefType) -> Result<Check, Error> {
        use HeapType as H;
        let kinds = |set: u8| (CheckKind::Kinds, u64::from(set), 0);
        let (kind, word, info) = match ty.heap {
            H::Any | H::Func | H::Extern | H::Exn => (CheckKind::Always, 0, 0),
            H::None | H::NoFunc | H::NoExtern | H::NoExn | H::Bottom => (CheckKind::Never, 0, 0),
            H::I31 => kinds(I31_KIND),
            H::Struct => kinds(ObjectKind::Struct as u8),
            H::Array => kinds(ObjectKind::Array as u8),
            H::Eq => kinds(I31_KIND | ObjectKind::Struct as u8 | ObjectKind::Array as u8),
            H::Defined(id) | H::Exact(id) => {
                let only = matches!(ty.heap, H::Exact(_));
                let def = self.def(id.0)?;
                let address = core::ptr::from_ref(def) as u64;
                let depth = def.depth();
                match def.func() {
                    Some(_) if only => (CheckKind::Deep, address, Check::FUNC | Check::ONLY),
                    Some(_) => (CheckKind::Deep, address, Check::FUNC),
                    None if only || def.is_final => (CheckKind::Exact, address, 0),
                    None if depth < NEAR => {
                        let info = (depth as u32) << Check::DEPTH_SHIFT;
                        (CheckKind::Near, u64::from(id.0), info)
                    }
                    None => (CheckKind::Deep, address, 0),
                }
            }
        };
        Ok(Check { kind, word, info: info | if ty.nullable { Check::NULL } else { 0 } })
    }
    pub(super) fn test_reference(&mut self, ty: RefType) -> Result<(), Error> {
        let check = self.check(ty)?;
        let of = self.pop_one()?;
        let entry = Entry::new(Value::Leaf(of), Ty::Ref, self.next_slot());
        let value = match (check.kind, ty.nullable) {
            (CheckKind::Always, true) => Value::Leaf(Leaf::Const(1)),
            (CheckKind::Never, false) => Value::Leaf(Leaf::Const(0)),
            (CheckKind::Always, false) => Value::Bin(BinOp::I64Ne, of, Leaf::Const(0)),
            (CheckKind::Never, true) => Value::Un(UnOp::I64Eqz, of),
            _ => Value::Gc(Gc::Is { check, of }),
        };
        if matches!(value, Value::Leaf(_)) {
            self.free(&entry);
        }
        self.push(value, Ty::I32)
    }
    pub(super) fn cast_reference(&mut self, ty: RefType) -> Result<(), Error> {
        let check = self.check(ty)?;
        if check.kind == CheckKind::Always && ty.nullable {
            return Ok(());
        }
        self.checked(|place| B::cast(check.kind, place), Some(check))
    }
    pub(super) fn check_non_null(&mut self) -> Result<(), Error> {
        self.checked(B::non_null, None)
    }
    /// An instruction that looks at the top operand, and leaves it as it is or traps.
    fn checked(
        &mut self,
        find: impl Fn(Place) -> Option<usize>,
        check: Option<Check>,
    ) -> Result<(), Error> {
        let top = self.stack.len() - 1;
        self.make_leaf(top)?;
        self.settle_ordered()?;
        let entry = self.stack[top];
        let (place, field) = self.operand_not_const(self.leaf_of(&entry)?, Ty::Ref, 0)?;
        let Some(handler) = find(place) else { return Err(self.out.no_handler("cast")) };
        self.out.traps();
        self.out.list(|| format!("check {check:?} {}", place_text(place, field)));
        self.out.begin(handler);
        if let Some(check) = check {
            self.out.u64(check.word);
            self.out.u32(check.info);
        }
        self.field(field);
        self.out.end();
        Ok(())
    }
    pub(super) fn branch_on_cast(
        &mut self,
        depth: u32,
        to: RefType,
        on_fail: bool,
    ) -> Result<(), Error> {
        let label = self.label(depth);
        let types = self.label_types(label);
        let n = types.1 - types.0;
        let check = self.check(to)?;
        self.leaves(1)?;
        self.settle_ordered()?;
        // A register keeps the reference although it is in its slot from here on.
        let of = self.leaf_of(&self.stack[self.stack.len() - 1])?;
        self.settle_top(n)?;
        let sense = !on_fail;
        let test = match (check.kind, to.nullable) {
            (CheckKind::Always, true) => Test::NonNull(Leaf::Const(u64::from(sense))),
            (CheckKind::Never, false) => Test::NonNull(Leaf::Const(u64::from(!sense))),
            (CheckKind::Always, false) if sense => Test::NonNull(of),
            (CheckKind::Always, false) => Test::Null(of),
            (CheckKind::Never, true) if sense => Test::Null(of),
            (CheckKind::Never, true) => Test::NonNull(of),
            _ => Test::Is { check, of, sense },
        };
        self.branch_on(label, n, test)?;
        self.fuel_point();
        Ok(())
    }
    /// The part before the target of a branch on a test.
    pub(super) fn condition_is(
        &mut self,
        check: Check,
        of: Leaf,
        sense: bool,
        to: To,
    ) -> Result<Fields, Error> {
        let (place, field) = self.operand_not_const(of, Ty::Ref, 0)?;
        let Some(handler) = B::br_is(check.kind, sense, to, place) else {
            return Err(self.out.no_handler("br_on_cast"));
        };
        self.out.list(|| format!("branch {sense} {check:?} {} {to:?}", place_text(place, field)));
        self.out.begin(handler);
        Ok([Bytes::Check(check), field, Bytes::None, Bytes::None])
    }

    // ---- writing -------------------------------------------------------------------------------

    /// See `Translator::compute`.
    pub(super) fn compute_gc(&mut self, target: Target, value: Gc) -> Result<bool, Error> {
        let d = target.dest;
        let slot = Place::SLOT;
        let exists = match value {
            Gc::Field { op, .. } => B::field_load(op, d, slot),
            Gc::Element { op, .. } => B::element_load(op, d, slot, slot),
            Gc::ArrayLen(_) => B::array_len(d, slot),
            Gc::I31 { signed, .. } => B::i31_get(signed, d, slot),
            Gc::Is { check, .. } => B::is(check.kind, d, slot),
        };
        if exists.is_none() {
            return Ok(false);
        }
        let (handler, fields) = match value {
            Gc::Field { op, offset, of } => {
                let (a, field) = self.operand_not_const(of, Ty::Ref, 0)?;
                (B::field_load(op, d, a), [Bytes::Imm(offset), field])
            }
            Gc::Element { op, of, index } => self.element_form(op, d, of, index)?,
            Gc::ArrayLen(of) => {
                let (a, field) = self.operand_not_const(of, Ty::Ref, 0)?;
                (B::array_len(d, a), [field, Bytes::None])
            }
            Gc::I31 { signed, of } => {
                let (a, field) = self.operand_not_const(of, Ty::Ref, 0)?;
                (B::i31_get(signed, d, a), [field, Bytes::None])
            }
            Gc::Is { check, of } => {
                let (a, field) = self.operand_not_const(of, Ty::Ref, 0)?;
                (B::is(check.kind, d, a), [Bytes::Check(check), field])
            }
        };
        let Some(handler) = handler else { return Err(self.out.no_handler("object")) };
        if value.is_ordered() {
            self.out.traps();
        }
        self.out.list(|| format!("{} := {value:?} {fields:?}", target.text()));
        self.out.begin(handler);
        self.target(target);
        for field in fields {
            self.field(field);
        }
        self.out.end();
        Ok(true)
    }
    fn element_form(
        &mut self,
        op: LoadOp,
        d: Dest,
        of: Leaf,
        index: Leaf,
    ) -> Result<(Option<usize>, [Bytes; 2]), Error> {
        let (a, a_field) = self.operand_not_const(of, Ty::Ref, 0)?;
        let (i, i_field) = self.operand_or_scratch(index, Ty::I32, 1)?;
        if let Some(handler) = B::element_load(op, d, a, i) {
            return Ok((Some(handler), [a_field, i_field]));
        }
        let (a, a_field) = self.operand_in_slot(of, Ty::Ref, 0)?;
        let (i, i_field) = self.operand_in_slot(index, Ty::I32, 1)?;
        Ok((B::element_load(op, d, a, i), [a_field, i_field]))
    }
}
