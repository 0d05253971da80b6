//! Executions as futures: a slice of fuel at a time, and host functions that wait for a future. No
//! runtime is needed, and any will do.

use super::store::{Lent, fuel};
use super::{AsContextMut, Error, Execution, Progress, StoreContextMut, TypedFunc, Val, WasmList};
use crate::rt::error::Suspend;
use crate::sync::Lock;
use crate::wasm::trap::Trap;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

/// What a host function gives in the end, or why it fails.
type Answer = Result<Vec<Val>, Error>;
/// Somebody else's future; the lock makes it `Sync`, there is nobody to wait for.
type Boxed<A> = Lock<Pin<Box<dyn Future<Output = A> + Send>>>;
/// A token of suspension: the answer comes by itself.
struct Later(Boxed<Answer>);
/// Another: what comes by itself makes the answer, with the store.
struct LaterWith<T>(Boxed<Box<Finish<T>>>);
type Finish<T> = dyn FnOnce(StoreContextMut<'_, T>) -> Answer + Send;

impl Suspend {
    /// Until a future is ready, whose output is what the host function gives, or fails with. It is
    /// for executions that run as futures ([`Execution::run_async`]); who runs others gets it back.
    pub fn until<R: WasmList>(
        future: impl Future<Output = Result<R, Error>> + Send + 'static,
    ) -> Suspend {
        let answer = async { future.await.map(WasmList::into_vals) };
        Suspend::new(Later(Lock::new(Box::pin(answer))))
    }
    /// The same, if the store is needed in the end, which a future cannot borrow while it waits:
    /// `then` gets both.
    pub fn until_then<T: 'static, A: Send + 'static, R: WasmList>(
        future: impl Future<Output = A> + Send + 'static,
        then: impl FnOnce(StoreContextMut<'_, T>, A) -> Result<R, Error> + Send + 'static,
    ) -> Suspend {
        let finish = async {
            let output = future.await;
            let finish: Box<Finish<T>> =
                Box::new(move |cx| then(cx, output).map(WasmList::into_vals));
            finish
        };
        Suspend::new(LaterWith(Lock::new(Box::pin(finish))))
    }
    /// Whether it waits for a future, in a store of this type.
    fn waits<T: 'static>(&self) -> bool {
        self.is::<Later>() || self.is::<LaterWith<T>>()
    }
    /// Polls the future that it waits for; `None` if there is none.
    fn poll<T: 'static>(
        &mut self,
        cx: StoreContextMut<'_, T>,
        task: &mut Context<'_>,
    ) -> Option<Poll<Answer>> {
        if let Some(Later(future)) = self.downcast_mut() {
            return Some(future.get_mut().as_mut().poll(task));
        }
        let LaterWith(future) = self.downcast_mut::<LaterWith<T>>()?;
        Some(future.get_mut().as_mut().poll(task).map(|finish| finish(cx)))
    }
}

/// An execution that runs as a future: see [`Execution::run_async`].
#[must_use = "futures do nothing unless they are polled"]
pub struct RunAsync<'a, C, R> {
    execution: &'a mut Execution<R>,
    cx: C,
    slice: u64,
    /// What its next instructions need at once.
    least: u64,
}
impl<C, R> fmt::Debug for RunAsync<'_, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunAsync { execution, slice, .. } = self;
        f.debug_struct("RunAsync").field("execution", execution).field("slice", slice).finish()
    }
}

/// The fuel of a slice, unless somebody says otherwise: some hundred microseconds.
const SLICE: u64 = 100_000;

impl<R> Execution<R> {
    /// Runs it as a future, which is ready whenever [`Execution::run`] would return: at the end,
    /// when the store's fuel is used up, after an interrupt, or if a host function suspends it with
    /// a token. Unlike `run`
    ///
    /// - it yields after each slice of fuel ([`RunAsync::slice`]), if the engine is configured for
    ///   fuel, so that other tasks of the thread run too;
    /// - if a host function suspends it with a future ([`Suspend::until`]), it waits for that.
    ///
    /// Dropping the future stops nothing but the waiting: the execution can be run again, and waits
    /// for the same.
    pub fn run_async<C: AsContextMut>(&mut self, cx: C) -> RunAsync<'_, C, R> {
        RunAsync { execution: self, cx, slice: SLICE, least: 0 }
    }
}
impl<C, R> RunAsync<'_, C, R> {
    /// How much fuel may be used before others have a turn; more is used at once only by an
    /// instruction that needs more.
    pub fn slice(mut self, fuel: u64) -> Self {
        self.slice = fuel.max(1);
        self
    }
}
impl<P: WasmList, R: WasmList> TypedFunc<P, R> {
    /// Calls the function as a future: [`Execution::run_async`] to its end, where all that would
    /// pause it for somebody else to go on with is an error, as for [`TypedFunc::call`].
    ///
    /// # Errors
    /// As for [`TypedFunc::call`].
    pub async fn call_async<C>(self, mut cx: C, params: P) -> Result<R, Error>
    where
        C: AsContextMut + Unpin,
        C::Data: 'static,
    {
        let mut execution = self.start(&mut cx, params)?;
        match execution.run_async(&mut cx).await? {
            Progress::Done(results) => Ok(results),
            Progress::OutOfFuel { .. } => Err(Trap::OutOfFuel.into()),
            Progress::Interrupted => Err(Trap::Interrupted.into()),
            Progress::Suspended(suspend) => Err(Error::from(suspend).not_suspended()),
        }
    }
}

impl<C, R> Future for RunAsync<'_, C, R>
where
    C: AsContextMut + Unpin,
    C::Data: 'static,
{
    type Output = Result<Progress<R>, Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let RunAsync { execution, cx, slice, least } = &mut *self;
        execution.check_store(cx.core())?;
        // A host function whose future is ready at once does not begin another slice.
        let mut left = (*slice).max(core::mem::take(least));
        loop {
            let waiting = execution.waits_for.as_mut();
            let answer = match waiting.and_then(|suspend| suspend.poll(cx.as_context_mut(), task)) {
                Some(answer) => Some(ready!(answer)),
                None => None,
            };
            execution.waits_for = None;
            let before = fuel(cx.core());
            execution.slice = left;
            let progress = match answer {
                Some(Ok(values)) => execution.run_with(&mut *cx, &values),
                Some(Err(error)) => execution.run_failed(&mut *cx, error),
                None => execution.run(&mut *cx),
            };
            execution.slice = u64::MAX;
            let after = fuel(cx.core());
            match progress? {
                Progress::Suspended(suspend) if suspend.waits::<C::Data>() => {
                    execution.waits_for = Some(suspend);
                    left = left.saturating_sub(used(before, after));
                }
                // There is more, but not in this slice.
                Progress::OutOfFuel { needed } if after >= Some(needed) => {
                    *least = needed;
                    task.waker().wake_by_ref();
                    return Poll::Pending;
                }
                progress => return Poll::Ready(Ok(progress)),
            }
        }
    }
}
fn used(before: Option<u64>, after: Option<u64>) -> u64 {
    before.zip(after).map_or(0, |(before, after)| before.saturating_sub(after))
}
