//! What calls the function: a job of CodePipeline, or the news that an action was abandoned.
//!
//! The types are our own, because a job carries credentials: they are read into types that print as redacted, and what
//! is wrong with an event is said by field, never by quoting it. The job's id is found first and by itself, so that a
//! job whose event is otherwise malformed is still answered.

use serde_json::Value;

mod abandoned;
mod job;
mod reader;

pub use abandoned::AbandonedAction;
pub use job::{Artifact, EncryptionKey, Job};

use reader::Reader;

/// An event, as far as it can be read.
#[derive(Debug)]
pub enum Incoming {
    /// A job to do.
    Job(Box<Job>),
    /// A job of which little more than the id can be read.
    Malformed {
        /// The job's id.
        job_id: String,
        /// What is wrong, as a fragment that names the field.
        reason: String,
    },
    /// An action was abandoned.
    Abandoned(AbandonedAction),
    /// Something that is neither, or a job without an id: there is nobody to answer.
    Unknown {
        /// What is wrong, as a fragment.
        reason: String,
    },
}

impl Incoming {
    /// Reads an event.
    #[must_use]
    pub fn read(event: &Value) -> Self {
        if let Some(job) = event.get("CodePipeline.job") {
            return Self::read_job(job);
        }
        match event.get("detail-type").and_then(Value::as_str) {
            Some(abandoned::DETAIL_TYPE) => match AbandonedAction::read(&Reader::root(event, "event")) {
                Ok(action) => Self::Abandoned(action),
                Err(reason) => Self::Unknown { reason },
            },
            Some(_) => Self::Unknown {
                reason: format!("the event is no `{}`", abandoned::DETAIL_TYPE),
            },
            None => Self::Unknown {
                reason: "the event has no `CodePipeline.job` and no `detail-type`".to_owned(),
            },
        }
    }

    fn read_job(job: &Value) -> Self {
        let Some(id) = job.get("id").and_then(Value::as_str).filter(|id| !id.trim().is_empty()) else {
            return Self::Unknown {
                reason: "the event's `CodePipeline.job` has no `id`".to_owned(),
            };
        };
        match Job::read(id, &Reader::root(job, "CodePipeline.job")) {
            Ok(job) => Self::Job(Box::new(job)),
            Err(reason) => Self::Malformed {
                job_id: id.to_owned(),
                reason,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(data: Value) -> Value {
        json!({"CodePipeline.job": {"id": "job-1", "accountId": "123456789012", "data": data}})
    }

    #[test]
    fn what_is_missing_or_ill_typed_is_named() {
        let configuration = json!({"configuration": {"FunctionName": "f", "UserParameters": "{}"}});
        let artifact = json!({"name": "Source", "location": {"type": "S3", "s3Location": {"bucketName": "b"}}});
        for (data, reason) in [
            (json!(null), "`CodePipeline.job.data` is missing"),
            (json!([]), "`CodePipeline.job.data` is not an object"),
            (json!({}), "`CodePipeline.job.data.actionConfiguration` is missing"),
            (
                json!({"actionConfiguration": {"configuration": {"UserParameters": 7}}}),
                "`CodePipeline.job.data.actionConfiguration.configuration.UserParameters` is not a string",
            ),
            (
                json!({"actionConfiguration": configuration, "inputArtifacts": {}}),
                "`CodePipeline.job.data.inputArtifacts` is not a list",
            ),
            (
                json!({"actionConfiguration": configuration, "inputArtifacts": [artifact]}),
                "`CodePipeline.job.data.inputArtifacts[0].location.s3Location.objectKey` is missing",
            ),
            (
                json!({"actionConfiguration": configuration, "artifactCredentials": {"accessKeyId": ["AKIDSECRET"]}}),
                "`CodePipeline.job.data.artifactCredentials.accessKeyId` is not a string",
            ),
            (
                json!({"actionConfiguration": configuration, "continuationToken": 7}),
                "`CodePipeline.job.data.continuationToken` is not a string",
            ),
        ] {
            match Incoming::read(&job(data)) {
                Incoming::Malformed { job_id, reason: found } => {
                    assert_eq!((job_id.as_str(), found.as_str()), ("job-1", reason));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_has_nobody_to_answer_is_unknown() {
        for event in [
            json!(null),
            json!("text"),
            json!({}),
            json!({"CodePipeline.job": null}),
            json!({"CodePipeline.job": {"data": {}}}),
            json!({"CodePipeline.job": {"id": 7}}),
            json!({"CodePipeline.job": {"id": "  "}}),
            json!({"detail-type": "Scheduled Event"}),
            json!({"detail-type": "CodePipeline Action Execution State Change", "detail": {}}),
        ] {
            assert!(matches!(Incoming::read(&event), Incoming::Unknown { .. }), "{event}");
        }
    }
}
