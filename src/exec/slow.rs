//! Operations that are functions of their own: bulk memory, tables, growing, wide arithmetic.
//!
//! Each takes its operands from slots and leaves its result in the first; i32 operands are
//! zero-extended, so that one function serves both address widths.
#![allow(unsafe_code)]

use super::frames::SlowFn;
use super::{arrays, descriptors};
use crate::ir::backend::SlowOp;
use crate::rt::layout::{FuncData, InstanceData, MemoryData, SegmentData, StoreData, TableData};
use crate::rt::memory::{len_at, racy};
use crate::tuning;
use crate::wasm::trap::Trap;

/// The function of an operation.
pub fn function(op: SlowOp) -> SlowFn {
    match op {
        SlowOp::MemorySize => memory_size,
        SlowOp::MemoryGrow => memory_grow,
        SlowOp::MemoryFill => memory_fill,
        SlowOp::MemoryCopy => memory_copy,
        SlowOp::MemoryInit => memory_init,
        SlowOp::DataDrop => data_drop,
        SlowOp::TableGet => table_get,
        SlowOp::TableSet => table_set,
        SlowOp::TableSize => table_size,
        SlowOp::TableGrow => table_grow,
        SlowOp::TableFill => table_fill,
        SlowOp::TableCopy => table_copy,
        SlowOp::TableInit => table_init,
        SlowOp::ElemDrop => elem_drop,
        SlowOp::RefFunc => ref_func,
        SlowOp::ArrayNew => arrays::new,
        SlowOp::ArrayNewDefault => arrays::new_default,
        SlowOp::ArrayNewFixed => arrays::new_fixed,
        SlowOp::ArrayNewData => arrays::new_data,
        SlowOp::ArrayNewElem => arrays::new_elem,
        SlowOp::ArrayFill => arrays::fill_range,
        SlowOp::ArrayCopy => arrays::copy,
        SlowOp::ArrayInitData => arrays::init_data,
        SlowOp::ArrayInitElem => arrays::init_elem,
        SlowOp::WideAdd => wide_add,
        SlowOp::WideSub => wide_sub,
        SlowOp::WideMulS => wide_mul_s,
        SlowOp::WideMulU => wide_mul_u,
        SlowOp::StructNewDesc => descriptors::struct_new_desc,
        SlowOp::RefCastDescEq => descriptors::ref_cast_desc_eq,
        SlowOp::RefTestDescEq => descriptors::ref_test_desc_eq,
    }
}

/// A code for the handler: 0, or 1 + the trap.
pub type Code = u32;
pub(super) fn code(result: Result<(), Trap>) -> Code {
    match result {
        Ok(()) => 0,
        Err(trap) => 1 + trap as Code,
    }
}

/// A range of `n` from `start` that must end at or before `len`.
pub(super) fn in_bounds(start: u64, n: u64, len: u64) -> bool {
    start.checked_add(n).is_some_and(|end| end <= len)
}

/// Charges fuel for as many bytes: an instruction that moves much is worth many. It has changed
/// nothing yet: with more fuel it may be executed again.
///
/// # Safety
/// Like `memory`.
pub(super) unsafe fn charge(instance: *const InstanceData, bytes: u64) -> Result<(), Trap> {
    // SAFETY: R1: an instance's store.
    let StoreData { fuel, unpaid, .. } = unsafe { &*(*instance).store };
    let needed = bytes / tuning::BYTES_PER_FUEL;
    let left = fuel.get() - needed as i64;
    if left < 0 && needed > 0 {
        unpaid.set(needed);
        return Err(Trap::OutOfFuel);
    }
    fuel.set(left);
    Ok(())
}

unsafe fn memory(instance: *const InstanceData, index: u32) -> *const MemoryData {
    // SAFETY: E4, R1.
    unsafe { *(*instance).memories.add(index as usize) }
}
/// Base and length in bytes.
unsafe fn bytes(memory: *const MemoryData) -> (*mut u8, u64) {
    // SAFETY: R2.
    unsafe {
        let base = (*memory).base.get();
        (base, len_at(base))
    }
}
unsafe fn table(instance: *const InstanceData, index: u32) -> *const TableData {
    // SAFETY: E4, R1.
    unsafe { *(*instance).tables.add(index as usize) }
}
pub(super) unsafe fn data(instance: *const InstanceData, index: u32) -> *const SegmentData {
    // SAFETY: E4, R1.
    unsafe { (*instance).datas.add(index as usize) }
}
pub(super) unsafe fn elem(instance: *const InstanceData, index: u32) -> *const SegmentData {
    // SAFETY: E4, R1.
    unsafe { (*instance).elems.add(index as usize) }
}
/// A failed growth, in the width of the result.
fn grown(old: u64, is_64: u32) -> u64 {
    if is_64 == 0 { u64::from(old as u32) } else { old }
}

