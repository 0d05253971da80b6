//! The import section (spec §5.5.5, and the proposal compact-import-section).

use super::types::TypeSpace;
use super::{Decoder, Result, check_count, make_room};
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::limits;
use crate::wasm::module::{ExternKind, ExternType, Import};
use crate::wasm::reader::Reader;
use crate::wasm::room;
use alloc::boxed::Box;
use alloc::sync::Arc;

/// What is imported, with a type index where a type has one.
#[derive(Clone, Copy)]
enum Desc {
    /// A function's type index, and whether it is imported exactly.
    Func(u32, bool),
    /// A tag's type index.
    Tag(u32),
    Table(crate::wasm::types::TableType),
    Memory(crate::wasm::types::MemoryType),
    Global(crate::wasm::types::GlobalType),
}

/// A name of a module, which stands for many imports. This is of a constant size: if there is no
/// memory for it, the process ends.
#[cfg_attr(not(feature = "small"), inline(never))]
fn shared(name: Box<str>) -> Arc<Box<str>> {
    Arc::new(name)
}

impl Decoder {
    /// Section 2.
    pub(super) fn imports(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        make_room(&mut self.module.imports, section, count, limits::IMPORTS)?;
        for _ in 0..count {
            let offset = section.offset();
            let module = room::name(section.name()?).map_err(room::missing(offset))?;
            let module = shared(module);
            let name = section.name()?;
            let compact = name.is_empty() && self.features.compact_imports();
            match section.peek() {
                // One module, then names with their types.
                Some(0x7F) if compact => {
                    section.byte()?;
                    for _ in 0..section.u32()? {
                        let name = section.name()?;
                        let offset = section.offset();
                        let desc = self.import_desc(self.type_space(), section)?;
                        self.add_import(offset, &module, name, desc)?;
                    }
                }
                // One module and one type, then names.
                Some(0x7E) if compact => {
                    section.byte()?;
                    // The group stands for its imports: if it has none, there is no type to be
                    // valid.
                    let mut ahead = *section;
                    self.import_desc(self.type_space().grammar_only(), &mut ahead)?;
                    if ahead.u32()? == 0 {
                        *section = ahead;
                        continue;
                    }
                    let offset = section.offset();
                    let desc = self.import_desc(self.type_space(), section)?;
                    for _ in 0..section.u32()? {
                        let name = section.name()?;
                        self.add_import(offset, &module, name, desc)?;
                    }
                }
                _ => {
                    let offset = section.offset();
                    let desc = self.import_desc(self.type_space(), section)?;
                    self.add_import(offset, &module, name, desc)?;
                }
            }
        }
        Ok(())
    }
    fn import_desc(&self, space: TypeSpace<'_>, section: &mut Reader<'_>) -> Result<Desc> {
        let offset = section.offset();
        Ok(match section.byte()? {
            0 => Desc::Func(section.u32()?, false),
            0x20 if self.features.custom_descriptors() => Desc::Func(section.u32()?, true),
            1 => Desc::Table(space.table_type(section)?),
            2 => Desc::Memory(space.memory_type(section)?),
            3 => Desc::Global(space.global_type(section)?),
            4 if self.features.exceptions() => Desc::Tag(self.tag_type(section)?),
            _ => return Err(Error::malformed(offset, "malformed import kind")),
        })
    }
    fn add_import(
        &mut self,
        offset: usize,
        module: &Arc<Box<str>>,
        name: &str,
        desc: Desc,
    ) -> Result<()> {
        check_count(offset, self.module.imports.len(), limits::IMPORTS, "imports")?;
        let (kind, ty) = match desc {
            Desc::Tag(type_idx) => {
                self.add_tag(offset, type_idx)?;
                let id = self.module.types[type_idx as usize];
                (ExternKind::Tag, ExternType::Tag(id))
            }
            Desc::Func(type_idx, exact) => {
                self.add_func(offset, type_idx)?;
                room::push(&mut self.module.exact_imports, exact, offset)?;
                let id = self.module.types[type_idx as usize];
                let ty = if exact { ExternType::ExactFunc(id) } else { ExternType::Func(id) };
                (ExternKind::Func, ty)
            }
            Desc::Table(ty) => {
                self.add_table(offset, ty)?;
                (ExternKind::Table, ExternType::Table(ty))
            }
            Desc::Memory(ty) => {
                self.add_memory(offset, ty)?;
                (ExternKind::Memory, ExternType::Memory(ty))
            }
            Desc::Global(ty) => {
                if ty.mutable {
                    self.need(Features::MUTABLE_GLOBALS, offset)?;
                }
                self.add_global(offset, ty)?;
                (ExternKind::Global, ExternType::Global(ty))
            }
        };
        self.module.imported[kind as usize] += 1;
        let name = room::name(name).map_err(room::missing(offset))?;
        room::push(&mut self.module.imports, Import { module: module.clone(), name, ty }, offset)
    }
}
