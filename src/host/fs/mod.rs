//! The file system a guest sees: directories it was given and what is beneath them.
//!
//! A [`Dir`] is an open directory; there are no path strings of the host after start-up, no
//! clean-up of paths and no comparison of prefixes: the kernel, or a walk that does the same,
//! resolves ([`resolve`]). What works on names (make, remove, rename, link, …) resolves the
//! *parent* and works on its descriptor and the last component, which is never followed.
//! Whether anything may be changed is a property of the descriptor, inherited by whatever is
//! opened through it.

mod embedder;
mod handle;
mod memory;
mod resolve;
mod system;
#[cfg(test)]
mod tests;

use core::ffi::{CStr, c_int};
use std::ffi::CString;

use super::sys::{self, NodeType, OsError, Result, SetTime, Stat};
use embedder::OpenNode;
pub(crate) use handle::Handle;
pub use memory::{EmbeddedFs, MemFs};
pub(crate) use resolve::Resolver;
pub use system::{Entry, FileSystem, Metadata, NewNode, NewTime, NodeId, NodeKind};

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir {
    handle: Handle,
    read_only: bool,
    resolver: Resolver,
}

/// How [`Dir::open`] opens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenOptions {
    pub read: bool,
    pub write: bool,
    pub append: bool,
    pub create: bool,
    pub exclusive: bool,
    pub truncate: bool,
    pub directory: bool,
    /// Whether a final symbolic link is followed (if not: `ELOOP`).
    pub follow: bool,
    pub nonblock: bool,
    pub sync: bool,
    pub data_sync: bool,
}

/// What [`Dir::open`] opened.
#[derive(Debug)]
pub(crate) enum Node {
    Dir(Dir),
    Other { handle: Handle, node_type: NodeType, read_only: bool },
}

/// The last component of a path, and the directory that holds it.
struct Parent<'a> {
    dir: Base<'a>,
    name: CString,
    /// Whether the path ended with `/`: it must be a directory then.
    slash: bool,
}

enum Base<'a> {
    Opened(Handle),
    Given(&'a Handle),
}

impl core::ops::Deref for Base<'_> {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        match self {
            Base::Opened(handle) => handle,
            Base::Given(handle) => handle,
        }
    }
}

