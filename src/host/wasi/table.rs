//! Every function of WASI preview 1, once: name, parameters, meaning. Linking, the trace of host
//! calls and the list in docs/wasi.md derive from it.

use super::call::{Cx, Outcome};
use crate::{FuncType, ValType};

/// A function of the host.
pub(super) struct HostFunction {
    pub name: &'static str,
    /// What it does, in a sentence.
    #[cfg_attr(not(test), allow(dead_code))] // for the documentation
    pub doc: &'static str,
    pub params: &'static [Param],
    pub body: Body,
}

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Param {
    #[cfg_attr(not(test), allow(dead_code))] // for the documentation
    pub name: &'static str,
    pub kind: Kind,
}

/// What a parameter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file descriptor.
    Fd,
    /// A number.
    U32,
    /// A number.
    U64,
    /// A number with a sign.
    I64,
    /// A position in the memory.
    Ptr,
    /// A length in bytes or a number of elements; that of the parameter before, if there is one
    /// that has a length.
    Len,
    /// The position of a path; its length follows.
    Path,
    /// The position of a buffer; its length follows.
    Buf,
    /// The position of a list of buffers; their number follows.
    Iovs,
    /// Where a result goes: a number of 16, 32 or 64 bits, …
    OutU16,
    OutU32,
    OutU64,
    /// … or a structure.
    OutFdstat,
    OutFilestat,
    OutPrestat,
    /// Whether a final symbolic link is followed.
    Lookup,
    /// How to open.
    Oflags,
    /// Flags of an open file.
    Fdflags,
    /// Rights that are asked for; of these only reading and writing matter.
    Rights,
    /// Rights that do not matter.
    Ignored,
    /// Which times to set.
    Fstflags,
    /// From where to count.
    Whence,
    /// A clock.
    Clock,
    /// How a file will be used.
    Advice,
    /// How to receive.
    Riflags,
    /// Which directions to close.
    Sdflags,
}

impl Kind {
    /// Whether it is an i64.
    fn is_wide(self) -> bool {
        matches!(self, Kind::U64 | Kind::I64 | Kind::Rights | Kind::Ignored)
    }

    /// Whether its length follows.
    pub(super) fn has_length(self) -> bool {
        matches!(self, Kind::Path | Kind::Buf | Kind::Iovs)
    }
}

