//! Running: entering the machine and leaving it, translating on first call, host calls, backtraces.
#![allow(unsafe_code)]

use super::compiled::CompiledModule;
use super::frames::{CallHost, Exhausted, Halt, Look, Translate};
use super::machine::{
    Handler, STOP_HOST, STOP_UNSUPPORTED, State, Stop, handler_at, handler_of, pausing, step,
    stopped, tail,
};
use super::table::Machine;
use crate::ir::code::{CodeEntry, FuncCode};
use crate::ir::room;
use crate::ir::translate::{Context, Translator};
use crate::rt;
use crate::rt::error::{Error as PublicError, Frame};
use crate::rt::exception::Exception;
use crate::rt::layout::{
    FuncData, HEADER_FP, HEADER_INSTANCE, HEADER_IP, HEADER_MEMORY, HEADER_SLOTS, InstanceData,
    ResultClass, StoreData,
};
use crate::rt::store::Store;
use crate::tuning;
use crate::wasm::error::{Error, ErrorKind};
use crate::wasm::module::Module;
use crate::wasm::names::Names;
use crate::wasm::trap::Trap;
use crate::wasm::types::TypeId;
use crate::wasm::validate;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// An instruction that is in no function's code, and has no fields. Nobody changes it, but handlers
/// are read as those that others may change.
type Stub = AtomicPtr<()>;
const fn stub(handler: Handler) -> Stub {
    AtomicPtr::new(handler as *mut ())
}
/// What a landing place returns to, after what is read as a call (E1): the slot 0.
#[repr(C)]
struct Landing {
    call: u64,
    halt: Stub,
}
static LANDED: Landing = Landing { call: 0, halt: stub(tail::<Halt>) };
static TRANSLATE: Stub = stub(tail::<Translate<false>>);
static TRANSLATE_OF_INSTANCE: Stub = stub(tail::<Translate<true>>);
static CALL_HOST: Stub = stub(tail::<CallHost>);
static LOOK: Stub = stub(pausing::<Look>);
static EXHAUSTED: Stub = stub(step::<Exhausted>);
static HOST_ENTRY: CodeEntry = CodeEntry {
    entry: AtomicPtr::new((&raw const CALL_HOST).cast_mut().cast()),
    frame_slots: AtomicU32::new(0),
    func: 0,
    module: AtomicPtr::new(ptr::null_mut()),
};

/// What the entries of functions that are not translated yet begin with.
pub fn translate_stub() -> *const u64 {
    (&raw const TRANSLATE).cast()
}
/// Where calls go that the stack seems to have no room for.
#[inline(always)]
pub fn look_stub() -> *const u8 {
    (&raw const LOOK).cast()
}
/// The handler of turns of loops while somebody wants them to stop.
pub fn stop_handler() -> usize {
    stopped as *const () as usize
}
/// Where those go for which there really is none.
#[inline(always)]
pub fn exhausted_stub() -> *const u8 {
    (&raw const EXHAUSTED).cast()
}
/// Whether it is the entry of a function of a module that is translated.
///
/// # Safety
/// It is the entry of a function (R1).
pub unsafe fn has_code(entry: *const CodeEntry) -> bool {
    // SAFETY: R1: promised by the caller.
    let code = unsafe { (*entry).entry.load(Ordering::Relaxed) };
    !ptr::eq(entry, host_entry()) && !ptr::addr_eq(code, translate_stub())
}
/// The entry of every host function.
pub fn host_entry() -> &'static CodeEntry {
    &HOST_ENTRY
}
/// Where functions of instances begin whose code this is: if it is not there yet, at a stub that
/// tells the function where it is.
pub fn start_of(entry: &CodeEntry) -> (*const u64, u32) {
    match entry.start() {
        (code, _) if ptr::addr_eq(code, translate_stub()) => {
            ((&raw const TRANSLATE_OF_INSTANCE).cast(), 0)
        }
        start => start,
    }
}

