//! One job from its start to its end.

use super::data::Data;
use super::end::{End, internal};
use super::job::{Job, Running, Status};
use super::work::{Started, Work};
use super::{image, place};
use crate::containers::Containers;
use jiff::Timestamp;
use platform::journal::Happening;
use platform::principal::Principal;
use platform::{Platform, Requirement, Underway};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::fs;

/// How long a stopped job may take to end by itself before it is killed, as on AWS.
const GRACE: Duration = Duration::from_secs(120);
/// Writes a job's status to the journal and sends its event.
pub(super) fn announce(platform: &Arc<Platform>, running: &Running) {
    let job = running.lock().clone();
    platform.journal.record(Happening::ProcessingJob {
        job: job.request.processing_job_name.clone(),
        status: job.status.name().to_owned(),
        message: job.exit_message.clone().or_else(|| job.failure_reason.clone()),
    });
    platform.emit(&job.event());
}

/// Runs a job; its record says how it went.
pub(super) async fn run(
    platform: Arc<Platform>,
    containers: Arc<Containers>,
    running: Arc<Running>,
    underway: Underway,
) {
    let job = running.lock().clone();
    let folder = platform
        .root
        .join(".stepline/jobs")
        .join(&job.request.processing_job_name);
    let runner = Runner {
        platform: &platform,
        containers: &containers,
        running: &running,
        job: &job,
        folder: &folder,
        stream: format!("{}/algo-1-{}", job.request.processing_job_name, job.created.as_second()),
    };
    let end = match runner.work().await {
        Ok(end) => end,
        Err(end) => end,
    };
    // What cannot be removed does no harm where it is.
    let _ = fs::remove_dir_all(&folder).await;
    let succeeded = end.status == Status::Completed;
    {
        let now = Timestamp::now();
        let mut job = running.lock();
        debug_assert!(end.status.is_final());
        job.status = end.status;
        job.failure_reason = end.failure_reason;
        job.exit_message = end.exit_message;
        job.ended = Some(now);
        job.modified = now;
    }
    announce(&platform, &running);
    underway.ended(succeeded);
}

struct Runner<'a> {
    platform: &'a Arc<Platform>,
    containers: &'a Containers,
    running: &'a Running,
    job: &'a Job,
    folder: &'a Path,
    stream: String,
}

const LOG_GROUP: &str = "/aws/sagemaker/ProcessingJobs";

impl Runner<'_> {
    /// Does all of it; both sides are ends, the error is one before the command ran.
    async fn work(&self) -> Result<End, End> {
        let request = &self.job.request;
        let session = request.processing_job_name.clone();
        let role = self.platform.iam.session(&request.role_arn, &session, Vec::new());
        let role = role.map_err(|error| End::failed(format_args!("ClientError: {error}")))?;
        let ml = self.folder.join("ml");
        let data = Data {
            platform: self.platform,
            job: self.job,
            ml: &ml,
        };
        data.make().await.map_err(internal)?;
        let image = image::pull(self.platform, &role, &request.app_specification.image_uri).await;
        let image =
            image.map_err(|error| End::failed(format_args!("ClientError: Failed to pull the image: {error}")))?;
        data.configure().await.map_err(internal)?;
        data.download(&role).await?;
        let work = Work::of(self.platform, self.job, &image)?;
        let log = self.log(self.may_log(&role));
        let mut started = place::start(self.containers, &work, image, self.folder, log).await?;
        {
            let mut job = self.running.lock();
            job.started = Some(Timestamp::now());
        }
        let text = format!("the processing job runs as {}", started.describe());
        self.platform.journal.record(Happening::Note { text });
        let end = self.supervise(started.as_mut()).await;
        let succeeded = matches!(&end, Ok(end) if end.status == Status::Completed);
        let left = started.leave(&data.left(succeeded)).await;
        let mut end = end.map_err(internal)?;
        for what in left.map_err(internal)? {
            let text = format!("not uploaded, because it is neither a file nor a folder: {what}");
            self.platform.journal.record(Happening::Note { text });
        }
        end.exit_message = data.exit_message().await;
        if succeeded && let Err(reason) = data.upload(&role).await {
            return Err(End::failed(format_args!("ClientError: {reason}")));
        }
        Ok(end)
    }

    /// Waits for the command's end, for the job to be stopped, or for its time to be over.
    async fn supervise(&self, started: &mut dyn Started) -> std::io::Result<End> {
        let request = &self.job.request;
        let limit = request
            .stopping_condition
            .as_ref()
            .map_or(86_400, |condition| condition.max_runtime_in_seconds);
        let mut stop = self.running.stop.subscribe();
        let ended = tokio::select! {
            ended = started.wait() => Some(ended?),
            () = tokio::time::sleep(Duration::from_secs(limit)) => None,
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let mut end = End {
            status: Status::Completed,
            failure_reason: None,
            exit_message: None,
        };
        match ended {
            Some(0) => {}
            Some(code) => {
                end = End::failed(format_args!(
                    "AlgorithmError: See job logs for more information, exit code: {code}"
                ));
            }
            None => {
                started.stop(GRACE).await?;
                end.status = Status::Stopped;
            }
        }
        Ok(end)
    }

    /// Whether the role may write the job's log; a job without that permission runs, unheard.
    fn may_log(&self, role: &Principal) -> bool {
        let group = self
            .platform
            .account
            .arn("logs", format_args!("log-group:{LOG_GROUP}:*"));
        let stream = self
            .platform
            .account
            .arn("logs", format_args!("log-group:{LOG_GROUP}:log-stream:{}", self.stream));
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
                let text = format!("the processing job's log is not written: {error}");
                self.platform.journal.record(Happening::Note { text });
                false
            }
        }
    }

    fn log(&self, logs: bool) -> impl Fn(String) + Clone + Send + 'static + use<> {
        let (platform, stream) = (Arc::clone(self.platform), self.stream.clone());
        move |line| {
            if logs {
                platform.journal.record(Happening::LogLine {
                    group: LOG_GROUP.to_owned(),
                    stream: stream.clone(),
                    line,
                });
            }
        }
    }
}
