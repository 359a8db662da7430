//! Step Functions, over its SDK.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::Builder;
use aws_sdk_sfn::types::{ExecutionStatus as Status, IncludedData, StateMachineType as Type, SyncExecutionStatus};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

mod answer;
mod history;
mod local_host;

use answer::{WithList, moment, text};
use local_host::LocalHost;

use super::error::{classify, incomplete};
use super::https::CONNECT_TIMEOUT;
use crate::execution_name::ExecutionName;
use crate::ports::CallError;
use crate::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, ExecutionPage, ExecutionStatus, Failure, GetExecutionHistory,
    HistoryPage, ListExecutions, ListedExecution, ListedStatus, RedriveExecution, StartExecution, StartSyncExecution,
    Started, StateMachineType, StopExecution, SyncExecution,
};
use crate::time::Timestamp;

/// The text that the SDK fills in for a required member that is missing.
const NOT_SET: &str = "no value was set";
/// How many events a page of a history may hold: each can bring a cause of 32 KB.
const EVENTS: i32 = 200;
/// How many executions a page of a list may hold: as many as AWS gives.
const EXECUTIONS: i32 = 1_000;
/// An Express execution takes up to five minutes. The caller may stop waiting before.
const EXPRESS_TIMEOUT: Duration = Duration::from_secs(305);

/// The adapter: its ports are those of [`crate::ports::step_functions`].
#[derive(Debug, Clone)]
pub struct StepFunctions {
    client: Client,
}

impl StepFunctions {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }
}

