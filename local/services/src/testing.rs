//! How the tests of the services come through the one door.

use platform::{Account, Platform, Principal, Service, ServiceError};
use serde_json::Value;
use std::sync::Arc;

/// An account with these services alone.
pub(crate) fn account(services: Vec<Arc<dyn Service>>) -> Arc<Platform> {
    Platform::new(Account::local(), std::env::temp_dir(), services)
}

/// Calls an operation as the administrator.
pub(crate) async fn call(
    platform: &Arc<Platform>,
    service: &str,
    operation: &str,
    input: Value,
) -> Result<Value, ServiceError> {
    platform
        .call(&Principal::Administrator, service, operation, input)
        .await
}

/// The same where the answer is an error: its code.
pub(crate) async fn refusal(platform: &Arc<Platform>, service: &str, operation: &str, input: Value) -> String {
    call(platform, service, operation, input)
        .await
        .expect_err(operation)
        .code
}