/// What an instruction does that is in no function's code.
#[cfg(feature = "counting")]
pub fn outside(ip: usize) -> Option<&'static str> {
    let halt = (&raw const LANDED.halt) as usize;
    let (translate, host) = (&raw const TRANSLATE as usize, &raw const CALL_HOST as usize);
    let translate_of_instance = &raw const TRANSLATE_OF_INSTANCE as usize;
    let (look, none) = (&raw const LOOK as usize, &raw const EXHAUSTED as usize);
    let known = [
        (halt, "end"),
        (translate, "translate"),
        (translate_of_instance, "translate"),
        (host, "call of the host"),
        (look, "look at the stack"),
        (none, "stack exhausted"),
    ];
    known.into_iter().find_map(|(address, text)| (address == ip).then_some(text))
}

/// A frame of a backtrace.
#[derive(Clone, Copy, Debug)]
pub struct FrameInfo {
    /// The compiled module.
    pub module: *const CompiledModule,
    /// The function's index in the module.
    pub func: u32,
    /// The byte offset of the instruction in the module.
    pub offset: u32,
}

/// Why an execution did not end normally.
#[derive(Debug)]
pub enum Exit {
    /// A trap.
    Trap {
        /// The cause.
        trap: Trap,
        /// Innermost first, at most [`tuning::BACKTRACE_FRAMES`].
        backtrace: Vec<FrameInfo>,
    },
    /// A host function failed; the store has its error.
    Host {
        /// Innermost first.
        backtrace: Vec<FrameInfo>,
    },
    /// A function cannot be translated.
    Unsupported(Error),
}

impl Exit {
    /// The error that the embedder sees.
    ///
    /// # Safety
    /// The frames' modules are alive (R1: the store keeps them).
    pub unsafe fn into_error(self, store: &mut Store) -> PublicError {
        let (error, backtrace) = match self {
            Exit::Trap { trap, backtrace } => (PublicError::from_trap(trap), backtrace),
            Exit::Host { backtrace } => {
                let exn = core::mem::take(&mut store.heap.thrown);
                let error = match (Exception::from_bits(exn, store), store.pending.take()) {
                    (Some(exception), Some(error)) => error.with_exception(exception),
                    (Some(exception), None) => exception.into(),
                    (None, Some(error)) => error.not_suspended(),
                    (None, None) => PublicError::host("a host function failed"),
                };
                (error, backtrace)
            }
            Exit::Unsupported(error) => return error.into(),
        };
        if error.exit_code().is_some() || backtrace.is_empty() {
            return error;
        }
        // SAFETY: R1.
        error.with_backtrace(unsafe { name_frames(&backtrace) })
    }
}

/// Whether there is memory for one more.
#[inline]
fn fits_one<T>(list: &mut Vec<T>) -> bool {
    tuning::SMALL || list.try_reserve(1).is_ok()
}
/// Frames with names; each module's names are read once.
unsafe fn name_frames(frames: &[FrameInfo]) -> Vec<Frame> {
    let mut known: Vec<(*const CompiledModule, Names)> = Vec::new();
    let mut named = Vec::new();
    for frame in frames {
        // SAFETY: R1.
        let module = unsafe { &*frame.module };
        if !known.iter().any(|(address, _)| ptr::eq(*address, frame.module)) {
            if !fits_one(&mut known) {
                break;
            }
            known.push((frame.module, module.module.names(module.bytes())));
        }
        if let Some((_, names)) = known.iter().find(|(address, _)| ptr::eq(*address, frame.module))
        {
            if !fits_one(&mut named) {
                break;
            }
            named.push(module.frame(frame.func, frame.offset, names));
        }
    }
    named
}

/// Slots of a landing place: a header, then what [`Halt`] writes.
pub const LANDING: usize = HEADER_SLOTS + 4;

