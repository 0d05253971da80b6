//! The one error type: what went wrong, and where.

use super::exception::Exception;
use super::extern_type::ExternType;
use crate::wasm::error::{Error as ModuleError, ErrorKind as ModuleErrorKind, Quoted};
use crate::wasm::trap::Trap;
use crate::wasm::types::FuncType;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

/// A frame of a wasm backtrace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's index in its module, imports included.
    pub func: u32,
    /// Its name, from the name section or an export.
    pub name: Option<String>,
    /// The module's name, if it has one.
    pub module: Option<String>,
    /// The module's number: that of `Module::id`.
    pub module_id: usize,
    /// The byte offset of the instruction in the module.
    pub offset: u32,
}
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}")?,
            None => write!(f, "func[{}]", self.func)?,
        }
        if let Some(module) = &self.module {
            write!(f, " ({module})")?;
        }
        write!(f, " at byte {:#x}", self.offset)
    }
}

/// An import that cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkProblem {
    /// The import's module name.
    pub module: String,
    /// Its name.
    pub name: String,
    /// "unknown import" or "incompatible import type".
    pub problem: &'static str,
    /// The type that the module asks for.
    pub expected: ExternType,
    /// The type that there is, if there is one.
    pub found: Option<ExternType>,
    /// Other types that there are under the same name.
    pub overloads: Vec<FuncType>,
}
impl LinkProblem {
    /// An import that nothing is defined for.
    pub(crate) fn unknown(module: String, name: String, expected: ExternType) -> LinkProblem {
        let problem = "unknown import";
        LinkProblem { module, name, problem, expected, found: None, overloads: Vec::new() }
    }
}
impl fmt::Display for LinkProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkProblem { module, name, problem, expected, .. } = self;
        write!(f, "{problem} {}.{}: needs {expected}", Quoted(module), Quoted(name))?;
        match &self.found {
            Some(found) => write!(f, ", there is {found}")?,
            None => return Ok(()),
        }
        self.overloads.iter().try_for_each(|ty| write!(f, " or func {ty}"))
    }
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are no module (spec §5).
    Malformed,
    /// The module is not valid (spec §3).
    Invalid,
    /// The module uses what is switched off or not there yet.
    Unsupported,
    /// Imports cannot be linked (spec §4.5.3).
    Link,
    /// Execution ended in a trap.
    Trap,
    /// An exception was thrown and not caught (spec §4.4.9).
    Exception,
    /// The guest ended itself: not a failure.
    Exit,
    /// A host function failed.
    Host,
    /// A limit was reached.
    Limit,
    /// The embedder used the API wrongly.
    Usage,
}

