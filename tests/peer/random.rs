//! Pseudo-random numbers, the same on every machine. Also used by the package in fuzz/.
#![allow(dead_code)] // nobody needs all of it

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
    /// A number below the bound, of the bound's type.
    pub fn below<N: TryInto<u64> + TryFrom<u64>>(&mut self, bound: N) -> N {
        let Ok(bound) = bound.try_into() else { panic!("a bound below zero") };
        let Ok(number) = N::try_from(self.next() % bound) else { panic!("it is below the bound") };
        number
    }
    /// True once in so many times.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
    pub fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}
