//! The beginning of an action: its execution is started, adopted or redriven.

use std::time::Duration;

use serde_json::Value;
use shared::execution_name::ExecutionName;
use shared::ports::artifacts::GetObject;
use shared::ports::code_pipeline::{FailureType, GetPipelineState};
use shared::ports::step_functions::{DescribeExecution as _, StateMachineType};
use shared::state_machine::{StateMachineArn, StateMachineReference};
use shared::time::Clock as _;

use super::function::{Call, PipelineAction};
use super::resume::{Attempt, Begun, Decision, Following, How};
use crate::artifact::read_json;
use crate::event::Job;
use crate::input::{Pipeline, compose};
use crate::plan::{self, Answer, Assignment, Next};
use crate::ports::Ports;
use crate::token::{Retry, Token};
use crate::user_parameters::{ApprovalName, InputFile, OnRetry};

/// The time in which Lambda tries to deliver an event three times.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const TRIES_OF_A_DELIVERY: Duration = Duration::from_secs(5 * 60);
/// The first and the longest pause before looking again for the end of a short execution.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

impl<P: Ports> PipelineAction<P> {
    /// Begins: everything is prepared, and the execution is started.
    pub(super) async fn begin(&self, call: &Call<'_>, assignment: &Assignment) -> Answer {
        let answer = self.try_begin(call, assignment).await.unwrap_or_else(|answer| answer);
        match (answer, self.own_execution(call, assignment)) {
            (Answer::Fail(failure), Some(execution)) if failure.kind != FailureType::ConfigurationError => {
                plan::may_have_started(failure, &execution)
            }
            (answer, _) => answer,
        }
    }

    /// The execution that this action starts or redrives. Nothing, if its state machine is not known yet, or is known
    /// to be Express.
    fn own_execution(&self, call: &Call<'_>, assignment: &Assignment) -> Option<String> {
        if let Some(Retry::Redrive(execution)) = &assignment.token.retry {
            return Some(execution.clone());
        }
        let known = assignment.token.machine.as_deref().and_then(StateMachineArn::parse);
        let machine = known.or_else(|| match &assignment.parameters.state_machine {
            StateMachineReference::Known(name) => {
                let place = call.place.as_ref();
                name.clone().locate(place).and_then(|arn| arn.called_from(place)).ok()
            }
            StateMachineReference::Parameter(_) => None,
        })?;
        let types = self.types.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_express = types.get(machine.unqualified()) == Some(&StateMachineType::Express);
        (!is_express).then(|| machine.execution_arn(&assignment.execution_name()))
    }

    async fn try_begin(&self, call: &Call<'_>, assignment: &Assignment) -> Result<Answer, Answer> {
        let settings = self.settings.as_ref().map_err(|error| {
            let message = format!("The function is set up wrongly: {error}");
            Answer::fail(FailureType::ConfigurationError, message)
        })?;
        check_approval(self.ports.pipelines(), &settings.pipelines, assignment).await?;
        let (machine, input) = self.resolve(call, assignment).await?;
        let kind = self.type_of(&machine).await;
        let kind = kind.map_err(|error| plan::call_failed(&assignment.token, &error))?;
        if kind == StateMachineType::Express && assignment.parameters.approval.is_some() {
            let message = "An Express execution ends within the call: no `approval` can wait for it";
            return Err(Answer::fail(FailureType::ConfigurationError, message));
        }
        // A parameter can move between two deliveries of a job, and each would start an execution elsewhere. So what was
        // found is answered first. CodePipeline takes one answer to a job: all deliveries of the next one start the same.
        let is_found_now = matches!(assignment.parameters.state_machine, StateMachineReference::Parameter(_))
            && assignment.token.machine.is_none();
        let assignment = &match is_found_now {
            true => assignment.with(Token {
                machine: Some(machine.to_string()),
                ..assignment.token.clone()
            }),
            false => assignment.clone(),
        };
        let file = match &assignment.parameters.input_file {
            Some(file) => Some(read_input_file(self.ports.artifacts(), call.job, &assignment.token, file).await?),
            None => None,
        };
        let pipeline = Pipeline {
            execution_id: assignment.parameters.pipeline_execution_id.as_deref(),
            job_id: &assignment.token.job,
            input_artifacts: &call.job.input_artifacts,
        };
        let input = compose(input, file, pipeline).map_err(|error| {
            Answer::fail(
                FailureType::ConfigurationError,
                format!("The execution cannot be started: {error}"),
            )
        })?;
        match kind {
            StateMachineType::Express if is_found_now => Ok(Answer::go_on(assignment.token.decided(None))),
            StateMachineType::Express => self.run_express(call, assignment, &machine, &input).await,
            StateMachineType::Standard => {
                let decision = self.decide_once(assignment, &machine, is_found_now).await?;
                let token = self.start(call, assignment, &machine, decision, &input).await?;
                call.watch.follows(&token);
                if let (Some(_), Some(execution)) = (&assignment.parameters.approval, &token.execution) {
                    return Ok(plan::handed_over(execution));
                }
                Ok(self.look_again(call, &assignment.with(token)).await)
            }
        }
    }

