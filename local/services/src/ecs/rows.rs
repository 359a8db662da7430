//! What is kept of clusters, task definitions, services and tasks.

use super::definition::NewDefinition;
use super::tags::Tag;
use jiff::Timestamp;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// How many events of a service are kept.
const EVENTS: usize = 100;

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) is_active: bool,
    pub(super) settings: Vec<Setting>,
    pub(super) capacity_providers: Vec<String>,
    pub(super) tags: Vec<Tag>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Setting {
    name: String,
    value: String,
}

/// A revision of a task definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Definition {
    pub(super) arn: String,
    pub(super) revision: u32,
    pub(super) asked: NewDefinition,
    pub(super) tags: Vec<Tag>,
    pub(super) registered: Timestamp,
    pub(super) registered_by: String,
    pub(super) deregistered: Option<Timestamp>,
}

impl Definition {
    pub(super) fn is_active(&self) -> bool {
        self.deregistered.is_none()
    }

    pub(super) fn show(&self) -> Value {
        let mut shown = json!(self.asked);
        shown["taskDefinitionArn"] = self.arn.as_str().into();
        shown["revision"] = self.revision.into();
        shown["status"] = if self.is_active() { "ACTIVE" } else { "INACTIVE" }.into();
        shown["compatibilities"] = json!(["EC2", "FARGATE"]);
        shown["registeredAt"] = seconds(self.registered);
        shown["registeredBy"] = self.registered_by.as_str().into();
        if let Some(at) = self.deregistered {
            shown["deregisteredAt"] = seconds(at);
        }
        shown
    }
}

/// The network of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Network {
    pub(super) awsvpc_configuration: Vpc,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Vpc {
    pub(super) subnets: Vec<String>,
    #[serde(default)]
    pub(super) security_groups: Vec<String>,
    #[serde(default = "disabled")]
    pub(super) assign_public_ip: String,
}

fn disabled() -> String {
    "DISABLED".into()
}

/// Where a service's tasks are registered as targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LoadBalancer {
    pub(super) target_group_arn: String,
    pub(super) container_name: String,
    pub(super) container_port: u16,
}

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

/// How many of these tasks run, and how many are on their way there.
pub(super) fn count<'t>(tasks: impl Iterator<Item = &'t Task>) -> (usize, usize) {
    let wanted = tasks.filter(|task| task.is_wanted());
    let (running, pending): (Vec<&Task>, Vec<&Task>) = wanted.partition(|task| task.stage == Stage::Running);
    (running.len(), pending.len())
}

/// What a task is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Stage {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What a container's health check has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Health {
    Unknown,
    Healthy,
    Unhealthy,
}

/// Why a task stops: ECS's code and its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stop {
    pub(super) code: String,
    pub(super) reason: String,
}

/// A task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) arn: String,
    pub(super) id: String,
    pub(super) cluster: String,
    pub(super) definition: String,
    /// `service:NAME`, or `family:NAME`.
    pub(super) group: String,
    /// The id of the deployment that has started it, or what a caller says.
    pub(super) started_by: String,
    pub(super) network: Network,
    pub(super) load_balancers: Vec<LoadBalancer>,
    pub(super) tags: Vec<Tag>,
    pub(super) stage: Stage,
    pub(super) health: Health,
    /// Whether its container is checked.
    pub(super) has_check: bool,
    /// Whether it has been in service: serving and healthy.
    pub(super) was_healthy: bool,
    /// Whether its end counts as a failure of its deployment, and has not been counted.
    pub(super) uncounted: bool,
    pub(super) stop: Option<Stop>,
    /// The port of loopback at which it serves.
    pub(super) port: Option<u16>,
    pub(super) digest: Option<String>,
    pub(super) exit_code: Option<i64>,
    /// Why the container did not start.
    pub(super) container_reason: Option<String>,
    pub(super) version: u64,
    pub(super) times: BTreeMap<String, Timestamp>,
}

impl Task {
    /// Whether it is to run.
    pub(super) fn is_wanted(&self) -> bool {
        self.stop.is_none() && self.stage < Stage::Stopped
    }

