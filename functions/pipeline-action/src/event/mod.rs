//! What comes in: a job of CodePipeline, or an event about an action, an approval, or the end of an execution.
//!
//! The types are our own, because a job carries credentials: they are read into types that print as redacted. A problem
//! names the field, and never quotes the event. The job's id is read first and by itself, so that a job is still
//! answered if the rest of its event is malformed.

use serde_json::Value;

mod action;
mod execution;
mod job;
mod reader;

pub use action::{AbandonedAction, ApprovalChanged};
pub use execution::EndedExecution;
pub(crate) use execution::pipeline_execution_id_in;
pub use job::{Artifact, EncryptionKey, Job};

use action::ActionChanged;
use reader::Reader;

/// The `detail-type` of what a schedule sends.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>
const SCHEDULED: &str = "Scheduled Event";

/// An event, as far as it can be read.
#[derive(Debug)]
pub enum Event {
    /// A job to do.
    Job(Box<Job>),
    /// A job whose id can be read, but not the rest.
    Malformed {
        /// The job's id.
        job_id: String,
        /// What is wrong, as a fragment that names the field.
        reason: String,
    },
    /// An action was abandoned.
    Abandoned(AbandonedAction),
    /// The state of an approval changed.
    Approval(ApprovalChanged),
    /// An execution has ended.
    Ended(EndedExecution),
    /// It is time to look whether anything was missed.
    Look,
    /// Something else, or a job without an id: there is nobody to answer.
    Unknown {
        /// What is wrong, as a fragment.
        reason: String,
    },
}

impl Event {
    /// Reads an event.
    #[must_use]
    pub fn parse(event: &Value) -> Self {
        if let Some(job) = event.get("CodePipeline.job") {
            return Self::read_job(job);
        }
        let reader = Reader::root(event, "event");
        let read = match event.get("detail-type").and_then(Value::as_str) {
            Some(action::DETAIL_TYPE) => action::read(&reader).map(|changed| match changed {
                ActionChanged::Abandoned(action) => Self::Abandoned(action),
                ActionChanged::Approval(changed) => Self::Approval(changed),
            }),
            Some(execution::DETAIL_TYPE) => EndedExecution::read(&reader).map(Self::Ended),
            Some(SCHEDULED) => Ok(Self::Look),
            Some(_) => Err(format!(
                "the event is no `{}`, no `{}` and no `{SCHEDULED}`",
                action::DETAIL_TYPE,
                execution::DETAIL_TYPE
            )),
            None => Err("the event has no `CodePipeline.job` and no `detail-type`".to_owned()),
        };
        read.unwrap_or_else(|reason| Self::Unknown { reason })
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
            match Event::parse(&job(data)) {
                Event::Malformed { job_id, reason: found } => {
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
            json!({"detail-type": "EC2 Instance State-change Notification"}),
            json!({"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": "arn"}}),
            json!({"detail-type": "Step Functions Execution Status Change",
                "detail": {"executionArn": "arn", "name": "n", "stopDate": "soon"}}),
            json!({"detail-type": "CodePipeline Action Execution State Change", "detail": {}}),
        ] {
            assert!(matches!(Event::parse(&event), Event::Unknown { .. }), "{event}");
        }
    }

    #[test]
    fn an_execution_s_name_tells_the_pipeline_s_execution() {
        const ID: &str = "5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42";
        let names = [
            (format!("{ID}-0123456789abcdef"), Some(ID)),
            (format!("{ID}-0123456789abcde"), None),
            (format!("{ID}-by-hand-1234"), None),
            (
                "ml-pipeline-dev-commit-0123456789abcdef0123-0123456789ab".to_owned(),
                None,
            ),
            ("ü".repeat(30), None),
            ("by-hand".to_owned(), None),
        ];
        for (name, id) in names {
            let event = json!({"detail-type": "Step Functions Execution Status Change", "detail": {
                "executionArn": "arn", "name": name, "status": "SUCCEEDED", "stopDate": 1_764_000_000_000_i64}});
            match Event::parse(&event) {
                Event::Ended(ended) => assert_eq!(ended.pipeline_execution_id(), id, "{name}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
