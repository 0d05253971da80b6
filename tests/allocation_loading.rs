//! The system has no memory left while a module is decoded and validated: whatever a module makes
//! large, the n-th allocation for it fails, for every n. Each time that is an error, the module is
//! taken when there is memory again, and the process goes on.
#![allow(unsafe_code)]

#[path = "peer/failing.rs"]
mod failing;

use failing::Failing;
use std::fmt::Write;
use wasmvm::{Config, Engine, ErrorKind, Features, Module};

/// What is larger was sized by the module.
const LARGE: usize = 2 << 10;

#[global_allocator]
static ALLOCATOR: Failing = Failing::new(LARGE);

/// `count` pieces of text, one after the other.
fn many(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        write!(text, "{}", piece(n)).expect("a string takes everything");
        text
    })
}
fn same(count: usize, piece: &str) -> String {
    piece.repeat(count)
}

/// Modules with much of one thing.
fn modules() -> Vec<(&'static str, String)> {
    const MANY: usize = 5_000;
    let name = "n".repeat(100_000);
    let bits = |n: usize| {
        let types = (0..13).map(|bit| if n >> bit & 1 == 0 { " i32" } else { " i64" });
        types.collect::<String>()
    };
    let deep = 1_000;
    vec![
        ("types", many(MANY, |n| format!("(type (func (param{})))", bits(n)))),
        ("parameters", format!("(type (func (param{})))", same(1_000, " i32"))),
        ("a group", format!("(rec {})", same(MANY, "(type (struct (field i32)))"))),
        ("functions", same(MANY, "(func)")),
        ("imports", many(MANY, |n| format!("(import \"m\" \"{n}\" (func))"))),
        ("imported globals", many(MANY, |n| format!("(import \"m\" \"{n}\" (global i32))"))),
        ("imported tables", many(MANY, |n| format!("(import \"m\" \"{n}\" (table 1 funcref))"))),
        ("imported tags", many(MANY, |n| format!("(import \"m\" \"{n}\" (tag))"))),
        ("memories", same(100, "(memory 1)")),
        ("tables", same(MANY, "(table 1 funcref)")),
        ("tables' initialisers", same(MANY, "(table 1 funcref (ref.null func))")),
        ("tags", same(MANY, "(tag)")),
        ("globals", same(MANY, "(global i32 (i32.const 1))")),
        ("exports", format!("(func) {}", many(MANY, |n| format!("(export \"{n}\" (func 0))")))),
        ("declared functions", format!("{} (export \"\" (func 99999))", same(100_000, "(func)"))),
        ("elements", format!("(func) (elem func{})", same(MANY, " 0"))),
        (
            "expressions of elements",
            format!(
                "(func) (elem funcref{} {})",
                same(MANY, " (ref.func 0)"),
                same(MANY, " (ref.null func)")
            ),
        ),
        ("segments of elements", format!("(func) {}", same(MANY, "(elem func 0)"))),
        ("segments of data", same(MANY, "(data \"d\")")),
        (
            "a constant expression",
            format!(
                "(global i32 (i32.const 1) {} {})",
                same(MANY, "i32.const 1 "),
                same(MANY, "i32.add ")
            ),
        ),
        ("the name of an import", format!("(import \"m\" \"{name}\" (func))")),
        ("the name of an export", format!("(memory 1) (export \"{name}\" (memory 0))")),
        ("the name of a section", format!("(@custom \"{name}\" \"\")")),
        ("open blocks", format!("(func {} {})", same(deep, "block "), same(deep, "end "))),
        ("operands", format!("(func {} {})", same(MANY, "i32.const 0 "), same(MANY, "drop "))),
        (
            "operands of calls",
            format!(
                "(type $t (func (result{}))) (func $f (type $t) unreachable)
                (func (result{0}) (call $f))",
                same(1_000, " i32")
            ),
        ),
        ("groups of locals", format!("(func {})", same(MANY, "(local i32) (local i64) "))),
        (
            "locals to be initialised",
            format!(
                "(func $f {} {}) (elem declare func $f)",
                same(20_000, "(local (ref func)) "),
                many(20_000, |n| format!("(local.set {n} (ref.func $f)) "))
            ),
        ),
    ]
}

/// With the n-th large allocation failing; whether there were so many.
fn run(engine: &Engine, name: &str, bytes: &[u8], n: usize) -> bool {
    let (result, failed) = ALLOCATOR.fails_once(n, || Module::validate(engine, bytes));
    match result {
        Ok(()) => {}
        Err(error) => assert!(failed && error.kind() == ErrorKind::Limit, "{name}: {n}: {error}"),
    }
    failed
}

/// One test: the allocator is everybody's.
#[test]
fn each_allocation_for_a_module_can_fail() {
    let mut all = 0;
    for (name, text) in modules() {
        let bytes = wat::parse_str(format!("(module {text})")).expect("the text is a module");
        let config = || Config::new().features(Features::ALL);
        let engine = || Engine::new(config()).expect("a valid setting");
        // Types of a module stay in an engine: a new one each time.
        let count = (1..1000).take_while(|&n| run(&engine(), name, &bytes, n)).count();
        println!("{name}: {count} large allocations");
        assert!((1..900).contains(&count), "{name}: {count}");
        all += count;
    }
    println!("{all} large allocations, each of which has failed once");
}
