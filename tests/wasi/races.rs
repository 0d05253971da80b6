//! Somebody changes the directories while the guest opens through them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::guest::*;
use wasmvm::wasi::{Errno, Wasi};

const OPENS: usize = 100_000;
const ROOT: u64 = 3;

/// `inside` has `swap/file`, `deep/a/b` and `file`; `outside` has the same, with a secret in it.
fn world() -> Scratch {
    let scratch = Scratch::new();
    for side in ["inside", "outside"] {
        for dir in ["swap", "deep/a/b"] {
            fs::create_dir_all(scratch.join(side).join(dir)).unwrap();
        }
        for file in ["swap/file", "deep/file", "deep/a/file", "file"] {
            fs::write(scratch.join(side).join(file), side).unwrap();
        }
    }
    fs::write(scratch.join("file"), "outside").unwrap();
    symlink("../outside/swap", scratch.join("inside/link")).unwrap();
    symlink("../../outside/file", scratch.join("inside/swap/link")).unwrap();
    scratch
}

fn guest(scratch: &Scratch, openat2: bool) -> Guest {
    let wasi = if openat2 { Wasi::default() } else { Wasi::default().without_openat2() };
    Guest::new(wasi.preopen(scratch.join("inside"), "/").unwrap())
}

/// Runs `change` over and over while `attempt` is made 100,000 times; says how often it found
/// something.
fn race(change: impl Fn() + Sync, mut attempt: impl FnMut() -> bool) -> usize {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Also if an assertion fails: the other thread would go on for ever.
        let _stop = Stop(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                change();
            }
        });
        (0..OPENS).filter(|_| attempt()).count()
    })
}

fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}

/// A file that was opened must be one of the inside.
fn inside(guest: &mut Guest, path: &[u8]) -> bool {
    match guest.read_file(ROOT, path) {
        Ok(text) => {
            assert_eq!(text, b"inside", "{}", String::from_utf8_lossy(&text));
            true
        }
        // NOTDIR, LOOP: a link when opened, a directory again when asked for its target.
        Err(Errno::PERM | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => false,
        Err(other) => panic!("{other}"),
    }
}

fn both(test: impl Fn(&str, bool)) {
    test("openat2", true);
    test("walk", false);
}

#[test]
fn a_directory_is_swapped_with_a_link_to_the_outside() {
    both(|how, openat2| {
        let scratch = world();
        let mut guest = guest(&scratch, openat2);
        let [swap, link, parked] =
            ["swap", "link", "parked"].map(|n| scratch.join("inside").join(n));
        let found = race(
            || {
                rename(&swap, &parked);
                rename(&link, &swap);
                rename(&swap, &link);
                rename(&parked, &swap);
            },
            || inside(&mut guest, b"swap/file"),
        );
        println!("{how}: {found} of {OPENS} opens found the inside, none the outside");
        assert!(found > 0 && found < OPENS, "{found}: no race at all");
    });
}

#[test]
fn a_file_is_swapped_with_a_link_to_the_outside() {
    both(|how, openat2| {
        let scratch = world();
        let mut guest = guest(&scratch, openat2);
        let dir = scratch.join("inside/swap");
        let [file, link, parked] = ["file", "link", "parked"].map(|name| dir.join(name));
        let found = race(
            || {
                rename(&file, &parked);
                rename(&link, &file);
                rename(&file, &link);
                rename(&parked, &file);
            },
            || inside(&mut guest, b"swap/file"),
        );
        println!("{how}: {found} of {OPENS} opens found the inside, none the outside");
        assert!(found > 0 && found < OPENS, "{found}: no race at all");
    });
}

/// The `..` of a directory that is moved up must not lead above the top.
#[test]
fn a_directory_is_moved_while_its_parent_is_asked_for() {
    both(|how, openat2| {
        let scratch = world();
        let mut guest = guest(&scratch, openat2);
        let (deep, top) = (scratch.join("inside/deep/a/b"), scratch.join("inside/b"));
        let out = scratch.join("b");
        let found = race(
            || {
                rename(&deep, &top);
                rename(&top, &out);
                rename(&out, &deep);
            },
            || inside(&mut guest, b"deep/a/b/../../file"),
        );
        println!("{how}: {found} of {OPENS} opens found the inside, none the outside");
        assert!(found > 0 && found < OPENS, "{found}: no race at all");
    });
}

/// What changes names works on the parent, which must not be swapped under it.
#[test]
fn nothing_is_made_or_removed_outside() {
    both(|how, openat2| {
        let scratch = world();
        let mut guest = guest(&scratch, openat2);
        let before = picture(&scratch.join("outside"));
        let [swap, link, parked] =
            ["swap", "link", "parked"].map(|n| scratch.join("inside").join(n));
        let mut round = 0;
        let done = race(
            || {
                rename(&swap, &parked);
                rename(&link, &swap);
                rename(&swap, &link);
                rename(&parked, &swap);
            },
            || {
                round += 1;
                let (name, path): (&str, &[u8]) = match round % 5 {
                    0 => ("path_create_directory", b"swap/made"),
                    1 => ("path_remove_directory", b"swap/made"),
                    2 => ("path_open", b"swap/new"),
                    3 => ("path_unlink_file", b"swap/new"),
                    _ => ("path_filestat_set_times", b"swap/file"),
                };
                match name {
                    "path_open" => match guest.open(ROOT, path, CREAT | TRUNC, WRITE) {
                        Ok(fd) => {
                            guest.close(fd);
                            true
                        }
                        Err(_) => false,
                    },
                    "path_filestat_set_times" => {
                        let len = guest.put(PATH, path);
                        guest.call(name, &[ROOT, 1, PATH, len, 1, 2, 5]) == OK
                    }
                    _ => guest.path(name, ROOT, path, &[]) == OK,
                }
            },
        );
        println!("{how}: {done} of {OPENS} changes were made inside, none outside");
        assert!(done > 0 && done < OPENS, "{done}: no race at all");
        assert_eq!(picture(&scratch.join("outside")), before);
    });
}
