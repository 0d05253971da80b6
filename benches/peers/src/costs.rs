//! What crossing the border costs, and what there is to pay before: calls either way, loading,
//! instantiating, memory. wasmvm beside wasmi, whose interface is nearly the same.

use crate::{Options, cpu_seconds, median, ratio};
use std::fmt::Write as _;
use std::process::Command;

/// What is measured.
#[derive(Clone, Copy, PartialEq)]
enum Row {
    GuestToGuest,
    GuestToHost,
    GuestToHostUntyped,
    HostToGuest,
    HostToGuestUntyped,
    Instantiate,
    Load,
}
/// With a name, how many are done for one measurement, and the unit.
const ROWS: [(Row, &str, u32, f64, &str); 7] = [
    (Row::GuestToGuest, "guest to guest, in a loop", 2_000_000, 1e9, "ns"),
    (Row::GuestToHost, "guest to host, typed, in a loop", 2_000_000, 1e9, "ns"),
    (Row::GuestToHostUntyped, "guest to host, values, in a loop", 500_000, 1e9, "ns"),
    (Row::HostToGuest, "host to guest, typed", 1_000_000, 1e9, "ns"),
    (Row::HostToGuestUntyped, "host to guest, values", 500_000, 1e9, "ns"),
    (Row::Instantiate, "a store and an instance of it", 5_000, 1e6, "us"),
    (Row::Load, "loading a module of 4 KB", 500, 1e6, "us"),
];
/// How many instances are there when their memory is measured.
const IDLE: u32 = 2_000;

/// A module with calls of all kinds, and as many small functions as make it 4 KB.
fn module() -> Result<Vec<u8>, String> {
    let mut text = r#"(module
        (import "host" "typed" (func $typed (param i32) (result i32)))
        (import "host" "values" (func $values (param i32) (result i32)))
        (memory (export "memory") 1)
        (table 20 funcref)
        (global $g (mut i32) (i32.const 0))
        (data (i32.const 8) "some bytes")
        (func $guest (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"#
        .to_string();
    for name in ["guest", "typed", "values"] {
        let _ = write!(
            text,
            r#"(func (export "{name}") (param i32) (result i32) (local i32)
                (loop $l
                    (local.set 1 (call ${name} (local.get 1)))
                    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1))"#
        );
    }
    for n in 0..80 {
        let _ = write!(
            text,
            "(func (param i32 i32) (result i32) (local i32)
                (local.set 2 (i32.mul (local.get 0) (i32.const {n})))
                (block $b (loop $l
                    (br_if $b (i32.ge_u (local.get 2) (local.get 1)))
                    (i32.store offset={n} (i32.const 64) (local.get 2))
                    (local.set 2 (i32.add (local.get 2) (i32.load (i32.const {n}))))
                    (br $l)))
                (i32.add (global.get $g) (local.get 2)))"
        );
    }
    text.push(')');
    wat::parse_str(text).map_err(|error| error.to_string())
}

/// An engine with all that the rows need.
trait Peer {
    fn name(&self) -> &'static str;
    /// Does it `n` times; the answer is a number that must be right.
    fn run(&mut self, row: Row, n: u32) -> Result<u64, String>;
    /// As many instances, each in a store of its own; the bytes that each takes, before and after a
    /// call.
    fn idle(&self, n: u32) -> Result<[u64; 2], String>;
}

/// The one name is a field, the other a method.
macro_rules! export_name {
    (wasmvm, $export:ident) => {
        $export.name
    };
    (wasmi, $export:ident) => {
        $export.name()
    };
}

