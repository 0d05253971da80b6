//! Executions that can stop and go on: each has a stack of its own, which begins with its landing
//! place.
#![allow(unsafe_code)]

use super::machine::{STOP_SUSPENDED, State, Stop};
use super::run::{LANDING, Outer, dispatch, exit, frame_slots, set_headers, take_results};
use super::unwind::throw_from_host;
use crate::rt::error::{Error, Suspend};
use crate::rt::layout::{
    FuncData, HEADER_FP, HEADER_INSTANCE, HEADER_MEMORY, HEADER_SLOTS, InstanceData, Registers,
    StoreData,
};
use crate::rt::paused::Paused;
use crate::rt::room;
use crate::rt::store::Store;
use crate::wasm::trap::Trap;
use alloc::vec::Vec;

/// How far an execution has come.
pub enum Reached {
    /// Its end: the slots of the results.
    Done(Vec<u64>),
    /// A place from which it can go on.
    Pause(Paused, Why),
}
/// Why an execution has paused.
pub enum Why {
    /// There is not as much fuel as it needs to go on.
    OutOfFuel {
        /// How much that is.
        needed: u64,
    },
    /// Somebody wanted it.
    Interrupted,
    /// A host function wanted it.
    Suspended(Suspend),
}

const OUT_OF_FUEL: Stop = 1 + Trap::OutOfFuel as Stop;
const INTERRUPTED: Stop = 1 + Trap::Interrupted as Stop;

/// An execution that is about to call a function.
///
/// # Errors
/// Limit, Trap: there is no stack, or it is too small.
///
/// # Safety
/// As for [`call`](super::call::call).
pub unsafe fn start(
    store: *mut StoreData,
    func: *const FuncData,
    args: &[u64],
) -> Result<Paused, Error> {
    // SAFETY: E3, E5, R1, R4, R6: promised by the caller; the headroom has room for the parameters,
    // whatever the size of the stack.
    unsafe {
        let core = &mut *store.cast::<Store>();
        let stack = core.take_stack()?;
        let (params, results) =
            ((*func).shape.param_slots as usize, (*func).shape.result_slots as usize);
        let landing_fp = stack.start().add(HEADER_SLOTS);
        let base = stack.start().add(LANDING);
        let fp = base.add(params + HEADER_SLOTS);
        let (code, frame) = (*func).start();
        if fp.add((frame as usize).max(results)) > stack.limit() {
            core.give_stack(stack);
            return Err(Trap::StackExhausted.into());
        }
        base.copy_from_nonoverlapping(args.as_ptr(), params);
        *landing_fp.offset(HEADER_FP) = 0;
        set_headers(func, landing_fp, fp);
        let mut registers = Registers::default();
        (registers.r[0], registers.r[1]) = ((*func).entry as u64, func as u64);
        let ip = code.cast();
        let (moves, suspended) = (core.moves, None);
        Ok(Paused { stack, ip, fp, registers, top: fp, moves, func, suspended })
    }
}

/// Gives a suspended execution the results of the host function, in slots.
///
/// # Safety
/// It is suspended in a function of these results.
pub unsafe fn provide(paused: &mut Paused, results: &[u64]) {
    let Some((_, slots)) = paused.suspended.take() else { return };
    // SAFETY: E2, R4: the results of a call lie in the caller's frame, or the headroom.
    unsafe { slots.copy_from_nonoverlapping(results.as_ptr(), results.len()) };
    let first = results.first().copied().unwrap_or(0);
    if let Some(&first) = results.first() {
        // SAFETY: E1, E2, E3: it is after a call, whose last two bytes say where a single result is.
        unsafe {
            let slot = paused.ip.sub(2).cast::<i16>().read_unaligned();
            paused.fp.offset(slot as isize).write(first);
        }
    }
    paused.registers = Registers::default();
    paused.registers.r[0] = first;
    paused.registers.f[0][0] = first;
}

