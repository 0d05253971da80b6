//! From bytes to a [`Module`] (spec §5.5): sections in order, everything checked but the bodies.

mod const_expr;
mod descriptor;
mod import;
mod segment;
mod types;

pub(crate) use const_expr::{WITH_DESCRIPTOR, WITHOUT_DESCRIPTOR, unpacked};
pub(crate) use types::TypeSpace;

use super::error::{Error, ErrorKind, Quoted};
use super::features::Features;
use super::limits;
use super::module::{Custom, Export, ExternKind, Global, Module, Table};
use super::order::sort_by;
use super::reader::Reader;
use super::registry::TypeRegistry;
use super::room;
use super::types::GlobalType;
use alloc::format;
use alloc::vec::Vec;
use const_expr::ConstDecoder;

type Result<T> = core::result::Result<T, Error>;

const MAGIC: &[u8; 4] = b"\0asm";
const VERSION: &[u8; 4] = &[1, 0, 0, 0];
/// The version word of a component.
const COMPONENT: &[u8; 4] = &[0x0D, 0, 1, 0];

/// The sections by their place in the order (spec §5.5.2); the numbers follow history instead.
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/// Decodes a module and validates everything but the function bodies; after an error `check` says
/// what is wrong with those that came before it.
pub(crate) fn module(
    bytes: &[u8],
    features: Features,
    registry: &TypeRegistry,
    check: fn(&Module, &[u8]) -> Result<()>,
) -> Result<Module> {
    if bytes.len() > limits::MODULE_BYTES {
        return Err(Error::limit(0, "module too large"));
    }
    let mut reader = Reader::new(bytes);
    header(&mut reader)?;
    let mut decoder = Decoder {
        module: Module::empty(features, registry),
        features,
        defined_funcs: 0,
        const_decoder: ConstDecoder::default(),
    };
    let mut place = 0;
    while !reader.is_empty() {
        if let Err(error) = decoder.section(&mut reader, &mut place) {
            // The bodies stand before, and may be what is malformed.
            let earlier = check(&decoder.module, bytes).err();
            let earlier = earlier.filter(|earlier| earlier.kind() == ErrorKind::Malformed);
            return Err(earlier.unwrap_or(error));
        }
    }
    decoder.finish(bytes.len())
}

fn header(reader: &mut Reader<'_>) -> Result<()> {
    let start = reader.offset();
    let end = |reader: &Reader<'_>| Error::malformed(reader.offset(), "unexpected end");
    let rest = reader.rest();
    if rest.len() < MAGIC.len() {
        return Err(end(reader));
    }
    if !rest.starts_with(MAGIC) {
        return Err(Error::malformed(start, "magic header not detected"));
    }
    reader.take(MAGIC.len())?;
    let rest = reader.rest();
    if rest.len() < VERSION.len() {
        return Err(end(reader));
    }
    if rest.starts_with(COMPONENT) {
        let message = "unknown binary version: this is a component, not a core module";
        return Err(Error::malformed(start + MAGIC.len(), message));
    }
    if !rest.starts_with(VERSION) {
        return Err(Error::malformed(start + MAGIC.len(), "unknown binary version"));
    }
    reader.take(VERSION.len()).map(drop)
}

/// A module in the making.
struct Decoder {
    module: Module,
    features: Features,
    /// How many functions the function section declares.
    defined_funcs: u32,
    const_decoder: ConstDecoder,
}

/// Makes room for `count` more, as far as the bytes that are left can hold them. Memory that is not
/// there is an error, and not the end of the process: a module chooses how many they are.
fn make_room<T>(list: &mut Vec<T>, section: &Reader<'_>, count: u32, limit: usize) -> Result<()> {
    list.try_reserve(section.reserve(count).min(limit)).map_err(room::missing(section.offset()))
}

