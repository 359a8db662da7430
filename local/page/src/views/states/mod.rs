//! Executions of state machines: graph, timeline, events, and what is selected.

pub(crate) mod canvas;
pub(crate) mod execution;
pub(crate) mod executions;
pub(crate) mod failure;
pub(crate) mod inspector;
pub(crate) mod shown;
pub(crate) mod timeline;
