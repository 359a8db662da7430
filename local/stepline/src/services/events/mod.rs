//! EventBridge, as far as the chain needs it. Follows <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>.

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use serde_json::Value;
use std::sync::Arc;

/// EventBridge in this account and region.
#[derive(Debug, Default)]
pub struct EventBridge {}

#[async_trait::async_trait]
impl Service for EventBridge {
    fn signing_name(&self) -> &'static str {
        "events"
    }

    fn requirements(&self, _cloud: &Cloud, operation: &str, _input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        Err(ServiceError::not_in_local_run("events", operation))
    }

    async fn call(
        &self,
        _cloud: &Arc<Cloud>,
        _caller: &Principal,
        operation: &str,
        _input: Value,
    ) -> Result<Value, ServiceError> {
        Err(ServiceError::not_in_local_run("events", operation))
    }
}
