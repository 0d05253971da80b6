//! The handlers of vector instructions: vectors are in the first registers or in slots.
//!
//! Instructions that gain from newer processors have all their places there, and slots only on
//! older ones; all others have one set for every processor.

#[cfg(registers)]
use super::super::machine::R;
use super::super::machine::{I, S, VECTOR_K};
use super::super::simd::*;
use super::super::vector::{
    Base, Level, VecBinary, VecExtract, VecLoad, VecReplace, VecShift, VecShuffle, VecSplat,
    VecTernary, VecTest, VecUnary,
};
use super::super::vector::{def, gains, level_is_fast};
use super::served;
use super::{ANY, DST, H, RS, Raw, address, at, slot_imm, step, step_fast, to};
use crate::exec::atomic::AtShared;
use crate::exec::machine::{Expr as P, Num};
use crate::exec::roots::{At, AtImm, AtMemory, AtSum, Width};
use crate::ir::backend::{AddressForm, Dest, Handler, Place};
use crate::simd_rows;
use crate::tuning::SMALL;
use crate::wasm::ops::SimdOp;
use core::marker::PhantomData;

/// There is one level only.
#[cfg(not(target_arch = "x86_64"))]
use super::super::vector::Base as Fast;
#[cfg(target_arch = "x86_64")]
use super::super::vector::Fast;

/// Places of vectors.
const V: usize = VECTOR_K + 1;
/// The index of a place, or of a destination, of a vector.
fn vat(place: u8) -> usize {
    match place {
        place if place == Place::SLOT.0 => VECTOR_K,
        // Where there are no registers for vectors, none is below.
        reg if (0..VECTOR_K).contains(&usize::from(reg)) => usize::from(reg),
        _ => usize::MAX,
    }
}
/// Repeats an expression over the places of vectors.
#[cfg(registers)]
macro_rules! vectors {
    ($v:ident, $e:expr) => {
        [
            {
                type $v = R<0>;
                $e
            },
            {
                type $v = R<1>;
                $e
            },
            {
                type $v = S;
                $e
            },
        ]
    };
}
#[cfg(not(registers))]
macro_rules! vectors {
    ($v:ident, $e:expr) => {
        [{
            type $v = S;
            $e
        }]
    };
}

/// The handler of an instruction at a level.
macro_rules! leveled {
    ($level:ty, $root:ty) => {
        if <$level as Level>::FAST {
            Some(step_fast::<$root> as Raw)
        } else {
            Some(step::<$root> as Raw)
        }
    };
}
/// Whether the set of a level has an instruction with these places.
const fn has<L: Level>(op: SimdOp, places: &[usize]) -> bool {
    let mut slots = true;
    let mut i = 0;
    while i < places.len() {
        slots &= places[i] == VECTOR_K;
        i += 1;
    }
    L::FAST || slots || !gains(op)
}

