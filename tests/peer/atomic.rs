//! What atomic instructions do.

use wasmvm::wasm::ops::AtomicKind;

/// What is in memory afterwards, from what was there and the operands.
pub fn model(kind: AtomicKind, old: u64, a: u64, b: u64, mask: u64) -> u64 {
    let new = match kind {
        AtomicKind::Store | AtomicKind::Xchg => a,
        AtomicKind::Add => old.wrapping_add(a),
        AtomicKind::Sub => old.wrapping_sub(a),
        AtomicKind::And => old & a,
        AtomicKind::Or => old | a,
        AtomicKind::Xor => old ^ a,
        AtomicKind::Cmpxchg if old == a & mask => b,
        _ => old,
    };
    new & mask
}
