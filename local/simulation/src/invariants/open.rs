//! Faults that are known and not mended yet: each is counted as such, and breaks no schedule.
//!
//! Whoever mends one takes it out here. What is here is as narrow as it can be said, so that a fault beside it is found.

use crate::account::{Account, Ended};
use crate::aws::{Execution, Id};

impl Account {
    /// An execution whose start was not answered, or whose invocation was killed, is not named when a later call of the
    /// same action fails for good before it has found it.
    pub(super) fn is_open_at_start(&mut self, run: Id) -> bool {
        let kind = self.pipelines.runs[run].kind;
        let is_open = kind.starts_with("not begun") || kind.starts_with("to ");
        let arns: Vec<String> = self.pipelines.runs[run].about.iter().map(|(arn, _)| arn.clone()).collect();
        let unanswered = arns.iter().filter_map(|arn| self.states.get(arn)).any(|execution| self.was_cut(execution));
        if is_open && unanswered {
            self.figures.count("open: a failure does not name what an earlier call may have started");
        }
        is_open && unanswered
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
