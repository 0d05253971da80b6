//! The commands that run nothing, and `wasmvm wast`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::args::ConvertArgs;
use super::{EXIT_LOAD, Failure, complain, load, say, say_bytes};
use crate::{Config, Features, Module};

/// `wasmvm wast`.
#[cfg(feature = "wat")]
pub(super) fn wast(files: &[PathBuf]) -> Result<u8, Failure> {
    use super::scripts::engine::Features;
    use super::scripts::script::{Report, run};
    let mut code = 0;
    for path in files {
        let source = std::fs::read(path).map_err(|error| Failure::load(path, error))?;
        let source = String::from_utf8_lossy(&source).into_owned();
        let work = move || {
            let mut report = Report::default();
            run(&source, Features::Default, None, &mut |event| report.add(event));
            report
        };
        // The text parser recurses.
        let thread = std::thread::Builder::new().stack_size(TEXT_STACK_BYTES).spawn(work);
        let thread = thread.map_err(|error| Failure::load(path, error))?;
        let report = thread.join().map_err(|_| Failure::load(path, "the script cannot be run"))?;
        for (line, message) in &report.failures {
            complain(&format!("{}:{line}: {message}", path.display()));
        }
        if let Some(reason) = &report.unreadable {
            complain(&format!("{}: {reason}", path.display()));
        }
        if !report.failures.is_empty() || report.unreadable.is_some() {
            code = EXIT_LOAD;
        }
        let (judged, text) = (report.judged, report.text);
        let passed = judged.passed + text.passed;
        let total = judged.total + text.total;
        say(&format!("{}: {passed} of {total} assertions hold\n", path.display()));
    }
    Ok(code)
}
#[cfg(not(feature = "wat"))]
pub(super) fn wast(_: &[PathBuf]) -> Result<u8, Failure> {
    Err(Failure::usage("this build does not read text"))
}

/// `wasmvm wat2wasm`.
pub(super) fn wat2wasm(convert: &ConvertArgs) -> Result<u8, Failure> {
    let bytes = load::bytes(&convert.file)?;
    if convert.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("a binary is not printed on a terminal: give -o FILE"));
    }
    write(convert, &bytes)
}

/// `wasmvm wasm2wat`.
pub(super) fn wasm2wat(convert: &ConvertArgs) -> Result<u8, Failure> {
    let bytes = load::bytes(&convert.file)?;
    let text = wasmprinter::print_bytes(&bytes);
    let text = text.map_err(|error| Failure::load(&convert.file, format!("{error:#}")))?;
    write(convert, text.as_bytes())
}

fn write(convert: &ConvertArgs, bytes: &[u8]) -> Result<u8, Failure> {
    match &convert.output {
        Some(path) => std::fs::write(path, bytes).map_err(|error| Failure::load(path, error))?,
        None => say_bytes(bytes),
    }
    Ok(0)
}

/// `wasmvm features`.
pub(super) fn features() -> Result<u8, Failure> {
    let default = Features::default();
    for (name, feature) in Features::LIST {
        let on = if default.contains(*feature) { "on" } else { "off" };
        let version = if Features::MVP.contains(*feature) {
            "1.0"
        } else if Features::WASM3.contains(*feature) {
            "3.0"
        } else {
            "proposal"
        };
        say(&format!("{name:<26}{on:<5}{version}\n"));
    }
    Ok(0)
}

/// `wasmvm disasm`.
pub(super) fn disasm(path: &Path, func: Option<&str>) -> Result<u8, Failure> {
    let engine = load::engine(Config::new())?;
    let module = load::module(&engine, path)?;
    let failed = |error: String| Failure::load(path, error);
    let texts = Texts::of(module.bytes()).map_err(failed)?;
    let imported = module.imports().filter(|import| import.ty.func().is_some()).count() as u32;
    let functions = match func {
        Some(name) => vec![find(&module, &texts, name).ok_or_else(|| {
            Failure::usage(format!("{}: no function `{name}` is defined", path.display()))
        })?],
        None => (imported..imported + texts.functions.len() as u32).collect(),
    };
    for func in functions {
        let code = module.disassemble(func).map_err(|error| failed(error.to_string()))?;
        say(&texts.beside(func - imported, &code));
    }
    Ok(0)
}