/// The handlers of one instruction for one level; absent ones are taken from slots.
enum Table {
    Unary(&'static [[H; V]; V]),
    Binary(&'static [[[H; V]; V]; V]),
    Ternary(&'static [[[[H; V]; V]; V]; V]),
    Shift(&'static [[[H; 2]; V]; V]),
    Test(&'static [[H; V]; DST]),
    Splat(&'static [[H; RS]; V]),
    Extract(&'static [[H; V]; DST]),
    Replace(&'static [[[H; RS]; V]; V]),
    Const(&'static [H; V]),
    Memory,
}
/// Both levels of one instruction.
struct Levels {
    base: Table,
    fast: Table,
}

macro_rules! families { ($( $name:ident: $bound:path, $table:ident $array:ty = $e:expr; )*) => { $(
    struct $name<L, O>(PhantomData<(L, O)>);
    impl<L: Level, O: $bound> $name<L, O> {
        const TABLE: $array = $e;
    }
    impl<O: $bound> $name<Base, O> {
        const LEVELS: Levels = Levels {
            base: Table::$table(&Self::TABLE),
            fast: if gains(O::OP) {
                Table::$table(&$name::<Fast, O>::TABLE)
            } else {
                Table::$table(&Self::TABLE)
            },
        };
    }
)* } }
/// Whether this level's set has an instruction with these places of vectors.
macro_rules! has {
    ($($place:ident)*) => { has::<L>(O::OP, &[$( <$place as VecExpr>::PLACE ),*]) };
}
/// A handler that is there only under a condition.
macro_rules! only_if {
    ($condition:expr, $root:ty) => {
        if $condition { leveled!(L, $root) } else { None }
    };
}
families! {
    Unary: VecUnary, Unary [[H; V]; V] =
        vectors!(D, vectors!(A, only_if!(has!(A), VecUn<L, D, O, A>)));
    Binary: VecBinary, Binary [[[H; V]; V]; V] =
        vectors!(D, vectors!(A, vectors!(B, only_if!(has!(A B), VecBin<L, D, O, A, B>))));
    Ternary: VecTernary, Ternary [[[[H; V]; V]; V]; V] =
        vectors!(D, vectors!(A, vectors!(B, vectors!(C, only_if!(has!(A B C), VecTern<L, D, O, A, B, C>)))));
    Shuffle: VecShuffle, Binary [[[H; V]; V]; V] =
        vectors!(D, vectors!(A, vectors!(B, only_if!(has!(A B), VecShuf<L, D, O, A, B>))));
    Shift: VecShift, Shift [[[H; 2]; V]; V] =
        vectors!(D, vectors!(A, over!(N in slot_imm, only_if!(has!(A), VecShl<L, D, O, A, N>))));
    Test: VecTest, Test [[H; V]; DST] =
        over!(D in dst, vectors!(A, only_if!(has!(A), VecTst<L, D, O, A>)));
    Splat: VecSplat<A: Num>, Splat [[H; RS]; V] =
        vectors!(D, over!(X in reg_slot, leveled!(L, VecSpl<L, D, O, X>)));
    Extract: VecExtract<R: Num>, Extract [[H; V]; DST] =
        over!(D in dst, vectors!(A, only_if!(has!(A), VecExt<L, D, O, A>)));
    Replace: VecReplace<A: Num>, Replace [[[H; RS]; V]; V] =
        vectors!(D, vectors!(A, over!(X in reg_slot, only_if!(has!(A), VecRep<L, D, O, A, X>))));
}
static CONST: [H; V] = vectors![D, Some(step::<VecConst<D>> as Raw)];

/// The entry of one row.
macro_rules! entry {
    (Unary $op:ident) => {
        Unary::<Base, def::$op>::LEVELS
    };
    (Binary $op:ident) => {
        Binary::<Base, def::$op>::LEVELS
    };
    (Ternary $op:ident) => {
        Ternary::<Base, def::$op>::LEVELS
    };
    (Shift $op:ident) => {
        Shift::<Base, def::$op>::LEVELS
    };
    (Test $op:ident) => {
        Test::<Base, def::$op>::LEVELS
    };
    (Splat $op:ident) => {
        Splat::<Base, def::$op>::LEVELS
    };
    (Extract $op:ident) => {
        Extract::<Base, def::$op>::LEVELS
    };
    (Replace $op:ident) => {
        Replace::<Base, def::$op>::LEVELS
    };
    (Shuffle $op:ident) => {
        Shuffle::<Base, def::$op>::LEVELS
    };
    (Const $op:ident) => {
        Levels { base: Table::Const(&CONST), fast: Table::Const(&CONST) }
    };
    ($memory:ident $op:ident) => {
        Levels { base: Table::Memory, fast: Table::Memory }
    };
}
macro_rules! entries {
    ($($code:literal $text:literal $op:ident $shape:ident $(($ty:ident))? $width:literal
       $lanes:literal;)*) => {
        static SIMD: [Levels; SimdOp::ALL.len()] = [$( entry!($shape $op), )*];
    };
}
simd_rows!(entries);

/// See [`crate::ir::backend::Backend::simd`].
pub fn find(op: SimdOp, d: Dest, x: &[Place]) -> Option<Handler> {
    if SMALL {
        let slots = d == Dest::SLOT && x.iter().all(|&place| place == Place::SLOT);
        return address(any_vec(op.shape()).filter(|_| slots));
    }
    let levels = &SIMD[op as usize];
    let table = if level_is_fast() { &levels.fast } else { &levels.base };
    let v = |i: usize| vat(x[i].0);
    address(match table {
        Table::Unary(t) => *t.get(vat(d.0))?.get(v(0))?,
        Table::Binary(t) => *t.get(vat(d.0))?.get(v(0))?.get(v(1))?,
        Table::Ternary(t) => *t.get(vat(d.0))?.get(v(0))?.get(v(1))?.get(v(2))?,
        Table::Shift(t) => *t.get(vat(d.0))?.get(v(0))?.get(slot_imm(x[1]))?,
        Table::Test(t) | Table::Extract(t) => *t.get(to(d))?.get(v(0))?,
        Table::Splat(t) => *t.get(vat(d.0))?.get(at(x[0]))?,
        Table::Replace(t) => *t.get(vat(d.0))?.get(v(0))?.get(at(x[1]))?,
        Table::Const(t) => *t.get(vat(d.0))?,
        Table::Memory => None,
    })
}

// ---- moves -------------------------------------------------------------------------------------

static MOVE: [[H; V]; V] = vectors![D, vectors![X, Some(step::<VecMove<D, X>> as Raw)]];
static GLOBAL_GET: [H; V] = vectors![D, Some(step::<VecGlobalGet<D>> as Raw)];
static GLOBAL_SET: [H; V] = vectors![X, Some(step::<VecGlobalSet<X>> as Raw)];
static SELECT: [[[H; RS]; V]; V] =
    vectors![A, vectors![B, over!(C in reg_slot, Some(step::<VecSelect<S, A, B, C>> as Raw))]];

/// `d := x`.
pub fn mov(d: Dest, x: Place) -> Option<Handler> {
    address(match x {
        Place::GLOBAL => *GLOBAL_GET.get(vat(d.0))?,
        x => *MOVE.get(vat(d.0))?.get(vat(x.0))?,
    })
}
/// `global := x`.
pub fn global_set(x: Place) -> Option<Handler> {
    address(*GLOBAL_SET.get(vat(x.0))?)
}
/// `d := c ? a : b`.
pub fn select(d: Dest, a: Place, b: Place, c: Place) -> Option<Handler> {
    if d != Dest::SLOT {
        return None;
    }
    address(*SELECT.get(vat(a.0))?.get(vat(b.0))?.get(at(c))?)
}

// ---- memory ------------------------------------------------------------------------------------

struct Access {
    one: [[H; ANY]; V],
    imm: [[H; RS]; V],
    sum: [[[H; RS]; RS]; V],
    memory: H,
    shared: H,
}
macro_rules! access {
    ($w:ty, $root:ident) => {
        Access {
            one: vectors!(X, over!(A in any, Some(step::<$root<X, At<$w, A>>> as Raw))),
            imm: vectors!(X, over!(A in reg_slot, Some(step::<$root<X, AtImm<$w, A>>> as Raw))),
            sum: vectors!(X, over!(A in reg_slot, over!(B in reg_slot,
                if <A as P>::PLACE <= <B as P>::PLACE {
                    Some(step::<$root<X, AtSum<$w, A, B, false>>> as Raw)
                } else {
                    None
                }))),
            memory: Some(step::<$root<S, AtMemory<$w, S>>> as Raw),
            shared: Some(step::<$root<S, AtShared<$w, S>>> as Raw),
        }
    };
}
/// By the width of addresses.
static LOADS: [Access; 2] = [access!(u32, VecLoad16), access!(u64, VecLoad16)];
static STORES: [Access; 2] = [access!(u32, VecStore16), access!(u64, VecStore16)];
impl Access {
    fn find(&self, x: u8, form: AddressForm) -> Option<Handler> {
        let x = vat(x);
        address(match form {
            AddressForm::One(a) => *self.one.get(x)?.get(at(a))?,
            AddressForm::Imm(a) => *self.imm.get(x)?.get(at(a))?,
            AddressForm::Sum(a, b) => *self.sum.get(x)?.get(at(a))?.get(at(b))?,
            AddressForm::Memory(Place::SLOT) if x == VECTOR_K => self.memory,
            AddressForm::Shared(Place::SLOT) if x == VECTOR_K => self.shared,
            _ => None,
        })
    }
}

/// Loads that are not of 16 bytes: `[a + offset]` only.
struct Small {
    one: [[H; ANY]; V],
    memory: H,
    shared: H,
}
struct SmallLoad<W, O, const N: usize>(PhantomData<(W, O)>);
impl<W: Width, O: VecLoad, const N: usize> SmallLoad<W, O, N> {
    const TABLE: Small = Small {
        one: vectors![D, over!(A in any, Some(step::<VecLoadSmall<D, O, At<W, A>, N>> as Raw))],
        memory: Some(step::<VecLoadSmall<S, O, AtMemory<W, S>, N>> as Raw),
        shared: Some(step::<VecLoadSmall<S, O, AtShared<W, S>, N>> as Raw),
    };
}
macro_rules! small_loads {
    ($($op:ident $n:literal)*) => {
        fn small(op: SimdOp, is_64: bool) -> Option<&'static Small> {
            Some(match (op, is_64) {
                $( (SimdOp::$op, false) => &SmallLoad::<u32, def::$op, $n>::TABLE,
                   (SimdOp::$op, true) => &SmallLoad::<u64, def::$op, $n>::TABLE, )*
                _ => return None,
            })
        }
    };
}
small_loads! {
    V128Load8x8S 8 V128Load8x8U 8 V128Load16x4S 8 V128Load16x4U 8 V128Load32x2S 8 V128Load32x2U 8
    V128Load8Splat 1 V128Load16Splat 2 V128Load32Splat 4 V128Load64Splat 8
    V128Load32Zero 4 V128Load64Zero 8
}
macro_rules! lanes {
    ($find:ident $root:ident $($op:ident $n:literal)*) => {
        fn $find(op: SimdOp, is_64: bool, form: AddressForm) -> H {
            let shared = matches!(form, AddressForm::Shared(_));
            Some(match (op, is_64, shared) {
                $(
                    (SimdOp::$op, false, false) => lanes!($root AtMemory u32 $op $n),
                    (SimdOp::$op, true, false) => lanes!($root AtMemory u64 $op $n),
                    (SimdOp::$op, false, true) => lanes!($root AtShared u32 $op $n),
                    (SimdOp::$op, true, true) => lanes!($root AtShared u64 $op $n),
                )*
                _ => return None,
            })
        }
    };
    ($root:ident $at:ident $w:ident $op:ident $n:literal) => {
        step::<$root<$at<$w, S>, def::$op, $n>> as Raw
    };
}
lanes!(load_lane LoadLane V128Load8Lane 1 V128Load16Lane 2 V128Load32Lane 4 V128Load64Lane 8);
lanes!(store_lane StoreLane V128Store8Lane 1 V128Store16Lane 2 V128Store32Lane 4 V128Store64Lane 8);

/// See [`crate::ir::backend::Backend::simd_load`].
pub fn load(op: SimdOp, is_64: bool, d: Dest, form: AddressForm) -> Option<Handler> {
    if SMALL {
        let any = d == Dest::SLOT && served(form) == AddressForm::Shared(Place::SLOT);
        return address(any_access(op.shape()).filter(|_| any));
    }
    if op == SimdOp::V128Load {
        return LOADS[usize::from(is_64)].find(d.0, form);
    }
    if op.shape().has_lane() {
        return address(load_lane(op, is_64, form));
    }
    let table = small(op, is_64)?;
    address(match form {
        AddressForm::One(a) => *table.one.get(vat(d.0))?.get(at(a))?,
        AddressForm::Memory(Place::SLOT) if d == Dest::SLOT => table.memory,
        AddressForm::Shared(Place::SLOT) if d == Dest::SLOT => table.shared,
        _ => None,
    })
}
/// See [`crate::ir::backend::Backend::simd_store`].
pub fn store(op: SimdOp, is_64: bool, form: AddressForm, x: Place) -> Option<Handler> {
    if SMALL {
        let any = x == Place::SLOT && served(form) == AddressForm::Shared(Place::SLOT);
        return address(any_access(op.shape()).filter(|_| any));
    }
    if op == SimdOp::V128Store {
        return STORES[usize::from(is_64)].find(x.0, form);
    }
    address(store_lane(op, is_64, form))
}