enum Repr {
    Module(ModuleError),
    Link(Vec<LinkProblem>),
    Trap(Trap),
    Exception(Exception),
    Exit(i32),
    Suspend(Suspend),
    Host(Cow<'static, str>),
    HostSource(Box<dyn core::error::Error + Send + Sync>),
    Limit { what: &'static str, wanted: u64, limit: u64 },
    Usage(Cow<'static, str>),
}

/// Why a host function suspends the execution that has called it: it returns this as an error, and
/// whoever runs the execution gets it back
/// ([`Progress::Suspended`](crate::Progress::Suspended)).
pub struct Suspend(Box<dyn Any + Send + Sync>);
impl Suspend {
    /// With what the one who runs the execution shall know.
    pub fn new(token: impl Any + Send + Sync) -> Suspend {
        Suspend(Box::new(token))
    }
    /// Whether the host function has said an `A`.
    pub fn is<A: Any>(&self) -> bool {
        self.0.is::<A>()
    }
    /// What the host function has said, if it is an `A`.
    pub fn downcast_mut<A: Any>(&mut self) -> Option<&mut A> {
        self.0.downcast_mut()
    }
    /// What the host function has said, if it is an `A`.
    ///
    /// # Errors
    /// `self`: it is of another type.
    pub fn downcast<A: Any>(self) -> Result<A, Suspend> {
        if !self.is::<A>() {
            return Err(self);
        }
        let token: Box<dyn Any> = self.0;
        match token.downcast::<A>() {
            Ok(token) => Ok(*token),
            Err(_) => unreachable!("it was looked at before"),
        }
    }
}
impl fmt::Debug for Suspend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Suspend")
    }
}

/// Everything that can go wrong; one pointer.
pub struct Error(Box<Inner>);
struct Inner {
    repr: Repr,
    backtrace: Vec<Frame>,
}

impl Error {
    #[cold]
    #[cfg_attr(not(feature = "small"), inline(never))]
    fn new(repr: Repr) -> Error {
        Error(Box::new(Inner { repr, backtrace: Vec::new() }))
    }
    /// A trap.
    #[cold]
    pub fn from_trap(trap: Trap) -> Error {
        Error::new(Repr::Trap(trap))
    }
    /// The guest ends itself with this exit code.
    #[cold]
    pub fn exit(code: i32) -> Error {
        Error::new(Repr::Exit(code))
    }
    /// A host function fails for this reason.
    #[cold]
    pub fn host(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(Repr::Host(message.into()))
    }
    /// A host function fails because of another error.
    #[cold]
    pub fn host_from(error: impl core::error::Error + Send + Sync + 'static) -> Error {
        Error::new(Repr::HostSource(Box::new(error)))
    }
    /// A limit is exceeded.
    #[cold]
    pub fn limit(what: &'static str, wanted: u64, limit: u64) -> Error {
        Error::new(Repr::Limit { what, wanted, limit })
    }
    /// The API is used wrongly.
    #[cold]
    pub fn usage(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(Repr::Usage(message.into()))
    }
    /// Imports cannot be linked.
    #[cold]
    pub fn link(problems: Vec<LinkProblem>) -> Error {
        Error::new(Repr::Link(problems))
    }
    /// Adds the frames that were active, innermost first.
    #[cold]
    #[must_use]
    pub fn with_backtrace(mut self, frames: Vec<Frame>) -> Error {
        if self.0.backtrace.is_empty() {
            self.0.backtrace = frames;
        }
        self
    }

