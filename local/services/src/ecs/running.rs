//! One task from its start to its end:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>.

use super::account::Ecs;
use super::definition::{Container, HealthCheck, NewDefinition};
use super::starting::{NotStarted, Start};
use super::targets;
use super::task::{Health, Stage, Stop, Task};
use crate::program::{self, Beside, Started};
use jiff::Timestamp;
use platform::journal::Happening;
use platform::{Platform, Underway};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a container may take to end by itself before it is killed, if its definition does not say.
const STOP_TIMEOUT: u32 = 30;

/// The exit code of a container that was killed.
const KILLED: i64 = 137;

/// Runs a task whose row is there; the row says how it went.
pub(super) async fn run(
    ecs: Arc<Ecs>,
    platform: Arc<Platform>,
    arn: String,
    stopping: watch::Receiver<bool>,
    underway: Underway,
) {
    let found = {
        let rows = ecs.rows();
        let task = rows.tasks.get(&arn).cloned();
        task.and_then(|task| Some((rows.definitions.get(&task.definition)?.asked.clone(), task)))
    };
    let Some((definition, task)) = found else { return };
    let Some(container) = definition.container_definitions.first().cloned() else {
        return;
    };
    let folder = platform.root.join(".stepline/tasks").join(&task.id);
    let runner = Runner {
        ecs: &ecs,
        platform: &platform,
        task: &task,
        definition: &definition,
        container: &container,
        folder: &folder,
    };
    let succeeded = runner.all(stopping).await;
    // What cannot be removed does no harm where it is.
    let _ = tokio::fs::remove_dir_all(&folder).await;
    ecs.running().tasks.remove(&arn);
    ecs.enter(&platform, &arn, Stage::Stopped);
    underway.ended(succeeded);
}

struct Runner<'a> {
    ecs: &'a Arc<Ecs>,
    platform: &'a Arc<Platform>,
    task: &'a Task,
    definition: &'a NewDefinition,
    container: &'a Container,
    folder: &'a Path,
}

/// A container that runs, and the port that leads to it.
struct Serving {
    started: Box<dyn Started>,
    port: Option<u16>,
}

