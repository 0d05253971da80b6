//! A look ahead over the body of a loop, to decide what to keep in registers.
//!
//! It stops at the first nested loop, so that every byte is looked at no more than twice.

use super::Translator;
use crate::ir::backend::Backend;
use crate::wasm::ops::{LoadOp, SimdOp, SimdShape, StoreOp};

/// Opcodes (spec §5.4.1, §5.4.7).
const IF: u8 = 0x04;
const BR_IF: u8 = 0x0D;
const GLOBAL_GET: u8 = 0x23;
const I32_EQZ: u8 = 0x45;

/// How many bytes of code are a few instructions.
const SOON: usize = 20;

impl<B: Backend> Translator<'_, B> {
    /// The code after this instruction, which has one byte.
    fn rest(&self) -> &[u8] {
        let next = match self.repeated {
            Some(next) => next,
            None => self.out.offset as usize + 1 - self.code_start,
        };
        self.code.get(next..).unwrap_or_default()
    }
    /// Whether the next instruction is a branch on the result of this one, which has one byte, or
    /// on whether that is zero.
    pub(super) fn branches_next(&self) -> bool {
        matches!(self.rest(), [BR_IF | IF, ..] | [I32_EQZ, BR_IF | IF, ..])
    }
    /// Whether it looks as if a global were read again in a few instructions.
    pub(super) fn is_read_soon(&self, global: u32) -> bool {
        let (rest, low) = (self.rest(), global as u8 & 0x7F);
        let first = if global < 0x80 { low } else { low | 0x80 };
        rest[..rest.len().min(SOON)].windows(2).any(|code| code == [GLOBAL_GET, first])
    }
    /// Whether what comes after this instruction, which has one byte, is a load.
    pub(super) fn load_next(&self) -> bool {
        self.rest().first().is_some_and(|&op| LoadOp::decode(op.into()).is_some())
    }
    /// The store to memory 0, and its offset, that comes after this instruction, which has one byte.
    pub(super) fn store_next(&self) -> Option<(StoreOp, u64)> {
        let mut rest = Bytes { code: self.rest(), pos: 0 };
        let op = StoreOp::decode(rest.byte()?.into())?;
        // Beyond the alignment there is a memory.
        let in_first = rest.byte()? < 0x40;
        in_first.then_some((op, rest.u32()?.into()))
    }
}

/// What the body of a loop does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopBody {
    /// It contains no loop, no call and nothing else that ends in another frame: the loop register
    /// survives it.
    pub innermost: bool,
    /// It contains nothing that clobbers the value registers.
    pub keeps_registers: bool,
    /// How many computed operands it has at once, at most: integers, floats.
    pub operands: [u32; 2],
    /// How the next turn begins.
    pub back: Back,
    /// The blocks in it after which little is left of it.
    pub tails: Tails,
}
/// The branches back to a loop without others in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// There are some, and all are taken always.
    pub jumps_only: bool,
    /// All of them are in the first block of the body, if that is an `if`, in its first arm.
    pub in_first: bool,
}

/// How many blocks may have an end near that of a loop, and how deep in it they are.
const TAILS: usize = 4;
pub const DEPTHS: usize = 8;
/// As many bytes are little.
pub const TAIL_BYTES: usize = 24;
/// The blocks that end shortly before a loop does: what is in between is nothing but arithmetic on
/// locals, and a branch back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tails {
    all: [Tail; TAILS],
    n: usize,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tail {
    /// Where the block begins, and where what comes after its end does.
    block: usize,
    rest: usize,
}
impl Tails {
    fn push(&mut self, block: usize, rest: usize) {
        if let Some(tail) = self.all.get_mut(self.n) {
            *tail = Tail { block, rest };
            self.n += 1;
        }
    }
    /// Where what comes after the block that begins at `block` does, if that is so for it.
    pub fn after(&self, block: usize) -> Option<usize> {
        let found = self.all[..self.n].iter().find(|tail| tail.block == block)?;
        Some(found.rest)
    }
    /// The loop has ended with a branch back just before `end`.
    fn end(mut self, end: usize) -> Tails {
        let all = core::mem::take(&mut self.all);
        let n = core::mem::take(&mut self.n);
        for tail in all[..n].iter().filter(|tail| end - tail.rest <= TAIL_BYTES) {
            self.push(tail.block, tail.rest);
        }
        self
    }
}
/// Whether an instruction of one byte, or with one number, only computes, and cannot trap.
fn is_plain(code: u8) -> bool {
    let traps = matches!(code, 0x6D..=0x70 | 0x7F..=0x82 | 0xA8..=0xAB | 0xAE..=0xB1);
    matches!(code, 0x20..=0x22 | 0x41 | 0x42 | 0x45..=0xC4) && !traps
}

