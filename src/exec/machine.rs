//! The machine: its registers, where operands live, and what a handler is.
//!
//! A handler executes one instruction and passes all registers on to the next handler by a
//! sibling call, so that they stay in machine registers (threaded), or returns to a loop that
//! keeps them in memory (the loop back end). Both run the same definitions: a handler is the
//! function [`step`] or [`branch`] of a *type* put together from an operation and the places of its
//! operands ([`Expr`], [`Dst`], [`Root`]).
//!
//! An instruction is the handler's address, then its fields in the order of the type, padded to
//! 8 bytes. Slot fields are `i16` offsets from the frame pointer; immediates are 4 or 8 bytes.
#![allow(unsafe_code)]

use super::gates::Fuel;
pub use super::numbers::Num;
use crate::rt::layout::{HEADER_INSTANCE, HEADER_MEMORY, InstanceData, Registers};
use crate::tuning::{REGISTERS, REGISTERS_OUTSIDE, SMALL};
use crate::wasm::instr::{BinOp, Binary};
use crate::wasm::trap::Trap;
use crate::wasm::types::Value;
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Registers of each class, integers and floats.
pub const K: usize = if cfg!(registers) { REGISTERS } else { 0 };

/// Float registers, the first ones, that hold vectors too.
pub const VECTOR_K: usize = if cfg!(registers) { 2 } else { 0 };

/// A float register: a whole vector register, of which scalars use the low lane.
#[cfg(target_arch = "x86_64")]
pub type F = core::arch::x86_64::__m128;
/// A float register: 128 bits.
#[cfg(not(target_arch = "x86_64"))]
pub type F = [u64; 2];

/// The registers.
#[derive(Clone, Copy)]
pub struct State {
    /// The instruction.
    pub ip: *const u8,
    /// The frame.
    pub fp: *mut u64,
    /// Integers and references.
    pub r: [u64; REGISTERS],
    /// Floats and vectors.
    pub f: [F; REGISTERS],
    /// Where turns of the innermost loop begin: at its header, or behind a way out that it begins with.
    pub lp: f64,
    /// The fuel that is left; the store has it while others look at it.
    #[cfg(registers)]
    pub fuel: F,
    /// The address of what others stop the execution with.
    #[cfg(registers)]
    pub signals: f64,
}

impl State {
    /// The `i16` field at byte `at`, as the address of a slot.
    #[inline(always)]
    pub unsafe fn slot(&self, at: usize) -> *mut u64 {
        // SAFETY: E1 (fields), E2 (slots).
        unsafe { self.fp.offset(self.ip.add(at).cast::<i16>().read_unaligned() as isize) }
    }
    /// The 4-byte field at byte `at`.
    #[inline(always)]
    pub unsafe fn u32(&self, at: usize) -> u32 {
        // SAFETY: E1.
        unsafe { self.ip.add(at).cast::<u32>().read_unaligned() }
    }
    /// The 2-byte field at byte `at`, whose number fits in one: a lane, a size of cells.
    #[inline(always)]
    pub unsafe fn small(&self, at: usize) -> u8 {
        // SAFETY: E1.
        unsafe { self.ip.add(at).cast::<u16>().read_unaligned() as u8 }
    }
    /// The 2-byte fields at byte `at` and behind it, by one read.
    #[inline(always)]
    pub unsafe fn two(&self, at: usize) -> (usize, usize) {
        // SAFETY: E1.
        let both = unsafe { self.u32(at) };
        let (low, high) = ((both & 0xFFFF) as usize, (both >> 16) as usize);
        if cfg!(target_endian = "little") { (low, high) } else { (high, low) }
    }
    /// The 8-byte field at byte `at`.
    #[inline(always)]
    pub unsafe fn u64(&self, at: usize) -> u64 {
        // SAFETY: E1.
        unsafe { self.ip.add(at).cast::<u64>().read_unaligned() }
    }
    /// The instance that runs.
    #[inline(always)]
    pub unsafe fn instance(&self) -> *const InstanceData {
        // SAFETY: E3.
        unsafe { *self.fp.offset(HEADER_INSTANCE) as *const InstanceData }
    }
    /// The global whose index is at byte `at`.
    #[inline(always)]
    pub unsafe fn global(&self, at: usize) -> &Cell<[u64; 2]> {
        // SAFETY: E1, E3, E4, R1.
        unsafe { &(**(*self.instance()).globals.add(self.u32(at) as usize)).value }
    }
    /// The base of memory 0.
    #[inline(always)]
    pub unsafe fn memory(&self) -> *mut u8 {
        // SAFETY: E3.
        unsafe { *self.fp.offset(HEADER_MEMORY) as *mut u8 }
    }
}