/// Runs a function. `slots` holds the parameters and receives the results.
///
/// # Safety
/// `store` is live and not running elsewhere, `func` belongs to it, `slots` has room for the
/// parameters and the results (R1, E6).
pub unsafe fn invoke(
    store: *mut StoreData,
    func: *const FuncData,
    slots: &mut [u64],
) -> Result<(), Exit> {
    // SAFETY: E3, E6, R1.
    unsafe {
        let (params, results) =
            ((*func).shape.param_slots as usize, (*func).shape.result_slots as usize);
        let outer = Outer::of(store);
        let base = outer.stack_top;
        let fp = base.add(params + HEADER_SLOTS);
        let (code, frame) = (*func).start();
        let end = fp.add((frame as usize).max(results));
        if end > (*store).signals.limit()
            && let Some(trap) = (*store).look(end)
        {
            return Err(Exit::Trap { trap, backtrace: Vec::new() });
        }
        let mut landing = [0u64; LANDING];
        let landing_fp = landing.as_mut_ptr().add(HEADER_SLOTS);
        *landing_fp.offset(HEADER_FP) = outer.stop_fp as u64;
        ptr::copy_nonoverlapping(slots.as_ptr(), base, params);
        set_headers(func, landing_fp, fp);
        let mut state = State::at(code.cast(), fp);
        (state.r[0], state.r[1]) = ((*func).entry as u64, func as u64);
        (*store).resumable.set(false);
        let exit = match dispatch(state) {
            0 => {
                take_results(func, landing_fp, base, &mut slots[..results]);
                Ok(())
            }
            stop => Err(exit(store, stop)),
        };
        outer.restore(store);
        (*store).stack_top.set(base);
        exit
    }
}

/// The state of what waits for an execution.
pub struct Outer {
    stop_ip: *const u64,
    /// The frame that the host was called from.
    pub stop_fp: *mut u64,
    stack_top: *mut u64,
    resumable: bool,
    /// The fuel that is not for its slice.
    held: i64,
}
impl Outer {
    /// That of now. What runs until it is restored may have all fuel.
    ///
    /// # Safety
    /// `store` is live (R1).
    #[inline(always)]
    pub unsafe fn of(store: *mut StoreData) -> Outer {
        // SAFETY: R1: promised by the caller.
        let store = unsafe { &*store };
        let held = store.held.get();
        if held != 0 {
            store.hold_fuel(0);
        }
        Outer {
            stop_ip: store.stop_ip.get(),
            stop_fp: store.stop_fp.get(),
            stack_top: store.stack_top.get(),
            resumable: store.resumable.get(),
            held,
        }
    }
    /// That of before, but for the stack.
    ///
    /// # Safety
    /// `store` is live (R1).
    #[inline(always)]
    pub unsafe fn restore(&self, store: *mut StoreData) {
        // SAFETY: R1: promised by the caller.
        let store = unsafe { &*store };
        store.stop_ip.set(self.stop_ip);
        store.stop_fp.set(self.stop_fp);
        store.resumable.set(self.resumable);
        if self.held != 0 {
            store.hold_fuel(self.held);
        }
    }
}

/// Fills in the headers of a landing place, but for its caller, and of the first frame.
///
/// # Safety
/// Both have room below them (E3), and `func` belongs to a live store (R1).
#[inline(always)]
pub unsafe fn set_headers(func: *const FuncData, landing_fp: *mut u64, fp: *mut u64) {
    // SAFETY: E3, R1: promised by the caller.
    unsafe {
        let instance = (*func).instance;
        let memory = (*instance).memory0.get() as u64;
        *landing_fp.offset(HEADER_IP) = 0;
        *landing_fp.offset(HEADER_INSTANCE) = instance as u64;
        *landing_fp.offset(HEADER_MEMORY) = memory;
        // A pointer to all of it: what is before the instruction is read, too.
        let landed = (&raw const LANDED).cast::<u8>();
        *fp.offset(HEADER_IP) = landed.add(core::mem::offset_of!(Landing, halt)) as u64;
        *fp.offset(HEADER_FP) = landing_fp as u64;
        *fp.offset(HEADER_INSTANCE) = instance as u64;
        *fp.offset(HEADER_MEMORY) = memory;
    }
}
/// The results of a function that has returned to its landing place; `base` is where its
/// parameters began.
///
/// # Safety
/// [`Halt`] has stopped the execution (E6); there are as many slots as the function has results.
#[inline(always)]
pub unsafe fn take_results(
    func: *const FuncData,
    landing_fp: *const u64,
    base: *const u64,
    slots: &mut [u64],
) {
    // SAFETY: E6: promised by the caller.
    unsafe {
        ptr::copy_nonoverlapping(base, slots.as_mut_ptr(), slots.len());
        let Some(first) = slots.first_mut() else { return };
        match (*func).shape.result_class {
            ResultClass::Int => *first = *landing_fp,
            ResultClass::F32 => *first = *landing_fp.add(1) & 0xFFFF_FFFF,
            ResultClass::F64 => *first = *landing_fp.add(1),
            ResultClass::Slots => {}
        }
    }
}
/// What an execution has ended with, if not with results.
///
/// # Safety
/// It has just stopped (E3, R1).
#[cold]
pub unsafe fn exit(store: *mut StoreData, stop: Stop) -> Exit {
    // SAFETY: E3, R1: promised by the caller.
    unsafe {
        (*store).unpaid.set(0);
        match stop {
            STOP_HOST => Exit::Host { backtrace: backtrace(store) },
            STOP_UNSUPPORTED => match (*store).unsupported.take() {
                Some(error) => Exit::Unsupported(error),
                None => Exit::Host { backtrace: Vec::new() },
            },
            code => {
                let trap = Trap::from_code((code - 1) as u8).unwrap_or(Trap::Unreachable);
                Exit::Trap { trap, backtrace: backtrace(store) }
            }
        }
    }
}