    /// What to begin with: what an earlier job of the action decided, or what is decided now. A decision that must be
    /// the same for all deliveries is answered first, and the next job carries it out: see
    /// [`Retry`](crate::token::Retry).
    async fn decide_once(
        &self,
        assignment: &Assignment,
        machine: &StateMachineArn,
        is_found_now: bool,
    ) -> Result<Decision, Answer> {
        let Assignment { parameters, token } = assignment;
        let decision = match (&token.retry, parameters.on_retry) {
            (Some(retry), _) => return Ok(Decision::Retry(retry.clone())),
            (None, OnRetry::Restart) => Decision::Start,
            (None, OnRetry::Redrive) => {
                let name = assignment.execution_name();
                let decision = self.decide(attempt(assignment, machine, &name)).await;
                decision.map_err(|error| plan::call_failed(token, &error))?
            }
        };
        match decision {
            Decision::Retry(retry) => Err(Answer::go_on(token.decided(Some(retry)))),
            Decision::Start | Decision::Adopt(..) if is_found_now => Err(Answer::go_on(token.decided(None))),
            Decision::Start | Decision::Adopt(..) => Ok(decision),
        }
    }

    /// Starts a Standard execution, or takes one that exists. The result is the token that follows it.
    async fn start(
        &self,
        call: &Call<'_>,
        assignment: &Assignment,
        machine: &StateMachineArn,
        decision: Decision,
        input: &str,
    ) -> Result<Token, Answer> {
        let token = &assignment.token;
        let name = assignment.execution_name();
        let begun = self
            .resume_or_start(attempt(assignment, machine, &name), decision, input)
            .await
            .map_err(|error| plan::call_failed(token, &error))?;
        let following = match begun {
            Begun::Follow(following) => following,
            Begun::NotRedrivable(error) => return Err(plan::not_redrivable(assignment, &error)),
        };
        self.say_what_is_followed(call, &following);
        Ok(Token {
            misses: 0,
            tries: 0,
            since: following.since.unwrap_or(token.since),
            execution: Some(following.execution),
            redriven: following.redriven,
            retry: None,
            ..token.clone()
        })
    }

    fn say_what_is_followed(&self, call: &Call<'_>, following: &Following) {
        let is_there = following.since.is_none_or(|since| since < call.began);
        let (metric, what) = match following.how {
            How::Started if is_there => ("ExecutionsAdopted", "execution adopted"),
            How::Started => ("ExecutionsStarted", "execution started"),
            How::Adopted => ("ExecutionsAdopted", "execution of the stage's last run adopted"),
            How::Redriven => ("ExecutionsRedriven", "execution redriven"),
        };
        // What an earlier try of this delivery has started, which was killed before it knew, is this delivery's, too.
        let is_recent = following
            .since
            .is_some_and(|since| call.began.since(since) < TRIES_OF_A_DELIVERY);
        match following.how {
            How::Started if !is_recent => {}
            How::Adopted => {}
            How::Started | How::Redriven => call.watch.puts_to_work(&following.execution),
        }
        call.measure(|metrics| metrics.count(metric));
        tracing::info!(job.id = call.job.id, execution.arn = following.execution, "{what}");
    }

