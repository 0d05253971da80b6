//! The functions, called as a guest calls them: by name, with numbers, on a memory.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::table::FUNCTIONS;
use super::types::{Snapshot, rights};
use super::*;
use crate::host::abi::{GuestMemory, Number};

/// A guest: its descriptors and its memory.
struct Guest {
    wasi: Wasi,
    memory: Vec<u8>,
    snapshot: Snapshot,
    path: PathBuf,
}

/// Where tests put their out-parameters, buffers and second texts; paths are written to 0.
const OUT: u64 = 0x2000;
const BUFFER: u64 = 0x3000;
const SECOND: u64 = 0x1000;
const MEMORY_BYTES: usize = 0x10000;
const ROOT: u64 = 3;
const ROOT_RO: u64 = 4;
const SUCCESS: Errno = Errno::SUCCESS;

impl Guest {
    /// With the same directory twice: as 3 to change, as 4 to read only.
    fn new() -> Guest {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasmvm-wasi-unit-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("dir")).unwrap();
        fs::write(path.join("file"), "0123456789").unwrap();
        let wasi = Wasi::default().inherit_system();
        let wasi = wasi.preopen(&path, "/").unwrap().preopen_ro(&path, "ro").unwrap();
        Guest { wasi, memory: vec![0; MEMORY_BYTES], snapshot: Snapshot::Preview1, path }
    }

    fn call(&mut self, name: &str, args: &[u64]) -> Errno {
        let function = FUNCTIONS.iter().find(|f| f.name == name).unwrap();
        assert_eq!(args.len(), function.params.len(), "{name}");
        let mut slots = args.to_vec();
        slots.resize(args.len().max(1), 0);
        function.run(&mut self.wasi, &mut self.memory, self.snapshot, &mut slots).unwrap();
        Errno::from_number(slots[0] as u16).unwrap()
    }

    fn text(&mut self, at: u64, text: &str) -> u64 {
        GuestMemory::new(&mut self.memory).put_bytes(at, text.as_bytes()).unwrap();
        text.len() as u64
    }

    fn get<N: Number>(&mut self, at: u64) -> N {
        GuestMemory::new(&mut self.memory).get(at).unwrap()
    }

    fn put<N: Number>(&mut self, at: u64, number: N) {
        GuestMemory::new(&mut self.memory).put(at, number).unwrap();
    }

    fn open(&mut self, dir: u64, path: &str, oflags: u16, rights: u64) -> Result<u64, Errno> {
        self.open_flags(dir, path, oflags, rights, 0)
    }

    fn open_flags(
        &mut self,
        dir: u64,
        path: &str,
        oflags: u16,
        rights: u64,
        fdflags: u16,
    ) -> Result<u64, Errno> {
        let len = self.text(0, path);
        let (oflags, fdflags) = (oflags.into(), fdflags.into());
        match self.call("path_open", &[dir, 1, 0, len, oflags, rights, 0, fdflags, OUT]) {
            SUCCESS => Ok(self.get::<u32>(OUT).into()),
            errno => Err(errno),
        }
    }

    /// A function of a directory and a path.
    fn path(&mut self, name: &str, dir: u64, path: &str) -> Errno {
        let len = self.text(0, path);
        self.call(name, &[dir, 0, len])
    }

    fn iovec(&mut self, at: u64, pointer: u64, len: u64) {
        self.put(at, pointer as u32);
        self.put(at + 4, len as u32);
    }

    fn write(&mut self, fd: u64, text: &str) -> Result<u32, Errno> {
        let len = self.text(BUFFER, text);
        self.iovec(0, BUFFER, len);
        match self.call("fd_write", &[fd, 0, 1, OUT]) {
            SUCCESS => Ok(self.get(OUT)),
            errno => Err(errno),
        }
    }

    fn read(&mut self, fd: u64, len: u64) -> Result<String, Errno> {
        self.iovec(0, BUFFER, len);
        match self.call("fd_read", &[fd, 0, 1, OUT]) {
            SUCCESS => {
                let size = self.get::<u32>(OUT) as usize;
                let bytes = &self.memory[BUFFER as usize..][..size];
                Ok(String::from_utf8_lossy(bytes).into_owned())
            }
            errno => Err(errno),
        }
    }

    /// The names that `fd_readdir` tells, read with a buffer of this size.
    fn names(&mut self, fd: u64, buf_len: u64) -> Vec<String> {
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            assert_eq!(self.call("fd_readdir", &[fd, BUFFER, buf_len, cookie, OUT]), SUCCESS);
            let used = u64::from(self.get::<u32>(OUT));
            assert!(used <= buf_len);
            let (mut at, before) = (0, cookie);
            while at + 24 <= used {
                let len = u64::from(self.get::<u32>(BUFFER + at + 16));
                if at + 24 + len > used {
                    break;
                }
                cookie = self.get(BUFFER + at);
                let name = &self.memory[(BUFFER + at + 24) as usize..][..len as usize];
                names.push(String::from_utf8_lossy(name).into_owned());
                at += 24 + len;
            }
            if used < buf_len || cookie == before {
                return names;
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const READ: u64 = rights::FD_READ;
const BOTH: u64 = rights::FD_READ | rights::FD_WRITE;

#[test]
fn args_and_environment() {
    let mut guest = Guest::new();
    guest.wasi = Wasi::default().name("n").args(["a", "bc\0d"]).env("K", "1").env("L", "2");
    guest.wasi = std::mem::take(&mut guest.wasi).env("K", "3").env_raw("M");
    assert_eq!(guest.call("args_sizes_get", &[OUT, OUT + 4]), SUCCESS);
    assert_eq!((guest.get::<u32>(OUT), guest.get::<u32>(OUT + 4)), (3, 7));
    assert_eq!(guest.call("args_get", &[OUT, BUFFER]), SUCCESS);
    assert_eq!(&guest.memory[BUFFER as usize..][..7], b"n\0a\0bc\0");
    assert_eq!(u64::from(guest.get::<u32>(OUT + 8)), BUFFER + 4);
    assert_eq!(guest.call("environ_sizes_get", &[OUT, OUT + 4]), SUCCESS);
    assert_eq!((guest.get::<u32>(OUT), guest.get::<u32>(OUT + 4)), (3, 10));
    assert_eq!(guest.call("environ_get", &[OUT, BUFFER]), SUCCESS);
    assert_eq!(&guest.memory[BUFFER as usize..][..10], b"K=3\0L=2\0M\0");
    let end = MEMORY_BYTES as u64;
    assert_eq!(guest.call("args_get", &[OUT, end - 6]), Errno::FAULT);
    assert_eq!(guest.call("args_get", &[OUT, end - 7]), SUCCESS);
    assert_eq!(guest.call("args_sizes_get", &[OUT, end - 3]), Errno::FAULT);
}

#[test]
fn clocks_and_chance() {
    let mut guest = Guest::new();
    for id in 0..4 {
        assert_eq!(guest.call("clock_res_get", &[id, OUT]), SUCCESS);
        assert!(guest.get::<u64>(OUT) > 0);
        assert_eq!(guest.call("clock_time_get", &[id, 0, OUT]), SUCCESS);
        assert!(guest.get::<u64>(OUT) > 0);
    }
    assert_eq!(guest.call("clock_time_get", &[4, 0, OUT]), Errno::INVAL);
    assert_eq!(guest.call("clock_time_get", &[0, 0, MEMORY_BYTES as u64 - 7]), Errno::FAULT);
    let end = MEMORY_BYTES as u64;
    assert_eq!(guest.call("random_get", &[end, 0]), SUCCESS);
    assert_eq!(guest.call("random_get", &[end - 1, 2]), Errno::FAULT);
    assert_eq!(guest.call("random_get", &[0, u64::from(u32::MAX)]), Errno::FAULT);
    assert_eq!(guest.call("random_get", &[0, end]), SUCCESS);
    assert!(guest.memory.iter().filter(|&&byte| byte == 0).count() < 1000);
    assert_eq!(guest.call("sched_yield", &[]), SUCCESS);
    assert_eq!(guest.call("proc_raise", &[6]), Errno::NOTSUP);
}

#[test]
fn exit_is_not_an_errno() {
    let mut guest = Guest::new();
    let function = FUNCTIONS.iter().find(|f| f.name == "proc_exit").unwrap();
    let mut slots = [0xFFFF_FFFF];
    let mut nothing = [];
    let result = function.run(&mut guest.wasi, &mut nothing, Snapshot::Preview1, &mut slots);
    assert_eq!(result.unwrap_err().exit_code(), Some(-1));
}

#[test]
fn path_open_as_the_table_says() {
    let mut guest = Guest::new();
    let (creat, directory, excl, trunc) = (1, 2, 4, 8);
    assert_eq!(guest.open(ROOT, "file", 0, READ), Ok(5));
    assert_eq!(guest.open(ROOT, "", 0, READ), Err(Errno::NOENT));
    assert_eq!(guest.open(ROOT, ".", 0, READ), Ok(6));
    assert_eq!(guest.open(ROOT, "..", 0, READ), Err(Errno::PERM));
    assert_eq!(guest.open(ROOT, "/etc/passwd", 0, READ), Err(Errno::PERM));
    assert_eq!(guest.open(ROOT, "dir", creat | directory, READ), Err(Errno::INVAL));
    assert_eq!(guest.open(ROOT, "dir", 0, BOTH), Err(Errno::ISDIR));
    assert_eq!(guest.open(ROOT, "file", directory, READ), Err(Errno::NOTDIR));
    assert_eq!(guest.open(ROOT, "file", creat | excl, READ), Err(Errno::EXIST));
    assert_eq!(guest.open(ROOT, "none", 0, READ), Err(Errno::NOENT));
    assert_eq!(guest.open(ROOT, "fi\0le", 0, READ), Err(Errno::INVAL));
    assert_eq!(guest.open(5, "x", 0, READ), Err(Errno::NOTDIR));
    assert_eq!(guest.open(99, "x", 0, READ), Err(Errno::BADF));
    assert_eq!(guest.open(ROOT, &"x".repeat(4096), 0, READ), Err(Errno::NAMETOOLONG));
    assert_eq!(guest.open(ROOT, "file", 16, READ), Err(Errno::INVAL));
    guest.memory[0] = 0xFF;
    let args = [ROOT, 0, 0, 1, 0, READ, 0, 0, OUT];
    assert_eq!(guest.call("path_open", &args), Errno::ILSEQ);
    // No rights: made all the same, but neither read nor written.
    let made = guest.open(ROOT, "made", creat, 0).unwrap();
    assert_eq!(guest.read(made, 1), Err(Errno::BADF));
    assert_eq!(guest.write(made, "x"), Err(Errno::BADF));
    assert_eq!(guest.call("fd_filestat_set_size", &[made, 1]), Errno::BADF);
    assert_eq!(guest.open(ROOT, "file", trunc, 0), Ok(made + 1));
    assert_eq!(fs::read(guest.path.join("file")).unwrap(), b"");
}

#[test]
fn an_open_that_cannot_answer_opens_nothing() {
    let mut guest = Guest::new();
    let len = guest.text(0, "new");
    let out = MEMORY_BYTES as u64 - 3;
    assert_eq!(guest.call("path_open", &[ROOT, 0, 0, len, 1, BOTH, 0, 0, out]), Errno::FAULT);
    assert!(!guest.path.join("new").exists());
    assert_eq!(guest.open(ROOT, "file", 0, READ), Ok(5));
}

#[test]
fn reading_writing_and_positions() {
    let mut guest = Guest::new();
    let fd = guest.open(ROOT, "file", 0, BOTH).unwrap();
    assert_eq!(guest.read(fd, 4).unwrap(), "0123");
    assert_eq!(guest.call("fd_tell", &[fd, OUT]), SUCCESS);
    assert_eq!(guest.get::<u64>(OUT), 4);
    assert_eq!(guest.write(fd, "ab"), Ok(2));
    let seek = |guest: &mut Guest, offset: i64, whence| {
        let errno = guest.call("fd_seek", &[fd, offset as u64, whence, OUT]);
        (errno, guest.get::<u64>(OUT))
    };
    assert_eq!(seek(&mut guest, -3, 2), (SUCCESS, 7));
    assert_eq!(seek(&mut guest, -1, 0).0, Errno::INVAL);
    assert_eq!(seek(&mut guest, 0, 3).0, Errno::INVAL);
    assert_eq!(seek(&mut guest, 0, 0), (SUCCESS, 0));
    assert_eq!(guest.read(fd, 100).unwrap(), "0123ab6789");
    assert_eq!(guest.read(fd, 100).unwrap(), "");
    // Two buffers at once, an empty one between.
    guest.iovec(0, BUFFER, 2);
    guest.iovec(8, 0, 0);
    guest.iovec(16, BUFFER + 8, 3);
    assert_eq!(guest.call("fd_pread", &[fd, 0, 3, 1, OUT]), SUCCESS);
    assert_eq!(guest.get::<u32>(OUT), 5);
    assert_eq!(&guest.memory[BUFFER as usize..][..2], b"12");
    assert_eq!(&guest.memory[BUFFER as usize + 8..][..3], b"3ab");
    assert_eq!(guest.call("fd_pread", &[fd, 0, 3, 1 << 63, OUT]), Errno::INVAL);
    assert_eq!(guest.call("fd_pread", &[fd, 0, 0, 0, OUT]), SUCCESS);
    assert_eq!(guest.call("fd_pread", &[fd, 0, u64::from(u32::MAX), 0, OUT]), Errno::FAULT);
    assert_eq!(guest.call("fd_pwrite", &[fd, 0, 1, 20, OUT]), SUCCESS);
    assert_eq!(guest.call("fd_filestat_get", &[fd, OUT]), SUCCESS);
    assert_eq!(guest.get::<u64>(OUT + 32), 22);
    assert_eq!(guest.call("fd_filestat_set_size", &[fd, 3]), SUCCESS);
    assert_eq!(guest.call("fd_filestat_set_size", &[fd, 1 << 63]), Errno::INVAL);
    assert_eq!(guest.call("fd_allocate", &[fd, 0, 0]), Errno::INVAL);
    assert_eq!(guest.call("fd_allocate", &[fd, i64::MAX as u64, 1]), Errno::INVAL);
    assert_eq!(guest.call("fd_advise", &[fd, 0, 0, 5]), SUCCESS);
    assert_eq!(guest.call("fd_advise", &[fd, 0, 0, 6]), Errno::INVAL);
    assert_eq!(guest.call("fd_advise", &[fd, i64::MAX as u64, 1, 0]), Errno::INVAL);
    assert_eq!(guest.call("fd_sync", &[fd]), SUCCESS);
    assert_eq!(guest.call("fd_datasync", &[fd]), SUCCESS);
}

#[test]
fn buffers_outside_the_memory_are_faults() {
    let mut guest = Guest::new();
    let fd = guest.open(ROOT, "file", 0, BOTH).unwrap();
    let end = MEMORY_BYTES as u64;
    guest.iovec(0, end - 4, 5);
    assert_eq!(guest.call("fd_read", &[fd, 0, 1, OUT]), Errno::FAULT);
    guest.iovec(0, u64::from(u32::MAX), u64::from(u32::MAX));
    assert_eq!(guest.call("fd_write", &[fd, 0, 1, OUT]), Errno::FAULT);
    guest.iovec(0, BUFFER, 5);
    assert_eq!(guest.call("fd_write", &[fd, 0, 1, end - 3]), Errno::FAULT);
    assert_eq!(guest.call("fd_write", &[fd, end - 7, 1, OUT]), Errno::FAULT);
    // Nothing was written by the calls that could not answer.
    assert_eq!(fs::read(guest.path.join("file")).unwrap(), b"0123456789");
}

#[test]
fn append_is_kept_and_can_be_set() {
    let mut guest = Guest::new();
    let fd = guest.open_flags(ROOT, "file", 0, BOTH, 1).unwrap();
    assert_eq!(guest.write(fd, "a"), Ok(1));
    assert_eq!(guest.call("fd_fdstat_get", &[fd, OUT]), SUCCESS);
    assert_eq!(guest.get::<u16>(OUT + 2), 1);
    assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, 4]), SUCCESS);
    assert_eq!(guest.call("fd_seek", &[fd, 0, 0, OUT]), SUCCESS);
    assert_eq!(guest.write(fd, "b"), Ok(1));
    assert_eq!(fs::read(guest.path.join("file")).unwrap(), b"b123456789a");
    for wrong in [2, 8, 16, 32, 1 << 16] {
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, wrong]), Errno::INVAL);
    }
    assert_eq!(guest.call("fd_fdstat_set_flags", &[99, 0]), Errno::BADF);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[fd, 0, 0]), Errno::NOTSUP);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[99, 0, 0]), Errno::BADF);
}