/// Executes until something stops it.
///
/// # Safety
/// The state is at an instruction, in a frame with room for it (E1, E2, E3).
pub unsafe fn dispatch(s: State) -> Stop {
    // SAFETY: E3, R11: the store, and with it its signals, outlives what runs in it.
    unsafe {
        let signals = (*s.instance()).signals;
        (*signals).enter();
        let stop = go_on(s);
        (*signals).leave();
        stop
    }
}
#[cfg(threaded)]
#[inline(always)]
unsafe fn go_on(mut s: State) -> Stop {
    // SAFETY: E1: `ip` is at an instruction, whose first word is its handler. E3.
    unsafe {
        s.take_fuel();
        s.take_signals();
        #[cfg(feature = "counting")]
        s.count();
        super::machine::enter!(handler_at(s.ip), &s)
    }
}
#[cfg(not(threaded))]
#[inline(always)]
unsafe fn go_on(mut s: State) -> Stop {
    loop {
        // SAFETY: E3.
        #[cfg(feature = "counting")]
        unsafe {
            s.count();
        }
        // SAFETY: E1: `ip` is at an instruction, whose first word is its handler.
        let stop = unsafe { handler_at(s.ip)(&mut s) };
        if let Some(stop) = stop {
            return stop;
        }
    }
}

/// Results of host functions that need no memory of their own on the way.
const FEW_SLOTS: usize = 4;

/// How a call of a host function ended.
pub enum Called {
    /// It has given results.
    Done,
    /// It has failed; the store has its error.
    Failed,
    /// It has given results, and somebody wants the execution to stop.
    Interrupted,
    /// It wants to be continued later; the store has its reason.
    Suspended,
}

/// Calls a host function whose frame is at `fp`.
///
/// # Safety
/// Called by [`CallHost`] (E3, E5).
#[inline(never)]
pub unsafe fn call_host(func: *const FuncData, fp: *mut u64) -> Called {
    // SAFETY: E3, E5, R1.
    unsafe {
        let store = (*(*func).instance).store;
        let caller_fp = *fp.offset(HEADER_FP) as *mut u64;
        let caller = *caller_fp.offset(HEADER_INSTANCE) as *const InstanceData;
        let (params, results) =
            ((*func).shape.param_slots as usize, (*func).shape.result_slots as usize);
        let slots = fp.sub(HEADER_SLOTS + params);
        (*store).stop_ip.set(ptr::null());
        (*store).stop_fp.set(fp);
        (*store).stack_top.set(fp);
        (*store).signals.leave();
        let done = if results <= params {
            ((*store).host_call)(store, func, caller, slots)
        } else {
            // They must not lie over the header while the call lasts.
            let mut few = [0; FEW_SLOTS];
            let mut many: Vec<u64>;
            let copy = if results <= FEW_SLOTS {
                few.as_mut_ptr()
            } else {
                match rt::room::filled(results, 0u64) {
                    Ok(slots) => many = slots,
                    Err(error) => {
                        (*store.cast::<Store>()).fail_with(error);
                        return Called::Failed;
                    }
                }
                many.as_mut_ptr()
            };
            ptr::copy_nonoverlapping(slots, copy, params);
            let done = ((*store).host_call)(store, func, caller, copy);
            if done {
                ptr::copy_nonoverlapping(copy, slots, results);
            }
            done
        };
        (*store).signals.enter();
        if done {
            return if (*store).take_interrupt() { Called::Interrupted } else { Called::Done };
        }
        let pending = &(*store.cast::<Store>()).pending;
        if (*store).resumable.get() && pending.as_ref().is_some_and(PublicError::is_suspend) {
            (*store).suspended.set((func, slots));
            return Called::Suspended;
        }
        Called::Failed
    }
}

