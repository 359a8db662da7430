//! Integrations that AWS does not know.

use super::finding::{About, Finding, Severity};
use super::machine::Machine;
use states_language::{Call, misuse};

/// What is misspelt, or waited for in a way that there is not.
pub(super) fn look(machine: &Machine, calls: &[Call]) -> Vec<Finding> {
    let found = calls.iter().filter_map(|call| {
        let misuse = misuse(call, machine.kind)?;
        let severity = match misuse.severity {
            states_language::Severity::Error => Severity::Error,
            states_language::Severity::Warning => Severity::Warning,
        };
        Some(machine.at((About::Integration, severity), call, misuse.text))
    });
    found.collect()
}
