//! Bytes with an offset: the numbers and names of the binary format (spec §5.2).
//!
//! A reader sees the module up to an end (of a section, of a body) and keeps its place as the
//! offset in the module, so an error always knows where it is.

use super::error::Error;

type Result<T> = core::result::Result<T, Error>;

/// A place in the bytes of a module.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
    /// The whole module: what a number or name that does not end in time runs into decides what
    /// is wrong with it.
    outer: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all the bytes of a module.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, pos: 0, outer: bytes }
    }
    /// A reader of the bytes `start..end` of a module; offsets stay those of the module.
    pub fn within(bytes: &'a [u8], start: usize, end: usize) -> Reader<'a> {
        let end = end.min(bytes.len());
        Reader { bytes: &bytes[..end], pos: start.min(end), outer: bytes }
    }
    /// Where the next byte is, in bytes from the start of the module.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn offset(&self) -> usize {
        self.pos
    }
    /// The bytes up to the end, from the start of the module.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
    /// Goes to another place.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn seek(&mut self, offset: usize) {
        self.pos = offset.min(self.bytes.len());
    }
    /// How many bytes are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.pos
    }
    /// Whether nothing is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pos >= self.bytes.len()
    }
    /// The bytes that are left.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }
    /// The next byte, not consumed.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    #[cold]
    fn end_error(&self) -> Error {
        Error::malformed(self.bytes.len(), "unexpected end of section or function")
    }

    /// One byte.
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn byte(&mut self) -> Result<u8> {
        match self.bytes.get(self.pos) {
            Some(&byte) => {
                self.pos += 1;
                Ok(byte)
            }
            None => Err(self.end_error()),
        }
    }
    /// `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.remaining() {
            return Err(self.end_error());
        }
        let taken = &self.bytes[self.pos..self.pos + count];
        self.pos += count;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.rest().first_chunk::<N>() {
            Some(chunk) => {
                self.pos += N;
                Ok(*chunk)
            }
            None => Err(self.end_error()),
        }
    }
    /// The bits of an `f32`.
    #[inline]
    pub fn f32_bits(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }
    /// The bits of an `f64`.
    #[inline]
    pub fn f64_bits(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }
    /// The bits of a `v128`.
    #[inline]
    pub fn v128_bits(&mut self) -> Result<u128> {
        Ok(u128::from_le_bytes(self.array()?))
    }
    /// The lanes of `i8x16.shuffle`.
    #[inline]
    pub fn lanes(&mut self) -> Result<[u8; 16]> {
        self.array()
    }

    /// A `u32` (LEB128).
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn u32(&mut self) -> Result<u32> {
        if let Some(&byte) = self.bytes.get(self.pos)
            && byte < 0x80
        {
            self.pos += 1;
            return Ok(u32::from(byte));
        }
        self.u32_long()
    }
    #[inline(never)]
    fn u32_long(&mut self) -> Result<u32> {
        match near_u32(self.rest()) {
            Some((value, rest)) => Ok(self.behind(value, rest)),
            None => self.unsigned(32).map(|value| value as u32),
        }
    }
    /// What was read, and what follows it.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn behind<T>(&mut self, value: T, rest: &[u8]) -> T {
        self.pos = self.bytes.len() - rest.len();
        value
    }
    /// A `u64` (LEB128).
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn u64(&mut self) -> Result<u64> {
        if let Some(&byte) = self.bytes.get(self.pos)
            && byte < 0x80
        {
            self.pos += 1;
            return Ok(u64::from(byte));
        }
        self.u64_long()
    }
    #[inline(never)]
    fn u64_long(&mut self) -> Result<u64> {
        self.unsigned(64)
    }
    /// An `s32` (LEB128).
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn s32(&mut self) -> Result<i32> {
        if let Some(&byte) = self.bytes.get(self.pos)
            && byte < 0x80
        {
            self.pos += 1;
            return Ok(i32::from((byte << 1) as i8 >> 1));
        }
        self.s32_long()
    }
    #[inline(never)]
    fn s32_long(&mut self) -> Result<i32> {
        match near_s32(self.rest()) {
            Some((value, rest)) => Ok(self.behind(value, rest)),
            None => self.signed(32).map(|value| value as i32),
        }
    }
    /// An `s33` (LEB128): block types and heap types.
    pub fn s33(&mut self) -> Result<i64> {
        self.signed(33)
    }
    /// An `s64` (LEB128).
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub fn s64(&mut self) -> Result<i64> {
        if let Some(&byte) = self.bytes.get(self.pos)
            && byte < 0x80
        {
            self.pos += 1;
            return Ok(i64::from((byte << 1) as i8 >> 1));
        }
        self.s64_long()
    }
    #[inline(never)]
    fn s64_long(&mut self) -> Result<i64> {
        self.signed(64)
    }

    /// An unsigned number of at most `bits` bits in at most ⌈bits / 7⌉ bytes (spec §5.2.2).
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn unsigned(&mut self, bits: u32) -> Result<u64> {
        let start = self.pos;
        let (mut value, mut shift) = (0, 0);
        loop {
            let Some(byte) = self.peek() else { return Err(self.overrun(start, bits, false)) };
            self.pos += 1;
            value |= u64::from(byte & 0x7F) << shift;
            if shift + 7 >= bits {
                return self.check_last(
                    start,
                    byte,
                    u32::from(byte & 0x7F) >> (bits - shift) == 0,
                    value,
                );
            }
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }
    /// A signed number of at most `bits` bits in at most ⌈bits / 7⌉ bytes (spec §5.2.2).
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn signed(&mut self, bits: u32) -> Result<i64> {
        let start = self.pos;
        let (mut value, mut shift) = (0i64, 0);
        loop {
            let Some(byte) = self.peek() else { return Err(self.overrun(start, bits, true)) };
            self.pos += 1;
            value |= i64::from(byte & 0x7F) << shift;
            if shift + 7 >= bits {
                // The sign bit and everything above it must agree.
                let spare = (byte << 1) as i8 >> (bits - shift);
                let fits = spare == 0 || spare == -1;
                let unused = 64 - bits;
                return self.check_last(start, byte, fits, value << unused >> unused);
            }
            shift += 7;
            if byte < 0x80 {
                return Ok(value << (64 - shift) >> (64 - shift));
            }
        }
    }
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn check_last<T>(&self, start: usize, byte: u8, fits: bool, value: T) -> Result<T> {
        if byte >= 0x80 {
            return Err(Error::malformed(start, "integer representation too long"));
        }
        if !fits {
            return Err(Error::malformed(start, "integer too large"));
        }
        Ok(value)
    }

    /// The first byte after the end, if the module goes on.
    pub fn beyond(&self) -> Option<u8> {
        self.outer.get(self.bytes.len()).copied()
    }
    /// A number that does not end in time: wrong in itself, or only cut off?
    #[cold]
    fn overrun(&self, start: usize, bits: u32, signed: bool) -> Error {
        if self.outer.len() > self.bytes.len() {
            let mut outer = Reader { bytes: self.outer, pos: start, outer: self.outer };
            let result =
                if signed { outer.signed(bits).map(drop) } else { outer.unsigned(bits).map(drop) };
            if let Err(error) = result {
                return error;
            }
        }
        self.end_error()
    }

    /// The length of a section or a name.
    pub fn length(&mut self) -> Result<u32> {
        let start = self.pos;
        let (mut outer, result) = (*self, self.u32());
        outer.bytes = self.outer;
        // Like a number that does not end in time, a length is judged by what it runs into.
        let length = outer.u32();
        match (length, result) {
            (Ok(length), _) if length as usize > outer.remaining() => {
                Err(Error::malformed(start, "length out of bounds"))
            }
            (_, result) => result,
        }
    }
    /// How many elements to reserve for `count` of them: no more than bytes are left.
    pub fn reserve(&self, count: u32) -> usize {
        (count as usize).min(self.remaining())
    }
    /// A name (spec §5.2.4).
    pub fn name(&mut self) -> Result<&'a str> {
        let length = self.length()?;
        let start = self.pos;
        core::str::from_utf8(self.take(length as usize)?)
            .map_err(|_| Error::malformed(start, "malformed UTF-8 encoding"))
    }
    /// A reader of the next `length` bytes, which this one skips.
    pub fn split(&mut self, length: u32) -> Result<Reader<'a>> {
        let start = self.pos;
        self.take(length as usize)?;
        Ok(Reader { bytes: &self.bytes[..self.pos], pos: start, outer: self.outer })
    }
}

