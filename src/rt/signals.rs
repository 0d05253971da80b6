//! What calls and branches back look at: how far the stack goes, and whether somebody wants the
//! execution to stop.
//!
//! Neither costs a comparison of its own. Raising an interrupt takes the stack away, so that the
//! next call looks closer; and it lets branches back go to the header of their loop, where the
//! instruction is that looks, instead of past it.

use crate::ir::code::POLL_BYTES;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// One per store, shared with those who may stop what runs in it.
#[repr(C)]
#[derive(Debug)]
pub struct Signals {
    /// One past the last slot of the stack that a frame may use, or null: look closer.
    limit: AtomicPtr<u64>,
    /// What branches back add to the address of the header.
    past: AtomicUsize,
    raised: AtomicBool,
}

impl Signals {
    /// Of a store without a stack.
    pub const fn new() -> Signals {
        Signals {
            limit: AtomicPtr::new(ptr::null_mut()),
            past: AtomicUsize::new(POLL_BYTES),
            raised: AtomicBool::new(false),
        }
    }
    /// One past the last slot that a frame may use, at most.
    #[inline(always)]
    pub fn limit(&self) -> *mut u64 {
        self.limit.load(Ordering::Relaxed)
    }
    /// How far behind the header of a loop a turn begins.
    #[inline(always)]
    pub fn past(&self) -> usize {
        self.past.load(Ordering::Relaxed)
    }
    /// Whether somebody wants what runs to stop.
    #[inline(always)]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }
    /// Stops what runs, or else what runs next.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
        self.press();
    }
    /// Takes that back; what runs finds it out.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::SeqCst);
    }
    #[inline(always)]
    fn press(&self) {
        self.limit.store(ptr::null_mut(), Ordering::SeqCst);
        self.past.store(0, Ordering::SeqCst);
    }
    /// Lets code run in a stack that ends here, unless it shall stop. Of those who raise at the
    /// same time, either this sees the flag, or they press after this released.
    #[inline(always)]
    pub fn release(&self, limit: *mut u64) {
        self.limit.store(limit, Ordering::SeqCst);
        self.past.store(POLL_BYTES, Ordering::SeqCst);
        if self.raised.load(Ordering::SeqCst) {
            self.press();
        }
    }
    /// Whether what runs shall stop; only once.
    #[inline(always)]
    pub fn take(&self, limit: *mut u64) -> bool {
        let raised = self.raised.swap(false, Ordering::SeqCst);
        self.release(limit);
        raised
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn what_is_raised_is_taken_once() {
        let (signals, mut slot) = (Signals::new(), 0u64);
        let end: *mut u64 = &raw mut slot;
        signals.release(end);
        assert_eq!((signals.limit(), signals.past()), (end, POLL_BYTES));
        assert!(!signals.take(end));
        signals.raise();
        signals.raise();
        assert_eq!((signals.limit(), signals.past()), (ptr::null_mut(), 0));
        // Another stack changes nothing.
        signals.release(end);
        assert_eq!((signals.limit(), signals.past()), (ptr::null_mut(), 0));
        assert!(signals.is_raised() && signals.take(end) && !signals.take(end));
        assert_eq!((signals.limit(), signals.past()), (end, POLL_BYTES));
        signals.raise();
        signals.clear();
        assert!(!signals.take(end));
        assert_eq!((signals.limit(), signals.past()), (end, POLL_BYTES));
    }

    #[test]
    fn nothing_that_is_raised_gets_lost() {
        let (signals, mut slot) = (Signals::new(), 0u64);
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
            while raised.load(Ordering::SeqCst) < rounds {
                // As handlers do: looks closer only when it is told to.
                let told = signals.limit().is_null() || signals.past() == 0;
                if told && signals.take(end) {
                    raised.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        signals.release(end);
        assert!(!signals.is_raised());
    }
}
