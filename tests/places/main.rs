//! Every instruction with operands in every place: small programs are run by the engine and by a
//! plain evaluator, which must agree on results, traps, locals, globals and memories.
//!
//! What is built is tested: threaded handlers or the loop. Programs are the same in every run.
//! `WASMVM_PLACES=N` makes N times as many, all of them others; `WASMVM_PLACES=1/N` runs one of N,
//! for slow machines.

mod ast;
#[path = "../peer/atomic.rs"]
mod atomic;
mod emit;
mod maker;
mod meaning;
#[path = "../peer/numbers.rs"]
mod numbers;
mod oracle;
#[path = "../peer/random.rs"]
mod random;
mod shapes;
mod special;
mod vectors;

use ast::*;
use maker::Maker;
use meaning::{Meaning, Num, Stop};
use numbers::{bits, val};
use oracle::{HOT, Machine, Memory};
use random::Random;
use shapes::{PLACES, Place, Shaper, USES, Use};
use special::*;
use std::collections::BTreeSet;
use wasmvm::wasm::instr::{BinOp, UnOp};
use wasmvm::wasm::ops::{AtomicKind, AtomicOp, LoadOp, StoreOp};
use wasmvm::wasm::types::NumType;
use wasmvm::{ArrayRef, Config, Engine, Error, ErrorKind, Instance, Module, Store, StructRef, Val};

/// Programs of a module.
const BATCH: usize = 64;
/// Calls of a program.
const CALLS: usize = 3;

/// How the engine is set up, and which addresses memory 0 has.
#[derive(Clone, Copy, Debug)]
struct Setup {
    wide: bool,
    /// Memories are shared.
    shared: bool,
    deterministic: bool,
    fuel: bool,
    interrupts: bool,
}
impl Setup {
    fn number(n: u32) -> Setup {
        // Half of them as most embedders have it.
        let kind = if n & 1 == 0 { 0 } else { (n >> 2) % 5 };
        Setup {
            wide: n >> 1 & 1 == 1,
            deterministic: kind == 1,
            fuel: kind == 2,
            interrupts: kind == 3,
            shared: kind == 4,
        }
    }
    fn engine(self) -> Engine {
        let config = Config::new().deterministic(self.deterministic).fuel(self.fuel);
        Engine::new(config.interrupts(self.interrupts)).expect("a configuration")
    }
}

/// What was done.
#[derive(Default)]
struct Counts {
    programs: u64,
    agreed: u64,
    traps: u64,
    unknown: u64,
    handlers: BTreeSet<u64>,
}

/// Programs on their way into a module.
struct Runner {
    random: Random,
    setup: Setup,
    batch: Vec<Program>,
    counts: Counts,
    modules: u32,
    made: u64,
}
impl Runner {
    fn new(seed: u64) -> Runner {
        Runner {
            random: Random::new(seed),
            setup: Setup::number(0),
            batch: Vec::new(),
            counts: Counts::default(),
            modules: 0,
            made: 0,
        }
    }
    fn maker(&mut self) -> Maker<'_> {
        let Setup { wide, deterministic, .. } = self.setup;
        Maker { random: &mut self.random, wide, threads: !deterministic, result: None }
    }
    fn shaper(&mut self) -> Shaper<'_> {
        Shaper::new(self.maker())
    }
    fn add(&mut self, program: Program) {
        self.made += 1;
        if !self.made.is_multiple_of(share()) {
            return;
        }
        self.batch.push(program);
        if self.batch.len() == BATCH {
            self.flush();
        }
    }
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let programs: Vec<&Program> = batch.iter().collect();
        let seed = self.random.next();
        if let Err((program, what)) = check(&programs, self.setup, seed, &mut self.counts) {
            let program = shrink(batch[program].clone(), self.setup, seed);
            let (what, listing) = match check(&[&program], self.setup, seed, &mut self.counts) {
                Err((_, what)) => (what, listing(&program, self.setup)),
                Ok(()) => (format!("{what}, but not in a module of its own"), String::new()),
            };
            panic!("{:?}: {what}\n{program:#?}\n{listing}", self.setup);
        }
        self.modules += 1;
        self.setup = Setup::number(self.modules);
    }
    /// The end: what was done, and that it was enough.
    fn finish(mut self, name: &str) {
        self.flush();
        let Counts { programs, agreed, traps, unknown, handlers } = self.counts;
        println!(
            "{name}: {programs} programs, {agreed} calls, {traps} of them traps; {unknown} not \
             compared; {} handlers",
            handlers.len()
        );
        assert!(agreed > 0 && unknown * 10 < agreed, "too few calls are compared");
        assert!(traps * 2 < agreed, "too many calls end in traps");
    }
}

