//! What Step Functions keeps: all state machines and executions, by name.

use super::arn::Arn;
use super::executions::running::{Running, Tokens};
use super::machines::machine::Machine;
use platform::error::ServiceError;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Step Functions in this account and region.
#[derive(Debug, Default)]
pub struct StepFunctions {
    registry: Mutex<Registry>,
}

impl StepFunctions {
    pub(super) fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the service knows.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) machines: BTreeMap<String, Machine>,
    /// By ARN; Standard ones stay after their ends.
    pub(super) executions: HashMap<String, Arc<Running>>,
    /// The ARNs of a machine's executions, in the order of their starts.
    pub(super) started: HashMap<String, Vec<String>>,
    /// Which execution waits for which task token.
    pub(super) tokens: Tokens,
}

impl Registry {
    /// The machine that an ARN, qualified or not, belongs to.
    pub(super) fn machine(&mut self, arn: &Arn<'_>) -> Result<&mut Machine, ServiceError> {
        let found = self
            .machines
            .get_mut(arn.machine)
            .filter(|machine| machine.arn == arn.unqualified());
        found.ok_or_else(|| machine_not_found(arn.text))
    }

    pub(super) fn execution(&self, arn: &str) -> Result<Arc<Running>, ServiceError> {
        Arn::of_kind(arn, "execution")?;
        self.executions.get(arn).cloned().ok_or_else(|| {
            ServiceError::new(
                "ExecutionDoesNotExist",
                format_args!("Execution Does Not Exist: '{arn}'"),
            )
        })
    }
}

pub(super) fn machine_not_found(arn: &str) -> ServiceError {
    ServiceError::new(
        "StateMachineDoesNotExist",
        format_args!("State Machine Does Not Exist: '{arn}'"),
    )
}

pub(super) fn not_found(arn: &str) -> ServiceError {
    ServiceError::new("ResourceNotFound", format_args!("Resource not found: '{arn}'"))
}
