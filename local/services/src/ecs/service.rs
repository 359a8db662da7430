//! A service with its deployments, and what is told of it.

use super::tags::Tag;
use super::task::{LoadBalancer, Network, Task, count};
use jiff::Timestamp;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How many events of a service are kept.
const EVENTS: usize = 100;

/// How a service changes its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rolling {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deployment_circuit_breaker: Option<CircuitBreaker>,
    #[serde(default = "maximum")]
    pub(super) maximum_percent: u32,
    #[serde(default = "minimum")]
    pub(super) minimum_healthy_percent: u32,
    #[serde(default = "rolling")]
    pub(super) strategy: String,
    #[serde(default)]
    pub(super) bake_time_in_minutes: u32,
}

fn maximum() -> u32 {
    200
}

fn minimum() -> u32 {
    100
}

fn rolling() -> String {
    "ROLLING".into()
}

impl Default for Rolling {
    fn default() -> Self {
        Self {
            deployment_circuit_breaker: None,
            maximum_percent: maximum(),
            minimum_healthy_percent: minimum(),
            strategy: rolling(),
            bake_time_in_minutes: 0,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CircuitBreaker {
    pub(super) enable: bool,
    pub(super) rollback: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reset_on_healthy_task: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) threshold_configuration: Option<Threshold>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Threshold {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: u32,
}

/// How a deployment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// A deployment of a service. The first one in a service is its primary one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deployment {
    /// `ecs-svc/` and a number.
    pub(super) id: String,
    pub(super) definition: String,
    pub(super) network: Network,
    pub(super) load_balancers: Vec<LoadBalancer>,
    pub(super) failed: u32,
    pub(super) rollout: Rollout,
    pub(super) reason: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) finished: Option<Timestamp>,
    /// Whether it is what a failed deployment was rolled back to.
    pub(super) is_rollback: bool,
    /// The failed deployment was rolled back to this one.
    pub(super) rolled_back_to: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    id: String,
    created: Timestamp,
    message: String,
}

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Active,
    Draining,
    Inactive,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// A service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Service {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) cluster: String,
    pub(super) status: Status,
    pub(super) desired: u32,
    pub(super) platform_version: String,
    pub(super) rolling: Rolling,
    /// How long unhealthy targets are left alone, in seconds.
    pub(super) grace: u32,
    /// The primary one is the first, and those whose tasks still run follow.
    pub(super) deployments: Vec<Deployment>,
    /// Those that have ended, the latest first.
    pub(super) past: VecDeque<Deployment>,
    /// The newest ones first.
    pub(super) events: VecDeque<Event>,
    pub(super) is_steady: bool,
    pub(super) role: Option<String>,
    pub(super) managed_tags: bool,
    pub(super) propagate_tags: Option<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) created: Timestamp,
    pub(super) created_by: String,
}

impl Service {
    pub(super) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    pub(super) fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    /// Notes what has happened, as ECS shows it.
    pub(super) fn tell(&mut self, message: &str) {
        self.events.push_front(Event {
            id: uuid::Uuid::new_v4().to_string(),
            created: Timestamp::now(),
            message: message.to_owned(),
        });
        self.events.truncate(EVENTS);
    }

    fn show_deployment(&self, at: usize, deployment: &Deployment, tasks: &[&Task]) -> Value {
        let tasks = tasks.iter().filter(|task| task.started_by == deployment.id);
        let (running, pending) = count(tasks.copied());
        let is_primary = at == 0 && self.status != Status::Inactive;
        json!({
            "id": deployment.id,
            "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
            "taskDefinition": deployment.definition,
            "desiredCount": if is_primary { self.desired } else { 0 },
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": deployment.failed,
            "createdAt": seconds(deployment.created),
            "updatedAt": seconds(deployment.updated),
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "networkConfiguration": deployment.network,
            "rolloutState": deployment.rollout.name(),
            "rolloutStateReason": deployment.reason,
        })
    }

    pub(super) fn show(&self, tasks: &[&Task], with_tags: bool) -> Value {
        let (running, pending) = count(tasks.iter().copied());
        let deployments = self.deployments.iter().enumerate();
        let deployments: Vec<Value> = deployments
            .map(|(at, deployment)| self.show_deployment(at, deployment, tasks))
            .collect();
        let events = self
            .events
            .iter()
            .map(|event| json!({"id": event.id, "createdAt": seconds(event.created), "message": event.message}));
        let latest = self.primary().or_else(|| self.past.front());
        let mut shown = json!({
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": self.cluster,
            "loadBalancers": latest.map(|latest| &latest.load_balancers),
            "serviceRegistries": [],
            "status": self.status.name(),
            "desiredCount": self.desired,
            "runningCount": running,
            "pendingCount": pending,
            "launchType": "FARGATE",
            "platformVersion": self.platform_version,
            "platformFamily": "Linux",
            "taskDefinition": latest.map(|latest| &latest.definition),
            "deploymentConfiguration": self.rolling,
            "deployments": deployments,
            "events": events.collect::<Vec<_>>(),
            "createdAt": seconds(self.created),
            "placementConstraints": [],
            "placementStrategy": [],
            "networkConfiguration": latest.map(|latest| &latest.network),
            "healthCheckGracePeriodSeconds": self.grace,
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "createdBy": self.created_by,
            "enableECSManagedTags": self.managed_tags,
            "propagateTags": self.propagate_tags.as_deref().unwrap_or("NONE"),
            "enableExecuteCommand": false,
        });
        if let Some(role) = &self.role {
            shown["roleArn"] = role.as_str().into();
        }
        if with_tags {
            shown["tags"] = json!(self.tags);
        }
        shown
    }
}
