//! Globals as operands: of comparisons that are branched on, and as addresses.

use super::super::machine::{Bin, G, I, Num, S, branch_loop, branch_of, step_of};
#[cfg(registers)]
use super::super::machine::{R, W};
use super::super::roots::*;
use super::{ANY, FULL, H, Raw, address, at, to};
use crate::ir::backend::{AddressForm, Dest, Handler, Place, To};
use crate::tuning::SMALL;
use crate::wasm::instr::{BinOp, Binary, def};
use crate::wasm::ops::{LoadOp, StoreOp};
use core::marker::PhantomData;

/// By target, `b`.
type Branches = [[H; ANY]; 2];
struct Branch<O>(PhantomData<O>);
impl<O: Binary<A: Num, R: Num>> Branch<O> {
    const TABLE: Branches = [
        over!(B in any, only!(!SMALL, branch_of::<Br<true, O::R, Bin<O, G, B>>>())),
        over!(B in any, only!(!SMALL, branch_loop::<Br<true, O::R, Bin<O, G, B>>>)),
    ];
}
macro_rules! branches { ($($op:ident)*) => {
    /// See [`crate::ir::backend::Backend::br_global`].
    pub fn br(op: BinOp, to: To, b: Place) -> Option<Handler> {
        let table = match op {
            $( BinOp::$op => {
                static TABLE: Branches = Branch::<def::$op>::TABLE;
                &TABLE
            } )*
            _ => return None,
        };
        address(*table[usize::from(to.is_loop())].get(at(b))?)
    }
} }
branches!(I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU);

/// Whether the address is a global, or the sum of one and an immediate.
pub fn is_address(form: AddressForm) -> bool {
    !SMALL && matches!(form, AddressForm::One(Place::GLOBAL) | AddressForm::Imm(Place::GLOBAL))
}
macro_rules! loads { ($($load:ident $name:ident)*) => {
    /// A load from there.
    pub fn load(op: LoadOp, d: Dest, form: AddressForm) -> Option<Handler> {
        let tables = match op {
            $( LoadOp::$load => {
                static TABLES: [[H; FULL]; 2] = [
                    over!(D in full_dst, only!(!SMALL, step_of::<Load<D, $name, At<u32, G>>>())),
                    over!(D in full_dst, only!(!SMALL, step_of::<Load<D, $name, AtImm<u32, G>>>())),
                ];
                &TABLES
            } )*
            _ => return None,
        };
        address(tables[usize::from(matches!(form, AddressForm::Imm(_)))][to(d)])
    }
} }
loads!(I32Load L32U I32Load8U L8U I32Load16U L16U I64Load L64);
macro_rules! stores { ($($store:ident $name:ident)*) => {
    /// A store there.
    pub fn store(op: StoreOp, form: AddressForm, x: Place) -> Option<Handler> {
        let tables = match op {
            $( StoreOp::$store => {
                static TABLES: [[H; ANY]; 2] = [
                    over!(X in any, only!(!SMALL, step_of::<Store<$name, At<u32, G>, X>>())),
                    over!(X in any, only!(!SMALL, step_of::<Store<$name, AtImm<u32, G>, X>>())),
                ];
                &TABLES
            } )*
            _ => return None,
        };
        address(*tables[usize::from(matches!(form, AddressForm::Imm(_)))].get(at(x))?)
    }
} }
stores!(I32Store S32 I32Store8 S8 I32Store16 S16 I64Store S64);
