//! Division by constants: multiplication by a reciprocal instead.

use crate::wasm::instr::BinOp;

/// What a division by a constant needs: the fields of its instruction, 8 bytes each.
///
/// For a divisor `d` of at least 2, and `l` the number of bits of `d` less one, 2^(64+l+1) / d,
/// rounded up, is 2^64 + `magic`; the quotient is `n * (2^64 + magic) >> (64 + l + 1)` (Granlund
/// and Montgomery, 1994).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocal {
    /// The divisor, sign-extended for signed operations.
    pub divisor: u64,
    /// See above; for the divisor's absolute value.
    pub magic: u64,
    /// `l`; one less for powers of two, whose `magic` is 0.
    pub shift: u64,
}
impl Reciprocal {
    /// For an integer division or remainder, unless it could trap or is better done otherwise.
    pub fn of(op: BinOp, bits: u64) -> Option<Reciprocal> {
        use BinOp::*;
        let (divisor, absolute) = match op {
            I32DivU | I32RemU => (bits as u32 as u64, bits as u32 as u64),
            I64DivU | I64RemU => (bits, bits),
            I32DivS | I32RemS => (bits as i32 as i64 as u64, (bits as i32).unsigned_abs().into()),
            I64DivS | I64RemS => (bits, (bits as i64).unsigned_abs()),
            _ => return None,
        };
        if absolute < 2 {
            return None;
        }
        let shift = absolute.ilog2();
        // 2^(64 + shift + 1) / absolute lies between 2^64 and 2^65: its low 64 bits, rounded up.
        let power = 1u128 << (64 + shift);
        let (half, rest) = (power / u128::from(absolute), power % u128::from(absolute));
        let twice = half * 2 + u128::from(rest * 2 >= u128::from(absolute));
        let magic = (twice + 1) as u64;
        Some(if absolute.is_power_of_two() {
            Reciprocal { divisor, magic: 0, shift: u64::from(shift) - 1 }
        } else {
            Reciprocal { divisor, magic, shift: shift.into() }
        })
    }
    /// The quotient by the divisor's absolute value.
    #[inline(always)]
    pub fn quotient(magic: u64, shift: u64, n: u64) -> u64 {
        let high = ((u128::from(n) * u128::from(magic)) >> 64) as u64;
        // n + high may need 65 bits.
        (((n - high) >> 1) + high) >> shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn quotients_are_those_of_division() {
        let edges = [1, 2, 3, 5, 7, 10, 63, 64, 641, 1 << 31, (1 << 32) - 1, 1 << 63, u64::MAX];
        let mut random = 0x9E37_79B9_7F4A_7C15u64;
        let mut numbers: Vec<u64> =
            edges.iter().flat_map(|&n| [n, n - 1, n.wrapping_add(1)]).collect();
        for _ in 0..300 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            numbers.push(random >> (random % 64));
        }
        for &d in &numbers {
            let Some(r) = Reciprocal::of(BinOp::I64DivU, d) else {
                assert!(d < 2);
                continue;
            };
            for &n in &numbers {
                assert_eq!(Reciprocal::quotient(r.magic, r.shift, n), n / d, "{n} / {d}");
            }
        }
    }
}
