//! IAM's API, as far as it shows roles. What a role allows is decided in [`platform::iam`].
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::{Call, Operation, Operations, Served, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// IAM's API.
#[derive(Debug, Default)]
pub struct IamApi {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRole {
    role_name: String,
}

impl Served for IamApi {
    const SIGNING_NAME: &'static str = "iam";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<IamApi>> = LazyLock::new(|| {
            Operations::new([Operation::on(
                "GetRole",
                |platform, input: &GetRole| {
                    let role = format_args!("role/{}", input.role_name);
                    platform.account.global_arn("iam", role)
                },
                IamApi::get_role,
            )])
        });
        &TABLE
    }
}

impl IamApi {
    fn get_role(&self, call: &Call, input: GetRole) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.role_name)?;
        let trust = role.trust.to_string();
        Ok(json!({"Role": {
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn,
            // IAM has whole seconds.
            "CreateDate": role.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "AssumeRolePolicyDocument": utf8_percent_encode(&trust, NON_ALPHANUMERIC).to_string(),
        }}))
    }
}
