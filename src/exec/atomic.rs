//! Atomic accesses (proposal threads): sequentially consistent accesses of the host to the bytes
//! of a memory, shared or not.
//!
//! Operands are in slots, and narrow ones are zero-extended, so that one handler serves both
//! widths of addresses and of values. What lies in memory is little-endian on every host.
#![allow(unsafe_code)]

use super::machine::{Expr, Handler, Root, State, step};
use super::roots::{Address, LoadAs, StoreAs, Width};
use crate::rt::layout::MemoryData;
use crate::rt::memory::{Memory, len_at, racy};
use crate::wasm::ops::{AtomicKind, AtomicOp};
use crate::wasm::trap::Trap;
use core::marker::PhantomData;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, fence};

/// The handler of an instruction.
pub fn handler(op: AtomicOp) -> Handler {
    macro_rules! by_width {
        ($name:ident) => {
            match op.width() {
                1 => step::<Atomic<$name<u8>>>,
                2 => step::<Atomic<$name<u16>>>,
                4 => step::<Atomic<$name<u32>>>,
                _ => step::<Atomic<$name<u64>>>,
            }
        };
    }
    match op.kind() {
        AtomicKind::Load => by_width!(Load),
        AtomicKind::Store => by_width!(Store),
        AtomicKind::Add => by_width!(Add),
        AtomicKind::Sub => by_width!(Sub),
        AtomicKind::And => by_width!(And),
        AtomicKind::Or => by_width!(Or),
        AtomicKind::Xor => by_width!(Xor),
        AtomicKind::Xchg => by_width!(Xchg),
        AtomicKind::Cmpxchg => by_width!(Cmpxchg),
        AtomicKind::Wait => by_width!(Wait),
        AtomicKind::Notify => step::<Atomic<Notify>>,
    }
}

/// An atomic instruction: the slot of its operands (address first) and of its result, a filler, a
/// 4-byte index of the memory, an 8-byte offset.
pub struct Atomic<O>(PhantomData<O>);
impl<O: Operation> Root for Atomic<O> {
    const SIZE: usize = 16;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let slots = s.slot(8);
            let memory = *(*s.instance()).memories.add(s.u32(12) as usize);
            let at = place(memory, *slots, s.u64(16), O::N)?;
            O::run(memory, at, slots)?;
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `atomic.fence`.
pub struct Fence;
impl Root for Fence {
    const SIZE: usize = 0;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        fence(SeqCst);
        // SAFETY: E1.
        s.ip = unsafe { s.ip.add(Self::LEN) };
        Ok(())
    }
}

/// The effective address of `n` bytes: aligned, and inside the memory.
#[cfg_attr(not(feature = "small"), inline(always))]
unsafe fn place(memory: *const MemoryData, address: u64, offset: u64, n: u64) -> Result<u64, Trap> {
    let at = address.wrapping_add(offset);
    if !at.is_multiple_of(n) {
        return Err(Trap::UnalignedAtomic);
    }
    // SAFETY: R1, R2.
    let len = unsafe { len_at((*memory).base.get()) };
    match address.checked_add(offset).and_then(|at| at.checked_add(n)) {
        Some(end) if end <= len => Ok(at),
        _ => Err(Trap::MemoryOutOfBounds),
    }
}

/// What an instruction does with its place in memory.
pub trait Operation {
    /// How many bytes are accessed.
    const N: u64;
    /// Does it to the bytes at the address `at`; operands and result are in `slots`.
    ///
    /// # Safety
    /// `at` is what [`place`] has checked; the slots are those of the operands (E2).
    unsafe fn run(memory: *const MemoryData, at: u64, slots: *mut u64) -> Result<(), Trap>;
}

