//! `--timeout`: whatever the guest does or waits for.

use super::Files;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(200);
/// How late it may be; on a machine that has something else to do, some more.
const LATE: Duration = Duration::from_millis(50);

#[track_caller]
fn is_stopped(text: &str, words: &[&str]) {
    let files = Files::text(text);
    // Once without a limit of its own: what the process itself takes.
    let idle = Files::text("(module (func (export \"_start\")))");
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        idle.run(&["--timeout", "10s", "m.wat"]).is(0, "", "");
        let process = start.elapsed();
        let mut command = files.command(&["--timeout", "200ms", "m.wat"]);
        // A pipe that nobody writes to.
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn().unwrap();
        let _open = child.stdin.take();
        let status = child.wait().unwrap();
        let took = start.elapsed();
        let mut err = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut err).unwrap();
        assert_eq!(status.code(), Some(124), "{err}");
        assert!(err.contains("m.wat: the time is over (--timeout 200ms)"), "{err}");
        for word in words {
            assert!(err.contains(word), "{err}");
        }
        assert!(took >= LIMIT, "{took:?}");
        best = best.min(took.saturating_sub(process));
        if best <= LIMIT + LATE {
            return;
        }
    }
    panic!("it took {best:?}");
}

#[test]
fn loops_are_stopped() {
    is_stopped("(module (func $spin (export \"_start\") (loop (br 0))))", &["spin at byte"]);
    is_stopped(
        "(module (func $spin (export \"_start\") (local i32)
            (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.ne (local.get 0) (i32.const 0))) (br 0))))",
        &["spin at byte"],
    );
}

#[test]
fn recursion_is_stopped() {
    let text = "(module (func $fib (export \"fib\") (param i64) (result i64)
        (if (result i64) (i64.lt_u (local.get 0) (i64.const 2)) (then (local.get 0))
            (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1)))
                (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
        (func (export \"_start\") (drop (call $fib (i64.const 90)))))";
    is_stopped(text, &["fib at byte"]);
    let text = "(module (func $a (export \"_start\") (return_call $b)) (func $b (return_call $a)))";
    is_stopped(text, &["at byte"]);
}

#[test]
fn start_functions_are_stopped() {
    is_stopped("(module (func $f (loop (br 0))) (start $f))", &["f at byte"]);
}

#[test]
fn waiting_is_stopped() {
    let poll = r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        ;; A relative time of an hour of the monotonic clock.
        (data (i32.const 16) "\01\00\00\00\00\00\00\00\00\a0\b8\30\46\03\00\00")
        (func (export "_start")
            (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#;
    is_stopped(poll, &[]);
}

#[test]
fn reading_is_stopped() {
    let wasi = r#"(module
        (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\10\00\00\00\01\00\00\00")
        (func (export "_start")
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    is_stopped(wasi, &[]);
    let sysenv = r#"(module
        (import "sys_fs" "read" (func $read (param i32 i32 i32) (result i32)))
        (memory 1)
        (func (export "_start")
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1)))))"#;
    is_stopped(sysenv, &[]);
}

#[test]
fn what_ends_in_time_is_not_stopped() {
    let files = Files::text(
        r#"(module (import "sys_fs" "read" (func $read (param i32 i32 i32) (result i32)))
        (import "sys_proc" "exit" (func $exit (param i32))) (memory 1)
        (func (export "_start")
            (call $exit (call $read (i32.const 0) (i32.const 0) (i32.const 9)))))"#,
    );
    let mut command = files.command(&["--timeout", "1m", "m.wat"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"12345").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    files.run(&["--timeout", "99999999h", "m.wat"]).is(0, "", "");
}
