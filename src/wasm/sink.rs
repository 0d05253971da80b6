//! What a walk over a function body tells its listener.
//!
//! `validate::func` walks a body once and, after it has checked an instruction, calls the method
//! of its family. Instructions in unreachable code are validated but not told, except the
//! structured ones (`block`, `loop_`, `if_`, `else_`, `end`, `try_table` …), which are told always,
//! with `live` saying whether the instruction itself can be reached. `()` listens to nothing.

use super::error::Error;
use super::instr::{BinOp, UnOp};
use super::ops::{AtomicOp, LoadOp, OtherOp, SimdOp, StoreOp};
use super::types::{FuncType, RefType, TypeId, ValType};

/// The immediates of a memory access, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemArg {
    /// Which memory.
    pub memory: u32,
    /// Added to the address.
    pub offset: u64,
    /// Whether the memory's addresses are i64.
    pub is_64: bool,
}

/// The type of a block, resolved.
#[derive(Clone, Copy, Debug)]
pub struct BlockType<'a> {
    /// Popped at the start.
    pub params: &'a [ValType],
    /// Pushed at the end.
    pub results: &'a [ValType],
}

/// A clause of a `try_table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Catch {
    /// The tag, or `None` for `catch_all`.
    pub tag: Option<u32>,
    /// Whether the exception reference is pushed too.
    pub with_ref: bool,
    /// The label, counted from outside the `try_table`.
    pub label: u32,
}

/// What a function body looks like from outside, given at [`Sink::begin`].
#[derive(Clone, Copy, Debug)]
pub struct FuncInfo<'a> {
    /// The index in the module, imports included.
    pub func: u32,
    /// Its type.
    pub ty: &'a FuncType,
    /// Parameters and locals, expanded.
    pub locals: &'a [ValType],
    /// The body after the locals: its bytes.
    pub code: &'a [u8],
    /// Where `code` begins in the module.
    pub code_offset: usize,
}

/// A listener; see the module's text. Every method may refuse with an error.
#[rustfmt::skip]
#[allow(unused_variables, missing_docs, clippy::missing_errors_doc)]
pub trait Sink {
    /// `false` if nothing is listened to: then nothing is prepared for the methods either.
    fn listens(&self) -> bool { true }
    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Error> { Ok(()) }
    /// Called before each method below: where the instruction begins in the module.
    fn at(&mut self, offset: usize) {}
    fn finish(&mut self) -> Result<(), Error> { Ok(()) }
    /// From now on there may be so many operands: told before there are.
    fn operands(&mut self, most: usize) -> Result<(), Error> { Ok(()) }

