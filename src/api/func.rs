//! Functions, called from the host.
#![allow(unsafe_code)]

use super::host::{HostFunc, has_references, zero_extend};
use super::store::{Lent, LentMut};
use super::{
    AsContext, AsContextMut, Caller, Error, Execution, FuncType, IntoFunc, TypeId, Val, WasmList,
};
use crate::exec::call::call;
use crate::rt::instance::Object;
use crate::rt::layout::FuncData;
use crate::rt::owner::Owner;
use crate::rt::room;
use crate::rt::store::Store as Core;
use crate::wasm::registry::TypeDef;
use alloc::alloc::handle_alloc_error;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::marker::PhantomData;

/// A function of a store (spec §4.2.6). A plain value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Func {
    owner: Owner,
    address: usize,
}

impl Func {
    /// A host function, with its signature given as a value. It belongs to the store, until that
    /// is dropped.
    pub fn new<C: AsContextMut>(
        cx: C,
        ty: FuncType,
        f: impl Fn(Caller<'_, C::Data>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Func {
        Func::add(cx, HostFunc::untyped(ty, f))
    }
    /// A host function, with its signature taken from the closure. It belongs to the store, until
    /// that is dropped.
    pub fn wrap<C: AsContextMut, P, R>(cx: C, f: impl IntoFunc<C::Data, P, R>) -> Func {
        Func::add(cx, f.into_host())
    }
    fn add<C: AsContextMut>(mut cx: C, host: HostFunc<C::Data>) -> Func {
        // The interface has no other way to say so.
        let no_memory = |_| handle_alloc_error(Layout::new::<FuncData>());
        let func = cx.inner_mut().add_host(Arc::new(host)).unwrap_or_else(no_memory);
        Func::from_object(cx.core(), func)
    }
    /// A handle of a function of this store.
    pub(super) fn from_object(core: &Core, func: *const FuncData) -> Func {
        // SAFETY: R1: promised by those who know the address.
        let slot = unsafe { Object::Func(func).owner() };
        Func { owner: core.owner(slot), address: func as usize }
    }
    /// From a reference of a store.
    pub(super) fn from_bits(bits: u64, core: &Core) -> Option<Func> {
        (bits != 0).then(|| Func::from_object(core, bits as *const FuncData))
    }
    /// As a reference of a store.
    pub(super) fn bits(self, core: &Core) -> Result<u64, Error> {
        self.object(core).map(|func| func as u64)
    }
    pub(super) fn raw(self) -> u64 {
        self.address as u64
    }
    /// The object, if it is there, in this store.
    #[inline]
    pub(super) fn object(self, core: &Core) -> Result<*const FuncData, Error> {
        core.check(self.owner)?;
        Ok(self.address as *const FuncData)
    }
    pub(super) fn type_id(self, core: &Core) -> Result<TypeId, Error> {
        let func = self.object(core)?;
        // SAFETY: R1: it is there.
        Ok(unsafe { (*func).shape.ty })
    }
    fn def(self, cx: &impl AsContext) -> Result<Arc<TypeDef>, Error> {
        let core = cx.core();
        Ok(core.registry.get(self.type_id(core)?).clone())
    }

    /// The signature.
    ///
    /// # Errors
    /// Usage: the function belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<FuncType, Error> {
        let def = self.def(cx)?;
        signature(&def).cloned()
    }
    /// Calls the function.
    ///
    /// # Errors
    /// Usage: arguments or results do not fit the signature; otherwise what the function ends
    /// with: Trap, Exit, Host, Limit, Unsupported.
    ///
    /// *Spec*: §4.5.5 invocation.
    pub fn call(
        &self,
        mut cx: impl AsContextMut,
        args: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let def = self.def(&cx)?;
        let ty = signature(&def)?;
        check_args(ty, args)?;
        if results.len() != ty.results.len() {
            let room = results.len();
            return Err(Error::usage(alloc::format!(
                "room for {room} results of a function of type {ty}"
            )));
        }
        let func = self.object(cx.core())?;
        with_slots(slots_of(func), |slots| {
            Val::list_into_slots(args, &ty.params, slots, cx.core())?;
            // SAFETY: R1, R6: the store is lent; the arguments were checked.
            unsafe { call(cx.head(), func, slots)? };
            Val::list_from_slots(results, &ty.results, slots, cx.core());
            Ok(())
        })
    }
    /// Starts a call that can stop and go on: nothing has run yet.
    ///
    /// # Errors
    /// Usage: the arguments do not fit the signature; Limit, Trap: there is no room for its stack.
    pub fn start(
        &self,
        mut cx: impl AsContextMut,
        args: &[Val],
    ) -> Result<Execution<Vec<Val>>, Error> {
        let def = self.def(&cx)?;
        let ty = signature(&def)?;
        check_args(ty, args)?;
        let func = self.object(cx.core())?;
        with_slots(slots_of(func), |slots| {
            Val::list_into_slots(args, &ty.params, slots, cx.core())?;
            let def = def.clone();
            let finish = move |core: &Core, slots: &[u64]| {
                let results = &signature(&def)?.results;
                let mut vals = room::filled(results.len(), Val::I32(0))?;
                Val::list_from_slots(&mut vals, results, slots, core);
                Ok(vals)
            };
            // SAFETY: R6: the arguments were checked.
            unsafe { Execution::new(&mut cx, func, slots, finish) }
        })
    }
    /// Calls the function with numbers in 64-bit slots, arguments in and results out; a v128 takes
    /// two, low half first; i32 and f32 are in the low half. For bindings.
    ///
    /// # Errors
    /// Usage: there are fewer slots than arguments or results, or the signature has references;
    /// otherwise as for [`Func::call`].
    pub fn call_raw(&self, mut cx: impl AsContextMut, slots: &mut [u64]) -> Result<(), Error> {
        let def = self.def(&cx)?;
        let ty = signature(&def)?;
        if has_references(ty) {
            return Err(Error::usage(alloc::format!("slots are for numbers, not for {ty}")));
        }
        let func = self.object(cx.core())?;
        let (given, needed) = (slots.len(), slots_of(func));
        if given < needed {
            return Err(Error::usage(alloc::format!("{given} slots, where {ty} needs {needed}")));
        }
        zero_extend(&ty.params, slots);
        // SAFETY: R1, R6: the store is lent; any bits are numbers.
        unsafe { call(cx.head(), func, slots)? };
        zero_extend(&ty.results, slots);
        Ok(())
    }
    /// The function with its signature checked, once for all calls.
    ///
    /// # Errors
    /// Usage: the signature is another.
    pub fn typed<P: WasmList, R: WasmList>(
        &self,
        cx: &impl AsContext,
    ) -> Result<TypedFunc<P, R>, Error> {
        let def = self.def(cx)?;
        let ty = signature(&def)?;
        if P::matches(&ty.params) && R::matches(&ty.results) {
            return Ok(TypedFunc { func: *self, signature: PhantomData });
        }
        let wanted = FuncType { params: P::types().into(), results: R::types().into() };
        Err(Error::usage(alloc::format!("the function is of type {ty}, not {wanted}")))
    }
}

