//! File systems of the embedder.

use core::time::Duration;
use std::io;

/// A file system of the embedder's: what a guest sees under a preopened name that is no directory
/// of the host.
///
/// Nodes have numbers, so that an open file or directory stays what it is when it is renamed.
/// Names are single components: never empty, `.` or `..`, without `/` and NUL; paths, `..` and
/// symbolic links are resolved before, so that no implementation can be led out of itself. What
/// does not change anything is required; everything else answers "read-only" by default.
///
/// Errors reach the guest as the errno of [`io::Error::raw_os_error`], else by their kind.
pub trait FileSystem: Send + Sync {
    /// The node with this name in a directory; `NotFound` if there is none.
    ///
    /// # Errors
    /// As the guest shall see them; the same for all methods.
    fn lookup(&self, dir: NodeId, name: &str) -> io::Result<NodeId>;

    /// What a node is.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn metadata(&self, node: NodeId) -> io::Result<Metadata>;

    /// Calls `each` for every entry of a directory, without `.` and `..`, until it answers false.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn list(&self, dir: NodeId, each: &mut dyn FnMut(Entry<'_>) -> bool) -> io::Result<()>;

    /// Reads from an offset; 0 bytes are the end of the file.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn read(&self, file: NodeId, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The target of a symbolic link: a relative path.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn read_link(&self, link: NodeId) -> io::Result<String> {
        let _ = link;
        Err(io::ErrorKind::InvalidInput.into())
    }

    /// A node was opened: what was opened must stay readable, also if its last name is removed.
    fn opened(&self, node: NodeId) {
        let _ = node;
    }

    /// An open node was closed, once for every time it was opened.
    fn closed(&self, node: NodeId) {
        let _ = node;
    }

    /// Makes a node; `AlreadyExists` if the name is taken.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn create(&self, dir: NodeId, name: &str, what: NewNode<'_>) -> io::Result<NodeId> {
        let _ = (dir, name, what);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Writes at an offset, or at the end if there is none.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn write(&self, file: NodeId, offset: Option<u64>, bytes: &[u8]) -> io::Result<usize> {
        let _ = (file, offset, bytes);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Cuts a file, or lengthens it with zeros.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn set_size(&self, file: NodeId, size: u64) -> io::Result<()> {
        let _ = (file, size);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Sets the times of a node.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn set_times(&self, node: NodeId, accessed: NewTime, modified: NewTime) -> io::Result<()> {
        let _ = (node, accessed, modified);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Removes a name: of an empty directory, or of what is no directory.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn remove(&self, dir: NodeId, name: &str, directory: bool) -> io::Result<()> {
        let _ = (dir, name, directory);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Moves a name, over another if there is one, as `rename(2)` does.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn rename(&self, from: (NodeId, &str), to: (NodeId, &str)) -> io::Result<()> {
        let _ = (from, to);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Makes a second name of a node that is no directory.
    ///
    /// # Errors
    /// See [`FileSystem::lookup`].
    fn link(&self, node: NodeId, dir: NodeId, name: &str) -> io::Result<()> {
        let _ = (node, dir, name);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

/// The number of a node in its file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl NodeId {
    /// The directory that everything else is in.
    pub const ROOT: NodeId = NodeId(1);
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
}

/// What a guest may know of a node. Times count from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: NodeKind,
    /// Its length in bytes.
    pub size: u64,
    /// How many names it has.
    pub links: u64,
    /// When it was last read.
    pub accessed: Duration,
    /// When its contents last changed.
    pub modified: Duration,
    /// When anything about it last changed.
    pub changed: Duration,
}

impl Metadata {
    /// Of a node with one name, which never changed.
    pub const fn new(kind: NodeKind, size: u64) -> Metadata {
        let never = Duration::ZERO;
        Metadata { kind, size, links: 1, accessed: never, modified: never, changed: never }
    }
}

/// An entry of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a str,
    /// Which node it names.
    pub node: NodeId,
    /// What that is.
    pub kind: NodeKind,
}

/// What [`FileSystem::create`] makes.
#[derive(Clone, Copy, Debug)]
pub enum NewNode<'a> {
    /// An empty file.
    File,
    /// An empty directory.
    Dir,
    /// A symbolic link to this path.
    Link(&'a str),
}

/// What [`FileSystem::set_times`] does with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewTime {
    /// It stays.
    Keep,
    /// It becomes what the file system takes for the present.
    Now,
    /// It becomes this, counted from 1970.
    To(Duration),
}
