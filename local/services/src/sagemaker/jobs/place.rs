//! Where a job runs: in a container of an engine, or as a process of this machine. The rest of a job is the same.

use super::contained::Contained;
use super::end::{End, internal};
use super::image::Image;
use super::process;
use super::work::{Started, Work};
use crate::containers::Containers;
use std::path::Path;

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
    let environments = containers.environments();
    let started = process::start(environments, work, image, folder, log)
        .await
        .map_err(internal)?;
    Ok(Box::new(started))
}
