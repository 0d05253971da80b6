//! Handlers of two operations at once: complete families, by what constants they take.

use super::super::frames::{Call, ReturnOne};
use super::super::machine::{Bin, Dst, Expr as P, I, Num, Plus, S, step, step_of};
#[cfg(registers)]
use super::super::machine::{R, W};
use super::super::pairs::*;
use super::super::roots::*;
use super::{
    ANY, DST, FULL, H, RS, Raw, address, apart, at, has, in_order, is_register, to, to_slot,
};
use crate::ir::backend::{AddressForm, Choice, Dest, Handler, Place};
use crate::tuning::SMALL;
use crate::wasm::instr::{BinOp, Binary, def};
use crate::wasm::ops::{LoadOp, StoreOp};
use core::marker::PhantomData;

/// `(a op constant) op constant`: by destination and `a`.
type Constants = [[H; RS]; FULL];
/// One constant: by destination and two places.
type Two = [[[H; RS]; RS]; FULL];
/// No constant.
type Three = [[[[H; RS]; RS]; RS]; FULL];

struct Pair<Q, O>(PhantomData<(Q, O)>);
impl<Q: Binary<A: Num, R: Num>, O: Binary<A: Num, R: Num>> Pair<Q, O> {
    const CONSTANTS: Constants = over!(D in full_dst, over!(A in reg_slot, Some(step::<SetBin<D, Q, Bin<O, A, I>, I>> as Raw)));
    const FIRST: Two = over!(D in full_dst, over!(A in reg_slot, over!(C in reg_slot,
        Some(step::<SetBin<D, Q, Bin<O, A, I>, C>> as Raw))));
    const SECOND: Two = over!(D in full_dst, over!(A in reg_slot, over!(B in reg_slot,
        only!(has(O::OP, <A as P>::PLACE, <B as P>::PLACE),
            step::<SetBin<D, Q, Bin<O, A, B>, I>>))));
    const NONE: Three = over!(D in full_dst, over!(A in reg_slot, over!(B in reg_slot, over!(C in reg_slot,
        only!(has_three(O::OP, <A as P>::PLACE, <B as P>::PLACE, <C as P>::PLACE)
            && fills::<D>(&[<A as P>::PLACE, <B as P>::PLACE, <C as P>::PLACE]),
            step::<SetBin<D, Q, Bin<O, A, B>, C>>)))));
}
/// Whether a result of these operands goes there: to a slot only if none is in a register, as what is
/// not kept in one is rarely made of what is.
const fn fills<D: Dst>(operands: &[usize]) -> bool {
    let (mut slots, mut i) = (true, 0);
    while i < operands.len() {
        slots &= !is_register(operands[i]);
        i += 1;
    }
    slots || !to_slot::<D>()
}
/// Whether `(a op b)` and `c` may be in these places: never a slot before a register, and the third
/// one in neither register of the others.
const fn has_three(op: BinOp, a: usize, b: usize, c: usize) -> bool {
    has(op, a, b) && (is_register(a) || !is_register(b)) && apart(a, c) && apart(b, c)
}