    /// Looks for the end of a short execution within the first call, if the settings say so.
    async fn look_again(&self, call: &Call<'_>, assignment: &Assignment) -> Answer {
        let patience = self
            .settings
            .as_ref()
            .map_or(Duration::ZERO, |settings| settings.look_again);
        let going_on = Answer::go_on(assignment.token.clone());
        let (Some(execution), false) = (&assignment.token.execution, patience.is_zero()) else {
            return going_on;
        };
        let (mut pause, longest) = PAUSES;
        let mut waited = Duration::ZERO;
        while waited < patience {
            pause = pause.min(patience - waited);
            self.ports.clock().sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(longest);
            let Ok(look) = self.ports.states().describe_execution(execution).await else {
                continue;
            };
            match plan::looked(assignment, Ok(look), self.ports.clock().now()) {
                Next::Answer(_) => {}
                next => return self.carry_out(call, assignment, execution, next).await,
            }
        }
        going_on
    }
}

/// This try of the action.
fn attempt<'a>(assignment: &'a Assignment, machine: &'a StateMachineArn, name: &'a ExecutionName) -> Attempt<'a> {
    Attempt {
        parameters: &assignment.parameters,
        machine,
        name,
        since: assignment.token.since,
    }
}

/// Checks that the approval that is to wait for the execution exists: without it nobody would wait.
async fn check_approval(
    pipelines: &impl GetPipelineState,
    known: &[String],
    assignment: &Assignment,
) -> Result<(), Answer> {
    let Some(approval) = &assignment.parameters.approval else {
        return Ok(());
    };
    let wrong = |message: String| Err(Answer::fail(FailureType::ConfigurationError, message));
    let ApprovalName {
        pipeline,
        stage,
        action,
    } = approval;
    if !known.contains(pipeline) {
        return wrong(format!(
            "`approval` names pipeline `{pipeline}`, whose approvals this function does not answer: its environment \
             variable `PIPELINES` names {}",
            if known.is_empty() {
                "none".to_owned()
            } else {
                format!("`{}`", known.join("`, `"))
            }
        ));
    }
    let actions = pipelines.get_pipeline_state(pipeline).await;
    let actions = actions.map_err(|error| plan::call_failed(&assignment.token, &error))?;
    if actions
        .iter()
        .any(|known| known.stage == *stage && known.action == *action)
    {
        return Ok(());
    }
    wrong(format!(
        "`approval` names action `{action}` in stage `{stage}`, which pipeline `{pipeline}` does not have: add a \
         Manual approval of that name behind this action, or mend `approval`"
    ))
}

/// Reads the file of an input artifact that `inputFile` names.
async fn read_input_file(
    artifacts: &impl GetObject,
    job: &Job,
    token: &Token,
    file: &InputFile,
) -> Result<Value, Answer> {
    let wrong = |message: String| Answer::fail(FailureType::ConfigurationError, message);
    let InputFile { artifact: name, path } = file;
    let artifact = job
        .input_artifacts
        .iter()
        .find(|artifact| artifact.name == *name)
        .ok_or_else(|| {
            let names: Vec<String> = job
                .input_artifacts
                .iter()
                .map(|artifact| format!("`{}`", artifact.name))
                .collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            wrong(format!(
                "`inputFile` names artifact `{name}`, but the action's input artifacts are: {names}"
            ))
        })?;
    let credentials = job.credentials.as_ref().ok_or_else(|| {
        wrong("`inputFile` cannot be read: the job brought no credentials for its artifacts".to_owned())
    })?;
    read_json(artifacts, credentials, &artifact.location, path)
        .await
        .map_err(|error| plan::artifact_failed(token, &format!("`inputFile` `{name}::{path}`"), &error))
}
