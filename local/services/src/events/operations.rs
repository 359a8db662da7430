//! The table of EventBridge's operations, and what each one does.

use super::pattern::Pattern;
use super::rules::{NewTarget, PutRule, Rule, arn, not_found};
use super::{EventBridge, delivery};
use platform::input::page;
use platform::journal::{Happening, RuleConsidered};
use platform::{Call, ErrorKind, Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>.
impl Served for EventBridge {
    const SIGNING_NAME: &'static str = "events";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<EventBridge>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("PutRule", PutRule::requirements, EventBridge::put_rule),
                on("DescribeRule", |it: &Named| &it.name, EventBridge::describe_rule),
                on("DeleteRule", |it: &DeleteRule| &it.name, EventBridge::delete_rule),
                on("EnableRule", |it: &Named| &it.name, EventBridge::enable_rule),
                on("DisableRule", |it: &Named| &it.name, EventBridge::disable_rule),
                on("ListRules", |_: &ListRules| "*", EventBridge::list_rules),
                Operation::new("PutTargets", PutTargets::requirements, EventBridge::put_targets),
                on(
                    "RemoveTargets",
                    |it: &RemoveTargets| &it.rule,
                    EventBridge::remove_targets,
                ),
                on(
                    "ListTargetsByRule",
                    |it: &ListTargets| &it.rule,
                    EventBridge::list_targets,
                ),
                Operation::new("PutEvents", PutEvents::requirements, EventBridge::put_events),
                Operation::on(
                    "TestEventPattern",
                    |_, _| "*".to_owned(),
                    EventBridge::test_event_pattern,
                ),
            ])
        });
        &TABLE
    }

    /// An event goes to the targets of the rules that want it; deliveries go on by themselves.
    fn hear(&self, platform: &Arc<Platform>, event: &Value) {
        let secrets = &platform.secrets;
        let shown = secrets.hide_json(event);
        let (mut matching, mut considered) = (Vec::new(), Vec::new());
        for rule in self.lock().values() {
            let Some(outcome) = rule.considers(event, &shown) else {
                continue;
            };
            if outcome.is_ok() {
                matching.push(rule.clone());
            }
            considered.push(RuleConsidered {
                rule: rule.name.clone(),
                matched: outcome.is_ok(),
                reason: outcome.err().map(|reason| secrets.hide(&reason).into_owned()),
            });
        }
        platform.journal.record(Happening::EventSent {
            event: Arc::new(shown),
            rules: considered.into(),
        });
        for rule in matching {
            delivery::deliver(platform, &rule, event);
        }
    }
}

