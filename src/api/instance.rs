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
use crate::rt::owner::Owner;
use crate::rt::room;
use crate::rt::store::Store as Core;
use crate::wasm::error::Quoted;
use crate::wasm::module::{Export, ExternKind};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A module instance of a store (spec §4.2.5). A plain value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    owner: Owner,
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
        mut cx: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance, Error> {
        let objects = objects_of(&mut cx, module, imports)?;
        Instance::link(cx, module, &objects)
    }
    /// The same with a start function that can stop and go on.
    ///
    /// # Errors
    /// As for [`Instance::new`], but for what the start function ends with.
    pub fn start(
        mut cx: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Execution<Instance>, Error> {
        let objects = objects_of(&mut cx, module, imports)?;
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
            if let Err(error) = unsafe { call(cx.head(), start, &mut []) } {
                // The start function may have had it released.
                let _ = instance.release(cx);
                return Err(error);
            }
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
        let finish = move |_: &Core, _: &[u64]| Ok(instance);
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
        Ok((Instance::from_object(cx.core(), instance), start))
    }
    /// A handle of an instance of this store.
    pub(super) fn from_object(core: &Core, instance: *const InstanceObject) -> Instance {
        // SAFETY: R1: promised by those who know the address.
        let owner = core.owner(unsafe { (*instance).slot });
        Instance { owner, address: instance as usize }
    }
    pub(super) fn object<'a>(&self, cx: &'a impl AsContext) -> Result<&'a InstanceObject, Error> {
        cx.core().check(self.owner)?;
        // SAFETY: R1: it is there, and the store is lent.
        Ok(unsafe { &*(self.address as *const InstanceObject) })
    }
    /// Lets go of the instance: every handle of it, and of what belongs to it, is an error of kind
    /// `Usage` from now on. It is freed by [`Store::gc`](super::Store::gc), or when there are many
    /// such instances, as soon as nothing refers to it: other instances that import from it,
    /// references to its functions in tables, globals and objects, executions.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or was released before.
    pub fn release(self, mut cx: impl AsContextMut) -> Result<(), Error> {
        let slot = self.object(&cx)?.slot;
        cx.core_mut().release(slot);
        Ok(())
    }
    /// Whether it is there: not in another store, nor after its release.
    pub fn is_there(&self, cx: &impl AsContext) -> bool {
        self.object(cx).is_ok()
    }
    /// The export of this name. Also `None` if the instance was released, or belongs to
    /// another store.
    ///
    /// # Complexity
    /// Logarithmic in the number of exports.
    pub fn get(&self, cx: &impl AsContext, name: &str) -> Option<Extern> {
        let object = self.object(cx).ok()?;
        Some(export_of(cx.core(), object, compiled(object).export(name)?))
    }
    /// All exports, in order.
    ///
    /// # Errors
    /// Usage: the instance belongs to another store.
    pub fn exports(&self, cx: &impl AsContext) -> Result<Vec<(String, Extern)>, Error> {
        let object = self.object(cx)?;
        let exports = &compiled(object).module.exports;
        let named =
            |export: &Export| (export.name.to_string(), export_of(cx.core(), object, export));
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
            None => {
                let name = Quoted(name);
                Err(Error::usage(alloc::format!("no function is exported as {name}")))
            }
        }
    }
}

/// The objects of imports given in order.
fn objects_of(
    cx: &mut impl AsContextMut,
    module: &Module,
    imports: &[Extern],
) -> Result<Vec<Option<Object>>, Error> {
    let (given, needed) = (imports.len(), module.imports().len());
    if given != needed {
        return Err(Error::usage(alloc::format!("{given} imports, where {needed} are needed")));
    }
    cx.core_mut().make_room();
    room::collect(imports.iter().map(|import| import.object(cx.core()).map(Some)))
}

fn export_of(core: &Core, object: &InstanceObject, export: &Export) -> Extern {
    let index = export.index as usize;
    let object = match export.kind {
        ExternKind::Func => Object::Func(object.funcs[index]),
        ExternKind::Table => Object::Table(object.tables[index]),
        ExternKind::Memory => Object::Memory(object.memories[index]),
        ExternKind::Global => Object::Global(object.globals[index]),
        ExternKind::Tag => Object::Tag(object.tags[index]),
    };
    Extern::from_object(core, object)
}
/// What an instance was made of.
fn compiled(object: &InstanceObject) -> &CompiledModule {
    // SAFETY: R1: instances of modules keep their module.
    unsafe { &*object.data.module.cast::<CompiledModule>() }
}
