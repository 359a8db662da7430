//! Security Token Service, as far as the chain needs it.
//!
//! Follows <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>.

use crate::by_name::ByName;
use jiff::{SignedDuration, Timestamp};
use platform::error::ServiceError;
use platform::iam::Credentials;
use platform::input::required;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde_json::{Value, json};
use std::sync::Arc;

/// Security Token Service in this account and region.
#[derive(Debug, Default)]
pub struct Sts {}

crate::by_name::by_name!(Sts);

#[async_trait::async_trait]
impl ByName for Sts {
    fn signing_name(&self) -> &'static str {
        "sts"
    }

    /// GetCallerIdentity needs no permission. AssumeRole is decided by the role's trust policy, which the operation
    /// looks at itself.
    fn requirements(
        &self,
        _cloud: &Platform,
        operation: &str,
        _input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        match operation {
            "GetCallerIdentity" | "AssumeRole" => Ok(Vec::new()),
            _ => Err(ServiceError::not_in_local_run("sts", operation)),
        }
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "GetCallerIdentity" => Ok(identity(platform, caller)),
            "AssumeRole" => assume_role(platform, caller, &input),
            _ => Err(ServiceError::not_in_local_run("sts", operation)),
        }
    }
}

fn identity(platform: &Platform, caller: &Principal) -> Value {
    let user_id = match caller {
        Principal::RoleSession { role, session, .. } => {
            let id = platform.iam.role(role).map(|role| role.id).unwrap_or_default();
            format!("{id}:{session}")
        }
        Principal::Administrator | Principal::Service { .. } => "AIDALOCALADMINISTRATO".to_owned(),
    };
    json!({"UserId": user_id, "Account": platform.account.id, "Arn": caller.arn(&platform.account)})
}

fn assume_role(platform: &Platform, caller: &Principal, input: &Value) -> Result<Value, ServiceError> {
    const FIELDS: &[&str] = &["DurationSeconds", "Policy", "RoleArn", "RoleSessionName"];
    if let Some(field) = input
        .as_object()
        .and_then(|fields| fields.keys().find(|field| !FIELDS.contains(&field.as_str())))
    {
        return Err(ServiceError::new(
            "NotInLocalRun",
            format_args!("the local run's `sts:AssumeRole` does not have `{field}`"),
        )
        .with_status(501));
    }
    let (arn, session) = (required(input, "RoleArn")?, required(input, "RoleSessionName")?);
    let named = |character: char| character.is_ascii_alphanumeric() || "_=,.@-".contains(character);
    if !(2..=64).contains(&session.len()) || !session.chars().all(named) {
        return Err(ServiceError::validation(
            "`RoleSessionName` must have 2 to 64 characters of A-Z, a-z, 0-9 and _=,.@-",
        ));
    }
    let seconds = match input.get("DurationSeconds") {
        None => 3600,
        // A number in JSON, text in the query protocol.
        Some(seconds) => seconds
            .as_i64()
            .or_else(|| seconds.as_str()?.parse().ok())
            .filter(|seconds| (900..=43_200).contains(seconds))
            .ok_or_else(|| ServiceError::validation("`DurationSeconds` must be between 900 and 43200"))?,
    };
    let denied = || {
        ServiceError::new(
            "AccessDenied",
            format_args!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                caller.arn(&platform.account)
            ),
        )
        .with_status(403)
    };
    // Whether a role exists is not told to those whom it does not trust.
    if !platform
        .iam
        .may_assume(&platform.account, arn, caller)
        .map_err(|_| denied())?
    {
        return Err(denied());
    }
    let policies = input.get("Policy").and_then(Value::as_str).map(str::to_owned);
    let expiration = Timestamp::now() + SignedDuration::from_secs(seconds);
    let credentials = platform
        .iam
        .assume_role_until(arn, session, policies.into_iter().collect(), expiration)?;
    let role = platform.iam.role(arn)?;
    let session_arn = Principal::role_session(&role.name, session).arn(&platform.account);
    Ok(json!({
        "Credentials": shown(&credentials),
        "AssumedRoleUser": {"AssumedRoleId": format!("{}:{session}", role.id), "Arn": session_arn},
    }))
}

fn shown(credentials: &Credentials) -> Value {
    json!({
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}
