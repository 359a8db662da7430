//! The account as the page reads it: by the operations that clients use, with secrets hidden.

mod curves;
mod decisions;
mod definitions;
mod executions;
mod functions;
mod happened;
mod images;
mod jobs;
mod logs;
mod objects;
mod pipelines;
mod places;
mod preview;
mod reader;
mod roles;
mod sent;
mod values;

pub(crate) use decisions::{Caller, Calls, Decision, calls, decisions};
pub(crate) use definitions::{Definition, Definitions, Described, Stamps, outermost, stamps};
pub use definitions::{DefinitionFiles, Written};
pub(crate) use executions::{Execution, Executions, Known, Machine};
pub(crate) use functions::{Function, Invoked};
pub(crate) use happened::Remembered;
mod registry;
mod serving;

pub(crate) use curves::Curve;
pub(crate) use images::{Image, Repository, digest_of};
pub(crate) use jobs::{Channel, Job};
pub(crate) use logs::{Lines, Stream};
pub(crate) use objects::{Listed, Object, Place};
pub(crate) use pipelines::{Action, Run, Stage};
pub(crate) use preview::{Preview, image_type};
pub(crate) use reader::{Gone, Reader};
pub(crate) use registry::Package;
pub(crate) use roles::{Role, actions, is_meant};
pub(crate) use sent::{Rule, Sent, sent};
pub(crate) use serving::Service;
pub(crate) use values::{moment, text};
