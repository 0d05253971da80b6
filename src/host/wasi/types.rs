//! The numbers and layouts of the two snapshots.

use crate::host::abi::{Fault, GuestMemory};
use crate::host::sys::{NodeType, Stat, Time};

/// Which snapshot a function was imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshot {
    /// `wasi_unstable`.
    Unstable,
    /// `wasi_snapshot_preview1`.
    Preview1,
}

/// What a descriptor may be used for, as `fd_fdstat_get` tells.
pub(super) mod rights {
    macro_rules! rights { ($($name:ident)*) => {
        rights!(@ 0, $($name)*);
        /// All that there are.
        #[cfg(test)]
        pub(in super::super) const COUNT: usize = [$(stringify!($name)),*].len();
    };
        (@ $bit:expr, $name:ident $($rest:ident)*) => {
            #[allow(dead_code)]
            pub(in super::super) const $name: u64 = 1 << ($bit);
            rights!(@ $bit + 1, $($rest)*);
        };
        (@ $bit:expr,) => {};
    }
    rights! {
        FD_DATASYNC FD_READ FD_SEEK FD_FDSTAT_SET_FLAGS FD_SYNC FD_TELL FD_WRITE FD_ADVISE
        FD_ALLOCATE PATH_CREATE_DIRECTORY PATH_CREATE_FILE PATH_LINK_SOURCE PATH_LINK_TARGET
        PATH_OPEN FD_READDIR PATH_READLINK PATH_RENAME_SOURCE PATH_RENAME_TARGET
        PATH_FILESTAT_GET PATH_FILESTAT_SET_SIZE PATH_FILESTAT_SET_TIMES FD_FILESTAT_GET
        FD_FILESTAT_SET_SIZE FD_FILESTAT_SET_TIMES PATH_SYMLINK PATH_REMOVE_DIRECTORY
        PATH_UNLINK_FILE POLL_FD_READWRITE SOCK_SHUTDOWN SOCK_ACCEPT
    }

    /// Of a directory. No `PATH_FILESTAT_SET_SIZE`: truncation is a matter of `FD_WRITE`.
    pub(in super::super) const DIR: u64 = PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_OPEN
        | FD_READDIR
        | PATH_READLINK
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE
        | PATH_FILESTAT_GET
        | PATH_FILESTAT_SET_TIMES
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_TIMES;
    /// Of any file, readable or not.
    const ANY: u64 = FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;
    /// What one can do to a file with a position.
    pub(in super::super) const SEEK: u64 = FD_SEEK | FD_TELL | FD_ADVISE;
    /// Of a file that can be read.
    pub(in super::super) const READ: u64 = ANY | FD_READ;
    /// Of a file that can be written.
    pub(in super::super) const WRITE: u64 = ANY | FD_WRITE | FD_DATASYNC | FD_SYNC;
    /// What one can do to a file on disk, if it can be written, beyond `WRITE`.
    pub(in super::super) const RESIZE: u64 = FD_ALLOCATE | FD_FILESTAT_SET_SIZE;
    /// Of a file on disk.
    pub(in super::super) const FILE: u64 =
        ANY | SEEK | FD_SYNC | FD_DATASYNC | FD_FILESTAT_SET_TIMES;
    /// Of a socket.
    pub(in super::super) const SOCKET: u64 = SOCK_SHUTDOWN | SOCK_ACCEPT;
    /// What a file opened through a directory may have. Old C libraries mask with it what they
    /// ask for, so everything must be there.
    pub(in super::super) const INHERITING: u64 = DIR | READ | WRITE | RESIZE | FILE;
}

/// Flags of an open file.
pub(super) mod fdflags {
    pub(in super::super) const APPEND: u16 = 1;
    pub(in super::super) const DSYNC: u16 = 2;
    pub(in super::super) const NONBLOCK: u16 = 4;
    pub(in super::super) const RSYNC: u16 = 8;
    pub(in super::super) const SYNC: u16 = 16;
    pub(in super::super) const ALL: u16 = 31;
}

/// How `path_open` opens.
pub(super) mod oflags {
    pub(in super::super) const CREAT: u16 = 1;
    pub(in super::super) const DIRECTORY: u16 = 2;
    pub(in super::super) const EXCL: u16 = 4;
    pub(in super::super) const TRUNC: u16 = 8;
    pub(in super::super) const ALL: u16 = 15;
}

