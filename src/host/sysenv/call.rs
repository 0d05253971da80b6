//! From an import to a method: the thin layer between the engine and the functions.

use super::table::{Body, FUNCTIONS, HostFunction};
use super::{Compat, Sysenv};
use crate::host::abi::{Fault, GuestMemory, Width};
use crate::host::sys::{self, OsError};
use crate::{Error, Linker, Memories};

/// One call: the state of the host and the memories of the guest.
pub(super) struct Cx<'a> {
    pub sysenv: &'a mut Sysenv,
    pub ram: Ram<'a>,
}

/// The result of every function but `exit`.
pub(super) type Outcome = sys::Result<i64>;

/// What pointers lead into.
pub(super) struct Ram<'a> {
    memories: Memories<'a>,
    /// Whether bits 60 to 63 of a pointer are the index of its memory.
    tagged: bool,
}

impl From<Fault> for OsError {
    fn from(_: Fault) -> OsError {
        OsError(sys::EFAULT)
    }
}

impl Ram<'_> {
    /// Calls `f` with the memory that a pointer leads into, and its place there.
    pub(super) fn at<R>(&mut self, pointer: u64, f: impl FnOnce(GuestMemory<'_>, u64) -> R) -> R {
        let (index, place) = match self.tagged {
            true => ((pointer >> TAG_SHIFT) as u32, pointer & ((1 << TAG_SHIFT) - 1)),
            false => (0, pointer),
        };
        let mut guest = self.memories.get(index);
        // No memory, or one that is shared, is one without bytes.
        f(GuestMemory::new(guest.memory().unwrap_or_default()), place)
    }

    /// Checks that a piece can be written, before anything happens.
    pub(super) fn check(&mut self, pointer: u64, len: u64) -> sys::Result<()> {
        self.at(pointer, |memory, at| memory.span(at, len).map(drop))?;
        Ok(())
    }

    /// Writes a piece.
    pub(super) fn put(&mut self, pointer: u64, bytes: &[u8]) -> sys::Result<()> {
        Ok(self.at(pointer, |mut memory, at| memory.put_bytes(at, bytes))?)
    }

    /// A copy of a piece of at most `max` bytes; one that is longer is `error`.
    pub(super) fn text(
        &mut self,
        pointer: u64,
        len: u64,
        max: u64,
        error: i32,
    ) -> sys::Result<Vec<u8>> {
        self.at(pointer, |memory, at| {
            let bytes = memory.slice(at, len)?;
            if len > max { Err(OsError(error)) } else { Ok(bytes.to_vec()) }
        })
    }
}

/// Defines `sys_fs` and `sys_proc`; `get` finds the state in the data of the store.
///
/// # Errors
/// If one of the names is defined already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Sysenv + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    for function in FUNCTIONS {
        let (module, name) = (function.module, function.name);
        let body = move |width| {
            move |mut caller: crate::Caller<'_, T>, slots: &mut [u64]| {
                let (memories, data) = caller.split_memories();
                function.run(get(data), memories, width, slots)
            }
        };
        linker.func_raw(module, name, function.ty(Width::W32), body(Width::W32))?;
        if function.has_widths() {
            linker.overload_raw(module, name, function.ty(Width::W64), body(Width::W64))?;
        }
    }
    Ok(())
}

impl HostFunction {
    /// Calls it with arguments in `slots`, to which the result goes.
    fn run(
        &self,
        sysenv: &mut Sysenv,
        memories: Memories<'_>,
        width: Width,
        slots: &mut [u64],
    ) -> Result<(), Error> {
        self.arguments(slots, width);
        let body = match self.body {
            Body::Result(body) => body,
            Body::Exit => return Err(Error::exit(slots[0] as u32 as i32)),
        };
        let tagged = sysenv.compat == Compat::V1_4 && width == Width::W64;
        let mut cx = Cx { sysenv, ram: Ram { memories, tagged } };
        let result = body(&mut cx, slots).unwrap_or_else(|OsError(errno)| -i64::from(errno));
        slots[0] = result as u64;
        Ok(())
    }
}

/// Where the index of the memory begins in a tagged pointer.
const TAG_SHIFT: u32 = 60;
