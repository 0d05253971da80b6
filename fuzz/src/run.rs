//! Running a module in our engine.

use crate::Random;
use crate::value::{End, State, Trace, Value, digest};
use wasmvm::{
    AnyRef, Engine, Error, ErrorKind, Extern, ExternType, Func, FuncType, HeapType, Instance,
    Limits, Module, Progress, RefType, Store, Trap, Val, ValType,
};

#[path = "../../tests/peer/imports.rs"]
mod imports;
use imports::imports;

/// What all memories, tables and the heap may grow to, in every engine.
pub const MEMORY_BYTES: u64 = 32 << 20;
pub const TABLE_ELEMENTS: u64 = 20_000;
const HEAP_BYTES: u64 = 64 << 20;
/// Elements of a table that are compared.
pub const COMPARED_ELEMENTS: u64 = 64;

/// A call: the export, and its arguments.
pub struct Call {
    pub name: String,
    pub args: Vec<Value>,
}

/// What is called, with arguments from a seed. Functions that want a reference which cannot be
/// made here are left out.
pub fn plan(module: &Module, seed: u64) -> Vec<Call> {
    let mut random = Random::new(seed);
    let mut calls = Vec::new();
    for round in 0..2 {
        for export in module.exports() {
            let ExternType::Func(ty) = &export.ty else { continue };
            let args: Option<Vec<Value>> =
                ty.params.iter().map(|&ty| argument(ty, &mut random)).collect();
            let Some(args) = args else { continue };
            if (round == 0 || !args.is_empty()) && calls.len() < 24 {
                calls.push(Call { name: export.name.to_string(), args });
            }
        }
    }
    calls
}

fn argument(ty: ValType, random: &mut Random) -> Option<Value> {
    let edges = [0, 1, 2, 0x7FFF_FFFF_FFFF_FFFF, u64::MAX, 0x8000_0000, 1 << 63, 0xFFFF_FFFF];
    let bits = match random.below(4) {
        0 => edges[random.below(edges.len())],
        1 => random.next() % 64,
        2 => 0x3FF0_0000_3F80_0000 ^ (random.next() & 0x000F_0000_007F_0000),
        _ => random.next(),
    };
    Some(match ty {
        ValType::I32 => Value::I32(bits as i32),
        ValType::I64 => Value::I64(bits as i64),
        // No NaN goes in: which one comes out is tested by other means.
        ValType::F32 => {
            Value::F32(if f32::from_bits(bits as u32).is_nan() { 0 } else { bits as u32 })
        }
        ValType::F64 => Value::F64(if f64::from_bits(bits).is_nan() { 0 } else { bits }),
        ValType::V128 => Value::V128(u128::from(bits) << 64 | u128::from(random.next() >> 12)),
        ValType::Ref(RefType { heap: HeapType::Any | HeapType::Eq | HeapType::I31, nullable }) => {
            if nullable && bits & 1 == 0 {
                Value::Null
            } else {
                Value::I31((bits as i32) << 1 >> 1)
            }
        }
        ValType::Ref(RefType { nullable: true, .. }) => Value::Null,
        ValType::Ref(_) => return None,
    })
}

fn val(value: Value, ty: ValType) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits),
        Value::I31(value) => Val::AnyRef(Some(AnyRef::from_i31(value))),
        Value::Null | Value::Reference => Val::default_for(ty),
    }
}
fn value(val: Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(value),
        Val::I64(value) => Value::I64(value),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(bits) => Value::V128(bits),
        Val::AnyRef(Some(any)) => any.i31().map_or(Value::Reference, Value::I31),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            Value::Null
        }
        _ => Value::Reference,
    }
}

fn end(error: &Error) -> End {
    match error.kind() {
        ErrorKind::Trap => match error.trap() {
            Some(trap) => end_of_trap(trap),
            None => End::Other(error.to_string()),
        },
        ErrorKind::Exception => End::Exception,
        ErrorKind::Limit => End::Limit,
        _ => End::Other(error.to_string()),
    }
}
fn end_of_trap(trap: Trap) -> End {
    End::Trap(match trap {
        Trap::StackExhausted | Trap::AllocationTooLarge | Trap::OutOfFuel => return End::Limit,
        Trap::TableOutOfBounds | Trap::UndefinedElement => "table",
        Trap::NullReference
        | Trap::NullFunctionReference
        | Trap::NullI31
        | Trap::NullStructure
        | Trap::NullArray
        | Trap::NullException => "null",
        other => other.message(),
    })
}

/// Runs the calls; `None` if the imports cannot be made.
pub fn run(engine: &Engine, module: &Module, calls: &[Call], fuel: Option<u64>) -> Option<Trace> {
    run_counting(engine, module, calls, fuel).map(|(trace, _)| trace)
}
/// The same, with the fuel that is left or, below zero, owed.
pub fn run_counting(
    engine: &Engine,
    module: &Module,
    calls: &[Call],
    fuel: Option<u64>,
) -> Option<(Trace, i64)> {
    run_with(engine, module, calls, fuel, |store, func, ty, args| {
        let mut results: Vec<Val> = ty.results.iter().map(|&ty| Val::default_for(ty)).collect();
        func.call(store, args, &mut results).map(|()| results)
    })
}

