//! What compilers write often is one instruction of ours: those shapes stay that.

use wasmvm::{Engine, Module};

/// Locals: four parameters of each type of integer, two of each type of float; and as many others.
const TYPES: &str = "(param $a i32) (param $b i32) (param $c i32) (param $d i32)
    (param $p i64) (param $q i64) (param $r i64) (param $s i64)
    (param $x f32) (param $y f32) (param $u f64) (param $v f64) (local $l i32) (local $m i64)";

/// A body without results, how many instructions it is, without the return, and a part of the text
/// of one of them.
const SHAPES: &[(&str, usize, &str)] = &[
    // The smaller or larger one of two, whichever way it is asked for.
    ("(local.set $a (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b))))", 1, "i32.lt_s"),
    ("(local.set $a (select (local.get $b) (local.get $a) (i32.lt_s (local.get $a) (local.get $b))))", 1, "i32.gt_s"),
    ("(local.set $a (select (local.get $a) (i32.const 255) (i32.lt_u (local.get $a) (i32.const 255))))", 1, "i32.lt_u"),
    ("(local.set $a (select (i32.const 0) (local.get $a) (i32.lt_s (local.get $a) (i32.const 0))))", 1, "i32.gt_s"),
    ("(local.set $a (select (local.get $a) (local.get $b) (i32.eqz (i32.gt_u (local.get $a) (local.get $b)))))", 1, "i32.lt_u"),
    ("(local.set $p (select (local.get $p) (local.get $q) (i64.ge_s (local.get $p) (local.get $q))))", 1, "i64.gt_s"),
    ("(local.set $x (select (local.get $x) (local.get $y) (f32.lt (local.get $x) (local.get $y))))", 1, "f32.lt"),
    ("(local.set $u (select (local.get $v) (local.get $u) (f64.lt (local.get $u) (local.get $v))))", 1, "f64.gt"),
    // Greater, the same or less.
    ("(i32.store (i32.const 0) (i32.sub (i32.gt_s (local.get $a) (local.get $b)) (i32.lt_s (local.get $a) (local.get $b))))", 2, "order i32.lt_s"),
    ("(i32.store (i32.const 0) (i32.sub (i64.gt_u (local.get $p) (local.get $q)) (i64.gt_u (local.get $q) (local.get $p))))", 2, "order i64.lt_u"),
    // Three numbers.
    ("(local.set $l (i32.add (i32.add (local.get $a) (local.get $b)) (local.get $c)))", 1, ") i32.add"),
    ("(local.set $l (i32.add (local.get $c) (i32.add (local.get $a) (i32.const 64))))", 1, ") i32.add"),
    ("(local.set $l (i32.xor (i32.and (i32.xor (local.get $a) (local.get $b)) (local.get $c)) (local.get $d)))", 2, "i32.xor"),
    ("(local.set $l (i32.and (i32.xor (local.get $a) (i32.const -1)) (local.get $b)))", 1, ") i32.and"),
    ("(local.set $m (i64.xor (i64.xor (local.get $p) (local.get $q)) (local.get $r)))", 1, ") i64.xor"),
    // What was just loaded.
    ("(local.set $l (i32.add (local.get $b) (i32.load8_u (local.get $a))))", 1, "i32.load8_u"),
    ("(local.set $l (i32.sub (local.get $b) (i32.load (local.get $a))))", 1, "i32.load"),
    ("(i64.store (i32.const 0) (i64.mul (local.get $p) (i64.load32_u (local.get $a))))", 2, "i64.load32_u"),
    ("(local.set $l (i32.add (i32.load (local.get $a)) (i32.const 1)))", 1, "i32.load"),
    ("(local.set $l (i32.shl (i32.load16_u (local.get $a)) (i32.const 3)))", 1, "i32.load16_u"),
    ("(local.set $m (i64.and (i64.load (local.get $a)) (i64.const 7)))", 1, "i64.load"),
    ("(if (i64.eqz (i64.load (local.get $a))) (then (unreachable)))", 2, "branch if i64.load"),
    ("(if (i64.eqz (i64.load8_u (local.get $a))) (then (unreachable)))", 2, "branch if i32.load8_u"),
    ("(block (block (br_table 0 1 (i32.sub (i32.load8_u (local.get $a)) (i32.const 48)))) (unreachable))", 2, "br_table i32.load8_u"),
    // Through a pointer.
    ("(local.set $l (i32.load offset=8 (i32.wrap_i64 (i64.load (local.get $a)))))", 1, "Deref"),
    ("(i32.store offset=4 (i32.load (local.get $a)) (local.get $b))", 1, "Deref"),
    ("(i32.store (local.get $b) (i32.load (i32.load (local.get $a))))", 1, "Deref"),
    ("(if (i32.eq (i32.load8_u (i32.load (local.get $a))) (i32.const 3)) (then (unreachable)))", 2, "Deref"),
    // Addresses that are sums, which compilers do not always fold.
    ("(i32.store (i32.add (local.get $a) (i32.const 4)) (i32.add (local.get $b) (i32.const 1)))", 1, "Imm"),
    ("(i64.store (i32.add (local.get $a) (i32.const 4)) (i64.load (i32.add (local.get $b) (i32.const 4))))", 1, "Imm"),
    // Masks and shifts that are compared.
    ("(if (i32.eq (i32.and (local.get $a) (i32.const 0xf0)) (i32.const 0x30)) (then (unreachable)))", 2, "i32.and"),
    ("(if (i32.ne (i32.shl (local.get $a) (i32.const 24)) (i32.const 0x3000000)) (then (unreachable)))", 2, "i32.shl"),
    // The low half.
    ("(if (i32.wrap_i64 (local.get $p)) (then (unreachable)))", 2, "branch"),
    // Two locals that grow, or one and a branch.
    ("(local.set $a (i32.add (local.get $a) (i32.const 4))) (local.set $b (i32.add (local.get $b) (i32.const 8)))", 1, "+= 0x8"),
    ("(block (local.set $a (i32.add (local.get $a) (i32.const 4))) (local.set $b (i32.add (local.get $b) (i32.const 8)))
        (br_if 0 (i32.ne (local.get $b) (local.get $c))) (unreachable))", 3, "+= 0x8, branch"),
    ("(loop (i32.store8 (local.get $a) (i32.const 0)) (br_if 0 (i32.lt_u (local.tee $a (i32.add (local.get $a) (local.get $b))) (local.get $c))))", 3, "branch if i32.lt_u"),
    // Sums as arguments and results.
    ("(drop (call $f (i32.add (local.get $a) (i32.const 4)) (local.get $b)))", 1, "+ 0x4, "),
    ("(drop (call $f (i32.const 1) (i32.sub (local.get $a) (i32.const 4))))", 1, "+ 0xfffffffc, "),
    ("(drop (call $g (i32.add (local.get $a) (i32.const 4))))", 1, "+ 0x4, call"),
    // A local that grows, and another one that gets what it was, or is then.
    ("(local.set $a (i32.add (local.tee $b (local.get $a)) (i32.const 4)))", 1, ", [-16]"),
    ("(local.set $a (local.tee $b (i32.add (local.get $a) (i32.const 4))))", 1, ":= [-16] += 0x4"),
    // What is in memory grows by a product, on either side; and what is loaded is taken away.
    ("(f64.store (local.get $a) (f64.sub (f64.load (local.get $a)) (f64.mul (local.get $u) (local.get $v))))", 2, "it f64.sub"),
    ("(f64.store (local.get $a) (f64.add (f64.load (local.get $a)) (f64.mul (local.get $u) (local.get $v))))", 2, "it f64.add"),
    ("(f32.store (local.get $a) (f32.add (f32.mul (local.get $x) (local.get $y)) (f32.load (local.get $a))))", 2, "it f32.add"),
    ("(local.set $u (f64.sub (local.get $v) (f64.load (i32.add (local.get $a) (i32.const 8)))))", 1, "f64.load Imm"),
    // Constants that come first, and negative ones that are stored.
    ("(i32.store (i32.const 0) (i32.rotl (i32.const -2) (local.get $a)))", 2, "i32.rotl 0xfffffffe"),
    ("(local.set $l (i32.shr_u (i32.const 99) (local.get $a)))", 1, "i32.shr_u 0x63"),
    ("(i32.store (i32.add (local.get $a) (i32.const 4)) (i32.const -1))", 1, ":= 0xffffffff"),
    // Two conditions, elements of arrays.
    ("(if (i32.or (local.get $a) (local.get $b)) (then (unreachable)))", 2, "branch unless i32.or"),
    ("(if (i32.load8_u (i32.add (local.get $a) (local.get $b))) (then (unreachable)))", 2, "i32.eq 0x0"),
    ("(if (i32.ne (i32.load (local.get $a)) (i32.and (local.get $b) (i32.const 255))) (then (unreachable)))", 3, "branch if i32.load"),
    // A few bytes.
    ("(memory.copy (local.get $a) (local.get $b) (i32.const 12))", 1, "memory.copy"),
    ("(memory.fill (local.get $a) (i32.const 0) (local.get $b))", 1, "memory.fill"),
    // What leaves the last block of a loop does the rest of the turn: no jump.
    ("(loop (if (local.get $a) (then (local.set $b (i32.xor (local.get $b) (local.get $c))))
        (else (local.set $d (i32.xor (local.get $d) (local.get $c)))))
        (br_if 0 (local.tee $a (i32.sub (local.get $a) (i32.const 1)))))", 7, "jump past"),
    // A loop that begins with its way out, and one whose body is an arm: one branch for each turn.
    ("(block (loop (br_if 1 (i32.ge_s (local.get $a) (local.get $b)))
        (local.set $a (i32.add (local.get $a) (i32.const 1))) (br 0)))", 4, "+= 0x1, loop branch if i32.lt_s"),
    ("(loop (if (i64.ne (local.get $p) (local.get $q)) (then (local.set $p (i64.mul (local.get $p) (local.get $r)))
        (br 1))))", 5, "loop branch if i64.ne"),
    // Globals, in branches and as addresses.
    ("(if (global.get $g) (then (unreachable)))", 2, "branch if global 0 i32.eq 0x0"),
    ("(if (i32.eq (i32.const 2) (global.get $g)) (then (unreachable)))", 2, "branch if global 0 i32.ne 0x2"),
    ("(if (i32.eqz (i32.lt_u (local.get $a) (global.get $g))) (then (unreachable)))", 2, "global 0 i32.gt_u"),
    ("(local.set $a (i32.load offset=4 (global.get $g)))", 1, "i32.load One(global)"),
    ("(i32.store (i32.sub (global.get $g) (i32.const 8)) (local.get $a))", 1, "i32.store Imm(global)"),
];

