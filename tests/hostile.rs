//! Modules made to do harm: each has the right verdict, in little time and memory, without a
//! signal. They lie beside the project; without them there is nothing to run, which the test says.
#![cfg(all(feature = "cli", unix))]
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Processor time and peak memory that one of them may take.
const TIME: Duration = Duration::from_secs(2);
const MEMORY_KIB: libc::c_long = 256 << 10;

/// The file, the function to call (`_start` by default) and its arguments, the exit code, and a
/// part of the output.
type Row = (&'static str, &'static [&'static str], i32, &'static str);

const START: &[&str] = &[];
const F: &[&str] = &["--invoke", "f"];
const TRAP: i32 = 134;
const REJECTED: i32 = 1;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("br_table_100k", START, 0, ""),
    ("br_table_1m_2targets", START, 0, ""),
    ("br_table_count_7fffffff", START, REJECTED, "malformed at byte 0x2b"),
    ("br_table_count_fffffffc", START, REJECTED, "malformed at byte 0x2b"),
    ("br_table_count_fffffffe", START, REJECTED, "malformed at byte 0x2b"),
    ("br_table_count_ffffffff", START, REJECTED, "malformed at byte 0x2b"),
    ("code_body_size_short", START, REJECTED, "malformed at byte 0x17"),
    ("component_header", START, REJECTED, "this is a component, not a core module"),
    ("custom_debug_garbage", START, 0, ""),
    ("custom_name_garbage", START, 0, ""),
    ("data_drop_init", F, TRAP, "out of bounds memory access"),
    ("div64_min_m1", START, TRAP, "integer overflow"),
    ("div_min_m1", START, TRAP, "integer overflow"),
    ("elem_drop_init", F, TRAP, "out of bounds table access"),
    ("empty", START, REJECTED, "malformed at byte 0x0: unexpected end"),
    ("export_100k", START, 0, "000000 [] -> []"),
    ("export_dup", START, REJECTED, "duplicate export name"),
    ("func_count_bomb", START, REJECTED, "malformed"),
    ("funcs_200k", START, 0, ""),
    ("gc_alloc_loop", START, TRAP, "all fuel consumed"),
    ("gc_array_huge", F, TRAP, ""),
    ("globals_init_chain", START, 0, ""),
    ("leb_overlong", START, REJECTED, "integer representation too long"),
    ("leb_unused_bits", START, REJECTED, "integer too large"),
    ("load64_last8", START, TRAP, "out of bounds memory access"),
    ("load64_wrap", START, TRAP, "out of bounds memory access"),
    ("load64_wrap2", START, TRAP, "out of bounds memory access"),
    ("load_offset_max", START, TRAP, "out of bounds memory access"),
    ("locals_49999", START, 0, ""),
    ("locals_4g", START, REJECTED, "too many locals"),
    ("locals_recursive_stack", START, TRAP, "call stack exhausted"),
    ("locals_sum_overflow", START, REJECTED, "too many locals"),
    ("loop_infinite", START, TRAP, "all fuel consumed"),
    ("magic_only", START, REJECTED, "malformed at byte 0x4: unexpected end"),
    ("memcopy_len_wrap", START, TRAP, "out of bounds memory access"),
    ("memfill64_wrap", START, TRAP, "out of bounds memory access"),
    ("memory64_2_47", START, REJECTED, "the limit is 268435456"),
    ("memory64_2_48", START, REJECTED, "the limit is 268435456"),
    ("memory64_over", START, REJECTED, "memory size must be at most"),
    ("memory_65537", START, REJECTED, "memory size must be at most"),
    ("memory_grow_bomb", START, 0, ""),
    ("memory_min_max_huge32", START, REJECTED, "the limit is 268435456"),
    ("name_not_utf8", START, REJECTED, "malformed UTF-8 encoding"),
    ("nest_block_1000", START, 0, ""),
    ("nest_block_100000", START, 0, ""),
    ("nest_block_1000000", START, 0, ""),
    ("nest_if_1000", START, 0, ""),
    ("nest_if_100000", START, 0, ""),
    ("nest_if_1000000", START, 0, ""),
    ("operand_stack_200k", START, 0, ""),
    ("operand_stack_70k_live", START, 0, ""),
    ("params_100k", START, REJECTED, "too many parameters"),
    // Called with 129 arguments below.
    ("params_129_call", START, 0, "f ["),
    ("rec_group_types_1m", START, 0, ""),
    ("recursion_infinite", START, TRAP, "call stack exhausted"),
    ("rem_min_m1", START, 0, ""),
    ("results_1000", F, 0, "1\n1\n1\n"),
    ("section_size_past_end", START, REJECTED, "malformed"),
    ("section_size_short", START, REJECTED, "malformed"),
    ("start_traps", START, TRAP, "unreachable"),
    ("subtype_chain_64", START, REJECTED, "sub type hierarchy too deep"),
    ("sysenv_getcwd_wrap", START, 242, ""),
    ("table64_min_huge", START, REJECTED, "the limit is 10000000"),
    ("table_min_huge", START, REJECTED, "the limit is 10000000"),
    ("tailcall_infinite", START, TRAP, "all fuel consumed"),
    ("trunc_nan", START, TRAP, "invalid conversion to integer"),
    ("type_count_bomb", START, REJECTED, "too many recursion groups"),
    ("wat_as_wasm", START, 0, ""),
];

