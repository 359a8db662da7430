//! What a change of files touches, and so what is to be run again.
//!
//! A definition that has changed is a new execution of its state machine, from the first state that has changed or the one
//! that failed. A container's program is the pipeline, so that its image is built and tested, with an execution that
//! begins with the job. Anything else is the pipeline from its beginning.

mod change;
mod decide;
mod last;
mod outcome;

use crate::cloud::Cloud;
use crate::project::Project;
use change::Change;
use platform::ServiceError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use change::matters;
pub(crate) use outcome::Again;

/// Looks what is to be run again after these files have changed, once the templates are deployed.
///
/// # Errors
/// The files or the account cannot be read.
pub(crate) async fn after(cloud: &Arc<Cloud>, machines: &[&str], changed: &[PathBuf]) -> Result<Again, Trouble> {
    let project = Project::open(&cloud.root)?;
    let definitions = project.definitions()?;
    let containers = containers(&cloud.root)?;
    let change = Change::of(&cloud.root, changed, &definitions, &containers);
    if matches!(change, Change::Everything) {
        return Ok(Again::Whole);
    }
    let mut runs = Vec::new();
    for machine in machines {
        runs.extend(last::run(cloud, machine).await?);
    }
    Ok(decide::decide(&change, runs))
}

/// What cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{0}")]
    Project(#[from] crate::project::ProjectError),
    #[error("{0}")]
    Service(#[from] ServiceError),
    #[error("{0}")]
    Source(String),
}

/// The folders of containers: those with a Dockerfile.
fn containers(root: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let files = services::codepipeline::source_files(root).map_err(Trouble::Source)?;
    let folders = files.iter().map(Path::new).filter(|file| is_dockerfile(file));
    Ok(folders.filter_map(|file| Some(root.join(file.parent()?))).collect())
}

fn is_dockerfile(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (name, ending) = name.split_once('.').unwrap_or((name, ""));
    matches!(name, "Dockerfile" | "Containerfile") || ending.eq_ignore_ascii_case("dockerfile")
}