/// A function that finds the table of a pair of operations, outer ones first.
macro_rules! family {
    ($name:ident $table:ident: $ty:ty; $( [$($outer:ident)*] [$($inner:ident)*] )*) => {
        fn $name([outer, inner]: [BinOp; 2]) -> Option<&'static $ty> {
            $( {
                struct Row<Q>(PhantomData<Q>);
                impl<Q: Binary<A: Num, R: Num>> Row<Q> {
                    const ROW: &'static [(BinOp, &'static $ty)] =
                        &[$( (BinOp::$inner, &Pair::<Q, def::$inner>::$table) ),*];
                }
                let row = match outer {
                    $( BinOp::$outer => Row::<def::$outer>::ROW, )*
                    _ => &[],
                };
                if let Some((_, table)) = row.iter().find(|(op, _)| *op == inner) {
                    return Some(table);
                }
            } )*
            None
        }
    };
}
// Those that compilers leave: an operation on itself, products of sums and of shifts, and bits of what
// was shifted with its sign are written in other ways.
family! { constants CONSTANTS: Constants;
    [I32Add] [I32Mul I32And I32Shl I32ShrS I32ShrU]
    [I32Mul] [I32And I32ShrU]
    [I32And] [I32Add I32Mul I32Shl I32ShrU]
    [I32Shl] [I32Add I32And I32ShrU]
    [I32ShrS] [I32Add I32Mul I32Shl]
    [I32ShrU] [I32Add I32Mul I32And]
    [I64Add] [I64Mul I64And I64Shl I64ShrS I64ShrU]
    [I64Mul] [I64And I64ShrU]
    [I64And] [I64Add I64Shl I64ShrU]
    [I64Shl] [I64And I64ShrU]
    [I64ShrS] [I64Add I64Mul I64Shl]
    [I64ShrU] [I64Add I64Mul I64And]
}
family! { first FIRST: Two;
    [I32Add I32Or I32Xor] [I32And I32Shl I32ShrU]
    [I64Add I64Or I64Xor] [I64And I64Shl I64ShrU]
    [I32Add] [I32Add]
    [I32And] [I32Xor]
    [I64And] [I64Xor]
}
family! { second SECOND: Two;
    [I32And I32Shl I32ShrU] [I32Add]
    [I32And] [I32Xor]
    [I32Rotl] [I32Add I32Xor]
    [I64ShrU] [I64Add]
    [I64Rotl] [I64Add I64Xor]
}
family! { three NONE: Three;
    [I32Add] [I32Add]
    [I32Xor] [I32And I32Xor]
    [I32And] [I32Xor]
    [I64Xor] [I64Xor]
    [F32Add F32Sub] [F32Mul]
    [F64Add F64Sub] [F64Mul]
    [F64Add F64Mul] [F64Add F64Sub]
}

/// See [`crate::ir::backend::Backend::tree`].
pub fn tree(ops: [BinOp; 2], d: Dest, [a, b, c]: [Place; 3]) -> Option<Handler> {
    if SMALL {
        return None;
    }
    let (d, x) = (to(d), at(a));
    address(match (b == Place::IMM, c == Place::IMM) {
        (true, true) => *constants(ops)?.get(d)?.get(x)?,
        (true, false) => *first(ops)?.get(d)?.get(x)?.get(at(c))?,
        (false, true) => *second(ops)?.get(d)?.get(x)?.get(at(b))?,
        (false, false) => *three(ops)?.get(d)?.get(x)?.get(at(b))?.get(at(c))?,
    })
}

// ---- choices -----------------------------------------------------------------------------------

/// Whether the smaller or larger of two is that in either order.
const fn turns(op: BinOp) -> bool {
    !matches!(op, BinOp::F32Lt | BinOp::F32Gt | BinOp::F64Lt | BinOp::F64Gt)
}
/// Whether there is a choice between what is in these places.
const fn has_choice<D: Dst>(a: usize, b: usize) -> bool {
    apart(a, b) && fills::<D>(&[b])
}
/// By destination, `a`, `b`.
type Choices = [[[H; ANY]; RS]; FULL];
/// Without the write-through destinations.
type Orders = [[[H; ANY]; RS]; DST];
struct ChoiceFamily<O>(PhantomData<O>);
impl<O: Binary<A: Num, R: Num>> ChoiceFamily<O> {
    const PICK: Choices = over!(D in full_dst, over!(A in reg_slot, over!(B in any,
        only!(has_choice::<D>(<A as P>::PLACE, <B as P>::PLACE)
            && (!turns(O::OP) || in_order(<A as P>::PLACE, <B as P>::PLACE)),
            step::<SetPick<D, O, A, B>>))));
    const ORDER: Orders = over!(D in dst, over!(A in reg_slot, over!(B in any,
        only!(has_choice::<D>(<A as P>::PLACE, <B as P>::PLACE), step::<SetOrder<D, O, A, B>>))));
}
macro_rules! choices { ($($pick:ident)*; $($order:ident)*) => {
    fn choices(choice: Choice, op: BinOp) -> Option<&'static [[[H; ANY]; RS]]> {
        Some(match (choice, op) {
            $( (Choice::Pick, BinOp::$pick) => {
                static TABLE: Choices = ChoiceFamily::<def::$pick>::PICK;
                &TABLE
            } )*
            $( (Choice::Order, BinOp::$order) => {
                static TABLE: Orders = ChoiceFamily::<def::$order>::ORDER;
                &TABLE
            } )*
            _ => return None,
        })
    }
} }
choices! {
    I32LtS I32LtU I32GtS I32GtU I64LtS I64LtU I64GtS I64GtU F32Lt F32Gt F64Lt F64Gt;
    I32LtS I32LtU I64LtS I64LtU
}
/// See [`crate::ir::backend::Backend::choice`].
pub fn choice(choice: Choice, op: BinOp, d: Dest, a: Place, b: Place) -> Option<Handler> {
    if SMALL {
        return None;
    }
    address(*choices(choice, op)?.get(to(d))?.get(at(a))?.get(at(b))?)
}

