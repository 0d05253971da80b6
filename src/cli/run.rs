//! `wasmvm run`: load, link, run, and tell how it ended.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::args::{DirArg, RunArgs, SysenvCompat, Trace};
use super::link::{Host, Program, Stop};
use super::timeout::Watch;
use super::{
    EXIT_LOAD, EXIT_TIMEOUT, EXIT_TRAP, EXIT_USAGE, Failure, complain, inspect, load, note, report,
    say, value,
};
use crate::host::sys::peak_memory;
use crate::runtime::Capabilities;
use crate::sysenv::{self, Sysenv};
use crate::wasi::Wasi;
use crate::{Config, Error, ErrorKind, Func, Instance, Module, Store, Trap, Val};

/// Runs a program; answers with the exit code.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let watch = Watch::start(args.limits.timeout, args.module.display().to_string());
    let code = run_watched(args, &watch);
    watch.finish();
    code
}

fn run_watched(args: &RunArgs, watch: &Watch) -> Result<u8, Failure> {
    let mut times = Times::start();
    let manifest = args.link.manifest.as_deref().map(load::manifest).transpose()?;
    let engine = load::engine(config(args))?;
    let host = host(args, manifest.as_ref())?;
    let failed = |error| Failure::load(&args.module, error);
    let mut store = Store::new(&engine, host);
    limit(&mut store, args).map_err(failed)?;
    if let Ok(handle) = store.interrupt_handle() {
        watch.guest(handle);
    }
    let mut program = Program::new(args, store, manifest).map_err(failed)?;
    let started = program.start();
    times.linked = times.lap();
    let code = match started {
        Ok((module, instance)) => start(&mut program, &module, instance, args, watch),
        Err(Stop::Guest(path, error)) => ended(Err(error), &path, &program, watch),
        Err(Stop::Failure(failure)) => return Err(failure),
    };
    times.ran = times.lap();
    if args.engine.stats {
        note(&stats(&program, &times, args));
        note(&executed(&mut program.store));
    }
    Ok(code)
}

fn config(args: &RunArgs) -> Config {
    let config = Config::new()
        .features(load::features(&args.engine.wasm))
        .fuel(args.limits.fuel.is_some())
        .interrupts(args.limits.timeout.is_some())
        .deterministic(args.limits.deterministic)
        .invalid_functions(args.engine.force);
    let config = if args.engine.lazy { config.lazy(true) } else { config.eager(args.engine.eager) };
    match args.limits.max_stack {
        Some(bytes) => config.max_stack_bytes(usize::try_from(bytes).unwrap_or(usize::MAX)),
        None => config,
    }
}

fn limit(store: &mut Store<Host>, args: &RunArgs) -> Result<(), Error> {
    let mut limits = store.limits();
    limits.memory_bytes = args.limits.max_memory.unwrap_or(limits.memory_bytes);
    limits.table_elements = args.limits.max_table.unwrap_or(limits.table_elements);
    limits.gc_heap_bytes = args.limits.max_gc_heap.unwrap_or(limits.gc_heap_bytes);
    store.set_limits(limits);
    match args.limits.fuel {
        Some(fuel) => store.set_fuel(fuel),
        None => Ok(()),
    }
}

/// What the guest gets of the world.
fn host(args: &RunArgs, manifest: Option<&Capabilities>) -> Result<Host, Failure> {
    for dir in &args.guest.dirs {
        let path = Path::new(&dir.host);
        if let Some(Err(why)) = manifest.map(|manifest| manifest.check_preopen(path)) {
            return Err(Failure::load(path, why.message()));
        }
    }
    let usage = |error: Error| Failure::usage(error.to_string());
    Ok(Host {
        wasi: wasi(args).map_err(usage)?,
        sysenv: sysenv(args, manifest.is_some()).map_err(usage)?,
    })
}

/// Argument 0.
fn name(args: &RunArgs) -> OsString {
    args.guest.argv0.clone().unwrap_or_else(|| args.module.clone().into())
}

/// The variables that `--env` sets.
fn variables(args: &RunArgs) -> impl Iterator<Item = (OsString, OsString)> + '_ {
    args.guest.env.iter().filter_map(|pair| {
        use std::os::unix::ffi::OsStrExt;
        let bytes = pair.as_bytes();
        match bytes.iter().position(|&byte| byte == b'=') {
            Some(at) => {
                let part = |bytes: &[u8]| std::ffi::OsStr::from_bytes(bytes).to_owned();
                Some((part(&bytes[..at]), part(&bytes[at + 1..])))
            }
            None => Some((pair.clone(), std::env::var_os(pair)?)),
        }
    })
}

