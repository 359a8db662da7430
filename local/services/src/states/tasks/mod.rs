//! Has the other services do the tasks, as the state machine's role.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html>: Lambda functions by their
//! ARNs, optimized integrations, and `aws-sdk:` ones with the operations that the local services have.

mod errors;
mod fields;
pub(crate) mod items;
pub(crate) mod jobs;
mod tokens;

pub(crate) use fields::refusal;
pub(super) use tokens::operations;

use super::executions::Running;
use errors::failed;
use platform::error::ServiceError;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde_json::{Map, Value, json};
use states_language::{Integration, Pattern, TaskRequest};
use std::sync::Arc;

/// A task's failure, as its state sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) error: String,
    pub(crate) cause: String,
}

impl Failed {
    pub(crate) fn new(error: &str, cause: impl std::fmt::Display) -> Self {
        Self {
            error: error.to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// The role that does a task: the one in its `Credentials`, else the state machine's.
pub(crate) fn role(running: &Running, request: &TaskRequest) -> Principal {
    let machine = &running.chosen.revision.role_arn;
    session(running, request.credentials_role_arn.as_deref().unwrap_or(machine))
}

/// A session of a role in this execution.
pub(crate) fn session(running: &Running, role_arn: &str) -> Principal {
    let session: String = running.name.chars().take(64).collect();
    Principal::role_session(role_arn.rsplit('/').next().unwrap_or_default(), session)
}

/// Does a task. None where a token will bring the answer.
pub(crate) async fn perform(
    platform: &Arc<Platform>,
    running: &Arc<Running>,
    request: &TaskRequest,
) -> Option<Result<String, Failed>> {
    if let Some(other) = &request.credentials_role_arn {
        let own = session(running, &running.chosen.revision.role_arn);
        let may = platform.authorize(&own, &[Requirement::new("sts:AssumeRole", &**other)]);
        if let Err(error) = may {
            return Some(Err(Failed::new("States.TaskFailed", error.message)));
        }
    }
    let role = role(running, request);
    let parameters = Value::from(&request.parameters);
    let (service, operation, pattern, version) = match &request.integration {
        Integration::Lambda { function_arn } => {
            let call =
                json!({"FunctionName": &**function_arn, "InvocationType": "RequestResponse", "Payload": parameters});
            let answer = invoke(platform, &role, "lambda", call).await;
            return Some(answer.map(|answer| answer["Payload"].to_string()));
        }
        Integration::Service {
            service,
            operation,
            pattern,
            sync_version,
        } => (&**service, &**operation, *pattern, *sync_version),
    };
    let call = Call {
        platform,
        role: &role,
        service,
        operation,
    };
    let parameters = call.prepare(parameters, pattern);
    let answer = match call.make(parameters.clone()).await {
        Ok(answer) => answer,
        Err(failed) => return Some(Err(failed)),
    };
    match pattern {
        Pattern::RequestResponse => Some(Ok(answer.to_string())),
        Pattern::WaitForTaskToken => {
            running.submitted(request.id, &answer.to_string(), None);
            None
        }
        Pattern::Sync => {
            let Some(job) = jobs::Job::of(service, operation, &parameters, &answer) else {
                let cause = format!("the local run has no jobs of {service}:{operation} to wait for");
                return Some(Err(Failed::new("States.Runtime", cause)));
            };
            running.submitted(request.id, &answer.to_string(), Some(job.clone()));
            Some(job.wait(platform, &role, version).await.map(|job| job.to_string()))
        }
    }
}

/// One call of a service's operation.
struct Call<'a> {
    platform: &'a Arc<Platform>,
    role: &'a Principal,
    service: &'a str,
    operation: &'a str,
}

impl Call<'_> {
    /// The service as the local run has it: the name in signatures.
    fn signing_name(&self) -> &str {
        match self.service.trim_start_matches("aws-sdk:") {
            "sfn" => "states",
            "eventbridge" => "events",
            name => name,
        }
    }

    fn is_optimized(&self) -> bool {
        !self.service.starts_with("aws-sdk:")
    }

    /// Whether the service's own field names begin with a small letter; a state machine writes all with a capital.
    fn is_camel_case(&self) -> bool {
        matches!(self.signing_name(), "states" | "ecr" | "codebuild" | "codepipeline")
    }

    /// What the integration does to a state's parameters before the call.
    fn prepare(&self, mut parameters: Value, pattern: Pattern) -> Value {
        let text = |value: &mut Value| {
            if !value.is_string() && !value.is_null() {
                *value = value.to_string().into();
            }
        };
        match (self.service, self.operation) {
            ("states", "startExecution") => {
                if let Some(input) = parameters.get_mut("Input") {
                    text(input);
                }
            }
            ("sqs", "sendMessage") => {
                if let Some(body) = parameters.get_mut("MessageBody") {
                    text(body);
                }
            }
            ("events", "putEvents") => {
                let entries = parameters.get_mut("Entries").and_then(Value::as_array_mut);
                let details = entries
                    .into_iter()
                    .flatten()
                    .filter_map(|entry| entry.get_mut("Detail"));
                details.for_each(text);
            }
            ("sagemaker", "createProcessingJob") if pattern == Pattern::Sync => {
                // Step Functions marks what it waits for: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
                let mark = json!({"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"});
                match parameters.get_mut("Tags").and_then(Value::as_array_mut) {
                    Some(tags) => tags.push(mark),
                    None => parameters["Tags"] = json!([mark]),
                }
            }
            _ => {}
        }
        parameters
    }

    async fn make(&self, parameters: Value) -> Result<Value, Failed> {
        if self.signing_name() == "lambda" && self.operation == "invoke" {
            let answer = invoke(self.platform, self.role, self.service, parameters).await?;
            return Ok(self.with_metadata(answer));
        }
        let operation = capitalize(self.operation);
        let parameters = if self.is_camel_case() {
            rename(parameters, uncapitalize)
        } else {
            parameters
        };
        let answer = self
            .platform
            .call(self.role, self.signing_name(), &operation, parameters)
            .await;
        let answer = answer.map_err(|error| failed(self.service, &error))?;
        let answer = if self.is_camel_case() {
            rename(answer, capitalize)
        } else {
            answer
        };
        if self.service == "events" && answer["FailedEntryCount"].as_u64().is_some_and(|failed| failed > 0) {
            return Err(Failed::new("EventBridge.FailedEntry", answer));
        }
        Ok(self.with_metadata(answer))
    }

    /// Optimized integrations answer with what the HTTP call was like.
    fn with_metadata(&self, mut answer: Value) -> Value {
        if self.is_optimized() && answer.is_object() {
            let request = uuid::Uuid::new_v4().to_string();
            let headers = json!({"x-amzn-RequestId": request});
            let listed = json!({"x-amzn-RequestId": [request]});
            answer["SdkHttpMetadata"] =
                json!({"AllHttpHeaders": listed, "HttpHeaders": headers, "HttpStatusCode": 200});
            answer["SdkResponseMetadata"] = json!({"RequestId": request});
        }
        answer
    }
}

/// Invokes a function; an error that it answers is a failure under the error's own name.
async fn invoke(platform: &Arc<Platform>, role: &Principal, service: &str, call: Value) -> Result<Value, Failed> {
    let answer = platform.call(role, "lambda", "Invoke", call).await;
    let answer = answer.map_err(|error: ServiceError| failed(service, &error))?;
    let payload = answer.get("Payload").cloned().unwrap_or_default();
    if answer.get("FunctionError").is_some_and(|error| !error.is_null()) {
        // A function that has answered nothing of the kind is told apart by this name.
        let name = payload["errorType"].as_str().unwrap_or("Lambda.Unknown");
        return Err(Failed::new(name, &payload));
    }
    let mut shown = Map::new();
    for field in ["ExecutedVersion", "Payload", "StatusCode"] {
        if let Some(value) = answer.get(field) {
            shown.insert(field.to_owned(), value.clone());
        }
    }
    Ok(Value::Object(shown))
}

/// A JSON value with all field names changed.
fn rename(value: Value, change: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (change(&name), rename(value, change)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| rename(item, change)).collect(),
        other => other,
    }
}

pub(crate) fn capitalize(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

pub(crate) fn uncapitalize(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
