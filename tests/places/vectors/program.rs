//! Programs over vectors: what they are, their evaluator, and modules out of them.

use super::{HOT, LOCALS, PARAMS, V, local_type, number};
use crate::ast::{DUMP, MEMORY};
use crate::emit::Code;
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, MemorySection, MemoryType, Module as Encoder, TypeSection, ValType as Encoded,
};
use wasmvm::wasm::ops::{SimdOp, SimdShape};
use wasmvm::wasm::simd::{V128, eval};
use wasmvm::wasm::types::NumType;
use wasmvm::{Trap, ValType};

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    Const(ValType, u128),
    Local(u32),
    Tee(u32, Box<Expr>),
    /// A global with a vector.
    Global(u32),
    /// An operation of numbers: exclusive disjunction, or the sign of the second.
    Number(ValType, Box<[Expr; 2]>),
    Op(SimdOp, [u8; 16], Vec<Expr>),
    /// A load: address, and the vector into which a lane is loaded.
    Load(SimdOp, u8, Box<Expr>, Option<Box<Expr>>),
    Select(Box<[Expr; 3]>),
    /// A block that is left with the first if the second is not zero; else the third.
    Block(ValType, Box<[Expr; 3]>),
    Then(Box<Expr>, Vec<Stmt>),
    /// Of a function that gives its second operand back.
    Call(ValType, Box<[Expr; 2]>),
}
/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    Set(u32, Expr),
    SetGlobal(u32, Expr),
    /// Lane, address, value.
    Store(SimdOp, u8, Expr, Expr),
    Drop(Expr),
    /// The local is set to 1 unless the condition is not zero, in a block that is left.
    Mark(u32, Expr),
}
#[derive(Clone, Debug)]
pub struct Program {
    pub body: Vec<Stmt>,
    pub ty: ValType,
    pub result: Expr,
}

pub fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}
pub fn op(op: SimdOp, operands: Vec<Expr>) -> Expr {
    Expr::Op(op, [0; 16], operands)
}

