//! Constant expressions (spec §3.3.13, §5.4.10): decoded, validated and kept as a list.

use super::{Result, TypeSpace, need};
use crate::wasm::compact::Ty;
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::instr::{BinOp, UnOp};
use crate::wasm::limits;
use crate::wasm::module::{ConstExpr, ConstOp, Module};
use crate::wasm::ops::{LoadOp, OtherOp, StoreOp};
use crate::wasm::reader::Reader;
use crate::wasm::registry::TypeDef;
use crate::wasm::room;
use crate::wasm::subtype::ty_matches;
use crate::wasm::types::{HeapType, StorageType, TypeId};
use alloc::format;
use alloc::vec::Vec;

/// Buffers for one expression after the other.
#[derive(Default)]
pub(super) struct ConstDecoder {
    stack: Vec<Ty>,
    ops: Vec<ConstOp>,
}

impl ConstDecoder {
    /// An expression with one result of the expected type; it sees the globals decoded so far.
    pub fn expr(
        &mut self,
        module: &mut Module,
        reader: &mut Reader<'_>,
        expected: Ty,
    ) -> Result<ConstExpr> {
        let start = reader.offset();
        self.stack.clear();
        self.ops.clear();
        loop {
            let offset = reader.offset();
            match reader.byte()? {
                0x0B => break,
                opcode => {
                    let op = self.op(module, reader, offset, opcode)?;
                    room::push(&mut self.ops, op, offset)?;
                }
            }
        }
        self.pop(module, start, expected)?;
        if !self.stack.is_empty() {
            return Err(mismatch(start));
        }
        room::boxed(&self.ops).map_err(room::missing(start))
    }

    fn op(
        &mut self,
        module: &mut Module,
        reader: &mut Reader<'_>,
        offset: usize,
        opcode: u8,
    ) -> Result<ConstOp> {
        let (op, ty) = match opcode {
            0x41 => (ConstOp::I32(reader.s32()?), Ty::I32),
            0x42 => (ConstOp::I64(reader.s64()?), Ty::I64),
            0x43 => (ConstOp::F32(reader.f32_bits()?), Ty::F32),
            0x44 => (ConstOp::F64(reader.f64_bits()?), Ty::F64),
            0x23 => self.global_get(module, reader)?,
            0x6A..=0x6C | 0x7C..=0x7E => {
                need(module.features, Features::EXTENDED_CONST, offset)?;
                let Some(op) = BinOp::decode(u32::from(opcode)) else {
                    return Err(illegal(offset));
                };
                let ty = Ty::num(op.signature().0);
                self.pop(module, offset, ty)?;
                self.pop(module, offset, ty)?;
                (ConstOp::Binary(op), ty)
            }
            0xD0 => {
                need(module.features, Features::REFERENCE_TYPES, offset)?;
                let space = TypeSpace::new(&module.types, module.features);
                let heap = space.heap_type(reader)?;
                (ConstOp::RefNull(heap), Ty::heap(true, heap))
            }
            0xD2 => {
                need(module.features, Features::REFERENCE_TYPES, offset)?;
                let func = reader.u32()?;
                if func as usize >= module.funcs.len() {
                    return Err(Error::invalid(offset, format!("unknown function {func}")));
                }
                module.declare(func, offset)?;
                (ConstOp::RefFunc(func), module.ref_func_type(func))
            }
            0xFB => self.gc_op(module, reader, offset)?,
            0xFD => {
                if reader.u32()? != 0x0C {
                    return Err(not_constant(offset));
                }
                need(module.features, Features::SIMD, offset)?;
                (ConstOp::V128(reader.v128_bits()?), Ty::V128)
            }
            _ if is_opcode(opcode) => return Err(not_constant(offset)),
            _ => return Err(illegal(offset)),
        };
        room::push(&mut self.stack, ty, offset)?;
        Ok(op)
    }
    /// Any earlier global that cannot change; before GC only imported ones.
    fn global_get(&self, module: &Module, reader: &mut Reader<'_>) -> Result<(ConstOp, Ty)> {
        let offset = reader.offset();
        let global = reader.u32()?;
        let Some(ty) = module.global_types.get(global as usize) else {
            return Err(Error::invalid(offset, format!("unknown global {global}")));
        };
        let visible = module.features.gc() || global < module.num_imported_globals();
        if ty.mutable || !visible {
            return Err(not_constant(offset));
        }
        Ok((ConstOp::GlobalGet(global), ty.value.into()))
    }
    fn gc_op(
        &mut self,
        module: &Module,
        reader: &mut Reader<'_>,
        offset: usize,
    ) -> Result<(ConstOp, Ty)> {
        let code = reader.u32()?;
        need(module.features, Features::GC, offset)?;
        match code {
            0 | 1 => self.struct_new(module, reader, offset, code == 1),
            6..=8 => self.array_new(module, reader, offset, code),
            26 => self.convert(module, offset, HeapType::Extern, HeapType::Any),
            27 => self.convert(module, offset, HeapType::Any, HeapType::Extern),
            28 => {
                self.pop(module, offset, Ty::I32)?;
                Ok((ConstOp::RefI31, Ty::heap(false, HeapType::I31)))
            }
            0..=30 => Err(not_constant(offset)),
            32..=38 => {
                need(module.features, Features::CUSTOM_DESCRIPTORS, offset)?;
                match code {
                    32 | 33 => self.struct_new_desc(module, reader, offset, code == 33),
                    _ => Err(not_constant(offset)),
                }
            }
            _ => Err(illegal(offset)),
        }
    }
    fn convert(
        &mut self,
        module: &Module,
        offset: usize,
        from: HeapType,
        to: HeapType,
    ) -> Result<(ConstOp, Ty)> {
        let Some(top) = self.stack.pop() else { return Err(mismatch(offset)) };
        if !ty_matches(&module.registry, top, Ty::heap(true, from)) {
            return Err(mismatch(offset));
        }
        let nullable = top.is_nullable();
        let op =
            if to == HeapType::Any { ConstOp::AnyConvertExtern } else { ConstOp::ExternConvertAny };
        Ok((op, Ty::heap(nullable, to)))
    }
    fn struct_new(
        &mut self,
        module: &Module,
        reader: &mut Reader<'_>,
        offset: usize,
        default: bool,
    ) -> Result<(ConstOp, Ty)> {
        let (id, def) = type_def(module, reader)?;
        if def.descriptor.is_some() {
            return Err(Error::invalid(offset, WITH_DESCRIPTOR));
        }
        self.fields(module, offset, def, default)?;
        let op = if default { ConstOp::StructNewDefault(id) } else { ConstOp::StructNew(id) };
        Ok((op, module.made_type(id)))
    }
    /// The descriptor is the last operand.
    fn struct_new_desc(
        &mut self,
        module: &Module,
        reader: &mut Reader<'_>,
        offset: usize,
        default: bool,
    ) -> Result<(ConstOp, Ty)> {
        let (id, def) = type_def(module, reader)?;
        let Some(descriptor) = def.descriptor else {
            return Err(Error::invalid(offset, WITHOUT_DESCRIPTOR));
        };
        self.pop(module, offset, Ty::heap(true, HeapType::Exact(descriptor)))?;
        self.fields(module, offset, def, default)?;
        let op =
            if default { ConstOp::StructNewDefaultDesc(id) } else { ConstOp::StructNewDesc(id) };
        Ok((op, module.made_type(id)))
    }
    /// The operands for the fields of a structure, or none if all have default values.
    fn fields(
        &mut self,
        module: &Module,
        offset: usize,
        def: &TypeDef,
        default: bool,
    ) -> Result<()> {
        let Some(fields) = def.fields() else { return Err(wrong_kind(offset, "structure")) };
        if !default {
            for field in fields.iter().rev() {
                self.pop(module, offset, unpacked(field.storage))?;
            }
        } else if !fields.iter().all(|field| unpacked(field.storage).is_defaultable()) {
            return Err(Error::invalid(offset, "type mismatch: a field has no default value"));
        }
        Ok(())
    }
    fn array_new(
        &mut self,
        module: &Module,
        reader: &mut Reader<'_>,
        offset: usize,
        code: u32,
    ) -> Result<(ConstOp, Ty)> {
        let (id, def) = type_def(module, reader)?;
        let Some(element) = def.element() else { return Err(wrong_kind(offset, "array")) };
        let element = unpacked(element.storage);
        let op = match code {
            6 => {
                self.pop(module, offset, Ty::I32)?;
                self.pop(module, offset, element)?;
                ConstOp::ArrayNew(id)
            }
            7 => {
                if !element.is_defaultable() {
                    return Err(Error::invalid(offset, "type mismatch: no default value"));
                }
                self.pop(module, offset, Ty::I32)?;
                ConstOp::ArrayNewDefault(id)
            }
            _ => {
                let count = reader.u32()?;
                if count as usize > limits::ARRAY_NEW_FIXED {
                    return Err(Error::limit(offset, "too many operands of array.new_fixed"));
                }
                for _ in 0..count {
                    self.pop(module, offset, element)?;
                }
                ConstOp::ArrayNewFixed(id, count)
            }
        };
        Ok((op, module.made_type(id)))
    }

