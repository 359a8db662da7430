//! Step Functions: state machines with versions and aliases, and executions that the interpreter runs.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html>. [`states_language`] is the
//! language alone. This service does the rest:
//!
//! - `activities` keeps activities, and has their tasks wait for workers;
//! - `machines` keeps state machines, their versions and their aliases;
//! - `executions` runs executions: it tells the interpreter the time, and carries out what it asks for;
//! - `tasks` has the other services do the tasks, as the state machine's role;
//! - `mocks` has outcomes in the place of tasks' work, where somebody gives them.
//!
//! The child executions of a Map Run cannot be described one by one.

mod activities;
mod arn;
mod executions;
mod machines;
mod mocks;
mod registry;
mod rows;
mod tasks;
#[cfg(test)]
mod tests;

pub use executions::part::{Part, PartError};
pub use registry::StepFunctions;
pub use tasks::absent::lacks;
pub use tasks::errors::{NO_MOCKED_RESPONSE, NOT_IN_LOCAL_RUN};

use platform::{Operations, Served};
use std::sync::LazyLock;

impl Served for StepFunctions {
    const SIGNING_NAME: &'static str = "states";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<StepFunctions>> = LazyLock::new(|| {
            let rows = machines::operations().into_iter();
            Operations::new(rows.chain(executions::operations()).chain(activities::operations()))
        });
        &TABLE
    }
}
