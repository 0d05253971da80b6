//! Throwing (spec §4.4.9): finding who catches, frame by frame, and going on there.
//!
//! Nothing is done when a handler is entered or left. A throw looks up the place where it happens
//! in the clauses of the code, then the call that every frame further out waits for. If nobody
//! catches before the execution's landing place, the store is given the error, and the execution
//! stops as if a host function had failed; a host function that passes the error on throws the same
//! exception again, in the guest that called it.
#![allow(unsafe_code)]

use super::compiled::CompiledModule;
use super::machine::{STOP_HOST, State, Stop, Tail};
use crate::ir::code::{Catches, Clause};
use crate::rt::exception::contents;
use crate::rt::gc::object::word;
use crate::rt::instance::{Instance, Tag};
use crate::rt::layout::{HEADER_FP, HEADER_INSTANCE, HEADER_IP, InstanceData, StoreData};
use crate::rt::store::Store;
use crate::wasm::trap::Trap;
use core::ptr;

/// What is thrown.
struct Thrown {
    tag: *const Tag,
    /// In slots of the frame, or in the exception.
    values: *const u64,
    /// The reference; 0 while nobody has asked for one: then the values are in slots.
    exn: u64,
}

/// Who catches it: the clause, where its code goes on, and in which frame.
struct Catcher {
    clause: Clause,
    ip: *const u8,
    fp: *mut u64,
}

/// Looks for a clause that catches `tag`, thrown by the instruction that the address `at` is in.
/// Every frame and clause on the way is charged like an instruction, even beyond the fuel that is
/// left: whatever comes next is out of fuel then.
///
/// # Safety
/// `fp` is the frame of that instruction (E3).
unsafe fn find(
    store: *mut StoreData,
    mut at: usize,
    mut fp: *mut u64,
    tag: *const Tag,
) -> Option<Catcher> {
    // SAFETY: E3: frames are linked; a landing place has no return address. E4 (tags), R1.
    unsafe {
        let fuel = &(*store).fuel;
        loop {
            let mut steps = 1;
            let back = *fp.offset(HEADER_IP) as usize;
            if back == 0 {
                return None;
            }
            let instance = *fp.offset(HEADER_INSTANCE) as *const InstanceData;
            let module = (*instance).module.cast::<CompiledModule>();
            let mut found = None;
            if !module.is_null()
                && let Some((code, at)) = (*module).code.catching(at)
            {
                let tags = &(*instance.cast::<Instance>()).tags;
                let has_tag = |index: u32| ptr::eq(tags[index as usize], tag);
                let start = code.words.as_ptr().cast::<u8>();
                found = code.clause(at, &mut steps, has_tag).map(|clause| (start, clause));
            }
            fuel.set(fuel.get().saturating_sub(steps));
            if let Some((start, &clause)) = found {
                return Some(Catcher { clause, ip: start.add(clause.target as usize), fp });
            }
            at = back - 1;
            fp = *fp.offset(HEADER_FP) as *mut u64;
        }
    }
}

/// Where to go on: the instruction, or null; the frame, or why the execution stops. Two words, so
/// that handlers get them in registers.
#[derive(Clone, Copy)]
struct Next {
    ip: *const u8,
    fp: u64,
}
impl Next {
    fn stop(code: Stop) -> Next {
        Next { ip: ptr::null(), fp: code }
    }
    /// The state of a handler's end. The search has charged.
    #[inline(always)]
    unsafe fn state(self, s: &mut State) -> Result<(), Stop> {
        let caught = !self.ip.is_null();
        if caught {
            s.go_on(self.ip, self.fp as *mut u64);
        }
        // SAFETY: E3: the frame that goes on, or the one that threw.
        unsafe { s.take_fuel() };
        if caught { Ok(()) } else { Err(self.fp) }
    }
}

