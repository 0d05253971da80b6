//! Instances and functions.

use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;

use super::error::Failure;
use super::exception::keep;
use super::ffi::{
    Array, ArrayMut, Finalizer, Out, Outcome, Text, UserData, guard, guard_or, need, utf8,
};
use super::linker::{CExtern, Callback, HostFunc};
use super::store::{CStore, Cx, release_instance};
use super::types::{signature, signature_text};
use super::val::{CVal, Handle, read_all, write_all};
use crate::{AsContextMut, Extern, Func, FuncType, Val};

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_instance_release(store: Option<&CStore>, instance: Handle) -> Outcome {
    guard(|| release_instance(instance, &mut need(store, "store")?.context()?))
}
fn get(
    store: Option<&CStore>,
    instance: Handle,
    name: &str,
    out: Out<CExtern>,
) -> Result<(), Failure> {
    let out = need(out, "out")?;
    let mut cx = need(store, "store")?.context()?;
    let object = export(&cx, instance, name)?;
    out.write(CExtern::new(object, cx.data_mut()));
    Ok(())
}
fn export(cx: &Cx<'_>, instance: Handle, name: &str) -> Result<Extern, Failure> {
    let instance = cx.data().instance(instance)?;
    let object = instance.get(cx, name);
    object.ok_or_else(|| Failure::usage(format!("nothing is exported as {name:?}")))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_instance_get(
    store: Option<&CStore>,
    instance: Handle,
    name: Text,
    out: Out<CExtern>,
) -> Outcome {
    guard(|| get(store, instance, name.str("name")?, out))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_instance_get_n(
    store: Option<&CStore>,
    instance: Handle,
    name: Array<u8>,
    len: usize,
    out: Out<CExtern>,
) -> Outcome {
    guard(|| get(store, instance, utf8(name.slice(len, "name")?, "name")?, out))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_instance_func(
    store: Option<&CStore>,
    instance: Handle,
    name: Text,
    sig: Text,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let (out, name) = (need(out, "out")?, name.str("name")?);
        let wanted = sig.optional("signature")?.map(signature).transpose()?;
        let mut cx = need(store, "store")?.context()?;
        let func = export(&cx, instance, name)?.into_func();
        let func = func.ok_or_else(|| Failure::usage(format!("{name:?} is no function")))?;
        let ty = func.ty(&cx)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != ty) {
            return Err(Failure::usage(format!("{name:?} is of type {ty}, not {wanted}")));
        }
        out.write(cx.data_mut().add_func(func));
        Ok(())
    })
}
macro_rules! exports { ($($export:ident $into:ident $add:ident $what:literal;)*) => { $(
    #[unsafe(no_mangle)]
    pub extern "C" fn $export(
        store: Option<&CStore>,
        instance: Handle,
        name: Text,
        out: Out<Handle>,
    ) -> Outcome {
        guard(|| {
            let (out, name) = (need(out, "out")?, name.str("name")?);
            let mut cx = need(store, "store")?.context()?;
            let object = export(&cx, instance, name)?.$into();
            let object = object
                .ok_or_else(|| Failure::usage(format!("{name:?} is no {}", $what)))?;
            out.write(cx.data_mut().$add(object));
            Ok(())
        })
    }
)* } }
exports! {
    wasmvm_instance_memory into_memory add_memory "memory";
    wasmvm_instance_table into_table add_table "table";
    wasmvm_instance_global into_global add_global "global";
    wasmvm_instance_tag into_tag add_tag "tag";
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_func_new(
    store: Option<&CStore>,
    sig: Text,
    callback: Callback,
    data: *mut c_void,
    finalizer: Finalizer,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let user = UserData { data, finalizer };
        let out = need(out, "out")?;
        let host = HostFunc::new(signature(sig.str("signature")?)?, callback, user)?;
        let mut cx = need(store, "store")?.context()?;
        let func = Func::new(cx.as_context_mut(), host.ty(), move |caller, args, results| {
            host.call(caller, args, results)
        });
        out.write(cx.data_mut().add_func(func));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_func_call(
    store: Option<&CStore>,
    func: Handle,
    args: Array<CVal>,
    args_len: usize,
    results: ArrayMut<CVal>,
    results_len: usize,
) -> Outcome {
    guard(|| {
        let given = args.slice(args_len, "args")?;
        let room = results.slice(results_len, "results")?;
        let results = need(store, "store")?.run(|mut cx| {
            let func = cx.data().func(func)?;
            let ty = func.ty(&cx)?;
            check(&ty, given.len(), room.len())?;
            // What guests give back lasts as long as C keeps it, not as long as the store.
            cx.scope(|cx| {
                let args = read_all(given, &ty.params, cx.data())?;
                let mut vals: Vec<Val> =
                    ty.results.iter().map(|&ty| Val::default_for(ty)).collect();
                let called = func.call(&mut *cx, &args, &mut vals);
                keep(called.map_err(Into::into), cx)?;
                write_all(&vals, cx)
            })
        })?;
        for (place, result) in room.iter_mut().zip(results) {
            place.write(result);
        }
        Ok(())
    })
}
fn check(ty: &FuncType, args: usize, results: usize) -> Result<(), Failure> {
    if (args, results) == (ty.params.len(), ty.results.len()) {
        return Ok(());
    }
    let what =
        format!("{args} arguments and room for {results} results for a function of type {ty}");
    Err(Failure::usage(what))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_func_signature(
    store: Option<&CStore>,
    func: Handle,
    text: ArrayMut<c_char>,
    capacity: usize,
    len: Out<usize>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let ty = cx.data().func(func)?.ty(&cx)?;
        write_signature(&ty, text.slice(capacity, "text")?, len)
    })
}
/// Writes a signature where C has room for it.
pub fn write_signature(
    ty: &FuncType,
    text: &mut [MaybeUninit<c_char>],
    len: Out<usize>,
) -> Result<(), Failure> {
    let no_letters = || Failure::usage(format!("the type {ty} cannot be written in letters"));
    let written = signature_text(ty).ok_or_else(no_letters)?;
    let room = text.len().saturating_sub(1);
    let bytes = written.bytes().take(room).chain([0]);
    for (place, byte) in text.iter_mut().zip(bytes) {
        place.write(byte as c_char);
    }
    if let Some(len) = len {
        len.write(written.len());
    }
    Ok(())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_func_is_null(func: Handle) -> bool {
    guard_or(true, || func.store == 0)
}
