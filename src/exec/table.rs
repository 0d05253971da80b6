//! The handler set: families of handlers, each the cross product of an operation and the places
//! of its operands, as dense arrays that the translator indexes.
//!
//! Hot families have every destination; cold ones spare the write-through destinations and take
//! their second operand from a slot or an immediate only.

use super::atomic::{self, AtShared, Racy};
use super::bulk::{CopyFew, FillFew};
use super::frames::*;
use super::gates::*;
/// There is one level only.
#[cfg(not(target_arch = "x86_64"))]
use super::machine::step as step_fast;
#[cfg(target_arch = "x86_64")]
use super::machine::step_fast;
use super::machine::{
    Bin, Dst, Expr as P, G, I, L, Num, S, branch_loop, branch_of, pausing, quick_of, step, step_of,
    tail,
};
#[cfg(registers)]
use super::machine::{R, W};
use super::pairs::*;
use super::roots::*;
use super::slow;
use super::unwind::{Throw, ThrowRef};
use super::vector::level_is_fast;
use crate::exec::machine::Handler as Raw;
use crate::ir::backend::{
    AddressForm, Backend, Choice, Class, Dest, Fixed, Handler, Index, Place, SlowOp, Then, To,
};
use crate::numeric_rows;
use crate::tuning::{REGISTERS, SMALL};
use crate::wasm::instr::{BinOp, Binary, UnOp, Unary, def};
use crate::wasm::ops::{AtomicOp, LoadOp, SimdOp, StoreOp};

/// An entry of a table.
pub(super) type H = Option<Raw>;

/// Repeats an expression over a list of places, each in turn bound to the name of a type.
#[cfg(registers)]
macro_rules! over {
    ($v:ident in full_dst, $e:expr) => {
        [
            { type $v = R<0>; $e }, { type $v = R<1>; $e }, { type $v = R<2>; $e }, { type $v = R<3>; $e },
            { type $v = S; $e },
            { type $v = W<0>; $e }, { type $v = W<1>; $e }, { type $v = W<2>; $e }, { type $v = W<3>; $e },
        ]
    };
    ($v:ident in dst, $e:expr) => { over!($v in reg_slot, $e) };
    ($v:ident in reg_slot, $e:expr) => {
        [
            { type $v = R<0>; $e }, { type $v = R<1>; $e }, { type $v = R<2>; $e }, { type $v = R<3>; $e },
            { type $v = S; $e },
        ]
    };
    ($v:ident in any, $e:expr) => {
        [
            { type $v = R<0>; $e }, { type $v = R<1>; $e }, { type $v = R<2>; $e }, { type $v = R<3>; $e },
            { type $v = S; $e },
            { type $v = I; $e },
        ]
    };
    ($v:ident in any_long, $e:expr) => {
        [
            { type $v = R<0>; $e }, { type $v = R<1>; $e }, { type $v = R<2>; $e }, { type $v = R<3>; $e },
            { type $v = S; $e },
            { type $v = I; $e },
            { type $v = L; $e },
        ]
    };
    ($v:ident in slot_imm, $e:expr) => { [{ type $v = S; $e }, { type $v = I; $e }] };
}
#[cfg(not(registers))]
macro_rules! over {
    ($v:ident in full_dst, $e:expr) => {
        [{
            type $v = S;
            $e
        }]
    };
    ($v:ident in dst, $e:expr) => {
        [{
            type $v = S;
            $e
        }]
    };
    ($v:ident in reg_slot, $e:expr) => {
        [{
            type $v = S;
            $e
        }]
    };
    ($v:ident in any, $e:expr) => {
        [
            {
                type $v = S;
                $e
            },
            {
                type $v = I;
                $e
            },
        ]
    };
    ($v:ident in any_long, $e:expr) => {
        [
            {
                type $v = S;
                $e
            },
            {
                type $v = I;
                $e
            },
            {
                type $v = L;
                $e
            },
        ]
    };
    ($v:ident in slot_imm, $e:expr) => {
        [
            {
                type $v = S;
                $e
            },
            {
                type $v = I;
                $e
            },
        ]
    };
}
pub(super) use over;

/// Registers of each class.
const REGS: usize = super::machine::K;
/// Places of the lists above.
pub(super) const DST: usize = if REGS == 0 { 1 } else { REGS + 1 };
pub(super) const FULL: usize = if REGS == 0 { 1 } else { 2 * REGS + 1 };
pub(super) const RS: usize = DST;
pub(super) const ANY: usize = RS + 1;
const LONG: usize = RS + 2;

/// The index of a place in `reg_slot` and `any`.
pub(super) fn at(place: Place) -> usize {
    usize::from(place.0).wrapping_sub(REGISTERS - REGS)
}
/// The index of a destination in `dst` and `full_dst`.
pub(super) fn to(dest: Dest) -> usize {
    usize::from(dest.0).wrapping_sub(REGISTERS - REGS)
}
/// The index of a place in `slot_imm`.
fn slot_imm(place: Place) -> usize {
    usize::from(place.0).wrapping_sub(usize::from(Place::SLOT.0))
}
pub(super) fn address(handler: H) -> Option<Handler> {
    handler.map(|h| h as usize)
}

/// An entry that is there only under a condition.
macro_rules! only {
    ($condition:expr, $e:expr) => {
        if $condition { Some($e as Raw) } else { None }
    };
}
pub(super) use only;

/// Whether a handler with these places is there: in a small set all of them are slots.
pub(super) const fn plain(places: &[usize]) -> bool {
    let mut slots = true;
    let mut i = 0;
    while i < places.len() {
        slots &= places[i] == REGS;
        i += 1;
    }
    !SMALL || slots
}

mod branches;
mod globals;
mod indices;
mod metered;
mod simd;
mod trees;

// ---- numbers -----------------------------------------------------------------------------------

