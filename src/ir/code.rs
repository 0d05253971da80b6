//! Translated code: one buffer per function, with a map back to the module's bytes.
#![allow(unsafe_code)]

use super::room;
use crate::wasm::sync::{Follower, Lock};
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicIsize, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Where the code of a function begins. Belongs to a module; `entry` is the lazy stub until the
/// function is translated.
#[repr(C)]
#[derive(Debug)]
pub struct CodeEntry {
    /// The first instruction.
    pub entry: AtomicPtr<u64>,
    /// Slots that the frame needs from the frame pointer up.
    pub frame_slots: AtomicU32,
    /// The index among the defined functions of the module.
    pub func: u32,
    /// The compiled module that it belongs to (null: the host stubs).
    pub module: AtomicPtr<()>,
}
impl CodeEntry {
    /// The first instruction, and the slots that the frame needs from the frame pointer up (E5).
    #[inline(always)]
    pub fn start(&self) -> (*const u64, u32) {
        // In this order: code that is there has its slots.
        let code = self.entry.load(Ordering::Acquire);
        (code, self.frame_slots.load(Ordering::Relaxed))
    }
}

/// Eight bytes of code. The first word of an instruction is the address of its handler; of one that
/// every turn of a loop begins with, others may replace it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Word(UnsafeCell<u64>);
// SAFETY: R13: nothing is written but handlers, which are read and written by atomic accesses.
unsafe impl Sync for Word {}
impl Word {
    /// These eight bytes.
    #[inline]
    pub const fn new(word: u64) -> Word {
        Word(UnsafeCell::new(word))
    }
    /// The handler of the instruction that begins here.
    fn handler(&self) -> &AtomicUsize {
        // SAFETY: R13: it is aligned, and written in no other way.
        unsafe { AtomicUsize::from_ptr(self.0.get().cast()) }
    }
}

/// An instruction that every turn of a loop begins with.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Its byte in the code.
    pub at: u32,
    /// The address of its handler.
    pub handler: usize,
}

/// A clause of an exception handler (spec §4.2.14): for which code, what it catches, and where.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// The first byte of the code that it protects.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// Where the code was when the clause was noted: ascending, and not before `end`.
    pub noted: u32,
    /// The next clause that protects all of this code, or the number of clauses.
    pub outer: u32,
    /// What it catches.
    pub catches: Catches,
    /// The byte of the code that goes on, or the clause to go on with ([`Catches::Delegate`]).
    pub target: u32,
    /// The first slot for the values of the exception.
    pub values: i32,
    /// The slot for the reference to the exception, if it is asked for.
    pub exn: Option<i32>,
}
/// What a [`Clause`] catches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catches {
    /// Exceptions of the tag with this index, with their values.
    Tag(u32),
    /// Every exception, without its values.
    All,
    /// None: the search goes on outside of a block that may be further out.
    Delegate,
}

