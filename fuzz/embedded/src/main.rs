//! Loads a module that lies in memory, with a function of the host's, and calls its export.
#![no_std]
#![no_main]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use wasmvm::{Config, Engine, Error, Limits, Linker, Module, Store};

const HEAP_BYTES: usize = 128 << 10;

/// Gives what comes next and takes nothing back.
#[repr(align(16))]
struct Heap(UnsafeCell<[u8; HEAP_BYTES]>, AtomicUsize);

// SAFETY: no place is given twice.
unsafe impl Sync for Heap {}
// SAFETY: no place is given twice.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Heap(bytes, used) = self;
        let room = layout.size().next_multiple_of(16);
        let at = used.fetch_add(room, Ordering::Relaxed);
        if layout.align() > 16 || at + room > HEAP_BYTES {
            return ptr::null_mut();
        }
        bytes.get().cast::<u8>().wrapping_add(at)
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new([0; HEAP_BYTES]), AtomicUsize::new(0));

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

fn run(bytes: &[u8]) -> Result<i32, Error> {
    let engine = Engine::new(Config::new().max_stack_bytes(4096))?;
    let module = Module::new(&engine, bytes)?;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("env", "add", |a: i32, b: i32| a.wrapping_add(b))?;
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { stack_bytes: 4096, memory_bytes: 4096, ..Limits::default() });
    let instance = linker.instantiate(&mut store, &module)?;
    instance.typed_func::<i32, i32>(&store, "run")?.call(&mut store, 25)
}

/// Where a loader has put the module, its length before it.
#[unsafe(no_mangle)]
static mut GUEST: [u8; 1024] = [0; 1024];

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> i32 {
    let mut bytes = [0; 1024];
    for (n, byte) in bytes.iter_mut().enumerate() {
        // SAFETY: it is in bounds, and nobody writes any more.
        *byte = unsafe { (&raw const GUEST).cast::<u8>().add(n).read_volatile() };
    }
    run(&bytes).unwrap_or(-1)
}
