//! What a guest gets of the world, as a description that is checked before anything is opened.

use core::fmt;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::{Capabilities, Code, Error};
use crate::wasi::Wasi;

/// What a guest gets of the world: by default no arguments, no environment, no directories, an
/// empty standard input, outputs that go nowhere, and made-up time and random numbers.
#[derive(Default)]
#[must_use]
pub struct WasiConfig {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    inherit_env: bool,
    preopens: Vec<Preopen>,
    stdin: Stream<Box<dyn Read + Send>>,
    stdout: Stream<Box<dyn Write + Send>>,
    stderr: Stream<Box<dyn Write + Send>>,
    inherit_system: bool,
}

struct Preopen {
    guest: OsString,
    host: PathBuf,
    read_only: bool,
}

#[derive(Default)]
enum Stream<T> {
    #[default]
    Nothing,
    Inherit,
    Own(T),
}

impl fmt::Debug for WasiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiConfig").field("args", &self.args).finish_non_exhaustive()
    }
}

impl WasiConfig {
    /// The default.
    pub fn new() -> WasiConfig {
        WasiConfig::default()
    }
    /// Adds an argument; the first of all is by custom the name of the program.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> WasiConfig {
        self.args.push(arg.as_ref().to_owned());
        self
    }
    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> WasiConfig {
        args.into_iter().fold(self, WasiConfig::arg)
    }
    /// Sets an environment variable.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> WasiConfig {
        self.env.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }
    /// Sets every environment variable of this process, before those of `env`.
    pub fn inherit_env(mut self) -> WasiConfig {
        self.inherit_env = true;
        self
    }
    /// Gives the guest a directory of the host under a name, to read and to change.
    pub fn preopen(self, host: impl AsRef<Path>, guest: impl AsRef<OsStr>) -> WasiConfig {
        self.preopen_as(guest.as_ref(), host.as_ref(), false)
    }
    /// Gives the guest a directory that it can only read.
    pub fn preopen_ro(self, host: impl AsRef<Path>, guest: impl AsRef<OsStr>) -> WasiConfig {
        self.preopen_as(guest.as_ref(), host.as_ref(), true)
    }
    fn preopen_as(mut self, guest: &OsStr, host: &Path, read_only: bool) -> WasiConfig {
        self.preopens.push(Preopen { guest: guest.into(), host: host.into(), read_only });
        self
    }
    /// Standard input of this process.
    pub fn inherit_stdin(mut self) -> WasiConfig {
        self.stdin = Stream::Inherit;
        self
    }
    /// Standard output of this process.
    pub fn inherit_stdout(mut self) -> WasiConfig {
        self.stdout = Stream::Inherit;
        self
    }
    /// Standard error of this process.
    pub fn inherit_stderr(mut self) -> WasiConfig {
        self.stderr = Stream::Inherit;
        self
    }
    /// All three.
    pub fn inherit_stdio(self) -> WasiConfig {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }
    /// Standard input from a reader.
    pub fn stdin(mut self, reader: impl Read + Send + 'static) -> WasiConfig {
        self.stdin = Stream::Own(Box::new(reader));
        self
    }
    /// Standard output to a writer, for instance a [`Capture`](crate::wasi::Capture).
    pub fn stdout(mut self, writer: impl Write + Send + 'static) -> WasiConfig {
        self.stdout = Stream::Own(Box::new(writer));
        self
    }
    /// Standard error to a writer.
    pub fn stderr(mut self, writer: impl Write + Send + 'static) -> WasiConfig {
        self.stderr = Stream::Own(Box::new(writer));
        self
    }
    /// Real time and real chance.
    pub fn inherit_system(mut self) -> WasiConfig {
        self.inherit_system = true;
        self
    }

    /// Opens what is described, if the capabilities allow all of it.
    ///
    /// # Errors
    /// 5009: a directory may not be given: then nothing is opened; 5008: it does not exist; 5010:
    /// it cannot be opened.
    pub fn into_wasi(self, capabilities: &Capabilities) -> Result<Wasi, Error> {
        let check = |preopen: Preopen| {
            let host = capabilities.check_preopen(&preopen.host)?;
            Ok(Preopen { host, ..preopen })
        };
        let preopens = self.preopens.into_iter().map(check).collect::<Result<Vec<_>, Error>>()?;
        let mut wasi = Wasi::default().args(self.args);
        if self.inherit_env {
            wasi = wasi.inherit_env();
        }
        for (key, value) in self.env {
            wasi = wasi.env(key, value);
        }
        for Preopen { guest, host, read_only } in preopens {
            let given = match read_only {
                true => wasi.preopen_ro(host, guest),
                false => wasi.preopen(host, guest),
            };
            wasi = given.map_err(|error| Error::of_engine(Code::WasiError, error))?;
        }
        wasi = match self.stdin {
            Stream::Nothing => wasi,
            Stream::Inherit => wasi.inherit_stdin(),
            Stream::Own(reader) => wasi.stdin(reader),
        };
        wasi = match self.stdout {
            Stream::Nothing => wasi,
            Stream::Inherit => wasi.inherit_stdout(),
            Stream::Own(writer) => wasi.stdout(writer),
        };
        wasi = match self.stderr {
            Stream::Nothing => wasi,
            Stream::Inherit => wasi.inherit_stderr(),
            Stream::Own(writer) => wasi.stderr(writer),
        };
        Ok(if self.inherit_system { wasi.inherit_system() } else { wasi })
    }
}