impl State {
    /// Keeps the registers in the store, so that the execution can go on.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[inline(always)]
    pub unsafe fn keep_registers(&self) {
        // SAFETY: E9: float registers are two words.
        let f = self.f.map(|f| unsafe { core::mem::transmute::<F, [u64; 2]>(f) });
        let registers = Registers { r: self.r, f, lp: self.lp.to_bits() };
        // SAFETY: E3, R1.
        unsafe { (*(*self.instance()).store).registers.set(registers) }
    }
    /// Counts the instruction.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[cfg(feature = "counting")]
    pub unsafe fn count(&self) {
        // SAFETY: E3, R1.
        unsafe { (*(*self.instance()).store).counts.count(self.ip as usize) }
    }
    /// At an instruction, with registers that were kept.
    pub fn resumed(ip: *const u8, fp: *mut u64, registers: &Registers) -> State {
        // SAFETY: E9: two words are a float register.
        let f = registers.f.map(|f| unsafe { core::mem::transmute::<[u64; 2], F>(f) });
        State { r: registers.r, f, lp: f64::from_bits(registers.lp), ..State::at(ip, fp) }
    }
    /// At an instruction, with nothing in the registers.
    #[inline(always)]
    pub fn at(ip: *const u8, fp: *mut u64) -> State {
        // SAFETY: E9: two words are a float register.
        const NOTHING: F = unsafe { core::mem::transmute::<[u64; 2], F>([0; 2]) };
        State {
            ip,
            fp,
            r: [0; REGISTERS],
            f: [NOTHING; REGISTERS],
            lp: 0.0,
            #[cfg(registers)]
            fuel: NOTHING,
            #[cfg(registers)]
            signals: 0.0,
        }
    }
    /// The same, with what calls and other operations leave as it is.
    #[inline(always)]
    pub fn go_on(&mut self, ip: *const u8, fp: *mut u64) {
        *self = State {
            lp: self.lp,
            #[cfg(registers)]
            fuel: self.fuel,
            #[cfg(registers)]
            signals: self.signals,
            ..State::at(ip, fp)
        };
    }
}

/// Why an execution stopped, as handlers return it: 0 is the normal end, `1 + code` a trap.
pub type Stop = u64;
/// A host function has failed, or an exception is not caught: the store has the error.
pub const STOP_HOST: Stop = 0x100;
/// A function could not be translated; the error is in the store.
pub const STOP_UNSUPPORTED: Stop = 0x101;
/// A host function has suspended the execution; the store has its reason.
pub const STOP_SUSPENDED: Stop = 0x102;

/// A handler.
#[cfg(registers)]
#[rustfmt::skip]
#[allow(improper_ctypes_definitions)] // a vector register is one in this ABI
pub type Handler = unsafe extern "sysv64" fn(*const u8, *mut u64, u64, u64, u64, u64, F, F, F, F, f64, F, f64) -> Stop;
/// A handler: besides the instruction and the frame there is what calls tell stubs (E5).
#[cfg(all(threaded, not(registers)))]
pub type Handler = unsafe extern "C" fn(*const u8, *mut u64, u64, u64) -> Stop;
/// A handler: `None` goes on.
#[cfg(not(threaded))]
pub type Handler = unsafe fn(&mut State) -> Option<Stop>;

