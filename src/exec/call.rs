//! Calls from the host.
#![allow(unsafe_code)]

use super::run::{self, Exit, host_entry, invoke};
use crate::rt::error::Error;
use crate::rt::layout::{FuncData, MemoryData, StoreData};
use crate::rt::store::Store;
use crate::wasm::trap::Trap;
use alloc::vec::Vec;
use core::ptr;

/// Calls a function with its arguments in `slots`, where its results go.
///
/// # Errors
/// What the function ends with.
///
/// # Safety
/// `store` is live and lent (R1, R6), `func` belongs to it, the arguments are of its types, and
/// `slots` has room for the parameters and for the results.
pub unsafe fn call(
    store: *mut StoreData,
    func: *const FuncData,
    slots: &mut [u64],
) -> Result<(), Error> {
    // SAFETY: R1, R6: promised by the caller.
    unsafe {
        debug_assert!(slots.len() >= (*func).shape.slots(), "R6");
        let depth = (*store).depth.get();
        if depth == 0 && (*store).stack_limit.get().is_null() {
            (*store.cast::<Store>()).make_stack()?;
        }
        if depth >= (*store.cast::<Store>()).limits().host_call_depth {
            return Err(Trap::StackExhausted.into());
        }
        (*store).depth.set(depth + 1);
        let result = if ptr::eq((*func).entry, host_entry()) {
            let done = ((*store).host_call)(store, func, (*func).instance, slots.as_mut_ptr());
            if done { Ok(()) } else { Err(Exit::Host { backtrace: Vec::new() }) }
        } else {
            invoke(store, func, slots)
        };
        (*store).depth.set(depth);
        result.map_err(|exit| exit.into_error(&mut *store.cast::<Store>()))
    }
}

/// Grows a memory; the old size in pages, or `None`. If the memory moves, so does what the frames
/// of active functions know of it.
///
/// # Safety
/// `store` is live and lent (R1, R6), and the memory belongs to it.
pub unsafe fn grow_memory(
    store: *mut StoreData,
    memory: *const MemoryData,
    pages: u64,
) -> Option<u64> {
    // SAFETY: R1, R6: promised by the caller.
    unsafe {
        let before = (*memory).base.get();
        let old = (*store.cast::<Store>()).grow_memory(memory, pages).ok()?;
        let after = (*memory).base.get();
        if before != after {
            run::rebase(store, before, after);
        }
        Some(old)
    }
}
