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
    /// What is there, held in registers; [`Operands::keep`] says what became of it.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn hold(&mut self, height: usize) -> Held<'_> {
        Held { types: &mut self.types, len: self.len, height }
    }
    /// How many there are now.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn keep(&mut self, len: usize) {
        debug_assert!(len <= self.types.len(), "there was room for them");
        self.len = len;
    }
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn held<R>(&mut self, height: usize, use_it: impl FnOnce(&mut Held<'_>) -> R) -> R {
        let mut held = self.hold(height);
        let result = use_it(&mut held);
        self.len = held.len;
        result
    }
    /// Puts one on top, for which there is room.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn push(&mut self, ty: Ty) {
        debug_assert!(self.has_room(1), "made room for");
        if !self.held(0, |held| held.push(ty)) {
            self.types.push(ty);
            self.len += 1;
        }
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
    /// [`Held::pop`].
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn try_pop(&mut self, ty: Ty, height: usize) -> bool {
        self.held(height, |held| held.pop(ty))
    }
    /// [`Held::apply`].
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn try_apply(&mut self, arity: usize, operand: Ty, result: Ty, height: usize) -> bool {
        self.held(height, |held| held.apply(arity, operand, result))
    }
    /// Whether the last ones are above `height` and of these types.
    #[inline]
    pub fn end_with(&mut self, types: &[Ty], height: usize) -> bool {
        self.hold(height).end_with(types)
    }
    /// Leaves the first `len`: there are no fewer.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn truncate(&mut self, len: usize) {
        debug_assert!(len <= self.len, "so many are there");
        self.len = len;
    }
}

/// The types as whoever goes on quickly holds them: in registers.
///
/// Each step is taken if what it needs is there, above the height; otherwise nothing happens, and
/// the result is false.
pub(super) struct Held<'a> {
    types: &'a mut [Ty],
    pub len: usize,
    /// That of the innermost frame.
    pub height: usize,
}
impl Held<'_> {
    /// Puts one on top, if there is room.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn push(&mut self, ty: Ty) -> bool {
        let Some(slot) = self.types.get_mut(self.len) else { return false };
        *slot = ty;
        self.len += 1;
        true
    }
    /// Takes the last one, if it is of this type.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn pop(&mut self, ty: Ty) -> bool {
        let there = self.ends_in(ty);
        self.len -= usize::from(there);
        there
    }
    /// Takes the last one.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn pop_any(&mut self) -> Option<Ty> {
        let below = self.len.wrapping_sub(1);
        let ty = self.types.get(below).copied().filter(|_| below >= self.height)?;
        self.len = below;
        Some(ty)
    }
    /// `select` of two numbers or vectors: of which type they are.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn select(&mut self) -> Option<Ty> {
        let first = self.len.wrapping_sub(3);
        let &[a, b, Ty::I32] = self.types.get(first..self.len)? else { return None };
        let there = first >= self.height && a == b && a.is_num_or_vec();
        self.len -= 2 * usize::from(there);
        there.then_some(a)
    }
    /// Takes the last two, if they are of these types.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn pop_both(&mut self, below: Ty, last: Ty) -> bool {
        let first = self.len.wrapping_sub(2);
        if let Some(&[a, b]) = self.types.get(first..self.len)
            && first >= self.height
            && a == below
            && b == last
        {
            self.len = first;
            return true;
        }
        false
    }
    /// Whether the last one is of this type.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn ends_in(&self, ty: Ty) -> bool {
        let below = self.len.wrapping_sub(1);
        below >= self.height && self.types.get(below) == Some(&ty)
    }
    /// Replaces the last ones, one or two of the same type, by one.
    ///
    /// One path for either arity: the fewer ways there are, the better the next one is guessed.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn apply(&mut self, arity: usize, operand: Ty, result: Ty) -> bool {
        let first = self.len.wrapping_sub(arity);
        let last = self.types.get(self.len.wrapping_sub(1)).copied();
        if first >= self.height
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
    /// Replaces the last ones, if they are of these types, by one or none.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn call(&mut self, params: &[Ty], result: Option<Ty>) -> bool {
        let first = self.len.wrapping_sub(params.len());
        if !self.end_with(params) {
            return false;
        }
        if let Some(result) = result {
            let Some(slot) = self.types.get_mut(first) else { return false };
            *slot = result;
        }
        self.len = first + usize::from(result.is_some());
        true
    }
    /// Whether the last ones are of these types.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn end_with(&self, types: &[Ty]) -> bool {
        let first = self.len.wrapping_sub(types.len());
        let Some(there) = self.types.get(first..self.len) else { return false };
        // Few, as a rule: less than it takes to call what compares slices.
        first >= self.height && (0..types.len()).all(|i| there[i] == types[i])
    }
}
