//! The one error type of the C interface.

use core::ffi::{CStr, c_char, c_int};
use std::ffi::CString;
use std::sync::OnceLock;

use super::ffi::{Out, Text, c_string, delete, guard_or};
use crate::{Error, ErrorKind, Frame, Trap, runtime};

/// `wasmvm_error`.
pub struct Failure {
    cause: Cause,
    message: OnceLock<CString>,
    reason: OnceLock<CString>,
    backtrace: OnceLock<CString>,
    /// The names of frames that were asked for.
    names: OnceLock<Vec<[Option<CString>; 2]>>,
}

enum Cause {
    Engine(Error),
    Runtime(runtime::Error),
    /// A panic: a bug of ours.
    Internal,
}

impl Failure {
    fn new(cause: Cause) -> Failure {
        let (message, reason, backtrace) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Failure { cause, message, reason, backtrace, names: OnceLock::new() }
    }
    #[cold]
    pub fn usage(message: String) -> Failure {
        Error::usage(message).into()
    }
    #[cold]
    pub fn internal() -> Failure {
        Failure::new(Cause::Internal)
    }
    /// What a callback gave, for the guest that called it.
    pub fn into_error(self) -> Error {
        match self.cause {
            Cause::Engine(error) => error,
            Cause::Runtime(error) => Error::host_from(error),
            Cause::Internal => Error::host(INTERNAL),
        }
    }
    fn engine(&self) -> Option<&Error> {
        match &self.cause {
            Cause::Engine(error) => Some(error),
            Cause::Runtime(error) => error.engine_error(),
            Cause::Internal => None,
        }
    }
    fn frames(&self) -> &[Frame] {
        self.engine().map_or(&[], Error::backtrace)
    }
    fn kind(&self) -> u32 {
        match (&self.cause, self.engine()) {
            (_, Some(error)) => match error.kind() {
                ErrorKind::Malformed => 1,
                ErrorKind::Invalid => 2,
                ErrorKind::Unsupported => 3,
                ErrorKind::Link => 4,
                ErrorKind::Trap => 5,
                ErrorKind::Exception => 6,
                ErrorKind::Exit => 7,
                ErrorKind::Host => 8,
                ErrorKind::Limit => 9,
                ErrorKind::Usage => 10,
                #[allow(unreachable_patterns)]
                _ => 0,
            },
            (Cause::Internal, _) => 11,
            _ => 12,
        }
    }
    fn names(&self) -> &[[Option<CString>; 2]] {
        let text = |name: &Option<String>| name.as_deref().map(c_string);
        self.names.get_or_init(|| {
            self.frames().iter().map(|frame| [text(&frame.name), text(&frame.module)]).collect()
        })
    }
}
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(Cause::Engine(error))
    }
}
impl From<runtime::Error> for Failure {
    fn from(error: runtime::Error) -> Failure {
        Failure::new(Cause::Runtime(error))
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
pub extern "C" fn wasmvm_error_new(message: Text) -> Box<Failure> {
    guard_or(Box::new(Failure::internal()), || {
        let message = message.bytes("message").map(|bytes| String::from_utf8_lossy(bytes));
        Box::new(match message {
            Ok(message) => Error::host(message.into_owned()).into(),
            Err(failure) => failure,
        })
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new_exit(code: i32) -> Box<Failure> {
    Box::new(Error::exit(code).into())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new_trap(trap: c_int) -> Box<Failure> {
    let trap = u8::try_from(trap).ok().and_then(Trap::from_code);
    Box::new(match trap {
        Some(trap) => Error::from_trap(trap).into(),
        None => Failure::usage("there is no such trap".into()),
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_delete(error: Option<Box<Failure>>) {
    delete(error);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_get_kind(error: Option<&Failure>) -> u32 {
    guard_or(0, || error.map_or(0, Failure::kind))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_code(error: Option<&Failure>) -> i32 {
    guard_or(0, || match error.map(|error| &error.cause) {
        Some(Cause::Runtime(error)) => error.code().number().into(),
        _ => 0,
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_exit_code(error: Option<&Failure>, code: Out<i32>) -> bool {
    guard_or(false, || {
        let exit = error.and_then(|error| error.engine()?.exit_code());
        if let (Some(exit), Some(code)) = (exit, code) {
            code.write(exit);
        }
        exit.is_some()
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_trap(error: Option<&Failure>) -> c_int {
    guard_or(-1, || {
        let trap = error.and_then(|error| error.engine()?.trap());
        trap.map_or(-1, |trap| trap as u8 as c_int)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_message(error: Option<&Failure>) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        let Some(error) = error else { return c"".as_ptr() };
        pointer(error.message.get_or_init(|| match &error.cause {
            Cause::Engine(error) => c_string(error.to_string()),
            Cause::Runtime(error) => c_string(error.to_string()),
            Cause::Internal => c_string(INTERNAL),
        }))
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_reason(error: Option<&Failure>) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        let Some(error) = error else { return c"".as_ptr() };
        pointer(error.reason.get_or_init(|| match &error.cause {
            Cause::Engine(error) => c_string(error.message()),
            Cause::Runtime(error) => c_string(error.message()),
            Cause::Internal => c_string(INTERNAL),
        }))
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_backtrace(error: Option<&Failure>) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        let Some(error) = error else { return c"".as_ptr() };
        pointer(error.backtrace.get_or_init(|| {
            let line = |(at, frame)| format!("{at:>3}: {frame}\n");
            c_string(error.frames().iter().enumerate().map(line).collect::<String>())
        }))
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_frame_count(error: Option<&Failure>) -> usize {
    guard_or(0, || error.map_or(0, |error| error.frames().len()))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_frame(
    error: Option<&Failure>,
    index: usize,
    out: Out<CFrame>,
) -> bool {
    guard_or(false, || {
        let (Some(error), Some(out)) = (error, out) else { return false };
        let Some(frame) = error.frames().get(index) else { return false };
        let [name, module] = &error.names()[index];
        let text =
            |text: &Option<CString>| text.as_ref().map_or(core::ptr::null(), |text| text.as_ptr());
        let (func, offset) = (frame.func, frame.offset);
        out.write(CFrame { func, offset, name: text(name), module: text(module) });
        true
    })
}
