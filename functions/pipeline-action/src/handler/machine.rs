//! Which state machine an action means, and of which type it is.

use lambda_runtime::Context;
use serde_json::Value;
use shared::parameters::Problems;
use shared::ports::CallError;
use shared::ports::step_functions::{DescribeStateMachine as _, StateMachineType};
use shared::state_machine::{StateMachineArn, StateMachineName, StateMachineReference, StateMachines};
use shared::time::{Clock as _, Timestamp};

use super::function::{Call, PipelineAction};
use crate::plan::{Answer, Assignment, not_resolved};
use crate::ports::Ports;
use crate::user_parameters::UserParameters;

impl<P: Ports> PipelineAction<P> {
    /// The state machine and the input, with the values of parameters: all parameters are read together. The token
    /// knows the state machine if an earlier call has found it.
    pub(super) async fn resolve(
        &self,
        call: &Call<'_>,
        assignment: &Assignment,
    ) -> Result<(StateMachineArn, Option<Value>), Answer> {
        let known = assignment.token.machine.as_deref().and_then(StateMachineArn::parse);
        let reference = match known {
            Some(arn) => StateMachineReference::Known(StateMachineName::Arn(arn)),
            None => assignment.parameters.state_machine.clone(),
        };
        let input = assignment.parameters.input.clone();
        let has_input = input.is_some();
        let machines = StateMachines::new(call.place.as_ref(), self.ports.parameters(), self.ports.clock().now());
        let found = machines.meant_now(&reference, input.unwrap_or_default()).await;
        let found = found.and_then(|(machine, input)| Ok((machine.called_from(call.place.as_ref())?, input)));
        let (machine, input) = found.map_err(|error| not_resolved(&assignment.token, &error))?;
        Ok((machine, has_input.then_some(input)))
    }

    /// All state machines that the user parameters have named since a moment, the one that they name now first.
    pub(super) async fn machines_since(
        &self,
        parameters: &UserParameters,
        since: Timestamp,
        context: &Context,
    ) -> Result<Vec<StateMachineArn>, Problems> {
        let place = self.place(context, None);
        let machines = StateMachines::new(place.as_ref(), self.ports.parameters(), self.ports.clock().now());
        machines.meant_since(&parameters.state_machine, since).await
    }

    /// Whether a state machine is a Standard or an Express one: asked once in the life of the process.
    pub(super) async fn type_of(&self, machine: &StateMachineArn) -> Result<StateMachineType, CallError> {
        let types = || self.types.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(kind) = types().get(machine.unqualified()) {
            return Ok(*kind);
        }
        let kind = self
            .ports
            .states()
            .describe_state_machine(machine.unqualified())
            .await?;
        types().insert(machine.unqualified().to_owned(), kind);
        Ok(kind)
    }
}
