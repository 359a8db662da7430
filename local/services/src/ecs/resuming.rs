//! Goes on where an earlier run has ended: its rows are there, and nothing of it runs any more.

use super::account::Ecs;
use super::rows::Rows;
use super::service::{Rollout, Status};
use super::task::{LoadBalancer, Stage, Stop};
use super::{role, scheduler, targets};
use jiff::Timestamp;
use platform::{Platform, Principal};
use std::sync::Arc;

/// What is to go on.
#[derive(Default)]
struct Found {
    services: Vec<String>,
    deployments: Vec<String>,
    /// Targets that answer no more.
    gone: Vec<(Vec<LoadBalancer>, u16)>,
}

impl Ecs {
    /// Goes on with the services that are there. Their tasks went with the run that they were part of, so that each
    /// service starts new ones.
    pub fn resume(self: &Arc<Self>, platform: &Arc<Platform>) {
        // It was made with the first cluster, and roles are not kept.
        if !self.rows().clusters.is_empty() {
            role::make(platform, &Principal::Administrator);
        }
        let found = find(&mut self.rows());
        for id in found.deployments {
            let underway = platform.ongoing.began(&id);
            self.running().deployments.insert(id, underway);
        }
        let (ecs, platform) = (Arc::clone(self), Arc::clone(platform));
        tokio::spawn(async move {
            for (balancers, port) in found.gone {
                targets::deregister(&platform, &balancers, port).await;
            }
            for service in found.services {
                scheduler::look_after(&ecs, &platform, &service);
            }
        });
    }
}

fn find(rows: &mut Rows<'_>) -> Found {
    let mut found = Found::default();
    for task in rows.tasks.values_mut().filter(|task| task.stage != Stage::Stopped) {
        task.stage = Stage::Stopped;
        task.uncounted = false;
        task.stop.get_or_insert(Stop {
            code: "TerminationNotice".into(),
            reason: "The local run that the task was part of has ended".into(),
        });
        task.times.insert("stoppedAt".into(), Timestamp::now());
        if let Some(port) = task.port {
            found.gone.push((task.load_balancers.clone(), port));
        }
    }
    for service in rows
        .services
        .values_mut()
        .filter(|service| service.status != Status::Inactive)
    {
        service.is_steady = false;
        found.services.push(service.arn.clone());
        let primary = service
            .primary()
            .filter(|primary| primary.rollout == Rollout::InProgress);
        found.deployments.extend(primary.map(|primary| primary.id.clone()));
    }
    found
}
