//! The later calls of an action: they look at its execution, and conclude when it is over.

use shared::ports::step_functions::{DescribeExecution as _, StopExecution as _};
use shared::time::Clock as _;

use super::conclude::End;
use super::function::{Call, PipelineAction};
use crate::plan::{self, Answer, Assignment, Next, TIMED_OUT};
use crate::ports::Ports;
use crate::report::Outcome;
use crate::token::Token;
use crate::user_parameters::{OnRetry, OnTimeout};

impl<P: Ports> PipelineAction<P> {
    /// One poll: one DescribeExecution, and what it leads to.
    pub(super) async fn follow(&self, call: &Call<'_>, assignment: &Assignment, execution: &str) -> Answer {
        call.measure(|metrics| metrics.count("Polls"));
        let look = self.ports.states().describe_execution(execution).await;
        if let Err(error) = &look {
            tracing::warn!(job.id = call.job.id, execution.arn = execution, reason = %error, "execution could not be looked at");
        }
        let now = self.ports.clock().now();
        let is_late = now.since(assignment.token.since) >= plan::LATE;
        let runs = match is_late {
            true => self.runs_of(call.job, call.answer_by).await.unwrap_or_default(),
            false => Vec::new(),
        };
        let assignment = &plan::in_the_time_of_its_action(assignment, &runs);
        let next = plan::looked(assignment, look, now);
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
        let next = match next {
            Next::GiveUp {
                on_timeout: OnTimeout::Stop,
            } => self.stop_overdue(call, assignment, execution).await,
            next => next,
        };
        match next {
            // This poll stopped it, or one before that did not see its end.
            next if plan::was_stopped(&next) => plan::gave_up(assignment, execution, Some(Ok(()))),
            Next::Answer(answer) => answer,
            Next::Conclude { output, ended } => self.conclude(call, assignment, execution, &output, ended).await,
            Next::Explain {
                ending,
                failure,
                ran,
                ended,
            } => {
                let end = End {
                    ending,
                    failure,
                    ran,
                    ended,
                };
                self.explain(call, assignment, execution, end).await
            }
            Next::GiveUp { .. } => plan::gave_up(assignment, execution, None),
        }
    }

    /// Stops an execution that takes too long, and gives what is left to do: it may have ended by itself just before.
    ///
    /// With `onRetry` `redrive`, the job is answered first, and the list of runs is read. A late event of a run that is
    /// over must not stop an execution that a retry has taken over.
    async fn stop_overdue(&self, call: &Call<'_>, assignment: &Assignment, execution: &str) -> Next {
        let stopping = assignment.with(Token {
            stops: assignment.token.stops + 1,
            ..assignment.token.clone()
        });
        let goes_on = assignment.parameters.on_retry == OnRetry::Redrive;
        let claims = goes_on && stopping.token.stops < plan::MAX_STOPS;
        let claim = Answer::go_on(stopping.token.clone());
        if claims {
            let put = self.put(&call.job.id, claim.clone(), call.answer_by).await;
            if !matches!(put, Ok((Outcome::Continued, _))) {
                return Next::Answer(claim);
            }
        }
        if goes_on {
            match self.runs_of(call.job, call.answer_by).await {
                Ok(runs) if plan::is_over(&runs, assignment.token.since) => return Next::Answer(claim),
                Ok(_) => {}
                Err(error) => return Next::Answer(plan::stop_again(assignment, &error)),
            }
        }
        let cause = "the pipeline waited for it no longer: `timeoutMinutes` of the action were over";
        let states = self.ports.states();
        let stopped = states.stop_execution(execution, TIMED_OUT, cause).await;
        match &stopped {
            Ok(()) if assignment.token.stops == 0 => call.measure(|metrics| metrics.count("ExecutionsStopped")),
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(job.id = call.job.id, execution.arn = execution, reason = %error, "execution could not be stopped");
            }
        }
        if claims {
            return Next::Answer(claim);
        }
        // StopExecution takes one that has ended for stopped.
        let look = states.describe_execution(execution).await.ok();
        let now = self.ports.clock().now();
        match (look.and_then(|found| plan::ended(&stopping, found, now)), stopped) {
            (Some(next), _) => next,
            (None, Ok(())) => Next::Answer(plan::stopped(assignment, execution)),
            (None, Err(error)) => Next::Answer(plan::stop_again(assignment, &error)),
        }
    }
}
