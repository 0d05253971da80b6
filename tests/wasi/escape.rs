//! Attempts to get out of the directories that a guest was given: every way that is known to have
//! worked somewhere, with `openat2` and without it. After each of them everything outside must be
//! as it was, and nothing of it may have been read.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::guest::*;
use wasmvm::wasi::{Errno, Wasi};

const SECRET: &[u8] = b"the secret";
/// `inside`, to change and to read only; `inside/sub`; the system's `/proc`.
const ROOT: u64 = 3;
const RO: u64 = 4;
const SUB: u64 = 5;
const PROC: u64 = 6;

struct World {
    scratch: Scratch,
    guest: Guest,
    before: Vec<(std::path::PathBuf, String, Vec<u8>)>,
    attempts: usize,
    how: &'static str,
}

fn both(test: impl Fn(&mut World)) {
    let mut total = 0;
    for (how, openat2) in [("openat2", true), ("walk", false)] {
        let mut world = World::new(how, openat2);
        test(&mut world);
        world.unchanged("the end");
        println!("{how}: {} attempts, 0 escapes", world.attempts);
        total += world.attempts;
    }
    println!("{total} attempts");
}

impl World {
    fn new(how: &'static str, openat2: bool) -> World {
        let scratch = Scratch::new();
        let path = |name: &str| scratch.join(name);
        for dir in ["inside/dir/nested", "inside/sub/sub", "outside/dir", "inside/deep/a/b"] {
            fs::create_dir_all(path(dir)).unwrap();
        }
        fs::write(path("inside/file"), "inside").unwrap();
        fs::write(path("inside/dir/nested/file"), "nested").unwrap();
        for secret in ["secret", "outside/secret", "outside/dir/secret", "outside/file"] {
            fs::write(path(secret), SECRET).unwrap();
        }
        let outside = fs::canonicalize(scratch.path()).unwrap().join("secret");
        for (name, target) in [
            ("up-file", "../secret"),
            ("up", ".."),
            ("up-dir", "../outside"),
            ("up-new", "../new"),
            ("up-new-dir", "../outside/new"),
            ("around", "../inside/file"),
            ("passwd", "/etc/passwd"),
            ("root", "/"),
            ("absolute", outside.to_str().unwrap()),
            ("self", "/proc/self/root"),
            ("chain-1", "chain-2"),
            ("chain-2", "dir/chain-3"),
            ("dir/chain-3", "../../secret"),
            ("dir/up-2", "../.."),
            ("to-dir", "dir"),
            ("slashes", "..//..///"),
            ("dots", "./.././secret"),
        ] {
            symlink(target, path("inside").join(name)).unwrap();
        }
        let base = Wasi::default();
        let base = if openat2 { base } else { base.without_openat2() };
        let wasi = base.preopen(path("inside"), "/").unwrap();
        let wasi = wasi.preopen_ro(path("inside"), "/ro").unwrap();
        let wasi = wasi.preopen(path("inside/sub"), "/sub").unwrap();
        let wasi = wasi.preopen_ro("/proc", "/proc").unwrap();
        let guest = Guest::new(wasi);
        let mut world = World { scratch, guest, before: Vec::new(), attempts: 0, how };
        world.before = world.outside();
        world
    }

    /// Everything that is not in `inside`.
    fn outside(&self) -> Vec<(std::path::PathBuf, String, Vec<u8>)> {
        let inside = self.scratch.join("inside");
        let mut all = picture(self.scratch.path());
        all.retain(|(path, _, _)| !path.starts_with(&inside));
        all
    }

    fn unchanged(&self, what: &str) {
        assert_eq!(self.outside(), self.before, "{}: {what}", self.how);
    }

    /// Counts an attempt, which must have failed and changed nothing outside.
    fn refused(&mut self, what: &str, result: Errno) {
        self.attempts += 1;
        assert_ne!(result, OK, "{}: {what}", self.how);
        self.unchanged(what);
    }

    /// An attempt to read or change a file by opening it, in every way.
    fn cannot_open(&mut self, dir: u64, path: &[u8]) {
        let text = String::from_utf8_lossy(path).into_owned();
        for (oflags, rights, fdflags) in [
            (0, READ, 0),
            (0, READ | WRITE, 0),
            (0, WRITE, 1),
            (CREAT, WRITE, 0),
            (CREAT | EXCL, WRITE, 0),
            (TRUNC, 0, 0),
            (CREAT | TRUNC, READ | WRITE, 0),
            (DIRECTORY, 0, 0),
        ] {
            for lookup in [0, 1] {
                let result = self.guest.open_with(dir, lookup, path, oflags, rights, fdflags);
                let what = format!("open {text} {oflags} {rights} {lookup}");
                self.refused(&what, result.err().unwrap_or(OK));
            }
        }
    }

