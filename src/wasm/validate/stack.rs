//! The operand stack and the frames of blocks (spec appendix §7.5.1).

use super::func::{Result, Validator};
use crate::tuning;
use crate::wasm::compact::Ty;
use crate::wasm::error::Error;
use crate::wasm::limits;
use crate::wasm::room;
use crate::wasm::sink::Sink;
use crate::wasm::subtype::ty_matches;
use alloc::format;
use core::ops::Deref;

/// What opened a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Block,
    Loop,
    If,
    Else,
    /// The body of a legacy `try`.
    Try,
    /// A legacy `catch` or `catch_all`.
    Catch,
    CatchAll,
}

/// The type of a block, unresolved.
#[derive(Clone, Copy, Debug)]
pub(super) enum Block {
    Empty,
    Val(Ty),
    Func(u32),
}

/// An open block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub kind: Kind,
    pub block: Block,
    /// The operands below belong to the blocks outside.
    pub height: u32,
    /// The locals initialised before.
    pub inits: u32,
    /// Which `br_table` has already checked this label.
    pub br_table: u32,
    /// Whether the block outside is in unreachable code, and whether it can be reached at all.
    pub outer_unreachable: bool,
    pub outer_live: bool,
}

impl Frame {
    /// One in code that is reached, above so many operands.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn new(kind: Kind, block: Block, height: usize) -> Frame {
        Frame {
            kind,
            block,
            height: height as u32,
            inits: 0,
            br_table: 0,
            outer_unreachable: false,
            outer_live: true,
        }
    }
}

/// A few types: those of a signature, or a single one.
pub(super) enum Types<'a> {
    One(Ty),
    List(&'a [Ty]),
}
impl Deref for Types<'_> {
    type Target = [Ty];
    #[inline]
    fn deref(&self) -> &[Ty] {
        match self {
            Types::One(ty) => core::slice::from_ref(ty),
            Types::List(list) => list,
        }
    }
}

/// How many operands an instruction pushes one by one, at most.
pub(super) const PUSHES: usize = 4;

