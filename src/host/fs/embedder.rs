//! An open node of a file system of the embedder's, with the operations that the kernel has for
//! its own: whoever resolves paths need not know the difference.

use core::ffi::{CStr, c_int};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::sync::Arc;

use super::super::sys::{self, NodeType, OsError, Result, SetTime, Span, Stat, Time, Whence};
use super::system::{FileSystem, NewNode, NewTime, NodeId, NodeKind};

/// A file system as a guest has it.
struct Mount {
    fs: Box<dyn FileSystem>,
    /// What tells it from others in `stat`.
    dev: u64,
}

/// An open node; what is opened through it shares the mount.
pub(crate) struct OpenNode {
    mount: Arc<Mount>,
    node: NodeId,
    position: AtomicU64,
    append: AtomicBool,
}

impl Drop for OpenNode {
    fn drop(&mut self) {
        self.mount.fs.closed(self.node);
    }
}

impl OpenNode {
    /// The root of a file system, which gets this number as its device.
    pub(super) fn root(fs: Box<dyn FileSystem>, dev: u64) -> OpenNode {
        OpenNode::new(Arc::new(Mount { fs, dev }), NodeId::ROOT, false)
    }

    fn new(mount: Arc<Mount>, node: NodeId, append: bool) -> OpenNode {
        mount.fs.opened(node);
        OpenNode { mount, node, position: AtomicU64::new(0), append: AtomicBool::new(append) }
    }

    fn fs(&self) -> &dyn FileSystem {
        &*self.mount.fs
    }

    fn lookup(&self, name: &CStr) -> Result<NodeId> {
        let node = self.fs().lookup(self.node, text(name)?)?;
        Ok(node)
    }

    /// `openat(2)` of a single name. A symbolic link is never followed.
    pub(super) fn open_at(&self, name: &CStr, flags: c_int) -> Result<OpenNode> {
        let node = match name.to_bytes() {
            b"." => self.node,
            _ => self.find_or_make(name, flags)?,
        };
        let path_only = sys::O_PATH != 0 && flags & sys::O_PATH != 0;
        let directory = flags & sys::O_DIRECTORY != 0;
        let changes = flags & sys::O_ACCMODE != sys::O_RDONLY || flags & sys::O_CREAT != 0;
        match self.fs().metadata(node)?.kind {
            NodeKind::Dir if changes && !path_only => return Err(OsError(sys::EISDIR)),
            NodeKind::File | NodeKind::Link if directory => return Err(OsError(sys::ENOTDIR)),
            NodeKind::Link if !path_only => return Err(OsError(sys::ELOOP)),
            NodeKind::File if flags & sys::O_TRUNC != 0 && !path_only => {
                self.fs().set_size(node, 0)?;
            }
            _ => {}
        }
        Ok(OpenNode::new(self.mount.clone(), node, flags & sys::O_APPEND != 0))
    }

    fn find_or_make(&self, name: &CStr, flags: c_int) -> Result<NodeId> {
        let (create, exclusive) = (flags & sys::O_CREAT != 0, flags & sys::O_EXCL != 0);
        match self.lookup(name) {
            Ok(_) if create && exclusive => Err(OsError(sys::EEXIST)),
            Err(OsError(sys::ENOENT)) if create => {
                match self.fs().create(self.node, text(name)?, NewNode::File).map_err(OsError::from)
                {
                    // Somebody else was faster.
                    Err(OsError(sys::EEXIST)) if !exclusive => self.lookup(name),
                    result => result,
                }
            }
            result => result,
        }
    }

    /// `fstat(2)`.
    pub(super) fn stat(&self) -> Result<Stat> {
        self.stat_of(self.node)
    }

    /// `fstatat(2)` of the node itself.
    pub(super) fn stat_at(&self, name: &CStr) -> Result<Stat> {
        self.stat_of(self.lookup(name)?)
    }

    fn stat_of(&self, node: NodeId) -> Result<Stat> {
        let metadata = self.fs().metadata(node)?;
        Ok(Stat {
            dev: self.mount.dev,
            ino: node.0,
            mode: Stat::mode_of(type_of(metadata.kind)),
            nlink: metadata.links,
            uid: 0,
            gid: 0,
            size: metadata.size,
            atime: time(metadata.accessed),
            mtime: time(metadata.modified),
            ctime: time(metadata.changed),
        })
    }

    /// `mkdirat(2)`.
    pub(super) fn mkdir_at(&self, name: &CStr) -> Result<()> {
        self.fs().create(self.node, text(name)?, NewNode::Dir)?;
        Ok(())
    }

    /// `unlinkat(2)`.
    pub(super) fn unlink_at(&self, name: &CStr, directory: bool) -> Result<()> {
        Ok(self.fs().remove(self.node, text(name)?, directory)?)
    }

    /// `renameat(2)`.
    pub(super) fn rename_at(&self, old: &CStr, to: &OpenNode, new: &CStr) -> Result<()> {
        self.same_mount(to)?;
        Ok(self.fs().rename((self.node, text(old)?), (to.node, text(new)?))?)
    }

    /// `linkat(2)`.
    pub(super) fn link_at(&self, old: &CStr, to: &OpenNode, new: &CStr) -> Result<()> {
        self.same_mount(to)?;
        Ok(self.fs().link(self.lookup(old)?, to.node, text(new)?)?)
    }

    fn same_mount(&self, other: &OpenNode) -> Result<()> {
        let same = Arc::ptr_eq(&self.mount, &other.mount);
        if same { Ok(()) } else { Err(OsError(sys::EXDEV)) }
    }

