//! The operating system: the only module that calls libc. Everything here is safe to call; a system
//! call interrupted by a signal is repeated; errors are the host's `errno`.
#![allow(unsafe_code)]

mod socket;
mod time;

use core::ffi::{CStr, c_int};
use core::mem::{MaybeUninit, size_of};
use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub(crate) use socket::{accept, receive, send, shutdown};
#[cfg(feature = "cli")]
pub(crate) use time::peak_memory;
pub(crate) use time::{Clock, Watch, poll, random};

pub(crate) use libc::{
    E2BIG, EAGAIN, EBADF, EBUSY, EEXIST, EFAULT, EILSEQ, EINVAL, EIO, EISDIR, ELOOP, EMFILE,
    ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC, ENOSYS, ENOTDIR, ENOTEMPTY, ENOTSUP, EPERM, ERANGE,
    EROFS, ESPIPE, EXDEV,
};
pub(crate) use libc::{
    O_ACCMODE, O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_DSYNC, O_EXCL, O_NOCTTY, O_NOFOLLOW,
    O_NONBLOCK, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY,
};
pub(crate) use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT};

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const O_LARGEFILE: c_int = libc::O_LARGEFILE;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const O_LARGEFILE: c_int = 0;

/// Opens a node without the right to read or write it, where the system has such a thing.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const O_PATH: c_int = libc::O_PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const O_PATH: c_int = 0;

/// The calls with offsets of 64 bits, whose names are others where the C library has some of 32.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod offsets {
    pub(super) use libc::{
        fallocate64 as fallocate, fstat64 as fstat, fstatat64 as fstatat, ftruncate64 as ftruncate,
        lseek64 as lseek, open64 as open, openat64 as openat, posix_fadvise64 as posix_fadvise,
        preadv64 as preadv, pwritev64 as pwritev, stat64 as stat,
    };
}
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
use libc as offsets;

/// The host's `errno`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OsError(pub i32);

pub(crate) type Result<T> = core::result::Result<T, OsError>;

impl OsError {
    fn last() -> OsError {
        OsError::from(std::io::Error::last_os_error())
    }
}
impl From<std::io::Error> for OsError {
    fn from(error: std::io::Error) -> OsError {
        use std::io::ErrorKind as Kind;
        OsError(error.raw_os_error().unwrap_or(match error.kind() {
            Kind::WouldBlock => EAGAIN,
            Kind::BrokenPipe => libc::EPIPE,
            Kind::InvalidInput => EINVAL,
            Kind::NotFound => ENOENT,
            Kind::AlreadyExists => EEXIST,
            Kind::PermissionDenied => libc::EACCES,
            Kind::NotADirectory => ENOTDIR,
            Kind::IsADirectory => EISDIR,
            Kind::DirectoryNotEmpty => ENOTEMPTY,
            Kind::ReadOnlyFilesystem => EROFS,
            Kind::StorageFull => ENOSPC,
            Kind::QuotaExceeded => libc::EDQUOT,
            Kind::FileTooLarge => libc::EFBIG,
            Kind::ResourceBusy => EBUSY,
            Kind::CrossesDevices => EXDEV,
            Kind::TooManyLinks => libc::EMLINK,
            Kind::OutOfMemory => libc::ENOMEM,
            Kind::Unsupported => ENOTSUP,
            Kind::TimedOut => libc::ETIMEDOUT,
            Kind::ConnectionReset => libc::ECONNRESET,
            Kind::NotSeekable => libc::ESPIPE,
            _ => EIO,
        }))
    }
}
impl From<OsError> for std::io::Error {
    fn from(error: OsError) -> std::io::Error {
        std::io::Error::from_raw_os_error(error.0)
    }
}

/// Repeats a call that a signal interrupted; a negative result is an error.
fn retry(mut call: impl FnMut() -> i64) -> Result<i64> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result);
        }
        match OsError::last() {
            OsError(libc::EINTR) => {}
            error => return Err(error),
        }
    }
}

fn owned(fd: i64) -> OwnedFd {
    // SAFETY: H2 (a descriptor that the kernel just made; nobody else knows it)
    unsafe { OwnedFd::from_raw_fd(fd as c_int) }
}

// ---- Opening -------------------------------------------------------------------------------

