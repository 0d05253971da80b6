//! From an import to a method: the thin layer between the engine and the functions.

use super::Wasi;
use super::errno::Errno;
use super::table::{Body, FUNCTIONS, HostFunction};
use super::types::Snapshot;
use crate::host::abi::{GuestMemory, Number};
use crate::{Error, Linker};

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
    let Some((_, snapshot)) = MODULES.iter().find(|(name, _)| *name == module) else {
        return Err(Error::host(format!("WASI has no module `{module}`")));
    };
    let snapshot = *snapshot;
    for function in FUNCTIONS {
        if snapshot == Snapshot::Unstable && function.name == "sock_accept" {
            continue;
        }
        linker.func_raw(module, function.name, function.ty(), move |mut caller, slots| {
            let (mut guest, data) = caller.split();
            // A guest without a memory can still exit; whatever needs one is a fault.
            let memory = guest.memory().unwrap_or_default();
            function.run(get(data), memory, snapshot, slots)
        })?;
    }
    Ok(())
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
        let body = match self.body {
            Body::Errno(body) => body,
            Body::Exit => return Err(Error::exit(slots[0] as u32 as i32)),
        };
        let mut cx = Cx { wasi, memory: GuestMemory::new(memory), snapshot };
        let errno = body(&mut cx, slots).err().unwrap_or(Errno::SUCCESS);
        slots[0] = errno.number().into();
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
