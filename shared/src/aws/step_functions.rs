//! Step Functions.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use serde_json::{Value, json};

mod history;
mod sync_host;

use super::error::incomplete;
use super::https::CONNECT_TIMEOUT;
use super::json::{Answer, JsonClient, moment, some_text};
use super::service::Service;
use crate::execution_name::ExecutionName;
use crate::ports::CallError;
use crate::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, ExecutionPage, ExecutionStatus, Failure, GetExecutionHistory,
    HistoryPage, ListExecutions, ListedExecution, ListedStatus, RedriveExecution, StartExecution, StartSyncExecution,
    Started, StateMachineType, StopExecution, SyncExecution,
};
use crate::time::Timestamp;

/// How many events a page of a history may hold: each can bring a cause of 32 KB.
const EVENTS: u32 = 200;
/// How many executions a page of a list may hold: as many as AWS gives.
const EXECUTIONS: u32 = 1_000;
/// An Express execution takes up to five minutes. The caller may stop waiting before.
const EXPRESS_TIMEOUT: Duration = Duration::from_secs(305);

/// The adapter: its ports are those of [`crate::ports::step_functions`].
#[derive(Debug, Clone)]
pub struct StepFunctions(JsonClient);

impl StepFunctions {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self(JsonClient::new(Service::StepFunctions, config))
    }
}

impl StartExecution for StepFunctions {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        let input = start(state_machine_arn, name, input);
        let answer = self.0.call("StartExecution", &input).await?;
        Ok(Started {
            execution_arn: answer.text("executionArn")?,
            started_at: answer.moment("startDate")?,
        })
    }
}

impl StartSyncExecution for StepFunctions {
    async fn start_sync_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<SyncExecution, CallError> {
        // Not idempotent: tried once, and waited for as long as an Express execution may take.
        let patience = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(EXPRESS_TIMEOUT)
            .operation_timeout(EXPRESS_TIMEOUT)
            .build();
        let once = self.0.config().clone().into_builder();
        let once = once.retry_config(RetryConfig::disabled()).timeout_config(patience);
        let endpoint = sync_host::of(&Service::StepFunctions.endpoint(self.0.config()));
        let input = start(state_machine_arn, name, input);
        let operation = "StartSyncExecution";
        let answer = self.0.call_at(&endpoint, &once.build(), operation, &input).await?;
        Ok(SyncExecution {
            execution_arn: answer.text("executionArn")?,
            started_at: answer.moment("startDate")?,
            stopped_at: answer.moment("stopDate")?,
            status: match answer.text("status")?.as_str() {
                "SUCCEEDED" => succeeded(&answer)?,
                "TIMED_OUT" => ExecutionStatus::TimedOut(failure(&answer)),
                "FAILED" => ExecutionStatus::Failed(failure(&answer)),
                _ => return Err(answer.incomplete()),
            },
        })
    }
}

impl DescribeExecution for StepFunctions {
    async fn describe_execution(&self, execution_arn: &str) -> Result<Execution, CallError> {
        let input = json!({"executionArn": execution_arn});
        let answer = self.0.call("DescribeExecution", &input).await?;
        let stopped_at = answer.optional_moment("stopDate")?;
        let status = match answer.text("status")?.as_str() {
            "SUCCEEDED" => succeeded(&answer)?,
            "FAILED" => ExecutionStatus::Failed(failure(&answer)),
            "TIMED_OUT" => ExecutionStatus::TimedOut(failure(&answer)),
            "ABORTED" => ExecutionStatus::Aborted(failure(&answer)),
            // RUNNING, PENDING_REDRIVE, and statuses that AWS may add: the execution has not ended.
            _ => ExecutionStatus::Running,
        };
        if status != ExecutionStatus::Running && stopped_at.is_none() {
            return Err(answer.incomplete());
        }
        Ok(Execution {
            execution_arn: answer.text("executionArn")?,
            started_at: answer.moment("startDate")?,
            stopped_at,
            redriven_at: answer.optional_moment("redriveDate")?,
            input: answer.optional("input"),
            status,
        })
    }
}

