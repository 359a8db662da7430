//! What is said of deployed state machines before anything runs.

use crate::deploy::root;
use crate::world::{call, cloud};
use platform::iam::NewRole;
use serde_json::{Value, json};
use std::sync::Arc;
use stepline::checks::{self, About, Finding, Severity};
use stepline::cloud::Cloud;
use stepline::deploy;

const ROLE: &str = "arn:aws:iam::123456789012:role/machine";

/// An account with a role that may do what these statements say.
fn with_role(statements: &Value) -> Arc<Cloud> {
    let cloud = cloud();
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let role = NewRole::for_service("machine", "states.amazonaws.com").with_policy("calls", policy);
    cloud.iam.create_role(&cloud.account, role).expect("a role");
    cloud
}

fn anything() -> Value {
    json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
}

/// What is found of a state machine of one Task.
async fn found(cloud: &Arc<Cloud>, resource: &str, parameters: Value, more: Value) -> Vec<String> {
    let state = json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
    let definition = json!({"StartAt": "Work", "States": {"Work": state}});
    let mut create = json!({
        "name": "m", "roleArn": ROLE, "definition": serde_json::to_string_pretty(&definition).expect("JSON"),
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        create[field] = value.clone();
    }
    call(cloud, "states", "CreateStateMachine", create)
        .await
        .expect("created");
    let findings = checks::look(cloud).await.expect("looked");
    findings.iter().map(Finding::to_string).collect()
}

#[tokio::test]
async fn our_own_definitions_give_no_alarm() {
    for environment in ["dev", "prod"] {
        let (cloud, _) = deploy::deploy_apart(&root(), environment).await.expect("deployed");
        let findings = checks::look(&cloud).await.expect("looked");
        let told: Vec<String> = findings.iter().map(|it| format!("{}: {it}", it.machine)).collect();
        let machines = call(&cloud, "states", "ListStateMachines", json!({}))
            .await
            .expect("listed");
        assert!(
            machines["stateMachines"]
                .as_array()
                .is_some_and(|machines| machines.len() > 2)
        );
        assert_eq!(told, [""; 0]);
    }
}

#[tokio::test]
async fn calls_are_checked_against_aws_and_against_the_account_here() {
    for (resource, parameters, more, expected) in [
        (
            "arn:aws:states:::lamda:invoke",
            json!({}),
            json!({}),
            vec!["error: state Work: there is no integration `lamda`: did you mean `lambda:invoke`?"],
        ),
        (
            "arn:aws:states:::dynamodb:putItem",
            json!({"TableName": "t", "Item": {}}),
            json!({}),
            vec![
                "note: state Work: the local run has no `dynamodb:PutItem`: an execution ends there, unless --mock FILE gives \
                 the state an outcome",
            ],
        ),
        (
            "arn:aws:states:us-east-1:123456789012:activity:none",
            json!({}),
            json!({}),
            vec![
                "warning: state Work: no template has the activity `arn:aws:states:us-east-1:123456789012:activity:none`: \
                 the call would fail",
            ],
        ),
        (
            "arn:aws:states:::aws-sdk:ssm:getParameter",
            json!({"Name": "/${Environment}/key", "Comment": "${Not}"}),
            json!({}),
            vec![
                "warning: `${Environment}` stands in the definition, and nothing fills it in: name it in \
                 DefinitionSubstitutions",
            ],
        ),
        (
            "arn:aws:states:::ecs:runTask.sync",
            json!({"TaskDefinition": "t", "Overrides": {"ContainerOverrides": [{"Command": ["echo ${HOME}"]}]}}),
            json!({}),
            vec![
                "note: state Work: the local run has no jobs of `ecs:runTask` to wait for: an execution ends there, unless \
                 --mock FILE gives the state an outcome",
            ],
        ),
        (
            "arn:aws:states:::lambda:invoke",
            json!({"FunctionName": "nobody"}),
            json!({}),
            vec!["warning: state Work: no template has the function `nobody`: the call would fail"],
        ),
        (
            "arn:aws:states:::lambda:invoke",
            json!({"FunctionName": "nobody:live"}),
            json!({}),
            vec!["warning: state Work: no template has the function `nobody:live`: the call would fail"],
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:nobody",
            json!({}),
            json!({}),
            vec![
                "warning: state Work: no template has the function \
                 `arn:aws:lambda:us-east-1:123456789012:function:nobody`: the call would fail",
            ],
        ),
        (
            "arn:aws:states:::sns:publish",
            json!({"TopicArn": "arn:aws:sns:us-east-1:123456789012:none", "Message": "m"}),
            json!({}),
            vec![
                "warning: state Work: no template has the topic `arn:aws:sns:us-east-1:123456789012:none`: the call would \
                 fail",
            ],
        ),
        (
            "arn:aws:states:::sqs:sendMessage",
            json!({"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/none", "MessageBody": "m"}),
            json!({}),
            vec![
                "warning: state Work: no template has the queue \
                 `https://sqs.us-east-1.amazonaws.com/123456789012/none`: the call would fail",
            ],
        ),
        (
            "arn:aws:states:::states:startExecution",
            json!({"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none:live"}),
            json!({}),
            vec![
                "warning: state Work: no template has the state machine \
                 `arn:aws:states:us-east-1:123456789012:stateMachine:none`: the call would fail",
            ],
        ),
        // Of another account nothing is known.
        (
            "arn:aws:states:::states:startExecution",
            json!({"StateMachineArn": "arn:aws:states:us-east-1:210987654321:stateMachine:none"}),
            json!({}),
            vec![],
        ),
        (
            "arn:aws:states:::states:startExecution",
            json!({"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}),
            json!({}),
            vec![],
        ),
    ] {
        let cloud = with_role(&anything());
        assert_eq!(found(&cloud, resource, parameters, more).await, expected, "{resource}");
    }
}

#[tokio::test]
async fn what_no_statement_of_the_role_could_allow_is_an_error() {
    let allow = |action: &str, resource: &str| json!([{"Effect": "Allow", "Action": action, "Resource": resource}]);
    let lacking = |what: &str, actions: &str, resource: &str| {
        let state = if what == "call" { "state Work: " } else { "" };
        format!("error: {state}no policy of the role machine allows the {what}: add {actions} on {resource}")
    };
    let topic = "arn:aws:sns:us-east-1:123456789012:news";
    let publish = json!({"TopicArn": topic, "Message": "m"});
    let any = json!({"TopicArn.$": "$.topic", "Message": "m"});
    let train = json!({"TrainingJobName.$": "$.name", "RoleArn": "arn:aws:iam::123456789012:role/job"});
    let logs = json!({"loggingConfiguration": {"level": "ALL"}});
    let log_actions = "logs:CreateLogDelivery, logs:DeleteLogDelivery, logs:DescribeLogGroups, \
                       logs:DescribeResourcePolicies, logs:GetLogDelivery, logs:ListLogDeliveries, \
                       logs:PutResourcePolicy, logs:UpdateLogDelivery";
    for (statements, resource, parameters, more, expected) in [
        (
            allow("sns:Publish", topic),
            "sns:publish",
            publish.clone(),
            json!({}),
            vec![],
        ),
        (
            allow("sns:Publish", topic),
            "sns:publish",
            any.clone(),
            json!({}),
            vec![],
        ),
        (
            allow("sns:Publish", "arn:aws:sns:*:*:other"),
            "sns:publish",
            publish,
            json!({}),
            vec![lacking("call", "sns:Publish", topic)],
        ),
        (
            allow("sqs:*", "*"),
            "sns:publish",
            any,
            json!({}),
            vec![lacking("call", "sns:Publish", "*")],
        ),
        (
            allow("sagemaker:*", "arn:aws:sagemaker:*:*:training-job/*"),
            "sagemaker:createTrainingJob",
            train.clone(),
            json!({}),
            vec![lacking("call", "iam:PassRole", "arn:aws:iam::123456789012:role/job")],
        ),
        (
            json!([{"Effect": "Allow", "Resource": "*", "Action": [
                "sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole", "events:*",
            ]}]),
            "sagemaker:createTrainingJob.sync",
            train.clone(),
            json!({}),
            vec![
                "warning: state Work: no policy of the role machine allows to ask how the job goes: add \
                 sagemaker:DescribeTrainingJob on arn:aws:sagemaker:us-east-1:123456789012:training-job/*"
                    .to_owned(),
                "warning: state Work: no policy of the role machine allows to stop the job with its execution: add \
                 sagemaker:StopTrainingJob on arn:aws:sagemaker:us-east-1:123456789012:training-job/*"
                    .to_owned(),
            ],
        ),
        (
            json!([{
                "Effect": "Allow", "Action": ["sagemaker:CreateTrainingJob", "iam:PassRole"], "Resource": "*",
                "Condition": {"StringEqualsIfExists": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            }]),
            "sagemaker:createTrainingJob",
            train,
            json!({}),
            vec![],
        ),
        (
            allow("ssm:GetParameter", "*"),
            "aws-sdk:ssm:getParameter",
            json!({"Name": "/a"}),
            logs,
            vec![lacking("log or the traces", log_actions, "*")],
        ),
    ] {
        let cloud = with_role(&statements);
        call(&cloud, "sns", "CreateTopic", json!({"Name": "news"}))
            .await
            .expect("a topic");
        let resource = format!("arn:aws:states:::{resource}");
        assert_eq!(
            found(&cloud, &resource, parameters, more).await,
            expected,
            "{resource} {statements}"
        );
    }
}

#[tokio::test]
async fn findings_name_their_place() {
    let cloud = with_role(&anything());
    found(
        &cloud,
        "arn:aws:states:::glue:startJobRun",
        json!({"JobName": "j"}),
        json!({}),
    )
    .await;
    let findings = checks::look(&cloud).await.expect("looked");
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (
            finding.severity,
            finding.about,
            &*finding.machine,
            finding.state.as_deref(),
            finding.line
        ),
        (Severity::Note, About::Absence, "m", Some("Work"), 6)
    );
}
