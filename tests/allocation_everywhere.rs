//! The system has no memory left for whatever it is, be it ever so small: the n-th allocation
//! fails, for every n, while a module is loaded, instantiated and called. Each time there is an
//! error or the right result, and the process goes on; what may end it is in [`MAY_END`].
//!
//! `WASMVM_ALLOCATION=all` takes every module of the specification's tests, and not a share.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)]

#[path = "peer/cases.rs"]
mod cases;
#[path = "peer/failing.rs"]
mod failing;
#[path = "peer/imports.rs"]
mod imports;

use failing::Failing;
use std::backtrace::Backtrace;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wasmvm::{
    Config, Engine, Error, ErrorKind, Features, Instance, Limits, Module, Progress, Store, Trap,
    Val,
};

#[global_allocator]
static ALLOCATOR: Failing = Failing::new(0);

/// What allocates a constant number of bytes in a way that cannot fail, or the text of an error:
/// the names of the functions that do.
const MAY_END: &[&str] = &[
    // An error.
    "wasmvm::wasm::error::Error::new",
    "wasmvm::rt::error::Error::new",
    // Of each type, of each module that is imported from, of a module, of a shared memory: what is
    // shared.
    "wasmvm::wasm::registry::record",
    "wasmvm::wasm::registry::note",
    "wasmvm::wasm::decode::import::shared",
    "wasmvm::exec::compiled::shared",
    "wasmvm::rt::memory::shared::Shared::new",
    // Of an execution that can pause.
    "wasmvm::api::execution::Execution<R>::new",
    "wasmvm::rt::paused::<impl wasmvm::rt::store::Store>::add_paused",
];

/// What a child tells its parent: it is made by `fork`, and shares this memory.
struct Shared {
    /// Which allocation is failing.
    n: AtomicUsize,
    /// How many bytes of `text` there are.
    len: AtomicUsize,
    /// Where it ended.
    text: [u8; 60 << 10],
}
fn shared() -> &'static Shared {
    static ADDRESS: AtomicUsize = AtomicUsize::new(0);
    if ADDRESS.load(Relaxed) == 0 {
        // SAFETY: new memory, of zeros, never given back.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size_of::<Shared>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(address, libc::MAP_FAILED);
        ADDRESS.store(address as usize, Relaxed);
    }
    // SAFETY: zeros are a value of it, and all writes are atomic or by a child that ends.
    unsafe { &*(ADDRESS.load(Relaxed) as *const Shared) }
}
/// Says where a child ends.
extern "C" fn on_abort(_: libc::c_int) {
    let text = Backtrace::force_capture().to_string();
    let shared = shared();
    let len = text.len().min(shared.text.len());
    // SAFETY: nobody else looks now.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), shared.text.as_ptr().cast_mut(), len) };
    shared.len.store(len, Relaxed);
}

/// Does something with the n-th allocation failing, for every n. Gives how many there are, and
/// where the process has ended how often.
fn each(name: &str, f: impl Fn(usize) -> bool) -> (usize, BTreeMap<String, usize>) {
    let shared = shared();
    // What children need to know of symbols is looked up once.
    drop(Backtrace::force_capture().to_string());
    let mut ends = BTreeMap::new();
    let mut first = 1;
    loop {
        // SAFETY: there is one thread that does anything.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: the handler runs where nothing is locked: in a call of `abort`.
            unsafe { libc::signal(libc::SIGABRT, on_abort as *const () as libc::sighandler_t) };
            for n in first.. {
                shared.n.store(n, Relaxed);
                if !f(n) {
                    break;
                }
            }
            // SAFETY: an end without anything that the parent does at its own.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        // SAFETY: a child of ours.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        let n = shared.n.load(Relaxed);
        if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
            return (n - 1, ends);
        }
        assert_eq!(libc::WTERMSIG(status), libc::SIGABRT, "{name}: {n}: {status:#x}");
        let text = String::from_utf8_lossy(&shared.text[..shared.len.load(Relaxed)]).into_owned();
        let whose = whose(&text);
        let innermost = whose.first().map_or("", String::as_str);
        assert!(MAY_END.contains(&innermost), "{name}: {n}: {whose:?}\n{text}");
        *ends.entry(innermost.to_owned()).or_insert(0) += 1;
        first = n + 1;
    }
}
/// The functions of ours in a backtrace, and those that may end it, innermost first.
fn whose(backtrace: &str) -> Vec<String> {
    let ours = backtrace.lines().filter_map(|line| line.split_once(": ").map(|(_, name)| name));
    let is_told = |name: &&str| name.starts_with("wasmvm::") || MAY_END.contains(name);
    ours.filter(is_told).map(str::to_owned).take(4).collect()
}