/// Which times `*_filestat_set_times` sets.
pub(super) mod fstflags {
    pub(in super::super) const ATIM: u16 = 1;
    pub(in super::super) const ATIM_NOW: u16 = 2;
    pub(in super::super) const MTIM: u16 = 4;
    pub(in super::super) const MTIM_NOW: u16 = 8;
}

/// Types of files.
pub(super) mod filetype {
    pub(in super::super) const UNKNOWN: u8 = 0;
    pub(in super::super) const BLOCK_DEVICE: u8 = 1;
    pub(in super::super) const CHARACTER_DEVICE: u8 = 2;
    pub(in super::super) const DIRECTORY: u8 = 3;
    pub(in super::super) const REGULAR_FILE: u8 = 4;
    pub(in super::super) const SOCKET_STREAM: u8 = 6;
    pub(in super::super) const SYMBOLIC_LINK: u8 = 7;
}

/// The number of a type of file; a pipe has none.
pub(super) fn filetype_of(node_type: NodeType) -> u8 {
    match node_type {
        NodeType::Unknown => filetype::UNKNOWN,
        NodeType::Block => filetype::BLOCK_DEVICE,
        NodeType::Char => filetype::CHARACTER_DEVICE,
        NodeType::Dir => filetype::DIRECTORY,
        NodeType::File => filetype::REGULAR_FILE,
        NodeType::Socket => filetype::SOCKET_STREAM,
        NodeType::Link => filetype::SYMBOLIC_LINK,
    }
}

/// Nanoseconds since 1970, cut to what the guest's type holds.
pub(super) fn nanoseconds(time: Time) -> u64 {
    let total = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
    u64::try_from(total.max(0)).unwrap_or(u64::MAX)
}

/// The reverse of `nanoseconds`.
pub(super) fn time(nanoseconds: u64) -> Time {
    Time {
        seconds: (nanoseconds / 1_000_000_000) as i64,
        nanoseconds: (nanoseconds % 1_000_000_000) as i64,
    }
}

impl Snapshot {
    /// The size of a `filestat` in bytes.
    pub(super) fn filestat_size(self) -> u64 {
        if self == Snapshot::Preview1 { 64 } else { 56 }
    }

    /// The size of a `subscription` in bytes.
    pub(super) fn subscription_size(self) -> u64 {
        if self == Snapshot::Preview1 { 48 } else { 56 }
    }

    /// Writes a `filestat`.
    pub(super) fn put_filestat(
        self,
        memory: &mut GuestMemory<'_>,
        at: u64,
        stat: &Stat,
    ) -> Result<(), Fault> {
        let out = memory.slice_mut(at, self.filestat_size())?;
        out.fill(0);
        out[0..8].copy_from_slice(&stat.dev.to_le_bytes());
        out[8..16].copy_from_slice(&stat.ino.to_le_bytes());
        out[16] = filetype_of(stat.node_type());
        let rest = match self {
            Snapshot::Preview1 => {
                out[24..32].copy_from_slice(&stat.nlink.to_le_bytes());
                &mut out[32..64]
            }
            Snapshot::Unstable => {
                let nlink = u32::try_from(stat.nlink).unwrap_or(u32::MAX);
                out[20..24].copy_from_slice(&nlink.to_le_bytes());
                &mut out[24..56]
            }
        };
        let [atime, mtime, ctime] = [stat.atime, stat.mtime, stat.ctime].map(nanoseconds);
        for (slot, number) in rest.chunks_exact_mut(8).zip([stat.size, atime, mtime, ctime]) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }
}

/// What `poll_oneoff` shall wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub userdata: u64,
    pub to: Subject,
}

/// See [`Subscription`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Clock { id: u32, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

impl Subscription {
    /// Reads one; none if its tag is unknown.
    pub(super) fn get(
        memory: &GuestMemory<'_>,
        at: u64,
        snapshot: Snapshot,
    ) -> Result<Option<Subscription>, Fault> {
        memory.span(at, snapshot.subscription_size())?;
        let to = match memory.get::<u8>(at + 8)? {
            0 => {
                // The older one begins with an identifier that nobody ever used.
                let clock = at + if snapshot == Snapshot::Preview1 { 16 } else { 24 };
                Subject::Clock {
                    id: memory.get(clock)?,
                    timeout: memory.get(clock + 8)?,
                    absolute: memory.get::<u16>(clock + 24)? & 1 != 0,
                }
            }
            1 => Subject::Read(memory.get(at + 16)?),
            2 => Subject::Write(memory.get(at + 16)?),
            _ => return Ok(None),
        };
        Ok(Some(Subscription { userdata: memory.get(at)?, to }))
    }
}

