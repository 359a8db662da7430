//! Pages beside the reference.

/// Where this differs from AWS, and why.
#[doc = include_str!("docs/differences.md")]
pub mod differences {}

/// How JSONata is evaluated, and what differs from the version that AWS names.
#[doc = include_str!("docs/jsonata.md")]
pub mod jsonata {}

/// How fast it is, and why.
#[doc = include_str!("docs/performance.md")]
pub mod performance {}
