//! The language (spec chapters 2, 3 and 5): types, instructions, decoding, validation. No unsafe
//! code, no standard library, and no knowledge of the layers above.

pub mod instr;
pub mod module;
pub mod num;
pub mod sink;
pub mod trap;
pub mod types;
