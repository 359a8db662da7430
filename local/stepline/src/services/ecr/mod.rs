//! ECR, as far as the chain needs it. Follows <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>.

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use serde_json::Value;
use std::sync::Arc;

/// ECR in this account and region.
#[derive(Debug, Default)]
pub struct Ecr {}

#[async_trait::async_trait]
impl Service for Ecr {
    fn signing_name(&self) -> &'static str {
        "ecr"
    }

    fn requirements(&self, _cloud: &Cloud, operation: &str, _input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        Err(ServiceError::not_in_local_run("ecr", operation))
    }

    async fn call(
        &self,
        _cloud: &Arc<Cloud>,
        _caller: &Principal,
        operation: &str,
        _input: Value,
    ) -> Result<Value, ServiceError> {
        Err(ServiceError::not_in_local_run("ecr", operation))
    }
}
