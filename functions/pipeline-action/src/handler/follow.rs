//! The rest of an action: its execution is looked at, and what is over is concluded.

use shared::ports::step_functions::{DescribeExecution as _, StopExecution as _};
use shared::time::Clock as _;

use super::{Call, PipelineAction};
use crate::plan::{self, Answer, Assignment, Next};
use crate::user_parameters::OnTimeout;
use crate::world::World;

/// The error that a stopped execution bears.
pub(super) const TIMED_OUT: &str = "Stepline.ExecutionTimedOut";

impl<W: World> PipelineAction<W> {
    /// One poll: one DescribeExecution, and what it leads to.
    pub(super) async fn follow(&self, call: &Call<'_>, assignment: &Assignment, execution: &str) -> Answer {
        call.measure(|metrics| metrics.count("Polls"));
        let look = self.world.states().describe_execution(execution).await;
        if let Err(error) = &look {
            tracing::warn!(job.id = call.job.id, execution.arn = execution, reason = %error, "execution could not be looked at");
        }
        let next = plan::looked(assignment, look, self.world.clock().now());
        self.carry_out(call, assignment, execution, next).await
    }

    /// Does what is left to do before the answer.
    pub(super) async fn carry_out(
        &self,
        call: &Call<'_>,
        assignment: &Assignment,
        execution: &str,
        next: Next,
    ) -> Answer {
        match next {
            Next::Answer(answer) => answer,
            Next::Conclude { output, ended } => self.conclude(call, assignment, execution, &output, ended).await,
            Next::Explain {
                ending,
                failure,
                ran,
                ended,
            } => {
                let end = super::conclude::End {
                    ending,
                    failure,
                    ran,
                    ended,
                };
                self.explain(call, assignment, execution, end).await
            }
            Next::GiveUp {
                on_timeout: OnTimeout::Leave,
            } => plan::gave_up(assignment, execution, None),
            Next::GiveUp {
                on_timeout: OnTimeout::Stop,
            } => {
                let cause = "the pipeline waited for it no longer: `timeoutMinutes` of the action were over";
                let stopped = self.world.states().stop_execution(execution, TIMED_OUT, cause).await;
                if stopped.is_ok() {
                    call.measure(|metrics| metrics.count("ExecutionsStopped"));
                }
                plan::gave_up(assignment, execution, Some(stopped))
            }
        }
    }
}