/// Runs programs; the number of the first that differs, and how.
fn check(
    programs: &[&Program],
    setup: Setup,
    seed: u64,
    counts: &mut Counts,
) -> Result<(), (usize, String)> {
    let engine = setup.engine();
    let module = match Module::new(&engine, emit::module(programs, setup.wide, setup.shared)) {
        Ok(module) => module,
        Err(error) => return Err((index_of(programs, &error), format!("not accepted: {error}"))),
    };
    // Listing the code takes longer than everything else.
    if seed.is_multiple_of(4)
        && let Err(error) = module.handlers(|handler, _| counts.handlers.extend([handler]))
    {
        return Err((index_of(programs, &error), format!("not translated: {error}")));
    }
    let mut random = Random::new(seed);
    let bytes = random.memory();
    let mut store = Store::new(&engine, ());
    if setup.fuel {
        store.set_fuel(u64::MAX / 2).expect("an engine with fuel");
    }
    let instance = Instance::new(&mut store, &module, &[]).expect("nothing is missing");
    let mut call = Call::new(store, instance, setup, bytes, &mut random);
    for (i, program) in programs.iter().enumerate() {
        for _ in 0..CALLS {
            call.prepare(&mut random);
            let expected = call.machine.run(program);
            counts.unknown += u64::from(expected == Err(Stop::Unknown));
            if expected == Err(Stop::Unknown) {
                call.machine.objects.undo();
                continue;
            }
            call.compare(i, program, expected).map_err(|what| (i, what))?;
            counts.agreed += 1;
            counts.traps += u64::from(expected.is_err());
        }
        counts.programs += 1;
    }
    let last = programs.len() - 1;
    call.compare_all().map_err(|what| (last, what))
}
/// The program that an error of the module is about.
fn index_of(programs: &[&Program], error: &Error) -> usize {
    let func = error.func().unwrap_or(emit::FIRST);
    (func.saturating_sub(emit::FIRST) as usize).min(programs.len() - 1)
}

