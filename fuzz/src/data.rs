//! Inputs for targets.

use crate::Random;

/// Bytes for a target: mostly short, as most of what goes wrong is small.
pub fn input(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let most = 1 << (8 + random.below(8));
    let len: usize = 100 + random.below(most);
    let mut bytes = vec![0; len.next_multiple_of(8)];
    for chunk in bytes.chunks_exact_mut(8) {
        chunk.copy_from_slice(&random.next().to_le_bytes());
    }
    bytes
}
