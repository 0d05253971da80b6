//! References to what lies on the heap of a store, as the host holds them.
//!
//! A reference is a plain value that names an entry of its store, and the entry keeps the object
//! alive. Entries made while a host function runs end with it; the others end with the
//! [scope](super::Store::scope) they were made in, or with the store. What is to stay longer is
//! kept ([`AnyRef::keep`]) until it is released. A reference whose entry has ended is an error of
//! kind `Usage` wherever it is used.

use super::store::{Lent, LentMut};
use super::{AsContext, AsContextMut, Error, Exception};
use crate::rt::gc::handle::{HOST_TAG, Handle, I31_TAG, TAGS};
use crate::rt::store::Store as Core;
use crate::wasm::subtype::heap_type_matches;
use crate::wasm::types::HeapType;
use alloc::boxed::Box;
use core::any::Any;

macro_rules! references { ($($(#[$doc:meta])* $name:ident;)*) => { $(
    $(#[$doc])*
    ///
    /// A plain value: see [`AnyRef::keep`] for how long it can be used. Equal ones refer to the
    /// same object, but unequal ones may do so too.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct $name(pub(super) Handle);
    impl $name {
        pub(super) fn from_bits(bits: u64, core: &Core) -> Option<$name> {
            Handle::from_bits(bits, core).map($name)
        }
        pub(super) fn bits(self, core: &Core) -> Result<u64, Error> {
            self.0.bits(core)
        }
    }
    keeping!($name);
)* } }
macro_rules! keeping {
    ($name:ident) => {
        impl $name {
            /// A reference to the same object that can be used until it is released, and keeps the
            /// object alive as long. Other references end with the host call or the scope
            /// ([`Store::scope`](crate::Store::scope)) in which the host got them.
            ///
            /// # Errors
            /// Usage: it belongs to another store, or has ended.
            pub fn keep(self, mut cx: impl AsContextMut) -> Result<$name, Error> {
                self.0.keep(cx.core_mut()).map($name)
            }
            /// Ends a reference that was kept.
            ///
            /// # Errors
            /// Usage: it belongs to another store, has ended, or was not kept.
            pub fn release(self, mut cx: impl AsContextMut) -> Result<(), Error> {
                self.0.release(cx.core_mut())
            }
        }
    };
}
keeping!(Exception);
pub(super) use {keeping, references};
references! {
    /// A reference of type `extern`: a host value that a store keeps, or an internal reference
    /// that was made external.
    ///
    /// Host values are kept until the store is dropped.
    ExternRef;
    /// A reference of type `any`: an i31, a structure, an array, or an external reference that was
    /// made internal.
    AnyRef;
}

impl ExternRef {
    /// Gives a value to the store.
    pub fn new(mut cx: impl AsContextMut, value: impl Any + Send + Sync) -> ExternRef {
        let core = cx.core_mut();
        let bits = (core.externs.len() as u64) << 2 | HOST_TAG;
        core.externs.push(Box::new(value));
        ExternRef(Handle::immediate(bits, core.id))
    }
    /// The host value, if it is one and a `V`.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or has ended.
    pub fn get<V: Any>(self, cx: &impl AsContext) -> Result<Option<&V>, Error> {
        let core = cx.core();
        let bits = self.bits(core)?;
        let value =
            (bits & TAGS == HOST_TAG).then(|| core.externs.get((bits >> 2) as usize)).flatten();
        Ok(value.and_then(|value| value.downcast_ref()))
    }
    /// The same reference as an internal one (`any.convert_extern`).
    pub fn to_any(self) -> AnyRef {
        AnyRef(self.0)
    }
}

impl AnyRef {
    /// An i31: the low 31 bits of the number (`ref.i31`). It belongs to every store.
    pub fn from_i31(number: i32) -> AnyRef {
        AnyRef(Handle::immediate(u64::from((number as u32) << 1) | I31_TAG, 0))
    }
    /// The number, if it is an i31, with its sign.
    pub fn i31(self) -> Option<i32> {
        let bits = self.0.as_immediate();
        (bits & I31_TAG != 0).then_some((bits as u32 as i32) >> 1)
    }
    /// Whether it is a host value that was made internal.
    pub fn is_host(self) -> bool {
        self.0.as_immediate() & TAGS == HOST_TAG
    }
    /// The same reference as an external one (`extern.convert_any`).
    pub fn to_extern(self) -> ExternRef {
        ExternRef(self.0)
    }
    /// The most precise type: `i31`, the type of the object, or `any` for a host value.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or has ended.
    pub fn ty(self, cx: &impl AsContext) -> Result<HeapType, Error> {
        let core = cx.core();
        Ok(heap_type(self.bits(core)?))
    }
    /// Whether it is of this type (`ref.test`).
    ///
    /// # Errors
    /// As for [`AnyRef::ty`].
    pub fn is_a(self, cx: &impl AsContext, ty: HeapType) -> Result<bool, Error> {
        Ok(heap_type_matches(&cx.core().registry, self.ty(cx)?.exact(), ty))
    }
    /// Whether both refer to the same object, or are the same i31 (`ref.eq`).
    ///
    /// # Errors
    /// As for [`AnyRef::ty`].
    pub fn ref_eq(self, other: AnyRef, cx: &impl AsContext) -> Result<bool, Error> {
        let core = cx.core();
        Ok(self.bits(core)? == other.bits(core)?)
    }
}

/// The type of an internal reference that is not null.
pub(super) fn heap_type(bits: u64) -> HeapType {
    match bits & TAGS {
        0 => HeapType::Defined(super::gc::def(bits).id),
        tags if tags & I31_TAG != 0 => HeapType::I31,
        _ => HeapType::Any,
    }
}
