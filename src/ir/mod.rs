//! Our language: register-style code, and the one-pass translator that is a listener of validation.

pub mod backend;
pub mod cells;
pub mod code;
pub mod divide;
pub mod room;
pub mod translate;
