//! The walk over one body: locals, the dispatch on opcodes, and the simple families.

use super::Scratch;
use super::near::{NUMERIC, Numeric, tell_local, tell_numeric};
use super::operands::Operands;
use super::stack::{Block, Frame, Kind};
use crate::wasm::compact::Ty;
use crate::wasm::decode::{TypeSpace, need};
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::instr::UnOp;
use crate::wasm::limits;
use crate::wasm::module::Module;
use crate::wasm::ops::OtherOp;
use crate::wasm::reader::Reader;
use crate::wasm::room;
use crate::wasm::sink::{Catch, FuncInfo, Sink};
use crate::wasm::types::ValType;
use alloc::collections::TryReserveError;
use alloc::format;
use alloc::vec::Vec;
use core::mem::take;
use core::ops::Range;

pub(super) type Result<T> = core::result::Result<T, Error>;

/// Tells the sink, unless the code cannot be reached.
macro_rules! tell {
    ($self:ident, $method:ident($($arg:expr),*)) => {
        if $self.live && $self.sink.listens() {
            $self.sink.at($self.at);
            $self.sink.$method($($arg),*)?;
        }
    };
}
/// Tells the sink in any case: the structured instructions.
macro_rules! tell_always {
    ($self:ident, $method:ident($($arg:expr),*)) => {
        if $self.sink.listens() {
            $self.sink.at($self.at);
            $self.sink.$method($($arg),*)?;
        }
    };
}
pub(super) use {tell, tell_always};

/// The walk over one body.
pub(super) struct Validator<'a, S: Sink> {
    pub module: &'a Module,
    pub reader: Reader<'a>,
    pub sink: &'a mut S,
    pub operands: Operands,
    pub frames: Vec<Frame>,
    pub locals: Locals,
    /// The height of the innermost frame.
    pub height: usize,
    /// Whether the innermost frame's operands below the top are bottom.
    pub unreachable: bool,
    /// Whether the sink is told.
    pub live: bool,
    /// Where the current instruction begins.
    pub at: usize,
    pub func_idx: u32,
    /// Where the code begins, after the locals.
    pub code_start: usize,
    /// How many `br_table` there were.
    pub br_tables: u32,
    pub targets: Vec<u32>,
    pub catches: Vec<Catch>,
    expanded: Vec<ValType>,
}

