//! The driver: runs targets over seeds, and says what it found. A child process does the work, so
//! that a crash is a finding like another.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use wasmvm_fuzz::{Done, TARGETS, Target, digest, input};

const USAGE: &str = "\
drive TARGET [--seed N] [--count N] [--seconds N]   run a target
drive digest [--seed N] [--count N]                 print what modules do, for comparing builds
drive show TARGET --seed N                          run one seed, and keep its module if it is a finding
targets: validate configs twin steps differential all";

struct Options {
    seed: u64,
    count: u64,
    time: Duration,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = args.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let named = |name: &str| {
        let value = rest.iter().skip_while(|arg| *arg != name).nth(1)?;
        Some(value.parse().unwrap_or_else(|_| panic!("{name} {value}: a number is wanted")))
    };
    let options = Options {
        seed: named("--seed").unwrap_or(1),
        count: named("--count").unwrap_or(u64::MAX),
        time: Duration::from_secs(named("--seconds").unwrap_or(60)),
    };
    match command.as_str() {
        "digest" => digests(&options),
        "child" => child(target(&rest[0]), &rest[0], &options),
        "show" => show(&rest[0], options.seed),
        "all" => {
            let bad = TARGETS.iter().filter(|(name, _)| !supervise(name, &options)).count();
            if bad > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        name if TARGETS.iter().any(|(target, _)| *target == name) => {
            if supervise(name, &options) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn target(name: &str) -> Target {
    TARGETS.iter().find(|(target, _)| *target == name).expect("a target").1
}

/// Where findings are kept.
fn findings() -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings");
    fs::create_dir_all(&directory).expect("a directory for findings");
    directory
}
/// Where a child says at which seed it is.
fn place(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wasmvm-fuzz-{name}-{}", std::process::id()))
}

/// Runs children until the count or the time is over: one that dies has found something.
fn supervise(name: &str, options: &Options) -> bool {
    let (start, mut seed, place) = (Instant::now(), options.seed, place(name));
    let end = options.seed.saturating_add(options.count);
    let mut crashes = 0;
    let mut failed = false;
    while seed < end && start.elapsed() < options.time {
        let left = (options.time.saturating_sub(start.elapsed())).as_secs().max(1);
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["child", name, "--seed", &seed.to_string()])
            .args(["--count", &(end - seed).to_string(), "--seconds", &left.to_string()])
            .env("WASMVM_FUZZ_PLACE", &place)
            .status()
            .expect("this program");
        match status.code() {
            Some(0) => break,
            Some(1) => {
                failed = true;
                break;
            }
            _ => {
                let at = fs::read_to_string(&place).unwrap_or_default();
                crashes += 1;
                println!("{name}: seed {at}: died: {status}");
                seed = at.trim().parse::<u64>().unwrap_or(seed) + 1;
            }
        }
    }
    let _ = fs::remove_file(place);
    !failed && crashes == 0
}

fn one(target: Target, seed: u64) -> Result<Done, String> {
    let data = input(seed);
    match catch_unwind(AssertUnwindSafe(|| target(&data))) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(finding)) => {
            let name = findings().join(format!("{seed}.wasm"));
            let _ = fs::write(&name, &finding.module);
            Err(format!("{}\n    {}", finding.what, name.display()))
        }
        Err(_) => Err("panicked".to_string()),
    }
}

fn child(target: Target, name: &str, options: &Options) -> ExitCode {
    let place = std::env::var_os("WASMVM_FUZZ_PLACE").map(PathBuf::from);
    let (start, mut done, mut found) = (Instant::now(), 0, 0);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut calls = 0;
    for seed in options.seed..options.seed.saturating_add(options.count) {
        if start.elapsed() >= options.time {
            break;
        }
        if let Some(place) = &place {
            let _ = fs::write(place, seed.to_string());
        }
        done += 1;
        let what = match one(target, seed) {
            Ok(Done::Skipped(why)) => why,
            Ok(Done::Accepted) => "accepted by both",
            Ok(Done::Rejected) => "rejected by both",
            Ok(Done::Ran(n)) => {
                calls += u64::from(n);
                "ran"
            }
            Ok(Done::Limited(n)) => {
                calls += u64::from(n);
                "ran to a limit"
            }
            Err(what) => {
                found += 1;
                println!("{name}: seed {seed}: {what}");
                "findings"
            }
        };
        *counts.entry(what).or_default() += 1;
        if found >= 20 {
            println!("{name}: too many findings; stopped");
            break;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {done} inputs, {calls} calls compared, {found} findings, {seconds:.0} s");
    for (what, count) in counts {
        println!("    {count:>9} {what}");
    }
    if found > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn show(name: &str, seed: u64) -> ExitCode {
    match one(target(name), seed) {
        Ok(done) => {
            println!("{done:?}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("{what}");
            ExitCode::FAILURE
        }
    }
}

/// A line for every hundred modules, and one for all.
fn digests(options: &Options) -> ExitCode {
    let mut all = 0u64;
    for seed in options.seed..options.seed.saturating_add(options.count.min(1_000_000)) {
        all = all.rotate_left(1) ^ digest(&input(seed));
        if seed % 100 == 0 {
            println!("{seed} {all:016x}");
        }
    }
    println!("all {all:016x}");
    ExitCode::SUCCESS
}
