//! Runs a guest on an allocator that has a fixed number of bytes, and says how many it took.
//!
//! The engine is built without the standard library; this program has it, to print.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmvm::{
    Config, Engine, Error, ErrorKind, Features, Instance, Limits, Linker, Module, Store, Trap,
};

/// The system's allocator, which says no beyond a number of bytes.
struct Fixed;
static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

// SAFETY: everything is the system's allocator's; numbers are kept besides.
unsafe impl GlobalAlloc for Fixed {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(used, Ordering::Relaxed);
        if used > LIMIT.load(Ordering::Relaxed) {
            USED.fetch_sub(layout.size(), Ordering::Relaxed);
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}
#[global_allocator]
static ALLOCATOR: Fixed = Fixed;

/// What is in use now, above `base`.
fn used(base: usize) -> usize {
    USED.load(Ordering::Relaxed) - base
}

fn main() {
    let path = std::env::args().nth(1).expect("the path of a module");
    let bytes = std::fs::read(path).expect("a module");
    // So that the buffer of the output is there already.
    println!("module {}", bytes.len());
    // The bytes of the module count.
    let base = USED.load(Ordering::Relaxed) - bytes.capacity();
    PEAK.store(base, Ordering::Relaxed);
    LIMIT.store(base + LIMIT_BYTES, Ordering::Relaxed);
    let figures = run(base, bytes).expect("a guest that runs");
    let peak = PEAK.load(Ordering::Relaxed) - base;
    LIMIT.store(usize::MAX, Ordering::Relaxed);
    for (name, bytes) in figures {
        println!("{name} {bytes}");
    }
    println!("peak {peak}");
    println!("after {}", used(base));
    println!("it runs in {LIMIT_BYTES} bytes");
}

/// All that the engine may have.
const LIMIT_BYTES: usize = 128 << 10;

fn run(base: usize, bytes: Vec<u8>) -> Result<[(&'static str, usize); 5], Error> {
    let features = Features::MVP.union(Features::CUSTOM_PAGE_SIZES);
    let engine = Engine::new(Config::new().features(features).max_stack_bytes(4096))?;
    let with_engine = used(base);
    let module = Module::new(&engine, bytes)?;
    let with_module = used(base);
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("env", "add", |a: i32, b: i32| a + b)?;
    let mut store = Store::new(&engine, 0);
    store.set_limits(Limits { stack_bytes: 4096, memory_bytes: 4096, ..Limits::default() });
    let instance = linker.instantiate(&mut store, &module)?;
    let with_instance = used(base);
    drop(linker);
    let fib = instance.typed_func::<i32, i32>(&store, "fib")?;
    assert_eq!(fib.call(&mut store, 15)?, 610);
    let sum = instance.typed_func::<(), i32>(&store, "sum")?;
    assert_eq!(sum.call(&mut store, ())?, (0..1024).map(|i| i & 0xFF).sum::<i32>());
    let with_code = used(base);
    // What is too much is refused, and the rest goes on.
    let deep = instance.typed_func::<(), ()>(&store, "deep")?;
    assert_eq!(deep.call(&mut store, ()).unwrap_err().trap(), Some(Trap::StackExhausted));
    let memory = instance.memory(&store, "memory").expect("a memory");
    assert_eq!(memory.grow(&mut store, 1 << 20).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(memory.grow(&mut store, 3072)?, 1024);
    assert_eq!(fib.call(&mut store, 10)?, 55);
    let second = another(&mut store, &module)?;
    Ok([
        ("engine", with_engine),
        ("engine+module", with_module),
        ("engine+module+store+instance", with_instance),
        ("after running", with_code),
        ("a second instance", second),
    ])
}

/// How much an instance more takes.
fn another(store: &mut Store<u32>, module: &Module) -> Result<usize, Error> {
    store.set_limits(Limits { memory_bytes: 8192, ..store.limits() });
    let before = USED.load(Ordering::Relaxed);
    let add = wasmvm::Func::wrap(&mut *store, |a: i32, b: i32| a + b);
    Instance::new(&mut *store, module, &[add.into()])?;
    Ok(USED.load(Ordering::Relaxed) - before)
}
