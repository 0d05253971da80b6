//! An embedder's debug build optimises nothing, the engine included: it must run all the same.

use std::path::Path;
use std::process::Command;

#[test]
fn a_debug_build_runs() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/embed-debug");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        // A folder of its own: the outer build may hold the lock of the usual one.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("embed-debug"))
        .env_remove("WASMVM_DISPATCH")
        .output()
        .expect("cargo can be started");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("a debug build runs"), "{out}{err}");
}
