//! Permissions that a state machine's role lacks for what its definition calls.

use super::finding::{Finding, Place, Severity};
use super::machine::Machine;
use crate::cloud::Cloud;
use platform::Requirement;
use states_language::{MachineSettings, Necessity, Needed, permissions};
use std::collections::BTreeMap;

/// A state, what its actions are on, and how bad it is that they are not allowed.
type Where = (Option<String>, String, Severity);

/// What no statement of the role could allow, one finding for a state and a resource. Nothing is said of a role that the
/// account does not have, and of actions that may not be needed.
pub(super) fn look(cloud: &Cloud, machine: &Machine) -> Vec<Finding> {
    let account = &cloud.account;
    let settings = MachineSettings {
        partition: account.partition.clone(),
        region: account.region.clone(),
        account: account.id.clone(),
        name: machine.name.clone(),
        logs: machine.logs,
        traces: machine.traces,
    };
    let needed = permissions(&machine.definition, &settings).unwrap_or_default();
    let mut lacking: BTreeMap<Where, (Place, Vec<String>)> = BTreeMap::new();
    for needed in needed {
        let severity = match needed.necessity {
            Necessity::Certain => Severity::Error,
            Necessity::ToStop => Severity::Warning,
            Necessity::Documented => continue,
        };
        if cloud
            .iam
            .could_allow(&machine.role_arn, &requirement(&needed))
            .unwrap_or(true)
        {
            continue;
        }
        let state = needed.state.as_deref().map(str::to_owned);
        let place = Place {
            state: state.clone(),
            line: needed.line,
            column: needed.column,
        };
        let entry = lacking
            .entry((state, needed.resource, severity))
            .or_insert_with(|| (place, Vec::new()));
        entry.1.push(needed.action);
    }
    let role = machine.role_arn.rsplit('/').next().unwrap_or_default();
    let found = lacking.into_iter().map(|((_, resource, severity), (place, actions))| {
        let what = match (severity, &place.state) {
            (Severity::Warning, _) => "allows to stop the job with its execution",
            (_, Some(_)) => "allows the call",
            (_, None) => "allows the log or the traces",
        };
        let text = format!(
            "no policy of the role {role} {what}: add {} on {resource}",
            actions.join(", ")
        );
        machine.finding(severity, place, text)
    });
    found.collect()
}

fn requirement(needed: &Needed) -> Requirement {
    match needed.passed_to {
        Some(service) => Requirement::pass_role(&needed.resource, service),
        None => Requirement::new(&needed.action, &needed.resource),
    }
}
