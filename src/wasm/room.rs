//! Memory that a module asks for: if it is not there, the module is refused, and the process goes
//! on.

use super::error::Error;
use crate::tuning;
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::string::String;
use alloc::vec::Vec;

/// What is said of the construct at `offset`, for which there is no memory.
pub(crate) fn missing(offset: usize) -> impl FnOnce(TryReserveError) -> Error {
    move |_| out_of_memory(offset)
}
/// The same, if that is known already.
#[cold]
#[inline(never)]
pub(crate) fn out_of_memory(offset: usize) -> Error {
    Error::limit(offset, "out of memory")
}
/// Makes room for so many more.
#[inline]
pub(crate) fn reserve<T>(list: &mut Vec<T>, more: usize, offset: usize) -> Result<(), Error> {
    if tuning::SMALL {
        return list.try_reserve(more).map_err(missing(offset));
    }
    if list.capacity() - list.len() < more { grow(list, more, offset) } else { Ok(()) }
}
#[cold]
#[inline(never)]
fn grow<T>(list: &mut Vec<T>, more: usize, offset: usize) -> Result<(), Error> {
    list.try_reserve(more).map_err(missing(offset))
}
/// Adds an element.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(crate) fn push<T>(list: &mut Vec<T>, item: T, offset: usize) -> Result<(), Error> {
    reserve(list, 1, offset)?;
    list.push(item);
    Ok(())
}
/// Makes a list at least so long.
#[inline]
pub(crate) fn lengthen<T: Copy>(
    list: &mut Vec<T>,
    len: usize,
    fill: T,
    offset: usize,
) -> Result<(), Error> {
    if let Some(more) = len.checked_sub(list.len()) {
        reserve(list, more, offset)?;
        list.resize(len, fill);
    }
    Ok(())
}
/// An empty list with room for so many.
pub(crate) fn list<T>(len: usize) -> Result<Vec<T>, TryReserveError> {
    let mut list = Vec::new();
    list.try_reserve_exact(len)?;
    Ok(list)
}
/// The same. A small build, which has no room for that many errors, ends where there is no memory
/// for it.
pub(crate) fn few<T>(len: usize) -> Result<Vec<T>, TryReserveError> {
    if tuning::SMALL { Ok(Vec::with_capacity(len)) } else { list(len) }
}
/// A copy.
pub(crate) fn boxed<T: Copy>(items: &[T]) -> Result<Box<[T]>, TryReserveError> {
    let mut copy = list(items.len())?;
    copy.extend_from_slice(items);
    Ok(copy.into_boxed_slice())
}
/// A copy of a text.
pub(crate) fn text(text: &str) -> Result<String, TryReserveError> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len())?;
    copy.push_str(text);
    Ok(copy)
}
/// A copy of a name.
pub(crate) fn name(name: &str) -> Result<Box<str>, TryReserveError> {
    text(name).map(String::into_boxed_str)
}
