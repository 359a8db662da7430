//! The order in which resources can be created.

use super::fault::Fault;
use super::resolve::{Piece, attribute_of, chosen, function, pieces};
use super::scope::Scope;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The logical ids, each after those that it depends on; otherwise in the template's order.
pub(super) fn creation(resources: &Map<String, Value>, scope: &Scope) -> Result<Vec<String>, Fault> {
    let mut waiting: Vec<(&String, BTreeSet<String>)> = Vec::with_capacity(resources.len());
    for (id, resource) in resources {
        // What SAM would make several resources of can be in a circle as one, and is not made here.
        let names = match is_unexpanded(resource) {
            true => BTreeSet::new(),
            false => dependencies(resource, scope).map_err(|fault| fault.within(id))?,
        };
        let depends = names.into_iter().filter(|name| resources.contains_key(name));
        waiting.push((id, depends.collect()));
    }
    let mut order: Vec<String> = Vec::with_capacity(resources.len());
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .position(|(_, depends)| depends.iter().all(|name| order.contains(name)));
        let Some(ready) = ready else {
            let names: Vec<&str> = waiting.iter().map(|(id, _)| id.as_str()).collect();
            return Err(Fault::new(format_args!(
                "Circular dependency between resources: [{}]",
                names.join(", ")
            )));
        };
        order.push(waiting.remove(ready).0.clone());
    }
    Ok(order)
}

/// Whether a resource is one of SAM's that the local run does not have.
pub(super) fn is_unexpanded(resource: &Value) -> bool {
    let kind = resource.get("Type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
}

/// Refuses names of resources that a condition leaves out, in AWS's words. To depend on such a one is no fault.
pub(super) fn refuse_absent(
    absent: &[String],
    resources: &Map<String, Value>,
    outputs: &Map<String, Value>,
    scope: &Scope,
) -> Result<(), Fault> {
    let named = |values: Vec<&Value>| -> Result<String, Fault> {
        let mut names = BTreeSet::new();
        values
            .into_iter()
            .try_for_each(|value| collect(value, scope, &mut names))?;
        let missing: Vec<&str> = absent
            .iter()
            .map(String::as_str)
            .filter(|id| names.contains(*id))
            .collect();
        Ok(missing.join(", "))
    };
    let missing = named(
        resources
            .values()
            .filter_map(|resource| resource.get("Properties"))
            .collect(),
    )?;
    if !missing.is_empty() {
        return Err(Fault::new(format_args!(
            "Template format error: Unresolved resource dependencies [{missing}] in the Resources block of the template"
        )));
    }
    let is_there = |output: &&Value| {
        let condition = output.get("Condition").and_then(Value::as_str);
        condition.is_none_or(|condition| scope.condition(condition).unwrap_or(true))
    };
    let missing = named(outputs.values().filter(is_there).collect())?;
    if !missing.is_empty() {
        return Err(Fault::new(format_args!(
            "Unresolved resource dependencies [{missing}] in the Outputs block of the template"
        )));
    }
    Ok(())
}

/// What a resource names or depends on, its template's parameters among them.
pub(super) fn dependencies(resource: &Value, scope: &Scope) -> Result<BTreeSet<String>, Fault> {
    let mut names = BTreeSet::new();
    match resource.get("DependsOn") {
        Some(Value::String(name)) => drop(names.insert(name.clone())),
        Some(Value::Array(several)) => names.extend(several.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => {}
    }
    if let Some(properties) = resource.get("Properties") {
        collect(properties, scope, &mut names).map_err(|fault| fault.within("Properties"))?;
    }
    Ok(names)
}

fn collect(value: &Value, scope: &Scope, names: &mut BTreeSet<String>) -> Result<(), Fault> {
    match value {
        Value::Object(fields) => match function(fields) {
            Some(("Ref", Value::String(name))) => drop(names.insert(name.clone())),
            Some(("Fn::GetAtt", argument)) => drop(names.insert(attribute_of(argument)?.0)),
            // Only the branch that is used. The other one may name a resource that a condition leaves out.
            Some(("Fn::If", argument)) => collect(chosen(argument, scope)?, scope, names)?,
            Some(("Fn::Sub", argument)) => sub(argument, scope, names)?,
            _ => {
                for (name, value) in fields {
                    collect(value, scope, names).map_err(|fault| fault.within(name))?;
                }
            }
        },
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, scope, names).map_err(|fault| fault.within(index))?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn sub(argument: &Value, scope: &Scope, names: &mut BTreeSet<String>) -> Result<(), Fault> {
    let (template, own) = match argument {
        Value::String(template) => (template.as_str(), None),
        Value::Array(items) => (items.first().and_then(Value::as_str).unwrap_or_default(), items.get(1)),
        _ => return Ok(()),
    };
    for piece in pieces(template)? {
        if let Piece::Variable(name) = piece
            && own.is_none_or(|own| own.get(name).is_none())
        {
            names.insert(name.split('.').next().unwrap_or(name).to_owned());
        }
    }
    own.map_or(Ok(()), |own| collect(own, scope, names))
}
