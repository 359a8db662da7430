//! Pages beside the reference.

/// Where this differs from AWS, and why.
#[doc = include_str!("docs/differences.md")]
pub mod differences {}

/// How fast it is, and why.
#[doc = include_str!("docs/performance.md")]
pub mod performance {}
