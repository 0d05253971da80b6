//! The trace of host calls.

use crate::guest::*;
use wasmvm::wasi::{Capture, MemFs, Wasi};

#[test]
fn every_call_is_a_line() {
    let (trace, fs) = (Capture::new(), MemFs::new());
    fs.write_file("a.txt", "0123456789").unwrap();
    let wasi = Wasi::default().args(["app", "x"]).preopen_fs("/", fs).trace(trace.clone());
    let mut g = Guest::new(wasi);
    g.open_with(3, 1, b"new", CREAT, WRITE, 1).unwrap();
    g.open_with(3, 0, b"missing\n\"", 0, READ, 0).unwrap_err();
    g.write(1, b"hello").unwrap();
    g.open(3, b"a.txt", 0, READ).unwrap();
    g.read(5, 100).unwrap();
    g.call("fd_seek", &[5, -3i64 as u64, 2, OUT]);
    g.call("fd_seek", &[5, 0, 9, OUT]);
    g.call("fd_fdstat_get", &[5, OUT]);
    g.call("fd_filestat_get", &[3, BUF]);
    g.call("fd_prestat_get", &[3, BUF]);
    g.call("fd_advise", &[5, 0, 10, 3]);
    g.call("args_sizes_get", &[OUT, OUT + 4]);
    g.call("clock_time_get", &[1, 1, OUT]);
    g.call("random_get", &[BUF, 16]);
    g.call("fd_fdstat_set_flags", &[5, 5]);
    g.call("fd_fdstat_set_flags", &[5, 64]);
    g.call("path_unlink_file", &[3, MEMORY, 5]);
    g.call("fd_write", &[1, MEMORY, 1, OUT]);
    g.path("path_filestat_get", 99, b"a", &[BUF, OUT]);
    g.call("sched_yield", &[]);
    g.call("fd_close", &[5]);
    g.call("fd_close", &[5]);
    g.try_call("proc_exit", &[3]).unwrap_err();
    let text = String::from_utf8(trace.take()).unwrap();
    let expected = [
        r#"path_open(3, FOLLOW, "new", CREAT, WRITE, APPEND) = 4"#,
        r#"path_open(3, "missing\n\"", READ) = NOENT"#,
        "fd_write(1, iovs[1] = 5) = 5",
        r#"path_open(3, FOLLOW, "a.txt", READ) = 5"#,
        "fd_read(5, iovs[1] = 100) = 10",
        "fd_seek(5, -3, END) = 7",
        "fd_seek(5, 0, 9) = INVAL",
        "fd_fdstat_get(5) = REGULAR_FILE",
        "fd_filestat_get(3) = DIRECTORY",
        "fd_prestat_get(3) = 1",
        "fd_advise(5, 0, 10, WILLNEED) = 0",
        "args_sizes_get() = 2, 6",
        "clock_time_get(MONOTONIC, 1) = 0",
        "random_get(0x5000[16]) = 0",
        "fd_fdstat_set_flags(5, APPEND|NONBLOCK) = 0",
        "fd_fdstat_set_flags(5, 0x40) = INVAL",
        "path_unlink_file(3, 0x40000[5]) = FAULT",
        "fd_write(1, 0x40000[1]) = FAULT",
        "sched_yield() = 0",
        "fd_close(5) = 0",
        "fd_close(5) = BADF",
        "proc_exit(3)",
    ];
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("path_filestat_get")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn the_older_snapshot_counts_from_elsewhere() {
    let trace = Capture::new();
    let mut g = Guest::importing(UNSTABLE, Wasi::default().trace(trace.clone()));
    for whence in 0..3 {
        g.call("fd_seek", &[0, 0, whence, OUT]);
    }
    let text = String::from_utf8(trace.take()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        ["fd_seek(0, 0, CUR) = SPIPE", "fd_seek(0, 0, END) = SPIPE", "fd_seek(0, 0, SET) = SPIPE"]
    );
}
