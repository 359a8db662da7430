//! S3, as far as the chain needs it. Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>.

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use serde_json::Value;
use std::sync::Arc;

/// S3 in this account and region.
#[derive(Debug, Default)]
pub struct S3 {}

#[async_trait::async_trait]
impl Service for S3 {
    fn signing_name(&self) -> &'static str {
        "s3"
    }

    fn requirements(&self, _cloud: &Cloud, operation: &str, _input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        Err(ServiceError::not_in_local_run("s3", operation))
    }

    async fn call(
        &self,
        _cloud: &Arc<Cloud>,
        _caller: &Principal,
        operation: &str,
        _input: Value,
    ) -> Result<Value, ServiceError> {
        Err(ServiceError::not_in_local_run("s3", operation))
    }
}
