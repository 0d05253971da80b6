//! Memory for what is made of a module: if it is not there, that is an error, and the process goes
//! on. In a small build, which has no room for that many errors, the process ends.

use crate::tuning;
use crate::wasm::error::Error;
use crate::wasm::room;
pub(crate) use crate::wasm::room::{few as list, missing, out_of_memory};
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// Makes room for so many more.
#[inline]
pub fn reserve<T>(list: &mut Vec<T>, more: usize, offset: usize) -> Result<(), Error> {
    if tuning::SMALL {
        // They grow where something is added.
        return Ok(());
    }
    room::reserve(list, more, offset)
}
/// The same, for who knows what to say of it.
#[inline]
pub fn try_reserve<T>(list: &mut Vec<T>, more: usize) -> Result<(), TryReserveError> {
    if tuning::SMALL { Ok(()) } else { list.try_reserve(more) }
}
/// Adds an element.
#[inline]
pub fn push<T>(list: &mut Vec<T>, item: T, offset: usize) -> Result<(), Error> {
    if !tuning::SMALL {
        room::reserve(list, 1, offset)?;
    }
    list.push(item);
    Ok(())
}
/// Adds copies.
#[inline]
pub fn extend<T: Copy>(list: &mut Vec<T>, items: &[T], offset: usize) -> Result<(), Error> {
    reserve(list, items.len(), offset)?;
    list.extend_from_slice(items);
    Ok(())
}
/// Makes a list, of which there is nothing yet, as long as that.
#[inline]
pub fn fill<T: Copy>(list: &mut Vec<T>, len: usize, item: T, offset: usize) -> Result<(), Error> {
    reserve(list, len, offset)?;
    list.resize(len, item);
    Ok(())
}
/// A copy.
#[inline]
pub fn boxed<T: Copy>(items: &[T]) -> Result<Box<[T]>, TryReserveError> {
    if tuning::SMALL { Ok(items.into()) } else { room::boxed(items) }
}
/// A value at an address of its own, to be freed as a box.
pub fn leaked<T>(value: T) -> Result<NonNull<T>, TryReserveError> {
    if tuning::SMALL {
        return Ok(NonNull::from(Box::leak(Box::new(value))));
    }
    let mut place = room::list(1)?;
    place.push(value);
    Ok(NonNull::from(Box::leak(place.into_boxed_slice())).cast())
}
