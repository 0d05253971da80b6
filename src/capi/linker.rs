//! Linkers, and functions of C that guests call.

use core::cell::{Ref, RefCell, RefMut};
use core::ffi::c_void;

use super::error::Failure;
use super::exception::keep;
use super::ffi::{
    Array, ArrayMut, Finalizer, Out, Outcome, Text, UserData, delete, guard, guard_or, need, utf8,
};
use super::store::{CStore, Data};
use super::types::signature;
use super::val::{CVal, Handle, write_all};
use crate::{
    AsContextMut, Caller, Engine, Error, Extern, FuncType, Linker, Module, Val, ValType, sysenv,
    wasi,
};

/// `wasmvm_linker`. A start function may call back while it is in use.
pub type CLinker = RefCell<Linker<Data>>;

fn lent(linker: Option<&CLinker>) -> Result<RefMut<'_, Linker<Data>>, Failure> {
    let linker = need(linker, "linker")?.try_borrow_mut();
    linker.map_err(|_| Failure::usage("the linker is in use: it instantiates".into()))
}

/// The linker, for instantiating, while callbacks may do so too.
pub fn shared(linker: Option<&CLinker>) -> Result<Ref<'_, Linker<Data>>, Failure> {
    let linker = need(linker, "linker")?.try_borrow();
    linker.map_err(|_| Failure::usage("the linker is in use: it is being changed".into()))
}

/// `wasmvm_caller`: what a callback sees of its guest.
pub struct CCaller {
    store: *const CStore,
    instance: Handle,
}

/// `wasmvm_callback`.
pub type Callback = Option<extern "C" fn(*mut c_void, &CCaller, *const CVal, *mut CVal) -> Outcome>;

