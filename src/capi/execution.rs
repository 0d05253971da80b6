//! Calls that stop and go on.

use core::cell::{RefCell, RefMut};
use core::ffi::c_void;

use super::error::{CError, Failure};
use super::exception::keep;
use super::ffi::{Array, ArrayMut, Out, Outcome, UserData, delete, guard, need};
use super::linker::{CLinker, shared};
use super::store::{CStore, Cx};
use super::val::{CVal, Handle, read_all, write_all};
use crate::{Error, Execution, FuncType, Instance, Module, Progress, Suspend, Val, ValType};

/// `wasmvm_execution`. Callbacks may have a pointer to it while it runs.
pub type CExecution = RefCell<Started>;
pub struct Started {
    what: What,
    /// What the last suspension was told with, until it goes on.
    reason: Option<UserData>,
}
enum What {
    Call(Execution<Vec<Val>>, FuncType),
    Start(Execution<Instance>),
}

/// How to go on.
enum How {
    On,
    With(Vec<Val>),
    Failed(Error),
}
impl How {
    fn run<R>(self, execution: &mut Execution<R>, cx: &mut Cx<'_>) -> Result<Progress<R>, Error> {
        match self {
            How::On => execution.run(cx),
            How::With(results) => execution.run_with(cx, &results),
            How::Failed(error) => execution.run_failed(cx, error),
        }
    }
}

/// `wasmvm_progress`.
#[repr(C)]
pub struct CProgress {
    kind: u32,
    needed: u64,
    data: *mut c_void,
    instance: Handle,
}
impl CProgress {
    fn new(kind: u32) -> CProgress {
        CProgress { kind, needed: 0, data: core::ptr::null_mut(), instance: Handle::NULL }
    }
}

impl Started {
    /// The types of what the host function that has suspended it is to give.
    fn wanted(&self, cx: &Cx<'_>) -> Result<Box<[ValType]>, Failure> {
        let wanted = match &self.what {
            What::Call(execution, _) => execution.wanted(cx),
            What::Start(execution) => execution.wanted(cx),
        };
        let none = || Failure::usage("no callback has suspended the execution".into());
        wanted?.ok_or_else(none)
    }
    /// What has come of it, and the results if it is at its end.
    fn go_on(&mut self, cx: &mut Cx<'_>, how: How) -> Result<(CProgress, Vec<CVal>), Failure> {
        let progress = match &mut self.what {
            What::Call(execution, _) => match how.run(execution, cx)? {
                Progress::Done(results) => {
                    return Ok((CProgress::new(0), write_all(&results, cx)?));
                }
                Progress::OutOfFuel { needed } => Progress::OutOfFuel { needed },
                Progress::Interrupted => Progress::Interrupted,
                Progress::Suspended(suspend) => Progress::Suspended(suspend),
            },
            What::Start(execution) => how.run(execution, cx)?,
        };
        let progress = match progress {
            Progress::Done(instance) => {
                let instance = cx.data_mut().add_instance(instance);
                CProgress { instance, ..CProgress::new(0) }
            }
            Progress::OutOfFuel { needed } => CProgress { needed, ..CProgress::new(1) },
            Progress::Interrupted => CProgress::new(2),
            Progress::Suspended(suspend) => {
                self.reason = suspend.downcast::<UserData>().ok();
                let data = self.reason.as_ref().map_or(core::ptr::null_mut(), |user| user.data);
                CProgress { data, ..CProgress::new(3) }
            }
        };
        Ok((progress, Vec::new()))
    }
}

