//! What is kept of clusters, task definitions, services and tasks.

use super::definition::NewDefinition;
use super::service::Service;
use super::tags::Tag;
use super::task::Task;
use jiff::Timestamp;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
