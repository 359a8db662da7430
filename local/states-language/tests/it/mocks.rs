//! Files of mocks: the two forms, what is wrong with them, and what each invocation gets.

use serde_json::{Value, json};
use states_language::{Failure, Json, MockedResult, Mocks, TaskRequest};

use crate::common::{FUNCTION, outcome, run_with};

/// The example of AWS's documentation, as far as it matters.
fn local() -> Value {
    json!({
        "StateMachines": {"LambdaSQSIntegration": {"TestCases": {
            "HappyPath": {"LambdaState": "MockedLambdaSuccess", "SQSState": "MockedSQSSuccess"},
            "RetryPath": {"LambdaState": "MockedLambdaRetry", "SQSState": "MockedSQSSuccess"},
        }}},
        "MockedResponses": {
            "MockedLambdaSuccess": {"0": {"Return": {"StatusCode": 200, "Payload": {"body": "Hello from Lambda!"}}}},
            "MockedSQSSuccess": {"0": {"Return": {"MessageId": "3bcb6e8e"}}},
            "MockedLambdaRetry": {
                "0": {"Throw": {"Error": "Lambda.ResourceNotReadyException", "Cause": "Lambda resource is not ready."}},
                "1-2": {"Throw": {"Error": "Lambda.TimeoutException", "Cause": "Lambda timed out."}},
                "3": {"Return": {"StatusCode": 200}},
            },
        },
    })
}

fn read(file: &Value) -> Mocks {
    Mocks::read(&file.to_string()).unwrap()
}

fn result(value: Value) -> Option<Result<MockedResult, String>> {
    Some(Ok(MockedResult::Result(value.to_string())))
}

fn error(error: &str, cause: &str) -> Option<Result<MockedResult, String>> {
    Some(Ok(MockedResult::Error(Failure::new(error, cause))))
}

#[test]
fn a_test_case_has_outcomes_by_invocation() {
    let mocks = read(&local());
    let mut states = mocks.of("LambdaSQSIntegration", Some("RetryPath")).unwrap();
    let timeout = || error("Lambda.TimeoutException", "Lambda timed out.");
    assert_eq!(
        states.take("LambdaState"),
        error("Lambda.ResourceNotReadyException", "Lambda resource is not ready.")
    );
    assert_eq!(
        (states.take("LambdaState"), states.take("LambdaState")),
        (timeout(), timeout())
    );
    assert_eq!(states.take("SQSState"), result(json!({"MessageId": "3bcb6e8e"})));
    assert_eq!(states.take("LambdaState"), result(json!({"StatusCode": 200})));
    let missing = states.take("LambdaState").unwrap().unwrap_err();
    assert_eq!(
        missing,
        "the mocks have no outcome \"4\" for the state 'LambdaState', which is invoked for the 5th time: add one"
    );
    assert_eq!(states.take("Other"), None);
}

#[test]
fn a_test_case_is_asked_for_or_chosen_or_the_only_one() {
    let mocks = read(&local());
    assert!(mocks.of("LambdaSQSIntegration", None).unwrap().is_empty());
    assert_eq!(mocks.undecided("LambdaSQSIntegration"), ["HappyPath", "RetryPath"]);
    assert_eq!(mocks.undecided("other"), [""; 0]);
    let chosen = mocks.clone().with_case("HappyPath").unwrap();
    assert_eq!(chosen.undecided("LambdaSQSIntegration"), [""; 0]);
    // CloudFormation puts the stack's name before it, and chance behind it.
    for name in [
        "LambdaSQSIntegration",
        "stack-LambdaSQSIntegration",
        "LambdaSQSIntegration-eMXLrbWg0pvE",
        "stack-LambdaSQSIntegration-eMXLrbWg0pvE",
    ] {
        let mut states = chosen.of(name, None).unwrap();
        assert!(
            matches!(states.take("LambdaState"), Some(Ok(MockedResult::Result(_)))),
            "{name}"
        );
        let mut states = chosen.of(name, Some("RetryPath")).unwrap();
        assert!(
            matches!(states.take("LambdaState"), Some(Ok(MockedResult::Error(_)))),
            "{name}"
        );
    }
    for name in [
        "LambdaSQSIntegrations",
        "LambdaSQSIntegration-other",
        "MyLambdaSQSIntegration",
    ] {
        assert!(chosen.of(name, None).unwrap().is_empty(), "{name}");
    }
    let mut one = local();
    let cases = one["StateMachines"]["LambdaSQSIntegration"]["TestCases"]
        .as_object_mut()
        .unwrap();
    cases.remove("RetryPath");
    assert!(!read(&one).of("LambdaSQSIntegration", None).unwrap().is_empty());
    for (said, expected) in [
        (
            mocks.clone().with_case("HapyPath").unwrap_err(),
            "no state machine has a test case `HapyPath`: did you mean `HappyPath`?",
        ),
        (
            mocks.of("LambdaSQSIntegration", Some("Sad")).unwrap_err(),
            "`LambdaSQSIntegration` has no test case `Sad`: there are HappyPath, RetryPath",
        ),
        (
            mocks.of("Lambda", Some("HappyPath")).unwrap_err(),
            "there is no test case `HappyPath`: the mocks have no state machine `Lambda`: there are LambdaSQSIntegration",
        ),
    ] {
        assert_eq!(said.to_string(), expected);
    }
}

