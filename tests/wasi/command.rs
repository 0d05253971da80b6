//! What the command makes of it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use crate::guest::Scratch;

fn wasmvm(scratch: &Scratch, text: &str) -> Command {
    let path = scratch.join("guest.wat");
    fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
    command.env("NO_COLOR", "1").arg(path);
    command
}

/// Puts options before the module.
fn with(scratch: &Scratch, options: &[&str], text: &str) -> Command {
    let plain = wasmvm(scratch, text);
    let mut command = Command::new(plain.get_program());
    command.args(options).args(plain.get_args());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $time (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)"#;

/// Writes "hello\n" for ever, until it cannot; exits with the errno.
const ENDLESS: &str = r#"
    (data (i32.const 16) "hello\n")
    (func (export "_start") (local $errno i32)
        (i32.store (i32.const 0) (i32.const 16))
        (i32.store (i32.const 4) (i32.const 6))
        (loop $again
            (local.set $errno
                (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if $again (i32.eqz (local.get $errno))))
        (call $exit (local.get $errno)))"#;

#[test]
fn a_reader_that_goes_away_is_an_errno() {
    let scratch = Scratch::new();
    let mut child = wasmvm(&scratch, &format!("(module {IMPORTS} {ENDLESS})"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"hello\n");
    // PIPE, not a signal.
    assert_eq!(child.wait().unwrap().code(), Some(64));
}

/// Exits with the type of a descriptor.
fn type_of(fd: u32) -> String {
    format!(
        r#"(module {IMPORTS} (func (export "_start")
            (drop (call $fdstat (i32.const {fd}) (i32.const 0)))
            (call $exit (i32.load8_u (i32.const 0)))))"#
    )
}

#[test]
fn standard_streams_are_what_they_are() {
    let scratch = Scratch::new();
    let code = |command: &mut Command| command.status().unwrap().code();
    let mut guest = wasmvm(&scratch, &type_of(0));
    assert_eq!(code(guest.stdin(Stdio::null())), Some(2));
    assert_eq!(code(guest.stdin(fs::File::open("Cargo.toml").unwrap())), Some(4));
    assert_eq!(code(guest.stdin(Stdio::piped())), Some(0));
    let mut guest = wasmvm(&scratch, &type_of(1));
    assert_eq!(code(guest.stdout(fs::File::create(scratch.join("out")).unwrap())), Some(4));
}

#[test]
fn the_command_has_real_time() {
    let scratch = Scratch::new();
    let guest = format!(
        r#"(module {IMPORTS} (func (export "_start")
            (drop (call $time (i32.const 0) (i64.const 1) (i32.const 0)))
            ;; Seconds since 1970, in units of 2^24.
            (call $exit (i32.wrap_i64 (i64.shr_u
                (i64.div_u (i64.load (i32.const 0)) (i64.const 1000000000)) (i64.const 24))))))"#
    );
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let code = wasmvm(&scratch, &guest).status().unwrap().code();
    assert_eq!(code, Some((now >> 24) as i32 & 0xFF));
}

#[test]
fn a_trace_goes_to_standard_error() {
    let scratch = Scratch::new();
    let guest = format!(
        r#"(module {IMPORTS} (data (i32.const 16) "hello\n") (func (export "_start")
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 6))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $fdstat (i32.const 77) (i32.const 0)))
            (call $exit (i32.const 3))))"#
    );
    let Output { status, stdout, stderr } =
        with(&scratch, &["--trace=host"], &guest).output().unwrap();
    assert_eq!((status.code(), text(&stdout)), (Some(3), "hello\n".into()));
    let lines = "fd_write(1, iovs[1] = 6) = 6\nfd_fdstat_get(77) = BADF\nproc_exit(3)\n";
    assert_eq!(text(&stderr), lines);
    let wrong = with(&scratch, &["--trace=nonsense"], &guest).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_server() {
    let scratch = Scratch::new();
    // Accepts one connection, sends back what comes first in capitals (a bit less), and ends.
    let guest = format!(
        r#"(module {IMPORTS} (func (export "_start") (local $fd i32) (local $errno i32)
            (local.set $errno (call $accept (i32.const 3) (i32.const 0) (i32.const 0)))
            (local.set $fd (i32.load (i32.const 0)))
            (i32.store (i32.const 0) (i32.const 64))
            (i32.store (i32.const 4) (i32.const 100))
            (local.set $errno (i32.or (local.get $errno)
                (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 4))))
            (i32.store8 (i32.const 64) (i32.const 72))
            (local.set $errno (i32.or (local.get $errno)
                (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
            (call $exit (local.get $errno))))"#
    );
    let mut child = with(&scratch, &["--tcplisten", "127.0.0.1:0"], &guest)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap().to_owned();
    let mut client = TcpStream::connect(&address).unwrap_or_else(|e| panic!("{line}: {e}"));
    client.write_all(b"hello").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "Hello");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    for wrong in ["nonsense", "127.0.0.1:99999"] {
        let output = with(&scratch, &["--tcplisten", wrong], &guest).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let stderr = text(&output.stderr);
        assert!(stderr.contains("cannot listen on") && stderr.contains(wrong), "{stderr}");
    }
}

#[test]
fn preview_2_is_told_from_what_is_merely_missing() {
    let scratch = Scratch::new();
    let run = |text: &str| {
        let output = wasmvm(&scratch, text).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let new = run(r#"(module (import "wasi:cli/run@0.2.0" "run" (func (result i32))))"#);
    assert!(new.contains("the core module of a component for WASI preview 2"), "{new}");
    let other = run(r#"(module (import "env" "f" (func)))"#);
    assert!(other.contains("--unknown-imports=trap") && !other.contains("preview 2"), "{other}");
    let component = run("(component)");
    assert!(component.contains("this is a component, not a core module"), "{component}");
}
