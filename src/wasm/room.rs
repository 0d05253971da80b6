//! Memory that a module asks for: if it is not there, the module is refused, and the process goes
//! on.

use super::error::Error;
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;

/// What is said of the construct at `offset`, for which there is no memory.
pub(crate) fn missing(offset: usize) -> impl FnOnce(TryReserveError) -> Error {
    move |_| out_of_memory(offset)
}
#[cold]
#[inline(never)]
fn out_of_memory(offset: usize) -> Error {
    Error::limit(offset, "out of memory")
}
/// Adds an element.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(crate) fn push<T>(list: &mut Vec<T>, item: T, offset: usize) -> Result<(), Error> {
    list.try_reserve(1).map_err(missing(offset))?;
    list.push(item);
    Ok(())
}
/// Adds copies.
#[inline]
pub(crate) fn extend<T: Copy>(list: &mut Vec<T>, items: &[T], offset: usize) -> Result<(), Error> {
    list.try_reserve(items.len()).map_err(missing(offset))?;
    list.extend_from_slice(items);
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
        list.try_reserve(more).map_err(missing(offset))?;
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
/// A copy.
pub(crate) fn boxed<T: Copy>(items: &[T]) -> Result<Box<[T]>, TryReserveError> {
    let mut copy = list(items.len())?;
    copy.extend_from_slice(items);
    Ok(copy.into_boxed_slice())
}
/// A copy of a name.
pub(crate) fn name(name: &str) -> Result<Box<str>, TryReserveError> {
    let mut copy = alloc::string::String::new();
    copy.try_reserve_exact(name.len())?;
    copy.push_str(name);
    Ok(copy.into_boxed_str())
}
