//! Loops that begin with a way out: what jumps back to such a loop does that itself.
//!
//! `loop (br_if $out c) … (br $loop)` is two branches for each turn. With the condition once more at
//! the end it is one: a branch back to what follows the way out, and behind it a jump there. If the
//! loop has a register, that is set behind the way out.

use super::stack::Value;
use super::*;
use crate::ir::backend::Then;
use alloc::string::String;

/// How many of the innermost ones jumps look at.
const ROTATIONS: usize = 8;
/// How many of the innermost blocks a way out looks at for its loop.
const NEAR: usize = 8;

/// A loop that is open, and begins with a conditional branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rotation {
    label: usize,
    /// The condition: it depends on locals only.
    condition: Entry,
    /// Whether the turn goes on if the condition holds.
    sense: bool,
    exit: Exit,
    /// Where it goes on then,
    past: usize,
    /// which is also in the loop register.
    by_register: bool,
}
/// Where the way out leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// To the end of a block around the loop.
    Label(usize),
    /// Past the first arm of the `if` with this index.
    Otherwise(usize),
}
/// A way out that is about to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct WayOut {
    label: usize,
    exit: Exit,
    condition: Entry,
    sets_register: bool,
}

impl<B: Backend> Translator<'_, B> {
    /// If a conditional branch on an operand that was popped, to the end of a block or (none) past
    /// the first arm of an `if`, is the first thing in a loop that can do without it from the
    /// second turn on. It has to be written now, and then [noted](Self::note_way_out).
    pub(super) fn way_out(
        &mut self,
        condition: &Entry,
        target: Option<usize>,
    ) -> Result<Option<WayOut>, Error> {
        let found = self.find_way_out(condition, target);
        if let Some(WayOut { label, sets_register: true, .. }) = found {
            self.take_back_register(label)?;
        }
        Ok(found)
    }
    fn find_way_out(&self, condition: &Entry, target: Option<usize>) -> Option<WayOut> {
        use Value::{Bin, Leaf as Is, Not, Tree, Un};
        // Where turns are paid for, they go by the header.
        if tuning::SMALL || self.cx.fuel {
            return None;
        }
        // Headers are labels: most branches need no search for a loop that begins here.
        if self.out.label != self.out.pos() {
            return None;
        }
        // Only blocks have begun since the loop: a few, as there can be a million around it.
        let near = self.control.len().saturating_sub(NEAR);
        let is_loop = |control: &Control| control.kind == Kind::Loop;
        let label = near + self.control[near..].iter().rposition(is_loop)?;
        let Control { header, height, params, loop_register, .. } = self.control[label];
        let mut pure = !condition.value.is_ordered();
        condition.value.leaves(|leaf| pure &= matches!(leaf, Leaf::Local(_) | Leaf::Const(_)));
        pure &= matches!(condition.value, Is(_) | Un(..) | Bin(..) | Not(..) | Tree(_));
        let exit = match target {
            Some(target) => Exit::Label(target),
            None => Exit::Otherwise(self.control.len()),
        };
        let leads_out = match exit {
            Exit::Label(target) => {
                let Control { kind, results, .. } = self.control[target];
                target < label && matches!(kind, Kind::Block | Kind::If) && results.0 == results.1
            }
            Exit::Otherwise(_) => true,
        };
        // Others go to the header, and set the register again: there must be none.
        let all_rotate = match exit {
            _ if !loop_register => true,
            Exit::Label(_) => self.back.jumps_only,
            Exit::Otherwise(arm) => self.back.jumps_only && self.back.in_first && arm == label + 1,
        };
        let plain = params.0 == params.1 && self.stack.len() == height;
        let begins = header as usize == self.out.pos();
        // What follows counts on what the registers hold at the header, and on nothing else.
        let keeps = self.cache() == self.pins();
        if !(begins && plain && pure && leads_out && all_rotate && keeps) {
            return None;
        }
        Some(WayOut { label, exit, condition: *condition, sets_register: loop_register })
    }
    /// It was written.
    pub(super) fn note_way_out(&mut self, way_out: Option<WayOut>) -> Result<(), Error> {
        let (Some(way_out), false) = (way_out, tuning::SMALL) else { return Ok(()) };
        let WayOut { label, exit, condition, sets_register } = way_out;
        if sets_register {
            self.fixed(Fixed::SetLoop);
        }
        let past = self.out.mark();
        self.turn_begins()?;
        let sense = matches!(exit, Exit::Otherwise(_));
        let rotation = Rotation { label, condition, sense, exit, past, by_register: sets_register };
        room::push(&mut self.rotations, rotation, self.out.offset as usize)
    }
    /// A block with this index has ended.
    #[inline]
    pub(super) fn end_rotations(&mut self, index: usize) {
        if !tuning::SMALL && !self.rotations.is_empty() {
            // Those within have ended before.
            let ends = |last: &Rotation| last.label == index || last.exit == Exit::Otherwise(index);
            self.rotations.pop_if(|last| ends(last));
        }
    }
    /// Instead of a jump to a loop, if there is such a way: whether that was written.
    pub(super) fn jump_rotated(&mut self, label: usize) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        let mut known = self.rotations.iter().rev().take(ROTATIONS);
        let Some(&rotation) = known.find(|rotation| rotation.label == label) else {
            return Ok(false);
        };
        let Rotation { condition, sense, exit, past, by_register, .. } = rotation;
        if let Exit::Otherwise(index) = exit
            && self.control[index].otherwise.is_none()
        {
            return Ok(false);
        }
        let to = if by_register { To::Loop } else { To::Target };
        let fields = self.condition(condition, sense, to)?;
        self.out.backward(past);
        self.end_condition(fields);
        match exit {
            Exit::Label(label) => self.jump_through(dispatch::Way::Label(label), false)?,
            Exit::Otherwise(index) => {
                let cache = self.cache();
                let moved = self.begin_moving(Then::Jump, false, || String::from("jump past"))?;
                if let Some((patches, other)) = &mut self.control[index].otherwise {
                    *other = meet(other, &cache);
                    self.out.forward(patches);
                }
                self.end_moving(moved);
                self.out.end();
            }
        }
        Ok(true)
    }
}
