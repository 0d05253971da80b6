//! Stores, and what lends them.
#![allow(unsafe_code)]

use super::host::HostFunc;
use super::{Engine, Error, GcStats, Limits, ResourceLimiter};
use crate::rt::layout::{FuncData, FuncShape, StoreData};
use crate::rt::limiter::Wish;
use crate::rt::owned::Owned;
use crate::rt::room;
use crate::rt::signals::Signals;
use crate::rt::store::Store as Core;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A store (spec §4.2.3): it owns all objects of its instances, and `T`, the host's data.
///
/// Functions, memories, tables and globals are plain values that name objects of a store: each of
/// their methods takes the store, and one of another store is an error of kind `Usage`.
pub struct Store<T> {
    inner: NonNull<Inner<T>>,
    owns: PhantomData<Inner<T>>,
}
// SAFETY: R6: everything in a store is reached through the store only; host functions and host
// values are `Send + Sync`.
unsafe impl<T: Send> Send for Store<T> {}
// SAFETY: R6: nothing in a store changes through a shared reference to it.
unsafe impl<T: Sync> Sync for Store<T> {}

/// A store and its data, at one address that handlers, host calls and the API share.
pub(crate) struct Inner<T> {
    pub core: Owned<Core>,
    pub data: T,
    pub engine: Engine,
    pub hosts: Vec<Arc<HostFunc<T>>>,
    /// Host functions of linkers that are here already, by the address of what is shared.
    pub linked: BTreeMap<usize, *const FuncData>,
    /// How many calls of host functions there were.
    pub host_calls: u64,
    /// Finds in the data who decides what guests may have.
    limiter: Option<Box<FindLimiter<T>>>,
}
type FindLimiter<T> = dyn (Fn(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync;

/// What a store has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Calls of host functions by guests.
    pub host_calls: u64,
    /// Bytes of all memories. They never shrink, but are freed with their instance.
    pub memory_bytes: u64,
    /// Instances that are there: also those that were released, until they are freed.
    pub instances: u64,
}

impl<T> Store<T> {
    /// A store without objects.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        let host_call = super::host::host_call::<T>;
        let registry = engine.registry().clone();
        let core = Core::new(next_id(), registry, engine.store_options(), host_call);
        let inner = Inner {
            core,
            data,
            engine: engine.clone(),
            hosts: Vec::new(),
            linked: BTreeMap::new(),
            host_calls: 0,
            limiter: None,
        };
        let inner = NonNull::from(Box::leak(Box::new(inner)));
        // SAFETY: R6: just made, and not lent yet.
        let core = unsafe { &mut *(*inner.as_ptr()).core.as_ptr() };
        core.owner = inner.as_ptr().cast();
        core.creator = engine.memory_creator();
        Store { inner, owns: PhantomData }
    }
    /// The host's data.
    pub fn data(&self) -> &T {
        &self.inner().data
    }
    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.inner_mut().data
    }
    /// Ends the store and gives its data back.
    pub fn into_data(self) -> T {
        let inner = self.inner;
        core::mem::forget(self);
        // SAFETY: R6: made by `new`; the store is forgotten, so nobody else frees it.
        let Inner { core, data, .. } = *unsafe { Box::from_raw(inner.as_ptr()) };
        drop(core);
        data
    }
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner().engine
    }
    /// What guests may use.
    pub fn limits(&self) -> Limits {
        self.core().limits()
    }
    /// Sets what guests may use from now on; what they have already is theirs.
    pub fn set_limits(&mut self, limits: Limits) {
        self.core_mut().set_limits(limits);
    }
    /// Sets who decides what guests may have, case by case: `find` finds it in the store's data. It
    /// is asked whenever a memory or a table is made or grows, and for every instance, within what
    /// the [`Limits`] allow. If it panics, the answer is no.
    pub fn limiter(
        &mut self,
        find: impl (Fn(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        self.inner_mut().limiter = Some(Box::new(find));
        self.core_mut().ask = Some(ask::<T>);
    }
    /// Sets the fuel that is left. *Units*: instructions, roughly; the same on every machine.
    ///
    /// A guest takes fuel for a stretch of code before it runs it, and never more than there is. The
    /// exception is an exception: looking for who catches it goes on to the end, and what that costs
    /// beyond the fuel that was left is taken off here.
    ///
    /// # Errors
    /// Usage: the engine is not configured for fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        set_fuel(self.core_mut(), fuel)
    }
    /// The fuel that is left, if the engine is configured for it.
    pub fn fuel(&self) -> Option<u64> {
        fuel(self.core())
    }
    /// What was used so far.
    pub fn stats(&self) -> StoreStats {
        let Inner { host_calls, .. } = *self.inner();
        let (memory_bytes, instances) = (self.core().memory_bytes(), self.core().instance_count());
        StoreStats { host_calls, memory_bytes, instances }
    }
    /// What was executed in this store so far, by instances that are there.
    ///
    /// # Errors
    /// What was executed cannot be translated once more, as there is no memory.
    #[cfg(feature = "counting")]
    pub fn dispatches(&mut self) -> Result<super::Dispatches, Error> {
        Ok(crate::exec::counting::dispatches(self.core_mut())?)
    }
    /// What stops execution in this store from another thread.
    ///
    /// # Errors
    /// Usage: the engine is not configured for interrupts.
    pub fn interrupt_handle(&self) -> Result<InterruptHandle, Error> {
        if !self.core().has_interrupts() {
            return Err(Error::usage("interrupts need Config::interrupts(true)"));
        }
        Ok(InterruptHandle(self.core().signals().clone()))
    }
}

