//! The work of an action, and how it ends.

use super::declaration::{Action, EncryptionKey};
use super::execution::{Artifact, Execution};
use super::jobs::Jobs;
use super::pipeline::Pipeline;
use platform::{ErrorKind, Platform, Principal, ServiceError};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    pub(super) fn pipeline_name(&self) -> &str {
        &self.execution.declaration.name
    }

    /// The key of the pipeline's artifacts, if it is not the default one.
    pub(super) fn encryption_key(&self) -> Option<&EncryptionKey> {
        let store = self.execution.declaration.store(&self.platform.account.region)?;
        store.encryption_key.as_ref()
    }

    /// A value of the configuration. Those that the action needs are there: the declaration was checked.
    pub(super) fn configured(&self, key: &str) -> &str {
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
        let code = match error.kind {
            ErrorKind::Denied => "PermissionError",
            ErrorKind::NotFound | ErrorKind::Throttled | ErrorKind::NotInLocalRun | ErrorKind::Refused => {
                "ConfigurationError"
            }
        };
        Self::new(code, format!("{}: {}", error.code, error.message))
    }
}
