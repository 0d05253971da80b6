//! The official WASI test suite (preview 1), if it is there: every module with the arguments,
//! environment and directory its description asks for; output and exit code compared.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
#[cfg(feature = "cli")]
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::guest::Scratch;
use wasmvm::wasi::{self, Capture, Wasi};
use wasmvm::{Config, Engine, Linker, Module, Store};

/// As embedders have it by default: made-up time.
#[test]
fn official_suite_in_the_library() {
    suite(|path, spec, root| in_the_library(path, spec, root, Wasi::default()));
}

/// Without `openat2`, and with the system's time.
#[test]
fn official_suite_by_the_walk() {
    let wasi = || Wasi::default().without_openat2().inherit_system();
    suite(|path, spec, root| in_the_library(path, spec, root, wasi()));
}

#[test]
#[cfg(feature = "cli")]
fn official_suite_through_the_command() {
    suite(through_the_command);
}

/// How a module is run: with the directory it gets as `/`, if any.
type Run<'a> = &'a dyn Fn(&Path, &Spec, Option<&Path>) -> Result<Outcome, String>;

struct Outcome {
    code: i32,
    out: Vec<u8>,
    err: Vec<u8>,
}

fn suite(run: impl Fn(&Path, &Spec, Option<&Path>) -> Result<Outcome, String>) {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wasi-testsuite");
    let mut modules: Vec<PathBuf> = ["assemblyscript", "c", "rust"]
        .iter()
        .filter_map(|folder| fs::read_dir(suite.join(folder)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    modules.sort();
    if modules.is_empty() {
        eprintln!("skipped: there is no {}", suite.display());
        return;
    }
    let failures: Vec<String> = modules
        .iter()
        .filter_map(|path| check(path, &run).err().map(|why| format!("{}: {why}", path.display())))
        .collect();
    println!("{} passed, {} failed", modules.len() - failures.len(), failures.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert_eq!(modules.len(), 72, "the suite is not complete");
}

fn check(path: &Path, run: Run<'_>) -> Result<(), String> {
    let spec = Spec::of(path);
    let root = spec.root.as_ref().map(|root| {
        let scratch = Scratch::new();
        copy(&path.with_file_name(root), scratch.path());
        scratch
    });
    let Outcome { code, out, err } = run(path, &spec, root.as_ref().map(Scratch::path))?;
    let err = String::from_utf8_lossy(&err);
    if code != spec.exit_code {
        return Err(format!("exit code {code}, expected {}; stderr: {err}", spec.exit_code));
    }
    if !out.starts_with(spec.stdout.as_bytes()) {
        let out = String::from_utf8_lossy(&out);
        return Err(format!("unexpected output {out:?}; stderr: {err}"));
    }
    Ok(())
}

fn in_the_library(
    path: &Path,
    spec: &Spec,
    root: Option<&Path>,
    wasi: Wasi,
) -> Result<Outcome, String> {
    let (out, err) = (Capture::new(), Capture::new());
    // Standard input stays open, with nothing in it.
    let (_keep_open, stdin) = channel();
    let mut wasi = wasi
        .name(path.file_name().unwrap())
        .args(&spec.args)
        .stdin(Silence(stdin))
        .stdout(out.clone())
        .stderr(err.clone());
    for (key, value) in &spec.env {
        wasi = wasi.env(key, value);
    }
    if let Some(root) = root {
        wasi = wasi.preopen(root, "/").map_err(|error| error.to_string())?;
    }
    let code = execute(path, wasi).map_err(|error| error.to_string())?;
    Ok(Outcome { code, out: out.contents(), err: err.contents() })
}

#[cfg(feature = "cli")]
fn through_the_command(path: &Path, spec: &Spec, root: Option<&Path>) -> Result<Outcome, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
    for (key, value) in &spec.env {
        command.arg("--env").arg(format!("{key}={value}"));
    }
    if let Some(root) = root {
        command.arg("--dir").arg(format!("{}::/", root.display()));
    }
    command.arg(path).args(&spec.args).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // `wait_with_output` would close the pipe.
    let keep_open = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(keep_open);
    let code = output.status.code().ok_or("ended by a signal")?;
    Ok(Outcome { code, out: output.stdout, err: output.stderr })
}

fn execute(path: &Path, wasi: Wasi) -> Result<i32, wasmvm::Error> {
    let engine = Engine::new(Config::new())?;
    let module = Module::from_file(&engine, path)?;
    let mut linker = Linker::<Wasi>::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi| wasi)?;
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.func(&store, "_start").expect("a command");
    match start.call(&mut store, &[], &mut []) {
        Ok(()) => Ok(0),
        Err(error) => error.exit_code().ok_or(error),
    }
}

/// What the `.json` beside a module says.
#[derive(Default)]
struct Spec {
    args: Vec<String>,
    env: Vec<(String, String)>,
    root: Option<String>,
    exit_code: i32,
    stdout: String,
}

impl Spec {
    fn of(module: &Path) -> Spec {
        let mut spec = Spec::default();
        let Ok(text) = fs::read_to_string(module.with_extension("json")) else { return spec };
        let json: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
        for (key, value) in json.as_object().expect("an object") {
            match key.as_str() {
                "args" => spec.args = value.as_array().expect("a list").iter().map(text).collect(),
                "env" => {
                    let pairs = value.as_object().expect("an object").iter();
                    spec.env = pairs.map(|(key, value)| (key.clone(), text(value))).collect();
                }
                "root" => spec.root = Some(text(value)),
                "exit_code" => spec.exit_code = value.as_i64().expect("a number") as i32,
                "stdout" => spec.stdout = text(value),
                other => panic!("{}: unknown key {other}", module.display()),
            }
        }
        spec
    }
}

/// Copies a directory, but not what an earlier run may have left in it.
fn copy(from: &Path, to: &Path) {
    let _ = fs::create_dir(to);
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.extension().is_some_and(|extension| extension == "cleanup") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// A pipe that nobody writes to.
struct Silence(Receiver<()>);

impl Read for Silence {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        let _ = self.0.recv();
        Ok(0)
    }
}
