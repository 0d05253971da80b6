//! What guests may have: limits, a limiter that decides, memories in the embedder's bytes.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmvm::{MemoryBlock, MemoryCreator, ResourceLimiter};

const GROWS: &str = r#"(module
    (memory (export "m") 1 10)
    (table (export "t") 2 20 funcref)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32)
        (table.grow (ref.null func) (local.get 0)))
    (func (export "last") (result i32)
        (i32.load8_u (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)))))"#;

#[test]
fn counts_have_limits() -> Outcome {
    let engine = Engine::default();
    let module = module(&engine, GROWS)?;
    let limit = Some(ErrorKind::Limit);
    for which in 0..3 {
        let mut limits = Limits::default();
        *[&mut limits.memories, &mut limits.tables, &mut limits.instances][which] = 2;
        let mut store = Store::new(&engine, ());
        store.set_limits(limits);
        Instance::new(&mut store, &module, &[])?;
        Instance::new(&mut store, &module, &[])?;
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        let name = ["memories", "tables", "instances"][which];
        assert_eq!(error.message(), format!("{name}: 3 wanted, the limit is 2"));
        // Nothing of the third one is left, and the host's own count, too.
        let ty = TableType { limits: limits_of(1), element: RefType::FUNC };
        let (memory, table) = (
            Memory::new(&mut store, memory_type(1, None)).map(drop),
            Table::new(&mut store, ty, Val::FuncRef(None)).map(drop),
        );
        assert_eq!(kind(memory), if which == 0 { limit } else { None });
        assert_eq!(kind(table), if which == 1 { limit } else { None });
    }
    Ok(())
}
fn limits_of(min: u64) -> TypeLimits {
    limits(min, None)
}

/// Keeps a protocol, and says no from a certain size on.
struct Host<'a> {
    asked: &'a mut Vec<String>,
    most: u64,
}
impl ResourceLimiter for Host<'_> {
    fn memory_growing(&mut self, from: u64, to: u64, max: Option<u64>) -> bool {
        self.asked.push(format!("memory {} {} {max:?}", from >> 16, to >> 16));
        to >> 16 <= self.most
    }
    fn table_growing(&mut self, from: u64, to: u64, max: Option<u64>) -> bool {
        self.asked.push(format!("table {from} {to} {max:?}"));
        assert!(to != 13, "the thirteenth");
        to <= self.most
    }
    fn instance_creating(&mut self, there: u64) -> bool {
        self.asked.push(format!("instance {there}"));
        there < 2
    }
}

#[test]
fn a_limiter_is_asked() -> Outcome {
    let engine = Engine::default();
    let module = module(&engine, GROWS)?;
    let mut asked = Vec::new();
    {
        let mut store = Store::new(&engine, Host { asked: &mut asked, most: 5 });
        store.limiter(|host| host);
        let instance = Instance::new(&mut store, &module, &[])?;
        let memory = instance.typed_func::<i32, i32>(&store, "memory")?;
        assert_eq!(memory.call(&mut store, 3)?, 1);
        assert_eq!(memory.call(&mut store, 2)?, -1, "it said no");
        assert_eq!(memory.call(&mut store, 7)?, -1, "the type said no: nobody asks");
        assert_eq!(memory.call(&mut store, 0)?, 4, "nothing to ask about");
        let table = instance.typed_func::<i32, i32>(&store, "table")?;
        assert_eq!(table.call(&mut store, 1)?, 2);
        assert_eq!(table.call(&mut store, 10)?, -1, "a panic is a no");
        let exported = instance.memory(&store, "m").expect("exported");
        assert_eq!(kind(exported.grow(&mut store, 2)), Some(ErrorKind::Limit));
        store.data_mut().most = 1;
        assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
        store.data_mut().most = 5;
        Instance::new(&mut store, &module, &[])?;
        assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    }
    let memory = |from, to| format!("memory {from} {to} Some(655360)");
    let expected = [
        "instance 0".into(),
        "table 0 2 Some(20)".into(),
        memory(0, 1),
        memory(1, 4),
        memory(4, 6),
        "table 2 3 Some(20)".into(),
        "table 3 13 Some(20)".into(),
        memory(4, 6),
        "instance 1".into(),
        "table 0 2 Some(20)".into(),
        "instance 1".into(),
        "table 0 2 Some(20)".into(),
        memory(0, 1),
        "instance 2".into(),
    ];
    assert_eq!(asked, expected);
    Ok(())
}

/// In a deterministic engine, a limiter's no is a limit like any other: -1, not a trap.
#[test]
fn a_limiter_in_a_deterministic_engine() -> Outcome {
    let engine = Engine::new(Config::new().deterministic(true))?;
    let mut asked = Vec::new();
    let mut store = Store::new(&engine, Host { asked: &mut asked, most: 3 });
    store.limiter(|host| host);
    let instance = Instance::new(&mut store, &module(&engine, GROWS)?, &[])?;
    assert_eq!(instance.typed_func::<i32, i32>(&store, "memory")?.call(&mut store, 3)?, -1);
    assert_eq!(instance.typed_func::<i32, i32>(&store, "table")?.call(&mut store, 3)?, -1);
    Ok(())
}

