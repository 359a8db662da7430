//! Makes of a resource what the local run has of it. A property that it does not have is left out, and where nothing can be
//! made, something stands for the resource: what refers to it is made all the same. Each time one line says so.

use super::create::create;
use super::maker::{Failure, Maker};
use crate::template::{Fault, Made, Resource};
use platform::{ErrorKind, ServiceError};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A resource, and what was left out of it: the faults start below its logical id.
pub(super) struct Outcome {
    pub(super) made: Made,
    pub(super) passed_over: Vec<Fault>,
}

/// The resources of a stack by logical id: their type, and what came of them.
pub(super) type Resources = BTreeMap<String, (String, Made)>;

/// Makes a resource of a stack after `others`, as far as it can be made.
///
/// # Errors
/// What is wrong with the template, or a refusal that AWS would give as well.
pub(super) async fn make(maker: &Maker<'_>, mut resource: Resource, others: &Resources) -> Result<Outcome, Failure> {
    let mut passed_over = Vec::new();
    loop {
        let made = create(maker, resource.clone()).await;
        let left_out = maker.take_left_out();
        let failure = match made {
            Ok(made) => {
                passed_over.extend(left_out.into_iter().map(|fault| fault.within("Properties")));
                return Ok(Outcome { made, passed_over });
            }
            Err(failure) => failure,
        };
        let (fault, can_do_without) = match failure {
            Failure::Kind => {
                let fault = Fault::absent(format_args!("the local run has no `{}`", resource.kind)).within("Type");
                (fault, false)
            }
            Failure::Fault(fault) if fault.is_absent() => {
                let can_do_without = remove_at(&mut resource.properties, &fault.path());
                (fault.within("Properties"), can_do_without)
            }
            Failure::Service { error, .. } if error.kind == ErrorKind::NotInLocalRun => {
                let can_do_without = leave_out(&mut resource.properties, &error);
                (Fault::absent(&error.message).within("Properties"), can_do_without)
            }
            Failure::Service { operation, error } => match missing(&resource, others) {
                Some(id) => {
                    let fault = Fault::absent(format_args!("needs `{id}`, which is not here: {operation}: {error}"));
                    (fault, false)
                }
                None => return Err(Failure::Service { operation, error }),
            },
            other => return Err(other),
        };
        passed_over.push(fault);
        if !can_do_without {
            let made = Made::stand_in(
                &maker.cloud.account,
                &resource.kind,
                &resource.properties,
                &maker.name(),
            );
            return Ok(Outcome { made, passed_over });
        }
    }
}

/// The first resource that this one needs and that is not really there.
fn missing<'r>(resource: &'r Resource, others: &Resources) -> Option<&'r str> {
    let is_stand_in = |id: &&String| others.get(*id).is_some_and(|(_, made)| made.is_stand_in);
    resource.needs.iter().find(is_stand_in).map(String::as_str)
}

/// Takes out what is at a path: a property, or what is in one. Whether it was there.
fn remove_at(properties: &mut Map<String, Value>, path: &[&str]) -> bool {
    let Some((last, way)) = path.split_last() else {
        return false;
    };
    let Some((first, way)) = way.split_first() else {
        return properties.shift_remove(*last).is_some();
    };
    let start = properties.get_mut(*first);
    let holder = way.iter().try_fold(start, |value, key| {
        Some(match value? {
            Value::Object(fields) => fields.get_mut(*key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        })
    });
    match holder.flatten() {
        Some(Value::Object(fields)) => fields.shift_remove(*last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Takes out of the properties the member that a service does not know, at any depth. Whether it was there.
fn leave_out(properties: &mut Map<String, Value>, error: &ServiceError) -> bool {
    let Some(member) = &error.unknown_member else {
        return false;
    };
    let named = properties
        .keys()
        .find(|name| name.eq_ignore_ascii_case(member))
        .cloned();
    if let Some(name) = named {
        return properties.shift_remove(&name).is_some();
    }
    properties.values_mut().any(|value| leave_out_below(value, error))
}

fn leave_out_below(value: &mut Value, error: &ServiceError) -> bool {
    match value {
        Value::Object(fields) => leave_out(fields, error),
        Value::Array(items) => items.iter_mut().any(|item| leave_out_below(item, error)),
        _ => false,
    }
}
