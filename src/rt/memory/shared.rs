//! Memories that stores of different threads share (proposal threads).
//!
//! Such a memory is reserved up to its maximum when it is made, and never moves. Its length is
//! read and published atomically; its bytes are accessed by [`racy`](super::racy) and by atomic
//! instructions only. Whoever waits on one of its addresses stands in a queue that belongs to it.
#![allow(unsafe_code)]

use super::{Backing, bytes_of, max_pages, racy};
use crate::rt::error::Error;
use crate::wasm::sync::Lock;
use crate::wasm::trap::Trap;
use crate::wasm::types::MemoryType;
use alloc::sync::Arc;

/// How a wait ended: the result of `memory.atomic.wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Woken {
    /// By a notification.
    Notified = 0,
    /// At once: another value was there.
    NotEqual = 1,
    /// When its time was up.
    TimedOut = 2,
}

/// A shared memory.
pub struct Shared {
    ty: MemoryType,
    base: *mut u8,
    backing: Lock<Backing>,
    queues: Queues,
}
// SAFETY: R8: the base never changes; bytes and length are accessed atomically only, and what
// grows the memory is behind a lock.
unsafe impl Send for Shared {}
// SAFETY: R8: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// A shared memory of the type's minimal size, zeroed.
    ///
    /// # Errors
    /// Limit: the system has not that much.
    pub fn new(ty: MemoryType, guard: bool) -> Result<Arc<Shared>, Error> {
        if !cfg!(target_has_atomic = "64") {
            return Err(Error::usage("shared memories need atomic accesses of 64 bits"));
        }
        let (backing, min) = Backing::for_type(&ty, guard)?;
        let base = backing.base();
        let shared = Shared { ty, base, backing: Lock::new(backing), queues: Queues::default() };
        shared.publish(min);
        Ok(Arc::new(shared))
    }
    /// The type; its minimum is that of the declaration.
    pub fn ty(&self) -> MemoryType {
        self.ty
    }
    /// The first byte.
    pub fn base(&self) -> *mut u8 {
        self.base
    }
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        // SAFETY: R2: a memory.
        unsafe { super::len_at(self.base) }
    }
    fn publish(&self, len: u64) {
        debug_assert!(self.base.cast::<crate::rt::layout::MemoryHead>().is_aligned(), "R2");
        // SAFETY: R2, R8: the length lies below the base.
        unsafe {
            #[cfg(target_has_atomic = "64")]
            core::sync::atomic::AtomicU64::from_ptr(self.base.cast::<u64>().sub(1))
                .store(len, core::sync::atomic::Ordering::SeqCst);
            #[cfg(not(target_has_atomic = "64"))]
            self.base.cast::<u64>().sub(1).write(len);
        }
    }
    /// Grows by `pages`; the old size in pages, or `None`.
    pub fn grow(&self, pages: u64) -> Option<u64> {
        let mut backing = self.backing.lock();
        let old = self.len() >> self.ty.page_size_log2;
        let size = old.checked_add(pages).filter(|&size| size <= max_pages(&self.ty))?;
        let len = bytes_of(&self.ty, size)?;
        if !backing.commit(len) {
            return None;
        }
        self.publish(len);
        Some(old)
    }
    /// The place of `n` bytes from `at`, if they are all there.
    fn place(&self, at: u64, n: u64) -> Option<*mut u8> {
        let end = at.checked_add(n)?;
        // SAFETY: R2: within the length.
        (end <= self.len()).then(|| unsafe { self.base.add(at as usize) })
    }
    /// Copies bytes out; `false` if they are not all there.
    pub fn read(&self, at: u64, bytes: &mut [u8]) -> bool {
        let Some(from) = self.place(at, bytes.len() as u64) else { return false };
        // SAFETY: R2: just checked, and a memory never shrinks.
        unsafe { racy::read(from, bytes) };
        true
    }
    /// Reads `N` bytes, at once if they are aligned.
    pub fn load<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        // SAFETY: R2: just checked, and a memory never shrinks.
        Some(unsafe { racy::load(self.place(at, N as u64)?) })
    }
    /// Copies bytes in; `false` if they are not all there.
    pub fn write(&self, at: u64, bytes: &[u8]) -> bool {
        let Some(to) = self.place(at, bytes.len() as u64) else { return false };
        // SAFETY: R2: as above.
        unsafe { racy::write(to, bytes) };
        true
    }
    /// Waits on the address `at` if `same` holds, until it is notified or `timeout_ns` is over.
    ///
    /// # Errors
    /// The build has no threads, and would have to wait.
    pub fn wait(
        &self,
        at: u64,
        same: impl FnOnce() -> bool,
        timeout_ns: Option<u64>,
    ) -> Result<Woken, Trap> {
        self.queues.wait(at, same, timeout_ns)
    }
    /// Wakes up to `count` of those who wait on the address `at`, who came first first; how many.
    pub fn notify(&self, at: u64, count: u32) -> u32 {
        self.queues.notify(at, count)
    }
}

#[cfg(feature = "std")]
use parking::Queues;
#[cfg(feature = "std")]
mod parking {
    use super::{Trap, Woken};
    use alloc::collections::{BTreeMap, VecDeque};
    use alloc::sync::Arc;
    use core::cell::Cell;
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::{Duration, Instant};

