//! ValidateStateMachineDefinition.

use crate::error::ServiceError;
use crate::services::input::read;
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{Severity, StateMachine};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    definition: String,
    #[serde(rename = "type")]
    #[expect(dead_code, reason = "nothing that is found depends on the type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<usize>,
}

/// Says what is wrong with a definition:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html>.
pub(super) fn validate(input: &Value) -> Result<Value, ServiceError> {
    let input: Input = read(input)?;
    let warnings = input.severity.as_deref() == Some("WARNING");
    let mut findings = StateMachine::validate(&input.definition);
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    findings.retain(|finding| warnings || finding.severity == Severity::Error);
    let most = input.max_results.filter(|most| *most > 0).unwrap_or(100);
    let truncated = findings.len() > most;
    findings.truncate(most);
    let diagnostics = findings.into_iter().map(|finding| {
        json!({
            "severity": finding.severity.name(),
            "code": finding.code,
            "message": finding.message,
            "location": finding.pointer,
        })
    });
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "truncated": truncated,
    }))
}
