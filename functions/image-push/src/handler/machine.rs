//! Which state machine a rule starts.

use shared::parameters::GetParameters;
use shared::ports::step_functions::{DescribeStateMachine, StateMachineType};
use shared::state_machine::{StateMachineArn, StateMachineReference, StateMachines};

use super::function::ImagePush;
use super::occasion::Occasion;
use crate::plan::Subject;

impl<R, S: DescribeStateMachine, P: GetParameters> ImagePush<R, S, P> {
    /// The state machine that a rule means. It must be a Standard one: only a Standard execution starts once for a
    /// name. If a parameter names the state machine, its value at the image's arrival counts: the parameter can change
    /// before the next delivery, or before a look.
    pub(super) async fn state_machine(
        &self,
        reference: &StateMachineReference,
        subject: &Subject<'_>,
        occasion: &Occasion<'_>,
    ) -> Result<StateMachineArn, String> {
        let arrived = subject.arrived_at(self.look_back).unwrap_or(occasion.now);
        let machines = StateMachines::new(Some(occasion.place), self.parameters.port(), occasion.now);
        let machine = machines.meant_at(reference, arrived).await;
        let machine = machine.map_err(|error| error.to_string())?;
        let unqualified = machine.unqualified();
        if !self.is_known_standard(unqualified) {
            match self
                .step_functions
                .describe_state_machine(unqualified)
                .await
                .map_err(|error| error.to_string())?
            {
                StateMachineType::Standard => self.know_standard(unqualified),
                StateMachineType::Express => {
                    return Err(format!("`{unqualified}` is Express: only Standard starts once"));
                }
            }
        }
        Ok(machine)
    }
}
