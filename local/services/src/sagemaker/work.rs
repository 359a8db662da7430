//! The command of a job and its environment variables, the same in a container and in a process.

use super::end::{End, internal};
use super::image::Image;
use super::job::Job;
use platform::Platform;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// A job's command and what it is given beside its image. It has no `Debug`: its environment has credentials.
#[derive(Clone)]
pub(super) struct Work {
    /// The job's name.
    pub(super) job: String,
    pub(super) command: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    /// Whether the job asked for no network.
    pub(super) is_isolated: bool,
}

impl Work {
    pub(super) fn of(platform: &Platform, job: &Job, image: &Image) -> Result<Self, End> {
        Ok(Self {
            job: job.request.processing_job_name.clone(),
            command: command(job, image)?,
            environment: environment(platform, job)?,
            is_isolated: job.request.is_isolated(),
        })
    }
}

fn command(job: &Job, image: &Image) -> Result<Vec<String>, End> {
    let app = &job.request.app_specification;
    let settings = &image.settings;
    let mut command = match &app.container_entrypoint {
        Some(given) => given.clone(),
        None => settings.entrypoint.clone().unwrap_or_default(),
    };
    match (&app.container_arguments, &app.container_entrypoint) {
        (Some(arguments), _) => command.extend(arguments.iter().cloned()),
        (None, None) => command.extend(settings.cmd.iter().flatten().cloned()),
        // As with `docker run --entrypoint`: a new entry point leaves the image's arguments out.
        (None, Some(_)) => {}
    }
    if command.is_empty() {
        return Err(End::failed(
            "ClientError: the image has no entry point, and the job gives none",
        ));
    }
    Ok(command)
}

/// What the job says, and by which SDKs find the services as the job's role.
fn environment(platform: &Platform, job: &Job) -> Result<BTreeMap<String, String>, End> {
    let request = &job.request;
    let mut environment = request.environment.clone();
    let credentials = platform
        .iam
        .assume_role(&request.role_arn, &request.processing_job_name, Vec::new());
    let credentials = credentials.map_err(internal)?;
    let region = platform.account.region.as_str();
    let set = [("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)].into_iter();
    let set = set.chain(credentials.environment());
    let set = set.chain(platform.endpoint().map(|url| (ENDPOINT, url)));
    environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(environment)
}

/// Where SDKs find the services.
pub(super) const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// A job's command that has been started.
#[async_trait::async_trait]
pub(super) trait Started: Send {
    /// Which way it runs, behind "the processing job runs as".
    fn describe(&self) -> String;

    /// Waits for the command's end: its exit code.
    async fn wait(&mut self) -> io::Result<i64>;

    /// Asks the command to end, and ends it after `grace`.
    async fn stop(&mut self, grace: Duration) -> io::Result<()>;

    /// Takes away what still runs, after the last lines of the log; what the command left at `paths` is in the job's
    /// folder then. Answers with what could not be brought there.
    async fn leave(self: Box<Self>, paths: &[String]) -> io::Result<Vec<String>>;
}
