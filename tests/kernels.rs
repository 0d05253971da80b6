//! The kernels of the benchmarks in pieces: an execution that stops and goes on comes to what it
//! comes to at once, however small the pieces are. They are loops over registers, floats, vectors,
//! calls, exceptions, bulk instructions and objects, as compilers write them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
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
    const PLACES: [&str; 6] = [
        "benches/kernels",
        "benches/assemblyscript",
        "benches/c",
        "benches/cpp",
        "benches/zig",
        "../shared/bench",
    ];
    let places = PLACES.map(|place| root.join(place));
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
    let mut kernels: Vec<Kernel> = list.as_array().expect("a list").iter().map(kernel).collect();
    // Of programs at several levels of optimization those for size are enough.
    const OTHERS: [&str; 4] = ["_o0", "_o2", "_fast", "_safe"];
    kernels.retain(|kernel| !OTHERS.iter().any(|level| kernel.name.ends_with(level)));
    kernels
}

impl Kernel {
    fn module(&self, engine: &Engine) -> Result<Module, Error> {
        Module::new(engine, wat::parse_file(&self.file).map_err(Error::host_from)?)
    }
    /// Its result, and how often it has paused. `begin` is called when the instance is there, whose
    /// start function cannot pause; `pause` is told each pause, after how many.
    fn run(
        &self,
        store: &mut Store<()>,
        module: &Module,
        begin: impl FnOnce(&mut Store<()>) -> Result<(), Error>,
        mut pause: impl FnMut(&mut Store<()>, u64, Progress<Vec<Val>>) -> Result<(), Error>,
    ) -> Result<(i64, u64), Error> {
        let instance = Instance::new(&mut *store, module, &[])?;
        begin(store)?;
        let func = instance.func(&*store, &self.export);
        let func = func.ok_or_else(|| Error::host("there is no such export"))?;
        let args: Vec<Val> = self.args.iter().copied().map(Val::I32).collect();
        let mut job = func.start(&mut *store, &args)?;
        for step in 0.. {
            match job.run(&mut *store)? {
                Progress::Done(results) => {
                    let result = match results[..] {
                        [Val::I32(value)] => value.into(),
                        [Val::I64(value)] => value,
                        _ => return Err(Error::host("one integer is expected")),
                    };
                    return Ok((result, step));
                }
                other => pause(store, step, other)?,
            }
        }
        unreachable!("it ends")
    }
}

fn in_pieces(engine: &Engine, kernel: &Kernel) -> Result<(i64, u64), Error> {
    let (module, mut store) = (kernel.module(engine)?, Store::new(engine, ()));
    store.set_fuel(1_000_000)?;
    let begin = |store: &mut Store<()>| store.set_fuel(0);
    kernel.run(&mut store, &module, begin, |store, step, progress| match progress {
        Progress::OutOfFuel { needed } if step < SMALL_STEPS => store.set_fuel(needed),
        Progress::OutOfFuel { needed } => {
            store.set_fuel(needed + LARGE_STEPS[step as usize % LARGE_STEPS.len()])
        }
        other => Err(Error::host(format!("{other:?}"))),
    })
}

/// While another store that has the same code is not interrupted.
fn interrupted(engine: &Engine, kernel: &Kernel) -> Result<(i64, u64), Error> {
    let module = kernel.module(engine)?;
    let new_store = || {
        let mut store = Store::new(engine, ());
        store.fuel().map_or(Ok(()), |_| store.set_fuel(u64::MAX >> 1)).map(|()| store)
    };
    let mut store = new_store()?;
    let handle = store.interrupt_handle()?;
    let (begun, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(50));
                if begun.load(Ordering::Relaxed) {
                    handle.interrupt();
                }
            }
        });
        let other = scope.spawn(|| {
            let never = |_: &mut Store<()>, _, progress| Err(Error::host(format!("{progress:?}")));
            kernel.run(&mut new_store()?, &module, |_| Ok(()), never)
        });
        let begin = |_: &mut Store<()>| {
            begun.store(true, Ordering::Relaxed);
            Ok(())
        };
        let outcome = kernel.run(&mut store, &module, begin, |_, _, progress| match progress {
            Progress::Interrupted => Ok(()),
            other => Err(Error::host(format!("{other:?}"))),
        });
        ended.store(true, Ordering::Relaxed);
        assert_eq!(other.join().expect("it does not panic")?, (kernel.result, 0));
        outcome
    })
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

#[test]
fn kernels_that_are_interrupted() {
    for fuel in [false, true] {
        let config = Config::new().interrupts(true).fuel(fuel);
        let engine = Engine::new(config).expect("a valid setting");
        let mut all = 0;
        for kernel in kernels() {
            let outcome = interrupted(&engine, &kernel);
            let (result, pauses) = outcome.unwrap_or_else(|e| panic!("{}: {e}", kernel.name));
            assert_eq!(result, kernel.result, "{}", kernel.name);
            all += pauses;
        }
        assert!(all > 1000, "{all} pauses");
    }
}
