//! Functions: called from the host, and defined by it.
#![allow(unsafe_code)]

use super::store::sealed::{Pointer, Sealed};
use super::store::{CallerInstance, Inner};
use super::{AsContext, AsContextMut, Error, Extern, FuncType, Instance, Val, ValType};
use crate::exec::instantiate::call;
use crate::rt::layout::{FuncData, InstanceData, StoreData};
use crate::rt::memory::Memory as MemoryObject;
use crate::rt::store::Instance as InstanceObject;
use crate::wasm::module::ExternKind;
use crate::wasm::types::Value;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// A function of a store. A plain value; using it with another store is a Usage error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Func {
    store: u64,
    address: usize,
}

/// Slots on the native stack for a call's parameters and results; more go to the heap.
const INLINE_SLOTS: usize = 16;

/// Gives `f` at least `n` zeroed slots.
fn with_slots<R>(n: usize, f: impl FnOnce(&mut [u64]) -> R) -> R {
    if n <= INLINE_SLOTS { f(&mut [0; INLINE_SLOTS]) } else { f(&mut alloc::vec![0; n]) }
}

impl Func {
    pub(crate) fn new_handle(store: u64, func: *const FuncData) -> Func {
        Func { store, address: func as usize }
    }
    pub(crate) fn from_bits(bits: u64, store: u64) -> Option<Func> {
        (bits != 0).then_some(Func { store, address: bits as usize })
    }
    pub(crate) fn bits(self, store: u64) -> Result<u64, Error> {
        self.data(store).map(|func| func as u64)
    }
    /// The object, if it belongs to this store.
    pub(crate) fn data(self, store: u64) -> Result<*const FuncData, Error> {
        if self.store == store {
            Ok(self.address as *const FuncData)
        } else {
            Err(Error::usage("a function of another store"))
        }
    }

