//! Faults, injected by wrapping.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::execution_name::ExecutionName;
use crate::parameters::{Found, GetParameters, GetParametersByPath, Page};
use crate::ports::CallError;
use crate::ports::artifacts::{GetObject, JobCredentials, ObjectRange, PutObject, S3Location};
use crate::ports::code_pipeline::{
    ActionExecutionPage, ActionState, ApprovalRequest, ApprovalResult, GetPipelineState, JobFailure, JobSuccess,
    ListActionExecutions, PutApprovalResult, PutJobFailureResult, PutJobSuccessResult,
};
use crate::ports::images::{
    BatchGetImage, DescribeImages, DescribeRepositories, ImagePage, Manifest, Repository, RepositoryPage, Selection,
};
use crate::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, ExecutionPage, GetExecutionHistory, HistoryPage,
    ListExecutions, RedriveExecution, StartExecution, StartSyncExecution, Started, StateMachineType, StopExecution,
    SyncExecution,
};
use crate::time::Timestamp;

/// A call that is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The operation, in AWS's name.
    pub operation: &'static str,
    /// The number of this call among those of the operation, from 1.
    pub nth: usize,
}

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: it goes through.
    None,
    /// It fails, and does nothing.
    Before(CallError),
    /// It does what it should, but its answer is lost.
    After(CallError),
    /// It never comes back.
    Hang,
    /// The code that makes it panics, with this message.
    Panic(String),
}

type Script = Box<dyn Fn(Attempt) -> Fault + Send + Sync>;

/// A port whose calls meet the faults of a script. Each call lets others go first, so that calls interleave.
pub struct Faulty<P> {
    inner: P,
    script: Mutex<Script>,
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

impl<P: fmt::Debug> fmt::Debug for Faulty<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<P> Faulty<P> {
    /// A port whose calls meet no fault, until [`Faulty::script`] says otherwise.
    pub fn new(inner: P) -> Self {
        Self {
            inner,
            script: Mutex::new(Box::new(|_| Fault::None)),
            counts: Mutex::default(),
        }
    }

    /// Sets which faults calls meet from now on.
    pub fn script(&self, script: impl Fn(Attempt) -> Fault + Send + Sync + 'static) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
    }

    /// What is wrapped.
    pub const fn inner(&self) -> &P {
        &self.inner
    }

    /// How many calls were made of an operation, those that met a fault included.
    pub fn count(&self, operation: &str) -> usize {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    fn fault(&self, operation: &'static str) -> Fault {
        let nth = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(operation).or_default();
            *count += 1;
            *count
        };
        (self.script.lock().unwrap_or_else(PoisonError::into_inner))(Attempt { operation, nth })
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, CallError>> + Send,
    ) -> Result<T, CallError> {
        tokio::task::yield_now().await;
        match self.fault(operation) {
            Fault::None => call.await,
            Fault::Before(error) => Err(error),
            Fault::After(error) => {
                let _lost = call.await;
                Err(error)
            }
            Fault::Hang => std::future::pending().await,
            Fault::Panic(message) => panic!("{message}"),
        }
    }
}

/// Wraps the one operation of a port.
macro_rules! wrap {
    ($port:ident, $method:ident($($argument:ident: $type:ty),*) -> $output:ty) => {
        impl<P: $port> $port for Faulty<P> {
            async fn $method(&self, $($argument: $type),*) -> Result<$output, CallError> {
                self.call(stringify!($port), self.inner.$method($($argument),*)).await
            }
        }
    };
}

wrap!(StartExecution, start_execution(machine: &str, name: &ExecutionName, input: &str) -> Started);
wrap!(StartSyncExecution, start_sync_execution(machine: &str, name: &ExecutionName, input: &str) -> SyncExecution);
wrap!(DescribeExecution, describe_execution(execution: &str) -> Execution);
wrap!(DescribeStateMachine, describe_state_machine(machine: &str) -> StateMachineType);
wrap!(ListExecutions, list_executions(machine: &str, running: bool, next: Option<&str>) -> ExecutionPage);
wrap!(GetExecutionHistory, get_execution_history(execution: &str, next: Option<&str>) -> HistoryPage);
wrap!(RedriveExecution, redrive_execution(execution: &str, token: &str) -> Timestamp);
wrap!(StopExecution, stop_execution(execution: &str, error: &str, cause: &str) -> ());
wrap!(PutJobSuccessResult, put_job_success_result(job: &str, success: &JobSuccess) -> ());
wrap!(PutJobFailureResult, put_job_failure_result(job: &str, failure: &JobFailure) -> ());
wrap!(ListActionExecutions, list_action_executions(pipeline: &str, id: &str, next: Option<&str>) -> ActionExecutionPage);
wrap!(GetPipelineState, get_pipeline_state(pipeline: &str) -> Vec<ActionState>);
wrap!(PutApprovalResult, put_approval_result(approval: &ApprovalRequest, result: &ApprovalResult) -> ());
wrap!(GetObject, get_object(job: &JobCredentials, at: &S3Location, range: Range<u64>) -> ObjectRange);
wrap!(PutObject, put_object(job: &JobCredentials, at: &S3Location, bytes: Vec<u8>, key: Option<&str>) -> ());
wrap!(GetParameters, get_parameters(names: &[&str], with_decryption: bool) -> Found);
wrap!(GetParametersByPath, get_parameters_by_path(path: &str, recursive: bool, next: Option<&str>) -> Page);
wrap!(DescribeImages, describe_images(repository: &Repository, selection: Selection<'_>) -> ImagePage);
wrap!(BatchGetImage, batch_get_image(repository: &Repository, digests: &[&str]) -> Vec<Manifest>);
wrap!(DescribeRepositories, describe_repositories(registry: &str, next: Option<&str>) -> RepositoryPage);
