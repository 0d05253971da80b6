//! Execution (spec §4): the machine and its handlers, running, instantiation.

pub mod arrays;
pub mod atomic;
pub mod bulk;
pub mod call;
pub mod compiled;
pub mod const_expr;
#[cfg(feature = "counting")]
pub mod counting;
pub mod descriptors;
pub mod frames;
pub mod gates;
pub mod gc;
pub mod gc_table;
pub mod instantiate;
pub mod machine;
pub mod numbers;
pub mod pairs;
pub mod parallel;
pub mod resume;
pub mod roots;
pub mod run;
pub mod simd;
pub mod slow;
pub mod table;
pub mod unwind;
pub mod vector;
