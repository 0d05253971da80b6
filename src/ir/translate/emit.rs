//! Writing instructions: handlers, fields, jumps, the map to the module.

use crate::ir::backend::Handler;
use crate::ir::code::{Turn, Word};
use crate::ir::room;
use crate::tuning;
use crate::wasm::error::Error;
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::string::String;
use alloc::vec::Vec;

/// Where the target of a branch stands in its instruction: targets are counted from the beginning
/// of that instruction, so that a branch is one addition.
const TARGET_FIELD: i64 = 8;
/// By so much the buffer grows; not all that the vector reserves: what is never written needs no
/// memory.
const STEP: usize = 4096;
/// The largest offset of an access whose end has an offset of 32 bits.
pub(super) const MAX_NEAR: u64 = u32::MAX as u64 - 16;

/// A buffer of instructions.
#[derive(Debug, Default)]
pub struct Emitter {
    /// The instructions, and room for more.
    code: Vec<u8>,
    /// How many bytes there are.
    len: usize,
    /// Up to here the room behind them is zeros.
    blank: usize,
    pub map: Vec<(u32, u32)>,
    /// Where turns of loops begin that can be stopped.
    turns: Vec<u32>,
    /// Where there was no memory for more: what was written since is worth nothing, and lies where
    /// the beginning was.
    missing: bool,
    /// Where the wasm instruction is in the module.
    pub offset: u32,
    /// Where the last label was placed: code before it may be jumped over.
    pub label: usize,
    /// Keeps texts.
    pub keep_listing: bool,
    pub listing: Vec<(u32, u32, String)>,
}

