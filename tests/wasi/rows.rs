//! What every function does at its edges, row by row: see the table in docs/wasi.md.

use std::env::temp_dir;
use std::fs;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::guest::*;
use wasmvm::wasi::{Errno, Wasi};
use wasmvm::{Engine, ErrorKind, Linker, Module, Store};

const ROOT: u64 = 3;

struct World {
    scratch: Scratch,
    guest: Guest,
}

fn world() -> World {
    world_of(Wasi::default())
}

/// `file`, `dir/file`, `empty/`, `link` to the file and `dangling`.
fn world_of(wasi: Wasi) -> World {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("dir")).unwrap();
    fs::create_dir(scratch.join("empty")).unwrap();
    fs::write(scratch.join("file"), "0123456789").unwrap();
    fs::write(scratch.join("dir/file"), "in dir").unwrap();
    symlink("file", scratch.join("link")).unwrap();
    symlink("nowhere", scratch.join("dangling")).unwrap();
    symlink("loop", scratch.join("loop")).unwrap();
    let guest = Guest::new(wasi.preopen(scratch.path(), "/").unwrap());
    World { scratch, guest }
}

/// A function of two paths, in the same directory.
fn two(guest: &mut Guest, name: &str, flags: &[u64], old: &[u8], new: &[u8]) -> Errno {
    let old = guest.put(PATH, old);
    let new = guest.put(PATH2, new);
    let args = match name {
        "path_symlink" => vec![PATH, old, ROOT, PATH2, new],
        _ => [&[ROOT], flags, &[PATH, old, ROOT, PATH2, new]].concat(),
    };
    guest.call(name, &args)
}

fn pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    (reader.into(), writer.into())
}

#[test]
fn descriptors_get_the_lowest_free_number() {
    let World { mut guest, scratch: _scratch } = world();
    let open = |guest: &mut Guest| guest.open(ROOT, b"file", 0, READ).unwrap();
    assert_eq!([open(&mut guest), open(&mut guest), open(&mut guest)], [4, 5, 6]);
    guest.close(5);
    assert_eq!(guest.call("fd_close", &[5]), Errno::BADF);
    assert_eq!(open(&mut guest), 5);
    guest.close(0);
    assert_eq!(open(&mut guest), 0);
    // Both must be open; the same is no change; preopens can be replaced.
    assert_eq!(guest.call("fd_renumber", &[5, 9]), Errno::BADF);
    assert_eq!(guest.call("fd_renumber", &[9, 5]), Errno::BADF);
    assert_eq!(guest.call("fd_renumber", &[5, 5]), OK);
    assert_eq!(guest.call("fd_prestat_get", &[ROOT, OUT]), OK);
    assert_eq!(guest.call("fd_renumber", &[5, ROOT]), OK);
    assert_eq!(guest.call("fd_prestat_get", &[ROOT, OUT]), Errno::BADF);
    assert_eq!(guest.call("fd_close", &[5]), Errno::BADF);
    assert_eq!(guest.read(ROOT, 3).unwrap(), b"012");
}

#[test]
fn a_later_preopen_works_without_the_first() {
    let world = world();
    let wasi = Wasi::default().preopen(world.scratch.path(), "a").unwrap();
    let mut guest = Guest::new(wasi.preopen(world.scratch.join("dir"), "b").unwrap());
    guest.close(3);
    assert_eq!(guest.call("fd_prestat_get", &[4, OUT]), OK);
    assert_eq!(guest.read_file(4, b"file").unwrap(), b"in dir");
}

#[test]
fn preopens_tell_their_names_as_they_are() {
    let scratch = Scratch::new();
    let mut wasi = Wasi::default();
    for name in ["/", ".", "", "/data"] {
        wasi = wasi.preopen(scratch.path(), name).unwrap();
    }
    let mut guest = Guest::new(wasi);
    for (fd, name) in (3..).zip([&b"/"[..], b".", b"", b"/data"]) {
        assert_eq!(guest.call("fd_prestat_get", &[fd, OUT]), OK);
        assert_eq!((guest.u8(OUT), guest.u32(OUT + 4) as usize), (0, name.len()));
        guest.put(BUF, b"########");
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, BUF, 8]), OK);
        assert_eq!(guest.get(BUF, 8), [name, &b"########"[name.len()..]].concat());
    }
    assert_eq!(guest.call("fd_prestat_dir_name", &[6, BUF, 4]), Errno::NAMETOOLONG);
    for fd in [0, 7, 0xFFFF_FFFF] {
        assert_eq!(guest.call("fd_prestat_get", &[fd, OUT]), Errno::BADF);
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, BUF, 8]), Errno::BADF);
    }
}

/// Type and rights of the guest's standard input.
fn fdstat(wasi: Wasi) -> (u8, u64) {
    let mut guest = Guest::new(wasi);
    assert_eq!(guest.call("fd_fdstat_get", &[0, OUT]), OK);
    assert_eq!(guest.call("fd_filestat_get", &[0, BUF]), OK);
    let file_type = guest.u8(OUT);
    assert_eq!(guest.u8(BUF + 16), file_type);
    (file_type, guest.u64(OUT + 8))
}

