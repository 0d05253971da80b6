//! Calls, returns, and what leaves the machine: host functions, translation, operations out of line.
#![allow(unsafe_code)]

use super::machine::{
    Expr, F, K, Num, Pause, Quick, Root, STOP_SUSPENDED, State, Stop, Tail, taken,
};
use super::roots::{Moves, Width};
use super::run::{Called, call_host, exhausted_stub, has_code, look_stub};
use crate::rt::layout::{
    CodeEntry, FuncData, HEADER_FP, HEADER_INSTANCE, HEADER_IP, HEADER_MEMORY, HEADER_SLOTS,
    InstanceData, Registers,
};
use crate::wasm::instr::Binary;
use crate::wasm::trap::Trap;
use crate::wasm::types::Value as _;
use core::marker::PhantomData;

/// Enters a function that begins at `start`, and whose arguments end directly below the header at
/// `fp`.
#[inline(always)]
unsafe fn enter(
    s: &mut State,
    start: (*const u64, u32),
    entry: *const CodeEntry,
    fp: *mut u64,
    instance: *const InstanceData,
    memory: u64,
    len: usize,
) {
    // SAFETY: E3, E5, R1.
    unsafe {
        let (code, frame) = (start.0, start.1 as usize);
        let limit = s.signals().limit();
        let fits = fp.add(frame) <= limit;
        *fp.offset(HEADER_IP) = s.ip.add(len) as u64;
        *fp.offset(HEADER_FP) = s.fp as u64;
        // One by one: a load of 16 bytes that were just stored as two words waits for both.
        fp.offset(HEADER_INSTANCE).write_volatile(instance as u64);
        fp.offset(HEADER_MEMORY).write_volatile(memory);
        s.r[0] = entry as u64;
        if K != 0 {
            // They hold nothing now: places for what was computed, so that no other is needed.
            (s.r[2], s.r[3]) = (frame as u64, limit as u64);
        }
        s.fp = fp;
        s.ip = code.cast();
        if !fits {
            taken();
            s.ip = look_stub();
        }
    }
}
/// Enters a function of any instance.
#[inline(always)]
unsafe fn enter_func(s: &mut State, func: *const FuncData, fp: *mut u64, len: usize) {
    // SAFETY: E3, E5, R1.
    unsafe {
        let instance = (*func).instance;
        s.r[1] = func as u64;
        let memory = (*instance).memory0.get() as u64;
        enter(s, (*func).start(), (*func).entry, fp, instance, memory, len)
    }
}
/// Moves, and then calls a function of the same module: its entry (8 bytes), its frame's slot. The
/// last two bytes say where a single result goes.
pub struct Call<M>(PhantomData<M>);
impl<M: Moves> Root for Call<M> {
    const SIZE: usize = 10 + M::SIZE + 2;
    const COMMON: bool = M::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E5.
        unsafe {
            M::run(s, 18);
            let entry = s.u64(8) as *const CodeEntry;
            let memory = *s.fp.offset(HEADER_MEMORY);
            enter(s, (*entry).start(), entry, s.slot(16), s.instance(), memory, Self::LEN);
        }
        Ok(())
    }
}
/// Calls an imported function: its index (4 bytes), the frame's slot.
pub struct CallImport;
impl Root for CallImport {
    const SIZE: usize = 6;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4.
        unsafe {
            let func = *(*s.instance()).funcs.add(s.u32(8) as usize);
            enter_func(s, func, s.slot(12), Self::LEN);
        }
        Ok(())
    }
}
/// Tests the type of a function for `call_indirect`: the slow path beside equality.
///
/// # Safety
/// `func` is a function of a store (R1).
#[cold]
#[inline(never)]
pub unsafe fn is_subtype(
    caller: *const InstanceData,
    func: *const FuncData,
    expected: u32,
) -> bool {
    // SAFETY: R1: the caller's module knows its engine's types.
    unsafe { super::run::is_subtype(caller, (*func).shape.ty, expected) }
}
/// Looks up a table element that `call_indirect` calls: table and type are 4 bytes each at byte 8.
/// Without subtypes, those are not called.
#[inline(always)]
unsafe fn callee<A: Expr, X: Width, const SUBTYPES: bool>(
    s: &State,
    at: usize,
) -> Result<*const FuncData, Trap> {
    // SAFETY: E1, E2, E3, E4, R1.
    unsafe {
        let table = *(*s.instance()).tables.add(s.u32(8) as usize);
        let index = A::get::<X>(s, at).wide();
        if index >= (*table).len.get() {
            return Err(Trap::UndefinedElement);
        }
        let func = *(*table).elements.get().add(index as usize) as *const FuncData;
        if func.is_null() {
            return Err(Trap::UninitializedElement);
        }
        let expected = s.u32(12);
        if (*func).shape.ty.0 != expected && !(SUBTYPES && is_subtype(s.instance(), func, expected))
        {
            return Err(Trap::IndirectCallTypeMismatch);
        }
        Ok(func)
    }
}
/// Calls through a table: table, type, the frame's slot, the index.
pub struct CallIndirect<A, X>(PhantomData<(A, X)>);
impl<A: Expr, X: Width> Root for CallIndirect<A, X> {
    const SIZE: usize = 10 + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let func = callee::<A, X, true>(s, 18)?;
            enter_func(s, func, s.slot(16), Self::LEN);
        }
        Ok(())
    }
}
impl<A: Expr, X: Width> Quick for CallIndirect<A, X> {
    #[inline(always)]
    unsafe fn quick(s: &mut State) -> bool {
        // SAFETY: E1, E2, E3.
        unsafe {
            let Ok(func) = callee::<A, X, false>(s, 18) else { return false };
            enter_func(s, func, s.slot(16), Self::LEN);
        }
        true
    }
}
/// Calls a function reference: the frame's slot, the reference.
pub struct CallRef<A>(PhantomData<A>);
impl<A: Expr> Root for CallRef<A> {
    const SIZE: usize = 2 + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let func = A::get::<u64>(s, 10) as *const FuncData;
            if func.is_null() {
                return Err(Trap::NullFunctionReference);
            }
            enter_func(s, func, s.slot(8), Self::LEN);
        }
        Ok(())
    }
}

