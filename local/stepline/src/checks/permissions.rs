//! Permissions that a state machine's role lacks for what its definition calls.

use super::finding::{About, Finding, Place, Severity};
use super::machine::Machine;
use crate::cloud::Cloud;
use platform::Requirement;
use states_language::{Necessity, Needed, permissions};
use std::collections::BTreeMap;

/// A state, what its actions are on, and what becomes of it without.
type Where = (Option<String>, String, Necessity);

/// What no statement of the role could allow, one finding for a state and a resource. Nothing is said of a role that the
/// account does not have, and of actions that may not be needed.
pub(super) fn look(cloud: &Cloud, machine: &Machine) -> Vec<Finding> {
    let settings = machine.settings(&cloud.account);
    let needed = permissions(&machine.definition, &settings).unwrap_or_default();
    let mut lacking: BTreeMap<Where, (Place, Vec<String>)> = BTreeMap::new();
    for needed in needed {
        let could_be = cloud.iam.could_allow(&machine.role_arn, &requirement(&needed));
        if could_be.unwrap_or(true) || needed.necessity == Necessity::Documented {
            continue;
        }
        let state = needed.state.as_deref().map(str::to_owned);
        let place = Place {
            state: state.clone(),
            line: needed.line,
            column: needed.column,
        };
        let entry = lacking.entry((state, needed.resource, needed.necessity));
        entry.or_insert_with(|| (place, Vec::new())).1.push(needed.action);
    }
    let found = lacking
        .into_iter()
        .map(|((_, resource, necessity), (place, actions))| said(machine, &resource, necessity, (place, actions)));
    found.collect()
}

fn said(machine: &Machine, resource: &str, necessity: Necessity, (place, actions): (Place, Vec<String>)) -> Finding {
    let role = machine.role_arn.rsplit('/').next().unwrap_or_default();
    let (severity, what) = match (necessity, &place.state) {
        (Necessity::Certain, Some(_)) => (Severity::Error, "allows the call"),
        (Necessity::Certain, None) => (Severity::Error, "allows the log or the traces"),
        (Necessity::ToFollow, _) => (Severity::Warning, "allows to ask how the job goes"),
        (Necessity::ToStop | Necessity::Documented, _) => {
            (Severity::Warning, "allows to stop the job with its execution")
        }
    };
    let text = format!(
        "no policy of the role {role} {what}: add {} on {resource}",
        actions.join(", ")
    );
    machine.finding((About::Permission, severity), place, text)
}

fn requirement(needed: &Needed) -> Requirement {
    match needed.passed_to {
        Some(service) => Requirement::pass_role(&needed.resource, service),
        None => Requirement::new(&needed.action, &needed.resource),
    }
}
