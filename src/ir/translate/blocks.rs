//! The parts of the walk that several instructions share: the frame, labels, calls, addresses.

use super::lower::Fields;
use super::stack::{LoadKind, Tree};
use super::*;
use crate::ir::backend::gc::Check;

/// What a conditional branch depends on.
pub(super) enum Test {
    /// An operand that was popped.
    Condition(Entry),
    /// A reference.
    NonNull(Leaf),
    /// A reference.
    Null(Leaf),
    /// Whether a reference passes (`sense`) or does not.
    Is { check: Check, of: Leaf, sense: bool },
}

impl<B: Backend> Translator<'_, B> {
    /// Lays out parameters and locals, and sets locals to zero.
    pub(super) fn lay_out(&mut self, info: &FuncInfo<'_>) -> Result<(), Error> {
        let params = info.ty.params.len();
        self.param_slots = info.ty.params.iter().map(|ty| ty.slots() as i32).sum();
        let mut slot = -(HEADER + self.param_slots);
        let mut far = tuning::LAST_NEAR_SLOT + 64;
        room::reserve(&mut self.locals, info.locals.len(), info.code_offset)?;
        for (i, &ty) in info.locals.iter().enumerate() {
            if i == params {
                slot = 0;
            }
            let ty = Ty::of(ty);
            let is_far = i >= params && slot as usize >= tuning::NEAR_LOCAL_SLOTS && slot > 0;
            let place = if is_far { &mut far } else { &mut slot };
            // References are always there to be found.
            let (set, zero) = (i < params, ty == Ty::Ref);
            self.locals.push(Local { ty, slot: *place, set, zero, next_set: None });
            *place += ty.slots();
        }
        let near = if info.locals.len() > params { slot } else { 0 };
        self.scratch = near;
        self.first_operand = near + SCRATCH;
        self.max_slot = self.first_operand;
        self.zero(0, near)?;
        self.zeroed = near;
        let first_far = tuning::LAST_NEAR_SLOT + 64;
        self.far_end = 0;
        if far > first_far {
            (self.max_slot, self.far_end) = (far, far);
            // One that instructions reach comes first.
            self.zero(tuning::LAST_NEAR_SLOT, far - tuning::LAST_NEAR_SLOT)?;
        }
        Ok(())
    }
    /// Moves between a far local and a near slot.
    pub(super) fn far(&mut self, op: Fixed, near: i32, far: i32, ty: Ty) {
        for half in 0..ty.slots() {
            self.out.list(|| format!("{op:?} [{}] [{}]", near + half, far + half));
            self.out.begin(B::fixed(op));
            self.out.slot(near + half);
            self.out.u16(0);
            self.out.u32((far + half) as u32);
            self.out.end();
        }
    }
    pub(super) fn is_far(&self, local: u32) -> bool {
        self.locals[local as usize].slot > tuning::LAST_NEAR_SLOT
    }

    /// The address operand on top of the stack; sums and shifts become part of the access, of
    /// `width` bytes, if `has` says that there is such a form.
    pub(super) fn pop_address(
        &mut self,
        arg: &MemArg,
        width: u32,
        has: impl Fn(AddressForm) -> bool,
    ) -> Result<(Entry, Addr), Error> {
        let near = !tuning::SMALL && self.is_near(arg.memory, arg.offset);
        if !arg.is_64
            && let Some(top) = self.stack.last_mut()
        {
            top.read_low_half();
        }
        if let Some(top) = self.stack.last()
            && near
            && let Some(address) = self.folded(&top.value, arg.is_64, width.trailing_zeros())
            && has(trees::form(address, Place::SLOT))
        {
            return Ok((self.pop()?, address));
        }
        let entry = self.pop_leaf()?;
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("address")) };
        Ok((entry, Addr::One(leaf)))
    }

    /// What a pending operation or load is as an address of an access of `1 << k` bytes.
    fn folded(&self, value: &Value, is_64: bool, k: u32) -> Option<Addr> {
        if let Value::Leaf(_) = value {
            return None;
        }
        if let &Value::Load(load) = value
            && let Addr::One(a) = load.address
            && !matches!(a, Leaf::Const(_))
            && let LoadKind::Scalar(LoadOp::I32Load | LoadOp::I64Load) = load.op
            && !(is_64 || load.is_64)
            && self.is_near(load.memory, load.offset)
        {
            let width = load.op.width();
            return Some(Addr::Deref(a, load.offset as u32 + width, width));
        }
        match *value {
            // A register serves several.
            Value::Global(global) if !is_64 && !self.is_read_soon(global) => {
                Some(Addr::Global(global))
            }
            value => folded(value, is_64, k),
        }
    }

    /// A conditional branch that carries the top `n` operands, which are in their slots.
    pub(super) fn branch_on(&mut self, label: usize, n: usize, test: Test) -> Result<(), Error> {
        self.escape_to(label);
        let is_return = self.control[label].kind == Kind::Func;
        if !is_return && self.in_position(label, n) {
            let to = match self.way_to(label) {
                // That of what follows.
                To::Target if self.cx.fuel => To::OrPay,
                to => to,
            };
            let fields = self.test(test, true, to)?;
            self.target_field(label);
            self.end_condition(fields);
            return Ok(());
        }
        // Around what the branch must do before it jumps.
        let mut skip = Patches::default();
        let fields = self.test(test, false, To::Target)?;
        self.out.forward(&mut skip);
        self.end_condition(fields);
        if is_return {
            self.emit_return()?;
        } else {
            self.copy_to_label(label, n)?;
            self.jump(label)?;
        }
        self.out.place(skip);
        Ok(())
    }
    pub(super) fn test(&mut self, test: Test, sense: bool, to: To) -> Result<Fields, Error> {
        match test {
            Test::Condition(entry) => self.condition(entry, sense, to),
            Test::NonNull(leaf) => self.condition_test(leaf, Ty::I64, sense, to),
            Test::Null(leaf) => self.condition_test(leaf, Ty::I64, !sense, to),
            Test::Is { check, of, sense: passes } => {
                self.condition_is(check, of, sense == passes, to)
            }
        }
    }

    /// Closes a block whose start was reached.
    pub(super) fn close(&mut self, control: Control, live: bool) -> Result<(), Error> {
        let n = control.results.1 - control.results.0;
        if live {
            self.settle_ordered()?;
            self.settle_top(n)?;
        }
        self.release_sets(control.first_set);
        let mut cache = control.cache;
        let mut patched = !control.patches.is_empty() || !control.caught.is_empty();
        let mut here = if live { Some(self.cache()) } else { None };
        self.out.place(control.patches);
        self.place_clauses(control.caught, control.delegated);
        if let Some((patches, other)) = control.otherwise {
            // An `if` without `else`: its operands are where they were.
            self.out.place(patches);
            here = Some(here.map_or(other, |here| meet(&here, &other)));
            patched = true;
        }
        if let Some(here) = here {
            cache = Some(cache.map_or(here, |cache| meet(&cache, &here)));
        }
        self.drop_to(control.height);
        self.set_pins(control.outer_pins);
        // Validation goes on after an end that cannot be reached: so does this. What is pinned stays
        // where it is, as ways that can be taken meet this one.
        let pins = self.pins();
        self.set_cache(&cache.unwrap_or(pins));
        self.push_in_slots(control.results)?;
        self.close_stretch(patched || control.kind == Kind::Loop);
        self.types.truncate(control.params.0);
        Ok(())
    }

    /// Leaves the function.
    pub(super) fn emit_return(&mut self) -> Result<(), Error> {
        self.escape_to(0);
        let n = self.results.1 - self.results.0;
        self.settle_ordered()?;
        let single = if n == 1 { Some(self.types[self.results.0]) } else { None };
        match single {
            _ if n == 0 && self.return_restoring(None) => {}
            _ if n == 0 => self.fixed(Fixed::Return),
            Some(ty) if ty != Ty::V128 => {
                // The operand stays on the symbolic stack: `br_if` goes on with it.
                let top = self.stack.len() - 1;
                if self.return_binary(top)? {
                    return Ok(());
                }
                self.make_leaf(top)?;
                let entry = self.stack[top];
                let (place, field) = self.with_operand(&entry, true)?;
                if class(ty) == Class::Int && self.return_restoring(Some((place, field))) {
                    return Ok(());
                }
                let Some(handler) = B::return_one(class(ty), place) else {
                    return Err(self.out.no_handler("return"));
                };
                self.out.list(|| format!("return {}", place_text(place, field)));
                self.out.begin(handler);
                self.field(field);
                self.out.end();
            }
            _ => {
                self.settle_top(n)?;
                let first = self.stack[self.stack.len() - n].slot;
                let count = self.next_slot() - first;
                self.out.list(|| format!("return [{first}] × {count}"));
                self.out.begin(B::fixed(Fixed::ReturnMany));
                self.out.slot(first);
                self.out.u16(self.param_slots as u16);
                self.out.u16(count as u16);
                self.out.end();
            }
        }
        Ok(())
    }

    /// Returns the operand at index `top`, if it is to be computed and there is an instruction that
    /// does both.
    fn return_binary(&mut self, top: usize) -> Result<bool, Error> {
        let Entry { value: Value::Bin(op, a, b), .. } = self.stack[top] else { return Ok(false) };
        if tuning::SMALL || B::return_binary(op, Place::SLOT, Place::SLOT).is_none() {
            return Ok(false);
        }
        let ty = Ty::num(op.signature().0);
        let (handler, a, b) = self.binary_form(op, ty, a, b, |a, b| B::return_binary(op, a, b))?;
        self.out.list(|| {
            let (a, b) = (place_text(a.0, a.1), place_text(b.0, b.1));
            format!("return {} {a} {b}", op.text())
        });
        self.out.begin(handler);
        self.field(a.1);
        self.field(b.1);
        self.out.end();
        Ok(true)
    }

    pub(super) fn begin_call(&mut self, op: Fixed, func: u32, start: i32) {
        self.out.traps();
        self.out.list(|| format!("{op:?} {func} [{start}]"));
        self.out.begin(B::fixed(op));
    }
    pub(super) fn call_fields(&mut self, start: i32, slots: i32, tail: bool) {
        if tail {
            self.escape_to(0);
            self.tail_fields(start, slots);
        } else {
            self.out.slot(start + slots + HEADER);
        }
    }
    /// A call through a reference or a table, whose operand was popped.
    pub(super) fn call_through(
        &mut self,
        ty: &FuncType,
        tail: bool,
        callee: Entry,
        table: Option<(u32, bool, TypeId)>,
    ) -> Result<(), Error> {
        let (start, slots) = self.arguments(ty)?;
        let (place, field) = self.with_operand(&callee, false)?;
        let handler = match table {
            Some((_, is_64, _)) => B::call_indirect(is_64, tail, place),
            None => B::call_ref(tail, place),
        };
        let Some(handler) = handler else { return Err(self.out.no_handler("call")) };
        self.out.traps();
        self.out.list(|| {
            let to = if tail { "return_call" } else { "call" };
            let callee = place_text(place, field);
            match table {
                Some((table, ..)) => format!("{to}_indirect {table} {callee} [{start}]"),
                None => format!("{to}_ref {callee} [{start}]"),
            }
        });
        self.out.begin(handler);
        if let Some((table, _, id)) = table {
            self.out.u32(table);
            self.out.u32(id.0);
        }
        self.call_fields(start, slots, tail);
        self.field(field);
        self.out.end();
        if !tail {
            self.call_results(ty)?;
        }
        Ok(())
    }
    pub(super) fn binary_operands(&mut self) -> Result<(Leaf, Leaf), Error> {
        self.leaves(2)?;
        let b = self.pop()?;
        let a = self.pop()?;
        match (a.value, b.value) {
            (Value::Leaf(a), Value::Leaf(b)) => Ok((a, b)),
            _ => Err(self.out.no_handler("operand")),
        }
    }
    /// `table.grow` and such: results and operands are addresses of this width.
    pub(super) fn table_op(
        &mut self,
        op: SlowOp,
        n: usize,
        result: Option<Ty>,
        a: u32,
        b: u32,
    ) -> Result<(), Error> {
        match result {
            Some(ty) => self.slow(op, n, &[ty], a, b),
            None => self.slow(op, n, &[], a, b),
        }
    }
    pub(super) fn dead_block(&mut self) -> Result<(), Error> {
        self.open(Kind::Block, BlockType { params: &[], results: &[] }, true)
    }
}

