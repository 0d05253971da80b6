//! Locals that grow: two of them in one instruction, one and a branch on it, or one and another that
//! gets what it was, or what it is.

use super::condition::loop_word;
use super::lower::{Fields, Operand, immediate};
use super::*;
use alloc::string::String;

/// An addition to a local, just written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added {
    /// The instruction's bytes.
    code: (usize, usize),
    local: u32,
    grown: Grown,
    /// The first one of the instruction, if there are two.
    before: Option<Grown>,
}
#[derive(Clone, Copy, Debug)]
struct Grown {
    /// Where it was read.
    home: Place,
    slot: i32,
    by: Operand,
}
impl Grown {
    fn dest(&self) -> Dest {
        if self.home == Place::SLOT { Dest::SLOT } else { Dest::both(self.home.0) }
    }
    fn text(&self) -> String {
        let slot = Field::Slot(self.slot);
        let home = place_text(self.home, slot);
        let both = if self.home == Place::SLOT { home } else { format!("[{}]+{home}", self.slot) };
        format!("{both} += {}", place_text(self.by.0, self.by.1))
    }
}

/// A local of 32 bits was set to what another one is, or to that and a constant, just now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copied {
    /// The instruction's bytes.
    code: (usize, usize),
    from: u32,
    to: u32,
    /// Where the other one is now.
    to_place: Place,
    /// What was added.
    by: Option<u32>,
}

