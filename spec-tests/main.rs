//! Runs the WebAssembly test suite.
//!
//! `cargo test --release --test spec -- [FILTER…] [--verbose] [--list-failures]`
//!
//! A filter is a part of a path (`core/simd`, `br_table.wast`). `--verbose` prints every failure,
//! also the known ones; `--list-failures` prints unknown ones in the form of `expectations.txt`.

mod engine;
mod expectations;
mod script;
mod suite;
mod twin;
mod value;
mod worker;

use expectations::Expectations;
use script::{Count, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use suite::{File, Suite};

const EXPECTATIONS: &str = include_str!("expectations.txt");

#[derive(Default)]
struct Options {
    filters: Vec<String>,
    verbose: bool,
    list: bool,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(worker::WORKER) {
        worker::serve(&suite::load().files);
        return ExitCode::SUCCESS;
    }
    let mut options = Options::default();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--verbose" => options.verbose = true,
            "--list-failures" => options.list = true,
            // Words of the standard test harness, which `cargo test -- …` hands to every target.
            word if word.starts_with('-') => {}
            filter => options.filters.push(filter.to_string()),
        }
    }
    let Suite { origin, complete, mut files } = suite::load();
    let expectations = match Expectations::parse(EXPECTATIONS, complete) {
        Ok(expectations) => expectations,
        Err(message) => {
            println!("{message}");
            return ExitCode::FAILURE;
        }
    };
    if !options.filters.is_empty() {
        files.retain(|file| options.filters.iter().any(|part| file.path.contains(part.as_str())));
    }
    if files.is_empty() {
        // Not an error: `cargo test some_name` passes its filter to every test target.
        println!("no script matches");
        return ExitCode::SUCCESS;
    }
    println!("WebAssembly test suite: {} files from {origin}", files.len());
    let started = Instant::now();
    let reports = worker::run_all(&files, false);
    let mut summary = Summary::default();
    for (file, report) in files.iter().zip(&reports) {
        summary.add(file, report, &expectations, &options);
    }
    summary.print(started.elapsed());
    // Parts of the suite are for whoever looks at something else.
    if options.filters.is_empty() && !in_pieces_as_well(&files, &reports) {
        return ExitCode::FAILURE;
    }
    if summary.news == 0 && summary.stale.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every call once more in pieces, as an execution that stops and goes on: whether all comes to the
/// same.
fn in_pieces_as_well(files: &[File], reports: &[Report]) -> bool {
    let started = Instant::now();
    let again = worker::run_all(files, true);
    let (mut judged, mut different) = (Count::default(), 0);
    for ((file, whole), pieces) in files.iter().zip(reports).zip(&again) {
        judged.add(pieces.judged);
        if whole != pieces {
            different += 1;
            println!("DIFFERENT in pieces: {}: {} and {}", file.path, whole.judged, pieces.judged);
            for (line, message) in pieces.failures.iter().filter(|f| !whole.failures.contains(f)) {
                println!("    {}:{line} {message}", file.path);
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("in pieces: {judged} judged, {different} files different; {seconds:.1} s");
    different == 0
}

/// The counts of a directory.
#[derive(Default, Clone, Copy)]
struct Row {
    files: Count,
    judged: Count,
    text: Count,
    known: u64,
}

#[derive(Default)]
struct Summary {
    rows: BTreeMap<String, Row>,
    unreadable: Vec<String>,
    stale: Vec<String>,
    known: u64,
    news: u64,
}

impl Summary {
    fn add(&mut self, file: &File, report: &Report, known: &Expectations, options: &Options) {
        let row = self.rows.entry(file.directory().to_string()).or_default();
        row.judged.add(report.judged);
        row.text.add(report.text);
        row.files.total += 1;
        let mut failures = report.failures.clone();
        if let Some(reason) = &report.unreadable {
            self.unreadable.push(format!("{}: {reason}", file.path));
            failures.push((0, format!("cannot be read: {reason}")));
        }
        row.files.passed += u64::from(failures.is_empty());
        for (line, message) in &failures {
            let listed = known.covers(&file.path, *line);
            if listed {
                self.known += 1;
                row.known += 1;
            } else {
                self.news += 1;
            }
            if options.list && !listed {
                println!("{}:{line}  {message}", file.path);
            } else if options.verbose || (!listed && self.news <= 40) {
                let mark = if listed { "known" } else { "FAILED" };
                println!("{mark} {}:{line} {message}", file.path);
            }
        }
        let lines: BTreeSet<usize> = failures.iter().map(|(line, _)| *line).collect();
        self.stale.extend(known.stale(&file.path, &lines));
    }

    fn print(&self, took: Duration) {
        println!(
            "\n{:<44} {:>9} {:>15} {:>11} {:>6}",
            "directory", "files", "judged", "text-only", "known"
        );
        let mut core = Row::default();
        let mut all = Row::default();
        for (name, row) in &self.rows {
            println!(
                "{name:<44} {:>9} {:>15} {:>11} {:>6}",
                row.files.to_string(),
                row.judged.to_string(),
                row.text.to_string(),
                row.known
            );
            for sum in
                if name.starts_with("core") { vec![&mut core, &mut all] } else { vec![&mut all] }
            {
                sum.files.add(row.files);
                sum.judged.add(row.judged);
                sum.text.add(row.text);
            }
        }
        println!();
        for line in &self.unreadable {
            println!("cannot be read by the text parser: {line}");
        }
        for entry in &self.stale {
            println!("PASSES, take it off expectations.txt: {entry}");
        }
        println!(
            "{} failures known (expectations.txt), {} unknown, {} entries stale; {:.1} s",
            self.known,
            self.news,
            self.stale.len(),
            took.as_secs_f64()
        );
        println!("core: judged {}, text-only {}, files {}", core.judged, core.text, core.files);
        println!("judged by wasmvm {}", all.judged);
        println!("text-only {}", all.text);
        println!("files {}", all.files);
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.passed, self.total)
    }
}
