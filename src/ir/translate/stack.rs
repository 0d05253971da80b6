//! The symbolic operand stack: what is known of every operand before it has to exist, and what the
//! registers hold.

use super::gc::Gc;
use crate::ir::backend::Choice;
use crate::ir::divide::Reciprocal;
use crate::tuning::{REGISTERS, SMALL};
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::limits::LOCALS;
use crate::wasm::ops::{LoadOp, SimdOp, SimdShape};
use crate::wasm::types::{NumType, ValType};

/// The type of an operand, as far as code cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref,
}
impl Ty {
    #[inline]
    pub fn of(ty: ValType) -> Ty {
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(_) => Ty::Ref,
        }
    }
    #[inline]
    pub fn num(ty: NumType) -> Ty {
        Ty::of(ty.into())
    }
    /// How many slots it takes.
    #[inline]
    pub fn slots(self) -> i32 {
        if self == Ty::V128 { 2 } else { 1 }
    }
    /// The register bank: 0 integers, 1 floats.
    #[inline]
    pub fn bank(self) -> usize {
        matches!(self, Ty::F32 | Ty::F64 | Ty::V128) as usize
    }
}

/// An operand that costs no instruction to read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leaf {
    /// Bits.
    Const(u64),
    /// A local, wherever it is when the operand is read.
    Local(u32),
    /// A register that belongs to this operand.
    Reg(u8),
    /// A slot.
    Slot(i32),
}

/// An address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Addr {
    One(Leaf),
    Imm(Leaf, u32),
    Sum(Leaf, Leaf),
    /// The second one times the width of the access.
    Scaled(Leaf, Leaf),
    /// Times the width of the access.
    Shl(Leaf),
    /// The bits of the mask only, times the width of the access.
    MaskShl(Leaf, u32),
    /// What a load gives that ends so far behind the operand, of so many bytes; the low 32 bits.
    Deref(Leaf, u32, u32),
    Global(u32),
    /// And an immediate.
    GlobalImm(u32, u32),
}
impl Addr {
    #[inline]
    pub fn leaves(&self, mut f: impl FnMut(&Leaf)) {
        match self {
            Addr::One(a) | Addr::Imm(a, _) | Addr::Shl(a) => f(a),
            Addr::MaskShl(a, _) | Addr::Deref(a, ..) => f(a),
            Addr::Global(_) | Addr::GlobalImm(..) => {}
            Addr::Sum(a, b) | Addr::Scaled(a, b) => {
                f(a);
                f(b);
            }
        }
    }
}

/// `(a inner b) outer c`: operations of one type that cannot trap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tree {
    pub outer: BinOp,
    pub inner: BinOp,
    pub operands: [Leaf; 3],
}

/// A load from memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub op: LoadKind,
    pub is_64: bool,
    pub memory: u32,
    pub offset: u64,
    pub address: Addr,
}

/// What a load reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LoadKind {
    Scalar(LoadOp),
    Vector(SimdOp),
}
impl LoadKind {
    pub fn text(self) -> &'static str {
        match self {
            LoadKind::Scalar(op) => op.text(),
            LoadKind::Vector(op) => op.text(),
        }
    }
    /// Bytes read.
    pub fn width(self) -> u32 {
        match self {
            LoadKind::Scalar(op) => op.width(),
            LoadKind::Vector(op) => op.width(),
        }
    }
}

/// A vector instruction on leaves, in the order of its operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vector {
    pub op: SimdOp,
    /// The lane, or which of the 16-byte immediates.
    pub lane: u32,
    pub operands: [Leaf; 3],
}
impl Vector {
    /// The operands and their types.
    pub fn operands(&self) -> impl Iterator<Item = (Leaf, Ty)> {
        let types = self.op.signature().0;
        self.operands.into_iter().zip(types.iter().map(|&ty| Ty::of(ty)))
    }
    /// Whether an immediate of 16 bytes belongs to it.
    pub fn is_wide(&self) -> bool {
        matches!(self.op.shape(), SimdShape::Const | SimdShape::Shuffle)
    }
}

