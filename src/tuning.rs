//! Every optimisation switch and size constant, in one place.

/// Less code instead of speed: handlers take their operands from slots, and there is one for each
/// instruction that needs one.
pub const SMALL: bool = cfg!(feature = "small");
/// Whether the translator can write its instructions as text, which takes much of its code. Where
/// everything is to be small, only the command and a counting build ask for it.
pub const LISTINGS: bool = !SMALL || cfg!(any(feature = "cli", feature = "counting"));
/// Integer registers, and as many for floats, that values are kept in, where there are any.
pub const REGISTERS: usize = 4;
/// How many of them are used outside of loops, where values do not stay long: the fewer, the fewer
/// different handlers run, and the more of those are in the cache.
pub const REGISTERS_OUTSIDE: usize = 2;
/// Integer (and as many float) locals that a loop without calls keeps in fixed registers.
pub const PINNED_LOCALS: usize = 3;
/// What part of all uses of locals in the loop has to be of one for that: one in so many.
pub const PINNED_SHARE: u32 = 8;
/// Operands that may be pending on the symbolic stack before the older ones are written out.
pub const PENDING_OPERANDS: usize = 64;
/// Slots of locals that instructions reach directly; further ones cost a move.
pub const NEAR_LOCAL_SLOTS: usize = 16_000;
/// The last slot that an instruction reaches directly.
pub const LAST_NEAR_SLOT: i32 = 32_700;
/// Frames in the backtrace of a trap; deeper ones are counted only.
pub const BACKTRACE_FRAMES: usize = 64;
/// Bytes that the heap asks the system for at once; a power of two.
pub const GC_CHUNK_BYTES: usize = 256 << 10;
/// Bytes that hold cells of one size.
pub const GC_BLOCK_BYTES: usize = 16 << 10;
/// Bytes to allocate before the first collection, and at least between two.
pub const GC_FIRST_BYTES: u64 = 2 << 20;
/// Objects on the list of what is reached and still to be scanned. If there are more, they are
/// found by looking through the heap.
pub const GC_MARK_LIST: usize = 1 << 20;
/// In the stress mode of the heap: it is collected whenever this part of what is alive has been
/// allocated, which is at every allocation as long as some kilobytes are alive.
pub const GC_STRESS: u64 = 1024;
/// Bytes that an instruction fills, copies or allocates for one unit of fuel, beyond its own.
pub const BYTES_PER_FUEL: u64 = 64;
/// How many memories, and how many value stacks, are kept by the process for the next ones.
pub const SPARES: usize = 8;
/// A larger memory is in huge pages, as far as the system has some. Many programs have as much that
/// hardly use any of it, and a huge page takes a tenth of a millisecond to come.
pub const HUGE_PAGES_ABOVE_BYTES: usize = 16 << 20;
/// Bytes of each of those memories that stay in the process; the rest goes back to the system.
pub const SPARE_MEMORY_BYTES: usize = 64 << 10;
/// The same of the stacks; whole pages everywhere.
pub const SPARE_STACK_BYTES: usize = 16 << 10;
