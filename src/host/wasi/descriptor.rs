//! What a guest's file descriptors stand for.

use std::io::{Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};

use super::errno::Errno;
use super::types::{fdflags, filetype, filetype_of, rights};
use crate::host::fs::{Dir, Handle};
use crate::host::sys::{self, NodeType, Stat};

/// An open descriptor.
pub(super) struct Descriptor {
    pub kind: Kind,
    /// `fdflags` as the guest set them.
    pub flags: u16,
    pub read: bool,
    pub write: bool,
    /// Opened through a read-only directory.
    pub read_only: bool,
}

/// See [`Descriptor`].
pub(super) enum Kind {
    /// An open file, of any type but directory.
    File {
        handle: Handle,
        node_type: NodeType,
        /// Whether the open file is also somebody else's (stdio): its status flags are not ours.
        shared: bool,
    },
    Dir(OpenDir),
    /// A source of bytes of the embedder.
    Reader(Box<dyn Read + Send>),
    /// A sink of the embedder.
    Writer(Box<dyn Write + Send>),
}

/// An open directory.
pub(super) struct OpenDir {
    pub dir: Dir,
    /// The guest's name of it, if it was there from the start.
    pub preopen: Option<Box<[u8]>>,
    /// What `fd_readdir` found when it last began.
    pub entries: Option<Entries>,
}

/// A list of directory entries; the cookie of an entry is its position plus one.
#[derive(Default)]
pub(super) struct Entries {
    pub list: Vec<Entry>,
    pub names: Vec<u8>,
}

/// See [`Entries`].
pub(super) struct Entry {
    pub ino: u64,
    pub node_type: NodeType,
    /// Where the name ends in `names`; it begins where the one before ends.
    pub end: u32,
}

impl Entries {
    /// How much of the host's memory it takes.
    pub(super) fn size_bytes(&self) -> usize {
        self.names.len() + self.list.len() * size_of::<Entry>()
    }
}

impl Descriptor {
    pub(super) fn reader(reader: Box<dyn Read + Send>) -> Descriptor {
        let kind = Kind::Reader(reader);
        Descriptor { kind, flags: 0, read: true, write: false, read_only: false }
    }

    pub(super) fn writer(writer: Box<dyn Write + Send>) -> Descriptor {
        let kind = Kind::Writer(writer);
        Descriptor { kind, flags: 0, read: false, write: true, read_only: false }
    }

    pub(super) fn dir(dir: Dir, preopen: Option<Box<[u8]>>) -> Descriptor {
        let read_only = dir.read_only();
        let kind = Kind::Dir(OpenDir { dir, preopen, entries: None });
        Descriptor { kind, flags: 0, read: false, write: false, read_only }
    }

    /// One of the process's own standard streams.
    pub(super) fn stdio(number: u32) -> sys::Result<Descriptor> {
        Descriptor::stream(sys::duplicate_stdio(number as i32)?, number == 0)
    }

    /// A descriptor of the embedder's, to read from or to write to.
    pub(super) fn stream(fd: OwnedFd, read: bool) -> sys::Result<Descriptor> {
        let handle = Handle::from(fd);
        let node_type = handle.stat()?.node_type();
        let kind = Kind::File { handle, node_type, shared: true };
        Ok(Descriptor { kind, flags: 0, read, write: !read, read_only: false })
    }

    /// A socket of our own.
    pub(super) fn socket(fd: OwnedFd, flags: u16) -> Descriptor {
        let kind = Kind::File { handle: fd.into(), node_type: NodeType::Socket, shared: false };
        Descriptor { kind, flags, read: true, write: true, read_only: false }
    }

    /// What is open, if it is not of the embedder's streams.
    pub(super) fn handle(&self) -> Option<&Handle> {
        match &self.kind {
            Kind::File { handle, .. } => Some(handle),
            Kind::Dir(open) => Some(open.dir.handle()),
            Kind::Reader(_) | Kind::Writer(_) => None,
        }
    }

