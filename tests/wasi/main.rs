//! The WASI host, as an embedder and as a guest see it: through the public interface only.
#![cfg(feature = "std")]
#![allow(unsafe_code)] // a few calls of libc that make what the tests need

#[cfg(feature = "cli")]
mod command;
mod config;
mod escape;
#[allow(dead_code)] // shared with other tests
mod guest;
mod legacy;
mod memory_fs;
mod polling;
mod races;
mod read_only;
mod rows;
mod suite;
mod trace;
