//! The limits of this implementation: those of the JavaScript API, so that what runs in a browser
//! runs here (spec appendix §7.3, JS API "Limits").

/// Bytes of a module.
pub const MODULE_BYTES: usize = 1 << 30;
/// Types of a module, those in recursion groups counted one by one.
pub const TYPES: usize = 1_000_000;
/// Recursion groups of a module.
pub const REC_GROUPS: usize = 1_000_000;
/// Types of one recursion group.
pub const TYPES_OF_REC_GROUP: usize = 1_000_000;
/// Declared supertypes above a type.
pub const SUBTYPE_DEPTH: usize = 63;
/// Functions of a module, imports included.
pub const FUNCTIONS: usize = 1_000_000;
/// Imports of a module.
pub const IMPORTS: usize = 1_000_000;
/// Exports of a module.
pub const EXPORTS: usize = 1_000_000;
/// Globals of a module, imports included.
pub const GLOBALS: usize = 1_000_000;
/// Tags of a module, imports included.
pub const TAGS: usize = 1_000_000;
/// Tables of a module, imports included.
pub const TABLES: usize = 100_000;
/// Memories of a module, imports included.
pub const MEMORIES: usize = 100;
/// Data segments of a module.
pub const DATA_SEGMENTS: usize = 100_000;
/// Element segments of a module.
pub const ELEM_SEGMENTS: usize = 100_000;
/// Elements of one element segment.
pub const ELEMENTS: usize = 10_000_000;
/// Parameters of a function or block.
pub const PARAMS: usize = 1_000;
/// Results of a function or block.
pub const RESULTS: usize = 1_000;
/// Bytes of a function body, its locals included.
pub const BODY_BYTES: usize = 7_654_321;
/// Parameters and locals of a function.
pub const LOCALS: usize = 50_000;
/// Fields of a structure.
pub const FIELDS: usize = 10_000;
/// Operands of `array.new_fixed`.
pub const ARRAY_NEW_FIXED: usize = 10_000;
/// Operands on the stack of the validator at once; not in the table, but a call of two bytes can
/// push a thousand.
pub const OPERANDS: usize = 10_000_000;
