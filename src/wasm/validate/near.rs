//! The walk: the commonest instructions, of which the operands are there.
//!
//! They are done here, with the place kept in registers; whatever is rarer or wrong goes through
//! [`Validator::instruction`].

use super::func::{Result, Validator};
use super::operands::Held;
use super::stack::{Block, Frame, Kind, PUSHES};
use crate::tuning;
use crate::wasm::compact::Ty;
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::ops::{LoadOp, StoreOp};
use crate::wasm::reader::{near_s32, near_s35, near_u32};
use crate::wasm::sink::{BlockType, MemArg, Sink};
use crate::wasm::types::{GlobalType, NumType};

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
        loop {
            self.near()?;
            self.at = self.reader.offset();
            let Some(opcode) = self.reader.peek() else { return Err(self.end_expected()) };
            if !self.operands.has_room(PUSHES) {
                self.make_room(PUSHES)?;
            }
            self.reader.seek(self.at + 1);
            self.instruction(opcode)?;
            if self.frames.is_empty() {
                return Ok(());
            }
        }
    }

    /// As far as there is nothing but the commonest instructions.
    #[inline(never)]
    fn near(&mut self) -> Result<()> {
        let bytes = self.reader.bytes();
        let mut rest = self.reader.rest();
        let module = self.module;
        let code_start = self.code_start;
        let memory = module.memories.first().map(|memory| memory.limits.is_64);
        let Validator { sink, operands, frames, locals, live, unreachable, .. } = self;
        let locals = &*locals;
        let mut held = operands.hold(self.height);
        /// Goes on behind an instruction, about which the sink is told.
        macro_rules! go_on {
            ($tail:expr, $is_told:expr, $told:expr) => {{
                if sink.listens() && $is_told {
                    sink.at(bytes.len() - rest.len());
                    $told?;
                }
                rest = $tail;
                continue;
            }};
            ($tail:expr, $told:expr) => {
                go_on!($tail, *live, $told)
            };
        }
        // All but the last instruction have a byte behind them.
        while let [opcode, next, ref tail @ ..] = *rest {
            match opcode {
                0x20 => {
                    if let Some(ty) = locals.near(next)
                        && held.push(ty)
                    {
                        go_on!(tail, sink.local_get(u32::from(next)))
                    }
                }
                0x21 | 0x22 => {
                    if let Some(ty) = locals.near(next)
                        && held.ends_in(ty)
                    {
                        held.len -= usize::from(opcode == 0x21);
                        go_on!(tail, tell_local(*sink, opcode, u32::from(next)))
                    }
                }
                0x45..=0xBF => {
                    let Numeric { arity, operand, result } = NUMERIC[usize::from(opcode)];
                    if held.apply(arity as usize, operand, result) {
                        go_on!(&rest[1..], tell_numeric(*sink, opcode))
                    }
                }
                0x41 => {
                    if let Some((value, tail)) = near_s32(&rest[1..])
                        && held.push(Ty::I32)
                    {
                        go_on!(tail, sink.i32_const(value))
                    }
                }
                0x42 if !tuning::SMALL => {
                    if let Some((value, tail)) = near_s35(&rest[1..])
                        && held.push(Ty::I64)
                    {
                        go_on!(tail, sink.i64_const(value))
                    }
                }
                0x23 | 0x24 if !tuning::SMALL => {
                    if let Some((global, tail)) = near_u32(&rest[1..])
                        && let Some(GlobalType { value, mutable }) =
                            module.global_types.get(global as usize).copied()
                        && if opcode == 0x23 {
                            held.push(value.into())
                        } else {
                            mutable && held.pop(value.into())
                        }
                    {
                        let told = match opcode {
                            0x23 => S::global_get,
                            _ => S::global_set,
                        };
                        go_on!(tail, told(*sink, global, value))
                    }
                }
                0x1A if !tuning::SMALL => {
                    if let Some(ty) = held.pop_any() {
                        go_on!(&rest[1..], sink.drop_(ty.val_type()))
                    }
                }
                0x1B if !tuning::SMALL => {
                    if let Some(ty) = held.select() {
                        go_on!(&rest[1..], sink.select(ty.val_type()))
                    }
                }
                0x28..=0x3E if !tuning::SMALL => {
                    let Access { value, natural } = ACCESSES[usize::from(opcode)];
                    if let Some((offset, tail)) = near_u32(tail)
                        && let Some(is_64) = memory
                        && next <= natural
                        && if opcode < 0x36 {
                            held.apply(1, Ty::address(is_64), value)
                        } else {
                            held.pop_both(Ty::address(is_64), value)
                        }
                    {
                        let arg = MemArg { memory: 0, offset: u64::from(offset), is_64 };
                        go_on!(tail, tell_access(*sink, opcode, arg))
                    }
                }
                // To a label without operands.
                0x0D if !tuning::SMALL && has_no_operands(frames, next) && held.pop(Ty::I32) => {
                    go_on!(tail, sink.br_if(u32::from(next)))
                }
                0x0C if !tuning::SMALL && has_no_operands(frames, next) => {
                    let was_live = *live;
                    (held.len, *unreachable, *live) = (held.height, true, false);
                    go_on!(tail, was_live, sink.br(u32::from(next)))
                }
                // Without parameters and results.
                0x02 | 0x03
                    if !tuning::SMALL && next == 0x40 && frames.len() < frames.capacity() =>
                {
                    let is_live = *live;
                    let kind = if opcode == 0x02 { Kind::Block } else { Kind::Loop };
                    frames.push(Frame {
                        inits: locals.inits(),
                        outer_unreachable: *unreachable,
                        outer_live: is_live,
                        ..Frame::new(kind, Block::Empty, held.len)
                    });
                    (held.height, *unreachable) = (held.len, false);
                    let ty = BlockType { params: &[], results: &[] };
                    let body = bytes.len() - tail.len() - code_start;
                    go_on!(
                        tail,
                        true,
                        match kind {
                            Kind::Block => sink.block(ty, is_live),
                            _ => sink.loop_(ty, body, is_live),
                        }
                    )
                }
                // Of a block without parameters and results, not the outermost one.
                0x0B if !tuning::SMALL => {
                    if let [.., outer, frame] = frames[..]
                        && matches!(frame.block, Block::Empty)
                        && held.len == held.height
                        && frame.inits == locals.inits()
                    {
                        let is_live = *live;
                        frames.pop();
                        held.height = outer.height as usize;
                        (*unreachable, *live) = (frame.outer_unreachable, frame.outer_live);
                        go_on!(&rest[1..], true, sink.end(is_live))
                    }
                }
                0x10 if !tuning::SMALL => {
                    if let Some((func, tail)) = near_u32(&rest[1..])
                        && let Some(&type_idx) = module.funcs.get(func as usize)
                        && let Some((params, results)) = module.signatures.get(type_idx)
                        && results.len() < 2
                        && held.call(params, results.first().copied())
                    {
                        go_on!(tail, sink.call(func, module.func_type(type_idx), false))
                    }
                }
                _ => {}
            }
            break;
        }
        let Held { len, height, .. } = held;
        self.operands.keep(len);
        self.height = height;
        self.reader.seek(bytes.len() - rest.len());
        Ok(())
    }
}

