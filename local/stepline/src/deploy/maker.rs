//! Creates a resource, or says why it was not created.

use crate::cloud::Cloud;
use crate::template::Fault;
use platform::error::ServiceError;
use platform::principal::Principal;
use serde_json::Value;
use std::sync::Arc;

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
}

impl Maker<'_> {
    /// Calls an operation as the administrator.
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Failure> {
        let answer = self.cloud.call(&Principal::Administrator, service, operation, input);
        answer.await.map_err(|error| self.refused(service, operation, error))
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
