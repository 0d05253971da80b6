//! File systems of the embedder: in memory, embedded, and one of a test's own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::guest::*;
use wasmvm::wasi::{EmbeddedFs, Entry, Errno, FileSystem, MemFs, Metadata, NodeId, NodeKind, Wasi};

const ROOT: u64 = 3;

fn mem() -> (MemFs, Guest) {
    let fs = MemFs::new();
    fs.write_file("file", "0123456789").unwrap();
    fs.write_file("/dir/nested/file", "nested").unwrap();
    fs.create_dir("empty").unwrap();
    let guest = Guest::new(Wasi::default().preopen_fs("/", fs.clone()));
    (fs, guest)
}

#[test]
fn a_guest_works_in_memory_as_on_disk() {
    let (fs, mut g) = mem();
    assert_eq!(g.read_file(ROOT, b"dir/./nested/../nested/file").unwrap(), b"nested");
    let fd = g.open(ROOT, b"new", CREAT | EXCL, READ | WRITE).unwrap();
    assert_eq!(g.write(fd, b"hello "), Ok(6));
    assert_eq!(g.write(fd, b"world"), Ok(5));
    assert_eq!(g.call("fd_seek", &[fd, -5i64 as u64, 2, OUT]), OK);
    assert_eq!(g.u64(OUT), 6);
    assert_eq!(g.read(fd, 100).unwrap(), b"world");
    assert_eq!(g.read(fd, 100).unwrap(), b"");
    assert_eq!(fs.read_file("new").unwrap(), b"hello world");
    assert_eq!(g.call("fd_filestat_set_size", &[fd, 3]), OK);
    assert_eq!(g.call("fd_allocate", &[fd, 4, 1]), OK);
    assert_eq!(g.call("fd_pread", &[fd, IOV, 1, 0, OUT]), OK);
    assert_eq!(g.get(BUF, 5), b"hel\0\0");
    assert_eq!(g.call("fd_seek", &[fd, 10, 0, OUT]), OK);
    assert_eq!(g.write(fd, b"gap"), Ok(3));
    assert_eq!(fs.read_file("new").unwrap(), b"hel\0\0\0\0\0\0\0gap");
    // Appending, also at an offset; several buffers.
    assert_eq!(g.call("fd_fdstat_set_flags", &[fd, 1]), OK);
    for (i, (at, len)) in [(BUF, 2u32), (BUF + 2, 1)].into_iter().enumerate() {
        g.put(IOV + 8 * i as u64, &(at as u32).to_le_bytes());
        g.put(IOV + 8 * i as u64 + 4, &len.to_le_bytes());
    }
    g.put(BUF, b"end");
    assert_eq!(g.call("fd_pwrite", &[fd, IOV, 2, 0, OUT]), OK);
    assert_eq!(fs.read_file("new").unwrap(), b"hel\0\0\0\0\0\0\0gapend");
    for (name, args) in [
        ("fd_sync", &[fd][..]),
        ("fd_datasync", &[fd]),
        ("fd_advise", &[fd, 0, 0, 5]),
        ("fd_filestat_get", &[fd, BUF]),
    ] {
        assert_eq!(g.call(name, args), OK, "{name}");
    }
    assert_eq!((g.u8(BUF + 16), g.u64(BUF + 24), g.u64(BUF + 32)), (4, 1, 16));
    assert_eq!(g.call("fd_advise", &[fd, 0, 0, 6]), Errno::INVAL);
    assert_eq!(g.call("fd_pread", &[fd, IOV, 1, 1 << 63, OUT]), Errno::INVAL);
    assert_eq!(g.call("fd_seek", &[fd, -1i64 as u64, 0, OUT]), Errno::INVAL);
    // Cut at opening.
    assert!(g.open(ROOT, b"new", TRUNC, WRITE).is_ok());
    assert_eq!(fs.read_file("new").unwrap(), b"");
}