/// An instance and the state of the evaluator beside it.
struct Call {
    store: Store<()>,
    instance: Instance,
    machine: Machine,
    arguments: Vec<Val>,
    /// What the memories are before each call.
    bytes: Vec<u8>,
    /// Where their bytes are read into.
    read: Vec<u8>,
    arrays: Vec<ArrayRef>,
    structure: StructRef,
}
impl Call {
    fn new(
        mut store: Store<()>,
        instance: Instance,
        setup: Setup,
        bytes: Vec<u8>,
        random: &mut Random,
    ) -> Call {
        for n in 0..2 {
            let memory = instance.memory(&store, &format!("m{n}")).expect("a memory");
            memory.write(&mut store, 0, &bytes).expect("it fits");
        }
        let memory = Memory::new(bytes.clone());
        let machine = Machine {
            meaning: Meaning { deterministic: setup.deterministic },
            locals: Vec::new(),
            globals: Vec::new(),
            memories: [memory.clone(), memory],
            objects: Objects::new(|ty| random.number(ty)),
            steps: 0,
        };
        let object = |n| {
            let global = instance.global(&store, &format!("o{n}")).expect("a global");
            match global.get(&store) {
                Ok(Val::AnyRef(Some(object))) => object,
                other => panic!("{other:?} is no object"),
            }
        };
        let array = |n| object(n).as_array(&store).expect("of this store").expect("an array");
        let arrays: Vec<ArrayRef> = (0..STRUCTURE).map(array).collect();
        let structure = object(STRUCTURE).as_struct(&store).expect("of this store");
        let structure = structure.expect("a structure");
        let (arguments, read) = (Vec::new(), bytes.clone());
        let mut call = Call { store, instance, machine, arguments, bytes, read, arrays, structure };
        call.set_objects();
        call
    }
    /// All elements and fields as the evaluator has them.
    fn set_objects(&mut self) {
        for object in 0..OBJECTS {
            let count = if object == STRUCTURE { STRUCTURE } else { ELEMENTS as usize };
            for index in 0..count {
                let value = self.machine.objects.val(object, index);
                let set = match self.arrays.get(object) {
                    Some(array) => array.set(&mut self.store, index as u32, value),
                    None => self.structure.set(&mut self.store, index, value),
                };
                set.expect("its type");
            }
        }
    }
    /// Compares what was written to objects, and all fields.
    fn compare_objects(&mut self) -> Result<(), String> {
        let written = std::mem::take(&mut self.machine.objects.written);
        let written = written.into_iter().map(|(object, index, _)| (object, index));
        for (object, index) in written.chain((0..STRUCTURE).map(|n| (STRUCTURE, n))) {
            let is = match self.arrays.get(object) {
                Some(array) => array.get(&self.store, index as u32),
                None => self.structure.get(&self.store, index),
            };
            let is = bits(&is.expect("a number"));
            let expected = *self.machine.objects.place(object, index);
            let ty = STORAGES[if object == STRUCTURE { index } else { object }];
            if !expected.allows(ty, is) {
                return Err(format!("object {object} has {is:#x} at {index}, not {expected:x?}"));
            }
        }
        Ok(())
    }
    /// New arguments and globals; memories as they were.
    fn prepare(&mut self, random: &mut Random) {
        let (store, machine) = (&mut self.store, &mut self.machine);
        for n in 0..2 {
            let memory = self.instance.memory(store, &format!("m{n}")).expect("a memory");
            for hot in HOT {
                let at = hot.start as u64;
                memory.write(&mut *store, at, &self.bytes[hot]).expect("it fits");
            }
            machine.memories[n].reset(&self.bytes);
        }
        machine.globals =
            (0..4 * GLOBALS).map(|n| Num::new(random.number(global_type(n)))).collect();
        for ty in [NumType::I32, NumType::I64] {
            machine.globals[global(ty, SMALL_GLOBAL) as usize] = Num::new(random.below(256));
        }
        for (n, num) in machine.globals.iter().enumerate() {
            let global = self.instance.global(store, &format!("g{n}")).expect("a global");
            global.set(&mut *store, val(global_type(n as u32), num.bits)).expect("its type");
        }
        let params = 4 * PARAMS;
        machine.locals = (0..params).map(|n| Num::new(random.argument(n))).collect();
        self.arguments =
            (0..params).map(|n| val(local_type(n), machine.locals[n as usize].bits)).collect();
        machine.locals.resize(2 * params as usize, Num::new(0));
    }
    /// Calls a program, and compares what it did with what the evaluator did.
    fn compare(
        &mut self,
        i: usize,
        program: &Program,
        expected: Result<Num, Stop>,
    ) -> Result<(), String> {
        let func = self.instance.func(&self.store, &format!("p{i}")).expect("a function");
        let mut results = [Val::I32(0)];
        let ended = func.call(&mut self.store, &self.arguments, &mut results);
        let same = match (&ended, expected) {
            (Ok(()), Ok(num)) => num.allows(program.ty, bits(&results[0])),
            (Err(error), Err(Stop::Trap(trap))) => {
                error.kind() == ErrorKind::Trap && error.trap() == Some(trap)
            }
            _ => false,
        };
        let given = &self.arguments;
        if !same {
            return Err(format!("{given:x?} → {ended:?} {results:x?}, expected {expected:x?}"));
        }
        for (n, num) in self.machine.globals.iter().enumerate() {
            let ty = global_type(n as u32);
            let global = self.instance.global(&self.store, &format!("g{n}")).expect("a global");
            let is = bits(&global.get(&self.store).expect("a value"));
            if !num.allows(ty, is) {
                return Err(format!("{given:x?}: global {n} is {is:#x}, expected {num:x?}"));
            }
        }
        for (n, expected) in self.machine.memories.iter().enumerate() {
            let memory = self.instance.memory(&self.store, &format!("m{n}")).expect("a memory");
            for hot in HOT {
                let at = hot.start as u64;
                memory.read(&self.store, at, &mut self.read[hot]).expect("in bounds");
            }
            if let Some(at) = expected.differs(&self.read) {
                let (is, expected) = (self.read[at], expected.bytes[at]);
                let place = match at.checked_sub(DUMP as usize).filter(|_| n == 0) {
                    Some(at) if at < 32 * LOCALS as usize => format!("local {}", at / 8),
                    _ => format!("memory {n} at {at}"),
                };
                return Err(format!("{given:x?}: {place} has {is:#x}, expected {expected:#x}"));
            }
        }
        self.compare_objects()
    }
    /// Whether anything was written where nothing writes.
    fn compare_all(&mut self) -> Result<(), String> {
        for n in 0..2 {
            let memory = self.instance.memory(&self.store, &format!("m{n}")).expect("a memory");
            memory.read(&self.store, 0, &mut self.read).expect("in bounds");
            let mut cold = HOT[0].end..HOT[1].start;
            if let Some(at) = cold.find(|&at| self.read[at] != self.bytes[at]) {
                return Err(format!("memory {n} was written at {at}, by one of these"));
            }
        }
        Ok(())
    }
}

