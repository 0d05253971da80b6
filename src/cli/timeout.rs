//! `--timeout`: a thread that stops the program when its time is over, whatever it does.

use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{EXIT_TIMEOUT, complain};
use crate::InterruptHandle;

/// Watches the time of a program.
pub(super) struct Watch(Option<Arc<Shared>>);

struct Shared {
    limit: Duration,
    /// What the program is called.
    name: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Stops the guest, once there is one.
    handle: Option<InterruptHandle>,
    expired: bool,
    done: bool,
}

impl Watch {
    /// Begins to watch, if there is a limit.
    pub(super) fn start(limit: Option<Duration>, name: String) -> Watch {
        let Some(limit) = limit else { return Watch(None) };
        let state = Mutex::default();
        let shared = Arc::new(Shared { limit, name, state, changed: Condvar::new() });
        let watcher = shared.clone();
        let deadline = Instant::now().checked_add(limit);
        std::thread::spawn(move || watcher.watch(deadline));
        Watch(Some(shared))
    }

    /// What there is to be stopped.
    pub(super) fn guest(&self, handle: InterruptHandle) {
        if let Some(shared) = &self.0 {
            shared.lock().handle = Some(handle);
        }
    }

    /// Why the guest was interrupted, if the time was over.
    pub(super) fn expired(&self) -> Option<String> {
        let shared = self.0.as_ref()?;
        shared.lock().expired.then(|| shared.reason())
    }

    /// The program has ended by itself.
    pub(super) fn finish(&self) {
        if let Some(shared) = &self.0 {
            shared.lock().done = true;
            shared.changed.notify_all();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reason(&self) -> String {
        format!("the time is over (--timeout {:?})", self.limit)
    }

    fn watch(&self, deadline: Option<Instant>) {
        let mut state = self.wait(self.lock(), deadline);
        if state.done {
            return;
        }
        state.expired = true;
        if let Some(handle) = &state.handle {
            handle.interrupt();
            state = self.wait(state, Some(Instant::now() + GRACE));
        }
        if !state.done {
            // It loads, or it waits for the host: nothing but the end of the process stops that.
            complain(&format!("{}: {}", self.name, self.reason()));
            process::exit(EXIT_TIMEOUT.into());
        }
    }

    /// Waits until the program is done or a time has come.
    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, State> {
        while !state.done {
            // A time too far away to be told never comes.
            let left = until
                .map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, left.min(LONG));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}

/// How long a guest may take to notice that it is interrupted, and the command to say where.
const GRACE: Duration = Duration::from_millis(20);
/// Systems do not wait for ever.
const LONG: Duration = Duration::from_secs(3600);
