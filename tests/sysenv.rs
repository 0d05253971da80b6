//! Guests of `sys_fs` and `sys_proc`, through the command and through the library.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wasmvm::sysenv::{self, Config, Sysenv};
use wasmvm::wasi::Capture;
use wasmvm::{Engine, Linker, Module, Store};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A new directory, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let name = format!("wasmvm-{name}-{}", std::process::id());
        let path = std::env::temp_dir().canonicalize().unwrap().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    fn wasmvm(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
        command.args(args).current_dir(&self.0).env_clear();
        command.env("TOUR", "de France").env("PROBE", "hello").output().unwrap()
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn guest(bits: u32) -> PathBuf {
    root().join(format!("examples/sysenv{bits}.wasm"))
}

fn tour(bits: u32, tour: &str) -> String {
    format!(
        "copied 100000\nsize 100000\nseen 11\nargument tmp\nargument x y\n{tour}pointers of bits {bits}\n"
    )
}

#[test]
fn guests_in_c_use_every_function() {
    for bits in [32, 64] {
        let place = Place::new(&format!("tour-{bits}"));
        let guest = guest(bits);
        let guest = guest.to_str().unwrap();
        for (options, variable) in [
            (&[][..], "TOUR is de France\n"),
            (&["--dir", "."], ""),
            (&["--dir", ".::/somewhere", "--env", "TOUR"], "TOUR is de France\n"),
            (&["--dir", ".", "--inherit-env", "--env", "TOUR=x"], "TOUR is x\n"),
        ] {
            let outcome = place.wasmvm(&[options, &[guest, "tmp", "x y"]].concat());
            let (out, err) = (String::from_utf8_lossy(&outcome.stdout), &outcome.stderr);
            assert_eq!(out, tour(bits, variable), "{options:?} {}", String::from_utf8_lossy(err));
            assert_eq!(outcome.status.code(), Some(7));
            assert!(place.is_empty());
        }
        // With --no-system there is neither.
        let outcome = place.wasmvm(&["-ns", guest, "tmp"]);
        let err = String::from_utf8(outcome.stderr).unwrap();
        assert_eq!(outcome.status.code(), Some(1));
        assert!(err.contains("--no-system has taken sys_fs away"), "{err}");
    }
}

#[test]
fn guests_run_in_a_program() {
    for bits in [32, 64] {
        let place = Place::new(&format!("embedded-{bits}"));
        let engine = Engine::default();
        let module = Module::from_file(&engine, guest(bits)).unwrap();
        let mut linker = Linker::<Sysenv>::new(&engine);
        sysenv::add_to_linker(&mut linker, |sysenv| sysenv).unwrap();
        let out = Capture::new();
        let config = Config::new().args(["program", "tmp", "x y"]).preopen(&place.0, "/");
        let config = config.env("TOUR", "here").stdout(out.clone()).inherit_system();
        let mut store = Store::new(&engine, Sysenv::new(config).unwrap());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let start = instance.typed_func::<(), ()>(&store, "_start").unwrap();
        assert_eq!(start.call(&mut store, ()).unwrap_err().exit_code(), Some(7));
        let text = String::from_utf8(out.contents()).unwrap();
        assert_eq!(text, tour(bits, "TOUR is here\n"));
        assert!(place.is_empty());
    }
}

/// The probes beside the project, if they are there.
fn probes() -> Option<PathBuf> {
    let path = root().parent()?.join("shared/sysenv");
    path.join("probe64.wasm").exists().then_some(path)
}

/// What a probe's calls gave, by what they are called, and its memory from 0x1000 on.
fn probe(probes: &Path, bits: u32, options: &[&str]) -> (Vec<(String, i64)>, Vec<u8>) {
    let place = Place::new(&format!("probe-{bits}-{}", options.len()));
    let file = probes.join(format!("probe{bits}.wasm"));
    let outcome = place.wasmvm(&[options, &[file.to_str().unwrap(), "one", "two"]].concat());
    assert_eq!(outcome.status.code(), Some(7), "{}", String::from_utf8_lossy(&outcome.stderr));
    assert_eq!(outcome.stdout.len(), 0x6000);
    let labels = if bits == 32 { "labels.json" } else { "labels64.json" };
    let labels = fs::read_to_string(probes.join(labels)).unwrap();
    let labels: Vec<String> = serde_json::from_str(&labels).unwrap();
    let word = |at: usize| i64::from_le_bytes(outcome.stdout[at..at + 8].try_into().unwrap());
    let results = labels.into_iter().enumerate().map(|(i, label)| (label, word(8 * i)));
    (results.collect(), outcome.stdout)
}

/// The results that the C++ WasmVM 1.4 gave: lines of label and number.
fn golden(probes: &Path) -> Vec<(String, i64)> {
    let text = fs::read_to_string(probes.join("golden-v1.4-i64.txt")).unwrap();
    let pair = |line: &str| {
        let (label, number) = line.rsplit_once("  ")?;
        Some((label.trim().to_owned(), number.trim().parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}

#[test]
fn probes_give_what_is_documented() {
    let Some(probes) = probes() else {
        println!("there are no probes: guests_in_c_use_every_function has to do");
        return;
    };
    let golden = golden(&probes);
    assert_eq!(golden.len(), 55);
    // How long paths are differs from run to run.
    let varies = |label: &str| matches!(label, "getcwd(buf,256)" | "argv_len(0)");
    let documented = |label: &str, old: i64| match label {
        "readdir 1" => 1,
        "readdir 2" | "readdir 3" => 0,
        "open(\"a\\0b\")" | "open(\"a\\\\0b\")" => -22,
        _ => old,
    };
    for (bits, options) in [(64, &["--sysenv-compat=1.4"][..]), (64, &[]), (32, &[])] {
        let (results, memory) = probe(&probes, bits, options);
        assert_eq!(results.len(), if bits == 64 { 55 } else { 52 });
        for ((label, result), (wanted_label, old)) in results.iter().zip(&golden) {
            if bits == 64 {
                assert_eq!(label, wanted_label);
            }
            let wanted = if options.is_empty() { documented(label, *old) } else { *old };
            if varies(label) {
                assert!(*result > 1, "{label}: {result}");
            } else {
                assert_eq!(*result, wanted, "{label}, {bits} bits, {options:?}");
            }
        }
        let at = |address: usize, len: usize| &memory[address - 0x1000..address - 0x1000 + len];
        assert_eq!(at(0x6a00, 8), b"one\0\0\0\0\0");
        assert_eq!(at(0x6a80, 8), b"on\0\0\0\0\0\0");
        assert_eq!(at(0x6b00, 8), b"hello\0\0\0");
        assert_eq!(at(0x6b80, 8), [0; 8]);
        assert_eq!(at(0x6304, 3), b"\x08a\0");
        assert_eq!(at(0x6500, 24), [0; 24]);
        // A regular file of 11 bytes that has one name.
        assert_eq!(at(0x6108, 8), [0xa4, 0x81, 0, 0, 1, 0, 0, 0]);
        assert_eq!(at(0x6118, 8), 11u64.to_le_bytes());
    }
}

#[test]
fn the_program_of_several_modules_is_linked() {
    let Some(probes) = probes() else {
        println!("there is none: tests/cli/link.rs has to do");
        return;
    };
    let main = probes.join("mm/main.wasm");
    let (main, extra) = (main.to_str().unwrap(), probes.join("mm/extra"));
    let place = Place::new("several");
    assert_eq!(place.wasmvm(&[main]).status.code(), Some(42));
    let with_extra = place.wasmvm(&["-e", extra.to_str().unwrap(), main]);
    assert_eq!(with_extra.status.code(), Some(12));
    let without = place.wasmvm(&["-np", main]);
    assert_eq!(without.status.code(), Some(1));
    let err = String::from_utf8(without.stderr).unwrap();
    assert!(err.contains("\"lib1\".\"get\": func [] -> [i32]"), "{err}");
}
