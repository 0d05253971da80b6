//! Without the standard library: no dependency but `libm`, and a guest runs in little memory.

use std::path::Path;
use std::process::Command;

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
    run.args(["run", "--quiet", "--release", "--manifest-path"]);
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

/// Bytes, on a 64-bit machine.
const LARGEST: [(&str, usize); 3] =
    [("engine", 4 << 10), ("peak", 48 << 10), ("a second instance", 4 << 10)];