fn boxed(what: What) -> Box<CExecution> {
    Box::new(RefCell::new(Started { what, reason: None }))
}
fn lent(execution: Option<&CExecution>) -> Result<RefMut<'_, Started>, Failure> {
    let execution = need(execution, "execution")?.try_borrow_mut();
    execution.map_err(|_| Failure::usage("the execution runs already".into()))
}
/// Goes on, and says how far.
fn run(
    execution: Option<&CExecution>,
    store: Option<&CStore>,
    room: (ArrayMut<CVal>, usize),
    out: Out<CProgress>,
    how: impl FnOnce(&Started, &Cx<'_>) -> Result<How, Failure>,
) -> Result<(), Failure> {
    let out = need(out, "progress")?;
    let mut execution = lent(execution)?;
    let room = room.0.slice(room.1, "results")?;
    let count = match &execution.what {
        What::Call(_, ty) => ty.results.len(),
        What::Start(_) => 0,
    };
    if room.len() != count {
        return Err(Failure::usage(format!("room for {} results, not {count}", room.len())));
    }
    let (progress, results) = need(store, "store")?.run(|mut cx| {
        let how = how(&execution, &cx)?;
        execution.reason = None;
        cx.scope(|cx| {
            let outcome = execution.go_on(cx, how);
            keep(outcome, cx)
        })
    })?;
    for (place, result) in room.iter_mut().zip(results) {
        place.write(result);
    }
    out.write(progress);
    Ok(())
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_func_start(
    store: Option<&CStore>,
    func: Handle,
    args: Array<CVal>,
    args_len: usize,
    out: Out<Box<CExecution>>,
) -> Outcome {
    guard(|| {
        let (out, given) = (need(out, "out")?, args.slice(args_len, "args")?);
        let mut cx = need(store, "store")?.context()?;
        let func = cx.data().func(func)?;
        let ty = func.ty(&cx)?;
        let args = read_all(given, &ty.params, cx.data())?;
        out.write(boxed(What::Call(func.start(&mut cx, &args)?, ty)));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_linker_start(
    linker: Option<&CLinker>,
    store: Option<&CStore>,
    module: Option<&Module>,
    out: Out<Box<CExecution>>,
) -> Outcome {
    guard(|| {
        let (linker, module) = (shared(linker)?, need(module, "module")?);
        let out = need(out, "out")?;
        let start = need(store, "store")?.run(|cx| Ok(linker.start(cx, module)?))?;
        out.write(boxed(What::Start(start)));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_execution_run(
    execution: Option<&CExecution>,
    store: Option<&CStore>,
    results: ArrayMut<CVal>,
    results_len: usize,
    progress: Out<CProgress>,
) -> Outcome {
    guard(|| run(execution, store, (results, results_len), progress, |_, _| Ok(How::On)))
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_execution_run_with(
    execution: Option<&CExecution>,
    store: Option<&CStore>,
    given: Array<CVal>,
    given_len: usize,
    results: ArrayMut<CVal>,
    results_len: usize,
    progress: Out<CProgress>,
) -> Outcome {
    guard(|| {
        let given = given.slice(given_len, "given")?;
        run(execution, store, (results, results_len), progress, |execution, cx| {
            Ok(How::With(read_all(given, &execution.wanted(cx)?, cx.data())?))
        })
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_execution_run_failed(
    execution: Option<&CExecution>,
    store: Option<&CStore>,
    error: Option<Box<CError>>,
    results: ArrayMut<CVal>,
    results_len: usize,
    progress: Out<CProgress>,
) -> Outcome {
    guard(|| {
        let error = need(error, "error")?.failure;
        run(execution, store, (results, results_len), progress, |execution, cx| {
            execution.wanted(cx)?;
            Ok(How::Failed(error.into_error()))
        })
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_execution_delete(execution: Option<Box<CExecution>>) {
    match execution {
        // It runs: better a leak than what would follow.
        Some(execution) if execution.try_borrow_mut().is_err() => core::mem::forget(execution),
        execution => delete(execution),
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_error_new_suspend(
    data: *mut c_void,
    finalizer: super::ffi::Finalizer,
) -> Box<CError> {
    let reason = Suspend::new(UserData { data, finalizer });
    Box::new(Failure::from(Error::from(reason)).into())
}