impl Dir {
    /// Opens a directory by its path on the host: only for what the embedder names.
    pub(crate) fn open_ambient(path: &std::path::Path, read_only: bool) -> Result<Dir> {
        use std::os::unix::ffi::OsStrExt;
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| OsError(sys::EINVAL))?;
        let handle = sys::open_ambient_dir(&path)?.into();
        Ok(Dir { handle, read_only, resolver: Resolver::Kernel })
    }

    /// The whole file system of the host, relative paths from a directory of it: not a sandbox.
    pub(crate) fn ambient(path: &std::path::Path) -> Result<Dir> {
        use std::os::unix::ffi::OsStrExt;
        let handle = sys::open_ambient_place(&c_path(path.as_os_str().as_bytes())?)?.into();
        Ok(Dir { handle, read_only: false, resolver: Resolver::Ambient })
    }

    /// The root of a file system of the embedder's, which gets this number as its device.
    pub(crate) fn of_embedder(fs: Box<dyn FileSystem>, dev: u64, read_only: bool) -> Dir {
        let handle = Handle::Embedder(OpenNode::root(fs, dev));
        Dir { handle, read_only, resolver: Resolver::Walk }
    }

    /// Lets another resolver do the work, here and in what is opened through it.
    pub(crate) fn with_resolver(self, resolver: Resolver) -> Dir {
        Dir { resolver, ..self }
    }

    /// Whether nothing beneath may be changed.
    pub(crate) fn read_only(&self) -> bool {
        self.read_only
    }

    /// What is open.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Opens a node.
    ///
    /// # Errors
    /// As `open(2)`; `EROFS` if it would change something and this directory is read-only.
    pub(crate) fn open(&self, path: &[u8], how: &OpenOptions) -> Result<Node> {
        self.open_or_make(path, how, MODE_FILE)
    }

    /// Opens a node with the flags and the mode of `open(2)`.
    ///
    /// # Errors
    /// As [`Dir::open`]; in a sandbox `EINVAL` if a flag means something that [`OpenOptions`] has
    /// no word for.
    pub(crate) fn open_host(&self, path: &[u8], flags: c_int, permissions: u32) -> Result<Node> {
        let permissions = permissions & 0o7777;
        if self.resolver == Resolver::Ambient {
            return self.node(self.resolve(&c_path(path)?, flags, permissions)?);
        }
        let how = OpenOptions::from_flags(flags).ok_or(OsError(sys::EINVAL))?;
        self.open_or_make(path, &how, permissions)
    }

    fn open_or_make(&self, path: &[u8], how: &OpenOptions, permissions: u32) -> Result<Node> {
        let path = c_path(path)?;
        if self.read_only {
            return self.open_read_only(&path, how);
        }
        self.node(self.resolve(&path, how.to_flags(), mode(how.create, permissions))?)
    }

    fn open_read_only(&self, path: &CStr, how: &OpenOptions) -> Result<Node> {
        if how.write || how.append || how.truncate {
            return Err(OsError(sys::EROFS));
        }
        if how.create && how.exclusive {
            let exists = self.resolve(path, sys::O_PATH | sys::O_NOFOLLOW, 0);
            return Err(missing_is_read_only(exists.err()).unwrap_or(OsError(sys::EEXIST)));
        }
        // What exists can be opened with O_CREAT; what does not is not made.
        let flags = OpenOptions { create: false, ..*how }.to_flags();
        match self.resolve(path, flags, 0) {
            Ok(handle) => self.node(handle),
            Err(error) if how.create => Err(missing_is_read_only(Some(error)).unwrap_or(error)),
            Err(error) => Err(error),
        }
    }

    fn node(&self, handle: Handle) -> Result<Node> {
        let Dir { read_only, resolver, .. } = *self;
        Ok(match handle.stat()?.node_type() {
            NodeType::Dir => Node::Dir(Dir { handle, read_only, resolver }),
            node_type => Node::Other { handle, node_type, read_only },
        })
    }

    /// Makes a directory.
    pub(crate) fn make_dir(&self, path: &[u8]) -> Result<()> {
        self.make_dir_as(path, MODE_DIR)
    }

    /// Makes a directory with these permissions, less the umask.
    pub(crate) fn make_dir_as(&self, path: &[u8], permissions: u32) -> Result<()> {
        self.writable()?;
        match self.parent(path)? {
            None => Err(OsError(sys::EEXIST)),
            Some(at) => at.dir.mkdir_at(&at.name, permissions & 0o7777),
        }
    }

    /// Removes an empty directory.
    pub(crate) fn remove_dir(&self, path: &[u8]) -> Result<()> {
        self.writable()?;
        match self.parent(path)? {
            None => Err(OsError(sys::EINVAL)),
            Some(at) => at.dir.unlink_at(&at.name, true),
        }
    }

    /// Removes what is not a directory.
    pub(crate) fn unlink(&self, path: &[u8]) -> Result<()> {
        self.writable()?;
        match self.parent(path)? {
            None => Err(OsError(sys::EISDIR)),
            Some(at) if at.slash => match at.stat()?.node_type() {
                NodeType::Dir => Err(OsError(sys::EISDIR)),
                _ => Err(OsError(sys::ENOTDIR)),
            },
            Some(at) => match at.dir.unlink_at(&at.name, false) {
                // POSIX says EPERM, Linux EISDIR.
                Err(OsError(sys::EPERM))
                    if at.stat().is_ok_and(|s| s.node_type() == NodeType::Dir) =>
                {
                    Err(OsError(sys::EISDIR))
                }
                result => result,
            },
        }
    }

    /// Renames, between directories with the same permissions.
    pub(crate) fn rename(&self, old: &[u8], new_dir: &Dir, new: &[u8]) -> Result<()> {
        self.both_writable(new_dir)?;
        let (Some(from), Some(to)) = (self.parent(old)?, new_dir.parent(new)?) else {
            return Err(OsError(sys::EBUSY));
        };
        if (from.slash || to.slash) && from.stat()?.node_type() != NodeType::Dir {
            return Err(OsError(sys::ENOTDIR));
        }
        from.dir.rename_at(&from.name, &to.dir, &to.name)
    }

    /// Makes a second name of a node (of a symbolic link itself), between directories with the
    /// same permissions.
    pub(crate) fn link(&self, old: &[u8], new_dir: &Dir, new: &[u8]) -> Result<()> {
        self.both_writable(new_dir)?;
        let Some(from) = self.parent(old)? else { return Err(OsError(sys::EPERM)) };
        if from.slash {
            let is_dir = from.stat()?.node_type() == NodeType::Dir;
            return Err(OsError(if is_dir { sys::EPERM } else { sys::ENOTDIR }));
        }
        let Some(to) = new_dir.parent(new)? else { return Err(OsError(sys::EEXIST)) };
        to.not_a_dir_to_be()?;
        from.dir.link_at(&from.name, &to.dir, &to.name)
    }

    /// Makes a symbolic link. An absolute target is refused: nothing beneath could follow it.
    pub(crate) fn symlink(&self, target: &[u8], path: &[u8]) -> Result<()> {
        self.writable()?;
        let target = c_path(target)?;
        if target.to_bytes().starts_with(b"/") {
            return Err(OsError(sys::EPERM));
        }
        let Some(at) = self.parent(path)? else { return Err(OsError(sys::EEXIST)) };
        at.not_a_dir_to_be()?;
        at.dir.symlink_at(&target, &at.name)
    }

    /// The target of a symbolic link.
    pub(crate) fn read_link(&self, path: &[u8]) -> Result<Vec<u8>> {
        match self.parent(path)? {
            Some(at) if !at.slash => at.dir.readlink_at(&at.name),
            _ => {
                // A directory, or an error.
                self.resolve(&c_path(path)?, sys::O_PATH | sys::O_DIRECTORY, 0)?;
                Err(OsError(sys::EINVAL))
            }
        }
    }

    /// What `stat` tells of a node.
    pub(crate) fn stat(&self, path: &[u8], follow: bool) -> Result<Stat> {
        if !follow
            && let Some(at) = self.parent(path)?
            && !at.slash
        {
            return at.stat();
        }
        self.resolve(&c_path(path)?, sys::O_PATH, 0)?.stat()
    }

    /// Sets the times of a node.
    pub(crate) fn set_times(
        &self,
        path: &[u8],
        follow: bool,
        access: SetTime,
        modify: SetTime,
    ) -> Result<()> {
        self.writable()?;
        if !follow
            && let Some(at) = self.parent(path)?
            && !at.slash
        {
            return at.dir.set_times_at(&at.name, access, modify);
        }
        self.resolve(&c_path(path)?, sys::O_PATH, 0)?.set_times(access, modify)
    }

    /// Calls `each` with name, inode and type of every entry, until it answers false. Whether `.`
    /// and `..` are told depends on the file system.
    pub(crate) fn list(&self, mut each: impl FnMut(&[u8], u64, NodeType) -> bool) -> Result<()> {
        self.handle.list(|name, ino, node_type| {
            let node_type = node_type.unwrap_or_else(|| {
                let stat = CString::new(name).ok().and_then(|n| self.handle.stat_at(&n).ok());
                stat.map_or(NodeType::Unknown, |stat| stat.node_type())
            });
            each(name, ino, node_type)
        })
    }

    fn resolve(&self, path: &CStr, flags: c_int, mode: u32) -> Result<Handle> {
        resolve::open(self.resolver, &self.handle, path, flags, mode)
    }

    /// The parent of the last component; none if that is `.` or `..` of an existing directory.
    fn parent(&self, path: &[u8]) -> Result<Option<Parent<'_>>> {
        let whole = c_path(path)?;
        let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
        let start = path[..end].iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let name = &path[start..end];
        if matches!(name, b"" | b"." | b"..") {
            return self.resolve(&whole, sys::O_PATH | sys::O_DIRECTORY, 0).map(|_| None);
        }
        let dir = match start {
            0 => Base::Given(&self.handle),
            _ => {
                let parent = c_path(&path[..start])?;
                Base::Opened(self.resolve(&parent, sys::O_PATH | sys::O_DIRECTORY, 0)?)
            }
        };
        Ok(Some(Parent { dir, name: c_path(name)?, slash: end < path.len() }))
    }

    fn writable(&self) -> Result<()> {
        if self.read_only { Err(OsError(sys::EROFS)) } else { Ok(()) }
    }

    /// A name must not carry a file from where it is read-only to where it is not.
    fn both_writable(&self, other: &Dir) -> Result<()> {
        if self.read_only != other.read_only {
            return Err(OsError(sys::EPERM));
        }
        self.writable()
    }
}

