//! What ECS has in this account and region, and what runs of it.

use super::rows::{Kept, Rows};
use super::service::Service;
use super::task::{Stage, Stop, Task};
use crate::containers::Containers;
use jiff::Timestamp;
use platform::journal::Happening;
use platform::store::{Store, StoreError};
use platform::{Platform, Underway};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// ECS in this account and region.
#[derive(Debug, Default)]
pub struct Ecs {
    kept: Kept,
    running: Mutex<Running>,
    pub(super) containers: Arc<Containers>,
}

/// What runs of the rows.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// Wakes up what looks after a service.
    pub(super) services: BTreeMap<String, Arc<Notify>>,
    /// Has a task stop.
    pub(super) tasks: BTreeMap<String, watch::Sender<bool>>,
    /// Deployments whose end somebody may wait for.
    pub(super) deployments: BTreeMap<String, Underway>,
}

impl Ecs {
    /// ECS whose tasks run in these containers, where an engine answers.
    pub fn new(containers: Arc<Containers>) -> Self {
        Self {
            containers,
            ..Self::default()
        }
    }

    /// The same, with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store, containers: Arc<Containers>) -> Result<Self, StoreError> {
        Ok(Self {
            kept: Kept::open(store)?,
            containers,
            ..Self::default()
        })
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        self.kept.lock()
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has whatever looks after a service look again.
    pub(super) fn wake(&self, service: &str) {
        if let Some(notify) = self.running().services.get(service) {
            notify.notify_one();
        }
    }

    /// Changes a task, tells of it if it has changed for others, and wakes its service.
    pub(super) fn change(&self, platform: &Arc<Platform>, arn: &str, change: impl FnOnce(&mut Task)) {
        let (event, service) = {
            let mut rows = self.rows();
            let Rows {
                tasks,
                definitions,
                services,
                ..
            } = &mut rows;
            let Some(task) = tasks.get_mut(arn) else { return };
            let before = (task.stage, task.stop.is_some(), task.health);
            change(task);
            if before == (task.stage, task.stop.is_some(), task.health) {
                return;
            }
            task.version += 1;
            let event = definitions.get(&task.definition).map(|definition| {
                let mut detail = task.show(&definition.asked, |at| at.to_string().into());
                detail["updatedAt"] = Timestamp::now().to_string().into();
                json!({
                    "source": "aws.ecs",
                    "detail-type": "ECS Task State Change",
                    "resources": [task.arn],
                    "detail": detail,
                })
            });
            let service = services.values().find(|service| {
                service.cluster == task.cluster && task.group.strip_prefix("service:") == Some(&service.name)
            });
            (event, service.map(|service| service.arn.clone()))
        };
        if let Some(event) = event {
            platform.emit(event);
        }
        if let Some(service) = service {
            self.wake(&service);
        }
    }

    /// Has a task go on to its next stage.
    pub(super) fn enter(&self, platform: &Arc<Platform>, arn: &str, stage: Stage) {
        self.change(platform, arn, |task| {
            task.stage = stage;
            let time = match stage {
                Stage::Running => "startedAt",
                Stage::Deactivating | Stage::Stopping => "stoppingAt",
                Stage::Deprovisioning => "executionStoppedAt",
                Stage::Stopped => "stoppedAt",
                Stage::Provisioning | Stage::Pending | Stage::Activating => return,
            };
            task.times.entry(time.to_owned()).or_insert_with(Timestamp::now);
        });
    }

    /// Has a task stop. The first reason counts.
    pub(super) fn stop(&self, platform: &Arc<Platform>, arn: &str, stop: Stop) {
        self.change(platform, arn, |task| {
            if task.stage < Stage::Stopped && task.stop.is_none() {
                task.stop = Some(stop);
            }
        });
        if let Some(sender) = self.running().tasks.get(arn) {
            sender.send_replace(true);
        }
    }

    /// Changes a service.
    pub(super) fn with_service<T>(&self, arn: &str, change: impl FnOnce(&mut Service) -> T) -> Option<T> {
        self.rows().services.get_mut(arn).map(change)
    }

    /// Notes an event of a service, in ECS's own words behind the service's name.
    pub(super) fn tell(&self, platform: &Platform, arn: &str, message: &str) {
        let text = self.with_service(arn, |service| {
            let text = format!("(service {}) {message}", service.name);
            service.tell(&text);
            text
        });
        if let Some(text) = text {
            platform.journal.record(Happening::Note { text });
        }
    }

    /// Tells of a deployment with an event:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html>.
    pub(super) fn tell_deployment(
        platform: &Arc<Platform>,
        service: &str,
        deployment: &str,
        (name, reason): (&str, &str),
    ) {
        let kind = if name == "SERVICE_DEPLOYMENT_FAILED" {
            "ERROR"
        } else {
            "INFO"
        };
        platform.emit(json!({
            "source": "aws.ecs",
            "detail-type": "ECS Deployment State Change",
            "resources": [service],
            "detail": {
                "eventType": kind,
                "eventName": name,
                "deploymentId": deployment,
                "updatedAt": Timestamp::now().to_string(),
                "reason": reason,
            },
        }));
    }

    /// Tells of a service with an event:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html>.
    pub(super) fn tell_service(platform: &Arc<Platform>, service: &str, cluster: &str, (kind, name): (&str, &str)) {
        let detail: Value = json!({
            "eventType": kind,
            "eventName": name,
            "clusterArn": cluster,
            "createdAt": Timestamp::now().to_string(),
        });
        platform.emit(json!({
            "source": "aws.ecs",
            "detail-type": "ECS Service Action",
            "resources": [service],
            "detail": detail,
        }));
    }
}
