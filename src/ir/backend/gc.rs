//! What the translator asks of a back end for structures, arrays and casts.

use super::{Dest, Handler, Place, To};
use crate::wasm::ops::{LoadOp, StoreOp};

/// How a reference is tested: with a word and a number that the instruction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CheckKind {
    /// Its type is the one whose address the word is.
    Exact,
    /// Its ancestor at a small depth (the number) has the number that the word is.
    Near,
    /// It is of one of the kinds in the word, a set.
    Kinds,
    /// Its type, or its function's, is the one whose address the word is, or below it.
    Deep,
    /// Whatever is not null passes.
    Always,
    /// Nothing passes that is not null.
    Never,
}
impl CheckKind {
    /// How many there are.
    pub const ALL: usize = 6;
    /// How many have to look at the object.
    pub const LOOKING: usize = 4;
}

/// A test of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// How.
    pub kind: CheckKind,
    /// See [`CheckKind`].
    pub word: u64,
    /// Bit 0: null passes; bit 1: it is a function; bit 2: subtypes do not pass; from bit 8 on:
    /// the depth.
    pub info: u32,
}
impl Check {
    /// In `info`: null passes.
    pub const NULL: u32 = 1;
    /// In `info`: the reference is one to a function.
    pub const FUNC: u32 = 2;
    /// In `info`, for functions: only this very type passes.
    pub const ONLY: u32 = 4;
    /// In `info`: where the depth is.
    pub const DEPTH_SHIFT: u32 = 8;
}

/// What a new structure is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// That many words, from consecutive slots.
    Words(u32),
    /// Fields of any sizes, from consecutive slots.
    Fields,
    /// Zeros.
    Default,
}

/// A set of handlers for what lies on the heap.
pub trait GcBackend {
    /// `d := field of a`.
    fn field_load(op: LoadOp, d: Dest, a: Place) -> Option<Handler>;
    /// `field of a := x`.
    fn field_store(op: StoreOp, a: Place, x: Place) -> Option<Handler>;
    /// `d := a[i]`.
    fn element_load(op: LoadOp, d: Dest, a: Place, i: Place) -> Option<Handler>;
    /// `a[i] := x`.
    fn element_store(op: StoreOp, a: Place, i: Place, x: Place) -> Option<Handler>;
    /// The same for a v128: everything is in slots.
    fn wide(store: bool, element: bool) -> Handler;
    /// `d := length of a`.
    fn array_len(d: Dest, a: Place) -> Option<Handler>;
    /// `d := number in the i31 a`.
    fn i31_get(signed: bool, d: Dest, a: Place) -> Option<Handler>;
    /// `d := whether a passes`.
    fn is(kind: CheckKind, d: Dest, a: Place) -> Option<Handler>;
    /// Branch if (`sense`) or unless `a` passes.
    fn br_is(kind: CheckKind, sense: bool, to: To, a: Place) -> Option<Handler>;
    /// Trap unless `a` passes.
    fn cast(kind: CheckKind, a: Place) -> Option<Handler>;
    /// Trap if `a` is null.
    fn non_null(a: Place) -> Option<Handler>;
    /// A new structure.
    fn new_struct(filling: Filling, d: Dest) -> Option<Handler>;
}
