//! Memory for what the host keeps of a store's objects: if it is not there, that is an error, and
//! the store goes on. In a small build, which has no room for that many errors, the process ends.

use super::error::Error;
use crate::tuning;
use alloc::vec::Vec;

#[cold]
#[inline(never)]
fn missing(items: usize, bytes_each: usize) -> Error {
    Error::limit("bytes that the system has", (items as u64).saturating_mul(bytes_each as u64), 0)
}
/// Makes room for so many more, and for as many again as there are, if they come one by one.
#[inline]
pub fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<(), Error> {
    if tuning::SMALL {
        // It grows where something is added.
        return Ok(());
    }
    list.try_reserve(more).map_err(|_| missing(list.len() + more, size_of::<T>()))
}
/// Adds an element.
#[inline]
pub fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), Error> {
    reserve(list, 1)?;
    list.push(item);
    Ok(())
}
/// Makes room for so many in an empty list, and not for more.
#[inline]
pub fn exact<T>(list: &mut Vec<T>, len: usize) -> Result<(), Error> {
    if tuning::SMALL {
        list.reserve_exact(len);
        return Ok(());
    }
    list.try_reserve_exact(len).map_err(|_| missing(len, size_of::<T>()))
}
/// An empty list with room for so many.
#[inline]
pub fn list<T>(len: usize) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    exact(&mut list, len)?;
    Ok(list)
}
/// So many copies of an item.
pub fn filled<T: Clone>(len: usize, item: T) -> Result<Vec<T>, Error> {
    let mut all = list(len)?;
    all.resize(len, item);
    Ok(all)
}
/// What a sequence of a length that it knows has.
pub fn collect<T>(items: impl ExactSizeIterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
    let mut all = list(items.len())?;
    for item in items {
        all.push(item?);
    }
    Ok(all)
}
/// There is no memory for a value of this type.
#[cold]
pub fn none_for<T>() -> Error {
    missing(1, size_of::<T>())
}
