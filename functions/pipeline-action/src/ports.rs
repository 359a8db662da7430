//! The ports that the function needs: which operations of AWS it calls, and the clients that make the calls.
//!
//! A part of the handler that calls fewer operations asks only for those.

use shared::aws::{ArtifactStore, Aws, CodePipeline, ParameterStore, StepFunctions};
use shared::metrics::{MetricSink, Stdout};
use shared::parameters::GetParameters;
use shared::ports::artifacts::{GetObject, PutObject};
use shared::ports::code_pipeline::{
    GetPipelineState, ListActionExecutions, PutApprovalResult, PutJobFailureResult, PutJobSuccessResult,
};
use shared::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, GetExecutionHistory, ListExecutions, RedriveExecution, StartExecution,
    StartSyncExecution, StopExecution,
};
use shared::time::{Clock, SystemClock};

/// What the function calls of Step Functions.
pub trait States:
    DescribeExecution
    + DescribeStateMachine
    + GetExecutionHistory
    + ListExecutions
    + RedriveExecution
    + StartExecution
    + StartSyncExecution
    + StopExecution
{
}

impl<T> States for T where
    T: DescribeExecution
        + DescribeStateMachine
        + GetExecutionHistory
        + ListExecutions
        + RedriveExecution
        + StartExecution
        + StartSyncExecution
        + StopExecution
{
}

/// What the function calls of CodePipeline.
pub trait Pipelines:
    PutJobSuccessResult + PutJobFailureResult + ListActionExecutions + GetPipelineState + PutApprovalResult
{
}

impl<T> Pipelines for T where
    T: PutJobSuccessResult + PutJobFailureResult + ListActionExecutions + GetPipelineState + PutApprovalResult
{
}

/// What the function reaches.
pub trait Ports: Send + Sync {
    /// Step Functions.
    type States: States;
    /// CodePipeline.
    type Pipelines: Pipelines;
    /// A job's artifacts.
    type Artifacts: GetObject + PutObject;
    /// Parameter Store.
    type Parameters: GetParameters;
    /// The time.
    type Clock: Clock;
    /// Where metrics go.
    type Metrics: MetricSink;

    /// Step Functions.
    fn states(&self) -> &Self::States;
    /// CodePipeline.
    fn pipelines(&self) -> &Self::Pipelines;
    /// A job's artifacts.
    fn artifacts(&self) -> &Self::Artifacts;
    /// Parameter Store.
    fn parameters(&self) -> &Self::Parameters;
    /// The time.
    fn clock(&self) -> &Self::Clock;
    /// Where metrics go.
    fn metrics(&self) -> &Self::Metrics;
}

/// The ports to AWS.
#[derive(Debug)]
pub struct AwsPorts {
    states: StepFunctions,
    pipelines: CodePipeline,
    artifacts: ArtifactStore,
    parameters: ParameterStore,
}

impl AwsPorts {
    /// A client for each service.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self {
            states: aws.step_functions(),
            pipelines: aws.code_pipeline(),
            artifacts: aws.artifact_store(),
            parameters: aws.parameter_store(),
        }
    }
}

impl Ports for AwsPorts {
    type States = StepFunctions;
    type Pipelines = CodePipeline;
    type Artifacts = ArtifactStore;
    type Parameters = ParameterStore;
    type Clock = SystemClock;
    type Metrics = Stdout;

    fn states(&self) -> &StepFunctions {
        &self.states
    }

    fn pipelines(&self) -> &CodePipeline {
        &self.pipelines
    }

    fn artifacts(&self) -> &ArtifactStore {
        &self.artifacts
    }

    fn parameters(&self) -> &ParameterStore {
        &self.parameters
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn metrics(&self) -> &Stdout {
        &Stdout
    }
}