/// The code of one function.
#[derive(Debug, Default)]
pub struct FuncCode {
    /// The instructions.
    pub words: Box<[Word]>,
    /// Which word is the first instruction's.
    pub start: usize,
    /// Byte offsets in the code, ascending, each with the byte offset of its instruction in the
    /// module; only instructions that can trap or call are there.
    pub map: Box<[(u32, u32)]>,
    /// The clauses of its exception handlers, innermost first.
    pub clauses: Box<[Clause]>,
    /// Where executions can be stopped, in the order of the code; none unless that is asked for.
    pub turns: Box<[Turn]>,
    /// Slots that the frame needs from the frame pointer up.
    pub frame_slots: u32,
    /// The instructions as text, if asked for: code offset, module offset, text.
    pub listing: Vec<(u32, u32, String)>,
}
impl FuncCode {
    /// The module offset of the instruction that is at byte `at` of the code or contains it.
    pub fn module_offset(&self, at: u32) -> Option<u32> {
        let i = self.map.partition_point(|&(code, _)| code <= at);
        Some(self.map[i.checked_sub(1)?].1)
    }
    /// The innermost clause that protects byte `at` of the code and catches an exception;
    /// `has_tag` says whether the exception's tag is the one of an index. Adds the number of
    /// clauses that were looked at to `steps`.
    ///
    /// # Complexity
    /// Logarithmic in the number of clauses, linear in those that protect the byte.
    pub fn clause(
        &self,
        at: u32,
        steps: &mut i64,
        has_tag: impl Fn(u32) -> bool,
    ) -> Option<&Clause> {
        let mut next = self.clauses.partition_point(|clause| clause.noted <= at);
        while let Some(clause) = self.clauses.get(next) {
            *steps += 1;
            let protects = (clause.start..clause.end).contains(&at);
            next = match clause.catches {
                _ if !protects => clause.outer as usize,
                Catches::Delegate => clause.target as usize,
                Catches::Tag(tag) if !has_tag(tag) => clause.outer as usize,
                Catches::Tag(_) | Catches::All => return Some(clause),
            };
        }
        None
    }
    /// Where the function begins.
    pub fn entry(&self) -> *const u64 {
        // A pointer to all of the code: instructions before lead here and are led to.
        self.words.as_ptr().wrapping_add(self.start).cast()
    }
    /// The handler of the instruction that begins at byte `at`.
    pub fn handler(&self, at: u32) -> usize {
        match self.turns.binary_search_by_key(&at, |turn| turn.at) {
            Ok(turn) => self.turns[turn].handler,
            Err(_) => self.words[at as usize / 8].handler().load(Ordering::Relaxed),
        }
    }
    /// Every turn from now on has this handler instead of its own, or its own again.
    fn replace_turns(&self, handler: Option<usize>) {
        for turn in &self.turns {
            let word = &self.words[turn.at as usize / 8];
            word.handler().store(handler.unwrap_or(turn.handler), Ordering::Relaxed);
        }
    }
    /// Whether the address is in this code, and at which byte.
    pub fn position(&self, ip: usize) -> Option<u32> {
        let start = self.words.as_ptr() as usize;
        let at = ip.checked_sub(start)?;
        (at < self.words.len() * 8).then_some(at as u32)
    }
}

