//! Stores of different threads with one memory: counting, locks, messages, growing, waiting; and
//! the interface of shared memories.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;
use wasmvm::{
    Engine, Error, ErrorKind, Extern, Instance, Limits, Linker, Memory, MemoryType, Module,
    SharedMemory, Store, Trap, TypeLimits, WasmList, Woken,
};

fn memory_type(min: u64, max: u64, is_64: bool) -> MemoryType {
    let limits = TypeLimits { min, max: Some(max), is_64 };
    MemoryType { limits, shared: true, page_size_log2: 16 }
}

/// A guest program that several threads run over one memory.
struct Program {
    engine: Engine,
    module: Module,
    memory: SharedMemory,
}
impl Program {
    fn new(ty: MemoryType, text: &str) -> Result<Program, Error> {
        let engine = Engine::default();
        let module = Module::new(&engine, wat::parse_str(text).expect("the text is a module"))?;
        let memory = SharedMemory::new(&engine, ty)?;
        Ok(Program { engine, module, memory })
    }
    /// A store and an instance for the thread that asks.
    fn instance(&self) -> Result<(Store<()>, Instance), Error> {
        let mut store = Store::new(&self.engine, ());
        let memory = Memory::from_shared(&mut store, &self.memory)?;
        let instance = Instance::new(&mut store, &self.module, &[Extern::Memory(memory)])?;
        Ok((store, instance))
    }
    fn call<P: WasmList, R: WasmList>(&self, name: &str, params: P) -> Result<R, Error> {
        let (mut store, instance) = self.instance()?;
        instance.typed_func::<P, R>(&store, name)?.call(&mut store, params)
    }
    fn u32(&self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(at, &mut bytes).expect("in bounds");
        u32::from_le_bytes(bytes)
    }
}

