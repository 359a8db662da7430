//! Step Functions in memory, with its rules: names are taken, Standard starts are idempotent, Express ones are not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::ManualClock;
use crate::execution_name::ExecutionName;
use crate::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, ExecutionPage, ExecutionStatus, Failure, GetExecutionHistory,
    HistoryEvent, HistoryPage, ListExecutions, ListedExecution, ListedStatus, RedriveExecution, StartExecution,
    StartSyncExecution, Started, StateMachineType, StopExecution, SyncExecution,
};
use crate::ports::{CallError, CallErrorKind};
use crate::state_machine::StateMachineArn;
use crate::time::{Clock, Timestamp};

/// How many executions or events a page holds: few, so that tests turn pages.
const PAGE: usize = 2;

/// How long a client token makes a redrive idempotent.
const CLIENT_TOKENS_LAST: Duration = Duration::from_secs(15 * 60);

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its ARN.
    pub execution_arn: String,
    /// The ARN that it was started by, version or alias included.
    pub started_by: String,
    /// Its name.
    pub name: String,
    /// Its input.
    pub input: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// How often it was redriven.
    pub redrives: usize,
    /// When it was redriven last.
    pub redriven_at: Option<Timestamp>,
    /// How often it was described.
    pub looks: usize,
}

/// State machines and their executions. Its clones are the same ones.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    machines: BTreeMap<String, StateMachineType>,
    runs: Vec<Run>,
    /// Where each execution stands in `runs`.
    places: BTreeMap<String, usize>,
    histories: BTreeMap<String, Vec<HistoryEvent>>,
    /// The client tokens of redrives, and what they were answered.
    redrive_tokens: BTreeMap<String, Timestamp>,
    not_redrivable: bool,
    /// What ListExecutions still shows, where it lags.
    listed: Option<Vec<Run>>,
    /// What DescribeExecution still shows, where it lags.
    described: Option<Vec<Run>>,
    /// After how many looks executions end by themselves, and how.
    end: Option<(usize, ExecutionStatus)>,
    calls: Vec<&'static str>,
}

impl StepFunctions {
    /// Without state machines, by this clock.
    #[must_use]
    pub fn new(clock: &ManualClock) -> Self {
        Self {
            clock: clock.clone(),
            state: Arc::default(),
        }
    }

    /// Creates a state machine.
    pub fn create(&self, state_machine_arn: &str, kind: StateMachineType) {
        self.state().machines.insert(state_machine_arn.to_owned(), kind);
    }

    /// Has every execution end like this once it was looked at that often; an Express one ends like this at once.
    pub fn ends_after(&self, looks: usize, status: ExecutionStatus) {
        self.state().end = Some((looks, status));
    }

    /// Ends an execution now.
    pub fn end(&self, execution_arn: &str, status: ExecutionStatus) {
        let now = self.clock.now();
        if let Some(run) = self
            .state()
            .runs
            .iter_mut()
            .find(|run| run.execution_arn == execution_arn)
        {
            run.status = status;
            run.stopped_at = Some(now);
        }
    }

    /// Writes an execution's history, its first event first. What says no moment happens when the execution ends, or
    /// now.
    pub fn write_history(&self, execution_arn: &str, mut events: Vec<HistoryEvent>) {
        let mut state = self.state();
        let run = state.runs.iter().find(|run| run.execution_arn == execution_arn);
        let at = run.and_then(|run| run.stopped_at).unwrap_or_else(|| self.clock.now());
        for event in events.iter_mut().filter(|event| event.at == Timestamp::default()) {
            event.at = at;
        }
        state.histories.insert(execution_arn.to_owned(), events);
    }

    /// Has nothing be redrivable.
    pub fn refuse_redrives(&self) {
        self.state().not_redrivable = true;
    }

    /// Has ListExecutions, which is eventually consistent, show from now on what there is now.
    pub fn lag_lists(&self) {
        let mut state = self.state();
        state.listed = Some(state.runs.clone());
    }

    /// Has DescribeExecution, which is eventually consistent, show from now on what there is now, or what there is.
    pub fn lag_descriptions(&self, lag: bool) {
        let mut state = self.state();
        state.described = lag.then(|| state.runs.clone());
    }

    /// Every execution, in the order started.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        self.state().runs.clone()
    }

    /// Every call that was made, by operation.
    #[must_use]
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, with the call written down.
    fn called(&self, operation: &'static str) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.calls.push(operation);
        state
    }
}

