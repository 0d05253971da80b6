//! What C passes, and what goes back.

use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{CError, Failure};

/// NULL, or an error that C now owns.
pub type Outcome = Option<Box<CError>>;
/// Where a result goes.
pub type Out<'a, T> = Option<&'a mut MaybeUninit<T>>;

/// Runs a function that can fail.
pub fn guard(f: impl FnOnce() -> Result<(), Failure>) -> Outcome {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(Box::new(failure.into())),
        Err(payload) => {
            // The payload's drop may panic again.
            core::mem::forget(payload);
            Some(Box::new(Failure::Internal.into()))
        }
    }
}

/// Runs a function that says nothing of failures; a panic gives `otherwise`.
pub fn guard_or<R>(otherwise: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        core::mem::forget(payload);
        otherwise
    })
}

/// What must not be NULL.
pub fn need<T>(pointer: Option<T>, name: &str) -> Result<T, Failure> {
    pointer.ok_or_else(|| Failure::usage(format!("`{name}` is NULL")))
}

/// Frees what C owned.
pub fn delete<T>(object: Option<Box<T>>) {
    guard_or((), || drop(object));
}

/// A string of C.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    /// As it is, without the NUL.
    pub fn bytes<'a>(self, name: &str) -> Result<&'a [u8], Failure> {
        if self.0.is_null() {
            return Err(Failure::usage(format!("`{name}` is NULL")));
        }
        // SAFETY: C1: not NULL, so it ends with a NUL and outlives the call.
        Ok(unsafe { CStr::from_ptr(self.0) }.to_bytes())
    }
    /// As UTF-8.
    pub fn str<'a>(self, name: &str) -> Result<&'a str, Failure> {
        utf8(self.bytes(name)?, name)
    }
    /// As a path, an argument or a variable.
    pub fn os<'a>(self, name: &str) -> Result<&'a OsStr, Failure> {
        self.bytes(name).map(OsStr::from_bytes)
    }
    /// As UTF-8, if it is there.
    pub fn optional<'a>(self, name: &str) -> Result<Option<&'a str>, Failure> {
        if self.0.is_null() { Ok(None) } else { self.str(name).map(Some) }
    }
}

pub fn utf8<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Failure> {
    core::str::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{name}` is no UTF-8")))
}

/// The first of some elements that C lends for reading.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Array<T>(*const T);

impl<T> Array<T> {
    /// All of them. NULL will do for none.
    pub fn slice<'a>(self, len: usize, name: &str) -> Result<&'a [T], Failure> {
        if len == 0 {
            return Ok(&[]);
        }
        check_len::<T>(self.0.is_null(), len, name)?;
        // SAFETY: C1: as many elements, which outlive the call; nobody else writes to them.
        Ok(unsafe { core::slice::from_raw_parts(self.0, len) })
    }
}

/// The first of some elements that C lends for writing. They need not be initialised.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct ArrayMut<T>(*mut T);

impl<T> ArrayMut<T> {
    /// All of them. NULL will do for none.
    pub fn slice<'a>(self, len: usize, name: &str) -> Result<&'a mut [MaybeUninit<T>], Failure> {
        if len == 0 {
            return Ok(&mut []);
        }
        check_len::<T>(self.0.is_null(), len, name)?;
        // SAFETY: C1: as many places, which outlive the call; nobody else uses them.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.0.cast(), len) })
    }
}

impl ArrayMut<u8> {
    /// Copies to the beginning; the length was checked by the caller.
    pub fn fill(self, bytes: &[u8], name: &str) -> Result<(), Failure> {
        self.slice(bytes.len(), name)?.write_copy_of_slice(bytes);
        Ok(())
    }
}

fn check_len<T>(is_null: bool, len: usize, name: &str) -> Result<(), Failure> {
    if is_null {
        return Err(Failure::usage(format!("`{name}` is NULL, its length is {len}")));
    }
    let fits = len.checked_mul(size_of::<T>()).is_some_and(|bytes| isize::try_from(bytes).is_ok());
    if fits { Ok(()) } else { Err(Failure::usage(format!("the length of `{name}` is {len}"))) }
}

/// A text for C; a NUL in it is shown as `\0`.
pub fn c_string(text: impl Into<String>) -> CString {
    let text: String = text.into();
    CString::new(text).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&error.into_vec()).replace('\0', "\\0");
        CString::new(text).unwrap_or_default()
    })
}

/// Data of the host, and what ends it.
pub struct UserData {
    pub data: *mut c_void,
    pub finalizer: Finalizer,
}
/// What is called with the data when it is no longer used, or NULL.
pub type Finalizer = Option<extern "C" fn(*mut c_void)>;

// SAFETY: C3: the header says from which threads the data is used, and the host agrees.
unsafe impl Send for UserData {}
// SAFETY: C3: as above.
unsafe impl Sync for UserData {}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(finalizer) = self.finalizer {
            finalizer(self.data);
        }
    }
}
