//! A pipeline's declaration: stages, actions, artifacts and variables, as `CreatePipeline` takes it.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html>.

use super::providers::Kind;
use platform::error::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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

/// What kind of action it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ActionType {
    pub(super) category: String,
    pub(super) owner: String,
    pub(super) provider: String,
    pub(super) version: String,
}

/// A variable in the environment of commands.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EnvironmentVariable {
    pub(super) name: String,
    pub(super) value: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
}

/// An artifact that is made, and the files that commands put into it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OutputArtifact {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<String>,
}

/// An artifact's name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ArtifactName {
    pub(super) name: String,
}

impl Declaration {
    /// Where artifacts go in this region. A declaration that was checked has it.
    pub(super) fn store(&self, region: &str) -> Option<&ArtifactStore> {
        self.artifact_store
            .as_ref()
            .or_else(|| self.artifact_stores.get(region))
    }

    fn check_stores(&self, region: &str) -> Result<(), String> {
        if self.artifact_store.is_some() != self.artifact_stores.is_empty() {
            return Err("it must have either artifactStore or artifactStores".into());
        }
        match self.store(region) {
            None => Err(format!("its artifactStores lack its own region, {region}")),
            Some(store) if store.kind != "S3" => Err(format!("artifactStore.type `{}` is not S3", store.kind)),
            Some(_) => Ok(()),
        }
    }

    /// Checks what AWS checks when a pipeline is created or updated; the error names what is wrong and where.
    pub(super) fn check(&self, region: &str) -> Result<(), ServiceError> {
        let refuse =
            |code: &str, message: String| Err(ServiceError::new(code, format!("Pipeline `{}`: {message}", self.name)));
        if let Err(message) = self.check_stores(region) {
            return refuse("InvalidStructureException", message);
        }
        if self.stages.len() < 2 {
            return refuse("InvalidStructureException", "it must have at least two stages".into());
        }
        let mut stages = BTreeSet::new();
        let mut namespaces = BTreeSet::new();
        let mut artifacts = BTreeSet::new();
        for (index, stage) in self.stages.iter().enumerate() {
            if !stages.insert(&stage.name) {
                return refuse(
                    "InvalidStageDeclarationException",
                    format!("two stages are called `{}`", stage.name),
                );
            }
            if stage.actions.is_empty() {
                return refuse(
                    "InvalidStageDeclarationException",
                    format!("stage `{}` has no actions", stage.name),
                );
            }
            let mut actions = BTreeSet::new();
            let mut orders: Vec<&Action> = stage.actions.iter().collect();
            orders.sort_by_key(|action| action.run_order);
            for action in orders {
                if !actions.insert(&action.name) {
                    return refuse(
                        "InvalidActionDeclarationException",
                        format!("stage `{}` has two actions called `{}`", stage.name, action.name),
                    );
                }
                if let Err(message) = self.check_action((region, index), action, &mut namespaces, &mut artifacts) {
                    return refuse(
                        "InvalidActionDeclarationException",
                        format!("action `{}` in stage `{}`: {message}", action.name, stage.name),
                    );
                }
            }
        }
        Ok(())
    }

    fn check_action<'d>(
        &self,
        (region, stage): (&str, usize),
        action: &'d Action,
        namespaces: &mut BTreeSet<&'d str>,
        artifacts: &mut BTreeSet<&'d str>,
    ) -> Result<(), String> {
        let kind = Kind::of(&action.action_type_id)?;
        if kind.is_source() != (stage == 0) {
            return Err("source actions belong into the first stage, and only they do".into());
        }
        if let Some(elsewhere) = action.region.as_deref().filter(|elsewhere| *elsewhere != region) {
            return Err(format!("it is in {elsewhere}, and the local run is in {region} alone"));
        }
        if kind.needs_v2() && self.pipeline_type.as_deref() != Some("V2") {
            let provider = &action.action_type_id.provider;
            return Err(format!("the provider {provider} is only for pipelines of the type V2"));
        }
        kind.check(action)?;
        for artifact in &action.input_artifacts {
            if !artifacts.contains(artifact.name.as_str()) {
                return Err(format!(
                    "no action before it makes its input artifact `{}`",
                    artifact.name
                ));
            }
        }
        for artifact in &action.output_artifacts {
            if !artifacts.insert(&artifact.name) {
                return Err(format!("another action makes the artifact `{}` already", artifact.name));
            }
        }
        if let Some(namespace) = &action.namespace
            && (!namespaces.insert(namespace) || matches!(namespace.as_str(), "codepipeline" | "variables"))
        {
            return Err(format!("the namespace `{namespace}` is taken"));
        }
        Ok(())
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
