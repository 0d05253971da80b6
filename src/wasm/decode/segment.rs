//! Element and data segments (spec §5.5.12, §5.5.14).

use super::{DATA_COUNT, Decoder, Result, check_count, make_room};
use crate::wasm::compact::Ty;
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::limits;
use crate::wasm::module::{ConstExpr, ConstOp, Data, Elem, Elements, SegmentMode};
use crate::wasm::reader::Reader;
use crate::wasm::room;
use crate::wasm::subtype::ref_type_matches;
use crate::wasm::types::{HeapType, RefType};
use alloc::format;
use alloc::vec::Vec;

impl Decoder {
    /// Section 9.
    pub(super) fn elems(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        check_count(section.offset(), count as usize, limits::ELEM_SEGMENTS + 1, "elem segments")?;
        make_room(&mut self.module.elems, section, count, limits::ELEM_SEGMENTS)?;
        for _ in 0..count {
            let elem = self.elem(section)?;
            self.module.elems.push(elem);
        }
        Ok(())
    }
    fn elem(&mut self, section: &mut Reader<'_>) -> Result<Elem> {
        let offset = section.offset();
        let flags = section.u32()?;
        if flags > 7 {
            return Err(Error::malformed(offset, "malformed elements segment kind"));
        }
        if flags != 0 {
            self.need(Features::BULK_MEMORY, offset)?;
        }
        let (passive, explicit, exprs) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        let (mode, table) = if !passive {
            let index = if explicit { section.u32()? } else { 0 };
            let Some(&table) = self.module.table_types.get(index as usize) else {
                return Err(Error::invalid(offset, format!("unknown table {index}")));
            };
            let expected = Ty::address(table.limits.is_64);
            let init = self.const_decoder.expr(&mut self.module, section, expected)?;
            (SegmentMode::Active { index, offset: init }, Some(table))
        } else if explicit {
            (SegmentMode::Declarative, None)
        } else {
            (SegmentMode::Passive, None)
        };
        let ty = if flags & 3 == 0 {
            // The short forms: functions, or expressions of type funcref.
            RefType { nullable: exprs, heap: HeapType::Func }
        } else if exprs {
            self.type_space().ref_type(section)?
        } else {
            let offset = section.offset();
            if section.byte()? != 0 {
                return Err(Error::malformed(offset, "malformed element kind"));
            }
            RefType { nullable: false, heap: HeapType::Func }
        };
        if table.is_some_and(|t| !ref_type_matches(&self.module.registry, ty, t.element)) {
            return Err(Error::invalid(offset, "type mismatch: segment and table"));
        }
        let elements =
            if exprs { self.elem_exprs(section, ty)? } else { self.elem_funcs(section)? };
        Ok(Elem { ty, elements, mode })
    }
    fn elem_funcs(&mut self, section: &mut Reader<'_>) -> Result<Elements> {
        let count = elem_count(section)?;
        let mut funcs = Vec::new();
        make_room(&mut funcs, section, count, limits::ELEMENTS)?;
        for _ in 0..count {
            let offset = section.offset();
            let func = section.u32()?;
            if func as usize >= self.module.funcs.len() {
                return Err(Error::invalid(offset, format!("unknown function {func}")));
            }
            self.module.declare(func, offset)?;
            funcs.push(func);
        }
        Ok(Elements::Funcs(funcs.into_boxed_slice()))
    }
    /// Expressions; if all are `ref.func`, they become a list of functions.
    fn elem_exprs(&mut self, section: &mut Reader<'_>, ty: RefType) -> Result<Elements> {
        let count = elem_count(section)?;
        let mut funcs = Vec::new();
        make_room(&mut funcs, section, count, limits::ELEMENTS)?;
        let mut exprs: Vec<ConstExpr> = Vec::new();
        for _ in 0..count {
            let offset = section.offset();
            let expr = self.const_decoder.expr(&mut self.module, section, Ty::reference(ty))?;
            if let (true, &[ConstOp::RefFunc(func)]) = (exprs.is_empty(), &*expr) {
                funcs.push(func);
                continue;
            }
            if exprs.is_empty() {
                make_room(&mut exprs, section, count, limits::ELEMENTS)?;
                for func in funcs.drain(..) {
                    let expr = room::boxed(&[ConstOp::RefFunc(func)]);
                    room::push(&mut exprs, expr.map_err(room::missing(offset))?, offset)?;
                }
            }
            room::push(&mut exprs, expr, offset)?;
        }
        Ok(if exprs.is_empty() {
            Elements::Funcs(funcs.into_boxed_slice())
        } else {
            Elements::Exprs(exprs.into_boxed_slice())
        })
    }

    /// Section 11.
    pub(super) fn datas(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let start = section.offset();
        let count = section.u32()?;
        if self.module.data_count.is_some_and(|announced| announced != count) {
            return Err(Error::malformed(start, DATA_COUNT));
        }
        check_count(start, count as usize, limits::DATA_SEGMENTS + 1, "data segments")?;
        make_room(&mut self.module.datas, section, count, limits::DATA_SEGMENTS)?;
        for _ in 0..count {
            let offset = section.offset();
            let flags = section.u32()?;
            let mode = match flags {
                0 | 2 => {
                    let index = if flags == 2 { section.u32()? } else { 0 };
                    let Some(memory) = self.module.memories.get(index as usize) else {
                        return Err(Error::invalid(offset, format!("unknown memory {index}")));
                    };
                    let expected = Ty::address(memory.limits.is_64);
                    let init = self.const_decoder.expr(&mut self.module, section, expected)?;
                    SegmentMode::Active { index, offset: init }
                }
                1 => {
                    self.need(Features::BULK_MEMORY, offset)?;
                    SegmentMode::Passive
                }
                _ => return Err(Error::malformed(offset, "malformed data segment kind")),
            };
            let length = section.u32()?;
            let start = section.offset();
            section.take(length as usize)?;
            let data = Data { bytes: start..section.offset(), mode };
            self.module.datas.push(data);
        }
        Ok(())
    }
}

fn elem_count(section: &mut Reader<'_>) -> Result<u32> {
    let offset = section.offset();
    let count = section.u32()?;
    check_count(offset, count as usize, limits::ELEMENTS + 1, "elements")?;
    Ok(count)
}
