//! What the guests of a store may use.

/// What the guests of a store may use, all of them together.
///
/// Growth beyond a limit fails as the specification says (`memory.grow` gives -1); what cannot be
/// allocated at all is an error of kind `Limit`, or a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all memories.
    pub memory_bytes: u64,
    /// Elements of all tables.
    pub table_elements: u64,
    /// Bytes of the heap that structures, arrays and exceptions lie in.
    pub gc_heap_bytes: u64,
    /// Instances.
    pub instances: u64,
    /// Memories, those of the host included.
    pub memories: u64,
    /// Tables, those of the host included.
    pub tables: u64,
    /// Bytes of the value stack: parameters, locals and operands of all functions that are active.
    pub stack_bytes: u64,
    /// How deep calls from the host into guests may be nested: each takes some native stack.
    pub host_call_depth: u32,
}
impl Limits {
    /// What the stores of a deterministic engine begin with: no limit is beyond what a machine of
    /// today can give.
    pub const DETERMINISTIC: Limits = Limits {
        memory_bytes: 4 << 30,
        table_elements: 10_000_000,
        gc_heap_bytes: 4 << 30,
        instances: 1_000_000,
        memories: 1_000_000,
        tables: 1_000_000,
        stack_bytes: DEFAULT_STACK_BYTES,
        host_call_depth: 200,
    };
}
impl Default for Limits {
    fn default() -> Limits {
        Limits { memory_bytes: u64::MAX, ..Limits::DETERMINISTIC }
    }
}

/// Room for some 60,000 frames of small functions.
pub const DEFAULT_STACK_BYTES: u64 = 8 << 20;