/// `openat(2)`.
pub(crate) fn open_at(
    dir: BorrowedFd<'_>,
    path: &CStr,
    flags: c_int,
    mode: u32,
) -> Result<OwnedFd> {
    let flags = flags | O_CLOEXEC;
    // SAFETY: H1, H2
    retry(|| unsafe { offsets::openat(dir.as_raw_fd(), path.as_ptr(), flags, mode) }.into())
        .map(owned)
}

/// Opens a directory by a path of the host: only for what the embedder names at start-up.
pub(crate) fn open_ambient_dir(path: &CStr) -> Result<OwnedFd> {
    let flags = O_DIRECTORY | O_CLOEXEC | O_RDONLY;
    // SAFETY: H1
    retry(|| unsafe { offsets::open(path.as_ptr(), flags) }.into()).map(owned)
}

/// Opens a directory of the host's as a place to resolve paths from; it need not be readable.
pub(crate) fn open_ambient_place(path: &CStr) -> Result<OwnedFd> {
    let flags = O_DIRECTORY | O_CLOEXEC | O_PATH;
    // SAFETY: H1
    retry(|| unsafe { offsets::open(path.as_ptr(), flags) }.into()).map(owned)
}

/// `openat2(2)` with `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS`; `ENOSYS` where there is none.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn open_beneath(
    dir: BorrowedFd<'_>,
    path: &CStr,
    flags: c_int,
    mode: u32,
) -> Result<OwnedFd> {
    // SAFETY: H3 (three integers)
    let mut how: libc::open_how = unsafe { MaybeUninit::zeroed().assume_init() };
    how.flags = (flags | O_CLOEXEC) as u32 as u64;
    how.mode = mode.into();
    how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_MAGICLINKS;
    let (dir, path, size) = (dir.as_raw_fd(), path.as_ptr(), size_of::<libc::open_how>());
    // SAFETY: H1, H2
    let open = || unsafe { libc::syscall(libc::SYS_openat2, dir, path, &raw const how, size) };
    #[allow(clippy::unnecessary_cast)] // the width differs between systems
    retry(|| open() as i64).map(owned)
}
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn open_beneath(_: BorrowedFd<'_>, _: &CStr, _: c_int, _: u32) -> Result<OwnedFd> {
    Err(OsError(ENOSYS))
}

/// The process's own standard input (0), output (1) or error (2), as a descriptor of our own.
pub(crate) fn duplicate_stdio(number: c_int) -> Result<OwnedFd> {
    // SAFETY: H2 (if the number is not open, the kernel says EBADF)
    retry(|| unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) }.into()).map(owned)
}

// ---- What a node is ------------------------------------------------------------------------

/// A time as the host keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Time {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// What `stat(2)` tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stat {
    pub dev: u64,
    pub ino: u64,
    pub mode: u32,
    pub nlink: u64,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub atime: Time,
    pub mtime: Time,
    pub ctime: Time,
}

/// The type of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeType {
    Unknown,
    Block,
    Char,
    Dir,
    File,
    Socket,
    Link,
}

impl Stat {
    #[allow(clippy::unnecessary_cast)] // the width differs between systems
    pub(crate) fn node_type(&self) -> NodeType {
        match self.mode & libc::S_IFMT as u32 {
            x if x == libc::S_IFBLK as u32 => NodeType::Block,
            x if x == libc::S_IFCHR as u32 => NodeType::Char,
            x if x == libc::S_IFDIR as u32 => NodeType::Dir,
            x if x == libc::S_IFREG as u32 => NodeType::File,
            x if x == libc::S_IFSOCK as u32 => NodeType::Socket,
            x if x == libc::S_IFLNK as u32 => NodeType::Link,
            _ => NodeType::Unknown,
        }
    }

    /// The bits of `mode` that say this type, for a node that is not the host's.
    #[allow(clippy::unnecessary_cast)] // the width differs between systems
    pub(crate) fn mode_of(node_type: NodeType) -> u32 {
        match node_type {
            NodeType::Block => libc::S_IFBLK as u32,
            NodeType::Char => libc::S_IFCHR as u32,
            NodeType::Dir => libc::S_IFDIR as u32,
            NodeType::File => libc::S_IFREG as u32,
            NodeType::Socket => libc::S_IFSOCK as u32,
            NodeType::Link => libc::S_IFLNK as u32,
            NodeType::Unknown => 0,
        }
    }

