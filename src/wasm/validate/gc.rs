//! References, structures and arrays (spec §3.3.4, §3.3.5).

use super::func::{Result, Validator, tell};
use crate::wasm::compact::Ty;
use crate::wasm::decode::{WITH_DESCRIPTOR, unpacked};
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::limits;
use crate::wasm::ops::OtherOp;
use crate::wasm::registry::TypeDef;
use crate::wasm::sink::Sink;
use crate::wasm::subtype::{ref_type_matches, storage_type_matches, top};
use crate::wasm::types::{FieldType, HeapType, RefType, StorageType};
use alloc::format;

impl<'a, S: Sink> Validator<'a, S> {
    /// Opcodes 0xD0 to 0xD6.
    pub fn reference(&mut self, opcode: u8) -> Result<()> {
        self.need(match opcode {
            0xD0..=0xD2 => Features::REFERENCE_TYPES,
            0xD3 => Features::GC,
            _ => Features::FUNCTION_REFERENCES,
        })?;
        match opcode {
            0xD0 => {
                let heap = self.type_space().heap_type(&mut self.reader)?;
                self.push(Ty::heap(true, heap));
                tell!(self, ref_null());
            }
            0xD1 => {
                self.pop_ref()?;
                self.push(Ty::I32);
                tell!(self, ref_is_null());
            }
            0xD2 => self.ref_func()?,
            0xD3 => {
                let eq = Ty::heap(true, HeapType::Eq);
                self.pop_all(&[eq, eq])?;
                self.push(Ty::I32);
                tell!(self, ref_eq());
            }
            0xD4 => {
                let ty = self.pop_ref()?;
                self.push(ty.non_null());
                tell!(self, ref_as_non_null());
            }
            0xD5 => {
                let depth = self.reader.u32()?;
                let ty = self.pop_ref()?;
                let types = self.target_types(depth)?;
                self.pop_push_all(&types)?;
                self.push(ty.non_null());
                tell!(self, br_on_null(depth));
            }
            _ => self.br_on_non_null()?,
        }
        Ok(())
    }
    fn ref_func(&mut self) -> Result<()> {
        let func = self.reader.u32()?;
        if func as usize >= self.module.funcs.len() {
            return Err(self.invalid(&format!("unknown function {func}")));
        }
        if !self.module.is_declared(func) {
            return Err(self.invalid("undeclared function reference"));
        }
        self.push(self.module.ref_func_type(func));
        tell!(self, ref_func(func));
        Ok(())
    }
    fn br_on_non_null(&mut self) -> Result<()> {
        let depth = self.reader.u32()?;
        let types = self.target_types(depth)?;
        let Some((&last, rest)) = types.split_last() else {
            return Err(self.mismatch("the label takes no reference"));
        };
        if !last.is_ref() {
            return Err(self.mismatch("the label takes no reference"));
        }
        let ty = self.pop_ref()?;
        self.check(ty.non_null(), last)?;
        self.pop_push_all(rest)?;
        tell!(self, br_on_non_null(depth));
        Ok(())
    }

