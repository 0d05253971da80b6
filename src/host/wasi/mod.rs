//! WASI preview 1: `wasi_snapshot_preview1`, all 46 functions, and the older `wasi_unstable` with
//! its own layouts.
//!
//! A [`Wasi`] is what one guest gets of the world: arguments, environment, standard streams and
//! directories; nothing but what was given to it. [`add_to_linker`] defines the functions.
//!
//! ```no_run
//! # fn main() -> Result<(), wasmvm::Error> {
//! use wasmvm::wasi::{self, Wasi};
//! let out = wasi::Capture::new();
//! let wasi = Wasi::default().args(["app", "-v"]).preopen("./data", "/")?.stdout(out.clone());
//! # drop(wasi); Ok(()) }
//! ```

mod call;
mod descriptor;
mod env;
mod errno;
mod fd;
mod path;
mod poll;
mod sock;
mod table;
mod trace;
mod types;
mod world;

use core::fmt;
use core::time::Duration;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
use crate::host::fs::{Dir, Resolver};
pub use crate::host::fs::{
    EmbeddedFs, Entry, FileSystem, MemFs, Metadata, NewNode, NewTime, NodeId, NodeKind,
};
use crate::host::sys;
pub use call::{Exporter, add_env_stub, add_to_linker, add_to_linker_as, is_preview2};
use descriptor::{Descriptor, Descriptors};
pub use errno::Errno;
pub use world::{RngSource, SeededRandom};
use world::{Sleep, Source, World};

/// What a guest gets of the world.
///
/// By default: no arguments, no environment, an empty standard input, outputs that go nowhere, no
/// directories; and made-up time and random numbers that are the same in every run: the clocks
/// start at the beginning of 2022 and advance by a millisecond whenever they are looked at, and by
/// as much as the guest sleeps, which takes no real time. [`Wasi::inherit_system`] gives it the
/// real ones.
pub struct Wasi {
    name: Option<Box<[u8]>>,
    args: Vec<Box<[u8]>>,
    env: Vec<Box<[u8]>>,
    descriptors: Descriptors,
    world: World,
    resolver: Resolver,
    trace: Option<Box<dyn Write + Send>>,
}

impl Default for Wasi {
    fn default() -> Wasi {
        let mut descriptors = Descriptors::default();
        descriptors.insert(Descriptor::reader(Box::new(std::io::empty())));
        descriptors.insert(Descriptor::writer(Box::new(std::io::sink())));
        descriptors.insert(Descriptor::writer(Box::new(std::io::sink())));
        let (name, args, env) = (None, Vec::new(), Vec::new());
        let (world, resolver, trace) = (World::made_up(), Resolver::Kernel, None);
        Wasi { name, args, env, descriptors, world, resolver, trace }
    }
}

impl fmt::Debug for Wasi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wasi").finish_non_exhaustive()
    }
}

