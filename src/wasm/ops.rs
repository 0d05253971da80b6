//! The instructions that are not scalar arithmetic: memory accesses, atomics, vectors, and all the
//! rest. One row each; opcode, text and the columns that validation and execution need.
//!
//! Opcodes behind a prefix are written as in the columns' legend: plain numbers behind 0xFD
//! (vectors) and 0xFE (atomics), `0xFBnn`, `0xFCnn`, `0xFEnn` among the others.

use super::types::{NumType, ValType};

/// What every table of instructions has: opcodes, texts, the list of all.
macro_rules! common {
    ($name:ident, $($code:literal $text:literal $op:ident),*) => {
        impl $name {
            /// Every instruction, in the order of the rows.
            pub const ALL: &'static [$name] = &[$( $name::$op, )*];
            /// The instruction with this opcode.
            #[inline]
            pub const fn decode(code: u32) -> Option<$name> {
                match code { $( $code => Some($name::$op), )* _ => None }
            }
            /// The opcode.
            #[inline]
            pub const fn code(self) -> u32 { match self { $( $name::$op => $code, )* } }
            /// The name in the text format.
            pub const fn text(self) -> &'static str { match self { $( $name::$op => $text, )* } }
        }
    };
}

/// Hands the rows of the scalar loads to the macro `$derive`: opcode, text, name, width in bytes,
/// whether a narrow number is sign-extended, type of the result.
#[macro_export]
#[doc(hidden)]
macro_rules! load_rows {
    ($derive:path) => {
        $derive! {
            0x28 "i32.load"     I32Load     4 false I32;
            0x29 "i64.load"     I64Load     8 false I64;
            0x2A "f32.load"     F32Load     4 false F32;
            0x2B "f64.load"     F64Load     8 false F64;
            0x2C "i32.load8_s"  I32Load8S   1 true  I32;
            0x2D "i32.load8_u"  I32Load8U   1 false I32;
            0x2E "i32.load16_s" I32Load16S  2 true  I32;
            0x2F "i32.load16_u" I32Load16U  2 false I32;
            0x30 "i64.load8_s"  I64Load8S   1 true  I64;
            0x31 "i64.load8_u"  I64Load8U   1 false I64;
            0x32 "i64.load16_s" I64Load16S  2 true  I64;
            0x33 "i64.load16_u" I64Load16U  2 false I64;
            0x34 "i64.load32_s" I64Load32S  4 true  I64;
            0x35 "i64.load32_u" I64Load32U  4 false I64;
        }
    };
}
macro_rules! derive_loads {
    ($($code:literal $text:literal $op:ident $width:literal $signed:literal $ty:ident;)*) => {
        /// The scalar loads (spec §2.4.6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum LoadOp { $( $op, )* }
        common!(LoadOp, $($code $text $op),*);
        impl LoadOp {
            /// How many bytes are read.
            #[inline]
            pub const fn width(self) -> u32 { match self { $( LoadOp::$op => $width, )* } }
            /// Whether the number read is sign-extended.
            #[inline]
            pub const fn signed(self) -> bool { match self { $( LoadOp::$op => $signed, )* } }
            /// The type of the result.
            #[inline]
            pub const fn ty(self) -> NumType { match self { $( LoadOp::$op => NumType::$ty, )* } }
        }
    };
}
load_rows!(derive_loads);

/// Hands the rows of the scalar stores to the macro `$derive`: opcode, text, name, width in bytes,
/// type of the operand.
#[macro_export]
#[doc(hidden)]
macro_rules! store_rows {
    ($derive:path) => {
        $derive! {
            0x36 "i32.store"    I32Store    4 I32;
            0x37 "i64.store"    I64Store    8 I64;
            0x38 "f32.store"    F32Store    4 F32;
            0x39 "f64.store"    F64Store    8 F64;
            0x3A "i32.store8"   I32Store8   1 I32;
            0x3B "i32.store16"  I32Store16  2 I32;
            0x3C "i64.store8"   I64Store8   1 I64;
            0x3D "i64.store16"  I64Store16  2 I64;
            0x3E "i64.store32"  I64Store32  4 I64;
        }
    };
}
macro_rules! derive_stores {
    ($($code:literal $text:literal $op:ident $width:literal $ty:ident;)*) => {
        /// The scalar stores (spec §2.4.6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum StoreOp { $( $op, )* }
        common!(StoreOp, $($code $text $op),*);
        impl StoreOp {
            /// How many bytes are written.
            #[inline]
            pub const fn width(self) -> u32 { match self { $( StoreOp::$op => $width, )* } }
            /// Stores have no sign; here for symmetry with the loads.
            #[inline]
            pub const fn signed(self) -> bool { false }
            /// The type of the operand.
            #[inline]
            pub const fn ty(self) -> NumType { match self { $( StoreOp::$op => NumType::$ty, )* } }
        }
    };
}
store_rows!(derive_stores);

/// What an atomic instruction does with its place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicKind {
    /// Wakes waiters: address, i32 count → i32.
    Notify,
    /// Waits: address, expected value, i64 timeout → i32.
    Wait,
    /// Loads, zero-extending: address → value.
    Load,
    /// Stores, wrapping: address, value → nothing.
    Store,
    /// Adds: address, value → old value.
    Add,
    /// Subtracts: address, value → old value.
    Sub,
    /// Conjunction: address, value → old value.
    And,
    /// Disjunction: address, value → old value.
    Or,
    /// Exclusive disjunction: address, value → old value.
    Xor,
    /// Exchanges: address, value → old value.
    Xchg,
    /// Compares and exchanges: address, expected value, new value → old value.
    Cmpxchg,
}

