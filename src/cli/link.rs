//! Programs of several modules: who provides an import, and in which order they come to be.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::args::{HostModules, LinkArgs, RunArgs, UnknownImports};
use super::{Failure, load, note};
use crate::runtime::Capabilities;
use crate::sysenv::{self, Sysenv};
use crate::wasi::{self, Wasi};
use crate::{Engine, Error, Instance, Linker, Module, Store};

/// What the host modules work on.
pub(super) struct Host {
    pub wasi: Wasi,
    pub sysenv: Sysenv,
}

/// The modules of a program, and what they become.
pub(super) struct Program<'a> {
    args: &'a RunArgs,
    engine: Engine,
    pub store: Store<Host>,
    /// The host modules, with which every module begins.
    host: Linker<Host>,
    host_names: Vec<&'static str>,
    manifest: Option<Capabilities>,
    preloaded: BTreeMap<String, Instance>,
    /// By canonical path.
    loaded: HashMap<PathBuf, Instance>,
    /// The files whose imports are being looked for, each an importer of the next: canonical path,
    /// and path as it was found.
    active: Vec<(PathBuf, PathBuf)>,
    /// Every module that was loaded, and from where.
    pub modules: Vec<(PathBuf, Module)>,
}

/// Why a program does not go on.
pub(super) enum Stop {
    Failure(Failure),
    /// What a module ended with while it was instantiated.
    Guest(PathBuf, Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failure(failure)
    }
}

impl<'a> Program<'a> {
    pub(super) fn new(
        args: &'a RunArgs,
        store: Store<Host>,
        manifest: Option<Capabilities>,
    ) -> Result<Program<'a>, Error> {
        let engine = store.engine().clone();
        let mut host = Linker::new(&engine);
        // Modules that are preloaded go before those of the host.
        host.allow_shadowing(true);
        if provides(&args.link, HostModules::Wasi) {
            wasi::add_to_linker(&mut host, |host: &mut Host| &mut host.wasi)?;
        }
        if provides(&args.link, HostModules::Sysenv) {
            sysenv::add_to_linker(&mut host, |host: &mut Host| &mut host.sysenv)?;
        }
        let provided = HOSTS.iter().filter(|(modules, _)| provides(&args.link, *modules));
        let host_names = provided.flat_map(|(_, names)| names.iter().copied()).collect();
        Ok(Program {
            args,
            engine,
            store,
            host,
            host_names,
            manifest,
            preloaded: BTreeMap::new(),
            loaded: HashMap::new(),
            active: Vec::new(),
            modules: Vec::new(),
        })
    }

    /// Instantiates what is preloaded, then the main module, both after what they import.
    pub(super) fn start(&mut self) -> Result<(Module, Instance), Stop> {
        for (name, path) in &self.args.link.preload {
            let instance = self.instance(path)?;
            self.preloaded.insert(name.clone(), instance);
        }
        self.load(&self.args.module)
    }

    /// The instance of a file that is imported; there is one of each.
    fn instance(&mut self, path: &Path) -> Result<Instance, Stop> {
        if let Some(&instance) = self.loaded.get(&canonical(path)) {
            return Ok(instance);
        }
        let (_, instance) = self.load(path)?;
        if let Some(initialize) = instance.func(&self.store, "_initialize") {
            let done = initialize.call(&mut self.store, &[], &mut []);
            done.map_err(|error| Stop::Guest(path.into(), error))?;
        }
        Ok(instance)
    }

    fn load(&mut self, path: &Path) -> Result<(Module, Instance), Stop> {
        let key = canonical(path);
        self.check_cycle(path, &key)?;
        if let Some(manifest) = &self.manifest {
            manifest.check_load(path).map_err(|why| Failure::load(path, why.message()))?;
        }
        let module = load::module(&self.engine, path)?;
        for error in module.invalid_functions() {
            note(&format!("wasmvm: warning: {}: {error}\n", path.display()));
        }
        self.modules.push((path.into(), module.clone()));
        self.active.push((key.clone(), path.into()));
        let linker = self.linker(&module, path);
        self.active.pop();
        let instance = linker?.instantiate(&mut self.store, &module);
        let instance = instance.map_err(|error| Stop::Guest(path.into(), error))?;
        self.loaded.insert(key, instance);
        Ok((module, instance))
    }

    fn check_cycle(&self, path: &Path, key: &Path) -> Result<(), Failure> {
        let Some(start) = self.active.iter().position(|(active, _)| active == key) else {
            if self.active.len() >= CHAIN_MAX {
                let what = format!("modules import one another in a chain of over {CHAIN_MAX}");
                return Err(Failure::load(path, what));
            }
            return Ok(());
        };
        let cycle = self.active[start..].iter().map(|(_, path)| path.display().to_string());
        let cycle: Vec<String> = cycle.chain([path.display().to_string()]).collect();
        let (_, importer) = &self.active[self.active.len() - 1];
        let cycle = cycle.join(" -> ");
        Err(Failure::load(importer, format!("modules import one another: {cycle}")))
    }

    /// A linker with everything that a module imports.
    fn linker(&mut self, module: &Module, path: &Path) -> Result<Linker<Host>, Stop> {
        let failed = |error: Error| Failure::load(path, error);
        let mut linker = self.host.clone();
        let mut names: Vec<String> = Vec::new();
        for import in module.imports() {
            if !names.contains(&import.module) {
                names.push(import.module);
            }
        }
        let mut notes = String::new();
        for name in names {
            let instance = match self.preloaded.get(&name) {
                Some(&instance) => instance,
                None if self.host_names.contains(&&*name) => continue,
                None => match find(&self.args.link, &name, path) {
                    Ok(file) => self.instance(&file)?,
                    Err(places) => {
                        notes += &self.not_found(&name, &places);
                        continue;
                    }
                },
            };
            linker.instance(&self.store, &name, instance).map_err(failed)?;
        }
        if self.args.link.unknown_imports == Some(UnknownImports::Trap) {
            linker.missing_as_traps(module).map_err(failed)?;
            return Ok(linker);
        }
        match missing(&linker, module) {
            None => Ok(linker),
            Some(text) => {
                let hint = if wasi::is_preview2(module) { COMPONENT_HINT } else { TRAP_HINT };
                Err(Failure::load(path, text + &notes + hint).into())
            }
        }
    }

    /// Says where a module was looked for.
    fn not_found(&self, name: &str, places: &[PathBuf]) -> String {
        if SYSENV.contains(&name) && self.args.link.no_system {
            return format!("\n(--no-system has taken {name} away)");
        }
        if HOSTS.iter().any(|(_, names)| names.contains(&name)) && self.args.link.host.is_some() {
            return format!("\n(--host has taken {name} away)");
        }
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        match places.is_empty() {
            true => format!("\n(there is no module {name:?})"),
            false => format!("\n(there is no module {name:?}: not {})", places.join(", ")),
        }
    }
}

