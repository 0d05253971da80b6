//! The errors of `wasi_snapshot_preview1`.

use core::fmt;

use crate::host::abi::Fault;
use crate::host::sys::OsError;

/// An error as a guest sees it: the result of every function but `proc_exit`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errno(u16);

macro_rules! errnos { ($($number:literal $name:ident $text:literal $host:tt $doc:literal;)*) => {
    #[allow(non_upper_case_globals)]
    impl Errno {
        $(#[doc = $doc] pub const $name: Errno = Errno($number);)*

        /// Every errno, in the order of its number.
        pub const ALL: &'static [Errno] = &[$(Errno::$name,)*];

        /// The name in the specification, in capitals and without a prefix: `NOTCAPABLE`.
        pub const fn name(self) -> &'static str {
            const NAMES: &[&str] = &[$($text,)*];
            NAMES[self.0 as usize]
        }
    }

    /// The pairs of the host's number and ours.
    const HOST: &[(i32, Errno)] = &[$(errnos!(@host $host $name),)*];
};
    (@host - $name:ident) => { (0, Errno::$name) };
    (@host $host:ident $name:ident) => { (libc::$host, Errno::$name) };
}

// number, constant, name, the host's constant, meaning
errnos! {
    0 SUCCESS "SUCCESS" - "No error.";
    1 TOOBIG "2BIG" E2BIG "Argument list too long.";
    2 ACCES "ACCES" EACCES "Permission denied.";
    3 ADDRINUSE "ADDRINUSE" EADDRINUSE "Address in use.";
    4 ADDRNOTAVAIL "ADDRNOTAVAIL" EADDRNOTAVAIL "Address not available.";
    5 AFNOSUPPORT "AFNOSUPPORT" EAFNOSUPPORT "Address family not supported.";
    6 AGAIN "AGAIN" EAGAIN "Resource unavailable, or the operation would wait.";
    7 ALREADY "ALREADY" EALREADY "Connection already in progress.";
    8 BADF "BADF" EBADF "Bad file descriptor.";
    9 BADMSG "BADMSG" EBADMSG "Bad message.";
    10 BUSY "BUSY" EBUSY "Device or resource busy.";
    11 CANCELED "CANCELED" ECANCELED "Operation canceled.";
    12 CHILD "CHILD" ECHILD "No child processes.";
    13 CONNABORTED "CONNABORTED" ECONNABORTED "Connection aborted.";
    14 CONNREFUSED "CONNREFUSED" ECONNREFUSED "Connection refused.";
    15 CONNRESET "CONNRESET" ECONNRESET "Connection reset.";
    16 DEADLK "DEADLK" EDEADLK "Resource deadlock would occur.";
    17 DESTADDRREQ "DESTADDRREQ" EDESTADDRREQ "Destination address required.";
    18 DOM "DOM" EDOM "Mathematics argument out of domain.";
    19 DQUOT "DQUOT" EDQUOT "Reserved.";
    20 EXIST "EXIST" EEXIST "File exists.";
    21 FAULT "FAULT" EFAULT "Bad address.";
    22 FBIG "FBIG" EFBIG "File too large.";
    23 HOSTUNREACH "HOSTUNREACH" EHOSTUNREACH "Host is unreachable.";
    24 IDRM "IDRM" EIDRM "Identifier removed.";
    25 ILSEQ "ILSEQ" EILSEQ "Illegal byte sequence.";
    26 INPROGRESS "INPROGRESS" EINPROGRESS "Operation in progress.";
    27 INTR "INTR" EINTR "Interrupted.";
    28 INVAL "INVAL" EINVAL "Invalid argument.";
    29 IO "IO" EIO "Input or output error.";
    30 ISCONN "ISCONN" EISCONN "Socket is connected.";
    31 ISDIR "ISDIR" EISDIR "Is a directory.";
    32 LOOP "LOOP" ELOOP "Too many levels of symbolic links.";
    33 MFILE "MFILE" EMFILE "File descriptor value too large.";
    34 MLINK "MLINK" EMLINK "Too many links.";
    35 MSGSIZE "MSGSIZE" EMSGSIZE "Message too large.";
    36 MULTIHOP "MULTIHOP" EMULTIHOP "Reserved.";
    37 NAMETOOLONG "NAMETOOLONG" ENAMETOOLONG "Name too long.";
    38 NETDOWN "NETDOWN" ENETDOWN "Network is down.";
    39 NETRESET "NETRESET" ENETRESET "Connection aborted by the network.";
    40 NETUNREACH "NETUNREACH" ENETUNREACH "Network unreachable.";
    41 NFILE "NFILE" ENFILE "Too many open files in the system.";
    42 NOBUFS "NOBUFS" ENOBUFS "No buffer space.";
    43 NODEV "NODEV" ENODEV "No such device.";
    44 NOENT "NOENT" ENOENT "No such file or directory.";
    45 NOEXEC "NOEXEC" ENOEXEC "Executable file format error.";
    46 NOLCK "NOLCK" ENOLCK "No locks available.";
    47 NOLINK "NOLINK" ENOLINK "Reserved.";
    48 NOMEM "NOMEM" ENOMEM "Not enough room.";
    49 NOMSG "NOMSG" ENOMSG "No message of the desired type.";
    50 NOPROTOOPT "NOPROTOOPT" ENOPROTOOPT "Protocol not available.";
    51 NOSPC "NOSPC" ENOSPC "No room left on the device.";
    52 NOSYS "NOSYS" ENOSYS "Function not supported.";
    53 NOTCONN "NOTCONN" ENOTCONN "The socket is not connected.";
    54 NOTDIR "NOTDIR" ENOTDIR "Not a directory.";
    55 NOTEMPTY "NOTEMPTY" ENOTEMPTY "Directory not empty.";
    56 NOTRECOVERABLE "NOTRECOVERABLE" ENOTRECOVERABLE "State not recoverable.";
    57 NOTSOCK "NOTSOCK" ENOTSOCK "Not a socket.";
    58 NOTSUP "NOTSUP" ENOTSUP "Not supported.";
    59 NOTTY "NOTTY" ENOTTY "Not a terminal.";
    60 NXIO "NXIO" ENXIO "No such device or address.";
    61 OVERFLOW "OVERFLOW" EOVERFLOW "Value too large.";
    62 OWNERDEAD "OWNERDEAD" EOWNERDEAD "Previous owner died.";
    63 PERM "PERM" EPERM "Operation not permitted.";
    64 PIPE "PIPE" EPIPE "Broken pipe.";
    65 PROTO "PROTO" EPROTO "Protocol error.";
    66 PROTONOSUPPORT "PROTONOSUPPORT" EPROTONOSUPPORT "Protocol not supported.";
    67 PROTOTYPE "PROTOTYPE" EPROTOTYPE "Wrong protocol type for the socket.";
    68 RANGE "RANGE" ERANGE "Result too large.";
    69 ROFS "ROFS" EROFS "Read-only file system.";
    70 SPIPE "SPIPE" ESPIPE "Invalid seek.";
    71 SRCH "SRCH" ESRCH "No such process.";
    72 STALE "STALE" ESTALE "Reserved.";
    73 TIMEDOUT "TIMEDOUT" ETIMEDOUT "Timed out.";
    74 TXTBSY "TXTBSY" ETXTBSY "Text file busy.";
    75 XDEV "XDEV" EXDEV "Link across devices.";
    76 NOTCAPABLE "NOTCAPABLE" - "Capabilities insufficient.";
}

