//! A task as a target of a load balancer: ECS registers it, looks at its health, and lets it go.

use super::role;
use super::task::LoadBalancer;
use platform::{Platform, ServiceError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The address of every task.
const ADDRESS: &str = "127.0.0.1";

/// How a target is, in the words of its load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetHealth {
    pub(super) state: String,
    pub(super) description: String,
}

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    let principal = role::principal();
    platform
        .call(&principal, "elasticloadbalancing", operation, input)
        .await
}

fn target(group: &str, port: u16) -> Value {
    json!({"TargetGroupArn": group, "Targets": [{"Id": ADDRESS, "Port": port}]})
}

/// Registers a task with all its target groups.
pub(super) async fn register(
    platform: &Arc<Platform>,
    balancers: &[LoadBalancer],
    port: u16,
) -> Result<(), ServiceError> {
    for balancer in balancers {
        call(platform, "RegisterTargets", target(&balancer.target_group_arn, port)).await?;
    }
    Ok(())
}

/// Lets a task go, and waits until it has answered everything.
pub(super) async fn deregister(platform: &Arc<Platform>, balancers: &[LoadBalancer], port: u16) {
    for balancer in balancers {
        let group = &balancer.target_group_arn;
        // A group that is gone sends nothing more.
        if call(platform, "DeregisterTargets", target(group, port)).await.is_err() {
            continue;
        }
        loop {
            let found = call(platform, "DescribeTargetHealth", target(group, port)).await;
            let state = found.as_ref().ok().and_then(|found| {
                found
                    .pointer("/TargetHealthDescriptions/0/TargetHealth/State")
                    .and_then(Value::as_str)
            });
            if state != Some("draining") {
                break;
            }
            tokio::time::sleep(pause(platform)).await;
        }
    }
}

/// How often ECS looks at what changes soon.
pub(super) fn pause(platform: &Platform) -> Duration {
    (platform.pace.poll_interval() / 4).max(Duration::from_millis(5))
}

/// How the targets of a group are, by their ports.
pub(super) async fn health(platform: &Arc<Platform>, group: &str) -> Option<BTreeMap<u16, TargetHealth>> {
    let found = call(platform, "DescribeTargetHealth", json!({"TargetGroupArn": group}))
        .await
        .ok()?;
    let targets = found["TargetHealthDescriptions"].as_array()?;
    let read = targets.iter().filter_map(|found| {
        let port = u16::try_from(found["Target"]["Port"].as_u64()?).ok()?;
        let text = |field: &str| found["TargetHealth"][field].as_str().unwrap_or_default().to_owned();
        let health = TargetHealth {
            state: text("State"),
            description: text("Description"),
        };
        Some((port, health))
    });
    Some(read.collect())
}

/// Whether a target group is there, and behind a load balancer: ECS looks before it makes a service.
pub(super) async fn check(platform: &Arc<Platform>, group: &str) -> Result<(), ServiceError> {
    let found = call(platform, "DescribeTargetGroups", json!({"TargetGroupArns": [group]})).await;
    let found = found.map_err(|error| match error.code.as_str() {
        "TargetGroupNotFound" => {
            let message = format_args!("The target group with targetGroupArn {group} does not exist.");
            ServiceError::new("InvalidParameterException", message)
        }
        _ => error,
    })?;
    let balancers = found
        .pointer("/TargetGroups/0/LoadBalancerArns")
        .and_then(Value::as_array);
    if balancers.is_none_or(Vec::is_empty) {
        let message =
            format_args!("The target group with targetGroupArn {group} does not have an associated load balancer.");
        return Err(ServiceError::new("InvalidParameterException", message));
    }
    Ok(())
}
