//! `Globals`: properties for all resources of one of SAM's types.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>.

use super::super::fault::Fault;
use serde_json::{Map, Value};

/// Refuses sections that are no map. Those of resources that the local run does not have are never looked at.
pub(super) fn check(globals: &Map<String, Value>) -> Result<(), Fault> {
    match globals.iter().find(|(_, section)| !section.is_object()) {
        Some((name, _)) => Err(Fault::new("must be a map").within(name)),
        None => Ok(()),
    }
}

/// The globals of a resource's type, with the resource's own properties merged into them.
pub(super) fn merged(globals: &Map<String, Value>, kind: &str, own: Map<String, Value>) -> Map<String, Value> {
    let section = kind.strip_prefix("AWS::Serverless::").unwrap_or(kind);
    match globals.get(section) {
        Some(Value::Object(global)) => merge_maps(global, own),
        _ => own,
    }
}

/// Maps are merged, lists are appended, anything else is replaced.
fn merge(global: &Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(global), Value::Object(own)) if !is_function(global) && !is_function(&own) => {
            Value::Object(merge_maps(global, own))
        }
        (Value::Array(global), Value::Array(own)) => Value::Array(global.iter().cloned().chain(own).collect()),
        (_, own) => own,
    }
}

fn merge_maps(global: &Map<String, Value>, own: Map<String, Value>) -> Map<String, Value> {
    let mut merged = global.clone();
    for (name, value) in own {
        let value = match global.get(&name) {
            Some(global) => merge(global, value),
            None => value,
        };
        merged.insert(name, value);
    }
    merged
}

/// Whether a value is an intrinsic function: it is replaced as a whole, and not merged.
fn is_function(fields: &Map<String, Value>) -> bool {
    super::super::resolve::function(fields).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn own_properties_come_over_globals() {
        let global = json!({
            "MemorySize": 128,
            "Environment": {"Variables": {"A": "1", "B": "1"}},
            "Architectures": ["arm64"],
            "Role": {"Ref": "A"},
        });
        let own = json!({
            "MemorySize": 256,
            "Environment": {"Variables": {"B": "2"}},
            "Architectures": ["x86_64"],
            "Role": {"Fn::GetAtt": "B.Arn"},
        });
        let expected = json!({
            "MemorySize": 256,
            "Environment": {"Variables": {"A": "1", "B": "2"}},
            "Architectures": ["arm64", "x86_64"],
            "Role": {"Fn::GetAtt": "B.Arn"},
        });
        assert_eq!(merge(&global, own), expected);
    }
}
