//! The handlers of structures, arrays and casts: see `table` for the order of places.

use super::gc::*;
use super::machine::{I, S, branch, branch_loop, step};
#[cfg(registers)]
use super::machine::{R, W};
use super::roots::*;
use super::table::{ANY, DST, FULL, H, Machine, RS, address, at, only, over, to};
use crate::exec::machine::Handler as Raw;
use crate::ir::backend::gc::{CheckKind, Filling, GcBackend};
use crate::ir::backend::{Dest, Handler, Place, To};
use crate::tuning::SMALL;
use crate::wasm::ops::{LoadOp, StoreOp};

/// Loads of one storage, of a field and of an element.
struct Loads {
    field: [[H; RS]; FULL],
    element: [[[H; ANY]; RS]; DST],
}
/// The same where not every combination is worth a handler.
struct ColdLoads {
    field: [[H; RS]; DST],
    element: [H; DST],
}
macro_rules! loads { ($($t:ident)*; $($cold:ident)*) => {
    #[allow(non_upper_case_globals)]
    mod loads { use super::*;
        $( pub static $t: Loads = Loads {
            field: over!(D in full_dst, over!(A in reg_slot,
                Some(step::<Load<D, $t, FieldOf<A>>> as Raw))),
            element: over!(D in dst, over!(A in reg_slot, over!(B in any,
                Some(step::<Load<D, $t, ElementOf<A, B>>> as Raw)))),
        }; )*
        $( pub static $cold: ColdLoads = ColdLoads {
            field: over!(D in dst, over!(A in reg_slot,
                Some(step::<Load<D, $cold, FieldOf<A>>> as Raw))),
            element: over!(D in dst, Some(step::<Load<D, $cold, ElementOf<S, S>>> as Raw)),
        }; )*
    }
} }
loads!(L8U L16U L32U L64 LF64; L8S32 L16S32 LF32);

