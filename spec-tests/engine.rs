//! The engine under test, as the scripts need it. The only file that knows its interface.

use super::value::{Hierarchy, Value};
use wasmvm::{
    Config, Engine, Error, ErrorKind, Execution, Extern, ExternRef, FuncType, Global, GlobalType,
    Linker, Memory, MemoryType, Progress, RefType, SharedMemory, Store, Table, TableType,
    TypeLimits, Val, ValType,
};
pub use wasmvm::{Instance, Module};

/// The variable of the environment that makes the heap be collected at every allocation.
const GC_STRESS: &str = "WASMVM_GC_STRESS";

/// The variable that makes memories reserve all that a 32-bit address can reach.
const GUARD_PAGES: &str = "WASMVM_GUARD_PAGES";

/// The variable that makes everything run with as little fuel as goes one step further, and be
/// interrupted now and then: the results must be the same.
pub const PIECEMEAL: &str = "WASMVM_PIECEMEAL";

/// A language to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    Wasm3,
    LegacyExceptions,
    Threads,
    /// Threads and bulk memory on top of 1.0: one memory, one table.
    EarlyThreads,
    WideArithmetic,
    CustomPageSizes,
    CompactImports,
    CustomDescriptors,
    /// What the engine has unless it is told otherwise.
    Default,
    /// Everything the engine has.
    All,
}

impl Features {
    fn set(self) -> wasmvm::Features {
        use wasmvm::Features as F;
        match self {
            Features::Wasm3 => F::WASM3,
            Features::LegacyExceptions => F::WASM3.union(F::LEGACY_EXCEPTIONS),
            Features::Threads => F::WASM3.union(F::THREADS),
            Features::EarlyThreads => F::MVP.union(F::BULK_MEMORY).union(F::THREADS),
            Features::WideArithmetic => F::WASM3.union(F::WIDE_ARITHMETIC),
            Features::CustomPageSizes => F::WASM3.union(F::CUSTOM_PAGE_SIZES),
            Features::CompactImports => F::WASM3.union(F::COMPACT_IMPORTS),
            Features::CustomDescriptors => F::WASM3.union(F::CUSTOM_DESCRIPTORS),
            Features::Default => F::default(),
            Features::All => F::ALL,
        }
    }
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Invalid,
    Link,
    Trap,
    Exception,
    Unsupported,
    Other,
}

impl Kind {
    /// Whether the module was rejected as such.
    pub fn is_rejection(self) -> bool {
        matches!(self, Kind::Malformed | Kind::Invalid)
    }
}

/// Why something did not happen.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    pub message: String,
}

impl Failure {
    fn other(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Other, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let kind = match error.kind() {
            ErrorKind::Malformed => Kind::Malformed,
            ErrorKind::Invalid => Kind::Invalid,
            ErrorKind::Link => Kind::Link,
            ErrorKind::Trap => Kind::Trap,
            ErrorKind::Exception => Kind::Exception,
            ErrorKind::Unsupported => Kind::Unsupported,
            _ => Kind::Other,
        };
        Failure { kind, message: error.message() }
    }
}

/// A store with the `spectest` module and whatever a script registers.
pub struct Host {
    engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
}

/// What a script has a name for.
#[derive(Clone)]
pub enum Item {
    Instance(Instance),
    /// What another thread lets this one have of an instance: its shared memories.
    Shared(Vec<(String, SharedMemory)>),
}

impl Host {
    pub fn new(features: Features) -> Host {
        let stress = std::env::var_os(GC_STRESS).is_some();
        let piecemeal = std::env::var_os(PIECEMEAL).is_some();
        let config = Config::new().features(features.set()).gc_stress(stress);
        let config = config.fuel(piecemeal).interrupts(piecemeal);
        let config = config.guard_pages(std::env::var_os(GUARD_PAGES).is_some());
        Host::with(Engine::new(config).expect("a valid setting"))
    }

    /// A store for another thread: nothing is registered but a `spectest` module of its own.
    pub fn thread(&self) -> Host {
        Host::with(self.engine.clone())
    }

