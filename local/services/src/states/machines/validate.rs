//! ValidateStateMachineDefinition.

use super::express;
use super::type_name::kind_of;
use crate::states::registry::StepFunctions;
use crate::states::rows::on_all;
use platform::{Operation, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{Finding, Severity, StateMachine};

/// The row of the operation.
pub(super) fn operation() -> Operation<StepFunctions> {
    on_all("ValidateStateMachineDefinition", |_, _, input| validate(&input))
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
        if let Some(location) = location(&finding) {
            diagnostic["location"] = location.into();
        }
        diagnostic
    });
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "truncated": truncated,
    }))
}

/// Where AWS says that it is. Text that is no JSON has a line and a column.
fn location(finding: &Finding) -> Option<String> {
    if finding.code == "INVALID_JSON_DESCRIPTION" {
        return Some(format!("line: {}, column: {}", finding.line, finding.column));
    }
    finding.location().map(str::to_owned)
}