/// The operand stack since the last label: which operands were computed, the newest in the lowest
/// bit. What lies deeper than 64 is forgotten.
#[derive(Default)]
struct Operands {
    computed: [u64; 2],
    most: [u32; 2],
}
impl Operands {
    /// Bank 0 or 1; 2 for what takes no register.
    fn push(&mut self, bank: usize) {
        for i in 0..2 {
            self.computed[i] = self.computed[i] << 1 | u64::from(i == bank);
            self.most[i] = self.most[i].max(self.computed[i].count_ones());
        }
    }
    fn pop(&mut self, n: u32) {
        for bank in &mut self.computed {
            *bank >>= n;
        }
    }
    fn clear(&mut self) {
        self.computed = [0; 2];
    }
    /// A numeric instruction of one byte.
    fn number(&mut self, code: u8) {
        let unary = matches!(
            code,
            0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7B | 0x8B..=0x91 | 0x99..=0x9F | 0xA7..=0xC4
        );
        let float = matches!(code, 0x8B..=0xA6 | 0xB2..=0xBB | 0xBE | 0xBF);
        self.pop(if unary { 1 } else { 2 });
        self.push(usize::from(float));
    }
}

struct Bytes<'a> {
    code: &'a [u8],
    pos: usize,
}
impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.code.get(self.pos)?;
        self.pos += 1;
        Some(byte)
    }
    fn skip(&mut self, n: usize) {
        self.pos += n;
    }
    /// Skips a LEB128 number.
    fn leb(&mut self) -> Option<()> {
        while self.byte()? & 0x80 != 0 {}
        Some(())
    }
    /// A u32; the caller's validation checks its form.
    fn u32(&mut self) -> Option<u32> {
        let mut value = 0u32;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }
    /// An instruction on objects: whether it keeps the registers, as those do that are no
    /// operations out of line.
    fn gc(&mut self) -> Option<bool> {
        let code = self.u32()?;
        let (immediates, keeps) = match code {
            0 | 1 | 11..=14 | 20..=23 => (1, true),
            2..=5 => (2, true),
            15 | 26..=30 => (0, true),
            24 | 25 => {
                self.skip(1);
                (3, true)
            }
            6 | 7 | 16 => (1, false),
            8..=10 | 17..=19 => (2, false),
            _ => return None,
        };
        for _ in 0..immediates {
            self.leb()?;
        }
        Some(keeps)
    }
    fn memarg(&mut self) -> Option<()> {
        if self.u32()? & 0x40 != 0 {
            self.leb()?;
        }
        self.leb()
    }
    /// The rest of a vector instruction.
    fn vector(&mut self) -> Option<()> {
        let op = SimdOp::decode(self.u32()?)?;
        let shape = op.shape();
        if shape.is_memory() {
            self.memarg()?;
        }
        match shape {
            SimdShape::Const | SimdShape::Shuffle => self.skip(16),
            _ => self.skip(usize::from(shape.has_lane())),
        }
        Some(())
    }
}

/// Looks over the loop body that begins at `pos`, and reports the uses of locals: index, and
/// whether it is written.
///
/// `moves_bytes`: instructions that copy and fill memory 0 keep the registers.
pub fn loop_body(
    code: &[u8],
    pos: usize,
    moves_bytes: bool,
    mut local: impl FnMut(u32, bool),
) -> LoopBody {
    let mut bytes = Bytes { code, pos };
    look(&mut bytes, moves_bytes, &mut local).unwrap_or_default()
}