#[test]
fn directories_are_no_files() {
    let mut guest = Guest::new();
    assert_eq!(guest.read(ROOT, 1), Err(Errno::BADF));
    assert_eq!(guest.write(ROOT, "x"), Err(Errno::BADF));
    for (name, args) in [
        ("fd_seek", &[ROOT, 0, 0, OUT][..]),
        ("fd_tell", &[ROOT, OUT]),
        ("fd_pread", &[ROOT, 0, 0, 0, OUT]),
        ("fd_pwrite", &[ROOT, 0, 0, 0, OUT]),
        ("fd_allocate", &[ROOT, 0, 1]),
        ("fd_advise", &[ROOT, 0, 0, 0]),
        ("fd_filestat_set_size", &[ROOT, 0]),
    ] {
        assert_eq!(guest.call(name, args), Errno::BADF, "{name}");
    }
    assert_eq!(guest.call("fd_fdstat_get", &[ROOT, OUT]), SUCCESS);
    assert_eq!(guest.get::<u8>(OUT), 3);
    assert_eq!(guest.get::<u64>(OUT + 8), rights::DIR);
    assert_eq!(guest.get::<u64>(OUT + 16), rights::INHERITING);
    assert_eq!(guest.call("fd_sync", &[ROOT]), SUCCESS);
    let file = guest.open(ROOT, "file", 0, READ).unwrap();
    assert_eq!(guest.call("fd_readdir", &[file, BUFFER, 100, 0, OUT]), Errno::NOTDIR);
}

