//! What a deployment has made.

use crate::template::{Made, Output, TemplateError};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What has been deployed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deployment {
    /// The stack that an account has once for all environments, if this deployment made it.
    pub account: Vec<DeployedStack>,
    /// The stacks of another environment that had to be there first.
    pub before: Vec<DeployedStack>,
    /// The environment's own stacks, in the order of their creation.
    pub stacks: Vec<DeployedStack>,
    /// The pipelines that no template makes.
    pub pipelines: Vec<String>,
    /// What of those the local run does not have.
    pub pipelines_passed_over: Vec<TemplateError>,
}

/// A stack that has been deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedStack {
    /// What `--config-env` is given for it.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// Its template.
    pub template: PathBuf,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// Its resources by logical id: their type, and the values of `Ref` and `GetAtt`.
    pub resources: BTreeMap<String, (String, Made)>,
    /// The parameters of its template.
    pub parameters: Vec<String>,
    /// Whether some of its parameters have values that nobody has given.
    pub stands_in_values: bool,
    /// What its template has and the local run does not.
    pub passed_over: Vec<TemplateError>,
    /// The stacks that its template nests.
    pub nested: Vec<DeployedStack>,
}

impl DeployedStack {
    /// This stack after those that are nested in it.
    pub fn with_nested(&self) -> Vec<&DeployedStack> {
        let nested = self.nested.iter().flat_map(DeployedStack::with_nested);
        nested.chain([self]).collect()
    }
}

impl Deployment {
    /// The `Ref` of each of the environment's resources of a type, such as `AWS::CodePipeline::Pipeline`, that is really here.
    pub fn references(&self, kind: &str) -> Vec<&str> {
        let resources = self.own().flat_map(|stack| stack.resources.values());
        let matching = resources.filter(|(of, made)| of == kind && !made.is_stand_in);
        matching.filter_map(|(_, made)| made.reference.as_str()).collect()
    }

    /// The environment's own stacks with those that are nested in them, in the order in which they were finished.
    pub fn own(&self) -> impl Iterator<Item = &DeployedStack> {
        self.stacks.iter().flat_map(DeployedStack::with_nested)
    }

    /// All stacks, in the order in which they were finished.
    pub fn all(&self) -> impl Iterator<Item = &DeployedStack> {
        let stacks = self.account.iter().chain(&self.before).chain(&self.stacks);
        stacks.flat_map(DeployedStack::with_nested)
    }

    /// What the files that deploy have and the local run does not.
    pub fn passed_over(&self) -> impl Iterator<Item = &TemplateError> {
        let stacks = self.all().flat_map(|stack| &stack.passed_over);
        stacks.chain(&self.pipelines_passed_over)
    }

    /// The names of the environment's pipelines.
    pub fn pipelines(&self) -> Vec<&str> {
        let declared = self.pipelines.iter().map(String::as_str);
        self.references("AWS::CodePipeline::Pipeline")
            .into_iter()
            .chain(declared)
            .collect()
    }
}
