//! The types of states, one file for each, and what only one of them has.

pub(super) mod choice;
mod comparison;
mod distributed;
pub(super) mod fail;
mod map;
mod parallel;
pub(super) mod pass;
mod resource;
mod task;
pub(super) mod wait;

pub use distributed::ItemSource;
pub(crate) use distributed::{Distributed, Outcome};
pub(crate) use map::{Limits, Map};
pub(crate) use parallel::Parallel;
pub use resource::{Integration, Pattern};
pub(crate) use task::{Task, TaskCall};
