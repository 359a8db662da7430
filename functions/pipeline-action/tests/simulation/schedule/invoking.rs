//! Invocations of the function, and what is seen to have come of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;
use shared::fakes::Put;
use shared::ports::code_pipeline::{ActionStatus, JobSuccess};
use shared::ports::step_functions::ExecutionStatus;

use super::{DAY, HOUR, Happening, MINUTE, POLL, Schedule, Way};
use crate::events::ended_event;
use crate::histories::{Ending, history};
use crate::world::invocation;

impl Schedule {
    /// Runs invocations side by side, kills some of them, and sees what came of it.
    pub(super) fn invoke(&mut self, batch: &[(Value, u32)]) -> Result<(), String> {
        type Running<'a> = (usize, u64, Pin<Box<dyn Future<Output = bool> + 'a>>);
        let mut again = Vec::new();
        let mut lives = Vec::new();
        for _ in batch {
            let dies = !self.calm && self.dice.chance(15);
            lives.push(if dies { self.dice.below(12) } else { u64::MAX });
        }
        {
            let (function, dice) = (&self.function, &self.dice);
            let mut running: Vec<Running<'_>> = Vec::new();
            for (at, (event, _)) in batch.iter().enumerate() {
                let handled = function.handle(invocation(event));
                running.push((at, lives[at], Box::pin(async move { handled.await.is_ok() })));
            }
            let mut context = Context::from_waker(Waker::noop());
            while !running.is_empty() {
                let at = dice.below(running.len() as u64) as usize;
                let (number, left, invocation) = &mut running[at];
                if *left == 0 {
                    again.push(*number);
                    self.figures.killed += 1;
                    drop(running.swap_remove(at));
                    continue;
                }
                *left -= 1;
                if let Poll::Ready(well) = invocation.as_mut().poll(&mut context) {
                    if !well {
                        again.push(*number);
                    }
                    drop(running.swap_remove(at));
                }
            }
        }
        self.figures.invocations += batch.len();
        for number in again {
            let (event, attempt) = &batch[number];
            if *attempt < 3 {
                let happening = Happening::Called {
                    event: event.clone(),
                    attempt: attempt + 1,
                };
                self.at(MINUTE * *attempt, happening);
            }
        }
        self.see()
    }

    /// What has changed: new ends to wait for, answers of jobs and of approvals; and whether any of it may not be.
    fn see(&mut self) -> Result<(), String> {
        let runs = self.states().runs();
        let started = runs.len() + runs.iter().map(|run| run.redrives).sum::<usize>();
        if started > self.figures.attempts {
            return Err(format!(
                "{started} starts and redrives in {} attempts: {runs:#?}",
                self.figures.attempts
            ));
        }
        for (at, run) in runs.iter().enumerate() {
            let before = self.known_runs.get(at).cloned();
            let runs_anew = before
                .as_ref()
                .is_none_or(|before| before.redrives < run.redrives && run.status == ExecutionStatus::Running);
            if runs_anew {
                self.tell(format!("{} runs, redrive {}", run.name, run.redrives));
                let most = if self.way == Way::Event && self.dice.chance(3) {
                    30 * DAY
                } else {
                    3 * HOUR
                };
                let least = if most > DAY { 29 * DAY } else { Duration::ZERO };
                let lasts = self.dice.between(least, most);
                let happening = Happening::Ends {
                    arn: run.execution_arn.clone(),
                    since: run.redriven_at.unwrap_or(run.started_at),
                };
                self.at(lasts, happening);
            }
            let was_running = before.is_some_and(|before| before.status == ExecutionStatus::Running);
            if let (true, ExecutionStatus::Aborted(_)) = (was_running, &run.status) {
                self.figures.stops += 1;
                self.tell(format!("{} is stopped", run.name));
                self.states()
                    .write_history(&run.execution_arn, history(Ending::Stopped));
                let is_current = at + 1 == runs.len() && (self.redrives || run.started_at >= self.attempt_began);
                if is_current && !self.failed && !self.done {
                    return Err(format!("{} is stopped while it is waited for", run.name));
                }
                self.emit(ended_event(&run.execution_arn, self.now()));
            }
        }
        self.known_runs = runs;
        self.see_job();
        self.see_approval()
    }

    fn see_job(&mut self) {
        let at = self.acts.len() - 1;
        let act = &self.acts[at];
        let answer = if act.over {
            None
        } else {
            self.pipelines().answer(&act.job)
        };
        match answer {
            None => {}
            Some(Put::Success(JobSuccess::Continue { continuation_token })) => {
                self.acts[at].job = String::new();
                // While nothing is started, as often as CodePipeline calls; and then seldom enough to be played fast.
                let follows = continuation_token.contains("\"execution\"");
                let pause = if follows { 10 * MINUTE } else { POLL };
                let happening = Happening::Continues {
                    run: at,
                    token: continuation_token,
                };
                self.at(pause, happening);
            }
            Some(Put::Success(JobSuccess::Done { output_variables })) => {
                self.tell("the job succeeds");
                self.figures.answers += 1;
                self.action_ended(at, ActionStatus::Succeeded, output_variables);
            }
            Some(Put::Failure(failure)) => {
                self.tell(format!("the job fails: {}", failure.message));
                self.figures.answers += 1;
                self.action_ended(at, ActionStatus::Failed, BTreeMap::new());
            }
        }
    }

    fn see_approval(&mut self) -> Result<(), String> {
        let Some(id) = self.approval.clone().filter(|_| !self.failed && !self.done) else {
            return Ok(());
        };
        let status = self.pipelines().action(&id).map(|run| run.status);
        let approved = match status {
            Some(ActionStatus::Succeeded) => true,
            Some(ActionStatus::Failed) => false,
            _ => return Ok(()),
        };
        self.tell(format!("{id} is answered: {approved}"));
        self.figures.answers += 1;
        // Each attempt's answer is that of the execution which ran last.
        let last = self.known_runs.last();
        let succeeded = last.map(|run| &run.status);
        // A failure that lies before the attempt is that of an earlier one.
        let is_old = last
            .and_then(|run| run.stopped_at)
            .is_some_and(|at| at < self.attempt_began);
        let fits = match succeeded {
            Some(ExecutionStatus::Succeeded { .. }) => approved,
            Some(ExecutionStatus::Running) | None => false,
            Some(_) => !approved && !is_old,
        };
        if !fits {
            return Err(format!(
                "{id} is answered with {approved}, and its execution is {succeeded:?}"
            ));
        }
        self.approval_ended(approved);
        Ok(())
    }
}
