//! Functions, activities, state machines, topics and queues that a definition names and nothing has made.

use super::absent;
use super::finding::{About, Finding, Severity};
use super::machine::Machine;
use crate::cloud::Cloud;
use platform::{Account, ErrorKind};
use serde_json::json;
use states_language::{Call, CallKind, Integration, Target, signing_name};
use std::sync::Arc;

/// A thing, and how a service is asked about it.
struct Named {
    kind: &'static str,
    name: String,
    service: &'static str,
    operation: &'static str,
    member: &'static str,
}

/// A warning for each that is named in this account and region and is not there.
pub(super) async fn look(cloud: &Arc<Cloud>, machine: &Machine, calls: &[Call]) -> Vec<Finding> {
    let mut found = Vec::new();
    for call in calls.iter().filter(|call| call.kind == CallKind::Task) {
        let Some(named) = named(call).filter(|named| is_here(&named.name, &cloud.account)) else {
            continue;
        };
        let question = json!({ named.member: named.name });
        let answer = cloud.look(named.service, named.operation, question).await;
        match answer.err() {
            Some(error) if error.kind == ErrorKind::NotFound => {
                let (kind, name) = (named.kind, &named.name);
                let text = format!("no template has the {kind} `{name}`: the call would fail");
                found.push(machine.at((About::Name, Severity::Warning), call, text));
            }
            Some(error) if error.kind == ErrorKind::NotInLocalRun => {
                found.push(machine.at((About::Absence, Severity::Note), call, absent::note(&error.message)));
            }
            _ => {}
        }
    }
    found
}

fn named(call: &Call) -> Option<Named> {
    let text = |argument: &str| call.argument(&[argument]).map(str::to_owned);
    let (service, operation) = match &call.target {
        Target::Integration(Integration::Lambda { function_arn }) => {
            return Some(function(function_arn.to_string())).filter(|it| !it.name.contains("${"));
        }
        Target::Integration(Integration::Service { service, operation, .. }) => (signing_name(service), &**operation),
        Target::Integration(Integration::Activity { activity_arn }) => {
            return Some(activity(activity_arn.to_string())).filter(|it| !it.name.contains("${"));
        }
        Target::Open | Target::Nothing(_) => return None,
    };
    match (service, operation) {
        ("lambda", "invoke") => text("FunctionName").map(function),
        ("states", "startExecution" | "startSyncExecution") => text("StateMachineArn").map(|arn| Named {
            kind: "state machine",
            // The version or the alias is another matter.
            name: arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":"),
            service: "states",
            operation: "DescribeStateMachine",
            member: "stateMachineArn",
        }),
        ("sns", "publish") => text("TopicArn").map(|name| Named {
            kind: "topic",
            name,
            service: "sns",
            operation: "GetTopicAttributes",
            member: "TopicArn",
        }),
        ("sqs", "sendMessage") => text("QueueUrl").map(|name| Named {
            kind: "queue",
            name,
            service: "sqs",
            operation: "GetQueueAttributes",
            member: "QueueUrl",
        }),
        _ => None,
    }
}

fn activity(name: String) -> Named {
    Named {
        kind: "activity",
        name,
        service: "states",
        operation: "DescribeActivity",
        member: "activityArn",
    }
}

fn function(name: String) -> Named {
    Named {
        kind: "function",
        name,
        service: "lambda",
        operation: "GetFunction",
        member: "FunctionName",
    }
}

/// Whether a name, an ARN or a queue's URL is of this account and region. A name alone is.
fn is_here(name: &str, account: &Account) -> bool {
    if name.starts_with("arn:") {
        let parts: Vec<&str> = name.split(':').collect();
        return parts.get(3) == Some(&account.region.as_str()) && parts.get(4) == Some(&account.id.as_str());
    }
    if name.contains("://") {
        return name.contains(&format!("/{}/", account.id)) && name.contains(&account.region);
    }
    // `123456789012:function:name`
    name.split_once(":function:").is_none_or(|(id, _)| id == account.id)
}