/// Fit for a user: a limit, or a trap that says so.
fn is_clean(error: &Error) -> bool {
    error.kind() == ErrorKind::Limit
        || matches!(error.trap(), Some(Trap::AllocationTooLarge | Trap::StackExhausted))
}

const GUEST: &str = r#"(module $guest
    (type $list (struct (field $value i64) (field $next (ref null $list))))
    (type $bytes (array (mut i8)))
    (type $lists (array (mut (ref null $list))))
    (type $binary (func (param i32 i32) (result i32)))
    (type $many (func (param i32) (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 f32 f64
        i32 i32 i32 i32 i32 i32 i32 i32)))
    (rec (type $a (sub (struct (field (ref null $b))))) (type $b (sub $a (struct
        (field (ref null $b)) (field (mut v128))))))
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (import "host" "many" (func $host_many (type $many)))
    (memory (export "memory") 1)
    (memory $other 1)
    (table $t 10 funcref)
    (table $lists 3 (ref null $list) (struct.new $list (i64.const 3) (ref.null $list)))
    (tag $e (param i64))
    (tag $none)
    (global $g (mut i32) (i32.add (i32.const 40) (i32.const 2)))
    (global $object (mut (ref null $list))
        (struct.new $list (i64.const 1) (struct.new $list (i64.const 2) (ref.null $list))))
    (global $array (ref $bytes) (array.new_default $bytes (i32.const 100)))
    (elem (table $t) (i32.const 0) func $sum $mul $sum)
    (elem $passive funcref (ref.func $mul) (ref.null func))
    (elem $made (ref null $list) (struct.new $list (i64.const 9) (ref.null $list)))
    (data (i32.const 8) "some bytes")
    (data $later "more")
    (func $sum (type $binary) (i32.add (local.get 0) (local.get 1)))
    (func $mul (type $binary) (i32.mul (local.get 0) (local.get 1)))
    (func $start (global.set $g (i32.add (global.get $g) (call $add (i32.const 1) (i32.const 2)))))
    (start $start)
    (func (export "numbers") (result i32) (local $n i32) (local $x f64) (local $v v128)
        (loop $next
            (local.set $x (f64.add (local.get $x) (f64.convert_i32_s (local.get $n))))
            (local.set $v (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0
                (v128.const i32x4 1 2 3 4) (local.get $v)))
            (i32.store (i32.and (local.get $n) (i32.const 0xfff)) (local.get $n))
            (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                (i32.const 1000))))
        (i32.add (i32.trunc_f64_s (local.get $x))
            (i32x4.extract_lane 1 (local.get $v))))
    (func (export "table") (param $n i32) (result i32)
        (block $c (block $b (block $a (br_table $a $b $c $b $a (local.get $n)))
            (return (call_indirect $t (type $binary) (i32.const 3) (i32.const 4) (i32.const 1))))
            (return (i32.add (global.get $g) (i32.const 5))))
        (memory.init $later (i32.const 100) (i32.const 0) (i32.const 4))
        (table.init $t $passive (i32.const 5) (i32.const 0) (i32.const 2))
        (i32.load (i32.const 100)))
    (func (export "objects") (result i64) (local $i i32) (local $l (ref null $list))
        (loop $next
            (local.set $l (struct.new $list (i64.extend_i32_u (local.get $i)) (local.get $l)))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 100))))
        (table.set $lists (i32.const 1) (local.get $l))
        (drop (array.new_elem $lists $made (i32.const 0) (i32.const 1)))
        (drop (array.new $bytes (i32.const 7) (i32.const 50000)))
        (i64.add (struct.get $list $value (struct.get $list $next (local.get $l)))
            (struct.get $list $value (ref.as_non_null (global.get $object)))))
    (func $throw (param i64) (throw $e (local.get 0)))
    (func (export "exceptions") (result i64)
        (block $out
            (block $h (result i64)
                (try_table (catch $e $h) (catch_all $out)
                    (try_table (catch $none $out) (call $throw (i64.const 77))))
                (i64.const 1))
            (return))
        (i64.const 2))
    (func (export "references") (result i64)
        (block $h (result i64 exnref)
            (try_table (catch_ref $e $h) (call $throw (i64.const 78)))
            (unreachable))
        (drop))
    (func (export "many") (result i64) (local f64 f32 i64)
        (call $host_many (i32.const 6))
        (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)
        (local.set 0) (local.set 1) (local.set 2)
        (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)
        (local.get 2))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "grow other") (result i32) (memory.grow $other (i32.const 1)))
    (func (export "grow table") (result i32) (table.grow $t (ref.null func) (i32.const 100)))
    (func $deep (export "deep") (result i32) (i32.add (call $deep) (i32.const 1)))
    (func (export "trap") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
    (func (export "blocks") (param i32) (result i32)
        BLOCKS)
    (func (export "ok") (result i32) (i32.const 7)))"#;

