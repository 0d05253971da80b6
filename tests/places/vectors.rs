//! The same for vectors: every vector instruction with its operands in every place. Its meaning is
//! that of the portable rows, which tests of their own compare with numbers; what is tested here
//! is what happens to operands and results, and what takes the place of the rows on a target.

mod program;

use super::ast::MEMORY;
use super::numbers::val;
use super::random::Random;
use program::{Expr, FIRST, Machine, Program, Stmt, Stop, boxed, module, op};
use wasmvm::wasm::ops::{SimdOp, SimdShape};
use wasmvm::wasm::types::NumType;
use wasmvm::{Config, Engine, Instance, Module, Store, Val, ValType};

const TYPES: [ValType; 5] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
const V: ValType = ValType::V128;
/// Parameters of each type, and as many further locals.
const PARAMS: u32 = 3;
const LOCALS: u32 = 2 * PARAMS;
/// Where programs write: locals in the end, and before that.
const HOT: usize = 4096;
const BATCH: usize = 64;
const CALLS: usize = 4;

fn number(ty: ValType) -> u32 {
    TYPES.iter().position(|&t| t == ty).expect("a type") as u32
}
fn local(ty: ValType, n: u32) -> u32 {
    n / PARAMS * PARAMS * 5 + number(ty) * PARAMS + n % PARAMS
}
fn local_type(local: u32) -> ValType {
    TYPES[(local / PARAMS % 5) as usize]
}

// ---- programs ----------------------------------------------------------------------------------

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Const,
    Slot,
    Register,
    Tee,
    Result,
    Load,
    Splat,
    Global,
    Call,
    Select,
    Block,
    Stale,
    /// Before many others.
    Pushed,
    StaleLoad,
    AfterCall,
    Same,
}
const PLACES: &[Place] = &[
    Place::Const,
    Place::Slot,
    Place::Register,
    Place::Tee,
    Place::Result,
    Place::Load,
    Place::Splat,
    Place::Global,
    Place::Call,
    Place::Select,
    Place::Block,
    Place::Stale,
    Place::Pushed,
    Place::StaleLoad,
    Place::AfterCall,
    Place::Same,
];
/// What becomes of a vector, or of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Return,
    Set,
    SetFirst,
    Tee,
    Argument,
    Arm,
    Drop,
    Left,
    Right,
    Third,
    Unary,
    Store,
    StoreLane,
    LoadLane,
    SetGlobal,
    Extract,
    Test,
    Branch,
}
const USES: &[Use] = &[
    Use::Return,
    Use::Set,
    Use::SetFirst,
    Use::Tee,
    Use::Argument,
    Use::Arm,
    Use::Drop,
    Use::Left,
    Use::Right,
    Use::Third,
    Use::Unary,
    Use::Store,
    Use::StoreLane,
    Use::LoadLane,
    Use::SetGlobal,
    Use::Extract,
    Use::Test,
    Use::Branch,
];

