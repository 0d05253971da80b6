//! Operations on descriptors that are functions of their own (proposal custom-descriptors).
#![allow(unsafe_code)]

use super::arrays::{def, slow};
use super::slow::{Code, code};
use crate::rt::gc::object::{put, set_word, type_of, word};
use crate::rt::layout::InstanceData;
use crate::rt::store::Store;
use crate::wasm::object::{DESCRIPTOR, Field};
use crate::wasm::trap::Trap;

/// Bits of a reference that is no object.
const IMMEDIATE: u64 = 3;

/// Whether the descriptor of an internal reference is this one; null passes if it may.
unsafe fn has_descriptor(bits: u64, descriptor: u64, nullable: bool) -> Result<bool, Trap> {
    if descriptor == 0 {
        return Err(Trap::NullDescriptor);
    }
    if bits == 0 || bits & IMMEDIATE != 0 {
        return Ok(bits == 0 && nullable);
    }
    let object = bits as *const u8;
    // SAFETY: R9: a structure or array; the type says whether there is a descriptor.
    unsafe {
        Ok(type_of(object).descriptor.is_some()
            && word(object.add(DESCRIPTOR as usize)) == descriptor)
    }
}

slow! {
    /// struct.new_desc, struct.new_default_desc: the descriptor is the last operand.
    fn struct_new_desc(i, s, ty, default) {
        let ty = def(i, ty);
        let fields = if default == 0 { &*ty.layout.fields } else { &[] };
        let descriptor = s.add(fields.iter().map(|field: &Field| field.slots()).sum());
        if *descriptor == 0 {
            return Err(Trap::NullDescriptor);
        }
        let store = (*i).store.cast::<Store>();
        let object = (*store).alloc_struct(ty).ok_or(Trap::AllocationTooLarge)?;
        set_word(object.add(DESCRIPTOR as usize), *descriptor);
        let mut slot = s;
        for field in fields {
            put(object.add(field.offset as usize), field.size_log2, slot);
            slot = slot.add(field.slots());
        }
        *s = object as u64;
        Ok(())
    }
    /// ref.cast_desc_eq
    fn ref_cast_desc_eq(i, s, nullable, b) {
        if has_descriptor(*s, *s.add(1), nullable != 0)? {
            Ok(())
        } else {
            Err(Trap::DescriptorCastFailure)
        }
    }
    /// The test of br_on_cast_desc_eq: its result takes the place of the descriptor.
    fn ref_test_desc_eq(i, s, nullable, b) {
        *s.add(1) = u64::from(has_descriptor(*s, *s.add(1), nullable != 0)?);
        Ok(())
    }
}