// ---- the evaluator -----------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Trap(Trap),
    /// A NaN was made, whose bits are not known.
    Unknown,
}
pub struct Machine {
    pub locals: Vec<u128>,
    pub globals: [u128; 2],
    pub memory: Vec<u8>,
}
impl Machine {
    pub fn run(&mut self, program: &Program) -> Result<u128, Stop> {
        self.body(&program.body)?;
        for n in 0..5 * LOCALS {
            let at = DUMP as usize + 16 * n as usize;
            match local_type(n) {
                ValType::I32 => self.write(at, 4, self.locals[n as usize]),
                V => self.write(at, 16, self.locals[n as usize]),
                _ => {}
            }
        }
        self.expr(&program.result)
    }
    fn write(&mut self, at: usize, width: usize, bits: u128) {
        self.memory[at..at + width].copy_from_slice(&bits.to_le_bytes()[..width]);
    }
    fn place(&mut self, address: &Expr, width: usize) -> Result<usize, Stop> {
        let at = self.expr(address)? as usize;
        if at + width > MEMORY { Err(Stop::Trap(Trap::MemoryOutOfBounds)) } else { Ok(at) }
    }
    fn expr(&mut self, expr: &Expr) -> Result<u128, Stop> {
        Ok(match expr {
            Expr::Const(_, bits) => *bits,
            Expr::Local(local) => self.locals[*local as usize],
            Expr::Tee(local, value) => {
                let value = self.expr(value)?;
                self.locals[*local as usize] = value;
                value
            }
            Expr::Global(global) => self.globals[*global as usize],
            Expr::Number(ty, x) => {
                let (a, b) = (self.expr(&x[0])?, self.expr(&x[1])?);
                let sign = match ty {
                    ValType::F32 => 1 << 31,
                    ValType::F64 => 1 << 63,
                    _ => return Ok(a ^ b),
                };
                a & !sign | b & sign
            }
            Expr::Op(op, immediate, x) => {
                let mut operands = [V128::default(); 3];
                for (operand, x) in operands.iter_mut().zip(x) {
                    *operand = V128::from_bits(self.expr(x)?);
                }
                let bits = eval(*op, operands, *immediate).to_bits();
                if makes_nan(*op, bits) { return Err(Stop::Unknown) } else { bits }
            }
            Expr::Load(op, lane, address, old) => {
                let width = op.width() as usize;
                let address = self.expr(address)?;
                let old = old.as_ref().map_or(Ok(0), |old| self.expr(old))?;
                let at = self.place(&Expr::Const(ValType::I32, address), width)?;
                let mut bytes = [0; 16];
                bytes[..width].copy_from_slice(&self.memory[at..at + width]);
                let operands = [u128::from_le_bytes(bytes), old, 0].map(V128::from_bits);
                let mut immediate = [0; 16];
                immediate[0] = *lane;
                eval(*op, operands, immediate).to_bits()
            }
            Expr::Select(x) => {
                let (a, b) = (self.expr(&x[0])?, self.expr(&x[1])?);
                if self.expr(&x[2])? != 0 { a } else { b }
            }
            Expr::Block(_, x) => {
                let value = self.expr(&x[0])?;
                if self.expr(&x[1])? != 0 { value } else { self.expr(&x[2])? }
            }
            Expr::Then(value, stmts) => {
                let value = self.expr(value)?;
                self.body(stmts)?;
                value
            }
            Expr::Call(_, x) => {
                self.expr(&x[0])?;
                self.expr(&x[1])?
            }
        })
    }
    fn body(&mut self, stmts: &[Stmt]) -> Result<(), Stop> {
        for stmt in stmts {
            match stmt {
                Stmt::Set(local, value) => self.locals[*local as usize] = self.expr(value)?,
                Stmt::SetGlobal(global, value) => {
                    self.globals[*global as usize] = self.expr(value)?
                }
                Stmt::Store(op, lane, address, value) => {
                    let address = self.expr(address)?;
                    let value = self.expr(value)?;
                    let at =
                        self.place(&Expr::Const(ValType::I32, address), op.width() as usize)?;
                    let operands = [0, value, 0].map(V128::from_bits);
                    let mut immediate = [0; 16];
                    immediate[0] = *lane;
                    let bits = eval(*op, operands, immediate).to_bits();
                    if at + 16 > HOT {
                        return Err(Stop::Unknown);
                    }
                    self.write(at, op.width() as usize, bits);
                }
                Stmt::Drop(value) => drop(self.expr(value)?),
                Stmt::Mark(local, condition) => {
                    if self.expr(condition)? == 0 {
                        self.locals[*local as usize] = 1;
                    }
                }
            }
        }
        Ok(())
    }
}
/// Whether an arithmetic operation on floats has given a NaN.
fn makes_nan(op: SimdOp, bits: u128) -> bool {
    let (family, name) = op.text().split_once('.').unwrap_or_default();
    let makes = ["ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min"];
    let more = ["max", "demote_f64x2_zero", "promote_low_f32x4", "relaxed_madd", "relaxed_nmadd"];
    let relaxed = ["relaxed_min", "relaxed_max"];
    if !makes.iter().chain(&more).chain(&relaxed).any(|part| name == *part) {
        return false;
    }
    match family {
        "f32x4" => (0..4).any(|n| f32::from_bits((bits >> (32 * n)) as u32).is_nan()),
        "f64x2" => (0..2).any(|n| f64::from_bits((bits >> (64 * n)) as u64).is_nan()),
        _ => false,
    }
}

// ---- modules -----------------------------------------------------------------------------------

/// Types of functions: `(t t) → t`, then all parameters `→ t`.
const TWO: u32 = 0;
const PROGRAM: u32 = 5;
/// The first program among the functions.
pub const FIRST: u32 = 5;

pub fn module(programs: &[Program]) -> Vec<u8> {
    let all = [Encoded::I32, Encoded::I64, Encoded::F32, Encoded::F64, Encoded::V128];
    let (mut types, mut funcs) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut codes) = (ExportSection::new(), CodeSection::new());
    all.iter().for_each(|&t| types.ty().function([t, t], [t]));
    let params: Vec<_> = all.iter().flat_map(|&t| [t; PARAMS as usize]).collect();
    all.iter().for_each(|&t| types.ty().function(params.iter().copied(), [t]));
    for n in 0..5 {
        funcs.function(TWO + n);
        let mut function = Function::new([]);
        function.raw([0x20, 1, 0x0B]);
        codes.function(&function);
    }
    for (i, program) in programs.iter().enumerate() {
        funcs.function(PROGRAM + number(program.ty));
        exports.export(&format!("p{i}"), ExportKind::Func, FIRST + i as u32);
        let mut function = Function::new(all.map(|t| (PARAMS, t)));
        let mut code = Code::new(false);
        emit_program(&mut code, program);
        function.raw(code.bytes);
        codes.function(&function);
    }
    let mut memories = MemorySection::new();
    let (minimum, maximum, page_size_log2) = (1, Some(1), None);
    memories.memory(MemoryType {
        minimum,
        maximum,
        memory64: false,
        shared: false,
        page_size_log2,
    });
    exports.export("m", ExportKind::Memory, 0);
    let mut globals = GlobalSection::new();
    for n in 0..2 {
        let ty = GlobalType { val_type: Encoded::V128, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::v128_const(0));
        exports.export(&format!("g{n}"), ExportKind::Global, n);
    }
    let mut module = Encoder::new();
    module.section(&types).section(&funcs).section(&memories).section(&globals);
    module.section(&exports).section(&codes);
    module.finish()
}