#[test]
fn preopens_and_renumbering() {
    let mut guest = Guest::new();
    for (fd, len) in [(3, 1), (4, 2)] {
        assert_eq!(guest.call("fd_prestat_get", &[fd, OUT]), SUCCESS);
        assert_eq!((guest.get::<u8>(OUT), guest.get::<u32>(OUT + 4)), (0, len));
    }
    assert_eq!(guest.call("fd_prestat_dir_name", &[4, OUT, 1]), Errno::NAMETOOLONG);
    assert_eq!(guest.call("fd_prestat_dir_name", &[4, OUT, 9]), SUCCESS);
    assert_eq!(&guest.memory[OUT as usize..][..3], b"ro\0");
    for fd in [0, 5, u64::from(u32::MAX)] {
        assert_eq!(guest.call("fd_prestat_get", &[fd, OUT]), Errno::BADF);
    }
    let file = guest.open(ROOT, "file", 0, READ).unwrap();
    assert_eq!(guest.call("fd_renumber", &[file, 99]), Errno::BADF);
    assert_eq!(guest.call("fd_renumber", &[99, file]), Errno::BADF);
    assert_eq!(guest.call("fd_renumber", &[file, file]), SUCCESS);
    assert_eq!(guest.call("fd_renumber", &[4, 3]), SUCCESS);
    // The read-only directory took the place of the other one, name and nature.
    assert_eq!(guest.call("fd_prestat_get", &[3, OUT]), SUCCESS);
    assert_eq!(guest.get::<u32>(OUT + 4), 2);
    assert_eq!(guest.open(3, "file", 0, BOTH), Err(Errno::ROFS));
    assert_eq!(guest.call("fd_close", &[4]), Errno::BADF);
    assert_eq!(guest.call("fd_renumber", &[file, 0]), SUCCESS);
    assert_eq!(guest.read(0, 2).unwrap(), "01");
    assert_eq!(guest.call("fd_close", &[0]), SUCCESS);
    assert_eq!(guest.call("fd_close", &[0]), Errno::BADF);
}

