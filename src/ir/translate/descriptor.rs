//! Descriptors (proposal custom-descriptors): rare enough that most are functions of their own.

use super::gc::Gc;
use super::stack::{Ty, Value};
use super::{Error, Translator};
use crate::ir::backend::{Backend, SlowOp};
use crate::wasm::instr::UnOp;
use crate::wasm::object::DESCRIPTOR;
use crate::wasm::ops::{LoadOp, OtherOp};

impl<B: Backend> Translator<'_, B> {
    /// Instructions of `Sink::gc` that make or look at descriptors.
    pub(super) fn descriptor_instruction(&mut self, op: OtherOp, ty: u32) -> Result<(), Error> {
        match op {
            OtherOp::StructNewDesc => {
                let fields = self.def(ty)?.layout.fields.len();
                self.slow(SlowOp::StructNewDesc, fields + 1, &[Ty::Ref], ty, 0)
            }
            OtherOp::StructNewDefaultDesc => self.slow(SlowOp::StructNewDesc, 1, &[Ty::Ref], ty, 1),
            OtherOp::RefGetDesc => {
                self.check_non_null()?;
                let of = self.pop_one()?;
                let word = Gc::Field { op: LoadOp::I64Load, offset: DESCRIPTOR, of };
                self.push(Value::Gc(word), Ty::Ref)
            }
            OtherOp::RefCastDescEq => self.slow(SlowOp::RefCastDescEq, 2, &[Ty::Ref], 0, 0),
            OtherOp::RefCastDescEqNull => self.slow(SlowOp::RefCastDescEq, 2, &[Ty::Ref], 1, 0),
            op => Err(self.unsupported(op.text())),
        }
    }
    /// Replaces the descriptor above a reference by whether it is the reference's own, or (`not`)
    /// whether it is not.
    pub(super) fn test_descriptor(&mut self, nullable: bool, not: bool) -> Result<(), Error> {
        self.slow(SlowOp::RefTestDescEq, 2, &[Ty::Ref, Ty::I32], u32::from(nullable), 0)?;
        if not {
            let passes = self.pop_one()?;
            self.push(Value::Un(UnOp::I32Eqz, passes), Ty::I32)?;
        }
        Ok(())
    }
}