/// Whether `a op b` is `b op a`: such families have their places in order only.
const fn commutes(op: BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        I32Add
            | I32Mul
            | I32And
            | I32Or
            | I32Xor
            | I32Eq
            | I32Ne
            | I64Add
            | I64Mul
            | I64And
            | I64Or
            | I64Xor
            | I64Eq
            | I64Ne
            | F32Add
            | F32Mul
            | F32Eq
            | F32Ne
            | F64Add
            | F64Mul
            | F64Eq
            | F64Ne
    )
}
/// Whether two places are in order: sums have each pair once.
const fn in_order(a: usize, b: usize) -> bool {
    a <= b
}
const fn is_register(place: usize) -> bool {
    place + 1 < RS
}
/// Whether two places are not the same register. Only a local can be in both, and a local has a slot
/// where it can be read as well.
const fn apart(a: usize, b: usize) -> bool {
    a != b || !is_register(a)
}
/// Whether an operation on a number and itself is more than another name for something simpler.
const fn doubles(op: BinOp) -> bool {
    use BinOp::*;
    matches!(op, I32Add | I32Mul | I64Add | I64Mul | F32Add | F32Mul | F64Add | F64Mul)
}
/// Whether the result goes to a slot only.
const fn to_slot<D: Dst>() -> bool {
    D::SIZE != 0 && !D::BOTH
}
/// Whether a binary operation with these places is in the tables.
const fn has(op: BinOp, a: usize, b: usize) -> bool {
    (!commutes(op) || in_order(a, b)) && (apart(a, b) || doubles(op))
}
/// Whether a hot one is: with constants of 8 bytes, and constants as the first operand.
const fn has_hot(op: BinOp, a: usize, b: usize) -> bool {
    use BinOp::*;
    let long =
        matches!(op, I64Add | I64Mul | I64And | I64Or | I64Xor | F64Add | F64Sub | F64Mul | F64Div);
    let first = matches!(
        op,
        I32Sub | I64Sub | I32Shl | I64Shl | I32ShrU | I64ShrU | F32Sub | F64Sub | F32Div | F64Div
    );
    let (constant_a, constant_b) = (a > REGS, b > REGS);
    has(op, a, b) && (b <= REGS + 1 || long) && (!constant_a || (first && !constant_b))
}
const fn hot_binary(op: BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        I32Add
            | I32Sub
            | I32Mul
            | I32And
            | I32Or
            | I32Xor
            | I32Shl
            | I32ShrS
            | I32ShrU
            | I64Add
            | I64Sub
            | I64Mul
            | I64And
            | I64Or
            | I64Xor
            | I64Shl
            | I64ShrS
            | I64ShrU
            | F32Add
            | F32Sub
            | F32Mul
            | F32Div
            | F64Add
            | F64Sub
            | F64Mul
            | F64Div
    )
}
/// Rotations to the left, which compilers make of those to the right by constants: every operand
/// place, but no write-through destination, and constants as the first operand (`~(1 << k)`).
const fn warm_binary(op: BinOp) -> bool {
    matches!(op, BinOp::I32Rotl | BinOp::I64Rotl)
}
const fn has_warm(a: usize, b: usize) -> bool {
    let (constant_a, constant_b) = (a > REGS, b > REGS);
    apart(a, b) && !(constant_a && constant_b)
}
/// Whether a cold one is there with a constant as the second operand.
const fn has_constant(op: BinOp, b: usize) -> bool {
    plain(&[b]) || hot_binary(op)
}
const fn hot_unary(op: UnOp) -> bool {
    use UnOp::*;
    matches!(
        op,
        I32Eqz
            | I64Eqz
            | I32WrapI64
            | I64ExtendI32S
            | I64ExtendI32U
            | I32Extend8S
            | I32Extend16S
            | F64Sqrt
            | F64Neg
            | F64Abs
            | F64ConvertI32S
            | F64ConvertI32U
    )
}