/// Goes on where the exception is caught, with its values.
///
/// # Safety
/// The exception belongs to the store, which runs (R1, R6, R9); the catcher was found by [`find`].
unsafe fn go_on(store: *mut StoreData, thrown: &Thrown, catcher: &Catcher) -> Next {
    // SAFETY: E2, E10, R1, R9: the clause's slots are in the frame.
    unsafe {
        let Catcher { clause, ip, fp } = *catcher;
        let mut exn = thrown.exn;
        if clause.exn.is_some() && exn == 0 {
            exn = match alloc(store, thrown) {
                Ok(exn) => exn,
                Err(code) => return Next::stop(code),
            };
        }
        if let Catches::Tag(_) = clause.catches {
            let to = fp.offset(clause.values as isize);
            let slots = (*thrown.tag).slots as usize;
            if thrown.exn == 0 {
                // Within one function, values may move down over themselves.
                ptr::copy(thrown.values, to, slots);
            } else {
                (0..slots).for_each(|i| *to.add(i) = word(thrown.values.add(i).cast()));
            }
        }
        if let Some(slot) = clause.exn {
            *fp.offset(slot as isize) = exn;
        }
        Next { ip, fp: fp as u64 }
    }
}
unsafe fn alloc(store: *mut StoreData, thrown: &Thrown) -> Result<u64, Stop> {
    // SAFETY: R1, R6, R10: the store runs the instruction that throws.
    let exn = unsafe { (*store.cast::<Store>()).alloc_exception(thrown.tag, thrown.values) };
    exn.ok_or(1 + Trap::AllocationTooLarge as Stop)
}

/// Throws, at the instruction `ip` of the frame `fp`.
///
/// # Safety
/// As for [`find`] and [`go_on`].
#[cold]
#[inline(never)]
unsafe fn throw(
    ip: *const u8,
    fp: *mut u64,
    tag: *const Tag,
    values: *const u64,
    exn: u64,
) -> Next {
    let mut thrown = Thrown { tag, values, exn };
    // SAFETY: E1, E3, R1, R6.
    unsafe {
        let store = (*(*fp.offset(HEADER_INSTANCE) as *const InstanceData)).store;
        (*store).stop_ip.set(ip.cast());
        (*store).stop_fp.set(fp);
        if let Some(catcher) = find(store, ip as usize, fp, tag) {
            return go_on(store, &thrown, &catcher);
        }
        if exn == 0 {
            thrown.exn = match alloc(store, &thrown) {
                Ok(exn) => exn,
                Err(code) => return Next::stop(code),
            };
        }
        (*store.cast::<Store>()).heap.thrown = thrown.exn;
    }
    Next::stop(STOP_HOST)
}

#[cold]
#[inline(never)]
unsafe fn throw_again(ip: *const u8, fp: *mut u64) -> Next {
    // SAFETY: E3, R1, R6, R9: the exception belongs to the store.
    unsafe {
        let head = (*(*fp.offset(HEADER_INSTANCE) as *const InstanceData)).store;
        let store = &mut *head.cast::<Store>();
        let exn = store.heap.thrown;
        if exn == 0 {
            return Next::stop(STOP_HOST);
        }
        let (tag, values) = contents(exn);
        match find(head, ip as usize - 1, fp, tag) {
            Some(catcher) => {
                (store.pending, store.heap.thrown) = (None, 0);
                go_on(head, &Thrown { tag, values: values.cast(), exn }, &catcher)
            }
            None => Next::stop(STOP_HOST),
        }
    }
}
/// After a host function has failed: if its error is an exception of the store, and is caught by
/// the guest that called, goes on there.
///
/// # Safety
/// `s` is the state of the guest after the call (E3), and the store has the error.
#[inline(always)]
pub unsafe fn throw_from_host(s: &mut State) -> Result<(), Stop> {
    // SAFETY: E3: promised by the caller.
    unsafe { throw_again(s.ip, s.fp).state(s) }
}

/// `throw`: the tag's index (4 bytes), how far the frame's slots are in use (4), the slot of the
/// first value.
pub struct Throw;
impl Tail for Throw {
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Stop> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let tags = &(*s.instance().cast::<Instance>()).tags;
            let tag = *tags.as_ptr().add(s.u32(8) as usize);
            (*(*s.instance()).store).stack_top.set(s.fp.offset(s.u32(12) as i32 as isize));
            s.give_fuel();
            throw(s.ip, s.fp, tag, s.slot(16), 0).state(s)
        }
    }
}
/// `throw_ref`: the slot of the reference.
pub struct ThrowRef;
impl Tail for ThrowRef {
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Stop> {
        // SAFETY: E1, E2, E3, R9.
        unsafe {
            let exn = *s.slot(8);
            if exn == 0 {
                return Err(1 + Trap::NullException as Stop);
            }
            let (tag, values) = contents(exn);
            s.give_fuel();
            throw(s.ip, s.fp, tag, values.cast(), exn).state(s)
        }
    }
}
