//! The custom section `metadata.code.branch_hint` (spec appendix, "Branch hints"): read on demand.
//! What is wrong with it is nobody's concern but of whoever asks.

use super::error::Error;
use super::module::Module;
use super::reader::Reader;
use super::sink::{BlockType, Sink};
use super::types::{FuncType, TypeId};
use super::validate;
use alloc::vec::Vec;

/// The name of the section.
pub const SECTION: &str = "metadata.code.branch_hint";

/// Which way an `if` or `br_if` usually goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchHint {
    /// The index of the function.
    pub func: u32,
    /// Where the instruction is in the module. *Units*: bytes.
    pub offset: usize,
    /// Whether the condition is probably true.
    pub likely: bool,
}

/// The hints of a module that is valid, in the order of their functions and instructions.
///
/// # Errors
/// Malformed, or Invalid: the section is there, and is not as it should be.
pub fn branch_hints(module: &Module, bytes: &[u8]) -> Result<Vec<BranchHint>, Error> {
    let Some(section) = module.custom(SECTION) else { return Ok(Vec::new()) };
    let mut reader = Reader::within(bytes, section.bytes.start, section.bytes.end);
    if module.code.first().is_some_and(|code| code.start < section.bytes.start) {
        return Err(malformed(section.bytes.start, "after the code section"));
    }
    let mut hints = Vec::new();
    let mut last = None;
    let mut branches = Branches::default();
    for _ in 0..reader.u32()? {
        let at = reader.offset();
        let func = reader.u32()?;
        if last.is_some_and(|last| last >= func) {
            return Err(malformed(at, "functions out of order"));
        }
        last = Some(func);
        branches.look(module, bytes, func, at)?;
        func_hints(&mut reader, bytes, func, &branches, &mut hints)?;
    }
    if reader.is_empty() { Ok(hints) } else { Err(malformed(reader.offset(), "section size")) }
}

/// The hints of one function.
fn func_hints(
    reader: &mut Reader<'_>,
    bytes: &[u8],
    func: u32,
    branches: &Branches,
    hints: &mut Vec<BranchHint>,
) -> Result<(), Error> {
    let mut last = None;
    for _ in 0..reader.u32()? {
        let at = reader.offset();
        let offset = branches.body.saturating_add(reader.u32()? as usize);
        if last.is_some_and(|last| last >= offset) {
            return Err(malformed(at, "duplicate annotation"));
        }
        last = Some(offset);
        let at = reader.offset();
        let likely = match (reader.u32()?, reader.byte()?) {
            (1, 0) => false,
            (1, 1) => true,
            _ => return Err(malformed(at, "invalid hint")),
        };
        if !branches.has(bytes, offset) {
            return Err(Error::invalid(at, text("invalid target")).in_func(func));
        }
        hints.push(BranchHint { func, offset, likely });
    }
    Ok(())
}

fn text(what: &str) -> alloc::string::String {
    alloc::format!("@{SECTION} annotation: {what}")
}
fn malformed(offset: usize, what: &str) -> Error {
    Error::malformed(offset, text(what))
}