#[test]
fn standard_input_is_what_it_is() {
    let seek = 1 << 2 | 1 << 5;
    let stdin = |fd: OwnedFd| fdstat(Wasi::default().stdin_fd(fd));
    let (file_type, rights) = stdin(pipe().0);
    assert_eq!((file_type, rights & seek, rights & WRITE), (0, 0, 0));
    let (file_type, rights) = stdin(fs::File::open("Cargo.toml").unwrap().into());
    assert_eq!((file_type, rights & (seek | READ)), (4, seek | READ));
    let (file_type, rights) = stdin(fs::File::open("/dev/null").unwrap().into());
    assert_eq!((file_type, rights & seek), (2, seek));
    // A terminal is a character device that cannot seek: this is how C libraries know it.
    let (file_type, rights) = stdin(terminal().1);
    assert_eq!((file_type, rights & (seek | READ)), (2, READ));
    assert_eq!(fdstat(Wasi::default().stdin_bytes("x")).0, 0);
}

/// Both ends of a terminal.
pub fn terminal() -> (OwnedFd, OwnedFd) {
    let (mut ours, mut theirs) = (0, 0);
    use std::ptr::{null, null_mut};
    // SAFETY: two descriptors are written; the other pointers may be null.
    let result =
        unsafe { libc::openpty(&raw mut ours, &raw mut theirs, null_mut(), null(), null()) };
    assert_eq!(result, 0);
    // SAFETY: just made, and nobody else's.
    unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}

#[test]
fn streams_do_not_seek() {
    let mut guest = Guest::new(Wasi::default().stdin_fd(pipe().0));
    for fd in [0, 1] {
        assert_eq!(guest.call("fd_seek", &[fd, 0, 1, OUT]), Errno::SPIPE);
        assert_eq!(guest.call("fd_tell", &[fd, OUT]), Errno::SPIPE);
    }
    assert_eq!(guest.call("fd_pread", &[0, IOV, 0, 0, OUT]), Errno::SPIPE);
    assert_eq!(guest.call("fd_pwrite", &[1, IOV, 0, 0, OUT]), Errno::SPIPE);
    // What may only be read must not be changed either.
    assert_eq!(guest.call("fd_filestat_set_times", &[0, 0, 0, 5]), Errno::BADF);
    assert_eq!(guest.call("fd_filestat_set_size", &[0, 0]), Errno::BADF);
    let file = fs::File::open("Cargo.toml").unwrap();
    let before = file.metadata().unwrap().mtime_nsec();
    let mut guest = Guest::new(Wasi::default().stdin_fd(file.try_clone().unwrap()));
    assert_eq!(guest.call("fd_filestat_set_times", &[0, 0, 0, 5]), Errno::BADF);
    assert_eq!(guest.call("fd_seek", &[0, 3, 0, OUT]), OK);
    assert_eq!(file.metadata().unwrap().mtime_nsec(), before);
}

#[test]
fn flags_are_those_of_the_guests_descriptor() {
    let mut world = world();
    let guest = &mut world.guest;
    let fd = guest.open(ROOT, b"file", 0, READ | WRITE).unwrap();
    for (flags, errno) in [(0, OK), (1, OK), (4, OK), (5, OK)] {
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, flags]), errno);
        assert_eq!(guest.call("fd_fdstat_get", &[fd, OUT]), OK);
        assert_eq!(u64::from(guest.u16(OUT + 2)), flags);
    }
    for flags in [2, 8, 16, 31, 32, 0x1_0000] {
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, flags]), Errno::INVAL);
    }
    assert_eq!(guest.call("fd_fdstat_set_flags", &[99, 0]), Errno::BADF);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[fd, 0, 0]), Errno::NOTSUP);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[99, 0, 0]), Errno::BADF);
    // Non-blocking: the guest's reading does not wait, and others who have the pipe are not
    // concerned.
    let (reader, writer) = pipe();
    let other = reader.try_clone().unwrap();
    let mut guest = Guest::new(Wasi::default().stdin_fd(reader));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[0, 4]), OK);
    assert_eq!(guest.read(0, 1), Err(Errno::AGAIN));
    // SAFETY: an open descriptor.
    let flags = unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&other), libc::F_GETFL) };
    assert_eq!(flags & libc::O_NONBLOCK, 0);
    drop(writer);
    assert_eq!(guest.read(0, 1).unwrap(), b"");
}

#[test]
fn directories_are_not_read_as_files() {
    let World { mut guest, scratch: _scratch } = world();
    assert_eq!(guest.read(ROOT, 1), Err(Errno::BADF));
    assert_eq!(guest.write(ROOT, b"x"), Err(Errno::BADF));
    for (name, args) in [
        ("fd_seek", &[ROOT, 0, 0, OUT][..]),
        ("fd_tell", &[ROOT, OUT]),
        ("fd_pread", &[ROOT, IOV, 0, 0, OUT]),
        ("fd_pwrite", &[ROOT, IOV, 0, 0, OUT]),
        ("fd_allocate", &[ROOT, 0, 1]),
        ("fd_advise", &[ROOT, 0, 0, 0]),
        ("fd_filestat_set_size", &[ROOT, 0]),
    ] {
        assert_eq!(guest.call(name, args), Errno::BADF, "{name}");
    }
    // No FD_SEEK, no FD_FILESTAT_SET_SIZE, no PATH_FILESTAT_SET_SIZE; what can be opened beneath
    // may have everything.
    assert_eq!(guest.call("fd_fdstat_get", &[ROOT, OUT]), OK);
    assert_eq!(guest.u8(OUT), 3);
    assert_eq!(guest.u64(OUT + 8) & (1 << 2 | 1 << 22 | 1 << 19), 0);
    let files = ((1 << 9) - 1) | 1 << 21 | 1 << 22 | 1 << 23 | 1 << 27;
    assert_eq!(guest.u64(OUT + 16) & files, files);
}

