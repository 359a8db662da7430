//! Threads: entering states, doing their work, leaving them, and failing.

use jiff::Timestamp;

use super::advance::Engine;
use super::history::{EventDetails, Payload};
use super::interface::{Command, Retried, Status};
use super::parts::{Extra, Phase, Place, RunId, TimerKind};
use crate::definition::{Body, Exit, Raised, State};
use crate::expression::{Failure, StateError};
use crate::text::{Json, timestamp};

impl Engine {
    /// Takes a thread one step further, and says whether it can go on at once.
    pub(super) fn step(&mut self, place: Place, now: Timestamp) -> bool {
        let phase = std::mem::replace(&mut self.thread_mut(place).phase, Phase::Work);
        match phase {
            Phase::Enter => self.enter(place, now),
            Phase::Work => self.work(place, now),
            Phase::Waited => self.end_wait(place, now),
            Phase::Result(result) => self.end_with(place, result, now),
            Phase::Failed(raised) => self.raise(place, raised, now),
            waiting => {
                self.thread_mut(place).phase = waiting;
                false
            }
        }
    }

    fn enter(&mut self, place: Place, now: Timestamp) -> bool {
        let state = self.state(place);
        let thread = self.thread_mut(place);
        thread.cursor_before = thread.cursor;
        thread.attempts.clear();
        thread.retry_count = 0;
        thread.entered_at = now;
        let input = Payload::Json(thread.input.clone());
        let entered = EventDetails::StateEntered {
            kind: state.body.kind(),
            name: state.common.name.clone(),
            input,
        };
        let id = self.follow(place, entered, now);
        let thread = self.thread_mut(place);
        thread.entered_event = id;
        thread.phase = Phase::Work;
        if self.run(place.run).is_full {
            return true;
        }
        self.work_on(place, &state, now)
    }

    fn work(&mut self, place: Place, now: Timestamp) -> bool {
        let state = self.state(place);
        self.work_on(place, &state, now)
    }

    fn work_on(&mut self, place: Place, state: &State, now: Timestamp) -> bool {
        match &state.body {
            Body::Pass(pass) => {
                let exit = self.evaluate(place, state, Extra::default(), now, |scope| {
                    pass.run(&state.common, scope)
                });
                self.leave_or_fail(place, state, exit, state.next, now)
            }
            Body::Choice(choice) => {
                let chosen = self.evaluate(place, state, Extra::default(), now, |scope| {
                    choice.run(&state.common, scope)
                });
                match chosen {
                    Ok((next, exit)) => self.leave(place, state, exit, Some(next), now),
                    Err(error) => self.state_error(place, state, error, now),
                }
            }
            Body::Wait(wait) => match self.evaluate(place, state, Extra::default(), now, |scope| {
                wait.until(&state.common, scope)
            }) {
                Ok(until) if until <= now => self.end_wait(place, now),
                Ok(until) => {
                    self.set_phase(place, Phase::Wait);
                    self.set_timer(place, until, TimerKind::Wake);
                    false
                }
                Err(error) => self.state_error(place, state, error, now),
            },
            Body::Succeed => self.end_unchanged(place, state, None, now),
            Body::Fail(fail) => match self.evaluate(place, state, Extra::default(), now, |scope| fail.failure(scope)) {
                Ok(failure) => self.fail_thread(place, failure, now),
                Err(error) => self.state_error(place, state, error, now),
            },
            Body::Task(task) => self.start_task(place, state, task, now),
            Body::Parallel(parallel) => self.start_branches(place, state, parallel, now),
            Body::Map(map) => self.start_map(place, state, map, now),
        }
    }

    /// What a thread waited for is over.
    pub(super) fn wake(&mut self, place: Place) {
        let next = match self.thread(place).phase {
            Phase::Wait => Phase::Waited,
            Phase::Backoff => Phase::Work,
            _ => return,
        };
        self.set_phase(place, next);
        self.ready.push_back(place);
    }

    /// A Wait state's time has come.
    fn end_wait(&mut self, place: Place, now: Timestamp) -> bool {
        let state = self.state(place);
        self.end_unchanged(place, &state, state.next, now)
    }

    /// Leaves a state that has no result.
    fn end_unchanged(&mut self, place: Place, state: &State, next: Option<usize>, now: Timestamp) -> bool {
        let exit = self.evaluate(place, state, Extra::default(), now, |scope| {
            state.common.exit_unchanged(scope)
        });
        self.leave_or_fail(place, state, exit, next, now)
    }

    /// Leaves a state with the result of its work.
    pub(super) fn end_with(&mut self, place: Place, result: Json, now: Timestamp) -> bool {
        let state = self.state(place);
        let extra = Extra {
            result: Some(&result),
            ..Extra::default()
        };
        let exit = self.evaluate(place, &state, extra, now, |scope| {
            state.common.exit(scope, result.clone())
        });
        self.leave_or_fail(place, &state, exit, state.next, now)
    }

