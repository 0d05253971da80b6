//! What a host function sees of the guest that called it.
#![allow(unsafe_code)]

use super::store::sealed::{Pointer, Sealed};
use super::store::{Inner, Lent, LentMut, fuel, set_fuel};
use super::{AsContext, AsContextMut, Error, Extern, Instance, Trap};
use crate::rt::instance::Instance as InstanceObject;
use crate::rt::layout::InstanceData;
use crate::rt::memory::{Memory as MemoryObject, range};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// What a host function sees of the store and of the instance that called it.
pub struct Caller<'a, T> {
    inner: NonNull<Inner<T>>,
    instance: *const InstanceData,
    lent: PhantomData<&'a mut Inner<T>>,
}
impl<T> Caller<'_, T> {
    /// # Safety
    /// The store is lent by the call that runs, for as long as the caller is used (R6), and the
    /// instance belongs to it (R1).
    pub(super) unsafe fn new<'a>(
        inner: NonNull<Inner<T>>,
        instance: *const InstanceData,
    ) -> Caller<'a, T> {
        Caller { inner, instance, lent: PhantomData }
    }
    /// The same for a shorter time.
    pub(super) fn reborrow(&mut self) -> Caller<'_, T> {
        Caller { inner: self.inner, instance: self.instance, lent: PhantomData }
    }
    /// The guest's memory and the host's data, at once.
    pub fn split(&mut self) -> (Guest<'_>, &mut T) {
        // SAFETY: R1: the host's instance and those of modules are of one type.
        let memory = unsafe { (*self.instance.cast::<InstanceObject>()).exported_memory };
        let memory = memory.and_then(|memory| NonNull::new(memory.cast_mut().cast()));
        (Guest { memory, lent: PhantomData }, self.data_mut())
    }
    /// The guest's memories by their index, exported or not, and the host's data, at once.
    pub fn split_memories(&mut self) -> (Memories<'_>, &mut T) {
        (Memories { instance: self.instance.cast(), lent: PhantomData }, self.data_mut())
    }
    /// The host's data.
    pub fn data(&self) -> &T {
        &self.inner().data
    }
    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.inner_mut().data
    }
    /// The calling instance; `None` if the host calls its own function.
    pub fn instance(&self) -> Option<Instance> {
        // SAFETY: R1: an instance of the store.
        let is_guest = unsafe { !(*self.instance).module.is_null() };
        is_guest.then(|| Instance::from_object(self.core(), self.instance.cast()))
    }
    /// An export of the calling instance.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        self.instance()?.get(self, name)
    }
    /// The fuel that is left, if the engine is configured for it.
    pub fn fuel(&self) -> Option<u64> {
        fuel(self.core())
    }
    /// Sets the fuel that is left: to charge for what the host does.
    ///
    /// # Errors
    /// Usage: the engine is not configured for fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        set_fuel(self.core_mut(), fuel)
    }
}
impl<T> Sealed<T> for Caller<'_, T> {
    fn pointer(&self) -> Pointer<T> {
        Pointer(self.inner)
    }
}
impl<T> AsContext for Caller<'_, T> {
    type Data = T;
}
impl<T> AsContextMut for Caller<'_, T> {}

