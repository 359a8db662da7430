//! One job from its start to its end.

use super::end::{End, Outcome, internal, signal_of};
use super::files::Files;
use super::job::{Job, Kind, Running};
use super::status::{Stage, Status};
use super::work::program;
use crate::containers::Containers;
use crate::program::{self, StartError, Started};
use jiff::Timestamp;
use platform::journal::Happening;
use platform::principal::Principal;
use platform::{Line, Platform, Requirement, Underway};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::fs;

/// How long a stopped job may take to end by itself before it is killed, as on AWS.
const GRACE: Duration = Duration::from_secs(120);

/// Writes a job's status to the journal and sends its event.
pub(super) fn announce<K: Kind>(platform: &Arc<Platform>, running: &Running<K>) {
    let job = running.lock().clone();
    platform.journal.record(Happening::Job {
        kind: K::WORD.to_owned(),
        job: job.request.name().to_owned(),
        status: job.status.name().to_owned(),
        message: job.exit_message.clone().or_else(|| job.failure_reason.clone()),
        metrics: K::metrics(&job.found),
    });
    platform.emit(job.event());
}

/// Runs a job; its record says how it went.
pub(super) async fn run<K: Kind>(
    platform: Arc<Platform>,
    containers: Arc<Containers>,
    running: Arc<Running<K>>,
    underway: Underway,
) {
    let job = running.lock().clone();
    let kind = K::WORD.to_lowercase();
    let folder = platform
        .root
        .join(".stepline/jobs")
        .join(&kind)
        .join(job.request.name());
    let runner = Runner {
        platform: &platform,
        containers: &containers,
        running: &running,
        folder: &folder,
        kind: &kind,
        group: format!("/aws/sagemaker/{}Jobs", K::WORD),
        stream: format!("{}/algo-1-{}", job.request.name(), job.created.as_second()),
        job: &job,
    };
    let end = match runner.work().await {
        Ok(end) => end,
        Err(end) => end,
    };
    // What cannot be removed does no harm where it is.
    let _ = fs::remove_dir_all(&folder).await;
    let succeeded = end.status == Status::Completed;
    {
        let mut job = running.lock();
        debug_assert!(end.status.is_final());
        job.enter(match end.status {
            Status::Completed => Stage::Completed,
            Status::Stopped if end.time_is_over => Stage::TimeIsOver,
            Status::Stopped => Stage::Stopped,
            _ => Stage::Failed,
        });
        job.status = end.status;
        job.failure_reason = end.failure_reason;
        job.exit_message = end.exit_message;
        job.ended = Some(job.modified);
    }
    announce(&platform, &running);
    underway.ended(succeeded);
}

struct Runner<'a, K: Kind> {
    platform: &'a Arc<Platform>,
    containers: &'a Containers,
    running: &'a Arc<Running<K>>,
    job: &'a Job<K>,
    folder: &'a Path,
    kind: &'a str,
    group: String,
    stream: String,
}

