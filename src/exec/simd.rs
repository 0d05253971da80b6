//! Vector instructions: where vectors live, and what handlers do with them.
#![allow(unsafe_code)]

use super::atomic::{AtShared, load_number, store_number};
use super::machine::{Dst, Expr, F, Handler, Num, R, Root, S, State, VECTOR_K, step};
use super::roots::{
    Address, L8S32, L8U, L16S32, L16U, L32U, L64, LoadAs, S8, S16, S32, S64, StoreAs,
};
use super::vector::{
    Base, Level, VecBinary, VecExtract, VecLoad, VecLoadLane, VecReplace, VecShift, VecShuffle,
    VecSplat, VecStoreLane, VecTernary, VecTest, VecUnary,
};
use crate::wasm::ops::{SimdOp, SimdShape};
use crate::wasm::simd::{self, V128};
use crate::wasm::trap::Trap;
use crate::wasm::types::Value;
use core::marker::PhantomData;

/// A register's bits as a vector.
#[cfg_attr(not(registers), allow(dead_code))]
#[inline(always)]
fn vector(f: F) -> V128 {
    // SAFETY: E7: both are 16 bytes without padding, lane 0 first.
    unsafe { core::mem::transmute::<F, V128>(f) }
}
/// A vector as a register's bits.
#[cfg_attr(not(registers), allow(dead_code))]
#[inline(always)]
fn register(v: V128) -> F {
    // SAFETY: E7: as above.
    unsafe { core::mem::transmute::<V128, F>(v) }
}

/// A place where a vector is.
pub trait VecExpr {
    /// Bytes of its fields.
    const SIZE: usize;
    /// Where it stands in the list of places.
    const PLACE: usize;
    /// The vector; the fields begin at byte `at`.
    unsafe fn vec(s: &State, at: usize) -> V128;
}
/// A place where a vector goes.
pub trait VecDst {
    /// Bytes of its fields.
    const SIZE: usize;
    /// Writes it.
    unsafe fn put_vec(s: &mut State, at: usize, value: V128);
}
impl<const N: usize> VecExpr for R<N> {
    const SIZE: usize = 0;
    const PLACE: usize = N;
    #[inline(always)]
    unsafe fn vec(s: &State, _: usize) -> V128 {
        vector(s.f[N])
    }
}
impl<const N: usize> VecDst for R<N> {
    const SIZE: usize = 0;
    #[inline(always)]
    unsafe fn put_vec(s: &mut State, _: usize, value: V128) {
        s.f[N] = register(value);
    }
}
impl VecExpr for S {
    const SIZE: usize = 2;
    const PLACE: usize = VECTOR_K;
    #[inline(always)]
    unsafe fn vec(s: &State, at: usize) -> V128 {
        // SAFETY: E1, E2.
        unsafe { read(s.slot(at)) }
    }
}
impl VecDst for S {
    const SIZE: usize = 2;
    #[inline(always)]
    unsafe fn put_vec(s: &mut State, at: usize, value: V128) {
        // SAFETY: E1, E2.
        unsafe { write(s.slot(at), value) }
    }
}
/// Reads two slots, the low half first.
#[inline(always)]
unsafe fn read(slot: *const u64) -> V128 {
    // SAFETY: E2: two slots.
    unsafe {
        if cfg!(target_endian = "little") {
            return slot.cast::<V128>().read_unaligned();
        }
        V128::from_bits(u128::from(*slot) | u128::from(*slot.add(1)) << 64)
    }
}
/// Writes two slots, the low half first.
#[inline(always)]
unsafe fn write(slot: *mut u64, value: V128) {
    // SAFETY: E2: two slots.
    unsafe {
        if cfg!(target_endian = "little") {
            return slot.cast::<V128>().write_unaligned(value);
        }
        let bits = value.to_bits();
        *slot = bits as u64;
        *slot.add(1) = (bits >> 64) as u64;
    }
}

