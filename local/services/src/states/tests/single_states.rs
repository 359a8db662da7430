//! TestState through the door: what the interpreter does not do by itself.

use super::{StepFunctions, World, anything};
use platform::iam::NewRole;
use platform::{Call, Operation, Operations, Principal, Served, Service, ServiceError};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

fn task(resource: &str) -> Value {
    // As an expression, of which AWS does not know what it gives.
    let resource = format!("arn:aws:states:::{resource}");
    json!({"Type": "Task", "QueryLanguage": "JSONata", "Resource": resource, "Arguments": "{% {} %}", "End": true})
}

/// The input with a mocked result.
fn mocked(resource: &str, result: &Value, mode: Option<&str>) -> Value {
    let mut mock = json!({"result": result.to_string()});
    if let Some(mode) = mode {
        mock["fieldValidationMode"] = mode.into();
    }
    json!({"definition": task(resource).to_string(), "mock": mock})
}

#[tokio::test]
async fn a_mocked_result_is_held_against_the_api_of_its_service() {
    let world = World::new();
    let required = "Required field 'ExecutionArn' is missing";
    for (resource, result, strict, present) in [
        ("events:putEvents", json!({}), None, None),
        ("events:putEvents", json!({"unknown": 1}), None, None),
        (
            "events:putEvents",
            json!({"Entries": {}}),
            Some("Field 'Entries' must be an array"),
            Some("Field 'Entries' must be an array"),
        ),
        (
            "events:putEvents",
            json!({"Entries": [{}, {"EventId": 1}]}),
            Some("Field 'EventId' must be a string"),
            Some("Field 'EventId' must be a string"),
        ),
        ("states:startExecution", json!({}), Some(required), None),
        // The names are those of Step Functions, with a capital.
        (
            "states:startExecution",
            json!({"executionArn": "a"}),
            Some(required),
            None,
        ),
        ("aws-sdk:sfn:startExecution", json!({}), Some(required), None),
        (
            "aws-sdk:ecs:describeTasks",
            json!({"Tasks": [{"Attributes": [{}]}]}),
            Some("Required field 'Name' is missing"),
            None,
        ),
        (
            "lambda:invoke",
            json!({"StatusCode": "200"}),
            Some("Field 'StatusCode' must be a number"),
            Some("Field 'StatusCode' must be a number"),
        ),
        (
            "lambda:invoke",
            json!({"Payload": {}}),
            Some("Field 'Payload' must be a string"),
            Some("Field 'Payload' must be a string"),
        ),
        (
            "aws-sdk:lambda:getFunction",
            json!({"Configuration": {"MemorySize": 1}}),
            Some("Field 'MemorySize' is less than the minimum value"),
            Some("Field 'MemorySize' is less than the minimum value"),
        ),
        (
            "aws-sdk:lambda:getFunction",
            json!({"Configuration": {"Timeout": 0}}),
            Some("Field 'Timeout' is less than the minimum value"),
            Some("Field 'Timeout' is less than the minimum value"),
        ),
        (
            "aws-sdk:s3:getObject",
            json!({"StorageClass": "Papyrus"}),
            Some("Field 'StorageClass' is not an expected value"),
            Some("Field 'StorageClass' is not an expected value"),
        ),
        (
            "aws-sdk:s3:getObject",
            json!({"ETag": 1}),
            Some("Field 'ETag' must be a string"),
            Some("Field 'ETag' must be a string"),
        ),
        (
            "dynamodb:getItem",
            json!({"Item": {"a": {"N": 1}}}),
            Some("Field 'N' must be a string"),
            Some("Field 'N' must be a string"),
        ),
        // Not as the API writes it: the SDK for Java calls it `md5OfMessageBody`.
        ("sqs:sendMessage", json!({"MD5OfMessageBody": 1}), None, None),
        (
            "sqs:sendMessage",
            json!({"Md5OfMessageBody": 1}),
            Some("Field 'Md5OfMessageBody' must be a string"),
            Some("Field 'Md5OfMessageBody' must be a string"),
        ),
        // What Step Functions asks until the job has ended.
        (
            "states:startExecution.sync:2",
            json!({"ExecutionArn": "a"}),
            Some("Required field 'StateMachineArn' is missing"),
            None,
        ),
        (
            "sagemaker:createProcessingJob.sync",
            json!({"ProcessingJobStatus": "Fine"}),
            Some("Required field 'ProcessingJobName' is missing"),
            Some("Field 'ProcessingJobStatus' is not an expected value"),
        ),
        // What a worker sends is of no API, and AWS looks at no answers of these.
        (
            "lambda:invoke.waitForTaskToken",
            json!({"StatusCode": "200"}),
            None,
            None,
        ),
        ("apigateway:invoke", json!({"StatusCode": "200"}), None, None),
    ] {
        for (mode, refused) in [
            (None, strict),
            (Some("STRICT"), strict),
            (Some("PRESENT"), present),
            (Some("NONE"), None),
        ] {
            let answer = world.try_call("TestState", mocked(resource, &result, mode)).await;
            let expected = refused.map(|why| format!("Mock result schema validation error: {why}"));
            match answer {
                Ok(answer) => {
                    assert_eq!(
                        (expected, &answer["status"]),
                        (None, &json!("SUCCEEDED")),
                        "{resource} {result} {mode:?}"
                    );
                }
                Err(error) => {
                    assert_eq!(error.code, "ValidationException");
                    assert_eq!(Some(error.message), expected, "{resource} {result} {mode:?}");
                }
            }
        }
    }
    // An API that nobody here knows is named.
    let unknown = mocked("aws-sdk:kms:encrypt", &json!({}), None);
    let error = world.try_call("TestState", unknown).await.unwrap_err();
    assert!(
        error.message.contains("no API model of kms:Encrypt"),
        "{}",
        error.message
    );
    let taken = mocked("aws-sdk:kms:encrypt", &json!({}), Some("NONE"));
    assert_eq!(world.call("TestState", taken).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn what_a_request_may_not_have_is_refused_in_aws_s_words() {
    let world = World::new();
    let pass = json!({"Type": "Pass", "End": true}).to_string();
    let both = json!({"result": "{}", "errorOutput": {"error": "E"}});
    for (changes, code, message) in [
        (
            json!({"mock": both}),
            "ValidationException",
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (
            json!({"mock": {}}),
            "ValidationException",
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (
            json!({"mock": {"errorOutput": {"cause": "C"}}}),
            "ValidationException",
            "1 validation error detected: Value at 'mock.errorOutput.error' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({"mock": {"result": "{}"}, "revealSecrets": true}),
            "ValidationException",
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
        (
            json!({"stateName": ""}),
            "ValidationException",
            "1 validation error detected: Value at 'stateName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            json!({"inspectionLevel": "ALL"}),
            "ValidationException",
            "1 validation error detected: Value 'ALL' at 'inspectionLevel' failed to satisfy constraint: Member must satisfy enum value set: [INFO, DEBUG, TRACE]",
        ),
        (
            json!({"stateConfiguration": {"retrierRetryCount": -1}}),
            "ValidationException",
            "1 validation error detected: Value '-1' at 'stateConfiguration.retrierRetryCount' failed to satisfy constraint: Member must have value greater than or equal to 0",
        ),
        (
            json!({"roleArn": "role"}),
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: role'",
        ),
        (
            json!({"input": "{"}),
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: '",
        ),
        (
            json!({"definition": "{}"}),
            "InvalidDefinition",
            "Invalid State Machine Definition: '",
        ),
    ] {
        let mut input = json!({"definition": pass});
        for (name, value) in changes.as_object().unwrap() {
            input[name] = value.clone();
        }
        let error = world.try_call("TestState", input).await.expect_err(message);
        assert_eq!(error.code, code);
        assert!(error.message.starts_with(message), "{}", error.message);
    }
}

#[tokio::test]
async fn the_level_says_how_much_is_told() {
    let world = World::new();
    let map = json!({
        "Type": "Map", "ItemsPath": "$.list", "ToleratedFailurePercentage": 10, "End": true,
        "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 2}],
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}},
    });
    let of = |level: Option<&str>| {
        let mut input = json!({
            "definition": map.to_string(), "input": "{\"list\": [1]}", "variables": "{\"v\": 1}",
            "mock": {"errorOutput": {"error": "E", "cause": "C"}}, "stateConfiguration": {"retrierRetryCount": 1},
        });
        if let Some(level) = level {
            input["inspectionLevel"] = level.into();
        }
        input
    };
    let brief = json!({"status": "RETRIABLE", "error": "E", "cause": "C"});
    assert_eq!(world.call("TestState", of(None)).await, brief);
    assert_eq!(world.call("TestState", of(Some("INFO"))).await, brief);
    let mut long = brief;
    long["inspectionData"] = json!({
        "input": "{\"list\": [1]}", "afterInputPath": "{\"list\":[1]}", "afterItemsPath": "[1]", "variables": "{\"v\":1}",
        "maxConcurrency": 0, "toleratedFailurePercentage": 10.0,
        "errorDetails": {"retryIndex": 0, "retryBackoffIntervalSeconds": 4},
    });
    for level in ["DEBUG", "TRACE"] {
        assert_eq!(world.call("TestState", of(Some(level))).await, long);
    }
}

/// The input of a test without a mock, as a role.
fn called(world: &World, role: &str, definition: &Value, input: &Value) -> Value {
    json!({
        "definition": definition.to_string(), "input": input.to_string(),
        "roleArn": world.0.account.global_arn("iam", format_args!("role/{role}")),
    })
}

#[tokio::test]
async fn without_a_mock_the_service_is_called_as_the_role() {
    let world = World::new();
    let role = NewRole::for_service("weak", "states.amazonaws.com");
    world.0.iam.create_role(&world.0.account, role).unwrap();
    let queue = crate::testing::call(&world.0, "sqs", "CreateQueue", json!({"QueueName": "q"})).await;
    let url = queue.unwrap()["QueueUrl"].clone();
    let send = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$.text"}, "ResultSelector": {"id.$": "$.MessageId"}, "End": true,
        "Catch": [{"ErrorEquals": ["SQS.AmazonSQSException"], "Next": "Caught"}],
    });
    let sent = world
        .call("TestState", called(&world, "machine", &send, &json!({"text": "hello"})))
        .await;
    assert_eq!(sent["status"], "SUCCEEDED", "{sent}");
    let received = crate::testing::call(&world.0, "sqs", "ReceiveMessage", json!({"QueueUrl": url})).await;
    assert_eq!(received.unwrap()["Messages"][0]["Body"], "hello");
    // IAM is asked of the role that the test names.
    let denied = world
        .call("TestState", called(&world, "weak", &send, &json!({"text": "hello"})))
        .await;
    assert_eq!(
        (&denied["status"], &denied["nextState"]),
        (&json!("CAUGHT_ERROR"), &json!("Caught"))
    );
    assert!(denied["cause"].as_str().unwrap().contains("not authorized"), "{denied}");
    // What AWS would do and is not here is no result of the state's.
    let http = json!({"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {}, "End": true});
    let error = world
        .try_call("TestState", called(&world, "machine", &http, &json!({})))
        .await
        .unwrap_err();
    assert_eq!(error.code, "NotInLocalRun");
    assert!(error.message.contains("http:Invoke"), "{}", error.message);
}

#[tokio::test]
async fn a_caller_needs_the_role_where_it_does_something_and_a_leave_to_see_secrets() {
    let world = World::new();
    let caller = async |actions: &[&str], input: Value| {
        let name = uuid::Uuid::new_v4().to_string();
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
        let role = NewRole::for_service(&name, "ec2.amazonaws.com").with_policy("calls", policy);
        world.0.iam.create_role(&world.0.account, role).unwrap();
        let caller = Principal::role_session(&name, "s");
        let answer = world.0.call(&caller, "states", "TestState", input).await;
        answer.map_err(|error| error.code)
    };
    let pass = json!({"Type": "Pass", "End": true});
    let denied = Err("AccessDeniedException".to_owned());
    let with_role = || called(&world, "machine", &pass, &json!({}));
    assert_eq!(caller(&["states:StartExecution"], with_role()).await, denied);
    assert_eq!(caller(&["states:TestState"], with_role()).await, denied);
    assert!(caller(&["states:TestState", "iam:PassRole"], with_role()).await.is_ok());
    let mut mock = called(&world, "machine", &task("sns:publish"), &json!({}));
    mock["mock"] = json!({"errorOutput": {"error": "E"}});
    assert!(caller(&["states:TestState"], mock).await.is_ok());
    let secrets = || json!({"definition": pass.to_string(), "revealSecrets": true});
    assert_eq!(caller(&["states:TestState"], secrets()).await, denied);
    assert!(
        caller(&["states:TestState", "states:RevealSecrets"], secrets())
            .await
            .is_ok()
    );
}

/// Functions that answer their event.
struct Echo;

impl Served for Echo {
    const SIGNING_NAME: &'static str = "lambda";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Echo>> = LazyLock::new(|| {
            Operations::new([Operation::on(
                "Invoke",
                |_, _: &Value| "*",
                |_: &Echo, _: &Call, input: Value| -> Result<Value, ServiceError> {
                    Ok(json!({"StatusCode": 200, "Payload": input["Payload"]}))
                },
            )])
        });
        &TABLE
    }
}

#[tokio::test]
async fn a_payload_of_null_is_an_empty_event() {
    let states: Arc<StepFunctions> = Arc::default();
    let services: Vec<Arc<dyn Service>> = vec![states.clone(), Arc::new(Echo)];
    let world = World::with(services, states, &anything());
    for (parameters, event) in [
        (json!({"FunctionName": "f"}), json!({})),
        (json!({"FunctionName": "f", "Payload": null}), json!({})),
        (json!({"FunctionName": "f", "Payload": {"a": null}}), json!({"a": null})),
    ] {
        let invoke = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters,
            "OutputPath": "$.Payload", "End": true,
        });
        let answer = world
            .call("TestState", called(&world, "machine", &invoke, &json!({})))
            .await;
        assert_eq!(answer["output"], event.to_string(), "{answer}");
    }
}