#[test]
fn opening() {
    let mut world = world();
    let g = &mut world.guest;
    let open = |g: &mut Guest, path: &str, oflags, rights| {
        g.open(ROOT, path.as_bytes(), oflags, rights).inspect(|&fd| g.close(fd)).err()
    };
    assert_eq!(open(g, "file", DIRECTORY, READ), Some(Errno::NOTDIR));
    assert_eq!(open(g, "dir", DIRECTORY | CREAT, READ), Some(Errno::INVAL));
    assert_eq!(open(g, "dir", 0, READ), None);
    assert_eq!(open(g, "dir", 0, READ | WRITE), Some(Errno::ISDIR));
    assert_eq!(open(g, "file", CREAT | EXCL, READ), Some(Errno::EXIST));
    assert_eq!(open(g, "missing", 0, READ), Some(Errno::NOENT));
    assert_eq!(open(g, "missing/file", CREAT, WRITE), Some(Errno::NOENT));
    assert_eq!(open(g, "file", 16, READ), Some(Errno::INVAL));
    // DIRECTORY's rights on a file, and NONBLOCK.
    let fd = g.open_with(ROOT, 1, b"file", 0, !WRITE, 4).unwrap();
    assert_eq!(g.read(fd, 2).unwrap(), b"01");
    g.close(fd);
    // The access mode is that of the rights, and fdstat says so.
    for rights in [0, READ, WRITE, READ | WRITE] {
        let fd = g.open(ROOT, b"new", CREAT, rights).unwrap();
        assert_eq!(g.call("fd_fdstat_get", &[fd, OUT]), OK);
        assert_eq!(g.u64(OUT + 8) & (READ | WRITE), rights);
        let wanted = |right| if rights & right != 0 { None } else { Some(Errno::BADF) };
        assert_eq!(g.read(fd, 1).err(), wanted(READ));
        assert_eq!(g.write(fd, b"x").err(), wanted(WRITE));
        assert_eq!(g.call("fd_allocate", &[fd, 0, 1]), wanted(WRITE).unwrap_or(OK));
        g.close(fd);
    }
    // What is no directory holds nothing.
    let file = g.open(ROOT, b"file", 0, READ).unwrap();
    assert_eq!(g.open(file, b"x", 0, READ), Err(Errno::NOTDIR));
    assert_eq!(g.open(99, b"x", 0, READ), Err(Errno::BADF));
}

#[test]
fn links_are_followed_when_asked() {
    let mut world = world();
    let g = &mut world.guest;
    let mut open = |path: &[u8], lookup, oflags| g.open_with(ROOT, lookup, path, oflags, READ, 0);
    assert!(open(b"link", 1, 0).is_ok());
    assert_eq!(open(b"link", 0, 0), Err(Errno::LOOP));
    assert!(matches!(open(b"link", 0, DIRECTORY), Err(Errno::LOOP | Errno::NOTDIR)));
    assert_eq!(open(b"dangling", 0, 0), Err(Errno::LOOP));
    assert_eq!(open(b"dangling", 1, 0), Err(Errno::NOENT));
    assert_eq!(open(b"loop", 1, 0), Err(Errno::LOOP));
    assert_eq!(open(b"loop/x", 0, 0), Err(Errno::LOOP));
    assert_eq!(open(b"link", 2, 0), Err(Errno::INVAL));
    // Through a dangling link a file is made where it points to.
    assert!(open(b"dangling", 1, CREAT).is_ok());
    assert!(world.scratch.join("nowhere").exists());
}

#[test]
fn paths() {
    let World { mut guest, scratch: _scratch } = world();
    let mut open = |path: &[u8]| guest.open(ROOT, path, 0, READ).err();
    assert_eq!(open(b"dir/.//../dir///./file"), None);
    assert_eq!(open(b"dir//"), None);
    assert_eq!(open(b"file/"), Some(Errno::NOTDIR));
    assert_eq!(open(b"/file"), Some(Errno::PERM));
    assert_eq!(open(b"../x"), Some(Errno::PERM));
    assert_eq!(open(b""), Some(Errno::NOENT));
    assert_eq!(open(b"fi\0le"), Some(Errno::INVAL));
    assert_eq!(open(b"\xFF"), Some(Errno::ILSEQ));
    assert_eq!(open(&[b'x'; 256]), Some(Errno::NAMETOOLONG));
    assert_eq!(open(&[b'x'; 4096]), Some(Errno::NAMETOOLONG));
}

