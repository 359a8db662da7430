//! Redrive: an execution that failed or was stopped goes on from there. A Map Run that is stopped keeps its results
//! for this.

use jiff::Timestamp;

use super::advance::Engine;
use super::history::EventDetails;
use super::interface::{Command, Refused, Status};
use super::parts::{Phase, Place};
use crate::definition::{Body, ExecutionType};
use crate::expression::format_time;
use crate::text::{Json, Object};

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
        if self.run(0).is_full {
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
            execution.insert("RedriveTime", format_time(now));
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
        // A Fail state is entered again, and fails again: what led into it is not done again.
        let enters = matches!(self.state(place).body, Body::Fail(_));
        if enters {
            self.set_phase(place, Phase::Enter);
        } else if !matches!(self.thread(place).phase, Phase::Enter) {
            self.set_phase(place, Phase::Work);
        }
        self.ready.push_back(place);
    }

    fn count_running(&mut self, place: Place, running: usize) {
        match &mut self.thread_mut(place).phase {
            Phase::Branches(branches) => branches.running = running,
            Phase::Iterations(iterations) => iterations.running = running,
            _ => {}
        }
    }

    /// Stops a Map Run together with its execution. What its children brought is kept for a redrive.
    pub(super) fn abort_map_run(&mut self, place: Place, now: Timestamp) {
        let Some(work) = self.work_mut(place) else { return };
        let (index, io, children) = (work.index, work.io.take(), std::mem::take(&mut work.running));
        if let Some(id) = io
            && self.tasks.remove(&id).is_some()
        {
            self.commands.push(Command::AbortTask { task: id });
        }
        let map_run = &mut self.map_runs[index];
        let arn = map_run.arn.clone();
        if map_run.status == Status::Running {
            (map_run.status, map_run.stopped_at, map_run.running) = (Status::Aborted, Some(now), 0);
        }
        for run in children.into_values() {
            self.end_run(run, Status::Aborted, None, now);
            self.forget_run(run, arn.clone());
        }
    }

    /// Has a Map Run go on with the children that did not succeed; says whether there were any to begin with.
    pub(super) fn redrive_map_run(&mut self, place: Place, now: Timestamp) -> bool {
        let Some(work) = self.work_mut(place).filter(|work| !work.results.is_empty()) else {
            return false;
        };
        work.waiting = (0..work.results.len())
            .rev()
            .filter(|index| work.results[*index].is_none())
            .collect();
        work.failed.clear();
        let index = work.index;
        let map_run = &mut self.map_runs[index];
        map_run.status = Status::Running;
        map_run.stopped_at = None;
        map_run.failed = 0;
        map_run.redrive_count += 1;
        let (map_run_arn, redrive_count) = (map_run.arn.clone(), map_run.redrive_count);
        self.follow(
            place,
            EventDetails::MapRunRedriven {
                map_run_arn,
                redrive_count,
            },
            now,
        );
        self.fill(place, now);
        true
    }
}
