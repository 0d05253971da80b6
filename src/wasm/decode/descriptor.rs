//! Types with descriptors (proposal custom-descriptors).

use super::{Decoder, Result, TypeSpace};
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::reader::Reader;
use crate::wasm::registry::TypeDef;
use crate::wasm::types::TypeId;
use alloc::format;

const DESCRIBES: u8 = 0x4C;
const DESCRIPTOR: u8 = 0x4D;

impl TypeSpace<'_> {
    /// The clauses `describes` and `descriptor` of the type with index `own`: either, both, in
    /// this order, or none.
    pub(super) fn clauses(
        self,
        reader: &mut Reader<'_>,
        own: u32,
    ) -> Result<(Option<TypeId>, Option<TypeId>)> {
        let describes = match self.clause(reader, DESCRIBES)? {
            None => None,
            Some((offset, type_idx)) => {
                let Some(id) = self.in_group(type_idx) else {
                    return Err(Error::invalid(offset, "described type is outside rec group"));
                };
                if type_idx >= own {
                    return Err(Error::invalid(offset, "forward use of described type"));
                }
                Some(id)
            }
        };
        let descriptor = match self.clause(reader, DESCRIPTOR)? {
            None => None,
            Some((offset, type_idx)) => {
                let Some(id) = self.in_group(type_idx) else {
                    return Err(Error::invalid(offset, "descriptor type is outside rec group"));
                };
                Some(id)
            }
        };
        Ok((describes, descriptor))
    }
    /// The type index of a clause, if it is there, and where.
    fn clause(self, reader: &mut Reader<'_>, form: u8) -> Result<Option<(usize, u32)>> {
        if reader.peek() != Some(form) {
            return Ok(None);
        }
        self.need(Features::CUSTOM_DESCRIPTORS, reader.offset())?;
        reader.byte()?;
        let offset = reader.offset();
        Ok(Some((offset, reader.u32()?)))
    }
}

impl Decoder {
    /// Descriptor and described type are structures, name each other, and are both open or both
    /// final.
    pub(super) fn check_descriptors(&self, offset: usize, def: &TypeDef) -> Result<()> {
        let registry = &self.module.registry;
        let is_struct = def.fields().is_some();
        let check = |holds: bool, message: &'static str| {
            if holds { Ok(()) } else { Err(Error::invalid(offset, message)) }
        };
        let finality = "descriptor and described types have mismatched finality";
        if let Some(id) = def.descriptor {
            let descriptor = registry.get(id);
            check(is_struct, "descriptor type must be a struct")?;
            let agree = descriptor.describes == Some(def.id);
            check(agree, "type is not described by its descriptor")?;
            check(descriptor.is_final == def.is_final, finality)?;
        }
        if let Some(id) = def.describes {
            let described = registry.get(id);
            check(is_struct, "described type must be a struct")?;
            let agree = described.descriptor == Some(def.id);
            check(agree, "described type is not described by descriptor")?;
        }
        Ok(())
    }
    /// The descriptor and the described type match those of the supertype, which has the same
    /// clauses.
    pub(super) fn check_super_descriptors(
        &self,
        offset: usize,
        def: &TypeDef,
        above: &TypeDef,
    ) -> Result<()> {
        let clauses = [
            ("descriptor", def.descriptor, above.descriptor),
            ("described", def.describes, above.describes),
        ];
        for (what, sub, sup) in clauses {
            if let (Some(sub), Some(sup)) = (sub, sup)
                && !self.module.registry.is_subtype(sub, sup)
            {
                let (sub, sup) = (self.type_idx(sub), self.type_idx(sup));
                let message = format!("{what} type {sub} does not match {sup}");
                return Err(Error::invalid(offset, message));
            }
        }
        Ok(())
    }
    /// The first index of a type, for a message.
    pub(super) fn type_idx(&self, id: TypeId) -> usize {
        self.module.types.iter().position(|&known| known == id).unwrap_or(0)
    }
}
