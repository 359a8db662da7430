//! What AWS has and the account here has not: it ends the execution, in the local run's own name.

use super::World;
use crate::states::{NOT_IN_LOCAL_RUN, lacks};
use serde_json::{Value, json};
use states_language::{Target, calls};

/// A task that retries and catches everything.
fn careful(resource: &str, parameters: Value) -> Value {
    json!({
        "T": {
            "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters,
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "End": true,
        },
        "Caught": {"Type": "Pass", "End": true},
    })
}

#[tokio::test]
async fn it_is_told_from_aws_errors_and_never_caught() {
    for (resource, parameters, why) in [
        (
            "dynamodb:putItem",
            json!({"TableName": "t", "Item": {}}),
            "the local run has no `dynamodb:PutItem`",
        ),
        ("http:invoke", json!({}), "the local run has no `http:Invoke`"),
        (
            "aws-sdk:bedrockruntime:converse",
            json!({}),
            "the local run has no `bedrock:Converse`",
        ),
        (
            "aws-sdk:sfn:updateMapRun",
            json!({}),
            "the local run has no `states:UpdateMapRun`",
        ),
        (
            "ecs:runTask.sync",
            json!({"TaskDefinition": "t"}),
            "the local run has no jobs of `ecs:runTask` to wait for",
        ),
        (
            "aws-sdk:ssm:getParameter",
            json!({"Name": "/a", "Surprise": 1}),
            "the local run does not have the field `Surprise`",
        ),
    ] {
        let world = World::new();
        let described = world.run(careful(resource, parameters), json!({})).await;
        assert_eq!(
            (&described["status"], &described["error"]),
            (&json!("FAILED"), &json!(NOT_IN_LOCAL_RUN)),
            "{resource}"
        );
        let cause = described["cause"].as_str().unwrap();
        let named = format!("and the state 'T' calls it (arn:aws:states:::{resource})");
        assert!(
            cause.starts_with(why) && cause.contains(&named) && cause.contains("--mock FILE"),
            "{cause}"
        );
        let arn = described["executionArn"].as_str().unwrap();
        let events = world.events(arn).await;
        assert_eq!(events[events.len() - 2..], ["TaskFailed", "ExecutionFailed"]);
    }
}

#[tokio::test]
async fn what_aws_would_not_create_is_not_called() {
    for (resource, mend) in [
        ("ssm:getParameter", "write `arn:aws:states:::aws-sdk:ssm:getParameter`"),
        ("lamda:invoke", "did you mean `lambda:invoke`?"),
        ("codebuild:stopBuild.sync", "AWS has `codebuild:stopBuild`"),
    ] {
        let described = World::new().run(careful(resource, json!({})), json!({})).await;
        assert_eq!(described["error"], NOT_IN_LOCAL_RUN);
        let cause = described["cause"].as_str().unwrap();
        assert!(cause.contains(mend) && !cause.contains("AWS would do it"), "{cause}");
    }
}

#[tokio::test]
async fn it_ends_the_execution_that_waits_for_the_one_that_called_it() {
    let world = World::new();
    let inner = world
        .machine(
            "inner",
            careful("dynamodb:putItem", json!({"TableName": "t", "Item": {}})),
        )
        .await;
    let outer = careful("states:startExecution.sync:2", json!({"StateMachineArn": inner}));
    let described = world.run(outer, json!({})).await;
    assert_eq!(described["error"], NOT_IN_LOCAL_RUN);
    assert!(described["cause"].as_str().unwrap().contains("`dynamodb:PutItem`"));
}

#[tokio::test]
async fn what_is_lacking_is_known_before_anything_runs() {
    let world = World::new();
    for (resource, is_lacking) in [
        ("arn:aws:lambda:us-east-1:123456789012:function:f", false),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", false),
        ("arn:aws:states:::sagemaker:createTrainingJob.sync", false),
        ("arn:aws:states:::sagemaker:createTransformJob.sync", true),
        (
            "arn:aws:states:::aws-sdk:elasticloadbalancingv2:describeTargetHealth",
            false,
        ),
        ("arn:aws:states:::aws-sdk:eventbridge:putEvents", false),
        ("arn:aws:states:::glue:startJobRun", true),
        ("arn:aws:states:us-east-1:123456789012:activity:work", false),
    ] {
        let text = json!({"States": {"S": {"Type": "Task", "Resource": resource}}}).to_string();
        let Target::Integration(integration) = &calls(&text).unwrap()[0].target else {
            panic!("{resource}")
        };
        assert_eq!(lacks(&world.0, integration).is_some(), is_lacking, "{resource}");
    }
}
