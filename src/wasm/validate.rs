//! Validation of function bodies (spec §3.3, appendix §7.5), each walked once.
//!
//! The walk keeps a stack of operand types and a stack of frames, both explicit: nesting costs
//! memory in proportion to the bytes of the body, and no native stack. What was found valid is
//! told to a [`Sink`] right away, so that translating needs no second walk.

mod control;
mod descriptor;
mod func;
mod gc;
mod memory;
mod near;
mod operands;
mod stack;

use super::error::Error;
use super::module::Module;
use super::sink::{Catch, Sink};
use super::types::ValType;
use alloc::vec::Vec;
use func::Validator;
use stack::Frame;

/// Buffers of the walk, to be reused from body to body.
#[derive(Debug, Default)]
pub struct Scratch {
    operands: operands::Operands,
    frames: Vec<Frame>,
    locals: func::Locals,
    expanded: Vec<ValType>,
    targets: Vec<u32>,
    catches: Vec<Catch>,
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Scratch {
        Scratch::default()
    }
}

/// Validates the body of a defined function (`defined_index` counts without the imports) and
/// tells the sink what it finds.
///
/// # Errors
/// If the body is malformed or invalid, or if the sink refuses.
///
/// # Complexity
/// Linear in the size of the body.
pub fn func<S: Sink>(
    module: &Module,
    bytes: &[u8],
    defined_index: u32,
    sink: &mut S,
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let func_idx = module.num_imported_funcs().saturating_add(defined_index);
    let Some(body) = module.code.get(defined_index as usize) else {
        return Err(Error::invalid(0, "unknown function"));
    };
    let mut validator = Validator::new(module, bytes, body.clone(), func_idx, sink, scratch);
    let result = validator.run();
    validator.recycle(scratch);
    result.map_err(|error| error.in_func(func_idx))
}

/// Validates all function bodies of a module.
///
/// # Errors
/// That of the first body that has one.
pub fn module(module: &Module, bytes: &[u8]) -> Result<(), Error> {
    let mut scratch = Scratch::new();
    (0..module.code.len() as u32)
        .try_for_each(|index| func(module, bytes, index, &mut (), &mut scratch))
}

#[cfg(test)]
mod tests {
    use super::super::features::Features;
    use super::super::instr::{BinOp, UnOp};
    use super::super::registry::TypeRegistry;
    use super::super::sink::{BlockType, FuncInfo};
    use super::super::types::FuncType;
    use super::*;
    use alloc::format;
    use alloc::string::String;