/// A function of C with its data.
pub struct HostFunc {
    callback: extern "C" fn(*mut c_void, &CCaller, *const CVal, *mut CVal) -> Outcome,
    user: UserData,
    ty: FuncType,
}
impl HostFunc {
    /// The data is C's until this is made; then the finalizer is called in any case.
    pub fn new(ty: FuncType, callback: Callback, user: UserData) -> Result<HostFunc, Failure> {
        Ok(HostFunc { callback: need(callback, "callback")?, user, ty })
    }
    pub fn ty(&self) -> FuncType {
        self.ty.clone()
    }
    /// Called by a guest.
    pub fn call(
        &self,
        mut caller: Caller<'_, Data>,
        args: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        super::reference::release_ended(&mut caller.as_context_mut());
        let instance = caller.instance();
        let store = caller.data().store;
        let instance =
            instance.map_or(Handle::NULL, |instance| caller.data_mut().add_instance(instance));
        let args = write_all(args, &mut caller.as_context_mut()).map_err(Failure::into_error)?;
        let mut given = vec![CVal::ZERO; results.len()];
        // SAFETY: C2: the store is where it was made, and not deleted while a guest runs.
        let outcome = unsafe { &*store }.callback(&mut caller, || {
            let caller = CCaller { store, instance };
            (self.callback)(self.user.data, &caller, args.as_ptr(), given.as_mut_ptr())
        });
        let outcome = outcome.map_or(Ok(()), |error| Err(error.failure));
        let read = outcome.and_then(|()| self.read(&given, results, caller.data()));
        if read.is_ok() {
            end_all(&given, &self.ty.results, caller.data_mut());
        }
        end_all(&args, &self.ty.params, caller.data_mut());
        read.map_err(Failure::into_error)
    }
    fn read(&self, given: &[CVal], results: &mut [Val], data: &Data) -> Result<(), Failure> {
        for (result, (given, &ty)) in results.iter_mut().zip(given.iter().zip(&self.ty.results)) {
            *result = given.read(ty, data)?;
        }
        Ok(())
    }
}
/// References among arguments end with the callback; those among results are given away. The guest
/// does not have them yet: they end when the next function is called, or this call is over.
fn end_all(vals: &[CVal], types: &[ValType], data: &mut Data) {
    data.ended.extend(vals.iter().zip(types).filter_map(|(val, &ty)| val.handle(ty)));
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_new(engine: Option<&Engine>) -> Option<Box<CLinker>> {
    guard_or(None, || Some(Box::new(RefCell::new(Linker::new(engine?)))))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_delete(linker: Option<Box<CLinker>>) {
    delete(linker);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_allow_shadowing(linker: Option<&CLinker>, on: bool) {
    guard_or((), || {
        if let Ok(mut linker) = lent(linker) {
            linker.allow_shadowing(on);
        }
    });
}
fn define(
    linker: Option<&CLinker>,
    [module, name]: [&str; 2],
    ty: FuncType,
    callback: Callback,
    user: UserData,
) -> Result<(), Failure> {
    let host = HostFunc::new(ty, callback, user)?;
    let ty = host.ty();
    let call = move |caller: Caller<'_, Data>, args: &[Val], results: &mut [Val]| {
        host.call(caller, args, results)
    };
    lent(linker)?.func_new(module, name, ty, call)?;
    Ok(())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_func(
    linker: Option<&CLinker>,
    module: Text,
    name: Text,
    sig: Text,
    callback: Callback,
    data: *mut c_void,
    finalizer: Finalizer,
) -> Outcome {
    guard(|| {
        let user = UserData { data, finalizer };
        let names = [module.str("module")?, name.str("name")?];
        define(linker, names, signature(sig.str("signature")?)?, callback, user)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_func_n(
    linker: Option<&CLinker>,
    module: Array<u8>,
    module_len: usize,
    name: Array<u8>,
    name_len: usize,
    sig: Text,
    callback: Callback,
    data: *mut c_void,
    finalizer: Finalizer,
) -> Outcome {
    guard(|| {
        let user = UserData { data, finalizer };
        let module = utf8(module.slice(module_len, "module")?, "module")?;
        let name = utf8(name.slice(name_len, "name")?, "name")?;
        define(linker, [module, name], signature(sig.str("signature")?)?, callback, user)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_import(
    linker: Option<&CLinker>,
    module: Option<&Module>,
    index: usize,
    callback: Callback,
    data: *mut c_void,
    finalizer: Finalizer,
) -> Outcome {
    guard(|| {
        let user = UserData { data, finalizer };
        let import = need(module, "module")?.imports().nth(index);
        let import = import.ok_or_else(|| Failure::usage(format!("there is no import {index}")))?;
        let is_func = import.ty.func().cloned();
        let ty = is_func.ok_or_else(|| Failure::usage(format!("no function: {import}")))?;
        define(linker, [&import.module, &import.name], ty, callback, user)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_define(
    linker: Option<&CLinker>,
    store: Option<&CStore>,
    module: Text,
    name: Text,
    object: Option<&CExtern>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let object = need(object, "object")?.get(cx.data())?;
        let (module, name) = (module.str("module")?, name.str("name")?);
        lent(linker)?.define(&cx, module, name, object)?;
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_instance(
    linker: Option<&CLinker>,
    store: Option<&CStore>,
    module: Text,
    instance: Handle,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let instance = cx.data().instance(instance)?;
        lent(linker)?.instance(&cx, module.str("module")?, instance)?;
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_wasi(linker: Option<&CLinker>) -> Outcome {
    guard(|| Ok(wasi::add_to_linker(&mut *lent(linker)?, Data::wasi)?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_sysenv(linker: Option<&CLinker>) -> Outcome {
    guard(|| Ok(sysenv::add_to_linker(&mut *lent(linker)?, Data::sysenv)?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_missing_as_traps(
    linker: Option<&CLinker>,
    module: Option<&Module>,
) -> Outcome {
    guard(|| {
        lent(linker)?.missing_as_traps(need(module, "module")?)?;
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_instantiate(
    linker: Option<&CLinker>,
    store: Option<&CStore>,
    module: Option<&Module>,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let (linker, module) = (shared(linker)?, need(module, "module")?);
        let out = need(out, "out")?;
        let handle = need(store, "store")?.run(|mut cx| {
            let instance = cx.scope(|cx| {
                let instance = linker.instantiate(&mut *cx, module);
                keep(instance.map_err(Into::into), cx)
            })?;
            Ok(cx.data_mut().add_instance(instance))
        })?;
        out.write(handle);
        Ok(())
    })
}

/// `wasmvm_extern`.
#[repr(C)]
pub struct CExtern {
    kind: u32,
    handle: Handle,
}
impl CExtern {
    pub fn new(object: Extern, data: &mut Data) -> CExtern {
        let (kind, handle) = match object {
            Extern::Func(func) => (1, data.add_func(func)),
            Extern::Table(table) => (2, data.add_table(table)),
            Extern::Memory(memory) => (3, data.add_memory(memory)),
            Extern::Global(global) => (4, data.add_global(global)),
            Extern::Tag(tag) => (5, data.add_tag(tag)),
        };
        CExtern { kind, handle }
    }
    fn get(&self, data: &Data) -> Result<Extern, Failure> {
        Ok(match self.kind {
            1 => data.func(self.handle)?.into(),
            2 => data.table(self.handle)?.into(),
            3 => data.memory(self.handle)?.into(),
            4 => data.global(self.handle)?.into(),
            5 => data.tag(self.handle)?.into(),
            kind => return Err(Failure::usage(format!("there is no kind {kind} of objects"))),
        })
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_store(caller: Option<&CCaller>) -> *const CStore {
    caller.map_or(core::ptr::null(), |caller| caller.store)
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_instance(caller: Option<&CCaller>) -> Handle {
    caller.map_or(Handle::NULL, |caller| caller.instance)
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_data(caller: Option<&CCaller>) -> *mut c_void {
    guard_or(core::ptr::null_mut(), || {
        let data = caller
            .and_then(|caller| caller.store().ok()?.context().ok())
            .map(|cx| cx.data().user.data);
        data.unwrap_or(core::ptr::null_mut())
    })
}
impl CCaller {
    fn store(&self) -> Result<&CStore, Failure> {
        // SAFETY: C2: the store is not deleted while a guest runs.
        Ok(unsafe { &*self.store })
    }
    /// The memory that the calling instance exports as `memory`.
    fn memory(&self) -> Result<crate::Memory, Failure> {
        let cx = self.store()?.context()?;
        let none = || Error::host("the guest exports no memory as \"memory\"");
        if self.instance == Handle::NULL {
            return Err(none().into());
        }
        let instance = cx.data().instance(self.instance)?;
        Ok(instance.memory(&cx, "memory").ok_or_else(none)?)
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_memory(caller: Option<&CCaller>, out: Out<Handle>) -> Outcome {
    guard(|| {
        let (caller, out) = (need(caller, "caller")?, need(out, "out")?);
        let memory = caller.memory()?;
        out.write(caller.store()?.context()?.data_mut().add_memory(memory));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_slice(
    caller: Option<&CCaller>,
    at: u64,
    len: u64,
    out: Out<*mut u8>,
) -> Outcome {
    guard(|| {
        let (caller, out) = (need(caller, "caller")?, need(out, "out")?);
        let memory = caller.memory()?;
        let mut cx = caller.store()?.context()?;
        out.write(super::object::slice(memory.data_mut(&mut cx)?, at, len)?.as_mut_ptr());
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_read(
    caller: Option<&CCaller>,
    at: u64,
    bytes: ArrayMut<u8>,
    len: usize,
) -> Outcome {
    guard(|| {
        let caller = need(caller, "caller")?;
        let memory = caller.memory()?;
        super::object::read(memory, &mut caller.store()?.context()?, at, bytes, len)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_caller_write(
    caller: Option<&CCaller>,
    at: u64,
    bytes: Array<u8>,
    len: usize,
) -> Outcome {
    guard(|| {
        let caller = need(caller, "caller")?;
        let memory = caller.memory()?;
        memory.write(caller.store()?.context()?, at, bytes.slice(len, "bytes")?)?;
        Ok(())
    })
}
