//! State machines and their executions, through the one door.

use super::StepFunctions;
use platform::account::Account;
use platform::error::ServiceError;
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::principal::Principal;
use platform::{Platform, Service};
use serde_json::{Value, json};
use std::sync::Arc;

const ADMIN: Principal = Principal::Administrator;

/// An account with a role that state machines have.
struct World(Arc<Platform>, Arc<StepFunctions>);

impl World {
    fn new() -> Self {
        Self::allowing(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    }

    fn allowing(statement: &Value) -> Self {
        let states: Arc<StepFunctions> = Arc::default();
        let services: Vec<Arc<dyn Service>> = vec![
            states.clone(),
            Arc::<crate::ecr::Ecr>::default(),
            Arc::<crate::events::EventBridge>::default(),
            Arc::<crate::lambda::Lambda>::default(),
            Arc::<crate::sagemaker::SageMaker>::default(),
            Arc::<crate::s3::S3>::default(),
            Arc::<crate::ssm::Ssm>::default(),
        ];
        let platform = Platform::new(Account::local(), std::env::temp_dir(), services);
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        let role = NewRole::for_service("machine", "states.amazonaws.com").with_policy("calls", policy);
        platform.iam.create_role(&platform.account, role).unwrap();
        Self(platform, states)
    }

    async fn try_call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.0.call(&ADMIN, "states", operation, input).await
    }

    async fn call(&self, operation: &str, input: Value) -> Value {
        self.try_call(operation, input).await.unwrap()
    }

    /// Creates a machine of these states, the first of which it starts at.
    async fn machine(&self, name: &str, states: Value) -> String {
        let created = self.call("CreateStateMachine", self.definition(name, states)).await;
        created["stateMachineArn"].as_str().unwrap().to_owned()
    }

    fn definition(&self, name: &str, states: Value) -> Value {
        let first = states.as_object().unwrap().keys().next().unwrap();
        let definition = json!({"StartAt": first, "States": states}).to_string();
        json!({"name": name, "definition": definition, "roleArn": self.0.account.global_arn("iam", "role/machine")})
    }

    async fn start(&self, machine: &str, name: &str, input: Value) -> String {
        let start = json!({"stateMachineArn": machine, "name": name, "input": input.to_string()});
        let started = self.call("StartExecution", start).await;
        started["executionArn"].as_str().unwrap().to_owned()
    }

    async fn run(&self, states: Value, input: Value) -> Value {
        let machine = self.machine("m", states).await;
        let execution = self.start(&machine, "e", input).await;
        self.0.ongoing.end(&execution).await;
        self.call("DescribeExecution", json!({"executionArn": execution})).await
    }

