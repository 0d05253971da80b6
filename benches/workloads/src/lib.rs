//! What code from a compiler for Rust looks like, sort by sort. Each function takes how much there is
//! to do and gives a number that depends on all of it.
//!
//! `benches/workloads/build` compiles them; `benches/peers -- --kernels benches/workloads` measures.

mod floats;
mod hashes;
mod structures;
mod text;

/// Numbers that look random and are the same everywhere.
struct Random(u64);
impl Random {
    fn number(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }
    fn fraction(&mut self) -> f64 {
        f64::from(self.number()) / 4294967296.0
    }
}
fn mix(a: i64, b: i64) -> i64 {
    (a.rotate_left(5) ^ b).wrapping_mul(0x517cc1b727220a95)
}