    /// The same exception by another reference, whose entry goes on.
    #[cold]
    #[must_use]
    pub(crate) fn with_exception(mut self, exception: Exception) -> Error {
        self.0.repr = Repr::Exception(exception);
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.repr {
            Repr::Module(error) => match error.kind() {
                ModuleErrorKind::Malformed => ErrorKind::Malformed,
                ModuleErrorKind::Invalid => ErrorKind::Invalid,
                ModuleErrorKind::Unsupported => ErrorKind::Unsupported,
                ModuleErrorKind::Limit => ErrorKind::Limit,
            },
            Repr::Link(_) => ErrorKind::Link,
            Repr::Trap(_) => ErrorKind::Trap,
            Repr::Exception(_) => ErrorKind::Exception,
            Repr::Exit(_) => ErrorKind::Exit,
            Repr::Host(_) | Repr::HostSource(_) => ErrorKind::Host,
            Repr::Limit { .. } => ErrorKind::Limit,
            Repr::Usage(_) | Repr::Suspend(_) => ErrorKind::Usage,
        }
    }
    /// The reason alone, in the words of the specification's tests where they have some.
    pub fn message(&self) -> String {
        match &self.0.repr {
            Repr::Module(error) => error.message().to_string(),
            Repr::Link(problems) => match problems.first() {
                Some(first) => first.problem.to_string(),
                None => String::new(),
            },
            Repr::Trap(trap) => trap.message().to_string(),
            Repr::Exception(_) => "uncaught exception".to_string(),
            Repr::Exit(code) => alloc::format!("exit {code}"),
            Repr::Suspend(_) => NOT_RESUMABLE.to_string(),
            Repr::Host(message) | Repr::Usage(message) => message.to_string(),
            Repr::HostSource(error) => error.to_string(),
            Repr::Limit { what, wanted, limit } => {
                alloc::format!("{what}: {wanted} wanted, the limit is {limit}")
            }
        }
    }
    /// The byte offset in the module, for an error of loading.
    pub fn offset(&self) -> Option<usize> {
        match &self.0.repr {
            Repr::Module(error) => Some(error.offset()),
            _ => None,
        }
    }
    /// The function (module index) whose body an error of loading is about.
    pub fn func(&self) -> Option<u32> {
        match &self.0.repr {
            Repr::Module(error) => error.func(),
            _ => None,
        }
    }
    /// The trap, if it is one.
    pub fn trap(&self) -> Option<Trap> {
        match self.0.repr {
            Repr::Trap(trap) => Some(trap),
            _ => None,
        }
    }
    /// The exception, if one was thrown and not caught.
    pub fn exception(&self) -> Option<Exception> {
        match self.0.repr {
            Repr::Exception(exception) => Some(exception),
            _ => None,
        }
    }
    /// The exit code, if the guest ended itself.
    pub fn exit_code(&self) -> Option<i32> {
        match self.0.repr {
            Repr::Exit(code) => Some(code),
            _ => None,
        }
    }
    /// The imports that cannot be linked: all of them.
    pub fn link_problems(&self) -> &[LinkProblem] {
        match &self.0.repr {
            Repr::Link(problems) => problems,
            _ => &[],
        }
    }
    /// The same, to be completed.
    pub(crate) fn link_problems_mut(&mut self) -> &mut [LinkProblem] {
        match &mut self.0.repr {
            Repr::Link(problems) => problems,
            _ => &mut [],
        }
    }
    /// Whether a host function has suspended what called it.
    pub(crate) fn is_suspend(&self) -> bool {
        matches!(self.0.repr, Repr::Suspend(_))
    }
    /// Why a host function has suspended what called it.
    pub(crate) fn into_suspend(self) -> Option<Suspend> {
        match self.0.repr {
            Repr::Suspend(suspend) => Some(suspend),
            _ => None,
        }
    }
    /// What it is for a call that nobody can go on with.
    #[cold]
    pub(crate) fn not_suspended(self) -> Error {
        if self.is_suspend() { Error::usage(NOT_RESUMABLE) } else { self }
    }
    /// The wasm frames that were active, innermost first.
    pub fn backtrace(&self) -> &[Frame] {
        &self.0.backtrace
    }
}
const NOT_RESUMABLE: &str =
    "a host function suspends a call that was not started as an execution (`start`)";

/// To be returned by a host function.
impl From<Suspend> for Error {
    #[cold]
    fn from(suspend: Suspend) -> Error {
        Error::new(Repr::Suspend(suspend))
    }
}
impl From<ModuleError> for Error {
    #[cold]
    fn from(error: ModuleError) -> Error {
        Error::new(Repr::Module(error))
    }
}
/// Of the host's file system, mostly.
#[cfg(feature = "std")]
impl From<std::io::Error> for Error {
    #[cold]
    fn from(error: std::io::Error) -> Error {
        Error::host_from(error)
    }
}
/// To be thrown by a host function, or thrown on.
impl From<Exception> for Error {
    #[cold]
    fn from(exception: Exception) -> Error {
        Error::new(Repr::Exception(exception))
    }
}
impl From<Trap> for Error {
    #[cold]
    fn from(trap: Trap) -> Error {
        Error::from_trap(trap)
    }
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.repr {
            Repr::Module(error) => error.fmt(f)?,
            Repr::Link(problems) => {
                for (i, problem) in problems.iter().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    problem.fmt(f)?;
                }
            }
            Repr::Trap(trap) => write!(f, "trap: {trap}")?,
            _ => f.write_str(&self.message())?,
        }
        for (i, frame) in self.0.backtrace.iter().enumerate() {
            write!(f, "\n  {i:>3}: {frame}")?;
        }
        Ok(())
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.0.repr {
            Repr::Module(error) => Some(error),
            Repr::HostSource(error) => Some(&**error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pointer() {
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
