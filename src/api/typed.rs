//! Rust types that stand for types of the language, and lists of them.

use super::{AnyRef, ArrayRef, Error, ExternRef, Func, RefType, StructRef, Val, ValType};
use crate::rt::store::Store as Core;
use crate::wasm::types::Value;
use alloc::vec::Vec;

pub(crate) mod sealed {
    /// Who claims a type wrongly could make references out of numbers.
    pub trait Sealed {}
}
use sealed::Sealed;

/// A Rust type that typed functions take and give: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`,
/// `u128` (v128), `Option<Func>` (funcref), `Option<ExternRef>` (externref), `Option<AnyRef>`
/// (anyref), `Option<StructRef>` (structref) and `Option<ArrayRef>` (arrayref).
pub trait WasmType: Sealed + Copy + Into<Val> + 'static {
    /// The type.
    const TYPE: ValType;
    /// Whether the value can be given to a store.
    #[doc(hidden)]
    fn check(self, _core: &Core) -> Result<(), Error> {
        Ok(())
    }
    /// From the slots of a value of a store.
    #[doc(hidden)]
    fn get(slots: &[u64], core: &Core) -> Self;
    /// Into the slots of a value.
    #[doc(hidden)]
    fn put(self, slots: &mut [u64], core: &Core);
}
macro_rules! numbers { ($($t:ty = $ty:ident),*) => { $(
    impl Sealed for $t {}
    impl WasmType for $t {
        const TYPE: ValType = ValType::$ty;
        #[inline(always)]
        fn get(slots: &[u64], _: &Core) -> $t {
            <$t as Value>::from_bits(slots[0])
        }
        #[inline(always)]
        fn put(self, slots: &mut [u64], _: &Core) {
            slots[0] = Value::to_bits(self);
        }
    }
)* } }
numbers!(i32 = I32, u32 = I32, i64 = I64, u64 = I64, f32 = F32, f64 = F64);

impl Sealed for u128 {}
impl WasmType for u128 {
    const TYPE: ValType = ValType::V128;
    #[inline]
    fn get(slots: &[u64], _: &Core) -> u128 {
        u128::from(slots[0]) | u128::from(slots[1]) << 64
    }
    #[inline]
    fn put(self, slots: &mut [u64], _: &Core) {
        slots[0] = self as u64;
        slots[1] = (self >> 64) as u64;
    }
}
impl Sealed for Option<Func> {}
impl WasmType for Option<Func> {
    const TYPE: ValType = ValType::Ref(RefType::FUNC);
    fn check(self, core: &Core) -> Result<(), Error> {
        self.map_or(Ok(()), |func| func.bits(core).map(drop))
    }
    #[inline]
    fn get(slots: &[u64], core: &Core) -> Self {
        Func::from_bits(slots[0], core)
    }
    #[inline]
    fn put(self, slots: &mut [u64], _: &Core) {
        slots[0] = self.map_or(0, Func::raw);
    }
}
macro_rules! references { ($($t:ident = $ty:ident),*) => { $(
    impl Sealed for Option<$t> {}
    impl WasmType for Option<$t> {
        const TYPE: ValType = ValType::Ref(RefType::$ty);
        fn check(self, core: &Core) -> Result<(), Error> {
            self.map_or(Ok(()), |reference| reference.bits(core).map(drop))
        }
        #[inline]
        fn get(slots: &[u64], core: &Core) -> Self {
            <$t>::from_bits(slots[0], core)
        }
        #[inline]
        fn put(self, slots: &mut [u64], core: &Core) {
            // It was checked: an entry that has ended would be noticed there.
            slots[0] = self.and_then(|reference| reference.bits(core).ok()).unwrap_or(0);
        }
    }
)* } }
references!(ExternRef = EXTERN, AnyRef = ANY, StructRef = STRUCT, ArrayRef = ARRAY);

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
    fn check(self, core: &Core) -> Result<(), Error>;
    /// From the slots of a store.
    #[doc(hidden)]
    fn get(slots: &[u64], core: &Core) -> Self;
    /// Into slots.
    #[doc(hidden)]
    fn put(self, slots: &mut [u64], core: &Core);
    /// As values.
    #[doc(hidden)]
    fn into_vals(self) -> Vec<Val>;
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
    fn check(self, core: &Core) -> Result<(), Error> {
        <N as WasmType>::check(self, core)
    }
    #[inline(always)]
    fn get(slots: &[u64], core: &Core) -> N {
        <N as WasmType>::get(slots, core)
    }
    #[inline(always)]
    fn put(self, slots: &mut [u64], core: &Core) {
        <N as WasmType>::put(self, slots, core);
    }
    fn into_vals(self) -> Vec<Val> {
        alloc::vec![self.into()]
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
        fn check(self, core: &Core) -> Result<(), Error> {
            $( <$n as WasmType>::check(self.$i, core)?; )*
            Ok(())
        }
        #[inline(always)]
        #[allow(unused_variables, unused_mut, unused_assignments, clippy::unused_unit)]
        fn get(slots: &[u64], core: &Core) -> Self {
            let mut at = 0;
            ($({
                let value = <$n as WasmType>::get(&slots[at..], core);
                at += $n::TYPE.slots();
                value
            },)*)
        }
        #[inline(always)]
        #[allow(unused_variables, unused_mut, unused_assignments)]
        fn put(self, slots: &mut [u64], core: &Core) {
            let mut at = 0;
            $(
                <$n as WasmType>::put(self.$i, &mut slots[at..], core);
                at += $n::TYPE.slots();
            )*
        }
        fn into_vals(self) -> Vec<Val> {
            alloc::vec![$(self.$i.into()),*]
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
