//! The walk: the commonest instructions with short immediates, of which the operands are there.
//!
//! They are done here, with the place kept in registers; whatever is longer, rarer or wrong goes
//! through [`Validator::instruction`].

use super::func::{Result, Validator};
use super::stack::{Block, Kind, PUSHES};
use crate::tuning;
use crate::wasm::compact::Ty;
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::ops::{LoadOp, StoreOp};
use crate::wasm::reader::short_number;
use crate::wasm::sink::{BlockType, MemArg, Sink};
use crate::wasm::types::NumType;

/// How a numeric instruction is typed, by opcode: how many operands, their type, the result's.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "small"), repr(align(16)))]
pub(super) struct Numeric {
    pub arity: u32,
    pub operand: Ty,
    pub result: Ty,
}
pub(super) const NUMERIC: [Numeric; 256] = {
    let mut table = [Numeric { arity: 0, operand: Ty::BOT, result: Ty::BOT }; 256];
    let mut code = 0;
    while code < 256 {
        let (arity, (a, r)) = match (UnOp::decode(code), BinOp::decode(code)) {
            (Some(op), _) => (1, op.signature()),
            (_, Some(op)) => (2, op.signature()),
            _ => (0, (NumType::I32, NumType::I32)),
        };
        if arity > 0 {
            table[code as usize] = Numeric { arity, operand: Ty::num(a), result: Ty::num(r) };
        }
        code += 1;
    }
    table
};

/// A load or store, by opcode: the type of the value, the logarithm of its width.
#[derive(Clone, Copy)]
struct Access {
    value: Ty,
    natural: u8,
}
const ACCESSES: [Access; 256] = {
    let mut table = [Access { value: Ty::BOT, natural: 0 }; 256];
    let mut code = 0;
    while code < 256 {
        let (ty, width) = match (LoadOp::decode(code), StoreOp::decode(code)) {
            (Some(op), _) => (Some(op.ty()), op.width()),
            (_, Some(op)) => (Some(op.ty()), op.width()),
            _ => (None, 1),
        };
        if let Some(ty) = ty {
            let natural = width.trailing_zeros() as u8;
            table[code as usize] = Access { value: Ty::num(ty), natural };
        }
        code += 1;
    }
    table
};