/// What a turn of a loop goes on with that was stopped; nothing if it was meant. Others that share
/// the code may have been.
///
/// # Safety
/// Called by [`stopped`]; `ip` is the instruction, in the frame `fp` (E1, E3).
#[cold]
#[inline(never)]
pub unsafe fn handler_of_turn(ip: *const u8, fp: *mut u64) -> Option<Handler> {
    // SAFETY: E1, E3, R1.
    unsafe {
        let instance = *fp.offset(HEADER_INSTANCE) as *const InstanceData;
        let store = (*instance).store;
        if (*store).take_interrupt() {
            return None;
        }
        (*store).signals.follow();
        let module = (*instance).module.cast::<CompiledModule>();
        let own = (*module).code.handler_of_turn(ip as usize);
        Some(own.map_or_else(|| handler_at(ip), |address| handler_of(address)))
    }
}

/// Translates the function of an entry and gives its first instruction.
///
/// # Safety
/// Called by [`Translate`]; `fp` is the frame of the call (E3, E5).
#[cold]
#[inline(never)]
pub unsafe fn translate(entry: *const CodeEntry, fp: *mut u64) -> Result<*const u8, Stop> {
    // SAFETY: E3, E5, R1.
    unsafe {
        let module = (*entry).module.load(Ordering::Acquire).cast_const().cast::<CompiledModule>();
        let store = (*(*fp.offset(HEADER_INSTANCE) as *const InstanceData)).store;
        let code = match (*module).code.get((*entry).func) {
            Some(code) => code,
            None if (*module).is_invalid((*entry).func) => {
                return Err(1 + Trap::InvalidFunction as Stop);
            }
            None => match translate_and_publish(&*module, (*entry).func) {
                Ok(code) => code,
                Err(error)
                    if error.kind() == ErrorKind::Invalid
                        && (*module).options().invalid_functions =>
                {
                    return Err(1 + Trap::InvalidFunction as Stop);
                }
                Err(error) => {
                    (*store).unsupported.set(Some(error));
                    return Err(STOP_UNSUPPORTED);
                }
            },
        };
        if fp.add(code.frame_slots as usize) > (*store).stack_limit.get() {
            return Err(1 + Trap::StackExhausted as Stop);
        }
        Ok(code.entry().cast())
    }
}

fn translate_and_publish(module: &CompiledModule, func: u32) -> Result<&FuncCode, Error> {
    let code = translate_function(module, func, false)?;
    let offset = module.module.code.get(func as usize).map_or(0, |body| body.start);
    module.code.publish(func, code).map_err(room::missing(offset))
}
/// Translates a function.
///
/// # Errors
/// An instruction is not supported, or an implementation limit is exceeded.
pub fn translate_function(
    module: &CompiledModule,
    func: u32,
    listing: bool,
) -> Result<FuncCode, Error> {
    Translation::new(module, listing).function(func)
}
/// What listens to validation alone: nothing. In a small build that is a translator, so that
/// there is one walk in the code and not two.
#[cfg(feature = "small")]
pub fn nobody(module: &Module) -> Translator<'_, Machine> {
    Translator::new(Context {
        imported_funcs: module.num_imported_funcs(),
        registry: module.registry(),
        entries: &[],
        memories: &module.memories,
        fuel: false,
        throws: false,
        interrupts: false,
        deterministic: false,
        listing: false,
        only_validates: true,
    })
}
/// What listens to validation alone.
#[cfg(not(feature = "small"))]
pub fn nobody(_: &Module) {}

