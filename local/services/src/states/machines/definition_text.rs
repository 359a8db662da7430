//! How a state machine is kept: as its definition.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use states_language::StateMachine;

pub(super) fn serialize<S: Serializer>(machine: &StateMachine, serializer: S) -> Result<S::Ok, S::Error> {
    machine.definition().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StateMachine, D::Error> {
    StateMachine::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