#[test]
fn names_are_made_moved_and_removed() {
    let mut world = world();
    let g = &mut world.guest;
    let path = |g: &mut Guest, name: &str, path: &str| g.path(name, ROOT, path.as_bytes(), &[]);
    for (name, at, errno) in [
        ("path_create_directory", "made/", OK),
        ("path_create_directory", "made", Errno::EXIST),
        ("path_create_directory", "no/made", Errno::NOENT),
        ("path_create_directory", "file/made", Errno::NOTDIR),
        ("path_remove_directory", "file", Errno::NOTDIR),
        ("path_remove_directory", "dir", Errno::NOTEMPTY),
        ("path_remove_directory", "link", Errno::NOTDIR),
        ("path_remove_directory", "made/", OK),
        ("path_remove_directory", ".", Errno::INVAL),
        ("path_unlink_file", "dir", Errno::ISDIR),
        ("path_unlink_file", "dir/", Errno::ISDIR),
        ("path_unlink_file", "file/", Errno::NOTDIR),
        ("path_unlink_file", "missing", Errno::NOENT),
    ] {
        assert_eq!(path(g, name, at), errno, "{name} {at}");
    }
    for (old, new, errno) in [
        ("file", "dir", Errno::ISDIR),
        ("empty", "file", Errno::NOTDIR),
        ("empty", "dir", Errno::NOTEMPTY),
        ("file/", "x", Errno::NOTDIR),
        ("file", "x/", Errno::NOTDIR),
        ("missing", "x", Errno::NOENT),
        ("dir", "dir/dir", Errno::INVAL),
        ("dir/", "empty/", OK),
        ("empty", "dir", OK),
        ("dangling", "dir/dangling", OK),
        ("file", "file", OK),
    ] {
        assert_eq!(
            two(g, "path_rename", &[], old.as_bytes(), new.as_bytes()),
            errno,
            "{old} {new}"
        );
    }
    for (old, new, flags, errno) in [
        ("file", "second", 1, Errno::INVAL),
        ("file", "second", 0, OK),
        ("file", "second", 0, Errno::EXIST),
        ("dir", "second-dir", 0, Errno::PERM),
        ("link", "second-link", 0, OK),
        ("missing", "x", 0, Errno::NOENT),
        ("file", "x/", 0, Errno::NOENT),
        ("file/", "x", 0, Errno::NOTDIR),
    ] {
        let result = two(g, "path_link", &[flags], old.as_bytes(), new.as_bytes());
        assert_eq!(result, errno, "{old} {new}");
    }
    for (target, new, errno) in [
        ("/etc/passwd", "made", Errno::PERM),
        ("", "made", Errno::NOENT),
        ("file", "file", Errno::EXIST),
        ("file", "made/", Errno::NOENT),
        ("somewhere/else", "made", OK),
    ] {
        let result = two(g, "path_symlink", &[], target.as_bytes(), new.as_bytes());
        assert_eq!(result, errno, "{target} {new}");
    }
    // Cut without a word.
    for (len, got) in [(100, &b"somewhere/else"[..]), (4, b"some"), (0, b"")] {
        assert_eq!(g.path("path_readlink", ROOT, b"made", &[BUF, len, OUT]), OK);
        let used = g.u32(OUT).into();
        assert_eq!(g.get(BUF, used), got);
    }
    assert_eq!(g.path("path_readlink", ROOT, b"file", &[BUF, 9, OUT]), Errno::INVAL);
    assert!(fs::symlink_metadata(world.scratch.join("second-link")).unwrap().is_symlink());
    assert_eq!(fs::metadata(world.scratch.join("file")).unwrap().nlink(), 2);
}

#[test]
fn what_a_node_is() {
    let mut world = world();
    let meta = fs::metadata(world.scratch.join("file")).unwrap();
    let g = &mut world.guest;
    let len = g.put(PATH, b"link");
    assert_eq!(g.call("path_filestat_get", &[ROOT, 1, PATH, len, BUF]), OK);
    assert_eq!((g.u64(BUF), g.u64(BUF + 8)), (meta.dev(), meta.ino()));
    assert_eq!((g.u8(BUF + 16), g.u64(BUF + 24), g.u64(BUF + 32)), (4, 1, 10));
    assert_eq!(g.call("path_filestat_get", &[ROOT, 0, PATH, len, BUF]), OK);
    assert_eq!(g.u8(BUF + 16), 7);
    // Times before 1970 are cut, not wrapped.
    let file = fs::File::options().write(true).open(world.scratch.join("file")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH - Duration::from_secs(1000)).unwrap();
    assert_eq!(g.call("path_filestat_get", &[ROOT, 1, PATH, len, BUF]), OK);
    assert_eq!(g.u64(BUF + 48), 0);
}

#[test]
fn times_are_exact() {
    let mut world = world();
    let g = &mut world.guest;
    let len = g.put(PATH, b"link");
    let set = |g: &mut Guest, lookup, atim, mtim, flags| {
        g.call("path_filestat_set_times", &[ROOT, lookup, PATH, len, atim, mtim, flags])
    };
    assert_eq!(set(g, 1, 1_000_000_007, 2_000_000_009, 5), OK);
    let meta = fs::metadata(world.scratch.join("file")).unwrap();
    assert_eq!((meta.atime(), meta.atime_nsec()), (1, 7));
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (2, 9));
    for flags in [3, 12, 15, 16] {
        assert_eq!(set(g, 1, 0, 0, flags), Errno::INVAL);
    }
    // None: both stay. Not followed: those of the link itself.
    assert_eq!(set(g, 1, 5, 5, 0), OK);
    assert_eq!(set(g, 0, 0, 77_000_000_000, 4), OK);
    let link = fs::symlink_metadata(world.scratch.join("link")).unwrap();
    let meta = fs::metadata(world.scratch.join("file")).unwrap();
    assert_eq!((link.mtime(), meta.mtime(), meta.atime()), (77, 2, 1));
    assert_eq!(set(g, 1, 0, 0, 8), OK);
    assert!(fs::metadata(world.scratch.join("file")).unwrap().mtime() > 1_000_000_000);
    let fd = g.open(ROOT, b"file", 0, WRITE).unwrap();
    assert_eq!(g.call("fd_filestat_set_times", &[fd, 3_000_000_001, 0, 1]), OK);
    assert_eq!(fs::metadata(world.scratch.join("file")).unwrap().atime_nsec(), 1);
    assert_eq!(g.call("fd_filestat_set_times", &[fd, 0, 0, 12]), Errno::INVAL);
}

