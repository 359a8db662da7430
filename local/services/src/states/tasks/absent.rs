//! What AWS would do and the local run does not have. It ends the execution with an error of the local run's own, which
//! nothing retries or catches: an error in the service's name would be taken for AWS's, and a Catch would make a run green
//! that did nothing.

use super::errors::{Failed, NOT_IN_LOCAL_RUN, failed};
use super::fields::capitalize;
use super::jobs::Job;
use platform::{ErrorKind, Platform, ServiceError};
use states_language::{Integration, Pattern, Severity, TaskRequest, signing_name};

/// What the account here lacks of what an integration calls; nothing where it has it.
pub fn lacks(platform: &Platform, integration: &Integration) -> Option<String> {
    let (service, operation, pattern) = match integration {
        Integration::Lambda { .. } | Integration::Activity { .. } => return None,
        Integration::Service {
            service,
            operation,
            pattern,
            ..
        } => (service, operation, pattern),
    };
    let (name, called) = (signing_name(service), capitalize(operation));
    if !platform.has(name, &called) {
        return Some(format!("the local run has no `{name}:{called}`"));
    }
    let waits_in_vain = *pattern == Pattern::Sync && !Job::is_known(service, operation);
    waits_in_vain.then(|| format!("the local run has no jobs of `{service}:{operation}` to wait for"))
}

/// The failure of a task that neither AWS nor the local run knows: AWS would not have created the state machine.
pub(super) fn unknown(request: &TaskRequest) -> Option<Failed> {
    let misuse = states_language::unknown_integration(&request.integration)?;
    let (state, resource) = (&request.state, &request.resource);
    let cause = format!("{}. The state '{state}' calls it ({resource})", misuse.text);
    (misuse.severity == Severity::Error).then(|| Failed::ending(NOT_IN_LOCAL_RUN, cause))
}

/// The failure of a task that the local run cannot do.
pub(super) fn not_here(request: &TaskRequest, why: impl std::fmt::Display) -> Failed {
    let (state, resource) = (&request.state, &request.resource);
    let cause = format!(
        "{why}, and the state '{state}' calls it ({resource}). AWS would do it; here, give the state an outcome with --mock FILE: see docs/mocks.md"
    );
    Failed::ending(NOT_IN_LOCAL_RUN, cause)
}

/// A service's error as a task's failure: AWS's, or that of the local run, which does not know a field or a value that AWS
/// knows.
pub(super) fn told(request: &TaskRequest, service: &str, error: &ServiceError) -> Failed {
    match error.kind {
        ErrorKind::NotInLocalRun => not_here(request, &error.message),
        _ => failed(service, error),
    }
}
