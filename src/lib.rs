//! **wasmvm**: a fast, complete and safe WebAssembly interpreter.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;

mod api;
mod exec;
mod ir;
mod rt;
#[doc(hidden)]
pub mod tuning;
#[doc(hidden)]
pub mod wasm;

pub use api::*;