/// The builder. A NUL ends the text of an argument or a variable, as it does for C.
impl Wasi {
    /// Adds arguments. Without [`name`](Wasi::name) the first of all is argument 0, by custom the
    /// name of the program.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Wasi {
        self.args.extend(args.into_iter().map(|arg| text(arg.as_ref())));
        self
    }

    /// Adds an argument.
    pub fn arg(self, arg: impl AsRef<OsStr>) -> Wasi {
        self.args([arg])
    }

    /// Argument 0, before all of `args`.
    pub fn name(mut self, name: impl AsRef<OsStr>) -> Wasi {
        self.name = Some(text(name.as_ref()));
        self
    }

    /// Sets an environment variable.
    pub fn env(self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Wasi {
        let mut pair = key.as_ref().to_owned();
        pair.push("=");
        pair.push(value);
        self.env_raw(pair)
    }

    /// Sets an environment variable, given as `KEY=VALUE`.
    pub fn env_raw(mut self, pair: impl AsRef<OsStr>) -> Wasi {
        let pair = text(pair.as_ref());
        let key =
            |pair: &[u8]| pair.iter().position(|&b| b == b'=').map_or(pair.len(), |at| at + 1);
        let same = |old: &&mut Box<[u8]>| old[..key(old)] == pair[..key(&pair)];
        match self.env.iter_mut().find(same) {
            Some(old) => *old = pair,
            None => self.env.push(pair),
        }
        self
    }

    /// Sets every environment variable of this process.
    pub fn inherit_env(self) -> Wasi {
        std::env::vars_os().fold(self, |wasi, (key, value)| wasi.env(key, value))
    }

    /// Gives the guest a directory, to read and to change, under a name. The first one becomes
    /// descriptor 3.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub fn preopen(self, host: impl AsRef<Path>, guest: impl AsRef<OsStr>) -> Result<Wasi, Error> {
        self.preopen_as(host.as_ref(), guest.as_ref(), false)
    }

    /// Gives the guest a directory that it can only read.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub fn preopen_ro(
        self,
        host: impl AsRef<Path>,
        guest: impl AsRef<OsStr>,
    ) -> Result<Wasi, Error> {
        self.preopen_as(host.as_ref(), guest.as_ref(), true)
    }

    fn preopen_as(mut self, host: &Path, guest: &OsStr, read_only: bool) -> Result<Wasi, Error> {
        let dir = Dir::open_ambient(host, read_only).map_err(|error| {
            os_error(&format!("cannot open directory {}", host.display()), error)
        })?;
        let dir = dir.with_resolver(self.resolver);
        self.descriptors.insert(Descriptor::dir(dir, Some(text(guest))));
        Ok(self)
    }

    /// Gives the guest a file system of the embedder's under a name.
    pub fn preopen_fs(self, guest: impl AsRef<OsStr>, fs: impl FileSystem + 'static) -> Wasi {
        self.preopen_fs_as(guest.as_ref(), Box::new(fs), false)
    }

    /// Gives the guest a file system of the embedder's that it can only read.
    pub fn preopen_fs_ro(self, guest: impl AsRef<OsStr>, fs: impl FileSystem + 'static) -> Wasi {
        self.preopen_fs_as(guest.as_ref(), Box::new(fs), true)
    }

    fn preopen_fs_as(mut self, guest: &OsStr, fs: Box<dyn FileSystem>, read_only: bool) -> Wasi {
        // A number that is the same in every run, and none of a device of the host's.
        let dev = u64::MAX - u64::from(self.descriptors.next());
        let dir = Dir::of_embedder(fs, dev, read_only);
        self.descriptors.insert(Descriptor::dir(dir, Some(text(guest))));
        self
    }

    /// Resolves paths step by step and never by `openat2`, in directories that are given after
    /// this: for where that call is forbidden on pain of death. Otherwise there is no difference.
    pub fn without_openat2(mut self) -> Wasi {
        self.resolver = Resolver::Walk;
        self
    }

    /// Gives the guest a socket that listens, as the next descriptor.
    pub fn listener(mut self, listener: std::net::TcpListener) -> Wasi {
        self.descriptors.insert(Descriptor::socket(OwnedFd::from(listener), 0));
        self
    }

    /// Standard input from a reader.
    pub fn stdin(mut self, reader: impl Read + Send + 'static) -> Wasi {
        self.descriptors.set(0, Descriptor::reader(Box::new(reader)));
        self
    }

    /// Standard input from bytes.
    pub fn stdin_bytes(self, bytes: impl Into<Vec<u8>>) -> Wasi {
        self.stdin(std::io::Cursor::new(bytes.into()))
    }

    /// Standard output to a writer, for instance a [`Capture`].
    pub fn stdout(mut self, writer: impl Write + Send + 'static) -> Wasi {
        self.descriptors.set(1, Descriptor::writer(Box::new(writer)));
        self
    }

    /// Standard error to a writer, for instance a [`Capture`].
    pub fn stderr(mut self, writer: impl Write + Send + 'static) -> Wasi {
        self.descriptors.set(2, Descriptor::writer(Box::new(writer)));
        self
    }

    /// Standard input of this process. If that is closed, the guest's is closed too.
    pub fn inherit_stdin(self) -> Wasi {
        self.inherit(0)
    }

    /// Standard output of this process.
    pub fn inherit_stdout(self) -> Wasi {
        self.inherit(1)
    }

    /// Standard error of this process.
    pub fn inherit_stderr(self) -> Wasi {
        self.inherit(2)
    }

    /// All three.
    pub fn inherit_stdio(self) -> Wasi {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    fn inherit(self, number: u32) -> Wasi {
        self.stream(number, Descriptor::stdio(number))
    }

    /// Standard input from a file, a pipe or a socket: what it is, the guest sees, and it can wait
    /// for it.
    pub fn stdin_fd(self, fd: impl Into<OwnedFd>) -> Wasi {
        self.stream(0, Descriptor::stream(fd.into(), true))
    }

    /// Standard output to a file, a pipe or a socket.
    pub fn stdout_fd(self, fd: impl Into<OwnedFd>) -> Wasi {
        self.stream(1, Descriptor::stream(fd.into(), false))
    }

    /// Standard error to a file, a pipe or a socket.
    pub fn stderr_fd(self, fd: impl Into<OwnedFd>) -> Wasi {
        self.stream(2, Descriptor::stream(fd.into(), false))
    }

    fn stream(mut self, number: u32, descriptor: sys::Result<Descriptor>) -> Wasi {
        match descriptor {
            Ok(descriptor) => self.descriptors.set(number, descriptor),
            Err(_) => drop(self.descriptors.close(number)),
        }
        self
    }

    /// Writes a line for every call of the host: `path_open(3, "a.txt", CREAT) = 5`.
    pub fn trace(mut self, to: impl Write + Send + 'static) -> Wasi {
        self.trace = Some(Box::new(to));
        self
    }

    /// What the guest takes for the time of day: time since 1970.
    pub fn walltime(
        mut self,
        now: impl FnMut() -> Duration + Send + 'static,
        resolution: Duration,
    ) -> Wasi {
        self.world.wall = Source::Embedder { now: Box::new(now), resolution };
        self
    }

    /// What the guest takes for the time that passed since some beginning; it must never go back.
    /// The clocks of processor time show the same.
    pub fn nanotime(
        mut self,
        now: impl FnMut() -> Duration + Send + 'static,
        resolution: Duration,
    ) -> Wasi {
        self.world.monotonic = Source::Embedder { now: Box::new(now), resolution };
        self
    }

    /// What happens when the guest waits for a clock, and for nothing else that is ready: after it
    /// the time counts as passed.
    pub fn nanosleep(mut self, sleep: impl FnMut(Duration) + Send + 'static) -> Wasi {
        self.world.sleep = Sleep::Embedder(Box::new(sleep));
        self
    }

    /// What happens when the guest lets others run.
    pub fn osyield(mut self, osyield: impl FnMut() + Send + 'static) -> Wasi {
        self.world.osyield = Box::new(osyield);
        self
    }

    /// Where random numbers come from.
    pub fn random(mut self, source: impl RngSource + 'static) -> Wasi {
        self.world.random = Box::new(source);
        self
    }

    /// The system's time of day.
    pub fn sys_walltime(mut self) -> Wasi {
        self.world.wall = Source::System;
        self
    }

    /// The system's monotonic clock, and those of processor time.
    pub fn sys_nanotime(mut self) -> Wasi {
        self.world.monotonic = Source::System;
        self
    }

    /// Waiting takes real time.
    pub fn sys_nanosleep(mut self) -> Wasi {
        self.world.sleep = Sleep::System;
        self
    }

    /// Other threads of the process get a chance.
    pub fn sys_osyield(self) -> Wasi {
        self.osyield(std::thread::yield_now)
    }

    /// The system's random numbers, good for secrets.
    pub fn sys_random(self) -> Wasi {
        self.random(world::system_random)
    }

    /// Real time and real chance: all of `sys_walltime`, `sys_nanotime`, `sys_nanosleep`,
    /// `sys_osyield` and `sys_random`.
    pub fn inherit_system(self) -> Wasi {
        self.sys_walltime().sys_nanotime().sys_nanosleep().sys_osyield().sys_random()
    }

    /// All arguments, the name first.
    fn all_args(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.name.iter().chain(&self.args).map(|arg| &**arg)
    }
}

/// A buffer that a guest writes to and the embedder reads; clones share it.
///
/// What exceeds the limit is refused as on a full disk.
#[derive(Clone, Debug)]
pub struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit_bytes: usize,
}

impl Default for Capture {
    fn default() -> Capture {
        Capture::new()
    }
}

impl Capture {
    /// A buffer of at most 64 MiB.
    pub fn new() -> Capture {
        Capture::with_limit(64 << 20)
    }

    /// A buffer of at most so many bytes.
    pub fn with_limit(limit_bytes: usize) -> Capture {
        Capture { bytes: Arc::default(), limit_bytes }
    }

    /// What was written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was written since the last time.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let count = bytes.len().min(self.limit_bytes - all.len().min(self.limit_bytes));
        if count == 0 && !bytes.is_empty() {
            return Err(std::io::Error::from_raw_os_error(libc::ENOSPC));
        }
        all.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn text(text: &OsStr) -> Box<[u8]> {
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes[..end].into()
}

fn os_error(what: &str, error: sys::OsError) -> Error {
    Error::host(format!("{what}: {}", std::io::Error::from(error)))
}
