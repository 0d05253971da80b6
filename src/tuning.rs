//! Every optimisation switch and size constant, in one place.

/// Integer (and as many float) locals that a loop without calls keeps in fixed registers.
pub const PINNED_LOCALS: usize = 2;
/// Operands that may be pending on the symbolic stack before the older ones are written out.
pub const PENDING_OPERANDS: usize = 64;
/// Slots of locals that instructions reach directly; further ones cost a move.
pub const NEAR_LOCAL_SLOTS: usize = 16_000;
/// The last slot that an instruction reaches directly.
pub const LAST_NEAR_SLOT: i32 = 32_700;
/// Frames in the backtrace of a trap; deeper ones are counted only.
pub const BACKTRACE_FRAMES: usize = 64;
/// Words that the exceptions of a store may take.
pub const EXCEPTION_WORDS: usize = 32 << 20;
