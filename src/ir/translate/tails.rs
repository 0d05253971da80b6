//! Loops that end shortly after a block does, as interpreters and other loops around a `switch` do:
//! what leaves that block does the rest of the turn itself, instead of jumping to where it is done.

use super::blocks::Test;
use super::*;
use crate::wasm::reader::Reader;

/// How many of the innermost blocks leaving one looks at.
const NEAR: usize = 4;

/// A block that is open, after which little is left of its loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    label: usize,
    /// The loop.
    around: usize,
    /// Where the rest of it is in the code.
    rest: usize,
}

impl<B: Backend> Translator<'_, B> {
    /// Notes that the block that was just opened is such a one, if it is.
    #[inline]
    pub(super) fn note_tail(&mut self) -> Result<(), Error> {
        // Where turns are paid for, so is every stretch of them.
        if tuning::SMALL || self.cx.fuel {
            return Ok(());
        }
        let Some(rest) = self.near_end.after(self.out.offset as usize - self.code_start) else {
            return Ok(());
        };
        let label = self.control.len() - 1;
        let is_loop = |control: &Control| control.kind == Kind::Loop;
        let near = self.control.len().saturating_sub(scan::DEPTHS);
        let Some(around) = self.control[near..].iter().rposition(is_loop) else { return Ok(()) };
        let around = near + around;
        let plain = |control: &Control| {
            control.params.0 == control.params.1 && control.results.0 == control.results.1
        };
        let in_position = self.control[label].height == self.control[around].height;
        if !(plain(&self.control[label]) && plain(&self.control[around]) && in_position) {
            return Ok(());
        }
        room::push(&mut self.tails, Tail { label, around, rest }, self.out.offset as usize)
    }
    /// A block with this index has ended.
    #[inline]
    pub(super) fn end_tail(&mut self, index: usize) {
        if !tuning::SMALL && !self.tails.is_empty() {
            self.tails.pop_if(|tail| tail.label == index);
        }
    }
    /// Instead of a jump to the end of a block: what comes after it, up to the next turn. Gives
    /// whether that was written.
    pub(super) fn jump_repeated(&mut self, label: usize) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        let mut near = self.tails.iter().rev().take(NEAR);
        let Some(&Tail { around, rest, .. }) = near.find(|tail| tail.label == label) else {
            return Ok(false);
        };
        if self.stack.len() != self.control[label].height {
            return Ok(false);
        }
        self.settle_ordered()?;
        let mut code = [0; scan::TAIL_BYTES];
        for (to, from) in code.iter_mut().zip(self.code.get(rest..).unwrap_or_default()) {
            *to = *from;
        }
        let written = self.repeat(&code, rest, around);
        self.repeated = None;
        written.map(|()| true)
    }
    /// Writes instructions again, up to the branch back to the loop, which was [looked
    /// at](scan::Tails).
    fn repeat(&mut self, code: &[u8], rest: usize, around: usize) -> Result<(), Error> {
        let mut reader = Reader::new(code);
        loop {
            let op = reader.byte()?;
            match op {
                0x0B => {}
                0x0C => return self.jump(around),
                0x0D => {
                    let condition = self.pop()?;
                    self.branch_on(around, 0, Test::Condition(condition))?;
                    return self.jump_past(around);
                }
                0x20..=0x22 => {
                    let local = reader.u32()?;
                    match op {
                        0x20 => self.local_get(local)?,
                        0x21 => self.local_set(local)?,
                        _ => self.local_tee(local)?,
                    }
                }
                0x41 => self.i32_const(reader.s32()?)?,
                0x42 => self.i64_const(reader.s64()?)?,
                op => {
                    self.repeated = Some(rest + reader.offset());
                    match (BinOp::decode(op.into()), UnOp::decode(op.into())) {
                        (Some(op), _) => self.binary(op)?,
                        (_, Some(op)) => self.unary(op)?,
                        _ => return Err(self.out.no_handler("operation")),
                    }
                }
            }
        }
    }
    /// A jump to what comes after a loop.
    fn jump_past(&mut self, label: usize) -> Result<(), Error> {
        let cache = self.cache();
        let moved = self.begin_moving(Then::Jump, false, || format!("jump past {label}"))?;
        let control = &mut self.control[label];
        control.cache = Some(control.cache.map_or(cache, |other| meet(&other, &cache)));
        self.out.forward(&mut control.patches);
        self.end_moving(moved);
        self.out.end();
        Ok(())
    }
}
