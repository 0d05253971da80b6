//! Branches back that pay for the next turn of the loop: those that loops commonly end with. Others
//! go to the header, which does the same. And branches that pay for what follows if they are not
//! taken, where there is an instruction for that, too.

#[cfg(registers)]
use super::super::machine::R;
use super::super::machine::{
    Bin, Expr as P, I, Num, S, branch_mut_paying, branch_or_pay, branch_paying,
};
use super::super::pairs::*;
use super::super::roots::*;
use super::{ANY, Compares, H, RS, Raw, at, has_br};
use crate::ir::backend::{Place, To};
use crate::tuning::SMALL;
use crate::wasm::instr::{BinOp, Binary, def};
use core::marker::PhantomData;

/// The one for the way, if it is one of these: those that pay, and, where there are any, those that
/// pay if they are not taken.
fn way<T, const N: usize>(tables: &'static [T; N], to: To) -> Option<&'static T> {
    if SMALL {
        return None;
    }
    tables.get(match to {
        To::Paying => 0,
        To::OrPay => 1,
        To::Target | To::Loop => return None,
    })
}

struct BrFamily<O>(PhantomData<O>);
impl<O: Binary<A: Num, R: Num>> BrFamily<O> {
    const TABLES: [Compares; 2] = [
        over!(A in reg_slot, over!(B in any,
            only!(!SMALL && has_br(O::OP, <A as P>::PLACE, <B as P>::PLACE),
                branch_paying::<Br<true, O::R, Bin<O, A, B>>>))),
        over!(A in reg_slot, over!(B in any,
            only!(!SMALL && has_br(O::OP, <A as P>::PLACE, <B as P>::PLACE),
                branch_or_pay::<Br<true, O::R, Bin<O, A, B>>>))),
    ];
}
macro_rules! branches { ($($op:ident)*; $($wide:ident)*) => {
    /// See [`crate::ir::backend::Backend::br`].
    pub fn br(op: BinOp, sense: bool, to: To) -> Option<&'static Compares> {
        let tables = match (op, sense) {
            $( (BinOp::$op, true) => {
                static TABLES: [Compares; 2] = BrFamily::<def::$op>::TABLES;
                &TABLES
            } )*
            $( (BinOp::$wide, true) => {
                static TABLES: [Compares; 2] = BrFamily::<def::$wide>::TABLES;
                &TABLES
            } )*
            _ => return None,
        };
        way(tables, to)
    }
    /// See [`crate::ir::backend::Backend::add_br`].
    pub fn add_br(op: BinOp, to: To, a: Place) -> Option<&'static [H; ANY]> {
        let tables = match op {
            $( BinOp::$op => {
                static TABLES: [Compares; 1] = AddBrFamily::<def::$op>::TABLES;
                &TABLES
            } )*
            _ => return None,
        };
        way(tables, to)?.get(at(a))
    }
} }
struct AddBrFamily<O>(PhantomData<O>);
impl<O: Binary<A: Num, R: Num>> AddBrFamily<O> {
    const TABLES: [Compares; 1] =
        [over!(A in reg_slot, over!(B in any, only!(!SMALL, branch_mut_paying::<AddBr<A, O, B>>)))];
}
branches! {
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU;
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
}

macro_rules! tests {
    ($sense:literal $x:ident) => {
        [
            over!(A in reg_slot, only!(!SMALL, branch_paying::<Br<$sense, $x, A>>)),
            over!(A in reg_slot, only!(!SMALL, branch_or_pay::<Br<$sense, $x, A>>)),
        ]
    };
}
/// By width, sense, way.
static BR_TEST: [[[[H; RS]; 2]; 2]; 2] =
    [[tests!(false u32), tests!(true u32)], [tests!(false u64), tests!(true u64)]];
/// See [`crate::ir::backend::Backend::br_test`].
pub fn br_test(is_64: bool, sense: bool, to: To) -> Option<&'static [H; RS]> {
    way(&BR_TEST[usize::from(is_64)][usize::from(sense)], to)
}
