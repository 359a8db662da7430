//! Redriving: an execution goes on from where it failed.

use jiff::Timestamp;

use super::command::Refused;
use super::engine::Engine;
use super::options::ExecutionType;
use super::parts::{Phase, Place};
use super::status::Status;
use crate::history::EventDetails;
use crate::json::{Json, Object};

impl Engine {
    /// Has the execution go on: states that succeeded stay so, the one that failed does its work again.
    ///
    /// See [Redriving executions](https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).
    pub(super) fn redrive(&mut self, redrive_count: u32, now: Timestamp) -> Result<(), Refused> {
        if self.options.execution_type == ExecutionType::Express {
            return Err(Refused::WrongStatus("is an Express one, which cannot be redriven"));
        }
        match self.run(0).status {
            Status::Failed | Status::TimedOut | Status::Aborted => {}
            Status::Running => return Err(Refused::WrongStatus("is running")),
            Status::Succeeded => return Err(Refused::WrongStatus("succeeded, and cannot be redriven")),
        }
        if self.run(0).is_full() {
            return Err(Refused::WrongStatus("has no room for more events"));
        }
        let last = self.run(0).history.len() as u64;
        let redriven = self.event(0, last, EventDetails::ExecutionRedriven { redrive_count }, now);
        let run = self.run_mut(0);
        run.status = Status::Running;
        run.failure = None;
        run.stopped_at = None;
        if let Json::Object(execution) = &run.execution {
            let mut execution = Object::clone(execution);
            execution.insert("RedriveCount", i64::from(redrive_count));
            execution.insert("RedriveTime", crate::evaluation::format_time(now));
            run.execution = execution.into();
        }
        self.resume(Place { run: 0, thread: 0 }, redriven, now);
        Ok(())
    }

    /// Makes ready what has work left, at this place and below.
    fn resume(&mut self, place: Place, cursor: u64, now: Timestamp) {
        let children = self.unfinished_children(place);
        if !children.is_empty() {
            self.count_running(place, children.len());
            for child in children {
                self.resume(child, cursor, now);
            }
            return;
        }
        let thread = self.thread_mut(place);
        thread.attempts.clear();
        thread.retry_count = 0;
        thread.cursor = cursor;
        if self.redrive_map_run(place, now) {
            return;
        }
        if !matches!(self.thread(place).phase, Phase::Enter) {
            self.set_phase(place, Phase::Work);
        }
        self.ready.push_back(place);
    }

    fn count_running(&mut self, place: Place, running: usize) {
        match &mut self.thread_mut(place).phase {
            Phase::Branches(branches) => branches.set_running(running),
            Phase::Iterations(iterations) => iterations.set_running(running),
            _ => {}
        }
    }
}
