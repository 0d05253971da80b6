//! File systems in memory: one that guests can change, one that a program carries with it.

use core::time::Duration;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::sys;
use super::system::{Entry, FileSystem, Metadata, NewNode, NewTime, NodeId, NodeKind};

/// A file system in memory, which guests can change; clones share it.
///
/// It holds at most so many bytes as its limit says, everything counted; what exceeds it is refused
/// as on a full disk. Its clock advances by a millisecond with every change, from the beginning of
/// 2022, so that the same actions leave the same times.
#[derive(Clone)]
pub struct MemFs(Arc<Mutex<Tree>>);

impl core::fmt::Debug for MemFs {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MemFs").field("used_bytes", &self.used_bytes()).finish_non_exhaustive()
    }
}

impl Default for MemFs {
    fn default() -> MemFs {
        MemFs::new()
    }
}

impl MemFs {
    /// An empty file system of at most 64 MiB.
    pub fn new() -> MemFs {
        MemFs::with_limit(64 << 20)
    }

    /// An empty file system of at most so many bytes.
    pub fn with_limit(limit_bytes: usize) -> MemFs {
        MemFs(Arc::new(Mutex::new(Tree::new(limit_bytes))))
    }

    /// How much it holds, in bytes.
    pub fn used_bytes(&self) -> usize {
        self.tree().used_bytes
    }

    /// Makes a file, and the directories it is in; replaces the contents of one that is there.
    ///
    /// # Errors
    /// If the path is none, leads through a file, or there is no room.
    pub fn write_file(&self, path: &str, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        self.tree().place(path, Cow::Owned(bytes.into()))
    }

    /// Makes a directory, and those it is in; one that is there is none the worse.
    ///
    /// # Errors
    /// If the path is none, leads through a file, or there is no room.
    pub fn create_dir(&self, path: &str) -> io::Result<()> {
        self.tree().make_dirs(components(path)?).map(drop)
    }

