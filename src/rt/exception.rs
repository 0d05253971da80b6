//! Exceptions (spec §4.2.13): a tag, and values.
//!
//! The store owns them. A reference is the address of the first word, which is the address of the
//! tag; the slots of the values follow.
#![allow(unsafe_code)]

use super::error::Error;
use super::instance::Tag;
use super::store::Store;
use crate::tuning;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Words before the values.
const HEAD: usize = 1;

/// The exceptions of a store.
#[derive(Debug, Default)]
pub struct Exceptions {
    objects: Vec<Box<[u64]>>,
    words: usize,
}

impl Store {
    /// Makes an exception; its reference. `None`: there are too many.
    ///
    /// # Safety
    /// The tag belongs to this store (R1), and `values` is as many slots as its type says.
    pub unsafe fn alloc_exception(&mut self, tag: *const Tag, values: *const u64) -> Option<u64> {
        // SAFETY: R1, R8: promised by the caller.
        let values = unsafe { core::slice::from_raw_parts(values, (*tag).slots as usize) };
        let words = self.exceptions.words + HEAD + values.len();
        if words > tuning::EXCEPTION_WORDS {
            return None;
        }
        let object: Box<[u64]> =
            core::iter::once(tag as u64).chain(values.iter().copied()).collect();
        let bits = object.as_ptr() as u64;
        self.exceptions.words = words;
        self.exceptions.objects.push(object);
        Some(bits)
    }
}

/// The tag and the first value of an exception.
///
/// # Safety
/// It is a reference to an exception of a live store, not null (R8).
pub unsafe fn contents(bits: u64) -> (*const Tag, *const u64) {
    let object = bits as *const u64;
    // SAFETY: R8: promised by the caller.
    unsafe { (*object as *const Tag, object.add(HEAD)) }
}

/// A reference to an exception of a store (spec §4.2.13): what a guest or a host function throws.
///
/// A plain value; using it with another store is a Usage error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exception {
    store: u64,
    bits: u64,
}
impl Exception {
    /// From a reference of a store; `None` if it is null.
    pub(crate) fn from_bits(bits: u64, store: u64) -> Option<Exception> {
        (bits != 0).then_some(Exception { store, bits })
    }
    /// As a reference of a store.
    pub(crate) fn bits(self, store: u64) -> Result<u64, Error> {
        if self.store == store {
            Ok(self.bits)
        } else {
            Err(Error::usage("an exception of another store"))
        }
    }
}
