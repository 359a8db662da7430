//! The operations on definitions alone: ValidateStateMachineDefinition and TestState.

use super::express;
use super::type_name::kind_of;
use crate::states::registry::StepFunctions;
use crate::states::rows::{on_all, pass_role};
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{
    Failure, Inspection, MockedResult, Severity, StateMachine, TestStateError, TestStateOptions, test_state as test,
};

/// The rows of these operations.
pub(super) fn operations() -> [Operation<StepFunctions>; 2] {
    [
        on_all("ValidateStateMachineDefinition", |_, _, input| validate(&input)),
        Operation::new("TestState", may_test_state, |_, _: &Call, input| test_state(input)),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Validate {
    definition: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<usize>,
}

/// Says what is wrong with a definition:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html>.
fn validate(input: &Validate) -> Result<Value, ServiceError> {
    let warnings = input.severity.as_deref() == Some("WARNING");
    let mut findings = StateMachine::validate(&input.definition);
    findings.extend(express::findings(kind_of(input.kind.as_deref())?, &input.definition));
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    findings.retain(|finding| warnings || finding.severity == Severity::Error);
    let most = input.max_results.filter(|most| *most > 0).unwrap_or(100);
    let truncated = findings.len() > most;
    findings.truncate(most);
    let diagnostics = findings.into_iter().map(|finding| {
        let mut diagnostic = json!({
            "severity": finding.severity.name(),
            "code": finding.code,
            "message": finding.message,
        });
        // AWS names no place for a workflow without an end.
        if finding.code != "MISSING_END_STATE" || !finding.pointer.is_empty() {
            diagnostic["location"] = finding.pointer.into();
        }
        diagnostic
    });
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "truncated": truncated,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TestState {
    definition: String,
    role_arn: Option<String>,
    #[serde(default)]
    input: String,
    inspection_level: Option<InspectionLevel>,
    variables: Option<String>,
    context: Option<String>,
    state_name: Option<String>,
    mock: Option<Mock>,
    #[serde(default)]
    state_configuration: Configuration,
}

/// How much is told of the data on its way through the state. TRACE adds what an HTTP Task sent, and a mock sends nothing.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum InspectionLevel {
    Info,
    Debug,
    Trace,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mock {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    #[expect(dead_code, reason = "a mock is taken as it is, as with NONE")]
    field_validation_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Configuration {
    #[serde(default)]
    retrier_retry_count: u32,
}

/// IAM is asked whether the caller may give the role. Nothing is done as the role: a mock does the state's work.
fn may_test_state(_: &StepFunctions, _: &Platform, input: &TestState) -> Result<Vec<Requirement>, ServiceError> {
    let role = input.role_arn.as_deref().map(pass_role);
    Ok(role
        .into_iter()
        .chain([Requirement::new("states:TestState", "*")])
        .collect())
}

/// Runs one state with a mock in place of its work:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>.
fn test_state(input: TestState) -> Result<Value, ServiceError> {
    let mock = match input.mock {
        None => None,
        Some(Mock {
            result: Some(result),
            error_output: None,
            ..
        }) => Some(MockedResult::Result(result)),
        Some(Mock {
            result: None,
            error_output: Some(output),
            ..
        }) => Some(MockedResult::Error(Failure {
            error: output.error.map(Into::into),
            cause: output.cause.map(Into::into),
        })),
        Some(_) => return Err(ServiceError::validation("A mock has either a result or an errorOutput")),
    };
    let options = TestStateOptions {
        input: input.input,
        variables: input.variables,
        context: input.context,
        mock,
        retrier_retry_count: input.state_configuration.retrier_retry_count,
        state_name: input.state_name,
        ..TestStateOptions::default()
    };
    let result = test(&input.definition, options).map_err(|error| match error {
        TestStateError::InvalidDefinition(_) => ServiceError::new("InvalidDefinition", error),
        other => ServiceError::validation(other),
    })?;
    let mut shown = json!({"status": result.status.name()});
    if matches!(
        input.inspection_level,
        Some(InspectionLevel::Debug | InspectionLevel::Trace)
    ) {
        shown["inspectionData"] = inspected(result.inspection);
    }
    let failure = result.failure.unwrap_or_default();
    let fields = [
        ("output", result.output),
        ("error", failure.error.map(|error| error.to_string())),
        ("cause", failure.cause.map(|cause| cause.to_string())),
        ("nextState", result.next_state.map(|state| state.to_string())),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            shown[field] = value.into();
        }
    }
    Ok(shown)
}

/// The data on its way through the state, what there is of it:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html>.
fn inspected(inspection: Inspection) -> Value {
    let fields = [
        ("input", inspection.input),
        ("afterInputPath", inspection.after_input_path),
        ("afterParameters", inspection.after_parameters),
        ("afterArguments", inspection.after_arguments),
        ("result", inspection.result),
    ];
    let told = fields
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
    Value::Object(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(input: Value) -> Result<Value, ServiceError> {
        test_state(serde_json::from_value(input).expect("an input"))
    }

    #[test]
    fn a_state_is_tested_with_a_mock() {
        let definition = json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
            "ResultSelector": {"status.$": "$.ProcessingJobStatus"},
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Tell"}],
            "Next": "Report",
        })
        .to_string();
        for (mock, expected) in [
            (
                json!({"result": "{\"ProcessingJobStatus\": \"Completed\"}"}),
                json!({"status": "SUCCEEDED", "output": "{\"status\":\"Completed\"}", "nextState": "Report"}),
            ),
            (
                json!({"errorOutput": {"error": "Other", "cause": "why"}}),
                json!({
                    "status": "CAUGHT_ERROR", "error": "Other", "cause": "why", "nextState": "Tell",
                    "output": "{\"Error\":\"Other\",\"Cause\":\"why\"}",
                }),
            ),
        ] {
            let answer = tested(json!({"definition": definition, "mock": mock})).unwrap();
            assert_eq!(answer, expected);
        }
        let mock = json!({"result": "{\"ProcessingJobStatus\": \"Completed\"}"});
        let answer = tested(json!({"definition": definition, "mock": mock, "inspectionLevel": "DEBUG"})).unwrap();
        assert_eq!(answer["inspectionData"]["input"], "{}");
        assert_eq!(
            answer["inspectionData"]["result"],
            r#"{"ProcessingJobStatus":"Completed"}"#
        );
        let error = tested(json!({"definition": definition})).unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert_eq!(
            tested(json!({"definition": "{}"})).unwrap_err().code,
            "InvalidDefinition"
        );
    }
}
