//! One approval and its execution: the facts are read, [`crate::plan::approval`] decides, and its decision is carried
//! out.

use std::sync::PoisonError;
use std::time::Duration;

use shared::execution_name::ExecutionName;
use shared::parameters::{ProblemKind, Problems};
use shared::ports::code_pipeline::{
    ActionState, ApprovalRequest, ApprovalResult, GetPipelineState as _, MAX_APPROVAL_SUMMARY, PutApprovalResult as _,
};
use shared::ports::step_functions::{
    DescribeExecution, Execution, Failure, RedriveExecution as _, StartExecution as _, StopExecution,
};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::{Clock as _, Timestamp};

use super::function::{PipelineAction, boxed};
use super::history::{destination, history};
use super::occasion::Occasion;
use crate::event::EndedExecution;
use crate::failure::{Ending, Story, clip};
use crate::plan::approval::{Attempt, Carrier, Circumstances, Decision, Wait, WaitStage, approved, rejected};
use crate::plan::{self, ABANDONED, Answer, TIMED_OUT};
use crate::ports::Ports;
use crate::report::{Outcome, Settled};
use crate::token::Retry;
use crate::user_parameters::{ApprovalName, OnTimeout, UserParameters};

/// How often AWS is asked for something that an event announced and that does not show yet, and the pause between.
const LOOKS: (usize, Duration) = (3, Duration::from_secs(1));

/// For how long after an execution's end its history is read again, if it does not show yet why the execution failed.
const READS_FOR: Duration = Duration::from_secs(10 * 60);

/// How long the function waits, after an execution's end or a retry, before it believes that AWS does not redrive it.
const SETTLES_FOR: Duration = Duration::from_secs(10 * 60);

/// One approval that is looked at.
struct Subject<'a> {
    pipeline: &'a str,
    pipeline_execution_id: &'a str,
    wait: &'a Wait<'a>,
    attempt: &'a Attempt<'a>,
    occasion: Occasion<'a>,
}

