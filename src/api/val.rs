//! Values.

use super::store::{Lent, LentMut};
use super::{AsContext, AsContextMut, Error, Exception, Func, RefType, ValType};
use crate::rt::store::Store as Core;
use crate::wasm::registry::TypeRegistry;
use crate::wasm::types::HeapType;
use alloc::boxed::Box;
use core::any::Any;

/// A reference of type `extern`: a host value that a store keeps, or an internal reference that
/// was made external.
///
/// Host values are kept until the store is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExternRef(OpaqueRef);
impl ExternRef {
    /// Gives a value to the store.
    pub fn new(mut cx: impl AsContextMut, value: impl Any + Send + Sync) -> ExternRef {
        let core = cx.core_mut();
        let bits = (core.externs.len() as u64) << 2 | HOST_TAG;
        core.externs.push(Box::new(value));
        ExternRef(OpaqueRef { store: core.id, bits })
    }
    /// The host value, if it is one and a `V`.
    ///
    /// # Errors
    /// Usage: it belongs to another store.
    pub fn get<V: Any>(self, cx: &impl AsContext) -> Result<Option<&V>, Error> {
        let core = cx.core();
        let bits = self.bits(core.id)?;
        let value =
            (bits & 3 == HOST_TAG).then(|| core.externs.get((bits >> 2) as usize)).flatten();
        Ok(value.and_then(|value| value.downcast_ref()))
    }
    /// The same reference as an internal one (`any.convert_extern`).
    pub fn to_any(self) -> OpaqueRef {
        self.0
    }
    pub(super) fn from_bits(bits: u64, store: u64) -> Option<ExternRef> {
        OpaqueRef::from_bits(bits, store).map(ExternRef)
    }
    pub(super) fn bits(self, store: u64) -> Result<u64, Error> {
        self.0.bits(store)
    }
    pub(super) fn raw(self) -> u64 {
        self.0.bits
    }
}

/// A reference that the host can only look at and pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpaqueRef {
    store: u64,
    bits: u64,
}
impl OpaqueRef {
    /// The number, if it is an i31, with its sign.
    pub fn i31(self) -> Option<i32> {
        (self.bits & I31_TAG != 0).then_some((self.bits as u32 as i32) >> 1)
    }
    /// An i31 of a store: of the number, as many bits as it has.
    pub fn from_i31(cx: &impl AsContext, number: i32) -> OpaqueRef {
        OpaqueRef { store: cx.core().id, bits: u64::from((number as u32) << 1) | I31_TAG }
    }
    /// Whether it is a host value that was made internal.
    pub fn is_host(self) -> bool {
        self.bits & 3 == HOST_TAG
    }
    /// The same reference as an external one (`extern.convert_any`).
    pub fn to_extern(self) -> ExternRef {
        ExternRef(self)
    }
    fn from_bits(bits: u64, store: u64) -> Option<OpaqueRef> {
        (bits != 0).then_some(OpaqueRef { store, bits })
    }
    fn bits(self, store: u64) -> Result<u64, Error> {
        if self.store == store {
            Ok(self.bits)
        } else {
            Err(Error::usage("a reference of another store"))
        }
    }
    /// Whether an internal reference has the type. Structures and arrays are not looked into:
    /// they fit `any` only.
    fn is_any(self, heap: HeapType) -> bool {
        match heap {
            HeapType::Any => true,
            HeapType::Eq | HeapType::I31 => self.i31().is_some(),
            _ => false,
        }
    }
}

