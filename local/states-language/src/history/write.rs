//! Events in AWS's own JSON.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::{EventDetails, HistoryEvent, Payload};

/// As in the answer of `GetExecutionHistory`: the details under the name that belongs to the type, and timestamps in
/// seconds, as AWS's JSON protocols have them.
impl Serialize for HistoryEvent {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are far below where floats lose them"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details = details(&self.details);
        let mut map = serializer.serialize_map(Some(4 + usize::from(details.is_some())))?;
        map.serialize_entry("timestamp", &(self.timestamp.as_millisecond() as f64 / 1000.0))?;
        map.serialize_entry("type", self.event_type())?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("previousEventId", &self.previous_event_id)?;
        if let Some((key, fields)) = details {
            map.serialize_entry(key, &fields.0)?;
        }
        map.end()
    }
}

/// Fields of an event's details.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(mut self, key: &str, value: impl Into<Value>) -> Fields {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn set_some<T: Into<Value>>(self, key: &str, value: Option<T>) -> Fields {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    /// A payload, and the note beside it that all of it is there.
    fn payload(self, key: &str, payload: &Payload) -> Fields {
        let details = Fields::default().set("truncated", false).0;
        self.set(key, payload.text().into_owned())
            .set(&format!("{key}Details"), details)
    }

    fn failure(self, error: Option<&(impl AsRef<str> + ?Sized)>, cause: Option<&(impl AsRef<str> + ?Sized)>) -> Fields {
        self.set_some("error", error.map(|error| error.as_ref().to_owned()))
            .set_some("cause", cause.map(|cause| cause.as_ref().to_owned()))
    }

    fn credentials(self, role_arn: &Option<Arc<str>>) -> Fields {
        self.set_some(
            "taskCredentials",
            role_arn.as_deref().map(|arn| Fields::default().set("roleArn", arn).0),
        )
    }

    fn task(self, resource_type: &str, resource: &str) -> Fields {
        self.set("resourceType", resource_type).set("resource", resource)
    }
}

/// The details' key and fields; nothing for types that have none.
fn details(details: &EventDetails) -> Option<(&'static str, Fields)> {
    let fields = Fields::default();
    Some(match details {
        EventDetails::ExecutionStarted {
            input,
            role_arn,
            qualified_arn,
        } => {
            let fields = fields.payload("input", input).set("roleArn", &**role_arn);
            let fields = match qualified_arn.as_deref() {
                Some(arn) if is_version(arn) => fields.set("stateMachineVersionArn", arn),
                Some(arn) => fields.set("stateMachineAliasArn", arn),
                None => fields,
            };
            ("executionStartedEventDetails", fields)
        }
        EventDetails::ExecutionSucceeded { output } => {
            ("executionSucceededEventDetails", fields.payload("output", output))
        }
        EventDetails::ExecutionFailed { error, cause } => (
            "executionFailedEventDetails",
            fields.failure(error.as_ref(), cause.as_ref()),
        ),
        EventDetails::ExecutionTimedOut { error, cause } => (
            "executionTimedOutEventDetails",
            fields.failure(error.as_ref(), cause.as_ref()),
        ),
        EventDetails::ExecutionAborted { error, cause } => (
            "executionAbortedEventDetails",
            fields.failure(error.as_ref(), cause.as_ref()),
        ),
        EventDetails::ExecutionRedriven { redrive_count } => (
            "executionRedrivenEventDetails",
            fields.set("redriveCount", *redrive_count),
        ),
        EventDetails::StateEntered { name, input, .. } => (
            "stateEnteredEventDetails",
            fields.set("name", &**name).payload("input", input),
        ),
        EventDetails::StateExited {
            name, output, assigned, ..
        } => {
            let fields = fields.set("name", &**name).payload("output", output);
            let fields = match assigned {
                None => fields,
                Some(variables) => {
                    let texts = variables
                        .iter()
                        .map(|(name, value)| (name.to_string(), value.to_string().into()));
                    fields
                        .set("assignedVariables", texts.collect::<Map<_, _>>())
                        .set("assignedVariablesDetails", Fields::default().set("truncated", false).0)
                }
            };
            ("stateExitedEventDetails", fields)
        }
        EventDetails::EvaluationFailed {
            state,
            location,
            error,
            cause,
        } => {
            let fields = fields
                .failure(Some(error), Some(cause))
                .set_some("location", location.as_deref());
            ("evaluationFailedEventDetails", fields.set("state", &**state))
        }
        EventDetails::LambdaFunctionScheduled {
            resource,
            input,
            timeout_in_seconds,
            credentials_role_arn,
        } => {
            let fields = fields.set("resource", &**resource).payload("input", input);
            let fields = fields
                .set_some("timeoutInSeconds", *timeout_in_seconds)
                .credentials(credentials_role_arn);
            ("lambdaFunctionScheduledEventDetails", fields)
        }
        EventDetails::LambdaFunctionSucceeded { output } => {
            ("lambdaFunctionSucceededEventDetails", fields.payload("output", output))
        }
        EventDetails::LambdaFunctionFailed { error, cause } => (
            "lambdaFunctionFailedEventDetails",
            fields.failure(error.as_ref(), cause.as_ref()),
        ),
        EventDetails::LambdaFunctionTimedOut { error, cause } => (
            "lambdaFunctionTimedOutEventDetails",
            fields.failure(error.as_ref(), cause.as_ref()),
        ),
        EventDetails::TaskScheduled(_)
        | EventDetails::TaskStarted { .. }
        | EventDetails::TaskStartFailed { .. }
        | EventDetails::TaskSubmitted { .. }
        | EventDetails::TaskSucceeded { .. }
        | EventDetails::TaskFailed { .. }
        | EventDetails::TaskTimedOut { .. } => return task_details(details),
        EventDetails::MapStateStarted { length } => ("mapStateStartedEventDetails", fields.set("length", *length)),
        EventDetails::MapIterationStarted { name, index } => (
            "mapIterationStartedEventDetails",
            fields.set("name", &**name).set("index", *index),
        ),
        EventDetails::MapIterationSucceeded { name, index } => (
            "mapIterationSucceededEventDetails",
            fields.set("name", &**name).set("index", *index),
        ),
        EventDetails::MapIterationFailed { name, index } => (
            "mapIterationFailedEventDetails",
            fields.set("name", &**name).set("index", *index),
        ),
        EventDetails::MapIterationAborted { name, index } => (
            "mapIterationAbortedEventDetails",
            fields.set("name", &**name).set("index", *index),
        ),
        EventDetails::MapRunStarted { map_run_arn } => {
            ("mapRunStartedEventDetails", fields.set("mapRunArn", &**map_run_arn))
        }
        EventDetails::MapRunFailed { error, cause } => (
            "mapRunFailedEventDetails",
            fields.failure(error.as_ref(), cause.as_ref()),
        ),
        EventDetails::MapRunRedriven {
            map_run_arn,
            redrive_count,
        } => {
            let fields = fields.set("mapRunArn", &**map_run_arn);
            ("mapRunRedrivenEventDetails", fields.set("redriveCount", *redrive_count))
        }
        EventDetails::LambdaFunctionStarted
        | EventDetails::ParallelStateStarted
        | EventDetails::ParallelStateSucceeded
        | EventDetails::ParallelStateFailed
        | EventDetails::ParallelStateAborted
        | EventDetails::TaskStateAborted
        | EventDetails::WaitStateAborted
        | EventDetails::MapStateSucceeded
        | EventDetails::MapStateFailed
        | EventDetails::MapStateAborted
        | EventDetails::MapRunSucceeded
        | EventDetails::MapRunAborted => return None,
    })
}

