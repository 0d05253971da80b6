//! A plain evaluator of programs: a tree walk over numbers in arrays.

use super::ast::*;
use super::meaning::{Answer, Known, Meaning, Num, Stop, extended};
use super::special::Objects;
use wasmvm::Trap;
use wasmvm::wasm::ops::{LoadOp, StoreOp};
use wasmvm::wasm::types::NumType;

/// Where programs may write: the rest is compared now and then only.
pub const HOT: [std::ops::Range<usize>; 2] = [0..4096, MEMORY - 512..MEMORY];
/// Steps after which a program is not of interest.
const STEPS: u32 = 5_000;

#[derive(Clone)]
pub struct Memory {
    pub bytes: Vec<u8>,
    /// Floats whose bits are not known: where, of which type.
    pub unknown: Vec<(usize, NumType, Num)>,
}
impl Memory {
    pub fn new(bytes: Vec<u8>) -> Memory {
        Memory { bytes, unknown: Vec::new() }
    }
    /// Takes over what programs may have changed.
    pub fn reset(&mut self, from: &[u8]) {
        self.unknown.clear();
        HOT.into_iter().for_each(|hot| self.bytes[hot.clone()].copy_from_slice(&from[hot]));
    }
    pub fn load(&self, op: LoadOp, at: usize) -> Answer {
        let width = op.width() as usize;
        for &(from, ty, num) in &self.unknown {
            if from == at && ty == op.ty() {
                return Ok(num);
            }
            if from < at + width && at < from + super::ast::width(ty) {
                return Err(Stop::Unknown);
            }
        }
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(&self.bytes[at..at + width]);
        let bits = u64::from_le_bytes(bytes);
        let bits = if op.signed() { extended(bits, op.width() * 8) } else { bits };
        Ok(Num::new(if op.ty() == NumType::I32 { u64::from(bits as u32) } else { bits }))
    }
    pub fn store(&mut self, op: StoreOp, at: usize, num: Num) -> Result<(), Stop> {
        let end = at + op.width() as usize;
        if !HOT.iter().any(|hot| hot.start <= at && end <= hot.end) {
            return Err(Stop::Unknown);
        }
        self.unknown.retain(|&(from, ty, _)| !(at <= from && from + width(ty) <= end));
        if self.unknown.iter().any(|&(from, ty, _)| from < end && at < from + width(ty)) {
            return Err(Stop::Unknown);
        }
        if num.known != Known::Bits {
            self.unknown.push((at, op.ty(), num));
        }
        self.bytes[at..end].copy_from_slice(&num.bits.to_le_bytes()[..end - at]);
        Ok(())
    }
    /// The first byte at which the engine's memory is another one.
    pub fn differs(&self, engine: &[u8]) -> Option<usize> {
        let mut allowed = Vec::new();
        for &(at, ty, num) in &self.unknown {
            let here = &engine[at..at + width(ty)];
            let mut bytes = [0; 8];
            bytes[..here.len()].copy_from_slice(here);
            if num.allows(ty, u64::from_le_bytes(bytes)) {
                allowed.extend(at..at + width(ty));
            }
        }
        let other = |&at: &usize| self.bytes[at] != engine[at] && !allowed.contains(&at);
        HOT.into_iter()
            .filter(|hot| self.bytes[hot.clone()] != engine[hot.clone()])
            .find_map(|hot| hot.into_iter().find(other))
    }
}

/// The state of a call.
pub struct Machine {
    pub meaning: Meaning,
    pub locals: Vec<Num>,
    pub globals: Vec<Num>,
    pub memories: [Memory; 2],
    pub objects: Objects,
    pub steps: u32,
}

impl Machine {
    pub fn run(&mut self, program: &Program) -> Answer {
        self.steps = STEPS;
        let ended = self
            .body(&program.body)
            .and_then(|()| self.dump())
            .and_then(|()| self.expr(&program.result));
        match ended {
            Err(Stop::Return(num)) => Ok(num),
            ended => ended,
        }
    }
    /// The locals, into memory.
    fn dump(&mut self) -> Result<(), Stop> {
        for n in 0..4 * LOCALS {
            let (at, num) = (DUMP as usize + 8 * n as usize, self.locals[n as usize]);
            self.memories[0].store(whole_store(local_type(n)), at, num)?;
        }
        Ok(())
    }
    fn step(&mut self) -> Result<(), Stop> {
        self.steps = self.steps.checked_sub(1).ok_or(Stop::Unknown)?;
        Ok(())
    }
    fn holds(&mut self, condition: &Expr) -> Result<bool, Stop> {
        Ok(self.expr(condition)?.bits as u32 != 0)
    }
    /// Where an access begins.
    fn place(&mut self, access: Access, address: &Expr, width: u32) -> Result<usize, Stop> {
        place(access, self.expr(address)?, width)
    }

