//! What looks after a service: it sees how its tasks are, and starts and stops some.

use super::account::Ecs;
use super::plan::{self, Being, Known, View};
use super::rollout::{self, Told};
use super::rows::Rows;
use super::service::{Deployment, Rollout, Service, Status};
use super::tags::Tag;
use super::targets::{self, TargetHealth};
use super::task::{Health, Stage, Stop, Task};
use super::tasks;
use jiff::Timestamp;
use platform::Platform;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long a service waits at most before it tries again to start what fails again and again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long stopped tasks can be looked at: an hour, as on AWS.
const REMEMBERED: i64 = 3600;

/// How much longer it is between two looks at a service at which nothing changes.
const QUIET: u32 = 25;

/// The targets' health by target group and port.
type Targets = BTreeMap<String, BTreeMap<u16, TargetHealth>>;

/// Looks after a service from now on, until it is gone.
pub(super) fn look_after(ecs: &Arc<Ecs>, platform: &Arc<Platform>, service: &str) {
    let notify: Arc<Notify> = Arc::default();
    ecs.running().services.insert(service.to_owned(), Arc::clone(&notify));
    let scheduler = Scheduler {
        ecs: Arc::clone(ecs),
        platform: Arc::clone(platform),
        arn: service.to_owned(),
    };
    tokio::spawn(async move {
        let mut not_before = Instant::now();
        while let Some(pause) = scheduler.look(&mut not_before).await {
            tokio::select! {
                () = notify.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        scheduler.ecs.running().services.remove(&scheduler.arn);
    });
}

struct Scheduler {
    ecs: Arc<Ecs>,
    platform: Arc<Platform>,
    arn: String,
}

/// What a look at a service has found that is to be done.
#[derive(Default)]
struct Todo {
    told: Vec<Told>,
    /// Tasks to be stopped, and why.
    stop: Vec<(String, Stop)>,
    /// Of the primary deployment.
    start: usize,
    is_busy: bool,
    is_gone: bool,
}

impl Scheduler {
    /// Looks once and does something about it; answers how long nothing will change by itself. None: it is gone.
    async fn look(&self, not_before: &mut Instant) -> Option<Duration> {
        let targets = self.targets().await;
        let todo = self.decide(&targets, not_before)?;
        let (is_busy, is_gone) = (todo.is_busy, todo.is_gone);
        self.carry_out(todo);
        if is_gone {
            return None;
        }
        let soon = targets::pause(&self.platform);
        Some(if is_busy {
            soon
        } else {
            (self.platform.pace.poll_interval() * QUIET).max(soon)
        })
    }

    async fn targets(&self) -> Targets {
        let groups: BTreeSet<String> = {
            let rows = self.ecs.rows();
            let service = rows.services.get(&self.arn);
            let tasks = service.map(|service| rows.tasks_of(service)).unwrap_or_default();
            let wanted = tasks
                .into_iter()
                .filter(|task| task.is_wanted() && task.stage == Stage::Running);
            wanted
                .flat_map(|task| &task.load_balancers)
                .map(|balancer| balancer.target_group_arn.clone())
                .collect()
        };
        let mut targets = Targets::new();
        for group in groups {
            if let Some(health) = targets::health(&self.platform, &group).await {
                targets.insert(group, health);
            }
        }
        targets
    }

    fn decide(&self, targets: &Targets, not_before: &mut Instant) -> Option<Todo> {
        let mut rows = self.ecs.rows();
        let Rows { services, tasks, .. } = &mut rows;
        let service = services.get_mut(&self.arn)?;
        let group = format!("service:{}", service.name);
        let is_own = |task: &Task| task.cluster == service.cluster && task.group == group;
        let long_ago = Timestamp::now().as_second() - REMEMBERED;
        tasks.retain(|_, task| {
            let stopped = task.times.get("stoppedAt").filter(|_| task.stage == Stage::Stopped);
            !is_own(task) || stopped.is_none_or(|at| at.as_second() > long_ago)
        });
        let mut own: Vec<&mut Task> = tasks.values_mut().filter(|task| is_own(task)).collect();
        let mut todo = Todo::default();
        let mut known = Vec::new();
        for task in &mut own {
            self.look_at(service, task, targets, &mut todo);
            let is_stopping = todo.stop.iter().any(|(arn, _)| *arn == task.arn);
            if task.is_wanted() && !is_stopping {
                known.push(Known {
                    arn: task.arn.clone(),
                    is_new: service.primary().is_some_and(|primary| primary.id == task.started_by),
                    being: self.being(task, targets),
                });
            }
        }
        let failures = rollout::count_failures(service, &mut own, &mut todo.told);
        if failures > 2 {
            let wait = self.platform.pace.poll_interval() * 2_u32.saturating_pow(failures.min(20) - 2);
            *not_before = Instant::now() + wait.min(LONGEST_WAIT);
        }
        rollout::break_circuit(service, &mut todo.told);
        // What a rollback has just made new or old.
        for task in &mut known {
            let starter = own
                .iter()
                .find(|found| found.arn == task.arn)
                .map(|found| &found.started_by);
            task.is_new = service.primary().is_some_and(|primary| Some(&primary.id) == starter);
        }
        let left = own.iter().filter(|task| task.stage != Stage::Stopped).count();
        self.go_on(service, &known, Instant::now() >= *not_before, &mut todo);
        if todo.start == 0 && todo.stop.is_empty() {
            rollout::conclude(service, &known, left, &mut todo.told);
        }
        rollout::forget(service, &own);
        let primary = service.primary();
        // One that has failed stays as it is.
        let has_failed = primary.is_some_and(|primary| primary.rollout == Rollout::Failed);
        todo.is_busy = primary.is_some_and(|primary| primary.rollout == Rollout::InProgress)
            || (!service.is_steady && !has_failed)
            || left != known.len();
        todo.is_gone = service.status == Status::Draining && left == 0;
        if todo.is_gone {
            service.status = Status::Inactive;
        }
        Some(todo)
    }

    /// Sees whether a task has come into service, or has to go because it is not healthy.
    fn look_at(&self, service: &mut Service, task: &mut Task, targets: &Targets, todo: &mut Todo) {
        if !task.is_wanted() || task.stage != Stage::Running {
            return;
        }
        if self.being(task, targets) == Being::Healthy {
            if !task.was_healthy {
                task.was_healthy = true;
                rollout::count_success(service, &task.started_by);
            }
            return;
        }
        let grace = Duration::from_secs(service.grace.into()).min(self.platform.pace.patience());
        let why = if task.health == Health::Unhealthy {
            todo.told.push(Told::Event(format!(
                "(task {}) failed container health checks.",
                task.id
            )));
            "Task failed container health checks".to_owned()
        } else if let Some((group, health)) = unhealthy(task, targets)
            && ran(task) >= grace
        {
            let port = task
                .load_balancers
                .first()
                .map_or(0, |balancer| balancer.container_port);
            todo.told.push(Told::Event(format!(
                "(task {}) (port {port}) is unhealthy in (target-group {group}) due to (reason {}).",
                task.id, health.description
            )));
            format!("Task failed ELB health checks in (target-group {group})")
        } else {
            return;
        };
        task.uncounted = true;
        todo.stop.push((
            task.arn.clone(),
            Stop {
                code: "ServiceSchedulerInitiated".into(),
                reason: why,
            },
        ));
    }

    fn being(&self, task: &Task, targets: &Targets) -> Being {
        if task.stage < Stage::Running {
            return Being::Pending;
        }
        let of_targets = task.load_balancers.iter().map(|balancer| {
            let health = targets.get(&balancer.target_group_arn).zip(task.port);
            health
                .and_then(|(health, port)| health.get(&port))
                .is_some_and(|health| health.state == "healthy")
        });
        let is_checked = !task.load_balancers.is_empty() || task.has_check;
        let is_well = match task.health {
            Health::Healthy => true,
            Health::Unhealthy => false,
            Health::Unknown => !task.has_check,
        };
        // Who is not checked has to have run for a moment.
        let settled = is_checked || ran(task) >= self.platform.pace.patience() / 10;
        if is_well && settled && of_targets.into_iter().all(|is_healthy| is_healthy) {
            Being::Healthy
        } else {
            Being::Running
        }
    }

    fn go_on(&self, service: &Service, known: &[Known], may_start: bool, todo: &mut Todo) {
        let Some(primary) = service.primary() else { return };
        let next = plan::next(&View {
            desired: service.desired,
            rolling: &service.rolling,
            may_start: may_start && service.status == Status::Active,
            has_failed: primary.rollout == Rollout::Failed && service.status == Status::Active,
            tasks: known,
        });
        todo.start = next.start;
        let ids: Vec<&str> = next.stop.iter().map(|arn| id_of(arn)).collect();
        if !ids.is_empty() {
            let named: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
            let message = format!("has stopped {} running tasks: {}.", ids.len(), named.join(" "));
            todo.told.push(Told::Event(message));
        }
        todo.stop.extend(next.stop.into_iter().map(|arn| {
            let reason = format!("Scaling activity initiated by (deployment {})", primary.id);
            let code = "ServiceSchedulerInitiated".into();
            (arn, Stop { code, reason })
        }));
    }

    fn carry_out(&self, todo: Todo) {
        // Whoever waits for a deployment's end finds its tasks as they are then.
        for (arn, stop) in todo.stop {
            self.ecs.stop(&self.platform, &arn, stop);
        }
        for told in todo.told {
            self.tell(told);
        }
        if todo.start > 0 {
            let started = self.start(todo.start);
            let named: Vec<String> = started.iter().map(|arn| format!("(task {})", id_of(arn))).collect();
            let message = format!("has started {} tasks: {}.", named.len(), named.join(" "));
            self.ecs.tell(&self.platform, &self.arn, &message);
        }
    }

    fn start(&self, number: usize) -> Vec<String> {
        let found = {
            let rows = self.ecs.rows();
            let service = rows.services.get(&self.arn).cloned();
            service.and_then(|service| {
                let primary = service.primary()?.clone();
                let tags = match service.propagate_tags.as_deref() {
                    Some("SERVICE") => service.tags.clone(),
                    Some("TASK_DEFINITION") => rows.definitions.get(&primary.definition)?.tags.clone(),
                    _ => Vec::new(),
                };
                Some((primary, service, tags))
            })
        };
        let Some((deployment, service, tags)) = found else {
            return Vec::new();
        };
        let started = (0..number).map(|_| {
            let new = new_task(&service, &deployment, &tags);
            tasks::start(&self.ecs, &self.platform, new)
        });
        started.collect()
    }

    fn tell(&self, told: Told) {
        let platform = &self.platform;
        match told {
            Told::Event(message) => self.ecs.tell(platform, &self.arn, &message),
            Told::Deployment { id, name, reason } => {
                Ecs::tell_deployment(platform, &self.arn, &id, (name, &reason));
            }
            Told::Action(kind, name) => {
                let cluster = self.ecs.with_service(&self.arn, |service| service.cluster.clone());
                Ecs::tell_service(platform, &self.arn, &cluster.unwrap_or_default(), (kind, name));
            }
            Told::Began(id) => {
                let underway = platform.ongoing.began(&id);
                self.ecs.running().deployments.insert(id, underway);
            }
            Told::Ended(id, succeeded) => {
                if let Some(underway) = self.ecs.running().deployments.remove(&id) {
                    underway.ended(succeeded);
                }
            }
        }
    }
}

fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

/// How long a task has run.
fn ran(task: &Task) -> Duration {
    let started = task.times.get("startedAt");
    started.map_or(Duration::ZERO, |at| {
        Timestamp::now().duration_since(*at).try_into().unwrap_or_default()
    })
}

/// The target group that does not find a task healthy, and what it says.
fn unhealthy<'t>(task: &'t Task, targets: &'t Targets) -> Option<(&'t str, &'t TargetHealth)> {
    task.load_balancers.iter().find_map(|balancer| {
        let group = &balancer.target_group_arn;
        let health = targets.get(group)?.get(&task.port?)?;
        (health.state == "unhealthy").then_some((group.as_str(), health))
    })
}

fn new_task(service: &Service, deployment: &Deployment, tags: &[Tag]) -> tasks::New {
    tasks::New {
        cluster: service.cluster.clone(),
        definition: deployment.definition.clone(),
        group: format!("service:{}", service.name),
        started_by: deployment.id.clone(),
        network: deployment.network.clone(),
        load_balancers: deployment.load_balancers.clone(),
        tags: tags.to_vec(),
    }
}
