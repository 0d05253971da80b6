//! Execution against wasmtime: results, traps by kind, memories, tables and globals.

use crate::generate::{self, Shape};
use crate::run::{COMPARED_ELEMENTS, Call, MEMORY_BYTES, TABLE_ELEMENTS, has_shared, plan, run};
use crate::value::{End, State, Trace, Value, compare, digest};
use crate::{Done, Finding, Outcome};
use arbitrary::Unstructured;
use std::sync::LazyLock;
use wasmtime::{
    AnyRef, Config, Engine, Extern, HeapType, I31, Instance, Module, OptLevel, Ref,
    ResourceLimiter, Store, ThrownException, Trap, Val, ValType,
};

/// The engines: with canonical NaNs and without; the latter for modules that make them canonical.
static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| [engine(false), engine(true)]);

fn engine(canonical: bool) -> Engine {
    let mut config = Config::new();
    config.cranelift_nan_canonicalization(canonical);
    config.relaxed_simd_deterministic(true);
    config.cranelift_opt_level(OptLevel::None);
    config.wasm_gc(true);
    config.wasm_function_references(true);
    config.wasm_exceptions(true);
    config.wasm_tail_call(true);
    config.wasm_multi_memory(true);
    config.wasm_memory64(true);
    config.wasm_threads(true);
    config.wasm_wide_arithmetic(true);
    config.wasm_custom_page_sizes(true);
    config.wasm_extended_const(true);
    config.wasm_relaxed_simd(true);
    config.memory_reservation(1 << 20);
    config.memory_guard_size(1 << 16);
    config.gc_heap_reservation(1 << 20);
    config.gc_heap_guard_size(1 << 16);
    Engine::new(&config).expect("a configuration")
}

/// Counts all memories and all tables together, as we do.
#[derive(Default)]
struct Together {
    memory: u64,
    table: u64,
    /// What the last growth added, in case that it fails all the same.
    last: u64,
    /// Something was refused. The heap of objects counts as a memory here, but not for us, so that
    /// we may have granted it.
    refused: bool,
}
impl ResourceLimiter for Together {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_add((desired - current) as u64);
        let fits = wanted <= MEMORY_BYTES && maximum.is_none_or(|maximum| desired <= maximum);
        self.last = if fits { wanted - self.memory } else { 0 };
        self.refused |= wanted > MEMORY_BYTES;
        self.memory += self.last;
        Ok(fits)
    }
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory -= self.granted(&error);
        Ok(())
    }
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.table.saturating_add((desired - current) as u64);
        let fits = wanted <= TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum);
        self.last = if fits { wanted - self.table } else { 0 };
        self.table += self.last;
        Ok(fits)
    }
    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.table -= self.granted(&error);
        Ok(())
    }
}
impl Together {
    /// What was granted to a growth that has failed: nothing if nobody was asked.
    fn granted(&mut self, error: &wasmtime::Error) -> u64 {
        let unasked = ["memory growth exceeds", "overflow calculating"];
        let text = error.to_string();
        if unasked.iter().any(|start| text.starts_with(start)) {
            return 0;
        }
        core::mem::take(&mut self.last)
    }
}

pub fn differential(data: &[u8]) -> Outcome {
    let mut u = Unstructured::new(data);
    let made = (|| {
        let seed: u64 = u.arbitrary()?;
        // Either the module makes NaNs canonical, or both engines do.
        let in_module = seed & 1 == 0;
        let shape = Shape { canonical: in_module, threads: in_module, compact_imports: false };
        Ok::<_, arbitrary::Error>((seed, in_module, generate::runnable(&mut u, shape)?))
    })();
    let Ok((seed, in_module, bytes)) = made else { return Ok(Done::Skipped("no module")) };
    let config = wasmvm::Config::new().deterministic(!in_module);
    let ours = wasmvm::Engine::new(config).expect("a configuration");
    let finding = |what: String| Err(Finding { what, module: bytes.clone() });
    let module = match wasmvm::Module::new(&ours, bytes.as_slice()) {
        Ok(module) => module,
        Err(error) => return finding(format!("we do not accept it: {error}")),
    };
    if has_shared(&module) {
        return Ok(Done::Skipped("shared memory"));
    }
    let engine = &ENGINES[usize::from(!in_module)];
    let theirs = match Module::new(engine, &bytes) {
        Ok(module) => module,
        // A limit of its own, or a proposal that it does not have: then we should not make them.
        Err(error) => return finding(format!("wasmtime does not accept it: {error:?}")),
    };
    let calls = plan(&module, seed);
    let Some(a) = run(&ours, &module, &calls, None) else { return Ok(Done::Skipped("imports")) };
    let Some((mut b, refused)) = peer(engine, &theirs, &calls) else {
        return Ok(Done::Skipped("imports"));
    };
    one_of_two_traps(&a, &mut b);
    match compare(&a, &b) {
        Ok((calls, false)) => Ok(Done::Ran(calls)),
        Ok((calls, true)) => Ok(Done::Limited(calls)),
        Err(_) if refused => Ok(Done::Limited(0)),
        Err(difference) => finding(format!("deterministic {}: {difference}", !in_module)),
    }
}

