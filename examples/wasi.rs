//! A WASI program with its output captured and its files in memory.
use wasmvm::wasi::{self, Capture, MemFs, Wasi};
use wasmvm::{Engine, Error, Linker, Module, Store};

/// Writes what the file "note.txt" of its directory holds to its standard output, and exits with 3.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "note.txt")
    (func (export "_start")
        ;; The descriptor comes to 16; 2 is the right to read.
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16))
            (then (call $exit (i32.const 1))))
        ;; A buffer of 100 bytes at 64; how many were read comes to 36, the length to write.
        (i32.store (i32.const 24) (i32.const 64))
        (i32.store (i32.const 28) (i32.const 100))
        (i32.store (i32.const 32) (i32.const 64))
        (drop (call $read (i32.load (i32.const 16)) (i32.const 24) (i32.const 1) (i32.const 36)))
        (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 40)))
        (call $exit (i32.const 3))))"#;

pub fn main() -> Result<(), Error> {
    let files = MemFs::new();
    files.write_file("note.txt", "kept in memory\n")?;
    let out = Capture::new();
    let wasi = Wasi::default().name("guest").preopen_fs("/", files).stdout(out.clone());

    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let mut linker = Linker::<Wasi>::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi| wasi)?;
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.typed_func::<(), ()>(&store, "_start")?;
    // An exit is an error of a kind of its own, never a trap.
    let code = match start.call(&mut store, ()) {
        Ok(()) => 0,
        Err(error) => error.exit_code().ok_or(error)?,
    };
    println!("exit {code}: {:?}", String::from_utf8_lossy(&out.contents()));
    assert_eq!((code, out.contents().as_slice()), (3, &b"kept in memory\n"[..]));
    Ok(())
}
