//! Invocations of functions: by their ARN, by `lambda:invoke` with its envelope, and by the SDK's integration.

use serde_json::{Value, json};
use states_language::{Command, Execution, Failure, Json, TaskRequest};

use crate::common::{FUNCTION, assert_told, outcome, run_with, single, start, told};
use crate::tasks::{later, now};

/// What `lambda:invoke` answers with, but for its headers.
fn envelope(payload: &Value) -> Value {
    json!({
        "ExecutedVersion": "$LATEST", "Payload": payload, "SdkHttpMetadata": {"HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": "r"}, "StatusCode": 200
    })
}

/// A task that invokes a function by the optimized integration, with these fields beside.
fn invoke(fields: Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "work", "Payload.$": "$"}
    });
    state
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    state
}

/// Runs a state whose function returns what it is given, in its envelope.
fn run_echo(state: Value, input: &Value) -> Execution {
    run_with(&single(state), input, |task: &TaskRequest| {
        let parameters = Value::from(&task.parameters);
        Ok::<Json, Failure>(Json::from(envelope(&parameters["Payload"])))
    })
}

#[test]
fn an_envelope_is_data_like_any_other() {
    let input = json!({"n": 1});
    let by_query = |fields: Value| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "QueryLanguage": "JSONata",
            "Arguments": {"FunctionName": "work", "Payload": "{% $states.input %}"}
        });
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        state
    };
    let cases = [
        (invoke(json!({})), envelope(&input)),
        (invoke(json!({"OutputPath": "$.Payload"})), input.clone()),
        (invoke(json!({"OutputPath": "$.StatusCode"})), json!(200)),
        (
            invoke(json!({"ResultSelector": {"p.$": "$.Payload.n", "v.$": "$.ExecutedVersion"}})),
            json!({"p": 1, "v": "$LATEST"}),
        ),
        (
            invoke(json!({"ResultSelector": {"is.$": "$.Payload"}, "ResultPath": "$.out"})),
            json!({"n": 1, "out": {"is": {"n": 1}}}),
        ),
        (invoke(json!({"ResultPath": null})), input.clone()),
        (
            invoke(json!({"ResultPath": "$.all", "OutputPath": "$.all.SdkHttpMetadata.HttpStatusCode"})),
            json!(200),
        ),
        (by_query(json!({})), envelope(&input)),
        (
            by_query(json!({"Output": "{% $states.result.Payload.n + $states.result.StatusCode %}"})),
            json!(201),
        ),
        (
            by_query(
                json!({"Output": {"got": "{% $states.result.Payload %}", "failed": "{% $exists($states.result.FunctionError) %}"}}),
            ),
            json!({"got": {"n": 1}, "failed": false}),
        ),
    ];
    for (state, expected) in cases {
        let execution = run_echo(state.clone(), &input);
        assert_eq!(outcome(&execution).as_ref(), Ok(&expected), "{state}");
        let envelope = envelope(&input);
        assert_told(
            &execution,
            &[
                r#"1<0 ExecutionStarted input={"n":1}"#,
                r#"2<0 TaskStateEntered name=S input={"n":1}"#,
                r#"3<2 TaskScheduled resourceType=lambda resource=invoke region=us-east-1 parameters={"FunctionName":"work","Payload":{"n":1}}"#,
                "4<3 TaskStarted resourceType=lambda resource=invoke",
                &format!("5<4 TaskSucceeded resourceType=lambda resource=invoke output={envelope}"),
                &format!("6<5 TaskStateExited name=S output={expected}"),
                &format!("7<6 ExecutionSucceeded output={expected}"),
            ],
        );
    }
}

#[test]
fn a_function_can_be_given_and_return_anything() {
    for value in [
        json!("text"),
        json!(0),
        json!(0.5),
        json!(true),
        json!(null),
        json!([]),
        json!([1, [2]]),
        json!({"a": {}}),
    ] {
        let mut execution = start(&single(json!({"Type": "Task", "Resource": FUNCTION})), &value);
        let [Command::StartTask(task)] = &execution.run(now())[..] else {
            panic!("no task")
        };
        execution.task_started(task.id, now()).unwrap();
        // What a function wrote stands in its own event as it was written.
        let text = format!(" {value}");
        execution.task_succeeded(task.id, &text, now()).unwrap();
        execution.run(now());
        assert_told(
            &execution,
            &[
                &format!("1<0 ExecutionStarted input={value}"),
                &format!("2<0 TaskStateEntered name=S input={value}"),
                &format!("3<2 LambdaFunctionScheduled resource={FUNCTION} input={value}"),
                "4<3 LambdaFunctionStarted",
                &format!("5<4 LambdaFunctionSucceeded output={text}"),
                &format!("6<5 TaskStateExited name=S output={value}"),
                &format!("7<6 ExecutionSucceeded output={value}"),
            ],
        );
        assert_eq!(
            outcome(&run_echo(invoke(json!({"OutputPath": "$.Payload"})), &value)),
            Ok(value)
        );
    }
}

