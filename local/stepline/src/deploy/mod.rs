//! Deploying: the stacks of an environment, created resource by resource through AWS's own operations.
//!
//! The account's administrator does here what CloudFormation does with `sam/*.yaml` and `sam/samconfig.toml`, through
//! the same door as every other call. Some resources have no effect on one machine: they are accepted if they are on an
//! explicit list. Every other type, and every property that nothing reads, is passed over with one line that names it.

mod accepted;
mod chain;
mod compute;
mod create;
mod equals;
mod error;
mod identity;
mod lasting;
mod maker;
mod passing;
mod properties;
mod seed;
mod serving;
mod storage;
mod telling;
mod wiring;

pub use error::{DeployError, Refusal};

use crate::cloud::Cloud;
use crate::template::{Deployed, Fault, Made, Output, SamConfig, Stack, TemplateError};
use maker::Failure;
use platform::account::Account;
use platform::journal::Happening;
use services::cloudformation::StackResource;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Where SAM's configuration is in a repository.
const CONFIG: &str = "sam/samconfig.toml";

/// What has been deployed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deployment {
    /// The stack that an account has once for all environments, if this deployment made it.
    pub account: Vec<DeployedStack>,
    /// The stacks of another environment that had to be there first.
    pub before: Vec<DeployedStack>,
    /// The environment's own stacks, in the order of their creation.
    pub stacks: Vec<DeployedStack>,
}

/// A stack that has been deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedStack {
    /// What `--config-env` is given for it.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// Its resources by logical id: their type, and the values of `Ref` and `GetAtt`.
    pub resources: BTreeMap<String, (String, Made)>,
    /// What its template has and the local run does not.
    pub passed_over: Vec<TemplateError>,
}

impl Deployment {
    /// The `Ref` of each of the environment's resources of a type, such as `AWS::CodePipeline::Pipeline`.
    pub fn references(&self, kind: &str) -> Vec<&str> {
        let resources = self.stacks.iter().flat_map(|stack| stack.resources.values());
        let matching = resources.filter(|(of, _)| of == kind);
        matching.filter_map(|(_, made)| made.reference.as_str()).collect()
    }
}

/// The environments that can be deployed: those of `samconfig.toml` that have a pipeline beside their functions.
///
/// # Errors
/// `samconfig.toml` cannot be read.
pub fn environments(root: &Path) -> Result<Vec<String>, DeployError> {
    let config = SamConfig::read(&root.join(CONFIG))?;
    let names = config.environments();
    let paired = names.iter().filter(|name| names.contains(&pipeline_of(name).as_str()));
    Ok(paired.map(|name| (*name).to_owned()).collect())
}

/// The account of an environment: the local one, in the region that `samconfig.toml` says.
///
/// # Errors
/// `samconfig.toml` cannot be read, or does not know the environment.
pub fn account_of(root: &Path, environment: &str) -> Result<Account, DeployError> {
    let deployed = SamConfig::read(&root.join(CONFIG))?.deployed(environment)?;
    let local = Account::local();
    Ok(Account {
        region: deployed.region.unwrap_or(local.region),
        ..local
    })
}

/// What a parameter of an environment's functions and state machines is, unless a deployment says otherwise.
///
/// # Errors
/// `samconfig.toml` or the template cannot be read, or does not know the environment.
pub fn parameter(root: &Path, environment: &str, name: &str) -> Result<Option<String>, DeployError> {
    let deployed = SamConfig::read(&root.join(CONFIG))?.deployed(environment)?;
    let (template, account, none) = (&deployed.template, Account::local(), BTreeMap::new());
    let stack = Stack::open(template, &account, &deployed.stack, &deployed.values, &none)?;
    Ok(stack.parameter(name))
}

/// The `--config-env` of the stack that an account has once. It has the permissions boundaries of all other stacks.
const OF_ACCOUNT: &str = "deployer";

/// Deploys an environment into an account of its own, of which nothing lasts: to learn what the files of the repository at
/// `root` make.
///
/// # Errors
/// Those of [`deploy`].
pub async fn deploy_apart(root: &Path, environment: &str) -> Result<(Arc<Cloud>, Deployment), DeployError> {
    let cloud = Cloud::new(account_of(root, environment)?, root.to_owned());
    let deployment = deploy(&cloud, environment).await?;
    Ok((cloud, deployment))
}

/// Deploys an environment as on AWS: first `sam deploy --config-env deployer`, unless the account has that stack
/// already, then `--config-env ENV`, then `--config-env pipeline-ENV`; between the two `--config-env serving-ENV`, if the
/// pipeline deploys models to a service. If its pipeline rehearses in another environment, the functions and the state
/// machine of that environment are deployed before.
///
/// # Errors
/// The first fault of a template, or the first refusal of a service.
pub async fn deploy(cloud: &Arc<Cloud>, environment: &str) -> Result<Deployment, DeployError> {
    deploy_with(cloud, environment, &Overrides::default()).await
}

/// Values of parameters that replace those in `samconfig.toml`, as `--parameter-overrides` of `sam deploy` does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Of the stack with the functions and the state machines, and of the one that rehearses for it.
    pub environment: BTreeMap<String, String>,
    /// Of the pipeline's stack.
    pub pipeline: BTreeMap<String, String>,
}

