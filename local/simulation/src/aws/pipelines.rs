//! CodePipeline: one stage with its actions, their runs and jobs, and an approval.
//!
//! A job is answered once: the same answer again is accepted, another one is refused. Callbacks of an action that was
//! abandoned are accepted and change nothing. A job without an answer fails its action after twenty minutes.

use crate::account::Account;
use crate::happening::Happening;
use crate::kept::pipelines::{APPROVAL, JobState, PIPELINE, Put, STAGE};
use crate::kept::words::{Id, refused};
use shared::ports::code_pipeline::{ActionStatus, ApprovalRequest, ApprovalResult, JobSuccess, MAX_APPROVAL_SUMMARY};
use shared::ports::{CallError, CallErrorKind};
use std::time::Duration;

/// About how long CodePipeline takes between two calls, and the longest that a schedule has it take.
const POLL: Duration = Duration::from_secs(30);
const LONGEST_POLL: Duration = Duration::from_secs(3600);

impl Account {
    /// Answers a job.
    pub(super) fn put_job_result(&mut self, operation: &'static str, job_id: &str, put: Put) -> Result<(), CallError> {
        if let Some(reason) = ill_formed(&put) {
            let error = CallError::new(operation, CallErrorKind::Invalid, reason);
            return Err(error.with_code("ValidationException"));
        }
        let place = self.pipelines.jobs.iter().rposition(|job| job.id == job_id);
        let unknown = refused(operation, CallErrorKind::NotFound, "JobNotFoundException");
        let conflict = refused(operation, CallErrorKind::Conflict, "InvalidJobStateException");
        let Some(job) = place else {
            return Err(unknown);
        };
        match &self.pipelines.jobs[job].state {
            JobState::Open => {}
            JobState::Answered(before) if *before == put => {
                self.answer_was_taken();
                return Ok(());
            }
            JobState::Answered(_) => return Err(conflict),
            JobState::Expired if self.tape.choose(2) == 0 => return Err(conflict),
            JobState::Expired => return Err(unknown),
        }
        self.answer_was_taken();
        self.pipelines.jobs[job].state = JobState::Answered(put.clone());
        let run = self.pipelines.jobs[job].run;
        if !self.pipelines.runs[run].is_live() {
            self.figures.count("answers to abandoned actions");
            self.tell(|| format!("{job_id} is answered, which changes nothing: its action is over"));
            return Ok(());
        }
        self.job_was_answered(run, &put);
        match put {
            Put::Success(JobSuccess::Continue { continuation_token }) => self.action_goes_on(run, continuation_token),
            Put::Success(JobSuccess::Done { output_variables }) => {
                self.tell(|| format!("{job_id}: the action succeeds"));
                self.pipelines.runs[run].variables = output_variables;
                self.run_ends(run, ActionStatus::Succeeded);
            }
            Put::Failure(failure) => {
                self.tell(|| format!("{job_id}: the action fails: {}", failure.message.replace('\n', " / ")));
                self.pipelines.runs[run].messages.push(failure.message);
                self.run_ends(run, ActionStatus::Failed);
            }
        }
        Ok(())
    }

    fn action_goes_on(&mut self, run: Id, token: String) {
        self.tell(|| format!("the action goes on: {token}"));
        let state = &mut self.pipelines.runs[run];
        // As often as CodePipeline calls while little has happened, and then seldom enough to be played fast.
        let pause = (POLL * 3_u32.pow(state.polls.min(8)) / 2_u32.pow(state.polls.min(8))).min(LONGEST_POLL);
        state.polls += 1;
        // Near the action's end it calls as often as it does.
        let is_old = self.now.since(self.pipelines.runs[run].started_at) > Duration::from_secs(23 * 3600 + 1200);
        let pause = if is_old { POLL * 2 } else { pause };
        self.after(pause, Happening::Continues { run, token });
    }

    /// Answers an approval.
    pub(super) fn put_approval_result(
        &mut self,
        approval: &ApprovalRequest,
        result: &ApprovalResult,
    ) -> Result<(), CallError> {
        const OPERATION: &str = "PutApprovalResult";
        if result.summary.encode_utf16().count() > MAX_APPROVAL_SUMMARY {
            return Err(refused(OPERATION, CallErrorKind::Invalid, "ValidationException"));
        }
        let known = approval.pipeline == PIPELINE && approval.stage == STAGE && approval.action == APPROVAL;
        let run = self
            .pipelines
            .approval()
            .filter(|_| known)
            .and_then(|action| self.pipelines.last_run(action));
        let Some(run) = run else {
            return Err(refused(OPERATION, CallErrorKind::NotFound, "ActionNotFoundException"));
        };
        if self.pipelines.runs[run].token != approval.token {
            return Err(refused(
                OPERATION,
                CallErrorKind::Conflict,
                "InvalidApprovalTokenException",
            ));
        }
        if !self.pipelines.runs[run].is_live() {
            return Err(refused(
                OPERATION,
                CallErrorKind::Conflict,
                "ApprovalAlreadyCompletedException",
            ));
        }
        self.approval_was_answered(run, result);
        let word = if result.approved { "approved" } else { "rejected" };
        self.tell(|| format!("the approval is {word}: {}", result.summary.replace('\n', " / ")));
        self.pipelines.runs[run].messages.push(result.summary.clone());
        self.run_ends(
            run,
            if result.approved {
                ActionStatus::Succeeded
            } else {
                ActionStatus::Failed
            },
        );
        Ok(())
    }
}

/// What is wrong with an answer's form.
fn ill_formed(put: &Put) -> Option<&'static str> {
    let units = |text: &str| text.encode_utf16().count();
    match put {
        Put::Success(JobSuccess::Continue { continuation_token }) => {
            (!(1..=2_048).contains(&units(continuation_token))).then_some("continuationToken has 1 to 2048 characters")
        }
        Put::Success(JobSuccess::Done { .. }) => None,
        Put::Failure(failure) => {
            (!(1..=5_000).contains(&units(&failure.message))).then_some("message has 1 to 5000 characters")
        }
    }
}
