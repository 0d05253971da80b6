//! Numbers by chance, and whole programs.

use super::ast::*;
use super::random::Random;
use super::special::{ELEMENTS, Keep, ROOTS, Root, STORAGES, Special, WIDE};
use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::ops::{AtomicKind, AtomicOp, LoadOp, StoreOp};
use wasmvm::wasm::types::NumType;

const I32: &[u32] = &[
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    10,
    31,
    32,
    33,
    63,
    64,
    100,
    127,
    128,
    255,
    256,
    1000,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x1_0000,
    0x00FF_00FF,
    0x5555_5555,
    0xAAAA_AAAA,
    0x7FFF_FFFF,
    0x8000_0000,
    0x8000_0001,
    0xFFFF_0000,
    0xFFFF_8000,
    0xFFFF_FF80,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
];
const I64: &[u64] = &[
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0xFFFF_FFFF_7FFF_FFFF,
    0xFFFF_FFFF_8000_0000,
    0xFFFF_FFFF_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0x5555_5555_5555_5555,
    0xFFFF_FFFF_FFFF_FF80,
    0xFFFF_FFFF_FFFF_FFFE,
    0xFFFF_FFFF_FFFF_FFFF,
];
const F32: &[f32] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3.0,
    0.1,
    1e10,
    -1e10,
    1e-40,
    3.4e38,
    16777216.0,
    16777217.0,
    2147483648.0,
    -2147483648.0,
    4294967296.0,
    9.223372e18,
    1.8446744e19,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MIN_POSITIVE,
    f32::MAX,
];
const F64: &[f64] = &[
    0.1,
    1e300,
    5e-324,
    2147483647.0,
    2147483647.5,
    -2147483648.9,
    -2147483649.0,
    4294967295.0,
    4294967295.9,
    -0.9,
    9007199254740993.0,
    9223372036854774784.0,
    -9223372036854775808.0,
    18446744073709549568.0,
    f64::MAX,
    f64::MIN_POSITIVE,
];
const NANS: &[u64] = &[0x7FC0_0000, 0xFFC0_0000, 0x7FC0_1234, 0x7F80_0001, 0xFFFF_FFFF];

impl Random {
    /// A number: mostly one at an edge.
    pub fn number(&mut self, ty: NumType) -> u64 {
        match (ty, self.below(8)) {
            (NumType::I32, 0) => u64::from(self.next() as u32),
            (NumType::I32, _) => u64::from(self.of(I32)),
            (NumType::I64, 0) => self.next(),
            (NumType::I64, 1..4) => u64::from(self.of(I32)),
            (NumType::I64, _) => self.of(I64),
            (NumType::F32, 0) => u64::from(self.next() as u32),
            (NumType::F32, 1) if self.one_in(2) => self.of(NANS),
            (NumType::F32, 2) => u64::from((self.below(200) as f32 - 100.0).to_bits()),
            (NumType::F32, _) => u64::from(self.of(F32).to_bits()),
            (NumType::F64, 0) => self.next(),
            (NumType::F64, 1) if self.one_in(2) => {
                let nan = self.of(NANS);
                (nan & 1 << 31) << 32 | 0x7FF0_0000_0000_0000 | (nan & 0x7F_FFFF) << 29
            }
            (NumType::F64, 2) => (f64::from(self.below(200)) - 100.0).to_bits(),
            (NumType::F64, 3..6) => f64::from(self.of(F32)).to_bits(),
            (NumType::F64, _) => self.of(F64).to_bits(),
        }
    }
    /// An argument: the first two integers of a type are small, so that they are good addresses.
    pub fn argument(&mut self, local: u32) -> u64 {
        let ty = local_type(local);
        if !is_float(ty) && local % PARAMS < 2 {
            return self.below(256);
        }
        self.number(ty)
    }
    /// What lies in memory: numbers at places where they are found, and others.
    pub fn memory(&mut self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MEMORY);
        while bytes.len() < MEMORY {
            let low = self.of(&TYPES);
            let bits = match low {
                NumType::I32 | NumType::F32 => self.number(low) | self.number(low) << 32,
                wide => self.number(wide),
            };
            bytes.extend(bits.to_le_bytes());
        }
        bytes
    }

    /// An instruction with this result; seldom one that can trap.
    pub fn unary(&mut self, result: NumType) -> UnOp {
        loop {
            let op = self.of(UnOp::ALL);
            if op.signature().1 == result && (!op.can_trap() || self.one_in(16)) {
                return op;
            }
        }
    }
    pub fn binary(&mut self, result: NumType) -> BinOp {
        loop {
            let op = self.of(BinOp::ALL);
            if op.signature().1 == result && (!op.can_trap() || self.one_in(8)) {
                return op;
            }
        }
    }
    pub fn load(&mut self, result: NumType) -> LoadOp {
        loop {
            let op = self.of(LoadOp::ALL);
            if op.ty() == result {
                return op;
            }
        }
    }
    pub fn store(&mut self, operand: NumType) -> StoreOp {
        loop {
            let op = self.of(StoreOp::ALL);
            if op.ty() == operand {
                return op;
            }
        }
    }
}

