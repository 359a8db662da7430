//! What is drawn: one file a view. A view is given what was read, and draws it; it asks nobody.

mod canvas;
mod definition;
mod definitions;
mod execution;
mod executions;
mod failure;
mod inspector;
mod log;
mod pipeline;
mod run;
mod runs;
mod search;
mod selection;
mod shell;
mod timeline;
mod trying;

pub(crate) use definition::{DefinitionShown, definition};
pub(crate) use definitions::definitions;
pub(crate) use execution::{Shown, execution, heading};
pub(crate) use executions::executions;
pub(crate) use failure::Failure;
pub(crate) use log::{Logged, log};
pub(crate) use pipeline::pipeline;
pub(crate) use run::{RunShown, run};
pub(crate) use runs::{Told, list, table};
pub(crate) use search::{Found, search};
pub(crate) use selection::Selection;
pub(crate) use shell::{Frame, VIEWS, gone, shell};
pub(crate) use timeline::{PART, event_rows, timeline_rows};
pub(crate) use trying::{Recorded, Trial, TrialForm, Trying};
