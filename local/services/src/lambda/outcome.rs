//! How an invocation ends.

use serde_json::Value;

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// The function answered.
    Succeeded(Value),
    /// The function answered with an error.
    Failed(Value),
    /// The time was over; the process was killed.
    TimedOut(Value),
    /// The process ended without an answer, or before its first event.
    Crashed(Value),
}

impl Outcome {
    /// What the caller gets as the payload.
    pub(super) fn payload(&self) -> &Value {
        match self {
            Self::Succeeded(payload) | Self::Failed(payload) | Self::TimedOut(payload) | Self::Crashed(payload) => {
                payload
            }
        }
    }

    /// The same, to be given away.
    pub(super) fn into_payload(self) -> Value {
        match self {
            Self::Succeeded(payload) | Self::Failed(payload) | Self::TimedOut(payload) | Self::Crashed(payload) => {
                payload
            }
        }
    }

    /// Whether the caller gets `FunctionError`.
    pub(super) fn is_error(&self) -> bool {
        !matches!(self, Self::Succeeded(_))
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "Succeeded",
            Self::Failed(_) => "Failed",
            Self::TimedOut(_) => "TimedOut",
            Self::Crashed(_) => "Crashed",
        }
    }

    /// `errorType: errorMessage`, for the journal.
    pub(super) fn error(&self) -> Option<String> {
        if !self.is_error() {
            return None;
        }
        let payload = self.payload();
        match (payload["errorType"].as_str(), payload["errorMessage"].as_str()) {
            (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
            _ => Some(payload.to_string()),
        }
    }
}
