//! The conditions of a template.

use super::fault::Fault;
use super::resolve::holds;
use super::scope::Scope;
use serde_json::{Map, Value};

/// Decides the template's conditions. They may name each other in any order.
pub(super) fn decide(conditions: &Map<String, Value>, scope: &mut Scope) -> Result<(), Fault> {
    let mut open: Vec<(&String, &Value)> = conditions.iter().collect();
    while !open.is_empty() {
        let before = open.len();
        let mut waiting = Vec::new();
        for (name, condition) in open {
            if names_any(condition, conditions, scope) {
                waiting.push((name, condition));
            } else {
                let decided = holds(condition, scope).map_err(|fault| fault.within(name))?;
                scope.decided(name, decided);
            }
        }
        if waiting.len() == before {
            return Err(Fault::new("is part of a circle of conditions").within(waiting[0].0));
        }
        open = waiting;
    }
    Ok(())
}

/// Whether a condition names another one of the template that is not decided yet.
fn names_any(condition: &Value, all: &Map<String, Value>, scope: &Scope) -> bool {
    match condition {
        Value::Object(fields) => fields.iter().any(|(key, value)| match (key.as_str(), value) {
            ("Condition", Value::String(name)) => all.contains_key(name) && !scope.has_decided(name),
            _ => names_any(value, all, scope),
        }),
        Value::Array(items) => items.iter().any(|item| names_any(item, all, scope)),
        _ => false,
    }
}
