//! `br_table`: what has its index, and loops that begin with one on a local, as compilers write jumps
//! between any two places: a jump back with a constant in that local knows where it leads.

use super::lower::{Field, place_text};
use super::stack::{Load, LoadKind, Tree};
use super::*;
use crate::ir::backend::Index;
use alloc::string::String;

/// A table at the beginning of a loop that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// The loop.
    label: usize,
    local: u32,
    /// How many blocks were open at the table.
    inside: usize,
    /// From this one on they have ended.
    ended: usize,
    /// The depths of its labels, in `depths`.
    depths: (usize, usize),
    /// Its first target field.
    fields: usize,
}

/// How many of the innermost ones jumps look at.
const TABLES: usize = 8;

/// Where a jump goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// To a label that is open.
    Label(usize),
    /// To an instruction.
    Placed(usize),
}

impl<B: Backend> Translator<'_, B> {
    /// Pops the index of a `br_table`: an operand, or something else that there is an instruction for.
    pub(super) fn pop_index(&mut self) -> Result<Entry, Error> {
        let Some(top) = self.stack.last_mut() else { return self.pop() };
        if tuning::SMALL {
            return self.pop_leaf();
        }
        top.read_low_half();
        let index = match top.value {
            Value::Bin(op, _, Leaf::Const(_)) => Some(Index::Bin(op, Place::SLOT)),
            Value::Tree(Tree { outer, inner, operands: [_, Leaf::Const(_), Leaf::Const(_)] }) => {
                Some(Index::Tree([outer, inner], Place::SLOT))
            }
            Value::Load(load) => match load.op {
                LoadKind::Scalar(op) if !load.is_64 && self.is_near(load.memory, load.offset) => {
                    Some(Index::Load(op, trees::form(load.address, Place::SLOT)))
                }
                _ => None,
            },
            Value::LoadFirst(BinOp::I32Add, load, Leaf::Const(_)) => match load.op {
                LoadKind::Scalar(op) => {
                    Some(Index::LoadSum(op, trees::form(load.address, Place::SLOT)))
                }
                LoadKind::Vector(_) => None,
            },
            Value::Global(_) => Some(Index::Global),
            _ => None,
        };
        if index.and_then(B::br_table).is_some() { self.pop() } else { self.pop_leaf() }
    }
    /// Writes a `br_table` on that, up to its targets.
    pub(super) fn write_index(&mut self, entry: &Entry, targets: usize) -> Result<(), Error> {
        let imm = |bits| Field::Imm(bits as u32);
        let (index, fields): (_, [Field; 3]) = match entry.value {
            Value::Leaf(a) => {
                let (place, field) = self.operand_not_const(a, entry.ty, 0)?;
                (Index::At(place), [field, Field::None, Field::None])
            }
            _ if tuning::SMALL => return Err(self.out.no_handler("br_table")),
            Value::Bin(op, a, Leaf::Const(b)) => {
                let (place, field) = self.operand_not_const(a, Ty::I32, 0)?;
                (Index::Bin(op, place), [field, imm(b), Field::None])
            }
            Value::Tree(Tree { outer, inner, operands: [a, Leaf::Const(b), Leaf::Const(c)] }) => {
                let (place, field) = self.operand_not_const(a, Ty::I32, 0)?;
                (Index::Tree([outer, inner], place), [field, imm(b), imm(c)])
            }
            Value::Load(Load { op: LoadKind::Scalar(op), address, offset, .. }) => {
                let (form, [x, y]) = self.address(address, false)?;
                self.out.traps();
                (Index::Load(op, form), [imm(offset + u64::from(op.width())), x, y])
            }
            Value::LoadFirst(_, load, Leaf::Const(b)) => {
                let LoadKind::Scalar(op) = load.op else {
                    return Err(self.out.no_handler("br_table"));
                };
                let (form, [x, _]) = self.address(load.address, false)?;
                self.out.traps();
                let end = imm(load.offset + u64::from(op.width()));
                (Index::LoadSum(op, form), [end, x, imm(b)])
            }
            Value::Global(global) => {
                (Index::Global, [Field::Imm(global), Field::None, Field::None])
            }
            _ => return Err(self.out.no_handler("br_table")),
        };
        let Some(handler) = B::br_table(index) else { return Err(self.out.no_handler("br_table")) };
        self.free(entry);
        self.out.list(|| {
            let [a, b, c] = fields.map(|field| place_text(Place::SLOT, field));
            let index = match index {
                Index::At(place) => place_text(place, fields[0]),
                Index::Bin(op, place) => {
                    format!("{} {} {b}", op.text(), place_text(place, fields[0]))
                }
                Index::Tree([outer, inner], place) => {
                    let place = place_text(place, fields[0]);
                    format!("({} {place} {b}) {} {c}", inner.text(), outer.text())
                }
                Index::Load(op, form) => format!("{} {form:?} {a}", op.text()),
                Index::LoadSum(op, form) => format!("{} {form:?} {a} i32.add {c}", op.text()),
                Index::Global => format!("global {a}"),
            };
            format!("br_table {index} × {targets}")
        });
        self.out.begin(handler);
        self.out.u32(targets as u32 - 1);
        for field in fields {
            self.field(field);
        }
        self.out.end();
        Ok(())
    }
    /// A block is about to begin.
    #[inline]
    pub(super) fn opens(&mut self, kind: Kind) {
        if !tuning::SMALL && kind != Kind::Block {
            self.begun = if kind == Kind::Loop { self.control.len() } else { usize::MAX };
        }
    }
    /// Whether a `br_table` about to be written is the first instruction of a loop: that.
    fn begun_loop(&self) -> Option<usize> {
        // Since then only blocks have begun: one that has ended at this index was no loop.
        let label = self.begun;
        let control = self.control.get(label)?;
        let begins = control.kind == Kind::Loop && control.header as usize == self.out.pos();
        // Where turns are paid for, all of them go by the header.
        (begins && !self.cx.fuel && self.stack.len() == control.height).then_some(label)
    }
    /// Notes a table that is about to be written, if it may serve the jumps to its loop.
    pub(super) fn note_table(
        &mut self,
        index: &Entry,
        targets: &[u32],
    ) -> Result<Option<Table>, Error> {
        let Value::Leaf(Leaf::Local(local)) = index.value else {
            return Ok(None);
        };
        let Some(label) = self.begun_loop() else { return Ok(None) };
        let first = self.depths.len();
        room::extend(&mut self.depths, targets, self.out.offset as usize)?;
        room::reserve(&mut self.tables, 1, self.out.offset as usize)?;
        let (inside, depths) = (self.control.len(), (first, self.depths.len()));
        Ok(Some(Table { label, local, inside, ended: inside, depths, fields: 0 }))
    }
    /// The table was written up to its targets.
    pub(super) fn begin_table(&mut self, table: Option<Table>) {
        if let Some(table) = table {
            self.tables.push(Table { fields: self.out.pos(), ..table });
        }
    }
    /// The innermost block, whose index this is, has ended.
    #[inline]
    pub(super) fn end_tables(&mut self, label: usize) {
        if !tuning::SMALL
            && let Some(table) = self.tables.last_mut()
        {
            table.ended = table.ended.min(label);
            if table.label == label {
                self.depths.truncate(table.depths.0);
                self.tables.pop();
            }
        }
    }
    /// Where a jump to a loop goes in the end, if that begins with a table on a local that was just
    /// set to a constant.
    pub(super) fn through_table(&self, label: usize) -> Option<Way> {
        if tuning::SMALL {
            return None;
        }
        // A few: there can be as many as blocks, and as many jumps.
        let table = self.tables.iter().rev().take(TABLES).find(|table| table.label == label)?;
        let index = self.just_set(self.locals[table.local as usize].slot)? as usize;
        let (first, end) = table.depths;
        let entry = index.min(end - first - 1);
        let block = (table.inside - 1).checked_sub(self.depths[first + entry] as usize)?;
        if block <= label {
            None
        } else if block < table.ended {
            Some(Way::Label(block))
        } else {
            Some(Way::Placed(self.out.target_at(table.fields + 4 * entry)))
        }
    }
    /// Writes the jump there, with which a turn of a loop may begin.
    pub(super) fn jump_through(&mut self, way: Way, turn: bool) -> Result<(), Error> {
        let text = || match way {
            Way::Label(label) => format!("jump {label}"),
            Way::Placed(_) => String::from("jump back"),
        };
        let moved = self.begin_moving(Then::Jump, turn, text)?;
        match way {
            Way::Label(label) => self.target_field(label),
            Way::Placed(target) => self.out.backward(target),
        }
        self.end_moving(moved);
        self.out.end();
        Ok(())
    }
    /// The constant that the moves just written put into a slot.
    fn just_set(&self, slot: i32) -> Option<u32> {
        match self.last_move_into(slot)? {
            (Place::IMM, Field::Imm(bits)) => Some(bits),
            _ => None,
        }
    }
}
