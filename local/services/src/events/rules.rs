//! Rules and targets: putting, showing and deleting them, and the operations on events.

use super::pattern::Pattern;
use super::transform::Transform;
use super::{EventBridge, schedule};
use platform::Platform;
use platform::error::ServiceError;
use platform::input::{page, read};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

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
    enabled: bool,
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
    id: String,
    /// As it was put, to be shown again.
    given: Value,
}

impl Rule {
    pub(super) fn wants(&self, event: &Value) -> bool {
        self.enabled && self.pattern.as_ref().is_some_and(|pattern| pattern.matches(event))
    }

    fn json(&self, cloud_bus: bool) -> Value {
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
        if cloud_bus {
            shown.insert("EventBusName".into(), "default".into());
        }
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRule {
    name: String,
    event_pattern: Option<String>,
    schedule_expression: Option<String>,
    state: Option<String>,
    description: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "taken so that templates can give it; nothing local looks at a rule's tags"
    )]
    tags: Vec<Value>,
    event_bus_name: Option<String>,
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

/// The fields that the operations on one rule, or on its targets, take.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    #[serde(alias = "Rule")]
    name: String,
    event_bus_name: Option<String>,
    #[serde(default)]
    ids: Vec<String>,
    #[expect(dead_code, reason = "only rules of AWS's services need force to be deleted")]
    force: Option<bool>,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn default_bus(bus: Option<&str>) -> Result<(), ServiceError> {
    match bus {
        None | Some("default") => Ok(()),
        Some(arn) if arn.ends_with(":event-bus/default") => Ok(()),
        Some(other) => Err(ServiceError::new(
            "ResourceNotFoundException",
            format_args!("Event bus {other} does not exist: the local run has the default bus alone"),
        )),
    }
}

impl PutTarget {
    fn target(self, given: Value) -> Result<Target, String> {
        let service = self.arn.split(':').nth(2).unwrap_or_default();
        match service {
            "lambda" | "sqs" => {}
            "states" if self.role_arn.is_some() => {}
            "states" => return Err(format!("RoleArn is required for target {}.", self.arn)),
            _ => return Err(format!("the local run has no targets like `{}`", self.arn)),
        }
        let transform: Transform = serde_json::from_value(json!({
            "Input": self.input,
            "InputPath": self.input_path,
            "InputTransformer": self.input_transformer,
        }))
        .map_err(|error| error.to_string())?;
        transform.check()?;
        Ok(Target {
            arn: self.arn,
            role_arn: self.role_arn,
            transform,
            dead_letter_queue: self.dead_letter_config.and_then(|config| config.arn),
            message_group: self.sqs_parameters.and_then(|parameters| parameters.message_group_id),
            attempts: self
                .retry_policy
                .and_then(|policy| policy.maximum_retry_attempts)
                .unwrap_or(185),
            id: self.id,
            given,
        })
    }
}

impl EventBridge {
    pub(super) fn put_rule(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let input: PutRule = read(input)?;
        default_bus(input.event_bus_name.as_deref())?;
        if input.event_pattern.is_none() && input.schedule_expression.is_none() {
            return Err(ServiceError::validation(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.",
            ));
        }
        if let Some(expression) = &input.schedule_expression {
            schedule::check(expression).map_err(ServiceError::validation)?;
        }
        let pattern = input.event_pattern.as_deref().map(Pattern::parse).transpose();
        let pattern = pattern.map_err(|error| ServiceError::new("InvalidEventPatternException", error))?;
        let enabled = match input.state.as_deref() {
            None | Some("ENABLED") => true,
            Some("DISABLED") => false,
            Some(other) => {
                return Err(ServiceError::validation(format_args!(
                    "the local run knows no rule state `{other}`, but ENABLED and DISABLED"
                )));
            }
        };
        let arn = arn(platform, &input.name);
        let mut rules = self.lock();
        // A rule that is put again keeps its targets.
        let targets = rules.remove(&input.name).map_or_else(Vec::new, |rule| rule.targets);
        let rule = Rule {
            name: input.name.clone(),
            arn: arn.clone(),
            schedule: input.schedule_expression,
            pattern,
            pattern_text: input.event_pattern,
            description: input.description,
            role_arn: input.role_arn,
            enabled,
            targets,
        };
        rules.insert(input.name, rule);
        Ok(json!({"RuleArn": arn}))
    }

    /// Reads which rule is meant and gives it to `then`.
    fn named<T>(
        &self,
        input: &Value,
        then: impl FnOnce(&mut Rule, &Named) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let named: Named = read(input)?;
        default_bus(named.event_bus_name.as_deref())?;
        let mut rules = self.lock();
        let rule = rules.get_mut(&named.name).ok_or_else(|| not_found(&named.name))?;
        then(rule, &named)
    }

    pub(super) fn describe_rule(&self, input: &Value) -> Result<Value, ServiceError> {
        self.named(input, |rule, _| Ok(rule.json(true)))
    }

    pub(super) fn delete_rule(&self, input: &Value) -> Result<Value, ServiceError> {
        let named: Named = read(input)?;
        default_bus(named.event_bus_name.as_deref())?;
        let mut rules = self.lock();
        match rules.get(&named.name) {
            Some(rule) if !rule.targets.is_empty() => {
                Err(ServiceError::validation("Rule can't be deleted since it has targets."))
            }
            // Deleting what is not there succeeds, on AWS too.
            _ => {
                rules.remove(&named.name);
                Ok(json!({}))
            }
        }
    }

