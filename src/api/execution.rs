//! Calls that can stop and go on.
#![allow(unsafe_code)]

use super::store::{Lent, LentMut};
use super::{AsContext, AsContextMut, Error, Val, ValType};
use crate::exec::resume::{Reached, Why, provide, resume, start};
use crate::rt::error::Suspend;
use crate::rt::layout::FuncData;
use crate::rt::paused::{Paused, Place};
use crate::rt::room;
use crate::rt::store::Store as Core;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

/// How far an [`Execution`] has come.
#[derive(Debug)]
pub enum Progress<R> {
    /// To its end.
    Done(R),
    /// It stands at code for which there is not enough fuel. Nothing was taken for that code.
    OutOfFuel {
        /// The fuel to [set](super::Store::set_fuel), at least, before it can go on.
        needed: u64,
    },
    /// It was stopped by an [`InterruptHandle`](super::InterruptHandle).
    Interrupted,
    /// A host function has returned a [`Suspend`] as its error: this one. Its results are given
    /// later, by [`Execution::run_with`].
    Suspended(Suspend),
}

type Finish<R> = dyn Fn(&Core, &[u64]) -> Result<R, Error> + Send + Sync;

/// A call that was started, and goes on whenever it is run: until its end, until the fuel is used
/// up, until somebody interrupts it, or until a host function suspends it.
///
/// It has a stack of its own and borrows nothing: while it is paused, everything else can be done
/// with its store, other executions included. What its frames refer to stays alive. Dropping it
/// frees all that it has.
///
/// A call that a host function makes from within runs on the native stack, and cannot pause: if it
/// runs out of fuel or is interrupted, this is a trap for that host function.
pub struct Execution<R> {
    store: u64,
    state: State,
    finish: Box<Finish<R>>,
    /// How much fuel it may use at once.
    pub(super) slice: u64,
    /// What a host function has suspended it with, if that has a future to wait for.
    #[cfg(feature = "async")]
    pub(super) waits_for: Option<Suspend>,
}
enum State {
    /// It can go on.
    Paused(Arc<Place>),
    /// There is nothing to run.
    Empty,
    Ended,
}
impl<R> fmt::Debug for Execution<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}