/// Defines functions with the handlers' signature, once for both back ends.
macro_rules! handlers { ($($(#[$doc:meta])* fn $name:ident $(<$x:ident: $bound:path>)? |$s:ident| $body:block)*) => { $(
    $(#[$doc])*
    ///
    /// # Safety
    /// Called only by dispatch (E1, E2, E3).
    #[cfg(registers)]
    #[allow(improper_ctypes_definitions)] // a vector register is one in this ABI
    pub unsafe extern "sysv64" fn $name$(<$x: $bound>)?(
        ip: *const u8, fp: *mut u64, r0: u64, r1: u64, r2: u64, r3: u64, f0: F, f1: F, f2: F, f3: F, lp: f64, fuel: F, signals: f64,
    ) -> Stop {
        let mut state = State { ip, fp, r: [r0, r1, r2, r3], f: [f0, f1, f2, f3], lp, fuel, signals };
        let $s = &mut state;
        // SAFETY: E1, E2, E3.
        unsafe { $body }
    }
    $(#[$doc])*
    ///
    /// # Safety
    /// Called only by dispatch (E1, E2, E3).
    #[cfg(all(threaded, not(registers)))]
    pub unsafe extern "C" fn $name$(<$x: $bound>)?(
        ip: *const u8, fp: *mut u64, r0: u64, r1: u64,
    ) -> Stop {
        let mut state = State { r: [r0, r1, 0, 0], ..State::at(ip, fp) };
        let $s = &mut state;
        // SAFETY: E1, E2, E3.
        unsafe { $body }
    }
    $(#[$doc])*
    ///
    /// # Safety
    /// Called only by dispatch (E1, E2, E3).
    #[cfg(not(threaded))]
    #[allow(unused_unsafe)]
    pub unsafe fn $name$(<$x: $bound>)?($s: &mut State) -> Option<Stop> {
        // SAFETY: E1, E2, E3.
        unsafe { $body }
    }
)* } }

/// Calls a handler with all registers: a sibling call, where it is the last thing that is done.
#[cfg(registers)]
macro_rules! enter {
    ($handler:expr, $s:expr) => {{
        let s = &*$s;
        $handler(
            s.ip, s.fp, s.r[0], s.r[1], s.r[2], s.r[3], s.f[0], s.f[1], s.f[2], s.f[3], s.lp,
            s.fuel, s.signals,
        )
    }};
}
#[cfg(all(threaded, not(registers)))]
macro_rules! enter {
    ($handler:expr, $s:expr) => {{
        let s = &*$s;
        $handler(s.ip, s.fp, s.r[0], s.r[1])
    }};
}
#[cfg(not(threaded))]
macro_rules! enter {
    ($handler:expr, $s:expr) => {
        $handler($s)
    };
}
#[cfg(threaded)]
pub(super) use enter;

/// The handler of the instruction at `ip`: of a turn of a loop, another thread may change it.
///
/// # Safety
/// There is an instruction (E1).
#[inline(always)]
pub unsafe fn handler_at(ip: *const u8) -> Handler {
    // SAFETY: E1, R13: the first word is the address of a handler, which is written atomically.
    unsafe {
        let handler = (*ip.cast::<AtomicPtr<()>>()).load(Ordering::Relaxed);
        #[cfg(threaded)]
        return core::mem::transmute::<*mut (), Handler>(handler);
        // Code is numbers, from which a pointer has to be made.
        #[cfg(not(threaded))]
        return handler_of(handler.expose_provenance());
    }
}
/// The handler at the address.
///
/// # Safety
/// It is that of a handler (E1).
pub unsafe fn handler_of(address: usize) -> Handler {
    // SAFETY: E1: promised by the caller.
    unsafe { core::mem::transmute::<*const (), Handler>(ptr::with_exposed_provenance(address)) }
}

/// Goes on with the instruction at `ip`.
#[cfg(all(threaded, not(feature = "counting")))]
macro_rules! next {
    ($s:expr) => {{
        let handler = crate::exec::machine::handler_at($s.ip);
        enter!(handler, $s)
    }};
}
#[cfg(all(threaded, feature = "counting"))]
macro_rules! next {
    ($s:expr) => {
        enter!(crate::exec::machine::counted, $s)
    };
}
#[cfg(not(threaded))]
macro_rules! next {
    ($s:expr) => {{
        let _ = &$s;
        None
    }};
}
/// Ends the execution.
macro_rules! stop {
    ($s:expr, $code:expr) => {{
        // By a sibling call: the registers stay where they are.
        $s.r[0] = $code;
        enter!(crate::exec::machine::leave, $s)
    }};
}

/// An expression: an operand place, or an operation on expressions.
pub trait Expr {
    /// Bytes of its fields.
    const SIZE: usize;
    /// Where it stands in the list of places; other expressions have none.
    const PLACE: usize = usize::MAX;
    /// Whether code of every kind is full of it.
    const COMMON: bool = false;
    /// Whether branches on it are common.
    const COMMON_TEST: bool = false;
    /// Its value; the fields begin at byte `at`.
    unsafe fn get<T: Num>(s: &State, at: usize) -> T;
}

/// A register, of the class of the number that is read from it.
#[cfg_attr(not(registers), allow(dead_code))]
pub struct R<const N: usize>;
impl<const N: usize> Expr for R<N> {
    const SIZE: usize = 0;
    const PLACE: usize = N;
    const COMMON: bool = N < REGISTERS_OUTSIDE;
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, _: usize) -> T {
        T::get(s, N)
    }
}
/// A slot.
pub struct S;
impl Expr for S {
    const SIZE: usize = 2;
    const PLACE: usize = K;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, at: usize) -> T {
        // SAFETY: E1, E2.
        unsafe { T::load(s.slot(at)) }
    }
}
/// A 4-byte immediate.
pub struct I;
impl Expr for I {
    const SIZE: usize = 4;
    const PLACE: usize = K + 1;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, at: usize) -> T {
        // SAFETY: E1.
        T::immediate(unsafe { s.u32(at) })
    }
}
/// An 8-byte immediate.
pub struct L;
impl Expr for L {
    const SIZE: usize = 8;
    const PLACE: usize = K + 2;
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, at: usize) -> T {
        // SAFETY: E1.
        T::from_bits(unsafe { s.u64(at) })
    }
}
/// A global, by a 4-byte index.
pub struct G;
impl Expr for G {
    const SIZE: usize = 4;
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, at: usize) -> T {
        // SAFETY: E1.
        T::from_bits(unsafe { s.global(at) }.get()[0])
    }
}
/// An operation with two operands.
pub struct Bin<O, A, B>(PhantomData<(O, A, B)>);
impl<O: Binary<A: Num, R: Num>, A: Expr, B: Expr> Expr for Bin<O, A, B> {
    const SIZE: usize = A::SIZE + B::SIZE;
    const COMMON_TEST: bool = {
        let is_test = compares_i32(O::OP) || matches!(O::OP, BinOp::I32And);
        is_test && A::COMMON && B::COMMON
    };
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, at: usize) -> T {
        // SAFETY: E1, E2.
        let result = unsafe { O::eval(A::get(s, at), B::get(s, at + A::SIZE)) };
        // Those that can trap are instructions of their own.
        T::of(result.unwrap_or_else(|_| O::R::from_bits(0)))
    }
}

