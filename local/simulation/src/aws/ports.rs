//! The ports of the functions on the account: each call lets others go first, before its effect and after it, and meets a
//! fault now and then.

use std::future::{Future, pending};
use std::ops::Range;
use std::time::Duration;

use shared::execution_name::ExecutionName;
use shared::metrics::MetricSink;
use shared::parameters::{Found, GetParameters, GetParametersByPath, Page};
use shared::ports::artifacts::{GetObject, JobCredentials, ObjectRange, PutObject, S3Location};
use shared::ports::code_pipeline::{
    ActionExecutionPage, ActionState, ApprovalRequest, ApprovalResult, GetPipelineState, JobFailure, JobSuccess,
    ListActionExecutions, PutApprovalResult, PutJobFailureResult, PutJobSuccessResult,
};
use shared::ports::images::{
    BatchGetImage, DescribeImages, DescribeRepositories, ImagePage, Manifest, Repository, RepositoryPage, Selection,
};
use shared::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, ExecutionPage, GetExecutionHistory, HistoryPage,
    ListExecutions, RedriveExecution, StartExecution, StartSyncExecution, Started, StateMachineType, StopExecution,
    SyncExecution,
};
use shared::ports::{CallError, CallErrorKind};
use shared::time::{Clock as _, Timestamp};

use crate::account::{Account, Shared};
use crate::clock::{VirtualClock, reached, turn};
use crate::faults::Fault;
use crate::kept::pipelines::Put;

/// All of the account's services, as a function reaches them.
#[derive(Debug, Clone)]
pub(crate) struct Port(pub(crate) Shared);

impl Port {
    async fn call<T: Send>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut Account) -> Result<T, CallError> + Send,
    ) -> Result<T, CallError> {
        let fault = self.begin(operation);
        turn().await;
        let act = || {
            let mut account = self.0.lock();
            account.effect();
            let answer = effect(&mut account);
            if let Err(error) = &answer {
                account.tell(|| format!("{error}"));
            }
            answer
        };
        let answer = match fault {
            Fault::None => act(),
            Fault::Before(error) => Err(error),
            Fault::After(error) => {
                let _lost = act();
                Err(error)
            }
            Fault::SlowBefore(duration) => {
                self.wait(duration).await;
                act()
            }
            Fault::SlowAfter(duration) => {
                let answer = act();
                self.wait(duration).await;
                answer
            }
            Fault::HangsBefore => pending().await,
            Fault::HangsAfter => {
                let _lost = act();
                pending().await
            }
        };
        turn().await;
        answer
    }

    /// Writes the call down, and draws what befalls it.
    fn begin(&self, operation: &'static str) -> Fault {
        let mut account = self.0.lock();
        account.was_called(operation);
        let fault = account.fault(operation);
        account.tell(|| match &fault {
            Fault::None => format!("calls {operation}"),
            Fault::Before(error) => format!("calls {operation}, which fails before it does anything: {error}"),
            Fault::After(error) => format!("calls {operation}, whose answer is lost: {error}"),
            Fault::SlowBefore(duration) => format!("calls {operation}, which does nothing for {duration:?}"),
            Fault::SlowAfter(duration) => format!("calls {operation}, which answers {duration:?} late"),
            Fault::HangsBefore => format!("calls {operation}, which does nothing and never answers"),
            Fault::HangsAfter => format!("calls {operation}, which never answers"),
        });
        fault
    }

    async fn wait(&self, duration: Duration) {
        let moment = VirtualClock(self.0.clone()).now() + duration;
        reached(&self.0, moment).await;
    }
}

/// Implements the one operation of a port by what the account does.
macro_rules! operation {
    ($port:ident, $method:ident($($argument:ident: $type:ty),*) -> $output:ty, $effect:expr) => {
        impl $port for Port {
            fn $method(&self, $($argument: $type),*) -> impl Future<Output = Result<$output, CallError>> + Send {
                self.call(stringify!($port), $effect)
            }
        }
    };
}

operation!(StartExecution, start_execution(machine: &str, name: &ExecutionName, input: &str) -> Started,
    move |account| account.start_execution(machine, name, input));
operation!(DescribeExecution, describe_execution(execution: &str) -> Execution,
    move |account| account.describe_execution(execution));
operation!(DescribeStateMachine, describe_state_machine(machine: &str) -> StateMachineType,
    move |account| account.describe_state_machine(machine));
