//! The guest's side of a host call: checked access to its memory, shared by every host module.
//! Positions and lengths are 64 bits wide here, so that `position + length` never wraps; a module
//! passes them as i32 or, in the wide form, as i64.

use super::sys::{SPANS_MAX, Span};
use crate::ValType;

/// What can be wrong with what a guest passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A pointer leads outside the memory (or there is no memory).
    OutOfBounds,
    /// A list of buffers is longer in total than the guest can address.
    TooLong,
}

/// How wide pointers and lengths in the guest's own structures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// i32.
    W32,
    /// i64.
    W64,
}

/// What a parameter of a host function is to the type that a module imports it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// An i32.
    Narrow,
    /// An i64.
    Wide,
    /// A position or a length: as wide as addresses are.
    Address,
}

impl Slot {
    /// Its type where addresses are so wide.
    pub(crate) fn ty(self, width: Width) -> ValType {
        match (self, width) {
            (Slot::Narrow, _) | (Slot::Address, Width::W32) => ValType::I32,
            (Slot::Wide, _) | (Slot::Address, Width::W64) => ValType::I64,
        }
    }
}

/// The memory of the calling guest; empty if it has none.
pub(crate) struct GuestMemory<'a>(&'a mut [u8]);

impl<'a> GuestMemory<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> GuestMemory<'a> {
        GuestMemory(bytes)
    }

    /// Everything.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0
    }

    /// Everything, to be written.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0
    }

    /// The bytes of a piece, if the memory has them all.
    pub(crate) fn span(&self, at: u64, len: u64) -> Result<Span, Fault> {
        let end = at.checked_add(len).ok_or(Fault::OutOfBounds)?;
        if end > self.0.len() as u64 {
            return Err(Fault::OutOfBounds);
        }
        Ok((at as usize, len as usize))
    }

    /// A piece.
    pub(crate) fn slice(&self, at: u64, len: u64) -> Result<&[u8], Fault> {
        let (start, len) = self.span(at, len)?;
        Ok(&self.0[start..start + len])
    }

    /// A piece, to be written.
    pub(crate) fn slice_mut(&mut self, at: u64, len: u64) -> Result<&mut [u8], Fault> {
        let (start, len) = self.span(at, len)?;
        Ok(&mut self.0[start..start + len])
    }

    /// A number.
    pub(crate) fn get<N: Number>(&self, at: u64) -> Result<N, Fault> {
        Ok(N::from_le(self.slice(at, N::SIZE)?))
    }

    /// Writes a number.
    pub(crate) fn put<N: Number>(&mut self, at: u64, number: N) -> Result<(), Fault> {
        number.to_le(self.slice_mut(at, N::SIZE)?);
        Ok(())
    }

    /// Writes bytes.
    pub(crate) fn put_bytes(&mut self, at: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.slice_mut(at, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Copies what fits of `bytes` to a buffer of the guest; says how much.
    pub(crate) fn put_cut(&mut self, at: u64, len: u64, bytes: &[u8]) -> Result<u64, Fault> {
        let buffer = self.slice_mut(at, len)?;
        let count = buffer.len().min(bytes.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        Ok(count as u64)
    }

    /// The non-empty buffers of a list of (pointer, length), each of them checked. No more than
    /// one system call takes, and no more bytes than an `i32` counts: reading and writing less
    /// than asked is always allowed.
    pub(crate) fn buffers(&self, at: u64, count: u64, width: Width) -> Result<Vec<Span>, Fault> {
        let word = if width == Width::W32 { 4 } else { 8 };
        let list = self.slice(at, count.checked_mul(2 * word).ok_or(Fault::OutOfBounds)?)?;
        let address = |bytes: &[u8]| match width {
            Width::W32 => <u32 as Number>::from_le(bytes).into(),
            Width::W64 => <u64 as Number>::from_le(bytes),
        };
        let (mut spans, mut total) = (Vec::new(), 0u64);
        for pair in list.chunks_exact(2 * word as usize) {
            let (pointer, len) = pair.split_at(word as usize);
            let (start, len) = self.span(address(pointer), address(len))?;
            if len == 0 {
                continue;
            }
            if spans.len() == SPANS_MAX {
                break;
            }
            let room = TRANSFER_MAX.saturating_sub(total);
            total += len as u64;
            if total > u32::MAX.into() {
                return Err(Fault::TooLong);
            }
            if room > 0 {
                spans.push((start, len.min(room as usize)));
            }
        }
        Ok(spans)
    }
}

/// A number in a guest's memory: little-endian, at any alignment.
pub(crate) trait Number: Copy {
    /// Units: bytes.
    const SIZE: u64;
    /// Reads `SIZE` bytes.
    fn from_le(bytes: &[u8]) -> Self;
    /// Writes `SIZE` bytes.
    fn to_le(self, bytes: &mut [u8]);
}
macro_rules! number { ($($t:ty)*) => { $(
    impl Number for $t {
        const SIZE: u64 = size_of::<$t>() as u64;
        fn from_le(bytes: &[u8]) -> $t {
            let mut array = [0; size_of::<$t>()];
            array.copy_from_slice(bytes);
            <$t>::from_le_bytes(array)
        }
        fn to_le(self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.to_le_bytes());
        }
    }
)* } }
number! { u8 u16 u32 u64 }

/// Most bytes that one call moves.
const TRANSFER_MAX: u64 = i32::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_never_wrap() {
        let mut bytes = [0; 16];
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.span(16, 0), Ok((16, 0)));
        assert_eq!(memory.span(17, 0), Err(Fault::OutOfBounds));
        assert_eq!(memory.span(8, 9), Err(Fault::OutOfBounds));
        assert_eq!(memory.span(u64::MAX, 2), Err(Fault::OutOfBounds));
        assert_eq!(memory.span(8, u64::MAX - 7), Err(Fault::OutOfBounds));
    }

    #[test]
    fn numbers_are_little_endian_and_unaligned() {
        let mut bytes = [0; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        memory.put(3, 0x0102_0304u32).unwrap();
        assert_eq!(memory.slice(3, 4).unwrap(), [4, 3, 2, 1]);
        assert_eq!(memory.get::<u16>(4), Ok(0x0203));
        assert_eq!(memory.put(13, 0u32), Err(Fault::OutOfBounds));
        assert_eq!(memory.put_cut(12, 4, b"abcdef"), Ok(4));
        assert_eq!(memory.slice(12, 4).unwrap(), b"abcd");
    }

    #[test]
    fn both_widths_read_the_same_buffers() {
        let mut bytes = [0; 128];
        let mut memory = GuestMemory::new(&mut bytes);
        for (i, word) in [5u32, 3, 0, 0, 100, 28].into_iter().enumerate() {
            memory.put(4 * i as u64, word).unwrap();
            memory.put(40 + 8 * i as u64, u64::from(word)).unwrap();
        }
        let narrow = memory.buffers(0, 3, Width::W32).unwrap();
        assert_eq!(narrow, [(5, 3), (100, 28)]);
        assert_eq!(memory.buffers(40, 3, Width::W64).unwrap(), narrow);
        memory.put(20, 29u32).unwrap();
        assert_eq!(memory.buffers(0, 3, Width::W32), Err(Fault::OutOfBounds));
        assert_eq!(memory.buffers(0, u64::MAX, Width::W32), Err(Fault::OutOfBounds));
        assert_eq!(memory.buffers(0, u64::MAX / 16, Width::W64), Err(Fault::OutOfBounds));
    }

    #[test]
    fn the_sum_of_the_buffers_is_bounded() {
        let mut bytes = vec![0; 1 << 20];
        let mut memory = GuestMemory::new(&mut bytes);
        for i in 0..8192u64 {
            memory.put(8 * i, 0u32).unwrap();
            memory.put(8 * i + 4, 1u32 << 20).unwrap();
        }
        assert_eq!(memory.buffers(0, 1024, Width::W32).unwrap().len(), 1024);
        assert_eq!(memory.buffers(0, 8192, Width::W32).unwrap().len(), SPANS_MAX);
    }
}
