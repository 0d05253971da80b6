//! Modules out of programs.

use super::ast::*;
use super::special::{ELEMENTS, Names, OBJECTS, STORAGES, STRUCTURE};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, ExportKind, ExportSection, FieldType,
    Function, FunctionSection, GlobalSection, GlobalType, HeapType, Instruction, MemorySection,
    MemoryType, Module, RefType, StorageType, TableSection, TableType, TypeSection, ValType,
};
use wasmvm::wasm::types::NumType;

fn val_type(ty: NumType) -> ValType {
    [ValType::I32, ValType::I64, ValType::F32, ValType::F64][number(ty) as usize]
}
/// Types of functions: `(t t) → t`, `(t) → t`, `(t t) → t t`, all parameters `→ t`.
const TWO: u32 = 0;
const ONE: u32 = 4;
const SWAP: u32 = 8;
const PROGRAM: u32 = 12;

/// The first program's index among the functions.
pub const FIRST: u32 = 4 * HELPERS + OBJECTS as u32;
/// The first of the types of objects; those of functions that return one follow.
const OBJECT: u32 = PROGRAM + 4;

impl Names {
    pub fn of(object: usize) -> Names {
        let n = object as u32;
        Names {
            ty: OBJECT + n,
            global: 4 * GLOBALS + n,
            local: 4 * LOCALS + n,
            func: 4 * HELPERS + n,
        }
    }
}

/// A module of programs, each exported by its number, with everything that they use. `wide`:
/// memory 0 has 64-bit addresses; `shared`: both are shared.
pub fn module(programs: &[&Program], wide: bool, shared: bool) -> Vec<u8> {
    let (mut types, mut funcs) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut codes) = (ExportSection::new(), CodeSection::new());
    let all = TYPES.map(val_type);
    all.iter().for_each(|&t| types.ty().function([t, t], [t]));
    all.iter().for_each(|&t| types.ty().function([t], [t]));
    all.iter().for_each(|&t| types.ty().function([t, t], [t, t]));
    let mut locals: Vec<_> = all.iter().map(|&t| (PARAMS, t)).collect();
    locals.extend((0..OBJECTS).map(|n| (1, reference(n, true))));
    let params: Vec<_> = all.iter().flat_map(|&t| [t; PARAMS as usize]).collect();
    all.iter().for_each(|&t| types.ty().function(params.iter().copied(), [t]));
    for ty in TYPES {
        let n = number(ty);
        for (ty, code) in [
            (TWO + n, &[0x20, 1][..]),
            (TWO + n, &[0x20, 0, 0x20, 1, sub(ty).code() as u8][..]),
            (SWAP + n, &[0x20, 1, 0x20, 0][..]),
        ] {
            funcs.function(ty);
            let mut function = Function::new([]);
            function.raw(code.iter().copied().chain([0x0B]));
            codes.function(&function);
        }
    }
    objects(&mut types, &mut funcs, &mut codes);
    for (i, program) in programs.iter().enumerate() {
        funcs.function(PROGRAM + number(program.ty));
        exports.export(&format!("p{i}"), ExportKind::Func, FIRST + i as u32);
        let mut function = Function::new(locals.clone());
        let mut code = Code::new(wide);
        code.program(program);
        function.raw(code.bytes);
        codes.function(&function);
    }
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 9,
        maximum: None,
        shared: false,
    });
    let mut elements = ElementSection::new();
    let listed: Vec<u32> = (0..4).flat_map(|n| [n * HELPERS, n * HELPERS + 1]).collect();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(listed.into()));
    let mut memories = MemorySection::new();
    for (n, memory64) in [(0, wide), (1, false)] {
        let (minimum, maximum) = (1, Some(1));
        memories.memory(MemoryType { minimum, maximum, memory64, shared, page_size_log2: None });
        exports.export(&format!("m{n}"), ExportKind::Memory, n);
    }
    let globals = globals(&mut exports);
    let mut module = Module::new();
    module.section(&types).section(&funcs).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&codes);
    module.finish()
}

fn globals(exports: &mut ExportSection) -> GlobalSection {
    let mut globals = GlobalSection::new();
    for n in 0..4 * GLOBALS {
        let ty = global_type(n);
        let zero = match ty {
            NumType::I32 => ConstExpr::i32_const(0),
            NumType::I64 => ConstExpr::i64_const(0),
            NumType::F32 => ConstExpr::f32_const(0.0.into()),
            NumType::F64 => ConstExpr::f64_const(0.0.into()),
        };
        globals.global(GlobalType { val_type: val_type(ty), mutable: true, shared: false }, &zero);
        exports.export(&format!("g{n}"), ExportKind::Global, n);
    }
    for n in 0..OBJECTS {
        let Names { ty, .. } = Names::of(n);
        let new = if n == STRUCTURE {
            ConstExpr::extended([Instruction::StructNewDefault(ty)])
        } else {
            ConstExpr::extended([
                Instruction::I32Const(ELEMENTS as i32),
                Instruction::ArrayNewDefault(ty),
            ])
        };
        let val_type = reference(n, false);
        globals.global(GlobalType { val_type, mutable: false, shared: false }, &new);
        exports.export(&format!("o{n}"), ExportKind::Global, 4 * GLOBALS + n as u32);
    }
    globals
}

