//! The account as the page reads it: by the operations that clients use, with secrets hidden.

mod definitions;
mod executions;
mod jobs;
mod logs;
mod pipelines;
mod places;
mod reader;
mod values;

pub(crate) use definitions::{Definition, Definitions, Described, FOLDER, Stamps, stamps};
pub(crate) use executions::{Execution, Executions, Known, Machine};
pub(crate) use jobs::{Job, KINDS};
pub(crate) use logs::{Lines, Stream};
pub(crate) use pipelines::{Action, Run, Stage};
pub(crate) use reader::{Gone, Reader};
pub(crate) use values::{moment, text};
