//! State machines and their executions.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::ports::step_functions::{ExecutionStatus, HistoryEvent, StateMachineType};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

use super::words::{ACCOUNT, Id, refused};

/// How far back descriptions, lists and histories may look, in seconds.
pub(crate) const LAG: u32 = 25;
/// Within how long a redrive is shown for certain.
pub(crate) const SHOWN_WITHIN: Duration = Duration::from_secs(LAG as u64);

/// State machines and their executions.
#[derive(Debug, Default)]
pub(crate) struct StepFunctions {
    pub(crate) machines: BTreeMap<String, StateMachineType>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) by_arn: BTreeMap<String, Id>,
    /// The client tokens of redrives, by execution, and what they were answered.
    pub(crate) tokens: BTreeMap<(String, String), Timestamp>,
}

/// An execution.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) arn: String,
    pub(crate) machine: String,
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) status: ExecutionStatus,
    pub(crate) started_at: Timestamp,
    pub(crate) stopped_at: Option<Timestamp>,
    pub(crate) redriven_at: Option<Timestamp>,
    /// How it goes on, since it was started or redriven last.
    pub(crate) fate: Fate,
    pub(crate) generation: u32,
    /// Whether somebody started or redrove it by hand.
    pub(crate) by_hand: bool,
    pub(crate) history: Vec<HistoryEvent>,
    /// How it stood, and since when.
    pub(crate) past: Vec<(Timestamp, Snapshot)>,
}

/// How an execution stood.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) status: ExecutionStatus,
    pub(crate) stopped_at: Option<Timestamp>,
    pub(crate) redriven_at: Option<Timestamp>,
    pub(crate) events: usize,
}

fn is_unwanted(status: &ExecutionStatus) -> bool {
    match status {
        ExecutionStatus::Aborted(failure) => {
            let error = failure.error.as_deref().unwrap_or_default();
            matches!(error, "Stepline.ActionAbandoned" | "Stepline.NotHandedOver")
        }
        _ => false,
    }
}

/// How an execution ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Succeeds,
    /// A task fails, and nothing catches it.
    Fails,
    /// A task fails, and a Catch leads into a Fail state.
    FailsCaught,
    /// Its input does not fit its definition.
    FailsByDefinition,
    TimesOut,
    IsStopped,
    /// It does not end by itself.
    RunsOn,
}

impl Execution {
    pub(crate) fn runs(&self) -> bool {
        self.status == ExecutionStatus::Running
    }

    /// When it was put to work last.
    pub(crate) fn put_to_work(&self) -> Timestamp {
        self.redriven_at.unwrap_or(self.started_at)
    }

    /// Whether this function stopped it for a delivery or an attempt that was over.
    pub(crate) fn was_stopped_as_unwanted(&self) -> bool {
        is_unwanted(&self.status)
    }

    pub(crate) fn remember(&mut self, now: Timestamp) {
        let snapshot = Snapshot {
            status: self.status.clone(),
            stopped_at: self.stopped_at,
            redriven_at: self.redriven_at,
            events: self.history.len(),
        };
        self.past.push((now, snapshot));
    }
}

impl StepFunctions {
    pub(crate) fn create(&mut self, name: &str, kind: StateMachineType) {
        self.machines.insert(machine_arn(name), kind);
    }

    pub(crate) fn machine(
        &self,
        operation: &'static str,
        arn: &str,
    ) -> Result<(StateMachineArn, StateMachineType), CallError> {
        let arn = StateMachineArn::parse(arn);
        let arn = arn.ok_or_else(|| refused(operation, CallErrorKind::Invalid, "InvalidArn"))?;
        let kind = self.machines.get(arn.unqualified());
        let kind = kind.ok_or_else(|| refused(operation, CallErrorKind::NotFound, "StateMachineDoesNotExist"))?;
        Ok((arn, *kind))
    }

    pub(crate) fn find(&self, operation: &'static str, arn: &str) -> Result<Id, CallError> {
        let found = self.by_arn.get(arn).copied();
        found.ok_or_else(|| refused(operation, CallErrorKind::NotFound, "ExecutionDoesNotExist"))
    }

    /// The execution with this ARN.
    pub(crate) fn get(&self, arn: &str) -> Option<&Execution> {
        self.by_arn.get(arn).map(|id| &self.executions[*id])
    }
}

/// The ARN of a state machine of the account.
pub(crate) fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:{}:stateMachine:{name}", ACCOUNT)
}

impl Execution {
    /// How it stood at a moment; nothing if it had not been started.
    pub(crate) fn stood(&self, at: Timestamp) -> Option<&Snapshot> {
        self.past
            .iter()
            .rev()
            .find(|(since, _)| *since <= at)
            .map(|(_, snapshot)| snapshot)
    }
}