fn directory() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/hostile");
    let found = std::env::var_os("WASMVM_HOSTILE_DIR").map_or(beside, PathBuf::from);
    let there = found.join("index.json").exists();
    if !there {
        println!("{}: no hostile modules; nothing was run", found.display());
    }
    there.then_some(found)
}

struct Outcome {
    code: Option<i32>,
    output: String,
    time: Duration,
    peak_kib: libc::c_long,
}

/// Runs the command; time and memory are its own, whatever else this machine does.
fn run(options: &[&str], file: &Path, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
    command.args(options).arg(file).args(args).stdin(Stdio::null());
    let (mut output, writer) = std::io::pipe().expect("a pipe");
    command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
    #[expect(clippy::zombie_processes, reason = "wait4 also tells what the process used")]
    let child = command.spawn().expect("the command");
    drop(command);
    let mut text = Vec::new();
    output.read_to_end(&mut text).expect("the output");
    // SAFETY: two local variables are written; integers only, so all zeros is a value.
    let (status, used) = unsafe {
        let (mut status, mut used) = (0, std::mem::zeroed::<libc::rusage>());
        assert_eq!(libc::wait4(child.id() as i32, &mut status, 0, &mut used), child.id() as i32);
        (status, used)
    };
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec as u64) + Duration::from_micros(t.tv_usec as u64)
    };
    Outcome {
        code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
        output: String::from_utf8_lossy(&text).into_owned(),
        time: time(used.ru_utime) + time(used.ru_stime),
        peak_kib: used.ru_maxrss,
    }
}

const BOUNDS: &[&str] = &["--fuel", "10M", "--max-memory", "256M"];

#[test]
fn verdicts() {
    let Some(directory) = directory() else { return };
    let index = std::fs::read_to_string(directory.join("index.json")).expect("the index");
    let index: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let listed: BTreeSet<&str> = index
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["file"].as_str().expect("a name").trim_end_matches(".wasm"))
        .collect();
    let rows: BTreeSet<&str> = ROWS.iter().map(|row| row.0).collect();
    assert_eq!(rows, listed, "a verdict for each module of the index");

    let (mut wrong, mut right, mut slowest, mut largest) =
        (Vec::new(), 0, (Duration::ZERO, ""), (0, ""));
    for &(name, call, code, words) in ROWS {
        let file = directory.join(name).with_extension("wasm");
        let got = run(&[BOUNDS, call].concat(), &file, &[]);
        slowest = slowest.max((got.time, name));
        largest = largest.max((got.peak_kib, name));
        let fits = got.time <= TIME && got.peak_kib <= MEMORY_KIB;
        let panicked = got.output.contains("panicked at");
        if got.code == Some(code) && got.output.contains(words) && fits && !panicked {
            right += 1;
        } else {
            let text: String = got.output.chars().take(300).collect();
            let (time, kib) = (got.time, got.peak_kib);
            wrong.push(format!("{name}: exit {:?}, {time:?}, {kib} KiB: {text}", got.code));
        }
    }
    println!("{right} of {} right; slowest {slowest:?}, largest {largest:?} KiB", ROWS.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn many_arguments() {
    let Some(directory) = directory() else { return };
    let args: Vec<String> = (0..129).map(|i| i.to_string()).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let got = run(&["--invoke", "f"], &directory.join("params_129_call.wasm"), &args);
    assert_eq!(got.code, Some(0), "{}", got.output);
}

/// What does not end is stopped in time, and has not used up the memory until then.
#[test]
fn endless() {
    let Some(directory) = directory() else { return };
    for name in ["loop_infinite", "tailcall_infinite", "gc_alloc_loop"] {
        let file = directory.join(name).with_extension("wasm");
        let start = std::time::Instant::now();
        let got = run(&["--timeout", "300ms", "--max-memory", "256M"], &file, &[]);
        assert_eq!(got.code, Some(124), "{name}: {}", got.output);
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: {:?}", start.elapsed());
        assert!(got.peak_kib <= MEMORY_KIB, "{name}: {} KiB", got.peak_kib);
    }
}
