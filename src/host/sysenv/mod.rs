//! The `sysenv` host: `sys_fs` and `sys_proc`, a small POSIX-style interface in which every
//! function has a form for 32-bit and one for 64-bit pointers. Which one an import gets is decided
//! by the type that it is imported with.
//!
//! A [`Sysenv`] is what one guest gets of the world, made from a [`Config`]. [`add_to_linker`]
//! defines the functions.
//!
//! ```no_run
//! # fn main() -> Result<(), wasmvm::Error> {
//! use wasmvm::{Engine, Linker, Store, sysenv::{self, Config, Sysenv}};
//! let engine = Engine::default();
//! let mut linker = Linker::<Sysenv>::new(&engine);
//! sysenv::add_to_linker(&mut linker, |sysenv| sysenv)?;
//! let config = Config::new().args(["app", "-v"]).preopen("./data", "/");
//! let store = Store::new(&engine, Sysenv::new(config)?);
//! # drop(store); Ok(()) }
//! ```

mod call;
mod files;
mod fs;
mod proc;
mod table;
#[cfg(test)]
mod tests;
mod world;

use core::fmt;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::Error;
pub use call::add_to_linker;
use files::{File, Files};
use proc::Clocks;
use world::World;

/// Whose behaviour where versions differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compat {
    /// What is documented.
    #[default]
    None,
    /// Of the C++ WasmVM 1.4: `readdir` gives 0 for an entry and 1 at the end, bits 60 to 63 of a
    /// 64-bit pointer are the index of the memory that it leads into, and a path ends at a NUL.
    V1_4,
}

/// How a [`Sysenv`] is made. Chainable; nothing can fail before [`Sysenv::new`].
///
/// By default the guest has no arguments and no environment, an empty standard input, outputs that
/// go nowhere, and no directories; time is made up.
#[must_use]
pub struct Config {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dirs: Vec<DirConfig>,
    ambient: bool,
    cwd: Option<OsString>,
    compat: Compat,
    clocks: Clocks,
    stdio: [File; 3],
}

struct DirConfig {
    host: PathBuf,
    guest: OsString,
    read_only: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("args", &self.args).finish_non_exhaustive()
    }
}

impl Config {
    /// The default.
    pub fn new() -> Config {
        Config {
            args: Vec::new(),
            env: Vec::new(),
            dirs: Vec::new(),
            ambient: false,
            cwd: None,
            compat: Compat::None,
            clocks: Clocks::MadeUp { looks: 0 },
            stdio: [
                File::Reader(Box::new(std::io::empty())),
                File::Writer(Box::new(std::io::sink())),
                File::Writer(Box::new(std::io::sink())),
            ],
        }
    }

    /// Adds arguments; the first of all is the program itself.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Config {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Config {
        let (key, value) = (key.as_ref().to_owned(), value.as_ref().to_owned());
        self.env.retain(|(old, _)| *old != key);
        self.env.push((key, value));
        self
    }

    /// Sets every environment variable of this process.
    pub fn inherit_env(self) -> Config {
        std::env::vars_os().fold(self, |config, (key, value)| config.env(key, value))
    }

    /// Gives the guest the whole file system, as this process sees it; unless there are preopened
    /// directories: then only those.
    pub fn ambient(mut self) -> Config {
        self.ambient = true;
        self
    }

    /// Gives the guest a directory, to read and to change, under a name.
    pub fn preopen(self, host: impl Into<PathBuf>, guest: impl Into<OsString>) -> Config {
        self.preopen_as(host.into(), guest.into(), false)
    }

    /// Gives the guest a directory that it can only read.
    pub fn preopen_ro(self, host: impl Into<PathBuf>, guest: impl Into<OsString>) -> Config {
        self.preopen_as(host.into(), guest.into(), true)
    }

    fn preopen_as(mut self, host: PathBuf, guest: OsString, read_only: bool) -> Config {
        self.dirs.push(DirConfig { host, guest, read_only });
        self
    }

    /// The current directory: where relative paths begin. By default the first preopened one, or
    /// that of this process.
    pub fn cwd(mut self, path: impl Into<OsString>) -> Config {
        self.cwd = Some(path.into());
        self
    }

    /// Behaves like another version.
    pub fn compat(mut self, compat: Compat) -> Config {
        self.compat = compat;
        self
    }

    /// The clocks of the system. By default time is made up: it starts at the beginning of 2022,
    /// and passes by a millisecond whenever it is looked at.
    pub fn inherit_system(mut self) -> Config {
        self.clocks = Clocks::System;
        self
    }

    /// Standard input from a reader.
    pub fn stdin(mut self, reader: impl Read + Send + 'static) -> Config {
        self.stdio[0] = File::Reader(Box::new(reader));
        self
    }

    /// Standard output to a writer, for instance a [`wasi::Capture`](crate::wasi::Capture).
    pub fn stdout(mut self, writer: impl Write + Send + 'static) -> Config {
        self.stdio[1] = File::Writer(Box::new(writer));
        self
    }

    /// Standard error to a writer.
    pub fn stderr(mut self, writer: impl Write + Send + 'static) -> Config {
        self.stdio[2] = File::Writer(Box::new(writer));
        self
    }

    /// Standard input, output and error of this process. What of it is closed is closed for the
    /// guest too.
    pub fn inherit_stdio(mut self) -> Config {
        self.stdio = [0, 1, 2].map(File::stdio);
        self
    }

    /// Standard input from a file.
    pub fn stdin_file(mut self, file: std::fs::File) -> Config {
        self.stdio[0] = File::Open(std::os::fd::OwnedFd::from(file).into());
        self
    }
}

/// What a guest gets of the world through `sys_fs` and `sys_proc`.
pub struct Sysenv {
    args: Vec<Box<[u8]>>,
    env: Vec<Variable>,
    world: World,
    files: Files,
    compat: Compat,
    clocks: Clocks,
}

/// A name and its value.
type Variable = (Box<[u8]>, Box<[u8]>);

impl fmt::Debug for Sysenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sysenv").finish_non_exhaustive()
    }
}

impl Sysenv {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// If a directory cannot be opened, or the current directory does not exist.
    pub fn new(config: Config) -> Result<Sysenv, Error> {
        let world = World::new(&config)?;
        let pair = |(key, value): (OsString, OsString)| (text(&key), text(&value));
        Ok(Sysenv {
            args: config.args.iter().map(|arg| text(arg)).collect(),
            env: config.env.into_iter().map(pair).collect(),
            world,
            files: Files::new(config.stdio),
            compat: config.compat,
            clocks: config.clocks,
        })
    }
}

/// A NUL ends the text of an argument or a variable, as it does for C.
fn text(text: &OsStr) -> Box<[u8]> {
    text.as_bytes().split(|&byte| byte == 0).next().unwrap_or_default().into()
}
