//! What all kinds of jobs have in common: their records, how they run, and where.
//!
//! A job's image is pulled from the local ECR as the job's role, and [`program`](crate::program) runs it. A note in the
//! journal says which way.

mod end;
mod files;
mod job;
mod run;
mod status;
mod store;
mod work;

pub(crate) use end::{End, LONGEST, Outcome, cut};
pub(crate) use files::{Files, Source, bucket_and_key};
pub(crate) use job::{Job, Kind, Running};
pub(crate) use status::{Stage, Status};
pub(crate) use store::{ListJobs, Store, may_create};
