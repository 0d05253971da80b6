//! Executions as futures, without any runtime: the smallest executors there can be.

use super::*;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use wasmvm::{Exception, Progress, StoreContextMut, Suspend, Tag};

/// Wakes a thread, and counts.
struct Bell(Thread, AtomicUsize);
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unpark();
    }
}
/// Runs a future to its end; also says how often it was woken.
fn block_on<F: Future>(future: F) -> (F::Output, usize) {
    let bell = Arc::new(Bell(thread::current(), AtomicUsize::new(0)));
    let waker = Waker::from(bell.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return (output, bell.1.load(Ordering::SeqCst));
        }
        thread::park();
    }
}
/// One poll, by somebody who does not want to be woken.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A value that another thread gives later.
struct Letter<A>(Arc<Mutex<Mailbox<A>>>);
/// What has come, and who waits for it.
type Mailbox<A> = (Option<A>, Option<Waker>);
impl<A> Clone for Letter<A> {
    fn clone(&self) -> Self {
        Letter(self.0.clone())
    }
}
impl<A> Letter<A> {
    fn new() -> Letter<A> {
        Letter(Arc::new(Mutex::new((None, None))))
    }
    fn send(&self, value: A) {
        let mut letter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        letter.0 = Some(value);
        if let Some(waker) = letter.1.take() {
            waker.wake();
        }
    }
}
impl<A> Future for Letter<A> {
    type Output = A;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        let mut letter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match letter.0.take() {
            Some(value) => Poll::Ready(value),
            None => {
                letter.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

const GUEST: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i64 f32)))
    (import "host" "read" (func $read (param i32) (result i32)))
    (import "host" "token" (func $token (result i32)))
    (import "host" "e" (tag $e (param i64)))
    (memory (export "memory") 1)
    (func (export "count") (param $n i32) (result i32) (local $i i32)
        (loop $next
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.ne (local.get $i) (local.get $n))))
        (local.get $i))
    (func (export "fill") (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536)))
    (func (export "asks") (param $n i32) (result i64) (local $sum i64)
        (loop $next
            (call $ask (local.get $n)) (i64.trunc_sat_f32_u) (i64.add)
            (local.set $sum (i64.add (local.get $sum)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
    (func (export "reads") (result i32)
        (i32.add (call $read (i32.const 100)) (i32.load8_u (i32.const 102))))
    (func (export "token") (result i32) (call $token))
    (func (export "catches") (param i32) (result i64)
        (block $h (result i64)
            (try_table (catch $e $h) (call $ask (local.get 0)) (drop) (drop))
            (i64.const -1))))"#;

/// What the host functions of [`GUEST`] wait for.
#[derive(Clone)]
struct Host {
    letter: Letter<Result<(i64, f32), Error>>,
    text: Letter<Vec<u8>>,
    read: usize,
}

fn guest(fuel: bool) -> Result<(Store<Host>, Instance, Tag), Error> {
    let engine = Engine::new(Config::new().fuel(fuel).interrupts(true))?;
    let host = Host { letter: Letter::new(), text: Letter::new(), read: 0 };
    let mut store = Store::new(&engine, host);
    if fuel {
        store.set_fuel(1 << 40)?;
    }
    let mut linker = Linker::<Host>::new(&engine);
    linker.func_wrap(
        "host",
        "ask",
        |caller: Caller<'_, Host>, n: i32| -> Result<(i64, f32), Error> {
            let letter = caller.data().letter.clone();
            // One is asked for, the others are ready at once.
            let answer = async move { if n == 1 { letter.await } else { Ok((n.into(), 0.5)) } };
            Err(Suspend::until(answer).into())
        },
    )?;
    linker.func_wrap(
        "host",
        "read",
        |caller: Caller<'_, Host>, at: u32| -> Result<u32, Error> {
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            let memory = memory.ok_or_else(|| Error::host("no memory"))?;
            let text = caller.data().text.clone();
            let then = move |mut store: StoreContextMut<'_, Host>, text: Vec<u8>| {
                store.data_mut().read += text.len();
                memory.write(&mut store, at.into(), &text)?;
                Ok(text.len() as u32)
            };
            Err(Suspend::until_then(text, then).into())
        },
    )?;
    linker
        .func_wrap("host", "token", || -> Result<u32, Error> { Err(Suspend::new(5_u8).into()) })?;
    let tag = Tag::new(&mut store, &[ValType::I64]);
    linker.define(&store, "host", "e", tag)?;
    let module = module(&engine, GUEST)?;
    let instance = linker.instantiate(&mut store, &module)?;
    Ok((store, instance, tag))
}

