//! Activities: workers that ask for tasks and answer them.

use super::{ADMIN, World};
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::time::Duration;

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:work";

/// A task of the activity, with more fields.
fn task(more: &Value) -> Value {
    let mut state = json!({"Type": "Task", "Resource": WORK, "End": true});
    for (field, value) in more.as_object().into_iter().flatten() {
        state[field] = value.clone();
    }
    json!({"T": state})
}

impl World {
    /// An account with the activity, and an execution that waits for its worker.
    async fn waiting_for_a_worker(more: &Value) -> (Self, String) {
        let world = Self::new();
        world.call("CreateActivity", json!({"name": "work"})).await;
        let machine = world.machine("m", task(more)).await;
        let execution = world.start(&machine, "e", json!({"n": 1})).await;
        (world, execution)
    }

    async fn take(&self, worker: &str) -> Value {
        let ask = json!({"activityArn": WORK, "workerName": worker});
        self.call("GetActivityTask", ask).await
    }

    async fn ended(&self, execution: &str) -> Value {
        self.0.ongoing.end(execution).await;
        self.call("DescribeExecution", json!({"executionArn": execution})).await
    }

    async fn history(&self, execution: &str) -> Value {
        let history = self.call("GetExecutionHistory", json!({"executionArn": execution}));
        history.await["events"].take()
    }
}

