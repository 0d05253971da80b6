//! Copying and filling a few bytes of memory 0 without a call (§4.4.7).
//!
//! The operands are read as 64 bits, whatever the width of addresses is: an i32 is zero-extended
//! where it lies, and immediates are those that sign extension does not change.
#![allow(unsafe_code)]

use super::machine::{Expr, F, Quick, Root, State};
use super::slow;
use crate::ir::backend::SlowOp;
use crate::rt::layout::InstanceData;
use crate::rt::memory::len_at;
use crate::wasm::trap::Trap;
use core::marker::PhantomData;

/// As many bytes are a few.
const FEW: u64 = 64;

/// The three operands of an instruction.
#[inline(always)]
unsafe fn operands<A: Expr, B: Expr, N: Expr>(s: &State) -> [u64; 3] {
    // SAFETY: E1, E2.
    unsafe { [A::get(s, 8), B::get(s, 8 + A::SIZE), N::get(s, 8 + A::SIZE + B::SIZE)] }
}
/// Where the last `n` bytes of memory 0 begin, if they are a few.
#[inline(always)]
unsafe fn last(s: &State, n: u64) -> Option<u64> {
    if n > FEW {
        return None;
    }
    // SAFETY: E3, R2.
    unsafe { len_at(s.memory()).checked_sub(n) }
}
/// Executes an instruction of `len` bytes, whatever it takes.
#[inline(always)]
unsafe fn run(s: &mut State, op: SlowOp, [a, b, n]: [u64; 3], len: usize) -> Result<(), Trap> {
    // SAFETY: E1, E3.
    unsafe {
        if !in_bounds(op, s.instance(), a, b, n) {
            return Err(Trap::MemoryOutOfBounds);
        }
        s.ip = s.ip.add(len);
    }
    Ok(())
}
/// The same: whether it was in bounds. All by value, as the handler that calls this goes on by a
/// sibling call.
#[inline(never)]
unsafe fn in_bounds(op: SlowOp, instance: *const InstanceData, a: u64, b: u64, n: u64) -> bool {
    let mut operands = [a, b, n];
    // SAFETY: E3, R1: three operands in a row are what it reads; memory 0 is there.
    // Nobody pays with fuel here: no other trap is left.
    unsafe { slow::function(op)(instance, operands.as_mut_ptr(), 0, 0) == 0 }
}

/// `n` bytes, a few, at `from` and `to`, which may overlap: all are read before any is written.
#[inline(always)]
unsafe fn copy_few(from: *const u8, to: *mut u8, n: usize) {
    /// The first and the last `T` of them.
    #[inline(always)]
    unsafe fn ends<T: Copy>(from: *const u8, to: *mut u8, n: usize) {
        let end = n - size_of::<T>();
        // SAFETY: R2: promised by the caller.
        unsafe {
            let first = from.cast::<T>().read_unaligned();
            let last = from.add(end).cast::<T>().read_unaligned();
            to.cast::<T>().write_unaligned(first);
            to.add(end).cast::<T>().write_unaligned(last);
        }
    }
    // SAFETY: R2: promised by the caller.
    unsafe {
        match n {
            33.. => ends::<[F; 2]>(from, to, n),
            16.. => ends::<F>(from, to, n),
            8.. => ends::<u64>(from, to, n),
            4.. => ends::<u32>(from, to, n),
            2.. => ends::<u16>(from, to, n),
            1 => to.write(from.read()),
            0 => {}
        }
    }
}
/// `n` bytes, a few, at `to`.
#[inline(always)]
unsafe fn fill_few(to: *mut u8, value: u8, n: usize) {
    #[inline(always)]
    unsafe fn ends<T: Copy>(to: *mut u8, value: T, n: usize) {
        // SAFETY: R2: promised by the caller.
        unsafe {
            to.cast::<T>().write_unaligned(value);
            to.add(n - size_of::<T>()).cast::<T>().write_unaligned(value);
        }
    }
    let word = u64::from(value) * 0x0101_0101_0101_0101;
    // SAFETY: R2: promised by the caller; E9: two words are a float register.
    unsafe {
        let wide = core::mem::transmute::<[u64; 2], F>([word; 2]);
        match n {
            33.. => ends(to, [wide; 2], n),
            16.. => ends(to, wide, n),
            8.. => ends(to, word, n),
            4.. => ends(to, word as u32, n),
            2.. => ends(to, word as u16, n),
            1 => to.write(value),
            0 => {}
        }
    }
}

/// `memory.copy`: to, from, how many bytes.
pub struct CopyFew<A, B, N>(PhantomData<(A, B, N)>);
impl<A: Expr, B: Expr, N: Expr> Root for CopyFew<A, B, N> {
    const SIZE: usize = A::SIZE + B::SIZE + N::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe { run(s, SlowOp::MemoryCopy, operands::<A, B, N>(s), Self::LEN) }
    }
}
impl<A: Expr, B: Expr, N: Expr> Quick for CopyFew<A, B, N> {
    #[inline(always)]
    unsafe fn quick(s: &mut State) -> bool {
        // SAFETY: E1, E2, E3, R2.
        unsafe {
            let [to, from, n] = operands::<A, B, N>(s);
            match last(s, n) {
                Some(last) if to <= last && from <= last => {
                    let base = s.memory();
                    copy_few(base.add(from as usize), base.add(to as usize), n as usize);
                    s.ip = s.ip.add(Self::LEN);
                    true
                }
                _ => false,
            }
        }
    }
}

/// `memory.fill`: to, the byte, how many bytes.
pub struct FillFew<A, X, N>(PhantomData<(A, X, N)>);
impl<A: Expr, X: Expr, N: Expr> Root for FillFew<A, X, N> {
    const SIZE: usize = A::SIZE + X::SIZE + N::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3.
        unsafe { run(s, SlowOp::MemoryFill, operands::<A, X, N>(s), Self::LEN) }
    }
}
impl<A: Expr, X: Expr, N: Expr> Quick for FillFew<A, X, N> {
    #[inline(always)]
    unsafe fn quick(s: &mut State) -> bool {
        // SAFETY: E1, E2, E3, R2.
        unsafe {
            let [to, value, n] = operands::<A, X, N>(s);
            match last(s, n) {
                Some(last) if to <= last => {
                    fill_few(s.memory().add(to as usize), value as u8, n as usize);
                    s.ip = s.ip.add(Self::LEN);
                    true
                }
                _ => false,
            }
        }
    }
}