#[test]
fn mocks_of_test_state_are_by_state_or_by_machine_and_state() {
    let mocks = read(&json!({
        "Everywhere": {"result": "{\"text\": 1}", "fieldValidationMode": "NONE"},
        "orders": {
            "Json": {"result": [1, 2]},
            "Failing": {"errorOutput": {"error": "Oops", "cause": "why"}},
            "Listed": [{"result": 1}, {"errorOutput": {"error": "E"}}],
        },
    }));
    let mut states = mocks.of("orders", None).unwrap();
    for _ in 0..3 {
        assert_eq!(
            states.take("Everywhere"),
            Some(Ok(MockedResult::Result("{\"text\": 1}".into())))
        );
        assert_eq!(states.take("Json"), result(json!([1, 2])));
        assert_eq!(states.take("Failing"), error("Oops", "why"));
    }
    assert_eq!(states.take("Listed"), result(json!(1)));
    let failure = Failure {
        error: Some("E".into()),
        cause: None,
    };
    assert_eq!(states.take("Listed"), Some(Ok(MockedResult::Error(failure))));
    assert!(states.take("Listed").unwrap().is_err());
    let mut others = mocks.of("others", None).unwrap();
    assert!(others.take("Everywhere").is_some() && others.take("Json").is_none());
}

#[test]
fn a_machine_takes_the_mocks_of_the_name_that_says_most_of_it() {
    let named = |result: u8| json!({"T": {"result": result}});
    let mocks = read(&json!({"orders": named(1), "nightly-orders": named(2)}));
    for (machine, expected) in [
        ("orders", 1),
        ("stack-orders", 1),
        ("nightly-orders", 2),
        ("stack-nightly-orders", 2),
        ("stack-nightly-orders-0a1B2c3D4e5F", 2),
    ] {
        let mut states = mocks.of(machine, None).unwrap();
        assert_eq!(states.take("T"), result(json!(expected)), "{machine}");
    }
}