fn code_of(engine: &Engine, body: &str) -> String {
    let text = format!(
        "(module (memory 1) (global $g (mut i32) (i32.const 0)) (func {TYPES} {body}) (func $f (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1))) (func $g (param i32) (result i32) (local.get 0)))"
    );
    let wasm = wat::parse_str(&text).expect("a text");
    let module = Module::new(engine, wasm).expect("a module");
    module.disassemble(0).expect("it is translated")
}

/// What it keeps in registers is loaded meanwhile.
#[test]
fn loops_are_entered_by_one_instruction() {
    let code = code_of(
        &Engine::default(),
        "(loop (local.set $a (i32.add (local.get $a) (local.get $b)))
            (br_if 0 (i32.lt_u (local.get $a) (local.get $c))))",
    );
    assert!(code.lines().next().is_some_and(|line| line.contains("SetLoop")), "{code}");
}
#[test]
fn shapes_that_are_frequent_are_one_instruction() {
    let engine = Engine::default();
    let mut wrong = String::new();
    for (body, count, part) in SHAPES {
        let code = code_of(&engine, body);
        // Locals that are put into registers before a loop are beside the point.
        let is_ours = |line: &&str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_load =
                |words: &[&str]| words.len() == 3 && words[0].starts_with('r') && words[1] == ":=";
            let is_pins = words[2..].chunks(3).all(is_load);
            !is_pins && !line.contains("zero [") && !line.contains("Return")
        };
        let lines: Vec<&str> = code.lines().filter(is_ours).collect();
        let found = lines.iter().any(|line| line.contains(part));
        if lines.len() != *count || !found {
            wrong += &format!("{body}\n{}\n", lines.join("\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
