//! Instantiation (spec §4.5.4).
//!
//! The numbers are those of the steps of §4.5.4 in the order in which they have an effect: (1)
//! imports, (2) globals, (3) initial elements of tables, (4) element segments, (5) allocation,
//! (6) active element segments, (7) active data segments, (8) the start function.
#![allow(unsafe_code)]

use super::compiled::CompiledModule;
use super::const_expr::evaluate;
use super::run::start_of;
use crate::rt::error::{Error, LinkProblem};
use crate::rt::extern_type::ExternType;
use crate::rt::instance::{Instance, Object};
use crate::rt::layout::{FuncData, SegmentData, StoreData};
use crate::rt::memory::Memory;
use crate::rt::owned::Owned;
use crate::rt::room;
use crate::rt::signals::Stoppable;
use crate::rt::store::Store;
use crate::tuning;
use crate::wasm::module::{Elements, Module, SegmentMode};
use crate::wasm::subtype::extern_type_matches;
use crate::wasm::trap::Trap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::{ptr, slice};

/// Step 1: compares imports with what is provided, one for one; `None` is a name that nobody
/// knows.
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
    let registry = module.registry();
    let mut objects = room::list(provided.len())?;
    let mut problems = Vec::new();
    for (i, import) in module.module.imports.iter().enumerate() {
        let found = provided.get(i).copied().flatten();
        // SAFETY: R1: promised by the caller.
        let ty = found.map(|object| unsafe { object.ty() });
        match (found, &ty) {
            (Some(object), Some(ty)) if extern_type_matches(registry, ty, &import.ty) => {
                objects.push(object);
            }
            _ => problems.push(LinkProblem {
                module: import.module.to_string(),
                name: import.name.to_string(),
                problem: if ty.is_none() { "unknown import" } else { "incompatible import type" },
                expected: ExternType::resolve(registry, &import.ty),
                found: ty.map(|ty| ExternType::resolve(registry, &ty)),
                overloads: Vec::new(),
            }),
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(Error::link(problems)) }
}

/// Steps 2 to 7: instantiates a module whose imports match. Step 8 is up to the caller: to run the
/// start function that this gives, if there is one. From step 6 on the store owns the instance even if this fails, until nobody refers to it any more:
/// others may have got hold of its functions.
///
/// # Errors
/// A trap of a segment, or a limit.
///
/// # Safety
/// `store` is live and lent (R1, R6); the objects belong to it and match the imports.
pub unsafe fn instantiate(
    store: *mut StoreData,
    module: &Arc<CompiledModule>,
    imports: &[Object],
) -> Result<(*const Instance, Option<*const FuncData>), Error> {
    // SAFETY: R1, R6: promised by the caller; the instance is complete before it is shared.
    unsafe {
        let (instance, slot) = {
            let store = &mut *store.cast::<Store>();
            store.check_instances()?;
            let mark = store.mark();
            let pinned = store.heap.pins.len();
            let slot = store.slots.begin()?;
            let allocated = allocate(store, module, imports, slot);
            store.slots.end();
            let added = allocated.and_then(|instance| store.add_instance(instance));
            store.heap.pins.truncate(pinned);
            match added {
                Ok(instance) => (instance, slot),
                Err(error) => {
                    store.roll_back(mark);
                    store.slots.free(slot);
                    return Err(error);
                }
            }
        };
        let core = &mut *store.cast::<Store>();
        let filled =
            run_elems(core, &*instance, module).and_then(|()| run_datas(core, &*instance, module));
        if let Err(error) = filled {
            core.release(slot);
            return Err(error);
        }
        let start = module.module.start.map(|start| (&(*instance).funcs)[start as usize]);
        Ok((instance, start))
    }
}