/// Moves `n` argument slots from `from` down to where this frame's parameters begin, and gives
/// the frame pointer of the callee.
#[inline(always)]
unsafe fn slide(s: &State, from: *const u64, params: usize, n: usize) -> *mut u64 {
    // SAFETY: E2, E6: the callee's frame begins where this one began.
    unsafe {
        let base = s.fp.sub(HEADER_SLOTS + params);
        for i in 0..n {
            base.add(i).write_volatile(*from.add(i));
        }
        base.add(n + HEADER_SLOTS)
    }
}
/// Replaces this frame by that of a callee that begins at `start`: the fields are the first argument's
/// slot, this function's parameter slots and the arguments' slots, 2 bytes each, at byte `at`.
#[inline(always)]
unsafe fn replace(
    s: &mut State,
    at: usize,
    start: (*const u64, u32),
    entry: *const CodeEntry,
    instance: *const InstanceData,
) {
    // SAFETY: E2, E3, E5, E6.
    unsafe {
        let from = s.slot(at);
        let (params, n) = s.two(at + 2);
        let needed = s.fp.sub(params).add(n + start.1 as usize);
        let fits = needed <= s.signals().limit();
        let (ip, caller) = (*s.fp.offset(HEADER_IP), *s.fp.offset(HEADER_FP));
        let fp = slide(s, from, params, n);
        *fp.offset(HEADER_IP) = ip;
        *fp.offset(HEADER_FP) = caller;
        *fp.offset(HEADER_INSTANCE) = instance as u64;
        *fp.offset(HEADER_MEMORY) = (*instance).memory0.get() as u64;
        s.r[0] = entry as u64;
        s.fp = fp;
        s.ip = start.0.cast();
        if !fits {
            taken();
            s.ip = look_stub();
        }
    }
}
/// Replaces this frame by that of a function of any instance.
#[inline(always)]
unsafe fn replace_func(s: &mut State, at: usize, func: *const FuncData) {
    // SAFETY: E3, E5, R1.
    unsafe {
        s.r[1] = func as u64;
        replace(s, at, (*func).start(), (*func).entry, (*func).instance)
    }
}
/// `return_call` of a function of the same module: entry, then as for [`replace`].
pub struct TailCall;
impl Root for TailCall {
    const SIZE: usize = 14;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E3.
        unsafe {
            let entry = s.u64(8) as *const CodeEntry;
            replace(s, 16, (*entry).start(), entry, s.instance())
        }
        Ok(())
    }
}
/// `return_call` of an import: index, then as for [`replace`].
pub struct TailCallImport;
impl Root for TailCallImport {
    const SIZE: usize = 10;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E3, E4.
        unsafe {
            let func = *(*s.instance()).funcs.add(s.u32(8) as usize);
            replace_func(s, 12, func);
        }
        Ok(())
    }
}
/// `return_call_indirect`: table, type, as for [`replace`], index.
pub struct TailCallIndirect<A, X>(PhantomData<(A, X)>);
impl<A: Expr, X: Width> Root for TailCallIndirect<A, X> {
    const SIZE: usize = 14 + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E3.
        unsafe {
            let func = callee::<A, X, true>(s, 22)?;
            replace_func(s, 16, func);
        }
        Ok(())
    }
}
impl<A: Expr, X: Width> Quick for TailCallIndirect<A, X> {
    #[inline(always)]
    unsafe fn quick(s: &mut State) -> bool {
        // SAFETY: E1, E3.
        unsafe {
            let Ok(func) = callee::<A, X, false>(s, 22) else { return false };
            replace_func(s, 16, func);
        }
        true
    }
}
/// `return_call_ref`: as for [`replace`], the reference.
pub struct TailCallRef<A>(PhantomData<A>);
impl<A: Expr> Root for TailCallRef<A> {
    const SIZE: usize = 6 + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E3.
        unsafe {
            let func = A::get::<u64>(s, 14) as *const FuncData;
            if func.is_null() {
                return Err(Trap::NullFunctionReference);
            }
            replace_func(s, 8, func);
        }
        Ok(())
    }
}

