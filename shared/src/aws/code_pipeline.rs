//! CodePipeline, over its SDK.

use std::collections::HashMap;

use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{ActionExecutionDetail, ActionExecutionFilter, FailureDetails, FailureType as Type};
use aws_types::SdkConfig;

use super::error::classify;
use crate::ports::code_pipeline::{
    ActionExecution, ActionExecutionPage, FailureType, JobFailure, JobSuccess, ListActionExecutions,
    PutJobFailureResult, PutJobSuccessResult,
};
use crate::ports::{CallError, CallErrorKind};

/// The adapter: its ports are those of [`crate::ports::code_pipeline`].
#[derive(Debug, Clone)]
pub struct CodePipeline {
    client: Client,
}

impl CodePipeline {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }
}

impl PutJobSuccessResult for CodePipeline {
    async fn put_job_success_result(&self, job_id: &str, success: &JobSuccess) -> Result<(), CallError> {
        let call = self.client.put_job_success_result().job_id(job_id);
        let call = match success {
            JobSuccess::Continue { continuation_token } => call.continuation_token(continuation_token),
            JobSuccess::Done { output_variables } => {
                let variables: HashMap<_, _> = output_variables.clone().into_iter().collect();
                call.set_output_variables(Some(variables))
            }
        };
        call.send()
            .await
            .map_err(|error| classify("PutJobSuccessResult", error))?;
        Ok(())
    }
}

impl PutJobFailureResult for CodePipeline {
    async fn put_job_failure_result(&self, job_id: &str, failure: &JobFailure) -> Result<(), CallError> {
        const OPERATION: &str = "PutJobFailureResult";
        let details = FailureDetails::builder()
            .r#type(match failure.kind {
                FailureType::JobFailed => Type::JobFailed,
                FailureType::ConfigurationError => Type::ConfigurationError,
                FailureType::PermissionError => Type::PermissionError,
                FailureType::SystemUnavailable => Type::SystemUnavailable,
            })
            .message(&failure.message)
            .build()
            .map_err(|error| CallError::new(OPERATION, CallErrorKind::Invalid, error.to_string()))?;
        let call = self
            .client
            .put_job_failure_result()
            .job_id(job_id)
            .failure_details(details);
        call.send().await.map_err(|error| classify(OPERATION, error))?;
        Ok(())
    }
}

impl ListActionExecutions for CodePipeline {
    async fn list_action_executions(
        &self,
        pipeline: &str,
        pipeline_execution_id: &str,
        next_token: Option<&str>,
    ) -> Result<ActionExecutionPage, CallError> {
        let answer = self
            .client
            .list_action_executions()
            .pipeline_name(pipeline)
            .filter(
                ActionExecutionFilter::builder()
                    .pipeline_execution_id(pipeline_execution_id)
                    .build(),
            )
            .set_next_token(next_token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| classify("ListActionExecutions", error))?;
        Ok(ActionExecutionPage {
            executions: answer
                .action_execution_details
                .unwrap_or_default()
                .into_iter()
                .map(action)
                .collect(),
            next_token: answer.next_token,
        })
    }
}

/// The SDK's action execution as ours.
fn action(detail: ActionExecutionDetail) -> ActionExecution {
    let input = detail
        .input
        .unwrap_or_else(|| aws_sdk_codepipeline::types::ActionExecutionInput::builder().build());
    ActionExecution {
        id: detail.action_execution_id.unwrap_or_default(),
        stage: detail.stage_name.unwrap_or_default(),
        action: detail.action_name.unwrap_or_default(),
        configuration: input
            .resolved_configuration
            .or(input.configuration)
            .unwrap_or_default()
            .into_iter()
            .collect(),
    }
}
