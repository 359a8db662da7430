//! A stage with its conditions: whether it is entered, and what follows its success or its failure.
//!
//! A condition's result is engaged where one of its rules fails. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html>.

use super::conditions::{Condition, Conditions, Outcome, RetryMode, Rule};
use super::declaration::Stage;
use super::engine::{Ending, Engine, Rerun};
use super::execution::{ConditionRun, RuleRun, Status, When};
use super::rollback;
use super::rules::{self, Check};
use jiff::Timestamp;

/// What the check of conditions says.
enum Checked {
    /// All hold.
    Met,
    /// One does not: its result, and why.
    Unmet(Outcome, String),
    /// The execution was abandoned before it was known.
    Abandoned,
}

fn of(conditions: Option<&Conditions>) -> &[Condition] {
    conditions.map_or(&[], |given| &given.conditions)
}

impl Engine {
    /// Runs a stage that may be entered now.
    pub(super) async fn stage(&self, stage: &Stage, rerun: Rerun) -> Ending {
        let before = of(stage.before_entry.as_ref());
        match self.check(stage, When::BeforeEntry, before).await {
            Checked::Met => {}
            Checked::Abandoned => return self.abandon(stage),
            Checked::Unmet(outcome, why) => {
                let status = match outcome {
                    Outcome::Skip => Status::Skipped,
                    Outcome::Fail | Outcome::Rollback | Outcome::Retry => Status::Failed,
                };
                self.set_stage(&stage.name, status);
                return Ending {
                    status,
                    reason: Some(why),
                };
            }
        }
        let ending = self.run_stage(stage, &rerun).await;
        match ending.status {
            Status::Succeeded => self.after_success(stage, ending).await,
            Status::Failed => self.after_failure(stage, ending).await,
            Status::InProgress | Status::Stopping | Status::Stopped | Status::Superseded | Status::Skipped => ending,
        }
    }

    async fn after_success(&self, stage: &Stage, ending: Ending) -> Ending {
        let after = of(stage.on_success.as_ref());
        match self.check(stage, When::OnSuccess, after).await {
            Checked::Met => ending,
            Checked::Abandoned => self.abandon(stage),
            Checked::Unmet(outcome, why) => {
                self.set_stage(&stage.name, Status::Failed);
                self.engage(stage, &[outcome]);
                Ending {
                    status: Status::Failed,
                    reason: Some(why),
                }
            }
        }
    }

    async fn after_failure(&self, stage: &Stage, mut ending: Ending) -> Ending {
        let Some(after) = &stage.on_failure else {
            return ending;
        };
        let is_retried = self.execution.progress().retried.contains(&stage.name);
        // Once: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageMetadata.html
        if after.result == Some(Outcome::Retry) && !is_retried && !self.execution.is_stopping() {
            let mode = after.retry_configuration.as_ref().and_then(|retry| retry.retry_mode);
            ending = self.retry(stage, mode.unwrap_or(RetryMode::FailedActions)).await;
            match ending.status {
                Status::Failed => {}
                // What succeeds at last has to meet what it would have had to meet at first.
                Status::Succeeded => return self.after_success(stage, ending).await,
                _ => return ending,
            }
        }
        let mut outcomes: Vec<Outcome> = after.result.into_iter().collect();
        match self.check(stage, When::OnFailure, &after.conditions).await {
            Checked::Met => {}
            Checked::Abandoned => return self.abandon(stage),
            Checked::Unmet(outcome, _) => outcomes.push(outcome),
        }
        self.engage(stage, &outcomes);
        ending
    }

    async fn retry(&self, stage: &Stage, mode: RetryMode) -> Ending {
        let rerun = {
            let mut progress = self.execution.progress();
            progress.attempt += 1;
            progress.retried.insert(stage.name.clone());
            match mode {
                RetryMode::AllActions => Rerun::All,
                RetryMode::FailedActions => Rerun::AllBut(progress.succeeded(&stage.name)),
            }
        };
        self.run_stage(stage, &rerun).await
    }

    /// Does what the results of one failure ask for beside failing the stage. Two that ask for a rollback get one.
    fn engage(&self, stage: &Stage, outcomes: &[Outcome]) {
        if outcomes.contains(&Outcome::Rollback) {
            let place = (&self.platform, &self.jobs);
            rollback::by_itself(place, &self.pipeline, &self.execution, &stage.name);
        }
    }

    /// Ends a stage whose execution was abandoned while its conditions were checked: nobody knows whether they hold.
    fn abandon(&self, stage: &Stage) -> Ending {
        self.set_stage(&stage.name, Status::Stopped);
        Ending::stopped(&self.execution)
    }

    /// Checks conditions, up to the first one that is not met.
    async fn check(&self, stage: &Stage, when: When, conditions: &[Condition]) -> Checked {
        for condition in conditions {
            let Some(rules) = self.rules(stage, condition).await else {
                return Checked::Abandoned;
            };
            let why = rules.iter().find_map(|run| {
                let why = run.failure.as_ref()?;
                let (rule, member, stage) = (&run.name, when.member(), &stage.name);
                Some(format!("rule {rule} of {member} of stage {stage} failed: {why}"))
            });
            let run = ConditionRun {
                stage: stage.name.clone(),
                when,
                rules,
                at: Timestamp::now(),
            };
            self.execution.progress().conditions.push(run);
            if let Some(why) = why {
                return Checked::Unmet(condition.result.unwrap_or(Outcome::Fail), why);
            }
        }
        Checked::Met
    }

    /// Checks the rules of a condition. None where the execution is abandoned meanwhile.
    async fn rules(&self, stage: &Stage, condition: &Condition) -> Option<Vec<RuleRun>> {
        let mut runs = Vec::new();
        for rule in &condition.rules {
            let id = uuid::Uuid::new_v4().to_string();
            let failure = tokio::select! {
                biased;
                () = self.execution.abandoned() => return None,
                failure = self.failure(stage, rule, &id) => failure,
            };
            runs.push(RuleRun {
                id,
                name: rule.name.clone(),
                failure,
                at: Timestamp::now(),
            });
        }
        Some(runs)
    }

    /// Checks a rule. Says why it fails, if it does.
    async fn failure(&self, stage: &Stage, rule: &Rule, id: &str) -> Option<String> {
        match Check::of(rule) {
            Err(message) => Some(message),
            Ok(Check::Variable) => rules::compare(&rule.configuration, &self.execution.progress().namespaces).err(),
            Ok(Check::Action(action)) => {
                let work = self.carry_out(&stage.name, &action, id);
                let done = rules::in_time(rule.timeout_in_minutes, work).await;
                done.err().map(|failure| failure.message)
            }
        }
    }
}
