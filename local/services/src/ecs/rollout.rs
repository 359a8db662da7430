//! How a deployment goes: what counts as a failure of it, when it has failed or succeeded, and what is said of that.

use super::plan::{self, Being, Known};
use super::service::{Deployment, Rollout, Service, Status};
use super::task::{LoadBalancer, Network, Stage, Task};
use jiff::Timestamp;

/// How many deployments that have ended are remembered.
const PAST: usize = 20;

/// After so many failures in a row a service is said not to start tasks consistently.
const IMPAIRED: u32 = 3;

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// An event of the service, in ECS's own words behind the service's name.
    Event(String),
    /// An event about a deployment.
    Deployment {
        id: String,
        name: &'static str,
        reason: String,
    },
    /// An event about the service: its kind and its name.
    Action(&'static str, &'static str),
    /// Somebody may wait for the deployment's end from now on.
    Began(String),
    /// The deployment has ended, well or not.
    Ended(String, bool),
}

/// A new deployment of a service, which is its primary one from now on.
pub(super) fn begin(
    service: &mut Service,
    definition: String,
    network: Network,
    load_balancers: Vec<LoadBalancer>,
) -> Vec<Told> {
    let number = uuid::Uuid::new_v4().as_u128() % 10_u128.pow(19);
    let id = format!("ecs-svc/{number:019}");
    let now = Timestamp::now();
    let reason = format!("ECS deployment {id} in progress.");
    let mut told = Vec::new();
    // Nobody waits any longer for the one that is replaced.
    if let Some(before) = service.primary().filter(|before| before.rollout == Rollout::InProgress) {
        told.push(Told::Ended(before.id.clone(), false));
    }
    service.deployments.insert(
        0,
        Deployment {
            id: id.clone(),
            definition,
            network,
            load_balancers,
            failed: 0,
            rollout: Rollout::InProgress,
            reason: reason.clone(),
            created: now,
            updated: now,
            finished: None,
            is_rollback: false,
            rolled_back_to: None,
        },
    );
    service.is_steady = false;
    told.push(Told::Began(id.clone()));
    told.push(Told::Deployment {
        id,
        name: "SERVICE_DEPLOYMENT_IN_PROGRESS",
        reason,
    });
    told
}

/// A task has come into service.
pub(super) fn count_success(service: &mut Service, deployment: &str) {
    let breaker = service.rolling.deployment_circuit_breaker.as_ref();
    let resets = breaker
        .and_then(|breaker| breaker.reset_on_healthy_task)
        .unwrap_or(true);
    if let Some(deployment) = service.deployment_mut(deployment)
        && resets
    {
        deployment.failed = 0;
    }
}

/// Counts the tasks that have failed since: how many of the primary deployment have in a row, if there are new ones.
pub(super) fn count_failures(service: &mut Service, tasks: &mut [&mut Task], told: &mut Vec<Told>) -> u32 {
    let mut failures = 0;
    let primary = service.primary().map(|primary| primary.id.clone());
    for task in tasks.iter_mut().filter(|task| task.uncounted) {
        task.uncounted = false;
        service.is_steady = false;
        if let Some(deployment) = service.deployment_mut(&task.started_by) {
            deployment.failed += 1;
            deployment.updated = Timestamp::now();
            if Some(&deployment.id) == primary.as_ref() {
                failures = deployment.failed;
            }
        }
    }
    if failures == IMPAIRED {
        told.push(Told::Event(
            "is unable to consistently start tasks successfully.".into(),
        ));
        told.push(Told::Action("WARN", "SERVICE_TASK_START_IMPAIRED"));
    }
    failures
}

