//! wasmvm beside its peers: the same modules, in one process, taking turns.
//!
//! `cargo run --release -- [FILTER…] [--runs N] [--engines wasmvm,wasmi,sf-nano]`
//! `cargo run --release --features pulley -- …`: beside wasmtime's interpreter too
//! `cargo run --release -- --own …`: the project's own kernels, also when others lie beside it
//! `cargo run --release -- --kernels DIR …`: those that `DIR/kernels.json` lists
//! `cargo run --release -- --patience SECONDS …`: what ran while the processor's other thread was
//! busy does not count and is run again, for so long in all
//! `cargo run --release -- --engines wasmvm,wasmvm-fuel,wasmvm-interrupts`: what looking after those
//! costs
//! `cargo run --release -- --startup FILE… [--runs N] [--engines …]`
//! `cargo run --release -- --costs [--runs N]`: calls across the border, instances, memory
//! `cargo run --release -- --all [--runs N] [--patience SECONDS]`: all of these, one after the
//! other, and `benches/programs`
//! `cargo run --release -- … --chart FILE`: the results as a picture (SVG)
//! `cargo run --release -- --chart FILE --from RESULTS`: of what was printed, or of a table
//!
//! Times are CPU time of the thread, the median of the runs; engines alternate (A B C A B C …) so
//! that a slow phase of the machine meets all of them. Every result is checked. The last line says
//! how much the processor was shared meanwhile: far above 1, the means of the best runs say more.

mod chart;
mod costs;
mod engines;

use engines::{Engine, Mode};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Default)]
struct Options {
    filters: Vec<String>,
    runs: usize,
    engines: Vec<String>,
    startup: bool,
    own: bool,
    /// The directory of kernels that is measured instead of those.
    kernels: Option<String>,
    /// For how many seconds quiet moments may be waited for in all.
    patience: f64,
    costs: bool,
    all: bool,
    /// Where a picture goes, and where its results come from if nothing is measured.
    chart: Option<String>,
    from: Option<String>,
    /// The engine whose instances are counted, by a process of its own.
    idle: Option<String>,
}

fn main() -> ExitCode {
    match parse().and_then(|options| {
        if let Some(from) = &options.from {
            let chart = options.chart.as_ref().ok_or("--from is for --chart")?;
            let text = std::fs::read_to_string(from).map_err(|error| format!("{from}: {error}"))?;
            return draw(chart, &chart::Results::parse(&text)?);
        }
        if options.all {
            return everything(options);
        }
        if options.costs || options.idle.is_some() {
            return costs::costs(&options);
        }
        let engines = chosen(&options.engines);
        if options.startup { startup(&options, &engines) } else { kernels(&options, &engines) }
    }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The engines of these names; without names all but the variants.
fn chosen(names: &[String]) -> Vec<Box<dyn Engine>> {
    let is_wanted = |engine: &dyn Engine| match names {
        [] => !engine.is_variant(),
        names => names.iter().any(|name| name == engine.name()),
    };
    engines::all().into_iter().filter(|engine| is_wanted(engine.as_ref())).collect()
}

/// All that this program measures, and whole processes, in one run.
fn everything(mut options: Options) -> Result<bool, String> {
    /// What is large among the programs beside the project.
    const MODULES: [&str; 2] = ["cc1.wasm", "python-3.12.0.wasm"];
    let engines = |names: &str| chosen(&names.split(',').map(str::to_string).collect::<Vec<_>>());
    let with_limits = engines("wasmvm,wasmi,sf-nano,wasmvm-fuel,wasmvm-interrupts");
    let mut correct = kernels(&options, &with_limits)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let modules = MODULES.map(|name| root.join("../shared/programs/mod").join(name));
    if modules.iter().all(|path| path.is_file()) {
        println!();
        options.filters = modules.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        correct &= startup(&options, &engines("wasmvm,wasmvm-1-thread,wasmi"))?;
    } else {
        println!("no programs beside the project: start-up is not measured");
    }
    println!();
    correct &= costs::costs(&options)?;
    println!();
    let mut programs = std::process::Command::new(root.join("benches/programs"));
    let status = programs.args(["--runs", "1"]).status().map_err(|error| error.to_string())?;
    Ok(correct && status.success())
}

fn draw(file: &str, results: &chart::Results) -> Result<bool, String> {
    std::fs::write(file, results.svg()).map_err(|error| format!("{file}: {error}"))?;
    Ok(true)
}

fn parse() -> Result<Options, String> {
    let mut options = Options { runs: 5, ..Options::default() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--runs" => {
                options.runs = value()?.parse().map_err(|_| "--runs needs a number".to_string())?;
            }
            "--engines" => options.engines = value()?.split(',').map(str::to_string).collect(),
            "--chart" => options.chart = Some(value()?),
            "--from" => options.from = Some(value()?),
            "--own" => options.own = true,
            "--kernels" => options.kernels = Some(value()?),
            "--patience" => {
                options.patience =
                    value()?.parse().map_err(|_| "--patience needs seconds".to_string())?;
            }
            "--startup" => options.startup = true,
            "--costs" => options.costs = true,
            "--all" => options.all = true,
            "--idle" => options.idle = Some(value()?),
            _ if arg.starts_with('-') => return Err(format!("unknown option {arg}")),
            _ => options.filters.push(arg),
        }
    }
    if options.runs == 0 { Err("--runs must be positive".to_string()) } else { Ok(options) }
}