impl Runner<'_> {
    fn change(&self, change: impl FnOnce(&mut Task)) {
        self.ecs.change(self.platform, &self.task.arn, change);
    }

    fn enter(&self, stage: Stage) {
        self.ecs.enter(self.platform, &self.task.arn, stage);
    }

    /// Does all of it; answers whether the container has ended well.
    async fn all(&self, mut stopping: watch::Receiver<bool>) -> bool {
        self.enter(Stage::Pending);
        let begun = tokio::select! {
            begun = self.begin() => begun,
            _ = stopping.wait_for(|stopping| *stopping) => return self.end_unstarted(None),
        };
        let mut serving = match begun {
            Ok(serving) => serving,
            Err(why) => return self.end_unstarted(Some(why)),
        };
        let beside = serving.started.beside();
        let exited = {
            let checks = self.check(beside.as_ref());
            let serves = self.serve(serving.port);
            tokio::select! {
                exited = serving.started.wait() => Some(exited.unwrap_or(KILLED)),
                () = async { serves.await; checks.await } => None,
                _ = stopping.wait_for(|stopping| *stopping) => None,
            }
        };
        let code = self.end(serving, exited).await;
        code == 0
    }

    /// Brings everything, and starts the container.
    async fn begin(&self) -> Result<Serving, NotStarted> {
        let start = Start {
            platform: self.platform,
            task: self.task,
            definition: self.definition,
            container: self.container,
        };
        let time = |task: &mut Task, name: &str| task.times.insert(name.to_owned(), Timestamp::now());
        self.change(|task| {
            time(task, "pullStartedAt");
        });
        let (image, program, log) = start.prepare().await?;
        let port = program.port.map(|port| port.host);
        let digest = image.digest.clone();
        self.change(|task| {
            time(task, "pullStoppedAt");
            task.digest = Some(digest);
            task.port = port;
        });
        let folder: PathBuf = self.folder.to_owned();
        tokio::fs::create_dir_all(&folder).await.map_err(NotStarted::new)?;
        let lines = move |line| log.write(line);
        let started = program::start(&self.ecs.containers, &program, image, &folder, lines).await;
        let started =
            started.map_err(|error| NotStarted::of_container(format_args!("CannotStartContainerError: {error}")))?;
        self.platform.journal.record(Happening::Note {
            text: format!("the task {} runs as {}", self.task.id, started.describe()),
        });
        Ok(Serving { started, port })
    }

    /// A task whose container has never run is at its end.
    fn end_unstarted(&self, why: Option<NotStarted>) -> bool {
        if let Some(why) = why {
            self.change(|task| {
                task.container_reason = why.container;
                task.uncounted = task.stop.is_none();
                task.stop.get_or_insert(Stop {
                    code: "TaskFailedToStart".into(),
                    reason: why.reason,
                });
            });
        }
        self.enter(Stage::Deprovisioning);
        false
    }

    /// Lets the load balancer know of the task.
    async fn serve(&self, port: Option<u16>) {
        self.enter(Stage::Activating);
        if let (Some(port), false) = (port, self.task.load_balancers.is_empty()) {
            if let Err(error) = targets::register(self.platform, &self.task.load_balancers, port).await {
                self.ecs.stop(
                    self.platform,
                    &self.task.arn,
                    Stop {
                        code: "TaskFailedToStart".into(),
                        reason: format!("the task was not registered with its target group: {error}"),
                    },
                );
                self.change(|task| task.uncounted = true);
                return;
            }
            self.tell_targets("registered");
        }
        self.enter(Stage::Running);
    }

    fn tell_targets(&self, what: &str) {
        for balancer in &self.task.load_balancers {
            let group = &balancer.target_group_arn;
            let message = format!("{what} 1 targets in (target-group {group})");
            let service = {
                let rows = self.ecs.rows();
                let mut services = rows.services.values();
                let service = services.find(|service| {
                    self.task.cluster == service.cluster
                        && self.task.group.strip_prefix("service:") == Some(&service.name)
                });
                service.map(|service| service.arn.clone())
            };
            if let Some(service) = service {
                self.ecs.tell(self.platform, &service, &message);
            }
        }
    }

    /// Runs the container's health check again and again. What it finds is the scheduler's to act on.
    async fn check(&self, beside: &dyn Beside) {
        let Some((check, command)) = self
            .container
            .health_check
            .as_ref()
            .and_then(|check| Some((check, check.command()?)))
        else {
            return std::future::pending().await;
        };
        let since = Instant::now();
        let pace = &self.platform.pace;
        let starts = pace.patience().min(Duration::from_secs(check.start_period.into()));
        let mut failed = 0;
        loop {
            tokio::time::sleep(pause(self.platform, check)).await;
            let limit = Duration::from_secs(check.timeout.into());
            let passed = tokio::time::timeout(limit, beside.run(&command)).await;
            if matches!(passed, Ok(Ok(0))) {
                failed = 0;
                self.change(|task| task.health = Health::Healthy);
            } else if since.elapsed() >= starts {
                failed += 1;
                if failed >= check.retries {
                    self.change(|task| task.health = Health::Unhealthy);
                }
            }
        }
    }

    /// Ends a task whose container has run: its exit code.
    async fn end(&self, serving: Serving, exited: Option<i64>) -> i64 {
        let Serving { mut started, port } = serving;
        if let Some(code) = exited {
            self.change(|task| {
                task.exit_code = Some(code);
                task.uncounted = task.stop.is_none();
                task.stop.get_or_insert(Stop {
                    code: "EssentialContainerExited".into(),
                    reason: "Essential container in task exited".into(),
                });
            });
        }
        self.enter(Stage::Deactivating);
        if let (Some(port), false) = (port, self.task.load_balancers.is_empty()) {
            targets::deregister(self.platform, &self.task.load_balancers, port).await;
            self.tell_targets("deregistered");
        }
        self.enter(Stage::Stopping);
        let code = match exited {
            Some(code) => code,
            None => self.stop(started.as_mut()).await,
        };
        if let Err(error) = started.leave(&[]).await {
            tracing::warn!(%error, "the container may be left");
        }
        self.change(|task| task.exit_code = Some(code));
        self.enter(Stage::Deprovisioning);
        code
    }

    /// Asks the container to end, and kills it if it does not.
    async fn stop(&self, started: &mut dyn Started) -> i64 {
        let grace = self.container.stop_timeout.unwrap_or(STOP_TIMEOUT);
        let stopped = started.stop(Duration::from_secs(grace.into())).await;
        match stopped {
            Ok(()) => started.wait().await.unwrap_or(KILLED),
            Err(_) => KILLED,
        }
    }
}

/// How long it is until the next check of a container's health.
fn pause(platform: &Platform, check: &HealthCheck) -> Duration {
    let interval = Duration::from_secs(check.interval.into());
    platform.pace.scaled(interval).max(Duration::from_millis(5))
}
