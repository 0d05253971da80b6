//! What guests get of the world.

use core::ffi::{c_int, c_void};
use std::io;

use super::error::Failure;
use super::ffi::{Array, Finalizer, Outcome, Text, UserData, delete, guard, guard_or, need};
use crate::runtime::WasiConfig;
use crate::sysenv;

/// What is built step by step, each of which consumes what was there.
pub struct Builder<T>(Option<T>);
/// `wasmvm_wasi`.
pub type WorldConfig = Builder<WasiConfig>;
/// `wasmvm_sysenv`.
pub type SysenvConfig = Builder<sysenv::Config>;

impl<T: Default> Builder<T> {
    fn boxed() -> Option<Box<Builder<T>>> {
        guard_or(None, || Some(Box::new(Builder(Some(T::default())))))
    }
    pub fn take(&mut self) -> T {
        self.0.take().unwrap_or_default()
    }
    fn change(&mut self, f: impl FnOnce(T) -> T) {
        self.0 = Some(f(self.0.take().unwrap_or_default()));
    }
}
fn with<T: Default>(config: Option<&mut Builder<T>>, f: impl FnOnce(T) -> T) -> Outcome {
    guard(|| {
        need(config, "config")?.change(f);
        Ok(())
    })
}

/// `wasmvm_write`: where the bytes of a guest go. It says how many it has taken, or, if it is
/// negative, the errno.
type Write = Option<extern "C" fn(*mut c_void, *const u8, usize) -> isize>;
struct Writer {
    write: extern "C" fn(*mut c_void, *const u8, usize) -> isize,
    user: UserData,
}
impl Writer {
    fn new(write: Write, user: UserData) -> Result<Writer, Failure> {
        Ok(Writer { write: need(write, "write")?, user })
    }
}
impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = (self.write)(self.user.data, bytes.as_ptr(), bytes.len());
        match usize::try_from(taken) {
            Ok(taken) => Ok(taken.min(bytes.len())),
            Err(_) => Err(io::Error::from_raw_os_error(c_int::try_from(-taken).unwrap_or(0))),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

macro_rules! both { ($(
    $t:ty: $new:ident $delete:ident $arg:ident $env:ident $preopen:ident $stdin:ident $stdout:ident
        $stderr:ident $inherit_env:ident $inherit_stdio:ident $inherit_system:ident;
)*) => { $(
    #[unsafe(no_mangle)]
    pub extern "C" fn $new() -> Option<Box<$t>> {
        <$t>::boxed()
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $delete(config: Option<Box<$t>>) {
        delete(config);
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $arg(config: Option<&mut $t>, arg: Text) -> Outcome {
        guard(|| {
            let arg = arg.os("arg")?;
            need(config, "config")?.change(|config| config.args([arg]));
            Ok(())
        })
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $env(config: Option<&mut $t>, key: Text, value: Text) -> Outcome {
        guard(|| {
            let (key, value) = (key.os("key")?, value.os("value")?);
            need(config, "config")?.change(|config| config.env(key, value));
            Ok(())
        })
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $stdin(
        config: Option<&mut $t>,
        bytes: Array<u8>,
        len: usize,
    ) -> Outcome {
        guard(|| {
            let bytes = bytes.slice(len, "bytes")?.to_vec();
            need(config, "config")?.change(|config| config.stdin(io::Cursor::new(bytes)));
            Ok(())
        })
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $stdout(
        config: Option<&mut $t>,
        write: Write,
        data: *mut c_void,
        finalizer: Finalizer,
    ) -> Outcome {
        guard(|| {
            let writer = Writer::new(write, UserData { data, finalizer })?;
            need(config, "config")?.change(|config| config.stdout(writer));
            Ok(())
        })
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $stderr(
        config: Option<&mut $t>,
        write: Write,
        data: *mut c_void,
        finalizer: Finalizer,
    ) -> Outcome {
        guard(|| {
            let writer = Writer::new(write, UserData { data, finalizer })?;
            need(config, "config")?.change(|config| config.stderr(writer));
            Ok(())
        })
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $inherit_env(config: Option<&mut $t>) -> Outcome {
        with(config, |config| config.inherit_env())
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $inherit_system(config: Option<&mut $t>) -> Outcome {
        with(config, |config| config.inherit_system())
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $inherit_stdio(config: Option<&mut $t>) -> Outcome {
        with(config, |config| config.inherit_stdio())
    }
    #[unsafe(no_mangle)]
    pub extern "C" fn $preopen(
        config: Option<&mut $t>,
        host: Text,
        guest: Text,
        read_only: bool,
    ) -> Outcome {
        guard(|| {
            let (host, guest) = (host.os("host")?, guest.os("guest")?);
            need(config, "config")?.change(|config| match read_only {
                true => config.preopen_ro(host, guest),
                false => config.preopen(host, guest),
            });
            Ok(())
        })
    }
)* } }
both! {
    WorldConfig: wasmvm_wasi_new wasmvm_wasi_delete wasmvm_wasi_arg wasmvm_wasi_env
        wasmvm_wasi_preopen wasmvm_wasi_stdin wasmvm_wasi_stdout wasmvm_wasi_stderr
        wasmvm_wasi_inherit_env wasmvm_wasi_inherit_stdio wasmvm_wasi_inherit_system;
    SysenvConfig: wasmvm_sysenv_new wasmvm_sysenv_delete wasmvm_sysenv_arg wasmvm_sysenv_env
        wasmvm_sysenv_preopen wasmvm_sysenv_stdin wasmvm_sysenv_stdout wasmvm_sysenv_stderr
        wasmvm_sysenv_inherit_env wasmvm_sysenv_inherit_stdio wasmvm_sysenv_inherit_system;
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_sysenv_ambient(config: Option<&mut SysenvConfig>) -> Outcome {
    with(config, |config| config.ambient())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_sysenv_cwd(config: Option<&mut SysenvConfig>, path: Text) -> Outcome {
    guard(|| {
        let path = path.os("path")?;
        need(config, "config")?.change(|config| config.cwd(path));
        Ok(())
    })
}
