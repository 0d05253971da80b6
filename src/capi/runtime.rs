//! The handle interface in C.

use core::cell::{RefCell, RefMut};

use super::engine::CConfig;
use super::error::Failure;
use super::ffi::{Array, ArrayMut, Out, Outcome, Text, delete, guard, guard_or, need};
use super::types::Types;
use super::world::WorldConfig;
use crate::runtime::{Capabilities, InstanceId, ModuleId, Runtime, Value};
use crate::{Config, InterruptHandle};

/// `wasmvm_capabilities`.
pub struct CCapabilities(Capabilities);

/// `wasmvm_runtime`. A stream that belongs to C may call back while a guest runs.
pub type CRuntime = RefCell<Runtime>;

fn lent(runtime: Option<&CRuntime>) -> Result<RefMut<'_, Runtime>, Failure> {
    let runtime = need(runtime, "runtime")?.try_borrow_mut();
    runtime.map_err(|_| Failure::usage("the runtime is in use: a guest runs".into()))
}

/// `wasmvm_value`: a number of which the type is said, or to be found.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct CValue {
    kind: u32,
    of: Content,
}
#[derive(Clone, Copy)]
#[repr(C)]
union Content {
    i32: i32,
    i64: i64,
    f32: f32,
    f64: f64,
    v128: [u8; 16],
}
impl CValue {
    fn read(&self) -> Result<Value, Failure> {
        // SAFETY: C4: the host has written the member that the kind says.
        unsafe {
            Ok(match self.kind {
                0 => Value::Int(self.of.i64),
                1 => Value::Float(self.of.f64),
                2 => Value::I32(self.of.i32),
                3 => Value::I64(self.of.i64),
                4 => Value::F32(self.of.f32),
                5 => Value::F64(self.of.f64),
                6 => Value::V128(u128::from_le_bytes(self.of.v128)),
                7 => Value::Null,
                kind => return Err(Failure::usage(format!("there is no kind {kind} of values"))),
            })
        }
    }
    fn new(value: Value) -> CValue {
        let mut of = Content { v128: [0; 16] };
        let kind = match value {
            Value::Int(value) => {
                of.i64 = value;
                0
            }
            Value::Float(value) => {
                of.f64 = value;
                1
            }
            Value::I32(value) => {
                of.i32 = value;
                2
            }
            Value::I64(value) => {
                of.i64 = value;
                3
            }
            Value::F32(value) => {
                of.f32 = value;
                4
            }
            Value::F64(value) => {
                of.f64 = value;
                5
            }
            Value::V128(bits) => {
                of.v128 = bits.to_le_bytes();
                6
            }
            Value::Null => 7,
            // What cannot be said in C is said to be there.
            Value::Ref(_) => 8,
        };
        CValue { kind, of }
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_capabilities_new() -> Option<Box<CCapabilities>> {
    guard_or(None, || Some(Box::new(CCapabilities(Capabilities::none()))))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_capabilities_all() -> Option<Box<CCapabilities>> {
    guard_or(None, || Some(Box::new(CCapabilities(Capabilities::all()))))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_capabilities_from_manifest(
    path: Text,
    out: Out<Box<CCapabilities>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        out.write(Box::new(CCapabilities(Capabilities::from_manifest(path.os("path")?)?)));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_capabilities_delete(capabilities: Option<Box<CCapabilities>>) {
    delete(capabilities);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_capabilities_load(
    capabilities: Option<&mut CCapabilities>,
    pattern: Text,
) -> Outcome {
    guard(|| {
        let CCapabilities(capabilities) = need(capabilities, "capabilities")?;
        *capabilities = capabilities.clone().load(pattern.os("pattern")?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_capabilities_preopen(
    capabilities: Option<&mut CCapabilities>,
    directory: Text,
) -> Outcome {
    guard(|| {
        let CCapabilities(capabilities) = need(capabilities, "capabilities")?;
        *capabilities = capabilities.clone().preopen(directory.os("directory")?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_new(
    config: Option<&CConfig>,
    capabilities: Option<&CCapabilities>,
    out: Out<Box<CRuntime>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let config = config.map_or_else(Config::new, CConfig::get);
        let capabilities = capabilities.map_or_else(Capabilities::none, |all| all.0.clone());
        let runtime = Runtime::with_config(config, capabilities)?;
        out.write(Box::new(RefCell::new(runtime)));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_delete(runtime: Option<Box<CRuntime>>) {
    delete(runtime);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_compile(
    runtime: Option<&CRuntime>,
    bytes: Array<u8>,
    len: usize,
    module: Out<u64>,
) -> Outcome {
    guard(|| {
        let module = need(module, "module")?;
        let id = lent(runtime)?.compile(bytes.slice(len, "bytes")?)?;
        module.write(id.number());
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_compile_file(
    runtime: Option<&CRuntime>,
    path: Text,
    module: Out<u64>,
) -> Outcome {
    guard(|| {
        let module = need(module, "module")?;
        module.write(lent(runtime)?.compile_file(path.os("path")?)?.number());
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_drop_module(runtime: Option<&CRuntime>, module: u64) -> Outcome {
    guard(|| Ok(lent(runtime)?.drop_module(ModuleId::from_number(module))?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_module_exports(
    runtime: Option<&CRuntime>,
    module: u64,
    out: Out<Box<Types>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let exports = lent(runtime)?.module_exports(ModuleId::from_number(module))?;
        out.write(Box::new(Types::of_exports(exports.into_iter())));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_instantiate(
    runtime: Option<&CRuntime>,
    module: u64,
    config: Option<Box<WorldConfig>>,
    instance: Out<u64>,
) -> Outcome {
    guard(|| {
        let config = config.map(|mut config| config.take()).unwrap_or_default();
        let instance = need(instance, "instance")?;
        let mut runtime = lent(runtime)?;
        instance.write(runtime.instantiate(ModuleId::from_number(module), config)?.number());
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_drop_instance(
    runtime: Option<&CRuntime>,
    instance: u64,
) -> Outcome {
    guard(|| Ok(lent(runtime)?.drop_instance(InstanceId::from_number(instance))?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_instance_exports(
    runtime: Option<&CRuntime>,
    instance: u64,
    out: Out<Box<Types>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let id = InstanceId::from_number(instance);
        let exports = lent(runtime)?.instance_exports(id)?;
        out.write(Box::new(Types::of_exports(exports.into_iter())));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_call(
    runtime: Option<&CRuntime>,
    instance: u64,
    name: Text,
    args: Array<CValue>,
    args_len: usize,
    results: ArrayMut<CValue>,
    capacity: usize,
    results_len: Out<usize>,
) -> Outcome {
    guard(|| {
        let (id, name) = (InstanceId::from_number(instance), name.str("name")?);
        let mut runtime = lent(runtime)?;
        let args = args.slice(args_len, "args")?.iter().map(CValue::read);
        let args = args.collect::<Result<Vec<Value>, Failure>>()?;
        let room = results.slice(capacity, "results")?;
        // Before the guest does anything.
        let needed = runtime.func_type(id, name)?.results.len();
        if needed > capacity {
            let what = format!("room for {capacity} results, where {name:?} has {needed}");
            return Err(Failure::usage(what));
        }
        let values = runtime.call(id, name, &args)?;
        if let Some(len) = results_len {
            len.write(values.len());
        }
        for (place, value) in room.iter_mut().zip(values) {
            place.write(CValue::new(value));
        }
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_memory_size(
    runtime: Option<&CRuntime>,
    instance: u64,
    bytes: Out<u64>,
) -> Outcome {
    guard(|| {
        let bytes = need(bytes, "bytes")?;
        let id = InstanceId::from_number(instance);
        bytes.write(lent(runtime)?.memory_size(id)?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_memory_read(
    runtime: Option<&CRuntime>,
    instance: u64,
    at: u64,
    bytes: ArrayMut<u8>,
    len: usize,
) -> Outcome {
    guard(|| {
        let id = InstanceId::from_number(instance);
        let read = lent(runtime)?.memory_read(id, at, len as u64)?;
        bytes.fill(&read, "bytes")
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_memory_write(
    runtime: Option<&CRuntime>,
    instance: u64,
    at: u64,
    bytes: Array<u8>,
    len: usize,
) -> Outcome {
    guard(|| {
        let id = InstanceId::from_number(instance);
        let bytes = bytes.slice(len, "bytes")?;
        Ok(lent(runtime)?.memory_write(id, at, bytes)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_memory_grow(
    runtime: Option<&CRuntime>,
    instance: u64,
    pages: u64,
    old: Out<u64>,
) -> Outcome {
    guard(|| {
        let id = InstanceId::from_number(instance);
        let before = lent(runtime)?.memory_grow(id, pages)?;
        if let Some(old) = old {
            old.write(before);
        }
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_set_initial_fuel(runtime: Option<&CRuntime>, fuel: u64) {
    guard_or((), || {
        if let Ok(mut runtime) = lent(runtime) {
            runtime.set_initial_fuel(fuel);
        }
    });
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_set_fuel(
    runtime: Option<&CRuntime>,
    instance: u64,
    fuel: u64,
) -> Outcome {
    guard(|| Ok(lent(runtime)?.set_fuel(InstanceId::from_number(instance), fuel)?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_fuel(
    runtime: Option<&CRuntime>,
    instance: u64,
    fuel: Out<u64>,
) -> Outcome {
    guard(|| {
        let fuel = need(fuel, "fuel")?;
        let left = lent(runtime)?.fuel(InstanceId::from_number(instance))?;
        fuel.write(left.ok_or_else(|| Failure::usage("fuel is not configured".into()))?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_runtime_interrupt(
    runtime: Option<&CRuntime>,
    instance: u64,
    out: Out<Box<InterruptHandle>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let id = InstanceId::from_number(instance);
        out.write(Box::new(lent(runtime)?.interrupt_handle(id)?));
        Ok(())
    })
}
