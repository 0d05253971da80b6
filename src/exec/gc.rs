//! Handlers of structures, arrays, casts and i31s (spec §4.4.4, §4.4.5).
//!
//! None of them loses a register: objects do not move, and an allocation saves what it uses.
#![allow(unsafe_code)]

use super::machine::{Cond, Dst, Expr, Root, State};
use super::roots::Address;
use crate::ir::backend::gc::Check;
use crate::rt::gc::object::{array_len, header, put, set_header, set_word, word};
use crate::rt::layout::{FuncData, StoreData};
use crate::rt::store::Store;
use crate::wasm::object::{HEADER_BYTES, HOST_KIND, I31_KIND, elements_offset};
use crate::wasm::registry::{NEAR, TypeDef};
use crate::wasm::trap::Trap;
use core::marker::PhantomData;

/// A field of the structure `a`: its offset (4 bytes), then `a`.
pub struct FieldOf<A>(PhantomData<A>);
impl<A: Expr> Address for FieldOf<A> {
    const SIZE: usize = 4 + A::SIZE;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, _: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, R9.
        unsafe {
            let object = A::get::<u64>(s, at + 4) as *mut u8;
            if object.is_null() {
                return Err(Trap::NullStructure);
            }
            Ok(object.add(s.u32(at) as usize))
        }
    }
}
/// The element `b` of the array `a`.
pub struct ElementOf<A, B>(PhantomData<(A, B)>);
impl<A: Expr, B: Expr> Address for ElementOf<A, B> {
    const SIZE: usize = A::SIZE + B::SIZE;
    #[inline(always)]
    unsafe fn place(s: &State, at: usize, n: u64) -> Result<*mut u8, Trap> {
        // SAFETY: E1, E2, R9.
        unsafe {
            let array = A::get::<u64>(s, at) as *mut u8;
            let index = B::get::<u32>(s, at + A::SIZE);
            if array.is_null() {
                return Err(Trap::NullArray);
            }
            if index >= array_len(array) {
                return Err(Trap::ArrayOutOfBounds);
            }
            let first = elements_offset(n.trailing_zeros() as u8) as usize;
            Ok(array.add(first + index as usize * n as usize))
        }
    }
}
/// Moves a v128 between a slot and an object: the slot, then the address.
pub struct WideAt<const STORE: bool, P>(PhantomData<P>);
impl<const STORE: bool, P: Address> Root for WideAt<STORE, P> {
    const SIZE: usize = 2 + P::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R9.
        unsafe {
            let (place, slot) = (P::place(s, 10, 16)?, s.slot(8));
            for i in 0..2 {
                if STORE {
                    set_word(place.add(i * 8), *slot.add(i));
                } else {
                    *slot.add(i) = word(place.add(i * 8));
                }
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `array.len`
pub struct ArrayLen<D, A>(PhantomData<(D, A)>);
impl<D: Dst, A: Expr> Root for ArrayLen<D, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R9.
        unsafe {
            let array = A::get::<u64>(s, 8 + D::SIZE) as *const u8;
            if array.is_null() {
                return Err(Trap::NullArray);
            }
            D::put::<u32>(s, 8, array_len(array));
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `i31.get_s`, `i31.get_u`
pub struct I31Get<const SIGNED: bool, D, A>(PhantomData<(D, A)>);
impl<const SIGNED: bool, D: Dst, A: Expr> Root for I31Get<SIGNED, D, A> {
    const SIZE: usize = D::SIZE + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            let bits = A::get::<u32>(s, 8 + D::SIZE);
            if bits == 0 {
                return Err(Trap::NullI31);
            }
            D::put::<u32>(s, 8, if SIGNED { (bits as i32 >> 1) as u32 } else { bits >> 1 });
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// `ref.as_non_null`
pub struct NonNull<A>(PhantomData<A>);
impl<A: Expr> Root for NonNull<A> {
    const SIZE: usize = A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2.
        unsafe {
            if A::get::<u64>(s, 8) == 0 {
                return Err(Trap::NullReference);
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}

// ---- tests and casts ---------------------------------------------------------------------------

/// The first word of an object; `None` for what is no object.
#[inline(always)]
unsafe fn first_word(bits: u64) -> Option<u64> {
    // SAFETY: R9: such a reference is the address of an object.
    (bits & 3 == 0).then(|| unsafe { header(bits as *const u8) })
}

/// How a reference that is not null is tested; see `ir::backend::gc::CheckKind`.
pub trait Passes {
    /// Whether it passes.
    unsafe fn passes(bits: u64, word: u64, info: u32) -> bool;
}
macro_rules! passes { ($($(#[$doc:meta])* $name:ident |$bits:ident, $word:ident, $info:ident| $e:expr;)*) => { $(
    $(#[$doc])*
    pub struct $name;
    impl Passes for $name {
        #[inline(always)]
        unsafe fn passes($bits: u64, $word: u64, $info: u32) -> bool {
            let _ = ($bits, $word, $info);
            #[allow(unused_unsafe)]
            // SAFETY: R9: the reference is of the hierarchy that validation has found.
            unsafe {
                $e
            }
        }
    }
)* } }
passes! {
    /// Exactly this type.
    Exact |bits, word, info| first_word(bits) == Some(word);
    /// A type with this ancestor.
    Near |bits, word, info| match first_word(bits) {
        Some(header) => {
            let depth = (info >> Check::DEPTH_SHIFT) as usize % NEAR;
            u64::from((*(header as *const TypeDef)).near[depth].0) == word
        }
        None => false,
    };
    /// One of these kinds.
    Kinds |bits, word, info| {
        let kind = match first_word(bits) {
            Some(header) => (*(header as *const TypeDef)).layout.kind as u8,
            None if bits & 1 != 0 => I31_KIND,
            None => HOST_KIND,
        };
        word & u64::from(kind) != 0
    };
    /// A type that is this one or below it.
    Deep |bits, word, info| is_below(bits, word as *const TypeDef, info);
    /// Any.
    Always |bits, word, info| true;
    /// None.
    Never |bits, word, info| false;
}
#[cold]
#[inline(never)]
unsafe extern "C" fn is_below(bits: u64, ty: *const TypeDef, info: u32) -> bool {
    // SAFETY: R1, R9: a function of the store, or an object or what stands for itself.
    unsafe {
        if info & Check::FUNC != 0 {
            let func = bits as *const FuncData;
            if info & Check::ONLY != 0 {
                return (*func).shape.ty == (*ty).id;
            }
            let store = (*(*func).instance).store.cast::<Store>();
            return (*store).registry.is_subtype((*func).shape.ty, (*ty).id);
        }
        first_word(bits).is_some_and(|header| (*(header as *const TypeDef)).is_below(&*ty))
    }
}

/// The test of `a`: a word (8 bytes) and a number (4 bytes) at byte `at`, then `a`.
#[inline(always)]
unsafe fn test<P: Passes, A: Expr>(s: &State, at: usize) -> Result<bool, Trap> {
    // SAFETY: E1, E2, R9.
    unsafe {
        let bits = A::get::<u64>(s, at + 12);
        let info = s.u32(at + 8);
        Ok(if bits == 0 { info & Check::NULL != 0 } else { P::passes(bits, s.u64(at), info) })
    }
}
const TEST: usize = 12;
/// `d := whether a passes`
pub struct Is<P, D, A>(PhantomData<(P, D, A)>);
impl<P: Passes, D: Dst, A: Expr> Root for Is<P, D, A> {
    const SIZE: usize = D::SIZE + TEST + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R9.
        unsafe {
            let passes = test::<P, A>(s, 8 + D::SIZE)?;
            D::put::<u32>(s, 8, passes as u32);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// A trap unless `a` passes.
pub struct Cast<P, A>(PhantomData<(P, A)>);
impl<P: Passes, A: Expr> Root for Cast<P, A> {
    const SIZE: usize = TEST + A::SIZE;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, R9.
        unsafe {
            if !test::<P, A>(s, 8)? {
                return Err(Trap::CastFailure);
            }
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// Branches if (`SENSE`) or unless `a` passes.
pub struct BrIs<const SENSE: bool, P, A>(PhantomData<(P, A)>);
impl<const SENSE: bool, P: Passes, A: Expr> Cond for BrIs<SENSE, P, A> {
    const LEN: usize = (12 + TEST + A::SIZE).next_multiple_of(8);
    #[inline(always)]
    unsafe fn test(s: &State) -> Result<bool, Trap> {
        // SAFETY: E1, E2, R9.
        unsafe { Ok(test::<P, A>(s, 12)? == SENSE) }
    }
}

// ---- new structures ----------------------------------------------------------------------------

/// What a new structure is filled with.
pub trait Fill {
    /// Fills the object from the slots.
    unsafe fn fill(object: *mut u8, slots: *const u64, ty: &TypeDef);
}
/// `N` words; more than 4: as many as the type says.
pub struct Words<const N: usize>;
impl<const N: usize> Fill for Words<N> {
    #[inline(always)]
    unsafe fn fill(object: *mut u8, slots: *const u64, ty: &TypeDef) {
        // SAFETY: E2, R9: the object has room for its fields, and every field has a slot.
        unsafe {
            let words = object.add(HEADER_BYTES as usize).cast::<u64>();
            let n = if N <= 4 { N } else { ty.layout.fields.len() };
            for i in 0..n {
                // Not a call of memcpy: that would cost every register.
                words.add(i).write_volatile((*slots.add(i)).to_le());
            }
        }
    }
}
/// Fields of any sizes.
pub struct Fields;
impl Fill for Fields {
    #[inline(always)]
    unsafe fn fill(object: *mut u8, slots: *const u64, ty: &TypeDef) {
        let mut slot = slots;
        // SAFETY: E2, R9: as above.
        unsafe {
            for field in &ty.layout.fields {
                put(object.add(field.offset as usize), field.size_log2, slot);
                slot = slot.add(field.slots());
            }
        }
    }
}
/// Zeros.
pub struct Default;
impl Fill for Default {
    #[inline(always)]
    unsafe fn fill(object: *mut u8, _: *const u64, ty: &TypeDef) {
        // SAFETY: R9: as above; sizes are multiples of 8.
        unsafe {
            for at in (HEADER_BYTES..ty.layout.size).step_by(8) {
                object.add(at as usize).cast::<u64>().write_volatile(0);
            }
        }
    }
}
/// `struct.new`: where the result goes, the type (8 bytes), the size of the cell in bytes (4) and
/// its number (2), the slot of the operands, how far the frame's slots are in use (4).
pub struct NewStruct<F, D>(PhantomData<(F, D)>);
impl<F: Fill, D: Dst> Root for NewStruct<F, D> {
    const SIZE: usize = D::SIZE + 20;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E2, E3, R9, R10.
        unsafe {
            let at = 8 + D::SIZE;
            let ty = s.u64(at) as *const TypeDef;
            let store = (*s.instance()).store;
            let cell = usize::from(s.small(at + 12));
            let range = (&raw const (*store).cells).cast::<crate::rt::layout::CellRange>();
            let object = match (*range.add(cell)).take(s.u32(at + 8)) {
                Some(object) => object,
                None => {
                    let top = s.fp.offset(s.u32(at + 16) as i32 as isize);
                    let object = alloc_struct(store, ty, top);
                    if object.is_null() {
                        return Err(Trap::AllocationTooLarge);
                    }
                    object
                }
            };
            set_header(object, ty as u64);
            F::fill(object, s.slot(at + 14), &*ty);
            D::put::<u64>(s, 8, object as u64);
            s.ip = s.ip.add(Self::LEN);
        }
        Ok(())
    }
}
/// Room for a structure; null if there is none.
#[cold]
#[inline(never)]
unsafe extern "C" fn alloc_struct(
    store: *mut StoreData,
    ty: *const TypeDef,
    top: *mut u64,
) -> *mut u8 {
    // SAFETY: E3, R10: everything that is alive is in the frames below `top`.
    unsafe {
        (*store).stack_top.set(top);
        let bytes = u64::from((*ty).layout.size);
        let object = (*store.cast::<Store>()).alloc_object(bytes, false);
        object.unwrap_or(core::ptr::null_mut())
    }
}
