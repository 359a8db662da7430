//! The command of a job and its environment variables, the same in a container and in a process.

use super::end::{End, internal};
use super::image::{Image, Settings};
use super::job::{Job, Kind};
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
    pub(super) fn of<K: Kind>(platform: &Platform, job: &Job<K>, image: &Image) -> Result<Self, End> {
        let command = job.request.command(&image.settings);
        if command.is_empty() {
            return Err(End::failed(
                "ClientError: the image has no entry point, and the job gives none",
            ));
        }
        Ok(Self {
            job: job.request.name().to_owned(),
            command,
            environment: environment(platform, job)?,
            is_isolated: job.request.is_isolated(),
        })
    }
}

/// A command as `docker run` puts it together: `default` stands for the arguments where neither they nor an entry point
/// are given. A new entry point leaves the image's arguments out.
pub(crate) fn command(
    image: &Settings,
    entrypoint: Option<&[String]>,
    arguments: Option<&[String]>,
    default: &[String],
) -> Vec<String> {
    let mut command = match entrypoint {
        Some(given) => given.to_vec(),
        None => image.entrypoint.clone().unwrap_or_default(),
    };
    match (arguments, entrypoint) {
        (Some(arguments), _) => command.extend_from_slice(arguments),
        (None, None) => command.extend_from_slice(default),
        (None, Some(_)) => {}
    }
    command
}

/// What the job says, and by which SDKs find the services as the job's role.
fn environment<K: Kind>(platform: &Platform, job: &Job<K>) -> Result<BTreeMap<String, String>, End> {
    let request = &job.request;
    let mut environment = request.environment(&job.arn);
    let credentials = platform.iam.assume_role(request.role(), request.name(), Vec::new());
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
    /// Which way it runs, behind "the … job runs as".
    fn describe(&self) -> String;

    /// Waits for the command's end: its exit code.
    async fn wait(&mut self) -> io::Result<i64>;

    /// Asks the command to end, and ends it after `grace`.
    async fn stop(&mut self, grace: Duration) -> io::Result<()>;

    /// Takes away what still runs, after the last lines of the log; what the command left at `paths` is in the job's
    /// folder then. Answers with what could not be brought there.
    async fn leave(self: Box<Self>, paths: &[String]) -> io::Result<Vec<String>>;
}
