//! JSON 1.0 and 1.1: the operation is in `X-Amz-Target`, input and output are JSON bodies.
//!
//! Follows <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.

use super::absent;
use super::identity::identify;
use crate::cloud::Cloud;
use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use platform::error::{ErrorKind, ServiceError};
use platform::http::Incoming;
use platform::http::{header, json_error, reply};
use serde_json::{Value, json};
use std::sync::Arc;

/// Target prefixes and the services that they belong to, by signing name.
const TARGETS: &[(&str, &str)] = &[
    ("AWSEvents", "events"),
    ("AWSStepFunctions", "states"),
    ("AmazonEC2ContainerRegistry_V20150921", "ecr"),
    ("AmazonEC2ContainerServiceV20141113", "ecs"),
    ("AmazonSQS", "sqs"),
    ("AmazonSSM", "ssm"),
    ("CodeBuild_20161006", "codebuild"),
    ("CodePipeline_20150709", "codepipeline"),
    ("Logs_20140328", "logs"),
    ("SageMaker", "sagemaker"),
    ("ServiceQuotasV20190624", "servicequotas"),
    (
        "com.amazonaws.codeconnections.CodeConnections_20231201",
        "codeconnections",
    ),
];

/// Answers a request of a JSON protocol.
pub(super) async fn answer(cloud: &Arc<Cloud>, incoming: &Incoming) -> Response<Body> {
    let content_type = match incoming.header("content-type") {
        Some("application/x-amz-json-1.0") => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    };
    match call(cloud, incoming).await {
        // An operation without output has an empty body, not `null`.
        Ok(Value::Null) => reply(200, content_type, Body::empty()),
        Ok(output) => reply(200, content_type, output.to_string()),
        Err(error) => {
            let query_code = query_code(&error, incoming);
            let mut response = json_error(&match &query_code {
                Some(_) => ServiceError {
                    code: sqs_type(&error.code),
                    ..error.clone()
                },
                None => error.clone(),
            });
            // An error speaks the version that was asked in.
            header(&mut response, "content-type", content_type);
            if let Some(code) = query_code {
                header(&mut response, "x-amzn-query-error", &code);
                if error.kind == ErrorKind::Denied {
                    *response.status_mut() = StatusCode::FORBIDDEN;
                }
            }
            response
        }
    }
}

async fn call(cloud: &Arc<Cloud>, incoming: &Incoming) -> Result<Value, ServiceError> {
    let target = incoming.header("x-amz-target").unwrap_or_default();
    let Some((prefix, operation)) = target.rsplit_once('.') else {
        return Err(ServiceError::new(
            "UnknownOperationException",
            format_args!("`X-Amz-Target` must be SERVICE.OPERATION, not `{target}`"),
        ));
    };
    let identity = identify(cloud, incoming)?;
    let service = TARGETS
        .iter()
        .find(|(known, _)| *known == prefix)
        .map(|(_, service)| *service);
    let service = service.ok_or_else(|| absent::refusal(&identity.service, operation))?;
    if identity.service != service {
        return Err(ServiceError::new(
            "InvalidSignatureException",
            format_args!("Credential should be scoped to correct service: '{service}'."),
        )
        .with_status(403));
    }
    let input = if incoming.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&incoming.body).map_err(|error| {
            ServiceError::new("SerializationException", format_args!("the body is not JSON: {error}"))
        })?
    };
    if !input.is_object() {
        return Err(ServiceError::new(
            "SerializationException",
            "the body must be a JSON object",
        ));
    }
    let answer = identity
        .cloud
        .send(&identity.principal, service, operation, input, Bytes::new());
    let answer = answer.await?;
    if answer.body.is_none() {
        Ok(answer.output)
    } else {
        // JSON has no place for a layer. On AWS it is fetched from the URL that the output names.
        Err(ServiceError::not_in_local_run(service, operation))
    }
}

/// The errors that SQS names by their place in its model.
const SQS_ERRORS: &[&str] = &[
    "BatchEntryIdsNotDistinct",
    "BatchRequestTooLong",
    "EmptyBatchRequest",
    "InvalidAttributeName",
    "InvalidAttributeValue",
    "InvalidBatchEntryId",
    "MessageNotInflight",
    "QueueDoesNotExist",
    "QueueNameExists",
    "ReceiptHandleIsInvalid",
    "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
];

/// What SQS calls an error in JSON, by the code that it has otherwise.
fn sqs_type(code: &str) -> String {
    match code {
        // Neither is in its model.
        "InvalidParameterValue" => "com.amazon.coral.service#InvalidParameterValueException".to_owned(),
        "MissingParameter" => "com.amazon.coral.service#MissingRequiredParameterException".to_owned(),
        _ if SQS_ERRORS.contains(&code) => format!("com.amazonaws.sqs#{code}"),
        _ => code.to_owned(),
    }
}

/// SQS spoke the query protocol once: clients still match the codes it had then, and a denial still has its status.
///
/// Follows <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait>.
fn query_code(error: &ServiceError, incoming: &Incoming) -> Option<String> {
    let target = incoming.header("x-amz-target")?;
    if !target.starts_with("AmazonSQS.") {
        return None;
    }
    let code = match error.code.as_str() {
        "AccessDeniedException" => "AccessDenied",
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists" => "QueueAlreadyExists",
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        other => other,
    };
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    Some(format!("{code};{fault}"))
}