/// Defines slow functions over `instance`, `slots`, `a`, `b`.
macro_rules! slow { ($($(#[$doc:meta])* fn $name:ident($i:ident, $s:ident, $a:ident, $b:ident) $body:block)*) => { $(
    $(#[$doc])*
    unsafe fn $name($i: *const InstanceData, $s: *mut u64, $a: u32, $b: u32) -> Code {
        let _ = ($i, $a, $b);
        // SAFETY: E2, E4, R1, R2: slots, indices and objects are those of a validated function.
        let run = || unsafe { $body };
        code(run())
    }
)* } }
slow! {
    /// §4.4.7 memory.size
    fn memory_size(i, s, a, is_64) {
        let _ = is_64;
        let memory = memory(i, a);
        *s = bytes(memory).1 >> (*memory).page_size_log2;
        Ok(())
    }
    /// §4.4.7 memory.grow
    fn memory_grow(i, s, a, is_64) {
        let memory = memory(i, a);
        let store = (*i).store;
        let before = (*memory).base.get();
        let grown_by = ((*store).memory_grow)(store, memory, *s);
        let after = (*memory).base.get();
        if before != after {
            super::run::rebase(store, before, after);
        }
        grown_by.map(|old| *s = grown(old, is_64))
    }
    /// §4.4.7 memory.fill
    fn memory_fill(i, s, a, b) {
        let memory = memory(i, a);
        let (base, len) = bytes(memory);
        let (at, value, n) = (*s, *s.add(1) as u8, *s.add(2));
        if in_bounds(at, n, len) {
            charge(i, n)?;
            let to = base.add(at as usize);
            if (*memory).shared {
                racy::fill(to, value, n as usize);
            } else {
                to.write_bytes(value, n as usize);
            }
            Ok(())
        } else {
            Err(Trap::MemoryOutOfBounds)
        }
    }
    /// §4.4.7 memory.copy
    fn memory_copy(i, s, dst, src) {
        let (dst, src) = (memory(i, dst), memory(i, src));
        let (to, to_len) = bytes(dst);
        let (from, from_len) = bytes(src);
        let (d, f, n) = (*s, *s.add(1), *s.add(2));
        if in_bounds(d, n, to_len) && in_bounds(f, n, from_len) {
            charge(i, n)?;
            let (from, to) = (from.add(f as usize), to.add(d as usize));
            if (*dst).shared || (*src).shared {
                racy::copy(from, to, n as usize);
            } else {
                core::ptr::copy(from, to, n as usize);
            }
            Ok(())
        } else {
            Err(Trap::MemoryOutOfBounds)
        }
    }
    /// §4.4.7 memory.init
    fn memory_init(i, s, segment, a) {
        let memory = memory(i, a);
        let (base, len) = bytes(memory);
        let segment = data(i, segment);
        let (d, f, n) = (*s, *s.add(1), *s.add(2));
        if in_bounds(d, n, len) && in_bounds(f, n, (*segment).len.get()) {
            charge(i, n)?;
            let (from, to) = ((*segment).start.get().add(f as usize), base.add(d as usize));
            if (*memory).shared {
                racy::write(to, core::slice::from_raw_parts(from, n as usize));
            } else {
                core::ptr::copy_nonoverlapping(from, to, n as usize);
            }
            Ok(())
        } else {
            Err(Trap::MemoryOutOfBounds)
        }
    }
    /// §4.4.7 data.drop
    fn data_drop(i, s, segment, b) {
        let _ = s;
        (*data(i, segment)).len.set(0);
        Ok(())
    }
    /// §4.4.6 table.get
    fn table_get(i, s, a, b) {
        let table = table(i, a);
        if *s < (*table).len.get() {
            *s = *(*table).elements.get().add(*s as usize);
            Ok(())
        } else {
            Err(Trap::TableOutOfBounds)
        }
    }
    /// §4.4.6 table.set
    fn table_set(i, s, a, b) {
        let table = table(i, a);
        if *s < (*table).len.get() {
            *(*table).elements.get().add(*s as usize) = *s.add(1);
            Ok(())
        } else {
            Err(Trap::TableOutOfBounds)
        }
    }
    /// §4.4.6 table.size
    fn table_size(i, s, a, b) {
        *s = (*table(i, a)).len.get();
        Ok(())
    }
    /// §4.4.6 table.grow
    fn table_grow(i, s, a, is_64) {
        let table = table(i, a);
        let store = (*i).store;
        let old = ((*store).table_grow)(store, table, *s.add(1), *s);
        old.map(|old| *s = grown(old, is_64))
    }
    /// §4.4.6 table.fill
    fn table_fill(i, s, a, b) {
        let table = table(i, a);
        let (at, value, n) = (*s, *s.add(1), *s.add(2));
        if in_bounds(at, n, (*table).len.get()) {
            charge(i, 8 * n)?;
            let elements = (*table).elements.get();
            for k in at..at + n {
                *elements.add(k as usize) = value;
            }
            Ok(())
        } else {
            Err(Trap::TableOutOfBounds)
        }
    }
    /// §4.4.6 table.copy
    fn table_copy(i, s, dst, src) {
        let (to, from) = (table(i, dst), table(i, src));
        let (d, f, n) = (*s, *s.add(1), *s.add(2));
        if in_bounds(d, n, (*to).len.get()) && in_bounds(f, n, (*from).len.get()) {
            charge(i, 8 * n)?;
            let (to, from) = ((*to).elements.get(), (*from).elements.get());
            core::ptr::copy(from.add(f as usize), to.add(d as usize), n as usize);
            Ok(())
        } else {
            Err(Trap::TableOutOfBounds)
        }
    }
    /// §4.4.6 table.init
    fn table_init(i, s, segment, a) {
        let table = table(i, a);
        let segment = elem(i, segment);
        let (d, f, n) = (*s, *s.add(1), *s.add(2));
        if in_bounds(d, n, (*table).len.get()) && in_bounds(f, n, (*segment).len.get()) {
            charge(i, 8 * n)?;
            let from = (*segment).start.get().cast::<u64>().add(f as usize);
            let to = (*table).elements.get().add(d as usize);
            core::ptr::copy_nonoverlapping(from, to, n as usize);
            Ok(())
        } else {
            Err(Trap::TableOutOfBounds)
        }
    }
    /// §4.4.6 elem.drop
    fn elem_drop(i, s, segment, b) {
        let _ = s;
        (*elem(i, segment)).len.set(0);
        Ok(())
    }
    /// §4.4.2 ref.func
    fn ref_func(i, s, func, b) {
        let func: *const FuncData = *(*i).funcs.add(func as usize);
        *s = func as u64;
        Ok(())
    }
    /// i64.add128
    fn wide_add(i, s, a, b) {
        let (x, y) = wide(s);
        set_wide(s, x.wrapping_add(y));
        Ok(())
    }
    /// i64.sub128
    fn wide_sub(i, s, a, b) {
        let (x, y) = wide(s);
        set_wide(s, x.wrapping_sub(y));
        Ok(())
    }
    /// i64.mul_wide_s
    fn wide_mul_s(i, s, a, b) {
        set_wide(s, (i128::from(*s as i64) * i128::from(*s.add(1) as i64)) as u128);
        Ok(())
    }
    /// i64.mul_wide_u
    fn wide_mul_u(i, s, a, b) {
        set_wide(s, u128::from(*s) * u128::from(*s.add(1)));
        Ok(())
    }
}
/// Two operands of two slots each, low halves first.
unsafe fn wide(s: *const u64) -> (u128, u128) {
    // SAFETY: E2.
    unsafe {
        let one = |at: usize| u128::from(*s.add(at)) | u128::from(*s.add(at + 1)) << 64;
        (one(0), one(2))
    }
}
unsafe fn set_wide(s: *mut u64, value: u128) {
    // SAFETY: E2.
    unsafe {
        *s = value as u64;
        *s.add(1) = (value >> 64) as u64;
    }
}
