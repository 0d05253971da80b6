//! Plugins that are not trusted: limits, a limiter that decides, a timeout, and what a host does
//! about those who break them.
use std::time::Duration;
use wasmvm::{
    Config, Engine, Error, ErrorKind, Limits, Linker, Module, ResourceLimiter, Store, Trap,
};

const GOOD: &str = r#"(module (memory 1)
    (func (export "run") (result i32) (drop (memory.grow (i32.const 1))) (i32.const 7)))"#;
const GREEDY: &str = r#"(module (memory 1)
    (func (export "run") (result i32) (memory.grow (i32.const 1000))))"#;
const DEEP: &str =
    r#"(module (func $f (export "run") (result i32) (i32.add (call $f) (call $f))))"#;
const ENDLESS: &str = r#"(module (func (export "run") (result i32) (loop (br 0)) (unreachable)))"#;
const BIG: &str = r#"(module (memory 2000) (func (export "run") (result i32) (i32.const 0)))"#;

/// What a plugin has asked for.
#[derive(Default)]
struct Account {
    refused: u32,
}
impl ResourceLimiter for Account {
    fn memory_growing(&mut self, _: u64, to_bytes: u64, _: Option<u64>) -> bool {
        let granted = to_bytes <= 4 << 20;
        self.refused += u32::from(!granted);
        granted
    }
}

fn run(engine: &Engine, text: &str) -> Result<(i32, u32), Error> {
    let module = Module::new(engine, wat::parse_str(text).map_err(Error::host_from)?)?;
    let mut store = Store::new(engine, Account::default());
    store.set_limits(Limits {
        memory_bytes: 64 << 20,
        table_elements: 10_000,
        gc_heap_bytes: 16 << 20,
        instances: 1,
        stack_bytes: 256 << 10,
        ..Limits::default()
    });
    store.limiter(|account| account);
    let interrupt = store.interrupt_handle()?;
    let (done, timeout) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if timeout.recv_timeout(Duration::from_millis(300)).is_err() {
            interrupt.interrupt();
        }
    });
    let result = Linker::new(engine)
        .instantiate(&mut store, &module)
        .and_then(|instance| instance.typed_func::<(), i32>(&store, "run")?.call(&mut store, ()));
    // An error means that the watch is over already.
    let _ = done.send(());
    watch.join().map_err(|_| Error::host("the watch has panicked"))?;
    Ok((result?, store.data().refused))
}

pub fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().interrupts(true))?;
    assert_eq!(run(&engine, GOOD)?, (7, 0));
    // Growing beyond what is allowed is -1 for the guest, as if there were no more memory.
    assert_eq!(run(&engine, GREEDY)?, (-1, 1));
    for (text, trap) in [(DEEP, Trap::StackExhausted), (ENDLESS, Trap::Interrupted)] {
        let error = run(&engine, text).map(drop).expect_err("a plugin that breaks its limits");
        println!("{error}");
        assert_eq!(error.trap(), Some(trap));
    }
    let error = run(&engine, BIG).map(drop).expect_err("a plugin that is too large");
    assert_eq!(error.kind(), ErrorKind::Limit);
    Ok(())
}
