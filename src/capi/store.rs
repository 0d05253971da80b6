//! Stores, and the numbers by which C knows what is in them.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use super::error::Failure;
use super::exception::Left;
use super::ffi::{Finalizer, Out, Outcome, UserData, delete, guard, guard_or, need};
use super::numbers::{Numbers, Places};
use super::val::Handle;
use super::world::{SysenvConfig, WorldConfig};
use crate::runtime::Capabilities;
use crate::sysenv::{self, Sysenv};
use crate::wasi::Wasi;
use crate::{
    AsContextMut, Caller, Engine, Func, Global, Instance, InterruptHandle, Memory, Store,
    StoreContextMut, Table, Tag, Val,
};

/// A store that is lent.
pub type Cx<'a> = StoreContextMut<'a, Data>;

/// `wasmvm_store`.
pub struct CStore {
    /// C uses the same pointer while a guest runs: see `context`.
    store: UnsafeCell<Store<Data>>,
    state: Cell<State>,
}

/// Who has the store.
#[derive(Clone, Copy)]
enum State {
    /// C.
    Idle,
    /// A guest, or a function of WASI or sysenv that it called.
    Running,
    /// C again, in a callback: the innermost one.
    Callback(NonNull<Caller<'static, Data>>),
}

/// What C has in a store.
pub struct Data {
    id: u64,
    /// Where the store is, for callbacks.
    pub store: *const CStore,
    pub user: UserData,
    wasi: Option<Wasi>,
    sysenv: Option<Sysenv>,
    funcs: Numbers<Func>,
    instances: Numbers<Instance>,
    memories: Numbers<Memory>,
    tables: Numbers<Table>,
    globals: Numbers<Global>,
    tags: Numbers<Tag>,
    refs: Places<Val>,
    /// How many instances were released since those that are gone were forgotten.
    released: usize,
    /// Exceptions of errors that are gone.
    pub left: Arc<Left>,
    /// References that callbacks are done with.
    pub ended: Vec<Handle>,
}

/// In the index of a handle: it is no function.
const IS_REF: u64 = 1 << 63;

macro_rules! numbers { ($($get:ident $add:ident $table:ident $t:ty, $what:literal,
    |$object:ident, $cx:ident| $is_there:expr;)*) => { $(
    impl Data {
        pub fn $add(&mut self, object: $t) -> Handle {
            Handle { store: self.id, index: self.$table.add(object) }
        }
        pub fn $get(&self, handle: Handle) -> Result<$t, Failure> {
            self.check(handle, $what)?;
            self.$table.get(handle.index).ok_or_else(|| unknown($what))
        }
    }
)*
    /// Forgets the numbers of objects whose instance was released.
    fn forget_released(cx: &mut Cx<'_>) {
        $(
            let mut numbers = core::mem::take(&mut cx.data_mut().$table);
            let $cx = &*cx;
            numbers.retain(|$object| $is_there);
            cx.data_mut().$table = numbers;
        )*
    }
} }
numbers! {
    func add_func funcs Func, "function", |func, cx| func.ty(cx).is_ok();
    instance add_instance instances Instance, "instance", |instance, cx| instance.is_there(cx);
    memory add_memory memories Memory, "memory", |memory, cx| memory.ty(cx).is_ok();
    table add_table tables Table, "table", |table, cx| table.ty(cx).is_ok();
    global add_global globals Global, "global", |global, cx| global.ty(cx).is_ok();
    tag add_tag tags Tag, "tag", |tag, cx| tag.ty(cx).is_ok();
}
/// Lets go of an instance.
pub fn release_instance(instance: Handle, cx: &mut Cx<'_>) -> Result<(), Failure> {
    const MANY: usize = 64;
    cx.data().instance(instance)?.release(&mut *cx)?;
    cx.data_mut().released += 1;
    if cx.data().released >= MANY.max(cx.data().instances.len() / 2) {
        forget_released(cx);
        cx.data_mut().released = 0;
    }
    Ok(())
}
impl Data {
    fn new(user: UserData) -> Data {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Data {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            store: core::ptr::null(),
            user,
            wasi: None,
            sysenv: None,
            funcs: Numbers::default(),
            instances: Numbers::default(),
            memories: Numbers::default(),
            tables: Numbers::default(),
            globals: Numbers::default(),
            tags: Numbers::default(),
            refs: Places::default(),
            released: 0,
            left: Arc::default(),
            ended: Vec::new(),
        }
    }
    fn check(&self, handle: Handle, what: &str) -> Result<(), Failure> {
        match handle.store {
            0 => Err(Failure::usage(format!("no {what} at all: the handle is zero"))),
            id if id == self.id => Ok(()),
            _ => Err(Failure::usage(format!("a {what} of another store"))),
        }
    }
    pub fn add_ref(&mut self, val: Val) -> Handle {
        Handle { store: self.id, index: IS_REF | self.refs.add(val) }
    }
    /// A reference of whatever kind.
    pub fn reference(&self, handle: Handle) -> Result<Val, Failure> {
        if handle.index & IS_REF == 0 {
            return self.func(handle).map(Val::from);
        }
        self.check(handle, "reference")?;
        self.refs.get(handle.index & !IS_REF).ok_or_else(|| unknown("reference"))
    }
    /// Takes a reference out; a function has nothing to be taken.
    pub fn remove_ref(&mut self, handle: Handle) -> Result<Option<Val>, Failure> {
        if handle.index & IS_REF == 0 {
            return self.func(handle).map(|_| None);
        }
        self.check(handle, "reference")?;
        self.refs.remove(handle.index & !IS_REF).map(Some).ok_or_else(|| unknown("reference"))
    }
    pub fn wasi(&mut self) -> &mut Wasi {
        self.wasi.get_or_insert_default()
    }
    /// # Panics
    /// Never: without directories there is nothing to open.
    pub fn sysenv(&mut self) -> &mut Sysenv {
        self.sysenv.get_or_insert_with(|| {
            Sysenv::new(sysenv::Config::new()).expect("nothing is to be opened")
        })
    }
}
#[cold]
fn unknown(what: &str) -> Failure {
    Failure::usage(format!("there is no such {what}, or none any more"))
}

impl CStore {
    /// The store, lent: by the innermost host function that runs, if there is one. So C can use one
    /// pointer everywhere.
    ///
    /// What is lent ends before C goes on (C2).
    pub fn context(&self) -> Result<Cx<'_>, Failure> {
        match self.state.get() {
            // SAFETY: C2: nobody else has lent the store.
            State::Idle => Ok(unsafe { (*self.store.get()).as_context_mut() }),
            // SAFETY: C2: the caller is there as long as it is noted, and not in use meanwhile.
            State::Callback(caller) => Ok(unsafe { (*caller.as_ptr()).as_context_mut() }),
            State::Running => Err(Failure::usage("the store is in use: a guest runs".into())),
        }
    }
    /// Lends the store to guests while `f` runs.
    pub fn run<R>(&self, f: impl FnOnce(Cx<'_>) -> Result<R, Failure>) -> Result<R, Failure> {
        let mut cx = self.context()?;
        let restore = self.enter(State::Running);
        let result = f(cx.as_context_mut());
        if matches!(restore.outer, State::Idle) {
            super::reference::release_ended(&mut cx);
        }
        result
    }
    /// Lends the store to C while `f` runs, which is a callback.
    pub fn callback<R>(&self, caller: &mut Caller<'_, Data>, f: impl FnOnce() -> R) -> R {
        let _restored = self.enter(State::Callback(NonNull::from(caller).cast()));
        f()
    }
    /// Sets the state until what is given back is dropped, also by a panic.
    fn enter(&self, state: State) -> Restore<'_> {
        Restore { state: &self.state, outer: self.state.replace(state) }
    }
    fn is_idle(&self) -> bool {
        matches!(self.state.get(), State::Idle)
    }
    /// Does what only the store itself can do.
    fn idle<R>(
        &self,
        f: impl FnOnce(&mut Store<Data>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        if !self.is_idle() {
            return Err(Failure::usage("this cannot be done in a callback".into()));
        }
        // SAFETY: C2: nobody else has lent the store.
        f(unsafe { &mut *self.store.get() })
    }
    fn fuel(&self) -> Result<Option<u64>, Failure> {
        match self.state.get() {
            // SAFETY: C2: as for `context`.
            State::Callback(caller) => Ok(unsafe { (*caller.as_ptr()).fuel() }),
            _ => self.idle(|store| Ok(store.fuel())),
        }
    }
    fn set_fuel(&self, fuel: u64) -> Result<(), Failure> {
        match self.state.get() {
            // SAFETY: C2: as for `context`.
            State::Callback(caller) => Ok(unsafe { (*caller.as_ptr()).set_fuel(fuel) }?),
            _ => self.idle(|store| Ok(store.set_fuel(fuel)?)),
        }
    }
}

struct Restore<'a> {
    state: &'a Cell<State>,
    outer: State,
}
impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.state.set(self.outer);
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_new(
    engine: Option<&Engine>,
    data: *mut c_void,
    finalizer: Finalizer,
) -> Option<Box<CStore>> {
    guard_or(None, || {
        let user = UserData { data, finalizer };
        let store = UnsafeCell::new(Store::new(engine?, Data::new(user)));
        let mut store = Box::new(CStore { store, state: Cell::new(State::Idle) });
        let place: *const CStore = &*store;
        store.store.get_mut().data_mut().store = place;
        Some(store)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_delete(store: Option<Box<CStore>>) {
    match store {
        // A guest runs in it: better a leak than what would follow.
        Some(store) if !store.is_idle() => core::mem::forget(store),
        store => delete(store),
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_data(store: Option<&CStore>) -> *mut c_void {
    guard_or(core::ptr::null_mut(), || {
        let data = store.and_then(|store| Some(store.context().ok()?.data().user.data));
        data.unwrap_or(core::ptr::null_mut())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_set_fuel(store: Option<&CStore>, fuel: u64) -> Outcome {
    guard(|| need(store, "store")?.set_fuel(fuel))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_fuel(store: Option<&CStore>, fuel: Out<u64>) -> Outcome {
    guard(|| {
        let left = need(store, "store")?.fuel()?;
        let left = left.ok_or_else(|| Failure::usage("fuel is not configured".into()))?;
        need(fuel, "fuel")?.write(left);
        Ok(())
    })
}

/// `wasmvm_limit`: the fields of `Limits`.
fn limit(limits: &mut crate::Limits, which: c_int) -> Result<&mut u64, Failure> {
    Ok(match which {
        0 => &mut limits.memory_bytes,
        1 => &mut limits.table_elements,
        2 => &mut limits.gc_heap_bytes,
        3 => &mut limits.instances,
        4 => &mut limits.stack_bytes,
        _ => return Err(Failure::usage(format!("there is no limit {which}"))),
    })
}
const HOST_CALL_DEPTH: c_int = 5;

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_set_limit(
    store: Option<&CStore>,
    which: c_int,
    value: u64,
) -> Outcome {
    guard(|| {
        need(store, "store")?.idle(|store| {
            let mut limits = store.limits();
            match which {
                HOST_CALL_DEPTH => {
                    limits.host_call_depth = u32::try_from(value).unwrap_or(u32::MAX);
                }
                which => *limit(&mut limits, which)? = value,
            }
            store.set_limits(limits);
            Ok(())
        })
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_limit(
    store: Option<&CStore>,
    which: c_int,
    value: Out<u64>,
) -> Outcome {
    guard(|| {
        let value = need(value, "value")?;
        let mut limits = need(store, "store")?.idle(|store| Ok(store.limits()))?;
        value.write(match which {
            HOST_CALL_DEPTH => limits.host_call_depth.into(),
            which => *limit(&mut limits, which)?,
        });
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_gc(store: Option<&CStore>) -> Outcome {
    guard(|| {
        need(store, "store")?.context()?.gc();
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_wasi(
    store: Option<&CStore>,
    config: Option<Box<WorldConfig>>,
) -> Outcome {
    guard(|| {
        let config = need(config, "config")?.take();
        let mut cx = need(store, "store")?.context()?;
        cx.data_mut().wasi = Some(config.into_wasi(&Capabilities::all())?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_sysenv(
    store: Option<&CStore>,
    config: Option<Box<SysenvConfig>>,
) -> Outcome {
    guard(|| {
        let config = need(config, "config")?.take();
        let mut cx = need(store, "store")?.context()?;
        cx.data_mut().sysenv = Some(Sysenv::new(config)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_store_interrupt(
    store: Option<&CStore>,
    out: Out<Box<InterruptHandle>>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let handle = need(store, "store")?.idle(|store| Ok(store.interrupt_handle()?))?;
        out.write(Box::new(handle));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_interrupt_raise(interrupt: Option<&InterruptHandle>) {
    if let Some(interrupt) = interrupt {
        interrupt.interrupt();
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_interrupt_clear(interrupt: Option<&InterruptHandle>) {
    if let Some(interrupt) = interrupt {
        interrupt.clear();
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_interrupt_delete(interrupt: Option<Box<InterruptHandle>>) {
    delete(interrupt);
}
