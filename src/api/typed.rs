//! Rust types that stand for types of the language, and lists of them.

use super::store::Lent;
use super::{AsContext, Error, ExternRef, Func, RefType, ValType};
use crate::wasm::types::Value;
use alloc::vec::Vec;

pub(crate) mod sealed {
    /// Who claims a type wrongly could make references out of numbers.
    pub trait Sealed {}
}
use sealed::Sealed;

/// A Rust type that typed functions take and give: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`,
/// `u128` (v128), `Option<Func>` (funcref) and `Option<ExternRef>` (externref).
pub trait WasmType: Sealed + Copy + 'static {
    /// The type.
    const TYPE: ValType;
    /// Whether the value can be given to a store.
    #[doc(hidden)]
    fn check(self, _store: u64) -> Result<(), Error> {
        Ok(())
    }
    /// From the slots of a value of a store.
    #[doc(hidden)]
    fn get(slots: &[u64], store: u64) -> Self;
    /// Into the slots of a value.
    #[doc(hidden)]
    fn put(self, slots: &mut [u64]);
}
macro_rules! numbers { ($($t:ty = $ty:ident),*) => { $(
    impl Sealed for $t {}
    impl WasmType for $t {
        const TYPE: ValType = ValType::$ty;
        #[inline(always)]
        fn get(slots: &[u64], _: u64) -> $t {
            <$t as Value>::from_bits(slots[0])
        }
        #[inline(always)]
        fn put(self, slots: &mut [u64]) {
            slots[0] = Value::to_bits(self);
        }
    }
)* } }
numbers!(i32 = I32, u32 = I32, i64 = I64, u64 = I64, f32 = F32, f64 = F64);

impl Sealed for u128 {}
impl WasmType for u128 {
    const TYPE: ValType = ValType::V128;
    #[inline]
    fn get(slots: &[u64], _: u64) -> u128 {
        u128::from(slots[0]) | u128::from(slots[1]) << 64
    }
    #[inline]
    fn put(self, slots: &mut [u64]) {
        slots[0] = self as u64;
        slots[1] = (self >> 64) as u64;
    }
}
macro_rules! references { ($($t:ty = $ty:ident),*) => { $(
    impl Sealed for Option<$t> {}
    impl WasmType for Option<$t> {
        const TYPE: ValType = ValType::Ref(RefType::$ty);
        fn check(self, store: u64) -> Result<(), Error> {
            self.map_or(Ok(()), |reference| reference.bits(store).map(drop))
        }
        #[inline]
        fn get(slots: &[u64], store: u64) -> Self {
            <$t>::from_bits(slots[0], store)
        }
        #[inline]
        fn put(self, slots: &mut [u64]) {
            slots[0] = self.map_or(0, |reference| reference.raw());
        }
    }
)* } }
references!(Func = FUNC, ExternRef = EXTERN);

/// Parameters or results of a typed function: nothing, one value, or a tuple of up to 16.
pub trait WasmList: Sealed + Copy + 'static {
    /// How many slots it takes.
    #[doc(hidden)]
    const SLOTS: usize;
    /// As many slots.
    #[doc(hidden)]
    type Slots: AsMut<[u64]>;
    #[doc(hidden)]
    const ZERO: Self::Slots;
    /// Whether these are the types.
    #[doc(hidden)]
    fn matches(types: &[ValType]) -> bool;
    /// The types.
    #[doc(hidden)]
    fn types() -> Vec<ValType>;
    /// Whether the values can be given to a store.
    #[doc(hidden)]
    fn check(self, store: u64) -> Result<(), Error>;
    /// From the slots of a store.
    #[doc(hidden)]
    fn get(slots: &[u64], store: u64) -> Self;
    /// Into slots.
    #[doc(hidden)]
    fn put(self, slots: &mut [u64]);
}
impl<N: WasmType> WasmList for N {
    const SLOTS: usize = N::TYPE.slots();
    type Slots = [u64; 2];
    const ZERO: [u64; 2] = [0; 2];
    fn matches(types: &[ValType]) -> bool {
        types == [N::TYPE]
    }
    fn types() -> Vec<ValType> {
        alloc::vec![N::TYPE]
    }
    #[inline(always)]
    fn check(self, store: u64) -> Result<(), Error> {
        <N as WasmType>::check(self, store)
    }
    #[inline(always)]
    fn get(slots: &[u64], store: u64) -> N {
        <N as WasmType>::get(slots, store)
    }
    #[inline(always)]
    fn put(self, slots: &mut [u64]) {
        <N as WasmType>::put(self, slots);
    }
}
macro_rules! lists { ($($count:literal: $($n:ident $i:tt),*;)*) => { $(
    impl<$($n: WasmType),*> Sealed for ($($n,)*) {}
    impl<$($n: WasmType),*> WasmList for ($($n,)*) {
        const SLOTS: usize = 0 $(+ $n::TYPE.slots())*;
        type Slots = [u64; 2 * $count];
        const ZERO: Self::Slots = [0; 2 * $count];
        fn matches(types: &[ValType]) -> bool {
            types == [$($n::TYPE),*]
        }
        fn types() -> Vec<ValType> {
            alloc::vec![$($n::TYPE),*]
        }
        #[inline(always)]
        #[allow(unused_variables)]
        fn check(self, store: u64) -> Result<(), Error> {
            $( <$n as WasmType>::check(self.$i, store)?; )*
            Ok(())
        }
        #[inline(always)]
        #[allow(unused_variables, unused_mut, unused_assignments, clippy::unused_unit)]
        fn get(slots: &[u64], store: u64) -> Self {
            let mut at = 0;
            ($({
                let value = <$n as WasmType>::get(&slots[at..], store);
                at += $n::TYPE.slots();
                value
            },)*)
        }
        #[inline(always)]
        #[allow(unused_variables, unused_mut, unused_assignments)]
        fn put(self, slots: &mut [u64]) {
            let mut at = 0;
            $(
                <$n as WasmType>::put(self.$i, &mut slots[at..]);
                at += $n::TYPE.slots();
            )*
        }
    }
)* } }
/// Calls a macro with every list of up to 16 types.
macro_rules! all_lists { ($macro:ident) => { $macro! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, G 5;
    7: A 0, B 1, C 2, D 3, E 4, G 5, H 6;
    8: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7;
    9: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8;
    10: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9;
    11: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10;
    12: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11;
    13: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12;
    14: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13;
    15: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13, P 14;
    16: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13, P 14, Q 15;
} } }
pub(super) use all_lists;
all_lists!(lists);

/// The number of the store that a context lends.
#[inline]
pub(super) fn store_of(cx: &impl AsContext) -> u64 {
    cx.core().id
}
