//! What `sync` has without the standard library: a lock and a cell that wait by trying again.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

/// A lock.
#[derive(Default)]
pub struct Lock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}
// SAFETY: W1: whoever has the guard is alone with the value.
unsafe impl<T: Send> Sync for Lock<T> {}
impl<T> Lock<T> {
    /// A lock that is free.
    pub const fn new(value: T) -> Lock<T> {
        Lock { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }
    /// Waits for the lock.
    pub fn lock(&self) -> Guard<'_, T> {
        while self
            .taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            core::hint::spin_loop();
        }
        Guard(self)
    }
    /// The lock, if nobody has it.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        let taken = &self.taken;
        let exchange = taken.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        exchange.is_ok().then(|| Guard(self))
    }
    /// What it guards: nobody else can hold the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}
impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

/// The lock is held until this is dropped.
pub struct Guard<'a, T>(&'a Lock<T>);
impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: W1: the lock is held.
        unsafe { &*self.0.value.get() }
    }
}
impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: W1: the lock is held.
        unsafe { &mut *self.0.value.get() }
    }
}
impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

/// A cell that is written once and then read without a lock.
pub struct Once<T> {
    is_written: AtomicBool,
    writing: Lock<()>,
    value: UnsafeCell<Option<T>>,
}
// SAFETY: W2: written once, under the lock, before it is read.
unsafe impl<T: Send + Sync> Sync for Once<T> {}
impl<T> Once<T> {
    /// An empty cell.
    pub const fn new() -> Once<T> {
        let (is_written, writing) = (AtomicBool::new(false), Lock::new(()));
        Once { is_written, writing, value: UnsafeCell::new(None) }
    }
    /// What was written.
    #[inline(always)]
    pub fn get(&self) -> Option<&T> {
        if !self.is_written.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: W2: it was written, and will not be again.
        unsafe { (*self.value.get()).as_ref() }
    }
    /// What was written, now by `make` if not before.
    ///
    /// # Panics
    /// Never: it is written before it is read.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if self.get().is_none() {
            let _writing = self.writing.lock();
            if !self.is_written.load(Ordering::Acquire) {
                let value = make();
                // SAFETY: W2: the lock is held, and nobody reads before `is_written` is set.
                unsafe { *self.value.get() = Some(value) };
                self.is_written.store(true, Ordering::Release);
            }
        }
        self.get().expect("written")
    }
}
impl<T: fmt::Debug> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Once").field(&self.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_lock_is_held_by_one_and_a_cell_written_once() {
        static COUNT: Lock<u32> = Lock::new(0);
        static CELL: Once<u32> = Once::new();
        assert_eq!(CELL.get(), None);
        let add = || {
            for _ in 0..10_000 {
                *COUNT.lock() += 1;
            }
            *CELL.get_or_init(|| *COUNT.lock())
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(add)).collect();
        let seen: Vec<u32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(*COUNT.lock(), 40_000);
        assert!(seen.iter().all(|&value| Some(&value) == CELL.get()), "{seen:?}");
    }
}
