//! Instructions of proposals as parts of programs: with two results, atomic ones, and those of
//! structures, arrays and small integers.

use super::ast::*;
use super::atomic::model;
use super::emit::{BLOCK, BR_IF, Code, END};
use super::meaning::{Num, Stop, extended};
use super::oracle::Machine;
use wasmvm::wasm::ops::{AtomicKind, AtomicOp, LoadOp, StoreOp};
use wasmvm::wasm::types::NumType;
use wasmvm::{Trap, Val};

/// What fields and elements are stored as: an index into this, which is also that of a field and
/// of an array.
pub const STORAGES: [NumType; 6] = {
    use NumType::*;
    [I32, I32, I32, I64, F32, F64]
};
/// Bits of the packed ones.
pub fn packed(storage: usize) -> Option<u32> {
    [Some(8), Some(16)].get(storage).copied().flatten()
}
/// The index of the structure among the objects; those before it are arrays.
pub const STRUCTURE: usize = STORAGES.len();
pub const OBJECTS: usize = STRUCTURE + 1;
/// Elements of each array.
pub const ELEMENTS: u32 = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    Add,
    Sub,
    MulS,
    MulU,
}
pub const WIDE: &[Wide] = &[Wide::Add, Wide::Sub, Wide::MulS, Wide::MulU];
/// What becomes of two results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Low,
    /// By a call.
    High,
    /// Low less high.
    Difference,
    /// The low one stays, the high one goes into a local.
    Both(u32),
}

/// Where the reference to an object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    Global,
    Tee,
    Local,
    Call,
    Select,
    Block,
    Cast,
    Null,
}
pub const ROOTS: &[Root] = &[
    Root::Global,
    Root::Tee,
    Root::Local,
    Root::Call,
    Root::Select,
    Root::Block,
    Root::Cast,
    Root::Null,
];

#[derive(Clone, Copy, Debug)]
pub enum Special {
    Wide(Wide, Keep),
    /// Address and operands.
    Atomic(AtomicOp, Access),
    /// A field.
    Get(usize, Root, bool),
    Set(usize, Root),
    /// An element: index.
    ElementGet(usize, Root, bool),
    /// Index, value.
    ElementSet(usize, Root),
    Len(usize, Root),
    /// A new structure, of which a field is read.
    New(usize, bool),
    /// A new array of three, of which an element is read.
    NewArray(usize, u32, bool),
    I31(bool),
}
impl Special {
    /// Types of operands and of the result; `wide`: memory 0 has 64-bit addresses.
    pub fn signature(self, wide: bool) -> (Vec<NumType>, Option<NumType>) {
        use NumType::{I32, I64};
        match self {
            Special::Wide(Wide::Add | Wide::Sub, _) => (vec![I64; 4], Some(I64)),
            Special::Wide(..) => (vec![I64; 2], Some(I64)),
            Special::Atomic(op, access) => {
                let address = if wide && access.memory == 0 { I64 } else { I32 };
                let mut operands = vec![address];
                let result = match op.kind() {
                    AtomicKind::Notify => {
                        operands.push(I32);
                        return (operands, Some(I32));
                    }
                    AtomicKind::Wait => panic!("nobody would wake it"),
                    AtomicKind::Load => return (operands, Some(op.ty())),
                    AtomicKind::Store => None,
                    AtomicKind::Cmpxchg => {
                        operands.push(op.ty());
                        Some(op.ty())
                    }
                    _ => Some(op.ty()),
                };
                operands.push(op.ty());
                (operands, result)
            }
            Special::Get(storage, ..) => (vec![], Some(STORAGES[storage])),
            Special::Set(storage, _) => (vec![STORAGES[storage]], None),
            Special::ElementGet(storage, ..) => (vec![I32], Some(STORAGES[storage])),
            Special::ElementSet(storage, _) => (vec![I32, STORAGES[storage]], None),
            Special::Len(..) => (vec![], Some(I32)),
            Special::New(storage, _) => (STORAGES.to_vec(), Some(STORAGES[storage])),
            Special::NewArray(storage, ..) => (vec![STORAGES[storage]; 3], Some(STORAGES[storage])),
            Special::I31(_) => (vec![I32], Some(I32)),
        }
    }
    fn root(self) -> Option<(usize, Root)> {
        match self {
            Special::Get(_, root, _) | Special::Set(_, root) => Some((STRUCTURE, root)),
            Special::ElementGet(array, root, _)
            | Special::ElementSet(array, root)
            | Special::Len(array, root) => Some((array, root)),
            _ => None,
        }
    }
}

// ---- code --------------------------------------------------------------------------------------

/// The type, the global and the local of an object, and the function that returns it.
#[derive(Clone, Copy)]
pub struct Names {
    pub ty: u32,
    pub global: u32,
    pub local: u32,
    pub func: u32,
}

