//! The local account under load: many clients at once, over HTTP as the SDKs do, some of which hang up, repeat themselves,
//! stop what they started, retry what failed, get in each other's way, or fill the disk.
//!
//! In small form here; `STEPLINE_CLIENTS=1000 STEPLINE_EXECUTIONS=10000` are the full numbers (docs/robustness.md).

mod client;
mod disk;
mod executions;
mod invocations;
mod pipelines;
mod volume;
mod world;
