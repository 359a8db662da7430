//! How resources are removed: one table of all types that are made.

use super::leave;
use super::maker::Place;
use platform::{ErrorKind, ServiceError};
use serde_json::{Map, Value, json};
use services::cloudformation::{Nesting, NestingError, Record};

/// The type of a nested stack, which CloudFormation removes with all that it has.
pub(super) const STACK: &str = "AWS::CloudFormation::Stack";

/// How a resource is removed.
enum Removal {
    /// By an operation of a service: the member that has what `Ref` gives.
    By(&'static str, &'static str, &'static str),
    /// By operations that need what it was made with.
    With(&'static str, fn(&Value, &Value) -> Vec<(&'static str, Value)>),
    /// From IAM, which makes its resources without operations.
    FromIam(&'static str, fn(Place<'_>, &str, &Value) -> Result<(), ServiceError>),
}

/// The types that leave something behind which has to be removed. All others are gone with what they belong to.
const REMOVALS: &[(&str, Removal)] = &[
    (
        "AWS::CodeBuild::Project",
        Removal::By("codebuild", "DeleteProject", "name"),
    ),
    (
        "AWS::CodePipeline::Pipeline",
        Removal::By("codepipeline", "DeletePipeline", "name"),
    ),
    (
        "AWS::ECR::Repository",
        Removal::With("ecr", |reference, properties| {
            let is_emptied = properties
                .get("EmptyOnDelete")
                .is_some_and(|empty| empty == true || empty == "true");
            vec![(
                "DeleteRepository",
                json!({"repositoryName": reference, "force": is_emptied}),
            )]
        }),
    ),
    ("AWS::ECS::Cluster", Removal::By("ecs", "DeleteCluster", "cluster")),
    (
        "AWS::ECS::Service",
        Removal::With("ecs", |reference, properties| {
            let mut input = json!({"service": reference, "force": true});
            if let Some(cluster) = properties.get("Cluster") {
                input["cluster"] = cluster.clone();
            }
            vec![("DeleteService", input)]
        }),
    ),
    (
        "AWS::ECS::TaskDefinition",
        Removal::By("ecs", "DeregisterTaskDefinition", "taskDefinition"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        Removal::By("elasticloadbalancing", "DeleteListener", "ListenerArn"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        Removal::By("elasticloadbalancing", "DeleteLoadBalancer", "LoadBalancerArn"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        Removal::By("elasticloadbalancing", "DeleteTargetGroup", "TargetGroupArn"),
    ),
    (
        "AWS::Events::Rule",
        Removal::With("events", |reference, properties| {
            let targets = properties
                .get("Targets")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let ids: Vec<Value> = targets.filter_map(|target| target.get("Id").cloned()).collect();
            let delete = ("DeleteRule", json!({"Name": reference}));
            match ids.is_empty() {
                true => vec![delete],
                false => vec![("RemoveTargets", json!({"Rule": reference, "Ids": ids})), delete],
            }
        }),
    ),
    (
        "AWS::IAM::AccessKey",
        Removal::FromIam("DeleteAccessKey", |place, id, _| {
            place.cloud.iam.delete_access_key(id);
            Ok(())
        }),
    ),
    (
        "AWS::IAM::Group",
        Removal::FromIam("DeleteGroup", |place, name, _| place.cloud.iam.delete_group(name)),
    ),
    (
        "AWS::IAM::ManagedPolicy",
        Removal::FromIam("DeletePolicy", |place, arn, _| place.cloud.iam.delete_policy(arn)),
    ),
    (
        "AWS::IAM::Policy",
        Removal::FromIam("DeleteRolePolicy", |place, name, properties| {
            place
                .cloud
                .iam
                .delete_inline_policy(name, &|kind| names(properties, kind));
            Ok(())
        }),
    ),
    (
        "AWS::IAM::Role",
        Removal::FromIam("DeleteRole", |place, name, _| place.cloud.iam.delete_role(name)),
    ),
    (
        "AWS::IAM::User",
        Removal::FromIam("DeleteUser", |place, name, _| place.cloud.iam.delete_user(name)),
    ),
    (
        "AWS::IAM::UserToGroupAddition",
        Removal::FromIam("RemoveUserFromGroup", |place, _, properties| {
            let group = properties["GroupName"].as_str().unwrap_or_default();
            let iam = &place.cloud.iam;
            iam.remove_users_from_group(&names(properties, "Users"), group);
            Ok(())
        }),
    ),
    (
        "AWS::Lambda::EventInvokeConfig",
        Removal::With("lambda", |_, properties| {
            vec![(
                "DeleteFunctionEventInvokeConfig",
                json!({"FunctionName": properties["FunctionName"]}),
            )]
        }),
    ),
    (
        "AWS::Lambda::Function",
        Removal::By("lambda", "DeleteFunction", "FunctionName"),
    ),
    (
        "AWS::Lambda::Permission",
        Removal::With("lambda", |reference, properties| {
            let input = json!({"FunctionName": properties["FunctionName"], "StatementId": reference});
            vec![("RemovePermission", input)]
        }),
    ),
    (
        "AWS::Logs::LogGroup",
        Removal::By("logs", "DeleteLogGroup", "logGroupName"),
    ),
    ("AWS::S3::Bucket", Removal::By("s3", "DeleteBucket", "Bucket")),
    (
        "AWS::S3::BucketPolicy",
        Removal::By("s3", "DeleteBucketPolicy", "Bucket"),
    ),
    (
        "AWS::SNS::Subscription",
        Removal::By("sns", "Unsubscribe", "SubscriptionArn"),
    ),
    ("AWS::SNS::Topic", Removal::By("sns", "DeleteTopic", "TopicArn")),
    ("AWS::SQS::Queue", Removal::By("sqs", "DeleteQueue", "QueueUrl")),
    (
        "AWS::SQS::QueuePolicy",
        Removal::With("sqs", |_, properties| {
            let queues = properties.get("Queues").and_then(Value::as_array).into_iter().flatten();
            let without = |queue: &Value| {
                (
                    "SetQueueAttributes",
                    json!({"QueueUrl": queue, "Attributes": {"Policy": ""}}),
                )
            };
            queues.map(without).collect()
        }),
    ),
    ("AWS::SSM::Parameter", Removal::By("ssm", "DeleteParameter", "Name")),
    (
        "AWS::SageMaker::ModelPackageGroup",
        Removal::By("sagemaker", "DeleteModelPackageGroup", "ModelPackageGroupName"),
    ),
    (
        "AWS::StepFunctions::Activity",
        Removal::By("states", "DeleteActivity", "activityArn"),
    ),
    (
        "AWS::StepFunctions::StateMachine",
        Removal::By("states", "DeleteStateMachine", "stateMachineArn"),
    ),
    (
        "AWS::StepFunctions::StateMachineAlias",
        Removal::By("states", "DeleteStateMachineAlias", "stateMachineAliasArn"),
    ),
];

/// The types that are removed and made anew where a template changes them: nobody holds on to them by more than their names.
pub(super) const UPDATED_BY_ANOTHER: &[&str] = &[
    "AWS::Events::Rule",
    "AWS::IAM::Group",
    "AWS::IAM::Policy",
    "AWS::IAM::User",
    "AWS::IAM::UserToGroupAddition",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SQS::QueuePolicy",
];

/// The names in a property of a policy: `Roles`, `Users` or `Groups`.
fn names(properties: &Value, kind: &str) -> Vec<String> {
    let listed = properties.get(kind).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Removes one, unless it is gone.
pub(super) async fn remove(place: Place<'_>, record: &Record) -> Result<(), (String, ServiceError)> {
    if record.kind == STACK && !record.is_stand_in {
        return remove_nested(place, record).await;
    }
    let found = REMOVALS.iter().find(|(kind, _)| *kind == record.kind);
    let (Some((_, removal)), Some(reference), false) = (found, &record.reference, record.is_stand_in) else {
        return Ok(());
    };
    let (service, calls) = match removal {
        Removal::By(service, operation, member) => {
            let input = Map::from_iter([((*member).to_owned(), reference.clone())]);
            (service, vec![(*operation, Value::from(input))])
        }
        Removal::With(service, calls) => (service, calls(reference, &record.properties)),
        Removal::FromIam(operation, remove) => {
            let name = reference.as_str().unwrap_or_default();
            let cloud = place.cloud;
            for needed in leave::to_remove(&cloud.iam, &cloud.account, record, operation) {
                let action = needed.action.clone();
                let allowed = cloud.authorize(place.caller, &[needed]);
                allowed.map_err(|error| (action, error))?;
            }
            let removed = remove(place, name, &record.properties);
            return unless_gone(removed).map_err(|error| (format!("iam:{operation}"), error));
        }
    };
    for (operation, input) in calls {
        let answer = place.cloud.call(place.caller, service, operation, input).await;
        unless_gone(answer.map(drop)).map_err(|error| (format!("{service}:{operation}"), error))?;
    }
    Ok(())
}

async fn remove_nested(place: Place<'_>, record: &Record) -> Result<(), (String, ServiceError)> {
    let Some(id) = record.reference.as_ref().and_then(Value::as_str) else {
        return Ok(());
    };
    let by = Nesting {
        platform: place.cloud,
        caller: place.caller,
        parent: place.stack,
    };
    let removed = place.cloud.cloudformation.delete_nested(by, id).await;
    removed.map_err(|error| match error {
        NestingError::Refused { operation, error } => (format!("cloudformation:{operation}"), error),
        NestingError::Embedded(reason) => {
            let error = ServiceError::validation(reason);
            ("cloudformation:DeleteStack".to_owned(), error)
        }
    })
}

fn unless_gone(removed: Result<(), ServiceError>) -> Result<(), ServiceError> {
    removed.or_else(|error| {
        if error.kind == ErrorKind::NotFound {
            Ok(())
        } else {
            Err(error)
        }
    })
}