/// What a pending operation is as an address of an access of `1 << k` bytes.
fn folded(value: Value, is_64: bool, k: u32) -> Option<Addr> {
    use BinOp::*;
    let (add, shl, and) = if is_64 { (I64Add, I64Shl, I64And) } else { (I32Add, I32Shl, I32And) };
    let imm = |bits: u64| {
        let fits = !is_64 || bits as i64 == i64::from(bits as i32);
        fits.then_some(bits as u32)
    };
    let is_k = |leaf| leaf == Leaf::Const(u64::from(k));
    match value {
        Value::Bin(op, a, Leaf::Const(bits)) if op == add => Some(Addr::Imm(a, imm(bits)?)),
        Value::Bin(op, a, b) if op == add && !matches!(a, Leaf::Const(_)) => Some(Addr::Sum(a, b)),
        Value::Bin(op, a, n) if op == shl && is_k(n) => Some(Addr::Shl(a)),
        Value::Tree(Tree { outer, inner, operands: [a, Leaf::Const(mask), n] })
            if outer == shl && inner == and && is_k(n) =>
        {
            Some(Addr::MaskShl(a, imm(mask)?))
        }
        Value::Tree(Tree { outer, inner, operands: [b, n, a] })
            if outer == add && inner == shl && is_k(n) && !matches!(a, Leaf::Const(_)) =>
        {
            Some(Addr::Scaled(a, b))
        }
        Value::GlobalSum(I32Add, global, imm) if !is_64 => Some(Addr::GlobalImm(global, imm)),
        _ => None,
    }
}
