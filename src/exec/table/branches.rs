//! Branches on what another operation gives: an addition to a local, a load, operations with
//! constants.

use super::super::machine::{
    Bin, Expr as P, I, Num, S, branch_loop, branch_mut, branch_mut_loop, branch_mut_paying,
    branch_of,
};
#[cfg(registers)]
use super::super::machine::{R, W};
use super::super::pairs::*;
use super::super::roots::*;
#[cfg(registers)]
use super::REGS;
use super::{ANY, H, RS, Raw, address, apart, at, has_sum, is_register, metered};
use crate::ir::backend::{AddressForm, Handler, Place, To};
use crate::tuning::SMALL;
use crate::wasm::instr::{BinOp, Binary, def};
use crate::wasm::ops::LoadOp;
use core::marker::PhantomData;

// ---- adding and branching ----------------------------------------------------------------------

/// By place, target, `b`.
type AddBrs = [[[H; ANY]; 2]; RS];
struct AddBrFamily<O>(PhantomData<O>);
impl<O: Binary<A: Num, R: Num>> AddBrFamily<O> {
    const TABLE: AddBrs = over!(A in reg_slot, [
        over!(B in any, only!(!SMALL && apart(<A as P>::PLACE, <B as P>::PLACE),
            branch_mut::<AddBr<A, O, B>>)),
        over!(B in any, only!(!SMALL && apart(<A as P>::PLACE, <B as P>::PLACE),
            branch_mut_loop::<AddBr<A, O, B>>)),
    ]);
}
macro_rules! add_branches { ($($op:ident)*) => {
    fn add_branches(op: BinOp) -> Option<&'static AddBrs> {
        Some(match op {
            $( BinOp::$op => {
                static TABLE: AddBrs = AddBrFamily::<def::$op>::TABLE;
                &TABLE
            } )*
            _ => return None,
        })
    }
} }
add_branches! {
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
}
/// See [`crate::ir::backend::Backend::add_br`].
pub fn add_br(op: BinOp, to: To, a: Place, b: Place) -> Option<Handler> {
    if SMALL {
        return None;
    }
    let table = match metered::add_br(op, to, a) {
        Some(table) => table,
        None => &add_branches(op)?.get(at(a))?[usize::from(to.is_loop())],
    };
    address(*table.get(at(b))?)
}

/// What a loop ends at does not change in it: from a slot it is read as soon.
const fn has_add_by(a: usize, x: usize, b: usize) -> bool {
    !SMALL && apart(a, x) && !is_register(b)
}
/// By place, what is added, `b`.
type AddByBrs = [[[H; ANY]; RS]; RS];
macro_rules! add_by_branches { ($($op:ident)*) => {
    /// See [`crate::ir::backend::Backend::add_by_br`].
    pub fn add_by_br(op: BinOp, to: To, a: Place, x: Place, b: Place) -> Option<Handler> {
        let tables = match op {
            $( BinOp::$op => {
                static TABLES: [AddByBrs; 2] = [
                    over!(A in reg_slot, over!(X in reg_slot, over!(B in any,
                        only!(has_add_by(<A as P>::PLACE, <X as P>::PLACE, <B as P>::PLACE),
                            branch_mut_loop::<AddByBr<A, X, def::$op, B>>)))),
                    over!(A in reg_slot, over!(X in reg_slot, over!(B in any,
                        only!(has_add_by(<A as P>::PLACE, <X as P>::PLACE, <B as P>::PLACE),
                            branch_mut_paying::<AddByBr<A, X, def::$op, B>>)))),
                ];
                &TABLES
            } )*
            _ => return None,
        };
        let table = match to {
            To::Loop => &tables[0],
            To::Paying => &tables[1],
            To::Target | To::OrPay => return None,
        };
        address(*table.get(at(a))?.get(at(x))?.get(at(b))?)
    }
} }
// Upwards: who subtracts takes a constant.
add_by_branches!(I32Ne I32LtS I32LtU I32LeS I32LeU);

// ---- loading and branching ---------------------------------------------------------------------