    /// The host's descriptor, if there is one.
    pub(super) fn host(&self) -> Option<BorrowedFd<'_>> {
        self.handle().and_then(Handle::host)
    }

    /// What is open and no directory: what has a position or a size.
    pub(super) fn file(&self) -> Result<&Handle, Errno> {
        match &self.kind {
            Kind::File { handle, .. } => Ok(handle),
            Kind::Dir(_) => Err(Errno::BADF),
            Kind::Reader(_) | Kind::Writer(_) => Err(Errno::SPIPE),
        }
    }

    /// The same, of what the guest may write.
    pub(super) fn file_to_change(&self) -> Result<&Handle, Errno> {
        let file = self.file()?;
        match (self.read_only, self.write) {
            (true, _) => Err(Errno::ROFS),
            (false, false) => Err(Errno::BADF),
            (false, true) => Ok(file),
        }
    }

    /// What has times that the guest may set: not a stream that it may only read.
    pub(super) fn to_touch(&self) -> Result<&Handle, Errno> {
        match &self.kind {
            _ if self.read_only => Err(Errno::ROFS),
            Kind::File { shared: true, .. } if !self.write => Err(Errno::BADF),
            _ => self.handle().ok_or(Errno::BADF),
        }
    }

    /// The host's descriptor of a socket.
    pub(super) fn as_socket(&self) -> Result<BorrowedFd<'_>, Errno> {
        match &self.kind {
            Kind::File { handle, node_type: NodeType::Socket, .. } => {
                handle.host().ok_or(Errno::NOTSOCK)
            }
            _ => Err(Errno::NOTSOCK),
        }
    }

    /// The directory.
    pub(super) fn as_dir(&self) -> Result<&Dir, Errno> {
        match &self.kind {
            Kind::Dir(open) => Ok(&open.dir),
            _ => Err(Errno::NOTDIR),
        }
    }

    pub(super) fn stat(&self) -> Result<Stat, Errno> {
        match self.handle() {
            Some(handle) => Ok(handle.stat()?),
            None => Ok(Stat { nlink: 1, ..Stat::default() }),
        }
    }

    /// Its type and its rights, own and inheriting, as `fd_fdstat_get` tells them.
    pub(super) fn describe(&self) -> (u8, u64, u64) {
        let mut own = 0;
        own |= if self.read { rights::READ } else { 0 };
        own |= if self.write { rights::WRITE } else { 0 };
        match &self.kind {
            Kind::Dir(_) => (filetype::DIRECTORY, rights::DIR, rights::INHERITING),
            Kind::Reader(_) | Kind::Writer(_) => (filetype::UNKNOWN, own, 0),
            Kind::File { node_type: NodeType::File, .. } => {
                let resize = if self.write { rights::RESIZE } else { 0 };
                (filetype::REGULAR_FILE, rights::FILE | own | resize, 0)
            }
            Kind::File { node_type: NodeType::Socket, .. } => {
                (filetype::SOCKET_STREAM, own | rights::SOCKET, 0)
            }
            Kind::File { handle, node_type: NodeType::Char, .. } => {
                // C libraries take for a terminal what is a character device that cannot seek.
                let terminal = handle.host().is_some_and(sys::is_terminal);
                let seek = if terminal { 0 } else { rights::SEEK };
                (filetype::CHARACTER_DEVICE, own | seek, 0)
            }
            Kind::File { node_type: NodeType::Block, .. } => {
                (filetype::BLOCK_DEVICE, own | rights::SEEK, 0)
            }
            Kind::File { node_type, .. } => (filetype_of(*node_type), own, 0),
        }
    }

    /// Sets APPEND and NONBLOCK.
    pub(super) fn set_flags(&mut self, flags: u16) -> Result<(), Errno> {
        if flags & !(fdflags::APPEND | fdflags::NONBLOCK) != 0 {
            return Err(Errno::INVAL);
        }
        if let Kind::File { handle, shared: false, .. } = &self.kind {
            let (append, nonblock) = (flags & fdflags::APPEND, flags & fdflags::NONBLOCK);
            handle.set_status(append != 0, nonblock != 0)?;
        }
        // The sync flags stay what they were when the file was opened.
        let kept = fdflags::DSYNC | fdflags::RSYNC | fdflags::SYNC;
        self.flags = self.flags & kept | flags;
        Ok(())
    }
}

