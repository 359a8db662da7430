//! EventBridge: rules on the default bus, their patterns and their targets.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>. Targets are Lambda functions,
//! state machines and queues; a delivery that fails goes to the target's queue for failed events. Schedules are kept and
//! shown, and do not fire by themselves: [`EventBridge::fire`] fires one, as its time would.

mod compare;
mod delivery;
pub mod pattern;
mod rules;
mod schedule;
#[cfg(test)]
mod tests;
mod transform;

use crate::by_name::ByName;
use platform::error::ServiceError;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use rules::Rule;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// EventBridge in this account and region.
#[derive(Debug, Default)]
pub struct EventBridge {
    rules: Mutex<BTreeMap<String, Rule>>,
}

impl EventBridge {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fires a scheduled rule now, enabled or not, and answers with the event that its targets get.
    ///
    /// # Errors
    /// There is no such rule, or it has no schedule.
    pub fn fire(&self, platform: &Arc<Platform>, rule: &str) -> Result<Value, ServiceError> {
        let found = self.lock().get(rule).cloned().ok_or_else(|| rules::not_found(rule))?;
        if found.schedule.is_none() {
            return Err(ServiceError::validation(format_args!(
                "the rule `{rule}` has no schedule"
            )));
        }
        let event = platform.complete(&json!({
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "resources": [found.arn],
            "detail": {},
        }));
        delivery::deliver(platform, &found, &event);
        Ok(event)
    }
}

crate::by_name::by_name!(EventBridge);

#[async_trait::async_trait]
impl ByName for EventBridge {
    fn signing_name(&self) -> &'static str {
        "events"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let action = format!("events:{operation}");
        let name = |field: &str| {
            input[field]
                .as_str()
                .ok_or_else(|| ServiceError::validation(format_args!("`{field}` must be given")))
        };
        let mut requirements = match operation {
            "PutRule" | "DescribeRule" | "DeleteRule" | "EnableRule" | "DisableRule" => {
                vec![Requirement::new(action, rules::arn(platform, name("Name")?))]
            }
            "PutTargets" | "RemoveTargets" | "ListTargetsByRule" => {
                vec![Requirement::new(action, rules::arn(platform, name("Rule")?))]
            }
            "ListRules" => vec![Requirement::new(action, rules::arn(platform, "*"))],
            "TestEventPattern" => vec![Requirement::new(action, "*")],
            "PutEvents" => {
                let bus = platform.account.arn("events", "event-bus/default");
                let entries = input["Entries"].as_array().map_or(&[][..], Vec::as_slice);
                let each = entries.iter().map(|entry| {
                    Requirement::new(action.as_str(), bus.as_str())
                        .with("events:source", entry["Source"].as_str().unwrap_or_default())
                        .with("events:detail-type", entry["DetailType"].as_str().unwrap_or_default())
                });
                each.collect()
            }
            _ => return Err(ServiceError::not_in_local_run("events", operation)),
        };
        // A rule and its targets are given roles; whoever gives one must be allowed to.
        let targets = input["Targets"].as_array().map_or(&[][..], Vec::as_slice);
        let roles = targets
            .iter()
            .chain([input])
            .filter_map(|holder| holder["RoleArn"].as_str());
        if matches!(operation, "PutRule" | "PutTargets") {
            requirements.extend(roles.map(|role| {
                Requirement::new("iam:PassRole", role).with("iam:PassedToService", "events.amazonaws.com")
            }));
        }
        Ok(requirements)
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "PutRule" => self.put_rule(platform, &input),
            "DescribeRule" => self.describe_rule(&input),
            "DeleteRule" => self.delete_rule(&input),
            "EnableRule" => self.set_enabled(&input, true),
            "DisableRule" => self.set_enabled(&input, false),
            "ListRules" => self.list_rules(&input),
            "PutTargets" => self.put_targets(&input),
            "RemoveTargets" => self.remove_targets(&input),
            "ListTargetsByRule" => self.list_targets(&input),
            "TestEventPattern" => rules::test_event_pattern(&input),
            "PutEvents" => self.put_events(platform, &input),
            _ => Err(ServiceError::not_in_local_run("events", operation)),
        }
    }

    /// An event goes to the targets of the rules that want it; deliveries go on by themselves.
    fn hear(&self, platform: &Arc<Platform>, event: &Value) {
        let matching: Vec<Rule> = self.lock().values().filter(|rule| rule.wants(event)).cloned().collect();
        for rule in matching {
            delivery::deliver(platform, &rule, event);
        }
    }
}