fn emit_program(code: &mut Code, program: &Program) {
    emit_body(code, &program.body);
    for n in 0..5 * LOCALS {
        let width = match local_type(n) {
            ValType::I32 => 4,
            V => 16,
            _ => continue,
        };
        code.with(0x41, 0);
        code.with(0x20, n);
        if width == 4 {
            code.byte(0x36)
        } else {
            code.with(0xFD, SimdOp::V128Store.code())
        }
        code.byte(0);
        code.unsigned(DUMP + 16 * u64::from(n));
    }
    emit(code, &program.result);
    code.byte(0x0B);
}
fn emit(code: &mut Code, expr: &Expr) {
    match expr {
        Expr::Const(V, bits) => {
            code.with(0xFD, SimdOp::V128Const.code());
            code.bytes.extend(bits.to_le_bytes());
        }
        Expr::Const(ty, bits) => {
            let ty = [NumType::I32, NumType::I64, NumType::F32, NumType::F64][number(*ty) as usize];
            code.constant(ty, *bits as u64);
        }
        Expr::Local(local) => code.with(0x20, *local),
        Expr::Tee(local, value) => {
            emit(code, value);
            code.with(0x22, *local);
        }
        Expr::Global(global) => code.with(0x23, *global),
        Expr::Number(ty, x) => {
            x.iter().for_each(|x| emit(code, x));
            code.byte([0x73, 0x85, 0x98, 0xA6][number(*ty) as usize]);
        }
        Expr::Op(op, immediate, x) => {
            x.iter().for_each(|x| emit(code, x));
            code.with(0xFD, op.code());
            match op.shape() {
                SimdShape::Shuffle | SimdShape::Const => code.bytes.extend(immediate),
                shape if shape.has_lane() => code.byte(immediate[0]),
                _ => {}
            }
        }
        Expr::Load(op, lane, address, old) => {
            emit(code, address);
            old.iter().for_each(|old| emit(code, old));
            emit_access(code, *op, *lane);
        }
        Expr::Select(x) => {
            x.iter().for_each(|x| emit(code, x));
            code.byte(0x1B);
        }
        Expr::Block(ty, x) => {
            code.bytes.extend([0x02, 0x7F - number(*ty) as u8]);
            emit(code, &x[0]);
            emit(code, &x[1]);
            code.with(0x0D, 0);
            code.byte(0x1A);
            emit(code, &x[2]);
            code.byte(0x0B);
        }
        Expr::Then(value, stmts) => {
            emit(code, value);
            emit_body(code, stmts);
        }
        Expr::Call(ty, x) => {
            x.iter().for_each(|x| emit(code, x));
            code.with(0x10, number(*ty));
        }
    }
}
fn emit_access(code: &mut Code, op: SimdOp, lane: u8) {
    code.with(0xFD, op.code());
    code.bytes.extend([0, 0]);
    if op.shape().has_lane() {
        code.byte(lane);
    }
}
fn emit_body(code: &mut Code, stmts: &[Stmt]) {
    for stmt in stmts {
        match stmt {
            Stmt::Set(local, value) => {
                emit(code, value);
                code.with(0x21, *local);
            }
            Stmt::SetGlobal(global, value) => {
                emit(code, value);
                code.with(0x24, *global);
            }
            Stmt::Store(op, lane, address, value) => {
                emit(code, address);
                emit(code, value);
                emit_access(code, *op, *lane);
            }
            Stmt::Drop(value) => {
                emit(code, value);
                code.byte(0x1A);
            }
            Stmt::Mark(local, condition) => {
                code.bytes.extend([0x02, 0x40]);
                emit(code, condition);
                code.with(0x0D, 0);
                code.bytes.extend([0x41, 1]);
                code.with(0x21, *local);
                code.byte(0x0B);
            }
        }
    }
}