    /// The contents of a file. Symbolic links are not followed.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn read_file(&self, path: &str) -> io::Result<Vec<u8>> {
        let tree = self.tree();
        let mut at = NodeId::ROOT;
        for name in components(path)? {
            at = tree.lookup(at, name)?;
        }
        match &tree.node(at)?.content {
            Content::File(bytes) => Ok(bytes.to_vec()),
            Content::Dir { .. } => Err(io::ErrorKind::IsADirectory.into()),
            Content::Link(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read-only file system of bytes that the program carries with it (`include_bytes!`); clones
/// share it.
#[derive(Clone, Debug)]
pub struct EmbeddedFs(MemFs);

impl EmbeddedFs {
    /// A file system of these files: pairs of a path and the contents. Directories follow from the
    /// paths.
    ///
    /// # Errors
    /// If a path is none, comes twice or leads through a file.
    pub fn new<P: AsRef<str>>(
        files: impl IntoIterator<Item = (P, &'static [u8])>,
    ) -> io::Result<EmbeddedFs> {
        let fs = MemFs::with_limit(usize::MAX);
        for (path, bytes) in files {
            let path = path.as_ref();
            if fs.read_file(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, path.to_owned()));
            }
            fs.tree().place(path, Cow::Borrowed(bytes))?;
        }
        Ok(EmbeddedFs(fs))
    }
}

/// Only what reads: everything else answers "read-only", as the trait says.
impl FileSystem for EmbeddedFs {
    fn lookup(&self, dir: NodeId, name: &str) -> io::Result<NodeId> {
        self.0.lookup(dir, name)
    }

    fn metadata(&self, node: NodeId) -> io::Result<Metadata> {
        self.0.metadata(node)
    }

    fn list(&self, dir: NodeId, each: &mut dyn FnMut(Entry<'_>) -> bool) -> io::Result<()> {
        self.0.list(dir, each)
    }

    fn read(&self, file: NodeId, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(file, offset, buffer)
    }
}

impl FileSystem for MemFs {
    fn lookup(&self, dir: NodeId, name: &str) -> io::Result<NodeId> {
        self.tree().lookup(dir, name)
    }

    fn metadata(&self, node: NodeId) -> io::Result<Metadata> {
        Ok(self.tree().node(node)?.metadata())
    }

    fn list(&self, dir: NodeId, each: &mut dyn FnMut(Entry<'_>) -> bool) -> io::Result<()> {
        let tree = self.tree();
        for (name, &node) in tree.dir(dir)?.1 {
            let kind = tree.node(node)?.metadata().kind;
            if !each(Entry { name, node, kind }) {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, file: NodeId, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let tree = self.tree();
        let Content::File(bytes) = &tree.node(file)?.content else { return Err(not_a_file()) };
        let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn read_link(&self, link: NodeId) -> io::Result<String> {
        match &self.tree().node(link)?.content {
            Content::Link(target) => Ok(target.to_string()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn opened(&self, node: NodeId) {
        if let Ok(node) = self.tree().node_mut(node) {
            node.opened += 1;
        }
    }

    fn closed(&self, node: NodeId) {
        let mut tree = self.tree();
        if let Ok(found) = tree.node_mut(node) {
            found.opened = found.opened.saturating_sub(1);
            tree.drop_if_unused(node);
        }
    }

    fn create(&self, dir: NodeId, name: &str, what: NewNode<'_>) -> io::Result<NodeId> {
        let content = match what {
            NewNode::File => Content::File(Cow::Borrowed(&[])),
            NewNode::Dir => Content::Dir { parent: dir, entries: BTreeMap::new() },
            NewNode::Link(target) => Content::Link(target.into()),
        };
        self.tree().create(dir, name, content)
    }

    fn write(&self, file: NodeId, offset: Option<u64>, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let mut tree = self.tree();
        let size = tree.node(file)?.metadata().size;
        let start = usize::try_from(offset.unwrap_or(size)).map_err(|_| no_room())?;
        let end = start.checked_add(bytes.len()).ok_or_else(no_room)?;
        tree.resize(file, end.max(size as usize))?;
        let Content::File(file) = &mut tree.node_mut(file)?.content else {
            return Err(not_a_file());
        };
        file.to_mut()[start..end].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn set_size(&self, file: NodeId, size: u64) -> io::Result<()> {
        self.tree().resize(file, usize::try_from(size).map_err(|_| no_room())?)
    }

    fn set_times(&self, node: NodeId, accessed: NewTime, modified: NewTime) -> io::Result<()> {
        let mut tree = self.tree();
        let now = tree.tick();
        let node = tree.node_mut(node)?;
        for (time, new) in [(&mut node.accessed, accessed), (&mut node.modified, modified)] {
            match new {
                NewTime::Keep => {}
                NewTime::Now => *time = now,
                NewTime::To(value) => *time = value,
            }
        }
        node.changed = now;
        Ok(())
    }

    fn remove(&self, dir: NodeId, name: &str, directory: bool) -> io::Result<()> {
        let mut tree = self.tree();
        let node = tree.lookup(dir, name)?;
        tree.removable(node, directory)?;
        tree.unlink(dir, name)
    }

    fn rename(&self, from: (NodeId, &str), to: (NodeId, &str)) -> io::Result<()> {
        self.tree().rename(from, to)
    }

    fn link(&self, node: NodeId, dir: NodeId, name: &str) -> io::Result<()> {
        let mut tree = self.tree();
        if tree.node(node)?.is_dir() {
            return Err(os(sys::EPERM));
        }
        tree.link(dir, name, node)
    }
}

/// All nodes, by their number: nothing is nested, so nothing recurses.
struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    next: u64,
    clock: Duration,
    used_bytes: usize,
    limit_bytes: usize,
}

struct Node {
    content: Content,
    links: u64,
    /// How often it is open: it stays until it is closed.
    opened: u64,
    accessed: Duration,
    modified: Duration,
    changed: Duration,
}

enum Content {
    File(Cow<'static, [u8]>),
    Dir { parent: NodeId, entries: Entries },
    Link(Box<str>),
}

type Entries = BTreeMap<Box<str>, NodeId>;

impl Node {
    fn metadata(&self) -> Metadata {
        let (kind, size) = match &self.content {
            Content::File(bytes) => (NodeKind::File, bytes.len()),
            Content::Dir { .. } => (NodeKind::Dir, 0),
            Content::Link(target) => (NodeKind::Link, target.len()),
        };
        let Node { links, accessed, modified, changed, .. } = *self;
        Metadata { kind, size: size as u64, links, accessed, modified, changed }
    }

    fn is_dir(&self) -> bool {
        matches!(self.content, Content::Dir { .. })
    }

    /// What it counts for, its names apart.
    fn size_bytes(&self) -> usize {
        NODE_BYTES
            + match &self.content {
                Content::File(Cow::Owned(bytes)) => bytes.capacity(),
                Content::File(Cow::Borrowed(_)) | Content::Dir { .. } => 0,
                Content::Link(target) => target.len(),
            }
    }
}

impl Tree {
    fn new(limit_bytes: usize) -> Tree {
        let (clock, zero) = (CLOCK_START, 0);
        let mut tree =
            Tree { nodes: BTreeMap::new(), next: 1, clock, used_bytes: zero, limit_bytes };
        let entries = BTreeMap::new();
        tree.insert(Content::Dir { parent: NodeId::ROOT, entries });
        if let Ok(root) = tree.node_mut(NodeId::ROOT) {
            root.links = 1;
        }
        tree
    }

    fn tick(&mut self) -> Duration {
        self.clock += Duration::from_millis(1);
        self.clock
    }

    fn node(&self, id: NodeId) -> io::Result<&Node> {
        self.nodes.get(&id).ok_or_else(|| os(sys::ENOENT))
    }

    fn node_mut(&mut self, id: NodeId) -> io::Result<&mut Node> {
        self.nodes.get_mut(&id).ok_or_else(|| os(sys::ENOENT))
    }

    /// Parent and entries of a directory.
    fn dir(&self, id: NodeId) -> io::Result<(NodeId, &Entries)> {
        match &self.node(id)?.content {
            Content::Dir { parent, entries } => Ok((*parent, entries)),
            _ => Err(os(sys::ENOTDIR)),
        }
    }

    fn entries_mut(&mut self, id: NodeId) -> io::Result<&mut Entries> {
        match &mut self.node_mut(id)?.content {
            Content::Dir { entries, .. } => Ok(entries),
            _ => Err(os(sys::ENOTDIR)),
        }
    }

    fn lookup(&self, dir: NodeId, name: &str) -> io::Result<NodeId> {
        self.dir(dir)?.1.get(name).copied().ok_or_else(|| os(sys::ENOENT))
    }

    fn room(&self, bytes: usize) -> io::Result<()> {
        let all = self.used_bytes.checked_add(bytes);
        if all.is_some_and(|all| all <= self.limit_bytes) { Ok(()) } else { Err(no_room()) }
    }

    /// A node that has no name yet.
    fn insert(&mut self, content: Content) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        let now = self.tick();
        let (accessed, modified, changed) = (now, now, now);
        let node = Node { content, links: 0, opened: 0, accessed, modified, changed };
        self.used_bytes += node.size_bytes();
        self.nodes.insert(id, node);
        id
    }

    fn create(&mut self, dir: NodeId, name: &str, content: Content) -> io::Result<NodeId> {
        self.free_name(dir, name)?;
        let target = if let Content::Link(target) = &content { target.len() } else { 0 };
        self.room(NODE_BYTES + NAME_BYTES + name.len() + target)?;
        let id = self.insert(content);
        self.link(dir, name, id)?;
        Ok(id)
    }

    /// Whether a name can be given in a directory, which must not be removed itself.
    fn free_name(&self, dir: NodeId, name: &str) -> io::Result<()> {
        if self.dir(dir)?.1.contains_key(name) {
            return Err(os(sys::EEXIST));
        }
        self.good_name(dir, name)
    }

    fn good_name(&self, dir: NodeId, name: &str) -> io::Result<()> {
        if name.len() > NAME_MAX_BYTES {
            return Err(os(sys::ENAMETOOLONG));
        }
        if self.node(dir)?.links == 0 { Err(os(sys::ENOENT)) } else { Ok(()) }
    }

    fn link(&mut self, dir: NodeId, name: &str, node: NodeId) -> io::Result<()> {
        self.free_name(dir, name)?;
        self.room(NAME_BYTES + name.len())?;
        self.entries_mut(dir)?.insert(name.into(), node);
        self.used_bytes += NAME_BYTES + name.len();
        self.node_mut(node)?.links += 1;
        self.changed(node)?;
        self.modified(dir)
    }

    fn unlink(&mut self, dir: NodeId, name: &str) -> io::Result<()> {
        let removed = self.entries_mut(dir)?.remove(name).ok_or_else(|| os(sys::ENOENT))?;
        self.used_bytes -= NAME_BYTES + name.len();
        self.node_mut(removed)?.links -= 1;
        self.changed(removed)?;
        self.drop_if_unused(removed);
        self.modified(dir)
    }

    fn drop_if_unused(&mut self, id: NodeId) {
        if self.node(id).is_ok_and(|node| node.links == 0 && node.opened == 0)
            && let Some(node) = self.nodes.remove(&id)
        {
            self.used_bytes -= node.size_bytes();
        }
    }

    fn modified(&mut self, id: NodeId) -> io::Result<()> {
        let now = self.tick();
        let node = self.node_mut(id)?;
        (node.modified, node.changed) = (now, now);
        Ok(())
    }

    fn changed(&mut self, id: NodeId) -> io::Result<()> {
        let now = self.tick();
        self.node_mut(id)?.changed = now;
        Ok(())
    }

    /// Whether a name may go: of a directory only an empty one, and only if one is meant.
    fn removable(&self, id: NodeId, directory: bool) -> io::Result<()> {
        match (&self.node(id)?.content, directory) {
            (Content::Dir { .. }, false) => Err(os(sys::EISDIR)),
            (Content::Dir { entries, .. }, true) if !entries.is_empty() => Err(os(sys::ENOTEMPTY)),
            (Content::Dir { .. }, true) | (_, false) => Ok(()),
            (_, true) => Err(os(sys::ENOTDIR)),
        }
    }

    fn rename(&mut self, from: (NodeId, &str), to: (NodeId, &str)) -> io::Result<()> {
        let node = self.lookup(from.0, from.1)?;
        let is_dir = self.node(node)?.is_dir();
        self.good_name(to.0, to.1)?;
        if is_dir && self.is_within(to.0, node)? {
            return Err(os(sys::EINVAL));
        }
        let over = self.dir(to.0)?.1.get(to.1).copied();
        match over {
            Some(over) if over == node => return Ok(()),
            Some(over) => self.removable(over, is_dir)?,
            None => self.room((NAME_BYTES + to.1.len()).saturating_sub(from.1.len()))?,
        }
        // The node keeps a name all the while, or it would go.
        self.node_mut(node)?.links += 1;
        if over.is_some() {
            self.unlink(to.0, to.1)?;
        }
        self.unlink(from.0, from.1)?;
        self.entries_mut(to.0)?.insert(to.1.into(), node);
        self.used_bytes += NAME_BYTES + to.1.len();
        if let Content::Dir { parent, .. } = &mut self.node_mut(node)?.content {
            *parent = to.0;
        }
        self.modified(to.0)
    }

    /// Whether a directory is another one, or somewhere in it.
    fn is_within(&self, mut dir: NodeId, other: NodeId) -> io::Result<bool> {
        loop {
            if dir == other {
                return Ok(true);
            }
            match self.dir(dir)?.0 {
                parent if parent == dir => return Ok(false),
                parent => dir = parent,
            }
        }
    }

    fn resize(&mut self, id: NodeId, size: usize) -> io::Result<()> {
        let available = self.limit_bytes.saturating_sub(self.used_bytes);
        let node = self.node_mut(id)?;
        let before = node.size_bytes();
        let Content::File(bytes) = &mut node.content else { return Err(not_a_file()) };
        resize(bytes, size, available)?;
        self.used_bytes = self.used_bytes - before + self.node(id)?.size_bytes();
        self.modified(id)
    }

    /// A file by its path, with the directories it is in.
    fn place(&mut self, path: &str, bytes: Cow<'static, [u8]>) -> io::Result<()> {
        let mut names = components(path)?;
        let name = names.pop().ok_or_else(|| os(sys::EISDIR))?;
        let dir = self.make_dirs(names)?;
        let file = match self.lookup(dir, name) {
            Ok(file) => file,
            Err(_) => self.create(dir, name, Content::File(Cow::Borrowed(&[])))?,
        };
        let room = self.limit_bytes.saturating_sub(self.used_bytes);
        let node = self.node_mut(file)?;
        let before = node.size_bytes();
        let Content::File(old) = &mut node.content else { return Err(not_a_file()) };
        if matches!(&bytes, Cow::Owned(bytes) if bytes.capacity() > room + before) {
            return Err(no_room());
        }
        *old = bytes;
        self.used_bytes = self.used_bytes - before + self.node(file)?.size_bytes();
        self.modified(file)
    }

    fn make_dirs(&mut self, names: Vec<&str>) -> io::Result<NodeId> {
        let mut at = NodeId::ROOT;
        for name in names {
            at = match self.lookup(at, name) {
                Ok(found) => self.dir(found).map(|_| found)?,
                Err(_) => {
                    let entries = BTreeMap::new();
                    self.create(at, name, Content::Dir { parent: at, entries })?
                }
            };
        }
        Ok(at)
    }
}

/// Cuts or lengthens a file, which may take so many bytes more than it does.
fn resize(bytes: &mut Cow<'static, [u8]>, size: usize, available: usize) -> io::Result<()> {
    let capacity = if let Cow::Owned(owned) = bytes { owned.capacity() } else { 0 };
    let most = capacity.saturating_add(available);
    if size > most {
        return Err(no_room());
    }
    if let Cow::Borrowed(carried) = *bytes {
        let kept = carried.len().min(size);
        let mut owned = Vec::new();
        owned.try_reserve_exact(size).map_err(|_| no_room())?;
        owned.extend_from_slice(&carried[..kept]);
        *bytes = Cow::Owned(owned);
    }
    let owned = bytes.to_mut();
    if size > owned.capacity() {
        // Twice as much as before, so that appending is cheap, if there is room for it.
        let wanted = size.max(capacity.saturating_mul(2)).min(most);
        owned.try_reserve_exact(wanted - owned.len()).map_err(|_| no_room())?;
    }
    owned.resize(size, 0);
    if size == 0 {
        owned.shrink_to_fit();
    }
    Ok(())
}

/// The names in a path of the embedder's; one `/` before it is allowed.
fn components(path: &str) -> io::Result<Vec<&str>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let bad = |name: &str| matches!(name, "" | "." | "..") || name.contains('\0');
    let names: Vec<&str> = path.split('/').collect();
    if names.iter().any(|name| bad(name)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no path: {path:?}")));
    }
    Ok(names)
}

fn os(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

fn not_a_file() -> io::Error {
    os(sys::EISDIR)
}

fn no_room() -> io::Error {
    os(sys::ENOSPC)
}

/// What a node counts for at least: about what it takes.
const NODE_BYTES: usize = 192;
/// What a name counts for beside its bytes.
const NAME_BYTES: usize = 64;
/// As on most systems.
const NAME_MAX_BYTES: usize = 255;
/// The beginning of 2022.
const CLOCK_START: Duration = Duration::from_secs(1_640_995_200);
