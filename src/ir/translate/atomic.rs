//! Atomic instructions, and what is special about memories that are shared.

use super::*;
use crate::wasm::ops::AtomicKind;

impl<B: Backend> Translator<'_, B> {
    /// Whether other threads may access a memory: then its loads and stores are other ones.
    #[inline]
    pub(super) fn is_shared(&self, memory: u32) -> bool {
        self.cx.memories.get(memory as usize).is_some_and(|ty| ty.shared)
    }
    /// Whether an access has the short form: of memory 0, not shared, an offset of 32 bits.
    #[inline]
    pub(super) fn is_near(&self, memory: u32, offset: u64) -> bool {
        memory == 0 && offset <= emit::MAX_NEAR && !self.is_shared(0)
    }
    /// The other form of an address, whose operand is in a slot.
    pub(super) fn far_form(&self, memory: u32, place: Place) -> AddressForm {
        let form = if self.is_shared(memory) { AddressForm::Shared } else { AddressForm::Memory };
        form(place)
    }

    /// An atomic access: all operands from their slots, the result into the first.
    pub(super) fn atomic_access(&mut self, op: AtomicOp, arg: MemArg) -> Result<(), Error> {
        let value = Ty::num(op.ty());
        let (operands, result) = match op.kind() {
            AtomicKind::Notify => (2, Some(Ty::I32)),
            AtomicKind::Wait => (3, Some(Ty::I32)),
            AtomicKind::Load => (1, Some(value)),
            AtomicKind::Store => (2, None),
            AtomicKind::Cmpxchg => (3, Some(value)),
            _ => (2, Some(value)),
        };
        let slot = self.take_slots(operands)?;
        let MemArg { memory, offset, .. } = arg;
        self.out.traps();
        self.out.list(|| format!("{} [{slot}] memory {memory} +{offset}", op.text()));
        self.out.begin(B::atomic(op));
        self.out.slot(slot);
        self.out.u16(0);
        self.out.u32(memory);
        self.out.u64(offset);
        self.out.end();
        self.results_in_slots(slot, result.as_slice())
    }
    /// Accesses before the fence are done before it.
    pub(super) fn fence(&mut self) -> Result<(), Error> {
        self.settle_ordered()?;
        self.fixed(Fixed::Fence);
        Ok(())
    }
}