/// An operation on the rule of this name.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    rule: fn(&I) -> &str,
    does: fn(&EventBridge, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<EventBridge> {
    Operation::on(name, move |platform, input| arn(platform, rule(input)), does)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    name: String,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRule {
    name: String,
    event_bus_name: Option<String>,
    #[expect(dead_code, reason = "only rules of AWS's services need force to be deleted")]
    force: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRules {
    #[serde(default)]
    name_prefix: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutTargets {
    rule: String,
    event_bus_name: Option<String>,
    targets: Vec<NewTarget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveTargets {
    rule: String,
    event_bus_name: Option<String>,
    ids: Vec<String>,
    #[expect(dead_code, reason = "only rules of AWS's services need force")]
    force: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListTargets {
    rule: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TestEventPattern {
    event_pattern: String,
    event: String,
}

impl PutRule {
    fn requirements(_: &EventBridge, platform: &Platform, it: &Self) -> Result<Vec<Requirement>, ServiceError> {
        let put = Requirement::new("events:PutRule", arn(platform, &it.name));
        Ok([put].into_iter().chain(it.role_arn.as_deref().map(pass_role)).collect())
    }
}

impl PutTargets {
    fn requirements(_: &EventBridge, platform: &Platform, it: &Self) -> Result<Vec<Requirement>, ServiceError> {
        let put = Requirement::new("events:PutTargets", arn(platform, &it.rule));
        let roles = it.targets.iter().filter_map(NewTarget::role_arn);
        Ok([put].into_iter().chain(roles.map(pass_role)).collect())
    }
}

impl PutEvents {
    fn requirements(_: &EventBridge, platform: &Platform, it: &Self) -> Result<Vec<Requirement>, ServiceError> {
        let bus = platform.account.arn("events", "event-bus/default");
        let each = it.entries.iter().map(|entry| {
            Requirement::new("events:PutEvents", bus.as_str())
                .with("events:source", entry.source.as_deref().unwrap_or_default())
                .with("events:detail-type", entry.detail_type.as_deref().unwrap_or_default())
        });
        Ok(each.collect())
    }
}

/// The right to give a rule or a target this role.
fn pass_role(role: &str) -> Requirement {
    Requirement::pass_role(role, "events.amazonaws.com")
}

fn default_bus(bus: Option<&str>) -> Result<(), ServiceError> {
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

impl Entry {
    /// Sends the event, and says under which id, or why it is refused.
    fn send(self, platform: &Arc<Platform>) -> Value {
        let refused = |code: &str, message: &str| json!({"ErrorCode": code, "ErrorMessage": message});
        let detail = self.detail.as_deref().map(serde_json::from_str::<Value>);
        match (self.source.as_deref(), self.detail_type, detail) {
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
                    "resources": self.resources,
                    "detail": detail,
                });
                if let Some(Value::String(time)) = self.time {
                    event["time"] = time.into();
                }
                json!({"EventId": platform.emit(&event)})
            }
            _ => refused("MalformedDetail", "Detail is malformed."),
        }
    }
}

impl EventBridge {
    fn put_rule(&self, call: &Call, input: PutRule) -> Result<Value, ServiceError> {
        default_bus(input.event_bus_name.as_deref())?;
        let arn = arn(&call.platform, &input.name);
        let mut rules = self.lock();
        // A rule that is put again keeps its targets.
        let targets = rules
            .get(&input.name)
            .map_or_else(Vec::new, |rule| rule.targets.clone());
        let rule = input.rule(arn.clone(), targets)?;
        rules.insert(rule.name.clone(), rule);
        Ok(json!({"RuleArn": arn}))
    }

    /// Finds a rule and gives it to `then`.
    fn rule<T>(
        &self,
        name: &str,
        bus: Option<&str>,
        then: impl FnOnce(&mut Rule) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        default_bus(bus)?;
        let mut rules = self.lock();
        then(rules.get_mut(name).ok_or_else(|| not_found(name))?)
    }

    fn describe_rule(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        self.rule(&input.name, input.event_bus_name.as_deref(), |rule| Ok(rule.json()))
    }

    fn delete_rule(&self, _: &Call, input: DeleteRule) -> Result<Value, ServiceError> {
        default_bus(input.event_bus_name.as_deref())?;
        let mut rules = self.lock();
        match rules.get(&input.name) {
            Some(rule) if !rule.targets.is_empty() => {
                Err(ServiceError::validation("Rule can't be deleted since it has targets."))
            }
            // Deleting what is not there succeeds, on AWS too.
            _ => {
                rules.remove(&input.name);
                Ok(json!({}))
            }
        }
    }

    fn enable_rule(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        self.set_enabled(&input, true)
    }

    fn disable_rule(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        self.set_enabled(&input, false)
    }

    fn set_enabled(&self, input: &Named, enabled: bool) -> Result<Value, ServiceError> {
        self.rule(&input.name, input.event_bus_name.as_deref(), |rule| {
            rule.enabled = enabled;
            Ok(json!({}))
        })
    }

    fn list_rules(&self, _: &Call, input: ListRules) -> Result<Value, ServiceError> {
        default_bus(input.event_bus_name.as_deref())?;
        let rules = self.lock();
        let shown = rules.values().filter(|rule| rule.name.starts_with(&input.name_prefix));
        list("Rules", shown.map(Rule::json), input.limit, input.next_token.as_deref())
    }

    fn put_targets(&self, _: &Call, input: PutTargets) -> Result<Value, ServiceError> {
        self.rule(&input.rule, input.event_bus_name.as_deref(), |rule| {
            // All are checked before the first is put.
            let targets = input.targets.into_iter().map(NewTarget::target);
            let targets = targets
                .collect::<Result<Vec<_>, _>>()
                .map_err(ServiceError::validation)?;
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

    fn remove_targets(&self, _: &Call, input: RemoveTargets) -> Result<Value, ServiceError> {
        self.rule(&input.rule, input.event_bus_name.as_deref(), |rule| {
            rule.targets.retain(|target| !input.ids.contains(&target.id));
            Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
        })
    }

    fn list_targets(&self, _: &Call, input: ListTargets) -> Result<Value, ServiceError> {
        self.rule(&input.rule, input.event_bus_name.as_deref(), |rule| {
            let shown = rule.targets.iter().map(|target| target.given.clone());
            list("Targets", shown, input.limit, input.next_token.as_deref())
        })
    }

    fn put_events(&self, call: &Call, input: PutEvents) -> Result<Value, ServiceError> {
        if !(1..=10).contains(&input.entries.len()) {
            return Err(ServiceError::validation("`Entries` takes 1 to 10 events"));
        }
        let mut buses = input.entries.iter().map(|entry| entry.event_bus_name.as_deref());
        buses.try_for_each(default_bus)?;
        let answers: Vec<Value> = input
            .entries
            .into_iter()
            .map(|entry| entry.send(&call.platform))
            .collect();
        let failed = answers.iter().filter(|answer| answer.get("ErrorCode").is_some());
        Ok(json!({"FailedEntryCount": failed.count(), "Entries": answers}))
    }

    fn test_event_pattern(&self, _: &Call, input: TestEventPattern) -> Result<Value, ServiceError> {
        let pattern = Pattern::parse(&input.event_pattern)
            .map_err(|error| ServiceError::new("InvalidEventPatternException", error))?;
        let event: Value = serde_json::from_str(&input.event)
            .map_err(|error| ServiceError::validation(format_args!("Parameter Event is not valid. Reason: {error}")))?;
        Ok(json!({"Result": pattern.matches(&event)}))
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
