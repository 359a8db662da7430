//! The templates, as they are deployed into the local account.

use crate::world::call;
use platform::account::Account;
use serde_json::json;
use std::path::{Path, PathBuf};
use stepline::cloud::Cloud;
use stepline::deploy::{self, DeployedStack, Deployment};
use stepline::template::{Deployed, SamConfig, Stack};

pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository's root")
}

#[test]
fn environments_are_those_with_a_pipeline() {
    let mut environments = deploy::environments(&root()).expect("samconfig.toml");
    environments.sort();
    assert_eq!(environments, ["dev", "prod"]);
    assert_eq!(
        deploy::account_of(&root(), "dev").expect("an account"),
        Account::local()
    );
}

#[test]
fn all_templates_can_be_read() {
    let config = SamConfig::read(&root().join("sam/samconfig.toml")).expect("samconfig.toml");
    for environment in config.environments() {
        let deployed = config.deployed(environment).expect(environment);
        let stack = Stack::open(&deployed, &Account::local(), &Default::default());
        let stack = stack.unwrap_or_else(|error| panic!("{environment}: {error}"));
        assert!(!stack.order().is_empty(), "{environment}");
    }
}

#[tokio::test]
async fn both_environments_deploy_through_the_services() {
    for environment in ["dev", "prod"] {
        let cloud = Cloud::new(Account::local(), root());
        let deployment = deploy::deploy(&cloud, environment).await;
        let deployment = deployment.unwrap_or_else(|error| panic!("{error}"));
        let names = |kind: &str| {
            let mut names = deployment.references(kind);
            names.sort_unstable();
            names.join(" ")
        };
        for (kind, expected) in [
            ("AWS::CodePipeline::Pipeline", "stepline-ENV"),
            ("AWS::ECR::Repository", "ml-pipeline-ENV ml-pipeline-release-ENV"),
            (
                "AWS::Lambda::Function",
                "stepline-image-push-ENV stepline-pipeline-action-ENV stepline-resolve-parameters-ENV",
            ),
            (
                "AWS::StepFunctions::StateMachineAlias",
                "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-ENV:live \
                 arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-training-ENV:live",
            ),
        ] {
            assert_eq!(names(kind), expected.replace("ENV", environment), "{kind}");
        }
        let input = json!({"Name": format!("/stepline/{environment}/state-machine")});
        let parameter = call(&cloud, "ssm", "GetParameter", input).await.expect("the parameter");
        let aliases = names("AWS::StepFunctions::StateMachineAlias");
        let started = parameter["Parameter"]["Value"].as_str().expect("an ARN");
        assert!(aliases.split(' ').any(|alias| alias == started), "{started}");
        let stacks = deployment
            .account
            .iter()
            .chain(&deployment.before)
            .chain(&deployment.stacks);
        for stack in stacks {
            assert_eq!(stack.passed_over, [], "{}", stack.name);
        }
        // Prod's pipeline rehearses in dev, whose functions have to be there.
        let before: Vec<&str> = deployment.before.iter().map(|stack| stack.name.as_str()).collect();
        let expected: &[&str] = if environment == "prod" { &["stepline-dev"] } else { &[] };
        assert_eq!(before, expected, "{environment}");
        // A second deployment into the same account finds everything there, and leaves it.
        let again = deploy::deploy(&cloud, environment).await.expect("nothing has changed");
        assert_eq!(again.stacks, deployment.stacks);
    }
}

/// A template of one resource, deployed into an empty account.
async fn deployed(resource: &str) -> Result<DeployedStack, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let template = directory.path().join("t.yaml");
    std::fs::write(&template, format!("Resources:\n  R: {resource}\n")).expect("a template");
    let deployed = Deployed {
        environment: "e".to_owned(),
        stack: "s".to_owned(),
        template,
        ..Deployed::default()
    };
    let cloud = Cloud::new(Account::local(), root());
    let outcome = deploy::deploy_stack(&cloud, &deployed, &Deployment::default()).await;
    outcome.map_err(|error| error.to_string())
}

#[tokio::test]
async fn what_the_local_run_lacks_is_passed_over_at_its_place() {
    let role = "{Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: \
                'sts:AssumeRole', Principal: {Service: lambda.amazonaws.com}}}, ManagedPolicyArns: \
                ['arn:aws:iam::aws:policy/AmazonSQSFullAccess', 'arn:aws:iam::aws:policy/AmazonBedrockFullAccess']}}";
    for (resource, reference, expected) in [
        (
            "{Type: AWS::RDS::DBInstance}",
            "s-R",
            "t.yaml:2:7: Resources/R/Type: the local run has no `AWS::RDS::DBInstance`",
        ),
        (
            "{Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}",
            "orders",
            "t.yaml:2:7: Resources/R/Type: the local run has no `AWS::DynamoDB::Table`",
        ),
        // The thing itself is made.
        (
            "{Type: AWS::SSM::Parameter, Properties: {Name: p, Type: String, Value: v, Colour: red}}",
            "p",
            "t.yaml:2:80: Resources/R/Properties/Colour: is not in the local run",
        ),
        (
            "{Type: AWS::ECS::Cluster, Properties: {ClusterName: main, Configuration: {}}}",
            "main",
            "the local run does not have the field `configuration`",
        ),
        (
            role,
            "s-R",
            "the local run does not have arn:aws:iam::aws:policy/AmazonBedrockFullAccess: what it allows is denied here",
        ),
    ] {
        let stack = deployed(resource).await.expect(resource);
        assert_eq!(stack.resources["R"].1.reference, reference, "{resource}");
        let shown: Vec<String> = stack.passed_over.iter().map(ToString::to_string).collect();
        assert!(
            matches!(&*shown, [only] if only.contains(expected)),
            "{resource}: {shown:?}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_at_its_place() {
    for (resource, expected) in [
        (
            "{Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: 'sts:AssumeRole', \
             Principal: {Service: lambda.amazonaws.com}}}, PermissionsBoundary: 'arn:aws:iam::123456789012:policy/absent'}}",
            "`R`: iam:CreateRole: NoSuchEntity: Scope ARN: arn:aws:iam::123456789012:policy/absent does not exist or is not \
             attachable.",
        ),
        (
            "{Type: AWS::SSM::Parameter, Properties: {Type: String}}",
            "has no `Value`",
        ),
        (
            "{Type: AWS::SSM::Parameter, Properties: {Name: a, Type: Text, Value: b}}",
            "t.yaml: `R`: ssm:PutParameter: ValidationException: 1 validation error detected: Value 'Text' at 'type'",
        ),
        (
            "{Type: AWS::SQS::Queue, Properties: {Colour: red}}",
            "`R`: sqs:CreateQueue: InvalidAttributeName: Unknown Attribute Colour.",
        ),
        ("{Type: AWS::CloudWatch::Alarm, Properties: {MetricName: m}}", ""),
    ] {
        let shown = deployed(resource).await.err().unwrap_or_default();
        assert!(
            shown.contains(expected) && (!expected.is_empty() || shown.is_empty()),
            "{resource}: {shown}"
        );
    }
}