/// What `poll_oneoff` saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub userdata: u64,
    pub error: u16,
    pub tag: u8,
    pub bytes: u64,
    pub hangup: bool,
}

impl Event {
    /// Units: bytes.
    pub(super) const SIZE: u64 = 32;

    pub(super) fn put(&self, memory: &mut GuestMemory<'_>, at: u64) -> Result<(), Fault> {
        let out = memory.slice_mut(at, Event::SIZE)?;
        out.fill(0);
        out[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        out[8..10].copy_from_slice(&self.error.to_le_bytes());
        out[10] = self.tag;
        out[16..24].copy_from_slice(&self.bytes.to_le_bytes());
        out[24] = self.hangup.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_rights_in_order() {
        assert_eq!(rights::COUNT, 30);
        assert_eq!(rights::FD_DATASYNC, 1);
        assert_eq!(rights::FD_READDIR, 1 << 14);
        assert_eq!(rights::SOCK_ACCEPT, 1 << 29);
        assert_eq!(rights::DIR & (rights::FD_SEEK | rights::PATH_FILESTAT_SET_SIZE), 0);
    }

    #[test]
    fn times_are_cut_not_wrapped() {
        let at = |seconds, nanoseconds| Time { seconds, nanoseconds };
        assert_eq!(nanoseconds(at(1, 5)), 1_000_000_005);
        assert_eq!(nanoseconds(at(-1, 5)), 0);
        assert_eq!(nanoseconds(at(i64::MIN, 0)), 0);
        assert_eq!(nanoseconds(at(i64::MAX, 999_999_999)), u64::MAX);
        assert_eq!(time(u64::MAX), at(18_446_744_073, 709_551_615));
    }

    #[test]
    fn filestat_of_both_snapshots() {
        let stat = Stat {
            dev: 1,
            ino: 2,
            nlink: 3,
            size: 4,
            atime: time(5),
            mtime: time(6),
            ctime: time(7),
            ..Stat::default()
        };
        let mut bytes = [0xFF; 64];
        let mut memory = GuestMemory::new(&mut bytes);
        Snapshot::Preview1.put_filestat(&mut memory, 0, &stat).unwrap();
        for (i, number) in [1u64, 2, 0, 3, 4, 5, 6, 7].into_iter().enumerate() {
            assert_eq!(memory.get::<u64>(8 * i as u64), Ok(number));
        }
        Snapshot::Unstable.put_filestat(&mut memory, 0, &stat).unwrap();
        assert_eq!(memory.get::<u32>(20), Ok(3));
        for (i, number) in [4u64, 5, 6, 7].into_iter().enumerate() {
            assert_eq!(memory.get::<u64>(24 + 8 * i as u64), Ok(number));
        }
        assert!(Snapshot::Preview1.put_filestat(&mut memory, 1, &stat).is_err());
    }

    #[test]
    fn subscriptions_of_both_snapshots() {
        let clock = Subject::Clock { id: 1, timeout: 77, absolute: true };
        for (snapshot, at) in [(Snapshot::Preview1, 16), (Snapshot::Unstable, 24)] {
            let mut bytes = [0; 56];
            let mut memory = GuestMemory::new(&mut bytes);
            memory.put(0, 9u64).unwrap();
            memory.put(at, 1u32).unwrap();
            memory.put(at + 8, 77u64).unwrap();
            memory.put(at + 24, 1u16).unwrap();
            let got = Subscription::get(&memory, 0, snapshot).unwrap().unwrap();
            assert_eq!(got, Subscription { userdata: 9, to: clock });
            memory.put(8, 2u8).unwrap();
            memory.put(16, 3u32).unwrap();
            let got = Subscription::get(&memory, 0, snapshot).unwrap().unwrap();
            assert_eq!(got.to, Subject::Write(3));
            memory.put(8, 3u8).unwrap();
            assert_eq!(Subscription::get(&memory, 0, snapshot), Ok(None));
        }
    }

    #[test]
    fn event_layout() {
        let mut bytes = [0xFF; 32];
        let mut memory = GuestMemory::new(&mut bytes);
        let event = Event { userdata: 1, error: 8, tag: 2, bytes: 3, hangup: true };
        event.put(&mut memory, 0).unwrap();
        assert_eq!(memory.get::<u64>(0), Ok(1));
        assert_eq!(memory.get::<u64>(8), Ok(2 << 16 | 8));
        assert_eq!(memory.get::<u64>(16), Ok(3));
        assert_eq!(memory.get::<u64>(24), Ok(1));
    }
}
