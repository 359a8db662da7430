//! Resources that last from run to run. As CloudFormation does, a deployment leaves alone what its template has not
//! changed: what somebody has done to it since, such as another value of a parameter, stays.
//!
//! The others, such as roles, functions and rules, are made anew by each run.

use super::create::create;
use super::error::{DeployError, Refusal};
use super::maker::{Failure, Maker};
use crate::cloud::Cloud;
use crate::template::{Fault, Made, Resource};
use platform::{ErrorKind, Principal, ServiceError};
use serde_json::{Value, json};
use services::cloudformation::Record;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How a service deletes something: its name, the operation, and the member that has what `Ref` gives.
type Deletion = (&'static str, &'static str, &'static str);

/// The types that last. Beside them, for those that are deleted with their entry in the template: how.
const LASTING: &[(&str, Option<Deletion>)] = &[
    (
        "AWS::ECR::Repository",
        Some(("ecr", "DeleteRepository", "repositoryName")),
    ),
    ("AWS::ECS::Service", None),
    ("AWS::ECS::TaskDefinition", None),
    ("AWS::ElasticLoadBalancingV2::Listener", None),
    (LOAD_BALANCER, None),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", None),
    ("AWS::Logs::LogGroup", Some(("logs", "DeleteLogGroup", "logGroupName"))),
    ("AWS::S3::Bucket", Some(("s3", "DeleteBucket", "Bucket"))),
    ("AWS::SNS::Topic", Some(("sns", "DeleteTopic", "TopicArn"))),
    ("AWS::SQS::Queue", Some(("sqs", "DeleteQueue", "QueueUrl"))),
    ("AWS::SSM::Parameter", Some(("ssm", "DeleteParameter", "Name"))),
    (
        "AWS::SageMaker::ModelPackageGroup",
        Some(("sagemaker", "DeleteModelPackageGroup", "ModelPackageGroupName")),
    ),
    (
        "AWS::StepFunctions::StateMachine",
        Some(("states", "DeleteStateMachine", "stateMachineArn")),
    ),
    ("AWS::StepFunctions::StateMachineAlias", None),
    ("AWS::StepFunctions::StateMachineVersion", None),
];

/// Its port may be another one in each run.
const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

/// Makes a resource, or finds it as it was made before.
/// What is left out of it is noted in `left_out`.
pub(super) async fn make(
    (cloud, stack): (&Arc<Cloud>, &str),
    resource: Resource,
    left_out: &Mutex<Vec<Fault>>,
) -> Result<Made, Failure> {
    let id = resource.id.clone();
    let maker = |is_there| Maker {
        cloud,
        stack,
        id: &id,
        is_there,
        left_out,
    };
    if !LASTING.iter().any(|(kind, _)| *kind == resource.kind) {
        return create(&maker(false), resource).await;
    }
    let known = cloud.cloudformation.recorded(stack, &id);
    let known = known.filter(|known| known.kind == resource.kind);
    let wanted = Record {
        kind: resource.kind.clone(),
        properties: resource.properties.clone().into(),
        reference: None,
        attributes: BTreeMap::new(),
        is_retained: resource.is_retained,
    };
    if let Some(Record {
        properties,
        reference: Some(reference),
        attributes,
        ..
    }) = &known
        && *properties == wanted.properties
        && resource.kind != LOAD_BALANCER
    {
        return Ok(Made {
            reference: reference.clone(),
            attributes: attributes.clone(),
            ..Made::default()
        });
    }
    // Before anything is made, so that a run that is killed meanwhile leaves nothing that nobody knows of.
    cloud.cloudformation.record(stack, &id, wanted.clone());
    let made = create(&maker(known.is_some()), resource).await?;
    let record = Record {
        reference: Some(made.reference.clone()),
        attributes: made.attributes.clone(),
        ..wanted
    };
    cloud.cloudformation.record(stack, &id, record);
    if let Some(before) = known.filter(|known| known.reference.as_ref().is_some_and(|before| *before != made.reference))
    {
        // Another name makes it another thing.
        let _ = remove(cloud, &before).await;
    }
    Ok(made)
}

/// Removes what the stack's template does not have any more.
pub(super) async fn remove_others(
    cloud: &Arc<Cloud>,
    stack: &str,
    resources: &BTreeMap<String, (String, Made)>,
) -> Result<(), DeployError> {
    for (id, record) in cloud.cloudformation.records(stack) {
        if resources.contains_key(&id) {
            continue;
        }
        remove(cloud, &record).await.map_err(|(operation, error)| {
            DeployError::Refused(Box::new(Refusal {
                file: format!("stack {stack}, whose template does not have it any more"),
                resource: id.clone(),
                operation,
                error,
            }))
        })?;
        cloud.cloudformation.forget(stack, &id);
    }
    Ok(())
}

/// Removes one, unless it is to be retained or is gone.
async fn remove(cloud: &Arc<Cloud>, record: &Record) -> Result<(), (String, ServiceError)> {
    let found = LASTING.iter().find(|(kind, _)| *kind == record.kind);
    let (Some((_, Some((service, operation, member)))), Some(reference), false) =
        (found, &record.reference, record.is_retained)
    else {
        return Ok(());
    };
    let input: Value = json!({*member: reference});
    match cloud.call(&Principal::Administrator, service, operation, input).await {
        Err(error) if error.kind != ErrorKind::NotFound => Err((format!("{service}:{operation}"), error)),
        _ => Ok(()),
    }
}
