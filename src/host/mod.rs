//! Host modules: what a guest may import. Built on the public API only, so that everything here
//! could be written by an embedder.

pub(crate) mod abi;
pub(crate) mod command;
pub(crate) mod fs;
pub(crate) mod sys;
pub mod sysenv;
pub mod wasi;
