//! The translator: one forward pass, driven by validation, from wasm instructions to ours.
//!
//! Operands stay symbolic until a value must exist ([`stack`]); then they are computed into a
//! register, a slot, or straight into the instruction that uses them ([`lower`]).
//!
//! # The frame
//! `fp[-4..0]` is the header, the parameters lie below it, locals begin at `fp[0]`, then four
//! scratch slots, then the operand stack. An operand's slot is fixed by its position, so that the
//! arguments of a call lie where the callee expects its parameters, and results replace them.
//!
//! # What holds where
//! * Operands below `settled` are constants or in their slots.
//! * At most one pending operand is *ordered* (may trap, or reads memory); it is computed before
//!   anything that has an effect or may trap, so that traps come in order.
//! * A pending operand that reads another's slot is the top of the stack.
//! * At labels, and after calls, no register holds an operand; what the registers cache of locals
//!   is what all ways to the label agree on.

mod atomic;
mod blocks;
mod bulk;
mod choice;
mod compare;
mod condition;
mod descriptor;
mod deterministic;
mod dispatch;
mod emit;
mod exceptions;
mod fuel;
mod gc;
mod globals;
mod growing;
mod locals;
mod lower;
mod moves;
mod pins;
mod registers;
mod rotate;
mod scan;
mod settle;
mod simd;
mod stack;
mod tails;
mod trees;
mod zero;

use self::emit::{Emitter, Patches};
use self::exceptions::{Try, Uses};
use self::lower::{Field, Target, class, place_text};
use self::stack::{Addr, Bank, Cache, Entry, Held, Leaf, Ty, Value, meet};
use super::backend::{AddressForm, Backend, Class, Dest, Fixed, Place, SlowOp, Then, To};
use super::code::{Clause, CodeEntry, FuncCode};
use super::room;
use crate::tuning;
use crate::wasm::error::Error;
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::ops::{AtomicOp, LoadOp, OtherOp, SimdOp, StoreOp};
use crate::wasm::registry::TypeRegistry;
use crate::wasm::sink::{BlockType, Catch, FuncInfo, MemArg, Sink};
use crate::wasm::types::{FuncType, MemoryType, RefType, TypeId, ValType};
use alloc::collections::TryReserveError;
use alloc::format;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// Slots of a frame's header.
const HEADER: i32 = 4;
/// Slots for operands that an instruction takes from memory only.
const SCRATCH: i32 = 4;

/// What the translator knows of the module.
#[derive(Clone, Copy, Debug)]
pub struct Context<'m> {
    /// How many functions are imported.
    pub imported_funcs: u32,
    /// The engine's types.
    pub registry: &'m TypeRegistry,
    /// The entries of the defined functions.
    pub entries: &'m [CodeEntry],
    /// The types of the memories, imported ones first.
    pub memories: &'m [MemoryType],
    /// Charge fuel.
    pub fuel: bool,
    /// The module has tags: it may throw, and calls what does.
    pub throws: bool,
    /// Look for interrupts.
    pub interrupts: bool,
    /// Make NaNs canonical, and frames as large on every target.
    pub deterministic: bool,
    /// Keep texts.
    pub listing: bool,
    /// Listen to nothing. In a small build validation alone has no code of its own.
    pub only_validates: bool,
}

/// A local.
#[derive(Clone, Copy, Debug)]
struct Local {
    ty: Ty,
    slot: i32,
    /// It is written on every way to here, and nothing has read it before; `zero`: not so.
    set: bool,
    zero: bool,
    /// The next one that is set until the same block ends.
    next_set: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Func,
    Block,
    Loop,
    If,
    Else,
    TryTable,
    /// The body of a legacy `try`.
    Try,
    /// A clause of a legacy `try`.
    Catch,
}

