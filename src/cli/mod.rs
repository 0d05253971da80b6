//! The `wasmvm` command: what it says and how it ends. Built on the public API only.

mod args;
mod inspect;
mod link;
mod load;
mod manual;
mod number;
mod report;
mod run;
#[cfg(feature = "wat")]
mod scripts;
mod timeout;
mod tools;
mod value;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use args::{Command, Parsed, Tool};
pub use manual::markdown;

/// Runs the command with the arguments of the process.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let result = match args::parse(words) {
        Ok(Parsed::Say(text)) => {
            say(&text);
            Ok(0)
        }
        Ok(Parsed::Do(Command::Run(run))) => run::run(&run),
        Ok(Parsed::Do(Command::Tool(tool))) => use_tool(&tool),
        Err(failure) => Err(failure),
    };
    let code = result.unwrap_or_else(|failure| {
        complain(&failure.text);
        failure.code
    });
    ExitCode::from(code)
}

fn use_tool(tool: &Tool) -> Result<u8, Failure> {
    match tool {
        Tool::Validate { files, wasm } => load::validate(files, wasm),
        Tool::Wast { files } => tools::wast(files),
        Tool::Inspect { file } => inspect::inspect(file),
        Tool::Disasm { file, func } => tools::disasm(file, func.as_deref()),
        Tool::Wat2wasm(convert) => tools::wat2wasm(convert),
        Tool::Wasm2wat(convert) => tools::wasm2wat(convert),
        Tool::Features => tools::features(),
        Tool::Completions { shell } => manual::completions(*shell),
        Tool::Man => manual::man(),
    }
}

/// Why the command did not do what it was asked.
#[derive(Debug)]
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The command line is wrong.
    fn usage(text: impl Into<String>) -> Failure {
        Failure { code: EXIT_USAGE, text: text.into() }
    }

    /// A file cannot be read, or is no module, or cannot be linked.
    fn load(path: &Path, what: impl core::fmt::Display) -> Failure {
        Failure { code: EXIT_LOAD, text: format!("{}: {what}", path.display()) }
    }
}

/// Writes to standard output. Nobody there any more is no error of ours.
fn say(text: &str) {
    say_bytes(text.as_bytes());
}

/// The same, of what is no text.
fn say_bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes);
    let _ = out.flush();
}

/// Writes `wasmvm: error: …` to standard error.
fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let error = match err.is_terminal() && !plain {
        true => "\x1b[1;31merror:\x1b[0m",
        false => "error:",
    };
    let _ = writeln!(err, "wasmvm: {error} {}", text.trim_end());
}

/// Writes to standard error what is no error.
fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

const EXIT_LOAD: u8 = 1;
const EXIT_USAGE: u8 = 2;
/// As `timeout(1)` does.
const EXIT_TIMEOUT: u8 = 124;
/// As a shell reports SIGABRT.
const EXIT_TRAP: u8 = 134;