impl<K: Kind> Runner<'_, K> {
    /// Does all of it; both sides are ends, the error is one before the command ran.
    async fn work(&self) -> Result<End, End> {
        let request = &self.job.request;
        let role = self.platform.iam.session(request.role(), request.name(), Vec::new());
        let role = role.map_err(|error| End::failed(format_args!("ClientError: {error}")))?;
        let ml = self.folder.join("ml");
        fs::create_dir_all(&ml).await.map_err(internal)?;
        let files = Files {
            platform: self.platform,
            role: &role,
            ml: &ml,
        };
        let image = program::pull(self.platform, &role, request.image()).await;
        let image =
            image.map_err(|error| End::failed(format_args!("ClientError: Failed to pull the image: {error}")))?;
        self.enter(Stage::Downloading);
        K::prepare(self.running, &files).await?;
        let program = program(self.platform, self.job, &image, &ml)?;
        let log = self.log(self.may_log(&role));
        let started = program::start(self.containers, &program, image, self.folder, log).await;
        let mut started = started.map_err(|error| match error {
            StartError::Engine(error) => {
                End::failed(format_args!("ClientError: The container cannot be started: {error}"))
            }
            StartError::Machine(error) => internal(error),
        })?;
        self.enter(Stage::Running);
        self.note(format_args!("the {} job runs as {}", self.kind, started.describe()));
        let outcome = self.supervise(started.as_mut()).await;
        let wanted = outcome
            .as_ref()
            .map_or_else(|_| Vec::new(), |outcome| request.left(*outcome));
        let left = started.leave(&wanted).await;
        let outcome = outcome.map_err(internal)?;
        for what in left.map_err(internal)? {
            files.left_out(what);
        }
        self.enter(Stage::Uploading);
        Ok(K::finish(self.running, &files, outcome).await)
    }

    /// Goes on to the next stage, except where the job is being stopped.
    fn enter(&self, stage: Stage) {
        let event = {
            let mut job = self.running.lock();
            if stage == Stage::Running || (stage == Stage::Downloading && K::TELLS_STAGES) {
                job.started = job.started.or(Some(Timestamp::now()));
            }
            if job.status != Status::InProgress {
                return;
            }
            job.enter(stage);
            K::TELLS_STAGES.then(|| job.event())
        };
        if let Some(event) = event {
            self.platform.emit(event);
        }
    }

    fn note(&self, text: impl std::fmt::Display) {
        let text = text.to_string();
        self.platform.journal.record(Happening::Note { text });
    }

    /// Waits for the command's end, for the job to be stopped, or for its time to be over.
    async fn supervise(&self, started: &mut dyn Started) -> std::io::Result<Outcome> {
        let limit = Duration::from_secs(self.job.request.seconds());
        let mut stop = self.running.stop.subscribe();
        let outcome = tokio::select! {
            ended = started.wait() => Outcome::Exited(ended?),
            () = tokio::time::sleep(limit) => Outcome::TimeIsOver,
            _ = stop.wait_for(|stop| *stop) => Outcome::Stopped,
        };
        match outcome {
            Outcome::Exited(code) => {
                if let Some(signal) = signal_of(code) {
                    self.note(format_args!(
                        "the {} job's command has the exit code {code}, which {signal} leaves",
                        self.kind
                    ));
                }
            }
            Outcome::Stopped | Outcome::TimeIsOver => started.stop(GRACE).await?,
        }
        Ok(outcome)
    }

    /// Whether the role may write the job's log; a job without that permission runs, unheard.
    fn may_log(&self, role: &Principal) -> bool {
        let account = &self.platform.account;
        let group = account.arn("logs", format_args!("log-group:{}:*", self.group));
        let stream = format_args!("log-group:{}:log-stream:{}", self.group, self.stream);
        let stream = account.arn("logs", stream);
        let requirements = [
            ("logs:CreateLogGroup", &group),
            ("logs:DescribeLogStreams", &group),
            ("logs:CreateLogStream", &stream),
            ("logs:PutLogEvents", &stream),
        ]
        .map(|(action, resource)| Requirement::new(action, resource.as_str()));
        match self.platform.authorize(role, &requirements) {
            Ok(()) => true,
            Err(error) => {
                self.note(format_args!("the {} job's log is not written: {error}", self.kind));
                false
            }
        }
    }

    fn log(&self, logs: bool) -> impl Fn(String) + Clone + Send + Sync + 'static + use<K> {
        let (platform, running) = (Arc::clone(self.platform), Arc::clone(self.running));
        let (group, stream) = (self.group.clone(), self.stream.clone());
        move |line| {
            {
                let mut job = running.lock();
                let Job { request, found, .. } = &mut *job;
                request.hear(found, &line);
            }
            if logs {
                let (group, stream) = (group.clone(), stream.clone());
                let line = Line {
                    group,
                    stream,
                    text: line,
                };
                platform.log(line, true);
            }
        }
    }
}