#[test]
fn memories_in_static_bytes() -> Outcome {
    const ROOM: usize = 4096 + MemoryBlock::OVERHEAD_BYTES;
    let engine = Engine::new(Config::new().features(wasmvm::Features::ALL))?;
    let mut store = Store::new(&engine, ());
    let text = r#"(module (import "" "" (memory 1000 5000 (pagesize 1)))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1))))"#;
    let ty = MemoryType { limits: limits(1000, Some(5000)), shared: false, page_size_log2: 0 };
    // Wherever they begin, and whatever they hold.
    for skew in [0, 1, 13, 63] {
        let bytes = vec![0xAA_u8; ROOM + skew].leak();
        let memory = Memory::from_static(&mut store, ty, &mut bytes[skew..])?;
        let instance = Instance::new(&mut store, &module(&engine, text)?, &[memory.into()])?;
        let load = instance.typed_func::<u32, u32>(&store, "load")?;
        let save = instance.typed_func::<(u32, u32), ()>(&store, "store")?;
        let grow = instance.typed_func::<i32, i32>(&store, "grow")?;
        assert_eq!(load.call(&mut store, 996)?, 0);
        assert_eq!(load.call(&mut store, 997).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
        save.call(&mut store, (996, 0x0102_0304))?;
        let base = memory.data(&store)?.as_ptr();
        assert_eq!(grow.call(&mut store, 3_000)?, 1000);
        assert_eq!((load.call(&mut store, 996)?, load.call(&mut store, 3_996)?), (0x0102_0304, 0));
        assert_eq!(memory.data(&store)?.as_ptr(), base, "it stays where it is");
        assert_eq!(grow.call(&mut store, 1_000)?, -1, "there is no more room");
        assert_eq!(memory.size(&store)?, 4_000);
    }
    let small = vec![0_u8; 1000].leak();
    assert_eq!(kind(Memory::from_static(&mut store, ty, small)), Some(ErrorKind::Limit));
    assert_eq!(kind(Memory::from_static(&mut store, ty, &mut [])), Some(ErrorKind::Limit));
    let shared = MemoryType { shared: true, ..memory_type(1, Some(1)) };
    let bytes = vec![0_u8; 1 << 17].leak();
    assert_eq!(kind(Memory::from_static(&mut store, shared, bytes)), Some(ErrorKind::Usage));
    Ok(())
}

/// Gives blocks from the allocator, twice what is asked for, and counts; none from a size on.
struct Blocks(Arc<AtomicU64>);
impl MemoryCreator for Blocks {
    fn create(&self, min_bytes: u64, max_bytes: Option<u64>) -> Option<MemoryBlock> {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(max_bytes, Some(655_360));
        let bytes = (min_bytes * 2).min(7 << 16);
        let room = usize::try_from(bytes).ok()? + MemoryBlock::OVERHEAD_BYTES;
        (bytes >= min_bytes).then(|| MemoryBlock::from_vec(vec![0x55; room]))
    }
}

#[test]
fn memories_of_a_creator() -> Outcome {
    let count = Arc::new(AtomicU64::new(0));
    let engine = Engine::new(Config::new().memory_creator(Blocks(count.clone())))?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, GROWS)?, &[])?;
    let memory = instance.typed_func::<i32, i32>(&store, "memory")?;
    let last = instance.typed_func::<(), i32>(&store, "last")?;
    let exported = instance.memory(&store, "m").expect("exported");
    exported.write(&mut store, 5, b"kept")?;
    for size in 1..7 {
        assert_eq!(last.call(&mut store, ())?, 0, "{size}");
        exported.write(&mut store, (size << 16) - 1, &[1])?;
        assert_eq!(memory.call(&mut store, 1)?, size as i32);
    }
    assert_eq!(memory.call(&mut store, 1)?, -1);
    let mut kept = [0; 4];
    exported.read(&store, 5, &mut kept)?;
    assert_eq!(&kept, b"kept");
    assert_eq!(count.load(Ordering::Relaxed), 1 + 1 + 1 + 1, "at 1, 3, 7 pages, and in vain");
    assert_eq!(kind(Memory::new(&mut store, memory_type(8, Some(10)))), Some(ErrorKind::Limit));
    Ok(())
}

/// A memory that moves while an execution is paused is found by it when it goes on.
#[test]
fn memories_move_under_paused_executions() -> Outcome {
    let engine =
        Engine::new(Config::new().fuel(true).memory_creator(Blocks(Arc::new(AtomicU64::new(0)))))?;
    let text = r#"(module (memory (export "m") 1 10)
        (func $sum (param $n i32) (result i32)
            (i32.store (i32.mul (local.get $n) (i32.const 4)) (local.get $n))
            (if (result i32) (local.get $n)
                (then (i32.add (call $sum (i32.sub (local.get $n) (i32.const 1)))
                    (i32.load (i32.mul (local.get $n) (i32.const 4)))))
                (else (i32.const 0))))
        (func (export "f") (param i32) (result i32) (call $sum (local.get 0))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let memory = instance.memory(&store, "m").expect("exported");
    let mut job = instance.typed_func::<i32, i32>(&store, "f")?.start(&mut store, 40)?;
    let mut bases = std::collections::BTreeSet::new();
    let sum = loop {
        match job.run(&mut store)? {
            wasmvm::Progress::Done(sum) => break sum,
            wasmvm::Progress::OutOfFuel { needed } => store.set_fuel(needed)?,
            other => panic!("{other:?}"),
        }
        if store.fuel() > Some(0) && memory.size(&store)? < 7 && bases.len() < 40 {
            let _ = memory.grow(&mut store, 1);
        }
        bases.insert(memory.data(&store)?.as_ptr());
    };
    assert_eq!(sum, 40 * 41 / 2);
    assert!(bases.len() >= 2, "it has moved");
    Ok(())
}