/// Whether a host module is there.
fn provides(args: &LinkArgs, modules: HostModules) -> bool {
    let chosen = args.host.as_ref().is_none_or(|hosts| hosts.contains(&modules));
    chosen && !(modules == HostModules::Sysenv && args.no_system)
}

/// All imports that are missing, with their types.
fn missing(linker: &Linker<Host>, module: &Module) -> Option<String> {
    let missing = linker.missing(module);
    let mut text = match missing.len() {
        0 => return None,
        1 => "an import is missing:".to_owned(),
        count => format!("{count} imports are missing:"),
    };
    for import in &missing {
        text += &format!("\n  {import}");
    }
    Some(text)
}

/// The file of a module that `importer` imports under this name, or where it was looked for.
fn find(args: &LinkArgs, name: &str, importer: &Path) -> Result<PathBuf, Vec<PathBuf>> {
    let beside = importer.parent().unwrap_or(Path::new("")).to_owned();
    let mut directories = Vec::new();
    if name.starts_with("./") || name.starts_with("../") {
        directories.push(beside);
    } else if !name.is_empty() && Path::new(name).is_relative() {
        directories.extend(args.extra.iter().cloned());
        directories.extend((!args.no_parent).then_some(beside));
        if !args.no_system {
            let listed = std::env::var_os("WASMVM_PATH").unwrap_or_default();
            let listed = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty());
            directories.extend(listed);
            directories.push(SYSTEM_MODULES.into());
        }
    }
    let mut places = Vec::new();
    for directory in directories {
        for file in [name.to_owned(), format!("{name}.wasm")] {
            // `.` says nothing.
            let place = directory.join(file);
            let parts = place.components().filter(|part| *part != Component::CurDir);
            let place: PathBuf = parts.collect();
            if place.is_file() {
                return Ok(place);
            }
            places.push(place);
        }
    }
    Err(places)
}

/// What tells one file from another; a pipe has no path.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}

const SYSENV: &[&str] = &["sys_fs", "sys_proc"];
const HOSTS: [(HostModules, &[&str]); 2] = [
    (HostModules::Wasi, &["wasi_snapshot_preview1", "wasi_unstable"]),
    (HostModules::Sysenv, SYSENV),
];
const SYSTEM_MODULES: &str = "/usr/local/lib/wasmvm";
const TRAP_HINT: &str = "\n(--unknown-imports=trap runs it nevertheless)";
const COMPONENT_HINT: &str =
    "\n(this is the core module of a component for WASI preview 2: components cannot be run)";
/// How many modules may be instantiated for one another; each takes some native stack.
const CHAIN_MAX: usize = 200;