impl Code {
    pub fn special(&mut self, special: Special, operands: &[Expr]) {
        if let Some((object, root)) = special.root() {
            self.root(object, root);
        }
        operands.iter().for_each(|operand| self.expr(operand));
        let names = Names::of;
        match special {
            Special::Wide(wide, keep) => {
                self.with(0xFC, 0x13 + wide as u32);
                match keep {
                    Keep::Low => self.byte(0x1A),
                    Keep::High => self.call(0x10, NumType::I64, Helper::Second),
                    Keep::Difference => self.byte(sub(NumType::I64).code() as u8),
                    Keep::Both(local) => self.with(0x21, local),
                }
            }
            Special::Atomic(op, access) => {
                self.with(0xFE, op.code() & 0xFF);
                self.unsigned((0x40 | op.width().trailing_zeros()).into());
                self.unsigned(access.memory.into());
                self.unsigned(access.offset);
            }
            Special::Get(field, _, signed) => {
                self.read(0x02, names(STRUCTURE), field, signed);
                self.unsigned(field as u64);
            }
            Special::Set(field, _) => {
                self.object(0x05, names(STRUCTURE));
                self.unsigned(field as u64);
            }
            Special::ElementGet(array, _, signed) => self.read(0x0B, names(array), array, signed),
            Special::ElementSet(array, _) => self.object(0x0E, names(array)),
            Special::Len(..) => self.with(0xFB, 0x0F),
            Special::New(field, signed) => {
                self.object(0x00, names(STRUCTURE));
                self.read(0x02, names(STRUCTURE), field, signed);
                self.unsigned(field as u64);
            }
            Special::NewArray(array, index, signed) => {
                self.object(0x08, names(array));
                self.unsigned(3);
                self.constant(NumType::I32, index.into());
                self.read(0x0B, names(array), array, signed);
            }
            Special::I31(signed) => {
                self.with(0xFB, 0x1C);
                self.with(0xFB, if signed { 0x1D } else { 0x1E });
            }
        }
    }
    fn object(&mut self, opcode: u32, names: Names) {
        self.with(0xFB, opcode);
        self.unsigned(names.ty.into());
    }
    /// Reads what may be packed: the opcodes for both signs follow the plain one.
    fn read(&mut self, plain: u32, names: Names, storage: usize, signed: bool) {
        let sign = if packed(storage).is_none() { 0 } else { 2 - u32::from(signed) };
        self.object(plain + sign, names);
    }
    fn root(&mut self, object: usize, root: Root) {
        let Names { ty, global, local, func } = Names::of(object);
        // What decides need not be zero or one.
        let condition = super::ast::local(NumType::I32, 1);
        match root {
            Root::Null => return self.with(0xD0, ty),
            Root::Call => return self.with(0x10, func),
            Root::Block => self.reference(&[BLOCK], ty),
            Root::Cast => self.bytes.extend([BLOCK, 0x6E]),
            _ => {}
        }
        self.with(0x23, global);
        match root {
            Root::Tee => self.with(0x22, local),
            Root::Local => {
                self.with(0x21, local);
                self.with(0x20, local);
            }
            Root::Select => {
                self.with(0x23, global);
                self.with(0x20, condition);
                self.reference(&[0x1C, 1], ty);
            }
            Root::Block => {
                self.with(0x20, condition);
                self.with(BR_IF, 0);
                self.byte(0x1A);
                self.with(0x23, global);
                self.byte(END);
            }
            Root::Cast => {
                self.byte(END);
                self.with(0xFB, 0x16);
                self.unsigned(ty.into());
            }
            _ => {}
        }
    }
    /// These bytes, and the type of references to a type.
    fn reference(&mut self, before: &[u8], ty: u32) {
        self.bytes.extend(before);
        self.with(0x64, ty);
    }
}

// ---- meaning -----------------------------------------------------------------------------------

/// What the objects have in them.
pub struct Objects {
    pub fields: [Num; STORAGES.len()],
    pub elements: [Vec<Num>; STORAGES.len()],
    /// What was written by this call: object, index, and what was there.
    pub written: Vec<(usize, usize, Num)>,
}
impl Objects {
    pub fn new(mut make: impl FnMut(NumType) -> u64) -> Objects {
        let mut value = |storage| cut(storage, Num::new(make(STORAGES[storage])));
        Objects {
            fields: core::array::from_fn(&mut value),
            elements: core::array::from_fn(|n| (0..ELEMENTS).map(|_| value(n)).collect()),
            written: Vec::new(),
        }
    }
    pub fn place(&mut self, object: usize, index: usize) -> &mut Num {
        if object == STRUCTURE {
            &mut self.fields[index]
        } else {
            &mut self.elements[object][index]
        }
    }
    fn set(&mut self, object: usize, index: usize, value: Num) {
        let storage = if object == STRUCTURE { index } else { object };
        let place = self.place(object, index);
        let old = core::mem::replace(place, cut(storage, value));
        self.written.push((object, index, old));
    }
    /// As before the call.
    pub fn undo(&mut self) {
        while let Some((object, index, old)) = self.written.pop() {
            *self.place(object, index) = old;
        }
    }
    /// The value of a place for the engine.
    pub fn val(&mut self, object: usize, index: usize) -> Val {
        let storage = if object == STRUCTURE { index } else { object };
        super::val(STORAGES[storage], self.place(object, index).bits)
    }
}
/// A value as it is stored.
fn cut(storage: usize, value: Num) -> Num {
    match packed(storage) {
        Some(bits) => Num::new(value.bits & ((1 << bits) - 1)),
        None => value,
    }
}
/// A value as it is read.
fn read(storage: usize, value: Num, signed: bool) -> Num {
    match packed(storage) {
        Some(bits) if signed => Num::new(u64::from(extended(value.bits, bits) as u32)),
        _ => value,
    }
}

