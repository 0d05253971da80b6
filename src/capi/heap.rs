//! Structures, arrays and i31s.

use super::error::Failure;
use super::ffi::{Array, Out, Outcome, Text, guard, need};
use super::reference::any;
use super::store::{CStore, Cx};
use super::types::fields;
use super::val::{CVal, Handle, read_all};
use crate::{
    AnyRef, ArrayRef, Engine, FieldType, HeapType, Module, StorageType, StructRef, TypeId, Val,
    ValType,
};

fn structure(handle: Handle, cx: &Cx<'_>) -> Result<StructRef, Failure> {
    let object = any(handle, cx)?.as_struct(cx)?;
    object.ok_or_else(|| Failure::usage("the reference is no structure".into()))
}
fn array(handle: Handle, cx: &Cx<'_>) -> Result<ArrayRef, Failure> {
    let array = any(handle, cx)?.as_array(cx)?;
    array.ok_or_else(|| Failure::usage("the reference is no array".into()))
}
/// The type of a field or element as a value.
fn unpacked(field: &FieldType) -> ValType {
    match field.storage {
        StorageType::I8 | StorageType::I16 => ValType::I32,
        StorageType::Val(ty) => ty,
    }
}
/// A new reference for C to what `make` makes.
fn write_new<R: Into<Val>>(
    store: Option<&CStore>,
    out: Out<CVal>,
    make: impl FnOnce(&mut Cx<'_>) -> Result<R, Failure>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        out.write(cx.scope(|cx| {
            let made = make(cx)?;
            CVal::write(made.into(), cx)
        })?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_struct_type(
    engine: Option<&Engine>,
    text: Text,
    out: Out<u32>,
) -> Outcome {
    guard(|| {
        let (engine, out) = (need(engine, "engine")?, need(out, "out")?);
        out.write(engine.struct_type(&fields(text.str("fields")?)?)?.0);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_type(engine: Option<&Engine>, text: Text, out: Out<u32>) -> Outcome {
    guard(|| {
        let (engine, out) = (need(engine, "engine")?, need(out, "out")?);
        let fields = fields(text.str("element")?)?;
        let &[element] = &fields[..] else {
            return Err(Failure::usage(format!(
                "an array has one element type, not {}",
                fields.len()
            )));
        };
        out.write(engine.array_type(element)?.0);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_module_type(
    module: Option<&Module>,
    index: u32,
    out: Out<u32>,
) -> Outcome {
    guard(|| {
        let (module, out) = (need(module, "module")?, need(out, "out")?);
        let ty = module.type_id(index);
        out.write(ty.ok_or_else(|| Failure::usage(format!("there is no type {index}")))?.0);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_ref_type(
    store: Option<&CStore>,
    reference: Handle,
    out: Out<u32>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let cx = need(store, "store")?.context()?;
        match any(reference, &cx)?.ty(&cx)? {
            HeapType::Defined(TypeId(ty)) => out.write(ty),
            _ => return Err(Failure::usage("the reference is no structure or array".into())),
        };
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_i31_new(store: Option<&CStore>, value: i32, out: Out<CVal>) -> Outcome {
    write_new(store, out, |_| Ok(AnyRef::from_i31(value)))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_i31_get(
    store: Option<&CStore>,
    reference: Handle,
    value: Out<i32>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let number = any(reference, &cx)?.i31();
        let number = number.ok_or_else(|| Failure::usage("the reference is no i31".into()))?;
        need(value, "value")?.write(number);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_struct_new(
    store: Option<&CStore>,
    ty: u32,
    values: Array<CVal>,
    len: usize,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| {
        let fields = cx.engine().struct_fields(TypeId(ty))?;
        let types: Vec<ValType> = fields.iter().map(unpacked).collect();
        let values = read_all(values.slice(len, "values")?, &types, cx.data())?;
        Ok(StructRef::new(cx, TypeId(ty), &values)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_struct_new_default(
    store: Option<&CStore>,
    ty: u32,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| Ok(StructRef::new_default(cx, TypeId(ty))?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_struct_len(
    store: Option<&CStore>,
    reference: Handle,
    len: Out<usize>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        need(len, "len")?.write(structure(reference, &cx)?.fields(&cx)?.len());
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_struct_get(
    store: Option<&CStore>,
    reference: Handle,
    field: usize,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| Ok(structure(reference, cx)?.get(cx, field)?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_struct_set(
    store: Option<&CStore>,
    reference: Handle,
    field: usize,
    val: Option<&CVal>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let object = structure(reference, &cx)?;
        let ty = object.fields(&cx)?.get(field).map(unpacked);
        let ty = ty.ok_or_else(|| Failure::usage(format!("there is no field {field}")))?;
        let val = need(val, "val")?.read(ty, cx.data())?;
        Ok(object.set(cx, field, val)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_new(
    store: Option<&CStore>,
    ty: u32,
    element: Option<&CVal>,
    len: u32,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| {
        let element_type = unpacked(&cx.engine().array_element(TypeId(ty))?);
        let element = need(element, "element")?.read(element_type, cx.data())?;
        Ok(ArrayRef::new(cx, TypeId(ty), len, element)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_new_from(
    store: Option<&CStore>,
    ty: u32,
    values: Array<CVal>,
    len: usize,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| {
        let values = values.slice(len, "values")?;
        let types = vec![unpacked(&cx.engine().array_element(TypeId(ty))?); values.len()];
        let values = read_all(values, &types, cx.data())?;
        Ok(ArrayRef::from_values(cx, TypeId(ty), &values)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_new_bytes(
    store: Option<&CStore>,
    ty: u32,
    bytes: Array<u8>,
    len: usize,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| {
        Ok(ArrayRef::from_bytes(cx, TypeId(ty), bytes.slice(len, "bytes")?)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_len(
    store: Option<&CStore>,
    reference: Handle,
    len: Out<u32>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        need(len, "len")?.write(array(reference, &cx)?.len(&cx)?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_get(
    store: Option<&CStore>,
    reference: Handle,
    index: u32,
    out: Out<CVal>,
) -> Outcome {
    write_new(store, out, |cx| Ok(array(reference, cx)?.get(cx, index)?))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_array_set(
    store: Option<&CStore>,
    reference: Handle,
    index: u32,
    val: Option<&CVal>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let array = array(reference, &cx)?;
        let ty = unpacked(&cx.engine().array_element(array.ty(&cx)?)?);
        let val = need(val, "val")?.read(ty, cx.data())?;
        Ok(array.set(cx, index, val)?)
    })
}
