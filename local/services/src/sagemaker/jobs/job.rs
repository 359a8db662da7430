//! A kind of jobs, and the record of one: what was asked for, and how it goes.

use super::end::{End, Outcome};
use super::files::Files;
use super::status::{Stage, Status};
use crate::program::Settings;
use crate::tags::Tag;
use jiff::Timestamp;
use platform::ServiceError;
use platform::input::seconds;
use platform::store::{Changing, Record, Shelf};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use tokio::sync::watch;

/// What one kind of jobs has of its own. Its values are what the caller asks for in the `Create…Job` operation.
#[async_trait::async_trait]
pub(crate) trait Kind: Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static {
    /// The word in names: `Processing` for `ProcessingJobName`.
    const WORD: &'static str;

    /// Whether each stage is told with an event, or only each status.
    const TELLS_STAGES: bool;

    /// Whether a list first takes as many jobs as were asked for, and then those of them that have the status:
    /// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html>.
    const PAGE_BEFORE_STATUS: bool;

    /// What is known of a job beside what is known of all.
    type Found: Clone + Debug + Default + DeserializeOwned + Serialize + Send + Sync;

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

/// A job and how it goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Job<K: Kind> {
    pub(crate) arn: String,
    pub(crate) request: K,
    pub(crate) tags: Vec<Tag>,
    pub(crate) status: Status,
    /// The stages until now, the first ones first.
    pub(crate) stages: Vec<(Stage, Timestamp)>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) failure_reason: Option<String>,
    pub(crate) exit_message: Option<String>,
    pub(crate) found: K::Found,
}

impl<K: Kind> Job<K> {
    pub(super) fn new(arn: String, request: K) -> Self {
        let now = Timestamp::now();
        Self {
            arn,
            tags: request.tags().to_vec(),
            request,
            status: Status::InProgress,
            stages: vec![(Stage::Starting, now)],
            created: now,
            modified: now,
            started: None,
            ended: None,
            failure_reason: None,
            exit_message: None,
            found: K::Found::default(),
        }
    }

    /// Goes on to the next stage.
    pub(super) fn enter(&mut self, stage: Stage) {
        let now = Timestamp::now();
        self.modified = now;
        self.stages.push((stage, now));
    }

    /// Ends a job that was under way when the command that ran it ended.
    pub(super) fn cut_off(&mut self) {
        if self.status.is_final() {
            return;
        }
        self.enter(Stage::Stopped);
        self.status = Status::Stopped;
        self.failure_reason = Some("The local run ended while the job was under way.".to_owned());
        self.ended = Some(self.modified);
    }

    /// Begins to stop.
    pub(super) fn stopping(&mut self) {
        self.status = Status::Stopping;
        self.enter(Stage::Stopping);
    }

    /// The job with its times written in some way.
    fn json(&self, time: &(dyn Fn(Timestamp) -> Value + Sync)) -> Value {
        let word = K::WORD;
        let mut shown = json!(self.request);
        shown[format!("{word}JobArn")] = self.arn.as_str().into();
        shown[format!("{word}JobStatus")] = self.status.name().into();
        shown["CreationTime"] = time(self.created);
        shown["LastModifiedTime"] = time(self.modified);
        for (field, at) in [("StartTime", self.started), ("EndTime", self.ended)] {
            if let Some(at) = at {
                shown[format!("{word}{field}")] = time(at);
            }
        }
        if let Some(reason) = &self.failure_reason {
            shown["FailureReason"] = reason.as_str().into();
        }
        K::describe(self, &mut shown, time);
        shown
    }

    /// The job as `Describe…Job` answers it.
    pub(crate) fn described(&self) -> Value {
        self.json(&seconds)
    }

    /// The event that a change of the status sends:
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>.
    pub(super) fn event(&self) -> Value {
        let mut detail = self.json(&|at| at.as_millisecond().into());
        let tags = self.tags.iter().map(|tag| (tag.key.clone(), tag.value.as_str().into()));
        detail["Tags"] = Value::Object(tags.collect());
        json!({
            "source": "aws.sagemaker",
            "detail-type": format!("SageMaker {} Job State Change", K::WORD),
            "resources": [self.arn],
            "detail": detail,
        })
    }
}

/// A job while it runs, and afterwards.
#[derive(Debug)]
pub(crate) struct Running<K: Kind> {
    pub(super) job: Record<Job<K>>,
    pub(super) stop: watch::Sender<bool>,
}

impl<K: Kind> Running<K> {
    /// A job whose record is a row of these.
    pub(super) fn new(rows: &Shelf, job: Job<K>) -> Arc<Self> {
        Arc::new(Self {
            job: Record::new(rows, &job.arn.clone(), job),
            stop: watch::Sender::new(false),
        })
    }

    pub(crate) fn lock(&self) -> Changing<'_, Job<K>> {
        self.job.lock()
    }
}
