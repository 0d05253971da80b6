//! The translator as a listener of validation: one method per instruction or family.

use super::blocks::Test;
use super::lower::StoreKind;
use super::stack::{Load, LoadKind, Tree};
use super::*;
use crate::ir::code::Catches;
use crate::wasm::ops::SimdShape;
use crate::wasm::types::NumType;

impl<B: Backend> Sink for Translator<'_, B> {
    #[inline]
    fn listens(&self) -> bool {
        !(tuning::SMALL && self.cx.only_validates)
    }
    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Error> {
        self.out.clear(info.code_offset)?;
        self.code_start = info.code_offset;
        self.stack.clear();
        self.control.clear();
        self.types.clear();
        self.locals.clear();
        self.banks = [Bank::default(); 2];
        self.settled = 0;
        self.fuel.reset();
        self.clauses.clear();
        self.tries.clear();
        self.catches.clear();
        self.code.clear();
        room::extend(&mut self.code, info.code, info.code_offset)?;
        self.uses.clear();
        room::fill(&mut self.uses, info.locals.len(), 0, info.code_offset)?;
        self.touched.clear();
        self.wide.clear();
        if !tuning::SMALL {
            self.tables.clear();
            self.rotations.clear();
            self.tails.clear();
            self.near_end = scan::Tails::default();
            self.depths.clear();
            self.begun = usize::MAX;
        }
        self.in_loop = 0;
        self.returned = 0;
        self.added = None;
        self.copied = None;
        self.loaded = None;
        self.from_global = None;
        self.summed = None;
        self.stored = None;
        self.selected = None;
        self.restored = None;
        self.moved = None;
        self.argument = None;
        self.lay_out(info)?;
        self.open(Kind::Func, BlockType { params: &[], results: &info.ty.results }, false)?;
        self.results = self.control[0].results;
        self.fuel_point();
        // Setting a local to zero is work, too.
        let bytes = 8 * (info.locals.len() - info.ty.params.len()) as u64;
        self.fuel.add((bytes / tuning::BYTES_PER_FUEL) as u32);
        Ok(())
    }
    #[inline]
    fn at(&mut self, offset: usize) {
        self.out.offset = offset as u32;
        self.fuel.add(1);
    }
    fn finish(&mut self) -> Result<(), Error> {
        self.end_fuel();
        self.start = self.trim_zero();
        self.out.finish()
    }

    fn operands(&mut self, most: usize) -> Result<(), Error> {
        self.most_operands = most;
        self.make_room()
    }

    fn block(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> {
        if live {
            self.settle(0)?;
        }
        self.open(Kind::Block, ty, !live)?;
        self.note_tail()
    }
    fn loop_(&mut self, ty: BlockType<'_>, code_pos: usize, live: bool) -> Result<(), Error> {
        if !live {
            return self.open(Kind::Loop, ty, true);
        }
        self.settle(0)?;
        self.settle_top(ty.params.len())?;
        self.open(Kind::Loop, ty, false)?;
        if self.in_loop == 0 {
            self.in_loop = self.control.len();
        }
        self.end_fuel();
        let loop_register = self.prepare_loop(code_pos)?;
        self.enter_loop(loop_register && !self.cx.fuel)?;
        let pins = self.pins();
        self.set_cache(&pins);
        if loop_register && self.cx.fuel {
            self.fixed(Fixed::SetPaying);
        }
        let header = self.out.mark();
        let control = self.top()?;
        control.header = header as u32;
        control.loop_register = loop_register;
        self.fuel_point();
        self.turn_begins()
    }
    fn if_(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> {
        if !live {
            return self.open(Kind::If, ty, true);
        }
        let condition = self.pop()?;
        self.settle(0)?;
        self.settle_top(ty.params.len())?;
        let way_out = if ty.params.is_empty() { self.way_out(&condition, None)? } else { None };
        let fields =
            self.condition(condition, false, if self.cx.fuel { To::OrPay } else { To::Target })?;
        let mut patches = Patches::default();
        self.out.forward(&mut patches);
        self.end_condition(fields);
        self.open(Kind::If, ty, false)?;
        let cache = self.cache();
        self.top()?.otherwise = Some((patches, cache));
        self.note_way_out(way_out)?;
        self.note_tail()?;
        self.fuel_point();
        Ok(())
    }
    fn else_(&mut self, live: bool) -> Result<(), Error> {
        let label = self.control.len() - 1;
        if self.control[label].dead {
            return Ok(());
        }
        let (height, params, results) = {
            let control = &self.control[label];
            (control.height, control.params, control.results)
        };
        if live {
            self.settle_ordered()?;
            self.settle_top(results.1 - results.0)?;
            if !self.jump_repeated(label)? {
                self.jump(label)?;
            }
        }
        self.drop_to(height);
        let control = self.top()?;
        control.kind = Kind::Else;
        let sets = control.first_set.take();
        self.release_sets(sets);
        let control = self.top()?;
        if let Some((patches, cache)) = control.otherwise.take() {
            self.out.place(patches);
            self.set_cache(&cache);
        }
        self.push_in_slots(params)?;
        self.fuel_point();
        Ok(())
    }
    fn end(&mut self, live: bool) -> Result<(), Error> {
        self.end_handler(live)?;
        let Some(control) = self.control.pop() else { return Ok(()) };
        self.end_tables(self.control.len());
        self.end_rotations(self.control.len());
        self.end_tail(self.control.len());
        if self.control.len() < self.in_loop {
            self.in_loop = 0;
        }
        if control.dead {
            self.types.truncate(control.params.0);
            self.close_stretch(false);
            return Ok(());
        }
        if control.kind == Kind::Func {
            self.close_stretch(false);
            if live {
                self.emit_return()?;
            }
            return self.end_function(control);
        }
        self.close(control, live)
    }
    fn br(&mut self, depth: u32) -> Result<(), Error> {
        if self.jump_repeated(self.label(depth))? {
            return Ok(());
        }
        self.branch(depth)
    }
    fn br_if(&mut self, depth: u32) -> Result<(), Error> {
        let label = self.label(depth);
        let condition = self.pop()?;
        self.settle_ordered()?;
        let types = self.label_types(label);
        let n = types.1 - types.0;
        self.settle_top(n)?;
        let way_out = if n == 0 { self.way_out(&condition, Some(label))? } else { None };
        self.branch_on(label, n, Test::Condition(condition))?;
        self.note_way_out(way_out)?;
        self.fuel_point();
        Ok(())
    }
    fn br_table(&mut self, targets: &[u32]) -> Result<(), Error> {
        let index = self.pop_index()?;
        self.settle_ordered()?;
        let label = self.label(targets[0]);
        let types = self.label_types(label);
        let n = types.1 - types.0;
        self.settle_top(n)?;
        let table = if n == 0 && !tuning::SMALL { self.note_table(&index, targets)? } else { None };
        self.write_index(&index, targets.len())?;
        self.begin_table(table);
        let mut stubs = Vec::new();
        for &depth in targets {
            let label = self.label(depth);
            self.escape_to(label);
            if self.control[label].kind != Kind::Func && self.in_position(label, n) {
                self.target_field(label);
                continue;
            }
            let mut stub = self.control[label].stub;
            if stub.is_empty() {
                room::push(&mut stubs, label, self.out.offset as usize)?;
            }
            self.out.forward(&mut stub);
            self.control[label].stub = stub;
        }
        self.out.end();
        for label in stubs {
            let stub = core::mem::take(&mut self.control[label].stub);
            self.out.place(stub);
            if self.control[label].kind == Kind::Func {
                self.emit_return()?;
            } else {
                self.copy_to_label(label, n)?;
                self.jump(label)?;
            }
        }
        Ok(())
    }
    fn return_(&mut self) -> Result<(), Error> {
        self.emit_return()
    }
    fn unreachable(&mut self) -> Result<(), Error> {
        self.settle_ordered()?;
        self.out.traps();
        self.fixed(Fixed::Unreachable);
        Ok(())
    }

    fn call(&mut self, func: u32, ty: &FuncType, tail: bool) -> Result<(), Error> {
        let (start, slots) = self.arguments(ty)?;
        let defined = func.checked_sub(self.cx.imported_funcs);
        let mut moved = false;
        match (defined, tail) {
            (Some(_), false) => {
                moved =
                    self.begin_moving(Then::Call, false, || format!("call {func} [{start}]"))?;
            }
            (Some(_), true) => self.begin_call(Fixed::TailCall, func, start),
            (None, false) => self.begin_call(Fixed::CallImport, func, start),
            (None, true) => self.begin_call(Fixed::TailCallImport, func, start),
        }
        match defined {
            Some(defined) => {
                let Some(entry) = self.cx.entries.get(defined as usize) else {
                    return Err(self.out.no_handler("call"));
                };
                self.out.u64(core::ptr::from_ref(entry) as u64);
            }
            None => self.out.u32(func),
        }
        self.call_fields(start, slots, tail);
        self.end_moving(moved);
        if !tail {
            // Where a single result goes: the last two bytes.
            self.out.u16(0);
        }
        self.out.end();
        if !tail {
            self.call_results(ty)?;
            self.called();
        }
        Ok(())
    }
    fn call_indirect(
        &mut self,
        table: u32,
        table_is_64: bool,
        type_id: TypeId,
        ty: &FuncType,
        tail: bool,
    ) -> Result<(), Error> {
        let index = self.pop_leaf()?;
        self.call_through(ty, tail, index, Some((table, table_is_64, type_id)))?;
        if !tail {
            self.called();
        }
        Ok(())
    }
    fn call_ref(&mut self, _: TypeId, ty: &FuncType, tail: bool) -> Result<(), Error> {
        let callee = self.pop_leaf()?;
        self.call_through(ty, tail, callee, None)?;
        if !tail {
            self.called();
        }
        Ok(())
    }

    fn try_table(&mut self, ty: BlockType<'_>, catches: &[Catch], live: bool) -> Result<(), Error> {
        if live { self.open_try_table(ty, catches) } else { self.dead_block() }
    }
    fn throw(&mut self, tag: u32, ty: &FuncType) -> Result<(), Error> {
        self.emit_throw(tag, ty)
    }
    fn throw_ref(&mut self) -> Result<(), Error> {
        self.settle_ordered()?;
        self.settle_top(1)?;
        let exn = self.pop()?;
        self.emit_throw_ref(exn.slot);
        Ok(())
    }
    fn try_(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> {
        if live { self.open_try(ty) } else { self.dead_block() }
    }
    fn catch(&mut self, tag: u32, ty: &FuncType, live: bool) -> Result<(), Error> {
        self.open_catch(Catches::Tag(tag), &ty.params, live)
    }
    fn catch_all(&mut self, live: bool) -> Result<(), Error> {
        self.open_catch(Catches::All, &[], live)
    }
    fn delegate(&mut self, depth: u32, live: bool) -> Result<(), Error> {
        self.end_delegate(depth)?;
        self.end(live)
    }
    fn rethrow(&mut self, depth: u32) -> Result<(), Error> {
        self.emit_rethrow(depth)
    }

    fn drop_(&mut self, _: ValType) -> Result<(), Error> {
        if let Some(top) = self.stack.last()
            && top.value.is_ordered()
        {
            self.make_leaf(self.stack.len() - 1)?;
        }
        let entry = self.pop()?;
        self.free(&entry);
        Ok(())
    }
    fn select(&mut self, ty: ValType) -> Result<(), Error> {
        let ty = Ty::of(ty);
        // The condition is tested in 64 bits; its negation turns the operands round.
        let mut turned = false;
        if let Some(top) = self.stack.last_mut()
            && let Some((value, ty)) = is_zero(top.value)
        {
            (top.value, top.ty) = (value, ty);
            turned = true;
        }
        if self.try_pick(ty, turned)? {
            return Ok(());
        }
        self.leaves(3)?;
        self.emit_select(ty, turned)
    }
    fn local_get(&mut self, local: u32) -> Result<(), Error> {
        let Local { ty, slot, .. } = self.locals[local as usize];
        if self.is_far(local) {
            let near = self.next_slot();
            self.reach(near)?;
            self.push(Value::Leaf(Leaf::Slot(near)), ty)?;
            self.far(Fixed::FarLoad, near, slot, ty);
            return Ok(());
        }
        self.note_read(local);
        self.push_leaf(Leaf::Local(local), ty)
    }
    fn local_set(&mut self, local: u32) -> Result<(), Error> {
        let entry = self.pop()?;
        if self.is_far(local) {
            self.put_into(&entry, entry.slot)?;
            self.far(Fixed::FarStore, entry.slot, self.locals[local as usize].slot, entry.ty);
            return Ok(());
        }
        self.note_write(local);
        self.settle_local(local)?;
        self.set_local(local, entry)
    }
    fn local_tee(&mut self, local: u32) -> Result<(), Error> {
        let ty = self.locals[local as usize].ty;
        if self.is_far(local) {
            let entry = self.pop()?;
            self.put_into(&entry, entry.slot)?;
            self.far(Fixed::FarStore, entry.slot, self.locals[local as usize].slot, entry.ty);
            return self.push(Value::Leaf(Leaf::Slot(entry.slot)), ty);
        }
        self.local_set(local)?;
        self.push_leaf(Leaf::Local(local), ty)
    }
    fn global_get(&mut self, global: u32, ty: ValType) -> Result<(), Error> {
        self.get_global(global, Ty::of(ty))
    }
    fn global_set(&mut self, global: u32, ty: ValType) -> Result<(), Error> {
        self.set_global(global, ty)
    }

    fn i32_const(&mut self, value: i32) -> Result<(), Error> {
        self.push_const(u64::from(value as u32), Ty::I32)
    }
    fn i64_const(&mut self, value: i64) -> Result<(), Error> {
        self.push_const(value as u64, Ty::I64)
    }
    fn f32_const(&mut self, bits: u32) -> Result<(), Error> {
        self.push_const(u64::from(bits), Ty::F32)
    }
    fn f64_const(&mut self, bits: u64) -> Result<(), Error> {
        self.push_const(bits, Ty::F64)
    }
    fn unary(&mut self, mut op: UnOp) -> Result<(), Error> {
        let ty = Ty::num(op.signature().1);
        // What is 0 or 1 is that in 64 bits, too.
        if op == UnOp::I64Eqz
            && !tuning::SMALL
            && let Some(top) = self.stack.last_mut()
            && is_truth(top.value)
        {
            (op, top.ty) = (UnOp::I32Eqz, Ty::I32);
        }
        let folded = match self.stack.last() {
            Some(Entry { value: Value::Leaf(Leaf::Const(bits)), .. }) => self.fold_unary(op, *bits),
            _ => None,
        };
        // Selections test what is zero in 64 bits.
        let reads_low_half = match op {
            UnOp::I64ExtendI32U => false,
            UnOp::I32Eqz => !tuning::SMALL && self.branches_next(),
            _ => op.signature().0 == NumType::I32,
        };
        if reads_low_half && let Some(top) = self.stack.last_mut() {
            top.read_low_half();
        }
        if op == UnOp::I32WrapI64
            && !tuning::SMALL
            && let Some(value) = self.stack.last().and_then(|top| self.narrowed(top.value))
        {
            self.replace_top(value, ty);
            return Ok(());
        }
        if op == UnOp::I32WrapI64
            && !tuning::SMALL
            && let Some(Entry { value: Value::Load(load), .. }) = self.stack.last()
            && load.op == LoadKind::Scalar(LoadOp::I64Load)
            && self.load_next()
        {
            // An address: whoever reads 32 bits of it reads the low half.
            return Ok(());
        }
        if let Some(top) = self.stack.last_mut() {
            match (op, top.value) {
                // Narrow numbers are zero-extended everywhere.
                (UnOp::I64ExtendI32U, _) => {
                    top.ty = ty;
                    return Ok(());
                }
                (UnOp::I32Eqz, Value::Un(eqz @ (UnOp::I32Eqz | UnOp::I64Eqz), a)) => {
                    let ne = if eqz == UnOp::I32Eqz { BinOp::I32Ne } else { BinOp::I64Ne };
                    top.value = Value::Bin(ne, a, Leaf::Const(0));
                    return Ok(());
                }
                (UnOp::I32Eqz, Value::Bin(compare, a, b)) => {
                    if let Some(negated) = condition::negated(compare) {
                        top.value = Value::Bin(negated, a, b);
                        return Ok(());
                    }
                    if condition::compares_floats(compare) || tests_bits(compare) {
                        top.value = Value::Not(compare, a, b);
                        return Ok(());
                    }
                }
                (UnOp::I64Eqz, Value::Bin(and @ BinOp::I64And, a, b)) => {
                    *top = Entry { value: Value::Not(and, a, b), ty, ..*top };
                    return Ok(());
                }
                (UnOp::I32Eqz, Value::LoadMask(load, mask, sense)) if sense => {
                    top.value = Value::LoadMask(load, mask, false);
                    return Ok(());
                }
                (UnOp::I32Eqz | UnOp::I64Eqz, Value::Load(load)) => {
                    // What is extended is zero if it was that before.
                    let narrow = trees::narrow_load(load.op).filter(|_| !tuning::SMALL);
                    let load = Load { op: narrow.unwrap_or(load.op), ..load };
                    let wide = op == UnOp::I64Eqz && narrow.is_none();
                    let eq = if wide { BinOp::I64Eq } else { BinOp::I32Eq };
                    if let Some(value) = self.load_compare(eq, load, Leaf::Const(0)) {
                        self.replace_top(value, ty);
                        return Ok(());
                    }
                }
                (UnOp::I32Eqz, Value::LoadFirst(compare, load, b)) => {
                    if let Some(negated) = condition::negated(compare) {
                        top.value = Value::LoadFirst(negated, load, b);
                        return Ok(());
                    }
                }
                (UnOp::I32Eqz, Value::GlobalFirst(compare, global, b)) if !tuning::SMALL => {
                    if let Some(negated) = condition::negated(compare) {
                        top.value = Value::GlobalFirst(negated, global, b);
                        return Ok(());
                    }
                }
                (UnOp::I32Eqz, Value::Global(_)) if !tuning::SMALL => {
                    self.push_const(0, Ty::I32)?;
                    if self.global_compare(BinOp::I32Eq)? {
                        return Ok(());
                    }
                    self.pop()?;
                }
                (UnOp::I32Eqz, Value::Tree(tree)) if condition::negated(tree.outer).is_some() => {
                    let outer = condition::negated(tree.outer).unwrap_or(tree.outer);
                    top.value = Value::Tree(Tree { outer, ..tree });
                    return Ok(());
                }
                (UnOp::I32Eqz, Value::Not(compare, a, b))
                    if condition::compares_floats(compare) =>
                {
                    top.value = Value::Bin(compare, a, b);
                    return Ok(());
                }
                (UnOp::I32Eqz, not @ Value::Not(..)) => {
                    if let Some((value, of)) = is_zero(not) {
                        (top.value, top.ty) = (value, of);
                        let entry = self.pop_leaf()?;
                        let ne = if of == Ty::I64 { BinOp::I64Ne } else { BinOp::I32Ne };
                        if let Value::Leaf(leaf) = entry.value {
                            return self.push(Value::Bin(ne, leaf, Leaf::Const(0)), ty);
                        }
                    }
                }
                (_, Value::Leaf(Leaf::Const(_))) => {
                    if let Some(bits) = folded {
                        *top = Entry { value: Value::Leaf(Leaf::Const(bits)), ty, ..*top };
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        let entry = self.pop_leaf()?;
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler(op.text())) };
        self.push_unary(op, leaf)
    }
    fn binary(&mut self, op: BinOp) -> Result<(), Error> {
        if op.signature().0 == NumType::I32
            && let Some((_, [a, b])) = self.stack.split_last_chunk_mut()
        {
            a.read_low_half();
            b.read_low_half();
        }
        if self.update_next(op)?
            || self.load_mask(op)?
            || self.try_order(op)?
            || self.try_tree(op)?
            || self.global_sum(op)?
            || self.global_compare(op)?
        {
            return Ok(());
        }
        let ty = Ty::num(op.signature().1);
        let (mut a, mut b) = self.binary_operands()?;
        let mut op = op;
        if let (Leaf::Const(x), Leaf::Const(y)) = (a, b)
            && let Some(bits) = self.fold_binary(op, x, y)
        {
            return self.push_const(bits, ty);
        }
        if matches!(a, Leaf::Const(_))
            && !matches!(b, Leaf::Const(_))
            && let Some(turned) = condition::swapped(op)
        {
            op = turned;
            core::mem::swap(&mut a, &mut b);
        }
        (op, b) = trees::summed(op, b);
        self.push_binary(op, a, b)
    }
    fn wide_add_sub(&mut self, subtract: bool) -> Result<(), Error> {
        let op = if subtract { SlowOp::WideSub } else { SlowOp::WideAdd };
        self.slow(op, 4, &[Ty::I64, Ty::I64], 0, 0)
    }
    fn wide_mul(&mut self, signed: bool) -> Result<(), Error> {
        let op = if signed { SlowOp::WideMulS } else { SlowOp::WideMulU };
        self.slow(op, 2, &[Ty::I64, Ty::I64], 0, 0)
    }

    fn ref_null(&mut self) -> Result<(), Error> {
        self.push_const(0, Ty::Ref)
    }
    fn ref_is_null(&mut self) -> Result<(), Error> {
        let entry = self.pop_leaf()?;
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("ref.is_null")) };
        self.push(Value::Un(UnOp::I64Eqz, leaf), Ty::I32)
    }
    fn ref_func(&mut self, func: u32) -> Result<(), Error> {
        self.slow(SlowOp::RefFunc, 0, &[Ty::Ref], func, 0)
    }
    fn ref_eq(&mut self) -> Result<(), Error> {
        let (a, b) = self.binary_operands()?;
        self.push(Value::Bin(BinOp::I64Eq, a, b), Ty::I32)
    }
    fn ref_as_non_null(&mut self) -> Result<(), Error> {
        self.check_non_null()
    }
    fn br_on_null(&mut self, depth: u32) -> Result<(), Error> {
        let label = self.label(depth);
        let types = self.label_types(label);
        let n = types.1 - types.0;
        self.settle_ordered()?;
        self.settle_top(n + 1)?;
        // The reference stays in its slot, above the operands of the branch.
        let entry = self.pop()?;
        self.branch_on(label, n, Test::Null(Leaf::Slot(entry.slot)))?;
        self.stack.push(entry);
        self.fuel_point();
        Ok(())
    }
    fn br_on_non_null(&mut self, depth: u32) -> Result<(), Error> {
        let label = self.label(depth);
        let types = self.label_types(label);
        let n = types.1 - types.0;
        self.settle_ordered()?;
        self.settle_top(n)?;
        let slot = self.next_slot() - 1;
        self.branch_on(label, n, Test::NonNull(Leaf::Slot(slot)))?;
        self.pop()?;
        self.fuel_point();
        Ok(())
    }
    fn ref_test(&mut self, ty: RefType) -> Result<(), Error> {
        self.test_reference(ty)
    }
    fn ref_cast(&mut self, ty: RefType) -> Result<(), Error> {
        self.cast_reference(ty)
    }
    fn br_on_cast(&mut self, depth: u32, to: RefType, on_fail: bool) -> Result<(), Error> {
        self.branch_on_cast(depth, to, on_fail)
    }
    fn br_on_cast_desc_eq(
        &mut self,
        depth: u32,
        nullable: bool,
        on_fail: bool,
    ) -> Result<(), Error> {
        self.test_descriptor(nullable, on_fail)?;
        self.br_if(depth)
    }

    fn load(&mut self, op: LoadOp, arg: MemArg) -> Result<(), Error> {
        let has = |form| B::load(op, arg.is_64, Dest::SLOT, form).is_some();
        let (_, address) = self.pop_address(&arg, op.width(), has)?;
        let MemArg { memory, offset, is_64 } = arg;
        let ty = Ty::num(op.ty());
        let op = LoadKind::Scalar(op);
        self.push(Value::Load(Load { op, is_64, memory, offset, address }), ty)
    }
    fn store(&mut self, op: StoreOp, arg: MemArg) -> Result<(), Error> {
        // Stores write the bytes that they want.
        if let Some(top) = self.stack.last_mut() {
            top.read_low_half();
        }
        self.store_kind(StoreKind::Scalar(op), arg)
    }
    fn memory_size(&mut self, memory: u32, is_64: bool) -> Result<(), Error> {
        self.settle_ordered()?;
        self.slow(SlowOp::MemorySize, 0, &[address_ty(is_64)], memory, u32::from(is_64))
    }
    fn memory_grow(&mut self, memory: u32, is_64: bool) -> Result<(), Error> {
        self.slow(SlowOp::MemoryGrow, 1, &[address_ty(is_64)], memory, u32::from(is_64))
    }
    fn memory_fill(&mut self, memory: u32, _: bool) -> Result<(), Error> {
        if memory == 0 && self.moves_bytes() {
            return self.fill_bytes();
        }
        self.slow(SlowOp::MemoryFill, 3, &[], memory, 0)
    }
    fn memory_copy(&mut self, dst: u32, src: u32, _: bool, _: bool) -> Result<(), Error> {
        if dst == 0 && src == 0 && self.moves_bytes() {
            return self.copy_bytes();
        }
        self.slow(SlowOp::MemoryCopy, 3, &[], dst, src)
    }
    fn memory_init(&mut self, data: u32, memory: u32, _: bool) -> Result<(), Error> {
        self.slow(SlowOp::MemoryInit, 3, &[], data, memory)
    }
    fn data_drop(&mut self, data: u32) -> Result<(), Error> {
        self.slow(SlowOp::DataDrop, 0, &[], data, 0)
    }
    fn atomic(&mut self, op: AtomicOp, arg: MemArg) -> Result<(), Error> {
        self.atomic_access(op, arg)
    }
    fn atomic_fence(&mut self) -> Result<(), Error> {
        self.fence()
    }

    fn table_get(&mut self, table: u32, _: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableGet, 1, Some(Ty::Ref), table, 0)
    }
    fn table_set(&mut self, table: u32, _: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableSet, 2, None, table, 0)
    }
    fn table_size(&mut self, table: u32, is_64: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableSize, 0, Some(address_ty(is_64)), table, 0)
    }
    fn table_grow(&mut self, table: u32, is_64: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableGrow, 2, Some(address_ty(is_64)), table, u32::from(is_64))
    }
    fn table_fill(&mut self, table: u32, _: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableFill, 3, None, table, 0)
    }
    fn table_copy(&mut self, dst: u32, src: u32, _: bool, _: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableCopy, 3, None, dst, src)
    }
    fn table_init(&mut self, elem: u32, table: u32, _: bool) -> Result<(), Error> {
        self.table_op(SlowOp::TableInit, 3, None, elem, table)
    }
    fn elem_drop(&mut self, elem: u32) -> Result<(), Error> {
        self.table_op(SlowOp::ElemDrop, 0, None, elem, 0)
    }

    fn v128_const(&mut self, bits: u128) -> Result<(), Error> {
        let index = self.keep_wide(bits.to_le_bytes())?;
        self.vector(SimdOp::V128Const, index)
    }
    fn i8x16_shuffle(&mut self, lanes: [u8; 16]) -> Result<(), Error> {
        let index = self.keep_wide(lanes)?;
        self.vector(SimdOp::I8x16Shuffle, index)
    }
    fn simd(&mut self, op: SimdOp, lane: u8) -> Result<(), Error> {
        self.vector(op, u32::from(lane))?;
        self.canonical_lanes(op)
    }
    fn simd_mem(&mut self, op: SimdOp, arg: MemArg, lane: u8) -> Result<(), Error> {
        match op.shape() {
            SimdShape::Load => self.vector_load(op, arg),
            SimdShape::Store => self.store_kind(StoreKind::Vector(op), arg),
            _ => self.vector_lane(op, arg, lane),
        }
    }
    fn gc(&mut self, op: OtherOp, a: u32, b: u32) -> Result<(), Error> {
        self.gc_instruction(op, a, b)
    }
}

/// Whether it is a pending test or comparison of numbers.
fn is_truth(value: Value) -> bool {
    match value {
        Value::Un(op, _) => matches!(op, UnOp::I32Eqz | UnOp::I64Eqz),
        Value::Bin(op, ..) | Value::LoadFirst(op, ..) => {
            condition::negated(op).is_some() || condition::compares_floats(op)
        }
        _ => false,
    }
}
/// Whether there are branches on whether an operation, that is no comparison, gives zero.
fn tests_bits(op: BinOp) -> bool {
    matches!(op, BinOp::I32And | BinOp::I64And) || (op == BinOp::I32Or && !tuning::SMALL)
}
/// What a value says is zero, and its type.
fn is_zero(value: Value) -> Option<(Value, Ty)> {
    match value {
        Value::Un(op @ (UnOp::I32Eqz | UnOp::I64Eqz), leaf) => {
            Some((Value::Leaf(leaf), Ty::num(op.signature().0)))
        }
        Value::Not(op, a, b) if tests_bits(op) => {
            Some((Value::Bin(op, a, b), Ty::num(op.signature().1)))
        }
        _ => None,
    }
}
