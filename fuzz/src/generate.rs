//! Modules out of bytes.

use arbitrary::{Result, Unstructured};
use wasm_smith::{Config, Module};

/// Instructions that a module may execute until it traps, in loops and calls.
const TERMINATION: u32 = 1000;

/// How a module is made.
#[derive(Clone, Copy)]
pub struct Shape {
    /// NaNs are made canonical by code in the module.
    pub canonical: bool,
    pub threads: bool,
    /// Groups of imports, which not everybody has.
    pub compact_imports: bool,
}

/// A module that ends, exports all it has, and imports what is easily made.
pub fn runnable(u: &mut Unstructured<'_>, shape: Shape) -> Result<Vec<u8>> {
    let mut config = Config {
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_table_elements: 1000,
        max_memories: 3,
        max_tables: 3,
        min_funcs: 3,
        max_funcs: 8,
        max_imports: if u.ratio(1, 2)? { 0 } else { 4 },
        max_globals: 8,
        max_tags: 3,
        max_types: 8,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 8,
        max_instructions: 20 << u.int_in_range(0..=5)?,
        export_everything: true,
        allow_start_export: u.ratio(1, 8)?,
        disallow_traps: u.ratio(3, 4)?,
        canonicalize_nans: shape.canonical,
        threads_enabled: shape.threads,
        compact_imports_enabled: shape.compact_imports,
        custom_page_sizes_enabled: u.ratio(1, 4)?,
        wide_arithmetic_enabled: true,
        relaxed_simd_enabled: u.ratio(1, 4)?,
        simd_enabled: u.ratio(1, 2)?,
        gc_enabled: u.ratio(2, 3)?,
        exceptions_enabled: u.ratio(1, 2)?,
        memory64_enabled: u.ratio(1, 3)?,
        ..Config::default()
    };
    config.relaxed_simd_enabled &= config.simd_enabled;
    let mut module = Module::new(config, u)?;
    if module.ensure_termination(TERMINATION).is_err() {
        return Err(arbitrary::Error::IncorrectFormat);
    }
    Ok(module.to_bytes())
}

/// Any module, which need not end.
pub fn any(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = Config {
        exceptions_enabled: u.arbitrary()?,
        gc_enabled: u.arbitrary()?,
        custom_page_sizes_enabled: u.arbitrary()?,
        wide_arithmetic_enabled: true,
        generate_custom_sections: u.ratio(1, 8)?,
        max_memories: 4,
        max_tables: 4,
        max_funcs: 10,
        max_types: 30,
        max_imports: 10,
        max_globals: 10,
        max_instructions: 20 << u.int_in_range(0..=5)?,
        ..Config::default()
    };
    Ok(Module::new(config, u)?.to_bytes())
}

/// Damages a module: a few bytes are changed, cut, or repeated.
pub fn damage(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    for _ in 0..u.int_in_range(1..=3)? {
        if bytes.len() < 10 {
            return Ok(());
        }
        let at = u.int_in_range(8..=bytes.len() - 1)?;
        match u.int_in_range(0..=6)? {
            0 => bytes[at] = u.arbitrary()?,
            1 => bytes[at] = bytes[at].wrapping_add(1),
            2 => bytes[at] = bytes[at].wrapping_sub(1),
            3 => bytes[at] ^= 1 << u.int_in_range(0..=7)?,
            4 => drop(bytes.remove(at)),
            5 => bytes.insert(at, u.arbitrary()?),
            _ => {
                let from = u.int_in_range(8..=bytes.len() - 1)?;
                bytes[at] = bytes[from];
            }
        }
    }
    Ok(())
}
