//! Configuration, engine and modules.

use super::error::Failure;
use super::ffi::{Array, Out, Outcome, Text, delete, guard, guard_or, need};
use super::types::Types;
use crate::{Config, Engine, Features, Module};

/// `wasmvm_config`.
pub struct CConfig {
    config: Config,
    features: Features,
}
impl CConfig {
    pub fn get(&self) -> Config {
        self.config.clone().features(self.features)
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_new() -> Option<Box<CConfig>> {
    let new = || Box::new(CConfig { config: Config::new(), features: Features::default() });
    guard_or(None, || Some(new()))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_delete(config: Option<Box<CConfig>>) {
    delete(config);
}
fn change(config: Option<&mut CConfig>, f: impl FnOnce(Config) -> Config) {
    if let Some(config) = config {
        config.config = f(config.config.clone());
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_fuel(config: Option<&mut CConfig>, on: bool) {
    change(config, |config| config.fuel(on));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_interrupts(config: Option<&mut CConfig>, on: bool) {
    change(config, |config| config.interrupts(on));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_eager(config: Option<&mut CConfig>, on: bool) {
    change(config, |config| config.eager(on));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_lazy(config: Option<&mut CConfig>, on: bool) {
    change(config, |config| config.lazy(on));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_threads(config: Option<&mut CConfig>, most: usize) {
    change(config, |config| config.threads(most));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_guard_pages(config: Option<&mut CConfig>, on: bool) {
    change(config, |config| config.guard_pages(on));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_deterministic(config: Option<&mut CConfig>, on: bool) {
    change(config, |config| config.deterministic(on));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_max_stack_bytes(config: Option<&mut CConfig>, bytes: usize) {
    change(config, |config| config.max_stack_bytes(bytes));
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_config_feature(
    config: Option<&mut CConfig>,
    name: Text,
    on: bool,
) -> Outcome {
    guard(|| {
        let (config, name) = (need(config, "config")?, name.str("name")?);
        match config.features.set(name, on) {
            true => Ok(()),
            false => Err(Failure::usage(format!("there is no proposal {name:?}"))),
        }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_engine_new(config: Option<&CConfig>, out: Out<Box<Engine>>) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        out.write(Box::new(Engine::new(config.map_or_else(Config::new, CConfig::get))?));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_engine_delete(engine: Option<Box<Engine>>) {
    delete(engine);
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_new(
    engine: Option<&Engine>,
    bytes: Array<u8>,
    len: usize,
    out: Out<Box<Module>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let module = Module::new(need(engine, "engine")?, bytes.slice(len, "bytes")?)?;
        out.write(Box::new(module));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_from_file(
    engine: Option<&Engine>,
    path: Text,
    out: Out<Box<Module>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let (engine, path) = (need(engine, "engine")?, path.os("path")?);
        // Read, not mapped: C hosts seldom promise that a file stays as it is.
        let bytes = std::fs::read(path)
            .map_err(|error| crate::Error::host(format!("{}: {error}", path.to_string_lossy())))?;
        out.write(Box::new(Module::new(engine, bytes)?));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_validate(
    engine: Option<&Engine>,
    bytes: Array<u8>,
    len: usize,
) -> Outcome {
    guard(|| Ok(Module::validate(need(engine, "engine")?, bytes.slice(len, "bytes")?)?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_delete(module: Option<Box<Module>>) {
    delete(module);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_imports(module: Option<&Module>, out: Out<Box<Types>>) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        out.write(Box::new(Types::of_imports(need(module, "module")?.imports())));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_exports(module: Option<&Module>, out: Out<Box<Types>>) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        out.write(Box::new(Types::of_exports(need(module, "module")?.exports())));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_custom_section(
    module: Option<&Module>,
    name: Text,
    index: usize,
    bytes: Out<*const u8>,
    len: Out<usize>,
) -> bool {
    guard_or(false, || {
        let (Some(module), Ok(name)) = (module, name.str("name")) else { return false };
        let (Some(bytes), Some(len)) = (bytes, len) else { return false };
        let Some(section) = module.custom_sections(name).nth(index) else { return false };
        bytes.write(section.as_ptr());
        len.write(section.len());
        true
    })
}
