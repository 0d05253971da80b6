//! Value types in 32 bits: what the validator keeps on its operand stack.

use super::types::{HeapType, NumType, RefType, TypeId, ValType};

/// A value type, or the bottom type of unreachable code.
///
/// References have bit 31; bit 30 says nullable, bit 29 that the low bits are a [`TypeId`]
/// (otherwise they name an abstract heap type), bit 28 that it is exact. Equal types have equal
/// bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ty(u32);

const REF: u32 = 1 << 31;
const NULLABLE: u32 = 1 << 30;
const DEFINED: u32 = 1 << 29;
const EXACT: u32 = 1 << 28;
/// Type numbers are below this.
pub(crate) const MAX_TYPE_IDS: u32 = EXACT;

const HEAPS: [HeapType; 13] = [
    HeapType::Func,
    HeapType::NoFunc,
    HeapType::Extern,
    HeapType::NoExtern,
    HeapType::Any,
    HeapType::Eq,
    HeapType::I31,
    HeapType::Struct,
    HeapType::Array,
    HeapType::None,
    HeapType::Exn,
    HeapType::NoExn,
    HeapType::Bottom,
];

impl Ty {
    pub const BOT: Ty = Ty(0);
    pub const I32: Ty = Ty(1);
    pub const I64: Ty = Ty(2);
    pub const F32: Ty = Ty(3);
    pub const F64: Ty = Ty(4);
    pub const V128: Ty = Ty(5);
    /// The reference of unreachable code.
    pub const BOT_REF: Ty = Ty::heap(false, HeapType::Bottom);
    pub const FUNCREF: Ty = Ty::reference(RefType::FUNC);

    #[inline]
    pub const fn num(ty: NumType) -> Ty {
        match ty {
            NumType::I32 => Ty::I32,
            NumType::I64 => Ty::I64,
            NumType::F32 => Ty::F32,
            NumType::F64 => Ty::F64,
        }
    }
    /// The type of addresses.
    #[inline]
    pub const fn address(is_64: bool) -> Ty {
        if is_64 { Ty::I64 } else { Ty::I32 }
    }
    #[inline]
    pub const fn reference(ty: RefType) -> Ty {
        let nullable = if ty.nullable { NULLABLE } else { 0 };
        let heap = match ty.heap {
            HeapType::Defined(TypeId(id)) => DEFINED | id,
            HeapType::Exact(TypeId(id)) => DEFINED | EXACT | id,
            HeapType::Func => 0,
            HeapType::NoFunc => 1,
            HeapType::Extern => 2,
            HeapType::NoExtern => 3,
            HeapType::Any => 4,
            HeapType::Eq => 5,
            HeapType::I31 => 6,
            HeapType::Struct => 7,
            HeapType::Array => 8,
            HeapType::None => 9,
            HeapType::Exn => 10,
            HeapType::NoExn => 11,
            HeapType::Bottom => 12,
        };
        Ty(REF | nullable | heap)
    }
    /// `(ref heap)` or `(ref null heap)`.
    #[inline]
    pub const fn heap(nullable: bool, heap: HeapType) -> Ty {
        Ty::reference(RefType { nullable, heap })
    }
    #[inline]
    pub const fn is_ref(self) -> bool {
        self.0 & REF != 0
    }
    #[inline]
    pub const fn is_nullable(self) -> bool {
        self.0 & (REF | NULLABLE) == REF | NULLABLE
    }
    /// The same reference type without null; other types are unchanged.
    #[inline]
    pub const fn non_null(self) -> Ty {
        if self.is_ref() { Ty(self.0 & !NULLABLE) } else { self }
    }
    /// Whether a local of this type has a default value.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub const fn is_defaultable(self) -> bool {
        self.0 & (REF | NULLABLE) != REF
    }
    /// Whether it is a number or a vector.
    #[inline]
    pub const fn is_num_or_vec(self) -> bool {
        self.0 >= 1 && self.0 <= 5
    }
    #[inline]
    pub fn ref_type(self) -> Option<RefType> {
        if !self.is_ref() {
            return None;
        }
        let heap = if self.0 & DEFINED != 0 {
            let heap = HeapType::Defined(TypeId(self.0 & (MAX_TYPE_IDS - 1)));
            if self.0 & EXACT != 0 { heap.exact() } else { heap }
        } else {
            HEAPS.get((self.0 & 0xF) as usize).copied().unwrap_or(HeapType::Bottom)
        };
        Some(RefType { nullable: self.0 & NULLABLE != 0, heap })
    }
    /// The type; bottom counts as the bottom reference.
    #[inline]
    pub fn val_type(self) -> ValType {
        match self {
            Ty::I32 => ValType::I32,
            Ty::I64 => ValType::I64,
            Ty::F32 => ValType::F32,
            Ty::F64 => ValType::F64,
            Ty::V128 => ValType::V128,
            _ => ValType::Ref(
                self.ref_type().unwrap_or(RefType { nullable: false, heap: HeapType::Bottom }),
            ),
        }
    }
}
impl From<ValType> for Ty {
    #[inline]
    fn from(ty: ValType) -> Ty {
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(ty) => Ty::reference(ty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for nullable in [false, true] {
            let defined = HeapType::Defined(TypeId(1234));
            for heap in HEAPS.into_iter().chain([defined, defined.exact()]) {
                let ty = RefType { nullable, heap };
                assert_eq!(Ty::reference(ty).ref_type(), Some(ty));
                assert_eq!(Ty::reference(ty).is_defaultable(), nullable);
            }
        }
        for ty in [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128] {
            assert_eq!(Ty::from(ty).val_type(), ty);
            assert!(Ty::from(ty).is_num_or_vec() && Ty::from(ty).is_defaultable());
        }
        assert!(!Ty::BOT.is_num_or_vec());
    }
}
