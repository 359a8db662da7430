//! What is deployed: the files that deploy make it in an account of its own, which is then asked.

use super::error::CostError;
use super::serving::Serving;
use crate::cloud::Cloud;
use crate::deploy;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a run costs money for.
pub(super) struct Deployed {
    pub(super) environment: String,
    pub(super) region: String,
    pub(super) pipeline: String,
    /// The pipeline's actions with their stages, as GetPipeline shows them.
    pub(super) actions: Vec<(String, Value)>,
    /// The projects of CodeBuild by their names.
    pub(super) projects: BTreeMap<String, Value>,
    /// The functions' configurations by their names.
    pub(super) functions: BTreeMap<String, Value>,
    /// The definitions of state machines by the names of these.
    pub(super) definitions: BTreeMap<String, Value>,
    /// The parameters' values by their names.
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) serving: Option<Serving>,
}

impl Deployed {
    /// Reads it from the repository at `root`.
    pub(super) async fn read(root: &Path, environment: &str) -> Result<Self, CostError> {
        let (cloud, deployment) = deploy::deploy_apart(root, environment).await?;
        let region = cloud.account.region.clone();
        let pipelines = deployment.pipelines();
        let pipeline = pipelines.first().copied().map(str::to_owned);
        let pipeline = pipeline.ok_or_else(|| CostError::NoPipeline(environment.to_owned()))?;
        let stacks = deployment.before.iter().chain(&deployment.stacks);
        let made: Vec<(String, String)> = stacks
            .flat_map(|stack| stack.resources.values())
            .filter_map(|(kind, made)| Some((kind.clone(), made.reference.as_str()?.to_owned())))
            .collect();
        let mut this = Self {
            environment: environment.to_owned(),
            region,
            actions: actions(&cloud, &pipeline).await?,
            pipeline,
            projects: BTreeMap::new(),
            functions: BTreeMap::new(),
            definitions: BTreeMap::new(),
            parameters: BTreeMap::new(),
            serving: Serving::read(root, environment)?,
        };
        for (kind, name) in &made {
            this.add(&cloud, kind, name).await?;
        }
        Ok(this)
    }

    /// Asks what a resource is like, if it costs something or says what does.
    async fn add(&mut self, cloud: &Arc<Cloud>, kind: &str, name: &str) -> Result<(), CostError> {
        match kind {
            "AWS::CodeBuild::Project" => {
                let found = ask(cloud, "codebuild", "BatchGetProjects", json!({"names": [name]})).await?;
                self.projects.insert(name.to_owned(), found["projects"][0].clone());
            }
            "AWS::Lambda::Function" => {
                let named = json!({"FunctionName": name});
                let found = ask(cloud, "lambda", "GetFunctionConfiguration", named).await?;
                self.functions.insert(name.to_owned(), found);
            }
            "AWS::StepFunctions::StateMachine" => {
                let found = ask(
                    cloud,
                    "states",
                    "DescribeStateMachine",
                    json!({"stateMachineArn": name}),
                )
                .await?;
                let definition = found["definition"]
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok());
                let name = name.rsplit(':').next().unwrap_or_default();
                self.definitions.insert(name.to_owned(), definition.unwrap_or_default());
            }
            "AWS::SSM::Parameter" => {
                let found = ask(cloud, "ssm", "GetParameter", json!({"Name": name})).await?;
                let value = found["Parameter"]["Value"].as_str().unwrap_or_default();
                self.parameters.insert(name.to_owned(), value.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// The name of the state machine that a text of user parameters means: a name, an ARN, or where a parameter has it.
    pub(super) fn machine(&self, reference: &str) -> String {
        let named = match reference.strip_prefix("ssm:") {
            Some(path) => self.parameters.get(path).map_or(reference, String::as_str),
            None => reference,
        };
        let parts: Vec<&str> = named.split(':').collect();
        parts.get(6).copied().unwrap_or(named).to_owned()
    }
}

async fn actions(cloud: &Arc<Cloud>, pipeline: &str) -> Result<Vec<(String, Value)>, CostError> {
    let found = ask(cloud, "codepipeline", "GetPipeline", json!({"name": pipeline})).await?;
    let stages = found["pipeline"]["stages"].as_array().cloned().unwrap_or_default();
    let mut actions = Vec::new();
    for stage in stages {
        let name = stage["name"].as_str().unwrap_or_default();
        let of_stage = stage["actions"].as_array().into_iter().flatten();
        actions.extend(of_stage.map(|action| (name.to_owned(), action.clone())));
    }
    Ok(actions)
}

async fn ask(cloud: &Arc<Cloud>, service: &str, operation: &str, input: Value) -> Result<Value, CostError> {
    let asked = cloud.call(&Principal::Administrator, service, operation, input).await;
    asked.map_err(|error| CostError::Service(format!("{service}:{operation}: {error}")))
}
