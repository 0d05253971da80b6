//! From a file to a module: binary or text, told apart by what is in it.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{EXIT_LOAD, Failure, complain, note, report};
use crate::runtime::Capabilities;
use crate::{Config, Engine, Features, Module};

/// Loads a module.
pub(super) fn module(engine: &Engine, path: &Path) -> Result<Module, Failure> {
    let _progress = Progress::start(path);
    let bytes = match Form::of(path)? {
        Form::Component => return Err(Failure::load(path, COMPONENT)),
        Form::Text(text) => binary(path, &text)?,
        Form::Bytes(bytes) => bytes,
        Form::File => {
            return Module::from_file(engine, path).map_err(|error| {
                let bytes = std::fs::read(path).unwrap_or_default();
                report::load_failure(path, &bytes, &error)
            });
        }
    };
    let module = Module::new(engine, bytes.as_slice());
    module.map_err(|error| report::load_failure(path, &bytes, &error))
}

/// What `--manifest` allows.
pub(super) fn manifest(path: &Path) -> Result<Capabilities, Failure> {
    Capabilities::from_manifest(path).map_err(|why| Failure::load(path, why.message()))
}

/// The bytes of a module in a file of either form.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    match Form::of(path)? {
        Form::Component => Err(Failure::load(path, COMPONENT)),
        Form::Text(text) => binary(path, &text),
        Form::Bytes(bytes) => Ok(bytes),
        Form::File => std::fs::read(path).map_err(|error| Failure::load(path, error)),
    }
}

#[cfg(feature = "wat")]
fn binary(path: &Path, text: &[u8]) -> Result<Vec<u8>, Failure> {
    let binary = wat::Parser::new().parse_bytes(Some(path), text);
    Ok(binary.map_err(|error| Failure::load(path, error))?.into_owned())
}
#[cfg(not(feature = "wat"))]
fn binary(path: &Path, _: &[u8]) -> Result<Vec<u8>, Failure> {
    Err(Failure::load(path, "this is WebAssembly text; this build reads binaries"))
}

/// `wasmvm validate`.
pub(super) fn validate(files: &[PathBuf], wasm: &[(String, bool)]) -> Result<u8, Failure> {
    let engine = engine(Config::new().features(features(wasm)))?;
    let mut code = 0;
    for path in files {
        if let Err(failure) = module(&engine, path) {
            complain(&failure.text);
            code = EXIT_LOAD;
        }
    }
    Ok(code)
}

/// An engine.
pub(super) fn engine(config: Config) -> Result<Engine, Failure> {
    Engine::new(config).map_err(|error| Failure::usage(error.to_string()))
}

/// The proposals that `--wasm` leaves.
pub(super) fn features(switches: &[(String, bool)]) -> Features {
    let mut features = Features::default();
    for (name, on) in switches {
        features.set(name, *on);
    }
    features
}

/// Tells who waits that a module is being loaded, from the second second on.
struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    fn start(path: &Path) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(None);
        }
        let (sender, receiver) = channel::<()>();
        let name = path.display().to_string();
        let tell = move || {
            let mut seconds = 0;
            while receiver.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                seconds += 1;
                note(&format!("\r\x1b[Kwasmvm: loading {name}: {seconds} s"));
            }
            if seconds > 0 {
                note("\r\x1b[K");
            }
        };
        Progress(Some((sender, std::thread::spawn(tell))))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

enum Form {
    /// A binary on disk, which need not be read as a whole.
    File,
    /// A binary from a pipe.
    Bytes(Vec<u8>),
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
