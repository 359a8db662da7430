//! Security Token Service: who calls, and credentials of a role.
//!
//! Follows <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>.

use jiff::{SignedDuration, Timestamp};
use platform::iam::{Credentials, SESSION_LENGTH};
use platform::{Call, Nothing, Operation, Operations, Principal, Served, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Security Token Service in this account and region.
#[derive(Debug, Default)]
pub struct Sts {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    policy: Option<String>,
    /// JSON callers give a number. The query protocol gives text.
    duration_seconds: Option<Value>,
}

impl Served for Sts {
    const SIGNING_NAME: &'static str = "sts";

    /// No row asks IAM. GetCallerIdentity needs no permission, and for AssumeRole the role's trust policy decides, which
    /// the operation itself reads.
    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Sts>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("AssumeRole", |_, _, _: &AssumeRole| Ok(Vec::new()), Sts::assume_role),
                Operation::new("GetCallerIdentity", |_, _, _: &Nothing| Ok(Vec::new()), Sts::identity),
            ])
        });
        &TABLE
    }
}

impl Sts {
    fn identity(&self, call: &Call, _: Nothing) -> Result<Value, ServiceError> {
        let account = &call.platform.account;
        let user_id = call.platform.iam.user_id(&call.caller);
        Ok(json!({"UserId": user_id, "Account": account.id, "Arn": call.caller.arn(account)}))
    }

    fn assume_role(&self, call: &Call, input: AssumeRole) -> Result<Value, ServiceError> {
        let (account, iam) = (&call.platform.account, &call.platform.iam);
        let length = input.length()?;
        let (arn, session) = (input.role_arn.as_str(), input.role_session_name.as_str());
        let denied = || {
            let caller = call.caller.arn(account);
            let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
            ServiceError::new("AccessDenied", message).with_status(403)
        };
        // A caller that the role does not trust is not told whether the role exists.
        if !iam.may_assume(account, arn, &call.caller).map_err(|_| denied())? {
            return Err(denied());
        }
        let policies = input.policy.iter().cloned().collect();
        let credentials = iam.assume_role_until(arn, session, policies, Timestamp::now() + length)?;
        let role = iam.role(arn)?;
        let session_arn = Principal::role_session(&role.name, session).arn(account);
        Ok(json!({
            "Credentials": shown(&credentials),
            "AssumedRoleUser": {"AssumedRoleId": format!("{}:{session}", role.id), "Arn": session_arn},
        }))
    }
}

impl AssumeRole {
    /// Checks what the types do not, and says how long the session lasts.
    fn length(&self) -> Result<SignedDuration, ServiceError> {
        if self.role_arn.is_empty() {
            return Err(ServiceError::validation("`RoleArn` must not be empty"));
        }
        let session = &self.role_session_name;
        let named = |character: char| character.is_ascii_alphanumeric() || "_=,.@-".contains(character);
        if !(2..=64).contains(&session.len()) || !session.chars().all(named) {
            return Err(ServiceError::validation(
                "`RoleSessionName` must have 2 to 64 characters of A-Z, a-z, 0-9 and _=,.@-",
            ));
        }
        let Some(given) = &self.duration_seconds else {
            return Ok(SESSION_LENGTH);
        };
        let seconds = given.as_i64().or_else(|| given.as_str()?.parse().ok());
        let seconds = seconds.filter(|seconds| (900..=43_200).contains(seconds));
        seconds
            .map(SignedDuration::from_secs)
            .ok_or_else(|| ServiceError::validation("`DurationSeconds` must be between 900 and 43200"))
    }
}

fn shown(credentials: &Credentials) -> Value {
    json!({
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}
