//! What the translator asks of a back end: how many registers, and whether there is a handler.

pub mod gc;

use crate::tuning::REGISTERS;
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::ops::{AtomicOp, LoadOp, SimdOp, StoreOp};
use core::fmt;

/// The address of a handler, as it stands in the code.
pub type Handler = usize;

/// Where an operand is: a register of its class, a slot, or an immediate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place(pub u8);
impl Place {
    /// A slot.
    pub const SLOT: Place = Place(REGISTERS as u8);
    /// A 4-byte immediate.
    pub const IMM: Place = Place(Place::SLOT.0 + 1);
    /// An 8-byte immediate (moves only).
    pub const LONG: Place = Place(Place::SLOT.0 + 2);
    /// A global (moves and addresses only).
    pub const GLOBAL: Place = Place(Place::SLOT.0 + 3);
    /// Whether it is a register.
    #[inline]
    pub const fn is_register(self) -> bool {
        self.0 < Place::SLOT.0
    }
}

/// As a listing shows it.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Place::SLOT => f.write_str("slot"),
            Place::IMM => f.write_str("imm"),
            Place::LONG => f.write_str("long"),
            Place::GLOBAL => f.write_str("global"),
            Place(register) => write!(f, "r{register}"),
        }
    }
}

/// Where a result goes: a register, a slot, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dest(pub u8);
impl Dest {
    /// A slot.
    pub const SLOT: Dest = Dest(REGISTERS as u8);
    /// A slot and register `n`.
    pub const fn both(n: u8) -> Dest {
        Dest(Dest::SLOT.0 + 1 + n)
    }
    /// The register, if it is one or both.
    #[inline]
    pub const fn register(self) -> Option<u8> {
        if self.0 < Dest::SLOT.0 { Some(self.0) } else { self.0.checked_sub(Dest::SLOT.0 + 1) }
    }
    /// Whether it has a slot.
    #[inline]
    pub const fn has_slot(self) -> bool {
        self.0 >= Dest::SLOT.0
    }
}

/// How a number is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Class {
    /// Integers and references, of 64 bits.
    Int,
    F32,
    F64,
    /// Two slots.
    V128,
}

/// What a comparison of two numbers chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// `a op b ? a : b`.
    Pick,
    /// `(b op a) - (a op b)`: 1, 0 or -1 as 32 bits, if `op` tells which is less.
    Order,
}

/// What a `br_table` takes its index from.
#[derive(Clone, Copy, Debug)]
pub enum Index {
    At(Place),
    /// `a op immediate`.
    Bin(BinOp, Place),
    /// `(a inner immediate) outer immediate`: the outer one, the inner one.
    Tree([BinOp; 2], Place),
    /// A load from a 32-bit memory 0.
    Load(LoadOp, AddressForm),
    /// The sum of one and an immediate.
    LoadSum(LoadOp, AddressForm),
    Global,
}

/// An address form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressForm {
    /// `a`.
    One(Place),
    /// `a + immediate`.
    Imm(Place),
    /// `a + b`.
    Sum(Place, Place),
    /// `a + (b << k)`, where the access has 2^k bytes.
    Scaled(Place, Place),
    /// `a << k`.
    Shl(Place),
    /// `(a & immediate) << k`.
    MaskShl(Place),
    /// The low 32 bits of the number, of so many bytes, at `a + immediate`.
    Deref(Place, u32),
    /// `a` in another memory than 0, or with an offset of more than 32 bits.
    Memory(Place),
    /// `a` in a shared memory.
    Shared(Place),
}

/// What an instruction that moves does after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: there are two or three moves.
    Next,
    /// A jump, after up to two moves; its target comes before their fields.
    Jump,
    /// A call of a function of the module, after up to two moves; its fields come before theirs.
    Call,
}

/// Where a branch leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// A relative target.
    Target,
    /// The same. What follows is [`Fixed::Fuel`]: if the branch is not taken, it goes on behind
    /// that, if it can be paid at once.
    OrPay,
    /// The loop register.
    Loop,
    /// The same, behind [`Fixed::Fuel`], with which the loop begins, if it can be paid at once. If
    /// it is not taken, as for [`To::OrPay`].
    Paying,
}
impl To {
    /// By the loop register.
    pub const fn is_loop(self) -> bool {
        !matches!(self, To::Target | To::OrPay)
    }
}

