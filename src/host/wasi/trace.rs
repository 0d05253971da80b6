//! A line for every call of the host, as `strace` writes them: `path_open(3, "a.txt", CREAT) = 5`.
//!
//! The table of functions says what the parameters mean. Flags that are 0 and pointers that only
//! say where a result goes are left out; the results themselves follow the `=`.

use super::errno::Errno;
use super::table::{HostFunction, Kind};
use super::types::{Snapshot, filetype, rights};
use crate::host::abi::{GuestMemory, Width};

impl HostFunction {
    /// The call, before it happens: whatever it does, this is what it was asked.
    pub(super) fn trace_call(
        &self,
        memory: &GuestMemory<'_>,
        snapshot: Snapshot,
        slots: &[u64],
    ) -> String {
        let mut words = Vec::new();
        let mut params = self.params.iter().zip(slots);
        while let Some((param, &slot)) = params.next() {
            let len = match param.kind.has_length() {
                true => params.next().map_or(0, |(_, &len)| u64::from(len as u32)),
                false => 0,
            };
            words.extend(argument(param.kind, slot, len, memory, snapshot));
        }
        format!("{}({})", self.name, words.join(", "))
    }

    /// What the call came to, to follow the call.
    pub(super) fn trace_result(
        &self,
        memory: &GuestMemory<'_>,
        slots: &[u64],
        errno: Errno,
    ) -> String {
        if errno != Errno::SUCCESS {
            return format!(" = {errno}\n");
        }
        let outs = self.params.iter().zip(slots);
        let words: Vec<String> =
            outs.filter_map(|(param, &slot)| result(param.kind, slot, memory)).collect();
        match words.is_empty() {
            true => " = 0\n".into(),
            false => format!(" = {}\n", words.join(", ")),
        }
    }
}

/// An argument as text; none if it says nothing.
fn argument(
    kind: Kind,
    slot: u64,
    len: u64,
    memory: &GuestMemory<'_>,
    snapshot: Snapshot,
) -> Option<String> {
    let narrow = slot as u32;
    let flags = |names: &[&str]| flags(names, narrow);
    Some(match kind {
        Kind::Fd | Kind::U32 | Kind::Len => narrow.to_string(),
        Kind::U64 => slot.to_string(),
        Kind::I64 => (slot as i64).to_string(),
        Kind::Ptr => format!("{narrow:#x}"),
        Kind::Path => match memory.slice(narrow.into(), len) {
            Ok(path) => quoted(path),
            Err(_) => format!("{narrow:#x}[{len}]"),
        },
        Kind::Buf => format!("{narrow:#x}[{len}]"),
        Kind::Iovs => match memory.buffers(narrow.into(), len, Width::W32) {
            Ok(spans) => {
                let total: usize = spans.iter().map(|span| span.1).sum();
                format!("iovs[{len}] = {total}")
            }
            Err(_) => format!("{narrow:#x}[{len}]"),
        },
        Kind::Lookup => flags(&["FOLLOW"])?,
        Kind::Oflags => flags(&["CREAT", "DIRECTORY", "EXCL", "TRUNC"])?,
        Kind::Fdflags => flags(&["APPEND", "DSYNC", "NONBLOCK", "RSYNC", "SYNC"])?,
        Kind::Fstflags => flags(&["ATIM", "ATIM_NOW", "MTIM", "MTIM_NOW"])?,
        Kind::Riflags => flags(&["PEEK", "WAITALL"])?,
        Kind::Sdflags => flags(&["RD", "WR"])?,
        Kind::Rights => {
            let bits = u32::from(slot & rights::FD_READ != 0)
                | u32::from(slot & rights::FD_WRITE != 0) << 1;
            self::flags(&["READ", "WRITE"], bits)?
        }
        Kind::Whence if snapshot == Snapshot::Unstable => one(&["CUR", "END", "SET"], narrow),
        Kind::Whence => one(&["SET", "CUR", "END"], narrow),
        Kind::Clock => one(&["REALTIME", "MONOTONIC", "PROCESS_CPUTIME", "THREAD_CPUTIME"], narrow),
        Kind::Advice => {
            one(&["NORMAL", "SEQUENTIAL", "RANDOM", "WILLNEED", "DONTNEED", "NOREUSE"], narrow)
        }
        Kind::Ignored | Kind::OutU16 | Kind::OutU32 | Kind::OutU64 => return None,
        Kind::OutFdstat | Kind::OutFilestat | Kind::OutPrestat => return None,
    })
}

/// A result as text; none if the parameter is not where one goes.
fn result(kind: Kind, slot: u64, memory: &GuestMemory<'_>) -> Option<String> {
    let at = u64::from(slot as u32);
    let file_type = |at| memory.get::<u8>(at).ok().map(|number| file_type(number).to_owned());
    match kind {
        Kind::OutU16 => memory.get::<u16>(at).ok().map(|n| n.to_string()),
        Kind::OutU32 => memory.get::<u32>(at).ok().map(|n| n.to_string()),
        Kind::OutU64 => memory.get::<u64>(at).ok().map(|n| n.to_string()),
        Kind::OutFdstat => file_type(at),
        Kind::OutFilestat => file_type(at + 16),
        Kind::OutPrestat => memory.get::<u32>(at + 4).ok().map(|n| n.to_string()),
        _ => None,
    }
}

/// The names of the bits that are set; bits without a name as a number; nothing if there are none.
fn flags(names: &[&str], bits: u32) -> Option<String> {
    let set = names.iter().enumerate().filter(|(i, _)| bits >> i & 1 != 0);
    let mut words: Vec<String> = set.map(|(_, name)| (*name).to_owned()).collect();
    let rest = bits.checked_shr(names.len() as u32).unwrap_or(0) << names.len();
    if rest != 0 {
        words.push(format!("{rest:#x}"));
    }
    (!words.is_empty()).then(|| words.join("|"))
}

fn one(names: &[&str], number: u32) -> String {
    names.get(number as usize).map_or_else(|| number.to_string(), |name| (*name).to_owned())
}

fn file_type(number: u8) -> &'static str {
    match number {
        filetype::BLOCK_DEVICE => "BLOCK_DEVICE",
        filetype::CHARACTER_DEVICE => "CHARACTER_DEVICE",
        filetype::DIRECTORY => "DIRECTORY",
        filetype::REGULAR_FILE => "REGULAR_FILE",
        filetype::SOCKET_STREAM => "SOCKET_STREAM",
        filetype::SYMBOLIC_LINK => "SYMBOLIC_LINK",
        _ => "UNKNOWN",
    }
}

/// A path in quotes, on one line, and not longer than is of use.
fn quoted(path: &[u8]) -> String {
    let cut = path.len() > PATH_SHOWN_BYTES;
    let shown = path[..path.len().min(PATH_SHOWN_BYTES)].escape_ascii();
    format!("\"{shown}\"{}", if cut { "…" } else { "" })
}

/// How much of a path is shown.
const PATH_SHOWN_BYTES: usize = 256;
