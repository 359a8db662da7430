//! What Step Functions keeps: all state machines and executions, by name.

use super::activities::kept::Activities;
use super::arn::Arn;
use super::executions::known::Known;
use super::executions::part::ready::Ready;
use super::executions::past::Kept;
use super::executions::running::Tokens;
use super::machines::machine::Machine;
use platform::error::ServiceError;
use platform::store::{Held, Rows, Store, StoreError};
use states_language::Mocks;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Step Functions in this account and region.
#[derive(Debug, Default)]
pub struct StepFunctions {
    machines: Rows<Machine>,
    executions: Mutex<Executions>,
    pub(super) activities: Arc<Activities>,
    pub(super) mocks: OnceLock<Mocks>,
}

impl StepFunctions {
    /// Step Functions with what this store keeps of it. Executions that ran were aborted.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let mut executions = Executions {
            kept: Kept::new(store),
            ..Executions::default()
        };
        for (arn, past) in executions.kept.read()? {
            let machine = past.described()["stateMachineArn"].as_str().unwrap_or_default();
            executions.add(machine.to_owned(), arn, Known::Past(Arc::new(past)));
        }
        Ok(Self {
            machines: Rows::open(store, "states/machines")?,
            executions: Mutex::new(executions),
            activities: Arc::new(Activities::open(store)?),
            mocks: OnceLock::new(),
        })
    }

    pub(super) fn lock(&self) -> Registry<'_> {
        Registry {
            machines: self.machines.lock(),
            known: self.executions.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// What the service knows, which nobody else sees meanwhile.
#[derive(Debug)]
pub(super) struct Registry<'r> {
    pub(super) machines: Held<'r, Machine>,
    pub(super) known: MutexGuard<'r, Executions>,
}

/// The executions.
#[derive(Debug, Default)]
pub(super) struct Executions {
    /// Where they are kept.
    pub(super) kept: Kept,
    /// By ARN; Standard ones stay after their ends.
    pub(super) executions: HashMap<String, Known>,
    /// The ARNs of a machine's executions, in the order of their starts.
    pub(super) started: HashMap<String, Vec<String>>,
    /// Which part of a machine its next execution plays, by the machine's ARN.
    pub(super) ready: HashMap<String, Ready>,
    /// Which execution waits for which task token.
    pub(super) tokens: Tokens,
}

impl Executions {
    /// Adds the execution that a machine has started last.
    pub(super) fn add(&mut self, machine_arn: String, arn: String, execution: Known) {
        self.started.entry(machine_arn).or_default().push(arn.clone());
        self.executions.insert(arn, execution);
    }
}

impl Registry<'_> {
    /// The machine that an ARN, qualified or not, belongs to.
    pub(super) fn machine(&self, arn: &Arn<'_>) -> Result<&Machine, ServiceError> {
        let found = self
            .machines
            .get(arn.machine)
            .filter(|machine| machine.arn == arn.unqualified());
        found.ok_or_else(|| machine_not_found(arn.text))
    }

    /// The same, to be changed.
    pub(super) fn machine_mut(&mut self, arn: &Arn<'_>) -> Result<&mut Machine, ServiceError> {
        let found = self
            .machines
            .get_mut(arn.machine)
            .filter(|machine| machine.arn == arn.unqualified());
        found.ok_or_else(|| machine_not_found(arn.text))
    }

    pub(super) fn execution(&self, arn: &str) -> Result<Known, ServiceError> {
        Arn::of_kind(arn, "execution")?;
        self.known.executions.get(arn).cloned().ok_or_else(|| {
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
