//! From an import to a method: the thin layer between the engine and the functions.

use super::Wasi;
use super::errno::Errno;
use super::table::{Body, FUNCTIONS, HostFunction};
use super::types::Snapshot;
use crate::host::abi::{GuestMemory, Number};
use crate::{Error, Linker, Module};

/// One call: the state of the host and the memory of the guest.
pub(super) struct Cx<'a> {
    pub wasi: &'a mut Wasi,
    pub memory: GuestMemory<'a>,
    pub snapshot: Snapshot,
}

/// The result of nearly every function.
pub(super) type Outcome = Result<(), Errno>;

/// Defines `wasi_snapshot_preview1` and `wasi_unstable`; `get` finds the state in the data of the
/// store.
///
/// # Errors
/// If one of the names is defined already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Wasi + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    for (module, _) in MODULES {
        add_to_linker_as(linker, module, get)?;
    }
    Ok(())
}

/// Defines one of the two snapshots, each with its own layouts.
///
/// # Errors
/// If there is no such snapshot, or one of the names is defined already.
pub fn add_to_linker_as<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    get: impl Fn(&mut T) -> &mut Wasi + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    match MODULES.iter().find(|(name, _)| *name == module) {
        Some((_, snapshot)) => Exporter::of(*snapshot).add_to_linker(linker, get),
        None => Err(Error::usage(format!("WASI has no module `{module}`"))),
    }
}

/// Defines `env.call_host_function(i32, i32, i32) -> i32`, which some toolchains import and never
/// call in earnest: it answers 0.
///
/// # Errors
/// If the name is defined already.
pub fn add_env_stub<T: 'static>(linker: &mut Linker<T>) -> Result<(), Error> {
    linker.func_wrap("env", "call_host_function", |_: i32, _: i32, _: i32| 0i32).map(drop)
}

/// Defines the functions of a snapshot otherwise than usual: under another module's name, or not
/// all of them, so that the embedder defines the others.
///
/// ```
/// # fn main() -> Result<(), wasmvm::Error> {
/// # use wasmvm::{Engine, Error, Linker, wasi::{Exporter, Wasi}};
/// # let mut linker = Linker::<Wasi>::new(&Engine::default());
/// Exporter::new().without("proc_exit").add_to_linker(&mut linker, |wasi| wasi)?;
/// linker.func_wrap("wasi_snapshot_preview1", "proc_exit", |code: i32| -> Result<(), Error> {
///     Err(Error::host(format!("it wants to end with {code}")))
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Exporter {
    snapshot: Snapshot,
    module: String,
    without: Vec<String>,
}

impl Default for Exporter {
    fn default() -> Exporter {
        Exporter::new()
    }
}

impl Exporter {
    /// All of `wasi_snapshot_preview1`.
    pub fn new() -> Exporter {
        Exporter::of(Snapshot::Preview1)
    }

    /// All of `wasi_unstable`, with that snapshot's layouts.
    pub fn unstable() -> Exporter {
        Exporter::of(Snapshot::Unstable)
    }

    fn of(snapshot: Snapshot) -> Exporter {
        let name = MODULES.iter().find(|(_, known)| *known == snapshot);
        let module = name.map_or("", |(name, _)| name).to_owned();
        Exporter { snapshot, module, without: Vec::new() }
    }

    /// Under the name of another module.
    pub fn module(mut self, module: impl Into<String>) -> Exporter {
        self.module = module.into();
        self
    }

    /// Without this function.
    pub fn without(mut self, function: impl Into<String>) -> Exporter {
        self.without.push(function.into());
        self
    }

    fn functions(&self) -> impl Iterator<Item = &'static HostFunction> {
        let unstable = self.snapshot == Snapshot::Unstable;
        FUNCTIONS.iter().filter(move |f| !(unstable && f.name == "sock_accept"))
    }

    /// Defines the functions; `get` finds the state in the data of the store.
    ///
    /// # Errors
    /// If one of the names is defined already, or one that is left out does not exist.
    pub fn add_to_linker<T: 'static>(
        &self,
        linker: &mut Linker<T>,
        get: impl Fn(&mut T) -> &mut Wasi + Copy + Send + Sync + 'static,
    ) -> Result<(), Error> {
        for name in &self.without {
            if !self.functions().any(|function| function.name == name) {
                return Err(Error::usage(format!("WASI has no function `{name}`")));
            }
        }
        let snapshot = self.snapshot;
        for function in self.functions() {
            if self.without.iter().any(|name| name == function.name) {
                continue;
            }
            let ty = function.ty();
            linker.func_raw(&self.module, function.name, ty, move |mut caller, slots| {
                let (mut guest, data) = caller.split();
                // A guest without a memory can still exit; whatever needs one is a fault.
                let memory = guest.memory().unwrap_or_default();
                function.run(get(data), memory, snapshot, slots)
            })?;
        }
        Ok(())
    }
}

/// Whether a module is the core module of a component for WASI preview 2: its imports are named
/// `wasi:io/streams@0.2.0` and the like, and only a component can have them.
pub fn is_preview2(module: &Module) -> bool {
    module.imports().any(|import| import.module.starts_with("wasi:"))
}

impl HostFunction {
    /// Calls it with arguments in `slots`, to which the result goes.
    pub(super) fn run(
        &self,
        wasi: &mut Wasi,
        memory: &mut [u8],
        snapshot: Snapshot,
        slots: &mut [u64],
    ) -> Result<(), Error> {
        let mut cx = Cx { wasi, memory: GuestMemory::new(memory), snapshot };
        if cx.wasi.trace.is_some() {
            return self.run_traced(&mut cx, slots);
        }
        let errno = self.body(&mut cx, slots)?;
        slots[0] = errno.number().into();
        Ok(())
    }

    fn body(&self, cx: &mut Cx<'_>, slots: &[u64]) -> Result<Errno, Error> {
        match self.body {
            Body::Errno(body) => Ok(body(cx, slots).err().unwrap_or(Errno::SUCCESS)),
            Body::Exit => Err(Error::exit(slots[0] as u32 as i32)),
        }
    }

    #[cold]
    fn run_traced(&self, cx: &mut Cx<'_>, slots: &mut [u64]) -> Result<(), Error> {
        let mut line = self.trace_call(&cx.memory, cx.snapshot, slots);
        let result = self.body(cx, slots);
        line += &match &result {
            Ok(errno) => self.trace_result(&cx.memory, slots, *errno),
            Err(_) => "\n".to_owned(),
        };
        if let Some(trace) = &mut cx.wasi.trace {
            // Nobody who reads it is no reason for the guest to stop.
            let _ = trace.write_all(line.as_bytes());
        }
        slots[0] = result?.number().into();
        Ok(())
    }
}

impl Cx<'_> {
    /// Checks that results can be written, before anything happens.
    pub(super) fn out<N: Number>(&self, at: u64) -> Outcome {
        self.memory.span(at, N::SIZE)?;
        Ok(())
    }
}

/// Flags, of which only some exist.
pub(super) fn flags(value: u32, all: u16) -> Result<u16, Errno> {
    if value & !u32::from(all) != 0 { Err(Errno::INVAL) } else { Ok(value as u16) }
}

const MODULES: [(&str, Snapshot); 2] =
    [("wasi_snapshot_preview1", Snapshot::Preview1), ("wasi_unstable", Snapshot::Unstable)];
