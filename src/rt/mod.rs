//! The run-time objects (spec §4.2).

pub mod layout;