    /// Structures, arrays, casts, i31.
    pub fn prefix_fb(&mut self) -> Result<()> {
        let code = self.reader.u32()?;
        let op = OtherOp::decode(0xFB00_u32.saturating_add(code)).filter(|_| code < 0x100);
        let Some(op) = op else { return Err(self.illegal(code)) };
        self.need(Features::GC)?;
        if op.code() >= OtherOp::StructNewDesc.code() {
            return self.descriptor(op);
        }
        match op {
            OtherOp::StructNew | OtherOp::StructNewDefault => self.struct_new(op),
            OtherOp::StructGet | OtherOp::StructGetS | OtherOp::StructGetU => self.struct_get(op),
            OtherOp::StructSet => self.struct_set(op),
            OtherOp::ArrayNew
            | OtherOp::ArrayNewDefault
            | OtherOp::ArrayNewFixed
            | OtherOp::ArrayNewData
            | OtherOp::ArrayNewElem => self.array_new(op),
            OtherOp::ArrayGet | OtherOp::ArrayGetS | OtherOp::ArrayGetU => self.array_get(op),
            OtherOp::ArraySet
            | OtherOp::ArrayFill
            | OtherOp::ArrayInitData
            | OtherOp::ArrayInitElem => self.array_write(op),
            OtherOp::ArrayCopy => self.array_copy(op),
            OtherOp::RefTest | OtherOp::RefTestNull => self.ref_test(op == OtherOp::RefTestNull),
            OtherOp::RefCast | OtherOp::RefCastNull => self.ref_cast(op == OtherOp::RefCastNull),
            OtherOp::BrOnCast | OtherOp::BrOnCastFail => {
                self.br_on_cast(op == OtherOp::BrOnCastFail)
            }
            OtherOp::AnyConvertExtern => self.convert(op, HeapType::Extern, HeapType::Any),
            OtherOp::ExternConvertAny => self.convert(op, HeapType::Any, HeapType::Extern),
            OtherOp::ArrayLen => self.simple(op, Ty::heap(true, HeapType::Array), Ty::I32),
            OtherOp::RefI31 => self.simple(op, Ty::I32, Ty::heap(false, HeapType::I31)),
            _ => self.simple(op, Ty::heap(true, HeapType::I31), Ty::I32),
        }
    }
    fn simple(&mut self, op: OtherOp, operand: Ty, result: Ty) -> Result<()> {
        self.pop(operand)?;
        self.push(result);
        tell!(self, gc(op, 0, 0));
        Ok(())
    }

