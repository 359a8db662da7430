//! Mocks in the place of tasks' work.

use super::World;
use crate::states::NO_MOCKED_RESPONSE;
use platform::journal::Happening;
use serde_json::{Value, json};
use states_language::Mocks;

fn task(resource: &str) -> Value {
    let parameters = json!({"TableName": "t", "Item": {}, "QueueUrl": "q", "MessageBody": "m"});
    json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "End": true})
}

fn with(mocks: &Value) -> World {
    let world = World::new();
    world.1.use_mocks(Mocks::read(&mocks.to_string()).unwrap());
    world
}

#[tokio::test]
async fn a_mocked_state_calls_nothing_and_its_history_looks_as_if_it_had() {
    for (resource, submitted) in [
        ("dynamodb:putItem", false),
        ("sagemaker:createTransformJob.sync", true),
        ("sqs:sendMessage.waitForTaskToken", true),
    ] {
        let world = with(&json!({"m": {"T": {"result": {"saved": true}}}}));
        let described = world.run(json!({"T": task(resource)}), json!({})).await;
        assert_eq!(described["output"], r#"{"saved":true}"#, "{resource}: {described:#}");
        let mut expected = vec!["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted"];
        expected.extend(submitted.then_some("TaskSubmitted"));
        expected.extend(["TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"]);
        assert_eq!(
            world.events(described["executionArn"].as_str().unwrap()).await,
            expected
        );
        let entries = world.0.journal.entries().into_iter();
        let left: Vec<bool> = entries
            .filter_map(|entry| match entry.happening {
                Happening::StateExited { mocked, .. } => Some(mocked),
                _ => None,
            })
            .collect();
        assert_eq!(left, [true]);
        let calls = world.0.journal.entries().into_iter();
        let calls = calls.filter(|entry| {
            matches!(&entry.happening, Happening::Authorized { principal, .. } if principal.contains("assumed-role/machine/e"))
        });
        assert_eq!(calls.count(), 0, "{resource}");
    }
}

#[tokio::test]
async fn an_activity_can_be_mocked() {
    let activity = "arn:aws:states:us-east-1:123456789012:activity:work";
    let world = with(&json!({"T": {"result": 1}}));
    let states = json!({"T": {"Type": "Task", "Resource": activity, "End": true}});
    let described = world.run(states, json!({})).await;
    assert_eq!(described["output"], "1", "{described:#}");
    let events = world.events(described["executionArn"].as_str().unwrap()).await;
    assert_eq!(
        events[2..5],
        ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    );
}

#[tokio::test]
async fn errors_of_mocks_are_retried_and_caught_as_aws_errors_are() {
    let error = json!({"errorOutput": {"error": "DynamoDB.ThrottlingException", "cause": "slow"}});
    let mut state = task("dynamodb:putItem");
    state["Catch"] = json!([{"ErrorEquals": ["DynamoDB.ThrottlingException"], "Next": "Caught"}]);
    let states = json!({"T": state, "Caught": {"Type": "Pass", "OutputPath": "$.Cause", "End": true}});
    let described = with(&json!({"T": error})).run(states, json!({})).await;
    assert_eq!(described["output"], "\"slow\"", "{described:#}");
}

#[tokio::test]
async fn the_iterations_of_a_map_take_their_outcomes_in_turn() {
    let iterations = json!({"StartAt": "T", "States": {"T": task("dynamodb:putItem")}});
    let map = json!({"M": {"Type": "Map", "ItemProcessor": iterations, "End": true}});
    let world = with(&json!({"T": [{"result": 1}, {"result": 2}]}));
    let described = world.run(map.clone(), json!([0, 0])).await;
    assert_eq!(described["output"], "[1,2]");
    let arn = described["stateMachineArn"].as_str().unwrap();
    let third = world.start(arn, "third", json!([0, 0, 0])).await;
    world.0.ongoing.end(&third).await;
    let described = world.call("DescribeExecution", json!({"executionArn": third})).await;
    let cause = "the mocks have no outcome \"2\" for the state 'T', which is invoked for the 3rd time: add one";
    assert_eq!(
        (&described["error"], &described["cause"]),
        (&json!(NO_MOCKED_RESPONSE), &json!(cause))
    );
}

#[tokio::test]
async fn a_test_case_stands_behind_the_arn() {
    let responses = json!({"A": {"0": {"Return": "a"}}, "B": {"0": {"Throw": {"Error": "B", "Cause": "b"}}}});
    let cases = json!({"Happy": {"T": "A"}, "Sad": {"T": "B"}});
    let file = json!({"StateMachines": {"m": {"TestCases": cases}}, "MockedResponses": responses});
    let world = with(&file);
    let machine = world.machine("m", json!({"T": task("dynamodb:putItem")})).await;
    for (case, status, error) in [
        ("#Happy", "SUCCEEDED", Value::Null),
        ("#Sad", "FAILED", json!("B")),
        ("", "FAILED", json!("Stepline.NotInLocalRun")),
    ] {
        let execution = world
            .start(&format!("{machine}{case}"), &format!("e{}", case.len()), json!({}))
            .await;
        world.0.ongoing.end(&execution).await;
        let described = world
            .call("DescribeExecution", json!({"executionArn": execution}))
            .await;
        assert_eq!(
            (&described["status"], &described["error"]),
            (&json!(status), &error),
            "{case}"
        );
        assert_eq!(described["stateMachineArn"], machine);
    }
    assert_eq!(
        world.1.undecided_mocks(),
        [("m".to_owned(), vec!["Happy".to_owned(), "Sad".to_owned()])]
    );
    let start = json!({"stateMachineArn": format!("{machine}#Hapy")});
    let refused = world.try_call("StartExecution", start).await.unwrap_err();
    assert_eq!(
        refused.message,
        "the file of mocks does not fit: `m` has no test case `Hapy`: did you mean `Happy`?"
    );
}

#[tokio::test]
async fn mocks_of_what_is_not_there_are_refused() {
    let world = with(&json!({"m": {"Tsk": {"result": 1}}}));
    let machine = world.machine("m", json!({"Task": task("dynamodb:putItem")})).await;
    let expected = "there is no state `Tsk` in `m`: did you mean `Task`?";
    assert_eq!(world.1.check_mocks().unwrap_err().to_string(), expected);
    let refused = world
        .try_call("StartExecution", json!({"stateMachineArn": machine}))
        .await
        .unwrap_err();
    assert!(refused.message.ends_with(expected), "{refused}");
}

#[tokio::test]
async fn mocks_of_a_machine_are_not_of_one_whose_name_ends_with_its() {
    let cases = json!({"Happy": {"T": "A"}, "Sad": {"T": "A"}});
    let responses = json!({"A": {"0": {"Return": "a"}}});
    let world = with(&json!({"StateMachines": {"orders": {"TestCases": cases}}, "MockedResponses": responses}));
    world.machine("orders", json!({"T": task("dynamodb:putItem")})).await;
    let other = json!({"P": {"Type": "Pass", "End": true}});
    let nightly = world.machine("nightly-orders", other).await;
    assert_eq!(world.1.check_mocks(), Ok(()));
    assert_eq!(world.1.undecided_mocks().len(), 1);
    let execution = world.start(&nightly, "e", json!({})).await;
    world.0.ongoing.end(&execution).await;
    let described = world
        .call("DescribeExecution", json!({"executionArn": execution}))
        .await;
    assert_eq!(described["status"], "SUCCEEDED");
}
