//! The types of states and of state machines.

/// The eight types of states; `PassStateEntered` is [`StateEntered`](crate::history::EventDetails::StateEntered) of [`StateKind::Pass`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateKind {
    /// Chooses the next state.
    Choice,
    /// Ends in failure.
    Fail,
    /// Runs a branch for each item.
    Map,
    /// Runs branches side by side.
    Parallel,
    /// Passes and reshapes data.
    Pass,
    /// Ends in success.
    Succeed,
    /// Has work done elsewhere.
    Task,
    /// Waits.
    Wait,
}

impl StateKind {
    /// The name in a definition's `Type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StateKind::Choice => "Choice",
            StateKind::Fail => "Fail",
            StateKind::Map => "Map",
            StateKind::Parallel => "Parallel",
            StateKind::Pass => "Pass",
            StateKind::Succeed => "Succeed",
            StateKind::Task => "Task",
            StateKind::Wait => "Wait",
        }
    }

    /// Whether the type has work done, which can fail, be retried and be caught.
    pub(crate) fn does_work(self) -> bool {
        matches!(self, StateKind::Task | StateKind::Parallel | StateKind::Map)
    }
}

/// The state machine's type, which decides what `.sync` and `.waitForTaskToken` may do and how executions are named.
///
/// See [Standard and Express](https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExecutionType {
    /// Runs for up to a year; every step exactly once.
    #[default]
    Standard,
    /// Runs for up to five minutes; no `.sync`, no `.waitForTaskToken`.
    Express,
}
