//! The types of the language (spec §2.3) and the Rust types that stand for its numbers.

use alloc::boxed::Box;
use core::fmt;

/// A number type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum NumType {
    I32,
    I64,
    F32,
    F64,
}

/// A Rust type that stands for a number in a 64-bit slot; narrower numbers are zero-extended.
pub trait Value: Copy {
    /// The number type.
    const TYPE: NumType;
    /// From the bits of a slot.
    fn from_bits(bits: u64) -> Self;
    /// To the bits of a slot.
    fn to_bits(self) -> u64;
}
macro_rules! value { ($($t:ty = $v:ident |$x:ident| $from:expr, $to:expr;)*) => { $(
    impl Value for $t {
        const TYPE: NumType = NumType::$v;
        #[inline(always)]
        fn from_bits($x: u64) -> Self { $from }
        #[inline(always)]
        fn to_bits(self) -> u64 { let $x = self; $to }
    }
)* } }
value! {
    i32 = I32 |x| x as i32, x as u32 as u64;
    u32 = I32 |x| x as u32, x as u64;
    i64 = I64 |x| x as i64, x as u64;
    u64 = I64 |x| x, x;
    f32 = F32 |x| f32::from_bits(x as u32), x.to_bits() as u64;
    f64 = F64 |x| f64::from_bits(x), x.to_bits();
}

/// The canonical number of a defined type, engine-wide: two types are equal exactly if their
/// numbers are (spec §3.2.3, iso-recursive equality).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// A heap type (spec §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum HeapType {
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Exn,
    NoExn,
    /// A defined type.
    Defined(TypeId),
    /// A defined type, but none of its subtypes (custom descriptors).
    Exact(TypeId),
    /// The type of a reference popped from unreachable code.
    Bottom,
}

impl HeapType {
    /// The defined type, exact or not.
    #[inline]
    pub const fn type_id(self) -> Option<TypeId> {
        if let HeapType::Defined(id) | HeapType::Exact(id) = self { Some(id) } else { None }
    }
    /// The exact form of a defined type; others have none.
    #[inline]
    #[must_use]
    pub const fn exact(self) -> HeapType {
        if let HeapType::Defined(id) = self { HeapType::Exact(id) } else { self }
    }
}

/// A reference type (spec §2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType {
    /// Whether null belongs to it.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}
impl RefType {
    /// `funcref`.
    pub const FUNC: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// `externref`.
    pub const EXTERN: RefType = RefType { nullable: true, heap: HeapType::Extern };
    /// `anyref`.
    pub const ANY: RefType = RefType { nullable: true, heap: HeapType::Any };
    /// `structref`.
    pub const STRUCT: RefType = RefType { nullable: true, heap: HeapType::Struct };
    /// `arrayref`.
    pub const ARRAY: RefType = RefType { nullable: true, heap: HeapType::Array };
}

/// A value type (spec §2.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ValType {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType),
}
impl ValType {
    /// How many 64-bit slots a value takes.
    #[inline]
    pub const fn slots(self) -> usize {
        if matches!(self, ValType::V128) { 2 } else { 1 }
    }
}
impl From<NumType> for ValType {
    #[inline]
    fn from(num: NumType) -> ValType {
        match num {
            NumType::I32 => ValType::I32,
            NumType::I64 => ValType::I64,
            NumType::F32 => ValType::F32,
            NumType::F64 => ValType::F64,
        }
    }
}

/// A function type (spec §2.3.7).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// Parameters.
    pub params: Box<[ValType]>,
    /// Results.
    pub results: Box<[ValType]>,
}

/// The type of the storage of a field (spec §2.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StorageType {
    I8,
    I16,
    Val(ValType),
}

/// A field of a structure, or the element of an array (spec §2.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldType {
    /// What it holds.
    pub storage: StorageType,
    /// Whether it can be written.
    pub mutable: bool,
}

/// A composite type (spec §2.3.9).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CompositeType {
    Func(FuncType),
    Struct(Box<[FieldType]>),
    Array(FieldType),
}

/// Bounds of a memory or a table (spec §2.3.11), in pages or elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The least size.
    pub min: u64,
    /// The largest size, if there is one.
    pub max: Option<u64>,
    /// Whether addresses are i64.
    pub is_64: bool,
}

/// The type of a memory (spec §2.3.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// Bounds in pages.
    pub limits: Limits,
    /// Whether threads may share it.
    pub shared: bool,
    /// The logarithm of the page size: 16, or 0 with custom page sizes.
    pub page_size_log2: u8,
}

/// The type of a table (spec §2.3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    /// Bounds in elements.
    pub limits: Limits,
    /// The type of the elements.
    pub element: RefType,
}

/// The type of a global (spec §2.3.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    /// What it holds.
    pub value: ValType,
    /// Whether it can be written.
    pub mutable: bool,
}

impl fmt::Display for NumType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NumType::I32 => "i32",
            NumType::I64 => "i64",
            NumType::F32 => "f32",
            NumType::F64 => "f64",
        })
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
            HeapType::Bottom => "bottom",
            HeapType::Defined(TypeId(id)) => return write!(f, "$type{id}"),
            HeapType::Exact(TypeId(id)) => return write!(f, "(exact $type{id})"),
        })
    }
}
impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap) {
            (true, HeapType::Defined(_) | HeapType::Exact(_)) => {
                write!(f, "(ref null {})", self.heap)
            }
            (true, HeapType::None) => f.write_str("nullref"),
            (true, HeapType::NoFunc) => f.write_str("nullfuncref"),
            (true, HeapType::NoExtern) => f.write_str("nullexternref"),
            (true, HeapType::NoExn) => f.write_str("nullexnref"),
            (true, heap) => write!(f, "{heap}ref"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}
impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => ty.fmt(f),
        }
    }
}
impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("[")?;
            for (i, ty) in types.iter().enumerate() {
                write!(f, "{}{ty}", if i == 0 { "" } else { " " })?;
            }
            f.write_str("]")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}