    // Control. `code_pos` is the offset in `FuncInfo::code` of the first byte of the block's body.
    fn block(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> { Ok(()) }
    fn loop_(&mut self, ty: BlockType<'_>, code_pos: usize, live: bool) -> Result<(), Error> { Ok(()) }
    fn if_(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> { Ok(()) }
    /// `live`: the end of the first arm can be reached.
    fn else_(&mut self, live: bool) -> Result<(), Error> { Ok(()) }
    /// `live`: the end can be reached by falling through. Also called for the function's own end.
    fn end(&mut self, live: bool) -> Result<(), Error> { Ok(()) }
    fn br(&mut self, depth: u32) -> Result<(), Error> { Ok(()) }
    fn br_if(&mut self, depth: u32) -> Result<(), Error> { Ok(()) }
    /// The last target is the default.
    fn br_table(&mut self, targets: &[u32]) -> Result<(), Error> { Ok(()) }
    fn return_(&mut self) -> Result<(), Error> { Ok(()) }
    fn unreachable(&mut self) -> Result<(), Error> { Ok(()) }

    // Calls. `ty` is the callee's type, `type_id` its canonical number.
    fn call(&mut self, func: u32, ty: &FuncType, tail: bool) -> Result<(), Error> { Ok(()) }
    fn call_indirect(&mut self, table: u32, table_is_64: bool, type_id: TypeId, ty: &FuncType, tail: bool) -> Result<(), Error> { Ok(()) }
    fn call_ref(&mut self, type_id: TypeId, ty: &FuncType, tail: bool) -> Result<(), Error> { Ok(()) }

    // Exceptions.
    fn try_table(&mut self, ty: BlockType<'_>, catches: &[Catch], live: bool) -> Result<(), Error> { Ok(()) }
    fn throw(&mut self, tag: u32, ty: &FuncType) -> Result<(), Error> { Ok(()) }
    fn throw_ref(&mut self) -> Result<(), Error> { Ok(()) }
    // Legacy exceptions: `live` of the catches is that of the end of the part before.
    fn try_(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> { Ok(()) }
    fn catch(&mut self, tag: u32, ty: &FuncType, live: bool) -> Result<(), Error> { Ok(()) }
    fn catch_all(&mut self, live: bool) -> Result<(), Error> { Ok(()) }
    fn delegate(&mut self, depth: u32, live: bool) -> Result<(), Error> { Ok(()) }
    fn rethrow(&mut self, depth: u32) -> Result<(), Error> { Ok(()) }

    // Parametric and variables. `ty` is the operand's type where the validator knows it exactly.
    fn drop_(&mut self, ty: ValType) -> Result<(), Error> { Ok(()) }
    fn select(&mut self, ty: ValType) -> Result<(), Error> { Ok(()) }
    fn local_get(&mut self, local: u32) -> Result<(), Error> { Ok(()) }
    fn local_set(&mut self, local: u32) -> Result<(), Error> { Ok(()) }
    fn local_tee(&mut self, local: u32) -> Result<(), Error> { Ok(()) }
    fn global_get(&mut self, global: u32, ty: ValType) -> Result<(), Error> { Ok(()) }
    fn global_set(&mut self, global: u32, ty: ValType) -> Result<(), Error> { Ok(()) }

    // Numbers.
    fn i32_const(&mut self, value: i32) -> Result<(), Error> { Ok(()) }
    fn i64_const(&mut self, value: i64) -> Result<(), Error> { Ok(()) }
    fn f32_const(&mut self, bits: u32) -> Result<(), Error> { Ok(()) }
    fn f64_const(&mut self, bits: u64) -> Result<(), Error> { Ok(()) }
    fn unary(&mut self, op: UnOp) -> Result<(), Error> { Ok(()) }
    fn binary(&mut self, op: BinOp) -> Result<(), Error> { Ok(()) }
    /// `i64.add128`, `i64.sub128`: four operands, two results.
    fn wide_add_sub(&mut self, subtract: bool) -> Result<(), Error> { Ok(()) }
    /// `i64.mul_wide_s`, `i64.mul_wide_u`: two operands, two results.
    fn wide_mul(&mut self, signed: bool) -> Result<(), Error> { Ok(()) }

    // References.
    fn ref_null(&mut self) -> Result<(), Error> { Ok(()) }
    fn ref_is_null(&mut self) -> Result<(), Error> { Ok(()) }
    fn ref_func(&mut self, func: u32) -> Result<(), Error> { Ok(()) }
    fn ref_eq(&mut self) -> Result<(), Error> { Ok(()) }
    fn ref_as_non_null(&mut self) -> Result<(), Error> { Ok(()) }
    fn br_on_null(&mut self, depth: u32) -> Result<(), Error> { Ok(()) }
    fn br_on_non_null(&mut self, depth: u32) -> Result<(), Error> { Ok(()) }
    fn ref_test(&mut self, ty: RefType) -> Result<(), Error> { Ok(()) }
    fn ref_cast(&mut self, ty: RefType) -> Result<(), Error> { Ok(()) }
    /// Branches if the operand has (`on_fail`: has not) the type `to`.
    fn br_on_cast(&mut self, depth: u32, to: RefType, on_fail: bool) -> Result<(), Error> { Ok(()) }
    /// The same if its descriptor is the one above it; `nullable`: null passes.
    fn br_on_cast_desc_eq(&mut self, depth: u32, nullable: bool, on_fail: bool) -> Result<(), Error> { Ok(()) }

    // Memories.
    fn load(&mut self, op: LoadOp, arg: MemArg) -> Result<(), Error> { Ok(()) }
    fn store(&mut self, op: StoreOp, arg: MemArg) -> Result<(), Error> { Ok(()) }
    fn memory_size(&mut self, memory: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn memory_grow(&mut self, memory: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn memory_fill(&mut self, memory: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn memory_copy(&mut self, dst: u32, src: u32, dst_is_64: bool, src_is_64: bool) -> Result<(), Error> { Ok(()) }
    fn memory_init(&mut self, data: u32, memory: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn data_drop(&mut self, data: u32) -> Result<(), Error> { Ok(()) }
    fn atomic(&mut self, op: AtomicOp, arg: MemArg) -> Result<(), Error> { Ok(()) }
    fn atomic_fence(&mut self) -> Result<(), Error> { Ok(()) }

    // Tables.
    fn table_get(&mut self, table: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn table_set(&mut self, table: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn table_size(&mut self, table: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn table_grow(&mut self, table: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn table_fill(&mut self, table: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn table_copy(&mut self, dst: u32, src: u32, dst_is_64: bool, src_is_64: bool) -> Result<(), Error> { Ok(()) }
    fn table_init(&mut self, elem: u32, table: u32, is_64: bool) -> Result<(), Error> { Ok(()) }
    fn elem_drop(&mut self, elem: u32) -> Result<(), Error> { Ok(()) }

    // Vectors.
    fn v128_const(&mut self, bits: u128) -> Result<(), Error> { Ok(()) }
    fn i8x16_shuffle(&mut self, lanes: [u8; 16]) -> Result<(), Error> { Ok(()) }
    /// A vector instruction with an optional lane immediate (0 if it has none).
    fn simd(&mut self, op: SimdOp, lane: u8) -> Result<(), Error> { Ok(()) }
    /// A vector load or store, with an optional lane immediate (0 if it has none).
    fn simd_mem(&mut self, op: SimdOp, arg: MemArg, lane: u8) -> Result<(), Error> { Ok(()) }

    /// Structures, arrays, i31, conversions and descriptors: the operator and its immediates in binary order
    /// (types as canonical numbers).
    fn gc(&mut self, op: OtherOp, a: u32, b: u32) -> Result<(), Error> { Ok(()) }
}

impl Sink for () {
    #[inline]
    fn listens(&self) -> bool {
        false
    }
}