/// Whether a branch of this depth takes nothing along.
#[cfg_attr(not(feature = "small"), inline(always))]
fn has_no_operands(frames: &[Frame], depth: u8) -> bool {
    let index = frames.len().wrapping_sub(1 + usize::from(depth));
    let frame = frames.get(index);
    depth < 0x80 && frame.is_some_and(|frame| matches!(frame.block, Block::Empty))
}
#[cfg_attr(not(feature = "small"), inline(always))]
fn tell_access<S: Sink>(sink: &mut S, opcode: u8, arg: MemArg) -> Result<()> {
    let code = u32::from(opcode);
    match (LoadOp::decode(code), StoreOp::decode(code)) {
        (Some(op), _) => sink.load(op, arg),
        (_, Some(op)) => sink.store(op, arg),
        _ => Ok(()),
    }
}
pub(super) fn tell_numeric<S: Sink>(sink: &mut S, opcode: u8) -> Result<()> {
    let code = u32::from(opcode);
    match (BinOp::decode(code), UnOp::decode(code)) {
        (Some(op), _) => sink.binary(op),
        (_, Some(op)) => sink.unary(op),
        _ => Ok(()),
    }
}
pub(super) fn tell_local<S: Sink>(sink: &mut S, opcode: u8, local: u32) -> Result<()> {
    match opcode {
        0x20 => sink.local_get(local),
        0x21 => sink.local_set(local),
        _ => sink.local_tee(local),
    }
}
