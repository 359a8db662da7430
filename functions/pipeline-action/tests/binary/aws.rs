//! The stand-ins of Step Functions and CodePipeline, behind AWS's protocols.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};
use shared::execution_name::ExecutionName;
use shared::fakes::{CodePipeline, ManualClock, StepFunctions};
use shared::ports::CallError;
use shared::ports::code_pipeline::{
    FailureType, JobFailure, JobSuccess, PutJobFailureResult as _, PutJobSuccessResult as _,
};
use shared::ports::step_functions::{
    DescribeExecution as _, DescribeStateMachine as _, ExecutionStatus, Failure, StartExecution as _, StateMachineType,
};
use shared::time::{Clock as _, SystemClock, Timestamp};

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";

/// What an operation answers: a status and a body.
pub(crate) type Reply = (u16, Value);

/// The services.
pub(crate) struct Services {
    pub(crate) states: StepFunctions,
    pub(crate) pipelines: CodePipeline,
}

impl Services {
    /// With a state machine, by the machine's clock: the binary has no other.
    pub(crate) fn new() -> Self {
        let states = StepFunctions::new(&ManualClock::at(SystemClock.now()));
        states.create(MACHINE, StateMachineType::Standard);
        Self {
            states,
            pipelines: CodePipeline::new(),
        }
    }

    /// Does a call, told by its `X-Amz-Target`.
    pub(crate) fn call(&self, target: &str, body: &Value) -> Reply {
        let text = |field: &str| body[field].as_str().unwrap_or_default();
        let reply = match operation(target) {
            "DescribeStateMachine" => at_once(self.states.describe_state_machine(text("stateMachineArn"))).map(|_| {
                json!({"stateMachineArn": MACHINE, "name": "ml", "definition": "{}", "roleArn": "r",
                        "type": "STANDARD", "creationDate": 1})
            }),
            "StartExecution" => {
                let name = ExecutionName::parse(text("name")).expect("a name");
                at_once(
                    self.states
                        .start_execution(text("stateMachineArn"), &name, text("input")),
                )
                .map(|started| json!({"executionArn": started.execution_arn, "startDate": seconds(started.started_at)}))
            }
            "DescribeExecution" => at_once(self.states.describe_execution(text("executionArn"))).map(|execution| {
                let (status, output, failure) = match execution.status {
                    ExecutionStatus::Running => ("RUNNING", None, Failure::default()),
                    ExecutionStatus::Succeeded { output } => ("SUCCEEDED", Some(output), Failure::default()),
                    ExecutionStatus::Failed(failure) => ("FAILED", None, failure),
                    ExecutionStatus::TimedOut(failure) => ("TIMED_OUT", None, failure),
                    ExecutionStatus::Aborted(failure) => ("ABORTED", None, failure),
                };
                json!({"executionArn": execution.execution_arn, "stateMachineArn": MACHINE, "status": status,
                    "startDate": seconds(execution.started_at), "stopDate": execution.stopped_at.map(seconds),
                    "output": output, "error": failure.error, "cause": failure.cause})
            }),
            "PutJobSuccessResult" => {
                let success = match body["continuationToken"].as_str() {
                    Some(token) => JobSuccess::Continue {
                        continuation_token: token.to_owned(),
                    },
                    None => JobSuccess::Done {
                        output_variables: serde_json::from_value(body["outputVariables"].clone()).expect("texts"),
                    },
                };
                at_once(self.pipelines.put_job_success_result(text("jobId"), &success)).map(|()| json!({}))
            }
            "PutJobFailureResult" => {
                let details = &body["failureDetails"];
                let kind = [
                    FailureType::JobFailed,
                    FailureType::ConfigurationError,
                    FailureType::PermissionError,
                    FailureType::SystemUnavailable,
                ]
                .into_iter()
                .find(|kind| details["type"] == kind.as_str())
                .expect("a type");
                let failure = JobFailure {
                    kind,
                    message: details["message"].as_str().expect("a text").to_owned(),
                };
                at_once(self.pipelines.put_job_failure_result(text("jobId"), &failure)).map(|()| json!({}))
            }
            other => return refusal(400, "UnknownOperationException", other),
        };
        reply.map_or_else(
            |error| refusal(400, error.code.as_deref().unwrap_or_default(), &error.message),
            |body| (200, body),
        )
    }
}

/// The operation that a target names: `AWSStepFunctions.StartExecution`.
pub(crate) fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or_default()
}

/// An error as AWS's JSON protocols give it.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Reply {
    (status, json!({"__type": code, "message": message}))
}

fn seconds(moment: Timestamp) -> f64 {
    moment.as_millis() as f64 / 1_000.0
}

/// The outcome of a stand-in's call, which never waits.
fn at_once<T>(call: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a stand-in never waits"),
    }
}

/// The event of a job.
pub(crate) fn event(job_id: &str, parameters: &str, token: Option<&str>) -> Value {
    let mut data = json!({
        "actionConfiguration": {"configuration": {"FunctionName": "f", "UserParameters": parameters}},
        "inputArtifacts": [],
        "outputArtifacts": [],
        "artifactCredentials": {"accessKeyId": "id", "secretAccessKey": "secret", "sessionToken": "token"},
    });
    if let Some(token) = token {
        data["continuationToken"] = json!(token);
    }
    json!({"CodePipeline.job": {"id": job_id, "accountId": "123456789012", "data": data}})
}