    #[allow(clippy::unnecessary_cast)] // the widths differ between systems
    fn from_host(s: &offsets::stat) -> Stat {
        let time = |seconds, nanoseconds| Time { seconds, nanoseconds };
        Stat {
            dev: s.st_dev as u64,
            ino: s.st_ino as u64,
            mode: s.st_mode as u32,
            nlink: s.st_nlink as u64,
            uid: s.st_uid,
            gid: s.st_gid,
            size: s.st_size as u64,
            atime: time(s.st_atime as i64, s.st_atime_nsec as i64),
            mtime: time(s.st_mtime as i64, s.st_mtime_nsec as i64),
            ctime: time(s.st_ctime as i64, s.st_ctime_nsec as i64),
        }
    }
}

/// `fstat(2)`.
pub(crate) fn stat(fd: BorrowedFd<'_>) -> Result<Stat> {
    // SAFETY: H3
    let mut stat: offsets::stat = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: H1, H2
    retry(|| unsafe { offsets::fstat(fd.as_raw_fd(), &raw mut stat) }.into())?;
    Ok(Stat::from_host(&stat))
}

/// `fstatat(2)` of the node itself, be it a symbolic link.
pub(crate) fn stat_at(dir: BorrowedFd<'_>, name: &CStr) -> Result<Stat> {
    // SAFETY: H3
    let mut stat: offsets::stat = unsafe { MaybeUninit::zeroed().assume_init() };
    let (dir, name, out) = (dir.as_raw_fd(), name.as_ptr(), &raw mut stat);
    // SAFETY: H1, H2
    retry(|| unsafe { offsets::fstatat(dir, name, out, libc::AT_SYMLINK_NOFOLLOW) }.into())?;
    Ok(Stat::from_host(&stat))
}

/// Whether it is a terminal.
pub(crate) fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    std::io::IsTerminal::is_terminal(&fd)
}

// ---- Operations on (directory, name) -------------------------------------------------------

/// `mkdirat(2)`.
pub(crate) fn mkdir_at(dir: BorrowedFd<'_>, name: &CStr, mode: u32) -> Result<()> {
    let (dir, name) = (dir.as_raw_fd(), name.as_ptr());
    // SAFETY: H1, H2
    retry(|| unsafe { libc::mkdirat(dir, name, mode as libc::mode_t) }.into()).map(drop)
}

/// `unlinkat(2)` of a directory or of something else.
pub(crate) fn unlink_at(dir: BorrowedFd<'_>, name: &CStr, directory: bool) -> Result<()> {
    let flags = if directory { libc::AT_REMOVEDIR } else { 0 };
    // SAFETY: H1, H2
    retry(|| unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), flags) }.into()).map(drop)
}

/// `renameat(2)`.
pub(crate) fn rename_at(
    old_dir: BorrowedFd<'_>,
    old: &CStr,
    new_dir: BorrowedFd<'_>,
    new: &CStr,
) -> Result<()> {
    let (from, to) = (old_dir.as_raw_fd(), new_dir.as_raw_fd());
    // SAFETY: H1, H2
    retry(|| unsafe { libc::renameat(from, old.as_ptr(), to, new.as_ptr()) }.into()).map(drop)
}

/// `linkat(2)`; a symbolic link is linked itself.
pub(crate) fn link_at(
    old_dir: BorrowedFd<'_>,
    old: &CStr,
    new_dir: BorrowedFd<'_>,
    new: &CStr,
) -> Result<()> {
    let (from, to) = (old_dir.as_raw_fd(), new_dir.as_raw_fd());
    // SAFETY: H1, H2
    retry(|| unsafe { libc::linkat(from, old.as_ptr(), to, new.as_ptr(), 0) }.into()).map(drop)
}

/// `symlinkat(2)`.
pub(crate) fn symlink_at(target: &CStr, dir: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    let dir = dir.as_raw_fd();
    // SAFETY: H1, H2
    retry(|| unsafe { libc::symlinkat(target.as_ptr(), dir, name.as_ptr()) }.into()).map(drop)
}

