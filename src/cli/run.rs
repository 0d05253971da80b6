//! `wasmvm run`: load, link, run, and tell how it ended.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{GuestArgs, RunArgs, Trace, UnknownImports};
use super::{EXIT_LOAD, EXIT_TRAP, EXIT_USAGE, Failure, complain, inspect, load, note, say, value};
use crate::wasi::{self, Wasi};
use crate::{
    Config, Engine, Error, ErrorKind, Exception, Func, Instance, Linker, Module, Store, Val,
};

/// Runs a module; answers with the exit code.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let mut times = Times::start();
    let engine = Engine::new(config(args)).map_err(|error| Failure::usage(error.to_string()))?;
    let module = load::module(&engine, &args.module)?;
    times.loaded = times.lap();

    let mut linker = Linker::<Wasi>::new(&engine);
    link(&mut linker, &module, args)?;
    let wasi = wasi(&args.guest, args).map_err(|error| Failure::usage(error.to_string()))?;
    let mut store =
        store(&engine, wasi, args).map_err(|error| Failure::load(&args.module, error))?;
    let instance = linker.instantiate(&mut store, &module);
    times.linked = times.lap();

    let code = match instance {
        Ok(instance) => start(&mut store, &module, instance, args),
        // A start function that traps, or an import that does not fit.
        Err(error) => ended(Err(error), &store, &args.module),
    };
    times.ran = times.lap();
    if args.stats {
        note(&times.text());
        if let (Some(fuel), Some(left)) = (args.limits.fuel, store.fuel()) {
            note(&format!("fuel      {:>10}\n", fuel.saturating_sub(left)));
        }
    }
    Ok(code)
}

fn config(args: &RunArgs) -> Config {
    let limits = &args.limits;
    let config = Config::new().fuel(limits.fuel.is_some()).deterministic(limits.deterministic);
    let config = config.eager(args.eager);
    match limits.max_stack {
        Some(bytes) => config.max_stack_bytes(usize::try_from(bytes).unwrap_or(usize::MAX)),
        None => config,
    }
}

fn link(linker: &mut Linker<Wasi>, module: &Module, args: &RunArgs) -> Result<(), Failure> {
    let failed = |error: Error| Failure::load(&args.module, error);
    wasi::add_to_linker(linker, |wasi| wasi).map_err(failed)?;
    if args.guest.unknown_imports == Some(UnknownImports::Trap) {
        return linker.missing_as_traps(module).map_err(failed).map(drop);
    }
    let missing = linker.missing(module);
    if missing.is_empty() {
        return Ok(());
    }
    let mut text = match missing.len() {
        1 => "an import is missing:".to_owned(),
        count => format!("{count} imports are missing:"),
    };
    for import in &missing {
        text += &format!("\n  {import}");
    }
    text += match wasi::is_preview2(module) {
        true => {
            "\n(this is the core module of a component for WASI preview 2: components cannot be run)"
        }
        false => "\n(--unknown-imports=trap runs it nevertheless)",
    };
    Err(Failure::load(&args.module, text))
}

fn wasi(guest: &GuestArgs, args: &RunArgs) -> Result<Wasi, Error> {
    let name = guest.argv0.clone().unwrap_or_else(|| args.module.clone().into());
    let mut wasi = Wasi::default().name(name).args(&args.args).inherit_stdio().inherit_system();
    if guest.inherit_env {
        wasi = wasi.inherit_env();
    }
    for pair in &guest.env {
        if pair.as_encoded_bytes().contains(&b'=') {
            wasi = wasi.env_raw(pair);
        } else if let Some(value) = std::env::var_os(pair) {
            wasi = wasi.env(pair, value);
        }
    }
    for dir in &guest.dirs {
        wasi = match dir.read_only {
            true => wasi.preopen_ro(&dir.host, &dir.guest)?,
            false => wasi.preopen(&dir.host, &dir.guest)?,
        };
    }
    for address in &guest.listeners {
        wasi = wasi.listener(listen(address)?);
    }
    if args.trace == Some(Trace::Host) {
        wasi = wasi.trace(std::io::stderr());
    }
    Ok(wasi)
}