    /// `symlinkat(2)`.
    pub(super) fn symlink_at(&self, target: &CStr, name: &CStr) -> Result<()> {
        if target.is_empty() {
            return Err(OsError(sys::ENOENT));
        }
        self.fs().create(self.node, text(name)?, NewNode::Link(text(target)?))?;
        Ok(())
    }

    /// `readlinkat(2)`.
    pub(super) fn readlink_at(&self, name: &CStr) -> Result<Vec<u8>> {
        Ok(self.fs().read_link(self.lookup(name)?)?.into_bytes())
    }

    /// `futimens(2)`.
    pub(super) fn set_times(&self, access: SetTime, modify: SetTime) -> Result<()> {
        Ok(self.fs().set_times(self.node, new_time(access)?, new_time(modify)?)?)
    }

    /// `utimensat(2)` of the node itself.
    pub(super) fn set_times_at(&self, name: &CStr, access: SetTime, modify: SetTime) -> Result<()> {
        Ok(self.fs().set_times(self.lookup(name)?, new_time(access)?, new_time(modify)?)?)
    }

    /// Calls `each` for every entry, as [`sys::list_dir`]; `.` and `..` are the caller's matter.
    pub(super) fn list(
        &self,
        mut each: impl FnMut(&[u8], u64, Option<NodeType>) -> bool,
    ) -> Result<()> {
        Ok(self.fs().list(self.node, &mut |entry| {
            each(entry.name.as_bytes(), entry.node.0, Some(type_of(entry.kind)))
        })?)
    }

    /// `readv(2)` or `preadv(2)`.
    pub(super) fn read(
        &self,
        memory: &mut [u8],
        spans: &[Span],
        offset: Option<i64>,
    ) -> Result<usize> {
        let start = offset.map_or_else(|| self.position.load(Relaxed), |at| at as u64);
        let mut total = 0;
        for &(at, len) in spans {
            let piece = &mut memory[at..at + len];
            match self.fs().read(self.node, start.saturating_add(total as u64), piece) {
                Ok(count) => {
                    total += count.min(len);
                    if count < len {
                        break;
                    }
                }
                Err(error) if total == 0 => return Err(error.into()),
                // What was read before counts.
                Err(_) => break,
            }
        }
        if offset.is_none() {
            self.position.store(start.saturating_add(total as u64), Relaxed);
        }
        Ok(total)
    }

    /// `writev(2)` or `pwritev(2)`.
    pub(super) fn write(
        &self,
        memory: &[u8],
        spans: &[Span],
        offset: Option<i64>,
    ) -> Result<usize> {
        let append = self.append.load(Relaxed);
        let start = offset.map_or_else(|| self.position.load(Relaxed), |at| at as u64);
        let mut total = 0;
        for &(at, len) in spans {
            let to = (!append).then(|| start.saturating_add(total as u64));
            match self.fs().write(self.node, to, &memory[at..at + len]) {
                Ok(count) => {
                    total += count.min(len);
                    if count < len {
                        break;
                    }
                }
                Err(error) if total == 0 => return Err(error.into()),
                Err(_) => break,
            }
        }
        if offset.is_none() {
            let end = if append { self.fs().metadata(self.node)?.size } else { start };
            let moved = if append { 0 } else { total as u64 };
            self.position.store(end.saturating_add(moved), Relaxed);
        }
        Ok(total)
    }

    /// `lseek(2)`.
    pub(super) fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        let base = match whence {
            Whence::Start => 0,
            Whence::Current => self.position.load(Relaxed),
            Whence::End => self.fs().metadata(self.node)?.size,
        };
        let position = base.checked_add_signed(offset).filter(|at| i64::try_from(*at).is_ok());
        let position = position.ok_or(OsError(sys::EINVAL))?;
        self.position.store(position, Relaxed);
        Ok(position)
    }

    /// `ftruncate(2)`.
    pub(super) fn set_size(&self, size: i64) -> Result<()> {
        Ok(self.fs().set_size(self.node, size as u64)?)
    }

    /// `fallocate(2)`: only ever grows.
    pub(super) fn allocate(&self, offset: i64, len: i64) -> Result<()> {
        let end = offset.checked_add(len).filter(|_| len > 0).ok_or(OsError(sys::EINVAL))?;
        let size = self.fs().metadata(self.node)?.size;
        if end as u64 > size { self.set_size(end) } else { Ok(()) }
    }

    /// Whether `write` always writes at the end.
    pub(super) fn set_append(&self, append: bool) {
        self.append.store(append, Relaxed);
    }
}

fn type_of(kind: NodeKind) -> NodeType {
    match kind {
        NodeKind::File => NodeType::File,
        NodeKind::Dir => NodeType::Dir,
        NodeKind::Link => NodeType::Link,
    }
}

fn time(since_1970: Duration) -> Time {
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    Time { seconds, nanoseconds: since_1970.subsec_nanos().into() }
}

fn new_time(time: SetTime) -> Result<NewTime> {
    Ok(match time {
        SetTime::Keep => NewTime::Keep,
        SetTime::Now => NewTime::Now,
        SetTime::To(Time { seconds, nanoseconds }) => {
            let seconds = u64::try_from(seconds).map_err(|_| OsError(sys::EINVAL))?;
            NewTime::To(Duration::new(seconds, nanoseconds as u32))
        }
    })
}

fn text(name: &CStr) -> Result<&str> {
    name.to_str().map_err(|_| OsError(sys::EILSEQ))
}
