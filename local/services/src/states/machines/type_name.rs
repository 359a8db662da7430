//! AWS's name of a state machine's type, as which it is kept, too.

use platform::ServiceError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use states_language::ExecutionType;

pub(super) fn type_name(kind: ExecutionType) -> &'static str {
    match kind {
        ExecutionType::Standard => "STANDARD",
        ExecutionType::Express => "EXPRESS",
    }
}

pub(super) fn serialize<S: Serializer>(kind: &ExecutionType, serializer: S) -> Result<S::Ok, S::Error> {
    type_name(*kind).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExecutionType, D::Error> {
    let is_express = String::deserialize(deserializer)? == type_name(ExecutionType::Express);
    Ok(if is_express {
        ExecutionType::Express
    } else {
        ExecutionType::Standard
    })
}

/// The type of this name, as CreateStateMachine takes it; without a name it is Standard.
pub(super) fn kind_of(name: Option<&str>) -> Result<ExecutionType, ServiceError> {
    match name {
        None | Some("STANDARD") => Ok(ExecutionType::Standard),
        Some("EXPRESS") => Ok(ExecutionType::Express),
        Some(other) => {
            let rule = "Member must satisfy enum value set: [STANDARD, EXPRESS]";
            Err(ServiceError::constraint(other, "type", rule))
        }
    }
}