/// Exports that are called, with what they may give instead if there is no memory.
const CALLS: [(&str, &[Val], bool); 14] = [
    ("numbers", &[], false),
    ("table", &[Val::I32(0)], false),
    ("table", &[Val::I32(2)], false),
    ("objects", &[], false),
    ("exceptions", &[], false),
    ("references", &[], false),
    ("many", &[], false),
    ("grow", &[], true),
    ("grow other", &[], true),
    ("grow table", &[], true),
    ("deep", &[], false),
    ("trap", &[], false),
    ("blocks", &[Val::I32(1)], false),
    ("ok", &[], false),
];

/// Long functions: much code, many operands, deep blocks.
fn guest() -> Vec<u8> {
    let mut blocks = String::new();
    for n in 0..400 {
        let effect = format!("(if (local.get 0) (then (drop (i32.load (i32.const {n})))))");
        write!(blocks, "(block (result i32) {effect}").expect("a string takes everything");
    }
    blocks.push_str("(local.get 0)");
    blocks.push_str(&"(i32.const 1) i32.add)".repeat(400));
    blocks.push_str(&"(local.get 0)".repeat(400));
    blocks.push_str(&"i32.add ".repeat(400));
    wat::parse_str(GUEST.replace("BLOCKS", &blocks)).expect("the text is a module")
}

/// How a guest is run.
struct Way {
    name: &'static str,
    config: fn() -> Config,
    /// In pieces, each with so much fuel.
    slice: Option<u64>,
}
const WAYS: [Way; 3] = [
    Way {
        name: "at the first call",
        config: || Config::new().features(Features::ALL),
        slice: None,
    },
    Way {
        name: "at once, with fuel",
        config: || Config::new().features(Features::ALL).eager(true).fuel(true),
        slice: None,
    },
    Way {
        name: "in pieces, with fuel and interrupts, objects collected always",
        config: || {
            let config = Config::new().features(Features::ALL).lazy(true).fuel(true);
            config.interrupts(true).gc_stress(true)
        },
        slice: Some(500),
    },
];

/// What the calls of a guest end with, or why it was not instantiated.
type Outcome = Result<Vec<Result<Val, Error>>, Error>;

/// Loads, instantiates and calls.
fn whole(engine: &Engine, store: &mut Store<()>, way: &Way, bytes: Vec<u8>) -> Outcome {
    let module = Module::new(engine, bytes)?;
    let externs = ALLOCATOR.spare(|| imports::imports(store, &module).expect("imports"));
    let all = ALLOCATOR.spare(|| Vec::with_capacity(CALLS.len()));
    if store.fuel().is_some() {
        store.set_fuel(1 << 40)?;
    }
    let instance = Instance::new(&mut *store, &module, &externs)?;
    Ok(CALLS.iter().fold(all, |mut all, (name, args, _)| {
        all.push(call(store, &instance, way, name, args));
        all
    }))
}
fn call(
    store: &mut Store<()>,
    instance: &Instance,
    way: &Way,
    name: &str,
    args: &[Val],
) -> Result<Val, Error> {
    let func = instance.func(&*store, name).expect("an export");
    let Some(mut slice) = way.slice else {
        let mut results = [Val::I32(0)];
        func.call(store, args, &mut results)?;
        return Ok(results[0]);
    };
    let mut execution = func.start(&mut *store, args)?;
    loop {
        store.set_fuel(slice)?;
        match execution.run(&mut *store)? {
            Progress::Done(results) => return Ok(results[0]),
            Progress::OutOfFuel { needed } => slice = slice.max(needed),
            _ => {}
        }
    }
}