#[test]
fn nothing_changes_through_a_read_only_directory() {
    let mut guest = Guest::new();
    for (oflags, rights) in [(0, BOTH), (0, rights::FD_WRITE), (8, READ), (8, 0), (9, 0)] {
        assert_eq!(guest.open(ROOT_RO, "file", oflags, rights), Err(Errno::ROFS), "{oflags}");
    }
    assert_eq!(guest.open(ROOT_RO, "new", 1, READ), Err(Errno::ROFS));
    assert_eq!(guest.open_flags(ROOT_RO, "file", 0, READ, 1), Err(Errno::ROFS));
    let fd = guest.open(ROOT_RO, "file", 0, READ).unwrap();
    assert_eq!(guest.write(fd, "x"), Err(Errno::BADF));
    assert_eq!(guest.call("fd_filestat_set_size", &[fd, 0]), Errno::ROFS);
    assert_eq!(guest.call("fd_allocate", &[fd, 0, 100]), Errno::ROFS);
    assert_eq!(guest.call("fd_filestat_set_times", &[fd, 0, 0, 1]), Errno::ROFS);
    let dir = guest.open(ROOT_RO, "dir", 2, READ).unwrap();
    assert_eq!(guest.call("fd_filestat_set_times", &[dir, 0, 0, 1]), Errno::ROFS);
    for dir in [ROOT_RO, dir] {
        assert_eq!(guest.path("path_create_directory", dir, "new"), Errno::ROFS);
        assert_eq!(guest.path("path_remove_directory", dir, "dir"), Errno::ROFS);
        assert_eq!(guest.path("path_unlink_file", dir, "file"), Errno::ROFS);
        let old = guest.text(0, "file");
        let new = guest.text(SECOND, "new");
        assert_eq!(guest.call("path_symlink", &[0, old, dir, SECOND, new]), Errno::ROFS);
        assert_eq!(guest.call("path_rename", &[dir, 0, old, dir, SECOND, new]), Errno::ROFS);
        assert_eq!(guest.call("path_link", &[dir, 0, 0, old, dir, SECOND, new]), Errno::ROFS);
        let across = [dir, 0, 0, old, ROOT, SECOND, new];
        assert_eq!(guest.call("path_link", &across), Errno::PERM);
        assert_eq!(guest.call("path_rename", &[dir, 0, old, ROOT, SECOND, new]), Errno::PERM);
        assert_eq!(guest.call("path_rename", &[ROOT, 0, old, dir, SECOND, new]), Errno::PERM);
        let times = [dir, 0, 0, old, 0, 0, 1];
        assert_eq!(guest.call("path_filestat_set_times", &times), Errno::ROFS);
    }
    assert_eq!(fs::read(guest.path.join("file")).unwrap(), b"0123456789");
    assert_eq!(fs::read_dir(&guest.path).unwrap().count(), 2);
}