#[test]
fn reading_and_writing() {
    let mut world = world();
    let g = &mut world.guest;
    let fd = g.open(ROOT, b"file", 0, READ | WRITE).unwrap();
    // Several buffers, an empty one among them, in one call.
    for (i, (at, len)) in [(BUF, 3u32), (0, 0), (BUF + 100, 4)].into_iter().enumerate() {
        g.put(IOV + 8 * i as u64, &(at as u32).to_le_bytes());
        g.put(IOV + 8 * i as u64 + 4, &len.to_le_bytes());
    }
    assert_eq!(g.call("fd_read", &[fd, IOV, 3, OUT]), OK);
    assert_eq!(g.u32(OUT), 7);
    assert_eq!((g.get(BUF, 3), g.get(BUF + 100, 4)), (b"012".to_vec(), b"3456".to_vec()));
    assert_eq!(g.call("fd_read", &[fd, IOV, 0, OUT]), OK);
    assert_eq!(g.u32(OUT), 0);
    assert_eq!(g.call("fd_tell", &[fd, OUT]), OK);
    assert_eq!(g.u64(OUT), 7);
    assert_eq!(g.call("fd_pread", &[fd, IOV, 3, 8, OUT]), OK);
    assert_eq!(g.u32(OUT), 2);
    assert_eq!(g.call("fd_pread", &[fd, IOV, 3, 1 << 63, OUT]), Errno::INVAL);
    assert_eq!(g.call("fd_pwrite", &[fd, IOV, 3, 1 << 63, OUT]), Errno::INVAL);
    let mut seek = |offset: i64, whence| {
        let errno = g.call("fd_seek", &[fd, offset as u64, whence, OUT]);
        (errno, if errno == OK { g.u64(OUT) } else { 0 })
    };
    assert_eq!(seek(-2, 2), (OK, 8));
    assert_eq!(seek(1, 1), (OK, 9));
    assert_eq!(seek(1 << 40, 0), (OK, 1 << 40));
    assert_eq!(seek(-1, 0).0, Errno::INVAL);
    assert_eq!(seek(0, 3).0, Errno::INVAL);
    assert_eq!(seek(i64::MIN, 1).0, Errno::INVAL);
    // Lengths that no file can have.
    g.put(IOV, &[0xFF; 16]);
    assert_eq!(g.call("fd_write", &[fd, IOV, 2, OUT]), Errno::FAULT);
    assert_eq!(g.call("fd_read", &[fd, 0xFFFF_FFF8, 1, OUT]), Errno::FAULT);
    assert_eq!(g.call("fd_read", &[fd, IOV, 0xFFFF_FFFF, OUT]), Errno::FAULT);
    // A sum that does not fit: 20,000 times the whole memory.
    let pairs = [0u32.to_le_bytes(), (MEMORY as u32).to_le_bytes()].concat().repeat(20_000);
    g.put(BUF, &pairs);
    assert_eq!(g.call("fd_write", &[fd, BUF, 20_000, OUT]), OK);
    assert_eq!(g.call("fd_filestat_set_size", &[fd, 4]), OK);
    assert_eq!(g.call("fd_filestat_set_size", &[fd, u64::MAX]), Errno::INVAL);
    assert_eq!(g.call("fd_sync", &[fd]), OK);
    assert_eq!(g.call("fd_datasync", &[fd]), OK);
    assert_eq!(fs::read(world.scratch.join("file")).unwrap(), b"0123");
}

#[test]
fn appending() {
    let mut world = world();
    let g = &mut world.guest;
    let fd = g.open_with(ROOT, 1, b"file", 0, READ | WRITE, 1).unwrap();
    assert_eq!(g.write(fd, b"a"), Ok(1));
    assert_eq!(g.call("fd_seek", &[fd, 0, 0, OUT]), OK);
    assert_eq!(g.write(fd, b"b"), Ok(1));
    // At an offset, too: it is appended nevertheless.
    g.put(BUF, b"c");
    assert_eq!(g.call("fd_pwrite", &[fd, IOV, 1, 2, OUT]), OK);
    assert_eq!(fs::read(world.scratch.join("file")).unwrap(), b"0123456789abc");
    assert_eq!(g.call("fd_fdstat_set_flags", &[fd, 0]), OK);
    assert_eq!(g.call("fd_pwrite", &[fd, IOV, 1, 2, OUT]), OK);
    assert_eq!(fs::read(world.scratch.join("file")).unwrap(), b"01c3456789abc");
}

#[test]
fn room_and_advice() {
    let mut world = world();
    let g = &mut world.guest;
    let fd = g.open(ROOT, b"file", 0, READ | WRITE).unwrap();
    assert_eq!(g.call("fd_allocate", &[fd, 5, 10]), OK);
    assert_eq!(fs::read(world.scratch.join("file")).unwrap(), b"0123456789\0\0\0\0\0");
    for (offset, len) in [(0, 0), (1 << 63, 1), (i64::MAX as u64, 1), (0, u64::MAX)] {
        assert_eq!(g.call("fd_allocate", &[fd, offset, len]), Errno::INVAL, "{offset} {len}");
    }
    for advice in 0..6 {
        assert_eq!(g.call("fd_advise", &[fd, 0, 0, advice]), OK);
    }
    assert_eq!(g.call("fd_advise", &[fd, 0, 0, 6]), Errno::INVAL);
    assert_eq!(g.call("fd_advise", &[fd, i64::MAX as u64, 1, 0]), Errno::INVAL);
    assert_eq!(g.call("fd_advise", &[99, 0, 0, 0]), Errno::BADF);
}