    fn leave_or_fail(
        &mut self,
        place: Place,
        state: &State,
        exit: Result<Exit, StateError>,
        next: Option<usize>,
        now: Timestamp,
    ) -> bool {
        match exit {
            Ok(exit) => self.leave(place, state, exit, next, now),
            Err(error) => self.state_error(place, state, error, now),
        }
    }

    /// Leaves a state for the next one, or ends the thread.
    pub(super) fn leave(
        &mut self,
        place: Place,
        state: &State,
        exit: Exit,
        next: Option<usize>,
        now: Timestamp,
    ) -> bool {
        // Empty assignments leave no trace.
        let assigned = exit.assigned.filter(|assigned| !assigned.is_empty());
        let exited = EventDetails::StateExited {
            kind: state.body.kind(),
            name: state.common.name.clone(),
            output: Payload::Json(exit.output.clone()),
            assigned: assigned.clone(),
        };
        self.follow(place, exited, now);
        let thread = self.thread_mut(place);
        if let Some(assigned) = assigned {
            thread.variables.assign(&assigned);
        }
        if next.is_some() && self.is_last(place, state) {
            self.stop_after(state, now);
            return false;
        }
        let thread = self.thread_mut(place);
        match next {
            Some(next) => {
                thread.state = next;
                thread.input = exit.output;
                thread.phase = Phase::Enter;
                true
            }
            None => self.finish_thread(place, exit.output, now),
        }
    }

    /// A flow has ended well.
    fn finish_thread(&mut self, place: Place, output: Json, now: Timestamp) -> bool {
        if self.run(place.run).is_full {
            return true;
        }
        self.set_phase(place, Phase::Done);
        let Some((parent, index)) = self.thread(place).parent else {
            self.succeed_run(place, output, now);
            return false;
        };
        let parent = Place {
            run: place.run,
            thread: parent,
        };
        match self.thread(parent).phase {
            Phase::Branches(_) => self.branch_done(place, parent, index, output, now),
            Phase::Iterations(_) => self.iteration_done(place, parent, index, output, now),
            _ => {}
        }
        false
    }

    /// A state could not go on.
    pub(super) fn state_error(&mut self, place: Place, state: &State, error: StateError, now: Timestamp) -> bool {
        match self.failure_of(place, state, error, now) {
            Some(failure) => self.raise(place, Raised::from(failure), now),
            None => false,
        }
    }

    /// What a state's error raises; nothing where it has ended the run.
    fn failure_of(&mut self, place: Place, state: &State, error: StateError, now: Timestamp) -> Option<Failure> {
        let thread = self.thread(place);
        let (entered, cursor) = (thread.entered_event, thread.cursor);
        let explain = |cause: &str| {
            let name = &state.common.name;
            format!(
                "An error occurred while executing the state '{name}' (entered at the event id #{entered}). {cause}"
            )
        };
        match error {
            StateError::Runtime(cause) => {
                self.fail_run(place.run, Failure::new("States.Runtime", explain(&cause)), cursor, now);
                None
            }
            StateError::TooLong(cause) => {
                self.fail_run(place.run, Failure::new("States.DataLimitExceeded", cause), cursor, now);
                None
            }
            StateError::Unrecorded(cause) => {
                let failure = Failure::new("States.Runtime", explain(&cause));
                self.run_mut(place.run).history.retain(|event| event.id < entered);
                self.end_run(place.run, Status::Failed, Some(failure.clone()), now);
                self.run_ended(place.run, Err(failure), now);
                None
            }
            StateError::Query { cause, location } => {
                let failure = Failure::new("States.QueryEvaluationError", explain(&cause));
                let failed = EventDetails::EvaluationFailed {
                    state: state.common.name.clone(),
                    location: location.map(Into::into),
                    error: "States.QueryEvaluationError".into(),
                    cause: failure.cause.clone().unwrap_or_default(),
                };
                // A Map looks up its items while it is being entered, so this follows what came before.
                let thread = self.thread_mut(place);
                if matches!(state.body, Body::Map(_)) && thread.cursor == entered {
                    thread.cursor = thread.cursor_before;
                }
                self.follow(place, failed, now);
                Some(failure)
            }
            StateError::Failure(failure) => {
                let cause = failure.cause.as_deref().map(|cause| explain(cause).into());
                Some(Failure { cause, ..failure })
            }
        }
    }