impl<S: Sink> Validator<'_, S> {
    /// Everything up to the end of the body.
    pub fn instructions(&mut self) -> Result<()> {
        let bytes = self.reader.bytes();
        let mut rest = self.reader.rest();
        /// Goes on behind an instruction, about which the sink is told.
        macro_rules! go_on {
            ($tail:expr, $is_told:expr, $told:expr) => {{
                if self.sink.listens() && $is_told {
                    self.sink.at(bytes.len() - rest.len());
                    $told?;
                }
                rest = $tail;
                continue;
            }};
            ($tail:expr, $told:expr) => {
                go_on!($tail, self.live, $told)
            };
        }
        loop {
            // All but the last instruction have a byte behind them.
            if let [opcode, next, ref tail @ ..] = *rest {
                match opcode {
                    0x20 if self.near_get(next) => {
                        go_on!(tail, self.sink.local_get(u32::from(next)))
                    }
                    0x21 | 0x22 if self.near_set(next, opcode == 0x22) => {
                        go_on!(tail, self.tell_local(opcode, u32::from(next)))
                    }
                    0x45..=0xBF if self.near_numeric(opcode) => {
                        go_on!(&rest[1..], self.tell_numeric(opcode))
                    }
                    0x41 => {
                        if let Some((bits, width, tail)) = short_number(&rest[1..])
                            && self.operands.try_push(Ty::I32)
                        {
                            let value = (bits << (32 - width)) as i32 >> (32 - width);
                            go_on!(tail, self.sink.i32_const(value))
                        }
                    }
                    0x28..=0x3E if !tuning::SMALL => {
                        if let Some((offset, _, tail)) = short_number(tail)
                            && let Some(is_64) = self.near_access(opcode, next)
                        {
                            let arg = MemArg { memory: 0, offset: u64::from(offset), is_64 };
                            go_on!(tail, self.tell_access(opcode, arg))
                        }
                    }
                    0x0D if !tuning::SMALL && self.near_br_if(next) => {
                        go_on!(tail, self.sink.br_if(u32::from(next)))
                    }
                    0x02 if !tuning::SMALL && next == 0x40 => {
                        let live = self.live;
                        self.at = bytes.len() - rest.len();
                        self.push_frame(Kind::Block, Block::Empty)?;
                        let ty = BlockType { params: &[], results: &[] };
                        go_on!(tail, true, self.sink.block(ty, live))
                    }
                    0x0B if !tuning::SMALL => {
                        let live = self.live;
                        if self.near_end() {
                            go_on!(&rest[1..], true, self.sink.end(live))
                        }
                    }
                    _ => {}
                }
            }
            let at = bytes.len() - rest.len();
            self.at = at;
            let Some(&opcode) = rest.first() else { return Err(self.end_expected()) };
            if !self.operands.has_room(PUSHES) {
                self.make_room(PUSHES)?;
            }
            self.reader.seek(at + 1);
            self.instruction(opcode)?;
            if self.frames.is_empty() {
                return Ok(());
            }
            rest = self.reader.rest();
        }
    }

    /// `local.get` of one of the first locals, with a default value; otherwise nothing happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn near_get(&mut self, local: u8) -> bool {
        let ty = self.locals.near(local);
        ty.is_some_and(|ty| ty.is_defaultable() && self.operands.try_push(ty))
    }
    /// `local.set` or `local.tee` of one of those; otherwise nothing happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn near_set(&mut self, local: u8, tee: bool) -> bool {
        let Some(ty) = self.locals.near(local) else { return false };
        let there = ty.is_defaultable() && self.operands.ends_in(ty, self.height);
        if there && !tee {
            self.operands.truncate(self.operands.len() - 1);
        }
        there
    }
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn near_numeric(&mut self, opcode: u8) -> bool {
        let Numeric { arity, operand, result } = NUMERIC[usize::from(opcode)];
        self.operands.try_apply(arity as usize, operand, result, self.height)
    }
    /// A load from the first memory or a store to it: whether that has 64-bit addresses.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn near_access(&mut self, opcode: u8, align: u8) -> Option<bool> {
        let Access { value, natural } = ACCESSES[usize::from(opcode)];
        let is_64 = self.module.memories.first()?.limits.is_64;
        let address = Ty::address(is_64);
        let (types, height) = (&mut self.operands, self.height);
        let there = align <= natural
            && if opcode < 0x36 {
                types.try_apply(1, address, value, height)
            } else {
                types.try_pop_both(address, value, height)
            };
        there.then_some(is_64)
    }
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn tell_access(&mut self, opcode: u8, arg: MemArg) -> Result<()> {
        let code = u32::from(opcode);
        match (LoadOp::decode(code), StoreOp::decode(code)) {
            (Some(op), _) => self.sink.load(op, arg),
            (_, Some(op)) => self.sink.store(op, arg),
            _ => Ok(()),
        }
    }
    /// `br_if` to a label without operands; otherwise nothing happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn near_br_if(&mut self, depth: u8) -> bool {
        let index = self.frames.len().wrapping_sub(1 + usize::from(depth));
        let frame = self.frames.get(index);
        depth < 0x80
            && frame.is_some_and(|frame| matches!(frame.block, Block::Empty))
            && self.operands.try_pop(Ty::I32, self.height)
    }
    /// The end of a block without parameters and results, not the outermost one; otherwise nothing
    /// happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn near_end(&mut self) -> bool {
        match self.frames[..] {
            [.., outer, frame]
                if matches!(frame.block, Block::Empty) && self.operands.len() == self.height =>
            {
                self.locals.forget(frame.inits);
                self.frames.pop();
                self.height = outer.height as usize;
                self.unreachable = frame.outer_unreachable;
                self.live = frame.outer_live;
                true
            }
            _ => false,
        }
    }
}
