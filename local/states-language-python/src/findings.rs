//! What is wrong with a definition.

use pyo3::prelude::*;
use states_language::{ExecutionType, Severity, StateMachine, calls, misuse};

/// One finding: AWS's words for the severity and the kind, what is wrong, and where.
#[pyclass(frozen, get_all, module = "states_language._native")]
pub(crate) struct Finding {
    severity: &'static str,
    code: &'static str,
    message: String,
    pointer: String,
    line: usize,
    column: usize,
}

/// The code of findings about calls, for which AWS has no other.
const CALL: &str = "SCHEMA_VALIDATION_FAILED";

/// Everything there is to say about a definition, errors first: what CreateStateMachine refuses, and calls of what AWS has
/// not.
#[pyfunction]
pub(crate) fn validate(py: Python<'_>, definition: &str, is_express: bool) -> Vec<Finding> {
    py.detach(|| found(definition, is_express))
}

fn found(definition: &str, is_express: bool) -> Vec<Finding> {
    let own = StateMachine::validate(definition);
    let kind = if is_express {
        ExecutionType::Express
    } else {
        ExecutionType::Standard
    };
    // A text that is no JSON makes no calls.
    let calls = calls(definition).unwrap_or_default();
    let misused = calls.iter().filter_map(|call| Some((call, misuse(call, kind)?)));
    // What the definition was refused for already is told once.
    let misused = misused.filter(|(call, _)| own.iter().all(|finding| finding.pointer != call.pointer));
    let misused: Vec<Finding> = misused.map(|(call, wrong)| of_call(call, wrong)).collect();
    let mut all: Vec<Finding> = own.into_iter().map(Finding::from).chain(misused).collect();
    all.sort_by_key(|finding| finding.severity != Severity::Error.name());
    all
}

fn of_call(call: &states_language::Call, wrong: states_language::Misuse) -> Finding {
    Finding {
        severity: wrong.severity.name(),
        code: CALL,
        message: wrong.text,
        pointer: call.pointer.clone(),
        line: call.line,
        column: call.column,
    }
}

impl From<states_language::Finding> for Finding {
    fn from(finding: states_language::Finding) -> Finding {
        Finding {
            severity: finding.severity.name(),
            code: finding.code,
            message: finding.message,
            pointer: finding.pointer,
            line: finding.line,
            column: finding.column,
        }
    }
}

/// What a name was probably meant to be, of those that there are.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "what Python gives is made for the call")]
pub(crate) fn closest(name: &str, known: Vec<String>) -> Option<String> {
    states_language::closest(name, known.iter().map(String::as_str)).map(str::to_owned)
}
