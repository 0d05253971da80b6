//! References as embedders hold them: a store's number, and an entry of its roots.

use super::roots::RootId;
use crate::rt::error::Error;
use crate::rt::store::Store;

/// See `rt::layout`, "References".
pub const I31_TAG: u64 = 1;
/// A value of the host.
pub const HOST_TAG: u64 = 2;
/// The bits that tell what is no object.
pub const TAGS: u64 = 3;
/// In place of a store's number: an i31 belongs to every store.
const EVERY_STORE: u64 = 0;

/// A reference that an embedder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    store: u64,
    root: RootId,
}
impl Handle {
    /// A new entry for a reference of a store; `None` if it is null.
    pub fn from_bits(bits: u64, store: &Store) -> Option<Handle> {
        Some(match bits & TAGS {
            _ if bits == 0 => return None,
            0 => Handle { store: store.id, root: store.heap.roots.lock().add(bits) },
            _ => Handle::immediate(bits, store.id),
        })
    }
    /// An i31, or a host value of a store.
    pub fn immediate(bits: u64, store: u64) -> Handle {
        let store = if bits & I31_TAG != 0 { EVERY_STORE } else { store };
        Handle { store, root: RootId::immediate(bits) }
    }
    /// The reference.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or its entry has ended.
    pub fn bits(self, store: &Store) -> Result<u64, Error> {
        if self.store != store.id && self.store != EVERY_STORE {
            return Err(Error::usage("a reference of another store"));
        }
        if let Some(bits) = self.root.as_immediate() {
            return Ok(bits);
        }
        let bits = store.heap.roots.lock().get(self.root);
        bits.ok_or_else(|| {
            Error::usage("a reference that has ended: its scope is over, or it was released")
        })
    }
    /// The bits, if they say all; else 0.
    pub fn as_immediate(self) -> u64 {
        self.root.as_immediate().unwrap_or(0)
    }
    /// The same reference, by an entry that stays until it is released.
    ///
    /// # Errors
    /// As for [`Handle::bits`].
    pub fn keep(self, store: &mut Store) -> Result<Handle, Error> {
        let bits = self.bits(store)?;
        let root = match bits & TAGS {
            0 => store.heap.roots.get_mut().keep(bits),
            _ => self.root,
        };
        Ok(Handle { root, ..self })
    }
    /// Ends an entry that was kept.
    ///
    /// # Errors
    /// As for [`Handle::bits`]; Usage: it was not kept.
    pub fn release(self, store: &mut Store) -> Result<(), Error> {
        self.bits(store)?;
        let is_kept = store.heap.roots.get_mut().release(self.root);
        if is_kept || self.as_immediate() != 0 {
            Ok(())
        } else {
            Err(Error::usage("it was not kept"))
        }
    }
}
