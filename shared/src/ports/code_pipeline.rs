//! CodePipeline: <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Operations.html>.

use std::collections::BTreeMap;
use std::future::Future;

use super::CallError;
use crate::time::Timestamp;

/// How an action goes on after a job that went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobSuccess {
    /// It goes on: CodePipeline calls again, with a new job that carries this token.
    Continue {
        /// 1 to 2,048 characters.
        continuation_token: String,
    },
    /// It has ended well, with these output variables.
    Done {
        /// Names match `[A-Za-z0-9@\-_]+`.
        output_variables: BTreeMap<String, String>,
    },
}

/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>
pub trait PutJobSuccessResult: Send + Sync {
    /// Answers a job that went well.
    ///
    /// The same answer again is accepted; another one is a `Conflict` with the code `InvalidJobStateException`.
    fn put_job_success_result(
        &self,
        job_id: &str,
        success: &JobSuccess,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// Why a job failed: CodePipeline's own list.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureType {
    /// The work of the job failed.
    JobFailed,
    /// The job is set up wrongly.
    ConfigurationError,
    /// A permission is missing.
    PermissionError,
    /// Something that the job needs does not answer.
    SystemUnavailable,
}

impl FailureType {
    /// CodePipeline's name of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobFailed => "JobFailed",
            Self::ConfigurationError => "ConfigurationError",
            Self::PermissionError => "PermissionError",
            Self::SystemUnavailable => "SystemUnavailable",
        }
    }
}

/// A job's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// What kind it is.
    pub kind: FailureType,
    /// What people read: 1 to 5,000 characters.
    pub message: String,
}

/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobFailureResult.html>
pub trait PutJobFailureResult: Send + Sync {
    /// Answers a job that failed.
    fn put_job_failure_result(
        &self,
        job_id: &str,
        failure: &JobFailure,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// How a run of an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActionStatus {
    /// It has not ended.
    #[default]
    InProgress,
    /// Its pipeline's execution was stopped and abandoned.
    Abandoned,
    /// It has ended well.
    Succeeded,
    /// It has failed. An approval has failed also if it was rejected, or if nobody answered in time.
    Failed,
}

impl ActionStatus {
    /// Reads CodePipeline's name of it; nothing if it is unknown.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "InProgress" => Some(Self::InProgress),
            "Abandoned" => Some(Self::Abandoned),
            "Succeeded" => Some(Self::Succeeded),
            "Failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// One run of an action, as ListActionExecutions tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionExecution {
    /// Its id: a retry of the stage gives the action another.
    pub id: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The action's configuration with its variables resolved, such as `FunctionName` and `UserParameters`.
    pub configuration: BTreeMap<String, String>,
    /// How it stands.
    pub status: ActionStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last changed: for a run that is over, when it ended.
    pub updated_at: Timestamp,
    /// The output variables that it ended with.
    pub output_variables: BTreeMap<String, String>,
}

/// A page of action executions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionExecutionPage {
    /// The executions, those started last first.
    pub executions: Vec<ActionExecution>,
    /// Where the next page begins, if there is one.
    pub next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html>
pub trait ListActionExecutions: Send + Sync {
    /// A page of the actions that ran in an execution of a pipeline.
    fn list_action_executions(
        &self,
        pipeline: &str,
        pipeline_execution_id: &str,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<ActionExecutionPage, CallError>> + Send;
}

/// An action of a pipeline, as GetPipelineState tells it.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionState.html>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionState {
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The execution of the pipeline that is in the stage, or was there last.
    pub pipeline_execution_id: Option<String>,
    /// The action's last run, as ListActionExecutions names it.
    pub action_execution_id: Option<String>,
    /// The token that answers the approval; only of an approval that is waited for.
    pub token: Option<String>,
}

/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html>
pub trait GetPipelineState: Send + Sync {
    /// Every action of a pipeline, with its last run.
    fn get_pipeline_state(&self, pipeline: &str) -> impl Future<Output = Result<Vec<ActionState>, CallError>> + Send;
}

/// The most characters that the summary of an approval's answer may have.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ApprovalResult.html>
pub const MAX_APPROVAL_SUMMARY: usize = 512;

/// Which approval is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// The pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The token of this run of the action.
    pub token: String,
}

/// The answer to an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalResult {
    /// Whether it is approved; otherwise it is rejected.
    pub approved: bool,
    /// What people read: at most [`MAX_APPROVAL_SUMMARY`] characters.
    pub summary: String,
}

/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html>
pub trait PutApprovalResult: Send + Sync {
    /// Answers an approval. One that has an answer is a `Conflict`, with the code `ApprovalAlreadyCompletedException`
    /// or `InvalidApprovalTokenException`.
    fn put_approval_result(
        &self,
        approval: &ApprovalRequest,
        result: &ApprovalResult,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}
