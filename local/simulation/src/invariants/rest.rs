//! What has to be so once everything is at rest: nothing runs that nobody knows of, and nothing waits in vain.

use shared::ports::code_pipeline::ActionStatus;

use crate::account::Account;
use crate::kept::registry::{Image, Pushed};
use crate::kept::states::Execution;
use crate::kept::words::Id;
use crate::people::short;
use crate::scenario::{LOOK_BACK, Subject};

const FOLLOWED: &str = "what runs at rest is waited for, was left, or is named";
const ANSWERED: &str = "an approval is answered once its execution has ended";
const RUN: &str = "an image that a rule wants is run";

impl Account {
    /// Everything is at rest: `memory` is the most that a process remembers.
    pub(crate) fn at_rest(&mut self, memory: usize) {
        if self.is_decided() {
            return;
        }
        self.remembers(memory);
        match self.scenario.subject {
            Subject::Pipeline { .. } => {
                self.nothing_runs_unknown();
                self.nothing_waits_in_vain();
            }
            Subject::Images => self.images_were_run(),
            Subject::Parameters => {}
        }
    }

    fn nothing_runs_unknown(&mut self) {
        for id in 0..self.states.executions.len() {
            if !self.states.executions[id].runs() || self.scenario.is_express() {
                continue;
            }
            if let Some(why) = self.is_known(id) {
                self.figures.count(&format!("runs at rest: {why}"));
            } else {
                let arn = self.states.executions[id].arn.clone();
                self.broke(FOLLOWED, || format!("{arn} runs, and nobody knows of it"));
            }
        }
    }

    /// Why an execution may run on, if it may.
    fn is_known(&self, id: Id) -> Option<&'static str> {
        let execution = &self.states.executions[id];
        let arn = &execution.arn;
        if self.waited_for(arn).is_some() {
            return Some("waited for");
        }
        if execution.by_hand {
            return Some("by hand");
        }
        let is_named = |text: &String| text.contains(arn.as_str());
        if self.pipelines.runs.iter().any(|run| run.messages.iter().any(is_named)) {
            return Some("named in a message");
        }
        if self.failed_events.iter().any(|failed| is_named(&failed.error)) {
            return Some("named in a failed event");
        }
        let runs: Vec<Id> = (0..self.pipelines.runs.len())
            .filter(|run| self.pipelines.runs[*run].about.iter().any(|(known, _)| known == arn))
            .collect();
        if self.named_by_looks.contains(arn) && !self.had_to_be_stopped(execution, &runs) {
            return Some("named by a look");
        }
        // An event that Lambda gave up because its processes were killed names the job, and the job the execution.
        let of_run = |run: Option<Id>| run.is_some_and(|run| runs.contains(&run));
        if self
            .failed_events
            .iter()
            .any(|failed| of_run(failed.delivery.about.run()))
        {
            return Some("its event failed");
        }
        let is_approved =
            |run: &Id| self.pipelines.is_approval(*run) && self.pipelines.runs[*run].status == ActionStatus::Succeeded;
        let is_of_release = |run: &Id| {
            execution
                .name
                .starts_with(&self.pipelines.executions[self.pipelines.runs[*run].execution])
        };
        if (0..self.pipelines.runs.len()).any(|run| is_approved(&run) && is_of_release(&run)) {
            return Some("somebody approved meanwhile");
        }
        if !self.scenario.stops_abandoned {
            return Some("STOP_ABANDONED_EXECUTIONS is false");
        }
        let is_left = |run: &Id| self.scenario.leaves && self.is_overdue(*run, arn);
        runs.iter().any(is_left).then_some("left, as onTimeout says")
    }

    /// Whether these runs leave an execution that is not only to be named: one that ran when its action was abandoned, or
    /// its approval was over.
    fn had_to_be_stopped(&self, execution: &Execution, runs: &[Id]) -> bool {
        let was_abandoned = |run: &Id| {
            let run = &self.pipelines.runs[*run];
            run.status == ActionStatus::Abandoned && execution.put_to_work() <= run.updated_at
        };
        self.scenario.waits_by_event() || runs.iter().any(was_abandoned)
    }

    fn nothing_waits_in_vain(&mut self) {
        let asked = self
            .pipelines
            .approval()
            .and_then(|action| self.pipelines.last_run(action));
        let Some(run) = asked.filter(|run| self.pipelines.runs[*run].is_live()) else {
            return;
        };
        let carrier = self.carrier(run);
        let ended = carrier
            .as_deref()
            .and_then(|arn| self.states.get(arn))
            .is_none_or(|execution| !execution.runs());
        if ended {
            self.broke(ANSWERED, || {
                format!("run {run} of the approval waits, and {carrier:?} has ended")
            });
        }
    }

    fn images_were_run(&mut self) {
        let images: Vec<(&'static str, Image)> = self
            .registry
            .repositories
            .iter()
            .flat_map(|(repository, images)| images.iter().map(|image| (*repository, image.clone())))
            .collect();
        for (repository, image) in images {
            // A look that was taken within the window has seen it.
            let is_recent = self.now.since(image.pushed_at) < LOOK_BACK;
            if image.kind == Pushed::Signature || !is_recent {
                continue;
            }
            for tag in &image.tags {
                for rule in self.rules_that_want(repository, tag) {
                    self.image_was_run(repository, &image, tag, rule);
                }
            }
        }
    }

    /// The rules that want an image, by the number in their input, as far as they can be carried out.
    fn rules_that_want(&self, repository: &str, tag: &str) -> Vec<usize> {
        let mut rules = vec![2];
        if repository == "ml" && tag.starts_with("release-") {
            rules.push(1);
            rules.extend(
                (1..=self.scenario.rules)
                    .filter(|number| number % 2 == 1)
                    .map(|number| number + 2),
            );
        }
        rules
    }

    fn image_was_run(&mut self, repository: &str, image: &Image, tag: &str, rule: usize) {
        let is_it = |input: &serde_json::Value| {
            let digest = input["image"]["digest"].as_str().unwrap_or_default();
            let is_image = digest == image.digest || image.children.iter().any(|child| child == digest);
            let of_tag = input["image"]["tag"].as_str() == Some(tag);
            is_image && of_tag && input["rule"].as_u64() == Some(rule as u64)
        };
        let inputs = self
            .states
            .executions
            .iter()
            .map(|execution| serde_json::from_str(&execution.input));
        let was_run = inputs
            .filter_map(Result::ok)
            .any(|input: serde_json::Value| is_it(&input));
        if !was_run {
            let digest = short(&image.digest).to_owned();
            self.broke(RUN, || {
                format!("rule {rule} wants {repository}:{tag} ({digest}), which was never run")
            });
        }
    }
}