/// Whether loops commonly end with such a comparison of what is loaded: they look for something.
/// Others name their target like any branch.
const fn loops_end(op: BinOp) -> bool {
    use BinOp::*;
    !SMALL && matches!(op, I32Eq | I32Ne | I64Eq | I64Ne)
}
/// By target, address, `b`.
type LoadBrs = [[[H; ANY]; ANY]; 2];
struct LoadBr<O, T>(PhantomData<(O, T)>);
impl<O: Binary<A: Num, R: Num>, T: LoadAs> LoadBr<O, T> {
    const TABLE: LoadBrs = [
        over!(X in any, over!(B in any,
            only!(!SMALL, branch_of::<BrLoad<true, O, T, At<u32, X>, B>>()))),
        over!(X in any, over!(B in any,
            only!(loops_end(O::OP), branch_loop::<BrLoad<true, O, T, At<u32, X>, B>>))),
    ];
}
macro_rules! load_branches { ($($op:ident)*; $($whole:ident)*; $($wide:ident)*) => {
    fn load_branches(op: BinOp, load: LoadOp) -> Option<&'static LoadBrs> {
        Some(match (op, load) {
            $(
                (BinOp::$op, LoadOp::I32Load8U) => &LoadBr::<def::$op, L8U>::TABLE,
                (BinOp::$op, LoadOp::I32Load16U) => &LoadBr::<def::$op, L16U>::TABLE,
            )*
            $( (BinOp::$whole, LoadOp::I32Load) => &LoadBr::<def::$whole, L32U>::TABLE, )*
            $( (BinOp::$wide, LoadOp::I64Load) => &LoadBr::<def::$wide, L64>::TABLE, )*
            _ => return None,
        })
    }
} }
load_branches! {
    I32Eq I32Ne I32LtU I32GtU I32LeU I32GeU;
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU;
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
}
/// See [`crate::ir::backend::Backend::br_load`].
pub fn br_load(op: BinOp, load: LoadOp, to: To, x: AddressForm, b: Place) -> Option<Handler> {
    if SMALL {
        return None;
    }
    let b = at(b);
    // Both have a target: that of the loop has it, too.
    let [first, second] = if to.is_loop() { [1, 0] } else { [0; 2] };
    address(match x {
        AddressForm::One(x) => {
            let tables = load_branches(op, load)?;
            let find = |n: usize| *tables[n].get(at(x))?.get(b)?;
            find(first).or_else(|| find(second))
        }
        AddressForm::Sum(x, y) => {
            let tables = sum_branches(op, load)?;
            let find = |n: usize| *tables[n].get(at(x))?.get(at(y))?.get(b)?;
            find(first).or_else(|| find(second))
        }
        AddressForm::Deref(x, 4) => *deref_branches(op, load)?.get(at(x))?.get(b)?,
        _ => None,
    })
}
/// By target, the two parts of the address, `b`.
type SumBrs = [[[[H; ANY]; RS]; RS]; 2];
struct SumBr<O, T>(PhantomData<(O, T)>);
impl<O: Binary<A: Num, R: Num>, T: LoadAs> SumBr<O, T> {
    const TABLE: SumBrs = [
        over!(X in reg_slot, over!(Y in reg_slot, over!(B in any,
            only!(has_sum(<X as P>::PLACE, <Y as P>::PLACE),
                branch_of::<BrLoad<true, O, T, AtSum<u32, X, Y, false>, B>>())))),
        over!(X in reg_slot, over!(Y in reg_slot, over!(B in any,
            only!(T::N == 1 && has_sum(<X as P>::PLACE, <Y as P>::PLACE),
                branch_loop::<BrLoad<true, O, T, AtSum<u32, X, Y, false>, B>>)))),
    ];
}
macro_rules! sum_branches { ($($op:ident)*) => {
    /// Branches on what is at a sum: an element of an array.
    fn sum_branches(op: BinOp, load: LoadOp) -> Option<&'static SumBrs> {
        Some(match (op, load) {
            $(
                (BinOp::$op, LoadOp::I32Load) => &SumBr::<def::$op, L32U>::TABLE,
                (BinOp::$op, LoadOp::I32Load8U) => &SumBr::<def::$op, L8U>::TABLE,
            )*
            _ => return None,
        })
    }
} }
sum_branches!(I32Eq I32Ne);
/// By address, `b`.
type DerefBrs = [[H; ANY]; RS];
struct DerefBr<O, T>(PhantomData<(O, T)>);
impl<O: Binary<A: Num, R: Num>, T: LoadAs> DerefBr<O, T> {
    const TABLE: DerefBrs = over!(X in reg_slot, over!(B in any,
        only!(!SMALL, branch_of::<BrLoad<true, O, T, AtDeref<u32, X>, B>>())));
}
macro_rules! deref_branches { ($($op:ident)*) => {
    /// Branches on what is where a pointer leads.
    fn deref_branches(op: BinOp, load: LoadOp) -> Option<&'static DerefBrs> {
        Some(match (op, load) {
            $(
                (BinOp::$op, LoadOp::I32Load) => &DerefBr::<def::$op, L32U>::TABLE,
                (BinOp::$op, LoadOp::I32Load8U) => &DerefBr::<def::$op, L8U>::TABLE,
                (BinOp::$op, LoadOp::I32Load16U) => &DerefBr::<def::$op, L16U>::TABLE,
            )*
            _ => return None,
        })
    }
} }
deref_branches!(I32Eq I32Ne);