struct Shaper<'r> {
    random: &'r mut Random,
    before: Vec<Stmt>,
}
impl Shaper<'_> {
    fn bits(&mut self, ty: ValType) -> u128 {
        match ty {
            ValType::I32 => self.random.number(NumType::I32).into(),
            ValType::I64 => self.random.number(NumType::I64).into(),
            ValType::F32 => self.random.number(NumType::F32).into(),
            ValType::F64 => self.random.number(NumType::F64).into(),
            _ => vector(self.random),
        }
    }
    fn own(ty: ValType, n: u32) -> (u32, u32) {
        (local(ty, if ty == ValType::I32 { 1 + n % 2 } else { n }), local(ty, PARAMS + n))
    }
    fn any(&mut self, ty: ValType) -> Expr {
        Expr::Local(local(ty, self.random.below(LOCALS)))
    }
    fn address(&mut self) -> Expr {
        let index = Expr::Local(local(ValType::I32, 0));
        match self.random.below(3) {
            0 => Expr::Const(ValType::I32, self.random.below(512)),
            1 => index,
            // The last bytes.
            _ if self.random.one_in(8) => {
                Expr::Const(ValType::I32, (MEMORY as u32 - self.random.below(20)).into())
            }
            _ => {
                let mask = Expr::Const(ValType::I32, 0x200);
                Expr::Number(ValType::I32, Box::new([index, mask]))
            }
        }
    }
    fn shape(&mut self, shape: SimdShape) -> SimdOp {
        loop {
            let op = self.random.of(SimdOp::ALL);
            if op.shape() == shape {
                return op;
            }
        }
    }
    fn lane(&mut self, op: SimdOp) -> u8 {
        self.random.below(op.lanes())
    }
    /// The immediate of an instruction.
    fn immediate(&mut self, op: SimdOp) -> [u8; 16] {
        match op.shape() {
            SimdShape::Shuffle => [(); 16].map(|()| self.random.below(32)),
            SimdShape::Const => vector(self.random).to_le_bytes(),
            shape if shape.has_lane() => {
                let mut immediate = [0; 16];
                immediate[0] = self.lane(op);
                immediate
            }
            _ => [0; 16],
        }
    }
    /// Something that is computed, of any type.
    fn result(&mut self, ty: ValType, own: u32) -> Expr {
        let (a, b) = (Expr::Local(own), self.any(ty));
        if ty != V {
            return Expr::Number(ty, Box::new([a, b]));
        }
        loop {
            let binary = self.shape(SimdShape::Binary);
            if !binary.text().starts_with('f') {
                return op(binary, vec![a, b]);
            }
        }
    }
    fn loaded(&mut self, address: Expr) -> Expr {
        Expr::Load(SimdOp::V128Load, 0, boxed(address), None)
    }
    fn operand(&mut self, place: Place, ty: ValType, n: u32) -> Expr {
        let (own, beside) = Self::own(ty, n);
        let then = |value, stmt| Expr::Then(boxed(value), vec![stmt]);
        match place {
            Place::Const => Expr::Const(ty, self.bits(ty)),
            Place::Slot => Expr::Local(own),
            Place::Same => Expr::Local(Self::own(ty, 0).0),
            Place::Register => {
                let result = self.result(ty, own);
                self.before.push(Stmt::Set(beside, result));
                Expr::Local(beside)
            }
            Place::Tee => Expr::Tee(beside, boxed(self.result(ty, own))),
            Place::Load if ty == V => {
                let address = self.address();
                self.loaded(address)
            }
            Place::Splat if ty == V => {
                let splat = self.random.of(&[SimdOp::I8x16Splat, SimdOp::I32x4Splat]);
                op(splat, vec![self.any(ValType::I32)])
            }
            Place::Global if ty == V => Expr::Global(n % 2),
            Place::StaleLoad if ty == V => {
                let address = Expr::Local(local(ValType::I32, 0));
                let (loaded, other) = (self.loaded(address.clone()), self.any(V));
                then(loaded, Stmt::Store(SimdOp::V128Store, 0, address, other))
            }
            // Numbers come from vectors as well.
            Place::Load | Place::Splat | Place::Global | Place::StaleLoad => self.extracted(ty),
            Place::Result => self.result(ty, own),
            Place::Call => Expr::Call(ty, Box::new([self.any(ty), Expr::Local(own)])),
            Place::Select => {
                let condition = self.any(ValType::I32);
                Expr::Select(Box::new([Expr::Local(own), self.any(ty), condition]))
            }
            Place::Block => {
                let (result, condition) = (self.result(ty, own), self.any(ValType::I32));
                Expr::Block(ty, Box::new([result, condition, self.any(ty)]))
            }
            Place::Stale => then(Expr::Local(own), Stmt::Set(own, self.any(ty))),
            Place::Pushed => {
                let result = self.result(ty, own);
                let mut stmts = Vec::new();
                for n in 0..3 {
                    let other = local(ty, PARAMS + n);
                    stmts.push(Stmt::Set(other, self.result(ty, other)));
                }
                Expr::Then(boxed(result), stmts)
            }
            Place::AfterCall => {
                let call = Expr::Call(ty, Box::new([self.any(ty), self.any(ty)]));
                then(self.result(ty, own), Stmt::Drop(call))
            }
        }
    }
    fn extracted(&mut self, ty: ValType) -> Expr {
        let extract = loop {
            let op = self.random.of(SimdOp::ALL);
            if matches!(op.shape(), SimdShape::Extract(_)) && op.signature().1 == Some(ty) {
                break op;
            }
        };
        let lane = self.immediate(extract);
        Expr::Op(extract, lane, vec![self.any(V)])
    }

    /// The program that makes this use of a value.
    fn program(&mut self, value: Expr, ty: ValType, what: Use) -> Program {
        let mut body = std::mem::take(&mut self.before);
        let (mut ty, value) = (ty, value);
        let mut result = Expr::Const(ty, 0);
        let last = local(ty, LOCALS - 1);
        let marked = local(ValType::I32, LOCALS - 1);
        match what {
            Use::Return => result = value,
            Use::Set => body.push(Stmt::Set(last, value)),
            Use::SetFirst => body.push(Stmt::Set(Self::own(ty, 0).0, value)),
            Use::Tee => {
                let tee = Expr::Tee(last, boxed(value));
                result = match ty {
                    V => op(SimdOp::V128Xor, vec![tee, self.any(V)]),
                    ty => Expr::Number(ty, Box::new([tee, Expr::Local(last)])),
                };
            }
            Use::Argument => {
                let x = [self.any(ty), value];
                result = Expr::Call(ty, Box::new(x));
            }
            Use::Arm => {
                let (other, condition) = (self.any(ty), self.any(ValType::I32));
                let first = self.random.one_in(2);
                let arms =
                    if first { [value, other, condition] } else { [other, value, condition] };
                result = Expr::Select(Box::new(arms));
            }
            Use::Drop => body.push(Stmt::Drop(value)),
            Use::Branch if ty == ValType::I32 => body.push(Stmt::Mark(marked, value)),
            _ if ty != V => {
                // Back into a vector.
                (result, ty) = (self.replaced(value, ty), V);
            }
            Use::Branch => {
                body.push(Stmt::Mark(marked, op(SimdOp::V128AnyTrue, vec![value])));
            }
            Use::Store | Use::StoreLane => {
                let store = if what == Use::Store {
                    SimdOp::V128Store
                } else {
                    self.shape(SimdShape::StoreLane)
                };
                let lane = if what == Use::Store { 0 } else { self.lane(store) };
                let address = self.address();
                body.push(Stmt::Store(store, lane, address, value));
            }
            Use::SetGlobal => body.push(Stmt::SetGlobal(1, value)),
            _ => (result, ty) = self.operated(value, what),
        }
        Program { body, ty, result }
    }
    fn replaced(&mut self, value: Expr, ty: ValType) -> Expr {
        let replace = loop {
            let op = self.random.of(SimdOp::ALL);
            if matches!(op.shape(), SimdShape::Replace(_)) && op.signature().0[1] == ty {
                break op;
            }
        };
        let lane = self.immediate(replace);
        Expr::Op(replace, lane, vec![self.any(V), value])
    }
    /// Another instruction on a vector.
    fn operated(&mut self, value: Expr, what: Use) -> (Expr, ValType) {
        let expr = match what {
            Use::Left => {
                let binary = self.shape(SimdShape::Binary);
                op(binary, vec![value, self.any(V)])
            }
            Use::Right => {
                let binary = self.shape(SimdShape::Binary);
                op(binary, vec![self.any(V), value])
            }
            Use::Third => {
                let ternary = self.shape(SimdShape::Ternary);
                let mut x = vec![self.any(V), self.any(V), self.any(V)];
                x[self.random.below(3)] = value;
                op(ternary, x)
            }
            Use::Unary => op(self.shape(SimdShape::Unary), vec![value]),
            Use::LoadLane => {
                let load = self.shape(SimdShape::LoadLane);
                Expr::Load(load, self.lane(load), boxed(self.address()), Some(boxed(value)))
            }
            Use::Test => return (op(self.shape(SimdShape::Test), vec![value]), ValType::I32),
            Use::Extract => {
                let ty = self.random.of(&TYPES[..4]);
                let Expr::Op(op, lane, _) = self.extracted(ty) else { panic!("an operation") };
                return (Expr::Op(op, lane, vec![value]), ty);
            }
            _ => panic!("{what:?}"),
        };
        (expr, V)
    }
    /// An instruction with its operands in these places.
    fn instruction(&mut self, op: SimdOp, places: [Place; 3], what: Use) -> Program {
        let (operands, result) = op.signature();
        let lane = self.immediate(op);
        let mut x = Vec::new();
        if op.shape().is_memory() {
            let address = self.address();
            let vector = operands.iter().map(|&ty| self.operand(places[0], ty, 0)).next();
            let Some(result) = result else {
                let mut body = std::mem::take(&mut self.before);
                body.push(Stmt::Store(op, lane[0], address, vector.expect("an operand")));
                return Program { body, ty: V, result: Expr::Const(V, 0) };
            };
            let value = Expr::Load(op, lane[0], boxed(address), vector.map(boxed));
            return self.program(value, result, what);
        }
        for (n, (&ty, place)) in operands.iter().zip(places).enumerate() {
            x.push(self.operand(place, ty, n as u32));
        }
        self.program(Expr::Op(op, lane, x), result.expect("a result"), what)
    }
}

