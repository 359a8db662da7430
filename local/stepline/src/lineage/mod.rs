//! `stepline lineage`: from a model, a deployment or a commit to everything that it was made of, and to where it serves.
//!
//! The registry has a model's links: what `Register` in statemachine/training-pipeline.asl.json and the deployment write
//! into the package's metadata, and the whole record in S3 that the metadata points to. `find` finds the packages that a
//! person means, `follow` looks at the other end of each link and notes whether it says the same. Nothing is kept a
//! second time, and nothing is written. All questions go through one narrow port, [`Calls`].

mod calls;
mod display;
mod error;
mod find;
mod follow;
mod record;
mod service;
mod trace;
mod values;

pub use calls::Calls;
pub use error::LineageError;
pub use record::{Deployment, Link, Record, Replacement, Topic, Verdict};

/// The records of what `text` names, the newest first: one, or as many as models were made of a commit. `group` is the
/// environment's model package group.
///
/// # Errors
/// Nothing is there that was named, or AWS does not answer who asks. A link that is broken is no error: the record says
/// so.
pub async fn trace(calls: &dyn Calls, group: &str, text: &str) -> Result<Vec<Record>, LineageError> {
    let mut records = Vec::new();
    for package in find::find(calls, group, text).await? {
        records.push(follow::follow(calls, &package).await);
    }
    Ok(records)
}