#[tokio::test]
async fn they_are_created_described_listed_and_deleted() {
    let world = World::new();
    let tags = json!([{"key": "team", "value": "a"}]);
    let created = world
        .call("CreateActivity", json!({"name": "work", "tags": tags}))
        .await;
    assert_eq!(created["activityArn"], WORK);
    let other = json!([{"key": "team", "value": "b"}]);
    let again = world
        .call("CreateActivity", json!({"name": "work", "tags": other}))
        .await;
    assert_eq!(again, created, "it is the same one");
    let listed = world.call("ListTagsForResource", json!({"resourceArn": WORK})).await;
    assert_eq!(listed["tags"], tags);
    let tag = json!({"resourceArn": WORK, "tags": [{"key": "stage", "value": "dev"}]});
    world.call("TagResource", tag).await;
    world
        .call("UntagResource", json!({"resourceArn": WORK, "tagKeys": ["team"]}))
        .await;
    let listed = world.call("ListTagsForResource", json!({"resourceArn": WORK})).await;
    assert_eq!(listed["tags"], json!([{"key": "stage", "value": "dev"}]));

    let described = world.call("DescribeActivity", json!({"activityArn": WORK})).await;
    let date = &created["creationDate"];
    let encryption = json!({"type": "AWS_OWNED_KEY"});
    let expected =
        json!({"activityArn": WORK, "name": "work", "creationDate": date, "encryptionConfiguration": encryption});
    assert_eq!(described, expected);
    for name in ["a", "b.c-d_1"] {
        let create = json!({"name": name, "encryptionConfiguration": encryption});
        world.call("CreateActivity", create).await;
    }
    let first = world.call("ListActivities", json!({"maxResults": 2})).await;
    let second = world
        .call("ListActivities", json!({"nextToken": first["nextToken"]}))
        .await;
    let names = [&first, &second].map(|page| {
        let activities = page["activities"].as_array().unwrap().iter();
        activities.map(|activity| activity["name"].clone()).collect::<Vec<_>>()
    });
    assert_eq!(names.concat(), ["a", "b.c-d_1", "work"]);
    assert_eq!(second["nextToken"], Value::Null);

    for _ in 0..2 {
        assert_eq!(
            world.call("DeleteActivity", json!({"activityArn": WORK})).await,
            json!({})
        );
    }
    for operation in ["DescribeActivity", "GetActivityTask"] {
        let error = world
            .try_call(operation, json!({"activityArn": WORK}))
            .await
            .unwrap_err();
        assert_eq!(error.code, "ActivityDoesNotExist");
        assert_eq!(error.message, format!("Activity Does Not Exist: '{WORK}'"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_them_is_named() {
    let world = World::new();
    world.call("CreateActivity", json!({"name": "work"})).await;
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    let encrypted = |encryption: Value| json!({"name": "a", "encryptionConfiguration": encryption});
    for (operation, input, code) in [
        (
            "CreateActivity",
            json!({"name": "TestActivity InvalidName$"}),
            "InvalidName",
        ),
        ("CreateActivity", json!({"name": "a".repeat(81)}), "ValidationException"),
        (
            "CreateActivity",
            encrypted(json!({"type": "NONE"})),
            "ValidationException",
        ),
        (
            "CreateActivity",
            encrypted(json!({"type": "AWS_OWNED_KEY", "kmsKeyId": "k"})),
            "InvalidEncryptionConfiguration",
        ),
        (
            "CreateActivity",
            encrypted(json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"})),
            "NotInLocalRun",
        ),
        (
            "DescribeActivity",
            json!({"activityArn": "no_an_activity_arn"}),
            "InvalidArn",
        ),
        ("DescribeActivity", json!({"activityArn": machine}), "InvalidArn"),
        (
            "DeleteActivity",
            json!({"activityArn": "no_an_activity_arn"}),
            "InvalidArn",
        ),
        (
            "GetActivityTask",
            json!({"activityArn": "no_an_activity_arn"}),
            "InvalidArn",
        ),
        (
            "GetActivityTask",
            json!({"activityArn": WORK, "workerName": ""}),
            "ValidationException",
        ),
        ("ListActivities", json!({"nextToken": "none"}), "InvalidToken"),
    ] {
        let error = world.try_call(operation, input.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{operation} {input}: {error}");
    }
}

#[tokio::test]
async fn a_worker_takes_a_task_and_answers_it() {
    let fields = json!({"HeartbeatSeconds": 10, "TimeoutSeconds": 60});
    let (world, execution) = World::waiting_for_a_worker(&fields).await;
    let taken = world.take("BASE_ID").await;
    assert_eq!(taken["input"], r#"{"n":1}"#);
    let token = &taken["taskToken"];
    world.call("SendTaskHeartbeat", json!({"taskToken": token})).await;
    let answer = json!({"taskToken": token, "output": "{\"n\": 2}"});
    assert_eq!(world.call("SendTaskSuccess", answer.clone()).await, json!({}));
    let described = world.ended(&execution).await;
    assert_eq!(described["output"], r#"{"n":2}"#);
    let late = world.try_call("SendTaskSuccess", answer).await.unwrap_err();
    assert_eq!(late.code, "TaskTimedOut");

    let events = world.history(&execution).await;
    let details = |id: usize, kind: &str| {
        assert_eq!(
            (&events[id - 1]["id"], &events[id - 1]["previousEventId"]),
            (&json!(id), &json!(id - 1))
        );
        &events[id - 1][format!("{kind}EventDetails")]
    };
    let whole = json!({"truncated": false});
    let scheduled = json!({
        "resource": WORK, "input": r#"{"n":1}"#, "inputDetails": whole, "timeoutInSeconds": 60, "heartbeatInSeconds": 10,
    });
    assert_eq!(details(3, "activityScheduled"), &scheduled);
    assert_eq!(details(4, "activityStarted"), &json!({"workerName": "BASE_ID"}));
    let succeeded = json!({"output": "{\"n\": 2}", "outputDetails": whole});
    assert_eq!(details(5, "activitySucceeded"), &succeeded);
    let types = world.events(&execution).await;
    assert_eq!(
        types[2..],
        [
            "ActivityScheduled",
            "ActivityStarted",
            "ActivitySucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[tokio::test]
async fn a_workers_failure_is_retried_and_caught_by_its_name() {
    let fields = json!({
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 0}],
        "Catch": [{"ErrorEquals": ["Bad"], "Next": "Caught"}],
    });
    for (error, output) in [("Bad", Some(r#"{"Error":"Bad","Cause":"why"}"#)), ("Busy", None)] {
        let world = World::new();
        world.call("CreateActivity", json!({"name": "work"})).await;
        let mut states = task(&fields);
        states["Caught"] = json!({"Type": "Pass", "End": true});
        let machine = world.machine("m", states).await;
        let execution = world.start(&machine, "e", json!({})).await;
        let token = world.call("GetActivityTask", json!({"activityArn": WORK})).await["taskToken"].take();
        let failure = json!({"taskToken": token, "error": error, "cause": "why"});
        world.call("SendTaskFailure", failure).await;
        let described = world.ended(&execution).await;
        assert_eq!(described["output"].as_str(), output);
        let events = world.history(&execution).await;
        assert_eq!(events[3]["activityStartedEventDetails"], json!({}), "without a name");
        assert_eq!(
            events[4]["activityFailedEventDetails"],
            json!({"error": error, "cause": "why"})
        );
    }
}

#[tokio::test]
async fn a_retried_task_is_scheduled_again() {
    let fields = json!({"Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}], "HeartbeatSeconds": 1});
    let (world, execution) = World::waiting_for_a_worker(&fields).await;
    let silent = world.take("silent").await["taskToken"].take();
    // Its heartbeat is missed, and another worker gets the task.
    let token = world.take("brisk").await["taskToken"].take();
    for operation in ["SendTaskHeartbeat", "SendTaskSuccess"] {
        let mut late = json!({"taskToken": silent});
        if operation == "SendTaskSuccess" {
            late["output"] = "1".into();
        }
        let error = world.try_call(operation, late).await.unwrap_err();
        assert_eq!(error.code, "TaskTimedOut");
        assert_eq!(error.message, "Task Timed Out: 'Provided task does not exist anymore'");
    }
    world
        .call("SendTaskSuccess", json!({"taskToken": token, "output": "2"}))
        .await;
    assert_eq!(world.ended(&execution).await["output"], "2");
    let events = world.history(&execution).await;
    assert_eq!(
        events[4]["activityTimedOutEventDetails"],
        json!({"error": "States.Timeout"})
    );
    let types = world.events(&execution).await;
    let expected = ["ActivityScheduled", "ActivityStarted", "ActivityTimedOut"];
    assert_eq!(types[2..5], expected);
    assert_eq!(
        types[5..8],
        ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    );
}

#[tokio::test]
async fn several_workers_get_a_task_each() {
    let world = World::new();
    world.call("CreateActivity", json!({"name": "work"})).await;
    let iterations = json!({"StartAt": "T", "States": task(&json!({}))});
    let map = json!({"M": {"Type": "Map", "ItemProcessor": iterations, "End": true}});
    let machine = world.machine("m", map).await;
    let workers = ["a", "b", "c"].map(|worker| {
        let (platform, ask) = (world.0.clone(), json!({"activityArn": WORK, "workerName": worker}));
        tokio::spawn(async move {
            let taken = platform.call(&ADMIN, "states", "GetActivityTask", ask).await.unwrap();
            let output = format!("{}0", taken["input"].as_str().unwrap());
            let answer = json!({"taskToken": taken["taskToken"], "output": output});
            platform
                .call(&ADMIN, "states", "SendTaskSuccess", answer)
                .await
                .unwrap();
        })
    });
    tokio::task::yield_now().await;
    let execution = world.start(&machine, "e", json!([1, 2, 3])).await;
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(world.ended(&execution).await["output"], "[10,20,30]");
    let events = world.history(&execution).await;
    let events = events.as_array().unwrap().iter();
    let mut names: Vec<&str> = events
        .filter_map(|event| event["activityStartedEventDetails"]["workerName"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_worker_that_waits_in_vain_is_told_so() {
    let world = World::new();
    world.call("CreateActivity", json!({"name": "work"})).await;
    world.1.activities.longest_poll.set(Duration::from_millis(1)).unwrap();
    assert_eq!(world.take("w").await, json!({"taskToken": null}));
}

#[tokio::test]
async fn the_tasks_of_a_stopped_execution_are_nobodys() {
    let (world, execution) = World::waiting_for_a_worker(&json!({})).await;
    world.call("StopExecution", json!({"executionArn": execution})).await;
    world.1.activities.longest_poll.set(Duration::from_millis(1)).unwrap();
    assert_eq!(world.take("w").await["taskToken"], Value::Null);
    let types = world.events(&execution).await;
    assert_eq!(types[2..], ["ActivityScheduled", "ExecutionAborted"]);
}

#[tokio::test]
async fn a_worker_of_a_stopped_execution_is_told_when_it_answers() {
    let (world, execution) = World::waiting_for_a_worker(&json!({})).await;
    let token = world.take("w").await["taskToken"].take();
    world.call("StopExecution", json!({"executionArn": execution})).await;
    let answer = json!({"taskToken": token, "output": "1"});
    let error = world.try_call("SendTaskSuccess", answer).await.unwrap_err();
    assert_eq!(error.code, "TaskTimedOut");
}

#[tokio::test]
async fn a_task_of_an_activity_that_is_not_there_ends_the_execution() {
    let world = World::new();
    let catching = json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]});
    let mut states = task(&catching);
    states["Caught"] = json!({"Type": "Pass", "End": true});
    let described = world.run(states, json!({})).await;
    let cause = format!(
        "An error occurred while executing the state 'T' (entered at the event id #2). The activity {WORK} does not exist."
    );
    assert_eq!(
        (&described["error"], &described["cause"]),
        (&json!("States.Runtime"), &json!(cause))
    );
    let types = world.events(described["executionArn"].as_str().unwrap()).await;
    assert_eq!(types, ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]);
}

#[tokio::test]
async fn it_is_told_when_nobody_asks_for_tasks() {
    let (world, execution) = World::waiting_for_a_worker(&json!({})).await;
    let told = || {
        let entries = world.0.journal.entries().into_iter();
        let told = entries.filter(|entry| {
            matches!(&entry.happening, Happening::WorkerAwaited { state, activity_arn, .. } if (&**state, &**activity_arn) == ("T", WORK))
        });
        told.count()
    };
    assert_eq!(told(), 1);
    let token = world.take("w").await["taskToken"].take();
    world
        .call("SendTaskSuccess", json!({"taskToken": token, "output": "1"}))
        .await;
    world.ended(&execution).await;
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    world.start(machine, "second", json!({})).await;
    assert_eq!(told(), 1, "there is a worker, which is busy");
}

#[tokio::test]
async fn express_machines_have_none() {
    let world = World::new();
    for (resource, what) in [
        (WORK, "Activity ARN"),
        (
            "arn:aws:states:::states:startExecution.sync",
            "'.sync' service integration",
        ),
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "'.waitForTaskToken' service integration ",
        ),
    ] {
        let parameters = json!({"StateMachineArn": "a", "QueueUrl": "q", "MessageBody": "m"});
        let states = json!({"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true}});
        let mut create = world.definition("x", states);
        create["type"] = json!("EXPRESS");
        let error = world.try_call("CreateStateMachine", create.clone()).await.unwrap_err();
        let message = format!("Express state machine does not support {what}");
        assert_eq!(error.code, "InvalidDefinition");
        assert_eq!(
            error.message,
            format!("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {message} at /States/T/Resource'")
        );
        let validate = json!({"definition": create["definition"], "type": "EXPRESS"});
        let validated = world.call("ValidateStateMachineDefinition", validate).await;
        assert_eq!(validated["diagnostics"][0]["message"], message);
        create["type"] = json!("STANDARD");
        world.call("CreateStateMachine", create).await;
        world
            .call(
                "DeleteStateMachine",
                json!({"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:x"}),
            )
            .await;
    }
}

#[tokio::test]
async fn iam_is_asked_about_the_activity() {
    let allowed = json!({"Effect": "Allow", "Action": "states:GetActivityTask", "Resource": WORK});
    let world = World::allowing(&allowed);
    for name in ["work", "other"] {
        world.call("CreateActivity", json!({"name": name})).await;
    }
    let machine = world.machine("m", task(&json!({}))).await;
    world.start(&machine, "e", json!({})).await;
    let role = Principal::role_session("machine", "worker");
    let ask = |name: &str| {
        let arn = format!("arn:aws:states:us-east-1:123456789012:activity:{name}");
        world
            .0
            .call(&role, "states", "GetActivityTask", json!({"activityArn": arn}))
    };
    assert!(ask("work").await.unwrap()["taskToken"].is_string());
    let denied = ask("other").await.unwrap_err();
    assert!(denied.message.contains("states:GetActivityTask"), "{denied}");
}