/// A value (spec §4.2.1). Floats are bits, so that NaNs keep their payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Val {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    FuncRef(Option<Func>),
    ExternRef(Option<ExternRef>),
    AnyRef(Option<OpaqueRef>),
    ExnRef(Option<Exception>),
}
impl Val {
    /// Zero, or null. A null of a defined type is taken for one of a function type.
    pub fn default_for(ty: ValType) -> Val {
        match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(0),
            ValType::Ref(RefType { heap: HeapType::Defined(_), .. }) => Val::FuncRef(None),
            ValType::Ref(RefType { heap, .. }) => match Kind::of_abstract(heap) {
                Kind::Func => Val::FuncRef(None),
                Kind::Extern => Val::ExternRef(None),
                Kind::Any => Val::AnyRef(None),
                Kind::Exn => Val::ExnRef(None),
            },
        }
    }
    /// The number, if it is an i32.
    pub fn i32(self) -> Option<i32> {
        if let Val::I32(value) = self { Some(value) } else { None }
    }
    /// The number, if it is an i64.
    pub fn i64(self) -> Option<i64> {
        if let Val::I64(value) = self { Some(value) } else { None }
    }
    /// The number, if it is an f32.
    pub fn f32(self) -> Option<f32> {
        if let Val::F32(bits) = self { Some(f32::from_bits(bits)) } else { None }
    }
    /// The number, if it is an f64.
    pub fn f64(self) -> Option<f64> {
        if let Val::F64(bits) = self { Some(f64::from_bits(bits)) } else { None }
    }
    /// From the slots of a store.
    pub(super) fn from_slots(ty: ValType, slots: &[u64], core: &Core) -> Val {
        let bits = slots[0];
        let opaque = || OpaqueRef::from_bits(bits, core.id);
        match ty {
            ValType::I32 => Val::I32(bits as i32),
            ValType::I64 => Val::I64(bits as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(bits),
            ValType::V128 => Val::V128(u128::from(bits) | u128::from(slots[1]) << 64),
            ValType::Ref(RefType { heap, .. }) => match Kind::of(heap, &core.registry) {
                Kind::Func => Val::FuncRef(Func::from_bits(bits, core.id)),
                Kind::Extern => Val::ExternRef(opaque().map(ExternRef)),
                Kind::Any => Val::AnyRef(opaque()),
                Kind::Exn => Val::ExnRef(Exception::from_bits(bits, core.id)),
            },
        }
    }
    /// Into the slots of a store, as a value of type `ty`.
    ///
    /// # Errors
    /// Usage: it is not of that type, or belongs to another store.
    pub(super) fn to_slots(self, ty: ValType, slots: &mut [u64], core: &Core) -> Result<(), Error> {
        let mismatch =
            || Error::usage(alloc::format!("a value of type {ty} is wanted, not {self:?}"));
        slots[0] = match (self, ty) {
            (Val::I32(value), ValType::I32) => u64::from(value as u32),
            (Val::I64(value), ValType::I64) => value as u64,
            (Val::F32(bits), ValType::F32) => u64::from(bits),
            (Val::F64(bits), ValType::F64) => bits,
            (Val::V128(bits), ValType::V128) => {
                slots[1] = (bits >> 64) as u64;
                bits as u64
            }
            (value, ValType::Ref(ty)) => value.reference(ty, core)?.ok_or_else(mismatch)?,
            _ => return Err(mismatch()),
        };
        Ok(())
    }
    /// As [`Val::to_slots`], in slots of its own.
    pub(super) fn to_bits(self, ty: ValType, core: &Core) -> Result<[u64; 2], Error> {
        let mut slots = [0; 2];
        self.to_slots(ty, &mut slots, core)?;
        Ok(slots)
    }
    /// The bits of a reference, if it is one of type `ty`: what guests rely on.
    fn reference(self, ty: RefType, core: &Core) -> Result<Option<u64>, Error> {
        let registry = &core.registry;
        let (kind, bits, matches) = match self {
            Val::FuncRef(None) => (Kind::Func, 0, ty.nullable),
            Val::ExternRef(None) => (Kind::Extern, 0, ty.nullable),
            Val::AnyRef(None) => (Kind::Any, 0, ty.nullable),
            Val::ExnRef(None) => (Kind::Exn, 0, ty.nullable),
            Val::FuncRef(Some(func)) => {
                let bits = func.bits(core.id)?;
                let matches = match ty.heap {
                    HeapType::Func => true,
                    HeapType::Defined(id) => registry.is_subtype(func.type_id(core.id)?, id),
                    _ => false,
                };
                (Kind::Func, bits, matches)
            }
            Val::ExternRef(Some(value)) => {
                (Kind::Extern, value.bits(core.id)?, ty.heap == HeapType::Extern)
            }
            Val::AnyRef(Some(value)) => (Kind::Any, value.bits(core.id)?, value.is_any(ty.heap)),
            Val::ExnRef(Some(value)) => (Kind::Exn, value.bits(core.id)?, ty.heap == HeapType::Exn),
            _ => return Ok(None),
        };
        Ok((matches && kind == Kind::of(ty.heap, registry)).then_some(bits))
    }
    /// Values from slots, one after the other; as many values as types.
    pub(super) fn list_from_slots(vals: &mut [Val], types: &[ValType], slots: &[u64], core: &Core) {
        let mut at = 0;
        for (val, &ty) in vals.iter_mut().zip(types) {
            *val = Val::from_slots(ty, &slots[at..], core);
            at += ty.slots();
        }
    }
    /// Values into slots, one after the other; as many values as types.
    pub(super) fn list_into_slots(
        vals: &[Val],
        types: &[ValType],
        slots: &mut [u64],
        core: &Core,
    ) -> Result<(), Error> {
        let mut at = 0;
        for (val, &ty) in vals.iter().zip(types) {
            val.to_slots(ty, &mut slots[at..], core)?;
            at += ty.slots();
        }
        Ok(())
    }
}
macro_rules! from { ($($t:ty = |$x:ident| $val:expr;)*) => { $(
    impl From<$t> for Val {
        fn from($x: $t) -> Val { $val }
    }
)* } }
from! {
    i32 = |x| Val::I32(x);
    u32 = |x| Val::I32(x as i32);
    i64 = |x| Val::I64(x);
    u64 = |x| Val::I64(x as i64);
    f32 = |x| Val::F32(x.to_bits());
    f64 = |x| Val::F64(x.to_bits());
    u128 = |x| Val::V128(x);
    Func = |x| Val::FuncRef(Some(x));
    ExternRef = |x| Val::ExternRef(Some(x));
    Exception = |x| Val::ExnRef(Some(x));
}

/// The four hierarchies of references.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Func,
    Extern,
    Any,
    Exn,
}
impl Kind {
    fn of(heap: HeapType, registry: &TypeRegistry) -> Kind {
        match heap {
            HeapType::Defined(id) if registry.get(id).func().is_some() => Kind::Func,
            heap => Kind::of_abstract(heap),
        }
    }
    /// Defined types are taken for structures and arrays.
    fn of_abstract(heap: HeapType) -> Kind {
        match heap {
            HeapType::Func | HeapType::NoFunc => Kind::Func,
            HeapType::Extern | HeapType::NoExtern => Kind::Extern,
            HeapType::Exn | HeapType::NoExn => Kind::Exn,
            _ => Kind::Any,
        }
    }
}

/// See `rt::layout`, "References".
const I31_TAG: u64 = 1;
const HOST_TAG: u64 = 2;
