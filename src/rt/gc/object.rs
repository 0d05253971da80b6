//! Reading and writing objects; see `wasm::object` for how they lie in memory. Numbers are
//! little-endian, as in a data segment.
#![allow(unsafe_code)]

use super::EXCEPTION_BIT;
use crate::wasm::object::ARRAY_LEN;
use crate::wasm::registry::TypeDef;

/// The first word of an object.
///
/// # Safety
/// It is an object of this heap (R9).
#[inline(always)]
pub unsafe fn header(object: *const u8) -> u64 {
    // SAFETY: R9: promised by the caller.
    u64::from_le(unsafe { object.cast::<u64>().read() })
}
/// Writes the first word.
///
/// # Safety
/// There is room for an object (R9).
#[inline(always)]
pub unsafe fn set_header(object: *mut u8, header: u64) {
    // SAFETY: R9: promised by the caller.
    unsafe { object.cast::<u64>().write(header.to_le()) }
}
/// The type of a structure or array.
///
/// # Safety
/// It is a structure or array of this heap (R9).
#[inline(always)]
pub unsafe fn type_of<'a>(object: *const u8) -> &'a TypeDef {
    // SAFETY: R9: promised by the caller.
    unsafe {
        let header = header(object);
        debug_assert!(header & EXCEPTION_BIT == 0, "R9");
        &*(header as *const TypeDef)
    }
}
/// How many elements an array has.
///
/// # Safety
/// It is an array (R9).
#[inline(always)]
pub unsafe fn array_len(array: *const u8) -> u32 {
    // SAFETY: R9: promised by the caller.
    u32::from_le(unsafe { array.add(ARRAY_LEN as usize).cast::<u32>().read() })
}
/// Writes how many elements an array has.
///
/// # Safety
/// There is room for an array (R9).
pub unsafe fn set_array_len(array: *mut u8, len: u32) {
    // SAFETY: R9: promised by the caller.
    unsafe { array.add(ARRAY_LEN as usize).cast::<u32>().write(len.to_le()) }
}
/// A word of an object: a reference, or a slot of an exception.
///
/// # Safety
/// There is a word at this place (R9).
#[inline(always)]
pub unsafe fn word(place: *const u8) -> u64 {
    // SAFETY: R9: promised by the caller.
    u64::from_le(unsafe { place.cast::<u64>().read() })
}
/// Writes a word.
///
/// # Safety
/// As for [`word`].
#[inline(always)]
pub unsafe fn set_word(place: *mut u8, word: u64) {
    // SAFETY: R9: promised by the caller.
    unsafe { place.cast::<u64>().write(word.to_le()) }
}
/// Writes a value from its slots into a field or element.
///
/// # Safety
/// It has that size, and the value is in as many slots as it needs (R9).
#[inline(always)]
pub unsafe fn put(place: *mut u8, size_log2: u8, slots: *const u64) {
    // SAFETY: R9: promised by the caller.
    unsafe {
        let value = *slots;
        match size_log2 {
            0 => place.write(value as u8),
            1 => place.cast::<u16>().write((value as u16).to_le()),
            2 => place.cast::<u32>().write((value as u32).to_le()),
            _ => set_word(place, value),
        }
        if size_log2 == 4 {
            set_word(place.add(8), *slots.add(1));
        }
    }
}
/// The value of a field or element in its slots; a packed one without its sign.
///
/// # Safety
/// It has that size (R9).
pub unsafe fn get(place: *const u8, size_log2: u8) -> [u64; 2] {
    // SAFETY: R9: promised by the caller.
    unsafe {
        match size_log2 {
            0 => [u64::from(place.read()), 0],
            1 => [u64::from(u16::from_le(place.cast::<u16>().read())), 0],
            2 => [u64::from(u32::from_le(place.cast::<u32>().read())), 0],
            3 => [word(place), 0],
            _ => [word(place), word(place.add(8))],
        }
    }
}