impl Parent<'_> {
    fn stat(&self) -> Result<Stat> {
        self.dir.stat_at(&self.name)
    }

    /// `new/` cannot become anything but a directory.
    fn not_a_dir_to_be(&self) -> Result<()> {
        if !self.slash {
            return Ok(());
        }
        self.stat()?;
        Err(OsError(sys::EEXIST))
    }
}

impl OpenOptions {
    /// What flags of the host mean, if there are words for all of them.
    fn from_flags(flags: c_int) -> Option<OpenOptions> {
        let known = sys::O_APPEND
            | sys::O_CREAT
            | sys::O_EXCL
            | sys::O_TRUNC
            | sys::O_DIRECTORY
            | sys::O_NOFOLLOW
            | sys::O_NONBLOCK
            | sys::O_SYNC
            | sys::O_DSYNC
            | sys::O_CLOEXEC
            | sys::O_NOCTTY
            | sys::O_LARGEFILE;
        let access = flags & sys::O_ACCMODE;
        let has = |flag| flags & flag == flag;
        (flags & !known & !sys::O_ACCMODE == 0 && access != sys::O_ACCMODE).then_some(OpenOptions {
            read: access != sys::O_WRONLY,
            write: access != sys::O_RDONLY,
            append: has(sys::O_APPEND),
            create: has(sys::O_CREAT),
            exclusive: has(sys::O_EXCL),
            truncate: has(sys::O_TRUNC),
            directory: has(sys::O_DIRECTORY),
            follow: !has(sys::O_NOFOLLOW),
            nonblock: has(sys::O_NONBLOCK),
            sync: has(sys::O_SYNC),
            data_sync: has(sys::O_DSYNC),
        })
    }

