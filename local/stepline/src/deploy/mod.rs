//! Deploying: the stacks of an environment, created resource by resource through AWS's own operations.
//!
//! The account's administrator does here what CloudFormation does with templates and their parameters, through
//! the same door as every other call. Some resources have no effect on one machine: they are accepted if they are on an
//! explicit list. Every other type, and every property that nothing reads, is passed over with one line that names it.

mod accepted;
mod asked;
mod chain;
mod compute;
mod create;
mod declared;
mod deployment;
mod engine;
mod equals;
mod error;
mod identity;
mod lasting;
mod leave;
mod maker;
mod needs;
mod nested;
mod own;
mod passing;
mod properties;
mod removal;
mod seed;
mod serving;
mod stack;
mod storage;
mod telling;
mod wiring;

pub use crate::project::Overrides;
pub use deployment::{DeployedStack, Deployment};
pub use engine::{resume, stand_behind};
pub use error::{DeployError, Refusal};
pub use own::deploy_stack;

use crate::cloud::Cloud;
use crate::project::{Plan, Project};
use platform::account::Account;
use platform::journal::Happening;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The environments that can be deployed.
///
/// # Errors
/// The files that say so cannot be read.
pub fn environments(root: &Path) -> Result<Vec<String>, DeployError> {
    let project = Project::open(root)?;
    Ok(project.environments().into_iter().map(str::to_owned).collect())
}

/// The account of an environment: the local one, with the id and in the region that the files say.
///
/// # Errors
/// The files that say so cannot be read, or do not know the environment.
pub fn account_of(root: &Path, environment: &str) -> Result<Account, DeployError> {
    Ok(Project::open(root)?.account(environment)?)
}

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

/// Deploys an environment as its [`Plan`] says, one stack after the other, and then its pipelines.
///
/// # Errors
/// The first fault of a template, or the first refusal of a service.
pub async fn deploy(cloud: &Arc<Cloud>, environment: &str) -> Result<Deployment, DeployError> {
    deploy_with(cloud, environment, &Overrides::default()).await
}

/// The same, with other values of parameters.
///
/// # Errors
/// The first fault of a template, or the first refusal of a service; a parameter that no template has.
pub async fn deploy_with(
    cloud: &Arc<Cloud>,
    environment: &str,
    overrides: &Overrides,
) -> Result<Deployment, DeployError> {
    let plan = Project::open(&cloud.root)?.plan(environment, &cloud.account, overrides)?;
    // Before the templates: they may ask for values of parameters.
    seed::parameters::put(cloud).await.map_err(DeployError::Seed)?;
    let mut deployment = deploy_stacks(cloud, &plan).await?;
    let stacks = deployment.before.iter().chain(&deployment.stacks);
    let known: BTreeSet<&String> = stacks.flat_map(|stack| &stack.parameters).collect();
    if let Some(name) = overrides.asked.keys().find(|name| !known.contains(name)) {
        return Err(DeployError::NoParameter(name.clone()));
    }
    for file in &plan.pipelines {
        match declared::pipeline(cloud, file).await? {
            declared::Declared::Made(name) => deployment.pipelines.push(name),
            declared::Declared::PassedOver(fault) => {
                let text = format!("passed over: {}", fault.below(&cloud.root));
                cloud.journal.record(Happening::Note { text });
                deployment.pipelines_passed_over.push(fault);
            }
        }
    }
    Ok(deployment)
}

/// Deploys the stacks of a plan, and not its pipelines.
///
/// # Errors
/// The first fault of a template, or the first refusal of a service.
pub(crate) async fn deploy_stacks(cloud: &Arc<Cloud>, plan: &Plan) -> Result<Deployment, DeployError> {
    let mut deployment = Deployment::default();
    for deployed in &plan.account {
        if !cloud.cloudformation.has(&deployed.stack) {
            let stack = deploy_stack(cloud, deployed, &deployment).await?;
            deployment.account.push(stack);
        }
    }
    for deployed in &plan.before {
        let stack = deploy_stack(cloud, deployed, &deployment).await?;
        deployment.before.push(stack);
    }
    for deployed in &plan.stacks {
        let stack = deploy_stack(cloud, deployed, &deployment).await?;
        deployment.stacks.push(stack);
    }
    Ok(deployment)
}
