//! Every instruction with its operands in every place and its result in every use.

use super::ast::*;
use super::maker::{FORMS, Form, Maker};
use super::special::{ELEMENTS, Special};
use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::ops::{LoadOp, StoreOp};
use wasmvm::wasm::types::NumType;

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Const,
    /// A parameter, in its slot.
    Slot,
    /// A local that was just written, and may be in a register.
    Register,
    Tee,
    /// What an operation has just given.
    Result,
    /// An operation with a constant.
    Pending,
    /// Two operations with constants.
    PendingTwo,
    Load,
    Global,
    Call,
    Select,
    Block,
    If,
    /// A local, read before it was written again.
    Stale,
    /// A result, read before many others were made.
    Pushed,
    /// An operation on a local that was written since.
    StalePending,
    /// A load from where something was stored since.
    StaleLoad,
    /// A global that was set since.
    StaleGlobal,
    /// A result that a call came after.
    AfterCall,
    /// What the other operand's local is.
    Same,
}
pub const PLACES: &[Place] = &[
    Place::Const,
    Place::Slot,
    Place::Register,
    Place::Tee,
    Place::Result,
    Place::Pending,
    Place::PendingTwo,
    Place::Load,
    Place::Global,
    Place::Call,
    Place::Select,
    Place::Block,
    Place::If,
    Place::Stale,
    Place::Pushed,
    Place::StalePending,
    Place::StaleLoad,
    Place::StaleGlobal,
    Place::AfterCall,
    Place::Same,
];

/// What becomes of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Return,
    Set,
    /// Into the local of the first or the second operand.
    SetFirst,
    SetSecond,
    Tee,
    Store,
    SetGlobal,
    Argument,
    TailArgument,
    Index,
    Drop,
    Left,
    Right,
    Unary,
    Arm,
    /// A condition, or what is compared for one.
    Select,
    Exit,
    If,
    Not,
    Loop,
    While,
    Table,
    Address,
    StoreAddress,
}
pub const USES: &[Use] = &[
    Use::Return,
    Use::Set,
    Use::SetFirst,
    Use::SetSecond,
    Use::Tee,
    Use::Store,
    Use::SetGlobal,
    Use::Argument,
    Use::TailArgument,
    Use::Index,
    Use::Drop,
    Use::Left,
    Use::Right,
    Use::Unary,
    Use::Arm,
    Use::Select,
    Use::Exit,
    Use::If,
    Use::Not,
    Use::Loop,
    Use::While,
    Use::Table,
    Use::Address,
    Use::StoreAddress,
];

/// The local of the `n`th operand, and one beside it.
fn own(ty: NumType, n: u32) -> (u32, u32) {
    (local(ty, 2 + n % 2), local(ty, PARAMS + n % PARAMS))
}
/// An operation that gives its first operand back, if the second is the same or zero.
fn neutral(ty: NumType) -> BinOp {
    [BinOp::I32Or, BinOp::I64Or, BinOp::F32Copysign, BinOp::F64Copysign][number(ty) as usize]
}