fn wasi(args: &RunArgs) -> Result<Wasi, Error> {
    let guest = &args.guest;
    let mut wasi = Wasi::default().name(name(args)).args(&args.args).inherit_stdio();
    if !args.limits.deterministic {
        wasi = wasi.inherit_system();
    }
    if args.engine.trace == Some(Trace::Host) {
        wasi = wasi.trace(std::io::stderr());
    }
    if guest.inherit_env {
        wasi = wasi.inherit_env();
    }
    for (key, value) in variables(args) {
        wasi = wasi.env(key, value);
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
    if let (Some(cwd), false) = (&guest.cwd, guest.dirs.is_empty()) {
        // C libraries begin relative paths at the directory called `.`.
        let (host, read_only) = inside(&guest.dirs, &cwd.to_string_lossy())?;
        wasi = match read_only {
            true => wasi.preopen_ro(host, ".")?,
            false => wasi.preopen(host, ".")?,
        };
    }
    if let Some(path) = &guest.stdin {
        wasi = wasi.stdin(open(path)?);
    }
    Ok(wasi)
}

/// The directory of the host that a guest's path leads to.
fn inside(dirs: &[DirArg], cwd: &str) -> Result<(PathBuf, bool), Error> {
    let names = |path: &str| -> Vec<String> {
        path.split('/').filter(|name| !matches!(*name, "" | ".")).map(Into::into).collect()
    };
    let wanted = names(cwd);
    let beneath = dirs.iter().filter(|dir| wanted.starts_with(&names(&dir.guest)));
    let found = beneath.max_by_key(|dir| names(&dir.guest).len());
    let nowhere = || Error::host(format!("--cwd {cwd} is in none of the guest's directories"));
    let dir = found.ok_or_else(nowhere)?;
    let root = Path::new(&dir.host).canonicalize()?;
    let path = root.join(wanted[names(&dir.guest).len()..].join("/"));
    match path.canonicalize() {
        // A link that leads out would be one more directory than was given.
        Ok(path) if path.starts_with(&root) => Ok((path, dir.read_only)),
        _ => Err(nowhere()),
    }
}

fn sysenv(args: &RunArgs, has_manifest: bool) -> Result<Sysenv, Error> {
    let guest = &args.guest;
    let ambient = guest.dirs.is_empty() && !has_manifest;
    let mut config = sysenv::Config::new().args([name(args)]).args(&args.args).inherit_stdio();
    if ambient {
        config = config.ambient();
    }
    if !args.limits.deterministic {
        config = config.inherit_system();
    }
    if ambient || guest.inherit_env {
        config = config.inherit_env();
    }
    for (key, value) in variables(args) {
        config = config.env(key, value);
    }
    for dir in &guest.dirs {
        config = match dir.read_only {
            true => config.preopen_ro(&dir.host, &dir.guest),
            false => config.preopen(&dir.host, &dir.guest),
        };
    }
    if let Some(cwd) = &guest.cwd {
        config = config.cwd(cwd);
    }
    if let Some(path) = &guest.stdin {
        config = config.stdin_file(open(path)?);
    }
    if args.link.sysenv_compat == Some(SysenvCompat::V1_4) {
        config = config.compat(sysenv::Compat::V1_4);
    }
    Sysenv::new(config)
}

fn open(path: &Path) -> Result<std::fs::File, Error> {
    let failed = |error| Error::host(format!("--stdin {}: {error}", path.display()));
    std::fs::File::open(path).map_err(failed)
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

/// What happens once everything is in place: a command runs, a function is called, or one is told
/// what could be called.
fn start(
    program: &mut Program<'_>,
    module: &Module,
    instance: Instance,
    args: &RunArgs,
    watch: &Watch,
) -> u8 {
    let path = &args.module;
    let entry = args.guest.invoke.as_deref().unwrap_or("_start");
    let func = instance.func(&program.store, entry);
    // A reactor; a command has none.
    if let Some(initialize) = instance.func(&program.store, "_initialize") {
        let done = initialize.call(&mut program.store, &[], &mut []);
        if done.is_err() {
            return ended(done, path, program, watch);
        }
    }
    match (func, &args.guest.invoke) {
        (Some(func), Some(name)) => invoke(program, instance, func, name, args, watch),
        (Some(func), None) => {
            let done = func.call(&mut program.store, &[], &mut []);
            ended(done, path, program, watch)
        }
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

fn invoke(
    program: &mut Program<'_>,
    instance: Instance,
    func: Func,
    name: &str,
    args: &RunArgs,
    watch: &Watch,
) -> u8 {
    let ty = match func.ty(&program.store) {
        Ok(ty) => ty,
        Err(error) => return ended(Err(error), &args.module, program, watch),
    };
    let store = &mut program.store;
    let given = &args.args;
    if given.len() != ty.params.len() {
        let (wanted, given) = (ty.params.len(), given.len());
        complain(&format!("`{name}` has the type {ty}: {wanted} arguments, not {given}"));
        return EXIT_USAGE;
    }
    let mut values = Vec::new();
    for (&ty, text) in ty.params.iter().zip(given) {
        match value::parse(store, instance, ty, &text.to_string_lossy()) {
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
        let lines = results.iter().map(|result| value::print(store, Some(instance), result) + "\n");
        say(&lines.collect::<String>());
    }
    ended(outcome, &args.module, program, watch)
}

/// The exit code of what ended so; says why if it is an error.
fn ended(outcome: Result<(), Error>, path: &Path, program: &Program<'_>, watch: &Watch) -> u8 {
    let Err(error) = outcome else { return 0 };
    if let Some(code) = error.exit_code() {
        return (code & 0xFF) as u8;
    }
    if let (Some(Trap::Interrupted), Some(reason)) = (error.trap(), watch.expired()) {
        let frames = report::backtrace(error.backtrace(), &program.modules);
        complain(&format!("{}: {reason}{frames}", path.display()));
        return EXIT_TIMEOUT;
    }
    complain(&format!("{}: {}", path.display(), report::describe(&error, program)));
    match error.kind() {
        ErrorKind::Trap | ErrorKind::Exception | ErrorKind::Host => EXIT_TRAP,
        // What should have been found out before: a function that cannot be translated, an import
        // of another type, memory that there is not.
        _ => EXIT_LOAD,
    }
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
    linked: Duration,
    ran: Duration,
}

impl Times {
    fn start() -> Times {
        Times { last: Instant::now(), linked: Duration::ZERO, ran: Duration::ZERO }
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now - core::mem::replace(&mut self.last, now)
    }
}

/// Times and amounts, a line each.
fn stats(program: &Program<'_>, times: &Times, args: &RunArgs) -> String {
    let of = |time: fn(&Module) -> Duration| -> Duration {
        program.modules.iter().map(|(_, module)| time(module)).sum()
    };
    let (decode, validate) = (of(|m| m.stats().decode), of(|m| m.stats().validate));
    let translated: u32 = program.modules.iter().map(|(_, m)| m.stats().translated_functions).sum();
    let time =
        |name: &str, time: Duration| format!("{name:<11}{:>12.3} ms\n", time.as_secs_f64() * 1e3);
    let amount = |name: &str, amount: u64| format!("{name:<11}{amount:>12}\n");
    let used = program.store.stats();
    let mut text = time("decode", decode)
        + &time("validate", validate)
        + &time("translate", of(|m| m.stats().translate))
        + &time("link", times.linked.saturating_sub(decode + validate))
        + &time("run", times.ran)
        + &amount("modules", program.modules.len() as u64)
        + &amount("functions", translated.into())
        + &amount("host calls", used.host_calls)
        + &amount("memory", used.memory_bytes);
    if let Some(peak) = peak_memory() {
        text += &amount("process", peak);
    }
    if let (Some(fuel), Some(left)) = (args.limits.fuel, program.store.fuel()) {
        text += &amount("fuel", fuel.saturating_sub(left));
    }
    text
}

/// What was executed how often, if this is counted.
#[cfg(not(feature = "counting"))]
fn executed(_: &mut Store<Host>) -> String {
    "dispatches not counted: that takes a build with the feature `counting`\n".into()
}
/// What was executed how often: the most frequent instructions, and pairs of neighbours.
#[cfg(feature = "counting")]
fn executed(store: &mut Store<Host>) -> String {
    let executed = match store.dispatches() {
        Ok(executed) => executed,
        Err(error) => return format!("dispatches not known: {error}\n"),
    };
    let total = executed.total;
    let line = |name: &str, count: u64| {
        let share = count as f64 / total as f64;
        format!("{count:>23} {:>6.2}% {name}\n", share * 100.0)
    };
    let mut text = format!("dispatches {total:>12}, by {} names\n", executed.handlers.len());
    for (name, count) in executed.handlers.iter().take(COUNTED_MAX) {
        text += &line(name, *count);
    }
    text += &format!("neighbours {:>12} pairs of names\n", executed.pairs.len());
    for ([first, second], count) in executed.pairs.iter().take(COUNTED_MAX) {
        text += &line(&format!("{first}  ;  {second}"), *count);
    }
    text
}

/// How many instructions, and pairs of them, are told how often they were executed.
#[cfg(feature = "counting")]
const COUNTED_MAX: usize = 25;
/// How many functions are listed.
const LISTED_MAX: usize = 100;