// ---- division by constants ---------------------------------------------------------------------

macro_rules! divisions { ($($op:ident)*) => {
    fn division(op: BinOp) -> Option<&'static Constants> {
        Some(match op {
            $( BinOp::$op => {
                static TABLE: Constants = over!(D in full_dst, over!(A in reg_slot,
                    Some(step::<Divide<D, def::$op, A>> as Raw)));
                &TABLE
            } )*
            _ => return None,
        })
    }
} }
divisions!(I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU);
/// See [`crate::ir::backend::Backend::divide`].
pub fn divide(op: BinOp, d: Dest, a: Place) -> Option<Handler> {
    if SMALL {
        return None;
    }
    address(*division(op)?.get(to(d))?.get(at(a))?)
}

// ---- operations on loads -----------------------------------------------------------------------

/// Without the write-through destinations.
type Few = [[[H; RS]; RS]; DST];
/// Whether the result goes to two places.
const fn has_both(op: BinOp) -> bool {
    adds_up(op) || subtracts(op) || matches!(op, BinOp::I32Sub | BinOp::I64Sub)
}
/// Subtractions of floats.
const fn subtracts(op: BinOp) -> bool {
    matches!(op, BinOp::F32Sub | BinOp::F64Sub)
}
/// Operations that loops do over and over to one number, and products of floats: they have more
/// forms.
const fn adds_up(op: BinOp) -> bool {
    use BinOp::*;
    matches!(op, I32Add | I64Add | I32Xor | I64Xor | F32Add | F32Mul | F64Add | F64Mul)
}
/// Whether there is an operation on what is in the first place and what is at the address in the
/// second one. Floats and addresses have registers of their own.
const fn has_load<D: Dst>(op: BinOp, a: usize, x: usize) -> bool {
    use BinOp::*;
    let floats = matches!(op, F32Add | F32Sub | F32Mul | F64Add | F64Sub | F64Mul);
    (floats || apart(a, x)) && fills::<D>(&[x])
}
/// By destination, `a`, address: `[x + offset]` and `[(x + immediate) + offset]`; for memories of
/// 64-bit addresses, `[x + offset]`, if the whole of a number is loaded.
struct Loads {
    one: Two,
    imm: Two,
    one_64: Few,
}
struct LoadPair<O, T>(PhantomData<(O, T)>);
impl<O: Binary<A: Num, R: Num>, T: LoadAs> LoadPair<O, T> {
    const TABLE: Loads = Loads {
        one: over!(D in full_dst, over!(A in reg_slot, over!(X in reg_slot,
            only!(has_load::<D>(O::OP, <A as P>::PLACE, <X as P>::PLACE) && (!<D as Dst>::BOTH || has_both(O::OP)),
                step::<LoadBin<D, O, A, T, At<u32, X>>>)))),
        imm: over!(D in full_dst, over!(A in reg_slot, over!(X in reg_slot,
            only!(has_load::<D>(O::OP, <A as P>::PLACE, <X as P>::PLACE)
                && (!<D as Dst>::BOTH || T::N == size_of::<O::A>() as u64)
                && (adds_up(O::OP) || subtracts(O::OP)),
                step::<LoadBin<D, O, A, T, AtImm<u32, X>>>)))),
        one_64: over!(D in dst, over!(A in reg_slot, over!(X in reg_slot,
            only!(has_load::<D>(O::OP, <A as P>::PLACE, <X as P>::PLACE)
                && adds_up(O::OP) && T::N == size_of::<O::A>() as u64,
                step::<LoadBin<D, O, A, T, At<u64, X>>>)))),
    };
}
macro_rules! binary_loads { ($($op:ident $load:ident $name:ident)*) => {
    fn loads(op: BinOp, load: LoadOp) -> Option<&'static Loads> {
        Some(match (op, load) {
            $( (BinOp::$op, LoadOp::$load) => &LoadPair::<def::$op, $name>::TABLE, )*
            _ => return None,
        })
    }
} }
binary_loads! {
    I32Add I32Load L32U I32Sub I32Load L32U I32Mul I32Load L32U
    I32And I32Load L32U I32Or I32Load L32U I32Xor I32Load L32U
    I32Add I32Load8U L8U I32Sub I32Load8U L8U I32Or I32Load8U L8U I32Xor I32Load8U L8U
    I32Add I32Load16U L16U
    I64Add I64Load L64 I64Sub I64Load L64 I64Mul I64Load L64 I64Xor I64Load L64
    I64Add I64Load32U L32U I64Mul I64Load32U L32U
    F32Add F32Load LF32 F32Sub F32Load LF32 F32Mul F32Load LF32
    F64Add F64Load LF64 F64Sub F64Load LF64 F64Mul F64Load LF64
}
/// See [`crate::ir::backend::Backend::binary_load`].
pub fn binary_load(
    (op, load): (BinOp, LoadOp),
    is_64: bool,
    d: Dest,
    a: Place,
    x: AddressForm,
) -> Option<Handler> {
    if SMALL {
        return None;
    }
    let table = loads(op, load)?;
    address(match (x, is_64) {
        (AddressForm::One(x), false) => *table.one.get(to(d))?.get(at(a))?.get(at(x))?,
        (AddressForm::Imm(x), false) => *table.imm.get(to(d))?.get(at(a))?.get(at(x))?,
        (AddressForm::One(x), true) => *table.one_64.get(to(d))?.get(at(a))?.get(at(x))?,
        _ => return None,
    })
}

