//! Without the standard library: no dependency but `libm`, and a guest runs in little memory.

use std::path::Path;
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
fn output(command: &mut Command) -> String {
    let output = command.output().expect("cargo can be started");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

#[test]
fn the_only_dependency_is_libm() {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root()).args(["tree", "--no-default-features", "--edges", "normal,build"]);
    // For every target: what is not built here counts too.
    let tree = output(tree.args(["--target", "all", "--prefix", "none", "--format", "{p}"]));
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["wasmvm", "libm"]);
}

const GUEST: &str = r#"(module
    (import "env" "add" (func $add (param i32 i32) (result i32)))
    (memory (export "memory") 1024 4096 (pagesize 1))
    (func $fib (export "fib") (param i32) (result i32)
        (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
        (call $add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                   (call $fib (i32.sub (local.get 0) (i32.const 2)))))
    (func (export "sum") (result i32) (local $i i32) (local $s i32)
        (loop $fill
            (i32.store8 (local.get $i) (local.get $i))
            (br_if $fill (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                   (i32.const 1024))))
        (loop $next
            (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $i))))
            (br_if $next (local.get $i)))
        (local.get $s))
    (func $deep (export "deep") (call $deep)))"#;

#[test]
fn a_guest_runs_in_128_kilobytes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("small");
    std::fs::create_dir_all(&folder).unwrap();
    let guest = folder.join("guest.wasm");
    std::fs::write(&guest, wat::parse_str(GUEST).unwrap()).unwrap();
    let mut run = Command::new(env!("CARGO"));
    run.args(["run", "--quiet", "--release", "--bin", "small", "--manifest-path"]);
    run.arg(root().join("tests/small/Cargo.toml")).arg("--").arg(guest);
    // A folder of its own: the outer build may hold the lock of the usual one. The threaded
    // handlers take as much memory, and minutes to build.
    run.env("CARGO_TARGET_DIR", folder.join("target")).env("WASMVM_DISPATCH", "loop");
    let text = output(&mut run);
    println!("{text}");
    let figure = |name: &str| -> usize {
        let number = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
        text.lines().find_map(number).unwrap_or_else(|| panic!("{name}: {text}"))
    };
    assert!(text.contains("it runs in 131072 bytes"), "{text}");
    // Whoever makes one of these larger has to say so in docs/small.md.
    for (name, most) in LARGEST {
        assert!(figure(name) <= most, "{name}: more than {most}: {text}");
    }
    assert_eq!(figure("after"), 0, "something is never freed: {text}");
}

/// Linked for size with the feature `small`: the budget of the engine's code, and that it works.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_engine_fits_in_300_kilobytes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("small");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--profile", "small", "--features", "small", "--bin", "text"]);
    build.arg("--manifest-path").arg(root().join("tests/small/Cargo.toml"));
    // Without the flags of this repository, which align functions for speed.
    build.env("CARGO_TARGET_DIR", folder.join("target")).env("CARGO_INCREMENTAL", "0");
    build.env("RUSTFLAGS", "-C force-unwind-tables=no").env_remove("WASMVM_DISPATCH");
    output(&mut build);
    let program = folder.join("target/small/text");
    let (text, data) = sections(&std::fs::read(&program).unwrap());
    println!("engine with the feature `small`: text {text}, data {data}");
    assert!(text <= TEXT_BUDGET, "{text} bytes of text, more than {TEXT_BUDGET}");

    let guest = wat::parse_str(SMALL_GUEST).unwrap();
    let mut run = Command::new(&program).stdin(Stdio::piped()).spawn().expect("a program");
    std::io::Write::write_all(&mut run.stdin.take().unwrap(), &guest).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(55), "the native stack stays where it is");
}
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const TEXT_BUDGET: u64 = 300_000;

/// A million turns through what a small set has functions for: if one of its handlers did not end
/// in a sibling call, the native stack would be exhausted.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const SMALL_GUEST: &str = r#"(module
    (import "env" "add" (func $add (param i32 i32) (result i32)))
    (memory $m 1) (memory $far 1) (global $g (mut f64) (f64.const 1))
    (table 2 funcref) (elem (i32.const 0) $leaf)
    (type $leaf (func (param i32) (result i32)))
    (type $pair (struct (field (mut i32)) (field v128)))
    (func $leaf (type $leaf) (call $add (local.get 0) (i32.const 1)))
    (func (export "main") (param i32) (result i32)
        (local $n i32) (local $v v128) (local $p (ref null $pair))
        (loop $next
            (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $n))))
            (v128.store offset=16 (i32.const 0) (local.get $v))
            (v128.store32_lane 1 (i32.const 8) (local.get $v))
            (local.set $v (v128.load32_lane $far 2 (i32.const 4) (local.get $v)))
            (local.set $v (v128.bitselect (local.get $v) (v128.load8_splat (i32.const 3))
                (i8x16.shl (v128.load (i32.const 16)) (i32.const 3))))
            (i64.store16 $far (i32.const 6) (i64.load32_s $far (i32.const 2)))
            (i32.store8 (i32.const 5) (i32.atomic.rmw.add (i32.const 64) (local.get $n)))
            (f32.store (i32.const 12) (f32.sqrt (f32.load (i32.const 80))))
            (global.set $g (f64.div (global.get $g) (f64.const 1.5)))
            (local.set $p (struct.new $pair (i32x4.extract_lane 0 (local.get $v)) (local.get $v)))
            (struct.set $pair 0 (local.get $p) (i32.div_u (local.get $n) (i32.const 3)))
            (memory.fill (i32.const 100) (local.get $n) (i32.const 8))
            (drop (call_indirect (type $leaf) (struct.get $pair 0 (local.get $p)) (i32.const 0)))
            (drop (select (local.get $n) (i32.const 1) (i64.eqz (i64.load (i32.const 100)))))
            (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                                   (i32.const 1000000))))
        (i32.add (local.get 0) (i32.const 45))))"#;

/// The bytes of an ELF program that are loaded and read only, and loaded and written: what the tool
/// `size` calls text and data.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn sections(elf: &[u8]) -> (u64, u64) {
    let number = |at: usize, bytes: usize| {
        (0..bytes).rev().fold(0_u64, |n, i| n << 8 | u64::from(elf[at + i]))
    };
    assert_eq!(&elf[..5], b"\x7FELF\x02", "a 64-bit program");
    let (table, size, count) =
        (number(0x28, 8) as usize, number(0x3A, 2) as usize, number(0x3C, 2) as usize);
    let (write, alloc, no_bits) = (1, 2, 8);
    let mut sums = (0, 0);
    for section in (0..count).map(|i| table + i * size) {
        let (kind, flags, len) =
            (number(section + 4, 4), number(section + 8, 8), number(section + 32, 8));
        match (flags & alloc != 0 && kind != no_bits, flags & write != 0) {
            (false, _) => {}
            (true, false) => sums.0 += len,
            (true, true) => sums.1 += len,
        }
    }
    sums
}

/// Bytes, on a 64-bit machine.
const LARGEST: [(&str, usize); 3] =
    [("engine", 4 << 10), ("peak", 48 << 10), ("a second instance", 4 << 10)];