fn vector(random: &mut Random) -> u128 {
    match random.below(4) {
        0 => u128::from(random.next()) | u128::from(random.next()) << 64,
        1 => (0..4).fold(0, |bits, n| bits | u128::from(random.number(NumType::F32)) << (32 * n)),
        2 => (0..2).fold(0, |bits, n| bits | u128::from(random.number(NumType::F64)) << (64 * n)),
        _ => (0..4).fold(0, |bits, n| bits | u128::from(random.number(NumType::I32)) << (32 * n)),
    }
}

// ---- running -----------------------------------------------------------------------------------

#[derive(Default)]
struct Counts {
    programs: u64,
    agreed: u64,
    unknown: u64,
}

fn check(programs: &[Program], random: &mut Random, counts: &mut Counts) {
    let engine = Engine::new(Config::new()).expect("a configuration");
    let module = match Module::new(&engine, module(programs)) {
        Ok(module) => module,
        Err(error) => {
            let func = error.func().map_or(0, |func| func.saturating_sub(FIRST) as usize);
            panic!("not accepted: {error}\n{:#?}", programs[func]);
        }
    };
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("nothing is missing");
    let memory = instance.memory(&store, "m").expect("a memory");
    let bytes: Vec<u8> = (0..MEMORY / 16).flat_map(|_| vector(random).to_le_bytes()).collect();
    memory.write(&mut store, 0, &bytes).expect("it fits");
    let mut machine = Machine { locals: Vec::new(), globals: [0; 2], memory: bytes.clone() };
    for (i, program) in programs.iter().enumerate() {
        let func = instance.func(&store, &format!("p{i}")).expect("a function");
        for _ in 0..CALLS {
            machine.memory[..HOT].copy_from_slice(&bytes[..HOT]);
            memory.write(&mut store, 0, &bytes[..HOT]).expect("it fits");
            machine.globals = [vector(random), vector(random)];
            for (n, &bits) in machine.globals.iter().enumerate() {
                let global = instance.global(&store, &format!("g{n}")).expect("a global");
                global.set(&mut store, Val::V128(bits)).expect("its type");
            }
            let mut shaper = Shaper { random: &mut *random, before: Vec::new() };
            machine.locals = (0..5 * PARAMS).map(|n| shaper.bits(local_type(n))).collect();
            machine.locals[0] = random.below(256);
            let given: Vec<Val> =
                (0..5 * PARAMS).map(|n| val(local_type(n), machine.locals[n as usize])).collect();
            machine.locals.resize(5 * LOCALS as usize, 0);
            let expected = machine.run(program);
            if expected == Err(Stop::Unknown) {
                counts.unknown += 1;
                continue;
            }
            let mut results = [Val::I32(0)];
            let ended = func.call(&mut store, &given, &mut results);
            let same = match (&ended, expected) {
                (Ok(()), Ok(bits)) => results[0] == val(program.ty, bits),
                (Err(error), Err(Stop::Trap(trap))) => error.trap() == Some(trap),
                _ => false,
            };
            let globals = (0..2).all(|n| {
                let global = instance.global(&store, &format!("g{n}")).expect("a global");
                global.get(&store).is_ok_and(|is| is == Val::V128(machine.globals[n]))
            });
            let data = memory.data(&store).expect("bytes");
            let other = (0..HOT).find(|&at| data[at] != machine.memory[at]);
            if !same || !globals || other.is_some() {
                panic!(
                    "{given:x?} → {ended:?} {results:x?}, expected {expected:x?}; globals: \
                     {globals}; memory differs at {other:?}\n{program:#?}\n{}",
                    module.disassemble(FIRST + i as u32).unwrap_or_default()
                );
            }
            counts.agreed += 1;
        }
        counts.programs += 1;
    }
}