/// Fails a deployment of which too many tasks have failed, and goes back to the last one that was completed.
pub(super) fn break_circuit(service: &mut Service, told: &mut Vec<Told>) {
    let breaker = service.rolling.deployment_circuit_breaker.clone();
    let threshold = plan::threshold(breaker.as_ref(), service.desired);
    let Some(primary) = service.deployments.first_mut() else {
        return;
    };
    if primary.rollout != Rollout::InProgress || threshold.is_none_or(|threshold| primary.failed < threshold) {
        return;
    }
    let now = Timestamp::now();
    primary.rollout = Rollout::Failed;
    primary.reason = "ECS deployment circuit breaker: tasks failed to start.".into();
    (primary.updated, primary.finished) = (now, Some(now));
    let (failed, is_rollback) = (primary.id.clone(), primary.is_rollback);
    told.push(Told::Event(format!(
        "(deployment {failed}) deployment failed: tasks failed to start."
    )));
    told.push(Told::Deployment {
        id: failed.clone(),
        name: "SERVICE_DEPLOYMENT_FAILED",
        reason: primary.reason.clone(),
    });
    told.push(Told::Ended(failed, false));
    if breaker.is_some_and(|breaker| breaker.rollback) && !is_rollback {
        roll_back(service, told);
    }
}

/// Makes the last deployment that was completed the primary one again.
fn roll_back(service: &mut Service, told: &mut Vec<Told>) {
    let is_completed = |deployment: &Deployment| deployment.rollout == Rollout::Completed;
    let running = service.deployments.iter().position(is_completed);
    let back = match running {
        Some(at) => Some(service.deployments.remove(at)),
        None => {
            let past = service.past.iter().position(is_completed);
            past.and_then(|at| service.past.remove(at))
        }
    };
    let Some(mut back) = back else { return };
    let reason = format!(
        "ECS deployment circuit breaker: rolling back to deploymentId {}.",
        back.id
    );
    (back.rollout, back.is_rollback, back.failed) = (Rollout::InProgress, true, 0);
    (back.reason, back.updated, back.finished) = (reason.clone(), Timestamp::now(), None);
    let id = back.id.clone();
    if let Some(failed) = service.deployments.first_mut() {
        failed.rolled_back_to = Some(id.clone());
    }
    service.deployments.insert(0, back);
    told.push(Told::Event(format!("rolling back to deployment {id}.")));
    told.push(Told::Began(id.clone()));
    told.push(Told::Deployment {
        id,
        name: "SERVICE_DEPLOYMENT_IN_PROGRESS",
        reason,
    });
}

/// Completes a deployment, and says so, if all is as it should be: as many healthy tasks as there should be, and none of
/// others.
pub(super) fn conclude(service: &mut Service, known: &[Known], left: usize, told: &mut Vec<Told>) {
    let healthy = known
        .iter()
        .filter(|task| task.is_new && task.being == Being::Healthy)
        .count();
    let is_whole = healthy == service.desired as usize && left == healthy;
    if !is_whole || service.status != Status::Active {
        return;
    }
    let Some(primary) = service.deployments.first_mut() else {
        return;
    };
    if primary.rollout == Rollout::InProgress {
        let now = Timestamp::now();
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        (primary.updated, primary.finished) = (now, Some(now));
        told.push(Told::Event(format!(
            "(deployment {}) deployment completed.",
            primary.id
        )));
        told.push(Told::Deployment {
            id: primary.id.clone(),
            name: "SERVICE_DEPLOYMENT_COMPLETED",
            reason: primary.reason.clone(),
        });
        told.push(Told::Ended(primary.id.clone(), true));
    }
    if !service.is_steady && primary.rollout == Rollout::Completed {
        service.is_steady = true;
        told.push(Told::Event("has reached a steady state.".into()));
        told.push(Told::Action("INFO", "SERVICE_STEADY_STATE"));
    }
}

/// Puts away the deployments of which nothing runs any more.
pub(super) fn forget(service: &mut Service, tasks: &[&mut Task]) {
    let runs = |deployment: &Deployment| {
        let mut tasks = tasks.iter().filter(|task| task.started_by == deployment.id);
        tasks.any(|task| task.stage != Stage::Stopped)
    };
    let is_active = service.status == Status::Active;
    let mut at = 0;
    service.deployments.retain(|deployment| {
        at += 1;
        let stays = (is_active && at == 1) || runs(deployment);
        if !stays {
            service.past.push_front(deployment.clone());
        }
        stays
    });
    service.past.truncate(PAST);
}