/// The code of a module's functions, each there once it is translated.
#[derive(Debug)]
pub struct ModuleCode {
    entries: Box<[CodeEntry]>,
    codes: Box<[AtomicPtr<FuncCode>]>,
    /// The functions with exception handlers, in the order of the addresses of their code.
    catching: Lock<Vec<(usize, u32)>>,
    /// How many instances are in stores that want turns of its loops to stop.
    stopping: AtomicIsize,
    /// The functions with loops, which do so while there are such stores.
    looping: Follower<Vec<u32>>,
    /// The address of the handler that turns have then.
    stop: usize,
}
impl ModuleCode {
    /// For `defined` functions; every entry begins at `stub`. While turns of loops shall stop, their
    /// handler is at `stop`.
    ///
    /// # Errors
    /// There is no memory for them.
    pub fn new(
        defined: usize,
        stub: *const u64,
        stop: usize,
    ) -> Result<ModuleCode, TryReserveError> {
        let entry = |func| CodeEntry {
            entry: AtomicPtr::new(stub.cast_mut()),
            frame_slots: AtomicU32::new(0),
            func: func as u32,
            module: AtomicPtr::new(ptr::null_mut()),
        };
        let (mut entries, mut codes) = (room::list(defined)?, room::list(defined)?);
        entries.extend((0..defined).map(entry));
        codes.resize_with(defined, || AtomicPtr::new(ptr::null_mut()));
        Ok(ModuleCode {
            entries: entries.into_boxed_slice(),
            codes: codes.into_boxed_slice(),
            catching: Lock::default(),
            stopping: AtomicIsize::new(0),
            looping: Follower::new(Vec::new()),
            stop,
        })
    }
    /// Tells every entry the compiled module, whose address is final now.
    pub fn bind(&self, module: *const ()) {
        for entry in &self.entries {
            entry.module.store(module.cast_mut(), Ordering::Release);
        }
    }
    /// One per defined function; addresses are stable.
    pub fn entries(&self) -> &[CodeEntry] {
        &self.entries
    }
    /// The code of a function, if it is translated.
    pub fn get(&self, func: u32) -> Option<&FuncCode> {
        let code = self.codes.get(func as usize)?.load(Ordering::Acquire);
        // SAFETY: R3: published once, freed with `self`.
        unsafe { code.as_ref() }
    }
    /// Publishes the code of a function; the first one wins.
    ///
    /// # Errors
    /// There is no memory to note it.
    pub fn publish(&self, func: u32, code: FuncCode) -> Result<&FuncCode, TryReserveError> {
        let mut catching = (!code.clauses.is_empty()).then(|| self.catching.lock());
        if let Some(catching) = &mut catching {
            room::try_reserve(catching, 1)?;
        }
        let code = if code.turns.is_empty() {
            self.add(func, code)?.0
        } else {
            let added = self.looping.with(|looping, stop| -> Result<_, TryReserveError> {
                room::try_reserve(looping, 1)?;
                let (code, is_new) = self.add(func, code)?;
                if is_new {
                    looping.push(func);
                    code.replace_turns(stop.then_some(self.stop));
                }
                Ok(code)
            });
            self.follow();
            added?
        };
        if let Some(mut catching) = catching {
            let start = code.words.as_ptr() as usize;
            let place = catching.partition_point(|&(other, _)| other < start);
            if catching.get(place).is_none_or(|&(other, _)| other != start) {
                catching.insert(place, (start, func));
            }
        }
        let entry = &self.entries[func as usize];
        entry.frame_slots.store(code.frame_slots, Ordering::Release);
        entry.entry.store(code.entry().cast_mut(), Ordering::Release);
        Ok(code)
    }
    /// Adds the code of a function; the first one wins. Whether it is this one.
    fn add(&self, func: u32, code: FuncCode) -> Result<(&FuncCode, bool), TryReserveError> {
        let new = room::leaked(code)?.as_ptr();
        let slot = &self.codes[func as usize];
        let exchange =
            slot.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        // SAFETY: R3: either ours, published now, or another's, published before.
        Ok(unsafe {
            match exchange {
                Ok(_) => (&*new, true),
                Err(old) => {
                    drop(Box::from_raw(new));
                    (&*old, false)
                }
            }
        })
    }
    /// Another instance's store wants turns of loops to stop, or one of those that did does not any
    /// more. What runs finds it out at its next turn, of whichever store it is.
    pub fn stop_turns(&self, stop: bool) {
        self.stopping.fetch_add(if stop { 1 } else { -1 }, Ordering::SeqCst);
        self.follow();
    }
    fn follow(&self) {
        let wish = || self.stopping.load(Ordering::SeqCst) > 0;
        self.looping.follow(wish, |looping, stop| {
            for code in looping.iter().filter_map(|&func| self.get(func)) {
                code.replace_turns(stop.then_some(self.stop));
            }
        });
    }
    /// The handler that belongs to the turn that begins at the address.
    ///
    /// # Complexity
    /// Linear in the number of functions that have loops and are translated: only for those who
    /// are stopped while somebody else is meant.
    #[cold]
    pub fn handler_of_turn(&self, ip: usize) -> Option<usize> {
        let handler = self.looping.with(|looping, _| {
            looping.iter().find_map(|&func| {
                let code = self.get(func)?;
                Some(code.handler(code.position(ip)?))
            })
        });
        self.follow();
        handler
    }
    /// The code with exception handlers that the address is in, and at which byte.
    ///
    /// # Complexity
    /// Logarithmic in the number of functions that have handlers.
    pub fn catching(&self, ip: usize) -> Option<(&FuncCode, u32)> {
        let func = {
            let catching = self.catching.lock();
            let next = catching.partition_point(|&(start, _)| start <= ip);
            catching.get(next.checked_sub(1)?)?.1
        };
        let code = self.get(func)?;
        Some((code, code.position(ip)?))
    }
    /// Which function's code the address is in, and at which byte.
    pub fn find(&self, ip: usize) -> Option<(u32, u32)> {
        (0..self.codes.len() as u32)
            .find_map(|func| self.get(func)?.position(ip).map(|at| (func, at)))
    }
}
impl Drop for ModuleCode {
    fn drop(&mut self) {
        for code in &mut self.codes {
            let code = *code.get_mut();
            if !code.is_null() {
                // SAFETY: R3: nobody runs the code of a module that is dropped.
                drop(unsafe { Box::from_raw(code) });
            }
        }
    }
}