/// An address that is not aligned may also be out of bounds. We say the first always; wasmtime says
/// the second if `memory.atomic.notify` adds an offset that makes it overflow.
fn one_of_two_traps(ours: &Trace, theirs: &mut Trace) {
    use wasmvm::Trap::{MemoryOutOfBounds, UnalignedAtomic};
    let both = (End::Trap(UnalignedAtomic.message()), End::Trap(MemoryOutOfBounds.message()));
    for (ours, theirs) in ours.ends.iter().zip(&mut theirs.ends) {
        if (&both.0, &both.1) == (ours, &*theirs) {
            *theirs = ours.clone();
        }
    }
}

fn val(store: &mut Store<Together>, value: Value, ty: &ValType) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits.into()),
        Value::I31(value) => {
            Val::AnyRef(Some(AnyRef::from_i31(&mut *store, I31::wrapping_i32(value))))
        }
        Value::Null | Value::Reference => match ty.as_ref() {
            Some(ty) => Val::null_ref(ty.heap_type()),
            None => Val::null_ref(&HeapType::Any),
        },
    }
}
fn value(store: &mut Store<Together>, val: Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(value),
        Val::I64(value) => Value::I64(value),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(bits) => Value::V128(bits.as_u128()),
        Val::AnyRef(Some(any)) => match any.as_i31(&*store) {
            Ok(Some(value)) => Value::I31(value.get_i32()),
            _ => Value::Reference,
        },
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            Value::Null
        }
        _ => Value::Reference,
    }
}

fn end(store: &mut Store<Together>, error: &wasmtime::Error) -> End {
    if error.downcast_ref::<ThrownException>().is_some() {
        store.take_pending_exception();
        return End::Exception;
    }
    let Some(trap) = error.downcast_ref::<Trap>() else {
        let text = format!("{error:?}");
        let limits = ["GC heap out of memory", "exceeds", "limit", "out of memory"];
        return if limits.iter().any(|limit| text.contains(limit)) {
            End::Limit
        } else {
            End::Other(text)
        };
    };
    use wasmvm::Trap as Ours;
    End::Trap(match trap {
        Trap::StackOverflow | Trap::AllocationTooLarge => return End::Limit,
        Trap::MemoryOutOfBounds => Ours::MemoryOutOfBounds.message(),
        Trap::HeapMisaligned => Ours::UnalignedAtomic.message(),
        Trap::TableOutOfBounds => "table",
        Trap::IndirectCallToNull => Ours::UninitializedElement.message(),
        Trap::BadSignature => Ours::IndirectCallTypeMismatch.message(),
        Trap::IntegerOverflow => Ours::IntegerOverflow.message(),
        Trap::IntegerDivisionByZero => Ours::IntegerDivideByZero.message(),
        Trap::BadConversionToInteger => Ours::InvalidConversionToInteger.message(),
        Trap::UnreachableCodeReached => Ours::Unreachable.message(),
        Trap::AtomicWaitNonSharedMemory => Ours::ExpectedSharedMemory.message(),
        Trap::NullReference => "null",
        Trap::ArrayOutOfBounds => Ours::ArrayOutOfBounds.message(),
        Trap::CastFailure => Ours::CastFailure.message(),
        other => return End::Other(other.to_string()),
    })
}

fn peer(engine: &Engine, module: &Module, calls: &[Call]) -> Option<(Trace, bool)> {
    let mut store = Store::new(engine, Together::default());
    store.limiter(|together| together);
    let mut imports = Vec::new();
    for import in module.imports() {
        imports.push(import.ty().default_value(&mut store).ok()?);
    }
    let mut trace = Trace::default();
    let instance = match Instance::new(&mut store, module, &imports) {
        Ok(instance) => instance,
        Err(error) => {
            let end = end(&mut store, &error);
            trace.ends.push(end);
            return Some((trace, store.data().refused));
        }
    };
    for call in calls {
        let func = instance.get_func(&mut store, &call.name).expect("a function of this name");
        let ty = func.ty(&store);
        let args: Vec<Val> =
            call.args.iter().zip(ty.params()).map(|(&arg, ty)| val(&mut store, arg, &ty)).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let ended = match func.call(&mut store, &args, &mut results) {
            Ok(()) => End::Values(results.into_iter().map(|val| value(&mut store, val)).collect()),
            Err(error) => end(&mut store, &error),
        };
        let stop = ended == End::Limit;
        trace.ends.push(ended);
        if stop {
            return Some((trace, store.data().refused));
        }
    }
    let names: Vec<String> = module.exports().map(|export| export.name().to_string()).collect();
    for name in names {
        let state = match instance.get_export(&mut store, &name)? {
            Extern::Memory(memory) => {
                State::Memory { pages: memory.size(&store), digest: digest(memory.data(&store)) }
            }
            Extern::Table(table) => {
                let size = table.size(&store);
                let mut is_null =
                    |i| table.get(&mut store, i).is_some_and(|element| null(&element));
                State::Table {
                    size,
                    nulls: (0..size.min(COMPARED_ELEMENTS)).map(&mut is_null).collect(),
                }
            }
            Extern::Global(global) => {
                let val = global.get(&mut store);
                State::Global(value(&mut store, val))
            }
            _ => continue,
        };
        trace.state.push((name, state));
    }
    Some((trace, store.data().refused))
}

fn null(element: &Ref) -> bool {
    element.is_null()
}