    /// An attempt with every function that takes a path, other than `path_open`.
    fn cannot_name(&mut self, path: &[u8]) {
        let text = String::from_utf8_lossy(path).into_owned();
        let g = &mut self.guest;
        let len = path.len() as u64;
        let file = b"file";
        g.put(PATH2, file);
        let mut results = Vec::new();
        for (name, rest) in [
            ("path_create_directory", &[][..]),
            ("path_remove_directory", &[]),
            ("path_unlink_file", &[]),
            ("path_readlink", &[BUF, 100, OUT]),
        ] {
            results.push((name, g.path(name, ROOT, path, rest)));
        }
        for follow in [0, 1] {
            let stat = g.call("path_filestat_get", &[ROOT, follow, PATH, len, BUF]);
            results.push(("filestat_get", stat));
            let times = [ROOT, follow, PATH, len, 1, 2, 5];
            results.push(("set_times", g.call("path_filestat_set_times", &times)));
        }
        let (here, there) = ([ROOT, PATH, len], [ROOT, PATH2, 4]);
        let rename =
            |g: &mut Guest, from: &[u64], to: &[u64]| g.call("path_rename", &[from, to].concat());
        results.push(("rename to", rename(g, &there, &here)));
        results.push(("rename from", rename(g, &here, &there)));
        for follow in [0, 1] {
            let link = [&[ROOT, follow][..], &there[1..], &here].concat();
            results.push(("link to", g.call("path_link", &link)));
            let link = [&[ROOT, follow][..], &here[1..], &[ROOT, PATH2, 5]].concat();
            g.put(PATH2, b"stole");
            results.push(("link from", g.call("path_link", &link)));
            g.put(PATH2, file);
        }
        let symlink = [PATH2, 4, ROOT, PATH, len];
        results.push(("symlink", g.call("path_symlink", &symlink)));
        for (name, errno) in results {
            self.refused(&format!("{name} {text}"), errno);
        }
    }
}

#[test]
fn paths_that_lead_out() {
    both(|world| {
        let long_up = "../".repeat(200) + "etc/passwd";
        let in_and_out = "dir/../".repeat(100) + "../secret";
        // What leads out before its last component: no function may follow.
        for path in [
            "../secret",
            "../outside/secret",
            "dir/../../secret",
            "dir/nested/../../../secret",
            "./../secret",
            ".//..//secret",
            "/etc/passwd",
            "//etc/passwd",
            "/",
            "..",
            "../",
            "../..",
            "dir/../..",
            &long_up,
            &in_and_out,
            "up/secret",
            "up/inside/file",
            "up-dir/secret",
            "up-dir/dir/../secret",
            "up-dir/new",
            "root/etc/passwd",
            "self/etc/passwd",
            "dir/up-2/secret",
            "to-dir/../../secret",
            "slashes/secret",
            "up/.",
            "up/",
            "up-dir/",
            "up-dir/.",
            "root/",
        ] {
            world.cannot_open(ROOT, path.as_bytes());
            world.cannot_name(path.as_bytes());
        }
        assert!(world.attempts >= 2 * 100);
    });
}

#[test]
fn links_that_lead_out_are_not_followed() {
    both(|world| {
        for path in [
            "up",
            "up-file",
            "up-dir",
            "up-new",
            "around",
            "passwd",
            "root",
            "absolute",
            "self",
            "chain-1",
            "chain-2",
            "dots",
            "slashes",
            "up-new-dir",
        ] {
            world.cannot_open(ROOT, path.as_bytes());
            world.cannot_open(RO, path.as_bytes());
            let len = path.len() as u64;
            let g = &mut world.guest;
            g.put(PATH, path.as_bytes());
            let stat = g.call("path_filestat_get", &[ROOT, 1, PATH, len, BUF]);
            world.refused(&format!("stat {path}"), stat);
            let times = [ROOT, 1, PATH, len, 1, 2, 5];
            let times = world.guest.call("path_filestat_set_times", &times);
            world.refused(&format!("set_times {path}"), times);
        }
    });
}