impl<B: Backend> Translator<'_, B> {
    /// Notes that a local was set, from `start` on, if it was to what another one is, or to that and
    /// a constant.
    pub(super) fn note_copied(&mut self, start: usize, local: u32, value: Value) {
        if tuning::SMALL {
            return;
        }
        let end = self.out.pos();
        let (from, by) = match value {
            Value::Leaf(Leaf::Local(from)) => {
                // Alone, and not the last of several moves.
                if self.moved.as_ref().is_none_or(|moved| !moved.is_one(start, end)) {
                    return;
                }
                (from, None)
            }
            // A single instruction.
            Value::Bin(BinOp::I32Add, Leaf::Local(from), Leaf::Const(by))
                if end == start + moves::SUM_BYTES =>
            {
                (from, Some(by as u32))
            }
            _ => return,
        };
        let is_32 = |local: u32| self.locals[local as usize].ty == Ty::I32;
        if from != local && is_32(from) && is_32(local) {
            let to_place = self.home(local);
            self.copied = Some(Copied { code: (start, end), from, to: local, to_place, by });
        }
    }
    /// If two locals that this one is involved in can be written by one instruction, together with
    /// what the other one was just set to: whether that was written.
    pub(super) fn grows_after(&mut self, local: u32, value: Value) -> bool {
        if tuning::SMALL {
            return false;
        }
        let Some(copied) = self.copied.take() else { return false };
        let Copied { code, from, to, to_place, by } = copied;
        let fresh = code.1 == self.out.pos() && self.out.label < code.1;
        if !fresh || local != from || self.home(to) != to_place {
            return false;
        }
        let (same, by) = match (value, by) {
            (Value::Bin(BinOp::I32Add, Leaf::Local(of), Leaf::Const(by)), None)
                if of == from || of == to =>
            {
                (false, by as u32)
            }
            (Value::Leaf(Leaf::Local(of)), Some(by)) if of == to => (true, by),
            _ => return false,
        };
        let home = self.home(from);
        let Some(handler) = B::add_after(same, to_place, home) else { return false };
        let [to, from] = [to, from].map(|local| self.locals[local as usize].slot);
        self.out.take_back(code.0);
        self.out.list(|| {
            let text = |slot, place: Place| match place {
                Place::SLOT => format!("[{slot}]"),
                place => format!("[{slot}]+{}", place_text(place, Field::None)),
            };
            let (to, from) = (text(to, to_place), text(from, home));
            if same {
                format!("{to} := {from} += {by:#x}")
            } else {
                format!("{to} := {from}, {from} += {by:#x}")
            }
        });
        self.out.begin(handler);
        self.out.slot(to);
        self.out.slot(from);
        self.out.u32(by);
        self.out.end();
        // It ends where the other one did: what was known of that is not so any more.
        self.moved = None;
        self.argument = None;
        self.note_set(code.0, local, Target::slot(from), Value::Leaf(Leaf::Const(0)));
        true
    }
    /// Where a local is read, and written.
    fn home(&self, local: u32) -> Place {
        match self.banks[0].register_of(local) {
            Some(reg) => Place(reg),
            None => Place::SLOT,
        }
    }
    /// Notes that something was added to a local, from `start` on, if it was. If something was
    /// added to another one right before that, both become one instruction: whether they did.
    pub(super) fn note_added(
        &mut self,
        start: usize,
        local: u32,
        target: Target,
        value: Value,
    ) -> bool {
        let before = self.added.take();
        if tuning::SMALL {
            return false;
        }
        let Value::Bin(op @ (BinOp::I32Add | BinOp::I64Add), a, b) = value else { return false };
        // A register that has the local only now is forgotten, if the two become one.
        let is_home = |x: Operand| match x.1 {
            Field::Slot(slot) => x.0 == Place::SLOT && slot == target.slot,
            _ => x.0.is_register() && target.dest.register().map(Place) == Some(x.0),
        };
        let [left, right] = [self.last_left, self.last_right];
        let (home, by) = match (a, b) {
            (Leaf::Local(l), Leaf::Const(bits)) if l == local && is_home(left) => {
                match immediate(bits, Ty::num(op.signature().0)) {
                    Some(imm) => (left.0, (Place::IMM, Field::Imm(imm))),
                    None => return false,
                }
            }
            _ if op == BinOp::I64Add || matches!(b, Leaf::Const(_)) => return false,
            (Leaf::Local(l), _) | (_, Leaf::Local(l)) if l == local => {
                // In a register that is not its own the local may have come to lie only now.
                let pinned = |x: Operand| match target.dest.register() {
                    Some(reg) if x.0 == Place(reg) => {
                        self.banks[0].pinned[usize::from(reg)] == Held::local(local)
                    }
                    _ => x.0 == Place::SLOT,
                };
                match [left, right] {
                    [home, by] if is_home(home) && pinned(home) => (home.0, by),
                    [by, home] if is_home(home) && pinned(home) => (home.0, by),
                    _ => return false,
                }
            }
            _ => return false,
        };
        let grown = Grown { home, slot: target.slot, by };
        let code = (start, self.out.pos());
        self.added = Some(Added { code, local, grown, before: None });
        if op == BinOp::I32Add
            && let Some(before) = before
            // The second time it is read from a register, which the first would not write.
            && before.local != local
            && before.before.is_none()
            && before.code.1 == start
            && self.out.label < start
            && before.grown.by.0 == Place::IMM
            && by.0 == Place::IMM
            && self.locals[before.local as usize].ty == Ty::I32
            && let Some(handler) = B::add_two(before.grown.home, home)
        {
            let two = [before.grown, grown];
            self.out.take_back(before.code.0);
            self.out.list(|| format!("{}, {}", two[0].text(), two[1].text()));
            self.out.begin(handler);
            for one in two {
                self.out.slot(one.slot);
                self.field(one.by.1);
            }
            self.out.end();
            for (local, one) in [(before.local, two[0]), (local, two[1])] {
                if one.home == Place::SLOT {
                    self.uncache(local);
                }
            }
            let code = (before.code.0, self.out.pos());
            self.added = Some(Added { code, local, grown, before: Some(before.grown) });
            return true;
        }
        false
    }
    /// If the instruction just written adds to the local: takes that back, and begins one that adds
    /// and branches on `local op b`.
    pub(super) fn add_and_branch(
        &mut self,
        op: BinOp,
        local: Leaf,
        b: Leaf,
        to: To,
    ) -> Option<Fields> {
        if tuning::SMALL {
            return None;
        }
        let Added { code, local: added, grown, before } = self.added?;
        let fresh = code.1 == self.out.pos() && self.out.label < code.1;
        let ty = Ty::num(op.signature().0);
        let same = self.locals[added as usize].ty == ty;
        if !fresh || !same || local != Leaf::Local(added) || b == local {
            return None;
        }
        let (mut place, mut field) = self.operand(b, ty)?;
        let find = |place| match grown.by.0 {
            Place::IMM => B::add_br(op, to, grown.home, place),
            by => B::add_by_br(op, to, grown.home, by, place),
        };
        if let Leaf::Local(b) = b
            && find(place).is_none()
        {
            (place, field) = (Place::SLOT, Field::Slot(self.locals[b as usize].slot));
        }
        let handler = find(place)?;
        let first = match before {
            Some(before) => {
                Some((before, B::binary(BinOp::I32Add, before.dest(), before.home, Place::IMM)?))
            }
            None => None,
        };
        self.added = None;
        if grown.home == Place::SLOT {
            self.uncache(added);
        }
        self.out.take_back(code.0);
        if let Some((first, handler)) = first {
            self.out.list(|| first.text());
            self.out.begin(handler);
            self.out.slot(first.slot);
            if first.home == Place::SLOT {
                self.out.slot(first.slot);
            }
            self.field(first.by.1);
            self.out.end();
        }
        self.out.list(|| {
            let (a, b) =
                (place_text(grown.home, Field::Slot(grown.slot)), place_text(place, field));
            let word = loop_word(to);
            format!("{}, {word}branch if {} {a} {b}", grown.text(), op.text())
        });
        self.out.begin(handler);
        // The target comes first; these follow.
        Some([Field::Slot(grown.slot), grown.by.1, field, Field::None])
    }
}
