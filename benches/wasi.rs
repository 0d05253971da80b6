//! Bytes through a guest, beside `cat`: `cargo bench --bench wasi`. Fails below 0.7 of it.
//!
//! A guest reads its standard input and writes it to its standard output, 128 KiB at a time as
//! `cat` does: from a file to a pipe, from a pipe to a pipe, and from a file to nowhere.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SIZE_BYTES: usize = 256 << 20;
const RUNS: usize = 7;
const WANTED: f64 = 0.7;

const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 3)
    (func $check (param $errno i32)
        (if (local.get $errno) (then (call $exit (local.get $errno)))))
    (func (export "_start") (local $at i32) (local $end i32)
        (loop $more
            (i32.store (i32.const 0) (i32.const 65536))
            (i32.store (i32.const 4) (i32.const 131072))
            (call $check (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (if (i32.eqz (i32.load (i32.const 8))) (then (return)))
            (local.set $at (i32.const 65536))
            (local.set $end (i32.add (i32.const 65536) (i32.load (i32.const 8))))
            (loop $rest
                (i32.store (i32.const 0) (local.get $at))
                (i32.store (i32.const 4) (i32.sub (local.get $end) (local.get $at)))
                (call $check (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
                (br_if $rest (i32.lt_u (local.get $at) (local.get $end))))
            (br $more))))"#;

/// Runs a command that copies, from this file.
type Way = fn(&mut Command, &Path);

fn main() {
    let place =
        if Path::new("/dev/shm").is_dir() { "/dev/shm".into() } else { std::env::temp_dir() };
    let place = place.join(format!("wasmvm-bench-{}", std::process::id()));
    fs::create_dir_all(&place).expect("a folder");
    let (input, guest) = (place.join("input"), place.join("cat.wat"));
    fs::write(&guest, CAT).expect("the guest");
    let block: Vec<u8> = (0..1 << 20).map(|i: u32| (i >> 3) as u8).collect();
    let mut file = File::create(&input).expect("the input");
    for _ in 0..SIZE_BYTES >> 20 {
        file.write_all(&block).expect("room for the input");
    }
    drop(file);

    let ways: [(&str, Way); 3] =
        [("file to pipe", file_to_pipe), ("pipe to pipe", pipe_to_pipe), ("file to null", to_null)];
    let mut slow = false;
    for (name, way) in ways {
        let (mut cat, mut ours) = (Duration::MAX, Duration::MAX);
        // Alternating, so that both meet the same neighbours.
        for _ in 0..RUNS {
            cat = cat.min(time(&mut Command::new("cat"), way, &input));
            ours = ours.min(time(&mut wasmvm(&guest), way, &input));
        }
        let rate = |time: Duration| (SIZE_BYTES >> 20) as f64 / time.as_secs_f64();
        let ratio = rate(ours) / rate(cat);
        println!(
            "{name:<14} cat {:>6.0} MiB/s   wasmvm {:>6.0} MiB/s   {ratio:.2} of cat",
            rate(cat),
            rate(ours)
        );
        slow |= ratio < WANTED;
    }
    let _ = fs::remove_dir_all(&place);
    assert!(!slow, "less than {WANTED} of cat");
}

fn wasmvm(guest: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
    command.arg(guest);
    command
}

fn time(command: &mut Command, way: Way, input: &Path) -> Duration {
    let start = Instant::now();
    way(command, input);
    start.elapsed()
}

fn file_to_pipe(command: &mut Command, input: &Path) {
    let input = File::open(input).expect("the input");
    let mut child = command.stdin(input).stdout(Stdio::piped()).spawn().expect("a process");
    swallow(&mut child.stdout.take().expect("a pipe"));
    assert!(child.wait().expect("an end").success());
}

fn pipe_to_pipe(command: &mut Command, input: &Path) {
    let mut source = Command::new("cat").arg(input).stdout(Stdio::piped()).spawn().expect("cat");
    let from = source.stdout.take().expect("a pipe");
    let mut child = command.stdin(from).stdout(Stdio::piped()).spawn().expect("a process");
    swallow(&mut child.stdout.take().expect("a pipe"));
    assert!(child.wait().expect("an end").success() && source.wait().expect("an end").success());
}

fn to_null(command: &mut Command, input: &Path) {
    let input = File::open(input).expect("the input");
    let status = command.stdin(input).stdout(Stdio::null()).status().expect("a process");
    assert!(status.success());
}

/// Reads to the end; all of it must have come.
fn swallow(from: &mut impl Read) {
    let (mut buffer, mut total) = (vec![0; 1 << 20], 0);
    loop {
        match from.read(&mut buffer).expect("bytes") {
            0 => break,
            count => total += count,
        }
    }
    assert_eq!(total, SIZE_BYTES);
}