/// A label that is not placed yet: its uses form a list through their target fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patches(u32);
impl Patches {
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Emitter {
    pub fn new(keep_listing: bool) -> Emitter {
        Emitter { keep_listing, ..Emitter::default() }
    }
    /// Begins a function, whose code is at `offset` of the module.
    pub fn clear(&mut self, offset: usize) -> Result<(), Error> {
        self.offset = offset as u32;
        self.missing = false;
        self.len = 0;
        self.map.clear();
        self.turns.clear();
        self.listing.clear();
        self.label = 0;
        // Some at least: where there is no more, writing begins anew.
        if self.code.is_empty() {
            room::fill(&mut self.code, STEP, 0, offset)?;
        }
        room::reserve(&mut self.map, 1, offset)
    }
    /// Ends a function.
    pub fn finish(&mut self) -> Result<(), Error> {
        if !tuning::SMALL && self.missing {
            Err(room::out_of_memory(self.offset as usize))
        } else {
            Ok(())
        }
    }
    #[inline]
    pub fn pos(&self) -> usize {
        self.len
    }
    #[cfg_attr(not(feature = "small"), inline)]
    #[cfg_attr(feature = "small", inline(never))]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        loop {
            let room = self.code.get_mut(self.len..).and_then(|room| room.first_chunk_mut());
            if let Some(room) = room {
                *room = bytes;
                self.len += N;
                return;
            }
            self.make_room();
        }
    }
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        match room::try_reserve(&mut self.code, STEP) {
            Ok(()) => self.code.resize(self.code.len() + STEP, 0),
            Err(_) => {
                self.missing = true;
                self.len = 0;
            }
        }
    }
    #[cold]
    #[inline(never)]
    fn make_room_in_map(&mut self) {
        if room::try_reserve(&mut self.map, 1).is_err() {
            self.missing = true;
            self.map.clear();
        }
    }
    /// The position, as one that something refers to: what is before stays as it is.
    #[inline]
    pub fn mark(&mut self) -> usize {
        self.label = self.len;
        self.label
    }
    /// Begins an instruction.
    #[inline]
    pub fn begin(&mut self, handler: Handler) {
        // So that the end has nothing to fill: instructions are rarely longer.
        const ROOM: usize = 64;
        if !tuning::SMALL {
            self.blank = self.len + ROOM;
            self.put([0; ROOM]);
            self.len = self.blank - ROOM;
        }
        self.put((handler as u64).to_ne_bytes());
    }
    /// Notes that the instruction about to begin can trap or call.
    #[inline]
    pub fn traps(&mut self) {
        if self.map.len() == self.map.capacity() {
            self.make_room_in_map();
        }
        self.map.push((self.len as u32, self.offset));
    }
    #[inline]
    pub fn slot(&mut self, slot: i32) {
        self.put((slot as i16).to_ne_bytes());
    }
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.put(value.to_ne_bytes());
    }
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.put(value.to_ne_bytes());
    }
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.put(value.to_ne_bytes());
    }
    #[inline]
    pub fn wide(&mut self, bytes: [u8; 16]) {
        self.put(bytes);
    }
    /// Ends an instruction.
    #[inline]
    pub fn end(&mut self) {
        let end = self.len.next_multiple_of(8);
        if end <= self.blank {
            self.len = end;
        }
        while self.len < end {
            self.put([0]);
        }
    }
    /// Notes the text of an instruction that is about to begin.
    #[inline]
    pub fn list(&mut self, text: impl FnOnce() -> String) {
        if tuning::LISTINGS && self.keep_listing {
            self.listing.push((self.len as u32, self.offset, text()));
        }
    }
    /// The field of a near access of `width` bytes: the offset of its end.
    #[inline]
    pub fn access(&mut self, offset: u64, width: u32) {
        self.u32(offset as u32 + width);
    }
    /// A target field for a label that is not placed yet.
    #[inline]
    pub fn forward(&mut self, patches: &mut Patches) {
        let field = self.len as u32;
        self.u32(patches.0);
        patches.0 = field;
    }
    /// A target field for a place that is known.
    #[inline]
    pub fn backward(&mut self, target: usize) {
        let distance = target as i64 - (self.len as i64 - TARGET_FIELD);
        self.u32(distance as i32 as u32);
    }
    /// What a target field leads to whose label was placed.
    pub fn target_at(&self, field: usize) -> usize {
        (field as i64 - TARGET_FIELD + i64::from(self.u32_at(field) as i32)) as usize
    }
    /// Takes back the last instruction, which begins at `start`. Its entry in the map, if it has
    /// one, is the next one's.
    pub fn take_back(&mut self, start: usize) {
        self.len = start;
        while self.listing.last().is_some_and(|&(at, ..)| at as usize >= start) {
            self.listing.pop();
        }
    }
    /// Places a label here.
    pub fn place(&mut self, patches: Patches) {
        let target = self.mark() as i64;
        let mut field = patches.0 as usize;
        if !tuning::SMALL && self.missing {
            return;
        }
        while field != 0
            && let Some(bytes) = self.field(field)
        {
            let distance = (target - (field as i64 - TARGET_FIELD)) as i32;
            let next = core::mem::replace(bytes, distance.to_ne_bytes());
            field = u32::from_ne_bytes(next) as usize;
        }
    }
    /// A field that was written; none where there was no memory for it.
    #[inline]
    fn field<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        self.code.get_mut(at..)?.first_chunk_mut()
    }
    #[inline]
    fn set<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(field) = self.field(at) {
            *field = bytes;
        }
    }
    /// Writes an instruction's handler.
    pub fn set_handler(&mut self, at: usize, handler: Handler) {
        self.set(at, (handler as u64).to_ne_bytes());
    }
    /// Reads a slot's field.
    pub fn slot_at(&self, field: usize) -> i32 {
        let bytes = self.code.get(field..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |&bytes| i16::from_ne_bytes(bytes).into())
    }
    /// The instruction about to begin is the first one of a turn of a loop.
    pub fn turn(&mut self) -> Result<(), Error> {
        self.traps();
        room::push(&mut self.turns, self.len as u32, self.offset as usize)
    }
    /// It is not.
    pub fn no_turn(&mut self) {
        self.map.pop();
        self.turns.pop();
    }
    /// Those of them.
    pub fn turns(&self) -> Result<Box<[Turn]>, TryReserveError> {
        let mut turns = room::list(self.turns.len())?;
        let handler = |at: u32| {
            let bytes = self.code.get(at as usize..).and_then(|bytes| bytes.first_chunk());
            bytes.map_or(0, |&bytes| u64::from_ne_bytes(bytes) as usize)
        };
        turns.extend(self.turns.iter().map(|&at| Turn { at, handler: handler(at) }));
        Ok(turns.into_boxed_slice())
    }
    /// Writes a slot's field.
    pub fn set_slot(&mut self, field: usize, slot: i32) {
        self.set(field, (slot as i16).to_ne_bytes());
    }
    /// Writes a 4-byte field.
    pub fn set_u32(&mut self, field: usize, value: u32) {
        self.set(field, value.to_ne_bytes());
    }
    /// A 4-byte field.
    pub fn u32_at(&self, field: usize) -> u32 {
        let bytes = self.code.get(field..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |&bytes| u32::from_ne_bytes(bytes))
    }
    /// The instructions as words.
    pub fn words(&self) -> Result<Box<[Word]>, TryReserveError> {
        let mut words = room::list(self.len / 8)?;
        let (chunks, _) = self.code[..self.len].as_chunks();
        words.extend(chunks.iter().map(|&chunk| Word::new(u64::from_ne_bytes(chunk))));
        Ok(words.into_boxed_slice())
    }
    /// An instruction without a handler is a mistake of this program: say so, do not run it.
    #[cold]
    pub fn no_handler(&self, what: &str) -> Error {
        let what = if tuning::LISTINGS { what } else { "an instruction" };
        Error::unsupported(self.offset as usize, alloc::format!("no handler for {what}"))
    }
}