/// Instructions without variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum Fixed {
    JumpLoop,
    JumpPaying,
    SetLoop,
    /// With the [`Fixed::Fuel`] that follows, if that goes on at once.
    SetPaying,
    Unreachable,
    Zero,
    FarLoad,
    FarStore,
    Fuel,
    Fence,
    CallImport,
    TailCall,
    TailCallImport,
    Return,
    ReturnMany,
    Slow,
    Throw,
    ThrowRef,
}

/// Operations that are functions of their own: operands and result in slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum SlowOp {
    MemorySize,
    MemoryGrow,
    MemoryFill,
    MemoryCopy,
    MemoryInit,
    DataDrop,
    TableGet,
    TableSet,
    TableSize,
    TableGrow,
    TableFill,
    TableCopy,
    TableInit,
    ElemDrop,
    RefFunc,
    ArrayNew,
    ArrayNewDefault,
    ArrayNewFixed,
    ArrayNewData,
    ArrayNewElem,
    ArrayFill,
    ArrayCopy,
    ArrayInitData,
    ArrayInitElem,
    WideAdd,
    WideSub,
    WideMulS,
    WideMulU,
    StructNewDesc,
    RefCastDescEq,
    RefTestDescEq,
}

/// A set of handlers. `None`: there is no such handler; the translator then takes a simpler form.
pub trait Backend: gc::GcBackend {
    /// Registers of each class: [`REGISTERS`], or none.
    const REGS: usize;
    /// How many of the float registers, the first ones, vectors use.
    const VECTOR_REGS: usize;
    /// `d := x`.
    fn mov(class: Class, d: Dest, x: Place) -> Option<Handler>;
    /// Moves of 64 bits into slots, and then something else.
    fn moves(then: Then, x: &[Place]) -> Option<Handler>;
    /// The registers in this set, integers, get what is in slots, the last one first; then, if
    /// `set`, turns of the innermost loop begin.
    fn pins(regs: usize, set: bool) -> Option<Handler>;
    /// `a + immediate` (`i32.add`) into a slot, perhaps a move of 64 bits, and then a call.
    fn sum_call(a: Place, x: Option<Place>) -> Option<Handler>;
    /// `d := op a`.
    fn unary(op: UnOp, d: Dest, a: Place) -> Option<Handler>;
    /// `d := a op b`.
    fn binary(op: BinOp, d: Dest, a: Place, b: Place) -> Option<Handler>;
    /// `d := (a inner b) outer c`.
    fn tree(ops: [BinOp; 2], d: Dest, x: [Place; 3]) -> Option<Handler>;
    /// `d := a op b` for a constant divisor: a quotient or remainder. The fields after `a` are
    /// those of [`crate::ir::divide::Reciprocal`].
    fn divide(op: BinOp, d: Dest, a: Place) -> Option<Handler>;
    /// `d := a op load [address]`.
    fn binary_load(
        ops: (BinOp, LoadOp),
        is_64: bool,
        d: Dest,
        a: Place,
        x: AddressForm,
    ) -> Option<Handler>;
    /// `d := load [address] op immediate`, in a 32-bit memory 0.
    fn load_imm(ops: (BinOp, LoadOp), d: Dest, x: AddressForm) -> Option<Handler>;
    /// `store [address] := a op b`, of the operation's whole type, in a 32-bit memory 0.
    fn binary_store(op: BinOp, x: AddressForm, a: Place, b: Place) -> Option<Handler>;
    /// `store [address] := load [address] op b`, as wide as the store, in a 32-bit memory 0.
    fn update(op: BinOp, store: StoreOp, x: AddressForm, b: Place) -> Option<Handler>;
    /// `store [x] := a`, `store [y] := b`, where both addresses are of the same place, in the same.
    fn store_two(op: StoreOp, x: Place, a: Place, b: Place) -> Option<Handler>;
    /// A local in a slot, and perhaps a register too, which is `a` then, grows by an immediate; branch
    /// if it is `op b` then.
    fn add_br(op: BinOp, to: To, a: Place, b: Place) -> Option<Handler>;
    /// The same with what `x` is, by the loop register.
    fn add_by_br(op: BinOp, to: To, a: Place, x: Place, b: Place) -> Option<Handler>;
    /// Two locals of 32 bits, each in a slot, and perhaps a register, grow by an immediate.
    fn add_two(a: Place, b: Place) -> Option<Handler>;
    /// What a comparison chooses.
    fn choice(choice: Choice, op: BinOp, d: Dest, a: Place, b: Place) -> Option<Handler>;
    /// `d := c ? a : b`.
    fn select(class: Class, d: Dest, a: Place, b: Place, c: Place) -> Option<Handler>;
    /// Branch if (`sense`) or unless `a op b`.
    fn br(op: BinOp, sense: bool, to: To, a: Place, b: Place) -> Option<Handler>;
    /// Branch if (`sense`) or unless `a` is not zero.
    fn br_test(is_64: bool, sense: bool, to: To, a: Place) -> Option<Handler>;
    /// Branch if `global op b`, a comparison of i32.
    fn br_global(op: BinOp, to: To, b: Place) -> Option<Handler>;
    /// Branch if `load [address] op b`, a comparison of integers, in a 32-bit memory 0.
    fn br_load(op: BinOp, load: LoadOp, to: To, x: AddressForm, b: Place) -> Option<Handler>;
    /// Branch if `(a inner immediate) outer immediate`, a comparison.
    fn br_tree(ops: [BinOp; 2], to: To, a: Place) -> Option<Handler>;
    /// Branch if (`sense`) or unless `load [address]` has bits of an immediate, in the same.
    fn br_mask(load: LoadOp, sense: bool, to: To, x: AddressForm) -> Option<Handler>;
    /// A local in a slot and register `reg` is loaded from `[a]` in a 32-bit memory 0; branch if
    /// (`sense`) or unless it is not zero.
    fn br_loaded(load: LoadOp, sense: bool, to: To, reg: u8, a: Place) -> Option<Handler>;
    /// `br_table`.
    fn br_table(index: Index) -> Option<Handler>;
    /// `d := load [address]`.
    fn load(op: LoadOp, is_64: bool, d: Dest, address: AddressForm) -> Option<Handler>;
    /// `store [address] := x`.
    fn store(op: StoreOp, is_64: bool, address: AddressForm, x: Place) -> Option<Handler>;
    /// `[y] := [x]`: so many bytes, in a 32-bit memory 0.
    fn copy(width: u32, x: AddressForm, y: AddressForm) -> Option<Handler>;
    /// Register or slot `a`, a local of 32 bits, grows by an immediate, and the local in `d` gets
    /// what it was before, or (`same`) what it is then.
    fn add_after(same: bool, d: Place, a: Place) -> Option<Handler>;
    /// `memory.copy` of `n` bytes in memory 0, which no other thread has.
    fn memory_copy(to: Place, from: Place, n: Place) -> Option<Handler>;
    /// `memory.fill` of `n` bytes in memory 0, which no other thread has.
    fn memory_fill(to: Place, value: Place, n: Place) -> Option<Handler>;
    /// A vector instruction without memory: `d := op x`, with the operands of its shape in order.
    fn simd(op: SimdOp, d: Dest, x: &[Place]) -> Option<Handler>;
    /// `d := load [address]`, of a vector. Lanes are loaded into a vector in a slot.
    fn simd_load(op: SimdOp, is_64: bool, d: Dest, address: AddressForm) -> Option<Handler>;
    /// `store [address] := x`, of a vector or a lane of it.
    fn simd_store(op: SimdOp, is_64: bool, address: AddressForm, x: Place) -> Option<Handler>;
    /// An atomic instruction: operands and result in slots.
    fn atomic(op: AtomicOp) -> Handler;
    /// `global := x`.
    fn global_set(class: Class, x: Place) -> Option<Handler>;
    /// `global := a op immediate`, an addition.
    fn global_set_sum(op: BinOp, a: Place) -> Option<Handler>;
    /// `global := d := a op immediate`, an addition, where `d` is a slot or both.
    fn global_tee(op: BinOp, d: Dest, a: Place) -> Option<Handler>;
    /// `global := a op immediate`, an addition, and return `x`, an integer or reference, or nothing.
    fn global_return(op: BinOp, a: Place, x: Option<Place>) -> Option<Handler>;
    /// `d := global op immediate`, an addition; `set`: and the global too.
    fn global_add(op: BinOp, set: bool, d: Dest) -> Option<Handler>;
    /// Return one value.
    fn return_one(class: Class, a: Place) -> Option<Handler>;
    /// Return `a op b`.
    fn return_binary(op: BinOp, a: Place, b: Place) -> Option<Handler>;
    /// Call through a table.
    fn call_indirect(is_64: bool, tail: bool, a: Place) -> Option<Handler>;
    /// Call a reference.
    fn call_ref(tail: bool, a: Place) -> Option<Handler>;
    /// Set `n` slots to zero.
    fn zero(n: usize) -> Option<Handler>;
    /// An instruction without variants.
    fn fixed(op: Fixed) -> Handler;
    /// The address of the function of a [`SlowOp`].
    fn slow(op: SlowOp) -> usize;
}
