//! Guests as tasks of one thread: they take turns, and wait for what the host does meanwhile. Any
//! runtime will do; this one is a queue of what is to be polled.
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use wasmvm::{Caller, Config, Engine, Error, Extern, Linker, Module, Progress, Store};
use wasmvm::{StoreContextMut, Suspend};

const GUEST: &str = r#"(module
    (import "host" "receive" (func $receive (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "sum") (result i32) (local $at i32) (local $end i32) (local $sum i32)
        (local.set $end (call $receive (i32.const 0) (i32.const 1000)))
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
            (br_if $next (i32.lt_u
                (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
        (local.get $sum)))"#;

/// A message that comes later: any future would do.
#[derive(Clone, Default)]
struct Message(Arc<Mutex<Mailbox>>);
/// What has come, and who waits for it.
type Mailbox = (Option<Vec<u8>>, Option<Waker>);
impl Message {
    fn send(&self, bytes: Vec<u8>) {
        let mut message = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        message.0 = Some(bytes);
        message.1.take().into_iter().for_each(Waker::wake);
    }
}
impl Future for Message {
    type Output = Vec<u8>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut message = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        message.1 = Some(cx.waker().clone());
        message.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}

/// A host function that waits: it says for what, and what is done then, with the store.
fn receive(caller: Caller<'_, Message>, at: u32, max: u32) -> Result<u32, Error> {
    let message = caller.data().clone();
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let memory = memory.ok_or_else(|| Error::host("the guest has no memory"))?;
    let then = move |store: StoreContextMut<'_, Message>, mut bytes: Vec<u8>| {
        bytes.truncate(max as usize);
        memory.write(store, at.into(), &bytes)?;
        Ok(bytes.len() as u32)
    };
    Err(Suspend::until_then(message, then).into())
}

/// A guest from its beginning to its end.
async fn guest(module: Module, message: Message) -> Result<u32, Error> {
    let mut linker = Linker::new(module.engine());
    linker.func_wrap("host", "receive", receive)?;
    let mut store = Store::new(module.engine(), message);
    store.set_fuel(1_000_000)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let sum = instance.typed_func::<(), u32>(&store, "sum")?;
    // With a choice of slices and of what to do when it pauses; else `sum.call_async` is enough.
    let mut job = sum.start(&mut store, ())?;
    loop {
        match job.run_async(&mut store).slice(500).await? {
            Progress::Done(sum) => return Ok(sum),
            Progress::OutOfFuel { needed } => store.set_fuel(needed + 1_000_000)?,
            Progress::Interrupted | Progress::Suspended(_) => {}
        }
    }
}

struct Turn(usize, Mutex<Sender<usize>>);
impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        let queue = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more when all tasks are done.
        let _ = queue.send(self.0);
    }
}

pub fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().fuel(true))?;
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let messages: Vec<Message> = (0..3).map(|_| Message::default()).collect();
    let mut tasks: Vec<_> = messages
        .iter()
        .map(|message| Some(Box::pin(guest(module.clone(), message.clone()))))
        .collect();
    // The messages come from somewhere else, in the other order.
    std::thread::spawn(move || {
        for (n, message) in messages.iter().enumerate().rev() {
            message.send(vec![n as u8 + 1; 300]);
        }
    });
    let (wake, woken) = channel();
    let mut queue: VecDeque<usize> = (0..tasks.len()).collect();
    let (mut turns, mut sums) = (0, vec![0; tasks.len()]);
    while tasks.iter().any(Option::is_some) {
        let next = queue.pop_front();
        let next = next.map_or_else(|| woken.recv().map_err(Error::host_from), Ok)?;
        queue.extend(woken.try_iter());
        let Some(task) = &mut tasks[next] else { continue };
        turns += 1;
        let waker = Waker::from(Arc::new(Turn(next, Mutex::new(wake.clone()))));
        if let Poll::Ready(sum) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            sums[next] = sum?;
            tasks[next] = None;
        }
    }
    println!("{sums:?} after {turns} turns");
    assert_eq!(sums, [300, 600, 900]);
    assert!(turns > 15, "each has more than five slices");
    Ok(())
}
