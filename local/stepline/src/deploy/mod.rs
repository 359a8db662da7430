//! Deploying: the stacks of an environment, created resource by resource through AWS's own operations.
//!
//! The account's administrator does here what CloudFormation does with templates and their parameters, through
//! the same door as every other call. Some resources have no effect on one machine: they are accepted if they are on an
//! explicit list. Every other type, and every property that nothing reads, is passed over with one line that names it.

mod accepted;
mod chain;
mod compute;
mod create;
mod declared;
mod engine;
mod equals;
mod error;
mod identity;
mod lasting;
mod leave;
mod maker;
mod needs;
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
pub use engine::{resume, stand_behind};
pub use error::{DeployError, Refusal};

use crate::cloud::Cloud;
use crate::project::{Plan, Project};
use crate::template::{Deployed, Fault, Made, Output, Stack, TemplateError};
use maker::{Failure, Occasion, Place};
use platform::Principal;
use platform::account::Account;
use platform::journal::Happening;
use services::cloudformation::{Declared, Extent, Summary, Wanted};
use stack::Trouble;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
}

impl Deployment {
    /// The `Ref` of each of the environment's resources of a type, such as `AWS::CodePipeline::Pipeline`, that is really here.
    pub fn references(&self, kind: &str) -> Vec<&str> {
        let resources = self.stacks.iter().flat_map(|stack| stack.resources.values());
        let matching = resources.filter(|(of, made)| of == kind && !made.is_stand_in);
        matching.filter_map(|(_, made)| made.reference.as_str()).collect()
    }

    /// All stacks, in the order of their creation.
    pub fn all(&self) -> impl Iterator<Item = &DeployedStack> {
        self.account.iter().chain(&self.before).chain(&self.stacks)
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
    let earlier = before.account.iter().chain(&before.stacks);
    let outputs = earlier.flat_map(|stack| &stack.outputs);
    let exports = outputs.filter_map(|output| Some((output.export.clone()?, output.value.clone())));
    let exports: BTreeMap<String, String> = exports.collect();
    let mut stack = Stack::open(deployed, &cloud.account, &exports)?;
    keeps_types(cloud, &stack)?;
    let service = &cloud.cloudformation;
    let (wanted, summary) = wanted(deployed);
    service.begin_own(stack.id(), wanted, &summary);
    let place = Place {
        cloud,
        stack: &deployed.stack,
        caller: &Principal::Administrator,
        occasion: Occasion::Own,
    };
    let made = stack::make(place, &mut stack).await;
    let resources = made.map_err(|trouble| {
        service.fail_own(&deployed.stack, "a resource was not made");
        refused(deployed, &stack, trouble)
    })?;
    let order = stack.order().to_vec();
    let removed = lasting::remove(place, &order, Extent::Gone).await;
    removed.map_err(|mut refused| {
        let (resource, operation, error) = refused.remove(0);
        DeployError::Refused(Box::new(Refusal {
            file: format!("stack {}, whose template does not have it any more", deployed.stack),
            resource,
            operation,
            error,
        }))
    })?;
    let outputs = stack.outputs()?;
    service.end_own(&deployed.stack, stack.processed().to_string(), stack::shown(&outputs));
    let stack = DeployedStack {
        environment: deployed.environment.clone(),
        name: deployed.stack.clone(),
        template: deployed.template.clone(),
        outputs,
        resources,
        stands_in_values: deployed.stands_in_values
            && stack
                .passed_over()
                .iter()
                .any(|fault| fault.path.starts_with("Parameters/")),
        parameters: stack.parameters(),
        passed_over: stack.passed_over(),
    };
    for passed_over in &stack.passed_over {
        let text = format!("passed over: {}", passed_over.below(&cloud.root));
        cloud.journal.record(Happening::Note { text });
    }
    fill_buckets(cloud, &stack).await?;
    Ok(stack)
}

/// Refuses a template that gives a resource another type, as a deployment to AWS would.
fn keeps_types(cloud: &Cloud, stack: &Stack) -> Result<(), TemplateError> {
    lasting::same_types(cloud, stack).map_err(|mut error| {
        error.message += ". Give it another logical id";
        error
    })
}

/// What CloudFormation knows of a stack that the local run deploys.
fn wanted(deployed: &Deployed) -> (Wanted, Summary) {
    // It has been read already.
    let template = std::fs::read_to_string(&deployed.template).unwrap_or_default();
    let summary = needs::summary(&template).unwrap_or_default();
    let values = summary.parameters.iter().filter_map(|Declared { name, default, .. }| {
        let given = deployed.offered.get(name).or_else(|| deployed.values.get(name));
        Some((name.clone(), given.or(default.as_ref())?.clone()))
    });
    let wanted = Wanted {
        stack: deployed.stack.clone(),
        values: values.collect(),
        template,
    };
    (wanted, summary)
}

/// Why a stack of this file was not made.
fn refused(deployed: &Deployed, stack: &Stack, trouble: Trouble) -> DeployError {
    let (id, kind, failure) = match trouble {
        Trouble::Template(error) => return DeployError::Template(error),
        Trouble::Resource { id, kind, failure } => (id, kind, failure),
    };
    let within = |fault: Fault| stack.locate(fault.within(&id).within("Resources"));
    match failure {
        Failure::Fault(fault) => DeployError::Template(within(fault.within("Properties"))),
        Failure::Kind => DeployError::Template(within(Fault::absent(&kind))),
        Failure::Service { operation, error } => DeployError::Refused(Box::new(Refusal {
            file: deployed.template.display().to_string(),
            resource: id,
            operation,
            error,
        })),
    }
}

/// Puts into the stack's buckets what they begin with.
async fn fill_buckets(cloud: &Arc<Cloud>, stack: &DeployedStack) -> Result<(), DeployError> {
    for (id, (kind, made)) in &stack.resources {
        if kind == "AWS::S3::Bucket" {
            let bucket = made.reference.as_str().unwrap_or_default();
            seed::buckets::put(cloud, id, bucket).await.map_err(DeployError::Seed)?;
        }
    }
    Ok(())
}