#[test]
fn clocks_of_the_system() {
    let World { mut guest, scratch: _scratch } = world_of(Wasi::default().inherit_system());
    for id in 0..4 {
        assert_eq!(guest.call("clock_res_get", &[id, OUT]), OK);
        assert!((1..=100_000_000).contains(&guest.u64(OUT)));
        assert_eq!(guest.call("clock_time_get", &[id, 1, OUT]), OK);
        let before = guest.u64(OUT);
        assert_eq!(guest.call("clock_time_get", &[id, 1, OUT]), OK);
        assert!(guest.u64(OUT) >= before && before > 0);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(guest.call("clock_time_get", &[0, 1, OUT]), OK);
    assert!((guest.u64(OUT) / 1_000_000_000).abs_diff(now) < 5);
    for id in [4, 0xFFFF_FFFF] {
        assert_eq!(guest.call("clock_time_get", &[id, 0, OUT]), Errno::INVAL);
        assert_eq!(guest.call("clock_res_get", &[id, OUT]), Errno::INVAL);
    }
    // Processor time passes by working, not by waiting.
    let cpu = |guest: &mut Guest| {
        assert_eq!(guest.call("clock_time_get", &[3, 0, OUT]), OK);
        guest.u64(OUT)
    };
    let before = cpu(&mut guest);
    std::thread::sleep(Duration::from_millis(100));
    assert!(cpu(&mut guest) - before < 80_000_000);
}

#[test]
fn random_bytes() {
    let World { mut guest, scratch: _scratch } = world_of(Wasi::default().inherit_system());
    assert_eq!(guest.call("random_get", &[MEMORY, 0]), OK);
    assert_eq!(guest.call("random_get", &[MEMORY, 1]), Errno::FAULT);
    assert_eq!(guest.call("random_get", &[0, 0xFFFF_FFFF]), Errno::FAULT);
    assert_eq!(guest.call("random_get", &[0, MEMORY]), OK);
    let zeros = guest.bytes().iter().filter(|&&byte| byte == 0).count();
    assert!(zeros < 2000, "{zeros} of {MEMORY} bytes are 0");
}

#[test]
fn exit_has_all_its_bits() {
    for code in [0, 1, 126, 255, 256, 0x8000_0000u64, 0xFFFF_FFFF] {
        let World { mut guest, scratch: _scratch } = world();
        let error = guest.try_call("proc_exit", &[code]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Exit);
        assert_eq!(error.exit_code().map(|code| code as u32), Some(code as u32));
        assert!(error.trap().is_none());
    }
    let mut guest = Guest::new(Wasi::default());
    assert_eq!(guest.call("proc_raise", &[6]), Errno::NOTSUP);
    assert_eq!(guest.call("sched_yield", &[]), OK);
}

/// A guest needs no memory to exit; and for what needs one it is a fault.
#[test]
fn a_guest_without_a_memory() {
    let engine = Engine::default();
    let mut linker = Linker::<Wasi>::new(&engine);
    wasmvm::wasi::add_to_linker(&mut linker, |wasi| wasi).unwrap();
    let text = format!(
        r#"(module (import "{PREVIEW1}" "proc_exit" (func $exit (param i32)))
            (import "{PREVIEW1}" "random_get" (func $random (param i32 i32) (result i32)))
            (func (export "exit") i32.const 7 call $exit)
            (func (export "random") (result i32) i32.const 0 i32.const 1 call $random))"#
    );
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, Wasi::default());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let exit = instance.typed_func::<(), ()>(&store, "exit").unwrap();
    assert_eq!(exit.call(&mut store, ()).unwrap_err().exit_code(), Some(7));
    let random = instance.typed_func::<(), i32>(&store, "random").unwrap();
    assert_eq!(random.call(&mut store, ()).unwrap(), 21);
}

