//! Has the other services do the tasks, as the state machine's role.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html>: Lambda functions by their
//! ARNs, optimized integrations, and `aws-sdk:` ones with the operations that the local services have.

pub(crate) mod absent;
pub(crate) mod errors;
pub(crate) mod fields;
pub(crate) mod items;
pub(crate) mod jobs;
pub(crate) mod mocked;

use absent::{lacks, not_here, told, unknown};
use errors::Failed;
use fields::{capitalize, rename, uncapitalize};
use platform::error::ServiceError;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde_json::{Map, Value, json};
use states_language::{Integration, Pattern, TaskRequest, signing_name};
use std::sync::Arc;

/// Does a task as `role`; `own` is the state machine's role. None where a token will bring the answer. `submitted` hears
/// of a call that was accepted and is not the answer yet, and of the job that it has started.
pub(crate) async fn perform(
    platform: &Arc<Platform>,
    (own, role): (&Principal, &Principal),
    request: &TaskRequest,
    submitted: impl FnOnce(&str, Option<jobs::Job>),
) -> Option<Result<String, Failed>> {
    if let Some(other) = &request.credentials_role_arn {
        let may = platform.authorize(own, &[Requirement::new("sts:AssumeRole", &**other)]);
        if let Err(error) = may {
            return Some(Err(Failed::new("States.TaskFailed", error.message)));
        }
    }
    let lacking = || lacks(platform, &request.integration).map(|why| not_here(request, why));
    if let Some(failed) = unknown(request).or_else(lacking) {
        return Some(Err(failed));
    }
    let parameters = Value::from(&request.parameters);
    let (service, operation, pattern, version) = match &request.integration {
        Integration::Lambda { function_arn } => {
            let call =
                json!({"FunctionName": &**function_arn, "InvocationType": "RequestResponse", "Payload": parameters});
            let answer = invoke(platform, role, ("lambda", request), call).await;
            return Some(answer.map(|answer| answer["Payload"].to_string()));
        }
        Integration::Activity { .. } => return None,
        Integration::Service {
            service,
            operation,
            pattern,
            sync_version,
        } => (&**service, &**operation, *pattern, *sync_version),
    };
    let call = Call {
        platform,
        role,
        request,
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
            submitted(&answer.to_string(), None);
            None
        }
        Pattern::Sync => {
            let Some(job) = jobs::Job::of(service, operation, &parameters, &answer) else {
                let why = format!("the answer of `{service}:{operation}` names no job to wait for");
                return Some(Err(not_here(request, why)));
            };
            submitted(&answer.to_string(), Some(job.clone()));
            Some(job.wait(platform, role, version).await.map(|job| job.to_string()))
        }
    }
}

/// One call of a service's operation.
struct Call<'a> {
    platform: &'a Arc<Platform>,
    role: &'a Principal,
    request: &'a TaskRequest,
    service: &'a str,
    operation: &'a str,
}

impl Call<'_> {
    /// The service as the local run has it: the name in signatures.
    fn signing_name(&self) -> &str {
        signing_name(self.service)
    }

    fn is_optimized(&self) -> bool {
        !self.service.starts_with("aws-sdk:")
    }

    /// Whether the service's own field names begin with a small letter; a state machine writes all with a capital.
    fn is_camel_case(&self) -> bool {
        matches!(
            self.signing_name(),
            "states" | "ecr" | "ecs" | "codebuild" | "codepipeline"
        )
    }

    /// What the integration does to a state's parameters before the call.
    fn prepare(&self, mut parameters: Value, pattern: Pattern) -> Value {
        let text = |value: &mut Value| {
            if !value.is_string() && !value.is_null() {
                *value = value.to_string().into();
            }
        };
        match (self.service, self.operation) {
            // As in an SDK, null is nothing: the function's event is empty.
            ("lambda", "invoke") if parameters["Payload"].is_null() => parameters["Payload"] = json!({}),
            ("states", "startExecution") => {
                if let Some(input) = parameters.get_mut("Input") {
                    text(input);
                }
            }
            ("sns", "publish") => {
                if let Some(message) = parameters.get_mut("Message") {
                    text(message);
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
            ("sagemaker", "createProcessingJob" | "createTrainingJob") if pattern == Pattern::Sync => {
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
            let answer = invoke(self.platform, self.role, (self.service, self.request), parameters).await?;
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
        let answer = answer.map_err(|error| told(self.request, self.service, &error))?;
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
async fn invoke(
    platform: &Arc<Platform>,
    role: &Principal,
    (service, request): (&str, &TaskRequest),
    call: Value,
) -> Result<Value, Failed> {
    let answer = platform.call(role, "lambda", "Invoke", call).await;
    let answer = answer.map_err(|error: ServiceError| told(request, service, &error))?;
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