#[test]
fn a_name_that_a_machine_has_does_not_stand_for_others() {
    let mocks = read(&json!({"orders": {"T": {"result": 1}}}));
    let is_mocked = |mocks: &Mocks, machine: &str| !mocks.of(machine, None).unwrap().is_empty();
    assert!(is_mocked(&mocks, "nightly-orders"));
    let among = mocks.clone().among(["orders", "nightly-orders"]);
    assert!(is_mocked(&among, "orders") && !is_mocked(&among, "nightly-orders"));
    let without = mocks.clone().among(["nightly-orders"]);
    assert!(is_mocked(&without, "nightly-orders"));
    let task = json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "End": true}}}).to_string();
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    assert_eq!(mocks.check(&[("orders", &task), ("nightly-orders", &pass)]), Ok(()));
    assert!(mocks.check(&[("nightly-orders", &pass)]).is_err());
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    let with = |pointer: &str, value: Value| {
        let mut file = local();
        *file.pointer_mut(pointer).unwrap() = value;
        file.to_string()
    };
    let success = "/MockedResponses/MockedLambdaSuccess";
    for (text, expected) in [
        ("{".to_owned(), "it is not JSON: "),
        ("[]".to_owned(), "it is not a JSON object"),
        (
            r#"{"StateMachines": {}, "MockedResponse": {}}"#.to_owned(),
            "`the file` has no `MockedResponse`: did you mean `MockedResponses`?",
        ),
        (
            with(
                "/StateMachines/LambdaSQSIntegration/TestCases/HappyPath/SQSState",
                json!("MockedSQSSucces"),
            ),
            "`StateMachines.LambdaSQSIntegration.TestCases.HappyPath.SQSState` is not among the MockedResponses: \
             `MockedSQSSucces`: did you mean `MockedSQSSuccess`?",
        ),
        (
            with(success, json!({"0": {"Return": 1, "Throw": {}}})),
            "`MockedResponses.MockedLambdaSuccess.0` must have either `Return` or `Throw`",
        ),
        (
            with(success, json!({"first": {"Return": 1}})),
            "`MockedResponses.MockedLambdaSuccess.first` must be a number such as \"0\", or a range such as \"1-2\"",
        ),
        (
            with(success, json!({"0-2": {"Return": 1}, "2": {"Return": 1}})),
            "`MockedResponses.MockedLambdaSuccess` has the invocation 2 twice",
        ),
        (
            with(success, json!({"0": {"Throw": {"Cause": "c"}}})),
            "`MockedResponses.MockedLambdaSuccess.0` must have `Error`, the error's name",
        ),
        (
            r#"{"Save": {"result": "done"}}"#.to_owned(),
            r#"`Save` has a `result` that is no text of JSON, as TestState wants it: for this text write "\"done\"""#,
        ),
        (
            r#"{"Save": {"result": 1, "errorOutput": {"error": "E"}}}"#.to_owned(),
            "`Save` must have either `result` or `errorOutput`",
        ),
        (
            r#"{"Save": {"result": 1, "fieldValidationMode": "LAX"}}"#.to_owned(),
            "`Save` has a `fieldValidationMode` that is none of STRICT, PRESENT and NONE",
        ),
        (
            r#"{"orders": {"Save": {"resul": 1}}}"#.to_owned(),
            "`orders.Save` must be a mock: an object with `result` or `errorOutput`, or a list of such",
        ),
    ] {
        let said = Mocks::read(&text).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn mocks_of_what_is_not_there_are_refused() {
    let definition = json!({"StartAt": "Save", "States": {
        "Save": {"Type": "Task", "Resource": FUNCTION, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 1, "End": true},
    }})
    .to_string();
    let machines = [("stack-orders", definition.as_str()), ("other", definition.as_str())];
    let one = json!({"result": 1});
    for (file, expected) in [
        (json!({"Save": one}), None),
        (json!({"orders": {"Save": one}}), None),
        (
            json!({"Sav": one}),
            Some("there is no state `Sav` in `stack-orders`, `other`: did you mean `Save`?"),
        ),
        (
            json!({"orders": {"Saves": one}}),
            Some("there is no state `Saves` in `stack-orders`: did you mean `Save`?"),
        ),
        (
            json!({"orders": {"Wait": one}}),
            Some("the state `Wait` of `stack-orders` is a Wait: only the work of Task states can be mocked"),
        ),
        (
            json!({"invoices": {"Save": one}}),
            Some("there is no state machine `invoices`: there are stack-orders, other"),
        ),
    ] {
        let said = read(&file).check(&machines).err().map(|it| it.to_string());
        assert_eq!(said.as_deref(), expected);
    }
}

#[test]
fn a_host_takes_a_mock_in_the_place_of_a_call() {
    let iteration = json!({"StartAt": "Work", "States": {"Work": {
        "Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["Busy"]}], "End": true,
    }}});
    let definition = json!({"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "ItemProcessor": iteration, "End": true,
    }}});
    let mocks = read(&json!({"Work": [
        {"result": "1"}, {"errorOutput": {"error": "Busy"}}, {"result": "3"}, {"result": "2"},
    ]}));
    let mut states = mocks.of("m", None).unwrap();
    let execution = run_with(&definition, &json!([1, 2, 3]), |task: &TaskRequest| {
        match states.take(&task.state).unwrap().unwrap() {
            MockedResult::Result(text) => Ok(Json::parse(&text).unwrap()),
            MockedResult::Error(failure) => Err(failure),
        }
    });
    assert_eq!(outcome(&execution), Ok(json!([1, 2, 3])));
}
