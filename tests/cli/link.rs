//! Programs of several modules.

use super::{Files, Outcome};

/// A module that exits with the sum of what it imports.
fn program(imports: &[&str]) -> String {
    let import = |name: &&str| format!("(import \"{name}\" \"get\" (func (result i32)))");
    let imports: String = imports.iter().map(import).collect();
    let count = imports.matches("(import").count();
    let calls: String = (0..count).map(|i| format!("(i32.add (call {i}))")).collect();
    format!(
        "(module {imports} (import \"sys_proc\" \"exit\" (func $exit (param i32)))
            (func (export \"_start\") i32.const 0 {calls} call $exit))"
    )
}

fn library(value: i32) -> String {
    format!("(module (func (export \"get\") (result i32) (i32.const {value})))")
}

#[test]
fn places_are_looked_at_in_order() {
    let files = Files::text(&program(&["lib"]));
    for (place, value) in [
        ("system/lib.wasm", 1),
        ("lib.wasm", 2),
        ("second/lib.wasm", 3),
        ("first/lib.wasm", 4),
        ("first/lib", 5),
    ] {
        files.put(place, library(value).as_bytes());
        let mut command = files.command(&["-e", "first", "--extra", "second", "m.wat"]);
        command.env("WASMVM_PATH", files.0.join("system"));
        Outcome::of(command).is(value, "", "");
    }
    let with_path = |args: &[&str]| {
        let mut command = files.command(args);
        command.env("WASMVM_PATH", format!("/nowhere:{}", files.0.join("system").display()));
        Outcome::of(command)
    };
    with_path(&["-np", "m.wat"]).is(1, "", "");
    with_path(&["--preload", "lib=second/lib.wasm", "-e", "first", "m.wat"]).is(3, "", "");
    let mut nothing = files.command(&["--host", "sysenv", "-np", "m.wat"]);
    nothing.env("WASMVM_PATH", "");
    Outcome::of(nothing)
        .fails(1, &["an import is missing", "lib", "/usr/local/lib/wasmvm/lib.wasm"]);
}

#[test]
fn a_directory_is_no_module_and_names_stay_relative() {
    let files = Files::text(&program(&["env"]));
    files.put("env/x", b"");
    files.put("env.wasm", library(9).as_bytes());
    files.run(&["m.wat"]).is(9, "", "");
    let absolute = files.0.join("env.wasm");
    files.put("abs.wat", program(&[absolute.to_str().unwrap()]).as_bytes());
    files.run(&["abs.wat"]).fails(1, &["an import is missing", "there is no module"]);
    files.put("sub/m.wat", program(&["../env", "./here"]).as_bytes());
    files.put("sub/here.wasm", library(1).as_bytes());
    files.run(&["-np", "sub/m.wat"]).is(10, "", "");
}

#[test]
fn a_file_is_instantiated_once_and_after_what_it_imports() {
    // Each module counts, in the one counter, when its start function ran.
    let files = Files::new(&[]);
    let counter = "(module (global $n (mut i32) (i32.const 0))
        (func (export \"next\") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))";
    files.put("counter.wasm", counter.as_bytes());
    let module = |imports: &[&str]| {
        let import = |name: &&str| format!("(import \"{name}\" \"order\" (func (result i32)))");
        let imports: String = imports.iter().map(import).collect();
        format!(
            "(module {imports} (import \"counter\" \"next\" (func $next (result i32)))
                (global $at (mut i32) (i32.const 0))
                (func $start (global.set $at (call $next))) (start $start)
                (func (export \"order\") (result i32) (global.get $at)))"
        )
    };
    files.put("c.wasm", module(&[]).as_bytes());
    files.put("b.wasm", module(&["c"]).as_bytes());
    std::fs::create_dir(files.0.join("sub")).unwrap();
    std::os::unix::fs::symlink("../c.wasm", files.0.join("sub/same.wasm")).unwrap();
    let main = "(module (import \"b\" \"order\" (func $b (result i32)))
        (import \"./sub/same\" \"order\" (func $c (result i32)))
        (import \"counter\" \"next\" (func $next (result i32)))
        (func (export \"f\") (result i32 i32 i32) (call $c) (call $b) (call $next)))";
    files.put("main.wat", main.as_bytes());
    files.run(&["--invoke", "f", "main.wat"]).is(0, "1\n2\n3\n", "");
}

#[test]
fn cycles_are_told() {
    let files = Files::new(&[]);
    let module = |name: &str| format!("(module (import \"{name}\" \"get\" (func)))");
    files.put("a.wasm", module("./b").as_bytes());
    files.put("b.wasm", module("c").as_bytes());
    files.put("c.wasm", module("a").as_bytes());
    let outcome = files.run(&["a.wasm"]);
    outcome.fails(1, &["c.wasm: modules import one another: a.wasm -> b.wasm -> c.wasm -> a.wasm"]);
    files.put("self.wasm", module("self").as_bytes());
    files.run(&["self.wasm"]).fails(1, &["self.wasm -> self.wasm"]);
    // A long chain is no crash.
    for i in 0..300 {
        files.put(&format!("n{i}.wasm"), module(&format!("n{}", i + 1)).as_bytes());
    }
    files.run(&["n0.wasm"]).fails(1, &["chain of over 200"]);
}

#[test]
fn what_a_library_ends_with_is_told_with_its_name() {
    let files = Files::text(&program(&["lib"]));
    files.put("lib.wasm", b"(module $lib (func $init unreachable) (start $init))");
    files.run(&["m.wat"]).fails(134, &["lib.wasm: trap: unreachable", "init (lib)"]);
    files.put("lib.wasm", b"(module (func (export \"get\") (result i64) i64.const 0))");
    files.run(&["m.wat"]).fails(1, &["m.wat", "lib", "[] -> [i64]", "[] -> [i32]"]);
    files.put("lib.wasm", b"(module (func (export \"got\")))");
    files.run(&["m.wat"]).fails(1, &["m.wat", "an import is missing", "get"]);
    files.put("lib.wasm", b"(module (func i32.add drop))");
    files.run(&["m.wat"]).fails(1, &["lib.wasm: invalid", "type mismatch"]);
    files.put("lib.wasm", program(&["none"]).as_bytes());
    files.run(&["m.wat"]).fails(1, &["lib.wasm: an import is missing", "none"]);
    // An exit ends the program, wherever it happens.
    let exits = "(module (import \"sys_proc\" \"exit\" (func $exit (param i32)))
        (func $init (call $exit (i32.const 5))) (start $init))";
    files.put("lib.wasm", exits.as_bytes());
    files.run(&["m.wat"]).is(5, "", "");
}

#[test]
fn reactors_are_initialised() {
    let files = Files::text(&program(&["lib"]));
    let lib = "(module (global $n (mut i32) (i32.const 0))
        (func (export \"_initialize\") (global.set $n (i32.const 6)))
        (func (export \"get\") (result i32) (global.get $n)))";
    files.put("lib.wasm", lib.as_bytes());
    files.run(&["m.wat"]).is(6, "", "");
}