/// Back to the caller.
#[inline(always)]
unsafe fn leave_frame(s: &mut State) {
    // SAFETY: E3.
    unsafe {
        s.ip = *s.fp.offset(HEADER_IP) as *const u8;
        s.fp = *s.fp.offset(HEADER_FP) as *mut u64;
    }
}
/// Returns nothing.
pub struct Return;
impl Root for Return {
    const SIZE: usize = 0;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E3.
        unsafe { leave_frame(s) };
        Ok(())
    }
}
/// Where the call that the state has returned from wants a single result: the slot is named by the
/// last two bytes of the call.
#[inline(always)]
unsafe fn return_slot(s: &State) -> *mut u64 {
    // SAFETY: E1, E2, E3: it is after a call, or at the landing place's instruction.
    unsafe { s.fp.offset(s.ip.sub(2).cast::<i16>().read_unaligned() as isize) }
}
/// Returns one value, in register 0 of its class and in a slot of the caller.
pub struct ReturnOne<T, A>(PhantomData<(T, A)>);
impl<T: Num, A: Expr> Root for ReturnOne<T, A> {
    const SIZE: usize = A::SIZE;
    const COMMON: bool = A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let value = A::get::<T>(s, 8);
            return_one(s, value);
        }
        Ok(())
    }
}
/// Leaves the frame with one value.
#[inline(always)]
unsafe fn return_one<T: Num>(s: &mut State, value: T) {
    // SAFETY: E1, E2, E3.
    unsafe {
        leave_frame(s);
        value.store(return_slot(s));
    }
    if cfg!(registers) {
        value.put(s, 0);
    } else {
        s.r[0] = value.to_bits();
    }
}
/// `global := a op immediate`, whose fields begin at byte 8: an index, the immediate, `a`.
#[inline(always)]
unsafe fn set_global<O: Binary<A: Num, R: Num>, A: Expr>(s: &State) -> Result<(), Trap> {
    // SAFETY: E1, E2, E3, E4, R1.
    unsafe {
        let sum = O::eval(A::get::<O::A>(s, 16), O::A::immediate(s.u32(12)))?;
        s.global(8).as_ptr().cast::<u64>().write(sum.to_bits());
    }
    Ok(())
}
/// Sets a global to a sum, and returns nothing.
pub struct GlobalReturn<O, A>(PhantomData<(O, A)>);
impl<O: Binary<A: Num, R: Num>, A: Expr> Root for GlobalReturn<O, A> {
    const SIZE: usize = 8 + A::SIZE;
    const COMMON: bool = A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            set_global::<O, A>(s)?;
            Return::run(s)
        }
    }
}
/// Sets a global to a sum, and returns one integer or reference, `x`.
pub struct GlobalReturnOne<O, A, X>(PhantomData<(O, A, X)>);
impl<O: Binary<A: Num, R: Num>, A: Expr, X: Expr> Root for GlobalReturnOne<O, A, X> {
    const SIZE: usize = 8 + A::SIZE + X::SIZE;
    const COMMON: bool = A::COMMON && X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let value = X::get::<u64>(s, 16 + A::SIZE);
            set_global::<O, A>(s)?;
            return_one(s, value);
        }
        Ok(())
    }
}
/// Returns several values: where they are, the function's parameter slots, how many slots. The
/// first one also in register 0 of both classes.
pub struct ReturnMany;
impl Root for ReturnMany {
    const SIZE: usize = 6;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3: results begin where the parameters began.
        unsafe {
            let from = s.slot(8);
            let (params, n) = s.two(10);
            let to = s.fp.sub(HEADER_SLOTS + params);
            leave_frame(s);
            first_result(s, *from);
            for i in 0..n {
                to.add(i).write_volatile(*from.add(i));
            }
        }
        Ok(())
    }
}
/// The first result, whatever its class.
#[inline(always)]
pub fn first_result(s: &mut State, bits: u64) {
    s.r[0] = bits;
    f64::from_bits(bits).put(s, 0);
}