#[test]
fn paths_with_two_ends() {
    let mut guest = Guest::new();
    let old = guest.text(0, "file");
    let new = guest.text(SECOND, "second");
    assert_eq!(guest.call("path_link", &[ROOT, 1, 0, old, ROOT, SECOND, new]), Errno::INVAL);
    assert_eq!(guest.call("path_link", &[ROOT, 0, 0, old, ROOT, SECOND, new]), SUCCESS);
    assert_eq!(guest.call("path_rename", &[ROOT, SECOND, new, ROOT, 0, old]), SUCCESS);
    let link = guest.text(SECOND, "link");
    assert_eq!(guest.call("path_symlink", &[0, old, ROOT, SECOND, link]), SUCCESS);
    let readlink = |guest: &mut Guest, len| {
        let errno = guest.call("path_readlink", &[ROOT, SECOND, link, BUFFER, len, OUT]);
        (errno, guest.get::<u32>(OUT))
    };
    assert_eq!(readlink(&mut guest, 100), (SUCCESS, 4));
    assert_eq!(readlink(&mut guest, 2), (SUCCESS, 2));
    assert_eq!(&guest.memory[BUFFER as usize..][..5], b"file\0");
    assert_eq!(guest.call("path_filestat_get", &[ROOT, 0, SECOND, link, OUT]), SUCCESS);
    assert_eq!(guest.get::<u8>(OUT + 16), 7);
    assert_eq!(guest.call("path_filestat_get", &[ROOT, 1, SECOND, link, OUT]), SUCCESS);
    assert_eq!((guest.get::<u8>(OUT + 16), guest.get::<u64>(OUT + 32)), (4, 10));
    assert_eq!(guest.call("path_filestat_get", &[ROOT, 2, SECOND, link, OUT]), Errno::INVAL);
    let both = [ROOT, 1, SECOND, link, 5, 6, 3];
    assert_eq!(guest.call("path_filestat_set_times", &both), Errno::INVAL);
    let exact = [ROOT, 1, SECOND, link, 1_000_000_005, 2_000_000_006, 5];
    assert_eq!(guest.call("path_filestat_set_times", &exact), SUCCESS);
    assert_eq!(guest.call("path_filestat_get", &[ROOT, 1, SECOND, link, OUT]), SUCCESS);
    assert_eq!(guest.get::<u64>(OUT + 40), 1_000_000_005);
    assert_eq!(guest.get::<u64>(OUT + 48), 2_000_000_006);
}