/// Whether a qualified ARN is a version's, which ends in a number, and not an alias'.
fn is_version(arn: &str) -> bool {
    arn.rsplit(':')
        .next()
        .is_some_and(|qualifier| qualifier.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The details of the events of a service's task.
fn task_details(details: &EventDetails) -> Option<(&'static str, Fields)> {
    let fields = Fields::default();
    Some(match details {
        EventDetails::TaskScheduled(task) => {
            let fields = fields
                .task(&task.resource_type, &task.resource)
                .set("region", &*task.region)
                .set("parameters", task.parameters.text().into_owned())
                .set_some("timeoutInSeconds", task.timeout_in_seconds)
                .set_some("heartbeatInSeconds", task.heartbeat_in_seconds)
                .credentials(&task.credentials_role_arn);
            ("taskScheduledEventDetails", fields)
        }
        EventDetails::TaskStarted {
            resource_type,
            resource,
        } => ("taskStartedEventDetails", fields.task(resource_type, resource)),
        EventDetails::TaskStartFailed {
            resource_type,
            resource,
            error,
            cause,
        } => {
            let fields = fields
                .task(resource_type, resource)
                .failure(error.as_ref(), cause.as_ref());
            ("taskStartFailedEventDetails", fields)
        }
        EventDetails::TaskSubmitted {
            resource_type,
            resource,
            output,
        } => (
            "taskSubmittedEventDetails",
            fields.task(resource_type, resource).payload("output", output),
        ),
        EventDetails::TaskSucceeded {
            resource_type,
            resource,
            output,
        } => (
            "taskSucceededEventDetails",
            fields.task(resource_type, resource).payload("output", output),
        ),
        EventDetails::TaskFailed {
            resource_type,
            resource,
            error,
            cause,
        } => {
            let fields = fields
                .task(resource_type, resource)
                .failure(error.as_ref(), cause.as_ref());
            ("taskFailedEventDetails", fields)
        }
        EventDetails::TaskTimedOut {
            resource_type,
            resource,
            error,
            cause,
        } => {
            let fields = fields
                .task(resource_type, resource)
                .failure(error.as_ref(), cause.as_ref());
            ("taskTimedOutEventDetails", fields)
        }
        _ => return None,
    })
}
