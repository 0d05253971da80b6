//! **wasmvm**: a fast, complete and safe WebAssembly interpreter.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;
// What is shared with the tests knows the crate by its name.
#[cfg(all(feature = "cli", feature = "wat"))]
extern crate self as wasmvm;

mod api;
#[cfg(feature = "capi")]
mod capi;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod exec;
#[cfg(feature = "std")]
mod host;
mod ir;
mod rt;
#[cfg(feature = "std")]
pub mod runtime;
mod sync;
#[doc(hidden)]
pub mod tuning;
#[doc(hidden)]
pub mod wasm;

pub use api::*;
#[cfg(feature = "std")]
pub use host::command::{Command, ExitStatus, Output};
#[cfg(feature = "std")]
pub use host::{sysenv, wasi};
