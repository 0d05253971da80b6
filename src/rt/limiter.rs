//! Asking the embedder whether guests may have more.
#![allow(unsafe_code)]

use super::store::Store;

/// Decides what the guests of a store may have, case by case, where [`Limits`](crate::Limits) are
/// not enough. It is asked after the type and the store's limits have allowed it; what it grants
/// may still fail. See [`Store::limiter`](crate::Store::limiter).
pub trait ResourceLimiter {
    /// Whether a memory may grow, or be made (from 0 bytes). `max_bytes` is what its type allows.
    fn memory_growing(&mut self, from_bytes: u64, to_bytes: u64, max_bytes: Option<u64>) -> bool {
        let _ = (from_bytes, to_bytes, max_bytes);
        true
    }
    /// Whether a table may grow, or be made (from 0 elements). `max` is what its type allows.
    fn table_growing(&mut self, from: u64, to: u64, max: Option<u64>) -> bool {
        let _ = (from, to, max);
        true
    }
    /// Whether there may be another instance beside those `there`.
    fn instance_creating(&mut self, there: u64) -> bool {
        let _ = there;
        true
    }
}

/// What the embedder is asked.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Wish {
    Memory { from_bytes: u64, to_bytes: u64, max_bytes: Option<u64> },
    Table { from: u64, to: u64, max: Option<u64> },
    Instance { there: u64 },
}
impl Wish {
    /// Asks.
    pub fn put_to(self, limiter: &mut dyn ResourceLimiter) -> bool {
        match self {
            Wish::Memory { from_bytes, to_bytes, max_bytes } => {
                limiter.memory_growing(from_bytes, to_bytes, max_bytes)
            }
            Wish::Table { from, to, max } => limiter.table_growing(from, to, max),
            Wish::Instance { there } => limiter.instance_creating(there),
        }
    }
}

/// Asks the embedder; the argument is the owner of the store.
pub type Ask = unsafe fn(owner: *mut (), wish: Wish) -> bool;

impl Store {
    /// Whether the embedder allows it.
    pub(super) fn is_granted(&self, wish: Wish) -> bool {
        // SAFETY: R6: whoever has the store for writing has all of it.
        self.ask.is_none_or(|ask| unsafe { ask(self.owner, wish) })
    }
}
