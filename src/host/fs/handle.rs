//! What is open: a descriptor of the host, or a node of a file system of the embedder's.

use core::ffi::{CStr, c_int};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::super::sys::{self, NodeType, OsError, Result, SetTime, Span, Stat, Whence};
use super::embedder::OpenNode;

/// Something open, with the operations of the kernel.
pub(crate) enum Handle {
    Host(OwnedFd),
    Embedder(OpenNode),
}

impl core::fmt::Debug for Handle {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Handle::Host(fd) => fd.fmt(f),
            Handle::Embedder(_) => f.write_str("Embedder"),
        }
    }
}

impl From<OwnedFd> for Handle {
    fn from(fd: OwnedFd) -> Handle {
        Handle::Host(fd)
    }
}

/// The same operation on either.
macro_rules! either {
    ($handle:expr, $fd:ident => $host:expr, $node:ident => $embedder:expr) => {
        match $handle {
            Handle::Host(fd) => {
                let $fd = fd.as_fd();
                $host
            }
            Handle::Embedder($node) => $embedder,
        }
    };
}

impl Handle {
    /// The host's descriptor, if it is one.
    pub(crate) fn host(&self) -> Option<BorrowedFd<'_>> {
        either!(self, fd => Some(fd), _node => None)
    }

    /// Opens a single name, or `.`.
    pub(super) fn open_at(&self, name: &CStr, flags: c_int, mode: u32) -> Result<Handle> {
        either!(self,
            fd => sys::open_at(fd, name, flags, mode).map(Handle::Host),
            node => node.open_at(name, flags).map(Handle::Embedder))
    }

    pub(crate) fn stat(&self) -> Result<Stat> {
        either!(self, fd => sys::stat(fd), node => node.stat())
    }

    pub(super) fn stat_at(&self, name: &CStr) -> Result<Stat> {
        either!(self, fd => sys::stat_at(fd, name), node => node.stat_at(name))
    }

    pub(super) fn mkdir_at(&self, name: &CStr, mode: u32) -> Result<()> {
        either!(self, fd => sys::mkdir_at(fd, name, mode), node => node.mkdir_at(name))
    }

    pub(super) fn unlink_at(&self, name: &CStr, directory: bool) -> Result<()> {
        either!(self,
            fd => sys::unlink_at(fd, name, directory),
            node => node.unlink_at(name, directory))
    }

    pub(super) fn rename_at(&self, old: &CStr, to: &Handle, new: &CStr) -> Result<()> {
        match (self, to) {
            (Handle::Host(from), Handle::Host(to)) => {
                sys::rename_at(from.as_fd(), old, to.as_fd(), new)
            }
            (Handle::Embedder(from), Handle::Embedder(to)) => from.rename_at(old, to, new),
            _ => Err(OsError(sys::EXDEV)),
        }
    }

    pub(super) fn link_at(&self, old: &CStr, to: &Handle, new: &CStr) -> Result<()> {
        match (self, to) {
            (Handle::Host(from), Handle::Host(to)) => {
                sys::link_at(from.as_fd(), old, to.as_fd(), new)
            }
            (Handle::Embedder(from), Handle::Embedder(to)) => from.link_at(old, to, new),
            _ => Err(OsError(sys::EXDEV)),
        }
    }

    pub(super) fn symlink_at(&self, target: &CStr, name: &CStr) -> Result<()> {
        either!(self,
            fd => sys::symlink_at(target, fd, name),
            node => node.symlink_at(target, name))
    }

    pub(super) fn readlink_at(&self, name: &CStr) -> Result<Vec<u8>> {
        either!(self, fd => sys::readlink_at(fd, name), node => node.readlink_at(name))
    }

    pub(crate) fn set_times(&self, access: SetTime, modify: SetTime) -> Result<()> {
        either!(self,
            fd => sys::set_times(fd, access, modify),
            node => node.set_times(access, modify))
    }

    pub(super) fn set_times_at(&self, name: &CStr, access: SetTime, modify: SetTime) -> Result<()> {
        either!(self,
            fd => sys::set_times_at(fd, name, access, modify),
            node => node.set_times_at(name, access, modify))
    }

    /// Calls `each` with name, inode and type (if the directory tells it) of every entry, until it
    /// answers false.
    pub(super) fn list(
        &self,
        each: impl FnMut(&[u8], u64, Option<NodeType>) -> bool,
    ) -> Result<()> {
        either!(self, fd => sys::list_dir(fd, each), node => node.list(each))
    }

    pub(crate) fn read(
        &self,
        memory: &mut [u8],
        spans: &[Span],
        offset: Option<i64>,
    ) -> Result<usize> {
        either!(self,
            fd => sys::read(fd, memory, spans, offset),
            node => node.read(memory, spans, offset))
    }

    pub(crate) fn write(
        &self,
        memory: &[u8],
        spans: &[Span],
        offset: Option<i64>,
    ) -> Result<usize> {
        either!(self,
            fd => sys::write(fd, memory, spans, offset),
            node => node.write(memory, spans, offset))
    }

    pub(crate) fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        either!(self, fd => sys::seek(fd, offset, whence), node => node.seek(offset, whence))
    }

    pub(crate) fn set_size(&self, size: i64) -> Result<()> {
        either!(self, fd => sys::set_size(fd, size), node => node.set_size(size))
    }

    pub(crate) fn allocate(&self, offset: i64, len: i64) -> Result<()> {
        either!(self, fd => sys::allocate(fd, offset, len), node => node.allocate(offset, len))
    }

    pub(crate) fn advise(&self, offset: i64, len: i64, advice: u32) -> Result<()> {
        either!(self,
            fd => sys::advise(fd, offset, len, advice),
            _node => if advice > sys::ADVICE_MAX { Err(OsError(sys::EINVAL)) } else { Ok(()) })
    }

    pub(crate) fn sync(&self, only_data: bool) -> Result<()> {
        either!(self, fd => sys::sync(fd, only_data), _node => Ok(()))
    }

    /// Sets or clears `O_APPEND` and `O_NONBLOCK`.
    pub(crate) fn set_status(&self, append: bool, nonblock: bool) -> Result<()> {
        either!(self,
            fd => sys::set_status(fd, append, nonblock),
            node => { node.set_append(append); Ok(()) })
    }
}
