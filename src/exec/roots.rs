//! The instructions: what an expression's value is used for, control, calls, memory, globals.
#![allow(unsafe_code)]

use super::machine::{Cond, Dst, Expr, Num, Root, State, compares_i32};
use crate::ir::divide::Reciprocal;
use crate::wasm::instr::{BinOp, Binary, UnOp, Unary};
use crate::wasm::trap::Trap;
use crate::wasm::types::Value;
use core::marker::PhantomData;

/// `d := x` for a place `x`, as a number of type `T`.
pub struct Move<T, D, X>(PhantomData<(T, D, X)>);
impl<T: Num, D: Dst, X: Expr> Root for Move<T, D, X> {
    const SIZE: usize = D::SIZE + X::SIZE;
    const COMMON: bool = D::COMMON && X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let value = X::get::<T>(s, 8 + D::SIZE);
            D::put(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// Whether code of every kind is full of an operation.
const fn common_unary(op: UnOp) -> bool {
    use UnOp::*;
    matches!(op, I32Eqz | I32WrapI64 | I64ExtendI32S | I32Extend8S | I32Extend16S)
}
/// Whether code of every kind is full of an operation.
const fn common_binary(op: BinOp) -> bool {
    use BinOp::*;
    let on_32 =
        matches!(op, I32Add | I32Sub | I32And | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU);
    let on_64 = matches!(op, I64Add | I64And | I64Or | I64Xor | I64Shl | I64ShrU);
    on_32 || on_64 || compares_i32(op)
}

/// Moves of 64 bits into slots, one after the other: first the slots, then what they get.
pub trait Moves {
    /// Bytes of the fields.
    const SIZE: usize;
    /// Whether code of every kind is full of them.
    const COMMON: bool;
    /// Executes them; the fields begin at byte `at`.
    unsafe fn run(s: &State, at: usize);
}
impl Moves for () {
    const SIZE: usize = 0;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn run(_: &State, _: usize) {}
}
macro_rules! moves { ($($n:literal $($x:ident $i:literal),*;)*) => { $(
    impl<$($x: Expr),*> Moves for ($($x,)*) {
        const SIZE: usize = 2 * $n $(+ $x::SIZE)*;
        const COMMON: bool = true $(&& $x::COMMON)*;
        #[inline(always)]
        unsafe fn run(s: &State, at: usize) {
            let mut from = at + 2 * $n;
            $(
                // SAFETY: E1, E2.
                unsafe { s.slot(at + 2 * $i).write($x::get::<u64>(s, from)) };
                from += $x::SIZE;
            )*
            let _ = from;
        }
    }
)* } }
moves! {
    1 A 0;
    2 A 0, B 1;
    3 A 0, B 1, C 2;
}
/// Moves, and nothing else.
pub struct MoveAll<M>(PhantomData<M>);
impl<M: Moves> Root for MoveAll<M> {
    const SIZE: usize = M::SIZE;
    const COMMON: bool = M::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            M::run(s, 8);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := op a`.
pub struct SetUn<D, O, A>(PhantomData<(D, O, A)>);
impl<D: Dst, O: Unary<A: Num, R: Num>, A: Expr> Root for SetUn<D, O, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    const COMMON: bool = common_unary(O::OP) && D::COMMON && A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let value = O::eval(A::get(s, 8 + D::SIZE))?;
            D::put(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a op b`.
pub struct SetBin<D, O, A, B>(PhantomData<(D, O, A, B)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, A: Expr, B: Expr> Root for SetBin<D, O, A, B> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE;
    const COMMON: bool = common_binary(O::OP) && D::COMMON && A::COMMON && B::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = O::eval(A::get(s, at), B::get(s, at + A::SIZE))?;
            D::put(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a op` a constant: the fields of a [`Reciprocal`] follow `a`.
pub struct Divide<D, O, A>(PhantomData<(D, O, A)>);
impl<D: Dst, O: Binary<A: Num, R: Num>, A: Expr> Root for Divide<D, O, A> {
    const SIZE: usize = D::SIZE + A::SIZE + 24;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let n = A::get::<O::A>(s, at).to_bits();
            let at = at + A::SIZE;
            let (divisor, magic, shift) = (s.u64(at), s.u64(at + 8), s.u64(at + 16));
            let value = divided(O::OP, n, divisor, |n| Reciprocal::quotient(magic, shift, n));
            D::put(s, 8, O::R::from_bits(value));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// A quotient or remainder from the quotient of absolute values.
#[inline(always)]
fn divided(op: BinOp, n: u64, divisor: u64, quotient: impl Fn(u64) -> u64) -> u64 {
    use BinOp::*;
    let signed = |n: i64| {
        let q = quotient(n.unsigned_abs());
        if (n < 0) != ((divisor as i64) < 0) { q.wrapping_neg() } else { q }
    };
    let rest = |n: u64, q: u64| n.wrapping_sub(q.wrapping_mul(divisor));
    let narrow = i64::from(n as i32);
    match op {
        I32DivU | I64DivU => quotient(n),
        I32RemU | I64RemU => rest(n, quotient(n)),
        I32DivS => u64::from(signed(narrow) as u32),
        I32RemS => u64::from(rest(narrow as u64, signed(narrow)) as u32),
        I64DivS => signed(n as i64),
        _ => rest(n, signed(n as i64)),
    }
}

/// `d := if c { a } else { b }`.
pub struct Select<T, D, A, B, C>(PhantomData<(T, D, A, B, C)>);
impl<T: Num, D: Dst, A: Expr, B: Expr, C: Expr> Root for Select<T, D, A, B, C> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE + C::SIZE;
    const COMMON: bool = D::COMMON && A::COMMON && B::COMMON && C::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let a = A::get::<T>(s, at);
            let b = B::get::<T>(s, at + A::SIZE);
            // Narrow numbers are zero-extended: this tests both widths.
            let condition = C::get::<u64>(s, at + A::SIZE + B::SIZE);
            // No branch: which of the two it is depends on data.
            D::put(s, 8, core::hint::select_unpredictable(condition != 0, a, b));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

// ---- memory ------------------------------------------------------------------------------------

/// The type of an address.
pub trait Width: Num {
    /// Whether most memories have it.
    const COMMON: bool;
    /// Wrapping addition.
    fn plus(self, other: Self) -> Self;
    /// `self << amount`.
    fn shifted(self, amount: u32) -> Self;
    /// `self & mask`.
    fn masked(self, mask: Self) -> Self;
    /// `self + end`, the end of an access; `None` on overflow.
    fn end(self, end: u64) -> Option<u64>;
    /// As a displacement.
    fn wide(self) -> u64;
}
impl Width for u32 {
    const COMMON: bool = true;
    #[inline(always)]
    fn plus(self, other: u32) -> u32 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn shifted(self, amount: u32) -> u32 {
        self.wrapping_shl(amount)
    }
    #[inline(always)]
    fn masked(self, mask: u32) -> u32 {
        self & mask
    }
    #[inline(always)]
    fn end(self, end: u64) -> Option<u64> {
        Some(self as u64 + end)
    }
    #[inline(always)]
    fn wide(self) -> u64 {
        self as u64
    }
}
impl Width for u64 {
    const COMMON: bool = false;
    #[inline(always)]
    fn plus(self, other: u64) -> u64 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn shifted(self, amount: u32) -> u64 {
        self.wrapping_shl(amount)
    }
    #[inline(always)]
    fn masked(self, mask: u64) -> u64 {
        self & mask
    }
    #[inline(always)]
    fn end(self, end: u64) -> Option<u64> {
        self.checked_add(end)
    }
    #[inline(always)]
    fn wide(self) -> u64 {
        self
    }
}

/// An address.
pub trait Address {
    /// Bytes of its fields.
    const SIZE: usize;
    /// Whether other threads may access the memory.
    const SHARED: bool = false;
    /// Whether code of every kind is full of it.
    const COMMON: bool = false;
    /// The place of the first byte of an access of `n` bytes; at `at` are 4 bytes with the offset
    /// of its end, so that one addition serves the check and the access.
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap>;
}

/// The first of the `n` bytes that end at `address + end`, which is checked against the length of
/// the memory at `base`.
#[inline(always)]
unsafe fn checked<A: Width>(base: *mut u8, address: A, end: u64, n: u64) -> Result<*mut u8, Trap> {
    // SAFETY: R2: the length lies below the base.
    unsafe {
        let len = *base.cast::<u64>().sub(1);
        match address.end(end) {
            Some(end) if end <= len => Ok(base.add(end as usize).sub(n as usize)),
            _ => Err(Trap::MemoryOutOfBounds),
        }
    }
}

/// `[a + offset]` in memory 0.
pub struct At<W, A>(PhantomData<(W, A)>);
impl<W: Width, A: Expr> Address for At<W, A> {
    const SIZE: usize = 4 + A::SIZE;
    const COMMON: bool = W::COMMON && A::COMMON;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3.
        unsafe { checked(s.memory(), A::get::<W>(s, at + 4), s.u32(at) as u64, n) }
    }
}
/// `[(a + immediate) + offset]` in memory 0.
pub struct AtImm<W, A>(PhantomData<(W, A)>);
impl<W: Width, A: Expr> Address for AtImm<W, A> {
    const SIZE: usize = 8 + A::SIZE;
    const COMMON: bool = W::COMMON && A::COMMON;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let address = A::get::<W>(s, at + 8).plus(W::immediate(s.u32(at + 4)));
            checked(s.memory(), address, s.u32(at) as u64, n)
        }
    }
}
/// `[p + offset]` in memory 0, where `p` is the low half of the `T` that ends at `a + immediate`.
pub struct AtDeref<T, A>(PhantomData<(T, A)>);
impl<T, A: Expr> Address for AtDeref<T, A> {
    const SIZE: usize = 8 + A::SIZE;
    const COMMON: bool = A::COMMON;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3, R2.
        unsafe {
            let width = size_of::<T>() as u64;
            let end = s.u32(at + 4) as u64;
            let first = checked(s.memory(), A::get::<u32>(s, at + 8), end, width)?;
            let p = u32::from_le(first.cast::<u32>().read_unaligned());
            checked(s.memory(), p, s.u32(at) as u64, n)
        }
    }
}
/// `[(a + b) + offset]` in memory 0; `SCALED`: `b` times the width of the access.
pub struct AtSum<W, A, B, const SCALED: bool>(PhantomData<(W, A, B)>);
impl<W: Width, A: Expr, B: Expr, const SCALED: bool> Address for AtSum<W, A, B, SCALED> {
    const SIZE: usize = 4 + A::SIZE + B::SIZE;
    const COMMON: bool = W::COMMON && !SCALED && A::COMMON && B::COMMON;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let mut b = B::get::<W>(s, at + 4 + A::SIZE);
            if SCALED {
                b = b.shifted(n.trailing_zeros());
            }
            let address = A::get::<W>(s, at + 4).plus(b);
            checked(s.memory(), address, s.u32(at) as u64, n)
        }
    }
}
/// `[(a << k) + offset]` in memory 0, for an access of `1 << k` bytes; `MASK`: of the bits of `a`
/// that are in an immediate too.
pub struct AtShl<W, A, const MASK: bool>(PhantomData<(W, A)>);
impl<W: Width, A: Expr, const MASK: bool> Address for AtShl<W, A, MASK> {
    const SIZE: usize = 4 + A::SIZE + if MASK { 4 } else { 0 };
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3.
        unsafe {
            let address = if MASK {
                A::get::<W>(s, at + 8).masked(W::immediate(s.u32(at + 4)))
            } else {
                A::get::<W>(s, at + 4)
            };
            let address = address.shifted(n.trailing_zeros());
            checked(s.memory(), address, s.u32(at) as u64, n)
        }
    }
}
/// `[a + offset]` in any memory: the fields are a filler, an 8-byte offset and a 4-byte index.
pub struct AtMemory<W, A>(PhantomData<(W, A)>);
impl<W: Width, A: Expr> Address for AtMemory<W, A> {
    const SIZE: usize = 16 + A::SIZE;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, E3, R1.
        unsafe {
            let offset = s.u64(at + 4);
            let memory = *(*s.instance()).memories.add(s.u32(at + 12) as usize);
            let address = A::get::<W>(s, at + 16);
            let Some(end) = offset.checked_add(n) else { return Err(Trap::MemoryOutOfBounds) };
            checked((*memory).base.get(), address, end, n)
        }
    }
}

/// What a load reads and gives.
pub trait LoadAs {
    /// What it gives.
    type Out: Num;
    /// Bytes read.
    const N: u64;
    /// Reads.
    unsafe fn load(p: *const u8) -> Self::Out;
    /// What the bytes, as a number, mean.
    fn decode(raw: u64) -> Self::Out;
}
/// What a store takes and writes.
pub trait StoreAs {
    /// What it takes.
    type In: Num;
    /// Bytes written.
    const N: u64;
    /// Writes.
    unsafe fn store(p: *mut u8, value: Self::In);
    /// The bytes as a number; what is above is not written.
    fn encode(value: Self::In) -> u64;
}
macro_rules! loads { ($($name:ident $mem:ty => $out:ty as $via:ty;)*) => { $(
    #[doc = concat!("Reads a ", stringify!($mem), " as ", stringify!($via), ".")]
    pub struct $name;
    impl LoadAs for $name {
        type Out = $out;
        const N: u64 = core::mem::size_of::<$mem>() as u64;
        #[inline(always)]
        unsafe fn load(p: *const u8) -> $out {
            // SAFETY: R2: the caller has checked the range.
            <$mem>::from_le(unsafe { p.cast::<$mem>().read_unaligned() }) as $via as $out
        }
        #[inline(always)]
        fn decode(raw: u64) -> $out {
            raw as $mem as $via as $out
        }
    }
)* } }
loads! {
    L8U u8 => u64 as u64; L16U u16 => u64 as u64; L32U u32 => u64 as u64; L64 u64 => u64 as u64;
    L8S32 i8 => u32 as i32; L16S32 i16 => u32 as i32;
    L8S64 i8 => u64 as i64; L16S64 i16 => u64 as i64; L32S64 i32 => u64 as i64;
}
macro_rules! float_loads { ($($name:ident $t:ty, $bits:ty;)*) => { $(
    #[doc = concat!("Reads an ", stringify!($t), ".")]
    pub struct $name;
    impl LoadAs for $name {
        type Out = $t;
        const N: u64 = core::mem::size_of::<$t>() as u64;
        #[inline(always)]
        unsafe fn load(p: *const u8) -> $t {
            // SAFETY: R2.
            <$t>::from_bits(<$bits>::from_le(unsafe { p.cast::<$bits>().read_unaligned() }))
        }
        #[inline(always)]
        fn decode(raw: u64) -> $t {
            <$t>::from_bits(raw as $bits)
        }
    }
    impl StoreAs for $name {
        type In = $t;
        const N: u64 = core::mem::size_of::<$t>() as u64;
        #[inline(always)]
        unsafe fn store(p: *mut u8, value: $t) {
            // SAFETY: R2.
            unsafe { p.cast::<$bits>().write_unaligned(value.to_bits().to_le()) }
        }
        #[inline(always)]
        fn encode(value: $t) -> u64 {
            value.to_bits() as u64
        }
    }
)* } }
float_loads! { LF32 f32, u32; LF64 f64, u64; }
macro_rules! stores { ($($name:ident $mem:ty;)*) => { $(
    #[doc = concat!("Writes a ", stringify!($mem), ".")]
    pub struct $name;
    impl StoreAs for $name {
        type In = u64;
        const N: u64 = core::mem::size_of::<$mem>() as u64;
        #[inline(always)]
        unsafe fn store(p: *mut u8, value: u64) {
            // SAFETY: R2.
            unsafe { p.cast::<$mem>().write_unaligned((value as $mem).to_le()) }
        }
        #[inline(always)]
        fn encode(value: u64) -> u64 {
            value
        }
    }
)* } }
stores! { S8 u8; S16 u16; S32 u32; S64 u64; }

/// `d := load [address]`.
pub struct Load<D, T, A>(PhantomData<(D, T, A)>);
impl<D: Dst, T: LoadAs, A: Address> Root for Load<D, T, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    const COMMON: bool = D::COMMON && A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let value = T::load(A::place(s, 8 + D::SIZE, T::N)?);
            D::put(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `store [address] := x`.
pub struct Store<T, A, X>(PhantomData<(T, A, X)>);
impl<T: StoreAs, A: Address, X: Expr> Root for Store<T, A, X> {
    const SIZE: usize = A::SIZE + X::SIZE;
    const COMMON: bool = A::COMMON && X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let value = X::get(s, 8 + A::SIZE);
            T::store(A::place(s, 8, T::N)?, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `global := x`: an index, then the value.
pub struct GlobalSet<T, X>(PhantomData<(T, X)>);
impl<T: Num, X: Expr> Root for GlobalSet<T, X> {
    const SIZE: usize = 4 + X::SIZE;
    const COMMON: bool = X::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let value = X::get::<T>(s, 12);
            s.global(8).as_ptr().cast::<u64>().write(value.to_bits());
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

// ---- control -----------------------------------------------------------------------------------

/// Branches if (`SENSE`) or unless an expression, as a `T`, is not zero.
pub struct Br<const SENSE: bool, T, E>(PhantomData<(T, E)>);
impl<const SENSE: bool, T: Num, E: Expr> Cond for Br<SENSE, T, E> {
    const LEN: usize = (12 + E::SIZE).next_multiple_of(8);
    const COMMON: bool = E::COMMON || E::COMMON_TEST;
    #[inline(always)]
    unsafe fn test(s: &State) -> Result<bool, Trap> {
        // SAFETY: E1, E2.
        unsafe { Ok((E::get::<T>(s, 12).to_bits() != 0) == SENSE) }
    }
}
/// Moves, and then branches always.
pub struct Jump<M>(PhantomData<M>);
impl<M: Moves> Root for Jump<M> {
    const SIZE: usize = 4 + M::SIZE;
    const COMMON: bool = M::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            M::run(s, 12);
            s.ip = s.ip.offset(s.u32(8) as i32 as isize);
        }
        Ok(())
    }
}
/// Branches always, to where turns of the innermost loop begin.
pub struct JumpLoop;
impl Root for JumpLoop {
    const SIZE: usize = 4;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        s.ip = s.lp.to_bits() as usize as *const u8;
        Ok(())
    }
}
/// Turns of an innermost loop begin with the next instruction.
pub struct SetLoop;
impl Root for SetLoop {
    const SIZE: usize = 0;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1.
        s.ip = unsafe { s.ip.add(Self::LEN) };
        s.lp = f64::from_bits(s.ip as usize as u64);
        Ok(())
    }
}
/// The registers `REGS`, a set, get what is in slots, the last one first; then, if `SET`, turns of
/// an innermost loop begin with the next instruction.
#[cfg(registers)]
pub struct Pins<const REGS: usize, const SET: bool>;
#[cfg(registers)]
impl<const REGS: usize, const SET: bool> Root for Pins<REGS, SET> {
    const SIZE: usize = 2 * REGS.count_ones() as usize;
    const COMMON: bool = SET;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // Each by its number: what is indexed would be in memory.
        macro_rules! load { ($($reg:literal)*) => { $(
            if REGS >> $reg & 1 != 0 {
                let before = (REGS >> $reg >> 1).count_ones() as usize;
                // SAFETY: E1, E2.
                s.r[$reg] = unsafe { *s.slot(8 + 2 * before) };
            }
        )* } }
        load!(3 2 1 0);
        // SAFETY: E1.
        s.ip = unsafe { s.ip.add(Self::LEN) };
        if SET {
            s.lp = f64::from_bits(s.ip as usize as u64);
        }
        Ok(())
    }
}
/// Branches by an index: the number of targets less one, the index, then the targets (4 bytes
/// each, relative to 8 bytes before themselves, which is what a branch has there).
pub struct BrTable<A>(PhantomData<A>);
impl<A: Expr> Root for BrTable<A> {
    const SIZE: usize = 4 + A::SIZE;
    const COMMON: bool = A::COMMON;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe { to_target(s, A::get(s, 12), Self::LEN) };
        Ok(())
    }
}
/// Goes on at the target of this index, or the last one, whose number is at byte 8; their fields
/// begin at byte `len`.
///
/// # Safety
/// The instruction is a `br_table` (E1).
#[inline(always)]
pub unsafe fn to_target(s: &mut State, index: u32, len: usize) {
    // SAFETY: E1: promised by the caller.
    unsafe {
        let field = len + index.min(s.u32(8)) as usize * 4;
        s.ip = s.ip.add(field).sub(8).offset(s.u32(field) as i32 as isize);
    }
}
/// `unreachable`.
pub struct Unreachable;
impl Root for Unreachable {
    const SIZE: usize = 0;
    #[inline(always)]
    unsafe fn run(_: &mut State) -> Result<(), Trap> {
        Err(Trap::Unreachable)
    }
}
/// Sets slots to zero: the first (2 bytes), a filler, how many (4 bytes).
pub struct Zero;
impl Root for Zero {
    const SIZE: usize = 8;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let first = s.slot(8);
            for i in 0..s.u32(12) as usize {
                first.add(i).write_volatile(0);
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// Sets `N` slots to zero.
pub struct ZeroN<const N: usize>;
impl<const N: usize> Root for ZeroN<N> {
    const SIZE: usize = 8;
    const COMMON: bool = true;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let first = s.slot(8);
            for i in 0..N {
                first.add(i).write(0);
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// Moves between a near slot (2 bytes) and a far one (4 bytes at byte 12), for frames of more
/// slots than a 2-byte field reaches.
pub struct Far<const STORE: bool>;
impl<const STORE: bool> Root for Far<STORE> {
    const SIZE: usize = 8;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let near = s.slot(8);
            let far = s.fp.offset(s.u32(12) as i32 as isize);
            if STORE {
                *far = *near;
            } else {
                *near = *far;
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
