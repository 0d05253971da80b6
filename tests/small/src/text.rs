//! An embedder without the standard library, for the size of what it links: it reads a module from
//! standard input, calls its `main`, and ends with what that returns.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_int, c_void};
use wasmvm::{Engine, Error, Linker, Module, Store};

#[link(name = "c")]
#[link(name = "gcc_s")] // `_Unwind_Resume`, which the parts named below mention
unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    fn free(place: *mut c_void);
    fn read(file: c_int, place: *mut c_void, size: usize) -> isize;
    fn abort() -> !;
}

/// The allocator of C.
struct Heap;
// SAFETY: places are the C library's, of the size and alignment that was asked for.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: the size is a multiple of the alignment, which is a power of two.
        let place = unsafe {
            if align <= 8 { malloc(size) } else { aligned_alloc(align, size.next_multiple_of(align)) }
        };
        place.cast()
    }
    unsafe fn dealloc(&self, place: *mut u8, _: Layout) {
        // SAFETY: it came from `alloc`.
        unsafe { free(place.cast()) }
    }
}
#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: ends the program.
    unsafe { abort() }
}

/// The module, from standard input.
fn input() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        // SAFETY: the place has that many bytes.
        let n = unsafe { read(0, chunk.as_mut_ptr().cast(), chunk.len()) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return bytes,
        }
    }
}

fn run() -> Result<i32, Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, input())?;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("env", "add", |a: i32, b: i32| a.wrapping_add(b))?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    instance.typed_func::<i32, i32>(&store, "main")?.call(&mut store, 10)
}

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    run().unwrap_or(255)
}

/// The standard library's precompiled parts name it for their tables; nothing unwinds here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
