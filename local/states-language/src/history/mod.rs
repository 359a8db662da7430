//! The history of an execution, as `GetExecutionHistory` tells it.
//!
//! See [HistoryEvent](https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).

mod details;
mod payload;
mod write;

pub use details::{EventDetails, StateKind, TaskScheduled};
pub use payload::{Assigned, Payload};

use jiff::Timestamp;

/// One thing that happened in an execution. Its serde form is AWS's own.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEvent {
    /// The event's number: 1, 2, 3 … without gaps.
    pub id: u64,
    /// The event that came before it in its own branch; 0 for the execution's first two.
    pub previous_event_id: u64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What happened.
    pub details: EventDetails,
}

impl HistoryEvent {
    /// AWS's name of the event's type, such as `PassStateEntered`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        self.details.event_type()
    }

    /// The name of the state that this event enters, leaves or iterates, where it names one.
    #[must_use]
    pub fn state_name(&self) -> Option<&str> {
        self.details.state_name()
    }
}
