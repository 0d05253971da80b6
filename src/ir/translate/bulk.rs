//! `memory.copy` and `memory.fill` in memory 0: instructions that keep the registers.

use super::lower::{Operand, place_text};
use super::*;
use crate::ir::backend::Handler;

impl<B: Backend> Translator<'_, B> {
    /// Whether there are such instructions for memory 0: nobody pays for bytes, and no other
    /// thread has it.
    pub(super) fn moves_bytes(&self) -> bool {
        !(tuning::SMALL || self.cx.fuel || self.is_shared(0))
    }
    pub(super) fn copy_bytes(&mut self) -> Result<(), Error> {
        let [n, from, to] = self.three()?;
        let x = [
            self.moved_or_scratch(&to, 0)?,
            self.moved_or_scratch(&from, 1)?,
            self.moved_or_slot(&n, 2)?,
        ];
        let handler = B::memory_copy(x[0].0, x[1].0, x[2].0);
        self.write_bytes("memory.copy", handler, x, [to, from, n])
    }
    pub(super) fn fill_bytes(&mut self) -> Result<(), Error> {
        let [n, value, to] = self.three()?;
        let x = [
            self.moved_or_scratch(&to, 0)?,
            self.moved_or_slot(&value, 1)?,
            self.moved_or_slot(&n, 2)?,
        ];
        let handler = B::memory_fill(x[0].0, x[1].0, x[2].0);
        self.write_bytes("memory.fill", handler, x, [to, value, n])
    }
    /// Pops three operands, the last one first, which are leaves then.
    fn three(&mut self) -> Result<[Entry; 3], Error> {
        self.leaves(3)?;
        let three = [self.pop()?, self.pop()?, self.pop()?];
        self.settle_ordered()?;
        Ok(three)
    }
    /// The operand wherever it is; constants as those of 64 bits.
    fn moved_or_scratch(&mut self, entry: &Entry, scratch: usize) -> Result<Operand, Error> {
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("operand")) };
        match self.moved_operand(leaf, entry.ty) {
            Some(operand) => Ok(operand),
            None => self.in_scratch(leaf, entry.ty, scratch),
        }
    }
    /// The operand as a constant or in a slot.
    fn moved_or_slot(&mut self, entry: &Entry, scratch: usize) -> Result<Operand, Error> {
        let Value::Leaf(leaf) = entry.value else { return Err(self.out.no_handler("operand")) };
        match self.moved_operand(leaf, entry.ty) {
            Some(operand) if operand.0 == Place::IMM => Ok(operand),
            _ => self.operand_in_slot(leaf, entry.ty, scratch),
        }
    }
    fn write_bytes(
        &mut self,
        name: &str,
        handler: Option<Handler>,
        x: [Operand; 3],
        entries: [Entry; 3],
    ) -> Result<(), Error> {
        for entry in &entries {
            self.free(entry);
        }
        let Some(handler) = handler else { return Err(self.out.no_handler(name)) };
        self.out.traps();
        self.out.list(|| {
            let [a, b, c] = x.map(|(place, field)| place_text(place, field));
            format!("{name} {a} {b} {c}")
        });
        self.out.begin(handler);
        for (_, field) in x {
            self.field(field);
        }
        self.out.end();
        Ok(())
    }
}