    /// A host function, with its signature given as a value.
    pub fn new<T, C: AsContextMut<Data = T>>(
        cx: C,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Func {
        Func::add(cx, Arc::new(HostFunc::untyped(ty, f)))
    }
    /// A host function, with its signature taken from the closure.
    pub fn wrap<T, P, R, C: AsContextMut<Data = T>>(cx: C, f: impl IntoFunc<T, P, R>) -> Func {
        Func::add(cx, Arc::new(f.into_host()))
    }
    fn add<T, C: AsContextMut<Data = T>>(mut cx: C, host: Arc<HostFunc<T>>) -> Func {
        let store = cx.core_mut().id;
        // SAFETY: R6: the context lends the store for writing.
        let func = unsafe { (*cx.pointer().0.as_ptr()).add_host(host) };
        Func { store, address: func as usize }
    }

    /// The signature.
    ///
    /// # Errors
    /// Usage: the function belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<FuncType, Error> {
        self.ty_ref(cx).cloned()
    }
    fn ty_ref<'a, C: AsContext>(&self, cx: &'a C) -> Result<&'a FuncType, Error> {
        let func = self.data(cx.core().id)?;
        // SAFETY: R1, R6: borrowed with the context; the registry lives as long as the engine.
        let ty = unsafe {
            let inner = &*cx.pointer().0.as_ptr();
            inner.engine.registry().get((*func).ty).func()
        };
        ty.ok_or_else(|| Error::usage("not a function type"))
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
        let store = cx.core().id;
        let func = self.data(store)?;
        let ty = self.ty_ref(&cx)?.clone();
        if args.len() != ty.params.len() || results.len() != ty.results.len() {
            return Err(Error::usage(alloc::format!(
                "the function takes {} arguments and gives {} results, not {} and {}",
                ty.params.len(),
                ty.results.len(),
                args.len(),
                results.len()
            )));
        }
        // SAFETY: R1.
        let n = unsafe { (*func).param_slots.max((*func).result_slots) } as usize;
        with_slots(n + 1, |slots| {
            let mut at = 0;
            for (value, &ty) in args.iter().zip(&ty.params) {
                value.to_slots(ty, &mut slots[at..], store)?;
                at += ty.slots();
            }
            // SAFETY: R1, R6: the context lends the store for running.
            unsafe { call(cx.head(), func, slots)? };
            let mut at = 0;
            for (value, &ty) in results.iter_mut().zip(&ty.results) {
                *value = Val::from_slots(ty, &slots[at..], store);
                at += ty.slots();
            }
            Ok(())
        })
    }
    /// Calls the function with numbers in 64-bit slots, parameters in, results out; i32 and f32
    /// are zero-extended. For bindings.
    ///
    /// # Errors
    /// Usage: `slots` is too short, or the signature has references; otherwise as for `call`.
    pub fn call_raw(&self, mut cx: impl AsContextMut, slots: &mut [u64]) -> Result<(), Error> {
        let func = self.data(cx.core().id)?;
        let ty = self.ty_ref(&cx)?;
        let mut all = ty.params.iter().chain(&ty.results);
        if all.any(|ty| matches!(ty, ValType::Ref(_))) {
            return Err(Error::usage("call_raw is for numbers: the signature has references"));
        }
        // The executor relies on narrow numbers being zero-extended.
        let mut at = 0;
        for ty in &ty.params {
            if let (ValType::I32 | ValType::F32, Some(slot)) = (ty, slots.get_mut(at)) {
                *slot = u64::from(*slot as u32);
            }
            at += ty.slots();
        }
        // SAFETY: R1.
        let n = unsafe { (*func).param_slots.max((*func).result_slots) } as usize;
        if slots.len() < n {
            return Err(Error::usage(alloc::format!("{n} slots are needed, not {}", slots.len())));
        }
        // SAFETY: R1, R6.
        unsafe { call(cx.head(), func, slots) }
    }
    /// The function with its signature checked once.
    ///
    /// # Errors
    /// Usage: the signature is another.
    pub fn typed<P: WasmList, R: WasmList>(
        &self,
        cx: impl AsContext,
    ) -> Result<TypedFunc<P, R>, Error> {
        let ty = self.ty_ref(&cx)?;
        if !P::matches(&ty.params) || !R::matches(&ty.results) {
            return Err(Error::usage(alloc::format!("the function has another signature: {ty:?}")));
        }
        Ok(TypedFunc { func: *self, signature: PhantomData })
    }
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
impl<P: WasmList, R: WasmList> TypedFunc<P, R> {
    /// Calls the function.
    ///
    /// # Errors
    /// Usage: it belongs to another store; otherwise what the function ends with.
    pub fn call(&self, mut cx: impl AsContextMut, params: P) -> Result<R, Error> {
        let func = self.func.data(cx.core().id)?;
        let mut slots = [0u64; 32];
        params.into_slots(&mut slots);
        // SAFETY: R1, R6: lists have at most 16 numbers.
        unsafe { call(cx.head(), func, &mut slots)? };
        Ok(R::from_slots(&slots))
    }
    /// The function.
    pub fn func(&self) -> Func {
        self.func
    }
}

/// A number that typed functions take and give.
pub trait WasmNumber: Value + 'static {
    /// Its type.
    const VAL_TYPE: ValType;
}
macro_rules! numbers { ($($t:ty = $ty:ident),*) => { $(
    impl WasmNumber for $t { const VAL_TYPE: ValType = ValType::$ty; }
)* } }
numbers!(i32 = I32, u32 = I32, i64 = I64, u64 = I64, f32 = F32, f64 = F64);

