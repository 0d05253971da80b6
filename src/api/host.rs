//! Functions of the host.
#![allow(unsafe_code)]

use super::store::{Inner, Lent};
use super::typed::{WasmList, WasmType, all_lists};
use super::{Caller, Error, FuncType, Val, ValType};
use crate::rt::layout::{FuncData, InstanceData, StoreData};
use crate::rt::room;
use crate::rt::store::Store as Core;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

type Body<T> = dyn Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync;

/// A function of the host: arguments and results are in the same slots.
pub struct HostFunc<T> {
    ty: FuncType,
    body: Box<Body<T>>,
}
impl<T> HostFunc<T> {
    /// The body must leave results that are of their types (R6).
    pub(super) fn trusted(
        ty: FuncType,
        body: impl Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> HostFunc<T> {
        HostFunc { ty, body: Box::new(body) }
    }
    /// Arguments and results as numbers in slots.
    ///
    /// # Errors
    /// Usage: the signature has references.
    pub(super) fn raw(
        ty: FuncType,
        body: impl Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<HostFunc<T>, Error> {
        if has_references(&ty) {
            return Err(Error::usage("slots are for numbers: the signature has references"));
        }
        let signature = ty.clone();
        Ok(HostFunc::trusted(ty, move |caller, slots| {
            zero_extend(&signature.params, slots);
            body(caller, slots)?;
            zero_extend(&signature.results, slots);
            Ok(())
        }))
    }
    /// Arguments and results as values, which are checked.
    pub(super) fn untyped(
        ty: FuncType,
        body: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> HostFunc<T> {
        /// How many values need no memory of their own; how many most functions have.
        const FEW: usize = 8;
        const FEWER: usize = 3;
        let signature = ty.clone();
        let call = move |mut caller: Caller<'_, T>, slots: &mut [u64], vals: &mut [Val]| {
            let FuncType { params, results: types } = &signature;
            let (args, results) = vals.split_at_mut(params.len());
            let core = caller.core();
            Val::list_from_slots(args, params, slots, core);
            for (i, result) in results.iter_mut().enumerate() {
                *result = Val::from_slots(types[i], &[0, 0], core);
            }
            body(caller.reborrow(), args, results)?;
            Val::list_into_slots(results, types, slots, caller.core())
        };
        let n = ty.params.len() + ty.results.len();
        HostFunc::trusted(ty, move |caller, slots| {
            const NOTHING: Val = Val::I32(0);
            if n <= FEWER {
                call(caller, slots, &mut [NOTHING; FEWER][..n])
            } else if n <= FEW {
                call(caller, slots, &mut [NOTHING; FEW][..n])
            } else {
                call(caller, slots, &mut room::filled(n, NOTHING)?)
            }
        })
    }
    /// The signature.
    pub(super) fn ty(&self) -> &FuncType {
        &self.ty
    }
}
/// Whether there are references among parameters or results.
pub(super) fn has_references(ty: &FuncType) -> bool {
    ty.params.iter().chain(&ty.results).any(|ty| matches!(ty, ValType::Ref(_)))
}
/// Clears the upper halves of narrow numbers: code on either side may leave anything there.
pub(super) fn zero_extend(types: &[ValType], slots: &mut [u64]) {
    let mut at = 0;
    for ty in types {
        if let (ValType::I32 | ValType::F32, Some(slot)) = (ty, slots.get_mut(at)) {
            *slot = u64::from(*slot as u32);
        }
        at += ty.slots();
    }
}

/// How handlers call host functions of a `Store<T>`.
///
/// # Safety
/// See [`StoreData::host_call`]: the store is a live `Store<T>`'s, lent by the call that runs;
/// function and instance belong to it; `slots` has the arguments, and room for the results.
pub(super) unsafe fn host_call<T>(
    store: *mut StoreData,
    func: *const FuncData,
    instance: *const InstanceData,
    slots: *mut u64,
) -> bool {
    // SAFETY: R1, R6: promised by the caller. Host functions stay where they are until the store
    // is dropped.
    unsafe {
        let inner = Inner::<T>::of(store);
        let n = (*func).shape.slots();
        let slots = core::slice::from_raw_parts_mut(slots, n);
        let hosts: &Vec<Arc<HostFunc<T>>> = &(*inner.as_ptr()).hosts;
        (*inner.as_ptr()).host_calls += 1;
        let host: *const HostFunc<T> = Arc::as_ptr(&hosts[(*func).index as usize]);
        let caller = Caller::new(inner, instance);
        let core = (*inner.as_ptr()).core.as_ptr();
        // References that the host gets during the call end with it.
        let scope = (*core).heap.roots.get_mut().scope();
        let result = guarded(|| ((*host).body)(caller, slots), panicked);
        let done = result.is_ok();
        match result {
            Ok(()) => (*core).heap.thrown = 0,
            Err(error) => (*core).fail_with(error),
        }
        (*core).heap.roots.get_mut().end_scope(scope);
        done
    }
}

/// Handlers cannot be unwound: what a panic of the host's code gives is said by `panicked`, which
/// gets its message.
#[inline(always)]
pub(super) fn guarded<R>(f: impl FnOnce() -> R, panicked: impl FnOnce(&str) -> R) -> R {
    #[cfg(feature = "std")]
    return match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(result) => result,
        Err(payload) => {
            let result = panicked(message(&*payload));
            // The payload is foreign code, whose drop may panic again.
            core::mem::forget(payload);
            result
        }
    };
    #[cfg(not(feature = "std"))]
    {
        let _ = panicked;
        f()
    }
}
#[cfg(feature = "std")]
#[cold]
fn message(payload: &(dyn core::any::Any + Send)) -> &str {
    use alloc::string::String;
    match payload.downcast_ref::<&str>() {
        Some(text) => text,
        None => payload.downcast_ref::<String>().map_or("", String::as_str),
    }
}
#[cold]
fn panicked(message: &str) -> Result<(), Error> {
    Err(Error::host(alloc::format!("host function panicked: {message}")))
}

/// What a host closure gives: a list of values, or a `Result` of one.
pub trait HostResult {
    /// The values.
    type List: WasmList;
    /// The result.
    ///
    /// # Errors
    /// Those of the closure.
    fn into_result(self) -> Result<Self::List, Error>;
}
impl<L: WasmList> HostResult for L {
    type List = L;
    #[inline(always)]
    fn into_result(self) -> Result<L, Error> {
        Ok(self)
    }
}
impl<L: WasmList> HostResult for Result<L, Error> {
    type List = L;
    #[inline(always)]
    fn into_result(self) -> Result<L, Error> {
        self
    }
}

/// A closure that can be a host function: up to 16 values, before them a [`Caller`] if it wants
/// one; it gives nothing, a value, a tuple, or a `Result` of these.
pub trait IntoFunc<T, P, R>: Send + Sync + 'static {
    /// The host function.
    #[doc(hidden)]
    fn into_host(self) -> HostFunc<T>;
}
/// Leaves the results of a closure in slots.
#[inline(always)]
fn finish<R: HostResult>(result: R, slots: &mut [u64], core: &Core) -> Result<(), Error> {
    let list = result.into_result()?;
    list.check(core)?;
    list.put(slots, core);
    Ok(())
}
fn signature<P: WasmList, R: HostResult>() -> FuncType {
    FuncType { params: P::types().into(), results: R::List::types().into() }
}
macro_rules! into_func { ($($count:literal: $($n:ident $i:tt),*;)*) => { $(
    impl<T, F, R, $($n,)*> IntoFunc<T, ($($n,)*), R> for F
    where
        F: Fn($($n),*) -> R + Send + Sync + 'static,
        R: HostResult,
        $($n: WasmType,)*
    {
        #[allow(non_snake_case)]
        fn into_host(self) -> HostFunc<T> {
            HostFunc::trusted(signature::<($($n,)*), R>(), move |caller, slots| {
                let core = caller.core();
                let ($($n,)*) = <($($n,)*) as WasmList>::get(slots, core);
                finish((self)($($n),*), slots, core)
            })
        }
    }
    impl<T, F, R, $($n,)*> IntoFunc<T, (Caller<'_, T>, $($n,)*), R> for F
    where
        F: Fn(Caller<'_, T>, $($n),*) -> R + Send + Sync + 'static,
        R: HostResult,
        $($n: WasmType,)*
    {
        #[allow(non_snake_case)]
        fn into_host(self) -> HostFunc<T> {
            HostFunc::trusted(signature::<($($n,)*), R>(), move |mut caller, slots| {
                let ($($n,)*) = <($($n,)*) as WasmList>::get(slots, caller.core());
                let result = (self)(caller.reborrow(), $($n),*);
                finish(result, slots, caller.core())
            })
        }
    }
)* } }
all_lists!(into_func);
