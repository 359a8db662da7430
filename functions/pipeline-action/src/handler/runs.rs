//! The runs of a job's action, as CodePipeline lists them.

use shared::deadline::Deadline;
use shared::ports::code_pipeline::{ActionExecution, ListActionExecutions};
use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;

use super::function::{PipelineAction, boxed};
use crate::error::HandlerError;
use crate::event::Job;
use crate::plan::{self, Orphan};
use crate::ports::Ports;
use crate::report::Outcome;
use crate::user_parameters::UserParameters;

/// How many pages of actions are looked through: each has a hundred.
const MAX_PAGES: usize = 10;

impl<P: Ports> PipelineAction<P> {
    /// The runs of a job's action, the newest first. None, if the settings do not name its pipeline. It ends by `end`,
    /// also if a call hangs.
    pub(super) async fn runs_of(&self, job: &Job, end: Timestamp) -> Result<Vec<ActionExecution>, CallError> {
        let parameters = UserParameters::parse(job.user_parameters.as_deref());
        let (Ok(settings), Ok(parameters)) = (&self.settings, parameters) else {
            return Ok(Vec::new());
        };
        let Some(id) = &parameters.pipeline_execution_id else {
            return Ok(Vec::new());
        };
        let deadline = Deadline::new(self.ports.clock(), Some(end));
        for pipeline in &settings.pipelines {
            let runs = boxed(list_actions(self.ports.pipelines(), pipeline, id));
            let runs = deadline.within("ListActionExecutions", runs).await?;
            if !runs.is_empty() {
                return Ok(plan::runs_of(runs, &parameters, &settings.function_name));
            }
        }
        Ok(Vec::new())
    }

    /// What to do about an execution that a job started or redrove, if its answer was not accepted.
    pub(super) async fn look_for_its_keeper(
        &self,
        job: &Job,
        execution: &str,
        end: Timestamp,
    ) -> Result<Orphan, HandlerError> {
        let runs = self.runs_of(job, end).await;
        let runs = runs.map_err(|error| HandlerError::NotStopped(format!("{execution}: {error}")))?;
        Ok(plan::orphan(&runs, execution))
    }

    /// Fails if nobody follows an execution that runs. That is so if its job was answered before, or is unknown, and
    /// CodePipeline has failed the action because no answer came in time.
    pub(super) async fn see_to_a_follower(
        &self,
        job: &Job,
        outcome: Outcome,
        goes_on_with: Option<String>,
        end: Timestamp,
    ) -> Result<(), HandlerError> {
        let (Outcome::AnsweredBefore | Outcome::UnknownJob, Some(execution)) = (outcome, goes_on_with) else {
            return Ok(());
        };
        let unfollowed = |reason: String| HandlerError::Unfollowed {
            job_id: job.id.clone(),
            execution: execution.clone(),
            reason,
        };
        match self.runs_of(job, end).await {
            Ok(runs) if plan::has_failed(&runs) => Err(unfollowed("its action has failed".to_owned())),
            Err(error) if error.is_transient() => {
                Err(unfollowed(format!("its action could not be looked at: {error}")))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// The actions that ran in an execution of a pipeline, the last ones first; none if there is no such execution.
pub(super) async fn list_actions(
    pipelines: &impl ListActionExecutions,
    pipeline: &str,
    id: &str,
) -> Result<Vec<ActionExecution>, CallError> {
    let mut runs = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let page = match pipelines.list_action_executions(pipeline, id, next.as_deref()).await {
            // An event can name a pipeline, or an execution's name an id, that CodePipeline does not know.
            Err(error) if error.kind == CallErrorKind::NotFound => break,
            page => page?,
        };
        runs.extend(page.executions);
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(runs)
}
