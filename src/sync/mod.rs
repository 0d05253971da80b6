//! A lock and a cell that is written once: the standard library's, or spinning ones without it. And
//! what follows a wish.

mod follow;

#[cfg(any(test, not(feature = "std")))]
#[cfg_attr(feature = "std", allow(dead_code))]
mod spin;

#[cfg(feature = "std")]
mod imp {
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

    /// A lock; a panic of another holder is of no concern.
    #[derive(Debug, Default)]
    pub struct Lock<T>(Mutex<T>);
    impl<T> Lock<T> {
        /// A lock that is free.
        pub const fn new(value: T) -> Lock<T> {
            Lock(Mutex::new(value))
        }
        /// Waits for the lock.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
        /// The lock, if nobody has it.
        pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            match self.0.try_lock() {
                Ok(guard) => Some(guard),
                Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            }
        }
        /// What it guards: nobody else can hold the lock.
        pub fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// A cell that is written once and then read without a lock.
    #[derive(Debug)]
    pub struct Once<T>(OnceLock<T>);
    impl<T> Once<T> {
        /// An empty cell.
        pub const fn new() -> Once<T> {
            Once(OnceLock::new())
        }
        /// What was written.
        #[inline(always)]
        pub fn get(&self) -> Option<&T> {
            self.0.get()
        }
        /// What was written, now by `make` if not before.
        pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            self.0.get_or_init(make)
        }
    }
}

#[cfg(not(feature = "std"))]
use spin as imp;

pub use follow::Follower;
pub use imp::{Lock, Once};
