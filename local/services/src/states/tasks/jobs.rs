//! Jobs that a `.sync` task waits for.

use super::errors::{Failed, NO_MOCKED_RESPONSE, NOT_IN_LOCAL_RUN, failed};
use super::fields::{capitalize, rename};
use platform::Platform;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::sync::Arc;

/// A job of another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// A job of SageMaker, by what kind it is and its name.
    SageMaker(&'static str, String),
    /// An execution of a state machine, by its ARN.
    Execution(String),
    /// A build, by its id.
    Build(String),
}

impl Job {
    /// Whether there are jobs of an operation to wait for.
    pub(crate) fn is_known(service: &str, operation: &str) -> bool {
        matches!(
            (service, operation),
            ("sagemaker", "createProcessingJob" | "createTrainingJob")
                | ("states", "startExecution")
                | ("codebuild", "startBuild")
        )
    }

    /// The job that a call has started.
    pub(crate) fn of(service: &str, operation: &str, parameters: &Value, answer: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match (service, operation) {
            ("sagemaker", "createProcessingJob") => {
                text(&parameters["ProcessingJobName"]).map(|name| Self::SageMaker("Processing", name))
            }
            ("sagemaker", "createTrainingJob") => {
                text(&parameters["TrainingJobName"]).map(|name| Self::SageMaker("Training", name))
            }
            ("states", "startExecution") => text(&answer["ExecutionArn"]).map(Self::Execution),
            ("codebuild", "startBuild") => text(&answer["Build"]["Id"]).map(Self::Build),
            _ => None,
        }
    }

    /// Waits for the job's end; a job that did not succeed fails the task with its description as the cause.
    pub(crate) async fn wait(&self, platform: &Arc<Platform>, role: &Principal, version: u8) -> Result<Value, Failed> {
        platform.ongoing.end(&self.arn(platform)).await;
        let (described, succeeded) = match self {
            Self::SageMaker(kind, name) => {
                let question = json!({format!("{kind}JobName"): name});
                let operation = format!("Describe{kind}Job");
                let described = platform.call(role, "sagemaker", &operation, question).await;
                let described = described.map_err(|error| failed("sagemaker", &error))?;
                let succeeded = described[format!("{kind}JobStatus")] == "Completed";
                (in_milliseconds(described), succeeded)
            }
            Self::Execution(arn) => {
                let question = json!({"executionArn": arn});
                let described = platform.call(role, "states", "DescribeExecution", question).await;
                let described = described.map_err(|error| failed("states", &error))?;
                let succeeded = described["status"] == "SUCCEEDED";
                (execution(described, version), succeeded)
            }
            Self::Build(id) => {
                let described = platform
                    .call(role, "codebuild", "BatchGetBuilds", json!({"ids": [id]}))
                    .await;
                let described = described.map_err(|error| failed("codebuild", &error))?;
                let build = &described["builds"][0];
                let succeeded = build["buildStatus"] == "SUCCEEDED";
                (json!({"Build": rename(build.clone(), capitalize)}), succeeded)
            }
        };
        if succeeded {
            return Ok(described);
        }
        let error = described["Error"].as_str().unwrap_or_default();
        match (self, error) {
            // What ended the inner execution ends the outer one, too.
            (Self::Execution(_), NOT_IN_LOCAL_RUN | NO_MOCKED_RESPONSE) => {
                let cause = described["Cause"].as_str().unwrap_or_default();
                Err(Failed::ending(error, cause))
            }
            _ => Err(Failed::new("States.TaskFailed", described)),
        }
    }

    fn arn(&self, platform: &Platform) -> String {
        let account = &platform.account;
        match self {
            // SageMaker's ARNs have names in lower case.
            Self::SageMaker(kind, name) => account.arn("sagemaker", format!("{kind}-job/{name}").to_lowercase()),
            Self::Execution(arn) => arn.clone(),
            Self::Build(id) => account.arn("codebuild", format_args!("build/{id}")),
        }
    }

    /// Stops the job of a task that is no longer waited for.
    pub(crate) async fn stop(self, platform: &Arc<Platform>, role: &Principal) {
        let (service, operation, input) = match self {
            Self::SageMaker(kind, name) => {
                let input = json!({format!("{kind}JobName"): name});
                ("sagemaker", format!("Stop{kind}Job"), input)
            }
            Self::Execution(arn) => ("states", "StopExecution".to_owned(), json!({"executionArn": arn})),
            Self::Build(id) => ("codebuild", "StopBuild".to_owned(), json!({"id": id})),
        };
        // A job that has just ended needs no stopping; a role that may not stop it leaves it, as on AWS.
        if let Err(error) = platform.call(role, service, &operation, input).await {
            tracing::debug!(%error, operation, "a job was not stopped");
        }
    }
}

/// Times of jobs and executions are in milliseconds where a state machine sees them, also inside of lists.
fn in_milliseconds(mut job: Value) -> Value {
    for (name, value) in job.as_object_mut().into_iter().flatten() {
        if let Some(items) = value.as_array_mut() {
            for item in items {
                *item = in_milliseconds(item.take());
            }
        }
        if (name.ends_with("Time") || name == "Timestamp")
            && let Some(seconds) = value.as_f64()
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "milliseconds since 1970 fit into 64 bits"
            )]
            let milliseconds = (seconds * 1000.0).round() as i64;
            *value = milliseconds.into();
        }
    }
    job
}

/// An execution's description: its texts as they are, or parsed for `.sync:2`.
fn execution(described: Value, version: u8) -> Value {
    let mut described = in_milliseconds(rename(described, capitalize));
    if version == 2 {
        for field in ["Input", "Output"] {
            let parsed = described[field]
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok());
            if let Some(parsed) = parsed {
                described[field] = parsed;
            }
        }
    }
    described
}
