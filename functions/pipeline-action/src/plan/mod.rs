//! The decisions: what to do next, from what is known. Pure: no call to AWS, no clock, no environment.
//!
//! A job either begins (no execution is known yet) or follows (one is known). What AWS says then leads to exactly one
//! [`Answer`] to CodePipeline, or to one more thing to do first ([`Next`]).
//!
//! - `assignment`: what a job asks for. `answer`: what it is answered. `variables`: its output variables.
//! - `looking`: what a look at the execution leads to. `retrying`: how the retry of a stage begins. `runs`: what the list
//!   of the action's runs tells a job that may be late.
//! - [`approval`]: what to do about an approval that waits for the execution. [`abandonment`]: what to stop when an
//!   action was abandoned.
//! - `stops` and `lags` are words that the others share: why an execution was stopped, and how far AWS may lag.

pub mod abandonment;
mod answer;
pub mod approval;
mod assignment;
mod lags;
mod looking;
mod retrying;
mod runs;
mod stops;
mod variables;

pub use answer::{Answer, MAX_MISSES};
pub(crate) use answer::{artifact_failed, call_failed, may_have_started, missed, not_resolved};
pub use assignment::Assignment;
pub(crate) use lags::SKEW;
pub(crate) use looking::{MAX_STOPS, end_of, gave_up, gave_up_message, looked, read_again, stop_again, was_stopped};
pub use looking::{Next, ended, stopped};
pub use retrying::{Found, ToRedrive, retry, to_redrive};
pub(crate) use retrying::{found, is_unsuccessful, not_redrivable};
pub(crate) use runs::LATE;
pub use runs::{Orphan, is_over, orphan, runs_of};
pub(crate) use runs::{has_failed, in_the_time_of_its_action, is_unfollowed};
pub use stops::{ABANDONED, NOT_HANDED_OVER, TIMED_OUT};
pub(crate) use variables::handed_over;
pub use variables::{MAX_VARIABLES, output_variables};
