//! Executions that are paused: a stack of their own, and the machine's registers.
#![allow(unsafe_code)]

use super::error::Error;
use super::layout::{FuncData, Registers};
use super::room;
use super::stack::ValueStack;
use super::store::Store;
use crate::wasm::sync::Lock;
use alloc::sync::Arc;
use core::ptr;

/// An execution that does not run.
#[derive(Debug)]
pub struct Paused {
    /// Its stack, which begins with its landing place.
    pub stack: ValueStack,
    /// The instruction to go on with.
    pub ip: *const u8,
    /// Its frame.
    pub fp: *mut u64,
    /// What the machine's registers hold.
    pub registers: Registers,
    /// Above the last slot that is in use.
    pub top: *mut u64,
    /// How often memories had moved when it stopped.
    pub moves: u64,
    /// The function that was called.
    pub func: *const FuncData,
    /// The host function that has suspended it, and the slots of its results.
    pub suspended: Option<(*const FuncData, *mut u64)>,
}
// SAFETY: R12: what it points to is its own, or belongs to its store, and is followed only while
// that is lent.
unsafe impl Send for Paused {}

/// Where an execution is while it is paused: the embedder has it, and the store knows it.
pub type Place = Lock<Option<Paused>>;

/// A stack that waits for an execution with another stack.
#[derive(Debug)]
pub struct OuterStack {
    /// The stack, if there was one.
    pub stack: Option<ValueStack>,
    /// The top of its frames.
    pub top: *mut u64,
}
// SAFETY: R4: the top points into the stack, which is owned.
unsafe impl Send for OuterStack {}
// SAFETY: R4: as above; nothing changes through a shared reference.
unsafe impl Sync for OuterStack {}

impl Store {
    /// A stack for an execution of its own: the store's, if nobody is on it.
    ///
    /// # Errors
    /// Limit: there is not that much memory.
    pub fn take_stack(&mut self) -> Result<ValueStack, Error> {
        if self.head.depth.get() == 0
            && let Some(stack) = self.stack.take()
        {
            self.set_stack(None, ptr::null_mut());
            return Ok(stack);
        }
        let bytes = self.limits().stack_bytes;
        ValueStack::new(bytes).ok_or_else(|| Error::limit("bytes of value stack", bytes, 0))
    }
    /// Goes over to the stack of an execution.
    ///
    /// # Errors
    /// Limit: there is no memory to note the one from before.
    pub fn enter_stack(&mut self, stack: ValueStack, top: *mut u64) -> Result<(), Error> {
        let outer_top = self.head.stack_top.get();
        room::reserve(&mut self.outer_stacks, 1)?;
        self.outer_stacks.push(OuterStack { stack: self.stack.take(), top: outer_top });
        self.set_stack(Some(stack), top);
        Ok(())
    }
    /// Goes back to the stack from before; gives that of the execution.
    pub fn leave_stack(&mut self) -> Option<ValueStack> {
        let inner = self.stack.take();
        if let Some(outer) = self.outer_stacks.pop() {
            self.set_stack(outer.stack, outer.top);
        }
        inner
    }
    /// Takes over the stack of an execution that has ended, if there is none.
    pub fn give_stack(&mut self, stack: ValueStack) {
        let as_large = stack.bytes() == self.limits().stack_bytes / 8 * 8;
        if self.head.depth.get() == 0 && self.stack.is_none() && as_large {
            let start = stack.start();
            self.set_stack(Some(stack), start);
        }
    }
    fn set_stack(&mut self, stack: Option<ValueStack>, top: *mut u64) {
        self.head.set_stack_limit(stack.as_ref().map_or(ptr::null_mut(), ValueStack::limit));
        self.head.stack_top.set(top);
        self.stack = stack;
    }
    /// A place for an execution: what it refers to stays alive as long as the place.
    ///
    /// # Errors
    /// Limit: there is no memory to note it.
    #[cfg_attr(not(feature = "small"), inline(never))]
    pub fn add_paused(&mut self, paused: Paused) -> Result<Arc<Place>, Error> {
        if self.paused.len() == self.paused.capacity() {
            self.paused.retain(|place| place.strong_count() > 0);
            if self.paused.len() >= self.paused.capacity() / 2 {
                let more = self.paused.len() + 1;
                room::reserve(&mut self.paused, more)?;
            }
        }
        let place = Arc::new(Lock::new(Some(paused)));
        self.paused.push(Arc::downgrade(&place));
        Ok(place)
    }
}