impl<'a, S: Sink> Validator<'a, S> {
    pub fn new(
        module: &'a Module,
        bytes: &'a [u8],
        body: Range<usize>,
        func_idx: u32,
        sink: &'a mut S,
        scratch: &mut Scratch,
    ) -> Validator<'a, S> {
        Validator {
            module,
            reader: Reader::within(bytes, body.start, body.end),
            sink,
            operands: take(&mut scratch.operands),
            frames: take(&mut scratch.frames),
            locals: take(&mut scratch.locals),
            height: 0,
            unreachable: false,
            live: true,
            at: body.start,
            func_idx,
            code_start: body.start,
            br_tables: 0,
            targets: take(&mut scratch.targets),
            catches: take(&mut scratch.catches),
            expanded: take(&mut scratch.expanded),
        }
    }
    /// Gives the buffers back.
    pub fn recycle(self, scratch: &mut Scratch) {
        scratch.operands = self.operands;
        scratch.frames = self.frames;
        scratch.locals = self.locals;
        scratch.targets = self.targets;
        scratch.catches = self.catches;
        scratch.expanded = self.expanded;
    }

    pub fn run(&mut self) -> Result<()> {
        let type_idx = self.module.funcs.get(self.func_idx as usize).copied();
        let type_idx = type_idx.ok_or_else(|| self.invalid("unknown function"))?;
        self.operands.truncate(0);
        self.frames.clear();
        self.read_locals(type_idx)?;
        self.code_start = self.reader.offset();
        if self.sink.listens() {
            self.begin(type_idx)?;
            self.tell_room()?;
        }
        // The body is a block with the results of the function; parameters are locals.
        self.push_frame(Kind::Block, Block::Func(type_idx))?;
        self.operands.truncate(0);
        self.instructions()?;
        if !self.reader.is_empty() {
            return Err(Error::malformed(
                self.reader.offset(),
                "section size mismatch: bytes are left after the end of the function",
            ));
        }
        if self.sink.listens() { self.sink.finish() } else { Ok(()) }
    }
    fn read_locals(&mut self, type_idx: u32) -> Result<()> {
        let params = self.module.signatures.get(type_idx).unwrap_or_default().0;
        self.locals.begin(params, self.at)?;
        let space = self.type_space();
        let start = self.reader.offset();
        let mut count = params.len() as u64;
        for _ in 0..self.reader.u32()? {
            let n = self.reader.u32()?;
            let ty = space.val_type(&mut self.reader)?;
            count += u64::from(n);
            if count <= limits::LOCALS as u64 {
                self.locals.add(n, ty.into(), start)?;
            }
        }
        // The grammar allows 2^32 - 1 of them, we do not.
        if count - params.len() as u64 > u64::from(u32::MAX) {
            return Err(Error::malformed(start, "too many locals"));
        }
        if count > limits::LOCALS as u64 {
            return Err(Error::limit(start, "too many locals"));
        }
        Ok(())
    }
    fn begin(&mut self, type_idx: u32) -> Result<()> {
        self.expanded.clear();
        self.locals.expand(&mut self.expanded).map_err(room::missing(self.at))?;
        self.sink.begin(&FuncInfo {
            func: self.func_idx,
            ty: self.module.func_type(type_idx),
            locals: &self.expanded,
            code: self.reader.rest(),
            code_offset: self.code_start,
        })
    }

    pub fn type_space(&self) -> TypeSpace<'a> {
        TypeSpace::new(&self.module.types, self.module.features)
    }
    #[inline]
    pub fn need(&self, feature: Features) -> Result<()> {
        need(self.module.features, feature, self.at)
    }

    /// One instruction; the arms are in the order of the opcodes.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn instruction(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            0x00 => {
                tell!(self, unreachable());
                self.set_unreachable();
            }
            0x01 => {}
            0x02 => self.block()?,
            0x03 => self.loop_()?,
            0x04 => self.if_()?,
            0x05 => self.else_()?,
            0x06 | 0x07 | 0x09 | 0x18 | 0x19 => self.legacy(opcode)?,
            0x08 => self.throw()?,
            0x0A => self.throw_ref()?,
            0x0B => self.end()?,
            0x0C => self.br()?,
            0x0D => self.br_if()?,
            0x0E => self.br_table()?,
            0x0F => self.return_()?,
            0x10 => self.call(false)?,
            0x11 => self.call_indirect(false)?,
            0x12 => self.call(true)?,
            0x13 => self.call_indirect(true)?,
            0x14 => self.call_ref(false)?,
            0x15 => self.call_ref(true)?,
            0x1A => {
                let ty = self.pop_any()?;
                tell!(self, drop_(ty.val_type()));
            }
            0x1B => self.select()?,
            0x1C => self.select_typed()?,
            0x1F => self.try_table()?,
            0x20..=0x22 => self.local_access(opcode)?,
            0x23 => self.global_get()?,
            0x24 => self.global_set()?,
            0x25 | 0x26 => self.table_access(opcode == 0x26)?,
            0x28..=0x35 => self.load(opcode)?,
            0x36..=0x3E => self.store(opcode)?,
            0x3F | 0x40 => self.memory_size_or_grow(opcode == 0x40)?,
            0x41 => {
                let value = self.reader.s32()?;
                self.push(Ty::I32);
                tell!(self, i32_const(value));
            }
            0x42 => {
                let value = self.reader.s64()?;
                self.push(Ty::I64);
                tell!(self, i64_const(value));
            }
            0x43 => {
                let bits = self.reader.f32_bits()?;
                self.push(Ty::F32);
                tell!(self, f32_const(bits));
            }
            0x44 => {
                let bits = self.reader.f64_bits()?;
                self.push(Ty::F64);
                tell!(self, f64_const(bits));
            }
            0x45..=0xC4 => {
                if opcode >= 0xC0 {
                    self.need(Features::SIGN_EXTENSION)?;
                }
                self.numeric(opcode)?;
            }
            0xD0..=0xD6 => self.reference(opcode)?,
            0xFB => self.prefix_fb()?,
            0xFC => self.prefix_fc()?,
            0xFD => self.prefix_fd()?,
            0xFE => self.prefix_fe()?,
            _ => return Err(self.illegal(u32::from(opcode))),
        }
        Ok(())
    }

    fn numeric(&mut self, opcode: u8) -> Result<()> {
        let Numeric { arity, operand, result } = NUMERIC[usize::from(opcode)];
        self.apply_type(arity, operand, result)?;
        if self.live && self.sink.listens() {
            self.sink.at(self.at);
            tell_numeric(self.sink, opcode)?;
        }
        Ok(())
    }
    /// One operand, one result.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn unary_type(&mut self, a: Ty, r: Ty) -> Result<()> {
        self.apply_type(1, a, r)
    }
    /// Two operands of one type, one result.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn binary_type(&mut self, a: Ty, r: Ty) -> Result<()> {
        self.apply_type(2, a, r)
    }
    /// One or two operands of one type, one result.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn apply_type(&mut self, arity: u32, a: Ty, r: Ty) -> Result<()> {
        if !self.operands.try_apply(arity as usize, a, r, self.height) {
            (0..arity).try_for_each(|_| self.pop(a))?;
            self.push(r);
        }
        Ok(())
    }

    fn local_access(&mut self, opcode: u8) -> Result<()> {
        let local = self.reader.u32()?;
        let Some(ty) = self.locals.get(local) else {
            return Err(self.invalid(&format!("unknown local {local}")));
        };
        let get = opcode == 0x20;
        if !get {
            self.pop(ty)?;
        }
        if !ty.is_defaultable() {
            self.local_reference(local, ty, get)?;
        }
        if opcode != 0x21 {
            self.push(ty);
        }
        if self.live && self.sink.listens() {
            self.sink.at(self.at);
            tell_local(self.sink, opcode, local)?;
        }
        Ok(())
    }
    /// A local without default value must be written before it is read.
    #[cold]
    fn local_reference(&mut self, local: u32, ty: Ty, get: bool) -> Result<()> {
        if !get {
            self.locals.init(local, ty, self.at)?;
        } else if !self.locals.is_init(local) {
            return Err(self.invalid(&format!("uninitialized local {local}")));
        }
        Ok(())
    }
    fn global_get(&mut self) -> Result<()> {
        let (global, ty) = self.global()?;
        self.push(ty.value.into());
        tell!(self, global_get(global, ty.value));
        Ok(())
    }
    fn global_set(&mut self) -> Result<()> {
        let (global, ty) = self.global()?;
        if !ty.mutable {
            return Err(self.invalid("immutable global"));
        }
        self.pop(ty.value.into())?;
        tell!(self, global_set(global, ty.value));
        Ok(())
    }
    #[inline]
    fn global(&mut self) -> Result<(u32, crate::wasm::types::GlobalType)> {
        let global = self.reader.u32()?;
        match self.module.global_types.get(global as usize) {
            Some(&ty) => Ok((global, ty)),
            None => Err(self.invalid(&format!("unknown global {global}"))),
        }
    }

    /// Without a type: numbers and vectors only (spec §3.3.2).
    fn select(&mut self) -> Result<()> {
        self.pop(Ty::I32)?;
        let b = self.pop_any()?;
        let a = self.pop_any()?;
        for ty in [a, b] {
            if ty != Ty::BOT && !ty.is_num_or_vec() {
                return Err(self.mismatch("select of references needs a type"));
            }
        }
        if a != b && a != Ty::BOT && b != Ty::BOT {
            return Err(self.mismatch("select of different types"));
        }
        let ty = if a == Ty::BOT { b } else { a };
        self.push(ty);
        tell!(self, select(ty.val_type()));
        Ok(())
    }
    fn select_typed(&mut self) -> Result<()> {
        self.need(Features::REFERENCE_TYPES)?;
        let count = self.reader.u32()?;
        if count != 1 {
            return Err(self.invalid("invalid result arity"));
        }
        let ty = self.type_space().val_type(&mut self.reader)?;
        self.pop(Ty::I32)?;
        self.pop(ty.into())?;
        self.pop(ty.into())?;
        self.push(ty.into());
        tell!(self, select(ty));
        Ok(())
    }

    /// Saturating conversions, bulk operations, tables, 128-bit arithmetic.
    fn prefix_fc(&mut self) -> Result<()> {
        let code = self.reader.u32()?;
        match code {
            0..=7 => {
                self.need(Features::SATURATING_FLOAT_TO_INT)?;
                let Some(op) = UnOp::decode(0xFC00 + code) else { return Err(self.illegal(code)) };
                let (a, r) = op.signature();
                self.unary_type(Ty::num(a), Ty::num(r))?;
                tell!(self, unary(op));
                Ok(())
            }
            19..=22 => self.wide(code),
            _ => match OtherOp::decode(0xFC00_u32.saturating_add(code)) {
                Some(op) if code < 0x100 => self.bulk(op),
                _ => Err(self.illegal(code)),
            },
        }
    }
    fn wide(&mut self, code: u32) -> Result<()> {
        self.need(Features::WIDE_ARITHMETIC)?;
        let operands: &[Ty] = if code < 21 { &[Ty::I64; 4] } else { &[Ty::I64; 2] };
        self.pop_all(operands)?;
        self.push_all(&[Ty::I64; 2])?;
        if code < 21 {
            tell!(self, wide_add_sub(code == 20));
        } else {
            tell!(self, wide_mul(code == 21));
        }
        Ok(())
    }

    /// The body is over before its blocks are; what follows it decides on the words.
    #[cold]
    pub fn end_expected(&self) -> Error {
        let message = match self.reader.beyond() {
            None => "unexpected end of section or function",
            Some(0x0B) => "section size mismatch: a function ends after its declared size",
            Some(_) => "END opcode expected",
        };
        Error::malformed(self.at, message)
    }
    #[cold]
    pub fn illegal(&self, code: u32) -> Error {
        Error::malformed(self.at, format!("illegal opcode {code:02x}"))
    }
}