/// `readlinkat(2)`.
pub(crate) fn readlink_at(dir: BorrowedFd<'_>, name: &CStr) -> Result<Vec<u8>> {
    // Linux cuts targets at PATH_MAX - 1; other systems at no more.
    let mut target = vec![0u8; libc::PATH_MAX as usize];
    let (dir, name) = (dir.as_raw_fd(), name.as_ptr());
    // SAFETY: H1, H2
    let len = retry(|| unsafe {
        libc::readlinkat(dir, name, target.as_mut_ptr().cast(), target.len()) as i64
    })?;
    target.truncate(len as usize);
    Ok(target)
}

/// What to do with a time of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetTime {
    Keep,
    Now,
    To(Time),
}

impl SetTime {
    fn to_host(self) -> libc::timespec {
        // SAFETY: H3 (some systems pad the structure)
        let mut time: libc::timespec = unsafe { MaybeUninit::zeroed().assume_init() };
        match self {
            SetTime::Keep => time.tv_nsec = libc::UTIME_OMIT as _,
            SetTime::Now => time.tv_nsec = libc::UTIME_NOW as _,
            SetTime::To(t) => {
                time.tv_sec = t.seconds as _;
                time.tv_nsec = t.nanoseconds as _;
            }
        }
        time
    }
}

/// `futimens(2)`; also of a descriptor opened with `O_PATH`.
pub(crate) fn set_times(fd: BorrowedFd<'_>, access: SetTime, modify: SetTime) -> Result<()> {
    let times = [access.to_host(), modify.to_host()];
    // SAFETY: H1, H2
    let direct = retry(|| unsafe { libc::futimens(fd.as_raw_fd(), times.as_ptr()) }.into());
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if direct == Err(OsError(EBADF)) {
        // O_PATH: by the empty path (since Linux 5.8), else through the descriptor's own name.
        // SAFETY: H1, H2
        let by_empty_path = retry(|| unsafe {
            let (fd, flags) = (fd.as_raw_fd(), libc::AT_EMPTY_PATH);
            libc::utimensat(fd, c"".as_ptr(), times.as_ptr(), flags).into()
        });
        if by_empty_path.is_ok() {
            return Ok(());
        }
        let name = CString::new(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        let name = name.map_err(|_| OsError(EINVAL))?;
        // SAFETY: H1
        return retry(|| unsafe {
            libc::utimensat(libc::AT_FDCWD, name.as_ptr(), times.as_ptr(), 0).into()
        })
        .map(drop);
    }
    direct.map(drop)
}

/// `utimensat(2)` of the node itself, be it a symbolic link.
pub(crate) fn set_times_at(
    dir: BorrowedFd<'_>,
    name: &CStr,
    access: SetTime,
    modify: SetTime,
) -> Result<()> {
    let times = [access.to_host(), modify.to_host()];
    let (dir, name, flags) = (dir.as_raw_fd(), name.as_ptr(), libc::AT_SYMLINK_NOFOLLOW);
    // SAFETY: H1, H2
    retry(|| unsafe { libc::utimensat(dir, name, times.as_ptr(), flags) }.into()).map(drop)
}

/// Calls `each` with name, inode and type (if the directory tells it) of every entry, `.` and
/// `..` included, until it answers false.
pub(crate) fn list_dir(
    dir: BorrowedFd<'_>,
    mut each: impl FnMut(&[u8], u64, Option<NodeType>) -> bool,
) -> Result<()> {
    // A description of our own: the position of `dir` stays as it is.
    let fd = open_at(dir, c".", O_RDONLY | O_DIRECTORY, 0)?;
    // SAFETY: H5
    let stream = unsafe { libc::fdopendir(fd.as_raw_fd()) };
    if stream.is_null() {
        return Err(OsError::last());
    }
    core::mem::forget(fd); // the stream owns it now
    let result = loop {
        clear_errno();
        // SAFETY: H5
        let entry = unsafe { libc::readdir(stream) };
        if entry.is_null() {
            match OsError::last() {
                OsError(0) => break Ok(()),
                error => break Err(error),
            }
        }
        // SAFETY: H5
        let (name, ino, kind) = unsafe {
            let name = CStr::from_ptr((&raw const (*entry).d_name).cast());
            (name, (*entry).d_ino, (*entry).d_type)
        };
        let kind = match kind {
            libc::DT_BLK => Some(NodeType::Block),
            libc::DT_CHR => Some(NodeType::Char),
            libc::DT_DIR => Some(NodeType::Dir),
            libc::DT_REG => Some(NodeType::File),
            libc::DT_SOCK => Some(NodeType::Socket),
            libc::DT_LNK => Some(NodeType::Link),
            libc::DT_UNKNOWN => None,
            _ => Some(NodeType::Unknown),
        };
        #[allow(clippy::useless_conversion)] // the width differs between systems
        if !each(name.to_bytes(), ino.into(), kind) {
            break Ok(());
        }
    };
    // SAFETY: H5
    unsafe { libc::closedir(stream) };
    result
}

/// `readdir(3)` tells its end from an error by `errno` alone.
fn clear_errno() {
    // SAFETY: H6
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "emscripten"))]
        libc::__errno_location().write(0);
        #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
        libc::__error().write(0);
        #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
        libc::__errno().write(0);
    }
}

