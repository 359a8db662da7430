//! The table of EventBridge's operations, and what each one does.

use super::rules::{self, NewTarget, PutRule, Rule, arn, default_bus, not_found};
use super::sending::PutEvents;
use super::tags::{self, OfResource};
use super::{EventBridge, delivery};
use platform::input::page;
use platform::journal::{Happening, RuleConsidered};
use platform::{Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
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
                Operation::on(
                    "ListRuleNamesByTarget",
                    |platform, _: &ByTarget| arn(platform, "*"),
                    EventBridge::list_names_by_target,
                ),
                on("ListRules", |_: &ListRules| "*", EventBridge::list_rules),
                Operation::on(
                    "ListTagsForResource",
                    |_, it: &OfResource| it.resource_arn.clone(),
                    EventBridge::list_tags,
                ),
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
                Operation::new("TagResource", tags::may_tag, EventBridge::tag),
                Operation::on(
                    "TestEventPattern",
                    |_, _| "*".to_owned(),
                    EventBridge::test_event_pattern,
                ),
                Operation::new("UntagResource", tags::may_untag, EventBridge::untag),
            ])
        });
        &TABLE
    }

    /// An event goes to the targets of the rules that want it; deliveries go on by themselves.
    fn hear(&self, platform: &Arc<Platform>, event: &Arc<Value>) {
        let secrets = &platform.secrets;
        let shown = secrets.hidden_json(event).map_or_else(|| Arc::clone(event), Arc::new);
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
            event: shown,
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
struct ByTarget {
    target_arn: String,
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
struct TestEventPattern {
    event_pattern: String,
    event: String,
}

impl PutRule {
    fn requirements(_: &EventBridge, platform: &Platform, it: &Self) -> Result<Vec<Requirement>, ServiceError> {
        let arn = arn(platform, &it.name);
        let put = Requirement::new("events:PutRule", &arn).giving(&it.tags);
        let tag = || Requirement::new("events:TagResource", &arn).giving(&it.tags);
        let tags = (!it.tags.is_empty()).then(tag);
        let role = it.role_arn.as_deref().map(pass_role);
        Ok([put].into_iter().chain(tags).chain(role).collect())
    }
}

impl PutTargets {
    fn requirements(_: &EventBridge, platform: &Platform, it: &Self) -> Result<Vec<Requirement>, ServiceError> {
        let put = Requirement::new("events:PutTargets", arn(platform, &it.rule));
        let roles = it.targets.iter().filter_map(NewTarget::role_arn);
        Ok([put].into_iter().chain(roles.map(pass_role)).collect())
    }
}

/// The right to give a rule or a target this role.
fn pass_role(role: &str) -> Requirement {
    Requirement::pass_role(role, "events.amazonaws.com")
}

impl EventBridge {
    fn put_rule(&self, call: &Call, input: PutRule) -> Result<Value, ServiceError> {
        default_bus(input.event_bus_name.as_deref())?;
        let arn = arn(&call.platform, &input.name);
        let mut rules = self.lock();
        let known = rules.get(&input.name);
        let rule = input.rule(arn.clone(), known)?;
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

    fn list_names_by_target(&self, _: &Call, input: ByTarget) -> Result<Value, ServiceError> {
        default_bus(input.event_bus_name.as_deref())?;
        let rules = self.lock();
        let of_target = |rule: &&Rule| rule.targets.iter().any(|target| target.arn == input.target_arn);
        let names = rules.values().filter(of_target).map(|rule| rule.name.as_str().into());
        list("RuleNames", names, input.limit, input.next_token.as_deref())
    }

    fn put_targets(&self, _: &Call, input: PutTargets) -> Result<Value, ServiceError> {
        // What needs no rule is looked at before the rule is looked for.
        rules::check_ids(&input.targets)?;
        let mut given = input.targets.iter();
        given.try_for_each(NewTarget::check).map_err(ServiceError::validation)?;
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
                    "The requested resource exceeds the maximum number allowed.",
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

    fn test_event_pattern(&self, _: &Call, input: TestEventPattern) -> Result<Value, ServiceError> {
        let event: Value = serde_json::from_str(&input.event).unwrap_or_default();
        // The API reference wants `resources`, too. AWS takes events without.
        let fields = ["id", "account", "source", "time", "region", "detail-type"];
        if !fields.iter().all(|field| event.get(field).is_some()) {
            return Err(ServiceError::validation("Parameter Event is not valid."));
        }
        let pattern = rules::read_pattern(&input.event_pattern)?;
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
