//! The parts of the run-time objects (spec §4.2) that handlers read: fixed layouts, raw pointers.
//!
//! A store owns every object below in a box of its own, so addresses are stable until the store
//! is dropped (or the object released). Handlers reach everything from the frame: the frame's
//! header holds the instance and the base of its memory 0; see docs/INVARIANTS.md.
//!
//! # References
//! A reference is 64 bits: 0 is null; a function is the address of its [`FuncData`]; a structure,
//! array or exception is the address of its object; an i31 is `(value << 1) | 1`; a host value is
//! `(index << 2) | 2`.

use super::signals::Signals;
use crate::ir::cells::CELL_SIZES;
pub use crate::ir::code::CodeEntry;
use crate::tuning::REGISTERS;
use crate::wasm::error::Error;
use crate::wasm::trap::Trap;
use crate::wasm::types::{FuncType, MemoryType, TypeId, ValType};
use alloc::sync::Arc;
use core::cell::Cell;

/// Slots of a frame's header, below the frame pointer.
pub const HEADER_SLOTS: usize = 4;
/// `fp[-4]`: where the caller goes on.
pub const HEADER_IP: isize = -4;
/// `fp[-3]`: the caller's frame.
pub const HEADER_FP: isize = -3;
/// `fp[-2]`: the instance of the running function, an [`InstanceData`].
pub const HEADER_INSTANCE: isize = -2;
/// `fp[-1]`: the base of the instance's memory 0.
pub const HEADER_MEMORY: isize = -1;

/// A function instance (spec §4.2.6).
#[repr(C)]
#[derive(Debug)]
pub struct FuncData {
    /// Its first instruction, or a stub that looks for it. What calls need lies together.
    code: Cell<*const u64>,
    /// The instance it runs in; the store's host instance for a host function.
    pub instance: *const InstanceData,
    frame_slots: Cell<u32>,
    /// What follows from its type.
    pub shape: FuncShape,
    /// The index in the module (imports included), or of the host function in the store.
    pub index: u32,
    /// Its code: a module's entry, or a host stub.
    pub entry: *const CodeEntry,
}
impl FuncData {
    /// A function that begins at `start`: the first instruction, and the slots of its frame.
    pub fn new(
        entry: *const CodeEntry,
        start: (*const u64, u32),
        instance: *const InstanceData,
        shape: FuncShape,
        index: u32,
    ) -> FuncData {
        let (code, frame_slots) = (Cell::new(start.0), Cell::new(start.1));
        FuncData { code, instance, frame_slots, shape, index, entry }
    }
    /// Its first instruction, or that of a stub, and the slots that its frame needs from the frame
    /// pointer up (E5).
    #[inline(always)]
    pub fn start(&self) -> (*const u64, u32) {
        (self.code.get(), self.frame_slots.get())
    }
    /// From now on it begins there.
    pub fn set_start(&self, (code, frame_slots): (*const u64, u32)) {
        self.code.set(code);
        self.frame_slots.set(frame_slots);
    }
}

/// What calls have to know of a function's type.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FuncShape {
    /// The canonical type.
    pub ty: TypeId,
    /// Slots of the parameters.
    pub param_slots: u32,
    /// Slots of the results.
    pub result_slots: u32,
    /// Where the first result is.
    pub result_class: ResultClass,
}
impl FuncShape {
    /// Slots that take the arguments first, and then the results.
    #[inline(always)]
    pub fn slots(&self) -> usize {
        self.param_slots.max(self.result_slots) as usize
    }
    /// That of a function type; what is none has neither parameters nor results.
    pub fn of(id: TypeId, ty: Option<&FuncType>) -> FuncShape {
        let slots = |types: &[ValType]| types.iter().map(|ty| ty.slots() as u32).sum();
        let (params, results) = ty.map_or((&[][..], &[][..]), |ty| (&*ty.params, &*ty.results));
        FuncShape {
            ty: id,
            param_slots: slots(params),
            result_slots: slots(results),
            result_class: ResultClass::of(results),
        }
    }
}

