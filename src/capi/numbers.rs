//! The numbers by which C knows what is in a store.

use core::hash::Hash;
use std::collections::HashMap;

/// Things in places: a number is a place, and how often it was used before, so that what has ended
/// is known.
pub struct Places<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}
/// One bit of the number is left to others.
const GENERATIONS: u32 = u32::MAX >> 1;

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places { places: Vec::new(), free: Vec::new() }
    }
}
impl<T: Copy> Places<T> {
    pub fn add(&mut self, thing: T) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            self.places.len() as u32 - 1
        });
        let (generation, content) = &mut self.places[place as usize];
        *content = Some(thing);
        u64::from(*generation & GENERATIONS) << 32 | u64::from(place)
    }
    fn place(&self, number: u64) -> Option<usize> {
        let place = number as u32 as usize;
        let (generation, content) = self.places.get(place)?;
        let is_same = u64::from(*generation & GENERATIONS) == number >> 32;
        (is_same && content.is_some()).then_some(place)
    }
    pub fn get(&self, number: u64) -> Option<T> {
        self.places[self.place(number)?].1
    }
    pub fn remove(&mut self, number: u64) -> Option<T> {
        let place = self.place(number)?;
        let (generation, content) = &mut self.places[place];
        *generation = generation.wrapping_add(1);
        self.free.push(place as u32);
        content.take()
    }
}

/// Objects, each with one number.
pub struct Numbers<T> {
    objects: Places<T>,
    numbers: HashMap<T, u64>,
}
impl<T> Default for Numbers<T> {
    fn default() -> Numbers<T> {
        Numbers { objects: Places::default(), numbers: HashMap::new() }
    }
}
impl<T: Copy + Eq + Hash> Numbers<T> {
    pub fn add(&mut self, object: T) -> u64 {
        *self.numbers.entry(object).or_insert_with(|| self.objects.add(object))
    }
    pub fn get(&self, number: u64) -> Option<T> {
        self.objects.get(number)
    }
    pub fn len(&self) -> usize {
        self.numbers.len()
    }
    /// Forgets those that are gone.
    pub fn retain(&mut self, is_there: impl Fn(T) -> bool) {
        self.numbers.retain(|&object, &mut number| {
            let stays = is_there(object);
            if !stays {
                self.objects.remove(number);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_have_ended_are_known() {
        let mut numbers = Numbers::<char>::default();
        let (a, b) = (numbers.add('a'), numbers.add('b'));
        assert_eq!((numbers.add('a'), numbers.get(b), numbers.get(7)), (a, Some('b'), None));
        numbers.retain(|c| c != 'a');
        let c = numbers.add('c');
        assert_eq!((numbers.get(a), numbers.get(b), numbers.get(c)), (None, Some('b'), Some('c')));
        assert_eq!((c as u32, c >> 32), (a as u32, 1), "the place is used again");
        assert_ne!(numbers.add('a'), a);
    }
}
