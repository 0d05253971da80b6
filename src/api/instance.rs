//! Instances.
#![allow(unsafe_code)]

use super::object::Extern;
use super::store::{Lent, LentMut};
use super::{
    AsContext, AsContextMut, Error, Execution, Func, Global, Memory, Module, Table, Tag, TypedFunc,
    WasmList,
};
use crate::exec::call::call;
use crate::exec::compiled::CompiledModule;
use crate::exec::instantiate::{check_imports, instantiate};
use crate::rt::instance::{Instance as InstanceObject, Object};
use crate::rt::layout::FuncData;
use crate::rt::store::Store as Core;
use crate::wasm::module::{Export, ExternKind};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A module instance of a store (spec §4.2.5). A plain value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    store: u64,
    address: usize,
}
impl Instance {
    /// Instantiates a module with its imports in order, and runs its start function.
    ///
    /// # Errors
    /// Link: all the imports that do not match; Trap, Exit, Host, Limit: what segments and the
    /// start function end with; Usage: the number of imports is another, one belongs to another
    /// store, or the module to another engine.
    ///
    /// *Spec*: §4.5.4.
    pub fn new(
        cx: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance, Error> {
        let objects = objects_of(&cx, module, imports)?;
        Instance::link(cx, module, &objects)
    }
    /// The same with a start function that can stop and go on.
    ///
    /// # Errors
    /// As for [`Instance::new`], but for what the start function ends with.
    pub fn start(
        cx: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Execution<Instance>, Error> {
        let objects = objects_of(&cx, module, imports)?;
        Instance::link_start(cx, module, &objects)
    }
    /// Instantiates a module with objects of this store.
    pub(super) fn link(
        mut cx: impl AsContextMut,
        module: &Module,
        provided: &[Option<Object>],
    ) -> Result<Instance, Error> {
        let (instance, start) = Instance::prepare(&mut cx, module, provided)?;
        if let Some(start) = start {
            // SAFETY: R1, R6: the store is lent; a start function has no parameters or results.
            unsafe { call(cx.head(), start, &mut [])? };
        }
        Ok(instance)
    }
    /// The same with a start function that can stop and go on.
    pub(super) fn link_start(
        mut cx: impl AsContextMut,
        module: &Module,
        provided: &[Option<Object>],
    ) -> Result<Execution<Instance>, Error> {
        let (instance, start) = Instance::prepare(&mut cx, module, provided)?;
        let finish = move |_: &Core, _: &[u64]| instance;
        match start {
            // SAFETY: R6: a start function has no parameters.
            Some(start) => unsafe { Execution::new(&mut cx, start, &[], finish) },
            None => Ok(Execution::empty(&cx, finish)),
        }
    }
    /// All of instantiation but the start function.
    fn prepare(
        cx: &mut impl AsContextMut,
        module: &Module,
        provided: &[Option<Object>],
    ) -> Result<(Instance, Option<*const FuncData>), Error> {
        if !cx.inner().engine.is_same(module.engine()) {
            return Err(Error::usage("a module of another engine"));
        }
        // SAFETY: R1, R6: the store is lent; the objects belong to it, and are checked.
        let (instance, start) = unsafe {
            let objects = check_imports(module.compiled(), provided)?;
            instantiate(cx.head(), module.compiled(), &objects)?
        };
        Ok((Instance::from_object(cx.core().id, instance), start))
    }
    pub(super) fn from_object(store: u64, instance: *const InstanceObject) -> Instance {
        Instance { store, address: instance as usize }
    }
    fn object<'a>(&self, cx: &'a impl AsContext) -> Result<&'a InstanceObject, Error> {
        if self.store != cx.core().id {
            return Err(Error::usage("an instance of another store"));
        }
        // SAFETY: R1: instances live as long as their store, which is lent.
        Ok(unsafe { &*(self.address as *const InstanceObject) })
    }
    /// The export of this name. Also `None` if the instance belongs to another store.
    ///
    /// # Complexity
    /// Logarithmic in the number of exports.
    pub fn get(&self, cx: &impl AsContext, name: &str) -> Option<Extern> {
        let object = self.object(cx).ok()?;
        Some(self.export(object, compiled(object).export(name)?))
    }
    /// All exports, in order.
    ///
    /// # Errors
    /// Usage: the instance belongs to another store.
    pub fn exports(&self, cx: &impl AsContext) -> Result<Vec<(String, Extern)>, Error> {
        let object = self.object(cx)?;
        let exports = &compiled(object).module.exports;
        let named = |export: &Export| (export.name.to_string(), self.export(object, export));
        Ok(exports.iter().map(named).collect())
    }
    fn export(&self, object: &InstanceObject, export: &Export) -> Extern {
        let index = export.index as usize;
        let object = match export.kind {
            ExternKind::Func => Object::Func(object.funcs[index]),
            ExternKind::Table => Object::Table(object.tables[index]),
            ExternKind::Memory => Object::Memory(object.memories[index]),
            ExternKind::Global => Object::Global(object.globals[index]),
            ExternKind::Tag => Object::Tag(object.tags[index]),
        };
        Extern::from_object(self.store, object)
    }
    /// The exported function of this name.
    pub fn func(&self, cx: &impl AsContext, name: &str) -> Option<Func> {
        self.get(cx, name)?.into_func()
    }
    /// The exported memory of this name.
    pub fn memory(&self, cx: &impl AsContext, name: &str) -> Option<Memory> {
        self.get(cx, name)?.into_memory()
    }
    /// The exported table of this name.
    pub fn table(&self, cx: &impl AsContext, name: &str) -> Option<Table> {
        self.get(cx, name)?.into_table()
    }
    /// The exported global of this name.
    pub fn global(&self, cx: &impl AsContext, name: &str) -> Option<Global> {
        self.get(cx, name)?.into_global()
    }
    /// The exported tag of this name.
    pub fn tag(&self, cx: &impl AsContext, name: &str) -> Option<Tag> {
        self.get(cx, name)?.into_tag()
    }
    /// The exported function of this name, with its signature checked.
    ///
    /// # Errors
    /// Usage: there is no such function, or its signature is another.
    pub fn typed_func<P: WasmList, R: WasmList>(
        &self,
        cx: &impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>, Error> {
        self.object(cx)?;
        match self.func(cx, name) {
            Some(func) => func.typed(cx),
            None => Err(Error::usage(alloc::format!("no function is exported as {name:?}"))),
        }
    }
}

/// The objects of imports given in order.
fn objects_of(
    cx: &impl AsContext,
    module: &Module,
    imports: &[Extern],
) -> Result<Vec<Option<Object>>, Error> {
    let (given, needed) = (imports.len(), module.imports().len());
    if given != needed {
        return Err(Error::usage(alloc::format!("{given} imports, where {needed} are needed")));
    }
    let store = cx.core().id;
    imports.iter().map(|import| import.object(store).map(Some)).collect()
}

/// What an instance was made of.
fn compiled(object: &InstanceObject) -> &CompiledModule {
    // SAFETY: R1: instances of modules keep their module.
    unsafe { &*object.data.module.cast::<CompiledModule>() }
}
