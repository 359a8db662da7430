//! Where a job runs: in a container of an engine, or as a process of this machine. The rest of a job is the same.

use super::contained::Contained;
use super::image::Image;
use super::process;
use super::run::{End, internal};
use super::work::Work;
use crate::containers::Containers;
use std::io;
use std::path::Path;
use std::time::Duration;

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

/// Starts a job's command in its image; its lines go to `log`. In `folder` is `ml`, the job's `/opt/ml`.
pub(super) async fn start(
    containers: &Containers,
    work: &Work,
    image: Image,
    folder: &Path,
    log: impl Fn(String) + Clone + Send + Sync + 'static,
) -> Result<Box<dyn Started>, End> {
    if let Some(engine) = containers.engine() {
        let started = Contained::start(containers, engine, work, image, folder, log).await;
        let started = started
            .map_err(|error| End::failed(format_args!("ClientError: The container cannot be started: {error}")))?;
        return Ok(Box::new(started));
    }
    let started = process::start(work, image, folder, log).await.map_err(internal)?;
    Ok(Box::new(started))
}
