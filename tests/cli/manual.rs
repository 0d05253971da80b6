//! What documents say of the command is what the command says.

use super::Files;
use std::path::Path;

#[test]
fn the_manual_is_in_step() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let manual = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let (before, rest) = manual.split_once(BEGIN).expect("the reference begins");
    let (_, after) = rest.split_once(END).expect("the reference ends");
    let expected = format!("{before}{BEGIN}\n{}{END}{after}", wasmvm::cli::markdown());
    if std::env::var_os("WASMVM_BLESS").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    assert!(manual == expected, "docs/cli.md: WASMVM_BLESS=1 cargo test --test cli");
}

#[test]
fn help_is_short_and_long() {
    let files = Files::text("(module)");
    for flag in ["--version", "-v"] {
        files.run(&[flag]).is(0, concat!("wasmvm ", env!("CARGO_PKG_VERSION"), "\n"), "");
    }
    let (short, long) = (files.run(&["-h"]), files.run(&["--help"]));
    assert_eq!((short.code, &*short.err), (0, ""));
    assert!(short.out.contains("--invoke <FUNC>"), "{}", short.out);
    assert!(long.out.len() > 2 * short.out.len());
    assert_eq!(files.run(&["help"]).out, long.out);
    for tool in [
        "validate",
        "wast",
        "inspect",
        "disasm",
        "wat2wasm",
        "wasm2wat",
        "features",
        "completions",
        "man",
    ] {
        let help = files.run(&[tool, "--help"]);
        assert_eq!((help.code, &*help.err), (0, ""), "{tool}");
        assert!(help.out.contains(&format!("Example: wasmvm {tool}")), "{}", help.out);
        assert_eq!(files.run(&["help", tool]).out, help.out, "{tool}");
    }
}

#[test]
fn shells_and_man_get_their_texts() {
    let files = Files::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = files.run(&["completions", shell]);
        assert_eq!((script.code, &*script.err), (0, ""), "{shell}");
        for word in ["max-memory", "wat2wasm", "no-system"] {
            assert!(script.out.contains(word), "{shell}: {word}");
        }
    }
    files.run(&["completions", "nosh"]).fails(2, &["nosh"]);
    let man = files.run(&["man"]);
    assert_eq!((man.code, &*man.err), (0, ""));
    assert!(man.out.contains(".TH wasmvm") && man.out.contains("\\-\\-timeout"), "{}", man.out);
}

#[test]
fn statistics_have_every_line() {
    let files = Files::text(
        r#"(module (import "sys_proc" "argc" (func $argc (result i32))) (memory 2)
        (func (export "_start") (drop (call $argc)) (drop (call $argc))))"#,
    );
    let outcome = files.run(&["--stats", "--fuel", "1k", "m.wat"]);
    assert_eq!((outcome.code, &*outcome.out), (0, ""), "{}", outcome.err);
    let value = |name: &str| {
        let line = outcome.err.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}: {}", outcome.err)).trim().to_owned()
    };
    for time in ["decode", "validate", "translate", "link", "run"] {
        assert!(value(time).ends_with(" ms"), "{time}: {}", outcome.err);
    }
    for (name, amount) in
        [("modules", "1"), ("functions", "1"), ("host calls", "2"), ("memory", "131072")]
    {
        assert_eq!(value(name), amount, "{name}");
    }
    assert!(value("fuel").parse::<u64>().unwrap() > 2);
    assert!(value("process").parse::<u64>().unwrap() > 1 << 20);
}

#[test]
fn code_is_shown_beside_what_is_executed() {
    let text = r#"(module (import "a" "b" (func))
        (func $sum (export "total") (param i32 i32) (result i32)
            (i32.add (local.get 0) (i32.mul (local.get 1) (i32.const 3))))
        (func $other (call 0)))"#;
    let files = Files::text(text);
    for name in ["1", "total", "sum", "$sum"] {
        let outcome = files.run(&["disasm", "m.wat", name]);
        assert_eq!((outcome.code, &*outcome.err), (0, ""), "{name}");
        let line = |words: &str| outcome.out.lines().position(|line| line.contains(words));
        let (header, mul, add) = (line("(func $sum"), line("  i32.mul"), line("  i32.add"));
        assert!(header < mul && mul < add && add.is_some(), "{}", outcome.out);
        assert!(outcome.out.contains("    | "), "{}", outcome.out);
        assert!(!outcome.out.contains("$other"), "{}", outcome.out);
    }
    assert!(files.run(&["disasm", "m.wat"]).out.contains("(func $other"));
    for none in ["0", "3", "nothing"] {
        files.run(&["disasm", "m.wat", none]).fails(2, &["no function"]);
    }
}

#[test]
fn source_lines_are_in_backtraces() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/lines.wasm");
    let files = Files::new(&[("m.wasm", &std::fs::read(guest).unwrap())]);
    let outcome = files.run(&["m.wasm"]);
    outcome.fails(134, &["trap: integer divide by zero", "lines.c:5", "lines.c:9", "lines.c:13"]);
}

const BEGIN: &str = "<!-- reference -->";
const END: &str = "<!-- end of the reference -->";
