//! Memories that stores of different threads share.

use super::caller::out_of_bounds;
use super::object::check_memory_type;
use super::store::{Lent, LentMut};
use super::{AsContextMut, Engine, Error, Memory, MemoryType, Trap};
use crate::rt::memory::shared::Shared;
use alloc::sync::Arc;

#[cfg(feature = "std")]
pub use crate::rt::memory::shared::Woken;

/// A memory that stores of different threads share (proposal threads).
///
/// Clones are the same memory. It is reserved up to its maximum when it is made, and never moves.
/// The host's copies in and out are not ordered among those of others, and not done at once:
/// synchronise with atomic instructions, or with [`SharedMemory::notify`] and its kind.
///
/// ```
/// use wasmvm::{Engine, Limits, Memory, MemoryType, SharedMemory, Store, TypeLimits};
///
/// let engine = Engine::default();
/// let limits = TypeLimits { min: 1, max: Some(10), is_64: false };
/// let ty = MemoryType { limits, shared: true, page_size_log2: 16 };
/// let shared = SharedMemory::new(&engine, ty)?;
/// let other = shared.clone();
/// std::thread::spawn(move || other.write(8, b"hello")).join().unwrap()?;
/// let mut store = Store::new(&engine, ());
/// let memory = Memory::from_shared(&mut store, &shared)?; // an import for an instance
/// let mut bytes = [0; 5];
/// memory.read(&store, 8, &mut bytes)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok::<(), wasmvm::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedMemory(Arc<Shared>);

impl SharedMemory {
    /// A memory of the type's minimal size, zeroed.
    ///
    /// # Errors
    /// Limit: the system has not that much; Usage: the type is not valid or not shared, or the
    /// engine is deterministic.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<SharedMemory, Error> {
        check_memory_type(engine, &ty)?;
        if !ty.shared {
            return Err(Error::usage("the type is not that of a shared memory"));
        }
        Ok(SharedMemory(Shared::new(ty, engine.store_options().guard_pages)?))
    }
    pub(super) fn of(shared: Arc<Shared>) -> SharedMemory {
        SharedMemory(shared)
    }
    /// The memory as an object of a store.
    pub(super) fn enter(&self, cx: &mut impl AsContextMut) -> Result<usize, Error> {
        check_memory_type(&cx.inner().engine, &self.0.ty())?;
        Ok(cx.core_mut().add_shared_memory(self.0.clone())? as usize)
    }
    /// The type; its minimum is the current size.
    pub fn ty(&self) -> MemoryType {
        let mut ty = self.0.ty();
        ty.limits.min = self.size();
        ty
    }
    /// The size. *Units*: pages.
    pub fn size(&self) -> u64 {
        self.0.len() >> self.0.ty().page_size_log2
    }
    /// The length. *Units*: bytes.
    pub fn len_bytes(&self) -> u64 {
        self.0.len()
    }
    /// Grows by `pages`; gives the old size in pages.
    ///
    /// # Errors
    /// Limit: the type or the system do not allow it. No store's limits are asked.
    pub fn grow(&self, pages: u64) -> Result<u64, Error> {
        let size = self.size();
        let too_large = || Error::limit("pages of memory", size.saturating_add(pages), size);
        self.0.grow(pages).ok_or_else(too_large)
    }
    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// Trap: they are not all inside the memory.
    pub fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        if self.0.read(at, bytes) { Ok(()) } else { Err(out_of_bounds()) }
    }
    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// As for [`SharedMemory::read`].
    pub fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        if self.0.write(at, bytes) { Ok(()) } else { Err(out_of_bounds()) }
    }
    /// `memory.atomic.notify`: wakes up to `count` of those who wait on the address `at`; how many.
    ///
    /// # Errors
    /// Trap: the 4 bytes at the address are not all inside the memory, or not aligned.
    pub fn notify(&self, at: u64, count: u32) -> Result<u32, Error> {
        self.check(at, 4)?;
        Ok(self.0.notify(at, count))
    }
    /// Whether the `n` bytes at an address are there, and aligned.
    fn check(&self, at: u64, n: u64) -> Result<(), Error> {
        if !at.is_multiple_of(n) {
            return Err(Trap::UnalignedAtomic.into());
        }
        match at.checked_add(n) {
            Some(end) if end <= self.0.len() => Ok(()),
            _ => Err(out_of_bounds()),
        }
    }
}

#[cfg(feature = "std")]
impl SharedMemory {
    /// `memory.atomic.wait32`: waits on the address `at` if `expected` is there, until it is
    /// notified or the time is over.
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`].
    pub fn wait32(
        &self,
        at: u64,
        expected: u32,
        timeout: Option<core::time::Duration>,
    ) -> Result<Woken, Error> {
        self.wait(at, expected.to_le_bytes(), timeout)
    }
    /// `memory.atomic.wait64`: as [`SharedMemory::wait32`].
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`].
    pub fn wait64(
        &self,
        at: u64,
        expected: u64,
        timeout: Option<core::time::Duration>,
    ) -> Result<Woken, Error> {
        self.wait(at, expected.to_le_bytes(), timeout)
    }
    fn wait<const N: usize>(
        &self,
        at: u64,
        expected: [u8; N],
        timeout: Option<core::time::Duration>,
    ) -> Result<Woken, Error> {
        self.check(at, N as u64)?;
        let same = || {
            // The lock of the waiters is held: whoever notifies has stored before, and so this
            // sees it. The access is one: it is aligned.
            self.0.load(at) == Some(expected)
        };
        let timeout = timeout.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        Ok(self.0.wait(at, same, timeout)?)
    }
}

impl PartialEq for SharedMemory {
    /// Whether it is the same memory.
    fn eq(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for SharedMemory {}
impl core::fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SharedMemory").field("ty", &self.ty()).finish_non_exhaustive()
    }
}

impl Memory {
    /// A shared memory as an object of a store, to be imported by its instances. The store is
    /// charged with its current size.
    ///
    /// # Errors
    /// Limit: the store's limits do not allow it; Usage: the engine is deterministic.
    pub fn from_shared(mut cx: impl AsContextMut, shared: &SharedMemory) -> Result<Memory, Error> {
        let address = shared.enter(&mut cx)?;
        Ok(Memory::from_address(cx.core_mut(), address as *const _))
    }
    /// What other stores can have of this memory: itself, if it is shared.
    ///
    /// # Errors
    /// Usage: the memory belongs to another store.
    pub fn to_shared(&self, cx: &impl super::AsContext) -> Result<Option<SharedMemory>, Error> {
        Ok(self.memory_object(cx)?.shared().cloned().map(SharedMemory::of))
    }
}
