//! A pipeline's declaration: stages, actions, artifacts and variables, as `CreatePipeline` takes it.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html>.

use super::conditions::{Conditions, OnFailure};
use super::parts::{ActionType, ArtifactName, EnvironmentVariable, OutputArtifact};
use platform::error::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a pipeline consists of. Fields that mean nothing here are refused by name.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) role_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_store: Option<ArtifactStore>,
    /// The same by region. The local run has one region, and ignores what is for others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) artifact_stores: BTreeMap<String, ArtifactStore>,
    pub(super) stages: Vec<Stage>,
    #[serde(default = "first_version")]
    pub(super) version: u32,
    #[serde(default)]
    pub(super) execution_mode: ExecutionMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pipeline_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) variables: Vec<VariableDeclaration>,
    /// Which pushes start the pipeline. Nothing is pushed here: a run is started by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) triggers: Vec<Value>,
}

fn first_version() -> u32 {
    1
}

/// What happens when an execution starts while another one runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ExecutionMode {
    /// A newer execution takes the place of one that waits before a stage.
    #[default]
    Superseded,
    /// Executions pass through each stage one after the other.
    Queued,
    /// Executions do not wait for one another.
    Parallel,
}

/// The bucket with the artifacts that actions make and read.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ArtifactStore {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) location: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption_key: Option<EncryptionKey>,
}

/// The KMS key of the artifacts, if it is not the default one.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EncryptionKey {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// A variable of the pipeline itself, `#{variables.NAME}`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VariableDeclaration {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) default_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
}

/// Actions that belong together.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) actions: Vec<Action>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before_entry: Option<Conditions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_success: Option<Conditions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_failure: Option<OnFailure>,
}

/// One thing that a stage does.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) action_type_id: ActionType,
    #[serde(default = "first_run_order")]
    pub(super) run_order: u32,
    #[serde(default)]
    pub(super) configuration: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) input_artifacts: Vec<ArtifactName>,
    #[serde(default)]
    pub(super) output_artifacts: Vec<OutputArtifact>,
    /// What the action `Commands` runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) commands: Vec<String>,
    /// Which variables of the commands' environment are output variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) output_variables: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) environment_variables: Vec<EnvironmentVariable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timeout_in_minutes: Option<u32>,
}

fn first_run_order() -> u32 {
    1
}

impl Declaration {
    /// Where artifacts go in this region. A declaration that was checked has it.
    pub(super) fn store(&self, region: &str) -> Option<&ArtifactStore> {
        self.artifact_store
            .as_ref()
            .or_else(|| self.artifact_stores.get(region))
    }

    /// The pipeline's variables: those that the execution was started with, and the defaults of the others.
    pub(super) fn variables(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ServiceError> {
        if let Some(unknown) = given
            .keys()
            .find(|name| !self.variables.iter().any(|variable| variable.name == **name))
        {
            return Err(ServiceError::validation(format_args!(
                "pipeline `{}` declares no variable `{unknown}`",
                self.name
            )));
        }
        self.variables
            .iter()
            .map(|variable| {
                let value = given
                    .get(&variable.name)
                    .or(variable.default_value.as_ref())
                    .ok_or_else(|| {
                        ServiceError::validation(format_args!(
                            "the variable `{}` of pipeline `{}` has no default and was not given",
                            variable.name, self.name
                        ))
                    })?;
                Ok((variable.name.clone(), value.clone()))
            })
            .collect()
    }
}
