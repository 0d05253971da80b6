//! Exceptions (spec §4.4.9): `try_table`, throwing, and the legacy instructions.
//!
//! A handler costs nothing until something is thrown: it is a few clauses in a table beside the
//! code. A clause leads straight to the label's place in the code, with the values of the exception
//! in the slots of the label's operands; therefore no register holds anything at such a label.
//!
//! Clauses are noted when the code that they protect ends, so that inner ones come first. A legacy
//! clause has a slot of its own below its values, for the exception that `rethrow` throws again;
//! `delegate` is a clause that lets the search go on behind the clauses further in.

use super::*;
use crate::ir::code::Catches;

/// The clauses whose target is not known yet: a list through their target fields.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses(u32);
impl Uses {
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Gives the target field of the clause that comes next.
    fn add(&mut self, clauses: &[Clause]) -> u32 {
        core::mem::replace(&mut self.0, clauses.len() as u32 + 1)
    }
    fn place(self, clauses: &mut [Clause], target: u32) {
        let mut next = self.0;
        while let Some(clause) = (next as usize).checked_sub(1).and_then(|i| clauses.get_mut(i)) {
            next = core::mem::replace(&mut clause.target, target);
        }
    }
}

/// An exception handler that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    /// Its block.
    label: usize,
    /// The code that it protects; the end is known when a legacy clause begins.
    start: u32,
    end: u32,
    /// Where its clauses begin among those of the open `try_table`s.
    catches: usize,
    /// The legacy clause that is open.
    clause: usize,
}
impl Try {
    /// A clause for the code up to `end`.
    fn protected(&self, end: usize) -> Clause {
        Clause {
            start: self.start,
            end: end as u32,
            noted: 0,
            outer: 0,
            catches: Catches::All,
            target: 0,
            values: 0,
            exn: None,
        }
    }
}

