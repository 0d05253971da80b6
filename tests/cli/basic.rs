//! Exit codes, words, arguments, environment, directories, limits.

use super::Files;
use std::fs;
use std::process::{Command, Stdio};

/// Prints its arguments and its environment, a NUL after each, and exits with their number.
const ECHO: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $argc (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $envc (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $argc (i32.const 0) (i32.const 12)))
    (drop (call $envc (i32.const 4) (i32.const 20)))
    (i32.store (i32.const 8) (i32.const 4096))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 16) (i32.const 8192))
    (drop (call $env (i32.const 2048) (i32.const 8192)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 2) (i32.const 24)))
    (call $exit (i32.load (i32.const 0)))))"#;

fn exits(code: i32) -> String {
    format!(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call $exit (i32.const {code})) unreachable))"#
    )
}

#[test]
fn the_exit_code_is_the_guests() {
    for (code, expected) in [(0, 0), (7, 7), (255, 255), (259, 3), (-1, 255), (126, 126)] {
        Files::text(&exits(code)).run(&["m.wat"]).is(expected, "", "");
    }
    Files::text("(module (func (export \"_start\")))").run(&["m.wat"]).is(0, "", "");
}

#[test]
fn uncaught_exceptions_are_134() {
    let start = Files::text(
        r#"(module (tag $e (param i32 f64)) (tag $none)
            (func $deep (throw $e (i32.const -7) (f64.const 2.5)))
            (func (export "_start") (call $deep))
            (func (export "none") (throw $none))
            (func (export "caught") (result i32)
                (block $h (result i32 f64) (try_table (catch $e $h) (call $deep)) (unreachable))
                (drop)))"#,
    );
    let words = ["m.wat: uncaught exception: [i32 -7, f64 2.5]\n", "0: deep at byte", "1: _start"];
    start.run(&["m.wat"]).fails(134, &words);
    start.run(&["--invoke", "none", "m.wat"]).fails(134, &["uncaught exception: []\n  "]);
    start.run(&["--invoke", "caught", "m.wat"]).is(0, "-7\n", "");
    let start = Files::text("(module (tag $e) (func $s (throw $e)) (start $s))");
    start.run(&["m.wat"]).fails(134, &["uncaught exception: []"]);
}

#[test]
fn traps_are_134() {
    let trap = Files::text("(module (func $boom (export \"_start\") unreachable))");
    trap.run(&["m.wat"]).fails(134, &["m.wat", "unreachable"]);
    let start = Files::text("(module (func $f unreachable) (start $f))");
    start.run(&["m.wat"]).fails(134, &["unreachable"]);
    let recursion = Files::text("(module (func $f (export \"_start\") (call $f)))");
    recursion.run(&["m.wat"]).fails(134, &["call stack exhausted"]);
    let forever = Files::text("(module (func (export \"_start\") (loop (br 0))))");
    forever.run(&["--fuel", "100k", "m.wat"]).fails(134, &["all fuel consumed"]);
    let divide = "(module (func (export \"f\") (param i32 i32) (result i32)
        (i32.div_s (local.get 0) (local.get 1))))";
    let divide = Files::text(divide);
    divide.run(&["--invoke", "f", "m.wat", "1", "0"]).fails(134, &["integer divide by zero"]);
}

#[test]
fn what_cannot_be_loaded_is_1() {
    let files = Files::new(&[
        ("empty", b""),
        ("component", b"\0asm\x0d\0\x01\0"),
        ("short", b"\0asm"),
        ("garbage", b"garbage in here"),
        ("bad.wat", b"(module (func i32.add drop))"),
        ("syntax.wat", b"(module (func"),
    ]);
    files.run(&["nothing.wasm"]).fails(1, &["nothing.wasm", "No such file"]);
    files.run(&["."]).fails(1, &["."]);
    files.run(&["empty"]).fails(1, &["empty"]);
    files.run(&["short"]).fails(1, &["short"]);
    files.run(&["component"]).fails(1, &["component", "not a core module"]);
    files.run(&["garbage"]).fails(1, &["magic"]);
    files.run(&["bad.wat"]).fails(1, &["type mismatch"]);
    files.run(&["syntax.wat"]).fails(1, &["syntax.wat"]);
}

#[test]
fn all_missing_imports_are_told_at_once() {
    let files = Files::text(
        r#"(module (import "env" "one" (func (param i32 i64) (result f32)))
            (import "env" "two" (func)) (import "other" "memory" (memory 1))
            (func (export "_start")))"#,
    );
    let outcome = files.run(&["m.wat"]);
    outcome.fails(1, &["3 imports are missing", "one", "two", "other", "i64"]);
    let files = Files::text(
        r#"(module (import "env" "one" (func $one)) (import "env" "two" (func))
            (func (export "_start")) (func (export "call") (call $one)))"#,
    );
    files.run(&["--unknown-imports=trap", "m.wat"]).is(0, "", "");
    let call = files.run(&["--unknown-imports=trap", "--invoke", "call", "m.wat"]);
    call.fails(134, &["missing import"]);
    // Of another type than the host's.
    let files = Files::text(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))
            (func (export "_start")))"#,
    );
    files.run(&["m.wat"]).fails(1, &["proc_exit"]);
}