/// Parameters or results of a typed function: nothing, a number, or a tuple of numbers.
pub trait WasmList: 'static {
    /// Whether these are the types.
    fn matches(types: &[ValType]) -> bool;
    /// The types.
    fn types() -> Vec<ValType>;
    /// From slots.
    fn from_slots(slots: &[u64]) -> Self;
    /// Into slots.
    fn into_slots(self, slots: &mut [u64]);
}
impl<N: WasmNumber> WasmList for N {
    fn matches(types: &[ValType]) -> bool {
        types == [N::VAL_TYPE]
    }
    fn types() -> Vec<ValType> {
        alloc::vec![N::VAL_TYPE]
    }
    fn from_slots(slots: &[u64]) -> N {
        N::from_bits(slots[0])
    }
    fn into_slots(self, slots: &mut [u64]) {
        slots[0] = self.to_bits();
    }
}
macro_rules! lists { ($(($($n:ident $i:tt),*))*) => { $(
    impl<$($n: WasmNumber),*> WasmList for ($($n,)*) {
        fn matches(types: &[ValType]) -> bool {
            types == [$($n::VAL_TYPE),*]
        }
        fn types() -> Vec<ValType> {
            alloc::vec![$($n::VAL_TYPE),*]
        }
        #[allow(unused_variables, clippy::unused_unit)]
        fn from_slots(slots: &[u64]) -> Self {
            ($($n::from_bits(slots[$i]),)*)
        }
        #[allow(unused_variables)]
        fn into_slots(self, slots: &mut [u64]) {
            $( slots[$i] = self.$i.to_bits(); )*
        }
    }
)* } }
lists! {
    () (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, G 5) (A 0, B 1, C 2, D 3, E 4, G 5, H 6)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7) (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13, Q 14)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13, Q 14, S 15)
}

// ---- host functions ----------------------------------------------------------------------------

type Body<T> = dyn Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync;

/// A function of the host.
pub struct HostFunc<T> {
    pub(crate) ty: FuncType,
    body: alloc::boxed::Box<Body<T>>,
}
impl<T> HostFunc<T> {
    /// Arguments and results in the same slots.
    pub(crate) fn raw(
        ty: FuncType,
        body: impl Fn(Caller<'_, T>, &mut [u64]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> HostFunc<T> {
        HostFunc { ty, body: alloc::boxed::Box::new(body) }
    }
    /// Arguments and results as values, checked against the signature.
    pub(crate) fn untyped(
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> HostFunc<T> {
        let signature = ty.clone();
        HostFunc::raw(ty, move |caller, slots| {
            let store = caller.core().id;
            let mut at = 0;
            let mut args = Vec::with_capacity(signature.params.len());
            for &ty in &signature.params {
                args.push(Val::from_slots(ty, &slots[at..], store));
                at += ty.slots();
            }
            let mut results: Vec<Val> =
                signature.results.iter().map(|&ty| Val::default_for(ty)).collect();
            f(caller, &args, &mut results)?;
            let mut at = 0;
            for (value, &ty) in results.iter().zip(&signature.results) {
                value.to_slots(ty, &mut slots[at..], store)?;
                at += ty.slots();
            }
            Ok(())
        })
    }
}

/// How handlers call host functions of a `Store<T>`.
///
/// # Safety
/// See [`StoreData::host_call`].
pub(crate) unsafe fn host_call<T>(
    store: *mut StoreData,
    func: *const FuncData,
    instance: *const InstanceData,
    slots: *mut u64,
) -> bool {
    // SAFETY: R1, R6: the store is a `Store<T>`'s, and lent by the call that runs.
    unsafe {
        let inner = Inner::<T>::of(store);
        let n = (*func).param_slots.max((*func).result_slots) as usize;
        let slots = core::slice::from_raw_parts_mut(slots, n);
        // Host functions stay where they are until the store is dropped.
        let hosts = &(*inner.as_ptr()).hosts;
        let host: *const HostFunc<T> = Arc::as_ptr(&hosts[(*func).index as usize]);
        let caller = Caller { inner, instance, lent: PhantomData };
        match guarded(|| ((*host).body)(caller, slots)) {
            Ok(()) => true,
            Err(error) => {
                (*inner.as_ptr()).core.pending = Some(error);
                false
            }
        }
    }
}
/// Handlers cannot be unwound: a panic of a host function becomes an error.
fn guarded(f: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    #[cfg(feature = "std")]
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(result) => result,
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).into());
            let text = text.or_else(|| payload.downcast_ref::<alloc::string::String>().cloned());
            let text = text.unwrap_or_default();
            Err(Error::host(alloc::format!("host function panicked: {text}")))
        }
    }
    #[cfg(not(feature = "std"))]
    f()
}

