//! CodePipeline's action of CloudFormation: stacks from templates of artifacts, as the action's role.

use super::{account, delay, ok, status};
use crate::world::call;
use platform::Principal;
use platform::iam::NewRole;
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::sync::Arc;
use stepline::cloud::Cloud;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A queue whose delay is a parameter, with outputs.
const TEMPLATE: &str = "Parameters:\n  Delay: {Type: String, Default: '1'}\n  Note: {Type: String, Default: none}\n  Name: {Type: String, Default: q}\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Ref Name, DelaySeconds: !Ref Delay}\nOutputs:\n  QueueName: {Value: !GetAtt Q.QueueName}\n  Note: {Value: !Ref Note}\n";

const DEPLOYS: &str = "arn:aws:iam::123456789012:role/deploys";

/// What an action calls of CloudFormation, and that it may hand it the role.
fn calls(operations: &[&str]) -> Value {
    let operations: Vec<String> = operations.iter().map(|name| format!("cloudformation:{name}")).collect();
    let passed = json!({"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}});
    json!([
        {"Effect": "Allow", "Action": operations, "Resource": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": DEPLOYS, "Condition": passed},
    ])
}

fn all_calls() -> Value {
    calls(&["Describe*", "*Stack", "*ChangeSet"])
}

/// An account whose source has these files, in which a pipeline's role may do what is said.
async fn with_source(files: &[(&str, &str)], statements: &Value) -> Arc<Cloud> {
    let cloud = account();
    let role = |name: &str, service: &str, statements: Value| {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let role = NewRole::for_service(name, service).with_policy("calls", policy);
        cloud.iam.create_role(&cloud.account, role).expect("a role");
    };
    let mut own = statements.as_array().expect("statements").clone();
    own.push(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::artifacts*"}));
    role("pipeline", "codepipeline.amazonaws.com", own.into());
    let queues = json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]);
    role("deploys", "cloudformation.amazonaws.com", queues);
    let versioning = json!({"Bucket": "artifacts", "VersioningConfiguration": {"Status": "Enabled"}});
    for (operation, input) in [
        ("CreateBucket", json!({"Bucket": "artifacts"})),
        ("PutBucketVersioning", versioning),
    ] {
        call(&cloud, "s3", operation, input).await.expect(operation);
    }
    put_source(&cloud, files).await;
    cloud
}

async fn put_source(cloud: &Arc<Cloud>, files: &[(&str, &str)]) {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a file");
        writer.write_all(content.as_bytes()).expect("a file");
    }
    let zip = writer.finish().expect("a zip").into_inner();
    let object = json!({"Bucket": "artifacts", "Key": "source.zip"});
    let put = cloud.send(&Principal::Administrator, "s3", "PutObject", object, zip.into());
    put.await.expect("the source");
}

/// An action of CloudFormation's, with what its configuration has beside its stack.
fn action(name: &str, mode: &str, configuration: &Value) -> Value {
    let mut all = json!({"ActionMode": mode, "StackName": "s"});
    for (key, value) in configuration.as_object().expect("a configuration") {
        all[key] = value.clone();
    }
    if mode != "CHANGE_SET_EXECUTE" {
        all["RoleArn"] = DEPLOYS.into();
    }
    json!({
        "name": name,
        "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CloudFormation", "version": "1"},
        "configuration": all,
        "inputArtifacts": [{"name": "Source"}],
        "namespace": name,
    })
}

/// Has a pipeline of these actions run, one stage each, and gives the executions of those that ran.
async fn run(cloud: &Arc<Cloud>, actions: &[Value]) -> Vec<Value> {
    let source = json!({
        "name": "Source",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"S3Bucket": "artifacts", "S3ObjectKey": "source.zip"},
        "outputArtifacts": [{"name": "Source"}],
    });
    let stages = [&source].into_iter().chain(actions);
    let stages = stages.map(|action| json!({"name": action["name"], "actions": [action]}));
    let pipeline = json!({
        "name": "p", "pipelineType": "V2", "roleArn": "arn:aws:iam::123456789012:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": stages.collect::<Vec<_>>(),
    });
    let pipelines = async |operation: &str, input: Value| call(cloud, "codepipeline", operation, input).await;
    let named = json!({"pipelineName": "p"});
    pipelines("DeletePipeline", json!({"name": "p"})).await.expect("gone");
    let made = pipelines("CreatePipeline", json!({"pipeline": pipeline})).await;
    made.expect("a pipeline");
    let listed = pipelines("ListPipelineExecutions", named.clone())
        .await
        .expect("a list");
    let id = listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"].as_str();
    cloud.ongoing.end(id.expect("an id")).await;
    let listed = pipelines("ListActionExecutions", named).await.expect("a list");
    let actions = listed["actionExecutionDetails"].as_array().expect("details").iter();
    // The source came first.
    actions.rev().skip(1).cloned().collect()
}