#[test]
fn names_in_memory_behave_as_on_disk() {
    let (fs, mut g) = mem();
    let path = |g: &mut Guest, name: &str, path: &str| g.path(name, ROOT, path.as_bytes(), &[]);
    let two = |g: &mut Guest, name: &str, flags: &[u64], old: &str, new: &str| {
        let old = g.put(PATH, old.as_bytes());
        let new = g.put(PATH2, new.as_bytes());
        g.call(name, &[&[ROOT], flags, &[PATH, old, ROOT, PATH2, new]].concat())
    };
    let symlink = |g: &mut Guest, target: &str, new: &str| {
        let old = g.put(PATH, target.as_bytes());
        let new = g.put(PATH2, new.as_bytes());
        g.call("path_symlink", &[PATH, old, ROOT, PATH2, new])
    };
    for (name, at, errno) in [
        ("path_create_directory", "made/", OK),
        ("path_create_directory", "made", Errno::EXIST),
        ("path_create_directory", "no/made", Errno::NOENT),
        ("path_create_directory", "file/made", Errno::NOTDIR),
        ("path_remove_directory", "file", Errno::NOTDIR),
        ("path_remove_directory", "dir", Errno::NOTEMPTY),
        ("path_remove_directory", "made/", OK),
        ("path_unlink_file", "dir", Errno::ISDIR),
        ("path_unlink_file", "file/", Errno::NOTDIR),
        ("path_unlink_file", "missing", Errno::NOENT),
        ("path_create_directory", "../made", Errno::PERM),
        ("path_unlink_file", "/file", Errno::PERM),
    ] {
        assert_eq!(path(&mut g, name, at), errno, "{name} {at}");
    }
    for (old, new, errno) in [
        ("file", "dir", Errno::ISDIR),
        ("empty", "file", Errno::NOTDIR),
        ("empty", "dir", Errno::NOTEMPTY),
        ("dir", "dir/nested/dir", Errno::INVAL),
        ("dir", "dir/dir", Errno::INVAL),
        ("missing", "x", Errno::NOENT),
        ("dir/", "empty/", OK),
        ("empty", "dir", OK),
        ("file", "dir/nested/file", OK),
        ("dir/nested/file", "file", OK),
    ] {
        assert_eq!(two(&mut g, "path_rename", &[], old, new), errno, "{old} {new}");
    }
    assert_eq!(fs.read_file("file").unwrap(), b"0123456789");
    for (target, new, errno) in [
        ("file", "link", OK),
        ("dir", "to-dir", OK),
        ("../../x", "up", OK),
        ("loop", "loop", OK),
        ("missing", "dangling", OK),
        ("/file", "absolute", Errno::PERM),
        ("", "empty-link", Errno::NOENT),
        ("x", "file", Errno::EXIST),
    ] {
        assert_eq!(symlink(&mut g, target, new), errno, "{target} {new}");
    }
    assert_eq!(g.read_file(ROOT, b"link").unwrap(), b"0123456789");
    assert_eq!(g.open_with(ROOT, 0, b"link", 0, READ, 0), Err(Errno::LOOP));
    assert!(g.open(ROOT, b"to-dir/nested", DIRECTORY, 0).is_ok());
    for (at, errno) in [
        ("up", Errno::PERM),
        ("loop", Errno::LOOP),
        ("dangling", Errno::NOENT),
        ("to-dir/../..", Errno::PERM),
        ("file/", Errno::NOTDIR),
        ("file/x", Errno::NOTDIR),
        ("", Errno::NOENT),
    ] {
        assert_eq!(g.open(ROOT, at.as_bytes(), 0, READ), Err(errno), "{at}");
    }
    assert_eq!(g.open(ROOT, b"dir", 0, WRITE), Err(Errno::ISDIR));
    assert_eq!(g.open(ROOT, b"file", DIRECTORY, 0), Err(Errno::NOTDIR));
    assert_eq!(g.open(ROOT, b"file", CREAT | EXCL, WRITE), Err(Errno::EXIST));
    assert!(g.open(ROOT, b"dangling", CREAT, WRITE).is_ok());
    assert_eq!(fs.read_file("missing").unwrap(), b"");
    assert_eq!(g.path("path_readlink", ROOT, b"up", &[BUF, 4, OUT]), OK);
    assert_eq!((g.u32(OUT), g.get(BUF, 4)), (4, b"../.".to_vec()));
    assert_eq!(g.path("path_readlink", ROOT, b"file", &[BUF, 4, OUT]), Errno::INVAL);
    // Second names.
    assert_eq!(two(&mut g, "path_link", &[0], "file", "second"), OK);
    assert_eq!(two(&mut g, "path_link", &[0], "dir", "second-dir"), Errno::PERM);
    assert_eq!(path(&mut g, "path_unlink_file", "file"), OK);
    assert_eq!(fs.read_file("second").unwrap(), b"0123456789");
    // Names that are too long.
    assert_eq!(path(&mut g, "path_create_directory", &"x".repeat(256)), Errno::NAMETOOLONG);
}