    fn with(engine: Engine) -> Host {
        let mut store = Store::new(&engine, ());
        let linker = spectest(&engine, &mut store).expect("the objects of the spectest module");
        Host { engine, store, linker }
    }

    /// What another thread can have of an item.
    pub fn share(&self, item: &Item) -> Result<Item, Failure> {
        let Item::Instance(instance) = item else { return Ok(item.clone()) };
        let mut shared = Vec::new();
        for (name, export) in instance.exports(&self.store)? {
            if let Some(memory) = export.into_memory()
                && let Some(memory) = memory.to_shared(&self.store)?
            {
                shared.push((name, memory));
            }
        }
        Ok(Item::Shared(shared))
    }

    pub fn compile(&mut self, bytes: &[u8]) -> Result<Module, Failure> {
        Ok(Module::new(&self.engine, bytes)?)
    }

    /// Reads the custom sections whose contents the specification defines.
    pub fn read_customs(&self, module: &Module) -> Result<(), Failure> {
        module.branch_hints()?;
        Ok(())
    }

    pub fn instantiate(&mut self, module: &Module) -> Result<Instance, Failure> {
        if self.store.fuel().is_some() {
            let start = self.linker.start(&mut self.store, module)?;
            return self.piecemeal(start);
        }
        Ok(self.linker.instantiate(&mut self.store, module)?)
    }

    pub fn register(&mut self, name: &str, item: &Item) -> Result<(), Failure> {
        match item {
            Item::Instance(instance) => {
                self.linker.instance(&self.store, name, *instance)?;
            }
            Item::Shared(memories) => {
                for (export, memory) in memories {
                    let memory = Memory::from_shared(&mut self.store, memory)?;
                    self.linker.define(&self.store, name, export, Extern::Memory(memory))?;
                }
            }
        }
        Ok(())
    }

    pub fn invoke(
        &mut self,
        instance: &Instance,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Failure> {
        let func = instance
            .func(&self.store, name)
            .ok_or_else(|| Failure::other(format!("no function is exported as {name:?}")))?;
        let ty = func.ty(&self.store)?;
        let args: Vec<Val> =
            args.iter().map(|arg| lower(&mut self.store, *arg)).collect::<Result<_, _>>()?;
        let mut results: Vec<Val> = ty.results.iter().map(|ty| Val::default_for(*ty)).collect();
        if self.store.fuel().is_some() {
            let call = func.start(&mut self.store, &args)?;
            results = self.piecemeal(call)?;
        } else {
            func.call(&mut self.store, &args, &mut results)?;
        }
        results.iter().map(|result| lift(&self.store, result)).collect()
    }

    /// Runs an execution with as little fuel as takes it one step further, and interrupts every
    /// third step. What takes many steps gets more at a time, a prime number.
    fn piecemeal<R>(&mut self, mut execution: Execution<R>) -> Result<R, Failure> {
        let interrupt = self.store.interrupt_handle()?;
        for step in 0_u64.. {
            match execution.run(&mut self.store)? {
                Progress::Done(result) => {
                    interrupt.clear();
                    return Ok(result);
                }
                Progress::OutOfFuel { needed } => {
                    let more = if step < SMALL_STEPS { 0 } else { LARGE_STEP };
                    self.store.set_fuel(needed + more)?;
                }
                Progress::Interrupted => {}
                Progress::Suspended(_) => break,
            }
            if step % 3 == 0 {
                interrupt.interrupt();
            }
        }
        Err(Failure::other("nobody suspends it".to_string()))
    }

    pub fn get(&mut self, instance: &Instance, name: &str) -> Result<Value, Failure> {
        let global = instance
            .global(&self.store, name)
            .ok_or_else(|| Failure::other(format!("no global is exported as {name:?}")))?;
        let value = global.get(&self.store)?;
        lift(&self.store, &value)
    }
}

const SMALL_STEPS: u64 = 5_000;
const LARGE_STEP: u64 = 997;

/// A value of the script as one of the engine.
fn lower(store: &mut Store<()>, value: Value) -> Result<Val, Failure> {
    Ok(match value {
        Value::I32(bits) => Val::I32(bits as i32),
        Value::I64(bits) => Val::I64(bits as i64),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits),
        Value::Null(Hierarchy::Func) => Val::FuncRef(None),
        Value::Null(Hierarchy::Extern) => Val::ExternRef(None),
        Value::Null(Hierarchy::Any) => Val::AnyRef(None),
        Value::Null(Hierarchy::Exn) => Val::ExnRef(None),
        Value::Extern(Some(number)) => Val::ExternRef(Some(ExternRef::new(store, number))),
        Value::Host(number) => Val::AnyRef(Some(ExternRef::new(store, number).to_any())),
        other => return Err(Failure::other(format!("{other:?} cannot be an argument"))),
    })
}

