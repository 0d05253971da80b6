//! How a guest's path becomes an open file: beneath a directory, and nowhere else.
//!
//! Two ways with one meaning. The kernel's (`openat2` with `RESOLVE_BENEATH`) where there is one;
//! else a walk, one component at a time, that holds every directory on its way open and expands
//! symbolic links itself. Both are free of races: what is renamed or relinked meanwhile can change
//! which file is found, never that it is beneath. An absolute path, an absolute link and a `..`
//! too many are `EPERM`.

use core::ffi::{CStr, c_int};
use std::ffi::CString;
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;

use super::super::sys::{self, NodeType, OsError, Result};
use super::handle::Handle;

/// Who resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// The kernel, if it can.
    Kernel,
    /// Always the walk.
    Walk,
    /// Nobody confines: paths mean what they mean to the process.
    Ambient,
}

/// Opens `path` beneath `dir`. With `O_NOFOLLOW` a final symbolic link is `ELOOP` (or, with
/// `O_PATH`, opened itself).
pub(super) fn open(
    resolver: Resolver,
    dir: &Handle,
    path: &CStr,
    flags: c_int,
    mode: u32,
) -> Result<Handle> {
    if resolver == Resolver::Ambient {
        return dir.open_at(path, flags, mode);
    }
    if let (Resolver::Kernel, Some(fd)) = (resolver, dir.host())
        && kernel_resolves(fd)
    {
        // The kernel gives up with EAGAIN when it raced with a rename.
        for _ in 0..RACES_MAX {
            match sys::open_beneath(fd, path, flags, mode) {
                Err(OsError(sys::EAGAIN)) => {}
                Err(OsError(sys::EXDEV)) => return Err(OsError(sys::EPERM)),
                result => return result.map(Handle::Host),
            }
        }
    }
    Walk { base: dir, dirs: Vec::new(), rest: Vec::new(), links: 0 }.open(path, flags, mode)
}

/// Whether there is an `openat2` that is not forbidden to us; asked once.
fn kernel_resolves(dir: BorrowedFd<'_>) -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let probe = sys::open_beneath(dir, c".", sys::O_PATH | sys::O_DIRECTORY, 0);
        !matches!(probe, Err(OsError(sys::ENOSYS | sys::EPERM | sys::E2BIG | sys::EINVAL)))
    })
}

struct Walk<'a> {
    base: &'a Handle,
    /// The directories between `base` and where we are. `..` drops the last: it is never opened,
    /// so a directory that is moved away meanwhile does not take us with it.
    dirs: Vec<Handle>,
    /// The components still to come, the next one last.
    rest: Vec<CString>,
    /// How many symbolic links were expanded.
    links: usize,
}

impl Walk<'_> {
    fn open(mut self, path: &CStr, flags: c_int, mode: u32) -> Result<Handle> {
        self.push(path.to_bytes())?;
        loop {
            let Some(name) = self.rest.pop() else { return Err(OsError(sys::ENOENT)) };
            let last = self.rest.is_empty();
            match name.to_bytes() {
                b"." | b".." => {
                    if name.to_bytes() == b".." && self.dirs.pop().is_none() {
                        return Err(OsError(sys::EPERM));
                    }
                    if last {
                        // Here we are: a directory, for which `O_NOFOLLOW` means nothing.
                        return self.here().open_at(c".", flags & !sys::O_NOFOLLOW, mode);
                    }
                }
                _ if last => {
                    if let Some(file) = self.last(&name, flags, mode)? {
                        return Ok(file);
                    }
                }
                _ => match self.here().open_at(&name, STEP, 0) {
                    Ok(dir) => self.dirs.push(dir),
                    Err(error) => self.expand(&name, error)?,
                },
            }
        }
    }

    fn here(&self) -> &Handle {
        self.dirs.last().unwrap_or(self.base)
    }

    /// Opens the last component; none if it was a link, which is then expanded.
    fn last(&mut self, name: &CStr, flags: c_int, mode: u32) -> Result<Option<Handle>> {
        let follow = flags & sys::O_NOFOLLOW == 0;
        match self.here().open_at(name, flags | sys::O_NOFOLLOW, mode) {
            Ok(file) => {
                let path_only = sys::O_PATH != 0 && flags & sys::O_PATH != 0;
                if follow && path_only && file.stat()?.node_type() == NodeType::Link {
                    self.expand(name, OsError(sys::ELOOP))?;
                    return Ok(None);
                }
                Ok(Some(file))
            }
            Err(error) if follow => self.expand(name, error).map(|()| None),
            Err(error) => Err(error),
        }
    }

    /// Puts the target of the link `name` in its place, if `error` may have come from one.
    fn expand(&mut self, name: &CStr, error: OsError) -> Result<()> {
        if !matches!(error, OsError(sys::ELOOP | sys::ENOTDIR)) {
            return Err(error);
        }
        let Ok(target) = self.here().readlink_at(name) else { return Err(error) };
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(OsError(sys::ELOOP));
        }
        self.push(&target)
    }

    /// Puts the components of a path before those that are still to come.
    fn push(&mut self, path: &[u8]) -> Result<()> {
        if path.is_empty() {
            return Err(OsError(sys::ENOENT));
        }
        if path.starts_with(b"/") {
            return Err(OsError(sys::EPERM));
        }
        if path.ends_with(b"/") {
            // A trailing slash asks for a directory, through a link too.
            self.rest.push(c".".to_owned());
        }
        for name in path.rsplit(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            self.rest.push(CString::new(name).map_err(|_| OsError(sys::EINVAL))?);
        }
        Ok(())
    }
}

/// How a directory on the way is opened.
const STEP: c_int = sys::O_PATH | sys::O_DIRECTORY | sys::O_NOFOLLOW;
/// As many as the kernel expands.
const LINKS_MAX: usize = 40;
/// How often the kernel may lose a race before the walk takes over.
const RACES_MAX: usize = 16;