enum BinTable {
    Hot(&'static [[[H; LONG]; ANY]; FULL]),
    Warm(&'static [[[H; ANY]; ANY]; DST]),
    Cold(&'static [[[H; 2]; RS]; DST]),
}
/// Roundings and bit counts: single instructions of newer processors.
const fn gains(op: UnOp) -> bool {
    use UnOp::*;
    matches!(
        op,
        I32Clz
            | I32Ctz
            | I32Popcnt
            | I64Clz
            | I64Ctz
            | I64Popcnt
            | F32Ceil
            | F32Floor
            | F32Trunc
            | F32Nearest
            | F64Ceil
            | F64Floor
            | F64Trunc
            | F64Nearest
    )
}

enum UnTable {
    Hot(&'static [[H; RS]; FULL]),
    Cold(&'static [[H; RS]; DST]),
    /// And the same for newer processors.
    Leveled(&'static [[H; RS]; DST], &'static [[H; RS]; DST]),
}
struct Family<O>(core::marker::PhantomData<O>);
impl<O: Binary<A: Num, R: Num>> Family<O> {
    const HOT: [[[H; LONG]; ANY]; FULL] = over!(D in full_dst, over!(A in any, over!(B in any_long,
        only!(has_hot(O::OP, <A as P>::PLACE, <B as P>::PLACE), step_of::<SetBin<D, O, A, B>>()))));
    const WARM: [[[H; ANY]; ANY]; DST] = over!(D in dst, over!(A in any, over!(B in any,
        only!(has_warm(<A as P>::PLACE, <B as P>::PLACE), step_of::<SetBin<D, O, A, B>>()))));
    const COLD: [[[H; 2]; RS]; DST] = over!(D in dst, over!(A in reg_slot, over!(B in slot_imm,
        only!(has_constant(O::OP, <B as P>::PLACE), step_of::<SetBin<D, O, A, B>>()))));
    const TABLE: BinTable = if hot_binary(O::OP) && !SMALL {
        BinTable::Hot(&Self::HOT)
    } else if warm_binary(O::OP) && !SMALL {
        BinTable::Warm(&Self::WARM)
    } else {
        BinTable::Cold(&Self::COLD)
    };
}
struct UnFamily<O>(core::marker::PhantomData<O>);
impl<O: Unary<A: Num, R: Num>> UnFamily<O> {
    const HOT: [[H; RS]; FULL] =
        over!(D in full_dst, over!(A in reg_slot, Some(step_of::<SetUn<D, O, A>>())));
    const COLD: [[H; RS]; DST] =
        over!(D in dst, over!(A in reg_slot, Some(step_of::<SetUn<D, O, A>>())));
    const FAST: [[H; RS]; DST] =
        over!(D in dst, over!(A in reg_slot, Some(step_fast::<SetUn<D, O, A>> as Raw)));
    const TABLE: UnTable = if hot_unary(O::OP) {
        UnTable::Hot(&Self::HOT)
    } else if cfg!(target_arch = "x86_64") && gains(O::OP) && !SMALL {
        UnTable::Leveled(&Self::COLD, &Self::FAST)
    } else {
        UnTable::Cold(&Self::COLD)
    };
}
macro_rules! numeric_tables {
    ( unary  { $( $ucode:literal $utext:literal $uname:ident ($ua:ident: $uty:ty) -> $ur:ty = $ubody:expr; )* }
      binary { $( $bcode:literal $btext:literal $bname:ident ($ba:ident: $bty:ty, $bb:ident: $_bty:ty) -> $br:ty = $bbody:expr; )* } ) => {
        static UNARY: [UnTable; UnOp::ALL.len()] = [$( UnFamily::<def::$uname>::TABLE, )*];
        static BINARY: [BinTable; BinOp::ALL.len()] = [$( Family::<def::$bname>::TABLE, )*];
    };
}
numeric_rows!(numeric_tables);

// ---- moves and selections ----------------------------------------------------------------------

macro_rules! moves {
    ($name:ident $t:ty) => {
        static $name: ([[H; ANY]; FULL], [[H; 2]; FULL]) = (
    over!(D in full_dst, over!(X in any, Some(step_of::<Move<$t, D, X>>()))),
            over!(D in full_dst, [
                Some(step_of::<Move<$t, D, L>>()),
                Some(step_of::<Move<$t, D, super::machine::G>>()),
            ]),
        );
    };
}
moves!(MOVE_INT u64);
moves!(MOVE_F32 f32);
moves!(MOVE_F64 f64);

/// As many as locals are pinned at most. A single one that does not set is a move.
#[cfg(registers)]
fn pins(regs: usize, set: bool) -> H {
    macro_rules! pins { ($($one:literal)*; $($more:literal)*) => {
        match (regs, set) {
            $( ($one, true) => Some(const { step_of::<Pins<$one, true>>() }), )*
            $( ($more, true) => Some(const { step_of::<Pins<$more, true>>() }),
            ($more, false) => Some(const { step_of::<Pins<$more, false>>() }), )*
            _ => None,
        }
    } }
    pins!(0b0001 0b0010 0b0100 0b1000; 0b0011 0b0101 0b1001 0b0110 0b1010 0b1100 0b0111 0b1011
        0b1101 0b1110)
}
#[cfg(not(registers))]
fn pins(_: usize, _: bool) -> H {
    None
}

static MOVE_TWO: [[H; ANY]; ANY] =
    over!(A in any, over!(B in any, only!(!SMALL, step_of::<MoveAll<(A, B)>>())));
static MOVE_THREE: [[[H; ANY]; ANY]; ANY] = over!(A in any, over!(B in any, over!(C in any,
    only!(!SMALL, step_of::<MoveAll<(A, B, C)>>()))));
static MOVE_JUMP: [H; ANY] = over!(A in any, only!(!SMALL, step_of::<Jump<(A,)>>()));
static MOVES_JUMP: [[H; ANY]; ANY] =
    over!(A in any, over!(B in any, only!(!SMALL, step_of::<Jump<(A, B)>>())));
static MOVE_CALL: [H; ANY] = over!(A in any, only!(!SMALL, step_of::<Call<(A,)>>()));
static MOVES_CALL: [[H; ANY]; ANY] =
    over!(A in any, over!(B in any, only!(!SMALL, step_of::<Call<(A, B)>>())));

static SELECT_INT: [[[[H; RS]; ANY]; ANY]; FULL] = over!(D in full_dst, over!(A in any, over!(B in any, over!(C in reg_slot,
    only!(plain(&[<A as P>::PLACE, <B as P>::PLACE]) && apart(<A as P>::PLACE, <B as P>::PLACE),
        step_of::<Select<u64, D, A, B, C>>())))));
macro_rules! float_select {
    ($name:ident $t:ty) => {
        static $name: [[[[H; RS]; RS]; RS]; 1] =
    [over!(A in reg_slot, over!(B in reg_slot, over!(C in reg_slot,
                only!(apart(<A as P>::PLACE, <B as P>::PLACE), step_of::<Select<$t, S, A, B, C>>()))))];
    };
}
float_select!(SELECT_F32 f32);
float_select!(SELECT_F64 f64);

// ---- branches ----------------------------------------------------------------------------------

type Compares = [[H; ANY]; RS];
type BrTables = [Compares; 2];
/// Integer comparisons branch if they hold; the translator turns them round where they must not.
/// Those of floats cannot be turned round.
/// The orders that a swap of the operands gives are there with an immediate only.
struct BrFamily<O>(core::marker::PhantomData<O>);
const fn swapped_order(op: BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        I32GtS
            | I32GtU
            | I32LeS
            | I32LeU
            | I64GtS
            | I64GtU
            | I64LeS
            | I64LeU
            | F32Gt
            | F32Ge
            | F64Gt
            | F64Ge
    )
}
/// Whether a comparison with these places is in the table.
const fn has_br(op: BinOp, a: usize, b: usize) -> bool {
    let only_large = matches!(op, BinOp::I32Or);
    (!swapped_order(op) || b > REGS) && has(op, a, b) && !(SMALL && only_large)
}
impl<O: Binary<A: Num, R: Num>> BrFamily<O> {
    const IF: BrTables = [
        over!(A in reg_slot, over!(B in any, only!(has_br(O::OP, <A as P>::PLACE, <B as P>::PLACE),
            branch_of::<Br<true, O::R, Bin<O, A, B>>>()))),
        over!(A in reg_slot, over!(B in any, only!(!SMALL && has_br(O::OP, <A as P>::PLACE, <B as P>::PLACE),
            branch_loop::<Br<true, O::R, Bin<O, A, B>>>))),
    ];
    const UNLESS: BrTables = [
        over!(A in reg_slot, over!(B in any, only!(has_br(O::OP, <A as P>::PLACE, <B as P>::PLACE),
            branch_of::<Br<false, O::R, Bin<O, A, B>>>()))),
        over!(A in reg_slot, over!(B in any, only!(!SMALL && has_br(O::OP, <A as P>::PLACE, <B as P>::PLACE),
            branch_loop::<Br<false, O::R, Bin<O, A, B>>>))),
    ];
}
macro_rules! branches {
    ($($if_only:ident)*; $($both:ident)*) => {
        fn br_tables(op: BinOp, sense: bool) -> Option<&'static BrTables> {
            match (op, sense) {
                $( (BinOp::$if_only, true) => { static T: BrTables = BrFamily::<def::$if_only>::IF; Some(&T) } )*
                $( (BinOp::$both, true) => { static T: BrTables = BrFamily::<def::$both>::IF; Some(&T) } )*
                $( (BinOp::$both, false) => { static T: BrTables = BrFamily::<def::$both>::UNLESS; Some(&T) } )*
                _ => None,
            }
        }
    };
}
branches! {
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU;
    I32And I64And I32Or
    F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge
}
/// By width, sense, target.
static BR_TEST: [[[[H; RS]; 2]; 2]; 2] = [
    [
        [
            over!(A in reg_slot, Some(branch_of::<Br<false, u32, A>>())),
            over!(A in reg_slot, only!(!SMALL, branch_loop::<Br<false, u32, A>>)),
        ],
        [
            over!(A in reg_slot, Some(branch_of::<Br<true, u32, A>>())),
            over!(A in reg_slot, only!(!SMALL, branch_loop::<Br<true, u32, A>>)),
        ],
    ],
    [
        [
            over!(A in reg_slot, Some(branch_of::<Br<false, u64, A>>())),
            over!(A in reg_slot, only!(!SMALL, branch_loop::<Br<false, u64, A>>)),
        ],
        [
            over!(A in reg_slot, Some(branch_of::<Br<true, u64, A>>())),
            over!(A in reg_slot, only!(!SMALL, branch_loop::<Br<true, u64, A>>)),
        ],
    ],
];
static BR_TABLE: [H; RS] = over!(A in reg_slot, Some(step_of::<BrTable<A>>()));
static BR_TABLE_GLOBAL: H = only!(!SMALL, step_of::<BrTable<G>>());

// ---- memory ------------------------------------------------------------------------------------

/// Whether addresses are taken as those of 64 bits. A small set does so always: in their slots
/// those of 32 bits are zero-extended.
const fn wide(is_64: bool) -> bool {
    is_64 || SMALL
}
/// What serves an address form. What is good for a shared memory is good for any.
fn served(form: AddressForm) -> AddressForm {
    match form {
        AddressForm::Memory(a) if SMALL => AddressForm::Shared(a),
        form => form,
    }
}

/// Whether a sum of two is an address.
const fn has_sum(a: usize, b: usize) -> bool {
    !SMALL && in_order(a, b) && apart(a, b)
}
/// Whether an index is multiplied by so many bytes.
const fn scales(width: u64) -> bool {
    !SMALL && width > 1
}

struct LoadTable {
    one: [[H; ANY]; FULL],
    imm: [[H; RS]; FULL],
    sum: [[[H; RS]; RS]; FULL],
    scaled: [[[H; RS]; RS]; DST],
    shl: [[H; RS]; FULL],
    mask_shl: [[H; RS]; DST],
    memory: H,
    shared: H,
}
struct ColdLoadTable {
    one: [[H; ANY]; DST],
    memory: H,
    shared: H,
}
macro_rules! load_table { ($t:ident $w:ty) => { LoadTable {
    one: over!(D in full_dst, over!(A in any,
        only!(plain(&[<A as P>::PLACE]), step_of::<Load<D, $t, At<$w, A>>>()))),
    imm: over!(D in full_dst, over!(A in reg_slot, only!(!SMALL, step_of::<Load<D, $t, AtImm<$w, A>>>()))),
    sum: over!(D in full_dst, over!(A in reg_slot, over!(B in reg_slot,
        only!(has_sum(<A as P>::PLACE, <B as P>::PLACE), step_of::<Load<D, $t, AtSum<$w, A, B, false>>>())))),
    scaled: over!(D in dst, over!(A in reg_slot, over!(B in reg_slot,
        only!(scales(<$t as LoadAs>::N) && apart(<A as P>::PLACE, <B as P>::PLACE),
            step_of::<Load<D, $t, AtSum<$w, A, B, true>>>())))),
    shl: over!(D in full_dst, over!(A in reg_slot,
        only!(scales(<$t as LoadAs>::N) && (<$w as Width>::COMMON || !<D as Dst>::BOTH),
            step_of::<Load<D, $t, AtShl<$w, A, false>>>()))),
    mask_shl: over!(D in dst, over!(A in reg_slot,
        only!(scales(<$t as LoadAs>::N) && <$w as Width>::COMMON, step_of::<Load<D, $t, AtShl<$w, A, true>>>()))),
    memory: only!(!SMALL, step_of::<Load<S, $t, AtMemory<$w, S>>>()),
    shared: Some(step_of::<Load<S, Racy<$t>, AtShared<$w, S>>>()),
} } }
macro_rules! cold_load_table { ($t:ident $w:ty) => { ColdLoadTable {
    one: over!(D in dst, over!(A in any,
        only!(plain(&[<A as P>::PLACE]), step_of::<Load<D, $t, At<$w, A>>>()))),
    memory: only!(!SMALL, step_of::<Load<S, $t, AtMemory<$w, S>>>()),
    shared: Some(step_of::<Load<S, Racy<$t>, AtShared<$w, S>>>()),
} } }
macro_rules! load_tables { ($($t:ident)*; $($cold:ident)*) => {
    #[allow(non_upper_case_globals)]
    mod loads32 { use super::*; $( pub static $t: LoadTable = load_table!($t u32); )* $( pub static $cold: ColdLoadTable = cold_load_table!($cold u32); )* }
    #[allow(non_upper_case_globals)]
    mod loads64 { use super::*; $( pub static $t: LoadTable = load_table!($t u64); )* $( pub static $cold: ColdLoadTable = cold_load_table!($cold u64); )* }
} }
load_tables!(L8U L16U L32U L64 L8S32 L16S32 LF32 LF64; L8S64 L16S64 L32S64);

enum AnyLoad {
    Hot(&'static LoadTable),
    Cold(&'static ColdLoadTable),
}
macro_rules! load_of {
    ($m:ident $op:expr) => {
        match $op {
            LoadOp::I32Load | LoadOp::I64Load32U => AnyLoad::Hot(&$m::L32U),
            LoadOp::I64Load => AnyLoad::Hot(&$m::L64),
            LoadOp::F32Load => AnyLoad::Hot(&$m::LF32),
            LoadOp::F64Load => AnyLoad::Hot(&$m::LF64),
            LoadOp::I32Load8S => AnyLoad::Hot(&$m::L8S32),
            LoadOp::I32Load8U | LoadOp::I64Load8U => AnyLoad::Hot(&$m::L8U),
            LoadOp::I32Load16S => AnyLoad::Hot(&$m::L16S32),
            LoadOp::I32Load16U | LoadOp::I64Load16U => AnyLoad::Hot(&$m::L16U),
            LoadOp::I64Load8S => AnyLoad::Cold(&$m::L8S64),
            LoadOp::I64Load16S => AnyLoad::Cold(&$m::L16S64),
            LoadOp::I64Load32S => AnyLoad::Cold(&$m::L32S64),
        }
    };
}

struct StoreTable {
    one: [[H; ANY]; ANY],
    imm: [[H; ANY]; RS],
    sum: [[[H; ANY]; RS]; RS],
    scaled: [[[H; ANY]; RS]; RS],
    mask_shl: [[H; ANY]; RS],
    memory: H,
    shared: H,
}
macro_rules! store_table { ($t:ident $w:ty) => { StoreTable {
    one: over!(A in any, over!(X in any,
        only!(plain(&[<A as P>::PLACE, <X as P>::PLACE]), step_of::<Store<$t, At<$w, A>, X>>()))),
    imm: over!(A in reg_slot, over!(X in any, only!(!SMALL, step_of::<Store<$t, AtImm<$w, A>, X>>()))),
    sum: over!(A in reg_slot, over!(B in reg_slot, over!(X in any,
        only!(has_sum(<A as P>::PLACE, <B as P>::PLACE), step_of::<Store<$t, AtSum<$w, A, B, false>, X>>())))),
    scaled: over!(A in reg_slot, over!(B in reg_slot, over!(X in any,
        only!(scales(<$t as StoreAs>::N) && apart(<A as P>::PLACE, <B as P>::PLACE),
            step_of::<Store<$t, AtSum<$w, A, B, true>, X>>())))),
    mask_shl: over!(A in reg_slot, over!(X in any,
        only!(scales(<$t as StoreAs>::N) && <$w as Width>::COMMON, step_of::<Store<$t, AtShl<$w, A, true>, X>>()))),
    memory: only!(!SMALL, step_of::<Store<$t, AtMemory<$w, S>, S>>()),
    shared: Some(step_of::<Store<Racy<$t>, AtShared<$w, S>, S>>()),
} } }
macro_rules! store_tables { ($($t:ident)*) => {
    #[allow(non_upper_case_globals)]
    mod stores32 { use super::*; $( pub static $t: StoreTable = store_table!($t u32); )* }
    #[allow(non_upper_case_globals)]
    mod stores64 { use super::*; $( pub static $t: StoreTable = store_table!($t u64); )* }
} }
store_tables!(S8 S16 S32 S64 LF32 LF64);
macro_rules! store_of {
    ($m:ident $op:expr) => {
        match $op {
            StoreOp::I32Store8 | StoreOp::I64Store8 => &$m::S8,
            StoreOp::I32Store16 | StoreOp::I64Store16 => &$m::S16,
            StoreOp::I32Store | StoreOp::I64Store32 => &$m::S32,
            StoreOp::I64Store => &$m::S64,
            StoreOp::F32Store => &$m::LF32,
            StoreOp::F64Store => &$m::LF64,
        }
    };
}

/// `memory.copy`, by where to, where from, how much.
static MEMORY_COPY: [[[H; 2]; ANY]; ANY] = over!(A in any, over!(B in any, over!(N in slot_imm,
    only!(!SMALL, quick_of::<CopyFew<A, B, N>>()))));
/// `memory.fill`, by where to, what with, how much.
static MEMORY_FILL: [[[H; 2]; 2]; ANY] = over!(A in any, over!(X in slot_imm, over!(N in slot_imm,
    only!(!SMALL, quick_of::<FillFew<A, X, N>>()))));

// ---- globals and calls -------------------------------------------------------------------------

static GLOBAL_SET: [[H; ANY]; 3] = [
    over!(X in any, only!(plain(&[<X as P>::PLACE]), step_of::<GlobalSet<u64, X>>())),
    over!(X in any, only!(plain(&[<X as P>::PLACE]), step_of::<GlobalSet<f32, X>>())),
    over!(X in any, only!(plain(&[<X as P>::PLACE]), step_of::<GlobalSet<f64, X>>())),
];
/// By width.
static GLOBAL_SET_SUM: [[H; RS]; 2] = [
    over!(A in reg_slot, only!(!SMALL, step_of::<GlobalSet<u32, Bin<def::I32Add, A, I>>>())),
    over!(A in reg_slot, only!(!SMALL, step_of::<GlobalSet<u64, Bin<def::I64Add, A, I>>>())),
];
/// By width, destination, which has a slot.
static GLOBAL_TEE: [[[H; RS]; FULL]; 2] = [
    over!(D in full_dst, over!(A in reg_slot,
        only!(!SMALL && <D as Dst>::SIZE != 0, step_of::<GlobalTee<D, def::I32Add, A>>()))),
    over!(D in full_dst, over!(A in reg_slot,
        only!(!SMALL && <D as Dst>::SIZE != 0, step_of::<GlobalTee<D, def::I64Add, A>>()))),
];
/// By width, what is added to.
static GLOBAL_RETURN: [[H; RS]; 2] = [
    over!(A in reg_slot, only!(!SMALL, step_of::<GlobalReturn<def::I32Add, A>>())),
    over!(A in reg_slot, only!(!SMALL, step_of::<GlobalReturn<def::I64Add, A>>())),
];
/// By width, what is added to, what is returned.
static GLOBAL_RETURN_ONE: [[[H; ANY]; RS]; 2] = [
    over!(A in reg_slot, over!(X in any,
        only!(!SMALL, step_of::<GlobalReturnOne<def::I32Add, A, X>>()))),
    over!(A in reg_slot, over!(X in any,
        only!(!SMALL, step_of::<GlobalReturnOne<def::I64Add, A, X>>()))),
];
/// By width, whether the global is set.
static GLOBAL_SUM: [[[H; FULL]; 2]; 2] = [
    [
        over!(D in full_dst, only!(!SMALL, step_of::<GlobalSum<false, D, def::I32Add>>())),
        over!(D in full_dst, only!(!SMALL, step_of::<GlobalSum<true, D, def::I32Add>>())),
    ],
    [
        over!(D in full_dst, only!(!SMALL, step_of::<GlobalSum<false, D, def::I64Add>>())),
        over!(D in full_dst, only!(!SMALL, step_of::<GlobalSum<true, D, def::I64Add>>())),
    ],
];
/// Which of the tables of additions it is.
fn addition(op: BinOp) -> Option<usize> {
    match op {
        BinOp::I32Add => Some(0),
        BinOp::I64Add => Some(1),
        _ => None,
    }
}
static RETURN_ONE: [[H; ANY]; 3] = [
    over!(A in any, only!(plain(&[<A as P>::PLACE]), step_of::<ReturnOne<u64, A>>())),
    over!(A in any, only!(plain(&[<A as P>::PLACE]), step_of::<ReturnOne<f32, A>>())),
    over!(A in any, only!(plain(&[<A as P>::PLACE]), step_of::<ReturnOne<f64, A>>())),
];
/// By tail, width of the index.
static CALL_INDIRECT: [[[H; RS]; 2]; 2] = [
    [
        over!(A in reg_slot, Some(quick_of::<CallIndirect<A, u32>>())),
        over!(A in reg_slot, Some(quick_of::<CallIndirect<A, u64>>())),
    ],
    [
        over!(A in reg_slot, Some(quick_of::<TailCallIndirect<A, u32>>())),
        over!(A in reg_slot, Some(quick_of::<TailCallIndirect<A, u64>>())),
    ],
];
static CALL_REF: [[H; RS]; 2] = [
    over!(A in reg_slot, Some(step_of::<CallRef<A>>())),
    over!(A in reg_slot, Some(step_of::<TailCallRef<A>>())),
];
static ZERO: [H; 8] = [
    Some(step_of::<ZeroN<1>>()),
    Some(step_of::<ZeroN<2>>()),
    Some(step_of::<ZeroN<3>>()),
    Some(step_of::<ZeroN<4>>()),
    Some(step_of::<ZeroN<5>>()),
    Some(step_of::<ZeroN<6>>()),
    Some(step_of::<ZeroN<7>>()),
    Some(step_of::<ZeroN<8>>()),
];

/// The index of a class of scalars.
fn class(class: Class) -> usize {
    match class {
        Class::Int => 0,
        Class::F32 => 1,
        Class::F64 => 2,
        Class::V128 => usize::MAX,
    }
}

/// The handlers of this build.
pub struct Machine;
impl Backend for Machine {
    const REGS: usize = REGS;
    const VECTOR_REGS: usize = super::machine::VECTOR_K;

    fn mov(class: Class, d: Dest, x: Place) -> Option<Handler> {
        let table = match class {
            Class::Int => &MOVE_INT,
            Class::F32 => &MOVE_F32,
            Class::F64 => &MOVE_F64,
            Class::V128 => return simd::mov(d, x),
        };
        address(match x {
            Place::LONG => table.1[to(d)][0],
            Place::GLOBAL => table.1[to(d)][1],
            x => table.0[to(d)][at(x)],
        })
    }

    fn moves(then: Then, x: &[Place]) -> Option<Handler> {
        address(match (then, x) {
            (Then::Next, &[a, b]) => *MOVE_TWO.get(at(a))?.get(at(b))?,
            (Then::Next, &[a, b, c]) => *MOVE_THREE.get(at(a))?.get(at(b))?.get(at(c))?,
            (Then::Jump, &[]) => Some(const { step_of::<Jump<()>>() }),
            (Then::Jump, &[a]) => *MOVE_JUMP.get(at(a))?,
            (Then::Jump, &[a, b]) => *MOVES_JUMP.get(at(a))?.get(at(b))?,
            (Then::Call, &[]) => Some(const { step_of::<Call<()>>() }),
            (Then::Call, &[a]) => *MOVE_CALL.get(at(a))?,
            (Then::Call, &[a, b]) => *MOVES_CALL.get(at(a))?.get(at(b))?,
            _ => None,
        })
    }

    fn pins(regs: usize, set: bool) -> Option<Handler> {
        address(pins(regs, set))
    }

    fn sum_call(a: Place, x: Option<Place>) -> Option<Handler> {
        trees::sum_call(a, x)
    }

    fn unary(op: UnOp, d: Dest, a: Place) -> Option<Handler> {
        let a = at(a);
        address(match UNARY[op as usize] {
            UnTable::Hot(t) => *t[to(d)].get(a)?,
            UnTable::Cold(t) => *t.get(to(d))?.get(a)?,
            UnTable::Leveled(base, fast) => {
                let table = if level_is_fast() { fast } else { base };
                *table.get(to(d))?.get(a)?
            }
        })
    }

    fn binary(op: BinOp, d: Dest, a: Place, b: Place) -> Option<Handler> {
        address(match BINARY[op as usize] {
            BinTable::Hot(t) => *t[to(d)].get(at(a))?.get(at(b))?,
            BinTable::Warm(t) => *t.get(to(d))?.get(at(a))?.get(at(b))?,
            BinTable::Cold(t) => *t.get(to(d))?.get(at(a))?.get(slot_imm(b))?,
        })
    }

    fn tree(ops: [BinOp; 2], d: Dest, x: [Place; 3]) -> Option<Handler> {
        trees::tree(ops, d, x)
    }

    fn divide(op: BinOp, d: Dest, a: Place) -> Option<Handler> {
        trees::divide(op, d, a)
    }

    fn binary_store(op: BinOp, x: AddressForm, a: Place, b: Place) -> Option<Handler> {
        trees::binary_store(op, x, a, b)
    }
    fn binary_load(
        ops: (BinOp, LoadOp),
        is_64: bool,
        d: Dest,
        a: Place,
        x: AddressForm,
    ) -> Option<Handler> {
        trees::binary_load(ops, is_64, d, a, x)
    }

    fn load_imm(ops: (BinOp, LoadOp), d: Dest, x: AddressForm) -> Option<Handler> {
        trees::load_imm(ops, d, x)
    }

    fn update(op: BinOp, store: StoreOp, x: AddressForm, b: Place) -> Option<Handler> {
        trees::update(op, store, x, b)
    }

    fn store_two(op: StoreOp, x: Place, a: Place, b: Place) -> Option<Handler> {
        trees::store_two(op, x, a, b)
    }

    fn add_br(op: BinOp, to: To, a: Place, b: Place) -> Option<Handler> {
        branches::add_br(op, to, a, b)
    }

    fn add_by_br(op: BinOp, to: To, a: Place, x: Place, b: Place) -> Option<Handler> {
        branches::add_by_br(op, to, a, x, b)
    }

    fn add_two(a: Place, b: Place) -> Option<Handler> {
        trees::add_two(a, b)
    }

    fn choice(choice: Choice, op: BinOp, d: Dest, a: Place, b: Place) -> Option<Handler> {
        trees::choice(choice, op, d, a, b)
    }

    fn select(class: Class, d: Dest, a: Place, b: Place, c: Place) -> Option<Handler> {
        let float = match class {
            Class::Int => {
                return address(*SELECT_INT.get(to(d))?.get(at(a))?.get(at(b))?.get(at(c))?);
            }
            Class::F32 => &SELECT_F32,
            Class::F64 => &SELECT_F64,
            Class::V128 => return simd::select(d, a, b, c),
        };
        if d != Dest::SLOT {
            return None;
        }
        address(*float[0].get(at(a))?.get(at(b))?.get(at(c))?)
    }

    fn br(op: BinOp, sense: bool, to: To, a: Place, b: Place) -> Option<Handler> {
        let table = match metered::br(op, sense, to) {
            Some(table) => table,
            None => &br_tables(op, sense)?[usize::from(to.is_loop())],
        };
        address(*table.get(at(a))?.get(at(b))?)
    }

    fn br_test(is_64: bool, sense: bool, to: To, a: Place) -> Option<Handler> {
        let table = match metered::br_test(is_64, sense, to) {
            Some(table) => table,
            None => &BR_TEST[usize::from(is_64)][usize::from(sense)][usize::from(to.is_loop())],
        };
        address(*table.get(at(a))?)
    }

    fn br_global(op: BinOp, to: To, b: Place) -> Option<Handler> {
        globals::br(op, to, b)
    }

    fn br_load(op: BinOp, load: LoadOp, to: To, x: AddressForm, b: Place) -> Option<Handler> {
        branches::br_load(op, load, to, x, b)
    }

    fn br_tree(ops: [BinOp; 2], to: To, a: Place) -> Option<Handler> {
        branches::br_tree(ops, to, a)
    }

    fn br_mask(load: LoadOp, sense: bool, to: To, x: AddressForm) -> Option<Handler> {
        branches::br_mask(load, sense, to, x)
    }

    fn br_loaded(load: LoadOp, sense: bool, to: To, reg: u8, a: Place) -> Option<Handler> {
        branches::br_loaded(load, sense, to, reg, a)
    }

    fn br_table(index: Index) -> Option<Handler> {
        address(match index {
            Index::At(a) => *BR_TABLE.get(at(a))?,
            Index::Global => BR_TABLE_GLOBAL,
            _ => indices::br_table(index)?,
        })
    }

    fn load(op: LoadOp, is_64: bool, d: Dest, form: AddressForm) -> Option<Handler> {
        if let AddressForm::Deref(a, width) = form {
            return if is_64 { None } else { trees::load_deref(op, width, d, a) };
        }
        if globals::is_address(form) {
            return if is_64 { None } else { globals::load(op, d, form) };
        }
        let table = if wide(is_64) { load_of!(loads64 op) } else { load_of!(loads32 op) };
        address(match (table, served(form)) {
            (AnyLoad::Hot(t), AddressForm::One(a)) => *t.one[to(d)].get(at(a))?,
            (AnyLoad::Hot(t), AddressForm::Imm(a)) => *t.imm[to(d)].get(at(a))?,
            (AnyLoad::Hot(t), AddressForm::Sum(a, b)) => *t.sum[to(d)].get(at(a))?.get(at(b))?,
            (AnyLoad::Hot(t), AddressForm::Scaled(a, b)) => {
                *t.scaled.get(to(d))?.get(at(a))?.get(at(b))?
            }
            (AnyLoad::Hot(t), AddressForm::Shl(a)) => *t.shl.get(to(d))?.get(at(a))?,
            (AnyLoad::Hot(t), AddressForm::MaskShl(a)) => *t.mask_shl.get(to(d))?.get(at(a))?,
            (AnyLoad::Hot(t), AddressForm::Memory(Place::SLOT)) if d == Dest::SLOT => t.memory,
            (AnyLoad::Hot(t), AddressForm::Shared(Place::SLOT)) if d == Dest::SLOT => t.shared,
            (AnyLoad::Cold(t), AddressForm::One(a)) => *t.one.get(to(d))?.get(at(a))?,
            (AnyLoad::Cold(t), AddressForm::Memory(Place::SLOT)) if d == Dest::SLOT => t.memory,
            (AnyLoad::Cold(t), AddressForm::Shared(Place::SLOT)) if d == Dest::SLOT => t.shared,
            _ => None,
        })
    }

    fn store(op: StoreOp, is_64: bool, form: AddressForm, x: Place) -> Option<Handler> {
        if let AddressForm::Deref(a, width) = form {
            return if is_64 { None } else { trees::store_deref(op, width, a, x) };
        }
        if globals::is_address(form) {
            return if is_64 { None } else { globals::store(op, form, x) };
        }
        let table = if wide(is_64) { store_of!(stores64 op) } else { store_of!(stores32 op) };
        address(match served(form) {
            AddressForm::One(a) => *table.one.get(at(a))?.get(at(x))?,
            AddressForm::Imm(a) => *table.imm.get(at(a))?.get(at(x))?,
            AddressForm::Sum(a, b) => *table.sum.get(at(a))?.get(at(b))?.get(at(x))?,
            AddressForm::Scaled(a, b) => *table.scaled.get(at(a))?.get(at(b))?.get(at(x))?,
            AddressForm::MaskShl(a) => *table.mask_shl.get(at(a))?.get(at(x))?,
            AddressForm::Memory(Place::SLOT) if x == Place::SLOT => table.memory,
            AddressForm::Shared(Place::SLOT) if x == Place::SLOT => table.shared,
            _ => None,
        })
    }

    fn copy(width: u32, x: AddressForm, y: AddressForm) -> Option<Handler> {
        trees::copy(width, x, y)
    }

    fn add_after(same: bool, d: Place, a: Place) -> Option<Handler> {
        trees::add_after(same, d, a)
    }

    fn memory_copy(to: Place, from: Place, n: Place) -> Option<Handler> {
        address(*MEMORY_COPY.get(at(to))?.get(at(from))?.get(slot_imm(n))?)
    }

    fn memory_fill(to: Place, value: Place, n: Place) -> Option<Handler> {
        address(*MEMORY_FILL.get(at(to))?.get(slot_imm(value))?.get(slot_imm(n))?)
    }

    fn simd(op: SimdOp, d: Dest, x: &[Place]) -> Option<Handler> {
        simd::find(op, d, x)
    }

    fn simd_load(op: SimdOp, is_64: bool, d: Dest, form: AddressForm) -> Option<Handler> {
        simd::load(op, is_64, d, form)
    }

    fn simd_store(op: SimdOp, is_64: bool, form: AddressForm, x: Place) -> Option<Handler> {
        simd::store(op, is_64, form, x)
    }

    fn atomic(op: AtomicOp) -> Handler {
        atomic::handler(op) as usize
    }

    fn global_set(c: Class, x: Place) -> Option<Handler> {
        match c {
            Class::V128 => simd::global_set(x),
            c => address(*GLOBAL_SET[class(c)].get(at(x))?),
        }
    }

    fn global_set_sum(op: BinOp, a: Place) -> Option<Handler> {
        address(*GLOBAL_SET_SUM[addition(op)?].get(at(a))?)
    }

    fn global_tee(op: BinOp, d: Dest, a: Place) -> Option<Handler> {
        address(*GLOBAL_TEE[addition(op)?][to(d)].get(at(a))?)
    }

    fn global_return(op: BinOp, a: Place, x: Option<Place>) -> Option<Handler> {
        let (op, a) = (addition(op)?, at(a));
        address(match x {
            Some(x) => *GLOBAL_RETURN_ONE[op].get(a)?.get(at(x))?,
            None => *GLOBAL_RETURN[op].get(a)?,
        })
    }

    fn global_add(op: BinOp, set: bool, d: Dest) -> Option<Handler> {
        address(GLOBAL_SUM[addition(op)?][usize::from(set)][to(d)])
    }

    fn return_one(c: Class, a: Place) -> Option<Handler> {
        address(*RETURN_ONE.get(class(c))?.get(at(a))?)
    }

    fn return_binary(op: BinOp, a: Place, b: Place) -> Option<Handler> {
        trees::return_binary(op, a, b)
    }

    fn call_indirect(is_64: bool, tail: bool, a: Place) -> Option<Handler> {
        address(*CALL_INDIRECT[usize::from(tail)][usize::from(is_64)].get(at(a))?)
    }

    fn call_ref(tail: bool, a: Place) -> Option<Handler> {
        address(*CALL_REF[usize::from(tail)].get(at(a))?)
    }

    fn zero(n: usize) -> Option<Handler> {
        address(*ZERO.get(n.checked_sub(1)?)?)
    }

    fn fixed(op: Fixed) -> Handler {
        let handler: Raw = match op {
            Fixed::JumpLoop => const { step_of::<JumpLoop>() },
            // Without a loop register there is no way to use them.
            Fixed::JumpPaying | Fixed::SetPaying if SMALL => step::<Unreachable>,
            Fixed::JumpPaying => step::<JumpPaying>,
            Fixed::SetPaying => step::<SetPaying>,
            Fixed::SetLoop => const { step_of::<SetLoop>() },
            Fixed::Unreachable => step::<Unreachable>,
            Fixed::Zero => const { step_of::<Zero>() },
            Fixed::FarLoad => step::<Far<false>>,
            Fixed::FarStore => step::<Far<true>>,
            Fixed::Fuel => pausing::<Fuel>,
            Fixed::Fence => step::<atomic::Fence>,
            Fixed::CallImport => step::<CallImport>,
            Fixed::TailCall => step::<TailCall>,
            Fixed::TailCallImport => step::<TailCallImport>,
            Fixed::Return => const { step_of::<Return>() },
            Fixed::ReturnMany => step::<ReturnMany>,
            Fixed::Slow => tail::<Slow>,
            Fixed::Throw => tail::<Throw>,
            Fixed::ThrowRef => tail::<ThrowRef>,
        };
        handler as usize
    }

    fn slow(op: SlowOp) -> usize {
        slow::function(op) as usize
    }
}