/// What a host function sees of the store and of the instance that called it.
pub struct Caller<'a, T> {
    inner: NonNull<Inner<T>>,
    instance: CallerInstance,
    lent: PhantomData<&'a mut T>,
}
impl<T> Caller<'_, T> {
    /// The guest's memory and the host's data, at once.
    pub fn split(&mut self) -> (Guest<'_>, &mut T) {
        let memory = self.memory();
        // SAFETY: R6: memory and data are disjoint parts of the store that is lent.
        let data = unsafe { &mut (*self.inner.as_ptr()).data };
        (Guest { memory, lent: PhantomData }, data)
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
    /// The calling instance; `None` if the host calls its own function.
    pub fn instance(&self) -> Option<Instance> {
        // SAFETY: R1: an instance of the store.
        let is_guest = unsafe { !(*self.instance).module.is_null() };
        is_guest.then(|| Instance::new_handle(self.core().id, self.instance.cast()))
    }
    /// An export of the calling instance.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        self.instance()?.get(self, name)
    }
    /// The memory that the calling instance exports as `memory`.
    fn memory(&self) -> Option<NonNull<MemoryObject>> {
        // SAFETY: R1: an instance of the store, whose module it keeps.
        unsafe {
            let module = (*self.instance).module.cast::<crate::exec::compiled::CompiledModule>();
            let exports = &module.as_ref()?.module.exports;
            let export = exports
                .iter()
                .find(|export| export.kind == ExternKind::Memory && &*export.name == "memory")?;
            let instance = &*self.instance.cast::<InstanceObject>();
            NonNull::new(instance.memories[export.index as usize].cast_mut().cast())
        }
    }
}
impl<T> Sealed<T> for Caller<'_, T> {
    fn pointer(&self) -> Pointer<T> {
        Pointer(self.inner)
    }
}
impl<T> AsContext for Caller<'_, T> {
    type Data = T;
}
impl<T> AsContextMut for Caller<'_, T> {}

/// The memory of the guest that called. Every access is checked; none panics.
pub struct Guest<'a> {
    memory: Option<NonNull<MemoryObject>>,
    lent: PhantomData<&'a mut [u8]>,
}
impl Guest<'_> {
    fn bytes(&self) -> Result<&[u8], Error> {
        match &self.memory {
            // SAFETY: R6: lent with the caller.
            Some(memory) => Ok(unsafe { memory.as_ref() }.bytes()),
            None => Err(Error::host("the guest exports no memory named \"memory\"")),
        }
    }
    /// All of it.
    ///
    /// # Errors
    /// Host: the guest exports no memory.
    pub fn memory(&mut self) -> Result<&mut [u8], Error> {
        match &mut self.memory {
            // SAFETY: R6: lent with the caller.
            Some(memory) => Ok(unsafe { memory.as_mut() }.bytes_mut()),
            None => Err(Error::host("the guest exports no memory named \"memory\"")),
        }
    }
    /// Its length in bytes; 0 if there is none.
    pub fn len(&self) -> u64 {
        self.bytes().map_or(0, |bytes| bytes.len() as u64)
    }
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn range(&self, at: u64, len: u64) -> Result<core::ops::Range<usize>, Error> {
        match at.checked_add(len) {
            Some(end) if end <= self.bytes()?.len() as u64 => Ok(at as usize..end as usize),
            _ => Err(super::Trap::MemoryOutOfBounds.into()),
        }
    }
    /// `len` bytes from address `at`.
    ///
    /// # Errors
    /// Trap: they are not all inside the memory; Host: there is none.
    pub fn slice(&self, at: u64, len: u64) -> Result<&[u8], Error> {
        let range = self.range(at, len)?;
        Ok(&self.bytes()?[range])
    }
    /// `len` bytes from address `at`, to be written.
    ///
    /// # Errors
    /// As for [`Guest::slice`].
    pub fn slice_mut(&mut self, at: u64, len: u64) -> Result<&mut [u8], Error> {
        let range = self.range(at, len)?;
        Ok(&mut self.memory()?[range])
    }
    /// A number at address `at`, little-endian.
    ///
    /// # Errors
    /// As for [`Guest::slice`].
    pub fn read<N: Plain>(&self, at: u64) -> Result<N, Error> {
        Ok(N::read_le(self.slice(at, N::SIZE)?))
    }
    /// Writes a number at address `at`, little-endian.
    ///
    /// # Errors
    /// As for [`Guest::slice`].
    pub fn write<N: Plain>(&mut self, at: u64, value: N) -> Result<(), Error> {
        value.write_le(self.slice_mut(at, N::SIZE)?);
        Ok(())
    }
}

