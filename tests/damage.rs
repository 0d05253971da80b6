//! Every prefix and every change of a byte of the specification's modules: loaded, translated and
//! instantiated, without a panic and without an end of this process.
//!
//! A share of them by default; `WASMVM_DAMAGE=all` takes all, which is hours of work for large
//! modules: of those above `LARGE` bytes, each byte is then changed in a few ways only.

#[path = "peer/cases.rs"]
mod cases;
#[path = "peer/imports.rs"]
mod imports;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;
use wasmvm::{Config, Engine, Instance, Limits, Module, Store};

/// Of modules up to this size, each byte is given every other value.
const LARGE: usize = 512;
/// Changes of each byte of larger modules.
const FEW: [fn(u8) -> u8; 4] = [|b| !b, |b| b.wrapping_add(1), |b| b ^ 0x80, |b| b ^ 0x40];
/// Types stay in their engine: so many modules to one.
const MODULES_PER_ENGINE: u64 = 5_000;
/// What a start function may do.
const FUEL: u64 = 2_000;

fn engine() -> Engine {
    Engine::new(Config::new().fuel(true).eager(true)).expect("a configuration")
}

/// Loads and instantiates; whether both went well.
fn try_module(engine: &Engine, bytes: &[u8]) -> bool {
    let Ok(module) = Module::new(engine, bytes) else { return false };
    let mut store = Store::new(engine, ());
    store.set_limits(Limits {
        memory_bytes: 4 << 20,
        table_elements: 10_000,
        gc_heap_bytes: 4 << 20,
        stack_bytes: 256 << 10,
        ..store.limits()
    });
    store.set_fuel(FUEL).expect("an engine with fuel");
    let Some(imports) = imports::imports(&mut store, &module) else { return false };
    Instance::new(&mut store, &module, &imports).is_ok()
}

/// What was done, by all threads.
#[derive(Default)]
struct Counts {
    modules: AtomicUsize,
    prefixes: AtomicU64,
    changes: AtomicU64,
    instances: AtomicU64,
    worst_nanos: AtomicU64,
    panics: Mutex<Vec<String>>,
}

impl Counts {
    fn print(&self, modules: usize) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        println!(
            "{modules} modules: {} prefixes, {} changes; {} were instantiated; {} panics; at most \
             {} ms",
            of(&self.prefixes),
            of(&self.changes),
            of(&self.instances),
            self.panics.lock().expect("no panic here").len(),
            of(&self.worst_nanos) / 1_000_000,
        );
    }
}

struct Worker<'a> {
    counts: &'a Counts,
    engine: Engine,
    uses: u64,
}
impl Worker<'_> {
    fn try_bytes(&mut self, bytes: &[u8]) {
        self.uses += 1;
        if self.uses.is_multiple_of(MODULES_PER_ENGINE) {
            self.engine = engine();
        }
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| try_module(&self.engine, bytes)));
        let nanos = start.elapsed().as_nanos() as u64;
        self.counts.worst_nanos.fetch_max(nanos, Ordering::Relaxed);
        match result {
            Ok(true) => drop(self.counts.instances.fetch_add(1, Ordering::Relaxed)),
            Ok(false) => {}
            Err(_) => {
                self.counts.panics.lock().expect("no panic here").push(format!("{bytes:02x?}"))
            }
        }
    }
    /// All prefixes and changes of a module, or a share: about 8 and 120.
    fn damage(&mut self, module: &[u8], all: bool, phase: usize) {
        let mut bytes = module.to_vec();
        let step = if all { 1 } else { (module.len() / 8) | 1 };
        for end in (phase % step..module.len()).step_by(step) {
            self.counts.prefixes.fetch_add(1, Ordering::Relaxed);
            self.try_bytes(&module[..end]);
        }
        let ways = if module.len() <= LARGE { 255 } else { FEW.len() };
        let step = if all { 1 } else { (module.len() * ways / 120) | 1 };
        for at in (phase % step..module.len() * ways).step_by(step) {
            let (place, way) = (at / ways, at % ways);
            bytes[place] = match ways {
                255 => module[place] ^ (way as u8 + 1),
                _ => FEW[way](module[place]),
            };
            self.counts.changes.fetch_add(1, Ordering::Relaxed);
            self.try_bytes(&bytes);
            bytes[place] = module[place];
        }
    }
}

#[test]
fn damaged_modules_are_harmless() {
    let all = std::env::var("WASMVM_DAMAGE").is_ok_and(|value| value == "all");
    let distinct: BTreeSet<Vec<u8>> = cases::cases().into_iter().map(|case| case.bytes).collect();
    let modules: Vec<Vec<u8>> = distinct.into_iter().collect();
    let counts = Counts::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut worker = Worker { counts: &counts, engine: engine(), uses: 0 };
                loop {
                    let index = counts.modules.fetch_add(1, Ordering::Relaxed);
                    let Some(module) = modules.get(index) else { break };
                    worker.damage(module, all, index);
                    if index.is_multiple_of(50) {
                        counts.print(index);
                    }
                }
            });
        }
    });
    let bytes: usize = modules.iter().map(Vec::len).sum();
    println!("{} modules of {bytes} bytes:", modules.len());
    counts.print(modules.len());
    let panics = counts.panics.into_inner().expect("no panic here");
    assert!(panics.is_empty(), "{} panics:\n{}", panics.len(), panics.join("\n"));
}
