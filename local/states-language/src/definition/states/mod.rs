//! The types of states: a file for each. Beside them stand parts that only one type has.

pub(super) mod choice;
mod comparison;
mod distributed;
pub(super) mod fail;
pub(super) mod map;
mod offered;
pub(crate) mod optimized;
pub(super) mod parallel;
pub(super) mod pass;
mod resource;
pub(super) mod task;
pub(super) mod wait;

pub use distributed::ItemSource;
pub(crate) use distributed::{Distributed, Manifest, Outcome, Read, Reader, S3Object};
pub(crate) use map::{Limits, Map};
pub(crate) use parallel::Parallel;
pub(crate) use resource::parse as integration;
pub use resource::{Integration, Pattern};
pub(crate) use task::{Task, TaskCall};
pub(crate) use wait::Wait;
