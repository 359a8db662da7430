//! The account as the page reads it: by the operations that clients use, with secrets hidden.


mod decisions;
mod executions;
mod functions;
mod happened;
mod jobs;
mod logs;
mod pipelines;
mod reader;
mod roles;
mod sent;
mod values;


pub(crate) use decisions::{Caller, Calls, Decision, calls, decisions};
pub(crate) use executions::{Execution, Executions, Known, Machine};
pub(crate) use functions::{Function, Invoked};
pub(crate) use happened::Remembered;
pub(crate) use jobs::{Job, KINDS};
pub(crate) use logs::{Lines, Stream};
pub(crate) use pipelines::{Action, Run, Stage};
pub(crate) use reader::{Gone, Reader};
pub(crate) use roles::{Role, actions, is_meant};
pub(crate) use sent::{Rule, Sent, sent};
pub(crate) use values::{moment, text};
