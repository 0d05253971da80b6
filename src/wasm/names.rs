//! The custom section `name` (spec appendix §7.4): read on demand, tolerantly; garbage gives fewer
//! names, never an error.

use super::order::sort_by;
use super::reader::Reader;
use super::room;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Indices with their names, in ascending order of the indices.
pub type NameMap = Vec<(u32, Box<str>)>;

/// The names of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The module's own name.
    pub module: Option<Box<str>>,
    /// Functions.
    pub funcs: NameMap,
    /// Locals by function.
    pub locals: Vec<(u32, NameMap)>,
    /// Types.
    pub types: NameMap,
    /// Tables.
    pub tables: NameMap,
    /// Memories.
    pub memories: NameMap,
    /// Globals.
    pub globals: NameMap,
    /// Element segments.
    pub elems: NameMap,
    /// Data segments.
    pub datas: NameMap,
    /// Tags.
    pub tags: NameMap,
}

impl Names {
    /// Reads the content of the section, as far as there is memory for it.
    pub fn parse(section: &[u8]) -> Names {
        let mut names = Names::default();
        let mut reader = Reader::new(section);
        while !reader.is_empty()
            && let (Ok(id), Ok(size)) = (reader.byte(), reader.u32())
        {
            // A subsection that claims more than there is, is read as far as it goes.
            let size = size.min(reader.remaining() as u32);
            let Ok(mut sub) = reader.split(size) else { break };
            match id {
                0 => names.module = sub.name().ok().and_then(|name| room::name(name).ok()),
                1 => names.funcs = name_map(&mut sub),
                2 => names.locals = indirect_map(&mut sub),
                4 => names.types = name_map(&mut sub),
                5 => names.tables = name_map(&mut sub),
                6 => names.memories = name_map(&mut sub),
                7 => names.globals = name_map(&mut sub),
                8 => names.elems = name_map(&mut sub),
                9 => names.datas = name_map(&mut sub),
                11 => names.tags = name_map(&mut sub),
                // Labels (3), fields (10), and what is to come.
                _ => {}
            }
        }
        names
    }
    /// The name of a function.
    pub fn func(&self, func_idx: u32) -> Option<&str> {
        find(&self.funcs, func_idx)
    }
    /// The name of a local of a function.
    pub fn local(&self, func_idx: u32, local_idx: u32) -> Option<&str> {
        let at = self.locals.binary_search_by_key(&func_idx, |(idx, _)| *idx).ok()?;
        find(&self.locals[at].1, local_idx)
    }
}

fn find(map: &NameMap, index: u32) -> Option<&str> {
    let at = map.binary_search_by_key(&index, |(idx, _)| *idx).ok()?;
    Some(&map[at].1)
}

fn name_map(reader: &mut Reader<'_>) -> NameMap {
    let mut map = NameMap::new();
    let count = reader.u32().unwrap_or(0);
    for _ in 0..count {
        let (Ok(index), Ok(name)) = (reader.u32(), reader.name()) else { break };
        let Ok(name) = room::name(name) else { break };
        if map.try_reserve(1).is_err() {
            break;
        }
        map.push((index, name));
    }
    // The section promises an order; garbage does not keep promises.
    sort_by(&mut map, |a, b| a.cmp(b));
    map.dedup_by_key(|(index, _)| *index);
    map
}

fn indirect_map(reader: &mut Reader<'_>) -> Vec<(u32, NameMap)> {
    let mut map = Vec::new();
    let count = reader.u32().unwrap_or(0);
    for _ in 0..count {
        let Ok(index) = reader.u32() else { break };
        if map.try_reserve(1).is_err() {
            break;
        }
        map.push((index, name_map(reader)));
    }
    sort_by(&mut map, |a, b| a.cmp(b));
    map.dedup_by_key(|(index, _)| *index);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: &[u8] = &[
        0, 2, 1, b'm', // module "m"
        1, 7, 2, 1, 1, b'b', 0, 1, b'a', // functions 1 "b", 0 "a"
        2, 6, 1, 0, 1, 2, 1, b'x', // local 2 of function 0: "x"
    ];

    #[test]
    fn names() {
        let names = Names::parse(SECTION);
        assert_eq!(names.module.as_deref(), Some("m"));
        assert_eq!((names.func(0), names.func(1), names.func(2)), (Some("a"), Some("b"), None));
        assert_eq!((names.local(0, 2), names.local(1, 2)), (Some("x"), None));
    }
    #[test]
    fn garbage() {
        for end in 0..SECTION.len() {
            Names::parse(&SECTION[..end]);
        }
        let huge = [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 1, b'f'];
        assert_eq!(Names::parse(&huge).func(0), Some("f"));
    }
}