/// `a + immediate`, of 32 bits: an argument.
pub struct Plus<A>(PhantomData<A>);
impl<A: Expr> Expr for Plus<A> {
    const SIZE: usize = A::SIZE + 4;
    const COMMON: bool = A::COMMON;
    #[inline(always)]
    unsafe fn get<T: Num>(s: &State, at: usize) -> T {
        // SAFETY: E1, E2.
        T::of(unsafe { A::get::<u32>(s, at).wrapping_add(s.u32(at + A::SIZE)) })
    }
}

/// Where a result goes.
pub trait Dst {
    /// Bytes of its fields.
    const SIZE: usize;
    /// Whether code of every kind is full of it.
    const COMMON: bool;
    /// Whether it is two places.
    const BOTH: bool = false;
    /// Writes it.
    unsafe fn put<T: Num>(s: &mut State, at: usize, value: T);
}
impl<const N: usize> Dst for R<N> {
    const SIZE: usize = 0;
    const COMMON: bool = N < REGISTERS_OUTSIDE;
    #[inline(always)]
    unsafe fn put<T: Num>(s: &mut State, _: usize, value: T) {
        value.put(s, N);
    }
}
impl Dst for S {
    const SIZE: usize = 2;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn put<T: Num>(s: &mut State, at: usize, value: T) {
        // SAFETY: E1, E2.
        unsafe { value.store(s.slot(at)) }
    }
}
/// A slot and a register: the write-through cache of locals.
#[cfg(registers)]
pub struct W<const N: usize>;
#[cfg(registers)]
impl<const N: usize> Dst for W<N> {
    const SIZE: usize = 2;
    const COMMON: bool = N < REGISTERS_OUTSIDE;
    const BOTH: bool = true;
    #[inline(always)]
    unsafe fn put<T: Num>(s: &mut State, at: usize, value: T) {
        // SAFETY: E1, E2.
        unsafe { value.store(s.slot(at)) };
        value.put(s, N);
    }
}