fn reference(object: usize, nullable: bool) -> ValType {
    let heap_type = HeapType::Concrete(Names::of(object).ty);
    ValType::Ref(RefType { nullable, heap_type })
}
/// Types of objects, and a function that returns each.
fn objects(types: &mut TypeSection, funcs: &mut FunctionSection, codes: &mut CodeSection) {
    let storage = |n: usize| match n {
        0 => StorageType::I8,
        1 => StorageType::I16,
        n => StorageType::Val(val_type(STORAGES[n])),
    };
    for n in 0..STORAGES.len() {
        types.ty().array(&storage(n), true);
    }
    let field = |n| FieldType { element_type: storage(n), mutable: true };
    types.ty().struct_((0..STORAGES.len()).map(field));
    for n in 0..OBJECTS {
        types.ty().function([], [reference(n, false)]);
        funcs.function(OBJECT + (OBJECTS + n) as u32);
        let mut function = Function::new([]);
        function.instructions().global_get(Names::of(n).global).end();
        codes.function(&function);
    }
}

const EMPTY: u8 = 0x40;
pub const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const ELSE: u8 = 0x05;
pub const END: u8 = 0x0B;
const BR: u8 = 0x0C;
pub const BR_IF: u8 = 0x0D;
const BR_TABLE: u8 = 0x0E;