/// Where a function leaves its first result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultClass {
    /// In integer register 0: integers and references.
    Int,
    /// In float register 0.
    F32,
    /// In float register 0.
    F64,
    /// In its slots only (v128), or there is none.
    Slots,
}
impl ResultClass {
    /// The class of a function's first result.
    pub fn of(results: &[ValType]) -> ResultClass {
        match results.first() {
            None | Some(ValType::V128) => ResultClass::Slots,
            Some(ValType::F32) => ResultClass::F32,
            Some(ValType::F64) => ResultClass::F64,
            Some(_) => ResultClass::Int,
        }
    }
}

/// A module instance (spec §4.2.5), as far as handlers need it. The pointers are to arrays over
/// the module's whole index spaces, imports first.
#[repr(C)]
#[derive(Debug)]
pub struct InstanceData {
    /// The store.
    pub store: *mut StoreData,
    /// The store's signals (R11).
    pub signals: *const Signals,
    /// The base of memory 0, or of an empty memory.
    pub memory0: Cell<*mut u8>,
    /// Functions.
    pub funcs: *const *const FuncData,
    /// Globals.
    pub globals: *const *const GlobalData,
    /// Tables.
    pub tables: *const *const TableData,
    /// Memories.
    pub memories: *const *const MemoryData,
    /// Element segments.
    pub elems: *const SegmentData,
    /// Data segments.
    pub datas: *const SegmentData,
    /// The `exec::CompiledModule` (null for the host instance).
    pub module: *const (),
}

/// An element or data segment of an instance (spec §4.2.11, §4.2.12): 64-bit references or bytes.
#[repr(C)]
#[derive(Debug)]
pub struct SegmentData {
    /// The first element or byte.
    pub start: Cell<*const u8>,
    /// How many elements or bytes; 0 once dropped.
    pub len: Cell<u64>,
}

/// A global (spec §4.2.9): a number in the first slot, a v128 in both.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct GlobalData {
    /// The value.
    pub value: Cell<[u64; 2]>,
}

/// A table (spec §4.2.7).
#[repr(C)]
#[derive(Debug)]
pub struct TableData {
    /// The first element.
    pub elements: Cell<*mut u64>,
    /// How many there are.
    pub len: Cell<u64>,
}

/// A memory (spec §4.2.8). The 64 bytes below the base hold a [`MemoryHead`], so that one pointer
/// gives base and length.
#[repr(C)]
#[derive(Debug)]
pub struct MemoryData {
    /// The first byte.
    pub base: Cell<*mut u8>,
    /// The logarithm of the page size.
    pub page_size_log2: u8,
    /// Whether other threads may access it: then neither its length nor its bytes are accessed
    /// but by atomics.
    pub shared: bool,
}
impl MemoryData {
    /// For a memory of this type.
    pub fn new(base: *mut u8, ty: &MemoryType) -> MemoryData {
        MemoryData { base: Cell::new(base), page_size_log2: ty.page_size_log2, shared: ty.shared }
    }
}

/// What lies directly below a memory's base.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct MemoryHead {
    /// Padding up to the line of the base.
    pub reserved: [u64; 7],
    /// The length in bytes.
    pub len: Cell<u64>,
}

/// What handlers need of a store.
#[repr(C)]
pub struct StoreData {
    /// One past the last slot of the value stack that a frame may use.
    pub stack_limit: Cell<*mut u64>,
    /// The fuel left. Code never takes more than there is; the search for handlers of exceptions
    /// does, and what is below zero is paid first.
    pub fuel: Cell<i64>,
    /// The fuel that is there, but not for the slice that runs.
    pub held: Cell<i64>,
    /// Where an execution that is not running goes on pushing frames.
    pub stack_top: Cell<*mut u64>,
    /// The instruction that stopped the execution.
    pub stop_ip: Cell<*const u64>,
    /// Its frame.
    pub stop_fp: Cell<*mut u64>,
    /// How deep host and guest calls are nested on the native stack.
    pub depth: Cell<u32>,
    /// Calls a host function: arguments and results in `slots`. Err: put by the callee into a
    /// place of its own (`rt::Store::pending`), handlers only pass the fact on.
    pub host_call: unsafe fn(
        store: *mut StoreData,
        func: *const FuncData,
        caller: *const InstanceData,
        slots: *mut u64,
    ) -> bool,
    /// `memory.grow` by `pages`: the old size in pages, or `u64::MAX`.
    pub memory_grow: unsafe fn(
        store: *mut StoreData,
        memory: *const MemoryData,
        pages: u64,
    ) -> Result<u64, Trap>,
    /// `table.grow` by `count` elements of value `init`: the old size, or `u64::MAX`.
    pub table_grow: unsafe fn(
        store: *mut StoreData,
        table: *const TableData,
        count: u64,
        init: u64,
    ) -> Result<u64, Trap>,
    /// What others stop the execution with.
    pub signals: Arc<Signals>,
    /// Why a function could not be translated.
    pub unsupported: Cell<Option<Error>>,
    /// The registers of an execution that was stopped and may go on.
    pub registers: Cell<Registers>,
    /// Whether what runs can be suspended by a host function.
    pub resumable: Cell<bool>,
    /// The host function that has suspended it, and the slots of its results.
    pub suspended: Cell<(*const FuncData, *mut u64)>,
    /// The fuel for what the instruction that has stopped would move; 0 if it is another one.
    pub unpaid: Cell<u64>,
    /// The running range of each size of cell; the last one, of no size, is always empty.
    pub cells: [CellRange; CELL_SIZES + 1],
    /// What was executed.
    #[cfg(feature = "counting")]
    pub counts: super::counts::Counts,
}

