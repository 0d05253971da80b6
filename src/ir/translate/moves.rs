//! Moves into slots: neighbours become one instruction, or part of the jump or call after them.

use super::lower::{Operand, place_text, places_of};
use super::*;
use crate::ir::backend::{Handler, Then};
use alloc::string::String;

/// Moves that one instruction makes at most.
const MOVES: usize = 3;
/// Moves that are part of a jump or call at most.
const MOVES_BEFORE: usize = 2;
/// The bytes of an instruction that is the sum of something and a constant, and nothing else.
pub(super) const SUM_BYTES: usize = 16;

/// Moves of 64 bits into slots, just written as one instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// The instruction's bytes.
    code: (usize, usize),
    n: usize,
    slots: [i32; MOVES],
    operands: [Operand; MOVES],
    /// A register that gets the same as the slot.
    reg: Option<u8>,
    /// A sum before them, if a call follows.
    argument: Option<Argument>,
}
/// The sum of something and a constant in the slot of an argument, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument {
    /// The instruction's bytes.
    code: (usize, usize),
    slot: i32,
    a: Operand,
    imm: Field,
}
impl Moved {
    fn slots(&self) -> &[i32] {
        &self.slots[..self.n]
    }
    fn operands(&self) -> &[Operand] {
        &self.operands[..self.n]
    }
    /// Whether it is a single move, with these bytes.
    pub(super) fn is_one(&self, start: usize, end: usize) -> bool {
        self.n == 1 && self.code == (start, end) && self.argument.is_none()
    }
    fn text(&self) -> String {
        let sum = self.argument.iter().map(|argument| {
            let Argument { slot, a, imm, .. } = argument;
            format!("[{slot}] := {} + {}", place_text(a.0, a.1), place_text(Place::IMM, *imm))
        });
        let moves = self.slots().iter().zip(self.operands());
        let moves = moves.map(|(slot, x)| format!("[{slot}] := {}", place_text(x.0, x.1)));
        sum.chain(moves).collect::<Vec<_>>().join(", ")
    }
}