// ---- Reading and writing -------------------------------------------------------------------

/// A piece of a guest's memory: start and length in bytes.
pub(crate) type Span = (usize, usize);

/// How many spans one call takes (`IOV_MAX` of Linux; the least that POSIX knows is 16).
pub(crate) const SPANS_MAX: usize = 1024;

fn iovecs(base: *mut u8, len: usize, spans: &[Span]) -> Vec<libc::iovec> {
    assert!(spans.len() <= SPANS_MAX);
    let iovec = |&(start, size): &Span| {
        assert!(start <= len && size <= len - start, "a span outside the memory");
        libc::iovec { iov_base: base.wrapping_add(start).cast(), iov_len: size }
    };
    spans.iter().map(iovec).collect()
}

/// `readv(2)` or, at an offset, `preadv(2)` into pieces of `memory`, which may overlap.
pub(crate) fn read(
    fd: BorrowedFd<'_>,
    memory: &mut [u8],
    spans: &[Span],
    offset: Option<i64>,
) -> Result<usize> {
    let iovecs = iovecs(memory.as_mut_ptr(), memory.len(), spans);
    let (fd, list, count) = (fd.as_raw_fd(), iovecs.as_ptr(), iovecs.len() as c_int);
    // SAFETY: H2, H4
    let size = retry(|| unsafe {
        match offset {
            None => libc::readv(fd, list, count) as i64,
            Some(offset) => offsets::preadv(fd, list, count, offset) as i64,
        }
    })?;
    Ok(size as usize)
}

/// `writev(2)` or, at an offset, `pwritev(2)` of pieces of `memory`.
pub(crate) fn write(
    fd: BorrowedFd<'_>,
    memory: &[u8],
    spans: &[Span],
    offset: Option<i64>,
) -> Result<usize> {
    // The kernel only reads through these pointers.
    let iovecs = iovecs(memory.as_ptr().cast_mut(), memory.len(), spans);
    let (fd, list, count) = (fd.as_raw_fd(), iovecs.as_ptr(), iovecs.len() as c_int);
    // SAFETY: H2, H4
    let size = retry(|| unsafe {
        match offset {
            None => libc::writev(fd, list, count) as i64,
            Some(offset) => offsets::pwritev(fd, list, count, offset) as i64,
        }
    })?;
    Ok(size as usize)
}

/// Lets `write` fail with `EPIPE` and without the signal that ends a process which does not expect
/// it. A signal that the process has a handler for, or ignores, is its own matter.
pub(crate) fn without_sigpipe<T>(write: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: H3
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: H1
    unsafe { libc::sigaction(libc::SIGPIPE, core::ptr::null(), &raw mut action) };
    if action.sa_sigaction != libc::SIG_DFL {
        return write();
    }
    // SAFETY: H3 (a set of signals is an array of integers)
    let mut pipe: libc::sigset_t = unsafe { MaybeUninit::zeroed().assume_init() };
    let (mut before, mut pending) = (pipe, pipe);
    // SAFETY: H1
    unsafe {
        libc::sigemptyset(&raw mut pipe);
        libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
        libc::sigpending(&raw mut pending);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut before);
    }
    let result = write();
    // SAFETY: H1
    unsafe {
        let was_pending = libc::sigismember(&raw const pending, libc::SIGPIPE) == 1;
        libc::sigpending(&raw mut pending);
        if !was_pending && libc::sigismember(&raw const pending, libc::SIGPIPE) == 1 {
            let mut number = 0;
            libc::sigwait(&raw const pipe, &raw mut number);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, core::ptr::null_mut());
    }
    result
}