    fn container(&self, definition: &NewDefinition) -> Value {
        let Some(container) = definition.container_definitions.first() else {
            return json!({});
        };
        let arn = self.arn.replace(":task/", ":container/");
        let mut shown = json!({
            "containerArn": format!("{arn}/{}", self.attachment("container")),
            "taskArn": self.arn,
            "name": container.name,
            "image": container.image,
            "lastStatus": match self.stage {
                Stage::Provisioning | Stage::Pending => "PENDING",
                Stage::Stopped | Stage::Deprovisioning => "STOPPED",
                _ => "RUNNING",
            },
            "healthStatus": self.health.name(),
            "cpu": container.cpu.to_string(),
            "networkInterfaces": [{
                "attachmentId": self.attachment("eni"), "privateIpv4Address": "127.0.0.1",
            }],
            "networkBindings": [],
        });
        if let (Some(host), Some(port)) = (self.port, container.port_mappings.first()) {
            shown["networkBindings"] = json!([{
                "bindIP": "127.0.0.1", "containerPort": port.container_port, "hostPort": host, "protocol": "tcp",
            }]);
        }
        for (field, value) in [
            ("memory", container.memory.map(|memory| json!(memory.to_string()))),
            ("imageDigest", self.digest.as_ref().map(|digest| json!(digest))),
            ("exitCode", self.exit_code.map(|code| json!(code))),
            ("reason", self.container_reason.as_ref().map(|reason| json!(reason))),
            (
                "runtimeId",
                (self.stage > Stage::Pending).then(|| json!(format!("{}-0", self.id))),
            ),
        ] {
            if let Some(value) = value {
                shown[field] = value;
            }
        }
        shown
    }

    /// An id that belongs to the task and looks like a UUID.
    fn attachment(&self, kind: &str) -> String {
        let first = if kind == "eni" { 'e' } else { 'c' };
        let id = self.id.get(1..32).unwrap_or_default();
        let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
        format!(
            "{first}{}-{}-{}-{}-{}",
            part(0, 7),
            part(7, 11),
            part(11, 15),
            part(15, 19),
            part(19, 31)
        )
    }

    fn network_interface(&self) -> Value {
        let subnet = self.network.awsvpc_configuration.subnets.first();
        let detail = |name: &str, value: &str| json!({"name": name, "value": value});
        let status = match self.stage {
            Stage::Provisioning => "PRECREATED",
            Stage::Stopped => "DELETED",
            _ => "ATTACHED",
        };
        json!({
            "id": self.attachment("eni"),
            "type": "ElasticNetworkInterface",
            "status": status,
            "details": [
                detail("subnetId", subnet.map_or("", String::as_str)),
                detail("networkInterfaceId", &format!("eni-{}", self.id.get(..17).unwrap_or_default())),
                detail("privateIPv4Address", "127.0.0.1"),
            ],
        })
    }

    /// The task, its times written in some way.
    pub(super) fn show(&self, definition: &NewDefinition, time: fn(Timestamp) -> Value) -> Value {
        let is_wanted = self.is_wanted();
        let mut shown = json!({
            "taskArn": self.arn,
            "clusterArn": self.cluster,
            "taskDefinitionArn": self.definition,
            "group": self.group,
            "lastStatus": self.stage.name(),
            "desiredStatus": if is_wanted { "RUNNING" } else { "STOPPED" },
            "healthStatus": self.health.name(),
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "cpu": definition.cpu,
            "memory": definition.memory,
            "connectivity": "CONNECTED",
            "containers": [self.container(definition)],
            "attachments": [self.network_interface()],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
            "enableExecuteCommand": false,
            "version": self.version,
            "tags": self.tags,
        });
        if !self.started_by.is_empty() {
            shown["startedBy"] = self.started_by.as_str().into();
        }
        if let Some(stop) = &self.stop {
            shown["stopCode"] = stop.code.as_str().into();
            shown["stoppedReason"] = stop.reason.as_str().into();
        }
        for (field, at) in &self.times {
            shown[field.as_str()] = time(*at);
        }
        shown
    }
}

impl Health {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// All that lasts, by ARNs.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) definitions: BTreeMap<String, Definition>,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) tasks: BTreeMap<String, Task>,
}

impl Rows {
    /// The tasks of a service.
    pub(super) fn tasks_of(&self, service: &Service) -> Vec<&Task> {
        let group = format!("service:{}", service.name);
        let tasks = self.tasks.values();
        tasks
            .filter(|task| task.cluster == service.cluster && task.group == group)
            .collect()
    }
}
