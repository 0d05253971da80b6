//! The run-time objects (spec §4.2).

pub mod error;
pub mod layout;
pub mod memory;
pub mod store;