/// The descriptors of a guest, by number.
#[derive(Default)]
pub(super) struct Descriptors {
    slots: Vec<Option<Descriptor>>,
}

impl Descriptors {
    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::BADF)
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    /// Whether one more can be opened; asked before anything happens.
    pub(super) fn room(&self) -> Result<(), Errno> {
        let full = self.slots.len() >= DESCRIPTORS_MAX && self.slots.iter().all(Option::is_some);
        if full { Err(Errno::MFILE) } else { Ok(()) }
    }

    /// The lowest free number.
    pub(super) fn next(&self) -> u32 {
        self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len()) as u32
    }

    /// Gives a descriptor the lowest free number.
    pub(super) fn insert(&mut self, descriptor: Descriptor) -> u32 {
        let free = self.next();
        self.set(free, descriptor);
        free
    }

    /// Puts a descriptor where there may be one already.
    pub(super) fn set(&mut self, fd: u32, descriptor: Descriptor) {
        while self.slots.len() <= fd as usize {
            self.slots.push(None);
        }
        self.slots[fd as usize] = Some(descriptor);
    }

    pub(super) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.get(fd)?;
        self.slots[fd as usize] = None;
        Ok(())
    }

    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            self.slots[to as usize] = self.slots[from as usize].take();
        }
        Ok(())
    }

    /// What all lists of directory entries take together.
    pub(super) fn entries_size_bytes(&self) -> usize {
        let entries = self.slots.iter().flatten().filter_map(|descriptor| match &descriptor.kind {
            Kind::Dir(open) => open.entries.as_ref(),
            _ => None,
        });
        entries.map(Entries::size_bytes).sum()
    }
}

/// How many descriptors a guest may have.
const DESCRIPTORS_MAX: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn table(count: u32) -> Descriptors {
        let mut table = Descriptors::default();
        for i in 0..count {
            let mut descriptor = Descriptor::reader(Box::new(std::io::empty()));
            descriptor.flags = i as u16;
            assert_eq!(table.insert(descriptor), i);
        }
        table
    }

    #[test]
    fn the_lowest_free_number_is_taken() {
        let mut table = table(5);
        assert_eq!(table.close(1), Ok(()));
        assert_eq!(table.close(3), Ok(()));
        assert_eq!(table.close(3), Err(Errno::BADF));
        assert_eq!(table.insert(Descriptor::writer(Box::new(std::io::sink()))), 1);
        assert_eq!(table.insert(Descriptor::writer(Box::new(std::io::sink()))), 3);
        assert_eq!(table.insert(Descriptor::writer(Box::new(std::io::sink()))), 5);
    }

    #[test]
    fn renumber_moves_between_open_descriptors() {
        let mut table = table(4);
        assert_eq!(table.renumber(1, 4), Err(Errno::BADF));
        assert_eq!(table.renumber(4, 1), Err(Errno::BADF));
        assert_eq!(table.renumber(u32::MAX, 0), Err(Errno::BADF));
        assert_eq!(table.renumber(2, 2), Ok(()));
        assert_eq!(table.renumber(2, 0), Ok(()));
        assert_eq!(table.get(0).map(|d| d.flags).ok(), Some(2));
        assert_eq!(table.get(2).map(|_| ()), Err(Errno::BADF));
    }

    #[test]
    fn the_table_is_bounded() {
        let table = table(DESCRIPTORS_MAX as u32);
        assert_eq!(table.room(), Err(Errno::MFILE));
    }
}
