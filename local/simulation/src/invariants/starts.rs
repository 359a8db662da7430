//! Starts, redrives and stops: one for each attempt, and never of what somebody waits for.

use pipeline_action::user_parameters::UserParameters;
use serde_json::Value;

use super::Before;
use crate::account::{Account, Ended, Invocation};
use crate::happening::About;
use crate::kept::pipelines::{Kind, LISTED_WITHIN};
use crate::kept::states::SHOWN_WITHIN;
use crate::kept::words::Id;

const ONE_FOR_EACH: &str = "an attempt starts or redrives one execution";
const ONE_FOR_EACH_IMAGE: &str = "a rule starts one execution for each image";
const SETTLED: &str = "an abandonment that finds nothing leaves nothing to the hourly look";
const HANDED_OVER: &str = "what an invocation puts to work is handed over, waited for, or stopped";
const NOT_WAITED_FOR: &str = "a stop hits only what no live attempt waits for, or what is overdue";

impl Account {
    /// A function has started an execution.
    pub(crate) fn was_started(&mut self, id: Id) {
        let Some(about) = self.invocation().map(|invocation| invocation.about) else {
            return;
        };
        match about {
            About::Job { run, .. } => {
                self.is_put_to_work(id);
                self.begun_by_job(run, id);
            }
            About::Look if self.is_about_images() => self.started_for_image(id),
            About::Look => self.begun_by_look(id),
            About::Image => self.started_for_image(id),
            About::Abandoned { .. } | About::Request => {
                self.broke(ONE_FOR_EACH, || format!("something was started for {about:?}"));
            }
        }
    }

    fn is_put_to_work(&mut self, id: Id) {
        if let Some(number) = self.current {
            self.invocations[number].put_to_work = Some((id, false));
        }
    }

    /// CodePipeline takes the answer of an invocation.
    pub(crate) fn answer_was_taken(&mut self) {
        if let Some(number) = self.current
            && let Some((_, taken)) = &mut self.invocations[number].put_to_work
        {
            *taken = true;
        }
    }

    /// An invocation has ended well: what it has put to work is handed over, waited for, or stopped. One whose calls
    /// met a fault may not know what it has started.
    pub(crate) fn leaves_no_orphan(&mut self, number: usize) {
        let invocation = &self.invocations[number];
        let Some((id, false)) = invocation
            .put_to_work
            .filter(|_| invocation.outcome == Some(Ended::Well) && invocation.faults == 0)
        else {
            return;
        };
        let execution = &self.states.executions[id];
        let arn = execution.arn.clone();
        let is_others = execution.by_hand || self.scenario.is_express();
        if execution.runs() && !is_others && self.waited_for(&arn).is_none() {
            self.broke(HANDED_OVER, || {
                format!("invocation #{number} leaves {arn}, and no answer was taken")
            });
        }
    }

    /// A function is about to redrive an execution.
    pub(crate) fn was_redriven(&mut self, id: Id) {
        let Some(about) = self.invocation().map(|invocation| invocation.about) else {
            return;
        };
        // What this function stopped for somebody who was over goes on for who is there: that is no second run.
        let resumes = self.states.executions[id].was_stopped_as_unwanted();
        let arn = self.states.executions[id].arn.clone();
        if matches!(about, About::Job { .. }) {
            self.is_put_to_work(id);
        }
        match (about, resumes) {
            (About::Job { run, .. }, false) => self.begun_by_job(run, id),
            (About::Job { run, .. }, true) => self.pipelines.runs[run].about.push((arn, self.now)),
            (About::Look, false) => self.begun_by_look(id),
            (About::Look, true) => {
                self.figures.count("redrives of what was stopped as unwanted");
                let live = self
                    .pipelines
                    .approval()
                    .and_then(|action| self.pipelines.last_run(action));
                if let Some(run) = live {
                    self.pipelines.runs[run].about.push((arn, self.now));
                }
            }
            (other, _) => self.broke(ONE_FOR_EACH, || format!("{arn} is redriven for {other:?}")),
        }
    }

    fn begun_by_job(&mut self, run: Id, id: Id) {
        let arn = self.states.executions[id].arn.clone();
        let now = self.now;
        let record = &mut self.pipelines.runs[run];
        record.begun += 1;
        record.about.push((arn.clone(), now));
        if record.begun > 1 && !self.scenario.is_express() {
            self.broke(ONE_FOR_EACH, || {
                format!("run {run} of the action has begun a second one, {arn}")
            });
        }
        let number = self.current.unwrap_or_default();
        let express = self.invocations[number]
            .calls
            .iter()
            .find(|(name, _)| *name == "StartSyncExecution");
        if express.is_some_and(|(_, times)| *times > 1) {
            self.broke("an invocation runs an Express execution once", || {
                format!("invocation #{number} runs {arn}")
            });
        }
    }