    fn pop(&mut self, module: &Module, offset: usize, expected: Ty) -> Result<()> {
        match self.stack.pop() {
            Some(top) if ty_matches(&module.registry, top, expected) => Ok(()),
            _ => Err(mismatch(offset)),
        }
    }
}

/// What is wrong with `struct.new` of a type with a descriptor, and the other way round.
pub(crate) const WITH_DESCRIPTOR: &str = "type with descriptor requires descriptor allocation";
pub(crate) const WITHOUT_DESCRIPTOR: &str =
    "type without descriptor requires non-descriptor allocation";

/// The type of the values that are read from and written to a field.
pub(crate) fn unpacked(storage: StorageType) -> Ty {
    match storage {
        StorageType::Val(ty) => ty.into(),
        StorageType::I8 | StorageType::I16 => Ty::I32,
    }
}

fn type_def<'m>(module: &'m Module, reader: &mut Reader<'_>) -> Result<(TypeId, &'m TypeDef)> {
    let offset = reader.offset();
    let type_idx = reader.u32()?;
    match module.type_def(type_idx) {
        Some(def) => Ok((def.id, def)),
        None => Err(Error::invalid(offset, format!("unknown type {type_idx}"))),
    }
}

/// Whether an instruction begins with this byte.
fn is_opcode(byte: u8) -> bool {
    let code = u32::from(byte);
    (0xFB..=0xFE).contains(&byte)
        || UnOp::decode(code).is_some()
        || BinOp::decode(code).is_some()
        || LoadOp::decode(code).is_some()
        || StoreOp::decode(code).is_some()
        || OtherOp::decode(code).is_some()
}

#[cold]
fn mismatch(offset: usize) -> Error {
    Error::invalid(offset, "type mismatch in constant expression")
}
#[cold]
fn wrong_kind(offset: usize, wanted: &str) -> Error {
    Error::invalid(offset, format!("type mismatch: expected the type of a {wanted}"))
}
#[cold]
fn not_constant(offset: usize) -> Error {
    Error::invalid(offset, "constant expression required")
}
#[cold]
fn illegal(offset: usize) -> Error {
    Error::malformed(offset, "illegal opcode")
}