#[test]
fn slices_yield_and_cost_nothing() -> Outcome {
    let (mut store, instance, _) = guest(true)?;
    let count = instance.typed_func::<i32, i32>(&store, "count")?;
    let before = store.fuel();
    assert_eq!(count.call(&mut store, 1_000)?, 1_000);
    let whole = before.zip(store.fuel()).map(|(before, after)| before - after);
    // A turn is 8 units, and taken as a whole.
    for (slice, yields) in [(100, 80..=90), (1, 1_000..=2_000), (10_000, 0..=0)] {
        let before = store.fuel();
        let mut job = count.start(&mut store, 1_000)?;
        let (progress, woken) = block_on(job.run_async(&mut store).slice(slice));
        assert!(matches!(progress?, Progress::Done(1_000)));
        assert!(yields.contains(&woken), "{slice}: {woken}");
        assert_eq!(before.zip(store.fuel()).map(|(before, after)| before - after), whole);
    }
    // An instruction that needs more than a slice at once gets it.
    let mut job = instance.typed_func::<(), ()>(&store, "fill")?.start(&mut store, ())?;
    let (progress, woken) = block_on(job.run_async(&mut store).slice(10));
    assert!(matches!(progress?, Progress::Done(())) && woken > 0);
    // Without fuel there are no slices.
    let (mut store, instance, _) = guest(false)?;
    let count = instance.typed_func::<i32, i32>(&store, "count")?;
    let mut job = count.start(&mut store, 100_000)?;
    let (progress, woken) = block_on(job.run_async(&mut store).slice(1));
    assert!(matches!(progress?, Progress::Done(100_000)) && woken == 0);
    assert_eq!(block_on(count.call_async(&mut store, 9)).0?, 9);
    Ok(())
}

/// What `run` leaves to the embedder, the future does too.
#[test]
fn all_else_that_pauses_is_told() -> Outcome {
    let (mut store, instance, _) = guest(true)?;
    let count = instance.typed_func::<i32, i32>(&store, "count")?;
    store.set_fuel(1_000)?;
    let mut job = count.start(&mut store, 1_000)?;
    let (progress, woken) = block_on(job.run_async(&mut store).slice(100));
    let Progress::OutOfFuel { needed } = progress? else { panic!() };
    assert!(woken >= 9 && store.fuel() < Some(needed), "{woken} {needed}");
    store.set_fuel(1 << 40)?;
    let handle = store.interrupt_handle()?;
    handle.interrupt();
    assert!(matches!(block_on(job.run_async(&mut store)).0?, Progress::Interrupted));
    assert!(matches!(block_on(job.run_async(&mut store)).0?, Progress::Done(1_000)));
    assert_eq!(kind(block_on(job.run_async(&mut store)).0), Some(ErrorKind::Usage));
    let token = instance.typed_func::<(), i32>(&store, "token")?;
    let mut job = token.start(&mut store, ())?;
    let Progress::Suspended(suspend) = block_on(job.run_async(&mut store)).0? else { panic!() };
    assert!(suspend.is::<u8>() && suspend.downcast::<u8>().is_ok_and(|token| token == 5));
    assert_eq!(kind(block_on(job.run_async(&mut store)).0), Some(ErrorKind::Usage));
    let Progress::Done(8) = job.run_with(&mut store, &[Val::I32(8)])? else { panic!() };
    // In a call nobody can go on.
    assert_eq!(kind(block_on(token.call_async(&mut store, ())).0), Some(ErrorKind::Usage));
    store.set_fuel(10)?;
    let error = block_on(count.call_async(&mut store, 100)).0.unwrap_err();
    assert_eq!(error.trap(), Some(Trap::OutOfFuel));
    // Nor can a plain call wait for a future.
    store.set_fuel(1 << 20)?;
    let asks = instance.typed_func::<i32, i64>(&store, "asks")?;
    assert_eq!(kind(asks.call(&mut store, 3)), Some(ErrorKind::Usage));
    let mut job = asks.start(&mut store, 3)?;
    assert!(matches!(job.run(&mut store)?, Progress::Suspended(_)));
    Ok(())
}