    pub fn def(&mut self) -> Result<&'a TypeDef> {
        let type_idx = self.reader.u32()?;
        match self.module.type_def(type_idx) {
            Some(def) => Ok(def),
            None => Err(self.invalid(&format!("unknown type {type_idx}"))),
        }
    }
    fn struct_type(&mut self) -> Result<(&'a TypeDef, &'a [FieldType])> {
        let def = self.def()?;
        match def.fields() {
            Some(fields) => Ok((def, fields)),
            None => Err(self.mismatch("expected the type of a structure")),
        }
    }
    fn array_type(&mut self) -> Result<(&'a TypeDef, FieldType)> {
        let def = self.def()?;
        match def.element() {
            Some(element) => Ok((def, element)),
            None => Err(self.mismatch("expected the type of an array")),
        }
    }
    fn struct_new(&mut self, op: OtherOp) -> Result<()> {
        let (def, fields) = self.struct_type()?;
        if def.descriptor.is_some() {
            return Err(self.invalid(WITH_DESCRIPTOR));
        }
        self.pop_fields(fields, op == OtherOp::StructNewDefault)?;
        self.push(self.module.made_type(def.id));
        tell!(self, gc(op, def.id.0, 0));
        Ok(())
    }
    /// The operands for the fields of a structure, or none if all have default values.
    pub fn pop_fields(&mut self, fields: &[FieldType], default: bool) -> Result<()> {
        if !default {
            return self.pop_each(fields.iter().rev().map(|field| unpacked(field.storage)));
        }
        if !fields.iter().all(|field| unpacked(field.storage).is_defaultable()) {
            return Err(self.mismatch("a field has no default value"));
        }
        Ok(())
    }
    /// A structure type, a field of it.
    fn struct_field(&mut self) -> Result<(&'a TypeDef, u32, FieldType)> {
        let (def, fields) = self.struct_type()?;
        let index = self.reader.u32()?;
        match fields.get(index as usize) {
            Some(&field) => Ok((def, index, field)),
            None => Err(self.invalid(&format!("unknown field {index}"))),
        }
    }
    /// Packed fields need an extension, and only they.
    fn check_packed(&self, storage: StorageType, plain: bool) -> Result<()> {
        if matches!(storage, StorageType::Val(_)) == plain {
            return Ok(());
        }
        Err(self.mismatch("packed fields, and only they, are read with an extension"))
    }
    fn struct_get(&mut self, op: OtherOp) -> Result<()> {
        let (def, index, field) = self.struct_field()?;
        self.check_packed(field.storage, op == OtherOp::StructGet)?;
        self.pop(Ty::heap(true, HeapType::Defined(def.id)))?;
        self.push(unpacked(field.storage));
        tell!(self, gc(op, def.id.0, index));
        Ok(())
    }
    fn struct_set(&mut self, op: OtherOp) -> Result<()> {
        let (def, index, field) = self.struct_field()?;
        if !field.mutable {
            return Err(self.invalid("immutable field"));
        }
        self.pop(unpacked(field.storage))?;
        self.pop(Ty::heap(true, HeapType::Defined(def.id)))?;
        tell!(self, gc(op, def.id.0, index));
        Ok(())
    }

    fn array_new(&mut self, op: OtherOp) -> Result<()> {
        let (def, element) = self.array_type()?;
        let ty = unpacked(element.storage);
        let mut second = 0;
        match op {
            OtherOp::ArrayNew => self.pop_all(&[ty, Ty::I32])?,
            OtherOp::ArrayNewDefault => {
                if !ty.is_defaultable() {
                    return Err(self.mismatch("the element has no default value"));
                }
                self.pop(Ty::I32)?;
            }
            OtherOp::ArrayNewFixed => {
                second = self.reader.u32()?;
                if second as usize > limits::ARRAY_NEW_FIXED {
                    return Err(Error::limit(self.at, "too many operands of array.new_fixed"));
                }
                self.pop_each((0..second).map(|_| ty))?;
            }
            _ => {
                second = self.array_segment(op == OtherOp::ArrayNewData, element)?;
                self.pop_all(&[Ty::I32, Ty::I32])?;
            }
        }
        self.push(self.module.made_type(def.id));
        tell!(self, gc(op, def.id.0, second));
        Ok(())
    }
    /// A segment that can fill an array: bytes for numbers, references of a matching type.
    fn array_segment(&mut self, is_data: bool, element: FieldType) -> Result<u32> {
        if is_data {
            let data = self.data_segment()?;
            if unpacked(element.storage).is_ref() {
                return Err(self.invalid("array type is not numeric or vector"));
            }
            return Ok(data);
        }
        let elem = self.elem_segment()?;
        if let Some(segment) = self.module.elems.get(elem as usize) {
            self.check(Ty::reference(segment.ty), unpacked(element.storage))?;
        }
        Ok(elem)
    }
    fn array_get(&mut self, op: OtherOp) -> Result<()> {
        let (def, element) = self.array_type()?;
        self.check_packed(element.storage, op == OtherOp::ArrayGet)?;
        self.pop_all(&[Ty::heap(true, HeapType::Defined(def.id)), Ty::I32])?;
        self.push(unpacked(element.storage));
        tell!(self, gc(op, def.id.0, 0));
        Ok(())
    }
    /// `array.set`, `array.fill`, `array.init_data`, `array.init_elem`.
    fn array_write(&mut self, op: OtherOp) -> Result<()> {
        let (def, element) = self.array_type()?;
        if !element.mutable {
            return Err(self.invalid("immutable array"));
        }
        let (array, ty) = (Ty::heap(true, HeapType::Defined(def.id)), unpacked(element.storage));
        let mut second = 0;
        match op {
            OtherOp::ArraySet => self.pop_all(&[array, Ty::I32, ty])?,
            OtherOp::ArrayFill => self.pop_all(&[array, Ty::I32, ty, Ty::I32])?,
            _ => {
                second = self.array_segment(op == OtherOp::ArrayInitData, element)?;
                self.pop_all(&[array, Ty::I32, Ty::I32, Ty::I32])?;
            }
        }
        tell!(self, gc(op, def.id.0, second));
        Ok(())
    }
    fn array_copy(&mut self, op: OtherOp) -> Result<()> {
        let (dst, dst_element) = self.array_type()?;
        let (src, src_element) = self.array_type()?;
        if !dst_element.mutable {
            return Err(self.invalid("immutable array"));
        }
        let registry = &self.module.registry;
        if !storage_type_matches(registry, src_element.storage, dst_element.storage) {
            return Err(self.invalid("array types do not match"));
        }
        let array = |def: &TypeDef| Ty::heap(true, HeapType::Defined(def.id));
        self.pop_all(&[array(dst), Ty::I32, array(src), Ty::I32, Ty::I32])?;
        tell!(self, gc(op, dst.id.0, src.id.0));
        Ok(())
    }

    /// The target of a test or cast: the operand may be anything of its hierarchy.
    fn cast_target(&mut self, nullable: bool) -> Result<RefType> {
        let heap = self.type_space().heap_type(&mut self.reader)?;
        let ty = RefType { nullable, heap };
        self.pop(Ty::heap(true, top(&self.module.registry, heap)))?;
        Ok(ty)
    }
    fn ref_test(&mut self, nullable: bool) -> Result<()> {
        let ty = self.cast_target(nullable)?;
        self.push(Ty::I32);
        tell!(self, ref_test(ty));
        Ok(())
    }
    fn ref_cast(&mut self, nullable: bool) -> Result<()> {
        let ty = self.cast_target(nullable)?;
        self.push(Ty::reference(ty));
        tell!(self, ref_cast(ty));
        Ok(())
    }
    /// A label, the type of the operand, and that of the cast.
    pub fn branch_types(&mut self) -> Result<(u32, RefType, RefType)> {
        let offset = self.reader.offset();
        let flags = self.reader.byte()?;
        if flags > 3 {
            return Err(Error::malformed(offset, "malformed br_on_cast flags"));
        }
        let depth = self.reader.u32()?;
        let space = self.type_space();
        let heap = space.heap_type(&mut self.reader)?;
        let from = RefType { nullable: flags & 1 != 0, heap };
        let heap = space.heap_type(&mut self.reader)?;
        let to = RefType { nullable: flags & 2 != 0, heap };
        let registry = &self.module.registry;
        // With custom descriptors any type of the hierarchy will do.
        if self.module.features.custom_descriptors() {
            if top(registry, to.heap) != top(registry, from.heap) {
                return Err(self.mismatch("a cast must stay in its hierarchy"));
            }
        } else if !ref_type_matches(registry, to, from) {
            return Err(self.mismatch("a cast must go to a subtype"));
        }
        Ok((depth, from, to))
    }
    fn br_on_cast(&mut self, on_fail: bool) -> Result<()> {
        let (depth, from, to) = self.branch_types()?;
        self.pop_push_branch(depth, from, to, on_fail)?;
        tell!(self, br_on_cast(depth, to, on_fail));
        Ok(())
    }
    /// §3.3.1: what is not of type `to` is of type `from` without `to`.
    pub fn pop_push_branch(
        &mut self,
        depth: u32,
        from: RefType,
        to: RefType,
        on_fail: bool,
    ) -> Result<()> {
        let rest = RefType { nullable: from.nullable && !to.nullable, heap: from.heap };
        let (jumps, stays) = if on_fail { (rest, to) } else { (to, rest) };
        let types = self.target_types(depth)?;
        let Some((&last, others)) = types.split_last() else {
            return Err(self.mismatch("br_on_cast to label with empty types"));
        };
        self.check(Ty::reference(jumps), last)?;
        self.pop(Ty::reference(from))?;
        self.pop_push_all(others)?;
        self.push(Ty::reference(stays));
        Ok(())
    }
    fn convert(&mut self, op: OtherOp, from: HeapType, to: HeapType) -> Result<()> {
        let ty = self.pop_ref()?;
        self.check(ty, Ty::heap(true, from))?;
        self.push(Ty::heap(ty.is_nullable(), to));
        tell!(self, gc(op, 0, 0));
        Ok(())
    }
}
