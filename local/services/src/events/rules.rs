//! Rules and their targets: how each is put, and how it is shown.

use super::pattern::Pattern;
use super::schedule;
use super::transform::Transform;
use crate::tags::Tag;
use platform::{ErrorKind, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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
    pub(super) tags: BTreeMap<String, String>,
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

/// Refuses any other bus by name.
pub(super) fn default_bus(bus: Option<&str>) -> Result<(), ServiceError> {
    match bus {
        None | Some("default") => Ok(()),
        Some(arn) if arn.ends_with(":event-bus/default") => Ok(()),
        Some(other) => Err(ServiceError::new(
            "ResourceNotFoundException",
            format_args!("Event bus {other} does not exist: the local run has the default bus alone"),
        )
        .of_kind(ErrorKind::NotInLocalRun)),
    }
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
    pub(super) tags: Vec<Tag>,
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

impl PutTarget {
    fn transform(&self) -> Result<Transform, String> {
        let transform = serde_json::from_value(json!({
            "Input": self.input,
            "InputPath": self.input_path,
            "InputTransformer": self.input_transformer,
        }));
        transform.map_err(|error| error.to_string())
    }
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

/// How many characters a pattern may have.
///
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
const LONGEST_PATTERN: usize = 2048;

/// Reads a pattern as a client gives it.
pub(super) fn read_pattern(text: &str) -> Result<Pattern, ServiceError> {
    if text.chars().count() > LONGEST_PATTERN {
        let rule = format_args!("Member must have length less than or equal to {LONGEST_PATTERN}");
        return Err(ServiceError::constraint(text, "eventPattern", rule));
    }
    Pattern::parse(text).map_err(|error| ServiceError::new("InvalidEventPatternException", error))
}

impl PutRule {
    /// The rule. One that was there keeps its targets, and its tags whatever is given. Texts that are empty are none.
    pub(super) fn rule(mut self, arn: String, known: Option<&Rule>) -> Result<Rule, ServiceError> {
        for text in [&mut self.event_pattern, &mut self.schedule_expression] {
            *text = text.take().filter(|text| !text.is_empty());
        }
        if self.event_pattern.is_none() && self.schedule_expression.is_none() {
            return Err(ServiceError::validation(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.",
            ));
        }
        if let Some(expression) = &self.schedule_expression {
            schedule::check(expression).map_err(ServiceError::validation)?;
        }
        let pattern = self.event_pattern.as_deref().map(read_pattern).transpose()?;
        let enabled = match self.state.as_deref() {
            None | Some("ENABLED") => true,
            Some("DISABLED") => false,
            Some(other) => {
                return Err(ServiceError::validation(format_args!(
                    "the local run knows no rule state `{other}`, but ENABLED and DISABLED"
                )));
            }
        };
        let tags = self.tags.into_iter().map(|tag| (tag.key, tag.value));
        Ok(Rule {
            name: self.name,
            arn,
            schedule: self.schedule_expression,
            pattern,
            pattern_text: self.event_pattern,
            description: self.description,
            role_arn: self.role_arn,
            enabled,
            targets: known.map_or_else(Vec::new, |rule| rule.targets.clone()),
            tags: known.map_or_else(|| tags.collect(), |rule| rule.tags.clone()),
        })
    }
}

/// Refuses ids of targets that AWS's model does not take: all of them at once, as it does.
pub(super) fn check_ids(targets: &[NewTarget]) -> Result<(), ServiceError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    let mut faults = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        let id = &target.read.id;
        let mut fault = |what: &str| {
            faults.push(format!(
                "Value '{id}' at 'targets.{}.member.id' failed to satisfy constraint: {what}",
                index + 1
            ));
        };
        if id.chars().count() > 64 {
            fault("Member must have length less than or equal to 64");
        }
        if id.is_empty() {
            fault("Member must have length greater than or equal to 1");
        }
        if !id.chars().all(plain) || id.is_empty() {
            fault("Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+");
        }
    }
    let (count, s) = (faults.len(), if faults.len() == 1 { "" } else { "s" });
    match count {
        0 => Ok(()),
        _ => Err(ServiceError::validation(format_args!(
            "{count} validation error{s} detected: {}",
            faults.join("; ")
        ))),
    }
}

impl NewTarget {
    /// The role that the target is given.
    pub(super) fn role_arn(&self) -> Option<&str> {
        self.read.role_arn.as_deref()
    }

    /// Refuses a target that lacks what its kind needs.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { read, .. } = self;
        let is_fifo = read.arn.split(':').nth(2) == Some("sqs") && read.arn.ends_with(".fifo");
        if is_fifo && read.sqs_parameters.is_none() {
            return Err(format!(
                "Parameter(s) SqsParameters must be specified for target: {}.",
                read.id
            ));
        }
        read.transform()?.check(&read.id)
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
        let transform = read.transform()?;
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