/// Stops the execution in a store from another thread. Clones stop the same store.
#[derive(Clone, Debug)]
pub struct InterruptHandle(Arc<Signals>);
impl InterruptHandle {
    /// What runs now, or else next, ends with the trap `Interrupted`, at its next call or turn of a
    /// loop; once. A host function that blocks is not stopped, but what comes after it.
    pub fn interrupt(&self) {
        self.0.raise();
    }
    /// Takes back an interrupt that nothing has met yet.
    pub fn clear(&self) {
        self.0.clear();
    }
}
macro_rules! heap { ($($lender:ty),*) => { $(
    impl<T> $lender {
        /// Frees every structure, array and exception that nothing refers to, which happens by
        /// itself whenever the heap has grown enough; and every instance that was
        /// [released](super::Instance::release) and that nothing refers to, unless this is called
        /// by a host function: then instances stay for the time being.
        pub fn gc(&mut self) {
            // SAFETY: R10: the host holds entries, and guests wait in frames below the top.
            unsafe { self.core_mut().collect_instances() }
        }
        /// What the heap of structures, arrays and exceptions holds, and has done.
        pub fn gc_stats(&self) -> GcStats {
            self.core().heap.stats()
        }
        /// References that the host gets while `f` runs end with it, unless they are kept.
        pub fn scope<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
            let scope = self.core_mut().heap.roots.get_mut().scope();
            let result = f(self);
            self.core_mut().heap.roots.get_mut().end_scope(scope);
            result
        }
    }
)* } }
heap!(Store<T>, StoreContextMut<'_, T>);
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

/// See [`Ask`](crate::rt::limiter::Ask).
unsafe fn ask<T>(owner: *mut (), wish: Wish) -> bool {
    // SAFETY: R6: the owner of a store whose core is lent for writing; nobody else uses its data
    // meanwhile.
    let inner = unsafe { &mut *owner.cast::<Inner<T>>() };
    let Inner { data, limiter, .. } = inner;
    let Some(find) = limiter else { return true };
    super::host::guarded(|| wish.put_to(find(data)), |_| false)
}
pub(super) fn set_fuel(core: &mut Core, fuel: u64) -> Result<(), Error> {
    if !core.has_fuel() {
        return Err(Error::usage("fuel needs Config::fuel(true)"));
    }
    let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
    core.head.set_fuel(fuel + core.head.all_fuel().min(0));
    Ok(())
}
pub(super) fn fuel(core: &Core) -> Option<u64> {
    core.has_fuel().then(|| u64::try_from(core.head.all_fuel()).unwrap_or(0))
}

/// A number that no other store has.
///
/// # Panics
/// After as many stores as there are addresses.
fn next_id() -> u64 {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let next = |id: usize| id.checked_add(1);
    let id = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    id.expect("fewer stores than addresses") as u64
}

pub(crate) mod sealed {
    use super::{Inner, NonNull};
    /// The pointer to a store.
    pub struct Pointer<T>(pub(in crate::api) NonNull<Inner<T>>);
    /// Only what really lends a store may say so.
    pub trait Sealed<T> {
        /// The store.
        #[doc(hidden)]
        fn pointer(&self) -> Pointer<T>;
    }
}
use sealed::{Pointer, Sealed};

/// What lends a store for reading: a [`Store`], a [`Caller`](super::Caller), or a reference to one.
pub trait AsContext: Sealed<<Self as AsContext>::Data> {
    /// The host's data.
    type Data;
}
/// What lends a store for writing and running.
pub trait AsContextMut: AsContext {
    /// The store, lent for as long as `self`.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data> {
        StoreContextMut { inner: self.pointer().0, lent: PhantomData }
    }
}