    /// A state failed: it is retried, caught, or its flow fails.
    pub(super) fn raise(&mut self, place: Place, raised: Raised, now: Timestamp) -> bool {
        if raised.is_final {
            self.fail_outermost(place, raised.failure, now);
            return false;
        }
        let state = self.state(place);
        if let Some(delay) = self.retry_delay(place, &state, &raised) {
            self.drop_children(place);
            self.set_phase(place, Phase::Backoff);
            self.set_timer(place, timestamp::after(now, delay), TimerKind::Wake);
            return false;
        }
        match state.body {
            Body::Map(_) => {
                self.follow(place, EventDetails::MapStateFailed, now);
            }
            Body::Parallel(_) => {
                self.follow(place, EventDetails::ParallelStateFailed, now);
            }
            _ => {}
        }
        let Some(catcher) = state.catch.iter().find(|catcher| catcher.matches(&raised)) else {
            return self.fail_thread(place, raised.failure, now);
        };
        self.drop_children(place);
        let exit = self.evaluate(place, &state, Extra::default(), now, |scope| {
            catcher.exit(&state.common, scope, &raised.failure)
        });
        match exit {
            Ok(exit) => self.leave(place, &state, exit, Some(catcher.next), now),
            // Nothing catches what a catcher gets wrong.
            Err(error) => match self.failure_of(place, &state, error, now) {
                Some(failure) => self.fail_thread(place, failure, now),
                None => false,
            },
        }
    }

    /// How long to wait before the state is tried again, if it is.
    fn retry_delay(&mut self, place: Place, state: &State, raised: &Raised) -> Option<f64> {
        let index = state.retry.iter().position(|retrier| retrier.matches(raised))?;
        let attempts = self.thread(place).attempts.get(index).copied().unwrap_or_default();
        let delay = state.retry[index].delay(attempts, &self.random)?;
        let thread = self.thread_mut(place);
        thread.attempts.resize(state.retry.len(), 0);
        thread.attempts[index] += 1;
        thread.retry_count += 1;
        self.retries.push(Retried {
            state: state.common.name.clone(),
            failure: raised.failure.clone(),
            attempt: attempts + 1,
            max_attempts: state.retry[index].max_attempts(),
            delay_seconds: delay,
        });
        Some(delay)
    }

    /// A flow failed, and with it the Parallel or Map that it belongs to, or the run.
    pub(super) fn fail_thread(&mut self, place: Place, failure: Failure, now: Timestamp) -> bool {
        let cursor = self.thread(place).cursor;
        match self.thread(place).parent {
            None => {
                self.fail_run(place.run, failure, cursor, now);
            }
            Some((parent, index)) => {
                let parent = Place {
                    run: place.run,
                    thread: parent,
                };
                self.part_failed(place, parent, index, failure, now);
            }
        }
        false
    }

    fn succeed_run(&mut self, place: Place, output: Json, now: Timestamp) {
        let ended = EventDetails::ExecutionSucceeded {
            output: Payload::Json(output.clone()),
        };
        self.follow(place, ended, now);
        let run = self.run_mut(place.run);
        run.status = Status::Succeeded;
        run.output = Some(output.clone());
        run.stopped_at = Some(now);
        self.run_ended(place.run, Ok(output), now);
    }

    /// Ends a run in failure. Its threads stay where they are, for a redrive.
    pub(super) fn fail_run(&mut self, run: RunId, failure: Failure, cursor: u64, now: Timestamp) {
        self.event(run, cursor, EventDetails::ExecutionFailed(failure.clone()), now);
        self.end_run(run, Status::Failed, Some(failure.clone()), now);
        self.run_ended(run, Err(failure), now);
    }

    /// Ends the execution that this belongs to, past the Maps and Parallels around it.
    fn fail_outermost(&mut self, place: Place, failure: Failure, now: Timestamp) {
        let mut outer = place;
        while let Some((parent, _)) = self.run(outer.run).parent {
            outer = parent;
        }
        let cursor = self.thread(outer).cursor;
        self.fail_run(outer.run, failure, cursor, now);
    }

    /// The state machine's `TimeoutSeconds` are over.
    pub(super) fn time_out_run(&mut self, now: Timestamp) {
        let failure = Failure {
            error: Some("States.Timeout".into()),
            cause: None,
        };
        self.event(0, 0, EventDetails::ExecutionTimedOut(failure), now);
        self.end_run(0, Status::TimedOut, None, now);
    }

    /// Ends a run, and has its tasks aborted.
    pub(super) fn end_run(&mut self, run: RunId, status: Status, failure: Option<Failure>, now: Timestamp) {
        let ended = self.run_mut(run);
        ended.status = status;
        ended.failure = failure;
        ended.stopped_at = Some(now);
        for thread in self.run(run).threads.numbers() {
            self.abort_work(Place { run, thread }, now);
        }
    }

    /// Has a thread's task and child executions aborted. The thread will do its state's work again if it is redriven.
    pub(super) fn abort_work(&mut self, place: Place, now: Timestamp) {
        let Some(thread) = self.find_thread(place) else { return };
        match &thread.phase {
            Phase::Task(task) => {
                let (id, token) = (task.id, task.token.clone());
                self.forget_task(id, token.as_ref());
                self.commands.push(Command::AbortTask { task: id });
                self.set_phase(place, Phase::Work);
            }
            Phase::MapRun(_) => self.abort_map_run(place, now),
            Phase::Wait | Phase::Waited | Phase::Backoff | Phase::Result(_) | Phase::Failed(_) => {
                self.set_phase(place, Phase::Work);
            }
            _ => {}
        }
    }
}
