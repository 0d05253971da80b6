//! A box that others point into.
#![allow(unsafe_code)]

use super::error::Error;
use super::room;
use crate::ir::room::leaked;
use alloc::boxed::Box;
use core::ops::Deref;
use core::ptr::NonNull;

/// Owns a value at an address of its own, as a box does, but does not claim to be the only way to
/// it: handlers, frames and handles have its address too.
#[derive(Debug)]
pub struct Owned<T>(NonNull<T>);
impl<T> Owned<T> {
    /// Gives the value an address.
    pub fn new(value: T) -> Owned<T> {
        Owned(NonNull::from(Box::leak(Box::new(value))))
    }
    /// The same.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn try_new(value: T) -> Result<Owned<T>, Error> {
        leaked(value).map(Owned).map_err(|_| room::none_for::<T>())
    }
    /// The address; valid until `self` is dropped.
    pub fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}
impl<T> Deref for Owned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: R1: allocated by `new` or `try_new`, freed by `drop` only.
        unsafe { self.0.as_ref() }
    }
}
impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: R1: allocated by `new` or `try_new`, freed once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
// SAFETY: R1: it owns the value as a box does.
unsafe impl<T: Send> Send for Owned<T> {}
// SAFETY: R1: as above.
unsafe impl<T: Sync> Sync for Owned<T> {}
