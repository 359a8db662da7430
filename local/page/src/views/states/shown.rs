//! What the views of an execution are drawn from.

use super::failure::Failure;
use crate::account::{Execution, Job};
use crate::trace::Trace;
use crate::views::frame::selection::Selection;
use serde_json::Value;
use state_graph::Chart;

/// An execution and all that is drawn of it.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// The execution.
    pub(crate) execution: &'a Execution,
    /// What its history says.
    pub(crate) trace: &'a Trace,
    /// Its definition, as it is drawn; nothing where that cannot be read.
    pub(crate) chart: Option<&'a Chart>,
    /// The definition's text.
    pub(crate) definition: &'a str,
    /// The path of the view.
    pub(crate) path: &'a [&'a str],
    /// What is selected.
    pub(crate) selection: &'a Selection,
    /// The state that is looked at: the one that is selected, or else the one that matters.
    pub(crate) state: Option<&'a str>,
    /// The events of the visit that is looked at, as the history has them.
    pub(crate) events: &'a [Value],
    /// The job behind the state that is looked at.
    pub(crate) job: Option<&'a Job>,
    /// Why it failed.
    pub(crate) failure: Option<&'a Failure>,
}
