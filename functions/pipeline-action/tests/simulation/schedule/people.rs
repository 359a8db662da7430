//! What people do: they retry, abandon and answer.

use std::collections::BTreeMap;

use shared::ports::code_pipeline::ActionStatus;

use super::Schedule;
use crate::events::{action_event, approval_event};

impl Schedule {
    pub(super) fn retry(&mut self, all: bool) {
        if !self.failed {
            return;
        }
        self.tell(if all {
            "the stage is retried"
        } else {
            "its failed actions are retried"
        });
        match &self.approval {
            Some(_) if !all => {
                self.figures.attempts += 1;
                self.attempt_began = self.now();
                self.ask();
            }
            _ => self.act(),
        }
    }

    pub(super) fn abandon(&mut self) {
        if self.failed || self.done {
            return;
        }
        self.tell("the pipeline's execution is abandoned");
        let at = self.acts.len() - 1;
        if !self.acts[at].over {
            let id = self.acts[at].id.clone();
            self.action_ended(at, ActionStatus::Abandoned, BTreeMap::new());
            self.emit(action_event(&id));
        } else if let Some(id) = self.approval.clone() {
            self.pipelines().change(&id, |run| run.status = ActionStatus::Abandoned);
            self.emit(approval_event("ABANDONED"));
            self.stage_failed();
        }
    }

    pub(super) fn answer(&mut self, approved: bool) {
        let Some(id) = self.approval.clone().filter(|_| !self.failed && !self.done) else {
            return;
        };
        self.tell(format!("somebody answers {id}: {approved}"));
        let status = if approved {
            ActionStatus::Succeeded
        } else {
            ActionStatus::Failed
        };
        self.pipelines().change(&id, |run| run.status = status);
        self.approval_ended(approved);
    }

    pub(super) fn approval_ended(&mut self, approved: bool) {
        self.done = approved;
        if !approved {
            self.emit(approval_event("FAILED"));
            self.stage_failed();
        }
    }
}
