//! What can be said of the deployed state machines before anything runs: calls that AWS does not know, that the account here
//! does not have, or that the role may not make; substitutions that were not made; and names that nothing has.
//!
//! Definitions are checked by [`states_language`] when they are created. Here is what a definition says about others.

mod absent;
mod finding;
mod integrations;
mod machine;
mod names;
mod permissions;
mod substitutions;

pub use finding::{About, Finding, Severity};
pub use machine::Machine;
pub(crate) use substitutions::names as substituted_names;

use crate::cloud::Cloud;
use platform::ServiceError;
use serde_json::json;
use states_language::calls;
use std::sync::Arc;

/// Looks at all state machines of the account, and says what is found: by state machine, and by the place in its
/// definition.
///
/// # Errors
/// Step Functions does not say which there are.
pub async fn look(cloud: &Arc<Cloud>) -> Result<Vec<Finding>, ServiceError> {
    let mut findings = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = json!({"nextToken": next});
        let listed = cloud.look("states", "ListStateMachines", page).await?.output;
        for machine in listed["stateMachines"].as_array().into_iter().flatten() {
            let arn = json!({"stateMachineArn": machine["stateMachineArn"]});
            let described = cloud.look("states", "DescribeStateMachine", arn).await?.output;
            findings.extend(of_machine(cloud, &Machine::read(&described)).await);
        }
        next = listed["nextToken"].as_str().map(str::to_owned);
        if next.is_none() {
            return Ok(findings);
        }
    }
}

/// What is to be said of one state machine, in the order of its definition.
pub async fn of_machine(cloud: &Arc<Cloud>, machine: &Machine) -> Vec<Finding> {
    // A definition that is not JSON has been refused as a whole.
    let Ok(calls) = calls(&machine.definition) else {
        return Vec::new();
    };
    let mut findings = integrations::look(machine, &calls);
    findings.extend(substitutions::look(machine));
    findings.extend(absent::look(cloud, machine, &calls));
    findings.extend(permissions::look(cloud, machine));
    findings.extend(names::look(cloud, machine, &calls).await);
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.severity));
    findings
}