/// The first result of a host function, if it has any.
#[inline(always)]
unsafe fn host_result(s: &mut State, func: *const FuncData, slots: *const u64) {
    // SAFETY: E1, E2, E3, R1: after a call of the function, whose results are in the slots.
    unsafe {
        let first = *slots;
        if (*func).shape.result_slots > 0 {
            return_slot(s).write(first);
        }
        first_result(s, first);
    }
}
/// A host function, whose frame is at `fp`, has failed; the state is its caller's.
#[inline(always)]
unsafe fn host_failed(s: &mut State, fp: *mut u64) -> Result<(), Stop> {
    // SAFETY: E3.
    let thrown = unsafe { super::unwind::throw_from_host(s) };
    if thrown.is_err() {
        s.fp = fp;
    }
    thrown
}
/// A host function: register 1 holds it. Arguments and results are where the parameters are.
pub struct CallHost;
impl Tail for CallHost {
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Stop> {
        // SAFETY: E3, E5, R1.
        unsafe {
            let func = s.r[1] as *const FuncData;
            let fp = s.fp;
            let slots = fp.sub(HEADER_SLOTS + (*func).shape.param_slots as usize);
            // Results may lie over the header: read it before.
            leave_frame(s);
            s.give_fuel();
            let called = call_host(func, fp);
            s.take_fuel();
            match called {
                Called::Done => host_result(s, func, slots),
                Called::Failed => return host_failed(s, fp),
                Called::Interrupted => {
                    host_result(s, func, slots);
                    s.keep_registers();
                    return Err(1 + Trap::Interrupted as Stop);
                }
                Called::Suspended => {
                    s.keep_registers();
                    return Err(STOP_SUSPENDED);
                }
            }
        }
        Ok(())
    }
}
/// What is entered instead of a function for which the stack seems to have no room: register 0
/// holds the entry. If there is none, or somebody wants the execution to stop, it stops in the
/// function's frame; else the function begins.
pub struct Look;
impl Root for Look {
    const SIZE: usize = 0;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E3, E5, R1.
        unsafe {
            let entry = s.r[0] as *const CodeEntry;
            let (code, frame) = (*entry).start();
            let limit = (*(*s.instance()).store).stack_limit.get();
            s.ip = code.cast();
            if s.fp.add(frame as usize) > limit {
                s.ip = exhausted_stub();
            } else if has_code(entry) && s.signals().take(limit) {
                return Err(Trap::Interrupted);
            }
            // What has no code to go on with later looks itself, or soon.
        }
        Ok(())
    }
}
impl Pause for Look {
    const TRAP: Trap = Trap::Interrupted;
}
/// Where that leads if there really is no room.
pub struct Exhausted;
impl Root for Exhausted {
    const SIZE: usize = 0;
    #[inline(always)]
    unsafe fn run(_: &mut State) -> Result<(), Trap> {
        Err(Trap::StackExhausted)
    }
}
/// A function that is not translated yet, or not as far as its instance (`OF_INSTANCE`) knows:
/// register 0 holds its entry, register 1 the function.
pub struct Translate<const OF_INSTANCE: bool>;
impl<const OF_INSTANCE: bool> Tail for Translate<OF_INSTANCE> {
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Stop> {
        // SAFETY: E3, E5, R1.
        unsafe {
            let (entry, func) = (s.r[0] as *const CodeEntry, s.r[1] as *const FuncData);
            let code = super::run::translate(entry, s.fp)?;
            if OF_INSTANCE {
                (*func).set_start((*entry).start());
            }
            s.go_on(code, s.fp);
            s.r[0] = entry as u64;
        }
        Ok(())
    }
}
/// Where an execution began: the frame is its landing place, of 3 slots.
pub struct Halt;
impl Tail for Halt {
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Stop> {
        // SAFETY: E6: the landing place takes register 0 of both classes.
        unsafe {
            *s.fp = s.r[0];
            if cfg!(registers) {
                s.fp.add(1).cast::<F>().write_unaligned(s.f[0]);
            } else {
                *s.fp.add(1) = s.r[0];
            }
        }
        Err(0)
    }
}

