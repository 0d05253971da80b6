//! Sockets.

use core::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::{EINVAL, OsError, Result, Span, iovecs, owned, retry};

/// `accept(2)`.
pub(crate) fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd> {
    let (fd, null) = (listener.as_raw_fd(), core::ptr::null_mut());
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        // SAFETY: H1, H2
        retry(|| unsafe { libc::accept4(fd, null, null.cast(), libc::SOCK_CLOEXEC) }.into())
            .map(owned)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        // SAFETY: H1, H2
        let socket = retry(|| unsafe { libc::accept(fd, null, null.cast()) }.into()).map(owned)?;
        // SAFETY: H2
        retry(|| {
            unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) }.into()
        })?;
        Ok(socket)
    }
}

fn message(iovecs: &mut [libc::iovec]) -> libc::msghdr {
    // SAFETY: H3
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = iovecs.as_mut_ptr();
    message.msg_iovlen = iovecs.len() as _;
    message
}

/// `recvmsg(2)`: how many bytes, and whether the message was longer.
pub(crate) fn receive(
    fd: BorrowedFd<'_>,
    memory: &mut [u8],
    spans: &[Span],
    peek: bool,
    wait_all: bool,
) -> Result<(usize, bool)> {
    let mut iovecs = iovecs(memory.as_mut_ptr(), memory.len(), spans);
    let mut message = message(&mut iovecs);
    let mut flags = if peek { libc::MSG_PEEK } else { 0 };
    flags |= if wait_all { libc::MSG_WAITALL } else { 0 };
    // SAFETY: H2, H4
    let size = retry(|| unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags) as i64 })?;
    Ok((size as usize, message.msg_flags & libc::MSG_TRUNC != 0))
}

/// `sendmsg(2)`, without a signal if nobody listens.
pub(crate) fn send(fd: BorrowedFd<'_>, memory: &[u8], spans: &[Span]) -> Result<usize> {
    let mut iovecs = iovecs(memory.as_ptr().cast_mut(), memory.len(), spans);
    let message = message(&mut iovecs);
    let (fd, flags) = (fd.as_raw_fd(), libc::MSG_NOSIGNAL);
    // SAFETY: H2, H4
    retry(|| unsafe { libc::sendmsg(fd, &raw const message, flags) as i64 }).map(|n| n as usize)
}

/// `shutdown(2)`.
pub(crate) fn shutdown(fd: BorrowedFd<'_>, read: bool, write: bool) -> Result<()> {
    let how = match (read, write) {
        (true, false) => libc::SHUT_RD,
        (false, true) => libc::SHUT_WR,
        (true, true) => libc::SHUT_RDWR,
        (false, false) => return Err(OsError(EINVAL)),
    };
    // SAFETY: H2
    retry(|| unsafe { libc::shutdown(fd.as_raw_fd(), how) }.into()).map(drop)
}
