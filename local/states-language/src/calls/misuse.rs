//! Calls that AWS does not know: misspelt services and operations, and ways to wait that there are not.

use super::call::{Call, CallKind, Target};
use super::catalog::{self, Service};
use crate::definition::optimized::{self, Optimized};
use crate::definition::{ExecutionType, Integration, Pattern, Severity};
use crate::text::closest;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse {
    /// An error where CreateStateMachine refuses it. A warning where a name is only not known here: AWS has new ones every
    /// week.
    pub severity: Severity,
    /// What is wrong, and what mends it.
    pub text: String,
}

/// The beginning of the ARNs of integrations.
const PREFIX: &str = "arn:aws:states:::";

fn error(text: String) -> Misuse {
    Misuse {
        severity: Severity::Error,
        text,
    }
}

fn warning(text: String) -> Misuse {
    Misuse {
        severity: Severity::Warning,
        text,
    }
}

/// What is wrong with a call in a state machine of this type; nothing where AWS takes it.
#[must_use]
pub fn misuse(call: &Call, kind: ExecutionType) -> Option<Misuse> {
    if call.kind != CallKind::Task {
        return None;
    }
    match &call.target {
        Target::Open => None,
        Target::Nothing(why) => Some(error(why.clone())),
        Target::Integration(integration) => unknown_integration(integration).or_else(|| of_express(integration, kind)),
    }
}

/// What is wrong with an integration in any state machine; nothing where AWS has it.
#[must_use]
pub fn unknown_integration(integration: &Integration) -> Option<Misuse> {
    match integration {
        Integration::Lambda { .. } | Integration::Activity { .. } => None,
        Integration::Service {
            service,
            operation,
            pattern,
            sync_version,
        } => match service.strip_prefix("aws-sdk:") {
            Some(service) => of_sdk(service, operation, *pattern),
            None => of_optimized(service, operation, (*pattern, *sync_version)),
        },
    }
}

/// <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>
fn of_express(integration: &Integration, kind: ExecutionType) -> Option<Misuse> {
    let what = match integration {
        Integration::Activity { .. } => "activities",
        Integration::Service { pattern, .. } if *pattern == Pattern::Sync => "`.sync`",
        Integration::Service { pattern, .. } if *pattern == Pattern::WaitForTaskToken => "`.waitForTaskToken`",
        Integration::Lambda { .. } | Integration::Service { .. } => return None,
    };
    let refused = kind == ExecutionType::Express;
    refused.then(|| {
        error(format!(
            "an Express state machine has no {what}: make it a Standard one"
        ))
    })
}

fn of_optimized(service: &str, operation: &str, (pattern, version): (Pattern, u8)) -> Option<Misuse> {
    let mut known = optimized::operations(service).peekable();
    if known.peek().is_none() {
        return Some(unknown_service(service, operation));
    }
    let known: Vec<&Optimized> = known.collect();
    let Some(found) = known.iter().find(|known| known.operation == operation) else {
        return Some(unknown_operation(service, operation, &known));
    };
    (!found.has(pattern, version)).then(|| {
        let ways = found.ways();
        error(format!(
            "`{service}:{operation}` cannot be waited for in this way: AWS has {ways}"
        ))
    })
}

/// A service that has no optimized integration.
fn unknown_service(service: &str, operation: &str) -> Misuse {
    if catalog::service(service).is_some() {
        return error(format!(
            "`{service}` has no optimized integration: write `{PREFIX}aws-sdk:{service}:{operation}`"
        ));
    }
    if let Some(meant) = closest(service, optimized::services()) {
        return error(format!(
            "there is no integration `{service}`: did you mean `{meant}:{operation}`?"
        ));
    }
    warning(format!(
        "`{service}` is not among the optimized integrations that are known here: AWS refuses it unless it is a new one"
    ))
}

/// An operation that is none of an optimized integration's.
fn unknown_operation(service: &str, operation: &str, known: &[&Optimized]) -> Misuse {
    let names = || known.iter().map(|known| known.operation);
    if let Some(meant) = closest(operation, names()) {
        return error(format!(
            "`{service}` has no `{operation}`: did you mean `{service}:{meant}`?"
        ));
    }
    let of_sdk = catalog::names().find(|name| *name == service && has(catalog::service(name), operation));
    if let Some(name) = of_sdk {
        return error(format!(
            "`{service}:{operation}` has no optimized integration: write `{PREFIX}aws-sdk:{name}:{operation}`"
        ));
    }
    let names = names().collect::<Vec<_>>().join(", ");
    warning(format!(
        "`{service}` has no optimized integration for `{operation}`: those that are known here are {names}"
    ))
}

fn has(service: Option<&Service>, operation: &str) -> bool {
    let operation = pascal(operation);
    service.is_some_and(|service| service.operations.binary_search(&&*operation).is_ok())
}

/// An operation as the service's API calls it.
pub(super) fn pascal(operation: &str) -> String {
    let mut characters = operation.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

fn of_sdk(name: &str, operation: &str, pattern: Pattern) -> Option<Misuse> {
    let Some(service) = catalog::service(name) else {
        let meant = closest(name, catalog::names()).or_else(|| by_prefix(name));
        return Some(match meant {
            Some(meant) => error(format!(
                "the SDK has no service `{name}`: did you mean `aws-sdk:{meant}`?"
            )),
            None => warning(format!(
                "the SDK has no service `{name}` that is known here: AWS refuses it unless it is a new one"
            )),
        });
    };
    if pattern == Pattern::Sync {
        return Some(error(format!(
            "`aws-sdk:{name}:{operation}` cannot be waited for with `.sync`: only optimized integrations can"
        )));
    }
    if service.operations.is_empty() || has(Some(service), operation) {
        return None;
    }
    Some(match closest(&pascal(operation), service.operations.iter().copied()) {
        Some(meant) => {
            let meant = uncapitalized(meant);
            error(format!(
                "`aws-sdk:{name}` has no `{operation}`: did you mean `aws-sdk:{name}:{meant}`?"
            ))
        }
        None => warning(format!(
            "`aws-sdk:{name}` has no `{operation}` that is known here: AWS refuses it unless it is a new one"
        )),
    })
}

/// A service by the prefix of its actions, which is what people know it by: `states`, `events`, `logs`.
fn by_prefix(prefix: &str) -> Option<&'static str> {
    catalog::names().find(|name| catalog::service(name).is_some_and(|service| service.prefix == prefix))
}

fn uncapitalized(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