/// `d := x`.
pub struct VecMove<D, X>(PhantomData<(D, X)>);
impl<D: VecDst, X: VecExpr> Root for VecMove<D, X> {
    const SIZE: usize = D::SIZE + X::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = X::vec(s, at);
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := global`, by a 4-byte index.
pub struct VecGlobalGet<D>(PhantomData<(D,)>);
impl<D: VecDst> Root for VecGlobalGet<D> {
    const SIZE: usize = D::SIZE + 4;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let value = read(s.global(8 + D::SIZE).as_ptr().cast());
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `global := x`: an index, then the value.
pub struct VecGlobalSet<X>(PhantomData<(X,)>);
impl<X: VecExpr> Root for VecGlobalSet<X> {
    const SIZE: usize = 4 + X::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, E4, R1.
        unsafe {
            let value = X::vec(s, 12);
            write(s.global(8).as_ptr().cast(), value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d :=` 16 bytes.
pub struct VecConst<D>(PhantomData<(D,)>);
impl<D: VecDst> Root for VecConst<D> {
    const SIZE: usize = D::SIZE + 16;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let value = s.ip.add(8 + D::SIZE).cast::<[u8; 16]>().read();
            D::put_vec(s, 8, V128::from_bits(u128::from_le_bytes(value)));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := if c { a } else { b }`.
pub struct VecSelect<D, A, B, C>(PhantomData<(D, A, B, C)>);
impl<D: VecDst, A: VecExpr, B: VecExpr, C: Expr> Root for VecSelect<D, A, B, C> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE + C::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let a = A::vec(s, at);
            let b = B::vec(s, at + A::SIZE);
            let condition = C::get::<u32>(s, at + A::SIZE + B::SIZE);
            D::put_vec(s, 8, if condition != 0 { a } else { b });
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := op a`.
pub struct VecUn<V, D, O, A>(PhantomData<(V, D, O, A)>);
impl<V: Level, D: VecDst, O: VecUnary, A: VecExpr> Root for VecUn<V, D, O, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = O::eval::<V>(A::vec(s, at));
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a op b`.
pub struct VecBin<V, D, O, A, B>(PhantomData<(V, D, O, A, B)>);
impl<V: Level, D: VecDst, O: VecBinary, A: VecExpr, B: VecExpr> Root for VecBin<V, D, O, A, B> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = O::eval::<V>(A::vec(s, at), B::vec(s, at + A::SIZE));
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := op a b c`.
pub struct VecTern<V, D, O, A, B, C>(PhantomData<(V, D, O, A, B, C)>);
impl<V: Level, D: VecDst, O: VecTernary, A: VecExpr, B: VecExpr, C: VecExpr> Root
    for VecTern<V, D, O, A, B, C>
{
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE + C::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let (a, b) = (A::vec(s, at), B::vec(s, at + A::SIZE));
            let value = O::eval::<V>(a, b, C::vec(s, at + A::SIZE + B::SIZE));
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a op n`, a shift.
pub struct VecShl<V, D, O, A, N>(PhantomData<(V, D, O, A, N)>);
impl<V: Level, D: VecDst, O: VecShift, A: VecExpr, N: Expr> Root for VecShl<V, D, O, A, N> {
    const SIZE: usize = D::SIZE + A::SIZE + N::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = O::eval::<V>(A::vec(s, at), N::get::<u32>(s, at + A::SIZE));
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := op a`, an i32.
pub struct VecTst<V, D, O, A>(PhantomData<(V, D, O, A)>);
impl<V: Level, D: Dst, O: VecTest, A: VecExpr> Root for VecTst<V, D, O, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = O::eval::<V>(A::vec(s, at));
            D::put(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d :=` a number in every lane.
pub struct VecSpl<V, D, O, X>(PhantomData<(V, D, O, X)>);
impl<V: Level, D: VecDst, O: VecSplat<A: Num>, X: Expr> Root for VecSpl<V, D, O, X> {
    const SIZE: usize = D::SIZE + X::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let value = O::eval::<V>(X::get(s, at));
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// Lane `n` of the 16 bytes at `p`, by an instruction that gives an `R`.
#[inline(always)]
unsafe fn lane_of<R: Num>(op: SimdOp, p: *const u8, n: usize) -> R {
    use SimdOp::*;
    // SAFETY: E2: a lane of a vector in two slots.
    unsafe {
        let bits = match op {
            I8x16ExtractLaneS => L8S32::load(p.add(n)).to_bits(),
            I8x16ExtractLaneU => L8U::load(p.add(n)),
            I16x8ExtractLaneS => L16S32::load(p.add(2 * n)).to_bits(),
            I16x8ExtractLaneU => L16U::load(p.add(2 * n)),
            I32x4ExtractLane | F32x4ExtractLane => L32U::load(p.add(4 * n)),
            _ => L64::load(p.add(8 * n)),
        };
        R::from_bits(bits)
    }
}
/// `d :=` a lane of `a`.
pub struct VecExt<V, D, O, A>(PhantomData<(V, D, O, A)>);
impl<V: Level, D: Dst, O: VecExtract<R: Num>, A: VecExpr> Root for VecExt<V, D, O, A> {
    const SIZE: usize = D::SIZE + A::SIZE + 2;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let lane = s.small(at + A::SIZE);
            let value = if A::PLACE == VECTOR_K && cfg!(target_endian = "little") {
                // Only the lane is read: its bytes are where memory would have them.
                lane_of(O::OP, s.slot(at).cast(), usize::from(lane))
            } else {
                O::eval::<V>(A::vec(s, at), lane)
            };
            D::put(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := a` with another number in a lane.
pub struct VecRep<V, D, O, A, X>(PhantomData<(V, D, O, A, X)>);
impl<V: Level, D: VecDst, O: VecReplace<A: Num>, A: VecExpr, X: Expr> Root
    for VecRep<V, D, O, A, X>
{
    const SIZE: usize = D::SIZE + A::SIZE + X::SIZE + 2;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let x = X::get(s, at + A::SIZE);
            let lane = s.small(at + A::SIZE + X::SIZE);
            let value = O::eval::<V>(A::vec(s, at), lane, x);
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d :=` lanes of `a` and `b`.
pub struct VecShuf<V, D, O, A, B>(PhantomData<(V, D, O, A, B)>);
impl<V: Level, D: VecDst, O: VecShuffle, A: VecExpr, B: VecExpr> Root for VecShuf<V, D, O, A, B> {
    const SIZE: usize = D::SIZE + A::SIZE + B::SIZE + 16;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let at = 8 + D::SIZE;
            let lanes = s.ip.add(at + A::SIZE + B::SIZE).cast::<[u8; 16]>().read();
            let value = O::eval::<V>(A::vec(s, at), B::vec(s, at + A::SIZE), lanes);
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// Reads `N` bytes of memory, at most 8, as a number, little-endian.
#[inline(always)]
unsafe fn fetch<A: Address, const N: usize>(s: &State, at: usize) -> Result<u64, Trap> {
    // SAFETY: E1, E2, R2.
    unsafe {
        let p = A::place(s, at, N as u64)?;
        Ok(if A::SHARED {
            load_number(p, N as u64)
        } else {
            match N {
                1 => L8U::load(p),
                2 => L16U::load(p),
                4 => L32U::load(p),
                _ => L64::load(p),
            }
        })
    }
}
/// Writes the low `N` bytes of a number.
#[inline(always)]
unsafe fn put<A: Address, const N: usize>(s: &State, at: usize, value: u64) -> Result<(), Trap> {
    // SAFETY: E1, E2, R2.
    unsafe {
        let p = A::place(s, at, N as u64)?;
        if A::SHARED {
            store_number(p, value, N as u64);
        } else {
            match N {
                1 => S8::store(p, value),
                2 => S16::store(p, value),
                4 => S32::store(p, value),
                _ => S64::store(p, value),
            }
        }
    }
    Ok(())
}

/// `d := v128.load [address]`.
pub struct VecLoad16<D, A>(PhantomData<(D, A)>);
impl<D: VecDst, A: Address> Root for VecLoad16<D, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let p = A::place(s, 8 + D::SIZE, 16)?;
            let value = if A::SHARED {
                let high = u128::from(load_number(p.add(8), 8)) << 64;
                V128::from_bits(u128::from(load_number(p, 8)) | high)
            } else {
                V128::from_le_bytes(p.cast::<[u8; 16]>().read())
            };
            D::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `d := load [address]` of `N` bytes, which `O` makes a vector of.
pub struct VecLoadSmall<D, O, A, const N: usize>(PhantomData<(D, O, A)>);
impl<D: VecDst, O: VecLoad, A: Address, const N: usize> Root for VecLoadSmall<D, O, A, N> {
    const SIZE: usize = {
        assert!(O::OP.width() as usize == N);
        D::SIZE + A::SIZE
    };
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let raw = fetch::<A, N>(s, 8 + D::SIZE)?;
            D::put_vec(s, 8, O::eval::<Base>(raw));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// `v128.store [address] := x`.
pub struct VecStore16<X, A>(PhantomData<(X, A)>);
impl<X: VecExpr, A: Address> Root for VecStore16<X, A> {
    const SIZE: usize = A::SIZE + X::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let value = X::vec(s, 8 + A::SIZE);
            let p = A::place(s, 8, 16)?;
            if A::SHARED {
                store_number(p, value.to_bits() as u64, 8);
                store_number(p.add(8), (value.to_bits() >> 64) as u64, 8);
            } else {
                p.cast::<[u8; 16]>().write(value.to_le_bytes());
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

/// A lane of `N` bytes is loaded into a vector: everything in slots, then the lane.
pub struct LoadLane<A, O, const N: usize>(PhantomData<(A, O)>);
impl<A: Address, O: VecLoadLane, const N: usize> Root for LoadLane<A, O, N> {
    const SIZE: usize = {
        assert!(O::OP.width() as usize == N);
        2 + A::SIZE + 4
    };
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let raw = fetch::<A, N>(s, 10)?;
            let at = 10 + A::SIZE;
            let value = O::eval::<Base>(raw, S::vec(s, at), s.small(at + 2));
            S::put_vec(s, 8, value);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// A lane of `N` bytes is stored: everything in slots, then the lane.
pub struct StoreLane<A, O, const N: usize>(PhantomData<(A, O)>);
impl<A: Address, O: VecStoreLane, const N: usize> Root for StoreLane<A, O, N> {
    const SIZE: usize = {
        assert!(O::OP.width() as usize == N);
        A::SIZE + 4
    };
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            let at = 8 + A::SIZE;
            let value = O::eval::<Base>(S::vec(s, at), s.small(at + 2));
            put::<A, N>(s, 8, value)?;
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

// ---- small builds ------------------------------------------------------------------------------

/// The number of the instruction, which its fields begin with; everything is in slots.
#[inline(always)]
unsafe fn op_of(s: &State) -> SimdOp {
    // SAFETY: E1: the translator wrote the number of an instruction.
    unsafe {
        let number = s.ip.add(8).cast::<u16>().read_unaligned();
        SimdOp::ALL[usize::from(number)]
    }
}
/// An instruction with `N` operands and `IMM` bytes of immediates, by the meaning of
/// `wasm::simd`. A `NUMBER` has one slot.
pub struct AnyVec<const N: usize, const IMM: usize, const NUMBER: bool>;
impl<const N: usize, const IMM: usize, const NUMBER: bool> Root for AnyVec<N, IMM, NUMBER> {
    const SIZE: usize = 4 + 2 * N + IMM;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            evaluate(s.ip, s.fp, N, IMM, NUMBER);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// Does it, in a function of its own: where the address of a variable is known to others, as that
/// of an operand here, no call is a sibling call.
#[inline(never)]
unsafe fn evaluate(ip: *const u8, fp: *mut u64, n: usize, imm: usize, is_number: bool) {
    // SAFETY: E1, E2. The slot above that of a number belongs to the frame (or to its header), and
    // what is read there is not looked at.
    unsafe {
        let s = State::at(ip, fp);
        let mut operands = [V128::default(); 3];
        for (i, operand) in operands[..n].iter_mut().enumerate() {
            *operand = read(s.slot(12 + 2 * i));
        }
        let mut immediate = [0; 16];
        let at = 12 + 2 * n;
        match imm {
            2 => immediate[0] = s.small(at), // a lane
            _ => ip.add(at).copy_to_nonoverlapping(immediate.as_mut_ptr(), imm),
        }
        let value = simd::eval(op_of(&s), operands, immediate);
        if is_number {
            *s.slot(10) = value.to_bits() as u64;
        } else {
            write(s.slot(10), value);
        }
    }
}
/// What a shape has, in any order of its operands.
pub fn any_vec(shape: SimdShape) -> Option<Handler> {
    Some(match shape {
        SimdShape::Unary | SimdShape::Splat(_) => step::<AnyVec<1, 0, false>>,
        SimdShape::Binary | SimdShape::Shift => step::<AnyVec<2, 0, false>>,
        SimdShape::Ternary => step::<AnyVec<3, 0, false>>,
        SimdShape::Test => step::<AnyVec<1, 0, true>>,
        SimdShape::Extract(_) => step::<AnyVec<1, 2, true>>,
        SimdShape::Replace(_) => step::<AnyVec<2, 2, false>>,
        SimdShape::Shuffle => step::<AnyVec<2, 16, false>>,
        SimdShape::Const => step::<AnyVec<0, 16, false>>,
        SimdShape::Load | SimdShape::Store | SimdShape::LoadLane | SimdShape::StoreLane => {
            return None;
        }
    })
}

/// Where an access has its bytes, of any memory.
type Anywhere = AtShared<u64, S>;

/// A load from any memory; `LANE`: into a vector, whose slot follows, and the lane.
pub struct AnyVecLoad<const LANE: bool>;
impl<const LANE: bool> Root for AnyVecLoad<LANE> {
    const SIZE: usize = 4 + Anywhere::SIZE + if LANE { 4 } else { 0 };
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            load_any(s.ip, s.fp, LANE)?;
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
#[inline(never)] // as `evaluate`
unsafe fn load_any(ip: *const u8, fp: *mut u64, lane: bool) -> Result<(), Trap> {
    // SAFETY: E1, E2, R2.
    unsafe {
        let s = State::at(ip, fp);
        let op = op_of(&s);
        let n = u64::from(op.width());
        let p = Anywhere::place(&s, 12, n)?;
        let low = u128::from(load_number(p, n.min(8)));
        let high = if n == 16 { u128::from(load_number(p.add(8), 8)) } else { 0 };
        let mut operands = [V128::from_bits(low | high << 64), V128::default(), V128::default()];
        let mut immediate = [0; 16];
        if lane {
            let at = 12 + Anywhere::SIZE;
            operands[1] = read(s.slot(at));
            immediate[0] = s.small(at + 2);
        }
        write(s.slot(10), simd::eval(op, operands, immediate));
    }
    Ok(())
}
/// A store to any memory; `LANE`: of a lane, whose number follows.
pub struct AnyVecStore<const LANE: bool>;
impl<const LANE: bool> Root for AnyVecStore<LANE> {
    const SIZE: usize = 2 + Anywhere::SIZE + 2 + if LANE { 2 } else { 0 };
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R2.
        unsafe {
            store_any(s.ip, s.fp, LANE)?;
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
#[inline(never)] // as `evaluate`
unsafe fn store_any(ip: *const u8, fp: *mut u64, lane: bool) -> Result<(), Trap> {
    // SAFETY: E1, E2, R2.
    unsafe {
        let s = State::at(ip, fp);
        let op = op_of(&s);
        let n = u64::from(op.width());
        let at = 10 + Anywhere::SIZE;
        let operands = [V128::default(), read(s.slot(at)), V128::default()];
        let mut immediate = [0; 16];
        if lane {
            immediate[0] = s.small(at + 2);
        }
        let bits = simd::eval(op, operands, immediate).to_bits();
        let p = Anywhere::place(&s, 10, n)?;
        store_number(p, bits as u64, n.min(8));
        if n == 16 {
            store_number(p.add(8), (bits >> 64) as u64, 8);
        }
    }
    Ok(())
}
/// The handler of an access by its shape.
pub fn any_access(shape: SimdShape) -> Option<Handler> {
    Some(match shape {
        SimdShape::Load => step::<AnyVecLoad<false>>,
        SimdShape::LoadLane => step::<AnyVecLoad<true>>,
        SimdShape::Store => step::<AnyVecStore<false>>,
        SimdShape::StoreLane => step::<AnyVecStore<true>>,
        _ => return None,
    })
}