/// The same, with other values of parameters.
///
/// # Errors
/// The first fault of a template, or the first refusal of a service.
pub async fn deploy_with(
    cloud: &Arc<Cloud>,
    environment: &str,
    overrides: &Overrides,
) -> Result<Deployment, DeployError> {
    let config = SamConfig::read(&cloud.root.join(CONFIG))?;
    let mut deployment = Deployment::default();
    if config.environments().contains(&OF_ACCOUNT) {
        let deployed = config.deployed(OF_ACCOUNT)?;
        if !cloud.cloudformation.has(&deployed.stack) {
            let stack = deploy_stack(cloud, &deployed, &deployment).await?;
            deployment.account.push(stack);
        }
    }
    let planned = PlannedPipeline::read(&config, &cloud.account, environment, overrides)?;
    if let Some(other) = planned.rehearses_in {
        let mut deployed = config.deployed(&other)?;
        deployed.values.extend(overrides.environment.clone());
        let stack = deploy_stack(cloud, &deployed, &deployment).await?;
        deployment.before.push(stack);
    }
    let nothing = BTreeMap::new();
    let serving = planned.serves.then(|| (serving_of(environment), &nothing));
    for (environment, values) in [(environment.to_owned(), &overrides.environment)]
        .into_iter()
        .chain(serving)
        .chain([(pipeline_of(environment), &overrides.pipeline)])
    {
        let mut deployed = config.deployed(&environment)?;
        deployed.values.extend(values.clone());
        let stack = deploy_stack(cloud, &deployed, &deployment).await?;
        deployment.stacks.push(stack);
    }
    Ok(deployment)
}

/// The `--config-env` of a pipeline's stack begins with this; the environment's name follows.
const PIPELINE_PREFIX: &str = "pipeline-";

fn pipeline_of(environment: &str) -> String {
    format!("{PIPELINE_PREFIX}{environment}")
}

/// The `--config-env` of the stack of the service that an environment's pipeline deploys to.
fn serving_of(environment: &str) -> String {
    format!("serving-{environment}")
}

/// What a pipeline needs beside its own environment's functions, by the parameters and conditions of `sam/pipeline.yaml`.
struct PlannedPipeline {
    /// The environment in which it runs an image before it asks for an approval: `RehearseIn`, where `Rehearses` holds.
    rehearses_in: Option<String>,
    /// Whether it deploys models to a service: the condition `ServesModels`.
    serves: bool,
}

impl PlannedPipeline {
    fn read(
        config: &SamConfig,
        account: &Account,
        environment: &str,
        overrides: &Overrides,
    ) -> Result<Self, DeployError> {
        let mut pipeline = config.deployed(&pipeline_of(environment))?;
        pipeline.values.extend(overrides.pipeline.clone());
        let exports = BTreeMap::new();
        let stack = Stack::open(&pipeline.template, account, &pipeline.stack, &pipeline.values, &exports)?;
        Ok(Self {
            rehearses_in: stack.parameter("RehearseIn").filter(|_| stack.condition("Rehearses")),
            serves: stack.condition("ServesModels"),
        })
    }
}

/// Deploys one stack after others: it can import their exports. A new pipeline's first execution waits until somebody
/// [starts it](services::codepipeline::CodePipeline::start_first_executions).
///
/// # Errors
/// The first fault of the template, or the first refusal of a service.
pub async fn deploy_stack(
    cloud: &Arc<Cloud>,
    deployed: &Deployed,
    before: &Deployment,
) -> Result<DeployedStack, DeployError> {
    let outputs = before.stacks.iter().flat_map(|stack| &stack.outputs);
    let exports = outputs.filter_map(|output| Some((output.export.clone()?, output.value.clone())));
    let exports: BTreeMap<String, String> = exports.collect();
    let mut stack = Stack::open(
        &deployed.template,
        &cloud.account,
        &deployed.stack,
        &deployed.values,
        &exports,
    )?;
    let mut resources = BTreeMap::new();
    for id in stack.order().to_vec() {
        let resource = stack.resource(&id)?;
        let kind = resource.kind.clone();
        let within = |fault: Fault| fault.within(&id).within("Resources");
        let outcome = passing::make((cloud, &deployed.stack), resource, &resources).await;
        let outcome = outcome.map_err(|failure| match failure {
            Failure::Fault(fault) => DeployError::Template(stack.locate(within(fault.within("Properties")))),
            Failure::Kind => DeployError::Template(stack.locate(within(Fault::absent(&kind)))),
            Failure::Service { operation, error } => DeployError::Refused(Box::new(Refusal {
                file: deployed.template.display().to_string(),
                resource: id.clone(),
                operation,
                error,
            })),
        })?;
        for fault in outcome.passed_over {
            stack.pass_over(within(fault));
        }
        stack.made(&id, outcome.made.clone());
        resources.insert(id, (kind, outcome.made));
    }
    lasting::remove_others(cloud, &deployed.stack, &resources).await?;
    let recorded = resources.iter().map(|(id, (kind, made))| StackResource {
        logical_id: id.clone(),
        physical_id: made.reference.as_str().unwrap_or_default().to_owned(),
        kind: kind.clone(),
    });
    cloud.cloudformation.deployed(&deployed.stack, recorded.collect());
    let stack = DeployedStack {
        environment: deployed.environment.clone(),
        name: deployed.stack.clone(),
        outputs: stack.outputs()?,
        resources,
        passed_over: stack.passed_over(),
    };
    for passed_over in &stack.passed_over {
        let text = format!("passed over: {passed_over}");
        cloud.journal.record(Happening::Note { text });
    }
    fill_buckets(cloud, &stack).await?;
    Ok(stack)
}

/// Puts into the stack's buckets what they begin with.
async fn fill_buckets(cloud: &Arc<Cloud>, stack: &DeployedStack) -> Result<(), DeployError> {
    for (id, (kind, made)) in &stack.resources {
        if kind == "AWS::S3::Bucket" {
            let bucket = made.reference.as_str().unwrap_or_default();
            seed::put(cloud, id, bucket).await.map_err(DeployError::Seed)?;
        }
    }
    Ok(())
}