/// A number in memory.
pub trait Atom: Copy {
    /// Its size.
    const N: u64;
    /// Loads.
    unsafe fn load(at: *mut u8) -> u64;
    /// Stores, wrapping.
    unsafe fn store(at: *mut u8, value: u64);
    /// Adds, wrapping; gives what was there.
    unsafe fn add(at: *mut u8, value: u64) -> u64;
    /// Conjunction; gives what was there.
    unsafe fn and(at: *mut u8, value: u64) -> u64;
    /// Disjunction; gives what was there.
    unsafe fn or(at: *mut u8, value: u64) -> u64;
    /// Exclusive disjunction; gives what was there.
    unsafe fn xor(at: *mut u8, value: u64) -> u64;
    /// Exchanges; gives what was there.
    unsafe fn swap(at: *mut u8, value: u64) -> u64;
    /// Stores `new` if `expected` is there, both wrapped; gives what was there.
    unsafe fn compare_exchange(at: *mut u8, expected: u64, new: u64) -> u64;
}
macro_rules! atoms { ($($t:ty, $atomic:ident;)*) => { $(
    impl Atom for $t {
        const N: u64 = size_of::<$t>() as u64;
        #[inline(always)]
        unsafe fn load(at: *mut u8) -> u64 {
            // SAFETY: R2, R8 (here and below): in bounds and aligned, as the caller has checked.
            u64::from(<$t>::from_le(unsafe { $atomic::from_ptr(at.cast()) }.load(SeqCst)))
        }
        #[inline(always)]
        unsafe fn store(at: *mut u8, value: u64) {
            // SAFETY: R2, R8.
            unsafe { $atomic::from_ptr(at.cast()) }.store((value as $t).to_le(), SeqCst)
        }
        #[inline(always)]
        unsafe fn add(at: *mut u8, value: u64) -> u64 {
            // SAFETY: R2, R8.
            let place = unsafe { $atomic::from_ptr(at.cast()) };
            if cfg!(target_endian = "little") {
                return u64::from(place.fetch_add(value as $t, SeqCst));
            }
            let sum = |old| Some(<$t>::from_le(old).wrapping_add(value as $t).to_le());
            let (Ok(old) | Err(old)) = place.fetch_update(SeqCst, SeqCst, sum);
            u64::from(<$t>::from_le(old))
        }
        #[inline(always)]
        unsafe fn and(at: *mut u8, value: u64) -> u64 {
            // SAFETY: R2, R8.
            let place = unsafe { $atomic::from_ptr(at.cast()) };
            u64::from(<$t>::from_le(place.fetch_and((value as $t).to_le(), SeqCst)))
        }
        #[inline(always)]
        unsafe fn or(at: *mut u8, value: u64) -> u64 {
            // SAFETY: R2, R8.
            let place = unsafe { $atomic::from_ptr(at.cast()) };
            u64::from(<$t>::from_le(place.fetch_or((value as $t).to_le(), SeqCst)))
        }
        #[inline(always)]
        unsafe fn xor(at: *mut u8, value: u64) -> u64 {
            // SAFETY: R2, R8.
            let place = unsafe { $atomic::from_ptr(at.cast()) };
            u64::from(<$t>::from_le(place.fetch_xor((value as $t).to_le(), SeqCst)))
        }
        #[inline(always)]
        unsafe fn swap(at: *mut u8, value: u64) -> u64 {
            // SAFETY: R2, R8.
            let place = unsafe { $atomic::from_ptr(at.cast()) };
            u64::from(<$t>::from_le(place.swap((value as $t).to_le(), SeqCst)))
        }
        #[inline(always)]
        unsafe fn compare_exchange(at: *mut u8, expected: u64, new: u64) -> u64 {
            // SAFETY: R2, R8.
            let place = unsafe { $atomic::from_ptr(at.cast()) };
            let (expected, new) = ((expected as $t).to_le(), (new as $t).to_le());
            let (Ok(old) | Err(old)) = place.compare_exchange(expected, new, SeqCst, SeqCst);
            u64::from(<$t>::from_le(old))
        }
    }
)* } }
atoms! { u8, AtomicU8; u16, AtomicU16; u32, AtomicU32; u64, AtomicU64; }