impl<B: Backend> Translator<'_, B> {
    /// The moves that were just written, if nothing refers to what comes after them.
    #[inline]
    fn just_moved(&self) -> Option<&Moved> {
        let moved = self.moved.as_ref()?;
        (moved.code.1 == self.out.pos() && self.out.label < moved.code.1).then_some(moved)
    }
    /// What the moves that were just written put into a slot.
    pub(super) fn last_move_into(&self, slot: i32) -> Option<Operand> {
        let moved = self.just_moved()?;
        let i = moved.slots().iter().rposition(|&to| to == slot)?;
        Some(moved.operands[i])
    }
    /// Forgets the register that moves write beside a slot; false: a loop relies on it.
    fn without_register(&mut self, reg: Option<u8>) -> bool {
        if let Some(reg) = reg {
            if !self.banks[0].pinned[usize::from(reg)].is_none() {
                return false;
            }
            self.banks[0].cached[usize::from(reg)] = Held::NONE;
        }
        true
    }
    fn move_fields(&mut self, moved: &Moved) {
        let argument = if tuning::SMALL { None } else { moved.argument };
        if let Some(Argument { slot, .. }) = argument {
            self.out.slot(slot);
        }
        for &slot in moved.slots() {
            self.out.slot(slot);
        }
        if let Some(Argument { a, imm, .. }) = argument {
            self.field(a.1);
            self.field(imm);
        }
        for &(_, field) in moved.operands() {
            self.field(field);
        }
    }
    /// `[slot] := x`, together with moves that were just written. One of those that writes a
    /// register too stays alone, unless that register `is_free`: no operand that is already
    /// chosen is in it.
    pub(super) fn move_to_slot(
        &mut self,
        slot: i32,
        x: Operand,
        is_free: bool,
    ) -> Result<(), Error> {
        if !tuning::SMALL
            && let Some(moved) = self.just_moved()
            && moved.n < MOVES
            && (is_free || moved.reg.is_none())
        {
            let (n, reg, start) = (moved.n, moved.reg, moved.code.0);
            // What the register would have held is in the slot.
            let again = reg.is_some_and(|reg| x.0 == Place(reg));
            let x = if again { (Place::SLOT, Field::Slot(moved.slots[0])) } else { x };
            let mut places = places_of(&moved.operands);
            places[n] = x.0;
            if let Some(handler) = B::moves(Then::Next, &places[..=n])
                && self.without_register(reg)
                && let Some(mut moved) = self.moved.take()
            {
                (moved.slots[n], moved.operands[n]) = (slot, x);
                (moved.n, moved.reg) = (n + 1, None);
                self.out.take_back(start);
                self.out.list(|| moved.text());
                self.out.begin(handler);
                self.move_fields(&moved);
                self.out.end();
                moved.code.1 = self.out.pos();
                self.moved = Some(moved);
                return Ok(());
            }
        }
        let Some(handler) = B::mov(class(Ty::I64), Dest::SLOT, x.0) else {
            return Err(self.out.no_handler("move"));
        };
        let start = self.out.pos();
        self.out.list(|| format!("[{slot}] := {}", place_text(x.0, x.1)));
        self.out.begin(handler);
        self.out.slot(slot);
        self.field(x.1);
        self.out.end();
        self.note_move(start, slot, x, None);
        Ok(())
    }
    /// Notes that `[slot] := x` was written, from `start` on, perhaps with a register beside.
    pub(super) fn note_move(&mut self, start: usize, slot: i32, x: Operand, reg: Option<u8>) {
        let code = (start, self.out.pos());
        let (slots, operands) = ([slot; MOVES], [x; MOVES]);
        self.moved = Some(Moved { code, n: 1, slots, operands, reg, argument: None });
    }
    /// Whether a move into a slot would become part of moves that were just written, and nothing
    /// would be lost.
    pub(super) fn joins_moves(&self) -> bool {
        let pinned = |reg: u8| !self.banks[0].pinned[usize::from(reg)].is_none();
        !tuning::SMALL
            && self
                .just_moved()
                .is_some_and(|moved| moved.n < MOVES && !moved.reg.is_some_and(pinned))
    }

    /// Begins a jump or call; moves that were just written become part of it, and true is told to
    /// whoever ends it. A turn of a loop may begin with that.
    pub(super) fn begin_moving(
        &mut self,
        then: Then,
        turn: bool,
        text: impl FnOnce() -> String,
    ) -> Result<bool, Error> {
        let together = match then {
            _ if tuning::SMALL => None,
            Then::Call => self.sum_before_call().or_else(|| self.moves_before(then)),
            _ => self.moves_before(then),
        };
        let handler = together.or_else(|| B::moves(then, &[]));
        let Some(handler) = handler else { return Err(self.out.no_handler("jump")) };
        if let (Some(moved), Some(_)) = (&self.moved, together) {
            self.out.take_back(moved.code.0);
        }
        if turn {
            self.turn_begins()?;
        }
        if then == Then::Call {
            self.out.traps();
        }
        self.out.list(|| match (&self.moved, together) {
            (Some(moved), Some(_)) => format!("{}, {}", moved.text(), text()),
            _ => text(),
        });
        self.out.begin(handler);
        Ok(together.is_some())
    }
    /// The jump or call together with the moves that were just written.
    fn moves_before(&mut self, then: Then) -> Option<Handler> {
        let Some(&Moved { n: n @ ..=MOVES_BEFORE, reg, ref operands, .. }) = self.just_moved()
        else {
            return None;
        };
        let handler = B::moves(then, &places_of(operands)[..n])?;
        self.without_register(reg).then_some(handler)
    }
    /// If a sum was just written as an argument, and at most one move after it: the call with both.
    fn sum_before_call(&mut self) -> Option<Handler> {
        let argument = self.argument.take()?;
        if self.out.label >= argument.code.1 {
            return None;
        }
        let moved = self.moved.as_ref();
        let next = moved.filter(|moved| moved.code == (argument.code.1, self.out.pos()));
        let (place, reg) = match next {
            Some(moved) if moved.n == 1 => (Some(moved.operands[0].0), moved.reg),
            _ if argument.code.1 == self.out.pos() => (None, None),
            _ => return None,
        };
        let handler = B::sum_call(argument.a.0, place)?;
        if !self.without_register(reg) {
            return None;
        }
        if place.is_none() {
            let (slots, operands) = ([argument.slot; MOVES], [argument.a; MOVES]);
            let code = argument.code;
            self.moved = Some(Moved { code, n: 0, slots, operands, reg: None, argument: None });
        }
        let moved = self.moved.as_mut()?;
        (moved.code.0, moved.argument) = (argument.code.0, Some(argument));
        Some(handler)
    }
    /// Notes that an argument was written, from `start` on, if it is the sum of something and a
    /// constant.
    pub(super) fn note_argument(&mut self, start: usize, slot: i32, value: Value) {
        self.argument = None;
        let code = (start, self.out.pos());
        if !tuning::SMALL
            && matches!(value, Value::Bin(BinOp::I32Add, _, Leaf::Const(_)))
            && code.1 == code.0 + SUM_BYTES
            && self.last_left.0 != Place::IMM
            && self.last_right.0 == Place::IMM
        {
            let (a, imm) = (self.last_left, self.last_right.1);
            self.argument = Some(Argument { code, slot, a, imm });
        }
    }
    /// Ends a jump or call, which has moves in it.
    pub(super) fn end_moving(&mut self, moved: bool) {
        if !tuning::SMALL
            && moved
            && let Some(moved) = self.moved.take()
        {
            self.move_fields(&moved);
        }
    }
}