impl StoreData {
    /// Sets one past the last slot that a frame may use.
    pub fn set_stack_limit(&self, limit: *mut u64) {
        self.stack_limit.set(limit);
        self.signals.release(limit);
    }
    /// What is the matter, if slots up to `end` seem not to be there.
    #[cold]
    #[inline(never)]
    pub fn look(&self, end: *mut u64) -> Option<Trap> {
        if end > self.stack_limit.get() {
            return Some(Trap::StackExhausted);
        }
        self.signals.take(self.stack_limit.get()).then_some(Trap::Interrupted)
    }
    /// Whether somebody wants what runs to stop; only once.
    #[inline(always)]
    pub fn take_interrupt(&self) -> bool {
        self.signals.is_raised() && self.look(self.stack_limit.get()).is_some()
    }
    /// All fuel that there is, or, below zero, that is owed.
    #[inline]
    pub fn all_fuel(&self) -> i64 {
        self.fuel.get().saturating_add(self.held.get())
    }
    /// Sets all of it; the slice that runs stays as it is.
    pub fn set_fuel(&self, fuel: i64) {
        let (left, held) = (self.fuel.get().max(0), self.held.replace(0));
        self.fuel.set(fuel);
        if held != 0 {
            self.hold_fuel(fuel.saturating_sub(left));
        }
    }
    /// Holds so much of it back, as far as it is there.
    pub fn hold_fuel(&self, held: i64) {
        let all = self.all_fuel();
        let held = held.min(all).max(0);
        self.fuel.set(all - held);
        self.held.set(held);
    }
}

/// The machine's registers as words, while an execution is paused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registers {
    /// Integers and references.
    pub r: [u64; REGISTERS],
    /// Floats and vectors.
    pub f: [[u64; 2]; REGISTERS],
    /// Where turns of the innermost loop begin: at its header, or behind a way out that it begins with.
    pub lp: u64,
}

/// Cells of one size that lie side by side and are free: objects are taken from its beginning.
#[repr(C)]
#[derive(Debug)]
pub struct CellRange {
    next: Cell<*mut u8>,
    end: Cell<*mut u8>,
}
impl CellRange {
    /// No cells.
    pub const fn empty() -> CellRange {
        CellRange::new(core::ptr::null_mut(), core::ptr::null_mut())
    }
    /// The cells from `next` up to `end`.
    pub const fn new(next: *mut u8, end: *mut u8) -> CellRange {
        CellRange { next: Cell::new(next), end: Cell::new(end) }
    }
    /// The next cell, if there is one; all have the size that is given.
    #[inline(always)]
    pub fn take(&self, cell_bytes: u32) -> Option<*mut u8> {
        let cell = self.next.get();
        let after = cell.wrapping_add(cell_bytes as usize);
        if after > self.end.get() {
            return None;
        }
        self.next.set(after);
        Some(cell)
    }
    /// Takes over another range.
    pub fn set(&self, range: CellRange) {
        self.next.set(range.next.get());
        self.end.set(range.end.get());
    }
    /// Makes it empty; the cells that were left.
    pub fn clear(&self) -> (*mut u8, *mut u8) {
        let left = (self.next.get(), self.end.get());
        self.set(CellRange::empty());
        left
    }
}