impl StartExecution for StepFunctions {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        let call = self
            .client
            .start_execution()
            .state_machine_arn(state_machine_arn)
            .name(name.as_str())
            .input(input);
        let operation = "StartExecution";
        let answer = call.send().await.map_err(|error| classify(operation, error))?;
        Ok(Started {
            execution_arn: text(operation, answer.execution_arn)?,
            started_at: moment(operation, &answer.start_date)?,
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
        let operation = "StartSyncExecution";
        // Not idempotent: tried once, and waited for as long as an Express execution may take.
        let patience = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(EXPRESS_TIMEOUT)
            .operation_timeout(EXPRESS_TIMEOUT)
            .build();
        let answer = self
            .client
            .start_sync_execution()
            .state_machine_arn(state_machine_arn)
            .name(name.as_str())
            .input(input)
            .customize()
            .config_override(
                Builder::new()
                    .retry_config(RetryConfig::disabled())
                    .timeout_config(patience),
            )
            .interceptor(LocalHost)
            .send()
            .await
            .map_err(|error| classify(operation, error))?;
        let failure = Failure {
            error: answer.error,
            cause: answer.cause,
        };
        Ok(SyncExecution {
            execution_arn: text(operation, answer.execution_arn)?,
            started_at: moment(operation, &answer.start_date)?,
            stopped_at: moment(operation, &answer.stop_date)?,
            status: match answer.status {
                SyncExecutionStatus::Succeeded => ExecutionStatus::Succeeded {
                    output: answer.output.ok_or_else(|| incomplete(operation))?,
                },
                SyncExecutionStatus::TimedOut => ExecutionStatus::TimedOut(failure),
                SyncExecutionStatus::Failed => ExecutionStatus::Failed(failure),
                _ => return Err(incomplete(operation)),
            },
        })
    }
}

impl DescribeExecution for StepFunctions {
    async fn describe_execution(&self, execution_arn: &str) -> Result<Execution, CallError> {
        let operation = "DescribeExecution";
        let call = self.client.describe_execution().execution_arn(execution_arn);
        let answer = call.send().await.map_err(|error| classify(operation, error))?;
        let failure = Failure {
            error: answer.error,
            cause: answer.cause,
        };
        let stopped_at = answer.stop_date.as_ref().map(|date| moment(operation, date));
        let redriven_at = answer.redrive_date.as_ref().map(|date| moment(operation, date));
        let has_ended = matches!(
            answer.status,
            Status::Succeeded | Status::Failed | Status::TimedOut | Status::Aborted
        );
        if answer.status.as_str() == NOT_SET || (has_ended && stopped_at.is_none()) {
            return Err(incomplete(operation));
        }
        Ok(Execution {
            execution_arn: text(operation, answer.execution_arn)?,
            started_at: moment(operation, &answer.start_date)?,
            stopped_at: stopped_at.transpose()?,
            redriven_at: redriven_at.transpose()?,
            input: answer.input,
            status: match answer.status {
                Status::Succeeded => ExecutionStatus::Succeeded {
                    output: answer.output.ok_or_else(|| incomplete(operation))?,
                },
                Status::Failed => ExecutionStatus::Failed(failure),
                Status::TimedOut => ExecutionStatus::TimedOut(failure),
                Status::Aborted => ExecutionStatus::Aborted(failure),
                // RUNNING, PENDING_REDRIVE, and statuses that AWS may add: the execution has not ended.
                _ => ExecutionStatus::Running,
            },
        })
    }
}

impl DescribeStateMachine for StepFunctions {
    async fn describe_state_machine(&self, state_machine_arn: &str) -> Result<StateMachineType, CallError> {
        let operation = "DescribeStateMachine";
        let answer = self
            .client
            .describe_state_machine()
            .state_machine_arn(state_machine_arn)
            // The definition is not needed: without it, no permission for its KMS key is needed either.
            .included_data(IncludedData::MetadataOnly)
            .send()
            .await
            .map_err(|error| classify(operation, error))?;
        match answer.r#type {
            Type::Express => Ok(StateMachineType::Express),
            Type::Standard => Ok(StateMachineType::Standard),
            // An unknown type is an error: a wrong guess could start an execution twice.
            _ => Err(incomplete(operation)),
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
        let operation = "ListExecutions";
        let answer = self
            .client
            .list_executions()
            .state_machine_arn(state_machine_arn)
            .set_status_filter(only_running.then_some(Status::Running))
            .set_next_token(next_token.map(str::to_owned))
            .max_results(EXECUTIONS)
            .customize()
            .interceptor(WithList("executions"))
            .send()
            .await
            .map_err(|error| classify(operation, error))?;
        let listed = |item: aws_sdk_sfn::types::ExecutionListItem| {
            Ok(ListedExecution {
                execution_arn: text(operation, item.execution_arn)?,
                name: text(operation, item.name)?,
                started_at: moment(operation, &item.start_date)?,
                status: match item.status {
                    status if status.as_str() == NOT_SET => return Err(incomplete(operation)),
                    Status::Succeeded => ListedStatus::Succeeded,
                    Status::Failed | Status::TimedOut | Status::Aborted => ListedStatus::Unsuccessful,
                    _ => ListedStatus::Running,
                },
            })
        };
        Ok(ExecutionPage {
            executions: answer.executions.into_iter().map(listed).collect::<Result<_, _>>()?,
            next_token: answer.next_token,
        })
    }
}

impl GetExecutionHistory for StepFunctions {
    async fn get_execution_history(
        &self,
        execution_arn: &str,
        next_token: Option<&str>,
    ) -> Result<HistoryPage, CallError> {
        let operation = "GetExecutionHistory";
        let answer = self
            .client
            .get_execution_history()
            .execution_arn(execution_arn)
            .reverse_order(true)
            // Errors and causes count as execution data.
            .include_execution_data(true)
            .max_results(EVENTS)
            .set_next_token(next_token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| classify(operation, error))?;
        // A history has at least the event of its start.
        if answer.events.is_empty() && answer.next_token.is_none() {
            return Err(incomplete(operation));
        }
        Ok(HistoryPage {
            events: answer.events.into_iter().map(history::event).collect(),
            next_token: answer.next_token,
        })
    }
}

impl RedriveExecution for StepFunctions {
    async fn redrive_execution(&self, execution_arn: &str, client_token: &str) -> Result<Timestamp, CallError> {
        let call = self
            .client
            .redrive_execution()
            .execution_arn(execution_arn)
            .client_token(client_token);
        let operation = "RedriveExecution";
        let answer = call.send().await.map_err(|error| classify(operation, error))?;
        moment(operation, &answer.redrive_date)
    }
}

impl StopExecution for StepFunctions {
    async fn stop_execution(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), CallError> {
        let call = self
            .client
            .stop_execution()
            .execution_arn(execution_arn)
            .error(error)
            .cause(cause);
        call.send().await.map_err(|error| classify("StopExecution", error))?;
        Ok(())
    }
}