/// With the n-th allocation failing; whether there were so many.
fn run(way: &Way, bytes: &[u8], right: &[Result<Val, Trap>], n: usize) -> bool {
    let engine = Engine::new((way.config)()).expect("a configuration");
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { stack_bytes: 64 << 10, ..store.limits() });
    let copy = bytes.to_vec();
    let (outcome, failed) = ALLOCATOR.fails_once(n, || whole(&engine, &mut store, way, copy));
    if let Ok(outcome) = &outcome {
        check(way, n, right, outcome, failed);
    } else if let Err(error) = outcome {
        assert!(failed && is_clean(&error), "{}: {n}: {error}", way.name);
        // The same again, in the same store.
        let outcome = whole(&engine, &mut store, way, bytes.to_vec());
        check(way, n, right, &outcome.expect("there is memory again"), false);
    }
    failed
}
fn check(
    way: &Way,
    n: usize,
    right: &[Result<Val, Trap>],
    outcome: &[Result<Val, Error>],
    failed: bool,
) {
    let mut wrong = 0;
    for ((right, outcome), (name, _, grows)) in right.iter().zip(outcome).zip(CALLS) {
        let is_right = match (right, outcome) {
            (Ok(right), Ok(outcome)) => right == outcome,
            (Err(right), Err(error)) => Some(*right) == error.trap(),
            _ => false,
        };
        let is_refused = match outcome {
            Ok(value) => grows && *value == Val::I32(-1),
            Err(error) => is_clean(error),
        };
        wrong += usize::from(!is_right);
        assert!(is_right || is_refused, "{}: {n}: {name}: {outcome:?}, not {right:?}", way.name);
    }
    assert!(wrong <= usize::from(failed), "{}: {n}: {outcome:?}", way.name);
}

#[test]
fn every_allocation_can_fail() {
    let bytes = guest();
    for way in &WAYS {
        let engine = Engine::new((way.config)()).expect("a configuration");
        let mut store = Store::new(&engine, ());
        store.set_limits(Limits { stack_bytes: 64 << 10, ..store.limits() });
        let outcome = whole(&engine, &mut store, way, bytes.clone()).expect("an instance");
        let trap = |error: Error| error.trap().unwrap_or_else(|| panic!("{error}"));
        let right: Vec<_> = outcome.into_iter().map(|result| result.map_err(trap)).collect();
        println!("{}: {right:?}", way.name);
        let (count, ends) = each(way.name, |n| run(way, &bytes, &right, n));
        println!("{count} allocations");
        for (whose, count) in ends {
            println!("{count} ends: {whose}");
        }
    }
    suite();
}

/// The modules of the specification: loaded, translated and instantiated.
fn suite() {
    let all = std::env::var("WASMVM_ALLOCATION").is_ok_and(|value| value == "all");
    let distinct: BTreeSet<Vec<u8>> = cases::cases().into_iter().map(|case| case.bytes).collect();
    let share = distinct.into_iter().step_by(if all { 1 } else { 50 });
    // Of the others the text of the error is made.
    let share: Vec<Vec<u8>> = share.filter(|bytes| load(bytes).is_ok()).collect();
    let (mut allocations, mut ends) = (0, BTreeMap::new());
    for bytes in &share {
        let (count, whose) = each("suite", |n| {
            let (result, failed) = ALLOCATOR.fails_once(n, || load(bytes));
            let is_fine = result.as_ref().map_or_else(|error| failed && is_clean(error), |()| true);
            assert!(is_fine, "{n}: {result:?}: {bytes:02x?}");
            failed
        });
        allocations += count;
        for (whose, count) in whose {
            *ends.entry(whose).or_insert(0) += count;
        }
    }
    println!("{} modules of the specification: {allocations} allocations", share.len());
    for (whose, count) in ends {
        println!("{count} ends: {whose}");
    }
}
fn load(bytes: &[u8]) -> Result<(), Error> {
    let (engine, mut store, copy) = ALLOCATOR.spare(|| {
        let config = Config::new().features(Features::ALL).fuel(true).eager(true);
        let engine = Engine::new(config).expect("a configuration");
        let mut store = Store::new(&engine, ());
        let limits = Limits { memory_bytes: 4 << 20, stack_bytes: 64 << 10, ..store.limits() };
        store.set_limits(Limits { table_elements: 10_000, ..limits });
        store.set_fuel(2_000).expect("an engine with fuel");
        (engine, store, bytes.to_vec())
    });
    let module = Module::new(&engine, copy)?;
    let Some(imports) = ALLOCATOR.spare(|| imports::imports(&mut store, &module)) else {
        return Ok(());
    };
    Instance::new(&mut store, &module, &imports).map(drop)
}
