//! Descriptors (proposal custom-descriptors).

use super::func::{Result, Validator, tell};
use crate::wasm::compact::Ty;
use crate::wasm::decode::WITHOUT_DESCRIPTOR;
use crate::wasm::features::Features;
use crate::wasm::ops::OtherOp;
use crate::wasm::sink::Sink;
use crate::wasm::subtype::{top, ty_matches};
use crate::wasm::types::{HeapType, RefType, TypeId};
use alloc::format;
use alloc::string::ToString;

impl<S: Sink> Validator<'_, S> {
    /// Opcodes 0xFB 32 to 38.
    pub fn descriptor(&mut self, op: OtherOp) -> Result<()> {
        self.need(Features::CUSTOM_DESCRIPTORS)?;
        match op {
            OtherOp::StructNewDesc | OtherOp::StructNewDefaultDesc => self.struct_new_desc(op),
            OtherOp::RefGetDesc => self.ref_get_desc(op),
            OtherOp::RefCastDescEq | OtherOp::RefCastDescEqNull => self.ref_cast_desc_eq(op),
            _ => self.br_on_cast_desc_eq(op == OtherOp::BrOnCastDescEqFail),
        }
    }
    fn struct_new_desc(&mut self, op: OtherOp) -> Result<()> {
        let def = self.def()?;
        // Only structures have descriptors.
        let (Some(descriptor), Some(fields)) = (def.descriptor, def.fields()) else {
            return Err(self.invalid(WITHOUT_DESCRIPTOR));
        };
        self.pop(Ty::heap(true, HeapType::Exact(descriptor)))?;
        self.pop_fields(fields, op == OtherOp::StructNewDefaultDesc)?;
        self.push(self.module.made_type(def.id));
        tell!(self, gc(op, def.id.0, 0));
        Ok(())
    }
    /// What is exactly of the type has exactly its descriptor.
    fn ref_get_desc(&mut self, op: OtherOp) -> Result<()> {
        let def = self.def()?;
        let Some(descriptor) = def.descriptor else {
            return Err(self.invalid("type without descriptor"));
        };
        let heap = HeapType::Defined(def.id);
        let got = self.pop_any()?;
        let is_exact = ty_matches(&self.module.registry, got, Ty::heap(true, heap.exact()));
        if !is_exact {
            self.check(got, Ty::heap(true, heap))?;
        }
        let result = HeapType::Defined(descriptor);
        self.push(Ty::heap(false, if is_exact { result.exact() } else { result }));
        tell!(self, gc(op, def.id.0, 0));
        Ok(())
    }
    /// The type of the descriptors of a type, exact if it is.
    fn descriptor_type(&self, heap: HeapType) -> Result<HeapType> {
        let descriptor_of = |id: TypeId| self.module.registry.get(id).descriptor;
        let descriptor = match heap {
            HeapType::Defined(id) => descriptor_of(id).map(HeapType::Defined),
            HeapType::Exact(id) => descriptor_of(id).map(HeapType::Exact),
            _ => None,
        };
        descriptor.ok_or_else(|| {
            let of = |id| self.module.types.iter().position(|&known| known == id);
            let name = match heap.type_id().and_then(of) {
                Some(type_idx) => type_idx.to_string(),
                None => heap.to_string(),
            };
            self.invalid(&format!("type {name} does not have a descriptor"))
        })
    }
    fn ref_cast_desc_eq(&mut self, op: OtherOp) -> Result<()> {
        let heap = self.type_space().heap_type(&mut self.reader)?;
        let descriptor = self.descriptor_type(heap)?;
        self.pop(Ty::heap(true, descriptor))?;
        self.pop(Ty::heap(true, top(&self.module.registry, heap)))?;
        let nullable = op == OtherOp::RefCastDescEqNull;
        self.push(Ty::reference(RefType { nullable, heap }));
        tell!(self, gc(op, 0, 0));
        Ok(())
    }
    fn br_on_cast_desc_eq(&mut self, on_fail: bool) -> Result<()> {
        let (depth, from, to) = self.branch_types()?;
        let descriptor = self.descriptor_type(to.heap)?;
        self.pop(Ty::heap(true, descriptor))?;
        self.pop_push_branch(depth, from, to, on_fail)?;
        tell!(self, br_on_cast_desc_eq(depth, to.nullable, on_fail));
        Ok(())
    }
}
