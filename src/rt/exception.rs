//! Exceptions (spec §4.2.13): a tag, and values; objects of the heap.
#![allow(unsafe_code)]

use super::error::Error;
use super::gc::handle::Handle;
use super::gc::object::header;
use super::gc::tag_of;
use super::instance::Tag;
use super::store::Store;
use crate::wasm::object::HEADER_BYTES;

/// The tag of an exception, and where its values are: words of the heap.
///
/// # Safety
/// It is a reference to an exception of a live store, not null (R9).
pub unsafe fn contents(bits: u64) -> (*const Tag, *const u8) {
    let object = bits as *const u8;
    // SAFETY: R9: promised by the caller.
    unsafe { (tag_of(header(object)), object.add(HEADER_BYTES as usize)) }
}

/// A reference to an exception of a store (spec §4.2.13): what a guest or a host function throws.
///
/// A plain value: see [`AnyRef::keep`](crate::AnyRef::keep) for how long it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exception(pub(crate) Handle);
impl Exception {
    /// From a reference of a store; `None` if it is null.
    pub(crate) fn from_bits(bits: u64, store: &Store) -> Option<Exception> {
        Handle::from_bits(bits, store).map(Exception)
    }
    /// As a reference of a store.
    pub(crate) fn bits(self, store: &Store) -> Result<u64, Error> {
        self.0.bits(store)
    }
}