    /// Writes down what it is told.
    #[derive(Default)]
    struct Notes(Vec<String>, usize);
    macro_rules! note { ($self:ident, $($arg:tt)*) => {{ $self.0.push(format!($($arg)*)); Ok(()) }} }
    #[rustfmt::skip]
    impl Sink for Notes {
        fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Error> {
            note!(self, "begin {} {} locals {} code {}", info.func, info.ty, info.locals.len(), info.code.len())
        }
        fn at(&mut self, offset: usize) {
            assert!(offset > self.1, "offsets grow");
            self.1 = offset;
        }
        fn finish(&mut self) -> Result<(), Error> { note!(self, "finish") }
        fn block(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> {
            note!(self, "block {}>{} {live}", ty.params.len(), ty.results.len())
        }
        fn loop_(&mut self, _: BlockType<'_>, code_pos: usize, live: bool) -> Result<(), Error> {
            note!(self, "loop {code_pos} {live}")
        }
        fn if_(&mut self, ty: BlockType<'_>, live: bool) -> Result<(), Error> {
            note!(self, "if {}>{} {live}", ty.params.len(), ty.results.len())
        }
        fn else_(&mut self, live: bool) -> Result<(), Error> { note!(self, "else {live}") }
        fn end(&mut self, live: bool) -> Result<(), Error> { note!(self, "end {live}") }
        fn br(&mut self, depth: u32) -> Result<(), Error> { note!(self, "br {depth}") }
        fn br_if(&mut self, depth: u32) -> Result<(), Error> { note!(self, "br_if {depth}") }
        fn br_table(&mut self, targets: &[u32]) -> Result<(), Error> { note!(self, "br_table {targets:?}") }
        fn call(&mut self, func: u32, ty: &FuncType, tail: bool) -> Result<(), Error> { note!(self, "call {func} {ty} {tail}") }
        fn drop_(&mut self, ty: ValType) -> Result<(), Error> { note!(self, "drop {ty}") }
        fn select(&mut self, ty: ValType) -> Result<(), Error> { note!(self, "select {ty}") }
        fn local_get(&mut self, local: u32) -> Result<(), Error> { note!(self, "local.get {local}") }
        fn local_set(&mut self, local: u32) -> Result<(), Error> { note!(self, "local.set {local}") }
        fn local_tee(&mut self, local: u32) -> Result<(), Error> { note!(self, "local.tee {local}") }
        fn i32_const(&mut self, value: i32) -> Result<(), Error> { note!(self, "i32 {value}") }
        fn i64_const(&mut self, value: i64) -> Result<(), Error> { note!(self, "i64 {value}") }
        fn unary(&mut self, op: UnOp) -> Result<(), Error> { note!(self, "{}", op.text()) }
        fn binary(&mut self, op: BinOp) -> Result<(), Error> { note!(self, "{}", op.text()) }
        fn unreachable(&mut self) -> Result<(), Error> { note!(self, "unreachable") }
        fn try_table(&mut self, _: BlockType<'_>, catches: &[Catch], live: bool) -> Result<(), Error> {
            note!(self, "try_table {catches:?} {live}")
        }
    }
    /// What the last function of a module tells.
    fn told(text: &str) -> String {
        let bytes = wat::parse_str(text).unwrap();
        let module = Module::decode(&bytes, &Features::ALL, &TypeRegistry::new()).unwrap();
        super::module(&module, &bytes).unwrap();
        let mut notes = Notes::default();
        let last = module.code.len() as u32 - 1;
        func(&module, &bytes, last, &mut notes, &mut Scratch::new()).unwrap();
        notes.0.join("; ")
    }

    #[test]
    fn simple_instructions() {
        let notes = told(
            "(module (import \"\" \"f\" (func $f (param i64) (result f32)))
               (func (param i32 i64) (result i32) (local f32 v128)
                 local.get 0 i32.const -1 i32.add local.tee 0 i32.const 300 i32.lt_u i32.eqz
                 local.get 1 i64.const -70 local.get 0 select call $f local.set 2
                 local.get 3 drop))",
        );
        assert_eq!(
            notes,
            "begin 1 [i32 i64] -> [i32] locals 4 code 28; local.get 0; i32 -1; i32.add; \
             local.tee 0; i32 300; i32.lt_u; i32.eqz; local.get 1; i64 -70; local.get 0; \
             select i64; call 0 [i64] -> [f32] false; local.set 2; local.get 3; drop v128; \
             end true; finish"
        );
    }
    #[test]
    fn unreachable_code_is_not_told() {
        let notes = told(
            "(module (func (param i32) (result i32)
               (block (result i32)
                 i32.const 7 br 0
                 i32.const 8 drop select drop local.get 0
                 (loop (block i32.const 1 br_if 0))
                 (if (result i32) (then i32.const 1) (else i32.const 2)))
               local.get 0 (if (then unreachable) (else nop))))",
        );
        assert_eq!(
            notes,
            "begin 0 [i32] -> [i32] locals 1 code 41; block 0>1 true; i32 7; br 0; loop 15 false; \
             block 0>0 false; end false; end false; if 0>1 false; else false; end false; \
             end false; local.get 0; if 0>0 true; unreachable; else false; end true; end true; \
             finish"
        );
    }
    #[test]
    fn labels() {
        let notes = told(
            "(module (tag $e (param i32))
               (func (param i32) (result i32)
               (block (result i32)
                 (try_table (catch $e 0) (catch $e 1)
                   (block local.get 0 (br_table 0 1 1 0)))
                 i32.const 3)
               return))",
        );
        assert!(
            notes.contains(
                "try_table [Catch { tag: Some(0), with_ref: false, label: 0 }, \
             Catch { tag: Some(0), with_ref: false, label: 1 }] true"
            ),
            "{notes}"
        );
        assert!(notes.contains("br_table [0, 1, 1, 0]; end false; end true; i32 3"), "{notes}");
    }
}
