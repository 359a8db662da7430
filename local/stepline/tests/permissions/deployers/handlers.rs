//! What CloudFormation's handlers call to create, read, update and delete each resource, the deploy role allows.

use super::account::{Deployed, ENVIRONMENTS, Placed, deployed};
use super::actions::named;
use super::unused::{UNUSED, Unused};
use crate::grants::{list, matches};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The permissions of a type's handlers: by handler, in order.
type Handlers = BTreeMap<String, Vec<String>>;

fn handlers() -> BTreeMap<String, Handlers> {
    let data: Value = serde_json::from_str(include_str!("handlers.json")).expect("handlers.json is JSON");
    serde_json::from_value(data["types"].clone()).expect("handlers.json has lists of permissions")
}

/// One thing that a handler needs: an action, the resources that it may be about, and what the request says.
pub(crate) struct Need {
    /// The action.
    pub(crate) action: String,
    /// The resources, each of which must be allowed.
    pub(crate) resources: Vec<String>,
    /// Condition keys.
    pub(crate) context: Vec<(&'static str, String)>,
}

/// Everything that the handlers of an environment's resources need of its deploy role, with the resource and the handler
/// that it is for, and how many of their permissions are on the list of those that are not used.
pub(crate) fn needs(deployed: &Deployed, environment: &str) -> (Vec<(String, Need)>, usize) {
    let handlers = handlers();
    let (mut needs, mut excused) = (Vec::new(), 0);
    for placed in deployed
        .resources
        .iter()
        .filter(|placed| placed.environment == environment)
    {
        let of_kind = handlers
            .get(&placed.kind)
            .unwrap_or_else(|| panic!("handlers.json does not have `{}`", placed.kind));
        for (handler, permissions) in of_kind {
            for action in permissions {
                if unused(&placed.kind, action).is_some() {
                    excused += 1;
                    continue;
                }
                let purpose = format!("{handler} {} ({})", placed.id, placed.kind);
                needs.push((purpose, need(deployed, placed, action)));
            }
        }
    }
    (needs, excused)
}

fn unused(kind: &str, action: &str) -> Option<&'static Unused> {
    UNUSED.iter().find(|unused| {
        let is_named = |pattern: &&str| matches(&pattern.to_lowercase(), &action.to_lowercase());
        (unused.kind == "*" || unused.kind == kind) && unused.actions.iter().any(is_named)
    })
}

