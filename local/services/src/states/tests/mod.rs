//! State machines and their executions, called as a client calls them.

mod aborted;
mod absent;
mod activities;
mod executions;
mod jobs;
mod kept;
mod machines;
mod mocks;
mod parts;
mod single_states;
mod tasks;

use super::StepFunctions;
use crate::testing;
use platform::error::ServiceError;
use platform::iam::NewRole;
use platform::principal::Principal;
use platform::{Platform, Service};
use serde_json::{Value, json};
use std::sync::Arc;

const ADMIN: Principal = Principal::Administrator;

/// An account with a role that state machines have.
struct World(Arc<Platform>, Arc<StepFunctions>);

impl World {
    fn new() -> Self {
        Self::allowing(&anything())
    }

    fn allowing(statement: &Value) -> Self {
        let states: Arc<StepFunctions> = Arc::default();
        let services: Vec<Arc<dyn Service>> = vec![
            states.clone(),
            Arc::<crate::ecr::Ecr>::default(),
            Arc::<crate::ecs::Ecs>::default(),
            Arc::<crate::elasticloadbalancing::ElasticLoadBalancing>::default(),
            Arc::<crate::events::EventBridge>::default(),
            Arc::<crate::lambda::Lambda>::default(),
            Arc::<crate::sagemaker::SageMaker>::default(),
            Arc::<crate::s3::S3>::default(),
            Arc::<crate::sns::Sns>::default(),
            Arc::<crate::sqs::Sqs>::default(),
            Arc::<crate::ssm::Ssm>::default(),
        ];
        Self::with(services, states, statement)
    }

    fn with(services: Vec<Arc<dyn Service>>, states: Arc<StepFunctions>, statement: &Value) -> Self {
        let platform = testing::account(services);
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

/// A statement that allows all calls.
fn anything() -> Value {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
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
async fn what_is_wrong_is_named() {
    let world = World::new();
    let machine = world.machine("m", pass()).await;
    let role = world.0.account.global_arn("iam", "role/machine");
    for (operation, input, code) in [
        ("UpdateMapRun", json!({"mapRunArn": "a"}), "NotInLocalRun"),
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
            json!({"name": "n".repeat(81), "definition": "{}", "roleArn": role}),
            "ValidationException",
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
        (
            "StartExecution",
            json!({"stateMachineArn": machine, "name": "n".repeat(81)}),
            "ValidationException",
        ),
        ("StartExecution", json!({"stateMachineArn": "m"}), "InvalidArn"),
        (
            "StartExecution",
            json!({"stateMachineArn": machine.replace(":m", ":none")}),
            "StateMachineDoesNotExist",
        ),
        ("DescribeExecution", json!({"executionArn": machine}), "InvalidArn"),
        ("DescribeExecution", json!({}), "ValidationException"),
        (
            "DescribeExecution",
            json!({"executionArn": machine, "surprise": 1}),
            "NotInLocalRun",
        ),
        (
            "CreateStateMachineAlias",
            json!({"name": "live", "routingConfiguration": []}),
            "ValidationException",
        ),
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
            "UpdateStateMachineAlias",
            json!({"stateMachineAliasArn": format!("{machine}:none")}),
            "ValidationException",
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

#[tokio::test]
async fn a_role_is_in_an_account() {
    let world = World::new();
    let definition = &world.definition("n", pass())["definition"];
    for role in [
        "arn:aws:iam::1234:role/machine",
        "arn:aws:iam::12345678901a:role/machine",
        "arn:aws:iam:::role/machine",
        "arn:aws:iam::123456789012:user/machine",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:sts::123456789012:role/machine",
    ] {
        let input = json!({"name": "n", "definition": definition, "roleArn": role});
        let error = world.try_call("CreateStateMachine", input).await.unwrap_err();
        assert_eq!(
            (&*error.code, &*error.message),
            ("InvalidArn", &*format!("Invalid Role Arn: '{role}'"))
        );
    }
}

#[tokio::test]
async fn a_workflow_without_an_end_has_no_place() {
    let world = World::new();
    let looped = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}).to_string();
    let validated = world
        .call("ValidateStateMachineDefinition", json!({"definition": looped}))
        .await;
    let diagnostic =
        json!({"severity": "ERROR", "code": "MISSING_END_STATE", "message": "Workflow has no terminal state"});
    assert_eq!(
        validated,
        json!({"result": "FAIL", "diagnostics": [diagnostic], "truncated": false})
    );
}
