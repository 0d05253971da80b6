//! Linking by name.

use super::host::HostFunc;
use super::store::{Lent, LentMut};
use super::{
    AsContext, AsContextMut, Caller, Engine, Error, Extern, FuncType, ImportType, Instance,
    IntoFunc, Module, Trap, Val,
};
use crate::rt::instance::Object;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

enum Definition<T> {
    /// Put into a store when it is first needed there.
    Host(Arc<HostFunc<T>>),
    Object(Extern),
}
impl<T> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Definition::Host(host) => Definition::Host(host.clone()),
            Definition::Object(object) => Definition::Object(*object),
        }
    }
}

/// Names for imports. Host functions serve any store; other objects the store they belong to.
pub struct Linker<T> {
    engine: Engine,
    names: BTreeMap<String, BTreeMap<String, Definition<T>>>,
    allow_shadowing: bool,
}
impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        let Linker { engine, names, allow_shadowing } = self;
        Linker { engine: engine.clone(), names: names.clone(), allow_shadowing: *allow_shadowing }
    }
}
impl<T> Linker<T> {
    /// A linker without names.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker { engine: engine.clone(), names: BTreeMap::new(), allow_shadowing: false }
    }
    /// Whether a name may be defined again.
    pub fn allow_shadowing(&mut self, on: bool) -> &mut Self {
        self.allow_shadowing = on;
        self
    }
    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition<T>,
    ) -> Result<&mut Self, Error> {
        let names = self.names.entry(module.to_string()).or_default();
        if !self.allow_shadowing && names.contains_key(name) {
            return Err(Error::usage(alloc::format!("{module:?}.{name:?} is defined already")));
        }
        names.insert(name.to_string(), definition);
        Ok(self)
    }
    /// Defines a host function, with its signature taken from the closure.
    ///
    /// # Errors
    /// Usage: the name is defined already.
    pub fn func_wrap<P, R>(
        &mut self,
        module: &str,
        name: &str,
        f: impl IntoFunc<T, P, R>,
    ) -> Result<&mut Self, Error> {
        self.insert(module, name, Definition::Host(Arc::new(f.into_host())))
    }
    /// Defines a host function, with its signature given as a value.
    ///
    /// # Errors
    /// As for [`Linker::func_wrap`].
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        self.insert(module, name, Definition::Host(Arc::new(HostFunc::untyped(ty, f))))
    }
    /// Defines a host function that takes its arguments from 64-bit slots and leaves its results
    /// there; a v128 takes two, low half first; i32 and f32 are in the low half.
    ///
    /// # Errors
    /// As for [`Linker::func_wrap`]; Usage: the signature has references.
    pub fn func_raw(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        self.insert(module, name, Definition::Host(Arc::new(HostFunc::raw(ty, f)?)))
    }
    /// Defines an object of a store.
    ///
    /// # Errors
    /// Usage: the name is defined already, or the object belongs to another store.
    pub fn define(
        &mut self,
        cx: &impl AsContext,
        module: &str,
        name: &str,
        object: impl Into<Extern>,
    ) -> Result<&mut Self, Error> {
        let object = object.into();
        object.object(cx.core().id)?;
        self.insert(module, name, Definition::Object(object))
    }
    /// Defines all exports of an instance under a module name.
    ///
    /// # Errors
    /// As for [`Linker::define`].
    pub fn instance(
        &mut self,
        cx: &impl AsContext,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self, Error> {
        for (name, object) in instance.exports(cx)? {
            self.insert(module, &name, Definition::Object(object))?;
        }
        Ok(self)
    }
    fn find(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.names.get(module)?.get(name)
    }
    /// The imports of a module that no name is defined for.
    pub fn missing(&self, module: &Module) -> Vec<ImportType> {
        module
            .imports()
            .filter(|import| self.find(&import.module, &import.name).is_none())
            .collect()
    }
    /// Defines every missing function of a module as one that traps when it is called. Other
    /// imports that are missing stay so.
    ///
    /// # Errors
    /// Usage: the module imports one name with several types.
    pub fn missing_as_traps(&mut self, module: &Module) -> Result<&mut Self, Error> {
        for import in self.missing(module) {
            let Some(ty) = import.ty.func() else { continue };
            let host = HostFunc::trusted(ty.clone(), |_, _| Err(Trap::MissingImport.into()));
            self.insert(&import.module, &import.name, Definition::Host(Arc::new(host)))?;
        }
        Ok(self)
    }
    /// Instantiates a module with what is defined, and runs its start function.
    ///
    /// # Errors
    /// Link: all the imports that are missing or do not match; otherwise as for
    /// [`Instance::new`].
    pub fn instantiate<C: AsContextMut<Data = T>>(
        &self,
        mut cx: C,
        module: &Module,
    ) -> Result<Instance, Error> {
        if !self.engine.is_same(module.engine()) {
            return Err(Error::usage("a module of another engine"));
        }
        let store = cx.core().id;
        let imports = &module.compiled().module.imports;
        let mut objects = Vec::with_capacity(imports.len());
        for import in imports {
            objects.push(match self.find(&import.module, &import.name) {
                None => None,
                Some(Definition::Object(object)) => Some(object.object(store)?),
                Some(Definition::Host(host)) => Some(Object::Func(cx.inner_mut().link(host))),
            });
        }
        Instance::link(cx, module, &objects)
    }
}