/// CPU time of this thread in seconds.
fn cpu_seconds() -> f64 {
    seconds_of(libc::CLOCK_THREAD_CPUTIME_ID)
}
fn seconds_of(clock: libc::clockid_t) -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec; the call writes nothing else.
    let result = unsafe { libc::clock_gettime(clock, &mut time) };
    assert_eq!(result, 0, "CPU clocks exist on every supported system");
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// A number for each engine that ran.
type Times = Vec<Option<f64>>;

/// CPU time of a fixed number of operations that do not wait for one another. It varies with what
/// else uses the same core: by how much tells what the other times are worth, those of code with
/// many instructions per cycle most of all.
fn probe() -> f64 {
    let start = cpu_seconds();
    let mut lanes = [1u64, 2, 3, 4, 5, 6, 7, 8];
    for _ in 0..1_000_000 {
        lanes = lanes.map(|lane| (lane ^ lane >> 7).wrapping_add(3));
    }
    std::hint::black_box(lanes);
    cpu_seconds() - start
}

/// Tells quiet moments of the processor from those in which its other hardware thread is busy, by
/// how long [`probe`] takes.
struct Quiet {
    probes: Vec<f64>,
    best: f64,
    /// For how many seconds of the clock it may still wait, and have runs taken again.
    patience: f64,
}

impl Quiet {
    /// How much longer than at best the probe may take in a moment that is quiet.
    const MARGIN: f64 = 1.15;

    fn new(patience: f64) -> Self {
        let mut quiet = Self { probes: Vec::new(), best: f64::INFINITY, patience };
        // So that what is best is known before it matters.
        (0..if patience > 0.0 { 50 } else { 0 }).for_each(|_| quiet.best = quiet.best.min(probe()));
        quiet
    }

    fn is_quiet(&mut self) -> bool {
        let time = probe();
        self.probes.push(time);
        self.best = self.best.min(time);
        time <= self.best * Self::MARGIN
    }

    /// What `run` returns in a moment that was quiet before and after it, or whenever patience is
    /// at its end.
    fn run<T>(&mut self, mut run: impl FnMut() -> T) -> T {
        loop {
            let start = std::time::Instant::now();
            let patient = self.patience > 0.0;
            let before = self.is_quiet();
            if patient && !before {
                std::thread::sleep(std::time::Duration::from_millis(20));
            } else {
                let result = run();
                if !patient || self.is_quiet() {
                    return result;
                }
            }
            self.patience -= start.elapsed().as_secs_f64();
        }
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len() % 2 == 1 { times[middle] } else { (times[middle - 1] + times[middle]) / 2.0 }
}

struct Kernel {
    name: String,
    category: String,
    wasm: Vec<u8>,
    export: String,
    arg: i32,
    result: i64,
}

/// The kernels beside the project if they are there, else the project's own.
fn load_kernels(options: &Options) -> Result<Vec<Kernel>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut places = vec![root.join("../shared/bench"), root.join("benches/kernels")];
    if let Some(directory) = &options.kernels {
        places = vec![PathBuf::from(directory)];
    } else if options.own {
        places.remove(0);
    }
    let directory = places.iter().find(|place| place.join("kernels.json").is_file());
    let directory = directory.ok_or("no kernels.json")?;
    let shown = directory.canonicalize().unwrap_or_else(|_| directory.clone());
    println!("kernels of {}", shown.display());
    let text =
        std::fs::read_to_string(directory.join("kernels.json")).map_err(|e| e.to_string())?;
    let list: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let list = list.as_array().ok_or("kernels.json is not a list")?;
    list.iter().map(|entry| kernel(directory, entry)).collect()
}