/// By destination, address.
type LoadImms = [[H; RS]; FULL];
macro_rules! load_imms { ($( $load:ident $name:ident [$($op:ident)*] )*) => {
    /// See [`crate::ir::backend::Backend::load_imm`].
    pub fn load_imm((op, load): (BinOp, LoadOp), d: Dest, x: AddressForm) -> Option<Handler> {
        if SMALL {
            return None;
        }
        let AddressForm::One(x) = x else { return None };
        let table = match (op, load) {
            $( $( (BinOp::$op, LoadOp::$load) => {
                static TABLE: LoadImms = over!(D in full_dst, over!(X in reg_slot,
                    only!(!SMALL, step_of::<LoadImm<D, def::$op, $name, At<u32, X>>>())));
                &TABLE
            } )* )*
            _ => return None,
        };
        address(*table.get(to(d))?.get(at(x))?)
    }
} }
load_imms! {
    I32Load L32U [I32Add I32Mul I32And I32Shl I32ShrS I32ShrU]
    I32Load8U L8U [I32Add I32And I32Shl I32ShrU]
    I32Load16U L16U [I32Add I32And I32Shl I32ShrU]
    I64Load L64 [I64Add I64And I64Shl I64ShrU]
}

// ---- storing what was computed ------------------------------------------------------------------

