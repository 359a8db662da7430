//! What SAM makes of its own resources: functions, layers, roles, rules, permissions, versions and aliases, under the logical
//! ids that SAM gives them.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>.

mod events;
mod function;
mod globals;
mod layer;
mod parent;
mod policies;
mod state_machine;

use super::fault::Fault;
use parent::Parent;
use serde_json::{Map, Value};
use std::path::Path;

/// A template's resources with those of SAM expanded; `directory` is where the template's relative paths start.
pub(super) fn expand(
    declared: Map<String, Value>,
    globals: &Map<String, Value>,
    directory: &Path,
) -> Result<Map<String, Value>, Fault> {
    globals::check(globals)?;
    let mut resources = Map::new();
    for (id, resource) in declared {
        match resource.get("Type").and_then(Value::as_str) {
            Some(kind) if kind.starts_with("AWS::Serverless::") => {
                let parent = Parent::read(&id, kind, &resource, globals).map_err(|fault| fault.within(&id))?;
                let expanded = match kind {
                    "AWS::Serverless::Function" => function::expand(&parent, directory),
                    "AWS::Serverless::LayerVersion" => layer::expand(&parent, directory),
                    "AWS::Serverless::StateMachine" => state_machine::expand(&parent, directory),
                    _ => Err(Fault::new(format_args!("the local run has no `{kind}`"))),
                };
                for (id, generated) in expanded.map_err(|fault| fault.within(&id))? {
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
    Ok(resources)
}
