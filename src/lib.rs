//! **wasmvm**: a fast, complete and safe WebAssembly interpreter.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;

pub mod exec;
pub mod ir;
pub mod rt;
pub mod tuning;
#[doc(hidden)]
pub mod wasm;