    fn to_flags(self) -> c_int {
        // Never make a terminal ours; never wait for one either.
        let mut flags = sys::O_NOCTTY;
        flags |= match (self.read, self.write) {
            (_, false) => sys::O_RDONLY,
            (false, true) => sys::O_WRONLY,
            (true, true) => sys::O_RDWR,
        };
        for (wanted, flag) in [
            (self.append, sys::O_APPEND),
            (self.create, sys::O_CREAT),
            (self.exclusive, sys::O_EXCL),
            (self.truncate, sys::O_TRUNC),
            (self.directory, sys::O_DIRECTORY),
            (!self.follow, sys::O_NOFOLLOW),
            (self.nonblock, sys::O_NONBLOCK),
            (self.sync, sys::O_SYNC),
            (self.data_sync, sys::O_DSYNC),
        ] {
            flags |= if wanted { flag } else { 0 };
        }
        flags
    }
}

/// A path as the kernel takes it.
fn c_path(path: &[u8]) -> Result<CString> {
    if path.is_empty() {
        return Err(OsError(sys::ENOENT));
    }
    if path.len() > PATH_MAX_BYTES {
        return Err(OsError(sys::ENAMETOOLONG));
    }
    CString::new(path).map_err(|_| OsError(sys::EINVAL))
}

fn missing_is_read_only(error: Option<OsError>) -> Option<OsError> {
    error.map(|error| if error == OsError(sys::ENOENT) { OsError(sys::EROFS) } else { error })
}

/// `openat2` wants no mode where nothing is made.
fn mode(create: bool, mode: u32) -> u32 {
    if create { mode } else { 0 }
}

/// The longest path that the kernel takes, without its NUL.
pub(crate) const PATH_MAX_BYTES: usize = 4095;
/// Before the umask.
const MODE_FILE: u32 = 0o666;
/// Before the umask.
const MODE_DIR: u32 = 0o777;
