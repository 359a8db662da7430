//! Faults that are known and not mended yet: each is counted as such, and breaks no schedule.
//!
//! Whoever mends one takes it out here. What is here is as narrow as it can be said, so that a fault beside it is found.

use std::time::Duration;

use crate::account::{Account, Ended};
use crate::aws::{Execution, Id};

impl Account {
    fn comes_up(&mut self, fault: &str) {
        self.figures.count(fault);
        self.tell(|| fault.to_owned());
        self.is_open = true;
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
        is_open.then_some("open: the parameter of an abandoned action has moved")
    }
}
