//! Validation of function bodies (spec §3.3, appendix §7.5), each walked once.
//!
//! The walk keeps a stack of operand types and a stack of frames, both explicit: nesting costs
//! memory in proportion to the bytes of the body, and no native stack. What was found valid is
//! told to a [`Sink`] right away, so that translating needs no second walk.

mod control;
mod func;
mod gc;
mod memory;
mod stack;

use super::compact::Ty;
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
    operands: Vec<Ty>,
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