macro_rules! peer {
    (
    $module:ident, $name:literal, $engine:expr, $func_type:expr,
    $typed_func:ident $func:ident $instantiate:ident
) => {
        mod $module {
            use super::{Peer, Row, resident_bytes};
            use ::$module::*;

            type Adder = TypedFunc<(i32, i32), i32>;
            pub struct Ready {
                engine: Engine,
                wasm: Vec<u8>,
                module: Module,
                linker: Linker<u32>,
                store: Store<u32>,
                instance: Instance,
                add: Adder,
            }
            fn text(error: impl std::fmt::Display) -> String {
                error.to_string()
            }
            pub fn ready(wasm: &[u8]) -> Result<Box<dyn Peer>, String> {
                let engine = $engine;
                let mut linker = Linker::<u32>::new(&engine);
                linker.func_wrap("host", "typed", |x: i32| x + 1).map_err(text)?;
                let values = |_: Caller<'_, u32>, args: &[Val], results: &mut [Val]| {
                    results[0] = Val::I32(args[0].i32().unwrap_or_default() + 1);
                    Ok(())
                };
                linker.func_new("host", "values", $func_type, values).map_err(text)?;
                let module = Module::new(&engine, wasm).map_err(text)?;
                let mut store = Store::new(&engine, 0);
                let instance = linker.$instantiate(&mut store, &module).map_err(text)?;
                let add = instance.$typed_func::<(i32, i32), i32>(&store, "add").map_err(text)?;
                let wasm = wasm.to_vec();
                Ok(Box::new(Ready { engine, wasm, module, linker, store, instance, add }))
            }
            impl Ready {
                fn in_a_loop(&mut self, name: &str, n: u32) -> Result<u64, String> {
                    let func =
                        self.instance.$typed_func::<u32, u32>(&self.store, name).map_err(text)?;
                    func.call(&mut self.store, n).map(u64::from).map_err(text)
                }
                fn instance(&self) -> Result<(Store<u32>, Adder), String> {
                    let mut store = Store::new(&self.engine, 1);
                    let instance =
                        self.linker.$instantiate(&mut store, &self.module).map_err(text)?;
                    let add =
                        instance.$typed_func::<(i32, i32), i32>(&store, "add").map_err(text)?;
                    Ok((store, add))
                }
            }
            impl Peer for Ready {
                fn name(&self) -> &'static str {
                    $name
                }
                fn run(&mut self, row: Row, n: u32) -> Result<u64, String> {
                    let mut sum = 0;
                    match row {
                        Row::GuestToGuest => sum = self.in_a_loop("guest", n)?,
                        Row::GuestToHost => sum = self.in_a_loop("typed", n)?,
                        Row::GuestToHostUntyped => sum = self.in_a_loop("values", n)?,
                        Row::HostToGuest => {
                            for i in 0..n {
                                let added = self.add.call(&mut self.store, (i as i32 & 1, 0));
                                sum += 2 * added.map_err(text)? as u64;
                            }
                        }
                        Row::HostToGuestUntyped => {
                            let none = "there is no `add`";
                            let func = self.instance.$func(&self.store, "add").ok_or(none)?;
                            let mut results = [Val::I32(0)];
                            for i in 0..n {
                                let args = [Val::I32(i as i32 & 1), Val::I32(0)];
                                func.call(&mut self.store, &args, &mut results).map_err(text)?;
                                sum += 2 * results[0].i32().unwrap_or_default() as u64;
                            }
                        }
                        Row::Instantiate => {
                            for _ in 0..n {
                                sum += u64::from(*self.instance()?.0.data());
                            }
                        }
                        Row::Load => {
                            for _ in 0..n {
                                let module =
                                    Module::new(&self.engine, &self.wasm[..]).map_err(text)?;
                                sum += u64::from(
                                    module
                                        .exports()
                                        .any(|export| export_name!($module, export) == "add"),
                                );
                            }
                        }
                    }
                    Ok(sum)
                }
                fn idle(&self, n: u32) -> Result<[u64; 2], String> {
                    let start = resident_bytes()?;
                    let mut all: Vec<_> =
                        (0..n).map(|_| self.instance()).collect::<Result<_, _>>()?;
                    let before = resident_bytes()?;
                    for (store, add) in &mut all {
                        add.call(store, (1, 2)).map_err(text)?;
                    }
                    let after = resident_bytes()?;
                    Ok([before, after].map(|bytes| bytes.saturating_sub(start) / u64::from(n)))
                }
            }
        }
    };
}
peer! {
    wasmvm, "wasmvm", Engine::default(),
    FuncType { params: [ValType::I32].into(), results: [ValType::I32].into() },
    typed_func func instantiate
}
peer! {
    wasmi, "wasmi",
    {
        let mut config = Config::default();
        config.compilation_mode(CompilationMode::LazyTranslation);
        Engine::new(&config)
    },
    FuncType::new([ValType::I32], [ValType::I32]),
    get_typed_func get_func instantiate_and_start
}

/// What of this process is in memory.
fn resident_bytes() -> Result<u64, String> {
    let text = std::fs::read_to_string("/proc/self/statm").map_err(|error| error.to_string())?;
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    // SAFETY: it has no arguments that could be wrong.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages.ok_or("/proc/self/statm has no second number")? * page as u64)
}

fn peers() -> Result<Vec<Box<dyn Peer>>, String> {
    let wasm = module()?;
    Ok(vec![wasmvm::ready(&wasm)?, wasmi::ready(&wasm)?])
}

/// The table. `idle` is for the processes that it starts: memory is measured in fresh ones.
pub fn costs(options: &Options) -> Result<bool, String> {
    let mut peers = peers()?;
    if let Some(name) = &options.idle {
        let peer = peers.iter().find(|peer| peer.name() == name).ok_or("no such engine")?;
        let [before, after] = peer.idle(IDLE)?;
        println!("{before} {after}");
        return Ok(true);
    }
    println!("a module of {} bytes; CPU time, median of {}", module()?.len(), options.runs);
    println!("{:<36} {:>10} {:>10} {:>10}", "", "wasmvm", "wasmi", "/wasmi");
    for (row, what, n, scale, unit) in ROWS {
        let mut times = vec![Vec::new(); peers.len()];
        for _ in 0..options.runs {
            for (peer, times) in peers.iter_mut().zip(&mut times) {
                let start = cpu_seconds();
                let sum = peer.run(row, n)?;
                times.push(cpu_seconds() - start);
                if sum != u64::from(n) {
                    return Err(format!("{}: {what}: {sum} instead of {n}", peer.name()));
                }
            }
        }
        let each = |times: &mut Vec<f64>| median(times) * scale / f64::from(n);
        let cost: Vec<f64> = times.iter_mut().map(each).collect();
        print_row(&format!("{what} ({unit})"), &cost);
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut bytes = [Vec::new(), Vec::new()];
    for peer in &peers {
        let output = Command::new(&program).args(["--idle", peer.name()]).output();
        let output = output.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [before, after] = numbers[..] else {
            return Err(format!("{}: {}", peer.name(), String::from_utf8_lossy(&output.stderr)));
        };
        bytes[0].push(before);
        bytes[1].push(after);
    }
    print_row("an idle instance in a store (bytes)", &bytes[0]);
    print_row("the same after a call (bytes)", &bytes[1]);
    Ok(true)
}
fn print_row(what: &str, costs: &[f64]) {
    let of_wasmi = ratio(costs.first().copied(), costs.get(1).copied());
    println!("{what:<36} {:>10.1} {:>10.1} {of_wasmi:>10}", costs[0], costs[1]);
}
