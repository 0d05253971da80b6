//! From a file to a module: binary or text, told apart by what is in it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{EXIT_LOAD, Failure, complain};
use crate::{Config, Engine, Module};

/// Loads a module.
pub(super) fn module(engine: &Engine, path: &Path) -> Result<Module, Failure> {
    let module = match Form::of(path)? {
        Form::Component => return Err(Failure::load(path, COMPONENT)),
        #[cfg(feature = "wat")]
        Form::Text(text) => {
            let binary = wat::Parser::new().parse_bytes(Some(path), &text);
            let binary = binary.map_err(|error| Failure::load(path, error))?;
            Module::new(engine, binary)
        }
        #[cfg(not(feature = "wat"))]
        Form::Text(_) => {
            return Err(Failure::load(path, "this is WebAssembly text; this build reads binaries"));
        }
        Form::Bytes(bytes) => Module::new(engine, bytes),
        Form::File => Module::from_file(engine, path),
    };
    module.map_err(|error| Failure::load(path, error))
}

/// `wasmvm validate`.
pub(super) fn validate(files: &[PathBuf]) -> Result<u8, Failure> {
    let engine = Engine::new(Config::new()).map_err(|error| Failure::usage(error.to_string()))?;
    let mut code = 0;
    for path in files {
        if let Err(failure) = module(&engine, path) {
            complain(&failure.text);
            code = EXIT_LOAD;
        }
    }
    Ok(code)
}

enum Form {
    /// A binary on disk, which need not be read as a whole.
    File,
    /// A binary from a pipe.
    Bytes(Vec<u8>),
    #[cfg_attr(not(feature = "wat"), allow(dead_code))]
    Text(Vec<u8>),
    /// A binary of another kind.
    Component,
}

impl Form {
    fn of(path: &Path) -> Result<Form, Failure> {
        let failed = |error| Failure::load(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(failed)?;
        if head.starts_with(b"\0asm") {
            // A version of 16 bits, then the layer: 0 is a module.
            if head.len() >= 8 && head[6] == 1 {
                return Ok(Form::Component);
            }
        } else if is_text(&head) {
            file.read_to_end(&mut head).map_err(failed)?;
            return Ok(Form::Text(head));
        }
        if metadata.is_file() {
            return Ok(Form::File);
        }
        file.read_to_end(&mut head).map_err(failed)?;
        Ok(Form::Bytes(head))
    }
}

/// Whether it begins as text does: with a parenthesis or a comment, after spaces.
fn is_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    head.starts_with(b"(") || head.starts_with(b";;")
}

/// How much of a file is looked at to tell what it is.
const HEAD_BYTES: u64 = 4096;
const COMPONENT: &str = "this is a component, not a core module: components of the component \
    model cannot be run (`wasm-tools component unbundle` takes their core modules out)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_known_by_its_beginning() {
        for text in ["(module)", "\n  (module)", ";; note\n(module)", "(; note ;)", "\u{feff}("] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        for other in [&b"\0asm"[..], b"", b"hello", b"; ("] {
            assert!(!is_text(other), "{other:?}");
        }
    }
}
