//! The language (spec chapters 2, 3 and 5): types, instructions, decoding, validation. No unsafe
//! code, no standard library, and no knowledge of the layers above.
#![forbid(unsafe_code)]

mod compact;
mod decode;
pub mod error;
pub mod features;
pub mod hints;
pub mod instr;
pub mod limits;
pub mod module;
pub mod names;
pub mod num;
pub mod object;
pub mod ops;
pub mod order;
pub mod reader;
pub mod registry;
pub(crate) mod room;
pub mod simd;
pub mod sink;
pub mod subtype;
pub mod trap;
pub mod types;
pub mod validate;

pub(crate) use crate::sync;