/// The engine's code of a program.
fn listing(program: &Program, setup: Setup) -> String {
    let bytes = emit::module(&[program], setup.wide, setup.shared);
    let module = Module::new(&setup.engine(), bytes);
    module.and_then(|module| module.disassemble(emit::FIRST)).unwrap_or_else(|e| e.to_string())
}
/// Leaves out statements as long as the program still fails, with more calls than usual.
fn shrink(program: Program, setup: Setup, seed: u64) -> Program {
    let fails = |program: &Program| {
        (0..100).any(|n| check(&[program], setup, seed + n, &mut Counts::default()).is_err())
    };
    let mut smallest = program;
    loop {
        let mut smaller = (0..smallest.body.len()).map(|at| {
            let mut shorter = smallest.clone();
            match shorter.body.remove(at) {
                Stmt::All(inner) | Stmt::If(_, inner, _) | Stmt::Loop(inner, _) => {
                    let mut opened = smallest.clone();
                    opened.body.splice(at..=at, inner);
                    vec![shorter, opened]
                }
                _ => vec![shorter],
            }
        });
        match smaller.find_map(|programs| programs.into_iter().find(|program| fails(program))) {
            Some(program) => smallest = program,
            None => return smallest,
        }
    }
}

/// How many times as many programs as usual are made.
fn rounds() -> u64 {
    wanted().0
}
/// One of how many is run.
fn share() -> u64 {
    wanted().1
}
fn wanted() -> (u64, u64) {
    let text = std::env::var("WASMVM_PLACES").unwrap_or_else(|_| "1".into());
    let (rounds, share) = text.split_once('/').unwrap_or((&text, "1"));
    let number = |text: &str| text.parse().expect("WASMVM_PLACES is a number, or 1/N");
    (number(rounds), number(share).max(1))
}

