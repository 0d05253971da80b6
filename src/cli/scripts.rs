//! The runner of the specification's scripts: that of our own tests.
#![allow(dead_code)] // what only the tests use

#[path = "../../spec-tests/engine.rs"]
pub mod engine;
#[path = "../../spec-tests/script.rs"]
pub mod script;
#[path = "../../spec-tests/value.rs"]
pub mod value;

/// Modules are run as they are: there are no twins.
pub mod twin {
    #[derive(Clone, Copy)]
    pub enum Widen {}

    pub fn rewrite(_: &[u8], widen: Widen) -> Result<Option<Vec<u8>>, String> {
        match widen {}
    }
}
