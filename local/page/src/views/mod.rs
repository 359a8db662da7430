//! What is drawn: one file a view. A view is given what was read, and draws it; it asks nobody.

mod canvas;
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

pub(crate) use canvas::graph;
pub(crate) use execution::{Shown, execution, heading};
pub(crate) use executions::executions;
pub(crate) use failure::{Failure, failure};
pub(crate) use inspector::{inspector, of_action};
pub(crate) use log::{Logged, log};
pub(crate) use pipeline::pipeline;
pub(crate) use run::{RunShown, run};
pub(crate) use runs::{Told, list, table};
pub(crate) use search::{Found, search};
pub(crate) use selection::Selection;
pub(crate) use shell::{Frame, VIEWS, gone, shell};
pub(crate) use timeline::{PART, event_rows, timeline_rows};