/// Targets without such accesses have no shared memories (`rt::memory::shared`), so that no other
/// thread can look.
#[cfg(not(target_has_atomic = "64"))]
struct AtomicU64(core::cell::Cell<u64>);
#[cfg(not(target_has_atomic = "64"))]
impl AtomicU64 {
    unsafe fn from_ptr<'a>(at: *mut u64) -> &'a AtomicU64 {
        // SAFETY: R2: promised by the caller.
        unsafe { &*at.cast::<AtomicU64>() }
    }
    fn load(&self, _: core::sync::atomic::Ordering) -> u64 {
        self.0.get()
    }
    fn store(&self, value: u64, order: core::sync::atomic::Ordering) {
        self.swap(value, order);
    }
    fn swap(&self, value: u64, _: core::sync::atomic::Ordering) -> u64 {
        self.0.replace(value)
    }
    fn fetch_add(&self, value: u64, order: core::sync::atomic::Ordering) -> u64 {
        self.swap(self.0.get().wrapping_add(value), order)
    }
    fn fetch_and(&self, value: u64, order: core::sync::atomic::Ordering) -> u64 {
        self.swap(self.0.get() & value, order)
    }
    fn fetch_or(&self, value: u64, order: core::sync::atomic::Ordering) -> u64 {
        self.swap(self.0.get() | value, order)
    }
    fn fetch_xor(&self, value: u64, order: core::sync::atomic::Ordering) -> u64 {
        self.swap(self.0.get() ^ value, order)
    }
    fn fetch_update(
        &self,
        order: core::sync::atomic::Ordering,
        _: core::sync::atomic::Ordering,
        f: impl Fn(u64) -> Option<u64>,
    ) -> Result<u64, u64> {
        let old = self.0.get();
        f(old).map(|new| self.swap(new, order)).ok_or(old)
    }
    fn compare_exchange(
        &self,
        expected: u64,
        new: u64,
        order: core::sync::atomic::Ordering,
        _: core::sync::atomic::Ordering,
    ) -> Result<u64, u64> {
        let old = self.0.get();
        if old == expected { Ok(self.swap(new, order)) } else { Err(old) }
    }
}

