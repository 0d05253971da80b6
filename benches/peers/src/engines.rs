//! The engines, behind one small interface.

/// A module that is loaded and instantiated, ready for one call.
pub trait Loaded {
    /// Calls an export of type `[i32] -> [i64]` (or `[i32] -> [i32]`).
    fn call(&mut self, name: &str, arg: i32) -> Result<i64, String>;
}

/// An engine.
pub trait Engine {
    fn name(&self) -> &'static str;
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>, String>;
    /// Loads a module. `None`: there is no such mode.
    fn compile(&self, wasm: &[u8], mode: Mode) -> Option<Result<(), String>>;
    /// Whether it is the same engine as another, in other circumstances: it runs if it is named.
    fn is_variant(&self) -> bool {
        false
    }
}

/// What is done when a module is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is decoded, its functions are validated.
    Checked,
    /// Its functions are translated, too.
    Eager,
    /// It is decoded.
    Lazy,
}

/// All of them; the first is the reference of the ratios.
pub fn all() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(wasmvm_engine::Wasmvm::Plain),
        Box::new(wasmvm_engine::Wasmvm::Fuel),
        Box::new(wasmvm_engine::Wasmvm::Interrupts),
        Box::new(wasmvm_engine::Wasmvm::OneThread),
        Box::new(wasmi_engine::Wasmi),
        Box::new(nano::Nano),
        #[cfg(feature = "pulley")]
        Box::new(pulley::Pulley),
    ]
}

mod wasmvm_engine {
    use super::{Engine, Loaded, Mode};
    use wasmvm::{Config, Instance, Linker, Module, Store, Val};

    /// What code looks at while it runs, and how it is loaded.
    #[derive(PartialEq)]
    pub enum Wasmvm {
        Plain,
        Fuel,
        Interrupts,
        /// Loads with one thread, as the others do.
        OneThread,
    }

    struct Ready {
        store: Store<()>,
        instance: Instance,
    }

    impl Engine for Wasmvm {
        fn name(&self) -> &'static str {
            match self {
                Wasmvm::Plain => "wasmvm",
                Wasmvm::Fuel => "wasmvm-fuel",
                Wasmvm::Interrupts => "wasmvm-interrupts",
                Wasmvm::OneThread => "wasmvm-1-thread",
            }
        }
        fn is_variant(&self) -> bool {
            *self != Wasmvm::Plain
        }
        fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>, String> {
            let (fuel, interrupts) = (*self == Wasmvm::Fuel, *self == Wasmvm::Interrupts);
            let config = Config::new().fuel(fuel).interrupts(interrupts);
            let ready = || {
                let engine = wasmvm::Engine::new(config)?;
                let module = Module::new(&engine, wasm)?;
                let mut store = Store::new(&engine, ());
                if fuel {
                    store.set_fuel(1 << 60)?;
                }
                let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
                Ok(Ready { store, instance })
            };
            ready()
                .map(|ready| Box::new(ready) as Box<dyn Loaded>)
                .map_err(|error: wasmvm::Error| error.to_string())
        }
        fn compile(&self, wasm: &[u8], mode: Mode) -> Option<Result<(), String>> {
            let config = match mode {
                Mode::Checked => Config::new(),
                Mode::Eager => Config::new().eager(true),
                Mode::Lazy => Config::new().lazy(true),
            };
            let config = if *self == Wasmvm::OneThread { config.threads(1) } else { config };
            let module = wasmvm::Engine::new(config).and_then(|engine| Module::new(&engine, wasm));
            Some(module.map(drop).map_err(|error| error.to_string()))
        }
    }

    impl Loaded for Ready {
        fn call(&mut self, name: &str, arg: i32) -> Result<i64, String> {
            let func = self.instance.func(&self.store, name).ok_or("no such export")?;
            let mut results = [Val::I64(0)];
            func.call(&mut self.store, &[Val::I32(arg)], &mut results)
                .map_err(|error| error.to_string())?;
            match results[0] {
                Val::I32(value) => Ok(value.into()),
                Val::I64(value) => Ok(value),
                _ => Err("the result is no integer".to_string()),
            }
        }
    }
}

mod wasmi_engine {
    use super::{Engine, Loaded, Mode};
    use wasmi::{CompilationMode, Config, Instance, Linker, Module, Store, Val};

    pub struct Wasmi;

    struct Ready {
        store: Store<()>,
        instance: Instance,
    }

    fn config(mode: CompilationMode) -> Config {
        let mut config = Config::default();
        config.compilation_mode(mode);
        config
    }

