//! Running a WASI program in one line, in the shape of [`std::process::Command`].

use super::wasi::{self, Capture, Wasi};
use crate::{Config, Engine, Error, Limits, Linker, Module, Store};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A WASI program in a file, with what it is given. By default it has the streams, the clock and
/// the random numbers of this process, no environment and no directories.
///
/// ```no_run
/// # fn main() -> Result<(), wasmvm::Error> {
/// let status = wasmvm::Command::new("app.wasm").arg("-v").preopen("data", "/")?.run()?;
/// assert!(status.success());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Command {
    path: PathBuf,
    wasi: Wasi,
    config: Config,
    limits: Option<Limits>,
}
impl Command {
    /// The program in this file; its argument 0 is the file's name.
    pub fn new(path: impl AsRef<Path>) -> Command {
        let path = path.as_ref().to_path_buf();
        let name = path.file_name().unwrap_or_default().to_os_string();
        let wasi = Wasi::default().name(name).inherit_stdio().inherit_system();
        Command { path, wasi, config: Config::new(), limits: None }
    }
    fn with(mut self, change: impl FnOnce(Wasi) -> Wasi) -> Command {
        self.wasi = change(self.wasi);
        self
    }
    /// Another argument.
    pub fn arg(self, arg: impl AsRef<OsStr>) -> Command {
        self.with(|wasi| wasi.arg(arg))
    }
    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Command {
        args.into_iter().fold(self, Command::arg)
    }
    /// A variable of the environment.
    pub fn env(self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Command {
        self.with(|wasi| wasi.env(key, value))
    }
    /// A directory of the host, to read and to change.
    ///
    /// # Errors
    /// Host: it cannot be opened.
    pub fn preopen(
        mut self,
        host: impl AsRef<Path>,
        guest: impl AsRef<OsStr>,
    ) -> Result<Command, Error> {
        self.wasi = self.wasi.preopen(host, guest)?;
        Ok(self)
    }
    /// Anything else that a guest can be given.
    pub fn wasi(self, change: impl FnOnce(Wasi) -> Wasi) -> Command {
        self.with(change)
    }
    /// How the engine works.
    pub fn config(mut self, config: Config) -> Command {
        self.config = config;
        self
    }
    /// What the program may use.
    pub fn limits(mut self, limits: Limits) -> Command {
        self.limits = Some(limits);
        self
    }
    /// Runs the program to its end.
    ///
    /// # Errors
    /// Malformed, Invalid, Link and so on: it cannot be run; Trap and so on: it failed. Whatever
    /// code it exits with is no error.
    pub fn run(self) -> Result<ExitStatus, Error> {
        let engine = Engine::new(self.config)?;
        let module = Module::from_file(&engine, &self.path)?;
        let mut linker = Linker::<Wasi>::new(&engine);
        wasi::add_to_linker(&mut linker, |wasi| wasi)?;
        let mut store = Store::new(&engine, self.wasi);
        if let Some(limits) = self.limits {
            store.set_limits(limits);
        }
        let result = linker.instantiate(&mut store, &module).and_then(|instance| {
            instance.typed_func::<(), ()>(&store, "_start")?.call(&mut store, ())
        });
        match result {
            Ok(()) => Ok(ExitStatus { code: 0 }),
            Err(error) => match error.exit_code() {
                Some(code) => Ok(ExitStatus { code }),
                None => Err(error),
            },
        }
    }
    /// Runs the program to its end, and keeps what it writes to its standard streams.
    ///
    /// # Errors
    /// As for [`Command::run`].
    pub fn output(self) -> Result<Output, Error> {
        let (stdout, stderr) = (Capture::new(), Capture::new());
        let (out, err) = (stdout.clone(), stderr.clone());
        let status = self.with(|wasi| wasi.stdout(out).stderr(err)).run()?;
        Ok(Output { status, stdout: stdout.take(), stderr: stderr.take() })
    }
}

/// How a program has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus {
    code: i32,
}
impl ExitStatus {
    /// The code: all 32 bits of it.
    pub fn code(self) -> i32 {
        self.code
    }
    /// Whether the code is 0.
    pub fn success(self) -> bool {
        self.code == 0
    }
}

/// What a program has written, and how it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it has ended.
    pub status: ExitStatus,
    /// What it has written to its standard output.
    pub stdout: Vec<u8>,
    /// What it has written to its standard error.
    pub stderr: Vec<u8>,
}
