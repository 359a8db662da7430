//! State machines: definitions that were read and found valid.

use std::sync::Arc;

use super::flow::Flow;
use super::reading::{Fields, Finding, Findings, InvalidDefinition, NO_OBJECT, Severity, code};
use crate::text::Json;

/// The longest definition that AWS takes, in bytes.
const MAX_DEFINITION: usize = 1_048_576;

/// A state machine, ready to be executed. Copies share everything.
#[derive(Clone, Debug)]
pub struct StateMachine(pub(crate) Arc<Inner>);

/// What the copies share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) text: Arc<str>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) timeout_seconds: Option<u64>,
}

impl StateMachine {
    /// Reads a definition, and refuses it when CreateStateMachine would.
    ///
    /// ```
    /// use states_language::StateMachine;
    ///
    /// let refused = StateMachine::parse(
    ///     r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}"#,
    /// );
    /// let finding = &refused.unwrap_err().findings[0];
    /// assert_eq!((finding.code, &*finding.pointer), ("MISSING_TRANSITION_TARGET", "/States/A/Next"));
    /// ```
    pub fn parse(text: &str) -> Result<StateMachine, InvalidDefinition> {
        let (machine, findings) = read(text);
        match machine {
            Some(machine) if findings.iter().all(|finding| finding.severity == Severity::Warning) => Ok(machine),
            _ => Err(InvalidDefinition { findings }),
        }
    }

    /// Everything there is to say about a definition, errors first; nothing when it is in order.
    #[must_use]
    pub fn validate(text: &str) -> Vec<Finding> {
        read(text).1
    }

    /// The definition as it was given.
    #[must_use]
    pub fn definition(&self) -> &str {
        &self.0.text
    }
}

fn read(text: &str) -> (Option<StateMachine>, Vec<Finding>) {
    let findings = Findings::new(text);
    let machine = match Json::parse(text) {
        _ if text.len() > MAX_DEFINITION => {
            findings.error(code::SCHEMA, "", "The definition is longer than 1 MB");
            None
        }
        Ok(definition) => read_definition(text, &definition, &findings),
        Err(_) if text.is_empty() => {
            findings.error(code::SCHEMA, "", NO_OBJECT);
            None
        }
        Err(error) => {
            findings.invalid_json(&error);
            None
        }
    };
    (machine, findings.into_list())
}

fn read_definition(text: &str, definition: &Json, findings: &Findings<'_>) -> Option<StateMachine> {
    let Json::Object(object) = definition else {
        findings.error(code::SCHEMA, "", NO_OBJECT);
        return None;
    };
    let fields = Fields::of_machine(object, findings);
    fields.text("Comment");
    if let Some(version) = fields.text("Version")
        && version != "1.0"
    {
        fields.error("Version", "The version of the States Language must be '1.0'");
    }
    let timeout_seconds = fields.whole("TimeoutSeconds", 0, 99_999_999).map(u64::from);
    // AWS takes a zero.
    let timeout_seconds = timeout_seconds.filter(|seconds| *seconds > 0);
    let flow = Flow::parse(&fields, true);
    fields.finish();
    Some(StateMachine(Arc::new(Inner {
        text: text.into(),
        flow: Arc::new(flow?),
        timeout_seconds,
    })))
}