impl DescribeStateMachine for StepFunctions {
    async fn describe_state_machine(&self, state_machine_arn: &str) -> Result<StateMachineType, CallError> {
        // The definition is not needed: without it, no permission for its KMS key is needed either.
        let input = json!({"stateMachineArn": state_machine_arn, "includedData": "METADATA_ONLY"});
        let answer = self.0.call("DescribeStateMachine", &input).await?;
        match answer.text("type")?.as_str() {
            "EXPRESS" => Ok(StateMachineType::Express),
            "STANDARD" => Ok(StateMachineType::Standard),
            // An unknown type is an error: a wrong guess could start an execution twice.
            _ => Err(answer.incomplete()),
        }
    }
}

impl ListExecutions for StepFunctions {
    async fn list_executions(
        &self,
        state_machine_arn: &str,
        only_running: bool,
        next_token: Option<&str>,
    ) -> Result<ExecutionPage, CallError> {
        const OPERATION: &str = "ListExecutions";
        let mut input = json!({"stateMachineArn": state_machine_arn, "maxResults": EXECUTIONS});
        if only_running {
            input["statusFilter"] = "RUNNING".into();
        }
        if let Some(token) = next_token {
            input["nextToken"] = token.into();
        }
        let mut answer = self.0.call(OPERATION, &input).await?;
        let executions: Option<_> = answer.list("executions")?.iter().map(listed).collect();
        Ok(ExecutionPage {
            executions: executions.ok_or_else(|| incomplete(OPERATION))?,
            next_token: answer.next_token("nextToken"),
        })
    }
}

impl GetExecutionHistory for StepFunctions {
    async fn get_execution_history(
        &self,
        execution_arn: &str,
        next_token: Option<&str>,
    ) -> Result<HistoryPage, CallError> {
        let mut input = json!({
            "executionArn": execution_arn,
            "reverseOrder": true,
            // Errors and causes count as execution data.
            "includeExecutionData": true,
            "maxResults": EVENTS,
        });
        if let Some(token) = next_token {
            input["nextToken"] = token.into();
        }
        let mut answer = self.0.call("GetExecutionHistory", &input).await?;
        let events = answer.list("events")?;
        let next_token = answer.next_token("nextToken");
        // A history has at least the event of its start.
        if events.is_empty() && next_token.is_none() {
            return Err(answer.incomplete());
        }
        Ok(HistoryPage {
            events: events.into_iter().map(history::event).collect(),
            next_token,
        })
    }
}

impl RedriveExecution for StepFunctions {
    async fn redrive_execution(&self, execution_arn: &str, client_token: &str) -> Result<Timestamp, CallError> {
        let input = json!({"executionArn": execution_arn, "clientToken": client_token});
        self.0.call("RedriveExecution", &input).await?.moment("redriveDate")
    }
}

impl StopExecution for StepFunctions {
    async fn stop_execution(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), CallError> {
        let input = json!({"executionArn": execution_arn, "error": error, "cause": cause});
        self.0.call("StopExecution", &input).await?.object()?;
        Ok(())
    }
}

/// The input of both ways to start an execution.
fn start(state_machine_arn: &str, name: &ExecutionName, input: &str) -> Value {
    json!({"stateMachineArn": state_machine_arn, "name": name.as_str(), "input": input})
}

/// The output that an execution that has succeeded must have.
fn succeeded(answer: &Answer) -> Result<ExecutionStatus, CallError> {
    let output = answer.optional("output").ok_or_else(|| answer.incomplete())?;
    Ok(ExecutionStatus::Succeeded { output })
}

fn failure(answer: &Answer) -> Failure {
    Failure {
        error: answer.optional("error"),
        cause: answer.optional("cause"),
    }
}

/// An execution in a list; nothing if a member is missing that each has.
fn listed(item: &Value) -> Option<ListedExecution> {
    Some(ListedExecution {
        execution_arn: some_text(&item["executionArn"])?,
        name: some_text(&item["name"])?,
        started_at: moment(&item["startDate"])?,
        status: match item["status"].as_str()? {
            "SUCCEEDED" => ListedStatus::Succeeded,
            "FAILED" | "TIMED_OUT" | "ABORTED" => ListedStatus::Unsuccessful,
            _ => ListedStatus::Running,
        },
    })
}