#[test]
fn host_functions_wait_for_futures() -> Outcome {
    let (mut store, instance, _) = guest(true)?;
    let asks = instance.typed_func::<i32, i64>(&store, "asks")?;
    let letter = store.data().letter.clone();
    let sender = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        letter.send(Ok((1_000, 1.5)));
    });
    let (sum, woken) = block_on(asks.call_async(&mut store, 4));
    assert_eq!((sum?, woken), (4 + 3 + 2 + 1_001, 1));
    sender.join().expect("no panic");
    // With the store, in the end.
    store.data().text.send(b"abc".to_vec());
    let reads = instance.typed_func::<(), i32>(&store, "reads")?;
    assert_eq!(block_on(reads.call_async(&mut store, ())).0?, 3 + i32::from(b'c'));
    assert_eq!(store.data().read, 3);
    // What fails then is an error of the host function.
    store.data().text.send(vec![0; 1 << 17]);
    let error = block_on(reads.call_async(&mut store, ())).0.unwrap_err();
    assert_eq!((error.trap(), error.backtrace().len()), (Some(Trap::MemoryOutOfBounds), 1));
    Ok(())
}

#[test]
fn answers_can_fail_or_be_caught() -> Outcome {
    let (mut store, instance, tag) = guest(true)?;
    let catches = instance.typed_func::<i32, i64>(&store, "catches")?;
    let exception = Exception::new(&mut store, tag, &[Val::I64(77)])?;
    store.data().letter.send(Err(exception.into()));
    assert_eq!(block_on(catches.call_async(&mut store, 1)).0?, 77);
    store.data().letter.send(Err(Error::exit(3)));
    let error = block_on(catches.call_async(&mut store, 1)).0.unwrap_err();
    assert_eq!(error.exit_code(), Some(3));
    // An answer of another type than the function's.
    let wrong = Func::wrap(&mut store, || -> Result<i32, Error> {
        Err(Suspend::until(async { Ok(1_i64) }).into())
    });
    let mut job = wrong.typed::<(), i32>(&store)?.start(&mut store, ())?;
    for _ in 0..2 {
        assert_eq!(kind(block_on(job.run_async(&mut store)).0), Some(ErrorKind::Usage));
    }
    assert!(matches!(job.run_with(&mut store, &[Val::I32(4)])?, Progress::Done(4)));
    Ok(())
}

/// The store is free between two polls; who stops waiting loses nothing.
#[test]
fn waiting_can_be_given_up_and_taken_up() -> Outcome {
    let (mut store, instance, _) = guest(true)?;
    let asks = instance.typed_func::<i32, i64>(&store, "asks")?;
    let mut job = asks.start(&mut store, 2)?;
    for _ in 0..3 {
        assert!(poll(&mut job.run_async(&mut store)).is_pending());
        store.gc();
        let count = instance.typed_func::<i32, i32>(&store, "count")?;
        assert_eq!(count.call(&mut store, 5)?, 5);
    }
    let mut other = Store::new(store.engine(), store.data().clone());
    assert_eq!(kind(block_on(job.run_async(&mut other)).0), Some(ErrorKind::Usage));
    store.data().letter.send(Ok((40, 0.0)));
    let (progress, _) = block_on(job.run_async(&mut store));
    assert!(matches!(progress?, Progress::Done(42)));
    // Answered by hand: what was waited for is dropped.
    let mut job = asks.start(&mut store, 1)?;
    assert!(poll(&mut job.run_async(&mut store)).is_pending());
    let letters = Arc::strong_count(&store.data().letter.0);
    let Progress::Done(9) = job.run_with(&mut store, &[Val::I64(9), Val::from(0.0_f32)])? else {
        panic!()
    };
    assert_eq!(Arc::strong_count(&store.data().letter.0), letters - 1);
    // Dropping the execution drops it, too.
    let mut job = asks.start(&mut store, 1)?;
    assert!(poll(&mut job.run_async(&mut store)).is_pending());
    drop(job);
    assert_eq!(Arc::strong_count(&store.data().letter.0), letters - 1);
    Ok(())
}

