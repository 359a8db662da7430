//! IAM over the wire: roles can be looked at. What they allow is decided in [`crate::iam`]. Follows
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>.

use crate::by_name::ByName;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::error::ServiceError;
use platform::input::read;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// IAM's API.
#[derive(Debug, Default)]
pub struct IamApi {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRole {
    role_name: String,
}

crate::by_name::by_name!(IamApi);

#[async_trait::async_trait]
impl ByName for IamApi {
    fn signing_name(&self) -> &'static str {
        "iam"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        if operation != "GetRole" {
            return Err(ServiceError::not_in_local_run("iam", operation));
        }
        let role = input["RoleName"].as_str().unwrap_or_default();
        let arn = platform.account.global_arn("iam", format_args!("role/{role}"));
        Ok(vec![Requirement::new("iam:GetRole", arn)])
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        _operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let input: GetRole = read(&input)?;
        let role = platform.iam.role(&input.role_name)?;
        let trust = role.trust.to_string();
        Ok(json!({"Role": {
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn,
            "AssumeRolePolicyDocument": utf8_percent_encode(&trust, NON_ALPHANUMERIC).to_string(),
        }}))
    }
}