#[test]
fn links_that_a_guest_makes() {
    both(|world| {
        let symlink = |world: &mut World, target: &str, name: &str| {
            let len = world.guest.put(PATH, target.as_bytes());
            let new = world.guest.put(PATH2, name.as_bytes());
            world.guest.call("path_symlink", &[PATH, len, ROOT, PATH2, new])
        };
        for target in ["/etc/passwd", "/", "//", "/proc/self/root"] {
            let result = symlink(world, target, "planted");
            world.refused(target, result);
        }
        // A link upwards may be made; following it is another matter.
        for (i, target) in ["../secret", "..", "../new", "dir/../../secret"].iter().enumerate() {
            let name = format!("made-{i}");
            assert_eq!(symlink(world, target, &name), OK);
            world.cannot_open(ROOT, name.as_bytes());
            world.cannot_name(format!("{name}/x").as_bytes());
        }
        // Harmless where it is made, not where it is moved to, or linked to.
        assert_eq!(symlink(world, "../../file", "dir/nested/back"), OK);
        assert_eq!(world.guest.read_file(ROOT, b"dir/nested/back").unwrap(), b"inside");
        for (function, flags) in [("path_link", &[0][..]), ("path_rename", &[])] {
            let old = world.guest.put(PATH, b"dir/nested/back");
            let new = world.guest.put(PATH2, function.as_bytes());
            let args = [&[ROOT], flags, &[PATH, old, ROOT, PATH2, new]].concat();
            assert_eq!(world.guest.call(function, &args), OK);
            world.cannot_open(ROOT, function.as_bytes());
        }
        // A hard link to a link that leads out is that link again.
        let old = world.guest.put(PATH, b"up-file");
        let new = world.guest.put(PATH2, b"linked");
        assert_eq!(world.guest.call("path_link", &[ROOT, 0, PATH, old, ROOT, PATH2, new]), OK);
        world.cannot_open(ROOT, b"linked");
        let follow = world.guest.call("path_link", &[ROOT, 1, PATH, old, ROOT, PATH2, new]);
        world.refused("link, followed", follow);
    });
}

#[test]
fn directories_below_do_not_lead_up() {
    both(|world| {
        for path in ["..", "../file", "../../secret", "sub/../../file", "sub/../.."] {
            world.cannot_open(SUB, path.as_bytes());
        }
        let nested = world.guest.open(ROOT, b"dir/nested", DIRECTORY, 0).unwrap();
        for path in ["..", "../..", "../../file", "../nested/file"] {
            world.cannot_open(nested, path.as_bytes());
        }
        // Moved to the top, or out of the sandbox altogether, it still leads nowhere else.
        let old = world.guest.put(PATH, b"dir/nested");
        let new = world.guest.put(PATH2, b"top");
        assert_eq!(world.guest.call("path_rename", &[ROOT, PATH, old, ROOT, PATH2, new]), OK);
        world.cannot_open(nested, b"../secret");
        world.cannot_open(nested, b"../../secret");
        fs::rename(world.scratch.join("inside/top"), world.scratch.join("outside/moved")).unwrap();
        world.before = world.outside();
        for path in ["..", "../secret", "../dir/secret", "../../inside/file"] {
            world.cannot_open(nested, path.as_bytes());
        }
        assert_eq!(world.guest.read_file(nested, b"file").unwrap(), b"nested");
        world.before = world.outside();
    });
}

#[test]
fn names_that_only_look_like_ways_out() {
    both(|world| {
        for path in [
            &b"..\0/secret"[..],
            b"..\0",
            b"file\0/../../secret",
            b"..%2fsecret",
            b"%2e%2e/secret",
            b"..\\secret",
            b"\\..\\secret",
            b".../secret",
            b"..../secret",
            b".. /secret",
            b" ../secret",
            b"..;/secret",
            b"\xC0\xAE\xC0\xAE/secret",
            b"\xEF\xBC\x8E\xEF\xBC\x8E/secret",
            b"..\xC0\xAFsecret",
            b"file/../secret",
            b"file/..",
            b"CON/../../secret",
            b"~/secret",
            b"$HOME/secret",
            b"file:///etc/passwd",
            b"inside/file",
            b"",
        ] {
            let read = world.guest.open(ROOT, path, 0, READ);
            world.refused(&String::from_utf8_lossy(path), read.err().unwrap_or(OK));
        }
        let long = vec![b'x'; 5000];
        let read = world.guest.open(ROOT, &long, 0, READ);
        world.refused("a long name", read.err().unwrap_or(OK));
    });
}