/// Guests take turns on one thread, and their tasks move between threads.
#[test]
fn many_tasks_share_a_thread() -> Outcome {
    fn sent<S: Send>(future: S) -> S {
        future
    }
    type Task = Pin<Box<dyn Future<Output = Result<i32, Error>> + Send>>;
    let done = Arc::new(Mutex::new(Vec::new()));
    let mut tasks: Vec<Task> = Vec::new();
    for n in [30_000, 10_000, 20_000] {
        let (mut store, instance, _) = guest(true)?;
        let done = done.clone();
        tasks.push(Box::pin(sent(async move {
            let count = instance.typed_func::<i32, i32>(&store, "count")?;
            let mut job = count.start(&mut store, n)?;
            match job.run_async(&mut store).slice(1_000).await? {
                Progress::Done(n) => done.lock().unwrap_or_else(PoisonError::into_inner).push(n),
                other => panic!("{other:?}"),
            }
            Ok(n)
        })));
    }
    let mut turns = 0;
    while !tasks.is_empty() {
        turns += 1;
        // Each turn on another thread.
        let run = thread::spawn(move || {
            tasks.retain_mut(|task| poll(task).is_pending());
            tasks
        });
        tasks = run.join().expect("no panic");
    }
    assert!(turns > 100, "{turns}");
    assert_eq!(*done.lock().unwrap_or_else(PoisonError::into_inner), [10_000, 20_000, 30_000]);
    Ok(())
}

/// What a host function calls from within a slice is not short of the fuel that there is.
#[test]
fn slices_are_for_the_outermost_only() -> Outcome {
    let (mut store, instance, _) = guest(true)?;
    let count = instance.typed_func::<i32, i32>(&store, "count")?;
    let nested =
        Func::wrap(&mut store, move |mut caller: Caller<'_, Host>| -> Result<i32, Error> {
            let before = caller.fuel();
            assert!(before > Some(1 << 39), "all of it is told: {before:?}");
            let called = count.call(&mut caller, 1_000)?;
            let mut job = count.start(&mut caller, 1_000)?;
            assert!(matches!(job.run(&mut caller)?, Progress::Done(1_000)));
            caller.set_fuel(before.unwrap_or(0) - 50_000)?;
            Ok(called)
        });
    let text = r#"(module (import "" "" (func $nested (result i32)))
        (func (export "f") (param $n i32)
            (loop $next (drop (call $nested))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let module = module(store.engine(), text)?;
    let outer = Instance::new(&mut store, &module, &[nested.into()])?;
    let mut job = outer.typed_func::<i32, ()>(&store, "f")?.start(&mut store, 20)?;
    let before = store.fuel().unwrap_or(0);
    let (progress, woken) = block_on(job.run_async(&mut store).slice(10));
    assert!(matches!(progress?, Progress::Done(())));
    assert!(woken >= 5, "{woken}");
    let used = before - store.fuel().unwrap_or(0);
    assert!((20 * 50_000..20 * 50_000 + 200).contains(&used), "{used}");
    Ok(())
}

#[test]
fn start_functions_are_futures_too() -> Outcome {
    let engine = Engine::new(Config::new().fuel(true))?;
    let text = r#"(module (import "host" "wait" (func $wait))
        (global $g (export "g") (mut i32) (i32.const 0))
        (func $start (call $wait)
            (loop (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (br_if 0 (i32.lt_u (global.get $g) (i32.const 100)))))
        (start $start))"#;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "wait", || -> Result<(), Error> {
        Err(Suspend::until(async { Ok(()) }).into())
    })?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(1 << 20)?;
    let mut start = linker.start(&mut store, &module(&engine, text)?)?;
    let (progress, woken) = block_on(start.run_async(&mut store).slice(50));
    let Progress::Done(instance) = progress? else { panic!() };
    assert!(woken > 5, "{woken}");
    let global = instance.global(&store, "g").expect("exported");
    assert_eq!(global.get(&store)?, Val::I32(100));
    Ok(())
}