fn look(
    bytes: &mut Bytes<'_>,
    moves_bytes: bool,
    local: &mut impl FnMut(u32, bool),
) -> Option<LoopBody> {
    let mut depth = 1u32;
    let mut keeps_registers = true;
    let (mut jumps, mut branches, mut first_ended, mut late) = (false, false, false, false);
    let mut operands = Operands::default();
    let (mut tails, mut starts, mut went_back) = (Tails::default(), [0; DEPTHS], false);
    while depth > 0 {
        let start = bytes.pos;
        let code = bytes.byte()?;
        if code == 0x0B {
            if depth > 1
                && let Some(&block) = starts.get(depth as usize)
            {
                tails.push(block, bytes.pos);
            }
        } else if !is_plain(code) || went_back {
            let branches = matches!(code, 0x0C | 0x0D) && depth == 1 && !went_back;
            went_back = branches && bytes.code.get(bytes.pos) == Some(&0);
            if !went_back {
                tails.n = 0;
            }
        }
        match code {
            0x02 | 0x04 => {
                depth += 1;
                if let Some(at) = starts.get_mut(depth as usize) {
                    *at = start;
                }
                operands.clear();
                bytes.leb()?;
            }
            0x0B => {
                depth -= 1;
                first_ended |= depth == 1;
                operands.clear();
            }
            // Throwing is leaving: nobody comes back.
            0x00 | 0x05 | 0x0A | 0x0F => {
                first_ended |= code == 0x05 && depth == 2;
                operands.clear();
            }
            0x01 | 0xD1 => {}
            0x1A => operands.pop(1),
            // Which of its operands it gives decides the bank: the lower one stays.
            0x1B => operands.pop(2),
            0x45..=0xC4 => operands.number(code),
            0x08 => {
                operands.clear();
                bytes.leb()?;
            }
            0x0C => {
                operands.clear();
                let back = bytes.u32()? == depth - 1;
                jumps |= back;
                late |= back && first_ended;
            }
            0x0D => {
                operands.pop(1);
                branches |= bytes.u32()? == depth - 1;
            }
            0x24 => {
                operands.pop(1);
                bytes.leb()?;
            }
            0x23 => {
                operands.push(0);
                bytes.leb()?;
            }
            0x0E => {
                operands.clear();
                let count = bytes.u32()?;
                for _ in 0..=count {
                    branches |= bytes.u32()? == depth - 1;
                }
            }
            0x20 => {
                operands.push(2);
                local(bytes.u32()?, false);
            }
            0x21 | 0x22 => {
                operands.pop(1);
                if code == 0x22 {
                    operands.push(2);
                }
                local(bytes.u32()?, true);
            }
            0x28..=0x35 => {
                operands.pop(1);
                operands.push(usize::from(matches!(code, 0x2A | 0x2B)));
                bytes.memarg()?;
            }
            0x36..=0x3E => {
                operands.pop(2);
                bytes.memarg()?;
            }
            0x3F | 0x40 | 0x25 | 0x26 | 0xD2 => {
                keeps_registers = false;
                bytes.leb()?;
            }
            0xD3 | 0xD4 => {}
            0x41 | 0x42 | 0xD0 => {
                operands.push(2);
                bytes.leb()?;
            }
            0xD5 | 0xD6 => bytes.leb()?,
            0x43 | 0x44 => {
                operands.push(2);
                bytes.skip(if code == 0x43 { 4 } else { 8 });
            }
            0xFC => match bytes.u32()? {
                0..=7 => {
                    operands.pop(1);
                    operands.push(0);
                }
                10 => {
                    let memories = bytes.u32()? | bytes.u32()?;
                    keeps_registers &= moves_bytes && memories == 0;
                }
                11 => keeps_registers &= moves_bytes & (bytes.u32()? == 0),
                8 | 12 | 14 => {
                    keeps_registers = false;
                    bytes.leb()?;
                    bytes.leb()?;
                }
                9 | 13 | 15..=17 => {
                    keeps_registers = false;
                    bytes.leb()?;
                }
                19..=22 => keeps_registers = false,
                _ => return None,
            },
            0xFB => keeps_registers &= bytes.gc()?,
            0xFD => bytes.vector()?,
            0xFE => match bytes.u32()? {
                3 => bytes.skip(1),
                _ => bytes.memarg()?,
            },
            // A nested loop, a call, an exception handler, or what this look does not know.
            _ => return None,
        }
    }
    let back = Back { jumps_only: jumps && !branches, in_first: !late };
    let tails = if went_back { tails.end(bytes.pos) } else { Tails::default() };
    Some(LoopBody { innermost: true, keeps_registers, operands: operands.most, back, tails })
}
