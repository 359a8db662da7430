//! Calls that the account here does not have.

use super::finding::{About, Finding, Severity};
use super::machine::Machine;
use crate::cloud::Cloud;
use services::states::lacks;
use states_language::{Call, CallKind, Severity as Known, Target, misuse};

/// One note for each call that ends an execution here unless it is mocked. What AWS would refuse is said elsewhere.
pub(super) fn look(cloud: &Cloud, machine: &Machine, calls: &[Call]) -> Vec<Finding> {
    let tasks = calls.iter().filter(|call| call.kind == CallKind::Task);
    let known = tasks.filter(|call| misuse(call, machine.kind).is_none_or(|it| it.severity == Known::Warning));
    let found = known.filter_map(|call| {
        let Target::Integration(integration) = &call.target else {
            return None;
        };
        let why = lacks(cloud, integration)?;
        Some(machine.at((About::Absence, Severity::Note), call, note(&why)))
    });
    found.collect()
}

/// What is said of a call that cannot be made here.
pub(super) fn note(why: &str) -> String {
    format!("{why}: an execution ends there, unless --mock FILE gives the state an outcome")
}
