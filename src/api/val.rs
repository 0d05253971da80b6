//! Values.

use super::refs::heap_type;
use super::{AnyRef, ArrayRef, Error, Exception, ExternRef, Func, RefType, StructRef, ValType};
use crate::rt::store::Store as Core;
use crate::wasm::registry::TypeRegistry;
use crate::wasm::subtype::heap_type_matches;
use crate::wasm::types::HeapType;

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
    AnyRef(Option<AnyRef>),
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
            ValType::Ref(RefType { heap, .. }) if heap.type_id().is_some() => Val::FuncRef(None),
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
    ///
    /// Inlined, so that numbers are put where they belong: copying a value that was just written
    /// in parts takes longer than all the rest.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub(super) fn from_slots(ty: ValType, slots: &[u64], core: &Core) -> Val {
        let bits = slots[0];
        match ty {
            ValType::I32 => Val::I32(bits as i32),
            ValType::I64 => Val::I64(bits as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(bits),
            ValType::V128 => Val::V128(u128::from(bits) | u128::from(slots[1]) << 64),
            ValType::Ref(ty) => Val::from_reference(ty, bits, core),
        }
    }
    #[inline(never)]
    fn from_reference(ty: RefType, bits: u64, core: &Core) -> Val {
        match Kind::of(ty.heap, &core.registry) {
            Kind::Func => Val::FuncRef(Func::from_bits(bits, core)),
            Kind::Extern => Val::ExternRef(ExternRef::from_bits(bits, core)),
            Kind::Any => Val::AnyRef(AnyRef::from_bits(bits, core)),
            Kind::Exn => Val::ExnRef(Exception::from_bits(bits, core)),
        }
    }
    /// Into the slots of a store, as a value of type `ty`.
    ///
    /// # Errors
    /// Usage: it is not of that type, or belongs to another store.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub(super) fn write_slots(
        &self,
        ty: ValType,
        slots: &mut [u64],
        core: &Core,
    ) -> Result<(), Error> {
        slots[0] = match (self, ty) {
            (&Val::I32(value), ValType::I32) => u64::from(value as u32),
            (&Val::I64(value), ValType::I64) => value as u64,
            (&Val::F32(bits), ValType::F32) => u64::from(bits),
            (&Val::F64(bits), ValType::F64) => bits,
            (&Val::V128(bits), ValType::V128) => {
                slots[1] = (bits >> 64) as u64;
                bits as u64
            }
            (value, ty) => value.bits_of_reference(ty, core)?,
        };
        Ok(())
    }
    #[inline(never)]
    fn bits_of_reference(&self, ty: ValType, core: &Core) -> Result<u64, Error> {
        let bits = if let ValType::Ref(ty) = ty { self.reference(ty, core)? } else { None };
        let mismatch =
            || Error::usage(alloc::format!("a value of type {ty} is wanted, not {self:?}"));
        bits.ok_or_else(mismatch)
    }
    /// As [`Val::write_slots`], in slots of its own.
    pub(super) fn to_bits(self, ty: ValType, core: &Core) -> Result<[u64; 2], Error> {
        let mut slots = [0; 2];
        self.write_slots(ty, &mut slots, core)?;
        Ok(slots)
    }
    /// The bits of a reference, if it is one of type `ty`: what guests rely on.
    fn reference(&self, ty: RefType, core: &Core) -> Result<Option<u64>, Error> {
        let registry = &core.registry;
        if !registry.knows(ty.heap) {
            return Err(Error::usage(alloc::format!("there is no type {}", ty.heap)));
        }
        let wanted = Kind::of(ty.heap, registry);
        let (kind, of) = match self {
            Val::FuncRef(func) => {
                let id = func.map(|func| func.type_id(core)).transpose()?;
                let bits = func.map(|func| func.bits(core)).transpose()?;
                (Kind::Func, bits.zip(id.map(HeapType::Exact)))
            }
            Val::ExternRef(value) => {
                let bits = value.map(|value| value.bits(core)).transpose()?;
                (Kind::Extern, bits.map(|bits| (bits, HeapType::Extern)))
            }
            Val::AnyRef(value) => {
                let bits = value.map(|value| value.bits(core)).transpose()?;
                (Kind::Any, bits.map(|bits| (bits, heap_type(bits).exact())))
            }
            Val::ExnRef(value) => {
                let bits = value.map(|value| value.bits(core)).transpose()?;
                (Kind::Exn, bits.map(|bits| (bits, HeapType::Exn)))
            }
            _ => return Ok(None),
        };
        Ok(match of {
            // `Val::default_for` cannot tell the hierarchies of defined types.
            None if ty.heap.type_id().is_some() => ty.nullable.then_some(0),
            None => (ty.nullable && kind == wanted).then_some(0),
            Some((bits, heap)) => {
                (kind == wanted && heap_type_matches(registry, heap, ty.heap)).then_some(bits)
            }
        })
    }
    /// Values from slots, one after the other; as many values as types.
    pub(super) fn list_from_slots(vals: &mut [Val], types: &[ValType], slots: &[u64], core: &Core) {
        let mut at = 0;
        for (i, val) in vals.iter_mut().enumerate() {
            let Some(&ty) = types.get(i) else { return };
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
        for (i, val) in vals.iter().enumerate() {
            let Some(&ty) = types.get(i) else { break };
            val.write_slots(ty, &mut slots[at..], core)?;
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
    AnyRef = |x| Val::AnyRef(Some(x));
    StructRef = |x| Val::AnyRef(Some(x.into()));
    ArrayRef = |x| Val::AnyRef(Some(x.into()));
    Exception = |x| Val::ExnRef(Some(x));
    Option<Func> = |x| Val::FuncRef(x);
    Option<ExternRef> = |x| Val::ExternRef(x);
    Option<AnyRef> = |x| Val::AnyRef(x);
    Option<StructRef> = |x| Val::AnyRef(x.map(Into::into));
    Option<ArrayRef> = |x| Val::AnyRef(x.map(Into::into));
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
        match heap.type_id().and_then(|id| registry.lookup(id)) {
            Some(ty) if ty.func().is_some() => Kind::Func,
            _ => Kind::of_abstract(heap),
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
