//! What stops the code that runs: how far the stack goes, and whether somebody wants it.
//!
//! Neither costs code that is not stopped anything. Raising an interrupt takes the stack away, so
//! that the next call looks closer; and while code runs, it replaces the instructions that turns of
//! loops begin with.

use super::error::Error;
use super::room;
use crate::sync::Follower;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Code that stores share.
pub trait Code: Send + Sync {
    /// Another instance's store wants turns of loops to look closer, or one of those that did does
    /// not any more.
    fn stop_turns(&self, stop: bool);
}

/// One per store, shared with those who may stop what runs in it.
pub struct Signals {
    /// One past the last slot of the stack that a frame may use, or null: look closer.
    limit: AtomicPtr<u64>,
    raised: AtomicBool,
    /// Whether code of a guest runs.
    runs: AtomicBool,
    /// Whether turns of loops look closer.
    pressed: AtomicBool,
    /// Whether somebody may want what runs to stop.
    watched: bool,
    /// The code that may run, once for each instance, in the order of the addresses. It looks closer
    /// while what runs shall stop.
    codes: Follower<Codes>,
}
type Codes = Vec<Arc<dyn Code>>;

impl Signals {
    /// Of a store without a stack; whether somebody may want what runs in it to stop.
    pub const fn new(watched: bool) -> Signals {
        Signals {
            limit: AtomicPtr::new(ptr::null_mut()),
            raised: AtomicBool::new(false),
            runs: AtomicBool::new(false),
            pressed: AtomicBool::new(false),
            watched,
            codes: Follower::new(Vec::new()),
        }
    }
    /// One past the last slot that a frame may use, at most.
    #[inline(always)]
    pub fn limit(&self) -> *mut u64 {
        self.limit.load(Ordering::Relaxed)
    }
    /// Whether somebody wants what runs to stop.
    #[inline(always)]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }
    /// Stops what runs, or else what runs next.
    ///
    /// # Complexity
    /// Linear in the number of loops of the functions that are translated, if something runs.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
        self.limit.store(ptr::null_mut(), Ordering::SeqCst);
        if self.runs.load(Ordering::SeqCst) {
            self.follow();
        }
    }
    /// Takes that back; what runs finds it out.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::SeqCst);
        self.follow();
    }
    /// Lets turns of loops look closer if they have to, and only then.
    pub fn follow(&self) {
        let wish = || self.raised.load(Ordering::SeqCst) && self.runs.load(Ordering::SeqCst);
        self.codes.follow(wish, |codes, stop| {
            self.pressed.store(stop, Ordering::SeqCst);
            codes.iter().for_each(|code| code.stop_turns(stop));
        });
    }
    /// The guest's code goes on: from here on turns of loops are stopped, too.
    #[inline(always)]
    pub fn enter(&self) {
        if self.watched {
            self.runs.store(true, Ordering::SeqCst);
            if self.raised.load(Ordering::SeqCst) {
                self.follow();
            }
        }
    }
    /// The host goes on. It looks whether it shall stop when it comes to the guest's code again;
    /// others who share that need not stand still so long.
    #[inline(always)]
    pub fn leave(&self) {
        if self.watched {
            self.runs.store(false, Ordering::Release);
            self.release_turns();
        }
    }
    #[inline(always)]
    fn release_turns(&self) {
        if self.pressed.load(Ordering::Relaxed) {
            self.follow();
        }
    }
    /// Lets code run in a stack that ends here, unless it shall stop. Of those who raise at the
    /// same time, either this sees the flag, or they take the stack away after this.
    #[inline(always)]
    pub fn release(&self, limit: *mut u64) {
        self.limit.store(limit, Ordering::SeqCst);
        if self.raised.load(Ordering::SeqCst) {
            self.limit.store(ptr::null_mut(), Ordering::SeqCst);
        }
    }
    /// Whether what runs shall stop; only once.
    #[inline(always)]
    pub fn take(&self, limit: *mut u64) -> bool {
        let raised = self.raised.swap(false, Ordering::SeqCst);
        self.release(limit);
        self.release_turns();
        raised
    }
    fn add(&self, code: &Arc<dyn Code>) -> Result<(), Error> {
        let added = self.codes.with(|codes, stop| {
            room::reserve(codes, 1)?;
            codes.insert(behind(codes, code), code.clone());
            if stop {
                code.stop_turns(true);
            }
            Ok(())
        });
        self.follow();
        added
    }
    fn remove(&self, code: &Arc<dyn Code>) {
        self.codes.with(|codes, stop| {
            codes.remove(behind(codes, code) - 1);
            if stop {
                code.stop_turns(false);
            }
        });
        self.follow();
    }
}
/// The place behind some code, or where it would be.
fn behind(codes: &Codes, code: &Arc<dyn Code>) -> usize {
    let address = |code: &Arc<dyn Code>| Arc::as_ptr(code).cast::<()>();
    codes.partition_point(|other| address(other) <= address(code))
}
impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").field("raised", &self.raised).finish_non_exhaustive()
    }
}

