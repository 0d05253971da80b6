//! The handle interface: modules and instances are numbers, errors have codes, and nothing is
//! opened that the [`Capabilities`] do not allow. For scripting hosts and bindings.
//!
//! ```
//! use wasmvm::runtime::{Capabilities, Runtime, Value, WasiConfig};
//! # fn main() -> Result<(), wasmvm::runtime::Error> {
//! let mut runtime = Runtime::new(Capabilities::none())?;
//! # let bytes = wat::parse_str("(module (func (export \"add\") (param i32 i64) (result i64)
//! #     (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1))))").unwrap();
//! let module = runtime.compile(bytes)?;
//! let instance = runtime.instantiate(module, WasiConfig::new())?;
//! // Numbers become what the export's signature asks for.
//! assert_eq!(runtime.call(instance, "add", &[2.into(), 3.into()])?, [Value::I64(5)]);
//! runtime.drop_instance(instance)?;
//! # Ok(()) }
//! ```

mod capabilities;
mod config;
mod error;
mod value;

use std::collections::BTreeMap;
use std::path::Path;

pub use self::capabilities::Capabilities;
pub use self::config::WasiConfig;
pub use self::error::{Code, Error};
pub use self::value::Value;
use crate::wasi::{self, Wasi};
use crate::{
    Config, Engine, ExportType, Func, FuncType, Instance, InterruptHandle, Limits, Linker, Memory,
    Module, Store, Val,
};