#[test]
fn listing_a_directory() {
    let mut guest = Guest::new();
    for i in 0..100 {
        fs::write(guest.path.join(format!("entry-{i}")), "").unwrap();
    }
    let whole = guest.names(ROOT, 0x8000);
    assert_eq!(whole.len(), 104);
    assert_eq!(whole[..2], [".", ".."]);
    // With small buffers entries are cut, and told again from the cookie of the last whole one.
    for buf_len in [32, 40, 100, 1000] {
        assert_eq!(guest.names(ROOT, buf_len), whole, "{buf_len}");
    }
    // A buffer too small for a header is filled, too.
    assert_eq!(guest.call("fd_readdir", &[ROOT, BUFFER, 5, 0, OUT]), SUCCESS);
    assert_eq!(guest.get::<u32>(OUT), 5);
    assert_eq!(guest.call("fd_readdir", &[ROOT, BUFFER, 100, 999, OUT]), SUCCESS);
    assert_eq!(guest.get::<u32>(OUT), 0);
    assert_eq!(guest.call("fd_readdir", &[ROOT, BUFFER, 100, u64::MAX, OUT]), SUCCESS);
    // A reader that removes what it reads misses nothing.
    assert_eq!(guest.call("fd_readdir", &[ROOT, BUFFER, 200, 0, OUT]), SUCCESS);
    fs::remove_file(guest.path.join("entry-0")).unwrap();
    assert_eq!(guest.call("fd_readdir", &[ROOT, BUFFER, 0x8000, 2, OUT]), SUCCESS);
    let rest: usize = whole[2..].iter().map(|name| 24 + name.len()).sum();
    assert_eq!(guest.get::<u32>(OUT) as usize, rest);
    assert_eq!(guest.names(ROOT, 0x8000).len(), 103);
    assert_eq!(guest.call("fd_filestat_get", &[ROOT, OUT]), SUCCESS);
    let ino: u64 = guest.get(OUT + 8);
    assert_eq!(guest.get::<u64>(BUFFER + 8), ino);
}

