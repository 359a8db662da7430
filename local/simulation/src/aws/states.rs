//! Step Functions: names are taken for good, starts of a Standard execution that runs are idempotent, redrives have dates
//! and tokens, and whoever stops what has ended is told that it was stopped.

use super::history;
use crate::account::Account;
use crate::happening::Happening;
use crate::kept::states::{Execution, Fate};
use crate::kept::words::{Id, refused};
use shared::execution_name::ExecutionName;
use shared::ports::step_functions::{ExecutionStatus, Failure, Started, StateMachineType};
use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;
use std::time::Duration;

/// So long a redrive's client token makes it idempotent.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html>
const CLIENT_TOKENS_LAST: Duration = Duration::from_secs(15 * 60);
/// So long after its end an execution can be redriven.
const REDRIVABLE: Duration = Duration::from_secs(14 * 24 * 3600);

impl Account {
    pub(super) fn start_execution(
        &mut self,
        machine: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        const OPERATION: &str = "StartExecution";
        let (machine, kind) = self.states.machine(OPERATION, machine)?;
        if kind == StateMachineType::Express {
            return Err(refused(
                OPERATION,
                CallErrorKind::Invalid,
                "StateMachineTypeNotSupported",
            ));
        }
        let arn = machine.execution_arn(name);
        if let Some(known) = self.states.get(&arn) {
            return if known.runs() && known.input == input {
                let started_at = known.started_at;
                Ok(Started {
                    execution_arn: arn,
                    started_at,
                })
            } else {
                Err(refused(OPERATION, CallErrorKind::Conflict, "ExecutionAlreadyExists"))
            };
        }
        let id = self.add_execution(arn.clone(), machine.unqualified(), name.as_str(), input);
        self.was_started(id);
        Ok(Started {
            execution_arn: arn,
            started_at: self.now,
        })
    }

    /// Adds an execution that runs from now on.
    pub(crate) fn add_execution(&mut self, arn: String, machine: &str, name: &str, input: &str) -> Id {
        let id = self.states.executions.len();
        let mut events = Vec::new();
        history::started(&mut events, self.now);
        let mut execution = Execution {
            arn: arn.clone(),
            machine: machine.to_owned(),
            name: name.to_owned(),
            input: input.to_owned(),
            status: ExecutionStatus::Running,
            started_at: self.now,
            stopped_at: None,
            redriven_at: None,
            fate: Fate::Succeeds,
            generation: 0,
            by_hand: false,
            history: events,
            past: Vec::new(),
        };
        execution.remember(self.now);
        self.states.executions.push(execution);
        self.states.by_arn.insert(arn, id);
        self.figures.count("executions started");
        self.decide_fate(id);
        let execution = &self.states.executions[id];
        let line = format!("execution {} starts", execution.name);
        self.tell(|| line);
        id
    }

    /// Decides how an execution that was just put to work will end, and when.
    fn decide_fate(&mut self, id: Id) {
        let fate = self.tape.pick(&[
            Fate::Succeeds,
            Fate::Succeeds,
            Fate::Succeeds,
            Fate::Fails,
            Fate::Fails,
            Fate::FailsCaught,
            Fate::TimesOut,
            Fate::FailsByDefinition,
            Fate::RunsOn,
        ]);
        let lasts = match self.tape.choose(6) {
            0 => Duration::from_secs(60),
            1 => self.tape.seconds(0, 5),
            2 | 3 => self.tape.seconds(5, 600),
            4 => self.tape.seconds(600, 7_200),
            _ => self.tape.seconds(7_200, 30_000),
        };
        let execution = &mut self.states.executions[id];
        execution.fate = fate;
        let generation = execution.generation;
        if fate != Fate::RunsOn {
            self.after(
                lasts,
                Happening::Ends {
                    execution: id,
                    generation,
                },
            );
        }
    }

