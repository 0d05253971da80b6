//! Why a module is not accepted, and where.

use crate::tuning;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt;
use core::fmt::Write as _;

/// The class of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes do not follow the grammar of the binary format (spec §5).
    Malformed,
    /// The module breaks a rule of validation (spec §3).
    Invalid,
    /// The module uses a proposal that is switched off.
    Unsupported,
    /// The module exceeds a limit of the implementation (spec appendix §7.3).
    Limit,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::Malformed => "malformed",
            ErrorKind::Invalid => "invalid",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Limit => "limit exceeded",
        })
    }
}

/// A name in quotes, without what would confuse a terminal. In a small build all is escaped that is
/// not ASCII, which needs no tables.
pub struct Quoted<'a>(pub &'a str);
impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !tuning::SMALL {
            return fmt::Debug::fmt(self.0, f);
        }
        let mut chars = self.0.chars().flat_map(char::escape_default);
        f.write_char('"')?;
        chars.try_for_each(|c| f.write_char(c))?;
        f.write_char('"')
    }
}

/// What is wrong with a module: one pointer, so that a `Result` stays in a register.
///
/// Messages begin with the words of the specification's tests.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    offset: usize,
    func: Option<u32>,
}

impl Error {
    #[cold]
    #[cfg_attr(not(feature = "small"), inline(never))]
    fn new(kind: ErrorKind, offset: usize, message: Cow<'static, str>) -> Error {
        Error(Box::new(Inner { kind, message, offset, func: None }))
    }
    /// The bytes at `offset` break the grammar.
    #[cold]
    pub fn malformed(offset: usize, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Malformed, offset, message.into())
    }
    /// The construct at `offset` breaks a rule of validation.
    #[cold]
    pub fn invalid(offset: usize, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Invalid, offset, message.into())
    }
    /// The construct at `offset` needs a proposal that is switched off.
    #[cold]
    pub fn unsupported(offset: usize, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Unsupported, offset, message.into())
    }
    /// The construct at `offset` is larger than this implementation accepts.
    #[cold]
    pub fn limit(offset: usize, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Limit, offset, message.into())
    }
    /// The same error, said of a function (module index, imports included).
    #[cold]
    #[must_use]
    pub fn in_func(mut self, func: u32) -> Error {
        self.0.func.get_or_insert(func);
        self
    }
    /// The class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
    /// The reason, in the words of the specification's tests.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// Where, in bytes from the start of the module.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
    /// The function (module index) whose body it is about, if it is about one.
    pub fn func(&self) -> Option<u32> {
        self.0.func
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {:#x}", self.0.kind, self.0.offset)?;
        if let Some(func) = self.0.func {
            write!(f, " in function {func}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn one_pointer() {
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
    #[test]
    fn words() {
        let error = Error::malformed(0x1f, "unexpected end");
        assert_eq!(error.to_string(), "malformed at byte 0x1f: unexpected end");
        let error = Error::invalid(16, "type mismatch").in_func(3).in_func(4);
        assert_eq!(error.to_string(), "invalid at byte 0x10 in function 3: type mismatch");
    }
}
