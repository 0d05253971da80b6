//! What can go wrong, by numbers that stay.

use core::fmt;
use std::borrow::Cow;

use crate::{Error as EngineError, Frame, Trap};

macro_rules! codes { ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
    /// What an [`Error`] is about: a number that means the same in every version.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(u16)]
    #[non_exhaustive]
    pub enum Code { $($(#[$doc])* $name = $number,)* }
    impl Code {
        /// All of them, in order.
        pub const ALL: &'static [Code] = &[$(Code::$name,)*];
        /// The name, as in the documents.
        pub const fn name(self) -> &'static str {
            match self { $(Code::$name => stringify!($name),)* }
        }
        /// The number.
        pub const fn number(self) -> u16 {
            self as u16
        }
    }
} }
codes! {
    /// The bytes are no module, or not a valid one.
    CompileError = 5000;
    /// Imports are missing or do not fit, or instantiation ended in a trap or at a limit.
    InstantiateError = 5001;
    /// A call ended in a trap, an exception, an exit, or at a limit.
    CallError = 5002;
    /// There is no export of this name and kind.
    ExportNotFound = 5003;
    /// There is no such module, or none any more.
    InvalidModuleHandle = 5004;
    /// There is no such instance, or none any more.
    InvalidInstanceHandle = 5005;
    /// An access outside the memory, or the memory cannot grow.
    MemoryError = 5006;
    /// The number of arguments or the type of one is another.
    TypeError = 5007;
    /// A file cannot be read.
    IoError = 5008;
    /// The capabilities do not allow it.
    PermissionDenied = 5009;
    /// What a guest was to get of the world cannot be got.
    WasiError = 5010;
    /// The fuel is used up.
    FuelExhausted = 5011;
}
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

/// An error of the handle interface: a code, a reason, and the engine's error if it is one.
pub struct Error {
    code: Code,
    message: Cow<'static, str>,
    engine: Option<EngineError>,
}

impl Error {
    #[cold]
    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Error {
        Error { code, message: message.into(), engine: None }
    }
    /// An error of the engine; that fuel is used up has a code of its own.
    #[cold]
    pub(super) fn of_engine(code: Code, error: EngineError) -> Error {
        let out_of_fuel = error.trap() == Some(Trap::OutOfFuel);
        let code = if out_of_fuel { Code::FuelExhausted } else { code };
        Error { code, message: error.message().into(), engine: Some(error) }
    }
    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }
    /// The reason alone.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// The code with which the guest ended itself, if it did: 0 is no failure.
    pub fn exit_code(&self) -> Option<i32> {
        self.engine.as_ref()?.exit_code()
    }
    /// The engine's error, if it is one.
    pub fn engine_error(&self) -> Option<&EngineError> {
        self.engine.as_ref()
    }
    /// The wasm frames that were active, innermost first.
    pub fn backtrace(&self) -> &[Frame] {
        self.engine.as_ref().map_or(&[], EngineError::backtrace)
    }
}
impl From<std::io::Error> for Error {
    #[cold]
    fn from(error: std::io::Error) -> Error {
        Error::new(Code::IoError, error.to_string())
    }
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.engine {
            Some(error) => write!(f, "{}: {error}", self.code),
            None => write!(f, "{}: {}", self.code, self.message),
        }
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.engine.as_ref().map(|error| error as _)
    }
}