/// Runs `work` with the numbers 0 to `n` on as many threads, which begin together.
fn together<R: Send>(n: u32, work: impl Fn(u32) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(n as usize);
    thread::scope(|scope| {
        let run = |i| {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                barrier.wait();
                work(i)
            })
        };
        let running: Vec<_> = (0..n).map(run).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

const COUNT: &str = r#"(module
    (import "" "memory" (memory 1 1 shared))
    (func (export "count") (param $n i32)
      (loop $next
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (drop (i64.atomic.rmw.sub (i32.const 8) (i64.const 1)))
        (drop (i32.atomic.rmw8.add_u (i32.const 17) (i32.const 1)))
        (drop (i32.atomic.rmw16.add_u (i32.const 18) (i32.const 1)))
        (drop (i64.atomic.rmw32.add_u (i32.const 20) (i64.const 3)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    ;; A lock at 32, a counter that is not atomic at 36 and a sum of it at 40.
    (func (export "locked") (param $n i32)
      (loop $next
        (block $mine (loop $again
          (br_if $mine (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 32) (i32.const 0) (i32.const 1))))
          (drop (memory.atomic.wait32 (i32.const 32) (i32.const 1) (i64.const 1000000)))
          (br $again)))
        (i32.store (i32.const 36) (i32.add (i32.load (i32.const 36)) (i32.const 1)))
        (i64.store (i32.const 40) (i64.add (i64.load (i32.const 40)) (i64.load32_u (i32.const 36))))
        (i32.atomic.store (i32.const 32) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 32) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    ;; Counts at 24 by comparing and exchanging.
    (func (export "exchange") (param $n i32) (result i32) (local $ok i32)
      (loop $next
        (block $no
          (br_if $no (i32.ne (local.tee $ok (i32.load (i32.const 24)))
            (i32.atomic.rmw.cmpxchg (i32.const 24) (local.get $ok)
              (i32.add (local.get $ok) (i32.const 1)))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1))))
        (br_if $next (local.get $n)))
      (local.get $ok)))"#;

#[test]
fn counters() -> Result<(), Error> {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 3000;
    let program = Program::new(memory_type(1, 1, false), COUNT)?;
    for result in together(THREADS, |_| program.call::<i32, ()>("count", ROUNDS as i32)) {
        result?;
    }
    let total = THREADS * ROUNDS;
    assert_eq!(program.u32(0), total);
    assert_eq!((program.u32(8), program.u32(12)), (total.wrapping_neg(), u32::MAX));
    assert_eq!(program.u32(16), (total & 0xFF) << 8 | (total & 0xFFFF) << 16);
    assert_eq!(program.u32(20), 3 * total);
    for result in together(THREADS, |_| program.call::<i32, i32>("exchange", ROUNDS as i32)) {
        result?;
    }
    assert_eq!(program.u32(24), total);
    Ok(())
}

#[test]
fn a_lock_guards_what_is_not_atomic() -> Result<(), Error> {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 500;
    let program = Program::new(memory_type(1, 1, false), COUNT)?;
    for result in together(THREADS, |_| program.call::<i32, ()>("locked", ROUNDS as i32)) {
        result?;
    }
    let total = THREADS * ROUNDS;
    assert_eq!(program.u32(36), total);
    assert_eq!(program.u32(40), total * (total + 1) / 2);
    Ok(())
}

/// A message of every width, aligned or not, is there once its flag is.
const MESSAGES: &str = r#"(module
    (import "" "memory" (memory 1 1 shared))
    (data $text "0123456789abcdefghijklmnopqrstuvwxyz")
    (func (export "send") (param $n i32)
      (loop $next
        ;; The box at 0 is full: wait until it is 0.
        (block $empty (loop $full
          (br_if $empty (i32.eqz (i32.atomic.load (i32.const 0))))
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
          (br $full)))
        (i32.store8 (i32.const 64) (local.get $n))
        (i32.store16 (i32.const 67) (local.get $n))
        (i32.store (i32.const 72) (local.get $n))
        (i64.store (i32.const 81) (i64.extend_i32_u (local.get $n)))
        (f64.store (i32.const 96) (f64.convert_i32_u (local.get $n)))
        (memory.fill (i32.const 1001) (local.get $n) (i32.const 700))
        (memory.copy (i32.const 2003) (i32.const 1001) (i32.const 700))
        (memory.init $text (i32.const 3000) (i32.const 1) (i32.const 35))
        (i32.atomic.store (i32.const 0) (i32.const 1))
        (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    ;; How many of the messages that were taken are wrong.
    (func (export "receive") (param $n i32) (result i32) (local $bad i32) (local $byte i32)
      (loop $next
        (block $full (loop $empty
          (br_if $full (i32.atomic.load (i32.const 0)))
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
          (br $empty)))
        (local.set $byte (i32.and (local.get $n) (i32.const 255)))
        (local.set $bad (i32.add (local.get $bad) (i32.or
          (i32.or
            (i32.or
              (i32.ne (i32.load8_u (i32.const 64)) (local.get $byte))
              (i32.ne (i32.load16_u (i32.const 67)) (i32.and (local.get $n) (i32.const 65535))))
            (i32.or
              (i32.ne (i32.load (i32.const 72)) (local.get $n))
              (i64.ne (i64.load (i32.const 81)) (i64.extend_i32_u (local.get $n)))))
          (i32.or
            (i32.or
              (f64.ne (f64.load (i32.const 96)) (f64.convert_i32_u (local.get $n)))
              (i32.ne (i32.load8_u (i32.const 2702)) (local.get $byte)))
            (i32.or
              (i32.ne (i32.load8_u (i32.const 2003)) (local.get $byte))
              (i32.ne (i32.load8_u (i32.const 3034)) (i32.const 122)))))))
        (memory.fill (i32.const 2003) (i32.xor (local.get $n) (i32.const -1)) (i32.const 700))
        (i32.store8 (i32.const 3034) (i32.const 0))
        (i32.atomic.store (i32.const 0) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $bad)))"#;

#[test]
fn messages() -> Result<(), Error> {
    const MANY: i32 = 500;
    let program = Program::new(memory_type(1, 1, false), MESSAGES)?;
    let bad = together(2, |i| match i {
        0 => program.call::<i32, ()>("send", MANY).map(|()| 0),
        _ => program.call::<i32, i32>("receive", MANY),
    });
    for bad in bad {
        assert_eq!(bad?, 0);
    }
    Ok(())
}

const GROW: &str = r#"(module
    (import "" "memory" (memory 1 100 shared))
    ;; Grows page by page as long as it can, and marks the first byte of each page that was made.
    (func (export "grow") (result i32) (local $old i32) (local $made i32)
      (loop $next
        (local.set $old (memory.grow (i32.const 1)))
        (if (i32.ne (local.get $old) (i32.const -1)) (then
          (i32.atomic.store8 (i32.shl (local.get $old) (i32.const 16)) (i32.const 1))
          (local.set $made (i32.add (local.get $made) (i32.const 1)))
          (br $next))))
      (local.get $made))
    ;; Until all is there: what memory.size says can be read, and is 0 at the end of every page.
    (func (export "look") (result i32) (local $size i32) (local $last i32) (local $bad i32)
      (loop $next
        (local.set $last (local.get $size))
        (local.set $size (memory.size))
        (local.set $bad (i32.or (local.get $bad) (i32.or
          (i32.lt_u (local.get $size) (local.get $last))
          (i64.ne (i64.const 0)
            (i64.load (i32.sub (i32.shl (local.get $size) (i32.const 16)) (i32.const 8)))))))
        (br_if $next (i32.lt_u (local.get $size) (i32.const 100))))
      (local.get $bad)))"#;

#[test]
fn growing_while_others_look() -> Result<(), Error> {
    let program = Program::new(memory_type(1, 100, false), GROW)?;
    let results = together(4, |i| {
        program.call::<(), i32>(if i < 2 { "grow" } else { "look" }, ()).map(|n| (i, n))
    });
    let mut made = 0;
    for result in results {
        match result? {
            (0 | 1, pages) => made += pages,
            (_, bad) => assert_eq!(bad, 0),
        }
    }
    assert_eq!(made, 99, "every page was made once");
    assert_eq!((program.memory.size(), program.memory.len_bytes()), (100, 100 << 16));
    for page in 1..100 {
        assert_eq!(program.u32(page << 16), 1);
    }
    Ok(())
}

/// Waits with 64-bit addresses; all are woken, each once.
const WAIT: &str = r#"(module
    (import "" "memory" (memory i64 1 1 shared))
    (func (export "wait") (param $at i64) (result i32)
      (drop (i32.atomic.rmw.add (i64.const 0) (i32.const 1)))
      (memory.atomic.wait64 (local.get $at) (i64.const 0) (i64.const -1)))
    (func (export "notify") (param $at i64) (param $n i32) (result i32)
      (memory.atomic.notify (local.get $at) (local.get $n))))"#;

#[test]
fn waiting_and_waking() -> Result<(), Error> {
    let program = Program::new(memory_type(1, 1, true), WAIT)?;
    let woken = together(5, |i| -> Result<i32, Error> {
        if i < 4 {
            // Two wait at 128, two elsewhere.
            return program.call("wait", 128 + i64::from(i % 2) * 8);
        }
        let mut woken = [0, 0];
        while woken != [2, 2] {
            woken[0] += program.call::<(i64, i32), i32>("notify", (128, 1))?;
            woken[1] += program.memory.notify(136, u32::MAX)? as i32;
            assert!(woken[0] <= 2 && woken[1] <= 2);
            assert_eq!(program.memory.notify(120, u32::MAX)?, 0);
            thread::yield_now();
        }
        Ok(0)
    });
    for woken in woken {
        assert_eq!(woken?, 0);
    }
    Ok(())
}

#[test]
fn the_host_waits_too() -> Result<(), Error> {
    let program = Program::new(memory_type(1, 1, false), COUNT)?;
    let memory = &program.memory;
    assert_eq!(memory.wait32(64, 1, None)?, Woken::NotEqual);
    assert_eq!(memory.wait64(64, 0, Some(Duration::from_micros(50)))?, Woken::TimedOut);
    let trap = |result: Result<Woken, Error>| result.err().and_then(|error| error.trap());
    assert_eq!(trap(memory.wait64(68, 0, None)), Some(Trap::UnalignedAtomic));
    assert_eq!(trap(memory.wait32(65536, 0, None)), Some(Trap::MemoryOutOfBounds));
    let out = memory.notify(65536, 1).err().and_then(|error| error.trap());
    assert_eq!(out, Some(Trap::MemoryOutOfBounds));
    let woken = together(2, |i| -> Result<Option<Woken>, Error> {
        if i == 0 {
            return memory.wait32(32, 0, None).map(Some);
        }
        // The guest notifies at 32 whenever it gives its lock back.
        while program.u32(36) < 200 {
            program.call::<i32, ()>("locked", 1)?;
        }
        memory.write(32, &[1])?;
        memory.notify(32, 1)?;
        Ok(None)
    });
    let woken = woken.into_iter().next().expect("two threads")?;
    assert!(matches!(woken, Some(Woken::Notified | Woken::NotEqual)), "{woken:?}");
    Ok(())
}

#[test]
fn the_interface() -> Result<(), Error> {
    let kind = |error: Option<Error>| error.map(|error| error.kind());
    let engine = Engine::default();
    let unshared = MemoryType { shared: false, ..memory_type(1, 2, false) };
    assert_eq!(kind(SharedMemory::new(&engine, unshared).err()), Some(ErrorKind::Usage));
    let no_max = TypeLimits { min: 1, max: None, is_64: false };
    let no_max = MemoryType { limits: no_max, ..memory_type(1, 2, false) };
    assert_eq!(kind(SharedMemory::new(&engine, no_max).err()), Some(ErrorKind::Usage));
    let huge = SharedMemory::new(&engine, memory_type(1 << 47, 1 << 48, true));
    assert_eq!(kind(huge.err()), Some(ErrorKind::Limit));

    let shared = SharedMemory::new(&engine, memory_type(1, 3, false))?;
    let clone = shared.clone();
    assert_eq!(clone, shared);
    assert_ne!(clone, SharedMemory::new(&engine, memory_type(1, 3, false))?);
    assert_eq!(clone.grow(1)?, 1);
    assert_eq!(shared.ty(), memory_type(2, 3, false));
    assert_eq!(kind(shared.grow(2).err()), Some(ErrorKind::Limit));
    clone.write(65534, &[1, 2, 3])?;
    let mut bytes = [0; 3];
    shared.read(65534, &mut bytes)?;
    assert_eq!(bytes, [1, 2, 3]);
    assert_eq!(kind(shared.read(131_070, &mut bytes).err()), Some(ErrorKind::Trap));
    assert_eq!(kind(shared.write(u64::MAX, &bytes).err()), Some(ErrorKind::Trap));

    // As an object of two stores, the second of which ends.
    let mut store = Store::new(&engine, ());
    let memory = Memory::from_shared(&mut store, &shared)?;
    assert_eq!(memory.to_shared(&store)?, Some(shared.clone()));
    assert_eq!(memory.ty(&store)?, memory_type(2, 3, false));
    {
        let mut other = Store::new(&engine, ());
        let memory = Memory::from_shared(&mut other, &shared)?;
        memory.write(&mut other, 7, b"x")?;
        assert_eq!(memory.grow(&mut other, 1)?, 2);
    }
    assert_eq!(memory.size(&store)?, 3);
    memory.read(&store, 7, &mut bytes[..1])?;
    assert_eq!(bytes[0], b'x');

    // A memory that a guest made can be shared as well; an ordinary one cannot.
    let text = r#"(module (memory (export "shared") 1 1 shared) (memory (export "own") 1)
        (data (memory 0) (i32.const 5) "made by a guest"))"#;
    let module = Module::new(&engine, wat::parse_str(text).expect("a module"))?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let made = instance.memory(&store, "shared").expect("it is exported");
    let made = made.to_shared(&store)?.expect("it is shared");
    let own = instance.memory(&store, "own").expect("it is exported");
    assert_eq!(own.to_shared(&store)?, None);
    drop(store);
    let mut bytes = [0; 15];
    made.read(5, &mut bytes)?;
    assert_eq!(&bytes, b"made by a guest");
    Ok(())
}

#[test]
fn limits_of_a_store() -> Result<(), Error> {
    let program = Program::new(memory_type(1, 100, false), GROW)?;
    let mut store = Store::new(&program.engine, ());
    store.set_limits(Limits { memory_bytes: 4 << 16, ..Limits::default() });
    let memory = Memory::from_shared(&mut store, &program.memory)?;
    // What others make it grow is not this store's.
    program.memory.grow(10)?;
    let instance = Instance::new(&mut store, &program.module, &[Extern::Memory(memory)])?;
    let grow = instance.typed_func::<(), i32>(&store, "grow")?;
    assert_eq!(grow.call(&mut store, ())?, 3);
    assert_eq!(program.memory.size(), 14);
    let error = Memory::from_shared(&mut store, &program.memory).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::Limit);
    Ok(())
}

/// A linker serves the stores of many threads; what is linked must match.
#[test]
fn linking() -> Result<(), Error> {
    let program = Program::new(memory_type(1, 200, false), GROW)?;
    let mut store = Store::new(&program.engine, ());
    let memory = Memory::from_shared(&mut store, &program.memory)?;
    let mut linker = Linker::new(&program.engine);
    linker.define(&store, "", "memory", Extern::Memory(memory))?;
    let error = linker.instantiate(&mut store, &program.module).expect_err("its maximum is 200");
    assert_eq!(error.kind(), ErrorKind::Link);
    Ok(())
}