fn check_args(ty: &FuncType, args: &[Val]) -> Result<(), Error> {
    let (given, wanted) = (args.len(), ty.params.len());
    if given == wanted {
        return Ok(());
    }
    Err(Error::usage(alloc::format!("{given} arguments for a function of type {ty}")))
}
fn signature(def: &TypeDef) -> Result<&FuncType, Error> {
    def.func().ok_or_else(|| Error::usage("not a function type"))
}
/// Slots that the parameters need, or the results.
fn slots_of(func: *const FuncData) -> usize {
    // SAFETY: R1: `Func::object` gave it.
    unsafe { (*func).shape.slots() }
}
/// Gives `f` at least `n` zeroed slots: a few on the native stack, more on the heap.
fn with_slots<R>(n: usize, f: impl FnOnce(&mut [u64]) -> Result<R, Error>) -> Result<R, Error> {
    const INLINE_SLOTS: usize = 16;
    if n <= INLINE_SLOTS { f(&mut [0; INLINE_SLOTS]) } else { f(&mut room::filled(n, 0)?) }
}

/// A function whose signature was checked.
pub struct TypedFunc<P, R> {
    func: Func,
    signature: PhantomData<fn(P) -> R>,
}
impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P, R> Copy for TypedFunc<P, R> {}
impl<P, R> core::fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.func.fmt(f)
    }
}
impl<P: WasmList, R: WasmList> TypedFunc<P, R> {
    /// Calls the function.
    ///
    /// # Errors
    /// Usage: it, or a reference among the arguments, belongs to another store; otherwise what the
    /// function ends with.
    #[inline]
    pub fn call(&self, mut cx: impl AsContextMut, params: P) -> Result<R, Error> {
        // The longer list decides; known when this is compiled.
        if P::SLOTS >= R::SLOTS {
            let mut slots = P::ZERO;
            self.call_in(&mut cx, slots.as_mut(), params)
        } else {
            let mut slots = R::ZERO;
            self.call_in(&mut cx, slots.as_mut(), params)
        }
    }
    #[inline]
    fn call_in(
        &self,
        cx: &mut impl AsContextMut,
        slots: &mut [u64],
        params: P,
    ) -> Result<R, Error> {
        let core = cx.core();
        let func = self.func.object(core)?;
        params.check(core)?;
        params.put(slots, core);
        // SAFETY: R1, R6: the store is lent; the signature was checked.
        unsafe { call(cx.head(), func, slots)? };
        Ok(R::get(slots, cx.core()))
    }
    /// Starts a call that can stop and go on: nothing has run yet.
    ///
    /// # Errors
    /// Usage: it, or a reference among the arguments, belongs to another store; Limit, Trap: there
    /// is no room for its stack.
    pub fn start(&self, mut cx: impl AsContextMut, params: P) -> Result<Execution<R>, Error> {
        let core = cx.core();
        let func = self.func.object(core)?;
        params.check(core)?;
        let mut slots = P::ZERO;
        params.put(slots.as_mut(), core);
        let finish = |core: &Core, slots: &[u64]| Ok(R::get(slots, core));
        // SAFETY: R6: the signature was checked.
        unsafe { Execution::new(&mut cx, func, slots.as_mut(), finish) }
    }
    /// The function.
    pub fn func(&self) -> Func {
        self.func
    }
}