impl<R> Execution<R> {
    /// One that is about to call `func`; `finish` makes something of the slots of its results.
    ///
    /// # Safety
    /// The function belongs to the store; the arguments are of its types (R6).
    #[cfg_attr(not(feature = "small"), inline(never))]
    pub(super) unsafe fn new(
        cx: &mut impl AsContextMut,
        func: *const FuncData,
        args: &[u64],
        finish: impl Fn(&Core, &[u64]) -> Result<R, Error> + Send + Sync + 'static,
    ) -> Result<Execution<R>, Error> {
        // SAFETY: R1, R6: the store is lent; the rest is promised by the caller.
        let paused = unsafe { start(cx.head(), func, args)? };
        let state = State::Paused(cx.core_mut().add_paused(paused)?);
        Ok(Execution::with_state(cx, state, finish))
    }
    /// One with nothing to run.
    pub(super) fn empty(
        cx: &impl AsContext,
        finish: impl Fn(&Core, &[u64]) -> Result<R, Error> + Send + Sync + 'static,
    ) -> Execution<R> {
        Execution::with_state(cx, State::Empty, finish)
    }
    fn with_state(
        cx: &impl AsContext,
        state: State,
        finish: impl Fn(&Core, &[u64]) -> Result<R, Error> + Send + Sync + 'static,
    ) -> Execution<R> {
        Execution {
            store: cx.core().id,
            state,
            finish: Box::new(finish),
            slice: u64::MAX,
            #[cfg(feature = "async")]
            waits_for: None,
        }
    }
    pub(super) fn check_store(&self, core: &Core) -> Result<(), Error> {
        if self.store == core.id {
            return Ok(());
        }
        Err(Error::usage("an execution of another store"))
    }
    /// Whether it has ended: with results, or with an error.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Ended)
    }
    /// Runs it, from where it is.
    ///
    /// # Errors
    /// Usage: it belongs to another store, has ended, or is suspended by a host function that has
    /// results, which are missing; otherwise what it ends with: Trap, Exit, Exception, Host, Limit.
    pub fn run(&mut self, mut cx: impl AsContextMut) -> Result<Progress<R>, Error> {
        self.go_on(&mut cx, |paused, _| match paused.suspended {
            // SAFETY: R1: a function of the store.
            Some((func, _)) if unsafe { (*func).shape.result_slots } > 0 => {
                Err(Error::usage("the results of the host function are missing"))
            }
            _ => Ok(None),
        })
    }
    /// Runs it, after giving it the results of the host function that has suspended it.
    ///
    /// # Errors
    /// Usage: it is not suspended, or these are not the results of the host function; otherwise as
    /// for [`Execution::run`].
    pub fn run_with(
        &mut self,
        mut cx: impl AsContextMut,
        results: &[Val],
    ) -> Result<Progress<R>, Error> {
        self.go_on(&mut cx, |paused, core| {
            let (func, _) = paused.suspended.ok_or_else(not_suspended)?;
            // SAFETY: R1: a function of the store.
            let (ty, slots) = unsafe { ((*func).shape.ty, (*func).shape.result_slots) };
            let def = core.registry.get(ty).clone();
            let types = def.func().map_or(&[][..], |ty| &ty.results);
            if types.len() != results.len() {
                let (given, wanted) = (results.len(), types.len());
                return Err(Error::usage(alloc::format!("{given} results instead of {wanted}")));
            }
            let mut values = room::filled(slots as usize, 0)?;
            Val::list_into_slots(results, types, &mut values, core)?;
            // SAFETY: R6: they were checked.
            unsafe { provide(paused, &values) };
            Ok(None)
        })
    }
    /// The types of the results that [`Execution::run_with`] is to be given: those of the host
    /// function that has suspended it. `None` if none has.
    ///
    /// # Errors
    /// Usage: it belongs to another store.
    pub fn wanted(&self, cx: &impl AsContext) -> Result<Option<Box<[ValType]>>, Error> {
        let core = cx.core();
        self.check_store(core)?;
        let State::Paused(place) = &self.state else { return Ok(None) };
        let held = place.lock();
        let Some((func, _)) = held.as_ref().and_then(|paused| paused.suspended) else {
            return Ok(None);
        };
        // SAFETY: R1: a function of the store.
        let def = core.registry.get(unsafe { (*func).shape.ty });
        Ok(Some(def.func().map_or(Box::default(), |ty| ty.results.clone())))
    }
    /// Runs it, after the host function that has suspended it has failed with an error: which is
    /// what the execution ends with, unless it is an exception that the guest catches.
    ///
    /// # Errors
    /// Usage: it is not suspended; otherwise as for [`Execution::run`].
    pub fn run_failed(
        &mut self,
        mut cx: impl AsContextMut,
        error: Error,
    ) -> Result<Progress<R>, Error> {
        self.go_on(&mut cx, |paused, _| {
            paused.suspended.take().ok_or_else(not_suspended)?;
            Ok(Some(error))
        })
    }
    /// Runs it, if `prepare` lets it.
    fn go_on(
        &mut self,
        cx: &mut impl AsContextMut,
        prepare: impl FnOnce(&mut Paused, &Core) -> Result<Option<Error>, Error>,
    ) -> Result<Progress<R>, Error> {
        let core = cx.core_mut();
        self.check_store(core)?;
        let place = match &self.state {
            State::Paused(place) => place.clone(),
            State::Empty => {
                self.state = State::Ended;
                return (self.finish)(core, &[]).map(Progress::Done);
            }
            State::Ended => return Err(Error::usage("the execution has ended")),
        };
        let mut held = place.lock();
        let Some(paused) = &mut *held else {
            return Err(Error::usage("the execution runs already"));
        };
        let error = prepare(paused, core)?;
        let failed = error.is_some();
        if let Some(error) = error {
            core.fail_with(error);
        }
        let Some(paused) = held.take() else {
            return Err(Error::usage("the execution runs already"));
        };
        drop(held);
        self.state = State::Ended;
        #[cfg(feature = "async")]
        {
            self.waits_for = None;
        }
        // SAFETY: R1, R6, R12: the store is lent, and the execution belongs to it.
        match unsafe { resume(cx.head(), paused, failed, self.slice)? } {
            Reached::Done(slots) => (self.finish)(cx.core(), &slots).map(Progress::Done),
            Reached::Pause(paused, why) => {
                *place.lock() = Some(paused);
                self.state = State::Paused(place);
                Ok(match why {
                    Why::OutOfFuel { needed } => Progress::OutOfFuel { needed },
                    Why::Interrupted => Progress::Interrupted,
                    Why::Suspended(suspend) => Progress::Suspended(suspend),
                })
            }
        }
    }
}

fn not_suspended() -> Error {
    Error::usage("no host function has suspended the execution")
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::{Config, Engine, Instance, Module, Store};
    use core::sync::atomic::{AtomicBool, Ordering};

    /// Another thread replaces what turns of loops begin with while they run, also in a store that
    /// is not meant.
    #[test]
    fn turns_are_stopped_while_they_run() -> Result<(), Error> {
        let text = "(module (func (export \"f\") (param i32) (result i32) (local i32)
            (loop $l
                (local.set 1 (i32.add (local.get 1) (i32.const 3)))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))";
        let turns = if cfg!(miri) { 300 } else { 30_000_000 };
        let engine = Engine::new(Config::new().interrupts(true))?;
        let module = Module::new(&engine, wat::parse_str(text).map_err(Error::host_from)?)?;
        let mut store = Store::new(&engine, ());
        let (handle, ended) = (store.interrupt_handle()?, AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    handle.interrupt();
                    std::thread::yield_now();
                }
            });
            let other = scope.spawn(|| {
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[])?;
                instance.typed_func::<i32, i32>(&store, "f")?.call(&mut store, turns)
            });
            let instance = Instance::new(&mut store, &module, &[])?;
            let func = instance.typed_func::<i32, i32>(&store, "f")?;
            let mut job = func.start(&mut store, turns)?;
            let result = loop {
                match job.run(&mut store)? {
                    Progress::Done(result) => break result,
                    Progress::Interrupted => {}
                    other => unreachable!("{other:?}"),
                }
            };
            ended.store(true, Ordering::Relaxed);
            assert_eq!(result, 3 * turns);
            assert_eq!(other.join().expect("it does not panic")?, 3 * turns);
            Ok(())
        })
    }
}
