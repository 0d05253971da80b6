//! Sorting, in as much code as the build may have.

use crate::tuning;
use core::cmp::Ordering;

/// Sorts; what compares as equal may change places.
///
/// # Complexity
/// n log n comparisons.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if tuning::SMALL {
        heap_sort(items.len(), &mut (items, compare));
    } else {
        items.sort_unstable_by(compare);
    }
}

/// What is sorted, without its type: one piece of code serves all.
trait Items {
    fn is_less(&self, a: usize, b: usize) -> bool;
    fn swap(&mut self, a: usize, b: usize);
}
impl<T, F: Fn(&T, &T) -> Ordering> Items for (&mut [T], F) {
    fn is_less(&self, a: usize, b: usize) -> bool {
        (self.1)(&self.0[a], &self.0[b]) == Ordering::Less
    }
    fn swap(&mut self, a: usize, b: usize) {
        self.0.swap(a, b);
    }
}
fn heap_sort(len: usize, items: &mut dyn Items) {
    // First every node becomes the root of a heap, then each root goes behind what is left.
    for turn in (0..len + len / 2).rev() {
        let (mut node, end) = if turn >= len {
            (turn - len, len)
        } else {
            items.swap(0, turn);
            (0, turn)
        };
        loop {
            let mut child = 2 * node + 1;
            if child >= end {
                break;
            }
            if child + 1 < end && items.is_less(child, child + 1) {
                child += 1;
            }
            if !items.is_less(node, child) {
                break;
            }
            items.swap(node, child);
            node = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn heaps_sort_as_the_library_does() {
        let mut state = 1_u32;
        for len in 0..200 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 24 & (len as u32 | 3)
            };
            let mut numbers: Vec<u32> = (0..len).map(|_| next()).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            heap_sort(len, &mut (&mut numbers[..], |a: &u32, b: &u32| a.cmp(b)));
            assert_eq!(numbers, expected);
        }
    }
}