/// A function body that is being written.
pub struct Code {
    pub bytes: Vec<u8>,
    wide: bool,
}
impl Code {
    pub fn new(wide: bool) -> Code {
        Code { bytes: Vec::new(), wide }
    }
    pub fn unsigned(&mut self, value: u64) {
        leb128::write::unsigned(&mut self.bytes, value).expect("a vector takes it");
    }
    fn signed(&mut self, value: i64) {
        leb128::write::signed(&mut self.bytes, value).expect("a vector takes it");
    }
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }
    pub fn with(&mut self, opcode: u8, immediate: u32) {
        self.byte(opcode);
        self.unsigned(immediate.into());
    }
    /// An opcode; 0xFCnn stands for nn behind the prefix.
    fn opcode(&mut self, code: u32) {
        if code > 0xFF {
            self.with((code >> 8) as u8, code & 0xFF);
        } else {
            self.byte(code as u8);
        }
    }
    pub fn constant(&mut self, ty: NumType, bits: u64) {
        self.byte(0x41 + number(ty) as u8);
        match ty {
            NumType::I32 => self.signed(i64::from(bits as i32)),
            NumType::I64 => self.signed(bits as i64),
            NumType::F32 => self.bytes.extend((bits as u32).to_le_bytes()),
            NumType::F64 => self.bytes.extend(bits.to_le_bytes()),
        }
    }
    /// The beginning of a block of this type.
    fn open(&mut self, opcode: u8, ty: NumType) {
        self.byte(opcode);
        self.byte(0x7F - number(ty) as u8);
    }
    fn access(&mut self, access: Access) {
        self.byte(if access.memory == 0 { 0 } else { 0x40 });
        if access.memory != 0 {
            self.unsigned(access.memory.into());
        }
        self.unsigned(access.offset);
    }
    pub fn call(&mut self, opcode: u8, ty: NumType, helper: Helper) {
        self.with(opcode, number(ty) * HELPERS + helper as u32);
    }

    fn program(&mut self, program: &Program) {
        self.body(&program.body);
        // What the locals are in the end.
        let address = if self.wide { NumType::I64 } else { NumType::I32 };
        for n in 0..4 * LOCALS {
            self.constant(address, DUMP + 8 * u64::from(n));
            self.with(0x20, n);
            self.opcode(whole_store(local_type(n)).code());
            self.access(Access { memory: 0, offset: 0 });
        }
        match &program.result {
            Expr::Call(ty, helper, x) if program.tail => {
                x.iter().for_each(|x| self.expr(x));
                self.call(0x12, *ty, *helper);
            }
            result => self.expr(result),
        }
        self.byte(END);
    }

    pub fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Const(ty, bits) => self.constant(*ty, *bits),
            Expr::Local(local) => self.with(0x20, *local),
            Expr::Tee(local, value) => {
                self.expr(value);
                self.with(0x22, *local);
            }
            Expr::Global(global) => self.with(0x23, *global),
            Expr::Un(op, a) => {
                self.expr(a);
                self.opcode(op.code());
            }
            Expr::Bin(op, a, b) => {
                self.expr(a);
                self.expr(b);
                self.opcode(op.code());
            }
            Expr::Load(op, access, address) => {
                self.expr(address);
                self.opcode(op.code());
                self.access(*access);
            }
            Expr::Select(x) => {
                x.iter().for_each(|x| self.expr(x));
                self.byte(0x1B);
            }
            Expr::If(ty, x) => {
                self.expr(&x[0]);
                self.open(IF, *ty);
                self.expr(&x[1]);
                self.byte(ELSE);
                self.expr(&x[2]);
                self.byte(END);
            }
            Expr::Block(ty, x) => {
                self.open(BLOCK, *ty);
                self.expr(&x[0]);
                self.expr(&x[1]);
                self.with(BR_IF, 0);
                self.byte(0x1A);
                self.expr(&x[2]);
                self.byte(END);
            }
            Expr::Then(value, stmts) => {
                self.expr(value);
                self.body(stmts);
            }
            Expr::Rounds(local, x) => {
                self.expr(&x[0]);
                self.byte(LOOP);
                self.signed((ONE + number(local_type(*local))).into());
                self.with(0x21, *local);
                self.expr(&x[1]);
                self.expr(&x[2]);
                self.with(BR_IF, 0);
                self.byte(END);
            }
            Expr::Call(ty, helper, x) => {
                x.iter().for_each(|x| self.expr(x));
                self.call(0x10, *ty, *helper);
            }
            Expr::Indirect(ty, x) => {
                [&x[1], &x[2], &x[0]].into_iter().for_each(|x| self.expr(x));
                self.with(0x11, TWO + number(*ty));
                self.byte(0);
            }
            Expr::Special(special, x) => self.special(*special, x),
        }
    }

    fn body(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }
    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::All(stmts) => self.body(stmts),
            Stmt::Set(local, value) => {
                self.expr(value);
                self.with(0x21, *local);
            }
            Stmt::SetGlobal(global, value) => {
                self.expr(value);
                self.with(0x24, *global);
            }
            Stmt::Store(op, access, address, value) => {
                self.expr(address);
                self.expr(value);
                self.opcode(op.code());
                self.access(*access);
            }
            Stmt::Drop(value) => {
                self.expr(value);
                self.byte(0x1A);
            }
            Stmt::If(condition, yes, no) => {
                self.expr(condition);
                self.bytes.extend([IF, EMPTY]);
                self.body(yes);
                if !no.is_empty() {
                    self.byte(ELSE);
                    self.body(no);
                }
                self.byte(END);
            }
            Stmt::Exit(before, condition, after) => {
                self.bytes.extend([BLOCK, EMPTY]);
                self.body(before);
                self.expr(condition);
                self.with(BR_IF, 0);
                self.body(after);
                self.byte(END);
            }
            Stmt::Loop(body, condition) => {
                self.bytes.extend([LOOP, EMPTY]);
                self.body(body);
                self.expr(condition);
                self.with(BR_IF, 0);
                self.byte(END);
            }
            Stmt::While(condition, body) => self.repeat(condition, body),
            Stmt::Table(index, parts) => self.table(index, parts),
            Stmt::Return(condition, value) => {
                self.expr(condition);
                self.bytes.extend([IF, EMPTY]);
                self.expr(value);
                self.byte(0x0F);
                self.byte(END);
            }
            Stmt::Swap(locals, x) => {
                x.iter().for_each(|x| self.expr(x));
                self.call(0x10, local_type(locals[0]), Helper::Swap);
                self.with(0x21, locals[0]);
                self.with(0x21, locals[1]);
            }
            Stmt::Special(special, x) => self.special(*special, x),
        }
    }
    fn repeat(&mut self, condition: &Expr, body: &[Stmt]) {
        self.bytes.extend([BLOCK, EMPTY, LOOP, EMPTY]);
        self.expr(condition);
        self.byte(wasmvm::wasm::instr::UnOp::I32Eqz.code() as u8);
        self.with(BR_IF, 1);
        self.body(body);
        self.with(BR, 0);
        self.bytes.extend([END, END]);
    }
    fn table(&mut self, index: &Expr, parts: &[Vec<Stmt>]) {
        let n = parts.len() as u32;
        (0..=n).for_each(|_| self.bytes.extend([BLOCK, EMPTY]));
        self.expr(index);
        self.with(BR_TABLE, n);
        (0..=n).for_each(|label| self.unsigned(label.into()));
        for (i, part) in parts.iter().enumerate() {
            self.byte(END);
            self.body(part);
            self.with(BR, n - 1 - i as u32);
        }
        self.byte(END);
    }
}