    pub(super) fn set_enabled(&self, input: &Value, enabled: bool) -> Result<Value, ServiceError> {
        self.named(input, |rule, _| {
            rule.enabled = enabled;
            Ok(json!({}))
        })
    }

    pub(super) fn list_rules(&self, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Input {
            name_prefix: Option<String>,
            event_bus_name: Option<String>,
            next_token: Option<String>,
            limit: Option<usize>,
        }
        let input: Input = read(input)?;
        default_bus(input.event_bus_name.as_deref())?;
        let rules = self.lock();
        let prefix = input.name_prefix.unwrap_or_default();
        let shown = rules.values().filter(|rule| rule.name.starts_with(&prefix));
        let shown = shown.map(|rule| rule.json(true));
        list("Rules", shown, input.limit, input.next_token.as_deref())
    }

    pub(super) fn put_targets(&self, input: &Value) -> Result<Value, ServiceError> {
        let mut fields = input.clone();
        let given = fields
            .as_object_mut()
            .and_then(|fields| fields.remove("Targets"))
            .unwrap_or_default();
        let given: Vec<Value> = read::<Vec<Value>>(&given)?;
        self.named(&fields, |rule, _| {
            // All are understood before the first is put.
            let targets = given.into_iter().map(|given| {
                let target = read::<PutTarget>(&given)?.target(given);
                target.map_err(ServiceError::validation)
            });
            let targets = targets.collect::<Result<Vec<_>, _>>()?;
            for target in targets {
                rule.targets.retain(|known| known.id != target.id);
                rule.targets.push(target);
            }
            if rule.targets.len() > 5 {
                rule.targets.truncate(5);
                return Err(ServiceError::new(
                    "LimitExceededException",
                    "The requested resource exceeds the maximum number allowed: a rule has at most 5 targets.",
                ));
            }
            Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
        })
    }

    pub(super) fn remove_targets(&self, input: &Value) -> Result<Value, ServiceError> {
        self.named(input, |rule, named| {
            rule.targets.retain(|target| !named.ids.contains(&target.id));
            Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
        })
    }

    pub(super) fn list_targets(&self, input: &Value) -> Result<Value, ServiceError> {
        self.named(input, |rule, named| {
            let shown = rule.targets.iter().map(|target| target.given.clone());
            list("Targets", shown, named.limit, named.next_token.as_deref())
        })
    }

    pub(super) fn put_events(&self, platform: &Arc<Platform>, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Entry {
            source: Option<String>,
            detail_type: Option<String>,
            detail: Option<String>,
            #[serde(default)]
            resources: Vec<String>,
            time: Option<Value>,
            event_bus_name: Option<String>,
        }
        let entries: Vec<Value> = read(&input["Entries"])?;
        if !(1..=10).contains(&entries.len()) {
            return Err(ServiceError::validation("`Entries` takes 1 to 10 events"));
        }
        let mut answers = Vec::new();
        for entry in &entries {
            let entry: Entry = read(entry)?;
            default_bus(entry.event_bus_name.as_deref())?;
            let refused = |code: &str, message: &str| json!({"ErrorCode": code, "ErrorMessage": message});
            let detail = entry.detail.as_deref().map(serde_json::from_str::<Value>);
            let answer = match (entry.source.as_deref(), entry.detail_type, detail) {
                (None | Some(""), ..) => refused(
                    "InvalidArgument",
                    "Parameter Source is not valid. Reason: Source is a required argument.",
                ),
                (Some(source), ..) if source.starts_with("aws.") => {
                    refused("NotAuthorizedForSourceException", "Not authorized for the source.")
                }
                (_, None, _) => refused(
                    "InvalidArgument",
                    "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
                ),
                (_, _, None) => refused(
                    "InvalidArgument",
                    "Parameter Detail is not valid. Reason: Detail is a required argument.",
                ),
                (Some(source), Some(detail_type), Some(Ok(detail @ Value::Object(_)))) => {
                    let mut event = json!({
                        "source": source,
                        "detail-type": detail_type,
                        "resources": entry.resources,
                        "detail": detail,
                    });
                    if let Some(Value::String(time)) = entry.time {
                        event["time"] = time.into();
                    }
                    json!({"EventId": platform.emit(&event)})
                }
                _ => refused("MalformedDetail", "Detail is malformed."),
            };
            answers.push(answer);
        }
        let failed = answers
            .iter()
            .filter(|answer| answer.get("ErrorCode").is_some())
            .count();
        Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
    }
}

fn list(
    field: &str,
    items: impl Iterator<Item = Value>,
    limit: Option<usize>,
    token: Option<&str>,
) -> Result<Value, ServiceError> {
    let page = page(items, limit.unwrap_or(100), token, "ValidationException")?;
    let mut answer = Map::new();
    answer.insert(field.into(), page.items.into());
    if let Some(token) = page.next_token {
        answer.insert("NextToken".into(), token.into());
    }
    Ok(Value::Object(answer))
}

pub(super) fn test_event_pattern(input: &Value) -> Result<Value, ServiceError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Input {
        event_pattern: String,
        event: String,
    }
    let input: Input = read(input)?;
    let pattern = Pattern::parse(&input.event_pattern)
        .map_err(|error| ServiceError::new("InvalidEventPatternException", error))?;
    let event: Value = serde_json::from_str(&input.event)
        .map_err(|error| ServiceError::validation(format_args!("Parameter Event is not valid. Reason: {error}")))?;
    Ok(json!({"Result": pattern.matches(&event)}))
}