operation!(ListExecutions, list_executions(machine: &str, only_running: bool, next: Option<&str>) -> ExecutionPage,
    move |account| account.list_executions(machine, only_running, next));
operation!(GetExecutionHistory, get_execution_history(execution: &str, next: Option<&str>) -> HistoryPage,
    move |account| account.get_execution_history(execution, next));
operation!(RedriveExecution, redrive_execution(execution: &str, token: &str) -> Timestamp,
    move |account| account.redrive_execution(execution, token));
operation!(StopExecution, stop_execution(execution: &str, error: &str, cause: &str) -> (),
    move |account| account.stop_execution(execution, error, cause));
operation!(PutJobSuccessResult, put_job_success_result(job: &str, success: &JobSuccess) -> (),
    move |account| account.put_job_result("PutJobSuccessResult", job, Put::Success(success.clone())));
operation!(PutJobFailureResult, put_job_failure_result(job: &str, failure: &JobFailure) -> (),
    move |account| account.put_job_result("PutJobFailureResult", job, Put::Failure(failure.clone())));
operation!(ListActionExecutions, list_action_executions(pipeline: &str, id: &str, next: Option<&str>) -> ActionExecutionPage,
    move |account| account.list_action_executions(pipeline, id, next));
operation!(GetPipelineState, get_pipeline_state(pipeline: &str) -> Vec<ActionState>,
    move |account| account.get_pipeline_state(pipeline));
operation!(PutApprovalResult, put_approval_result(approval: &ApprovalRequest, result: &ApprovalResult) -> (),
    move |account| account.put_approval_result(approval, result));
operation!(GetParameters, get_parameters(names: &[&str], with_decryption: bool) -> Found,
    move |account| account.get_parameters(names, with_decryption));
operation!(GetParametersByPath, get_parameters_by_path(path: &str, _recursive: bool, next: Option<&str>) -> Page,
    move |account| account.get_parameters_by_path(path, next));
operation!(DescribeImages, describe_images(repository: &Repository, selection: Selection<'_>) -> ImagePage,
    move |account| account.describe_images(repository, selection));
operation!(BatchGetImage, batch_get_image(repository: &Repository, digests: &[&str]) -> Vec<Manifest>,
    move |account| account.batch_get_image(repository, digests));
operation!(DescribeRepositories, describe_repositories(_registry: &str, next: Option<&str>) -> RepositoryPage,
    move |account| account.describe_repositories(next));
operation!(GetObject, get_object(_job: &JobCredentials, _at: &S3Location, _range: Range<u64>) -> ObjectRange,
    move |_| Err(CallError::new("GetObject", CallErrorKind::NotFound, "NoSuchKey").with_code("NoSuchKey")));
operation!(PutObject, put_object(job: &JobCredentials, _at: &S3Location, _bytes: Vec<u8>, _key: Option<&str>) -> (),
    move |account| account.put_object(job));

impl StartSyncExecution for Port {
    async fn start_sync_execution(
        &self,
        machine: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<SyncExecution, CallError> {
        let start = move |account: &mut Account| account.start_sync_execution(machine, name, input);
        let id = self.call("StartSyncExecution", start).await?;
        loop {
            let ended = self.0.lock().sync_ended(id);
            if let Some(ended) = ended {
                return Ok(ended);
            }
            self.wait(Duration::from_secs(1)).await;
        }
    }
}

impl Account {
    /// S3 takes an object, unless the job's credentials are too old, or a policy denies it: then it quotes them.
    fn put_object(&mut self, job: &JobCredentials) -> Result<(), CallError> {
        if self.calm || !self.tape.rarely(self.mood.faults) {
            return Ok(());
        }
        self.figures.count("fault: expired credentials");
        let (key, token) = (job.access_key_id.expose(), job.session_token.expose());
        if self.tape.choose(2) == 1 {
            let message = format!("User {key} is not authorized to perform: s3:PutObject");
            return Err(CallError::new("PutObject", CallErrorKind::Denied, message).with_code("AccessDenied"));
        }
        let message = format!("The provided token has expired: AWSAccessKeyId {key}, Token-0 {token}");
        Err(CallError::new("PutObject", CallErrorKind::Denied, message).with_code("ExpiredToken"))
    }
}

impl MetricSink for Port {
    fn write(&self, line: &str) {
        self.0.lock().is_shown("a line of metrics", line);
    }
}
