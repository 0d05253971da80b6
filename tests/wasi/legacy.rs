//! `wasi_unstable`: the same functions, with that snapshot's own layouts.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::guest::*;
use wasmvm::wasi::{Errno, Wasi};

const ROOT: u64 = 3;

fn world() -> (Scratch, Guest) {
    let scratch = Scratch::new();
    fs::write(scratch.join("file"), "0123456789").unwrap();
    fs::hard_link(scratch.join("file"), scratch.join("second")).unwrap();
    let wasi = Wasi::default().preopen(scratch.path(), "/").unwrap();
    (scratch, Guest::importing(UNSTABLE, wasi))
}

#[test]
fn whence_has_another_order() {
    let (_scratch, mut g) = world();
    let fd = g.open(ROOT, b"file", 0, READ).unwrap();
    // CUR 0, END 1, SET 2.
    for (offset, whence, position) in [(4i64, 2, 4), (1, 0, 5), (-1, 1, 9), (0, 0, 9)] {
        assert_eq!(g.call("fd_seek", &[fd, offset as u64, whence, OUT]), OK);
        assert_eq!(g.u64(OUT), position);
    }
    assert_eq!(g.call("fd_seek", &[fd, 0, 3, OUT]), Errno::INVAL);
}

#[test]
fn a_filestat_has_56_bytes() {
    let (scratch, mut g) = world();
    let meta = fs::metadata(scratch.join("file")).unwrap();
    let len = g.put(PATH, b"file");
    let fd = g.open(ROOT, b"file", 0, READ).unwrap();
    g.put(PATH, b"file");
    for (name, args) in
        [("path_filestat_get", &[ROOT, 1, PATH, len, BUF][..]), ("fd_filestat_get", &[fd, BUF])]
    {
        g.put(BUF, &[0xAA; 64]);
        assert_eq!(g.call(name, args), OK);
        assert_eq!((g.u64(BUF), g.u64(BUF + 8)), (meta.dev(), meta.ino()), "{name}");
        assert_eq!((g.u8(BUF + 16), g.u32(BUF + 20), g.u64(BUF + 24)), (4, 2, 10));
        let nanoseconds = meta.mtime() as u64 * 1_000_000_000 + meta.mtime_nsec() as u64;
        assert_eq!(g.u64(BUF + 40), nanoseconds);
        // Nothing beyond its end is written.
        assert_eq!(g.get(BUF + 56, 8), [0xAA; 8]);
    }
    assert_eq!(g.call("fd_filestat_get", &[fd, MEMORY - 56]), OK);
    assert_eq!(g.call("fd_filestat_get", &[fd, MEMORY - 55]), Errno::FAULT);
}

#[test]
fn a_subscription_has_56_bytes() {
    let (_scratch, mut g) = world();
    let fd = g.open(ROOT, b"file", 0, READ).unwrap();
    let at = SUBSCRIPTIONS;
    g.put(at, &[0; 168]);
    // A clock: identifier, then number, timeout, precision, flags.
    g.put(at, &1u64.to_le_bytes());
    g.put(at + 16, &u64::MAX.to_le_bytes());
    g.put(at + 24, &1u32.to_le_bytes());
    g.put(at + 32, &1_000u64.to_le_bytes());
    // A clock that shows a time long past.
    g.put(at + 56, &2u64.to_le_bytes());
    g.put(at + 56 + 32, &5u64.to_le_bytes());
    g.put(at + 56 + 48, &1u16.to_le_bytes());
    assert_eq!(g.call("poll_oneoff", &[at, BUF, 2, OUT]), OK);
    assert_eq!((g.u32(OUT), g.u64(BUF)), (1, 2));
    assert_eq!(g.call("poll_oneoff", &[at, BUF, 1, OUT]), OK);
    assert_eq!((g.u32(OUT), g.u64(BUF), g.u8(BUF + 10)), (1, 1, 0));
    // A file.
    g.put(at + 112, &3u64.to_le_bytes());
    g.put(at + 112 + 8, &[1]);
    g.put(at + 112 + 16, &(fd as u32).to_le_bytes());
    assert_eq!(g.call("poll_oneoff", &[at, BUF, 3, OUT]), OK);
    let files: Vec<u64> = (0..u64::from(g.u32(OUT))).map(|i| g.u64(BUF + 32 * i)).collect();
    assert!(files.contains(&3), "{files:?}");
    assert_eq!(g.call("poll_oneoff", &[MEMORY - 56, BUF, 1, OUT]), OK);
    assert_eq!(g.call("poll_oneoff", &[MEMORY - 55, BUF, 1, OUT]), Errno::FAULT);
}
