//! Loading takes time in proportion to the module: every kind of block or pending operand, thousands
//! of them within one another, around thousands of every kind of instruction that looks at what it
//! is in, is translated in a few milliseconds.
#![cfg(feature = "wat")]

use std::time::{Duration, Instant};
use wasmvm::{Config, Engine, Module};

/// How many of each. If each looked at each of the others, that would be 144 million looks.
const N: usize = 12_000;
/// Five times what the slowest takes; half of what so many looks take.
const TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 4_000 } else { 80 });

/// What is around: its beginning and its end.
const AROUND: &[(&str, &str)] = &[
    ("", ""),
    ("block", "end"),
    ("loop", "end"),
    ("local.get 0 if", "end"),
    ("local.get 0 if else", "end"),
    ("block try_table (catch_all 0)", "end end"),
    ("try", "catch_all end"),
    ("loop block local.get 0 br_table 0 0 end", "end"),
    ("loop local.get 0 i32.const 1 i32.add local.set 0", "end"),
    ("local.get 0 i32.const 3 i32.add", "drop"),
    ("local.get 0 i32.load", "drop"),
    ("global.get 0", "drop"),
    ("i32.const 7", "drop"),
    ("local.get 2 local.get 2 f64.mul", "drop"),
    ("local.get 0 local.get 0 i32.div_s", "drop"),
    ("call $one", "drop"),
];
/// What is within. `$out` is the outermost block.
const WITHIN: &[&str] = &[
    "local.get 0 i32.const 1 i32.add local.set 0",
    "local.get 0 i32.const 4 i32.add local.tee 0 global.set 0",
    "local.get 0 local.get 0 i32.store",
    "local.get 0 local.get 0 i32.load i32.const 1 i32.add i32.store",
    "call $none",
    "local.get 0 call_indirect (type $none)",
    "local.get 0 local.get 0 local.get 0 select local.set 0",
    "block local.get 0 br_table 0 0 end",
    "block local.get 0 br_table 0 $out end",
    "local.get 0 br_if $out",
    "local.get 0 i32.load8_u br_if $out",
    "block i32.const 1 local.set 0 br $out end",
    "block return end",
    "i32.const 0 memory.grow drop",
    "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end",
    "local.get 0 if i32.const 1 local.set 0 else i32.const 2 local.set 0 end",
    "block throw $e end",
    "block try_table (catch $e 0) call $none end end",
    "block ref.null func br_on_null 0 drop end",
    "local.get 3 local.get 3 i32x4.add local.set 3",
    "local.get 1 local.get 1 local.get 1 local.get 1 i64.add128 local.set 1 local.set 1",
    "local.get 399 local.set 398",
    "block return_call $none end",
];

fn module((begin, end): (&str, &str), within: &str) -> Vec<u8> {
    let repeated = |text: &str| format!("{text}\n").repeat(N);
    let (begin, within, end) = (repeated(begin), repeated(within), repeated(end));
    let locals = " i32".repeat(400);
    let text = format!(
        "(module (type $none (func)) (memory 1) (table 4 funcref) (tag $e)
            (global (mut i32) (i32.const 0))
            (func $none) (func $one (result i32) (i32.const 1))
            (func (param i32 i64 f64 v128) (local{locals})
                loop $out\n{begin}{within}{end} end))"
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn nothing_is_looked_at_from_everywhere() {
    let eager = || Config::new().eager(true).threads(1);
    let engines = [eager(), eager().fuel(true), eager().interrupts(true)].map(Engine::new);
    let (mut slow, mut longest) = (Vec::new(), Duration::ZERO);
    for &around in AROUND {
        for within in WITHIN {
            let bytes = module(around, within);
            for engine in engines.iter().map(|engine| engine.as_ref().expect("an engine")) {
                let load = || {
                    let start = Instant::now();
                    Module::new(engine, &bytes[..]).expect("a valid module");
                    start.elapsed()
                };
                // The best of a few, as there are others on the machine.
                let times = (0..5).map(|_| load());
                let mut best = Duration::MAX;
                for time in times {
                    best = best.min(time);
                    if best <= TIME {
                        break;
                    }
                }
                longest = longest.max(best);
                if best > TIME {
                    slow.push(format!("{best:?}: {around:?} around {within:?}"));
                }
            }
        }
    }
    println!("{} modules; at most {longest:?}", AROUND.len() * WITHIN.len());
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