#[test]
fn pointers_are_checked_before_anything_happens() {
    let mut world = world();
    let g = &mut world.guest;
    let (end, max) = (MEMORY, 0xFFFF_FFFFu64);
    let before = picture(world.scratch.path());
    let len = g.put(PATH, b"new");
    let link = g.put(PATH2, b"link");
    for out in [end - 3, end, max, max - 3] {
        let open = [ROOT, 0, PATH, len, CREAT, WRITE, 0, 0, out];
        assert_eq!(g.call("path_open", &open), Errno::FAULT);
    }
    // No descriptor was lost either.
    assert_eq!(g.open(ROOT, b"file", 0, READ | WRITE), Ok(4));
    assert_eq!(g.write(4, b"").unwrap(), 0);
    g.put(IOV, &[(BUF as u32).to_le_bytes(), 5u32.to_le_bytes()].concat());
    for (name, args) in [
        ("fd_write", &[4, IOV, 1, end - 3][..]),
        ("fd_write", &[4, end - 7, 1, OUT]),
        ("fd_read", &[4, IOV, 1, max]),
        ("fd_pwrite", &[4, IOV, 1, 0, end]),
        ("path_create_directory", &[ROOT, end - 1, 2]),
        ("path_create_directory", &[ROOT, max, max]),
        ("path_symlink", &[PATH, 3, ROOT, end, 1]),
        ("path_unlink_file", &[ROOT, max - 1, 4]),
        ("fd_fdstat_get", &[4, end - 23]),
        ("fd_filestat_get", &[4, end - 63]),
        ("fd_seek", &[4, 5, 0, end - 7]),
        ("fd_tell", &[4, end - 7]),
        ("fd_prestat_get", &[ROOT, end - 7]),
        ("fd_prestat_dir_name", &[ROOT, end, 1]),
        ("fd_readdir", &[ROOT, end - 10, 11, 0, OUT]),
        ("fd_readdir", &[ROOT, BUF, 100, 0, end - 3]),
        ("clock_time_get", &[0, 0, end - 7]),
        ("clock_res_get", &[0, end - 7]),
        ("args_sizes_get", &[end - 3, OUT]),
        ("environ_sizes_get", &[OUT, end - 3]),
        ("path_readlink", &[ROOT, PATH2, link, end - 1, 2, OUT]),
        ("path_filestat_get", &[ROOT, 0, PATH, len, end - 63]),
        ("poll_oneoff", &[end - 47, BUF, 1, OUT]),
        ("poll_oneoff", &[PATH, end - 31, 1, OUT]),
        ("poll_oneoff", &[PATH, BUF, 1, end - 3]),
    ] {
        assert_eq!(g.call(name, args), Errno::FAULT, "{name} {args:?}");
    }
    assert_eq!(g.call("fd_tell", &[4, OUT]), OK);
    assert_eq!(g.u64(OUT), 0);
    assert_eq!(picture(world.scratch.path()), before);
    // At any alignment.
    assert_eq!(g.call("fd_filestat_get", &[4, BUF + 1]), OK);
    assert_eq!(g.u64(BUF + 33), 10);
    assert_eq!(g.call("fd_filestat_get", &[4, end - 64]), OK);
}

#[test]
fn arguments_and_environment() {
    let wasi = Wasi::default().args(["app", "-v", ""]).env("K", "V=W").env_raw("L=");
    let mut g = Guest::new(wasi.env("K", "X"));
    assert_eq!(g.call("args_sizes_get", &[OUT, OUT + 4]), OK);
    assert_eq!((g.u32(OUT), g.u32(OUT + 4)), (3, 8));
    assert_eq!(g.call("args_get", &[OUT, BUF]), OK);
    assert_eq!(g.get(BUF, 8), b"app\0-v\0\0");
    assert_eq!([0, 4, 8].map(|i| u64::from(g.u32(OUT + i)) - BUF), [0, 4, 7]);
    assert_eq!(g.call("environ_sizes_get", &[OUT, OUT + 4]), OK);
    assert_eq!((g.u32(OUT), g.u32(OUT + 4)), (2, 7));
    assert_eq!(g.call("environ_get", &[OUT, BUF]), OK);
    assert_eq!(g.get(BUF, 7), b"K=X\0L=\0");
}

/// The names that `fd_readdir` tells, with a buffer of `len` bytes; each is removed when it was
/// told, if `remove` says so.
fn list(g: &mut Guest, dir: u64, len: u64, remove: bool) -> Vec<String> {
    let (mut names, mut cookie) = (Vec::new(), 0u64);
    loop {
        assert_eq!(g.call("fd_readdir", &[dir, BUF, len, cookie, OUT]), OK);
        let used = u64::from(g.u32(OUT));
        let bytes = g.get(BUF, used);
        let mut at = 0;
        while let Some(header) = bytes.get(at..at + 24) {
            let name_len = u32::from_le_bytes(header[16..20].try_into().unwrap()) as usize;
            let Some(name) = bytes.get(at + 24..at + 24 + name_len) else { break };
            cookie = u64::from_le_bytes(header[..8].try_into().unwrap());
            let name = String::from_utf8(name.to_vec()).unwrap();
            if remove && !matches!(&*name, "." | "..") {
                assert_eq!(g.path("path_unlink_file", dir, name.as_bytes(), &[]), OK, "{name}");
            }
            names.push(name);
            at += 24 + name_len;
        }
        if used < len {
            return names;
        }
    }
}

#[test]
fn listing_fills_the_buffer_and_starts_again_anywhere() {
    let mut world = world();
    let g = &mut world.guest;
    let whole = list(g, ROOT, 4096, false);
    assert_eq!(whole[..2], [".", ".."]);
    assert_eq!(whole.len(), 2 + 6);
    for len in [33, 40, 64, 100] {
        assert_eq!(list(g, ROOT, len, false), whole, "{len}");
    }
    for len in [0, 5, 23] {
        assert_eq!(g.call("fd_readdir", &[ROOT, BUF, len, 0, OUT]), OK);
        assert_eq!(u64::from(g.u32(OUT)), len);
    }
    assert_eq!(g.call("fd_readdir", &[ROOT, BUF, 100, 999, OUT]), OK);
    assert_eq!(g.u32(OUT), 0);
    // The inode of `.` is that of the directory, and types are told.
    assert_eq!(g.call("fd_readdir", &[ROOT, BUF, 100, 0, OUT]), OK);
    let ino = g.u64(BUF + 8);
    assert_eq!(ino, fs::metadata(world.scratch.path()).unwrap().ino());
    assert_eq!(g.u8(BUF + 20), 3);
    // What is made meanwhile is there when one begins again.
    fs::write(world.scratch.join("later"), "").unwrap();
    assert!(list(g, ROOT, 4096, false).contains(&"later".to_owned()));
    let file = g.open(ROOT, b"file", 0, READ).unwrap();
    assert_eq!(g.call("fd_readdir", &[file, BUF, 100, 0, OUT]), Errno::NOTDIR);
    assert_eq!(g.call("fd_readdir", &[99, BUF, 100, 0, OUT]), Errno::BADF);
}

