//! The native stack stays where it is, however long and however deep a guest runs: dispatch is a
//! sibling call (or one loop), and calls push frames on our own stack.

use std::sync::{Arc, Mutex};
use wasmvm::{Caller, Engine, Error, Linker, Module, Store};

const GUEST: &str = r#"
    (module
      (import "host" "mark" (func $mark))
      (memory 1)
      (table funcref (elem $leaf))
      (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
      ;; Some ten instructions an iteration: arithmetic, memory, both kinds of calls, a switch.
      (func (export "long") (param $n i32) (result i32) (local $s i32)
        (call $mark)
        (loop $next
          (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (local.get $n)))
          (local.set $s (i32.xor (call $leaf (local.get $s)) (i32.load (i32.const 8))))
          (local.set $s (call_indirect (param i32) (result i32) (local.get $s) (i32.const 0)))
          (block $b (block $a (br_table $a $b (i32.and (local.get $s) (i32.const 1))))
            (local.set $s (i32.rotl (local.get $s) (i32.const 5))))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $mark)
        (local.get $s))
      (func $deep (export "deep") (param $n i32)
        (call $mark)
        (if (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1))))))
      (func $tail (export "tail") (param $n i32)
        (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 100000))) (then (call $mark)))
        (if (local.get $n) (then (return_call $tail (i32.sub (local.get $n) (i32.const 1))))))
      (tag $e (param i32))
      (func $throw (param i32) (if (local.get 0) (then (throw $e (local.get 0)))) (unreachable))
      ;; Half of them from another frame, half thrown again.
      (func (export "throws") (param $n i32) (local $exn exnref)
        (call $mark)
        (loop $next
          (block $h (result i32 exnref)
            (try_table (catch_ref $e $h)
              (if (i32.and (local.get $n) (i32.const 1))
                (then (throw_ref (local.get $exn))))
              (call $throw (local.get $n)))
            (unreachable))
          (local.set $exn)
          (drop)
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $mark)))
"#;

/// Where the native stack is: the address of a variable of the function that asks.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

/// The stack addresses that a host function sees while the guest runs.
fn marks(export: &str, n: i32) -> Vec<usize> {
    let marks = Arc::new(Mutex::new(Vec::new()));
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).expect("the text")).expect("a module");
    let mut linker = Linker::<()>::new(&engine);
    let seen = marks.clone();
    let mark = move |_: Caller<'_, ()>| -> Result<(), Error> {
        seen.lock().expect("no panic").push(stack_address());
        Ok(())
    };
    linker.func_wrap("host", "mark", mark).expect("a new name");
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).expect("an instance");
    let func = instance.func(&store, export).expect("an export");
    let results = func.ty(&store).expect("its type").results.len();
    let mut results = vec![wasmvm::Val::I32(0); results];
    func.call(&mut store, &[wasmvm::Val::I32(n)], &mut results).expect("no trap");
    let marks = marks.lock().expect("no panic");
    marks.clone()
}

fn assert_all_equal(marks: &[usize], count: usize) {
    assert_eq!(marks.len(), count);
    let moved = marks.iter().find(|mark| **mark != marks[0]);
    assert_eq!(moved, None, "the native stack has moved from {:#x}", marks[0]);
}

#[test]
fn ten_million_iterations() {
    assert_all_equal(&marks("long", 10_000_000), 2);
}

#[test]
fn five_thousand_calls_deep() {
    assert_all_equal(&marks("deep", 5_000), 5_001);
}

#[test]
fn a_million_throws() {
    assert_all_equal(&marks("throws", 1_000_000), 2);
}

#[test]
fn a_million_tail_calls() {
    assert_all_equal(&marks("tail", 1_000_000), 11);
}