fn refused(operation: &'static str, kind: CallErrorKind, code: &str) -> CallError {
    CallError::new(operation, kind, format!("{code}: as AWS has it")).with_code(code)
}

impl State {
    fn machine(&self, operation: &'static str, arn: &str) -> Result<(StateMachineArn, StateMachineType), CallError> {
        let arn =
            StateMachineArn::parse(arn).ok_or_else(|| refused(operation, CallErrorKind::Invalid, "InvalidArn"))?;
        let kind = self.machines.get(arn.unqualified());
        let kind = kind.ok_or_else(|| refused(operation, CallErrorKind::NotFound, "StateMachineDoesNotExist"))?;
        Ok((arn, *kind))
    }

    fn add(&mut self, run: Run) {
        self.places.insert(run.execution_arn.clone(), self.runs.len());
        self.runs.push(run);
    }

    fn run(&mut self, operation: &'static str, execution_arn: &str) -> Result<&mut Run, CallError> {
        let place = self.places.get(execution_arn).copied();
        let run = place.and_then(|place| self.runs.get_mut(place));
        run.ok_or_else(|| refused(operation, CallErrorKind::NotFound, "ExecutionDoesNotExist"))
    }
}

impl StartExecution for StepFunctions {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        const OPERATION: &str = "StartExecution";
        let now = self.clock.now();
        let mut state = self.called(OPERATION);
        let (arn, _) = state.machine(OPERATION, state_machine_arn)?;
        let execution_arn = arn.execution_arn(name);
        if let Ok(run) = state.run(OPERATION, &execution_arn) {
            return match run.status {
                ExecutionStatus::Running if run.input == input => Ok(Started {
                    execution_arn,
                    started_at: run.started_at,
                }),
                _ => Err(refused(OPERATION, CallErrorKind::Conflict, "ExecutionAlreadyExists")),
            };
        }
        state.add(Run {
            execution_arn: execution_arn.clone(),
            started_by: state_machine_arn.to_owned(),
            name: name.to_string(),
            input: input.to_owned(),
            status: ExecutionStatus::Running,
            started_at: now,
            stopped_at: None,
            redrives: 0,
            redriven_at: None,
            looks: 0,
        });
        Ok(Started {
            execution_arn,
            started_at: now,
        })
    }
}

impl StartSyncExecution for StepFunctions {
    async fn start_sync_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<SyncExecution, CallError> {
        const OPERATION: &str = "StartSyncExecution";
        let now = self.clock.now();
        let mut state = self.called(OPERATION);
        let (arn, kind) = state.machine(OPERATION, state_machine_arn)?;
        if kind == StateMachineType::Standard {
            return Err(refused(
                OPERATION,
                CallErrorKind::Invalid,
                "StateMachineTypeNotSupported",
            ));
        }
        let machine = arn.unqualified().replacen(":stateMachine:", ":express:", 1);
        let execution_arn = format!("{machine}:{name}:{}", state.runs.len());
        let status = state.end.clone().map_or(
            ExecutionStatus::Succeeded {
                output: "{}".to_owned(),
            },
            |(_, status)| status,
        );
        state.add(Run {
            execution_arn: execution_arn.clone(),
            started_by: state_machine_arn.to_owned(),
            name: name.to_string(),
            input: input.to_owned(),
            status: status.clone(),
            started_at: now,
            stopped_at: Some(now),
            redrives: 0,
            redriven_at: None,
            looks: 0,
        });
        Ok(SyncExecution {
            execution_arn,
            started_at: now,
            stopped_at: now,
            status,
        })
    }
}

impl DescribeExecution for StepFunctions {
    async fn describe_execution(&self, execution_arn: &str) -> Result<Execution, CallError> {
        const OPERATION: &str = "DescribeExecution";
        let now = self.clock.now();
        let mut state = self.called(OPERATION);
        let end = state.end.clone();
        let run = state.run(OPERATION, execution_arn)?;
        run.looks += 1;
        if let (ExecutionStatus::Running, Some((looks, status))) = (&run.status, end)
            && run.looks >= looks
        {
            run.status = status;
            run.stopped_at = Some(now);
        }
        let run = run.clone();
        let lagging = state.described.iter().flatten();
        let run = lagging
            .into_iter()
            .find(|old| old.execution_arn == execution_arn)
            .unwrap_or(&run);
        Ok(Execution {
            execution_arn: execution_arn.to_owned(),
            status: run.status.clone(),
            started_at: run.started_at,
            stopped_at: run.stopped_at,
            redriven_at: run.redriven_at,
            input: Some(run.input.clone()),
        })
    }
}