#[test]
fn what_is_open_stays_when_its_name_goes() {
    let (fs, mut g) = mem();
    let used = fs.used_bytes();
    let file = g.open(ROOT, b"file", 0, READ | WRITE).unwrap();
    assert_eq!(g.path("path_unlink_file", ROOT, b"file", &[]), OK);
    assert_eq!(g.read(file, 4).unwrap(), b"0123");
    assert_eq!(g.call("fd_filestat_get", &[file, BUF]), OK);
    assert_eq!(g.u64(BUF + 24), 0);
    g.close(file);
    assert!(fs.used_bytes() < used);
    // A directory that was renamed is the same; one that was removed takes nothing in.
    let dir = g.open(ROOT, b"dir", DIRECTORY, 0).unwrap();
    let (old, new) = (g.put(PATH, b"dir"), g.put(PATH2, b"empty/moved"));
    assert_eq!(g.call("path_rename", &[ROOT, PATH, old, ROOT, PATH2, new]), OK);
    assert_eq!(g.read_file(dir, b"nested/file").unwrap(), b"nested");
    let removed = g.open(ROOT, b"empty/moved/nested", DIRECTORY, 0).unwrap();
    assert_eq!(g.path("path_unlink_file", removed, b"file", &[]), OK);
    assert_eq!(g.path("path_remove_directory", dir, b"nested", &[]), OK);
    assert_eq!(g.open(removed, b"new", CREAT, WRITE), Err(Errno::NOENT));
    assert_eq!(g.open(removed, b"..", 0, READ), Err(Errno::PERM));
}

#[test]
fn memory_is_bounded() {
    let fs = MemFs::with_limit(100_000);
    let mut g = Guest::new(Wasi::default().preopen_fs("/", fs.clone()));
    let fd = g.open(ROOT, b"file", CREAT, WRITE).unwrap();
    let mut written = 0;
    let full = loop {
        match g.write(fd, &[7; 1000]) {
            Ok(count) => written += count,
            Err(errno) => break errno,
        }
    };
    assert_eq!(full, Errno::NOSPC);
    assert!((95_000..100_000).contains(&written), "{written}");
    assert!(fs.used_bytes() <= 100_000);
    assert_eq!(g.call("fd_filestat_set_size", &[fd, 1 << 40]), Errno::NOSPC);
    assert_eq!(g.call("fd_filestat_set_size", &[fd, i64::MAX as u64]), Errno::NOSPC);
    assert_eq!(g.call("fd_allocate", &[fd, 0, 1 << 40]), Errno::NOSPC);
    assert_eq!(g.call("fd_seek", &[fd, i64::MAX as u64, 0, OUT]), OK);
    assert!(matches!(g.write(fd, b"x"), Err(Errno::NOSPC)));
    // Removing gives the room back; empty files and names take some too.
    g.close(fd);
    assert_eq!(g.path("path_unlink_file", ROOT, b"file", &[]), OK);
    let mut made = 0;
    let full = loop {
        match g.open(ROOT, format!("file-{made}").as_bytes(), CREAT, WRITE) {
            Ok(fd) => g.close(fd),
            Err(errno) => break errno,
        }
        made += 1;
    };
    assert_eq!(full, Errno::NOSPC);
    assert!((100..1000).contains(&made), "{made}");
    for i in 0..made {
        assert_eq!(g.path("path_unlink_file", ROOT, format!("file-{i}").as_bytes(), &[]), OK);
    }
    assert_eq!(fs.used_bytes(), MemFs::new().used_bytes());
}

