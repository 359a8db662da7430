//! The start of an execution: once for an image and a rule, however often the image is seen.

use shared::ports::CallErrorKind;
use shared::ports::step_functions::{DescribeExecution, StartExecution};
use shared::state_machine::StateMachineArn;

use super::function::ImagePush;
use super::occasion::Occasion;
use crate::plan::Image;
use crate::report::Outcome;
use crate::rule::Rule;

impl<R, S: StartExecution + DescribeExecution, P> ImagePush<R, S, P> {
    /// Starts the execution for an image, unless it exists.
    pub(super) async fn start(
        &self,
        image: &Image,
        rule: &Rule,
        machine: &StateMachineArn,
        occasion: &mut Occasion<'_>,
    ) -> Outcome {
        let name = image.execution_name(machine, &rule.input);
        let execution_arn = machine.execution_arn(&name);
        if let Some(left) = occasion.budget
            && let Err(outcome) = self.is_missing(&execution_arn, left).await
        {
            return outcome;
        }
        let input = image.input(occasion.place, &rule.input);
        let started = self
            .step_functions
            .start_execution(&machine.to_string(), &name, &input)
            .await;
        match started {
            Ok(started) => {
                // Step Functions answers with an execution that runs already as if it had just been started. A look has
                // asked before whether there is one.
                let was_there = occasion.budget.is_none() && started.started_at < occasion.now;
                occasion.budget = occasion.budget.map(|left| left.saturating_sub(1));
                let execution_arn = started.execution_arn;
                if was_there {
                    Outcome::Adopted { execution_arn }
                } else {
                    Outcome::Started { execution_arn }
                }
            }
            // The name is made of what the execution is for, so who bears it is the one.
            Err(error) if error.is("ExecutionAlreadyExists") => Outcome::Adopted { execution_arn },
            Err(error) => Outcome::failed(error),
        }
    }

    /// Nothing, if a look may start this execution; otherwise what is reported instead.
    async fn is_missing(&self, execution_arn: &str, left: usize) -> Result<(), Outcome> {
        if left == 0 {
            return Err(left_for_the_next());
        }
        match self.step_functions.describe_execution(execution_arn).await {
            Ok(_) => Err(Outcome::Ignored {
                reason: format!("it has an execution, `{execution_arn}`"),
            }),
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(()),
            Err(error) => Err(Outcome::failed(error)),
        }
    }
}

/// What a look says of an image after it has started as many executions as it may.
pub(super) fn left_for_the_next() -> Outcome {
    Outcome::ignored("this look has started as many as it may: it is left for the next")
}