    /// An execution ends by itself.
    pub(crate) fn execution_ends(&mut self, id: Id, generation: u32) {
        let execution = &self.states.executions[id];
        if !execution.runs() || execution.generation != generation || execution.fate == Fate::RunsOn {
            return;
        }
        let failure = |error: &str, cause: Option<&str>| Failure {
            error: Some(error.to_owned()),
            cause: cause.map(str::to_owned),
        };
        let status = match execution.fate {
            Fate::Succeeds | Fate::RunsOn => ExecutionStatus::Succeeded {
                output: r#"{"job":{"name":"job-1","rows":17}}"#.to_owned(),
            },
            Fate::Fails => ExecutionStatus::Failed(failure("States.TaskFailed", Some("exit code 1"))),
            Fate::FailsCaught => ExecutionStatus::Failed(failure("TrainingFailed", Some("the job failed"))),
            Fate::FailsByDefinition => {
                ExecutionStatus::Failed(failure("States.Runtime", Some("$.nothing is not there")))
            }
            Fate::TimesOut => ExecutionStatus::TimedOut(Failure::default()),
            Fate::IsStopped => ExecutionStatus::Aborted(Failure::default()),
        };
        self.end_execution(id, status, None);
    }

    /// An execution ends, by itself or because it is stopped: `failure` is what its history says of the end.
    fn end_execution(&mut self, id: Id, status: ExecutionStatus, fate: Option<Fate>) {
        let now = self.now;
        let execution = &mut self.states.executions[id];
        let fate = fate.unwrap_or(execution.fate);
        execution.status = status;
        execution.stopped_at = Some(now);
        let failure = match &execution.status {
            ExecutionStatus::Failed(failure) | ExecutionStatus::Aborted(failure) => Some(failure.clone()),
            ExecutionStatus::TimedOut(_) => Some(Failure {
                error: Some("States.Timeout".to_owned()),
                cause: None,
            }),
            ExecutionStatus::Running | ExecutionStatus::Succeeded { .. } => None,
        };
        history::ended(&mut execution.history, fate, failure.as_ref(), now);
        execution.remember(now);
        let (name, arn) = (execution.name.clone(), execution.arn.clone());
        self.figures.count(&format!("executions ended: {fate:?}"));
        self.tell(|| format!("execution {name} ends: {fate:?}"));
        self.execution_ended_event(&arn, &name);
    }

    pub(super) fn stop_execution(&mut self, arn: &str, error: &str, cause: &str) -> Result<(), CallError> {
        let id = self.states.find("StopExecution", arn)?;
        // AWS says the same of one that has ended.
        if self.states.executions[id].runs() {
            self.is_stopped(id);
            let failure = Failure {
                error: Some(error.to_owned()),
                cause: Some(cause.to_owned()),
            };
            self.end_execution(id, ExecutionStatus::Aborted(failure), Some(Fate::IsStopped));
        }
        Ok(())
    }

    /// Somebody stops an execution by hand.
    pub(crate) fn stop_by_hand(&mut self, id: Id) {
        let failure = Failure {
            error: Some("ByHand".to_owned()),
            cause: None,
        };
        self.end_execution(id, ExecutionStatus::Aborted(failure), Some(Fate::IsStopped));
    }

    pub(super) fn redrive_execution(&mut self, arn: &str, token: &str) -> Result<Timestamp, CallError> {
        const OPERATION: &str = "RedriveExecution";
        let id = self.states.find(OPERATION, arn)?;
        let key = (arn.to_owned(), token.to_owned());
        if let Some(at) = self.states.tokens.get(&key)
            && self.now.since(*at) < CLIENT_TOKENS_LAST
        {
            return Ok(*at);
        }
        if !self.is_redrivable(id) {
            return Err(refused(OPERATION, CallErrorKind::Conflict, "ExecutionNotRedrivable"));
        }
        self.was_redriven(id);
        self.states.tokens.insert(key, self.now);
        self.redrive(id);
        Ok(self.now)
    }

    pub(crate) fn is_redrivable(&self, id: Id) -> bool {
        let execution = &self.states.executions[id];
        let unsuccessful = !matches!(
            execution.status,
            ExecutionStatus::Running | ExecutionStatus::Succeeded { .. }
        );
        let is_recent = execution.stopped_at.is_some_and(|at| self.now.since(at) < REDRIVABLE);
        unsuccessful && is_recent && !execution.arn.contains(":express:")
    }

    /// An execution goes on from where it failed.
    pub(crate) fn redrive(&mut self, id: Id) {
        let now = self.now;
        let execution = &mut self.states.executions[id];
        execution.status = ExecutionStatus::Running;
        execution.stopped_at = None;
        execution.redriven_at = Some(now);
        execution.generation += 1;
        history::redriven(&mut execution.history, now);
        execution.remember(now);
        let name = execution.name.clone();
        self.figures.count("executions redriven");
        self.tell(|| format!("execution {name} is redriven"));
        self.decide_fate(id);
    }
}
