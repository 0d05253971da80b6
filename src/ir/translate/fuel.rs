//! Fuel and interrupts: where a function pays for what it is about to do, and where it looks
//! whether it shall stop.
//!
//! A *stretch* is code that is executed as a whole if its first instruction is, unless it traps;
//! that instruction charges for all of it. What follows a block belongs to the stretch before the
//! block if no way out of the block leads past its end. So does what follows a call, unless the
//! callee may throw: in a module without tags an exception only passes by, of others.

use super::*;
use crate::ir::code::POLL_BYTES;

/// What a block began in. Small, as a million blocks can be open at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// As in [`Fuel`].
    field: Option<NonZeroU32>,
    /// The outermost block that something in this one branches to or past the end of.
    escapes_to: u32,
    /// As in [`Fuel`].
    looked: u32,
    /// The same at its end, by the branches so far.
    looked_at_end: u32,
}

/// What the translator knows of the running stretch, and of those that go on after open blocks.
#[derive(Default)]
pub(super) struct Fuel {
    /// Where the number of instructions of the running stretch goes, and how many there are: with
    /// all the largest objects that a body has room for, more than the field holds.
    field: Option<NonZeroU32>,
    charge: u64,
    /// One for each open block.
    blocks: Vec<Stretch>,
    /// The function has exception handlers.
    catches: bool,
    /// The last place in the code that every way to here has passed since it began, where it is
    /// looked for interrupts; `u32::MAX` where no way leads.
    looked: u32,
}
impl Fuel {
    pub(super) fn reset(&mut self) {
        self.blocks.clear();
        *self = Fuel { blocks: core::mem::take(&mut self.blocks), ..Fuel::default() };
    }
    /// As much more is done in this stretch.
    #[inline]
    pub(super) fn add(&mut self, charge: u32) {
        self.charge += u64::from(charge);
    }
}

impl<B: Backend> Translator<'_, B> {
    /// Ends a stretch of instructions that run together, and begins the next.
    #[inline]
    pub(super) fn fuel_point(&mut self) {
        if !self.cx.fuel {
            return;
        }
        self.end_fuel();
        self.out.traps();
        self.out.list(|| "fuel".into());
        self.out.begin(B::fixed(Fixed::Fuel));
        self.fuel.field = NonZeroU32::new(self.out.pos() as u32);
        self.out.u32(0);
        self.out.end();
    }
    pub(super) fn end_fuel(&mut self) {
        if let Some(field) = self.fuel.field.take() {
            let charge = u32::try_from(self.fuel.charge).unwrap_or(u32::MAX);
            self.out.set_u32(field.get() as usize, charge);
        }
        self.fuel.charge = 0;
    }
    /// A block begins.
    #[inline]
    pub(super) fn open_stretch(&mut self) -> Result<(), Error> {
        // In a small build every stretch ends with its block.
        if !tuning::SMALL && (self.cx.fuel || self.cx.interrupts) {
            let escapes_to = self.fuel.blocks.len() as u32;
            let Fuel { field, looked, .. } = self.fuel;
            let stretch = Stretch { field, escapes_to, looked, looked_at_end: u32::MAX };
            return room::push(&mut self.fuel.blocks, stretch, self.out.offset as usize);
        }
        Ok(())
    }
    /// A block has ended. Its end is reached by branches, from above if it is `live`, and from its
    /// start if it is `skipped`; if it is reached from elsewhere than above, it is `joined`.
    #[inline]
    pub(super) fn close_stretch(&mut self, joined: bool, live: bool, skipped: bool) {
        if tuning::SMALL {
            if joined {
                self.fuel_point();
            }
            return;
        }
        let Some(block) = self.fuel.blocks.pop() else { return };
        let above = if live { self.fuel.looked } else { u32::MAX };
        let start = if skipped { block.looked } else { u32::MAX };
        self.fuel.looked = block.looked_at_end.min(above).min(start);
        self.escape_to(block.escapes_to as usize);
        if !joined {
            return;
        }
        if (block.escapes_to as usize) < self.fuel.blocks.len() {
            self.fuel_point();
            return;
        }
        if self.fuel.field != block.field {
            self.end_fuel();
            self.fuel.field = block.field;
            let charge = block.field.map(|field| self.out.u32_at(field.get() as usize));
            self.fuel.charge = charge.unwrap_or(0).into();
        }
    }
    /// Something may go on at this label.
    #[inline]
    pub(super) fn escape_to(&mut self, label: usize) {
        if !tuning::SMALL
            && let Some(block) = self.fuel.blocks.last_mut()
        {
            block.escapes_to = block.escapes_to.min(label as u32);
        }
    }
    /// From here on exceptions are caught in this function.
    pub(super) fn catches_now(&mut self) {
        self.fuel.catches = true;
        self.escape_to(0);
    }
    /// After a call.
    #[inline]
    pub(super) fn called(&mut self) {
        self.looked();
        if self.cx.fuel && (self.cx.throws || self.fuel.catches) {
            self.escape_to(0);
            self.fuel_point();
        }
    }
    /// Where a loop begins: looks whether it shall stop. Calls look by themselves.
    #[inline(never)]
    pub(super) fn interrupt_point(&mut self) {
        if self.cx.interrupts {
            self.out.traps();
            self.fixed(Fixed::Poll);
            self.looked();
        }
    }
    /// A branch back to a loop need not look if each turn has done so on its way: by a call, or
    /// where a loop within it began. In functions with handlers nobody knows the way.
    fn may_pass(&self) -> bool {
        self.cx.interrupts && !self.cx.fuel && !self.fuel.catches && !tuning::SMALL
    }
    #[inline]
    fn looked(&mut self) {
        if self.may_pass() {
            self.fuel.looked = self.out.pos() as u32;
        }
    }
    /// What a branch from here adds to the address of a loop's header.
    #[inline]
    pub(super) fn past(&self, header: u32) -> usize {
        let passes = self.may_pass() && self.fuel.looked > header + POLL_BYTES as u32;
        if passes { POLL_BYTES } else { 0 }
    }
    /// A branch from here to the end of a block.
    #[inline]
    pub(super) fn look_on(&mut self, label: usize) {
        if !tuning::SMALL
            && let Some(block) = self.fuel.blocks.get_mut(label)
        {
            block.looked_at_end = block.looked_at_end.min(self.fuel.looked);
        }
    }
    /// The second arm of an `if` begins.
    #[inline]
    pub(super) fn look_again(&mut self) {
        if !tuning::SMALL
            && let Some(block) = self.fuel.blocks.last()
        {
            self.fuel.looked = block.looked;
        }
    }
}