/// A function by its index, its export or its name.
fn find(module: &Module, texts: &Texts, name: &str) -> Option<u32> {
    let imported = module.imports().filter(|import| import.ty.func().is_some()).count() as u32;
    let count = texts.functions.len() as u32;
    let index: Option<u32> = name.parse().ok().or_else(|| {
        let export = module.exports().find(|export| export.name == name)?;
        export.ty.func()?;
        module.export_index(name)
    });
    let by_name = || texts.functions.iter().position(|function| function.is_called(name));
    let index = index.or_else(|| Some(by_name()? as u32 + imported))?;
    (imported..imported + count).contains(&index).then_some(index)
}

/// The module as text, function by function.
struct Texts {
    functions: Vec<Function>,
}

/// The lines of a function, by the offset of the instruction.
struct Function {
    header: String,
    lines: BTreeMap<u64, String>,
}

impl Function {
    /// Whether the text gives it this name: `(func $name (;0;) …`.
    fn is_called(&self, name: &str) -> bool {
        let given = self.header.trim_start().strip_prefix("(func $");
        let given = given.and_then(|rest| rest.split_whitespace().next());
        given == Some(name.strip_prefix('$').unwrap_or(name))
    }
}

impl Texts {
    fn of(bytes: &[u8]) -> Result<Texts, String> {
        let mut storage = String::new();
        let lines = wasmprinter::Config::new()
            .offsets_and_lines(bytes, &mut storage)
            .map_err(|error| format!("{error:#}"))?;
        let mut functions: Vec<Function> = Vec::new();
        let mut inside = false;
        for (offset, line) in lines {
            let indent = line.len() - line.trim_start().len();
            // Functions and other fields are the children of the module.
            if indent <= 2 && line.trim_start().starts_with('(') {
                inside = line.trim_start().starts_with("(func ");
                if inside {
                    let header = line.trim().to_owned();
                    functions.push(Function { header, lines: BTreeMap::new() });
                }
            } else if let (true, Some(offset), Some(function)) =
                (inside, offset, functions.last_mut())
            {
                function.lines.insert(offset, line.get(4..).unwrap_or("end").trim_end().to_owned());
            }
        }
        Ok(Texts { functions })
    }

    /// WebAssembly, and under each instruction what is executed for it.
    fn beside(&self, defined: u32, code: &str) -> String {
        let Some(function) = self.functions.get(defined as usize) else { return code.into() };
        let mut executed: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for line in code.lines() {
            let mut words = line.split_once("0x").unwrap_or_default().1.splitn(2, "  ");
            let offset = words.next().and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
            executed.entry(offset.unwrap_or(0)).or_default().push(words.next().unwrap_or(line));
        }
        let mut text = format!("{}\n", function.header);
        let mut rest = executed.into_iter().peekable();
        for (&offset, line) in &function.lines {
            // What belongs to no line of its own comes before the next one.
            while let Some((_, code)) = rest.next_if(|(at, _)| *at < offset) {
                text.extend(code.iter().map(|code| format!("{:12}    | {code}\n", "")));
            }
            text += &format!("{offset:#10x}  {line}\n");
            if let Some((_, code)) = rest.next_if(|(at, _)| *at == offset) {
                text.extend(code.iter().map(|code| format!("{:12}    | {code}\n", "")));
            }
        }
        for (_, code) in rest {
            text.extend(code.iter().map(|code| format!("{:12}    | {code}\n", "")));
        }
        text
    }
}

/// For the longest nesting that a script may have.
#[cfg(feature = "wat")]
const TEXT_STACK_BYTES: usize = 64 << 20;
