//! **wasmvm**: a fast, complete and safe WebAssembly interpreter.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod wasm;