/// Makes programs around an instruction.
pub struct Shaper<'r> {
    pub maker: Maker<'r>,
    before: Vec<Stmt>,
}
impl<'r> Shaper<'r> {
    pub fn new(maker: Maker<'r>) -> Shaper<'r> {
        Shaper { maker, before: Vec::new() }
    }
    fn local(&mut self, ty: NumType) -> Expr {
        Expr::Local(self.maker.any_local(ty))
    }
    fn changed(&mut self, local: u32) -> Stmt {
        let ty = local_type(local);
        let value = match self.maker.random.below(3) {
            0 => self.maker.constant(ty),
            1 => bin(add(ty), Expr::Local(local), self.maker.constant(ty)),
            _ => bin(sub(ty), self.local(ty), self.local(ty)),
        };
        Stmt::Set(local, value)
    }
    /// The `n`th operand of an instruction.
    pub fn operand(&mut self, place: Place, ty: NumType, n: u32) -> Expr {
        let (own, beside) = own(ty, n);
        let result = || bin(neutral(ty), Expr::Local(own), Expr::Local(own));
        let then = |value, stmt| Expr::Then(boxed(value), vec![stmt]);
        match place {
            Place::Const => self.maker.constant(ty),
            Place::Slot => Expr::Local(own),
            Place::Same => Expr::Local(self::own(ty, 0).0),
            Place::Register => {
                self.before.push(Stmt::Set(beside, result()));
                Expr::Local(beside)
            }
            Place::Tee => Expr::Tee(beside, boxed(result())),
            Place::Result => result(),
            Place::Pending => {
                let op = self.closed(ty);
                bin(op, Expr::Local(own), self.maker.constant(ty))
            }
            Place::PendingTwo => {
                let (op, outer) = (self.closed(ty), self.closed(ty));
                let inner = bin(op, Expr::Local(own), self.maker.constant(ty));
                let (inner, c) = (inner, self.maker.constant(ty));
                if self.maker.random.one_in(4) {
                    bin(outer, c, inner)
                } else {
                    bin(outer, inner, c)
                }
            }
            Place::Load => self.load(ty),
            Place::Global => Expr::Global(global(ty, n % GLOBALS)),
            Place::Call => {
                Expr::Call(ty, Helper::Second, Box::new([self.local(ty), Expr::Local(own)]))
            }
            Place::Select => {
                let condition = self.local(NumType::I32);
                Expr::Select(Box::new([Expr::Local(own), self.local(ty), condition]))
            }
            Place::Block => {
                let condition = self.local(NumType::I32);
                Expr::Block(ty, Box::new([result(), condition, self.local(ty)]))
            }
            Place::If => {
                let condition = self.local(NumType::I32);
                Expr::If(ty, Box::new([condition, result(), self.local(ty)]))
            }
            Place::Stale => then(Expr::Local(own), self.changed(own)),
            Place::Pushed => {
                let set = |n| {
                    let local = local(ty, PARAMS + n);
                    Stmt::Set(local, bin(add(ty), Expr::Local(local), Expr::Local(own)))
                };
                Expr::Then(boxed(result()), (0..3).map(set).collect())
            }
            Place::StalePending => {
                let op = self.closed(ty);
                let value = bin(op, Expr::Local(own), self.maker.constant(ty));
                then(value, self.changed(own))
            }
            Place::StaleLoad => self.stale_load(ty),
            Place::StaleGlobal => {
                let global = global(ty, n % GLOBALS);
                then(Expr::Global(global), Stmt::SetGlobal(global, Expr::Local(own)))
            }
            Place::AfterCall => {
                let call = Box::new([Expr::Local(own), Expr::Local(own)]);
                then(result(), Stmt::Drop(Expr::Call(ty, Helper::Difference, call)))
            }
        }
    }
    /// An operation whose operands have the type of the result.
    fn closed(&mut self, ty: NumType) -> BinOp {
        loop {
            let op = self.maker.random.binary(ty);
            if op.signature().0 == ty {
                return op;
            }
        }
    }
    fn load(&mut self, ty: NumType) -> Expr {
        let op =
            if self.maker.random.one_in(3) { self.maker.random.load(ty) } else { whole_load(ty) };
        let (access, address) = self.maker.any_access(op.width());
        Expr::Load(op, access, boxed(address))
    }
    fn stale_load(&mut self, ty: NumType) -> Expr {
        let address = if self.maker.wide { NumType::I64 } else { NumType::I32 };
        let address = Expr::Local(local(address, self.maker.random.below(2)));
        let access = Access { memory: 0, offset: 16 };
        let value = Expr::Load(whole_load(ty), access, boxed(address.clone()));
        let other = self.local(ty);
        Expr::Then(boxed(value), vec![Stmt::Store(whole_store(ty), access, address, other)])
    }

    /// The program that computes a value and makes this use of it.
    pub fn program(&mut self, value: Expr, ty: NumType, what: Use) -> Program {
        let mut body = core::mem::take(&mut self.before);
        let int = NumType::I32;
        let mut result = (ty, Expr::Const(ty, 0));
        let mut tail = false;
        let two = |a, b| Box::new([a, b]);
        match what {
            Use::Return => result.1 = value,
            Use::Set => body.push(Stmt::Set(local(ty, LOCALS - 2), value)),
            Use::SetFirst => body.push(Stmt::Set(own(ty, 0).0, value)),
            Use::SetSecond => body.push(Stmt::Set(own(ty, 1).0, value)),
            Use::Tee => {
                let local = local(ty, LOCALS - 2);
                let op = self.maker.random.binary(ty);
                let other = self.maker.expr(op.signature().0, 1);
                result.1 = if op.signature().0 == ty {
                    bin(op, Expr::Tee(local, boxed(value)), Expr::Local(local))
                } else {
                    body.push(Stmt::Drop(Expr::Tee(local, boxed(value))));
                    bin(op, other.clone(), other)
                };
            }
            Use::Store => body.push(self.stored(value, ty)),
            Use::SetGlobal => body.push(Stmt::SetGlobal(global(ty, 1), value)),
            Use::Argument => {
                let other = self.local(ty);
                let x =
                    if self.maker.random.one_in(2) { two(value, other) } else { two(other, value) };
                result.1 = Expr::Call(ty, Helper::Difference, x);
            }
            Use::TailArgument => {
                tail = true;
                result.1 = Expr::Call(ty, Helper::Difference, two(value, self.local(ty)));
            }
            Use::Drop => body.push(Stmt::Drop(value)),
            Use::Left | Use::Right => result = self.operated(value, ty, what == Use::Left),
            Use::Unary => {
                let op = loop {
                    let op = self.maker.random.of(UnOp::ALL);
                    if op.signature().0 == ty {
                        break op;
                    }
                };
                result = (op.signature().1, un(op, value));
            }
            Use::Arm => {
                let (other, condition) = (self.local(ty), self.local(int));
                let first = self.maker.random.one_in(2);
                let arms =
                    if first { [value, other, condition] } else { [other, value, condition] };
                result.1 = Expr::Select(Box::new(arms));
            }
            _ => result = self.decided(value, ty, what, &mut body),
        }
        Program { body, ty: result.0, result: result.1, tail }
    }
    fn stored(&mut self, value: Expr, ty: NumType) -> Stmt {
        let op =
            if self.maker.random.one_in(3) { self.maker.random.store(ty) } else { whole_store(ty) };
        let (access, address) = self.maker.any_access(op.width());
        Stmt::Store(op, access, address, value)
    }
    fn operated(&mut self, value: Expr, ty: NumType, left: bool) -> (NumType, Expr) {
        let op = loop {
            let op = self.maker.random.of(BinOp::ALL);
            if op.signature().0 == ty {
                break op;
            }
        };
        let other = match self.maker.random.below(3) {
            0 => self.maker.constant(ty),
            1 => self.local(ty),
            _ => self.maker.expr(ty, 1),
        };
        let expr = if left { bin(op, value, other) } else { bin(op, other, value) };
        (op.signature().1, expr)
    }
    /// Uses that decide something: by the value, if it is an i32, else by a comparison of it.
    fn decided(
        &mut self,
        value: Expr,
        ty: NumType,
        what: Use,
        body: &mut Vec<Stmt>,
    ) -> (NumType, Expr) {
        let int = NumType::I32;
        let constant = |bits| Expr::Const(int, bits);
        let value = match ty {
            NumType::I32 => value,
            NumType::I64 if self.maker.random.one_in(2) => un(UnOp::I64Eqz, value),
            _ if self.maker.random.one_in(2) => bin(ne(ty), value, self.maker.constant(ty)),
            _ => bin(ne(ty), value, self.local(ty)),
        };
        let seen = local(int, LOCALS - 2);
        let mark = |n| vec![Stmt::Set(seen, constant(n))];
        let mut result = constant(0);
        match what {
            Use::Select => {
                let (a, b) = (self.local(int), self.local(int));
                result = Expr::Select(Box::new([a, b, value]));
            }
            Use::Exit => body.push(Stmt::Exit(mark(1), value, mark(2))),
            Use::If => body.push(Stmt::If(value, mark(1), mark(2))),
            Use::Not => body.push(Stmt::Exit(mark(1), un(UnOp::I32Eqz, value), mark(2))),
            Use::Loop | Use::While => {
                // At most some rounds, however the value turns out.
                let counter = local(int, LOCALS - 1);
                let more = bin(BinOp::I32Add, Expr::Local(counter), constant(1));
                let few = bin(BinOp::I32LtU, Expr::Local(counter), constant(4));
                let count = Stmt::Set(counter, more);
                let leave = Stmt::Return(un(UnOp::I32Eqz, few), constant(77));
                body.push(if what == Use::Loop {
                    Stmt::Loop(vec![count, leave], value)
                } else {
                    Stmt::While(value, vec![count, leave])
                });
            }
            Use::Table => body.push(Stmt::Table(value, vec![mark(1), mark(2), mark(3)])),
            Use::Index => {
                let index = bin(BinOp::I32And, value, constant(1));
                let x = [index, self.local(int), self.local(int)];
                result = Expr::Indirect(int, Box::new(x));
            }
            Use::Address | Use::StoreAddress => {
                let address = bin(BinOp::I32And, value, constant(0x1FF));
                // Memory 1 has 32-bit addresses in any case.
                let memory = u32::from(self.maker.wide);
                let access = Access { memory, offset: 4 };
                if what == Use::Address {
                    result = Expr::Load(LoadOp::I32Load, access, boxed(address));
                } else {
                    body.push(Stmt::Store(StoreOp::I32Store, access, address, self.local(int)));
                }
            }
            _ => panic!("{what:?}"),
        }
        (int, result)
    }

    /// A unary instruction.
    pub fn unary(&mut self, op: UnOp, place: Place, what: Use) -> Program {
        let (operand, result) = op.signature();
        let a = self.operand(place, operand, 0);
        self.program(un(op, a), result, what)
    }
    /// A binary instruction.
    pub fn binary(&mut self, op: BinOp, places: [Place; 2], what: Use) -> Program {
        let (operand, result) = op.signature();
        let a = self.operand(places[0], operand, 0);
        let b = self.operand(places[1], operand, 1);
        self.program(bin(op, a, b), result, what)
    }
    /// An operation on the result of another: by side, and which of the three are constants.
    pub fn pair(
        &mut self,
        ops: [BinOp; 2],
        inner_left: bool,
        constants: u32,
        what: Use,
    ) -> Program {
        let ty = ops[1].signature().0;
        let mut places = [Place::Slot, Place::Register, Place::Result];
        for (i, place) in places.iter_mut().enumerate() {
            *place = if constants >> i & 1 == 1 {
                Place::Const
            } else {
                self.maker.random.of(&[Place::Slot, Place::Register, Place::Result, Place::Same])
            };
        }
        let outer = ops[0].signature().0;
        let a = self.operand(places[0], ty, 0);
        let b = self.operand(places[1], ty, 1);
        let inner = bin(ops[1], a, b);
        let c = self.operand(places[2], outer, 2);
        let value = if inner_left { bin(ops[0], inner, c) } else { bin(ops[0], c, inner) };
        self.program(value, ops[0].signature().1, what)
    }
    /// A load, and an operation on it if one is given.
    pub fn loaded(&mut self, op: LoadOp, form: Form, outer: Option<BinOp>, what: Use) -> Program {
        let (access, address) = self.maker.access(form, op.width());
        let load = Expr::Load(op, access, boxed(address));
        let Some(outer) = outer else { return self.program(load, op.ty(), what) };
        let place = self.maker.random.of(PLACES);
        let first = self.maker.random.one_in(2);
        let other = self.operand(place, op.ty(), 0);
        let value = if first { bin(outer, load, other) } else { bin(outer, other, load) };
        self.program(value, outer.signature().1, what)
    }
    /// A store of a value in this place.
    pub fn store(&mut self, op: StoreOp, form: Form, place: Place) -> Program {
        let value = self.operand(place, op.ty(), 0);
        let (access, address) = self.maker.access(form, op.width());
        let mut body = core::mem::take(&mut self.before);
        body.push(Stmt::Store(op, access, address, value));
        Program { body, ty: op.ty(), result: Expr::Const(op.ty(), 0), tail: false }
    }
    /// A store of what an operation makes of what is there, and another store beside it; sometimes
    /// in a loop.
    pub fn update(&mut self, op: StoreOp, inner: BinOp, place: Place) -> Program {
        use {LoadOp::*, StoreOp::*};
        let load = match op {
            I32Store8 => self.maker.random.of(&[I32Load8U, I32Load8S]),
            I32Store16 => self.maker.random.of(&[I32Load16U, I32Load16S]),
            I64Store8 => self.maker.random.of(&[I64Load8U, I64Load8S]),
            I64Store16 => I64Load16U,
            I64Store32 => I64Load32U,
            _ => whole_load(op.ty()),
        };
        // An argument that is small, or a copy of it.
        let ty = if self.maker.wide { NumType::I64 } else { NumType::I32 };
        let mut address = local(ty, self.maker.random.below(2));
        if self.maker.random.one_in(2) {
            let copy = local(ty, PARAMS + 3);
            self.before.push(Stmt::Set(copy, Expr::Local(address)));
            address = copy;
        }
        let offset = self.maker.random.of(&[0, 8, 24]);
        let access = Access { memory: 0, offset };
        let there = Expr::Load(load, access, boxed(Expr::Local(address)));
        let other = self.operand(place, op.ty(), 2);
        let value = if self.maker.random.one_in(3) {
            bin(inner, other, there)
        } else {
            bin(inner, there, other)
        };
        let second = Access { memory: 0, offset: offset + 16 };
        let to = Expr::Local(address);
        let mut stores = vec![
            Stmt::Store(op, access, to.clone(), value),
            Stmt::Store(op, second, to, self.operand(Place::Slot, op.ty(), 3)),
        ];
        if self.maker.random.one_in(2) {
            stores.swap(0, 1);
        }
        let mut body = core::mem::take(&mut self.before);
        if self.maker.random.one_in(2) {
            let counter = local(NumType::I32, LOCALS - 2);
            let constant = |bits| Expr::Const(NumType::I32, bits);
            stores.push(Stmt::Set(counter, bin(BinOp::I32Add, Expr::Local(counter), constant(1))));
            body.push(Stmt::Loop(stores, bin(BinOp::I32LtU, Expr::Local(counter), constant(3))));
        } else {
            body.append(&mut stores);
        }
        Program { body, ty: op.ty(), result: Expr::Const(op.ty(), 0), tail: false }
    }
    /// A local that grows by a constant, and then a decision on it.
    pub fn grown(&mut self, compare: BinOp, place: Place, what: Use) -> Program {
        let ty = compare.signature().0;
        let grown = own(ty, 0).0;
        let by = bin(add(ty), Expr::Local(grown), self.maker.constant(ty));
        let b = self.operand(place, ty, 1);
        let first = if self.maker.random.one_in(2) {
            Expr::Tee(grown, boxed(by))
        } else {
            self.before.push(Stmt::Set(grown, by));
            Expr::Local(grown)
        };
        let value = bin(compare, first, b);
        self.program(value, NumType::I32, what)
    }
    /// Several locals that grow, by constants or by one another, and a branch on one of them.
    pub fn grown_together(&mut self, compare: BinOp, place: Place, again: bool) -> Program {
        let ty = compare.signature().0;
        let locals = [own(ty, 0).0, own(ty, 1).0, local(ty, 0), local(ty, PARAMS)];
        let b = self.operand(place, ty, 1);
        let mut grow = Vec::new();
        let mut last = locals[0];
        for _ in 0..self.maker.random.below(3) + 1 {
            last = self.maker.random.of(&locals);
            let by = match self.maker.random.below(3) {
                0 => Expr::Local(self.maker.random.of(&locals)),
                _ => self.maker.constant(ty),
            };
            let (a, b) = (Expr::Local(last), by);
            let turned = self.maker.random.one_in(2);
            let sum = if turned { bin(add(ty), b, a) } else { bin(add(ty), a, b) };
            grow.push(Stmt::Set(last, sum));
        }
        let other = self.maker.random.of(&locals);
        let first = if self.maker.random.one_in(4) { other } else { last };
        let value = bin(compare, Expr::Local(first), b);
        if !again {
            self.before.extend(grow);
            return self.program(value, NumType::I32, Use::Exit);
        }
        let mut program = self.program(value, NumType::I32, Use::Loop);
        if let Some(Stmt::Loop(body, _)) = program.body.last_mut() {
            body.extend(grow);
        }
        program
    }
    /// A choice of one of two numbers that are compared, or how they lie to one another.
    pub fn choice(&mut self, compare: BinOp, places: [Place; 2], what: Use) -> Program {
        let ty = compare.signature().0;
        // What is read twice is a local or a constant.
        let mut twice = |place, n| match self.operand(place, ty, n) {
            leaf @ (Expr::Const(..) | Expr::Local(_)) => leaf,
            other => {
                let local = own(ty, n).1;
                self.before.push(Stmt::Set(local, other));
                Expr::Local(local)
            }
        };
        let (a, b) = (twice(places[0], 0), twice(places[1], 1));
        let mut pair = || match self.maker.random.below(8) {
            0 => [a.clone(), a.clone()],
            1..4 => [b.clone(), a.clone()],
            _ => [a.clone(), b.clone()],
        };
        let [x, y] = pair();
        let [c, d] = pair();
        if self.maker.random.one_in(3) {
            let first = bin(compare, x, y);
            let turned = self.maker.random.one_in(2);
            let second = match super::turned(compare).filter(|_| turned) {
                Some(turned) => bin(turned, c, d),
                None => bin(compare, c, d),
            };
            return self.program(bin(BinOp::I32Sub, first, second), NumType::I32, what);
        }
        let mut condition = bin(compare, c, d);
        if self.maker.random.one_in(3) {
            condition = un(UnOp::I32Eqz, condition);
        }
        self.program(Expr::Select(Box::new([x, y, condition])), ty, what)
    }
    /// An index of an element; mostly there is one.
    fn index(&mut self, place: Place, n: u32) -> Expr {
        let int = NumType::I32;
        let masked = |value| bin(BinOp::I32And, value, Expr::Const(int, (ELEMENTS - 1).into()));
        let own = if place == Place::Same { own(int, 0).0 } else { own(int, n).0 };
        match place {
            Place::Const => Expr::Const(int, self.maker.random.below(ELEMENTS + 2).into()),
            // An argument that is small.
            Place::Slot => Expr::Local(local(int, n % 2)),
            Place::Register
            | Place::Tee
            | Place::Result
            | Place::Call
            | Place::Stale
            | Place::Pushed
            | Place::AfterCall
            | Place::Same => {
                self.before.push(Stmt::Set(own, masked(Expr::Local(own))));
                self.operand(place, int, n)
            }
            _ => masked(self.operand(place, int, n)),
        }
    }
    /// An instruction of a proposal with its operands in these places.
    pub fn special(&mut self, special: Special, places: [Place; 4], what: Use) -> Program {
        let (mut special, mut x) = (special, Vec::new());
        if let Special::Atomic(op, access) = &mut special {
            let address;
            (*access, address) = self.maker.atomic_access(op.width());
            x.push(address);
        }
        let (types, result) = special.signature(self.maker.wide);
        for (n, &ty) in types.iter().enumerate().skip(x.len()) {
            let place = places[n % 4];
            let indexed = matches!(special, Special::ElementGet(..) | Special::ElementSet(..));
            let n32 = n as u32;
            x.push(if indexed && n == 0 {
                self.index(place, n32)
            } else {
                self.operand(place, ty, n32)
            });
        }
        match result {
            Some(ty) => self.program(Expr::Special(special, x), ty, what),
            None => {
                let mut body = core::mem::take(&mut self.before);
                body.push(Stmt::Special(special, x));
                let result = Expr::Const(NumType::I32, 0);
                Program { body, ty: NumType::I32, result, tail: false }
            }
        }
    }
    /// A selection.
    pub fn select(&mut self, ty: NumType, places: [Place; 3], what: Use) -> Program {
        let a = self.operand(places[0], ty, 0);
        let b = self.operand(places[1], ty, 1);
        let c = self.operand(places[2], NumType::I32, 2);
        self.program(Expr::Select(Box::new([a, b, c])), ty, what)
    }
}

/// The forms of addresses.
pub fn forms() -> &'static [Form] {
    FORMS
}