/// Parameters and locals: the first ones by index, the others by group, because a group of a few
/// bytes can stand for thousands.
#[derive(Debug, Default)]
pub(super) struct Locals {
    near: Vec<Ty>,
    /// Every group by its end.
    groups: Vec<(u32, Ty)>,
    params: u32,
    /// Which locals without default value are initialised: bits; empty until one is.
    bits: Vec<u64>,
    /// Those locals, in the order of their initialisation.
    order: Vec<u32>,
}
/// How many locals are found by index: those whose index is one byte.
const NEAR: usize = 128;

impl Locals {
    fn begin(&mut self, params: &[Ty], offset: usize) -> Result<()> {
        self.near.clear();
        self.groups.clear();
        self.forget(0);
        self.params = params.len() as u32;
        params.iter().try_for_each(|&ty| self.add(1, ty, offset))
    }
    fn add(&mut self, count: u32, ty: Ty, offset: usize) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let end = self.groups.last().map_or(0, |(end, _)| *end) + count;
        match self.groups.last_mut() {
            Some(last) if last.1 == ty => last.0 = end,
            _ => room::push(&mut self.groups, (end, ty), offset)?,
        }
        room::lengthen(&mut self.near, NEAR.min(end as usize), ty, offset)
    }
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn get(&self, local: u32) -> Option<Ty> {
        match self.near.get(local as usize) {
            Some(&ty) => Some(ty),
            None => self.far(local),
        }
    }
    /// The type of one of the first locals, if it is one of them and has a default value.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn near(&self, local: u8) -> Option<Ty> {
        self.near.get(usize::from(local)).copied().filter(|ty| ty.is_defaultable())
    }
    fn far(&self, local: u32) -> Option<Ty> {
        let index = self.groups.partition_point(|(end, _)| *end <= local);
        self.groups.get(index).map(|(_, ty)| *ty)
    }
    fn expand(&self, types: &mut Vec<ValType>) -> core::result::Result<(), TryReserveError> {
        types.try_reserve(self.groups.last().map_or(0, |(end, _)| *end as usize))?;
        for (end, ty) in &self.groups {
            types.resize(*end as usize, ty.val_type());
        }
        Ok(())
    }
    fn is_init(&self, local: u32) -> bool {
        let word = self.bits.get(local as usize / 64).copied().unwrap_or(0);
        local < self.params || word >> (local % 64) & 1 != 0
    }
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn init(&mut self, local: u32, ty: Ty, offset: usize) -> Result<()> {
        let is_new = !ty.is_defaultable() && !self.is_init(local);
        if is_new { self.set_init(local, offset) } else { Ok(()) }
    }
    fn set_init(&mut self, local: u32, offset: usize) -> Result<()> {
        let word = local as usize / 64;
        room::lengthen(&mut self.bits, word + 1, 0, offset)?;
        room::push(&mut self.order, local, offset)?;
        self.bits[word] |= 1 << (local % 64);
        Ok(())
    }
    /// How many are initialised.
    #[inline]
    pub fn inits(&self) -> u32 {
        self.order.len() as u32
    }
    /// Forgets all initialisations but the first ones.
    #[inline]
    pub fn forget(&mut self, inits: u32) {
        while self.order.len() > inits as usize
            && let Some(local) = self.order.pop()
        {
            self.bits[local as usize / 64] &= !(1 << (local % 64));
        }
    }
}