/// Translates functions of a module, one after the other.
pub struct Translation<'m> {
    module: &'m CompiledModule,
    translator: Translator<'m, Machine>,
    scratch: validate::Scratch,
}
impl<'m> Translation<'m> {
    /// With or without texts.
    pub fn new(module: &'m CompiledModule, listing: bool) -> Self {
        let context = Context {
            imported_funcs: module.module.num_imported_funcs(),
            registry: module.registry(),
            entries: module.code.entries(),
            memories: &module.module.memories,
            fuel: module.options().fuel,
            throws: !module.module.tags.is_empty(),
            interrupts: module.options().interrupts,
            deterministic: module.options().deterministic,
            listing,
            only_validates: false,
        };
        let translator = Translator::new(context);
        Translation { module, translator, scratch: validate::Scratch::default() }
    }
    /// Validates and translates a function.
    ///
    /// # Errors
    /// It is invalid, or cannot be translated (see [`translate_function`]).
    pub fn function(&mut self, func: u32) -> Result<FuncCode, Error> {
        let Translation { module, translator, scratch } = self;
        module.times().translating(|| {
            validate::func(&module.module, module.bytes(), func, translator, scratch)
        })?;
        translator.take_code()
    }
}

/// Whether the type `ty` is a subtype of `expected`, for `call_indirect`.
///
/// # Safety
/// `caller` is an instance of a module (R1).
pub unsafe fn is_subtype(caller: *const InstanceData, ty: TypeId, expected: u32) -> bool {
    // SAFETY: R1.
    unsafe {
        let module = (*caller).module.cast::<CompiledModule>();
        !module.is_null() && (*module).registry().is_subtype(ty, TypeId(expected))
    }
}

/// After a memory has moved: the frames that hold its base.
///
/// # Safety
/// Called between instructions; `stop_fp` is the innermost frame (E3).
#[cold]
pub unsafe fn rebase(store: *mut StoreData, before: *mut u8, after: *mut u8) {
    // SAFETY: E3: frames are linked down to the null of the outermost landing place.
    unsafe {
        let mut fp = (*store).stop_fp.get();
        while !fp.is_null() {
            let memory = fp.offset(HEADER_MEMORY);
            if *memory == before as u64 {
                *memory = after as u64;
            }
            fp = *fp.offset(HEADER_FP) as *mut u64;
        }
    }
}
/// The slots of the frame whose function the address is in; 0 for a landing place.
///
/// # Safety
/// `fp` is a frame (E3).
pub unsafe fn frame_slots(fp: *const u64, ip: *const u8) -> usize {
    // SAFETY: E3, R1.
    unsafe {
        let instance = *fp.offset(HEADER_INSTANCE) as *const InstanceData;
        let module = (*instance).module.cast::<CompiledModule>();
        if module.is_null() {
            return 0;
        }
        let code = &(*module).code;
        let func = code.find(ip as usize).and_then(|(func, _)| code.get(func));
        func.map_or(0, |code| code.frame_slots as usize)
    }
}

/// The frames from where the execution stopped, innermost first.
unsafe fn backtrace(store: *mut StoreData) -> Vec<FrameInfo> {
    let mut frames = Vec::new();
    // SAFETY: E3: frames are linked; a landing place has no return address.
    unsafe {
        let mut ip = (*store).stop_ip.get() as usize;
        let mut fp = (*store).stop_fp.get();
        let mut innermost = true;
        while !fp.is_null() && frames.len() < tuning::BACKTRACE_FRAMES {
            let instance = *fp.offset(HEADER_INSTANCE) as *const InstanceData;
            let module = (*instance).module.cast::<CompiledModule>();
            if ip != 0 && !module.is_null() {
                let at = if innermost { ip } else { ip - 1 };
                if let Some((func, at)) = (*module).code.find(at)
                    && let Some(code) = (*module).code.get(func)
                {
                    // What there is no memory for is left out.
                    if !fits_one(&mut frames) {
                        break;
                    }
                    frames.push(FrameInfo {
                        module,
                        func: func + (*module).module.num_imported_funcs(),
                        offset: code.module_offset(at).unwrap_or_default(),
                    });
                }
            }
            innermost = false;
            ip = *fp.offset(HEADER_IP) as usize;
            fp = *fp.offset(HEADER_FP) as *mut u64;
        }
    }
    frames
}