/// By target, `a`.
type TreeBrs = [[H; RS]; 2];
macro_rules! tree_branches { ($($inner:ident)*) => {
    /// See [`crate::ir::backend::Backend::br_tree`].
    pub fn br_tree([outer, inner]: [BinOp; 2], to: To, a: Place) -> Option<Handler> {
        let tables: &[TreeBrs; 2] = match inner {
            $( BinOp::$inner => {
                static TABLES: [TreeBrs; 2] = [
                    TreeBr::<def::I32Eq, def::$inner>::TABLE,
                    TreeBr::<def::I32Ne, def::$inner>::TABLE,
                ];
                &TABLES
            } )*
            _ => return None,
        };
        let table = match outer {
            BinOp::I32Eq => &tables[0],
            BinOp::I32Ne => &tables[1],
            _ => return None,
        };
        address(*table[usize::from(to.is_loop())].get(at(a))?)
    }
} }
struct TreeBr<Q, O>(PhantomData<(Q, O)>);
impl<Q: Binary<A: Num, R: Num>, O: Binary<A: Num, R: Num>> TreeBr<Q, O> {
    const TABLE: TreeBrs = [
        over!(A in reg_slot,
            only!(!SMALL, branch_of::<Br<true, Q::R, Bin<Q, Bin<O, A, I>, I>>>())),
        over!(A in reg_slot,
            only!(!SMALL, branch_loop::<Br<true, Q::R, Bin<Q, Bin<O, A, I>, I>>>)),
    ];
}
tree_branches!(I32And I32Shl);

/// By sense, target, address.
type MaskBrs = [[[H; ANY]; 2]; 2];
struct MaskBr<T>(PhantomData<T>);
impl<T: LoadAs> MaskBr<T> {
    const TABLE: MaskBrs = [Self::with_sense::<false>(), Self::with_sense::<true>()];
    const fn with_sense<const SENSE: bool>() -> [[H; ANY]; 2] {
        [
            over!(X in any,
                only!(!SMALL, branch_of::<BrLoad<SENSE, def::I32And, T, At<u32, X>, I>>())),
            over!(X in any,
                only!(!SMALL, branch_loop::<BrLoad<SENSE, def::I32And, T, At<u32, X>, I>>)),
        ]
    }
}
/// See [`crate::ir::backend::Backend::br_mask`].
pub fn br_mask(load: LoadOp, sense: bool, to: To, x: AddressForm) -> Option<Handler> {
    static TABLES: [MaskBrs; 3] =
        [MaskBr::<L32U>::TABLE, MaskBr::<L8U>::TABLE, MaskBr::<L16U>::TABLE];
    let AddressForm::One(x) = x else { return None };
    let table = match load {
        LoadOp::I32Load => &TABLES[0],
        LoadOp::I32Load8U => &TABLES[1],
        LoadOp::I32Load16U => &TABLES[2],
        _ => return None,
    };
    address(*table[usize::from(sense)][usize::from(to.is_loop())].get(at(x))?)
}

/// By register, sense, target, address.
#[cfg(registers)]
type LoadedBrs = [[[[H; ANY]; 2]; 2]; REGS];
#[cfg(registers)]
struct LoadedBr<T>(PhantomData<T>);
#[cfg(registers)]
impl<T: LoadAs> LoadedBr<T> {
    const TABLE: LoadedBrs = [
        Self::with_register::<0>(),
        Self::with_register::<1>(),
        Self::with_register::<2>(),
        Self::with_register::<3>(),
    ];
    const fn with_register<const N: usize>() -> [[[H; ANY]; 2]; 2] {
        [Self::with_sense::<N, false>(), Self::with_sense::<N, true>()]
    }
    const fn with_sense<const N: usize, const SENSE: bool>() -> [[H; ANY]; 2] {
        [
            over!(X in any, Some(branch_mut::<BrLoaded<SENSE, W<N>, T, At<u32, X>>> as Raw)),
            over!(X in any, Some(branch_mut_loop::<BrLoaded<SENSE, W<N>, T, At<u32, X>>> as Raw)),
        ]
    }
}
/// See [`crate::ir::backend::Backend::br_loaded`].
#[cfg(registers)]
pub fn br_loaded(load: LoadOp, sense: bool, to: To, reg: u8, a: Place) -> Option<Handler> {
    static TABLES: [LoadedBrs; 2] = [LoadedBr::<L32U>::TABLE, LoadedBr::<L8U>::TABLE];
    let table = match load {
        LoadOp::I32Load => &TABLES[0],
        LoadOp::I32Load8U => &TABLES[1],
        _ => return None,
    };
    let [sense, to] = [sense, to.is_loop()].map(usize::from);
    address(*table.get(usize::from(reg))?[sense][to].get(at(a))?)
}
#[cfg(not(registers))]
pub fn br_loaded(_: LoadOp, _: bool, _: To, _: u8, _: Place) -> Option<Handler> {
    None
}
