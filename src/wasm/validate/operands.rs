//! The types of the operands.

use crate::wasm::compact::Ty;
use crate::wasm::error::Error;
use crate::wasm::room;
use alloc::vec::Vec;

/// A stack of types whose room is made before anything is pushed, so that pushing is storing.
#[derive(Debug, Default)]
pub(super) struct Operands {
    /// The types, and behind them room.
    types: Vec<Ty>,
    len: usize,
}
impl Operands {
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn len(&self) -> usize {
        self.len
    }
    /// How many there can be.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.types.len()
    }
    /// Whether there is room for so many more.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn has_room(&self, more: usize) -> bool {
        self.types.len() - self.len >= more
    }
    /// Makes room for so many more, which are asked for at `offset`.
    pub fn make_room(&mut self, more: usize, offset: usize) -> Result<(), Error> {
        const AT_LEAST: usize = 32;
        let wanted = (self.len + more).max(2 * self.len).max(AT_LEAST);
        room::lengthen(&mut self.types, wanted, Ty::BOT, offset)
    }
    /// All of them.
    #[inline]
    pub fn all(&self) -> &[Ty] {
        &self.types[..self.len]
    }
    /// Puts one on top, for which there is room.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn push(&mut self, ty: Ty) {
        debug_assert!(self.has_room(1), "made room for");
        if !self.try_push(ty) {
            self.types.push(ty);
            self.len += 1;
        }
    }
    /// Puts one on top, if there is room; otherwise nothing happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn try_push(&mut self, ty: Ty) -> bool {
        let Some(slot) = self.types.get_mut(self.len) else { return false };
        *slot = ty;
        self.len += 1;
        true
    }
    /// Puts several on top, for which there is room.
    #[inline]
    pub fn push_all(&mut self, types: &[Ty]) {
        let end = self.len + types.len();
        self.types[self.len..end].copy_from_slice(types);
        self.len = end;
    }
    /// Takes the last one from a stack that is not to become lower than `height`.
    #[inline]
    pub fn pop_above(&mut self, height: usize) -> Option<Ty> {
        if self.len <= height {
            return None;
        }
        self.len -= 1;
        Some(self.types[self.len])
    }
    /// Takes the last one, if it is above `height` and of this type; otherwise nothing happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn try_pop(&mut self, ty: Ty, height: usize) -> bool {
        let there = self.ends_in(ty, height);
        self.len -= usize::from(there);
        there
    }
    /// Takes the last two, if they are above `height` and of these types; otherwise nothing
    /// happens.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn try_pop_both(&mut self, below: Ty, last: Ty, height: usize) -> bool {
        let first = self.len.wrapping_sub(2);
        if let Some(&[a, b]) = self.types.get(first..self.len)
            && first >= height
            && a == below
            && b == last
        {
            self.len = first;
            return true;
        }
        false
    }
    /// Whether the last one is above `height` and of this type.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn ends_in(&self, ty: Ty, height: usize) -> bool {
        let below = self.len.wrapping_sub(1);
        below >= height && self.types.get(below) == Some(&ty)
    }
    /// Replaces the last ones, one or two of the same type above `height`, by one; otherwise
    /// nothing happens.
    ///
    /// One path for either arity: the fewer ways there are, the better the next one is guessed.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn try_apply(&mut self, arity: usize, operand: Ty, result: Ty, height: usize) -> bool {
        let first = self.len.wrapping_sub(arity);
        let last = self.types.get(self.len.wrapping_sub(1)).copied();
        if first >= height
            && last == Some(operand)
            && let Some(slot) = self.types.get_mut(first)
            && *slot == operand
        {
            *slot = result;
            self.len = first + 1;
            return true;
        }
        false
    }
    /// Whether the last ones are above `height` and of these types.
    #[inline]
    pub fn end_with(&self, types: &[Ty], height: usize) -> bool {
        let first = self.len.wrapping_sub(types.len());
        let Some(there) = self.types.get(first..self.len) else { return false };
        // Few, as a rule: less than it takes to call what compares slices.
        first >= height && (0..types.len()).all(|i| there[i] == types[i])
    }
    /// Leaves the first `len`: there are no fewer.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn truncate(&mut self, len: usize) {
        debug_assert!(len <= self.len, "so many are there");
        self.len = len;
    }
}