#[test]
fn polling() {
    let mut guest = Guest::new();
    let (events, subs) = (BUFFER, 0);
    let poll = |guest: &mut Guest, count| guest.call("poll_oneoff", &[subs, events, count, OUT]);
    assert_eq!(poll(&mut guest, 0), Errno::INVAL);
    assert_eq!(poll(&mut guest, u64::from(u32::MAX)), Errno::NOMEM);
    assert_eq!(poll(&mut guest, 1600), Errno::FAULT);
    // A clock of 20 ms and one of an hour.
    for (i, timeout) in [3_600_000_000_000u64, 20_000_000].into_iter().enumerate() {
        let at = 48 * i as u64;
        guest.put(at, 100 + i as u64);
        guest.put(at + 16, 1u32);
        guest.put(at + 24, timeout);
    }
    let start = std::time::Instant::now();
    assert_eq!(poll(&mut guest, 2), SUCCESS);
    let took = start.elapsed().as_millis();
    assert!((20..2000).contains(&took), "{took}");
    assert_eq!((guest.get::<u32>(OUT), guest.get::<u64>(events)), (1, 101));
    // A descriptor that is ready, one that is not there, a directory: no wait.
    let file = guest.open(ROOT, "file", 0, READ).unwrap();
    guest.memory[..48].fill(0);
    guest.put(24, 3_600_000_000_000u64);
    for (i, fd) in [file, 99, ROOT].into_iter().enumerate() {
        let at = 48 * (i as u64 + 1);
        guest.put(at, fd);
        guest.put(at + 8, 1u8);
        guest.put(at + 16, fd as u32);
    }
    assert_eq!(poll(&mut guest, 4), SUCCESS);
    assert_eq!(guest.get::<u32>(OUT), 3);
    for (i, (fd, error, bytes)) in [(file, 0, 10), (99, 8, 0), (ROOT, 8, 0)].iter().enumerate() {
        let at = events + 32 * i as u64;
        assert_eq!(guest.get::<u64>(at), *fd);
        assert_eq!((guest.get::<u16>(at + 8), guest.get::<u8>(at + 10)), (*error, 1));
        assert_eq!(guest.get::<u64>(at + 16), *bytes);
    }
    // A clock that shows a time of the past; one that does not exist; an unknown tag.
    guest.memory[..144].fill(0);
    guest.put(40, 1u16);
    guest.put(48 + 16, 9u32);
    assert_eq!(poll(&mut guest, 2), SUCCESS);
    assert_eq!(guest.get::<u32>(OUT), 2);
    guest.put(8, 3u8);
    assert_eq!(poll(&mut guest, 2), Errno::INVAL);
}

#[test]
fn sockets() {
    let mut guest = Guest::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    guest.wasi = std::mem::take(&mut guest.wasi).listener(listener);
    let listening = 5; // after the directories
    assert_eq!(guest.call("sock_accept", &[99, 0, OUT]), Errno::BADF);
    assert_eq!(guest.call("sock_accept", &[0, 0, OUT]), Errno::NOTSOCK);
    assert_eq!(guest.call("sock_accept", &[listening, 1, OUT]), Errno::INVAL);
    assert_eq!(guest.call("sock_shutdown", &[0, 1]), Errno::NOTSOCK);
    assert_eq!(guest.call("sock_shutdown", &[99, 1]), Errno::BADF);
    let mut client = TcpStream::connect(address).unwrap();
    assert_eq!(guest.call("sock_accept", &[listening, 4, OUT]), SUCCESS);
    let fd = u64::from(guest.get::<u32>(OUT));
    guest.iovec(0, BUFFER, 100);
    let receive = |guest: &mut Guest, flags| {
        let errno = guest.call("sock_recv", &[fd, 0, 1, flags, OUT, OUT + 4]);
        (errno, guest.get::<u32>(OUT))
    };
    assert_eq!(receive(&mut guest, 0).0, Errno::AGAIN);
    client.write_all(b"hello").unwrap();
    // Wait for it.
    guest.memory[SECOND as usize..][..48].fill(0);
    guest.put(SECOND + 8, 1u8);
    guest.put(SECOND + 16, fd as u32);
    assert_eq!(guest.call("poll_oneoff", &[SECOND, 0x5000, 1, OUT]), SUCCESS);
    assert_eq!(guest.get::<u64>(0x5000 + 16), 5);
    assert_eq!(receive(&mut guest, 1), (SUCCESS, 5));
    assert_eq!(receive(&mut guest, 0), (SUCCESS, 5));
    assert_eq!(receive(&mut guest, 4).0, Errno::INVAL);
    assert_eq!(guest.call("sock_send", &[fd, 0, 1, 1, OUT]), Errno::INVAL);
    assert_eq!(guest.call("sock_send", &[fd, 0, 1, 0, OUT]), SUCCESS);
    assert_eq!(guest.call("sock_shutdown", &[fd, 4]), Errno::INVAL);
    assert_eq!(guest.call("sock_shutdown", &[fd, 0]), Errno::INVAL);
    assert_eq!(guest.call("sock_shutdown", &[fd, 2]), SUCCESS);
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert_eq!((got.len(), &got[..5]), (100, &b"hello"[..]));
    // Nobody reads any more: an error, not a signal.
    assert_eq!(guest.call("sock_send", &[fd, 0, 1, 0, OUT]), Errno::PIPE);
}

