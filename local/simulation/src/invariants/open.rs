//! Faults that are known and not mended yet: each is counted as such, and breaks no schedule.
//!
//! Whoever mends one takes it out here. What is here is as narrow as it can be said, so that a fault beside it is found.

use std::time::Duration;

use crate::account::{Account, Ended};
use crate::aws::{Execution, Id};
use crate::happening::About;

impl Account {
    fn comes_up(&mut self, fault: &str) {
        self.figures.count(fault);
        self.tell(|| fault.to_owned());
        self.is_open = true;
    }

    /// A late delivery of an overdue poll stops an execution that a retry of the stage has adopted while it ran.
    pub(super) fn is_open_stop(&mut self, by: About, execution: &str, waiting: Id) -> bool {
        let is_over = by.run().is_some_and(|run| !self.pipelines.runs[run].is_live());
        let began = self.pipelines.runs[waiting].started_at;
        let was_adopted = self
            .states
            .get(execution)
            .is_some_and(|execution| execution.put_to_work() < began);
        let is_open = is_over && was_adopted && matches!(by, About::Job { follows: true, .. });
        if is_open {
            self.comes_up("open: a late poll stops what a retry has adopted");
        }
        is_open
    }

    /// What a retry adopts while it runs is not named when another delivery of the retry fails before it has found it.
    pub(super) fn is_open_adoption(&mut self, run: Id, execution: &str) -> bool {
        let began = self.pipelines.runs[run].started_at;
        let was_there = self
            .states
            .get(execution)
            .is_some_and(|execution| execution.started_at < began);
        let is_open = was_there && self.pipelines.runs[run].begun == 0;
        if is_open {
            self.figures
                .count("open: a failure does not name what the retry has adopted");
        }
        is_open
    }

    /// A description or a history that lags shows what a redrive has overcome since: there is a second redrive or start.
    pub(super) fn is_open_redrive(&mut self, id: Id) -> bool {
        let recent = self.now - Duration::from_secs(60);
        let past = self.states.executions[id].past.iter();
        let was_redriven = |other: &Execution| other.redriven_at.is_some_and(|at| at > recent);
        let is_open = past
            .filter(|(_, stood)| stood.is_unwanted())
            .any(|(at, _)| *at > recent)
            || self.states.executions.iter().any(was_redriven);
        if is_open {
            self.comes_up("open: a stop that shows late is redriven twice");
        }
        is_open
    }

    /// Whether the invocation that started an execution met a fault, or was killed.
    fn was_cut(&self, execution: &Execution) -> bool {
        let by = execution.started_by.and_then(|number| self.invocations.get(number));
        by.is_some_and(|by| by.faults > 0 || by.outcome == Some(Ended::Killed))
    }

    /// Why an execution runs on that nobody knows of, where that is known.
    pub(super) fn is_open_at_rest(&self, id: Id, runs: &[Id]) -> Option<&'static str> {
        let execution = &self.states.executions[id];
        if execution.is_late && self.was_cut(execution) {
            return Some("open: a late delivery was cut off before it knew what it had started");
        }
        let was_abandoned = |run: &Id| {
            let status = self.pipelines.runs[*run].status;
            status == shared::ports::code_pipeline::ActionStatus::Abandoned
        };
        let has_moved = self.parameters.values(crate::scenario::MACHINE_PARAMETER).len() > 1;
        let is_open = self.scenario.by_parameter && has_moved && runs.iter().any(was_abandoned);
        if is_open {
            return Some("open: the parameter of an abandoned action has moved");
        }
        let untold = self.scenario.waits_by_event()
            && runs
                .iter()
                .any(|run| self.pipelines.runs[*run].untold && was_abandoned(run));
        // One look later: after a retry of all actions, looks heed the last run of the action alone.
        let last = (0..self.pipelines.runs.len())
            .rev()
            .find(|run| !self.pipelines.is_approval(*run));
        if self.scenario.waits_by_event() && runs.iter().all(|run| Some(*run) < last) && !runs.is_empty() {
            return Some("open: a look does not find what an earlier run of the action left");
        }
        untold.then_some("open: a look does not find what an abandoned action left, whose event was lost")
    }
}
