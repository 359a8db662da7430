//! What is drawn: one file a view. A view is given what was read, and draws it; it asks nobody.

mod causes;
mod editing;
mod frame;
mod pipelines;
mod states;
mod training;

pub(crate) use causes::events::events;
pub(crate) use causes::function::{
    CalledBy, FunctionShown, Opened, function, invocation, invocation_part, only_caller,
};
pub(crate) use causes::functions::functions;
pub(crate) use causes::permissions::{Permissions, calls_of, permissions};
pub(crate) use causes::role::{RoleShown, role};
pub(crate) use causes::sent::{Events, Which, event, event_part};
pub(crate) use editing::definition::{DefinitionShown, definition};
pub(crate) use editing::definitions::definitions;
pub(crate) use editing::trying::{Recorded, Trial, TrialForm, Trying};
pub(crate) use frame::log::{Logged, log};
pub(crate) use frame::search::{Found, search};
pub(crate) use frame::selection::Selection;
pub(crate) use frame::shell::{Frame, gone, shell};
pub(crate) use pipelines::pipeline::pipeline;
pub(crate) use pipelines::run::{RunShown, run};
pub(crate) use pipelines::runs::{Told, list, table};
pub(crate) use states::canvas::graph;
pub(crate) use states::execution::{execution, heading};
pub(crate) use states::executions::{execution_rows, executions};
pub(crate) use states::failure::{Failure, failure};
pub(crate) use states::inspector::{inspector, of_action};
pub(crate) use states::shown::Shown;
pub(crate) use states::timeline::{PART, event_details, event_rows, timeline_rows};
pub(crate) use training::asking::{TYPES, Tried, nothing_to_try, trying};
pub(crate) use training::images::{Reference, References, images};
pub(crate) use training::job::{JobShown, job};
pub(crate) use training::jobs::{Maker, jobs};
pub(crate) use training::lineage::Lineage;
pub(crate) use training::model::{ModelShown, model};
pub(crate) use training::models::{Group, models};
pub(crate) use training::objects::{Held, preview};
