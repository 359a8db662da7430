//! A job's record: what was asked for, and how it goes.

use super::Kind;
use crate::sagemaker::tags::Tag;
use jiff::Timestamp;
use platform::input::seconds;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A job's status, as descriptions have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sagemaker) enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl Status {
    /// All of them, as callers write them.
    pub(super) const NAMES: [&'static str; 5] = ["InProgress", "Completed", "Failed", "Stopping", "Stopped"];

    pub(in crate::sagemaker) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// What a job is at: the secondary status of training jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sagemaker) enum Stage {
    Starting,
    Downloading,
    Running,
    Uploading,
    Stopping,
    Completed,
    Failed,
    Stopped,
    TimeIsOver,
}

/// A job and how it goes.
#[derive(Debug, Clone)]
pub(in crate::sagemaker) struct Job<K: Kind> {
    pub(in crate::sagemaker) arn: String,
    pub(in crate::sagemaker) request: K,
    pub(in crate::sagemaker) tags: Vec<Tag>,
    pub(in crate::sagemaker) status: Status,
    /// The stages until now, the first ones first.
    pub(in crate::sagemaker) stages: Vec<(Stage, Timestamp)>,
    pub(in crate::sagemaker) created: Timestamp,
    pub(in crate::sagemaker) modified: Timestamp,
    pub(in crate::sagemaker) started: Option<Timestamp>,
    pub(in crate::sagemaker) ended: Option<Timestamp>,
    pub(in crate::sagemaker) failure_reason: Option<String>,
    pub(in crate::sagemaker) exit_message: Option<String>,
    pub(in crate::sagemaker) found: K::Found,
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
    pub(in crate::sagemaker) fn described(&self) -> Value {
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
pub(in crate::sagemaker) struct Running<K: Kind> {
    pub(super) job: Mutex<Job<K>>,
    pub(super) stop: watch::Sender<bool>,
}

impl<K: Kind> Running<K> {
    pub(in crate::sagemaker) fn lock(&self) -> MutexGuard<'_, Job<K>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