/// By address, `a`, `b`: `[x + offset]` and `[(x + immediate) + offset]`.
struct Stores {
    one: [[[H; ANY]; RS]; ANY],
    imm: [[[H; ANY]; RS]; RS],
}
struct StorePair<O, T>(PhantomData<(O, T)>);
impl<O: Binary<A: Num, R: Num>, T: StoreAs> StorePair<O, T> {
    const TABLE: Stores = Stores {
        one: over!(X in any, over!(A in reg_slot, over!(B in any,
            only!(has(O::OP, <A as P>::PLACE, <B as P>::PLACE),
                step::<Store<T, At<u32, X>, Bin<O, A, B>>>)))),
        imm: over!(X in reg_slot, over!(A in reg_slot, over!(B in any,
            only!(matches!(O::OP, BinOp::I32Add | BinOp::I64Add)
                && has(O::OP, <A as P>::PLACE, <B as P>::PLACE),
                step::<Store<T, AtImm<u32, X>, Bin<O, A, B>>>)))),
    };
}
macro_rules! binary_stores { ($($op:ident $store:ident)*) => {
    fn stores(op: BinOp) -> Option<&'static Stores> {
        Some(match op {
            $( BinOp::$op => { static TABLE: Stores = StorePair::<def::$op, $store>::TABLE; &TABLE } )*
            _ => return None,
        })
    }
} }
binary_stores! {
    I32Add S32 I32Sub S32 I32And S32 I32Or S32 I32Xor S32
    I64Add S64 I64Sub S64 I64Or S64 I64Xor S64
    F32Add LF32 F32Mul LF32 F64Add LF64 F64Sub LF64 F64Mul LF64
}
/// See [`crate::ir::backend::Backend::binary_store`].
pub fn binary_store(op: BinOp, x: AddressForm, a: Place, b: Place) -> Option<Handler> {
    if SMALL {
        return None;
    }
    let table = stores(op)?;
    let table = match x {
        AddressForm::One(x) => table.one.get(at(x))?,
        AddressForm::Imm(x) => table.imm.get(at(x))?,
        _ => return None,
    };
    address(*table.get(at(a))?.get(at(b))?)
}

/// By address, `b`.
type Updates = [[H; ANY]; ANY];
macro_rules! updates { ($($op:ident $store:ident $load:ident $as:ident)*) => {
    /// See [`crate::ir::backend::Backend::update`].
    pub fn update(op: BinOp, store: StoreOp, x: AddressForm, b: Place) -> Option<Handler> {
        let AddressForm::One(x) = x else { return None };
        let table = match (op, store) {
            $( (BinOp::$op, StoreOp::$store) => {
                static TABLE: Updates = over!(X in any, over!(B in any,
                    only!(!SMALL, step_of::<Update<def::$op, $load, $as, At<u32, X>, B>>())));
                &TABLE
            } )*
            _ => return None,
        };
        address(*table.get(at(x))?.get(at(b))?)
    }
} }
updates! {
    I32Add I32Store L32U S32 I32Sub I32Store L32U S32
    I32And I32Store L32U S32 I32Or I32Store L32U S32 I32Xor I32Store L32U S32
    I32Add I32Store8 L8U S8 I32And I32Store8 L8U S8 I32Or I32Store8 L8U S8 I32Xor I32Store8 L8U S8
    I32Add I32Store16 L16U S16 I32And I32Store16 L16U S16
    I32Or I32Store16 L16U S16 I32Xor I32Store16 L16U S16
    I64Add I64Store L64 S64 I64Sub I64Store L64 S64
    I64And I64Store L64 S64 I64Or I64Store L64 S64 I64Xor I64Store L64 S64
    F32Add F32Store LF32 LF32 F32Sub F32Store LF32 LF32 F32Mul F32Store LF32 LF32
    F64Add F64Store LF64 LF64 F64Sub F64Store LF64 LF64 F64Mul F64Store LF64 LF64
}

