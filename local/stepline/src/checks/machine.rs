//! A state machine, as the checks see it.

use super::finding::{About, Finding, Place, Severity};
use platform::Account;
use serde_json::Value;
use states_language::{Call, ExecutionType, MachineSettings};

/// A state machine, as it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: String,
    /// The ARN of its role.
    pub role_arn: String,
    /// Standard or Express.
    pub kind: ExecutionType,
    /// Whether its executions are logged.
    pub logs: bool,
    /// Whether its executions are traced.
    pub traces: bool,
}

impl Machine {
    /// A state machine as DescribeStateMachine answers.
    pub fn read(described: &Value) -> Self {
        let text = |field: &str| described[field].as_str().unwrap_or_default().to_owned();
        let level = described["loggingConfiguration"]["level"].as_str();
        Self {
            name: text("name"),
            definition: text("definition"),
            role_arn: text("roleArn"),
            kind: match described["type"].as_str() {
                Some("EXPRESS") => ExecutionType::Express,
                _ => ExecutionType::Standard,
            },
            logs: level.is_some_and(|level| level != "OFF"),
            traces: described["tracingConfiguration"]["enabled"] == true,
        }
    }

    /// What its permissions depend on beside its definition, in this account.
    pub(crate) fn settings(&self, account: &Account) -> MachineSettings {
        MachineSettings {
            partition: account.partition.clone(),
            region: account.region.clone(),
            account: account.id.clone(),
            name: self.name.clone(),
            logs: self.logs,
            traces: self.traces,
        }
    }

    /// A finding at a call.
    pub(super) fn at(&self, (about, severity): (About, Severity), call: &Call, text: String) -> Finding {
        let place = Place {
            state: Some(call.state.to_string()),
            line: call.line,
            column: call.column,
        };
        self.finding((about, severity), place, text)
    }

    /// A finding at a place.
    pub(super) fn finding(&self, (about, severity): (About, Severity), place: Place, text: String) -> Finding {
        Finding {
            severity,
            about,
            machine: self.name.clone(),
            state: place.state,
            line: place.line,
            column: place.column,
            text,
        }
    }
}