    impl Engine for Wasmi {
        fn name(&self) -> &'static str {
            "wasmi"
        }
        fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>, String> {
            let engine = wasmi::Engine::new(&config(CompilationMode::LazyTranslation));
            let module = Module::new(&engine, wasm).map_err(|error| error.to_string())?;
            let mut store = Store::new(&engine, ());
            let instance = Linker::new(&engine)
                .instantiate_and_start(&mut store, &module)
                .map_err(|error| error.to_string())?;
            Ok(Box::new(Ready { store, instance }))
        }
        fn compile(&self, wasm: &[u8], mode: Mode) -> Option<Result<(), String>> {
            let mode = match mode {
                Mode::Checked => CompilationMode::LazyTranslation,
                Mode::Eager => CompilationMode::Eager,
                Mode::Lazy => CompilationMode::Lazy,
            };
            let engine = wasmi::Engine::new(&config(mode));
            Some(Module::new(&engine, wasm).map(drop).map_err(|error| error.to_string()))
        }
    }

    impl Loaded for Ready {
        fn call(&mut self, name: &str, arg: i32) -> Result<i64, String> {
            let func = self.instance.get_func(&self.store, name).ok_or("no such export")?;
            let args = [Val::I32(arg)];
            let mut results = [Val::I64(0)];
            func.call(&mut self.store, &args, &mut results).map_err(|error| error.to_string())?;
            match results[0] {
                Val::I32(value) => Ok(value.into()),
                Val::I64(value) => Ok(value),
                _ => Err("the result is no integer".to_string()),
            }
        }
    }
}

mod nano {
    use super::{Engine, Loaded, Mode};
    use sf_nano_core::{Config, Instance, Tier, Value};

    /// Silverfir-nano, its interpreter.
    pub struct Nano;

    struct Ready(Instance);

    impl Engine for Nano {
        fn name(&self) -> &'static str {
            "sf-nano"
        }
        fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>, String> {
            let config = Config::new().tier(Tier::Interp);
            let engine = sf_nano_core::Engine::new(config).map_err(|error| format!("{error:?}"))?;
            let instance = Instance::new(&engine, wasm, &[]);
            Ok(Box::new(Ready(instance.map_err(|error| format!("{error:?}"))?)))
        }
        fn compile(&self, wasm: &[u8], mode: Mode) -> Option<Result<(), String>> {
            // It translates whole instances only, and those need their imports.
            let module = || sf_nano_core::Module::new("module", wasm);
            (mode == Mode::Checked)
                .then(|| module().map(drop).map_err(|error| format!("{error:?}")))
        }
    }

    impl Loaded for Ready {
        fn call(&mut self, name: &str, arg: i32) -> Result<i64, String> {
            let func = self.0.get_func(name).ok_or("no such export")?;
            let args = [Value::I32(arg)];
            let mut results = [Value::I64(0)];
            self.0.call(&func, &args, &mut results).map_err(|error| format!("{error:?}"))?;
            match results[0] {
                Value::I32(value) => Ok(value.into()),
                Value::I64(value) => Ok(value),
                _ => Err("the result is no integer".to_string()),
            }
        }
    }
}

#[cfg(feature = "pulley")]
mod pulley {
    use super::{Engine, Loaded, Mode};
    use wasmtime::{Config, Instance, Module, Store, Val};

    /// wasmtime's interpreter: optimised by Cranelift, run as bytecode.
    pub struct Pulley;

    struct Ready {
        store: Store<()>,
        instance: Instance,
    }

    fn engine() -> Result<wasmtime::Engine, String> {
        let mut config = Config::new();
        config.target("pulley64").map_err(|error| error.to_string())?;
        config.wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
        wasmtime::Engine::new(&config).map_err(|error| format!("{error:?}"))
    }

    impl Engine for Pulley {
        fn name(&self) -> &'static str {
            "pulley"
        }
        fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>, String> {
            let engine = engine()?;
            let module = Module::new(&engine, wasm).map_err(|error| format!("{error:?}"))?;
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]);
            let instance = instance.map_err(|error| format!("{error:?}"))?;
            Ok(Box::new(Ready { store, instance }))
        }
        fn compile(&self, wasm: &[u8], mode: Mode) -> Option<Result<(), String>> {
            let module =
                || Module::new(&engine()?, wasm).map(drop).map_err(|error| format!("{error:?}"));
            (mode == Mode::Eager).then(module)
        }
    }

    impl Loaded for Ready {
        fn call(&mut self, name: &str, arg: i32) -> Result<i64, String> {
            let func = self.instance.get_func(&mut self.store, name).ok_or("no such export")?;
            let mut results = [Val::I64(0)];
            func.call(&mut self.store, &[Val::I32(arg)], &mut results)
                .map_err(|error| format!("{error:?}"))?;
            match results[0] {
                Val::I32(value) => Ok(value.into()),
                Val::I64(value) => Ok(value),
                _ => Err("the result is no integer".to_string()),
            }
        }
    }
}