/// How an action has ended: `Succeeded`, or why not.
fn end(action: &Value) -> String {
    let message = action["output"]["executionResult"]["errorDetails"]["message"].as_str();
    message.or(action["status"].as_str()).unwrap_or_default().to_owned()
}

fn variables(action: &Value) -> &Value {
    &action["output"]["outputVariables"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_made_changed_and_deleted_as_the_role_that_is_handed_on() {
    let configuration = r#"{"Parameters": {"Delay": "3", "Note": "file"}, "Tags": {"team": "ours"}}"#;
    let files = [("template.yaml", TEMPLATE), ("dev.json", configuration)];
    let statements = calls(&["DescribeStacks", "CreateStack", "UpdateStack", "DeleteStack"]);
    let cloud = with_source(&files, &statements).await;
    let with_file = json!({
        "TemplatePath": "Source::template.yaml",
        "TemplateConfiguration": "Source::dev.json",
        "ParameterOverrides": r#"{"Note": "override"}"#,
    });
    let deploy = action("Deploy", "CREATE_UPDATE", &with_file);
    let made = run(&cloud, std::slice::from_ref(&deploy)).await;
    assert_eq!(end(&made[0]), "Succeeded");
    assert_eq!(variables(&made[0]), &json!({"QueueName": "q", "Note": "override"}));
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("3"));
    let shown = ok(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    assert_eq!(shown["Stacks"][0]["Tags"], json!([{"Key": "team", "Value": "ours"}]));
    assert_eq!(shown["Stacks"][0]["RoleARN"], DEPLOYS);
    assert_eq!(
        made[0]["output"]["executionResult"]["externalExecutionId"],
        shown["Stacks"][0]["StackId"]
    );
    // Nothing to do is no failure.
    let same = run(&cloud, std::slice::from_ref(&deploy)).await;
    assert_eq!(
        (end(&same[0]).as_str(), variables(&same[0])),
        ("Succeeded", variables(&made[0]))
    );
    assert_eq!(status(&cloud, "s").await, "CREATE_COMPLETE");
    put_source(&cloud, &[files[0], ("dev.json", r#"{"Parameters": {"Delay": "4"}}"#)]).await;
    let changed = run(&cloud, &[deploy]).await;
    assert_eq!(end(&changed[0]), "Succeeded");
    assert_eq!(delay(&cloud, "q").await.as_deref(), Some("4"));
    let deleting = action("Delete", "DELETE_ONLY", &json!({}));
    for _ in 0..2 {
        let gone = run(&cloud, std::slice::from_ref(&deleting)).await;
        assert_eq!((end(&gone[0]).as_str(), delay(&cloud, "q").await), ("Succeeded", None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_set_is_made_in_one_action_and_executed_in_another() {
    let cloud = with_source(&[("template.yaml", TEMPLATE)], &all_calls()).await;
    let named = |more: Value| {
        let mut all = json!({"ChangeSetName": "changes"});
        for (key, value) in more.as_object().expect("members") {
            all[key] = value.clone();
        }
        all
    };
    let pipeline = |delay: &str| {
        let overrides = json!({"Delay": delay, "Note": {"Fn::GetArtifactAtt": ["Source", "BucketName"]}});
        let from = json!({"TemplatePath": "Source::template.yaml", "ParameterOverrides": overrides.to_string()});
        let mut execute = action(
            "Execute",
            "CHANGE_SET_EXECUTE",
            &named(json!({"OutputFileName": "out.json"})),
        );
        execute["outputArtifacts"] = json!([{"name": "Outputs"}]);
        let overrides = json!({
            "Note": {"Fn::GetParam": ["Outputs", "out.json", "Note"]}, "Name": "#{Execute.QueueName}", "Delay": delay,
        });
        let more = json!({"TemplatePath": "Source::template.yaml", "ParameterOverrides": overrides.to_string()});
        let mut again = action("Again", "REPLACE_ON_FAILURE", &more);
        again["inputArtifacts"] = json!([{"name": "Source"}, {"name": "Outputs"}]);
        [action("Prepare", "CHANGE_SET_REPLACE", &named(from)), execute, again]
    };
    // Made, made once more without a change, and changed.
    for delay_seconds in ["5", "5", "6"] {
        let ran = run(&cloud, &pipeline(delay_seconds)).await;
        let ends: Vec<String> = ran.iter().map(end).collect();
        assert_eq!(ends, ["Succeeded"; 3], "{delay_seconds}");
        let outputs = json!({"QueueName": "q", "Note": "artifacts"});
        assert_eq!((variables(&ran[1]), variables(&ran[2])), (&outputs, &outputs));
        assert_eq!(delay(&cloud, "q").await.as_deref(), Some(delay_seconds));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_which_resource_it_was_if_events_may_be_read() {
    let may_not_read = calls(&["DescribeStacks", "CreateStack"]);
    let failed = "The resource Q (AWS::SQS::Queue) is CREATE_FAILED: ";
    for (statements, tells) in [(all_calls(), true), (may_not_read, false)] {
        let cloud = with_source(&[("template.yaml", TEMPLATE)], &statements).await;
        let with = |delay: &str| {
            let overrides = json!({ "Delay": delay }).to_string();
            json!({"TemplatePath": "Source::template.yaml", "ParameterOverrides": overrides})
        };
        let ran = run(&cloud, &[action("Deploy", "CREATE_UPDATE", &with("5000"))]).await;
        let said = end(&ran[0]);
        assert!(
            said.starts_with("The stack s ended with the status ROLLBACK_COMPLETE"),
            "{said}"
        );
        assert_eq!(said.contains(failed), tells, "{said}");
        let ran = run(&cloud, &[action("Deploy", "CREATE_UPDATE", &with("1"))]).await;
        assert_eq!(
            end(&ran[0]),
            "Stack exists but with non-updatable status: ROLLBACK_COMPLETE"
        );
        let ran = run(&cloud, &[action("Deploy", "REPLACE_ON_FAILURE", &with("1"))]).await;
        let expected = if tells {
            "Succeeded"
        } else {
            "cloudformation:DeleteStack"
        };
        assert!(end(&ran[0]).contains(expected), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_before_a_stack_is_touched() {
    let template = json!({"TemplatePath": "Source::template.yaml"});
    let with = |key: &str, value: &str| json!({"TemplatePath": "Source::template.yaml", key: value});
    let not_passed = json!([{"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}]);
    for (statements, configuration, expected) in [
        (
            all_calls(),
            json!({"TemplatePath": "Source::other.yaml"}),
            "the artifact `Source` has no file `other.yaml`",
        ),
        (
            all_calls(),
            with("TemplateConfiguration", "Source::policy.json"),
            "the local run has no stack policies",
        ),
        (
            all_calls(),
            with("ParameterOverrides", r#"{"Unknown": "1"}"#),
            "Parameters: [Unknown] do not exist in the template",
        ),
        (
            all_calls(),
            with(
                "ParameterOverrides",
                r#"{"Note": {"Fn::GetParam": ["Source", "policy.json", "Note"]}}"#,
            ),
            "the file `policy.json` of the artifact `Source` has no text at the key `Note`",
        ),
        (not_passed, template.clone(), "iam:PassRole"),
        (calls(&["DescribeStacks"]), template, "cloudformation:CreateStack"),
    ] {
        let files = [
            ("template.yaml", TEMPLATE),
            ("policy.json", r#"{"StackPolicy": {"Statement": []}}"#),
        ];
        let cloud = with_source(&files, &statements).await;
        let ran = run(&cloud, &[action("Deploy", "CREATE_UPDATE", &configuration)]).await;
        assert!(end(&ran[0]).contains(expected), "{expected}: {}", end(&ran[0]));
        assert_eq!(delay(&cloud, "q").await, None);
    }
}
