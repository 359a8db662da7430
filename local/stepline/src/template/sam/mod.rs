//! What SAM makes of its own resources: functions, roles, rules, permissions, versions and aliases, under the logical
//! ids that SAM gives them.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>.

mod events;
mod function;
mod globals;
mod parent;
mod policies;
mod policy_templates;
mod state_machine;

use super::fault::Fault;
use parent::Parent;
use serde_json::{Map, Value};
use std::path::Path;

/// What came of SAM's resources.
pub(super) struct Expanded {
    /// All resources of the template, under their logical ids.
    pub(super) resources: Map<String, Value>,
    /// What the local run does not have.
    pub(super) passed_over: Vec<Fault>,
}

/// A template's resources with those of SAM expanded; `directory` is where the template's relative paths start, unless its
/// files have been uploaded. Types that are not here stay as they are.
pub(super) fn expand(
    declared: Map<String, Value>,
    globals: &Map<String, Value>,
    directory: Option<&Path>,
) -> Result<Expanded, Fault> {
    globals::check(globals)?;
    let (mut resources, mut passed_over) = (Map::new(), Vec::new());
    for (id, resource) in declared {
        match resource.get("Type").and_then(Value::as_str) {
            Some(kind @ ("AWS::Serverless::Function" | "AWS::Serverless::StateMachine")) => {
                let parent = Parent::read(&id, kind, &resource, globals).map_err(|fault| fault.within(&id))?;
                let expanded = match kind {
                    "AWS::Serverless::Function" => function::expand(&parent, directory),
                    _ => state_machine::expand(&parent, directory),
                };
                let expanded = match expanded {
                    // As a resource of a type that the local run does not have.
                    Err(fault) if fault.is_absent() => {
                        passed_over.push(fault.within(&id));
                        vec![(id.clone(), resource)]
                    }
                    expanded => {
                        let expanded = expanded.map_err(|fault| fault.within(&id))?;
                        passed_over.extend(parent.passed_over());
                        expanded
                    }
                };
                for (id, generated) in expanded {
                    if resources.insert(id.clone(), generated).is_some() {
                        return Err(Fault::new("is also the id of a resource that SAM generates").within(id));
                    }
                }
            }
            _ => {
                if resources.insert(id.clone(), resource).is_some() {
                    return Err(Fault::new("is also the id of a resource that SAM generates").within(id));
                }
            }
        }
    }
    Ok(Expanded { resources, passed_over })
}
