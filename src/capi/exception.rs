//! Tags and exceptions.

use core::ffi::c_char;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{CError, Failure};
use super::ffi::{Array, ArrayMut, Out, Outcome, Text, guard, guard_or, need};
use super::func::write_signature;
use super::store::{CStore, Cx};
use super::types::signature;
use super::val::{CVal, Handle, read_all};
use crate::{Error, Exception, Tag, Val};

/// Exceptions of errors that are gone: whoever has the store next lets go of them.
#[derive(Default)]
pub struct Left {
    is_any: AtomicBool,
    exceptions: Mutex<Vec<Exception>>,
}

/// An exception that an error keeps. The store may be in use, or gone, when the error ends.
pub struct Kept {
    exception: Exception,
    left: Arc<Left>,
}
impl Drop for Kept {
    fn drop(&mut self) {
        let mut exceptions = self.left.exceptions.lock().unwrap_or_else(PoisonError::into_inner);
        exceptions.push(self.exception);
        self.left.is_any.store(true, Ordering::Release);
    }
}

/// Keeps the exception of an error, if it is one: the scope of the call is about to end.
pub fn keep<R>(result: Result<R, Failure>, cx: &mut Cx<'_>) -> Result<R, Failure> {
    match result {
        Err(Failure::Engine(error)) => match error.exception() {
            Some(exception) => {
                let exception = exception.keep(&mut *cx)?;
                let error = Error::from(exception).with_backtrace(error.backtrace().to_vec());
                let left = cx.data().left.clone();
                Err(Failure::Thrown(error, Kept { exception, left }))
            }
            None => Err(error.into()),
        },
        result => result,
    }
}
/// Lets go of what errors have left.
pub fn release_left(cx: &mut Cx<'_>) {
    if !cx.data().left.is_any.swap(false, Ordering::Acquire) {
        return;
    }
    let left = cx.data().left.clone();
    let left =
        core::mem::take(&mut *left.exceptions.lock().unwrap_or_else(PoisonError::into_inner));
    for exception in left {
        // It was kept by this store, and is released once.
        let _ = exception.release(&mut *cx);
    }
}

fn exception(handle: Handle, cx: &Cx<'_>) -> Result<Exception, Failure> {
    match cx.data().reference(handle)? {
        Val::ExnRef(Some(exception)) => Ok(exception),
        _ => Err(Failure::usage("the reference is no exception".into())),
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_tag_new(store: Option<&CStore>, sig: Text, out: Out<Handle>) -> Outcome {
    guard(|| {
        let (out, ty) = (need(out, "out")?, signature(sig.str("signature")?)?);
        if !ty.results.is_empty() {
            return Err(Failure::usage(format!("a tag has no results: {ty}")));
        }
        let mut cx = need(store, "store")?.context()?;
        let tag = Tag::new(&mut cx, &ty.params);
        out.write(cx.data_mut().add_tag(tag));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_tag_signature(
    store: Option<&CStore>,
    tag: Handle,
    text: ArrayMut<c_char>,
    capacity: usize,
    len: Out<usize>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let ty = cx.data().tag(tag)?.ty(&cx)?;
        write_signature(&ty, text.slice(capacity, "text")?, len)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_exception_new(
    store: Option<&CStore>,
    tag: Handle,
    values: Array<CVal>,
    len: usize,
    out: Out<CVal>,
) -> Outcome {
    guard(|| {
        let (out, values) = (need(out, "out")?, values.slice(len, "values")?);
        let mut cx = need(store, "store")?.context()?;
        let tag = cx.data().tag(tag)?;
        let values = read_all(values, &tag.ty(&cx)?.params, cx.data())?;
        out.write(cx.scope(|cx| {
            let exception = Exception::new(&mut *cx, tag, &values)?;
            CVal::write(exception.into(), cx)
        })?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_exception_tag(
    store: Option<&CStore>,
    reference: Handle,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        let tag = exception(reference, &cx)?.tag(&cx)?;
        out.write(cx.data_mut().add_tag(tag));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_exception_get(
    store: Option<&CStore>,
    reference: Handle,
    index: usize,
    out: Out<CVal>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        let exception = exception(reference, &cx)?;
        out.write(cx.scope(|cx| {
            let value = exception.values(cx)?.get(index).copied();
            let none = || Failure::usage(format!("there is no value {index}"));
            CVal::write(value.ok_or_else(none)?, cx)
        })?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new_exception(
    store: Option<&CStore>,
    reference: Handle,
) -> Box<CError> {
    let thrown = || {
        let mut cx = need(store, "store")?.context()?;
        let exception = exception(reference, &cx)?;
        let error = keep::<()>(Err(Error::from(exception).into()), &mut cx);
        super::reference::release(reference, &mut cx)?;
        error
    };
    guard_or(Box::new(Failure::Internal.into()), || {
        Box::new(thrown().err().unwrap_or(Failure::Internal).into())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_exception(
    error: Option<&CError>,
    store: Option<&CStore>,
    out: Out<CVal>,
) -> bool {
    guard_or(false, || {
        let (Some(Failure::Thrown(_, kept)), Some(store), Some(out)) =
            (error.map(|error| &error.failure), store, out)
        else {
            return false;
        };
        let Ok(mut cx) = store.context() else { return false };
        let val = CVal::write(kept.exception.into(), &mut cx);
        val.is_ok_and(|val| {
            out.write(val);
            true
        })
    })
}
