//! Moves into slots: neighbours become one instruction, or part of the jump or call after them.

use super::lower::{Operand, place_text};
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
    moves: [(i32, Operand); MOVES],
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
    fn moves(&self) -> &[(i32, Operand)] {
        &self.moves[..self.n]
    }
    fn places(&self) -> ([Place; MOVES], usize) {
        (self.moves.map(|(_, (place, _))| place), self.n)
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
        let moves =
            self.moves().iter().map(|(slot, x)| format!("[{slot}] := {}", place_text(x.0, x.1)));
        sum.chain(moves).collect::<Vec<_>>().join(", ")
    }
}

impl<B: Backend> Translator<'_, B> {
    /// The moves that were just written, if nothing refers to what comes after them.
    fn just_moved(&mut self) -> Option<Moved> {
        if tuning::SMALL {
            return None;
        }
        let moved = self.moved.take()?;
        let fresh = moved.code.1 == self.out.pos() && self.out.label < moved.code.1;
        fresh.then_some(moved)
    }
    /// What the moves that were just written put into a slot.
    pub(super) fn last_move_into(&self, slot: i32) -> Option<Operand> {
        let moved = self.moved.as_ref()?;
        let fresh = moved.code.1 == self.out.pos() && self.out.label < moved.code.1;
        let (_, x) = moved.moves().iter().rfind(|(to, _)| *to == slot && fresh)?;
        Some(*x)
    }
    /// Forgets the register that moves write beside a slot; false: a loop relies on it.
    fn without_register(&mut self, moved: &mut Moved) -> bool {
        if let Some(reg) = moved.reg {
            if !self.banks[0].pinned[usize::from(reg)].is_none() {
                return false;
            }
            self.banks[0].cached[usize::from(reg)] = Held::NONE;
            moved.reg = None;
        }
        true
    }
    fn move_fields(&mut self, moved: &Moved) {
        let argument = if tuning::SMALL { None } else { moved.argument };
        if let Some(Argument { slot, .. }) = argument {
            self.out.slot(slot);
        }
        for (slot, _) in moved.moves() {
            self.out.slot(*slot);
        }
        if let Some(Argument { a, imm, .. }) = argument {
            self.field(a.1);
            self.field(imm);
        }
        for (_, (_, field)) in moved.moves() {
            self.field(*field);
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
        if let Some(mut moved) = self.just_moved()
            && moved.n < MOVES
            && (is_free || moved.reg.is_none())
        {
            // What the register would have held is in the slot.
            let again = moved.reg.is_some_and(|reg| x.0 == Place(reg));
            let x = if again { (Place::SLOT, Field::Slot(moved.moves[0].0)) } else { x };
            moved.moves[moved.n] = (slot, x);
            moved.n += 1;
            let (places, n) = moved.places();
            if let Some(handler) = B::moves(Then::Next, &places[..n])
                && self.without_register(&mut moved)
            {
                self.out.take_back(moved.code.0);
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
        self.moved = Some(Moved { code, n: 1, moves: [(slot, x); MOVES], reg, argument: None });
    }
    /// Whether a move into a slot would become part of moves that were just written, and nothing
    /// would be lost.
    pub(super) fn joins_moves(&self) -> bool {
        !tuning::SMALL
            && self.moved.is_some_and(|moved| {
                let pinned = |reg: u8| !self.banks[0].pinned[usize::from(reg)].is_none();
                moved.code.1 == self.out.pos()
                    && self.out.label < moved.code.1
                    && moved.n < MOVES
                    && !moved.reg.is_some_and(pinned)
            })
    }

    /// Begins a jump or call; moves that were just written become part of it. A turn of a loop may
    /// begin with that.
    pub(super) fn begin_moving(
        &mut self,
        then: Then,
        turn: bool,
        text: impl FnOnce() -> String,
    ) -> Result<Option<Moved>, Error> {
        if !tuning::SMALL
            && then == Then::Call
            && let Some((handler, moved)) = self.sum_before_call()
        {
            self.out.take_back(moved.code.0);
            self.out.traps();
            self.out.list(|| format!("{}, {}", moved.text(), text()));
            self.out.begin(handler);
            return Ok(Some(moved));
        }
        let old = self.moved;
        if let Some(mut moved) = self.just_moved()
            && moved.n <= MOVES_BEFORE
            && self.without_register(&mut moved)
        {
            let (places, n) = moved.places();
            if let Some(handler) = B::moves(then, &places[..n]) {
                self.out.take_back(moved.code.0);
                self.before_moving(then, turn)?;
                self.out.list(|| format!("{}, {}", moved.text(), text()));
                self.out.begin(handler);
                return Ok(Some(moved));
            }
        }
        self.moved = old;
        self.before_moving(then, turn)?;
        let Some(handler) = B::moves(then, &[]) else { return Err(self.out.no_handler("jump")) };
        self.out.list(text);
        self.out.begin(handler);
        Ok(None)
    }
    fn before_moving(&mut self, then: Then, turn: bool) -> Result<(), Error> {
        if turn {
            self.turn_begins()?;
        }
        if then == Then::Call {
            self.out.traps();
        }
        Ok(())
    }
    /// If a sum was just written as an argument, and at most one move after it: the call with both.
    fn sum_before_call(&mut self) -> Option<(Handler, Moved)> {
        let argument = self.argument.take()?;
        if tuning::SMALL || self.out.label >= argument.code.1 {
            return None;
        }
        let mut moved = match self.moved {
            Some(moved) if moved.code == (argument.code.1, self.out.pos()) && moved.n == 1 => moved,
            _ if argument.code.1 == self.out.pos() => {
                let nothing = (argument.slot, argument.a);
                Moved {
                    code: argument.code,
                    n: 0,
                    moves: [nothing; MOVES],
                    reg: None,
                    argument: None,
                }
            }
            _ => return None,
        };
        let place = moved.moves().first().map(|(_, x)| x.0);
        let handler = B::sum_call(argument.a.0, place)?;
        if !self.without_register(&mut moved) {
            return None;
        }
        moved.code.0 = argument.code.0;
        moved.argument = Some(argument);
        self.moved = None;
        Some((handler, moved))
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
    /// Ends a jump or call.
    pub(super) fn end_moving(&mut self, moved: Option<Moved>) {
        if let Some(moved) = moved {
            self.move_fields(&moved);
        }
    }
}
