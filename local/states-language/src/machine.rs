//! State machines: definitions that were read and found valid.

use std::sync::Arc;

use crate::finding::{Finding, Findings, InvalidDefinition, Severity};
use crate::json::Json;

/// A state machine, ready to be executed. Copies share everything.
#[derive(Clone, Debug)]
pub struct StateMachine(pub(crate) Arc<Inner>);

/// What the copies share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) text: Arc<str>,
}

impl StateMachine {
    /// Reads a definition, and refuses it when CreateStateMachine would.
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
    let mut findings = Findings::new(text);
    match Json::parse(text) {
        Ok(_) => (
            Some(StateMachine(Arc::new(Inner { text: text.into() }))),
            findings.into_list(),
        ),
        Err(error) => {
            findings.invalid_json(&error);
            (None, findings.into_list())
        }
    }
}
