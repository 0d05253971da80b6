//! References of any kind, and values of the host.

use core::ffi::{c_int, c_void};

use super::error::Failure;
use super::ffi::{Finalizer, Out, Outcome, UserData, guard, guard_or, need};
use super::store::{CStore, Cx};
use super::val::{CVal, Handle};
use crate::{AnyRef, ExternRef, Val};

/// Ends a reference that C holds.
pub fn release(handle: Handle, cx: &mut Cx<'_>) -> Result<(), Failure> {
    match cx.data_mut().remove_ref(handle)? {
        Some(Val::AnyRef(Some(value))) => value.release(&mut *cx)?,
        Some(Val::ExternRef(Some(value))) => value.release(&mut *cx)?,
        Some(Val::ExnRef(Some(exception))) => exception.release(&mut *cx)?,
        _ => {}
    }
    Ok(())
}
/// Ends the references that were passed to callbacks, or given away by them, or left by errors.
pub fn release_ended(cx: &mut Cx<'_>) {
    super::exception::release_left(cx);
    for handle in core::mem::take(&mut cx.data_mut().ended) {
        // C may have released it before.
        let _ = release(handle, cx);
    }
}
/// A reference of type `any`.
pub fn any(handle: Handle, cx: &Cx<'_>) -> Result<AnyRef, Failure> {
    match cx.data().reference(handle)? {
        Val::AnyRef(Some(value)) => Ok(value),
        Val::ExternRef(Some(value)) => Ok(value.to_any()),
        _ => Err(Failure::usage("the reference is none of type any".into())),
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_ref_release(store: Option<&CStore>, reference: Handle) -> Outcome {
    guard(|| release(reference, &mut need(store, "store")?.context()?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_ref_clone(
    store: Option<&CStore>,
    reference: Handle,
    out: Out<CVal>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        let val = cx.data().reference(reference)?;
        out.write(CVal::write(val, &mut cx)?);
        Ok(())
    })
}
/// `wasmvm_ref_kind`.
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_ref_get_kind(store: Option<&CStore>, reference: Handle) -> c_int {
    guard_or(0, || {
        let Some(Ok(cx)) = store.map(CStore::context) else { return 0 };
        let value = match cx.data().reference(reference) {
            Ok(Val::FuncRef(Some(_))) => return 1,
            Ok(Val::ExnRef(Some(_))) => return 6,
            Ok(Val::AnyRef(Some(value))) => value,
            Ok(Val::ExternRef(Some(value))) => value.to_any(),
            _ => return 0,
        };
        match (value.i31(), value.as_struct(&cx), value.as_array(&cx)) {
            _ if value.is_host() => 2,
            (Some(_), ..) => 3,
            (_, Ok(Some(_)), _) => 4,
            (_, _, Ok(Some(_))) => 5,
            _ => 0,
        }
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_externref_new(
    store: Option<&CStore>,
    data: *mut c_void,
    finalizer: Finalizer,
    out: Out<CVal>,
) -> Outcome {
    guard(|| {
        let user = UserData { data, finalizer };
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        let value = ExternRef::new(&mut cx, user);
        out.write(CVal::write(value.into(), &mut cx)?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_externref_data(
    store: Option<&CStore>,
    reference: Handle,
    data: Out<*mut c_void>,
) -> Outcome {
    guard(|| {
        let data = need(data, "data")?;
        let cx = need(store, "store")?.context()?;
        let value = any(reference, &cx)?.to_extern();
        let user = value.get::<UserData>(&cx)?;
        let user = user.ok_or_else(|| Failure::usage("the reference is none of yours".into()))?;
        data.write(user.data);
        Ok(())
    })
}