/// The value of an operand: a leaf, or one operation on leaves that is still to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Leaf(Leaf),
    Un(UnOp, Leaf),
    Bin(BinOp, Leaf, Leaf),
    /// Whether a comparison of floats does not hold, for which there is no comparison that says so;
    /// or whether two numbers have no bit in common.
    Not(BinOp, Leaf, Leaf),
    /// What a comparison of two numbers chooses.
    Choice(Choice, BinOp, Leaf, Leaf),
    Tree(Tree),
    Load(Load),
    /// `leaf op load`.
    LoadBin(BinOp, Leaf, Load),
    /// `load op leaf`: a comparison, an operation with a constant, or what the store that comes next
    /// writes where that was loaded.
    LoadFirst(BinOp, Load, Leaf),
    /// `load & mask`, on which there is a branch, or (false) whether that is zero.
    LoadMask(Load, u32, bool),
    Global(u32),
    /// The sum of a global and an immediate.
    GlobalSum(BinOp, u32, u32),
    /// A comparison of a global, on which there is a branch.
    GlobalFirst(BinOp, u32, Leaf),
    Gc(Gc),
    Vector(Vector),
}
impl Value {
    /// Calls `f` with every leaf.
    #[inline]
    pub fn leaves(&self, mut f: impl FnMut(&Leaf)) {
        match self {
            Value::Leaf(a) | Value::Un(_, a) | Value::GlobalFirst(_, _, a) => f(a),
            Value::Bin(_, a, b) | Value::Not(_, a, b) | Value::Choice(_, _, a, b) => {
                f(a);
                f(b);
            }
            Value::Tree(tree) => tree.operands.iter().for_each(f),
            Value::Load(load) | Value::LoadMask(load, ..) => load.address.leaves(f),
            Value::LoadBin(_, a, load) | Value::LoadFirst(_, load, a) => {
                f(a);
                load.address.leaves(f);
            }
            Value::Gc(value) => value.leaves(f),
            Value::Global(_) | Value::GlobalSum(..) => {}
            Value::Vector(vector) => vector.operands().for_each(|(leaf, _)| f(&leaf)),
        }
    }
    #[inline]
    pub fn reads_local(&self, local: u32) -> bool {
        let mut found = false;
        self.leaves(|leaf| found |= *leaf == Leaf::Local(local));
        found
    }
    /// Whether it is still to be computed and reads a slot that is not the entry's own, among them
    /// the second one of a vector that a number is taken from.
    #[inline]
    pub fn reads_other_slot(&self, own: i32, ty: Ty) -> bool {
        let is_wide = |leaf: Leaf, of: Ty| of == Ty::V128 && matches!(leaf, Leaf::Slot(_));
        if let Value::Vector(vector) = self
            && ty != Ty::V128
            && vector.operands().any(|(leaf, of)| is_wide(leaf, of))
        {
            return true;
        }
        let mut found = false;
        if !matches!(self, Value::Leaf(_)) {
            self.leaves(|leaf| found |= matches!(leaf, Leaf::Slot(slot) if *slot != own));
        }
        found
    }
    /// Whether it is still to be computed and reads a global at any other place than an address.
    #[inline]
    pub fn reads_global(&self) -> bool {
        let compares = !SMALL && matches!(self, Value::GlobalFirst(..));
        compares || matches!(self, Value::Global(_) | Value::GlobalSum(..))
    }
    /// Whether doing it later could change what it gives or which trap comes first.
    #[inline]
    pub fn is_ordered(&self) -> bool {
        match self {
            Value::Load(_) | Value::LoadBin(..) | Value::LoadFirst(..) => true,
            Value::LoadMask(..) => true,
            Value::Un(op, _) => op.can_trap(),
            Value::Bin(op, _, Leaf::Const(bits)) => {
                op.can_trap() && Reciprocal::of(*op, *bits).is_none()
            }
            Value::Bin(op, ..) => op.can_trap(),
            Value::Gc(value) => value.is_ordered(),
            _ => false,
        }
    }
}

/// An operand on the symbolic stack.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub value: Value,
    pub ty: Ty,
    /// Its slot on the operand stack of the frame, where it goes when it must be in memory.
    pub slot: i32,
    /// A register that holds it is not the only place: it is in its slot, too.
    pub saved: bool,
}
impl Entry {
    /// An operand that is computed into one place.
    #[inline]
    pub fn new(value: Value, ty: Ty, slot: i32) -> Entry {
        Entry { value, ty, slot, saved: false }
    }
    /// For one who reads 32 bits of it at once: the low half of 64 bits lies where those are, so that
    /// taking it is no instruction.
    #[inline]
    pub fn read_low_half(&mut self) {
        if !SMALL
            && let Value::Un(UnOp::I32WrapI64, leaf) = self.value
            && !matches!(leaf, Leaf::Const(_))
        {
            self.value = Value::Leaf(leaf);
        }
    }
    /// Whether it is in its slot, and nowhere else.
    #[inline]
    pub fn is_written(&self) -> bool {
        matches!(self.value, Value::Leaf(Leaf::Slot(slot)) if slot == self.slot)
    }
}

/// The registers of one class.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bank {
    /// Belongs to an operand on the stack.
    pub busy: [bool; REGISTERS],
    /// Holds this local, which is also in its slot, or this global.
    pub cached: [Held; REGISTERS],
    /// Holds this local throughout the loop.
    pub pinned: [Held; REGISTERS],
    /// When it was last used.
    pub used: [u32; REGISTERS],
}
impl Bank {
    #[inline]
    pub fn register_of(&self, local: u32) -> Option<u8> {
        self.holding(Held::local(local))
    }
    /// The register that holds it, if it is something.
    #[inline]
    pub fn holding(&self, held: Held) -> Option<u8> {
        self.cached.iter().position(|&other| other == held).map(|r| r as u8)
    }
}

/// The local or the global that a register holds, if it holds one. Small, as a million blocks can be
/// open at once that know some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held(u16);
// One more than the index of the local, or than that of the global behind all locals; 0 if there is
// none.
const _: () = assert!(LOCALS < u16::MAX as usize);
impl Held {
    pub const NONE: Held = Held(0);
    /// None for those with a large index.
    #[inline]
    pub fn global(global: u32) -> Option<Held> {
        u16::try_from(global as usize + LOCALS + 1).ok().map(Held)
    }
    #[inline]
    pub fn is_global(self) -> bool {
        usize::from(self.0) > LOCALS
    }
    #[inline]
    pub fn local(local: u32) -> Held {
        Held(local as u16 + 1)
    }
    #[inline]
    pub fn is_none(self) -> bool {
        self == Held::NONE
    }
}

/// Which locals the registers hold at a label, by bank.
pub type Cache = [[Held; REGISTERS]; 2];

/// What two caches agree on.
#[inline]
pub fn meet(a: &Cache, b: &Cache) -> Cache {
    let mut both = *a;
    for bank in 0..2 {
        for reg in 0..REGISTERS {
            if a[bank][reg] != b[bank][reg] {
                both[bank][reg] = Held::NONE;
            }
        }
    }
    both
}
