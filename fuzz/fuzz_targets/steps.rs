#![no_main]

use libfuzzer_sys::fuzz_target;
use wasmvm_fuzz::{TARGETS, check};

fuzz_target!(|data: &[u8]| {
    let target = TARGETS.iter().find(|(name, _)| *name == "steps").expect("a target");
    check(target.1, data);
});
