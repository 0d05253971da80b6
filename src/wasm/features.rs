//! The proposals that can be switched at run time.

use core::fmt;

/// A proposal: a name and a bit in [`Features`].
macro_rules! features {
    ($($(#[$doc:meta])* $constant:ident $method:ident $text:literal $bit:literal;)*) => {
        /// A set of proposals; the default is WebAssembly 3.0 and the finished proposals after it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Features(u32);

        impl Features {
            $( $(#[$doc])* pub const $constant: Features = Features(1 << $bit); )*
            /// Everything that is known.
            pub const ALL: Features = Features(0 $(| 1 << $bit)*);
            /// Names and sets of one, in the order of the specification's history.
            pub const LIST: &'static [(&'static str, Features)] =
                &[$( ($text, Features::$constant), )*];
            $( $(#[$doc])* #[inline] pub const fn $method(self) -> bool {
                self.contains(Features::$constant)
            } )*
        }
    };
}
features! {
    /// Import and export of mutable globals.
    MUTABLE_GLOBALS mutable_globals "mutable-globals" 0;
    /// Conversions that saturate.
    SATURATING_FLOAT_TO_INT saturating_float_to_int "saturating-float-to-int" 1;
    /// `i32.extend8_s` and its kin.
    SIGN_EXTENSION sign_extension "sign-extension" 2;
    /// Several results, and blocks with parameters.
    MULTI_VALUE multi_value "multi-value" 3;
    /// `memory.copy`, passive segments and their kin.
    BULK_MEMORY bulk_memory "bulk-memory" 4;
    /// `externref`, several tables, `table.get` and its kin.
    REFERENCE_TYPES reference_types "reference-types" 5;
    /// 128-bit vectors.
    SIMD simd "simd" 6;
    /// Vector instructions whose results may differ between machines.
    RELAXED_SIMD relaxed_simd "relaxed-simd" 7;
    /// `return_call` and its kin.
    TAIL_CALL tail_call "tail-call" 8;
    /// Arithmetic in constant expressions.
    EXTENDED_CONST extended_const "extended-const" 9;
    /// Several memories.
    MULTI_MEMORY multi_memory "multi-memory" 10;
    /// Memories and tables with 64-bit addresses.
    MEMORY64 memory64 "memory64" 11;
    /// Tags, `throw`, `try_table`.
    EXCEPTIONS exceptions "exceptions" 12;
    /// `(ref $t)`, `call_ref` and their kin.
    FUNCTION_REFERENCES function_references "function-references" 13;
    /// Structures, arrays, `i31`, recursive types.
    GC gc "gc" 14;
    /// Shared memories and atomic accesses.
    THREADS threads "threads" 15;
    /// 128-bit sums and products.
    WIDE_ARITHMETIC wide_arithmetic "wide-arithmetic" 16;
    /// Memories with pages of one byte.
    CUSTOM_PAGE_SIZES custom_page_sizes "custom-page-sizes" 17;
    /// Import sections that name a module once.
    COMPACT_IMPORTS compact_imports "compact-imports" 18;
    /// `try`, `catch`, `rethrow`, `delegate`.
    LEGACY_EXCEPTIONS legacy_exceptions "legacy-exceptions" 19;
    /// Exact types, and structures with descriptors; not finished.
    CUSTOM_DESCRIPTORS custom_descriptors "custom-descriptors" 20;
}

impl Features {
    /// Nothing beyond the first draft of WebAssembly 1.0.
    pub const NONE: Features = Features(0);
    /// WebAssembly 1.0.
    pub const MVP: Features = Features(1);
    /// WebAssembly 3.0.
    pub const WASM3: Features = Features((1 << 15) - 1);

    /// Whether all of `other` is on.
    #[inline]
    pub const fn contains(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }
    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }
    /// This set without the other.
    #[must_use]
    pub const fn without(self, other: Features) -> Features {
        Features(self.0 & !other.0)
    }
    /// Switches the proposal of this name; `false` if there is none.
    pub fn set(&mut self, name: &str, on: bool) -> bool {
        let Some(&(_, bit)) = Self::LIST.iter().find(|(text, _)| *text == name) else {
            return false;
        };
        *self = if on { self.union(bit) } else { self.without(bit) };
        true
    }
    /// The names of all proposals.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::LIST.iter().map(|(name, _)| *name)
    }
    /// The name of a set of one.
    pub(crate) fn name(self) -> &'static str {
        Self::LIST.iter().find(|(_, bit)| *bit == self).map_or("", |(name, _)| name)
    }
}
impl Default for Features {
    fn default() -> Features {
        Features::ALL.without(Features::CUSTOM_DESCRIPTORS)
    }
}
impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(Self::LIST.iter().filter(|(_, bit)| self.contains(*bit)).map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        let mut features = Features::MVP;
        assert!(!features.simd());
        assert!(features.set("simd", true) && features.simd());
        assert!(features.set("simd", false) && features == Features::MVP);
        assert!(!features.set("no-such-proposal", true));
        assert_eq!(Features::names().count(), 21);
        assert_eq!(Features::GC.name(), "gc");
        assert!(Features::default().gc() && !Features::default().custom_descriptors());
        assert!(Features::WASM3.gc() && !Features::WASM3.threads());
    }
}
