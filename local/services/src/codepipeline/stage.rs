//! A stage with its conditions: whether it is entered, and what follows its success or its failure.
//!
//! A condition's result is engaged where one of its rules fails. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html>.

use super::conditions::{Condition, Conditions, Outcome, RetryMode};
use super::declaration::Stage;
use super::engine::{Ending, Engine, Rerun};
use super::execution::{ConditionRun, RuleRun, Status, When};
use super::rollback;
use super::rules::{self, Check};
use jiff::Timestamp;

fn of(conditions: Option<&Conditions>) -> &[Condition] {
    conditions.map_or(&[], |given| &given.conditions)
}

impl Engine {
    /// Runs a stage that may be entered now.
    pub(super) async fn stage(&self, stage: &Stage, rerun: Rerun) -> Ending {
        let before = of(stage.before_entry.as_ref());
        if let Some((outcome, why)) = self.unmet(stage, When::BeforeEntry, before).await {
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
        let ending = self.run_stage(stage, &rerun).await;
        match ending.status {
            Status::Succeeded => self.after_success(stage, ending).await,
            Status::Failed => self.after_failure(stage, ending).await,
            Status::InProgress | Status::Stopping | Status::Stopped | Status::Superseded | Status::Skipped => ending,
        }
    }

    async fn after_success(&self, stage: &Stage, ending: Ending) -> Ending {
        let after = of(stage.on_success.as_ref());
        let Some((outcome, why)) = self.unmet(stage, When::OnSuccess, after).await else {
            return ending;
        };
        self.set_stage(&stage.name, Status::Failed);
        self.engage(stage, outcome);
        Ending {
            status: Status::Failed,
            reason: Some(why),
        }
    }

    async fn after_failure(&self, stage: &Stage, ending: Ending) -> Ending {
        let Some(after) = &stage.on_failure else {
            return ending;
        };
        let is_retried = self.execution.progress().retried.contains(&stage.name);
        let ending = match after.result {
            // Once: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageMetadata.html
            Some(Outcome::Retry) if !is_retried && !self.execution.is_stopping() => {
                let mode = after.retry_configuration.as_ref().and_then(|retry| retry.retry_mode);
                let again = self.retry(stage, mode.unwrap_or(RetryMode::FailedActions)).await;
                if again.status != Status::Failed {
                    return again;
                }
                again
            }
            Some(outcome) => {
                self.engage(stage, outcome);
                ending
            }
            None => ending,
        };
        if let Some((outcome, _)) = self.unmet(stage, When::OnFailure, &after.conditions).await {
            self.engage(stage, outcome);
        }
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

    /// Does what a result asks for beside failing the stage.
    fn engage(&self, stage: &Stage, outcome: Outcome) {
        if outcome == Outcome::Rollback {
            let place = (&self.platform, &self.jobs);
            rollback::by_itself(place, &self.pipeline, &self.execution, &stage.name);
        }
    }

    /// Checks conditions. Gives the result of the first one that is not met, and why it is not.
    async fn unmet(&self, stage: &Stage, when: When, conditions: &[Condition]) -> Option<(Outcome, String)> {
        for condition in conditions {
            let mut runs = Vec::new();
            for rule in &condition.rules {
                let id = uuid::Uuid::new_v4().to_string();
                let failure = match Check::of(rule) {
                    Err(message) => Some(message),
                    Ok(Check::Variable) => {
                        rules::compare(&rule.configuration, &self.execution.progress().namespaces).err()
                    }
                    Ok(Check::Action(action)) => {
                        let done = tokio::select! {
                            biased;
                            () = self.execution.abandoned() => None,
                            done = self.carry_out(&stage.name, &action, &id) => Some(done),
                        };
                        match done {
                            None => Some("the execution was abandoned".to_owned()),
                            Some(done) => done.err().map(|failure| failure.message),
                        }
                    }
                };
                runs.push(RuleRun {
                    id,
                    name: rule.name.clone(),
                    failure,
                    at: Timestamp::now(),
                });
            }
            let failed = runs.iter().find(|run| run.failure.is_some());
            let why = failed.map(|run| {
                let why = run.failure.as_deref().unwrap_or_default();
                format!(
                    "rule {} of {} of stage {} failed: {why}",
                    run.name,
                    when.member(),
                    stage.name
                )
            });
            let run = ConditionRun {
                stage: stage.name.clone(),
                when,
                rules: runs,
                at: Timestamp::now(),
            };
            self.execution.progress().conditions.push(run);
            if let Some(why) = why {
                return Some((condition.result.unwrap_or(Outcome::Fail), why));
            }
        }
        None
    }
}