enum AnyLoad {
    Hot(&'static Loads),
    Cold(&'static ColdLoads),
}
/// Fields have no loads that are narrower than an i64 but give one.
fn load(op: LoadOp) -> Option<AnyLoad> {
    Some(match op {
        LoadOp::I32Load8U => AnyLoad::Hot(&loads::L8U),
        LoadOp::I32Load16U => AnyLoad::Hot(&loads::L16U),
        LoadOp::I32Load => AnyLoad::Hot(&loads::L32U),
        LoadOp::I64Load => AnyLoad::Hot(&loads::L64),
        LoadOp::F64Load => AnyLoad::Hot(&loads::LF64),
        LoadOp::I32Load8S => AnyLoad::Cold(&loads::L8S32),
        LoadOp::I32Load16S => AnyLoad::Cold(&loads::L16S32),
        LoadOp::F32Load => AnyLoad::Cold(&loads::LF32),
        _ => return None,
    })
}

struct Stores {
    field: [[H; ANY]; RS],
    element: [[[H; ANY]; ANY]; RS],
}
macro_rules! stores { ($($t:ident)*) => {
    #[allow(non_upper_case_globals)]
    mod stores { use super::*;
        $( pub static $t: Stores = Stores {
            field: over!(A in reg_slot, over!(X in any,
                Some(step::<Store<$t, FieldOf<A>, X>> as Raw))),
            element: over!(A in reg_slot, over!(B in any, over!(X in any,
                Some(step::<Store<$t, ElementOf<A, B>, X>> as Raw)))),
        }; )*
    }
} }
stores!(S8 S16 S32 S64 LF32 LF64);
fn store(op: StoreOp) -> Option<&'static Stores> {
    Some(match op {
        StoreOp::I32Store8 => &stores::S8,
        StoreOp::I32Store16 => &stores::S16,
        StoreOp::I32Store => &stores::S32,
        StoreOp::I64Store => &stores::S64,
        StoreOp::F32Store => &stores::LF32,
        StoreOp::F64Store => &stores::LF64,
        _ => return None,
    })
}

static ARRAY_LEN: [[H; RS]; FULL] =
    over!(D in full_dst, over!(A in reg_slot, Some(step::<ArrayLen<D, A>> as Raw)));
static I31_GET: [[[H; RS]; DST]; 2] = [
    over!(D in dst, over!(A in reg_slot, Some(step::<I31Get<false, D, A>> as Raw))),
    over!(D in dst, over!(A in reg_slot, Some(step::<I31Get<true, D, A>> as Raw))),
];
static NON_NULL: [H; RS] = over!(A in reg_slot, Some(step::<NonNull<A>> as Raw));

macro_rules! is { ($($p:ident),*) => { [$(
    over!(D in dst, over!(A in reg_slot, Some(step::<Is<$p, D, A>> as Raw))),
)*] } }
static IS: [[[H; RS]; DST]; CheckKind::LOOKING] = is!(Exact, Near, Kinds, Deep);
macro_rules! br_is { ($($p:ident),*) => { [$( [
    [
        over!(A in reg_slot, Some(branch::<BrIs<false, $p, A>> as Raw)),
        over!(A in reg_slot, only!(!SMALL, branch_loop::<BrIs<false, $p, A>>)),
    ],
    [
        over!(A in reg_slot, Some(branch::<BrIs<true, $p, A>> as Raw)),
        over!(A in reg_slot, only!(!SMALL, branch_loop::<BrIs<true, $p, A>>)),
    ],
], )*] } }
/// By kind, sense, target.
static BR_IS: [[[[H; RS]; 2]; 2]; CheckKind::LOOKING] = br_is!(Exact, Near, Kinds, Deep);
macro_rules! cast { ($($p:ident),*) => { [$(
    over!(A in reg_slot, Some(step::<Cast<$p, A>> as Raw)),
)*] } }
static CAST: [[H; RS]; CheckKind::ALL] = cast!(Exact, Near, Kinds, Deep, Always, Never);

macro_rules! new { ($($fill:ty),*) => { [$(
    over!(D in dst, Some(step::<NewStruct<$fill, D>> as Raw)),
)*] } }
/// Up to four words, any number of words, fields, zeros.
static NEW: [[H; DST]; 8] =
    new!(Words<0>, Words<1>, Words<2>, Words<3>, Words<4>, Words<5>, Fields, Default);

impl GcBackend for Machine {
    fn field_load(op: LoadOp, d: Dest, a: Place) -> Option<Handler> {
        address(match load(op)? {
            AnyLoad::Hot(t) => *t.field.get(to(d))?.get(at(a))?,
            AnyLoad::Cold(t) => *t.field.get(to(d))?.get(at(a))?,
        })
    }
    fn field_store(op: StoreOp, a: Place, x: Place) -> Option<Handler> {
        address(*store(op)?.field.get(at(a))?.get(at(x))?)
    }
    fn element_load(op: LoadOp, d: Dest, a: Place, i: Place) -> Option<Handler> {
        address(match load(op)? {
            AnyLoad::Hot(t) => *t.element.get(to(d))?.get(at(a))?.get(at(i))?,
            AnyLoad::Cold(t) if a == Place::SLOT && i == Place::SLOT => *t.element.get(to(d))?,
            AnyLoad::Cold(_) => None,
        })
    }
    fn element_store(op: StoreOp, a: Place, i: Place, x: Place) -> Option<Handler> {
        address(*store(op)?.element.get(at(a))?.get(at(i))?.get(at(x))?)
    }
    fn wide(store: bool, element: bool) -> Handler {
        let handler: Raw = match (store, element) {
            (false, false) => step::<WideAt<false, FieldOf<S>>>,
            (true, false) => step::<WideAt<true, FieldOf<S>>>,
            (false, true) => step::<WideAt<false, ElementOf<S, S>>>,
            (true, true) => step::<WideAt<true, ElementOf<S, S>>>,
        };
        handler as usize
    }
    fn array_len(d: Dest, a: Place) -> Option<Handler> {
        address(*ARRAY_LEN.get(to(d))?.get(at(a))?)
    }
    fn i31_get(signed: bool, d: Dest, a: Place) -> Option<Handler> {
        address(*I31_GET[usize::from(signed)].get(to(d))?.get(at(a))?)
    }
    fn is(kind: CheckKind, d: Dest, a: Place) -> Option<Handler> {
        address(*IS.get(kind as usize)?.get(to(d))?.get(at(a))?)
    }
    fn br_is(kind: CheckKind, sense: bool, to: To, a: Place) -> Option<Handler> {
        let table = BR_IS.get(kind as usize)?;
        address(*table[usize::from(sense)][usize::from(to.is_loop())].get(at(a))?)
    }
    fn cast(kind: CheckKind, a: Place) -> Option<Handler> {
        address(*CAST[kind as usize].get(at(a))?)
    }
    fn non_null(a: Place) -> Option<Handler> {
        address(*NON_NULL.get(at(a))?)
    }
    fn new_struct(filling: Filling, d: Dest) -> Option<Handler> {
        let table = match filling {
            Filling::Words(n) => &NEW[n.min(5) as usize],
            Filling::Fields => &NEW[6],
            Filling::Default => &NEW[7],
        };
        address(*table.get(to(d))?)
    }
}
