//! Exceptions: made, looked into and thrown by the host.
#![allow(unsafe_code)]

use super::store::{Lent, LentMut};
use super::{AsContext, AsContextMut, Error, FuncType, Tag, Val};
pub use crate::rt::exception::Exception;
use crate::rt::exception::contents;
use crate::rt::gc::object::word;
use crate::rt::instance::Tag as TagObject;
use crate::rt::room;
use alloc::vec::Vec;

impl Exception {
    /// An exception of a tag, with the values that its type asks for. A host function throws it by
    /// returning it as an error: `Err(exception.into())`.
    ///
    /// # Errors
    /// Usage: the values are not of the tag's type, or the tag or one of them belongs to another
    /// store; Limit: the heap is full.
    pub fn new(mut cx: impl AsContextMut, tag: Tag, values: &[Val]) -> Result<Exception, Error> {
        let ty = tag.ty(&cx)?;
        if values.len() != ty.params.len() {
            let (given, wanted) = (values.len(), ty.params.len());
            return Err(Error::usage(alloc::format!("{given} values, where {wanted} are needed")));
        }
        let core = cx.core_mut();
        let tag = tag.address(core)?;
        let mut slots = room::filled(ty.params.iter().map(|ty| ty.slots()).sum(), 0)?;
        Val::list_into_slots(values, &ty.params, &mut slots, core)?;
        // SAFETY: R1, R10: a tag of this store, and slots as its type says; entries keep what they
        // refer to.
        let bits = unsafe { core.alloc_exception(tag, slots.as_ptr()) };
        let exception = bits.and_then(|bits| Exception::from_bits(bits, core));
        let limit = core.limits().gc_heap_bytes;
        exception.ok_or_else(|| Error::limit("bytes of objects", slots.len() as u64 * 8, limit))
    }
    /// Its tag.
    ///
    /// # Errors
    /// Usage: it belongs to another store.
    pub fn tag(self, cx: &impl AsContext) -> Result<Tag, Error> {
        let (tag, _) = self.contents(cx)?;
        Ok(Tag::from_address(cx.core(), tag))
    }
    /// Its values.
    ///
    /// # Errors
    /// Usage: it belongs to another store.
    pub fn values(self, cx: &impl AsContext) -> Result<Vec<Val>, Error> {
        let (tag, values) = self.contents(cx)?;
        let ty = Tag::from_address(cx.core(), tag).ty(cx)?;
        // SAFETY: R9: a tag of this store.
        let count = unsafe { (*tag).slots } as usize;
        // SAFETY: R9: as many words as the tag says.
        let slots = room::collect((0..count).map(|i| Ok(unsafe { word(values.add(i * 8)) })))?;
        let mut vals = room::collect(ty.params.iter().map(|&ty| Ok(Val::default_for(ty))))?;
        Val::list_from_slots(&mut vals, &ty.params, &slots, cx.core());
        Ok(vals)
    }
    /// Whether both are the same exception, thrown however often.
    ///
    /// # Errors
    /// Usage: one belongs to another store.
    pub fn ref_eq(self, other: Exception, cx: &impl AsContext) -> Result<bool, Error> {
        let core = cx.core();
        Ok(self.bits(core)? == other.bits(core)?)
    }
    fn contents(self, cx: &impl AsContext) -> Result<(*const TagObject, *const u8), Error> {
        let bits = self.bits(cx.core())?;
        // SAFETY: R9: an exception of this store, which is lent.
        Ok(unsafe { contents(bits) })
    }
}

impl Tag {
    /// The type: the values of its exceptions are the parameters.
    ///
    /// # Errors
    /// Usage: the tag belongs to another store.
    pub fn ty(&self, cx: &impl AsContext) -> Result<FuncType, Error> {
        let core = cx.core();
        let id = self.object(cx)?.ty;
        let ty = core.registry.get(id).func().cloned();
        ty.ok_or_else(|| Error::usage("not the type of a tag"))
    }
}
