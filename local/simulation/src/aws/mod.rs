//! What AWS promises, and no more: the services that the functions call, in memory.
//!
//! Each service is state and its rules. The ports on it, with a fault now and then, are in [`ports`].

mod history;
mod parameters;
mod pipelines;
mod pipelines_read;
mod pipelines_steps;
pub(crate) mod ports;
mod registry;
mod states;
mod states_read;

pub(crate) use parameters::ParameterStore;
pub(crate) use pipelines::{Action, CodePipeline, JobState, Kind, Put};
pub(crate) use pipelines_read::LISTED_WITHIN;
pub(crate) use registry::{Image, Pushed, Registry};
pub(crate) use states::{Execution, Fate, StepFunctions};

use shared::ports::{CallError, CallErrorKind};

/// Where something stands in its service's list.
pub(crate) type Id = usize;

/// The account.
pub(crate) const ACCOUNT: &str = "123456789012";

/// A refusal with a code of AWS's.
pub(crate) fn refused(operation: &'static str, kind: CallErrorKind, code: &str) -> CallError {
    CallError::new(operation, kind, format!("{code}: as AWS has it")).with_code(code)
}

/// A page of a list, and where the next one begins.
pub(crate) fn page<T: Clone>(list: &[T], next_token: Option<&str>, size: usize) -> (Vec<T>, Option<String>) {
    let at: usize = next_token.and_then(|token| token.parse().ok()).unwrap_or_default();
    let end = (at + size).min(list.len());
    let next = (end < list.len()).then(|| end.to_string());
    (list[at.min(end)..end].to_vec(), next)
}