/// Hands the rows of the atomics (behind 0xFE) to the macro `$derive`: opcode, text, name, kind,
/// width in bytes, type of the value.
#[macro_export]
#[doc(hidden)]
macro_rules! atomic_rows {
    ($derive:path) => {
        $derive! {
            0x00  "memory.atomic.notify"            MemoryAtomicNotify            Notify   4 I32;
            0x01  "memory.atomic.wait32"            MemoryAtomicWait32            Wait     4 I32;
            0x02  "memory.atomic.wait64"            MemoryAtomicWait64            Wait     8 I64;
            0x10  "i32.atomic.load"                 I32AtomicLoad                 Load     4 I32;
            0x11  "i64.atomic.load"                 I64AtomicLoad                 Load     8 I64;
            0x12  "i32.atomic.load8_u"              I32AtomicLoad8U               Load     1 I32;
            0x13  "i32.atomic.load16_u"             I32AtomicLoad16U              Load     2 I32;
            0x14  "i64.atomic.load8_u"              I64AtomicLoad8U               Load     1 I64;
            0x15  "i64.atomic.load16_u"             I64AtomicLoad16U              Load     2 I64;
            0x16  "i64.atomic.load32_u"             I64AtomicLoad32U              Load     4 I64;
            0x17  "i32.atomic.store"                I32AtomicStore                Store    4 I32;
            0x18  "i64.atomic.store"                I64AtomicStore                Store    8 I64;
            0x19  "i32.atomic.store8"               I32AtomicStore8               Store    1 I32;
            0x1A  "i32.atomic.store16"              I32AtomicStore16              Store    2 I32;
            0x1B  "i64.atomic.store8"               I64AtomicStore8               Store    1 I64;
            0x1C  "i64.atomic.store16"              I64AtomicStore16              Store    2 I64;
            0x1D  "i64.atomic.store32"              I64AtomicStore32              Store    4 I64;
            0x1E  "i32.atomic.rmw.add"              I32AtomicRmwAdd               Add      4 I32;
            0x1F  "i64.atomic.rmw.add"              I64AtomicRmwAdd               Add      8 I64;
            0x20  "i32.atomic.rmw8.add_u"           I32AtomicRmw8AddU             Add      1 I32;
            0x21  "i32.atomic.rmw16.add_u"          I32AtomicRmw16AddU            Add      2 I32;
            0x22  "i64.atomic.rmw8.add_u"           I64AtomicRmw8AddU             Add      1 I64;
            0x23  "i64.atomic.rmw16.add_u"          I64AtomicRmw16AddU            Add      2 I64;
            0x24  "i64.atomic.rmw32.add_u"          I64AtomicRmw32AddU            Add      4 I64;
            0x25  "i32.atomic.rmw.sub"              I32AtomicRmwSub               Sub      4 I32;
            0x26  "i64.atomic.rmw.sub"              I64AtomicRmwSub               Sub      8 I64;
            0x27  "i32.atomic.rmw8.sub_u"           I32AtomicRmw8SubU             Sub      1 I32;
            0x28  "i32.atomic.rmw16.sub_u"          I32AtomicRmw16SubU            Sub      2 I32;
            0x29  "i64.atomic.rmw8.sub_u"           I64AtomicRmw8SubU             Sub      1 I64;
            0x2A  "i64.atomic.rmw16.sub_u"          I64AtomicRmw16SubU            Sub      2 I64;
            0x2B  "i64.atomic.rmw32.sub_u"          I64AtomicRmw32SubU            Sub      4 I64;
            0x2C  "i32.atomic.rmw.and"              I32AtomicRmwAnd               And      4 I32;
            0x2D  "i64.atomic.rmw.and"              I64AtomicRmwAnd               And      8 I64;
            0x2E  "i32.atomic.rmw8.and_u"           I32AtomicRmw8AndU             And      1 I32;
            0x2F  "i32.atomic.rmw16.and_u"          I32AtomicRmw16AndU            And      2 I32;
            0x30  "i64.atomic.rmw8.and_u"           I64AtomicRmw8AndU             And      1 I64;
            0x31  "i64.atomic.rmw16.and_u"          I64AtomicRmw16AndU            And      2 I64;
            0x32  "i64.atomic.rmw32.and_u"          I64AtomicRmw32AndU            And      4 I64;
            0x33  "i32.atomic.rmw.or"               I32AtomicRmwOr                Or       4 I32;
            0x34  "i64.atomic.rmw.or"               I64AtomicRmwOr                Or       8 I64;
            0x35  "i32.atomic.rmw8.or_u"            I32AtomicRmw8OrU              Or       1 I32;
            0x36  "i32.atomic.rmw16.or_u"           I32AtomicRmw16OrU             Or       2 I32;
            0x37  "i64.atomic.rmw8.or_u"            I64AtomicRmw8OrU              Or       1 I64;
            0x38  "i64.atomic.rmw16.or_u"           I64AtomicRmw16OrU             Or       2 I64;
            0x39  "i64.atomic.rmw32.or_u"           I64AtomicRmw32OrU             Or       4 I64;
            0x3A  "i32.atomic.rmw.xor"              I32AtomicRmwXor               Xor      4 I32;
            0x3B  "i64.atomic.rmw.xor"              I64AtomicRmwXor               Xor      8 I64;
            0x3C  "i32.atomic.rmw8.xor_u"           I32AtomicRmw8XorU             Xor      1 I32;
            0x3D  "i32.atomic.rmw16.xor_u"          I32AtomicRmw16XorU            Xor      2 I32;
            0x3E  "i64.atomic.rmw8.xor_u"           I64AtomicRmw8XorU             Xor      1 I64;
            0x3F  "i64.atomic.rmw16.xor_u"          I64AtomicRmw16XorU            Xor      2 I64;
            0x40  "i64.atomic.rmw32.xor_u"          I64AtomicRmw32XorU            Xor      4 I64;
            0x41  "i32.atomic.rmw.xchg"             I32AtomicRmwXchg              Xchg     4 I32;
            0x42  "i64.atomic.rmw.xchg"             I64AtomicRmwXchg              Xchg     8 I64;
            0x43  "i32.atomic.rmw8.xchg_u"          I32AtomicRmw8XchgU            Xchg     1 I32;
            0x44  "i32.atomic.rmw16.xchg_u"         I32AtomicRmw16XchgU           Xchg     2 I32;
            0x45  "i64.atomic.rmw8.xchg_u"          I64AtomicRmw8XchgU            Xchg     1 I64;
            0x46  "i64.atomic.rmw16.xchg_u"         I64AtomicRmw16XchgU           Xchg     2 I64;
            0x47  "i64.atomic.rmw32.xchg_u"         I64AtomicRmw32XchgU           Xchg     4 I64;
            0x48  "i32.atomic.rmw.cmpxchg"          I32AtomicRmwCmpxchg           Cmpxchg  4 I32;
            0x49  "i64.atomic.rmw.cmpxchg"          I64AtomicRmwCmpxchg           Cmpxchg  8 I64;
            0x4A  "i32.atomic.rmw8.cmpxchg_u"       I32AtomicRmw8CmpxchgU         Cmpxchg  1 I32;
            0x4B  "i32.atomic.rmw16.cmpxchg_u"      I32AtomicRmw16CmpxchgU        Cmpxchg  2 I32;
            0x4C  "i64.atomic.rmw8.cmpxchg_u"       I64AtomicRmw8CmpxchgU         Cmpxchg  1 I64;
            0x4D  "i64.atomic.rmw16.cmpxchg_u"      I64AtomicRmw16CmpxchgU        Cmpxchg  2 I64;
            0x4E  "i64.atomic.rmw32.cmpxchg_u"      I64AtomicRmw32CmpxchgU        Cmpxchg  4 I64;
        }
    };
}
macro_rules! derive_atomics {
    ($($code:literal $text:literal $op:ident $kind:ident $width:literal $ty:ident;)*) => {
        /// The atomic memory instructions (proposal threads), without the fence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum AtomicOp { $( $op, )* }
        common!(AtomicOp, $($code $text $op),*);
        impl AtomicOp {
            /// What it does.
            #[inline]
            pub const fn kind(self) -> AtomicKind {
                match self { $( AtomicOp::$op => AtomicKind::$kind, )* }
            }
            /// How many bytes are accessed: also the alignment that is asked for.
            #[inline]
            pub const fn width(self) -> u32 { match self { $( AtomicOp::$op => $width, )* } }
            /// The type of the value in memory, widened.
            #[inline]
            pub const fn ty(self) -> NumType { match self { $( AtomicOp::$op => NumType::$ty, )* } }
        }
    };
}
atomic_rows!(derive_atomics);

