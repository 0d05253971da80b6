//! Every atomic instruction against a model, on shared and unshared memories, with both widths of
//! addresses, in the first memory and another, near and far offsets.

#[path = "peer/atomic.rs"]
mod atomic;
#[path = "peer/numbers.rs"]
mod numbers;
#[path = "peer/random.rs"]
mod random;

use atomic::model;
use numbers::{bits, val};
use random::Random;
use wasmvm::wasm::ops::{AtomicKind, AtomicOp};
use wasmvm::wasm::types::NumType;
use wasmvm::{Engine, Error, Instance, Memory, Module, Store, Trap, Val};

/// Where the accesses go.
#[derive(Clone, Copy, Debug)]
struct Place {
    shared: bool,
    is_64: bool,
    memory: u32,
    offset: u64,
}

fn places() -> impl Iterator<Item = Place> {
    let flags = [false, true];
    let all = flags.map(|shared| flags.map(|is_64| [0, 1].map(|memory| (shared, is_64, memory))));
    all.into_iter().flatten().flatten().flat_map(|(shared, is_64, memory)| {
        [0, 1000].map(|offset| Place { shared, is_64, memory, offset })
    })
}

/// Operands after the address, and the result.
fn signature(op: AtomicOp) -> (Vec<NumType>, Option<NumType>) {
    let ty = op.ty();
    match op.kind() {
        AtomicKind::Notify => (vec![NumType::I32], Some(NumType::I32)),
        AtomicKind::Wait => (vec![ty, NumType::I64], Some(NumType::I32)),
        AtomicKind::Load => (vec![], Some(ty)),
        AtomicKind::Store => (vec![ty], None),
        AtomicKind::Cmpxchg => (vec![ty, ty], Some(ty)),
        _ => (vec![ty], Some(ty)),
    }
}

/// A module with one exported function per instruction, named by it.
fn module_text(place: Place) -> String {
    let Place { shared, is_64, memory, offset } = place;
    let address = if is_64 { "i64" } else { "i32" };
    let width = if is_64 { "i64" } else { "" };
    let limits = if shared { "1 1 shared" } else { "1 1" };
    let mut text = format!("(module (memory (export \"m0\") {width} {limits})");
    text += &format!("(memory (export \"m1\") {width} {limits})");
    for &op in AtomicOp::ALL {
        let (operands, result) = signature(op);
        let name = op.text();
        let result = result.map_or(String::new(), |ty| format!("(result {ty})"));
        let gets: String = (0..=operands.len()).map(|i| format!("local.get {i} ")).collect();
        let params: String = operands.iter().map(|ty| format!(" {ty}")).collect();
        text += &format!(
            "(func (export \"{name}\") (param {address}{params}) {result}
               {gets} {name} {memory} offset={offset})"
        );
    }
    text + ")"
}

fn number(random: &mut Random) -> u64 {
    // Bytes of all ones and zeros are common enough to meet each other.
    if random.one_in(8) { random.next() & 0x0101_0101_0101_0101 } else { random.next() }
}

struct Guest {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}
impl Guest {
    fn new(place: Place) -> Result<Guest, Error> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, wat::parse_str(module_text(place)).expect("a module"))?;
        let instance = Instance::new(&mut store, &module, &[])?;
        let name = format!("m{}", place.memory);
        let memory = instance.memory(&store, &name).expect("it is exported");
        Ok(Guest { store, instance, memory })
    }
    fn call(
        &mut self,
        op: AtomicOp,
        place: Place,
        at: u64,
        operands: &[u64],
    ) -> Result<u64, Error> {
        let (types, result) = signature(op);
        let mut args = vec![if place.is_64 { Val::I64(at as i64) } else { Val::I32(at as i32) }];
        args.extend(types.iter().zip(operands).map(|(&ty, &bits)| val(ty, bits)));
        let mut results: Vec<Val> = result.iter().map(|&ty| val(ty, 0u64)).collect();
        let func = self.instance.func(&self.store, op.text()).expect("it is exported");
        func.call(&mut self.store, &args, &mut results)?;
        Ok(results.first().map_or(0, bits))
    }
}

