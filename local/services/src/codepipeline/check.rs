//! What AWS checks when a pipeline is created or updated.

use super::declaration::{Action, Declaration, ExecutionMode};
use super::providers::Kind;
use super::rules::{self, Place};
use platform::error::ServiceError;
use std::collections::BTreeSet;

impl Declaration {
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
        if let Some(member) = self.beyond_v1() {
            let message = format!("{member}: only pipelines of the type V2 have this, and its type is V1");
            return refuse("InvalidStructureException", message);
        }
        if self.stages.len() < 2 {
            return refuse("InvalidStructureException", "it must have at least two stages".into());
        }
        self.check_is_here()?;
        let (mut stages, mut namespaces, mut artifacts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
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
            let place = Place {
                is_first: index == 0,
                is_v2: self.is_v2(),
                artifacts: &artifacts,
            };
            if let Err(message) = rules::check(stage, &place) {
                return refuse(
                    "InvalidStageDeclarationException",
                    format!("stage `{}`: {message}", stage.name),
                );
            }
        }
        Ok(())
    }

    /// What the declaration has and its type does not. A pipeline that does not say its type is of the first.
    ///
    /// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-types.html>.
    fn beyond_v1(&self) -> Option<&'static str> {
        let members = [
            ("executionMode", self.execution_mode != ExecutionMode::Superseded),
            ("variables", !self.variables.is_empty()),
            ("triggers", !self.triggers.is_empty()),
        ];
        let mut beyond = members.into_iter().filter(|(_, is_there)| *is_there && !self.is_v2());
        beyond.next().map(|(member, _)| member)
    }

    fn is_v2(&self) -> bool {
        self.pipeline_type.as_deref() == Some("V2")
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
        if kind.needs_v2() && !self.is_v2() {
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
}