fn kernel(directory: &Path, entry: &serde_json::Value) -> Result<Kernel, String> {
    let text = |key: &str| {
        let value = entry[key].as_str().ok_or_else(|| format!("kernels.json: no {key}"))?;
        Ok::<String, String>(value.to_string())
    };
    let path = directory.join(text("file")?);
    Ok(Kernel {
        name: text("name")?,
        category: text("category")?,
        wasm: read(&path)?,
        export: text("invoke")?,
        arg: entry["args"][0]
            .as_i64()
            .and_then(|arg| arg.try_into().ok())
            .ok_or("kernels.json: no argument")?,
        result: text("result_i64")?.parse().map_err(|_| "kernels.json: result".to_string())?,
    })
}

/// A module, binary or text.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    wat::parse_file(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// One run in a fresh instance; the time is that of the call, first-call translation included.
fn run(engine: &dyn Engine, kernel: &Kernel) -> Result<f64, String> {
    let mut loaded = engine.load(&kernel.wasm)?;
    let start = cpu_seconds();
    let result = loaded.call(&kernel.export, kernel.arg)?;
    let seconds = cpu_seconds() - start;
    if result == kernel.result {
        Ok(seconds)
    } else {
        Err(format!("WRONG RESULT {result}, expected {}", kernel.result))
    }
}