/// Where a local is read, and with it where it is written.
pub trait Home: Expr {
    /// That.
    type Written: Dst;
}
impl Home for S {
    type Written = S;
}
#[cfg(registers)]
impl<const N: usize> Home for R<N> {
    type Written = W<N>;
}

/// An instruction.
pub trait Root {
    /// Bytes of its fields.
    const SIZE: usize;
    /// Its length in bytes.
    const LEN: usize = (8 + Self::SIZE).next_multiple_of(8);
    /// Whether code of every kind is full of it: it lies beside others that are.
    const COMMON: bool = false;
    /// Executes it; the next instruction is then at `s.ip`.
    unsafe fn run(s: &mut State) -> Result<(), Trap>;
}

/// An instruction that may stop the execution, and is executed again when that goes on.
pub trait Pause: Root {
    /// Why it stops: the only trap of [`Root::run`].
    const TRAP: Trap;
}

/// An instruction that is often simple, and may need a real call.
pub trait Quick: Root {
    /// Executes it if that is simple; else nothing has happened.
    unsafe fn quick(s: &mut State) -> bool;
}

/// A condition with a branch: the fields are the target (4 bytes, relative to the instruction),
/// then the expression.
pub trait Cond {
    /// Its length in bytes.
    const LEN: usize;
    /// Whether code of every kind is full of it: it lies beside others that are.
    const COMMON: bool = false;
    /// Whether to branch.
    unsafe fn test(s: &State) -> Result<bool, Trap>;
}

/// The same for one that changes something first.
pub trait CondMut {
    /// Its length in bytes.
    const LEN: usize;
    /// Executes it; whether to branch.
    unsafe fn test(s: &mut State) -> Result<bool, Trap>;
}

/// An instruction that can only go on, or end the execution with a code.
pub trait Tail {
    /// Executes it.
    unsafe fn run(s: &mut State) -> Result<(), Stop>;
}

/// What a handler of an instruction does.
macro_rules! execute {
    ($x:ident, $s:ident) => {
        match $x::run($s) {
            Ok(()) => next!($s),
            Err(trap) => stop!($s, 1 + trap as Stop),
        }
    };
}
/// What a handler of a branch does.
macro_rules! branch_if {
    ($x:ident, $s:ident, $target:expr) => {
        branch_if!($x, $s, $target, $s.ip.add($x::LEN))
    };
    ($x:ident, $s:ident, $target:expr, $next:expr) => {
        match $x::test($s) {
            Err(trap) => stop!($s, 1 + trap as Stop),
            Ok(true) => {
                taken();
                $s.ip = $target;
                next!($s)
            }
            Ok(false) => {
                $s.ip = $next;
                next!($s)
            }
        }
    };
}

