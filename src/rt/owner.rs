//! Whose objects are: handles know the instance that an object belongs to, so that those of an
//! instance that was released are noticed.
#![allow(unsafe_code)]

use super::error::Error;
use super::room;
use super::store::Store;
use alloc::vec::Vec;

/// The place of the store's own objects: those that the host has made.
pub const HOST: u32 = 0;

/// The instance that an object belongs to, as handles know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    store: u64,
    slot: u32,
    generation: u32,
}

/// The places of instances.
#[derive(Debug)]
pub struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Instances that were released and are still there.
    released: usize,
    /// Whose objects are being added.
    pub adding: u32,
}
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Never the same again for another instance, or after the release of this one.
    generation: u32,
    is_released: bool,
}
const EMPTY: Slot = Slot { generation: 0, is_released: false };

impl Default for Slots {
    fn default() -> Slots {
        Slots { slots: alloc::vec![EMPTY], free: Vec::new(), released: 0, adding: HOST }
    }
}
impl Slots {
    /// A place for an instance, whose objects are added from now on.
    ///
    /// # Errors
    /// Limit: there is no memory for it.
    pub fn begin(&mut self) -> Result<u32, Error> {
        self.adding = match self.free.pop() {
            Some(slot) => slot,
            None => {
                // All places may be free at once.
                room::reserve(&mut self.free, self.slots.len() + 1)?;
                room::push(&mut self.slots, EMPTY)?;
                self.slots.len() as u32 - 1
            }
        };
        Ok(self.adding)
    }
    /// Its objects are complete.
    pub fn end(&mut self) {
        self.adding = HOST;
    }
    /// Marks an instance as released; false if it was before.
    pub fn release(&mut self, slot: u32) -> bool {
        let Some(place) = self.slots.get_mut(slot as usize).filter(|place| !place.is_released)
        else {
            return false;
        };
        place.is_released = true;
        place.generation = place.generation.saturating_add(1);
        self.released += 1;
        true
    }
    /// Whether the instance was released.
    pub fn is_released(&self, slot: u32) -> bool {
        self.slots[slot as usize].is_released
    }
    /// How many instances were released and are still there.
    pub fn released(&self) -> usize {
        self.released
    }
    /// How many places there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }
    /// The place is free: of an instance that was released, or did not come about.
    pub fn free(&mut self, slot: u32) {
        let place = &mut self.slots[slot as usize];
        self.released -= usize::from(core::mem::take(&mut place.is_released));
        // A place without further numbers is not used again.
        if place.generation < u32::MAX - 1 {
            place.generation += 1;
            self.free.push(slot);
        }
    }
}

impl Store {
    /// The owner in this place, as handles know it from now on.
    #[inline]
    pub fn owner(&self, slot: u32) -> Owner {
        let generation = self.slots.slots[slot as usize].generation;
        Owner { store: self.id, slot, generation }
    }
    /// Whether what belongs to this owner is there.
    ///
    /// # Errors
    /// Usage: it belongs to another store, or to an instance that was released.
    #[inline]
    pub fn check(&self, owner: Owner) -> Result<(), Error> {
        if owner.store == self.id
            && let Some(slot) = self.slots.slots.get(owner.slot as usize)
            && slot.generation == owner.generation
        {
            return Ok(());
        }
        Err(foreign(owner.store == self.id))
    }
    /// If there are as many instances as there may be: frees those that can be. Nobody has addresses
    /// of objects that are not referred to, other than in handles.
    pub fn make_room(&mut self) {
        if self.instances.len() as u64 >= self.limits().instances {
            // SAFETY: R10: guests wait in frames below the top; the host holds entries.
            unsafe { self.collect_instances() };
        }
    }
    /// Lets go of an instance: its handles end, and it is freed once nothing refers to it.
    pub fn release(&mut self, slot: u32) {
        if !self.slots.release(slot) {
            return;
        }
        const FEW: usize = 64;
        let released = self.slots.released();
        if released >= FEW && released >= self.instances.len() / 2 && self.head.depth.get() == 0 {
            // SAFETY: R10: nothing runs; the host holds entries.
            unsafe { self.collect_instances() };
        }
    }
}

#[cold]
fn foreign(is_released: bool) -> Error {
    Error::usage(if is_released {
        "an object of an instance that was released"
    } else {
        "an object of another store"
    })
}
