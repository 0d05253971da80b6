//! Operations on arrays that are functions of their own (spec §4.4.5).
#![allow(unsafe_code)]

use super::slow::{Code, charge, code, data, elem, in_bounds};
use crate::rt::gc::object::{array_len, put, set_word};
use crate::rt::layout::{InstanceData, SegmentData};
use crate::rt::store::Store;
use crate::wasm::registry::TypeDef;
use crate::wasm::trap::Trap;
use crate::wasm::types::TypeId;
use core::ptr;

/// The type with this number.
pub(super) unsafe fn def<'a>(instance: *const InstanceData, id: u32) -> &'a TypeDef {
    // SAFETY: R1, R9: types live as long as the engine, which the store keeps.
    unsafe {
        &*ptr::from_ref::<TypeDef>((*(*instance).store.cast::<Store>()).registry.get(TypeId(id)))
    }
}
/// Slots of an element.
fn element_slots(ty: &TypeDef) -> usize {
    if ty.layout.element_log2 == 4 { 2 } else { 1 }
}
unsafe fn alloc(
    instance: *const InstanceData,
    ty: &TypeDef,
    len: u32,
    zeroed: bool,
) -> Result<*mut u8, Trap> {
    // SAFETY: R1.
    unsafe { charge(instance, u64::from(len) << ty.layout.element_log2)? };
    // SAFETY: R10: `Slow` has set the top of the frames.
    let array = unsafe { (*(*instance).store.cast::<Store>()).alloc_array(ty, len, zeroed) };
    array.ok_or(Trap::AllocationTooLarge)
}
/// The place of an element.
unsafe fn element(array: *mut u8, ty: &TypeDef, index: u64) -> *mut u8 {
    // SAFETY: R9: the index is at most the length.
    unsafe { array.add(ty.layout.size as usize + ((index as usize) << ty.layout.element_log2)) }
}
/// Writes a value into `n` elements.
unsafe fn fill(place: *mut u8, ty: &TypeDef, n: usize, value: *const u64) {
    let log2 = ty.layout.element_log2;
    // SAFETY: R9: they are all there.
    unsafe {
        match log2 {
            0 => place.write_bytes(*value as u8, n),
            _ if *value == 0 && log2 < 4 => place.write_bytes(0, n << log2),
            _ => (0..n).for_each(|i| put(place.add(i << log2), log2, value)),
        }
    }
}
/// An operand that must be an array.
unsafe fn array(bits: u64) -> Result<*mut u8, Trap> {
    if bits == 0 { Err(Trap::NullArray) } else { Ok(bits as *mut u8) }
}
/// Whether `n` elements from `at` on are there.
unsafe fn check(array: *mut u8, at: u64, n: u64) -> Result<(), Trap> {
    // SAFETY: R9: an array.
    let len = u64::from(unsafe { array_len(array) });
    if in_bounds(at, n, len) { Ok(()) } else { Err(Trap::ArrayOutOfBounds) }
}
/// The bytes of `n` elements, from byte `from` of a data segment on.
unsafe fn bytes(
    segment: *const SegmentData,
    ty: &TypeDef,
    from: u64,
    n: u64,
) -> Result<*const u8, Trap> {
    // SAFETY: R1: a segment of the instance.
    let segment = unsafe { &*segment };
    if !in_bounds(from, n << ty.layout.element_log2, segment.len.get()) {
        return Err(Trap::MemoryOutOfBounds);
    }
    Ok(segment.start.get().wrapping_add(from as usize))
}
/// The references of an element segment from `from` on.
unsafe fn references(segment: *const SegmentData, from: u64, n: u64) -> Result<*const u64, Trap> {
    // SAFETY: R1: a segment of the instance.
    let segment = unsafe { &*segment };
    if !in_bounds(from, n, segment.len.get()) {
        return Err(Trap::TableOutOfBounds);
    }
    Ok(segment.start.get().cast::<u64>().wrapping_add(from as usize))
}
unsafe fn copy_references(from: *const u64, to: *mut u8, n: usize) {
    for i in 0..n {
        // SAFETY: R9: they are all there.
        unsafe { set_word(to.add(i * 8), *from.add(i)) };
    }
}