#[test]
fn usage_errors_are_2() {
    let files = Files::text("(module)");
    files.run(&[]).fails(2, &["no module was given", "Usage:"]);
    files.run(&["run"]).fails(2, &["MODULE"]);
    files.run(&["--nope", "m.wat"]).fails(2, &["--nope"]);
    files.run(&["--fuel", "ten", "m.wat"]).fails(2, &["--fuel", "1_000_000"]);
    files.run(&["--max-stack", "100000G", "m.wat"]).fails(2, &["from 4K to 4G"]);
    files.run(&["--unknown-imports=x", "m.wat"]).fails(2, &["trap"]);
    files.run(&["--args", "m.wat"]).fails(2, &["MODULE --args ARG"]);
    files.run(&["--dir", "not/there", "m.wat"]).fails(2, &["not/there"]);
    files.run(&["validate"]).fails(2, &["FILE"]);
}

#[test]
fn words_behind_the_module_are_the_guests() {
    let files = Files::text(ECHO);
    files.run(&["m.wat"]).is(1, "m.wat\0", "");
    files.run(&["m.wat", "--fuel", "-h", "--", ""]).is(5, "m.wat\0--fuel\0-h\0--\0\0", "");
    files.run(&["run", "m.wat", "--args", "x"]).is(2, "m.wat\0x\0", "");
    files.run(&["--", "m.wat", "--args", "x"]).is(3, "m.wat\0--args\0x\0", "");
    files.run(&["--argv0", "ls", "./m.wat", "-a", "-a"]).is(2, "ls\0-a\0", "");
    let env = files.run(&["--env", "A=b=c", "--env", "FROM_HOST", "--env", "NOWHERE", "m.wat"]);
    env.is(1, "m.wat\0A=b=c\0FROM_HOST=yes\0", "");
    files.run(&["--inherit-env", "m.wat"]).is(1, "m.wat\0FROM_HOST=yes\0", "");
    let both = files.run(&["--inherit-env", "--env", "FROM_HOST=no", "m.wat"]);
    both.is(1, "m.wat\0FROM_HOST=no\0", "");
}

#[test]
fn functions_can_be_called() {
    let files = Files::text(
        r#"(module (global $init (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $init (i32.const 42)))
            (func (export "init") (result i32) (global.get $init))
            (func (export "add") (param i32 i32) (result i32)
                (i32.add (local.get 0) (local.get 1)))
            (func (export "all") (param i32 i64 f32 f64) (result i64 i32 f64 f32)
                (local.get 1) (local.get 0) (local.get 3) (local.get 2))
            (func (export "refs") (param funcref externref) (result i32 externref)
                (ref.is_null (local.get 0)) (local.get 1)))"#,
    );
    let call = |args: &[&str]| {
        let name = &args[..1];
        files.run(&[&["--invoke"], name, &["m.wat"], &args[1..]].concat())
    };
    call(&["init"]).is(0, "42\n", "");
    call(&["add", "2", "-3"]).is(0, "-1\n", "");
    call(&["add", "0xFFFF_FFFF", "4294967295"]).is(0, "-2\n", "");
    call(&["all", "-1", "-0x8000000000000000", "1.5", "nan"]).is(
        0,
        "-9223372036854775808\n-1\nnan\n1.5\n",
        "",
    );
    call(&["all", "1", "2", "-inf", "1e300"]).is(0, &format!("2\n1\n{}\n-inf\n", 1e300), "");
    call(&["refs", "ref.null", "ref.null"]).is(0, "1\nref.null\n", "");
    call(&["add", "1"]).fails(2, &["add", "2 arguments, not 1"]);
    call(&["add", "1", "4294967296"]).fails(2, &["argument 2", "`4294967296` is no i32"]);
    call(&["add", "1", "--2"]).fails(2, &["`--2` is no i32"]);
    call(&["none"]).fails(2, &["no function `none`", "add"]);
}

#[test]
fn functions_of_vectors_can_be_called() {
    let files =
        Files::text("(module (func (export \"v\") (param v128) (result v128) (local.get 0)))");
    let call = |argument| files.run(&["--invoke", "v", "m.wat", argument]);
    call("0x1").is(0, "0x00000000000000000000000000000001\n", "");
    call("1").fails(2, &["`1` is no v128"]);
}