/// Defines operations on a place of type `T` at `$at`, over their slots.
macro_rules! operations { ($($(#[$doc:meta])* $name:ident |$at:ident, $slots:ident| $body:expr;)*) => { $(
    $(#[$doc])*
    pub struct $name<T>(PhantomData<T>);
    impl<T: Atom> Operation for $name<T> {
        const N: u64 = T::N;
        #[inline(always)]
        unsafe fn run(memory: *const MemoryData, at: u64, $slots: *mut u64) -> Result<(), Trap> {
            // SAFETY: E2, R2.
            unsafe {
                let $at = (*memory).base.get().add(at as usize);
                $body;
            }
            Ok(())
        }
    }
)* } }
operations! {
    /// Loads: address → value.
    Load |at, slots| *slots = T::load(at);
    /// Stores: address, value.
    Store |at, slots| T::store(at, *slots.add(1));
    /// Adds: address, value → what was there.
    Add |at, slots| *slots = T::add(at, *slots.add(1));
    /// Subtracts.
    Sub |at, slots| *slots = T::add(at, (*slots.add(1)).wrapping_neg());
    /// Conjunction.
    And |at, slots| *slots = T::and(at, *slots.add(1));
    /// Disjunction.
    Or |at, slots| *slots = T::or(at, *slots.add(1));
    /// Exclusive disjunction.
    Xor |at, slots| *slots = T::xor(at, *slots.add(1));
    /// Exchanges.
    Xchg |at, slots| *slots = T::swap(at, *slots.add(1));
    /// Compares and exchanges: address, expected, new → what was there.
    Cmpxchg |at, slots| *slots = T::compare_exchange(at, *slots.add(1), *slots.add(2));
}

/// `memory.atomic.wait`: address, expected, timeout → 0 (woken), 1 (another value is there), 2
/// (timed out).
pub struct Wait<T>(PhantomData<T>);
impl<T: Atom> Operation for Wait<T> {
    const N: u64 = T::N;
    #[inline(always)]
    unsafe fn run(memory: *const MemoryData, at: u64, slots: *mut u64) -> Result<(), Trap> {
        // SAFETY: E2, R1, R2: as for the caller.
        unsafe { wait::<T>(memory, at, slots) }
    }
}
/// # Safety
/// As for [`Operation::run`].
#[inline(never)]
unsafe fn wait<T: Atom>(memory: *const MemoryData, at: u64, slots: *mut u64) -> Result<(), Trap> {
    // SAFETY: E2, R1, R2: the handlers' part is the first field of a memory.
    unsafe {
        let place = (*memory).base.get().add(at as usize);
        let shared = (*memory.cast::<Memory>()).shared().ok_or(Trap::ExpectedSharedMemory)?;
        let (expected, timeout) = (*slots.add(1), *slots.add(2) as i64);
        let same = || T::load(place) == expected;
        *slots = shared.wait(at, same, u64::try_from(timeout).ok())? as u64;
    }
    Ok(())
}

/// `memory.atomic.notify`: address, count → how many were woken.
pub struct Notify;
impl Operation for Notify {
    const N: u64 = 4;
    #[inline(always)]
    unsafe fn run(memory: *const MemoryData, at: u64, slots: *mut u64) -> Result<(), Trap> {
        // SAFETY: E2, R1: as for the caller.
        unsafe { notify(memory, at, slots) }
        Ok(())
    }
}
/// # Safety
/// As for [`Operation::run`].
#[inline(never)]
unsafe fn notify(memory: *const MemoryData, at: u64, slots: *mut u64) {
    // SAFETY: E2, R1: the handlers' part is the first field of a memory.
    unsafe {
        // Nobody waits on a memory that is not shared.
        let shared = (*memory.cast::<Memory>()).shared();
        *slots = shared.map_or(0, |shared| u64::from(shared.notify(at, *slots.add(1) as u32)));
    }
}

// ---- ordinary accesses to shared memories ------------------------------------------------------

/// A load or store of a shared memory, which other threads may access at the same time.
pub struct Racy<T>(PhantomData<T>);
impl<T: LoadAs> LoadAs for Racy<T> {
    type Out = T::Out;
    const N: u64 = T::N;
    #[inline(always)]
    unsafe fn load(p: *const u8) -> T::Out {
        // SAFETY: R2: the caller has checked the range.
        T::decode(unsafe { load_number(p, T::N) })
    }
    #[inline(always)]
    fn decode(raw: u64) -> T::Out {
        T::decode(raw)
    }
}
impl<T: StoreAs> StoreAs for Racy<T> {
    type In = T::In;
    const N: u64 = T::N;
    #[inline(always)]
    unsafe fn store(p: *mut u8, value: T::In) {
        // SAFETY: R2: the caller has checked the range.
        unsafe { store_number(p, T::encode(value), T::N) }
    }
    #[inline(always)]
    fn encode(value: T::In) -> u64 {
        T::encode(value)
    }
}
/// Reads `n` bytes as a number; `n` is a constant.
///
/// # Safety
/// They are bytes of a memory (R2).
#[inline(always)]
pub unsafe fn load_number(p: *const u8, n: u64) -> u64 {
    // SAFETY: R2: promised by the caller.
    unsafe {
        match n {
            1 => racy::number::<1>(p),
            2 => racy::number::<2>(p),
            4 => racy::number::<4>(p),
            _ => racy::number::<8>(p),
        }
    }
}
/// Writes the low `n` bytes of a number; `n` is a constant.
///
/// # Safety
/// As for [`load_number`].
#[inline(always)]
pub unsafe fn store_number(p: *mut u8, value: u64, n: u64) {
    // SAFETY: R2: promised by the caller.
    unsafe {
        match n {
            1 => racy::put_number::<1>(p, value),
            2 => racy::put_number::<2>(p, value),
            4 => racy::put_number::<4>(p, value),
            _ => racy::put_number::<8>(p, value),
        }
    }
}

/// `[a + offset]` in a shared memory: the fields are those of [`AtMemory`](super::roots::AtMemory).
pub struct AtShared<W, A>(PhantomData<(W, A)>);
impl<W: Width, A: Expr> Address for AtShared<W, A> {
    const SIZE: usize = 16 + A::SIZE;
    const SHARED: bool = true;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3, E4, R1, R2.
        unsafe {
            let offset = s.u64(at + 4);
            let memory = *(*s.instance()).memories.add(s.u32(at + 12) as usize);
            let address = A::get::<W>(s, at + 16);
            let base = (*memory).base.get();
            match offset.checked_add(n).and_then(|end| address.end(end)) {
                Some(end) if end <= len_at(base) => Ok(base.add((end - n) as usize)),
                _ => Err(Trap::MemoryOutOfBounds),
            }
        }
    }
}