/// Operands and result of a vector instruction; `v` is a v128, `n` the number given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimdShape {
    /// v → v
    Unary,
    /// v v → v
    Binary,
    /// v v v → v
    Ternary,
    /// v i32 → v
    Shift,
    /// v → i32
    Test,
    /// n → v
    Splat(NumType),
    /// v → n, with a lane
    Extract(NumType),
    /// v n → v, with a lane
    Replace(NumType),
    /// address → v
    Load,
    /// address v → v, with a lane
    LoadLane,
    /// address v → nothing
    Store,
    /// address v → nothing, with a lane
    StoreLane,
    /// nothing → v, with 16 bytes
    Const,
    /// v v → v, with 16 lanes
    Shuffle,
}
impl SimdShape {
    /// Whether a memory is accessed.
    #[inline]
    pub const fn is_memory(self) -> bool {
        use SimdShape::{Load, LoadLane, Store, StoreLane};
        matches!(self, Load | LoadLane | Store | StoreLane)
    }
    /// Whether a lane is chosen by an immediate.
    #[inline]
    pub const fn has_lane(self) -> bool {
        use SimdShape::{Extract, LoadLane, Replace, StoreLane};
        matches!(self, Extract(_) | Replace(_) | LoadLane | StoreLane)
    }
}

/// Hands the rows of the vector instructions (behind 0xFD) to the macro `$derive`: opcode, text,
/// name, shape, bytes of memory accessed, lanes.
#[macro_export]
#[doc(hidden)]
macro_rules! simd_rows { ($derive:path) => { $derive! {
    0x00  "v128.load"                             V128Load                          Load         16 1;
    0x01  "v128.load8x8_s"                        V128Load8x8S                      Load         8  8;
    0x02  "v128.load8x8_u"                        V128Load8x8U                      Load         8  8;
    0x03  "v128.load16x4_s"                       V128Load16x4S                     Load         8  4;
    0x04  "v128.load16x4_u"                       V128Load16x4U                     Load         8  4;
    0x05  "v128.load32x2_s"                       V128Load32x2S                     Load         8  2;
    0x06  "v128.load32x2_u"                       V128Load32x2U                     Load         8  2;
    0x07  "v128.load8_splat"                      V128Load8Splat                    Load         1  16;
    0x08  "v128.load16_splat"                     V128Load16Splat                   Load         2  8;
    0x09  "v128.load32_splat"                     V128Load32Splat                   Load         4  4;
    0x0A  "v128.load64_splat"                     V128Load64Splat                   Load         8  2;
    0x0B  "v128.store"                            V128Store                         Store        16 1;
    0x0C  "v128.const"                            V128Const                         Const        0  1;
    0x0D  "i8x16.shuffle"                         I8x16Shuffle                      Shuffle      0  16;
    0x0E  "i8x16.swizzle"                         I8x16Swizzle                      Binary       0  16;
    0x0F  "i8x16.splat"                           I8x16Splat                        Splat(I32)   0  16;
    0x10  "i16x8.splat"                           I16x8Splat                        Splat(I32)   0  8;
    0x11  "i32x4.splat"                           I32x4Splat                        Splat(I32)   0  4;
    0x12  "i64x2.splat"                           I64x2Splat                        Splat(I64)   0  2;
    0x13  "f32x4.splat"                           F32x4Splat                        Splat(F32)   0  4;
    0x14  "f64x2.splat"                           F64x2Splat                        Splat(F64)   0  2;
    0x15  "i8x16.extract_lane_s"                  I8x16ExtractLaneS                 Extract(I32) 0  16;
    0x16  "i8x16.extract_lane_u"                  I8x16ExtractLaneU                 Extract(I32) 0  16;
    0x17  "i8x16.replace_lane"                    I8x16ReplaceLane                  Replace(I32) 0  16;
    0x18  "i16x8.extract_lane_s"                  I16x8ExtractLaneS                 Extract(I32) 0  8;
    0x19  "i16x8.extract_lane_u"                  I16x8ExtractLaneU                 Extract(I32) 0  8;
    0x1A  "i16x8.replace_lane"                    I16x8ReplaceLane                  Replace(I32) 0  8;
    0x1B  "i32x4.extract_lane"                    I32x4ExtractLane                  Extract(I32) 0  4;
    0x1C  "i32x4.replace_lane"                    I32x4ReplaceLane                  Replace(I32) 0  4;
    0x1D  "i64x2.extract_lane"                    I64x2ExtractLane                  Extract(I64) 0  2;
    0x1E  "i64x2.replace_lane"                    I64x2ReplaceLane                  Replace(I64) 0  2;
    0x1F  "f32x4.extract_lane"                    F32x4ExtractLane                  Extract(F32) 0  4;
    0x20  "f32x4.replace_lane"                    F32x4ReplaceLane                  Replace(F32) 0  4;
    0x21  "f64x2.extract_lane"                    F64x2ExtractLane                  Extract(F64) 0  2;
    0x22  "f64x2.replace_lane"                    F64x2ReplaceLane                  Replace(F64) 0  2;
    0x23  "i8x16.eq"                              I8x16Eq                           Binary       0  16;
    0x24  "i8x16.ne"                              I8x16Ne                           Binary       0  16;
    0x25  "i8x16.lt_s"                            I8x16LtS                          Binary       0  16;
    0x26  "i8x16.lt_u"                            I8x16LtU                          Binary       0  16;
    0x27  "i8x16.gt_s"                            I8x16GtS                          Binary       0  16;
    0x28  "i8x16.gt_u"                            I8x16GtU                          Binary       0  16;
    0x29  "i8x16.le_s"                            I8x16LeS                          Binary       0  16;
    0x2A  "i8x16.le_u"                            I8x16LeU                          Binary       0  16;
    0x2B  "i8x16.ge_s"                            I8x16GeS                          Binary       0  16;
    0x2C  "i8x16.ge_u"                            I8x16GeU                          Binary       0  16;
    0x2D  "i16x8.eq"                              I16x8Eq                           Binary       0  8;
    0x2E  "i16x8.ne"                              I16x8Ne                           Binary       0  8;
    0x2F  "i16x8.lt_s"                            I16x8LtS                          Binary       0  8;
    0x30  "i16x8.lt_u"                            I16x8LtU                          Binary       0  8;
    0x31  "i16x8.gt_s"                            I16x8GtS                          Binary       0  8;
    0x32  "i16x8.gt_u"                            I16x8GtU                          Binary       0  8;
    0x33  "i16x8.le_s"                            I16x8LeS                          Binary       0  8;
    0x34  "i16x8.le_u"                            I16x8LeU                          Binary       0  8;
    0x35  "i16x8.ge_s"                            I16x8GeS                          Binary       0  8;
    0x36  "i16x8.ge_u"                            I16x8GeU                          Binary       0  8;
    0x37  "i32x4.eq"                              I32x4Eq                           Binary       0  4;
    0x38  "i32x4.ne"                              I32x4Ne                           Binary       0  4;
    0x39  "i32x4.lt_s"                            I32x4LtS                          Binary       0  4;
    0x3A  "i32x4.lt_u"                            I32x4LtU                          Binary       0  4;
    0x3B  "i32x4.gt_s"                            I32x4GtS                          Binary       0  4;
    0x3C  "i32x4.gt_u"                            I32x4GtU                          Binary       0  4;
    0x3D  "i32x4.le_s"                            I32x4LeS                          Binary       0  4;
    0x3E  "i32x4.le_u"                            I32x4LeU                          Binary       0  4;
    0x3F  "i32x4.ge_s"                            I32x4GeS                          Binary       0  4;
    0x40  "i32x4.ge_u"                            I32x4GeU                          Binary       0  4;
    0x41  "f32x4.eq"                              F32x4Eq                           Binary       0  4;
    0x42  "f32x4.ne"                              F32x4Ne                           Binary       0  4;
    0x43  "f32x4.lt"                              F32x4Lt                           Binary       0  4;
    0x44  "f32x4.gt"                              F32x4Gt                           Binary       0  4;
    0x45  "f32x4.le"                              F32x4Le                           Binary       0  4;
    0x46  "f32x4.ge"                              F32x4Ge                           Binary       0  4;
    0x47  "f64x2.eq"                              F64x2Eq                           Binary       0  2;
    0x48  "f64x2.ne"                              F64x2Ne                           Binary       0  2;
    0x49  "f64x2.lt"                              F64x2Lt                           Binary       0  2;
    0x4A  "f64x2.gt"                              F64x2Gt                           Binary       0  2;
    0x4B  "f64x2.le"                              F64x2Le                           Binary       0  2;
    0x4C  "f64x2.ge"                              F64x2Ge                           Binary       0  2;
    0x4D  "v128.not"                              V128Not                           Unary        0  1;
    0x4E  "v128.and"                              V128And                           Binary       0  1;
    0x4F  "v128.andnot"                           V128Andnot                        Binary       0  1;
    0x50  "v128.or"                               V128Or                            Binary       0  1;
    0x51  "v128.xor"                              V128Xor                           Binary       0  1;
    0x52  "v128.bitselect"                        V128Bitselect                     Ternary      0  1;
    0x53  "v128.any_true"                         V128AnyTrue                       Test         0  1;
    0x54  "v128.load8_lane"                       V128Load8Lane                     LoadLane     1  16;
    0x55  "v128.load16_lane"                      V128Load16Lane                    LoadLane     2  8;
    0x56  "v128.load32_lane"                      V128Load32Lane                    LoadLane     4  4;
    0x57  "v128.load64_lane"                      V128Load64Lane                    LoadLane     8  2;
    0x58  "v128.store8_lane"                      V128Store8Lane                    StoreLane    1  16;
    0x59  "v128.store16_lane"                     V128Store16Lane                   StoreLane    2  8;
    0x5A  "v128.store32_lane"                     V128Store32Lane                   StoreLane    4  4;
    0x5B  "v128.store64_lane"                     V128Store64Lane                   StoreLane    8  2;
    0x5C  "v128.load32_zero"                      V128Load32Zero                    Load         4  1;
    0x5D  "v128.load64_zero"                      V128Load64Zero                    Load         8  1;
    0x5E  "f32x4.demote_f64x2_zero"               F32x4DemoteF64x2Zero              Unary        0  4;
    0x5F  "f64x2.promote_low_f32x4"               F64x2PromoteLowF32x4              Unary        0  2;
    0x60  "i8x16.abs"                             I8x16Abs                          Unary        0  16;
    0x61  "i8x16.neg"                             I8x16Neg                          Unary        0  16;
    0x62  "i8x16.popcnt"                          I8x16Popcnt                       Unary        0  16;
    0x63  "i8x16.all_true"                        I8x16AllTrue                      Test         0  16;
    0x64  "i8x16.bitmask"                         I8x16Bitmask                      Test         0  16;
    0x65  "i8x16.narrow_i16x8_s"                  I8x16NarrowI16x8S                 Binary       0  16;
    0x66  "i8x16.narrow_i16x8_u"                  I8x16NarrowI16x8U                 Binary       0  16;
    0x67  "f32x4.ceil"                            F32x4Ceil                         Unary        0  4;
    0x68  "f32x4.floor"                           F32x4Floor                        Unary        0  4;
    0x69  "f32x4.trunc"                           F32x4Trunc                        Unary        0  4;
    0x6A  "f32x4.nearest"                         F32x4Nearest                      Unary        0  4;
    0x6B  "i8x16.shl"                             I8x16Shl                          Shift        0  16;
    0x6C  "i8x16.shr_s"                           I8x16ShrS                         Shift        0  16;
    0x6D  "i8x16.shr_u"                           I8x16ShrU                         Shift        0  16;
    0x6E  "i8x16.add"                             I8x16Add                          Binary       0  16;
    0x6F  "i8x16.add_sat_s"                       I8x16AddSatS                      Binary       0  16;
    0x70  "i8x16.add_sat_u"                       I8x16AddSatU                      Binary       0  16;
    0x71  "i8x16.sub"                             I8x16Sub                          Binary       0  16;
    0x72  "i8x16.sub_sat_s"                       I8x16SubSatS                      Binary       0  16;
    0x73  "i8x16.sub_sat_u"                       I8x16SubSatU                      Binary       0  16;
    0x74  "f64x2.ceil"                            F64x2Ceil                         Unary        0  2;
    0x75  "f64x2.floor"                           F64x2Floor                        Unary        0  2;
    0x76  "i8x16.min_s"                           I8x16MinS                         Binary       0  16;
    0x77  "i8x16.min_u"                           I8x16MinU                         Binary       0  16;
    0x78  "i8x16.max_s"                           I8x16MaxS                         Binary       0  16;
    0x79  "i8x16.max_u"                           I8x16MaxU                         Binary       0  16;
    0x7A  "f64x2.trunc"                           F64x2Trunc                        Unary        0  2;
    0x7B  "i8x16.avgr_u"                          I8x16AvgrU                        Binary       0  16;
    0x7C  "i16x8.extadd_pairwise_i8x16_s"         I16x8ExtaddPairwiseI8x16S         Unary        0  8;
    0x7D  "i16x8.extadd_pairwise_i8x16_u"         I16x8ExtaddPairwiseI8x16U         Unary        0  8;
    0x7E  "i32x4.extadd_pairwise_i16x8_s"         I32x4ExtaddPairwiseI16x8S         Unary        0  4;
    0x7F  "i32x4.extadd_pairwise_i16x8_u"         I32x4ExtaddPairwiseI16x8U         Unary        0  4;
    0x80  "i16x8.abs"                             I16x8Abs                          Unary        0  8;
    0x81  "i16x8.neg"                             I16x8Neg                          Unary        0  8;
    0x82  "i16x8.q15mulr_sat_s"                   I16x8Q15mulrSatS                  Binary       0  8;
    0x83  "i16x8.all_true"                        I16x8AllTrue                      Test         0  8;
    0x84  "i16x8.bitmask"                         I16x8Bitmask                      Test         0  8;
    0x85  "i16x8.narrow_i32x4_s"                  I16x8NarrowI32x4S                 Binary       0  8;
    0x86  "i16x8.narrow_i32x4_u"                  I16x8NarrowI32x4U                 Binary       0  8;
    0x87  "i16x8.extend_low_i8x16_s"              I16x8ExtendLowI8x16S              Unary        0  8;
    0x88  "i16x8.extend_high_i8x16_s"             I16x8ExtendHighI8x16S             Unary        0  8;
    0x89  "i16x8.extend_low_i8x16_u"              I16x8ExtendLowI8x16U              Unary        0  8;
    0x8A  "i16x8.extend_high_i8x16_u"             I16x8ExtendHighI8x16U             Unary        0  8;
    0x8B  "i16x8.shl"                             I16x8Shl                          Shift        0  8;
    0x8C  "i16x8.shr_s"                           I16x8ShrS                         Shift        0  8;
    0x8D  "i16x8.shr_u"                           I16x8ShrU                         Shift        0  8;
    0x8E  "i16x8.add"                             I16x8Add                          Binary       0  8;
    0x8F  "i16x8.add_sat_s"                       I16x8AddSatS                      Binary       0  8;
    0x90  "i16x8.add_sat_u"                       I16x8AddSatU                      Binary       0  8;
    0x91  "i16x8.sub"                             I16x8Sub                          Binary       0  8;
    0x92  "i16x8.sub_sat_s"                       I16x8SubSatS                      Binary       0  8;
    0x93  "i16x8.sub_sat_u"                       I16x8SubSatU                      Binary       0  8;
    0x94  "f64x2.nearest"                         F64x2Nearest                      Unary        0  2;
    0x95  "i16x8.mul"                             I16x8Mul                          Binary       0  8;
    0x96  "i16x8.min_s"                           I16x8MinS                         Binary       0  8;
    0x97  "i16x8.min_u"                           I16x8MinU                         Binary       0  8;
    0x98  "i16x8.max_s"                           I16x8MaxS                         Binary       0  8;
    0x99  "i16x8.max_u"                           I16x8MaxU                         Binary       0  8;
    0x9B  "i16x8.avgr_u"                          I16x8AvgrU                        Binary       0  8;
    0x9C  "i16x8.extmul_low_i8x16_s"              I16x8ExtmulLowI8x16S              Binary       0  8;
    0x9D  "i16x8.extmul_high_i8x16_s"             I16x8ExtmulHighI8x16S             Binary       0  8;
    0x9E  "i16x8.extmul_low_i8x16_u"              I16x8ExtmulLowI8x16U              Binary       0  8;
    0x9F  "i16x8.extmul_high_i8x16_u"             I16x8ExtmulHighI8x16U             Binary       0  8;
    0xA0  "i32x4.abs"                             I32x4Abs                          Unary        0  4;
    0xA1  "i32x4.neg"                             I32x4Neg                          Unary        0  4;
    0xA3  "i32x4.all_true"                        I32x4AllTrue                      Test         0  4;
    0xA4  "i32x4.bitmask"                         I32x4Bitmask                      Test         0  4;
    0xA7  "i32x4.extend_low_i16x8_s"              I32x4ExtendLowI16x8S              Unary        0  4;
    0xA8  "i32x4.extend_high_i16x8_s"             I32x4ExtendHighI16x8S             Unary        0  4;
    0xA9  "i32x4.extend_low_i16x8_u"              I32x4ExtendLowI16x8U              Unary        0  4;
    0xAA  "i32x4.extend_high_i16x8_u"             I32x4ExtendHighI16x8U             Unary        0  4;
    0xAB  "i32x4.shl"                             I32x4Shl                          Shift        0  4;
    0xAC  "i32x4.shr_s"                           I32x4ShrS                         Shift        0  4;
    0xAD  "i32x4.shr_u"                           I32x4ShrU                         Shift        0  4;
    0xAE  "i32x4.add"                             I32x4Add                          Binary       0  4;
    0xB1  "i32x4.sub"                             I32x4Sub                          Binary       0  4;
    0xB5  "i32x4.mul"                             I32x4Mul                          Binary       0  4;
    0xB6  "i32x4.min_s"                           I32x4MinS                         Binary       0  4;
    0xB7  "i32x4.min_u"                           I32x4MinU                         Binary       0  4;
    0xB8  "i32x4.max_s"                           I32x4MaxS                         Binary       0  4;
    0xB9  "i32x4.max_u"                           I32x4MaxU                         Binary       0  4;
    0xBA  "i32x4.dot_i16x8_s"                     I32x4DotI16x8S                    Binary       0  4;
    0xBC  "i32x4.extmul_low_i16x8_s"              I32x4ExtmulLowI16x8S              Binary       0  4;
    0xBD  "i32x4.extmul_high_i16x8_s"             I32x4ExtmulHighI16x8S             Binary       0  4;
    0xBE  "i32x4.extmul_low_i16x8_u"              I32x4ExtmulLowI16x8U              Binary       0  4;
    0xBF  "i32x4.extmul_high_i16x8_u"             I32x4ExtmulHighI16x8U             Binary       0  4;
    0xC0  "i64x2.abs"                             I64x2Abs                          Unary        0  2;
    0xC1  "i64x2.neg"                             I64x2Neg                          Unary        0  2;
    0xC3  "i64x2.all_true"                        I64x2AllTrue                      Test         0  2;
    0xC4  "i64x2.bitmask"                         I64x2Bitmask                      Test         0  2;
    0xC7  "i64x2.extend_low_i32x4_s"              I64x2ExtendLowI32x4S              Unary        0  2;
    0xC8  "i64x2.extend_high_i32x4_s"             I64x2ExtendHighI32x4S             Unary        0  2;
    0xC9  "i64x2.extend_low_i32x4_u"              I64x2ExtendLowI32x4U              Unary        0  2;
    0xCA  "i64x2.extend_high_i32x4_u"             I64x2ExtendHighI32x4U             Unary        0  2;
    0xCB  "i64x2.shl"                             I64x2Shl                          Shift        0  2;
    0xCC  "i64x2.shr_s"                           I64x2ShrS                         Shift        0  2;
    0xCD  "i64x2.shr_u"                           I64x2ShrU                         Shift        0  2;
    0xCE  "i64x2.add"                             I64x2Add                          Binary       0  2;
    0xD1  "i64x2.sub"                             I64x2Sub                          Binary       0  2;
    0xD5  "i64x2.mul"                             I64x2Mul                          Binary       0  2;
    0xD6  "i64x2.eq"                              I64x2Eq                           Binary       0  2;
    0xD7  "i64x2.ne"                              I64x2Ne                           Binary       0  2;
    0xD8  "i64x2.lt_s"                            I64x2LtS                          Binary       0  2;
    0xD9  "i64x2.gt_s"                            I64x2GtS                          Binary       0  2;
    0xDA  "i64x2.le_s"                            I64x2LeS                          Binary       0  2;
    0xDB  "i64x2.ge_s"                            I64x2GeS                          Binary       0  2;
    0xDC  "i64x2.extmul_low_i32x4_s"              I64x2ExtmulLowI32x4S              Binary       0  2;
    0xDD  "i64x2.extmul_high_i32x4_s"             I64x2ExtmulHighI32x4S             Binary       0  2;
    0xDE  "i64x2.extmul_low_i32x4_u"              I64x2ExtmulLowI32x4U              Binary       0  2;
    0xDF  "i64x2.extmul_high_i32x4_u"             I64x2ExtmulHighI32x4U             Binary       0  2;
    0xE0  "f32x4.abs"                             F32x4Abs                          Unary        0  4;
    0xE1  "f32x4.neg"                             F32x4Neg                          Unary        0  4;
    0xE3  "f32x4.sqrt"                            F32x4Sqrt                         Unary        0  4;
    0xE4  "f32x4.add"                             F32x4Add                          Binary       0  4;
    0xE5  "f32x4.sub"                             F32x4Sub                          Binary       0  4;
    0xE6  "f32x4.mul"                             F32x4Mul                          Binary       0  4;
    0xE7  "f32x4.div"                             F32x4Div                          Binary       0  4;
    0xE8  "f32x4.min"                             F32x4Min                          Binary       0  4;
    0xE9  "f32x4.max"                             F32x4Max                          Binary       0  4;
    0xEA  "f32x4.pmin"                            F32x4Pmin                         Binary       0  4;
    0xEB  "f32x4.pmax"                            F32x4Pmax                         Binary       0  4;
    0xEC  "f64x2.abs"                             F64x2Abs                          Unary        0  2;
    0xED  "f64x2.neg"                             F64x2Neg                          Unary        0  2;
    0xEF  "f64x2.sqrt"                            F64x2Sqrt                         Unary        0  2;
    0xF0  "f64x2.add"                             F64x2Add                          Binary       0  2;
    0xF1  "f64x2.sub"                             F64x2Sub                          Binary       0  2;
    0xF2  "f64x2.mul"                             F64x2Mul                          Binary       0  2;
    0xF3  "f64x2.div"                             F64x2Div                          Binary       0  2;
    0xF4  "f64x2.min"                             F64x2Min                          Binary       0  2;
    0xF5  "f64x2.max"                             F64x2Max                          Binary       0  2;
    0xF6  "f64x2.pmin"                            F64x2Pmin                         Binary       0  2;
    0xF7  "f64x2.pmax"                            F64x2Pmax                         Binary       0  2;
    0xF8  "i32x4.trunc_sat_f32x4_s"               I32x4TruncSatF32x4S               Unary        0  4;
    0xF9  "i32x4.trunc_sat_f32x4_u"               I32x4TruncSatF32x4U               Unary        0  4;
    0xFA  "f32x4.convert_i32x4_s"                 F32x4ConvertI32x4S                Unary        0  4;
    0xFB  "f32x4.convert_i32x4_u"                 F32x4ConvertI32x4U                Unary        0  4;
    0xFC  "i32x4.trunc_sat_f64x2_s_zero"          I32x4TruncSatF64x2SZero           Unary        0  4;
    0xFD  "i32x4.trunc_sat_f64x2_u_zero"          I32x4TruncSatF64x2UZero           Unary        0  4;
    0xFE  "f64x2.convert_low_i32x4_s"             F64x2ConvertLowI32x4S             Unary        0  2;
    0xFF  "f64x2.convert_low_i32x4_u"             F64x2ConvertLowI32x4U             Unary        0  2;
    0x100 "i8x16.relaxed_swizzle"                 I8x16RelaxedSwizzle               Binary       0  16;
    0x101 "i32x4.relaxed_trunc_f32x4_s"           I32x4RelaxedTruncF32x4S           Unary        0  4;
    0x102 "i32x4.relaxed_trunc_f32x4_u"           I32x4RelaxedTruncF32x4U           Unary        0  4;
    0x103 "i32x4.relaxed_trunc_f64x2_s_zero"      I32x4RelaxedTruncF64x2SZero       Unary        0  4;
    0x104 "i32x4.relaxed_trunc_f64x2_u_zero"      I32x4RelaxedTruncF64x2UZero       Unary        0  4;
    0x105 "f32x4.relaxed_madd"                    F32x4RelaxedMadd                  Ternary      0  4;
    0x106 "f32x4.relaxed_nmadd"                   F32x4RelaxedNmadd                 Ternary      0  4;
    0x107 "f64x2.relaxed_madd"                    F64x2RelaxedMadd                  Ternary      0  2;
    0x108 "f64x2.relaxed_nmadd"                   F64x2RelaxedNmadd                 Ternary      0  2;
    0x109 "i8x16.relaxed_laneselect"              I8x16RelaxedLaneselect            Ternary      0  16;
    0x10A "i16x8.relaxed_laneselect"              I16x8RelaxedLaneselect            Ternary      0  8;
    0x10B "i32x4.relaxed_laneselect"              I32x4RelaxedLaneselect            Ternary      0  4;
    0x10C "i64x2.relaxed_laneselect"              I64x2RelaxedLaneselect            Ternary      0  2;
    0x10D "f32x4.relaxed_min"                     F32x4RelaxedMin                   Binary       0  4;
    0x10E "f32x4.relaxed_max"                     F32x4RelaxedMax                   Binary       0  4;
    0x10F "f64x2.relaxed_min"                     F64x2RelaxedMin                   Binary       0  2;
    0x110 "f64x2.relaxed_max"                     F64x2RelaxedMax                   Binary       0  2;
    0x111 "i16x8.relaxed_q15mulr_s"               I16x8RelaxedQ15mulrS              Binary       0  8;
    0x112 "i16x8.relaxed_dot_i8x16_i7x16_s"       I16x8RelaxedDotI8x16I7x16S        Binary       0  8;
    0x113 "i32x4.relaxed_dot_i8x16_i7x16_add_s"   I32x4RelaxedDotI8x16I7x16AddS     Ternary      0  4;
}}}
macro_rules! derive_simd {
    ($($code:literal $text:literal $op:ident $shape:ident $(($ty:ident))? $width:literal
       $lanes:literal;)*) => {
        /// The vector instructions, relaxed ones included (spec §2.4.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        #[allow(missing_docs)]
        pub enum SimdOp { $( $op, )* }
        common!(SimdOp, $($code $text $op),*);
        impl SimdOp {
            /// Operands and result.
            #[inline]
            pub const fn shape(self) -> SimdShape {
                const TABLE: &[SimdShape] = &[$( SimdShape::$shape $((NumType::$ty))?, )*];
                TABLE[self as usize]
            }
            /// How many bytes of memory are accessed; 0 if none.
            #[inline]
            pub const fn width(self) -> u32 {
                const TABLE: &[u8] = &[$( $width, )*];
                TABLE[self as usize] as u32
            }
            /// How many lanes there are: the bound of the lane immediate.
            #[inline]
            pub const fn lanes(self) -> u8 {
                const TABLE: &[u8] = &[$( $lanes, )*];
                TABLE[self as usize]
            }
        }
    };
}
simd_rows!(derive_simd);
impl SimdOp {
    /// Whether it belongs to relaxed SIMD.
    #[inline]
    pub const fn is_relaxed(self) -> bool {
        self.code() >= 0x100
    }
    /// The operands (without the address) and the result.
    pub const fn signature(self) -> (&'static [ValType], Option<ValType>) {
        use ValType::{F32, F64, I32, I64, V128};
        const fn val(ty: NumType) -> ValType {
            match ty {
                NumType::I32 => I32,
                NumType::I64 => I64,
                NumType::F32 => F32,
                NumType::F64 => F64,
            }
        }
        match self.shape() {
            SimdShape::Unary => (&[V128], Some(V128)),
            SimdShape::Binary | SimdShape::Shuffle => (&[V128, V128], Some(V128)),
            SimdShape::Ternary => (&[V128, V128, V128], Some(V128)),
            SimdShape::Shift => (&[V128, I32], Some(V128)),
            SimdShape::Test => (&[V128], Some(I32)),
            SimdShape::Splat(ty) => (
                match ty {
                    NumType::I32 => &[I32],
                    NumType::I64 => &[I64],
                    NumType::F32 => &[F32],
                    NumType::F64 => &[F64],
                },
                Some(V128),
            ),
            SimdShape::Extract(ty) => (&[V128], Some(val(ty))),
            SimdShape::Replace(ty) => (
                match ty {
                    NumType::I32 => &[V128, I32],
                    NumType::I64 => &[V128, I64],
                    NumType::F32 => &[V128, F32],
                    NumType::F64 => &[V128, F64],
                },
                Some(V128),
            ),
            SimdShape::Load | SimdShape::Const => (&[], Some(V128)),
            SimdShape::LoadLane => (&[V128], Some(V128)),
            SimdShape::Store | SimdShape::StoreLane => (&[V128], None),
        }
    }
}

