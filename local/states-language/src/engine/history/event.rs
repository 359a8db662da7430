//! An event: its number, its time, and what happened.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::details::EventDetails;

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

/// As in the answer of `GetExecutionHistory`: the details under the name that belongs to the type, and timestamps in
/// seconds, as AWS's JSON protocols have them.
impl Serialize for HistoryEvent {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are far below where floats lose them"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let member = self.details.member();
        let mut map = serializer.serialize_map(Some(4 + usize::from(member.is_some())))?;
        map.serialize_entry("timestamp", &(self.timestamp.as_millisecond() as f64 / 1000.0))?;
        map.serialize_entry("type", self.event_type())?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("previousEventId", &self.previous_event_id)?;
        if let Some(member) = member {
            map.serialize_entry(&member, &self.details)?;
        }
        map.end()
    }
}
