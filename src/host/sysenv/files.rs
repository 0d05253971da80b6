//! What a guest's descriptors stand for.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use crate::host::fs::{Dir, Handle};
use crate::host::sys::{self, NodeType, OsError, Stat, Whence};

/// Open descriptors. Their numbers grow and are never used again.
pub(super) struct Files {
    open: BTreeMap<i32, File>,
    next: i32,
}

/// Something open.
pub(super) enum File {
    Open(Handle),
    Dir(OpenDir),
    /// A source of bytes of the embedder.
    Reader(Box<dyn Read + Send>),
    /// A sink of the embedder.
    Writer(Box<dyn Write + Send>),
    /// A standard stream that the process has not.
    Closed,
}

/// A directory, and what of it was not told yet.
pub(super) struct OpenDir {
    pub dir: Dir,
    /// The list is made when its first entry is asked for; the next entry is the last one here.
    entries: Option<Vec<Entry>>,
}

/// An entry of a directory.
pub(super) struct Entry {
    pub name: Box<[u8]>,
    pub ino: u64,
    pub node_type: NodeType,
}

impl Files {
    pub(super) fn new(stdio: [File; 3]) -> Files {
        let streams = (0..).zip(stdio).filter(|(_, file)| !matches!(file, File::Closed));
        Files { open: streams.collect(), next: 3 }
    }

    /// Checks that another one may be opened, before it is.
    pub(super) fn room(&self) -> sys::Result<()> {
        match self.open.len() < FILES_MAX && self.next < i32::MAX {
            true => Ok(()),
            false => Err(OsError(sys::EMFILE)),
        }
    }

    pub(super) fn insert(&mut self, file: File) -> i32 {
        let fd = self.next;
        self.open.insert(fd, file);
        self.next += 1;
        fd
    }

    pub(super) fn get(&mut self, fd: i32) -> sys::Result<&mut File> {
        self.open.get_mut(&fd).ok_or(OsError(sys::EBADF))
    }

    pub(super) fn dir(&mut self, fd: i32) -> sys::Result<&mut OpenDir> {
        match self.get(fd)? {
            File::Dir(dir) => Ok(dir),
            _ => Err(OsError(sys::EBADF)),
        }
    }

    pub(super) fn close(&mut self, fd: i32) -> sys::Result<()> {
        self.open.remove(&fd).map(drop).ok_or(OsError(sys::EBADF))
    }
}

impl File {
    /// One of the process's own standard streams.
    pub(super) fn stdio(number: i32) -> File {
        sys::duplicate_stdio(number).map_or(File::Closed, |fd| File::Open(fd.into()))
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> sys::Result<usize> {
        match self {
            File::Open(handle) => {
                let all = (0, buffer.len());
                handle.read(buffer, &[all], None)
            }
            File::Reader(reader) => {
                retried(|| reader.read(buffer)).map(|count| count.min(buffer.len()))
            }
            File::Dir(_) | File::Writer(_) | File::Closed => Err(OsError(sys::EBADF)),
        }
    }

    pub(super) fn write(&mut self, buffer: &[u8]) -> sys::Result<usize> {
        match self {
            File::Open(handle) => handle.write(buffer, &[(0, buffer.len())], None),
            File::Writer(writer) => {
                retried(|| writer.write(buffer)).map(|count| count.min(buffer.len()))
            }
            File::Dir(_) | File::Reader(_) | File::Closed => Err(OsError(sys::EBADF)),
        }
    }

    pub(super) fn seek(&self, offset: i64, whence: Whence) -> sys::Result<u64> {
        match self {
            File::Open(handle) => handle.seek(offset, whence),
            File::Reader(_) | File::Writer(_) => Err(OsError(sys::ESPIPE)),
            File::Dir(_) | File::Closed => Err(OsError(sys::EBADF)),
        }
    }

    pub(super) fn stat(&self) -> sys::Result<Stat> {
        match self {
            File::Open(handle) => handle.stat(),
            File::Dir(open) => open.dir.handle().stat(),
            File::Reader(_) | File::Writer(_) => {
                Ok(Stat { nlink: 1, mode: Stat::mode_of(NodeType::Char), ..Stat::default() })
            }
            File::Closed => Err(OsError(sys::EBADF)),
        }
    }
}

impl OpenDir {
    pub(super) fn new(dir: Dir) -> OpenDir {
        OpenDir { dir, entries: None }
    }

    /// The next entry; none at the end.
    pub(super) fn next(&mut self) -> sys::Result<Option<Entry>> {
        if self.entries.is_none() {
            let mut list = list(&self.dir)?;
            list.reverse();
            self.entries = Some(list);
        }
        Ok(self.entries.as_mut().and_then(Vec::pop))
    }
}

fn list(dir: &Dir) -> sys::Result<Vec<Entry>> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    dir.list(|name, ino, node_type| {
        if !matches!(name, b"." | b"..") {
            bytes += name.len() + size_of::<Entry>();
            entries.push(Entry { name: name.into(), ino, node_type });
        }
        bytes <= LIST_MAX_BYTES
    })?;
    if bytes > LIST_MAX_BYTES { Err(OsError(sys::ENOMEM)) } else { Ok(entries) }
}

/// Repeats a call that a signal interrupted.
fn retried(mut call: impl FnMut() -> std::io::Result<usize>) -> sys::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}

/// As many as a process usually has.
const FILES_MAX: usize = 16_384;
/// Of the host's memory, for the entries of one directory: some 1.5 million of them.
const LIST_MAX_BYTES: usize = 64 << 20;