/// An operation that is a function of its own: its address (8 bytes), the slot of its operands
/// and of its result, two 4-byte immediates, and how far the frame's slots are in use (4).
pub type SlowFn = unsafe fn(instance: *const InstanceData, slots: *mut u64, a: u32, b: u32) -> u32;
/// Calls a [`SlowFn`]; 0 goes on, `1 + code` is a trap.
pub struct Slow;
impl Tail for Slow {
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Stop> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let function = s.u64(8) as usize as *const ();
            let function = core::mem::transmute::<*const (), SlowFn>(function);
            let (ip, fp) = (s.ip, s.fp);
            // `memory.grow` may have to walk the frames, and what allocates to look into them.
            let store = (*s.instance()).store;
            (*store).stop_fp.set(fp);
            (*store).stack_top.set(fp.offset(s.u32(26) as i32 as isize));
            s.give_fuel();
            let code = function(s.instance(), s.slot(16), s.u32(18), s.u32(22));
            s.take_fuel();
            if code != 0 {
                // If it is for want of fuel: executed again, it needs no other register.
                let lp = s.lp.to_bits();
                (*store).registers.set(Registers { lp, ..Registers::default() });
                return Err(code as Stop);
            }
            s.go_on(ip.add(32), fp);
        }
        Ok(())
    }
}