impl<'a, S: Sink> Validator<'a, S> {
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn push(&mut self, ty: Ty) {
        self.operands.push(ty);
    }
    #[cold]
    #[inline(never)]
    pub fn make_room(&mut self, operands: usize) -> Result<()> {
        self.operands.make_room(operands, self.at)?;
        self.tell_room()
    }
    /// Tells the listener how many operands there may be. In a small build it finds out.
    pub fn tell_room(&mut self) -> Result<()> {
        if !tuning::SMALL && self.sink.listens() {
            self.sink.operands(self.operands.capacity())
        } else {
            Ok(())
        }
    }
    /// Pushes several at once: two bytes of code can stand for a thousand of them.
    pub fn push_all(&mut self, types: &[Ty]) -> Result<()> {
        if self.operands.len() + types.len() > limits::OPERANDS {
            return Err(Error::limit(self.at, "too many operands"));
        }
        // What is pushed one by one after them has room, too.
        let more = types.len() + PUSHES;
        if !self.operands.has_room(more) {
            self.make_room(more)?;
        }
        self.operands.push_all(types);
        Ok(())
    }
    /// Pops an operand of the given type.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn pop(&mut self, want: Ty) -> Result<()> {
        if self.operands.try_pop(want, self.height) { Ok(()) } else { self.pop_slowly(want) }
    }
    #[inline(never)]
    fn pop_slowly(&mut self, want: Ty) -> Result<()> {
        if self.operands.len() <= self.height && !self.unreachable {
            return Err(self.missing(want));
        }
        let got = self.pop_any()?;
        self.check(got, want)
    }
    /// Pops an operand; bottom where unreachable code has none.
    #[inline]
    pub fn pop_any(&mut self) -> Result<Ty> {
        match self.operands.pop_above(self.height) {
            Some(ty) => Ok(ty),
            None if self.unreachable => Ok(Ty::BOT),
            None => Err(self.mismatch("an operand is missing")),
        }
    }
    /// Pops a reference; the bottom reference where unreachable code has none.
    pub fn pop_ref(&mut self) -> Result<Ty> {
        match self.pop_any()? {
            Ty::BOT => Ok(Ty::BOT_REF),
            ty if ty.is_ref() => Ok(ty),
            ty => Err(self.mismatch(&format!("expected a reference but stack has [{ty:?}]"))),
        }
    }
    /// Pops operands of the given types.
    #[inline]
    pub fn pop_all(&mut self, types: &[Ty]) -> Result<()> {
        if self.operands.end_with(types, self.height) {
            self.operands.truncate(self.operands.len() - types.len());
            return Ok(());
        }
        self.pop_each(types.iter().rev().copied())
    }
    /// Pops operands of the given types, the last one first; stops when only bottom is left.
    pub fn pop_each(&mut self, types: impl Iterator<Item = Ty>) -> Result<()> {
        for ty in types {
            if self.unreachable && self.operands.len() == self.height {
                return Ok(());
            }
            self.pop(ty)?;
        }
        Ok(())
    }
    /// Pops operands of the given types and pushes exactly these types.
    #[inline]
    pub fn pop_push_all(&mut self, types: &[Ty]) -> Result<()> {
        if self.operands.end_with(types, self.height) {
            return Ok(());
        }
        self.pop_each(types.iter().rev().copied())?;
        self.push_all(types)
    }
    /// Checks that operands of the given types are there, and leaves them as they are.
    pub fn peek_all(&mut self, types: &[Ty]) -> Result<()> {
        if self.operands.end_with(types, self.height) {
            return Ok(());
        }
        let own = &self.operands.all()[self.height..];
        for (i, &want) in types.iter().rev().enumerate() {
            let Some(&got) = own.get(own.len().wrapping_sub(1 + i)) else {
                return if self.unreachable { Ok(()) } else { Err(self.missing(want)) };
            };
            self.check(got, want)?;
        }
        Ok(())
    }
    /// Whether `got` can stand where `want` is asked for.
    #[inline]
    pub fn check(&self, got: Ty, want: Ty) -> Result<()> {
        if ty_matches(&self.module.registry, got, want) {
            return Ok(());
        }
        Err(self.wrong(got, want))
    }
    /// The same for several.
    pub fn check_all(&self, got: &[Ty], want: &[Ty]) -> Result<()> {
        if got == want {
            return Ok(());
        }
        if got.len() != want.len() {
            let (got, want) = (got.len(), want.len());
            return Err(self.mismatch(&format!("expected {want} values but there are {got}")));
        }
        got.iter().zip(want).try_for_each(|(&got, &want)| self.check(got, want))
    }
    /// From here on nothing is executed (spec §3.3.2, stack-polymorphic).
    pub fn set_unreachable(&mut self) {
        self.operands.truncate(self.height);
        self.unreachable = true;
        self.live = false;
    }

    pub fn params(&self, block: Block) -> &'a [Ty] {
        match block {
            Block::Func(type_idx) => self.signature(type_idx).0,
            _ => &[],
        }
    }
    pub fn results(&self, block: Block) -> Types<'a> {
        match block {
            Block::Empty => Types::List(&[]),
            Block::Val(ty) => Types::One(ty),
            Block::Func(type_idx) => Types::List(self.signature(type_idx).1),
        }
    }
    /// What a branch to this frame takes along.
    pub fn label(&self, frame: &Frame) -> Types<'a> {
        if frame.kind == Kind::Loop {
            Types::List(self.params(frame.block))
        } else {
            self.results(frame.block)
        }
    }
    /// Parameters and results of a type index that was checked before.
    fn signature(&self, type_idx: u32) -> (&'a [Ty], &'a [Ty]) {
        self.module.signatures.get(type_idx).unwrap_or_default()
    }
    /// The frame that a branch of this depth goes to.
    #[inline]
    pub fn target(&self, depth: u32) -> Result<&Frame> {
        let index = self.frames.len().wrapping_sub(depth as usize).wrapping_sub(1);
        match self.frames.get(index) {
            Some(frame) => Ok(frame),
            None => Err(self.invalid(&format!("unknown label {depth}"))),
        }
    }
    /// What a branch of this depth takes along.
    pub fn target_types(&self, depth: u32) -> Result<Types<'a>> {
        self.target(depth).map(|frame| self.label(frame))
    }

    /// Opens a block whose parameters are already popped.
    pub fn push_frame(&mut self, kind: Kind, block: Block) -> Result<()> {
        let frame = Frame {
            inits: self.locals.inits(),
            outer_unreachable: self.unreachable,
            outer_live: self.live,
            ..Frame::new(kind, block, self.operands.len())
        };
        room::push(&mut self.frames, frame, self.at)?;
        self.height = self.operands.len();
        self.unreachable = false;
        if let Block::Func(_) = block { self.push_all(self.params(block)) } else { Ok(()) }
    }
    /// Closes the innermost block: its results are popped, what it initialised is forgotten.
    pub fn pop_frame(&mut self) -> Result<Frame> {
        let Some(&frame) = self.frames.last() else {
            return Err(self.mismatch("no open block"));
        };
        match frame.block {
            Block::Empty => {}
            Block::Val(ty) => self.pop(ty)?,
            Block::Func(_) => self.pop_all(&self.results(frame.block))?,
        }
        if self.operands.len() != self.height {
            return Err(self.mismatch("values are left at the end of the block"));
        }
        self.locals.forget(frame.inits);
        self.frames.pop();
        self.height = self.frames.last().map_or(0, |frame| frame.height as usize);
        self.unreachable = frame.outer_unreachable;
        self.live = frame.outer_live;
        Ok(frame)
    }

    #[cold]
    pub fn invalid(&self, message: &str) -> Error {
        Error::invalid(self.at, alloc::string::String::from(message))
    }
    #[cold]
    pub fn mismatch(&self, detail: &str) -> Error {
        Error::invalid(self.at, format!("type mismatch: {detail}"))
    }
    #[cold]
    fn missing(&self, want: Ty) -> Error {
        let has = match self.operands.all().get(self.height..).and_then(|own| own.last()) {
            Some(ty) => format!("[{ty:?}]"),
            None => "[]".into(),
        };
        self.mismatch(&format!("instruction requires [{want:?}] but stack has {has}"))
    }
    #[cold]
    fn wrong(&self, got: Ty, want: Ty) -> Error {
        self.mismatch(&format!("instruction requires [{want:?}] but stack has [{got:?}]"))
    }
}