macro_rules! ids { ($($(#[$doc:meta])* $name:ident;)*) => { $(
    $(#[$doc])*
    ///
    /// Numbers begin at 1 and are never used again.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct $name(u64);
    impl $name {
        /// What has this number; whether there is such a thing is found out by using it.
        pub const fn from_number(number: u64) -> $name {
            $name(number)
        }
        /// The number.
        pub const fn number(self) -> u64 {
            self.0
        }
    }
)* } }
ids! {
    /// A module of a [`Runtime`].
    ModuleId;
    /// An instance of a [`Runtime`].
    InstanceId;
}

/// Modules and instances, by numbers.
///
/// Every instance has a store of its own: what it uses is freed when it is dropped.
pub struct Runtime {
    engine: Engine,
    linker: Linker<Wasi>,
    capabilities: Capabilities,
    limits: Option<Limits>,
    initial_fuel: u64,
    last: u64,
    modules: BTreeMap<ModuleId, Module>,
    instances: BTreeMap<InstanceId, Guest>,
}

struct Guest {
    store: Store<Wasi>,
    instance: Instance,
    module: Module,
}

impl core::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (modules, instances) = (self.modules.len(), self.instances.len());
        let mut f = f.debug_struct("Runtime");
        f.field("modules", &modules).field("instances", &instances).finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime with an engine of the default configuration.
    ///
    /// # Errors
    /// None that is known.
    pub fn new(capabilities: Capabilities) -> Result<Runtime, Error> {
        Runtime::with_config(Config::default(), capabilities)
    }
    /// A runtime; with fuel or interrupts if they are configured.
    ///
    /// # Errors
    /// 5001: the configuration contradicts itself.
    pub fn with_config(config: Config, capabilities: Capabilities) -> Result<Runtime, Error> {
        let failed = |error| Error::of_engine(Code::InstantiateError, error);
        let engine = Engine::new(config).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker, |wasi| wasi).map_err(failed)?;
        let (modules, instances) = (BTreeMap::new(), BTreeMap::new());
        let (limits, initial_fuel, last) = (None, 0, 0);
        Ok(Runtime { engine, linker, capabilities, limits, initial_fuel, last, modules, instances })
    }
    /// What instances made from now on may use, each.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = Some(limits);
    }
    /// With how much fuel instances made from now on begin, if fuel is configured.
    pub fn set_initial_fuel(&mut self, fuel: u64) {
        self.initial_fuel = fuel;
    }
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Compiles a module.
    ///
    /// # Errors
    /// 5000.
    pub fn compile(&mut self, bytes: impl Into<Vec<u8>>) -> Result<ModuleId, Error> {
        let module = Module::new(&self.engine, bytes);
        let module = module.map_err(|error| Error::of_engine(Code::CompileError, error))?;
        let id = ModuleId(self.next());
        self.modules.insert(id, module);
        Ok(id)
    }
    /// Compiles a module from a file, which is read at once.
    ///
    /// # Errors
    /// 5009: the capabilities do not allow it: then it is not opened; 5008: it cannot be read;
    /// 5000.
    pub fn compile_file(&mut self, path: impl AsRef<Path>) -> Result<ModuleId, Error> {
        // What was resolved is what is opened: a link that changes meanwhile leads nowhere.
        let path = self.capabilities.check_load(path)?;
        self.compile(std::fs::read(path)?)
    }
    fn module(&self, id: ModuleId) -> Result<&Module, Error> {
        let none = || Error::new(Code::InvalidModuleHandle, format!("there is no module {}", id.0));
        self.modules.get(&id).ok_or_else(none)
    }
    /// Drops a module; its instances stay.
    ///
    /// # Errors
    /// 5004.
    pub fn drop_module(&mut self, id: ModuleId) -> Result<(), Error> {
        self.module(id)?;
        self.modules.remove(&id);
        Ok(())
    }
    /// The exports of a module, with their types.
    ///
    /// # Errors
    /// 5004.
    pub fn module_exports(&self, id: ModuleId) -> Result<Vec<ExportType>, Error> {
        Ok(self.module(id)?.exports().collect())
    }

    /// Instantiates a module: its start function runs, and `_initialize` if it is exported.
    ///
    /// # Errors
    /// 5004; 5008, 5009, 5010: what the configuration asks for cannot be given; 5001; 5011.
    pub fn instantiate(
        &mut self,
        module: ModuleId,
        config: WasiConfig,
    ) -> Result<InstanceId, Error> {
        let failed = |error| Error::of_engine(Code::InstantiateError, error);
        let module = self.module(module)?.clone();
        let wasi = config.into_wasi(&self.capabilities)?;
        let mut store = Store::new(&self.engine, wasi);
        if let Some(limits) = self.limits {
            store.set_limits(limits);
        }
        if store.fuel().is_some() {
            store.set_fuel(self.initial_fuel).map_err(failed)?;
        }
        let instance = self.linker.instantiate(&mut store, &module).map_err(failed)?;
        if let Some(initialize) = instance.func(&store, "_initialize") {
            initialize.call(&mut store, &[], &mut []).map_err(failed)?;
        }
        let id = InstanceId(self.next());
        self.instances.insert(id, Guest { store, instance, module });
        Ok(id)
    }
    fn guest(&self, id: InstanceId) -> Result<&Guest, Error> {
        self.instances.get(&id).ok_or_else(|| no_instance(id))
    }
    fn guest_mut(&mut self, id: InstanceId) -> Result<&mut Guest, Error> {
        self.instances.get_mut(&id).ok_or_else(|| no_instance(id))
    }
    /// Drops an instance and all that it uses.
    ///
    /// # Errors
    /// 5005.
    pub fn drop_instance(&mut self, id: InstanceId) -> Result<(), Error> {
        self.instances.remove(&id).map(drop).ok_or_else(|| no_instance(id))
    }
    /// The exports of an instance, with their types.
    ///
    /// # Errors
    /// 5005.
    pub fn instance_exports(&self, id: InstanceId) -> Result<Vec<ExportType>, Error> {
        Ok(self.guest(id)?.module.exports().collect())
    }
    /// The signature of an exported function.
    ///
    /// # Errors
    /// 5005; 5003.
    pub fn func_type(&self, id: InstanceId, name: &str) -> Result<FuncType, Error> {
        let Guest { store, instance, .. } = self.guest(id)?;
        let func = instance.func(store, name).ok_or_else(|| not_found("function", name))?;
        func.ty(store).map_err(|error| Error::of_engine(Code::CallError, error))
    }
    /// Calls an exported function. That a guest ends itself is an error with an
    /// [`exit_code`](Error::exit_code).
    ///
    /// # Errors
    /// 5005; 5003; 5007: arguments do not fit; 5002; 5011.
    pub fn call(
        &mut self,
        id: InstanceId,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Error> {
        let Guest { store, instance, .. } = self.guest_mut(id)?;
        let func = instance.func(store, name).ok_or_else(|| not_found("function", name))?;
        call(store, func, name, args)
    }

    /// The memory exported as `memory`, else the first one that is exported.
    fn memory(&mut self, id: InstanceId) -> Result<(&mut Store<Wasi>, Memory), Error> {
        let Guest { store, instance, .. } = self.guest_mut(id)?;
        let memory = instance.memory(store, "memory").or_else(|| {
            let exports = instance.exports(store).unwrap_or_default();
            exports.into_iter().find_map(|(_, object)| object.into_memory())
        });
        Ok((store, memory.ok_or_else(|| not_found("memory", "memory"))?))
    }
    /// The size of an instance's memory: the one exported as `memory`, else the first one that is
    /// exported. *Units*: bytes.
    ///
    /// # Errors
    /// 5005; 5003: no memory is exported.
    pub fn memory_size(&mut self, id: InstanceId) -> Result<u64, Error> {
        let (store, memory) = self.memory(id)?;
        let ty = memory.ty(store).map_err(of_memory)?;
        Ok(ty.limits.min << ty.page_size_log2)
    }
    /// Bytes of an instance's memory.
    ///
    /// # Errors
    /// 5005; 5003; 5006: they are not all inside.
    pub fn memory_read(&mut self, id: InstanceId, at: u64, len: u64) -> Result<Vec<u8>, Error> {
        let size = self.memory_size(id)?;
        let outside = || Error::new(Code::MemoryError, "out of bounds memory access");
        if at.checked_add(len).is_none_or(|end| end > size) {
            return Err(outside());
        }
        // There are as many bytes, so they can be counted.
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| outside())?];
        let (store, memory) = self.memory(id)?;
        memory.read(store, at, &mut bytes).map_err(of_memory)?;
        Ok(bytes)
    }
    /// Writes to an instance's memory.
    ///
    /// # Errors
    /// As for [`Runtime::memory_read`]; then nothing is written.
    pub fn memory_write(&mut self, id: InstanceId, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let (store, memory) = self.memory(id)?;
        memory.write(store, at, bytes).map_err(of_memory)
    }
    /// Grows an instance's memory; gives the old size. *Units*: pages.
    ///
    /// # Errors
    /// 5005; 5003; 5006: it cannot grow so far.
    pub fn memory_grow(&mut self, id: InstanceId, pages: u64) -> Result<u64, Error> {
        let (store, memory) = self.memory(id)?;
        memory.grow(store, pages).map_err(of_memory)
    }

    /// Sets the fuel that an instance has left.
    ///
    /// # Errors
    /// 5005; 5002: fuel is not configured.
    pub fn set_fuel(&mut self, id: InstanceId, fuel: u64) -> Result<(), Error> {
        let set = self.guest_mut(id)?.store.set_fuel(fuel);
        set.map_err(|error| Error::of_engine(Code::CallError, error))
    }
    /// The fuel that an instance has left, if it is configured.
    ///
    /// # Errors
    /// 5005.
    pub fn fuel(&self, id: InstanceId) -> Result<Option<u64>, Error> {
        Ok(self.guest(id)?.store.fuel())
    }
    /// What stops an instance from another thread.
    ///
    /// # Errors
    /// 5005; 5002: interrupts are not configured.
    pub fn interrupt_handle(&self, id: InstanceId) -> Result<InterruptHandle, Error> {
        let handle = self.guest(id)?.store.interrupt_handle();
        handle.map_err(|error| Error::of_engine(Code::CallError, error))
    }
}

fn call(
    store: &mut Store<Wasi>,
    func: Func,
    name: &str,
    args: &[Value],
) -> Result<Vec<Value>, Error> {
    let failed = |error| Error::of_engine(Code::CallError, error);
    let ty = func.ty(store).map_err(failed)?;
    let args = value::arguments(name, &ty, args)?;
    let mut results: Vec<Val> = ty.results.iter().map(|&ty| Val::default_for(ty)).collect();
    func.call(&mut *store, &args, &mut results).map_err(|error| match error.kind() {
        // Only a reference that does not fit gets so far.
        crate::ErrorKind::Usage => Error::of_engine(Code::TypeError, error),
        _ => failed(error),
    })?;
    Ok(results.into_iter().map(Value::from_val).collect())
}

#[cold]
fn no_instance(id: InstanceId) -> Error {
    Error::new(Code::InvalidInstanceHandle, format!("there is no instance {}", id.0))
}
#[cold]
fn not_found(what: &str, name: &str) -> Error {
    Error::new(Code::ExportNotFound, format!("no {what} is exported as {name:?}"))
}
#[cold]
fn of_memory(error: crate::Error) -> Error {
    Error::of_engine(Code::MemoryError, error)
}