/// What came of it, and which execution it is about; or why it could not be done, so that Lambda calls again.
type Done = Result<(Outcome, Option<String>, Option<&'static str>), String>;

impl<P: Ports> PipelineAction<P> {
    /// Looks at one approval, and does what is to be done about it.
    pub(super) async fn settle(
        &self,
        pipeline: &str,
        pipeline_execution_id: &str,
        wait: &Wait<'_>,
        occasion: Occasion<'_>,
    ) -> Result<Settled, String> {
        let name = wait.parameters.approval.as_ref().map(ToString::to_string);
        let approval = name.unwrap_or_default();
        let done = match &wait.stage {
            WaitStage::NotStarted | WaitStage::NotAsked | WaitStage::Approved => Ok((Outcome::Waiting, None, None)),
            WaitStage::Asked(attempt) | WaitStage::Over(attempt) => {
                let subject = Subject {
                    pipeline,
                    pipeline_execution_id,
                    wait,
                    attempt,
                    occasion,
                };
                boxed(self.attend(&subject)).await
            }
        };
        let (outcome, execution, reason) = done.map_err(|reason| format!("approval `{approval}`: {reason}"))?;
        Ok(Settled {
            approval,
            outcome,
            execution,
            reason,
        })
    }

    async fn attend(&self, subject: &Subject<'_>) -> Done {
        if subject.wait.is_shared && subject.is_asked() {
            let message = "Two actions of the pipeline name this approval, and its one answer would count for both. Give \
                           each action an approval of its own.";
            return self.answer_approval(subject, subject.started(), reject(message)).await;
        }
        let (tries, pause) = LOOKS;
        for left in (0..tries).rev() {
            let carrier = match carrier(self.ports.states(), subject).await {
                Ok(Some(carrier)) => carrier,
                Ok(None) => return self.unseen(subject, "its execution cannot be found").await,
                Err(error) if error.is_transient() => return Err(error.to_string()),
                Err(error) => return self.not_to_be_seen(subject, &error).await,
            };
            let circumstances = self.circumstances(subject, &carrier);
            let decision = subject.wait.decide(&carrier, circumstances);
            match decision {
                Decision::LookAgain(_) if left > 0 => self.ports.clock().sleep(pause).await,
                // An end that an event tells of shows soon, and may be a good one. A look without an event believes the
                // description.
                Decision::LookAgain(reason) if circumstances.told_end.is_some() => return Err(reason.to_owned()),
                Decision::LookAgain(reason) if subject.is_asked() => return self.unseen(subject, reason).await,
                Decision::LookAgain(reason) => return Err(reason.to_owned()),
                decision => return self.carry_out_decision(subject, carrier, decision).await,
            }
        }
        Err("its execution shows no end".to_owned())
    }

    /// The execution does not show. It is looked for again until its time is over. If the approval is over, it may be
    /// gone.
    async fn unseen(&self, subject: &Subject<'_>, reason: &str) -> Done {
        if !subject.is_asked() {
            return Ok((
                Outcome::Waiting,
                None,
                Some("the approval is over, and its execution is gone"),
            ));
        }
        if self.ports.clock().now().since(subject.attempt.began()) < subject.wait.parameters.timeout {
            return Err(reason.to_owned());
        }
        let message = format!("The time that the execution may take (`timeoutMinutes`) is over, and {reason}.");
        self.answer_approval(subject, subject.started(), reject(&message)).await
    }

    /// The execution cannot be looked at, and trying again does not help: the approval is rejected with the reason.
    async fn not_to_be_seen(&self, subject: &Subject<'_>, error: &CallError) -> Done {
        if !subject.is_asked() {
            return Ok((
                Outcome::Waiting,
                None,
                Some("the approval is over, and its execution cannot be looked at"),
            ));
        }
        let message = format!("The execution cannot be looked at: {error}");
        self.answer_approval(subject, subject.started(), reject(&message)).await
    }

    fn circumstances(&self, subject: &Subject<'_>, carrier: &Carrier) -> Circumstances {
        let ended = subject.occasion.ended;
        let is_this = |ended: &&EndedExecution| ended.execution_arn == carrier.execution.execution_arn;
        Circumstances {
            now: self.ports.clock().now(),
            stops: subject.occasion.settings.stop_abandoned_executions,
            told_end: ended.filter(is_this).and_then(|ended| ended.ended),
        }
    }

    async fn carry_out_decision(&self, subject: &Subject<'_>, carrier: Carrier, decision: Decision) -> Done {
        let arn = carrier.execution.execution_arn.clone();
        let parameters = &subject.wait.parameters;
        match decision {
            Decision::Nothing(reason) => Ok((Outcome::Waiting, Some(arn), Some(reason))),
            Decision::LookAgain(reason) => Err(reason.to_owned()),
            Decision::Approve { output, ran } => {
                let machine = StateMachineArn::of_execution(&arn).map(|machine| machine.to_string());
                let machine = machine.unwrap_or_default();
                let result = match plan::output_variables(parameters, &machine, &arn, &output) {
                    Ok(variables) => approve(approved(&variables, &arn, ran)),
                    Err(Answer::Fail(failure)) => reject(&failure.message),
                    Err(Answer::Continue(_) | Answer::Succeed(_)) => reject("its output has no variables"),
                };
                self.answer_approval(subject, arn, result).await
            }
            Decision::Reject { ending, failure, ran } => {
                let ended = carrier.execution.stopped_at;
                let summary = self.story(parameters, &arn, ending, failure, ran, ended).await?;
                self.answer_approval(subject, arn, reject(&summary)).await
            }
            Decision::GiveUp { on_timeout } => {
                let stopped = match on_timeout {
                    OnTimeout::Leave => None,
                    OnTimeout::Stop => {
                        let cause = "the pipeline waited for it no longer: `timeoutMinutes` of the action were over";
                        Some(stop_for(self.ports.states(), subject, &arn, TIMED_OUT, cause).await)
                    }
                };
                if let Some(Err(error)) = &stopped
                    && error.is_transient()
                {
                    return Err(error.to_string());
                }
                let summary = plan::gave_up_message(parameters, &arn, stopped);
                self.answer_approval(subject, arn, reject(&summary)).await
            }
            Decision::Redrive => self.redrive_for_approval(subject, carrier).await,
            Decision::StartAnew { stop_first } => {
                if stop_first && let Err(error) = stop_unwanted(self.ports.states(), subject, &arn).await {
                    return self.cannot_go_on(subject, arn, "stopped", error).await;
                }
                self.start_anew(subject, &carrier.execution).await
            }
            Decision::Stop => {
                let stopped = stop_unwanted(self.ports.states(), subject, &arn).await;
                stopped.map_err(|error| error.to_string())?;
                Ok((Outcome::Stopped, Some(arn), None))
            }
        }
    }

    /// What went wrong, in as many characters as an approval's answer may have.
    async fn story(
        &self,
        parameters: &UserParameters,
        execution: &str,
        ending: Ending,
        failure: Failure,
        ran: Option<Duration>,
        ended: Option<Timestamp>,
    ) -> Result<String, String> {
        let told = history(self.ports.states(), None, execution, ending).await;
        if told.is_unread && ended.is_some_and(|ended| self.ports.clock().now().since(ended) < READS_FOR) {
            return Err("its history does not tell yet why it failed".to_owned());
        }
        // DescribeExecution knows no error of an execution that took too long: its history does.
        let failure = if failure == Failure::default() {
            told.last.unwrap_or_default()
        } else {
            failure
        };
        Ok(rejected(&Story {
            execution_arn: execution,
            ending,
            failure: &failure,
            culprit: told.culprit.as_ref(),
            ran,
            destination: told.destination.as_ref(),
            on_retry: parameters.on_retry,
        }))
    }

    /// Answers the approval, if this run of it is still open and nobody else has answered it.
    async fn answer_approval(&self, subject: &Subject<'_>, execution: String, result: ApprovalResult) -> Done {
        let Some(name) = &subject.wait.parameters.approval else {
            return Err("its name is not known".to_owned());
        };
        let Some(token) = self.token(subject, name).await? else {
            return Err("CodePipeline shows no token for it, or not yet".to_owned());
        };
        let approval = ApprovalRequest {
            pipeline: subject.pipeline.to_owned(),
            stage: name.stage.clone(),
            action: name.action.clone(),
            token,
        };
        let (outcome, metric) = match result.approved {
            true => (Outcome::Approved, "ApprovalsApproved"),
            false => (Outcome::Rejected, "ApprovalsRejected"),
        };
        match self.ports.pipelines().put_approval_result(&approval, &result).await {
            Ok(()) => {
                subject.count(metric);
                Ok((outcome, Some(execution), None))
            }
            // Somebody was first: a person, or this function when the same event was delivered before.
            Err(error) if error.kind == CallErrorKind::Conflict => Ok((Outcome::AnsweredBefore, Some(execution), None)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The token of this run of the approval. The event that the approval is asked for can come before the token shows.
    async fn token(&self, subject: &Subject<'_>, name: &ApprovalName) -> Result<Option<String>, String> {
        let run = &subject.attempt.approval.id;
        let (tries, pause) = LOOKS;
        for left in (0..tries).rev() {
            let actions = self.ports.pipelines().get_pipeline_state(subject.pipeline).await;
            let mut actions = actions.map_err(|error| error.to_string())?.into_iter();
            let is_it = |state: &ActionState| {
                let is_run = match &state.action_execution_id {
                    Some(id) => id == run,
                    None => state.pipeline_execution_id.as_deref() == Some(subject.pipeline_execution_id),
                };
                state.stage == name.stage && state.action == name.action && is_run
            };
            if let Some(token) = actions.find(is_it).and_then(|state| state.token) {
                return Ok(Some(token));
            }
            if left > 0 {
                self.ports.clock().sleep(pause).await;
            }
        }
        Ok(None)
    }

    /// Redrives the execution, if that leads to work and AWS allows it. If not, a new execution is started.
    async fn redrive_for_approval(&self, subject: &Subject<'_>, carrier: Carrier) -> Done {
        let execution = &carrier.execution;
        let arn = execution.execution_arn.clone();
        let destination = match destination(self.ports.states(), &arn, Some(execution)).await {
            Ok(destination) => destination,
            Err(error) => return self.cannot_go_on(subject, arn, "redriven", error).await,
        };
        // The same for every delivery in this attempt, and another for another end: a token is good for one redrive.
        let ended = execution.stopped_at.map_or(0, Timestamp::as_millis).to_string();
        let token = ExecutionName::derive(&subject.attempt.approval.id, &[&arn, &ended]);
        let refused = match plan::retry(&arn, &destination) {
            Retry::StartAnew => None,
            Retry::Redrive(_) => match self.ports.states().redrive_execution(&arn, token.as_str()).await {
                Ok(_) => {
                    subject.count("ExecutionsRedriven");
                    return Ok((Outcome::Redriven, Some(arn), None));
                }
                Err(error) if error.kind == CallErrorKind::Conflict => Some(error),
                Err(error) => return self.cannot_go_on(subject, arn, "redriven", error).await,
            },
        };
        // Another delivery may have redriven it in between: what its history tells, or AWS refuses, is then no reason.
        let now = self.ports.states().describe_execution(&arn).await;
        let now = now.map_err(|error| error.to_string())?;
        if now.redriven_at > execution.redriven_at || now.stopped_at != execution.stopped_at {
            return Ok((Outcome::Redriven, Some(arn), None));
        }
        // AWS refuses what runs, too, and neither that nor its history may show yet.
        let settled = execution.stopped_at.unwrap_or_default().max(subject.attempt.began()) + SETTLES_FOR;
        if refused.is_some() && self.ports.clock().now() < settled {
            return Err("AWS does not redrive the execution, or not yet".to_owned());
        }
        if subject.attempt.is_first() {
            // A first attempt waits for the execution that its action names, and would find no other.
            let message = "The execution was stopped and cannot be redriven. Retry the stage with all of its actions.";
            return self.answer_approval(subject, arn, reject(message)).await;
        }
        tracing::warn!(
            execution.arn = arn,
            reason = refused.map(|error| error.to_string()),
            "execution is not redriven: a new one is started"
        );
        self.start_anew(subject, execution).await
    }

    /// Starts a new execution with the input of the one before: a retry of the approval alone brings no new input.
    async fn start_anew(&self, subject: &Subject<'_>, before: &Execution) -> Done {
        let parameters = &subject.wait.parameters;
        let was = StateMachineArn::of_execution(&before.execution_arn);
        let arn = before.execution_arn.clone();
        let now = self.ports.clock().now();
        let machine = match self.machines_since(parameters, now, subject.occasion.context).await {
            Ok(machines) => machines.into_iter().next(),
            Err(problems) if is_passing(&problems) => return Err(problems.to_string()),
            Err(problems) => {
                let message = format!("Parameters cannot be resolved: {problems}");
                return self.answer_approval(subject, arn, reject(&message)).await;
            }
        };
        let (Some(machine), Some(was), Some(input)) = (machine, was, &before.input) else {
            let message = "No execution can be started anew: its state machine or its input is not known any more. \
                           Retry the stage with all of its actions.";
            return self.answer_approval(subject, arn, reject(message)).await;
        };
        if machine.unqualified() != was.unqualified() {
            // Where to look for the attempt's execution would change with the parameter.
            let message =
                format!("`stateMachine` names {machine} now, and was {was}. Retry the stage with all of its actions.");
            return self.answer_approval(subject, arn, reject(&message)).await;
        }
        let name = subject.attempt.execution_name(parameters);
        match self
            .ports
            .states()
            .start_execution(&machine.to_string(), &name, input)
            .await
        {
            Ok(started) => {
                subject.count("ExecutionsStarted");
                Ok((Outcome::Restarted, Some(started.execution_arn), None))
            }
            // The name is this attempt's own: an event that was delivered before has started it.
            Err(error) if error.is("ExecutionAlreadyExists") => {
                Ok((Outcome::Restarted, Some(machine.execution_arn(&name)), None))
            }
            Err(error) => self.cannot_go_on(subject, arn, "started", error).await,
        }
    }

    /// No execution could be started. An error that may go away is tried again; any other error is the answer.
    async fn cannot_go_on(&self, subject: &Subject<'_>, arn: String, what: &str, error: CallError) -> Done {
        if error.is_transient() {
            return Err(error.to_string());
        }
        let message = format!("The execution cannot be {what} for the retried stage: {error}");
        self.answer_approval(subject, arn, reject(&message)).await
    }
}

/// The execution that an attempt waits for: its own, or the last one of the attempts before.
async fn carrier(states: &impl DescribeExecution, subject: &Subject<'_>) -> Result<Option<Carrier>, CallError> {
    let Subject { wait, attempt, .. } = subject;
    let Some(candidates) = attempt.candidates(&wait.parameters) else {
        let message = "the action has no output variable `ExecutionArn`";
        return Err(CallError::new("ListActionExecutions", CallErrorKind::Invalid, message));
    };
    for (arn, is_own) in candidates {
        match states.describe_execution(&arn).await {
            Ok(execution) => return Ok(Some(Carrier { execution, is_own })),
            // No such execution was started: the attempt went on with one before it, or has not begun.
            Err(error) if error.kind == CallErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn stop_unwanted(states: &impl StopExecution, subject: &Subject<'_>, execution: &str) -> Result<(), CallError> {
    let Subject {
        pipeline,
        pipeline_execution_id: id,
        ..
    } = subject;
    let cause = format!("nobody waits for it any more: its approval in execution {id} of pipeline {pipeline} is over");
    stop_for(states, subject, execution, ABANDONED, &cause).await
}

async fn stop_for(
    states: &impl StopExecution,
    subject: &Subject<'_>,
    execution: &str,
    error: &str,
    cause: &str,
) -> Result<(), CallError> {
    match states.stop_execution(execution, error, cause).await {
        // It has ended by itself meanwhile.
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(()),
        result => {
            result?;
            subject.count("ExecutionsStopped");
            Ok(())
        }
    }
}

impl Subject<'_> {
    /// Whether the approval is waited for, and can be answered.
    fn is_asked(&self) -> bool {
        match &self.wait.stage {
            WaitStage::Asked(_) => true,
            WaitStage::NotStarted | WaitStage::NotAsked | WaitStage::Over(_) | WaitStage::Approved => false,
        }
    }

    /// The execution that the action says it has started.
    fn started(&self) -> String {
        let variables = &self.attempt.action.output_variables;
        variables.get("ExecutionArn").cloned().unwrap_or_default()
    }

    fn count(&self, metric: &'static str) {
        let metrics = &self.occasion.metrics;
        metrics.lock().unwrap_or_else(PoisonError::into_inner).count(metric);
    }
}

fn approve(summary: String) -> ApprovalResult {
    ApprovalResult {
        approved: true,
        summary,
    }
}

fn reject(summary: &str) -> ApprovalResult {
    ApprovalResult {
        approved: false,
        summary: clip(summary, MAX_APPROVAL_SUMMARY),
    }
}

/// Whether the parameters may be readable later.
fn is_passing(problems: &Problems) -> bool {
    match problems.kind() {
        ProblemKind::ParameterStoreUnavailable => true,
        ProblemKind::ParameterAccessDenied
        | ProblemKind::SecureParameterRefused
        | ProblemKind::ParameterNotFound
        | ProblemKind::ParameterInvalid => false,
    }
}
