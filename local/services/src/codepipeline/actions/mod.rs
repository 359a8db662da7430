//! What the actions do, one file per provider.

mod approval;
mod build;
mod function;
mod source;

use super::Pipeline;
use super::declaration::{Action, Provider};
use super::execution::{Artifact, Execution};
use super::jobs::Jobs;
use platform::Platform;
use platform::error::ServiceError;
use platform::principal::Principal;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use approval::Decision;
pub(super) use source::zip_of;

/// An action that is to be done, with all that it needs.
pub(super) struct Work<'w> {
    pub(super) platform: &'w Arc<Platform>,
    pub(super) jobs: &'w Jobs,
    pub(super) pipeline: &'w Arc<Pipeline>,
    pub(super) execution: &'w Arc<Execution>,
    pub(super) stage: &'w str,
    pub(super) action: &'w Action,
    /// The id of this execution of the action.
    pub(super) run_id: &'w str,
    /// The role that the action runs as: its own or the pipeline's.
    pub(super) role: &'w str,
    /// A session of that role.
    pub(super) caller: Principal,
    /// The configuration, its variables resolved.
    pub(super) configuration: BTreeMap<String, String>,
    /// The artifacts that it reads.
    pub(super) inputs: Vec<Artifact>,
    /// Where the artifacts that it makes go.
    pub(super) outputs: Vec<Artifact>,
}

impl Work<'_> {
    /// A value of the configuration. Those that the action needs are there: the declaration was checked.
    fn configured(&self, key: &str) -> &str {
        self.configuration.get(key).map_or("", String::as_str)
    }
}

/// What an action that succeeded leaves.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) variables: BTreeMap<String, String>,
    pub(super) outputs: Vec<Artifact>,
    pub(super) external_id: Option<String>,
    pub(super) summary: Option<String>,
}

/// Why an action failed: CodePipeline's error code, and the message that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) external_id: Option<String>,
}

impl Failure {
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            external_id: None,
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let code = if error.code.contains("AccessDenied") {
            "PermissionError"
        } else {
            "ConfigurationError"
        };
        Self::new(code, format!("{}: {}", error.code, error.message))
    }
}

/// Does what the action is for.
pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    match work.action.action_type_id.known() {
        Some(Provider::Connection) => source::perform(work).await,
        Some(Provider::CodeBuild) => build::perform(work).await,
        Some(Provider::Lambda) => function::perform(work).await,
        Some(Provider::Approval) => approval::perform(work).await,
        None => Err(Failure::new(
            "ConfigurationError",
            format!(
                "the local run has no provider `{}`",
                work.action.action_type_id.provider
            ),
        )),
    }
}