    pub fn expr(&mut self, expr: &Expr) -> Answer {
        self.step()?;
        match expr {
            Expr::Const(_, bits) => Ok(Num::new(*bits)),
            Expr::Local(local) => Ok(self.locals[*local as usize]),
            Expr::Tee(local, value) => {
                let value = self.expr(value)?;
                self.locals[*local as usize] = value;
                Ok(value)
            }
            Expr::Global(global) => Ok(self.globals[*global as usize]),
            Expr::Un(op, a) => {
                let a = self.expr(a)?;
                self.meaning.unary(*op, a)
            }
            Expr::Bin(op, a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                self.meaning.binary(*op, a, b)
            }
            Expr::Load(op, access, address) => {
                let at = self.place(*access, address, op.width())?;
                self.memories[access.memory as usize].load(*op, at)
            }
            Expr::Select(x) => {
                let (a, b) = (self.expr(&x[0])?, self.expr(&x[1])?);
                Ok(if self.holds(&x[2])? { a } else { b })
            }
            Expr::If(_, x) => {
                let holds = self.holds(&x[0])?;
                self.expr(&x[if holds { 1 } else { 2 }])
            }
            Expr::Block(_, x) => {
                let value = self.expr(&x[0])?;
                if self.holds(&x[1])? { Ok(value) } else { self.expr(&x[2]) }
            }
            Expr::Then(value, stmts) => {
                let value = self.expr(value)?;
                self.body(stmts)?;
                Ok(value)
            }
            Expr::Rounds(local, x) => self.rounds(*local, x),
            Expr::Call(ty, helper, x) => {
                let (a, b) = (self.expr(&x[0])?, self.expr(&x[1])?);
                self.call(*ty, *helper, a, b)
            }
            Expr::Indirect(ty, x) => {
                let (a, b) = (self.expr(&x[1])?, self.expr(&x[2])?);
                let index = self.expr(&x[0])?.bits as u32;
                self.indirect(*ty, index, a, b)
            }
            Expr::Special(special, x) => Ok(self.special(*special, x)?.expect("it has a result")),
        }
    }
    fn rounds(&mut self, local: u32, x: &[Expr; 3]) -> Answer {
        let mut value = self.expr(&x[0])?;
        loop {
            self.locals[local as usize] = value;
            value = self.expr(&x[1])?;
            if !self.holds(&x[2])? {
                return Ok(value);
            }
        }
    }
    fn call(&mut self, ty: NumType, helper: Helper, a: Num, b: Num) -> Answer {
        match helper {
            Helper::Second => Ok(b),
            Helper::Difference => self.meaning.binary(sub(ty), a, b),
            Helper::Swap => panic!("two results"),
        }
    }
    /// The table has two helpers of each type, and a null.
    fn indirect(&mut self, ty: NumType, index: u32, a: Num, b: Num) -> Answer {
        let trap = match index {
            0..8 if index / 2 == number(ty) => {
                let helper =
                    if index.is_multiple_of(2) { Helper::Second } else { Helper::Difference };
                return self.call(ty, helper, a, b);
            }
            0..8 => Trap::IndirectCallTypeMismatch,
            8 => Trap::UninitializedElement,
            _ => Trap::UndefinedElement,
        };
        Err(Stop::Trap(trap))
    }

    fn body(&mut self, stmts: &[Stmt]) -> Result<(), Stop> {
        stmts.iter().try_for_each(|stmt| self.stmt(stmt))
    }
    fn stmt(&mut self, stmt: &Stmt) -> Result<(), Stop> {
        self.step()?;
        match stmt {
            Stmt::All(stmts) => self.body(stmts)?,
            Stmt::Set(local, value) => self.locals[*local as usize] = self.expr(value)?,
            Stmt::SetGlobal(global, value) => self.globals[*global as usize] = self.expr(value)?,
            Stmt::Store(op, access, address, value) => {
                // The address is looked at after the value was computed.
                let address = self.expr(address)?;
                let value = self.expr(value)?;
                let at = place(*access, address, op.width())?;
                self.memories[access.memory as usize].store(*op, at, value)?;
            }
            Stmt::Drop(value) => drop(self.expr(value)?),
            Stmt::If(condition, yes, no) => {
                let holds = self.holds(condition)?;
                self.body(if holds { yes } else { no })?;
            }
            Stmt::Exit(before, condition, after) => {
                self.body(before)?;
                if !self.holds(condition)? {
                    self.body(after)?;
                }
            }
            Stmt::Loop(body, condition) => loop {
                self.body(body)?;
                if !self.holds(condition)? {
                    break;
                }
            },
            Stmt::While(condition, body) => {
                while self.holds(condition)? {
                    self.body(body)?;
                }
            }
            Stmt::Table(index, parts) => {
                let index = self.expr(index)?.bits as u32 as usize;
                self.body(parts.get(index).map_or(&[][..], |part| part))?;
            }
            Stmt::Return(condition, value) => {
                if self.holds(condition)? {
                    return Err(Stop::Return(self.expr(value)?));
                }
            }
            Stmt::Swap(locals, x) => {
                let (a, b) = (self.expr(&x[0])?, self.expr(&x[1])?);
                // The last result is taken first.
                self.locals[locals[0] as usize] = a;
                self.locals[locals[1] as usize] = b;
            }
            Stmt::Special(special, x) => drop(self.special(*special, x)?),
        }
        Ok(())
    }
}

pub fn place(access: Access, address: Num, width: u32) -> Result<usize, Stop> {
    let at = u128::from(address.bits) + u128::from(access.offset);
    if at + u128::from(width) > MEMORY as u128 {
        return Err(Stop::Trap(Trap::MemoryOutOfBounds));
    }
    Ok(at as usize)
}
