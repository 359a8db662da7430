//! What AWS knows of its service integrations when a definition is created: which patterns a service offers, and which
//! parameters an operation must have.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html>. The parameters are those for which
//! AWS's refusal was measured and published (the package cdk-preflight); of other operations AWS may know more.

use super::optimized::can_wait;
use super::resource::{Integration, Pattern, not_recognized};
use crate::definition::reading::Fields;
use crate::expression::QueryLanguage;
use crate::text::{Json, Object};

/// What calls must have, by service and operation.
const REQUIRED: [(&str, &str, &[&str]); 9] = [
    ("lambda", "invoke", &["FunctionName"]),
    ("sqs", "sendMessage", &["QueueUrl", "MessageBody"]),
    ("sns", "publish", &["Message"]),
    ("dynamodb", "putItem", &["TableName", "Item"]),
    ("dynamodb", "getItem", &["TableName", "Key"]),
    ("states", "startExecution", &["StateMachineArn"]),
    ("events", "putEvents", &["Entries"]),
    ("ecs", "runTask", &["TaskDefinition"]),
    ("glue", "startJobRun", &["JobName"]),
];

/// Notes what AWS does not offer.
pub(super) fn check(fields: &Fields<'_>, arn: &str, integration: &Integration) {
    let Integration::Service {
        service,
        operation,
        pattern,
        sync_version,
    } = integration
    else {
        return;
    };
    let is_job_of_sdk = *pattern == Pattern::Sync && service.starts_with("aws-sdk:");
    if is_job_of_sdk || !can_wait(service, *pattern, *sync_version) {
        fields.error("Resource", not_recognized(arn));
    }
    check_parameters(fields, arn, (service, operation));
}

/// Notes what a call must have and lacks.
fn check_parameters(fields: &Fields<'_>, arn: &str, (service, operation): (&str, &str)) {
    let called = REQUIRED
        .iter()
        .find(|(of, name, _)| (*of, *name) == (service, operation));
    let Some((.., required)) = called else {
        return;
    };
    let (key, is_path) = match fields.language {
        QueryLanguage::JsonPath => ("Parameters", true),
        QueryLanguage::Jsonata => ("Arguments", false),
    };
    match fields.get(key) {
        None => fields.error_here(format!("{key} field is required for resource ARN: {arn}")),
        Some(Json::Object(given)) => {
            for name in required.iter().filter(|name| !has(given, name, is_path)) {
                fields.error(key, format!("The field '{name}' is required but was missing"));
            }
        }
        // An expression: nobody knows what it gives.
        Some(_) => {}
    }
}

fn has(given: &Object, name: &str, is_path: bool) -> bool {
    given.contains_key(name) || is_path && given.contains_key(&format!("{name}.$"))
}
