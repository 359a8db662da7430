//! EventBridge: rules on the default bus, their patterns and their targets.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>. Targets are Lambda functions,
//! state machines and queues; a delivery that fails goes to the target's queue for failed events. Schedules are kept
//! and shown. They do not fire by themselves: [`EventBridge::fire`] fires one.

mod delivery;
mod operations;
pub mod pattern;
mod rules;
mod schedule;
mod sending;
mod tags;
#[cfg(test)]
mod tests;
mod transform;

use platform::{Platform, ServiceError};
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
        let event = Arc::new(platform.complete(json!({
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "resources": [found.arn],
            "detail": {},
        })));
        delivery::deliver(platform, &found, &event);
        Ok(Arc::unwrap_or_clone(event))
    }
}
