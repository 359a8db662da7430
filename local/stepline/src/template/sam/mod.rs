//! What SAM makes of its own resources: functions, roles, rules, permissions, versions and aliases, under the logical
//! ids that SAM gives them.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>.

mod events;
mod function;
mod globals;
mod policies;
mod state_machine;

use super::fault::Fault;
use super::known;
use serde_json::{Map, Value, json};
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
                    "AWS::Serverless::Function" => function::expand(&parent),
                    "AWS::Serverless::StateMachine" => state_machine::expand(&parent, directory),
                    _ => Err(Fault::new(format_args!("the local run has no `{kind}`"))),
                };
                for (id, generated) in expanded.map_err(|fault| fault.within(&id))? {
                    if resources.insert(id.clone(), generated).is_some() {
                        return Err(Fault::new("is the id of a resource that SAM generates, too").within(id));
                    }
                }
            }
            _ => {
                if resources.insert(id.clone(), resource).is_some() {
                    return Err(Fault::new("is the id of a resource that SAM generates, too").within(id));
                }
            }
        }
    }
    Ok(resources)
}

/// Resources by logical id, as an expansion gives them.
type Generated = Vec<(String, Value)>;

/// A resource of SAM's with its globals.
struct Parent<'r> {
    id: &'r str,
    properties: Map<String, Value>,
    metadata: Option<&'r Value>,
    condition: Option<&'r Value>,
    depends_on: Option<&'r Value>,
}

impl<'r> Parent<'r> {
    fn read(id: &'r str, kind: &str, resource: &'r Value, globals: &Map<String, Value>) -> Result<Self, Fault> {
        let own = match resource.get("Properties") {
            None => Map::new(),
            Some(Value::Object(own)) => own.clone(),
            Some(_) => return Err(Fault::new("must be a map").within("Properties")),
        };
        Ok(Self {
            id,
            properties: globals::merged(globals, kind, own),
            metadata: resource.get("Metadata"),
            condition: resource.get("Condition"),
            depends_on: resource.get("DependsOn"),
        })
    }

    /// A generated resource, under the same condition.
    fn generate(&self, kind: &str, properties: Value) -> Value {
        let mut generated = Map::new();
        generated.insert("Type".into(), kind.into());
        if let Some(condition) = self.condition {
            generated.insert("Condition".into(), condition.clone());
        }
        generated.insert("Properties".into(), properties);
        Value::Object(generated)
    }

    /// The generated resource that has the parent's id, and waits for what the parent waits for.
    fn generate_main(&self, kind: &str, properties: Map<String, Value>) -> (String, Value) {
        let mut generated = self.generate(kind, Value::Object(properties));
        if let Some(depends_on) = self.depends_on {
            generated["DependsOn"] = depends_on.clone();
        }
        (self.id.to_owned(), generated)
    }
}

/// `{"Ref": id}`.
fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// `{"Fn::GetAtt": [id, attribute]}`.
fn attribute(id: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [id, attribute] })
}

/// SAM writes tags as a map, CloudFormation as a list.
fn tag_list(tags: &Value) -> Result<Value, Fault> {
    let tags = tags
        .as_object()
        .ok_or_else(|| Fault::new("must be a map").within("Tags"))?;
    let tags = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    Ok(tags.collect())
}

/// Copies properties that mean the same under the same name.
fn copy(from: &Map<String, Value>, names: &[&str], to: &mut Map<String, Value>) {
    for name in names {
        if let Some(value) = from.get(*name) {
            to.insert((*name).to_owned(), value.clone());
        }
    }
}

/// Refuses properties that are not known.
fn known_properties(properties: &Map<String, Value>, lists: &[&[&str]], what: &str) -> Result<(), Fault> {
    known(properties, &lists.concat(), what)
}