impl<B: Backend> Translator<'_, B> {
    fn open_handler(&mut self, kind: Kind, ty: BlockType<'_>) -> Result<(), Error> {
        self.settle(0)?;
        self.open(kind, ty, false)?;
        self.catches_now();
        let (label, start) = (self.control.len() - 1, self.out.mark() as u32);
        let catches = self.catches.len();
        let handler = Try { label, start, end: start, catches, clause: 0 };
        room::push(&mut self.tries, handler, self.out.offset as usize)?;
        self.make_room()
    }
    pub(super) fn open_try_table(
        &mut self,
        ty: BlockType<'_>,
        catches: &[Catch],
    ) -> Result<(), Error> {
        self.open_handler(Kind::TryTable, ty)?;
        room::extend(&mut self.catches, catches, self.out.offset as usize)
    }
    pub(super) fn open_try(&mut self, ty: BlockType<'_>) -> Result<(), Error> {
        self.open_handler(Kind::Try, ty)
    }
    /// Before the end of a block.
    pub(super) fn end_handler(&mut self, live: bool) -> Result<(), Error> {
        let Some(label) = self.control.len().checked_sub(1) else { return Ok(()) };
        match self.control[label].kind {
            Kind::TryTable => {
                if let Some(handler) = self.tries.pop() {
                    self.end_body(label);
                    for i in handler.catches..self.catches.len() {
                        self.add_clause(&handler, self.catches[i])?;
                    }
                    self.catches.truncate(handler.catches);
                }
                Ok(())
            }
            Kind::Try => {
                self.tries.pop();
                Ok(())
            }
            Kind::Catch => {
                self.tries.pop();
                if live {
                    self.results_in_place(label)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
    /// A clause of a `try_table` that ends here.
    fn add_clause(&mut self, handler: &Try, catch: Catch) -> Result<(), Error> {
        // Its label is counted from outside of the block.
        let label = handler.label - 1 - catch.label as usize;
        let types = self.label_types(label);
        let values = self.base_slot(self.control[label].height);
        let slots = |types: &[Ty]| types.iter().map(|ty| ty.slots()).sum::<i32>();
        let exn = catch.with_ref.then(|| values + slots(&self.types[types.0..types.1 - 1]));
        let control = &mut self.control[label];
        let target = if control.kind == Kind::Loop {
            control.header
        } else {
            control.cache = Some(Cache::default());
            control.caught.add(&self.clauses)
        };
        let catches = catch.tag.map_or(Catches::All, Catches::Tag);
        let protected = handler.protected(self.out.mark());
        self.note(Clause { catches, target, values, exn, ..protected })
    }
    fn note(&mut self, clause: Clause) -> Result<(), Error> {
        let clause = Clause { noted: self.out.mark() as u32, ..clause };
        room::push(&mut self.clauses, clause, self.out.offset as usize)
    }
    /// Tells every clause which one comes next, outwards; legacy clauses of one `try` know it. In
    /// the list, a clause follows those that it encloses; so each step of the search leads to a
    /// clause that no other search passes.
    fn link_clauses(&mut self) {
        for i in (0..self.clauses.len()).rev() {
            let Clause { start, end, outer, .. } = self.clauses[i];
            if outer != 0 {
                continue;
            }
            let encloses = |outer: &Clause| outer.start <= start && end <= outer.end;
            let mut outer = i + 1;
            while let Some(clause) = self.clauses.get(outer)
                && !encloses(clause)
            {
                outer = clause.outer as usize;
            }
            self.clauses[i].outer = outer as u32;
        }
    }
    /// The end of what a handler protects: who has delegated to it goes on with its clauses.
    fn end_body(&mut self, label: usize) {
        let delegated = core::mem::take(&mut self.control[label].delegated);
        let next = self.clauses.len() as u32;
        delegated.place(&mut self.clauses, next);
    }
    /// The end of a block that clauses lead to.
    pub(super) fn place_clauses(&mut self, caught: Uses, delegated: Uses) {
        caught.place(&mut self.clauses, self.out.mark() as u32);
        let next = self.clauses.len() as u32;
        delegated.place(&mut self.clauses, next);
    }
    /// The end of the function: clauses that lead there return what they have caught.
    pub(super) fn end_function(&mut self, control: Control) -> Result<(), Error> {
        self.place_clauses(control.caught, control.delegated);
        self.link_clauses();
        if control.caught.is_empty() {
            return Ok(());
        }
        self.drop_to(0);
        self.clobber();
        self.push_in_slots(control.results)?;
        self.emit_return()
    }

    // ---- throwing ------------------------------------------------------------------------------

    pub(super) fn emit_throw(&mut self, tag: u32, ty: &FuncType) -> Result<(), Error> {
        self.escape_to(0);
        let n = ty.params.len();
        self.settle_ordered()?;
        self.settle_top(n)?;
        let values = self.base_slot(self.stack.len() - n);
        let in_use = self.live_slots();
        self.out.traps();
        self.out.list(|| format!("throw {tag} [{values}]"));
        self.out.begin(B::fixed(Fixed::Throw));
        self.out.u32(tag);
        self.out.u32(in_use as u32);
        self.out.slot(values);
        self.out.end();
        Ok(())
    }
    pub(super) fn emit_throw_ref(&mut self, exn: i32) {
        self.escape_to(0);
        self.out.traps();
        self.out.list(|| format!("throw_ref [{exn}]"));
        self.out.begin(B::fixed(Fixed::ThrowRef));
        self.out.slot(exn);
        self.out.end();
    }

    // ---- legacy instructions -------------------------------------------------------------------

    /// Puts the results of a legacy clause or body, which are the top operands, where its end wants
    /// them: a clause has the exception below them.
    fn results_in_place(&mut self, label: usize) -> Result<(), Error> {
        let Control { results, height, .. } = self.control[label];
        self.settle_ordered()?;
        self.move_to_label(label, results.1 - results.0)?;
        self.drop_to(height);
        self.push_in_slots(results)
    }
    pub(super) fn open_catch(
        &mut self,
        catches: Catches,
        params: &[ValType],
        live: bool,
    ) -> Result<(), Error> {
        let label = self.control.len() - 1;
        if self.control[label].dead {
            return Ok(());
        }
        let is_first = self.control[label].kind == Kind::Try;
        if is_first {
            self.end_body(label);
        }
        let (at, clause) = (self.out.mark() as u32, self.clauses.len());
        let Some(handler) = self.tries.last_mut() else { return Ok(()) };
        if is_first {
            handler.end = at;
        } else {
            self.clauses[handler.clause].outer = clause as u32;
        }
        handler.clause = clause;
        let protected = handler.protected(handler.end as usize);
        if live {
            self.results_in_place(label)?;
            self.jump(label)?;
        }
        let height = self.control[label].height;
        self.drop_to(height);
        self.clobber();
        self.control[label].kind = Kind::Catch;
        let sets = self.control[label].first_set.take();
        self.release_sets(sets);
        let own = self.types.len();
        room::push(&mut self.types, Ty::Ref, self.out.offset as usize)?;
        self.keep_types(params)?;
        self.push_in_slots((own, self.types.len()))?;
        self.types.truncate(own);
        let values = self.stack[height].slot + 1;
        let target = self.out.mark() as u32;
        self.note(Clause { catches, target, values, ..protected })?;
        self.fuel_point();
        Ok(())
    }
    pub(super) fn emit_rethrow(&mut self, depth: u32) -> Result<(), Error> {
        let label = self.label(depth);
        let Ok(handler) = self.tries.binary_search_by_key(&label, |handler| handler.label) else {
            return Err(self.out.no_handler("rethrow"));
        };
        let exn = self.stack[self.control[label].height].slot;
        self.clauses[self.tries[handler].clause].exn = Some(exn);
        self.settle_ordered()?;
        self.emit_throw_ref(exn);
        Ok(())
    }
    /// Makes a block of a `try` that ends with `delegate`: what the body throws is thrown where a
    /// block further out begins.
    pub(super) fn end_delegate(&mut self, depth: u32) -> Result<(), Error> {
        let label = self.control.len() - 1;
        if self.control[label].dead {
            return Ok(());
        }
        let Some(handler) = self.tries.pop() else { return Ok(()) };
        self.control[label].kind = Kind::Block;
        self.end_body(label);
        let target = self.control[label - 1 - depth as usize].delegated.add(&self.clauses);
        let protected = handler.protected(self.out.mark());
        self.note(Clause { catches: Catches::Delegate, target, ..protected })
    }
}
