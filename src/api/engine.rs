//! The engine: what modules and stores share.

use super::{Features, Limits, MemoryCreator};
use crate::exec::compiled::{Options, When};
use crate::rt::error::Error;
use crate::rt::limits::DEFAULT_STACK_BYTES;
use crate::rt::store::Options as StoreOptions;
use crate::wasm::registry::TypeRegistry;
use alloc::sync::Arc;

/// How an [`Engine`] works. Chainable; nothing can fail before [`Engine::new`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    features: Features,
    fuel: bool,
    interrupts: bool,
    invalid_functions: bool,
    when: When,
    threads: usize,
    guard_pages: bool,
    deterministic: bool,
    max_stack_bytes: usize,
    gc_stress: bool,
    memory_creator: Option<Creator>,
}
/// Who gives memories their bytes.
#[derive(Clone)]
struct Creator(Arc<dyn MemoryCreator>);
impl core::fmt::Debug for Creator {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MemoryCreator")
    }
}
impl Default for Config {
    fn default() -> Config {
        Config {
            features: Features::default(),
            fuel: false,
            interrupts: false,
            invalid_functions: false,
            when: When::Called,
            threads: 0,
            guard_pages: false,
            deterministic: false,
            max_stack_bytes: DEFAULT_STACK_BYTES as usize,
            gc_stress: false,
            memory_creator: None,
        }
    }
}
impl Config {
    /// The default: WebAssembly 3.0 and the finished proposals after it, no fuel, translation of
    /// each function on its first call, a value stack of 8 MiB.
    pub fn new() -> Config {
        Config::default()
    }
    /// Which proposals modules may use.
    pub fn features(mut self, features: Features) -> Config {
        self.features = features;
        self
    }
    /// Whether execution consumes fuel; see [`Store::set_fuel`](super::Store::set_fuel).
    pub fn fuel(mut self, on: bool) -> Config {
        self.fuel = on;
        self
    }
    /// Whether execution can be stopped from another thread; see
    /// [`Store::interrupt_handle`](super::Store::interrupt_handle). Guests then look for it at
    /// every turn of a loop, and in every function that calls others.
    pub fn interrupts(mut self, on: bool) -> Config {
        self.interrupts = on;
        self
    }
    /// Whether modules with invalid function bodies are loaded all the same: calling such a
    /// function is a trap. What is malformed is still an error.
    pub fn invalid_functions(mut self, on: bool) -> Config {
        self.invalid_functions = on;
        self
    }
    /// Whether functions are translated when the module is loaded, not on their first call.
    pub fn eager(mut self, on: bool) -> Config {
        self.when = if on { When::Loaded } else { When::Called };
        self
    }
    /// Whether functions are validated on their first call only, and translated then (spec §7.4.3:
    /// validation of a body may wait until it is called). A module is loaded in almost no time; an
    /// invalid or malformed body is an error of the first call of that function, if there is one.
    pub fn lazy(mut self, on: bool) -> Config {
        self.when = if on { When::Needed } else { When::Called };
        self
    }
    /// How many threads may validate and translate a large module while it is loaded, the one that
    /// loads it included; 0, the default, is as many as there are processors. 1 starts none.
    pub fn threads(mut self, most: usize) -> Config {
        self.threads = most;
        self
    }
    /// Whether memories of 32-bit addresses reserve all the address space that an access can reach:
    /// 8 GiB each, where the platform can.
    pub fn guard_pages(mut self, on: bool) -> Config {
        self.guard_pages = on;
        self
    }
    /// Whether the same module with the same input does the same on every machine and in every run
    /// of this version: the deterministic profile of the specification.
    ///
    /// * A NaN that an operation makes is the positive canonical one.
    /// * Whether `memory.grow` and `table.grow` succeed depends on the type and the store's limits
    ///   only ([`Limits::DETERMINISTIC`] unless others are set). If the host has not as much
    ///   memory as the limits allow, growing is a trap, not a -1 that a guest could go on with.
    /// * The frames of a function are as large on every target, so that the stack is exhausted
    ///   after as many calls.
    /// * There are no threads: the proposal is off, and there are no shared memories.
    ///
    /// Fuel, relaxed vector instructions and the order of effects are the same in any case. What
    /// host functions do is up to them.
    pub fn deterministic(mut self, on: bool) -> Config {
        self.deterministic = on;
        self
    }
    /// The size of a store's value stack, unless the store's [`Limits`](super::Limits) are set.
    /// *Units*: bytes.
    pub fn max_stack_bytes(mut self, bytes: usize) -> Config {
        self.max_stack_bytes = bytes;
        self
    }
    /// Who gives memories their bytes, for embedders who own what is allocated. Shared memories are
    /// not asked of it.
    pub fn memory_creator(mut self, creator: impl MemoryCreator + 'static) -> Config {
        self.memory_creator = Some(Creator(Arc::new(creator)));
        self
    }
    /// Whether the heap is collected at every allocation (as long as little is alive; more rarely
    /// when much is), and what is freed is overwritten: a test for those who work on the heap, or
    /// on an embedding. Very slow.
    pub fn gc_stress(mut self, on: bool) -> Config {
        self.gc_stress = on;
        self
    }
}

/// What modules and stores share: configuration and types. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Shared>);
#[derive(Debug)]
struct Shared {
    config: Config,
    registry: TypeRegistry,
}
impl Default for Engine {
    fn default() -> Engine {
        Engine(Arc::new(Shared { config: Config::default(), registry: TypeRegistry::new() }))
    }
}
impl Engine {
    /// An engine.
    ///
    /// # Errors
    /// Usage: the configuration contradicts itself.
    pub fn new(config: Config) -> Result<Engine, Error> {
        if config.max_stack_bytes < 4096 {
            return Err(Error::usage("max_stack_bytes is below 4096"));
        }
        Ok(Engine(Arc::new(Shared { config, registry: TypeRegistry::new() })))
    }
    pub(crate) fn registry(&self) -> &TypeRegistry {
        &self.0.registry
    }
    pub(crate) fn options(&self) -> Options {
        let Config {
            features,
            fuel,
            interrupts,
            invalid_functions,
            when,
            threads,
            deterministic,
            ..
        } = self.0.config;
        let features = if deterministic { features.without(Features::THREADS) } else { features };
        Options { features, fuel, interrupts, invalid_functions, deterministic, when, threads }
    }
    pub(crate) fn store_options(&self) -> StoreOptions {
        let Config {
            fuel, interrupts, guard_pages, deterministic, max_stack_bytes, gc_stress, ..
        } = self.0.config;
        let limits = if deterministic { Limits::DETERMINISTIC } else { Limits::default() };
        let limits = Limits { stack_bytes: max_stack_bytes as u64, ..limits };
        StoreOptions { limits, fuel, interrupts, guard_pages, deterministic, gc_stress }
    }
    pub(crate) fn memory_creator(&self) -> Option<Arc<dyn MemoryCreator>> {
        self.0.config.memory_creator.as_ref().map(|creator| creator.0.clone())
    }
    pub(crate) fn is_deterministic(&self) -> bool {
        self.0.config.deterministic
    }
    pub(crate) fn is_same(&self, other: &Engine) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
