//! What is said of an error: where in the file, and where in the source if the module tells.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

use super::link::Program;
use super::{Failure, inspect, value};
use crate::{Error, Exception, Frame, Module};

/// A module that cannot be loaded.
pub(super) fn load_failure(path: &Path, bytes: &[u8], error: &Error) -> Failure {
    let section = error.offset().and_then(|offset| inspect::section_at(bytes, offset));
    let place = section.map_or(String::new(), |name| format!(" ({name} section)"));
    Failure::load(path, format!("{error}{place}"))
}

/// An error of a guest, with the functions that were active.
pub(super) fn describe(error: &Error, program: &Program<'_>) -> String {
    let problems = error.link_problems();
    if !problems.is_empty() {
        let lines = problems.iter().map(|problem| format!("\n  {problem}"));
        return format!("imports cannot be linked:{}", lines.collect::<String>());
    }
    let frames = error.backtrace();
    if frames.is_empty() && error.exception().is_none() {
        return error.to_string();
    }
    let kind = if error.trap().is_some() { "trap: " } else { "" };
    let thrown = error.exception().and_then(|exception| thrown(exception, program).ok());
    let frames = backtrace(frames, &program.modules);
    format!("{kind}{}{}{frames}", error.message(), thrown.unwrap_or_default())
}

/// The values of an exception, with their types.
fn thrown(exception: Exception, program: &Program<'_>) -> Result<String, Error> {
    let store = &program.store;
    let (types, values) = (exception.tag(store)?.ty(store)?.params, exception.values(store)?);
    let both = types.iter().zip(&values);
    let list: Vec<_> =
        both.map(|(ty, value)| format!("{ty} {}", value::print(store, None, value))).collect();
    Ok(format!(": [{}]", list.join(", ")))
}

/// The functions that were active, innermost first.
pub(super) fn backtrace(frames: &[Frame], modules: &[(PathBuf, Module)]) -> String {
    let mut sources: HashMap<usize, Option<Source<'_>>> = HashMap::new();
    let mut text = String::new();
    let mut index = 0;
    for run in frames.chunk_by(|one, next| one == next) {
        let frame = &run[0];
        text += &format!("\n  {index:>3}: {frame}");
        index += run.len();
        if run.len() > 1 {
            text += &format!(" ({} times)", run.len());
        }
        let Some((path, module)) = modules.iter().find(|(_, m)| m.id() == frame.module_id) else {
            continue;
        };
        if modules.len() > 1 {
            text += &format!(" of {}", path.display());
        }
        let source = sources.entry(frame.module_id).or_insert_with(|| Source::of(module));
        if let Some(place) = source.as_ref().and_then(|source| source.line(frame.offset)) {
            text += &format!(", {place}");
        }
    }
    text
}

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// The debug sections of a module.
struct Source<'a> {
    context: addr2line::Context<Bytes<'a>>,
    /// Addresses are counted from here.
    code_start: u64,
}

impl<'a> Source<'a> {
    /// If there are some that can be read.
    fn of(module: &'a Module) -> Option<Source<'a>> {
        let section = |id: SectionId| {
            let bytes = module.custom_sections(id.name()).next().unwrap_or_default();
            Ok::<_, addr2line::gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        module.custom_sections(SectionId::DebugInfo.name()).next()?;
        let context = addr2line::Context::from_dwarf(Dwarf::load(section).ok()?).ok()?;
        let code_start = inspect::code_start(module.bytes())? as u64;
        Some(Source { context, code_start })
    }

    /// `file:line` of an instruction.
    fn line(&self, offset: u32) -> Option<String> {
        let address = u64::from(offset).checked_sub(self.code_start)?;
        let place = self.context.find_location(address).ok()??;
        Some(format!("{}:{}", place.file?, place.line?))
    }
}