/// Hands the rows of all other instructions to the macro `$derive`: opcode, text, name.
#[macro_export]
#[doc(hidden)]
macro_rules! other_rows {
    ($derive:path) => {
        $derive! {
            0x00    "unreachable"                 Unreachable;
            0x01    "nop"                         Nop;
            0x02    "block"                       Block;
            0x03    "loop"                        Loop;
            0x04    "if"                          If;
            0x05    "else"                        Else;
            0x06    "try"                         Try;
            0x07    "catch"                       Catch;
            0x08    "throw"                       Throw;
            0x09    "rethrow"                     Rethrow;
            0x0A    "throw_ref"                   ThrowRef;
            0x0B    "end"                         End;
            0x0C    "br"                          Br;
            0x0D    "br_if"                       BrIf;
            0x0E    "br_table"                    BrTable;
            0x0F    "return"                      Return;
            0x10    "call"                        Call;
            0x11    "call_indirect"               CallIndirect;
            0x12    "return_call"                 ReturnCall;
            0x13    "return_call_indirect"        ReturnCallIndirect;
            0x14    "call_ref"                    CallRef;
            0x15    "return_call_ref"             ReturnCallRef;
            0x18    "delegate"                    Delegate;
            0x19    "catch_all"                   CatchAll;
            0x1A    "drop"                        Drop;
            0x1B    "select"                      Select;
            0x1C    "select"                      SelectT;
            0x1F    "try_table"                   TryTable;
            0x20    "local.get"                   LocalGet;
            0x21    "local.set"                   LocalSet;
            0x22    "local.tee"                   LocalTee;
            0x23    "global.get"                  GlobalGet;
            0x24    "global.set"                  GlobalSet;
            0x25    "table.get"                   TableGet;
            0x26    "table.set"                   TableSet;
            0x3F    "memory.size"                 MemorySize;
            0x40    "memory.grow"                 MemoryGrow;
            0x41    "i32.const"                   I32Const;
            0x42    "i64.const"                   I64Const;
            0x43    "f32.const"                   F32Const;
            0x44    "f64.const"                   F64Const;
            0xD0    "ref.null"                    RefNull;
            0xD1    "ref.is_null"                 RefIsNull;
            0xD2    "ref.func"                    RefFunc;
            0xD3    "ref.eq"                      RefEq;
            0xD4    "ref.as_non_null"             RefAsNonNull;
            0xD5    "br_on_null"                  BrOnNull;
            0xD6    "br_on_non_null"              BrOnNonNull;
            0xFB00  "struct.new"                  StructNew;
            0xFB01  "struct.new_default"          StructNewDefault;
            0xFB02  "struct.get"                  StructGet;
            0xFB03  "struct.get_s"                StructGetS;
            0xFB04  "struct.get_u"                StructGetU;
            0xFB05  "struct.set"                  StructSet;
            0xFB06  "array.new"                   ArrayNew;
            0xFB07  "array.new_default"           ArrayNewDefault;
            0xFB08  "array.new_fixed"             ArrayNewFixed;
            0xFB09  "array.new_data"              ArrayNewData;
            0xFB0A  "array.new_elem"              ArrayNewElem;
            0xFB0B  "array.get"                   ArrayGet;
            0xFB0C  "array.get_s"                 ArrayGetS;
            0xFB0D  "array.get_u"                 ArrayGetU;
            0xFB0E  "array.set"                   ArraySet;
            0xFB0F  "array.len"                   ArrayLen;
            0xFB10  "array.fill"                  ArrayFill;
            0xFB11  "array.copy"                  ArrayCopy;
            0xFB12  "array.init_data"             ArrayInitData;
            0xFB13  "array.init_elem"             ArrayInitElem;
            0xFB14  "ref.test"                    RefTest;
            0xFB15  "ref.test null"               RefTestNull;
            0xFB16  "ref.cast"                    RefCast;
            0xFB17  "ref.cast null"               RefCastNull;
            0xFB18  "br_on_cast"                  BrOnCast;
            0xFB19  "br_on_cast_fail"             BrOnCastFail;
            0xFB1A  "any.convert_extern"          AnyConvertExtern;
            0xFB1B  "extern.convert_any"          ExternConvertAny;
            0xFB1C  "ref.i31"                     RefI31;
            0xFB1D  "i31.get_s"                   I31GetS;
            0xFB1E  "i31.get_u"                   I31GetU;
            0xFB20  "struct.new_desc"             StructNewDesc;
            0xFB21  "struct.new_default_desc"     StructNewDefaultDesc;
            0xFB22  "ref.get_desc"                RefGetDesc;
            0xFB23  "ref.cast_desc_eq"            RefCastDescEq;
            0xFB24  "ref.cast_desc_eq null"       RefCastDescEqNull;
            0xFB25  "br_on_cast_desc_eq"          BrOnCastDescEq;
            0xFB26  "br_on_cast_desc_eq_fail"     BrOnCastDescEqFail;
            0xFC08  "memory.init"                 MemoryInit;
            0xFC09  "data.drop"                   DataDrop;
            0xFC0A  "memory.copy"                 MemoryCopy;
            0xFC0B  "memory.fill"                 MemoryFill;
            0xFC0C  "table.init"                  TableInit;
            0xFC0D  "elem.drop"                   ElemDrop;
            0xFC0E  "table.copy"                  TableCopy;
            0xFC0F  "table.grow"                  TableGrow;
            0xFC10  "table.size"                  TableSize;
            0xFC11  "table.fill"                  TableFill;
            0xFC13  "i64.add128"                  I64Add128;
            0xFC14  "i64.sub128"                  I64Sub128;
            0xFC15  "i64.mul_wide_s"              I64MulWideS;
            0xFC16  "i64.mul_wide_u"              I64MulWideU;
            0xFE03  "atomic.fence"                AtomicFence;
        }
    };
}
macro_rules! derive_others {
    ($($code:literal $text:literal $op:ident;)*) => {
        /// The instructions of no other table: control, variables, references, bulk, GC.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum OtherOp { $( $op, )* }
        common!(OtherOp, $($code $text $op),*);
    };
}
other_rows!(derive_others);

