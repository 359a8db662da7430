//! Pipelines that no template makes: somebody made them by hand, and keeps their JSON.

use super::equals::refuse_equal_actions;
use super::error::{DeployError, Refusal};
use crate::cloud::Cloud;
use crate::project;
use crate::template::{Fault, TemplateError};
use platform::{ErrorKind, Principal};
use std::path::Path;
use std::sync::Arc;

/// What came of a file.
pub(super) enum Declared {
    /// The pipeline's name.
    Made(String),
    /// It has an action that the local run does not have.
    PassedOver(TemplateError),
}

/// Makes the pipeline of a file.
pub(super) async fn pipeline(cloud: &Arc<Cloud>, file: &Path) -> Result<Declared, DeployError> {
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
    match created.await {
        Ok(_) => Ok(Declared::Made(name)),
        Err(error) if error.kind == ErrorKind::NotInLocalRun => {
            let fault = Fault::absent(&error.message).locate(file.to_owned(), |_| None);
            Ok(Declared::PassedOver(fault))
        }
        Err(error) => Err(refused(error)),
    }
}
