//! Instructions that are two at once: an operation and what makes or takes its operand, two stores,
//! an addition and a branch or a global.
#![allow(unsafe_code)]

use super::machine::{Cond, CondMut, Dst, Expr, Home, Num, Root, State};
use super::roots::{Address, LoadAs, StoreAs, to_target};
use crate::wasm::instr::Binary;
use crate::wasm::trap::Trap;
use crate::wasm::types::Value;
use core::marker::PhantomData;

/// `[y] := [x]`, a `T` of bytes: the fields of both addresses.
pub struct CopyBytes<T, X, Y>(PhantomData<(T, X, Y)>);
impl<T: Copy, X: Address, Y: Address> Root for CopyBytes<T, X, Y> {
    const SIZE: usize = X::SIZE + Y::SIZE;
    const COMMON: bool = X::COMMON && Y::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let n = size_of::<T>() as u64;
            let bytes = X::place(s, 8, n)?.cast::<T>().read_unaligned();
            Y::place(s, 8 + X::SIZE, n)?.cast::<T>().write_unaligned(bytes);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `[x] := [x] op b`, read as an `L` and written as a `T`, which is as wide: the fields of the
/// address, then those of `b`.
pub struct Update<O, L, T, X, B>(PhantomData<(O, L, T, X, B)>);
impl<O, L, T, X, B> Root for Update<O, L, T, X, B>
where
    O: Binary<A: Num, R: Num>,
    L: LoadAs,
    T: StoreAs,
    X: Address,
    B: Expr,
{
    const SIZE: usize = X::SIZE + B::SIZE;
    const COMMON: bool = X::COMMON && B::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let b = B::get::<O::A>(s, 8 + X::SIZE);
            let place = X::place(s, 8, T::N)?;
            let value = O::eval(O::A::of(L::load(place)), b)?;
            T::store(place, T::In::of(value));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `[x] := a`, then `[y] := b`, both as a `T`: the fields of both addresses, then those of the
/// operands.
pub struct StoreTwo<T, X, Y, A, B>(PhantomData<(T, X, Y, A, B)>);
impl<T: StoreAs, X: Address, Y: Address, A: Expr, B: Expr> Root for StoreTwo<T, X, Y, A, B> {
    const SIZE: usize = X::SIZE + Y::SIZE + A::SIZE + B::SIZE;
    const COMMON: bool = X::COMMON && Y::COMMON && A::COMMON && B::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let at = 8 + X::SIZE + Y::SIZE;
            T::store(X::place(s, 8, T::N)?, A::get(s, at));
            T::store(Y::place(s, 8 + X::SIZE, T::N)?, B::get(s, at + A::SIZE));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a op b ? a : b`.
pub struct SetPick<D, O, A, B>(PhantomData<(D, O, A, B)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, A: Expr, B: Expr> Root for SetPick<D, O, A, B> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let a = A::get::<O::A>(s, at);
            let b = B::get::<O::A>(s, at + A::SIZE);
            let is_first = O::eval(a, b)?.to_bits() != 0;
            // No branch: which of the two it is depends on data.
            D::put(s, 8, core::hint::select_unpredictable(is_first, a, b));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := (b op a) - (a op b)`.
pub struct SetOrder<D, O, A, B>(PhantomData<(D, O, A, B)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, A: Expr, B: Expr> Root for SetOrder<D, O, A, B> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let a = A::get::<O::A>(s, at);
            let b = B::get::<O::A>(s, at + A::SIZE);
            let (above, below) = (O::eval(b, a)?.to_bits(), O::eval(a, b)?.to_bits());
            D::put(s, 8, (above as u32).wrapping_sub(below as u32));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a op load [address]`.
pub struct LoadBin<D, O, A, T, X>(PhantomData<(D, O, A, T, X)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, A: Expr, T: LoadAs, X: Address> Root
    for LoadBin<D, O, A, T, X>
{
    const SIZE: usize = D::SIZE + A::SIZE + X::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let at = 8 + D::SIZE;
            let a = A::get::<O::A>(s, at);
            let b = T::load(X::place(s, at + A::SIZE, T::N)?);
            D::put(s, 8, O::eval(a, O::A::of(b))?);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := load [address] op` an immediate, which comes after the fields of the address.
pub struct LoadImm<D, O, T, X>(PhantomData<(D, O, T, X)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, T: LoadAs, X: Address> Root for LoadImm<D, O, T, X> {
    const SIZE: usize = D::SIZE + X::SIZE + 4;
    const COMMON: bool = D::COMMON && X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let at = 8 + D::SIZE;
            let a = T::load(X::place(s, at, T::N)?);
            let b = O::A::immediate(s.u32(at + X::SIZE));
            D::put(s, 8, O::eval(O::A::of(a), b)?);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// A local grows by an immediate; branches if it is `op b` then. The fields are the target, the
/// slot, the immediate, and `b`.
pub struct AddBr<A, O, B>(PhantomData<(A, O, B)>);
impl<A: Home, O: Binary<A: Num, R: Num>, B: Expr> CondMut for AddBr<A, O, B> {
    const LEN: usize = (18 + B::SIZE).next_multiple_of(8);
    #[inline(always)]
    unsafe fn test(s: &mut State) -> Result<bool, Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let b = B::get::<O::A>(s, 18);
            let add = O::A::immediate(s.u32(14)).to_bits();
            let value = O::A::from_bits(A::get::<O::A>(s, 12).to_bits().wrapping_add(add));
            A::Written::put(s, 12, value);
            Ok(O::eval(value, b)?.to_bits() != 0)
        }
    }
}
/// The same with what `X` is instead of the immediate.
pub struct AddByBr<A, X, O, B>(PhantomData<(A, X, O, B)>);
impl<A: Home, X: Expr, O: Binary<A: Num, R: Num>, B: Expr> CondMut for AddByBr<A, X, O, B> {
    const LEN: usize = (14 + X::SIZE + B::SIZE).next_multiple_of(8);
    #[inline(always)]
    unsafe fn test(s: &mut State) -> Result<bool, Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let b = B::get::<O::A>(s, 14 + X::SIZE);
            let add = X::get::<O::A>(s, 14).to_bits();
            let value = O::A::from_bits(A::get::<O::A>(s, 12).to_bits().wrapping_add(add));
            A::Written::put(s, 12, value);
            Ok(O::eval(value, b)?.to_bits() != 0)
        }
    }
}
/// Two locals of 32 bits grow by an immediate: the slot and the immediate of each.
pub struct AddTwo<A, B>(PhantomData<(A, B)>);
impl<A: Home, B: Home> Root for AddTwo<A, B> {
    const SIZE: usize = 12;
    const COMMON: bool = A::COMMON && B::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            A::Written::put(s, 8, A::get::<u32>(s, 8).wrapping_add(s.u32(10)));
            B::Written::put(s, 14, B::get::<u32>(s, 14).wrapping_add(s.u32(16)));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// A local of 32 bits grows by an immediate, and another one gets what it was before, or (`SAME`)
/// what it is then: its slot, that of the one that grows, and the immediate.
pub struct AddAfter<const SAME: bool, D, A>(PhantomData<(D, A)>);
impl<const SAME: bool, D: Home, A: Home> Root for AddAfter<SAME, D, A> {
    const SIZE: usize = 8;
    const COMMON: bool = D::COMMON && A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let before = A::get::<u32>(s, 10);
            let after = before.wrapping_add(s.u32(12));
            D::Written::put(s, 8, if SAME { after } else { before });
            A::Written::put(s, 10, after);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `d := global op immediate`, and the global too if `SET`: `d`, an index, the immediate.
pub struct GlobalSum<const SET: bool, D, O>(PhantomData<(D, O)>);
impl<const SET: bool, D: Dst, O: Binary<A: Num, R: Num>> Root for GlobalSum<SET, D, O> {
    const SIZE: usize = D::SIZE + 8;
    const COMMON: bool = D::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let global = s.global(8 + D::SIZE);
            let a = O::A::from_bits(global.get()[0]);
            let sum = O::eval(a, O::A::immediate(s.u32(12 + D::SIZE)))?;
            if SET {
                global.set([sum.to_bits(), 0]);
            }
            D::put(s, 8, sum);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `global := d := a op immediate`: an index, the immediate, `d`, `a`.
pub struct GlobalTee<D, O, A>(PhantomData<(D, O, A)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, A: Expr> Root for GlobalTee<D, O, A> {
    const SIZE: usize = 8 + D::SIZE + A::SIZE;
    const COMMON: bool = D::COMMON && A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let a = A::get::<O::A>(s, 16 + D::SIZE);
            let sum = O::eval(a, O::A::immediate(s.u32(12)))?;
            s.global(8).as_ptr().cast::<u64>().write(sum.to_bits());
            D::put(s, 16, sum);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `br_table (load [x])`: the number of the last target, the fields of the address.
pub struct BrTableLoad<T, X>(PhantomData<(T, X)>);
impl<T: LoadAs, X: Address> Root for BrTableLoad<T, X> {
    const SIZE: usize = 4 + X::SIZE;
    const COMMON: bool = X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let index = T::load(X::place(s, 12, T::N)?);
            to_target(s, index.to_bits() as u32, Self::LEN);
        }
        Ok(())
    }
}
/// The same for the sum of `load [x]` and an immediate, which comes after the fields of the address.
pub struct BrTableLoadSum<T, X>(PhantomData<(T, X)>);
impl<T: LoadAs, X: Address> Root for BrTableLoadSum<T, X> {
    const SIZE: usize = 8 + X::SIZE;
    const COMMON: bool = X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let index = T::load(X::place(s, 12, T::N)?).to_bits() as u32;
            to_target(s, index.wrapping_add(s.u32(12 + X::SIZE)), Self::LEN);
        }
        Ok(())
    }
}
/// Branches if (`SENSE`) or unless `load [x] op b` is not zero: the fields of the address, then those
/// of `b`.
pub struct BrLoad<const SENSE: bool, O, T, X, B>(PhantomData<(O, T, X, B)>);
impl<const SENSE: bool, O, T, X, B> Cond for BrLoad<SENSE, O, T, X, B>
where
    O: Binary<A: Num, R: Num>,
    T: LoadAs,
    X: Address,
    B: Expr,
{
    const LEN: usize = (12 + X::SIZE + B::SIZE).next_multiple_of(8);
    const COMMON: bool = X::COMMON && B::COMMON;
    #[inline(always)]
    unsafe fn test(s: &State) -> Result<bool, Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let a = T::load(X::place(s, 12, T::N)?);
            let b = B::get::<O::A>(s, 12 + X::SIZE);
            Ok((O::eval(O::A::of(a), b)?.to_bits() != 0) == SENSE)
        }
    }
}
/// `d := load [x]`, a branch if that is (`SENSE`) or is not other than 0.
#[cfg(registers)]
pub struct BrLoaded<const SENSE: bool, D, T, X>(PhantomData<(D, T, X)>);
#[cfg(registers)]
impl<const SENSE: bool, D: Dst, T: LoadAs, X: Address> CondMut for BrLoaded<SENSE, D, T, X> {
    const LEN: usize = (12 + D::SIZE + X::SIZE).next_multiple_of(8);
    #[inline(always)]
    unsafe fn test(s: &mut State) -> Result<bool, Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let value = T::load(X::place(s, 12 + D::SIZE, T::N)?);
            D::put(s, 12, value);
            Ok((value.to_bits() as u32 != 0) == SENSE)
        }
    }
}