/// How a function runs.
pub(super) enum Body {
    /// Its result is an errno.
    Errno(fn(&mut Cx<'_>, &[u64]) -> Outcome),
    /// It ends the program, with its argument as the exit code.
    Exit,
}

impl HostFunction {
    /// The type that a module imports it with.
    pub(super) fn ty(&self) -> FuncType {
        let param = |param: &Param| if param.kind.is_wide() { ValType::I64 } else { ValType::I32 };
        let results: &[ValType] = match self.body {
            Body::Errno(_) => &[ValType::I32],
            Body::Exit => &[],
        };
        FuncType { params: self.params.iter().map(param).collect(), results: results.into() }
    }
}

macro_rules! functions { ($(
    #[doc = $doc:literal] $name:ident($($param:ident: $kind:ident),*) $(-> $never:ident)?;
)*) => {
    /// Every function.
    pub(super) static FUNCTIONS: &[HostFunction] = &[$(HostFunction {
        name: stringify!($name),
        doc: $doc,
        params: &[$(Param { name: stringify!($param), kind: Kind::$kind }),*],
        body: functions!(@body $name($($param: $kind),*) $($never)?),
    },)*];
};
    (@body $name:ident($($param:ident: $kind:ident),*) never) => { Body::Exit };
    (@body $name:ident($($param:ident: $kind:ident),*)) => {
        Body::Errno(|cx, slots| {
            #[allow(unused_mut, unused_variables)]
            let mut slots = slots.iter().copied();
            $(let $param = functions!(@take $kind slots.next().unwrap_or(0));)*
            cx.$name($($param),*)
        })
    };
    (@take U64 $slot:expr) => { $slot };
    (@take I64 $slot:expr) => { $slot as i64 };
    (@take Rights $slot:expr) => { $slot };
    (@take Ignored $slot:expr) => { $slot };
    // Positions and lengths are wider than they need be: sums of them never wrap.
    (@take Ptr $slot:expr) => { u64::from($slot as u32) };
    (@take Len $slot:expr) => { u64::from($slot as u32) };
    (@take Path $slot:expr) => { u64::from($slot as u32) };
    (@take Buf $slot:expr) => { u64::from($slot as u32) };
    (@take Iovs $slot:expr) => { u64::from($slot as u32) };
    (@take OutU16 $slot:expr) => { u64::from($slot as u32) };
    (@take OutU32 $slot:expr) => { u64::from($slot as u32) };
    (@take OutU64 $slot:expr) => { u64::from($slot as u32) };
    (@take OutFdstat $slot:expr) => { u64::from($slot as u32) };
    (@take OutFilestat $slot:expr) => { u64::from($slot as u32) };
    (@take OutPrestat $slot:expr) => { u64::from($slot as u32) };
    (@take $kind:ident $slot:expr) => { $slot as u32 };
}

functions! {
    /// The arguments: pointers to `argv`, NUL-terminated text to `argv_buf`.
    args_get(argv: Ptr, argv_buf: Ptr);
    /// How many arguments there are, and how long they are together.
    args_sizes_get(argc: OutU32, argv_buf_size: OutU32);
    /// The environment: pointers to `environ`, NUL-terminated `K=V` to `environ_buf`.
    environ_get(environ: Ptr, environ_buf: Ptr);
    /// How many variables there are, and how long they are together.
    environ_sizes_get(environc: OutU32, environ_buf_size: OutU32);
    /// The resolution of a clock in nanoseconds.
    clock_res_get(id: Clock, resolution: OutU64);
    /// The time of a clock in nanoseconds.
    clock_time_get(id: Clock, precision: U64, time: OutU64);
    /// Says how a file will be used.
    fd_advise(fd: Fd, offset: U64, len: U64, advice: Advice);
    /// Makes room in a file.
    fd_allocate(fd: Fd, offset: U64, len: U64);
    /// Closes a descriptor.
    fd_close(fd: Fd);
    /// Writes the data of a file to the disk.
    fd_datasync(fd: Fd);
    /// Type, flags and rights of a descriptor.
    fd_fdstat_get(fd: Fd, stat: OutFdstat);
    /// Sets the flags of a descriptor.
    fd_fdstat_set_flags(fd: Fd, flags: Fdflags);
    /// Gives up rights of a descriptor: not supported.
    fd_fdstat_set_rights(fd: Fd, rights_base: Rights, rights_inheriting: Ignored);
    /// Type, size, times … of an open file.
    fd_filestat_get(fd: Fd, buf: OutFilestat);
    /// Cuts or grows a file.
    fd_filestat_set_size(fd: Fd, size: U64);
    /// Sets the times of an open file.
    fd_filestat_set_times(fd: Fd, atim: U64, mtim: U64, fst_flags: Fstflags);
    /// Reads at an offset.
    fd_pread(fd: Fd, iovs: Iovs, iovs_len: Len, offset: U64, nread: OutU32);
    /// The kind of a preopened descriptor.
    fd_prestat_get(fd: Fd, buf: OutPrestat);
    /// The name of a preopened directory.
    fd_prestat_dir_name(fd: Fd, path: Buf, path_len: Len);
    /// Writes at an offset.
    fd_pwrite(fd: Fd, iovs: Iovs, iovs_len: Len, offset: U64, nwritten: OutU32);
    /// Reads.
    fd_read(fd: Fd, iovs: Iovs, iovs_len: Len, nread: OutU32);
    /// Lists a directory.
    fd_readdir(fd: Fd, buf: Buf, buf_len: Len, cookie: U64, bufused: OutU32);
    /// Moves a descriptor to the number of another, which is closed.
    fd_renumber(fd: Fd, to: Fd);
    /// Moves the position of a file.
    fd_seek(fd: Fd, offset: I64, whence: Whence, newoffset: OutU64);
    /// Writes a file to the disk.
    fd_sync(fd: Fd);
    /// The position of a file.
    fd_tell(fd: Fd, offset: OutU64);
    /// Writes.
    fd_write(fd: Fd, iovs: Iovs, iovs_len: Len, nwritten: OutU32);
    /// Makes a directory.
    path_create_directory(fd: Fd, path: Path, path_len: Len);
    /// Type, size, times … of a file.
    path_filestat_get(fd: Fd, flags: Lookup, path: Path, path_len: Len, buf: OutFilestat);
    /// Sets the times of a file.
    path_filestat_set_times(
        fd: Fd, flags: Lookup, path: Path, path_len: Len, atim: U64, mtim: U64,
        fst_flags: Fstflags
    );
    /// Makes a second name of a file.
    path_link(
        old_fd: Fd, old_flags: Lookup, old_path: Path, old_path_len: Len,
        new_fd: Fd, new_path: Path, new_path_len: Len
    );
    /// Opens a file or a directory.
    path_open(
        fd: Fd, dirflags: Lookup, path: Path, path_len: Len, oflags: Oflags,
        fs_rights_base: Rights, fs_rights_inheriting: Ignored, fdflags: Fdflags,
        opened_fd: OutU32
    );
    /// The target of a symbolic link.
    path_readlink(fd: Fd, path: Path, path_len: Len, buf: Buf, buf_len: Len, bufused: OutU32);
    /// Removes an empty directory.
    path_remove_directory(fd: Fd, path: Path, path_len: Len);
    /// Renames a file or a directory.
    path_rename(
        fd: Fd, old_path: Path, old_path_len: Len, new_fd: Fd, new_path: Path, new_path_len: Len
    );
    /// Makes a symbolic link.
    path_symlink(
        old_path: Path, old_path_len: Len, fd: Fd, new_path: Path, new_path_len: Len
    );
    /// Removes a file.
    path_unlink_file(fd: Fd, path: Path, path_len: Len);
    /// Waits for files and clocks.
    poll_oneoff(subscriptions: Ptr, events: Ptr, nsubscriptions: Len, nevents: OutU32);
    /// Ends the program.
    proc_exit(code: U32) -> never;
    /// Sends itself a signal: not supported.
    proc_raise(sig: U32);
    /// Random bytes.
    random_get(buf: Buf, buf_len: Len);
    /// Lets others run.
    sched_yield();
    /// Accepts a connection.
    sock_accept(fd: Fd, flags: Fdflags, opened_fd: OutU32);
    /// Receives a message.
    sock_recv(
        fd: Fd, ri_data: Iovs, ri_data_len: Len, ri_flags: Riflags, ro_datalen: OutU32,
        ro_flags: OutU16
    );
    /// Sends a message.
    sock_send(fd: Fd, si_data: Iovs, si_data_len: Len, si_flags: U32, so_datalen: OutU32);
    /// Closes a direction of a connection.
    sock_shutdown(fd: Fd, how: Sdflags);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_six_functions_with_the_types_of_the_specification() {
        assert_eq!(FUNCTIONS.len(), 46);
        let signature = |name: &str| {
            let f = FUNCTIONS.iter().find(|f| f.name == name).unwrap();
            let letter = |ty: &ValType| if *ty == ValType::I32 { 'i' } else { 'l' };
            let ty = f.ty();
            let (params, results) = (ty.params.iter(), ty.results.iter());
            let text: String = params.map(letter).collect();
            text + ">" + &results.map(letter).collect::<String>()
        };
        assert_eq!(signature("args_get"), "ii>i");
        assert_eq!(signature("clock_time_get"), "ili>i");
        assert_eq!(signature("fd_seek"), "ilii>i");
        assert_eq!(signature("fd_pread"), "iiili>i");
        assert_eq!(signature("fd_readdir"), "iiili>i");
        assert_eq!(signature("path_open"), "iiiiillii>i");
        assert_eq!(signature("path_filestat_set_times"), "iiiilli>i");
        assert_eq!(signature("path_link"), "iiiiiii>i");
        assert_eq!(signature("proc_exit"), "i>");
        assert_eq!(signature("sched_yield"), ">i");
        assert_eq!(signature("sock_recv"), "iiiiii>i");
    }

    #[test]
    fn the_document_lists_them() {
        let list: String = FUNCTIONS
            .iter()
            .map(|f| {
                let names: Vec<&str> = f.params.iter().map(|param| param.name).collect();
                format!("| `{}({})` | {} |\n", f.name, names.join(", "), f.doc.trim())
            })
            .collect();
        let document = include_str!("../../../docs/wasi.md").replace("\r\n", "\n");
        assert!(document.ends_with(&list), "docs/wasi.md must end with:\n{list}");
    }

    #[test]
    fn names_are_unique_and_documented() {
        for (i, f) in FUNCTIONS.iter().enumerate() {
            assert!(FUNCTIONS[..i].iter().all(|other| other.name != f.name), "{}", f.name);
            assert!(f.doc.ends_with('.'), "{}", f.name);
        }
    }
}