/// What an exception of a function leads to: its name, and all that is known of it as text.
const CAUSE: &str = r#"{"errorMessage":"no more","errorType":"Empty","stackTrace":["line 1"]}"#;

#[test]
fn an_exception_of_a_function_has_its_own_name() {
    let fails = |_: &TaskRequest| Err::<Json, _>(Failure::new("Empty", CAUSE));
    let direct = run_with(&single(json!({"Type": "Task", "Resource": FUNCTION})), &json!(1), fails);
    assert_told(
        &direct,
        &[
            "1<0 ExecutionStarted input=1",
            "2<0 TaskStateEntered name=S input=1",
            &format!("3<2 LambdaFunctionScheduled resource={FUNCTION} input=1"),
            "4<3 LambdaFunctionStarted",
            &format!("5<4 LambdaFunctionFailed error=Empty cause={CAUSE}"),
            &format!("6<5 ExecutionFailed error=Empty cause={CAUSE}"),
        ],
    );
    let definition = json!({"StartAt": "S", "States": {
        "S": invoke(json!({
            "Next": "Fine", "OutputPath": "$.gone.away", "ResultPath": "$.Payload",
            "Catch": [{"ErrorEquals": ["Lambda.Unknown"], "Next": "Fine"}, {"ErrorEquals": ["Empty"], "Next": "Read"}]
        })),
        "Fine": {"Type": "Succeed"},
        "Read": {"Type": "Pass", "Parameters": {"why.$": "States.StringToJson($.Cause)"}, "OutputPath": "$.why.errorMessage", "End": true}
    }});
    // Neither `ResultPath` nor `OutputPath` is applied to what was caught.
    let escaped = serde_json::to_string(CAUSE).unwrap();
    let caught = format!(r#"{{"Error":"Empty","Cause":{escaped}}}"#);
    assert_told(
        &run_with(&definition, &json!(1), fails),
        &[
            "1<0 ExecutionStarted input=1",
            "2<0 TaskStateEntered name=S input=1",
            r#"3<2 TaskScheduled resourceType=lambda resource=invoke region=us-east-1 parameters={"FunctionName":"work","Payload":1}"#,
            "4<3 TaskStarted resourceType=lambda resource=invoke",
            &format!("5<4 TaskFailed resourceType=lambda resource=invoke error=Empty cause={CAUSE}"),
            &format!("6<5 TaskStateExited name=S output={caught}"),
            &format!("7<6 PassStateEntered name=Read input={caught}"),
            r#"8<7 PassStateExited name=Read output="no more""#,
            r#"9<8 ExecutionSucceeded output="no more""#,
        ],
    );
}

#[test]
fn each_attempt_is_scheduled_anew_after_the_one_that_failed() {
    let cases = [
        (
            json!({"Type": "Task", "Resource": FUNCTION}),
            format!("LambdaFunctionScheduled resource={FUNCTION} input=1"),
            "LambdaFunctionStarted",
            "LambdaFunctionFailed",
            "LambdaFunctionSucceeded",
        ),
        (
            invoke(json!({})),
            r#"TaskScheduled resourceType=lambda resource=invoke region=us-east-1 parameters={"FunctionName":"work","Payload":1}"#
                .to_owned(),
            "TaskStarted resourceType=lambda resource=invoke",
            "TaskFailed resourceType=lambda resource=invoke",
            "TaskSucceeded resourceType=lambda resource=invoke",
        ),
    ];
    for (mut state, scheduled, started, failed, succeeded) in cases {
        state["Retry"] = json!([{"ErrorEquals": ["Lambda.TooManyRequestsException", "Lambda.ServiceException"]}]);
        state["ResultSelector"] = json!({"attempts.$": "$$.State.RetryCount"});
        let mut errors = vec!["Lambda.ServiceException", "Lambda.TooManyRequestsException"];
        let execution = run_with(&single(state), &json!(1), |_: &TaskRequest| match errors.pop() {
            Some(error) => Err(Failure::new(error, "")),
            None => Ok(Json::from(7_i64)),
        });
        assert_told(
            &execution,
            &[
                "1<0 ExecutionStarted input=1",
                "2<0 TaskStateEntered name=S input=1",
                &format!("3<2 {scheduled}"),
                &format!("4<3 {started}"),
                &format!("5<4 {failed} error=Lambda.TooManyRequestsException cause="),
                &format!("6<5 {scheduled}"),
                &format!("7<6 {started}"),
                &format!("8<7 {failed} error=Lambda.ServiceException cause="),
                &format!("9<8 {scheduled}"),
                &format!("10<9 {started}"),
                &format!("11<10 {succeeded} output=7"),
                r#"12<11 TaskStateExited name=S output={"attempts":2}"#,
                r#"13<12 ExecutionSucceeded output={"attempts":2}"#,
            ],
        );
        // One second, and then two.
        assert_eq!(execution.stopped_at(), Some(later(3)));
    }
}

#[test]
fn the_sdks_integration_leaves_a_functions_error_to_the_definition() {
    let definition = json!({"StartAt": "S", "States": {
        "S": {
            "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:lambda:invoke", "Next": "C",
            "Parameters": {"FunctionName": "work", "Payload": "{}"}, "ResultSelector": {
                "said.$": "States.StringToJson($.Payload)", "status.$": "$.StatusCode", "error.$": "$.FunctionError"
            }
        },
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.error", "StringEquals": "Unhandled", "Next": "F"}], "Default": "E"},
        "F": {"Type": "Fail", "ErrorPath": "$.said.errorType", "CausePath": "$.said.errorMessage"},
        "E": {"Type": "Succeed"}
    }});
    let answer = json!({"ExecutedVersion": "3", "FunctionError": "Unhandled", "Payload": CAUSE, "StatusCode": 200});
    let execution = run_with(&definition, &json!({}), |_: &TaskRequest| {
        Ok::<_, Failure>(Json::from(answer.clone()))
    });
    assert_eq!(outcome(&execution), Err(("Empty".to_owned(), "no more".to_owned())));
    let told = told(&execution);
    assert_eq!(
        told[2..5],
        [
            r#"3<2 TaskScheduled resourceType=aws-sdk:lambda resource=invoke region=us-east-1 parameters={"FunctionName":"work","Payload":"{}"}"#
                .to_owned(),
            "4<3 TaskStarted resourceType=aws-sdk:lambda resource=invoke".to_owned(),
            format!("5<4 TaskSucceeded resourceType=aws-sdk:lambda resource=invoke output={answer}"),
        ]
    );
}

#[test]
fn a_function_with_a_token_answers_twice() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "work", "Payload": {"n.$": "$.n"}}, "ResultPath": "$.got"
    });
    let mut execution = start(&single(state), &json!({"n": 1}));
    let [Command::StartTask(task)] = &execution.run(now())[..] else {
        panic!("no task")
    };
    execution.task_started(task.id, now()).unwrap();
    execution
        .task_submitted(task.id, &envelope(&json!(null)).to_string(), now())
        .unwrap();
    assert_eq!(execution.run(later(9)), []);
    execution.task_succeeded(task.id, "\"done\"", later(9)).unwrap();
    execution.run(later(9));
    assert_told(
        &execution,
        &[
            r#"1<0 ExecutionStarted input={"n":1}"#,
            r#"2<0 TaskStateEntered name=S input={"n":1}"#,
            r#"3<2 TaskScheduled resourceType=lambda resource=invoke.waitForTaskToken region=us-east-1 parameters={"FunctionName":"work","Payload":{"n":1}}"#,
            "4<3 TaskStarted resourceType=lambda resource=invoke.waitForTaskToken",
            &format!(
                "5<4 TaskSubmitted resourceType=lambda resource=invoke.waitForTaskToken output={}",
                envelope(&json!(null))
            ),
            r#"6<5 TaskSucceeded resourceType=lambda resource=invoke.waitForTaskToken output="done""#,
            r#"7<6 TaskStateExited name=S output={"n":1,"got":"done"}"#,
            r#"8<7 ExecutionSucceeded output={"n":1,"got":"done"}"#,
        ],
    );
}

