//! Creates a resource, or says why it was not created.

use crate::cloud::Cloud;
use crate::template::Fault;
use platform::error::ServiceError;
use platform::principal::Principal;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a resource was not created.
pub(super) enum Failure {
    /// A property is wrong.
    Fault(Fault),
    /// The type is not in the local run.
    Kind,
    /// A service refused.
    Service { operation: String, error: ServiceError },
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Creates one resource of a stack.
pub(super) struct Maker<'m> {
    pub(super) cloud: &'m Arc<Cloud>,
    pub(super) stack: &'m str,
    pub(super) id: &'m str,
    /// Whether it was made before, at least in part: then it is changed.
    pub(super) is_there: bool,
    /// What is left out of it, below its properties.
    pub(super) left_out: &'m Mutex<Vec<Fault>>,
}

impl Maker<'_> {
    /// Leaves something out, and goes on with the rest.
    pub(super) fn leave_out(&self, fault: Fault) {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Calls an operation as the administrator.
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Failure> {
        let answer = self.cloud.call(&Principal::Administrator, service, operation, input);
        answer.await.map_err(|error| self.refused(service, operation, error))
    }

    /// The same, unless the resource is there already.
    pub(super) async fn call_unless_there(&self, service: &str, operation: &str, input: Value) -> Result<(), Failure> {
        match self.call(service, operation, input).await {
            Err(Failure::Service { error, .. }) if self.is_there && says_that_it_is_there(&error) => Ok(()),
            Err(other) => Err(other),
            Ok(_) => Ok(()),
        }
    }

    pub(super) fn refused(&self, service: &str, operation: &str, error: ServiceError) -> Failure {
        Failure::Service {
            operation: format!("{service}:{operation}"),
            error,
        }
    }

    /// The name of a resource to which the template gives none. CloudFormation would add a random suffix.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.stack, self.id)
    }
}

/// Whether a service has refused to make something because it is there: AWS's services word that alike.
fn says_that_it_is_there(error: &ServiceError) -> bool {
    let code = error.code.strip_suffix("Exception").unwrap_or(&error.code);
    code.ends_with("AlreadyExists") || code.ends_with("AlreadyOwnedByYou") || error.message.contains("already exists")
}
