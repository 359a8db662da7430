//! What to do about an approval that waits for an execution.
//!
//! The action has started the execution and succeeded. A Manual approval of the same pipeline stays open until the
//! execution has ended. Events only say that it is time to look. What is true is read from CodePipeline ([`waits`]) and
//! from Step Functions. [`Wait::decide`] gives one answer to that, however often and however late an event comes.
//!
//! An **attempt** is one run of the approval. The first one after a run of the action waits for the execution that the
//! action names. A later one exists only if the failed action of the stage was retried and that was the approval: then
//! the execution is redriven, or a new one is started under a name of the attempt's own, as `onRetry` says.
//!
//! - `wait`: which approvals wait, and how far each is.
//! - `decide`: what to do about one of them.
//! - `left_behind`: what earlier runs left running.
//! - `summary`: the text of the approval's answer.

mod decide;
mod left_behind;
mod summary;
mod wait;

pub use decide::{Carrier, Circumstances, Decision};
pub use left_behind::{LeftBehind, left_behind};
pub use summary::approved;
pub(crate) use summary::rejected;
pub use wait::{Attempt, Wait, WaitStage, waits};
