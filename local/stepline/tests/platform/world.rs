//! A cloud without a template, and short ways to call it.

use platform::account::Account;
use platform::error::ServiceError;
use platform::iam::NewRole;
use platform::principal::Principal;
use serde_json::Value;
use std::sync::Arc;
use stepline::cloud::Cloud;

/// An empty account.
pub(crate) fn cloud() -> Arc<Cloud> {
    Cloud::new(Account::local(), std::env::temp_dir())
}

/// Calls an operation as the administrator.
pub(crate) async fn call(
    cloud: &Arc<Cloud>,
    service: &str,
    operation: &str,
    input: Value,
) -> Result<Value, ServiceError> {
    cloud.call(&Principal::Administrator, service, operation, input).await
}

/// The same where the answer is an error: its code.
pub(crate) async fn refusal(cloud: &Arc<Cloud>, service: &str, operation: &str, input: Value) -> String {
    match call(cloud, service, operation, input).await {
        Ok(answer) => panic!("{service}:{operation} answered {answer}"),
        Err(error) => error.code,
    }
}

/// A role that Lambda may assume, with one policy of these statements, and a session of it.
pub(crate) fn role(cloud: &Cloud, name: &str, statements: Value) -> Principal {
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
    let role = NewRole::for_service(name, "lambda.amazonaws.com").with_policy("calls", policy);
    cloud.iam.create_role(&cloud.account, role).expect("a role");
    Principal::role_session(name, "session")
}