#[cfg(test)]
mod tests {
    use super::super::instr::{BinOp, UnOp};
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn every_opcode_once() {
        let mut seen = BTreeSet::new();
        let mut add = |code: u32| assert!(seen.insert(code), "{code:#x} twice");
        LoadOp::ALL.iter().for_each(|op| add(op.code()));
        StoreOp::ALL.iter().for_each(|op| add(op.code()));
        OtherOp::ALL.iter().for_each(|op| add(op.code()));
        UnOp::ALL.iter().for_each(|op| add(op.code()));
        BinOp::ALL.iter().for_each(|op| add(op.code()));
        SimdOp::ALL.iter().for_each(|op| add(0xFD_0000 + op.code()));
        AtomicOp::ALL.iter().for_each(|op| add(0xFE00 + op.code()));
        let one_byte: BTreeSet<u32> = seen.iter().copied().filter(|&code| code < 0x100).collect();
        let reserved = [0x16, 0x17, 0x1D, 0x1E, 0x27];
        for code in 0..=0xD6 {
            let hole = reserved.contains(&code) || (0xC5..=0xCF).contains(&code);
            assert_eq!(one_byte.contains(&code), !hole, "{code:#x}");
        }
        let count = |from, to| seen.range(from..to).count();
        assert_eq!(count(0xFB00, 0xFC00), 38);
        assert_eq!(count(0xFC00, 0xFD00), 18 + 4);
        assert_eq!(count(0xFE00, 0xFF00), 67);
        assert_eq!(SimdOp::ALL.iter().filter(|op| !op.is_relaxed()).count(), 236);
        assert_eq!(SimdOp::ALL.iter().filter(|op| op.is_relaxed()).count(), 20);
    }
    #[test]
    fn decode_is_the_inverse_of_code() {
        assert!(SimdOp::ALL.iter().all(|&op| SimdOp::decode(op.code()) == Some(op)));
        assert!(AtomicOp::ALL.iter().all(|&op| AtomicOp::decode(op.code()) == Some(op)));
        assert!(OtherOp::ALL.iter().all(|&op| OtherOp::decode(op.code()) == Some(op)));
    }
    #[test]
    fn widths_agree_with_names() {
        assert_eq!(LoadOp::I64Load32S.width(), 4);
        assert!(LoadOp::I64Load32S.signed());
        assert_eq!(SimdOp::V128Load8x8S.width(), 8);
        assert_eq!(SimdOp::V128Load16Lane.lanes(), 8);
        assert_eq!(AtomicOp::I64AtomicRmw16CmpxchgU.width(), 2);
    }
}