impl DescribeStateMachine for StepFunctions {
    async fn describe_state_machine(&self, state_machine_arn: &str) -> Result<StateMachineType, CallError> {
        const OPERATION: &str = "DescribeStateMachine";
        self.called(OPERATION)
            .machine(OPERATION, state_machine_arn)
            .map(|(_, kind)| kind)
    }
}

impl ListExecutions for StepFunctions {
    async fn list_executions(
        &self,
        state_machine_arn: &str,
        only_running: bool,
        next_token: Option<&str>,
    ) -> Result<ExecutionPage, CallError> {
        const OPERATION: &str = "ListExecutions";
        let state = self.called(OPERATION);
        let (arn, _) = state.machine(OPERATION, state_machine_arn)?;
        let executions = arn.unqualified().replacen(":stateMachine:", ":execution:", 1) + ":";
        let listed = |run: &Run| ListedExecution {
            execution_arn: run.execution_arn.clone(),
            name: run.name.clone(),
            status: match run.status {
                ExecutionStatus::Running => ListedStatus::Running,
                ExecutionStatus::Succeeded { .. } => ListedStatus::Succeeded,
                _ => ListedStatus::Unsuccessful,
            },
            started_at: run.started_at,
        };
        let matching: Vec<ListedExecution> = state
            .listed
            .as_ref()
            .unwrap_or(&state.runs)
            .iter()
            .rev()
            .filter(|run| run.execution_arn.starts_with(&executions))
            .map(listed)
            .filter(|run| !only_running || run.status == ListedStatus::Running)
            .collect();
        let (executions, next_token) = page(&matching, next_token);
        Ok(ExecutionPage { executions, next_token })
    }
}

impl GetExecutionHistory for StepFunctions {
    async fn get_execution_history(
        &self,
        execution_arn: &str,
        next_token: Option<&str>,
    ) -> Result<HistoryPage, CallError> {
        const OPERATION: &str = "GetExecutionHistory";
        let mut state = self.called(OPERATION);
        state.run(OPERATION, execution_arn)?;
        let backwards: Vec<HistoryEvent> = state
            .histories
            .get(execution_arn)
            .into_iter()
            .flatten()
            .rev()
            .cloned()
            .collect();
        let (events, next_token) = page(&backwards, next_token);
        Ok(HistoryPage { events, next_token })
    }
}

/// A page of a list, and where the next one begins.
fn page<T: Clone>(list: &[T], next_token: Option<&str>) -> (Vec<T>, Option<String>) {
    let at: usize = next_token.and_then(|token| token.parse().ok()).unwrap_or_default();
    let end = (at + PAGE).min(list.len());
    (
        list[at.min(end)..end].to_vec(),
        (end < list.len()).then(|| end.to_string()),
    )
}

impl RedriveExecution for StepFunctions {
    async fn redrive_execution(&self, execution_arn: &str, client_token: &str) -> Result<Timestamp, CallError> {
        const OPERATION: &str = "RedriveExecution";
        let now = self.clock.now();
        let mut state = self.called(OPERATION);
        let tokens_since = now - CLIENT_TOKENS_LAST;
        let known = state.redrive_tokens.get(client_token).copied();
        let refuses = state.not_redrivable;
        let run = state.run(OPERATION, execution_arn)?;
        if let Some(at) = known.filter(|at| *at > tokens_since) {
            return Ok(at);
        }
        match run.status {
            ExecutionStatus::Failed(_) | ExecutionStatus::TimedOut(_) | ExecutionStatus::Aborted(_) if !refuses => {
                run.status = ExecutionStatus::Running;
                run.stopped_at = None;
                run.redrives += 1;
                run.redriven_at = Some(now);
                run.looks = 0;
                state.redrive_tokens.insert(client_token.to_owned(), now);
                Ok(now)
            }
            _ => Err(refused(OPERATION, CallErrorKind::Conflict, "ExecutionNotRedrivable")),
        }
    }
}

impl StopExecution for StepFunctions {
    async fn stop_execution(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), CallError> {
        const OPERATION: &str = "StopExecution";
        let now = self.clock.now();
        let mut state = self.called(OPERATION);
        let run = state.run(OPERATION, execution_arn)?;
        if run.status == ExecutionStatus::Running {
            run.status = ExecutionStatus::Aborted(Failure {
                error: Some(error.to_owned()),
                cause: Some(cause.to_owned()),
            });
            run.stopped_at = Some(now);
        }
        Ok(())
    }
}
