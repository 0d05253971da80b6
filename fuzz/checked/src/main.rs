//! Runs the steps that the build script has encoded: `checked [stress] [PART OF A NAME]...`; with
//! `stress`, every allocation on the heap collects.

use std::collections::HashMap;
use wasmvm::{Config, Engine, Features, FuncType, Instance, Limits, Linker, Module, Store, Val};

const STEPS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/steps"));

/// What is left of the steps.
struct Reader(&'static [u8]);
impl Reader {
    fn take(&mut self, len: usize) -> &'static [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }
    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }
    fn bytes(&mut self) -> &'static [u8] {
        let len = u32::from_le_bytes(self.take(4).try_into().expect("4 bytes"));
        self.take(len as usize)
    }
    fn text(&mut self) -> &'static str {
        std::str::from_utf8(self.bytes()).expect("text")
    }
    /// None for any value.
    fn value(&mut self) -> Option<Val> {
        let tag = self.byte();
        let bits = u128::from_le_bytes(self.take(16).try_into().expect("16 bytes"));
        Some(match tag {
            b'i' => Val::I32(bits as i32),
            b'l' => Val::I64(bits as i64),
            b'f' => Val::F32(bits as u32),
            b'd' => Val::F64(bits as u64),
            b'v' => Val::V128(bits),
            _ => return None,
        })
    }
    fn values(&mut self) -> Vec<Option<Val>> {
        (0..self.byte()).map(|_| self.value()).collect()
    }
}

/// What a script has made.
struct Script {
    name: &'static str,
    engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
    current: Option<Instance>,
    named: HashMap<&'static str, Instance>,
    /// A step was left out: what comes after it may have other results.
    incomplete: bool,
}

#[derive(Default)]
struct Counts {
    scripts: u32,
    modules: u32,
    calls: u32,
    left_out: u32,
}

impl Script {
    fn new(name: &'static str, stress: bool) -> Script {
        let config = Config::new().features(Features::ALL).gc_stress(stress);
        let engine = Engine::new(config.max_stack_bytes(256 << 10)).expect("a valid setting");
        let mut store = Store::new(&engine, ());
        store.set_limits(Limits { stack_bytes: 256 << 10, ..Limits::default() });
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        for print in ["print", "print_i32"] {
            let ty = FuncType {
                params: if print == "print" { [].into() } else { [wasmvm::ValType::I32].into() },
                results: [].into(),
            };
            linker.func_new("spectest", print, ty, |_, _, _| Ok(())).expect("a new name");
        }
        Script {
            name,
            engine,
            store,
            linker,
            current: None,
            named: HashMap::new(),
            incomplete: false,
        }
    }
    fn instance(&self, name: &str) -> Option<Instance> {
        if name.is_empty() { self.current } else { self.named.get(name).copied() }
    }
    /// None where the module needs what this host does not have.
    fn module(&mut self, name: &'static str, bytes: &[u8]) -> Option<Instance> {
        let made = Module::new(&self.engine, bytes)
            .and_then(|module| self.linker.instantiate(&mut self.store, &module));
        let made = match made {
            Err(error) if error.kind() != wasmvm::ErrorKind::Link => {
                panic!("{}: {error}", self.name)
            }
            made => made.ok(),
        };
        self.current = made;
        match made {
            Some(instance) => drop(self.named.insert(name, instance)),
            None => drop(self.named.remove(name)),
        }
        made
    }
    /// None where there is no such instance.
    fn call(&mut self, steps: &mut Reader, kind: u8) -> Option<()> {
        let (instance, name, args) = (steps.text(), steps.text(), steps.values());
        let expected = if kind == b'=' { steps.values() } else { Vec::new() };
        let func = self.instance(instance)?.func(&self.store, name).expect("an export");
        let args: Vec<Val> = args.into_iter().flatten().collect();
        let ty = func.ty(&self.store).expect("of this store");
        let mut results: Vec<Val> = ty.results.iter().map(|&ty| Val::default_for(ty)).collect();
        let ended = func.call(&mut self.store, &args, &mut results);
        match (kind, ended) {
            _ if self.incomplete => {}
            (b'T', Ok(())) => panic!("{}: {name} returns {results:?}", self.name),
            (b'=', Err(error)) => panic!("{}: {name}: {error}", self.name),
            (b'=', Ok(())) => {
                let same = |(got, want): (&Val, &Option<Val>)| want.is_none_or(|v| v == *got);
                let same =
                    results.len() == expected.len() && results.iter().zip(&expected).all(same);
                assert!(same, "{}: {name} {args:?}: {results:?}, not {expected:?}", self.name);
            }
            _ => {}
        }
        Some(())
    }
    fn step(&mut self, steps: &mut Reader, kind: u8, counts: &mut Counts) -> Option<()> {
        match kind {
            b'M' => {
                let (name, bytes) = (steps.text(), steps.bytes());
                self.module(name, bytes)?;
                counts.modules += 1;
            }
            b'L' => {
                skip(steps, kind);
                return None;
            }
            b'X' => {
                let (_, bytes) = (steps.text(), steps.bytes());
                let made = Module::new(&self.engine, bytes)
                    .and_then(|module| self.linker.instantiate(&mut self.store, &module));
                assert!(made.is_err() || self.incomplete, "{}: a bad module is taken", self.name);
                counts.modules += 1;
            }
            b'R' => {
                let (name, instance) = (steps.text(), steps.text());
                let instance = self.instance(instance)?;
                self.linker.instance(&mut self.store, name, instance).expect("of this store");
            }
            _ => {
                self.call(steps, kind)?;
                counts.calls += 1;
            }
        }
        Some(())
    }
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let stress = args.iter().any(|arg| arg == "stress");
    args.retain(|arg| arg != "stress");
    let mut steps = Reader(STEPS);
    let mut counts = Counts::default();
    let mut script: Option<Script> = None;
    while !steps.0.is_empty() {
        let kind = steps.byte();
        if kind == b'S' {
            let name = steps.text();
            let wanted = args.is_empty() || args.iter().any(|part| name.contains(part));
            drop(script.take());
            if wanted {
                println!("{name}");
                counts.scripts += 1;
            }
            script = wanted.then(|| Script::new(name, stress));
            continue;
        }
        match &mut script {
            Some(script) => {
                let done = script.step(&mut steps, kind, &mut counts);
                counts.left_out += u32::from(done.is_none());
                script.incomplete |= done.is_none();
            }
            None => skip(&mut steps, kind),
        }
    }
    drop(script);
    let Counts { scripts, modules, calls, left_out } = counts;
    println!("{scripts} scripts, {modules} modules, {calls} calls");
    println!("{left_out} steps left out, after which results are not compared in a script");
}

/// Reads a step of a script that is not wanted.
fn skip(steps: &mut Reader, kind: u8) {
    steps.bytes();
    steps.bytes();
    if let b'C' | b'=' | b'T' = kind {
        steps.values();
        if kind == b'=' {
            steps.values();
        }
    }
}
