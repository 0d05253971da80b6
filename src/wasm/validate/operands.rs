//! The types of the operands on the stack.

use crate::wasm::compact::Ty;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// A list of types, with room that is made before: pushing is a store, and taking away a number.
#[derive(Debug, Default)]
pub(super) struct Operands {
    /// The operands, then the room.
    all: Vec<Ty>,
    len: usize,
}
impl Operands {
    /// How many there can be before room has to be made.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn room(&self) -> usize {
        self.all.len()
    }
    /// Makes room for so many more.
    ///
    /// # Errors
    /// There is no memory.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        let missing = (self.len + more).saturating_sub(self.all.len());
        if missing > 0 {
            self.all.try_reserve(missing)?;
            self.all.resize(self.all.capacity(), Ty::BOT);
        }
        Ok(())
    }
    /// Pushes one, for which there is room.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn push(&mut self, ty: Ty) {
        debug_assert!(self.len < self.all.len(), "made room for");
        if let Some(place) = self.all.get_mut(self.len) {
            *place = ty;
            self.len += 1;
        }
    }
    /// Pushes several, for which there is room.
    #[inline]
    pub fn push_all(&mut self, types: &[Ty]) {
        debug_assert!(self.len + types.len() <= self.all.len(), "made room for");
        if let Some(places) = self.all.get_mut(self.len..self.len + types.len()) {
            // A few mostly.
            places.iter_mut().zip(types).for_each(|(place, &ty)| *place = ty);
            self.len += types.len();
        }
    }
    /// Pops one.
    #[inline]
    pub fn pop(&mut self) -> Option<Ty> {
        let ty = self.last().copied()?;
        self.len -= 1;
        Some(ty)
    }
    /// Leaves the first ones.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}
impl Deref for Operands {
    type Target = [Ty];
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn deref(&self) -> &[Ty] {
        self.all.get(..self.len).unwrap_or_default()
    }
}
impl DerefMut for Operands {
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn deref_mut(&mut self) -> &mut [Ty] {
        self.all.get_mut(..self.len).unwrap_or_default()
    }
}
