//! Runs: executions of pipelines.

pub(crate) mod pipeline;
pub(crate) mod run;
pub(crate) mod runs;
