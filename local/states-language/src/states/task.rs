//! The [Task state](https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html).

use std::sync::Arc;

use super::{State, resource};
use crate::execution::Integration;
use crate::expression::{QueryLanguage, Scope, StateError, Template};
use crate::fields::{Amount, Fields};
use crate::text::Json;

/// The longest timeout, which is also the one of tasks that have none.
const MAX_SECONDS: f64 = 99_999_999.0;

/// Has work done elsewhere.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) resource: Arc<str>,
    pub(crate) integration: Integration,
    /// The operation as events have it.
    pub(crate) event_resource: Arc<str>,
    parameters: Option<Template>,
    timeout: Option<Amount>,
    heartbeat: Option<Amount>,
    credentials: Option<Template>,
}

/// A task's call, its expressions evaluated.
#[derive(Debug)]
pub(crate) struct TaskCall {
    pub(crate) parameters: Json,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) heartbeat_seconds: Option<u64>,
    pub(crate) credentials_role_arn: Option<Arc<str>>,
}

impl Task {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Task> {
        let resource = fields.required_text("Resource");
        let parameters = match fields.language {
            QueryLanguage::JsonPath => fields.template("Parameters", "Parameters"),
            QueryLanguage::Jsonata => fields.template("Arguments", "Arguments"),
        };
        let timeout = fields.amount("TimeoutSeconds", Some("TimeoutSecondsPath"), 1.0, MAX_SECONDS);
        let heartbeat = fields.amount("HeartbeatSeconds", Some("HeartbeatSecondsPath"), 1.0, MAX_SECONDS);
        if let (Some(Amount::Literal(timeout)), Some(Amount::Literal(heartbeat))) = (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            fields.error(
                "HeartbeatSeconds",
                "The field 'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'",
            );
        }
        let credentials = fields.template("Credentials", "Credentials");
        let resource: Arc<str> = resource?.into();
        match resource::parse(&resource) {
            Ok(integration) => Some(Task {
                event_resource: resource::event_resource(&integration),
                resource,
                integration,
                parameters,
                timeout,
                heartbeat,
                credentials,
            }),
            Err(why) => {
                fields.error("Resource", why);
                None
            }
        }
    }

    /// The call that the task makes.
    pub(crate) fn call(&self, state: &State, scope: &Scope<'_>) -> Result<TaskCall, StateError> {
        let input = match state.language {
            QueryLanguage::JsonPath => state.effective_input(scope)?,
            QueryLanguage::Jsonata => scope.state_input.clone(),
        };
        let inner = scope.with_input(&input);
        let credentials = match &self.credentials {
            Some(credentials) => credentials
                .evaluate(&inner)?
                .get("RoleArn")
                .and_then(Json::as_str)
                .map(Arc::from),
            None => None,
        };
        let timeout_seconds = seconds(self.timeout.as_ref(), "TimeoutSecondsPath", &inner)?;
        let heartbeat_seconds = seconds(self.heartbeat.as_ref(), "HeartbeatSecondsPath", &inner)?;
        let parameters = match &self.parameters {
            Some(parameters) => parameters.evaluate(&inner)?,
            None => input.clone(),
        };
        Ok(TaskCall {
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            credentials_role_arn: credentials,
        })
    }
}

/// A whole, positive number of seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "validated to be whole and in range"
)]
fn seconds(amount: Option<&Amount>, path_key: &str, scope: &Scope<'_>) -> Result<Option<u64>, StateError> {
    let positive = |value: &Json| {
        value
            .as_i64()
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|it| *it > 0)
    };
    match amount {
        None => Ok(None),
        Some(Amount::Literal(seconds)) => Ok(Some(*seconds as u64)),
        Some(Amount::Path(path)) => {
            let value = scope.parameter(path, path_key)?;
            positive(&value).map(Some).ok_or_else(|| {
                StateError::Runtime(format!(
                    "The {path_key} parameter does not reference a valid positive integer: {path} == {value}"
                ))
            })
        }
        Some(Amount::Query(query)) => {
            let value = query.evaluate(scope)?;
            positive(&value)
                .map(Some)
                .ok_or_else(|| query.wrong_type("integer", &value))
        }
    }
}