/// A block that is open.
#[derive(Debug)]
struct Control {
    kind: Kind,
    /// The block's start could not be reached: nothing is written for it.
    dead: bool,
    /// Operands below the block's own.
    height: usize,
    /// The first of the locals that are set until the block ends: one more than its index.
    first_set: Option<NonZeroU32>,
    /// Parameters and results, in `types`.
    params: (usize, usize),
    results: (usize, usize),
    /// Jumps to the end.
    patches: Patches,
    /// What all of them left in the registers.
    cache: Option<Cache>,
    /// The jump over the first arm of an `if`, and the registers at it.
    otherwise: Option<(Patches, Cache)>,
    /// Where a loop begins.
    header: u32,
    /// The loop register holds the header.
    loop_register: bool,
    /// What was pinned outside.
    outer_pins: Cache,
    /// Jumps of a `br_table` that must move operands first.
    stub: Patches,
    /// The clauses of exception handlers that lead to the end.
    caught: Uses,
    /// Those that go on with what is outside of the block.
    delegated: Uses,
}

/// Buffers that serve many functions, and the state of one.
pub struct Translator<'m, B: Backend> {
    cx: Context<'m>,
    out: Emitter,
    stack: Vec<Entry>,
    /// How many operands validation has room for.
    most_operands: usize,
    control: Vec<Control>,
    types: Vec<Ty>,
    locals: Vec<Local>,
    banks: [Bank; 2],
    uses: Vec<u32>,
    touched: Vec<u32>,
    settled: usize,
    tick: u32,
    scratch: i32,
    first_operand: i32,
    max_slot: i32,
    /// One past the last of the locals that lie above the operands; 0 if there are none.
    far_end: i32,
    param_slots: i32,
    /// Slots that the first instruction sets to zero, and where the code begins then.
    zeroed: i32,
    start: usize,
    results: (usize, usize),
    fuel: fuel::Fuel,
    /// The clauses of the function, and the exception handlers that are open.
    clauses: Vec<Clause>,
    tries: Vec<Try>,
    catches: Vec<Catch>,
    code: Vec<u8>,
    /// Where that is in the module.
    code_start: usize,
    /// Immediates of 16 bytes.
    wide: Vec<[u8; 16]>,
    /// The tables that open loops begin with, and the depths of their labels.
    tables: Vec<dispatch::Table>,
    /// The open loops that begin with a way out.
    rotations: Vec<rotate::Rotation>,
    /// The open blocks after which little is left of their loops.
    tails: Vec<tails::Tail>,
    /// Where in the code what comes after the instruction does that is repeated from there.
    repeated: Option<usize>,
    /// The branches back to the loop that has begun last, and the blocks near its end.
    back: scan::Back,
    near_end: scan::Tails,
    /// How the innermost loop was just entered.
    entrance: pins::Entrance,
    depths: Vec<u32>,
    /// The loop that was opened last, if only blocks were since; else `usize::MAX`.
    begun: usize,
    /// How many blocks were open inside of the outermost loop that is open; 0: none is.
    in_loop: usize,
    /// The end of the call that was written last.
    returned: usize,
    added: Option<growing::Added>,
    copied: Option<growing::Copied>,
    loaded: Option<compare::Loaded>,
    from_global: Option<globals::FromGlobal>,
    summed: Option<globals::Summed>,
    stored: Option<trees::Stored>,
    selected: Option<lower::Selected>,
    restored: Option<globals::Restored>,
    /// What the operation with two operands that was written last has on the left.
    last_left: (Place, Field),
    /// And on the right.
    last_right: (Place, Field),
    /// Where the address of the load that was written last is.
    last_address: (Place, Field),
    moved: Option<moves::Moved>,
    /// An argument that is a sum, just written.
    argument: Option<moves::Argument>,
    backend: PhantomData<B>,
}

