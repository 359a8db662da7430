//! Deliveries: an event goes to each target of a rule. A delivery that fails is tried again if that can help. If it
//! still fails, the event goes to the target's queue for failed events.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html>.

use super::rules::{Rule, Target};
use super::transform::Surroundings;
use jiff::Timestamp;
use platform::Platform;
use platform::error::{ErrorKind, ServiceError};
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// AWS tries for a day. In a local run somebody watches and waits.
const MOST_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Starts the deliveries to a rule's targets; they go on by themselves.
pub(super) fn deliver(platform: &Arc<Platform>, rule: &Rule, event: &Arc<Value>) {
    let ingestion_time = format!("{:.0}", Timestamp::now());
    for target in &rule.targets {
        platform.journal.record(Happening::RuleMatched {
            rule: rule.name.clone(),
            target: target.arn.clone(),
            detail_type: event["detail-type"].as_str().unwrap_or_default().to_owned(),
        });
        let around = Surroundings {
            rule_arn: &rule.arn,
            rule_name: &rule.name,
            ingestion_time: &ingestion_time,
        };
        let input = target.transform.apply(event, &around);
        let (platform, target, event) = (Arc::clone(platform), target.clone(), Arc::clone(event));
        let (rule_name, rule_arn) = (rule.name.clone(), rule.arn.clone());
        tokio::spawn(async move {
            let delivery = Delivery {
                platform: &platform,
                rule_name: &rule_name,
                rule_arn: &rule_arn,
                target: &target,
                event_id: event["id"].as_str().unwrap_or_default(),
            };
            let failure = match input {
                Ok(input) => delivery.attempt(&input).await.err(),
                Err(reason) => Some((ServiceError::new("INVALID_JSON", reason), 0)),
            };
            if let Some((error, attempts)) = failure {
                delivery.give_up(&event, &error, attempts).await;
            }
        });
    }
}

struct Delivery<'a> {
    platform: &'a Arc<Platform>,
    rule_name: &'a str,
    rule_arn: &'a str,
    target: &'a Target,
    event_id: &'a str,
}

impl Delivery<'_> {
    /// Tries again until an attempt succeeds or no other can. Then gives the last error and the number of attempts.
    async fn attempt(&self, input: &Value) -> Result<(), (ServiceError, u32)> {
        let most = self.target.attempts.saturating_add(1).min(MOST_ATTEMPTS);
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match self.send(input).await {
                Ok(()) => break,
                Err(error) if attempt < most && error.can_pass() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err((error, attempt)),
            }
        }
        Ok(())
    }

    async fn send(&self, input: &Value) -> Result<(), ServiceError> {
        let by_itself = Principal::service("events.amazonaws.com", self.rule_arn);
        let arn = &self.target.arn;
        let sent = match (arn.split(':').nth(2), &self.target.role_arn) {
            (Some("lambda"), _) => {
                let call = json!({"FunctionName": arn, "InvocationType": "Event", "Payload": input});
                self.platform.call(&by_itself, "lambda", "Invoke", call).await
            }
            (Some("states"), Some(role)) => {
                let role = self.trusting(role)?;
                // Sessions of rules are named after an id of the event's.
                let session: String = self.event_id.chars().filter(|c| *c != '-').collect();
                let caller = Principal::role_session(role, session);
                // The names that EventBridge gives: the event's id and a random one, 73 characters with an underscore.
                let name = format!("{}_{}", self.event_id, uuid::Uuid::new_v4());
                let call = json!({"stateMachineArn": arn, "name": name, "input": input.to_string()});
                self.platform.call(&caller, "states", "StartExecution", call).await
            }
            (Some("sqs"), _) => {
                let mut call = json!({"QueueUrl": queue_url(self.platform, arn), "MessageBody": input.to_string()});
                if let Some(group) = &self.target.message_group {
                    call["MessageGroupId"] = group.as_str().into();
                }
                self.platform.call(&by_itself, "sqs", "SendMessage", call).await
            }
            _ => Err(ServiceError::validation(format_args!("no target `{arn}`"))),
        };
        sent.map(drop)
    }

    /// The name of a target's role, which has to trust EventBridge on behalf of the rule.
    fn trusting<'r>(&self, role: &'r str) -> Result<&'r str, ServiceError> {
        let service = "events.amazonaws.com";
        let iam = &self.platform.iam;
        let trusts = iam.trusts_service(&self.platform.account, role, service, Some(self.rule_arn));
        // A role that is gone trusts nobody.
        if !trusts.unwrap_or(false) {
            let message =
                format_args!("User: {service} is not authorized to perform: sts:AssumeRole on resource: {role}");
            return Err(ServiceError::access_denied(message));
        }
        Ok(role.rsplit('/').next().unwrap_or_default())
    }

    async fn give_up(&self, event: &Value, error: &ServiceError, attempts: u32) {
        self.platform.journal.record(Happening::DeliveryFailed {
            target: self.target.arn.clone(),
            reason: error.to_string(),
        });
        let Some(queue) = &self.target.dead_letter_queue else {
            return;
        };
        let attribute = |value: &str| json!({"DataType": "String", "StringValue": value});
        let code = match error.kind {
            ErrorKind::Denied => "NO_PERMISSIONS",
            ErrorKind::NotFound => "NO_RESOURCE",
            ErrorKind::Throttled | ErrorKind::NotInLocalRun | ErrorKind::Refused => "SDK_CLIENT_ERROR",
        };
        let call = json!({
            "QueueUrl": queue_url(self.platform, queue),
            "MessageBody": event.to_string(),
            "MessageAttributes": {
                "ERROR_CODE": attribute(code),
                "ERROR_MESSAGE": attribute(&error.message),
                "EXHAUSTED_RETRY_CONDITION": attribute("MaximumRetryAttempts"),
                "RETRY_ATTEMPTS": attribute(&attempts.saturating_sub(1).to_string()),
                "RULE_ARN": attribute(self.rule_arn),
                "TARGET_ARN": attribute(&self.target.arn),
            },
        });
        let by_itself = Principal::service("events.amazonaws.com", self.rule_arn);
        if let Err(error) = self.platform.call(&by_itself, "sqs", "SendMessage", call).await {
            self.platform.journal.record(Happening::DeliveryFailed {
                target: queue.clone(),
                reason: format!("the failed event of `{}` could not be kept: {error}", self.rule_name),
            });
        }
    }
}

/// The URL by which SendMessage names a queue.
fn queue_url(platform: &Platform, arn: &str) -> String {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let account = &platform.account;
    // A queue in another region is none here, whatever its name is.
    let region = account.elsewhere(arn).unwrap_or(&account.region);
    format!("https://sqs.{region}.amazonaws.com/{}/{name}", account.id)
}