    async fn events(&self, execution: &str) -> Vec<String> {
        let history = self
            .call("GetExecutionHistory", json!({"executionArn": execution}))
            .await;
        let events = history["events"].as_array().unwrap().iter();
        events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn pass() -> Value {
    json!({"P": {"Type": "Pass", "End": true}})
}

/// A task that waits for a token, which it puts into a queue's message.
fn waiting() -> Value {
    json!({"T": {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents.waitForTaskToken",
        "Parameters": {"Entries": [{"Source": "test", "DetailType": "t", "Detail": {"token.$": "$$.Task.Token"}}]},
        "End": true,
    }})
}

#[tokio::test]
async fn an_execution_is_started_described_and_told() {
    let world = World::new();
    let described = world.run(pass(), json!({"a": 1})).await;
    assert_eq!(described["status"], "SUCCEEDED");
    assert_eq!(described["output"], r#"{"a":1}"#);
    assert_eq!(
        described["executionArn"],
        "arn:aws:states:us-east-1:123456789012:execution:m:e"
    );
    assert_eq!(described["redriveStatus"], "NOT_REDRIVABLE");
    let arn = described["executionArn"].as_str().unwrap();
    let expected = [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(world.events(arn).await, expected);
    let first = world
        .call("GetExecutionHistory", json!({"executionArn": arn, "maxResults": 3}))
        .await;
    let rest = json!({"executionArn": arn, "maxResults": 3, "nextToken": first["nextToken"]});
    let rest = world.call("GetExecutionHistory", rest).await;
    assert_eq!(rest["events"].as_array().unwrap().len(), 1);
    assert!(rest.get("nextToken").is_none());
    let last = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 1});
    assert_eq!(
        world.call("GetExecutionHistory", last).await["events"][0]["type"],
        "ExecutionSucceeded"
    );
    let journal: Vec<String> = world
        .0
        .journal
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.happening {
            Happening::ExecutionStarted { .. } => Some("started".into()),
            Happening::StateEntered { state, state_type, .. } => Some(format!("{state} {state_type}")),
            Happening::StateExited { state, .. } => Some(format!("{state} left")),
            Happening::ExecutionEnded { status, .. } => Some(status),
            _ => None,
        })
        .collect();
    assert_eq!(journal, ["started", "P Pass", "P left", "SUCCEEDED"]);
}

#[tokio::test]
async fn a_name_stands_for_one_execution() {
    let world = World::new();
    let machine = world.machine("m", waiting()).await;
    let start = |input: &str| json!({"stateMachineArn": machine, "name": "e", "input": input});
    let first = world.call("StartExecution", start("{}")).await;
    let again = world.call("StartExecution", start("{}")).await;
    assert_eq!(first, again, "the same input while it runs");
    let other = world.try_call("StartExecution", start("[]")).await.unwrap_err();
    assert_eq!(other.code, "ExecutionAlreadyExists");
    world
        .call(
            "StopExecution",
            json!({"executionArn": first["executionArn"], "error": "E", "cause": "C"}),
        )
        .await;
    let described = world
        .call("DescribeExecution", json!({"executionArn": first["executionArn"]}))
        .await;
    assert_eq!(
        (&described["status"], &described["error"], &described["cause"]),
        (&json!("ABORTED"), &json!("E"), &json!("C"))
    );
    let ended = world.try_call("StartExecution", start("{}")).await.unwrap_err();
    assert_eq!(ended.code, "ExecutionAlreadyExists", "the same input after its end");
    let listed = world
        .call(
            "ListExecutions",
            json!({"stateMachineArn": machine, "statusFilter": "ABORTED"}),
        )
        .await;
    assert_eq!(listed["executions"][0]["name"], "e");
}

#[tokio::test]
async fn tokens_answer_the_tasks_that_wait_for_them() {
    for (operation, answer, status) in [
        ("SendTaskSuccess", json!({"output": "{\"x\": 1}"}), "SUCCEEDED"),
        ("SendTaskFailure", json!({"error": "E", "cause": "C"}), "FAILED"),
    ] {
        let world = World::new();
        let machine = world.machine("m", waiting()).await;
        let execution = world.start(&machine, "e", json!({})).await;
        let token = world.1.lock().tokens.any().unwrap();
        world.call("SendTaskHeartbeat", json!({"taskToken": token})).await;
        let wrong = json!({"taskToken": token, "output": "{"});
        assert_eq!(
            world.try_call("SendTaskSuccess", wrong).await.unwrap_err().code,
            "InvalidOutput"
        );
        let mut answer = answer;
        answer["taskToken"] = token.clone().into();
        world.call(operation, answer.clone()).await;
        world.0.ongoing.end(&execution).await;
        let described = world
            .call("DescribeExecution", json!({"executionArn": execution}))
            .await;
        assert_eq!(described["status"], status);
        assert_eq!(
            world.try_call(operation, answer).await.unwrap_err().code,
            "TaskTimedOut"
        );
        let unknown = world
            .try_call("SendTaskHeartbeat", json!({"taskToken": "none"}))
            .await
            .unwrap_err();
        assert_eq!(unknown.code, "InvalidToken");
    }
}

#[tokio::test]
async fn other_services_are_called_with_their_own_names_and_errors() {
    let task = |resource: &str, parameters: Value| json!({"T": {"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "End": true}});
    for (resource, parameters, status, part) in [
        (
            "aws-sdk:ssm:getParameter",
            json!({"Name": "/none"}),
            "FAILED",
            "Ssm.ParameterNotFoundException",
        ),
        (
            "aws-sdk:ecr:createRepository",
            json!({"RepositoryName": "made"}),
            "SUCCEEDED",
            "\"RepositoryName\":\"made\"",
        ),
        (
            "aws-sdk:sfn:describeExecution",
            json!({"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:m:none"}),
            "FAILED",
            "Sfn.ExecutionDoesNotExistException",
        ),
        (
            "events:putEvents",
            json!({"Entries": [{"Source": "aws.x", "DetailType": "t", "Detail": {}}]}),
            "FAILED",
            "EventBridge.FailedEntry",
        ),
        (
            "sagemaker:createProcessingJob",
            json!({"ProcessingJobName": "j", "RoleArn": "r"}),
            "FAILED",
            "SageMaker.AmazonSageMakerException",
        ),
        (
            "lambda:invoke",
            json!({"FunctionName": "none"}),
            "FAILED",
            "Lambda.ResourceNotFoundException",
        ),
    ] {
        let world = World::new();
        let described = world.run(task(resource, parameters), json!({})).await;
        assert_eq!(described["status"], status, "{described:#}");
        let told = described["error"].as_str().or(described["output"].as_str()).unwrap();
        assert!(told.contains(part), "{resource}: {described:#}");
    }
}

#[tokio::test]
async fn tasks_are_done_as_the_machines_role() {
    let world = World::allowing(&json!({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}));
    let states = json!({"T": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ecr:createRepository",
        "Parameters": {"RepositoryName": "made"},
        "Catch": [{"ErrorEquals": ["Ecr.EcrException"], "Next": "Caught"}],
        "End": true,
    }, "Caught": {"Type": "Pass", "End": true}});
    let described = world.run(states, json!({})).await;
    assert_eq!(described["status"], "SUCCEEDED");
    let cause = described["output"].as_str().unwrap();
    assert!(
        cause.contains("assumed-role/machine/e is not authorized to perform: ecr:CreateRepository"),
        "{cause}"
    );
}

#[tokio::test]
async fn one_machine_waits_for_another() {
    let world = World::new();
    let inner = world
        .machine(
            "inner",
            json!({"P": {"Type": "Pass", "Parameters": {"doubled.$": "States.MathAdd($.n, $.n)"}, "End": true}}),
        )
        .await;
    let outer = |suffix: &str| {
        json!({"T": {
            "Type": "Task",
            "Resource": format!("arn:aws:states:::states:startExecution{suffix}"),
            "Parameters": {"StateMachineArn": inner, "Input": {"n.$": "$.n"}},
            "OutputPath": "$.Output",
            "End": true,
        }})
    };
    let described = world.run(outer(".sync:2"), json!({"n": 2})).await;
    assert_eq!(described["output"], r#"{"doubled":4}"#, "{described:#}");
    let arn = described["executionArn"].as_str().unwrap();
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(world.events(arn).await, expected);
    let world2 = World::new();
    let failing = world2
        .machine("inner", json!({"F": {"Type": "Fail", "Error": "E"}}))
        .await;
    assert_eq!(failing, inner);
    let described = world2.run(outer(".sync"), json!({"n": 2})).await;
    assert_eq!(described["error"], "States.TaskFailed");
    let cause: Value = serde_json::from_str(described["cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause["Error"], "E");
}

#[tokio::test]
async fn a_failed_execution_is_redriven_from_where_it_failed() {
    let world = World::new();
    let states = json!({
        "First": {"Type": "Pass", "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ecr:describeRepositories", "Parameters": {"RepositoryNames": ["late"]}, "End": true},
    });
    let described = world.run(states, json!({})).await;
    assert_eq!(
        (&described["status"], &described["redriveStatus"]),
        (&json!("FAILED"), &json!("REDRIVABLE"))
    );
    let arn = described["executionArn"].as_str().unwrap();
    world
        .0
        .call(&ADMIN, "ecr", "CreateRepository", json!({"repositoryName": "late"}))
        .await
        .unwrap();
    let redrive = json!({"executionArn": arn, "clientToken": "once"});
    let first = world.call("RedriveExecution", redrive.clone()).await;
    world.0.ongoing.end(arn).await;
    let described = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(
        (&described["status"], &described["redriveCount"]),
        (&json!("SUCCEEDED"), &json!(1))
    );
    assert_eq!(
        world.call("RedriveExecution", redrive).await,
        first,
        "the same client token"
    );
    let again = world
        .try_call("RedriveExecution", json!({"executionArn": arn}))
        .await
        .unwrap_err();
    assert_eq!(again.code, "ExecutionNotRedrivable");
}

#[tokio::test]
async fn versions_stay_and_aliases_lead_to_them() {
    let world = World::new();
    let machine = world
        .machine("m", json!({"P": {"Type": "Pass", "Result": 1, "End": true}}))
        .await;
    let publish = json!({"stateMachineArn": machine, "description": "first"});
    let one = world.call("PublishStateMachineVersion", publish.clone()).await["stateMachineVersionArn"].clone();
    assert_eq!(one, format!("{machine}:1"));
    assert_eq!(
        world.call("PublishStateMachineVersion", publish).await["stateMachineVersionArn"],
        one,
        "nothing has changed"
    );
    let route = |version: &Value| json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = json!({"name": "live", "routingConfiguration": route(&one)});
    let alias = world.call("CreateStateMachineAlias", alias).await["stateMachineAliasArn"]
        .as_str()
        .unwrap()
        .to_owned();
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 2, "End": true}}}).to_string();
    let update = json!({"stateMachineArn": machine, "definition": definition, "publish": true});
    let two = world.call("UpdateStateMachine", update).await["stateMachineVersionArn"].clone();
    let output = async |arn: &str, name: &str| {
        let execution = world.start(arn, name, json!({})).await;
        world
            .call("DescribeExecution", json!({"executionArn": execution}))
            .await
    };
    assert_eq!(output(&machine, "a").await["output"], "2");
    let through = output(&alias, "b").await;
    assert_eq!(through["output"], "1");
    assert_eq!(
        (&through["stateMachineAliasArn"], &through["stateMachineVersionArn"]),
        (&json!(alias), &one)
    );
    let roll = json!({"stateMachineAliasArn": alias, "routingConfiguration": route(&two)});
    world.call("UpdateStateMachineAlias", roll).await;
    assert_eq!(output(&alias, "c").await["output"], "2");
    let listed = world.call("ListExecutions", json!({"stateMachineArn": alias})).await;
    let names: Vec<&Value> = listed["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["c", "b"]);
    let used = world
        .try_call("DeleteStateMachineVersion", json!({"stateMachineVersionArn": two}))
        .await
        .unwrap_err();
    assert_eq!(used.code, "ConflictException");
    assert_eq!(
        world
            .try_call("StartExecution", json!({"stateMachineArn": format!("{machine}:9")}))
            .await
            .unwrap_err()
            .code,
        "StateMachineDoesNotExist"
    );
}

#[tokio::test]
async fn express_machines_answer_at_once() {
    let world = World::new();
    let mut express = world.definition("x", pass());
    express["type"] = "EXPRESS".into();
    let machine = world.call("CreateStateMachine", express).await["stateMachineArn"].clone();
    let start = json!({"stateMachineArn": machine, "input": "{\"a\": 1}"});
    let answer = world.call("StartSyncExecution", start.clone()).await;
    assert_eq!(
        (&answer["status"], &answer["output"]),
        (&json!("SUCCEEDED"), &json!("{\"a\":1}"))
    );
    assert_eq!(answer["billingDetails"]["billedDurationInMilliseconds"], 100);
    let started = world.call("StartExecution", start).await;
    let refused = world.try_call("DescribeExecution", started).await;
    assert!(refused.is_err());
    let standard = world.machine("m", pass()).await;
    let refused = world
        .try_call("StartSyncExecution", json!({"stateMachineArn": standard}))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "StateMachineTypeNotSupported");
}

#[tokio::test]
async fn distributed_maps_read_and_write_the_local_s3() {
    let world = World::new();
    let s3 = async |operation: &str, input: Value| world.0.call(&ADMIN, "s3", operation, input).await.unwrap();
    s3("CreateBucket", json!({"Bucket": "data"})).await;
    let items = json!({"Bucket": "data", "Key": "items.json", "Body": r#"[{"n": 1}, {"n": 2}]"#});
    s3("PutObject", items).await;
    let map = json!({"M": {
        "Type": "Map",
        "Label": "run",
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "data", "Key": "items.json"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.n", "End": true}}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "results"}},
        "End": true,
    }});
    let described = world.run(map, json!({})).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described:#}");
    let runs = world
        .call("ListMapRuns", json!({"executionArn": described["executionArn"]}))
        .await;
    let run = world
        .call("DescribeMapRun", json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]}))
        .await;
    assert_eq!(run["itemCounts"]["succeeded"], 2);
    let listing = s3("ListObjectsV2", json!({"Bucket": "data", "Prefix": "results/"})).await;
    let keys = listing["Contents"].as_array().unwrap().iter();
    let mut keys = keys.map(|object| object["Key"].as_str().unwrap());
    assert!(keys.any(|key| key.ends_with("manifest.json")));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::new();
    let machine = world.machine("m", pass()).await;
    let role = world.0.account.global_arn("iam", "role/machine");
    for (operation, input, code) in [
        ("CreateActivity", json!({"name": "a"}), "NotInLocalRun"),
        (
            "CreateStateMachine",
            json!({"name": "n", "definition": "{", "roleArn": role}),
            "InvalidDefinition",
        ),
        (
            "CreateStateMachine",
            json!({"name": "a b", "definition": "{}", "roleArn": role}),
            "InvalidName",
        ),
        (
            "CreateStateMachine",
            json!({"name": "n", "definition": world.definition("n", pass())["definition"], "roleArn": "x"}),
            "InvalidArn",
        ),
        (
            "CreateStateMachine",
            world.definition("m", waiting()),
            "StateMachineAlreadyExists",
        ),
        (
            "StartExecution",
            json!({"stateMachineArn": machine, "input": "{"}),
            "InvalidExecutionInput",
        ),
        (
            "StartExecution",
            json!({"stateMachineArn": machine, "name": "a/b"}),
            "InvalidName",
        ),
        ("StartExecution", json!({"stateMachineArn": "m"}), "InvalidArn"),
        (
            "StartExecution",
            json!({"stateMachineArn": machine.replace(":m", ":none")}),
            "StateMachineDoesNotExist",
        ),
        ("DescribeExecution", json!({"executionArn": machine}), "InvalidArn"),
        (
            "StopExecution",
            json!({"executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:none"}),
            "ExecutionDoesNotExist",
        ),
        (
            "UpdateStateMachine",
            json!({"stateMachineArn": machine}),
            "MissingRequiredParameter",
        ),
        (
            "DescribeStateMachineAlias",
            json!({"stateMachineAliasArn": format!("{machine}:none")}),
            "ResourceNotFound",
        ),
    ] {
        let error = world.try_call(operation, input.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{operation} {input}: {error}");
    }
    let same = world.call("CreateStateMachine", world.definition("m", pass())).await;
    assert_eq!(same["stateMachineArn"], machine, "the same definition again");
    let validated = world
        .call("ValidateStateMachineDefinition", json!({"definition": "{}"}))
        .await;
    assert_eq!(validated["result"], "FAIL");
    assert!(validated["diagnostics"][0]["code"].is_string());
}
