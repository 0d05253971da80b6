//! Values.

use super::{AsContext, AsContextMut, Error, Func, RefType, ValType};
use crate::wasm::types::HeapType;
use alloc::boxed::Box;
use core::any::Any;

/// A reference to a host value, kept by a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExternRef {
    store: u64,
    index: u64,
}
impl ExternRef {
    /// Gives a value to the store.
    pub fn new(mut cx: impl AsContextMut, value: impl Any + Send + Sync) -> ExternRef {
        let store = cx.core_mut();
        store.externs.push(Box::new(value));
        ExternRef { store: store.id, index: store.externs.len() as u64 - 1 }
    }
    /// The value, if it is a `V`.
    ///
    /// # Errors
    /// Usage: it belongs to another store.
    pub fn get<V: Any>(self, cx: &impl AsContext) -> Result<Option<&V>, Error> {
        let store = cx.core();
        if self.store != store.id {
            return Err(Error::usage("a reference of another store"));
        }
        Ok(store.externs.get(self.index as usize).and_then(|value| value.downcast_ref()))
    }
}

/// A reference that the host can only pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpaqueRef {
    store: u64,
    bits: u64,
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
    ExnRef(Option<OpaqueRef>),
}
impl Val {
    /// Zero, or null.
    pub fn default_for(ty: ValType) -> Val {
        Val::from_slots(ty, &[0, 0], 0)
    }
    /// Whether it can stand where `ty` is wanted. Subtypes of defined types are not looked into.
    pub fn matches(&self, ty: ValType) -> bool {
        match (self, ty) {
            (Val::I32(_), ValType::I32)
            | (Val::I64(_), ValType::I64)
            | (Val::F32(_), ValType::F32)
            | (Val::F64(_), ValType::F64)
            | (Val::V128(_), ValType::V128) => true,
            (value, ValType::Ref(RefType { nullable, heap })) => {
                let (kind, null) = match value {
                    Val::FuncRef(func) => (Kind::Func, func.is_none()),
                    Val::ExternRef(value) => (Kind::Extern, value.is_none()),
                    Val::AnyRef(value) => (Kind::Any, value.is_none()),
                    Val::ExnRef(value) => (Kind::Exn, value.is_none()),
                    _ => return false,
                };
                kind == Kind::of(heap) && (nullable || !null)
            }
            _ => false,
        }
    }
    /// From the slots of a store.
    pub(crate) fn from_slots(ty: ValType, slots: &[u64], store: u64) -> Val {
        let bits = slots[0];
        match ty {
            ValType::I32 => Val::I32(bits as i32),
            ValType::I64 => Val::I64(bits as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(bits),
            ValType::V128 => Val::V128(u128::from(bits) | u128::from(slots[1]) << 64),
            ValType::Ref(RefType { heap, .. }) => match Kind::of(heap) {
                Kind::Func => Val::FuncRef(Func::from_bits(bits, store)),
                Kind::Extern if bits & 3 == 2 => {
                    Val::ExternRef(Some(ExternRef { store, index: bits >> 2 }))
                }
                Kind::Extern => Val::ExternRef(None),
                Kind::Any => Val::AnyRef((bits != 0).then_some(OpaqueRef { store, bits })),
                Kind::Exn => Val::ExnRef((bits != 0).then_some(OpaqueRef { store, bits })),
            },
        }
    }
    /// Into slots of a store.
    pub(crate) fn to_slots(self, ty: ValType, slots: &mut [u64], store: u64) -> Result<(), Error> {
        if !self.matches(ty) {
            return Err(Error::usage(alloc::format!(
                "a value of type {ty} is wanted, not {self:?}"
            )));
        }
        let own = |id: u64| {
            if id == store { Ok(()) } else { Err(Error::usage("a reference of another store")) }
        };
        slots[0] = match self {
            Val::I32(value) => u64::from(value as u32),
            Val::I64(value) => value as u64,
            Val::F32(bits) => u64::from(bits),
            Val::F64(bits) => bits,
            Val::V128(bits) => {
                slots[1] = (bits >> 64) as u64;
                bits as u64
            }
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => 0,
            Val::FuncRef(Some(func)) => func.bits(store)?,
            Val::ExternRef(Some(value)) => {
                own(value.store)?;
                value.index << 2 | 2
            }
            Val::AnyRef(Some(value)) | Val::ExnRef(Some(value)) => {
                own(value.store)?;
                value.bits
            }
        };
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Func,
    Extern,
    Any,
    Exn,
}
impl Kind {
    /// The hierarchy of a heap type. Defined types are function types here: references to
    /// structures and arrays are not handed out by type yet.
    fn of(heap: HeapType) -> Kind {
        match heap {
            HeapType::Func | HeapType::NoFunc | HeapType::Defined(_) => Kind::Func,
            HeapType::Extern | HeapType::NoExtern => Kind::Extern,
            HeapType::Exn | HeapType::NoExn => Kind::Exn,
            _ => Kind::Any,
        }
    }
}
