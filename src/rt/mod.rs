//! The run-time objects (spec §4.2).

#[cfg(feature = "counting")]
pub mod counts;
pub mod error;
pub mod exception;
pub mod extern_type;
pub mod gc;
pub mod instance;
pub mod layout;
pub mod limiter;
pub mod limits;
pub mod memory;
pub mod owned;
pub mod owner;
pub mod paused;
pub mod room;
pub mod signals;
#[cfg(all(feature = "std", unix, target_pointer_width = "64"))]
mod spare;
pub mod stack;
pub mod store;
pub mod table;
