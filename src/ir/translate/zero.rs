//! Locals begin as zeros: but only those have to be set that may be read before they are written.
//!
//! A local that is written is *set* from there to the end of the innermost block that the write can
//! be jumped over in: until then, whatever is read later comes after the write.

use super::*;
use alloc::string::String;

/// How many blocks a local stays set beyond the one that writes it, at most.
const LEVELS: usize = 16;

impl<B: Backend> Translator<'_, B> {
    /// A local is read.
    #[inline]
    pub(super) fn note_read(&mut self, local: u32) {
        if !tuning::SMALL {
            let local = &mut self.locals[local as usize];
            local.zero |= !local.set;
        }
    }
    /// A local is written.
    #[inline]
    pub(super) fn note_write(&mut self, local: u32) {
        if !tuning::SMALL && !self.locals[local as usize].set {
            self.set_from_here(local);
        }
    }
    fn set_from_here(&mut self, local: u32) {
        let Some(mut label) = self.control.len().checked_sub(1) else { return };
        for _ in 0..LEVELS {
            let control = &self.control[label];
            let passes = matches!(control.kind, Kind::Block | Kind::Loop)
                && control.patches.is_empty()
                && control.stub.is_empty()
                && control.caught.is_empty()
                && control.delegated.is_empty();
            if !passes || label == 0 {
                break;
            }
            label -= 1;
        }
        let of = &mut self.locals[local as usize];
        of.set = true;
        let control = &mut self.control[label];
        of.next_set = control.first_set.replace(NonZeroU32::MIN.saturating_add(local));
    }
    /// The end of a block, or of an arm of it: what was set in it is not set any more.
    pub(super) fn release_sets(&mut self, first: Option<NonZeroU32>) {
        let mut next = first;
        while let Some(local) = next {
            let local = &mut self.locals[local.get() as usize - 1];
            local.set = false;
            next = local.next_set.take();
        }
    }
    /// The end of the function: the instruction at its beginning, which sets `near` slots to zero,
    /// is left to set those that need it, or passed by. Gives the byte where the code begins.
    pub(super) fn trim_zero(&mut self) -> usize {
        let near = core::mem::take(&mut self.zeroed);
        if near == 0 || tuning::SMALL {
            return 0;
        }
        let (mut first, mut end) = (near, 0);
        for local in &self.locals {
            if local.zero && (0..near).contains(&local.slot) {
                first = first.min(local.slot);
                end = end.max(local.slot + local.ty.slots());
            }
        }
        if first >= end {
            self.out.listing.retain(|&(at, ..)| at != 0);
            return ZERO_LEN;
        }
        let count = end - first;
        let handler = B::zero(count as usize).unwrap_or_else(|| B::fixed(Fixed::Zero));
        self.out.set_handler(0, handler);
        self.out.set_slot(8, first);
        self.out.set_u32(12, count as u32);
        if let Some((0, _, text)) = self.out.listing.first_mut() {
            *text = zero_text(first, count);
        }
        0
    }
    /// Sets slots to zero: [`ZERO_LEN`] bytes.
    pub(super) fn zero(&mut self, first: i32, count: i32) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let handler = B::zero(count as usize).unwrap_or_else(|| B::fixed(Fixed::Zero));
        self.out.list(|| zero_text(first, count));
        self.out.begin(handler);
        self.out.slot(first);
        self.out.u16(0);
        self.out.u32(count as u32);
        self.out.end();
        Ok(())
    }
}

/// The length of an instruction that sets slots to zero.
const ZERO_LEN: usize = 16;

fn zero_text(first: i32, count: i32) -> String {
    format!("zero [{first}] × {count}")
}
