//! The stacks that the local run itself deploys, with those that are nested in them.

use super::deployment::{DeployedStack, Deployment};
use super::error::{DeployError, Refusal};
use super::maker::{Failure, Inner, Maker, NestedTemplate, Nesting, Nests, Occasion, Place};
use super::stack::{self, Trouble};
use super::{engine, lasting, needs, seed};
use crate::cloud::Cloud;
use crate::template::{Deployed, Fault, Stack, TemplateError};
use platform::Principal;
use platform::journal::Happening;
use services::cloudformation::{Declared, Extent, Outer, Summary, Wanted, nested_name};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

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
    // What a stack does not nest any more is removed by CloudFormation.
    engine::stand_behind(cloud);
    let earlier = before.account.iter().chain(&before.stacks);
    let earlier: Vec<&DeployedStack> = earlier.flat_map(DeployedStack::with_nested).collect();
    deploy_within(cloud, deployed, exports(&earlier), None).await
}

/// What these stacks export: names and values.
fn exports(stacks: &[&DeployedStack]) -> BTreeMap<String, String> {
    let outputs = stacks.iter().flat_map(|stack| &stack.outputs);
    let exports = outputs.filter_map(|output| Some((output.export.clone()?, output.value.clone())));
    exports.collect()
}

/// Deploys one stack, which may be nested in another one.
async fn deploy_within(
    cloud: &Arc<Cloud>,
    deployed: &Deployed,
    exports: BTreeMap<String, String>,
    outer: Option<Outer<'_>>,
) -> Result<DeployedStack, DeployError> {
    let mut stack = Stack::open(deployed, &cloud.account, &exports)?;
    keeps_types(cloud, &stack)?;
    let service = &cloud.cloudformation;
    let (wanted, summary) = wanted(deployed);
    service.begin_own(stack.id(), wanted, &summary, outer);
    let nested = Inside {
        deployed,
        exports,
        stacks: Mutex::default(),
    };
    let place = Place {
        cloud,
        stack: &deployed.stack,
        caller: &Principal::Administrator,
        occasion: Occasion::Own,
        nests: &nested,
    };
    let made = stack::make(place, &mut stack).await;
    let resources = made.map_err(|trouble| {
        service.fail_own(&deployed.stack, "a resource was not made");
        refused(deployed, &stack, trouble)
    })?;
    let order = stack.order().to_vec();
    let removed = lasting::remove(place, &order, Extent::Gone).await;
    removed.map_err(|refused| not_removed(&deployed.stack, refused))?;
    let outputs = stack.outputs()?;
    service.end_own(&deployed.stack, stack.processed().to_string(), stack::shown(&outputs));
    let nested = nested.stacks.into_inner().unwrap_or_else(PoisonError::into_inner);
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
        nested,
    };
    for passed_over in &stack.passed_over {
        let text = format!("passed over: {}", passed_over.below(&cloud.root));
        cloud.journal.record(Happening::Note { text });
    }
    fill_buckets(cloud, &stack).await?;
    Ok(stack)
}

/// Why the first of these resources of a stack was not removed.
fn not_removed(stack: &str, mut refused: Vec<(String, String, platform::ServiceError)>) -> DeployError {
    let (resource, operation, error) = refused.remove(0);
    DeployError::Refused(Box::new(Refusal {
        file: format!("stack {stack}, whose template does not have it any more"),
        resource,
        operation,
        error,
    }))
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
    let template = deployed.text.clone();
    let template = template.unwrap_or_else(|| std::fs::read_to_string(&deployed.template).unwrap_or_default());
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
        Failure::Embedded(reason) => DeployError::Template(within(Fault::new(reason))),
        Failure::Inner(error) => *error,
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

/// Deploys what a stack of the local run's own nests, from the file that its template names.
struct Inside<'i> {
    /// What the outer stack is deployed from.
    deployed: &'i Deployed,
    /// What is exported to it.
    exports: BTreeMap<String, String>,
    /// What has been made.
    stacks: Mutex<Vec<DeployedStack>>,
}

impl Nests for Inside<'_> {
    fn make<'n>(&'n self, maker: &'n Maker<'n>, nesting: Nesting) -> Inner<'n> {
        Box::pin(async move {
            let tags = nesting.tags.clone();
            let inner = self.inner(maker, nesting).await?;
            let (wanted, _) = wanted(&inner);
            if let Some(fault) = maker.cloud.cloudformation.own_nesting_fault(maker.stack, &wanted) {
                return Err(Fault::new(fault).within("TemplateURL").into());
            }
            let mut exported = self.exports.clone();
            let made = |stacks: &Vec<DeployedStack>| exports(&stacks.iter().collect::<Vec<_>>());
            exported.extend(made(&self.stacks.lock().unwrap_or_else(PoisonError::into_inner)));
            let outer = Outer {
                stack: maker.stack,
                tags: &tags,
            };
            let deployed = deploy_within(maker.cloud, &inner, exported, Some(outer)).await;
            let deployed = deployed.map_err(|error| Failure::Inner(Box::new(error)))?;
            let outputs = deployed.outputs.iter();
            let outputs = outputs.map(|output| (output.name.clone(), output.value.clone()));
            let outputs = outputs.collect();
            let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
            stacks.push(deployed);
            Ok(outputs)
        })
    }
}

impl Inside<'_> {
    /// What a nested stack is deployed from.
    async fn inner(&self, maker: &Maker<'_>, nesting: Nesting) -> Result<Deployed, Failure> {
        let (template, text) = match nesting.template {
            NestedTemplate::File(file) => (file, None),
            NestedTemplate::Url(url) => {
                let text = maker.cloud.cloudformation.template_at(maker.nesting(), &url).await;
                let absent = |error: platform::ServiceError| {
                    Fault::absent(format_args!(
                        "its template is not in an object of this account: {url}: {error}"
                    ))
                };
                let text = text.map_err(absent)?;
                (PathBuf::from(url), Some(text))
            }
        };
        Ok(Deployed {
            environment: self.deployed.environment.clone(),
            stack: nested_name(maker.stack, &nesting.logical_id),
            template,
            text,
            region: self.deployed.region.clone(),
            values: nesting.values,
            ..Deployed::default()
        })
    }
}