impl Decoder {
    fn section(&mut self, reader: &mut Reader<'_>, place: &mut usize) -> Result<()> {
        let start = reader.offset();
        let id = reader.byte()?;
        let known = id == 0 || ORDER.contains(&id) && (id != 13 || self.features.exceptions());
        if !known {
            return Err(Error::malformed(start, "malformed section id"));
        }
        let length = reader.length()?;
        let mut section = reader.split(length)?;
        let content = section.offset();
        if id == 0 {
            return self.custom(&mut section);
        }
        // A section that comes twice or too late is content that should not be there.
        match ORDER[*place..].iter().position(|&next| next == id) {
            Some(skipped) => *place += skipped + 1,
            None => {
                return Err(Error::malformed(start, "unexpected content after last section"));
            }
        }
        self.known_section(id, &mut section)?;
        if !section.is_empty() {
            return Err(Error::malformed(content, "section size mismatch"));
        }
        Ok(())
    }

    fn known_section(&mut self, id: u8, section: &mut Reader<'_>) -> Result<()> {
        match id {
            1 => self.types(section),
            2 => self.imports(section),
            3 => self.funcs(section),
            4 => self.tables(section),
            5 => self.memories(section),
            6 => self.globals(section),
            7 => self.exports(section),
            8 => self.start(section),
            9 => self.elems(section),
            10 => self.code(section),
            11 => self.datas(section),
            12 => self.data_count(section),
            _ => self.tags(section),
        }
    }

    fn custom(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let name = section.name()?;
        let bytes = section.offset()..section.offset() + section.remaining();
        let offset = section.offset();
        let name = room::name(name).map_err(room::missing(offset))?;
        room::push(&mut self.module.customs, Custom { name, bytes }, offset)
    }

    /// Section 3.
    fn funcs(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        make_room(&mut self.module.funcs, section, count, limits::FUNCTIONS)?;
        for _ in 0..count {
            let offset = section.offset();
            let type_idx = section.u32()?;
            self.add_func(offset, type_idx)?;
        }
        self.defined_funcs = count;
        Ok(())
    }
    fn add_func(&mut self, offset: usize, type_idx: u32) -> Result<()> {
        self.check_func_type(offset, type_idx)?;
        check_count(offset, self.module.funcs.len(), limits::FUNCTIONS, "functions")?;
        room::push(&mut self.module.funcs, type_idx, offset)
    }
    fn check_func_type(&self, offset: usize, type_idx: u32) -> Result<()> {
        if self.module.signatures.get(type_idx).is_none() {
            return Err(Error::invalid(
                offset,
                if (type_idx as usize) < self.module.types.len() {
                    format!("unknown type {type_idx}: not a function type")
                } else {
                    format!("unknown type {type_idx}")
                },
            ));
        }
        Ok(())
    }

    /// Section 4.
    fn tables(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        make_room(&mut self.module.tables, section, count, limits::TABLES)?;
        make_room(&mut self.module.table_types, section, count, limits::TABLES)?;
        for _ in 0..count {
            let offset = section.offset();
            // 0x40 0x00 announces an initialiser.
            let with_init = section.peek() == Some(0x40);
            if with_init {
                self.need(Features::FUNCTION_REFERENCES, offset)?;
                section.byte()?;
                if section.byte()? != 0 {
                    return Err(Error::malformed(offset, "zero byte expected"));
                }
            }
            let ty = self.type_space().table_type(section)?;
            self.add_table(offset, ty)?;
            let init = if with_init {
                let expected = super::compact::Ty::reference(ty.element);
                Some(self.const_decoder.expr(&mut self.module, section, expected)?)
            } else if ty.element.nullable {
                None
            } else {
                return Err(Error::invalid(
                    offset,
                    "type mismatch: a table without null needs an initialiser",
                ));
            };
            self.module.tables.push(Table { ty, init });
        }
        Ok(())
    }
    fn add_table(&mut self, offset: usize, ty: super::types::TableType) -> Result<()> {
        if !self.module.table_types.is_empty() && !self.features.reference_types() {
            return Err(Error::invalid(offset, "multiple tables"));
        }
        check_count(offset, self.module.table_types.len(), limits::TABLES, "tables")?;
        room::push(&mut self.module.table_types, ty, offset)
    }

