//! The [Task state](https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html).

use std::sync::Arc;

use super::offered;
use super::resource::{self, Integration, Pattern};
use crate::definition::common::Common;
use crate::definition::reading::{Amount, Fields, seconds};
use crate::expression::{QueryLanguage, Scope, StateError, Template, delimited};
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
        let is_expression = |given: &Json| {
            fields.language == QueryLanguage::Jsonata && given.as_str().is_some_and(|text| delimited(text).is_some())
        };
        let given = fields.get("Credentials");
        if given.is_some_and(|given| given.as_object().is_none() && !is_expression(given)) {
            fields.error("Credentials", "Expected value of type Object");
        }
        let credentials = fields.template("Credentials", "Credentials");
        let resource: Arc<str> = resource?.into();
        let integration = resource::parse(&resource);
        if let Ok(integration) = &integration {
            offered::check(fields, &resource, integration);
        }
        match integration {
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

    /// Whether its work ends with a token.
    pub(crate) fn waits_for_token(&self) -> bool {
        matches!(&self.integration, Integration::Service { pattern, .. } if *pattern == Pattern::WaitForTaskToken)
    }

    /// Whether a worker does its work.
    pub(crate) fn is_activity(&self) -> bool {
        matches!(self.integration, Integration::Activity { .. })
    }

    /// The call that the task makes.
    pub(crate) fn call(&self, common: &Common, scope: &Scope<'_>) -> Result<TaskCall, StateError> {
        let input = common.effective_input(scope)?;
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