/// The conditional branches of a function.
#[derive(Default)]
struct Branches {
    /// Where its body begins in the module, and ends.
    body: usize,
    end: usize,
    /// Where the branches are, in order.
    found: Vec<usize>,
    at: usize,
    /// There is code that cannot be reached, of which a walk does not tell.
    dead: bool,
}
impl Branches {
    /// Walks over a function.
    fn look(&mut self, module: &Module, bytes: &[u8], func: u32, at: usize) -> Result<(), Error> {
        let defined = func.checked_sub(module.num_imported_funcs());
        let body = defined.and_then(|index| Some((index, module.code.get(index as usize)?)));
        let Some((index, body)) = body else { return Err(malformed(at, "not in a function")) };
        *self = Branches { body: body.start, end: body.end, ..Branches::default() };
        validate::func(module, bytes, index, self, &mut validate::Scratch::new())
    }
    /// Whether there is one. Of code that cannot be reached only the opcode is looked at.
    fn has(&self, bytes: &[u8], offset: usize) -> bool {
        let opcode = || offset < self.end && matches!(bytes.get(offset), Some(0x04 | 0x0D));
        self.found.binary_search(&offset).is_ok() || self.dead && opcode()
    }
    fn ends(&mut self) -> Result<(), Error> {
        self.dead = true;
        Ok(())
    }
}
impl Sink for Branches {
    fn at(&mut self, offset: usize) {
        self.at = offset;
    }
    fn if_(&mut self, _: BlockType<'_>, _: bool) -> Result<(), Error> {
        self.found.push(self.at);
        Ok(())
    }
    fn br_if(&mut self, _: u32) -> Result<(), Error> {
        self.found.push(self.at);
        Ok(())
    }
    fn br(&mut self, _: u32) -> Result<(), Error> {
        self.ends()
    }
    fn br_table(&mut self, _: &[u32]) -> Result<(), Error> {
        self.ends()
    }
    fn return_(&mut self) -> Result<(), Error> {
        self.ends()
    }
    fn unreachable(&mut self) -> Result<(), Error> {
        self.ends()
    }
    fn throw(&mut self, _: u32, _: &FuncType) -> Result<(), Error> {
        self.ends()
    }
    fn throw_ref(&mut self) -> Result<(), Error> {
        self.ends()
    }
    fn rethrow(&mut self, _: u32) -> Result<(), Error> {
        self.ends()
    }
    fn call(&mut self, _: u32, _: &FuncType, tail: bool) -> Result<(), Error> {
        self.dead |= tail;
        Ok(())
    }
    fn call_indirect(
        &mut self,
        _: u32,
        _: bool,
        _: TypeId,
        _: &FuncType,
        tail: bool,
    ) -> Result<(), Error> {
        self.dead |= tail;
        Ok(())
    }
    fn call_ref(&mut self, _: TypeId, _: &FuncType, tail: bool) -> Result<(), Error> {
        self.dead |= tail;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::Features;
    use super::super::registry::TypeRegistry;
    use super::*;

    /// One function of type [i32] -> [] with this code (locals included) and these hints.
    fn module(hints: &[u8], code: &[u8]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7F\0\x03\x02\x01\0".to_vec();
        bytes.extend([0, (1 + SECTION.len() + hints.len()) as u8, SECTION.len() as u8]);
        bytes.extend(SECTION.as_bytes());
        bytes.extend(hints);
        bytes.extend([10, code.len() as u8 + 2, 1, code.len() as u8]);
        bytes.extend(code);
        bytes
    }
    fn hints(section: &[u8], code: &[u8]) -> Result<Vec<(usize, bool)>, Error> {
        let bytes = module(section, code);
        let registry = TypeRegistry::new();
        let module = Module::decode(&bytes, &Features::default(), &registry)?;
        validate::module(&module, &bytes)?;
        let start = bytes.len() - code.len();
        let hints = branch_hints(&module, &bytes)?;
        Ok(hints.into_iter().map(|hint| (hint.offset - start, hint.likely)).collect())
    }

    /// local.get 0; br_if 0; local.get 0; if; end; end
    const CODE: &[u8] = &[0, 0x20, 0, 0x0D, 0, 0x20, 0, 0x04, 0x40, 0x0B, 0x0B];

    #[test]
    fn reads_hints() {
        assert_eq!(hints(&[0], CODE).unwrap(), []);
        let both = &[1, 0, 2, 3, 1, 0, 7, 1, 1];
        assert_eq!(hints(both, CODE).unwrap(), [(3, false), (7, true)]);
        // Behind a return only the opcode is seen.
        let dead = &[0, 0x0F, 0x20, 0, 0x0D, 0, 0x0B];
        assert_eq!(hints(&[1, 0, 1, 4, 1, 1], dead).unwrap(), [(4, true)]);
        assert!(hints(&[1, 0, 1, 3, 1, 1], dead).is_err());
    }
    #[test]
    fn refuses_what_is_wrong() {
        let wrong: &[(&[u8], &str)] = &[
            (&[1, 0, 1, 1, 1, 0], "invalid target"),
            (&[1, 0, 1, 4, 1, 0], "invalid target"),
            (&[1, 0, 1, 0xFF, 0x7F, 1, 0], "invalid target"),
            (&[1, 0, 2, 3, 1, 0, 3, 1, 0], "duplicate"),
            (&[2, 0, 0, 0, 0], "out of order"),
            (&[1, 1, 0], "not in a function"),
            (&[1, 0, 1, 3, 1, 2], "invalid hint"),
            (&[1, 0, 1, 3, 2, 0, 0], "invalid hint"),
            (&[0, 0], "section size"),
            (&[1, 0, 1], "unexpected end"),
        ];
        for (section, words) in wrong {
            let error = hints(section, CODE).unwrap_err();
            assert!(error.message().contains(words), "{section:?}: {}", error.message());
        }
    }
}
