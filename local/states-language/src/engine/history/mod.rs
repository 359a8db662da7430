//! The history of an execution, as `GetExecutionHistory` tells it.
//!
//! See [HistoryEvent](https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).

mod details;
mod event;
mod payload;
mod write;

pub use details::{EventDetails, TaskResource, TaskScheduled};
pub use event::HistoryEvent;
pub use payload::Payload;

pub use crate::definition::StateKind;
pub use crate::expression::Assigned;
