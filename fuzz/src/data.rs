//! Pseudo-random numbers, the same on every machine.

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // Seeds that lie close together must not give the same numbers.
        let mut random = Random(seed ^ 0x9E37_79B9_7F4A_7C15);
        random.next();
        random.next();
        random
    }
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
    /// Bytes for a target: mostly short, as most of what goes wrong is small.
    pub fn input(&mut self) -> Vec<u8> {
        let most = 1 << (8 + self.below(8));
        let len = 100 + self.below(most);
        let mut bytes = vec![0; len.next_multiple_of(8)];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}
