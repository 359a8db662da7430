//! What all kinds of jobs have in common: their records, how they run, and where.
//!
//! A job's image is pulled from the local ECR as the job's role. If a container engine answers, the job runs in a
//! container of that image (`contained`). Else it runs as a process (`process`): the image's files are then at their own
//! paths, if the machine allows that. A note in the journal says which way it ran.

mod contained;
mod end;
mod files;
mod image;
mod job;
mod mounts;
mod place;
mod process;
mod run;
mod status;
mod store;
mod work;

pub(crate) use end::{End, LONGEST, Outcome, cut};
pub(crate) use files::{Files, Source, bucket_and_key};
pub(crate) use image::{Settings, find as find_image};
pub(crate) use job::{Job, Kind, Running};
pub(crate) use status::{Stage, Status};
pub(crate) use store::{ListJobs, Store, may_create};
pub(crate) use work::command;
