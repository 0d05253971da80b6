//! Which handlers modules use: `census FILE…` prints, for every address of a handler, how many
//! instructions of the modules' code begin with it. `benches/census` gives the addresses names.
//! The last line, on standard error, is their number and how many bytes one has on average.

use std::collections::HashMap;
use wasmvm::{Engine, Module};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let mut counts: HashMap<u64, u64> = HashMap::new();
    let mut total = 0.0;
    for file in std::env::args().skip(1) {
        let module = Module::from_file(&engine, &file)?;
        module.handlers(|handler, bytes| {
            *counts.entry(handler).or_default() += 1;
            total += f64::from(bytes);
        })?;
    }
    let instructions: u64 = counts.values().sum();
    for (handler, count) in counts {
        println!("{handler:x} {count}");
    }
    eprintln!("{instructions} instructions of {:.2} bytes", total / instructions.max(1) as f64);
    Ok(())
}
