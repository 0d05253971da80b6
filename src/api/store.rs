//! Stores, and how the API reaches them.
#![allow(unsafe_code)]

use super::func::HostFunc;
use super::{Engine, Error, Limits};
use crate::rt::layout::{FuncData, InstanceData, StoreData};
use crate::rt::store::Store as Core;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

/// A store and its data, behind one pointer that handlers, host calls and the API share.
pub(crate) struct Inner<T> {
    pub core: Box<Core>,
    pub data: T,
    pub engine: Engine,
    pub hosts: Vec<Arc<HostFunc<T>>>,
    /// Host functions that a linker has put here already: by address of the closure.
    pub linked: BTreeMap<usize, *const FuncData>,
}

/// A store (spec §4.2.3): it owns all objects of its instances, and `T`, the host's data.
pub struct Store<T> {
    inner: NonNull<Inner<T>>,
    owns: PhantomData<Inner<T>>,
}
// SAFETY: R6: everything in a store is reached through the store only; host functions are
// `Send + Sync`.
unsafe impl<T: Send> Send for Store<T> {}

/// Numbers of stores.
static NEXT: AtomicU32 = AtomicU32::new(1);

impl<T> Store<T> {
    /// A store without instances.
    ///
    /// # Panics
    /// If there is no memory for the value stack.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        let id = u64::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let core = Core::new(id, engine.stack_slots(), super::func::host_call::<T>);
        let core = core.expect("memory for an empty store");
        let inner = Inner {
            core,
            data,
            engine: engine.clone(),
            hosts: Vec::new(),
            linked: BTreeMap::new(),
        };
        let inner = NonNull::from(Box::leak(Box::new(inner)));
        // SAFETY: R6: just made.
        unsafe { (*inner.as_ptr()).core.owner = inner.as_ptr().cast() };
        let mut store = Store { inner, owns: PhantomData };
        if engine.has_fuel() {
            store.core_mut().head.fuel.set(0);
        }
        store
    }
    /// The host's data.
    pub fn data(&self) -> &T {
        // SAFETY: R6.
        unsafe { &(*self.inner.as_ptr()).data }
    }
    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: R6.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }
    /// Ends the store and gives its data back.
    pub fn into_data(self) -> T {
        let inner = self.inner;
        core::mem::forget(self);
        // SAFETY: R6: the store is forgotten; nobody else frees it.
        unsafe { Box::from_raw(inner.as_ptr()) }.data
    }
    /// The engine.
    pub fn engine(&self) -> &Engine {
        // SAFETY: R6.
        unsafe { &(*self.inner.as_ptr()).engine }
    }
    /// What guests may use from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.core_mut().limits = limits;
    }
    /// Sets the fuel that is left. *Units*: instructions, roughly.
    ///
    /// # Errors
    /// Usage: the engine is not configured for fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        if !self.engine().has_fuel() {
            return Err(Error::usage("fuel needs Config::fuel(true)"));
        }
        self.core_mut().head.fuel.set(i64::try_from(fuel).unwrap_or(i64::MAX));
        Ok(())
    }
    /// The fuel that is left, if the engine is configured for it.
    pub fn fuel(&self) -> Option<u64> {
        let left = self.core().head.fuel.get();
        self.engine().has_fuel().then(|| u64::try_from(left).unwrap_or(0))
    }
}
impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: R6: made by `new`, freed once.
        drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
    }
}
impl<T: core::fmt::Debug> core::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}

pub(crate) mod sealed {
    use super::{Inner, NonNull};
    /// The pointer to a store.
    pub struct Pointer<T>(pub(crate) NonNull<Inner<T>>);
    /// Nobody else implements the context traits.
    pub trait Sealed<T> {
        /// The store.
        fn pointer(&self) -> Pointer<T>;
    }
}
use sealed::{Pointer, Sealed};

/// Something that lends a store for reading.
pub trait AsContext: Sealed<<Self as AsContext>::Data> {
    /// The host's data.
    type Data;
    /// The untyped part of the store.
    #[doc(hidden)]
    fn core(&self) -> &Core {
        // SAFETY: R6: borrowed as long as `self`.
        unsafe { &(*self.pointer().0.as_ptr()).core }
    }
}
/// Something that lends a store for writing and running.
pub trait AsContextMut: AsContext {
    /// The untyped part of the store.
    #[doc(hidden)]
    fn core_mut(&mut self) -> &mut Core {
        // SAFETY: R6: borrowed as long as `self`.
        unsafe { &mut (*self.pointer().0.as_ptr()).core }
    }
    /// The address that handlers know the store by.
    #[doc(hidden)]
    fn head(&mut self) -> *mut StoreData {
        self.core_mut().head()
    }
}
impl<T> Sealed<T> for Store<T> {
    fn pointer(&self) -> Pointer<T> {
        Pointer(self.inner)
    }
}
impl<T> AsContext for Store<T> {
    type Data = T;
}
impl<T> AsContextMut for Store<T> {}
impl<T, C: Sealed<T>> Sealed<T> for &C {
    fn pointer(&self) -> Pointer<T> {
        (**self).pointer()
    }
}
impl<T, C: Sealed<T>> Sealed<T> for &mut C {
    fn pointer(&self) -> Pointer<T> {
        (**self).pointer()
    }
}
impl<C: AsContext> AsContext for &C {
    type Data = C::Data;
}
impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;
}
impl<C: AsContextMut> AsContextMut for &mut C {}

impl<T> Inner<T> {
    /// The typed store of a handlers' store.
    ///
    /// # Safety
    /// The store was made by `Store::<T>::new` (R6).
    pub unsafe fn of(store: *mut StoreData) -> NonNull<Inner<T>> {
        // SAFETY: R6: the head is the first field of the core, which knows its owner.
        unsafe { NonNull::new_unchecked((*store.cast::<Core>()).owner.cast()) }
    }
    /// Adds a host function to the store.
    pub fn add_host(&mut self, func: Arc<HostFunc<T>>) -> *const FuncData {
        let index = self.hosts.len() as u32;
        let id = self.engine.registry().func_type(&func.ty.params, &func.ty.results);
        let entry = crate::exec::run::host_entry();
        let address = self.core.add_host_func(entry, id, &func.ty, index);
        self.hosts.push(func);
        address
    }
}
/// The instance that a guest call came from.
pub(crate) type CallerInstance = *const InstanceData;