    /// Section 5.
    fn memories(&mut self, section: &mut Reader<'_>) -> Result<()> {
        for _ in 0..section.u32()? {
            let offset = section.offset();
            let ty = self.type_space().memory_type(section)?;
            self.add_memory(offset, ty)?;
        }
        Ok(())
    }
    fn add_memory(&mut self, offset: usize, ty: super::types::MemoryType) -> Result<()> {
        if !self.module.memories.is_empty() && !self.features.multi_memory() {
            return Err(Error::invalid(offset, "multiple memories"));
        }
        check_count(offset, self.module.memories.len(), limits::MEMORIES, "memories")?;
        room::push(&mut self.module.memories, ty, offset)
    }

    /// Section 13.
    fn tags(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        make_room(&mut self.module.tags, section, count, limits::TAGS)?;
        for _ in 0..count {
            let offset = section.offset();
            let type_idx = self.tag_type(section)?;
            self.add_tag(offset, type_idx)?;
        }
        Ok(())
    }
    fn tag_type(&self, section: &mut Reader<'_>) -> Result<u32> {
        let offset = section.offset();
        self.need(Features::EXCEPTIONS, offset)?;
        if section.byte()? != 0 {
            return Err(Error::malformed(offset, "malformed tag attribute"));
        }
        section.u32()
    }
    fn add_tag(&mut self, offset: usize, type_idx: u32) -> Result<()> {
        self.check_func_type(offset, type_idx)?;
        if self.module.signatures.get(type_idx).is_some_and(|(_, results)| !results.is_empty()) {
            return Err(Error::invalid(offset, "non-empty tag result type"));
        }
        check_count(offset, self.module.tags.len(), limits::TAGS, "tags")?;
        room::push(&mut self.module.tags, type_idx, offset)
    }

    /// Section 6.
    fn globals(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        make_room(&mut self.module.globals, section, count, limits::GLOBALS)?;
        make_room(&mut self.module.global_types, section, count, limits::GLOBALS)?;
        for _ in 0..count {
            let offset = section.offset();
            let ty = self.type_space().global_type(section)?;
            let init = self.const_decoder.expr(&mut self.module, section, ty.value.into())?;
            // Added after its initialiser, which sees only the globals before.
            self.add_global(offset, ty)?;
            self.module.globals.push(Global { ty, init });
        }
        Ok(())
    }
    fn add_global(&mut self, offset: usize, ty: GlobalType) -> Result<()> {
        check_count(offset, self.module.global_types.len(), limits::GLOBALS, "globals")?;
        room::push(&mut self.module.global_types, ty, offset)
    }