#[test]
fn a_function_that_takes_too_long_is_caught_without_a_cause() {
    let cases = [
        (
            json!({"Type": "Task", "Resource": FUNCTION}),
            format!("LambdaFunctionScheduled resource={FUNCTION} input=1 timeoutInSeconds=5"),
            "LambdaFunctionStarted",
            "LambdaFunctionTimedOut error=States.Timeout",
        ),
        (
            invoke(json!({})),
            r#"TaskScheduled resourceType=lambda resource=invoke region=us-east-1 parameters={"FunctionName":"work","Payload":1} timeoutInSeconds=5"#
                .to_owned(),
            "TaskStarted resourceType=lambda resource=invoke",
            "TaskTimedOut resourceType=lambda resource=invoke error=States.Timeout",
        ),
    ];
    for (mut state, scheduled, started, timed_out) in cases {
        state["TimeoutSeconds"] = json!(5);
        state["Catch"] = json!([{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]);
        state["End"] = json!(true);
        let definition = json!({"StartAt": "S", "States": {"S": state, "Late": {"Type": "Succeed"}}});
        let mut execution = start(&definition, &json!(1));
        let [Command::StartTask(task)] = &execution.run(now())[..] else {
            panic!("no task")
        };
        execution.task_started(task.id, now()).unwrap();
        assert_eq!(execution.run(later(5)), [Command::AbortTask { task: task.id }]);
        let caught = r#"{"Error":"States.Timeout","Cause":""}"#;
        assert_told(
            &execution,
            &[
                "1<0 ExecutionStarted input=1",
                "2<0 TaskStateEntered name=S input=1",
                &format!("3<2 {scheduled}"),
                &format!("4<3 {started}"),
                &format!("5<4 {timed_out}"),
                &format!("6<5 TaskStateExited name=S output={caught}"),
                &format!("7<6 SucceedStateEntered name=Late input={caught}"),
                &format!("8<7 SucceedStateExited name=Late output={caught}"),
                &format!("9<8 ExecutionSucceeded output={caught}"),
            ],
        );
    }
}