impl Machine {
    pub fn special(&mut self, special: Special, operands: &[Expr]) -> Result<Option<Num>, Stop> {
        let mut x = Vec::with_capacity(operands.len());
        for operand in operands {
            x.push(self.expr(operand)?);
        }
        if let Some((object, Root::Null)) = special.root() {
            let structure = object == STRUCTURE;
            let trap = if structure { Trap::NullStructure } else { Trap::NullArray };
            return Err(Stop::Trap(trap));
        }
        Ok(Some(match special {
            Special::Wide(wide, keep) => self.wide(wide, keep, &x),
            Special::Atomic(op, access) => return self.atomic(op, access, &x),
            Special::Get(field, _, signed) => read(field, self.objects.fields[field], signed),
            Special::Set(field, _) => {
                self.objects.set(STRUCTURE, field, x[0]);
                return Ok(None);
            }
            Special::ElementGet(array, _, signed) => {
                read(array, self.objects.elements[array][element(x[0])?], signed)
            }
            Special::ElementSet(array, _) => {
                self.objects.set(array, element(x[0])?, x[1]);
                return Ok(None);
            }
            Special::Len(..) => Num::new(ELEMENTS.into()),
            Special::New(field, signed) => read(field, cut(field, x[field]), signed),
            Special::NewArray(array, index, signed) => {
                read(array, cut(array, x[index as usize]), signed)
            }
            Special::I31(signed) => {
                let bits = x[0].bits & 0x7FFF_FFFF;
                Num::new(if signed { u64::from(extended(bits, 31) as u32) } else { bits })
            }
        }))
    }
    fn wide(&mut self, wide: Wide, keep: Keep, x: &[Num]) -> Num {
        let pair = |n: usize| u128::from(x[n].bits) | u128::from(x[n + 1].bits) << 64;
        let signed = |n: usize| i128::from(x[n].bits as i64);
        let result = match wide {
            Wide::Add => pair(0).wrapping_add(pair(2)),
            Wide::Sub => pair(0).wrapping_sub(pair(2)),
            Wide::MulS => (signed(0) * signed(1)) as u128,
            Wide::MulU => u128::from(x[0].bits) * u128::from(x[1].bits),
        };
        let (low, high) = (result as u64, (result >> 64) as u64);
        Num::new(match keep {
            Keep::Low => low,
            Keep::High => high,
            Keep::Difference => low.wrapping_sub(high),
            Keep::Both(local) => {
                self.locals[local as usize] = Num::new(high);
                low
            }
        })
    }
    fn atomic(&mut self, op: AtomicOp, access: Access, x: &[Num]) -> Result<Option<Num>, Stop> {
        let width = op.width();
        let at = u128::from(x[0].bits) + u128::from(access.offset);
        if at % u128::from(width) != 0 {
            return Err(Stop::Trap(Trap::UnalignedAtomic));
        }
        let at = super::oracle::place(access, x[0], width)?;
        if op.kind() == AtomicKind::Notify {
            return Ok(Some(Num::new(0)));
        }
        let n = width.trailing_zeros() as usize;
        let load = [LoadOp::I64Load8U, LoadOp::I64Load16U, LoadOp::I64Load32U, LoadOp::I64Load][n];
        let store =
            [StoreOp::I64Store8, StoreOp::I64Store16, StoreOp::I64Store32, StoreOp::I64Store][n];
        let memory = &mut self.memories[access.memory as usize];
        // What was stored as a float is looked for under its type.
        let old = memory.load(load, at)?.exactly()?;
        if op.kind() != AtomicKind::Load {
            let operand = |n: usize| x.get(n).map_or(0, |x| x.bits);
            let new = model(op.kind(), old, operand(1), operand(2), u64::MAX >> (64 - 8 * width));
            memory.store(store, at, Num::new(new))?;
        }
        Ok((op.kind() != AtomicKind::Store).then_some(Num::new(old)))
    }
}
fn element(index: Num) -> Result<usize, Stop> {
    let index = index.bits as u32;
    if index < ELEMENTS { Ok(index as usize) } else { Err(Stop::Trap(Trap::ArrayOutOfBounds)) }
}