/// A value of the engine as one of the script.
fn lift(store: &Store<()>, value: &Val) -> Result<Value, Failure> {
    Ok(match value {
        Val::I32(value) => Value::I32(*value as u32),
        Val::I64(value) => Value::I64(*value as u64),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(bits) => Value::V128(*bits),
        Val::FuncRef(None) => Value::Null(Hierarchy::Func),
        Val::FuncRef(Some(_)) => Value::Func,
        Val::ExternRef(None) => Value::Null(Hierarchy::Extern),
        Val::ExternRef(Some(value)) => Value::Extern(value.get::<u32>(store)?.copied()),
        Val::AnyRef(None) => Value::Null(Hierarchy::Any),
        Val::ExnRef(None) => Value::Null(Hierarchy::Exn),
        Val::ExnRef(Some(_)) => Value::Exn,
        Val::AnyRef(Some(value)) if value.i31().is_some() => Value::I31,
        Val::AnyRef(Some(value)) => match value.to_extern().get::<u32>(store)? {
            Some(number) => Value::Host(*number),
            None if value.as_array(store)?.is_some() => Value::Array,
            None => Value::Struct,
        },
    })
}

/// The host module of the scripts (the reference interpreter's `host/spectest.ml`).
fn spectest(engine: &Engine, store: &mut Store<()>) -> Result<Linker<()>, Error> {
    use ValType::{F32, F64, I32, I64};
    let mut linker = Linker::new(engine);
    // A script may register another instance under a name.
    linker.allow_shadowing(true);
    let prints: [(&str, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    for (name, params) in prints {
        let ty = FuncType { params: params.into(), results: Box::new([]) };
        linker.func_new("spectest", name, ty, |_, _, _| Ok(()))?;
    }
    let globals = [
        ("global_i32", I32, Val::I32(666)),
        ("global_i64", I64, Val::I64(666)),
        ("global_f32", F32, Val::F32(666.6_f32.to_bits())),
        ("global_f64", F64, Val::F64(666.6_f64.to_bits())),
    ];
    for (name, value, init) in globals {
        let global = Global::new(&mut *store, GlobalType { value, mutable: false }, init)?;
        linker.define(&*store, "spectest", name, Extern::Global(global))?;
    }
    for (name, is_64) in [("table", false), ("table64", true)] {
        let limits = TypeLimits { min: 10, max: Some(20), is_64 };
        let ty = TableType { limits, element: RefType::FUNC };
        let table = Table::new(&mut *store, ty, Val::FuncRef(None))?;
        linker.define(&*store, "spectest", name, Extern::Table(table))?;
    }
    let memories =
        [("memory", false, false), ("memory64", true, false), ("shared_memory", false, true)];
    for (name, is_64, shared) in memories {
        let limits = TypeLimits { min: 1, max: Some(2), is_64 };
        let ty = MemoryType { limits, shared, page_size_log2: 16 };
        let memory = Memory::new(&mut *store, ty)?;
        linker.define(&*store, "spectest", name, Extern::Memory(memory))?;
    }
    Ok(linker)
}