/// Makes programs and runs them in modules.
fn run(name: &str, seed: u64, make: impl Fn(&mut dyn FnMut(SimdOp, [Place; 3], Use))) {
    let (mut random, mut counts, mut batch) = (Random::new(seed), Counts::default(), Vec::new());
    let mut made = 0u64;
    make(&mut |op, places, what| {
        made += 1;
        if !made.is_multiple_of(super::share()) {
            return;
        }
        let mut shaper = Shaper { random: &mut random, before: Vec::new() };
        batch.push(shaper.instruction(op, places, what));
        if batch.len() == BATCH {
            check(&batch, &mut random, &mut counts);
            batch.clear();
        }
    });
    check(&batch, &mut random, &mut counts);
    let Counts { programs, agreed, unknown } = counts;
    println!("{name}: {programs} programs, {agreed} calls; {unknown} not compared");
    assert!(agreed > 0 && unknown * 3 < agreed, "too few calls are compared");
}

/// What takes one vector or a number, and tests, loads and stores.
#[test]
fn one_operand() {
    run("vectors with one operand", 11, |add| {
        for _ in 0..super::rounds() {
            for &op in SimdOp::ALL.iter().filter(|op| op.signature().0.len() < 2) {
                for &place in PLACES {
                    for &what in USES {
                        add(op, [place; 3], what);
                    }
                }
            }
        }
    });
}
#[test]
fn two_operands() {
    run("vectors with two operands", 12, |add| {
        for round in 0..super::rounds() as usize {
            for (i, &op) in SimdOp::ALL.iter().filter(|op| op.signature().0.len() == 2).enumerate()
            {
                for (a, b) in PLACES.iter().flat_map(|&a| PLACES.iter().map(move |&b| (a, b))) {
                    let what = USES[(i + a as usize * 5 + b as usize + round) % USES.len()];
                    add(op, [a, b, a], what);
                }
            }
        }
    });
}
#[test]
fn three_operands() {
    run("vectors with three operands", 13, |add| {
        for round in 0..super::rounds() as usize {
            for (i, &op) in SimdOp::ALL.iter().filter(|op| op.signature().0.len() == 3).enumerate()
            {
                for (&a, &b) in PLACES.iter().flat_map(|a| PLACES.iter().map(move |b| (a, b))) {
                    for &c in PLACES {
                        let sum = i + a as usize * 7 + b as usize * 3 + c as usize + round;
                        add(op, [a, b, c], USES[sum % USES.len()]);
                    }
                }
            }
        }
    });
}