#[test]
fn nothing_changes_where_it_is_read_only() {
    const FILES: [(&str, &[u8]); 3] =
        [("file", b"0123456789"), ("dir/nested/file", b"nested"), ("dir/other", b"")];
    let fs = MemFs::new();
    for (path, bytes) in FILES {
        fs.write_file(path, bytes).unwrap();
    }
    let embedded = EmbeddedFs::new(FILES).unwrap();
    // 3, 4: a file system that could be changed and one that could not; 5: one to change.
    let wasi = Wasi::default().preopen_fs_ro("a", fs.clone()).preopen_fs("b", embedded);
    let mut g = Guest::new(wasi.preopen_fs("c", MemFs::new()));
    for dir in [3, 4] {
        assert_eq!(g.read_file(dir, b"dir/nested/file").unwrap(), b"nested");
        assert_eq!(g.open(dir, b"new", CREAT, WRITE), Err(Errno::ROFS));
        assert_eq!(g.open(dir, b"file", TRUNC, READ), Err(Errno::ROFS));
        if let Ok(fd) = g.open(dir, b"file", 0, READ | WRITE) {
            assert_eq!(g.write(fd, b"x"), Err(Errno::ROFS));
            for (name, args) in [
                ("fd_filestat_set_size", &[fd, 100][..]),
                ("fd_allocate", &[fd, 0, 100]),
                ("fd_filestat_set_times", &[fd, 1, 1, 5]),
            ] {
                assert_eq!(g.call(name, args), Errno::ROFS, "{name}");
            }
            g.close(fd);
        }
        for (name, path) in [
            ("path_create_directory", &b"new"[..]),
            ("path_remove_directory", b"dir"),
            ("path_unlink_file", b"file"),
        ] {
            assert_eq!(g.path(name, dir, path, &[]), Errno::ROFS, "{name}");
        }
        let (old, new) = (g.put(PATH, b"file"), g.put(PATH2, b"new"));
        for to in [dir, 5] {
            let errno = g.call("path_rename", &[dir, PATH, old, to, PATH2, new]);
            assert!(matches!(errno, Errno::ROFS | Errno::PERM | Errno::XDEV), "{errno}");
            let errno = g.call("path_link", &[dir, 0, PATH, old, to, PATH2, new]);
            assert!(matches!(errno, Errno::ROFS | Errno::PERM | Errno::XDEV), "{errno}");
        }
        assert_eq!(g.call("path_symlink", &[PATH, old, dir, PATH2, new]), Errno::ROFS);
        let times = [dir, 1, PATH, old, 1, 1, 5];
        assert_eq!(g.call("path_filestat_set_times", &times), Errno::ROFS);
        for (path, bytes) in FILES {
            assert_eq!(g.read_file(dir, path.as_bytes()).unwrap(), bytes);
        }
    }
    assert_eq!(fs.read_file("file").unwrap(), b"0123456789");
}