/// What a permission of a handler is about, for one resource.
fn need(deployed: &Deployed, placed: &Placed, action: &str) -> Need {
    let environment = placed.environment;
    let account = &deployed.cloud.account;
    let arns = |kind: &str| deployed.arns(environment, kind);
    let mut context = Vec::new();
    let resources = match (action, placed.kind.as_str()) {
        // Only with `Strategy` other than `ROLLING`, which the local run does not have.
        ("iam:PassRole", "AWS::ECS::Service") => {
            context.push(("iam:PassedToService", "ecs.amazonaws.com".to_owned()));
            let region = &account.region;
            let name = format_args!("role/stepline-service-traffic-{environment}-{region}");
            vec![account.global_arn("iam", name)]
        }
        ("iam:PassRole" | "iam:GetRole", kind) if kind != "AWS::IAM::Role" => {
            let service = acts_as(kind);
            context.push(("iam:PassedToService", service.to_owned()));
            roles_of(deployed, environment, service)
        }
        ("s3:GetObject" | "s3:GetObjectVersion", _) => {
            let key = format!("stepline-{environment}/0123456789abcdef");
            vec![account.s3_arn("aws-sam-cli-managed-default-samclisourcebucket-abc", Some(&key))]
        }
        ("codestar-connections:PassConnection", _) => {
            let connection = "connection/00000000-0000-0000-0000-000000000000";
            ["codestar-connections", "codeconnections"]
                .map(|service| account.arn(service, connection))
                .into()
        }
        ("logs:DescribeLogGroups" | "logs:DescribeResourcePolicies" | "logs:DescribeIndexPolicies", _) => {
            vec!["*".to_owned()]
        }
        ("cloudwatch:DescribeAlarms", "AWS::StepFunctions::StateMachineAlias") => arns("AWS::CloudWatch::Alarm"),
        ("iam:CreateServiceLinkedRole", _) => {
            vec![account.global_arn("iam", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")]
        }
        ("ecs:DescribeTaskDefinition", _) => vec!["*".to_owned()],
        ("elasticloadbalancing:CreateListener", _) => arns("AWS::ElasticLoadBalancingV2::LoadBalancer"),
        ("ecs:DescribeServiceDeployments" | "ecs:StopServiceDeployment", _) => {
            let service = placed.arn.as_deref().unwrap_or_default();
            vec![service.replace(":service/", ":service-deployment/") + "/0123456789abcdef"]
        }
        (action, _) if action.starts_with("elasticloadbalancing:Describe") || action.starts_with("ec2:Describe") => {
            vec!["*".to_owned()]
        }
        (action, "AWS::EC2::SecurityGroup") => {
            let tag = if action == "ec2:CreateSecurityGroup" {
                "aws:RequestTag/environment"
            } else {
                "aws:ResourceTag/environment"
            };
            context.push((tag, environment.to_owned()));
            let mut resources: Vec<String> = placed.arn.iter().cloned().collect();
            if action == "ec2:CreateSecurityGroup" {
                resources.push(account.arn("ec2", "vpc/vpc-00000000000000000"));
            }
            resources
        }
        (_, "AWS::IAM::Role") => {
            context.push(("iam:PermissionsBoundary", deployed.boundary(environment)));
            placed.arn.iter().cloned().collect()
        }
        (_, "AWS::Lambda::Permission" | "AWS::Lambda::EventInvokeConfig") => arns("AWS::Lambda::Function"),
        (_, "AWS::SQS::QueuePolicy") => arns("AWS::SQS::Queue"),
        (_, "AWS::S3::BucketPolicy") => arns("AWS::S3::Bucket"),
        // Step Functions asks about the state machine.
        (_, "AWS::StepFunctions::StateMachineVersion" | "AWS::StepFunctions::StateMachineAlias") => {
            arns("AWS::StepFunctions::StateMachine")
        }
        _ => placed.arn.iter().cloned().collect(),
    };
    assert!(!resources.is_empty(), "what is {action} of {} about?", placed.id);
    Need {
        action: action.to_owned(),
        resources,
        context,
    }
}

/// The service that acts as the role of a resource of this type.
fn acts_as(kind: &str) -> &'static str {
    match kind {
        "AWS::CodeBuild::Project" => "codebuild.amazonaws.com",
        "AWS::CodePipeline::Pipeline" => "codepipeline.amazonaws.com",
        "AWS::Events::Rule" => "events.amazonaws.com",
        "AWS::ECS::TaskDefinition" => "ecs-tasks.amazonaws.com",
        "AWS::Lambda::Function" => "lambda.amazonaws.com",
        "AWS::StepFunctions::StateMachine" => "states.amazonaws.com",
        other => panic!("which service acts as the role of a `{other}`?"),
    }
}

/// The roles of an environment that a service may act as.
fn roles_of(deployed: &Deployed, environment: &str, service: &str) -> Vec<String> {
    let roles = deployed.arns(environment, "AWS::IAM::Role").into_iter();
    let trusting = roles.filter(|arn| {
        let role = deployed.cloud.iam.role(arn).expect("the role is there");
        let statements = list(&role.trust["Statement"]);
        statements
            .iter()
            .any(|statement| statement["Principal"]["Service"] == service)
    });
    trusting.collect()
}

#[tokio::test]
async fn what_cloudformations_handlers_need_is_allowed() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        let role = deployed.deployer(environment);
        let (needs, excused) = needs(deployed, environment);
        let mut denied = Vec::new();
        let mut asked = 0;
        for (purpose, need) in &needs {
            for resource in &need.resources {
                asked += 1;
                if !deployed.allows(&role, &need.action, resource, &need.context) {
                    denied.push(format!("{purpose}: {} on {resource}", need.action));
                }
            }
        }
        let resources = deployed
            .resources
            .iter()
            .filter(|placed| placed.environment == environment);
        println!(
            "{role}: {} permissions of the handlers of {} resources, {asked} questions, {} denied; {excused} more are not used",
            needs.len(),
            resources.count(),
            denied.len()
        );
        assert!(denied.is_empty(), "{role} may not\n{}", denied.join("\n"));
    }
}

/// An action that AWS does not have would never be asked about.
#[tokio::test]
async fn handlers_name_actions_that_there_are() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        for (_, need) in needs(deployed, environment).0 {
            assert_eq!(named(&need.action).len(), 1, "{}", need.action);
        }
    }
}

/// What is not used is in no policy of a deployer, and everything on the list is some handler's.
#[tokio::test]
async fn the_list_of_what_is_not_used_is_true() {
    let deployed = deployed().await;
    let handlers = handlers();
    for unused in UNUSED {
        assert!(!unused.reason.is_empty());
        for pattern in unused.actions {
            let of_kinds = handlers
                .iter()
                .filter(|(kind, _)| unused.kind == "*" || unused.kind == kind.as_str());
            let mut permissions = of_kinds.flat_map(|(_, handlers)| handlers.values().flatten());
            let found = permissions.any(|action| matches(&pattern.to_lowercase(), &action.to_lowercase()));
            assert!(found, "no handler of {} needs {pattern}", unused.kind);
        }
    }
    let kinds: BTreeSet<&str> = deployed.resources.iter().map(|placed| placed.kind.as_str()).collect();
    for kind in handlers.keys() {
        assert!(kinds.contains(kind.as_str()), "no template has a `{kind}`");
    }
}
