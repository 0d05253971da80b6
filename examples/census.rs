//! Which handlers modules use: `census FILE…` prints, for every address of a handler, how many
//! instructions of the modules' code begin with it. `benches/census` gives the addresses names.

use std::collections::HashMap;
use wasmvm::{Engine, Module};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for file in std::env::args().skip(1) {
        let module = Module::from_file(&engine, &file)?;
        module.handlers(|handler| *counts.entry(handler).or_default() += 1)?;
    }
    for (handler, count) in counts {
        println!("{handler:x} {count}");
    }
    Ok(())
}