#[test]
fn a_module_without_a_start_tells_what_it_has() {
    let files =
        Files::text("(module (func (export \"add\") (param i32 i64) (result f32) f32.const 0))");
    let outcome = files.run(&["m.wat"]);
    assert_eq!((outcome.code, &*outcome.out), (0, ""));
    for word in ["add", "i64", "wasmvm --invoke add m.wat <i32> <i64>"] {
        assert!(outcome.err.contains(word), "{}", outcome.err);
    }
    Files::text("(module (func $f) (start $f))").run(&["m.wat"]).is(0, "", "");
    let many: String = (0..1000).map(|i| format!("(export \"f{i}\" (func 0))")).collect();
    let outcome = Files::text(&format!("(module (func) {many})")).run(&["m.wat"]);
    assert_eq!(outcome.err.lines().count(), 104, "{}", outcome.err);
    assert!(outcome.err.contains("and 900 more"), "{}", outcome.err);
}

#[test]
fn directories_are_given_one_by_one() {
    let open = |fd: u32| {
        format!(
            r#"(module
            (import "wasi_snapshot_preview1" "path_open" (func $open
                (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1) (data (i32.const 0) "made")
            (func (export "_start") (call $exit (call $open (i32.const {fd}) (i32.const 0)
                (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 64) (i64.const 0)
                (i32.const 0) (i32.const 16)))))"#
        )
    };
    let files = Files::new(&[("m.wat", open(3).as_bytes()), ("four.wat", open(4).as_bytes())]);
    let badf = 8;
    files.run(&["m.wat"]).is(badf, "", "");
    fs::create_dir(files.0.join("sub")).unwrap();
    let rofs = 69;
    files.run(&["--dir", "sub:ro", "m.wat"]).is(rofs, "", "");
    assert!(!files.0.join("sub/made").exists());
    files.run(&["--dir", "sub::/data", "m.wat"]).is(0, "", "");
    assert!(files.0.join("sub/made").exists());
    files.run(&["--dir=.:ro", "--dir=.", "four.wat"]).is(0, "", "");
    assert!(files.0.join("made").exists());
}

#[test]
fn nobody_listening_is_an_errno() {
    let files = Files::text(
        r#"(module
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\10\00\00\00\01\00\00\00")
        (func (export "_start") (local $errno i32) (loop
            (local.set $errno
                (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if 0 (i32.eqz (local.get $errno))))
            (call $exit (local.get $errno))))"#,
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
    let mut child =
        command.arg("m.wat").current_dir(&files.0).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let pipe = 64;
    assert_eq!(child.wait().unwrap().code(), Some(pipe));
}

#[test]
fn limits_are_kept() {
    let files = Files::text(
        r#"(module (memory (export "memory") 1) (func (export "grow") (param i32) (result i32)
            (memory.grow (local.get 0))))"#,
    );
    let limited = |pages| files.run(&["--max-memory", "1M", "--invoke", "grow", "m.wat", pages]);
    limited("15").is(0, "1\n", "");
    limited("16").is(0, "-1\n", "");
    let stats = files.run(&["--stats", "--eager", "--invoke", "grow", "m.wat", "0"]);
    assert_eq!((stats.code, &*stats.out), (0, "1\n"));
    assert!(stats.err.contains("validate") && stats.err.contains(" ms"), "{}", stats.err);
    let counted = stats.err.contains("\ndispatches ") && !stats.err.contains("not counted");
    assert_eq!(counted, cfg!(feature = "counting"), "{}", stats.err);
}

#[test]
fn the_heap_is_limited() {
    let files = Files::text(
        r#"(module (rec (type $list (struct (field (ref null $list)))))
            (func (export "list") (param $n i32) (local $list (ref null $list))
              (loop $next
                (local.set $list (struct.new $list (local.get $list)))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
    );
    let limited = |n| files.run(&["--max-gc-heap", "1M", "--invoke", "list", "m.wat", n]);
    limited("10000").is(0, "", "");
    limited("100000").fails(134, &["allocation size too large"]);
}

#[test]
fn validate_and_inspect() {
    let binary = wat::parse_str(
        r#"(module (import "a" "b" (func (param i32))) (memory (export "m") 1 2)
            (func (export "f") (result i64) i64.const 0))"#,
    );
    let files = Files::new(&[
        ("good.wasm", &binary.unwrap()),
        ("good.wat", b"(module)"),
        ("bad.wat", b"(module (func i32.add drop))"),
    ]);
    files.run(&["validate", "good.wasm", "good.wat"]).is(0, "", "");
    files.run(&["validate", "good.wasm", "bad.wat"]).fails(1, &["bad.wat", "type mismatch"]);
    let outcome = files.run(&["inspect", "good.wasm"]);
    assert_eq!((outcome.code, &*outcome.err), (0, ""));
    for word in ["sections", "type", "code", "imports", "exports", "i64"] {
        assert!(outcome.out.contains(word), "{}", outcome.out);
    }
}