/// Goes on, with this much of the fuel at most; if the store has an error of a host function, with
/// that.
///
/// # Errors
/// What the execution ends with.
///
/// # Safety
/// `store` is live and lent (R1, R6), and the execution belongs to it.
pub unsafe fn resume(
    store: *mut StoreData,
    paused: Paused,
    failed: bool,
    slice: u64,
) -> Result<Reached, Error> {
    // SAFETY: R1, R6, R12: promised by the caller.
    unsafe {
        let core = store.cast::<Store>();
        let depth = (*store).depth.get();
        if depth >= (*core).limits().host_call_depth {
            return Err(Trap::StackExhausted.into());
        }
        if paused.moves != (*core).moves {
            find_memories(paused.fp);
        }
        let outer = Outer::of(store);
        let landing_fp = paused.stack.start().add(HEADER_SLOTS);
        *landing_fp.offset(HEADER_FP) = outer.stop_fp as u64;
        let Paused { stack, func, ip, fp, registers, top: paused_top, .. } = paused;
        (*core).enter_stack(stack, paused_top)?;
        (*store).depth.set(depth + 1);
        (*store).resumable.set(true);
        if slice != u64::MAX && (*core).has_fuel() {
            (*store).hold_fuel((*store).all_fuel().saturating_sub_unsigned(slice));
        }
        let stop = go_on(store, State::resumed(ip, fp, &registers), failed);
        *landing_fp.offset(HEADER_FP) = 0;
        let ended = match stop {
            0 => room::filled((*func).shape.result_slots as usize, 0).map(|mut results| {
                let top = landing_fp.add(LANDING - HEADER_SLOTS);
                take_results(func, landing_fp, top, &mut results);
                Ok(results)
            }),
            OUT_OF_FUEL | INTERRUPTED | STOP_SUSPENDED => Ok(Err(why(store, stop))),
            stop => Err(exit(store, stop).into_error(&mut *core)),
        };
        let (ip, fp) = ((*store).stop_ip.get().cast::<u8>(), (*store).stop_fp.get());
        (*store).depth.set(depth);
        (*store).hold_fuel(0);
        outer.restore(store);
        let stack = (*core).leave_stack().ok_or_else(|| Error::host("there is no stack"))?;
        match ended {
            Ok(Err(why)) => {
                let suspended = (stop == STOP_SUSPENDED).then(|| (*store).suspended.get());
                let registers = (*store).registers.get();
                let top = top(func, landing_fp, fp, ip, suspended);
                let moves = (*core).moves;
                let paused = Paused { stack, ip, fp, registers, top, moves, func, suspended };
                Ok(Reached::Pause(paused, why))
            }
            Ok(Ok(results)) => {
                (*core).give_stack(stack);
                Ok(Reached::Done(results))
            }
            Err(error) => {
                (*core).give_stack(stack);
                Err(error)
            }
        }
    }
}

/// Executes until something stops it; if the host function that was called has failed, from where
/// that is caught.
///
/// # Safety
/// The state is that of an execution whose stack was entered (E3, R12).
unsafe fn go_on(store: *mut StoreData, mut state: State, failed: bool) -> Stop {
    // SAFETY: E3, R12: promised by the caller.
    unsafe {
        if failed {
            state = State::at(state.ip, state.fp);
            // The call, not what comes after it.
            (*store).stop_ip.set(state.ip.sub(1).cast());
            (*store).stop_fp.set(state.fp);
            if let Err(stop) = throw_from_host(&mut state) {
                return stop;
            }
        }
        dispatch(state)
    }
}

/// Why an execution has paused.
///
/// # Safety
/// It has just stopped (E3, R1), for one of these reasons.
unsafe fn why(store: *mut StoreData, stop: Stop) -> Why {
    // SAFETY: E1, R1: promised by the caller; what wants fuel is a charge, whose field is 4 bytes, or
    // has said how much.
    unsafe {
        match stop {
            OUT_OF_FUEL => {
                let charge = match (*store).unpaid.take() {
                    0 => {
                        let field = (*store).stop_ip.get().cast::<u8>().add(8);
                        u64::from(field.cast::<u32>().read_unaligned())
                    }
                    unpaid => unpaid,
                };
                let debt = (*store).fuel.get().min(0).unsigned_abs();
                Why::OutOfFuel { needed: charge.saturating_add(debt) }
            }
            INTERRUPTED => Why::Interrupted,
            _ => {
                let pending = (*store.cast::<Store>()).pending.take();
                let reason = pending.and_then(Error::into_suspend);
                Why::Suspended(reason.unwrap_or_else(|| Suspend::new(())))
            }
        }
    }
}

/// Above all slots that a paused execution uses.
///
/// # Safety
/// It has just stopped (E3, R1), at the instruction `ip` of the frame `fp`.
unsafe fn top(
    func: *const FuncData,
    landing_fp: *mut u64,
    fp: *mut u64,
    ip: *const u8,
    suspended: Option<(*const FuncData, *mut u64)>,
) -> *mut u64 {
    // SAFETY: E2, E3, R1, R4: all of it lies in the stack.
    unsafe {
        let slots = |func: *const FuncData| (*func).shape.slots();
        let frame = fp.add(frame_slots(fp, ip));
        let called = landing_fp.add(LANDING - HEADER_SLOTS + slots(func) + HEADER_SLOTS);
        let host = suspended.map_or(fp, |(func, place)| place.add(slots(func) + HEADER_SLOTS));
        frame.max(called).max(host)
    }
}

/// After memories have moved: tells every frame the base of its memory 0.
///
/// # Safety
/// `fp` is the frame of a paused execution (E3, R1).
#[cold]
unsafe fn find_memories(mut fp: *mut u64) {
    // SAFETY: E3, R1: frames are linked down to the landing place, whose caller is null.
    unsafe {
        while !fp.is_null() {
            let instance = *fp.offset(HEADER_INSTANCE) as *const InstanceData;
            *fp.offset(HEADER_MEMORY) = (*instance).memory0.get() as u64;
            fp = *fp.offset(HEADER_FP) as *mut u64;
        }
    }
}
