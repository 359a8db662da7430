//! CodePipeline: <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Operations.html>.

use std::collections::BTreeMap;
use std::future::Future;

use super::CallError;

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
    /// What the job ran failed.
    JobFailed,
    /// The job is set up wrongly.
    ConfigurationError,
    /// The job may not do what it must.
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

/// One run of an action, as ListActionExecutions tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionExecution {
    /// Its id.
    pub id: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The action's configuration with its variables resolved, such as `FunctionName` and `UserParameters`.
    pub configuration: BTreeMap<String, String>,
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
