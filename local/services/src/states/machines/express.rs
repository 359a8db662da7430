//! What an Express state machine cannot have: tasks that take their time.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>. A definition does not know its
//! type, so that the interpreter cannot refuse it.

use platform::ServiceError;
use states_language::{Call, CallKind, ExecutionType, Finding, Integration, InvalidDefinition, Pattern, Target, calls};

/// Refuses a definition that an Express state machine cannot have.
///
/// # Errors
/// InvalidDefinition.
pub(super) fn check(kind: ExecutionType, definition: &str) -> Result<(), ServiceError> {
    let findings = findings(kind, definition);
    if findings.is_empty() {
        return Ok(());
    }
    Err(ServiceError::new("InvalidDefinition", InvalidDefinition { findings }))
}

/// What a state machine of this type cannot have, in AWS's words.
pub(super) fn findings(kind: ExecutionType, definition: &str) -> Vec<Finding> {
    if kind == ExecutionType::Standard {
        return Vec::new();
    }
    // What is not JSON was refused before.
    let calls = calls(definition).unwrap_or_default().into_iter();
    let tasks = calls.filter(|call| call.kind == CallKind::Task);
    tasks.filter_map(|call| finding(&call, definition)).collect()
}

fn finding(call: &Call, definition: &str) -> Option<Finding> {
    let Target::Integration(integration) = &call.target else {
        return None;
    };
    let what = match integration {
        Integration::Activity { .. } => "Activity ARN",
        Integration::Service { pattern, .. } => match pattern {
            Pattern::RequestResponse => return None,
            Pattern::Sync => "'.sync' service integration",
            // With a blank at its end, on AWS.
            Pattern::WaitForTaskToken => "'.waitForTaskToken' service integration ",
        },
        Integration::Lambda { .. } => return None,
    };
    let message = format!("Express state machine does not support {what}");
    Some(Finding::of(
        definition,
        &call.pointer,
        "SCHEMA_VALIDATION_FAILED",
        message,
    ))
}
