//! Accesses to bytes that other threads may access at the same time: relaxed atomics of the width
//! of the access where it is aligned, of single bytes where it is not. In Rust's sense they are
//! not data races (invariant R8).
//!
//! What was read may be a mixture of what was there before and after another thread's writes,
//! but for aligned accesses of 1, 2, 4 and 8 bytes.
#![allow(unsafe_code)]

use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize};

/// What [`copy`] moves at once, at most.
const CHUNK_BYTES: usize = 512;

/// Reads `N` bytes.
///
/// # Safety
/// They are bytes of a memory (R2).
#[inline(always)]
pub unsafe fn load<const N: usize>(from: *const u8) -> [u8; N] {
    let mut bytes = [0; N];
    let from = from.cast_mut();
    // SAFETY: R2, R8: promised by the caller; aligned as asked for.
    unsafe {
        match N {
            2 if from.addr().is_multiple_of(2) => {
                let value = AtomicU16::from_ptr(from.cast()).load(Relaxed);
                bytes.copy_from_slice(&value.to_ne_bytes());
            }
            4 if from.addr().is_multiple_of(4) => {
                let value = AtomicU32::from_ptr(from.cast()).load(Relaxed);
                bytes.copy_from_slice(&value.to_ne_bytes());
            }
            #[cfg(target_has_atomic = "64")]
            8 | 16 if from.addr().is_multiple_of(8) => {
                for (i, part) in bytes.chunks_exact_mut(8).enumerate() {
                    let place = core::sync::atomic::AtomicU64::from_ptr(from.add(8 * i).cast());
                    part.copy_from_slice(&place.load(Relaxed).to_ne_bytes());
                }
            }
            _ => read_bytes(from, &mut bytes),
        }
    }
    bytes
}

/// Writes `N` bytes.
///
/// # Safety
/// As for [`load`].
#[inline(always)]
pub unsafe fn store<const N: usize>(to: *mut u8, bytes: [u8; N]) {
    let word = |at: usize| -> u64 {
        let part = bytes.get(at..at + 8).and_then(|part| part.try_into().ok());
        u64::from_ne_bytes(part.unwrap_or_default())
    };
    // SAFETY: R2, R8: promised by the caller; aligned as asked for.
    unsafe {
        match N {
            2 if to.addr().is_multiple_of(2) => {
                let value = u16::from_ne_bytes([bytes[0], bytes[1]]);
                AtomicU16::from_ptr(to.cast()).store(value, Relaxed);
            }
            4 if to.addr().is_multiple_of(4) => {
                let value = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                AtomicU32::from_ptr(to.cast()).store(value, Relaxed);
            }
            #[cfg(target_has_atomic = "64")]
            8 | 16 if to.addr().is_multiple_of(8) => {
                for at in (0..N).step_by(8) {
                    let place = core::sync::atomic::AtomicU64::from_ptr(to.add(at).cast());
                    place.store(word(at), Relaxed);
                }
            }
            _ => {
                let _ = word;
                write_bytes(to, &bytes);
            }
        }
    }
}

/// Reads `N` bytes, at most 8, as a number, little-endian. Not inlined: a handler whose frame has
/// an address taken would not end in a sibling call.
///
/// # Safety
/// As for [`load`].
#[inline(never)]
pub unsafe fn number<const N: usize>(from: *const u8) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: R2, R8: promised by the caller.
    bytes[..N].copy_from_slice(&unsafe { load::<N>(from) });
    u64::from_le_bytes(bytes)
}
/// Writes the low `N` bytes of a number, at most 8, little-endian.
///
/// # Safety
/// As for [`load`].
#[inline(never)]
pub unsafe fn put_number<const N: usize>(to: *mut u8, value: u64) {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&value.to_le_bytes()[..N]);
    // SAFETY: R2, R8: promised by the caller.
    unsafe { store(to, bytes) }
}

/// Reads bytes.
///
/// # Safety
/// They are bytes of a memory (R2).
pub unsafe fn read(from: *const u8, to: &mut [u8]) {
    const WORD: usize = size_of::<usize>();
    let head = from.align_offset(WORD).min(to.len());
    let (head, rest) = to.split_at_mut(head);
    let mut words = rest.chunks_exact_mut(WORD);
    // SAFETY: R2, R8: promised by the caller; words are aligned.
    unsafe {
        read_bytes(from, head);
        let mut at = from.add(head.len());
        for word in &mut words {
            let value = AtomicUsize::from_ptr(at.cast_mut().cast()).load(Relaxed);
            word.copy_from_slice(&value.to_ne_bytes());
            at = at.add(WORD);
        }
        read_bytes(at, words.into_remainder());
    }
}