/// By place of both addresses, and the operands: those that code of every kind is full of.
type StoreTwos = [[[H; ANY]; ANY]; ANY];
macro_rules! store_twos { ($($store:ident $as:ident)*) => {
    /// See [`crate::ir::backend::Backend::store_two`].
    pub fn store_two(op: StoreOp, x: Place, a: Place, b: Place) -> Option<Handler> {
        let table = match op {
            $( StoreOp::$store => {
                static TABLE: StoreTwos = over!(X in any, over!(A in any, over!(B in any,
                    only!(!SMALL && <X as P>::COMMON && <A as P>::COMMON && <B as P>::COMMON,
                        step_of::<StoreTwo<$as, At<u32, X>, At<u32, X>, A, B>>()))));
                &TABLE
            } )*
            _ => return None,
        };
        address(*table.get(at(x))?.get(at(a))?.get(at(b))?)
    }
} }
store_twos!(I32Store S32 I64Store S64);

// ---- loading twice, loading and storing ---------------------------------------------------------

/// By destination, operand.
type Derefs = [[H; RS]; FULL];
macro_rules! derefs { ($($load:ident $name:ident)*) => {
    /// See [`crate::ir::backend::AddressForm::Deref`].
    pub fn load_deref(op: LoadOp, width: u32, d: Dest, a: Place) -> Option<Handler> {
        if SMALL {
            return None;
        }
        let tables = match op {
            $( LoadOp::$load => {
                static TABLES: [Derefs; 2] = [
                    over!(D in full_dst, over!(A in reg_slot,
                        only!(!SMALL, step_of::<Load<D, $name, AtDeref<u32, A>>>()))),
                    over!(D in full_dst, over!(A in reg_slot,
                        only!(!SMALL, step_of::<Load<D, $name, AtDeref<u64, A>>>()))),
                ];
                &TABLES
            } )*
            _ => return None,
        };
        address(*tables[usize::from(width == 8)][to(d)].get(at(a))?)
    }
} }
derefs!(I32Load L32U I32Load8U L8U I32Load16U L16U I64Load L64);

/// By address, operand.
type DerefStores = [[H; ANY]; RS];
macro_rules! deref_stores { ($($store:ident $name:ident)*) => {
    /// The same for a store.
    pub fn store_deref(op: StoreOp, width: u32, a: Place, x: Place) -> Option<Handler> {
        if SMALL {
            return None;
        }
        let table = match (op, width) {
            $( (StoreOp::$store, 4) => {
                static TABLE: DerefStores = over!(A in reg_slot, over!(X in any,
                    only!(!SMALL, step_of::<Store<$name, AtDeref<u32, A>, X>>())));
                &TABLE
            } )*
            _ => return None,
        };
        address(*table.get(at(a))?.get(at(x))?)
    }
} }
deref_stores!(I32Store S32 I32Store8 S8 I32Store16 S16 I64Store S64);