/// The bits of a number of at most five bytes (LEB128), how many there are, and what follows them;
/// `None` for longer ones and near the end.
#[cfg_attr(not(feature = "small"), inline(always))]
fn near_bits(bytes: &[u8]) -> Option<(u64, u32, &[u8])> {
    if let [a, ref rest @ ..] = *bytes
        && a < 0x80
    {
        return Some((u64::from(a), 7, rest));
    }
    let (chunk, _) = bytes.split_first_chunk::<5>()?;
    let mut bits = u64::from(chunk[0] & 0x7F);
    for i in 1..5 {
        bits |= u64::from(chunk[i] & 0x7F) << (7 * i);
        if chunk[i] < 0x80 {
            return Some((bits, 7 * (i as u32 + 1), &bytes[i + 1..]));
        }
    }
    None
}
/// A `u32` (LEB128) and what follows it, for who walks without a [`Reader`]; `None` if it is wrong
/// or near the end: then a reader decides.
#[cfg_attr(not(feature = "small"), inline(always))]
pub fn near_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (bits, _, rest) = near_bits(bytes)?;
    Some((u32::try_from(bits).ok()?, rest))
}
/// The same of a signed number.
#[cfg_attr(not(feature = "small"), inline(always))]
pub fn near_s35(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (bits, width, rest) = near_bits(bytes)?;
    Some(((bits << (64 - width)) as i64 >> (64 - width), rest))
}
/// The same of an `s32`.
#[cfg_attr(not(feature = "small"), inline(always))]
pub fn near_s32(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (value, rest) = near_s35(bytes)?;
    Some((i32::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn leb128_round_trips() {
        let mut seed = 1u64;
        for i in 0..20_000u32 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = seed >> (i % 64);
            let mut bytes = Vec::new();
            leb128::write::unsigned(&mut bytes, value).unwrap();
            assert_eq!(Reader::new(&bytes).u64().unwrap(), value);
            assert_eq!(Reader::new(&bytes).u32().ok(), u32::try_from(value).ok());
            for signed in [value as i64, (value as i64).wrapping_neg()] {
                let mut bytes = Vec::new();
                leb128::write::signed(&mut bytes, signed).unwrap();
                assert_eq!(Reader::new(&bytes).s64().unwrap(), signed);
                assert_eq!(Reader::new(&bytes).s32().ok(), i32::try_from(signed).ok());
                let s33 = (-(1i64 << 32)..1 << 32).contains(&signed).then_some(signed);
                assert_eq!(Reader::new(&bytes).s33().ok(), s33);
            }
        }
    }
    /// What the bytes begin with by the rules of §5.2.2, told by another implementation of the
    /// encoding: at most ⌈bits / 7⌉ bytes, and no more than fits.
    fn number<N>(
        bytes: &[u8],
        bits: u32,
        read: impl Fn(&mut &[u8]) -> Option<N>,
    ) -> Option<(N, usize)> {
        let mut rest = bytes;
        let number = read(&mut rest)?;
        let len = bytes.len() - rest.len();
        (len <= bits.div_ceil(7) as usize).then_some((number, len))
    }
    fn unsigned(bytes: &[u8], bits: u32) -> Option<(u64, usize)> {
        number(bytes, bits, |rest| leb128::read::unsigned(rest).ok())
            .filter(|(number, _)| bits == 64 || *number < 1 << bits)
    }
    fn signed(bytes: &[u8], bits: u32) -> Option<(i64, usize)> {
        number(bytes, bits, |rest| leb128::read::signed(rest).ok()).filter(|(number, _)| {
            bits == 64 || (-1 << (bits - 1)..1 << (bits - 1)).contains(number)
        })
    }
    /// What a reader finds, and how far it goes for it.
    fn found<'a, N>(
        bytes: &'a [u8],
        read: impl Fn(&mut Reader<'a>) -> Result<N>,
    ) -> Option<(N, usize)> {
        let mut reader = Reader::new(bytes);
        read(&mut reader).ok().map(|number| (number, reader.offset()))
    }
    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            cases: 20_000,
            failure_persistence: None,
            rng_seed: proptest::test_runner::RngSeed::Fixed(1),
            ..Default::default()
        })]
        /// Any bytes: mostly such that go on, and such that end with signs only.
        #[test]
        fn leb128_of_any_bytes(
            bytes in proptest::collection::vec(
                proptest::prop_oneof![0x80..=0xFFu8, 0x80..=0xFFu8, 0..=0xFFu8,
                    proptest::sample::select(&[0x00, 0x7F, 0x80, 0xFF, 0x0F, 0x10, 0x40, 0x70][..])],
                0..12,
            )
        ) {
            let narrow = |(number, len): (u64, usize)| (number as u32, len);
            assert_eq!(found(&bytes, |reader| reader.u32()), unsigned(&bytes, 32).map(narrow));
            assert_eq!(found(&bytes, |reader| reader.u64()), unsigned(&bytes, 64));
            let narrow = |(number, len): (i64, usize)| (number as i32, len);
            assert_eq!(found(&bytes, |reader| reader.s32()), signed(&bytes, 32).map(narrow));
            assert_eq!(found(&bytes, |reader| reader.s33()), signed(&bytes, 33));
            assert_eq!(found(&bytes, |reader| reader.s64()), signed(&bytes, 64));
        }
    }
    #[test]
    fn leb128_limits() {
        let message = |bytes: &[u8]| Reader::new(bytes).u32().unwrap_err().message().to_owned();
        assert_eq!(message(&[0x80, 0x80, 0x80, 0x80, 0x10]), "integer too large");
        assert_eq!(message(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), "integer representation too long");
        assert!(message(&[0x80, 0x80]).starts_with("unexpected end"));
        assert_eq!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0]).u32().unwrap(), 0);
        let signed = |bytes: &[u8]| Reader::new(bytes).s32();
        assert_eq!(signed(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]).unwrap(), -1);
        assert_eq!(
            signed(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]).unwrap_err().message(),
            "integer too large"
        );
        assert_eq!(signed(&[0x80, 0x80, 0x80, 0x80, 0x78]).unwrap(), i32::MIN);
    }
    use alloc::borrow::ToOwned;
}
