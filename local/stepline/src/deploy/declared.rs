//! Pipelines that no template makes: somebody made them by hand, and keeps their JSON.

use super::equals::refuse_equal_actions;
use super::error::{DeployError, Refusal};
use crate::cloud::Cloud;
use crate::project;
use platform::Principal;
use std::path::Path;
use std::sync::Arc;

/// Makes the pipeline of a file, and gives its name.
pub(super) async fn pipeline(cloud: &Arc<Cloud>, file: &Path) -> Result<String, DeployError> {
    let input = project::declaration(file)?;
    let name = input["pipeline"]["name"].as_str().unwrap_or_default().to_owned();
    let refused = |error| {
        DeployError::Refused(Box::new(Refusal {
            file: file.strip_prefix(&cloud.root).unwrap_or(file).display().to_string(),
            resource: name.clone(),
            operation: "codepipeline:CreatePipeline".into(),
            error,
        }))
    };
    refuse_equal_actions(&input["pipeline"]).map_err(|fault| fault.locate(file.to_owned(), |_| None))?;
    cloud.codepipeline.hold_first_execution(&name);
    let created = cloud.call(&Principal::Administrator, "codepipeline", "CreatePipeline", input);
    created.await.map_err(refused)?;
    Ok(name)
}