fn kernels(options: &Options, engines: &[Box<dyn Engine>]) -> Result<bool, String> {
    let mut table: Vec<(String, [Times; 2])> = Vec::new();
    let names = engines.iter().map(|engine| engine.name().to_string()).collect();
    let mut results = chart::Results { engines: names, rows: Vec::new() };
    let (mut correct, mut quiet) = (true, Quiet::new(options.patience));
    let list = load_kernels(options)?;
    print!("{:<16}", "kernel");
    for engine in engines {
        print!(" {:>10}", engine.name());
    }
    for other in &engines[1.min(engines.len())..] {
        print!(" {:>10}", format!("/{}", other.name()));
    }
    println!("   (CPU ms, median of {})", options.runs);
    for kernel in list {
        let wanted =
            |part: &String| kernel.name.contains(part.as_str()) || kernel.category == *part;
        if !options.filters.is_empty() && !options.filters.iter().any(wanted) {
            continue;
        }
        let mut times: Vec<Result<Vec<f64>, String>> = vec![Ok(Vec::new()); engines.len()];
        for _ in 0..options.runs {
            for (engine, times) in engines.iter().zip(&mut times) {
                let Ok(list) = times else { continue };
                match quiet.run(|| run(engine.as_ref(), &kernel)) {
                    Ok(seconds) => list.push(seconds),
                    Err(message) => *times = Err(message),
                }
            }
        }
        let mut of_each = |figure: fn(&mut [f64]) -> f64| -> Times {
            times.iter_mut().map(|times| times.as_mut().ok().map(|list| figure(list))).collect()
        };
        let medians = of_each(median);
        let best = of_each(|times| times.iter().copied().fold(f64::INFINITY, f64::min));
        print!("{:<16}", kernel.name);
        for time in &medians {
            match time {
                Some(seconds) => print!(" {:>10.1}", seconds * 1e3),
                None => print!(" {:>10}", "-"),
            }
        }
        for other in medians.iter().skip(1) {
            print!(" {:>10}", ratio(medians[0], *other));
        }
        println!();
        for (engine, times) in engines.iter().zip(&times) {
            if let Err(message) = times {
                println!("    {}: {message}", engine.name());
                correct &= !message.contains("WRONG");
            }
        }
        let millis = medians.iter().map(|time| time.map(|seconds| seconds * 1e3)).collect();
        results.rows.push((kernel.name, millis));
        table.push((kernel.category, [medians, best]));
    }
    if let Some(file) = &options.chart {
        draw(file, &results)?;
    }
    type Group = (&'static str, fn(&str) -> bool);
    let groups: [Group; 5] = [
        ("wasm32", |category| !matches!(category, "simd" | "mem64" | "exceptions" | "gc")),
        ("exceptions", |category| category == "exceptions"),
        ("objects", |category| category == "gc"),
        ("memory64", |category| category == "mem64"),
        ("simd", |category| category == "simd"),
    ];
    for (title, belongs) in groups {
        let rows = || table.iter().filter(|(category, ..)| belongs(category));
        geomeans(title, &rows().map(|(_, [medians, _])| medians).collect::<Vec<_>>(), engines);
        let title = format!("{title}, best runs");
        geomeans(&title, &rows().map(|(_, [_, best])| best).collect::<Vec<_>>(), engines);
    }
    let Quiet { mut probes, best, patience } = quiet;
    if !probes.is_empty() {
        let (middle, worst) = (median(&mut probes), probes[probes.len() - 1]);
        println!(
            "processor: the same operations took {:.2} times their best time (at worst {:.2})",
            middle / best,
            worst / best
        );
    }
    if options.patience > 0.0 {
        println!(
            "patience: {}",
            if patience > 0.0 { "every run was in a quiet moment" } else { "was at its end" }
        );
    }
    Ok(correct)
}

fn ratio(time: Option<f64>, other: Option<f64>) -> String {
    match (time, other) {
        (Some(time), Some(other)) => format!("{:.3}", time / other),
        _ => "-".to_string(),
    }
}

/// The geometric mean of the ratio of the first engine to each other one, over the kernels that
/// both ran.
fn geomeans(title: &str, rows: &[&Times], engines: &[Box<dyn Engine>]) {
    for (index, engine) in engines.iter().enumerate().skip(1) {
        let logs: Vec<f64> =
            rows.iter().filter_map(|row| Some((row[0]? / row[index]?).ln())).collect();
        if !logs.is_empty() {
            let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
            println!(
                "geomean {title}: {} / {} = {mean:.3} over {} kernels",
                engines[0].name(),
                engine.name(),
                logs.len()
            );
        }
    }
}

/// The time to load a module in each mode: CPU time of all threads, and the time on the clock.
fn startup(options: &Options, engines: &[Box<dyn Engine>]) -> Result<bool, String> {
    if options.filters.is_empty() {
        return Err("--startup needs a module".to_string());
    }
    println!(
        "{:<24} {:>8} {:>18} {:>10} {:>10} {:>10}",
        "module", "mode", "engine", "CPU ms", "/ it", "clock ms"
    );
    for path in options.filters.iter().map(PathBuf::from) {
        let wasm = read(&path)?;
        let label = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for mode in [Mode::Checked, Mode::Eager, Mode::Lazy] {
            let mut times: Vec<[Vec<f64>; 2]> = vec![Default::default(); engines.len()];
            for _ in 0..options.runs {
                for (engine, times) in engines.iter().zip(&mut times) {
                    let clocks = || [libc::CLOCK_PROCESS_CPUTIME_ID, libc::CLOCK_MONOTONIC];
                    let start = clocks().map(seconds_of);
                    match engine.compile(&wasm, mode) {
                        None => continue,
                        Some(Ok(())) => {
                            let end = clocks().map(seconds_of);
                            (0..2).for_each(|i| times[i].push(end[i] - start[i]));
                        }
                        Some(Err(message)) => println!("{label}: {}: {message}", engine.name()),
                    }
                }
            }
            let mut first = None;
            for (engine, [cpu, clock]) in engines.iter().zip(&mut times) {
                if cpu.is_empty() {
                    continue;
                }
                let [cpu, clock] = [cpu, clock].map(|times| median(times));
                println!(
                    "{label:<24} {:>8} {:>18} {:>10.2} {:>10} {:>10.2}",
                    format!("{mode:?}").to_lowercase(),
                    engine.name(),
                    cpu * 1e3,
                    ratio(first, Some(cpu)),
                    clock * 1e3,
                );
                first = first.or(Some(cpu));
            }
        }
    }
    Ok(true)
}
