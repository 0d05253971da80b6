//! Instantiation (spec §4.5.4), with the specification's step numbers.
#![allow(unsafe_code)]

use super::compiled::CompiledModule;
use super::const_expr::evaluate;
use super::run::invoke;
use crate::rt::error::{Error, LinkProblem};
use crate::rt::layout::{GlobalData, SegmentData, StoreData};
use crate::rt::store::{Instance, Object, Store};
use crate::wasm::module::{Elements, ExternType, SegmentMode};
use crate::wasm::subtype::extern_type_matches;
use crate::wasm::trap::Trap;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr;

/// Compares imports with what is provided, one for one; `None` is a name that nobody knows.
///
/// # Errors
/// Link: all the imports that do not match.
///
/// # Safety
/// The objects belong to a live store (R1).
pub unsafe fn check_imports(
    module: &CompiledModule,
    provided: &[Option<Object>],
) -> Result<Vec<Object>, Error> {
    let mut objects = Vec::with_capacity(provided.len());
    let mut problems = Vec::new();
    for (i, import) in module.module.imports.iter().enumerate() {
        let found = provided.get(i).copied().flatten();
        // SAFETY: R1.
        let ty = found.map(|object| unsafe { object.ty() });
        match (found, &ty) {
            (Some(object), Some(ty)) if extern_type_matches(module.registry(), ty, &import.ty) => {
                objects.push(object);
            }
            _ => problems.push(LinkProblem {
                module: import.module.to_string(),
                name: import.name.to_string(),
                problem: if found.is_some() {
                    "incompatible import type"
                } else {
                    "unknown import"
                },
                expected: describe(module, &import.ty),
                found: ty.map(|ty| describe(module, &ty)),
            }),
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(Error::link(problems)) }
}

/// A type as text.
pub fn describe(module: &CompiledModule, ty: &ExternType) -> alloc::string::String {
    match ty {
        ExternType::Func(id) | ExternType::Tag(id) => {
            let word = if matches!(ty, ExternType::Func(_)) { "func" } else { "tag" };
            match module.registry().get(*id).func() {
                Some(ty) => {
                    let list = |types: &[crate::wasm::types::ValType]| {
                        types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                    };
                    format!("{word} ({}) -> ({})", list(&ty.params), list(&ty.results))
                }
                None => word.to_string(),
            }
        }
        ExternType::Table(ty) => {
            format!("table {} {:?} of {}", ty.limits.min, ty.limits.max, ty.element)
        }
        ExternType::Memory(ty) => format!("memory {} {:?}", ty.limits.min, ty.limits.max),
        ExternType::Global(ty) => {
            format!("global {}{}", if ty.mutable { "mut " } else { "" }, ty.value)
        }
    }
}

/// Steps 5 to 33: instantiates a module whose imports match, and runs its start function. The
/// store owns the instance even if this fails: others may have got hold of its functions.
///
/// # Errors
/// A trap of a segment or the start function, a limit, or an error of a host function.
///
/// # Safety
/// `store` is live and not borrowed; the objects belong to it (R1).
pub unsafe fn instantiate(
    store: *mut StoreData,
    module: &Arc<CompiledModule>,
    imports: &[Object],
) -> Result<*const Instance, Error> {
    // SAFETY: R1: the head is the first field of the store; nothing runs meanwhile.
    let instance = unsafe {
        let store = &mut *store.cast::<Store>();
        if store.instance_count() >= store.limits.instances {
            return Err(Error::limit(
                "instances",
                store.instance_count() + 1,
                store.limits.instances,
            ));
        }
        allocate(store, module, imports)?
    };
    // SAFETY: R1: the instance is complete.
    unsafe {
        run_segments(&*instance, module)?;
        if let Some(start) = module.module.start {
            let func = (*instance).funcs[start as usize];
            call(store, func, &mut [])?;
        }
    }
    Ok(instance)
}

/// Calls a function with its arguments and results in slots.
///
/// # Errors
/// What the function ends with.
///
/// # Safety
/// As for [`invoke`].
pub unsafe fn call(
    store: *mut StoreData,
    func: *const crate::rt::layout::FuncData,
    slots: &mut [u64],
) -> Result<(), Error> {
    // SAFETY: R1.
    unsafe {
        let depth = (*store).depth.get();
        let limit = (*store.cast::<Store>()).limits.host_call_depth;
        if depth >= limit {
            return Err(Trap::StackExhausted.into());
        }
        (*store).depth.set(depth + 1);
        let result = if (*func).is_host {
            let host = (*func).instance;
            if ((*store).host_call)(store, func, host, slots.as_mut_ptr()) {
                Ok(())
            } else {
                Err(super::run::Exit::Host { backtrace: Vec::new() })
            }
        } else {
            invoke(store, func, slots)
        };
        (*store).depth.set(depth);
        result.map_err(|exit| exit.into_error(&mut *store.cast::<Store>()))
    }
}

/// Steps 7 to 25: allocates the objects of an instance.
unsafe fn allocate(
    store: &mut Store,
    module: &Arc<CompiledModule>,
    imports: &[Object],
) -> Result<*const Instance, Error> {
    let m = &module.module;
    let mut instance = Box::new(Instance::empty(store.head()));
    instance.data.module = Arc::as_ptr(module).cast();
    instance.module = Some(module.clone());
    let (mut funcs, mut tables, mut memories, mut globals, mut tags) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for import in imports {
        match *import {
            Object::Func(func) => funcs.push(func),
            Object::Table(table) => tables.push(table),
            Object::Memory(memory) => memories.push(memory),
            Object::Global(global) => globals.push(global),
            Object::Tag(tag) => tags.push(tag),
        }
    }
    // Functions come first: constant expressions refer to them.
    let first = m.num_imported_funcs();
    let types = (first..m.funcs.len() as u32).map(|f| (m.func_type_id(f), m.func_type_of(f)));
    let address = ptr::from_ref(&instance.data);
    instance.defined = Store::defined_funcs(&module.code, types, address, first).collect();
    funcs.extend(instance.defined.iter().map(ptr::from_ref));
    instance.funcs = funcs.into();
    // Steps 8 to 10: globals in order; each sees those before.
    instance.globals = globals.as_slice().into();
    let own = instance.globals.len();
    for global in &m.globals {
        let value = evaluate(&global.init, &instance)?;
        let address = store.add_global(global.ty, value);
        let mut all: Vec<*const GlobalData> = core::mem::take(&mut instance.globals).into_vec();
        all.push(address);
        instance.globals = all.into();
    }
    debug_assert_eq!(instance.globals.len(), own + m.globals.len());
    // Step 11: the initial elements of tables, then all element segments.
    for table in &m.tables {
        let init = match &table.init {
            Some(init) => evaluate(init, &instance)?[0],
            None => 0,
        };
        tables.push(store.add_table(table.ty, init)?);
    }
    for elem in &m.elems {
        let elements: Result<Box<[u64]>, Error> = match &elem.elements {
            Elements::Funcs(funcs) => {
                Ok(funcs.iter().map(|&func| instance.funcs[func as usize] as u64).collect())
            }
            Elements::Exprs(exprs) => {
                exprs.iter().map(|expr| Ok(evaluate(expr, &instance)?[0])).collect()
            }
        };
        instance.elem_storage.push(elements?);
    }
    for memory in &m.memories[m.num_imported_memories() as usize..] {
        memories.push(store.add_memory(*memory)?);
    }
    for tag in m.num_imported_tags()..m.tags.len() as u32 {
        tags.push(store.add_tag(m.tag_type_id(tag)));
    }
    instance.tables = tables.into();
    instance.memories = memories.into();
    instance.tags = tags.into();
    let segment = |start: *const u8, len: usize| SegmentData {
        start: Cell::new(start),
        len: Cell::new(len as u64),
    };
    instance.elems =
        instance.elem_storage.iter().map(|e| segment(e.as_ptr().cast(), e.len())).collect();
    let bytes = module.bytes();
    instance.datas = m
        .datas
        .iter()
        .map(|data| &bytes[data.bytes.clone()])
        .map(|data| segment(data.as_ptr(), data.len()))
        .collect();
    let empty = store.empty_memory();
    instance.link(empty);
    Ok(store.add_instance(instance))
}

/// Steps 26 to 31: copies active segments, elements first, and drops them. What was copied before
/// a trap stays.
unsafe fn run_segments(instance: &Instance, module: &CompiledModule) -> Result<(), Error> {
    let m = &module.module;
    for (elem, segment) in m.elems.iter().zip(&instance.elems) {
        match &elem.mode {
            SegmentMode::Passive => continue,
            SegmentMode::Declarative => {}
            SegmentMode::Active { index, offset } => {
                let offset = evaluate(offset, instance)?[0];
                // SAFETY: R1: objects of the store; nothing runs meanwhile.
                unsafe {
                    let table = &*instance.tables[*index as usize];
                    let n = segment.len.get();
                    if offset.checked_add(n).is_none_or(|end| end > table.len.get()) {
                        return Err(Trap::TableOutOfBounds.into());
                    }
                    let to = table.elements.get().add(offset as usize);
                    ptr::copy_nonoverlapping(segment.start.get().cast::<u64>(), to, n as usize);
                }
            }
        }
        segment.len.set(0);
    }
    for (data, segment) in m.datas.iter().zip(&instance.datas) {
        if let SegmentMode::Active { index, offset } = &data.mode {
            let offset = evaluate(offset, instance)?[0];
            // SAFETY: R1, R2.
            unsafe {
                let base = (*instance.memories[*index as usize]).base.get();
                let len = *base.cast::<u64>().sub(1);
                let n = segment.len.get();
                if offset.checked_add(n).is_none_or(|end| end > len) {
                    return Err(Trap::MemoryOutOfBounds.into());
                }
                ptr::copy_nonoverlapping(
                    segment.start.get(),
                    base.add(offset as usize),
                    n as usize,
                );
            }
            segment.len.set(0);
        }
    }
    Ok(())
}