#[test]
fn streams_of_the_embedder() {
    let mut guest = Guest::new();
    let capture = Capture::with_limit(6);
    guest.wasi = Wasi::default().stdin_bytes("input").stdout(capture.clone());
    assert_eq!(guest.read(0, 3).unwrap(), "inp");
    assert_eq!(guest.read(0, 100).unwrap(), "ut");
    assert_eq!(guest.read(0, 100).unwrap(), "");
    assert_eq!(guest.write(0, "x"), Err(Errno::BADF));
    assert_eq!(guest.read(1, 1), Err(Errno::BADF));
    assert_eq!(guest.write(1, "out"), Ok(3));
    assert_eq!(guest.write(1, "out-out"), Ok(3));
    assert_eq!(guest.write(1, "out"), Err(Errno::NOSPC));
    assert_eq!(capture.take(), b"outout");
    assert_eq!(guest.write(2, "nowhere"), Ok(7));
    assert_eq!(guest.call("fd_seek", &[0, 0, 1, OUT]), Errno::SPIPE);
    assert_eq!(guest.call("fd_pread", &[0, 0, 0, 0, OUT]), Errno::SPIPE);
    assert_eq!(guest.call("fd_fdstat_get", &[1, OUT]), SUCCESS);
    assert_eq!(guest.get::<u8>(OUT), 0);
    assert_ne!(guest.get::<u64>(OUT + 8) & rights::FD_WRITE, 0);
    assert_eq!(guest.call("fd_filestat_get", &[1, OUT]), SUCCESS);
}

#[test]
fn the_older_snapshot_counts_differently() {
    let mut guest = Guest::new();
    guest.snapshot = Snapshot::Unstable;
    let fd = guest.open(ROOT, "file", 0, READ).unwrap();
    for (whence, offset, position) in [(2, 4, 4), (0, 1, 5), (1, -1, 9)] {
        let seek = [fd, offset as i64 as u64, whence, OUT];
        assert_eq!(guest.call("fd_seek", &seek), SUCCESS);
        assert_eq!(guest.get::<u64>(OUT), position);
    }
    let end = MEMORY_BYTES as u64;
    assert_eq!(guest.call("fd_filestat_get", &[fd, end - 56]), SUCCESS);
    assert_eq!(guest.get::<u32>(end - 56 + 20), 1);
    assert_eq!(guest.get::<u64>(end - 56 + 24), 10);
    guest.put(24, 1u32);
    guest.put(32, 1_000_000u64);
    assert_eq!(guest.call("poll_oneoff", &[0, BUFFER, 1, OUT]), SUCCESS);
    assert_eq!((guest.get::<u32>(OUT), guest.get::<u8>(BUFFER + 10)), (1, 0));
}

/// Whatever numbers a guest passes, every function answers.
#[test]
fn no_numbers_make_it_panic() {
    let mut guest = Guest::new();
    let file = guest.open(ROOT, "file", 0, BOTH).unwrap();
    let edges = [0, 1, 3, file, 99, OUT, MEMORY_BYTES as u64 - 1, 0x7FFF_FFFF, 0xFFFF_FFFF];
    let mut seed = 12345u64;
    for round in 0..20_000 {
        let function = &FUNCTIONS[round % FUNCTIONS.len()];
        // Not what ends, waits, or takes gigabytes of the disk.
        if matches!(function.name, "proc_exit" | "poll_oneoff" | "fd_allocate") {
            continue;
        }
        let args: Vec<u64> = (0..function.params.len())
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let pick = (seed >> 33) as usize;
                if pick.is_multiple_of(17) { seed } else { edges[pick % edges.len()] }
            })
            .collect();
        guest.call(function.name, &args);
    }
}