/// Defines slow functions that may allocate over an instance, slots, and two immediates.
macro_rules! slow { ($($(#[$doc:meta])* fn $name:ident($i:ident, $s:ident, $a:ident, $b:ident) $body:block)*) => { $(
    $(#[$doc])*
    ///
    /// # Safety
    /// Called by `Slow` (E2, E4, R9, R10).
    pub unsafe fn $name($i: *const InstanceData, $s: *mut u64, $a: u32, $b: u32) -> Code {
        let _ = ($i, $b);
        // SAFETY: E2, E4, R1, R9, R10: slots, indices and objects are those of a validated function.
        code((|| unsafe { $body })())
    }
)* } }
pub(super) use slow;
slow! {
    /// array.new
    fn new(i, s, ty, b) {
        let ty = def(i, ty);
        let len = *s.add(element_slots(ty)) as u32;
        let array = alloc(i, ty, len, false)?;
        fill(element(array, ty, 0), ty, len as usize, s);
        *s = array as u64;
        Ok(())
    }
    /// array.new_default
    fn new_default(i, s, ty, b) {
        *s = alloc(i, def(i, ty), *s as u32, true)? as u64;
        Ok(())
    }
    /// array.new_fixed
    fn new_fixed(i, s, ty, len) {
        let ty = def(i, ty);
        let array = alloc(i, ty, len, false)?;
        for k in 0..len as usize {
            let value = s.add(k * element_slots(ty));
            put(element(array, ty, k as u64), ty.layout.element_log2, value);
        }
        *s = array as u64;
        Ok(())
    }
    /// array.new_data
    fn new_data(i, s, ty, segment) {
        let (ty, n) = (def(i, ty), *s.add(1));
        let from = bytes(data(i, segment), ty, *s, n)?;
        let array = alloc(i, ty, n as u32, false)?;
        let to = element(array, ty, 0);
        ptr::copy_nonoverlapping(from, to, (n as usize) << ty.layout.element_log2);
        *s = array as u64;
        Ok(())
    }
    /// array.new_elem
    fn new_elem(i, s, ty, segment) {
        let (ty, n) = (def(i, ty), *s.add(1));
        let from = references(elem(i, segment), *s, n)?;
        let array = alloc(i, ty, n as u32, false)?;
        copy_references(from, element(array, ty, 0), n as usize);
        *s = array as u64;
        Ok(())
    }
    /// array.fill
    fn fill_range(i, s, ty, b) {
        let ty = def(i, ty);
        let (to, at, n) = (array(*s)?, *s.add(1), *s.add(2 + element_slots(ty)));
        check(to, at, n)?;
        charge(i, n << ty.layout.element_log2)?;
        fill(element(to, ty, at), ty, n as usize, s.add(2));
        Ok(())
    }
    /// array.copy
    fn copy(i, s, dst, src) {
        let (dst, src) = (def(i, dst), def(i, src));
        let (to, from) = (array(*s)?, array(*s.add(2))?);
        let (d, f, n) = (*s.add(1), *s.add(3), *s.add(4));
        check(to, d, n)?;
        check(from, f, n)?;
        charge(i, n << dst.layout.element_log2)?;
        let count = (n as usize) << dst.layout.element_log2;
        ptr::copy(element(from, src, f), element(to, dst, d), count);
        Ok(())
    }
    /// array.init_data
    fn init_data(i, s, ty, segment) {
        let (ty, to) = (def(i, ty), array(*s)?);
        let (d, f, n) = (*s.add(1), *s.add(2), *s.add(3));
        check(to, d, n)?;
        let from = bytes(data(i, segment), ty, f, n)?;
        charge(i, n << ty.layout.element_log2)?;
        let count = (n as usize) << ty.layout.element_log2;
        ptr::copy_nonoverlapping(from, element(to, ty, d), count);
        Ok(())
    }
    /// array.init_elem
    fn init_elem(i, s, ty, segment) {
        let (ty, to) = (def(i, ty), array(*s)?);
        let (d, f, n) = (*s.add(1), *s.add(2), *s.add(3));
        check(to, d, n)?;
        let from = references(elem(i, segment), f, n)?;
        charge(i, 8 * n)?;
        copy_references(from, element(to, ty, d), n as usize);
        Ok(())
    }
}
