//! The C interface: `include/wasmvm.h`, which documents every function.
//!
//! Pointers of C arrive as `Option<&T>`, `Option<Box<T>>`, [`ffi::Text`] and [`ffi::Array`]: NULL
//! is looked for everywhere, the rest is what the header obliges the host to (C1). No panic leaves.
#![allow(unsafe_code)]

mod engine;
mod error;
mod exception;
mod execution;
mod ffi;
mod func;
mod heap;
mod linker;
mod numbers;
mod object;
mod reference;
mod runtime;
mod store;
mod types;
mod val;
mod world;