#[test]
fn embedded_files_have_paths() {
    let new = |files: &[(&'static str, &'static [u8])]| EmbeddedFs::new(files.iter().copied());
    assert!(new(&[("a", b""), ("b/c", b""), ("/d", b"")]).is_ok());
    for wrong in [
        &[("a", &b""[..]), ("a", b"")][..],
        &[("a", b""), ("a/b", b"")],
        &[("a/b", b""), ("a", b"")],
        &[("", b"")],
        &[("a//b", b"")],
        &[("../a", b"")],
        &[("a/./b", b"")],
        &[("a\0b", b"")],
    ] {
        assert!(new(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn listing_and_moving_between_file_systems() {
    let (_, g) = mem();
    drop(g);
    let (one, other) = (MemFs::new(), MemFs::new());
    for i in 0..50 {
        one.write_file(&format!("file-{i:02}"), "").unwrap();
    }
    let scratch = Scratch::new();
    let wasi = Wasi::default().preopen_fs("a", one).preopen_fs("b", other);
    let mut g = Guest::new(wasi.preopen(scratch.path(), "c").unwrap());
    assert_eq!(g.call("fd_readdir", &[3, BUF, 4096, 0, OUT]), OK);
    let used = g.u32(OUT) as usize;
    assert_eq!(used, (24 + 1) + (24 + 2) + 50 * (24 + 7));
    assert_eq!((g.get(BUF + 24, 1), g.u8(BUF + 20)), (b".".to_vec(), 3));
    let (old, new) = (g.put(PATH, b"file-00"), g.put(PATH2, b"new"));
    for to in [4, 5] {
        assert_eq!(g.call("path_rename", &[3, PATH, old, to, PATH2, new]), Errno::XDEV);
        assert_eq!(g.call("path_link", &[3, 0, PATH, old, to, PATH2, new]), Errno::XDEV);
    }
    // Devices differ, inodes do not come twice.
    let mut dev = |fd| {
        assert_eq!(g.call("fd_filestat_get", &[fd, BUF]), OK);
        g.u64(BUF)
    };
    let devs = [dev(3), dev(4), dev(5)];
    assert!(devs[0] != devs[1] && devs[1] != devs[2] && devs[0] != devs[2], "{devs:?}");
}

/// The same actions leave the same times, and a guest's own are kept.
#[test]
fn times_in_memory() {
    let times = || {
        let (_, mut g) = mem();
        let fd = g.open(ROOT, b"file", 0, READ | WRITE).unwrap();
        assert_eq!(g.write(fd, b"x"), Ok(1));
        assert_eq!(g.call("fd_filestat_get", &[fd, BUF]), OK);
        let modified = g.u64(BUF + 48);
        assert_eq!(g.call("fd_filestat_set_times", &[fd, 1_000_000_007, 0, 1]), OK);
        assert_eq!(g.call("fd_filestat_get", &[fd, BUF]), OK);
        assert_eq!((g.u64(BUF + 40), g.u64(BUF + 48)), (1_000_000_007, modified));
        assert_eq!(g.call("fd_filestat_set_times", &[fd, 0, 0, 8]), OK);
        assert_eq!(g.call("fd_filestat_get", &[fd, BUF]), OK);
        assert!(g.u64(BUF + 48) > modified);
        modified
    };
    assert_eq!(times(), times());
    assert!(times() > 1_640_995_200_000_000_000);
}

/// A file system with the four functions that are required: `/N` has N times the letter x.
struct Letters {
    open: Arc<AtomicUsize>,
}

impl FileSystem for Letters {
    fn lookup(&self, dir: NodeId, name: &str) -> io::Result<NodeId> {
        match name.parse::<u64>() {
            Ok(n) if dir == NodeId::ROOT => Ok(NodeId(n + 2)),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn metadata(&self, node: NodeId) -> io::Result<Metadata> {
        match node {
            NodeId::ROOT => Ok(Metadata::new(NodeKind::Dir, 0)),
            NodeId(n) => Ok(Metadata::new(NodeKind::File, n - 2)),
        }
    }

    fn list(&self, _: NodeId, each: &mut dyn FnMut(Entry<'_>) -> bool) -> io::Result<()> {
        // Without an end: the host must stop asking.
        let mut n = 0u64;
        while each(Entry { name: &n.to_string(), node: NodeId(n + 2), kind: NodeKind::File }) {
            n += 1;
        }
        Ok(())
    }

    fn read(&self, file: NodeId, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if file == NodeId(2 + 13) {
            return Err(io::Error::other("unlucky"));
        }
        let count = buffer.len().min((file.0 - 2).saturating_sub(offset) as usize);
        buffer[..count].fill(b'x');
        Ok(count)
    }

    fn opened(&self, _: NodeId) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    fn closed(&self, _: NodeId) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_file_system_of_the_embedders_own() {
    let open = Arc::new(AtomicUsize::new(0));
    let mut g = Guest::new(Wasi::default().preopen_fs("/", Letters { open: open.clone() }));
    assert_eq!(g.read_file(ROOT, b"5").unwrap(), b"xxxxx");
    assert_eq!(g.read_file(ROOT, b"13"), Err(Errno::IO));
    assert_eq!(g.open(ROOT, b"five", 0, READ), Err(Errno::NOENT));
    assert_eq!(g.open(ROOT, b"5/5", 0, READ), Err(Errno::NOTDIR));
    assert_eq!(g.open(ROOT, b"new", CREAT, WRITE), Err(Errno::ROFS));
    let fd = g.open(ROOT, b"5", 0, READ | WRITE).unwrap();
    assert_eq!(g.write(fd, b"y"), Err(Errno::ROFS));
    assert_eq!(g.path("path_unlink_file", ROOT, b"5", &[]), Errno::ROFS);
    assert_eq!(g.call("fd_readdir", &[ROOT, BUF, 100, 0, OUT]), Errno::NOMEM);
    // Every node that was opened is closed, those on the way too.
    drop(g);
    assert_eq!(open.load(Ordering::Relaxed), 0);
}
