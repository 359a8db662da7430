//! A task, and what is told of it.

use super::definition::NewDefinition;
use super::tags::Tag;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

/// How many of these tasks run, and how many are on their way there.
pub(super) fn count<'t>(tasks: impl Iterator<Item = &'t Task>) -> (usize, usize) {
    let wanted = tasks.filter(|task| task.is_wanted());
    let (running, pending): (Vec<&Task>, Vec<&Task>) = wanted.partition(|task| task.stage == Stage::Running);
    (running.len(), pending.len())
}
