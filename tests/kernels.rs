//! The kernels of the benchmarks in pieces: an execution that stops and goes on comes to what it
//! comes to at once, however small the pieces are. They are loops over registers, floats, vectors,
//! calls, exceptions, bulk instructions and objects, as compilers write them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmvm::{Config, Engine, Error, Instance, Module, Progress, Store, Val};

/// How often the fuel is only what is needed next; after that it is as given below. So the time
/// that this test takes has a bound.
const SMALL_STEPS: u64 = 20_000;
const LARGE_STEPS: [u64; 3] = [99_991, 7, 1_000_003];

struct Kernel {
    name: String,
    file: PathBuf,
    export: String,
    args: Vec<i32>,
    result: i64,
}

/// Our own, and those beside the project, if they are there.
fn kernels() -> Vec<Kernel> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [root.join("benches/kernels"), root.join("../shared/bench")];
    let there = places.iter().filter(|place| place.join("kernels.json").is_file());
    there.flat_map(|place| listed(place)).collect()
}
fn listed(place: &Path) -> Vec<Kernel> {
    let text = std::fs::read_to_string(place.join("kernels.json")).expect("a readable list");
    let list: serde_json::Value = serde_json::from_str(&text).expect("a list");
    let kernel = |entry: &serde_json::Value| {
        let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
        let args = entry["args"].as_array().expect("arguments").iter();
        Kernel {
            name: text("name"),
            file: place.join(text("file")),
            export: text("invoke"),
            args: args.map(|arg| arg.as_i64().expect("a number") as i32).collect(),
            result: text("result_i64").parse().expect("a number"),
        }
    };
    list.as_array().expect("a list").iter().map(kernel).collect()
}

/// Its result, and how often it has paused.
fn in_pieces(engine: &Engine, kernel: &Kernel) -> Result<(i64, u64), Error> {
    let module = Module::new(engine, wat::parse_file(&kernel.file).map_err(Error::host_from)?)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let func = instance.func(&store, &kernel.export);
    let func = func.ok_or_else(|| Error::host("there is no such export"))?;
    let args: Vec<Val> = kernel.args.iter().copied().map(Val::I32).collect();
    let mut job = func.start(&mut store, &args)?;
    for step in 0.. {
        match job.run(&mut store)? {
            Progress::Done(results) => {
                let result = match results[..] {
                    [Val::I32(value)] => value.into(),
                    [Val::I64(value)] => value,
                    _ => return Err(Error::host("one integer is expected")),
                };
                return Ok((result, step));
            }
            Progress::OutOfFuel { needed } if step < SMALL_STEPS => store.set_fuel(needed)?,
            Progress::OutOfFuel { needed } => {
                store.set_fuel(needed + LARGE_STEPS[step as usize % LARGE_STEPS.len()])?;
            }
            other => return Err(Error::host(format!("{other:?}"))),
        }
    }
    unreachable!("it ends")
}

#[test]
fn kernels_in_pieces() {
    let engine = Engine::new(Config::new().fuel(true)).expect("a valid setting");
    let kernels = kernels();
    assert!(kernels.len() >= 14, "{}", kernels.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |n| n.get()) {
            scope.spawn(|| {
                while let Some(kernel) = kernels.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = in_pieces(&engine, kernel);
                    let (result, pauses) =
                        outcome.unwrap_or_else(|e| panic!("{}: {e}", kernel.name));
                    assert_eq!(result, kernel.result, "{}", kernel.name);
                    assert!(pauses > SMALL_STEPS / 2, "{}: {pauses} pauses", kernel.name);
                }
            });
        }
    });
}