/// Writes bytes.
///
/// # Safety
/// As for [`read`].
pub unsafe fn write(to: *mut u8, from: &[u8]) {
    const WORD: usize = size_of::<usize>();
    let head = to.align_offset(WORD).min(from.len());
    let (head, rest) = from.split_at(head);
    let mut words = rest.chunks_exact(WORD);
    // SAFETY: R2, R8: promised by the caller; words are aligned.
    unsafe {
        write_bytes(to, head);
        let mut at = to.add(head.len());
        for word in &mut words {
            let value = usize::from_ne_bytes(word.try_into().unwrap_or_default());
            AtomicUsize::from_ptr(at.cast()).store(value, Relaxed);
            at = at.add(WORD);
        }
        write_bytes(at, words.remainder());
    }
}

/// Sets `n` bytes.
///
/// # Safety
/// As for [`read`].
pub unsafe fn fill(to: *mut u8, value: u8, n: usize) {
    let chunk = [value; CHUNK_BYTES];
    let mut done = 0;
    while done < n {
        let part = (n - done).min(CHUNK_BYTES);
        // SAFETY: R2: promised by the caller.
        unsafe { write(to.add(done), &chunk[..part]) };
        done += part;
    }
}

/// Copies `n` bytes; the ranges may overlap.
///
/// # Safety
/// As for [`read`], both of them.
pub unsafe fn copy(from: *const u8, to: *mut u8, n: usize) {
    let mut chunk = [0; CHUNK_BYTES];
    let forwards = to.addr() <= from.addr();
    let mut done = 0;
    while done < n {
        let part = (n - done).min(CHUNK_BYTES);
        let at = if forwards { done } else { n - done - part };
        // SAFETY: R2: promised by the caller.
        unsafe {
            read(from.add(at), &mut chunk[..part]);
            write(to.add(at), &chunk[..part]);
        }
        done += part;
    }
}

/// # Safety
/// As for [`read`].
#[inline(always)]
unsafe fn read_bytes(from: *const u8, to: &mut [u8]) {
    for (i, byte) in to.iter_mut().enumerate() {
        // SAFETY: R2, R8: promised by the caller.
        *byte = unsafe { AtomicU8::from_ptr(from.add(i).cast_mut()) }.load(Relaxed);
    }
}
/// # Safety
/// As for [`read`].
#[inline(always)]
unsafe fn write_bytes(to: *mut u8, from: &[u8]) {
    for (i, &byte) in from.iter().enumerate() {
        // SAFETY: R2, R8: promised by the caller.
        unsafe { AtomicU8::from_ptr(to.add(i)) }.store(byte, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every alignment and many lengths, against slices.
    #[test]
    fn as_slices_do() {
        let source: alloc::vec::Vec<u8> = (0..3000u32).map(|i| (i * 7 + i / 256) as u8).collect();
        let lengths = (0..40).chain([511, 512, 513, 1030, 1500]);
        // All of them take Miri an hour.
        for len in lengths.filter(|len| !cfg!(miri) || len % 13 == 0) {
            for (from, to) in (0..9).flat_map(|a| (0..9).map(move |b| (a, b))) {
                let mut bytes = source.clone();
                let mut expected = source.clone();
                // SAFETY: R2: within the vector.
                unsafe { copy(bytes.as_ptr().add(from), bytes.as_mut_ptr().add(to), len) };
                expected.copy_within(from..from + len, to);
                assert!(bytes == expected, "{len} bytes from {from} to {to}");
                // SAFETY: R2: as above.
                unsafe { fill(bytes.as_mut_ptr().add(to), 9, len) };
                expected[to..to + len].fill(9);
                assert!(bytes == expected, "{len} bytes at {to}");
            }
        }
    }
    #[test]
    fn words_at_every_alignment() {
        let mut bytes: alloc::vec::Vec<u8> = (0..64).collect();
        for at in 0..17 {
            let p = bytes.as_mut_ptr();
            // SAFETY: R2: within the vector.
            unsafe {
                assert_eq!(load::<1>(p.add(at)), [at as u8]);
                assert_eq!(load::<2>(p.add(at)), [at as u8, at as u8 + 1]);
                assert_eq!(load::<4>(p.add(at))[3], at as u8 + 3);
                assert_eq!(load::<8>(p.add(at))[7], at as u8 + 7);
                assert_eq!(load::<16>(p.add(at))[15], at as u8 + 15);
                for value in [load::<16>(p.add(at + 16)), load::<16>(p.add(at))] {
                    store(p.add(at), value);
                    assert_eq!(load::<16>(p.add(at)), value);
                }
                for value in [[1, 2, 3, 4], [at as u8; 4], load::<4>(p.add(at))] {
                    let old = load::<4>(p.add(at));
                    store(p.add(at), value);
                    assert_eq!(load::<4>(p.add(at)), value);
                    store(p.add(at), old);
                }
            }
        }
        assert!(bytes.iter().enumerate().all(|(i, &byte)| byte == i as u8));
    }
}
