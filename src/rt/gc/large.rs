//! Objects that are too large for cells: each has an allocation of its own.
#![allow(unsafe_code)]

use super::addresses::AddressSet;
use alloc::alloc::{alloc, alloc_zeroed, dealloc};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr;

/// What lies before a large object.
#[repr(C, align(16))]
struct Head {
    /// Of the object.
    bytes: u64,
    reached: bool,
}
const HEAD: usize = size_of::<Head>();

fn head_of(object: *mut u8) -> *mut Head {
    object.wrapping_sub(HEAD).cast()
}
/// Bytes that an object takes from the system; `None` if no address reaches them.
pub fn bytes_of(bytes: u64) -> Option<u64> {
    bytes.checked_add(HEAD as u64).filter(|&bytes| isize::try_from(bytes).is_ok())
}
fn layout(bytes: u64) -> Option<Layout> {
    Layout::from_size_align(usize::try_from(bytes_of(bytes)?).ok()?, 16).ok()
}

/// Notes that a large object is reached; false if it was before.
///
/// # Safety
/// It is a large object (R9).
pub unsafe fn reach(object: *mut u8) -> bool {
    // SAFETY: R9: promised by the caller.
    !core::mem::replace(unsafe { &mut (*head_of(object)).reached }, true)
}

/// The large objects of a heap.
#[derive(Default)]
pub struct Large {
    objects: Vec<*mut u8>,
    known: AddressSet,
    bytes: u64,
}
impl Large {
    /// Bytes that they take.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    /// Room for an object; `None` if there is no memory.
    pub fn alloc(&mut self, bytes: u64, zeroed: bool) -> Option<*mut u8> {
        let layout = layout(bytes)?;
        self.objects.try_reserve(1).ok()?;
        self.known.reserve()?;
        // SAFETY: R9: the size is not zero.
        let object = unsafe {
            let start = if zeroed { alloc_zeroed(layout) } else { alloc(layout) };
            if start.is_null() {
                return None;
            }
            start.cast::<Head>().write(Head { bytes, reached: false });
            start.add(HEAD)
        };
        self.objects.push(object);
        self.known.insert(object as usize);
        self.bytes += layout.size() as u64;
        Some(object)
    }
    /// The object at an address, if there is one there.
    pub fn find(&self, address: usize) -> Option<*mut u8> {
        self.known.find(address).map(ptr::with_exposed_provenance_mut)
    }
    /// The lowest address of an object and the highest, as a range.
    pub fn range(&self) -> (usize, usize) {
        let addresses = self.objects.iter().map(|&object| object as usize);
        let end = addresses.clone().max().map_or(0, |object| object + 1);
        (addresses.min().unwrap_or(usize::MAX), end)
    }
    /// The first object from number `at` on that is reached; moves `at` behind it.
    pub fn next_reached(&self, at: &mut usize) -> Option<*mut u8> {
        loop {
            let &object = self.objects.get(*at)?;
            *at += 1;
            // SAFETY: R9: an object of ours.
            if unsafe { (*head_of(object)).reached } {
                return Some(object);
            }
        }
    }
    /// Frees what was not reached, and clears the marks; the bytes of what stays.
    ///
    /// # Safety
    /// All objects that will be looked at again are reached (R9).
    pub unsafe fn sweep(&mut self) -> u64 {
        let mut live_bytes = 0;
        self.objects.retain(|&object| {
            // SAFETY: R9: allocated by `alloc` with this layout.
            unsafe {
                let head = &mut *head_of(object);
                if core::mem::take(&mut head.reached) {
                    live_bytes += head.bytes;
                    return true;
                }
                free(object);
                false
            }
        });
        self.bytes = live_bytes + (self.objects.len() * HEAD) as u64;
        self.known.clear();
        for &object in &self.objects {
            self.known.insert(object as usize);
        }
        live_bytes
    }
}
/// # Safety
/// The object was allocated by [`Large::alloc`], and is not used any more (R9).
unsafe fn free(object: *mut u8) {
    let head = head_of(object);
    // SAFETY: R9: promised by the caller.
    unsafe {
        if let Some(layout) = layout((*head).bytes) {
            dealloc(head.cast(), layout);
        }
    }
}
impl Drop for Large {
    fn drop(&mut self) {
        for &object in &self.objects {
            // SAFETY: R9: the store that looked into it is being dropped.
            unsafe { free(object) };
        }
    }
}
