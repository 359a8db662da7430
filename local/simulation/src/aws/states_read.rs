//! What Step Functions tells of executions: eventually.

use shared::execution_name::ExecutionName;
use shared::ports::step_functions::{
    Execution as Described, ExecutionPage, ExecutionStatus, HistoryPage, ListedExecution, ListedStatus,
    StateMachineType, SyncExecution,
};
use shared::ports::{CallError, CallErrorKind};

use crate::account::Account;
use crate::kept::states::{Execution, LAG};
use crate::kept::words::{Id, page, refused};

/// How many executions or events a page holds: few, so that pages are turned.
const EXECUTIONS_A_PAGE: usize = 3;
const EVENTS_A_PAGE: usize = 5;

impl Account {
    pub(super) fn describe_execution(&mut self, arn: &str) -> Result<Described, CallError> {
        const OPERATION: &str = "DescribeExecution";
        let id = self.states.find(OPERATION, arn)?;
        let at = self.lag(LAG);
        let execution = &self.states.executions[id];
        let stood = execution.stood(at);
        let stood = stood.ok_or_else(|| refused(OPERATION, CallErrorKind::NotFound, "ExecutionDoesNotExist"))?;
        Ok(Described {
            execution_arn: execution.arn.clone(),
            status: stood.status.clone(),
            started_at: execution.started_at,
            stopped_at: stood.stopped_at,
            redriven_at: stood.redriven_at,
            input: Some(execution.input.clone()),
        })
    }

    pub(super) fn describe_state_machine(&mut self, arn: &str) -> Result<StateMachineType, CallError> {
        self.states.machine("DescribeStateMachine", arn).map(|(_, kind)| kind)
    }

    pub(super) fn list_executions(
        &mut self,
        machine: &str,
        only_running: bool,
        next: Option<&str>,
    ) -> Result<ExecutionPage, CallError> {
        let (machine, _) = self.states.machine("ListExecutions", machine)?;
        let at = self.lag(LAG);
        let listed = |execution: &Execution| {
            let stood = execution.stood(at)?;
            Some(ListedExecution {
                execution_arn: execution.arn.clone(),
                name: execution.name.clone(),
                status: match stood.status {
                    ExecutionStatus::Running => ListedStatus::Running,
                    ExecutionStatus::Succeeded { .. } => ListedStatus::Succeeded,
                    _ => ListedStatus::Unsuccessful,
                },
                started_at: execution.started_at,
            })
        };
        let executions = self.states.executions.iter().rev();
        let matching: Vec<ListedExecution> = executions
            .filter(|execution| execution.machine == machine.unqualified())
            .filter_map(listed)
            .filter(|execution| !only_running || execution.status == ListedStatus::Running)
            .collect();
        let (executions, next_token) = page(&matching, next, EXECUTIONS_A_PAGE);
        Ok(ExecutionPage { executions, next_token })
    }

    pub(super) fn get_execution_history(&mut self, arn: &str, next: Option<&str>) -> Result<HistoryPage, CallError> {
        let id = self.states.find("GetExecutionHistory", arn)?;
        let at = self.lag(LAG);
        let execution = &self.states.executions[id];
        let shown = execution.stood(at).map_or(0, |stood| stood.events);
        let backwards: Vec<_> = execution.history[..shown].iter().rev().cloned().collect();
        let (events, next_token) = page(&backwards, next, EVENTS_A_PAGE);
        Ok(HistoryPage { events, next_token })
    }

    /// Starts an Express execution, whatever its name: its place in the list.
    pub(super) fn start_sync_execution(
        &mut self,
        machine: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Id, CallError> {
        const OPERATION: &str = "StartSyncExecution";
        let (machine, kind) = self.states.machine(OPERATION, machine)?;
        if kind == StateMachineType::Standard {
            return Err(refused(
                OPERATION,
                CallErrorKind::Invalid,
                "StateMachineTypeNotSupported",
            ));
        }
        let express = machine.unqualified().replacen(":stateMachine:", ":express:", 1);
        let arn = format!("{express}:{name}:{:08}", self.states.executions.len());
        let id = self.add_execution(arn, machine.unqualified(), name.as_str(), input);
        self.was_started(id);
        Ok(id)
    }

    /// How an Express execution ended, if it has.
    pub(super) fn sync_ended(&self, id: Id) -> Option<SyncExecution> {
        let execution = &self.states.executions[id];
        Some(SyncExecution {
            execution_arn: execution.arn.clone(),
            started_at: execution.started_at,
            stopped_at: execution.stopped_at?,
            status: execution.status.clone(),
        })
    }
}