#[test]
fn as_the_model_says() -> Result<(), Error> {
    let mut random = Random::new(1);
    for place in places() {
        let mut guest = Guest::new(place)?;
        for &op in AtomicOp::ALL {
            if matches!(op.kind(), AtomicKind::Notify | AtomicKind::Wait) {
                continue;
            }
            let width = op.width() as usize;
            let mask = u64::MAX >> (64 - 8 * width);
            for round in 0..40 {
                let line = number(&mut random).to_le_bytes();
                let at = 64 + (8 / width as u64 - 1).min(round % 8) * width as u64;
                let at_line = 64 + place.offset;
                guest.memory.write(&mut guest.store, at_line, &line)?;
                let mut old = [0; 8];
                let within = (at - 64) as usize;
                old[..width].copy_from_slice(&line[within..within + width]);
                let old = u64::from_le_bytes(old);
                let (mut a, b) = (number(&mut random), number(&mut random));
                if round % 2 == 0 && op.kind() == AtomicKind::Cmpxchg {
                    // What is expected is wrapped: its upper bits do not matter.
                    a = a & !mask | old;
                }
                let given = if op.ty() == NumType::I32 { a & 0xFFFF_FFFF } else { a };
                let got = guest.call(op, place, at, &[given, b])?;
                let what = format!("{} {place:?} {old:#x} {a:#x} {b:#x}", op.text());
                let result = if op.kind() == AtomicKind::Store { 0 } else { old };
                assert_eq!(got, result, "{what}");
                let mut expected = line;
                let new = model(op.kind(), old, a, b, mask).to_le_bytes();
                expected[within..within + width].copy_from_slice(&new[..width]);
                let mut after = [0; 8];
                guest.memory.read(&guest.store, at_line, &mut after)?;
                assert_eq!(after, expected, "{what}");
            }
        }
    }
    Ok(())
}

#[test]
fn misaligned_and_out_of_bounds() -> Result<(), Error> {
    for place in places() {
        let mut guest = Guest::new(place)?;
        for &op in AtomicOp::ALL {
            let width = u64::from(op.width());
            let mut trap = |at: u64| {
                // A wait never blocks: another value is expected, or the memory is not shared.
                let result = guest.call(op, place, at, &[1, 0]);
                result.err().map(|error| error.trap().expect("a trap"))
            };
            let last = 65536 - place.offset - width;
            let last = last - (last + place.offset) % width;
            let wait = op.kind() == AtomicKind::Wait && !place.shared;
            let fine = wait.then_some(Trap::ExpectedSharedMemory);
            assert_eq!(trap(last), fine, "{} {place:?}", op.text());
            assert_eq!(trap(last + width), Some(Trap::MemoryOutOfBounds), "{}", op.text());
            for off in 1..width {
                assert_eq!(trap(64 + off), Some(Trap::UnalignedAtomic), "{}", op.text());
                assert_eq!(trap(65536 + off), Some(Trap::UnalignedAtomic), "{}", op.text());
            }
            let top = if place.is_64 { u64::MAX } else { u64::from(u32::MAX) } - 1023;
            assert_eq!(trap(top), Some(Trap::MemoryOutOfBounds), "{}", op.text());
        }
    }
    Ok(())
}

#[test]
fn far_offsets_of_64_bits() -> Result<(), Error> {
    let place = Place { shared: true, is_64: true, memory: 0, offset: u64::MAX - 7 };
    let mut guest = Guest::new(place)?;
    for &op in AtomicOp::ALL {
        // The sum is 0 in 64 bits, and beyond everything in 65.
        let error = guest.call(op, place, 8, &[0, 0]).expect_err("it traps");
        assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds), "{}", op.text());
    }
    Ok(())
}

#[test]
fn waits_end_as_they_should_without_others() -> Result<(), Error> {
    for place in places() {
        let mut guest = Guest::new(place)?;
        for op in [AtomicOp::MemoryAtomicWait32, AtomicOp::MemoryAtomicWait64] {
            let at = 64 + place.offset;
            guest.memory.write(&mut guest.store, at, &[1, 0, 0, 0, 2, 0, 0, 0])?;
            let same = if op.width() == 4 { 1 } else { 0x2_0000_0001 };
            let mut wait = |expected, timeout: i64| {
                let result = guest.call(op, place, 64, &[expected, timeout as u64]);
                result.map_err(|error| error.trap().expect("a trap"))
            };
            if place.shared {
                assert_eq!(wait(same + 1, -1), Ok(1), "another value is there");
                assert_eq!(wait(same, 0), Ok(2), "no time");
                assert_eq!(wait(same, 2_000_000), Ok(2), "time is up");
            } else {
                assert_eq!(wait(same + 1, -1), Err(Trap::ExpectedSharedMemory));
                assert_eq!(wait(same, 0), Err(Trap::ExpectedSharedMemory));
            }
        }
        assert_eq!(guest.call(AtomicOp::MemoryAtomicNotify, place, 64, &[7])?, 0);
    }
    Ok(())
}
