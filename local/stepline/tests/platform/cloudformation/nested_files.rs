//! Nested templates in files, as the local run itself deploys them.

use super::{account, delay, described, done, template};
use serde_json::json;
use services::cloudformation::nested_name;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy;
use stepline::template::Deployed;

/// Deploys `outer.yaml` of a folder with these files, as the local run does.
async fn own(files: &[(&str, &str)]) -> (Arc<Cloud>, Result<deploy::Deployment, String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    let cloud = account();
    let deployed = Deployed {
        environment: "dev".into(),
        stack: "s".into(),
        template: folder.path().join("outer.yaml"),
        ..Deployed::default()
    };
    let made = deploy::deploy_stack(&cloud, &deployed, &deploy::Deployment::default()).await;
    let root = format!("{}/", folder.path().display());
    let made = made.map_err(|error| error.to_string().replace(&root, ""));
    let deployment = made.map(|stack| deploy::Deployment {
        stacks: vec![stack],
        ..deploy::Deployment::default()
    });
    (cloud, deployment)
}

const OUTER: &str = "Transform: AWS::Serverless-2016-10-31\nResources:\n  App:\n    Type: AWS::Serverless::Application\n    Properties: {Location: inner/app.yaml, Parameters: {Name: app}}\n  Shared:\n    Type: AWS::Serverless::Application\n    Properties: {Location: {ApplicationId: 'arn:aws:serverlessrepo:us-east-1:111122223333:applications/shared', SemanticVersion: 1.0.0}}\nOutputs: {Url: {Value: !GetAtt App.Outputs.Url}}\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_local_run_deploys_nested_templates_from_their_files() {
    let middle = "Parameters: {Name: {Type: String}}\nResources:\n  Deep:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ../deep.yaml, Parameters: {Name: !Ref Name}}\nOutputs: {Url: {Value: !GetAtt Deep.Outputs.Url}}\n";
    let deep = template("1", "");
    let (cloud, deployed) = own(&[("outer.yaml", OUTER), ("inner/app.yaml", middle), ("deep.yaml", &deep)]).await;
    let deployed = deployed.expect("a deployment");
    let names: Vec<&str> = deployed.all().map(|stack| stack.name.as_str()).collect();
    let app = nested_name("s", "App");
    assert_eq!(names, [nested_name(&app, "Deep").as_str(), &app, "s"]);
    let url = &deployed.stacks[0].outputs[0].value;
    assert_eq!(delay(&cloud, url).await.as_deref(), Some("1"));
    assert_eq!(deployed.references("AWS::SQS::Queue"), [url]);
    let nested = described(&cloud, &app).await;
    assert_eq!(nested["Tags"], json!([{"Key": "lambda:createdBy", "Value": "SAM"}]));
    assert_eq!(nested["RootId"], described(&cloud, "s").await["StackId"]);
    let passed_over: Vec<String> = deployed.passed_over().map(|fault| fault.message.clone()).collect();
    assert!(
        passed_over
            .iter()
            .any(|fault| fault.contains("Serverless Application Repository")),
        "{passed_over:?}"
    );
    // What is nested is removed by CloudFormation as anything else.
    assert_eq!(
        done(&cloud, "DeleteStack", json!({"StackName": "s"})).await,
        "DELETE_COMPLETE"
    );
    assert_eq!(delay(&cloud, url).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_a_nested_file_is_found_at_its_place() {
    let outer = "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ./inner.yaml\n";
    for (inner, expected) in [
        (
            "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Ref No}\n",
            "inner.yaml:4:18: Resources/Q/Properties/QueueName/Ref: there is no",
        ),
        (
            "Parameters: {Size: {Type: String}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n",
            "inner.yaml:1:14: Parameters/Size: has no value",
        ),
        (outer, "nests itself"),
        (
            "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 5000}\n",
            "inner.yaml: `Q`: sqs:CreateQueue",
        ),
    ] {
        let (_, deployed) = own(&[("outer.yaml", outer), ("inner.yaml", inner)]).await;
        let error = deployed.expect_err("a fault");
        assert!(
            error.starts_with(expected) || error.contains(&format!(" {expected}")),
            "{error}"
        );
    }
    let (_, deployed) = own(&[("outer.yaml", outer)]).await;
    let error = deployed.expect_err("a fault");
    assert!(error.starts_with("outer.yaml:5:"), "{error}");
}