/// The memory that the calling instance exports as `memory`. Every access is checked; none panics.
///
/// If there is no such memory, every access is an error; a shared memory is never handed out.
pub struct Guest<'a> {
    memory: Option<NonNull<MemoryObject>>,
    lent: PhantomData<&'a mut [u8]>,
}
impl Guest<'_> {
    fn object(&self) -> Result<NonNull<MemoryObject>, Error> {
        let memory = self.memory.ok_or_else(no_memory)?;
        // SAFETY: R1: a memory of the store.
        if unsafe { memory.as_ref().ty.shared } { Err(shared()) } else { Ok(memory) }
    }
    fn bytes(&self) -> Result<&[u8], Error> {
        // SAFETY: R6: lent with the caller.
        Ok(unsafe { self.object()?.as_ref() }.bytes())
    }
    /// All of it.
    ///
    /// # Errors
    /// Host: the guest exports no memory.
    pub fn memory(&mut self) -> Result<&mut [u8], Error> {
        // SAFETY: R6: lent for writing with the caller.
        Ok(unsafe { self.object()?.as_mut() }.bytes_mut())
    }
    /// Its length in bytes; 0 if there is none.
    pub fn len(&self) -> u64 {
        self.bytes().map_or(0, |bytes| bytes.len() as u64)
    }
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// `len` bytes from address `at`.
    ///
    /// # Errors
    /// Trap: they are not all inside the memory; Host: there is none.
    pub fn slice(&self, at: u64, len: u64) -> Result<&[u8], Error> {
        let bytes = self.bytes()?;
        let range = range(at, len).and_then(|range| bytes.get(range));
        range.ok_or_else(out_of_bounds)
    }
    /// `len` bytes from address `at`, to be written.
    ///
    /// # Errors
    /// As for [`Guest::slice`].
    pub fn slice_mut(&mut self, at: u64, len: u64) -> Result<&mut [u8], Error> {
        let bytes = self.memory()?;
        let range = range(at, len).and_then(|range| bytes.get_mut(range));
        range.ok_or_else(out_of_bounds)
    }
    /// A number at address `at`, little-endian.
    ///
    /// # Errors
    /// As for [`Guest::slice`].
    pub fn read<N: Plain>(&self, at: u64) -> Result<N, Error> {
        Ok(N::from_le(self.slice(at, size_of::<N>() as u64)?))
    }
    /// Writes a number at address `at`, little-endian.
    ///
    /// # Errors
    /// As for [`Guest::slice`].
    pub fn write<N: Plain>(&mut self, at: u64, value: N) -> Result<(), Error> {
        value.to_le(self.slice_mut(at, size_of::<N>() as u64)?);
        Ok(())
    }
}

/// The memories of the calling instance, by their index; the host's own calls have none.
pub struct Memories<'a> {
    instance: *const InstanceObject,
    lent: PhantomData<&'a mut [u8]>,
}
impl Memories<'_> {
    /// The memory of this index. If there is none, every access to it is an error.
    pub fn get(&mut self, index: u32) -> Guest<'_> {
        // SAFETY: R1, R6: an instance of the store, lent with the caller.
        let memories = unsafe { &(*self.instance).memories };
        let memory = memories.get(index as usize);
        let memory = memory.and_then(|memory| NonNull::new(memory.cast_mut().cast()));
        Guest { memory, lent: PhantomData }
    }
}

/// A number in guest memory.
pub trait Plain: Copy {
    /// From its little-endian bytes; 0 if they are not as many as it has.
    fn from_le(bytes: &[u8]) -> Self;
    /// Into its little-endian bytes, if they are as many as it has.
    fn to_le(self, bytes: &mut [u8]);
}
macro_rules! plain { ($($t:ty),*) => { $(
    impl Plain for $t {
        #[inline]
        fn from_le(bytes: &[u8]) -> $t {
            <$t>::from_le_bytes(bytes.try_into().unwrap_or_default())
        }
        #[inline]
        fn to_le(self, bytes: &mut [u8]) {
            if let Ok(place) = bytes.try_into() {
                let place: &mut [u8; size_of::<$t>()] = place;
                *place = self.to_le_bytes();
            }
        }
    }
)* } }
plain!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

#[cold]
pub(super) fn out_of_bounds() -> Error {
    Trap::MemoryOutOfBounds.into()
}
#[cold]
pub(super) fn shared() -> Error {
    Error::usage("a shared memory is never handed out as a slice")
}
#[cold]
fn no_memory() -> Error {
    Error::host("the guest has no such memory (by default: one exported as \"memory\")")
}