impl Errno {
    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The errno with this number, if there is one.
    pub fn from_number(number: u16) -> Option<Errno> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl From<OsError> for Errno {
    fn from(error: OsError) -> Errno {
        let found = HOST.iter().find(|(host, _)| *host == error.0 && *host != 0);
        // Two numbers on some systems, one in WASI.
        let twin = [(libc::EOPNOTSUPP, Errno::NOTSUP), (libc::EWOULDBLOCK, Errno::AGAIN)];
        let twin = || twin.iter().find(|(host, _)| *host == error.0);
        found.or_else(twin).map_or(Errno::IO, |pair| pair.1)
    }
}

impl From<Fault> for Errno {
    fn from(fault: Fault) -> Errno {
        match fault {
            Fault::OutOfBounds => Errno::FAULT,
            Fault::TooLong => Errno::INVAL,
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positions() {
        assert_eq!(Errno::ALL.len(), 77);
        for (i, errno) in Errno::ALL.iter().enumerate() {
            assert_eq!(usize::from(errno.number()), i);
        }
        assert_eq!(Errno::from_number(76), Some(Errno::NOTCAPABLE));
        assert_eq!(Errno::from_number(77), None);
        assert_eq!(Errno::TOOBIG.name(), "2BIG");
        assert_eq!(format!("{:?}", Errno::XDEV), "XDEV(75)");
    }

    #[test]
    fn host_errors_have_a_number() {
        assert_eq!(Errno::from(OsError(libc::ENOENT)), Errno::NOENT);
        assert_eq!(Errno::from(OsError(libc::EOPNOTSUPP)), Errno::NOTSUP);
        assert_eq!(Errno::from(OsError(libc::EWOULDBLOCK)), Errno::AGAIN);
        assert_eq!(Errno::from(OsError(0)), Errno::IO);
        assert_eq!(Errno::from(OsError(99_999)), Errno::IO);
    }
}
