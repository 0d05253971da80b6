//! Programs, as far as the test needs them: expressions and statements over a fixed set of locals,
//! globals, memories and helper functions.

use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::ops::{LoadOp, StoreOp};
use wasmvm::wasm::types::NumType;

use super::special::Special;

/// The types, in the order of everything that there is one of for each.
pub const TYPES: [NumType; 4] = [NumType::I32, NumType::I64, NumType::F32, NumType::F64];
/// Parameters of each type, and as many further locals.
pub const PARAMS: u32 = 4;
/// Locals of each type.
pub const LOCALS: u32 = 2 * PARAMS;
/// Globals of each type.
pub const GLOBALS: u32 = 2;
/// Which of the integers begins as an address.
pub const SMALL_GLOBAL: u32 = 1;
/// Bytes of each of the two memories.
pub const MEMORY: usize = 65_536;
/// Where the locals are written in the end.
pub const DUMP: u64 = 2048;

/// The index of a type in [`TYPES`].
pub fn number(ty: NumType) -> u32 {
    TYPES.iter().position(|&t| t == ty).expect("a type") as u32
}
/// The `n`th local of a type; the first ones are parameters.
pub fn local(ty: NumType, n: u32) -> u32 {
    let (part, n) = (n / PARAMS, n % PARAMS);
    part * PARAMS * 4 + number(ty) * PARAMS + n
}
/// The type of a local.
pub fn local_type(local: u32) -> NumType {
    TYPES[(local / PARAMS % 4) as usize]
}
/// The `n`th global of a type.
pub fn global(ty: NumType, n: u32) -> u32 {
    number(ty) * GLOBALS + n
}
/// The type of a global.
pub fn global_type(global: u32) -> NumType {
    TYPES[(global / GLOBALS) as usize]
}
/// Bytes of a number.
pub fn width(ty: NumType) -> usize {
    if matches!(ty, NumType::I32 | NumType::F32) { 4 } else { 8 }
}
/// Whether it is a type of floats.
pub fn is_float(ty: NumType) -> bool {
    matches!(ty, NumType::F32 | NumType::F64)
}

/// What is accessed: a memory (0 or 1) from an offset on.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    pub memory: u32,
    pub offset: u64,
}

/// The functions that can be called, one of each for every type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// (a, b) → b
    Second,
    /// (a, b) → a − b
    Difference,
    /// (a, b) → b, a
    Swap,
}
pub const HELPERS: u32 = 3;

/// An expression: leaves one number on the stack.
#[derive(Clone, Debug)]
pub enum Expr {
    Const(NumType, u64),
    Local(u32),
    Tee(u32, Box<Expr>),
    Global(u32),
    Un(UnOp, Box<Expr>),
    Bin(BinOp, Box<Expr>, Box<Expr>),
    Load(LoadOp, Access, Box<Expr>),
    /// The first if the third is not zero, else the second.
    Select(Box<[Expr; 3]>),
    /// The second if the first is not zero, else the third.
    If(NumType, Box<[Expr; 3]>),
    /// A block that is left with the first if the second is not zero; else the third.
    Block(NumType, Box<[Expr; 3]>),
    /// Statements while the operand lies on the stack.
    Then(Box<Expr>, Vec<Stmt>),
    /// A loop with a parameter, which each round puts into the local; the second is the next
    /// round's, or the result if the third is zero.
    Rounds(u32, Box<[Expr; 3]>),
    Call(NumType, Helper, Box<[Expr; 2]>),
    /// Through the table, by the first.
    Indirect(NumType, Box<[Expr; 3]>),
    /// One with a result.
    Special(Special, Vec<Expr>),
}

/// A statement: leaves the stack as it is.
#[derive(Clone, Debug)]
pub enum Stmt {
    All(Vec<Stmt>),
    Set(u32, Expr),
    SetGlobal(u32, Expr),
    /// Address, value.
    Store(StoreOp, Access, Expr, Expr),
    Drop(Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// A block that is left after the first part if the condition is not zero.
    Exit(Vec<Stmt>, Expr, Vec<Stmt>),
    /// Again if the condition is not zero.
    Loop(Vec<Stmt>, Expr),
    /// As long as the condition is not zero.
    While(Expr, Vec<Stmt>),
    /// The part with this number; none if there is none.
    Table(Expr, Vec<Vec<Stmt>>),
    /// Returns the second if the first is not zero.
    Return(Expr, Expr),
    /// Two locals of one type, by a call with two results.
    Swap([u32; 2], Box<[Expr; 2]>),
    /// One without a result.
    Special(Special, Vec<Expr>),
}

/// A function with all parameters and a result.
#[derive(Clone, Debug)]
pub struct Program {
    pub body: Vec<Stmt>,
    pub ty: NumType,
    pub result: Expr,
    /// Ends in a tail call, if the result is a call.
    pub tail: bool,
}

pub fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}
pub fn bin(op: BinOp, a: Expr, b: Expr) -> Expr {
    Expr::Bin(op, boxed(a), boxed(b))
}
pub fn un(op: UnOp, a: Expr) -> Expr {
    Expr::Un(op, boxed(a))
}
/// The addition, subtraction and comparison of a type.
pub fn add(ty: NumType) -> BinOp {
    [BinOp::I32Add, BinOp::I64Add, BinOp::F32Add, BinOp::F64Add][number(ty) as usize]
}
pub fn sub(ty: NumType) -> BinOp {
    [BinOp::I32Sub, BinOp::I64Sub, BinOp::F32Sub, BinOp::F64Sub][number(ty) as usize]
}
pub fn ne(ty: NumType) -> BinOp {
    [BinOp::I32Ne, BinOp::I64Ne, BinOp::F32Ne, BinOp::F64Ne][number(ty) as usize]
}
/// The load and store of a whole number.
pub fn whole_load(ty: NumType) -> LoadOp {
    [LoadOp::I32Load, LoadOp::I64Load, LoadOp::F32Load, LoadOp::F64Load][number(ty) as usize]
}
pub fn whole_store(ty: NumType) -> StoreOp {
    [StoreOp::I32Store, StoreOp::I64Store, StoreOp::F32Store, StoreOp::F64Store]
        [number(ty) as usize]
}
