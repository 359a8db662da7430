//! The decisions: what to do about an image, from what is known of it. Pure: no call to AWS, no clock, no environment.
//!
//! - `wanted`: which rules want an image.
//! - `examine`: whether it is an image that can run, and which manifest a rule runs.
//! - `untagged`: whether an image without a tag is complete in itself, or part of an index.
//! - `execution`: the name and the input of the execution that runs it.

mod examine;
mod execution;
mod untagged;
mod wanted;

pub(crate) use examine::{Described, Runnable, choose, describe};
pub(crate) use execution::Image;
pub(crate) use untagged::{has_no_tag, has_settled, indexes_since};
pub(crate) use wanted::{Candidate, Numbered, Subject, candidates};