/// A store that is lent.
pub struct StoreContextMut<'a, T> {
    inner: NonNull<Inner<T>>,
    lent: PhantomData<&'a mut Store<T>>,
}
impl<T> StoreContextMut<'_, T> {
    /// The host's data.
    pub fn data(&self) -> &T {
        &self.inner().data
    }
    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.inner_mut().data
    }
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner().engine
    }
}

/// What the API does with a store that is lent; not a part of the public traits, so that nobody
/// can exchange the insides of two stores.
pub(crate) trait Lent: AsContext {
    fn inner(&self) -> &Inner<Self::Data> {
        // SAFETY: R6: borrowed as long as `self`, which lends the store.
        unsafe { self.pointer().0.as_ref() }
    }
    fn core(&self) -> &Core {
        &self.inner().core
    }
}
impl<C: AsContext> Lent for C {}
/// The same for writing.
pub(crate) trait LentMut: AsContextMut {
    fn inner_mut(&mut self) -> &mut Inner<Self::Data> {
        // SAFETY: R6: borrowed as long as `self`, which lends the store for writing.
        unsafe { self.pointer().0.as_mut() }
    }
    fn core_mut(&mut self) -> &mut Core {
        // SAFETY: R6: as above; the core is owned by what is borrowed.
        unsafe { &mut *self.inner_mut().core.as_ptr() }
    }
    /// The address that handlers know the store by.
    fn head(&mut self) -> *mut StoreData {
        self.inner_mut().core.as_ptr().cast()
    }
}
impl<C: AsContextMut> LentMut for C {}

macro_rules! lends { ($($lender:ty),*) => { $(
    impl<T> Sealed<T> for $lender {
        fn pointer(&self) -> Pointer<T> {
            Pointer(self.inner)
        }
    }
    impl<T> AsContext for $lender {
        type Data = T;
    }
    impl<T> AsContextMut for $lender {}
)* } }
lends!(Store<T>, StoreContextMut<'_, T>);
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
    /// The store is a live `Store<T>`'s (R6).
    pub unsafe fn of(store: *mut StoreData) -> NonNull<Inner<T>> {
        // SAFETY: R6: the head is the first field of the core, which knows its owner.
        unsafe { NonNull::new_unchecked((*store.cast::<Core>()).owner.cast()) }
    }
    /// Adds a host function to the store.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn add_host(&mut self, func: Arc<HostFunc<T>>) -> Result<*const FuncData, Error> {
        let index = self.hosts.len() as u32;
        let ty = func.ty();
        let id = self.engine.registry().func_type(&ty.params, &ty.results);
        let (entry, shape) = (crate::exec::run::host_entry(), FuncShape::of(id, Some(ty)));
        // SAFETY: R6: `self` is borrowed for writing, and owns the core.
        let core = unsafe { &mut *self.core.as_ptr() };
        room::reserve(&mut self.hosts, 1)?;
        let address = core.add_host_func(entry, shape, index)?;
        self.hosts.push(func);
        Ok(address)
    }
    /// The function that a linker's host function is in this store.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn link(&mut self, func: &Arc<HostFunc<T>>) -> Result<*const FuncData, Error> {
        // The store keeps what is shared, so the address stays its own.
        let key = Arc::as_ptr(func) as usize;
        if let Some(&linked) = self.linked.get(&key) {
            return Ok(linked);
        }
        let linked = self.add_host(func.clone())?;
        self.linked.insert(key, linked);
        Ok(linked)
    }
}
