//! Rules and their targets: how each is put, and how it is shown.

use super::pattern::Pattern;
use super::schedule;
use super::transform::Transform;
use platform::{Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A rule of the default bus.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) schedule: Option<String>,
    pattern: Option<Pattern>,
    pattern_text: Option<String>,
    description: Option<String>,
    role_arn: Option<String>,
    pub(super) enabled: bool,
    pub(super) targets: Vec<Target>,
}

/// Where a rule sends its events.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) arn: String,
    pub(super) role_arn: Option<String>,
    pub(super) transform: Transform,
    pub(super) dead_letter_queue: Option<String>,
    pub(super) message_group: Option<String>,
    pub(super) attempts: u32,
    pub(super) id: String,
    /// As it was put: so it is shown.
    pub(super) given: Value,
}

impl Rule {
    /// Whether the rule wants an event, or why not, in words of the event as it is shown. None for a rule without a
    /// pattern: it looks at no event.
    pub(super) fn considers(&self, event: &Value, shown: &Value) -> Option<Result<(), String>> {
        let pattern = self.pattern.as_ref()?;
        if !self.enabled {
            return Some(Err("the rule is disabled".to_owned()));
        }
        if pattern.matches(event) {
            return Some(Ok(()));
        }
        let reason = pattern.why_not(shown);
        Some(Err(
            reason.unwrap_or_else(|| "a value that is secret does not fit".to_owned())
        ))
    }

    pub(super) fn json(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("Name".into(), self.name.as_str().into());
        shown.insert("Arn".into(), self.arn.as_str().into());
        let optional = [
            ("EventPattern", &self.pattern_text),
            ("ScheduleExpression", &self.schedule),
            ("Description", &self.description),
            ("RoleArn", &self.role_arn),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                shown.insert(field.into(), value.as_str().into());
            }
        }
        shown.insert("State".into(), if self.enabled { "ENABLED" } else { "DISABLED" }.into());
        shown.insert("EventBusName".into(), "default".into());
        Value::Object(shown)
    }
}

pub(super) fn arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("events", format_args!("rule/{name}"))
}

pub(super) fn not_found(name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format_args!("Rule {name} does not exist on EventBus default."),
    )
}

/// The input of PutRule.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutRule {
    pub(super) name: String,
    event_pattern: Option<String>,
    schedule_expression: Option<String>,
    state: Option<String>,
    description: Option<String>,
    pub(super) role_arn: Option<String>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "taken so that templates can give it; nothing local looks at a rule's tags"
    )]
    tags: Vec<Value>,
    pub(super) event_bus_name: Option<String>,
}

/// A target as PutTargets takes it.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct NewTarget {
    read: PutTarget,
    given: Value,
}

impl TryFrom<Value> for NewTarget {
    type Error = serde_json::Error;

    fn try_from(given: Value) -> Result<Self, Self::Error> {
        let read = PutTarget::deserialize(&given)?;
        Ok(Self { read, given })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutTarget {
    id: String,
    arn: String,
    role_arn: Option<String>,
    input: Option<String>,
    input_path: Option<String>,
    input_transformer: Option<Value>,
    dead_letter_config: Option<DeadLetter>,
    retry_policy: Option<RetryPolicy>,
    sqs_parameters: Option<SqsParameters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeadLetter {
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RetryPolicy {
    maximum_retry_attempts: Option<u32>,
    #[expect(
        dead_code,
        reason = "no local delivery lasts a minute, the least age that can be set"
    )]
    maximum_event_age_in_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SqsParameters {
    message_group_id: Option<String>,
}

impl PutRule {
    /// The rule, with the targets that it has already.
    pub(super) fn rule(self, arn: String, targets: Vec<Target>) -> Result<Rule, ServiceError> {
        if self.event_pattern.is_none() && self.schedule_expression.is_none() {
            return Err(ServiceError::validation(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.",
            ));
        }
        if let Some(expression) = &self.schedule_expression {
            schedule::check(expression).map_err(ServiceError::validation)?;
        }
        let pattern = self.event_pattern.as_deref().map(Pattern::parse).transpose();
        let pattern = pattern.map_err(|error| ServiceError::new("InvalidEventPatternException", error))?;
        let enabled = match self.state.as_deref() {
            None | Some("ENABLED") => true,
            Some("DISABLED") => false,
            Some(other) => {
                return Err(ServiceError::validation(format_args!(
                    "the local run knows no rule state `{other}`, but ENABLED and DISABLED"
                )));
            }
        };
        Ok(Rule {
            name: self.name,
            arn,
            schedule: self.schedule_expression,
            pattern,
            pattern_text: self.event_pattern,
            description: self.description,
            role_arn: self.role_arn,
            enabled,
            targets,
        })
    }
}

impl NewTarget {
    /// The role that the target is given.
    pub(super) fn role_arn(&self) -> Option<&str> {
        self.read.role_arn.as_deref()
    }

    pub(super) fn target(self) -> Result<Target, String> {
        let Self { read, given } = self;
        let service = read.arn.split(':').nth(2).unwrap_or_default();
        match service {
            "lambda" | "sqs" => {}
            "states" if read.role_arn.is_some() => {}
            "states" => return Err(format!("RoleArn is required for target {}.", read.arn)),
            _ => return Err(format!("the local run has no targets like `{}`", read.arn)),
        }
        let transform: Transform = serde_json::from_value(json!({
            "Input": read.input,
            "InputPath": read.input_path,
            "InputTransformer": read.input_transformer,
        }))
        .map_err(|error| error.to_string())?;
        transform.check()?;
        Ok(Target {
            arn: read.arn,
            role_arn: read.role_arn,
            transform,
            dead_letter_queue: read.dead_letter_config.and_then(|config| config.arn),
            message_group: read.sqs_parameters.and_then(|parameters| parameters.message_group_id),
            attempts: read
                .retry_policy
                .and_then(|policy| policy.maximum_retry_attempts)
                .unwrap_or(185),
            id: read.id,
            given,
        })
    }
}