impl<'m, B: Backend> Translator<'m, B> {
    /// A translator for a module.
    pub fn new(cx: Context<'m>) -> Self {
        Translator {
            cx,
            out: Emitter::new(cx.listing),
            stack: Vec::new(),
            most_operands: 0,
            control: Vec::new(),
            types: Vec::new(),
            locals: Vec::new(),
            banks: [Bank::default(); 2],
            uses: Vec::new(),
            touched: Vec::new(),
            settled: 0,
            tick: 0,
            scratch: 0,
            first_operand: 0,
            max_slot: 0,
            far_end: 0,
            param_slots: 0,
            zeroed: 0,
            start: 0,
            results: (0, 0),
            fuel: fuel::Fuel::default(),
            clauses: Vec::new(),
            tries: Vec::new(),
            catches: Vec::new(),
            code: Vec::new(),
            code_start: 0,
            wide: Vec::new(),
            tables: Vec::new(),
            rotations: Vec::new(),
            tails: Vec::new(),
            repeated: None,
            back: scan::Back::default(),
            near_end: scan::Tails::default(),
            entrance: pins::Entrance::default(),
            depths: Vec::new(),
            begun: usize::MAX,
            in_loop: 0,
            returned: 0,
            added: None,
            copied: None,
            loaded: None,
            from_global: None,
            summed: None,
            stored: None,
            selected: None,
            restored: None,
            last_left: (Place::SLOT, Field::None),
            last_right: (Place::SLOT, Field::None),
            last_address: (Place::SLOT, Field::None),
            moved: None,
            argument: None,
            backend: PhantomData,
        }
    }
    /// The code of the function that was walked last.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn take_code(&mut self) -> Result<FuncCode, Error> {
        // Before the code is there twice: blocks may have been nested very deep.
        self.control = Vec::new();
        let missing = room::missing(self.out.offset as usize);
        let mut code = FuncCode {
            start: self.start / 8,
            frame_slots: (self.max_slot + HEADER) as u32,
            listing: core::mem::take(&mut self.out.listing),
            ..FuncCode::default()
        };
        match self.copy_code(&mut code) {
            Ok(()) => Ok(code),
            Err(error) => Err(missing(error)),
        }
    }
    fn copy_code(&self, code: &mut FuncCode) -> Result<(), TryReserveError> {
        code.words = self.out.words()?;
        code.map = room::boxed(&self.out.map)?;
        code.clauses = room::boxed(&self.clauses)?;
        code.turns = self.out.turns()?;
        Ok(())
    }

    // ---- the stack -----------------------------------------------------------------------------

    /// The slot of the next operand.
    fn next_slot(&self) -> i32 {
        match self.stack.last() {
            Some(top) => top.slot + top.ty.slots(),
            None => self.first_operand,
        }
    }
    #[inline]
    fn push(&mut self, value: Value, ty: Ty) -> Result<(), Error> {
        if let Some(top) = self.stack.last()
            && top.value.reads_other_slot(top.slot, top.ty)
        {
            self.make_leaf(self.stack.len() - 1)?;
        }
        if value.is_ordered() {
            self.settle_ordered()?;
        }
        let slot = self.next_slot();
        if self.cx.deterministic {
            // Whether a frame needs the slot depends on the registers that there are.
            self.reach(slot)?;
        }
        self.stack.push(Entry::new(value, ty, slot));
        if self.stack.len() - self.settled > tuning::PENDING_OPERANDS {
            self.settle(tuning::PENDING_OPERANDS / 2)?;
        }
        Ok(())
    }
    /// Makes room for the operands that validation may have, for those of the clauses that are
    /// open, and for what stands for a moment in the course of an instruction: nobody has to look
    /// when he pushes one.
    fn make_room(&mut self) -> Result<(), Error> {
        const MORE: usize = 8;
        let most = self.most_operands + self.tries.len() + MORE;
        let more = most.saturating_sub(self.stack.len());
        room::reserve(&mut self.stack, more, self.out.offset as usize)
    }
    fn replace_top(&mut self, value: Value, ty: Ty) {
        if let Some(top) = self.stack.last_mut() {
            *top = Entry { value, ty, ..*top };
        }
    }
    fn push_const(&mut self, bits: u64, ty: Ty) -> Result<(), Error> {
        self.push_leaf(Leaf::Const(bits), ty)
    }
    /// The same for an operand that is not pending, without a look at what those are.
    #[inline]
    fn push_leaf(&mut self, leaf: Leaf, ty: Ty) -> Result<(), Error> {
        let value = Value::Leaf(leaf);
        match self.stack.last() {
            Some(top) if !matches!(top.value, Value::Leaf(_)) => self.push(value, ty),
            _ if self.stack.len() - self.settled >= tuning::PENDING_OPERANDS => {
                self.push(value, ty)
            }
            _ if self.cx.deterministic || tuning::SMALL => self.push(value, ty),
            _ => {
                let slot = self.next_slot();
                self.stack.push(Entry::new(value, ty, slot));
                Ok(())
            }
        }
    }
    #[inline]
    fn pop(&mut self) -> Result<Entry, Error> {
        let Some(entry) = self.stack.pop() else { return Err(self.out.no_handler("operand")) };
        self.settled = self.settled.min(self.stack.len());
        Ok(entry)
    }
    /// Makes the top operand a leaf and pops it.
    #[inline]
    fn pop_leaf(&mut self) -> Result<Entry, Error> {
        if let Some(top) = self.stack.len().checked_sub(1) {
            self.make_leaf(top)?;
        }
        self.pop()
    }
    /// Makes the top `n` operands leaves, lowest first.
    #[inline]
    fn leaves(&mut self, n: usize) -> Result<(), Error> {
        for i in self.stack.len().saturating_sub(n)..self.stack.len() {
            self.make_leaf(i)?;
        }
        Ok(())
    }
    /// Drops operands down to a height.
    fn drop_to(&mut self, height: usize) {
        while self.stack.len() > height {
            if let Some(entry) = self.stack.pop() {
                self.free(&entry);
            }
        }
        self.settled = self.settled.min(height);
    }
    /// Pushes operands that are in their slots.
    fn push_in_slots(&mut self, types: (usize, usize)) -> Result<(), Error> {
        for i in types.0..types.1 {
            let ty = self.types[i];
            let slot = self.next_slot();
            self.stack.push(Entry::new(Value::Leaf(Leaf::Slot(slot)), ty, slot));
            self.reach(slot)?;
        }
        self.settled = self.stack.len();
        Ok(())
    }
    fn keep_types(&mut self, types: &[ValType]) -> Result<(usize, usize), Error> {
        let start = self.types.len();
        if types.is_empty() {
            return Ok((start, start));
        }
        room::reserve(&mut self.types, types.len(), self.out.offset as usize)?;
        self.types.extend(types.iter().map(|&ty| Ty::of(ty)));
        Ok((start, self.types.len()))
    }

    // ---- registers at labels -------------------------------------------------------------------

    #[inline]
    fn cache(&self) -> Cache {
        [self.banks[0].cached, self.banks[1].cached]
    }
    #[inline]
    fn set_cache(&mut self, cache: &Cache) {
        for (i, bank) in self.banks.iter_mut().enumerate() {
            bank.cached = cache[i];
            bank.busy = [false; tuning::REGISTERS];
        }
    }
    /// After a call: the registers hold nothing.
    #[inline]
    fn clobber(&mut self) {
        self.set_cache(&Cache::default());
    }
    #[inline]
    fn pins(&self) -> Cache {
        [self.banks[0].pinned, self.banks[1].pinned]
    }
    #[inline]
    fn set_pins(&mut self, pins: Cache) {
        for (i, bank) in self.banks.iter_mut().enumerate() {
            bank.pinned = pins[i];
        }
    }

    // ---- branches ------------------------------------------------------------------------------

    fn label(&self, depth: u32) -> usize {
        self.control.len() - 1 - depth as usize
    }
    /// The types that a branch to a label carries.
    fn label_types(&self, label: usize) -> (usize, usize) {
        let control = &self.control[label];
        if control.kind == Kind::Loop { control.params } else { control.results }
    }
    /// The first slot of the operands of a block.
    fn base_slot(&self, height: usize) -> i32 {
        match height.checked_sub(1) {
            Some(below) => self.stack[below].slot + self.stack[below].ty.slots(),
            None => self.first_operand,
        }
    }
    /// Whether the top `n` operands are where the label wants them.
    fn in_position(&self, label: usize, n: usize) -> bool {
        n == 0 || self.stack.len() - n == self.control[label].height
    }
    /// Moves the top `n` operands, which stay on the symbolic stack, to where the label wants them.
    fn move_to_label(&mut self, label: usize, n: usize) -> Result<(), Error> {
        if self.in_position(label, n) {
            return self.settle_top(n);
        }
        let mut slot = self.base_slot(self.control[label].height);
        for i in self.stack.len() - n..self.stack.len() {
            let entry = self.stack[i];
            self.put_into(&entry, slot)?;
            // The register, if it had one, is free now; nothing reads the operand again.
            self.stack[i].value = Value::Leaf(Leaf::Const(0));
            slot += entry.ty.slots();
        }
        Ok(())
    }
    /// Copies the top `n` operands, which are in their slots, to where the label wants them.
    fn copy_to_label(&mut self, label: usize, n: usize) -> Result<(), Error> {
        if self.in_position(label, n) {
            return Ok(());
        }
        let mut slot = self.base_slot(self.control[label].height);
        for i in self.stack.len() - n..self.stack.len() {
            let entry = self.stack[i];
            for half in 0..entry.ty.slots() {
                self.mov(Target::slot(slot + half), Leaf::Slot(entry.slot + half), Ty::I64)?;
            }
            slot += entry.ty.slots();
        }
        Ok(())
    }
    /// The target field of a jump to a label.
    fn target_field(&mut self, label: usize) {
        let cache = self.cache();
        let control = &mut self.control[label];
        if control.kind == Kind::Loop {
            self.out.backward(control.header as usize);
        } else {
            let mut patches = control.patches;
            control.cache = Some(match control.cache {
                Some(other) => meet(&other, &cache),
                None => cache,
            });
            self.out.forward(&mut patches);
            self.control[label].patches = patches;
        }
    }
    /// How a branch gets to a label.
    fn way_to(&self, label: usize) -> To {
        if tuning::SMALL
            || self.control[label].kind != Kind::Loop
            || !self.control[label].loop_register
        {
            To::Target
        } else if self.cx.fuel {
            To::Paying
        } else {
            To::Loop
        }
    }
    fn jump(&mut self, label: usize) -> Result<(), Error> {
        if let Some(way) = self.through_table(label) {
            // The turn does not go by the header.
            return self.jump_through(way, true);
        }
        if self.jump_rotated(label)? {
            return Ok(());
        }
        let jump = match self.way_to(label) {
            To::Target | To::OrPay => None,
            To::Loop => Some(Fixed::JumpLoop),
            To::Paying => Some(Fixed::JumpPaying),
        };
        if let Some(jump) = jump {
            self.out.list(|| format!("jump to loop {label}"));
            self.out.begin(B::fixed(jump));
            self.target_field(label);
            self.out.end();
            return Ok(());
        }
        self.jump_through(dispatch::Way::Label(label), false)
    }
    /// A branch that is taken always; the code after it is dead.
    fn branch(&mut self, depth: u32) -> Result<(), Error> {
        let label = self.label(depth);
        if self.control[label].kind == Kind::Func {
            return self.emit_return();
        }
        self.escape_to(label);
        let types = self.label_types(label);
        self.settle_ordered()?;
        self.move_to_label(label, types.1 - types.0)?;
        self.jump(label)
    }

    // ---- blocks --------------------------------------------------------------------------------

    fn open(&mut self, kind: Kind, ty: BlockType<'_>, dead: bool) -> Result<(), Error> {
        let params = self.keep_types(ty.params)?;
        let results = self.keep_types(ty.results)?;
        let height = self.stack.len().saturating_sub(if dead { 0 } else { ty.params.len() });
        let outer_pins = self.pins();
        let control = Control {
            kind,
            dead,
            height,
            first_set: None,
            params,
            results,
            patches: Patches::default(),
            cache: None,
            otherwise: None,
            header: 0,
            loop_register: false,
            outer_pins,
            stub: Patches::default(),
            caught: Uses::default(),
            delegated: Uses::default(),
        };
        self.opens(kind);
        room::push(&mut self.control, control, self.out.offset as usize)?;
        self.open_stretch()
    }
    fn top(&mut self) -> Result<&mut Control, Error> {
        match self.control.last_mut() {
            Some(control) => Ok(control),
            None => Err(Error::unsupported(0, "no open block")),
        }
    }
    // ---- calls ---------------------------------------------------------------------------------

    /// Puts the arguments of a call into place. Gives the first slot of the arguments and the
    /// number of their slots; the operands are popped.
    fn arguments(&mut self, ty: &FuncType) -> Result<(i32, i32), Error> {
        let n = ty.params.len();
        self.settle_arguments(n)?;
        let end = self.next_slot();
        let height = self.stack.len() - n;
        let start = self.base_slot(height);
        self.drop_to(height);
        let result_slots: i32 = ty.results.iter().map(|ty| ty.slots() as i32).sum();
        self.reach((end + HEADER).max(start + result_slots))?;
        Ok((start, end - start))
    }
    /// Pushes the results of a call that was just written: they are in their slots, the first one
    /// also in register 0. The last two bytes of the call say where a single result goes.
    fn call_results(&mut self, ty: &FuncType) -> Result<(), Error> {
        self.clobber();
        self.returned = self.out.pos();
        self.set_return_slot(self.next_slot());
        for (i, &result) in ty.results.iter().enumerate() {
            let ty = Ty::of(result);
            let slot = self.next_slot();
            let mut entry = Entry::new(Value::Leaf(Leaf::Slot(slot)), ty, slot);
            if i == 0 && ty != Ty::V128 && B::REGS > 0 {
                self.banks[ty.bank()].busy[0] = true;
                entry.value = Value::Leaf(Leaf::Reg(0));
                entry.saved = true;
            }
            self.stack.push(entry);
            self.reach(slot)?;
        }
        Ok(())
    }
    /// The fields of a tail call: where the arguments are, and sizes.
    fn tail_fields(&mut self, start: i32, slots: i32) {
        self.out.slot(start);
        self.out.u16(self.param_slots as u16);
        self.out.u16(slots as u16);
    }
    // ---- operations out of line ----------------------------------------------------------------

    /// How many slots from the frame pointer up are in use, all operands included.
    fn live_slots(&self) -> i32 {
        self.next_slot().max(self.far_end)
    }
    /// An operation that is a function: `n` operands from their slots, a result into the first.
    fn slow(&mut self, op: SlowOp, n: usize, results: &[Ty], a: u32, b: u32) -> Result<(), Error> {
        let in_use = self.live_slots();
        let slot = self.take_slots(n)?;
        self.out.traps();
        self.out.list(|| format!("{op:?} [{slot}] {a} {b}"));
        self.out.begin(B::fixed(Fixed::Slow));
        self.out.u64(B::slow(op) as u64);
        self.out.slot(slot);
        self.out.u32(a);
        self.out.u32(b);
        self.out.u32(in_use as u32);
        self.out.end();
        self.clobber();
        self.results_in_slots(slot, results)
    }
    /// Pops `n` operands into their slots; the first of these.
    fn take_slots(&mut self, n: usize) -> Result<i32, Error> {
        self.settle(n)?;
        self.settle_top(n)?;
        let height = self.stack.len() - n;
        let slot = self.base_slot(height);
        self.drop_to(height);
        Ok(slot)
    }
    /// Pushes the results of an instruction that took its operands from the slots from `slot` on.
    fn results_in_slots(&mut self, slot: i32, results: &[Ty]) -> Result<(), Error> {
        self.reach(slot + 2)?;
        for &ty in results {
            let slot = self.next_slot();
            self.stack.push(Entry::new(Value::Leaf(Leaf::Slot(slot)), ty, slot));
        }
        self.settled = self.stack.len();
        Ok(())
    }
    fn unsupported(&self, what: &str) -> Error {
        Error::unsupported(self.out.offset as usize, format!("unsupported instruction: {what}"))
    }
}

fn address_ty(is_64: bool) -> Ty {
    if is_64 { Ty::I64 } else { Ty::I32 }
}

mod walk;