/// What becomes of calls that stop when their fuel is used up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stops {
    /// They go on.
    GoOn,
    /// Some of them are dropped where they are.
    Drop,
}

/// Runs the calls with little fuel at a time. Other calls are started in between, and dropped
/// before they run. The number is the fuel that is left or owed at last, less what was given for the
/// stops, so that it is the same as without them.
pub fn run_in_steps(
    engine: &Engine,
    module: &Module,
    calls: &[Call],
    fuel: u64,
    stops: Stops,
    random: &mut Random,
) -> Option<(Trace, i64)> {
    let (mut given, most) = (0, 1 << random.below(12));
    let left = |store: &Store<()>| store.fuel().unwrap_or(0) as i64;
    let ran = run_with(engine, module, calls, Some(fuel), |store, func, _, args| {
        let mut execution = func.start(&mut *store, args)?;
        let mut next = random.below(most) as u64;
        // Ever more, so that long calls end.
        for stop in 0u64.. {
            given += next as i64 - left(store);
            store.set_fuel(next)?;
            match execution.run(&mut *store)? {
                Progress::Done(results) => return Ok(results),
                Progress::OutOfFuel { needed } => {
                    next = needed + random.below(most) as u64 + stop * stop / 16;
                }
                other => return Err(Error::host(format!("{other:?}"))),
            }
            if random.below(32) == 0 {
                drop(func.start(&mut *store, args)?);
            }
            if stops == Stops::Drop && random.below(8) == 0 {
                return Err(Error::host("dropped"));
            }
        }
        Err(Error::host("too many stops"))
    });
    ran.map(|(trace, left)| (trace, left - given))
}

fn run_with(
    engine: &Engine,
    module: &Module,
    calls: &[Call],
    fuel: Option<u64>,
    mut caller: impl FnMut(&mut Store<()>, &Func, &FuncType, &[Val]) -> Result<Vec<Val>, Error>,
) -> Option<(Trace, i64)> {
    let mut store = Store::new(engine, ());
    store.set_limits(Limits {
        memory_bytes: MEMORY_BYTES,
        table_elements: TABLE_ELEMENTS,
        gc_heap_bytes: HEAP_BYTES,
        ..store.limits()
    });
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).expect("an engine with fuel");
    }
    let imports = imports(&mut store, module)?;
    let mut trace = Trace::default();
    let instance = match Instance::new(&mut store, module, &imports) {
        Ok(instance) => instance,
        // A function or tag of a type that is not final, or in a group, cannot be made here.
        Err(error) if error.kind() == ErrorKind::Link => return None,
        Err(error) => {
            trace.ends.push(end(&error));
            return Some((trace, 0));
        }
    };
    for call in calls {
        let func = instance.func(&store, &call.name).expect("a function of this name");
        let ty = func.ty(&store).expect("the same store");
        let args: Vec<Val> =
            call.args.iter().zip(&ty.params).map(|(&arg, &ty)| val(arg, ty)).collect();
        let ended = match caller(&mut store, &func, &ty, &args) {
            Ok(results) => End::Values(results.into_iter().map(value).collect()),
            Err(error) => end(&error),
        };
        let stop = ended == End::Limit;
        trace.ends.push(ended);
        if stop {
            return Some((trace, 0));
        }
    }
    for (name, export) in instance.exports(&store).expect("the same store") {
        let state = match export {
            Extern::Memory(memory) => State::Memory {
                pages: memory.size(&store).expect("the same store"),
                digest: memory.data(&store).map_or(0, digest),
            },
            Extern::Table(table) => {
                let size = table.size(&store).expect("the same store");
                let element = |i| value(table.get(&store, i).expect("in bounds")) == Value::Null;
                State::Table {
                    size,
                    nulls: (0..size.min(COMPARED_ELEMENTS)).map(element).collect(),
                }
            }
            Extern::Global(global) => {
                State::Global(value(global.get(&store).expect("the same store")))
            }
            Extern::Func(_) | Extern::Tag(_) => continue,
        };
        trace.state.push((name, state));
    }
    let left = balance(&mut store);
    Some((trace, left))
}

/// The fuel that is left at the end or, below zero, owed for an exception that nobody caught: what
/// is set less that is there then.
fn balance(store: &mut Store<()>) -> i64 {
    const SET: u64 = 1 << 40;
    match store.fuel() {
        Some(0) => {
            store.set_fuel(SET).expect("an engine with fuel");
            store.fuel().unwrap_or(0) as i64 - SET as i64
        }
        left => left.unwrap_or(0) as i64,
    }
}

/// Whether a memory is shared: then a guest may wait for ever.
pub fn has_shared(module: &Module) -> bool {
    let shared = |ty: &ExternType| matches!(ty, ExternType::Memory(ty) if ty.shared);
    module.exports().any(|export| shared(&export.ty))
        || module.imports().any(|import| shared(&import.ty))
}
