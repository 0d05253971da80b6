//! Linking by name.

use super::host::HostFunc;
use super::store::{Lent, LentMut};
use super::{
    AsContext, AsContextMut, Caller, Engine, Error, Execution, Extern, FuncType, ImportType,
    Instance, IntoFunc, LinkProblem, Module, Trap, Val,
};
use crate::rt::instance::Object;
use crate::rt::room;
use crate::wasm::error::Quoted;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

enum Definition<T> {
    /// Put into a store when it is first needed there. There may be several of different types.
    Host(Vec<Arc<HostFunc<T>>>),
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
            let (module, name) = (Quoted(module), Quoted(name));
            return Err(Error::usage(alloc::format!("{module}.{name} is defined already")));
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
        self.insert(module, name, Definition::Host(alloc::vec![Arc::new(f.into_host())]))
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
        self.insert(module, name, Definition::Host(alloc::vec![Arc::new(HostFunc::untyped(ty, f))]))
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
        self.insert(module, name, Definition::Host(alloc::vec![Arc::new(HostFunc::raw(ty, f)?)]))
    }
    /// Defines another host function under a name that has some, for imports of another type: an
    /// import gets the one whose type is exactly its own. Arguments and results are as for
    /// [`Linker::func_raw`].
    ///
    /// # Errors
    /// Usage: there is no host function of this name, there is one of this type, or the signature
    /// has references.
    pub fn overload_raw(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        let names = self.names.get_mut(module).and_then(|names| names.get_mut(name));
        match names {
            Some(Definition::Host(hosts)) if hosts.iter().all(|host| *host.ty() != ty) => {
                hosts.push(Arc::new(HostFunc::raw(ty, f)?));
                Ok(self)
            }
            _ => {
                let (module, name) = (Quoted(module), Quoted(name));
                Err(Error::usage(alloc::format!("{module}.{name} takes no type {ty}")))
            }
        }
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
        object.object(cx.core())?;
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
            self.insert(
                &import.module,
                &import.name,
                Definition::Host(alloc::vec![Arc::new(host)]),
            )?;
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
        let objects = self.resolve(&mut cx, module)?;
        Instance::link(cx, module, &objects).map_err(|error| self.with_overloads(error))
    }
    /// Instantiates a module with what is defined; its start function can stop and go on.
    ///
    /// # Errors
    /// As for [`Linker::instantiate`], but for what the start function ends with.
    pub fn start<C: AsContextMut<Data = T>>(
        &self,
        mut cx: C,
        module: &Module,
    ) -> Result<Execution<Instance>, Error> {
        let objects = self.resolve(&mut cx, module)?;
        Instance::link_start(cx, module, &objects).map_err(|error| self.with_overloads(error))
    }
    /// Looks up the imports of a module once, for any number of instances.
    ///
    /// # Errors
    /// Link: all the imports that are missing; Usage: the module belongs to another engine.
    pub fn pre(&self, module: &Module) -> Result<InstancePre<T>, Error> {
        let found = self.definitions(module)?;
        let missing = module.imports().zip(&found).filter(|(_, found)| found.is_none());
        let problems: Vec<_> = missing
            .map(|(import, _)| LinkProblem::unknown(import.module, import.name, import.ty))
            .collect();
        if !problems.is_empty() {
            return Err(Error::link(problems));
        }
        Ok(InstancePre { module: module.clone(), imports: found.into_iter().flatten().collect() })
    }
    /// What is defined for the imports of a module, in order.
    fn resolve<C: AsContextMut<Data = T>>(
        &self,
        cx: &mut C,
        module: &Module,
    ) -> Result<Vec<Option<Object>>, Error> {
        let found = self.definitions(module)?;
        cx.core_mut().make_room();
        room::collect(found.iter().map(|f| f.as_ref().map(|f| f.object(cx)).transpose()))
    }
    fn definitions(&self, module: &Module) -> Result<Vec<Option<Found<T>>>, Error> {
        if !self.engine.is_same(module.engine()) {
            return Err(Error::usage("a module of another engine"));
        }
        let found = module.imports().map(|import| {
            Some(match self.find(&import.module, &import.name)? {
                Definition::Object(object) => Found::Object(*object),
                Definition::Host(hosts) => Found::Host(chosen(hosts, import.ty.func())?.clone()),
            })
        });
        Ok(found.collect())
    }
    /// Says of imports that do not match which other types there are.
    #[cold]
    fn with_overloads(&self, mut error: Error) -> Error {
        for problem in error.link_problems_mut() {
            if let Some(Definition::Host(hosts)) = self.find(&problem.module, &problem.name) {
                let types = hosts.iter().skip(1).map(|host| host.ty().clone());
                problem.overloads = types.collect();
            }
        }
        error
    }
}

/// What an import is linked to.
enum Found<T> {
    Host(Arc<HostFunc<T>>),
    Object(Extern),
}
impl<T> Found<T> {
    /// The object, in this store.
    fn object<C: AsContextMut<Data = T>>(&self, cx: &mut C) -> Result<Object, Error> {
        match self {
            Found::Host(host) => cx.inner_mut().link(host).map(Object::Func),
            Found::Object(object) => object.object(cx.core()),
        }
    }
}

/// A module whose imports were looked up: see [`Linker::pre`].
pub struct InstancePre<T> {
    module: Module,
    imports: Vec<Found<T>>,
}
impl<T> InstancePre<T> {
    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }
    /// Instantiates the module, and runs its start function.
    ///
    /// # Errors
    /// As for [`Instance::new`].
    pub fn instantiate<C: AsContextMut<Data = T>>(&self, mut cx: C) -> Result<Instance, Error> {
        let objects = self.objects(&mut cx)?;
        Instance::link(cx, &self.module, &objects)
    }
    /// Instantiates the module; its start function can stop and go on.
    ///
    /// # Errors
    /// As for [`Instance::start`].
    pub fn start<C: AsContextMut<Data = T>>(
        &self,
        mut cx: C,
    ) -> Result<Execution<Instance>, Error> {
        let objects = self.objects(&mut cx)?;
        Instance::link_start(cx, &self.module, &objects)
    }
    fn objects<C: AsContextMut<Data = T>>(&self, cx: &mut C) -> Result<Vec<Option<Object>>, Error> {
        cx.core_mut().make_room();
        room::collect(self.imports.iter().map(|found| found.object(cx).map(Some)))
    }
}

/// The host function of exactly this type, else the first.
fn chosen<'a, T>(
    hosts: &'a [Arc<HostFunc<T>>],
    wanted: Option<&FuncType>,
) -> Option<&'a Arc<HostFunc<T>>> {
    hosts.iter().find(|host| Some(host.ty()) == wanted).or(hosts.first())
}
