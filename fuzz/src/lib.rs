//! What is fuzzed. A target takes bytes, from the driver's seeds or from libFuzzer, and tells what
//! it did with them, or what is wrong.

mod data;
mod generate;
#[path = "../../tests/peer/random.rs"]
mod random;
#[path = "../../spec-tests/twin.rs"]
mod rewrite;
mod run;
mod self_check;
mod value;
mod verdict;
#[cfg(feature = "wasmtime")]
mod wasmtime_peer;

pub use data::input;
pub use random::Random;
use std::fmt;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Done {
    /// There is nothing to compare: why.
    Skipped(&'static str),
    /// Both accept the module, or rejected it.
    Accepted,
    Rejected,
    /// Both ran, with this many calls compared.
    Ran(u32),
    /// One of them reached a limit, after this many calls that agreed.
    Limited(u32),
}

/// Something is wrong: what, and the module that shows it.
pub struct Finding {
    pub what: String,
    pub module: Vec<u8>,
}
impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.what, self.module.len())
    }
}

pub type Outcome = Result<Done, Finding>;
pub type Target = fn(&[u8]) -> Outcome;

/// The targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("validate", verdict::validate),
    ("configs", self_check::configs),
    ("twin", self_check::twin),
    ("steps", self_check::steps),
    #[cfg(feature = "wasmtime")]
    ("differential", wasmtime_peer::differential),
];

/// A digest of what a module does, for comparing builds: the same on both back ends.
pub fn digest(data: &[u8]) -> u64 {
    self_check::digest(data)
}

/// For libFuzzer: a finding is a panic.
pub fn check(target: Target, data: &[u8]) {
    if let Err(finding) = target(data) {
        panic!("{finding:?}: {:02x?}", finding.module);
    }
}