/// As `rm -r` does it: every name is removed while the list is read, and none is missed.
fn emptied(scratch: &Scratch, count: usize) {
    let dir = scratch.join("many");
    fs::create_dir(&dir).unwrap();
    for i in 0..count {
        fs::write(dir.join(format!("entry-{i:06}")), "").unwrap();
    }
    let mut g = Guest::new(Wasi::default().preopen(&dir, "/").unwrap());
    let mut names = list(&mut g, ROOT, 4096, true);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count + 2);
    assert_eq!(list(&mut g, ROOT, 4096, false), [".", ".."]);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn a_large_directory_is_listed_while_it_is_emptied() {
    // In memory where there is such a place: on a disk it takes half a minute.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { temp_dir() };
    emptied(&Scratch::within(&place), 100_000);
    emptied(&Scratch::new(), 5_000);
}

#[test]
fn sockets_are_those_that_were_given() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut world = world_of(Wasi::default().listener(listener));
    let g = &mut world.guest;
    let (listening, dir) = (3, 4);
    for (name, rest) in [
        ("sock_accept", &[0, OUT][..]),
        ("sock_recv", &[IOV, 0, 0, OUT, OUT + 4]),
        ("sock_send", &[IOV, 0, 0, OUT]),
        ("sock_shutdown", &[1]),
    ] {
        for (fd, errno) in [(0, Errno::NOTSOCK), (dir, Errno::NOTSOCK), (99, Errno::BADF)] {
            assert_eq!(g.call(name, &[&[fd], rest].concat()), errno, "{name} {fd}");
        }
    }
    assert_eq!(g.call("fd_fdstat_get", &[listening, OUT]), OK);
    assert_eq!(g.u8(OUT), 6);
    assert_eq!(g.call("fd_prestat_get", &[listening, OUT]), Errno::BADF);
    // Nobody is there: it does not wait if it was told so.
    assert_eq!(g.call("fd_fdstat_set_flags", &[listening, 4]), OK);
    assert_eq!(g.call("sock_accept", &[listening, 0, OUT]), Errno::AGAIN);
    let mut client = std::net::TcpStream::connect(address).unwrap();
    g.subscribe(0, Subscription::Read(listening));
    assert_eq!(g.poll(1).unwrap()[0].error, OK);
    assert_eq!(g.call("sock_accept", &[listening, 4, OUT]), OK);
    let fd = u64::from(g.u32(OUT));
    assert_eq!(g.read(fd, 10), Err(Errno::AGAIN));
    // As a file or as a socket.
    assert_eq!(g.write(fd, b"hello").unwrap(), 5);
    let mut got = [0; 5];
    std::io::Read::read_exact(&mut client, &mut got).unwrap();
    assert_eq!(&got, b"hello");
    std::io::Write::write_all(&mut client, b"answer").unwrap();
    g.subscribe(0, Subscription::Read(fd));
    assert_eq!(g.poll(1).unwrap()[0].bytes, 6);
    assert_eq!(g.read(fd, 3).unwrap(), b"ans");
    // Looked at, and then received; flags that there are not.
    let recv = |g: &mut Guest, flags| {
        g.put(IOV, &[(BUF as u32).to_le_bytes(), 100u32.to_le_bytes()].concat());
        g.put(OUT, &[0xFF; 8]);
        match g.call("sock_recv", &[fd, IOV, 1, flags, OUT, OUT + 4]) {
            OK => Ok((g.u32(OUT), g.u16(OUT + 4))),
            errno => Err(errno),
        }
    };
    assert_eq!(recv(g, 1), Ok((3, 0)));
    assert_eq!(recv(g, 4), Err(Errno::INVAL));
    assert_eq!(recv(g, 0), Ok((3, 0)));
    assert_eq!(g.get(BUF, 3), b"wer");
    assert_eq!(recv(g, 0), Err(Errno::AGAIN));
    g.put(IOV + 4, &3u32.to_le_bytes());
    assert_eq!(g.call("sock_send", &[fd, IOV, 1, 1, OUT]), Errno::INVAL);
    assert_eq!(g.call("sock_send", &[fd, IOV, 1, 0, OUT]), OK);
    let mut got = [0; 3];
    std::io::Read::read_exact(&mut client, &mut got).unwrap();
    assert_eq!((g.u32(OUT), &got), (3, b"wer"));
    for how in [0, 4, 8] {
        assert_eq!(g.call("sock_shutdown", &[fd, how]), Errno::INVAL);
    }
    assert_eq!(g.call("sock_shutdown", &[fd, 3]), OK);
    // An error, not a signal.
    assert_eq!(g.write(fd, b"x"), Err(Errno::PIPE));
    assert_eq!(g.call("sock_send", &[fd, IOV, 1, 0, OUT]), Errno::PIPE);
    assert_eq!(recv(g, 0), Ok((0, 0)));
}