/// Steps 2 to 5: evaluates what needs no allocation but the functions' and globals', and
/// allocates the rest.
///
/// # Safety
/// As for [`instantiate`].
unsafe fn allocate(
    store: &mut Store,
    module: &Arc<CompiledModule>,
    imports: &[Object],
    slot: u32,
) -> Result<Owned<Instance>, Error> {
    let m = &module.module;
    let empty = Instance::empty(store.address(), Arc::as_ptr(&store.head.signals));
    let owned = Owned::try_new(empty)?;
    // SAFETY: R1: nobody else knows the instance yet.
    let instance = unsafe { &mut *owned.as_ptr() };
    instance.slot = slot;
    instance.data.module = Arc::as_ptr(module).cast();
    instance.module = Some(module.clone());
    instance.stoppable = Stoppable::new(&store.head.signals, module.clone())?;
    make_room(instance, m)?;
    for import in imports {
        match *import {
            Object::Func(func) => instance.funcs.push(func),
            Object::Table(table) => instance.tables.push(table),
            Object::Memory(memory) => instance.memories.push(memory),
            Object::Global(global) => instance.globals.push(global),
            Object::Tag(tag) => instance.tags.push(tag),
        }
    }
    // Functions come first: constant expressions refer to them.
    let address = owned.as_ptr().cast_const().cast();
    for (entry, index) in module.code.entries().iter().zip(m.num_imported_funcs()..) {
        let shape = module.shape(index);
        instance.defined.push(FuncData::new(entry, start_of(entry), address, shape, index));
    }
    instance.funcs.extend(instance.defined.iter().map(ptr::from_ref));
    // Step 2: globals in order; each sees those before.
    for global in &m.globals {
        // SAFETY: R1, R10: what was made so far is pinned.
        let value = unsafe { evaluate(store, &global.init, instance)? };
        instance.globals.push(store.add_global(global.ty, value)?);
    }
    // Step 3: the initial elements of tables.
    for table in &m.tables {
        let init = match &table.init {
            // SAFETY: R1, R10: as above.
            Some(init) => unsafe { evaluate(store, init, instance)?[0] },
            None => 0,
        };
        instance.tables.push(store.add_table(table.ty, init)?);
    }
    // Step 4: the elements of all segments.
    for elem in &m.elems {
        let mut elements = room::list(elem.elements.count())?;
        match &elem.elements {
            Elements::Funcs(funcs) => {
                elements.extend(funcs.iter().map(|&func| instance.funcs[func as usize] as u64));
            }
            Elements::Exprs(exprs) => {
                for expr in exprs {
                    // SAFETY: R1, R10: as above.
                    elements.push(unsafe { evaluate(store, expr, instance)?[0] });
                }
            }
        }
        // A box that is moved is no longer what an earlier pointer leads to.
        instance.elem_storage.push(elements.into_boxed_slice());
        if let Some(elements) = instance.elem_storage.last() {
            instance.elems.push(segment(elements.as_ptr().cast(), elements.len()));
        }
    }
    // Step 5: what is left to allocate.
    for memory in m.memories.iter().skip(m.num_imported_memories() as usize) {
        instance.memories.push(store.add_memory(*memory)?);
    }
    for tag in m.num_imported_tags()..m.tags.len() as u32 {
        instance.tags.push(store.add_tag(m.tag_type_id(tag))?);
    }
    for data in &m.datas {
        let bytes = module.bytes().get(data.bytes.clone()).unwrap_or_default();
        instance.datas.push(segment(bytes.as_ptr(), bytes.len()));
    }
    instance.exported_memory =
        module.memory_export().map(|index| instance.memories[index as usize]);
    // SAFETY: R1: the memories are objects of the store.
    unsafe { instance.link() };
    Ok(owned)
}

/// Room for all that the module's index spaces have.
fn make_room(instance: &mut Instance, m: &Module) -> Result<(), Error> {
    let defined = m.code.len();
    room::exact(&mut instance.defined, defined)?;
    if tuning::SMALL {
        // Less code, and the others grow.
        return Ok(());
    }
    room::exact(&mut instance.funcs, m.num_imported_funcs() as usize + defined)?;
    room::exact(&mut instance.tables, m.table_types.len())?;
    room::exact(&mut instance.memories, m.memories.len())?;
    room::exact(&mut instance.globals, m.global_types.len())?;
    room::exact(&mut instance.tags, m.tags.len())?;
    room::exact(&mut instance.elems, m.elems.len())?;
    room::exact(&mut instance.elem_storage, m.elems.len())?;
    room::exact(&mut instance.datas, m.datas.len())
}
fn segment(start: *const u8, len: usize) -> SegmentData {
    SegmentData { start: Cell::new(start), len: Cell::new(len as u64) }
}

/// Whether `len` from `at` end within `size`.
fn in_bounds(at: u64, len: u64, size: u64) -> bool {
    at.checked_add(len).is_some_and(|end| end <= size)
}

/// Step 6: copies active element segments in order and drops them; declarative ones are dropped.
/// What was copied before a trap stays.
///
/// # Safety
/// The instance is complete (R1) and no guest runs (R6).
unsafe fn run_elems(
    store: &mut Store,
    instance: &Instance,
    module: &CompiledModule,
) -> Result<(), Error> {
    for (elem, segment) in module.module.elems.iter().zip(&instance.elems) {
        match &elem.mode {
            SegmentMode::Passive => continue,
            SegmentMode::Declarative => {}
            SegmentMode::Active { index, offset } => {
                // SAFETY: R1, R10: offsets are numbers.
                let at = unsafe { evaluate(store, offset, instance)?[0] };
                let len = segment.len.get();
                // SAFETY: R1: a table of the store.
                let table = unsafe { &*instance.tables[*index as usize] };
                if !in_bounds(at, len, table.len.get()) {
                    return Err(Trap::TableOutOfBounds.into());
                }
                if len > 0 {
                    // SAFETY: R7: within both.
                    unsafe {
                        let to = table.elements.get().add(at as usize);
                        ptr::copy_nonoverlapping(segment.start.get().cast(), to, len as usize);
                    }
                }
            }
        }
        segment.len.set(0);
    }
    Ok(())
}

/// Step 7: copies active data segments in order and drops them.
///
/// # Safety
/// As for [`run_elems`].
unsafe fn run_datas(
    store: &mut Store,
    instance: &Instance,
    module: &CompiledModule,
) -> Result<(), Error> {
    for (data, segment) in module.module.datas.iter().zip(&instance.datas) {
        let SegmentMode::Active { index, offset } = &data.mode else { continue };
        // SAFETY: R1, R10: offsets are numbers.
        let at = unsafe { evaluate(store, offset, instance)?[0] };
        let len = segment.len.get();
        // SAFETY: R1, R2, R6: a memory of the store, and bytes of the module.
        let written = unsafe {
            let memory = &mut *instance.memories[*index as usize].cast_mut().cast::<Memory>();
            memory.write(at, slice::from_raw_parts(segment.start.get(), len as usize))
        };
        if !written {
            return Err(Trap::MemoryOutOfBounds.into());
        }
        segment.len.set(0);
    }
    Ok(())
}
