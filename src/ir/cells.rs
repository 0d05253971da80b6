//! The sizes of cells that small objects lie in: multiples of 8 up to 128 bytes, then four sizes
//! for each power of two. The translator chooses the cell, so that allocation need not.

/// Objects of more bytes are allocated one by one.
pub const MAX_CELL_BYTES: u32 = 2048;
/// How many sizes there are.
pub const CELL_SIZES: usize = 31;
/// The first sizes go up in steps of 8 from 16 to this one.
const FINE_BYTES: u32 = 128;
const FINE: u32 = FINE_BYTES / 8 - 1;

/// Which size of cell an object of so many bytes gets; `None` if it gets none.
#[inline]
pub const fn cell_of(bytes: u64) -> Option<u8> {
    if bytes > MAX_CELL_BYTES as u64 {
        return None;
    }
    let bytes = bytes as u32;
    if bytes <= 16 {
        return Some(0);
    }
    if bytes <= FINE_BYTES {
        return Some((bytes.div_ceil(8) - 2) as u8);
    }
    let last = bytes - 1;
    let log = last.ilog2();
    Some((FINE + (log - 7) * 4 + (last >> (log - 2)) % 4) as u8)
}
/// The bytes of a cell.
#[inline]
pub const fn cell_bytes(cell: u8) -> u32 {
    let cell = cell as u32;
    if cell < FINE {
        return (cell + 2) * 8;
    }
    let (octave, quarter) = ((cell - FINE) / 4, (cell - FINE) % 4);
    (5 + quarter) << (octave + 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_fits_and_no_cell_is_much_too_large() {
        for bytes in 1..=u64::from(MAX_CELL_BYTES) {
            let cell = cell_of(bytes).unwrap();
            let room = u64::from(cell_bytes(cell));
            assert!(usize::from(cell) < CELL_SIZES && room >= bytes && room % 8 == 0);
            assert!(cell == 0 || u64::from(cell_bytes(cell - 1)) < bytes);
            assert!(room <= 16 || room * 4 <= bytes * 5 + 28, "{bytes}: {room}");
        }
        assert_eq!(cell_bytes(CELL_SIZES as u8 - 1), MAX_CELL_BYTES);
        assert_eq!(cell_of(u64::from(MAX_CELL_BYTES) + 1), None);
    }
}