/// A number in guest memory.
pub trait Plain: Copy {
    /// Bytes.
    const SIZE: u64;
    /// From `SIZE` little-endian bytes.
    fn read_le(bytes: &[u8]) -> Self;
    /// Into `SIZE` little-endian bytes.
    fn write_le(self, bytes: &mut [u8]);
}
macro_rules! plain { ($($t:ty),*) => { $(
    impl Plain for $t {
        const SIZE: u64 = size_of::<$t>() as u64;
        fn read_le(bytes: &[u8]) -> $t {
            <$t>::from_le_bytes(bytes.try_into().unwrap_or_default())
        }
        fn write_le(self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.to_le_bytes());
        }
    }
)* } }
plain!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

/// What a host closure gives: a list of numbers, or a `Result` of one.
pub trait HostResult {
    /// The numbers.
    type List: WasmList;
    /// The result.
    fn into_result(self) -> Result<Self::List, Error>;
}
impl<L: WasmList> HostResult for L {
    type List = L;
    fn into_result(self) -> Result<L, Error> {
        Ok(self)
    }
}
impl<L: WasmList> HostResult for Result<L, Error> {
    type List = L;
    fn into_result(self) -> Result<L, Error> {
        self
    }
}

/// A closure that can be a host function: up to 16 numbers, before them a [`Caller`] if it wants
/// one; it gives nothing, a number, a tuple, or a `Result` of these.
pub trait IntoFunc<T, P, R>: Send + Sync + 'static {
    /// The host function.
    #[doc(hidden)]
    fn into_host(self) -> HostFunc<T>;
}
macro_rules! into_func { ($(($($n:ident $i:tt),*))*) => { $(
    impl<T, F, R, $($n,)*> IntoFunc<T, ($($n,)*), R> for F
    where
        F: Fn($($n),*) -> R + Send + Sync + 'static,
        R: HostResult,
        $($n: WasmNumber,)*
    {
        #[allow(unused_variables)]
        fn into_host(self) -> HostFunc<T> {
            let ty = FuncType {
                params: <($($n,)*) as WasmList>::types().into(),
                results: R::List::types().into(),
            };
            HostFunc::raw(ty, move |_, slots| {
                (self)($($n::from_bits(slots[$i])),*).into_result()?.into_slots(slots);
                Ok(())
            })
        }
    }
    impl<T, F, R, $($n,)*> IntoFunc<T, (Caller<'_, T>, $($n,)*), R> for F
    where
        F: Fn(Caller<'_, T>, $($n),*) -> R + Send + Sync + 'static,
        R: HostResult,
        $($n: WasmNumber,)*
    {
        #[allow(unused_variables)]
        fn into_host(self) -> HostFunc<T> {
            let ty = FuncType {
                params: <($($n,)*) as WasmList>::types().into(),
                results: R::List::types().into(),
            };
            HostFunc::raw(ty, move |caller, slots| {
                (self)(caller, $($n::from_bits(slots[$i])),*).into_result()?.into_slots(slots);
                Ok(())
            })
        }
    }
)* } }
into_func! {
    () (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, G 5) (A 0, B 1, C 2, D 3, E 4, G 5, H 6)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7) (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13, Q 14)
    (A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7, J 8, K 9, L 10, M 11, N 12, O 13, Q 14, S 15)
}
