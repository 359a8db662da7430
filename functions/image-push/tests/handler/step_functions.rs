//! Step Functions in memory, and one that throttles in front of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use shared::execution_name::ExecutionName;
use shared::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, ExecutionStatus, StartExecution, Started, StateMachineType,
};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

use crate::world::{START, machine};

/// Executions by their ARN, and a time that is let pass.
#[derive(Debug, Default)]
pub(crate) struct StepFunctions {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    executions: BTreeMap<String, Stored>,
    express: Vec<String>,
    passed: Duration,
    calls: Vec<&'static str>,
}

#[derive(Debug)]
struct Stored {
    started: Started,
    state_machine_arn: String,
    input: String,
    has_ended: bool,
}

/// An execution as a test sees it.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    /// What was started, with the version or alias that was named.
    pub(crate) state_machine_arn: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

impl StepFunctions {
    /// The executions, those started first.
    pub(crate) fn executions(&self) -> Vec<Seen> {
        let state = self.state();
        let mut stored: Vec<&Stored> = state.executions.values().collect();
        stored.sort_by_key(|stored| stored.started.started_at);
        let seen = |stored: &&Stored| Seen {
            state_machine_arn: stored.state_machine_arn.clone(),
            name: stored
                .started
                .execution_arn
                .rsplit(':')
                .next()
                .unwrap_or_default()
                .to_owned(),
            input: serde_json::from_str(&stored.input).expect("JSON"),
        };
        stored.iter().map(seen).collect()
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        START + self.state().passed
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, duration: Duration) {
        self.state().passed += duration;
    }

    /// Ends every execution.
    pub(crate) fn end_all(&self) {
        self.state()
            .executions
            .values_mut()
            .for_each(|stored| stored.has_ended = true);
    }

    /// Makes a state machine Express.
    pub(crate) fn make_express(&self, name: &str) {
        self.state().express.push(machine(name));
    }

    /// How often an operation was called.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|called| **called == operation).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called(&self, operation: &'static str) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.calls.push(operation);
        state
    }
}

impl StartExecution for &StepFunctions {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        let mut state = self.called("StartExecution");
        let machine = StateMachineArn::parse(state_machine_arn).expect("the ARN of a state machine");
        let execution_arn = machine.execution_arn(name);
        if let Some(stored) = state.executions.get(&execution_arn) {
            if stored.input == input && !stored.has_ended {
                return Ok(stored.started.clone());
            }
            let error = CallError::new("StartExecution", CallErrorKind::Conflict, "Execution Already Exists");
            return Err(error.with_code("ExecutionAlreadyExists"));
        }
        // No two executions start at the same moment, so that their order can be seen.
        state.passed += Duration::from_millis(1);
        let started = Started {
            execution_arn: execution_arn.clone(),
            started_at: START + state.passed,
        };
        let stored = Stored {
            started: started.clone(),
            state_machine_arn: state_machine_arn.to_owned(),
            input: input.to_owned(),
            has_ended: false,
        };
        state.executions.insert(execution_arn, stored);
        Ok(started)
    }
}

impl DescribeExecution for &StepFunctions {
    async fn describe_execution(&self, execution_arn: &str) -> Result<Execution, CallError> {
        let state = self.called("DescribeExecution");
        let missing = || {
            CallError::new("DescribeExecution", CallErrorKind::NotFound, "Execution Does Not Exist")
                .with_code("ExecutionDoesNotExist")
        };
        let stored = state.executions.get(execution_arn).ok_or_else(missing)?;
        Ok(Execution {
            execution_arn: execution_arn.to_owned(),
            status: ExecutionStatus::Running,
            started_at: stored.started.started_at,
            stopped_at: None,
        })
    }
}

impl DescribeStateMachine for &StepFunctions {
    async fn describe_state_machine(&self, state_machine_arn: &str) -> Result<StateMachineType, CallError> {
        let state = self.called("DescribeStateMachine");
        assert_eq!(
            state_machine_arn.split(':').count(),
            7,
            "an ARN without version or alias"
        );
        let is_express = state.express.iter().any(|express| express == state_machine_arn);
        Ok(if is_express {
            StateMachineType::Express
        } else {
            StateMachineType::Standard
        })
    }
}

/// Lets only one in so many of the first calls to start through, and lets others go first each time.
#[derive(Debug)]
pub(crate) struct Throttling<'a> {
    inner: &'a StepFunctions,
    one_in: usize,
    of_first: usize,
    calls: AtomicUsize,
}

impl<'a> Throttling<'a> {
    pub(crate) fn new(inner: &'a StepFunctions, one_in: usize, of_first: usize) -> Self {
        Self {
            inner,
            one_in,
            of_first,
            calls: AtomicUsize::new(0),
        }
    }
}

impl StartExecution for &Throttling<'_> {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        tokio::task::yield_now().await;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call < self.of_first && call % self.one_in != 0 {
            let error = CallError::new("StartExecution", CallErrorKind::Throttled, "Rate exceeded");
            return Err(error.with_code("ThrottlingException"));
        }
        self.inner.start_execution(state_machine_arn, name, input).await
    }
}

impl DescribeExecution for &Throttling<'_> {
    async fn describe_execution(&self, execution_arn: &str) -> Result<Execution, CallError> {
        tokio::task::yield_now().await;
        self.inner.describe_execution(execution_arn).await
    }
}

impl DescribeStateMachine for &Throttling<'_> {
    async fn describe_state_machine(&self, state_machine_arn: &str) -> Result<StateMachineType, CallError> {
        tokio::task::yield_now().await;
        self.inner.describe_state_machine(state_machine_arn).await
    }
}