/// The code of an instance, which is stopped if what runs in the store is.
pub struct Stoppable {
    signals: Arc<Signals>,
    code: Arc<dyn Code>,
}
impl Stoppable {
    /// Nothing if nobody may want that.
    ///
    /// # Errors
    /// There is no memory to note it.
    pub fn new(signals: &Arc<Signals>, code: Arc<dyn Code>) -> Result<Option<Stoppable>, Error> {
        if !signals.watched {
            return Ok(None);
        }
        signals.add(&code)?;
        Ok(Some(Stoppable { signals: signals.clone(), code }))
    }
}
impl Drop for Stoppable {
    fn drop(&mut self) {
        self.signals.remove(&self.code);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::sync::atomic::{AtomicIsize, AtomicUsize};

    #[derive(Default)]
    struct Turns(AtomicIsize);
    impl Code for Turns {
        fn stop_turns(&self, stop: bool) {
            self.0.fetch_add(if stop { 1 } else { -1 }, Ordering::SeqCst);
        }
    }
    impl Turns {
        fn stop(&self) -> bool {
            let stores = self.0.load(Ordering::SeqCst);
            assert!(stores >= 0, "{stores}");
            stores > 0
        }
    }
    fn watched() -> (Arc<Signals>, Arc<Turns>, Stoppable) {
        let (signals, turns) = (Arc::new(Signals::new(true)), Arc::new(Turns::default()));
        let stoppable = Stoppable::new(&signals, turns.clone());
        (signals, turns, stoppable.unwrap_or(None).expect("it is watched"))
    }

    #[test]
    fn what_is_raised_is_taken_once() {
        let ((signals, turns, _stoppable), mut slot) = (watched(), 0u64);
        let end: *mut u64 = &raw mut slot;
        signals.release(end);
        signals.enter();
        assert_eq!((signals.limit(), turns.stop()), (end, false));
        assert!(!signals.take(end));
        signals.raise();
        signals.raise();
        assert_eq!((signals.limit(), turns.stop()), (ptr::null_mut(), true));
        // Another stack changes nothing.
        signals.release(end);
        assert_eq!((signals.limit(), turns.stop()), (ptr::null_mut(), true));
        assert!(signals.is_raised() && signals.take(end) && !signals.take(end));
        assert_eq!((signals.limit(), turns.stop()), (end, false));
        signals.raise();
        signals.clear();
        assert!(!turns.stop() && !signals.take(end));
        assert_eq!((signals.limit(), turns.stop()), (end, false));
    }

    #[test]
    fn code_stops_only_while_it_runs() {
        let (signals, turns, stoppable) = watched();
        signals.raise();
        assert!(!turns.stop());
        signals.enter();
        assert!(turns.stop());
        signals.leave();
        assert!(!turns.stop() && signals.is_raised());
        signals.enter();
        // What comes and goes meanwhile: a second instance of the code, and other code.
        let twice = Stoppable::new(&signals, stoppable.code.clone()).unwrap_or(None);
        let other = Arc::new(Turns::default());
        let others = Stoppable::new(&signals, other.clone()).unwrap_or(None);
        assert!(turns.stop() && other.stop());
        drop((others, stoppable));
        assert!(turns.stop() && !other.stop());
        drop(twice);
        assert!(!turns.stop());
        assert!(Stoppable::new(&Arc::new(Signals::new(false)), turns).is_ok_and(|s| s.is_none()));
    }

    #[test]
    fn nothing_that_is_raised_gets_lost() {
        let ((signals, turns, _stoppable), mut slot) = (watched(), 0u64);
        let end: *mut u64 = &raw mut slot;
        let rounds = if cfg!(miri) { 20 } else { 20_000 };
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let raised = &taken;
            scope.spawn(|| {
                for round in 1..=rounds {
                    signals.raise();
                    while raised.load(Ordering::SeqCst) < round {
                        core::hint::spin_loop();
                    }
                }
            });
            signals.release(end);
            let look = |told: bool| {
                if told && signals.take(end) {
                    raised.fetch_add(1, Ordering::SeqCst);
                }
                raised.load(Ordering::SeqCst) < rounds
            };
            // As code does: a call, then turns of a loop; they look closer only when they have to.
            while look(signals.limit().is_null()) {
                signals.enter();
                while look(turns.stop()) && !raised.load(Ordering::SeqCst).is_multiple_of(3) {}
                signals.leave();
                signals.release(end);
            }
        });
        signals.release(end);
        assert!(!signals.is_raised());
    }
}