    /// Who waits, by address.
    #[derive(Default)]
    pub struct Queues(Mutex<BTreeMap<u64, VecDeque<Arc<Waiter>>>>);
    #[derive(Default)]
    struct Waiter {
        signal: Condvar,
        /// Read and written under the lock of the queues only.
        notified: Cell<bool>,
    }
    // SAFETY: R8: `notified` is accessed under the lock of the queues only.
    unsafe impl Send for Waiter {}
    // SAFETY: R8: as above.
    unsafe impl Sync for Waiter {}

    impl Queues {
        pub fn wait(
            &self,
            at: u64,
            same: impl FnOnce() -> bool,
            timeout_ns: Option<u64>,
        ) -> Result<Woken, Trap> {
            let end =
                timeout_ns.and_then(|ns| Instant::now().checked_add(Duration::from_nanos(ns)));
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Under the lock, so that no notification can come between this look and the wait.
            if !same() {
                return Ok(Woken::NotEqual);
            }
            let waiter = Arc::new(Waiter::default());
            queues.entry(at).or_default().push_back(waiter.clone());
            while !waiter.notified.get() {
                queues = match end {
                    None => waiter.signal.wait(queues).unwrap_or_else(PoisonError::into_inner),
                    Some(end) => {
                        let left = end.saturating_duration_since(Instant::now());
                        if left.is_zero() {
                            break;
                        }
                        let woken = waiter.signal.wait_timeout(queues, left);
                        woken.unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
            if waiter.notified.get() {
                return Ok(Woken::Notified);
            }
            if let Some(queue) = queues.get_mut(&at) {
                queue.retain(|other| !Arc::ptr_eq(other, &waiter));
                if queue.is_empty() {
                    queues.remove(&at);
                }
            }
            Ok(Woken::TimedOut)
        }
        pub fn notify(&self, at: u64, count: u32) -> u32 {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(queue) = queues.get_mut(&at) else { return 0 };
            let woken = queue.len().min(count as usize);
            for waiter in queue.drain(..woken) {
                waiter.notified.set(true);
                waiter.signal.notify_one();
            }
            if queue.is_empty() {
                queues.remove(&at);
            }
            woken as u32
        }
    }
}

/// Without the standard library nobody can be put to sleep: where a thread would, it traps.
#[cfg(not(feature = "std"))]
#[derive(Default)]
struct Queues {}
#[cfg(not(feature = "std"))]
impl Queues {
    fn wait(&self, _: u64, same: impl FnOnce() -> bool, _: Option<u64>) -> Result<Woken, Trap> {
        if same() { Err(Trap::WaitUnsupported) } else { Ok(Woken::NotEqual) }
    }
    fn notify(&self, _: u64, _: u32) -> u32 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::types::Limits;

    fn shared(min: u64, max: u64) -> Arc<Shared> {
        let limits = Limits { min, max: Some(max), is_64: false };
        let ty = MemoryType { limits, shared: true, page_size_log2: 16 };
        Shared::new(ty, false).expect("memory")
    }

    #[test]
    fn grows_in_place() {
        let memory = shared(1, 3);
        assert!(memory.write(65_530, &[1, 2, 3, 4, 5, 6]));
        assert!(!memory.write(65_530, &[0; 7]));
        assert_eq!((memory.grow(1), memory.grow(2), memory.grow(1)), (Some(1), None, Some(2)));
        let mut bytes = [9; 8];
        assert!(memory.read(65_530, &mut bytes) && bytes == [1, 2, 3, 4, 5, 6, 0, 0]);
        assert!(!memory.read(u64::MAX, &mut bytes));
        assert_eq!(memory.len(), 3 << 16);
    }
    #[test]
    #[cfg(feature = "std")]
    fn waits_and_wakes_in_order() {
        let memory = shared(1, 1);
        assert_eq!(memory.wait(0, || false, None), Ok(Woken::NotEqual));
        assert_eq!(memory.wait(0, || true, Some(1_000)), Ok(Woken::TimedOut));
        assert_eq!(memory.notify(0, u32::MAX), 0, "who timed out waits no more");
        let started = Lock::new(alloc::vec::Vec::new());
        let ended = Lock::new(alloc::vec::Vec::new());
        std::thread::scope(|scope| {
            for id in 0..4 {
                let (memory, started, ended) = (&memory, &started, &ended);
                scope.spawn(move || {
                    let here = || {
                        started.lock().push(id);
                        true
                    };
                    assert_eq!(memory.wait(64, here, None), Ok(Woken::Notified));
                    ended.lock().push(id);
                });
            }
            for woken in 1..=4 {
                // Whoever noted that it is here waits once the lock of the queues is free.
                while started.lock().len() < 4 {
                    std::thread::yield_now();
                }
                assert_eq!(memory.notify(60, 1), 0);
                assert_eq!(memory.notify(64, 1), 1);
                while ended.lock().len() < woken {
                    std::thread::yield_now();
                }
            }
            assert_eq!(memory.notify(64, 1), 0);
        });
        assert_eq!(*started.lock(), *ended.lock());
    }
}