fn listen(address: &str) -> Result<TcpListener, Error> {
    let failed = |error| Error::host(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    if address.ends_with(":0") {
        note(&format!("wasmvm: listening on {bound}\n"));
    }
    Ok(listener)
}

fn store(engine: &Engine, wasi: Wasi, args: &RunArgs) -> Result<Store<Wasi>, Error> {
    let mut store = Store::new(engine, wasi);
    let mut limits = store.limits();
    if let Some(bytes) = args.limits.max_memory {
        limits.memory_bytes = bytes;
    }
    if let Some(bytes) = args.limits.max_gc_heap {
        limits.gc_heap_bytes = bytes;
    }
    store.set_limits(limits);
    if let Some(fuel) = args.limits.fuel {
        store.set_fuel(fuel)?;
    }
    Ok(store)
}

/// What happens once everything is in place: a command runs, a function is called, or one is told
/// what could be called.
fn start(store: &mut Store<Wasi>, module: &Module, instance: Instance, args: &RunArgs) -> u8 {
    let path = &args.module;
    let entry = args.guest.invoke.as_deref().unwrap_or("_start");
    let func = instance.func(store, entry);
    // A reactor; a command has none.
    if let Some(initialize) = instance.func(store, "_initialize") {
        let code = ended(initialize.call(&mut *store, &[], &mut []), store, path);
        if code != 0 {
            return code;
        }
    }
    match (func, &args.guest.invoke) {
        (Some(func), Some(name)) => invoke(store, func, name, args),
        (Some(func), None) => ended(func.call(&mut *store, &[], &mut []), store, path),
        (None, Some(name)) => {
            complain(&format!("{}: no function `{name}` is exported", path.display()));
            note(&exports(module, path));
            EXIT_USAGE
        }
        (None, None) if inspect::has_start(module) => 0,
        (None, None) => {
            note(&format!("wasmvm: {}: no function `_start` is exported\n", path.display()));
            note(&exports(module, path));
            0
        }
    }
}

fn invoke(store: &mut Store<Wasi>, func: Func, name: &str, args: &RunArgs) -> u8 {
    let ty = match func.ty(store) {
        Ok(ty) => ty,
        Err(error) => return ended(Err(error), store, &args.module),
    };
    let given = &args.args;
    if given.len() != ty.params.len() {
        let (wanted, given) = (ty.params.len(), given.len());
        complain(&format!("`{name}` has the type {ty}: {wanted} arguments, not {given}"));
        return EXIT_USAGE;
    }
    let mut values = Vec::new();
    for (&ty, text) in ty.params.iter().zip(given) {
        match value::parse(ty, &text.to_string_lossy()) {
            Ok(value) => values.push(value),
            Err(why) => {
                complain(&format!("argument {} of `{name}`: {why}", values.len() + 1));
                return EXIT_USAGE;
            }
        }
    }
    let mut results: Vec<Val> = ty.results.iter().map(|&ty| Val::default_for(ty)).collect();
    let outcome = func.call(&mut *store, &values, &mut results);
    if outcome.is_ok() {
        let lines: String = results.iter().map(|result| value::print(result) + "\n").collect();
        say(&lines);
    }
    ended(outcome, store, &args.module)
}

/// The exit code of what ended so; says why if it is an error.
fn ended(outcome: Result<(), Error>, store: &Store<Wasi>, path: &Path) -> u8 {
    let Err(error) = outcome else { return 0 };
    if let Some(code) = error.exit_code() {
        return (code & 0xFF) as u8;
    }
    let mut text = error.to_string();
    if let Some(exception) = error.exception()
        && let Ok(thrown) = thrown(exception, store)
    {
        text.insert_str(error.message().len(), &thrown);
    }
    complain(&format!("{}: {text}", path.display()));
    match error.kind() {
        ErrorKind::Trap | ErrorKind::Exception | ErrorKind::Host => EXIT_TRAP,
        // What should have been found out before: a function that cannot be translated, an import
        // of another type, memory that there is not.
        _ => EXIT_LOAD,
    }
}

/// The values of an exception, with their types.
fn thrown(exception: Exception, store: &Store<Wasi>) -> Result<String, Error> {
    let (types, values) = (exception.tag(store)?.ty(store)?.params, exception.values(store)?);
    let both = types.iter().zip(&values);
    let list: Vec<_> = both.map(|(ty, val)| format!("{ty} {}", value::print(val))).collect();
    Ok(format!(": [{}]", list.join(", ")))
}

/// The functions that could be called, and how.
fn exports(module: &Module, path: &Path) -> String {
    let functions: Vec<_> = module
        .exports()
        .filter_map(|export| export.ty.func().cloned().map(|ty| (export.name, ty)))
        .collect();
    let Some((name, ty)) = functions.first() else {
        return "no function is exported\n".into();
    };
    let mut text = "exported functions:\n".to_owned();
    for (name, ty) in functions.iter().take(LISTED_MAX) {
        text += &format!("  {name} {ty}\n");
    }
    if functions.len() > LISTED_MAX {
        text += &format!("  and {} more\n", functions.len() - LISTED_MAX);
    }
    let params: String = ty.params.iter().map(|ty| format!(" <{ty}>")).collect();
    text + &format!("to call one: wasmvm --invoke {name} {}{params}\n", path.display())
}

struct Times {
    last: Instant,
    loaded: Duration,
    linked: Duration,
    ran: Duration,
}

impl Times {
    fn start() -> Times {
        let zero = Duration::ZERO;
        Times { last: Instant::now(), loaded: zero, linked: zero, ran: zero }
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now - core::mem::replace(&mut self.last, now)
    }

    fn text(&self) -> String {
        let line =
            |name, time: Duration| format!("{name:<9}{:>10.3} ms\n", time.as_secs_f64() * 1e3);
        line("load", self.loaded) + &line("link", self.linked) + &line("run", self.ran)
    }
}

/// How many functions are listed.
const LISTED_MAX: usize = 100;
