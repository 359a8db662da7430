//! Which maker makes which type.

use super::maker::{Failure, Maker};
use super::properties::Properties;
use super::{accepted, chain, compute, identity, nested, serving, storage, telling, wiring};
use crate::template::{Made, Resource};

/// Makes a resource.
pub(super) async fn create(maker: &Maker<'_>, resource: Resource) -> Result<Made, Failure> {
    let properties = Properties::new(resource.properties);
    match resource.kind.as_str() {
        "AWS::CloudFormation::Stack" => nested::stack(maker, properties).await,
        "AWS::IAM::AccessKey" => identity::access_key(maker, properties),
        "AWS::IAM::Group" => identity::group(maker, properties),
        "AWS::IAM::User" => identity::user(maker, properties),
        "AWS::IAM::UserToGroupAddition" => identity::addition(maker, properties),
        "AWS::IAM::Role" => identity::role(maker, properties),
        "AWS::IAM::Policy" => identity::policy(maker, properties),
        "AWS::IAM::ManagedPolicy" => identity::managed_policy(maker, properties),
        "AWS::Lambda::Function" => compute::function(maker, properties).await,
        "AWS::Lambda::Alias" => compute::function_alias(maker, properties).await,
        "AWS::Lambda::LayerVersion" => compute::layer(maker, properties).await,
        "AWS::Lambda::Version" => compute::function_version(maker, properties).await,
        "AWS::Lambda::Permission" => compute::permission(maker, properties).await,
        "AWS::Lambda::EventInvokeConfig" => compute::event_invoke_config(maker, properties).await,
        "AWS::StepFunctions::Activity" => compute::activity(maker, properties).await,
        "AWS::StepFunctions::StateMachine" => compute::state_machine(maker, properties).await,
        "AWS::StepFunctions::StateMachineVersion" => compute::version(maker, properties).await,
        "AWS::StepFunctions::StateMachineAlias" => compute::alias(maker, properties).await,
        "AWS::Events::Rule" => wiring::rule(maker, properties).await,
        "AWS::SQS::Queue" => wiring::queue(maker, properties).await,
        "AWS::SQS::QueuePolicy" => wiring::queue_policy(maker, properties).await,
        "AWS::Logs::LogGroup" => telling::log_group(maker, properties).await,
        "AWS::SNS::Subscription" => telling::subscription(maker, properties).await,
        "AWS::SNS::Topic" => telling::topic(maker, properties).await,
        "AWS::SNS::TopicPolicy" => telling::topic_policy(maker, properties).await,
        "AWS::SSM::Parameter" => storage::parameter(maker, properties).await,
        "AWS::S3::Bucket" => storage::bucket(maker, properties).await,
        "AWS::S3::BucketPolicy" => storage::bucket_policy(maker, properties).await,
        "AWS::ECR::Repository" => storage::repository(maker, properties).await,
        "AWS::SageMaker::ModelPackageGroup" => storage::model_package_group(maker, properties).await,
        "AWS::EC2::SecurityGroup" => serving::security_group(maker, properties),
        "AWS::EC2::SecurityGroupEgress" | "AWS::EC2::SecurityGroupIngress" => {
            serving::security_group_rule(maker, properties)
        }
        "AWS::ECS::Cluster" => serving::cluster(maker, properties).await,
        "AWS::ECS::Service" => serving::service(maker, properties).await,
        "AWS::ECS::TaskDefinition" => serving::task_definition(maker, properties).await,
        "AWS::ElasticLoadBalancingV2::Listener" => serving::listener(maker, properties).await,
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => serving::load_balancer(maker, properties).await,
        "AWS::ElasticLoadBalancingV2::TargetGroup" => serving::target_group(maker, properties).await,
        "AWS::CodeBuild::Project" => chain::project(maker, properties).await,
        "AWS::CodePipeline::Pipeline" => chain::pipeline(maker, properties).await,
        kind => accepted::made(maker, kind, properties).await,
    }
}