    /// Section 7.
    fn exports(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let count = section.u32()?;
        check_count(section.offset(), count as usize, limits::EXPORTS + 1, "exports")?;
        let start = section.offset();
        make_room(&mut self.module.exports, section, count, limits::EXPORTS)?;
        for _ in 0..count {
            let name = section.name()?;
            let offset = section.offset();
            let kind = match section.byte()? {
                0 => ExternKind::Func,
                1 => ExternKind::Table,
                2 => ExternKind::Memory,
                3 => ExternKind::Global,
                4 if self.features.exceptions() => ExternKind::Tag,
                _ => return Err(Error::malformed(offset, "malformed export kind")),
            };
            let index = section.u32()?;
            self.check_export(offset, kind, index)?;
            let name = room::name(name).map_err(room::missing(offset))?;
            self.module.exports.push(Export { name, kind, index });
        }
        self.check_export_names(start)
    }
    fn check_export(&mut self, offset: usize, kind: ExternKind, index: u32) -> Result<()> {
        let module = &mut self.module;
        let (count, what) = match kind {
            ExternKind::Func => (module.funcs.len(), "function"),
            ExternKind::Table => (module.table_types.len(), "table"),
            ExternKind::Memory => (module.memories.len(), "memory"),
            ExternKind::Global => (module.global_types.len(), "global"),
            ExternKind::Tag => (module.tags.len(), "tag"),
        };
        if index as usize >= count {
            return Err(Error::invalid(offset, format!("unknown {what} {index}")));
        }
        match kind {
            ExternKind::Func => module.declare(index, offset)?,
            ExternKind::Global if module.global_types[index as usize].mutable => {
                return self.need(Features::MUTABLE_GLOBALS, offset);
            }
            _ => {}
        }
        Ok(())
    }
    /// By sorting: n log n comparisons, whatever the names.
    fn check_export_names(&self, offset: usize) -> Result<()> {
        let mut names: Vec<&str> =
            room::list(self.module.exports.len()).map_err(room::missing(offset))?;
        names.extend(self.module.exports.iter().map(|export| &*export.name));
        sort_by(&mut names, |a, b| a.cmp(b));
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                Err(Error::invalid(offset, format!("duplicate export name {}", Quoted(pair[0]))))
            }
            None => Ok(()),
        }
    }

    /// Section 8.
    fn start(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let offset = section.offset();
        let func = section.u32()?;
        let Some(&type_idx) = self.module.funcs.get(func as usize) else {
            return Err(Error::invalid(offset, format!("unknown function {func}")));
        };
        if self.module.signatures.get(type_idx).is_none_or(|(a, b)| a.len() + b.len() != 0) {
            return Err(Error::invalid(offset, "start function has parameters or results"));
        }
        self.module.start = Some(func);
        Ok(())
    }

    /// Section 10.
    fn code(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let offset = section.offset();
        let count = section.u32()?;
        check_count(offset, count as usize, limits::FUNCTIONS + 1, "functions")?;
        make_room(&mut self.module.code, section, count, limits::FUNCTIONS)?;
        for _ in 0..count {
            let size = section.u32()?;
            let start = section.offset();
            section.take(size as usize)?;
            if size as usize > limits::BODY_BYTES {
                return Err(Error::limit(start, "function body too large"));
            }
            self.module.code.push(start..section.offset());
        }
        Ok(())
    }

    /// Section 12.
    fn data_count(&mut self, section: &mut Reader<'_>) -> Result<()> {
        let offset = section.offset();
        self.need(Features::BULK_MEMORY, offset)?;
        let count = section.u32()?;
        check_count(offset, count as usize, limits::DATA_SEGMENTS + 1, "data segments")?;
        self.module.data_count = Some(count);
        Ok(())
    }

    fn finish(self, end: usize) -> Result<Module> {
        if self.module.code.len() != self.defined_funcs as usize {
            return Err(Error::malformed(end, FUNC_CODE));
        }
        if self.module.data_count.is_some_and(|count| count as usize != self.module.datas.len()) {
            return Err(Error::malformed(end, DATA_COUNT));
        }
        Ok(self.module)
    }

    fn type_space(&self) -> TypeSpace<'_> {
        TypeSpace::new(&self.module.types, self.features)
    }
    fn need(&self, feature: Features, offset: usize) -> Result<()> {
        need(self.features, feature, offset)
    }
}

const FUNC_CODE: &str = "function and code section have inconsistent lengths";
const DATA_COUNT: &str = "data count and data section have inconsistent lengths";

/// Refuses what needs a proposal that is switched off.
pub(crate) fn need(features: Features, feature: Features, offset: usize) -> Result<()> {
    if features.contains(feature) { Ok(()) } else { Err(switched_off(feature, offset)) }
}
#[cold]
fn switched_off(feature: Features, offset: usize) -> Error {
    Error::unsupported(offset, format!("the proposal {} is switched off", feature.name()))
}

/// Refuses one more than `limit`.
fn check_count(offset: usize, count: usize, limit: usize, what: &str) -> Result<()> {
    if count >= limit {
        return Err(Error::limit(offset, format!("too many {what}")));
    }
    Ok(())
}
