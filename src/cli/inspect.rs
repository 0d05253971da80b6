//! `wasmvm inspect`: what a module consists of.

use std::path::Path;

use super::{Failure, load, say};
use crate::{Config, Engine, Features, Module};

/// Prints sections (of text: as translated), imports and exports.
pub(super) fn inspect(path: &Path) -> Result<u8, Failure> {
    let engine = Engine::new(Config::new()).map_err(|error| Failure::usage(error.to_string()))?;
    let module = load::module(&engine, path)?;
    let mut text = "sections      offset        size\n".to_owned();
    for Section { name, offset, size, .. } in sections(module.bytes()) {
        text += &format!("  {name:<12}{offset:#8x}  {size:>10}\n");
    }
    for (heading, lines) in [
        ("imports", module.imports().map(|import| import.to_string()).collect::<Vec<_>>()),
        ("exports", module.exports().map(|export| export.to_string()).collect()),
    ] {
        text += &format!("{heading}\n");
        for line in lines {
            text += &format!("  {line}\n");
        }
    }
    text += &format!("proposals that it needs\n  {}\n", proposals(&module));
    say(&text);
    Ok(0)
}

/// The proposals without which a module is not valid.
fn proposals(module: &Module) -> String {
    let needed = Features::LIST.iter().filter(|(_, feature)| {
        let without = Config::new().features(Features::ALL.without(*feature));
        let engine = Engine::new(without);
        engine.is_ok_and(|engine| Module::validate(&engine, module.bytes()).is_err())
    });
    let names: Vec<&str> = needed.map(|(name, _)| *name).collect();
    if names.is_empty() { "none".into() } else { names.join(" ") }
}

/// Whether instantiating a module runs a function of it.
pub(super) fn has_start(module: &Module) -> bool {
    sections(module.bytes()).iter().any(|section| section.id == START)
}

/// The name of the section that a byte of a module, which may be malformed, lies in.
pub(super) fn section_at(bytes: &[u8], offset: usize) -> Option<String> {
    let found = sections(bytes).into_iter().rfind(|section| section.start <= offset)?;
    (offset <= found.offset + found.size).then_some(found.name)
}

/// Where the contents of the code section begin.
pub(super) fn code_start(bytes: &[u8]) -> Option<usize> {
    sections(bytes).iter().find(|section| section.id == CODE).map(|section| section.offset)
}

struct Section {
    id: u8,
    name: String,
    /// Of its number.
    start: usize,
    /// Of its contents.
    offset: usize,
    size: usize,
}

/// The sections of a module, as far as it is well-formed.
fn sections(bytes: &[u8]) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut at = HEADER_BYTES;
    while let Some(&id) = bytes.get(at) {
        let Some((size, offset)) = leb128(bytes, at + 1) else { break };
        let name = match (id, leb128(bytes, offset)) {
            (0, Some((len, start))) => {
                let name = bytes.get(start..start.saturating_add(len)).unwrap_or_default();
                format!("\"{}\"", String::from_utf8_lossy(name).escape_debug())
            }
            _ => SECTIONS.get(usize::from(id)).map_or_else(|| id.to_string(), |s| (*s).into()),
        };
        sections.push(Section { id, name, start: at, offset, size });
        at = offset.saturating_add(size);
    }
    sections
}

/// A u32 and where it ends.
fn leb128(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut number = 0u64;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some((number as usize, at));
        }
    }
    None
}

/// By their numbers.
const SECTIONS: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "datacount",
    "tag",
];
const START: u8 = 8;
const CODE: u8 = 10;
const HEADER_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_told_by_name() {
        let bytes = b"\0asm\x01\0\0\0\x01\x81\x00\x00\x00\x05\x02hi..\x0a\x01\0";
        let found = sections(bytes).into_iter().map(|s| (s.name, s.offset, s.size));
        let found: Vec<_> = found.collect();
        let expected = [("type", 11, 1), ("\"hi\"", 14, 5), ("code", 21, 1)];
        assert_eq!(found, expected.map(|(name, offset, size)| (name.to_owned(), offset, size)));
        assert_eq!(section_at(bytes, 8).as_deref(), Some("type"));
        assert_eq!(section_at(bytes, 17).as_deref(), Some("\"hi\""));
        assert_eq!(section_at(bytes, 4), None);
        assert_eq!(code_start(bytes), Some(21));
        assert!(sections(b"\0asm\x01\0\0\0\x00\xFF\xFF\xFF\xFF\xFF").is_empty());
    }
}
