//! Scripts run in worker processes: whatever one of them does to its process (a panic that cannot
//! unwind, a fault, a loop without end) is a failure at a line, and the run goes on.

use crate::engine::PIECEMEAL;
use crate::script::{self, Event, Report};
use crate::suite::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The argument that makes this program a worker.
pub const WORKER: &str = "--worker";

/// How long one script may take. It is short of what a machine with many other users needs for
/// the longest one by a factor of a hundred.
const FILE_LIMIT: Duration = Duration::from_secs(180);

/// Runs all files, as many at a time as the machine has processors; every call in small pieces, if
/// `piecemeal`.
pub fn run_all(files: &[File], piecemeal: bool) -> Vec<Report> {
    let next = AtomicUsize::new(0);
    let reports: Mutex<Vec<Option<Report>>> = Mutex::new(files.iter().map(|_| None).collect());
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let work = || {
                let mut process = None;
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(index) else { break };
                    let report = run_one(&mut process, file, piecemeal);
                    reports.lock().expect("no thread panics")[index] = Some(report);
                }
            };
            // The text parser recurses.
            let builder = std::thread::Builder::new().stack_size(64 << 20);
            builder.spawn_scoped(scope, work).expect("a thread");
        }
    });
    let reports = reports.into_inner().expect("no thread panics");
    reports.into_iter().map(|report| report.expect("every file was run")).collect()
}

/// A worker process, and what it says.
struct Process {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

/// This program, by what `WASMVM_RUNNER` names if it is for another processor: an emulator and its
/// arguments.
fn command() -> Command {
    let program = std::env::current_exe().expect("the path of this program");
    let runner = std::env::var("WASMVM_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(program) };
    let mut command = Command::new(emulator);
    command.args(words).arg(program);
    command
}
fn spawn(piecemeal: bool) -> Process {
    let mut command = command();
    if piecemeal {
        command.env(PIECEMEAL, "1");
    }
    let mut child = command
        .arg(WORKER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program can be started");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    Process { child, output }
}

fn run_one(process: &mut Option<Process>, file: &File, piecemeal: bool) -> Report {
    let worker = process.get_or_insert_with(|| spawn(piecemeal));
    let mut report = Report::default();
    let mut last = 0;
    let input = worker.child.stdin.as_mut().expect("a pipe");
    let sent = writeln!(input, "{}", file.path);
    let mut line = String::new();
    while sent.is_ok() {
        line.clear();
        if worker.output.read_line(&mut line).is_err() || line.is_empty() {
            break;
        }
        match Event::parse(line.trim_end_matches('\n')) {
            Some(Event::End) => return report,
            Some(Event::Line(line)) => last = line,
            Some(event) => report.add(event),
            None => break,
        }
    }
    // It is gone: the rest of the script has failed with the directive it was at.
    let _ = worker.child.kill();
    let how = match worker.child.wait() {
        Ok(status) if status.code() == Some(TIMED_OUT) => format!("no end within {FILE_LIMIT:?}"),
        Ok(status) => format!("CRASH: {status}"),
        Err(error) => error.to_string(),
    };
    *process = None;
    let whole = script::size(&file.text);
    report.judged.total = whole.judged.total;
    report.text.total = whole.text.total;
    report.failures.push((last, how));
    report
}

const TIMED_OUT: i32 = 3;

/// The worker: reads paths, answers with events.
pub fn serve(files: &[File]) {
    // A panic inside the engine is one failed assertion; its text is in the report.
    std::panic::set_hook(Box::new(|_| {}));
    let start = Instant::now();
    // Milliseconds since the start at which the current script must have ended.
    static DEADLINE: AtomicU64 = AtomicU64::new(u64::MAX);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            if start.elapsed().as_millis() > u128::from(DEADLINE.load(Ordering::Relaxed)) {
                std::process::exit(TIMED_OUT);
            }
        }
    });
    let work = || {
        for path in std::io::stdin().lines().map_while(Result::ok) {
            let deadline = (start.elapsed() + FILE_LIMIT).as_millis();
            DEADLINE.store(deadline as u64, Ordering::Relaxed);
            let file = files.iter().find(|file| file.path == path);
            let file = file.expect("a path from the same list");
            script::run(&file.text, file.features(), file.widen, &mut |event| println!("{event}"));
            println!("{}", Event::End);
            DEADLINE.store(u64::MAX, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(64 << 20);
        builder.spawn_scoped(scope, work).expect("a thread");
    });
}
