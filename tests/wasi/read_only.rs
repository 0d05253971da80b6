//! Directories that a guest may only read: whatever it tries, nothing on the disk changes.

use std::fs;
use std::os::unix::fs::symlink;

use crate::guest::*;
use wasmvm::wasi::{Errno, Wasi};

/// To read only; the same to change; another one to change.
const RO: u64 = 3;
const RW: u64 = 4;
const OTHER: u64 = 5;

fn world(openat2: bool) -> (Scratch, Guest) {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.join("a/dir/empty")).unwrap();
    fs::create_dir(scratch.join("b")).unwrap();
    fs::write(scratch.join("a/file"), "0123456789").unwrap();
    fs::write(scratch.join("a/dir/file"), "in dir").unwrap();
    fs::write(scratch.join("b/file"), "other").unwrap();
    symlink("file", scratch.join("a/link")).unwrap();
    symlink("missing", scratch.join("a/dangling")).unwrap();
    let wasi = if openat2 { Wasi::default() } else { Wasi::default().without_openat2() };
    let wasi = wasi.preopen_ro(scratch.join("a"), "/ro").unwrap();
    let wasi = wasi.preopen(scratch.join("a"), "/rw").unwrap();
    let guest = Guest::new(wasi.preopen(scratch.join("b"), "/other").unwrap());
    (scratch, guest)
}

#[test]
fn nothing_changes() {
    for openat2 in [true, false] {
        let (scratch, mut g) = world(openat2);
        let before = picture(scratch.path());
        let below = g.open(RO, b"dir", DIRECTORY, READ).unwrap();
        for dir in [RO, below] {
            refuses_to_open(&mut g, dir);
            refuses_names(&mut g, dir);
            refuses_across(&mut g, dir);
        }
        assert_eq!(g.read_file(RO, b"link").unwrap(), b"0123456789");
        assert_eq!(picture(scratch.path()), before);
    }
}

fn refuses_to_open(g: &mut Guest, dir: u64) {
    for rights in [0, READ, WRITE, READ | WRITE] {
        for (path, oflags) in [
            (&b"new"[..], CREAT),
            (b"new", CREAT | EXCL),
            (b"new", CREAT | TRUNC),
            (b"file", TRUNC),
            (b"file", CREAT | TRUNC),
            (b"./file", TRUNC),
        ] {
            let opened = g.open(dir, path, oflags, rights);
            assert_eq!(opened, Err(Errno::ROFS), "{oflags} {rights}");
        }
    }
    for fdflags in [0, 1, 4] {
        assert_eq!(g.open_with(dir, 1, b"file", 0, WRITE, fdflags), Err(Errno::ROFS));
    }
    assert_eq!(g.open_with(dir, 1, b"file", 0, READ, 1), Err(Errno::ROFS), "append");
    // What is there can be opened with CREAT: nothing is made.
    let fd = g.open(dir, b"file", CREAT, READ).unwrap();
    assert!(matches!(g.write(fd, b"x"), Err(Errno::BADF)));
    for (name, args) in [
        ("fd_filestat_set_size", &[fd, 0][..]),
        ("fd_allocate", &[fd, 0, 100]),
        ("fd_filestat_set_times", &[fd, 1, 1, 5]),
        ("fd_filestat_set_times", &[dir, 1, 1, 5]),
        ("fd_filestat_set_times", &[fd, 0, 0, 10]),
    ] {
        assert_eq!(g.call(name, args), Errno::ROFS, "{name}");
    }
    g.put(IOV, &[0; 8]);
    assert_eq!(g.call("fd_pwrite", &[fd, IOV, 1, 0, OUT]), Errno::BADF);
    g.close(fd);
}

fn refuses_names(g: &mut Guest, dir: u64) {
    for (name, path) in [
        ("path_create_directory", &b"new"[..]),
        ("path_remove_directory", b"empty"),
        ("path_remove_directory", b"dir"),
        ("path_unlink_file", b"file"),
        ("path_unlink_file", b"link"),
    ] {
        assert_eq!(g.path(name, dir, path, &[]), Errno::ROFS, "{name}");
    }
    let (old, new) = (g.put(PATH, b"file"), g.put(PATH2, b"new"));
    assert_eq!(g.call("path_rename", &[dir, PATH, old, dir, PATH2, new]), Errno::ROFS);
    assert_eq!(g.call("path_link", &[dir, 0, PATH, old, dir, PATH2, new]), Errno::ROFS);
    assert_eq!(g.call("path_symlink", &[PATH, old, dir, PATH2, new]), Errno::ROFS);
    for lookup in [0, 1] {
        for flags in [1, 2, 4, 8, 5, 10] {
            let times = [dir, lookup, PATH, old, 1, 1, flags];
            assert_eq!(g.call("path_filestat_set_times", &times), Errno::ROFS);
        }
    }
}

/// A name must not carry a file to where it could be changed, nor out of it.
fn refuses_across(g: &mut Guest, dir: u64) {
    let (old, new) = (g.put(PATH, b"file"), g.put(PATH2, b"new"));
    for other in [RW, OTHER] {
        for (from, to) in [(dir, other), (other, dir)] {
            let rename = [from, PATH, old, to, PATH2, new];
            assert_eq!(g.call("path_rename", &rename), Errno::PERM, "{from} {to}");
            let link = [from, 0, PATH, old, to, PATH2, new];
            assert_eq!(g.call("path_link", &link), Errno::PERM, "{from} {to}");
        }
    }
}

/// The writable door to the same directory works: it is the descriptor that counts.
#[test]
fn what_was_opened_to_change_can_be_changed() {
    let (scratch, mut g) = world(true);
    let fd = g.open(RW, b"file", 0, READ | WRITE).unwrap();
    assert_eq!(g.write(fd, b"x"), Ok(1));
    let (old, new) = (g.put(PATH, b"file"), g.put(PATH2, b"moved"));
    assert_eq!(g.call("path_rename", &[RW, PATH, old, OTHER, PATH2, new]), OK);
    assert_eq!(fs::read(scratch.join("b/moved")).unwrap(), b"x123456789");
}
