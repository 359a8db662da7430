//! What all kinds of jobs have in common: their records, how they run, and where.
//!
//! A job's image is pulled from the local ECR as the job's role. If a container engine answers, the job runs in a
//! container of that image (`contained`). Else it runs as a process (`process`): the image's files are then at their own
//! paths, if the machine allows that. A note in the journal says which way it ran.

mod contained;
mod end;
mod files;
mod image;
mod mounts;
mod place;
mod process;
mod record;
mod run;
mod store;
mod work;

use super::tags::Tag;
pub(super) use end::{End, LONGEST, Outcome, cut};
pub(super) use files::{Files, Source, bucket_and_key};
pub(super) use image::{Settings, find as find_image};
use jiff::Timestamp;
use platform::ServiceError;
pub(super) use record::{Job, Running, Stage, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
pub(super) use store::{ListJobs, Store, may_create};
pub(super) use work::command;

/// What one kind of jobs has of its own. Its values are what the caller asks for in the `Create…Job` operation.
#[async_trait::async_trait]
pub(super) trait Kind: Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static {
    /// The word in names: `Processing` for `ProcessingJobName`.
    const WORD: &'static str;

    /// Whether each stage is told with an event, or only each status.
    const TELLS_STAGES: bool;

    /// What is known of a job beside what is known of all.
    type Found: Clone + Debug + Default + Send + Sync;

    /// No job has this ARN.
    fn missing(arn: &str) -> ServiceError;

    /// A job has this ARN already.
    fn taken(arn: &str) -> ServiceError;

    fn name(&self) -> &str;
    fn role(&self) -> &str;
    fn tags(&self) -> &[Tag];
    fn image(&self) -> &str;

    /// How long the job may run.
    fn seconds(&self) -> u64;

    /// Whether the job asked for no network.
    fn is_isolated(&self) -> bool;

    /// What policies can ask about the job's creation.
    fn conditions(&self) -> Vec<(&'static str, String)>;

    /// Checks what AWS checks before it makes a job, and refuses what the local run does not do.
    fn check(&self) -> Result<(), ServiceError>;

    /// Adds to a description what only this kind of jobs has.
    fn describe(job: &Job<Self>, shown: &mut Value, time: &(dyn Fn(Timestamp) -> Value + Sync));

    /// What the job's command finds in its environment beside credentials and the region.
    fn environment(&self, arn: &str) -> BTreeMap<String, String>;

    /// The job's command: the image's settings, unless the job says otherwise.
    fn command(&self, image: &Settings) -> Vec<String>;

    /// Makes the folders and files that the job finds, and brings its inputs.
    async fn prepare(running: &Running<Self>, files: &Files<'_>) -> Result<(), End>;

    /// The paths of what the job leaves, as far as they are wanted after this outcome.
    fn left(&self, outcome: Outcome) -> Vec<String>;

    /// Takes what the job has left, and says how it ended.
    async fn finish(running: &Running<Self>, files: &Files<'_>, outcome: Outcome) -> End;

    /// Reads along what the job prints.
    fn hear(&self, _found: &mut Self::Found, _line: &str) {}

    /// The numbers that the job has found, for people.
    fn metrics(_found: &Self::Found) -> Vec<(String, f64)> {
        Vec::new()
    }
}