/// From where `seek` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whence {
    Start,
    Current,
    End,
}

/// `lseek(2)`.
pub(crate) fn seek(fd: BorrowedFd<'_>, offset: i64, whence: Whence) -> Result<u64> {
    let whence = match whence {
        Whence::Start => libc::SEEK_SET,
        Whence::Current => libc::SEEK_CUR,
        Whence::End => libc::SEEK_END,
    };
    // SAFETY: H2
    retry(|| unsafe { offsets::lseek(fd.as_raw_fd(), offset, whence) }).map(|at| at as u64)
}

/// `ftruncate(2)`.
pub(crate) fn set_size(fd: BorrowedFd<'_>, size: i64) -> Result<()> {
    // SAFETY: H2
    retry(|| unsafe { offsets::ftruncate(fd.as_raw_fd(), size) }.into()).map(drop)
}

/// `fallocate(2)`: reserves room and grows the file. Never the emulation of some C libraries,
/// which writes every block.
pub(crate) fn allocate(fd: BorrowedFd<'_>, offset: i64, len: i64) -> Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // SAFETY: H2
        retry(|| unsafe { offsets::fallocate(fd.as_raw_fd(), 0, offset, len) }.into()).map(drop)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (fd, offset, len);
        Err(OsError(libc::ENOTSUP))
    }
}

/// The last advice that WASI knows.
pub(crate) const ADVICE_MAX: u32 = 5;

/// `posix_fadvise(2)`, where there is one; `advice` counts as WASI does.
pub(crate) fn advise(fd: BorrowedFd<'_>, offset: i64, len: i64, advice: u32) -> Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let advice = match advice {
            0 => libc::POSIX_FADV_NORMAL,
            1 => libc::POSIX_FADV_SEQUENTIAL,
            2 => libc::POSIX_FADV_RANDOM,
            3 => libc::POSIX_FADV_WILLNEED,
            4 => libc::POSIX_FADV_DONTNEED,
            5 => libc::POSIX_FADV_NOREUSE,
            _ => return Err(OsError(EINVAL)),
        };
        // SAFETY: H2
        match unsafe { offsets::posix_fadvise(fd.as_raw_fd(), offset, len, advice) } {
            0 => Ok(()),
            error => Err(OsError(error)),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (fd, offset, len);
        if advice > ADVICE_MAX { Err(OsError(EINVAL)) } else { Ok(()) }
    }
}

/// `fsync(2)`, or `fdatasync(2)` if only the data matter.
pub(crate) fn sync(fd: BorrowedFd<'_>, only_data: bool) -> Result<()> {
    // SAFETY: H2
    retry(|| unsafe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if only_data {
            return libc::fdatasync(fd.as_raw_fd()).into();
        }
        let _ = only_data;
        libc::fsync(fd.as_raw_fd()).into()
    })
    .map(drop)
}

/// Sets or clears `O_APPEND` and `O_NONBLOCK` of an open file that nobody else uses.
pub(crate) fn set_status(fd: BorrowedFd<'_>, append: bool, nonblock: bool) -> Result<()> {
    let fd = fd.as_raw_fd();
    // SAFETY: H2
    let old = retry(|| unsafe { libc::fcntl(fd, libc::F_GETFL) }.into())? as c_int;
    let mut new = old & !(O_APPEND | O_NONBLOCK);
    new |= if append { O_APPEND } else { 0 };
    new |= if nonblock { O_NONBLOCK } else { 0 };
    // SAFETY: H2
    retry(|| unsafe { libc::fcntl(fd, libc::F_SETFL, new) }.into()).map(drop)
}

/// How many bytes can be read without waiting, if the system knows.
pub(crate) fn readable(fd: BorrowedFd<'_>) -> Option<u64> {
    let mut count: c_int = 0;
    // SAFETY: H1, H2 (FIONREAD writes one int)
    retry(|| unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut count) }.into()).ok()?;
    u64::try_from(count).ok()
}