handlers! {
    /// Ends the execution with the code in register 0, and notes where.
    #[cold]
    #[inline(never)]
    fn leave |s| {
        s.give_fuel();
        let store = (*s.instance()).store;
        (*store).stop_ip.set(s.ip.cast());
        (*store).stop_fp.set(s.fp);
        let code = s.r[0];
        #[cfg(threaded)]
        {
            code
        }
        #[cfg(not(threaded))]
        {
            Some(code)
        }
    }
    /// Counts the instruction at `ip`, and goes on with it.
    #[cfg(all(threaded, feature = "counting"))]
    #[inline(never)]
    fn counted |s| {
        s.count();
        enter!(handler_at(s.ip), s)
    }
    /// Executes an instruction.
    fn step<X: Root> |s| {
        execute!(X, s)
    }
    /// The same for common ones. The others fill megabytes, and of each page code uses little.
    #[cfg_attr(all(registers, not(any(target_vendor = "apple", windows))), unsafe(link_section = "wasmvm_common"))]
    fn step_common<X: Root> |s| {
        execute!(X, s)
    }
    /// Executes an instruction with what newer processors have (`vector::Fast`).
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn step_fast<X: Root> |s| {
        execute!(X, s)
    }
    /// Executes an instruction that can fail in more ways.
    fn tail<X: Tail> |s| {
        match X::run(s) {
            Ok(()) => next!(s),
            Err(code) => stop!(s, code),
        }
    }
    /// Executes an instruction that may pause.
    fn pausing<X: Pause> |s| {
        match X::run(s) {
            Ok(()) => next!(s),
            // By a sibling call: registers are written to memory only if it does pause.
            Err(_) => enter!(paused::<X>, s),
        }
    }
    /// Executes what is often simple.
    fn quick<X: Quick> |s| {
        if X::quick(s) {
            next!(s)
        } else {
            // By a sibling call: it makes a real one, for which registers are saved.
            enter!(slowly::<X>, s)
        }
    }
    /// The same where it is not: a callee is not of the very type that is expected, or not to be
    /// called at all; many bytes are copied, or it is out of bounds.
    #[cold]
    #[inline(never)]
    fn slowly<X: Quick> |s| {
        execute!(X, s)
    }
    /// Keeps the registers, and stops.
    #[cold]
    #[inline(never)]
    fn paused<X: Pause> |s| {
        s.keep_registers();
        stop!(s, 1 + X::TRAP as Stop)
    }
    /// A turn of a loop that somebody wants to stop, in this store or another one.
    #[cold]
    #[inline(never)]
    fn stopped |s| {
        match super::run::handler_of_turn(s.ip, s.fp) {
            Some(handler) => enter!(handler, s),
            None => {
                s.keep_registers();
                stop!(s, 1 + Trap::Interrupted as Stop)
            }
        }
    }
    /// Branches to a relative target.
    fn branch<X: Cond> |s| {
        branch_if!(X, s, s.ip.offset(s.u32(8) as i32 as isize))
    }
    /// The same for common ones.
    #[cfg_attr(all(registers, not(any(target_vendor = "apple", windows))), unsafe(link_section = "wasmvm_common"))]
    fn branch_common<X: Cond> |s| {
        branch_if!(X, s, s.ip.offset(s.u32(8) as i32 as isize))
    }
    /// Branches to a relative target, or goes on behind the charge that follows.
    fn branch_or_pay<X: Cond> |s| {
        branch_if!(X, s, s.ip.offset(s.u32(8) as i32 as isize), Fuel::past(s, s.ip.add(X::LEN)))
    }
    /// Branches to where turns of the innermost loop begin.
    fn branch_loop<X: Cond> |s| {
        branch_if!(X, s, s.lp.to_bits() as usize as *const u8)
    }
    /// The same, behind the charge there, or goes on behind the charge that follows.
    fn branch_paying<X: Cond> |s| {
        branch_if!(X, s, Fuel::turn(s), Fuel::past(s, s.ip.add(X::LEN)))
    }
    /// Does something, then branches to a relative target.
    fn branch_mut<X: CondMut> |s| {
        branch_if!(X, s, s.ip.offset(s.u32(8) as i32 as isize))
    }
    /// Does something, then branches to where turns of the innermost loop begin.
    fn branch_mut_loop<X: CondMut> |s| {
        branch_if!(X, s, s.lp.to_bits() as usize as *const u8)
    }
    /// The same, behind the charge there, or goes on behind the charge that follows.
    fn branch_mut_paying<X: CondMut> |s| {
        branch_if!(X, s, Fuel::turn(s), Fuel::past(s, s.ip.add(X::LEN)))
    }
}

/// Keeps a real branch where a conditional move would tie the instruction pointer to the data.
#[inline(always)]
pub fn taken() {
    #[cfg(threaded)]
    // SAFETY: E7 (an empty text).
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}

/// Whether it is a comparison of 32-bit integers.
pub const fn compares_i32(op: BinOp) -> bool {
    use BinOp::*;
    let signed = matches!(op, I32LtS | I32GtS | I32LeS | I32GeS);
    signed || matches!(op, I32Eq | I32Ne | I32LtU | I32GtU | I32LeU | I32GeU)
}
/// The handler of an instruction.
pub const fn step_of<X: Root>() -> Handler {
    if X::COMMON { step_common::<X> } else { step::<X> }
}
/// The handler of what is often simple: in a small build there is one way only.
pub const fn quick_of<X: Quick>() -> Handler {
    if SMALL { step::<X> } else { quick::<X> }
}
/// The handler of a branch.
pub const fn branch_of<X: Cond>() -> Handler {
    if X::COMMON { branch_common::<X> } else { branch::<X> }
}
