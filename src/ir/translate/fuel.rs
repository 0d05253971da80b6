//! Fuel and interrupts: where a function pays for what it is about to do, and where it can be
//! stopped.
//!
//! A *stretch* is code that is executed as a whole if its first instruction is, unless it traps;
//! that instruction charges for all of it. What follows a block belongs to the stretch before the
//! block if no way out of the block leads past its end. So does what follows a call, unless the
//! callee may throw: in a module without tags an exception only passes by, of others.

use super::*;

/// What a block began in. Small, as a million blocks can be open at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// As in [`Fuel`].
    field: Option<NonZeroU32>,
    /// The outermost block that something in this one branches to or past the end of.
    escapes_to: u32,
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
        if !tuning::SMALL && self.cx.fuel {
            let escapes_to = self.fuel.blocks.len() as u32;
            let stretch = Stretch { field: self.fuel.field, escapes_to };
            return room::push(&mut self.fuel.blocks, stretch, self.out.offset as usize);
        }
        Ok(())
    }
    /// A block has ended; if its end is reached from elsewhere than above, it is `joined`.
    #[inline]
    pub(super) fn close_stretch(&mut self, joined: bool) {
        if tuning::SMALL {
            if joined {
                self.fuel_point();
            }
            return;
        }
        let Some(block) = self.fuel.blocks.pop() else { return };
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
        if self.cx.fuel && (self.cx.throws || self.fuel.catches) {
            self.escape_to(0);
            self.fuel_point();
        }
    }
    /// A turn of a loop begins with the next instruction: executions can be stopped there.
    pub(super) fn turn_begins(&mut self) -> Result<(), Error> {
        if self.cx.interrupts {
            self.forget_globals();
            self.out.mark();
            self.out.turn()?;
        }
        Ok(())
    }
}
