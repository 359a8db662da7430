//! Runs the program of an image, for every service that runs some.
//!
//! The image is pulled from the local ECR as some role. If a container engine answers, the program runs in a container of
//! that image (`contained`). Else it runs as a process (`process`): the image's files are then at their own paths, if
//! the machine allows that.

mod contained;
mod guard;
mod image;
mod mounts;
mod process;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use guard::Guard;
pub(crate) use image::{Image, Settings, find as find_image, pull};
pub(crate) use work::{Beside, ENDPOINT, Own, Port, Program, Started, command, within};

use crate::containers::Containers;
use contained::Contained;
use std::path::Path;

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The engine does not start it.
    #[error("{0}")]
    Engine(#[from] crate::containers::EngineError),
    /// This machine does not.
    #[error("{0}")]
    Machine(#[from] std::io::Error),
}

/// Starts a program of an image; its lines go to `log`. `folder` is for what has to lie somewhere while it runs.
pub(crate) async fn start(
    containers: &Containers,
    program: &Program,
    image: Image,
    folder: &Path,
    log: impl Fn(String) + Clone + Send + Sync + 'static,
) -> Result<Box<dyn Started>, StartError> {
    if let Some(engine) = containers.engine() {
        let started = Contained::start(containers, engine, program, image, folder, log).await?;
        return Ok(Box::new(started));
    }
    let started = process::start(containers, program, image, folder, log).await?;
    Ok(Box::new(started))
}
