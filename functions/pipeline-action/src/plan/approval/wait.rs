//! Which approvals wait for an execution, as the runs of a pipeline's actions tell, and how far each is.

use shared::execution_name::ExecutionName;
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

use crate::settings::invokes;
use crate::user_parameters::UserParameters;

/// An action of this function, and the approval that waits for what it started.
#[derive(Debug, Clone)]
pub struct Wait<'a> {
    /// What people want, as in the action's last run.
    pub parameters: UserParameters,
    /// The action's last run.
    pub action: &'a ActionExecution,
    /// How far it is.
    pub stage: WaitStage<'a>,
    /// Whether another action of the pipeline names the same approval. Its one answer would count for both.
    pub is_shared: bool,
}

/// How far an approval is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitStage<'a> {
    /// The action has not succeeded: no execution is known that an approval could wait for.
    NotStarted,
    /// The execution was started, and the approval is not asked for yet.
    NotAsked,
    /// The approval is waited for.
    Asked(Attempt<'a>),
    /// Its last run failed or was abandoned: nobody waits for the execution any more.
    Over(Attempt<'a>),
    /// Somebody approved, or this function did.
    Approved,
}

/// One run of the approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// That run.
    pub approval: &'a ActionExecution,
    /// The action's last run: it names the execution.
    pub action: &'a ActionExecution,
    /// The later runs of the approval, the newest first: each comes from a retry of the approval alone.
    retries: Vec<&'a ActionExecution>,
}

/// The waits of a pipeline's execution: one for each action that invokes this function and names an approval.
#[must_use]
pub fn waits<'a>(runs: &'a [ActionExecution], pipeline: &str, function_name: &str) -> Vec<Wait<'a>> {
    let mut newest_first: Vec<&ActionExecution> = runs.iter().collect();
    newest_first.sort_by_key(|run| std::cmp::Reverse(run.started_at));
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut waits = Vec::new();
    for action in &newest_first {
        let place = (action.stage.as_str(), action.action.as_str());
        if !invokes(action, function_name) || seen.contains(&place) {
            continue;
        }
        seen.push(place);
        let text = action.configuration.get("UserParameters").map(String::as_str);
        let Ok(parameters) = UserParameters::parse(text) else {
            // The job was answered so: it has started nothing.
            continue;
        };
        let Some(name) = parameters.approval.clone().filter(|name| name.pipeline == pipeline) else {
            continue;
        };
        let approvals: Vec<&ActionExecution> = newest_first
            .iter()
            .filter(|run| run.stage == name.stage && run.action == name.action && run.started_at >= action.started_at)
            .copied()
            .collect();
        let stage = WaitStage::of(action, &approvals);
        waits.push(Wait {
            parameters,
            action,
            stage,
            is_shared: false,
        });
    }
    let names: Vec<_> = waits.iter().map(|wait| wait.parameters.approval.clone()).collect();
    for wait in &mut waits {
        wait.is_shared = names.iter().filter(|name| **name == wait.parameters.approval).count() > 1;
    }
    waits
}

impl<'a> WaitStage<'a> {
    /// From the action's last run and the approval's runs since, the newest first.
    fn of(action: &'a ActionExecution, approvals: &[&'a ActionExecution]) -> Self {
        match action.status {
            ActionStatus::InProgress | ActionStatus::Abandoned | ActionStatus::Failed => Self::NotStarted,
            ActionStatus::Succeeded => {
                let Some((first, retries)) = approvals.split_last() else {
                    return Self::NotAsked;
                };
                let approval = retries.first().unwrap_or(first);
                let attempt = Attempt {
                    approval,
                    action,
                    retries: retries.to_vec(),
                };
                match approval.status {
                    ActionStatus::InProgress => Self::Asked(attempt),
                    ActionStatus::Failed | ActionStatus::Abandoned => Self::Over(attempt),
                    ActionStatus::Succeeded => Self::Approved,
                }
            }
        }
    }
}

impl Attempt<'_> {
    /// Whether the approval was asked for only once since the action ran.
    #[must_use]
    pub(crate) fn is_first(&self) -> bool {
        self.retries.is_empty()
    }

    /// The ARNs of the executions that it may wait for, the newest first, and for each whether it is its own. A retry
    /// of the approval may have started one of its own. The last in the list is the one that the action started, as the
    /// action's output variable says.
    ///
    /// Nothing, if the action has no such output variable.
    #[must_use]
    pub fn candidates(&self, parameters: &UserParameters) -> Option<Vec<(String, bool)>> {
        let started = self.action.output_variables.get("ExecutionArn")?;
        let machine = StateMachineArn::of_execution(started)?;
        let of = |run: &&ActionExecution| machine.execution_arn(&parameters.execution_name(&run.id));
        let mut candidates: Vec<(String, bool)> = self.retries.iter().map(|run| (of(run), false)).collect();
        candidates.push((started.clone(), false));
        candidates[0].1 = true;
        Some(candidates)
    }

    /// The name of the execution that only this run of the approval starts: always the same.
    #[must_use]
    pub fn execution_name(&self, parameters: &UserParameters) -> ExecutionName {
        parameters.execution_name(&self.approval.id)
    }

    /// When it began to wait. An end before that belongs to an earlier attempt.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        if self.is_first() {
            self.action.started_at
        } else {
            self.approval.started_at
        }
    }
}