    /// Something was started or redriven because of an event: for a retry of the approval that has begun nothing yet.
    fn begun_by_look(&mut self, id: Id) {
        let (arn, name) = (
            self.states.executions[id].arn.clone(),
            self.states.executions[id].name.clone(),
        );
        let retries = (0..self.pipelines.runs.len()).rev().filter(|run| {
            let of_this = name.starts_with(&self.pipelines.executions[self.pipelines.runs[*run].execution]);
            of_this && self.pipelines.is_approval(*run) && matches!(self.run_before(*run), Before::Approval(_))
        });
        let free: Vec<Id> = retries.filter(|run| self.pipelines.runs[*run].begun == 0).collect();
        let named = free
            .iter()
            .copied()
            .find(|run| self.name_of_retry(*run).as_deref() == Some(name.as_str()));
        let Some(run) = named.or_else(|| free.first().copied()) else {
            self.broke(ONE_FOR_EACH, || {
                format!("{arn} is put to work, and no retry of the approval has none")
            });
            return;
        };
        let now = self.now;
        let record = &mut self.pipelines.runs[run];
        record.begun += 1;
        record.about.push((arn, now));
    }

    /// What the execution is called that a retry of the approval starts.
    fn name_of_retry(&self, run: Id) -> Option<String> {
        let Kind::Invoke(text) = &self.pipelines.actions.first()?.kind else {
            return None;
        };
        let record = &self.pipelines.runs[run];
        let parameters = UserParameters::parse(Some(&self.resolved(text, record.execution))).ok()?;
        Some(parameters.execution_name(&record.id).to_string())
    }

    /// An execution was started for an image: none was before, for the same image with the same input.
    fn started_for_image(&mut self, id: Id) {
        // Wherever it runs: a parameter may have moved in between.
        let key = |id: Id| {
            let execution = &self.states.executions[id];
            let input: Value = serde_json::from_str(&execution.input).unwrap_or_default();
            let image = &input["image"];
            let field = |name: &str| image[name].as_str().unwrap_or_default().to_owned();
            (
                input["rule"].to_string(),
                field("digest"),
                field("repository"),
                field("tag"),
            )
        };
        let own = key(id);
        if let Some(before) = (0..id).find(|other| key(*other) == own) {
            let (first, second) = (&self.states.executions[before].name, &self.states.executions[id].name);
            let what = format!("{first} and {second} are both for {own:?}");
            self.broke(ONE_FOR_EACH_IMAGE, || what);
        }
    }

    /// A function is about to stop an execution that runs.
    pub(crate) fn is_stopped(&mut self, id: Id) {
        self.figures.count("executions stopped by a function");
        let Some(invocation) = self.invocation() else { return };
        let (about, began) = (invocation.about, invocation.began);
        let arn = self.states.executions[id].arn.clone();
        let Some((run, since)) = self.waited_for(&arn) else {
            self.is_no_leftover(id, about);
            return;
        };
        // Nobody can know of a wait, or of a redrive by hand, that begins after one has looked: AWS has no way to stop on a
        // condition. Nor of a run that CodePipeline need not list yet. Then who waits has the execution go on: see
        // `is_no_stop_for_another`.
        let execution = &self.states.executions[id];
        let is_new = since > began || (execution.by_hand && execution.put_to_work() > began);
        let may_be_unlisted = self.pipelines.runs[run].started_at + LISTED_WITHIN > began;
        if is_new || may_be_unlisted {
            let which = if is_new {
                "a new attempt"
            } else {
                "a run not listed yet"
            };
            self.figures.count(&format!("stops that overlap {which}"));
            return;
        }
        if !self.is_overdue(run, &arn) {
            self.broke(NOT_WAITED_FOR, || {
                format!("{arn} is stopped for {about:?}, and run {run} waits for it")
            });
        }
    }

    /// A look stops what an abandonment has left only where that failed, stopped another one of its executions, or the
    /// stage was retried since.
    fn is_no_leftover(&mut self, id: Id, about: About) {
        let execution = &self.states.executions[id];
        if about != About::Look || execution.by_hand || self.scenario.is_express() {
            return;
        }
        let arn = execution.arn.clone();
        // One that was redriven may be shown as ended for a while.
        let shown = match execution.redriven_at {
            Some(redriven) => redriven + SHOWN_WITHIN,
            None => execution.started_at,
        };
        let has_settled = |run: &Id| {
            let settles = |invocation: &Invocation| {
                invocation.about == About::Abandoned { run: *run }
                    && invocation.outcome == Some(Ended::Well)
                    && shown <= invocation.began
                    && !invocation.calls.iter().any(|(call, _)| *call == "StopExecution")
            };
            let is_last = self.pipelines.last_run(self.pipelines.runs[*run].action) == Some(*run);
            is_last && self.invocations.iter().any(settles)
        };
        let runs = 0..self.pipelines.runs.len();
        let left = runs
            .filter(|run| self.pipelines.runs[*run].about.iter().any(|(known, _)| *known == arn))
            .find(has_settled);
        if let Some(run) = left {
            self.broke(SETTLED, || {
                format!("the abandonment of run {run} found nothing, and a look stops {arn}")
            });
        }
    }
}
