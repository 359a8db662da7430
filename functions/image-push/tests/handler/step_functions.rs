//! Step Functions as several processes reach it: one, and each of them with faults of its own making.

use shared::execution_name::ExecutionName;
use shared::fakes::{Faulty, StepFunctions};
use shared::ports::CallError;
use shared::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, Execution, StartExecution, Started, StateMachineType,
};

/// The way of one process to a Step Functions that others reach too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach<'a>(pub(crate) &'a Faulty<StepFunctions>);

impl StartExecution for Reach<'_> {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> Result<Started, CallError> {
        self.0.start_execution(state_machine_arn, name, input).await
    }
}

impl DescribeExecution for Reach<'_> {
    async fn describe_execution(&self, execution_arn: &str) -> Result<Execution, CallError> {
        self.0.describe_execution(execution_arn).await
    }
}

impl DescribeStateMachine for Reach<'_> {
    async fn describe_state_machine(&self, state_machine_arn: &str) -> Result<StateMachineType, CallError> {
        self.0.describe_state_machine(state_machine_arn).await
    }
}
