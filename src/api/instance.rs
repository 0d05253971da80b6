//! Instances.
#![allow(unsafe_code)]

use super::object::Extern;
use super::{
    AsContext, AsContextMut, Error, Func, Global, Memory, Module, Table, TypedFunc, WasmList,
};
use crate::exec::compiled::CompiledModule;
use crate::exec::instantiate::{check_imports, instantiate};
use crate::rt::store::{Instance as Object, Object as Linked};
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
    pub(crate) fn new_handle(store: u64, instance: *const Object) -> Instance {
        Instance { store, address: instance as usize }
    }
    /// Instantiates a module with its imports in order, and runs its start function.
    ///
    /// # Errors
    /// Link: all the imports that do not match; Trap, Exit, Host, Limit: what segments and the
    /// start function end with.
    ///
    /// *Spec*: §4.5.4.
    pub fn new(
        cx: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance, Error> {
        if imports.len() != module.imports().len() {
            return Err(Error::usage(alloc::format!(
                "the module has {} imports, not {}",
                module.imports().len(),
                imports.len()
            )));
        }
        let store = cx.core().id;
        let linked: Result<Vec<_>, Error> =
            imports.iter().map(|import| import.object(store).map(Some)).collect();
        Instance::link(cx, module, &linked?)
    }
    pub(crate) fn link(
        mut cx: impl AsContextMut,
        module: &Module,
        provided: &[Option<Linked>],
    ) -> Result<Instance, Error> {
        // SAFETY: R1, R6: the context lends the store, whose objects these are.
        unsafe {
            if !(*cx.pointer().0.as_ptr()).engine.is_same(module.engine()) {
                return Err(Error::usage("a module of another engine"));
            }
            let objects = check_imports(module.compiled(), provided)?;
            let instance = instantiate(cx.head(), module.compiled(), &objects)?;
            Ok(Instance::new_handle(cx.core().id, instance))
        }
    }
    fn object<'a>(&self, cx: &'a impl AsContext) -> Result<&'a Object, Error> {
        if self.store != cx.core().id {
            return Err(Error::usage("an instance of another store"));
        }
        // SAFETY: R1: instances live as long as their store.
        Ok(unsafe { &*(self.address as *const Object) })
    }
    fn module(object: &Object) -> &crate::wasm::module::Module {
        // SAFETY: R1: the instance keeps its module.
        unsafe { &(*object.data.module.cast::<CompiledModule>()).module }
    }
    fn export(object: &Object, store: u64, export: &Export) -> Extern {
        let index = export.index as usize;
        Extern::new_handle(
            store,
            match export.kind {
                ExternKind::Func => Linked::Func(object.funcs[index]),
                ExternKind::Table => Linked::Table(object.tables[index]),
                ExternKind::Memory => Linked::Memory(object.memories[index]),
                ExternKind::Global => Linked::Global(object.globals[index]),
                ExternKind::Tag => Linked::Tag(object.tags[index]),
            },
        )
    }
    /// The export of this name. Also `None` if the instance belongs to another store.
    pub fn get(&self, cx: &impl AsContext, name: &str) -> Option<Extern> {
        let object = self.object(cx).ok()?;
        let export = Self::module(object).exports.iter().find(|export| &*export.name == name)?;
        Some(Self::export(object, self.store, export))
    }
    /// All exports, in order.
    ///
    /// # Errors
    /// Usage: the instance belongs to another store.
    pub fn exports(&self, cx: &impl AsContext) -> Result<Vec<(String, Extern)>, Error> {
        let object = self.object(cx)?;
        let exports = &Self::module(object).exports;
        let named =
            |export: &Export| (export.name.to_string(), Self::export(object, self.store, export));
        Ok(exports.iter().map(named).collect())
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
    /// The exported function of this name, with its signature checked.
    ///
    /// # Errors
    /// Usage: there is no such function, or its signature is another.
    pub fn typed_func<P: WasmList, R: WasmList>(
        &self,
        cx: &impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>, Error> {
        let func = self
            .func(cx, name)
            .ok_or_else(|| Error::usage(alloc::format!("no function is exported as {name:?}")))?;
        func.typed(cx)
    }
}
