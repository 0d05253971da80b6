//! Why an execution can end in a trap (spec §4.2.1), with the words of the specification's tests.

macro_rules! traps { ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
    /// The cause of a trap.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(u8)]
    #[non_exhaustive]
    pub enum Trap { $($(#[$doc])* $name,)* }
    impl Trap {
        /// Every cause, in the order of its code.
        pub const ALL: &'static [Trap] = &[$(Trap::$name,)*];
        /// The message, as the specification's tests word it.
        pub const fn message(self) -> &'static str { match self { $(Trap::$name => $text,)* } }
        /// The cause with this code, if there is one.
        pub fn from_code(code: u8) -> Option<Trap> { Self::ALL.get(usize::from(code)).copied() }
    }
} }
traps! {
    /// `unreachable` was executed.
    Unreachable "unreachable";
    /// Integer division or remainder by zero.
    IntegerDivideByZero "integer divide by zero";
    /// The quotient or the converted number does not fit.
    IntegerOverflow "integer overflow";
    /// A NaN was converted to an integer.
    InvalidConversionToInteger "invalid conversion to integer";
    /// An access outside a memory.
    MemoryOutOfBounds "out of bounds memory access";
    /// An access outside a table.
    TableOutOfBounds "out of bounds table access";
    /// `call_indirect` with an index outside its table.
    UndefinedElement "undefined element";
    /// `call_indirect` through a null entry.
    UninitializedElement "uninitialized element";
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch "indirect call type mismatch";
    /// The value stack or the call depth is used up.
    StackExhausted "call stack exhausted";
    /// The fuel is used up.
    OutOfFuel "all fuel consumed";
    /// The execution was interrupted from outside.
    Interrupted "interrupted";
    /// A null reference where a value was needed.
    NullReference "null reference";
    /// `call_ref` of a null reference.
    NullFunctionReference "null function reference";
    /// `i31.get` of a null reference.
    NullI31 "null i31 reference";
    /// An access to a field of a null reference.
    NullStructure "null structure reference";
    /// An access to an element of a null reference.
    NullArray "null array reference";
    /// `throw_ref` of a null reference.
    NullException "null exception reference";
    /// `ref.cast` to a type that the value has not.
    CastFailure "cast failure";
    /// An access outside an array.
    ArrayOutOfBounds "out of bounds array access";
    /// An atomic access to an address that is not aligned.
    UnalignedAtomic "unaligned atomic";
    /// `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory "expected shared memory";
    /// A wait for other threads, in a build that has none.
    WaitUnsupported "waiting is not supported";
    /// An object larger than the implementation or its limits allow.
    AllocationTooLarge "allocation size too large";
    /// An import that `--unknown-imports=trap` or `Linker::missing_as_traps` stands in for.
    MissingImport "called a missing import";
    /// A function body that is not valid, in a module that was loaded all the same.
    InvalidFunction "called an invalid function";
    /// A null reference where a descriptor was needed.
    NullDescriptor "null descriptor reference";
    /// `ref.cast_desc_eq` of a value with another descriptor.
    DescriptorCastFailure "descriptor cast failure";
}
impl core::fmt::Display for Trap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}
