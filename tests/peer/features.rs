//! The proposals that are switched on for us and for `wasmparser`, and where the two differ on
//! purpose. Also used by the package in fuzz/.

use wasmvm::Features;

/// Sets of proposals, for us and for `wasmparser`.
pub fn sets() -> [(Features, wasmparser::WasmFeatures); 5] {
    use wasmparser::WasmFeatures as F;
    let wasm2 = Features::MUTABLE_GLOBALS
        .union(Features::SATURATING_FLOAT_TO_INT)
        .union(Features::SIGN_EXTENSION)
        .union(Features::MULTI_VALUE)
        .union(Features::BULK_MEMORY)
        .union(Features::REFERENCE_TYPES)
        .union(Features::SIMD);
    let all = F::WASM3
        | F::THREADS
        | F::WIDE_ARITHMETIC
        | F::CUSTOM_PAGE_SIZES
        | F::COMPACT_IMPORTS
        | F::LEGACY_EXCEPTIONS;
    [
        (Features::ALL, all | F::CUSTOM_DESCRIPTORS),
        (Features::default(), all),
        (Features::WASM3, F::WASM3.difference(F::THREADS)),
        (wasm2, F::WASM2),
        (Features::MVP, F::WASM1),
    ]
}

/// Why we reject a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unsupported,
    Malformed,
}

/// Where we reject on purpose what `wasmparser` accepts.
pub fn is_known(kind: Kind, message: &str, offset: usize, bytes: &[u8]) -> bool {
    match kind {
        // Without bulk memory, the flags of an element segment are the index of the only table
        // there can be; `wasmparser` reads flags all the same.
        Kind::Unsupported => message.contains("bulk-memory"),
        // It lets exact function imports into compact groups without their proposal, and reads
        // shared tables, for which there is no grammar, where nothing is imported with that type.
        Kind::Malformed => {
            message == "malformed import kind" && bytes.get(offset) == Some(&0x20)
                || message == "malformed limits flags" && is_of_no_import(offset, bytes)
        }
    }
}
/// Whether limits with the flags 0x03, two numbers, are those of a compact group without imports.
fn is_of_no_import(offset: usize, bytes: &[u8]) -> bool {
    let Some([0x03, numbers @ ..]) = bytes.get(offset..) else { return false };
    let after = |bytes: &[u8]| bytes.iter().position(|byte| *byte < 0x80).map(|last| last + 1);
    let Some(max) = after(numbers) else { return false };
    let Some(count) = after(&numbers[max..]) else { return false };
    numbers.get(max + count) == Some(&0)
}
