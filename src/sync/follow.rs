//! Something that is switched by a wish, which anybody may change at any time.

use super::Lock;
use core::sync::atomic::{Ordering, fence};

/// A value that is switched on while something is wished, and off otherwise. Who changes the wish
/// then calls [`Follower::follow`], and does not wait there: also a handler of interrupts may, that
/// has come while the same thread was switching.
#[derive(Debug)]
pub struct Follower<T>(Lock<Switched<T>>);

#[derive(Debug)]
struct Switched<T> {
    is_on: bool,
    value: T,
}

impl<T> Follower<T> {
    /// A value that is off.
    pub const fn new(value: T) -> Follower<T> {
        Follower(Lock::new(Switched { is_on: false, value }))
    }
    /// Switches the value until it is as the wish is. Who finds it in use leaves that to those who
    /// use it: they look at the wish after they have let go of it.
    pub fn follow(&self, wish: impl Fn() -> bool, switch: impl Fn(&mut T, bool)) {
        loop {
            fence(Ordering::SeqCst);
            let Some(mut state) = self.0.try_lock() else { return };
            let wished = wish();
            if state.is_on != wished {
                state.is_on = wished;
                switch(&mut state.value, wished);
            }
            drop(state);
            fence(Ordering::SeqCst);
            if wish() == wished {
                return;
            }
        }
    }
    /// Uses the value, of which `f` is told whether it is on; it has to [follow](Self::follow)
    /// afterwards.
    pub fn with<R>(&self, f: impl FnOnce(&mut T, bool) -> R) -> R {
        let mut state = self.0.lock();
        let is_on = state.is_on;
        f(&mut state.value, is_on)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::sync::atomic::{AtomicBool, AtomicUsize};

    #[test]
    fn it_ends_as_it_is_wished() {
        let (wish, value) = (AtomicUsize::new(0), AtomicBool::new(false));
        let follower = Follower::new(0usize);
        let follow = || {
            let wished = || wish.load(Ordering::SeqCst) > 0;
            follower.follow(wished, |switched, on| {
                *switched += 1;
                assert_ne!(value.swap(on, Ordering::SeqCst), on);
            });
        };
        let rounds = if cfg!(miri) { 20 } else { 20_000 };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        wish.fetch_add(1, Ordering::SeqCst);
                        follow();
                        wish.fetch_sub(1, Ordering::SeqCst);
                        follow();
                        follower.with(|_, on| assert_eq!(value.load(Ordering::SeqCst), on));
                        follow();
                    }
                });
            }
        });
        assert!(!value.load(Ordering::SeqCst));
        assert!(follower.with(|switched, _| *switched) > 1);
        wish.fetch_add(1, Ordering::SeqCst);
        follow();
        assert!(value.load(Ordering::SeqCst));
    }
    #[test]
    fn who_uses_it_is_not_waited_for() {
        let (wish, follower) = (AtomicBool::new(false), Follower::new(false));
        let follow = || {
            let wished = || wish.load(Ordering::SeqCst);
            follower.follow(wished, |value, on| {
                *value = on;
                // As a handler of interrupts would, in the midst of it.
                wish.store(true, Ordering::SeqCst);
                follower.follow(wished, |_, _| unreachable!("it is in use"));
            });
        };
        wish.store(true, Ordering::SeqCst);
        follow();
        wish.store(false, Ordering::SeqCst);
        follow();
        assert!(follower.with(|&mut value, on| value && on));
    }
}
