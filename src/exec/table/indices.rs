//! `br_table` on what is no operand: see [`crate::ir::backend::Index`].

use super::*;

macro_rules! br_tables { ($($op:ident)*; [$outer:ident $inner:ident]; $($load:ident $name:ident)*) => {
    /// See [`crate::ir::backend::Backend::br_table`]: what is not an operand.
    pub fn br_table(index: Index) -> Option<H> {
        match index {
            $( Index::Bin(BinOp::$op, a) => {
                static TABLE: [H; RS] = over!(A in reg_slot,
                    only!(!SMALL, step_of::<BrTable<Bin<def::$op, A, I>>>()));
                TABLE.get(at(a)).copied()
            } )*
            Index::Tree([BinOp::$outer, BinOp::$inner], a) => {
                static TABLE: [H; RS] = over!(A in reg_slot,
                    only!(!SMALL, step_of::<BrTable<Bin<def::$outer, Bin<def::$inner, A, I>, I>>>()));
                TABLE.get(at(a)).copied()
            }
            $( Index::Load(LoadOp::$load, AddressForm::One(x)) => {
                static TABLE: [H; ANY] = over!(X in any,
                    only!(!SMALL, step_of::<BrTableLoad<$name, At<u32, X>>>()));
                TABLE.get(at(x)).copied()
            }
            Index::LoadSum(LoadOp::$load, AddressForm::One(x)) => {
                static TABLE: [H; ANY] = over!(X in any,
                    only!(!SMALL, step_of::<BrTableLoadSum<$name, At<u32, X>>>()));
                TABLE.get(at(x)).copied()
            } )*
            _ => None,
        }
    }
} }
br_tables!(I32Add I32And; [I32Add I32And]; I32Load L32U I32Load8U L8U I32Load16U L16U);
