//! The one error type of the C interface.

use core::ffi::{CStr, c_char, c_int};
use std::ffi::CString;
use std::sync::OnceLock;

use super::exception::Kept;
use super::ffi::{Out, Text, c_string, delete, guard_or};
use crate::{Error, ErrorKind, Frame, Trap, runtime};

/// Why a function fails.
pub enum Failure {
    Engine(Error),
    /// An uncaught exception, which can be looked at until the error is deleted.
    Thrown(Error, Kept),
    Runtime(runtime::Error),
    /// A panic: a bug of ours.
    Internal,
}

impl Failure {
    #[cold]
    pub fn usage(message: String) -> Failure {
        Error::usage(message).into()
    }
    /// What a callback gave, for the guest that called it.
    pub fn into_error(self) -> Error {
        match self {
            Failure::Engine(error) | Failure::Thrown(error, _) => error,
            Failure::Runtime(error) => Error::host_from(error),
            Failure::Internal => Error::host(INTERNAL),
        }
    }
    fn engine(&self) -> Option<&Error> {
        match self {
            Failure::Engine(error) | Failure::Thrown(error, _) => Some(error),
            Failure::Runtime(error) => error.engine_error(),
            Failure::Internal => None,
        }
    }
    fn frames(&self) -> &[Frame] {
        self.engine().map_or(&[], Error::backtrace)
    }
    fn kind(&self) -> u32 {
        match (self, self.engine().map(Error::kind)) {
            (_, Some(ErrorKind::Malformed)) => 1,
            (_, Some(ErrorKind::Invalid)) => 2,
            (_, Some(ErrorKind::Unsupported)) => 3,
            (_, Some(ErrorKind::Link)) => 4,
            (_, Some(ErrorKind::Trap)) => 5,
            (_, Some(ErrorKind::Exception)) => 6,
            (_, Some(ErrorKind::Exit)) => 7,
            (_, Some(ErrorKind::Host)) => 8,
            (_, Some(ErrorKind::Limit)) => 9,
            (_, Some(ErrorKind::Usage)) => 10,
            (Failure::Runtime(_), None) => 12,
            // A kind that the header does not know would be one too.
            _ => 11,
        }
    }
}

/// `wasmvm_error`: a failure, and its texts as they were asked for.
pub struct CError {
    pub failure: Failure,
    message: OnceLock<CString>,
    reason: OnceLock<CString>,
    backtrace: OnceLock<CString>,
    /// The names of frames.
    names: OnceLock<Vec<[Option<CString>; 2]>>,
}
impl CError {
    fn names(&self) -> &[[Option<CString>; 2]] {
        let text = |name: &Option<String>| name.as_deref().map(c_string);
        self.names.get_or_init(|| {
            let frames = self.failure.frames().iter();
            frames.map(|frame| [text(&frame.name), text(&frame.module)]).collect()
        })
    }
}
impl From<Failure> for CError {
    fn from(failure: Failure) -> CError {
        let (message, reason, backtrace) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        CError { failure, message, reason, backtrace, names: OnceLock::new() }
    }
}
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Engine(error)
    }
}
impl From<runtime::Error> for Failure {
    fn from(error: runtime::Error) -> Failure {
        Failure::Runtime(error)
    }
}

const INTERNAL: &str = "wasmvm has failed: this is a bug of wasmvm";

/// `wasmvm_frame`.
#[repr(C)]
pub struct CFrame {
    func: u32,
    offset: u32,
    name: *const c_char,
    module: *const c_char,
}

fn pointer(text: &CString) -> *const c_char {
    text.as_ptr()
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new(message: Text) -> Box<CError> {
    guard_or(Box::new(Failure::Internal.into()), || {
        let message = message.bytes("message").map(|bytes| String::from_utf8_lossy(bytes));
        let failure = message
            .map_or_else(|failure| failure, |message| Error::host(message.into_owned()).into());
        Box::new(failure.into())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new_exit(code: i32) -> Box<CError> {
    Box::new(Failure::from(Error::exit(code)).into())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new_trap(trap: c_int) -> Box<CError> {
    let trap = u8::try_from(trap).ok().and_then(Trap::from_code);
    let failure = match trap {
        Some(trap) => Error::from_trap(trap).into(),
        None => Failure::usage("there is no such trap".into()),
    };
    Box::new(failure.into())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_delete(error: Option<Box<CError>>) {
    delete(error);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_get_kind(error: Option<&CError>) -> u32 {
    guard_or(0, || error.map_or(0, |error| error.failure.kind()))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_code(error: Option<&CError>) -> i32 {
    guard_or(0, || match error.map(|error| &error.failure) {
        Some(Failure::Runtime(error)) => error.code().number().into(),
        _ => 0,
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_exit_code(error: Option<&CError>, code: Out<i32>) -> bool {
    guard_or(false, || {
        let exit = error.and_then(|error| error.failure.engine()?.exit_code());
        if let (Some(exit), Some(code)) = (exit, code) {
            code.write(exit);
        }
        exit.is_some()
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_trap(error: Option<&CError>) -> c_int {
    guard_or(-1, || {
        let trap = error.and_then(|error| error.failure.engine()?.trap());
        trap.map_or(-1, |trap| trap as u8 as c_int)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_message(error: Option<&CError>) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        let Some(error) = error else { return c"".as_ptr() };
        pointer(error.message.get_or_init(|| match &error.failure {
            Failure::Engine(error) | Failure::Thrown(error, _) => c_string(error.to_string()),
            Failure::Runtime(error) => c_string(error.to_string()),
            Failure::Internal => c_string(INTERNAL),
        }))
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_reason(error: Option<&CError>) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        let Some(error) = error else { return c"".as_ptr() };
        pointer(error.reason.get_or_init(|| match &error.failure {
            Failure::Engine(error) | Failure::Thrown(error, _) => c_string(error.message()),
            Failure::Runtime(error) => c_string(error.message()),
            Failure::Internal => c_string(INTERNAL),
        }))
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_backtrace(error: Option<&CError>) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        let Some(error) = error else { return c"".as_ptr() };
        pointer(error.backtrace.get_or_init(|| {
            let line = |(at, frame)| format!("{at:>3}: {frame}\n");
            c_string(error.failure.frames().iter().enumerate().map(line).collect::<String>())
        }))
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_frame_count(error: Option<&CError>) -> usize {
    guard_or(0, || error.map_or(0, |error| error.failure.frames().len()))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_frame(
    error: Option<&CError>,
    index: usize,
    out: Out<CFrame>,
) -> bool {
    guard_or(false, || {
        let (Some(error), Some(out)) = (error, out) else { return false };
        let Some(frame) = error.failure.frames().get(index) else { return false };
        let [name, module] = &error.names()[index];
        let text =
            |text: &Option<CString>| text.as_ref().map_or(core::ptr::null(), |text| text.as_ptr());
        let (func, offset) = (frame.func, frame.offset);
        out.write(CFrame { func, offset, name: text(name), module: text(module) });
        true
    })
}
