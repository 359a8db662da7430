//! What became of the action that a job is of, as CodePipeline lists its runs.

use shared::deadline::Deadline;
use shared::ports::CallError;
use shared::ports::code_pipeline::ActionExecution;
use shared::time::Timestamp;

use super::{HandlerError, Outcome, PipelineAction, boxed};
use crate::event::Job;
use crate::plan::{self, Orphan};
use crate::user_parameters::UserParameters;
use crate::world::World;

impl<W: World> PipelineAction<W> {
    /// The runs of the action that a job is of, those that began last first; none where it is of no pipeline that this
    /// function knows by name. By `end`, whatever hangs.
    pub(super) async fn runs_of(&self, job: &Job, end: Timestamp) -> Result<Vec<ActionExecution>, CallError> {
        let parameters = UserParameters::parse(job.user_parameters.as_deref());
        let (Ok(settings), Ok(parameters)) = (&self.settings, parameters) else {
            return Ok(Vec::new());
        };
        let Some(id) = &parameters.pipeline_execution_id else {
            return Ok(Vec::new());
        };
        let deadline = Deadline::new(self.world.clock(), Some(end));
        for pipeline in &settings.pipelines {
            let runs = boxed(self.list_actions(pipeline, id));
            let runs = deadline.within("ListActionExecutions", runs).await?;
            if !runs.is_empty() {
                return Ok(plan::runs_of(runs, &parameters, &settings.function_name));
            }
        }
        Ok(Vec::new())
    }

    /// What to do about an execution that a job has put to work and could not hand over.
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

    /// Sees to it that somebody knows of an execution that runs, whose job was answered by another call, or is unknown: not
    /// so if CodePipeline has failed the action because no answer came in time.
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