/// How an address is written.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Const,
    Local,
    /// A local and a constant.
    Imm,
    Sum,
    /// A local and another one times the width.
    Scaled,
    /// The same the other way round.
    ScaledFirst,
    Shl,
    Mask,
    MaskShl,
    /// Any expression, masked.
    Deep,
    Loaded,
    /// A global, which may lie outside.
    Global,
    /// That and a constant.
    GlobalImm,
    /// What may lie outside.
    Wild,
    /// The last places of a memory.
    End,
}
pub const FORMS: &[Form] = &[
    Form::Const,
    Form::Local,
    Form::Imm,
    Form::Sum,
    Form::Scaled,
    Form::ScaledFirst,
    Form::Shl,
    Form::Mask,
    Form::MaskShl,
    Form::Deep,
    Form::Loaded,
    Form::Global,
    Form::GlobalImm,
    Form::Wild,
    Form::End,
];

/// Makes expressions and programs. `wide`: memory 0 has 64-bit addresses.
pub struct Maker<'r> {
    pub random: &'r mut Random,
    pub wide: bool,
    /// There are atomic instructions.
    pub threads: bool,
    /// The result of the program, if returns are wanted.
    pub result: Option<NumType>,
}
impl Maker<'_> {
    pub fn constant(&mut self, ty: NumType) -> Expr {
        Expr::Const(ty, self.random.number(ty))
    }
    pub fn any_local(&mut self, ty: NumType) -> u32 {
        local(ty, self.random.below(LOCALS))
    }
    /// An access with an address of this form, of so many bytes.
    pub fn access(&mut self, form: Form, width: u32) -> (Access, Expr) {
        let memory = if self.random.one_in(6) { 1 } else { 0 };
        let offset = match self.random.below(4) {
            0 => self.random.below(64),
            1 => 8,
            _ => 0,
        };
        let mut access = Access { memory, offset };
        let ty = if memory == 0 && self.wide { NumType::I64 } else { NumType::I32 };
        let n = number(ty) as usize;
        let index = Expr::Local(local(ty, self.random.below(2)));
        let other = Expr::Local(local(ty, self.random.below(2)));
        let k = Expr::Const(ty, width.trailing_zeros().into());
        let and = [BinOp::I32And, BinOp::I64And][n];
        let shl = [BinOp::I32Shl, BinOp::I64Shl][n];
        let mask = |bits| Expr::Const(ty, bits);
        let address = match form {
            Form::Const => mask(self.random.below(1024)),
            Form::Local => index,
            Form::Imm => bin(add(ty), index, mask(self.random.below(512))),
            Form::Sum => bin(add(ty), index, other),
            Form::Scaled => bin(add(ty), index, bin(shl, other, k)),
            Form::ScaledFirst => bin(add(ty), bin(shl, index, k), other),
            Form::Shl => bin(shl, index, k),
            Form::Mask => bin(and, Expr::Local(self.any_local(ty)), mask(0xF8)),
            Form::MaskShl => bin(shl, bin(and, Expr::Local(self.any_local(ty)), mask(0x7F)), k),
            Form::Deep => bin(and, self.expr(ty, 2), mask(0x1FF)),
            Form::Loaded => {
                let inner = Access { memory: 0, offset: 0 };
                let at = if self.wide { NumType::I64 } else { NumType::I32 };
                let at = Expr::Local(local(at, self.random.below(2)));
                bin(and, Expr::Load(whole_load(ty), inner, boxed(at)), mask(0xFF))
            }
            Form::Global => Expr::Global(global(ty, SMALL_GLOBAL)),
            Form::GlobalImm => {
                let imm = self.random.below(512);
                bin(add(ty), Expr::Global(global(ty, SMALL_GLOBAL)), mask(imm))
            }
            Form::Wild => {
                access.offset = self.random.of(&[0, 1, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF]);
                if ty == NumType::I64 && self.random.one_in(4) {
                    access.offset = self.random.of(&[1 << 32, u64::MAX, 1 << 63]);
                }
                Expr::Local(self.any_local(ty))
            }
            Form::End => {
                let last = MEMORY as u64 - u64::from(width);
                access.offset = last - 256 + self.random.below(2);
                bin(add(ty), index, mask(self.random.below(256)))
            }
        };
        (access, address)
    }
    pub fn any_access(&mut self, width: u32) -> (Access, Expr) {
        let form = match self.random.below(150) {
            0 => Form::Wild,
            1..6 => Form::End,
            _ => self.random.of(&FORMS[..FORMS.len() - 2]),
        };
        self.access(form, width)
    }

    /// An expression of a type.
    pub fn expr(&mut self, ty: NumType, depth: u32) -> Expr {
        let Some(depth) = depth.checked_sub(1) else { return self.leaf(ty) };
        let three =
            |maker: &mut Self, types: [NumType; 3]| Box::new(types.map(|ty| maker.expr(ty, depth)));
        match self.random.below(25) {
            0..3 => self.leaf(ty),
            3..12 => {
                let op = self.random.binary(ty);
                let operand = op.signature().0;
                bin(op, self.expr(operand, depth), self.expr(operand, depth))
            }
            12..15 => {
                let op = self.random.unary(ty);
                un(op, self.expr(op.signature().0, depth))
            }
            15..18 => {
                let op = self.random.load(ty);
                let (access, address) = self.any_access(op.width());
                Expr::Load(op, access, boxed(address))
            }
            18 => Expr::Select(three(self, [ty, ty, NumType::I32])),
            19 => Expr::If(ty, three(self, [NumType::I32, ty, ty])),
            20 => Expr::Block(ty, three(self, [ty, NumType::I32, ty])),
            21 => {
                let local = self.settable(ty);
                Expr::Tee(local, boxed(self.expr(ty, depth)))
            }
            22 => {
                let stmts = self.body(1, 0);
                Expr::Then(boxed(self.expr(ty, depth)), stmts)
            }
            23 => {
                let (special, x) = self.special(Some(ty), depth);
                Expr::Special(special, x)
            }
            _ => self.call(ty, depth),
        }
    }
    /// An access of this width by an atomic instruction; mostly an aligned one.
    pub fn atomic_access(&mut self, width: u32) -> (Access, Expr) {
        let (mut access, address) = self.any_access(width);
        access.offset &= !u64::from(width - 1);
        let ty = if access.memory == 0 && self.wide { NumType::I64 } else { NumType::I32 };
        let n = number(ty) as usize;
        let index = Expr::Local(local(ty, self.random.below(2)));
        let bits = u64::from(width);
        let constant = |bits| Expr::Const(ty, bits);
        let address = match self.random.below(12) {
            0 => index,
            1..3 => constant(self.random.below(128) * bits),
            3..6 => {
                let shl = [BinOp::I32Shl, BinOp::I64Shl][n];
                bin(shl, index, constant(width.trailing_zeros().into()))
            }
            _ => {
                let and = [BinOp::I32And, BinOp::I64And][n];
                let mask = bits.wrapping_neg() & (u64::MAX >> if n == 0 { 32 } else { 0 });
                bin(and, address, constant(mask))
            }
        };
        (access, address)
    }
    /// An instruction with this result, and its operands.
    fn special(&mut self, result: Option<NumType>, depth: u32) -> (Special, Vec<Expr>) {
        let (special, types) = loop {
            let special = self.any_special();
            let (types, ty) = special.signature(self.wide);
            if ty == result {
                break (special, types);
            }
        };
        let mut x: Vec<Expr> = types.into_iter().map(|ty| self.expr(ty, depth)).collect();
        if let Special::Atomic(op, access) = special {
            let place;
            (place, x[0]) = self.atomic_access(op.width());
            // The width of addresses was decided by the first one.
            if place.memory == access.memory {
                return (Special::Atomic(op, place), x);
            }
            let ty = special.signature(self.wide).0[0];
            x[0] = Expr::Const(ty, self.random.below(32) * u64::from(op.width()));
        }
        if let Special::ElementGet(..) | Special::ElementSet(..) = special
            && !self.random.one_in(50)
        {
            let mask = Expr::Const(NumType::I32, (ELEMENTS - 1).into());
            x[0] = bin(BinOp::I32And, x[0].clone(), mask);
        }
        (special, x)
    }
    fn any_special(&mut self) -> Special {
        let null = self.random.one_in(100);
        let root = if null { Root::Null } else { self.random.of(&ROOTS[..ROOTS.len() - 1]) };
        let (storage, signed) = (self.random.below(STORAGES.len()), self.random.one_in(2));
        match self.random.below(10) {
            0 => {
                let high = self.settable(NumType::I64);
                let keeps = [Keep::Low, Keep::High, Keep::Difference, Keep::Both(high)];
                Special::Wide(self.random.of(WIDE), self.random.of(&keeps))
            }
            1..3 if self.threads => loop {
                let op = self.random.of(AtomicOp::ALL);
                if op.kind() != AtomicKind::Wait {
                    let memory = u32::from(self.random.one_in(6));
                    break Special::Atomic(op, Access { memory, offset: 0 });
                }
            },
            3 => Special::Get(storage, root, signed),
            4 => Special::Set(storage, root),
            5 => Special::ElementGet(storage, root, signed),
            6 => Special::ElementSet(storage, root),
            7 => Special::Len(storage, root),
            8 if signed => Special::New(storage, self.random.one_in(2)),
            8 => Special::NewArray(storage, self.random.below(3), self.random.one_in(2)),
            _ => Special::I31(signed),
        }
    }
    fn call(&mut self, ty: NumType, depth: u32) -> Expr {
        let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
        match self.random.below(4) {
            0 => {
                let wild = self.random.one_in(50);
                let index = if wild { 7 + self.random.below(3) } else { 2 * number(ty) };
                let index = bin(
                    BinOp::I32Or,
                    Expr::Const(NumType::I32, index.into()),
                    bin(BinOp::I32And, self.expr(NumType::I32, 1), Expr::Const(NumType::I32, 1)),
                );
                Expr::Indirect(ty, Box::new([index, a, b]))
            }
            1 => {
                // Rounds until a local, which grows, is out of range.
                let local = self.settable(ty);
                let (zero, most) = (Expr::Const(NumType::I32, 0), Expr::Const(NumType::I32, 5));
                let start = vec![Stmt::Set(super::ast::local(NumType::I32, LOCALS - 1), zero)];
                let again = bin(BinOp::I32LtU, self.counted(), most);
                Expr::Rounds(local, Box::new([Expr::Then(boxed(a), start), b, again]))
            }
            2 => Expr::Call(ty, Helper::Second, Box::new([a, b])),
            _ => Expr::Call(ty, Helper::Difference, Box::new([a, b])),
        }
    }
    /// The last i32 local, one more each time.
    fn counted(&mut self) -> Expr {
        let counter = local(NumType::I32, LOCALS - 1);
        let more = bin(BinOp::I32Add, Expr::Local(counter), Expr::Const(NumType::I32, 1));
        Expr::Tee(counter, boxed(more))
    }
    fn leaf(&mut self, ty: NumType) -> Expr {
        match self.random.below(8) {
            0 | 1 => self.constant(ty),
            2 => Expr::Global(global(ty, self.random.below(GLOBALS))),
            _ => Expr::Local(self.any_local(ty)),
        }
    }
    /// A local that may be written: not one for addresses, not one that counts.
    pub fn settable(&mut self, ty: NumType) -> u32 {
        local(ty, if is_float(ty) { self.random.below(LOCALS) } else { 2 + self.random.below(4) })
    }

    /// Statements.
    pub fn body(&mut self, most: u32, depth: u32) -> Vec<Stmt> {
        let n = 1 + self.random.below(most);
        (0..n).map(|_| self.stmt(depth)).collect()
    }
    fn stmt(&mut self, depth: u32) -> Stmt {
        let ty = self.random.of(&TYPES);
        let flat = depth == 0;
        match self.random.below(if flat { 14 } else { 24 }) {
            0 => {
                let (special, x) = self.special(None, 2);
                Stmt::Special(special, x)
            }
            1..6 => {
                let local = self.settable(ty);
                Stmt::Set(local, self.expr(ty, 3))
            }
            6 => {
                // An address grows, but not far.
                let ty = self.random.of(&TYPES[..2]);
                let local = local(ty, self.random.below(2));
                let more = Expr::Const(ty, self.random.below(16));
                let and = [BinOp::I32And, BinOp::I64And][number(ty) as usize];
                let sum = bin(add(ty), Expr::Local(local), more);
                Stmt::Set(local, bin(and, sum, Expr::Const(ty, 0x1FF)))
            }
            7 => {
                let global = global(ty, self.random.below(GLOBALS));
                Stmt::SetGlobal(global, self.expr(ty, 3))
            }
            8..12 => {
                let op = self.random.store(ty);
                let (access, address) = self.any_access(op.width());
                Stmt::Store(op, access, address, self.expr(ty, 3))
            }
            12 => Stmt::Drop(self.expr(ty, 2)),
            13 => {
                let locals = [self.settable(ty), self.settable(ty)];
                Stmt::Swap(locals, Box::new([self.expr(ty, 2), self.expr(ty, 2)]))
            }
            14..17 => {
                let no = if self.random.one_in(2) { Vec::new() } else { self.body(2, depth - 1) };
                Stmt::If(self.condition(), self.body(3, depth - 1), no)
            }
            17 => {
                let (before, after) = (self.body(2, depth - 1), self.body(2, depth - 1));
                Stmt::Exit(before, self.condition(), after)
            }
            18..21 => self.counting(depth - 1),
            21 => {
                let counter = local(NumType::I64, LOCALS - 2 + (depth - 1) % 2);
                let start = Stmt::Set(counter, Expr::Const(NumType::I64, 0));
                let more = bin(BinOp::I64Add, Expr::Local(counter), Expr::Const(NumType::I64, 1));
                let more = Expr::Tee(counter, boxed(more));
                let few = bin(BinOp::I64LtU, more, Expr::Const(NumType::I64, 6));
                let condition = bin(BinOp::I32And, few, self.condition());
                let body = self.body(2, depth - 1);
                Stmt::All(vec![start, Stmt::While(condition, body)])
            }
            22 => {
                let parts =
                    (0..1 + self.random.below(3)).map(|_| self.body(1, depth - 1)).collect();
                let mask = Expr::Const(NumType::I32, 3);
                Stmt::Table(bin(BinOp::I32And, self.expr(NumType::I32, 2), mask), parts)
            }
            _ => match self.result {
                Some(ty) => Stmt::Return(self.condition(), self.expr(ty, 2)),
                None => self.counting(depth - 1),
            },
        }
    }
    /// A loop that counts: by an addition and a branch, in one of the ways of writing that.
    fn counting(&mut self, depth: u32) -> Stmt {
        // Loops in one another do not share one; the last i32 counts rounds.
        let ty = if depth == 0 { self.random.of(&TYPES[..2]) } else { NumType::I64 };
        let n = number(ty) as usize;
        let counter = local(ty, LOCALS - 2 + depth % 2);
        let cut = |bits: i64| if ty == NumType::I32 { u64::from(bits as u32) } else { bits as u64 };
        let (start, step, bound) = self.random.of(&[
            (0, 1, 8),
            (0, 2, 8),
            (0, 4, 12),
            (-12, 3, 0),
            (-4, 1, 4),
            (12, -1, 0),
            (8, -4, 0),
            (-8, -2, -16),
            (0, 1, 1),
            (0, 50, 0x100),
        ]);
        let more = bin(add(ty), Expr::Local(counter), Expr::Const(ty, cut(step)));
        let ops = match (step > 0, start < 0) {
            (true, true) => [[BinOp::I32LtS, BinOp::I32LeS], [BinOp::I64LtS, BinOp::I64LeS]],
            (true, false) => [[BinOp::I32LtU, BinOp::I32LtS], [BinOp::I64LtU, BinOp::I64LeU]],
            (false, true) => [[BinOp::I32GtS, BinOp::I32GtU], [BinOp::I64GtS, BinOp::I64GeU]],
            (false, false) => [[BinOp::I32GtS, BinOp::I32GtU], [BinOp::I64GtS, BinOp::I64GtU]],
        };
        let op = if step != 50 && self.random.one_in(3) { ne(ty) } else { self.random.of(&ops[n]) };
        let bound = if bound == 0x100 {
            Expr::Local(local(ty, self.random.below(2)))
        } else {
            Expr::Const(ty, cut(bound))
        };
        let mut body = self.body(3, depth);
        let condition = if self.random.one_in(2) {
            body.push(Stmt::Set(counter, more));
            bin(op, Expr::Local(counter), bound)
        } else {
            bin(op, Expr::Tee(counter, boxed(more)), bound)
        };
        let start = Stmt::Set(counter, Expr::Const(ty, cut(start)));
        Stmt::All(vec![start, Stmt::Loop(body, condition)])
    }
    pub fn condition(&mut self) -> Expr {
        match self.random.below(6) {
            0 => Expr::Local(self.any_local(NumType::I32)),
            1 => un(UnOp::I32Eqz, self.expr(NumType::I32, 2)),
            2 => {
                let op = self.random.of(&[BinOp::I32And, BinOp::I32Xor, BinOp::I32Sub]);
                bin(op, self.expr(NumType::I32, 1), self.expr(NumType::I32, 1))
            }
            _ => loop {
                let op = self.random.binary(NumType::I32);
                let ty = op.signature().0;
                if ty != NumType::I32 || op.code() < 0x50 {
                    break bin(op, self.expr(ty, 2), self.expr(ty, 2));
                }
            },
        }
    }
    pub fn program(&mut self, ty: NumType) -> Program {
        self.result = Some(ty);
        let body = self.body(6, 2);
        Program { body, ty, result: self.expr(ty, 3), tail: self.random.one_in(2) }
    }
}