#[test]
fn links_of_the_kernel_are_not_followed() {
    both(|world| {
        // Not what `readlink` says of them, but where the kernel would take one.
        let pid = std::process::id();
        for path in [
            "self/root/etc/passwd",
            "self/root",
            "self/cwd",
            "self/cwd/Cargo.toml",
            "self/exe",
            "self/fd/0",
            "self/fd/3",
            "self/fd/4/file",
            "self/fd/5/..",
            "thread-self/root/etc/passwd",
            "thread-self/cwd",
            "thread-self/fd/3",
            "1/root/etc/passwd",
            "1/cwd",
            "self/ns/mnt",
            "self/task/../root/etc/passwd",
            "../etc/passwd",
        ] {
            for path in [path.to_owned(), path.replacen("self", &pid.to_string(), 1)] {
                world.cannot_open(PROC, path.as_bytes());
            }
        }
    });
}

#[test]
fn read_only_is_no_name_that_can_be_changed() {
    both(|world| {
        // Without the right to write: it must not cut the file.
        for rights in [0, READ, WRITE, READ | WRITE] {
            let cut = world.guest.open(RO, b"file", TRUNC, rights);
            world.refused("cut", cut.err().unwrap_or(OK));
        }
        // A name in the writable directory for what is read only here, in both directions.
        for (from, to) in [(RO, ROOT), (RO, SUB), (ROOT, RO), (RO, RO)] {
            let old = world.guest.put(PATH, b"file");
            let new = world.guest.put(PATH2, b"stolen");
            let link = [from, 0, PATH, old, to, PATH2, new];
            let link = world.guest.call("path_link", &link);
            world.refused("link", link);
            let rename = world.guest.call("path_rename", &[from, PATH, old, to, PATH2, new]);
            world.refused("rename", rename);
        }
        // The nature of a directory goes with its number.
        let (file, below) = (
            world.guest.open(RO, b"file", 0, READ).unwrap(),
            world.guest.open(RO, b"dir", DIRECTORY, READ).unwrap(),
        );
        let set_flags = world.guest.call("fd_fdstat_set_flags", &[file, 1]);
        assert_eq!(set_flags, OK);
        let write = world.guest.write(file, b"x");
        world.refused("write", write.err().unwrap_or(OK));
        let grow = world.guest.call("fd_filestat_set_size", &[file, 100]);
        world.refused("set_size", grow);
        let allocate = world.guest.call("fd_allocate", &[file, 0, 100]);
        world.refused("allocate", allocate);
        let rights = world.guest.call("fd_fdstat_set_rights", &[file, u64::MAX, u64::MAX]);
        world.refused("rights", rights);
        let below_write = world.guest.open(below, b"nested/file", 0, WRITE);
        world.refused("write below", below_write.err().unwrap_or(OK));
        assert_eq!(world.guest.call("fd_renumber", &[RO, ROOT]), OK);
        for (oflags, rights) in [(0, WRITE), (CREAT, 0), (TRUNC, 0)] {
            let name = if oflags == CREAT { &b"new"[..] } else { b"file" };
            let open = world.guest.open(ROOT, name, oflags, rights);
            world.refused("renumbered", open.err().unwrap_or(OK));
        }
        let directory = world.guest.path("path_create_directory", ROOT, b"new", &[]);
        world.refused("renumbered", directory);
        // A file in the place of a directory is still a file.
        assert_eq!(world.guest.call("fd_renumber", &[file, SUB]), OK);
        let open = world.guest.open(SUB, b"file", 0, READ);
        world.refused("through a file", open.err().unwrap_or(OK));
        assert_eq!(fs::read(world.scratch.join("inside/file")).unwrap(), b"inside");
    });
}

/// Nothing is there unless it was given.
#[test]
fn nothing_is_there_by_default() {
    let mut guest = Guest::new(Wasi::default());
    for fd in 3..40 {
        for path in [&b"."[..], b"/etc/passwd", b"etc/passwd", b"Cargo.toml"] {
            assert_eq!(guest.open(fd, path, 0, READ), Err(Errno::BADF));
        }
    }
    for fd in 0..3 {
        assert_eq!(guest.open(fd, b"Cargo.toml", 0, READ), Err(Errno::NOTDIR));
    }
    assert!(Path::new("Cargo.toml").exists());
}