/// By address of the load, of the store: `[x + offset]`, and `[(x + immediate) + offset]` for
/// either or both; and from where a pointer leads.
struct Copies {
    one: [[H; ANY]; ANY],
    to_imm: [[H; RS]; ANY],
    from_imm: [[H; ANY]; RS],
    imm: [[H; RS]; RS],
    deref: [[H; ANY]; RS],
}
struct Copying<T>(PhantomData<T>);
impl<T: Copy> Copying<T> {
    const TABLE: Copies = Copies {
        one: over!(X in any, over!(Y in any,
            only!(!SMALL, step_of::<CopyBytes<T, At<u32, X>, At<u32, Y>>>()))),
        to_imm: over!(X in any, over!(Y in reg_slot,
            only!(!SMALL, step_of::<CopyBytes<T, At<u32, X>, AtImm<u32, Y>>>()))),
        from_imm: over!(X in reg_slot, over!(Y in any,
            only!(!SMALL, step_of::<CopyBytes<T, AtImm<u32, X>, At<u32, Y>>>()))),
        imm: over!(X in reg_slot, over!(Y in reg_slot,
            only!(!SMALL, step_of::<CopyBytes<T, AtImm<u32, X>, AtImm<u32, Y>>>()))),
        deref: over!(X in reg_slot, over!(Y in any,
            only!(!SMALL, step_of::<CopyBytes<T, AtDeref<u32, X>, At<u32, Y>>>()))),
    };
}
macro_rules! copies { ($($width:literal $t:ty)*) => {
    /// See [`crate::ir::backend::Backend::copy`].
    pub fn copy(width: u32, x: AddressForm, y: AddressForm) -> Option<Handler> {
        if SMALL {
            return None;
        }
        use AddressForm::*;
        let table = match width {
            $( $width => {
                static TABLE: Copies = Copying::<$t>::TABLE;
                &TABLE
            } )*
            _ => return None,
        };
        address(match (x, y) {
            (One(x), One(y)) => *table.one.get(at(x))?.get(at(y))?,
            (One(x), Imm(y)) => *table.to_imm.get(at(x))?.get(at(y))?,
            (Imm(x), One(y)) => *table.from_imm.get(at(x))?.get(at(y))?,
            (Imm(x), Imm(y)) => *table.imm.get(at(x))?.get(at(y))?,
            (Deref(x, 4), One(y)) => *table.deref.get(at(x))?.get(at(y))?,
            _ => return None,
        })
    }
} }
copies!(1 u8 2 u16 4 u32 8 u64);

// ---- locals that grow ---------------------------------------------------------------------------

/// See [`crate::ir::backend::Backend::add_after`].
pub fn add_after(same: bool, d: Place, a: Place) -> Option<Handler> {
    static OLD: [[H; RS]; RS] = over!(D in reg_slot, over!(A in reg_slot, only!(!SMALL, step_of::<AddAfter<false, D, A>>())));
    static NEW: [[H; RS]; RS] = over!(D in reg_slot, over!(A in reg_slot, only!(!SMALL, step_of::<AddAfter<true, D, A>>())));
    address(*if same { &NEW } else { &OLD }.get(at(d))?.get(at(a))?)
}
/// See [`crate::ir::backend::Backend::add_two`].
pub fn add_two(a: Place, b: Place) -> Option<Handler> {
    static TABLE: [[H; RS]; RS] =
        over!(A in reg_slot, over!(B in reg_slot, only!(!SMALL, step_of::<AddTwo<A, B>>())));
    address(*TABLE.get(at(a))?.get(at(b))?)
}

// ---- what calls and returns begin with -----------------------------------------------------------

/// See [`crate::ir::backend::Backend::sum_call`].
pub fn sum_call(a: Place, x: Option<Place>) -> Option<Handler> {
    static ALONE: [H; RS] = over!(A in reg_slot, only!(!SMALL, step_of::<Call<(Plus<A>,)>>()));
    static WITH_MOVE: [[H; ANY]; RS] = over!(A in reg_slot, over!(X in any,
        only!(!SMALL, step_of::<Call<(Plus<A>, X)>>())));
    address(match x {
        Some(x) => *WITH_MOVE.get(at(a))?.get(at(x))?,
        None => *ALONE.get(at(a))?,
    })
}
/// See [`crate::ir::backend::Backend::return_binary`]: additions.
pub fn return_binary(op: BinOp, a: Place, b: Place) -> Option<Handler> {
    static ON_32: [[H; ANY]; RS] = over!(A in reg_slot, over!(B in any,
        only!(!SMALL, step_of::<ReturnOne<u32, Bin<def::I32Add, A, B>>>())));
    static ON_64: [[H; ANY]; RS] = over!(A in reg_slot, over!(B in any,
        only!(!SMALL, step_of::<ReturnOne<u64, Bin<def::I64Add, A, B>>>())));
    let table = match op {
        BinOp::I32Add => &ON_32,
        BinOp::I64Add => &ON_64,
        _ => return None,
    };
    address(*table.get(at(a))?.get(at(b))?)
}
