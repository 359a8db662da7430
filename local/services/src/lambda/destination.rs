//! Where the outcomes of asynchronous invocations go.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.

use super::event_invoke::EventInvokeConfig;
use super::functions::Function;
use super::outcome::Outcome;
use platform::Platform;
use platform::error::ServiceError;
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::sync::Arc;

/// Sends the outcome to the destination that is configured for it. Sends an event that failed to the dead-letter queue.
/// Both are done as the function's role.
pub(super) async fn conclude(
    platform: &Arc<Platform>,
    function: &Function,
    config: &EventInvokeConfig,
    request_id: &str,
    event: &Value,
    outcome: &Outcome,
    attempts: u32,
) {
    let destinations = &config.destination_config;
    let destination = if outcome.is_error() {
        destinations.on_failure.arn()
    } else {
        destinations.on_success.arn()
    };
    let queue = function
        .configuration
        .dead_letter_config
        .as_ref()
        .filter(|_| outcome.is_error());
    if outcome.is_error() {
        let kept = destination.or(queue.map(|queue| queue.target_arn.as_str()));
        platform.journal.record(Happening::DeliveryFailed {
            target: function.arn.clone(),
            reason: match kept.and_then(|arn| arn.rsplit(':').next()) {
                Some(name) => format!("every attempt failed, and the event goes to `{name}`"),
                None => "every attempt failed, and no queue keeps the event".into(),
            },
        });
    }
    if let Some(destination) = destination {
        let record = record(function, request_id, event, outcome, attempts);
        let sent = send(platform, function, destination, &record).await;
        note(platform, function, destination, sent);
    }
    if let Some(queue) = queue {
        let sent = send_message(
            platform,
            function,
            &queue.target_arn,
            event.to_string(),
            json!({
                "RequestID": {"DataType": "String", "StringValue": request_id},
                "ErrorCode": {"DataType": "Number", "StringValue": "200"},
                "ErrorMessage": {
                    "DataType": "String",
                    "StringValue": outcome.payload()["errorMessage"].as_str().unwrap_or("unknown"),
                },
            }),
        )
        .await;
        note(platform, function, &queue.target_arn, sent);
    }
}

fn record(function: &Function, request_id: &str, event: &Value, outcome: &Outcome, attempts: u32) -> Value {
    let mut context = json!({"statusCode": 200, "executedVersion": function.version});
    if outcome.is_error() {
        context["functionError"] = "Unhandled".into();
    }
    json!({
        "version": "1.0",
        "timestamp": format!("{:.3}", jiff::Timestamp::now()),
        "requestContext": {
            "requestId": request_id,
            "functionArn": function.qualified_arn(),
            "condition": if outcome.is_error() { "RetriesExhausted" } else { "Success" },
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": context,
        "responsePayload": outcome.payload(),
    })
}

async fn send(platform: &Arc<Platform>, function: &Function, arn: &str, record: &Value) -> Result<(), ServiceError> {
    let caller = Principal::role_session(function.role(), function.name());
    match arn.split(':').nth(2) {
        Some("sqs") => return send_message(platform, function, arn, record.to_string(), json!({})).await,
        Some("lambda") => {
            let input = json!({"FunctionName": arn, "InvocationType": "Event", "Payload": record});
            platform.call(&caller, "lambda", "Invoke", input).await?;
        }
        Some("events") => {
            let outcome = &record["requestContext"]["condition"];
            let detail_type = if outcome == "Success" { "Success" } else { "Failure" };
            let entry = json!({
                "Source": "lambda",
                "DetailType": format!("Lambda Function Invocation Result - {detail_type}"),
                "Detail": record.to_string(),
                "EventBusName": arn.rsplit('/').next(),
                "Resources": [arn, record["requestContext"]["functionArn"]],
            });
            platform
                .call(&caller, "events", "PutEvents", json!({"Entries": [entry]}))
                .await?;
        }
        _ => {
            return Err(ServiceError::new(
                "NotInLocalRun",
                format!("the local run sends outcomes to queues, functions and event buses, not to `{arn}`"),
            ));
        }
    }
    Ok(())
}

async fn send_message(
    platform: &Arc<Platform>,
    function: &Function,
    arn: &str,
    body: String,
    attributes: Value,
) -> Result<(), ServiceError> {
    let caller = Principal::role_session(function.role(), function.name());
    let mut parts = arn.split(':').skip(4);
    let (Some(account), Some(queue)) = (parts.next(), parts.next()) else {
        return Err(ServiceError::validation(format_args!(
            "`{arn}` is not the ARN of a queue"
        )));
    };
    let mut input = json!({
        "QueueUrl": format!("{}/{account}/{queue}", platform.endpoint().unwrap_or_default()),
        "MessageBody": body,
    });
    if attributes.as_object().is_some_and(|attributes| !attributes.is_empty()) {
        input["MessageAttributes"] = attributes;
    }
    platform.call(&caller, "sqs", "SendMessage", input).await.map(|_| ())
}

fn note(platform: &Platform, function: &Function, destination: &str, sent: Result<(), ServiceError>) {
    if let Err(error) = sent {
        platform.journal.record(Happening::Note {
            text: format!(
                "the outcome of `{}` could not be sent to `{destination}`: {error}",
                function.name()
            ),
        });
    }
}