#[test]
fn unary() {
    let mut runner = Runner::new(1);
    for _ in 0..rounds() {
        for &op in UnOp::ALL {
            for &place in PLACES {
                for &what in USES {
                    let program = runner.shaper().unary(op, place, what);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish("unary");
}

#[test]
fn binary() {
    let mut runner = Runner::new(2);
    for round in 0..rounds() as usize {
        for (i, &op) in BinOp::ALL.iter().enumerate() {
            for (a, b) in PLACES.iter().flat_map(|&a| PLACES.iter().map(move |&b| (a, b))) {
                // Two of the uses each time, all of them in twelve rounds.
                let start = i + a as usize + b as usize + round;
                for &what in USES.iter().skip(start % 12).step_by(12) {
                    let program = runner.shaper().binary(op, [a, b], what);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish("binary");
}

#[test]
fn pairs() {
    let mut runner = Runner::new(3);
    for _ in 0..rounds() {
        for (&outer, &inner) in
            BinOp::ALL.iter().flat_map(|o| BinOp::ALL.iter().map(move |i| (o, i)))
        {
            if outer.signature().0 != inner.signature().1 {
                continue;
            }
            for shape in 0..16 {
                let what = runner.random.of(USES);
                let mut shaper = runner.shaper();
                let program = shaper.pair([outer, inner], shape & 1 == 0, shape >> 1, what);
                runner.add(program);
            }
        }
    }
    runner.finish("pairs");
}

#[test]
fn loads() {
    let mut runner = Runner::new(4);
    for _ in 0..rounds() {
        for (&op, &form) in
            LoadOp::ALL.iter().flat_map(|o| shapes::forms().iter().map(move |f| (o, f)))
        {
            for &what in USES {
                let program = runner.shaper().loaded(op, form, None, what);
                runner.add(program);
            }
            for &outer in BinOp::ALL.iter().filter(|outer| outer.signature().0 == op.ty()) {
                for _ in 0..4 {
                    let what = runner.random.of(USES);
                    let program = runner.shaper().loaded(op, form, Some(outer), what);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish("loads");
}

#[test]
fn stores() {
    let mut runner = Runner::new(5);
    for _ in 0..2 * rounds() {
        for (&op, &form) in
            StoreOp::ALL.iter().flat_map(|o| shapes::forms().iter().map(move |f| (o, f)))
        {
            for &place in PLACES {
                let program = runner.shaper().store(op, form, place);
                runner.add(program);
            }
            for &inner in BinOp::ALL.iter().filter(|inner| inner.signature().1 == op.ty()) {
                let places = [runner.random.of(PLACES), runner.random.of(PLACES)];
                let mut shaper = runner.shaper();
                let (access, address) = shaper.maker.access(form, op.width());
                let ty = inner.signature().0;
                let value =
                    bin(inner, shaper.operand(places[0], ty, 0), shaper.operand(places[1], ty, 1));
                let mut program = shaper.program(Expr::Const(op.ty(), 0), op.ty(), Use::Return);
                program.body.push(Stmt::Store(op, access, address, value));
                runner.add(program);
            }
        }
    }
    runner.finish("stores");
}

/// Stores of what is computed from what is there, and of two numbers side by side.
#[test]
fn updates() {
    let mut runner = Runner::new(14);
    for _ in 0..2 * rounds() {
        for &op in StoreOp::ALL {
            let closed = |inner: &&BinOp| inner.signature() == (op.ty(), op.ty());
            for &inner in BinOp::ALL.iter().filter(closed) {
                for &place in PLACES {
                    let program = runner.shaper().update(op, inner, place);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish("updates");
}

/// Locals that grow by a constant and are compared.
#[test]
fn growing() {
    let mut runner = Runner::new(15);
    for _ in 0..rounds() {
        let compares = |op: &&BinOp| {
            op.signature().1 == NumType::I32
                && matches!(op.text().split_once('.'), Some((_, name)) if name.starts_with(['e', 'n', 'l', 'g']))
        };
        for &op in BinOp::ALL.iter().filter(compares) {
            for &place in PLACES {
                for what in [Use::Exit, Use::If, Use::Not, Use::Loop, Use::While, Use::Select] {
                    let program = runner.shaper().grown(op, place, what);
                    runner.add(program);
                }
                for again in [false, true, true, true] {
                    let program = runner.shaper().grown_together(op, place, again);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish("growing");
}

/// The comparison `b op' a` that is `a op b`.
fn turned(op: BinOp) -> Option<BinOp> {
    let (ty, name) = op.text().split_once('.')?;
    let name = match name.split_at_checked(2)? {
        ("lt", rest) => format!("{ty}.gt{rest}"),
        ("gt", rest) => format!("{ty}.lt{rest}"),
        ("le", rest) => format!("{ty}.ge{rest}"),
        ("ge", rest) => format!("{ty}.le{rest}"),
        _ => return None,
    };
    BinOp::ALL.iter().copied().find(|op| op.text() == name)
}
/// Selections between two numbers by a comparison of them, and differences of comparisons.
#[test]
fn choices() {
    let mut runner = Runner::new(16);
    for _ in 0..rounds() {
        for &op in BinOp::ALL.iter().filter(|op| turned(**op).is_some()) {
            for (&a, &b) in PLACES.iter().flat_map(|a| PLACES.iter().map(move |b| (a, b))) {
                let what = runner.random.of(USES);
                let program = runner.shaper().choice(op, [a, b], what);
                runner.add(program);
            }
        }
    }
    runner.finish("choices");
}

#[test]
fn selections() {
    let mut runner = Runner::new(6);
    for _ in 0..rounds() {
        for ty in TYPES {
            for (&a, &b) in PLACES.iter().flat_map(|a| PLACES.iter().map(move |b| (a, b))) {
                for &c in PLACES {
                    let what = runner.random.of(USES);
                    let program = runner.shaper().select(ty, [a, b, c], what);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish("selections");
}

/// Constant divisors become multiplications: each shift, and what lies around it.
#[test]
fn divisions() {
    use BinOp::*;
    let mut runner = Runner::new(7);
    for op in [I32DivS, I32DivU, I32RemS, I32RemU, I64DivS, I64DivU, I64RemS, I64RemU] {
        let ty = op.signature().0;
        let cut = |bits: u64| if ty == NumType::I32 { u64::from(bits as u32) } else { bits };
        let shifts = (0..ast::width(ty) as u32 * 8).map(|shift| 1u64 << shift);
        let edges = shifts.flat_map(|p| [p, p - 1, p + 1, p.wrapping_neg(), p ^ u64::MAX]);
        let more: Vec<u64> = (0..100 * rounds()).map(|_| runner.random.next()).collect();
        let more = more.into_iter().map(|bits| bits >> (bits % 63));
        for divisor in edges.chain(1..100).chain(more) {
            let place = runner.random.of(PLACES);
            let what =
                runner.random.of(&[Use::Return, Use::Set, Use::SetFirst, Use::Left, Use::Exit]);
            let mut shaper = runner.shaper();
            let dividend = shaper.operand(place, ty, 0);
            let value = bin(op, dividend, Expr::Const(ty, cut(divisor)));
            let program = shaper.program(value, op.signature().1, what);
            runner.add(program);
        }
    }
    runner.finish("divisions");
}

/// Every instruction of a list, as many times as there are places, with all of them in turn for
/// each operand, and all uses in turn.
fn specials(name: &str, seed: u64, list: impl Fn(&mut Random) -> Vec<Special>) {
    let mut runner = Runner::new(seed);
    for round in 0..rounds() as usize {
        let list = list(&mut runner.random);
        for (i, &special) in list.iter().enumerate() {
            for (a, b) in PLACES.iter().flat_map(|&a| PLACES.iter().map(move |&b| (a, b))) {
                let few = special.signature(false).0.len() < 2;
                if few && b != Place::Const {
                    continue;
                }
                let uses = if few { 4 } else { 1 };
                let start = i + a as usize * 5 + b as usize + round;
                for n in 0..uses {
                    let what = USES[(start + n * 7) % USES.len()];
                    if matches!(special, Special::Atomic(..)) {
                        // That profile has no threads.
                        runner.setup.deterministic = false;
                    }
                    let places = [a, b, runner.random.of(PLACES), runner.random.of(PLACES)];
                    let program = runner.shaper().special(special, places, what);
                    runner.add(program);
                }
            }
        }
    }
    runner.finish(name);
}

#[test]
fn two_results() {
    specials("two results", 21, |_| {
        let high = local(NumType::I64, LOCALS - 1);
        let keeps = [Keep::Low, Keep::High, Keep::Difference, Keep::Both(high)];
        WIDE.iter().flat_map(|&op| keeps.map(|keep| Special::Wide(op, keep))).collect()
    });
}

#[test]
fn atomic_accesses() {
    specials("atomic accesses", 22, |_| {
        let waits = |op: &&AtomicOp| op.kind() == AtomicKind::Wait;
        let access = Access { memory: 0, offset: 0 };
        let ops = AtomicOp::ALL.iter().filter(|op| !waits(op));
        ops.map(|&op| Special::Atomic(op, access)).collect()
    });
}

#[test]
fn objects() {
    specials("objects", 23, |random| {
        let mut list = Vec::new();
        for (storage, &root) in (0..STORAGES.len()).flat_map(|s| ROOTS.iter().map(move |r| (s, r)))
        {
            for signed in [false, true] {
                list.push(Special::Get(storage, root, signed));
                list.push(Special::ElementGet(storage, root, signed));
            }
            list.extend([Special::Set(storage, root), Special::Len(storage, root)]);
        }
        for storage in 0..STORAGES.len() {
            for signed in [false, true] {
                list.push(Special::New(storage, signed));
                list.push(Special::NewArray(storage, random.below(3), signed));
            }
            list.push(Special::ElementSet(storage, random.of(&ROOTS[..ROOTS.len() - 1])));
        }
        list.extend([Special::I31(false), Special::I31(true)]);
        list
    });
}

#[test]
fn whole_programs() {
    let mut runner = Runner::new(8);
    for _ in 0..15_000 * rounds() {
        let result = runner.random.of(&TYPES);
        let program = runner.maker().program(result);
        runner.add(program);
    }
    runner.finish("whole programs");
}

/// The evaluator itself, on what the specification says plainly.
#[test]
fn evaluator() {
    let meaning = Meaning { deterministic: false };
    let num = |value: f64| Num::new(value.to_bits());
    let unary = |op, a| meaning.unary(op, a).map(|num| num.bits);
    assert_eq!(unary(UnOp::I64TruncSatF64U, num(1e30)), Ok(u64::MAX));
    assert_eq!(unary(UnOp::I64TruncSatF64S, num(-1e30)), Ok(1 << 63));
    assert_eq!(unary(UnOp::I32TruncSatF64S, num(-1e30)), Ok(0x8000_0000));
    assert_eq!(unary(UnOp::I32TruncF64U, num(-0.9)), Ok(0));
    assert!(unary(UnOp::I32TruncF64U, num(-1.0)).is_err());
    assert_eq!(unary(UnOp::I64Extend8S, Num::new(0x80)), Ok(0xFFFF_FFFF_FFFF_FF80));
    let binary = |op, a, b| meaning.binary(op, Num::new(a), Num::new(b)).map(|num| num.bits);
    assert_eq!(binary(BinOp::I32Rotl, 0x8000_0001, 4), Ok(0x18));
    assert_eq!(binary(BinOp::I64Rotr, 0x11, 4), Ok(0x1000_0000_0000_0001));
    assert_eq!(binary(BinOp::I32RemS, 0x8000_0000, u64::from(u32::MAX)), Ok(0));
    assert!(binary(BinOp::I32DivS, 0x8000_0000, u64::from(u32::MAX)).is_err());
    assert_eq!(binary(BinOp::F64Min, 0, 1 << 63), Ok(1 << 63));
    assert_eq!(binary(BinOp::F64Max, 1 << 63, 0), Ok(0));
    let nan = meaning.binary(BinOp::F64Add, num(f64::INFINITY), num(f64::NEG_INFINITY));
    let nan = nan.expect("a NaN");
    assert!(nan.allows(NumType::F64, 0xFFF8_0000_0000_0000));
    assert!(!nan.allows(NumType::F64, 0x7FF8_0000_0000_0001));
    // A place is never left out by accident.
    assert_eq!(PLACES.len(), Place::Same as usize + 1);
    assert_eq!(USES.len(), Use::StoreAddress as usize + 1);
}
